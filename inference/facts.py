"""Model facts: what a registered version says of itself, from the files of its bundle; the model card as a page."""

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from inference import markdown, plot_tables, stored_figures
from inference.engine.bundle import CARD, EVALUATION, LEFT_OUT, Card, read_card, sha256_of
from inference.engine.errors import BadBundle
from inference.models import ModelVersion
from inference.training import report

PLOT_SUFFIX = ".svg"
# Tens of megabytes that no page shows; they are checked when the version is registered and when it is loaded.
_WEIGHTS_SUFFIX = ".npz"
_RESTORE = "Restore the bundle from where it was made, or register it where it lies now"
_EVALUATE = "Evaluate the bundle with this version of inference.training, and register it again"


@dataclass(frozen=True)
class Facts:
    """What the page shows of a version.

    Args:
        text: the model card; or, with a problem, what is stored; None: nothing of the bundle can be trusted.
        problem: why it is not the model card, as expected, received, remedy.
        is_rewritten: the bundle was measured again after the version was registered.
    """

    text: markdown.Document | None = None
    problem: str = ""
    is_rewritten: bool = False


def facts_of(version: ModelVersion) -> Facts:
    """Return the model card of a version, made from its bundle's files as they are now, each checked by its hash."""
    try:
        card = _checked_card(version)
    except BadBundle as error:
        # Where the folder lies is no reader's business.
        return Facts(problem=str(error).replace(f"{version.bundle_path}/", ""))
    is_rewritten = card.files != version.card.get("files")
    folder = Path(version.bundle_path)
    try:
        text = markdown.parse(report.card_text(card, folder))
        curves = json.loads((folder / EVALUATION).read_text())["curves"]
        return Facts(plot_tables.with_tables(text, curves), is_rewritten=is_rewritten)
    except (OSError, LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        # Measured by another release, say. A past diagnosis still points here, so what is stored is shown as it is.
        missing = isinstance(error, KeyError)
        received = f"some without {error}" if missing else f"others ({type(error).__name__}: {error})"
        problem = str(_bad("figures as this version of Lightbox writes them", received, _EVALUATE))
        return Facts(_stored(version), problem=problem, is_rewritten=is_rewritten)


def _stored(version: ModelVersion) -> markdown.Document | None:
    folder = Path(version.bundle_path)
    titles = {EVALUATION: "Evaluation", LEFT_OUT: "Sources left out"}
    try:
        found = {
            title: json.loads((folder / name).read_text()) for name, title in titles.items() if (folder / name).exists()
        }
        return stored_figures.document(version.name, {**found, "Card": version.card})
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def plot_of(version: ModelVersion, name: str) -> bytes | None:
    """Return a stored plot of a version by its file name; None when the bundle has none, or another than its card says.

    Args:
        name: as the card lists it, without a folder.
    """
    try:
        files = _card_of(version).files
    except BadBundle:
        return None
    listed = next((file for file in files if PurePosixPath(file).name == name and file.endswith(PLOT_SUFFIX)), None)
    if listed is None:
        return None
    path = Path(version.bundle_path) / listed
    return path.read_bytes() if path.is_file() and sha256_of(path) == files[listed] else None


def _card_of(version: ModelVersion) -> Card:
    """Read the card in the version's folder; raise BadBundle when the folder is another model's by now."""
    if not (Path(version.bundle_path) / CARD).is_file():
        raise _bad(f"{CARD} in the bundle", "no such file", _RESTORE)
    card = read_card(Path(version.bundle_path) / CARD)
    if card.weights_sha256 != version.weights_sha256:
        expected = f"the bundle with weights {version.weights_sha256[:8]}… in this version's folder"
        raise _bad(expected, f"one with weights {card.weights_sha256[:8]}…", _RESTORE)
    return card


def _checked_card(version: ModelVersion) -> Card:
    """Return the card once every file that the page may show is there, listed and as listed; raise BadBundle else."""
    card, folder = _card_of(version), Path(version.bundle_path)
    if EVALUATION not in card.files:
        raise _bad(f"{EVALUATION} among the files of the bundle's card", "a card without it", _EVALUATE)
    if LEFT_OUT not in card.files and (folder / LEFT_OUT).exists():
        raise _bad(f"{LEFT_OUT} among the files of the bundle's card", "a card without it", _EVALUATE)
    for name, expected in card.files.items():
        if name.endswith(_WEIGHTS_SUFFIX):
            continue
        if not (folder / name).is_file():
            raise _bad(f"{name} in the bundle", "no such file", _RESTORE)
        received = sha256_of(folder / name)
        if received != expected:
            raise _bad(f"{name} with SHA-256 {expected[:8]}…", f"a changed file, {received[:8]}…", _RESTORE)
    return card


def _bad(expected: str, received: str, remedy: str) -> BadBundle:
    return BadBundle(expected=expected, received=received, remedy=remedy)
