"""Stage 1, intake: files become a durable Scan, or a reason why not. Nothing is decoded here, only headers are read."""

import datetime
import errno
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.models import Hospital
from inference.engine.colour import refuse_colour
from inference.engine.errors import UnreadableImage
from inference.engine.header import FileFacts, Limits, inspect_file
from scans import storage
from scans.models import IdempotencyKey, Image, Patient, Scan, ScanStatus
from scans.workflow import identity
from scans.workflow.errors import InstanceConflict, PatientMismatch, RecordError, StorageFull
from scans.workflow.submission import Receipt, Refusal, StoredFile, Submission, Upload

STRAY_AFTER_SECONDS = 24 * 3600
# A client that repeats a submission does so within hours; Stripe keeps its keys for one day.
KEY_KEPT_DAYS = 7


def store(files: Iterable[Upload]) -> list[StoredFile | Refusal]:
    """Write each file durably under its SHA-256, or say why not; call it outside any transaction.

    Args:
        files: uploads in order; each is streamed once, hashed while it is written, and never held in memory.

    Returns:
        One StoredFile or Refusal per file, in order. One bad file does not touch its neighbours.

    Raises:
        StorageFull: the disk took nothing more; no file of this call counts as received.
    """
    try:
        return [_store_one(file) for file in files]
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise StorageFull(
            expected="room on the disk",
            received="a full disk",
            remedy="Keep the files and send them again when the operator has made room.",
        ) from error


def _store_one(file: Upload) -> StoredFile | Refusal:
    name = display_name(file.name or "")
    limits = Limits(max_bytes=settings.UPLOAD_MAX_BYTES_PER_FILE)
    with storage.IncomingFile() as incoming:
        try:
            if not incoming.write(file.chunks(), max_bytes=limits.max_bytes):
                raise UnreadableImage(
                    code="too_many_bytes",
                    expected=f"at most {limits.max_bytes // 2**20} MiB",
                    received="more",
                    remedy="Send the single frontal image, not an archive or a series",
                )
            incoming.sync()
            facts = inspect_file(incoming.path, limits=limits)
            if facts.samples > 1:
                refuse_colour(incoming.path, facts)
        except UnreadableImage as error:
            return Refusal.of(name, error)
        incoming.keep()
        return StoredFile(name, incoming.sha256, incoming.received_sha256, incoming.byte_size, facts)


