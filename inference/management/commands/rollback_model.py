"""manage.py rollback_model --by EMAIL --reason WHY: back to the version that was active before, at once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference import activation
from inference.errors import RegistryError
from inference.management.people import person


class Command(BaseCommand):
    """The emergency path: one model manager is enough, and says why."""

    help = (
        "Makes the version that was active before the present one read new scans again. A second rollback goes one "
        "version further back. One model manager and a reason are enough."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare who and why."""
        parser.add_argument("--by", required=True, metavar="EMAIL", help="A model manager.")
        parser.add_argument("--reason", required=True, help="Stands in the history and in the audit trail.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Go back."""
        try:
            by = person(options["by"])
            now = activation.roll_back(rolled_back_by=by, reason=options["reason"])
        except RegistryError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"New scans are read by {now.version} again.")
