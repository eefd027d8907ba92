"""Where the doorbell hangs: Redis, or a folder when there is no service. Neither holds anything of value."""

from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES

TRANSPORT_ALIASES["folder"] = "portal.folder_transport:Transport"

# Measured: without short time-outs a black-holed broker blocks an upload for ever; without the restore settings a
# killed worker's message came back after 101 s. Recovery depends on neither: the sweeper rings again.
REDIS_OPTIONS: dict[str, Any] = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 1,
    "socket_connect_timeout": 0.5,
    "health_check_interval": 10,
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}


def transport(redis_url: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """Return the broker's URL and transport options for Celery; makes the folders when there is no Redis."""
    if redis_url:
        return redis_url, REDIS_OPTIONS
    messages, control = folder / "messages", folder / "control"
    for each in (messages, control):
        each.mkdir(parents=True, exist_ok=True)
    return "folder://localhost", {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
        "store_processed": False,
        # Kombu looks again after each message that found the worker busy: its 1 s would be one scan a second.
        "polling_interval": 0.1,
    }
