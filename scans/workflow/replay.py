"""Replay: a worker computes a past diagnosis again, from the stored original with the recorded version.

It says what is equal and what differs. The diagnosis stays as it is, whatever comes out.
"""

import datetime
import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from inference import registry
from inference.engine import read
from inference.engine.bundle import sha256_of
from inference.engine.errors import BadBundle, UnreadableImage
from inference.engine.serve import TOLERANCE
from scans import storage
from scans.models import Diagnosis, Image, Outcome, Replay, ReplayVerdict
from scans.workflow.replay_difference import Answer, difference_between, in_words

logger = logging.getLogger(__name__)

SWEEP_BATCH = 20


class _Impossible(Exception):
    """It cannot be computed again; the text says why."""


@transaction.atomic
def ask(diagnosis: Diagnosis, *, asked_by: User | None, request: HttpRequest | None = None) -> Replay:
    """Record that a diagnosis is to be computed again; the caller rings for it.

    Args:
        diagnosis: of a scan that `asked_by` may see.
        asked_by: None for the operator at the command line.
        request: for the sender's address.

    Returns:
        The replay; the one that waits already, when there is one.
    """
    scan = diagnosis.image.scan
    waiting = Replay.objects.filter(diagnosis=diagnosis, finished_at=None).first()
    replay = waiting or Replay.objects.create(diagnosis=diagnosis, asked_by=asked_by)
    audit.record(
        "replay.asked",
        hospital=scan.hospital,
        actor=asked_by,
        subject=diagnosis,
        patient_id=scan.patient_id,
        detail={"replay": str(replay.pk)},
        request=request,
    )
    return replay


def run(replay_id: str | UUID) -> None:
    """Compute a diagnosis again and state the difference; in a worker or a command, never in a web process.

    Safe to call twice: the first statement stands. After as many attempts as a job has, it says that it cannot.

    Args:
        replay_id: the replay; one that is finished or unknown is left alone.
    """
    unfinished = Replay.objects.filter(pk=replay_id, finished_at=None)
    if unfinished.filter(attempts__gte=settings.JOB_MAX_ATTEMPTS).exists():
        _finish(unfinished.get(), ReplayVerdict.IMPOSSIBLE, _tired(), {})
        return
    if not unfinished.update(attempts=F("attempts") + 1):
        return
    replay = unfinished.select_related("diagnosis__image__scan__hospital", "diagnosis__model_version").first()
    if replay is None:
        return
    try:
        now = _answer_now(replay.diagnosis)
    except _Impossible as error:
        _finish(replay, ReplayVerdict.IMPOSSIBLE, str(error), {})
    except Exception:  # passing or poison: the sweeper rings again, until the attempts are used up
        logger.exception("replay failed", extra={"replay": str(replay.pk)})
    else:
        difference = difference_between(Answer.of(replay.diagnosis), now)
        verdict = ReplayVerdict.SAME if difference.is_same(TOLERANCE) else ReplayVerdict.DIFFERENT
        _finish(replay, verdict, in_words(difference, tolerance=TOLERANCE), difference.as_json())


def overdue() -> list[UUID]:
    """Return the replays to ring for again, and remember that they were rung; called by the sweeper."""
    before = timezone.now() - datetime.timedelta(seconds=settings.RING_AGAIN_AFTER_SECONDS)
    waiting = Replay.objects.filter(finished_at=None, rung_at__lt=before).order_by("rung_at")
    ids = list(waiting.values_list("pk", flat=True)[:SWEEP_BATCH])
    Replay.objects.filter(pk__in=ids).update(rung_at=timezone.now())
    return ids


def _tired() -> str:
    return f"The diagnosis could not be computed again: each of {settings.JOB_MAX_ATTEMPTS} attempts failed."


def _answer_now(diagnosis: Diagnosis) -> Answer:
    """Return what the recorded version says of the stored original today."""
    image, version = diagnosis.image, diagnosis.model_version
    _check_original(image)
    try:
        predictor = registry.predictor_for(version)
    except BadBundle as error:
        logger.warning("the bundle of a replay cannot be used", exc_info=error, extra={"version": str(version.pk)})
        raise _Impossible(
            f"The bundle of {version} is gone or changed, so the diagnosis cannot be computed again. Restore it and "
            "register it again."
        ) from error
    try:
        picture = read.read_picture(storage.original_path(image))
    except UnreadableImage as error:
        lineage = {"image_sha256": image.sha256, "weights_sha256": version.weights_sha256}
        return Answer(Outcome.NOT_ANALYSED, "", error.code, {}, lineage)
    found = predictor.predict(picture, view=image.view)
    return Answer(found.outcome, found.label or "", found.reason or "", found.probabilities, found.lineage)


def _check_original(image: Image) -> None:
    path = storage.original_path(image)
    if not path.is_file():
        raise _Impossible("The original picture is no longer stored, so the diagnosis cannot be computed again.")
    if sha256_of(path) != image.sha256:
        raise _Impossible(
            "The stored original is not the picture that was received: its SHA-256 differs. Restore it from a backup."
        )


@transaction.atomic
def _finish(replay: Replay, verdict: str, statement: str, difference: dict[str, Any]) -> None:
    stands = Replay.objects.filter(pk=replay.pk, finished_at=None).update(
        finished_at=timezone.now(), verdict=verdict, statement=statement, difference=difference
    )
    if not stands:  # another worker was first
        return
    scan = replay.diagnosis.image.scan
    audit.record(
        "diagnosis.replayed",
        hospital=scan.hospital,
        actor=replay.asked_by,
        subject=replay.diagnosis,
        patient_id=scan.patient_id,
        detail={"replay": str(replay.pk), "verdict": str(verdict)},
    )
