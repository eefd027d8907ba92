"""reports/: written and signed by radiologists as themselves; a final report is never edited."""

import pytest

from accounts.models import ApiKey, Membership
from accounts.roles import Ability, Role
from scans.models import Report, ReportStatus
from tests.callers import machine_of, session_of
from tests.factories import ImageFactory, MembershipFactory, ScanFactory, UserFactory

REPORTS = "/api/v1/reports/"
TEXT = {"findings": "Clear lungs.", "impression": "No acute finding."}


@pytest.fixture
def scan(north):
    return ScanFactory(hospital=north.hospital)


@pytest.fixture
def author(north):
    return session_of(north.radiologist)


@pytest.fixture
def colleague(north):
    person = UserFactory()
    MembershipFactory(user=person, hospital=north.hospital, role=Role.RADIOLOGIST)
    return session_of(person)


def post(client, path=REPORTS, **body):
    return client.post(path, body, content_type="application/json")


def patch(client, report, **body):
    return client.patch(f"{REPORTS}{report['id']}/", body, content_type="application/json")


def sign(client, report, images_seen=(), **body):
    return post(client, f"{REPORTS}{report['id']}/sign/", images_seen=list(images_seen), **body)


def test_draft_change_sign(author, scan, north):
    draft = post(author, scan=scan.pk, findings="Clear lungs.")
    assert (draft.status_code, draft.json()["status"]) == (201, "draft")
    changed = patch(author, draft.json(), impression="No acute finding.")
    assert (changed.json()["findings"], changed.json()["impression"]) == ("Clear lungs.", "No acute finding.")
    signed = sign(author, draft.json())
    assert (signed.status_code, signed.json()["status"]) == (200, "final")
    assert signed.json()["signer_name"] == north.radiologist.name
    report = Report.objects.get()
    assert (report.findings, report.impression) == (TEXT["findings"], TEXT["impression"])
    scan.refresh_from_db()
    assert scan.status == "reported"


def test_signing_takes_the_text_that_is_sent_with_it(author, scan):
    draft = post(author, scan=scan.pk).json()
    assert sign(author, draft, **TEXT).json()["impression"] == TEXT["impression"]


def test_an_image_that_is_not_among_those_seen_is_not_signed_for(author, scan):
    seen, _ = ImageFactory(scan=scan), ImageFactory(scan=scan)
    answer = sign(author, post(author, scan=scan.pk, **TEXT).json(), images_seen=[seen.pk])
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:lightbox:problem:unseen_image")
    assert Report.objects.get().status == ReportStatus.DRAFT


def test_a_signed_report_answers_409_to_every_change(author, scan):
    report = post(author, scan=scan.pk, **TEXT).json()
    sign(author, report)
    answers = [patch(author, report, findings="x"), sign(author, report), post(author, scan=scan.pk, findings="x")]
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert Report.objects.get().findings == TEXT["findings"]


def test_an_empty_report_cannot_be_signed(author, scan):
    answer = sign(author, post(author, scan=scan.pk).json())
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:lightbox:problem:empty_report")


def test_of_two_radiologists_the_second_to_sign_hears_who_was_first(author, colleague, scan, north):
    first, second = post(author, scan=scan.pk, **TEXT).json(), post(colleague, scan=scan.pk, **TEXT).json()
    assert sign(author, first).status_code == 200
    answer = sign(colleague, second)
    assert answer.status_code == 409
    assert north.radiologist.name in answer.json()["received"]


def test_a_draft_is_its_authors_alone_until_it_is_preliminary(author, colleague, scan):
    draft = post(author, scan=scan.pk, **TEXT).json()
    path = f"{REPORTS}{draft['id']}/"
    assert colleague.get(path).status_code == 404
    assert colleague.get(REPORTS).json()["results"] == []
    patch(author, draft, preliminary=True)
    assert colleague.get(path).json()["status"] == "preliminary"
    assert patch(author, draft, findings="More.").json()["status"] == "preliminary"


def test_a_colleagues_text_can_be_neither_changed_nor_signed(author, colleague, scan):
    shown = post(author, scan=scan.pk, preliminary=True, **TEXT).json()
    assert patch(colleague, shown, findings="x").status_code == 404
    assert sign(colleague, shown).status_code == 404
    assert Report.objects.get().status == ReportStatus.PRELIMINARY


@pytest.mark.parametrize("field", ["status", "author", "signer_name", "signed_at", "digest", "review", "id"])
def test_what_the_desk_sets_cannot_be_sent(author, scan, field):
    draft = post(author, scan=scan.pk, **TEXT).json()
    answers = [
        post(author, scan=scan.pk, **{field: "final"}),
        patch(author, draft, **{field: "final"}),
        sign(author, draft, **{field: "final"}),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert all(list(answer.json()["errors"]) == [field] for answer in answers)
    assert Report.objects.get().status == ReportStatus.DRAFT


def test_another_hospitals_scan_is_unknown(author, south):
    answer = post(author, scan=ScanFactory(hospital=south.hospital).pk, **TEXT)
    assert list(answer.json()["errors"]) == ["scan"]
    assert not Report.objects.exists()


def test_who_reads_at_one_hospital_and_signs_at_another_signs_only_there(north, south, scan):
    person = south.radiologist
    MembershipFactory(user=person, hospital=north.hospital, role=Role.TECHNICIAN)
    assert post(session_of(person), scan=scan.pk, **TEXT).status_code == 400
    assert not Report.objects.exists()


def test_who_lost_the_role_no_longer_changes_their_own_draft(author, scan, north):
    draft = post(author, scan=scan.pk, **TEXT).json()
    Membership.objects.filter(user=north.radiologist).update(role=Role.TECHNICIAN)
    assert patch(author, draft, findings="x").status_code == 403
    assert sign(author, draft).status_code == 403


def test_no_key_signs_not_even_one_whose_row_says_so(author, scan, north):
    draft = post(author, scan=scan.pk, **TEXT).json()
    machine = machine_of(north.radiologist, north.hospital)
    ApiKey.objects.update(scopes=[Ability.SIGN_REPORTS, Ability.VIEW_SCANS])
    answers = [post(machine, scan=scan.pk), patch(machine, draft, findings="x"), sign(machine, draft)]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert Report.objects.get().status == ReportStatus.DRAFT
