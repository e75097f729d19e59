"""Where rows are judged: in this process, in interpreters beside it, or on a cluster.

Judging a chunk of rows is a pure function of the rows and of what does not change within a source,
so any executor of ``concurrent.futures`` can do it. Chunks come back in the order of the rows; a
bounded number is on its way. What the journal stores is made there as well (``chunk_of``), so that
what comes back is small. Left to this process are reading, counting, and a few columns of each row.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from bulk_import.api.form import encode
from bulk_import.errors import Message, SettingsError
from bulk_import.journal.chunks import chunk_of
from bulk_import.journal.entries import JudgedChunk, Refusal
from bulk_import.mapping.binding import NOT_IN_ACCOUNT
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Problem, Record, Row, Status
from bulk_import.system.interpreters import InterpreterPool, is_possible, processors

T = TypeVar("T")
Tell = Callable[[str], None]

CHUNK = 1000  # rows that are judged together
# Of sources: below that, starting other interpreters (a second each) costs more than they save.
LARGE_BYTES = 16 * 2**20
_AHEAD = 2  # chunks that wait for each worker
_PATIENCE_S = 60.0  # for a chunk that takes a tenth of a second: then it was lost on the way


class Judgement(NamedTuple):
    """The result of judging a row.

    Attributes:
        problems: Errors and warnings, from left to right.
        body: The form without the key; ``None`` for a row that cannot be sent.
        refusal: Why it is not sent; ``None`` for a row that is.
    """

    email: str
    contact: str
    problems: tuple[Problem, ...]
    body: bytes | None
    refusal: Refusal | None

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if not problem.is_error)


def judge(record: Record, suppression: SuppressionList) -> Judgement:
    """Return a row's form, or the refusal why it has none."""
    body, refusal = _body_or_refusal(record, suppression)
    return Judgement(record.email, record.contact, record.problems, body, refusal)


def _body_or_refusal(
    record: Record, suppression: SuppressionList
) -> tuple[bytes | None, Refusal | None]:
    if record.skipped is not None:
        return None, Refusal(Status.SKIPPED, (record.skipped,))
    errors = record.errors if record.problems else ()
    if any(problem.code not in NOT_IN_ACCOUNT for problem in errors):
        return None, Refusal(Status.INVALID, errors)
    addresses = (record.email, *record.others)
    reason = next(filter(None, map(suppression.reason, addresses)), "")
    if reason:
        return None, Refusal.because(Status.SUPPRESSED, "SUPPRESSED", reason)
    if errors:  # after the suppression: a check, which cannot see them, says the same
        return None, Refusal(Status.INVALID, errors)
    if not record.fields:
        return None, Refusal.because(Status.INVALID, "ROW_EMPTY", "no mapped column has a value")
    try:
        return encode(record.fields), None
    except UnicodeEncodeError:
        return None, Refusal.because(
            Status.INVALID, "CELL_BROKEN", "a cell holds half a character; enter it again"
        )


@dataclass(frozen=True, slots=True)
class Judge:
    """What does not change while the rows of one source are judged. Can be pickled.

    Attributes:
        options: How ``chunk_of`` is to make what is stored.
    """

    source: str
    header: tuple[str, ...]
    mapper: RowMapper
    suppression: SuppressionList
    options: Mapping[str, bool] = field(default_factory=dict)

    def rows(self, rows: Iterable[Row]) -> list[Judgement]:
        """Judge *rows*."""
        chunk = list(rows)
        record, suppression = self.mapper.record, self.suppression
        return [
            judge(record(row), suppression)
            if form is None or self._may_be_suppressed(form.email, row)
            else Judgement(form.email, form.email, form.warnings, form.body, None)
            for row, form in zip(chunk, self.mapper.forms(chunk), strict=True)
        ]

    def _may_be_suppressed(self, email: str, row: Row) -> bool:
        if not len(self.suppression):
            return False
        addresses = (email, *self.mapper.addresses(row.cells))
        return any(map(self.suppression.reason, addresses))

    def chunk(self, rows: Sequence[Row]) -> JudgedChunk:
        """Judge *rows*; return what the journal stores of them."""
        judged = [(j.email, j.contact, j.warnings, j.body, j.refusal) for j in self.rows(rows)]
        return chunk_of(rows, judged, **self.options)

    def packed_rows(self, packed: Iterable[_Packed]) -> list[Judgement]:
        """Judge rows that travelled."""
        return self.rows(self._unpacked(packed))

    def packed_chunk(self, packed: Iterable[_Packed]) -> JudgedChunk:
        """Judge rows that travelled; return what the journal stores of them."""
        return self.chunk(list(self._unpacked(packed)))

    def _unpacked(self, packed: Iterable[_Packed]) -> Iterator[Row]:
        return (
            Row(self.source, sheet, number, dict(zip(self.header, cells, strict=True)), problems)
            for sheet, number, cells, problems in packed
        )


_Packed = tuple[str, int, list[str], tuple[Problem, ...]]


def _pack(row: Row) -> _Packed:
    """A row without the headers of its cells: a third of the bytes."""
    return row.sheet, row.number, [*row.cells.values()], row.problems


