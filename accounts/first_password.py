"""The link with which a new person chooses their first password: shown once to the admin who hands it over."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from accounts import audit, members
from accounts.errors import NoFirstPassword
from accounts.models import Hospital, User


@transaction.atomic
def path_for(hospital: Hospital, user: User, *, made_by: User | None, request: HttpRequest | None = None) -> str:
    """Return the address at which the person chooses their first password: works once, for PASSWORD_RESET_TIMEOUT.

    Raises:
        NotAMember: the person is not here.
        NoFirstPassword: they have a password, or another hospital has them too: whoever holds the link becomes them.
    """
    members.lock(hospital)
    members.member_at(hospital, user)
    if user.has_usable_password() or user.memberships.exclude(hospital=hospital).exists():
        raise NoFirstPassword(
            expected="a person whom only this hospital added and who has not chosen a password",
            received="one who is past that",
            remedy="The person can use “Forgot your password?” on the sign-in page.",
        )
    audit.record("member.password_link_made", hospital=hospital, actor=made_by, subject=user, request=request)
    return reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)},
    )
