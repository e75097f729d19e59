"""A private database for one job's lists, so that memory does not grow with them.

It holds personal data: only its owner can read it, it is in a folder of its own among the temporary
files, and it is removed whenever the job ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any, Generic, Self, TypeVar, overload

from bulk_import.errors import Message, StorageError
from bulk_import.system.files import temporary_folder
from bulk_import.system.sqlite import connect, make_private

T = TypeVar("T")

_CACHE_KIB = 8_000  # sorting takes as much again; more than fits goes through temporary files
_BATCH = 1000  # lines written by one transaction

Parameters = Sequence[object] | Mapping[str, object]


class Scratch:
    """An open scratch database. Close it, or use it as a context manager."""

    def __init__(self, schema: str) -> None:
        """Make one.

        Args:
            schema: Statements, each ended by a semicolon and a new line.

        Raises:
            StorageError: There is no room for it.
        """
        with ExitStack() as stack:
            path = stack.enter_context(temporary_folder()) / "scratch.sqlite3"
            try:
                make_private(path)
            except OSError as exc:
                raise _no_room(path.parent.parent, exc.strerror or exc) from exc
            self._folder = path.parent.parent
            with self._translated():
                self._db = connect(path, is_scratch=True)
                stack.callback(self._db.close)
                # What a statement replaces would be kept in memory, to be undone: after a failure
                # nothing of the database is used any more.
                self._db.execute("pragma journal_mode = off")
                self._db.execute("pragma locking_mode = exclusive")
                self._db.execute(f"pragma cache_size = -{_CACHE_KIB}")
                self._db.executescript(schema)
            self._end = stack.pop_all()

    def close(self) -> None:
        """Remove the database; does nothing the second time."""
        self._end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def write(self, statement: str, parameters: Parameters = ()) -> int:
        """Execute a statement that changes lines; return how many."""
        with self._translated():
            return self._db.execute(statement, parameters).rowcount

    def write_all(self, statement: str, lines: Iterable[Sequence[object]]) -> None:
        """Execute a statement for each of any number of lines."""
        rest = iter(lines)
        while batch := list(islice(rest, _BATCH)):
            with self._translated():
                self._db.execute("begin")
                self._db.executemany(statement, batch)
                self._db.execute("commit")

    def lines(self, query: str, parameters: Parameters = ()) -> Iterator[tuple[Any, ...]]:
        """Yield what a query finds."""
        with self._translated():
            cursor = self._db.execute(query, parameters)
        while True:
            with self._translated():
                found = cursor.fetchmany(_BATCH)
            if not found:
                return
            yield from found

    def line(self, query: str, parameters: Parameters = ()) -> tuple[Any, ...] | None:
        """Return the first line that a query finds."""
        with self._translated():
            found: tuple[Any, ...] | None = self._db.execute(query, parameters).fetchone()
            return found

    def number(self, query: str, parameters: Parameters = ()) -> int:
        """Return the one number that a query finds."""
        found = self.line(query, parameters)
        return int(found[0]) if found is not None else 0

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as exc:
            raise _no_room(self._folder, exc) from exc


class Found(Sequence[T], Generic[T]):
    """What a query finds, in order. It is read from the database whenever it is asked for."""

    def __init__(
        self,
        scratch: Scratch,
        query: str,
        parameters: Mapping[str, object],
        make: Callable[..., T],
        *,
        count: int,
    ) -> None:
        """Make it.

        Args:
            make: Called with the columns of a line.
            count: Number of lines.
        """
        self._scratch, self._query, self._parameters = scratch, query, parameters
        self._make, self._count = make, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        for line in self._scratch.lines(self._query, self._parameters):
            yield self._make(*line)

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        wanted = range(self._count)[at]
        if isinstance(wanted, int):
            wanted = range(wanted, wanted + 1)
            return self._between(wanted)[0]
        return self._between(wanted)

    def _between(self, wanted: range) -> list[T]:
        if not wanted:
            return []
        first, last = min(wanted), max(wanted)
        part = {**self._parameters, "_count": last - first + 1, "_first": first}
        lines = self._scratch.lines(f"{self._query} limit :_count offset :_first", part)
        found = [self._make(*line) for line in lines]
        return [found[at - first] for at in wanted]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self._count} lines>"


def _no_room(folder: object, reason: object) -> StorageError:
    return StorageError(
        Message(
            "{folder}: no temporary file can be written there ({reason}); nothing was sent. Free "
            "some space, or set TMPDIR to a folder with more",
            folder=folder,
            reason=reason,
        )
    )