class Judges:
    """Where rows are judged: an executor and how to use it. Make it with ``opened``.

    Args:
        executor: ``None`` = this process.
        share: Returns what stands for a value among the arguments of ``submit``.
        workers: How many chunks are judged at a time.
        tell: Told once if the executor fails; rows are judged here from then on.
        patience_s: Seconds to wait for a chunk.
    """

    def __init__(
        self,
        executor: Executor | None = None,
        share: Callable[[object], Any] = lambda value: value,
        workers: int = 1,
        *,
        tell: Tell = lambda _: None,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._executor = executor
        self._share = share
        self._tell = tell
        self._patience_s = patience_s
        self._window = workers * (1 + _AHEAD)

    @classmethod
    @contextmanager
    def opened(
        cls, workers: int = 0, cluster: str = "", *, size: int = 0, tell: Tell = lambda _: None
    ) -> Iterator[Judges]:
        """Choose where rows are judged.

        Args:
            workers: 1 = this process; more = that many interpreters; 0 = as the size suggests.
            cluster: Address of a scheduler of dask.distributed; empty = this machine.
            size: Of the sources in bytes; 0 = unknown.
            tell: Told once if the others fail and rows are judged here after all.

        Raises:
            SettingsError: The cluster cannot be reached.
        """
        if cluster:
            with _cluster(cluster) as (executor, share, threads):
                yield cls(executor, share, workers or threads, tell=tell)
            return
        if not workers:
            workers = processors() if size >= LARGE_BYTES else 1
        if workers == 1 or not is_possible():
            yield cls()
            return
        pool = InterpreterPool(workers)
        try:
            yield cls(pool, pool.share, workers, tell=tell)
        finally:
            pool.shutdown(cancel_futures=True)

    def judged(
        self, judge: Judge, rows: Iterable[Row], *, chunk: int = CHUNK, known: int = 0
    ) -> Generator[tuple[list[Row], list[Judgement]]]:
        """Yield rows and their judgements by chunks, in order.

        Args:
            known: Rows at the beginning that were judged before: they come back without judgements.
        """
        work = self._work(judge, Judge.rows, Judge.packed_rows, rows, chunk, known)
        with closing(work):
            for part, found in work:
                yield part, found or []

    def judged_chunks(
        self, judge: Judge, rows: Iterable[Row], *, chunk: int = CHUNK, known: int = 0
    ) -> Generator[tuple[list[Row], JudgedChunk | None]]:
        """As ``judged``, with what the journal stores of the rows; ``None`` for known ones."""
        yield from self._work(judge, Judge.chunk, Judge.packed_chunk, rows, chunk, known)

    def _work(
        self,
        judge: Judge,
        here: Callable[[Judge, list[Row]], T],
        there: Callable[[Judge, list[_Packed]], T],
        rows: Iterable[Row],
        chunk: int,
        known: int,
    ) -> Generator[tuple[list[Row], T | None]]:
        """Yield rows and what judging them came to, by chunks, in order; ``None`` for known rows."""
        supply = iter(rows)
        while known > 0 and (before := list(islice(supply, min(chunk, known)))):
            known -= len(before)
            yield before, None
        chunks = iter(lambda: list(islice(supply, chunk)), [])
        if self._executor is not None:
            yield from self._elsewhere(self._executor, judge, here, there, chunks)
        for part in chunks:
            yield part, here(judge, part)

    def _elsewhere(
        self,
        executor: Executor,
        judge: Judge,
        here: Callable[[Judge, list[Row]], T],
        there: Callable[[Judge, list[_Packed]], T],
        chunks: Iterator[list[Row]],
    ) -> Generator[tuple[list[Row], T]]:
        """Judge by the executor, until the last chunk or until it fails."""
        waiting: deque[tuple[list[Row], Future[T]]] = deque()
        shared = self._share(judge)
        try:
            while self._executor is not None:
                while len(waiting) < self._window and (part := next(chunks, [])):
                    packed = [_pack(row) for row in part]
                    waiting.append((part, executor.submit(there, shared, packed)))
                if not waiting:
                    return
                part, future = waiting.popleft()
                yield part, self._result(future) or here(judge, part)
            while waiting:
                part, _ = waiting.popleft()
                yield part, here(judge, part)
        finally:
            for _, future in waiting:
                future.cancel()

    def _result(self, future: Future[T]) -> T | None:
        """Return what a chunk came to; nothing when its executor has failed.

        Judging has no effects, so it may be done twice. If it is judging itself that failed, it
        fails here again, where somebody sees it.
        """
        try:
            return future.result(self._patience_s)
        except (Exception, CancelledError) as exc:  # noqa: BLE001 - each executor has its own
            self._executor = None
            reason = str(exc) or type(exc).__name__
            self._tell(
                Message(
                    "the processes that judge rows fail ({reason}); rows are judged here",
                    reason=reason,
                )
            )
            return None


def size_of(paths: Sequence[str]) -> int:
    """Return the bytes of *paths* together; 0 where one is no file."""
    sizes = [Path(path).stat().st_size if Path(path).is_file() else -1 for path in paths]
    return sum(sizes) if sizes and min(sizes) >= 0 else 0


@contextmanager
def _cluster(address: str) -> Iterator[tuple[Executor, Callable[[object], Any], int]]:
    """Connect to a scheduler: (executor, how to share, threads of its workers)."""
    try:
        from distributed import Client
    except ImportError:
        raise SettingsError(
            "--cluster needs dask.distributed: pip install 'bulk_import[cluster]'"
        ) from None
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as exc:
        raise SettingsError(
            Message("--cluster {address}: no scheduler answers ({exc})", address=address, exc=exc)
        ) from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise SettingsError(
                Message("--cluster {address}: the scheduler has no workers", address=address)
            )
        # Judging has no effects, so a chunk that dies with its worker goes to another one; a chunk
        # that fails by itself fails once.
        executor = client.get_executor(retries=0, pure=False)
        yield executor, lambda value: client.scatter(value, broadcast=True, hash=False), threads
