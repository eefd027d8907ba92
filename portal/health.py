"""Alive, ready, and the numbers to watch: what an operator's tools ask the web process."""

import errno
import secrets
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis
from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from accounts.permissions import open_to_anyone
from inference import registry
from portal.metrics import DeskCollector
from scans.models import Scan

OK, DEGRADED, DOWN = "ok", "degraded", "down"
# Without these nothing can be read or received. Without the others scans still come in and are read (DESIGN rule 8).
NEEDED = frozenset({"database", "storage"})
_LOCAL = frozenset({"127.0.0.1", "::1"})


@dataclass(frozen=True)
class Condition:
    """How one component is, and why in words when it is not well."""

    status: str
    reason: str = ""


@open_to_anyone
@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process is alive; asks nothing of anything else."""
    return JsonResponse({"status": "alive"})


@open_to_anyone
@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the desk can receive and show scans, 503 when not, with each component by name."""
    conditions = {name: _condition(check) for name, check in CHECKS.items()}
    is_ready = not any(conditions[name].status == DOWN for name in NEEDED)
    is_well = all(condition.status == OK for condition in conditions.values())
    return JsonResponse(
        {
            "status": OK if is_well else DEGRADED if is_ready else DOWN,
            "components": {
                name: {"status": condition.status} | ({"reason": condition.reason} if condition.reason else {})
                for name, condition in conditions.items()
            },
        },
        status=200 if is_ready else 503,
    )


@open_to_anyone
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the gauges in Prometheus' format, to METRICS_TOKEN or, where none is set, to this machine alone."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    # A forwarded request comes from elsewhere even when the proxy is on this machine.
    elif request.META.get("REMOTE_ADDR") not in _LOCAL or "X-Forwarded-For" in request.headers:
        raise Http404
    collectors = CollectorRegistry(auto_describe=False)
    collectors.register(DeskCollector())
    return HttpResponse(generate_latest(collectors), content_type=CONTENT_TYPE_LATEST)


def _condition(check: Callable[[], Condition]) -> Condition:
    try:
        return check()
    except Exception as error:  # a probe that fails is an answer, whatever the class
        return Condition(DOWN, f"The check failed ({type(error).__name__}).")


def _database() -> Condition:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Condition(OK)


def _storage() -> Condition:
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(b"x")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Condition(DEGRADED, "The disk is full: scans can be read, none can be received.")
        return Condition(DOWN, f"The folder of pictures cannot be written ({errno.errorcode.get(error.errno or 0)}).")
    if shutil.disk_usage(folder).free < 10 * settings.UPLOAD_MAX_BYTES_PER_FILE:
        return Condition(DEGRADED, "There is room for fewer than ten of the largest files.")
    return Condition(OK)


def _broker() -> Condition:
    if settings.REDIS_URL:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=0.5) as client:
            client.ping()
    else:
        with tempfile.TemporaryFile(dir=settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_out"]):
            pass
    return Condition(OK)


def _model() -> Condition:
    version = registry.active()
    if version is None:
        return Condition(DEGRADED, "No model version is active: scans are read without the model.")
    if not (Path(version.graph_path)).is_dir():
        return Condition(DEGRADED, "The active version's serving graph is missing: run manage.py prepare.")
    return Condition(OK)


def _worker() -> Condition:
    """Judge the workers by their work: a process that lives and consumes nothing would answer any ping."""
    oldest = Scan.objects.unfinished().order_by("received_at").values_list("received_at", flat=True).first()
    waited = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    if waited > 6 * settings.RING_AGAIN_AFTER_SECONDS:
        return Condition(DEGRADED, f"A scan has waited {waited:.0f} s for its analysis. Is a worker running?")
    return Condition(OK)


def _scheduler() -> Condition:
    """Judge the scheduler by the sweep: it rings again for whatever has waited too long."""
    oldest = Scan.objects.unfinished().order_by("rung_at").values_list("rung_at", flat=True).first()
    silent = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    if silent > 2 * (settings.RING_AGAIN_AFTER_SECONDS + settings.SWEEP_EVERY_SECONDS):
        return Condition(DEGRADED, f"No sweep for {silent:.0f} s. Is the scheduler running?")
    return Condition(OK)


CHECKS: dict[str, Callable[[], Condition]] = {
    "database": _database,
    "storage": _storage,
    "broker": _broker,
    "model": _model,
    "worker": _worker,
    "scheduler": _scheduler,
}
