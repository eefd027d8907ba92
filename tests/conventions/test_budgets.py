"""DESIGN section 9: how long things may be."""

import statistics

import pytest

from tests.conventions.sources import functions, is_vendored, lines, named, product_modules, relative


def _longer_than(limit, paths):
    return {relative(path): lines(path) for path in paths if not is_vendored(path) and lines(path) > limit}


def test_files_have_at_most_300_lines():
    assert _longer_than(300, named(".py")) == {}


def test_files_have_a_median_under_80_lines():
    assert statistics.median(lines(path) for path in product_modules()) < 80


def test_templates_have_at_most_120_lines():
    assert _longer_than(120, named(".html", ".txt", rooms=("portal", "scans", "accounts", "inference"))) == {}


def test_javascript_modules_have_at_most_150_lines():
    assert _longer_than(150, named(".js")) == {}


@pytest.fixture(scope="module")
def function_lengths():
    return {
        f"{relative(path)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in product_modules()
        for node in functions(path)
    }


def test_functions_have_at_most_50_lines(function_lengths):
    assert {name: length for name, length in function_lengths.items() if length > 50} == {}


def test_functions_have_a_median_of_about_10_lines(function_lengths):
    assert statistics.median(function_lengths.values()) <= 12
