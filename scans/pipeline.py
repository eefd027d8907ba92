"""READ FIRST: the life of a scan, in order. Every door comes in here; the stages in workflow/ do the work.

    store_files -> receive -> [ring] -> diagnose -> record_verdict -> sign
    stop_model, resume_model: one hospital's button; ask_replay: a past diagnosis computed again

The database is the record and the broker only the doorbell: `sweep` rings again for whatever is unfinished.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from accounts import audit
from accounts.models import Hospital, User
from accounts.roles import Ability
from inference import stops
from inference.models import ModelStop
from scans.models import Diagnosis, Patient, Replay, Report, Review, Scan
from scans.workflow import diagnosis, intake, model_stop, replay, report, review
from scans.workflow.errors import RecordError
from scans.workflow.submission import Receipt, Refusal, StoredFile, Submission, Upload

__all__ = ["Receipt", "RecordError", "Refusal", "StoredFile", "Submission"]

# A message takes about 1.2 KB of Redis; beyond these the sweeper adds none.
MOST_RINGS_WAITING = 1000


# --- In: files become a scan ------------------------------------------------------------------------------------------
def store_files(files: Iterable[Upload]) -> list[StoredFile | Refusal]:
    """Write each file durably, or say why not; outside any transaction."""
    return intake.store(files)


def receive(submission: Submission, stored: Sequence[StoredFile | Refusal]) -> Receipt:
    """Make the scan in one transaction, with its jobs and its audit line, and ring after the commit."""
    with transaction.atomic():
        receipt = intake.admit(submission, stored)
        if receipt.scan is not None and receipt.changed:
            diagnosis.open_jobs(receipt.scan)
            diagnose.delay_on_commit(str(receipt.scan.pk))
    return receipt


# --- The worker -------------------------------------------------------------------------------------------------------
@shared_task
def diagnose(scan_id: str) -> None:
    """Decode, predict, record: what is left to do for one scan."""
    diagnosis.run(scan_id)


@shared_task
def sweep() -> None:
    """Ring again for what was lost; a ring that nobody heard until the next ones are due is dropped unread.

    Without that end a long queue would be buried under the sweeper's rings, and the next scan behind them.
    """
    ring_for_the_overdue(expires=3 * settings.RING_AGAIN_AFTER_SECONDS)


@shared_task
def recompute(replay_id: str) -> None:
    """Compute one past diagnosis again and state the difference."""
    replay.run(replay_id)


@shared_task
def tidy() -> None:
    """Remove files that no record speaks of, and answers nobody asks for again."""
    intake.tidy()


def requeue(*, include_failed: bool) -> int:
    """Ring now for everything unfinished; the operator's command. Returns how many scans."""
    scan_ids = diagnosis.reopen(include_failed=include_failed)
    ring(scan_ids)
    return len(scan_ids)


def ring_for_the_overdue(*, expires: float) -> None:
    """Ring again for scans and replays that nobody came for; after `expires` seconds a ring counts for nothing."""
    ring_again(diagnosis.overdue(), expires=expires)
    for replay_id in replay.overdue():
        recompute.apply_async_on_commit((str(replay_id),), expires=expires)


def ring_again(scan_ids: Sequence[Any], *, expires: float) -> None:
    """Ring for what was lost, unless so much waits unheard that nothing can be: a worker that is away for a night must
    not find Redis full, which it then could not even empty."""
    if scan_ids and diagnose.rings_waiting() < MOST_RINGS_WAITING:
        ring(scan_ids, expires=expires)


def ring(scan_ids: Sequence[Any], *, expires: float | None = None) -> None:
    """Ring the worker once per scan; after `expires` seconds without an answer a ring counts for nothing."""
    for scan_id in scan_ids:
        diagnose.apply_async_on_commit((str(scan_id),), expires=expires)


# --- The stop button --------------------------------------------------------------------------------------------------
def stop_model(hospital: Hospital, *, stopped_by: User, reason: str, request: HttpRequest | None = None) -> ModelStop:
    """Stop the model at one hospital: when this returns, nothing more is written for its scans (see stops.stop)."""
    stopped = stops.stop(hospital, stopped_by=stopped_by, reason=reason, request=request)
    model_stop.end_jobs(stopped)
    return stopped


