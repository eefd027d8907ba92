"""DESIGN section 4, rule 7: every address states who may come in."""

from django.urls import URLPattern, get_resolver

from accounts.permissions import ANYONE, SIGNED_IN
from accounts.roles import Ability
from portal.middleware import OUTSIDE

STATED = {ANYONE, SIGNED_IN, *Ability.values}
# What a stranger may reach: the front page and the probes. A new name here is a decision.
OPEN = {"home", "healthz", "readyz", "metrics"}


def _patterns(resolver):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield pattern
        else:
            yield from _patterns(pattern)


def _stated(callback):
    endpoint = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    stated = getattr(callback, "required_ability", None) or getattr(endpoint, "required_ability", None)
    return set(stated.values()) if isinstance(stated, dict) else {stated}


def _ours():
    return [pattern for pattern in _patterns(get_resolver()) if not pattern.callback.__module__.startswith(OUTSIDE)]


def test_every_page_and_endpoint_states_a_known_ability():
    ours = _ours()
    assert len(ours) > 20
    silent = {str(pattern.pattern): pattern.name for pattern in ours if not _stated(pattern.callback) <= STATED}
    assert silent == {}


def test_only_these_are_open_to_anyone():
    assert {pattern.name for pattern in _ours() if ANYONE in _stated(pattern.callback)} == OPEN
