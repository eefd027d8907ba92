"""The image, as far as it can be judged without building it."""

import re

from tests.conventions.sources import ROOT

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()


def test_every_base_is_pinned_and_slim():
    bases = re.findall(r"^FROM (\S+)", TEXT, flags=re.M)
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base) for base in bases)


def test_the_last_word_is_a_person_without_rights():
    after_base = TEXT.rpartition("FROM ")[2]
    users = re.findall(r"^USER (\d+):(\d+)$", after_base, flags=re.M)
    assert users == [("10001", "10001")]
    assert not re.search(r"^(RUN|COPY|ADD)", after_base.rpartition("USER ")[2], flags=re.M)


def test_packages_are_installed_by_hash_and_nothing_else():
    installs = re.findall(r"pip install[^&\n]*", TEXT)
    assert installs
    assert all("--require-hashes" in install for install in installs)
    assert "apt-get" not in TEXT
    assert "curl" not in TEXT


def test_no_secret_goes_in():
    assert not re.search(r"^(ENV|ARG).*(SECRET|PASSWORD|TOKEN|KEY)", TEXT, flags=re.M)
    assert {".env", "var", ".git", ".venv"} <= set(IGNORED)


def test_the_folders_of_the_volumes_exist_for_their_owner():
    folders = set(re.findall(r"/(?:var/lib/lightbox|srv/static)[\w/]*", TEXT))
    assert {
        "/var/lib/lightbox/media", "/var/lib/lightbox/graphs", "/var/lib/lightbox/scratch", "/srv/static",
    } <= folders  # fmt: skip
