"""CSV, TSV and their relatives: the csv module, in strict mode, fed line by line.

Measured beside it (``python -m benchmarks.reading``, 100,000 rows of 7 columns): the bare csv module
0.33 s, this reader 1.3 s with all of its checks and no memory to speak of, ``pandas.read_csv`` 2.9 s
with every fifth cell changed (``NA``, ``007``, postal codes), as text only 2.9 s and right, holding
the file. The csv module streams, keeps text text and says where a quotation mark is never closed.
"""

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
from bulk_import.models import Problem
from bulk_import.sources.table import LONGEST_CELL, MOST_COLUMNS, Line
from bulk_import.sources.text.encoding import Encoding, detect_encoding, known_encoding
from bulk_import.sources.text.typographic import straightened, typographic_quotes

_USUAL = (",", ";", "\t", "|")
_UNUSUAL = ("\x1f", "\x01", ":", "^", "~")  # where none of the usual ones makes a table
_DELIMITERS = _USUAL + _UNUSUAL
_MOST_TITLES = 20  # lines above the header
_SAMPLE_CHARS = 256 * 1024
_LONGEST_QUOTED = 100  # lines that one cell may span; beyond that a quote was never closed

# The csv module counts characters of a cell; ours is the stricter limit, checked row by row.
csv.field_size_limit(1 << 20)


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
class _Quoting:
    quotechar: str
    escapechar: str
    skips_blanks: bool = False
    drops_blanks: bool = False

    def reader(self, lines: Iterable[str], delimiter: str) -> Any:  # csv's type has no name
        return csv.reader(
            _closed(lines, delimiter) if self.drops_blanks else lines,
            delimiter=delimiter,
            quotechar=self.quotechar,
            doublequote=not self.escapechar,
            escapechar=self.escapechar or None,
            skipinitialspace=self.skips_blanks,
            strict=True,
        )


def open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    """Open for the csv module: line ends untouched, a wrong byte is an error."""
    return path.open("r", encoding=encoding, errors="strict", newline="")


def choose_encoding(path: Path, name: str, wanted: str | None) -> Encoding:
    """Return the encoding that was asked for, else the detected one."""
    if wanted:
        return Encoding(known_encoding(wanted, name), "as set", is_certain=True)
    return detect_encoding(path, name)


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
    if "\0" in sample:
        raise SourceError(
            Message("{name}: zero bytes in it: not a text file", name=name), code="SOURCE_BINARY"
        )
    first = sample.partition("\n")[0]
    terminator = "\r\n" if "\r\n" in sample else "\n" if "\n" in sample else "\r"
    first = first.rstrip("\r").strip('"')
    if first.lower().startswith("sep=") and len(first) == 5:
        return Dialect(wanted or first[4], lineterminator=terminator, has_sep_line=True)
    inner = _inner_lines(sample)
    if inner:
        found = _delimiter(inner, _Quoting('"', ""))
        delimiter = _wanted(wanted, name) if wanted else found
        return Dialect(delimiter, lineterminator=terminator, is_line_quoted=True)
    marks, between = typographic_quotes(sample)
    if marks:
        sample = "".join(straightened(io.StringIO(sample, newline=""), marks, wanted or between))
    quotechar = "'" if _is_single_quoted(sample) else '"'
    escapechar = "\\" if _is_escaped(sample) else ""
    # Most files have neither; to look for two characters costs nothing.
    skips_blanks = ' "' in sample and bool(_BLANK_BEFORE_QUOTE.search(sample))
    may_drop = '" ' in sample and quotechar == '"' and not escapechar
    drops_blanks = may_drop and bool(_BLANK_AFTER_QUOTE.search(sample))
    quoting = _Quoting(quotechar, escapechar, skips_blanks, drops_blanks)
    delimiter = _wanted(wanted, name) if wanted else _delimiter(sample, quoting)
    return Dialect(
        delimiter, quotechar, escapechar, terminator,
        skips_blanks=skips_blanks, drops_blanks=drops_blanks, marks=marks,
    )  # fmt: skip


