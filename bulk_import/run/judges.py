"""Where rows are judged: in this process, in interpreters beside it, or on a cluster.

Judging a chunk of rows is a pure function of the rows and of what does not change within a source,
so any executor of ``concurrent.futures`` can do it; while it has enough to do, this process judges as
well. Chunks come back in the order of the rows; a bounded number is on its way. Where a chunk is
judged, its cells are looked at for damage, what the journal stores is made (``chunk_of``), and what is
counted is summed up (``Heard``), so that what comes back is small. Left to this process are reading,
what depends on the rows before, and storing.
"""

from __future__ import annotations

import marshal
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from bulk_import.api.form import encode
from bulk_import.errors import Message, SettingsError
from bulk_import.journal.chunks import chunk_of
from bulk_import.journal.entries import JudgedChunk, Refusal
from bulk_import.mapping.binding import NOT_IN_ACCOUNT
from bulk_import.mapping.forms import Form
from bulk_import.mapping.rows import RowMapper, addresses_in
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Problem, Record, Row, Status
from bulk_import.run.passed import Heard, Watch
from bulk_import.sources.damage import DamageDetector
from bulk_import.sources.rows import Rows, taking
from bulk_import.system.interpreters import InterpreterPool, is_possible, processors

T = TypeVar("T")
Tell = Callable[[str], None]

CHUNK = 1000  # rows that are judged together
# Of sources: below that, starting other interpreters (a third of a second each) saves nothing.
LARGE_BYTES = 4 * 2**20
_AHEAD = 3  # chunks that wait for each worker of the executor
# Chunks that wait for one before them. It is sent to an interpreter that starts, for half a second.
_HELD = 24
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
        return warnings_of(self.problems)


