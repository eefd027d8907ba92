"""Finding a record for its viewer, and the audit line that every reading of one leaves.

A page and its live parts, pictures included, are one reading: the session remembers what it has been shown, so a page
that looks again every few seconds leaves one line, and an address typed by hand leaves its own.
"""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from accounts.roles import Ability
from scans import pipeline
from scans.models import Image, Scan

OPENED = "opened_scans"
LISTED = "listed_patients"
# Long enough for an afternoon's list and a few open tabs; what falls out only costs another audit line.
REMEMBERED_SCANS = 30
REMEMBERED_PATIENTS = 300
ANOTHER_READER = (
    "Expected the person who opened this page; somebody else has signed in at this browser since."
    " Nothing was recorded in their name. Keep your text elsewhere, sign in again, and open the scan anew."
)


class SignedInRequest(HttpRequest):
    """A request as it reaches these views: LoginRequiredMiddleware let a person through."""

    user: User
    htmx: HtmxDetails


def find_scan(request: SignedInRequest, scan_id: UUID) -> Scan:
    """Return the scan if the person may see it; a foreign one does not exist for them."""
    return get_object_or_404(Scan.objects.visible_to(request.user).with_results(), pk=scan_id)


def find_image(request: SignedInRequest, image_id: UUID) -> Image:
    """Return the image if the person may see its scan."""
    images = Image.objects.visible_to(request.user).select_related("scan__hospital")
    return get_object_or_404(images, pk=image_id)


def note_opened(request: SignedInRequest, scan: Scan) -> None:
    """Leave the audit line of opening a scan's page, every time."""
    pipeline.viewed(scan, viewer=request.user, request=request)
    opened = [known for known in request.session.get(OPENED, []) if known != str(scan.pk)]
    request.session[OPENED] = [*opened, str(scan.pk)][-REMEMBERED_SCANS:]


def note_part_shown(request: SignedInRequest, scan: Scan) -> None:
    """Leave an audit line for a part of a scan, unless this session has opened the scan's page."""
    if str(scan.pk) not in request.session.get(OPENED, []):
        note_opened(request, scan)


def note_thumbnail_shown(request: SignedInRequest, scan: Scan) -> None:
    """Leave an audit line for a thumbnail, unless it stands in a list this session has been shown."""
    if str(scan.patient_id) not in request.session.get(LISTED, []):
        note_part_shown(request, scan)


def note_listed(request: SignedInRequest, scans: Sequence[Scan], *, is_refresh: bool = False, what: str) -> None:
    """Leave the audit line of a list; a refresh leaves one only when it shows somebody new."""
    listed: list[str] = request.session.get(LISTED, [])
    shown = list(dict.fromkeys(str(scan.patient_id) for scan in scans))
    if is_refresh and set(shown) <= set(listed):
        return
    pipeline.viewed_list(scans, viewer=request.user, request=request, what=what)
    kept = [known for known in listed if known not in shown]
    request.session[LISTED] = [*kept, *shown][-REMEMBERED_PATIENTS:]


def may(user: User, ability: Ability, scan: Scan) -> bool:
    """Tell whether the person has the ability at the scan's hospital."""
    return user.can(ability, scan.hospital)


def another_reader(request: SignedInRequest) -> str:
    """Return why nothing may be recorded in the name of a person who did not open the page, or nothing."""
    stated = request.POST.get("reader")
    return ANOTHER_READER if stated is not None and stated != str(request.user.pk) else ""
