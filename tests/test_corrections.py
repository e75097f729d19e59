"""Corrected cells beside the source: applied, said aloud, refused where the source has changed."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from bulk_import import Status, check_file, import_file_async
from bulk_import.cli import main
from bulk_import.errors import SettingsError, SourceError
from bulk_import.jobs.explaining import explain_row
from bulk_import.jobs.importing import resume_async
from bulk_import.models import Problem, Row, Severity
from bulk_import.run.corrections import (
    Correction,
    Corrections,
    contact_key,
    corrections_beside,
    read_corrections,
    write_corrections,
)

ROWS = [
    ["E-mail", "Name", "Phone", "Tags"],
    ["ann@example.com", "Ann", "+14155550123", "vip"],
    ["not an address", "Bob", "+14155550124", "vip"],
    ["cat@example.com", "Cat", "12", "vip"],
]


def beside(source: Path, *lines: tuple[int, str, str, str], contact: str = "") -> Path:
    path = corrections_beside(str(source))
    assert path == source.with_name("contacts.corrections.csv")
    write_corrections(
        path,
        [Correction("", row, column, before, after, "", contact)
         for row, column, before, after in lines],
    )  # fmt: skip
    return path


async def test_corrections_beside_the_source_are_applied_and_said_and_the_source_stays(
    write_csv, mapping, sandbox, settings
):
    source = write_csv(ROWS)
    before = source.read_bytes()
    beside(
        source,
        (3, "E-mail", "not an address", "bob@example.com"),
        (4, "Phone", "12", "+14155550125"),
    )
    said = []
    progress = _Heard(said)
    summary = await import_file_async(source, mapping, settings(sandbox), progress=progress)
    assert summary.counts[Status.SUCCESS] == 3
    assert sandbox.contact("bob@example.com").fields["lead_first_name"] == "Bob"
    assert sandbox.contact("cat@example.com").fields["lead_phone"] == "+14155550125"
    assert any("that are applied: 2" in line for line in said)
    assert source.read_bytes() == before


def test_a_correction_of_a_cell_that_has_changed_refuses_its_row(write_csv, mapping):
    source = write_csv(ROWS)
    beside(source, (4, "Phone", "13", "+14155550125"))
    checked = check_file(source, mapping)
    assert checked.plan.counts == {Status.INVALID: 2}
    assert next((p.code, p.value) for where, p in checked.problems if where == "row 4") == (
        "CORRECTION_STALE",
        "12",
    )


def test_a_correction_that_the_source_has_by_now_changes_nothing(write_csv, mapping):
    source = write_csv(ROWS)
    beside(source, (2, "Name", "Anne", "Ann"))
    assert ("lead_first_name", "Ann") in explain_row(str(source), mapping, 2).form


def test_edits_of_one_cell_follow_each_other(write_csv, mapping):
    source = write_csv(ROWS)
    beside(source, (2, "Name", "Ann", "Anne"), (2, "Name", "Anne", "Anna"))
    assert ("lead_first_name", "Anna") in explain_row(str(source), mapping, 2).form


def test_corrections_that_found_no_row_are_told(write_csv, mapping):
    source = write_csv(ROWS)
    beside(source, (99, "Name", "X", "Y"))
    checked = check_file(source, mapping)
    assert [p.code for _, p in checked.plan.problems] == [
        "CORRECTIONS_APPLIED",
        "CORRECTIONS_UNUSED",
    ]


def test_by_contact_corrections_find_their_rows_in_tomorrows_export(write_csv, mapping):
    source = write_csv([ROWS[0], ROWS[3], ROWS[1], ["cat@example.com", "Cat", "13", ""]])
    path = source.with_name("yesterday.csv")
    write_corrections(
        path, [Correction("", 4, "Phone", "12", "+14155550125", "", "CAT@example.com")]
    )
    from bulk_import import load_mapping

    by_contact = load_mapping(mapping).with_corrections(path, "contact")
    assert ("lead_phone", "+14155550125") in explain_row(str(source), by_contact, 2).form
    # The same contact with another cell: what tomorrow's export says of it is left alone.
    assert not explain_row(str(source), by_contact, 4).record.is_valid
    by_row = load_mapping(mapping).with_corrections(path, "row")
    assert [p.code for p in explain_row(str(source), by_row, 4).record.errors] == [
        "CORRECTION_STALE",
        "PHONE_INVALID",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("row,column\n1,Phone\n", "no column sheet, before, after"),
        ("sheet,row,column,before,after\n,zero,Phone,1,2\n", "row 'zero' is not a row number"),
        ("sheet,row,column,before,after\n,0,Phone,1,2\n", "row '0' is not a row number"),
        ("sheet,row,column,before,after\n,2,,1,2\n", "it names no column"),
        ("sheet,row,column,before,after\n,2,Fone,1,2\n", "has no column 'Fone'"),
    ],
)
def test_a_file_that_is_no_corrections_is_refused_with_the_reason(write_csv, mapping, text, found):
    source = write_csv(ROWS)
    source.with_name("contacts.corrections.csv").write_text(text)
    with pytest.raises(SourceError, match=found):
        check_file(source, mapping)


async def test_a_resume_judges_refused_rows_again_with_their_corrections(
    write_csv, mapping, sandbox, settings
):
    source = write_csv(ROWS)
    first = await import_file_async(source, mapping, settings(sandbox))
    assert first.counts[Status.INVALID] == 2
    beside(source, (4, "Phone", "12", "+14155550125"), (2, "Name", "Ann", "Anna"))
    again = await resume_async(first.run_dir, settings(sandbox))
    assert again.counts[Status.SUCCESS] == 2
    assert [request.form["lead_email"] for request in sandbox.sent()] == [
        "ann@example.com",
        "cat@example.com",
    ]
    # A second correction starts from what the run has.
    beside(
        source,
        (3, "E-mail", "not an address", "bob@"),
        (3, "E-mail", "bob@", "bob@example.com"),
    )
    last = await resume_async(first.run_dir, settings(sandbox))
    assert last.counts[Status.SUCCESS] == 3
    assert last.exit_code == 0


def test_corrections_of_several_sources_are_refused_their_rows_have_the_same_numbers(
    write_csv, mapping
):
    from bulk_import import load_mapping

    source, other = write_csv(ROWS), write_csv(ROWS, name="more.csv")
    corrected = load_mapping(mapping).with_corrections(
        beside(source, (4, "Phone", "12", "13")), "row"
    )
    with pytest.raises(SettingsError) as caught:
        check_file([source, other], corrected)
    assert str(caught.value) == (
        "--corrections: give one source; its rows are corrected by their numbers"
    )


def test_corrections_that_are_not_utf8_are_named_with_the_reason(write_csv, mapping):
    source = write_csv(ROWS)
    path = source.with_name("contacts.corrections.csv")
    path.write_bytes(b"sheet,row,column,before,after\n,2,Phone,\xff,1\n")
    with pytest.raises(SourceError) as caught:
        check_file(source, mapping)
    assert str(caught.value).startswith(f"{path}: cannot be read: it is not UTF-8")


@pytest.mark.slow
async def test_the_reading_process_applies_corrections_too(
    contacts_csv, mapping, sandbox, settings
):
    source = contacts_csv(50)
    beside(source, (2, "Name", "Person 1", "Somebody"))
    summary = await import_file_async(source, mapping, settings(sandbox, read_ahead_bytes=1))
    assert summary.counts[Status.SUCCESS] == 50
    assert sandbox.contact("p1@example.org").fields["lead_first_name"] == "Somebody"


def test_every_command_that_reads_a_source_takes_a_file_of_corrections(
    write_csv, mapping, tmp_path, capsys
):
    source = write_csv(ROWS)
    elsewhere = tmp_path / "mine.csv"
    write_corrections(elsewhere, [Correction("", 4, "Phone", "12", "+14155550125")])
    with pytest.raises(SystemExit) as exit_:
        main(["explain", str(source), "-m", str(mapping), "--row", "4",
              "--corrections", str(elsewhere)])  # fmt: skip
    assert exit_.value.code == 0
    assert "+14155550125" in capsys.readouterr().out
    for command in ("run", "resume", "check", "explain", "sync", "rehearse"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert "--corrections FILE" in capsys.readouterr().out, command


def test_no_corrections_are_no_file(tmp_path):
    path = tmp_path / "a.corrections.csv"
    one = Correction("S", 2, "Name", "=1", 'Ann, "A"\n', "2026-01-01T00:00:00Z", "a@b.org")
    write_corrections(path, [one])
    assert read_corrections(path) == [one]
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open(encoding="utf-8-sig") as file:
        header = next(csv.reader(file))
    assert header == [
        "sheet", "row", "column", "before", "after", "at", "contact"
    ]  # fmt: skip
    write_corrections(path, [])
    assert not path.exists()


class _Heard:
    """Progress that keeps what is said."""

    def __init__(self, said: list[str]) -> None:
        self._said = said

    def reading(self, rows: int) -> None: ...

    def sending(self, total: int) -> None: ...

    def expecting(self, total: int) -> None: ...

    def settled(self, status: Status) -> None: ...

    def paused(self, seconds: float, why: str) -> None: ...

    def say(self, message: str) -> None:
        self._said.append(message)


# -- cell by cell --------------------------------------------------------------------------------------


def _row(number: int, sheet: str = "", problems: tuple[Problem, ...] = (), **cells: str) -> Row:
    return Row("a.csv", sheet, number, {"E-mail": "a@b.org", "Name": "Ann"} | cells, problems)


def _by_row(*corrections: Correction) -> Corrections:
    return Corrections(Path("a.corrections.csv"), corrections, contact_of=None)


NAME = Correction("", 3, "Name", "Ann", "Anna")


def test_a_correction_changes_its_cell_alone_and_takes_its_problems_away():
    problems = (Problem("X", "odd", "Name"), Problem("Y", "odd", "E-mail"), Problem("Z", "whole"))
    corrections = _by_row(
        NAME, replace(NAME, before="Anna", after="Anne"), replace(NAME, sheet="S", before="x")
    )
    first, meant = _row(2), _row(3, problems=problems)
    assert list(corrections.watched([first, meant])) == [
        first, replace(meant, cells={"E-mail": "a@b.org", "Name": "Anne"}, problems=problems[1:]),
    ]  # fmt: skip
    assert corrections.applied == 2
    (left,) = corrections.findings()
    assert (left.code, left.severity) == ("CORRECTIONS_UNUSED", Severity.WARNING)
    assert left.message == "1 corrections of a.corrections.csv found no row (row 3)"


def test_a_cell_that_says_already_what_it_is_to_say_needs_nothing():
    corrections = _by_row(NAME)
    done = _row(3, Name="Anna")
    assert corrections.apply(done) == done
    assert (corrections.applied, corrections.findings()) == (0, [])


def test_a_cell_that_says_something_else_refuses_its_row():
    corrections = _by_row(NAME)
    found = corrections.apply(_row(3, Name="Bob"))
    (problem,) = found.problems
    assert (problem.code, problem.column, problem.value, problem.is_error) == ("CORRECTION_STALE", "", "Bob", True)  # fmt: skip
    assert problem.message == (
        "the correction of Name expects 'Ann' and the cell says 'Bob'; make it again, or remove its line"
    )
    assert (found.cells["Name"], corrections.applied, corrections.findings()) == ("Bob", 0, [])


def test_by_contact_a_cell_that_was_changed_is_left_alone():
    corrections = Corrections(
        Path("c.csv"), [replace(NAME, contact="Ann <A@B.org>"), replace(NAME, row=9)],
        contact_of=lambda cells: cells["E-mail"],
    )  # fmt: skip
    assert corrections.apply(_row(7)).cells["Name"] == "Anna"
    other = _row(8, Name="Bob")
    assert corrections.apply(other) == other
    assert corrections.apply(_row(3, **{"E-mail": "c@d.org"})).cells["Name"] == "Ann"
    assert [p.message for p in corrections.findings()] == [
        "1 corrections of c.csv found no row (row 9)"
    ]
    note = corrections.note()
    assert (note.code, note.message, note.is_error) == (
        "CORRECTIONS_APPLIED", "corrections of c.csv that are applied, found by contact: 2", False,
    )  # fmt: skip
    assert _by_row(NAME).note().message == "corrections of a.corrections.csv that are applied: 1"


def test_five_rows_and_five_columns_are_named():
    many = [replace(NAME, row=n, column=f"C{n}") for n in range(9, 2, -1)]
    (left,) = _by_row(*many).findings()
    assert left.message == "7 corrections of a.corrections.csv found no row (row 3, 4, 5, 6, 7)"
    with pytest.raises(SourceError) as caught:
        _by_row(*many).check("a.csv", ["C3"])
    assert caught.value.code == "CORRECTIONS_UNREADABLE"
    assert str(caught.value) == (
        "a.corrections.csv: a.csv has no column 'C4', 'C5', 'C6', 'C7', 'C8'"
    )
    _by_row(*many).check("a.csv", [f"C{n}" for n in range(10)])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"sheet,row,column,before\n", "no column after; corrections have sheet, row, column, before, after, at, contact"),
        (b"", "no column sheet, row, column, before, after; corrections have sheet, row, column, before, after, at, contact"),
        (b"\xff\xfe", "cannot be read: it is not UTF-8"), (None, "cannot be read: No such file or directory"),
        (b"sheet,row,column,before,after\n,0,A,x,y\n", "line 2: row '0' is not a row number"),
        (b"sheet,row,column,before,after\n,1,A,x,y\n,\xd9\xa1,A,x,y\n", "line 3: row '\u0661' is not a row number"),
        (b"sheet,row,column,before,after\n,,A,x,y\n", "line 2: row '' is not a row number"),
        (b"sheet,row,column,before,after\n, 1 ,,x,y\n", "line 2: it names no column"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_of_corrections_is_refused_with_the_line(tmp_path, content, said):
    path = tmp_path / "c.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        read_corrections(path)
    assert (caught.value.code, str(caught.value)) == ("CORRECTIONS_UNREADABLE", f"{path}: {said}")


def test_a_file_of_corrections_reads_back_in_order_and_none_removes_it(tmp_path):
    path = tmp_path / "c.csv"
    later = replace(
        NAME, before="Anna", after='A "q",\n', at="2026-03-10T00:00:00Z", contact="a@b.org"
    )
    write_corrections(path, [replace(NAME, row=10), later, NAME, replace(NAME, sheet="S")])
    assert read_corrections(path) == [later, NAME, replace(NAME, row=10), replace(NAME, sheet="S")]
    write_corrections(path, [])
    write_corrections(path, [])
    assert not path.exists()


@pytest.mark.parametrize(
    ("source", "beside"),
    [
        ("d/a.csv", "d/a.corrections.csv"), ("a.csv.gz", "a.corrections.csv"), ("a.xlsx", "a.corrections.csv"),
        ("a.csv.zip", "a.corrections.csv"), ("-", None), ("https://x.org/a.csv", None),
    ],
)  # fmt: skip
def test_corrections_are_beside_a_source_that_is_a_file(source, beside):
    assert corrections_beside(source) == (Path(beside) if beside else None)


def test_a_contact_is_found_by_its_address_however_it_is_written():
    assert contact_key("Ann <A@B.org>") == contact_key("a@b.ORG, c@d.org") == "a@b.org"
    assert contact_key(" Not One ") == "not one"
