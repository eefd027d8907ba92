"""Model versions: register a bundle, activate one, hand out the predictor that serves it."""

import dataclasses
import functools
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from inference.models import ModelVersion

if TYPE_CHECKING:
    from inference.engine.predict import Predictor

logger = logging.getLogger(__name__)


def active() -> ModelVersion | None:
    """Return the model version that new jobs are opened for, or None when the desk reads without one."""
    return ModelVersion.objects.filter(status=ModelVersion.Status.ACTIVE).first()


def register(bundle_dir: Path, *, registered_by: User | None = None) -> ModelVersion:
    """Check a bundle, make its serving graph, and record it; the same weights return the same row, with the folders
    where they lie now: a desk may be moved, or restored elsewhere.

    Raises:
        BadBundle: a hash, a label count or a file is wrong, or the graph differs from Keras.
    """
    from inference.engine import bundle, serve

    card = bundle.load_card(bundle_dir)
    graph_dir = settings.GRAPH_ROOT / card.weights_sha256
    serve.ensure_graph(bundle_dir, graph_dir)
    folders = {"bundle_path": str(bundle_dir.resolve()), "graph_path": str(graph_dir)}
    with transaction.atomic():
        version, created = ModelVersion.objects.update_or_create(
            weights_sha256=card.weights_sha256,
            defaults=folders,
            create_defaults={**folders, "name": card.name, "card": dataclasses.asdict(card)},
        )
        if created:
            audit.record("model.registered", hospital=None, actor=registered_by, subject=version)
    return version


@transaction.atomic
def activate(version: ModelVersion, *, activated_by: User | None = None) -> None:
    """Make `version` the one new jobs use; jobs already open keep theirs."""
    ModelVersion.objects.filter(status=ModelVersion.Status.ACTIVE).exclude(pk=version.pk).update(
        status=ModelVersion.Status.RETIRED
    )
    version.status = ModelVersion.Status.ACTIVE
    version.activated_at = timezone.now()
    version.activated_by = activated_by
    version.save(update_fields=["status", "activated_at", "activated_by"])
    audit.record("model.activated", hospital=None, actor=activated_by, subject=version)


@functools.lru_cache(maxsize=2)
def _predictor(bundle_path: str, graph_path: str) -> "Predictor":
    from inference.engine.predict import Predictor

    return Predictor.load(Path(bundle_path), graph_dir=Path(graph_path))


def predictor_for(version: ModelVersion) -> "Predictor":
    """Return the loaded serving graph of `version`; two stay loaded, so an activation needs no restart."""
    return _predictor(version.bundle_path, version.graph_path)


def warm_up() -> None:
    """Load the active model in this worker process; a model that cannot load must not stop the worker from starting."""
    try:
        version = active()
        if version is not None:
            predictor_for(version)
    except Exception:
        logger.exception("the active model could not be loaded; scans stay readable without it")
