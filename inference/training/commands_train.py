"""The commands that make a model: lungs, train, bundle."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.training.config import TrainingConfig
from inference.training.recipes import RECIPES, recipe

if TYPE_CHECKING:
    from inference.training.dataset import Manifest
    from inference.training.train import Data

AddData = Callable[[argparse.ArgumentParser], None]
ReadManifest = Callable[[argparse.Namespace, tuple[str, ...]], "Manifest"]


def add_lungs(parser: argparse.ArgumentParser) -> None:
    """Arguments of `lungs`, beside the data's."""
    parser.add_argument("--masks", type=Path, required=True, help="folder of lung masks, named as the films, .png")
    parser.add_argument("--out", type=Path, default=Path("var/training/lungs.npz"))
    parser.add_argument("--epochs", type=int, default=14)


def run_lungs(chosen: argparse.Namespace, manifest: "Manifest") -> None:
    """Train the lung finder and print its Dice on films held back."""
    from inference.training.lungs import LungTraining, train_lungs

    config = LungTraining(epochs=chosen.epochs)
    print(train_lungs(manifest.films, images=chosen.images, masks=chosen.masks, out=chosen.out, config=config))


def add_train(parser: argparse.ArgumentParser) -> None:
    """Arguments of `train`, beside the data's; what is not stated is the network's recipe."""
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoints and curves")
    parser.add_argument("--network", choices=sorted(RECIPES), default=TrainingConfig.network)
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=float, help="wall-clock budget over all sittings")
    budget.add_argument("--epochs", type=int)
    parser.add_argument("--labels", nargs="+", help="in the order of the network's outputs; default the product's")
    parser.add_argument("--stage", action="append", metavar="SIZE:SHARE", help="e.g. 64:0.5; repeat, in order")
    parser.add_argument("--finder", type=Path, help="lung finder's weights (.npz): films are cropped to their lungs")
    parser.add_argument("--weights", metavar="none|imagenet|PATH", help="what to start from; PATH of a bundle")
    parser.add_argument("--leave-out", action="append", metavar="SOURCE", help="repeat for more than one")
    for name in ("batch", "steps-per-epoch", "validate-every", "patience", "seed"):
        parser.add_argument(f"--{name}", type=int)
    for name in ("learning-rate", "weight-decay", "label-smoothing", "mix-up", "weight-average", "source-exponent"):
        parser.add_argument(f"--{name}", type=float)


def run_train(chosen: argparse.Namespace, read_manifest: ReadManifest) -> None:
    """Train, or go on with a stopped run, whose own record then decides over what is stated."""
    from inference.training.train import CONFIG, Data, finder_of, train

    stored = chosen.run / CONFIG
    config = TrainingConfig.read(stored) if stored.exists() else _config(chosen)
    finder = finder_of(chosen.run) or chosen.finder
    manifest = read_manifest(chosen, config.labels)
    train(config, Data(manifest=manifest, images=chosen.images, cache=chosen.cache, finder=finder), run=chosen.run)


def _config(chosen: argparse.Namespace) -> TrainingConfig:
    stated: dict[str, Any] = {
        "network": chosen.network,
        "initial_weights": chosen.weights,
        "labels": tuple(chosen.labels) if chosen.labels else None,
        "left_out_sources": tuple(chosen.leave_out) if chosen.leave_out else None,
        "stages": tuple(_stage(text) for text in chosen.stage) if chosen.stage else None,
    }
    same = (
        "epochs", "minutes", "batch", "steps_per_epoch", "validate_every", "patience", "seed", "learning_rate",
        "weight_decay", "label_smoothing", "mix_up", "weight_average", "source_exponent",
    )  # fmt: skip
    stated |= {name: getattr(chosen, name) for name in same}
    given = {name: value for name, value in stated.items() if value is not None}
    return TrainingConfig(**{**recipe(chosen.network), **given})


def _stage(text: str) -> tuple[int, float]:
    size, _, share = text.partition(":")
    return int(size), float(share)


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bundle`, beside the data's."""
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most-error", type=float, default=0.05, help="error allowed to named findings")


def run_bundle(chosen: argparse.Namespace, read_manifest: ReadManifest) -> None:
    """Make a bundle of a run's last checkpoint and print what was fitted."""
    from inference.training.assemble import assemble
    from inference.training.train import CONFIG

    data = data_of(chosen, read_manifest(chosen, TrainingConfig.read(chosen.run / CONFIG).labels))
    card = assemble(chosen.run, data, out=chosen.out, most_error=chosen.most_error)
    print(f"{chosen.out}: temperature {card.temperature:.3f}, {card.selective_rule}, {card.gate_limits}")


def data_of(chosen: argparse.Namespace, manifest: "Manifest") -> "Data":
    """What the arguments name: manifest, films, prepared arrays."""
    from inference.training.train import Data

    return Data(manifest=manifest, images=chosen.images, cache=chosen.cache)
