"""A desk from before activations and stops were rows keeps what it knew: who activated what, where the model is off."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.services import ROOT

pytestmark = pytest.mark.slow

ROWS = """
INSERT INTO accounts_user (id, password, is_superuser, email, name, is_active, is_staff, created_at)
    VALUES ('11111111111111111111111111111111', '!', 0, 'manager@example.org', 'Manager', 1, 0, '2026-01-01');
INSERT INTO accounts_hospital (id, name, slug, analysis_enabled, created_at) VALUES
    ('22222222222222222222222222222222', 'On', 'on', 1, '2026-01-01'),
    ('33333333333333333333333333333333', 'Off', 'off', 0, '2026-01-01');
INSERT INTO inference_modelversion
    (id, name, bundle_path, graph_path, weights_sha256, card, status, registered_at, activated_at, activated_by_id)
    VALUES
    ('44444444444444444444444444444444', 'first', '', '', 'a', '{}', 'retired', '2026-01-01', '2026-01-02', NULL),
    ('55555555555555555555555555555555', 'second', '', '', 'b', '{}', 'active', '2026-02-01', '2026-02-02',
     '11111111111111111111111111111111'),
    ('66666666666666666666666666666666', 'never', '', '', 'c', '{}', 'registered', '2026-03-01', NULL, NULL);
"""
HISTORY = """
SELECT version.name, activation.kind, activation.by_id, before_version.name FROM inference_activation AS activation
JOIN inference_modelversion AS version ON version.id = activation.version_id
LEFT JOIN inference_activation AS before ON before.id = activation.returns_to_id
LEFT JOIN inference_modelversion AS before_version ON before_version.id = before.version_id
ORDER BY activation.at
"""
STOPS = """
SELECT hospital.slug, stop.reason, stop.stopped_by_id, stop.resumed_at FROM inference_modelstop AS stop
JOIN accounts_hospital AS hospital ON hospital.id = stop.hospital_id
"""


def migrate(state: Path, *target: str) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "manage.py", "migrate", *target, "--no-input", "--verbosity", "0"]
    done = subprocess.run(command, cwd=ROOT, env={**kept, "STATE_DIR": str(state)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_history_and_the_switched_off_hospitals_are_taken_over(tmp_path):
    migrate(tmp_path, "accounts", "0003")
    migrate(tmp_path, "inference", "0001")
    with closing(sqlite3.connect(tmp_path / "lightbox.sqlite3")) as desk:
        desk.executescript(ROWS)
    migrate(tmp_path)

    with closing(sqlite3.connect(tmp_path / "lightbox.sqlite3")) as desk:
        assert desk.execute(HISTORY).fetchall() == [
            ("first", "unreviewed", None, None),
            ("second", "unreviewed", "1" * 32, "first"),
        ]
        assert desk.execute(STOPS).fetchall() == [("off", "Switched off before stops were recorded.", None, None)]
        # Rebuilding tables for the migrations has not taken the guard of the audit trail away.
        triggers = desk.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name").fetchall()
    assert triggers == [("audit_no_delete",), ("audit_no_update",)]
