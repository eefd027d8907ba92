"""The demo: invented patients, synthetic films, sent once through the real pipeline."""

import io

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image as Picture
from pydicom import dcmread

from accounts.models import AuditEntry, Hospital, User
from inference.engine import synthetic
from scans import storage
from scans.demo import FILMS, file_of
from scans.models import Patient, Scan


@pytest.fixture
def embedded(settings, tmp_path):
    settings.EMBEDDED = True
    settings.STATE_DIR = tmp_path


def _create():
    said = io.StringIO()
    call_command("create_demo", stdout=said)
    return said.getvalue()


@pytest.fixture
def demo(db, embedded):
    return _create()


def test_a_dozen_scans_of_ten_patients_at_two_hospitals(demo):
    assert Hospital.objects.count() == 2
    assert Scan.objects.count() == 12
    assert Patient.objects.count() == 10
    assert Scan.objects.values("priority").distinct().count() == 3


def test_everyone_who_can_sign_in_is_named_with_the_password(demo):
    assert "12 synthetic scans of invented patients, 12 of them sent now." in demo
    password = demo.split("password of all is")[1].split()[0]
    for user in User.objects.all():
        assert user.email in demo
        assert user.check_password(password)


def test_a_second_run_adds_nothing(demo):
    before = (Scan.objects.count(), Patient.objects.count(), User.objects.count(), AuditEntry.objects.count())
    assert "0 of them sent now" in _create()
    assert (Scan.objects.count(), Patient.objects.count(), User.objects.count(), AuditEntry.objects.count()) == before


def test_every_scan_is_marked_synthetic_in_the_record(demo):
    assert not Scan.objects.filter(is_synthetic=False).exists()


def test_every_patient_is_clearly_invented(demo):
    assert all("Demo" in name for name in Patient.objects.values_list("name", flat=True))
    assert all(mrn.startswith("DEMO-") for mrn in Patient.objects.values_list("mrn", flat=True))


def test_some_patients_have_priors(demo):
    scans_of = [patient.scans.count() for patient in Patient.objects.all()]
    assert sorted(scans_of)[-2:] == [2, 2]


def test_some_films_are_dicom_and_bring_their_patient_themselves(demo):
    images = [image for scan in Scan.objects.all() for image in scan.images.filter(format="dicom")]
    assert len(images) == 2
    for image in images:
        assert image.scan.patient.name.replace("^", " ").startswith("Demo")
        assert image.view == "PA"
        header = dcmread(storage.original_path(image))
        assert header.StudyDescription == "SYNTHETIC CHEST, NO PATIENT"
        assert header.BurnedInAnnotation == "YES"


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.accession_number)
def test_every_film_says_synthetic_in_its_pixels(film):
    expected = synthetic.sample(film.label, seed=int(film.accession_number[-3:]))
    file = file_of(film)
    pixels = dcmread(io.BytesIO(file.read())).pixel_array >> 4 if film.is_dicom else np.asarray(Picture.open(file))
    corner = (slice(-34, None), slice(0, 178))
    assert np.array_equal(pixels[corner], expected[corner])
    assert pixels[corner].max() > 200 > 50 > np.median(pixels[corner])


def test_the_same_film_is_the_same_file():
    assert all(file_of(film).read() == file_of(film).read() for film in FILMS[:1] + FILMS[4:5])


def test_a_deployment_gets_no_demo_unless_it_is_asked_for(db, settings, tmp_path):
    settings.EMBEDDED, settings.STATE_DIR = False, tmp_path
    with pytest.raises(CommandError, match="DATABASE_URL"):
        _create()
    call_command("create_demo", outside_embedded_mode=True, stdout=io.StringIO())
    assert Scan.objects.count() == 12
