"""Reads the lines of CSV, TSV and similar files by the csv module, in strict mode.

The csv module streams, changes no value and reports a quotation mark that is never closed; pandas holds
the file in memory and changes values such as ``NA`` and ``007`` (figures in ``benchmarks/README.md``).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bulk_import.errors import Message, SourceError
from bulk_import.models import Problem
from bulk_import.sources.table import LONGEST_CELL, MOST_COLUMNS, Line
from bulk_import.sources.text.decoding import open_text, undecodable
from bulk_import.sources.text.dialect import Dialect, Quoting
from bulk_import.sources.text.escapes import EscapedRows
from bulk_import.sources.text.typographic import straightened

_LONGEST_QUOTED = 100  # lines that one cell may span; beyond that a quote was never closed
_KNOWN_ESCAPE = re.compile(r"""\\[\\"'\r\n]""")

_QUOTED_AFTER_BLANK = re.compile(r'\s+".*"\s*', re.DOTALL)

# The csv module counts characters of a cell; ours is the stricter limit, checked row by row.
csv.field_size_limit(1 << 20)


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
        make = tuple.__new__
        may_have_blanks = not dialect.skips_blanks and dialect.quotechar == '"'
        try:
            for cells in reader:
                number += 1
                line_num = reader.line_num
                spanned = line_num - before
                before = line_num
                if spanned > _LONGEST_QUOTED:
                    raise SourceError(
                        Message(
                            "{name}: row {number}: a cell spans {spanned} lines: a quotation "
                            "mark is probably not closed (it opens near line {line_num})",
                            name=name,
                            number=number,
                            spanned=spanned,
                            line_num=line_num - spanned + 1,
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
                    yield make(Line, (number, cells, (), False))  # twice as fast as to call it
        except csv.Error as exc:
            spanned = reader.line_num - before
            raise _csv_error(exc, name, number + 1, before + 1, spanned) from None
        except UnicodeDecodeError as exc:
            raise undecodable(path, encoding, name, exc, row=number + 1) from None


def _reader(file: io.TextIOWrapper, dialect: Dialect, name: str) -> Any:
    if dialect.undoes_escapes:
        return EscapedRows(file, name)
    quoting = Quoting(
        dialect.quotechar, dialect.escapechar, dialect.skips_blanks, dialect.drops_blanks
    )
    if dialect.is_line_quoted:
        outer = Quoting('"', "").reader(file, "\0")
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


def _known_escapes(lines: Iterable[str], dialect: Dialect, name: str) -> Iterator[str]:
    """Refuse escapes of which the csv module would only drop the backslash: ``\\N`` is NULL."""
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
