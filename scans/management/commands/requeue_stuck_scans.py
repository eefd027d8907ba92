"""manage.py requeue_stuck_scans: ring again for every scan whose analysis is not finished."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from scans import pipeline


class Command(BaseCommand):
    """The operator's own sweep, without waiting for the scheduler."""

    help = "Rings the worker for every unfinished scan; with --failed also gives failed jobs a new round of attempts."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare --failed."""
        parser.add_argument("--failed", action="store_true", help="Also those whose attempts are used up.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Requeue and say how many."""
        count = pipeline.requeue(include_failed=options["failed"])
        self.stdout.write(f"{count} scan{'' if count == 1 else 's'} requeued.")
