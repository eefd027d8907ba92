"""The entries of the top bar: each person sees the rooms they may enter and the hospitals they work for."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import Hospital, Membership, User
from accounts.roles import ABILITIES, Ability

ENTRIES: list[tuple[str, str, str]] = [
    ("Worklist", "worklist", Ability.VIEW_SCANS),
    ("Upload", "upload", Ability.SUBMIT_SCANS),
    ("Members", "members", Ability.MANAGE_MEMBERS),
    ("Models", "models", Ability.VIEW_MODELS),
]


def _memberships_of(user: User | None) -> list[Membership]:
    if user is None or not user.is_authenticated:
        return []
    return list(Membership.objects.filter(user=user, is_active=True).select_related("hospital"))


def _entries(memberships: list[Membership]) -> list[tuple[str, str]]:
    abilities = {ability for membership in memberships for ability in ABILITIES[membership.role]}
    return [(title, name) for title, name, ability in ENTRIES if ability in abilities]


def _hospitals(memberships: list[Membership]) -> list[Hospital]:
    return list(dict.fromkeys(membership.hospital for membership in memberships))


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Return the bar's (title, URL name) pairs and the hospitals of the person signed in.

    Lazy and one query for both: the live parts are rendered every few seconds and have no bar.
    """
    memberships: Callable[[], list[Membership]] = cache(lambda: _memberships_of(getattr(request, "user", None)))
    return {
        "navigation": SimpleLazyObject(lambda: _entries(memberships())),
        "my_hospitals": SimpleLazyObject(lambda: _hospitals(memberships())),
    }
