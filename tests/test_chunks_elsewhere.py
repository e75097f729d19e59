"""Chunks of rows judged by an executor: what travels, in which order it comes back, and what a failure costs."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bulk_import.errors import SettingsError
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Problem, Record, Row, Severity, Status
from bulk_import.run import judges as module
from bulk_import.run.inputs import KnownNames, row_mapper
from bulk_import.run.judges import (
    Judge,
    Judged,
    Judgement,
    Judges,
    judge,
    size_of,
    warnings_of,
)
from bulk_import.run.passed import Watch
from bulk_import.sources.damage import DamageDetector
from bulk_import.sources.rows import Rows
from tests.judged import HEADER, PLAIN, STOPS, mapping, people, source

DAMAGED = "b@b.org,M\ufffdller"  # shows it by itself


def judge_of(using: Any = PLAIN, suppression: SuppressionList | None = None, names: Any = None, **more: Any) -> Judge:  # fmt: skip
    mapper = row_mapper(using, HEADER, names)
    return Judge("a.csv", HEADER, mapper, suppression or SuppressionList(), **more)


def rows_of(*lines: str, sheet: str = "") -> list[Row]:
    return [*source(*lines, sheet=sheet).rows]


class Elsewhere(Executor):
    """Does at once what it is given, as if it had travelled; *fails* at its n-th piece of work and then.

    Attributes:
        given: Size of each piece of work, pickled.
        lazy: Whether results come only when somebody waits for them: never.
    """

    def __init__(self, failure: BaseException | None = None, after: int = 0, *, lazy: bool = False) -> None:  # fmt: skip
        self.given: list[int] = []
        self.futures: list[Future[Any]] = []
        self._failure, self._after, self._lazy = failure, after, lazy

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        assert not kwargs
        future: Future[Any] = Future()
        self.futures.append(future)
        packed = pickle.dumps(args)
        self.given.append(len(packed))
        if self._lazy:
            return future
        if self._failure is not None and len(self.given) > self._after:
            future.set_exception(self._failure)
        else:
            try:
                result = pickle.dumps(fn(*pickle.loads(packed)))  # noqa: S301 - our own
                future.set_result(pickle.loads(result))  # noqa: S301 - likewise
            except ValueError as exc:
                future.set_exception(exc)
        return future


def found(judges: Judges, using: Judge, rows: Sequence[Row], **options: Any) -> tuple[list[Row], list[Judgement]]:  # fmt: skip
    parts = [*judges.judged(using, rows, **options)]
    return [row for part, _ in parts for row in part], [one for _, judged in parts for one in judged]  # fmt: skip


MIXED = [*people(5), "nobody", DAMAGED, "a@b.org,Ann,x y;X Y", ",,,", "c@b.org;d@b.org,Cat"]


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_rows_come_to_the_same_wherever_they_are_judged_and_in_their_order(chunk):
    rows = rows_of(*MIXED)
    rows[1] = replace(rows[1], problems=(Problem("RAGGED", "odd", severity=Severity.WARNING),))
    here = found(Judges(), judge_of(), rows, chunk=chunk)
    others = Elsewhere()
    there = found(Judges(others), judge_of(), rows, chunk=chunk)
    assert there == here
    assert here[0] == rows
    codes = [one.refusal.error_code for one in here[1] if one.refusal]
    assert codes == ["EMAIL_INVALID", "EMAIL_MISSING", "EMAIL_SEVERAL"]
    assert len(others.given) == -(-len(rows) // chunk)


def test_rows_that_are_not_beside_each_other_and_of_several_sheets_travel_whole():
    rows = [*rows_of(*people(2), sheet="A"), *rows_of(*people(3), sheet="B")]
    rows[4] = replace(rows[4], number=99)
    assert found(Judges(Elsewhere()), judge_of(), rows)[0] == rows
    chunks = [*Judges(Elsewhere()).judged_chunks(judge_of(), rows, chunk=5)]
    assert [part for part, _ in chunks] == [rows]


def test_rows_with_another_number_of_cells_than_the_header_are_not_judged_as_others():
    rows = [replace(row, cells={"E-mail": "x@b.org"}) for row in rows_of(*people(2))]
    told: list[str] = []
    judges = Judges(Elsewhere(), tell=told.append)
    with pytest.raises(KeyError):  # here, where somebody sees it
        found(judges, judge_of(), rows)
    assert told == [
        "the processes that judge rows fail (rows that travelled have not as many cells as the header); "
        "rows are judged here"
    ]


def whole(chunks: Iterator[tuple[Sequence[Row], Judged | None]]) -> list[tuple[list[Row], Any]]:
    """What came of each chunk, without the damage that is among the problems of the rows by now."""
    return [([*part], one and one._replace(damage={})) for part, one in chunks]


@pytest.mark.parametrize("doubtful", ["", "e@b.org,None"])
def test_damage_is_found_where_rows_are_judged_but_what_depends_on_rows_before_here(doubtful):
    rows = rows_of(*people(2), DAMAGED, *filter(None, [doubtful]), *people(2, 10), DAMAGED)
    roles = {"Name": "name"}
    watch = Watch({"Stop": False}, counts_changes=True)

    def judged(executor: Executor | None) -> list[Any]:
        using = judge_of(detector=DamageDetector(roles), watch=watch)
        return whole(Judges(executor).judged_chunks(using, rows, chunk=3))

    here, others = judged(None), Elsewhere()
    assert judged(others) == here
    damaged = [[problem.code for row in part for problem in row.problems] for part, _ in here]
    middle = [["VALUE_PLACEHOLDER"]] if doubtful else []
    assert damaged == [["TEXT_LOST"], *middle, ["TEXT_LOST"]]
    assert here[0][1].heard.beginnings == {b"add_tags=t": 2}
    assert here[0][1].chunk.refusals[2].error_code == "TEXT_LOST"


@pytest.mark.parametrize("known", [0, 7])
@pytest.mark.parametrize("executor", [None, Elsewhere])
def test_what_only_a_whole_column_shows_is_counted_where_it_is_read(known, executor):
    lines = [f"p{n}@b.org,{4155550100 + n if n else 415555010}" for n in range(21)]
    using = judge_of(detector=DamageDetector({"Name": "phone"}))
    judges = Judges(executor() if executor else None)
    assert len([*judges.judged_chunks(using, rows_of(*lines), chunk=5, known=known)]) >= 5
    assert using.detector is not None
    (problem,) = using.detector.findings()
    assert (problem.code, problem.column) == ("PHONE_DIGIT_SHORT", "Name")
    assert problem.message.startswith("1 numbers have 9 digits, 20 others have 10")


def test_a_judge_without_a_detector_takes_rows_as_they_are():
    rows = Rows.of(rows_of(DAMAGED))
    assert judge_of().read(rows) == (rows, True)
    assert judge_of().looked_at(rows) is rows
    counting = judge_of(detector=DamageDetector({"Name": "name"}))
    looked, is_looked_at = counting.read(rows)
    assert (looked, is_looked_at) == (rows, False)
    assert [len(row.problems) for row in counting.looked_at(rows)] == [1]
    doubtful = Rows.of(rows_of("a@b.org,None"))
    looked, is_looked_at = counting.read(doubtful)
    assert (len(looked[0].problems), is_looked_at) == (1, True)


@pytest.mark.parametrize("known", [0, 1, 4, 5, 9, 10, 11])
@pytest.mark.parametrize("executor", [None, Elsewhere])
def test_rows_that_were_judged_before_come_back_without_a_judgement(known, executor):
    rows = rows_of(*people(10))
    judges = Judges(executor() if executor else None)
    parts = [*judges.judged(judge_of(), rows, chunk=4, known=known)]
    assert [row for part, _ in parts for row in part] == rows
    assert sum(len(judged) for _, judged in parts) == 10 - min(known, 10)
    assert [len(part) for part, judged in parts if not judged] == [4] * (min(known, 10) // 4) + [min(known, 10) % 4] * bool(min(known, 10) % 4)  # fmt: skip
    chunks = [*judges.judged_chunks(judge_of(), rows, chunk=4, known=known)]
    assert [found is None for _, found in chunks] == [not judged for _, judged in parts]
    assert [row for part, _ in chunks for row in part] == rows


def test_known_rows_are_looked_at_as_well():
    using = judge_of(detector=DamageDetector({"Name": "name"}))
    ((part, judged),) = Judges().judged_chunks(using, rows_of(DAMAGED), known=1)
    assert (len(part[0].problems), judged) == (1, None)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(BrokenExecutor("gone"), "gone"), (BrokenExecutor(), "BrokenExecutor"), (CancelledError(), "CancelledError"), (None, "TimeoutError")],
)  # fmt: skip
@pytest.mark.parametrize("after", [0, 2, 3])
def test_where_the_others_fail_the_rows_are_judged_here_and_it_is_said_once(failure, reason, after):
    rows, told = rows_of(*MIXED * 3), []
    others = Elsewhere(failure, after, lazy=failure is None)
    judges = Judges(others, tell=told.append, patience_s=0.001)
    assert found(judges, judge_of(), rows, chunk=4) == found(Judges(), judge_of(), rows, chunk=4)
    assert told == [f"the processes that judge rows fail ({reason}); rows are judged here"]
    given = len(others.given)
    found(judges, judge_of(), rows, chunk=4)
    assert len(others.given) == given, "nobody asks them again"


@pytest.mark.parametrize(("workers", "most"), [(1, 4), (2, 8)])
def test_four_chunks_are_given_to_each_worker_and_what_nobody_waits_for_is_cancelled(workers, most):
    others = Elsewhere(lazy=True)
    judged = Judges(others, workers=workers, patience_s=0).judged(
        judge_of(), rows_of(*people(200)), chunk=2
    )
    next(judged)  # nobody has answered: the first chunk is judged here
    assert len(others.given) == most
    judged.close()
    assert [future.cancelled() for future in others.futures][1:] == [True] * (most - 1)


def test_the_judge_is_shared_once():
    shared: list[object] = []

    def share(value: object) -> object:
        shared.append(value)
        return value

    using = judge_of()
    found(Judges(Elsewhere(), share), using, rows_of(*people(9)), chunk=2)
    assert shared == [using]


LARGE = 4_194_304  # bytes, from which on other interpreters are worth starting

# -- where ------------------------------------------------------------------------------------------------


@pytest.fixture
def pools(monkeypatch) -> list[tuple[str, int]]:
    """The pools that are made and ended, on a machine of four processors."""
    made: list[tuple[str, int]] = []

    class Pool(Elsewhere):
        def __init__(self, workers: int) -> None:
            super().__init__()
            made.append(("begun", workers))

        def share(self, value: object) -> object:
            return value

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            made.append(("ended", int(cancel_futures)))

    monkeypatch.setattr(module, "InterpreterPool", Pool)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    return made


@pytest.mark.parametrize(
    ("workers", "size", "others"),
    [(1, LARGE, 0), (2, 0, 1), (3, 0, 2), (0, 0, 0), (0, LARGE - 1, 0), (0, LARGE, 3), (0, LARGE + 1, 3)],
)  # fmt: skip
def test_others_judge_if_they_are_asked_for_or_the_sources_are_large(pools, workers, size, others):
    with Judges.opened(workers, size=size) as judges:
        assert len(found(judges, judge_of(), rows_of(*people(3)))[1]) == 3
        assert pools == ([("begun", others)] if others else [])
    assert pools == ([("begun", others), ("ended", 1)] if others else [])


def test_a_program_in_one_file_judges_by_itself_and_so_does_one_with_one_processor(pools, monkeypatch):  # fmt: skip
    with monkeypatch.context() as at:
        at.setattr("sys.frozen", True, raising=False)
        with Judges.opened(4):
            assert pools == []
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0}, raising=False)
    with Judges.opened(0, size=LARGE):
        assert pools == []


def test_pools_end_after_an_error_too(pools):
    with pytest.raises(ZeroDivisionError), Judges.opened(2):
        raise ZeroDivisionError
    assert pools == [("begun", 1), ("ended", 1)]


def test_a_cluster_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SettingsError) as caught, Judges.opened(cluster="tcp://x:1"):
        pytest.fail("there is none")
    assert str(caught.value) == (
        "--cluster needs dask.distributed: pip install 'bulk_import[cluster]'"
    )


class _Late(Future[Any]):
    """Is done when somebody asks for its result."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work

    def result(self, timeout: float | None = None) -> Any:
        assert timeout == 60, "seconds"
        return self._work()


