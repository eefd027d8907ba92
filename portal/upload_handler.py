"""Forms with files: no file goes missing without a word, none takes more room than the limit."""

from typing import IO, Any, cast

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import QueryDict
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.datastructures import MultiValueDict


class CappedFileHandler(TemporaryFileUploadHandler):
    """Keeps one byte more than a file may have and drops the rest, so that intake refuses this file and no other.

    Django's StopUpload would end the whole request, and SkipFile would lose the file without a word.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep the part of the chunk that is within the limit."""
        room = settings.UPLOAD_MAX_BYTES_PER_FILE + 1 - start
        if room > 0:
            self.file.write(raw_data[:room])


class WholeFormHandler(CappedFileHandler):
    """Reads the form in Django's place, to refuse one that breaks off and to keep files whose name is unusable.

    Django takes the end of the stream for the end of the form: of twenty files cut off after the seventh it hands
    over seven. And it drops a file whose name is made of control characters or is "..".
    """

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, Any],
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict]:
        """Return the fields and files.

        Raises:
            MultiPartParserError: the form is malformed or shorter than its Content-Length.
        """
        body = _CountedBody(input_data)
        fields, files = _Parser(META, cast(Any, body), [CappedFileHandler(self.request)], encoding).parse()
        if body.received < content_length:
            for file in (file for field in files for file in files.getlist(field)):
                file.close()
            raise MultiPartParserError(
                f"expected {content_length} bytes, received {body.received}; send the form again"
            )
        return fields, files


class _Parser(MultiPartParser):
    def sanitize_file_name(self, file_name: str) -> str:
        return super().sanitize_file_name(file_name) or "unnamed"


class _CountedBody:
    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.received = 0

    def read(self, size: int = -1) -> bytes:
        piece = self.source.read(size)
        self.received += len(piece)
        return piece
