"""What a stage refuses."""

from accounts.errors import NotAllowed


class RecordError(NotAllowed):
    """A request that the record does not allow."""


class PatientMismatch(RecordError):
    """The file and the form, or the record, speak of different people."""

    code = "patient_mismatch"


class InstanceConflict(RecordError):
    """The DICOM instance is known with other bytes."""

    code = "instance_conflict"


class ReportAlreadySigned(RecordError):
    """Somebody signed first; the caller's text is kept as their draft."""

    code = "report_already_signed"


class StorageFull(RecordError):
    """The disk took nothing more; the sender keeps the file and tries again."""

    code = "storage_full"


class MayNotReview(RecordError):
    """The person may not judge findings at this hospital."""

    code = "may_not_review"


class BadVerdict(RecordError):
    """The verdict does not fit what there is to judge."""

    code = "bad_verdict"


class MissingVerdict(RecordError):
    """There is a finding and no answer to it."""

    code = "missing_verdict"


class UnseenImage(RecordError):
    """The scan has an image that the signer was not shown."""

    code = "unseen_image"


class EmptyReport(RecordError):
    """There is nothing to sign."""

    code = "empty_report"


class MayNotSign(RecordError):
    """The person may not sign at this hospital."""

    code = "may_not_sign"