def read_lines(path: Path, encoding: str, dialect: Dialect, name: str) -> Iterator[Line]:
    """Yield every line, blank ones too: they count in the spreadsheet program as well.

    Raises:
        SourceError: A byte that is not *encoding*, a quotation mark that is never closed, a cell
            or line that is too long.
    """
    with open_text(path, encoding) as file:
        reader = _reader(file, dialect, name)
        if dialect.has_sep_line:
            next(reader)
        number = 0
        before = reader.line_num
        may_have_blanks = not dialect.skips_blanks and dialect.quotechar == '"'
        try:
            for cells in reader:
                number += 1
                spanned, before = reader.line_num - before, reader.line_num
                if spanned > _LONGEST_QUOTED:
                    raise SourceError(
                        Message(
                            "{name}: row {number}: a cell spans {spanned} lines: a quotation "
                            "mark is probably not closed (it opens near line {line_num})",
                            name=name,
                            number=number,
                            spanned=spanned,
                            line_num=reader.line_num - spanned + 1,
                        ),
                        code="QUOTE_UNCLOSED",
                    )
                if len(cells) > MOST_COLUMNS:
                    raise SourceError(
                        Message(
                            "{name}: row {number}: {n:,} columns; at most {most_columns:,}",
                            name=name,
                            number=number,
                            n=len(cells),
                            most_columns=MOST_COLUMNS,
                        ),
                        code="SOURCE_TOO_WIDE",
                    )
                joined = "".join(cells)
                if len(joined) > LONGEST_CELL or "\0" in joined:
                    _refuse_bad_cells(cells, name, number)
                if may_have_blanks and ' "' in joined:
                    yield Line(number, cells, _blanks_before_quotes(cells))
                else:
                    yield Line(number, cells)
        except csv.Error as exc:
            spanned = reader.line_num - before
            raise _csv_error(exc, name, number + 1, before + 1, spanned) from None
        except UnicodeDecodeError as exc:
            raise undecodable(path, encoding, name, exc, row=number + 1) from None


def _reader(file: io.TextIOWrapper, dialect: Dialect, name: str) -> Any:
    quoting = _Quoting(
        dialect.quotechar, dialect.escapechar, dialect.skips_blanks, dialect.drops_blanks
    )
    if dialect.is_line_quoted:
        outer = _Quoting('"', "").reader(file, "\0")
        return quoting.reader((cells[0] if cells else "" for cells in outer), dialect.delimiter)
    lines: Iterable[str] = file
    if dialect.marks:
        lines = straightened(file, dialect.marks, dialect.delimiter)
    if dialect.escapechar:
        lines = _known_escapes(lines, dialect, name)
    return quoting.reader(lines, dialect.delimiter)


def _refuse_bad_cells(cells: Iterable[str], name: str, number: int) -> None:
    for cell in cells:
        if len(cell) > LONGEST_CELL or "\0" in cell:
            raise _bad_cell(name, number, cell)


def _blanks_before_quotes(cells: Iterable[str]) -> tuple[tuple[int, Problem], ...]:
    """Cells such as `` "Anna"`` in a file that does not write them so at its beginning."""
    return tuple(
        (
            at,
            Problem(
                "QUOTE_WRONG",
                "a blank stands before the quotation mark, so the mark is part of the text; delete "
                "the blank",
                value=cell,
            ),
        )
        for at, cell in enumerate(cells)
        if _QUOTED_AFTER_BLANK.fullmatch(cell)
    )


