"""A worker whose machine freezes inside its last transaction. Included by a worker (`-I tests.faults.freeze`)."""

import os
import signal

from inference import jobs

real_finish = jobs.finish


def finish(lease: jobs.Lease) -> None:
    real_finish(lease)
    os.kill(os.getpid(), signal.SIGSTOP)


jobs.finish = finish
