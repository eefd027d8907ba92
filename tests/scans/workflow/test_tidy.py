"""Tidying up takes nothing that somebody sends again meanwhile."""

import os
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from scans import pipeline, storage
from tests.pictures import png_bytes

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("is_before_the_look", [True, False])
def test_a_film_that_is_sent_again_while_its_lost_copy_is_removed_stays(
    two_hospitals, send, monkeypatch, is_before_the_look
):
    (lost,) = pipeline.store_files([SimpleUploadedFile("lost.png", png_bytes())])
    found = storage.files_older_than
    images = []

    def sent_again_meanwhile(kind, seconds):
        for path in list(found(kind, seconds)):
            if is_before_the_look:
                images.append(send(two_hospitals.north).images.get())
            yield path
            if not is_before_the_look:
                images.append(send(two_hospitals.north).images.get())

    for path in found("originals", -1):
        os.utime(path, (0, 0))
    monkeypatch.setattr(storage, "files_older_than", sent_again_meanwhile)
    pipeline.tidy()

    (image,) = images
    assert image.sha256 == lost.sha256
    assert storage.original_path(image).read_bytes() == png_bytes()


def test_an_upload_that_ends_while_the_folder_is_listed_does_not_stop_the_tidying(two_hospitals, settings, monkeypatch):
    with storage.IncomingFile() as incoming:
        gone = incoming.path
    monkeypatch.setattr(Path, "rglob", lambda folder, pattern: [gone] if folder.name == "incoming" else [])
    monkeypatch.setattr(Path, "is_file", lambda path: True)

    pipeline.tidy()
