"""Replay: the past answer computed again, every difference stated, the record left as it is."""

import datetime
import shutil
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import AuditEntry
from inference import registry
from scans import pipeline, storage
from scans.models import Diagnosis, Outcome, Replay, ReplayVerdict
from scans.workflow import diagnosis, replay
from tests.inference.small_bundles import made_active, registered, rewrite_card
from tests.pictures import png_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def north(two_hospitals):
    return two_hospitals.north


@pytest.fixture
def version(tmp_path):
    return made_active(registered(tmp_path, "present"))


@pytest.fixture
def recorded(north, version, send) -> Diagnosis:
    diagnosis.run(send(north, patient_mrn="SECRETMRN", patient_name="Secret, Name").pk)
    return Diagnosis.objects.get()


def as_recorded(found: Diagnosis) -> dict:
    return Diagnosis.objects.filter(pk=found.pk).values().get()


def replayed(found: Diagnosis, person) -> Replay:
    """Ask as the page does, and let the worker's function answer."""
    asked = pipeline.ask_replay(found, asked_by=person)
    assert not asked.is_finished
    before = as_recorded(found)
    replay.run(asked.pk)
    assert as_recorded(found) == before
    asked.refresh_from_db()
    return asked


def part(found: Replay, name: str) -> dict:
    return next(each for each in found.difference["parts"] if each["name"] == name)


# --- Verdicts ---------------------------------------------------------------------------------------------------------
def test_the_same_everything_gives_the_same_answer_to_the_last_digit(recorded, north):
    found = replayed(recorded, north.radiologist)

    assert found.verdict == ReplayVerdict.SAME
    assert found.statement.startswith("The same answer, ")
    assert "No probability differs." in found.statement
    assert "Nothing in its lineage differs." in found.statement
    assert found.difference["largest_difference"] == 0
    assert {each["name"] for each in found.difference["parts"]} >= {
        "original picture", "weights", "serving graph", "preprocessing", "calibration and thresholds", "code", "device",
    }  # fmt: skip


def test_a_difference_within_the_tolerance_is_told_and_still_the_same_answer(recorded, north):
    moved = {label: value + 5e-5 for label, value in recorded.probabilities.items()}
    Diagnosis.objects.update(probabilities=moved, lineage={**recorded.lineage, "device": "another processor"})
    found = replayed(recorded, north.radiologist)

    assert found.verdict == ReplayVerdict.SAME
    assert "5.0e-05, within the tolerance of 0.0001" in found.statement
    assert "What differs in its lineage: device." in found.statement
    assert part(found, "device")["recorded"] == "another processor"


def test_another_answer_is_told_with_both_answers_and_every_part_that_differs(recorded, north):
    lineage = {**recorded.lineage, "code_version": "000000000000", "graph_sha256": "0" * 64}
    Diagnosis.objects.update(
        outcome=Outcome.FINDING, label="covid19", reason="", lineage=lineage,
        probabilities={"covid19": 0.98, "pneumonia": 0.01, "normal": 0.01},
    )  # fmt: skip
    found = replayed(recorded, north.radiologist)

    assert found.verdict == ReplayVerdict.DIFFERENT
    assert found.statement.startswith("Another answer. Recorded: finding: COVID-19 pneumonia. Now: ")
    assert "beyond the tolerance" in found.statement
    assert "What differs in its lineage: serving graph, code." in found.statement
    assert found.difference["answers"]["recorded"]["label"] == "covid19"
    assert part(found, "weights")["is_same"]


def test_a_picture_that_could_not_be_read_cannot_be_read_again(north, version, send):
    damaged = bytearray(png_bytes())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 40] = bytes(40)
    diagnosis.run(send(north, content=bytes(damaged)).pk)
    recorded = Diagnosis.objects.get()
    assert recorded.outcome == Outcome.NOT_ANALYSED
    found = replayed(recorded, north.radiologist)

    assert found.verdict == ReplayVerdict.SAME
    assert "not analysed (undecodable)" in found.statement


def test_the_version_of_then_is_asked_and_not_the_active_one(recorded, north, version, tmp_path):
    made_active(registered(tmp_path, "later"))

    assert replayed(recorded, north.radiologist).verdict == ReplayVerdict.SAME


# --- What can no longer be computed -----------------------------------------------------------------------------------
def test_an_original_that_is_gone_is_said_to_be(recorded, north):
    storage.original_path(recorded.image).unlink()
    found = replayed(recorded, north.radiologist)

    assert (found.verdict, found.difference) == (ReplayVerdict.IMPOSSIBLE, {})
    assert "no longer stored" in found.statement


