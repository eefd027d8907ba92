"""DICOM files that must be refused: bombs, lies, traversal, wrong kinds; each with the code of its refusal."""

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from tests.pictures.dicoms import dicom_bytes
from tests.pictures.rasters import phantom, photograph, zip_bytes

Case = tuple[str, bytes, str]
_PIXELS_AT = b"\xe0\x7f\x10\x00"


def deflate_bomb(size: int = 1024**3) -> bytes:
    """About a megabyte that inflates to `size` bytes of pixels: one flushed block of zeros, repeated."""
    start = dicom_bytes(transfer_syntax=DeflatedExplicitVRLittleEndian, PixelData=None)
    meta_end = start.index(b"1.2.840.10008.1.2.1.99") + 22
    block_size = 16 * 1024**2
    head = zlib.compressobj(9, zlib.DEFLATED, -15)
    pixels = _PIXELS_AT + b"OW\0\0" + struct.pack("<I", size)
    stream = head.compress(pixels) + head.flush(zlib.Z_FULL_FLUSH)
    zeros = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = zeros.compress(bytes(block_size)) + zeros.flush(zlib.Z_FULL_FLUSH)
    return start[:meta_end] + stream + block * (size // block_size) + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def nested_dicom(depth: int, *, defined_length: bool = False) -> bytes:
    """A film with sequences inside sequences, `depth` of them, before its pixels."""
    inner = b""
    header = struct.pack("<HH2sH", 0x0040, 0x0275, b"SQ", 0)
    if defined_length:
        for _ in range(depth):
            item = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
            inner = header + struct.pack("<I", len(item)) + item
    else:
        opening = header + b"\xff\xff\xff\xff" + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
        closing = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
        inner = opening * depth + closing * depth
    return _before_pixels(dicom_bytes(), inner)


def _before_pixels(data: bytes, extra: bytes) -> bytes:
    at = data.rindex(_PIXELS_AT + b"O")
    return data[:at] + extra + data[at:]


def bad_dicoms() -> Iterator[Case]:
    """(name, bytes, code) of each bad DICOM file: what `inspect_file` must answer."""
    yield from _dicom_of_the_wrong_kind()
    yield from _dicom_that_lies()
    yield from _dicom_encapsulated()
    yield from _dicom_structure()
    yield from _dicom_text()


def _dicom_of_the_wrong_kind() -> Iterator[Case]:
    yield "ct.dcm", dicom_bytes(SOPClassUID=CTImageStorage, Modality="CT"), "wrong_sop_class"
    mammogram = DigitalMammographyXRayImageStorageForPresentation
    yield "breast.dcm", dicom_bytes(SOPClassUID=mammogram, Modality="MG"), "wrong_sop_class"
    yield "raw.dcm", dicom_bytes(SOPClassUID=DigitalXRayImageStorageForProcessing), "wrong_sop_class"
    yield "for_processing.dcm", dicom_bytes(PresentationIntentType="FOR PROCESSING"), "wrong_sop_class"
    yield (
        "hidden_ct.dcm",
        dicom_bytes(SOPClassUID=CTImageStorage, meta={"MediaStorageSOPClassUID": ""}),
        "wrong_sop_class",
    )
    yield "says_ct.dcm", dicom_bytes(Modality="CT"), "wrong_modality"
    for part in ("HIP", "EXTREMITY", "BREAST", "RIBCAGE", "CHESTABDOMEN", "_"):
        yield f"{part.lower()}.dcm", dicom_bytes(BodyPartExamined=part), "not_chest"
    yield "two_frames.dcm", dicom_bytes(NumberOfFrames=2), "multi_frame"
    yield "frames2e31.dcm", dicom_bytes(NumberOfFrames="2147483648"), "multi_frame"
    yield "rgb_dx.dcm", dicom_bytes(photograph()), "colour"
    yield "palette.dcm", dicom_bytes(PhotometricInterpretation="PALETTE COLOR"), "colour"
    yield "deflate_bomb_1GiB.dcm", deflate_bomb(), "deflated"
    yield "unknown_syntax.dcm", _with_syntax("1.2.840.10008.1.2.4.201"), "unsupported_transfer_syntax"
    yield "no_syntax.dcm", dicom_bytes(meta={"TransferSyntaxUID": ""}), "unsupported_transfer_syntax"


def _with_syntax(uid: str) -> bytes:
    """A film relabelled after writing: pydicom itself refuses to write what it cannot compress."""
    return _relabelled(dicom_bytes(), uid)


def _dicom_that_lies() -> Iterator[Case]:
    film = phantom(top=4095)
    yield "rows65535.dcm", dicom_bytes(Rows=65535, Columns=65535), "too_many_pixels"
    yield "rows_lie.dcm", dicom_bytes(Rows=film.shape[0] * 2), "pixel_length"
    yield "pixels_short.dcm", dicom_bytes(PixelData=film.tobytes()[:-2]), "pixel_length"
    yield "pixels_long.dcm", dicom_bytes(PixelData=film.tobytes() + bytes(2)), "pixel_length"
    yield "pixels_none.dcm", dicom_bytes(PixelData=b""), "pixel_length"
    yield "header_only.dcm", dicom_bytes(PixelData=None), "no_pixel_data"
    yield "small.dcm", dicom_bytes(phantom(3, 3)), "too_small"
    yield "bits.dcm", dicom_bytes(BitsStored=99), "unsupported_depth"
    yield "bits32.dcm", dicom_bytes(BitsAllocated=32), "unsupported_depth"
    yield "one_bit.dcm", dicom_bytes(BitsAllocated=1, BitsStored=1, HighBit=0), "unsupported_depth"
    yield "high_bit.dcm", dicom_bytes(HighBit=15), "unsupported_depth"
    yield "no_rows.dcm", dicom_bytes(Rows=None), "bad_header"
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        yield f"traversal_{keyword}.dcm", dicom_bytes(**{keyword: "../../../../pwn"}), "bad_identifier"
        yield f"long_{keyword}.dcm", dicom_bytes(**{keyword: "1." * 40 + "1"}), "bad_identifier"
        yield f"no_{keyword}.dcm", dicom_bytes(**{keyword: None}), "bad_identifier"
    yield "dots.dcm", dicom_bytes(StudyInstanceUID=".."), "bad_identifier"
    yield "two_instances.dcm", dicom_bytes(meta={"MediaStorageSOPInstanceUID": "1.2.3"}), "bad_header"


def _dicom_encapsulated() -> Iterator[Case]:
    jpeg = dicom_bytes(phantom(), transfer_syntax=JPEGBaseline8Bit)
    wavelet = dicom_bytes(transfer_syntax=JPEG2000Lossless)
    size_at = jpeg.index(b"\xff\xc0") + 5
    grid_at = wavelet.index(b"\xff\x4f\xff\x51") + 8
    yield "jpeg_size.dcm", jpeg[:size_at] + b"\xff\xff\xff\xff" + jpeg[size_at + 4 :], "dimensions_differ"
    yield "j2k_size.dcm", wavelet[:grid_at] + b"\0\1\0\0\0\1\0\0" + wavelet[grid_at + 8 :], "dimensions_differ"
    yield "half_jpeg.dcm", jpeg[: len(jpeg) // 2], "truncated"
    yield "no_delimiter.dcm", jpeg[:-8], "truncated"
    yield "jpeg_end_cut.dcm", _cut_codestream_end(jpeg), "truncated"
    yield "jpeg_trailing.dcm", jpeg + zip_bytes(), "trailing_data"
    yield "no_codestream.dcm", jpeg.replace(b"\xff\xd8\xff", b"\0\0\0", 1), "bad_header"
    rle = dicom_bytes(transfer_syntax=RLELossless)
    segments_at = rle.index(struct.pack("<II", 2, 64))
    yield "rle_segments.dcm", rle[:segments_at] + b"\x0f" + rle[segments_at + 1 :], "dimensions_differ"
    yield "native_in_jpeg.dcm", _relabelled(dicom_bytes(phantom()), JPEGBaseline8Bit), "pixel_length"


def _cut_codestream_end(data: bytes) -> bytes:
    """The end marker overwritten, lengths kept: only the codestream itself is cut."""
    at = data.rindex(b"\xff\xd9")
    return data[:at] + b"\0\0" + data[at + 2 :]


def _relabelled(data: bytes, syntax: str) -> bytes:
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    return data.replace(b"UI\x14\x001.2.840.10008.1.2.1\0", struct.pack("<2sH", b"UI", len(value)) + value, 1)


def _dicom_structure() -> Iterator[Case]:
    good = dicom_bytes()
    yield "nest20000.dcm", nested_dicom(20_000), "nested_too_deep"
    yield "nest20000_stated.dcm", nested_dicom(2000, defined_length=True), "nested_too_deep"
    yield "truncated.dcm", good[: len(good) // 2], "truncated"
    yield "prefix_only.dcm", good[:132], "unsupported_transfer_syntax"
    yield "noise.dcm", good[:132] + np.random.default_rng(2).bytes(5000), "unsupported_transfer_syntax"
    meta_end = good.index(b"\x08\x00\x05\x00CS")
    yield "noise_behind_meta.dcm", good[:meta_end] + b"\x08\x00\x05\x00??" + bytes(500), "bad_header"
    yield "no_meta.dcm", good[meta_end:], "no_file_meta"
    long_name = struct.pack("<HH2sH", 0x0010, 0x0010, b"PN", 0xFFF0)
    name_at = good.index(b"\x10\x00\x10\x00PN")
    yield "vl_overflow.dcm", good[:name_at] + long_name + good[name_at + 8 :], "truncated"
    yield "trailing_zip.dcm", good + zip_bytes(), "trailing_data"
    yield "trailing_second.dcm", good + good, "trailing_data"
    twice = good[good.index(b"\x10\x00\x20\x00LO") :][:12]
    yield "twice.dcm", good.replace(twice, twice * 2, 1), "bad_header"
    yield "elements.dcm", _before_pixels(good, _many_items(60_000)), "bad_header"


def _many_items(count: int) -> bytes:
    header = struct.pack("<HH2sHI", 0x0040, 0x0275, b"SQ", 0, 8 * count)
    return header + struct.pack("<HHI", 0xFFFE, 0xE000, 0) * count


def _dicom_text() -> Iterator[Case]:
    yield "bell.dcm", dicom_bytes(PatientName="Bell\x07^Ring"), "bad_text"
    yield "newline.dcm", dicom_bytes(PatientID="A\nB"), "bad_text"
    yield "no_charset.dcm", dicom_bytes(SpecificCharacterSet="ISO_IR 999"), "bad_text"
    latin = dicom_bytes(PatientName="Muller^A").replace(b"Muller^A", "Müller^".encode("latin-1") + b"A")
    yield "latin_as_utf8.dcm", latin, "bad_text"
    yield "birthday.dcm", dicom_bytes(PatientBirthDate="19701399"), "bad_text"
    yield "frames_text.dcm", _odd_frames(), "bad_header"


def _odd_frames() -> bytes:
    return dicom_bytes(NumberOfFrames="1234").replace(b"IS\x04\x001234", b"IS\x04\x00-1e9", 1)
