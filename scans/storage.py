"""Where pictures lie: originals under the SHA-256 of their bytes, never changed; what is made from them beside them.

Two hospitals that receive the same bytes share one file; who may read it is decided by the Image rows, never by a path.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from inference.engine.header import sanitised_prefix
from scans.models import Diagnosis, Image

# Bumped when the rendition's making changes, so that a browser's cached picture is never a stale one.
RENDITION_VERSION = 1


def _sharded(kind: str, name: str) -> Path:
    return Path(settings.MEDIA_ROOT) / kind / name[:2] / name


def original_path(image: Image) -> Path:
    """Return where the bytes of an image lie as they were received."""
    return _sharded("originals", image.sha256)


def rendition_path(image: Image) -> Path:
    """Return where the display rendition lies once the image is prepared (8-bit grey PNG)."""
    return _sharded("renditions", f"{image.sha256}-v{RENDITION_VERSION}.png")


def thumbnail_path(image: Image) -> Path:
    """Return where the thumbnail lies once the image is prepared (JPEG, longer side 256)."""
    return _sharded("thumbnails", f"{image.sha256}-v{RENDITION_VERSION}.jpg")


def heatmap_path(diagnosis: Diagnosis) -> Path:
    """Return where the class-activation overlay lies when the diagnosis has one (RGBA PNG)."""
    return _sharded("heatmaps", f"{diagnosis.pk}.png")


def open_original(image: Image) -> BinaryIO:
    """Open the stored bytes of an image for reading."""
    return original_path(image).open("rb")


class IncomingFile:
    """One upload on its way to disk: written, hashed and synced, but visible nowhere until it is kept.

    Use as a context manager; leaving it without keep() removes every trace.
    """

    def __init__(self) -> None:
        folder = Path(settings.MEDIA_ROOT) / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        self.path = Path(name)
        self.byte_size = 0
        self._file = os.fdopen(descriptor, "wb")
        self._stored = hashlib.sha256()
        self._received = hashlib.sha256()

    def __enter__(self) -> "IncomingFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes on disk."""
        return self._stored.hexdigest()

    @property
    def received_sha256(self) -> str:
        """SHA-256 of the bytes as sent."""
        return self._received.hexdigest()

    def write(self, chunks: Iterable[bytes], *, max_bytes: int) -> bool:
        """Write the chunks, a DICOM preamble zeroed; False as soon as they exceed `max_bytes`."""
        head = b""
        is_head_written = False
        for chunk in chunks:
            self._received.update(chunk)
            self.byte_size += len(chunk)
            if self.byte_size > max_bytes:
                return False
            if is_head_written:
                self._append(chunk)
                continue
            head += chunk
            if len(head) >= 132:  # 128 bytes of preamble and "DICM" (PS3.10 7.1)
                self._append(sanitised_prefix(head))
                is_head_written = True
        if not is_head_written:
            self._append(sanitised_prefix(head))
        return True

    def _append(self, chunk: bytes) -> None:
        self._stored.update(chunk)
        self._file.write(chunk)

    def sync(self) -> None:
        """Force the bytes to the disk: received means durable."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def keep(self) -> None:
        """Give the file its final name and force the folder to the disk; the same bytes again change nothing."""
        final = _sharded("originals", self.sha256)
        final.parent.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o440)
        self.path.rename(final)
        _sync_folder(final.parent)
        _sync_folder(final.parent.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_derived(path: Path, content: bytes) -> None:
    """Write something made from an original in one step; two workers at once leave one whole file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).chmod(0o640)
    Path(file.name).rename(path)
    # The record will say that the file is there, and nobody makes it again.
    _sync_folder(path.parent)
    _sync_folder(path.parent.parent)


def files_older_than(kind: str, seconds: float) -> Iterator[Path]:
    """Yield the files of a kind ("incoming", "originals") that were last written at least `seconds` ago."""
    for path in (Path(settings.MEDIA_ROOT) / kind).rglob("*"):
        if path.is_file() and _is_older_than(path, seconds):
            yield path


def remove_older_than(path: Path, seconds: float) -> bool:
    """Remove a file unless it went or was written anew since it was found; tells whether it was removed."""
    if not _is_older_than(path, seconds):
        return False
    path.unlink()
    return True


def _is_older_than(path: Path, seconds: float) -> bool:
    try:
        return path.stat().st_mtime < time.time() - seconds
    except FileNotFoundError:  # an upload that ended while the folder was listed
        return False
