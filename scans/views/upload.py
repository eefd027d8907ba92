"""The technician's page: many files, one answer for each."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import requires
from accounts.roles import Ability
from scans import idempotency, pipeline
from scans.forms import SubmissionForm
from scans.models import Scan
from scans.models.analysis import analyses_of
from scans.pipeline import Receipt, RecordError
from scans.views.viewing import SignedInRequest, find_scan, note_part_shown
from scans.views.wording import result_of

# What may pass: the page offers to send the same file again.
STATUS_OF_CODE = {
    "submission_in_flight": HTTPStatus.CONFLICT,
    "storage_full": HTTPStatus.INSUFFICIENT_STORAGE,
}


@dataclass(frozen=True)
class FileAnswer:
    """What became of one file: the scan it is in now, or why it was refused."""

    name: str
    scan: Scan | None = None
    detail: str = ""
    is_repeat: bool = False


@requires(Ability.SUBMIT_SCANS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def upload(request: SignedInRequest) -> HttpResponse:
    """Show the form; without JavaScript it is posted here with all its files at once."""
    if request.method != "POST":
        return _page(request, SubmissionForm(user=request.user), answers=[])
    form = SubmissionForm(request.POST, request.FILES, user=request.user)
    if not form.is_valid():
        return _page(request, form, answers=[], status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _page(request, SubmissionForm(user=request.user), answers=_receive_all(request, form))


def _page(
    request: SignedInRequest, form: SubmissionForm, *, answers: list[FileAnswer], status: int = 200
) -> HttpResponse:
    accepted = [answer for answer in answers if answer.scan is not None]
    context = {"form": form, "answers": answers, "accepted": len(accepted), "refused": len(answers) - len(accepted)}
    return render(request, "scans/upload.html", context, status=status)


def _receive_all(request: SignedInRequest, form: SubmissionForm) -> list[FileAnswer]:
    """Take the files as one scan when the sender says so, else each as its own: twenty files may be twenty patients."""
    files: list[UploadedFile] = form.cleaned_data["images"]
    groups = [files] if form.cleaned_data["one_scan"] else [[file] for file in files]
    answers: list[FileAnswer] = []
    for group in groups:
        try:
            receipt = pipeline.receive(form.submission(request), pipeline.store_files(group))
        except RecordError as error:
            answers += [FileAnswer(file.name or "", detail=str(error)) for file in group]
        else:
            answers += _answers_of(receipt)
    return answers


def _answers_of(receipt: Receipt) -> list[FileAnswer]:
    accepted = [FileAnswer(image.original_name, receipt.scan, is_repeat=receipt.is_repeat) for image in receipt.images]
    return accepted + [FileAnswer(refusal.name, detail=refusal.detail) for refusal in receipt.refused]


@requires(Ability.SUBMIT_SCANS)
@require_POST
def upload_file(request: SignedInRequest) -> JsonResponse:
    """Take one file of the page and answer in JSON: the scan it is in now, or the reason at that file."""
    form = SubmissionForm(request.POST, request.FILES, user=request.user)
    if not form.is_valid():
        detail = " ".join(str(message) for messages in form.errors.values() for message in messages)
        return _refused(detail, fields=dict(form.errors))
    try:
        return _receive_once(request, form)
    except RecordError as error:
        return _refused(str(error), status=STATUS_OF_CODE.get(error.code, HTTPStatus.UNPROCESSABLE_ENTITY))


def _receive_once(request: SignedInRequest, form: SubmissionForm) -> JsonResponse:
    """Take the file under its Idempotency-Key, so that sending it again after a broken connection is harmless."""
    key, files = request.headers.get("Idempotency-Key", "").strip(), form.cleaned_data["images"]
    hospital = form.cleaned_data["hospital"]
    with idempotency.attempt(key, user=request.user, hospital=hospital, fields=form.stated(), files=files) as attempt:
        if attempt.answer is not None:
            return JsonResponse(attempt.answer.body, status=attempt.answer.status)
        stored = pipeline.store_files(files)
        with transaction.atomic():
            receipt = pipeline.receive(form.submission(request), stored)
            if receipt.scan is None:
                return _refused(" ".join(refusal.detail for refusal in receipt.refused))
            answer = idempotency.Answer(HTTPStatus.CREATED, _accepted(receipt.scan, is_repeat=receipt.is_repeat))
            attempt.complete(answer)
    return JsonResponse(answer.body, status=answer.status)


def _accepted(scan: Scan, *, is_repeat: bool) -> dict[str, Any]:
    return {
        "scan": str(scan.pk),
        "url": reverse("scan", args=[scan.pk]),
        "status_url": reverse("upload_status", args=[scan.pk]),
        "is_repeat": is_repeat,
    }


def _refused(
    detail: str, *, fields: dict[str, Any] | None = None, status: int = HTTPStatus.UNPROCESSABLE_ENTITY
) -> JsonResponse:
    return JsonResponse({"detail": detail, "fields": fields or {}}, status=status)


@requires(Ability.SUBMIT_SCANS)
@require_safe
@never_cache
def upload_status(request: SignedInRequest, scan_id: UUID) -> HttpResponse:
    """Show how far one scan has come, for the page that looks again."""
    scan = find_scan(request, scan_id)
    note_part_shown(request, scan)
    images = list(scan.images.all())
    analyses = analyses_of(images)
    results = [result_of(image, analyses[str(image.pk)]) for image in images]
    return render(request, "scans/upload_status.html", {"scan": scan, "results": results})