def resume_model(
    hospital: Hospital, *, resumed_by: User, reason: str, read_missed: bool = False, request: HttpRequest | None = None
) -> tuple[ModelStop, int]:
    """Let the model read again at one hospital (see stops.resume).

    Args:
        read_missed: also queue the unreported scans that the stop kept from it, for the version active now.

    Returns:
        The stop that is over, and how many scans were queued.
    """
    stopped = stops.resume(hospital, resumed_by=resumed_by, reason=reason, request=request)
    scan_ids = model_stop.reopen_missed(stopped) if read_missed else []
    ring(scan_ids)
    return stopped, len(scan_ids)


def missed_by_model(stopped: ModelStop) -> int:
    """Return how many unreported images a stop has kept, or kept, from the model."""
    return model_stop.missed(stopped).count()


# --- Looking back -----------------------------------------------------------------------------------------------------
def ask_replay(asked_for: Diagnosis, *, asked_by: User, request: HttpRequest | None = None) -> Replay:
    """Let a worker compute a diagnosis again; the replay says what differs as soon as it is finished.

    The caller has found the diagnosis on a scan that `asked_by` may see.
    """
    with transaction.atomic():
        asked = replay.ask(asked_for, asked_by=asked_by, request=request)
        recompute.delay_on_commit(str(asked.pk))
    return asked


def replay_now(asked_for: Diagnosis, *, asked_by: User | None) -> Replay:
    """Compute a diagnosis again in this process, return the finished replay; for commands, never in a web process."""
    asked = replay.ask(asked_for, asked_by=asked_by)
    while not asked.is_finished:
        replay.run(asked.pk)
        asked.refresh_from_db()
    return asked


# --- The reader -------------------------------------------------------------------------------------------------------
def viewed(scan: Scan, *, viewer: User, request: HttpRequest | None = None) -> None:
    """Leave the audit line of opening one scan; every page and endpoint that shows one calls this."""
    audit.record(
        "scan.viewed", hospital=scan.hospital, actor=viewer, subject=scan, patient_id=scan.patient_id, request=request
    )


def viewed_list(
    records: Iterable[Scan | Patient], *, viewer: User, request: HttpRequest | None = None, what: str = "worklist"
) -> None:
    """Leave one audit line per hospital for a list, naming its patients by their opaque ids."""
    patients: dict[Any, set[str]] = {}
    hospitals = {}
    for record in records:
        hospitals[record.hospital_id] = record.hospital
        patient_id = record.pk if isinstance(record, Patient) else record.patient_id
        patients.setdefault(record.hospital_id, set()).add(str(patient_id))
    for hospital_id, ids in patients.items():
        audit.record(
            "list.viewed",
            hospital=hospitals[hospital_id],
            actor=viewer,
            detail={"what": what, "patients": sorted(ids)},
            request=request,
        )


def next_scan(user: User, *, after: Scan | None = None) -> Scan | None:
    """Return the next unreported scan the user may sign, most urgent first, starting after the one named."""
    waiting = Scan.objects.visible_to(user, Ability.SIGN_REPORTS).awaiting_review().most_urgent_first()
    if after is None:
        return waiting.first()
    others = waiting.exclude(pk=after.pk)
    return others.later_in_worklist_than(after).first() or others.first()


def record_verdict(scan: Scan, **verdict: Any) -> Review:
    """Record the reader's verdict on the model's finding (see review.record_verdict for the arguments)."""
    return review.record_verdict(scan, **verdict)


def labels_for(finding: Diagnosis) -> list[str]:
    """Return the labels a reader may amend a finding to."""
    return review.labels_for(finding)


def save_draft(scan: Scan, **text: Any) -> Report:
    """Keep the author's text (see report.save_draft)."""
    return report.save_draft(scan, **text)


def sign(scan: Scan, **text: Any) -> Report:
    """Sign the author's report (see report.sign)."""
    return report.sign(scan, **text)
