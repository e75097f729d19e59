"""Opens a file of any kind: chooses the reader, the sheet and the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from bulk_import.errors import Message, SourceError
from bulk_import.models import Problem, Row, Severity
from bulk_import.normalize.consent import names_refusals
from bulk_import.sources import Source, SourceOptions
from bulk_import.sources.header import LOOKED_AT, folded, kind_of_cell
from bulk_import.sources.table import Line, Table, find_table
from bulk_import.sources.tally import Tally

if TYPE_CHECKING:
    from bulk_import.sources.text.dialect import Dialect
    from bulk_import.sources.text.encoding import Encoding

_ALL = "all"
_NAMED = 10  # sheets in a message


@dataclass(frozen=True, slots=True)
class Tab:
    """A sheet of any workbook.

    Attributes:
        lines: Reads it from the beginning; may be called several times.
    """

    name: str
    is_hidden: bool
    lines: Callable[[], Iterator[Line]]


def opened(stack: ExitStack, file: Path, name: str, options: SourceOptions) -> Source:
    """Return an open source; *stack* closes its files.

    Args:
        file: A regular file, unpacked.
        name: What the source is called.

    Raises:
        SourceError: It cannot be read.
    """
    from bulk_import.sources.container import kind_of

    kind = kind_of(file, name)
    if kind == "text":
        return _open_text(file, name, options)
    if kind == "json":
        return _open_objects(file, name, options)
    if kind == "html":
        return _open_page(file, name, options)
    tabs, problems = tabs_of(stack, file, name, kind, options.encoding)
    return _open_workbook(tabs, problems, file, name, kind, options)


def tabs_of(
    stack: ExitStack, file: Path, name: str, kind: str, encoding: str | None = None
) -> tuple[list[Tab], list[Problem]]:
    """Return the sheets of a workbook, and the problems that its reader found.

    Args:
        encoding: As set; for the kinds of files that do not say it themselves.
    """
    if kind == "xlsx":
        from bulk_import.sources.xlsx.workbook import Workbook

        workbook = stack.enter_context(Workbook(file, name))
        found = [
            Tab(sheet.name, sheet.is_hidden, partial(workbook.lines, sheet))
            for sheet in workbook.sheets
        ]
        return found, []
    if kind == "ods":
        from bulk_import.sources.ods import OdsWorkbook

        ods = stack.enter_context(OdsWorkbook(file, name))
        return _numbered(ods.sheets, ods.lines), []
    if kind == "fods":
        from bulk_import.sources.ods import FlatOdsWorkbook

        flat = FlatOdsWorkbook(file, name)
        return _numbered(flat.sheets, flat.lines), []
    if kind == "xlsb":
        from bulk_import.sources.xlsx.binary import BinaryWorkbook

        binary = stack.enter_context(BinaryWorkbook(file, name))
        return _numbered(binary.sheets, binary.lines), []
    if kind == "xml":
        from bulk_import.sources.xml2003 import XmlWorkbook

        xml = XmlWorkbook(file, name)
        return _numbered(xml.sheets, xml.lines), []
    if kind == "mht":
        from bulk_import.sources.text.page_archive import PageArchive

        archive = PageArchive(file, name, encoding)
        return _numbered(archive.sheets, archive.lines), [
            _note("SOURCE_PAGE", "a web page in one file (MHTML); its tables are read as sheets")
        ]
    from bulk_import.sources.apart import Apart
    from bulk_import.sources.text.encoding import known_encoding

    apart = stack.enter_context(
        Apart(file, name, known_encoding(encoding, name) if encoding else None)
    )
    return _numbered(apart.sheets, apart.lines), apart.problems


def _numbered(
    sheets: Iterable[tuple[str, bool]], lines: Callable[[int], Iterator[Line]]
) -> list[Tab]:
    return [Tab(name, hidden, partial(lines, at)) for at, (name, hidden) in enumerate(sheets)]


def _open_text(file: Path, name: str, options: SourceOptions) -> Source:
    from bulk_import.sources.text.delimited import read_lines
    from bulk_import.sources.text.dialect import detect_dialect
    from bulk_import.sources.text.encoding import choose_encoding

    encoding = choose_encoding(file, name, options.encoding)
    dialect = detect_dialect(file, encoding.name, name, options.delimiter)
    lines = read_lines(file, encoding.name, dialect, name)
    table = find_table(
        lines, name, nature="delimited", header_row=options.header_row, columns=options.columns,
        may_be_bare=options.may_be_bare,
    )  # fmt: skip
    problems = [*table.problems, *_notes_on_text(encoding, dialect)]
    tally = _tally(options)
    return Source(
        name=name,
        kind="csv",
        header=table.header,
        labels=table.labels,
        header_row=table.header_row,
        rows=table.rows(name, "", tally),
        path=file,
        encoding=encoding.name,
        evidence=encoding.evidence,
        dialect=dialect.as_written(),
        problems=problems,
        tally=tally,
    )


def _notes_on_text(encoding: Encoding, dialect: Dialect) -> Iterator[Problem]:
    """Warnings about how a delimited file is written."""
    if not encoding.is_certain:
        yield _note(
            "ENCODING_GUESSED",
            Message(
                "not UTF-8; read as {name} ({evidence}); look at a few names, and set "
                "source: encoding: if they are wrong",
                name=encoding.name,
                evidence=encoding.evidence,
            ),
        )
    if dialect.is_line_quoted:
        yield _note(
            "LINES_QUOTED", "every line is in quotation marks as a whole; read without them"
        )
    if dialect.undoes_escapes:
        yield _note(
            "ESCAPES_UNDONE",
            "backslashes in it stand for line ends, tabs and NULL, as databases write them; read so",
        )
    if dialect.marks:
        opening, closing = tuple(dialect.marks)
        yield _note(
            "QUOTES_TYPOGRAPHIC",
            Message(
                "cells are in typographic quotation marks ({opening}…{closing}); read without them",
                opening=opening,
                closing=closing,
            ),
        )


def _open_objects(file: Path, name: str, options: SourceOptions) -> Source:
    from bulk_import.sources.text.objects import read_objects

    encoding, header, lines = read_objects(file, name, options.encoding)
    table = Table(header, header, 0, lines, "records", header_width=len(header))
    tally = _tally(options)
    return Source(
        name=name,
        kind="json",
        header=table.header,
        labels=table.labels,
        header_row=table.header_row,
        rows=table.rows(name, "", tally),
        path=file,
        encoding=encoding,
        evidence="JSON",
        tally=tally,
    )


def _open_page(file: Path, name: str, options: SourceOptions) -> Source:
    from bulk_import.sources.text.page import read_table

    table = find_table(
        read_table(file, name, options.encoding), name, nature="sheet",
        header_row=options.header_row, columns=options.columns, may_be_bare=options.may_be_bare,
    )  # fmt: skip
    tally = _tally(options)
    note = _note("SOURCE_PAGE", "a web page under a spreadsheet's name; its largest table is read")
    return Source(
        name=name,
        kind="html",
        header=table.header,
        labels=table.labels,
        header_row=table.header_row,
        rows=table.rows(name, "", tally),
        path=file,
        problems=[note, *table.problems],
        tally=tally,
    )


def _open_workbook(
    tabs: Sequence[Tab],
    problems: list[Problem],
    file: Path,
    name: str,
    kind: str,
    options: SourceOptions,
) -> Source:
    tally = _tally(options)
    if options.sheets:
        chosen = _named_tabs(tabs, options.sheets, name)
        notes: list[Problem] = []
    else:
        tab, notes = _choose(tabs, options, name)
        chosen = [tab]
    tables = []
    for tab in chosen:
        try:
            tables.append((tab.name, _table(tab, name, options)))
        except SourceError as exc:
            if len(chosen) == 1 or exc.code != "SOURCE_EMPTY":
                raise
            notes.append(_note("SHEET_EMPTY", Message("sheet {name!r} has no rows", name=tab.name)))
    if not tables:
        raise SourceError(Message("{name}: no rows in its sheets", name=name), code="SOURCE_EMPTY")
    notes += _of_refusals(tabs, [sheet for sheet, _ in tables])
    first = tables[0][1]
    header, labels, more = _joined_header([table for _, table in tables], [n for n, _ in tables])
    streams = [table.rows(name, sheet, tally) for sheet, table in tables]
    rows: Iterator[Row] = streams[0]
    if len(streams) > 1:
        rows = chain.from_iterable(_widened(stream, header) for stream in streams)
    found = list(dict.fromkeys(problem for _, table in tables for problem in table.problems))
    return Source(
        name=name,
        kind=kind,
        header=header,
        labels=labels,
        header_row=first.header_row,
        rows=rows,
        path=file,
        sheet=tables[0][0] if len(tables) == 1 else "",
        problems=[*problems, *notes, *found, *more],
        tally=tally,
    )


def _of_refusals(tabs: Iterable[Tab], read: Sequence[str]) -> Iterator[Problem]:
    """Warn of sheets whose name says that the people on them want no e-mail."""
    for tab in tabs:
        if [tab.name] == [*read] or not names_refusals(tab.name):
            continue
        message = Message(
            "sheet {name!r}, whose name says no, is read as contacts too"
            if tab.name in read
            else "sheet {name!r}, whose name says no, is not read; it keeps nobody back by itself",
            name=tab.name,
        )
        yield replace(_note("SHEET_SAYS_NO", message), value=tab.name)


def _table(tab: Tab, name: str, options: SourceOptions) -> Table:
    return find_table(
        tab.lines(), name, nature="sheet", header_row=options.header_row, columns=options.columns,
        may_be_bare=options.may_be_bare,
    )  # fmt: skip


def _named_tabs(tabs: Sequence[Tab], names: Sequence[str], source: str) -> list[Tab]:
    if tuple(names) == (_ALL,) and not any(tab.name == _ALL for tab in tabs):
        return [tab for tab in tabs if not tab.is_hidden] or list(tabs)
    return [_by_name(tabs, name, source) for name in names]


def _by_name(tabs: Sequence[Tab], wanted: str, source: str) -> Tab:
    exact = [tab for tab in tabs if tab.name == wanted]
    alike = [tab for tab in tabs if folded(tab.name) == folded(wanted)]
    if exact or len(alike) == 1:
        return (exact or alike)[0]
    raise SourceError(
        Message(
            "{source}: no sheet {wanted!r}; it has {tabs}",
            source=source,
            wanted=wanted,
            tabs=_listed(tabs),
        ),
        code="SHEET_MISSING",
    )


def _listed(tabs: Iterable[Tab]) -> str:
    names = [Message("{cell!r}", cell=tab.name) for tab in tabs]
    return Message.joined(", ", names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _choose(tabs: Sequence[Tab], options: SourceOptions, source: str) -> tuple[Tab, list[Problem]]:
    """The sheet with the contacts, and a note when others are left out.

    Raises:
        SourceError: No sheet of that name; several sheets hold contacts and none is named.
    """
    if options.sheet is not None:
        return _by_name(tabs, options.sheet, source), []
    visible = [tab for tab in tabs if not tab.is_hidden] or list(tabs)
    if len(visible) == 1:
        return visible[0], []
    looks = [_look(tab, options) for tab in visible]
    share = max(look.share for look in looks)
    likely = [look for look in looks if look.has_contacts and look.share == share]
    likely = [look for look in likely if not names_refusals(look.tab.name)] or likely
    if len(likely) > 1:
        names = _listed(look.tab for look in likely)
        raise SourceError(
            Message(
                "{source}: {n} sheets hold contacts ({names}); name one by source: sheet:, "
                "or read them together by source: sheets: all",
                source=source,
                n=len(likely),
                names=names,
            ),
            code="SHEET_UNCLEAR",
        )
    best = max(likely or looks, key=lambda look: (look.share, look.cells))
    others = _listed(tab for tab in visible if tab is not best.tab)
    return best.tab, [
        _note(
            "SHEET_CHOSEN",
            Message(
                "sheet {name!r} is read; the others ({others}) are not; source: sheet: names "
                "another, source: sheets: several",
                name=best.tab.name,
                others=others,
            ),
        )
    ]


@dataclass(frozen=True, slots=True)
class _Look:
    """The beginning of a sheet.

    Attributes:
        share: Share of the expected columns that one of its lines names.
        has_contacts: Whether lines with several cells have e-mail addresses.
        cells: Number of filled cells.
    """

    tab: Tab
    share: float
    has_contacts: bool
    cells: int


def _look(tab: Tab, options: SourceOptions) -> _Look:
    lines = [line.cells for line in islice(tab.lines(), LOOKED_AT)]
    wanted = {folded(column) for column in options.columns}
    named = max((len(wanted.intersection(map(folded, line))) for line in lines), default=0)
    is_rejects = any({"_status", "_reason"} <= set(line) for line in lines)
    filled = [sum(bool(cell.strip()) for cell in line) for line in lines]
    # A cover sheet may name an address to write to, in a line of its own.
    emails = sum(
        kind_of_cell(cell) == "email"
        for line, count in zip(lines, filled, strict=True)
        for cell in line
        if count > 1 or max(filled) == 1
    )
    share = (named / len(wanted) if wanted else 0.0) + is_rejects
    return _Look(tab, share, emails > 0, sum(filled))


def _joined_header(
    tables: Sequence[Table], names: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...], list[Problem]]:
    """The columns of all sheets, in the order in which they occur, and where sheets differ."""
    labels = {
        name: label
        for table in reversed(tables)
        for name, label in zip(table.header, table.labels, strict=True)
    }
    header = tuple(dict.fromkeys(name for table in tables for name in table.header))
    problems = []
    for table, name in zip(tables, names, strict=True):
        missing = [column for column in header if column not in table.header]
        if missing:
            problems.append(
                _note(
                    "SHEETS_DIFFER",
                    Message(
                        "sheet {name!r} lacks the columns {missing} of the others; they are "
                        "blank in its rows",
                        name=name,
                        missing=", ".join(missing[:_NAMED]),
                    ),
                )
            )
    return header, tuple(labels[name] for name in header), problems


def _widened(rows: Iterable[Row], header: Sequence[str]) -> Iterator[Row]:
    for row in rows:
        cells = {name: row.cells.get(name, "") for name in header}
        yield Row(row.source, row.sheet, row.number, cells, row.problems)


def _tally(options: SourceOptions) -> Tally:
    return Tally(skips_hidden=options.hidden_rows == "skip")


def _note(code: str, message: str) -> Problem:
    return Problem(code, message, severity=Severity.WARNING)
