"""Stage 2, diagnosis: a worker decodes each picture once, makes what the reader sees, asks the model, records it.

Every step may be repeated: pictures are written under fixed names, and the answer only under a live lease.
"""

import datetime
import logging
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts import audit
from inference import jobs, registry, stops
from inference.engine import read, render
from inference.engine.errors import BadBundle, BadPrecision, EngineBusy, UnreadableImage
from inference.engine.predict import Prediction
from inference.models import Job, ModelStop
from scans import storage
from scans.models import Diagnosis, Image, Outcome, Scan, ScanStatus

logger = logging.getLogger(__name__)

# How many more urgent scans one ring reads first. Each of them has a ring of its own, so the order is kept by every
# broker, and a ring still ends.
MORE_URGENT_FIRST = 5
SWEEP_BATCH = 100
# Of the heat map, in pixels: it has seven cells a side, and at a film's own size it took 5 s and 1 GB to draw.
OVERLAY_SIDE = 512


def open_jobs(scan: Scan) -> None:
    """Open the active model's job for every image of a scan; call it in the transaction that received the images.

    Args:
        scan: with images. A hospital where the model is stopped, or a desk without an active model, gets no job:
            the pictures are still prepared and the scan is read without the model.
    """
    version = registry.active() if stops.in_force(scan.hospital_id) is None else None
    if version is not None:
        for image_id in scan.images.values_list("pk", flat=True):
            jobs.open_job(image_id, version)


def run(scan_id: str | UUID) -> None:
    """Do what is left to do for a scan, after the more urgent ones that wait; safe to call twice and in two workers.

    Args:
        scan_id: the scan; one that is finished or unknown is left alone.
    """
    scan = Scan.objects.filter(pk=scan_id).first()
    if scan is None or scan.is_analysis_finished:
        return
    waiting = Scan.objects.unfinished().filter(priority__lt=scan.priority).most_urgent_first()
    for urgent in waiting[:MORE_URGENT_FIRST]:
        _run_scan(urgent)
    _run_scan(scan)


def _run_scan(scan: Scan) -> None:
    with transaction.atomic():
        # Asked again under the row's lock: a scan that another worker finished meanwhile is not sent round once more.
        if Scan.objects.unfinished().select_for_update().filter(pk=scan.pk).first() is None:
            return
        scan.advance(ScanStatus.ANALYSING)
    for image in scan.images.all():
        _run_image(image)
    settle(scan)


def _run_image(image: Image) -> None:
    for job in _unfinished(image):
        _run_job(image, job)
    image.refresh_from_db()
    # Also where the stop button ended the job before the picture was made.
    if not image.is_prepared and not image.unreadable_reason and not _unfinished(image):
        _prepare_without_model(image)


def _unfinished(image: Image) -> list[Job]:
    return [job for job in Job.objects.filter(image_key=image.pk) if not job.is_finished]


def _prepare_without_model(image: Image) -> None:
    try:
        _picture_of(image)
    except UnreadableImage:
        logger.info("image cannot be shown", extra={"image": str(image.pk)})
    except Exception:  # as of a job: it must not take the worker, the scan or the next scan with it
        logger.exception("attempt failed", extra={"image": str(image.pk)})


def _run_job(image: Image, job: Job) -> None:
    """Run one job under a lease; whatever happens, the job ends done, failed, or back in the queue with a pause."""
    lease = jobs.claim(job.pk)
    if lease is None:
        return
    try:
        _check_not_stopped(image)
        with jobs.Heartbeat(lease):
            answer = _analyse(image, job)
        _record(image, job, lease, answer)
    except _ModelStopped as error:
        jobs.stop([image.pk], reason=error.stopped.in_words)
    except jobs.LeaseLost:
        logger.warning("fenced out: another worker has the job, or it was stopped", extra={"job": str(job.pk)})
    except Exception as error:  # poison or passing, it must not take the worker or the scan with it
        logger.exception("attempt failed", extra={"job": str(job.pk), "attempt": lease.attempt})
        jobs.put_back(lease, error=_in_words(error))