def undecodable(
    path: Path, encoding: str, name: str, exc: UnicodeDecodeError, *, row: int | None = None
) -> SourceError:
    """Return the error for the first byte that is not *encoding*, with its offset and line."""
    offset, line = _first_bad_byte(path, encoding)
    bad = exc.object[exc.start : exc.start + 1].hex().upper()
    if offset >= 0:
        where = Message("byte {offset:,}, line {line:,}", offset=offset, line=line)
    elif row is not None:
        where = Message("near row {row}", row=row)
    else:
        where = Message("at the end of the file")
    return SourceError(
        Message(
            "{name}: {where}: byte 0x{bad} is not {encoding}; the file is in another "
            "encoding (set source: encoding:), or damaged",
            name=name,
            where=where,
            bad=bad,
            encoding=encoding,
        ),
        code="ENCODING_WRONG",
    )


def _first_bad_byte(path: Path, encoding: str) -> tuple[int, int]:
    import codecs

    decoder = codecs.getincrementaldecoder(encoding)("strict")
    offset, line = 0, 1
    with path.open("rb") as file:
        while block := file.read(1 << 16):
            pending = len(decoder.getstate()[0])
            try:
                line += decoder.decode(block).count("\n")
            except UnicodeDecodeError as exc:
                good = exc.object[: exc.start]
                return offset - pending + exc.start, line + good.count(b"\n")
            offset += len(block)
    return -1, line


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


# A quotation mark after a backslash that does not end its cell: `"5\\" disk"`.
_ESCAPED_QUOTE = re.compile(r'\\"(?![,;\t|\r\n]|$)')
_SINGLE_QUOTED = re.compile(r"(?:^|[,;\t|])'[^'\r\n]*'(?=[,;\t|\r\n]|$)", re.MULTILINE)


# `a, "Berg, Anna",b`: the mark would be a part of the text if the blank were one.
_BLANK_BEFORE_QUOTE = re.compile(r'[,;\t|][ ]+"[^"\r\n]*"[ ]*(?=[,;\t|\r\n]|$)')
# `"Anna" ,b`: the csv module takes the blank for a part of the text after the mark.
_BLANK_AFTER_QUOTE = re.compile(
    r'(?:^|[,;\t|])[ ]*"(?:[^"\r\n]|"")*"[ ]+(?=[,;\t|\r\n]|$)', re.MULTILINE
)
_QUOTED_AFTER_BLANK = re.compile(r'\s+".*"\s*', re.DOTALL)
_ALONE = re.compile(r"\s*(?:[^@<>]*<)?[^\s@,;|<>]+@[^\s@,;|<>]+>?\s*")
_KNOWN_ESCAPE = re.compile(r"""\\[\\"'\r\n]""")


