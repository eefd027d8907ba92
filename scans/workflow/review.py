"""Stage 3, review: the radiologist's verdict on the model's finding."""

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.roles import Ability
from scans.models import Diagnosis, Review, Scan, Verdict
from scans.workflow.errors import BadVerdict, MayNotReview, ReportAlreadySigned


def record_verdict(
    scan: Scan,
    *,
    reader: User,
    verdict: str,
    diagnosis: Diagnosis | None,
    label: str = "",
    note: str = "",
    request: HttpRequest | None = None,
) -> Review:
    """Record what the reader says to the finding; a second call of the same reader replaces the first.

    Args:
        scan: unreported.
        reader: a radiologist of the scan's hospital.
        verdict: accept, reject, amend or cannot_tell.
        diagnosis: the finding judged; None when there is none to judge (then only cannot_tell or amend make sense).
        label: the reader's own label; needed for amend, refused otherwise.
        note: free text for the model's keepers.

    Raises:
        MayNotReview: the reader has no such ability at this hospital.
        BadVerdict: the verdict does not fit the finding.
        ReportAlreadySigned: the scan is reported.
    """
    _check_reader(scan, reader)
    _check(scan, verdict=verdict, diagnosis=diagnosis, label=label)
    with transaction.atomic():
        _check_open(Scan.objects.select_for_update().get(pk=scan.pk))
        review, _ = Review.objects.update_or_create(
            scan=scan,
            reader=reader,
            defaults={
                "verdict": verdict,
                "diagnosis": diagnosis,
                "label": label,
                "note": note,
                "recorded_at": timezone.now(),
            },
        )
        audit.record(
            "review.recorded",
            hospital=scan.hospital,
            actor=reader,
            subject=review,
            patient_id=scan.patient_id,
            detail={"verdict": verdict, "label": label, "diagnosis": str(diagnosis.pk) if diagnosis else None},
            request=request,
        )
    return review


def labels_for(diagnosis: Diagnosis) -> list[str]:
    """Return the labels a reader may amend a finding to: those of the model that made it."""
    return list(diagnosis.model_version.card.get("labels", []))


def _check_reader(scan: Scan, reader: User) -> None:
    if not reader.can(Ability.REVIEW_SCANS, scan.hospital):
        raise MayNotReview(
            expected="a radiologist of the scan's hospital",
            received="somebody without that role",
            remedy="Ask the hospital admin for the role.",
        )


def _check_open(scan: Scan) -> None:
    if not scan.is_awaiting_review:
        raise ReportAlreadySigned(
            expected="a scan that is not reported",
            received="one whose report is signed",
            remedy="A signed reading is not changed; open the report to see who signed.",
        )


def _check(scan: Scan, *, verdict: str, diagnosis: Diagnosis | None, label: str) -> None:
    if verdict not in Verdict.values:
        raise BadVerdict(
            expected=f"one of {', '.join(Verdict.values)}", received=f"“{verdict}”", remedy="Choose one of them."
        )
    if diagnosis is None and verdict != Verdict.CANNOT_TELL:
        raise BadVerdict(
            expected="a finding to judge",
            received="a verdict without one",
            remedy="Without a finding of the model only “cannot tell” can be recorded; the report says the rest.",
        )
    if diagnosis is not None and diagnosis.image.scan_id != scan.pk:
        raise BadVerdict(
            expected="a finding of this scan", received="one of another scan", remedy="Reload the page and judge again."
        )
    if verdict == Verdict.AMEND and (diagnosis is None or label not in labels_for(diagnosis)):
        allowed = ", ".join(labels_for(diagnosis)) if diagnosis else "the model's labels"
        raise BadVerdict(
            expected=f"your own label with “amend”, one of {allowed}",
            received=f"“{label}”" if label else "none",
            remedy="Choose the label you read.",
        )
    if verdict != Verdict.AMEND and label:
        raise BadVerdict(
            expected="a label only with “amend”",
            received=f"“{label}” with “{verdict}”",
            remedy="Choose amend to relabel.",
        )
