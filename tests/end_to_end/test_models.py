"""The pages about the model in a browser: every state at a desk and on a tablet, and the acts as people do them."""

import shutil

import pytest
from playwright.sync_api import expect

from inference import activation, registry, stops
from inference.engine.bundle import DEFAULT_BUNDLE
from inference.models import Activation, ActivationRequest, ModelVersion
from scans.models import Scan
from tests.end_to_end.films import film_bytes
from tests.end_to_end.test_looks import ALL_LOADED, SCREENS, check
from tests.factories import JobFactory, ModelVersionFactory
from tests.inference.measured import measured_version
from tests.services import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WHY = "It calls fewer normal films of unseen hospitals COVID, at the same sensitivity."


@pytest.fixture
def versions(two_hospitals, tmp_path):
    """A desk with a history: one version reads, one was left, one is asked for, one is new; the south stopped it."""
    asker, other = two_hospitals.north.model_manager, two_hospitals.south.model_manager
    left = ModelVersionFactory(name="resnet50-v0", status=ModelVersion.Status.RETIRED)
    present = measured_version(tmp_path / "present", status=ModelVersion.Status.ACTIVE)
    wished = measured_version(tmp_path / "wished", name="resnet50-v2")
    ModelVersionFactory(name="vgg16-v1")
    first = Activation.objects.create(version=left, kind=Activation.Kind.FIRST)
    answered = ActivationRequest.objects.create(
        version=present, asked_by=asker, reason=WHY, status="approved", answered_by=other, answered_at=first.at
    )
    Activation.objects.create(
        version=present, kind=Activation.Kind.APPROVED, by=other, request=answered, reason=WHY, returns_to=first
    )
    asked = ActivationRequest.objects.create(version=wished, asked_by=asker, reason=WHY)
    stops.stop(two_hospitals.south.hospital, stopped_by=other, reason="It calls the new machine's films COVID.")
    JobFactory.create_batch(2, model_version=present, status="done")
    return {"present": present, "wished": wished, "left": left, "asked": asked}


@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_about_the_model(versions, two_hospitals, open_page, screen):
    asked = versions["asked"].pk
    north = two_hospitals.north.hospital.pk
    page = open_page(two_hospitals.north.model_manager, viewport=screen)
    page.goto("/models/")
    check(page, "models-asker")
    page.goto(f"/models/requests/{asked}/approve/")
    expect(page.get_by_text("somebody else has to answer")).to_be_visible()
    check(page, "models-asker-cannot-approve")
    page.goto("/models/roll-back/")
    check(page, "models-roll-back")
    page.goto(f"/models/hospitals/{north}/stop/")
    check(page, "models-stop")
    page.get_by_label("Reason").fill(" ")
    page.get_by_role("button", name="Stop the model").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    check(page, "models-stop-without-reason")

    page = open_page(two_hospitals.south.model_manager, viewport=screen)
    page.goto("/models/")
    check(page, "models-approver")
    page.goto(f"/models/requests/{asked}/approve/")
    check(page, "models-approve")
    page.goto(f"/models/hospitals/{two_hospitals.south.hospital.pk}/resume/")
    check(page, "models-resume")


@pytest.mark.parametrize("screen", SCREENS)
def test_the_facts_of_a_version(versions, two_hospitals, open_page, screen):
    page = open_page(two_hospitals.north.radiologist, viewport=screen)
    page.goto(f"/models/{versions['present'].pk}/")
    check(page, "facts")
    page.get_by_role("link", name="In use here").click()
    expect(page.get_by_role("heading", name="In use here")).to_be_in_viewport()
    check(page, "facts-in-use")
    for plot in page.locator(".plot img").all():
        plot.scroll_into_view_if_needed()
    wait_until(lambda: page.evaluate(ALL_LOADED), "the plots")

    page.goto(f"/models/{versions['left'].pk}/")
    expect(page.get_by_role("alert").filter(has_text="cannot be shown")).to_be_visible()
    check(page, "facts-gone")
    shutil.rmtree(versions["present"].bundle_path)
    page.goto(f"/models/{versions['present'].pk}/")
    expect(page.get_by_role("alert").filter(has_text="cannot be shown")).to_be_visible()


def test_a_desk_without_a_version(two_hospitals, open_page):
    page = open_page(two_hospitals.north.model_manager)
    page.goto("/")
    page.get_by_role("link", name="Models").first.click()
    expect(page.get_by_text("No version reads new scans.")).to_be_visible()
    check(page, "models-none")


def test_one_asks_another_approves_and_one_goes_back_by_keyboard(two_hospitals, open_page):
    present = ModelVersionFactory(name="resnet50-v0", status=ModelVersion.Status.ACTIVE)
    Activation.objects.create(version=present, kind=Activation.Kind.FIRST)
    shipped = registry.register(DEFAULT_BUNDLE)

    def press(page, link: str) -> None:
        page.get_by_role("link", name=link).focus()
        page.keyboard.press("Enter")
        page.get_by_role("textbox", name="Reason").focus()

    page = open_page(two_hospitals.north.model_manager)
    page.goto("/models/")
    press(page, f"Ask for activation… of {shipped.name}")
    page.keyboard.type(WHY)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You asked for it, so you cannot approve it")).to_be_visible()

    page = open_page(two_hospitals.south.model_manager)
    page.goto("/models/")
    press(page, f"Approve… {shipped.name}")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"{shipped.name} reads new scans from now on.")).to_be_visible()
    assert registry.active() == shipped
    check(page, "models-approved")

    # The version before has no bundle any more, so nobody can go back to it, and the page says so.
    press(page, f"Go back to {present.name}…")
    page.keyboard.type("Trying the way back.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("a bundle or serving graph that is missing or changed")).to_be_visible()
    check(page, "models-roll-back-refused")
    assert activation.current().version == shipped


def test_a_stop_is_seen_by_readers_and_a_past_answer_is_computed_again(
    worker, active_model, two_hospitals, send, open_page
):
    north = two_hospitals.north
    scan = send(north, content=film_bytes("pneumonia", 3), patient_name="Lovelace, Ada", is_synthetic=True)
    wait_until(lambda: not Scan.objects.filter(analysis_finished_at=None).exists(), "the analysis")

    admin = open_page(north.hospital_admin)
    admin.goto("/models/")
    admin.get_by_role("link", name="Stop the model… at North Hospital").click()
    admin.get_by_label("Reason").fill("The new machine's films are all called COVID.")
    admin.get_by_role("button", name="Stop the model").click()
    expect(admin.get_by_text("The model is stopped at North Hospital.")).to_be_visible()

    page = open_page(north.radiologist)
    page.goto("/worklist/")
    expect(page.get_by_text("Read without the model.")).to_be_visible()
    wait_until(lambda: page.evaluate(ALL_LOADED), "the thumbnails")
    check(page, "worklist-stopped")

    page.goto(f"/scans/{scan.pk}/")
    page.get_by_text("About this result", exact=True).click()
    page.get_by_role("button", name="Compute it again").click()
    expect(page.locator(".replay-verdict")).to_contain_text("The same answer", timeout=60_000)
    page.get_by_text("What was compared").click()
    page.locator(".replay").scroll_into_view_if_needed()
    check(page, "reading-replayed")
    page.get_by_role("link", name="Model facts").click()
    expect(page.get_by_role("heading", name=f"Model facts: {active_model.name}")).to_be_visible()
