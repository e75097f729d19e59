"""Spreadsheet files -> a stream of rows. Cells stay text; nothing is guessed to be a number."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bulk_import.errors import Message, SourceError
from bulk_import.models import Problem, Row, Severity, SourceInfo
from bulk_import.sources.remote import is_pattern, is_remote, matches, shown, source_stat
from bulk_import.sources.tally import Tally


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How to read a file. What is not set is detected.

    Attributes:
        sheet: Name of the tab.
        header_row: Row of the header as the spreadsheet program shows it, from 1; 0: there is
            none, the columns are ``Column A``, ``Column B``, …
        encoding: As Python calls it.
        delimiter: One character, or ``tab``.
        member: The file inside an archive that holds several.
        sheets: Several tabs as one source, by name; ``("all",)``: every visible one.
        hidden_rows: ``read`` or ``skip`` rows that a filter hides.
        columns: Column names that the mapping expects; used to find the header row and the sheet.
        may_take_subscribed: From a whole export, such as Mailchimp's, read the file of subscribed
            people. The caller must suppress the people in its other files.
        may_be_bare: A list of addresses without a header is read as one, from its first line.
    """

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    member: str | None = None
    sheets: tuple[str, ...] = ()
    hidden_rows: str = "read"
    columns: tuple[str, ...] = ()
    may_take_subscribed: bool = False
    may_be_bare: bool = False


@dataclass(slots=True)
class Source:
    """An open source. Iterate it once.

    Attributes:
        name: As given.
        kind: ``csv``, ``json``, ``html``, ``mht`` (a web page in one file), ``xlsx``, ``xls``,
            ``xlsb``, ``ods``, ``fods`` (ODS that is one XML file) or ``xml`` (XML Spreadsheet 2003).
        evidence: How encoding and delimiter were determined.
        problems: What opening found: duplicate headers, other sheets.
        dialect: How a delimited file is written; empty for workbooks.
        tally: Counters that grow while the rows are read.
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
    tally: Tally = field(default_factory=Tally)

    @property
    def hidden_rows(self) -> int:
        """Rows read so far that a filter hides."""
        return self.tally.hidden

    def findings(self) -> list[Problem]:
        """Return problems that are known only after the last row, such as hidden rows."""
        return self.tally.findings()

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file's bytes (of an archive: of the file inside)."""
        import hashlib

        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()

    def info(self, *, with_fingerprint: bool = True) -> SourceInfo:
        """Return the description of the source that the journal stores."""
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
    """Open a spreadsheet file of any supported kind, packed or not.

    Args:
        path: A path, or ``-`` for standard input.
        options: How to read it.

    Raises:
        SourceError: It cannot be read; the message says where, why and what would work.
    """
    from bulk_import.sources.container import regular_file
    from bulk_import.sources.exports import export_in
    from bulk_import.sources.opening import opened

    name = shown(str(path))
    with ExitStack() as stack:
        file = stack.enter_context(
            regular_file(str(path), options.member, may_take_subscribed=options.may_take_subscribed)
        )
        try:
            source = opened(stack, file, name, options)
        except OSError as exc:
            raise SourceError(
                Message(
                    "{name}: cannot be read any more: {strerror}; was it moved or replaced?",
                    name=name,
                    strerror=exc.strerror,
                ),
                code="SOURCE_UNREADABLE",
            ) from None
        export = export_in(name) if options.may_take_subscribed and not options.member else None
        if export is not None:
            source.problems.append(
                Problem(
                    "ARCHIVE_EXPORT",
                    Message("a whole export: {export}", export=export),
                    severity=Severity.WARNING,
                )
            )
        yield source


def sheet_names(path: str | Path, member: str | None = None) -> list[str]:
    """Return the visible sheets of a workbook; nothing for a file without sheets, and for stdin.

    Raises:
        SourceError: It cannot be opened.
    """
    from bulk_import.sources.container import kind_of, regular_file
    from bulk_import.sources.opening import tabs_of

    name = shown(str(path))
    if name == "-":
        return []  # it can be read once
    with ExitStack() as stack:
        file = stack.enter_context(regular_file(str(path), member, may_take_subscribed=True))
        kind = kind_of(file, name)
        if kind in ("text", "json", "html"):
            return []
        tabs, _ = tabs_of(stack, file, name, kind)
        return [tab.name for tab in tabs if not tab.is_hidden]


def read_rows(path: str | Path, **source_options: object) -> Iterator[Row]:
    """Yield the rows of a spreadsheet.

    Args:
        path: A path, or ``-`` for standard input.
        **source_options: As in ``SourceOptions``: sheet, sheets, header_row, encoding, delimiter,
            member, hidden_rows.

    Raises:
        SourceError: It cannot be read as it is.
    """
    with open_source(path, SourceOptions(**source_options)) as source:  # type: ignore[arg-type]
        yield from source


LOCK_PREFIX = "~$"  # of the file that Excel keeps beside a workbook that is open
Sources = str | Path | Sequence[str | Path]


def expand_sources(sources: Sources, newest: int = 0) -> list[str]:
    """Return the files that *sources* name, patterns expanded and sorted, each file once.

    Args:
        newest: Keep only this many of each pattern's matches, the last modified ones, oldest first;
            0 = all. Several files named one by one count as the matches of one pattern, because
            a shell expands patterns before we see them.

    Raises:
        SourceError: A pattern matches nothing.
    """
    named = list(map(str, [sources] if isinstance(sources, str | Path) else sources))
    patterns = [path for path in named if _is_pattern(path)]
    single = [path for path in named if path not in patterns]
    found: dict[str, None] = {}
    if newest and len(single) > 1:
        kept = _newest([(source_stat(path)[1], path) for path in single], newest)
    else:
        kept = single
    for path in named:
        if path not in patterns:
            found.update(dict.fromkeys([path] if path in kept else []))
        elif is_remote(path):
            found.update(dict.fromkeys(_matches_elsewhere(path, newest)))
        else:
            found.update(dict.fromkeys(_matches_here(path, newest)))
    if newest and kept is not single:
        others = [path for path in found if path not in kept]
        return [*others, *kept]
    return list(found)


def _is_pattern(path: str) -> bool:
    if is_remote(path):
        return is_pattern(path)
    return path != "-" and glob.has_magic(path) and not Path(path).exists()


def _matches_here(pattern: str, newest: int) -> list[str]:
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - absolute patterns too
    locks = [match for match in matches if Path(match).name.startswith(LOCK_PREFIX)]
    if locks:
        _warn_of_locks(locks)
    matches = [match for match in matches if match not in locks]
    if not matches:
        raise SourceError(
            Message("{pattern}: no file has such a name", pattern=pattern), code="SOURCE_MISSING"
        )
    if not newest:
        return matches
    files = [match for match in matches if Path(match).is_file()] or matches
    return _newest([(source_stat(match)[1], match) for match in files], newest)


def _warn_of_locks(locks: Sequence[str]) -> None:
    import logging

    log = logging.getLogger(__name__)
    for lock in locks:
        log.warning(
            "%s is left out: it only says that a spreadsheet program has the file open", lock
        )


def _matches_elsewhere(pattern: str, newest: int) -> list[str]:
    found = matches(pattern)
    if not found:
        raise SourceError(
            Message("{pattern}: no file has such a name", pattern=shown(pattern)),
            code="SOURCE_MISSING",
        )
    return _newest(found, newest) if newest else sorted(path for _, path in found)


def _newest(found: Sequence[tuple[float, str]], number: int) -> list[str]:
    """Return the last modified files, oldest first; files with equal times are ordered by name."""
    return [path for _, path in sorted(found)[-number:]]
