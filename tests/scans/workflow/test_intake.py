"""Intake: what is received is durable and whole, what is refused leaves nothing, and nobody gets another's film."""

import datetime
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import AuditEntry
from inference.models import Job
from scans import pipeline, storage
from scans.models import IdempotencyKey, Image, Patient, Priority, Scan, ScanStatus
from scans.workflow.intake import display_name
from tests.factories import ModelVersionFactory
from tests.pictures import corpus, dicom_bytes, good_pictures, phantom, png_bytes, polyglot_preambles
from tests.scans.workflow.sending import upload

pytestmark = pytest.mark.django_db


def files_on_disk(settings) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("name", "content"), list(good_pictures()), ids=lambda value: value if type(value) is str else ""
)
def test_every_kind_of_film_is_taken_and_kept_byte_for_byte(two_hospitals, name, content):
    receipt = upload(two_hospitals.north, (name, content), patient_mrn="MRN1")

    (image,) = receipt.images
    stored = storage.original_path(image).read_bytes()
    is_dicom = name.endswith(".dcm")
    assert stored == (bytes(128) + content[128:] if is_dicom else content)
    assert image.sha256 == hashlib.sha256(stored).hexdigest()
    assert image.received_sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("name", "content", "code"), list(corpus()), ids=lambda value: value if type(value) is str else ""
)
def test_every_bad_file_is_refused_with_its_reason_and_leaves_nothing(two_hospitals, settings, name, content, code):
    receipt = upload(two_hospitals.north, (name, content), patient_mrn="MRN1")

    (refusal,) = receipt.refused
    assert receipt.scan is None
    assert refusal.code == code
    assert refusal.expected
    assert refusal.received
    assert refusal.remedy
    assert not Scan.objects.exists()
    assert not Patient.objects.exists()
    assert files_on_disk(settings) == []


def test_a_file_over_the_byte_limit_is_refused_before_it_is_whole_on_the_disk(two_hospitals, settings):
    settings.UPLOAD_MAX_BYTES_PER_FILE = 1000
    receipt = upload(two_hospitals.north, ("large.png", png_bytes()), patient_mrn="MRN1")

    assert [refusal.code for refusal in receipt.refused] == ["too_many_bytes"]
    assert files_on_disk(settings) == []


def test_one_bad_file_among_twenty_leaves_nineteen_in(two_hospitals):
    files = [(f"film{number}.png", png_bytes(seed=number)) for number in range(19)]
    receipt = upload(two_hospitals.north, *files[:7], ("notes.txt", b"not a film"), *files[7:], patient_mrn="MRN1")

    assert len(receipt.images) == 19
    assert [image.number for image in receipt.images] == list(range(1, 20))
    assert [refusal.name for refusal in receipt.refused] == ["notes.txt"]


def test_a_full_disk_refuses_and_stores_nothing(two_hospitals, settings, monkeypatch):
    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.IncomingFile, "sync", full)
    with pytest.raises(pipeline.RecordError, match="full disk"):
        upload(two_hospitals.north, ("film.png", png_bytes()), patient_mrn="MRN1")
    assert not Scan.objects.exists()
    assert files_on_disk(settings) == []


def test_a_scan_its_jobs_and_its_audit_line_appear_together(two_hospitals):
    ModelVersionFactory(status="active")
    receipt = upload(two_hospitals.north, ("film.png", png_bytes()), patient_mrn="MRN1", priority=Priority.STAT)

    assert receipt.scan.status == ScanStatus.RECEIVED
    assert receipt.scan.priority == Priority.STAT
    assert Job.objects.get().image_key == receipt.images[0].pk
    line = AuditEntry.objects.get(action="scan.received")
    assert (line.actor, line.patient_id) == (two_hospitals.north.technician, receipt.scan.patient_id)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_leaves_no_scan(two_hospitals):
    stored = pipeline.store_files([SimpleUploadedFile("film.png", png_bytes())])
    submission = pipeline.Submission(
        hospital=two_hospitals.north.hospital,
        submitted_by=two_hospitals.north.technician,
        door="api",
        patient_mrn="MRN1",
    )

    def receive_and_fail() -> None:
        with transaction.atomic():
            pipeline.receive(submission, stored)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        receive_and_fail()
    assert not Scan.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_hospital_where_the_model_is_stopped_opens_no_job(two_hospitals):
    ModelVersionFactory(status="active")
    pipeline.stop_model(
        two_hospitals.north.hospital, stopped_by=two_hospitals.north.hospital_admin, reason="It is wrong."
    )
    upload(two_hospitals.north, ("film.png", png_bytes()), patient_mrn="MRN1")

    assert not Job.objects.exists()


