"""Issue an API key from the command line; its text is printed once, alone on standard output."""

import datetime
import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import api_keys, demo
from accounts.errors import PeopleError
from accounts.models import Hospital, User
from accounts.roles import KEY_SCOPES, Role

DEMO_DAYS = 90


class Command(BaseCommand):
    """`create_api_key --demo`, or `--hospital SLUG --user EMAIL --name NAME --scopes SCOPE ... [--days N]`."""

    help = "Issue an API key and print it: the only time that it can be read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the options."""
        parser.add_argument("--demo", action="store_true", help="for the demo hospital's integrator, with every scope")
        parser.add_argument("--hospital", metavar="SLUG")
        parser.add_argument("--user", metavar="EMAIL", help="whose machine it is")
        parser.add_argument("--name", help="what the members page calls the key")
        parser.add_argument("--scopes", nargs="+", metavar="SCOPE", help=", ".join(sorted(KEY_SCOPES)))
        parser.add_argument("--days", type=int, default=365, help="until it expires (default: 365)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Issue the key and print nothing else."""
        if options["demo"]:
            slug, email = demo.NORTH, demo.email_of(demo.NORTH, Role.INTEGRATOR)
            # A name of its own: keys handed out before stay in force.
            name, scopes, days = f"demo {secrets.token_hex(3)}", sorted(KEY_SCOPES), DEMO_DAYS
            remedy = "Run manage.py create_demo first."
        else:
            slug, email, name, scopes, days = self._stated(options)
            remedy = "Check the spelling on the members page."
        try:
            hospital, user = Hospital.objects.get(slug=slug), User.objects.get(email=email.lower())
        except (Hospital.DoesNotExist, User.DoesNotExist) as error:
            raise CommandError(
                f"Expected a hospital and a person of it; received {slug} and {email}. {remedy}"
            ) from error
        try:
            valid_for = datetime.timedelta(days=days)
            _, text = api_keys.issue(
                hospital=hospital, user=user, name=name, scopes=scopes, issued_by=None, valid_for=valid_for
            )
        except PeopleError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(text)

    @staticmethod
    def _stated(options: dict[str, Any]) -> tuple[str, str, str, list[str], int]:
        missing = [f"--{name}" for name in ("hospital", "user", "name", "scopes") if not options[name]]
        if missing:
            raise CommandError(
                f"Expected --hospital, --user, --name and --scopes; received no {', '.join(missing)}."
                " State them, or use --demo."
            )
        if options["days"] < 1:
            raise CommandError(f"Expected --days of 1 or more; received {options['days']}. State a later day.")
        return options["hospital"], options["user"], options["name"], options["scopes"], options["days"]
