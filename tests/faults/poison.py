"""Films that harm their worker. Included by a worker (`celery worker -I tests.faults.poison`), never by the product.

The file POISON_LIST names one film a line, "SHA256 HARM"; every other film is decoded as always.
"""

import os
import signal
import time
from pathlib import Path
from typing import Any

from inference.engine import read

real_read_picture = read.read_picture


def read_picture(path: Path, **options: Any) -> read.Picture:
    listed = Path(os.environ["POISON_LIST"]).read_text().splitlines()
    harm = dict(line.split() for line in listed).get(path.name)
    if harm == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if harm == "hang":
        # As a decoder written in C does, it hears nothing of the soft time limit.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        time.sleep(3600)
    if harm == "doze":
        time.sleep(2 * float(os.environ["JOB_LEASE_SECONDS"]))
    if harm == "raise":
        raise RuntimeError("a fault of the decoder")
    return real_read_picture(path, **options)


read.read_picture = read_picture
