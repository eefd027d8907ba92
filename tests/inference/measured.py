"""A registered version whose bundle has figures and a plot but no weights: what the pages about the model need."""

import hashlib
import json
import shutil
import uuid
from pathlib import Path

from inference.engine.bundle import CARD, DEFAULT_BUNDLE, WEIGHTS, sha256_of
from inference.models import ModelVersion
from tests.factories import ModelVersionFactory

PLOT = b'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><path d="M0 200L300 0" stroke="#000"/></svg>'


def measured_version(folder: Path, *, bundle: Path = DEFAULT_BUNDLE, **fields) -> ModelVersion:
    """Register a bundle's figures, unless told otherwise the shipped one's, under invented weights, from `folder`."""
    folder.mkdir()
    for path in bundle.iterdir():
        if path.is_file() and path.suffix != ".npz":
            shutil.copy(path, folder)
    (folder / "plots").mkdir()
    (folder / "plots" / "curve.svg").write_bytes(PLOT)
    card = json.loads((folder / CARD).read_text())
    listed = [path for path in folder.rglob("*") if path.is_file() and path.name != CARD]
    card["files"] = {str(path.relative_to(folder)): sha256_of(path) for path in listed}
    card["files"] |= {WEIGHTS: hashlib.sha256(uuid.uuid4().bytes).hexdigest(), "gate.npz": "0" * 64}
    card |= {"name": fields.pop("name", card["name"])}
    (folder / CARD).write_text(json.dumps(card))
    return ModelVersionFactory(
        name=card["name"], bundle_path=str(folder), weights_sha256=card["files"][WEIGHTS], card=card, **fields
    )


def rewrite(version: ModelVersion, name: str, content: str, *, is_listed: bool = True) -> None:
    """Change a file of a version's bundle, and its hash in the card unless told otherwise."""
    folder = Path(version.bundle_path)
    (folder / name).write_text(content)
    if is_listed:
        card = json.loads((folder / CARD).read_text())
        card["files"][name] = sha256_of(folder / name)
        (folder / CARD).write_text(json.dumps(card))
