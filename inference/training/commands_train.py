"""The commands that make a model: lungs, train, bundle, raise-rule."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.engine.labels import LABELS
from inference.training.config import TrainingConfig
from inference.training.recipes import RECIPES, recipe

if TYPE_CHECKING:
    from inference.training.dataset import Manifest
    from inference.training.train import Data

ReadManifest = Callable[[argparse.Namespace, tuple[str, ...]], "Manifest"]


def add_lungs(parser: argparse.ArgumentParser) -> None:
    """Arguments of `lungs`, beside the data's."""
    parser.add_argument("--masks", type=Path, required=True, help="folder of lung masks, named as the films, .png")
    parser.add_argument("--out", type=Path, default=Path("var/training/lungs.npz"))
    parser.add_argument("--labels", nargs="+", default=LABELS, help="of the manifest; default the product's")
    parser.add_argument("--epochs", type=int, help="default 14")


def run_lungs(chosen: argparse.Namespace, read_manifest: ReadManifest) -> None:
    """Train the lung finder and print its Dice on films held back."""
    from inference.training.lungs import LungTraining, train_lungs

    config = LungTraining() if chosen.epochs is None else LungTraining(epochs=chosen.epochs)
    films = read_manifest(chosen, tuple(chosen.labels)).films
    print(train_lungs(films, images=chosen.images, masks=chosen.masks, out=chosen.out, config=config))


def add_train(parser: argparse.ArgumentParser) -> None:
    """Arguments of `train`, beside the data's; what is not stated is the network's recipe, or the stopped run's own."""
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoints and curves")
    parser.add_argument("--network", choices=sorted(RECIPES), help="default resnet50")
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=float, help="of training steps, over all sittings")
    budget.add_argument("--epochs", type=int)
    parser.add_argument("--labels", nargs="+", help="in the order of the network's outputs; default the product's")
    parser.add_argument("--stage", action="append", metavar="SIZE:SHARE", help="e.g. 64:0.5; repeat, in order")
    parser.add_argument("--finder", type=Path, help="lung finder's weights (.npz): films are cropped to their lungs")
    parser.add_argument("--weights", metavar="none|imagenet|PATH", help="to start from; PATH of a bundle")
    parser.add_argument("--leave-out", action="append", metavar="SOURCE", help="repeat for more than one")
    for name in ("batch", "steps-per-epoch", "validate-every", "patience", "seed"):
        parser.add_argument(f"--{name}", type=int)
    rates = ("learning-rate", "weight-decay", "label-smoothing", "mix-up", "weight-average", "source-exponent")
    for name in (*rates, "group-robust"):
        parser.add_argument(f"--{name}", type=float)


def run_train(chosen: argparse.Namespace, read_manifest: ReadManifest) -> None:
    """Train, or go on with a stopped run, which refuses other settings than its own."""
    from inference.training.runs import CONFIG
    from inference.training.train import Data, train

    stored = chosen.run / CONFIG
    given = _given(chosen)
    if stored.exists():
        config = replace(TrainingConfig.read(stored), **given)
    else:
        config = TrainingConfig(**{**recipe(given.get("network", TrainingConfig.network)), **given})
    manifest = read_manifest(chosen, config.labels)
    data = Data(manifest=manifest, images=chosen.images, cache=chosen.cache, finder=chosen.finder)
    train(config, data, run=chosen.run)


def _given(chosen: argparse.Namespace) -> dict[str, Any]:
    stated: dict[str, Any] = {
        "network": chosen.network,
        "initial_weights": chosen.weights,
        "labels": tuple(chosen.labels) if chosen.labels else None,
        "left_out_sources": tuple(chosen.leave_out) if chosen.leave_out else None,
        "stages": tuple(_stage(text) for text in chosen.stage) if chosen.stage else None,
    }
    same = (
        "epochs", "minutes", "batch", "steps_per_epoch", "validate_every", "patience", "seed", "learning_rate",
        "weight_decay", "label_smoothing", "mix_up", "weight_average", "source_exponent", "group_robust",
    )  # fmt: skip
    stated |= {name: getattr(chosen, name) for name in same}
    return {name: value for name, value in stated.items() if value is not None}


def _stage(text: str) -> tuple[int, float]:
    size, _, share = text.partition(":")
    try:
        return int(size), float(share)
    except ValueError as error:
        raise ValueError(f"Expected --stage SIZE:SHARE, such as 64:0.5; received {text!r}. Correct it.") from error


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bundle`, beside the data's."""
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most-error", type=float, default=0.05, help="error allowed to named findings")


def run_bundle(chosen: argparse.Namespace, read_manifest: ReadManifest) -> None:
    """Make a bundle of a run's last checkpoint, or best where it may stop early, and print what was fitted."""
    from inference.engine.bundle import refuse_occupied
    from inference.training.assemble import assemble
    from inference.training.runs import CONFIG

    refuse_occupied(chosen.out)
    data = data_of(chosen, read_manifest(chosen, TrainingConfig.read(chosen.run / CONFIG).labels))
    card = assemble(chosen.run, data, out=chosen.out, most_error=chosen.most_error)
    print(f"{chosen.out}: temperature {card.temperature:.3f}, {card.selective_rule}, {card.gate_limits}")


def data_of(chosen: argparse.Namespace, manifest: "Manifest") -> "Data":
    """What the arguments name: manifest, films, prepared arrays."""
    from inference.training.train import Data

    return Data(manifest=manifest, images=chosen.images, cache=chosen.cache)


def add_raise_rule(parser: argparse.ArgumentParser) -> None:
    """Arguments of `raise-rule`."""
    parser.add_argument("--bundle", type=Path, required=True)
    words = "share of an unseen source's other films that may be called by a label"
    parser.add_argument("--most-false", type=float, default=0.05, help=words)


def run_raise_rule(chosen: argparse.Namespace) -> None:
    """Raise a bundle's thresholds by what its siblings said outside, and print them."""
    from inference.training.unseen import raise_rule

    rule = raise_rule(chosen.bundle, most_false=chosen.most_false).selective_rule
    print(f"{chosen.bundle}: {rule}; now evaluate it")
