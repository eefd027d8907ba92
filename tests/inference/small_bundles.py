"""Whole bundles of a few kilobytes with their serving graphs, made without TensorFlow: what the registry needs of one.

The network is one convolution and a head with invented weights; two names give two networks, with other answers.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from accounts.models import User
from inference import activation, registry
from inference.engine.bundle import CARD, HEAD_KERNEL, load_card, sha256_of, write_bundle
from inference.engine.gate import fit_statistics
from inference.engine.serve import GRAPH, PARITY
from inference.models import Activation, ModelVersion
from tests.inference.engine.conftest import tiny_card

CHANNELS = 6
LABELS = 3


def small_bundle(folder: Path, name: str, *, graphs: Path, **card_entries: Any) -> Path:
    """Make a bundle `name` in `folder` and its graph in `graphs`; returns the bundle's folder."""
    generator = np.random.default_rng(list(name.encode()))
    convolution = generator.normal(0, 0.1, (8, 8, 1, CHANNELS)).astype(np.float32)
    head = generator.normal(0, 1, (CHANNELS, LABELS)).astype(np.float32)
    template = np.tile(np.linspace(0, 1, 32, dtype=np.float32), (32, 1))
    card = write_bundle(
        folder / name,
        tiny_card(name=name, **card_entries),
        weights={"first/kernel": convolution, HEAD_KERNEL: head},
        statistics=fit_statistics(template, generator.normal(0.2, 0.1, (50, CHANNELS)), axes=3),
    )
    _write_graph(graphs / card.weights_sha256, card.weights_sha256, card.input_size, convolution, head)
    return folder / name


def _write_graph(folder: Path, weights_sha256: str, size: int, convolution: np.ndarray, head: np.ndarray) -> None:
    import openvino
    from openvino import opset13 as ops

    pixels = ops.parameter([-1, size, size, 1], np.float32, name="pixels")
    channels_first = ops.transpose(pixels, np.array([0, 3, 1, 2]))
    kernel = ops.constant(np.ascontiguousarray(convolution.transpose(3, 2, 0, 1)))
    found = ops.relu(ops.convolution(channels_first, kernel, [8, 8], [0, 0], [0, 0], [1, 1]))
    last_map = ops.transpose(found, np.array([0, 2, 3, 1]))
    pooled = ops.reduce_mean(last_map, np.array([1, 2]))
    logits = ops.matmul(pooled, ops.constant(head), False, False)
    folder.mkdir(parents=True)
    openvino.save_model(openvino.Model([logits, last_map], [pixels]), folder / GRAPH, compress_to_fp16=False)
    files = {path.name: sha256_of(path) for path in sorted(folder.iterdir())}
    (folder / PARITY).write_text(json.dumps({"weights_sha256": weights_sha256, "files": files}))


def rewrite_card(bundle: Path, **entries: Any) -> None:
    """Change entries of a bundle's card where it lies."""
    card = json.loads((bundle / CARD).read_text())
    (bundle / CARD).write_text(json.dumps(card | entries))


def registered(folder: Path, name: str, **card_entries: Any) -> ModelVersion:
    """Return a version whose small bundle and graph lie in `folder`, recorded as `register` records one."""
    bundle = small_bundle(folder, name, graphs=folder / "graphs", **card_entries)
    card = load_card(bundle)
    return ModelVersion.objects.create(
        name=name,
        bundle_path=str(bundle),
        graph_path=str(folder / "graphs" / card.weights_sha256),
        weights_sha256=card.weights_sha256,
        card=registry.as_json(card),
    )


def made_active(version: ModelVersion) -> ModelVersion:
    """Make a version the active one, as it was before a second person was needed."""
    ModelVersion.objects.filter(status=ModelVersion.Status.ACTIVE).update(status=ModelVersion.Status.RETIRED)
    version.status = ModelVersion.Status.ACTIVE
    version.save()
    Activation.objects.create(version=version, kind=Activation.Kind.UNREVIEWED, returns_to=Activation.objects.first())
    return version


def two_people_activate(version: ModelVersion, asker: User, approver: User) -> None:
    """Make `version` the active one as two people do it."""
    asked = activation.request_activation(version, asked_by=asker, reason="Better.")
    activation.approve_activation(asked, approved_by=approver)
