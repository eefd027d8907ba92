"""The commands that measure a model and tell of it: evaluate, left-out, report, compare, reproduce."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from inference.engine.bundle import DEFAULT_BUNDLE

if TYPE_CHECKING:
    from inference.training.dataset import Manifest

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

_MANIFEST = Path("var/training/manifest.csv")
_MANIFEST_OF_DATA = Path("var/training/manifest-of-data.csv")


def add_evaluate(commands: Commands) -> None:
    """Add `evaluate` to the parser of `python -m inference.training`."""
    parser = commands.add_parser("evaluate", help="score a split with a bundle and write its figures into it")
    _add_data(parser)
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument("--split", default="test")
    parser.set_defaults(run_command=_evaluate)


def _evaluate(chosen: argparse.Namespace) -> None:
    from inference.engine.bundle import load_card
    from inference.training.evaluate import evaluate

    card = load_card(chosen.bundle)
    manifest = _manifest(chosen, card.labels, wanted=card.manifest_sha256)
    card = evaluate(chosen.bundle, manifest, images=_images(chosen), data=chosen.data, split=chosen.split)
    for name, figure in card.metrics["all"]["figures"].items():
        print(f"{name:32} {figure['value']:.3f}  ({figure['low']:.3f} to {figure['high']:.3f})")


def add_left_out(commands: Commands) -> None:
    """Add `left-out` to the parser of `python -m inference.training`."""
    parser = commands.add_parser("left-out", help="score runs that left sources out, and keep them with a bundle")
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run trained with --leave-out")
    _add_data(parser)
    parser.add_argument("--cache", type=Path, default=Path("var/training/cache"))
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    parser.set_defaults(run_command=_left_out)


def _left_out(chosen: argparse.Namespace) -> None:
    from inference.engine.bundle import CARD, read_card
    from inference.training.left_out import evaluate_left_out

    card = read_card(chosen.bundle / CARD)
    manifest = _manifest(chosen, card.labels, wanted=card.manifest_sha256)
    found = evaluate_left_out(chosen.runs, manifest, images=_images(chosen), cache=chosen.cache, bundle=chosen.bundle)
    for name, figure in found["mean over sources"].items():
        print(f"{name:40} {figure['value']:.3f}  over {figure['sources']} sources")


def add_report(commands: Commands) -> None:
    """Add `report` to the parser of `python -m inference.training`."""
    parser = commands.add_parser("report", help="write the model card from a bundle's own figures")
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument("--out", type=Path, default=Path("docs/model_card.md"))
    parser.set_defaults(run_command=_report)


def _report(chosen: argparse.Namespace) -> None:
    from inference.training.report import write_report

    write_report(chosen.bundle, chosen.out)
    print(chosen.out)


def add_compare(commands: Commands) -> None:
    """Add `compare` to the parser of `python -m inference.training`."""
    parser = commands.add_parser("compare", help="set evaluated networks side by side, beside published figures")
    parser.add_argument("evaluations", nargs="+", type=Path, metavar="BUNDLE", help="or its evaluation.json")
    parser.add_argument("--out", type=Path, default=Path("docs/networks.md"))
    parser.set_defaults(run_command=_compare)


def _compare(chosen: argparse.Namespace) -> None:
    from inference.training.networks import networks_page, read_evaluation

    page = networks_page([read_evaluation(path) for path in chosen.evaluations])
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(page)
    print(page)


def add_reproduce(commands: Commands) -> None:
    """Add `reproduce` to the parser of `python -m inference.training`."""
    parser = commands.add_parser(
        "reproduce", help="measure a copy of a bundle, write its card, and compare the figures"
    )
    _add_data(parser)
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument("--out", type=Path, default=Path("var/training/reproduced"))
    parser.set_defaults(run_command=_reproduce)


def _reproduce(chosen: argparse.Namespace) -> None:
    from inference.engine.bundle import load_card
    from inference.training.report import write_report
    from inference.training.reproduce import reproduce

    if chosen.data is None:
        raise SystemExit("Expected --data, the folder with images/, masks/ and ood/; received none.")
    card = load_card(chosen.bundle)
    manifest = _manifest(chosen, card.labels, wanted=card.manifest_sha256)
    found = reproduce(chosen.bundle, manifest, data=chosen.data, out=chosen.out / card.name)
    write_report(chosen.out / card.name, chosen.out / "model_card.md")
    for difference in found:
        print(difference)
    print(f"{chosen.out / 'model_card.md'}: {len(found)} figures differ from those in {chosen.bundle}")
    if found:
        raise SystemExit(1)


ADD = (add_evaluate, add_left_out, add_report, add_compare, add_reproduce)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="folder with images/, masks/ and ood/, for every figure there is")
    parser.add_argument("--images", type=Path, help="folder the manifest's files are in; default images/ of --data")
    parser.add_argument("--manifest", type=Path, help="default: the one the bundle was trained from, or made of --data")


def _images(chosen: argparse.Namespace) -> Path:
    if chosen.images is None and chosen.data is None:
        raise SystemExit("Expected --data or --images, where the films are; received neither.")
    images: Path = chosen.images or chosen.data / "images"
    return images


def _manifest(chosen: argparse.Namespace, labels: tuple[str, ...], *, wanted: str) -> "Manifest":
    """The manifest that was named; else the one with the SHA-256 `wanted`, lying ready or imported from the data.

    On another manifest than its own a bundle would be scored on films it may have learned from, so that one has to be
    named.
    """
    from inference.training.dataset import read_manifest

    if chosen.manifest is not None:
        return read_manifest(chosen.manifest, labels=labels)
    found = dict[str, str]()
    for path in (_MANIFEST, _MANIFEST_OF_DATA):
        if path == _MANIFEST_OF_DATA and chosen.data is not None:
            _import(chosen.data, labels, path)
        if path.exists():
            try:
                manifest = read_manifest(path, labels=labels)
            except ValueError as error:
                found[str(path)] = str(error)
                continue
            if manifest.sha256 == wanted:
                return manifest
            found[str(path)] = manifest.sha256
    raise SystemExit(
        f"Expected the manifest with SHA-256 {wanted} that the bundle was trained from; received {found or 'none'}. "
        "Name it, or another to measure on, with --manifest."
    )


def _import(data: Path, labels: tuple[str, ...], out: Path) -> None:
    """Make the manifest of the data with the label set that has these labels, as the command `import` does."""
    from inference.training.commands_import import add_import
    from inference.training.label_sets import LABEL_SETS

    names = [found.name for found in LABEL_SETS.values() if found.labels == labels]
    if not names or not (data / "manifest.csv").exists():
        return
    parser = argparse.ArgumentParser()
    add_import(parser.add_subparsers())
    arguments = ["import", str(data / "manifest.csv"), "--label-set", names[0], "--out", str(out)]
    chosen = parser.parse_args(arguments)
    chosen.run_command(chosen)
