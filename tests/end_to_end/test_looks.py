"""Every page at a desk and on a tablet: nothing serious for axe-core, nothing wider than the screen."""

import pytest
from playwright.sync_api import expect

from inference.models import JobStatus
from scans.models import Image, Scan
from tests.end_to_end.conftest import DESKTOP, TABLET, look, serious_violations
from tests.end_to_end.films import film_bytes, write_films
from tests.factories import JobFactory, PatientFactory, ScanFactory
from tests.services import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ALL_LOADED = "[...document.images].every((image) => image.complete && image.naturalWidth > 0)"
SCREENS = [pytest.param(DESKTOP, id="desk"), pytest.param(TABLET, id="tablet")]


def check(page, name: str) -> None:
    look(page, f"{name}-{page.viewport_size['width']}")
    assert serious_violations(page) == []
    too_wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(too_wide) <= 0, f"{name} scrolls sideways"


@pytest.fixture
def full_desk(worker, active_model, two_hospitals, send):
    """A list with every state a row can be in, and one patient with a history."""
    north = two_hospitals.north
    names = ["Lovelace, Ada", "Hopper, Grace", "Franklin, Rosalind", "Curie, Marie", "Noether, Emmy"]
    for number, name in enumerate(names):
        send(
            north,
            content=film_bytes(["covid19", "pneumonia", "normal"][number % 3], seed=20 + number),
            patient_mrn=f"NH-{1000 + number}",
            patient_name=name,
            patient_sex="F",
            priority=1 + number % 3,
            view="PA",
            is_synthetic=True,
        )
    for seed in (40, 41):
        send(north, content=film_bytes("normal", seed), patient_mrn="NH-1000", view="LL")
    wait_until(lambda: not Scan.objects.filter(analysis_finished_at=None).exists(), "the analysis")
    return Scan.objects.order_by("received_at")[0]


@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_of_the_radiologist(full_desk, two_hospitals, open_page, screen):
    page = open_page(viewport=screen)
    page.goto("/")
    check(page, "home-signed-out")
    page.goto("/accounts/login/")
    check(page, "sign-in")

    page = open_page(two_hospitals.north.radiologist, viewport=screen)
    page.goto("/")
    check(page, "home")
    page.goto("/worklist/")
    wait_until(lambda: page.evaluate(ALL_LOADED), "the thumbnails")
    page.keyboard.press("j")
    check(page, "worklist")
    page.goto("/worklist/?q=nobody-of-this-name")
    check(page, "worklist-nothing")
    page.goto("/worklist/?status=reported")
    check(page, "worklist-reported")
    page.goto("/nowhere/")
    check(page, "not-found")
    page.goto("/upload/")
    check(page, "not-allowed")


@pytest.mark.parametrize("screen", SCREENS)
def test_the_pages_of_the_technician_and_the_admin(two_hospitals, open_page, screen, tmp_path):
    page = open_page(two_hospitals.north.technician, viewport=screen)
    page.goto("/upload/")
    check(page, "upload")
    bad = tmp_path / "notes of the ward round, not a picture at all.png"
    bad.write_bytes(b"no picture")
    page.get_by_label("MRN").fill("MRN-1")
    page.get_by_label("Drop files here, or choose them").set_input_files([*write_films(tmp_path, 2), bad])
    check(page, "upload-ready")

    page = open_page(two_hospitals.north.hospital_admin, viewport=screen)
    page.goto("/members/")
    check(page, "members")


@pytest.mark.parametrize("screen", SCREENS)
def test_the_scan_page_with_everything_open(full_desk, two_hospitals, open_page, screen):
    page = open_page(two_hospitals.north.radiologist, viewport=screen)
    page.goto(f"/scans/{full_desk.pk}/")
    wait_until(lambda: page.locator(".film-picture").evaluate("picture => picture.naturalWidth") > 0, "the picture")
    check(page, "reading")
    page.get_by_role("button", name="Heat map").click()
    page.locator(".film-overlay").wait_for()
    expect(page.locator(".overlay-caption")).to_be_visible()
    page.get_by_text("Probabilities", exact=True).click()
    page.get_by_text("About this result", exact=True).click()
    check(page, "reading-open")
    page.get_by_role("button", name="Amend").click()
    page.get_by_role("button", name="Record").click()
    expect(page.locator("#verdict .refusal")).to_contain_text("Choose the label")
    check(page, "reading-amend")
    page.get_by_role("button", name="Keys").click()
    check(page, "reading-help")


def test_what_cannot_be_shown_is_said(worker, active_model, two_hospitals, open_page):
    north = two_hospitals.north
    scan = ScanFactory(hospital=north.hospital, patient=PatientFactory(hospital=north.hospital))
    image = Image.objects.create(
        scan=scan,
        hospital=north.hospital,
        sha256="0" * 64,
        received_sha256="0" * 64,
        byte_size=1,
        format="dicom",
        media_type="application/dicom",
        width=100,
        height=100,
        bits=12,
        unreadable_reason="Expected pixels for 100 x 100; received none. Export the picture again and send that.",
    )
    JobFactory(image_key=image.pk, model_version=active_model, status=JobStatus.FAILED, error="It stopped.")

    page = open_page(north.radiologist)
    page.goto(f"/scans/{scan.pk}/")

    expect(page.get_by_role("heading", name="This picture cannot be shown")).to_be_visible()
    check(page, "reading-unreadable")