class _ModelStopped(Exception):
    """The stop button of the image's hospital was pressed: nothing may be written."""

    def __init__(self, stopped: ModelStop) -> None:
        self.stopped = stopped
        super().__init__(stopped.in_words)


def _check_not_stopped(image: Image) -> None:
    stopped = stops.in_force(image.hospital_id)
    if stopped is not None:
        raise _ModelStopped(stopped)


def _in_words(error: Exception) -> str:
    if isinstance(error, EngineBusy | BadPrecision):
        return str(error)
    if isinstance(error, BadBundle):  # whose own words name the folder
        return "The model version cannot be loaded: its files are missing or changed. Tell the model manager."
    # A library's message may quote the file; its class says enough to the reader, the log has the rest.
    return f"The analysis stopped unexpectedly ({type(error).__name__})."


@dataclass(frozen=True)
class _Answer:
    """What a job found: the prediction, its heat map as a picture (None: there is none), milliseconds by step."""

    prediction: Prediction
    overlay: bytes | None = None
    timings: dict[str, float] = field(default_factory=dict)


def _analyse(image: Image, job: Job) -> _Answer:
    started = time.perf_counter()
    try:
        picture = _picture_of(image)
    except UnreadableImage as error:
        version = job.model_version
        lineage = {"image_sha256": image.sha256, "weights_sha256": version.weights_sha256}
        return _Answer(_not_analysed(error, lineage))
    read_ms = (time.perf_counter() - started) * 1000
    prediction = registry.predictor_for(job.model_version).predict(picture, view=image.view)
    return _Answer(prediction, _overlay_of(prediction, picture), {"read_and_render": round(read_ms, 1)})


def _overlay_of(prediction: Prediction, picture: read.Picture) -> bytes | None:
    if prediction.cam is None:
        return None
    # Of the film as it is shown: its header's width is the height when an orientation tag turns it.
    height, width = picture.pixels.shape
    scale = OVERLAY_SIDE / max(height, width)
    return render.heatmap_overlay(
        prediction.cam, width=max(1, round(width * scale)), height=max(1, round(height * scale)), box=prediction.box
    )


def _not_analysed(error: UnreadableImage, lineage: dict[str, Any]) -> Prediction:
    return Prediction(
        outcome=Outcome.NOT_ANALYSED,
        label=None,
        probabilities={},
        reason=error.code,
        explanation=str(error),
        cam=None,
        lineage=lineage,
    )


def _picture_of(image: Image) -> read.Picture:
    """Decode an image once, and make its rendition and thumbnail when they are not there yet.

    Raises:
        UnreadableImage: the picture cannot be decoded, or the decoder killed its process each time it was tried.
    """
    if image.is_prepared:
        return read.read_picture(storage.original_path(image))
    try:
        if image.decode_attempts >= settings.JOB_MAX_ATTEMPTS:
            raise UnreadableImage(
                code="decoder_stopped",
                expected="a picture that can be decoded",
                received=f"one that stopped the decoder {image.decode_attempts} times",
                remedy="Export the picture again from its source and send that",
            )
        Image.objects.filter(pk=image.pk).update(decode_attempts=F("decode_attempts") + 1)
        picture = read.read_picture(storage.original_path(image))
    except UnreadableImage as error:
        # Not of a picture that another worker has prepared meanwhile.
        Image.objects.filter(pk=image.pk, prepared_at=None).update(unreadable_reason=str(error))
        raise
    storage.write_derived(storage.rendition_path(image), render.display_rendition(picture))
    storage.write_derived(storage.thumbnail_path(image), render.thumbnail(picture))
    # Committed before the model is asked: a reader may look while, or although, the model does not answer.
    Image.objects.filter(pk=image.pk).update(
        prepared_at=timezone.now(), window=picture.window[:200], unreadable_reason=""
    )
    return picture


