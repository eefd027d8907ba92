"""Audit lines of signing in and out: Django and allauth announce these by signal, and nothing else hangs on them."""

from typing import Any

from allauth.account import signals as account_signals
from django.contrib.auth import signals as auth_signals
from django.http import HttpRequest

from accounts import audit
from accounts.models import User


def connect() -> None:
    """Listen; called once, when the app is ready."""
    auth_signals.user_logged_in.connect(_signed_in, dispatch_uid="audit_signed_in")
    auth_signals.user_logged_out.connect(_signed_out, dispatch_uid="audit_signed_out")
    auth_signals.user_login_failed.connect(_failed, dispatch_uid="audit_sign_in_failed")
    for signal in (account_signals.password_set, account_signals.password_changed, account_signals.password_reset):
        signal.connect(_password_changed, dispatch_uid="audit_password_changed")


def throttled(request: HttpRequest, *, email: str) -> None:
    """Record that a sign-in was not even tried, because too many had failed."""
    audit.record("sign_in.throttled", hospital=None, subject=_known(email), request=request)


def _signed_in(*, request: HttpRequest | None, user: User, **_: Any) -> None:
    audit.record("person.signed_in", hospital=None, actor=user, subject=user, request=request)


def _signed_out(*, request: HttpRequest | None, user: User | None, **_: Any) -> None:
    if user is not None:
        audit.record("person.signed_out", hospital=None, actor=user, subject=user, request=request)


def _failed(*, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    audit.record("sign_in.failed", hospital=None, subject=_known(credentials.get("email", "")), request=request)


def _password_changed(*, request: HttpRequest | None, user: User, **_: Any) -> None:
    audit.record("person.password_changed", hospital=None, actor=user, subject=user, request=request)


def _known(email: str) -> User | None:
    # What was typed is not kept: people type passwords into the wrong field.
    return User.objects.filter(email=email.lower()).first()
