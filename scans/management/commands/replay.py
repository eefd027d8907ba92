"""manage.py replay DIAGNOSIS_ID: compute a past diagnosis again and state the difference."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.management.people import person
from scans import pipeline
from scans.models import Diagnosis, Replay


class Command(BaseCommand):
    """Replays one diagnosis in this process; the diagnosis stays as it is."""

    help = (
        "Computes a past diagnosis again, from the stored original with the recorded model version, and says which "
        "parts of its lineage and of its answer differ. It leaves an audit line, as every look at a patient's record."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare which diagnosis and for whom."""
        parser.add_argument("diagnosis", type=UUID, metavar="DIAGNOSIS_ID")
        parser.add_argument("--by", metavar="EMAIL", help="For whom; without it the audit line says system.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay and print."""
        found = Diagnosis.objects.select_related("image__scan__hospital", "model_version").filter(
            pk=options["diagnosis"]
        )
        diagnosis = found.first()
        if diagnosis is None:
            raise CommandError(
                f"Expected the id of a diagnosis; received {options['diagnosis']}. The scan's page and API show it."
            )
        by = person(options["by"]) if options["by"] else None
        self._say(pipeline.replay_now(diagnosis, asked_by=by))

    def _say(self, replay: Replay) -> None:
        for part in replay.difference.get("parts", []):
            self.stdout.write(f"{part['name']:<34} {'equal' if part['is_same'] else 'DIFFERS'}")
            if not part["is_same"]:
                self.stdout.write(f"    recorded {part['recorded']}")
                self.stdout.write(f"    now      {part['now']}")
        self.stdout.write(replay.statement)
        self.stdout.write("Research use, not a medical device.")
