"""`make bench-pipeline`: how fast scans come in and are read, on real PostgreSQL, Redis, gunicorn and workers.

    python -m bench.pipeline [--scans N] [--workers N] [--clients N]

Prints one JSON object. Each upload is a POST of one synthetic 512 x 512 film to /api/v1/scans/.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.faults.desk import Desk, all_done, new_film
from tests.faults.web import Site
from tests.services import PostgresServer, RedisServer

IDLE_SCANS = 10
# From "received" to "diagnosed", of the scans whose patients' numbers begin with a letter.
LATENCIES = """
    SELECT extract(epoch FROM diagnosis.created_at - scan.received_at)::float FROM scans_diagnosis AS diagnosis
    JOIN scans_image AS image ON image.id = diagnosis.image_id JOIN scans_scan AS scan ON scan.id = image.scan_id
    JOIN scans_patient AS patient ON patient.id = scan.patient_id WHERE patient.mrn LIKE '{}%'
"""


def percentile_95(seconds: list[float]) -> float:
    """Return the time within which 19 of 20 were done, in seconds."""
    return round(statistics.quantiles(seconds, n=20)[-1], 3)


def latencies(desk: Desk, letter: str) -> list[float]:
    """Return how long each scan of one phase took from its upload to its diagnosis, in seconds."""
    return [row[0] for row in desk.rows(LATENCIES.format(letter))]


def one_at_a_time(desk: Desk, site: Site) -> dict[str, Any]:
    """Send scans one by one, each when the one before is read: an idle desk."""
    for number in range(IDLE_SCANS):
        site.upload(new_film(desk.folder), mrn=f"I{number}")
        desk.wait_until_finished()
    found = latencies(desk, "I")
    return {"idle_median_seconds": round(statistics.median(found), 3), "idle_p95_seconds": percentile_95(found)}


def all_at_once(desk: Desk, site: Site, *, scans: int, clients: int) -> dict[str, Any]:
    """Send scans as fast as the clients can: a busy desk."""
    films = [new_film(desk.folder) for _ in range(scans)]
    started = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        answers = list(pool.map(lambda item: site.upload(item[1], mrn=f"B{item[0]}")[0], enumerate(films)))
    uploaded = time.monotonic() - started
    desk.wait_until_finished(patience=600)
    finished = time.monotonic() - started
    if answers != [201] * scans or desk.tally() != all_done(scans + IDLE_SCANS):
        raise SystemExit(f"Expected every scan to be taken and read; received {desk.tally()} and {set(answers)}.")
    return {
        "uploads_per_second": round(scans / uploaded, 1),
        "scans_per_minute": round(60 * scans / finished, 1),
        "busy_p95_upload_to_diagnosis_seconds": percentile_95(latencies(desk, "B")),
    }


def measure(folder: Path, *, scans: int, workers: int, clients: int) -> dict[str, Any]:
    """Furnish a desk, run both phases on it, and return the numbers."""
    server, redis = PostgresServer(), RedisServer(folder)
    try:
        with server.database(f"lightbox_bench_{os.getpid()}") as url:
            desk = Desk(folder, database=url, broker=redis.url)
            desk.environment |= {"SWEEP_EVERY_SECONDS": "5", "RING_AGAIN_AFTER_SECONDS": "20"}
            desk.environment |= {"JOB_LEASE_SECONDS": "30", "API_RATE": "100000/minute"}
            try:
                desk.manage("migrate", "--no-input", "--verbosity", "0")
                desk.manage("register_model", "--activate-if-first")
                desk.beat()
                for _ in range(workers):
                    desk.ready_worker()
                site = Site(desk, processes=2)
                return {**one_at_a_time(desk, site), **all_at_once(desk, site, scans=scans, clients=clients)}
            finally:
                desk.close()
    finally:
        redis.kill()
        server.stop()


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.pipeline")
    parser.add_argument("--scans", type=int, default=120)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--clients", type=int, default=4)
    stated = vars(parser.parse_args())
    with tempfile.TemporaryDirectory(prefix="lightbox-bench-") as folder:
        numbers = measure(Path(folder), **stated)
    sys.stdout.write(json.dumps({**stated, "cores": os.cpu_count(), **numbers}) + "\n")


if __name__ == "__main__":
    main()
