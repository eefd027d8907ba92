"""The main job in a browser: a film goes in, the worker reads it, a radiologist signs, the next scan opens."""

import re

import pytest
from playwright.sync_api import expect

from scans.models import Image, Report, ReportStatus, Review, Scan, ScanStatus
from tests.end_to_end.conftest import look, serious_violations
from tests.end_to_end.films import film_bytes, write_films
from tests.services import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def all_analysed() -> bool:
    return not Scan.objects.filter(analysis_finished_at=None).exists()


def test_technician_uploads_and_sees_the_status_change_then_radiologist_reads_accepts_and_signs(
    worker, active_model, two_hospitals, open_page, tmp_path
):
    north = two_hospitals.north
    technician = open_page(north.technician)
    technician.get_by_role("link", name="Upload", exact=True).first.click()
    technician.get_by_label("MRN").fill("MRN-77")
    technician.get_by_label("Name").fill("Invented, Ada")
    technician.get_by_label("Birth date").fill("1961-04-02")
    technician.get_by_label("Drop files here, or choose them").set_input_files(write_films(tmp_path, 2))
    look(technician, "upload-ready")
    technician.get_by_role("button", name="Send 2 files").click()

    expect(technician.locator("#summary")).to_have_text("2 of 2 accepted.")
    # Without a reload: the page's own live part says so.
    expect(technician.locator(".arrival-status").first).to_have_text("Awaiting review", timeout=90_000)
    expect(technician.locator(".arrival-status").last).to_have_text("Awaiting review", timeout=90_000)
    look(technician, "upload-done")
    assert serious_violations(technician) == []

    reader = open_page(north.radiologist)
    reader.get_by_role("link", name="Worklist", exact=True).first.click()
    expect(reader.locator("a.open-scan")).to_have_count(2)
    look(reader, "worklist")
    first, second = Scan.objects.awaiting_review().most_urgent_first()
    reader.locator("a.open-scan").first.click()
    reader.wait_for_url(f"**/scans/{first.pk}/")
    wait_until(lambda: reader.locator(".film-picture").evaluate("picture => picture.naturalWidth") > 0, "the picture")
    look(reader, "scan")

    reader.get_by_role("button", name="Accept").click()
    expect(reader.locator(".verdict-state")).to_contain_text("Accepted")
    reader.get_by_label("Findings").fill("Clear lungs.")
    reader.get_by_label("Impression").fill("No acute change.")
    reader.get_by_role("button", name=re.compile("^Sign Ctrl")).click()

    reader.wait_for_url(f"**/scans/{second.pk}/")
    expect(reader.locator("#messages")).to_contain_text("Report signed. This is the next scan.")
    report = Report.objects.get(scan=first)
    assert (report.status, report.signer_name) == (ReportStatus.FINAL, north.radiologist.name)
    assert Review.objects.get(scan=first).verdict == "accept"
    first.refresh_from_db()
    assert first.status == ScanStatus.REPORTED

    reader.goto(f"/scans/{first.pk}/")
    expect(reader.locator(".signed-report")).to_contain_text(f"Signed by {north.radiologist.name}")
    expect(reader.locator("textarea")).to_have_count(0)
    look(reader, "scan-signed")


def test_a_scan_is_read_with_the_keyboard_alone(worker, active_model, two_hospitals, open_page, send):
    first = send(two_hospitals.north, content=film_bytes("pneumonia", 4), patient_mrn="K1", priority=1)
    second = send(two_hospitals.north, content=film_bytes("normal", 5), patient_mrn="K2")
    wait_until(all_analysed, "both scans to be analysed")

    page = open_page(two_hospitals.north.radiologist)
    page.goto("/worklist/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/scans/{first.pk}/")
    film = page.locator(".film")
    for key, pattern in (("i", "is-inverted"),):
        page.keyboard.press(key)
        expect(film).to_have_class(re.compile(pattern))
    page.keyboard.press("+")
    expect(page.locator("#zoom-state")).to_have_text("125 %")
    page.keyboard.press("Space")
    expect(page.locator("#zoom-state")).to_have_text("100 %")
    expect(film).not_to_have_class(re.compile("is-inverted"))
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    look(page, "scan-help")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.get_by_label("What you read")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict-state")).to_contain_text("Amended to")
    page.keyboard.press("F2")
    # Letters belong to the field while it has the focus: none of them invents a verdict or leaves the page.
    page.keyboard.type("Nothing excluded, yet")
    page.keyboard.press("Tab")
    page.keyboard.type("See findings")
    page.keyboard.press("Control+Enter")

    page.wait_for_url(f"**/scans/{second.pk}/")
    report = Report.objects.get(scan=first)
    assert (report.status, report.findings, report.impression) == ("final", "Nothing excluded, yet", "See findings")
    assert Review.objects.get(scan=first).verdict == "amend"


def test_a_scan_that_arrives_is_listed_without_a_reload_and_its_page_fills_itself(
    worker, active_model, two_hospitals, open_page, send
):
    page = open_page(two_hospitals.north.radiologist)
    page.goto("/worklist/")
    expect(page.get_by_role("heading", name="Nothing is waiting")).to_be_visible()
    look(page, "worklist-empty")

    scan = send(two_hospitals.north, content=film_bytes("pneumonia", 9), patient_mrn="L1")

    page.locator("a.open-scan").wait_for()
    page.goto(f"/scans/{scan.pk}/")
    page.get_by_label("Findings").fill("Typed before the model was ready")
    page.get_by_label("Findings").focus()
    expect(page.locator(".result-pending")).to_have_count(0, timeout=60_000)
    expect(page.get_by_label("Findings")).to_be_focused()
    expect(page.get_by_label("Findings")).to_have_value("Typed before the model was ready")
    expect(page.locator("#draft-state")).to_contain_text("Draft saved")
    assert Image.objects.get(scan=scan).is_prepared
    assert Report.objects.get(scan=scan).findings == "Typed before the model was ready"
