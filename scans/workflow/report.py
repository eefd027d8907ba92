"""Stage 4, report: draft, preliminary, final. A final report is never edited, and a scan has at most one."""

import hashlib
import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.roles import Ability
from scans.models import Diagnosis, Outcome, Report, ReportStatus, Review, Scan, ScanStatus
from scans.workflow.errors import EmptyReport, MayNotSign, MissingVerdict, ReportAlreadySigned, UnseenImage


def save_draft(
    scan: Scan,
    *,
    author: User,
    findings: str,
    impression: str,
    preliminary: bool | None = None,
    request: HttpRequest | None = None,
) -> Report:
    """Keep the author's text; each author has a text of their own, so nobody overwrites a colleague.

    Args:
        scan: of a hospital where the author may write reports. A text may be kept after a colleague signed; it
            stays a draft.
        findings: what is seen.
        impression: what it means.
        preliminary: True shows it to colleagues, False takes it back; None leaves that as it is.

    Raises:
        MayNotSign: the author may not write reports at this hospital.
        ReportAlreadySigned: the author's own report is final.
    """
    _check_author(scan, author)
    with transaction.atomic():
        report, _ = Report.objects.select_for_update().get_or_create(scan=scan, author=author)
        stated = ReportStatus.PRELIMINARY if preliminary else ReportStatus.DRAFT
        status = report.status if preliminary is None else stated
        if not report.may_become(status):
            raise _already_signed(report)
        became_preliminary = status == ReportStatus.PRELIMINARY != report.status
        report.findings, report.impression = findings, impression
        report.status, report.saved_at = status, timezone.now()
        report.save()
        if became_preliminary:
            audit.record(
                "report.preliminary",
                hospital=scan.hospital,
                actor=author,
                subject=report,
                patient_id=scan.patient_id,
                request=request,
            )
    return report


def sign(
    scan: Scan,
    *,
    author: User,
    findings: str,
    impression: str,
    images_seen: Collection[UUID] | None = None,
    request: HttpRequest | None = None,
) -> Report:
    """Sign the author's report: the text becomes final and the scan leaves the worklist.

    Args:
        scan: unreported.
        author: who signs; their name is copied into the report as it is today.
        findings: what is seen; may be empty when the impression says it all.
        impression: what it means; needed.
        images_seen: the images the author was shown; None when the caller cannot tell.

    Returns:
        The final report, with the digest of what was signed.

    Raises:
        MayNotSign: the author may not sign at this hospital.
        EmptyReport: there is no impression.
        UnseenImage: an image arrived after the author's page was opened.
        MissingVerdict: the model has a finding and the author has not answered it.
        ReportAlreadySigned: a colleague was first; the author's text is kept as their draft.
    """
    draft = save_draft(scan, author=author, findings=findings, impression=impression, request=request)
    if not impression.strip():
        raise EmptyReport(
            expected="an impression to sign", received="an empty one", remedy="Write what the film means, then sign."
        )
    with transaction.atomic():
        # The scan's row is the lock: of two who sign at once, the second waits here and then finds the first's report.
        Scan.objects.select_for_update().get(pk=scan.pk)
        _check_unsigned(scan)
        if images_seen is not None:
            _check_seen(scan, images_seen)
        _finalise(scan, draft, author)
        audit.record(
            "report.signed",
            hospital=scan.hospital,
            actor=author,
            subject=draft,
            patient_id=scan.patient_id,
            detail={"digest": draft.digest},
            request=request,
        )
    return draft


def _check_unsigned(scan: Scan) -> None:
    signed = Report.objects.filter(scan=scan, status=ReportStatus.FINAL).first()
    if signed is not None:
        raise _already_signed(signed)


def _check_seen(scan: Scan, images_seen: Collection[UUID]) -> None:
    """Refuse a signature under a picture that came later: the scan would leave the worklist with it unread."""
    unseen = scan.images.exclude(pk__in=images_seen).order_by("number").values_list("number", flat=True)
    if unseen:
        raise UnseenImage(
            expected="a signature under pictures that you were shown",
            received=f"a scan that also has image {', '.join(map(str, unseen))}, which came later",
            remedy="Reload the page, look at it, then sign; your text is kept as your draft.",
        )


def digest_of(report: Report) -> str:
    """Return the SHA-256 of what was signed: the text, the pictures, the finding judged and how, who and when.

    Only of what no longer changes: a result of the model may still be written down after the signature.
    """
    return hashlib.sha256(json.dumps(_signed_content(report), sort_keys=True).encode()).hexdigest()


def _finalise(scan: Scan, report: Report, author: User) -> None:
    review = Review.objects.filter(scan=scan, reader=author).first()
    has_finding = Diagnosis.objects.filter(image__scan=scan, outcome=Outcome.FINDING).exists()
    if has_finding and not (review and review.diagnosis and review.diagnosis.is_finding):
        raise MissingVerdict(
            expected="your verdict on the model's finding",
            received="none",
            remedy="Accept, reject, amend, or say that you cannot tell; then sign.",
        )
    report.review = review
    report.status = ReportStatus.FINAL
    report.signed_at = timezone.now()
    report.signer_name = author.name or author.email
    report.digest = digest_of(report)
    report.save()
    scan.advance(ScanStatus.REPORTED)


def _signed_content(report: Report) -> dict[str, Any]:
    images = report.scan.images.order_by("number")
    return {
        "report": str(report.pk),
        "scan": str(report.scan_id),
        "images": [image.sha256 for image in images],
        "diagnosis": str(report.review.diagnosis_id) if report.review else None,
        "verdict": report.review.verdict if report.review else None,
        "label": report.review.label if report.review else None,
        "findings": report.findings,
        "impression": report.impression,
        "signer": str(report.author_id),
        "signer_name": report.signer_name,
        "signed_at": report.signed_at.isoformat() if report.signed_at else None,
    }


def _check_author(scan: Scan, author: User) -> None:
    if not author.can(Ability.SIGN_REPORTS, scan.hospital):
        raise MayNotSign(
            expected="a radiologist of the scan's hospital",
            received="somebody without that role",
            remedy="Ask the hospital admin for the role.",
        )


def _already_signed(report: Report) -> ReportAlreadySigned:
    when = f"{report.signed_at:%Y-%m-%d %H:%M} UTC" if report.signed_at else "just now"
    return ReportAlreadySigned(
        expected="a scan that is not reported",
        received=f"one that {report.signer_name} signed at {when}",
        remedy="Your text is kept as your draft; the signed report stands.",
    )
