"""Rows judged here, in other interpreters and on a cluster: the same journal, row by row."""

from __future__ import annotations

import marshal
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from bulk_import import check_file, import_file_async, load_mapping
from bulk_import.errors import SettingsError
from bulk_import.jobs.night import SyncOptions
from bulk_import.jobs.nightly import sync_night
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.run.inputs import opened_inputs
from bulk_import.run.judges import CHUNK, Judge, Judges
from bulk_import.system.interpreters import InterpreterPool

MAPPING = """\
version: 1
defaults: {phone_region: US}
fields:
  lead_email: E-mail
  lead_first_name: Name
  lead_phone: Phone
  add_tags: {column: Tags, separator: ";"}
suppress: [never.csv]
when: {no_email: create}
"""


@pytest.fixture
def judged_mapping(tmp_path: Path) -> Path:
    (tmp_path / "never.csv").write_text("p77@example.org\n@suppressed.example\n", "utf-8")
    path = tmp_path / "judged.yml"
    path.write_text(MAPPING, "utf-8")
    return path


@pytest.fixture
def mixed_csv(write_csv):
    """Good rows, refused ones, warnings, suppressed ones, rows without e-mail; several chunks.

    Some cells are damaged, some names are missing values only beside others, some remarks say no.
    """

    def row(n: int) -> list[str]:
        email = {0: "nobody", 1: "", 2: f"p{n}@suppressed.example"}.get(n % 11, f"p{n}@example.org")
        phone = "12" if n % 13 == 0 else f"(415) 555-{n % 10000:04d} ext. {n % 90 + 1}"
        name = {3: "ÐÐ½Ð½Ð°", 4: "None"}.get(n % 431, f"Имя {n}")
        remark = "please do not e-mail" if n % 5 == 0 else f"came on day {n}"
        return [email, name, phone, "vip; Vip" if n % 7 == 0 else "vip", remark]

    def write(count: int = 3 * CHUNK + 17) -> Path:
        return write_csv([["E-mail", "Name", "Phone", "Tags", "Note"], *map(row, range(1, count))])

    return write


def contents(run_dir: Path) -> dict[str, list[tuple]]:
    """All rows and what they came to, as the journal has them."""
    with closing(sqlite3.connect(run_dir / "journal.sqlite3")) as db, db:
        return {
            "records": db.execute("select * from record order by seq").fetchall(),
            "outcomes": db.execute("select * from outcome order by seq").fetchall(),
            "facts": db.execute(
                "select key, value from meta where key in ('judged', 'rows_read') order by key"
            ).fetchall(),
        }


def without_times(checked):
    return checked.plan, checked.problems, checked.fixes, checked.rows


async def dry_run(settings, sandbox, source, mapping, run_dir: Path, **options) -> dict:
    chosen = settings(sandbox, dry_run=True, run_dir=run_dir, **options)
    await import_file_async(source, mapping, chosen)
    return contents(run_dir)


async def test_other_interpreters_write_the_same_journal(
    sandbox, settings, mixed_csv, judged_mapping, tmp_path
):
    source = mixed_csv(CHUNK + 17)
    here = await dry_run(settings, sandbox, source, judged_mapping, tmp_path / "one", workers=1)
    others = await dry_run(settings, sandbox, source, judged_mapping, tmp_path / "two", workers=2)
    assert len(here["records"]) == CHUNK + 16
    assert {line[1] for line in here["outcomes"]} >= {"invalid", "suppressed"}
    assert here == others


@pytest.mark.slow
def test_a_check_finds_the_same_in_other_interpreters(mixed_csv, judged_mapping):
    source = mixed_csv()
    here = check_file(source, judged_mapping, workers=1)
    assert {problem.code for _, problem in here.problems} >= {"TEXT_MOJIBAKE", "VALUE_PLACEHOLDER"}
    assert {problem.code for _, problem in here.plan.problems} >= {
        "CONSENT_IGNORED", "VALUE_PLACEHOLDER",
    }  # fmt: skip
    assert here.plan.changes["add_tags"]["vip"] == here.plan.to_send
    assert here.plan.examples
    assert without_times(here) == without_times(check_file(source, judged_mapping, workers=2))


