"""Which DICOM files are one chest film, and what they say of the patient and the study."""

import struct

from .errors import UnreadableImage
from .header_codestream import JPEG_2000_SYNTAXES, JPEG_SYNTAXES, RLE_SYNTAX, PixelShape, check_codestream
from .header_elements import DataSet, Element, Encoding, read_data_set, read_meta
from .header_facts import (
    SEND_AGAIN,
    DicomFacts,
    FileFacts,
    HeaderStream,
    Limits,
    check_size,
    damaged,
    several_pictures,
    unsupported_depth,
)
from .header_text import encodings, identifier, iso_date, text

_PREAMBLE, _PREFIX = 128, b"DICM"

_MEDIA_CLASS, _MEDIA_INSTANCE, _TRANSFER_SYNTAX = 0x00020002, 0x00020003, 0x00020010
_CHARACTER_SET, _SOP_CLASS, _SOP_INSTANCE = 0x00080005, 0x00080016, 0x00080018
_STUDY_DATE, _ACCESSION, _MODALITY, _INTENT, _DESCRIPTION = 0x00080020, 0x00080050, 0x00080060, 0x00080068, 0x00081030
_NAME, _PATIENT_ID, _BIRTH_DATE, _SEX = 0x00100010, 0x00100020, 0x00100030, 0x00100040
_BODY_PART, _VIEW, _STUDY, _SERIES = 0x00180015, 0x00185101, 0x0020000D, 0x0020000E
_SAMPLES, _PHOTOMETRIC, _FRAMES, _ROWS, _COLUMNS = 0x00280002, 0x00280004, 0x00280008, 0x00280010, 0x00280011
_ALLOCATED, _STORED, _HIGH_BIT, _LOSSY = 0x00280100, 0x00280101, 0x00280102, 0x00282110

_META_TAGS = frozenset({_MEDIA_CLASS, _MEDIA_INSTANCE, _TRANSFER_SYNTAX})
_TAGS = frozenset(
    {_CHARACTER_SET, _SOP_CLASS, _SOP_INSTANCE, _STUDY_DATE, _ACCESSION, _MODALITY, _INTENT, _DESCRIPTION, _NAME}
    | {_PATIENT_ID, _BIRTH_DATE, _SEX, _BODY_PART, _VIEW, _STUDY, _SERIES, _SAMPLES, _PHOTOMETRIC, _FRAMES, _ROWS}
    | {_COLUMNS, _ALLOCATED, _STORED, _HIGH_BIT, _LOSSY}
)

_DEFLATED = "1.2.840.10008.1.2.1.99"
# Big endian is retired (PS3.5 2016b) but sits in archives; every part of the reader knows the byte order anyway.
_NATIVE = {
    "1.2.840.10008.1.2": Encoding(implicit=True, little=True),
    "1.2.840.10008.1.2.1": Encoding(implicit=False, little=True),
    "1.2.840.10008.1.2.2": Encoding(implicit=False, little=False),
}
_ENCAPSULATED = JPEG_SYNTAXES | JPEG_2000_SYNTAXES | {RLE_SYNTAX}
_LOSSY_SYNTAXES = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 81, 91))

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_DX_PROCESSING = _STORAGE + "1.1.1"
# Class to the modalities it may carry; an empty modality is let through, the class says enough.
# Secondary capture also carries digitised film (RG, OT) and, in public collections, re-wrapped CR and DX.
_CAPTURE_MODALITIES = frozenset({"CR", "DX", "RG", "OT"})
_CLASSES = {
    _STORAGE + "1": frozenset({"CR"}),
    _STORAGE + "1.1": frozenset({"DX"}),
    _STORAGE + "7": _CAPTURE_MODALITIES,
    _STORAGE + "7.2": _CAPTURE_MODALITIES,  # multi-frame grey byte and word: accepted with one frame
    _STORAGE + "7.3": _CAPTURE_MODALITIES,
}
_CAPTURE_CLASSES = frozenset({_STORAGE + "7", _STORAGE + "7.2", _STORAGE + "7.3"})

# The first word decides ("CHEST PA" passes). RIB and RIBCAGE are refused although the lungs are in the field: a rib
# view is exposed for bone (lower kilovoltage, oblique), which the network has never seen. CHESTABDOMEN is a babygram.
_CHEST = frozenset({"CHEST", "THORAX", "TORAX", "LUNG", "LUNGS"})
_LONGEST_NAME = 3 * 64 + 2  # three scripts (PS3.5 table 6.2-1, PN)
_GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
_COLOUR = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"})


def is_dicom(head: bytes) -> bool:
    """Whether a file is DICOM by its prefix; use it before looking for any other signature, whatever the preamble says.

    head: at least the first 132 bytes. Source: PS3.10 section 7.1.
    """
    return head[_PREAMBLE : _PREAMBLE + 4] == _PREFIX


