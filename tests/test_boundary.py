"""Every command ends in an exit code and a line: a bug says that it is one, a situation is named."""

from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import bulk_import
from bulk_import.cli import COMMANDS, main
from bulk_import.errors import BugError
from bulk_import.sandbox.app import DEFAULT_KEY
from bulk_import.system.crash import Scene, described, write_crash
from tests.children import Served
from tests.conftest import MAPPING

PERSON, NAME = "ann.secret@example.org", "Ann Secret"
RUN = "run {csv} -m {map} --endpoint {url} --run-dir {new} --yes -q --rate 0"
SYNC = (
    "sync {csv} -m {map} --endpoint {url} --run-dir {new} --yes -q --rate 0 --state {folder}/s.db"
)
RETAG = "retag {csv} --add-tag vip --endpoint {url} --run-dir {new} --yes -q --rate 0"
# Where each command can fail: what it calls, in the order in which it does.
STATIONS: dict[str, list[str]] = {
    RUN: [
        "settings:Settings.from_env", "mapping.loading:parse_mapping", "jobs.importing:expand_sources",
        "jobs.importing:new_run_dir/", "run.folder:RunFolder.make", "run.run:hold", "run.connecting:preflight",
        "run.run:SuppressionList.load", "journal:Journal.create", "sources:open_source/",
        "run.run:judge_sources", "mapping.rows:RowMapper.forms", "mapping.columns:quoted_all", "journal:Journal.add_chunk",
        "run.sending:Pool", "journal:Journal.pending",
        "delivery.claims:Claims.take", "delivery.attempts:Attempts.make", "api.client:Client.send",
        "journal:Journal.commit", "journal.checkpoints:Syncer.sync", "delivery.pool:Pool._settle",
        "run.reporting:write_report", "run.reporting:write_page", "run.reporting:write_rejects",
        "run.reporting:write_summary", "run.reporting:Summary", "report.summary:as_text/",
    ],
    "run {csv} -m {map} --dry-run --run-dir {new} -q": ["journal:Journal.bodies/", "run.run:judge_sources"],
    "resume {done} --endpoint {url} --yes -q": [
        "journal:Journal.open", "jobs.importing:parse_mapping", "run.run:refuse_other_run",
        "run.run:rejudge", "run.run:settle_contacts", "journal:Journal.reopen",
    ],
    "rehearse {csv} -m {map} --run-dir {new} -q": [
        "mapping.loading:load_mapping", "sandbox.app:Sandbox.start", "run.run:judge_sources",
        "jobs.rehearsing:estimate",
    ],
    "init {csv}": ["jobs.proposing:propose", "jobs.proposing:open_source", "jobs.proposing:suggest", "jobs.proposing:as_yaml"],
    "check {csv} -m {map}": [
        "mapping.loading:load_mapping", "jobs.checking:opened_inputs", "mapping.rows:RowMapper.forms",
        "jobs.checking:tested_fixes", "codes:catalogue",
    ],
    "explain {csv} -m {map} --row 2": ["jobs.explaining:opened_inputs", "mapping.rows:RowMapper.explain"],
    "explain {done} --row 2": ["journal:Journal.result", "jobs.explaining:row_mapper"],
    SYNC: [
        "api.webhook:check_webhook/", "jobs.nightly:hold", "jobs.state:State.open", "run.run:judge_sources",
        "jobs.comparison:Comparison.settle", "delivery.attempts:Attempts.make", "jobs.night:NightJob.finish",
    ],
    SYNC + " --metrics-file m.prom --keep-runs 1": [
        "report.metrics:write_metrics", "jobs.retention:delete_old_nights",
    ],
    RETAG: [
        "jobs.segments:read_members", "jobs.retagging:write_plan", "jobs.importing:mapping_for",
        "run.run:judge_sources", "delivery.attempts:Attempts.make",
    ],
    "state show {state}": ["jobs.state:State.open", "jobs.state:State.count"],
    f"state forget {{state}} {PERSON}": ["jobs.state:State.forget"],
    "undo {done}": ["journal:Journal.bodies", "jobs.undoing:decode", "jobs.plan_files:replaced"],
    "report {done}": [
        "journal:Journal.open", "journal:Journal.outcomes", "run.reporting:write_page",
        "journal:Journal.results", "report.summary:as_text",
    ],
    "runs {folder}": ["jobs.history:summarize"],
    "bundle {done}": ["journal:Journal.results", "report.bundle:Veil.__call__", "report.bundle:replaced"],
    "lists --endpoint {url}": ["settings:Settings.ready_to_send", "api.client:Client.connect", "api.preflight:preflight"],
    "managers --endpoint {url}": ["api.preflight:preflight"],
    "fields --schema": ["mapping.schema:json_schema"],
    "errors E": ["codes:catalogue"],
    "sandbox --port 0": ["sandbox.server:Sandbox.start", "sandbox.faults:Faults"],
    "demo --folder {folder}/demo": ["sandbox.demo:shipped", "sandbox.demo:read_contacts"],
}  # fmt: skip
CASES = [
    pytest.param(
        command, station, marks=[pytest.mark.slow] if command.startswith("demo") else []
    )  # it starts an import as a process
    for command, stations in STATIONS.items()
    for station in stations
    if not station.endswith("/")  # not on this command's way
]


