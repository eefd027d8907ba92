"""A running desk for the browser: live server, a real Celery worker and scheduler on the same database, Chromium."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.db import connection
from kombu import pools
from playwright.sync_api import Browser, Page, sync_playwright

from portal import broker
from portal.celery import app
from tests.factories import PASSWORD
from tests.services import ROOT, Process, missing, wait_until

# Screenshots are kept where this names a folder; they are for people to look at, not for the tests.
SCREENSHOTS = os.environ.get("LIGHTBOX_SCREENSHOTS")
DESKTOP = {"width": 1280, "height": 800}
TABLET = {"width": 820, "height": 1180}


@pytest.fixture(scope="session", autouse=True)
def sync_driver() -> Iterator[None]:
    """Playwright's synchronous API runs an event loop in this thread; Django would take our queries for async ones."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def desk_folder() -> Iterator[Path]:
    """The state of this desk: pictures and broker, shared by the server in this process and its worker."""
    with tempfile.TemporaryDirectory(prefix="lightbox-browser-") as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def own_media(settings, desk_folder):
    """One folder of pictures for all browser tests, because the worker outlives each of them."""
    settings.MEDIA_ROOT = desk_folder / "media"


def _database_url() -> str:
    stated = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{stated['NAME']}"
    password = f":{quote(stated['PASSWORD'])}" if stated["PASSWORD"] else ""
    host = f"{stated['HOST'] or '127.0.0.1'}:{stated['PORT'] or 5432}"
    return f"postgres://{stated['USER']}{password}@{host}/{stated['NAME']}"


@pytest.fixture(scope="session")
def worker(django_db_setup, desk_folder) -> Iterator[Process]:
    """A real worker and scheduler; the rings of this process reach it through a folder of their own."""
    before = app.conf.broker_url, app.conf.broker_transport_options
    _ring_through(*broker.transport("", desk_folder / "broker"))
    environment = {
        **os.environ,
        "DATABASE_URL": _database_url(),
        "REDIS_URL": "",
        "STATE_DIR": str(desk_folder),
        "MEDIA_ROOT": str(desk_folder / "media"),
        "SWEEP_EVERY_SECONDS": "1",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    command = f"{sys.executable} -m celery -A portal worker -B -Q inference,maintenance -P prefork -c 1 -l INFO"
    process = Process(
        [*command.split(), "-s", str(desk_folder / "beat")], log=desk_folder / "worker.log", environment=environment
    )
    wait_until(lambda: "ready." in process.output or not process.is_running, "the worker to start")
    assert process.is_running, process.output
    yield process
    process.end()
    _ring_through(*before)


def _ring_through(url: str, options: dict) -> None:
    app.conf.broker_url = url
    app.conf.broker_transport_options = options
    # Celery keeps a pool of producers on the broker it first saw.
    pools.reset()
    app._pool = None
    app.amqp._producer_pool = None


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    program = shutil.which("chromium")
    if program is None:
        missing("Chromium is not installed (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, live_server) -> Iterator[Callable[..., Page]]:
    """Return a function that gives a page of a browser of its own, signed in when a person is named.

    The test fails at its end when any page had an error in its console (a refused inline style or script is one),
    lacked one of its parts, or made the server fail.
    """
    # Sign-ins are limited per minute, counted in a table that no test empties; a quick machine would reach the limit.
    cache.clear()
    contexts, errors = [], []

    def note_console(message) -> None:
        # Statuses are judged below: a refused form is no fault of the page.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            errors.append(message.text)

    def note_response(response) -> None:
        is_part = response.request.resource_type in ("image", "script", "stylesheet", "font")
        if response.status >= 500 or (is_part and response.status >= 400):
            errors.append(f"{response.status} {response.url}")

    def open_one(person=None, *, viewport=DESKTOP, javascript: bool = True) -> Page:
        context = browser.new_context(viewport=viewport, base_url=live_server.url, java_script_enabled=javascript)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", note_console)
        page.on("response", note_response)
        page.on("pageerror", lambda error: errors.append(str(error)))
        if person is not None:
            sign_in(page, person)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert errors == []


def sign_in(page: Page, person) -> None:
    """Sign in as a person would."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda address: "/accounts/login/" not in address)


def look(page: Page, name: str) -> None:
    """Keep a screenshot when somebody wants to look."""
    if SCREENSHOTS:
        folder = Path(SCREENSHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png")


AXE = (ROOT / "tests/end_to_end/vendor/axe-core-4.14.1/axe.min.js").read_text()


def serious_violations(page: Page) -> list[str]:
    """Return what axe-core finds of serious or critical impact, in words; run in an isolated world, past the CSP."""
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
