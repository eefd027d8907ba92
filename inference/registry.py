"""Model versions: register a bundle, find one, hand out the predictor that serves it.

Which version is active is changed in activation.py; where the model is stopped stands in stops.py.
"""

import dataclasses
import functools
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.models import User
from inference.engine.errors import BadBundle, EngineError
from inference.errors import UnknownVersion, UnusableVersion
from inference.models import ModelVersion

if TYPE_CHECKING:
    from inference.engine.bundle import Card
    from inference.engine.predict import Predictor

logger = logging.getLogger(__name__)

# What a card tells about its making; the other entries decide what the model answers.
_DESCRIPTION = frozenset({"name", "manifest_sha256", "code_commit", "training", "metrics"})
_FEWEST_DIGITS = 8


def active() -> ModelVersion | None:
    """Return the model version that new jobs are opened for, or None when the desk reads without one."""
    return ModelVersion.objects.filter(status=ModelVersion.Status.ACTIVE).first()


def named(words: str) -> ModelVersion:
    """Return the one version of this name, or whose weights' SHA-256 begins with 8 or more such digits.

    Raises:
        UnknownVersion: none, or several.
    """
    found = list(ModelVersion.objects.filter(name=words))
    if not found and len(words) >= _FEWEST_DIGITS:
        found = list(ModelVersion.objects.filter(weights_sha256__startswith=words.lower()))
    if len(found) != 1:
        which = ", ".join(str(version) for version in found) or "no registered version"
        raise UnknownVersion(
            expected=f"the name of one registered version, or {_FEWEST_DIGITS} or more digits of its weights' SHA-256",
            received=f"“{words}”, which names {which}",
            remedy="Register the bundle first, or give more digits.",
        )
    return found[0]


def register(bundle_dir: Path, *, registered_by: User | None = None) -> ModelVersion:
    """Check a bundle, make its serving graph, ask it once, and record it; on any failure nothing is recorded.

    The same weights return the same row, with the folders where they lie now: a desk may be moved, or restored
    elsewhere. What the card tells of its making may change with it; what decides an answer may not.

    Raises:
        BadBundle: a hash, a label count or a file is wrong, the graph differs from Keras, does not load, or does not
            answer; or the same weights are registered with another calibration.
    """
    from inference import smoke
    from inference.engine import bundle, serve

    card = bundle.load_card(bundle_dir)
    known = ModelVersion.objects.filter(weights_sha256=card.weights_sha256).first()
    if known is not None:
        _check_same(_deciding(known.card), _deciding(as_json(card)))
    graph_dir = settings.GRAPH_ROOT / card.weights_sha256
    serve.ensure_graph(bundle_dir, graph_dir)
    answered = smoke.check(bundle_dir, graph_dir)
    kept = {"bundle_path": str(bundle_dir.resolve()), "graph_path": str(graph_dir), "card": as_json(card)}
    with transaction.atomic():
        version, created = ModelVersion.objects.update_or_create(
            weights_sha256=card.weights_sha256, defaults=kept, create_defaults={**kept, "name": card.name}
        )
        if created:
            detail = {"weights_sha256": card.weights_sha256, "synthetic_films_answered": answered}
            audit.record("model.registered", hospital=None, actor=registered_by, subject=version, detail=detail)
    return version


def is_shipped(version: ModelVersion) -> bool:
    """Whether `version` is the bundle that this release ships."""
    from inference.engine.bundle import DEFAULT_BUNDLE

    return Path(version.bundle_path) == DEFAULT_BUNDLE.resolve()


def check_usable(version: ModelVersion) -> None:
    """Check that bundle and serving graph are what was registered; before a version becomes active. No library loads.

    Raises:
        UnusableVersion: they are not; the log says which file.
    """
    from inference.engine import bundle, serve

    try:
        card = bundle.load_card(Path(version.bundle_path))
        _check_same(_deciding(version.card), _deciding(as_json(card)))
        graph_dir = Path(version.graph_path)
        # ensure_graph would make a missing one: minutes, TensorFlow, and not in a web process.
        if (graph_dir / serve.PARITY).is_file():
            serve.ensure_graph(Path(version.bundle_path), graph_dir)
            return
        received = "no serving graph"
    except (EngineError, OSError) as error:
        logger.warning("a version cannot be used", exc_info=error, extra={"version": str(version.pk)})
        received = "a bundle or serving graph that is missing or changed"
    raise UnusableVersion(
        expected=f"the bundle and serving graph of {version} as they were registered",
        received=received,
        remedy="Restore the bundle and register it again: manage.py register_model BUNDLE.",
    )


@functools.lru_cache(maxsize=2)
def _predictor(bundle_path: str, graph_path: str, deciding: str) -> "Predictor":
    from inference.engine.predict import Predictor

    predictor = Predictor.load(Path(bundle_path), graph_dir=Path(graph_path))
    _check_same(json.loads(deciding), _deciding(as_json(predictor.card)))
    return predictor


def predictor_for(version: ModelVersion) -> "Predictor":
    """Return the loaded serving graph of `version`; two stay loaded, so an activation needs no restart.

    Raises:
        BadBundle: the bundle is gone, or is no longer the one that was registered.
    """
    return _predictor(version.bundle_path, version.graph_path, json.dumps(_deciding(version.card), sort_keys=True))


def warm_up() -> None:
    """Load the active model in this worker process; a model that cannot load must not stop the worker from starting."""
    try:
        version = active()
        if version is not None:
            predictor_for(version)
    except Exception:
        logger.exception("the active model could not be loaded; scans stay readable without it")


def as_json(card: "Card") -> dict[str, Any]:
    """Return a card as the record keeps it."""
    kept: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(card)))
    return kept


def _deciding(card: dict[str, Any]) -> dict[str, Any]:
    """Return what of a card decides an answer, by dotted names: not its story, and of its files what the model loads.

    Left out as well is what is empty: cards of before an entry was known load as if it were.
    """
    told = {name: value for name, value in card.items() if name not in _DESCRIPTION}
    files = {name: digest for name, digest in told.get("files", {}).items() if name.endswith(".npz")}
    return dict(_leaves({**told, "files": files}))


def _leaves(entries: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in entries.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        elif value:
            yield f"{prefix}{name}", value


def _check_same(registered: dict[str, Any], found: dict[str, Any]) -> None:
    differing = sorted(name for name in registered.keys() | found.keys() if registered.get(name) != found.get(name))
    if differing:
        raise BadBundle(
            expected="the bundle as registered: " + ", ".join(f"{name} {registered.get(name)}" for name in differing),
            received=", ".join(f"{name} {found.get(name)}" for name in differing),
            remedy="Restore the registered bundle; a new calibration is a new bundle, made with weights of its own",
        )
