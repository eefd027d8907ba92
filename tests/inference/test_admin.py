"""The operator's admin: a read-only history of versions and requests, closed to hospitals, with no sign-in."""

import pytest
from django.urls import NoReverseMatch, reverse

from accounts.models import User
from inference import activation
from inference.models import Activation, ActivationRequest, ModelVersion
from tests.callers import session_of
from tests.inference.small_bundles import registered

PAGES = {"modelversion": ModelVersion, "activationrequest": ActivationRequest, "activation": Activation}


@pytest.fixture
def history(two_hospitals, tmp_path):
    asked = activation.request_activation(
        registered(tmp_path, "candidate"), asked_by=two_hospitals.north.model_manager, reason="Better on films."
    )
    activation.approve_activation(asked, approved_by=two_hospitals.south.model_manager, reason="I compared them.")


@pytest.fixture
def operator(db):
    return session_of(User.objects.create_superuser("operator@example.org", name="Operator"))


def pages() -> list[str]:
    lists = [reverse(f"admin:inference_{name}_changelist") for name in PAGES]
    records = [
        reverse(f"admin:inference_{name}_{page}", args=[model.objects.get().pk])
        for name, model in PAGES.items()
        for page in ("change", "history")
    ]
    return [reverse("admin:index"), reverse("admin:app_list", args=["inference"]), *lists, *records]


def test_the_operator_reads_who_asked_and_who_answered(history, operator):
    for address in pages():
        answer = operator.get(address)
        assert answer.status_code == 200, address
        assert "not a medical device" in answer.content.decode()
    record = operator.get(
        reverse("admin:inference_activationrequest_change", args=[ActivationRequest.objects.get().pk])
    )
    for expected in ("candidate", "Better on films.", "I compared them.", "North model manager", "South model manager"):
        assert expected in record.content.decode()


def test_nothing_can_be_added_changed_or_removed(history, operator):
    before = [list(model.objects.values()) for model in PAGES.values()]
    for address in pages():
        assert "_save" not in operator.get(address).content.decode()
        for method in (operator.post, operator.put, operator.delete):
            assert method(address, {"status": "withdrawn"}).status_code == 405
    assert [list(model.objects.values()) for model in PAGES.values()] == before
    for page in ("add", "delete"):
        with pytest.raises(NoReverseMatch):
            reverse(f"admin:inference_activation_{page}")


def test_nobody_of_a_hospital_and_no_stranger_gets_in(two_hospitals, history):
    staff = two_hospitals.stranger
    staff.is_staff = True
    staff.save()
    for person in (*two_hospitals.north.everyone, staff):
        for address in pages():
            assert session_of(person).get(address).status_code == 403
    for address in pages():
        assert session_of(None).get(address)["Location"].startswith("/accounts/login/")


def test_it_has_no_sign_in_of_its_own(operator):
    for address in ("login", "logout", "password_change"):
        with pytest.raises(NoReverseMatch):
            reverse(f"admin:{address}")
        assert operator.get(f"/admin/{address}/").status_code == 404
