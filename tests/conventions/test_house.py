"""DESIGN sections 2 to 4: where things may stand, and what they are called."""

import ast
import re

from django.apps import apps
from django.core.management import call_command
from django.db import models

from tests.conventions.sources import ROOMS, named, product_modules, relative, tree

# The standard's own names (PS3.3) keep their words.
STANDARD_NAMES = {"study_instance_uid"}
OTHER_WORDS = re.compile(r"(^|_)(study|studies|exam|examination|tenant|organisation|organization|case|xray)(_|$)", re.I)


def _own_models():
    return [model for room in ROOMS for model in apps.get_app_config(room).get_models()]


def test_no_room_for_whatever_fits_nowhere():
    parts = {part for path in product_modules() for part in relative(path).removesuffix(".py").split("/")}
    assert parts & {"core", "common", "utils", "util", "helpers", "misc", "base"} == set()


def test_one_word_per_thing_in_models_and_fields():
    names = {field.name for model in _own_models() for field in model._meta.get_fields()}
    names |= {model._meta.model_name for model in _own_models()}
    assert {name for name in names - STANDARD_NAMES if OTHER_WORDS.search(name)} == set()


def test_no_rule_hangs_on_a_models_signal():
    pattern = re.compile(r"db\.models\.signals|\b(pre|post)_(save|delete|init)\b|m2m_changed")
    assert [relative(path) for path in product_modules() if pattern.search(path.read_text(encoding="utf-8"))] == []


def test_no_model_hides_a_rule_in_save_or_delete():
    hidden = [
        f"{relative(path)}:{node.name}.{method.name}"
        for path in product_modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and any("Model" in ast.unparse(base) for base in node.bases)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name in {"save", "delete", "clean", "full_clean"}
    ]
    assert hidden == []


def test_every_model_is_known_by_an_opaque_or_hidden_key():
    """A counted number in an address tells how many patients there are, and invites guessing the next."""
    counted = {
        model.__name__ for model in _own_models() if not isinstance(model._meta.pk, models.UUIDField)
    } - {"Membership", "AuditEntry", "IdempotencyKey"}  # never in an address  # fmt: skip
    assert counted == set()


def test_only_the_audit_writer_writes_audit_lines():
    writers = {
        relative(path)
        for path in product_modules()
        if re.search(r"AuditEntry(\.objects)?\.?(create|bulk_create)?\(", path.read_text(encoding="utf-8"))
        and "class AuditEntry" not in path.read_text(encoding="utf-8")
    }
    assert writers == {"accounts/audit.py"}


def test_no_migration_is_missing(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_nothing_is_left_for_later():
    unfinished = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")
    found = {
        f"{relative(path)}:{number}"
        for path in [*product_modules(), *named(".html", ".js", ".css", rooms=ROOMS)]
        if "/vendor/" not in str(path)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if unfinished.search(line)
    }
    assert found == set()
