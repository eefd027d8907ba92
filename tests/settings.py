"""The product's settings with what tests need otherwise: own state folder, quick hashes, plain static files."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Before the product's settings read it: tests never touch the state of a running desk, nor of another test run.
if "STATE_DIR" not in os.environ:
    os.environ["STATE_DIR"] = tempfile.mkdtemp(prefix="lightbox-test-")
    atexit.register(shutil.rmtree, os.environ["STATE_DIR"], ignore_errors=True)
os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 50)
os.environ.setdefault("HTTPS", "off")
# The serving graph takes half a minute to compile; it is kept by the hash of its weights.
os.environ.setdefault("LIGHTBOX_GRAPH_DIR", str(Path(__file__).resolve().parent.parent / "var" / "graphs"))

from portal.settings import *  # noqa: F403

# Argon2 is slow on purpose; hundreds of test people need no such protection.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
DATABASES["default"].setdefault("TEST", {}).setdefault("NAME", f"test_lightbox_{os.getpid()}")  # noqa: F405
# A test is one transaction, and compiling the model in it takes longer than the product lets a transaction be silent.
DATABASES["default"].get("OPTIONS", {}).pop("options", None)  # noqa: F405
