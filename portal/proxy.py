"""The client's own address, behind the proxies we run and only those."""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ClientAddressMiddleware:
    """Puts the address that our outermost proxy saw into REMOTE_ADDR, where the audit trail and rate limits read it.

    Only the last TRUSTED_PROXIES entries of X-Forwarded-For were written by our proxies; what stands before them is
    the client's own claim. With none trusted, the header is ignored.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the address and pass the request on."""
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if 0 < settings.TRUSTED_PROXIES <= len(forwarded):
            stated = forwarded[-settings.TRUSTED_PROXIES].strip()
            if _is_address(stated):
                request.META["REMOTE_ADDR"] = stated
        return self.get_response(request)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
