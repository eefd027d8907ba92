"""POST scans/: what is taken, what is refused, and at which file."""

import hashlib
import io

import pytest

from accounts.models import AuditEntry
from accounts.roles import Ability, Role
from scans import storage
from scans.models import Image, Patient, Priority, Scan
from tests.callers import SCANS, film, machine_of, post_scan, session_of
from tests.factories import MembershipFactory
from tests.pictures import dicom_bytes, png_bytes


def test_a_film_becomes_a_scan_with_everything_the_sender_stated(machine, north):
    answer = post_scan(
        machine,
        patient_name="Doe^Jane",
        patient_birth_date="1960-01-02",
        patient_sex="F",
        view="PA",
        priority="stat",
        indication="cough",
        accession_number="A1",
        study_instance_uid="1.2.3",
    )
    assert answer.status_code == 201
    body = answer.json()
    scan = Scan.objects.get(pk=body["id"])
    assert body["status"] == "received"
    assert body["url"] == answer["Location"] == f"http://testserver{SCANS}{scan.pk}/"
    assert (scan.hospital, scan.submitted_by, scan.door) == (north.hospital, north.integrator, "api")
    assert (scan.priority, scan.indication, scan.accession_number) == (Priority.STAT, "cough", "A1")
    assert scan.study_instance_uid == "1.2.3"
    assert (scan.patient.mrn, scan.patient.name, scan.patient.sex) == ("MRN1", "Doe^Jane", "F")
    assert scan.patient.birth_date.isoformat() == "1960-01-02"
    assert scan.images.get().view == "PA"


def test_the_stored_original_is_the_bytes_that_were_sent(machine):
    content = png_bytes()
    received = post_scan(machine, film(content=content)).json()["images"][0]
    assert received["sha256"] == hashlib.sha256(content).hexdigest()
    with storage.open_original(Image.objects.get(pk=received["id"])) as original:
        assert original.read() == content


def test_one_bad_file_among_twenty_leaves_nineteen_in(machine):
    good = [film(f"{number}.png", png_bytes(seed=number)) for number in range(19)]
    body = post_scan(machine, *good[:7], film("notes.txt", b"not a picture"), *good[7:]).json()
    assert len(body["images"]) == Scan.objects.get().images.count() == 19
    (refused,) = body["refused"]
    assert refused["name"] == "notes.txt"
    assert refused["code"] == "not_an_image"
    assert all(refused[part] for part in ("detail", "expected", "received", "remedy"))


def test_an_empty_file_is_refused_at_that_file_only(machine):
    body = post_scan(machine, film("empty.png", b""), film()).json()
    assert [refusal["name"] for refusal in body["refused"]] == ["empty.png"]
    assert len(body["images"]) == 1


def test_a_file_over_the_limit_is_refused_at_that_file_only(machine, settings):
    settings.UPLOAD_MAX_BYTES_PER_FILE = 200_000
    body = post_scan(machine, film("long.png", png_bytes() + bytes(1_000_000)), film()).json()
    assert [(refusal["name"], refusal["code"]) for refusal in body["refused"]] == [("long.png", "too_many_bytes")]
    assert len(body["images"]) == 1


@pytest.mark.parametrize("name", ["..", ".", "\x1f", "../../etc/passwd", "a" * 300 + ".png", "\u202egnp.exe"])
def test_a_file_is_taken_whatever_its_name_and_the_name_is_no_path(machine, name):
    named = io.BytesIO(png_bytes())
    named.name = name
    (image,) = post_scan(machine, named).json()["images"]
    assert 0 < len(image["name"]) <= 255
    assert not set(image["name"]) & set("/\\\u202e\x1f")


def test_when_every_file_is_refused_nothing_is_stored_but_the_audit_line(machine):
    answer = post_scan(machine, film("a.txt", b"no"), film("b.txt", b"no"))
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert [refusal["name"] for refusal in answer.json()["refused"]] == ["a.txt", "b.txt"]
    assert not Scan.objects.exists()
    assert not Patient.objects.exists()
    assert AuditEntry.objects.filter(action="scan.refused").count() == 1


