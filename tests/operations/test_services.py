"""Each service of docker-compose.yml by its own command, against the real PostgreSQL and Redis of this machine."""

import json
import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest
import redis

from tests.operations.deployment import STAY, free_port, until

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.xdist_group("operations")]


def _gauges(direct):
    answer = direct.open("/metrics", Authorization="Bearer scrape-me")
    assert answer.status == 200
    return dict(re.findall(r"^(lightbox_\S+) ([\d.e+]+)$", answer.text, flags=re.M))


@pytest.mark.parametrize("name", STAY)
def test_each_service_passes_its_own_health_check(deployment, name):
    assert until(lambda: deployment.is_healthy(name)), deployment.log(name).read_text()


def test_readyz_names_every_component_and_all_are_well(direct):
    answer = json.loads(direct.open("/readyz").body)
    assert answer["status"] == "ok"
    assert set(answer["components"]) == {"database", "storage", "broker", "model", "worker", "scheduler"}


def test_metrics_are_for_those_who_have_the_token(direct):
    assert direct.open("/metrics").status == 401
    assert direct.open("/metrics", Authorization="Bearer guess").status == 401
    assert float(_gauges(direct)["lightbox_scans_unfinished"]) >= 0


def test_the_workers_read_the_demo_without_tensorflow(deployment, direct, demo_password):
    def all_read():
        gauges = _gauges(direct)
        return float(gauges['lightbox_jobs{status="done"}']) >= 12 and gauges["lightbox_scans_unfinished"] == "0.0"

    assert until(all_read), deployment.log("worker-inference").read_text()
    assert _gauges(direct)['lightbox_jobs{status="failed"}'] == "0.0"
    parent = str(deployment.processes["worker-inference"].pid)
    children = subprocess.run(["pgrep", "--parent", parent], capture_output=True, text=True, check=True).stdout.split()
    mapped = "".join(Path(f"/proc/{pid}/maps").read_text() for pid in children)
    assert "site-packages/openvino/" in mapped
    assert "site-packages/tensorflow/" not in mapped


def test_the_scheduler_ticks_and_the_maintenance_worker_sweeps(deployment):
    def swept():
        log = deployment.log("worker-maintenance").read_text()
        return len(re.findall(r"scans\.pipeline\.sweep\[[^\]]+\] succeeded", log)) >= 2

    def written_down():
        return max(path.stat().st_mtime_ns for path in (deployment.folder / "tmp").glob("schedule*"))

    assert until(swept)
    # The health check reads this time; without CELERY_BEAT_SYNC_EVERY it would stand still for minutes.
    before = written_down()
    assert until(lambda: written_down() > before)
    assert "scans.pipeline.diagnose[" not in deployment.log("worker-maintenance").read_text()


def test_what_the_doorbell_forgets_the_sweep_brings_back(deployment, direct, demo_password):
    deployment.stop("worker-inference")
    try:
        with psycopg.connect(deployment.database_url, autocommit=True) as database:
            database.execute("UPDATE scans_scan SET analysis_finished_at = NULL, rung_at = now() - interval '1 hour'")
        deployment.flush_doorbell()
        assert float(_gauges(direct)["lightbox_scans_unfinished"]) >= 12
    finally:
        deployment.start("worker-inference")
    assert until(lambda: float(_gauges(direct)["lightbox_scans_unfinished"]) == 0)


def test_log_lines_are_json_and_name_no_patient(deployment, demo_password):
    for name in STAY:
        log = deployment.log(name).read_text()
        assert [json.loads(line) for line in log.splitlines() if line.startswith("{")], name
        assert not re.search(r"Demo, |DEMO-[NS]-|Demo\^", log), name


def test_the_services_write_only_where_their_volumes_are(deployment):
    if not deployment.read_only:
        pytest.skip("this machine does not permit a mount namespace, so the root was not read-only")
    for name in STAY:
        assert "Read-only file system" not in deployment.log(name).read_text(), name
    mounts = Path(f"/proc/{deployment.processes['web'].pid}/mounts").read_text()
    options = re.search(r"^\S+ / \S+ (\S+)", mounts, flags=re.M)[1]
    assert "ro" in options.split(",")


def test_the_redis_of_the_file_starts_and_evicts_nothing(deployment, tmp_path):
    port = free_port()
    command = [*deployment.services["redis"]["command"], "--port", str(port), "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        with redis.Redis(port=port, password=deployment.services["redis"]["environment"]["REDISCLI_AUTH"]) as client:
            assert until(lambda: _answers(client))
            stated = client.config_get("maxmemory-policy", "appendonly", "requirepass")
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        server.terminate()
    assert (stated["maxmemory-policy"], stated["appendonly"]) == ("noeviction", "yes")


def _answers(client):
    try:
        return client.ping()
    except redis.ConnectionError:
        return False


def test_postgres_knows_the_settings_of_the_file(deployment):
    stated = dict(word.split("=") for word in deployment.services["postgres"]["command"] if "=" in word)
    with psycopg.connect(deployment.database_url) as database:
        for name, value in stated.items():
            database.execute("SELECT set_config(%s, %s, false)", [name, value])
    assert stated["log_error_verbosity"] == "terse"


def test_each_service_ends_within_its_grace_period(deployment):
    """Last: SIGTERM to each, as the engine does; nothing of it stays."""
    groups = {name: os.getpgid(process.pid) for name, process in deployment.processes.items()}
    for name in STAY:
        deployment.stop(name)
    left = [name for name, group in groups.items() if _group_lives(group)]
    assert left == []


def _group_lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
