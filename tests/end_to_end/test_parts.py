"""The live parts and the picture tools by themselves."""

import re

import pytest
from playwright.sync_api import expect

from scans.models import Scan
from tests.end_to_end.conftest import look
from tests.end_to_end.films import film_bytes
from tests.services import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DROP = """(target) => {
  const files = new DataTransfer();
  for (const name of ["one.png", "two.png"]) files.items.add(new File(["bytes"], name, {type: "image/png"}));
  target.dispatchEvent(new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true}));
}"""
HIDE = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => true})"
SHOW = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => false})"
CAME_BACK = "document.dispatchEvent(new Event('visibilitychange'))"


def test_files_may_be_dropped_and_taken_out_again(two_hospitals, open_page):
    page = open_page(two_hospitals.north.technician)
    page.goto("/upload/")
    page.locator("#drop").evaluate(DROP)
    expect(page.get_by_role("button", name="Send 2 files")).to_be_enabled()

    page.get_by_role("button", name="Remove").first.click()

    expect(page.get_by_role("button", name="Send 1 file")).to_be_enabled()
    expect(page.locator(".file-name")).to_have_text("two.png")


def test_the_list_asks_again_only_while_somebody_is_there(two_hospitals, open_page):
    page = open_page(two_hospitals.north.radiologist)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/worklist/rows/" in request.url else None)

    def count() -> int:
        page.wait_for_load_state("networkidle")
        return len(asked)

    page.clock.install()
    page.goto("/worklist/")
    page.clock.run_for(6_000)
    wait_until(count, "the list to ask")

    page.evaluate(HIDE)
    while_seen = count()
    page.clock.run_for(60_000)
    assert count() == while_seen
    page.evaluate(SHOW)
    page.evaluate(CAME_BACK)
    wait_until(lambda: count() > while_seen, "the list to ask at once")

    page.clock.run_for(6 * 60_000)
    expect(page.locator("#live-state")).to_contain_text("Paused")
    while_there = count()
    page.clock.run_for(60_000)
    assert count() == while_there
    page.mouse.move(200, 200)
    expect(page.locator("#live-state")).to_contain_text("Live")
    page.clock.run_for(6_000)
    wait_until(lambda: count() > while_there, "the list to ask again")


def test_images_of_one_scan_are_chosen_and_looked_at_one_by_one(two_hospitals, open_page, send):
    for seed, view in ((1, "PA"), (2, "LL")):
        scan = send(two_hospitals.north, content=film_bytes(seed=seed), view=view, study_instance_uid="2.25.5")
    assert Scan.objects.count() == 1
    page = open_page(two_hospitals.north.radiologist)
    page.goto(f"/scans/{scan.pk}/")
    expect(page.get_by_alt_text("Chest X-ray: Image 1, PA")).to_be_visible()

    page.get_by_role("button", name="Image 2, LL").click()

    expect(page.get_by_alt_text("Chest X-ray: Image 2, LL")).to_be_visible()
    expect(page.get_by_alt_text("Chest X-ray: Image 1, PA")).to_be_hidden()
    look(page, "scan-two-images")


def test_the_picture_follows_wheel_drag_and_arrow_keys_and_fits_again(two_hospitals, open_page, send):
    scan = send(two_hospitals.north, content=film_bytes())
    page = open_page(two_hospitals.north.radiologist)
    page.goto(f"/scans/{scan.pk}/")
    film, stage = page.locator(".film"), page.locator(".stage")
    box = stage.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    page.mouse.wheel(0, -100)
    expect(page.locator("#zoom-state")).to_have_text("125 %")
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 40, box["y"] + box["height"] / 2 + 10)
    page.mouse.up()
    expect(film).to_have_attribute("style", re.compile(r"translate\(40(\.\d+)?px, 10(\.\d+)?px\) scale\(1\.25\)"))
    stage.focus()
    page.keyboard.press("ArrowLeft")
    expect(film).to_have_attribute("style", re.compile(r"translate\(100(\.\d+)?px, 10"))
    page.keyboard.press("=")
    expect(film).to_have_attribute("style", re.compile(r"translate\(0px, 0px\) scale\(1\)"))


def test_single_letters_can_be_switched_off_and_stay_off(two_hospitals, open_page, send):
    scan = send(two_hospitals.north, content=film_bytes())
    page = open_page(two_hospitals.north.radiologist)
    page.goto(f"/scans/{scan.pk}/")
    page.keyboard.press("?")
    page.get_by_label("Switch single letters off on this computer").check()
    page.keyboard.press("Escape")
    page.reload()

    page.keyboard.press("i")
    expect(page.locator(".film")).not_to_have_class(re.compile("is-inverted"))
    page.get_by_role("button", name="Invert").click()
    expect(page.locator(".film")).to_have_class(re.compile("is-inverted"))