def _record(image: Image, job: Job, lease: jobs.Lease, answer: _Answer) -> None:
    """Write the Diagnosis in the transaction that consumes the lease: a late second worker changes nothing."""
    prediction = answer.prediction
    lineage: dict[str, Any] = dict(prediction.lineage)
    lineage["timings_ms"] = {**answer.timings, **lineage.get("timings_ms", {})}
    cam = prediction.cam
    diagnosis = Diagnosis(
        image=image,
        model_version=job.model_version,
        job=job,
        outcome=prediction.outcome,
        label=prediction.label or "",
        probabilities=prediction.probabilities,
        reason=prediction.reason or "",
        explanation=prediction.explanation,
        activation_map=None if cam is None else [[round(float(value), 4) for value in row] for row in cam],
        lineage=lineage,
    )
    if answer.overlay is not None:
        storage.write_derived(storage.heatmap_path(diagnosis), answer.overlay)
    with transaction.atomic():
        jobs.finish(lease)
        # The button ends the jobs it sees. One that was being opened at that moment is caught here.
        _check_not_stopped(image)
        diagnosis.save(force_insert=True)
        audit.record(
            "diagnosis.recorded",
            hospital=image.hospital,
            subject=diagnosis,
            patient_id=image.scan.patient_id,
            detail={"outcome": diagnosis.outcome, "weights_sha256": job.model_version.weights_sha256},
        )


def settle(scan: Scan) -> None:
    """Close the analysis of a scan when every picture is prepared or known unreadable and every job has ended."""
    with transaction.atomic():
        scan = Scan.objects.select_for_update().get(pk=scan.pk)
        images = list(scan.images.all())
        if not all(image.is_prepared or image.unreadable_reason for image in images):
            return
        if any(not job.is_finished for job in Job.objects.filter(image_key__in=[image.pk for image in images])):
            return
        Scan.objects.filter(pk=scan.pk).update(analysis_finished_at=timezone.now())
        scan.advance(ScanStatus.AWAITING_REVIEW)


def overdue() -> list[UUID]:
    """Return the scans to ring again, most urgent first, and remember that they were rung; called by the sweeper.

    A ring may be lost with its broker or its worker. The record is not: what is unfinished and was not rung for a
    while comes back here, and a job whose every attempt was killed becomes visibly failed.
    """
    jobs.fail_abandoned()
    before = timezone.now() - datetime.timedelta(seconds=settings.RING_AGAIN_AFTER_SECONDS)
    waiting = Scan.objects.unfinished().filter(rung_at__lt=before).most_urgent_first()
    scan_ids = list(waiting.values_list("pk", flat=True)[:SWEEP_BATCH])
    Scan.objects.filter(pk__in=scan_ids).update(rung_at=timezone.now())
    return scan_ids


def reopen(*, include_failed: bool) -> list[UUID]:
    """Return every unfinished scan for a ring now; with `include_failed` the failed jobs get a new round of attempts.

    Args:
        include_failed: also those whose attempts are used up; for the operator, after the cause is mended.
    """
    jobs.fail_abandoned()
    if include_failed:
        _forget_failures()
    scan_ids = list(Scan.objects.unfinished().most_urgent_first().values_list("pk", flat=True))
    Scan.objects.filter(pk__in=scan_ids).update(rung_at=timezone.now())
    return scan_ids


def _forget_failures() -> None:
    """Give failed jobs, and pictures whose decoder was given up, a new round of attempts."""
    failed = list(Job.objects.filter(status=Job.Status.FAILED).values_list("image_key", flat=True))
    given_up = Q(decode_attempts__gte=settings.JOB_MAX_ATTEMPTS, prepared_at=None)
    again = list(Image.objects.filter(Q(pk__in=failed) | given_up).values_list("pk", flat=True))
    jobs.requeue_failed(again)
    Image.objects.filter(pk__in=again, prepared_at=None).update(decode_attempts=0, unreadable_reason="")
    Scan.objects.filter(images__in=again).update(analysis_finished_at=None)
