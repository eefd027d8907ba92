"""models/, activation-requests/, activations/: what the API tells of versions, and who changes which of them reads."""

import pytest

from accounts.models import AuditEntry
from accounts.roles import Role
from inference import activation, registry
from inference.models import Activation, ActivationRequest, ModelVersion
from tests.callers import machine_of, session_of
from tests.factories import ModelVersionFactory
from tests.inference.small_bundles import two_people_activate

MODELS = "/api/v1/models/"
REQUESTS = "/api/v1/activation-requests/"
ACTIVATIONS = "/api/v1/activations/"
WHY = {"reason": "Better on films of hospitals it has not seen."}


@pytest.fixture
def manager(two_hospitals):
    return session_of(two_hospitals.north.model_manager)


@pytest.fixture
def second(two_hospitals):
    return session_of(two_hospitals.south.model_manager)


def post(client, address, body):
    return client.post(address, body, content_type="application/json")


@pytest.fixture
def asked(manager, wanted) -> str:
    """The address of a request that waits."""
    answer = post(manager, REQUESTS, {"version": str(wanted.pk), **WHY})
    assert answer.status_code == 201
    return f"{REQUESTS}{answer.json()['id']}/"


# --- models/ ----------------------------------------------------------------------------------------------------------
def test_a_version_shows_its_facts_and_whether_it_is_active_but_no_path_of_ours(manager):
    active = ModelVersionFactory(status="active", card={"labels": ["covid19"], "temperature": 1.3})
    ModelVersionFactory()
    body = manager.get(f"{MODELS}{active.pk}/").json()
    assert (body["weights_sha256"], body["status"], body["is_active"]) == (active.weights_sha256, "active", True)
    assert body["facts"] == {"labels": ["covid19"], "temperature": 1.3}
    assert body["notice"] == "Research use, not a medical device"
    assert "/nonexistent" not in str(body)
    assert [row["id"] for row in manager.get(f"{MODELS}?status=active").json()["results"]] == [str(active.pk)]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_version_is_registered_by_command_and_never_edited(manager, method):
    version = ModelVersionFactory()
    for path in (MODELS, f"{MODELS}{version.pk}/"):
        assert getattr(manager, method)(path).status_code == 405


# --- activation-requests/ ---------------------------------------------------------------------------------------------
def test_one_asks_another_approves_and_everybody_can_read_it(two_hospitals, manager, second, present, wanted, asked):
    waiting = manager.get(asked).json()
    assert (waiting["status"], waiting["asked_by"]["name"]) == ("waiting", "North model manager")
    assert waiting["version"] == {"id": str(wanted.pk), "name": "wanted", "weights_sha256": wanted.weights_sha256}
    answer = post(second, f"{asked}approve/", {})

    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["answered_by"]["name"]) == ("approved", "South model manager")
    assert registry.active() == wanted
    history = session_of(two_hospitals.north.radiologist).get(ACTIVATIONS).json()["results"]
    assert [row["version"]["name"] for row in history] == ["wanted", "present"]
    assert (history[0]["asked_by"]["name"], history[0]["by"]["name"]) == ("North model manager", "South model manager")
    assert history[0]["returns_to"]["name"] == "present"
    assert (history[1]["asked_by"], history[1]["by"], history[1]["returns_to"]) == (None, None, None)
    assert AuditEntry.objects.get(action="model.activated").address == "127.0.0.1"


def test_who_asked_does_not_approve(manager, present, asked):
    answer = post(manager, f"{asked}approve/", {})

    assert answer.status_code == 403
    problem = answer.json()
    assert problem["type"] == "urn:lightbox:problem:second_person_needed"
    assert "somebody else" in problem["expected"]
    assert problem["remedy"]
    assert registry.active() == present