def warnings_of(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return those of *problems* that refuse nothing."""
    return tuple([problem for problem in problems if not problem.is_error])


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


class Judged(NamedTuple):
    """What a chunk of rows came to. Can be pickled.

    Attributes:
        damage: By position, what looking at the rows has added to their problems.
        heard: What is counted of them; nothing if nothing is.
    """

    chunk: JudgedChunk
    damage: dict[int, tuple[Problem, ...]]
    heard: Heard | None


@dataclass(frozen=True, slots=True)
class Judge:
    """What does not change while the rows of one source are judged. Can be pickled.

    Attributes:
        options: How ``chunk_of`` is to make what is stored.
        watch: What is counted of the rows.
        detector: Looks at the rows; ``None`` = they have been looked at.
    """

    source: str
    header: tuple[str, ...]
    mapper: RowMapper
    suppression: SuppressionList
    options: Mapping[str, bool] = field(default_factory=dict)
    watch: Watch = field(default_factory=lambda: Watch({}))
    detector: DamageDetector | None = None

    def rows(self, rows: Sequence[Row]) -> list[Judgement]:
        """Judge *rows*."""
        return [Judgement(*found) for found in self._judged(Rows.of(rows))]

    def _judged(self, rows: Rows) -> list[_Found]:
        """Return what ``Judgement`` is made of, for each row."""
        record, suppression = self.mapper.record, self.suppression
        forms = self.mapper.forms(rows)
        suppressed = self._suppressed(rows, forms) if len(suppression) else ()
        return [
            judge(record(rows[at]), suppression)
            if form is None or at in suppressed
            else (form.email, form.email, form.warnings, form.body, None)
            for at, form in enumerate(forms)
        ]

    def _suppressed(self, rows: Rows, forms: Sequence[Form | None]) -> set[int]:
        """Return the positions of rows with an address that is on a list."""
        reason = self.suppression.reason
        columns = [rows.column(column) for column in self.mapper.email_columns]
        texts = [*zip(*columns, strict=True)] or [()] * len(rows)
        return {
            at
            for at, (form, of_row) in enumerate(zip(forms, texts, strict=True))
            if form is not None and any(map(reason, (form.email, *addresses_in(of_row))))
        }

    def chunk(self, rows: Rows) -> Judged:
        """Judge *rows*, which have been looked at."""
        judged = [
            (email, contact, warnings_of(problems) if problems else (), body, refusal)
            for email, contact, problems, body, refusal in self._judged(rows)
        ]
        chunk = chunk_of(rows, judged, **self.options)
        heard = self.watch.heard(rows, chunk.refusals, (body for _, _, _, body, _ in judged))
        return Judged(chunk, {}, heard)

    def read(self, rows: Rows) -> tuple[Rows, bool]:
        """Count rows, and look at those now whose damage depends on the rows before.

        Call it for every chunk in the order of the file, in the process that reads.

        Returns:
            The rows, and whether they have been looked at.
        """
        if self.detector is None:
            return rows, True
        cells = {name: rows.column(name) for name in self.detector.columns}
        self.detector.count(rows.numbers, cells)
        if self.detector.depending(cells):
            return self.detector.looked_at(rows), True
        return rows, False

    def looked_at(self, rows: Rows) -> Rows:
        """Return rows with the damage of their cells among their problems."""
        return rows if self.detector is None else self.detector.looked_at(rows)

    def packed_rows(self, packed: _Packed) -> list[Judgement]:
        """Judge rows that travelled."""
        return self.rows(self._unpacked(packed))

    def packed_chunk(self, packed: _Packed) -> Judged:
        """Look at rows that travelled, if nobody has, and judge them."""
        rows = self._unpacked(packed)
        damage = {} if packed.is_looked_at or not self.detector else self.detector.damage(rows)
        return self.chunk(rows.with_problems(damage))._replace(damage=damage)

    def _unpacked(self, packed: _Packed) -> Rows:
        cells = marshal.loads(packed.cells)  # noqa: S302 - our own
        if len(cells) != len(packed.numbers) or {*map(len, cells)} - {len(self.header)}:
            raise ValueError("rows that travelled have not as many cells as the header")
        return Rows(self.source, self.header, packed.sheets, packed.numbers, cells, packed.problems)


_Found = tuple[str, str, tuple[Problem, ...], bytes | None, Refusal | None]


class _Packed(NamedTuple):
    """Rows on their way to another process, without the headers of their cells.

    Attributes:
        sheets, numbers, problems: As in ``Rows``.
        cells: Marshalled: it takes half the time of pickling.
        is_looked_at: Whether the damage of their cells is among their problems.
    """

    sheets: str | Sequence[str]
    numbers: Sequence[int]
    cells: bytes
    problems: Mapping[int, tuple[Problem, ...]]
    is_looked_at: bool


_MARSHAL = 2  # the version without references: looking for repeated texts takes longer than they do


def _packed(rows: Rows, *, is_looked_at: bool) -> _Packed:
    numbers = rows.numbers
    span = range(numbers[0], numbers[0] + len(numbers))
    return _Packed(
        rows.sheets,
        span if numbers == [*span] else numbers,
        marshal.dumps([*map(tuple, rows.cells)], _MARSHAL),
        rows.problems,
        is_looked_at,
    )


def _each(take: Callable[[int], Rows], size: int) -> Iterator[Rows]:
    """Yield all rows in chunks."""
    while rows := take(size):
        yield rows


def _done(result: T) -> Future[T]:
    future: Future[T] = Future()
    future.set_result(result)
    return future


@dataclass(frozen=True, slots=True)
class _Work(Generic[T]):
    """What is done with a chunk of rows, and by what.

    Attributes:
        judged: Does it here, with rows that have been looked at.
        there: Does it in another process.
    """

    judge: Judge
    judged: Callable[[Judge, Rows], T]
    there: Callable[[Judge, _Packed], T]

    def looked_at(self, rows: Rows, is_looked_at: bool) -> Rows:  # noqa: FBT001 - as `read` returns it
        return rows if is_looked_at else self.judge.looked_at(rows)

    def here(self, rows: Rows, is_looked_at: bool) -> tuple[Rows, T]:  # noqa: FBT001 - likewise
        """Return the rows, looked at, and what they came to."""
        looked = self.looked_at(rows, is_looked_at)
        return looked, self.judged(self.judge, looked)


class Judges:
    """Where rows are judged: an executor and how to use it. Make it with ``opened``.

    Args:
        executor: Judges beside this process; ``None`` = nothing does.
        share: Returns what stands for a value among the arguments of ``submit``.
        workers: How many chunks the executor judges at a time.
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
            workers: Processes that judge, this one among them; 0 = as the size suggests.
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
        others = workers - 1
        pool = InterpreterPool(others)
        for _ in range(others):  # they get ready while the sources are opened
            pool.submit(_import)
        try:
            yield cls(pool, pool.share, others, tell=tell)
        finally:
            pool.shutdown(cancel_futures=True)

    def judged(
        self, judge: Judge, rows: Iterable[Row], *, chunk: int = CHUNK, known: int = 0
    ) -> Generator[tuple[Rows, list[Judgement]]]:
        """Yield rows, which have been looked at, and their judgements by chunks, in order.

        Args:
            known: Rows at the beginning that were judged before: they come back without judgements.
        """
        work = _Work(judge, Judge.rows, Judge.packed_rows)
        chunks = self._work(work, rows, chunk, known, lambda rows: (rows, True))
        with closing(chunks):
            for part, found in chunks:
                yield part, found or []

    def judged_chunks(
        self, judge: Judge, rows: Iterable[Row], *, chunk: int = CHUNK, known: int = 0
    ) -> Generator[tuple[Rows, Judged | None]]:
        """As ``judged``, with what the journal stores of the rows; ``None`` for known ones.

        The rows are looked at as well, if the judge can do that, and come back with their damage.
        """
        work = _Work(judge, Judge.chunk, Judge.packed_chunk)
        chunks = self._work(work, rows, chunk, known, judge.read)
        with closing(chunks):
            for part, found in chunks:
                yield part if not found else part.with_problems(found.damage), found

    def _work(
        self,
        work: _Work[T],
        rows: Iterable[Row],
        chunk: int,
        known: int,
        read: Callable[[Rows], tuple[Rows, bool]],
    ) -> Generator[tuple[Rows, T | None]]:
        """Yield rows and what judging them came to, by chunks, in order; ``None`` for known rows."""
        take = taking(rows)
        while known > 0 and (before := take(min(chunk, known))):
            known -= len(before)
            yield work.looked_at(*read(before)), None
        chunks = map(read, _each(take, chunk))
        if self._executor is not None:
            yield from self._elsewhere(self._executor, work, chunks)
        for part in chunks:
            yield work.here(*part)

    def _elsewhere(
        self, executor: Executor, work: _Work[T], chunks: Iterator[tuple[Rows, bool]]
    ) -> Generator[tuple[Rows, T]]:
        """Judge by the executor and here, until the last chunk or until the executor fails."""
        waiting: deque[tuple[tuple[Rows, bool], Future[T]]] = deque()
        shared = self._share(work.judge)

        def there(part: tuple[Rows, bool]) -> Future[T]:
            return executor.submit(work.there, shared, _packed(part[0], is_looked_at=part[1]))

        try:
            while self._executor is not None:
                while self._wants_more(waiting) and (part := next(chunks, None)):
                    waiting.append((part, there(part)))
                if not waiting:
                    return
                if self._can_help(waiting) and (part := next(chunks, None)):
                    looked, found = work.here(*part)
                    waiting.append(((looked, True), _done(found)))
                    continue
                part, future = waiting.popleft()
                result = self._result(future)
                yield work.here(*part) if result is None else (part[0], result)
            while waiting:
                part, _ = waiting.popleft()
                yield work.here(*part)
        finally:
            for _, future in waiting:
                future.cancel()

    def _wants_more(self, waiting: Collection[tuple[object, Future[T]]]) -> bool:
        """Whether the executor has too little to do."""
        busy = sum(not future.done() for _, future in waiting)
        return busy < self._window and len(waiting) < self._window + _HELD

    def _can_help(self, waiting: Sequence[tuple[object, Future[T]]]) -> bool:
        """Whether this process would only wait for the chunk whose turn it is."""
        return not waiting[0][1].done() and len(waiting) < self._window + _HELD

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


def _import() -> None:
    """Do nothing: to call it, an interpreter imports what it needs for judging."""


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
