"""The nightly batch: only what changed, failures come back, jumps are stopped, a kill loses nothing."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from bulk_import import import_file_async
from bulk_import.cli import main
from bulk_import.errors import BusyError, SetupError, StoppedError
from bulk_import.jobs.night import SyncOptions
from bulk_import.jobs.nightly import sync_async, sync_night
from bulk_import.jobs.state import State
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.progress import Silence
from bulk_import.sandbox.app import Reply
from bulk_import.stopping import RealTime, Stop
from bulk_import.system.locks import hold
from tests.conftest import SHORT_WAITS, share

HEADER = ["E-mail", "Name", "Phone"]
MAPPING = (
    "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n  lead_phone: Phone\n"
)


def people(count: int, **changed: str) -> list[list[str]]:
    return [
        [f"p{n}@example.org", changed.get(f"p{n}", f"Ann {n}"), f"+1415555{n:04}"]
        for n in range(count)
    ]


@pytest.fixture
def job(tmp_path, sandbox, settings):
    """Write rows, run a night: (summary, addresses that were sent)."""
    nights = iter(range(1000))
    path = tmp_path / "export.csv"

    def write(rows, header=HEADER, encoding="utf-8") -> Path:
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows([header, *rows])
        os.utime(path, (1_800_000_000 + next(nights),) * 2)
        return path

    async def night(
        rows=None, *, source=None, mapping=MAPPING, brake=None, progress=None, **options
    ):
        source = source or (write(rows) if rows is not None else path)
        before = len(sandbox.sent())
        night_options = SyncOptions(tmp_path / "job.state", **options)
        run_dir = tmp_path / f"run{next(nights)}"
        summary = await sync_night(
            source,
            parse_mapping(mapping, "m.yml"),
            settings(sandbox, run_dir=run_dir, **SHORT_WAITS),
            night_options,
            progress=progress,
        )
        assert summary.balanced
        return summary, [request.email for request in sandbox.sent()[before:]]

    night.write = write
    return night


async def test_only_what_changed_is_sent(job):
    first, sent = await job(people(100))
    assert (first.exit_code, len(sent)) == (0, 100)
    second, sent = await job(people(100))
    assert (second.exit_code, sent) == (0, [])
    assert second.counts[Status.UNCHANGED] == 100
    _, sent = await job(people(100, p7="Bob"))
    assert sent == ["p7@example.org"]
    _, sent = await job(people(101, p7="Bob"))
    assert sent == ["p100@example.org"]
    _, sent = await job(people(101, p7="Bob"), full=True)
    assert len(sent) == 101


async def test_another_format_order_and_encoding_of_the_same_sends_nothing(job, tmp_path):
    rows = people(40)
    # Enough words for the encoding to be told by their letters.
    names = [
        "Jürgen",
        "Günther",
        "Björn",
        "Käthe",
        "Jörg",
        "Müller",
        "Weiß",
        "Schäfer",
        "Größe",
        "Krüger",
    ]
    named = [(a, f"{names[at % len(names)]} {b}", c) for at, (a, b, c) in enumerate(rows)]
    await job([list(row) for row in named])
    other = [[c, a, b] for a, b, c in named]
    path = tmp_path / "other.xlsx"
    book = openpyxl.Workbook()
    for line in [["Phone", "E-mail", "Name"], *other]:
        book.active.append(line)
    book.save(path)
    os.utime(path, (1_900_000_000,) * 2)
    summary, sent = await job(source=path)
    assert (summary.exit_code, sent) == (0, [])
    path = tmp_path / "other.csv"
    with path.open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=";").writerows([["Phone", "E-mail", "Name"], *reversed(other)])
    os.utime(path, (1_900_000_001,) * 2)
    assert (await job(source=path))[1] == []


async def test_what_failed_or_is_unknown_comes_back_by_itself(job, sandbox):
    bad = {"p3@example.org": Reply(code=3, text="no"), "p4@example.org": Reply(status=502)}
    sandbox.script = lambda _number, form: bad.get(form.get("lead_email", ""))
    summary, _ = await job(people(30))
    assert summary.exit_code == 1
    sandbox.script = None
    summary, sent = await job(people(30))
    assert sorted(sent) == ["p3@example.org", "p4@example.org"]
    assert summary.exit_code == 0


async def test_a_refused_cell_is_judged_again_and_its_contact_has_not_vanished(job):
    mapping = MAPPING + "on_missing: {add_tags: gone}\n"
    await job(people(30), mapping=mapping)
    rows = people(30)
    rows[5][2] = "12"
    summary, sent = await job(rows, mapping=mapping)
    assert (sent, summary.counts[Status.INVALID]) == ([], 1)
    assert (await job(people(30), mapping=mapping))[1] == []


async def test_vanished_contacts_get_the_action_of_the_mapping_once(job, sandbox):
    mapping = MAPPING + "on_missing: {add_tags: [gone], remove_tags: [here]}\n"
    await job(people(50), mapping=mapping)
    summary, sent = await job(people(48), mapping=mapping)
    assert sent == ["p48@example.org", "p49@example.org"]
    assert sandbox.contact("p49@example.org").tags == ("gone",) or list(
        sandbox.contact("p49@example.org").tags
    ) == ["gone"]
    assert summary.rows_read == 50
    assert (await job(people(48), mapping=mapping))[1] == []
    assert (await job(people(49), mapping=mapping))[1] == ["p48@example.org"]  # came back


async def test_nothing_happens_to_vanished_contacts_by_default(job):
    await job(people(50))
    assert (await job(people(48)))[1] == []


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (people(50), "50 rows, there were 100"),
        ([[a, "", c] for a, _, c in people(100)], "lead_first_name is filled in 0%"),
        ([[a, "Berlin", c] for a, _, c in people(100)], "100 of 100 contacts have changed"),
        ([[f"x{a}", b, c] for a, b, c in people(100)], "100 of 100 contacts have vanished"),
        ([], "no rows"),
    ],
    ids=["cut", "emptied", "swapped", "others", "empty"],
)  # fmt: skip
async def test_the_brake_stops_before_the_first_request(job, rows, what):
    await job(people(100))
    summary, sent = await job(rows)
    assert sent == []
    assert summary.exit_code == 3
    assert what in summary.stopped
    if rows:
        accepted, sent = await job(accept=True)
        assert accepted.exit_code == 0
        assert sent or what.startswith("50 rows")
        assert (await job(rows))[1] == []


async def test_an_older_source_is_stopped(job, tmp_path):
    await job(people(30))
    path = job.write(people(30, p1="New"))
    os.utime(path, (1_000_000_000,) * 2)
    summary, sent = await job()
    assert (summary.exit_code, sent) == (3, [])
    assert "older" in summary.stopped


class _Writing(Silence):
    """Adds a row to a file when its rows have been read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def reading(self, rows: int) -> None:
        with self._path.open("a") as file:
            file.write("late@example.org,Late,+14155559999\n")


