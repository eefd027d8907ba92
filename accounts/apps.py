"""Django's registration of the accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The accounts app."""

    name = "accounts"

    def ready(self) -> None:
        """Listen for sign-ins, to write them down."""
        from accounts import sign_in_audit

        sign_in_audit.connect()
