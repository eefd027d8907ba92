"""Which hospital a command is about: named by its slug."""

from django.core.management.base import CommandError

from accounts.models import Hospital


def hospital_named(slug: str) -> Hospital:
    """Return the hospital with this slug.

    Raises:
        CommandError: there is none.
    """
    found = Hospital.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Hospital.objects.values_list("slug", flat=True)) or "none"
        raise CommandError(f"Expected the slug of a hospital ({known}); received “{slug}”.")
    return found
