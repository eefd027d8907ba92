"""What the scan page says about picture, result and patient, in every state a scan can be in."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from scans import pipeline
from scans.models import Diagnosis, Image, Outcome, Scan
from tests.factories import ImageFactory, JobFactory, PatientFactory


@pytest.fixture
def reader(two_hospitals, as_person):
    return as_person(two_hospitals.north.radiologist)


@pytest.fixture
def page_of(reader):
    def get(scan) -> str:
        response = reader.get(reverse("scan", args=[scan.pk]))
        assert response.status_code == 200
        return " ".join(response.content.decode().split())

    return get


def test_every_result_says_what_it_is_and_is_not_without_a_click(two_hospitals, make_scan, page_of):
    scan = make_scan(two_hospitals.north.hospital)
    lineage = {"calibration": {"threshold": 0.8, "temperature": 1.1}}
    Diagnosis.objects.update(lineage=lineage)

    page = page_of(scan)

    for words in (
        "Pneumonia of another cause",
        "Computer-generated, not verified.",
        "Not a rule-out; not for use as the only basis.",
        "Image 1, PA.",
        "Operating point: named from 80 % up",
        "not of diagnostic quality",
        "Research use, not a medical device.",
        "shows what influenced the model, not a lesion&#x27;s outline",
    ):
        assert words.lower() in page.lower() or words.replace("&#x27;", "'").lower() in page.lower(), words


def test_research_use_stands_beside_the_result_itself_signed_or_not(two_hospitals, make_scan, page_of):
    north = two_hospitals.north
    scan = make_scan(north.hospital)

    def result_part() -> str:
        page = page_of(scan)
        return page[page.index('id="analysis"') : page.index("<details")]

    assert "Research use, not a medical device." in result_part()
    pipeline.record_verdict(
        scan, reader=north.radiologist, verdict="accept", diagnosis=Diagnosis.objects.get(image__scan=scan)
    )
    pipeline.sign(scan, author=north.radiologist, findings="", impression="Pneumonia.")
    assert "Research use, not a medical device." in result_part()


def test_numbers_and_lineage_are_folded_away_until_asked_for(two_hospitals, make_scan, page_of):
    page = page_of(make_scan(two_hospitals.north.hospital))

    assert page.index("<details") < page.index("<summary>Probabilities") < page.index("90 %")
    assert "<details open" not in page
    assert 'class="film-overlay" data-src' in page


@pytest.mark.parametrize(
    ("outcome", "reason", "words"),
    [
        (Outcome.INCONCLUSIVE, "not_sure_enough", "Inconclusive"),
        (Outcome.NOT_ANALYSED, "not_frontal_chest", "Not analysed: not frontal chest"),
    ],
)
def test_inconclusive_and_not_analysed_are_words_of_their_own(
    two_hospitals, make_scan, page_of, outcome, reason, words
):
    scan = make_scan(two_hospitals.north.hospital)
    Diagnosis.objects.update(outcome=outcome, reason=reason, label="", explanation="In a sentence.", probabilities={})

    page = page_of(scan)

    assert words in page
    assert "In a sentence." in page


@pytest.mark.parametrize(
    ("image", "job", "shown", "says"),
    [
        ({"format": "png", "bits": 8}, {"status": "queued"}, "image_original", "Waiting for analysis"),
        ({"format": "dicom", "bits": 12}, {"status": "running"}, "The picture is being prepared", "Being analysed"),
        ({"format": "png", "bits": 16}, {"status": "queued"}, "The picture is being prepared", "Waiting for analysis"),
        (
            {"unreadable_reason": "Expected pixels; received none."},
            {"status": "failed", "error": "It stopped."},
            "Expected pixels; received none.",
            "Analysis failed",
        ),
    ],
)
def test_a_scan_without_picture_or_result_is_readable_and_reportable(
    two_hospitals, page_of, make_scan, image, job, shown, says
):
    scan = make_scan(two_hospitals.north.hospital, diagnosed=False)
    Image.objects.update(prepared_at=None, **image)
    JobFactory(image_key=scan.images.get().pk, **job)

    page = page_of(scan)

    expected = reverse("image_original", args=[scan.images.get().pk]) if shown == "image_original" else shown
    assert expected in page
    assert says in page
    assert 'name="impression"' in page
    assert reverse("image_original", args=[scan.images.get().pk]) in page


def test_with_the_model_off_the_page_says_so_and_stops_asking(two_hospitals, page_of, make_scan):
    scan = make_scan(two_hospitals.north.hospital, diagnosed=False)
    Scan.objects.update(analysis_finished_at=timezone.now())

    page = page_of(scan)

    assert "Model off" in page
    assert "data-poll" not in page


def test_priors_are_the_patients_other_scans_newest_first_and_nobody_elses(two_hospitals, make_scan, reader):
    hospital = two_hospitals.north.hospital
    patient = PatientFactory(hospital=hospital, mrn="SAME")
    scan, older, newer = (make_scan(hospital, patient=patient) for _ in range(3))
    make_scan(hospital)
    twin = PatientFactory(hospital=two_hospitals.south.hospital, mrn="SAME")
    make_scan(two_hospitals.south.hospital, patient=twin)

    response = reader.get(reverse("scan", args=[scan.pk]))

    assert [prior.scan for prior in response.context["priors"]] == [newer, older]


def test_an_identity_that_differs_is_shown_to_the_reader(two_hospitals, make_scan, page_of):
    scan = make_scan(two_hospitals.north.hospital, identity_note="The film says the patient's name is “Other”.")

    assert "Check whose film this is." in page_of(scan)


def test_what_a_sender_wrote_stays_text(two_hospitals, make_scan, page_of):
    patient = PatientFactory(hospital=two_hospitals.north.hospital, name="<script>alert(1)</script>")
    page = page_of(make_scan(two_hospitals.north.hospital, patient=patient, indication="<img src=x onerror=y>"))

    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_no_page_of_a_patient_is_kept_by_the_browser(two_hospitals, make_scan, reader):
    response = reader.get(reverse("scan", args=[make_scan(two_hospitals.north.hospital).pk]))

    assert "no-store" in response["Cache-Control"]


def test_the_live_part_is_silent_while_nothing_changes_and_redraws_pictures_only_when_they_do(
    two_hospitals, make_scan, reader
):
    scan = make_scan(two_hospitals.north.hospital, diagnosed=False, status="received")
    page = reader.get(reverse("scan", args=[scan.pk]))
    address = reverse("scan_live", args=[scan.pk])
    seen = {"seen": page.context["fingerprint"], "status": "received"}

    assert reader.get(address, seen).status_code == 204

    Scan.objects.update(status="analysing")
    moved_on = reader.get(address, seen)
    assert moved_on.status_code == 200
    assert 'hx-swap-oob="true"' not in moved_on.content.decode()

    Image.objects.update(prepared_at=None, format="dicom", bits=12)
    assert 'id="pictures" class="pictures" hx-swap-oob="true"' in reader.get(address, seen).content.decode()
    assert 'name="impression"' not in reader.get(address, seen).content.decode()


def test_queries_do_not_grow_with_images_or_priors(two_hospitals, make_scan, reader):
    hospital = two_hospitals.north.hospital
    scan = make_scan(hospital)
    address = reverse("scan", args=[scan.pk])

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert reader.get(address).status_code == 200
        return len(queries)

    count()
    make_scan(hospital, patient=scan.patient)
    ImageFactory(scan=scan)  # one that the model has not read: whether it is stopped is asked once for all of them
    few = count()
    for _ in range(4):
        ImageFactory(scan=scan)
        make_scan(hospital, patient=scan.patient)

    assert count() == few