class Cluster(Executor):
    """The client of a scheduler, and its executor, that judges when it is waited for; what it is asked is noted."""

    asked: list[Any]
    threads: dict[str, int]
    failure: Exception | None

    def __init__(self, address: str, **options: Any) -> None:
        self.asked.append((address, options))
        if self.failure is not None:
            raise self.failure

    def __exit__(self, *exc: object) -> None:
        self.asked.append("closed")

    def nthreads(self) -> dict[str, int]:
        return self.threads

    def get_executor(self, **options: Any) -> Cluster:
        self.asked.append(options)
        return self

    def scatter(self, value: object, **options: Any) -> object:
        self.asked.append(options)
        return value

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.asked.append("work")
        return _Late(lambda: fn(*args, **kwargs))


@pytest.fixture
def cluster(monkeypatch) -> type[Cluster]:
    Cluster.asked, Cluster.threads, Cluster.failure = [], {"a": 2, "b": 1}, None
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=Cluster))
    return Cluster


@pytest.mark.parametrize(("workers", "chunks"), [(0, 12), (1, 4), (2, 8)])
def test_a_cluster_is_given_four_chunks_for_each_thread_or_worker_that_is_asked_for(
    cluster, workers, chunks
):
    rows = rows_of(*people(60))
    with Judges.opened(workers, "tcp://x:1") as judges:
        judged = judges.judged(judge_of(), rows, chunk=1)
        first = next(judged)
        assert cluster.asked == [
            ("tcp://x:1", {"timeout": 10, "set_as_default": False}), {"retries": 0, "pure": False},
            {"broadcast": True, "hash": False}, *["work"] * chunks,
        ]  # fmt: skip
        assert [row for part, _ in [first, *judged] for row in part] == rows
    assert cluster.asked.count("work") < len(rows), "this process judges while it would only wait"
    assert cluster.asked[-1] == "closed"


