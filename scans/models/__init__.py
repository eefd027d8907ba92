"""The clinical record: Patient, Scan and Image, Diagnosis, Replay, Review, Report. A later one points at an earlier."""

from scans.models.diagnosis import Diagnosis, Outcome
from scans.models.patient import Patient, Sex
from scans.models.replay import Replay, ReplayVerdict
from scans.models.report import Report, ReportStatus
from scans.models.review import Review, Verdict
from scans.models.scan import Image, Priority, Scan, ScanStatus
from scans.models.submission import IdempotencyKey

__all__ = [
    "Diagnosis",
    "IdempotencyKey",
    "Image",
    "Outcome",
    "Patient",
    "Priority",
    "Replay",
    "ReplayVerdict",
    "Report",
    "ReportStatus",
    "Review",
    "Scan",
    "ScanStatus",
    "Sex",
    "Verdict",
]
