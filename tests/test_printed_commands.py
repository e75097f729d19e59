"""What the small commands print: states, runs, tags, codes, fields, plans to undo, lists, checks of the doctor."""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from bulk_import import import_file_async, sync_async
from bulk_import.cli import account, doctor
from bulk_import.codes import catalogue
from bulk_import.jobs.doctor import Check
from bulk_import.jobs.singer import Poured
from bulk_import.sandbox.app import Reply
from tests.test_cli import exits


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """Call a command in the test's folder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    return lambda *args: exits(capsys, *args)


# -- states of nights ------------------------------------------------------------------------------------


async def test_a_state_shows_its_account_its_nights_and_a_contact_and_forgets_it(
    told, sandbox, settings, contacts_csv, mapping, tmp_path
):
    state = tmp_path / "crm.state"
    await sync_async(contacts_csv(3), mapping, settings(sandbox), state=state)
    assert told("state", "show", state) == (
        0,
        f"account: {sandbox.url}\ngood runs: 1\ncontacts: 3\nlast good run: 3 rows, 3 contacts\n",
        "",
    )
    code, out, _ = told("state", "show", state, "--contact", " P1@Example.org ")
    assert code == 0
    key, said = out.split(": ", 1)
    assert (key, said[:11], said.rstrip().rpartition(" ")[0][-7:]) == (
        "p1@example.org", "confirmed 2", "payload"
    )  # fmt: skip
    assert len(said.rstrip().rpartition(" ")[2]) == 12
    unknown = "zoe@example.org: its data are not confirmed; it would be sent\n"
    assert told("state", "show", state, "--contact", "zoe@example.org") == (1, unknown, "")
    assert told("state", "forget", state, "P1@example.org ", "zoe@example.org") == (
        0, "1 of 2 forgotten\n", ""
    )  # fmt: skip
    assert told("state", "forget", state, "p1@example.org") == (1, "0 of 1 forgotten\n", "")
    assert told("state", "show", state, "--contact", "p1@example.org")[0] == 1
    code, _, err = told("state", "forget", tmp_path / "none.state", "a@b.org")
    assert (code, "none.state" in err) == (2, True)


# -- runs ------------------------------------------------------------------------------------------------


async def test_runs_are_listed_with_their_counts_and_how_they_stand(
    told, sandbox, settings, contacts_csv, mapping, tmp_path
):
    assert told("runs") == (0, "", "no runs in runs\n")
    assert told("runs", tmp_path / "other", "--json") == (0, "[]\n", "")
    run = settings(sandbox, run_dir=tmp_path / "runs" / "a")
    await import_file_async(contacts_csv(3), mapping, run)
    sandbox.script = lambda number, form: Reply(4, apply=False)
    stopped = settings(sandbox, run_dir=tmp_path / "runs" / "b", concurrency=1)
    summary = await import_file_async(contacts_csv(2), mapping, stopped)
    assert told("runs")[1].splitlines() == [
        "runs/a",
        "    3 success; finished",
        "runs/b",
        f"    1 failed, 1 not_sent; stopped: {summary.stopped}",
    ]
    found = json.loads(told("runs", "--json")[1])
    assert [(run["run_dir"], run["state"].partition(":")[0], run["counts"]["success"]) for run in found] == [
        ("runs/a", "finished", 3), ("runs/b", "stopped", 0)
    ]  # fmt: skip


async def test_reports_are_written_again_with_the_exit_code_of_their_run(
    told, sandbox, settings, write_csv, mapping, tmp_path
):
    run_dir = tmp_path / "run"
    rows = [["E-mail", "Name", "Phone", "Tags"], ["a@b.org", "=1+1", "", ""], ["=x", "", "", ""]]
    await import_file_async(write_csv(rows), mapping, settings(sandbox, run_dir=run_dir))
    for name in ("report.csv", "report.html"):
        (run_dir / name).unlink()
    code, out, _ = told("report", run_dir)
    assert (code, out.splitlines()[:2]) == (1, ["2 rows read", "1 success    accepted"])
    assert [line.strip() for line in out.splitlines()[-4:]] == [
        str(run_dir / name) for name in ("rejects.csv", "report.csv", "report.html", "summary.json")
    ]
    plain, page = (run_dir / "report.csv").read_text(), (run_dir / "report.html").read_text()
    assert ("=x" in page, "a@b.org" in plain) == (True, True)
    code, out, _ = told("report", run_dir, "--redact", "--report-safe", "--json")
    assert (code, json.loads(out)["counts"]["invalid"]) == (1, 1)
    assert "=x" not in (run_dir / "report.html").read_text()
    code, out, _ = told("bundle", run_dir)
    line = f"{run_dir / 'bundle.zip'}: 2 rows, disguised; headers and the mapping are not\n"
    assert (code, out) == (0, line)


async def test_the_plan_to_undo_is_told_with_the_commands_and_what_it_cannot(
    told, sandbox, settings, contacts_csv, bare_mapping, tmp_path
):
    run = settings(sandbox, run_dir=tmp_path / "run")
    await import_file_async(contacts_csv(4, bare=True), bare_mapping, run)
    code, out, err = told("undo", tmp_path / "run")
    first, check, send = out.splitlines()
    source = first.removeprefix("2 contacts; look at ").removesuffix(", then:")
    mapping = check.removeprefix(f"  bulk-import check {source} -m ")
    assert (code, send) == (0, f"  bulk-import run {source} -m {mapping} --endpoint {sandbox.url}")
    assert (Path(source).is_file(), Path(mapping).is_file()) == (True, True)
    assert err == (
        "cannot be known: what each contact had before the run\n"
        "cannot be undone: 2 contacts without e-mail\n"
    )


# -- tags ------------------------------------------------------------------------------------------------


def test_tags_that_look_alike_are_printed_as_values_and_counted_on_the_side(told, tmp_path):
    rows = "".join(f"p{n}@x.org,{tag}\n" for n, tag in enumerate(["vip", "vip", "VIP", "newsletter", "newsletter", "newslettr"]))  # fmt: skip
    (tmp_path / "a.csv").write_text("E-mail,Tags\n" + rows)
    code, out, err = told("tags", "a.csv", "--column", "Tags")
    assert (code, err) == (0, "4 different tags of Tags; groups that look alike: 2\n")
    assert [line for line in out.splitlines() if "VIP" in line and not line.startswith("#")] != []
    found = json.loads(told("tags", "a.csv", "--column", "Tags", "--json")[1])
    assert (found["columns"], found["tags"], found["left_out"]) == (["Tags"], 4, 0)
    by_tag = {one["tag"]: one for one in found["clusters"]}
    assert by_tag["vip"] == {
        "tag": "vip", "rows": 2, "slips": [], "others": [{"tag": "VIP", "rows": 1, "differs": by_tag["vip"]["others"][0]["differs"]}],
    }  # fmt: skip
    assert [slip["tag"] for slip in by_tag["newsletter"]["slips"]] == ["newslettr"]
    (tmp_path / "m.yml").write_text("version: 1\nfields: {lead_email: E-mail, add_tags: Tags}\n")
    assert told("tags", "a.csv", "-m", "m.yml", "--column", "Tags") == (
        2, "", "error: --mapping and --column exclude each other: the mapping names the column\n"
    )  # fmt: skip


# -- what the API takes ----------------------------------------------------------------------------------


def test_codes_are_listed_with_their_causes_and_explained_one_by_one(told):
    code, out, _ = told("errors")
    lines = out.splitlines()
    assert (code, len(lines)) == (0, len(catalogue()))
    known = catalogue()["PHONE_INVALID"]
    assert f"{'PHONE_INVALID':<26}  {known.cause}" in lines
    assert told("errors", " phone_invalid ") == (
        0, f"PHONE_INVALID\n  cause:   {known.cause}\n  fix:     {known.fix}\n  example: {known.example}\n", "",
    )  # fmt: skip
    code, out, err = told("errors", "phone_invlid")
    assert (code, out) == (2, "")
    assert "Error: no such code: phone_invlid. Did you mean PHONE_INVALID, " in err
    assert told("errors", "qqqqqqqq")[2].endswith("Error: no such code: qqqqqqqq.\n")
    assert told("errors", "HTTP_500")[1].splitlines()[0] == "HTTP_500"
    assert [line for line in told("errors", "500")[1].splitlines() if line[0] != " "] == ["500", "HTTP_500"]  # fmt: skip


def test_fields_are_listed_for_people_and_for_scripts(told):
    lines = told("fields")[1].splitlines()
    assert (
        lines[-1] == "Other parameters: under `extra:` of the mapping, passed through unverified."
    )
    assert next(line for line in lines if line.startswith("lead_email ")) == f"{'lead_email':<28}  E-mail: the contact's key"  # fmt: skip
    found = json.loads(told("fields", "--json")[1])
    assert len(found) == len(lines) - 1 == 31
    assert next(one for one in found if one["name"] == "lead_email") == {
        "name": "lead_email", "kind": "email", "title": "E-mail: the contact's key"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "as_json", "out", "err"),
    [
        ([], False, "", "the account has no lists\n"),
        ([], True, "[]\n", ""),
        ([("1", "News"), ("1473249885.28", "VIP")], False, "1              News\n1473249885.28  VIP\n", ""),
        ([("1", "Новости")], True, '[\n  {\n    "id": "1",\n    "title": "Новости"\n  }\n]\n', ""),
    ],
)  # fmt: skip
def test_lists_are_shown_in_columns(capsys, entries, as_json, out, err):
    account.show([SimpleNamespace(id=key, title=title) for key, title in entries], as_json=as_json, what="lists")  # fmt: skip
    assert tuple(capsys.readouterr()) == (out, err)


# -- the doctor ------------------------------------------------------------------------------------------


def test_the_doctor_says_line_by_line_what_is_missing(told, monkeypatch):
    checks = [
        Check("key", "ok", "from key.txt", ""),
        Check("folder", "note", "two\nlines\x1b", ""),
        Check("clock", "bad", "", "set it\nby NTP"),
    ]

    async def examine(*_: object, **__: object) -> list[Check]:
        return checks

    monkeypatch.setattr("bulk_import.jobs.doctor.examine", examine)
    assert told("doctor") == (
        2,
        "ok    key     from key.txt\nnote  folder  two\n              lines \nbad   clock   \n"
        "              -> set it\n              -> by NTP\n\n1 to be corrected before a job can run\n",
        "",
    )
    found = json.loads(told("doctor", "--json")[1])
    assert (found["well"], [check["name"] for check in found["checks"]]) == (False, ["key", "folder", "clock"])  # fmt: skip
    del checks[2]
    code, out, _ = told("doctor")
    assert (code, out.splitlines()[-2:]) == (0, ["", "A job would run."])


@pytest.mark.parametrize(
    ("text", "lines"),
    [("", [""]), ("a", ["a"]), ("a\nb\x1bc\n", ["a", "b c"]), ("\n", [""])],
)
def test_what_the_doctor_found_is_cut_into_plain_lines(text, lines):
    assert doctor.plain_lines(text) == lines


# -- singer ----------------------------------------------------------------------------------------------


def test_a_target_of_singer_tells_what_became_of_the_records(told, monkeypatch, tmp_path):
    (tmp_path / "m.yml").write_text("version: 1\nfields: {lead_email: E-mail}\n")
    read: list[bytes] = []
    poured = Poured()
    poured.records, poured.batches, poured.states = 1200, 2, 3

    def pour(lines, send, forward, *, stream, batch_size):
        read.extend(lines)
        forward('{"a": 1}')
        assert (stream, batch_size) == ("people", 7)
        return poured

    monkeypatch.setattr("bulk_import.jobs.singer.pour", pour)
    words = ("singer", "-m", "m.yml", "--stream", "people", "--batch-size", "7", "--endpoint", "http://127.0.0.1:1")  # fmt: skip
    monkeypatch.setenv("INFLUENCERSOFT_API_KEY", "k")

    def call(*more: str) -> tuple[int, str, str]:
        read.clear()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"ab\nabcdefg\nc")))
        return told(*words, *more)

    head = "records: 1,200, batches: 2, STATE passed on: 3\n"
    assert call() == (0, '{"a": 1}\n', head)
    assert read == [b"ab\n", b"abcdefg\n", b"c"]
    assert call("--quiet") == (0, '{"a": 1}\n', "")
    poured.others.update({"orders": 1500})
    poured.refused.update(Counter({"EMAIL_INVALID": 2, "101": 3}))
    code, _, err = call()
    assert (code, err) == (
        1,
        f"{head}stream orders: 1,500 records left out\n"
        "rows that did not make it: 101 x3, EMAIL_INVALID x2; runs/singer has their reports\n",
    )