@pytest.mark.parametrize(
    ("threads", "failure", "said"),
    [
        ({}, None, "the scheduler has no workers"), ({"a": 0}, None, "the scheduler has no workers"),
        ({"a": 1}, OSError("refused"), "no scheduler answers (refused)"),
        ({"a": 1}, TimeoutError("10 s"), "no scheduler answers (10 s)"),
        ({"a": 1}, ValueError("no address"), "no scheduler answers (no address)"),
    ],
)  # fmt: skip
def test_a_cluster_that_cannot_judge_says_why(cluster, threads, failure, said):
    cluster.threads, cluster.failure = threads, failure
    with pytest.raises(SettingsError) as caught, Judges.opened(cluster="tcp://x:1"):
        pytest.fail("nobody would judge")
    assert str(caught.value) == f"--cluster tcp://x:1: {said}"


def test_the_size_of_sources_is_known_where_all_are_files(tmp_path):
    for name, content in {"a": b"12345", "b": b"", "c": b"123"}.items():
        (tmp_path / name).write_bytes(content)
    a, b, c = (str(tmp_path / name) for name in "abc")
    assert [size_of(paths) for paths in ([a, b, c], [a], [b], [], [a, "-"], [str(tmp_path)])] == [8, 5, 0, 0, 0, 0]  # fmt: skip


