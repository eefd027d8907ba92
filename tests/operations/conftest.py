"""The running deployment that the tests of this folder look at, each from its own side."""

import os
import re
import shutil

import pytest

from tests.operations.browser import Browser
from tests.operations.deployment import HOST, STAY, Deployment, database_of_its_own, until


@pytest.fixture(scope="session")
def deployment(tmp_path_factory):
    """Prepared and started once; every test looks at the same one."""
    folder = tmp_path_factory.mktemp("deployment")
    with database_of_its_own(os.environ["DATABASE_URL"], "lightbox_operations") as database_url:
        desk = Deployment(folder, database_url=database_url, redis_url=os.environ["REDIS_URL"])
        # The graph was compiled by an earlier test; compiling it again would prove nothing new.
        shutil.copytree(os.environ["LIGHTBOX_GRAPH_DIR"], folder / "lightbox" / "graphs", dirs_exist_ok=True)
        desk.flush_doorbell()
        try:
            prepared = desk.run("prepare")
            assert prepared.returncode == 0, prepared.stderr
            for name in STAY:
                desk.start(name)
            yield desk
        finally:
            desk.kill_all()
            desk.flush_doorbell()


@pytest.fixture(scope="session")
def direct(deployment):
    """Past nginx: what only the services of the inner network can do."""
    assert until(lambda: deployment.is_healthy("web")), deployment.log("web").read_text()
    return Browser(f"http://127.0.0.1:{deployment.port}", host=HOST)


@pytest.fixture(scope="session")
def demo_password(deployment, direct):
    """The demo's films, sent through the running services."""
    said = deployment.manage("create_demo", "--outside-embedded-mode")
    return re.search(r"password of all is\s+(\S+)", said)[1]
