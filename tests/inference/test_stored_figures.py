"""Figures of any make as tables: nothing that is stored is left out unsaid."""

from inference.markdown import plain
from inference.stored_figures import document

FIGURE = {"value": 0.8512, "low": 0.8, "high": 0.9}


def _shown(content):
    found = document("x", {"File": content})
    return {
        section.title: [
            [[plain(cell.runs) for cell in row] for row in (part.head, *part.rows)]
            if part.kind == "table"
            else plain(part.runs)
            for part in section.parts
        ]
        for section in found.sections
    }


def test_single_values_stand_in_one_table():
    assert _shown({"split": "test", "is_whole": True, "none": None, "small": 1.5e-7, "share": 0.25}) == {
        "File": [
            [
                ["what", "value"], ["split", "test"], ["is whole", "yes"], ["none", "–"], ["small", "1.5e-07"],
                ["share", "0.250"],
            ]
        ]
    }  # fmt: skip


def test_measured_sets_are_rows_with_their_intervals():
    sets = {"all": {"n": 9, "figures": {"accuracy": FIGURE}}, "few": {"n": 2, "figures": {"coverage": FIGURE}}}
    cell = "0.851 (0.800 to 0.900)"

    assert _shown({"subsets": sets})["File: subsets"] == [
        [["films", "n", "accuracy", "coverage"], ["all", "9", cell, "–"], ["few", "2", "–", cell]]
    ]
    assert _shown({"inside": sets["all"]})["File: inside"] == [[["films", "n", "accuracy"], ["all", "9", cell]]]


def test_lists_of_records_and_of_rows_are_tables():
    shown = _shown({"data": [{"source": "a", "n": 1}, {"source": "b", "of": 2}], "confusion": [[1, 2], [3, 4]]})

    assert shown["File: data"] == [[["source", "n", "of"], ["a", "1", "–"], ["b", "–", "2"]]]
    assert shown["File: confusion"] == [[["1", "2"], ["1", "2"], ["3", "4"]]]


def test_whatever_is_deeper_is_named_by_its_way_down_and_long_rows_are_counted():
    shown = _shown({"gate": {"refused": {"too_small": 3}, "curve": list(range(500))}, "labels": ["a", "b"], "no": []})

    assert shown["File: gate"] == [[["what", "value"], ["refused, too small", "3"], ["curve", "500 values"]]]
    assert shown["File: labels"] == ["a, b"]
    assert shown["File: no"] == [""]
