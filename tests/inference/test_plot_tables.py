"""The points of a plot as tables: by label, by row, or alone, and never more rows than a person reads."""

from inference.markdown import Document, Figure, Paragraph, Run, Section, plain
from inference.plot_tables import MOST_ROWS, with_tables


def _tables(file: str, curves) -> dict[str, list[list[str]]]:
    sections = (Section("One", (Paragraph((Run("Words."),)), Figure(file, "words"))),)
    document = with_tables(Document("t", (), sections), curves)
    assert document.sections[0].parts[0] == sections[0].parts[0]
    figure = document.sections[0].parts[1]
    assert (figure.file, figure.words) == (file, "words")
    return {
        name: [[plain(cell.runs) for cell in row] for row in (table.head, *table.rows)]
        for name, table in figure.tables
    }  # fmt: skip


def test_a_curve_of_every_label_is_a_table_of_its_own():
    curves = {"roc": {"a": {"x": [0.0, 1.0], "y": [0.25, 1.0]}, "b": {"x": [0.5], "y": [0.12345]}}}

    assert _tables("model-roc.svg", curves) == {
        "a": [["x", "y"], ["0", "0.25"], ["1", "1"]],
        "b": [["x", "y"], ["0.5", "0.1235"]],
    }


def test_rows_and_a_single_curve_are_one_table():
    curves = {"reliability": [{"n": 3, "accuracy": 0.5}], "risk-coverage": {"coverage": [1.0], "error": [0.2]}}

    assert _tables("model-reliability.svg", curves) == {"": [["n", "accuracy"], ["3", "0.5"]]}
    assert _tables("model-risk-coverage.svg", curves) == {"": [["coverage", "error"], ["1", "0.2"]]}


def test_a_long_curve_keeps_its_ends_and_few_points_between():
    rows = _tables("model-x.svg", {"x": {"i": list(range(200)), "j": [1] * 200}})[""][1:]

    assert len(rows) == MOST_ROWS
    assert (rows[0][0], rows[-1][0]) == ("0", "199")


def test_a_picture_without_points_stays_as_it_is():
    assert _tables("model-confusion.svg", {"roc": {}}) == {}
    assert _tables("model-roc.svg", {"roc": {}}) == {}
    assert _tables("model-reliability.svg", {"reliability": []}) == {}