def sanitised_prefix(head: bytes) -> bytes:
    """Zero the 128-byte preamble of a DICOM file; use it on the first block of every upload before it is stored.

    The preamble means nothing to DICOM, and a Windows or Linux executable, a script or a web page fits in it
    (CVE-2019-11687), so the kept file must not hold it. Hash and store what this returns; `inspect_file` then reads
    the stored file. Every byte behind the preamble, and every file that is not DICOM, stays as received.

    head: the first block as received, at least 132 bytes unless the file is shorter.
    Returns a block of the same length. Source: PS3.10 section 7.1; NEMA, "The DICOM preamble" (2019).
    """
    return bytes(_PREAMBLE) + head[_PREAMBLE:] if is_dicom(head) else head


def inspect_dicom(stream: HeaderStream, limits: Limits) -> FileFacts:
    """Read a DICOM file's facts without its pixels; use it through `header.inspect_file`.

    Raises UnreadableImage with the first reason found, the most telling first.
    Source: PS3.10 section 7, PS3.3 sections A.2, A.8 and A.26.
    """
    stream.skip(_PREAMBLE + 4)
    meta = read_meta(stream, _META_TAGS, limits)
    syntax = _transfer_syntax(meta.get(_TRANSFER_SYNTAX, b""))
    if _MEDIA_CLASS in meta:  # before the data set: a CT series should hear "CT", not of its odd elements
        _check_class(_code(meta[_MEDIA_CLASS]))
    encoding = _NATIVE.get(syntax, Encoding(implicit=False, little=True))
    data = read_data_set(stream, encoding, _TAGS, limits)
    _check_kind(data)
    facts = _pixel_facts(data, encoding, limits)
    shape = PixelShape(facts.height, facts.width, facts.samples, _number(data, _ALLOCATED, encoding))
    _check_pixels(stream, data, shape, syntax=syntax, limits=limits)
    dicom = _dicom_facts(data, syntax)
    if _MEDIA_INSTANCE in meta and _code(meta[_MEDIA_INSTANCE]) != dicom.sop_instance_uid:
        raise damaged("one SOP instance UID", f"{_code(meta[_MEDIA_INSTANCE])!a} in the file meta")
    return FileFacts(**{**vars(facts), "dicom": dicom})


def _transfer_syntax(value: bytes) -> str:
    syntax = _code(value)
    if syntax == _DEFLATED:
        # One megabyte of it inflates to gigabytes before the first element can be read.
        raise UnreadableImage(
            code="deflated",
            expected="a DICOM file that is not deflated",
            received=f"transfer syntax {_DEFLATED}",
            remedy="Send it as Explicit VR Little Endian",
        )
    if syntax not in _NATIVE and syntax not in _ENCAPSULATED:
        raise UnreadableImage(
            code="unsupported_transfer_syntax",
            expected="an uncompressed, JPEG, JPEG-LS, JPEG 2000 or RLE transfer syntax",
            received=ascii(syntax) if syntax else "none",
            remedy="Send it as Explicit VR Little Endian",
        )
    return syntax


def _check_class(uid: str) -> None:
    if uid in _CLASSES:
        return
    raise UnreadableImage(
        code="wrong_sop_class",
        expected="a CR, DX (for presentation) or secondary capture image",
        received="a DX image for processing" if uid == _DX_PROCESSING else f"SOP class {uid!a}",
        remedy="Send the processed film that the radiographer saw"
        if uid == _DX_PROCESSING
        else "Send the chest radiograph itself",
    )


def _check_kind(data: DataSet) -> None:
    uid = _code(data.values.get(_SOP_CLASS, b""))
    _check_class(uid)
    modality = _code(data.values.get(_MODALITY, b""))
    if modality and modality not in _CLASSES[uid]:
        raise UnreadableImage(
            code="wrong_modality",
            expected=f"modality {' or '.join(sorted(_CLASSES[uid]))} in this SOP class",
            received=ascii(modality),
            remedy="Send a projection radiograph; if it is one, correct the modality where it was made",
        )
    if _code(data.values.get(_INTENT, b"")) == "FOR PROCESSING":
        _check_class(_DX_PROCESSING)
    body_part = _code(data.values.get(_BODY_PART, b"")).upper()
    if body_part and not _CHEST.intersection(body_part.replace("_", " ").split()[:1]):
        raise UnreadableImage(
            code="not_chest",
            expected="a chest radiograph (body part CHEST, or none stated)",
            received=f"body part {body_part!a}",
            remedy="Send chest films only; if it is one, correct the body part where it was made",
        )


