"""Diagnosis: once per image and model version, recorded with its lineage, and never in the reader's way."""

import datetime
import hashlib
import io

import pytest
from django.utils import timezone
from PIL import Image as PillowImage

from inference import jobs, registry
from inference.engine import synthetic
from inference.engine.errors import EngineBusy
from inference.models import Job, JobStatus
from scans import pipeline, storage
from scans.models import Diagnosis, Image, Outcome, Priority, Scan, ScanStatus
from scans.models.analysis import analyses_of
from scans.workflow import diagnosis
from tests.pictures import dicom_bytes, png_bytes

pytestmark = pytest.mark.django_db


def film(seed: int = 1) -> bytes:
    return png_bytes(synthetic.sample("normal", seed))


def state_of(scan: Scan) -> str:
    (image,) = scan.images.all()
    return analyses_of([image])[str(image.pk)].state


def test_a_film_ends_with_one_diagnosis_and_its_whole_lineage(two_hospitals, active_model, send):
    scan = send(two_hospitals.north, content=film())
    diagnosis.run(scan.pk)

    scan.refresh_from_db()
    found = Diagnosis.objects.get()
    assert scan.status == ScanStatus.AWAITING_REVIEW
    assert scan.is_analysis_finished
    assert found.outcome in Outcome.values
    assert found.lineage["image_sha256"] == hashlib.sha256(film()).hexdigest()
    assert found.lineage["weights_sha256"] == active_model.weights_sha256
    assert {"preprocess_version", "graph_sha256", "calibration", "code_version", "device", "timings_ms"} <= set(
        found.lineage
    )
    assert Job.objects.get().status == JobStatus.DONE


def test_the_heat_map_lies_on_a_film_as_it_is_shown(two_hospitals, active_model, send):
    upright = PillowImage.fromarray(synthetic.sample("normal", 1)).resize((900, 1200))
    turned, content = PillowImage.Exif(), io.BytesIO()
    turned[0x0112] = 6  # stored on its side, to be shown turned by 90 degrees
    upright.rotate(90, expand=True).save(content, "JPEG", quality=95, exif=turned)
    scan = send(two_hospitals.north, content=content.getvalue(), name="film.jpg")
    diagnosis.run(scan.pk)

    with PillowImage.open(storage.rendition_path(scan.images.get())) as shown:
        assert shown.size == (900, 1200)
    with PillowImage.open(storage.heatmap_path(Diagnosis.objects.get())) as overlay:
        assert overlay.size == (384, 512)


@pytest.mark.parametrize("stated", ["LL", ""])
def test_a_lateral_film_gets_no_label_whether_form_or_file_says_so(two_hospitals, active_model, send, stated):
    content = dicom_bytes(ViewPosition="" if stated else "LL")
    scan = send(two_hospitals.north, content=content, view=stated)
    diagnosis.run(scan.pk)

    found = Diagnosis.objects.get()
    assert (found.outcome, found.label, found.reason) == (Outcome.NOT_ANALYSED, "", "lateral")
    assert scan.images.get().is_prepared


def test_probabilities_of_a_diagnosis_add_up_to_one(two_hospitals, active_model, send):
    for seed in range(4):
        diagnosis.run(send(two_hospitals.north, content=film(seed), patient_mrn=f"M{seed}").pk)

    analysed = Diagnosis.objects.exclude(outcome=Outcome.NOT_ANALYSED)
    assert analysed.exists()
    for found in analysed:
        assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-4)
        assert set(found.probabilities) == set(active_model.card["labels"])
        assert storage.heatmap_path(found).exists()


def test_running_twice_adds_nothing(two_hospitals, active_model, send):
    scan = send(two_hospitals.north, content=film())
    diagnosis.run(scan.pk)
    first = Diagnosis.objects.get()
    Scan.objects.update(analysis_finished_at=None)
    diagnosis.run(scan.pk)

    assert Diagnosis.objects.get() == first
    assert Job.objects.get().attempts == 1


def test_the_worker_makes_rendition_and_thumbnail_from_its_one_decode(two_hospitals, active_model, send, monkeypatch):
    decodes = []
    decode = diagnosis.read.read_picture
    monkeypatch.setattr(diagnosis.read, "read_picture", lambda path: decodes.append(path) or decode(path))
    scan = send(two_hospitals.north, content=dicom_bytes(), name="film.dcm")
    diagnosis.run(scan.pk)

    (image,) = scan.images.all()
    assert len(decodes) == 1
    with PillowImage.open(storage.rendition_path(image)) as rendition:
        assert rendition.size == (image.width, image.height)
    with PillowImage.open(storage.thumbnail_path(image)) as thumbnail:
        assert max(thumbnail.size) <= 256


