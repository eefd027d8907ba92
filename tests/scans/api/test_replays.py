"""replays/: ask for one, read what came of it; only who may see the scan."""

import pytest

from accounts.models import AuditEntry
from accounts.roles import Role
from scans import pipeline
from scans.models import Diagnosis, Replay
from scans.workflow import diagnosis
from tests.callers import machine_of, session_of
from tests.inference.small_bundles import made_active, registered

REPLAYS = "/api/v1/replays/"


@pytest.fixture
def recorded(north, send, tmp_path) -> Diagnosis:
    made_active(registered(tmp_path, "present"))
    diagnosis.run(send(north, patient_mrn="SECRETMRN").pk)
    return Diagnosis.objects.get()


def post(client, body):
    return client.post(REPLAYS, body, content_type="application/json")


def test_a_reader_asks_and_reads_the_difference_when_the_worker_has_answered(north, recorded):
    Diagnosis.objects.update(lineage={**recorded.lineage, "device": "another processor"})
    client = session_of(north.radiologist)
    answer = post(client, {"diagnosis": str(recorded.pk)})

    assert answer.status_code == 202
    asked = answer.json()
    assert (asked["is_finished"], asked["verdict"], asked["parts"], asked["now"]) == (False, "", [], None)
    pipeline.recompute(asked["id"])
    found = client.get(f"{REPLAYS}{asked['id']}/").json()
    assert (found["is_finished"], found["verdict"]) == (True, "same")
    assert "What differs in its lineage: device." in found["statement"]
    assert found["recorded"] == found["now"]
    assert found["now"]["probabilities"] == recorded.probabilities
    assert found["largest_difference"] == 0
    differing = [part for part in found["parts"] if not part["is_same"]]
    assert [(part["name"], part["recorded"]) for part in differing] == [("device", "another processor")]
    assert found["notice"] == "Research use, not a medical device"


def test_every_look_leaves_a_line_about_the_patient(north, recorded):
    client = session_of(north.radiologist)
    signed_in = AuditEntry.objects.latest("id")
    asked = post(client, {"diagnosis": str(recorded.pk)}).json()
    client.get(f"{REPLAYS}{asked['id']}/")
    client.get(f"{REPLAYS}?diagnosis={recorded.pk}")

    patient = recorded.image.scan.patient_id
    lines = AuditEntry.objects.filter(actor=north.radiologist, id__gt=signed_in.id).order_by("id")
    assert [line.action for line in lines] == ["replay.asked", "scan.viewed", "list.viewed"]
    assert lines[0].patient_id == lines[1].patient_id == patient
    assert lines[2].detail == {"what": "replays", "patients": [str(patient)]}


def test_a_machine_that_may_see_scans_may_ask(north, recorded):
    machine = machine_of(north.integrator, north.hospital, ["view_scans"])
    assert post(machine, {"diagnosis": str(recorded.pk)}).status_code == 202
    blind = machine_of(north.integrator, north.hospital, ["view_models"])
    assert post(blind, {"diagnosis": str(recorded.pk)}).status_code == 403


@pytest.mark.parametrize("role", Role.values)
def test_another_hospitals_diagnosis_and_replay_are_unknown(south, north, recorded, role):
    asked = pipeline.ask_replay(recorded, asked_by=north.radiologist)
    client = session_of(getattr(south, role))
    may_see = role in (Role.RADIOLOGIST, Role.TECHNICIAN, Role.INTEGRATOR)
    assert post(client, {"diagnosis": str(recorded.pk)}).status_code == (400 if may_see else 403)
    assert client.get(f"{REPLAYS}{asked.pk}/").status_code == (404 if may_see else 403)
    assert client.get(REPLAYS).json().get("results", []) == []
    assert Replay.objects.count() == 1


def test_admins_and_managers_open_no_record(north, recorded):
    for person in (north.hospital_admin, north.model_manager):
        assert post(session_of(person), {"diagnosis": str(recorded.pk)}).status_code == 403


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_replay_is_not_written_to(north, recorded, method):
    asked = pipeline.ask_replay(recorded, asked_by=north.radiologist)
    for address in (REPLAYS, f"{REPLAYS}{asked.pk}/"):
        assert getattr(session_of(north.radiologist), method)(address).status_code == 405
