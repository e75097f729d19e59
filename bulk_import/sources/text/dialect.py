"""Detects how a delimited file is written: delimiter, quotation marks and escapes."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulk_import.errors import Message, SourceError
from bulk_import.sources.text.decoding import open_text, undecodable
from bulk_import.sources.text.escapes import has_database_escapes
from bulk_import.sources.text.typographic import straightened, typographic_quotes

_USUAL = (",", ";", "\t", "|")
_UNUSUAL = ("\x1f", "\x01", ":", "^", "~")  # where none of the usual ones makes a table
_MOST_TITLES = 20  # lines above the header
_SAMPLE_CHARS = 256 * 1024
_MOST_ALIGNED = 200  # lines that are looked at for columns of a fixed width
_FEWEST_ALIGNED = 3
# Not those that some programs put between cells, and not the \x1a that ends a file of DOS.
_CONTROLS = re.compile("[\x02-\x06\x0e-\x19]")
_BEGINNING = 200  # characters
_GAP = re.compile(r"\S  +\S")
# A quotation mark after a backslash that does not end its cell: `"5\\" disk"`.
_ESCAPED_QUOTE = re.compile(r'\\"(?![,;\t|\r\n]|$)')
# Two that are not an empty cell, or one that neither opens nor closes a cell.
_DOUBLED_QUOTE = re.compile(r'[^,;\t|\r\n]""|""[^,;\t|\r\n]|[^,;\t|\r\n ]"[^,;\t|\r\n ]')
_SINGLE_QUOTED = re.compile(r"(?:^|[,;\t|])'[^'\r\n]*'(?=[,;\t|\r\n]|$)", re.MULTILINE)


# `a, "Berg, Anna",b`: the mark would be a part of the text if the blank were one.
_BLANK_BEFORE_QUOTE = re.compile(r'[,;\t|][ ]+"[^"\r\n]*"[ ]*(?=[,;\t|\r\n]|$)')
# `"Anna" ,b`: the csv module takes the blank for a part of the text after the mark.
_BLANK_AFTER_QUOTE = re.compile(
    r'(?:^|[,;\t|])[ ]*"(?:[^"\r\n]|"")*"[ ]+(?=[,;\t|\r\n]|$)', re.MULTILINE
)
_ALONE = re.compile(r"\s*(?:[^@<>]*<)?[^\s@,;|<>]+@[^\s@,;|<>]+>?\s*")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited file is written.

    Attributes:
        escapechar: ``\\`` where quotation marks inside of cells are written ``\\"``, as databases
            do; ``""`` where they are doubled, as spreadsheet programs do.
        has_sep_line: The first line is Excel's ``sep=;``.
        skips_blanks: Quotation marks follow a blank: ``a, "b"``.
        drops_blanks: Blanks follow the closing quotation mark: ``"a" ,"b"``.
        is_line_quoted: Every line is a quoted cell that holds a line.
        marks: The typographic quotation marks around cells, ``“”``, in the place of straight ones.
        undoes_escapes: Line ends and tabs within cells are written ``\\n`` and ``\\t``, as ``mysql`` does.
    """

    delimiter: str
    quotechar: str = '"'
    escapechar: str = ""
    lineterminator: str = "\r\n"
    has_sep_line: bool = False
    skips_blanks: bool = False
    drops_blanks: bool = False
    is_line_quoted: bool = False
    marks: str = ""
    undoes_escapes: bool = False

    def as_written(self) -> dict[str, str]:
        """Return what a writer needs to write such a file."""
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quotechar,
            "escapechar": self.escapechar,
            "lineterminator": self.lineterminator,
            "sep_line": "1" if self.has_sep_line else "",
        }


@dataclass(frozen=True, slots=True)
class Quoting:
    """How the csv module finds the ends of cells."""

    quotechar: str
    escapechar: str
    skips_blanks: bool = False
    drops_blanks: bool = False

    def reader(self, lines: Iterable[str], delimiter: str) -> Any:  # csv's type has no name
        """Return a reader of the csv module."""
        return csv.reader(
            _closed(lines, delimiter) if self.drops_blanks else lines,
            delimiter=delimiter,
            quotechar=self.quotechar,
            doublequote=not self.escapechar,
            escapechar=self.escapechar or None,
            skipinitialspace=self.skips_blanks,
            strict=True,
        )


