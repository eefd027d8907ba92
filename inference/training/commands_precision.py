"""The command `precision`: what a bundle answers in bfloat16, measured so that it may be served in it."""

import argparse
from pathlib import Path

from inference.engine.bundle import DEFAULT_BUNDLE, load_card

_SHOWN = ("accuracy", "balanced accuracy", "macro auroc", "coverage", "selective error")


def add_precision(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser of `python -m inference.training`."""
    parser = commands.add_parser("precision", help="measure a bundle in bfloat16, so that it may be served in it")
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--images", type=Path, required=True, help="folder the manifest's files are in")
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument("--split", default="test")
    parser.set_defaults(run_command=_precision)


def _precision(chosen: argparse.Namespace) -> None:
    from inference.training.dataset import read_manifest
    from inference.training.precision import measure_precision

    manifest = read_manifest(chosen.manifest, labels=load_card(chosen.bundle).labels)
    found = measure_precision(chosen.bundle, manifest, images=chosen.images, split=chosen.split)
    print(f"{found['same outcome']} of {found['films']} films with the same outcome; others: {found['other outcome']}")
    print(f"largest difference in a probability {found['largest difference']:.2e}, on {found['device']}")
    print(f"{'':20}{'float32':>28}{'bfloat16':>28}")
    for name in _SHOWN:
        if name in found["f32"]["figures"]:
            values = (found[precision]["figures"][name] for precision in ("f32", "bf16"))
            cells = (f"{one['value']:.4f} ({one['low']:.4f} to {one['high']:.4f})" for one in values)
            print(f"{name:20}" + "".join(f"{cell:>28}" for cell in cells))
