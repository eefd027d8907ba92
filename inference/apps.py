"""Django's registration of the inference app."""

from django.apps import AppConfig


class InferenceConfig(AppConfig):
    """The inference app."""

    name = "inference"
