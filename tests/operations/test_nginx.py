"""deploy/nginx.conf in front of the running desk: TLS, pictures, static files, and what it lets nobody claim."""

import os
import re
import shutil
import subprocess

import psycopg
import pytest

from tests.conventions.sources import ROOT
from tests.operations.browser import Browser, send_chunked
from tests.operations.deployment import HOST, free_port, replaced, until
from tests.pictures import png_bytes
from tests.services import wait_until

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.xdist_group("operations")]


@pytest.fixture(scope="module")
def nginx_log(tmp_path_factory):
    return tmp_path_factory.mktemp("nginx") / "log"


@pytest.fixture(scope="module")
def nginx(deployment, direct, nginx_log):
    """nginx with deploy/nginx.conf, its names and folders moved to this machine; yields (TLS port, plain port)."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        assert os.environ.get("CI") != "true", "nginx is missing: apt-get install nginx-light"
        pytest.skip("nginx is not installed (Debian: apt-get install nginx-light)")
    folder = nginx_log.parent
    plain, tls = free_port(), free_port()
    configuration = _nginx_configuration(deployment, folder, plain=plain, tls=tls)
    check = subprocess.run([program, "-t", "-c", configuration], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr
    assert "[warn]" not in check.stderr
    with nginx_log.open("wb") as log:
        server = subprocess.Popen([program, "-c", configuration, "-g", "daemon off;"], stdout=log, stderr=log)
    try:
        assert until(lambda: Browser(f"http://127.0.0.1:{plain}", host=HOST).open("/alive").status == 200)
        yield tls, plain
    finally:
        server.terminate()
        server.wait()


def _nginx_configuration(deployment, folder, *, plain, tls):
    certificate = [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}",
        "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem",
    ]  # fmt: skip
    subprocess.run(certificate, capture_output=True, check=True)
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    table = {
        "web:8000": f"127.0.0.1:{deployment.port}",
        "listen 8080": f"listen 127.0.0.1:{plain}",
        "listen 8443": f"listen 127.0.0.1:{tls}",
        "/etc/nginx/tls": str(folder),
        "/var/cache/nginx": str(folder),
        "/tmp/": f"{folder}/",
        "/srv/static/": f"{deployment.folder}/static/",
        "/var/lib/lightbox/media/": f"{deployment.folder}/lightbox/media/",
    }
    assert [theirs for theirs in table if theirs not in text] == []
    text = replaced(text, table)
    # Run as root, nginx would give its workers an account that cannot read the test's folders.
    if os.getuid() == 0:
        text = "user root;\n" + text
    (folder / "nginx.conf").write_text(text)
    return str(folder / "nginx.conf")


@pytest.fixture(scope="module")
def reader(nginx, demo_password):
    """The north hospital's radiologist, signed in through nginx."""
    browser = Browser(f"https://127.0.0.1:{nginx[0]}", host=HOST)
    assert browser.sign_in("radiologist@north.example", demo_password, X_Forwarded_For="203.0.113.7") == 302
    return browser


def test_plain_http_is_sent_to_tls(nginx):
    answer = Browser(f"http://127.0.0.1:{nginx[1]}", host=HOST).open("/worklist/")
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/worklist/")


def test_pages_come_through_with_their_headers(reader):
    answer = reader.open("/worklist/")
    assert answer.status == 200
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Secure" in str(reader.open("/accounts/login/").headers) or answer.headers["Set-Cookie"]


def test_static_files_come_from_nginx_by_their_hashed_names(reader):
    page = reader.open("/worklist/").text
    names = re.findall(r'(?:src|href)="(/static/[^"]+\.(?:css|js))"', page)
    assert names
    for name in names:
        answer = reader.open(name)
        assert answer.status == 200, name
        assert "immutable" in answer.headers["Cache-Control"], name
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pictures_are_sent_by_nginx_and_only_after_the_desk_agreed(deployment, nginx, reader, direct):
    with psycopg.connect(deployment.database_url) as database:
        query = """SELECT image.id, image.sha256 FROM scans_image image JOIN accounts_hospital hospital
                   ON hospital.id = image.hospital_id WHERE hospital.slug = %s LIMIT 1"""
        north, digest = database.execute(query, ["north-demo"]).fetchone()
        south, _ = database.execute(query, ["south-demo"]).fetchone()
    picture = reader.open(f"/images/{north}/rendition/")
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/png")
    assert picture.body.startswith(b"\x89PNG")
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in picture.headers["Content-Security-Policy"]
    assert "no-store" in picture.headers["Cache-Control"] or "private" in picture.headers["Cache-Control"]
    assert reader.open(f"/images/{south}/rendition/").status == 404
    stranger = Browser(f"https://127.0.0.1:{nginx[0]}", host=HOST)
    assert stranger.open(f"/images/{north}/rendition/").status == 302
    for path in (
        f"/protected/originals/{digest[:2]}/{digest}",
        f"/static/../protected/originals/{digest[:2]}/{digest}",
    ):
        assert reader.open(path).status in (400, 404)


def test_metrics_are_not_for_the_outside(reader):
    assert reader.open("/metrics", Authorization="Bearer scrape-me").status == 404


def test_nobody_chooses_their_own_address(deployment, reader):
    """The audit trail has the address that nginx saw, not the one the client claimed."""
    with psycopg.connect(deployment.database_url) as database:
        query = "SELECT DISTINCT host(address) FROM accounts_auditentry WHERE address IS NOT NULL"
        assert {row[0] for row in database.execute(query)} == {"127.0.0.1"}


def test_an_unknown_host_is_refused(nginx):
    assert Browser(f"https://127.0.0.1:{nginx[0]}", host="elsewhere.example").open("/").status == 400


@pytest.mark.parametrize("door", ["through nginx", "straight to gunicorn"])
def test_a_chunked_upload_arrives_whole(deployment, nginx, demo_password, door):
    """Django under WSGI reads nothing of a body without a length, and says nothing; both doors state the length."""
    address = f"https://127.0.0.1:{nginx[0]}" if door == "through nginx" else f"http://127.0.0.1:{deployment.port}"
    key = deployment.manage("create_api_key", "--demo").strip()
    fields = {"patient_mrn": f"CHUNK-{len(door)}", "patient_name": "Demo, Sentinelson"}
    headers = {"Host": HOST, "Authorization": f"Bearer {key}", "X-Forwarded-Proto": "https"}
    answer = send_chunked(f"{address}/api/v1/scans/", fields, {"images": png_bytes()}, headers)
    assert answer.status == 201, answer.text


def test_the_secret_of_a_password_link_stands_in_no_log(deployment, nginx_log, reader):
    reader.open("/accounts/password/reset/key/1-sentinel-of-a-link/")
    for log in (nginx_log, deployment.log("web")):
        # A server writes its line after it has answered.
        wait_until(lambda log=log: "/accounts/password/reset/key/..." in log.read_text(), "the line of the request")
        assert "sentinel-of-a-link" not in log.read_text()


def test_what_people_search_for_stands_in_no_log(deployment, nginx_log, reader):
    assert reader.open("/worklist/?q=Sentinelson").status == 200
    for log in (nginx_log, deployment.log("web")):
        wait_until(lambda log=log: log.read_text().count('"path":"/worklist/"') > 0, "the line of the request")
        assert "Sentinelson" not in log.read_text()
