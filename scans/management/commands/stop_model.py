"""manage.py stop_model HOSPITAL --by EMAIL --reason WHY: the stop button, from the command line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.errors import RegistryError
from inference.management.people import person
from scans import pipeline
from scans.management.hospitals import hospital_named


class Command(BaseCommand):
    """Stops the model at one hospital; the others are not touched."""

    help = (
        "Stops the model at one hospital: nothing more is written for its scans, queued jobs end unanswered, and "
        "scans come in and are read as ever."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where, who and why."""
        parser.add_argument("hospital", metavar="SLUG")
        parser.add_argument("--by", required=True, metavar="EMAIL", help="A hospital admin or model manager there.")
        parser.add_argument("--reason", required=True, help="Readers of the hospital's scans see it.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Stop."""
        hospital, by = hospital_named(options["hospital"]), person(options["by"])
        try:
            stopped = pipeline.stop_model(hospital, stopped_by=by, reason=options["reason"])
        except RegistryError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(stopped.in_words)
