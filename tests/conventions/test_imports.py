"""DESIGN sections 3 and 5: who loads what, seen in a fresh process; import contracts do not see inside a library."""

import subprocess
import sys

import pytest

from tests.conventions.sources import ROOT

HEAVY = {"tensorflow", "keras", "openvino", "sklearn", "matplotlib"}


def _loaded_by(code: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after running the code."""
    script = f"import sys\n{code}\nprint('LOADED', *sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("LOADED ")[2].split())


WEB = """
import portal.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
"""
WORKER_PARENT = """
import django, os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()
from portal.celery import app
app.loader.import_default_modules()
assert "scans.pipeline.diagnose" in app.tasks
"""
SERVING = """
from inference.engine.bundle import DEFAULT_BUNDLE
from inference.engine.predict import Predictor
from pathlib import Path
from tests.pictures import png_bytes
import tempfile
predictor = Predictor.load(DEFAULT_BUNDLE)
from inference.engine.read import read_picture
with tempfile.TemporaryDirectory() as folder:
    film = Path(folder) / "film.png"
    film.write_bytes(png_bytes())
    assert predictor.predict(read_picture(film)).outcome
"""


@pytest.mark.parametrize("process", [WEB, WORKER_PARENT], ids=["web", "worker before it forks"])
def test_web_and_the_workers_parent_load_no_network_library(process):
    loaded = _loaded_by(process)
    assert "django" in loaded
    assert loaded & HEAVY == set()


def test_serving_loads_the_graph_and_neither_tensorflow_nor_keras():
    loaded = _loaded_by(SERVING)
    assert "openvino" in loaded
    assert loaded & {"tensorflow", "keras", "matplotlib"} == set()


def test_the_engine_loads_without_django_and_celery():
    modules = sorted(
        path.stem for path in (ROOT / "inference" / "engine").glob("*.py") if not path.stem.startswith("__")
    )
    loaded = _loaded_by("\n".join(f"import inference.engine.{name}" for name in modules))
    assert loaded & {"django", "celery", "rest_framework", "portal", "scans", "accounts"} == set()


def test_training_loads_without_django():
    loaded = _loaded_by("import inference.training.config, inference.training.importers, inference.training.dataset")
    assert loaded & {"django", "celery", "portal", "scans", "accounts"} == set()
