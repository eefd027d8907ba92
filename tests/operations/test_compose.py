"""docker-compose.yml, as far as it can be judged without a container engine."""

import re

import pytest

from tests.conventions.sources import ROOT
from tests.operations import compose

SECRETS = {"SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}
STATED = {name: f"value-of-{name.lower()}" for name in compose.variables()}


@pytest.fixture(scope="module")
def services():
    return compose.load(STATED)["services"]


def test_the_desk_is_complete(services):
    assert set(services) == {
        "nginx", "prepare", "web", "worker-inference", "worker-maintenance", "scheduler", "postgres", "redis",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(SECRETS | {"ALLOWED_HOSTS", "TLS_DIR"}))
def test_no_secret_and_no_name_has_a_default(name):
    without = {key: value for key, value in STATED.items() if key != name}
    with pytest.raises(compose.MissingVariable):
        compose.load(without)


def test_every_service_is_hardened(services):
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert int(service["user"].split(":")[0]) > 0, name


def test_every_service_that_stays_is_watched_and_started_again(services):
    for name, service in services.items():
        if name == "prepare":
            assert service["restart"] == "no"
            continue
        assert service["healthcheck"]["test"], name
        assert service["restart"] == "unless-stopped", name


def test_images_are_pinned_to_a_release(services):
    for name, service in services.items():
        assert re.search(r":\d+\.\d+|:value-of-lightbox_version$", service["image"]), name
        assert not service["image"].endswith(":latest"), name


def test_only_nginx_can_be_reached_from_outside(services):
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    assert [name for name, service in services.items() if "outside" in service["networks"]] == ["nginx"]
    assert compose.load(STATED)["networks"]["inside"]["internal"] is True


def test_every_volume_is_declared_and_what_must_last_is_on_one(services):
    declared = set(compose.load(STATED)["volumes"])
    used = {
        volume.split(":")[0]
        for service in services.values()
        for volume in service.get("volumes", [])
        if not volume.startswith((".", "value-of-"))
    }
    assert used == declared
    assert "media:/var/lib/lightbox/media" in services["web"]["volumes"]
    assert "database:/var/lib/postgresql/data" in services["postgres"]["volumes"]
    assert "doorbell:/data" in services["redis"]["volumes"]


def test_workers_end_softly_and_have_the_time_for_it(services):
    from django.conf import settings

    for name in ("worker-inference", "worker-maintenance"):
        assert services[name]["environment"]["REMAP_SIGTERM"] == "SIGQUIT"
        assert int(services[name]["stop_grace_period"].removesuffix("s")) > settings.CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT


def test_every_queue_has_a_worker_and_every_process_the_same_environment(services):
    from django.conf import settings

    queues = {
        command[command.index("--queues") + 1]
        for command in (service["command"] for service in services.values())
        if "--queues" in command
    }
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    assert queues == routed | {settings.CELERY_TASK_DEFAULT_QUEUE}
    stated = [
        {key: value for key, value in service["environment"].items() if key != "REMAP_SIGTERM"}
        for service in services.values()
        if service["image"].startswith("lightbox:")
    ]
    assert all(environment == stated[0] for environment in stated)


def test_redis_evicts_nothing_and_writes_down_what_it_has(services):
    command = services["redis"]["command"]
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert command[command.index("--appendonly") + 1] == "yes"


def test_the_same_commands_run_on_a_laptop(services):
    """The Procfile starts the same programs with the same arguments, but for one worker on both queues."""
    procfile = (ROOT / "Procfile").read_text(encoding="utf-8")
    assert " ".join(services["web"]["command"]) in procfile
    assert "celery --quiet --app portal beat" in procfile
    assert "--queues inference,maintenance --pool prefork --concurrency 1" in procfile


def test_nginx_and_the_desk_agree(services):
    configuration = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    location = services["web"]["environment"]["MEDIA_ACCEL_LOCATION"]
    assert re.search(rf"location {location} {{\s+internal;", configuration)
    from django.conf import settings

    assert f"client_max_body_size {settings.UPLOAD_MAX_BYTES_PER_REQUEST // 2**20}m;" in configuration