async def test_a_source_that_is_still_being_written_is_stopped(job):
    await job(people(30))
    path = job.write(people(30, p1="New"))
    summary, sent = await job(progress=_Writing(path))
    assert (summary.exit_code, sent) == (3, [])
    assert "still being written" in summary.stopped


async def test_one_night_at_a_time_and_one_account_a_state(job, tmp_path, sandbox, settings):
    await job(people(5))
    with hold(tmp_path / "job.state.lock", "the job"), pytest.raises(BusyError):
        await job(people(5))
    other = replace(settings(sandbox), endpoint="http://127.0.0.1:1", preflight=False)
    with pytest.raises(SetupError, match="the state of"):
        await sync_night(
            tmp_path / "export.csv",
            parse_mapping(MAPPING, "m.yml"),
            other,
            SyncOptions(tmp_path / "job.state"),
        )


class Waiting(RealTime):
    """Time in which something happens at the first wait."""

    def __init__(self, happens) -> None:
        self.waits: list[float] = []
        self._happens = happens

    async def wait(self, seconds, unless) -> None:
        self.waits.append(seconds)
        self._happens()


@pytest.fixture
def waiting_night(job, tmp_path, sandbox, settings):
    """A night of 5 contacts that finds its job's lock held."""
    path, lock = job.write(people(5)), ExitStack()
    lock.enter_context(hold(tmp_path / "job.state.lock", "the job"))
    stop = Stop()

    def run(**given):
        options = SyncOptions(tmp_path / "job.state", **given)
        mapping = parse_mapping(MAPPING, "m.yml")
        return sync_night(
            path, mapping, settings(sandbox, run_dir=tmp_path / "run"), options, stop=stop
        )

    with lock:
        yield run, lock, stop


