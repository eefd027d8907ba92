"""Whose film it is: form, file and record must speak of one person."""

import datetime

import pytest

from scans.models import Patient, Scan
from tests.pictures import dicom_bytes, png_bytes
from tests.scans.workflow.sending import upload

pytestmark = pytest.mark.django_db


def test_dicom_fills_the_form(two_hospitals):
    receipt = upload(two_hospitals.north, ("film.dcm", dicom_bytes()))

    patient = receipt.scan.patient
    assert (patient.mrn, patient.name, str(patient.birth_date), patient.sex) == (
        "MRN1",
        "Phantom^Grey",
        "1970-01-01",
        "O",
    )
    assert receipt.scan.accession_number == "ACC1"
    assert receipt.images[0].view == "PA"


def test_without_an_mrn_a_film_is_refused(two_hospitals):
    receipt = upload(two_hospitals.north, ("film.png", png_bytes()))

    assert receipt.scan is None
    assert "MRN" in receipt.refused[0].detail


@pytest.mark.parametrize(
    "stated",
    [{"patient_mrn": "MRN2"}, {"patient_mrn": "MRN1", "patient_birth_date": datetime.date(1971, 1, 1)}],
    ids=["other MRN", "other birth date"],
)
def test_a_form_that_contradicts_the_file_is_refused(two_hospitals, stated):
    receipt = upload(two_hospitals.north, ("film.dcm", dicom_bytes()), **stated)

    assert [refusal.code for refusal in receipt.refused] == ["patient_mismatch"]
    assert not Patient.objects.exists()


def test_another_birth_date_under_a_known_mrn_is_refused(two_hospitals):
    upload(two_hospitals.north, ("film.dcm", dicom_bytes()))
    other = dicom_bytes(PatientBirthDate="19800101", SOPInstanceUID="1.2.3.9", StudyInstanceUID="1.2.3.8")
    receipt = upload(two_hospitals.north, ("film.dcm", other))

    assert [refusal.code for refusal in receipt.refused] == ["patient_mismatch"]
    assert Scan.objects.count() == 1


def test_another_name_under_a_known_mrn_is_taken_and_told_to_the_reader(two_hospitals):
    upload(two_hospitals.north, ("film.dcm", dicom_bytes()))
    other = dicom_bytes(PatientName="Phantom^Green", SOPInstanceUID="1.2.3.9", StudyInstanceUID="1.2.3.8")
    receipt = upload(two_hospitals.north, ("film.dcm", other))

    assert receipt.scan.patient.name == "Phantom^Grey"
    assert "Phantom^Green" in receipt.scan.identity_note


def test_the_same_name_written_otherwise_is_the_same_name(two_hospitals):
    upload(two_hospitals.north, ("film.dcm", dicom_bytes()))
    receipt = upload(two_hospitals.north, ("film.png", png_bytes()), patient_mrn="MRN1", patient_name="Grey PHANTOM")

    assert receipt.scan.identity_note == ""


def test_files_of_two_patients_in_one_submission_do_not_become_one_scan(two_hospitals):
    other = dicom_bytes(PatientID="MRN2", SOPInstanceUID="1.2.3.9")
    receipt = upload(two_hospitals.north, ("one.dcm", dicom_bytes()), ("two.dcm", other))

    assert [refusal.name for refusal in receipt.refused] == ["two.dcm"]
    assert Patient.objects.count() == 1
