"""Django's registration of the scans app."""

from django.apps import AppConfig


class ScansConfig(AppConfig):
    """The scans app."""

    name = "scans"
