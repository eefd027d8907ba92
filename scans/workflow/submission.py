"""What doors and intake hand each other: the submission, a stored file, a refusal, the receipt."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from django.http import HttpRequest

from accounts.models import Hospital, User
from inference.engine.errors import UnreadableImage
from inference.engine.header import FileFacts
from scans.models import Image, Priority, Scan
from scans.workflow.errors import RecordError


class Upload(Protocol):
    """What a door hands over: Django's UploadedFile, or a DICOM file on its way in."""

    name: str | None

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in order."""


@dataclass(frozen=True)
class Submission:
    """What the sender states about the files; DICOM headers fill what is left empty."""

    hospital: Hospital
    submitted_by: User
    door: str
    patient_mrn: str = ""
    patient_name: str = ""
    patient_birth_date: datetime.date | None = None
    patient_sex: str = ""
    view: str = ""
    priority: int = Priority.ROUTINE
    indication: str = ""
    accession_number: str = ""
    study_instance_uid: str = ""
    is_synthetic: bool = False
    request: HttpRequest | None = None


@dataclass(frozen=True)
class StoredFile:
    """A file that is safe on the disk and whose header is in order."""

    name: str
    sha256: str
    received_sha256: str
    byte_size: int
    facts: FileFacts


@dataclass(frozen=True)
class Refusal:
    """Why one file was not taken: expected, received, remedy."""

    name: str
    code: str
    expected: str
    received: str
    remedy: str

    @classmethod
    def of(cls, name: str, error: UnreadableImage | RecordError) -> "Refusal":
        """Return the refusal that says at file `name` what `error` says."""
        return cls(name, error.code, error.expected, error.received, error.remedy)

    @property
    def detail(self) -> str:
        """The refusal in sentences."""
        return f"Expected {self.expected}; received {self.received}. {self.remedy.rstrip('.')}."

    def as_json(self) -> dict[str, str]:
        """Return the refusal as the API and the upload page show it."""
        return {
            "name": self.name,
            "code": self.code,
            "detail": self.detail,
            "expected": self.expected,
            "received": self.received,
            "remedy": self.remedy,
        }


@dataclass
class Receipt:
    """What became of a submission; without a scan nothing was stored."""

    scan: Scan | None = None
    images: list[Image] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    is_repeat: bool = False
    changed: bool = False
