"""Pages load nothing from elsewhere and carry no script or style of their own: the content policy refuses both."""

import re

import pytest

from tests.conventions.sources import ROOMS, ROOT, is_vendored, named, relative

TEMPLATES = [path for path in named(".html", rooms=ROOMS) if "/templates/" in str(path)]


def _found(pattern, paths):
    return {relative(path): found for path in paths if (found := re.findall(pattern, path.read_text(encoding="utf-8")))}


def test_there_are_templates():
    assert len(TEMPLATES) > 10


def test_pages_load_nothing_from_elsewhere():
    loads = r"""(?:src|srcset|action|hx-[a-z]+|(?<=<link )[^>]*href)\s*=\s*["'](?:https?:)?//[^"']*"""
    assert _found(loads, TEMPLATES) == {}


def test_style_sheets_and_scripts_load_nothing_from_elsewhere():
    ours = [path for path in named(".css", ".js", rooms=ROOMS) if not is_vendored(path)]
    assert ours
    assert _found(r"(?:url\(|@import |import\(|fetch\()\s*[\"']?(?:https?:)?//[^)\s]*", ours) == {}


def test_vendored_style_sheets_load_nothing_from_elsewhere():
    assert (
        _found(r"(?:url\(|@import )\s*[\"']?(?:https?:)?//[^)\s]*", [p for p in named(".css") if is_vendored(p)]) == {}
    )


@pytest.mark.parametrize(
    "inline", [r"<script(?![^>]*\bsrc=)[^>]*>", r"<style\b", r"\sstyle\s*=", r"\son[a-z]+\s*=\s*[\"']", r"javascript:"]
)
def test_pages_carry_no_inline_script_or_style(inline):
    found = _found(inline, TEMPLATES)
    # JSON for a script to read is data, not a script.
    data_only = {name: tags for name, tags in found.items() if all("application/json" in tag for tag in tags)}
    assert {name: tags for name, tags in found.items() if name not in data_only} == {}


def test_nothing_is_marked_safe():
    marks = r"\|\s*safe\b|\{%\s*autoescape off|mark_safe\("
    assert _found(marks, TEMPLATES + [path for path in named(".py", rooms=ROOMS)]) == {}


def test_every_page_says_what_it_is_not():
    base = (ROOT / "portal" / "templates" / "base.html").read_text(encoding="utf-8")
    assert "Research use, not a medical device" in base
    layouts = {relative(path) for path in TEMPLATES if "<html" in path.read_text(encoding="utf-8")}
    silent = {name for name in layouts if "not a medical device" not in (ROOT / name).read_text(encoding="utf-8")}
    assert silent == set()
