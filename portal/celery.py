"""The Celery application: the doorbell. The database is the record (DESIGN rule 3)."""

import os
import resource
from typing import Any

from celery import Celery
from celery.contrib.django.task import DjangoTask
from celery.signals import worker_process_init
from django.conf import settings
from django.db import transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")


class DoorbellTask(DjangoTask):
    """A task whose ring may be lost without harm, because the sweeper rings again."""

    abstract = True

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:
        """Ring after the commit; a broker that is down is logged and never fails the request."""
        self.apply_async_on_commit(args, kwargs)

    def apply_async_on_commit(self, *args: Any, **options: Any) -> None:
        """Ring after the commit, with Celery's options; a broker that is down is logged.

        `robust=True` is the reason for this override: Celery's own version lets the broker's error
        reach the browser after the scan is already safe in the database.
        """

        def ring() -> None:  # not a partial: Django logs the failed hook by its __qualname__
            self.apply_async(*args, **options)

        transaction.on_commit(ring, robust=True)

    def rings_waiting(self) -> int:
        """Return how many messages wait in this task's queue for a worker."""
        queue = self.app.amqp.router.route({}, self.name)["queue"].name
        with self.app.connection_for_read() as connection:
            return int(connection.default_channel.queue_declare(queue).message_count)


app = Celery("lightbox", task_cls=DoorbellTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["scans"], related_name="pipeline")


@worker_process_init.connect
def prepare_child(**_signal: Any) -> None:
    """Limit the child's memory, then load the serving graph in it.

    Never in the parent: a graph built before fork hangs the child. The limit is soft and the child's own, so that a
    hostile picture costs one attempt (MemoryError), not the machine.
    """
    from inference import registry

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (settings.WORKER_MEMORY_BYTES, hard))
    registry.warm_up()
