"""The portal: settings, URLs and the shared look. No business rule lives here."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
