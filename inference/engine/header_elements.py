"""The element walk of a DICOM data set: bounded in depth, parts and memory, values only where asked for."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydicom.datadict import dictionary_VR

from .errors import UnreadableImage
from .header_facts import SEND_AGAIN, HeaderStream, Limits, damaged, trailing_data

PIXEL_DATA = 0x7FE00010
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
# PS3.5 section 7.1.2: these have two reserved bytes and a length of 32 bits.
_LONG = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"])
_SHORT = frozenset(
    [
        "AE",
        "AS",
        "AT",
        "CS",
        "DA",
        "DS",
        "DT",
        "FD",
        "FL",
        "IS",
        "LO",
        "LT",
        "PN",
        "SH",
        "SL",
        "SS",
        "ST",
        "TM",
        "UI",
        "UL",
        "US",
    ]
)
# No value that we read comes near: the longest is a person's name in three scripts.
_MAX_VALUE = 64 * 1024


@dataclass(frozen=True)
class Encoding:
    """How elements are written: with or without a value representation, low byte first or last."""

    implicit: bool
    little: bool


META = Encoding(implicit=False, little=True)


@dataclass(frozen=True)
class Element:
    """One element's header; `length` is None where a delimiter ends it; the value starts at `offset`."""

    tag: int
    representation: str
    length: int | None
    offset: int


@dataclass
class DataSet:
    """The wanted top-level values as bytes, and where the pixels lie."""

    values: dict[int, bytes] = field(default_factory=dict)
    pixels: Element | None = None
    # (offset, length) of each fragment of encapsulated pixels, the offset table (the first item) included.
    fragments: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class _Level:
    """A sequence, an item or a run of fragments that is being walked; `end` is None up to a delimiter."""

    kind: str
    end: int | None
    encoding: Encoding


def read_meta(stream: HeaderStream, wanted: frozenset[int], limits: Limits) -> Mapping[int, bytes]:
    """Read the file meta group (always explicit, low byte first); use it before anything else of the file.

    stream: behind the prefix "DICM"; left at the data set. Source: PS3.10 section 7.1.
    Raises UnreadableImage (bad_header, truncated).
    """
    values: dict[int, bytes] = {}
    for _ in range(limits.max_parts):
        start = stream.position
        if stream.remaining < 2:
            break
        group = stream.read(2)
        stream.seek(start)
        if group != b"\x02\x00":
            break
        element = _read_header(stream, META)
        if element.length is None:
            raise damaged("file meta elements of a stated length", f"{_name(element.tag)} without one")
        _keep_or_skip(stream, element, values, wanted)
    return values


def read_data_set(stream: HeaderStream, encoding: Encoding, wanted: frozenset[int], limits: Limits) -> DataSet:
    """Walk the whole data set to the end of the file; use it after `read_meta`.

    wanted: top-level tags whose bytes are kept (each at most 64 KiB). Sequences are walked, not kept.
    Raises UnreadableImage (nested_too_deep, trailing_data, truncated, bad_header). Source: PS3.5 section 7.
    """
    result = DataSet()
    budget = _parts(limits)
    previous = 0
    while stream.remaining:
        element = _next_top_level(stream, encoding, previous)
        next(budget)
        previous = element.tag
        if element.tag == PIXEL_DATA:
            result.pixels = element
        if element.length is None or element.representation == "SQ":
            _walk_nested(stream, element, encoding, (limits, budget, result))
        else:
            _keep_or_skip(stream, element, result.values, wanted)
    return result


def _parts(limits: Limits) -> Iterator[int]:
    yield from range(limits.max_parts)
    raise damaged(f"at most {limits.max_parts} DICOM elements", "more")


def _next_top_level(stream: HeaderStream, encoding: Encoding, previous: int) -> Element:
    """Tags must rise (PS3.5 7.1): a repeated tag would let two readers see two different values."""
    start = stream.position
    if previous < PIXEL_DATA:
        element = _read_header(stream, encoding)
    else:
        try:
            element = _read_header(stream, encoding)
        except UnreadableImage:
            raise trailing_data(stream.size - start, "the DICOM data set") from None
        if element.tag <= previous or (element.length or 0) > stream.remaining:
            raise trailing_data(stream.size - start, "the DICOM data set")
    if element.tag <= previous:
        raise damaged("DICOM tags in rising order", f"{_name(element.tag)} behind {_name(previous)}")
    return element


