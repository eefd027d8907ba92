"""The engine reports to nobody: what OpenVINO would tell its maker stays untold, and no process forks to tell it."""

import os
import subprocess
import sys

from inference.engine.serve import PROJECT

SCRIPT = """
import os
forks = []
os.register_at_fork(before=lambda: forks.append(1))
import inference.engine
import openvino
from openvino.tools.ovc.telemetry_utils import init_ovc_telemetry
init_ovc_telemetry().send_event("a test", "of", "reports")
openvino.Core()
import threading
print(len(forks), threading.active_count())
"""


def test_loading_the_graphs_library_reports_to_nobody(tmp_path):
    # Without CI among the variables, where OpenVINO would be quiet anyway.
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=PROJECT, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True, text=True, check=True, timeout=240,
    )  # fmt: skip
    assert done.stdout.split() == ["0", "1"]
    assert not (tmp_path / "intel").exists(), "OpenVINO made itself an identity to report under"
