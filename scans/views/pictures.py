"""The bytes of pictures: rendition, thumbnail, heat map and original, to those who may see the scan."""

from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from accounts.roles import Ability
from scans import storage
from scans.models import Diagnosis, Image
from scans.views.viewing import SignedInRequest, find_image, note_part_shown, note_thumbnail_shown

# What stands under an id never changes, so the browser of the person who may see it need not ask again.
CACHE = "private, max-age=86400, immutable"


@requires(Ability.VIEW_SCANS)
@require_safe
def image_rendition(request: SignedInRequest, image_id: UUID) -> HttpResponseBase:
    """Send the display rendition."""
    image = find_image(request, image_id)
    note_part_shown(request, image.scan)
    return _send(_prepared(image, storage.rendition_path(image)), "image/png")


@requires(Ability.VIEW_SCANS)
@require_safe
def image_thumbnail(request: SignedInRequest, image_id: UUID) -> HttpResponseBase:
    """Send the thumbnail."""
    image = find_image(request, image_id)
    note_thumbnail_shown(request, image.scan)
    return _send(_prepared(image, storage.thumbnail_path(image)), "image/jpeg")


@requires(Ability.VIEW_SCANS)
@require_safe
def image_original(request: SignedInRequest, image_id: UUID) -> HttpResponseBase:
    """Send the bytes as they were received, as a download: a browser must never run what a stranger named an image."""
    image = find_image(request, image_id)
    note_part_shown(request, image.scan)
    response = _send(storage.original_path(image), image.media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(_download_name(image))}"
    return response


def _download_name(image: Image) -> str:
    endings = {"jpeg": "jpg", "tiff": "tif", "dicom": "dcm"}
    return f"image-{image.pk}.{endings.get(image.format, image.format)}"


@requires(Ability.VIEW_SCANS)
@require_safe
def heatmap(request: SignedInRequest, diagnosis_id: UUID) -> HttpResponseBase:
    """Send the overlay of what influenced the model; the worker made it, no request ever draws one."""
    visible = Diagnosis.objects.filter(image__in=Image.objects.visible_to(request.user))
    diagnosis = get_object_or_404(visible.select_related("image__scan__hospital"), pk=diagnosis_id)
    if diagnosis.activation_map is None:
        raise Http404("This diagnosis has no heat map.")
    note_part_shown(request, diagnosis.image.scan)
    return _send(storage.heatmap_path(diagnosis), "image/png")


def _prepared(image: Image, path: Path) -> Path:
    if not image.is_prepared:
        raise Http404("The picture is not prepared yet.")
    return path


def _send(path: Path, media_type: str) -> HttpResponseBase:
    """Answer with a stored file: through nginx where it serves the media folder, else from here."""
    response: HttpResponseBase
    if settings.MEDIA_ACCEL_LOCATION:
        response = HttpResponse(status=HTTPStatus.OK, content_type=media_type)
        inside = path.relative_to(settings.MEDIA_ROOT).as_posix()
        response["X-Accel-Redirect"] = f"{settings.MEDIA_ACCEL_LOCATION.rstrip('/')}/{inside}"
    else:
        try:
            response = FileResponse(path.open("rb"), content_type=media_type)
        except FileNotFoundError:
            raise Http404("The file is missing from the store.") from None
    response["Cache-Control"] = CACHE
    response["X-Content-Type-Options"] = "nosniff"
    return response
