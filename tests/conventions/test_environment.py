"""Every variable is read once and explained; a deployment states its secrets and passes Django's own checks."""

import os
import re
import subprocess
import sys

import pytest

from tests.conventions.sources import ROOMS, ROOT, named, relative
from tests.operations import compose

EXPLAINED = set(
    re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / "docs" / "example.env").read_text(encoding="utf-8"), flags=re.M)
)
READ_BY_SETTINGS = re.compile(r"\benv\.\w+\(\s*\"([A-Z0-9_]+)\"")
READ_ELSEWHERE = re.compile(r"\bos\.environ(?:\.get)?[(\[]\s*[\"']([A-Z0-9_]+)[\"']")
# Set by others, for others: Celery, Python, the shell.
NOT_OURS = {"DJANGO_SETTINGS_MODULE", "PATH"}
DEPLOYMENT = {
    "DATABASE_URL": "postgres://user:password@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "a-deployments-own-" + "7f3kQ9z" * 8,
    "ALLOWED_HOSTS": "lightbox.hospital.example",
}


def _read(pattern, paths):
    return {name: relative(path) for path in paths for name in pattern.findall(path.read_text(encoding="utf-8"))}


def _read_by_anything():
    settings = _read(READ_BY_SETTINGS, named(".py", rooms=("portal",)))
    return settings | _read(READ_ELSEWHERE, named(".py", rooms=(*ROOMS, "deploy")))


def test_every_variable_that_is_read_is_explained():
    assert _read_by_anything().keys() - NOT_OURS - EXPLAINED == set()
    assert compose.variables().keys() - EXPLAINED == set()


def test_every_variable_that_is_explained_is_read():
    by_tests = _read(READ_ELSEWHERE, named(".py", rooms=("tests",)))
    read = _read_by_anything().keys() | compose.variables().keys() | by_tests.keys()
    assert EXPLAINED - read == set()


def test_only_settings_read_the_environment_in_django_code():
    elsewhere = _read(READ_ELSEWHERE, named(".py", rooms=("portal", "scans", "accounts"))).items()
    assert {name: place for name, place in elsewhere if name not in NOT_OURS} == {}


@pytest.fixture
def manage(tmp_path):
    def run(*arguments, **environment):
        stated = {"PATH": os.environ["PATH"], "STATE_DIR": str(tmp_path), **environment}
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=stated, capture_output=True, text=True, check=False)

    return run


def test_a_deployment_passes_djangos_own_checks(manage):
    done = manage("check", "--deploy", "--fail-level", "WARNING", **DEPLOYMENT)
    assert done.returncode == 0, done.stderr


def test_a_deployment_without_a_secret_key_does_not_start(manage):
    done = manage("check", **{name: value for name, value in DEPLOYMENT.items() if name != "SECRET_KEY"})
    assert done.returncode != 0
    assert "Expected SECRET_KEY" in done.stderr


def test_the_embedded_desk_makes_a_key_of_its_own_and_shows_it_to_nobody(manage, tmp_path):
    assert manage("check").returncode == 0
    kept = tmp_path / "secret_key"
    assert len(kept.read_text()) >= 50
    assert kept.stat().st_mode & 0o077 == 0


def test_debug_is_off_unless_somebody_says_otherwise(manage):
    ask = "from django.conf import settings; print(settings.DEBUG)"
    assert manage("shell", "--no-imports", "-c", ask).stdout.strip() == "False"
