"""How lists and pages say ages, waiting times and percentages."""

import datetime
from typing import Any

from django import template
from django.utils import timezone

from scans.models import Patient, Replay, Review
from scans.views.wording import label_words, verdict_words

register = template.Library()


@register.filter
def waited(since: datetime.datetime) -> str:
    """Return the time since then, in the two largest units that a worklist needs."""
    minutes = max(0, int((timezone.now() - since).total_seconds() // 60))
    if minutes < 1:
        return "under 1 min"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


@register.filter
def age_and_sex(patient: Patient) -> str:
    """Return the patient's age today and sex in words, or that they are not stated."""
    sex = patient.get_sex_display().lower() if patient.sex else "sex not stated"
    return f"{age_on(patient, timezone.localdate())}, {sex}"


def age_on(patient: Patient, day: datetime.date) -> str:
    """Return the age on a day: in years, and in months for small children, whose months matter."""
    born = patient.birth_date
    if born is None:
        return "age not stated"
    months = (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
    return f"{months} months" if 0 <= months < 24 else f"{months // 12} years"


@register.filter
def person_name(patient: Patient) -> str:
    """Return the patient's name as a person writes it; DICOM separates its components by carets (PS3.5 6.2.1.2)."""
    # The first of the groups that "=" separates is the one in the Latin alphabet.
    family, _, others = patient.name.partition("=")[0].partition("^")
    given = " ".join(part for part in others.split("^") if part)
    return f"{family}, {given}" if family and given else family or given or "Name not stated"


@register.filter
def as_verdict(review: Review) -> str:
    """Return what a reader said to the model's answer."""
    return verdict_words(review)


@register.filter
def percent(share: float) -> str:
    """Return a share of one in whole per cent; certainty is never printed, because it is never there."""
    if share < 0.01:
        return "under 1 %"
    if share > 0.99:
        return "over 99 %"
    return f"{share * 100:.0f} %"


@register.filter
def as_text(value: Any) -> str:
    """Return a value of a lineage as it is read: names and numbers instead of JSON."""
    if value is None:
        return "not recorded"
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {as_text(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(as_text(inner) for inner in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@register.filter
def compared_probabilities(replay: Replay) -> list[tuple[str, str, str]]:
    """Return label, recorded and recomputed probability, with the digits that the tolerance is about."""
    answers = replay.difference.get("answers", {})
    recorded, now = (answers.get(side, {}).get("probabilities", {}) for side in ("recorded", "now"))
    labels = [*recorded, *(label for label in now if label not in recorded)]
    return [(label_words(label), _digits(recorded.get(label)), _digits(now.get(label))) for label in labels]


def _digits(probability: float | None) -> str:
    return "–" if probability is None else f"{probability:.6f}"
