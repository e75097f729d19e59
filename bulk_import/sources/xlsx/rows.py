"""Rows as nearly every program writes them, read from their XML by regular expressions.

``Layouts`` reads a row only if its text is covered completely by cells in plain notation, so what
these expressions do not know they cannot misread. Rows of a table are alike: after some of them one
expression is made that reads such a row at once, whichever of its cells are left out.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from xml.parsers import expat

from bulk_import.sources.table import MOST_COLUMNS

MOST_KEPT = 1000  # of what recurs from row to row: a file with more is hostile

# Row number and other attributes. Apache POI ends lines around the tags of rows.
ROW = r'[ \t\n]*+<row r="([0-9]{1,7})"([^<>/]*+)>[ \t\n]*+'
_TAG = re.compile(rf"{ROW}|[ \t\n]*+<row>[ \t\n]*+")
# Column, other attributes, formula, value, text in place.
_CELL = re.compile(
    r'<c(?: r="([A-Z]{1,3})[0-9]{1,7}")?((?: [^<>/]*+)?)(?:/>|>'
    r'(<f(?: t="shared")?(?: ref="[A-Z0-9:]*+")?(?: si="[0-9]++")?(?:/>|>[^<]*+</f>))?'
    r'(?:<v>([^<]*+)</v>|<is><t(?: xml:space="preserve")?>([^<]*+)</t></is>)?</c>)'
)
_GROUPS = 6  # of a cell in a row split by that: what stands before it, and its five groups
# So many rows were read cell by cell: time for an expression that reads what is usual in them.
_LEARNT_AFTER = frozenset({20, 100, 500, 2500, 12_500})
_MOST_COLUMNS = 200  # in such an expression


@dataclass(slots=True)
class Layout:
    """Where the cells of a row stand and what they are, as their tags say.

    Attributes:
        cells: Position, type and style of each.
        is_text: Whether these are shared texts side by side, from the first column on, that are
            shown as they are.
    """

    cells: tuple[tuple[int, str, int], ...]
    is_text: bool


@dataclass(slots=True)
class PlainRow:
    """A row as it is written, references like ``&amp;`` included.

    Attributes:
        number: ``None`` when the row does not say.
        attributes: Others than its number; nobody has checked them.
        values: One for each cell of the layout; ``None`` when there is no such cell, or no value.
        formulas: The same; empty when there is none at all.
    """

    number: str | None
    attributes: str | None
    layout: Layout
    values: list[str | None]
    formulas: list[str | None]


class Layouts:
    """Reads plain rows, and remembers what they look like.

    Args:
        decorated: Styles that show texts other than they are.
    """

    def __init__(self, decorated: frozenset[int] = frozenset()) -> None:
        self._decorated = decorated
        self._known: dict[tuple[str | None, ...], Layout | None] = {}
        self._tags: dict[str, tuple[str, int] | None] = {}
        self._usual: dict[str, str] = {}  # column -> attributes of its cells that have a value
        self._read_singly = 0
        self._expressions: list[tuple[re.Pattern[str], Layout]] = []

    def read(self, row: str) -> PlainRow | None:
        """Return the row; ``None`` if there is more to it.

        Args:
            row: From its tag to its last cell, without the closing tag.
        """
        for expression, layout in self._expressions:
            match = expression.fullmatch(row)
            if match is not None:
                number, attributes, *values = match.groups()
                return PlainRow(number, attributes, layout, values, [])
        return self._read_each(row)

    def _read_each(self, row: str) -> PlainRow | None:
        parts = _CELL.split(row)
        tag = _TAG.fullmatch(parts[0])
        if tag is None or "".join(parts[_GROUPS::_GROUPS]):
            return None
        letters, tags = parts[1::_GROUPS], parts[2::_GROUPS]
        layout = self._layout(letters, tags)
        if layout is None:
            return None
        formulas, values, inlines = parts[3::_GROUPS], parts[4::_GROUPS], parts[5::_GROUPS]
        self._learn(letters, tags, values)
        if any(inline is not None for inline in inlines):
            values = [
                inline if value is None else value
                for value, inline in zip(values, inlines, strict=True)
            ]
        return PlainRow(tag[1], tag[2], layout, values, formulas if any(formulas) else [])

    def _layout(self, letters: list[str | None], tags: list[str]) -> Layout | None:
        key = (*letters, *tags)
        if key not in self._known:
            if len(self._known) > MOST_KEPT:
                self._known.clear()
            self._known[key] = self._new_layout(letters, tags)
        return self._known[key]

    def _new_layout(self, letters: list[str | None], tags: list[str]) -> Layout | None:
        cells: list[tuple[int, str, int]] = []
        at = -1
        for column, tag in zip(letters, tags, strict=True):
            at = at + 1 if column is None else POSITIONS[column]
            known = self._read_tag(tag)
            if known is None:
                return None
            cells.append((at, *known))
        side_by_side = [(at, "s") for at in range(min(len(cells), MOST_COLUMNS))]
        is_text = [(at, kind) for at, kind, _ in cells] == side_by_side
        is_bare = not any(style in self._decorated for _, _, style in cells)
        return Layout(tuple(cells), is_text and is_bare)

    def _read_tag(self, tag: str) -> tuple[str, int] | None:
        """Type and style in the attributes of a cell; ``None`` if they are not plain."""
        if tag not in self._tags:
            if len(self._tags) > MOST_KEPT:
                self._tags.clear()
            self._tags[tag] = _read_tag(tag)
        return self._tags[tag]

    def _learn(self, letters: list[str | None], tags: list[str], values: list[str | None]) -> None:
        for column, tag, value in zip(letters, tags, values, strict=True):
            if column is not None and value is not None:
                self._usual[column] = tag
        self._read_singly += 1
        if self._read_singly in _LEARNT_AFTER and len(self._usual) <= _MOST_COLUMNS:
            columns = sorted(self._usual, key=POSITIONS.__getitem__)
            layout = self._new_layout(list(columns), [self._usual[name] for name in columns])
            if layout is not None:
                self._expressions.insert(0, (self._expression(columns), layout))

    def _expression(self, columns: list[str]) -> re.Pattern[str]:
        cells = (
            f'(?:<c r="{column}[0-9]{{1,7}}+"'
            rf'(?:{re.escape(self._usual[column])}><v>([^<]*+)</v></c>|(?: s="[0-9]{{1,7}}")?/>))?+'
            for column in columns
        )
        return re.compile(ROW + "".join(cells))


class _Positions(dict[str, int]):
    """Letters of a column -> its position, from 0."""

    def __missing__(self, letters: str) -> int:
        position = 0
        for letter in letters:
            position = position * 26 + ord(letter) - ord("A") + 1
        self[letters] = position - 1
        return position - 1


POSITIONS = _Positions()


def type_and_style(attributes: dict[str, str]) -> tuple[str, int]:
    """Return what the attributes of a cell say of it. A style that is no number is the default one."""
    style = attributes.get("s", "0")
    return attributes.get("t", "n"), int(style) if style.isascii() and style.isdigit() else 0


def _read_tag(attributes: str) -> tuple[str, int] | None:
    """Type and style in attributes as they are written after the cell's reference: expat reads them."""
    found: list[tuple[str, int]] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda _, given: found.append(type_and_style(given))
    with suppress(expat.ExpatError, ValueError):
        parser.Parse(f'<c r="A1"{attributes}/>'.encode(), True)  # noqa: FBT003 - expat's signature
        return found[0]
    return None