def detect_dialect(path: Path, encoding: str, name: str, wanted: str | None) -> Dialect:
    """Return how the file is written, from its first quarter of a megabyte.

    Raises:
        SourceError: Not readable in *encoding*; no delimiter found and none was set.
    """
    try:
        with open_text(path, encoding) as file:
            sample = file.read(_SAMPLE_CHARS)
    except UnicodeDecodeError as exc:
        raise undecodable(path, encoding, name, exc) from None
    if not sample.strip():
        raise SourceError(Message("{name}: the file is empty", name=name), code="SOURCE_EMPTY")
    if "\0" in sample or _CONTROLS.search(sample, 0, _BEGINNING):
        raise SourceError(Message("{name}: not a text file", name=name), code="SOURCE_BINARY")
    chosen = _wanted(wanted, name) if wanted else ""
    first = sample.partition("\n")[0]
    terminator = "\r\n" if "\r\n" in sample else "\n" if "\n" in sample else "\r"
    first = first.rstrip("\r").strip('"')
    if first.lower().startswith("sep=") and len(first) == 5:
        return Dialect(chosen or first[4], lineterminator=terminator, has_sep_line=True)
    inner = _inner_lines(sample)
    if inner:
        delimiter = chosen or _delimiter(inner, Quoting('"', ""))
        return Dialect(delimiter, lineterminator=terminator, is_line_quoted=True)
    if (chosen or "\t") == "\t" and has_database_escapes(sample):
        return Dialect("\t", lineterminator=terminator, undoes_escapes=True)
    return _quoted_dialect(sample, terminator, chosen, name)


def _quoted_dialect(sample: str, terminator: str, wanted: str, name: str) -> Dialect:
    """Detect quotation marks, escapes and the delimiter."""
    marks, between = typographic_quotes(sample)
    if marks:
        sample = "".join(straightened(io.StringIO(sample, newline=""), marks, wanted or between))
    quotechar = "'" if _is_single_quoted(sample) else '"'
    escapechar = "\\" if _is_escaped(sample) else ""
    # Most files have neither; to look for two characters costs nothing.
    skips_blanks = ' "' in sample and bool(_BLANK_BEFORE_QUOTE.search(sample))
    may_drop = '" ' in sample and quotechar == '"' and not escapechar
    drops_blanks = may_drop and bool(_BLANK_AFTER_QUOTE.search(sample))
    delimiter = wanted or _delimiter(
        sample, Quoting(quotechar, escapechar, skips_blanks, drops_blanks)
    )
    if not wanted and delimiter not in sample.partition("\n")[0] and _is_aligned(sample):
        raise SourceError(
            Message(
                "{name}: its columns are aligned with blanks (fixed width); open it in a spreadsheet "
                'program, choose "fixed width" there, and save it as XLSX or CSV',
                name=name,
            ),
            code="DELIMITER_UNCLEAR",
        )
    return Dialect(
        delimiter, quotechar, escapechar, terminator,
        skips_blanks=skips_blanks, drops_blanks=drops_blanks, marks=marks,
    )  # fmt: skip


def _is_aligned(sample: str) -> bool:
    """Whether lines have blanks in the same places, as columns of a fixed width have."""
    lines = [line.rstrip() for line in sample.splitlines() if line.strip()][:_MOST_ALIGNED]
    if len(lines) < _FEWEST_ALIGNED or not _GAP.search(lines[0].strip()):
        return False
    width = max(map(len, lines))
    gaps = [
        at
        for at in range(1, width)
        if all(line[at : at + 1] in ("", " ") for line in lines)
        and any(line[at + 1 : at + 2] not in ("", " ") for line in lines)
    ]
    # Where a column is left of another in most lines, with room between them in some.
    return any(
        sum(len(line) > at for line in lines) > len(lines) / 2
        and sum(line[at - 1 : at + 1] == "  " for line in lines) >= len(lines) / 2
        for at in gaps
    )


