"""What may stand in the project: no film of a person, no machine's path, no secret, nothing that points nowhere."""

import hashlib
import os
import re
from pathlib import Path

import pytest

from tests.conventions.sources import ROOT, files, is_vendored, named, relative

# Pictures that may be committed, by where they lie; each is drawn, synthetic, or an icon.
PICTURES = re.compile(r"^(docs/images/[\w-]+\.(png|svg)|(portal|scans)/static/[\w/.-]+\.(png|svg|ico|woff2?))$")
MODEL_FILES = re.compile(r"^inference/bundles/[\w.-]+/(weights|gate|lungs|left_out|components)\.npz$")
MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"RIFF", b"BM", b"PK\x03\x04", b"\x1f\x8b", b"\x93NUMPY")
DATA = Path(os.environ.get("LIGHTBOX_DATA", ROOT.parent / "shared" / "data"))


def _is_picture_or_archive(path):
    with path.open("rb") as file:
        head = file.read(132)
    return head.startswith(MAGIC) or head[128:] == b"DICM"


def test_the_only_pictures_and_archives_are_those_allowed():
    found = {relative(path) for path in files() if _is_picture_or_archive(path)}
    assert {name for name in found if not (PICTURES.match(name) or MODEL_FILES.match(name))} == set()


def test_no_file_of_the_data_is_committed():
    if not DATA.is_dir():
        pytest.skip(f"no training data at {DATA}; the list of allowed pictures is checked in any case")
    committed = {path.stat().st_size: path for path in files() if path.stat().st_size > 0}
    same_size = [
        Path(folder) / name
        for folder, _, names in os.walk(DATA)
        for name in names
        if (Path(folder) / name).stat().st_size in committed
    ]
    digests = {hashlib.sha256(path.read_bytes()).digest() for path in files()}
    assert [path for path in same_size if hashlib.sha256(path.read_bytes()).digest() in digests] == []


# Written in parts, so that this file does not find itself.
MACHINE_PATHS = re.compile("|".join((r"/wor" + r"k/(main|shared)", r"/tmp/l" + r"b/", r"/home/[a-z]", r"/Users/[a-z]")))
REGISTRIES = re.compile(
    "|".join((r"pypi\.o" + r"rg", r"pythonhost" + r"ed", r"npmjs\.o" + r"rg", r"--index-u" + r"rl"))
)


@pytest.mark.parametrize("pattern", [MACHINE_PATHS, REGISTRIES], ids=["paths of one machine", "registry hosts"])
def test_files_name_nobody_elses_machine(pattern):
    texts = [path for path in files() if not is_vendored(path) and not _is_picture_or_archive(path)]
    found = {relative(path) for path in texts if pattern.search(path.read_text(encoding="utf-8", errors="replace"))}
    assert found == set()


def test_no_secret_is_committed():
    secret = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\blbx_[A-Za-z0-9_-]{40,}|\bAKIA[0-9A-Z]{16}\b")
    found = {relative(path) for path in files() if secret.search(path.read_text(encoding="utf-8", errors="replace"))}
    assert found == set()
    assert not {path.name for path in files()} & {".env", "secret_key", "db.sqlite3"}


def test_links_between_the_documents_lead_somewhere():
    link = re.compile(r"!?\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)")
    broken = {
        f"{relative(path)} -> {target}"
        for path in named(".md")
        for target in link.findall(path.read_text(encoding="utf-8"))
        if not is_vendored(path) and not (path.parent / target).exists()
    }
    assert broken == set()


def test_paths_named_in_the_documents_exist():
    """A document that names a file which is gone is worse than none."""
    rooms = r"(?:portal|scans|inference|accounts|tests|docs|deploy|\.ci)"
    named_path = re.compile(rf"`({rooms}/[\w./-]+\.(?:py|html|js|md|conf|yml|env))`")
    documents = [path for path in named(".md") if not is_vendored(path)]
    missing = {
        f"{relative(path)}: {target}"
        for path in documents
        for target in named_path.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / target).exists()
    }
    assert missing == set()
