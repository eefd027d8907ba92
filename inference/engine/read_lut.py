"""DICOM look-up tables, modality and VOI alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from .read_window import Values


@dataclass(frozen=True)
class LookUpTable:
    """Entries as whole numbers, the value that the first one is for, and the depth of an entry in bits."""

    entries: NDArray[np.uint16]
    first: int
    bits: int

    def apply(self, values: Values) -> NDArray[np.uint16]:
        """Look every value up; those outside take the nearest end (PS3.3 C.11.2.1.1).

        pydicom's own function keeps the index in the depth of an entry, so that a table of 4096 entries of 8 bits
        comes out as black (version 3.0).
        values: (H, W) numbers. Returns (H, W) uint16.
        """
        index = np.rint(values).astype(np.int32) - self.first
        return self.entries[np.clip(index, 0, len(self.entries) - 1)]


def read_table(item: Dataset, *, little: bool) -> LookUpTable:
    """Read one item of a modality or VOI look-up table sequence; use it where `dataset` holds one.

    item: the sequence's item. little: whether the file's low byte comes first.
    Raises AttributeError, TypeError or ValueError when the item holds no table. Source: PS3.3 sections C.11.1, C.11.2.
    """
    count, first, bits = (int(value) for value in item.LUTDescriptor)
    count = count or 65536  # it does not fit the 16 bits that it is written in
    data = item.LUTData
    if isinstance(data, bytes):
        # Eight-bit entries come one to a byte or one to a word; the length tells.
        packed = len(data) in (count, count + 1) and bits <= 8
        entries = np.frombuffer(data, dtype=np.uint8 if packed else np.dtype("<u2" if little else ">u2"))
    else:
        entries = np.atleast_1d(np.asarray(data))
    if not 1 <= bits <= 16 or len(entries) < count:
        raise ValueError(f"Expected {count} entries of 1 to 16 bits; received {len(entries)} of {bits}.")
    return LookUpTable(entries[:count].astype(np.uint16), first, bits)
