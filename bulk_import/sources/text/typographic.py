"""Tables whose cells are in typographic quotation marks: ``“Berg, Anna”,“Boston”``, ``«Анна»;«Москва»``.

Word processors and phones replace straight quotation marks by them. Around a single text they are part of
it (``«Ромашка»``), so all header cells and most lines must have them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_PAIRS = ("“”", "„“", "„”", "””", "«»", "»«", "‘’", "‚‘")
_MOST_LINES = 200  # looked at
_SHARE = 0.8  # of them, that are written so throughout
_LONGEST_CELL = 100  # lines


def typographic_quotes(sample: str) -> tuple[str, str]:
    """Return the marks around the cells of a sample, such as ``“”``, and the delimiter.

    Both are ``""`` if the cells have no such marks.
    """
    sample = sample.removeprefix("\ufeff")
    lines = [line for line in sample.splitlines()[:_MOST_LINES] if line.strip()]
    for pair in _PAIRS:
        opening, closing = tuple(pair)
        if not lines or not lines[0].lstrip(" ").startswith(opening):
            continue
        cell = rf"[ ]*{_quoted(opening, closing)}[ ]*"
        # A blank cell may lack the marks; the header has at least two cells, all with marks.
        header = re.compile(rf"{cell}(?:([,;\t|]){cell})(?:\1{cell})*")
        match = header.fullmatch(lines[0])
        if match is None:
            continue
        sign = re.escape(match[1])
        usual = re.compile(rf"(?:{cell})?(?:{sign}(?:{cell})?)*")
        alike = sum(bool(usual.fullmatch(line)) for line in lines)
        if alike >= _SHARE * len(lines):
            return opening + closing, match[1]
    return "", ""


def straightened(lines: Iterable[str], marks: str, delimiter: str) -> Iterator[str]:
    """Yield the lines with straight quotation marks around their cells.

    Lines that lie within one cell are yielded as one.
    """
    straighten = _Straightener(marks, delimiter)
    rest = iter(lines)
    for line in rest:
        if marks[0] not in line:
            yield line
            continue
        read = [line]
        while (made := straighten("".join(read))) is None and len(read) < _LONGEST_CELL:
            further = next(rest, None)
            if further is None:
                break
            read.append(further)
        # A mark that nothing closes is a part of its text.
        yield from read if made is None else [made]


class _Straightener:
    """Replaces the marks around the cells of a line."""

    def __init__(self, marks: str, delimiter: str) -> None:
        self._opening, self._closing = tuple(marks)
        self._delimiter = delimiter
        # A cell, and what comes after it; the delimiter or the end of the line.
        self._end = re.compile(rf"[ ]*(?={re.escape(delimiter)}|[\r\n]*\Z)")
        self._start = re.compile(rf"\ufeff?[ ]*{self._opening}")

    def __call__(self, line: str) -> str | None:
        """Return the line with straight marks; ``None`` if it ends within a cell."""
        made = []
        at = 0
        while True:
            start = self._start.match(line, at)
            end = self._closed(line, start.end()) if start else -1
            if end is None:
                return None
            if start and end >= 0:
                text = line[start.end() : end].replace('"', '""')
                made.append(f'{line[at : start.end()].strip(f" {self._opening}")}"{text}"')
                found = self._end.match(line, end + 1)
                at = found.end() if found else end + 1
            cut = line.find(self._delimiter, at)
            if cut < 0:
                return "".join([*made, line[at:]])
            made.append(line[at : cut + 1])
            at = cut + 1

    def _closed(self, line: str, at: int) -> int | None:
        """Return where the cell ends whose text begins at *at*.

        -1: the opening mark is part of the text; ``None``: it ends on a later line.

        Marks within the text come in pairs: ``“Say “hi”, Bob”``.
        """
        depth = 1
        for found in re.finditer(f"[{self._opening}{self._closing}]", line[at:]):
            is_closing = found[0] == self._closing
            depth += -1 if is_closing else 1
            if is_closing and depth <= 0 and self._end.match(line, at + found.end()):
                return at + found.start()
        return None if depth > 0 else -1


def _quoted(opening: str, closing: str) -> str:
    """A pattern for a text in marks; also with a text in marks inside."""
    plain = f"[^{opening}{closing}]"
    inner = f"|{opening}{plain}*{closing}" if opening != closing else ""
    return f"{opening}(?:{plain}{inner})*{closing}"
