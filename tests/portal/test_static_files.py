"""Static files as a deployment serves them, and pages that need nothing the content security policy refuses."""

import posixpath
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import find, get_finder
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.template import engines
from django.test.utils import override_settings

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = sorted(
    path for app in ("portal", "scans", "accounts") for path in (ROOT / app / "templates").rglob("*.html")
)
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}


def test_a_deployment_can_collect_and_name_every_static_file_a_template_uses(tmp_path):
    used = {name for path in TEMPLATES for name in re.findall(r"{% static '([^']+)' %}", path.read_text())}
    with override_settings(STATIC_ROOT=str(tmp_path), STORAGES=STORAGES, DEBUG=False):
        call_command("collectstatic", interactive=False, verbosity=0)
        addresses = {name: staticfiles_storage.url(name) for name in used}

    assert addresses
    for name, address in addresses.items():
        assert (tmp_path / address.removeprefix("/static/")).is_file(), name


def test_every_module_that_a_script_imports_is_there():
    imports = [
        posixpath.normpath(posixpath.join(posixpath.dirname(address), module))
        for address, storage in get_finder("django.contrib.staticfiles.finders.AppDirectoriesFinder").list(["vendor"])
        if address.endswith(".js")
        for module in re.findall(r'^import [^"]*"([^"]+)";', Path(storage.path(address)).read_text(), re.MULTILINE)
    ]

    assert "portal/connection.js" in imports
    assert [address for address in imports if find(address) is None] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_inline_style_or_script_or_another_host(path):
    text = path.read_text()

    assert not re.search(r"\sstyle=|\son[a-z]+=[\"']|<style", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"(src|href)=[\"'](https?:)?//", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_template_compiles(path):
    folder = next(parent for parent in path.parents if parent.name == "templates")

    assert engines["django"].get_template(str(path.relative_to(folder))).origin.name == str(path)
