"""Which version reads new scans: one person asks, another answers, and the rows of both are kept."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from accounts.models import AuditEntry, Membership
from accounts.roles import Role
from inference import activation, registry
from inference.errors import (
    AlreadyActive,
    AlreadyAsked,
    MayNotManageModels,
    MissingReason,
    RequestAnswered,
    SecondPersonNeeded,
    UnusableVersion,
)
from inference.models import Activation, ActivationRequest, ModelVersion
from tests.inference.small_bundles import registered

pytestmark = pytest.mark.django_db
WHY = "Better on films of hospitals it has not seen."


@pytest.fixture
def asked(wanted, north_manager) -> ActivationRequest:
    return activation.request_activation(wanted, asked_by=north_manager, reason=WHY)


def actions() -> list[str]:
    return list(AuditEntry.objects.filter(action__startswith="model.").order_by("id").values_list("action", flat=True))


# --- Two people -------------------------------------------------------------------------------------------------------
def test_asking_changes_nothing_yet(present, asked):
    assert registry.active() == present
    assert asked.is_waiting
    assert actions() == ["model.activation_requested"]


def test_a_second_person_activates_and_both_stand_in_history_and_trail(
    present, asked, wanted, north_manager, south_manager
):
    activation.approve_activation(asked, approved_by=south_manager, reason="I compared them.")

    present.refresh_from_db()
    asked.refresh_from_db()
    now = activation.current()
    assert registry.active() == wanted
    assert present.status == ModelVersion.Status.RETIRED
    assert (now.kind, now.by, now.request, now.returns_to.version) == ("approved", south_manager, asked, present)
    assert (asked.status, asked.answered_by, asked.answer) == ("approved", south_manager, "I compared them.")
    assert asked.activation == now
    assert actions() == ["model.activation_requested", "model.activation_approved", "model.activated"]
    entry = AuditEntry.objects.get(action="model.activated")
    assert (entry.actor, entry.detail["asked_by"]) == (south_manager, str(north_manager.pk))


def test_nobody_answers_their_own_request(present, asked, north_manager):
    with pytest.raises(SecondPersonNeeded, match="somebody else"):
        activation.approve_activation(asked, approved_by=north_manager)
    with pytest.raises(SecondPersonNeeded):
        activation.refuse_activation(asked, refused_by=north_manager, reason=WHY)
    asked.refresh_from_db()
    assert asked.is_waiting
    assert registry.active() == present


def test_the_database_refuses_one_person_too(asked, north_manager):
    for status in ("approved", "refused"):
        with pytest.raises(IntegrityError), transaction.atomic():
            ActivationRequest.objects.filter(pk=asked.pk).update(
                status=status, answered_by=north_manager, answered_at=asked.asked_at
            )


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.MODEL_MANAGER])
def test_only_model_managers_ask_approve_refuse_and_roll_back(two_hospitals, present, wanted, asked, role):
    person = getattr(two_hospitals.south, role)
    for act in (
        lambda: activation.request_activation(wanted, asked_by=person, reason=WHY),
        lambda: activation.approve_activation(asked, approved_by=person),
        lambda: activation.refuse_activation(asked, refused_by=person, reason=WHY),
        lambda: activation.roll_back(rolled_back_by=person, reason=WHY),
    ):
        with pytest.raises(MayNotManageModels):
            act()
    assert registry.active() == present


def test_an_asker_who_lost_the_role_meanwhile_does_not_count(present, asked, north_manager, south_manager):
    Membership.objects.filter(user=north_manager).update(is_active=False)

    with pytest.raises(MayNotManageModels, match="no longer"):
        activation.approve_activation(asked, approved_by=south_manager)
    asked.refresh_from_db()
    assert asked.is_waiting
    assert registry.active() == present


# --- Other answers ----------------------------------------------------------------------------------------------------
def test_a_request_is_refused_with_a_reason_and_kept(present, asked, south_manager):
    with pytest.raises(MissingReason):
        activation.refuse_activation(asked, refused_by=south_manager, reason="  ")
    activation.refuse_activation(asked, refused_by=south_manager, reason="Worse on children.")

    asked.refresh_from_db()
    assert (asked.status, asked.answer) == ("refused", "Worse on children.")
    assert registry.active() == present
    assert actions()[-1] == "model.activation_refused"


def test_only_the_asker_withdraws(asked, north_manager, south_manager):
    with pytest.raises(MayNotManageModels, match="the person who asked"):
        activation.withdraw_activation(asked, withdrawn_by=south_manager, reason=WHY)
    activation.withdraw_activation(asked, withdrawn_by=north_manager, reason="Asked too early.")

    asked.refresh_from_db()
    assert (asked.status, asked.answer) == ("withdrawn", "Asked too early.")
    assert actions()[-1] == "model.activation_withdrawn"


def test_an_answered_request_is_not_answered_again(present, asked, north_manager, south_manager):
    activation.withdraw_activation(asked, withdrawn_by=north_manager, reason=WHY)

    for act in (
        lambda: activation.approve_activation(asked, approved_by=south_manager),
        lambda: activation.refuse_activation(asked, refused_by=south_manager, reason=WHY),
        lambda: activation.withdraw_activation(asked, withdrawn_by=north_manager, reason=WHY),
    ):
        with pytest.raises(RequestAnswered, match="withdrawn"):
            act()
    assert registry.active() == present


def test_one_request_per_version_waits_and_a_later_one_is_a_new_row(asked, wanted, north_manager, south_manager):
    with pytest.raises(AlreadyAsked):
        activation.request_activation(wanted, asked_by=south_manager, reason=WHY)
    activation.withdraw_activation(asked, withdrawn_by=north_manager, reason=WHY)
    activation.request_activation(wanted, asked_by=south_manager, reason=WHY)

    assert ActivationRequest.objects.filter(version=wanted).count() == 2


def test_there_is_nothing_to_ask_for_without_a_reason_or_for_the_active_version(present, wanted, north_manager):
    with pytest.raises(MissingReason):
        activation.request_activation(wanted, asked_by=north_manager, reason="")
    with pytest.raises(AlreadyActive):
        activation.request_activation(present, asked_by=north_manager, reason=WHY)
    assert not ActivationRequest.objects.exists()


def test_a_version_with_a_history_cannot_be_removed(present):
    with pytest.raises(ProtectedError):
        present.delete()


# --- What cannot be served does not become active ---------------------------------------------------------------------
def test_a_version_whose_bundle_is_gone_is_neither_asked_for_nor_approved_nor_gone_back_to(
    present, wanted, asked, north_manager, south_manager
):
    shutil.rmtree(wanted.bundle_path)
    with pytest.raises(UnusableVersion):
        activation.approve_activation(asked, approved_by=south_manager)
    with pytest.raises(UnusableVersion):
        activation.request_activation(wanted, asked_by=north_manager, reason=WHY)
    assert registry.active() == present


def test_a_rollback_to_a_bundle_that_is_gone_is_refused(present, asked, wanted, south_manager):
    activation.approve_activation(asked, approved_by=south_manager)
    shutil.rmtree(Path(present.bundle_path))

    with pytest.raises(UnusableVersion):
        activation.roll_back(rolled_back_by=south_manager, reason=WHY)
    assert registry.active() == wanted


# --- At the same moment -----------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_two_requests_approved_at_the_same_moment_follow_each_other(
    tmp_path, present, wanted, north_manager, south_manager
):
    versions = [wanted, registered(tmp_path, "third")]
    requests = [activation.request_activation(each, asked_by=north_manager, reason=WHY) for each in versions]

    def approve(asked: ActivationRequest) -> None:
        try:
            activation.approve_activation(asked, approved_by=south_manager)
        finally:
            connection.close()

    with ThreadPoolExecutor() as people:
        list(people.map(approve, requests))

    last, before, first = Activation.objects.order_by("-at")
    assert registry.active() == last.version
    assert (last.returns_to, before.returns_to) == (before, first)
    assert {last.version, before.version} == set(versions)