def test_an_original_that_was_changed_is_said_to_be(recorded, north):
    path = storage.original_path(recorded.image)
    path.chmod(0o644)
    path.write_bytes(png_bytes(seed=5))
    found = replayed(recorded, north.radiologist)

    assert found.verdict == ReplayVerdict.IMPOSSIBLE
    assert "its SHA-256 differs" in found.statement


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_a_bundle_that_is_gone_or_changed_is_said_to_be_without_its_path(recorded, north, version, harm, tmp_path):
    # Not from what this process has loaded.
    registry._predictor.cache_clear()
    if harm == "gone":
        shutil.rmtree(version.bundle_path)
    else:
        rewrite_card(tmp_path / "present", temperature=9.0)
    found = replayed(recorded, north.radiologist)

    assert found.verdict == ReplayVerdict.IMPOSSIBLE
    assert "The bundle of present" in found.statement
    assert str(tmp_path) not in found.statement


def test_a_replay_that_fails_is_tried_again_and_ends_in_words(recorded, north, settings, monkeypatch):
    def broken(version):
        raise RuntimeError("a fault")

    monkeypatch.setattr(registry, "predictor_for", broken)
    asked = pipeline.ask_replay(recorded, asked_by=north.radiologist)
    for _ in range(settings.JOB_MAX_ATTEMPTS):
        replay.run(asked.pk)
        asked.refresh_from_db()
        assert not asked.is_finished
    replay.run(asked.pk)

    asked.refresh_from_db()
    assert asked.verdict == ReplayVerdict.IMPOSSIBLE
    assert "attempts failed" in asked.statement


# --- Asking, ringing, the trail ---------------------------------------------------------------------------------------
def test_the_worker_is_rung_when_the_asking_is_committed(
    recorded, north, django_capture_on_commit_callbacks, monkeypatch
):
    rung = []
    monkeypatch.setattr(pipeline.recompute, "apply_async", lambda args, *_, **__: rung.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        asked = pipeline.ask_replay(recorded, asked_by=north.radiologist)
    assert rung == [(str(asked.pk),)]


def test_a_second_asker_waits_for_the_same_replay_and_a_finished_one_is_kept(recorded, north):
    asked = pipeline.ask_replay(recorded, asked_by=north.radiologist)
    assert pipeline.ask_replay(recorded, asked_by=north.technician) == asked
    replay.run(asked.pk)
    replay.run(asked.pk)

    assert pipeline.ask_replay(recorded, asked_by=north.radiologist) != asked
    assert AuditEntry.objects.filter(action="diagnosis.replayed").count() == 1


def test_a_ring_that_was_lost_is_rung_again(recorded, north):
    asked = pipeline.ask_replay(recorded, asked_by=north.radiologist)
    assert replay.overdue() == []
    Replay.objects.update(rung_at=timezone.now() - datetime.timedelta(hours=1))

    assert replay.overdue() == [asked.pk]
    assert replay.overdue() == []


def test_asking_and_answering_leave_lines_about_the_patient_without_a_name(recorded, north):
    found = replayed(recorded, north.radiologist)

    for action in ("replay.asked", "diagnosis.replayed"):
        entry = AuditEntry.objects.get(action=action)
        assert (entry.hospital, entry.actor) == (north.hospital, north.radiologist)
        assert entry.patient_id == recorded.image.scan.patient_id
        assert entry.object_id == str(recorded.pk)
        assert entry.detail["replay"] == str(found.pk)
        assert "SECRET" not in str(entry.detail).upper()


def test_an_unknown_replay_is_no_error(db):
    replay.run(uuid.uuid4())


# --- The command ------------------------------------------------------------------------------------------------------
def test_the_command_prints_every_part_and_the_verdict(recorded, north, capsys):
    Diagnosis.objects.update(lineage={**recorded.lineage, "device": "another processor"})
    call_command("replay", str(recorded.pk), "--by", north.radiologist.email)

    printed = capsys.readouterr().out
    assert "weights                            equal" in printed
    assert "device                             DIFFERS" in printed
    assert "recorded another processor" in printed
    assert "The same answer, " in printed
    assert "Research use, not a medical device." in printed
    assert Replay.objects.get().asked_by == north.radiologist


def test_the_command_of_the_operator_ends_although_the_model_is_broken(recorded, monkeypatch, capsys):
    def broken(version):
        raise RuntimeError("a fault")

    monkeypatch.setattr(registry, "predictor_for", broken)
    call_command("replay", str(recorded.pk))

    assert "could not be computed again" in capsys.readouterr().out
    assert AuditEntry.objects.get(action="replay.asked").actor_label == "system"


def test_the_command_knows_only_diagnoses(db):
    with pytest.raises(CommandError, match="id of a diagnosis"):
        call_command("replay", str(uuid.uuid4()))
