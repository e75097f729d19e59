"""Tables whose cells are in typographic quotation marks: ``“Berg, Anna”,“Boston”``, ``«Анна»;«Москва»``.

Word processors and phones put these in the place of straight ones. As marks around a single text they
are part of it (``«Ромашка»``), so all cells of the header and most lines have to be written so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_PAIRS = ("“”", "„“", "„”", "””", "«»", "»«", "‘’", "‚‘")
_MOST_LINES = 200  # looked at
_SHARE = 0.8  # of them, that are written so throughout


def typographic_quotes(sample: str) -> str:
    """Return the opening and closing mark around the cells of a sample; ``""`` if there are none."""
    lines = [line for line in sample.splitlines()[:_MOST_LINES] if line.strip()]
    for pair in _PAIRS:
        opening, closing = tuple(pair)
        if not lines or not lines[0].lstrip("\ufeff ").startswith(opening):
            continue
        cell = rf"[ ]*{opening}[^{opening}{closing}]*{closing}[ ]*"
        # A blank cell may lack the marks; the header has at least two cells, all with marks.
        header = re.compile(rf"\ufeff?{cell}(?:([,;\t|]){cell})(?:\1{cell})*")
        match = header.fullmatch(lines[0])
        if match is None:
            continue
        sign = re.escape(match[1])
        usual = re.compile(rf"(?:{cell})?(?:{sign}(?:{cell})?)*")
        alike = sum(bool(usual.fullmatch(line)) for line in lines)
        if alike >= _SHARE * len(lines):
            return opening + closing
    return ""


def straightened(lines: Iterable[str], marks: str) -> Iterator[str]:
    """Yield the lines with straight quotation marks around their cells."""
    opening, closing = tuple(marks)
    quoted = re.compile(
        rf"((?:^|[,;\t|])\ufeff?)[ ]*{opening}([^{opening}{closing}\r\n]*){closing}[ ]*(?=[,;\t|\r\n]|$)"
    )
    for line in lines:
        yield quoted.sub(_straight, line) if opening in line else line


def _straight(match: re.Match[str]) -> str:
    return match[1] + '"' + match[2].replace('"', '""') + '"'
