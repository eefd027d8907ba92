"""What the lists and records of the API show, how they are paged, and the trail they leave."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from scans.api.fields import NOTICE
from scans.models import Scan
from tests.callers import SCANS, session_of
from tests.factories import DiagnosisFactory, ImageFactory, JobFactory, PatientFactory, ScanFactory

PATIENTS = "/api/v1/patients/"


@pytest.fixture
def reader(north):
    return session_of(north.radiologist)


def ids(answer) -> set[str]:
    assert answer.status_code == 200, answer.content
    return {row["id"] for row in answer.json()["results"]}


def test_a_scan_shows_what_the_model_said_about_each_image(reader, north):
    diagnosis = DiagnosisFactory(
        image__scan__hospital=north.hospital, lineage={"image_sha256": "ab"}, image__scan__priority=1
    )
    scan = diagnosis.image.scan
    body = reader.get(f"{SCANS}{scan.pk}/").json()
    assert (body["id"], body["priority"], body["status"]) == (str(scan.pk), "stat", "received")
    assert body["hospital"] == "north"
    assert body["patient"]["mrn"] == scan.patient.mrn
    assert body["notice"] == NOTICE
    (image,) = body["images"]
    assert image["analysis"] == {"state": "done", "reason": ""}
    (said,) = image["diagnoses"]
    assert (said["outcome"], said["label"], said["reason"]) == ("finding", "pneumonia", "")
    assert said["probabilities"] == {"covid19": 0.05, "pneumonia": 0.9, "normal": 0.05}
    assert said["explanation"] == diagnosis.explanation
    assert said["lineage"] == {"image_sha256": "ab"}
    assert said["model_version"]["weights_sha256"] == diagnosis.model_version.weights_sha256
    assert said["notice"] == NOTICE


def test_a_failed_analysis_is_said_with_its_reason_and_the_scan_stays_readable(reader, north):
    image = ImageFactory(scan__hospital=north.hospital)
    JobFactory(image_key=image.pk, status="failed", error="The worker stopped.")
    (shown,) = reader.get(f"{SCANS}{image.scan_id}/").json()["images"]
    assert shown["analysis"] == {"state": "failed", "reason": "The worker stopped."}
    assert shown["diagnoses"] == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("priority=stat", {"stat"}),
        ("status=reported", {"reported"}),
        ("patient_mrn=M7", {"mrn"}),
        ("accession_number=A7", {"accession"}),
        ("received_before=2020-01-01T00:00:00Z", {"old"}),
        ("received_after=2020-01-01T00:00:00Z", {"stat", "reported", "mrn", "accession"}),
        ("hospital=north", {"stat", "reported", "mrn", "accession", "old"}),
        ("hospital=south", set()),
        ("priority=stat&status=reported", set()),
    ],
)
def test_scans_can_be_narrowed(reader, north, query, found):
    old = datetime.datetime(2019, 1, 1, tzinfo=datetime.UTC)
    at = {"hospital": north.hospital}
    scans = {
        "stat": ScanFactory(**at, priority=1),
        "reported": ScanFactory(**at, status="reported"),
        "mrn": ScanFactory(**at, patient__mrn="M7"),
        "accession": ScanFactory(**at, accession_number="A7"),
        "old": ScanFactory(**at, received_at=old),
    }
    assert ids(reader.get(f"{SCANS}?{query}")) == {str(scans[name].pk) for name in found}


@pytest.mark.parametrize(
    "query",
    ["mrn=M7", "patient_mrn=", "status=done", "priority=1", "received_after=yesterday", "patient_mrn=%00", "page=2"],
)
def test_a_bad_or_unknown_parameter_is_refused_instead_of_listing_everybody(reader, north, query):
    ScanFactory(hospital=north.hospital)
    answer = reader.get(f"{SCANS}?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [query.partition("=")[0]]


@pytest.mark.parametrize("page_size", [1, 2, 3, 7])
def test_pages_show_every_scan_once_newest_first_also_when_scans_arrive_meanwhile(reader, north, page_size):
    at = timezone.now()
    for hours in (0, 1, 1, 1, 1, 2, 3):  # four at the same moment
        ScanFactory(hospital=north.hospital, received_at=at - datetime.timedelta(hours=hours))
    expected = [str(scan.pk) for scan in Scan.objects.order_by("-received_at", "-id")]
    seen: list[str] = []
    url = f"{SCANS}?page_size={page_size}"
    while url:
        page = reader.get(url).json()
        assert len(page["results"]) <= page_size
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
        ScanFactory(hospital=north.hospital)
    assert seen == expected


def test_a_page_has_at_most_200_rows(reader, north):
    patient = PatientFactory(hospital=north.hospital)
    ScanFactory.create_batch(201, hospital=north.hospital, patient=patient, submitted_by=north.technician)
    page = reader.get(f"{SCANS}?page_size=200").json()
    assert len(page["results"]) == 200
    assert page["next"]


@pytest.mark.parametrize("page_size", ["201", "0", "-1", "many", "٣", "9" * 5000])
def test_a_page_size_that_is_no_number_from_1_to_200_is_refused(reader, page_size):
    answer = reader.get(SCANS, {"page_size": page_size})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["page_size"]


@pytest.mark.parametrize("cursor", ["x", "cD1hYmM=", "cD0lMDA=", "bz0tMQ==", "bz05OTk5OTk5OTk5OTk5"])
def test_a_cursor_that_is_not_ours_is_refused(reader, north, cursor):
    ScanFactory(hospital=north.hospital)
    answer = reader.get(f"{SCANS}?cursor={cursor}")
    assert answer.status_code in (400, 404) or (answer.status_code == 200 and not answer.json()["results"])


def test_a_time_before_the_year_1_in_utc_finds_nothing_or_is_refused(reader, north):
    ScanFactory(hospital=north.hospital)
    answer = reader.get(SCANS, {"received_before": "0001-01-01T00:00:00+02:07"})
    # SQLite's driver cannot state such a time, PostgreSQL's can.
    assert answer.status_code == 400 or answer.json()["results"] == []


def test_a_patient_shows_their_scans_newest_first(reader, north):
    patient = PatientFactory(hospital=north.hospital)
    old = ScanFactory(hospital=north.hospital, patient=patient, received_at=timezone.now() - datetime.timedelta(days=1))
    new = ScanFactory(hospital=north.hospital, patient=patient)
    body = reader.get(f"{PATIENTS}{patient.pk}/").json()
    assert [scan["id"] for scan in body["scans"]] == [str(new.pk), str(old.pk)]
    assert ids(reader.get(f"{PATIENTS}?mrn={patient.mrn}")) == {str(patient.pk)}
    assert ids(reader.get(f"{PATIENTS}?mrn=nobody")) == set()


def counted(reader, path) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert reader.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize("path", [SCANS, PATIENTS, "/api/v1/reviews/", "/api/v1/reports/"])
def test_a_list_costs_the_same_queries_for_one_row_as_for_many(reader, north, path):
    def fill(count):
        for _ in range(count):
            scan = DiagnosisFactory(image__scan__hospital=north.hospital).image.scan
            scan.reviews.create(reader=north.radiologist, verdict="accept")
            scan.reports.create(author=north.radiologist)

    fill(1)
    reader.get(path)
    few = counted(reader, path)
    fill(7)
    assert counted(reader, path) == few


def test_an_opened_scan_costs_the_same_queries_for_one_image_as_for_many(reader, north):
    scan = DiagnosisFactory(image__scan__hospital=north.hospital).image.scan
    path = f"{SCANS}{scan.pk}/"
    few = counted(reader, path)
    for _ in range(4):
        DiagnosisFactory(image__scan=scan)
    assert counted(reader, path) == few
    assert len(reader.get(path).json()["images"]) == 5


def test_opening_a_record_leaves_one_audit_line_naming_the_patient_by_opaque_id(reader, north):
    scan = ScanFactory(hospital=north.hospital)
    reader.get(f"{SCANS}{scan.pk}/")
    line = AuditEntry.objects.get(action="scan.viewed")
    assert (line.actor, line.hospital, line.patient_id) == (north.radiologist, north.hospital, scan.patient_id)
    assert line.object_id == str(scan.pk)


@pytest.mark.parametrize("path", [SCANS, PATIENTS, f"{SCANS}6f1e0e5e-0000-4000-8000-000000000000/"])
def test_no_browser_or_proxy_may_keep_an_answer(reader, path):
    assert "no-store" in reader.get(path)["Cache-Control"]


@pytest.mark.parametrize("path", [SCANS, PATIENTS])
def test_a_list_leaves_one_audit_line_naming_each_patient_it_showed(reader, north, south, path):
    shown = [ScanFactory(hospital=north.hospital) for _ in range(3)]
    ScanFactory(hospital=south.hospital)
    reader.get(path)
    line = AuditEntry.objects.get(action="list.viewed")
    assert line.hospital == north.hospital
    assert line.detail["patients"] == sorted(str(scan.patient_id) for scan in shown)


def test_opening_a_patient_leaves_an_audit_line(reader, north):
    patient = PatientFactory(hospital=north.hospital)
    reader.get(f"{PATIENTS}{patient.pk}/")
    line = AuditEntry.objects.get(action="list.viewed")
    assert line.detail == {"what": "patient", "patients": [str(patient.pk)]}
