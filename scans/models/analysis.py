"""How far the analysis of an image has come, in words: one answer for pages and API."""

from dataclasses import dataclass

from inference.models import Job, JobStatus, ModelStop
from scans.models.scan import Image


@dataclass(frozen=True)
class Analysis:
    """State is one of waiting, running, done, failed, off; the reason is a sentence or empty."""

    state: str
    reason: str = ""


def analysis_of(image: Image, job: Job | None, *, stopped: ModelStop | None = None) -> Analysis:
    """Return the state of the newest job of an image; no job and nothing left to do means the model was off.

    Args:
        stopped: the stop that keeps, or kept, this image from the model.
    """
    if stopped is not None:
        return Analysis("off", stopped.in_words)
    if job is None:
        if image.scan.is_analysis_finished:
            return Analysis("off", "No model was switched on when this scan came in.")
        return Analysis("waiting")
    if job.status == JobStatus.STOPPED:
        return Analysis("off", job.error)
    if job.status == JobStatus.FAILED:
        return Analysis("failed", job.error)
    if job.status == JobStatus.DONE:
        return Analysis("done")
    if job.status == JobStatus.RUNNING:
        return Analysis("running")
    return Analysis("waiting", job.error)


def analyses_of(images: list[Image]) -> dict[str, Analysis]:
    """Return the analysis of each image by its id, in one query for all, and one more where the model did not read."""
    newest: dict[object, Job] = {}
    for job in Job.objects.filter(image_key__in=[image.pk for image in images]).order_by("created_at"):
        newest[job.image_key] = job
    stopped = _stopped(images, newest)
    return {str(image.pk): analysis_of(image, newest.get(image.pk), stopped=stopped.get(image.pk)) for image in images}


def _stopped(images: list[Image], newest: dict[object, Job]) -> dict[object, ModelStop]:
    """Return by image the stop that keeps or kept it from the model."""
    unanswered = [image for image in images if not _is_answered(newest.get(image.pk))]
    if not unanswered:
        return {}
    earliest = min(image.received_at for image in unanswered)
    known = ModelStop.objects.since(earliest).select_related("hospital", "stopped_by")
    by_hospital = list(known.filter(hospital__in={image.hospital_id for image in unanswered}))
    found: dict[object, ModelStop] = {}
    for image in unanswered:
        here = [stop for stop in by_hospital if stop.hospital_id == image.hospital_id]
        stop = next((stop for stop in here if _keeps(stop, image, newest.get(image.pk))), None)
        if stop is not None:
            found[image.pk] = stop
    return found


def _is_answered(job: Job | None) -> bool:
    return job is not None and job.status in (JobStatus.DONE, JobStatus.FAILED)


def _keeps(stop: ModelStop, image: Image, job: Job | None) -> bool:
    if job is None:
        return stop.covers(image.received_at)
    if job.status == JobStatus.STOPPED:
        return job.finished_at is not None and stop.covers(job.finished_at)
    return stop.is_in_force
