"""manage.py resume_model HOSPITAL --by EMAIL --reason WHY [--read-missed]: the model may read there again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.errors import RegistryError
from inference.management.people import person
from scans import pipeline
from scans.management.hospitals import hospital_named


class Command(BaseCommand):
    """Ends the stop in force at one hospital."""

    help = "Lets the model read again at one hospital; with --read-missed also the unreported scans it was kept from."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where, who, why and what of the past."""
        parser.add_argument("hospital", metavar="SLUG")
        parser.add_argument("--by", required=True, metavar="EMAIL", help="A hospital admin or model manager there.")
        parser.add_argument("--reason", required=True, help="Stands in the history and in the audit trail.")
        parser.add_argument(
            "--read-missed", action="store_true", help="Queue the unreported scans that the stop kept from the model."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Resume and say what is queued."""
        hospital, by = hospital_named(options["hospital"]), person(options["by"])
        try:
            _, queued = pipeline.resume_model(
                hospital, resumed_by=by, reason=options["reason"], read_missed=options["read_missed"]
            )
        except RegistryError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The model reads again at {hospital}. Scans queued of those it missed: {queued}.")
