"""The only writer of Job: open, claim under a lease, keep the lease alive, finish, fail, put back, stop, requeue.

A worker owns a job by a lease token. Every write asks for that token in its WHERE clause, so a worker that was
thought dead and comes back late changes nothing: zero rows, LeaseLost, and its transaction rolls back.
"""

import datetime
import logging
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from inference.models import Job, JobStatus, ModelVersion, states_before

logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker owns the job now, or nobody may answer it; whatever this one computed must not be written."""


@dataclass(frozen=True)
class Lease:
    """The right to write one job's result, until it expires."""

    job_id: uuid.UUID
    token: uuid.UUID
    attempt: int


def open_job(image_key: uuid.UUID, model_version: ModelVersion) -> Job:
    """Return the job of this image and model version, making it when there is none."""
    job, _ = Job.objects.get_or_create(image_key=image_key, model_version=model_version)
    return job


def claimable(now: datetime.datetime) -> Q:
    """Return the condition under which a job may be claimed at `now`."""
    waiting = Q(status=JobStatus.QUEUED, not_before__lte=now)
    abandoned = Q(status=JobStatus.RUNNING, lease_expires_at__lt=now)
    return waiting | abandoned


def claim(job_id: uuid.UUID) -> Lease | None:
    """Take the job if it is free and has attempts left; one UPDATE decides, so two workers never both get it."""
    now = timezone.now()
    token = uuid.uuid4()
    taken = Job.objects.filter(
        claimable(now), pk=job_id, status__in=states_before(JobStatus.RUNNING), attempts__lt=settings.JOB_MAX_ATTEMPTS
    ).update(
        status=JobStatus.RUNNING,
        lease_token=token,
        lease_expires_at=now + datetime.timedelta(seconds=settings.JOB_LEASE_SECONDS),
        attempts=F("attempts") + 1,
    )
    if not taken:
        return None
    return Lease(job_id=job_id, token=token, attempt=Job.objects.values_list("attempts", flat=True).get(pk=job_id))


def _held(lease: Lease) -> QuerySet[Job]:
    return Job.objects.filter(pk=lease.job_id, lease_token=lease.token, status=JobStatus.RUNNING)


def renew(lease: Lease) -> bool:
    """Push the expiry forward; False when the lease is no longer ours."""
    expires = timezone.now() + datetime.timedelta(seconds=settings.JOB_LEASE_SECONDS)
    return bool(_held(lease).update(lease_expires_at=expires))


def finish(lease: Lease) -> None:
    """Consume the lease; call it in the transaction that writes the result.

    Raises:
        LeaseLost: another worker owns the job; the caller's transaction must roll back.
    """
    if not _held(lease).update(
        status=JobStatus.DONE, lease_token=None, lease_expires_at=None, error="", finished_at=timezone.now()
    ):
        raise LeaseLost(f"job {lease.job_id}: the lease of attempt {lease.attempt} has passed to another worker")


def put_back(lease: Lease, *, error: str) -> bool:
    """End a failed attempt: back to the queue after a growing pause, or failed for good when attempts are used up.

    Returns:
        Whether the job is now failed.
    """
    now = timezone.now()
    exhausted = lease.attempt >= settings.JOB_MAX_ATTEMPTS
    changes: dict[str, Any] = {"lease_token": None, "lease_expires_at": None, "error": error}
    if exhausted:
        changes |= {"status": JobStatus.FAILED, "finished_at": now}
    else:
        pause = settings.JOB_BACKOFF_SECONDS * 4 ** (lease.attempt - 1)
        changes |= {"status": JobStatus.QUEUED, "not_before": now + datetime.timedelta(seconds=pause)}
    return bool(_held(lease).update(**changes)) and exhausted


def fail_abandoned() -> list[uuid.UUID]:
    """Fail the jobs whose every attempt ended with its worker; returns their image keys.

    A worker that is killed cannot say so. Its lease runs out, and after the last permitted attempt this is what
    makes the job visibly failed instead of silently gone.
    """
    spent = Job.objects.filter(claimable(timezone.now()), attempts__gte=settings.JOB_MAX_ATTEMPTS)
    image_keys = list(spent.values_list("image_key", flat=True))
    if image_keys:
        spent.update(
            status=JobStatus.FAILED,
            lease_token=None,
            lease_expires_at=None,
            finished_at=timezone.now(),
            error=f"The worker stopped in each of {settings.JOB_MAX_ATTEMPTS} attempts.",
        )
        logger.error("jobs failed after the last attempt", extra={"count": len(image_keys)})
    return image_keys


def stop(image_keys: Iterable[uuid.UUID], *, reason: str) -> int:
    """End the unfinished jobs of these images unanswered; returns how many.

    It takes the lease from a worker that is at one: what that worker computes is fenced out like a late one's.
    """
    return Job.objects.filter(image_key__in=image_keys, status__in=states_before(JobStatus.STOPPED)).update(
        status=JobStatus.STOPPED, lease_token=None, lease_expires_at=None, error=reason, finished_at=timezone.now()
    )


def requeue_failed(image_keys: Iterable[uuid.UUID]) -> int:
    """Give failed jobs of these images a new round of attempts; returns how many."""
    return _requeue(Job.objects.filter(image_key__in=list(image_keys), status=JobStatus.FAILED))


def requeue_stopped(image_keys: Iterable[uuid.UUID], model_version: ModelVersion) -> int:
    """Queue the stopped jobs of these images and this version again; returns how many."""
    stopped = Job.objects.filter(image_key__in=list(image_keys), model_version=model_version)
    return _requeue(stopped.filter(status=JobStatus.STOPPED))


def _requeue(ended: QuerySet[Job]) -> int:
    return ended.filter(status__in=states_before(JobStatus.QUEUED)).update(
        status=JobStatus.QUEUED, attempts=0, not_before=timezone.now(), error="", finished_at=None
    )


class Heartbeat:
    """Renews a lease in a thread while the block runs, so that only a dead or stuck worker loses its job."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{lease.job_id}", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._stop.wait(settings.JOB_LEASE_SECONDS / 3):
                try:
                    if not renew(self.lease):
                        return
                except DatabaseError:  # away for a moment: the next beat may still be in time
                    logger.warning("heartbeat missed", exc_info=True)
                    connection.close()
        finally:
            connection.close()
