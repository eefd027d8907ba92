"""What the reader does: verdict, draft, signature, next scan; one who comes second is told and keeps their text."""

import re

import pytest
from django.urls import reverse

from scans import pipeline
from scans.models import Diagnosis, Report, Review, Scan
from tests.factories import ImageFactory, MembershipFactory, UserFactory

HTMX = {"HX-Request": "true"}


@pytest.fixture
def scan(two_hospitals, make_scan):
    return make_scan(two_hospitals.north.hospital)


@pytest.fixture
def reader(two_hospitals, as_person):
    return as_person(two_hospitals.north.radiologist)


@pytest.fixture
def colleague(two_hospitals):
    person = UserFactory(name="Dr Colleague")
    MembershipFactory(user=person, hospital=two_hospitals.north.hospital)
    return person


def act(client, name, scan, data, **options):
    """Send what the page sends: the fields, and the images it shows."""
    shown = {"image": [image.pk for image in scan.images.all()]}
    return client.post(reverse(name, args=[scan.pk]), shown | data, **options)


def verdict(scan, word="accept", **more):
    return {"verdict": word, "diagnosis": Diagnosis.objects.get(image__scan=scan).pk, **more}


@pytest.mark.parametrize(
    ("stated", "recorded", "words"),
    [
        ({"word": "accept"}, ("accept", ""), "Accepted"),
        ({"word": "reject"}, ("reject", ""), "Rejected"),
        ({"word": "amend", "label": "covid19"}, ("amend", "covid19"), "Amended to COVID-19"),
        ({"word": "cannot_tell"}, ("cannot_tell", ""), "Could not be judged"),
    ],
)
def test_a_verdict_is_recorded_and_shown(scan, reader, stated, recorded, words):
    response = act(reader, "scan_verdict", scan, verdict(scan, **stated), headers=HTMX)

    review = Review.objects.get(scan=scan)
    assert (review.verdict, review.label) == recorded
    assert words in response.content.decode()


def test_amend_without_a_label_says_what_is_missing_and_keeps_the_choice_open(scan, reader):
    response = act(reader, "scan_verdict", scan, verdict(scan, "amend"), headers=HTMX)

    assert response.status_code == 422
    assert "Choose the label you read." in response.content.decode()
    assert not Review.objects.exists()


def test_a_label_left_in_the_list_does_not_spoil_another_verdict(scan, reader):
    assert act(reader, "scan_verdict", scan, verdict(scan, label="covid19"), headers=HTMX).status_code == 200


@pytest.mark.parametrize("named", ["00000000-0000-0000-0000-000000000000", "rubbish"])
def test_a_verdict_on_a_result_of_another_scan_is_refused(scan, reader, named):
    response = act(reader, "scan_verdict", scan, {"verdict": "accept", "diagnosis": named}, headers=HTMX)

    assert response.status_code == 422
    assert not Review.objects.exists()


def test_without_htmx_a_verdict_leads_back_to_the_page(scan, reader):
    response = act(reader, "scan_verdict", scan, verdict(scan))

    assert response["Location"] == reverse("scan", args=[scan.pk])
    assert Review.objects.exists()


def test_a_draft_is_kept_and_shown_again(scan, reader):
    response = act(reader, "scan_draft", scan, {"findings": "  Left base", "impression": ""}, headers=HTMX)

    assert "Draft saved" in response.content.decode()
    assert Report.objects.get(scan=scan).findings == "  Left base"
    assert "Left base" in reader.get(reverse("scan", args=[scan.pk])).content.decode()


def test_a_text_that_is_too_long_is_not_cut_but_refused(scan, reader):
    response = act(reader, "scan_draft", scan, {"findings": "x" * 20_001, "impression": ""}, headers=HTMX)

    assert response.status_code == 422
    assert "Not saved" in response.content.decode()
    assert not Report.objects.exists()


def test_signing_opens_the_next_scan(scan, reader, two_hospitals, make_scan):
    following = make_scan(two_hospitals.north.hospital)
    act(reader, "scan_verdict", scan, verdict(scan))

    response = act(reader, "scan_sign", scan, {"findings": "", "impression": "Clear."}, headers=HTMX)

    assert response["HX-Redirect"] == reverse("scan", args=[following.pk])
    scan.refresh_from_db()
    assert not scan.is_awaiting_review


