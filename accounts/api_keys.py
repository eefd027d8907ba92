"""Issue, find and revoke the keys of machines. The key itself is shown once and never kept."""

import datetime
import hashlib
import secrets
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import ApiKey, Hospital, User
from accounts.roles import KEY_SCOPES

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
) -> tuple[ApiKey, str]:
    """Create a key and return it with its one-time text.

    Raises:
        ValueError: a scope no key may have (a key never signs a report or manages people).
    """
    scopes = sorted(set(scopes))
    if not scopes or not set(scopes) <= KEY_SCOPES:
        raise ValueError(
            f"Expected one or more scopes of {', '.join(sorted(KEY_SCOPES))}; received {', '.join(scopes) or 'none'}."
        )
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
    audit.record("api_key.issued", hospital=hospital, actor=issued_by, subject=key, detail={"scopes": scopes})
    return key, text


@transaction.atomic
def revoke(key: ApiKey, *, revoked_by: User) -> None:
    """Close a key now; a second call changes nothing."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        audit.record("api_key.revoked", hospital=key.hospital, actor=revoked_by, subject=key)


def find(text: str) -> ApiKey | None:
    """Return the key in force that `text` opens, with its person and hospital, or None."""
    key = ApiKey.objects.select_related("user", "hospital").filter(digest=digest_of(text)).first()
    return key if key is not None and key.is_in_force and key.user.is_active else None
