"""Deny by default, for pages: a view of ours that states no ability refuses."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from accounts.permissions import check_stated_ability

# Views of these packages carry rules of their own (allauth) or are covered by DRF's permission classes.
OUTSIDE = ("allauth.", "rest_framework.", "drf_spectacular.", "django.")


class StatedAbilityMiddleware:
    """Checks `required_ability` of every page before it runs; DRF endpoints are checked by DenyUnlessAbilityStated."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Raise PermissionDenied for a page that may not be opened."""
        is_endpoint = hasattr(view, "cls") or hasattr(view, "initkwargs")
        if not is_endpoint and not view.__module__.startswith(OUTSIDE):
            check_stated_ability(view, request)
