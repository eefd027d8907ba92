"""The stop button's part in the record: what is queued at the hospital ends unanswered; resumed, it may be read."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from inference import jobs, registry
from inference.models import Job, JobStatus, ModelStop
from scans.models import Image, Scan


def end_jobs(stopped: ModelStop) -> int:
    """End every unfinished job of the hospital; call it after the stop is committed, so that no later job slips by.

    A worker that is at one of them is fenced out; scans that come in from then on get no job (diagnosis.open_jobs).

    Args:
        stopped: the stop in force.

    Returns:
        How many jobs ended unanswered.
    """
    images = Image.objects.filter(hospital=stopped.hospital).values_list("pk", flat=True)
    return jobs.stop(images, reason=stopped.in_words)


def missed(stopped: ModelStop) -> QuerySet[Image]:
    """Return the images of unreported scans that have no diagnosis because of this stop.

    Args:
        stopped: a stop, in force or over.
    """
    came_in = Q(received_at__gte=stopped.stopped_at)
    ended = Q(
        pk__in=Job.objects.filter(status=JobStatus.STOPPED, finished_at__gte=stopped.stopped_at).values("image_key")
    )
    if stopped.resumed_at is not None:
        came_in &= Q(received_at__lt=stopped.resumed_at)
    waiting = Scan.objects.awaiting_review().filter(hospital=stopped.hospital)
    return Image.objects.filter(came_in | ended, scan__in=waiting, diagnoses=None)


@transaction.atomic
def reopen_missed(stopped: ModelStop) -> list[UUID]:
    """Queue what a stop that is over kept from the model, for the version that is active now.

    Not for the version of before: it may be why the model was stopped.

    Args:
        stopped: a stop that is over.

    Returns:
        The scans to ring for; none on a desk without an active version, or while the model is stopped again.
    """
    version = registry.active()
    if version is None or ModelStop.objects.in_force().filter(hospital=stopped.hospital).exists():
        return []
    images = list(missed(stopped))
    for image in images:
        jobs.open_job(image.pk, version)
    jobs.requeue_stopped([image.pk for image in images], version)
    scans = Scan.objects.filter(pk__in={image.scan_id for image in images})
    scan_ids = list(scans.most_urgent_first().values_list("pk", flat=True))
    scans.update(analysis_finished_at=None, rung_at=timezone.now())
    return scan_ids
