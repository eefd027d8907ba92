"""What is refused before anything reads the body."""

import zlib

import pytest
from django.test import Client

from portal.upload_handler import CappedFileHandler
from tests.callers import SCANS, film, machine_of, post_scan
from tests.pictures import png_bytes

MIB = 1024 * 1024


@pytest.fixture
def machine(two_hospitals):
    return machine_of(two_hospitals.north.integrator, two_hospitals.north.hospital)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, identity"])
def test_a_compressed_body_is_refused_never_unfolded(machine, coding):
    answer = machine.post(
        SCANS,
        zlib.compress(bytes(MIB)),
        content_type="multipart/form-data; boundary=x",
        headers={"Content-Encoding": coding},
    )
    assert answer.status_code == 415
    assert answer.json()["type"].endswith("content_encoding")
    assert answer["Connection"] == "close"


@pytest.mark.parametrize("character_set", ["zlib", "bz2", "base64", "rot13", "utf-16", "no-such-set"])
@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data; boundary=x"])
def test_a_character_set_that_unfolds_or_twists_the_body_is_refused(machine, character_set, media_type):
    body = zlib.compress(b" " * MIB)
    answer = machine.generic("POST", "/api/v1/reviews/", body, content_type=f"{media_type}; charset={character_set}")
    assert answer.status_code == 415
    assert answer.json()["type"].endswith("charset")


@pytest.mark.parametrize(
    ("media_type", "length"),
    [
        ("multipart/form-data; boundary=x", "8589934592"),
        ("application/json", str(3 * MIB)),
        ("text/plain", str(3 * MIB)),
        ("application/json", "-1"),
        ("application/json", "many"),
    ],
)
def test_a_length_beyond_the_limit_is_refused_unread(machine, media_type, length):
    answer = machine.generic("POST", SCANS, b"x", content_type=media_type, CONTENT_LENGTH=length)
    assert answer.status_code == 413
    assert answer["Connection"] == "close"


def test_only_the_doors_for_films_take_large_forms(db):
    form = "multipart/form-data; boundary=x"
    answer = Client().generic("POST", "/accounts/login/", b"x", content_type=form, CONTENT_LENGTH=str(3 * MIB))
    assert answer.status_code == 413


class Unread:
    """A body that nobody may read."""

    def read(self, *_):
        raise AssertionError("a stranger's body was read")

    readline = read


@pytest.mark.parametrize(("address", "status"), [("/upload/", 302), ("/upload/file/", 302), (SCANS, 401)])
def test_a_strangers_films_are_refused_unread(db, address, status):
    large = {"CONTENT_LENGTH": str(500 * MIB), "wsgi.input": Unread()}
    strict = Client(enforce_csrf_checks=True)
    answer = strict.generic("POST", address, b"x", content_type="multipart/form-data; boundary=x", **large)
    assert answer.status_code == status


def test_the_limits_hold_for_pages_too(db):
    answer = Client().post("/accounts/login/", {"login": "a"}, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415


def test_a_file_that_is_too_long_takes_no_more_room_than_the_limit(machine, settings, monkeypatch):
    settings.UPLOAD_MAX_BYTES_PER_FILE = 100_000
    complete = CappedFileHandler.file_complete
    kept: list[int] = []

    def measured(handler, file_size):
        kept.append(handler.file.file.tell())
        return complete(handler, file_size)

    monkeypatch.setattr(CappedFileHandler, "file_complete", measured)
    post_scan(machine, film("long.png", png_bytes() + bytes(5 * MIB)))
    assert kept == [100_001]
