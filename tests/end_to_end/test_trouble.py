"""When something goes wrong: nothing typed or sent is lost, and the page says what happened."""

import datetime

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import expect

from scans import pipeline
from scans.models import Report, Scan
from tests.end_to_end.conftest import look, sign_in
from tests.end_to_end.films import film_bytes, write_films
from tests.factories import MembershipFactory, UserFactory
from tests.services import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_refused_file_says_why_and_its_neighbours_go_in(two_hospitals, open_page, tmp_path):
    bad = tmp_path / "broken.png"
    bad.write_bytes(film_bytes()[:500])
    page = open_page(two_hospitals.north.technician)
    page.goto("/upload/")
    page.get_by_label("MRN").fill("R1")
    page.get_by_label("Drop files here, or choose them").set_input_files([*write_films(tmp_path, 2), bad])
    page.get_by_role("button", name="Send 3 files").click()

    expect(page.locator("#summary")).to_have_text("2 of 3 accepted, 1 refused.")
    line = page.locator(".file", has_text="broken.png")
    expect(line.locator(".file-state")).to_contain_text("Refused. Expected")
    look(page, "upload-refused")
    assert Scan.objects.count() == 2


def test_a_film_refused_for_a_missing_mrn_goes_in_once_the_field_is_filled(two_hospitals, open_page, tmp_path):
    page = open_page(two_hospitals.north.technician)
    page.goto("/upload/")
    page.get_by_label("Drop files here, or choose them").set_input_files(write_films(tmp_path, 1))
    page.get_by_role("button", name="Send 1 file").click()
    expect(page.locator(".file-state")).to_contain_text("Enter the MRN")

    page.get_by_label("MRN").fill("R2")
    page.get_by_role("button", name="Send again").click()

    expect(page.locator("#summary")).to_have_text("1 of 1 accepted.")
    assert Scan.objects.get().patient.mrn == "R2"


def lose_the_next_answer(page, address: str) -> None:
    """Break the connection after the server has answered and before the browser has read it."""
    devtools = page.context.new_cdp_session(page)

    def fail(event) -> None:
        devtools.send("Fetch.failRequest", {"requestId": event["requestId"], "errorReason": "ConnectionReset"})
        devtools.send("Fetch.disable")

    devtools.on("Fetch.requestPaused", fail)
    devtools.send("Fetch.enable", {"patterns": [{"urlPattern": f"*{address}*", "requestStage": "Response"}]})


def test_a_send_whose_answer_was_lost_is_repeated_without_a_second_scan(two_hospitals, open_page, tmp_path):
    page = open_page(two_hospitals.north.technician)
    page.goto("/upload/")
    lose_the_next_answer(page, "/upload/file/")
    page.get_by_label("MRN").fill("R3")
    page.get_by_label("Drop files here, or choose them").set_input_files(write_films(tmp_path, 1))
    page.get_by_role("button", name="Send 1 file").click()
    expect(page.locator(".file-state")).to_contain_text("Sending it again is safe")
    assert Scan.objects.count() == 1

    page.get_by_role("button", name="Try again").click()

    expect(page.locator("#summary")).to_have_text("1 of 1 accepted.")
    assert Scan.objects.count() == 1


def test_pictures_of_one_scan_become_one_scan(two_hospitals, open_page, tmp_path):
    page = open_page(two_hospitals.north.technician)
    page.goto("/upload/")
    page.get_by_label("MRN").fill("R4")
    page.get_by_label("These pictures belong to one scan").check()
    page.get_by_label("Drop files here, or choose them").set_input_files(write_films(tmp_path, 4))
    page.get_by_role("button", name="Send 4 files").click()

    expect(page.locator("#summary")).to_have_text("4 of 4 accepted.")
    scan = Scan.objects.get()
    assert scan.images.count() == 4
    assert scan.study_instance_uid.startswith("2.25.")


def test_the_upload_form_works_without_javascript(two_hospitals, open_page, tmp_path):
    bad = tmp_path / "broken.png"
    bad.write_bytes(b"no picture")
    page = open_page(two_hospitals.north.technician, javascript=False)
    page.goto("/upload/")
    page.get_by_label("MRN").fill("R5")
    page.get_by_label("Drop files here, or choose them").set_input_files([*write_films(tmp_path, 2), bad])
    page.get_by_role("button", name="Send").click()

    expect(page.locator("#summary")).to_have_text("2 accepted, 1 refused.")
    assert Scan.objects.count() == 2


def test_a_session_that_ends_during_a_report_loses_no_text(two_hospitals, open_page, send):
    reader = two_hospitals.north.radiologist
    scan = send(two_hospitals.north, content=film_bytes())
    page = open_page(reader)
    page.goto(f"/scans/{scan.pk}/")
    Session.objects.all().delete()

    page.get_by_label("Findings").fill("Written after the session ended")
    page.get_by_label("Impression").fill("Kept")

    expect(page.locator("#notice")).to_contain_text("Your session has ended.")
    expect(page.locator("#draft-state")).to_contain_text("Not saved. Your text is still here")
    expect(page.get_by_label("Findings")).to_have_value("Written after the session ended")
    look(page, "scan-signed-out")
    page.get_by_role("button", name="Sign Ctrl+Enter").click()
    expect(page.get_by_label("Findings")).to_have_value("Written after the session ended")
    assert not Report.objects.exists()

    sign_in(page.context.new_page(), reader)
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")

    expect(page.locator("#draft-state")).to_contain_text("Draft saved")
    expect(page.locator("#notice")).to_be_hidden()
    assert Report.objects.get().findings == "Written after the session ended"
    page.get_by_role("button", name="Sign Ctrl+Enter").click()
    page.wait_for_url("**/worklist/")
    assert Report.objects.get().is_final


