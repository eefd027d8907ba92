"""kombu's folder broker, made safe to read while it is written: a message appears whole or not at all.

kombu creates a message's file first and writes it afterwards. A worker that looks in between reads an empty message and
ends with "Unrecoverable error: JSONDecodeError", and the whole desk with it; seen once in some thousand rings.
"""

import logging
from pathlib import Path
from queue import Empty
from time import monotonic_ns
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps

logger = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """Writes under a name that no reader asks for, then renames."""

    # kombu's own two base classes disagree on the second name; this is the folder transport's.
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        # The name sorts by age, as kombu's own do; a reader takes only names that end in ".<queue>.msg".
        name = Path(self.data_folder_out) / f"{monotonic_ns() // 1_000_000}_{uuid4()}.{queue}"
        unfinished, whole = name.with_name(f"{name.name}.writing"), name.with_name(f"{name.name}.msg")
        try:
            unfinished.write_text(dumps(payload), encoding="utf-8")
            unfinished.rename(whole)
        except OSError as error:
            raise ChannelError(f"Expected to write {whole}; received {error}. Make room or give rights.") from error

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        try:
            return super()._get(queue)
        except ValueError as error:
            # A message that another program damaged is a lost ring, no more: the sweeper rings again.
            logger.warning("unreadable message dropped from the folder broker")
            raise Empty from error


class Transport(filesystem.Transport):
    """Registered as folder:// (portal.broker)."""

    Channel = Channel
