"""Corrections of cells, kept beside the source as ``NAME.corrections.csv``; the source stays as it is.

One line per edit: where the cell is, what it said, what it is to say; later lines about a cell start
from earlier ones. A correction whose ``before`` is not what the cell says refuses the row: the
source has changed, and nobody knows whether the correction is still meant. By contact
(``--corrections-by contact``) corrections find their rows in tomorrow's export again, wherever they
are; a cell that was changed there is left alone.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bulk_import.errors import Message, SourceError
from bulk_import.models import Problem, Row, Severity
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.result import NormalizeError
from bulk_import.system.files import replaced

COLUMNS = ("sheet", "row", "column", "before", "after", "at", "contact")
_NEEDED = COLUMNS[:5]
_SUFFIX = ".corrections.csv"
_NAMED = 5  # rows that a message names

Key = tuple[str, int, str]
ContactOf = Callable[[Mapping[str, str]], str]


@dataclass(frozen=True, slots=True)
class Correction:
    """One corrected cell.

    Attributes:
        sheet: Empty where the format has none.
        row: As the spreadsheet program shows it.
        before: What the cell says in the source, exactly.
        at: When it was made, RFC 3339 UTC; for people.
        contact: Who the row is about, to find it in another export; may be empty.
    """

    sheet: str
    row: int
    column: str
    before: str
    after: str
    at: str = ""
    contact: str = ""

    @property
    def key(self) -> Key:
        return (self.sheet, self.row, self.column)


def corrections_beside(source: str) -> Path | None:
    """Return where the corrections of a source are kept, there or not; ``None`` for no local file."""
    if source == "-" or "://" in source:
        return None
    path = Path(source)
    name = path.name
    for packed in (".gz", ".bz2", ".xz", ".zip"):
        name = name.removesuffix(packed)
    return path.with_name(f"{Path(name).stem}{_SUFFIX}")


def read_corrections(path: Path) -> list[Correction]:
    """Read a file of corrections, in its order.

    Raises:
        SourceError: ``CORRECTIONS_UNREADABLE``: it is not one.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else Message("it is not UTF-8")
        raise _unreadable(path, Message("cannot be read: {reason}", reason=reason)) from None
    lines = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in _NEEDED if name not in (lines.fieldnames or ())]
    if missing:
        raise _unreadable(
            path,
            Message(
                "no column {missing}; corrections have {columns}",
                missing=", ".join(missing),
                columns=", ".join(COLUMNS),
            ),
        )
    try:
        return [_correction(path, lines.line_num, line) for line in lines]
    except csv.Error as exc:
        raise _unreadable(
            path, Message("line {number}: {exc}", number=lines.line_num, exc=exc)
        ) from None


