"""The technician's page: one answer per file, a repeated send harmless, a refusal at its file."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from scans.models import Image, Scan
from scans.workflow.errors import StorageFull
from tests.pictures import dicom_bytes, png_bytes

FILE = reverse("upload_file")
PAGE = reverse("upload")


@pytest.fixture
def technician(two_hospitals, as_person):
    return as_person(two_hospitals.north.technician)


@pytest.fixture
def stated(two_hospitals):
    return {"hospital": two_hospitals.north.hospital.pk, "priority": 3, "patient_mrn": "MRN1"}


def film(name="film.png", content=None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, png_bytes() if content is None else content)


def test_one_file_becomes_a_scan_and_the_answer_says_where_it_is(technician, stated):
    response = technician.post(FILE, {**stated, "images": film(), "priority": 1, "view": "AP"})

    scan = Scan.objects.get()
    assert response.status_code == 201
    assert response.json()["url"] == reverse("scan", args=[scan.pk])
    assert (scan.priority, scan.door, scan.patient.mrn) == (1, "page", "MRN1")
    assert scan.images.get().view == "AP"


def test_a_dicom_file_fills_the_patient_by_itself(technician, stated):
    response = technician.post(FILE, {**stated, "patient_mrn": "", "images": film("a.dcm", dicom_bytes())})

    assert response.status_code == 201
    assert Scan.objects.get().patient.mrn


def test_a_picture_without_a_patient_is_refused_with_the_remedy(technician, stated):
    response = technician.post(FILE, {**stated, "patient_mrn": "", "images": film()})

    assert response.status_code == 422
    assert "Enter the MRN" in response.json()["detail"]
    assert not Scan.objects.exists()


@pytest.mark.parametrize("content", [b"", b"no picture at all"])
def test_what_is_no_picture_is_refused_with_a_reason(technician, stated, content):
    response = technician.post(FILE, {**stated, "images": film("notes.txt", content)})

    assert response.status_code == 422
    assert response.json()["detail"].startswith("Expected")
    assert not Image.objects.exists()


def test_the_same_send_again_gets_the_first_answer_and_makes_nothing_new(technician, stated):
    answers = [
        technician.post(FILE, {**stated, "images": film()}, headers={"Idempotency-Key": "once"}).json()
        for _ in range(2)
    ]

    assert answers[0] == answers[1]
    assert Scan.objects.count() == 1


def test_the_same_key_with_another_file_is_refused(technician, stated):
    technician.post(FILE, {**stated, "images": film()}, headers={"Idempotency-Key": "once"})

    response = technician.post(FILE, {**stated, "images": film("other.png")}, headers={"Idempotency-Key": "once"})

    assert response.status_code == 422
    assert "Idempotency-Key" in response.json()["detail"]


def test_a_full_disk_is_said_in_words_and_can_be_tried_again(technician, stated, monkeypatch):
    def refuse(files):
        raise StorageFull(expected="room on the disk", received="a full disk", remedy="Keep the files.")

    monkeypatch.setattr("scans.pipeline.store_files", refuse)

    response = technician.post(FILE, {**stated, "images": film()})

    assert response.status_code == 507
    assert "Keep the files" in response.json()["detail"]


def test_files_that_share_a_study_make_one_scan(technician, stated):
    for name in ("frontal.png", "lateral.png"):
        technician.post(FILE, {**stated, "images": film(name), "study_instance_uid": "2.25.77", "one_scan": "on"})

    assert Scan.objects.get().images.count() == 2


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("study_instance_uid", "not a uid", "Expected a DICOM UID"),
        ("patient_birth_date", "2999-01-01", "one in the future"),
        ("priority", "9", "9 is not one of the available choices"),
    ],
)
def test_a_field_that_cannot_be_is_refused_with_the_reason(technician, stated, field, value, words):
    response = technician.post(FILE, {**stated, "images": film(), field: value})

    assert response.status_code == 422
    assert words in response.json()["detail"]
    assert field in response.json()["fields"]


def test_nobody_sends_to_a_hospital_they_do_not_work_for(technician, stated, two_hospitals):
    response = technician.post(FILE, {**stated, "images": film(), "hospital": two_hospitals.south.hospital.pk})

    assert response.status_code == 422
    assert not Scan.objects.exists()
    assert two_hospitals.south.hospital.name not in technician.get(PAGE).content.decode()


def test_without_javascript_one_bad_file_among_several_leaves_the_others_in(technician, stated):
    files = [film("one.png"), film("bad.png", b"no picture"), film("two.png")]

    response = technician.post(PAGE, {**stated, "images": files})

    page = response.content.decode()
    assert response.status_code == 200
    assert "2 accepted, 1 refused." in page
    assert "bad.png" in page
    assert Scan.objects.count() == 2


def test_without_javascript_files_of_one_scan_make_one_scan(technician, stated):
    technician.post(PAGE, {**stated, "images": [film("one.png"), film("two.png")], "one_scan": "on"})

    assert Scan.objects.get().images.count() == 2


def test_without_javascript_no_file_at_all_is_said_at_the_field(technician, stated):
    response = technician.post(PAGE, stated)

    assert response.status_code == 422
    assert "Choose the files to send" in response.content.decode()


def test_the_arrival_line_asks_again_until_the_analysis_has_ended(two_hospitals, make_scan, technician):
    waiting = make_scan(two_hospitals.north.hospital, diagnosed=False)
    finished = make_scan(two_hospitals.north.hospital)

    assert "data-poll" in technician.get(reverse("upload_status", args=[waiting.pk])).content.decode()
    assert "data-poll" not in technician.get(reverse("upload_status", args=[finished.pk])).content.decode()
