"""Opens sources and binds the mapping to them: where a run's rows come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bulk_import.errors import Message, SettingsError, SourceError
from bulk_import.journal import Journal
from bulk_import.mapping.binding import Lists, bind
from bulk_import.mapping.consent import ConsentWatch
from bulk_import.mapping.loading import AnyMapping, ColumnMapping, load_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.unverified import RememberedNames
from bulk_import.models import VANISHED, Problem, Row, SourceInfo
from bulk_import.normalize.tags import is_manager_name
from bulk_import.run.corrections import Corrections, corrections_beside, read_corrections
from bulk_import.run.judging import BATCH, JudgingStoppedError
from bulk_import.run.plan import Input
from bulk_import.sources import Source, SourceOptions, open_source
from bulk_import.sources.damage import DamageDetector
from bulk_import.sources.frame import frame_rows
from bulk_import.sources.query import is_query
from bulk_import.sources.remote import is_remote, shown
from bulk_import.stopping import in_thread

if TYPE_CHECKING:
    import pandas


class Names(Protocol):
    """What the account calls its lists and managers."""

    @property
    def known_lists(self) -> Lists | None:
        """Title or id of a list -> the ids that it may mean; ``None`` = sent as they are."""
        ...

    @property
    def manager_ids(self) -> Mapping[str, str]:
        """Name -> id."""
        ...


@dataclass(frozen=True, slots=True)
class KnownNames:
    """``Names`` as plain values: for the second process, and for a run that does not ask."""

    known_lists: Lists | None = None
    manager_ids: Mapping[str, str] = field(default_factory=dict)


def remembered_names(lists: Mapping[str, str], managers: Mapping[str, str]) -> Names:
    """Return names that the account used some time ago, for a run that does not ask it.

    Args:
        lists, managers: Name -> id.
    """
    return KnownNames(
        RememberedNames({title: (id_,) for title, id_ in lists.items()}, lambda it: (it,), bool),
        RememberedNames(managers, str, is_manager_name),
    )


OpenedSource = tuple[Source, RowMapper, Corrections | None]


@contextmanager
def opened_sources(
    paths: Sequence[str],
    mapping: ColumnMapping,
    names: Names | None,
    *,
    at: datetime | None = None,
) -> Iterator[list[OpenedSource]]:
    """Open every source and bind the mapping to it, all before the first row is read.

    Corrections are applied to the rows as they are read.

    Args:
        at: The moment by which time zones are read; ``None`` = now.

    Raises:
        SetupError: A source cannot be read at all, or the mapping does not fit it.
    """
    options = options_of(mapping)
    moment = at or datetime.now(UTC)  # the same for all of them
    if mapping.spec.source.corrections and len(paths) > 1:
        raise SettingsError(
            "--corrections: give one source; its rows are corrected by their numbers"
        )
    with ExitStack() as stack:
        opened: list[OpenedSource] = []
        for path in paths:
            source = stack.enter_context(open_source(path, options))
            mapper = row_mapper(mapping, source.header, names, at=moment)
            corrections = corrections_of(path, mapping, mapper)
            if corrections is not None:
                corrections.check(source.name, source.header)
                source.problems.append(corrections.note())
                source.rows = corrections.watched(source.rows)
            if mapping.spec.source.places:
                source.rows = _placed(source.rows, mapping.spec.source.places)
            opened.append((source, mapper, corrections))
        yield opened


def _placed(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[Row]:
    """Yield rows that stand where their cells say; those that say nothing stay where they are."""
    for row in rows:
        source, sheet, number = (row.cells.get(column, "") for column in columns)
        is_said = source and number.isascii() and number.isdigit()
        yield replace(row, source=source, sheet=sheet, number=int(number)) if is_said else row


@contextmanager
def opened_inputs(
    paths: Sequence[str],
    mapping: ColumnMapping,
    names: Names | None,
    *,
    at: datetime | None = None,
) -> Iterator[Iterator[Input]]:
    """As ``opened_sources``, with rows watched for damage by spreadsheet programs."""
    with opened_sources(paths, mapping, names, at=at) as opened:
        yield (_watched(*one, is_placed=bool(mapping.spec.source.places)) for one in opened)


def _watched(
    source: Source, mapper: RowMapper, corrections: Corrections | None, *, is_placed: bool
) -> Input:
    detector = DamageDetector(mapper.roles)

    def findings() -> list[Problem]:
        unused = corrections.findings() if corrections is not None else []
        return [*source.findings(), *unused, *detector.findings()]

    info = source.info()
    if is_placed:
        info = replace(info, dialect={**info.dialect, "places": "1"})
    return Input(
        info, detector.watched(source), mapper, source.problems, findings,
        bare_rows=source.rows, detector=detector,
    )  # fmt: skip


def frame_input(
    frame: pandas.DataFrame, name: str, mapping: ColumnMapping, names: Names | None
) -> Input:
    """Return a DataFrame as an open source.

    Args:
        name: What reports call it.

    Raises:
        MappingError: The mapping does not fit its columns.
    """
    info, rows = frame_rows(frame, name)
    return Input(info, rows, row_mapper(mapping, info.header, names))


def corrections_of(path: str, mapping: ColumnMapping, mapper: RowMapper) -> Corrections | None:
    """Return the corrections of a source: those that are named, else those beside it, if any.

    Raises:
        SourceError: ``CORRECTIONS_UNREADABLE``.
    """
    file = corrections_file(path, mapping)
    if file is None:
        return None
    by_contact = mapping.spec.source.corrections_by == "contact"
    return Corrections(
        file, read_corrections(file), contact_of=mapper.email_text if by_contact else None
    )


async def mapping_for(mapping: AnyMapping, paths: Sequence[str]) -> ColumnMapping:
    """Return the mapping with the suppression lists that are inside the sources.

    What is elsewhere is fetched in a thread, so that a signal is heard meanwhile.
    """
    loaded = load_mapping(mapping)
    if not any(map(is_remote, paths)):
        return loaded.for_sources(paths)
    return await in_thread(lambda: loaded.for_sources(paths))


def corrections_file(path: str, mapping: ColumnMapping) -> Path | None:
    """Return the file with the corrections of a source; ``None`` when there is none."""
    named = mapping.spec.source.corrections
    if named is not None:
        return mapping.folder / named
    beside = corrections_beside(path)
    return beside if beside is not None and beside.is_file() else None


def options_of(mapping: ColumnMapping) -> SourceOptions:
    """Return what a mapping says of its source."""
    spec = mapping.spec.source
    return SourceOptions(
        sheet=spec.sheet,
        header_row=spec.header_row,
        encoding=spec.encoding,
        delimiter=spec.delimiter,
        member=spec.member,
        sheets=spec.sheets,
        hidden_rows=spec.hidden_rows,
        may_take_subscribed=mapping.exports is not None,
        columns=tuple(
            dict.fromkeys(
                column
                for rule in mapping.spec.fields.values()
                for column in (*rule.column, *rule.columns)
            )
        ),
    )


def row_mapper(
    mapping: ColumnMapping,
    header: Sequence[str],
    names: Names | None,
    *,
    at: datetime | None = None,
) -> RowMapper:
    """Bind the mapping to a header; list titles and managers are known when *names* are."""
    return RowMapper(
        bind(
            mapping,
            header,
            lists=names.known_lists if names else None,
            managers=names.manager_ids if names else None,
            at=at or datetime.now(UTC),
        )
    )


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What reading every row, and judging none, shows.

    Attributes:
        blank: Rows whose e-mail is blank.
        says_no: Whether an e-mail cell says that its address is not to be written to.
        findings: (source, problem): consent that nothing looks at.
    """

    rows: int = 0
    blank: int = 0
    says_no: bool = False
    findings: Sequence[tuple[str, Problem]] = ()


