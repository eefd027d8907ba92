"""How far the analysis of an image has come, in words: one answer for pages and API."""

from dataclasses import dataclass

from inference.models import Job, JobStatus
from scans.models.scan import Image


@dataclass(frozen=True)
class Analysis:
    """State is one of waiting, running, done, failed, off; the reason is a sentence or empty."""

    state: str
    reason: str = ""


def analysis_of(image: Image, job: Job | None) -> Analysis:
    """Return the state of the newest job of an image; no job and nothing left to do means the model was off."""
    if job is None:
        if image.scan.is_analysis_finished:
            return Analysis("off", "No model was switched on when this scan came in.")
        return Analysis("waiting")
    if job.status == JobStatus.FAILED:
        return Analysis("failed", job.error)
    if job.status == JobStatus.DONE:
        return Analysis("done")
    if job.status == JobStatus.RUNNING:
        return Analysis("running")
    return Analysis("waiting", job.error)


def analyses_of(images: list[Image]) -> dict[str, Analysis]:
    """Return the analysis of each image by its id, in one query for all."""
    newest: dict[object, Job] = {}
    for job in Job.objects.filter(image_key__in=[image.pk for image in images]).order_by("created_at"):
        newest[job.image_key] = job
    return {str(image.pk): analysis_of(image, newest.get(image.pk)) for image in images}
