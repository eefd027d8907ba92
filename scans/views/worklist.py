"""The worklist: every scan that waits at the hospitals a person reads for, most urgent first."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from accounts.roles import Ability
from inference.models import ModelStop
from scans.models import Image, Report, ReportStatus, Scan
from scans.models.analysis import analyses_of
from scans.querysets import ScanQuerySet
from scans.views.viewing import SignedInRequest, note_listed
from scans.views.wording import ImageResult, result_of
from scans.views.worklist_filter import WorklistFilter

PAGE_SIZE = 50


@dataclass(frozen=True)
class Row:
    """One line of the worklist."""

    scan: Scan
    results: list[ImageResult]

    @property
    def thumbnail(self) -> Image | None:
        """The first picture that can be shown."""
        return next((result.image for result in self.results if result.image.is_prepared), None)

    @property
    def signed(self) -> Report | None:
        """The signed report, when there is one."""
        return next(iter(self.scan.reports.all()), None)


@requires(Ability.VIEW_SCANS)
@require_safe
@never_cache
def worklist(request: SignedInRequest) -> HttpResponse:
    """Show the page with its first rows."""
    return render(request, "scans/worklist.html", _context(request, is_refresh=False))


@requires(Ability.VIEW_SCANS)
@require_safe
@never_cache
def worklist_rows(request: SignedInRequest) -> HttpResponse:
    """Show the rows alone, for the page that looks again."""
    return render(request, "scans/worklist_rows.html", _context(request, is_refresh=True))


def _context(request: SignedInRequest, *, is_refresh: bool) -> dict[str, Any]:
    narrowed = WorklistFilter(request.GET, user=request.user)
    after = _scan_named(request, "after")
    scans = list(_ordered(narrowed, after)[: PAGE_SIZE + 1])
    shown = scans[:PAGE_SIZE]
    note_listed(request, shown, is_refresh=is_refresh, what="worklist")
    stated = {key: str(value) for key, value in request.GET.items() if key != "after" and value}
    return {
        "filter": narrowed,
        "rows": _rows(shown),
        "stops": _stops(request),
        "is_narrowed": bool(stated),
        "first_page": urlencode(stated),
        "this_page": request.GET.urlencode(),
        "next_page": urlencode({**stated, "after": str(shown[-1].pk)}) if len(scans) > PAGE_SIZE else "",
        "is_first_page": after is None,
    }


def _stops(request: SignedInRequest) -> QuerySet[ModelStop]:
    """Return where the model is stopped among the hospitals whose scans the list may show."""
    here = request.user.hospitals_with(Ability.VIEW_SCANS)
    return ModelStop.objects.filter(resumed_at=None, hospital__in=here).select_related("hospital", "stopped_by")


def _scan_named(request: SignedInRequest, parameter: str) -> Scan | None:
    """Return the scan the page begins after: a place in the order, which stays true while others come and go."""
    stated = request.GET.get(parameter)
    if not stated:
        return None
    try:
        scan_id = UUID(stated)
    except ValueError:
        raise Http404(f"Expected a scan's id as “{parameter}”; received something else.") from None
    return get_object_or_404(Scan.objects.visible_to(request.user), pk=scan_id)


def _ordered(narrowed: WorklistFilter, after: Scan | None) -> ScanQuerySet:
    signed = Report.objects.filter(status=ReportStatus.FINAL)
    # A filter that is not understood shows nothing: a list that looks filtered and is not would mislead.
    found = narrowed.qs if narrowed.is_valid() else narrowed.queryset.none()
    scans = found.with_results().prefetch_related(Prefetch("reports", queryset=signed))
    if narrowed.shows_reported:
        if after is not None:
            earlier = Q(received_at__lt=after.received_at)
            scans = scans.filter(earlier | Q(received_at=after.received_at, id__gt=after.pk))
        return scans.order_by("-received_at", "id")
    if after is not None:
        scans = scans.later_in_worklist_than(after)
    return scans.most_urgent_first()


def _rows(scans: list[Scan]) -> list[Row]:
    images = [image for scan in scans for image in scan.images.all()]
    analyses = analyses_of(images)
    return [Row(scan, [result_of(image, analyses[str(image.pk)]) for image in scan.images.all()]) for scan in scans]
