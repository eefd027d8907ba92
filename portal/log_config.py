"""Where log lines go: readable on a laptop, one JSON object a line in a deployment; never a patient's name or MRN."""

import datetime
import json
import logging
import re
from types import TracebackType
from typing import Any

# What every LogRecord carries; anything beyond it was given by the caller as `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "request", "data"}

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class ReadableLines(logging.Formatter):
    """Lines for a person at a terminal."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", datefmt="%H:%M:%S", style="{")

    def formatException(self, ei: ExceptionInfo) -> str:
        """Return the traceback without PostgreSQL's DETAIL lines: they quote the row, and with it the patient."""
        lines = super().formatException(ei).splitlines()
        return "\n".join(line for line in lines if not line.startswith("DETAIL:"))


class JsonLines(ReadableLines):
    """Lines for a log collector: time in UTC, level, logger, message, and the caller's own simple facts."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON object; objects given as `extra` are left out, since their text is not ours to judge."""
        at = datetime.datetime.fromtimestamp(record.created, tz=datetime.UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, value in vars(record).items():
            if name not in _STANDARD and isinstance(value, str | int | float | bool):
                line[name] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class WithoutSecrets(logging.Filter):
    """Leaves the secret of a link to a first or forgotten password out of gunicorn's access lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the path (atom U of gunicorn's access_log_format) and let the line pass."""
        if isinstance(record.args, dict):
            record.args["U"] = re.sub(r"(/password/reset/key/).+", r"\1...", str(record.args.get("U", "")))
        return True


def logging_config(*, json_lines: bool, level: str) -> dict[str, Any]:
    """Return Django's LOGGING: everything goes to standard error, where honcho or the container collects it."""
    formatter = "JsonLines" if json_lines else "ReadableLines"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": f"portal.log_config.{formatter}"}},
        "handlers": {"standard_error": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["standard_error"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            # Statements are logged with their values, which are patients' names: never, at any level.
            "django.db.backends": {"level": "WARNING"},
        },
    }


def gunicorn_logging() -> dict[str, Any]:
    """Return gunicorn's own logging for a deployment: its messages as JSON lines, its access lines as they are."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": "portal.log_config.JsonLines"}, "as_is": {"format": "%(message)s"}},
        "filters": {"without_secrets": {"()": "portal.log_config.WithoutSecrets"}},
        "handlers": {
            "standard_error": {"class": "logging.StreamHandler", "formatter": "lines"},
            "access": {"class": "logging.StreamHandler", "formatter": "as_is", "filters": ["without_secrets"]},
        },
        "root": {"handlers": ["standard_error"], "level": "INFO"},
        "loggers": {
            "gunicorn.error": {"handlers": ["standard_error"], "level": "INFO", "propagate": False},
            "gunicorn.access": {"handlers": ["access"], "level": "INFO", "propagate": False},
        },
    }
