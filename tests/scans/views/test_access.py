"""Who may open what: every page of the record as a table of person and status."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry

PAGES = ["worklist", "worklist_rows", "upload"]
OF_A_SCAN = ["scan", "scan_live", "upload_status", "next_scan"]
ACTS = ["scan_verdict", "scan_draft", "scan_sign"]
PICTURES = ["image_rendition", "image_thumbnail", "image_original"]

# Who gets what: pages that list, pages of one scan of North, acts on it, its pictures.
STATUSES = {
    "north.radiologist": {
        "worklist": 200,
        "upload": 403,
        "scan": 200,
        "upload_status": 403,
        "act": 200,
        "picture": 200,
    },
    "north.technician": {"worklist": 200, "upload": 200, "scan": 200, "upload_status": 200, "act": 403, "picture": 200},
    "north.integrator": {"worklist": 200, "upload": 200, "scan": 200, "upload_status": 200, "act": 403, "picture": 200},
    "north.hospital_admin": {
        "worklist": 403,
        "upload": 403,
        "scan": 403,
        "upload_status": 403,
        "act": 403,
        "picture": 403,
    },
    "north.model_manager": {
        "worklist": 403,
        "upload": 403,
        "scan": 403,
        "upload_status": 403,
        "act": 403,
        "picture": 403,
    },
    "south.radiologist": {
        "worklist": 200,
        "upload": 403,
        "scan": 404,
        "upload_status": 403,
        "act": 404,
        "picture": 404,
    },
    "south.technician": {"worklist": 200, "upload": 200, "scan": 404, "upload_status": 404, "act": 403, "picture": 404},
    "stranger": {"worklist": 403, "upload": 403, "scan": 403, "upload_status": 403, "act": 403, "picture": 403},
}


def person_of(two_hospitals, path):
    person = two_hospitals
    for part in path.split("."):
        person = getattr(person, part)
    return person


@pytest.mark.parametrize("who", STATUSES)
def test_each_person_reaches_exactly_their_pages(who, two_hospitals, make_scan, with_files, as_person):
    scan = make_scan(two_hospitals.north.hospital)
    image, diagnosis = with_files(scan)
    client = as_person(person_of(two_hospitals, who))
    found = {
        "worklist": {client.get(reverse(name)).status_code for name in ("worklist", "worklist_rows")},
        "upload": {client.get(reverse("upload")).status_code},
        "scan": {client.get(reverse(name, args=[scan.pk])).status_code for name in ("scan", "scan_live")},
        "upload_status": {client.get(reverse("upload_status", args=[scan.pk])).status_code},
        "act": {
            client.post(
                reverse(name, args=[scan.pk]),
                {"verdict": "accept", "diagnosis": diagnosis.pk, "impression": "Seen.", "image": image.pk},
                headers={"HX-Request": "true"},
            ).status_code
            for name in ACTS
        },
        "picture": {client.get(reverse(name, args=[image.pk])).status_code for name in PICTURES}
        | {client.get(reverse("heatmap", args=[diagnosis.pk])).status_code},
    }

    assert found == {name: {status} for name, status in STATUSES[who].items()}


@pytest.mark.parametrize("name", [*PAGES, *OF_A_SCAN])
def test_nobody_signed_out_sees_anything(name, two_hospitals, make_scan):
    scan = make_scan(two_hospitals.north.hospital)
    arguments = [scan.pk] if name in OF_A_SCAN else []

    response = Client().get(reverse(name, args=arguments))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_a_role_at_another_hospital_gives_no_right_to_act(two_hospitals, make_scan, as_person):
    # A technician of North who reads for South sees North's scan and may not judge it.
    person = two_hospitals.north.technician
    person.memberships.create(hospital=two_hospitals.south.hospital, role="radiologist")
    scan = make_scan(two_hospitals.north.hospital)
    client = as_person(person)

    assert client.get(reverse("scan", args=[scan.pk])).status_code == 200
    for name in ACTS:
        assert client.post(reverse(name, args=[scan.pk]), {"verdict": "cannot_tell"}).status_code == 403


def test_opening_a_scan_leaves_a_line_each_time_and_its_parts_leave_none(
    two_hospitals, make_scan, with_files, as_person
):
    scan = make_scan(two_hospitals.north.hospital)
    image, diagnosis = with_files(scan)
    client = as_person(two_hospitals.north.radiologist)
    lines = AuditEntry.objects.filter(action="scan.viewed", object_id=str(scan.pk))

    client.get(reverse("scan", args=[scan.pk]))
    client.get(reverse("scan_live", args=[scan.pk]))
    client.get(reverse("image_rendition", args=[image.pk]))
    client.get(reverse("heatmap", args=[diagnosis.pk]))
    assert lines.count() == 1
    client.get(reverse("scan", args=[scan.pk]))
    assert lines.count() == 2


@pytest.mark.parametrize("name", [*PICTURES, "heatmap", "scan_live"])
def test_an_address_typed_by_hand_leaves_a_line_of_its_own(name, two_hospitals, make_scan, with_files, as_person):
    scan = make_scan(two_hospitals.north.hospital)
    image, diagnosis = with_files(scan)
    argument = {"heatmap": diagnosis.pk, "scan_live": scan.pk}.get(name, image.pk)

    assert as_person(two_hospitals.north.radiologist).get(reverse(name, args=[argument])).status_code == 200

    line = AuditEntry.objects.get(action="scan.viewed")
    assert (line.object_id, line.patient_id) == (str(scan.pk), scan.patient_id)
