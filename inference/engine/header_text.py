"""DICOM text values: decoded by the file's character sets, refused rather than guessed."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date

from pydicom.charset import CODES_TO_ENCODINGS, STAND_ALONE_ENCODINGS, python_encoding

from .errors import UnreadableImage

_ESCAPE = b"\x1b"
_FRAGMENT = re.compile(rb"\x1b[^\x1b]*|[^\x1b]+")
# Python's own codecs for these read the escape sequence themselves.
_READS_ESCAPES = frozenset({"iso2022_jp", "iso2022_jp_2", "iso_ir_58"})
_DELIMITER = re.compile(rb"[\^=\\]")
_ASCII = frozenset({"", "ISO_IR 6", "ISO 2022 IR 6"})
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")  # with dots: ACR-NEMA, still to be read (PS3.5 table 6.2-1)
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")


def encodings(value: bytes) -> tuple[str, ...]:
    """Python codec names for Specific Character Set (0008,0005); use it before `text`.

    Returns at least one name. Raises UnreadableImage (bad_text) for a set nobody defined.
    Source: PS3.3 section C.12.1.1.2.
    """
    terms = [term.strip() for term in value.decode("latin-1").strip(" \0").split("\\")]
    if any(term not in python_encoding for term in terms):
        raise _bad_text("a character set that DICOM defines", ascii(terms))
    if len(terms) > 1 and any(term in STAND_ALONE_ENCODINGS for term in terms):
        raise _bad_text("UTF-8, GBK or GB18030 alone", ascii(terms))
    return tuple("ascii" if term in _ASCII else python_encoding[term] for term in terms)


def text(value: bytes, codecs: Sequence[str], name: str, *, longest: int = 64) -> str:
    """Decode one text value literally; use it for names and identifiers of a patient.

    value: the element's bytes. codecs: from `encodings`. name: the element in words, for the message.
    longest: in characters; 64 is the standard's for LO, and more than it allows for SH and CS.
    Returns the text without padding at its ends; `^` and `=` of a person's name stay.
    Raises UnreadableImage (bad_text): bytes outside the character set, control characters, too long a value.
    Source: PS3.5 sections 6.1.2 and 6.2.
    """
    try:
        decoded = "".join(_decode(fragment, codecs) for fragment in _FRAGMENT.findall(value)).strip(" \0")
    except UnicodeError:
        raise _bad_text(f"{name} in the character set {'/'.join(codecs)}", ascii(value[:64])) from None
    # A stripped control character would be a changed name; a kept one breaks logs, HL7 and CSV downstream.
    if any(unicodedata.category(character) == "Cc" for character in decoded):
        raise _bad_text(f"{name} without control characters", ascii(decoded[:64]))
    if len(decoded) > longest:
        raise _bad_text(f"{name} of at most {longest} characters", f"{len(decoded)}")
    return decoded


def iso_date(value: bytes, name: str) -> str | None:
    """A DICOM date as ISO 8601, None when empty; use it for dates that fill a form.

    Raises UnreadableImage (bad_text) when it is no date: an unknown one is to be left empty, not invented.
    """
    stated = text(value, ("ascii",), name)
    if not stated:
        return None
    match = _DATE.fullmatch(stated)
    try:
        if match:
            return date(*map(int, match.groups())).isoformat()
    except ValueError:
        pass  # a month 13 is the same refusal as letters
    raise _bad_text(f"{name} as YYYYMMDD, or empty", ascii(stated[:64]))


def identifier(value: bytes, name: str) -> str:
    """A UID that is digits and dots and nothing else; use it for every UID that a record is known by.

    Raises UnreadableImage (bad_identifier): missing, longer than 64, or with parts of a path.
    Source: PS3.5 section 9.1 (leading zeros are let through: old modalities write them).
    """
    stated = value.decode("latin-1").rstrip(" \0")
    if len(stated) > 64 or not _UID.fullmatch(stated):
        raise UnreadableImage(
            code="bad_identifier",
            expected=f"{name}: digits and dots, at most 64 characters",
            received=ascii(stated[:80]) if stated else "none",
            remedy="Send the film from a system that gives it a valid identifier",
        )
    return stated


def _decode(fragment: bytes, codecs: Sequence[str]) -> str:
    if not fragment.startswith(_ESCAPE):
        return fragment.decode(codecs[0])
    length = 4 if fragment.startswith((b"\x1b$(", b"\x1b$)")) else 3
    codec = CODES_TO_ENCODINGS.get(fragment[:length])
    if codec is None:
        raise UnicodeError("unknown escape sequence")
    if codec in _READS_ESCAPES:
        return fragment.decode(codec)
    body = fragment[length:]
    # A delimiter takes the text back to the first character set (PS3.5 section 6.1.2.5.3).
    reset = _DELIMITER.search(body)
    end = reset.start() if reset else len(body)
    return body[:end].decode(codec) + body[end:].decode(codecs[0])


def _bad_text(expected: str, received: str) -> UnreadableImage:
    return UnreadableImage(
        code="bad_text",
        expected=expected,
        received=received,
        remedy="Correct it in the system that sends the film and send it again",
    )
