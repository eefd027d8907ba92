"""Desks on real services for the fault tests, and their logs where a test fails."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.desk import Desk, environment, manage
from tests.services import PostgresServer, RedisServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def furnished(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a template database: migrated, the shipped model registered and active."""
    name = f"lightbox_faults_{os.getpid()}"
    with postgres.database(name) as url:
        desk_environment = environment(tmp_path_factory.mktemp("furnished"), DATABASE_URL=url)
        manage(desk_environment, "migrate", "--no-input", "--verbosity", "0")
        manage(desk_environment, "register_model", "--activate-if-first")
        yield name


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def desk(postgres: PostgresServer, furnished: str, redis: RedisServer, tmp_path: Path) -> Iterator[Desk]:
    """A furnished desk on a database and a Redis of its own; nothing runs yet."""
    with postgres.database(f"{furnished}_one", template=furnished) as url:
        desk = Desk(tmp_path, database=url, broker=redis.url)
        yield desk
        desk.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the end of every process's log beside a failure."""
    report = (yield).get_result()
    desk = getattr(item, "funcargs", {}).get("desk") or getattr(item, "funcargs", {}).get("embedded_desk")
    if report.failed and desk is not None:
        for process in desk.processes:
            report.sections.append((process.log.name, process.output[-4000:]))
