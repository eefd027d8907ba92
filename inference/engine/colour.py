"""Refuses colour photographs at the upload: asks a child process, since a web process decodes no pixel."""

import json
import subprocess
import sys
from pathlib import Path

from .errors import UnreadableImage
from .header import FileFacts, inspect_file

_TIMEOUT_SECONDS = 40.0
_ROOT = Path(__file__).resolve().parents[2]


def is_colour_picture(path: Path) -> bool:
    """Whether a file is a colour photograph; use it for files of three or more samples, from any process.

    Decodes at a reduced scale in a child process with limits on memory and time, so that a hostile file harms
    nothing but the child. path: a file that `inspect_file` accepts.
    Raises UnreadableImage (undecodable) when the child cannot decode it or runs into its limits.
    """
    return _ask_child(path, inspect_file(path)) == "colour"


def refuse_colour(path: Path, facts: FileFacts) -> None:
    """Refuse colour photographs and see-through pictures at the upload; use it behind `inspect_file`.

    path, facts: the file and what `inspect_file` said of it; a file of one sample is let through unopened.
    Raises UnreadableImage (colour, transparent, undecodable).
    """
    if facts.samples > 1:
        refuse_verdict(_ask_child(path, facts))


def refuse_verdict(verdict: str) -> None:
    """Turn a verdict of `colour_check` into its refusal; use it in the worker, which trusts no door.

    Raises UnreadableImage (colour, transparent); returns when the verdict is "grey".
    """
    if verdict == "colour":
        raise UnreadableImage(
            code="colour",
            expected="a grey film",
            received="a colour picture",
            remedy="Send the radiograph itself, exported in grey",
        )
    if verdict == "transparent":
        raise UnreadableImage(
            code="transparent",
            expected="an opaque picture",
            received="one that is see-through in places, so that what it shows depends on the background",
            remedy="Export it without an alpha channel",
        )


def _ask_child(path: Path, facts: FileFacts) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 - our own module; the path is one argument and never a shell's
            [sys.executable, "-m", "inference.engine.colour_check", str(path.resolve()), facts.format],
            cwd=_ROOT,
            # Nothing of our environment: it holds secrets, and the child reads hostile files. One thread, because
            # OpenBLAS reserves address space for every core, against the child's limit.
            env={"OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _undecodable(f"nothing in {_TIMEOUT_SECONDS:g} s") from None
    if answer.returncode != 0:
        raise _undecodable(f"the decoder's exit with status {answer.returncode}")
    found: dict[str, str] = json.loads(answer.stdout)
    if found["verdict"] == "undecodable":
        raise _undecodable(found["reason"])
    return found["verdict"]


def _undecodable(received: str) -> UnreadableImage:
    return UnreadableImage(
        code="undecodable",
        expected="pixels that decode",
        received=received,
        remedy="Export the picture again and send the whole file",
    )
