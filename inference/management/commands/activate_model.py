"""manage.py activate_model WEIGHTS: make a registered version the one new scans are read with."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from inference import registry
from inference.models import ModelVersion


class Command(BaseCommand):
    """Activates a model version."""

    help = "Makes the version whose weights' SHA-256 begins with WEIGHTS the active one; jobs already open keep theirs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the hash and who activates."""
        parser.add_argument("weights", help="The SHA-256 of the weights, or its first 8 or more digits.")
        parser.add_argument("--by", required=True, metavar="EMAIL", help="Who activates; stands in the audit trail.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Activate exactly one version."""
        beginning = options["weights"].lower()
        found = list(ModelVersion.objects.filter(weights_sha256__startswith=beginning)[:2])
        if len(beginning) < 8 or len(found) != 1:
            raise CommandError(
                f"Expected 8 or more digits that name one registered version; received “{beginning}”, "
                f"which names {'several' if len(found) > 1 else 'none' if not found else 'one, with too few digits'}."
            )
        person = User.objects.filter(email=options["by"].lower(), is_active=True).first()
        if person is None:
            raise CommandError(f"Expected the email of a person of this desk; received “{options['by']}”.")
        registry.activate(found[0], activated_by=person)
        self.stdout.write(f"Activated {found[0]}.")
