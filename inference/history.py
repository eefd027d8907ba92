"""What happened to the model on this desk, newest first: activations, answers, stops; with who did it and why."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from accounts.models import AuditEntry, Hospital, User
from inference.models import Activation, ActivationRequest, ModelStop, ModelVersion


@dataclass(frozen=True)
class Event:
    """One line of the history.

    Args:
        at: when.
        what: the act in words.
        who: the people behind it, in words; empty: the desk itself.
        reason: as they gave it.
        version: the version it is about, None for a stop.
    """

    at: datetime.datetime
    what: str
    who: str
    reason: str = ""
    version: ModelVersion | None = None


def events(hospitals: Iterable[Hospital]) -> list[Event]:
    """Return the history of the desk's versions, and of the stops at these hospitals only."""
    found = [*_activations(), *_answers(), *_stops(hospitals)]
    return sorted(found, key=lambda event: event.at, reverse=True)


def registered_by() -> dict[str, User | None]:
    """Return who registered each version, by its id as text; None: a command at the desk itself."""
    entries = AuditEntry.objects.filter(action="model.registered").select_related("actor").order_by("id")
    return {entry.object_id: entry.actor for entry in entries}


def _activations() -> Iterator[Event]:
    for each in Activation.objects.select_related("version", "by", "request__asked_by"):
        if each.request is not None:
            what, who = "became active", f"asked by {each.request.asked_by}, approved by {each.by}"
        else:
            what, who = f"became active ({each.get_kind_display().lower()})", str(each.by or "")
        yield Event(each.at, what, who, each.reason, each.version)


def _answers() -> Iterator[Event]:
    unsuccessful = [ActivationRequest.Status.REFUSED, ActivationRequest.Status.WITHDRAWN]
    asked = ActivationRequest.objects.select_related("version", "asked_by", "answered_by")
    for each in asked.filter(status__in=unsuccessful, answered_at__isnull=False):
        verb = each.get_status_display().lower()
        who = f"asked by {each.asked_by}, {verb} by {each.answered_by}"
        yield Event(each.answered_at or each.asked_at, verb, who, each.answer, each.version)


def _stops(hospitals: Iterable[Hospital]) -> Iterator[Event]:
    found = ModelStop.objects.filter(hospital__in=list(hospitals))
    for each in found.select_related("hospital", "stopped_by", "resumed_by"):
        yield Event(each.stopped_at, f"Stopped at {each.hospital}", str(each.stopped_by or ""), each.reason)
        if each.resumed_at is not None:
            what = f"Resumed at {each.hospital}"
            yield Event(each.resumed_at, what, str(each.resumed_by or ""), each.resume_reason)
