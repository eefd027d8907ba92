"""The stop button: the model stopped at one hospital, and resumed. What is queued there is the scans' business.

The page, the endpoint and the commands call scans.pipeline.stop_model and resume_model, which call these first.
"""

from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import Hospital, User
from accounts.roles import Ability
from inference.errors import AlreadyStopped, MayNotStopModel, NotStopped, stated
from inference.models import ModelStop


def in_force(hospital_id: UUID) -> ModelStop | None:
    """Return the stop in force at a hospital, or None where the model may read."""
    return ModelStop.objects.in_force().filter(hospital_id=hospital_id).select_related("hospital", "stopped_by").first()


@transaction.atomic
def stop(hospital: Hospital, *, stopped_by: User, reason: str, request: HttpRequest | None = None) -> ModelStop:
    """Stop the model at `hospital`: committed, no worker writes another answer for it.

    stopped_by: with the ability STOP_MODEL there. reason: in words; readers of the hospital's scans see it.

    Raises:
        MayNotStopModel, MissingReason: who and why are not in order.
        AlreadyStopped: a stop is in force.
    """
    _check_may_stop(stopped_by, hospital)
    reason = stated(reason)
    _lock(hospital)
    already = in_force(hospital.pk)
    if already is not None:
        raise AlreadyStopped(
            expected="a hospital where the model reads",
            received=f"{hospital}, where it is stopped since {already.stopped_at:%Y-%m-%d %H:%M} UTC",
            remedy="Nothing is left to do; resume it when it may read again.",
        )
    stopped = ModelStop.objects.create(hospital=hospital, reason=reason, stopped_by=stopped_by)
    detail = {"reason": reason}
    audit.record("model.stopped", hospital=hospital, actor=stopped_by, subject=stopped, detail=detail, request=request)
    return stopped


@transaction.atomic
def resume(hospital: Hospital, *, resumed_by: User, reason: str, request: HttpRequest | None = None) -> ModelStop:
    """End the stop in force at `hospital`; scans that come in from now on are read by the active version.

    resumed_by: with the ability STOP_MODEL there. reason: why the model may read again.

    Raises:
        MayNotStopModel, MissingReason: who and why are not in order.
        NotStopped: no stop is in force.
    """
    _check_may_stop(resumed_by, hospital)
    reason = stated(reason)
    _lock(hospital)
    stopped = in_force(hospital.pk)
    if stopped is None:
        raise NotStopped(
            expected="a hospital where the model is stopped",
            received=f"{hospital}, where it is not",
            remedy="Nothing is left to do.",
        )
    stopped.resumed_at, stopped.resumed_by, stopped.resume_reason = timezone.now(), resumed_by, reason
    stopped.save(update_fields=["resumed_at", "resumed_by", "resume_reason"])
    detail = {"reason": reason}
    audit.record("model.resumed", hospital=hospital, actor=resumed_by, subject=stopped, detail=detail, request=request)
    return stopped


def _lock(hospital: Hospital) -> None:
    # Of two people at the button the second is told, instead of meeting the constraint.
    Hospital.objects.select_for_update(no_key=True).get(pk=hospital.pk)


def _check_may_stop(person: User, hospital: Hospital) -> None:
    if not person.can(Ability.STOP_MODEL, hospital):
        raise MayNotStopModel(
            expected=f"a hospital admin or model manager of {hospital}",
            received=f"{person}",
            remedy="Ask one of them.",
        )
