"""A past diagnosis computed again, and the difference; it stands beside the diagnosis and never changes it."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from scans.models.diagnosis import Diagnosis


class ReplayVerdict(models.TextChoices):
    """What came of it."""

    SAME = "same", "The same answer"
    DIFFERENT = "different", "Another answer"
    IMPOSSIBLE = "impossible", "Cannot be computed again"


class Replay(models.Model):
    """One replay of one diagnosis, from the asking to the statement; kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.PROTECT, related_name="replays")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", help_text="None: the operator."
    )
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    # The doorbell's memory, and how often a worker began.
    rung_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=10, choices=ReplayVerdict.choices, blank=True)
    statement = models.TextField(blank=True, help_text="The verdict in words.")
    difference = models.JSONField(default=dict, help_text="parts, answers and largest_difference; see workflow/replay.")

    class Meta:
        ordering = ["-asked_at", "-id"]
        indexes = [
            models.Index(fields=["rung_at"], name="replay_unfinished", condition=models.Q(finished_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"replay {self.id} {self.verdict}".strip()

    @property
    def is_finished(self) -> bool:
        """Whether the verdict stands."""
        return self.finished_at is not None
