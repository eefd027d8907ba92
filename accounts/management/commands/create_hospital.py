"""manage.py create_hospital NAME SLUG --admin EMAIL --admin-name NAME: a hospital and its first admin."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email, validate_slug
from django.db import transaction
from django.db.models import Q

from accounts import audit, first_password, members
from accounts.errors import PeopleError
from accounts.models import Hospital
from accounts.roles import Role


class Command(BaseCommand):
    """The operator's only act on people: everybody else is added by a hospital's admin, on the members page."""

    help = "Makes a hospital with one admin, and prints the link with which the admin chooses a first password."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the hospital and its admin."""
        parser.add_argument("name", help="As people read it.")
        parser.add_argument("slug", help="As the API writes it: letters, digits, hyphens.")
        parser.add_argument("--admin", required=True, metavar="EMAIL")
        parser.add_argument("--admin-name", required=True, metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make both, or neither."""
        try:
            validate_slug(options["slug"])
            validate_email(options["admin"])
        except ValidationError as error:
            raise CommandError(
                f"Expected a slug and an email address; received another text. {error.messages[0]}"
            ) from error
        with transaction.atomic():
            taken = Hospital.objects.filter(Q(slug=options["slug"]) | Q(name=options["name"])).first()
            if taken is not None:
                raise CommandError(
                    f"Expected a name and a slug that are free; received those of {taken} ({taken.slug})."
                )
            hospital = Hospital.objects.create(name=options["name"], slug=options["slug"])
            audit.record("hospital.created", hospital=hospital, subject=hospital)
            self._add_admin(hospital, email=options["admin"], name=options["admin_name"])

    def _add_admin(self, hospital: Hospital, *, email: str, name: str) -> None:
        try:
            added = members.add_person(hospital, email=email, name=name, roles=[Role.HOSPITAL_ADMIN], added_by=None)
            if not added.is_new:
                self.stdout.write(f"{hospital.name} is there; {added.user.email} signs in as before.")
                return
            path = first_password.path_for(hospital, added.user, made_by=None)
        except PeopleError as error:
            raise CommandError(str(error)) from error
        scheme = "https" if settings.HTTPS else "http"
        self.stdout.write(f"{hospital.name} is there. {added.user.email} chooses a password at this address, once:")
        self.stdout.write(f"{scheme}://{settings.ALLOWED_HOSTS[0]}{path}")