async def test_a_night_that_may_wait_begins_when_the_one_before_is_over(waiting_night, sandbox):
    run, lock, stop = waiting_night
    stop.time = Waiting(lock.close)
    summary = await run(wait_lock_s=60)
    assert (summary.exit_code, len(sandbox.sent())) == (0, 5)
    assert stop.time.waits[0] == 0.5


@pytest.mark.parametrize("is_early", [True, False])
async def test_a_night_that_is_stopped_before_it_began_sends_nothing(
    waiting_night, sandbox, is_early
):
    run, _, stop = waiting_night

    def interrupt():
        stop.request("interrupted", 130)

    stop.time = Waiting(interrupt)
    if is_early:
        interrupt()
    with pytest.raises(StoppedError, match=r"^interrupted; nothing was sent$") as caught:
        await run(wait_lock_s=60)
    assert (caught.value.exit_code, sandbox.sent()) == (130, [])


async def test_a_night_waits_for_no_other_unless_it_is_said(waiting_night, sandbox):
    run, _, stop = waiting_night
    stop.time = Waiting(lambda: None)
    with pytest.raises(BusyError):
        await run()
    assert (stop.time.waits, sandbox.sent()) == ([], [])


async def test_a_night_does_not_read_standard_input(job, sandbox):
    with pytest.raises(SetupError) as caught:
        await job(source="-")
    assert str(caught.value) == "sync reads files, not standard input: it compares their times"
    assert sandbox.sent() == []


async def test_a_new_state_can_be_seeded_by_an_earlier_run(job, tmp_path):
    first, _ = await job(people(20))
    (tmp_path / "job.state").unlink()
    for extra in ("-wal", "-shm"):
        (tmp_path / f"job.state{extra}").unlink(missing_ok=True)
    _, sent = await job(people(21), seed=Path(first.run_dir))
    assert sent == ["p20@example.org"]


async def test_a_night_whose_state_was_lost_sends_nothing_unless_it_is_said(job, tmp_path):
    """Or everybody would be sent again, and who has no e-mail would be made again."""
    first, _ = await job(people(3))
    for extra in ("", "-wal", "-shm"):
        (tmp_path / f"job.state{extra}").unlink(missing_ok=True)
    for _ in range(2):  # the night that stopped does not make the state known
        stopped, sent = await job(people(3))
        assert (stopped.exit_code, sent, stopped.stopped) == (
            3, [], f"the brake: the state is new, but {first.run_dir} was a night of it: is it lost? "
            "(--accept sends it this once if it is meant)",
        )  # fmt: skip
    assert (await job(people(3), seed=Path(first.run_dir)))[1] == []
    assert (await job(people(4)))[1] == ["p3@example.org"]


async def test_a_lost_state_may_be_begun_again_and_a_night_that_sent_nothing_is_none(job, tmp_path):
    await job([["x", "", ""]])
    (tmp_path / "job.state").unlink()
    assert len((await job(people(3)))[1]) == 3
    (tmp_path / "job.state").unlink()
    assert len((await job(people(3), accept=True))[1]) == 3
    assert (await job(people(3)))[1] == []


async def test_a_first_night_does_not_mind_runs_beside_it_that_are_no_nights(
    job, tmp_path, sandbox, settings
):
    """The folder of an import beside it ended the night as a mistake in the settings."""
    source = job.write(people(1))
    mapping = parse_mapping(MAPPING, "m.yml")
    await import_file_async(source, mapping, settings(sandbox, run_dir=tmp_path / "one"))
    night = await sync_async(
        source, mapping, settings(sandbox, run_dir=tmp_path / "night"), state=tmp_path / "new.state"
    )
    assert (night.exit_code, night.counts[Status.SUCCESS]) == (0, 1)


