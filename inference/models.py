"""ModelVersion and Job, with the table of what a Job may become."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class ModelVersion(models.Model):
    """A registered bundle: weights, labels, preprocessing, calibration, thresholds, hashes, facts."""

    class Status(models.TextChoices):
        REGISTERED = "registered", "Registered"
        ACTIVE = "active", "Active"
        RETIRED = "retired", "Retired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    bundle_path = models.CharField(max_length=500)
    graph_path = models.CharField(max_length=500)
    weights_sha256 = models.CharField(max_length=64, unique=True)
    card = models.JSONField(help_text="card.json as it was at registration.")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.REGISTERED)
    registered_at = models.DateTimeField(default=timezone.now, editable=False)
    activated_at = models.DateTimeField(null=True, blank=True)
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["-registered_at"]
        constraints = [
            models.UniqueConstraint(fields=["status"], condition=Q(status="active"), name="one_active_model_version"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.weights_sha256[:8]})"


class JobStatus(models.TextChoices):
    """Where a Job stands."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


# RUNNING -> RUNNING is a second worker taking over after the first one's lease ran out.
# FAILED -> QUEUED is a person or command asking for another round of attempts.
TRANSITIONS: dict[str, frozenset[str]] = {
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.FAILED}),
    JobStatus.RUNNING: frozenset({JobStatus.RUNNING, JobStatus.QUEUED, JobStatus.DONE, JobStatus.FAILED}),
    JobStatus.DONE: frozenset(),
    JobStatus.FAILED: frozenset({JobStatus.QUEUED}),
}


def states_before(status: str) -> list[str]:
    """Return the states from which a Job may become `status`; every UPDATE of a Job asks for one of them."""
    return [before for before, after in TRANSITIONS.items() if status in after]


class Job(models.Model):
    """One run of one ModelVersion on one Image; knows an image key, never a patient. Written by jobs.py only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    image_key = models.UUIDField(help_text="Opaque: what it belongs to is not this app's business.")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="jobs")
    status = models.CharField(max_length=8, choices=JobStatus.choices, default=JobStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(default=timezone.now, help_text="Back-off: no attempt before this time.")
    error = models.TextField(blank=True, help_text="Why the last attempt failed, in words.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True)

    Status: ClassVar[type[JobStatus]] = JobStatus

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["image_key", "model_version"], name="one_job_per_image_and_model_version"),
        ]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="job_unfinished",
                condition=Q(status__in=[JobStatus.QUEUED, JobStatus.RUNNING]),
            ),
        ]

    def __str__(self) -> str:
        return f"job {self.id} {self.status}"

    @property
    def is_finished(self) -> bool:
        """Whether no worker will touch the job again by itself."""
        return self.status in (JobStatus.DONE, JobStatus.FAILED)
