"""Markdown as parts that a template draws: the model card is written once, for its file and for its page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

# Raw HTML stays text: what a bundle's files say is data, and a page must not carry a bundle's markup.
_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
# A figure, and the interval that may follow it in brackets.
_NUMBER = re.compile(r"^([-+]?\d[\d.,]*\s?%?|–)(?:\s+(\(.*\)))?$")
_STYLES = {"strong": "strong", "em": "emphasis", "code_inline": "code"}


@dataclass(frozen=True)
class Run:
    """A piece of text in one style: "", "strong", "emphasis", "code", or "link" with its address."""

    text: str
    style: str = ""
    address: str = ""


Runs = tuple[Run, ...]


@dataclass(frozen=True)
class Paragraph:
    """Text in a row of runs."""

    runs: Runs
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    runs: Runs
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Listing:
    """A list; every item is a row of parts."""

    items: "tuple[tuple[Part, ...], ...]"
    is_ordered: bool
    kind: ClassVar[str] = "list"


@dataclass(frozen=True)
class Cell:
    """One cell of a table; figures are set apart from words."""

    runs: Runs

    @property
    def number(self) -> tuple[str, str] | None:
        """The cell's figure and its interval ("" without one), or None for words."""
        found = _NUMBER.match(plain(self.runs))
        return (found[1], found[2] or "") if found else None


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row names the row."""

    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Figure:
    """A picture: the name of its file, what it shows in words, and what it is drawn from as tables by name."""

    file: str
    words: str
    tables: tuple[tuple[str, Table], ...] = ()
    kind: ClassVar[str] = "figure"


Part = Paragraph | Heading | Listing | Table | Figure


@dataclass(frozen=True)
class Section:
    """A second-level heading with what follows it."""

    title: str
    parts: tuple[Part, ...]

    @property
    def key(self) -> str:
        """The title as an address within the page."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


@dataclass(frozen=True)
class Document:
    """A whole text: its title, what stands before the first section, and the sections."""

    title: str
    opening: tuple[Part, ...]
    sections: tuple[Section, ...]


def parse(text: str) -> Document:
    """Return a Markdown text as its parts; what is no heading, list, table or picture comes as paragraphs."""
    title, opening = "", list[Part]()
    sections = list[tuple[str, list[Part]]]()
    for node in SyntaxTreeNode(_PARSER.parse(text)).children:
        if node.type == "heading" and node.tag == "h1" and not title:
            title = plain(_runs_of(node))
        elif node.type == "heading" and node.tag in ("h1", "h2"):
            sections.append((plain(_runs_of(node)), []))
        else:
            (sections[-1][1] if sections else opening).extend(_parts_of(node))
    return Document(title, tuple(opening), tuple(Section(name, tuple(parts)) for name, parts in sections))


def plain(runs: Sequence[Run]) -> str:
    """Return the text of runs without their styles."""
    return "".join(run.text for run in runs)


def _parts_of(node: SyntaxTreeNode) -> Iterator[Part]:
    if node.type == "heading":
        yield Heading(_runs_of(node))
    elif node.type in ("bullet_list", "ordered_list"):
        items = tuple(tuple(part for child in item.children for part in _parts_of(child)) for item in node.children)
        yield Listing(items, is_ordered=node.type == "ordered_list")
    elif node.type == "table":
        head, *rows = [tuple(Cell(_runs_of(cell)) for cell in row.children) for row in _rows_of(node)]
        yield Table(head, tuple(rows))
    elif node.type == "paragraph":
        yield from _paragraph_or_figures(node)
    elif node.type == "blockquote":
        for child in node.children:
            yield from _parts_of(child)
    elif node.content:  # a block of code, say: its text is shown, whatever it is
        yield Paragraph((Run(node.content.strip(), "code"),))


def _rows_of(table: SyntaxTreeNode) -> Iterator[SyntaxTreeNode]:
    for group in table.children:
        yield from group.children


def _paragraph_or_figures(node: SyntaxTreeNode) -> Iterator[Part]:
    pieces = [piece for piece in node.children[0].children if piece.type != "softbreak"]
    files = [PurePosixPath(str(piece.attrs["src"])).name for piece in pieces if piece.type == "image"]
    if pieces and len(files) == len(pieces) and all(files):
        for file, piece in zip(files, pieces, strict=True):
            yield Figure(file, piece.content)
    else:
        yield Paragraph(_runs_of(node))


def _runs_of(node: SyntaxTreeNode) -> Runs:
    """Return the text of a node with inline content as runs; empty ones left out."""
    found = (run for inline in node.children for piece in inline.children for run in _runs_of_piece(piece))
    return tuple(run for run in found if run.text)


def _runs_of_piece(piece: SyntaxTreeNode) -> Iterator[Run]:
    if piece.type in ("softbreak", "hardbreak"):
        yield Run(" ")
    elif piece.type == "link":
        address = str(piece.attrs["href"])
        text = "".join(run.text for child in piece.children for run in _runs_of_piece(child))
        # A link to a neighbouring file of the repository leads nowhere from a page.
        yield Run(text, "link", address) if address.startswith("https://") else Run(text)
    elif piece.type in ("strong", "em"):
        for child in piece.children:
            for run in _runs_of_piece(child):
                yield run if run.style else Run(run.text, _STYLES[piece.type])
    else:  # text, code, or the words that stand for a picture within a sentence
        yield Run(piece.content, _STYLES.get(piece.type, ""))