def _pixel_facts(data: DataSet, encoding: Encoding, limits: Limits) -> FileFacts:
    _check_single_frame(data)
    samples = _number(data, _SAMPLES, encoding)
    photometric = _code(data.values.get(_PHOTOMETRIC, b""))
    grey = samples == 1 and photometric in _GREY
    captured_colour = samples == 3 and photometric in _COLOUR and _code(data.values[_SOP_CLASS]) in _CAPTURE_CLASSES
    if not grey and not captured_colour:
        raise UnreadableImage(
            code="colour",
            expected="a grey film (MONOCHROME1 or MONOCHROME2)",
            received=f"{photometric!a} with {samples} samples",
            remedy="Export the film in grey",
        )
    width, height = _number(data, _COLUMNS, encoding), _number(data, _ROWS, encoding)
    check_size(width, height, limits)
    bits = _check_bits(data, encoding)
    return FileFacts("dicom", "application/dicom", width, height, bits, samples)


def _check_single_frame(data: DataSet) -> None:
    frames = _code(data.values.get(_FRAMES, b"1")) or "1"
    if not frames.isascii() or not frames.isdigit() or len(frames) > 12:
        raise damaged("a number of frames", ascii(frames[:32]))
    if int(frames) != 1:
        raise several_pictures(f"{int(frames)} frames")


def _check_bits(data: DataSet, encoding: Encoding) -> int:
    allocated, stored, high = (_number(data, tag, encoding) for tag in (_ALLOCATED, _STORED, _HIGH_BIT))
    # PS3.5 section 8.1.1: the high bit is one less than the bits stored.
    if allocated not in (8, 16) or not 2 <= stored <= allocated or high != stored - 1:
        raise unsupported_depth(
            "8 or 16 bits allocated, the stored ones at the low end",
            f"{allocated} allocated, {stored} stored, high bit {high}",
        )
    return stored


def _check_pixels(stream: HeaderStream, data: DataSet, shape: PixelShape, *, syntax: str, limits: Limits) -> None:
    if data.pixels is None:
        raise UnreadableImage(
            code="no_pixel_data", expected="a DICOM file with pixels", received="a header only", remedy=SEND_AGAIN
        )
    if syntax in _ENCAPSULATED and data.pixels.length is None:
        check_codestream(stream, data.fragments, shape, syntax=syntax, limits=limits)
        return
    _check_native_length(data.pixels, shape, native=syntax in _NATIVE)


def _check_native_length(pixels: Element, shape: PixelShape, *, native: bool) -> None:
    needed = shape.rows * shape.columns * shape.samples * (shape.bits_allocated // 8)
    # Every value is padded to an even length (PS3.5 section 7.1.1).
    if not native or pixels.length != needed + needed % 2:
        raise UnreadableImage(
            code="pixel_length",
            expected=f"{needed} bytes of pixels for {shape.columns} x {shape.rows}" if native else "fragments",
            received=f"{pixels.length} bytes" if pixels.length is not None else "fragments",
            remedy=SEND_AGAIN,
        )


def _dicom_facts(data: DataSet, syntax: str) -> DicomFacts:
    values = data.values
    codecs = encodings(values.get(_CHARACTER_SET, b""))

    def words(tag: int, name: str) -> str:
        return text(values.get(tag, b""), codecs, name)

    sex = _code(values.get(_SEX, b"")).upper()
    return DicomFacts(
        sop_class_uid=identifier(values.get(_SOP_CLASS, b""), "SOP class UID"),
        sop_instance_uid=identifier(values.get(_SOP_INSTANCE, b""), "SOP instance UID"),
        study_instance_uid=identifier(values.get(_STUDY, b""), "study instance UID"),
        series_instance_uid=identifier(values.get(_SERIES, b""), "series instance UID"),
        transfer_syntax_uid=syntax,
        modality=_code(values.get(_MODALITY, b"")),
        body_part=_code(values.get(_BODY_PART, b"")).upper(),
        view=_code(values.get(_VIEW, b"")).upper(),
        photometric=_code(values.get(_PHOTOMETRIC, b"")),
        patient_id=words(_PATIENT_ID, "patient ID"),
        patient_name=text(values.get(_NAME, b""), codecs, "patient name", longest=_LONGEST_NAME).rstrip("^="),
        patient_birth_date=iso_date(values.get(_BIRTH_DATE, b""), "birth date"),
        # The enumerated values of PS3.3 C.7.1.1; "U" and the like say what an empty one says.
        patient_sex=sex if sex in ("M", "F", "O") else "",
        accession_number=words(_ACCESSION, "accession number"),
        study_date=iso_date(values.get(_STUDY_DATE, b""), "study date"),
        study_description=words(_DESCRIPTION, "study description"),
        lossy=syntax in _LOSSY_SYNTAXES or _code(values.get(_LOSSY, b"")) == "01",
    )


def _code(value: bytes) -> str:
    """A coded value (CS, UI, IS): ASCII without its padding."""
    return text(value, ("ascii",), "a coded value")


def _number(data: DataSet, tag: int, encoding: Encoding) -> int:
    value = data.values.get(tag, b"")
    if len(value) != 2:
        raise damaged(f"one 16-bit number in ({tag >> 16:04X},{tag & 0xFFFF:04X})", f"{len(value)} bytes")
    (number,) = struct.unpack("<H" if encoding.little else ">H", value)
    return int(number)
