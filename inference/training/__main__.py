"""The commands of training: python -m inference.training import|train|..."""

import argparse
from dataclasses import replace
from pathlib import Path

from inference.training.config import TrainingConfig


def main(arguments: list[str] | None = None) -> None:
    """Run one command; `arguments` default to the process's own."""
    parser = argparse.ArgumentParser(prog="python -m inference.training")
    commands = parser.add_subparsers(required=True)
    _add_import(commands)
    _add_train(commands)
    _add_bundle(commands)
    chosen = parser.parse_args(arguments)
    chosen.run_command(chosen)


def _add_import(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("import", help="make the training manifest of a data set")
    parser.add_argument("manifest", type=Path, help="the data set's own manifest.csv")
    parser.add_argument("--out", type=Path, default=Path("var/training/manifest.csv"))
    parser.set_defaults(run_command=_import)


def _import(chosen: argparse.Namespace) -> None:
    from inference.training.dataset import write_manifest
    from inference.training.importers import import_collection

    films, left_out = import_collection(chosen.manifest)
    write_manifest(films, chosen.out)
    print(f"{len(films)} films in {chosen.out}; left out: {left_out or 'none'}")


def _add_train(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
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
    from inference.training.dataset import read_manifest
    from inference.training.train import train

    stored = chosen.run / "config.json"
    config = TrainingConfig.read(stored) if stored.exists() else _config(chosen)
    manifest = read_manifest(chosen.manifest, labels=config.labels)
    train(config, manifest, images=chosen.images, run=chosen.run, cache=chosen.cache)


def _add_bundle(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("bundle", help="make a bundle of a run's last checkpoint")
    _add_data(parser)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most-error", type=float, default=0.05, help="error allowed to named findings")
    parser.set_defaults(run_command=_bundle)


def _bundle(chosen: argparse.Namespace) -> None:
    from inference.training.assemble import assemble
    from inference.training.dataset import read_manifest

    config = TrainingConfig.read(chosen.run / "config.json")
    manifest = read_manifest(chosen.manifest, labels=config.labels)
    card = assemble(
        chosen.run, manifest, images=chosen.images, cache=chosen.cache, out=chosen.out, most_error=chosen.most_error
    )
    print(f"{chosen.out}: temperature {card.temperature:.3f}, {card.selective_rule}, {card.gate_limits}")


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--images", type=Path, required=True, help="folder the manifest's files are in")
    parser.add_argument("--cache", type=Path, default=Path("var/training/cache"))


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


if __name__ == "__main__":
    main()
