"""Brings the state up to the code: tables, static files, the shipped model. Safe to run before every start."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from inference.models import ModelVersion


class Command(BaseCommand):
    """`manage.py prepare`: the one step between new code and its first start."""

    help = (
        "Migrate, collect static files (deployments), register the shipped model, and activate it on a desk that never "
        "had an active one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do each step; what is done already takes no time."""
        call_command("migrate", interactive=False, verbosity=0, stdout=self.stdout)
        self.stdout.write("Tables are up to date.")
        if not settings.WHITENOISE_USE_FINDERS:
            call_command("collectstatic", interactive=False, verbosity=0, stdout=self.stdout)
            self.stdout.write("Static files are collected.")
        if not ModelVersion.objects.exists():
            self.stdout.write("Making the model's serving graph and comparing it with Keras: about a minute, once.")
        # Which version reads is people's choice; only a desk that never had one gets the shipped bundle without them.
        try:
            call_command("register_model", activate_if_first=True, stdout=self.stdout)
        except CommandError as error:
            # The model never blocks the clinic (DESIGN rule 8): scans come in and are read without it.
            self.stderr.write(f"The shipped model was not registered; the desk starts all the same. {error}")
