"""Replay on the scan page: a worker computes a past answer again, and the page says what differs."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from accounts.roles import Ability
from scans import pipeline
from scans.models import Diagnosis, Replay, Scan
from scans.views.reading import newest_replays
from scans.views.viewing import SignedInRequest, another_reader, note_part_shown


@requires(Ability.VIEW_SCANS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def diagnosis_replay(request: SignedInRequest, diagnosis_id: UUID) -> HttpResponse:
    """Show what came of the newest replay of a diagnosis; POST asks for one."""
    scans = Scan.objects.visible_to(request.user)
    diagnoses = Diagnosis.objects.filter(image__scan__in=scans).select_related("image__scan__hospital", "model_version")
    diagnosis = get_object_or_404(diagnoses, pk=diagnosis_id)
    note_part_shown(request, diagnosis.image.scan)
    error = ""
    if request.method == "POST":
        error = another_reader(request)
        if not error:
            pipeline.ask_replay(diagnosis, asked_by=request.user, request=request)
        if not request.htmx:
            return _back_to_scan(request, diagnosis, error)
    replay = newest_replays([diagnosis]).get(diagnosis.pk)
    if request.method != "POST" and request.htmx and not _is_news(replay):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    context = {"diagnosis": diagnosis, "replay": replay, "error": error}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render(request, "scans/replay.html", context, status=status)


def _is_news(replay: Replay | None) -> bool:
    """Tell whether a page that waits has something new to show."""
    return replay is not None and replay.is_finished


def _back_to_scan(request: SignedInRequest, diagnosis: Diagnosis, error: str) -> HttpResponse:
    if error:
        messages.error(request, error)
    return redirect("scan", diagnosis.image.scan_id)