def test_a_report_begun_by_one_person_is_not_recorded_for_another_who_signs_in_at_the_same_browser(
    two_hospitals, open_page, send
):
    colleague = UserFactory(name="Dr Colleague", email="colleague@north.example")
    MembershipFactory(user=colleague, hospital=two_hospitals.north.hospital)
    scan = send(two_hospitals.north, content=film_bytes())
    page = open_page(two_hospitals.north.radiologist)
    page.goto(f"/scans/{scan.pk}/")
    Session.objects.all().delete()
    sign_in(page.context.new_page(), colleague)
    page.bring_to_front()

    page.get_by_label("Impression").fill("Not the colleague's words")
    expect(page.locator("#draft-state")).to_contain_text("somebody else has signed in")
    page.keyboard.press("Control+Enter")

    expect(page.locator("#sign-result")).to_contain_text("somebody else has signed in")
    expect(page.get_by_label("Impression")).to_have_value("Not the colleague's words")
    assert not Report.objects.exists()


def test_of_two_who_sign_one_wins_and_the_other_is_told_and_keeps_the_text(two_hospitals, open_page, send):
    north = two_hospitals.north
    colleague = UserFactory(name="Dr Colleague", email="colleague@north.example")
    MembershipFactory(user=colleague, hospital=north.hospital)
    scan = send(north, content=film_bytes())
    pages = [open_page(person) for person in (colleague, north.radiologist)]
    for page in pages:
        page.goto(f"/scans/{scan.pk}/")
    first, second = pages
    first.get_by_label("Impression").fill("First text")
    second.get_by_label("Impression").fill("Second text")
    first.keyboard.press("Control+Enter")
    first.wait_for_url("**/worklist/")

    second.keyboard.press("Control+Enter")

    expect(second.locator("#sign-result")).to_contain_text("Dr Colleague")
    expect(second.locator("#sign-result")).to_contain_text("First text")
    expect(second.get_by_label("Impression")).to_have_value("Second text")
    look(second, "scan-conflict")
    assert Report.objects.get(author=north.radiologist).impression == "Second text"
    assert Report.objects.get(status="final").author == colleague


def test_while_no_worker_comes_the_scan_is_read_from_the_original_and_signed(
    two_hospitals, open_page, send, monkeypatch
):
    # Another test's worker may be running: this scan's ring is lost, and the sweeper is told that it was just rung.
    monkeypatch.setattr(pipeline.diagnose, "apply_async", lambda *arguments, **options: None)
    scan = send(two_hospitals.north, content=film_bytes())
    Scan.objects.update(rung_at=timezone.now() + datetime.timedelta(hours=1))
    page = open_page(two_hospitals.north.radiologist)
    page.goto(f"/scans/{scan.pk}/")

    wait_until(lambda: page.locator(".film-picture").evaluate("picture => picture.naturalWidth") > 0, "the original")
    expect(page.locator(".film-caption")).to_contain_text("The 8-bit original as received")
    page.get_by_label("Impression").fill("Read without waiting")
    page.keyboard.press("Control+Enter")

    page.wait_for_url("**/worklist/")
    assert Report.objects.get().is_final


def test_with_the_model_stopped_the_picture_is_prepared_and_the_page_says_so(worker, two_hospitals, open_page, send):
    north = two_hospitals.north
    pipeline.stop_model(north.hospital, stopped_by=north.hospital_admin, reason="It is wrong.")
    scan = send(north, content=film_bytes(seed=77))
    page = open_page(north.radiologist)
    page.goto(f"/scans/{scan.pk}/")

    expect(page.locator(".result-headline")).to_contain_text("Model off", timeout=60_000)
    expect(page.locator("#analysis")).to_contain_text("The model is stopped at North Hospital since")
    expect(page.locator(".film-caption")).to_contain_text("8-bit rendition of a 8-bit PNG original")
    expect(page.locator("#analysis")).not_to_have_attribute("data-poll", "2")


def test_the_place_in_the_list_is_kept_when_rows_change(worker, active_model, two_hospitals, open_page, send):
    north = two_hospitals.north
    send(north, content=film_bytes(seed=1), patient_mrn="P1", patient_name="Second, Later")
    page = open_page(north.radiologist)
    page.goto("/worklist/")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Second, Later")).to_be_focused()

    send(north, content=film_bytes(seed=2), patient_mrn="P2", patient_name="First, Urgent", priority=1)

    expect(page.locator("a.open-scan").first).to_have_text("First, Urgent", timeout=30_000)
    expect(page.get_by_role("link", name="Second, Later")).to_be_focused()
    expect(page.locator("#changes")).to_have_text("The list changed: 1 new, 0 gone.")


def test_a_picture_that_comes_while_the_report_is_written_is_looked_at_before_it_is_signed(
    two_hospitals, open_page, send
):
    study = {"patient_mrn": "L1", "study_instance_uid": "2.25.7"}
    scan = send(two_hospitals.north, content=film_bytes(), **study)
    page = open_page(two_hospitals.north.radiologist)
    page.goto(f"/scans/{scan.pk}/")
    Scan.objects.update(analysis_finished_at=timezone.now())
    page.reload()
    send(two_hospitals.north, content=film_bytes("normal", 3), **study)
    page.get_by_label("Impression").fill("Read from one picture.")
    page.keyboard.press("Control+Enter")

    expect(page.locator("#sign-result")).to_contain_text("also has image 2, which came later")
    page.reload()
    expect(page.get_by_label("Impression")).to_have_value("Read from one picture.")
    page.get_by_label("Impression").press("Control+Enter")
    page.wait_for_url("**/worklist/")
    assert Report.objects.get().is_final
