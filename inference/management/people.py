"""Who a command acts for: a person of the desk, named by email. What they may do is asked where it is done."""

from django.core.management.base import CommandError

from accounts.models import User


def person(email: str) -> User:
    """Return the active person with this email.

    Raises:
        CommandError: there is none.
    """
    found = User.objects.filter(email=email.lower(), is_active=True).first()
    if found is None:
        raise CommandError(f"Expected the email of a person of this desk who may sign in; received “{email}”.")
    return found
