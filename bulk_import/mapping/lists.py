"""A suppression list -> its entries, and the cells that were not understood.

Lists are read as sources are, every cell of every sheet, and understood as addresses of rows are.
An entry that is not understood is named with its place: it may be somebody who said no.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bulk_import.errors import MappingError, MappingProblem, Message, SourceError
from bulk_import.mapping.schema import SuppressSpec
from bulk_import.normalize.consent import folded_cell
from bulk_import.normalize.folding import fold
from bulk_import.normalize.mailboxes import domain_in, domain_key, email_key, is_spoken, mailboxes
from bulk_import.normalize.providers import is_public_provider
from bulk_import.normalize.text import clean_line
from bulk_import.sources import SourceOptions
from bulk_import.sources.lines import open_lines
from bulk_import.sources.table import Line

_HASH = re.compile(r"(?:(?:md5|sha-?1|sha-?256)[:=]\s*)?([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})")
_DOMAIN_HEADER = re.compile(r"\b(?:domains?|домен\w*|domaines?|domini[oo]?s?|domen\w*|alan adi)\b")
_HASH_HEADER = re.compile(r"\b(?:md5|sha ?1|sha ?256|hash\w*|хеш\w*|хэш\w*|digests?)\b")
_AN_AT = re.compile(
    r"[@\uff20\ufe6b]|%40|&#0*64;?|&#x0*40;?|&commat;?|[(\[{]\s*at\s*[)\]}]", re.IGNORECASE
)
_TOKEN = re.compile(r"\S*[.\d]\S*")  # in a column of addresses: was meant for one, or is none
_PLACEHOLDERS = frozenset({"-", "--", "n/a", "na", "none", "null", "nil"})
_HEADER_ROWS = 40  # lines in which a header is looked for
_ROWS_NAMED = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell of a list that was not understood."""

    place: str
    row: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.place} {self.text[:80]!r}"


@dataclass(frozen=True, slots=True)
class ListReport:
    """What became of one list.

    Attributes:
        understood: Different addresses, domains and hashes.
        unknown: Every cell that was not understood.
    """

    name: str
    understood: int
    unknown: tuple[Entry, ...]

    def __str__(self) -> str:
        said = Message(
            "suppression list {name}: {understood:,} entries understood",
            name=self.name,
            understood=self.understood,
        )
        if not self.unknown:
            return said
        named = ", ".join(map(str, self.unknown[:_ROWS_NAMED]))
        more = len(self.unknown) - _ROWS_NAMED
        rest = Message(" and {more:,} more", more=more) if more > 0 else ""
        return Message(
            "{said}, {n:,} NOT understood and not honoured: {named}{rest}",
            said=said,
            n=len(self.unknown),
            named=named,
            rest=rest,
        )


@dataclass(slots=True)
class Entries:
    """Keys of what is suppressed."""

    addresses: set[str] = field(default_factory=set)
    gmail: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.addresses) + len(self.domains) + len(self.hashes)

    def add(self, others: Entries) -> None:
        self.addresses |= others.addresses
        self.gmail |= others.gmail
        self.domains |= others.domains
        self.hashes |= others.hashes


def read_list(
    path: Path | str, spec: SuppressSpec
) -> tuple[Entries, ListReport, list[MappingProblem]]:
    """Read a list to its end; return its entries, what became of it, and why it is refused.

    Raises:
        MappingError: It cannot be read to its end.
    """
    reader = _Reader(path, spec)
    report = reader.read()
    return reader.entries, report, reader.problems


