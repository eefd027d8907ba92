"""What a reader does on the scan page: verdict, draft, signature, next scan."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.permissions import requires
from accounts.roles import Ability
from scans import pipeline
from scans.forms import ReportForm
from scans.models import Scan
from scans.pipeline import RecordError
from scans.views.reading import diagnosis_named, reading_context, results_of, signed_report, verdict_context
from scans.views.viewing import SignedInRequest, another_reader, find_scan

STALE = "This result has been replaced. Reload the page and judge again."


def _find_scan_for(request: SignedInRequest, scan_id: UUID, ability: Ability) -> Scan:
    """Return a visible scan; a role at another hospital gives no right to act on it."""
    scan = find_scan(request, scan_id)
    if not request.user.can(ability, scan.hospital):
        raise PermissionDenied(f"This needs the ability “{ability.label}” at {scan.hospital}.")
    return scan


@requires(Ability.REVIEW_SCANS)
@require_POST
@never_cache
def scan_verdict(request: SignedInRequest, scan_id: UUID) -> HttpResponse:
    """Record the reader's verdict on the model's finding."""
    scan = _find_scan_for(request, scan_id, Ability.REVIEW_SCANS)
    stated = request.POST.get("diagnosis", "")
    diagnosis = diagnosis_named(scan, stated)
    verdict = request.POST.get("verdict", "")
    error = another_reader(request) or (STALE if stated and diagnosis is None else "")
    if not error:
        try:
            label = request.POST.get("label", "") if verdict == "amend" else ""
            pipeline.record_verdict(
                scan, reader=request.user, verdict=verdict, diagnosis=diagnosis, label=label, request=request
            )
        except RecordError as refused:
            error = str(refused)
    if not request.htmx:
        return _back_to(request, scan, error)
    context = verdict_context(scan, reader=request.user, results=results_of(scan), signed=signed_report(scan))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render(request, "scans/verdict.html", {**context, "error": error, "chosen": verdict}, status=status)


def _back_to(request: SignedInRequest, scan: Scan, error: str) -> HttpResponseRedirect:
    if error:
        messages.error(request, error)
    return redirect("scan", scan.pk)


@requires(Ability.SIGN_REPORTS)
@require_POST
@never_cache
def scan_draft(request: SignedInRequest, scan_id: UUID) -> HttpResponse:
    """Keep the text as it is typed and say so."""
    scan = _find_scan_for(request, scan_id, Ability.SIGN_REPORTS)
    form = ReportForm(request.POST)
    error = another_reader(request) or _errors_of(form)
    if not error:
        try:
            pipeline.save_draft(scan, author=request.user, request=request, **form.cleaned_data)
        except RecordError as refused:
            error = str(refused)
    if not request.htmx:
        return _back_to(request, scan, error)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render(request, "scans/draft_state.html", {"error": error, "saved_at": timezone.now()}, status=status)


@requires(Ability.SIGN_REPORTS)
@require_POST
@never_cache
def scan_sign(request: SignedInRequest, scan_id: UUID) -> HttpResponse:
    """Sign and open the next scan; when it cannot be signed, say why and keep the text where it is."""
    scan = _find_scan_for(request, scan_id, Ability.SIGN_REPORTS)
    form = ReportForm(request.POST)
    if error := another_reader(request) or _errors_of(form):
        return _not_signed(request, scan, error)
    try:
        pipeline.sign(
            scan, author=request.user, images_seen=_images_shown(request, scan), request=request, **form.cleaned_data
        )
    except RecordError as refused:
        return _not_signed(request, scan, str(refused))
    address = _address_after(request, scan, signed=True)
    return HttpResponseClientRedirect(address) if request.htmx else HttpResponseRedirect(address)


def _errors_of(form: ReportForm) -> str:
    return " ".join(str(text) for texts in form.errors.values() for text in texts)


def _images_shown(request: SignedInRequest, scan: Scan) -> list[UUID]:
    """Return the images of the scan that the page names as those it shows."""
    stated = set(request.POST.getlist("image"))
    return [image.pk for image in scan.images.all() if str(image.pk) in stated]


def _not_signed(request: SignedInRequest, scan: Scan, error: str) -> HttpResponse:
    signed = signed_report(scan)
    status = HTTPStatus.CONFLICT if signed else HTTPStatus.UNPROCESSABLE_ENTITY
    if request.htmx:
        return render(request, "scans/not_signed.html", {"error": error, "signed": signed}, status=status)
    # The reader's own text stands in their draft, which the page shows again.
    context = {**reading_context(scan, reader=request.user), "error": error}
    return render(request, "scans/scan.html", context, status=status)


@requires(Ability.VIEW_SCANS)
@require_safe
@never_cache
def next_scan(request: SignedInRequest, scan_id: UUID) -> HttpResponseRedirect:
    """Go to the next scan that waits, wrapping round the list."""
    return HttpResponseRedirect(_address_after(request, find_scan(request, scan_id), signed=False))


def _address_after(request: SignedInRequest, scan: Scan, *, signed: bool) -> str:
    following = pipeline.next_scan(request.user, after=scan)
    # No name in a message: messages may travel in a cookie.
    if following is not None:
        if signed:
            messages.success(request, "Report signed. This is the next scan.")
        return reverse("scan", args=[following.pk])
    if signed:
        messages.success(request, "Report signed. No other scan is waiting.")
    else:
        messages.info(request, "No other scan is waiting.")
    return reverse("worklist")
