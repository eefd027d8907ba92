"""DESIGN section 4, rules 1 to 3: a task is one line, rung only on commit, and every ring reaches a task."""

import ast
import re

import pytest
from celery import current_app
from django.conf import settings

from tests.conventions.sources import functions, product_modules, relative

# portal/celery.py defines delay_on_commit by means of `apply_async`; nothing else may ring inside a transaction.
THE_DOORBELL = "portal/celery.py"


def _tasks():
    return [
        (path, node)
        for path in product_modules()
        for node in functions(path)
        if any(re.search(r"\b(shared_task|app\.task)\b", ast.unparse(decorator)) for decorator in node.decorator_list)
    ]


def test_a_task_is_one_line():
    tasks = _tasks()
    assert tasks
    long = [
        f"{relative(path)}:{node.name}"
        for path, node in tasks
        if len([part for part in node.body if not _is_docstring(part)]) != 1
    ]
    assert long == []


def _is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_tasks_live_in_the_pipeline():
    assert {relative(path) for path, _ in _tasks()} == {"scans/pipeline.py"}


@pytest.mark.parametrize("way", [r"\.delay\(", r"\.apply_async\(", r"\b(chain|chord|group)\(", r"send_task\("])
def test_nothing_is_queued_but_on_commit(way):
    found = [
        relative(path)
        for path in product_modules()
        if relative(path) != THE_DOORBELL and _queues(path.read_text(encoding="utf-8"), way)
    ]
    assert found == []


def _queues(text, way):
    # match.group() and re's kind are no canvas.
    return any(re.search(way, line) and not re.search(r"\.group\(", line) for line in text.splitlines())


def test_every_scheduled_and_every_routed_task_exists():
    current_app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled
    assert scheduled | set(settings.CELERY_TASK_ROUTES) <= set(current_app.tasks)


def test_every_task_of_ours_has_a_queue_that_a_worker_reads():
    ours = {name for name in current_app.tasks if name.startswith("scans.")}
    default = {"queue": settings.CELERY_TASK_DEFAULT_QUEUE}
    assert {settings.CELERY_TASK_ROUTES.get(name, default)["queue"] for name in ours} == {"inference", "maintenance"}