def _read_header(stream: HeaderStream, encoding: Encoding) -> Element:
    order = "<" if encoding.little else ">"
    group, number = struct.unpack(order + "HH", stream.read(4))
    tag = group << 16 | number
    if encoding.implicit or group == 0xFFFE:
        representation = _dictionary_representation(tag)
        (length,) = struct.unpack(order + "I", stream.read(4))
    else:
        representation = stream.read(2).decode("latin-1")
        if representation in _LONG:
            (length,) = struct.unpack(order + "2xI", stream.read(6))
        elif representation in _SHORT:
            (length,) = struct.unpack(order + "H", stream.read(2))
        else:
            raise damaged(f"a value representation for {_name(tag)}", ascii(representation))
    return Element(tag, representation, None if length == _UNDEFINED else length, stream.position)


def _dictionary_representation(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:  # private or retired: opaque when its length is stated, a sequence when not
        return "UN"


def _keep_or_skip(stream: HeaderStream, element: Element, values: dict[int, bytes], wanted: frozenset[int]) -> None:
    length = element.length or 0
    if element.tag not in wanted:
        stream.skip(length)
        return
    if length > _MAX_VALUE:
        raise damaged(f"at most {_MAX_VALUE} bytes in {_name(element.tag)}", f"{length}")
    values[element.tag] = stream.read(length)


def _walk_nested(
    stream: HeaderStream, element: Element, encoding: Encoding, state: tuple[Limits, Iterator[int], DataSet]
) -> None:
    """Walk a sequence or encapsulated pixels with a list instead of recursion: 20 000 levels must not be a crash."""
    limits, budget, result = state
    levels = [_open(element, encoding)]
    while levels:
        next(budget)
        level = levels[-1]
        if level.end is not None and stream.position >= level.end:
            if stream.position > level.end:
                raise damaged("nested elements inside their sequence", f"one that ends at byte {stream.position}")
            levels.pop()
        elif level.kind == "item":
            _step_into_item(stream, levels, limits)
        else:
            _step_to_item(stream, levels, result if element.tag == PIXEL_DATA else None)


def _open(element: Element, encoding: Encoding) -> _Level:
    end = None if element.length is None else element.offset + element.length
    if element.representation in ("OB", "OW"):
        return _Level("fragments", end, encoding)
    if element.representation == "UN":  # of undefined length: implicit inside (PS3.5 section 6.2.2 note 4)
        return _Level("sequence", end, Encoding(implicit=True, little=True))
    if element.representation != "SQ":
        raise damaged(f"a stated length for {_name(element.tag)}", "none")
    return _Level("sequence", end, encoding)


def _step_to_item(stream: HeaderStream, levels: list[_Level], pixels: DataSet | None) -> None:
    level = levels[-1]
    element = _read_header(stream, level.encoding)
    if element.tag == _SEQUENCE_END and level.end is None and element.length == 0:
        levels.pop()
    elif element.tag != _ITEM:
        raise damaged("a DICOM item or a delimiter", f"{_name(element.tag)} at byte {element.offset - 8}")
    elif level.kind == "sequence":
        end = None if element.length is None else element.offset + element.length
        levels.append(_Level("item", end, level.encoding))
    elif element.length is None:
        raise damaged("fragments of a stated length", "one without")
    else:
        if pixels is not None:
            pixels.fragments.append((element.offset, element.length))
        stream.skip(element.length)


def _step_into_item(stream: HeaderStream, levels: list[_Level], limits: Limits) -> None:
    level = levels[-1]
    element = _read_header(stream, level.encoding)
    if element.tag == _ITEM_END and level.end is None and element.length == 0:
        levels.pop()
    elif element.length is not None and element.representation != "SQ":
        stream.skip(element.length)
    elif len(levels) // 2 >= limits.max_depth:
        raise UnreadableImage(
            code="nested_too_deep",
            expected=f"DICOM sequences nested at most {limits.max_depth} deep",
            received="deeper ones",
            remedy=SEND_AGAIN,
        )
    else:
        levels.append(_open(element, level.encoding))


def _name(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
