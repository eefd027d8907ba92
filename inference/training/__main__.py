"""The commands of training: `python -m inference.training --help` lists them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from inference.engine.errors import EngineError
from inference.training import commands_card, commands_train
from inference.training.commands_import import add_import
from inference.training.commands_precision import add_precision

if TYPE_CHECKING:
    from inference.training.dataset import Manifest

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: list[str] | None = None) -> None:
    """Run one command; `arguments` default to the process's own."""
    parser = argparse.ArgumentParser(prog="python -m inference.training")
    commands = parser.add_subparsers(required=True)
    making = (add_import, _add_lungs, _add_train, _add_bundle, _add_raise_rule)
    for add in (*making, *commands_card.ADD, add_precision, _add_synthesise):
        add(commands)
    chosen = parser.parse_args(arguments)
    try:
        chosen.run_command(chosen)
    except EngineError as error:
        # What was expected, received and to do is the whole message; where in the code it was found is none of it.
        parser.exit(1, f"{type(error).__name__}: {error}\n")


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--images", type=Path, required=True, help="folder the manifest's files are in")
    parser.add_argument("--cache", type=Path, default=Path("var/training/cache"))


def _manifest(chosen: argparse.Namespace, labels: tuple[str, ...]) -> "Manifest":
    from inference.training.dataset import read_manifest

    return read_manifest(chosen.manifest, labels=labels)


def _add_lungs(commands: Commands) -> None:
    parser = commands.add_parser("lungs", help="train the lung finder on films with drawn masks")
    _add_data(parser)
    commands_train.add_lungs(parser)
    parser.set_defaults(run_command=lambda chosen: commands_train.run_lungs(chosen, _manifest))


def _add_train(commands: Commands) -> None:
    parser = commands.add_parser("train", help="train a network, or go on with a stopped run")
    _add_data(parser)
    commands_train.add_train(parser)
    parser.set_defaults(run_command=lambda chosen: commands_train.run_train(chosen, _manifest))


def _add_bundle(commands: Commands) -> None:
    parser = commands.add_parser("bundle", help="make a bundle of a run's last checkpoint")
    _add_data(parser)
    commands_train.add_bundle(parser)
    parser.set_defaults(run_command=lambda chosen: commands_train.run_bundle(chosen, _manifest))


def _add_raise_rule(commands: Commands) -> None:
    parser = commands.add_parser("raise-rule", help="ask for more where unseen sources are called by a label falsely")
    commands_train.add_raise_rule(parser)
    parser.set_defaults(run_command=commands_train.run_raise_rule)


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
