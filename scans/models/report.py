"""The radiologist's report: a draft per author, and at most one signed one per scan."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from scans.models.review import Review
from scans.models.scan import Scan


class ReportStatus(models.TextChoices):
    """Draft and preliminary may change; a final report is never edited."""

    DRAFT = "draft", "Draft"
    PRELIMINARY = "preliminary", "Preliminary"
    FINAL = "final", "Final"


TRANSITIONS: dict[str, frozenset[str]] = {
    ReportStatus.DRAFT: frozenset({ReportStatus.DRAFT, ReportStatus.PRELIMINARY, ReportStatus.FINAL}),
    ReportStatus.PRELIMINARY: frozenset({ReportStatus.DRAFT, ReportStatus.PRELIMINARY, ReportStatus.FINAL}),
    ReportStatus.FINAL: frozenset(),
}


class Report(models.Model):
    """One author's text about one scan."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scan = models.ForeignKey(Scan, on_delete=models.PROTECT, related_name="reports")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reports")
    review = models.ForeignKey(Review, null=True, blank=True, on_delete=models.PROTECT, related_name="reports")
    status = models.CharField(max_length=12, choices=ReportStatus.choices, default=ReportStatus.DRAFT)
    findings = models.TextField(blank=True)
    impression = models.TextField(blank=True)
    saved_at = models.DateTimeField(default=timezone.now)
    signed_at = models.DateTimeField(null=True, blank=True)
    signer_name = models.CharField(max_length=200, blank=True, help_text="As it was on the day of signing.")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of what was signed.")

    class Meta:
        ordering = ["-saved_at"]
        constraints = [
            models.UniqueConstraint(fields=["scan", "author"], name="one_report_per_author"),
            models.UniqueConstraint(fields=["scan"], condition=Q(status="final"), name="one_final_report_per_scan"),
        ]

    def __str__(self) -> str:
        return f"{self.status} report of {self.author}"

    @property
    def is_final(self) -> bool:
        """Whether it was signed; its text can no longer change."""
        return self.status == ReportStatus.FINAL

    def may_become(self, status: str) -> bool:
        """Whether the table allows the step."""
        return status in TRANSITIONS[self.status]
