"""Films that kill, hang or break their worker end in a visible state; their neighbours and the worker go on."""

from pathlib import Path

import pytest

from tests.faults.desk import Desk, all_done
from tests.services import RedisServer, wait_until

pytestmark = [pytest.mark.services, pytest.mark.slow]

# A film that hangs is cut off after 6 s, longer than "doze" sleeps; a real desk waits CELERY_TASK_TIME_LIMIT.
OPTIONS = ("-I", "tests.faults.poison", "task.soft_time_limit=5", "task.time_limit=6")
LEASE_SECONDS = "1.5"
ENDS = """
    SELECT job.status, job.attempts, job.error, image.prepared_at IS NOT NULL, image.unreadable_reason, scan.status
    FROM scans_scan AS scan JOIN scans_image AS image ON image.scan_id = scan.id
    JOIN inference_job AS job ON job.image_key = image.id WHERE scan.id = '{}'
"""


def poison(desk: Desk, *harms: str) -> dict[str, str]:
    """Send one scan per harm and list its film before any worker is there to read it."""
    scans = {harm: desk.send()[0] for harm in harms}
    names = [desk.rows(f"SELECT sha256 FROM scans_image WHERE scan_id = '{scan}'")[0][0] for scan in scans.values()]
    poison_list(desk).write_text("\n".join(f"{sha} {harm}" for sha, harm in zip(names, harms, strict=True)))
    return scans


def poison_list(desk: Desk) -> Path:
    return desk.folder / "poison.txt"


def test_poison_ends_visibly_and_takes_nobody_with_it(desk: Desk, redis: RedisServer):
    scans = poison(desk, "kill", "hang", "raise", "doze")
    desk.send(16)
    # A ring carries the time limits of whoever rings: these workers' own sweeper is to ring, not the door.
    redis.command("FLUSHALL")
    stated = {"POISON_LIST": str(poison_list(desk)), "JOB_LEASE_SECONDS": LEASE_SECONDS}
    workers = [desk.worker(*OPTIONS, **stated) for _ in range(2)]
    desk.beat()
    desk.wait_until_finished(patience=240)

    assert desk.tally() == all_done(20) | {
        "prepared": 17,
        "diagnoses": 17,
        "distinct_pairs": 17,
        "audited": 17,
        "failed": 3,
    }
    for harm in ("kill", "hang"):
        status, attempts, error, is_prepared, reason, scan_status = desk.rows(ENDS.format(scans[harm]))[0]
        assert (status, attempts, is_prepared, scan_status) == ("failed", 3, False, "awaiting_review")
        assert error == "The worker stopped in each of 3 attempts."
        assert "stopped the decoder" in reason
    status, attempts, error, is_prepared, reason, scan_status = desk.rows(ENDS.format(scans["raise"]))[0]
    assert (status, attempts, scan_status) == ("failed", 3, "awaiting_review")
    assert "RuntimeError" in error
    # Asleep for two leases, but alive: its heartbeat kept the job.
    assert desk.rows(ENDS.format(scans["doze"]))[0][:2] == ("done", 1)

    poison_list(desk).write_text("")
    desk.send()
    desk.wait_until_finished()
    assert desk.tally()["diagnoses"] == 18
    assert all(worker.is_running for worker in workers)

    # Without --failed what has ended stays ended; with it, mended, every scan is read after all.
    assert "0 scans requeued" in desk.manage("requeue_stuck_scans")
    assert "3 scans requeued" in desk.manage("requeue_stuck_scans", "--failed")
    wait_until(lambda: desk.tally() == all_done(21), "the mended scans to be read")
    assert {row[0] for row in desk.rows("SELECT unreadable_reason FROM scans_image")} == {""}
