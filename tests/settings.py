"""The product's settings with what tests need otherwise: own state folder, quick hashes, plain static files."""

import os
from pathlib import Path

# Before the product's settings read it: tests never touch the state of a running desk.
os.environ.setdefault("STATE_DIR", str(Path(__file__).resolve().parent.parent / "var" / "test"))
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
