"""The commands of training: python -m inference.training import|train|bundle|evaluate|left-out|report|synthesise."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from inference.engine.bundle import DEFAULT_BUNDLE
from inference.training.commands_import import add_import
from inference.training.config import TrainingConfig

if TYPE_CHECKING:
    from inference.training.dataset import Manifest

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: list[str] | None = None) -> None:
    """Run one command; `arguments` default to the process's own."""
    parser = argparse.ArgumentParser(prog="python -m inference.training")
    commands = parser.add_subparsers(required=True)
    for add in (add_import, _add_train, _add_bundle, _add_evaluate, _add_left_out, _add_report, _add_synthesise):
        add(commands)
    chosen = parser.parse_args(arguments)
    chosen.run_command(chosen)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--images", type=Path, required=True, help="folder the manifest's files are in")
    parser.add_argument("--cache", type=Path, default=Path("var/training/cache"))


def _manifest(chosen: argparse.Namespace, labels: tuple[str, ...]) -> "Manifest":
    from inference.training.dataset import read_manifest

    return read_manifest(chosen.manifest, labels=labels)


def _add_train(commands: Commands) -> None:
    parser = commands.add_parser("train", help="train a network, or go on with a stopped run")
    _add_data(parser)
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoints and curves")
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=float, help="wall-clock budget over all sittings")
    budget.add_argument("--epochs", type=int)
    parser.add_argument("--stage", action="append", metavar="SIZE:SHARE", help="e.g. 64:0.5; repeat, in order")
    parser.add_argument("--batch", type=int, default=TrainingConfig.batch)
    parser.add_argument("--leave-out", action="append", default=[], metavar="SOURCE")
    parser.add_argument("--seed", type=int, default=TrainingConfig.seed)
    parser.set_defaults(run_command=_train)


def _train(chosen: argparse.Namespace) -> None:
    from inference.training.train import train

    stored = chosen.run / "config.json"
    config = TrainingConfig.read(stored) if stored.exists() else _config(chosen)
    train(config, _manifest(chosen, config.labels), images=chosen.images, run=chosen.run, cache=chosen.cache)


def _config(chosen: argparse.Namespace) -> TrainingConfig:
    config = TrainingConfig(
        epochs=chosen.epochs,
        minutes=chosen.minutes,
        batch=chosen.batch,
        seed=chosen.seed,
        left_out_sources=tuple(chosen.leave_out),
    )
    if chosen.stage:
        pairs = (text.split(":") for text in chosen.stage)
        config = replace(config, stages=tuple((int(size), float(share)) for size, share in pairs))
    return config


def _add_bundle(commands: Commands) -> None:
    parser = commands.add_parser("bundle", help="make a bundle of a run's last checkpoint")
    _add_data(parser)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most-error", type=float, default=0.05, help="error allowed to named findings")
    parser.set_defaults(run_command=_bundle)


def _bundle(chosen: argparse.Namespace) -> None:
    from inference.training.assemble import assemble

    manifest = _manifest(chosen, TrainingConfig.read(chosen.run / "config.json").labels)
    card = assemble(
        chosen.run, manifest, images=chosen.images, cache=chosen.cache, out=chosen.out, most_error=chosen.most_error
    )
    print(f"{chosen.out}: temperature {card.temperature:.3f}, {card.selective_rule}, {card.gate_limits}")


def _add_evaluate(commands: Commands) -> None:
    parser = commands.add_parser("evaluate", help="score a split with a bundle and write its figures into it")
    _add_data(parser)
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument("--data", type=Path, help="folder with masks/lung and ood/, for shortcut and gate figures")
    parser.add_argument("--split", default="test")
    parser.set_defaults(run_command=_evaluate)


def _evaluate(chosen: argparse.Namespace) -> None:
    from inference.engine.bundle import load_card
    from inference.training.evaluate import evaluate

    manifest = _manifest(chosen, load_card(chosen.bundle).labels)
    card = evaluate(chosen.bundle, manifest, images=chosen.images, data=chosen.data, split=chosen.split)
    for name, figure in card.metrics["all"]["figures"].items():
        print(f"{name:24} {figure['value']:.3f}  ({figure['low']:.3f} to {figure['high']:.3f})")


def _add_left_out(commands: Commands) -> None:
    parser = commands.add_parser("left-out", help="score a run that left sources out, and keep it with a bundle")
    _add_data(parser)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    parser.set_defaults(run_command=_left_out)


def _left_out(chosen: argparse.Namespace) -> None:
    from inference.training.left_out import evaluate_left_out

    manifest = _manifest(chosen, TrainingConfig.read(chosen.run / "config.json").labels)
    found = evaluate_left_out(chosen.run, manifest, images=chosen.images, cache=chosen.cache, bundle=chosen.bundle)
    for side in ("inside", "outside"):
        print(side, {name: round(figure["value"], 3) for name, figure in found[side]["figures"].items()})


def _add_report(commands: Commands) -> None:
    parser = commands.add_parser("report", help="write the model card from a bundle's own figures")
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument("--out", type=Path, default=Path("docs/model_card.md"))
    parser.set_defaults(run_command=_report)


def _report(chosen: argparse.Namespace) -> None:
    from inference.training.report import model_card

    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(model_card(chosen.bundle))
    print(chosen.out)


def _add_synthesise(commands: Commands) -> None:
    parser = commands.add_parser("synthesise", help="fit the components that synthetic chest X-rays are drawn from")
    _add_data(parser)
    parser.set_defaults(run_command=_synthesise)


def _synthesise(chosen: argparse.Namespace) -> None:
    from inference.engine.synthetic import DATA
    from inference.training.synthesise import SOURCES, fit

    fit(_manifest(chosen, tuple(SOURCES)).of_split("train"), images=chosen.images, out=DATA)
    print(f"{DATA}: {DATA.stat().st_size} bytes")


if __name__ == "__main__":
    main()