# -- one row ------------------------------------------------------------------------------------------------


def record(**more: Any) -> Record:
    row = Row("a.csv", "", 2, {"E-mail": "a@b.org"})
    plain: dict[str, Any] = {"row": row, "email": "a@b.org", "contact": "a@b.org", "fields": (("lead_email", "a@b.org"),)}  # fmt: skip
    return Record(**(plain | more))


WARNING = Problem("ODD", "odd", severity=Severity.WARNING)
BAD, UNKNOWN = Problem("PHONE_INVALID", "bad"), Problem("LIST_UNKNOWN", "no such list")
SKIPPED = Problem("SKIPPED", "'yes' (skip)")


@pytest.fixture
def listed(tmp_path: Path) -> SuppressionList:
    (tmp_path / "stop.csv").write_text("email\nstop@b.org\n")
    return SuppressionList.load(mapping(suppress=[str(tmp_path / "stop.csv")]).suppress_files())


@pytest.mark.parametrize(
    ("made", "status", "codes"),
    [
        (record(), None, []), (record(problems=(WARNING,)), None, []),
        (record(skipped=SKIPPED, problems=(BAD,)), Status.SKIPPED, ["SKIPPED"]),
        (record(problems=(WARNING, BAD), email="stop@b.org"), Status.INVALID, ["PHONE_INVALID"]),
        (record(problems=(UNKNOWN, BAD)), Status.INVALID, ["LIST_UNKNOWN", "PHONE_INVALID"]),
        (record(problems=(UNKNOWN,)), Status.INVALID, ["LIST_UNKNOWN"]),
        (record(problems=(UNKNOWN,), email="stop@b.org"), Status.SUPPRESSED, ["SUPPRESSED"]),
        (record(others=("c@b.org", "stop@b.org")), Status.SUPPRESSED, ["SUPPRESSED"]),
        (record(fields=()), Status.INVALID, ["ROW_EMPTY"]),
        (record(fields=(("lead_first_name", "\ud83d"),)), Status.INVALID, ["CELL_BROKEN"]),
    ],
)  # fmt: skip
def test_the_first_reason_that_keeps_a_row_back_is_told(listed, made, status, codes):
    one = judge(made, listed)
    assert (one.email, one.contact, one.problems) == (made.email, made.contact, made.problems)
    if status is None:
        assert (one.body, one.refusal) == (b"lead_email=a%40b.org", None)
        return
    assert one.body is None
    assert one.refusal is not None
    assert (one.refusal.status, [problem.code for problem in one.refusal.reasons]) == (status, codes)  # fmt: skip


