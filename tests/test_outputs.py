"""An output that names an input, or somebody's file, is refused and nothing is changed or sent."""

from __future__ import annotations

import csv
import json
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from bulk_import.cli import main
from bulk_import.cli.account import show
from bulk_import.jobs.importing import import_file_async
from bulk_import.journal import Journal
from bulk_import.sandbox.contacts import Store
from tests.children import Served, finish
from tests.conftest import MAPPING


@pytest.fixture
def folder(tmp_path, contacts_csv, write_csv, monkeypatch):
    """A folder with everything that a command reads; commands are started in it."""
    contacts_csv(3)
    write_csv([["E-mail"], ["no@example.org"]], "unsubscribed.csv")
    write_csv([["E-mail", "Name"], ["p1@example.org", "x"]], "old.csv")
    write_csv([["sheet", "row", "column", "before", "after", "at"]], "contacts.corrections.csv")
    (tmp_path / "mapping.yml").write_text(MAPPING + "suppress: [unsubscribed.csv]\n", "utf-8")
    (tmp_path / "key.txt").write_text("sandbox#key=1%+;2", "utf-8")
    (tmp_path / "leads.jsonl").write_text('{"E-mail": "a@b.org"}\n', "utf-8")
    (tmp_path / ".env").write_text("A=1\n", "utf-8")
    (tmp_path / "plan.yml").write_text(
        "segments:\n  a: {source: old.csv, add_tags: [x]}\n", "utf-8"
    )
    os.link(tmp_path / "contacts.csv", tmp_path / "another name.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run_cli(capsys):
    """Calls the command line in this process: (exit code, stdout, stderr)."""

    def run(*args: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(args)
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


LOCKS = ("journal.lock", ".reports.lock")  # empty
RUN = ("run", "contacts.csv", "-m", "mapping.yml", "--api-key-file", "key.txt", "--log-file")
SYNC = ("sync", "contacts.csv", "-m", "mapping.yml")


@pytest.mark.parametrize(
    "args",
    [
        (*RUN, "contacts.csv"),
        (*RUN, "./another name.csv"),
        (*RUN, "mapping.yml"),
        (*RUN, "unsubscribed.csv"),
        (*RUN, "contacts.corrections.csv"),
        (*RUN, "key.txt"),
        (*RUN, "old.csv"),
        (*RUN, ".env"),
        ("run", "*.jsonl", "-m", "mapping.yml", "--log-file", "leads.jsonl"),
        ("rehearse", "contacts.csv", "-m", "mapping.yml", "--log-file", "contacts.csv"),
        (*SYNC, "--state", "contacts.csv"),
        (*SYNC, "--state", "old.csv"),
        (*SYNC, "--state", "s", "--metrics-file", "s"),
        (*SYNC, "--state", "s", "--metrics-file", "contacts.csv"),
        (*SYNC, "--state", "s", "--metrics-file", "old.csv"),
        (*SYNC, "--state", "s", "--log-file", "mapping.yml"),
        ("retag", "contacts.csv", "--previous", "old.csv", "--add-tag", "x", "--log-file", "old.csv"),
        ("retag", "--plan", "plan.yml", "--log-file", "old.csv"),
        ("retag", "contacts.csv", "--add-tag", "x", "--state", "contacts.csv"),
    ],
    ids=lambda args: " ".join(args),
)  # fmt: skip
def test_a_command_that_sends_refuses_an_output_that_is_an_input(folder, args, run_cli):
    before = contents(folder)
    # Whatever would try to send there would end with another exit code.
    endpoint = () if args[0] == "rehearse" else ("--endpoint", "http://127.0.0.1:1")
    code, out, err = run_cli(*args, *endpoint, "--yes")
    assert (code, out) == (2, ""), err
    assert "nothing was done" in err
    assert contents(folder) == before


@pytest.mark.parametrize(
    "args",
    [
        ("init", "contacts.csv", "-o", "contacts.csv", "--force"),
        ("init", "contacts.csv", "-o", "contacts.csv", "--update"),
        ("sandbox", "--port", "0", "--database", "contacts.csv"),
        ("sandbox", "--port", "0", "--database", "other.sqlite3"),
        ("state", "show", "other.sqlite3"),
        ("demo", "--folder", "."),
    ],
    ids=lambda args: " ".join(args),
)
def test_other_commands_refuse_it_too(folder, args, run_cli):
    with closing(sqlite3.connect(folder / "other.sqlite3")) as db, db:
        db.execute("create table mine (a)")
    before = contents(folder)
    code, _, err = run_cli(*args)
    assert code == 2, err
    db = sqlite3.connect(folder / "other.sqlite3")
    assert db.execute("select name from sqlite_master").fetchall() == [("mine",)]
    db.close()
    after = contents(folder)
    assert {n: after[n] for n in before if n != "other.sqlite3"} == {
        n: before[n] for n in before if n != "other.sqlite3"
    }


async def test_files_of_a_run_and_what_it_has_read_are_no_outputs(
    folder, sandbox, settings, run_cli
):
    summary = await import_file_async("contacts.csv", "mapping.yml", settings(sandbox))
    run_dir = Path(summary.run_dir)
    before, there = contents(folder), contents(run_dir)
    names = [f"run/{name}" for name in there if name not in LOCKS]
    for path in ("contacts.csv", "mapping.yml", "old.csv", *names):
        code, _, err = run_cli("bundle", "run", "-o", path)
        assert (code, "nothing was done" in err) == (2, True), (path, err)
    for path in ("contacts.csv", "mapping.yml", "run/journal.sqlite3", "run/report.csv"):
        code, _, err = run_cli("resume", "run", "--yes", "--log-file", path)
        assert (code, "nothing was done" in err) == (2, True), (path, err)
    assert contents(folder) == before
    assert contents(run_dir) == there


def test_a_journal_and_a_sandbox_are_no_states(tmp_path, run_cli):
    Journal.create(tmp_path / "journal.sqlite3").close()
    Store(tmp_path / "sandbox.sqlite3").close()
    for name in ("journal.sqlite3", "sandbox.sqlite3"):
        code, _, err = run_cli("state", "show", str(tmp_path / name))
        assert (code, "not a state file" in err) == (2, True), err


@pytest.mark.slow
def test_a_log_and_an_archive_of_ours_are_written_again(folder, run_cli):
    args = ("run", "contacts.csv", "-m", "mapping.yml", "--log-file", "log.jsonl")
    with Served(folder) as served:
        for name in ("one", "two"):
            code, _, err = finish(*args, "--run-dir", name, url=served.url)
            assert code == 0, err
        for _ in range(2):
            code, _, err = run_cli("bundle", "one", "-o", "support.zip")
            assert code == 0, err
    events = [json.loads(line)["event"] for line in Path("log.jsonl").read_text().splitlines()]
    assert events.count("ended") == 2


def test_a_name_of_a_file_a_column_or_a_cell_does_not_drive_the_terminal(tmp_path, capsys):
    source = tmp_path / "a\x1b]0;x\x07.csv"
    source.write_text(
        "E-mail,Who\x1b[31m,\x9b2J\nbad\x1b[2J,=A1(\x1b[1m,1\na@b.org,Ann,\x1b[5mno\n"
        "a@b.org (unsub\x1b[1m),Ann,1\n",
        "utf-8",
    )
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        'version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: "Who\\x1B[31m"\n'
        'skip:\n- {column: "\\x9B2J", values: ["\\x1B[5mno"]}\n',
        "utf-8",
    )

    with pytest.raises(SystemExit) as ended:
        main(["check", str(source), "-m", str(mapping)])

    out, err = capsys.readouterr()
    assert (ended.value.code, "3 rows read; 0 would be sent" in out) == (1, True)
    assert not re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", out + err)


def test_the_titles_of_lists_do_not_drive_the_terminal(capsys):
    show([SimpleNamespace(id="1\x1b[2J", title="News\x9b2J")], as_json=False, what="lists")

    assert capsys.readouterr().out == "1 [2J  News 2J\n"


async def test_a_cell_that_feeds_three_fields_is_reported_once(
    sandbox, settings, write_csv, tmp_path
):
    source = write_csv([["E-mail", "Who"], ["a@b.org", "Acme Ltd"]])
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: {column: Who, part: first}\n"
        "  lead_middle_name: {column: Who, part: middle}\n  lead_last_name: {column: Who, part: last}\n",
        "utf-8",
    )

    summary = await import_file_async(source, mapping, settings(sandbox))

    text = (Path(summary.run_dir) / "report.csv").read_text("utf-8")
    (line,) = csv.DictReader(text.splitlines())
    assert line["warnings"] == (
        "Who: 'Acme Ltd' looks like the name of a company; no part of it is sent"
    )


def test_the_same_night_in_the_same_folder_is_told_what_continues_it(folder, run_cli):
    night = (*SYNC, "--state", "crm.state", "--run-dir", "runs/1", "--dry-run",
             "--endpoint", "http://127.0.0.1:9", "--api-key-file", "key.txt")  # fmt: skip
    assert run_cli(*night)[0] == 0
    assert run_cli(*night) == (
        2, "", f"error: {Path('runs/1')}: holds a run already; nothing was sent. `bulk-import resume "
        f"{Path('runs/1')}` continues it; for a new run give another folder\n",
    )  # fmt: skip