def _closed(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """The lines without the blanks between a closing quotation mark and the delimiter."""
    sign = re.escape(delimiter)
    quoted = re.compile(rf'((?:^|{sign})[ ]*"(?:[^"]|"")*")[ ]+(?={sign}|[\r\n]|$)')
    for line in lines:
        yield quoted.sub(r"\1", line) if '" ' in line else line


def _known_escapes(lines: Iterable[str], dialect: Dialect, name: str) -> Iterator[str]:
    """Refuse what the csv module would take the backslash from: ``\\N`` is no name, it is NULL."""
    for number, line in enumerate(lines, 1):
        rest = _KNOWN_ESCAPE.sub("", line) if "\\" in line else ""
        rest = rest.replace(f"\\{dialect.delimiter}", "")
        if "\\" in rest:
            found = rest[rest.index("\\") :][:2].strip()
            raise SourceError(
                Message(
                    "{name}: line {number}: {found!r} in a file that escapes quotation marks "
                    "by backslashes; export it with doubled quotation marks and NULL as an "
                    "empty cell",
                    name=name,
                    number=number,
                    found=found,
                ),
                code="QUOTE_WRONG",
            )
        yield line


def _inner_lines(sample: str) -> str:
    """What the lines of the sample hold if each is one quoted cell that is itself a line of cells."""
    if not sample.startswith('"') or len(sample) >= _SAMPLE_CHARS:
        sample = sample[: sample.rfind("\n") + 1]
    try:
        lines = [
            cells
            for cells in _Quoting('"', "").reader(io.StringIO(sample, newline=""), "\0")
            if cells
        ]
    except csv.Error:
        return ""
    is_quoted = all(line.startswith('"') for line in sample.splitlines() if line.strip())
    if not is_quoted or len(lines) < 2 or any(len(cells) != 1 for cells in lines):
        return ""
    inner = "\n".join(cells[0] for cells in lines) + "\n"
    widths = _widths(inner, _delimiter(inner, _Quoting('"', "")), _Quoting('"', ""))
    return inner if len(widths) > 1 and min(widths) == max(widths) > 1 else ""


def _is_escaped(sample: str) -> bool:
    return (
        '\\"' in sample
        and bool(_ESCAPED_QUOTE.search(sample))
        and '""' not in sample.replace(',""', "")
    )


def _is_single_quoted(sample: str) -> bool:
    """Whether cells are quoted by apostrophes: the header's are, and no real quotation mark is."""
    first = sample.partition("\n")[0]
    return '"' not in sample and len(_SINGLE_QUOTED.findall(first)) >= 2


def _delimiter(sample: str, quoting: _Quoting) -> str:
    """The delimiter by which the sample's records come out widest and most even.

    Each candidate really parses the sample, quotes and all, so commas inside quoted text do not
    count for anything. Lines at the beginning that none of the usual ones cuts are titles or notes.
    """
    looked = {delimiter: _looked_at(sample, delimiter, quoting) for delimiter in _DELIMITERS}
    widths = {delimiter: [len(cells) for cells in some] for delimiter, some in looked.items()}
    titles = _titles([widths[delimiter] for delimiter in _USUAL])
    for candidates in (_USUAL, _UNUSUAL):
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
    """How much a delimiter cuts lines into a table; 0: not at all."""
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
    """The share of the e-mail addresses that have a cell for themselves; 1 if there are none."""
    cells = [cell for line in lines for cell in line if "@" in cell]
    return sum(bool(_ALONE.fullmatch(cell)) for cell in cells) / len(cells) if cells else 1.0


def _widths(sample: str, delimiter: str, quoting: _Quoting) -> list[int]:
    return [len(cells) for cells in _looked_at(sample, delimiter, quoting)]


def _looked_at(sample: str, delimiter: str, quoting: _Quoting) -> list[list[str]]:
    """The sample's first lines, cut by *delimiter*; none if that tears quotation marks apart."""
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


def _bad_cell(name: str, number: int, cell: str) -> SourceError:
    if "\0" in cell:
        return SourceError(
            Message(
                "{name}: row {number}: a zero byte in a cell; the file is damaged",
                name=name,
                number=number,
            ),
            code="SOURCE_BINARY",
        )
    return SourceError(
        Message(
            "{name}: row {number}: a cell of {n:,} characters; a spreadsheet holds at most "
            "{longest_cell:,}. Is a quotation mark not closed?",
            name=name,
            number=number,
            n=len(cell),
            longest_cell=LONGEST_CELL,
        ),
        code="CELL_TOO_LONG",
    )


def _csv_error(exc: csv.Error, name: str, row: int, line: int, spanned: int) -> SourceError:
    text = str(exc)
    if "unexpected end of data" in text or spanned > _LONGEST_QUOTED:
        return SourceError(
            Message(
                "{name}: row {row}: a quotation mark that opens near line {line} is never "
                "closed; the rows after it would be swallowed",
                name=name,
                row=row,
                line=line,
            ),
            code="QUOTE_UNCLOSED",
        )
    if "field larger than field limit" in text:
        return SourceError(
            Message(
                "{name}: row {row}: a cell of more than a million characters; is a quotation "
                "mark near line {line} not closed?",
                name=name,
                row=row,
                line=line,
            ),
            code="CELL_TOO_LONG",
        )
    return SourceError(
        Message(
            "{name}: row {row}, line {line}: {text}; check the quotation marks there",
            name=name,
            row=row,
            line=line,
            text=text,
        ),
        code="QUOTE_WRONG",
    )