def test_only_what_refuses_nothing_is_a_warning():
    assert warnings_of((WARNING, BAD, WARNING)) == (WARNING, WARNING)
    assert judge(record(problems=(WARNING, UNKNOWN)), SuppressionList()).warnings == (WARNING,)


@pytest.mark.parametrize("using", [PLAIN, STOPS])
def test_people_on_a_list_are_kept_back_at_each_of_their_addresses(listed, using):
    lines = ["a@b.org,Ann", "stop@b.org,Bob", "STOP@b.org,Cat", "nobody,Dan"]
    judged = judge_of(using, listed).rows(rows_of(*lines))
    assert [one.refusal and one.refusal.error_code for one in judged] == [None, "SUPPRESSED", "SUPPRESSED", "EMAIL_INVALID"]  # fmt: skip
    without = judge_of(using).rows(rows_of(*lines))
    assert [one.refusal is None for one in without] == [True, True, True, False]


def test_a_list_that_the_account_lacks_is_told_after_who_is_suppressed(listed):
    using = mapping(fields={"lead_email": "E-mail", "add_to_lists": "Tags"})
    names = KnownNames({"News": ("7",)})
    judged = judge_of(using, listed, names).rows(rows_of("a@b.org,,New", "stop@b.org,,New", "b@b.org,,News"))  # fmt: skip
    assert [one.refusal and one.refusal.error_code for one in judged] == ["LIST_UNKNOWN", "SUPPRESSED", None]  # fmt: skip
