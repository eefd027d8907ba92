"""Deny by default: a page or endpoint with no stated ability refuses."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    # At run time it would close a circle: DRF loads this module as its default permission.
    from rest_framework.views import APIView

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

ANYONE = "anyone"
SIGNED_IN = "signed_in"


def open_to_anyone(view: View) -> View:
    """State that `view` needs no sign-in: it shows nothing of any hospital."""
    view.required_ability = ANYONE  # type: ignore[attr-defined]
    return login_not_required(view)


def open_to_signed_in(view: View) -> View:
    """State that `view` needs a sign-in and no ability: it shows only the person's own things."""
    view.required_ability = SIGNED_IN  # type: ignore[attr-defined]
    return view


def requires(ability: str) -> Callable[[View], View]:
    """State the ability a page needs; which records it then shows is the queryset's business (visible_to)."""

    def state(view: View) -> View:
        view.required_ability = ability  # type: ignore[attr-defined]
        return view

    return state


def check_stated_ability(view: Callable[..., Any], request: HttpRequest) -> None:
    """Raise PermissionDenied unless `view` states an ability and the person has it at some hospital."""
    ability = getattr(view, "required_ability", None)
    if ability is None:
        raise PermissionDenied(f"{view.__module__}.{getattr(view, '__name__', view)} states no ability.")
    if ability in (ANYONE, SIGNED_IN):
        return
    if not (request.user.is_authenticated and request.user.can(ability)):
        words = getattr(ability, "label", ability)
        raise PermissionDenied(f"This page needs the ability “{words}”. Ask your hospital admin for the role.")


class DenyUnlessAbilityStated(BasePermission):
    """Every endpoint names `required_ability`, a string or a table {HTTP method: ability}, or it refuses."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Tell whether the caller has the stated ability at some hospital."""
        stated = getattr(view, "required_ability", None)
        if isinstance(stated, dict):
            # HEAD is GET without the body (RFC 9110 section 9.3.2).
            stated = stated.get("GET" if request.method == "HEAD" else request.method)
        if stated == ANYONE:
            return True
        if stated is None or not request.user.is_authenticated:
            return False
        return stated == SIGNED_IN or request.user.can(stated)
