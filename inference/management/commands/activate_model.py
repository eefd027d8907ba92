"""manage.py activate_model VERSION --asked-by EMAIL --approved-by EMAIL: what new scans are read with."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from inference import activation, registry
from inference.errors import RegistryError
from inference.management.people import person


class Command(BaseCommand):
    """Activates a model version, in the names of two model managers."""

    help = (
        "Makes the version of this name, or whose weights' SHA-256 begins so, the one new scans are read with. Two "
        "different model managers are named: who asks and who approves. Jobs already open keep their version."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the version and the two people."""
        parser.add_argument("version", help="Its name, or 8 or more digits of its weights' SHA-256.")
        parser.add_argument("--asked-by", required=True, metavar="EMAIL", help="A model manager.")
        parser.add_argument("--approved-by", required=True, metavar="EMAIL", help="Another model manager.")
        parser.add_argument("--reason", default="Activated from the command line.", help="Stands in the history.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask and approve in one transaction: neither stands alone."""
        try:
            version = registry.named(options["version"])
            asker, approver = person(options["asked_by"]), person(options["approved_by"])
            with transaction.atomic():
                asked = activation.request_activation(version, asked_by=asker, reason=options["reason"])
                activation.approve_activation(asked, approved_by=approver)
        except RegistryError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Activated {version}: asked for by {asker.email}, approved by {approver.email}.")