def test_a_request_is_refused_or_withdrawn_with_a_reason_and_stays(manager, second, wanted, asked):
    assert post(second, f"{asked}refuse/", {}).status_code == 400
    refused = post(second, f"{asked}refuse/", {"reason": "Worse on children."}).json()
    assert (refused["status"], refused["answer"]) == ("refused", "Worse on children.")
    again = post(manager, REQUESTS, {"version": str(wanted.pk), **WHY}).json()
    assert post(second, f"{REQUESTS}{again['id']}/withdraw/", WHY).status_code == 403
    withdrawn = post(manager, f"{REQUESTS}{again['id']}/withdraw/", {"reason": "Too early."}).json()
    assert withdrawn["status"] == "withdrawn"

    assert post(second, f"{asked}approve/", {}).status_code == 409
    listed = manager.get(f"{REQUESTS}?version={wanted.pk}").json()["results"]
    assert [row["status"] for row in listed] == ["withdrawn", "refused"]
    assert manager.get(f"{REQUESTS}?status=waiting").json()["results"] == []


def test_what_cannot_be_asked_for_is_refused_in_words(manager, present):
    unknown = post(manager, REQUESTS, {"version": "00000000-0000-0000-0000-000000000000", **WHY})
    assert unknown.status_code == 400
    assert post(manager, REQUESTS, {"version": str(present.pk), **WHY}).status_code == 409
    assert post(manager, REQUESTS, {"version": str(present.pk)}).status_code == 400
    assert post(manager, REQUESTS, {"version": str(present.pk), **WHY, "force": True}).status_code == 400
    hollow = post(manager, REQUESTS, {"version": str(ModelVersionFactory().pk), **WHY})
    assert hollow.status_code == 409
    assert "register_model" in hollow.json()["remedy"]
    assert "/nonexistent" not in hollow.content.decode()
    assert not ActivationRequest.objects.exists()


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.MODEL_MANAGER])
def test_nobody_else_reads_or_makes_requests_nor_rolls_back(two_hospitals, present, wanted, asked, role):
    client = session_of(getattr(two_hospitals.south, role))
    assert client.get(REQUESTS).status_code == 403
    assert client.get(asked).status_code == 403
    for address, body in (
        (REQUESTS, {"version": str(wanted.pk), **WHY}),
        (f"{asked}approve/", {}),
        (f"{asked}refuse/", WHY),
        (f"{asked}withdraw/", WHY),
        (f"{ACTIVATIONS}roll-back/", WHY),
    ):
        assert post(client, address, body).status_code == 403
    assert registry.active() == present


def test_no_key_decides_what_reads(two_hospitals, present, wanted, asked):
    machine = machine_of(two_hospitals.south.integrator, two_hospitals.south.hospital)
    assert machine.get(ACTIVATIONS).status_code == 200
    assert machine.get(REQUESTS).status_code == 403
    assert post(machine, f"{asked}approve/", {}).status_code == 403
    assert post(machine, f"{ACTIVATIONS}roll-back/", WHY).status_code == 403
    assert registry.active() == present


# --- activations/ -----------------------------------------------------------------------------------------------------
def test_one_manager_goes_back_with_a_reason(two_hospitals, manager, second, present, wanted):
    two_people_activate(wanted, two_hospitals.north.model_manager, two_hospitals.south.model_manager)
    assert post(second, f"{ACTIVATIONS}roll-back/", {}).status_code == 400
    answer = post(second, f"{ACTIVATIONS}roll-back/", {"reason": "It calls everything COVID."})

    assert answer.status_code == 201
    assert (answer.json()["kind"], answer.json()["version"]["name"]) == ("rollback", "present")
    assert registry.active() == present
    assert manager.get(f"{ACTIVATIONS}{answer.json()['id']}/").json() == answer.json()
    assert len(manager.get(f"{ACTIVATIONS}?version={present.pk}").json()["results"]) == 2
    nothing = post(second, f"{ACTIVATIONS}roll-back/", WHY)
    assert nothing.status_code == 409
    assert nothing.json()["type"].endswith("nothing_to_go_back_to")


def test_technicians_and_strangers_do_not_see_the_history(two_hospitals, present):
    for person in (two_hospitals.north.technician, two_hospitals.stranger):
        assert session_of(person).get(ACTIVATIONS).status_code == 403
    assert session_of(None).get(ACTIVATIONS).status_code == 401


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_the_history_is_not_written_to(manager, present, asked, method):
    for address in (asked, f"{ACTIVATIONS}{activation.current().pk}/", ACTIVATIONS):
        assert getattr(manager, method)(address).status_code in (403, 405)
    assert (Activation.objects.count(), ActivationRequest.objects.count()) == (1, 1)
    assert ModelVersion.objects.get(status="active") == present