class _Reader:
    """Reads one list."""

    def __init__(self, path: Path | str, spec: SuppressSpec) -> None:
        self.entries = Entries()
        self.problems: list[MappingProblem] = []
        self.spec = spec
        self._path = path
        self._unknown: list[Entry] = []
        self._lines = 0
        self._found_columns: set[str] = set()
        # Of a file without addresses: is it of hashes, or of domains, as a whole?
        self._bare = _Bare()

    def read(self) -> ListReport:
        """Read to the end.

        Raises:
            MappingError: That cannot be done.
        """
        spec = self.spec
        options = SourceOptions(
            sheet=spec.sheet, encoding=spec.encoding, delimiter=spec.delimiter, member=spec.member
        )
        try:
            with open_lines(self._path, options) as sheets:
                for name, lines in sheets:
                    _Sheet(self, name).read(lines)
        except SourceError as exc:
            if exc.code != "SOURCE_EMPTY":
                raise MappingError.of(
                    Message(
                        "suppress: {exc}; nothing is sent while a list cannot be read to its end",
                        exc=exc,
                    )
                ) from None
        self._end()
        unknown = tuple(sorted(self._unknown, key=lambda e: (e.row, e.column)))
        member = f" ({self.spec.member})" if self.spec.member else ""
        return ListReport(f"{self._path}{member}", len(self.entries), unknown)

    def _end(self) -> None:
        for column in self.spec.columns:
            if folded_cell(column) not in self._found_columns:
                self.refuse(
                    Message(
                        "has no column {column!r} in its first {header_rows} rows",
                        column=column,
                        header_rows=_HEADER_ROWS,
                    )
                )
        if not len(self.entries) and not self._unknown and self.spec.kind == "addresses":
            for kind, row, text in self._bare.entries():
                self.take(kind, text, row, 1)
        if not len(self.entries) and not self.problems and (self._lines > 1 or self._unknown):
            self.refuse("no e-mail address, domain or hash was found in it")

    def refuse(self, message: str, row: int = 0, column: int = 0) -> None:
        self.problems.append(
            MappingProblem(
                Message("suppress: {message}", message=Message.of(message)),
                str(self._path),
                row,
                column,
            )
        )

    def name(self, sheet: str, row: int, column: int, text: str) -> None:
        """Note a cell that was not understood."""
        place = (
            Message("sheet {sheet!r} row {row}", sheet=sheet, row=row)
            if sheet
            else Message("row {row}", row=row)
        )
        self._unknown.append(Entry(place, row, column, clean_line(text)))

    def count_line(self) -> None:
        self._lines += 1

    def found_column(self, folded: str) -> None:
        self._found_columns.add(folded)

    def take_bare(self, column: int, row: int, text: str) -> None:
        """Handle a cell that is no address, in a column whose header says nothing."""
        self._bare.add(column, row, text)

    def take(self, kind: str, text: str, row: int, column: int) -> bool:
        """Take an entry; return whether it was understood."""
        if kind == "hashes":
            match = _HASH.fullmatch(clean_line(text).lower())
            if match:
                self.entries.hashes.add(match[1])
            return match is not None
        if kind == "domains" and not _AN_AT.search(text):
            domain = domain_in(text)
            return bool(domain) and self._take_domain(domain, row, column)
        found = mailboxes(text)
        for address in found.addresses:
            self.entries.addresses.add(email_key(address))
            if self.spec.gmail_dots:
                self.entries.gmail.add(email_key(address, gmail_dots=True))
        taken = [self._take_domain(domain_key(domain), row, column) for domain in found.domains]
        return found.is_whole and bool(found.addresses or taken)

    def _take_domain(self, domain: str, row: int, column: int) -> bool:
        if is_public_provider(domain):
            self.refuse(
                Message(
                    "{domain} is a public mail provider: as a domain it would suppress "
                    "everybody there; remove the line, or name the column of the addresses: "
                    "suppress: [{{file: {name}, columns: E-mail}}]",
                    domain=domain,
                    name=Path(self._path).name,
                ),
                row,
                column,
            )
        else:
            self.entries.domains.add(domain)
        return True


class _Bare:
    """Cells without an ``@`` of columns that say nothing: a list of hashes or domains alone?"""

    def __init__(self) -> None:
        self._columns: set[int] = set()
        self._cells: list[tuple[int, str]] = []

    def add(self, column: int, row: int, text: str) -> None:
        self._columns.add(column)
        if len(self._columns) == 1:
            self._cells.append((row, text))
        else:
            self._cells.clear()

    def entries(self) -> Iterator[tuple[str, int, str]]:
        """Yield (kind, row, text) if all cells but a header are of one kind."""
        if len(self._columns) != 1:
            return
        for kind, is_one in (("hashes", _is_hash), ("domains", _is_domain)):
            body = self._cells if is_one(self._cells[0][1]) else self._cells[1:]
            if body and all(is_one(text) for _, text in body):
                yield from ((kind, row, text) for row, text in body)
                return


