"""The entries of the top bar: each person sees the rooms they may enter."""

from django.http import HttpRequest

from accounts.roles import Ability

ENTRIES: list[tuple[str, str, str]] = [
    ("Worklist", "worklist", Ability.VIEW_SCANS),
    ("Upload", "upload", Ability.SUBMIT_SCANS),
    ("Members", "members", Ability.MANAGE_MEMBERS),
]


def navigation(request: HttpRequest) -> dict[str, list[tuple[str, str]]]:
    """Return the bar's (title, URL name) pairs for the person signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"navigation": []}
    return {"navigation": [(title, name) for title, name, ability in ENTRIES if user.can(ability)]}
