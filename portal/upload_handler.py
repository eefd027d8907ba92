"""Uploaded files go to disk, and a file that is too long takes no more room than the limit."""

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler


class CappedUploadHandler(TemporaryFileUploadHandler):
    """Keeps one byte more than a file may have and drops the rest, so that intake refuses this file and no other.

    Django's StopUpload would end the whole request, and SkipFile would lose the file without a word.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep the part of the chunk that is within the limit."""
        room = settings.UPLOAD_MAX_BYTES_PER_FILE + 1 - start
        if room > 0:
            self.file.write(raw_data[:room])
