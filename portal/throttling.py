"""How many calls one key or person may make."""

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    # At run time it would close a circle: DRF loads this module while it makes APIView.
    from rest_framework.views import APIView


class PerCallerThrottle(SimpleRateThrottle):
    """Counts each key by itself, and a person's session by itself, in the cache that all processes share."""

    scope = "caller"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        """Return whose calls these are; None for the anonymous, who get nothing but a refusal."""
        if not request.user.is_authenticated:
            return None
        caller = f"key-{request.auth.pk}" if request.auth is not None else f"user-{request.user.pk}"
        return self.cache_format % {"scope": self.scope, "ident": caller}
