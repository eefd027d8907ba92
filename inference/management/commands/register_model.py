"""manage.py register_model BUNDLE: check a bundle, compile its serving graph, record it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference import registry
from inference.engine.errors import BadBundle


class Command(BaseCommand):
    """Registers a bundle as a model version."""

    help = (
        "Checks hashes and labels, compiles the serving graph with its parity check against Keras, records the version."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the bundle folder and --activate."""
        parser.add_argument("bundle", type=Path, nargs="?", help="The bundle's folder; without it, the shipped one.")
        parser.add_argument("--activate-if-first", action="store_true", help="Activate it when no version is active.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Register, and activate on a desk that has no active model yet."""
        from inference.engine.bundle import DEFAULT_BUNDLE

        try:
            version = registry.register(options["bundle"] or DEFAULT_BUNDLE)
        except BadBundle as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Registered {version}.")
        if options["activate_if_first"] and registry.active() is None:
            registry.activate(version)
            self.stdout.write(f"Activated {version}.")
