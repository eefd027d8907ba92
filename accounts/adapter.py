"""What allauth may do here: people are added by their hospital's admin, nobody signs up alone."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):
    """Sign-in, sign-out and passwords; no open sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse: an account without a hospital's admin behind it has no place."""
        return False