class _Sheet:
    """Reads one sheet of a list."""

    def __init__(self, reader: _Reader, name: str) -> None:
        self._reader = reader
        self._name = name
        spec = reader.spec
        self._wanted = {folded_cell(column) for column in spec.columns}
        self._only: set[int] = set()
        self._kind = spec.kind
        self._kinds: dict[int, str] = {}
        self._rows = 0
        self._understood: Counter[int] = Counter()
        self._filled: Counter[int] = Counter()
        self._odd: dict[int, list[tuple[int, str]]] = {}

    def read(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if line.is_blank:
                continue
            self._rows += 1
            self._reader.count_line()
            if self._rows <= _HEADER_ROWS and self._is_header(line):
                continue
            self._read_line(line)
        for column, cells in self._odd.items():
            # The first line may be a header that says nothing of its own.
            if self._understood[column] * 2 >= max(self._filled[column] - 1, 1):
                for row, text in cells:
                    self._reader.name(self._name, row, column + 1, text)

    def _is_header(self, line: Line) -> bool:
        """Learn what the columns are from a line without entries; return whether it named any."""
        if self._understood or any(_has_an_at(cell) for cell in line.cells):
            return False
        before = len(self._kinds), len(self._only)
        for at, cell in enumerate(line.cells):
            folded = folded_cell(cell)
            if folded and folded in self._wanted:
                self._only.add(at)
                self._reader.found_column(folded)
            if len(cell) > 40 or self._kind != "addresses" or _is_domain(cell):
                continue
            words = fold(cell.replace("_", " "))
            if _HASH_HEADER.search(words):
                self._kinds.setdefault(at, "hashes")
            elif _DOMAIN_HEADER.search(words):
                self._kinds.setdefault(at, "domains")
        return (len(self._kinds), len(self._only)) != before

    def _read_line(self, line: Line) -> None:
        broken = {at: problem for at, problem in line.problems if problem.is_error}
        for at, cell in enumerate(line.cells):
            if self._wanted and at not in self._only:
                continue
            if at in broken:
                self._reader.name(self._name, line.number, at + 1, cell or broken[at].message)
            elif cell.strip():
                self._read_cell(at, line.number, cell)

    def _read_cell(self, at: int, row: int, cell: str) -> None:
        kind = self._kinds.get(at, self._kind)
        self._filled[at] += 1
        text = cell.strip()
        if text.startswith("*."):
            kind, text = "domains", text[2:]
        if kind == "addresses" and not _has_an_at(cell):
            self._without_at(at, row, cell)
        elif self._reader.take(kind, text, row, at + 1):
            self._understood[at] += 1
        elif kind == "addresses" and self._is_handle(at, cell):
            return
        elif kind == "addresses" or self._rows > 1:  # or it is a header that says nothing
            self._reader.name(self._name, row, at + 1, cell)

    def _without_at(self, at: int, row: int, cell: str) -> None:
        text = clean_line(cell)
        self._reader.take_bare(at, row, text)
        if text.lower() not in _PLACEHOLDERS and _TOKEN.fullmatch(text) and len(text) > 4:
            self._odd.setdefault(at, []).append((row, text))

    def _is_handle(self, at: int, cell: str) -> bool:
        """Whether a cell such as ``@anna`` is of a column that holds no addresses."""
        return bool(re.fullmatch(r"@\w+", cell.strip())) and not self._understood[at]


def _has_an_at(cell: str) -> bool:
    return _AN_AT.search(cell) is not None or is_spoken(cell)


def _is_hash(text: str) -> bool:
    return _HASH.fullmatch(text.lower()) is not None


def _is_domain(text: str) -> bool:
    return bool(domain_in(text))
