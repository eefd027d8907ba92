"""Back to the version before, by one person; the first version, by nobody; all of it from the command line."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry
from accounts.roles import Role
from inference import activation, registry
from inference.errors import MissingReason, NothingToGoBackTo, NotTheFirst
from inference.models import Activation, ActivationRequest, Job, ModelVersion
from tests.factories import JobFactory, MembershipFactory, ModelVersionFactory
from tests.inference.small_bundles import registered, two_people_activate

pytestmark = pytest.mark.django_db
WHY = "It calls everything COVID."


# --- Back -------------------------------------------------------------------------------------------------------------
def test_a_rollback_goes_back_step_by_step_and_never_forward(tmp_path, present, wanted, north_manager, south_manager):
    third = registered(tmp_path, "third")
    two_people_activate(wanted, north_manager, south_manager)
    two_people_activate(third, north_manager, south_manager)

    assert activation.rollback_target() == wanted
    activation.roll_back(rolled_back_by=north_manager, reason="It calls everything COVID.")
    assert registry.active() == wanted
    activation.roll_back(rolled_back_by=north_manager, reason="So does this one.")
    assert registry.active() == present
    with pytest.raises(NothingToGoBackTo, match="before which there was none"):
        activation.roll_back(rolled_back_by=north_manager, reason=WHY)

    kinds = list(Activation.objects.order_by("at").values_list("kind", flat=True))
    assert kinds == ["unreviewed", "approved", "approved", "rollback", "rollback"]
    entry = AuditEntry.objects.filter(action="model.activated").latest("id")
    assert (entry.actor, entry.detail["reason"]) == (north_manager, "So does this one.")


def test_after_a_rollback_and_a_new_activation_the_way_back_is_what_was_active(
    tmp_path, present, wanted, north_manager, south_manager
):
    third = registered(tmp_path, "third")
    two_people_activate(wanted, north_manager, south_manager)
    activation.roll_back(rolled_back_by=north_manager, reason=WHY)
    two_people_activate(third, north_manager, south_manager)

    assert activation.rollback_target() == present


def test_a_rollback_needs_a_reason_and_something_to_go_back_to(present, north_manager):
    with pytest.raises(MissingReason):
        activation.roll_back(rolled_back_by=north_manager, reason=" ")
    with pytest.raises(NothingToGoBackTo):
        activation.roll_back(rolled_back_by=north_manager, reason=WHY)


def test_a_desk_without_a_version_has_nothing_to_go_back_to(north_manager):
    with pytest.raises(NothingToGoBackTo, match="no version at all"):
        activation.roll_back(rolled_back_by=north_manager, reason=WHY)


def test_jobs_that_are_open_keep_their_version(present, wanted, north_manager, south_manager):
    job = JobFactory(model_version=present)
    two_people_activate(wanted, north_manager, south_manager)

    assert Job.objects.get(pk=job.pk).model_version == present


# --- The first --------------------------------------------------------------------------------------------------------
def test_the_way_without_people_is_open_once_and_for_the_shipped_bundle_only(tmp_path, active_model):
    with pytest.raises(NotTheFirst, match="a desk with a history"):
        activation.activate_first(active_model)
    ModelVersion.objects.update(status=ModelVersion.Status.RETIRED)
    with pytest.raises(NotTheFirst):
        activation.activate_first(active_model)
    assert registry.active() is None


def test_no_other_bundle_takes_the_way_without_people(wanted):
    with pytest.raises(NotTheFirst, match="not this release's own"):
        activation.activate_first(wanted)
    assert registry.active() is None


# --- Commands ---------------------------------------------------------------------------------------------------------
def activate(version: str, asker: str, approver: str) -> None:
    call_command("activate_model", version, "--asked-by", asker, "--approved-by", approver)


def test_the_command_activates_by_name_or_hash_in_two_names(present, wanted, north_manager, south_manager, capsys):
    activate("wanted", north_manager.email, south_manager.email)
    assert registry.active() == wanted
    activate(present.weights_sha256[:8], south_manager.email, north_manager.email)

    assert registry.active() == present
    assert f"approved by {north_manager.email}" in capsys.readouterr().out


def test_the_command_leaves_nothing_of_what_it_may_not_do(two_hospitals, present, wanted, north_manager):
    MembershipFactory(user=two_hospitals.stranger, role=Role.RADIOLOGIST)
    manager = north_manager.email
    for asker, approver, said in (
        (manager, manager, "somebody else"),
        (manager, two_hospitals.stranger.email, "ability to manage models"),
        (two_hospitals.stranger.email, manager, "ability to manage models"),
        (manager, "nobody@example.org", "email of a person"),
    ):
        with pytest.raises(CommandError, match=said):
            activate("wanted", asker, approver)
    with pytest.raises(CommandError, match="8 or more digits"):
        activate("unknown", manager, two_hospitals.south.model_manager.email)
    assert registry.active() == present
    assert not ActivationRequest.objects.exists()


def test_somebody_whose_sign_in_is_closed_activates_nothing(present, wanted, north_manager, south_manager):
    south_manager.is_active = False
    south_manager.save()

    with pytest.raises(CommandError, match="who may sign in"):
        activate("wanted", north_manager.email, south_manager.email)
    assert registry.active() == present


def test_one_command_goes_back(present, wanted, north_manager, south_manager, capsys):
    two_people_activate(wanted, north_manager, south_manager)
    call_command("rollback_model", "--by", north_manager.email, "--reason", "It calls everything COVID.")

    assert registry.active() == present
    assert f"read by {present} again" in capsys.readouterr().out
    with pytest.raises(CommandError, match="before which there was none"):
        call_command("rollback_model", "--by", north_manager.email, "--reason", WHY)


def test_a_row_without_a_bundle_is_found_but_not_activated(present, north_manager, south_manager):
    version = ModelVersionFactory(name="hollow")

    with pytest.raises(CommandError, match="as they were registered"):
        activate("hollow", north_manager.email, south_manager.email)
    version.refresh_from_db()
    assert version.status == ModelVersion.Status.REGISTERED
