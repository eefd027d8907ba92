"""Scans that ended badly, or in another worker's hands, while somebody still held them."""

import contextlib
import signal

import pytest

from inference.engine import read
from inference.models import Job
from scans import pipeline, storage
from scans.models import Image, Priority, Scan, ScanStatus
from scans.workflow import diagnosis

pytestmark = pytest.mark.django_db


class WorkerKilled(BaseException):
    """Stands for a signal: no handler of the product runs."""


def killed(*_: object, **__: object) -> None:
    raise WorkerKilled(signal.SIGKILL)


def test_after_the_cause_is_mended_failed_scans_are_read_though_their_decoder_had_been_given_up(
    two_hospitals, active_model, send, settings
):
    scan = send(two_hospitals.north)
    image = scan.images.get()
    Job.objects.update(status=Job.Status.FAILED, attempts=settings.JOB_MAX_ATTEMPTS)
    Image.objects.update(decode_attempts=settings.JOB_MAX_ATTEMPTS)
    pipeline.diagnose(str(scan.pk))
    image.refresh_from_db()
    assert "stopped the decoder" in image.unreadable_reason

    assert pipeline.requeue(include_failed=False) == 0
    assert pipeline.requeue(include_failed=True) == 1
    pipeline.diagnose(str(scan.pk))

    image.refresh_from_db()
    assert image.is_prepared
    assert image.unreadable_reason == ""
    assert image.diagnoses.get().reason != "decoder_stopped"


def test_a_picture_given_up_without_a_model_is_tried_again_on_request(two_hospitals, send, settings):
    scan = send(two_hospitals.north)
    Image.objects.update(decode_attempts=settings.JOB_MAX_ATTEMPTS)
    pipeline.diagnose(str(scan.pk))
    assert not scan.images.get().is_prepared

    assert pipeline.requeue(include_failed=True) == 1
    pipeline.diagnose(str(scan.pk))

    assert scan.images.get().is_prepared


def test_a_worker_that_dies_with_a_scan_another_one_finished_does_not_send_it_round_again(
    two_hospitals, active_model, send, monkeypatch
):
    scan = send(two_hospitals.north)
    as_the_late_worker_read_it = Scan.objects.get(pk=scan.pk)
    pipeline.diagnose(str(scan.pk))

    monkeypatch.setattr(diagnosis, "_run_image", killed)
    monkeypatch.setattr(diagnosis, "settle", killed)
    with contextlib.suppress(WorkerKilled):
        diagnosis._run_scan(as_the_late_worker_read_it)

    scan.refresh_from_db()
    assert scan.status == ScanStatus.AWAITING_REVIEW


def test_a_picture_that_cannot_be_prepared_now_does_not_hold_up_its_neighbours(two_hospitals, send, monkeypatch):
    bad = send(two_hospitals.north, priority=Priority.STAT).images.get()
    good = send(two_hospitals.north, priority=Priority.ROUTINE)
    decode = read.read_picture

    def out_of_memory(path):
        if path == storage.original_path(bad):
            raise MemoryError
        return decode(path)

    Image.objects.filter(pk=bad.pk).update(sha256="0" * 64)
    bad.refresh_from_db()
    monkeypatch.setattr(read, "read_picture", out_of_memory)
    pipeline.diagnose(str(good.pk))

    assert good.images.get().is_prepared
    bad.refresh_from_db()
    assert (bad.decode_attempts, bad.unreadable_reason) == (1, "")


def given_up(image: Image, attempts: int) -> Image:
    """Return the image as a worker sees it that comes when others have begun to decode it so often."""
    seen = Image.objects.get(pk=image.pk)
    seen.decode_attempts, seen.prepared_at = attempts, None
    return seen


@pytest.mark.parametrize("is_others_first", [True, False])
def test_many_workers_at_one_picture_do_not_give_it_up(two_hospitals, send, settings, monkeypatch, is_others_first):
    image = send(two_hospitals.north).images.get()
    decode = read.read_picture

    def meanwhile(path):
        monkeypatch.setattr(read, "read_picture", decode)
        if is_others_first:
            diagnosis._prepare_without_model(given_up(image, settings.JOB_MAX_ATTEMPTS))
        return decode(path)

    monkeypatch.setattr(read, "read_picture", meanwhile)
    diagnosis._prepare_without_model(image)
    if not is_others_first:
        diagnosis._prepare_without_model(given_up(image, settings.JOB_MAX_ATTEMPTS))

    image.refresh_from_db()
    assert image.is_prepared
    assert image.unreadable_reason == ""