async def test_a_contact_of_which_a_row_was_refused_is_not_taken_over_from_an_earlier_run(
    job, tmp_path, sandbox, settings
):
    """One of two rows was accepted: what the account has of the contact is not what the file says."""
    rows = [*people(3), ["p0@example.org", "Refused", ""]]
    sandbox.script = lambda _number, form: (
        Reply(code=101, text="no", apply=False) if form["lead_first_name"] == "Refused" else None
    )
    earlier = await import_file_async(
        job.write(rows),
        parse_mapping(MAPPING, "m.yml"),
        settings(sandbox, run_dir=tmp_path / "one"),
    )
    assert earlier.counts[Status.SUCCESS] == 3
    _, sent = await job(people(3), seed=tmp_path / "one")
    assert sent == ["p0@example.org"]


async def test_state_can_be_shown_and_forgets(job, tmp_path, capsys):
    await job(people(20))
    path = str(tmp_path / "job.state")
    assert (tmp_path / "job.state").stat().st_mode & 0o777 == 0o600
    with pytest.raises(SystemExit):
        main(["state", "show", path])
    assert "contacts: 20" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["state", "forget", path, "P3@example.org"])
    assert (await job(people(20)))[1] == ["p3@example.org"]


async def test_rows_without_email_are_sent_once(job, sandbox):
    mapping = MAPPING + "when: {no_email: create}\n"
    rows = [*people(20), ["", "Bare", "+14155550001"], ["", "Bare", "+14155550001"]]
    assert len((await job(rows, mapping=mapping))[1]) == 22
    assert (await job(rows, mapping=mapping))[1] == []
    assert (await job([*rows, ["", "New", "+14155550002"]], mapping=mapping))[1] == [""]


async def test_a_night_cut_off_at_any_request_is_taken_over_by_the_next(tmp_path, job, sandbox):
    """After none to twelve of the twelve requests that the change needs, each once; every other among the quick tests.

    A task that is cancelled leaves the journal as a kill does: nobody tidies up behind it.
    """
    await job(people(40))
    for version in share(range(1, 14), parts=2):
        rows = people(40, **{f"p{n}": f"v{version}" for n in range(12)})
        before, after = len(sandbox.sent()), (version * 5) % 13
        job.write(rows)
        task = asyncio.create_task(job())
        while len(sandbox.sent()) - before < after and not task.done():
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        summary, _ = await job()
        assert summary.exit_code == 0
        for n in range(12):
            assert sandbox.contact(f"p{n}@example.org").fields["lead_first_name"] == f"v{version}"
        assert (await job())[1] == []
        with State.open(tmp_path / "job.state") as state:
            assert state.get("left_run") == ""


@pytest.mark.slow
async def test_a_whole_night_from_one_command(tmp_path, sandbox, job, sftp):
    """SFTP, lock, window, brake, sync, notification, metrics and retention, as cron would run them."""
    from aiohttp import web

    told = []

    async def hook(request):
        told.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    (tmp_path / "m.yml").write_text(MAPPING)
    source = job.write(people(40))

    async def night(number: int, *more: str) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bulk_import", "sync", f"{sftp}{source}", "-m", str(tmp_path / "m.yml"),
            "--state", str(tmp_path / "night.state"), "--endpoint", sandbox.url, "--rate", "0",
            "--run-dir", str(tmp_path / "nights" / str(number)), "--window", "00:00-23:59", "--keep-runs", "2",
            "--metrics-file", str(tmp_path / "import.prom"), "--notify", f"http://127.0.0.1:{port}/hook", "--quiet", *more,
            env=os.environ | {"INFLUENCERSOFT_API_KEY": sandbox.key, "XDG_STATE_HOME": str(tmp_path)},
        )  # fmt: skip
        return await process.wait()

    assert [await night(1), await night(2), await night(3)] == [0, 0, 0]
    assert len(sandbox.sent()) == 40
    job.write(people(10))
    assert await night(4) == 3
    assert len(sandbox.sent()) == 40
    await runner.cleanup()
    assert [message["exit_code"] for message in told] == [0, 0, 0, 3]
    assert told[1]["counts"]["unchanged"] == 40
    assert "example.org" not in str(told)
    labels = f'account="{sandbox.url.split("//")[1]}",job="night",status="unchanged"'
    assert f"bulk_import_rows{{{labels}}} 10.0" in (tmp_path / "import.prom").read_text()
    kept = {folder.name for folder in (tmp_path / "nights").iterdir()}
    assert kept == {"2", "3", "4"}  # two that are over, and the one that the brake stopped