def write_corrections(path: Path, corrections: Iterable[Correction]) -> None:
    """Write a file of corrections, by place, edits of one cell in their order; none removes it.

    Raises:
        StorageError: It cannot be written.
    """
    ordered = sorted(corrections, key=lambda one: (one.sheet, one.row, one.column))
    if not ordered:
        path.unlink(missing_ok=True)
        return
    with replaced(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        writer.writerows(
            (one.sheet, one.row, one.column, one.before, one.after, one.at, one.contact)
            for one in ordered
        )
        text.detach()  # writes what it holds


def digest_of(path: Path | None) -> str:
    """Return the SHA-256 of a file of corrections; empty when there is none."""
    if path is None or not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def contact_key(text: str) -> str:
    """Return how a contact is found again: the normalized address, else the text as it is."""
    try:
        return normalize_email(text, several="first").value.lower()
    except NormalizeError:
        return text.strip().lower()


class Corrections:
    """The corrections of one source, applied while its rows stream by.

    Attributes:
        applied: Cells corrected so far.
    """

    def __init__(
        self, path: Path, corrections: Iterable[Correction], *, contact_of: ContactOf | None
    ) -> None:
        """Make them.

        Args:
            contact_of: What a row's cells say of who it is; ``None`` = corrections are found by row.
        """
        self.applied = 0
        self._path = path
        self._contact_of = contact_of
        self._all = tuple(corrections)
        self._left = {one.key for one in self._all}
        self._rows: dict[tuple[str, int], list[Correction]] = {}
        self._contacts: dict[str, list[Correction]] = {}
        for one in self._all:
            if contact_of is None:
                self._rows.setdefault((one.sheet, one.row), []).append(one)
            elif one.contact:
                self._contacts.setdefault(contact_key(one.contact), []).append(one)

    def check(self, source: str, header: Iterable[str]) -> None:
        """Refuse corrections of columns that the source does not have.

        Raises:
            SourceError: ``CORRECTIONS_UNREADABLE``.
        """
        unknown = sorted({one.column for one in self._all} - set(header))
        if unknown:
            named = ", ".join(map(repr, unknown[:_NAMED]))
            raise _unreadable(
                self._path, Message("{source} has no column {named}", source=source, named=named)
            )

    def note(self) -> Problem:
        """Return the problems to show before the first row."""
        how = "" if self._contact_of is None else Message(", found by contact")
        return Problem(
            "CORRECTIONS_APPLIED",
            Message(
                "corrections of {path} that are applied{how}: {n:,}",
                n=len(self._all),
                path=self._path,
                how=how,
            ),
            severity=Severity.WARNING,
        )

    def watched(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows, corrected."""
        for row in rows:
            yield self.apply(row)

    def apply(self, row: Row) -> Row:
        """Return the row with its corrections, or with the problem that one does not fit."""
        if self._contact_of is not None:
            meant = self._contacts.get(contact_key(self._contact_of(row.cells)))
        else:
            meant = self._rows.get((row.sheet, row.number))
        return row if not meant else self._corrected(row, meant)

    def findings(self) -> list[Problem]:
        """Return the corrections that found no cell; known after the last row."""
        if not self._left:
            return []
        rows = ", ".join(str(row) for row in sorted({row for _, row, _ in self._left})[:_NAMED])
        return [
            Problem(
                "CORRECTIONS_UNUSED",
                Message(
                    "{n:,} corrections of {path} found no row (row {rows})",
                    n=len(self._left),
                    path=self._path,
                    rows=rows,
                ),
                severity=Severity.WARNING,
            )
        ]

    def _corrected(self, row: Row, meant: Iterable[Correction]) -> Row:
        cells = dict(row.cells)
        problems = list(row.problems)
        for one in meant:
            found = cells[one.column]
            if found == one.before:
                self.applied += 1
                self._left.discard(one.key)
                cells[one.column] = one.after
                problems = [p for p in problems if p.column != one.column]
            elif found == one.after:
                self._left.discard(one.key)
            elif self._contact_of is None:
                self._left.discard(one.key)
                problems.append(_stale(one, found))
        return replace(row, cells=cells, problems=tuple(problems))


def _stale(one: Correction, found: str) -> Problem:
    # Without a column: it concerns the row, also where nothing is made of the column.
    return Problem(
        "CORRECTION_STALE",
        Message(
            "the correction of {column} expects {before!r} and the cell says {found!r}; make "
            "it again, or remove its line",
            column=one.column,
            before=one.before,
            found=found,
        ),
        value=found,
    )


def _correction(path: Path, number: int, line: Mapping[str, str | None]) -> Correction:
    texts = {name: line.get(name) or "" for name in COLUMNS}
    row = texts["row"].strip()
    if not row.isascii() or not row.isdigit() or not int(row):
        raise _unreadable(
            path, Message("line {number}: row {row!r} is not a row number", number=number, row=row)
        )
    if not texts["column"]:
        raise _unreadable(path, Message("line {number}: it names no column", number=number))
    return Correction(
        texts["sheet"], int(row), texts["column"], texts["before"], texts["after"], texts["at"],
        texts["contact"],
    )  # fmt: skip


def _unreadable(path: Path, why: str) -> SourceError:
    return SourceError(Message("{path}: {why}", path=path, why=why), code="CORRECTIONS_UNREADABLE")
