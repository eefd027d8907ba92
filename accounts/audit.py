"""The only writer of the audit trail; every read of a patient's record calls it."""

from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest

from accounts.models import AuditEntry, Hospital, User


def record(
    action: str,
    *,
    hospital: Hospital | None,
    actor: User | None = None,
    subject: Model | None = None,
    patient_id: UUID | None = None,
    detail: dict[str, Any] | None = None,
    request: HttpRequest | None = None,
) -> AuditEntry:
    """Append one line; call it in the transaction of the act it records, so that neither exists without the other.

    Args:
        action: what was done, as noun.verb in the past: "scan.received", "scan.viewed", "report.signed".
        hospital: whose record it is; None for acts outside any hospital (a failed sign-in).
        actor: who did it; None for the system itself, or, with a request, for somebody not signed in.
        subject: the record it was done to.
        patient_id: the patient's opaque id when a patient's record is touched.
        detail: JSON facts that explain the act; never a name, never report text.
        request: the request it came with, for the address.
    """
    key = actor.acting_key if actor is not None else None
    nobody = "system" if request is None else "not signed in"
    label = nobody if actor is None else actor.email
    return AuditEntry.objects.create(
        action=action,
        hospital=hospital,
        actor=actor,
        actor_label=f"{label} (key {key.prefix})" if key else label,
        object_type=subject._meta.model_name or "" if subject is not None else "",
        object_id=str(subject.pk) if subject is not None else "",
        patient_id=patient_id,
        detail=detail or {},
        address=_address_of(request) if request is not None else None,
    )


def _address_of(request: HttpRequest) -> str | None:
    # REMOTE_ADDR as our proxies saw it (portal.proxy), cleaned by allauth of a port or of what is no address.
    try:
        return get_adapter().get_client_ip(request)
    except PermissionDenied:  # a Unix socket has no address; the line is worth more than its address
        return None
