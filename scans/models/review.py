"""What the radiologist decided about the scan and about the model's finding."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from scans.models.diagnosis import Diagnosis
from scans.models.scan import Scan


class Verdict(models.TextChoices):
    """The reader's answer to the model."""

    ACCEPT = "accept", "Accept"
    REJECT = "reject", "Reject"
    AMEND = "amend", "Amend"
    CANNOT_TELL = "cannot_tell", "Cannot tell"


class Review(models.Model):
    """One verdict of one reader; a later one of the same reader replaces it until the report is signed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scan = models.ForeignKey(Scan, on_delete=models.PROTECT, related_name="reviews")
    diagnosis = models.ForeignKey(
        Diagnosis,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reviews",
        help_text="The finding judged; none when the scan was read without the model.",
    )
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    label = models.CharField(max_length=40, blank=True, help_text="The reader's own label, when they amend.")
    note = models.TextField(blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-recorded_at"]
        constraints = [models.UniqueConstraint(fields=["scan", "reader"], name="one_review_per_reader")]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.reader}"