def survey(
    opened: Sequence[OpenedSource],
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Surveyed:
    """Read every source completely without judging its rows.

    What makes a source unreadable as a whole (a quotation mark that is never closed, a byte in
    another encoding, an archive cut off) is found here, before anything is sent.

    Raises:
        SourceError: A source cannot be read completely.
        JudgingStoppedError: ``is_stopping`` returned true.
    """
    rows = blank = 0
    says_no = False
    findings: list[tuple[str, Problem]] = []
    for source, mapper, _ in opened:
        has_email, keeps_back = mapper.has_email, mapper.keeps_back
        consent = ConsentWatch(source.header)
        for row in source:
            rows += 1
            blank += not has_email(row.cells)
            says_no = says_no or mapper.says_no(row.cells)
            if consent.is_watching and not keeps_back(row.cells):
                consent.see(row.cells)
            if rows % BATCH == 0 and is_stopping():
                raise JudgingStoppedError
        findings += [(source.name, problem) for problem in consent.findings()]
    return Surveyed(rows, blank, says_no, findings)


def too_few(rows: int, mapping: ColumnMapping) -> Problem | None:
    """Return the problem of sources with fewer rows than the mapping's ``min_rows``."""
    fewest = mapping.spec.min_rows
    if fewest is None or rows >= fewest:
        return None
    message = Message(
        "{rows:,} rows, and the mapping asks for at least {fewest:,} (min_rows)",
        rows=rows,
        fewest=fewest,
    )
    return Problem("ROWS_TOO_FEW", message)


def refuse_as_a_whole(rows: int, without_email: int, mapping: ColumnMapping) -> None:
    """Refuse sources with too few rows, or in which most rows have no e-mail.

    Raises:
        SourceError: ``ROWS_TOO_FEW``; ``EMAIL_MOSTLY_MISSING``: the wrong column or sheet is likely.
    """
    few = too_few(rows, mapping)
    if few is not None:
        raise SourceError(
            Message("{message}; nothing was sent", message=Message.of(few.message)), code=few.code
        )
    if rows >= 10 and without_email * 2 > rows:
        raise SourceError(
            Message(
                "{without_email:,} of {rows:,} rows have no e-mail: probably another column "
                "is meant by lead_email, or the wrong sheet is read; nothing was sent (when: "
                "no_email: create sends such rows)",
                without_email=without_email,
                rows=rows,
            ),
            code="EMAIL_MOSTLY_MISSING",
        )


def changed_sources(
    journal: Journal,
    paths: Sequence[str] | None,
    mapping: ColumnMapping,
    *,
    has_stdin: bool,
    begun_with: Sequence[str] = (),
    frame: SourceInfo | None = None,
    is_unread: bool = False,
) -> Iterator[str]:
    """Yield how the sources differ from those that the journal knows.

    Args:
        paths: The sources of this invocation; ``None`` = those that the journal names.
        has_stdin: Whether standard input may be read for the comparison; it can be read once.
        begun_with: All sources of a run that was stopped while reading: they must still exist.
            Empty for a run whose rows are all in the journal.
        frame: The DataFrame of this invocation.
        is_unread: The run was stopped before all its rows were in the journal.
    """
    # Contacts that have vanished came from no source.
    known = {n: info for n, info in journal.sources().items() if info.kind != VANISHED}
    is_frame = any(info.kind == "frame" for info in known.values())
    if frame is not None or is_frame:
        yield from _changed_frame(known, paths, frame, is_needed=is_unread)
        return
    expected = len(begun_with or known)
    if paths is not None and known and len(paths) != expected:
        yield Message("it had {n} sources, now there are {now}", n=expected, now=len(paths))
        return
    for at, (number, info) in enumerate(known.items()):
        path = paths[at] if paths is not None else info.name
        if path == "-" and not has_stdin:
            continue
        if not begun_with and paths is None and is_remote(path):
            continue  # every row is in the journal: it need not be fetched to say so
        if not begun_with and is_query(path):
            continue  # likewise: the run keeps what the query found when it began
        if not is_remote(path) and path != "-" and not Path(path).exists():
            if begun_with:
                yield Message("{path} is gone, and was not read completely", path=path)
            continue  # as above
        yield from _changed(journal, number, info.sha256, path, mapping, is_needed=bool(begun_with))


def _changed(
    journal: Journal,
    number: int,
    sha256: str,
    path: str,
    mapping: ColumnMapping,
    *,
    is_needed: bool,
) -> Iterator[str]:
    """Yield how one source differs from the one with that digest.

    Args:
        is_needed: It must be read again; else one that cannot be fetched any more is no difference.

    Raises:
        SourceError: It is needed and cannot be fetched.
    """
    try:
        with open_source(path, options_of(mapping)) as source:
            if source.fingerprint() == sha256:
                return
            before, after = journal.count_rows(number), sum(1 for _ in source)
    except SourceError as exc:
        if not is_remote(path):
            yield Message("{path} has changed (its contents differ: {exc})", path=path, exc=exc)
        elif is_needed:
            raise
        return
    rows = (
        Message("; {n:,} rows then and now", n=after)
        if after == before
        else Message("; {before:,} rows then, {n:,} now", before=before, n=after)
    )
    yield Message(
        "{path} has changed (its contents differ{rows})",
        path=shown(path),
        rows="" if is_needed else rows,
    )


def _changed_frame(
    known: Mapping[int, SourceInfo],
    paths: Sequence[str] | None,
    frame: SourceInfo | None,
    *,
    is_needed: bool,
) -> Iterator[str]:
    """As ``changed_sources``, where the source is, or was, a DataFrame."""
    before = known.values()
    if frame is None and paths:
        yield "its rows came from a DataFrame, now they come from files"
    elif frame is None and is_needed:
        yield (
            "its DataFrame was not read completely and is not in the folder: call import_frame "
            "with the same frame and folder"
        )
    elif frame is not None and any(info.kind != "frame" for info in before):
        yield "its rows came from files, now they come from a DataFrame"
    elif frame is not None and any(info.sha256 != frame.sha256 for info in before):
        yield "the DataFrame has changed (its contents differ)"