def test_without_a_model_the_film_is_prepared_and_waits_for_its_reader(two_hospitals, active_model, send):
    type(active_model).objects.update(status="retired")
    scan = send(two_hospitals.north, content=film())
    diagnosis.run(scan.pk)

    scan.refresh_from_db()
    assert scan.status == ScanStatus.AWAITING_REVIEW
    assert scan.images.get().is_prepared
    assert not Diagnosis.objects.exists()
    assert state_of(scan) == "off"


def test_pixels_that_do_not_decode_are_not_analysed_and_say_why(two_hospitals, active_model, send):
    damaged = bytearray(film())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 40] = bytes(40)
    scan = send(two_hospitals.north, content=bytes(damaged))
    diagnosis.run(scan.pk)

    found = Diagnosis.objects.get()
    scan.refresh_from_db()
    assert (found.outcome, found.reason, found.label) == (Outcome.NOT_ANALYSED, "undecodable", "")
    assert scan.images.get().unreadable_reason == found.explanation
    assert scan.status == ScanStatus.AWAITING_REVIEW


def test_a_model_that_fails_is_tried_again_and_then_visibly_failed(
    two_hospitals, active_model, send, settings, monkeypatch
):
    settings.JOB_BACKOFF_SECONDS = 0

    def busy(version):
        raise EngineBusy(expected="an answer", received="none", remedy="Try again later")

    monkeypatch.setattr(registry, "predictor_for", busy)
    scan = send(two_hospitals.north, content=film())
    states = []
    for _ in range(settings.JOB_MAX_ATTEMPTS):
        diagnosis.run(scan.pk)
        states.append(state_of(scan))

    scan.refresh_from_db()
    assert states == ["waiting", "waiting", "failed"]
    assert scan.status == ScanStatus.AWAITING_REVIEW
    assert scan.images.get().is_prepared
    assert not Diagnosis.objects.exists()

    monkeypatch.undo()
    assert pipeline.requeue(include_failed=True) == 1
    diagnosis.run(scan.pk)
    assert Diagnosis.objects.count() == 1


def test_a_late_worker_is_fenced_out_and_writes_nothing(two_hospitals, active_model, send, monkeypatch):
    scan = send(two_hospitals.north, content=film())
    predictor = registry.predictor_for(active_model)

    class Slow:
        """The lease runs out during the prediction and another worker takes the job over."""

        def predict(self, picture, *, view):
            Job.objects.update(lease_expires_at=timezone.now() - datetime.timedelta(seconds=1))
            assert jobs.claim(Job.objects.get().pk)
            return predictor.predict(picture, view=view)

    monkeypatch.setattr(registry, "predictor_for", lambda version: Slow())
    diagnosis.run(scan.pk)

    assert not Diagnosis.objects.exists()
    assert Job.objects.get().status == JobStatus.RUNNING
    scan.refresh_from_db()
    assert not scan.is_analysis_finished


def test_a_picture_that_stops_its_decoder_every_time_is_given_up_and_stays_readable(two_hospitals, send, settings):
    scan = send(two_hospitals.north, content=film())
    Image.objects.update(decode_attempts=settings.JOB_MAX_ATTEMPTS)
    diagnosis.run(scan.pk)

    scan.refresh_from_db()
    assert "stopped the decoder" in scan.images.get().unreadable_reason
    assert scan.status == ScanStatus.AWAITING_REVIEW


def test_a_reported_scan_is_still_analysed_and_stays_reported(two_hospitals, active_model, send):
    scan = send(two_hospitals.north, content=film())
    pipeline.sign(scan, author=two_hospitals.north.radiologist, findings="", impression="Clear.")
    diagnosis.run(scan.pk)

    scan.refresh_from_db()
    assert scan.status == ScanStatus.REPORTED
    assert Diagnosis.objects.count() == 1


def test_stat_is_read_before_urgent_before_routine(two_hospitals, active_model, send):
    routine = send(two_hospitals.north, content=film(1), patient_mrn="R")
    urgent = send(two_hospitals.north, content=film(2), patient_mrn="U", priority=Priority.URGENT)
    stat = send(two_hospitals.south, content=film(3), patient_mrn="S", priority=Priority.STAT)
    diagnosis.run(routine.pk)

    order = Diagnosis.objects.order_by("created_at").values_list("image__scan", flat=True)
    assert list(order) == [stat.pk, urgent.pk, routine.pk]


def test_the_sweeper_rings_for_what_is_unfinished_and_was_not_rung_lately(two_hospitals, send):
    lost, fresh, finished = (send(two_hospitals.north, content=film(n), patient_mrn=f"M{n}") for n in range(3))
    long_ago = timezone.now() - datetime.timedelta(hours=1)
    Scan.objects.exclude(pk=fresh.pk).update(rung_at=long_ago)
    Scan.objects.filter(pk=finished.pk).update(analysis_finished_at=timezone.now())

    assert diagnosis.overdue() == [lost.pk]
    assert diagnosis.overdue() == []


def test_an_unknown_scan_is_no_error(db):
    diagnosis.run("00000000-0000-0000-0000-000000000000")
