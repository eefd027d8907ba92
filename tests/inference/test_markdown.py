"""Markdown as parts: nothing of a text is lost, nothing of it becomes markup."""

from inference import markdown
from inference.markdown import Cell, Figure, Heading, Listing, Paragraph, Run, Table

TEXT = """# The title

Before *any* section, see [the paper](https://example.org/paper) and [the file](../other.md).

## First: what & why

### Under it

| films | accuracy | note |
| --- | --- | --- |
| all | 0.851 (0.834 to 0.868) | `abc` |
| few | – | **not** measured |

![True positives against false positives](plots/roc.svg)

## Second

1. one
2. two
   - inner

```
a block of code
```

A picture ![in a sentence](x.png) and <b>no markup</b>.

> Quoted.
"""


def test_every_part_of_a_text_has_its_place():
    document = markdown.parse(TEXT)

    assert document.title == "The title"
    assert document.opening == (
        Paragraph(
            (
                Run("Before "), Run("any", "emphasis"), Run(" section, see "),
                Run("the paper", "link", "https://example.org/paper"), Run(" and "), Run("the file"), Run("."),
            )
        ),
    )  # fmt: skip
    first, second = document.sections
    assert (first.title, first.key) == ("First: what & why", "first-what-why")
    assert first.parts == (
        Heading((Run("Under it"),)),
        Table(
            head=(Cell((Run("films"),)), Cell((Run("accuracy"),)), Cell((Run("note"),))),
            rows=(
                (Cell((Run("all"),)), Cell((Run("0.851 (0.834 to 0.868)"),)), Cell((Run("abc", "code"),))),
                (Cell((Run("few"),)), Cell((Run("–"),)), Cell((Run("not", "strong"), Run(" measured")))),
            ),
        ),
        Figure("roc.svg", "True positives against false positives"),
    )
    assert second.parts == (
        Listing(
            (
                (Paragraph((Run("one"),)),),
                (Paragraph((Run("two"),)), Listing(((Paragraph((Run("inner"),)),),), is_ordered=False)),
            ),
            is_ordered=True,
        ),
        Paragraph((Run("a block of code", "code"),)),
        Paragraph((Run("A picture "), Run("in a sentence"), Run(" and <b>no markup</b>."))),
        Paragraph((Run("Quoted."),)),
    )


def test_figures_are_told_from_words():
    numbers = {"0.851 (0.834 to 0.868)": ("0.851", "(0.834 to 0.868)"), "1920": ("1920", ""), "–": ("–", "")}
    numbers |= {"74.9%": ("74.9%", ""), "-1,000.5": ("-1,000.5", "")}
    words = ["30 epochs of 150 batches", "resnet50", "", "3c26acbc", "0.5 or more"]

    assert {text: Cell((Run(text),)).number for text in numbers} == numbers
    assert [Cell((Run(text),)).number for text in words] == [None] * len(words)


def test_a_link_that_runs_a_script_is_text():
    (part,) = markdown.parse("[press](javascript:alert(1))").opening

    assert [run.style for run in part.runs] == [""]


def test_a_picture_without_a_file_is_its_words():
    assert markdown.parse("![Only words]()").opening == (Paragraph((Run("Only words"),)),)