def _closed(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """The lines without the blanks between a closing quotation mark and the delimiter."""
    sign = re.escape(delimiter)
    quoted = re.compile(rf'((?:^|{sign})[ ]*"(?:[^"]|"")*")[ ]+(?={sign}|[\r\n]|$)')
    for line in lines:
        yield quoted.sub(r"\1", line) if '" ' in line else line


def _wanted(delimiter: str, name: str) -> str:
    named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
    found = named.get(delimiter.lower(), delimiter)
    if len(found) != 1:
        raise SourceError(
            Message(
                "{name}: delimiter {delimiter!r}: one character, or tab",
                name=name,
                delimiter=delimiter,
            ),
            code="DELIMITER_UNCLEAR",
        )
    return found


def _inner_lines(sample: str) -> str:
    """The inner lines of a sample in which each line is quoted as a whole; else ``""``."""
    if not sample.lstrip().startswith('"'):
        return ""
    if len(sample) >= _SAMPLE_CHARS:
        sample = sample[: sample.rfind("\n") + 1]
    try:
        lines = [
            cells
            for cells in Quoting('"', "").reader(io.StringIO(sample, newline=""), "\0")
            if cells
        ]
    except csv.Error:
        return ""
    is_quoted = all(line.startswith('"') for line in sample.splitlines() if line.strip())
    if not is_quoted or len(lines) < 2 or any(len(cells) != 1 for cells in lines):
        return ""
    inner = "\n".join(cells[0] for cells in lines) + "\n"
    widths = _widths(inner, _delimiter(inner, Quoting('"', "")), Quoting('"', ""))
    return inner if len(widths) > 1 and min(widths) == max(widths) > 1 else ""


def _is_escaped(sample: str) -> bool:
    """Whether quotation marks within cells are escaped by backslashes, and none is doubled."""
    if '\\"' not in sample or not _ESCAPED_QUOTE.search(sample):
        return False
    return not _DOUBLED_QUOTE.search(sample.replace("\\\\", "x").replace('\\"', "x"))


def _is_single_quoted(sample: str) -> bool:
    """Whether cells are quoted by apostrophes: the header's are, and no real quotation mark is."""
    first = sample.partition("\n")[0]
    return '"' not in sample and len(_SINGLE_QUOTED.findall(first)) >= 2


def _delimiter(sample: str, quoting: Quoting) -> str:
    """The delimiter by which the sample's records come out widest and most even.

    Each candidate really parses the sample, quotes and all, so commas inside quoted text do not
    count for anything. Lines at the beginning that none of the usual ones cuts are titles or notes.
    """
    titles = 0
    for candidates in (_USUAL, _UNUSUAL):
        looked = {delimiter: _looked_at(sample, delimiter, quoting) for delimiter in candidates}
        widths = {delimiter: [len(cells) for cells in some] for delimiter, some in looked.items()}
        if candidates is _USUAL:
            titles = _titles(list(widths.values()))
        scores = {
            delimiter: _evenness(widths[delimiter][titles:]) * (1 + _alone(looked[delimiter]))
            for delimiter in candidates
        }
        best = max(candidates, key=scores.__getitem__)
        if scores[best] > 0:
            return best
    return ","


def _titles(widths: Sequence[list[int]]) -> int:
    """How many lines at the beginning have one cell, whatever the delimiter."""
    count = 0
    while count < _MOST_TITLES and all(
        count + 1 < len(some) and some[count] < 2 for some in widths if some
    ):
        count += 1
    is_table = any(some[count] > 1 for some in widths if count < len(some))
    return count if is_table else 0


def _evenness(widths: list[int]) -> float:
    """How evenly a delimiter splits the lines into columns; 0: it does not."""
    if not widths:
        return 0.0
    (width, often), total = Counter(widths).most_common(1)[0], len(widths)
    if width < 2:
        return 0.0
    evenness = often / total
    # The header is the surest line: a delimiter that is not in it separates nothing.
    if widths[0] < 2:
        evenness *= 0.5
    return float(evenness * evenness * min(width, 12) ** 0.5)


def _alone(lines: Sequence[Sequence[str]]) -> float:
    """The share of e-mail addresses that fill a cell alone; 1 if there are no addresses."""
    cells = [cell for line in lines for cell in line if "@" in cell]
    return sum(bool(_ALONE.fullmatch(cell)) for cell in cells) / len(cells) if cells else 1.0


def _widths(sample: str, delimiter: str, quoting: Quoting) -> list[int]:
    return [len(cells) for cells in _looked_at(sample, delimiter, quoting)]


def _looked_at(sample: str, delimiter: str, quoting: Quoting) -> list[list[str]]:
    """The sample's first lines split by *delimiter*; none if quotation marks do not match then."""
    reader = quoting.reader(io.StringIO(sample, newline=""), delimiter)
    lines = []
    try:
        for cells in reader:
            if cells:
                lines.append(cells)
            if len(lines) >= 500:
                break
    except csv.Error:
        # The sample may end inside a quoted cell, or this delimiter tears quotes apart.
        if len(lines) < 2:
            return []
    if len(sample) >= _SAMPLE_CHARS and len(lines) > 1:
        lines.pop()
    return lines
