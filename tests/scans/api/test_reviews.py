"""reviews/: radiologists answer the model's findings, as themselves."""

import pytest

from accounts.models import ApiKey, AuditEntry
from accounts.roles import KEY_SCOPES, Ability
from scans.models import Review
from tests.callers import machine_of, session_of
from tests.factories import DiagnosisFactory, ScanFactory

REVIEWS = "/api/v1/reviews/"


@pytest.fixture
def diagnosis(north):
    return DiagnosisFactory(image__scan__hospital=north.hospital)


@pytest.fixture
def reader(north):
    return session_of(north.radiologist)


def post(client, judged, **fields):
    body = {"scan": judged.image.scan_id, "diagnosis": judged.pk, "verdict": "accept", **fields}
    return client.post(REVIEWS, body, content_type="application/json")


def test_a_radiologist_records_a_verdict(reader, north, diagnosis):
    answer = post(reader, diagnosis, verdict="amend", label="normal", note="rotated film")
    assert answer.status_code == 201
    review = Review.objects.get()
    assert answer.json()["id"] == str(review.pk)
    assert (review.scan, review.diagnosis, review.reader) == (diagnosis.image.scan, diagnosis, north.radiologist)
    assert (review.verdict, review.label, review.note) == ("amend", "normal", "rotated film")
    assert AuditEntry.objects.get(action="review.recorded").address == "127.0.0.1"


def test_a_second_verdict_of_the_same_reader_replaces_the_first(reader, diagnosis):
    post(reader, diagnosis)
    post(reader, diagnosis, verdict="reject")
    assert Review.objects.get().verdict == "reject"


def test_a_verdict_that_does_not_fit_says_what_would(reader, diagnosis):
    answer = post(reader, diagnosis, verdict="amend")
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("bad_verdict")
    assert "covid19, pneumonia, normal" in answer.json()["expected"]


@pytest.mark.parametrize("field", ["reader", "recorded_at", "id", "hospital"])
def test_what_the_desk_sets_cannot_be_sent(reader, diagnosis, field):
    answer = post(reader, diagnosis, **{field: "2020-01-01"})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not Review.objects.exists()


def test_another_hospitals_scan_and_one_that_never_was_are_the_same_unknown(reader, south, diagnosis):
    foreign = ScanFactory(hospital=south.hospital)
    unknown = "6f1e0e5e-0000-4000-8000-000000000000"
    answers = [
        post(reader, diagnosis, scan=scan, diagnosis=None, verdict="cannot_tell") for scan in (foreign.pk, unknown)
    ]
    assert {answer.status_code for answer in answers} == {400}
    texts = [answer.json()["errors"]["scan"][0].replace(str(foreign.pk), unknown) for answer in answers]
    assert texts[0] == texts[1]
    assert not Review.objects.exists()


def test_another_hospitals_diagnosis_is_unknown(reader, south, diagnosis):
    foreign = DiagnosisFactory(image__scan__hospital=south.hospital)
    answer = post(reader, diagnosis, diagnosis=foreign.pk)
    assert list(answer.json()["errors"]) == ["diagnosis"]


def test_no_key_records_a_verdict_not_even_one_whose_row_says_so(north, diagnosis):
    assert not KEY_SCOPES & {Ability.REVIEW_SCANS, Ability.SIGN_REPORTS}
    machine = machine_of(north.radiologist, north.hospital)
    assert post(machine, diagnosis).status_code == 403
    ApiKey.objects.update(scopes=[Ability.REVIEW_SCANS, Ability.SIGN_REPORTS, Ability.VIEW_SCANS])
    assert post(machine, diagnosis).status_code == 403
    assert not Review.objects.exists()


def test_reviews_can_be_listed_for_one_scan_and_opening_one_is_audited(reader, diagnosis, north):
    post(reader, diagnosis)
    other = DiagnosisFactory(image__scan__hospital=north.hospital)
    post(reader, other)
    rows = reader.get(f"{REVIEWS}?scan={diagnosis.image.scan_id}").json()["results"]
    assert [row["scan"] for row in rows] == [str(diagnosis.image.scan_id)]
    assert reader.get(f"{REVIEWS}{rows[0]['id']}/").json() == rows[0]
    assert AuditEntry.objects.filter(action="scan.viewed", patient_id=diagnosis.image.scan.patient_id).count() == 1