@pytest.mark.parametrize("preamble", polyglot_preambles().values(), ids=polyglot_preambles())
def test_a_program_in_the_preamble_is_not_stored(two_hospitals, preamble):
    receipt = upload(two_hospitals.north, ("film.dcm", dicom_bytes(preamble=preamble)))

    with storage.open_original(receipt.images[0]) as stored:
        assert stored.read(132) == bytes(128) + b"DICM"


def test_the_same_instance_again_is_the_same_scan(two_hospitals):
    first = upload(two_hospitals.north, ("film.dcm", dicom_bytes()))
    again = upload(two_hospitals.north, ("copy.dcm", dicom_bytes(preamble=b"MZ".ljust(128, b"\0"))))

    assert again.is_repeat
    assert again.scan == first.scan
    assert Image.objects.count() == 1


def test_other_bytes_under_a_known_instance_are_refused_and_the_first_kept(two_hospitals):
    first = upload(two_hospitals.north, ("film.dcm", dicom_bytes()))
    changed = upload(two_hospitals.north, ("film.dcm", dicom_bytes(phantom(seed=5))))

    assert [refusal.code for refusal in changed.refused] == ["instance_conflict"]
    assert storage.original_path(first.images[0]).read_bytes() == dicom_bytes()


def test_two_hospitals_may_hold_the_same_instance(two_hospitals):
    north = upload(two_hospitals.north, ("film.dcm", dicom_bytes()))
    south = upload(two_hospitals.south, ("film.dcm", dicom_bytes()))

    assert north.scan != south.scan
    assert south.scan.patient != north.scan.patient


def test_images_of_one_study_become_one_scan_with_the_higher_priority(two_hospitals):
    first = upload(two_hospitals.north, ("pa.dcm", dicom_bytes()))
    lateral = dicom_bytes(SOPInstanceUID="1.2.3.9", ViewPosition="LL")
    second = upload(two_hospitals.north, ("ll.dcm", lateral), priority=Priority.STAT)

    assert second.scan == first.scan
    assert second.scan.priority == Priority.STAT
    assert [image.view for image in second.scan.images.all()] == ["PA", "LL"]


def test_a_late_image_of_a_reported_study_becomes_a_scan_of_its_own(two_hospitals):
    first = upload(two_hospitals.north, ("pa.dcm", dicom_bytes()))
    pipeline.sign(first.scan, author=two_hospitals.north.radiologist, findings="", impression="Clear.")
    late = upload(two_hospitals.north, ("ll.dcm", dicom_bytes(SOPInstanceUID="1.2.3.9")))

    assert late.scan != first.scan


def test_a_file_name_is_shown_without_paths_and_marks(two_hospitals):
    receipt = upload(two_hospitals.north, ("x.png", png_bytes()), patient_mrn="MRN1")
    assert receipt.images[0].original_name == "x.png"

    assert display_name("../../etc/\u202egnp.exe\x00") == "gnp.exe"
    assert len(display_name("a" * 400)) == 255


@pytest.mark.django_db(transaction=True)
def test_twenty_files_of_one_study_at_once_make_one_scan(two_hospitals):
    def send(number: int) -> None:
        try:
            upload(two_hospitals.north, ("film.dcm", dicom_bytes(SOPInstanceUID=f"1.2.3.{number + 1}")))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(20)))

    assert Scan.objects.get().images.count() == 20


@pytest.mark.django_db(transaction=True)
def test_one_instance_sent_many_times_at_once_is_stored_once(two_hospitals):
    def send(_: int) -> pipeline.Receipt:
        try:
            return upload(two_hospitals.north, ("film.dcm", dicom_bytes()))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(send, range(12)))

    assert len({receipt.scan.pk for receipt in receipts}) == 1
    assert Image.objects.count() == 1


def test_what_a_crash_left_behind_goes_after_a_day_and_nothing_else(two_hospitals, settings):
    known = storage.original_path(upload(two_hospitals.north, ("film.png", png_bytes()), patient_mrn="MRN1").images[0])
    pipeline.store_files([SimpleUploadedFile("lost.png", png_bytes(seed=9))])
    pipeline.store_files([SimpleUploadedFile("fresh.png", png_bytes(seed=10))])
    half = Path(settings.MEDIA_ROOT) / "incoming" / "half"
    half.write_bytes(b"half a film")
    fresh = max(files_on_disk(settings), key=lambda path: path.stat().st_mtime_ns if path != half else 0)
    for path in files_on_disk(settings):
        if path != fresh:
            os.utime(path, (0, 0))
    pipeline.tidy()

    assert set(files_on_disk(settings)) == {known, fresh}


def test_an_answer_is_remembered_for_a_week(two_hospitals):
    north = two_hospitals.north
    for days in (1, 8):
        IdempotencyKey.objects.create(
            user=north.integrator,
            hospital=north.hospital,
            key=f"{days} days old",
            created_at=timezone.now() - datetime.timedelta(days=days),
        )
    pipeline.tidy()

    assert [key.key for key in IdempotencyKey.objects.all()] == ["1 days old"]
