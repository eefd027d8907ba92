"""Model versions: registered when whole, one active, served without a restart."""

import json
import shutil

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.models import AuditEntry
from inference import registry
from inference.engine.bundle import DEFAULT_BUNDLE
from inference.models import ModelVersion
from tests.factories import ModelVersionFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_the_shipped_bundle_registers_once(active_model):
    assert registry.register(DEFAULT_BUNDLE) == active_model
    active_model.refresh_from_db()
    assert active_model.card["labels"] == ["covid19", "pneumonia", "normal"]
    assert AuditEntry.objects.filter(action="model.registered").count() == 1


def test_a_desk_that_moved_finds_its_model_where_it_is_now(active_model):
    ModelVersion.objects.update(bundle_path="/where/it/was", graph_path="/where/it/was")

    registry.predictor_for(registry.register(DEFAULT_BUNDLE))

    assert registry.active() == active_model
    assert registry.active().bundle_path == str(DEFAULT_BUNDLE)


def test_activating_one_retires_the_other(active_model):
    other = ModelVersionFactory()
    registry.activate(other)

    active_model.refresh_from_db()
    assert registry.active() == other
    assert active_model.status == ModelVersion.Status.RETIRED


def test_the_database_allows_one_active_version(active_model):
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersionFactory(status=ModelVersion.Status.ACTIVE)


def test_a_changed_bundle_is_refused_with_the_file_named(tmp_path):
    shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")
    card = json.loads((tmp_path / "bundle" / "card.json").read_text())
    (tmp_path / "bundle" / "gate.npz").write_bytes(b"changed")

    with pytest.raises(CommandError, match=r"gate\.npz"):
        call_command("register_model", str(tmp_path / "bundle"))
    assert card["files"]["gate.npz"]
    assert not ModelVersion.objects.exists()


def test_the_command_activates_only_on_a_desk_without_a_model(active_model, capsys):
    other = ModelVersionFactory()
    registry.activate(other)
    call_command("register_model", "--activate-if-first")

    assert registry.active() == other


def test_activation_names_one_version_and_a_person(capsys):
    version, person = ModelVersionFactory(), UserFactory()
    for weights in (version.weights_sha256[:7], "0" * 8, ""):
        with pytest.raises(CommandError, match="8 or more digits"):
            call_command("activate_model", weights, "--by", person.email)
    with pytest.raises(CommandError, match="email"):
        call_command("activate_model", version.weights_sha256, "--by", "nobody@example.org")
    call_command("activate_model", version.weights_sha256[:8], "--by", person.email)

    assert registry.active() == version
    assert AuditEntry.objects.get(action="model.activated").actor == person


def test_a_model_that_cannot_load_does_not_stop_the_worker(caplog):
    ModelVersionFactory(status=ModelVersion.Status.ACTIVE)
    registry.warm_up()

    assert "could not be loaded" in caplog.text