@pytest.fixture(scope="module", autouse=True)
def _everything_is_imported() -> None:
    """A module that is imported while another one is broken would keep what is broken for ever."""
    for found in pkgutil.walk_packages(bulk_import.__path__, "bulk_import."):
        if not found.name.endswith("__main__") and ".data" not in found.name:
            importlib.import_module(found.name)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def places(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_csv: Callable[..., Path]
) -> dict[str, str]:
    """What the commands above are about, by name."""
    monkeypatch.setenv("INFLUENCERSOFT_API_KEY", DEFAULT_KEY)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yml").write_text(MAPPING, "utf-8")
    rows = [["E-mail", "Name", "Phone", "Tags"], [PERSON, NAME, "+14155550123", "vip"],
            ["bob@example.org", "Bob", "12", ""]]  # fmt: skip
    return {
        "csv": str(write_csv(rows)),
        "map": "m.yml",
        "url": served.url,
        "folder": str(tmp_path / "runs"),
        "new": str(tmp_path / "runs" / "new"),
        "done": str(tmp_path / "runs" / "done"),
        "state": str(tmp_path / "state.db"),
    }


def prepared(command: str, places: dict[str, str]) -> list[str]:
    """The arguments of *command*; what it needs from earlier commands is there."""
    before = []
    if "{done}" in command or command.startswith("runs"):
        before.append(RUN.replace("{new}", "{done}"))
    if "{state}" in command:
        before.append(SYNC.replace("{folder}/s.db", "{state}"))
    for needed in before:
        assert leave(needed.format(**places).split()) == 1
    return command.format(**places).split()


def leave(arguments: list[str]) -> Any:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    return exit_.value.code


def break_(monkeypatch: pytest.MonkeyPatch, station: str, exc: Exception) -> None:
    """Let what is named ``module:name`` or ``module:Class.name`` raise *exc*."""
    module, _, name = station.partition(":")
    owner = importlib.import_module(f"bulk_import.{module}")
    *holders, last = name.split(".")
    for holder in holders:
        owner = getattr(owner, holder)

    def broken(*_: object, **__: object) -> None:
        raise exc

    monkeypatch.setattr(owner, last, broken)


def crash_of(tmp_path: Path) -> Path:
    found = [*tmp_path.glob("runs/*/crash.txt"), *tmp_path.glob("state/bulk_import/crash.txt")]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(("command", "station"), CASES)
def test_a_bug_at_any_station_of_any_command_says_that_it_is_one(
    command, station, places, monkeypatch, tmp_path, capfd
):
    arguments = prepared(command, places)
    capfd.readouterr()
    break_(monkeypatch, station, RuntimeError(f"{DEFAULT_KEY} of {PERSON}"))

    assert leave(arguments) == 70

    path = crash_of(tmp_path)
    lines = capfd.readouterr().err.splitlines()
    bugs = [line for line in lines if line.startswith("error: ")]
    assert len(bugs) == 1, lines
    assert bugs[0] == lines[-1]
    assert bugs[0].startswith("error: a bug in bulk_import (RuntimeError")
    assert str(path) in bugs[0]
    assert "Traceback" not in "".join(lines)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text("utf-8")
    assert "RuntimeError: (message left out)" in text
    assert "test_boundary.py" in text
    for private in (DEFAULT_KEY, PERSON, NAME, "14155550123"):
        assert private not in text + bugs[0]
    if ("--run-dir" in arguments or "{done}" in command) and Path(arguments[-1]).exists():
        assert path.parent.parent == tmp_path / "runs"


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {c.split()[0] for c in STATIONS}))
def test_commands_without_stations_here_have_the_same_boundary(name, places, monkeypatch, tmp_path):
    """So that a command that is new is not forgotten; its stations belong into the table above."""
    module = importlib.import_module(f"bulk_import.cli.{name}")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(PERSON)

    monkeypatch.setattr(module.command, "invoke", broken)
    monkeypatch.setattr(module.command, "params", [])
    assert leave([name]) == 70
    assert PERSON not in crash_of(tmp_path).read_text("utf-8")


