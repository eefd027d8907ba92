"""What allauth may do here: people are added by their hospital's admin, nobody signs up alone."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts import sign_in_audit

# The longest of ACCOUNT_RATE_LIMITS["login_failed"]: whoever waits that long may try again.
RETRY_AFTER_SECONDS = 300


class ClosedAccountAdapter(DefaultAccountAdapter):
    """Sign-in, sign-out and passwords; no open sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse: an account without a hospital's admin behind it has no place."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: str) -> None:
        """Answer 429 once too many passwords were wrong; allauth's own answer is a 200 that looks like success."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as error:
            sign_in_audit.throttled(request, email=credentials.get("email", ""))
            response = ratelimit.respond_429(request)
            response["Retry-After"] = str(RETRY_AFTER_SECONDS)
            raise ImmediateHttpResponse(response) from error