async def test_services_are_told_by_apprise_and_odd_addresses_refused(tmp_path):
    from bulk_import.api.webhook import check_webhook, notify
    from bulk_import.errors import SettingsError

    for address in ("example.org", "nosuch://x", "mailto://"):
        with pytest.raises(SettingsError, match="--notify"):
            check_webhook(address)
    message = {
        "exit_code": 3,
        "counts": {"success": 2, "failed": 0},
        "stopped": "the brake",
        "run_dir": "r",
    }
    got: list[bytes] = []

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        got.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = check_webhook(f"json://127.0.0.1:{port}/")
    assert await asyncio.to_thread(notify, address, message) == ""
    assert b"exit code 3" in got[0]
    assert b"the brake" in got[0]
    server.close()
    assert (
        await asyncio.to_thread(notify, "json://127.0.0.1:1/", message)
        == "the service did not take it"
    )


@pytest.mark.parametrize("cell", ["p0example.org", "#N/A", "see the notes"])
async def test_nobody_vanishes_because_a_cell_is_damaged(job, sandbox, cell):
    mapping = MAPPING + "on_missing: {add_tags: gone}\n"
    await job(people(30), mapping=mapping)

    held, sent = await job([*people(30)[1:], [cell, "Ann 0", ""]], mapping=mapping)
    assert (sent, held.counts[Status.INVALID]) == ([], 1)
    assert sandbox.contact("p0@example.org").tags == ()
    healed, sent = await job(people(30), mapping=mapping)
    assert (sent, healed.counts[Status.UNCHANGED]) == ([], 30)
    _, sent = await job(people(30)[1:], mapping=mapping)
    assert sent == ["p0@example.org"]


async def test_more_rows_without_an_address_hold_vanished_contacts_night_after_night(job):
    mapping = MAPPING + "on_missing: {add_tags: gone}\n"
    await job([*people(30), ["", "Eva", ""]], mapping=mapping)

    _, sent = await job([*people(30)[1:], ["", "Eva", ""]], mapping=mapping)
    assert sent == ["p0@example.org"]
    for _ in range(2):
        _, sent = await job([*people(30)[2:], ["", "Eva", ""], ["", "Ann 1", ""]], mapping=mapping)
        assert sent == []
    _, sent = await job(
        [*people(30)[2:], ["", "Eva", ""], ["", "Ann 1", ""]], mapping=mapping, accept=True
    )
    assert sent == ["p1@example.org"]


async def test_a_contact_in_another_spelling_has_not_vanished(job):
    mapping = MAPPING + "on_missing: {add_tags: gone}\n"
    await job([*people(30), ["mona@b\u00fccher.example", "Mona", ""]], mapping=mapping)

    _, sent = await job([*people(30), ["Mona@xn--bcher-kva.example", "Mona", ""]], mapping=mapping)
    assert sent == ["mona@xn--bcher-kva.example"]  # the row itself, and no action


async def test_where_the_last_fourteen_nights_are_is_remembered(job, tmp_path):
    await job(people(5))
    with State.open(tmp_path / "job.state") as state:
        (first,) = state.get_json("runs")
        assert Path(first).parent == tmp_path
        state.put(runs=json.dumps([first, *map(str, range(20))]))
    await job(people(5))
    with State.open(tmp_path / "job.state") as state:
        latest, *others = state.get_json("runs")
        assert (Path(latest).parent, latest != first) == (tmp_path, True)
        assert others == [first, *map(str, range(12))]
        assert state.get_json("paths") == [str(tmp_path / "export.csv")]
        assert state.get("mapping").endswith("/m.yml")
