"""Model versions: registered when whole and answering, found by name, loaded as they were registered."""

import json
import math
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.models import AuditEntry
from inference import registry
from inference.engine.bundle import CARD, DEFAULT_BUNDLE, sha256_of
from inference.engine.errors import BadBundle
from inference.engine.serve import GRAPH, PARITY
from inference.errors import UnknownVersion, UnusableVersion
from inference.models import Activation, ModelVersion
from tests.factories import ModelVersionFactory
from tests.inference.small_bundles import made_active, registered, rewrite_card, small_bundle

pytestmark = pytest.mark.django_db


@pytest.fixture
def graphs(settings, tmp_path) -> Path:
    """Where this test's graphs lie."""
    settings.GRAPH_ROOT = tmp_path / "graphs"
    return settings.GRAPH_ROOT


@pytest.fixture
def bundle(settings, tmp_path) -> Path:
    """A whole bundle that is not registered, with its graph; tests damage it."""
    settings.GRAPH_ROOT = tmp_path / "graphs"
    return small_bundle(tmp_path, "candidate", graphs=settings.GRAPH_ROOT)


def graph_of(bundle: Path, graphs: Path) -> Path:
    return graphs / json.loads((bundle / CARD).read_text())["files"]["weights.npz"]


def refused(bundle: Path) -> str:
    """Return the refusal of a bundle, after looking that nothing was recorded."""
    versions, entries = ModelVersion.objects.count(), AuditEntry.objects.count()
    with pytest.raises(CommandError) as refusal:
        call_command("register_model", str(bundle))
    assert (ModelVersion.objects.count(), AuditEntry.objects.count()) == (versions, entries)
    said = str(refusal.value)
    assert said.startswith("Expected ")
    assert "; received " in said
    return said


# --- Registering ------------------------------------------------------------------------------------------------------
def test_the_shipped_bundle_registers_once(active_model):
    assert registry.register(DEFAULT_BUNDLE) == active_model
    active_model.refresh_from_db()
    assert active_model.card["labels"] == ["covid19", "pneumonia", "normal"]
    entry = AuditEntry.objects.get(action="model.registered")
    assert entry.object_id == str(active_model.pk)
    assert entry.detail["synthetic_films_answered"] > 0


def test_a_whole_bundle_is_registered_and_not_activated(bundle, graphs, capsys):
    call_command("register_model", str(bundle))

    version = ModelVersion.objects.get()
    assert (version.name, version.status) == ("candidate", ModelVersion.Status.REGISTERED)
    assert version.graph_path == str(graph_of(bundle, graphs))
    assert f"Registered {version}." in capsys.readouterr().out


def test_a_desk_that_moved_finds_its_model_where_it_is_now(active_model):
    ModelVersion.objects.update(bundle_path="/where/it/was", graph_path="/where/it/was")

    registry.predictor_for(registry.register(DEFAULT_BUNDLE))

    assert registry.active() == active_model
    assert registry.active().bundle_path == str(DEFAULT_BUNDLE)


def test_a_changed_file_is_refused_and_named_with_both_hashes(bundle):
    expected = json.loads((bundle / CARD).read_text())["files"]["gate.npz"]
    (bundle / "gate.npz").write_bytes(b"changed")

    said = refused(bundle)
    assert "gate.npz" in said
    assert expected in said
    assert sha256_of(bundle / "gate.npz") in said


def test_a_missing_file_is_refused_and_named(bundle):
    (bundle / "gate.npz").unlink()

    assert "gate.npz" in refused(bundle)
    shutil.rmtree(bundle)
    assert CARD in refused(bundle)


def test_a_wrong_label_count_is_refused_with_both_counts(bundle):
    rewrite_card(bundle, labels=["covid19", "normal"])

    said = refused(bundle)
    assert "3 labels" in said
    assert "2: ('covid19', 'normal')" in said


def test_a_graph_that_is_not_the_checked_one_is_refused(bundle, graphs):
    (graph_of(bundle, graphs) / GRAPH).write_text("another graph")

    assert "unchanged graph" in refused(bundle)


def test_a_graph_that_does_not_load_is_refused(bundle, graphs):
    folder = graph_of(bundle, graphs)
    (folder / GRAPH).write_text("<not a graph>")
    parity = json.loads((folder / PARITY).read_text())
    parity["files"][GRAPH] = sha256_of(folder / GRAPH)
    (folder / PARITY).write_text(json.dumps(parity))

    assert "a serving graph that loads" in refused(bundle)


def test_answers_that_are_no_probabilities_are_refused(bundle):
    rewrite_card(bundle, temperature=math.nan)

    said = refused(bundle)
    assert "finite probabilities for covid19, pneumonia, normal" in said
    assert "nan" in said


def test_a_bundle_that_answers_no_film_is_refused_with_the_gates_reasons(bundle):
    limits = json.loads((bundle / CARD).read_text())["gate_limits"]
    rewrite_card(bundle, gate_limits=limits | {"largest_oddness": -1e9})

    assert "refusals of all: not_frontal_chest" in refused(bundle)


