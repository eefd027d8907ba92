"""How pages say names, ages, waiting times and shares."""

import datetime

import pytest
from django.utils import timezone

from scans.models import Patient
from scans.templatetags.scan_words import age_on, percent, person_name, waited

TODAY = datetime.date(2026, 3, 1)


@pytest.mark.parametrize(
    ("born", "words"),
    [
        (None, "age not stated"),
        (datetime.date(2025, 11, 30), "3 months"),
        (datetime.date(2024, 3, 2), "23 months"),
        (datetime.date(2024, 3, 1), "2 years"),
        (datetime.date(1960, 3, 2), "65 years"),
        (datetime.date(1960, 3, 1), "66 years"),
    ],
)
def test_an_age_is_in_years_and_for_small_children_in_months(born, words):
    assert age_on(Patient(birth_date=born), TODAY) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Invented^Ada^King", "Invented, Ada King"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou"),
        ("Invented, Ada", "Invented, Ada"),
        ("^Ada", "Ada"),
        ("", "Name not stated"),
    ],
)
def test_a_dicom_name_is_shown_as_a_person_writes_it(name, words):
    assert person_name(Patient(name=name)) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "under 1 min"), (59, "59 min"), (61, "1 h 01 min"), (24 * 60, "1 d 0 h"), (-5, "under 1 min")],
)
def test_a_wait_is_said_in_two_units_at_most(minutes, words):
    assert waited(timezone.now() - datetime.timedelta(minutes=minutes)) == words


@pytest.mark.parametrize(
    ("share", "words"), [(0.0, "under 1 %"), (0.496, "50 %"), (0.99, "99 %"), (0.9999, "over 99 %")]
)
def test_certainty_is_never_printed(share, words):
    assert percent(share) == words
