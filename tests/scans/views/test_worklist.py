"""The worklist: order, filters, paging, constant queries, one audit line per list."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from inference import stops
from scans.models import Priority, ScanStatus
from scans.views import worklist
from tests.factories import ImageFactory, JobFactory, PatientFactory, ScanFactory

ROWS = reverse("worklist_rows")


def shown(response) -> list[str]:
    return [str(row.scan.pk) for row in response.context["rows"]]


def ids(*scans) -> list[str]:
    return [str(scan.pk) for scan in scans]


def minutes_ago(minutes: int):
    return timezone.now() - datetime.timedelta(minutes=minutes)


def test_stat_stands_before_urgent_before_routine_and_the_longest_wait_first(two_hospitals, make_scan, as_person):
    north = two_hospitals.north
    late = make_scan(north.hospital, received_at=minutes_ago(5))
    early = make_scan(north.hospital, received_at=minutes_ago(50))
    urgent = make_scan(north.hospital, priority=Priority.URGENT, received_at=minutes_ago(1))
    stat = make_scan(north.hospital, priority=Priority.STAT, received_at=minutes_ago(0))

    response = as_person(north.radiologist).get(reverse("worklist"))

    assert shown(response) == ids(stat, urgent, early, late)


def test_a_scan_waits_whatever_the_model_said_or_did(two_hospitals, make_scan, as_person):
    north = two_hospitals.north
    analysed = make_scan(north.hospital)
    pending = make_scan(north.hospital, diagnosed=False, status=ScanStatus.RECEIVED)
    failed = make_scan(north.hospital, diagnosed=False, status=ScanStatus.AWAITING_REVIEW)
    JobFactory(image_key=failed.images.get().pk, status="failed", error="The worker stopped in each of 3 attempts.")
    off = ScanFactory(hospital=north.hospital, analysis_finished_at=timezone.now(), status=ScanStatus.AWAITING_REVIEW)
    ImageFactory(scan=off)

    response = as_person(north.radiologist).get(ROWS)

    assert set(shown(response)) == set(ids(analysed, pending, failed, off))
    for words in ("Pneumonia of another cause", "Waiting for analysis", "Analysis failed", "Model off"):
        assert words in response.content.decode()


def test_reported_scans_are_reached_by_the_filter_only(two_hospitals, make_scan, as_person):
    north = two_hospitals.north
    waiting = make_scan(north.hospital)
    old = make_scan(north.hospital, status=ScanStatus.REPORTED, received_at=minutes_ago(90))
    new = make_scan(north.hospital, status=ScanStatus.REPORTED, received_at=minutes_ago(9))
    client = as_person(north.radiologist)

    assert shown(client.get(ROWS)) == ids(waiting)
    assert shown(client.get(ROWS, {"status": "reported"})) == ids(new, old)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "lovel"}, "named"),
        ({"q": "MRN-X"}, "by_mrn"),
        ({"q": "ACC9"}, "by_accession"),
        ({"priority": "1"}, "named"),
        ({"status": "received"}, "by_mrn"),
    ],
)
def test_a_filter_or_search_narrows_the_whole_set(two_hospitals, make_scan, as_person, query, expected):
    hospital = two_hospitals.north.hospital
    scans = {
        "named": make_scan(hospital, patient=PatientFactory(hospital=hospital, name="Lovelace, Ada"), priority=1),
        "by_mrn": make_scan(hospital, patient=PatientFactory(hospital=hospital, mrn="MRN-X1"), status="received"),
        "by_accession": make_scan(hospital, accession_number="ACC99"),
    }

    response = as_person(two_hospitals.north.radiologist).get(ROWS, query)

    assert shown(response) == ids(scans[expected])


def test_a_filter_that_is_not_understood_shows_nothing_and_says_so(two_hospitals, make_scan, as_person):
    make_scan(two_hospitals.north.hospital)

    response = as_person(two_hospitals.north.radiologist).get(reverse("worklist"), {"status": "eaten"})

    assert shown(response) == []
    assert "eaten is not one of the available choices" in response.content.decode()


def test_the_hospital_filter_offers_and_finds_only_ones_own(two_hospitals, make_scan, as_person):
    north, south = two_hospitals.north, two_hospitals.south
    make_scan(north.hospital)
    foreign = make_scan(south.hospital)

    response = as_person(north.radiologist).get(reverse("worklist"), {"hospital": south.hospital.pk})

    assert str(foreign.pk) not in response.content.decode()
    assert south.hospital.name not in response.content.decode()


def test_pages_follow_each_other_without_gap_or_repeat(two_hospitals, make_scan, as_person, monkeypatch):
    monkeypatch.setattr(worklist, "PAGE_SIZE", 2)
    north = two_hospitals.north
    same = minutes_ago(3)
    for number in range(5):
        make_scan(north.hospital, priority=1 + number % 3, received_at=same)
    client = as_person(north.radiologist)

    seen, query = [], ""
    for _ in range(3):
        response = client.get(f"{ROWS}?{query}")
        seen += shown(response)
        query = response.context["next_page"]

    assert query == ""
    assert len(seen) == len(set(seen)) == 5


def test_the_place_after_a_foreign_scan_does_not_exist(two_hospitals, make_scan, as_person):
    foreign = make_scan(two_hospitals.south.hospital)
    client = as_person(two_hospitals.north.radiologist)

    assert client.get(ROWS, {"after": foreign.pk}).status_code == 404
    assert client.get(ROWS, {"after": "rubbish"}).status_code == 404


def count_queries(client) -> tuple[int, list[str]]:
    with CaptureQueriesContext(connection) as queries:
        response = client.get(reverse("worklist"))
    assert response.status_code == 200
    return len(response.context["rows"]), [query["sql"] for query in queries]


def test_queries_are_as_many_for_fifty_rows_as_for_five_and_none_counts_the_table(two_hospitals, make_scan, as_person):
    north = two_hospitals.north
    for _ in range(5):
        make_scan(north.hospital)
    client = as_person(north.radiologist)
    client.get(ROWS)
    few, at_five = count_queries(client)
    for _ in range(45):
        make_scan(north.hospital)

    many, at_fifty = count_queries(client)

    assert (few, many) == (5, 50)
    assert len(at_fifty) == len(at_five) <= 20
    assert not [sql for sql in at_fifty if "COUNT(" in sql.upper()]


def test_opening_the_list_leaves_one_audit_line_and_a_refresh_only_one_for_somebody_new(
    two_hospitals, make_scan, as_person
):
    north = two_hospitals.north
    scan = make_scan(north.hospital)
    client = as_person(north.radiologist)
    lines = AuditEntry.objects.filter(action="list.viewed")

    client.get(reverse("worklist"))
    client.get(ROWS)
    client.get(ROWS)
    assert lines.count() == 1
    assert lines.get().detail["patients"] == [str(scan.patient_id)]

    newcomer = make_scan(north.hospital)
    client.get(ROWS)
    assert lines.count() == 2
    assert str(newcomer.patient_id) in lines.first().detail["patients"]


def test_the_list_says_where_the_model_is_stopped_and_why(two_hospitals, make_scan, as_person):
    north, south = two_hospitals.north, two_hospitals.south
    make_scan(north.hospital)
    stops.stop(north.hospital, stopped_by=north.hospital_admin, reason="It calls everything COVID.")

    for address in (reverse("worklist"), ROWS):
        page = as_person(north.radiologist).get(address).content.decode()
        assert "The model is stopped at North Hospital since" in page
        assert "It calls everything COVID." in page
        assert "It calls everything COVID." not in as_person(south.radiologist).get(address).content.decode()
    stops.resume(north.hospital, resumed_by=north.hospital_admin, reason="Mended.")
    assert "Read without the model." not in as_person(north.radiologist).get(ROWS).content.decode()