def test_a_bug_in_a_run_is_written_into_its_folder_and_the_run_can_go_on(
    places, monkeypatch, tmp_path, served
):
    arguments = RUN.format(**places).split()
    before = len(served.sent())
    with monkeypatch.context() as patched:
        break_(patched, "run.reporting:write_page", ValueError(PERSON))
        assert leave(arguments) == 70
    assert (tmp_path / "runs" / "new" / "crash.txt").is_file()
    assert leave(arguments) == 1
    assert len(served.sent()) - before == 1
    assert (tmp_path / "runs" / "new" / "report.html").is_file()


def test_a_bug_in_the_process_that_reads_ahead_arrives_here(places, monkeypatch, tmp_path, capfd):
    """It is a fresh interpreter, which runs what it finds on its path at its start."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "from bulk_import.run import ahead\n"
        "import os\n"
        "def judge_sources(*_, **__): raise RuntimeError(os.environ['PERSON'])\n"
        "ahead.judge_sources = judge_sources\n"
    )
    monkeypatch.setenv("PERSON", PERSON)
    monkeypatch.setattr("sys.path", [str(tmp_path / "site"), *sys.path])
    monkeypatch.setattr("bulk_import.run.run.is_possible", lambda: True)
    arguments = RUN.format(**places).split()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("bulk_import.cli.run.settings_from", _reading_ahead)
        assert leave(arguments) == 70
    err = capfd.readouterr().err
    assert "a bug in bulk_import (in the process that reads the source)" in err
    assert PERSON not in err
    text = crash_of(tmp_path).read_text("utf-8")
    assert "in another process of ours" in text
    assert "sitecustomize.py" in text
    assert PERSON not in text


def _reading_ahead(**options: Any) -> Any:
    from dataclasses import replace

    from bulk_import.cli.options import settings_from

    settings = settings_from(**options)
    return replace(settings, policy=replace(settings.policy, read_ahead_bytes=0))


def test_counts_that_do_not_add_up_are_a_bug_whatever_the_rows_came_to(
    places, monkeypatch, tmp_path, capfd
):
    from bulk_import.journal import Journal

    counts = Journal.counts

    def lossy(self: Journal) -> dict[Any, int]:
        found = counts(self)
        return found | {"success": 0} if found.get("success") else found

    monkeypatch.setattr(Journal, "counts", lossy)
    assert leave(RUN.format(**places).split()) == 70
    assert "2 rows were read, 1 are accounted for" in capfd.readouterr().err
    assert "BugError" in (tmp_path / "runs" / "new" / "crash.txt").read_text("utf-8")


def test_a_crash_that_cannot_be_written_is_told_and_still_ends_with_70(
    places, monkeypatch, tmp_path, capfd
):
    (tmp_path / "state").write_text("a file where the folder goes")
    break_(monkeypatch, "codes:catalogue", RuntimeError("x"))
    assert leave(["errors"]) == 70
    assert "its details cannot be written" in capfd.readouterr().err


def test_a_crash_names_types_and_places_and_nobodys_data():
    try:
        try:
            int(PERSON)
        except ValueError as exc:
            raise KeyError(NAME) from exc
    except KeyError as exc:
        group = ExceptionGroup(
            PERSON, [exc, AttributeError("'NoneType' object has no attribute 'x'")]
        )
        group.add_note(PERSON)
        text = described(group)
    assert "ValueError: (message left out)" in text
    assert "KeyError: (message left out)" in text
    assert "AttributeError: 'NoneType' object has no attribute 'x'" in text
    assert "int(PERSON)" in text  # the program's own line
    assert PERSON not in text
    assert NAME not in text


def test_arguments_of_a_crash_hold_no_key_and_no_address(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    arguments = [
        "state",
        "forget",
        PERSON,
        "--notify",
        "https://user:pw@hooks.example/T?token=abc",
        "--rate",
        "2",
    ]
    path = write_crash(BugError("x"), Scene(), arguments)
    (line,) = [
        line for line in path.read_text("utf-8").splitlines() if line.startswith("arguments")
    ]
    assert (
        line.split(maxsplit=1)[1] == "state forget *** --notify https://hooks.example/*** --rate 2"
    )


# -- situations: a reason, a path, exit code 2 or 5 ------------------------------------------------


def process(
    arguments: list[str], folder: Path, *, streams: str = "", **environment: str
) -> tuple[int, str]:
    """The program in a shell of its own, its streams as *streams* says."""
    command = [sys.executable, "-m", "bulk_import", *arguments]
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    known |= {"PYTHONPATH": str(Path(__file__).parents[1]), "XDG_STATE_HOME": str(folder / "state")}
    known |= {"INFLUENCERSOFT_API_KEY": DEFAULT_KEY}
    known = {name: text for name, text in (known | environment).items() if text}
    done = subprocess.run(
        ["sh", "-c", f'"$@" {streams}', "sh", *command], cwd=folder, env=known, check=False,
        capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stderr.decode("utf-8", "replace")


SITUATIONS = {
    "a missing folder for the log": (RUN + " --log-file {folder}/x/y", 5, "No such file"),
    "a state in a file": (SYNC.replace("{folder}/s.db", "{csv}/s.db"), 5, "{csv}"),
    "a name that is too long": (SYNC.replace("{folder}/s.db", "{folder}/" + "s" * 300), 5, "too long"),
    "metrics in a missing folder": (SYNC + " --metrics-file {folder}/no/m.prom", 5, "{folder}/no/m.prom"),
    "a bundle in a missing folder": ("bundle {done} -o {folder}/no/b.zip", 5, "{folder}/no/b.zip"),
    "a mapping in a missing folder": ("init {csv} -o {folder}/no/m.yml", 5, "{folder}/no/m.yml"),
    "a run folder in a file": (RUN.replace("{new}", "{csv}/run"), 5, "{csv}/run"),
    "a folder of runs that is not there": ("report {folder}/nothing", 2, "not a run folder"),
    "a resume of a folder that is not there": ("resume {folder}/nothing", 2, "not a run folder"),
    "a key file that is a folder": (RUN + " --api-key-file {folder}/..", 2, "directory"),
    "a demo in a file": ("demo --folder {csv}/demo", 5, "{csv}"),
}  # fmt: skip


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_is_told_with_its_path_and_reason(name, places, capfd, tmp_path):
    command, code, text = SITUATIONS[name]
    arguments = prepared(command, places)
    (tmp_path / "runs").mkdir(exist_ok=True)
    capfd.readouterr()
    assert leave(arguments) == code
    err = capfd.readouterr().err
    assert text.format(**places) in err
    assert "bug" not in err
    assert "Traceback" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    ("command", "shell", "code", "text"),
    [
        ("check {csv} -m {map}", ">/dev/full", 5, "standard output: No space left"),
        ("fields", ">/dev/full", 5, "standard output: No space left"),
        ("run {csv} -m {map} --dry-run", ">/dev/full", 5, "its summary is in runs/"),
        ("check {csv} -m {map}", "2>/dev/full", 1, ""),
        ("check {csv} -m {map}", ">&-", 1, ""),
        ("check {csv} -m {map}", "2>&-", 1, ""),
        ("run {csv} -m {map} --dry-run", ">&- 2>&-", 1, ""),
        ("run {csv} -m {map} --dry-run", "<&-", 1, ""),
        ("run - -m {map} --dry-run", "<&-", 2, "standard input is closed"),
        ("errors NO_SUCH_CODE", "2>/dev/full", 2, ""),
    ],
)
@pytest.mark.slow
def test_streams_that_are_closed_or_full_are_no_bug(command, shell, code, text, places, tmp_path):
    found, err = process(command.format(**places).split(), tmp_path, streams=shell)
    assert (found, "bug" in err, "Traceback" in err) == (code, False, False), err
    assert text in err


@pytest.mark.slow
def test_a_file_never_takes_the_number_of_a_closed_stream(places, tmp_path):
    """What is printed would end up in it: the journal would be written over."""
    code, _ = process(
        "run {csv} -m {map} --dry-run --run-dir r".format(**places).split(),
        tmp_path,
        streams="<&- >&- 2>&-",
    )
    assert code == 1
    code, err = process(["report", "r"], tmp_path)
    assert code == 1, err


@pytest.mark.parametrize(
    ("environment", "code", "text"),
    [
        ({"TMPDIR": "/nonexistent"}, 1, ""),
        ({"INFLUENCERSOFT_API_KEY": "abc\udcff"}, 2, "INFLUENCERSOFT_API_KEY: holds a byte"),
        ({"INFLUENCERSOFT_ACCOUNT": "shop\udcff"}, 2, "shop"),
        ({"BULK_IMPORT_LOCKS": "/proc/nothing"}, 5, "/proc/nothing"),
    ],
)
@pytest.mark.slow
def test_an_odd_environment_is_told(environment, code, text, places, tmp_path):
    command = "run {csv} -m {map} -q --yes --endpoint {url}"
    if "INFLUENCERSOFT_ACCOUNT" in environment:
        command = "run {csv} -m {map} -q --yes"
    found, err = process(command.format(**places).split(), tmp_path, **environment)
    assert (found, "bug" in err, "Traceback" in err) == (code, False, False), err
    assert text in err


@pytest.mark.slow
def test_a_key_file_with_a_byte_that_is_not_utf_8_is_told_without_the_key(places, tmp_path):
    (tmp_path / "key").write_bytes(b"secret\xff")
    arguments = [*RUN.format(**places).split(), "--api-key-file", "key"]
    code, err = process(arguments, tmp_path)
    assert (code, "secret" in err, "Traceback" in err) == (2, False, False)
    assert "not a text file" in err


def test_an_argument_that_is_not_utf_8_is_told(places, tmp_path):
    shutil.copy(places["csv"], os.fsencode(tmp_path) + b"/\xff.csv")
    code, err = process(["check", os.fsdecode(b"\xff.csv"), "-m", "m.yml"], tmp_path)
    assert (code, "not UTF-8" in err, "Traceback" in err) == (2, True, False), err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without an entry")
@pytest.mark.slow
def test_a_user_without_a_home_has_a_lock_all_the_same(places):
    """As containers run with ``--user 12345``."""
    # Every pytest that starts closes pytest's folders to others.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        for file in ("csv", "map"):
            shutil.copy(places[file], folder / Path(places[file]).name)
        given = places | {"csv": Path(places["csv"]).name, "new": "new"}
        _runs_without_a_home(RUN.format(**given).split(), folder)


def _runs_without_a_home(arguments: list[str], folder: Path) -> None:
    shell = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]
    if shutil.which(shell[0]) is None:
        pytest.skip("setpriv is not installed")
    if subprocess.run(
        [*shell, sys.executable, "-c", ""], check=False, capture_output=True
    ).returncode:
        pytest.skip("another user cannot start this interpreter")
    done = subprocess.run(
        [*shell, sys.executable, "-m", "bulk_import", *arguments], cwd=folder, check=False,
        env={"INFLUENCERSOFT_API_KEY": DEFAULT_KEY, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert b"home" not in done.stderr
    assert b"Traceback" not in done.stderr
    assert done.returncode in (0, 1, 3), done.stderr  # whatever the account answers


@pytest.mark.skipif(os.name == "nt", reason="a limit of file sizes is of Unix")
@pytest.mark.slow
def test_a_folder_for_temporary_files_without_room_is_named(places, tmp_path):
    (tmp_path / "big").write_bytes(b"E-mail\n" + b"a" * 200_000)
    (tmp_path / "tmp").mkdir()
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 64; "$@" <big', "sh", sys.executable, "-m", "bulk_import", "check", "-", "-m", "m.yml"],
        cwd=tmp_path, env=os.environ | {"TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": str(Path(__file__).parents[1])},
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 5
    assert done.stderr == (
        f"error: {tmp_path / 'tmp'}: File too large; free some space, or set TMPDIR to a folder "
        "that can be written\n"
    )
    assert list((tmp_path / "tmp").iterdir()) == []
