"""A repeated submission is harmless: the same Idempotency-Key and body get the first answer again.

Both doors that take files (the API and the upload page) use it the same way:

    with idempotency.attempt(key, user=user, hospital=hospital, fields=fields, files=files) as attempt:
        if attempt.answer is not None:
            return replay(attempt.answer)
        stored = pipeline.store_files(files)
        with transaction.atomic():
            receipt = pipeline.receive(submission, stored)
            attempt.complete(Answer(201, body))

A key is written before the work, in a transaction of its own, and completed in the transaction that stores the scan.
So a crash in between leaves a key without an answer, never an answer without a scan nor a scan without its answer.
"""

import datetime
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from accounts.models import Hospital, User
from scans.models import IdempotencyKey
from scans.pipeline import RecordError

# Longer than a web worker may live on one request; after it the first attempt is taken for dead.
IN_FLIGHT_LIMIT = datetime.timedelta(minutes=5)
RETRY_AFTER_SECONDS = 5
KEY_PATTERN = re.compile(r"[\x20-\x7e]{1,255}")


class BadIdempotencyKey(RecordError):
    """The header cannot be a key."""

    code = "bad_idempotency_key"


class IdempotencyKeyReused(RecordError):
    """The key was used for another body."""

    code = "idempotency_key_reused"


class SubmissionInFlight(RecordError):
    """The first submission with this key has no answer yet; ask again after `retry_after` seconds."""

    code = "submission_in_flight"
    retry_after = RETRY_AFTER_SECONDS


@dataclass(frozen=True)
class Answer:
    """What the first submission was told: the HTTP status and the JSON body."""

    status: int
    body: Any


class Attempt:
    """One submission under a key; without a key there is nothing to remember."""

    def __init__(self, row: IdempotencyKey | None, *, answer: Answer | None = None) -> None:
        self.row = row
        self.answer = answer

    def complete(self, answer: Answer) -> None:
        """Keep the answer; call it in the transaction that stores the scan.

        Raises:
            SubmissionInFlight: this attempt took so long that another took it over; the caller must roll back.
        """
        if self.row is None:
            return
        # created_at tells which attempt owns the key: taking over moves it.
        mine = IdempotencyKey.objects.filter(
            pk=self.row.pk, created_at=self.row.created_at, response_status__isnull=True
        )
        if not mine.update(response_status=answer.status, response_body=answer.body):
            raise _in_flight()

    def release(self) -> None:
        """Forget a key that got no answer, so that the sender may correct the submission under the same key."""
        if self.row is not None:
            IdempotencyKey.objects.filter(
                pk=self.row.pk, created_at=self.row.created_at, response_status__isnull=True
            ).delete()


def digest_of(fields: Mapping[str, Any], files: Sequence[UploadedFile]) -> str:
    """Return the SHA-256 of a submission: its checked fields, and each file's name and SHA-256 in order."""
    content = {"fields": dict(fields), "files": [[file.name, _digest_of_file(file)] for file in files]}
    return hashlib.sha256(json.dumps(content, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()


@contextmanager
def attempt(
    key: str, *, user: User, hospital: Hospital, fields: Mapping[str, Any], files: Sequence[UploadedFile]
) -> Iterator[Attempt]:
    """Enter one submission under `key`; a key left without an answer is forgotten on the way out.

    Args:
        key: the Idempotency-Key header; "" when none was sent.
        user: who sends; a key is theirs alone.
        hospital: where to; the same key at another hospital is another key.
        fields: the submission's checked fields, JSON-able.
        files: its files in order; they are hashed and left at their beginning.

    Raises:
        BadIdempotencyKey: not 1 to 255 printable ASCII characters.
        IdempotencyKeyReused: the key has been used for another body.
        SubmissionInFlight: the first submission with this key is not answered yet.
    """
    if not key:
        yield Attempt(None)
        return
    current = _enter(key, user=user, hospital=hospital, digest=digest_of(fields, files))
    try:
        yield current
    finally:
        if current.answer is None:
            current.release()


def _enter(key: str, *, user: User, hospital: Hospital, digest: str) -> Attempt:
    if not KEY_PATTERN.fullmatch(key):
        raise BadIdempotencyKey(
            expected="an Idempotency-Key of 1 to 255 printable ASCII characters",
            received=f"{len(key)} characters" if len(key) > 255 else "other characters",
            remedy="Send a random UUID, one for each submission.",
        )
    row, created = IdempotencyKey.objects.get_or_create(
        user=user, hospital=hospital, key=key, defaults={"request_digest": digest}
    )
    if created:
        return Attempt(row)
    if row.request_digest != digest:
        raise IdempotencyKeyReused(
            expected="the same fields and files as when this Idempotency-Key was first used",
            received="others",
            remedy="Send a new Idempotency-Key with every new submission.",
        )
    if row.response_status is not None:
        return Attempt(row, answer=Answer(row.response_status, row.response_body))
    return _take_over(row)


def _take_over(row: IdempotencyKey) -> Attempt:
    """Own a key whose first attempt died; one UPDATE decides, so of two that try only one gets it."""
    now = timezone.now()
    if row.created_at > now - IN_FLIGHT_LIMIT:
        raise _in_flight()
    abandoned = IdempotencyKey.objects.filter(pk=row.pk, created_at=row.created_at, response_status__isnull=True)
    if not abandoned.update(created_at=now):
        raise _in_flight()
    row.created_at = now
    return Attempt(row)


def _in_flight() -> SubmissionInFlight:
    return SubmissionInFlight(
        expected="one submission at a time under an Idempotency-Key",
        received="a second one while the first has no answer",
        remedy="Wait and send the same request again: it gets the first one's answer.",
    )


def _digest_of_file(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