def test_an_image_that_came_after_the_page_was_opened_is_not_signed_for(scan, reader):
    act(reader, "scan_verdict", scan, verdict(scan))
    shown = re.findall(r'name="image" value="([^"]+)"', reader.get(reverse("scan", args=[scan.pk])).content.decode())
    ImageFactory(scan=scan)

    response = act(reader, "scan_sign", scan, {"impression": "Clear.", "image": shown}, headers=HTMX)

    assert response.status_code == 422
    assert "also has image 2" in response.content.decode()
    assert Scan.objects.get(pk=scan.pk).is_awaiting_review
    assert Report.objects.get(scan=scan).impression == "Clear."
    assert act(reader, "scan_sign", scan, {"impression": "Clear."}).status_code == 302


@pytest.mark.parametrize("name", ["scan_verdict", "scan_draft", "scan_sign"])
def test_nothing_is_recorded_in_the_name_of_somebody_who_did_not_open_the_page(
    name, scan, reader, colleague, as_person
):
    page = reader.get(reverse("scan", args=[scan.pk])).content.decode()
    opened_by = re.findall(r'name="reader" value="([^"]+)" form="([^"]+)"', page)
    assert [form for _, form in opened_by] == ["verdict-form", "report-form"]
    stated = verdict(scan, impression="Clear.", reader=opened_by[0][0])

    for headers in (HTMX, {}):
        answer = act(as_person(colleague), name, scan, stated, headers=headers, follow=True)
        assert "somebody else has signed in" in answer.content.decode()
    assert not Review.objects.exists()
    assert not Report.objects.exists()


def test_signing_the_last_one_leads_to_the_list(scan, reader):
    act(reader, "scan_verdict", scan, verdict(scan))

    response = act(reader, "scan_sign", scan, {"impression": "Clear."})

    assert response["Location"] == reverse("worklist")
    assert "No other scan is waiting." in reader.get(reverse("worklist")).content.decode()


@pytest.mark.parametrize(
    ("has_verdict", "impression", "words"),
    [(False, "Clear.", "your verdict"), (True, " ", "an impression to sign")],
)
def test_what_is_missing_is_said_and_the_text_is_kept(scan, reader, has_verdict, impression, words):
    if has_verdict:
        act(reader, "scan_verdict", scan, verdict(scan))

    response = act(reader, "scan_sign", scan, {"findings": "Kept", "impression": impression}, headers=HTMX)

    assert response.status_code == 422
    assert words in response.content.decode()
    assert Report.objects.get(scan=scan).findings == "Kept"
    assert Scan.objects.get(pk=scan.pk).is_awaiting_review


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_the_second_signer_is_told_who_was_first_and_keeps_their_text(scan, reader, colleague, two_hospitals, headers):
    finding = Diagnosis.objects.get(image__scan=scan)
    act(reader, "scan_verdict", scan, verdict(scan))
    pipeline.record_verdict(scan, reader=colleague, verdict="reject", diagnosis=finding)
    pipeline.sign(scan, author=colleague, findings="", impression="Theirs.")

    response = act(reader, "scan_sign", scan, {"findings": "Mine, kept", "impression": "Mine."}, headers=headers)

    page = response.content.decode()
    assert response.status_code == 409
    assert "Dr Colleague" in page
    assert "Theirs." in page
    own = Report.objects.get(scan=scan, author=two_hospitals.north.radiologist)
    assert (own.status, own.findings) == ("draft", "Mine, kept")
    assert "Mine, kept" in reader.get(reverse("scan", args=[scan.pk])).content.decode()


def test_a_reported_scan_is_read_only_with_signer_and_time(scan, reader):
    act(reader, "scan_verdict", scan, verdict(scan))
    act(reader, "scan_sign", scan, {"impression": "Clear."})

    page = reader.get(reverse("scan", args=[scan.pk])).content.decode()

    assert "<textarea" not in page
    assert "Final. Signed by North radiologist" in page
    assert "not verified" not in page
    assert "the model's answer was accepted" in page or "the model&#x27;s answer was accepted" in page
    assert act(reader, "scan_verdict", scan, verdict(scan, "reject"), headers=HTMX).status_code == 422


def test_next_goes_on_from_here_wraps_round_and_ends_at_the_list(two_hospitals, make_scan, reader):
    first, second = (make_scan(two_hospitals.north.hospital) for _ in range(2))
    make_scan(two_hospitals.south.hospital)

    assert reader.get(reverse("next_scan", args=[first.pk]))["Location"] == reverse("scan", args=[second.pk])
    assert reader.get(reverse("next_scan", args=[second.pk]))["Location"] == reverse("scan", args=[first.pk])
    Scan.objects.filter(pk=second.pk).update(status="reported")
    assert reader.get(reverse("next_scan", args=[first.pk]))["Location"] == reverse("worklist")
