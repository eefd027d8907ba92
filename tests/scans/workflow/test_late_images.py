"""Images that arrive when their study is known: each is read and none is filed under a reading that never saw it."""

import pytest
from django.utils import timezone

from scans import pipeline
from scans.models import Scan, ScanStatus
from tests.pictures import dicom_bytes
from tests.scans.workflow.sending import upload

pytestmark = pytest.mark.django_db

KNOWN = ("pa.dcm", dicom_bytes())
NEW = ("ll.dcm", dicom_bytes(SOPInstanceUID="1.2.3.9"))


def test_a_new_image_sent_beside_one_of_a_reported_study_waits_to_be_read(two_hospitals):
    first = upload(two_hospitals.north, KNOWN)
    pipeline.sign(first.scan, author=two_hospitals.north.radiologist, findings="", impression="Clear.")

    both = upload(two_hospitals.north, KNOWN, NEW)

    assert both.scan != first.scan
    assert both.scan.is_awaiting_review
    assert [image.number for image in first.scan.images.all()] == [1]


@pytest.mark.parametrize("study", ["1.2.3.8", ""])
def test_a_new_image_sent_beside_a_known_one_sends_the_scan_round_again(two_hospitals, study):
    first = upload(two_hospitals.north, KNOWN)
    Scan.objects.update(analysis_finished_at=timezone.now(), status=ScanStatus.AWAITING_REVIEW)

    both = upload(two_hospitals.north, KNOWN, NEW, study_instance_uid=study)

    assert both.scan == first.scan
    assert list(Scan.objects.unfinished()) == [first.scan]


def test_what_is_stated_with_a_later_image_is_not_lost(two_hospitals):
    north = two_hospitals.north
    upload(north, ("pa.dcm", dicom_bytes(AccessionNumber="")))
    for _ in range(2):
        for number, indication in enumerate(("Fever.", "Pneumothorax?")):
            late = dicom_bytes(AccessionNumber="", SOPInstanceUID=f"1.2.3.{9 + number}")
            upload(north, ("late.dcm", late), indication=indication, accession_number="ACC7")

    scan = Scan.objects.get()
    assert scan.indication == "Fever.\nPneumothorax?"
    assert scan.accession_number == "ACC7"


def test_a_film_of_another_name_is_told_to_the_reader_whatever_the_form_says(two_hospitals):
    stated = {"patient_mrn": "MRN1", "patient_name": "Phantom^Green", "patient_sex": "F"}
    receipt = upload(two_hospitals.north, KNOWN, **stated)

    assert receipt.scan.patient.name == "Phantom^Green"
    assert "Phantom^Grey" in receipt.scan.identity_note
    assert "sex is O" in receipt.scan.identity_note


@pytest.mark.parametrize("is_one_submission", [True, False])
def test_a_later_image_of_another_name_is_told_to_the_reader(two_hospitals, is_one_submission):
    other = ("ll.dcm", dicom_bytes(PatientName="Phantom^Green", SOPInstanceUID="1.2.3.9"))
    submissions = [[KNOWN, other]] if is_one_submission else [[KNOWN], [other]]
    for files in submissions:
        upload(two_hospitals.north, *files)

    assert Scan.objects.get().identity_note == "Image 2: The film says the patient's name is “Phantom^Green”."
