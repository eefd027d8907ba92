"""The installed set is exact, hashed, and within the ranges that pyproject.toml keeps."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conventions.sources import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = PROJECT["project"]["dependencies"]
DEVELOPMENT = RUNTIME + PROJECT["dependency-groups"]["dev"]


def _pinned(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^([a-zA-Z0-9_.\[\]-]+)==([^\s;\\]+)(.*?)(?=^\S|\Z)", text, flags=re.M | re.S)
    return {canonicalize_name(package.split("[")[0]): (version, rest) for package, version, rest in blocks}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-installer.txt"])
def test_every_package_is_pinned_with_hashes(name):
    pinned = _pinned(name)
    assert pinned
    assert [package for package, (_, rest) in pinned.items() if "--hash=sha256:" not in rest] == []
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not re.match(r"^(\s+--hash=sha256:|[\w.\[\]-]+==|\s*#)", line)] == []


@pytest.mark.parametrize(
    ("name", "ranges"), [("requirements.txt", RUNTIME), ("requirements-dev.txt", DEVELOPMENT)]
)  # fmt: skip
def test_the_pinned_set_covers_the_ranges(name, ranges):
    pinned = _pinned(name)
    outside = [
        str(requirement)
        for requirement in map(Requirement, ranges)
        if pinned.get(canonicalize_name(requirement.name), ("", ""))[0] not in requirement.specifier
    ]
    assert outside == []


def test_tests_run_on_the_versions_that_are_shipped():
    runtime, development = _pinned("requirements.txt"), _pinned("requirements-dev.txt")
    shared = runtime.keys() & development.keys()
    assert {name for name in shared if runtime[name][0] != development[name][0]} == set()
    assert runtime.keys() <= development.keys() | {"async-timeout"}  # wanted by some patch releases of Python only
