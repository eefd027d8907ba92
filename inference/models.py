"""ModelVersion, how one becomes active, where the model is stopped; Job, with the table of what it may become."""

import datetime
import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Hospital, User
from accounts.roles import Ability


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
    activated_at = models.DateTimeField(null=True, blank=True, help_text="The last time; Activation has every one.")

    class Meta:
        ordering = ["-registered_at"]
        constraints = [
            models.UniqueConstraint(fields=["status"], condition=Q(status="active"), name="one_active_model_version"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.weights_sha256[:8]})"


class ActivationRequest(models.Model):
    """One person's wish that a version reads new scans, and another person's answer; kept for ever."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting for a second person"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="activation_requests")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    reason = models.TextField(help_text="Why this version, in words.")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.WAITING)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True, help_text="Why it was approved, refused or withdrawn, in words.")

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=Q(status="waiting"), name="one_waiting_request_per_model_version"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "refused"]) | ~Q(answered_by=F("asked_by")),
                name="activation_answered_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(status="waiting", answered_by=None, answered_at=None)
                | ~Q(status="waiting") & Q(answered_by__isnull=False, answered_at__isnull=False),
                name="activation_request_has_its_answer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}, {self.get_status_display().lower()}"

    @property
    def is_waiting(self) -> bool:
        """Whether somebody may still approve, refuse or withdraw it."""
        return self.status == self.Status.WAITING


class Activation(models.Model):
    """One time that a version became the one new scans are read with: the history, never changed."""

    class Kind(models.TextChoices):
        FIRST = "first", "The shipped model, at the first start"
        APPROVED = "approved", "Asked for by one person, approved by another"
        ROLLBACK = "rollback", "Back to the version before"
        UNREVIEWED = "unreviewed", "Before a second person was needed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="activations")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    at = models.DateTimeField(default=timezone.now, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="Who approved or rolled back; nobody at the first start.",
    )  # fmt: skip
    request = models.OneToOneField(
        ActivationRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="activation"
    )
    reason = models.TextField(blank=True)
    returns_to = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="What a rollback of this one goes back to.",
    )  # fmt: skip

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.version} since {self.at:%Y-%m-%d %H:%M} UTC"


class ModelStopQuerySet(models.QuerySet["ModelStop"]):
    """Reads of stops."""

    def visible_to(self, user: User | AnonymousUser, ability: str = Ability.VIEW_MODELS) -> "ModelStopQuerySet":
        """Return the stops of the hospitals where `user` has `ability`."""
        hospitals = user.hospitals_with(ability) if isinstance(user, User) else Hospital.objects.none()
        return self.filter(hospital__in=hospitals)

    def in_force(self) -> "ModelStopQuerySet":
        """Return the stops that are not over."""
        return self.filter(resumed_at=None)

    def since(self, moment: datetime.datetime) -> "ModelStopQuerySet":
        """Return the stops that were in force at `moment` or later."""
        return self.filter(Q(resumed_at=None) | Q(resumed_at__gt=moment))


class ModelStop(models.Model):
    """The model stopped at one hospital, from the button to the resumption; kept for ever."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="model_stops")
    reason = models.TextField()
    stopped_at = models.DateTimeField(default=timezone.now, editable=False)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="Nobody: switched off before stops were recorded.",
    )  # fmt: skip
    resumed_at = models.DateTimeField(null=True, blank=True)
    resumed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    resume_reason = models.TextField(blank=True)

    objects: ClassVar[models.Manager["ModelStop"]] = ModelStopQuerySet.as_manager()

    class Meta:
        ordering = ["-stopped_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["hospital"], condition=Q(resumed_at=None), name="one_model_stop_in_force_per_hospital"
            ),
        ]

    def __str__(self) -> str:
        return self.in_words

    @property
    def is_in_force(self) -> bool:
        """Whether the model is stopped now."""
        return self.resumed_at is None

    def covers(self, moment: datetime.datetime) -> bool:
        """Whether the model was stopped at `moment`."""
        return self.stopped_at <= moment and (self.resumed_at is None or moment < self.resumed_at)

    @property
    def in_words(self) -> str:
        """Where, since when, by whom and why: what stands on a scan that the model did not read."""
        by = f" by {self.stopped_by}" if self.stopped_by else ""
        since = f"{self.stopped_at:%Y-%m-%d %H:%M} UTC{by}"
        if self.resumed_at is None:
            return f"The model is stopped at {self.hospital} since {since}: {self.reason.rstrip('.')}."
        until = f"{self.resumed_at:%Y-%m-%d %H:%M} UTC"
        return f"The model was stopped at {self.hospital} from {since}, until {until}: {self.reason.rstrip('.')}."


class JobStatus(models.TextChoices):
    """Where a Job stands."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"


# RUNNING -> RUNNING is a second worker taking over after the first one's lease ran out.
# FAILED -> QUEUED is a person or command asking for another round of attempts; so is STOPPED -> QUEUED.
# STOPPED is a hospital's stop button: a job that was not answered, and will not be by itself.
TRANSITIONS: dict[str, frozenset[str]] = {
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.FAILED, JobStatus.STOPPED}),
    JobStatus.RUNNING: frozenset(
        {JobStatus.RUNNING, JobStatus.QUEUED, JobStatus.DONE, JobStatus.FAILED, JobStatus.STOPPED}
    ),
    JobStatus.DONE: frozenset(),
    JobStatus.FAILED: frozenset({JobStatus.QUEUED}),
    JobStatus.STOPPED: frozenset({JobStatus.QUEUED}),
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
        return self.status in (JobStatus.DONE, JobStatus.FAILED, JobStatus.STOPPED)
