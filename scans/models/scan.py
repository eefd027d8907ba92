"""Scan and Image: one imaging study as it was received, and the table of what a Scan may become."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Hospital
from scans.models.patient import Patient
from scans.querysets import ImageQuerySet, ScanQuerySet


class Priority(models.IntegerChoices):
    """How urgent a scan is; a smaller number is read first."""

    STAT = 1, "STAT"
    URGENT = 2, "Urgent"
    ROUTINE = 3, "Routine"


class ScanStatus(models.TextChoices):
    """Where a Scan stands. None of the words says anything about what is on the film."""

    RECEIVED = "received", "Received"
    ANALYSING = "analysing", "Analysing"
    AWAITING_REVIEW = "awaiting_review", "Awaiting review"
    REPORTED = "reported", "Reported"


# A scan may be reported from every state: the reader never waits for the model (DESIGN rule 8).
TRANSITIONS: dict[str, frozenset[str]] = {
    ScanStatus.RECEIVED: frozenset({ScanStatus.ANALYSING, ScanStatus.AWAITING_REVIEW, ScanStatus.REPORTED}),
    ScanStatus.ANALYSING: frozenset({ScanStatus.AWAITING_REVIEW, ScanStatus.REPORTED}),
    # A further image of the same study sends it round again.
    ScanStatus.AWAITING_REVIEW: frozenset({ScanStatus.ANALYSING, ScanStatus.REPORTED}),
    ScanStatus.REPORTED: frozenset(),
}


class Scan(models.Model):
    """One imaging study of a patient: one or more images, a priority, an indication, a status."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="scans")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="scans")
    status = models.CharField(max_length=16, choices=ScanStatus.choices, default=ScanStatus.RECEIVED)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.ROUTINE)
    indication = models.TextField(blank=True)
    accession_number = models.CharField(max_length=64, blank=True)
    study_instance_uid = models.CharField(max_length=64, blank=True)
    identity_note = models.TextField(
        blank=True, help_text="Where the received identity differs from the patient's record; shown to the reader."
    )
    door = models.CharField(max_length=10, help_text="How it came in: page, api.")
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField(default=timezone.now, editable=False)
    is_synthetic = models.BooleanField(default=False, help_text="Generated for the demo; no person.")
    # The doorbell's memory: when the worker was last rung for this scan, and when nothing is left to do.
    rung_at = models.DateTimeField(default=timezone.now)
    analysis_finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Scan"]] = ScanQuerySet.as_manager()

    class Meta:
        ordering = ["priority", "received_at"]
        indexes = [
            models.Index(fields=["hospital", "status", "priority", "received_at"], name="scan_worklist"),
            models.Index(fields=["-received_at", "id"], name="scan_latest"),
            models.Index(fields=["hospital", "study_instance_uid"], name="scan_study_uid"),
            models.Index(
                fields=["priority", "received_at"],
                name="scan_unfinished",
                condition=Q(analysis_finished_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"scan {self.id}"

    @property
    def is_awaiting_review(self) -> bool:
        """Whether a radiologist still has to report it; true whatever the model did or did not do."""
        return self.status != ScanStatus.REPORTED

    @property
    def is_analysis_finished(self) -> bool:
        """Whether nothing more will come from the model by itself."""
        return self.analysis_finished_at is not None

    def may_become(self, status: str) -> bool:
        """Whether the table allows the step."""
        return status in TRANSITIONS[self.status]

    def advance(self, status: str) -> bool:
        """Take the step if the table allows it from the state in the database now; False when it does not."""
        before = [state for state, after in TRANSITIONS.items() if status in after]
        changed = bool(Scan.objects.filter(pk=self.pk, status__in=before).update(status=status))
        if changed:
            self.status = status
        return changed


class Image(models.Model):
    """One picture of a Scan as received, never changed, and what was made from its one decode."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scan = models.ForeignKey(Scan, on_delete=models.PROTECT, related_name="images")
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField(default=1)
    original_name = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField(max_length=64, help_text="Of the stored bytes; also where they are.")
    received_sha256 = models.CharField(max_length=64, help_text="Of the bytes as sent (a DICOM preamble is zeroed).")
    byte_size = models.PositiveBigIntegerField()
    format = models.CharField(max_length=10)
    media_type = models.CharField(max_length=40)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bits = models.PositiveSmallIntegerField()
    view = models.CharField(max_length=20, blank=True)
    sop_instance_uid = models.CharField(max_length=64, blank=True)
    received_at = models.DateTimeField(default=timezone.now, editable=False)
    prepared_at = models.DateTimeField(null=True, blank=True, help_text="When the display rendition was made.")
    window = models.CharField(max_length=200, blank=True, help_text="How stored values became grey, in words.")
    decode_attempts = models.PositiveSmallIntegerField(default=0, help_text="Begun before the picture was prepared.")
    unreadable_reason = models.TextField(blank=True, help_text="Why no picture can be shown, in words.")

    objects: ClassVar[models.Manager["Image"]] = ImageQuerySet.as_manager()

    class Meta:
        ordering = ["scan", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["hospital", "sop_instance_uid"],
                condition=~Q(sop_instance_uid=""),
                name="one_image_per_sop_instance",
            ),
            models.UniqueConstraint(fields=["scan", "number"], name="one_image_per_number"),
        ]

    def __str__(self) -> str:
        return f"image {self.id}"

    @property
    def is_prepared(self) -> bool:
        """Whether the display rendition and thumbnail exist."""
        return self.prepared_at is not None
