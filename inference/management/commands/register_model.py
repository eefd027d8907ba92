"""manage.py register_model BUNDLE: check a bundle, compile its serving graph, ask it once, record it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference import activation, registry
from inference.engine.errors import BadBundle, EngineBusy
from inference.errors import RegistryError
from inference.models import Activation


class Command(BaseCommand):
    """Registers a bundle as a model version."""

    help = (
        "Checks hashes and labels, compiles the serving graph with its parity check against Keras, loads it, asks it "
        "for synthetic films, records the version. Nothing is recorded when a check fails; nothing is activated."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the bundle folder and --activate-if-first."""
        parser.add_argument("bundle", type=Path, nargs="?", help="The bundle's folder; without it, the shipped one.")
        parser.add_argument(
            "--activate-if-first",
            action="store_true",
            help="Activate the shipped bundle on a desk that never had an active version; the first start does.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Register; activate only the shipped bundle, on a desk that never had an active version."""
        from inference.engine.bundle import DEFAULT_BUNDLE

        if options["bundle"] and options["activate_if_first"]:
            raise CommandError(
                "Expected --activate-if-first for the shipped bundle, without a folder; received both. "
                "Register the bundle, then let two people activate it: manage.py activate_model."
            )
        try:
            version = registry.register(options["bundle"] or DEFAULT_BUNDLE)
            self.stdout.write(f"Registered {version}.")
            if options["activate_if_first"]:
                self._activate_first(version)
        except (BadBundle, EngineBusy, RegistryError) as error:
            raise CommandError(str(error)) from error

    def _activate_first(self, version: Any) -> None:
        active = registry.active()
        if active is None and not Activation.objects.exists():
            activation.activate_first(version)
            self.stdout.write(f"Activated {version}: the first on this desk.")
        elif active != version:
            self.stdout.write(
                f"{active or 'No version'} reads new scans. {version} reads none until one person asks for it and "
                "another approves."
            )