def test_a_dicom_file_fills_what_the_form_leaves_out(machine):
    body = post_scan(machine, film("film.dcm", dicom_bytes(PatientID="D7")), patient_mrn="").json()
    assert Scan.objects.get(pk=body["id"]).patient.mrn == "D7"


def test_a_known_dicom_instance_answers_200_with_the_same_id(machine):
    content = dicom_bytes(PatientID="MRN1")
    first = post_scan(machine, film("film.dcm", content))
    again = post_scan(machine, film("film.dcm", content))
    assert (first.status_code, first.json()["repeat"]) == (201, False)
    assert (again.status_code, again.json()["repeat"]) == (200, True)
    assert first.json()["id"] == again.json()["id"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("priority", "soon"),
        ("patient_birth_date", "02.01.1960"),
        ("patient_birth_date", "9999-12-31"),
        ("patient_sex", "X"),
        ("patient_mrn", "M" * 65),
        ("patient_mrn", "a\x00b"),
        ("view", "pa/../x"),
        ("study_instance_uid", "../../etc/passwd"),
        ("study_instance_uid", "1." * 33),
        ("accession_number", "A" * 65),
        ("hospital", "south"),
        ("hospital", "nowhere"),
        # Mass assignment: the caller may not set what the desk sets.
        ("status", "reported"),
        ("door", "page"),
        ("is_synthetic", "true"),
        ("submitted_by", "somebody"),
        ("id", "6f1e0e5e-0000-4000-8000-000000000000"),
        ("priorty", "stat"),
    ],
)
def test_a_bad_or_unknown_field_is_named_and_nothing_is_stored(machine, field, value):
    answer = post_scan(machine, **{field: value})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not Scan.objects.exists()
    assert not AuditEntry.objects.filter(action__startswith="scan.").exists()


def test_two_values_for_one_field_are_refused_because_either_would_be_a_guess(machine):
    answer = post_scan(machine, patient_mrn=["MRN1", "MRN2"])
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["patient_mrn"]


def test_a_submission_without_files_is_refused(machine):
    answer = machine.post(SCANS, {"patient_mrn": "MRN1"})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["images"]


def test_who_may_submit_at_several_hospitals_says_at_which(north, south):
    person = north.technician
    MembershipFactory(user=person, hospital=south.hospital, role=Role.TECHNICIAN)
    unsaid = post_scan(session_of(person))
    assert unsaid.status_code == 400
    assert "north or south" in unsaid.json()["errors"]["hospital"][0]
    assert post_scan(session_of(person), hospital="south").status_code == 201
    assert Scan.objects.get().hospital == south.hospital


def test_a_key_submits_at_its_own_hospital_whatever_its_owner_may_elsewhere(north, south):
    MembershipFactory(user=north.integrator, hospital=south.hospital, role=Role.INTEGRATOR)
    machine = machine_of(north.integrator, north.hospital)
    assert post_scan(machine, hospital="south").status_code == 400
    assert post_scan(machine).status_code == 201
    assert Scan.objects.get().hospital == north.hospital


def test_who_may_see_at_one_hospital_and_submit_at_another_submits_only_there(north, south):
    MembershipFactory(user=north.radiologist, hospital=south.hospital, role=Role.TECHNICIAN)
    assert post_scan(session_of(north.radiologist), hospital="north").status_code == 400
    assert post_scan(session_of(north.radiologist)).status_code == 201
    assert Scan.objects.get().hospital == south.hospital


def test_a_session_must_bring_its_csrf_token(north):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(north.technician)
    answer = post_scan(browser)
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]
    assert not Scan.objects.exists()


def test_a_key_that_may_only_submit_cannot_read_what_it_sent(north):
    machine = machine_of(north.integrator, north.hospital, [Ability.SUBMIT_SCANS])
    sent = post_scan(machine)
    assert sent.status_code == 201
    assert machine.get(sent.json()["url"]).status_code == 403
