"""docker-compose.yml as a test reads it: anchors merged, variables filled in, defaults and demands respected."""

import re
from typing import Any

import yaml

from tests.conventions.sources import ROOT

FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::([?-])([^}]*))?\}")


class MissingVariable(Exception):
    """The file demands a variable that has no value."""


def load(environment: dict[str, str]) -> dict[str, Any]:
    """Return the file with every variable filled in from `environment`."""
    return _filled(yaml.safe_load(FILE.read_text(encoding="utf-8")), environment)


def variables() -> dict[str, bool]:
    """Every variable the file reads, and whether it has a default."""
    found = VARIABLE.finditer(FILE.read_text(encoding="utf-8"))
    return {match[1]: match[2] == "-" for match in found if match[1]}


def _filled(part: Any, environment: dict[str, str]) -> Any:
    if isinstance(part, dict):
        return {key: _filled(value, environment) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, environment) for value in part]
    if not isinstance(part, str):
        return part

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        if environment.get(match[1]):
            return environment[match[1]]
        if match[2] == "-":
            return match[3]
        raise MissingVariable(f"{match[1]}: {match[3]}")

    return VARIABLE.sub(value, part)
