"""A model that takes long to load. Included by a worker (`celery worker -I tests.faults.slow_start`)."""

import time

from inference import registry

real_warm_up = registry.warm_up


def warm_up() -> None:
    # Longer than the 4 s after which Celery, by default, kills a child that has not come up.
    time.sleep(6)
    real_warm_up()


registry.warm_up = warm_up
