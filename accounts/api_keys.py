"""Issue, find and revoke the keys of machines. The key itself is shown once and never kept."""

import datetime
import hashlib
import secrets
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.errors import BadScopes
from accounts.models import ApiKey, Hospital, Membership, User
from accounts.roles import ABILITIES, KEY_SCOPES

PREFIX = "lbx_"


def digest_of(key: str) -> str:
    """Return the SHA-256 a key is kept as; the key has 256 random bits, so no salt or slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def issue(
    *,
    hospital: Hospital,
    user: User,
    name: str,
    scopes: Iterable[str],
    issued_by: User | None,
    valid_for: datetime.timedelta | None = None,
    request: HttpRequest | None = None,
) -> tuple[ApiKey, str]:
    """Create a key and return it with its one-time text.

    Raises:
        BadScopes: a scope no key may have (a key never signs a report or manages people), or not this person's key.
    """
    scopes = sorted(set(scopes))
    _check_scopes(scopes, scopes_for(user, hospital))
    text = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        hospital=hospital,
        user=user,
        name=name,
        prefix=text[:12],
        digest=digest_of(text),
        scopes=scopes,
        created_by=issued_by,
        expires_at=timezone.now() + valid_for if valid_for else None,
    )
    audit.record(
        "api_key.issued",
        hospital=hospital,
        actor=issued_by,
        subject=key,
        detail={"prefix": key.prefix, "owner": str(user.pk), "scopes": scopes},
        request=request,
    )
    return key, text


def keys_of(hospital: Hospital) -> QuerySet[ApiKey]:
    """Return the hospital's keys, newest first, each with `owner_is_here`: whether its person is active."""
    here = Membership.objects.filter(hospital=hospital, user=OuterRef("user"), is_active=True, user__is_active=True)
    return hospital.api_keys.select_related("user", "created_by").annotate(owner_is_here=Exists(here))


def scopes_for(user: User, hospital: Hospital) -> frozenset[str]:
    """Return the scopes a key of this person may have here: what a machine may do and the person may do too."""
    roles = hospital.memberships.filter(user=user, is_active=True).values_list("role", flat=True)
    return KEY_SCOPES.intersection(ability for role in roles for ability in ABILITIES[role])


def _check_scopes(scopes: list[str], allowed: frozenset[str]) -> None:
    if not scopes or not set(scopes) <= allowed:
        raise BadScopes(
            expected=f"one or more scopes of {', '.join(sorted(allowed)) or 'nobody: the person works elsewhere'}",
            received=", ".join(scopes) or "none",
            remedy="Choose fewer scopes, or a person of this hospital whose roles have them.",
        )


@transaction.atomic
def revoke(key: ApiKey, *, revoked_by: User, request: HttpRequest | None = None) -> None:
    """Close a key now; a second call changes nothing."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        audit.record(
            "api_key.revoked",
            hospital=key.hospital,
            actor=revoked_by,
            subject=key,
            detail={"prefix": key.prefix},
            request=request,
        )


def find(text: str) -> ApiKey | None:
    """Return the key in force that `text` opens, with its person and hospital, or None."""
    key = (
        ApiKey.objects.select_related("user", "hospital")
        .filter(
            digest=digest_of(text),
            user__is_active=True,
            # A key does not outlive its person's time at the hospital.
            user__memberships__hospital=F("hospital"),
            user__memberships__is_active=True,
        )
        .first()
    )
    return key if key is not None and key.is_in_force else None