def test_the_same_weights_with_another_calibration_are_refused(bundle):
    version = registry.register(bundle)
    rewrite_card(bundle, temperature=version.card["temperature"] * 2)

    assert "temperature" in refused(bundle)
    version.refresh_from_db()
    assert version.card["temperature"] != json.loads((bundle / CARD).read_text())["temperature"]


def test_the_story_of_a_bundle_may_be_told_anew(bundle):
    version = registry.register(bundle)
    rewrite_card(bundle, metrics={"accuracy": 0.5}, code_commit="abc")

    assert registry.register(bundle) == version
    version.refresh_from_db()
    assert version.card["metrics"] == {"accuracy": 0.5}


def test_a_card_from_before_an_entry_was_known_still_loads(bundle):
    version = registry.register(bundle)
    older = dict(version.card)
    older["selective_rule"] = {key: value for key, value in older["selective_rule"].items() if value}
    ModelVersion.objects.update(card={**older, "an_entry_of_the_past": []})
    version.refresh_from_db()

    assert registry.predictor_for(version).weights_sha256 == version.weights_sha256


# --- Serving what was registered --------------------------------------------------------------------------------------
def test_a_bundle_that_was_changed_after_it_was_registered_is_not_served(bundle):
    version = registry.register(bundle)
    rewrite_card(bundle, temperature=9.0)

    with pytest.raises(BadBundle, match=r"temperature .* received temperature 9"):
        registry.predictor_for(version)
    with pytest.raises(UnusableVersion):
        registry.check_usable(version)


def test_another_bundle_in_the_same_folder_is_not_served(bundle, graphs, tmp_path):
    version = registry.register(bundle)
    other = small_bundle(tmp_path / "elsewhere", "other", graphs=graphs)
    shutil.rmtree(bundle)
    other.rename(bundle)
    ModelVersion.objects.update(graph_path=str(graph_of(bundle, graphs)))
    version.refresh_from_db()

    with pytest.raises(BadBundle, match="weights"):
        registry.predictor_for(version)


@pytest.mark.parametrize("gone", ["bundle", "graph"])
def test_a_version_that_cannot_be_used_says_so_without_a_path(bundle, graphs, gone, tmp_path):
    version = registry.register(bundle)
    shutil.rmtree(bundle if gone == "bundle" else graph_of(bundle, graphs))

    with pytest.raises(UnusableVersion) as refusal:
        registry.check_usable(version)
    assert str(tmp_path) not in str(refusal.value)
    assert "register_model" in str(refusal.value)


def test_two_versions_stay_loaded_side_by_side(tmp_path):
    one, other = registered(tmp_path, "one"), registered(tmp_path, "other")
    first = registry.predictor_for(one)

    assert registry.predictor_for(other).weights_sha256 == other.weights_sha256
    assert registry.predictor_for(one) is first


def test_a_model_that_cannot_load_does_not_stop_the_worker(caplog):
    ModelVersionFactory(status=ModelVersion.Status.ACTIVE)
    registry.warm_up()

    assert "could not be loaded" in caplog.text


def test_the_database_allows_one_active_version(active_model):
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersionFactory(status=ModelVersion.Status.ACTIVE)


# --- Finding one ------------------------------------------------------------------------------------------------------
def test_a_version_is_found_by_its_name_or_the_beginning_of_its_hash():
    version = ModelVersionFactory(name="candidate")

    for words in ("candidate", version.weights_sha256, version.weights_sha256[:8].upper()):
        assert registry.named(words) == version


def test_what_names_no_version_or_several_is_refused():
    version = ModelVersionFactory(name="twice")
    ModelVersionFactory(name="twice")

    for words in ("twice", version.weights_sha256[:7], "0" * 64, ""):
        with pytest.raises(UnknownVersion, match="8 or more digits"):
            registry.named(words)


# --- The first start --------------------------------------------------------------------------------------------------
def test_the_first_start_activates_the_shipped_bundle_and_says_so(capsys):
    call_command("register_model", "--activate-if-first")

    version = registry.active()
    assert registry.is_shipped(version)
    assert Activation.objects.get().kind == Activation.Kind.FIRST
    entry = AuditEntry.objects.get(action="model.activated")
    assert (entry.actor, entry.detail["kind"]) == (None, "first")
    assert "the first on this desk" in capsys.readouterr().out


def test_a_release_with_another_bundle_registers_it_and_lets_people_decide(tmp_path, capsys):
    older = made_active(registered(tmp_path, "older"))
    call_command("register_model", "--activate-if-first")

    assert registry.active() == older
    assert ModelVersion.objects.exclude(pk=older.pk).get().status == ModelVersion.Status.REGISTERED
    assert "until one person asks for it and another approves" in capsys.readouterr().out


def test_the_way_without_people_takes_no_other_bundle(bundle):
    with pytest.raises(CommandError, match="received both"):
        call_command("register_model", str(bundle), "--activate-if-first")
    assert not ModelVersion.objects.exists()
