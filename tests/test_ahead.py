"""Rows judged by another process while the first are being sent: the same promises hold."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import psutil
import pytest

from bulk_import.errors import SourceError
from bulk_import.jobs.importing import import_file_async
from bulk_import.journal import Journal
from bulk_import.mapping.loading import load_mapping
from bulk_import.models import Status
from bulk_import.progress import Silence
from bulk_import.run.ahead import ReadAhead, ReadingTask
from bulk_import.sandbox.faults import Faults
from tests.children import Served, finish, start
from tests.conftest import report_of

NOTE = "x" * 1500  # a column that nobody maps: it makes a file long enough for another process


@pytest.fixture
def long_csv(write_csv):
    """A file of *count* good contacts of which others are mixed in, with a megabyte of notes."""

    def write(count: int, *, bare: bool = False) -> Path:
        rows = [["E-mail", "Name", "Phone", "Tags", "Notes"]]
        for n in range(1, count + 1):
            email = "" if bare and n % 2 == 0 else f"p{n}@example.org"
            if n % 50 == 7 and not bare:
                email = "nobody"
            rows.append([email, f"Person {n}", f"(415) 555-{n % 10000:04d}", "vip; new", NOTE])
        return write_csv(rows)

    return write


def without_times(run_dir: Path) -> list[dict[str, str]]:
    return [
        {**line, "finished_at": "", "elapsed_ms": "", "attempts": ""} for line in report_of(run_dir)
    ]


async def test_the_report_is_the_same_as_when_all_rows_are_read_first(
    sandbox, settings, long_csv, mapping, tmp_path
):
    source = long_csv(300)
    ends = {}
    for name, fewest_bytes in (("ahead", 0), ("first", -1)):
        chosen = settings(sandbox, run_dir=tmp_path / name, read_ahead_bytes=fewest_bytes)
        ends[name] = await import_file_async(source, mapping, chosen)
    assert ends["ahead"].counts == ends["first"].counts
    assert ends["ahead"].counts[Status.INVALID] == 6
    assert without_times(tmp_path / "ahead") == without_times(tmp_path / "first")
    assert Counter(r.email for r in sandbox.sent()).most_common(1)[0][1] == 2  # one for each run


class _Expectations(Silence):
    """Remembers how many rows a run said that it would send."""

    def __init__(self) -> None:
        self.totals: list[int] = []

    def sending(self, total: int) -> None:
        self.totals.append(total)

    expecting = sending


@pytest.mark.slow
async def test_rows_that_are_refused_do_not_count_as_work_to_send(
    sandbox, settings, long_csv, mapping
):
    told = _Expectations()
    chosen = settings(sandbox, read_ahead_bytes=0)
    summary = await import_file_async(long_csv(900), mapping, chosen, progress=told)
    assert (told.totals[0], told.totals[-1]) == (900, summary.counts[Status.SUCCESS])


@pytest.mark.slow
async def test_the_rows_of_several_files_are_sent_in_their_order(
    sandbox, settings, write_csv, mapping
):
    paths = [
        write_csv(
            [["E-mail", "Name", "Phone", "Tags"], *([f"{n}@{at}.org", "", "", ""] for n in range(300))],
            name=f"{at}.csv",
        )
        for at in ("one", "two")
    ]  # fmt: skip
    chosen = settings(sandbox, concurrency=1, read_ahead_bytes=0)
    summary = await import_file_async(paths, mapping, chosen)
    assert summary.counts[Status.SUCCESS] == 600
    emails = [f"{n}@{at}.org" for at in ("one", "two") for n in range(300)]
    assert [request.email for request in sandbox.sent()] == emails


@pytest.mark.parametrize("end", [b'"never closed', b"p9@example.org;\xff\xfe;;\r\n"])
@pytest.mark.slow
async def test_of_a_source_that_cannot_be_read_to_its_end_nothing_is_sent(
    sandbox, settings, long_csv, mapping, end
):
    source = long_csv(800)
    source.write_bytes(source.read_bytes() + end)
    with pytest.raises(SourceError):
        await import_file_async(source, mapping, settings(sandbox, read_ahead_bytes=0))
    assert sandbox.sent() == []
    assert not (source.parent / "run").exists()


@pytest.mark.slow
async def test_a_guess_about_the_source_is_told_before_the_first_row_is_sent(
    sandbox, settings, write_csv, mapping
):
    rows = [["E-mail", "Name", "Phone", "Tags"]]
    rows += [[f"p{n}@example.org", "Анна Петрова", "", "клиент"] for n in range(300)]
    source = write_csv(rows, encoding="cp1251")
    told: list[tuple[str, int]] = []

    class Told(Silence):
        def say(self, message: str) -> None:
            told.append((message, len(sandbox.sent())))

    chosen = settings(sandbox, read_ahead_bytes=0)
    await import_file_async(source, mapping, chosen, progress=Told())
    assert [(sent, "read as cp1251" in message) for message, sent in told] == [(0, True)]


@pytest.mark.slow
async def test_a_source_mostly_without_e_mails_is_refused_before_anything_is_sent(
    sandbox, settings, write_csv, mapping
):
    rows = [["E-mail", "Name", "Phone", "Tags"]]
    rows += [[f"p{n}@example.org" if n % 3 == 0 else " ", "A", "", ""] for n in range(600)]
    with pytest.raises(SourceError, match="400 of 600 rows have no e-mail"):
        await import_file_async(write_csv(rows), mapping, settings(sandbox, read_ahead_bytes=0))
    assert sandbox.sent() == []


@pytest.mark.slow
async def test_after_a_fatal_answer_every_row_is_accounted_for(
    sandbox, settings, long_csv, mapping
):
    sandbox.use(Faults(fatal_after=20))
    summary = await import_file_async(
        long_csv(1500), mapping, settings(sandbox, read_ahead_bytes=0)
    )
    assert summary.exit_code == 3
    assert summary.rows_read == len(report_of(Path(summary.run_dir))) == 1500
    assert summary.counts[Status.SUCCESS] + summary.counts[Status.FAILED] < 60
    assert summary.balanced


@pytest.mark.slow
async def test_a_limit_holds_and_the_rest_is_reported(sandbox, settings, long_csv, mapping):
    chosen = settings(sandbox, read_ahead_bytes=0, limit=40)
    summary = await import_file_async(long_csv(900), mapping, chosen)
    assert len(sandbox.sent()) == summary.counts[Status.SUCCESS] == 40
    assert summary.counts[Status.NOT_SENT] == 900 - 40 - 18
    assert summary.rows_read == 900


@pytest.mark.slow
async def test_what_depends_on_all_rows_is_judged_before_the_first_is_sent(
    sandbox, settings, write_csv, mapping, tmp_path
):
    """``last`` must know the last row of a contact before it sends any."""
    path = tmp_path / "last.yml"
    path.write_text(mapping.read_text() + "when: {duplicate: last}\n")
    rows = [["E-mail", "Name", "Phone", "Tags"], *([f"p{n % 10}@example.org", f"N{n}", "", ""] for n in range(500))]  # fmt: skip
    summary = await import_file_async(write_csv(rows), path, settings(sandbox, read_ahead_bytes=0))
    assert summary.counts[Status.DUPLICATE] == 490
    assert sorted(r.form["lead_first_name"] for r in sandbox.sent()) == [f"N{n}" for n in range(490, 500)]  # fmt: skip


@pytest.mark.slow
async def test_the_other_process_ends_with_this_one_and_never_sees_the_key(
    contacts_csv, mapping, tmp_path, monkeypatch
):
    monkeypatch.setenv("INFLUENCERSOFT_API_KEY", "a-secret-key")
    loaded = load_mapping(mapping)
    path = tmp_path / "journal.sqlite3"
    with Journal.create(path) as journal:
        job = ReadingTask.of(path, [str(contacts_csv(10_000))], loaded, None)
        before = psutil.Process().children()
        with ReadAhead.start(job) as ahead:
            (child,) = set(psutil.Process().children()) - set(before)
            assert "INFLUENCERSOFT_API_KEY" not in child.environ()
            assert "a-secret-key" not in " ".join(child.cmdline())
        assert not child.is_running()
        assert not ahead.is_done
        known = journal.count_records()
        with ReadAhead.start(job) as ahead:
            await ahead.judged()
        assert (ahead.is_done, ahead.rows_read, ahead.error) == (True, 10_000, "")
        assert journal.count_records() == 10_000 >= known


# -- kills and signals, while rows are still being read ---------------------------------------------


@pytest.fixture
def served(tmp_path):
    with Served(tmp_path, latency_ms=15, jitter_ms=15) as server:
        yield server


@pytest.fixture
def begun(served, contacts_csv, bare_mapping, tmp_path):
    """A run that sends its first rows while most are still being judged."""
    source, run_dir = contacts_csv(40_000, bare=True), tmp_path / "run"
    process = start("run", source, "-m", bare_mapping, "--run-dir", run_dir, "--no-preflight",
                    "--concurrency", "8", url=served.url)  # fmt: skip
    served.wait_for(20)
    children = psutil.Process(process.pid).children()
    yield process, run_dir, source, children
    process.kill()
    process.communicate()


def read_so_far(run_dir: Path) -> tuple[int, bool]:
    """Rows in the journal, and whether they are all."""
    with Journal.open(run_dir / "journal.sqlite3") as journal:
        return journal.count_records(), "judged" in journal.facts()


@pytest.mark.slow
def test_killed_while_it_reads_it_goes_on_where_it_stopped(served, begun):
    process, run_dir, _, children = begun
    process.send_signal(signal.SIGKILL)
    process.communicate()
    psutil.wait_procs(children, timeout=5)
    assert not any(child.is_running() for child in children)
    rows, is_whole = read_so_far(run_dir)
    assert 0 < rows < 40_000
    assert not is_whole

    code, out, err = finish("resume", run_dir, "--no-preflight", "--limit", "300", url=served.url)

    assert "row counts add up" in out, err
    lines = report_of(run_dir)
    assert [int(line["row"]) for line in lines] == list(range(2, 40_002))
    bare = Counter(r.form["lead_first_name"] for r in served.sent() if "lead_email" not in r.form)
    assert max(bare.values()) == 1, "a row without e-mail was sent twice"
    twice = Counter(r.email for r in served.sent() if r.email)
    assert sum(n - 1 for n in twice.values()) <= 16
    assert code == (1 if any(line["status"] == "unknown" for line in lines) else 0)


@pytest.mark.slow
def test_a_source_that_has_changed_meanwhile_or_is_gone_is_not_read_on(served, begun):
    process, run_dir, source, _ = begun
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = len(served.sent())
    text = source.read_bytes()
    source.write_bytes(text.replace(b"Person 9,", b"Other 9,"))
    code, _, err = finish("resume", run_dir, "--no-preflight", url=served.url)
    assert (code, "has changed (its contents differ" in err) == (2, True), err
    source.unlink()
    code, _, err = finish("resume", run_dir, "--no-preflight", url=served.url)
    assert (code, "was not read completely" in err) == (2, True), err
    assert len(served.sent()) == before


@pytest.mark.slow
def test_interrupted_while_it_reads_the_books_balance_and_the_rest_comes_later(served, begun):
    process, run_dir, _, children = begun
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=35)
    assert process.returncode == 130
    assert "row counts add up" in out
    assert "of 40,000 rows were read, the same command continues" in out
    assert "Traceback" not in err
    assert not any(child.is_running() for child in children)
    rows, is_whole = read_so_far(run_dir)
    assert len(report_of(run_dir)) == rows
    assert not is_whole
    code, out, err = finish("resume", run_dir, "--no-preflight", "--limit", "10", url=served.url)
    assert code == 0, err
    assert len(report_of(run_dir)) == 40_000
    assert max(Counter(r.form["lead_first_name"] for r in served.sent()).values()) == 1


@pytest.mark.parametrize(("option", "is_ahead"), [((), True), (("--read-first",), False)])
@pytest.mark.slow
def test_read_first_judges_every_row_before_the_first_is_sent(
    served, long_csv, mapping, tmp_path, option, is_ahead
):
    source, run_dir = long_csv(900), tmp_path / "run"
    assert source.stat().st_size > 2**20
    process = start("run", source, "-m", mapping, "--run-dir", run_dir, "--concurrency", "8",
                    *option, url=served.url)  # fmt: skip
    served.wait_for(1)
    children = psutil.Process(process.pid).children()
    assert bool(children) == is_ahead
    if not is_ahead:
        assert read_so_far(run_dir) == (900, True)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "882 success" in out


@pytest.mark.slow
def test_what_libraries_print_in_the_other_process_does_not_get_between_its_messages(
    tmp_path, contacts_csv, mapping
):
    """A line of foreign output on the pipe of messages once made a run wait for ever."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import sys\n"
        "def noise(event, _args):\n"
        "    if event == 'sqlite3.connect':\n"
        "        print('some library says hello', flush=True)\n"
        "sys.addaudithook(noise)\n"
    )
    run_dir = tmp_path / "run"
    with Served(tmp_path) as running:
        code, out, err = finish(
            "run", contacts_csv(30_000), "-m", mapping, "--run-dir", run_dir, "--limit", "50",
            url=running.url, env={"PYTHONPATH": f"{site}:{Path(__file__).parents[1]}"},
        )  # fmt: skip
        assert len(running.sent()) == 50
    assert code == 0, err
    assert "some library says hello" in err, "the other process did not work"
    assert "row counts add up" in out
