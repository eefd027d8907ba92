"""The scan page: the picture, what the model said, the reader's verdict and report."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from accounts.roles import Ability
from scans.views.reading import live_context, reading_context
from scans.views.viewing import SignedInRequest, find_scan, note_opened, note_part_shown


@requires(Ability.VIEW_SCANS)
@require_safe
@never_cache
def scan(request: SignedInRequest, scan_id: UUID) -> HttpResponse:
    """Show one scan."""
    record = find_scan(request, scan_id)
    note_opened(request, record)
    return render(request, "scans/scan.html", reading_context(record, reader=request.user))


@requires(Ability.VIEW_SCANS)
@require_safe
@never_cache
def scan_live(request: SignedInRequest, scan_id: UUID) -> HttpResponse:
    """Show the parts that change by themselves; 204 when they are as the page has them."""
    record = find_scan(request, scan_id)
    note_part_shown(request, record)
    context = live_context(record, reader=request.user)
    context["pictures_changed"] = request.GET.get("seen") != context["fingerprint"]
    if not context["pictures_changed"] and request.GET.get("status") == record.status and context["is_live"]:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return render(request, "scans/live.html", context)