def display_name(name: str) -> str:
    """Return the last part of a file's name without control or direction marks; it is shown, never used as a path."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if unicodedata.category(c)[0] != "C")[-255:]


def admit(submission: Submission, stored: Sequence[StoredFile | Refusal]) -> Receipt:
    """Make the scan of the stored files in one transaction with its audit line; call it after store().

    Args:
        submission: what the sender states.
        stored: the answers of store(), refusals included: they come back in the receipt.

    Returns:
        The receipt. A DICOM instance that is known with the same bytes returns its scan (`is_repeat`).

    Raises:
        RecordError: never for a single file; those are refusals in the receipt.
    """
    receipt = Receipt(refused=[item for item in stored if isinstance(item, Refusal)])
    with transaction.atomic():
        for file in stored:
            if isinstance(file, StoredFile):
                _admit_one(submission, file, receipt)
        _close(submission, receipt)
    return receipt


def _admit_one(submission: Submission, file: StoredFile, receipt: Receipt) -> None:
    before = receipt.scan
    try:
        with transaction.atomic():  # a savepoint: a file refused half-way leaves no patient and no empty scan behind
            _attach(submission, file, receipt)
    except RecordError as error:
        receipt.scan = before
        receipt.refused.append(Refusal.of(file.name, error))


def _attach(submission: Submission, file: StoredFile, receipt: Receipt) -> None:
    person = identity.of_file(submission, file.facts)
    if receipt.scan is not None:
        _check_same_patient(receipt.scan, person)
    # Locks the patient's row. What follows asks what is known already, so it must come after: of two doors that
    # receive the same instance at once, the second waits here and then finds the first one's image.
    patient, note = identity.find_or_make_patient(submission.hospital, person)
    known = _known_instance(submission.hospital, file)
    if known is not None:
        _check_same_patient(known.scan, person)
        receipt.scan = receipt.scan or known.scan
        receipt.images.append(known)
        return
    if receipt.scan is None or not receipt.changed:
        # Also behind a known instance: its scan may be reported, or its analysis finished.
        receipt.scan = _find_or_make_scan(submission, file.facts, patient, beside=receipt.scan)
    image = _make_image(submission, file, receipt.scan)
    if note:
        receipt.scan.identity_note = f"{receipt.scan.identity_note} Image {image.number}: {note}".strip()
        receipt.scan.save(update_fields=["identity_note"])
    receipt.images.append(image)
    receipt.changed = True


def _check_same_patient(scan: Scan, person: identity.Person) -> None:
    if scan.patient.mrn != person.mrn:
        raise PatientMismatch(
            expected="all files of one submission, and every copy of one DICOM instance, to be of one patient",
            received="a file of another patient",
            remedy="Check whose film this is, and send each patient's files by themselves.",
        )


def _known_instance(hospital: Hospital, file: StoredFile) -> Image | None:
    """Return the image of this DICOM instance if the hospital has it; two hospitals may hold the same UID."""
    if file.facts.dicom is None:
        return None
    known = Image.objects.filter(hospital=hospital, sop_instance_uid=file.facts.dicom.sop_instance_uid).first()
    if known is not None and known.sha256 != file.sha256:
        raise InstanceConflict(
            expected=f"the bytes first received as DICOM instance {known.sop_instance_uid}",
            received="other bytes under the same SOP Instance UID",
            remedy="The first file is kept. Send the changed picture as a new instance with its own UID.",
        )
    return known


def _find_or_make_scan(submission: Submission, facts: FileFacts, patient: Patient, *, beside: Scan | None) -> Scan:
    """Return the unreported scan this study already has, or a new one; the patient's row is locked, so twenty files
    of one study that arrive at once make one scan. `beside` is the scan of a known instance sent with the file."""
    dicom = facts.dicom
    study_uid = submission.study_instance_uid or (dicom.study_instance_uid if dicom else "")
    same = Q(pk=beside and beside.pk)
    if study_uid:
        same |= Q(study_instance_uid=study_uid)
    open_scans = Scan.objects.filter(same, hospital=submission.hospital, patient=patient).awaiting_review()
    scan = open_scans.select_for_update().first()
    accession_number = submission.accession_number or (dicom.accession_number if dicom else "")
    if scan is not None:
        scan.priority = min(scan.priority, submission.priority)
        scan.accession_number = scan.accession_number or accession_number
        if submission.indication not in scan.indication:
            scan.indication = f"{scan.indication}\n{submission.indication}".strip()
        scan.analysis_finished_at, scan.rung_at = None, timezone.now()
        scan.save(update_fields=["priority", "accession_number", "indication", "analysis_finished_at", "rung_at"])
        return scan
    return Scan.objects.create(
        hospital=submission.hospital,
        patient=patient,
        priority=submission.priority,
        indication=submission.indication,
        accession_number=accession_number,
        study_instance_uid=study_uid,
        door=submission.door,
        submitted_by=submission.submitted_by,
        is_synthetic=submission.is_synthetic,
        status=ScanStatus.RECEIVED,
    )


def _make_image(submission: Submission, file: StoredFile, scan: Scan) -> Image:
    dicom = file.facts.dicom
    last = Image.objects.filter(scan=scan).order_by("-number").values_list("number", flat=True).first()
    try:
        with transaction.atomic():
            return Image.objects.create(
                scan=scan,
                hospital=submission.hospital,
                number=(last or 0) + 1,
                original_name=file.name,
                sha256=file.sha256,
                received_sha256=file.received_sha256,
                byte_size=file.byte_size,
                format=file.facts.format,
                media_type=file.facts.media_type,
                width=file.facts.width,
                height=file.facts.height,
                bits=file.facts.bits,
                view=submission.view or (dicom.view if dicom else ""),
                sop_instance_uid=dicom.sop_instance_uid if dicom else "",
            )
    except IntegrityError as error:
        raise InstanceConflict(
            expected="a DICOM instance that is not arriving twice at this moment",
            received="the same SOP Instance UID in two submissions at once",
            remedy="Send the file again: it will be recognised.",
        ) from error


def _close(submission: Submission, receipt: Receipt) -> None:
    """Write the audit lines; a submission in which nothing was accepted leaves the refusals in the trail, no scan."""
    refused: dict[str, Any] = {"refused": [refusal.code for refusal in receipt.refused]} if receipt.refused else {}
    receipt.is_repeat = receipt.scan is not None and not receipt.changed
    audit.record(
        "scan.refused" if receipt.scan is None else "scan.repeated" if receipt.is_repeat else "scan.received",
        hospital=submission.hospital,
        actor=submission.submitted_by,
        subject=receipt.scan,
        patient_id=receipt.scan.patient_id if receipt.scan else None,
        detail={"door": submission.door, "images": [image.sha256 for image in receipt.images], **refused},
        request=submission.request,
    )


def tidy() -> int:
    """Remove what no record speaks of and what nobody asks for any more; run it once a day.

    A submission lasts minutes. A file that is a day old and stands in no record was left by a crash between disk and
    database: it was never acknowledged, so its sender still has it. Returns how many files went.
    """
    week = timezone.now() - datetime.timedelta(days=KEY_KEPT_DAYS)
    IdempotencyKey.objects.filter(created_at__lt=week).delete()
    removed = 0
    for kind in ("incoming", "originals"):
        for file in storage.files_older_than(kind, STRAY_AFTER_SECONDS):
            # Removed one by one, at once: a film that is sent again while this runs must not lose its new file.
            if not Image.objects.filter(sha256=file.name).exists():
                removed += storage.remove_older_than(file, STRAY_AFTER_SECONDS)
    return removed
