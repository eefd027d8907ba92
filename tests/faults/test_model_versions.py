"""Versions change, vanish and are stopped under a working worker: it takes each up without a restart, whole or not."""

import shutil
import signal
from pathlib import Path

import pytest

from inference.engine.bundle import CARD, load_card
from tests.faults.desk import Desk
from tests.inference.small_bundles import small_bundle

pytestmark = [pytest.mark.services, pytest.mark.slow]

READ_BY = """SELECT version.name, count(*) FROM scans_diagnosis JOIN inference_modelversion AS version
             ON version.id = model_version_id GROUP BY version.name ORDER BY version.name"""
# What is half of one version and half of another: none may ever be found.
HALVES = """SELECT count(*) FROM scans_diagnosis AS diagnosis JOIN inference_modelversion AS version
            ON version.id = model_version_id JOIN inference_job AS job ON job.id = job_id
            WHERE job.model_version_id <> version.id OR lineage ->> 'weights_sha256' <> version.weights_sha256"""
SHIPPED = "SELECT name FROM inference_modelversion ORDER BY registered_at LIMIT 1"


def register(desk: Desk, name: str) -> Path:
    """Register a small bundle whose folder and graph lie in the desk's own folder; returns the bundle."""
    desk.environment["LIGHTBOX_GRAPH_DIR"] = str(desk.folder / "graphs")
    bundle = small_bundle(desk.folder, name, graphs=desk.folder / "graphs")
    assert (bundle / CARD).is_file()
    assert f"Registered {name} ({load_card(bundle).weights_sha256[:8]})." in desk.manage("register_model", str(bundle))
    return bundle


def test_an_activation_reaches_a_working_worker_with_its_next_job(desk: Desk):
    shipped = desk.rows(SHIPPED)[0][0]
    register(desk, "next-one")
    worker = desk.ready_worker()
    child = worker.children()
    desk.catch_in_mid_job(worker)
    before = desk.tally()["accepted"]

    desk.activate("next-one")
    worker.send(signal.SIGCONT)
    desk.send()
    desk.wait_until_finished()

    # The job that was being answered keeps its version; the next scan has the new one; nobody was restarted.
    assert desk.rows(READ_BY) == sorted([("next-one", 1), (shipped, before)])
    assert desk.rows(HALVES) == [(0,)]
    assert desk.tally()["failed"] == 0
    assert worker.children() == child


def test_a_version_whose_bundle_vanished_fails_visibly_and_harms_no_other(desk: Desk):
    shipped = desk.rows(SHIPPED)[0][0]
    bundle = register(desk, "vanishing")
    desk.beat()
    worker = desk.ready_worker()
    child = worker.children()
    desk.activate("vanishing")
    shutil.rmtree(bundle)
    desk.send()
    desk.wait_until_finished()

    (error,) = desk.rows("SELECT error FROM inference_job WHERE status = 'failed'")[0]
    assert error == "The model version cannot be loaded: its files are missing or changed. Tell the model manager."
    assert desk.tally()["prepared"] == 1

    desk.manage("rollback_model", "--by", desk.managers()[0], "--reason", "Its bundle is gone.")
    desk.send()
    desk.wait_until_finished()

    assert desk.rows(READ_BY) == [(shipped, 1)]
    assert worker.children() == child


def test_the_stop_button_keeps_a_worker_from_the_answer_it_is_making(desk: Desk):
    worker = desk.ready_worker()
    desk.catch_in_mid_job(worker)
    before = desk.tally()
    manager = desk.managers()[0]

    desk.manage("stop_model", "north", "--by", manager, "--reason", "It calls everything COVID.")
    worker.send(signal.SIGCONT)
    desk.send()
    desk.wait_until_finished()

    stopped = desk.tally()
    assert (stopped["diagnoses"], stopped["audited"]) == (before["diagnoses"], before["audited"])
    assert stopped["accepted"] == stopped["prepared"] == stopped["done"]
    assert desk.rows("SELECT count(*) FROM inference_job WHERE status = 'stopped'") == [(1,)]

    desk.manage("resume_model", "north", "--by", manager, "--reason", "Rolled back.", "--read-missed")
    desk.wait_until_finished()
    assert desk.tally()["diagnoses"] == stopped["accepted"]
