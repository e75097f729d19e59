"""Files -> Row stream. Text cells with their place; nothing is turned into a number by a guess."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bulk_import.errors import SourceError
from bulk_import.models import Problem, Row, Severity, SourceInfo


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What is known of a file beforehand; everything is detected when absent.

    Attributes:
        sheet: Name of the tab.
        header_row: Row of the header as the spreadsheet program shows it, from 1.
        encoding: As Python calls it.
        delimiter: One character, or ``tab``.
        member: The file inside an archive that holds several.
    """

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    member: str | None = None


@dataclass(slots=True)
class Source:
    """An open source. Iterate it once.

    Attributes:
        name: As given.
        kind: ``csv``, ``xlsx``, ``xls``, ``xlsb`` or ``ods``.
        evidence: Why encoding and delimiter are believed to be what they are.
        problems: What opening found: duplicate headers, other sheets.
        dialect: How a delimited file is written; empty for workbooks.
    """

    name: str
    kind: str
    header: tuple[str, ...]
    labels: tuple[str, ...]
    header_row: int
    rows: Iterator[Row]
    path: Path
    sheet: str = ""
    encoding: str = ""
    evidence: str = ""
    dialect: Mapping[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __iter__(self) -> Iterator[Row]:
        return self.rows

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file's bytes (of an archive: of the file inside)."""
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()

    def info(self, *, with_fingerprint: bool = True) -> SourceInfo:
        """Return what a journal remembers of the source."""
        return SourceInfo(
            name=self.name,
            kind=self.kind,
            sheet=self.sheet,
            encoding=self.encoding,
            header_row=self.header_row,
            header=self.header,
            labels=self.labels,
            sha256=self.fingerprint() if with_fingerprint else "",
            dialect=self.dialect,
        )


@contextmanager
def open_source(path: str | Path, options: SourceOptions = SourceOptions()) -> Iterator[Source]:
    """Open a spreadsheet, whatever it is called and packed in.

    Args:
        path: A path, or ``-`` for standard input.
        options: What is known of it.

    Raises:
        SourceError: It cannot be read as it is; one line that says where and what would work.
    """
    from bulk_import.sources.container import regular_file

    name = str(path)
    with ExitStack() as stack:
        file = stack.enter_context(regular_file(name, options.member))
        try:
            source = _open(stack, file, name, options)
        except OSError as exc:
            raise SourceError(
                f"{name}: cannot be read any more: {exc.strerror}; was it moved or replaced?",
                code="SOURCE_UNREADABLE",
            ) from None
        yield source


def read_rows(path: str | Path, **source_options: str | int | None) -> Iterator[Row]:
    """Yield the rows of a spreadsheet.

    Args:
        path: A path, or ``-`` for standard input.
        **source_options: As in ``SourceOptions``: sheet, header_row, encoding, delimiter, member.

    Raises:
        SourceError: It cannot be read as it is.
    """
    with open_source(path, SourceOptions(**source_options)) as source:  # type: ignore[arg-type]
        yield from source


Sources = str | Path | Sequence[str | Path]


def expand_sources(sources: Sources) -> list[str]:
    """Return the files that *sources* name, globs expanded and sorted, each file once.

    Raises:
        SourceError: A pattern matches nothing.
    """
    found: dict[str, None] = {}
    named = [sources] if isinstance(sources, str | Path) else sources
    for pattern in map(str, named):
        if (
            pattern == "-"
            or "://" in pattern
            or not glob.has_magic(pattern)
            or Path(pattern).exists()
        ):
            found[pattern] = None
            continue
        matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - absolute patterns too
        if not matches:
            raise SourceError(f"{pattern}: no file has such a name", code="SOURCE_MISSING")
        found.update(dict.fromkeys(matches))
    return list(found)


def _open(stack: ExitStack, file: Path, name: str, options: SourceOptions) -> Source:
    from bulk_import.sources.container import kind_of

    kind = kind_of(file, name)
    if kind == "text":
        return _open_text(file, name, options)
    if kind == "xlsx":
        return _open_xlsx(stack, file, name, options)
    return _open_with_calamine(file, name, kind, options)


def _open_text(file: Path, name: str, options: SourceOptions) -> Source:
    from bulk_import.sources.table import find_table
    from bulk_import.sources.text.delimited import choose_encoding, detect_dialect, read_lines

    encoding = choose_encoding(file, name, options.encoding)
    dialect = detect_dialect(file, encoding.name, name, options.delimiter)
    lines = read_lines(file, encoding.name, dialect, name)
    table = find_table(lines, name, header_row=options.header_row, is_ragged_by_nature=False)
    problems = list(table.problems)
    if not encoding.is_certain:
        problems.append(
            Problem(
                "ENCODING_GUESSED",
                f"not UTF-8; read as {encoding.name} ({encoding.evidence}); look at a few names, and "
                "set source: encoding: if they are wrong",
                severity=Severity.WARNING,
            )
        )
    return Source(
        name=name,
        kind="csv",
        header=table.header,
        labels=table.labels,
        header_row=table.header_row,
        rows=table.rows(name, ""),
        path=file,
        encoding=encoding.name,
        evidence=encoding.evidence,
        dialect={
            "delimiter": dialect.delimiter,
            "quotechar": dialect.quotechar,
            "escapechar": dialect.escapechar,
            "lineterminator": dialect.lineterminator,
            "sep_line": "1" if dialect.has_sep_line else "",
        },
        problems=problems,
    )


def _open_xlsx(stack: ExitStack, file: Path, name: str, options: SourceOptions) -> Source:
    from bulk_import.sources.table import find_table
    from bulk_import.sources.xlsx.workbook import Workbook

    workbook = stack.enter_context(Workbook(file, name))
    visible = [sheet.name for sheet in workbook.sheets if not sheet.is_hidden]
    every = [sheet.name for sheet in workbook.sheets]
    chosen, problems = _choose(options.sheet, visible or every, every, name)
    sheet = workbook.sheets[every.index(chosen)]
    table = find_table(
        workbook.lines(sheet), name, header_row=options.header_row, is_ragged_by_nature=True
    )
    return Source(
        name=name,
        kind="xlsx",
        header=table.header,
        labels=table.labels,
        header_row=table.header_row,
        rows=table.rows(name, chosen),
        path=file,
        sheet=chosen,
        problems=[*problems, *table.problems],
    )


def _open_with_calamine(file: Path, name: str, kind: str, options: SourceOptions) -> Source:
    from bulk_import.sources import calamine
    from bulk_import.sources.table import find_table

    workbook, visible = calamine.sheets_of(file, name)
    chosen, problems = _choose(options.sheet, visible, list(workbook.sheet_names), name)
    lines = calamine.lines(workbook, chosen, name)
    table = find_table(lines, name, header_row=options.header_row, is_ragged_by_nature=True)
    return Source(
        name=name,
        kind=kind,
        header=table.header,
        labels=table.labels,
        header_row=table.header_row,
        rows=table.rows(name, chosen),
        path=file,
        sheet=chosen,
        problems=[*problems, *table.problems],
    )


def _choose(
    wanted: str | None, visible: Sequence[str], every: Sequence[str], name: str
) -> tuple[str, list[Problem]]:
    """The sheet to read, and a note when others are left out."""
    if wanted is not None:
        alike = [sheet for sheet in every if sheet.strip().casefold() == wanted.strip().casefold()]
        if wanted in every:
            return wanted, []
        if len(alike) == 1:
            return alike[0], []
        raise SourceError(
            f"{name}: no sheet {wanted!r}; it has {', '.join(map(repr, every[:20]))}",
            code="SHEET_MISSING",
        )
    if len(visible) == 1:
        return visible[0], []
    note = Problem(
        "SHEET_CHOSEN",
        f"sheet {visible[0]!r} is read; the others ({', '.join(visible[1:6])}) are not; "
        "source: sheet: names another",
        severity=Severity.WARNING,
    )
    return visible[0], [note]
