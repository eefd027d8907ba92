"""The page of all versions, and the acts on it: asked by one, answered by another, taken back, with every refusal."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.roles import Role
from inference import registry
from inference.engine.bundle import DEFAULT_BUNDLE
from inference.models import Activation, ActivationRequest, ModelStop, ModelVersion
from tests.callers import session_of
from tests.factories import MembershipFactory, ModelVersionFactory, UserFactory
from tests.inference.measured import measured_version

pytestmark = pytest.mark.django_db
WHY = "It is better on films of hospitals it has not seen."


@pytest.fixture
def present():
    """The active version: a row whose bundle is not there, which is enough for a version that is left."""
    version = ModelVersionFactory(name="present-one", status=ModelVersion.Status.ACTIVE, activated_at=timezone.now())
    Activation.objects.create(version=version, kind=Activation.Kind.FIRST)
    return version


@pytest.fixture
def shipped(present):
    """The shipped bundle, registered and whole, not active."""
    return registry.register(DEFAULT_BUNDLE)


@pytest.fixture
def managers(two_hospitals):
    return two_hospitals.north.model_manager, two_hospitals.south.model_manager


def _open(person, name="models", *arguments, **data) -> str:
    response = session_of(person).get(reverse(name, args=arguments), data)
    assert response.status_code == 200
    return response.content.decode()


def _send(person, name, *arguments, **data):
    """Open the page of an act and send its form, as a browser would."""
    client, address = session_of(person), reverse(name, args=arguments)
    shown = re.search(r'name="seen"(?: value="([^"]*)")?', client.get(address).content.decode())
    seen = (shown[1] or "") if shown else ""
    return client.post(address, {"reason": WHY, "seen": seen, **data})


def _asked(version, person) -> ActivationRequest:
    return ActivationRequest.objects.create(version=version, asked_by=person, reason=WHY)


def test_a_desk_without_a_version_says_what_to_do(two_hospitals):
    page = _open(two_hospitals.north.model_manager)

    assert "No version reads new scans." in page
    assert "register_model" in page
    assert "Nothing has happened yet." in page


def test_the_page_has_every_version_with_who_stands_behind_it(managers, present):
    version = ModelVersionFactory(name="other-one")
    person = UserFactory(name="Registrar")
    AuditEntry.objects.create(action="model.registered", actor=person, object_id=str(version.pk))
    page = _open(managers[0])

    for expected in ("present-one", "other-one", "Registrar", version.weights_sha256[:12], "Active", "Registered"):
        assert expected in page
    assert reverse("model_facts", args=[version.pk]) in page
    assert reverse("ask_activation", args=[version.pk]) in page
    assert reverse("ask_activation", args=[present.pk]) not in page


@pytest.mark.parametrize("role", [Role.RADIOLOGIST, Role.HOSPITAL_ADMIN])
def test_who_does_not_manage_models_reads_the_page_and_changes_nothing(two_hospitals, managers, present, role):
    version = ModelVersionFactory()
    asked = _asked(version, managers[0])
    person = getattr(two_hospitals.south, role)
    page = _open(person)

    assert WHY in page
    for name, pk in (
        ("ask_activation", version.pk),
        ("approve_activation", asked.pk),
        ("withdraw_activation", asked.pk),
    ):
        assert reverse(name, args=[pk]) not in page
        assert session_of(person).post(reverse(name, args=[pk]), {"reason": WHY}).status_code == 403
    assert session_of(person).post(reverse("roll_back_model"), {"reason": WHY}).status_code == 403
    asked.refresh_from_db()
    assert asked.is_waiting


def test_one_asks_another_approves_and_the_history_says_so(managers, present, shipped):
    asker, approver = managers
    response = _send(asker, "ask_activation", shipped.pk)
    assert response.status_code == 302
    assert registry.active() == present
    asked = ActivationRequest.objects.get()
    assert (asked.asked_by, asked.reason, asked.version) == (asker, WHY, shipped)

    response = _send(approver, "approve_activation", asked.pk, reason="")
    assert response.status_code == 302
    assert registry.active() == shipped
    page = _open(asker)
    assert f"asked by {asker}, approved by {approver}" in page
    assert f"Go back to {present.name}" in page
    trail = AuditEntry.objects.filter(action__startswith="model.").values_list("action", "actor")
    assert set(trail) >= {("model.activation_requested", asker.pk), ("model.activation_approved", approver.pk)}
    assert AuditEntry.objects.get(action="model.activated").address == "127.0.0.1"


def test_the_asker_sees_why_they_cannot_approve(managers, present):
    asker, _ = managers
    asked = _asked(ModelVersionFactory(), asker)

    assert "You asked for it, so you cannot approve it" in _open(asker)
    assert reverse("approve_activation", args=[asked.pk]) not in _open(asker)
    for name in ("approve_activation", "refuse_activation"):
        page = _open(asker, name, asked.pk)
        assert "somebody else has to answer" in page
        assert "<textarea" not in page
        response = session_of(asker).post(reverse(name, args=[asked.pk]), {"reason": WHY, "seen": str(_present_pk())})
        assert response.status_code == 422
    asked.refresh_from_db()
    assert asked.is_waiting
    assert registry.active() == present


def _present_pk():
    return Activation.objects.latest("at").pk


def test_a_refusal_needs_a_reason_and_stands_in_the_history(managers, present):
    asker, other = managers
    asked = _asked(ModelVersionFactory(name="wished-for"), asker)

    response = _send(other, "refuse_activation", asked.pk, reason="  ")
    assert response.status_code == 422
    assert "This field is required." in response.content.decode()
    assert _send(other, "refuse_activation", asked.pk, reason="Too few films.").status_code == 302

    page = _open(asker)
    assert f"asked by {asker}, refused by {other}" in page
    assert "Too few films." in page
    assert "This request is answered: it was refused." in _open(other, "approve_activation", asked.pk)


def test_the_asker_takes_the_request_back_and_nobody_else_does(managers, present):
    asker, other = managers
    asked = _asked(ModelVersionFactory(), asker)

    response = _send(other, "withdraw_activation", asked.pk)
    assert response.status_code == 422
    assert "Expected the person who asked" in response.content.decode()
    assert _send(asker, "withdraw_activation", asked.pk).status_code == 302
    assert f"withdrawn by {asker}" in _open(asker)


def test_a_version_whose_bundle_is_gone_is_not_asked_for(managers, present):
    version = ModelVersionFactory()
    response = _send(managers[0], "ask_activation", version.pk)

    assert response.status_code == 422
    assert "bundle or serving graph that is missing or changed" in response.content.decode()
    assert not ActivationRequest.objects.exists()


def test_going_back_takes_one_person_and_a_reason(managers, present, shipped):
    first = Activation.objects.create(version=shipped, kind=Activation.Kind.FIRST)
    ModelVersion.objects.filter(pk=present.pk).update(status=ModelVersion.Status.ACTIVE)
    Activation.objects.create(version=present, kind=Activation.Kind.UNREVIEWED, returns_to=first)
    person = managers[0]

    assert f"Go back to {shipped.name}" in _open(person)
    assert _send(person, "roll_back_model", reason="").status_code == 422
    response = _send(person, "roll_back_model", reason="It calls everything COVID.")
    assert response.status_code == 302
    assert registry.active() == shipped
    assert "It calls everything COVID." in _open(person)


def test_without_a_version_before_there_is_no_way_back(managers, present):
    assert "Go back to" not in _open(managers[0])
    page = _open(managers[0], "roll_back_model")

    assert "No version was active before the present one" in page
    assert "<textarea" not in page
    assert _send(managers[0], "roll_back_model").status_code == 422


def test_a_page_that_shows_what_is_no_longer_so_changes_nothing(managers, present, shipped):
    asker, approver = managers
    asked = _asked(shipped, asker)
    address = reverse("approve_activation", args=[asked.pk])
    seen = str(_present_pk())
    Activation.objects.create(version=present, kind=Activation.Kind.ROLLBACK, by=asker)

    client = session_of(approver)
    response = client.post(address, {"reason": "", "seen": seen})
    assert response.status_code == 422
    assert "somebody changed it meanwhile" in response.content.decode()
    assert registry.active() == present
    # What is shown now is what the next press is about.
    assert f'value="{_present_pk()}"' in response.content.decode()


def test_the_figures_of_both_versions_stand_side_by_side(managers, present, tmp_path):
    version = measured_version(tmp_path / "bundle", name="measured-one")
    metrics = version.card["metrics"]["adults"]
    half = {"n": 7, "figures": {"accuracy": {"value": 0.5, "low": 0.25, "high": 0.75}}}
    ModelVersion.objects.filter(pk=present.pk).update(card={"metrics": {"split": "other", "adults": half}})
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", _open(managers[0], "ask_activation", version.pk)))

    accuracy = metrics["figures"]["accuracy"]
    assert f"measured-one (n {metrics['n']})" in page
    assert "present-one, active (n 7)" in page
    assert f"accuracy{accuracy['value']:.3f} ({accuracy['low']:.3f} to {accuracy['high']:.3f})" in page
    assert "0.500 (0.250 to 0.750)" in page
    assert "measured on different films" in page


def test_a_version_without_figures_is_compared_all_the_same(managers, present):
    assert "Neither version was registered with figures." in _open(
        managers[0], "ask_activation", ModelVersionFactory().pk
    )


def test_the_history_has_its_pages_and_no_other_hospitals_stops(two_hospitals, managers, present):
    north, south = two_hospitals.north, two_hospitals.south
    for number in range(30):
        ModelStop.objects.create(
            hospital=north.hospital, reason=f"Reason {number}.", stopped_by=north.hospital_admin,
            resumed_at=timezone.now(), resumed_by=north.hospital_admin, resume_reason="Mended.",
        )  # fmt: skip
    assert "Page 1 of 3" in _open(managers[0])
    assert "became active" in _open(managers[0], page=3)
    assert "Reason" not in _open(south.model_manager)
    assert "Stopped at North Hospital" not in _open(south.model_manager)


def test_a_person_of_two_hospitals_sees_the_model_at_both(two_hospitals, present):
    person = UserFactory()
    for staff, role in ((two_hospitals.north, Role.RADIOLOGIST), (two_hospitals.south, Role.HOSPITAL_ADMIN)):
        MembershipFactory(user=person, hospital=staff.hospital, role=role)
    page = _open(person)

    assert "North Hospital" in page
    stop = "stop_model"
    assert reverse(stop, args=[two_hospitals.south.hospital.pk]) in page
    assert reverse(stop, args=[two_hospitals.north.hospital.pk]) not in page


def test_the_page_asks_as_much_of_a_long_history_as_of_a_short_one(managers, present):
    client = session_of(managers[0])

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("models")).status_code == 200
        return len(queries)

    def happens(count: int) -> None:
        for version in ModelVersionFactory.create_batch(count):
            _asked(version, managers[1])
            Activation.objects.create(version=version, kind=Activation.Kind.UNREVIEWED, by=managers[0])

    happens(1)
    few = count()
    happens(4)

    assert count() == few