@pytest.mark.slow
async def test_a_night_and_a_run_ahead_of_its_sending_judge_elsewhere_as_well(
    sandbox, settings, mixed_csv, judged_mapping, tmp_path
):
    source = mixed_csv(1500)
    counts = []
    for workers in (1, 2):
        state = tmp_path / f"state{workers}"
        options = settings(sandbox, run_dir=tmp_path / f"night{workers}", workers=workers)
        night = await sync_night(
            [str(source)], load_mapping(judged_mapping), options, SyncOptions(state)
        )
        ahead = settings(
            sandbox, run_dir=tmp_path / f"ahead{workers}", workers=workers, read_ahead_bytes=0
        )
        run = await import_file_async(source, judged_mapping, ahead)
        counts.append((night.counts, run.counts, run.balanced))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("kills", ["one", "all that are tried"])
def test_an_interpreter_that_dies_costs_nothing_unless_its_work_kills_it(kills):
    pool = InterpreterPool(1)
    try:
        first = pool.submit(os.getpid).result()
        if kills == "one":
            os.kill(first, signal.SIGKILL)
            assert pool.submit(os.getpid).result() not in (first, os.getpid())
        else:
            with pytest.raises(BrokenExecutor):
                pool.submit(signal.raise_signal, signal.SIGKILL).result()
            assert pool.submit(abs, -2).result() == 2
    finally:
        pool.shutdown()


def test_calls_that_wait_for_an_interpreter_that_dies_are_made_again_by_one_other():
    pool = InterpreterPool(1)
    try:
        first = pool.submit(os.getpid).result()
        pause, waiting = pool.submit(time.sleep, 0.3), pool.submit(os.getpid)
        time.sleep(0.1)  # both are on their way
        os.kill(first, signal.SIGKILL)
        assert pause.result() is None
        assert waiting.result() == pool.submit(os.getpid).result() != first
    finally:
        pool.shutdown(cancel_futures=True)


def test_many_calls_at_once_get_their_own_answers():
    pool = InterpreterPool(2)
    texts = [str(n) * 50_000 for n in range(40)]  # 50 to 100 KB, as a chunk of rows has
    futures = [pool.submit(str.upper, text + "a") for text in texts]
    assert [future.result() for future in futures] == [text + "A" for text in texts]
    pool.shutdown()


@pytest.mark.parametrize(
    ("function", "argument", "error"),
    [(os.stat, "/nowhere", FileNotFoundError), (marshal.loads, b"", EOFError)],
)
def test_what_a_function_raises_is_no_sign_that_its_interpreter_died(function, argument, error):
    pool = InterpreterPool(1)
    before = pool.submit(os.getpid).result()
    with pytest.raises(error):
        pool.submit(function, argument).result()
    assert pool.submit(os.getpid).result() == before
    pool.shutdown()


def test_interpreters_are_gone_with_their_pool():
    pool = InterpreterPool(2)
    pids = {pool.submit(os.getpid).result() for _ in range(4)}
    pool.shutdown()
    assert not any(psutil.pid_exists(pid) for pid in pids)


class Holding(Executor):
    """Judges a chunk on request."""

    def __init__(self) -> None:
        self.held: list[Callable[[], None]] = []

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self.held.append(lambda: future.set_result(fn(*args)))
        return future


@pytest.fixture
def judging(mixed_csv, judged_mapping):
    """Return what yields the judged chunks of 3,000 rows, and the numbers of the rows read so far."""
    with opened_inputs([str(mixed_csv(3000))], load_mapping(judged_mapping), None) as inputs:
        opened = next(inputs)
        judge = Judge(opened.info.name, opened.info.header, opened.mapper, SuppressionList())

        def begin(judges, chunk, at=0, then=lambda: None):
            read = []

            def rows():
                for row in opened.rows:
                    read.append(row.number)
                    if len(read) == at:
                        then()
                    yield row

            return judges.judged(judge, rows(), chunk=chunk), read

        yield begin


