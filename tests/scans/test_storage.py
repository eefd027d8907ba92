"""What is on the disk is there after a power cut, before any record says so."""

import os

import pytest

from scans import storage


@pytest.fixture
def synced(monkeypatch):
    """Return the paths that were forced to the disk, in order."""
    paths = []
    force = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (paths.append(os.readlink(f"/proc/self/fd/{file}")), force(file)))
    return paths


def test_what_is_made_from_an_original_is_forced_to_the_disk_with_its_name(settings, synced):
    path = settings.MEDIA_ROOT / "renditions" / "ab" / "abc.png"
    storage.write_derived(path, b"pixels")

    assert path.read_bytes() == b"pixels"
    assert synced[1:] == [str(path.parent), str(path.parent.parent)]
    assert synced[0].startswith(str(path.parent))
