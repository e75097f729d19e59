"""The values that travel through a run, in the order in which they are made.

Row (as read) -> Record (as it will be sent) -> Outcome (as reported) -> Summary (as counted)

All are frozen, so stages and processes can share them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from bulk_import.errors import EXIT_BUG, EXIT_SOME_FAILED, Message

if TYPE_CHECKING:
    import pandas


VANISHED = "vanished"  # kind of the made-up source that holds contacts missing from all others


class Status(StrEnum):
    """How a row ended. Every row of a source ends in exactly one of these."""

    SUCCESS = "success"
    FAILED = "failed"
    UNKNOWN = "unknown"
    INVALID = "invalid"
    DUPLICATE = "duplicate"
    SUPPRESSED = "suppressed"
    SKIPPED = "skipped"
    UNCHANGED = "unchanged"
    NOT_SENT = "not_sent"


class Severity(StrEnum):
    """Whether a problem stops its cell (or row) from being sent."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or doubtful, with a cell or a whole row.

    Attributes:
        code: Symbolic code of the catalogue in ``bulk_import.codes``, such as ``PHONE_INVALID``.
        message: What was found and what would work, in one sentence without a full stop.
        column: Header of the cell's column; empty when the row as a whole is meant.
        field: API field the cell was meant for; empty while the row is only read.
        value: The offending text as read. Personal: for reports, never for logs.
        severity: An error refuses the cell; a warning lets it pass and is reported.
    """

    code: str
    message: str
    column: str = ""
    field: str = ""
    value: str = ""
    severity: Severity = Severity.ERROR

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        where, message = self.column or self.field, Message.of(self.message)
        return Message.joined(": ", (where, message)) if where else message


def in_words(problems: Iterable[Problem]) -> str:
    """Return *problems* as one line of text, each once: the only place where they become one.

    A column that feeds several fields has the same problem for each of them.
    """
    return Message.joined("; ", {str(problem): problem for problem in problems}.values())


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a source, every cell the text that the person sees.

    Attributes:
        source: The file's name as it was given, or ``-`` for standard input.
        sheet: The tab's name; empty where the format has none.
        number: As the spreadsheet program shows it: the first line of the file is 1.
        cells: Header -> text, in column order. An empty cell is ``""``, never missing.
        problems: What reading found. A cell's problem names its column; one without a column
            (a ragged row) concerns the row as a whole.
    """

    source: str
    sheet: str
    number: int
    cells: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it will be sent, or the reasons why it will not.

    Attributes:
        row: Where it came from.
        email: The normalized, lower-cased address: the contact's key on the server. Empty for a
            row without one, which the server would create again at each call.
        contact: What the reports call the contact: ``email``, else the phone, else empty.
        fields: Form parameters and values in catalogue order, extras last; no empty values unless
            the mapping clears a field by name. The API key is never among them.
        problems: Errors and warnings of all cells together.
        skipped: Which rule of the mapping keeps the row from being sent, and the cell; its value are
            the addresses of the person, where the row has several.
        others: Addresses of the person to which the row is not sent.
    """

    row: Row
    email: str
    contact: str
    fields: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...] = ()
    skipped: Problem | None = None
    others: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.is_error)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if not p.is_error)

    @property
    def is_valid(self) -> bool:
        return not any(p.is_error for p in self.problems)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row; a line of ``report.csv``.

    Attributes:
        error_code: The API's number for an answer of the API, else a symbolic code, else empty.
        said: What the server answered, or why a row without an answer was not sent.
        reasons: Why the row was refused before sending; empty for any other row.
        warnings: What was doubtful about a row that passed.
        attempts: Requests made for this row, over all runs and resumes.
        http_status: Of the last answer; ``None`` when there was none.
        finished_at: RFC 3339 UTC; empty for a row that was not sent.
        elapsed_ms: Of the last attempt; ``None`` when there was none.
    """

    source: str
    sheet: str
    row: int
    contact: str
    status: Status
    error_code: str = ""
    said: str = ""
    reasons: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    attempts: int = 0
    http_status: int | None = None
    finished_at: str = ""
    elapsed_ms: int | None = None

    @property
    def message(self) -> str:
        """The reasons in words, else what the server answered."""
        return in_words(self.reasons) if self.reasons else self.said


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is remembered of one source, so that its rejects can be written back in its own format.

    Attributes:
        name: As given on the command line; ``-`` for standard input.
        kind: ``csv``, ``xlsx``, ``ods``, … as detected; ``frame`` for a DataFrame.
        header: The columns as addressed by the mapping, in order.
        labels: The same columns exactly as in the file; may repeat or be empty.
        sha256: Of the file's bytes, hexadecimal.
        dialect: How the file is written: delimiter, quotechar, lineterminator, bom, …; text only.
    """

    name: str
    kind: str
    sheet: str = ""
    encoding: str = ""
    header_row: int = 1
    header: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    sha256: str = ""
    dialect: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended, counted from its journal and from nothing else.

    Attributes:
        run_dir: The run's folder; empty when nothing was written.
        counts: Every status, also those with no rows.
        rows_read: Rows that came out of the sources, counted while reading.
        rows_unread: Rows of the sources that the run has not come to; 0 for a whole run.
        requests: Requests made for rows, over all resumes.
        by_code: Error code -> number of rows, most frequent first.
        stopped: Why the run ended before its rows did; empty when it did not.
        stop_code: 3, 5, 130 or 143 for such a run, else 0.
        started_at, finished_at: RFC 3339 UTC.
        elapsed_s: Seconds from the first start to the last end.
        dry_run: Nothing was sent; the report says what would have been.
        notes: What else people should know, such as a file that was kept.
    """

    run_dir: str
    sources: tuple[str, ...]
    mapping: str
    endpoint: str
    counts: Mapping[Status, int]
    rows_read: int
    requests: int = 0
    by_code: Mapping[str, int] = field(default_factory=dict)
    stopped: str = ""
    stop_code: int = 0
    started_at: str = ""
    finished_at: str = ""
    elapsed_s: float = 0.0
    dry_run: bool = False
    rows_unread: int = 0
    notes: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether every row that was read is accounted for exactly once."""
        return self.rows_read == sum(self.counts.values())

    @property
    def exit_code(self) -> int:
        if not self.balanced:
            return EXIT_BUG
        if self.stop_code:
            return self.stop_code
        badly = (Status.FAILED, Status.INVALID, Status.UNKNOWN)
        return EXIT_SOME_FAILED if any(self.counts.get(status) for status in badly) else 0

    def _repr_html_(self) -> str:
        """Return a table for a notebook: the statuses that occur, and where the report is."""
        counts = [(status.value, n) for status, n in self.counts.items() if n]
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td style='text-align:right'>{number:,}</td></tr>"
            for name, number in [*counts, ("rows read", self.rows_read)]
        )
        notes = [
            "a rehearsal: nothing was sent" if self.dry_run else "",
            f"stopped: {self.stopped}" if self.stopped else "",
            "" if self.balanced else "the counts do not add up: please report this bug",
            *self.notes,
            f"report: {Path(self.run_dir) / 'report.html'}" if self.run_dir else "nothing to send",
        ]
        lines = "<br>".join(escape(note) for note in notes if note)
        return f"<table>{rows}</table><p>{lines}</p>"

    def frame(self) -> pandas.DataFrame:
        """Return the report as a DataFrame, every column text, one line per source row.

        It is empty for a run that wrote nothing.
        """
        import pandas as pd

        if not self.run_dir:
            return pd.DataFrame()
        path = Path(self.run_dir) / "report.csv"
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