def test_while_the_executor_is_busy_this_process_judges_and_the_order_is_kept(judging):
    holding = Holding()
    most = 10 * (
        4 + 24
    )  # one is judged, three wait; while it starts, this process has judged these
    chunks, read = judging(Judges(holding), 10, most, lambda: [give() for give in holding.held])
    first, found = next(chunks)
    assert [row.number for row in first] == read[:10]
    assert len(found) == 10
    assert (len(holding.held), len(read)) == (4, most)
    numbers = [row.number for rows, _ in (next(chunks) for _ in range(27)) for row in rows]
    assert numbers == read[10:most]
    assert len(holding.held) == 8
    chunks.close()


def test_no_more_rows_are_read_than_may_wait_for_a_slow_executor(judging):
    """What a slow worker holds up waits in the source, not in memory."""
    chunks, read = judging(Judges(Holding(), workers=2, patience_s=0.05), 10)
    next(chunks)
    assert len(read) == 10 * (2 * 4 + 24)
    chunks.close()


@pytest.mark.slow
def test_this_process_is_one_of_those_that_judge(judging):
    before = {child.pid for child in psutil.Process().children()}
    with Judges.opened(workers=3) as judges:
        chunks, read = judging(judges, 50)
        assert [row.number for rows, _ in chunks for row in rows] == read
        others = {child.pid for child in psutil.Process().children()} - before
        assert len(others) == 2


class Failing(Executor):
    """Judges two chunks, then none."""

    def __init__(self, failure: Exception | None) -> None:
        self._failure = failure
        self._left = 2

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self._left -= 1
        if self._left >= 0:
            future.set_result(fn(*args))
        elif self._failure is not None:
            future.set_exception(self._failure)
        return future


@pytest.mark.parametrize("failure", [BrokenExecutor("gone"), None], ids=["it breaks", "it hangs"])
def test_where_the_others_fail_rows_are_judged_here_and_it_is_said_once(
    mixed_csv, judged_mapping, failure
):
    told = []
    found = {}
    for name, judges in {
        "here": Judges(),
        "there": Judges(Failing(failure), tell=told.append, patience_s=0.1),
    }.items():
        with opened_inputs([str(mixed_csv(500))], load_mapping(judged_mapping), None) as inputs:
            opened = next(inputs)
            judge = Judge(opened.info.name, opened.info.header, opened.mapper, SuppressionList())
            found[name] = list(judges.judged(judge, opened.rows, chunk=50))
    assert len(found["here"]) == 10
    assert found["here"] == found["there"]
    assert len(told) == 1
    assert "rows are judged here" in told[0]


# -- a cluster ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # dask's own, about its sockets and loops
async def test_a_cluster_writes_the_same_journal_when_a_worker_is_killed_in_the_middle(
    sandbox, settings, mixed_csv, judged_mapping, tmp_path, cluster
):
    source = mixed_csv(20 * CHUNK)
    here = await dry_run(settings, sandbox, source, judged_mapping, tmp_path / "one", workers=1)
    victim = next(iter(cluster.workers.values()))
    journal = tmp_path / "cluster" / "journal.sqlite3"

    def kill_in_the_middle() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if journal.exists():
                with closing(sqlite3.connect(journal, timeout=5)) as db, db:
                    rows = db.execute("select count(*) from record").fetchone()[0]
                if rows >= 3 * CHUNK:
                    os.kill(victim.process.pid, signal.SIGKILL)
                    killed.append(rows)
                    return
            time.sleep(0.005)

    killed: list[int] = []
    killer = threading.Thread(target=kill_in_the_middle)
    killer.start()
    there = await dry_run(
        settings, sandbox, source, judged_mapping, tmp_path / "cluster",
        cluster=cluster.scheduler_address,
    )  # fmt: skip
    killer.join()
    assert killed
    assert killed[0] < 20 * CHUNK - 1
    assert here == there


@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_told_in_one_line(unused_tcp_port, contacts_csv, mapping):
    pytest.importorskip("distributed")
    with pytest.raises(SettingsError, match=f"--cluster tcp://127.0.0.1:{unused_tcp_port}: "):
        check_file(contacts_csv(3), mapping, cluster=f"tcp://127.0.0.1:{unused_tcp_port}")
