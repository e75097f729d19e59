r"""Tab-separated tables written by databases: ``\n`` and ``\t`` within cells, ``\N`` for NULL.

``mysql --batch``, ``SELECT … INTO OUTFILE`` and PostgreSQL's ``COPY`` write them without quotation marks.
They double real backslashes, so a file with a backslash before any other character is not one of these.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator

from bulk_import.errors import Message, SourceError

_MEANT = {
    "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", "\t": "\t", "\n": "\n",
    "\r\n": "\n",
}  # fmt: skip
_ESCAPE = re.compile(r"\\(\r\n|.)?", re.DOTALL)
_ESCAPE_OR_DELIMITER = re.compile(r"\\.|\t", re.DOTALL)
_KNOWN = re.compile(r"\\(?:[nrtbfv\\\t\n]|\r\n|N(?=[\t\r\n]|\Z))")
# What only such files have: NULL, a doubled backslash, one before a real tab or line end.
_PROOF = re.compile(r"(?:^|\t)\\N(?=[\t\r\n]|\Z)|\\[\\\t\r\n]", re.MULTILINE)
_PATH = re.compile(r"\b[A-Za-z]:\\")
_QUOTED = re.compile(r'(?:^|\t)"[^\t\r\n]*"(?=[\t\r\n]|\Z)', re.MULTILINE)
_OWN = ("_status", "_reason")  # our rejects, whose cells are in plain words
_NULL = r"\N"


def has_database_escapes(sample: str) -> bool:
    r"""Return whether a sample is tab-separated and all of its backslashes are such escapes."""
    if "\\" not in sample or "\t" not in sample:
        return False
    first = sample.partition("\n")[0]
    if "\t" not in first or all(name in first for name in _OWN) or _QUOTED.search(sample):
        return False
    whole = sample[: sample.rfind("\n") + 1] or sample
    if "\\" in _KNOWN.sub("", whole):
        return False
    if not _PROOF.search(whole) and ("\\" not in whole or _PATH.search(whole)):
        return False
    widths = [*EscapedRows(io.StringIO(whole, newline=""), "").widths()]
    if _ends_open(whole):
        if len(whole) == len(sample):
            return False
        del widths[-1]  # the sample ends within a row
    # A backslash that is the last character of a cell would join two cells, or two rows.
    return len(set(widths)) == 1


class EscapedRows:
    """The rows of such a table, as ``csv.reader`` gives them.

    Attributes:
        line_num: Lines read so far.

    Raises:
        SourceError: While iterating: a backslash before something that no database writes.
    """

    def __init__(self, lines: Iterable[str], name: str) -> None:
        self._lines = iter(lines)
        self._name = name
        self.line_num = 0

    def __iter__(self) -> Iterator[list[str]]:
        for line in self._lines:
            self.line_num += 1
            if "\\" not in line:
                yield line.rstrip("\r\n").split("\t") if line.strip("\r\n") else []
                continue
            whole = self._continued(line).rstrip("\r\n")
            yield [self._meant(cell) for cell in self._cells(whole)]

    def widths(self) -> Iterator[int]:
        """How many cells each row has, whatever they mean; blank lines are left out."""
        for line in self._lines:
            if line.strip("\r\n"):
                yield sum(1 for _ in self._cells(self._continued(line).rstrip("\r\n")))

    def _cells(self, line: str) -> Iterator[str]:
        start = 0
        for found in _ESCAPE_OR_DELIMITER.finditer(line):
            if found[0] == "\t":
                yield line[start : found.start()]
                start = found.end()
        yield line[start:]

    def _continued(self, line: str) -> str:
        """The line, joined with the next one while its end is escaped."""
        while _ends_open(line) and (following := next(self._lines, "")):
            self.line_num += 1
            line += following
        return line

    def _meant(self, cell: str) -> str:
        if cell == _NULL:
            return ""
        return _ESCAPE.sub(self._escaped, cell) if "\\" in cell else cell

    def _escaped(self, found: re.Match[str]) -> str:
        meant = _MEANT.get(found[1] or "")
        if meant is None:
            raise SourceError(
                Message(
                    "{name}: line {number}: {found!r} in a file whose other backslashes stand for "
                    "line ends, tabs and NULL; export it as CSV with quotation marks",
                    name=self._name,
                    number=self.line_num,
                    found=found[0],
                ),
                code="QUOTE_WRONG",
            )
        return meant


def _ends_open(line: str) -> bool:
    body = line.rstrip("\r\n")
    return len(line) > len(body) and (len(body) - len(body.rstrip("\\"))) % 2 == 1
