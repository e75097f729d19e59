"""The brake of a night: both sides of each limit, and what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bulk_import.jobs.brake import Brake, Night, missing_files, why_not

USUAL = Night(
    rows=100, contacts=100, filled={"lead_phone": 100, "lead_utc": 19}, modified_at=50, files=["a.csv"],
    clocks="winter",
)  # fmt: skip


def said(before=100, last=USUAL, brake=None, **tonight) -> str:
    """What is said of a night that differs from the usual one."""
    return why_not(replace(USUAL, **tonight), last, before, brake or Brake())


def test_a_night_like_the_last_passes_and_so_does_the_first():
    assert said() == ""
    assert said(last=None, changed=100, vanished=100, modified_at=0) == ""


def test_a_night_without_rows_is_stopped_even_the_first():
    assert said(rows=0) == said(rows=0, last=None)
    assert said(rows=0) == "the brake: the source has no rows (--accept if that is meant)"


@pytest.mark.parametrize(
    ("tonight", "jump"),
    [
        ({"rows": 70, "filled": {"lead_phone": 70}}, ""),
        ({"rows": 69, "filled": {"lead_phone": 69}}, "69 rows, there were 100"),
        ({"rows": 200, "filled": {"lead_phone": 200}}, ""),
        ({"rows": 201, "filled": {"lead_phone": 201}}, "201 rows, there were 100"),
        ({"rows": 201, "filled": {"lead_phone": 201}, "files": ["b.csv"]}, "201 rows, there were 100"),
        ({"rows": 201, "filled": {"lead_phone": 201}, "files": ["a.csv", "b.csv"]}, ""),
        ({"vanished": 20}, ""),
        ({"vanished": 21}, "21 of 100 contacts have vanished"),
        ({"changed": 50}, ""),
        ({"changed": 51}, "51 of 100 contacts have changed"),
        ({"changed": 60, "moved": 10, "clocks": "summer"}, ""),
        ({"changed": 60, "moved": 9, "clocks": "summer"}, "51 of 100 contacts have changed"),
        ({"changed": 60, "moved": 60}, "60 of 100 contacts have changed"),
        ({"modified_at": 50}, ""),
        ({"modified_at": 49.9}, "the source is older than that of the last good run"),
        ({"filled": {"lead_phone": 70}}, ""),
        ({"filled": {"lead_phone": 69}}, "lead_phone is filled in 69% of the rows, it was in 100%"),
        ({"filled": {}}, "lead_phone is filled in 0% of the rows, it was in 100%"),
        ({"rows": 80, "filled": {"lead_phone": 56}}, ""),
        ({"rows": 80, "filled": {"lead_phone": 55}}, "lead_phone is filled in 69% of the rows, it was in 100%"),
    ],
)  # fmt: skip
def test_a_jump_stops_the_night_beyond_its_limit_and_not_at_it(tonight, jump):
    rest = " (--accept sends it this once if it is meant)"
    assert said(**tonight) == (f"the brake: {jump}{rest}" if jump else "")


def test_every_jump_is_named():
    assert said(rows=10, vanished=90, changed=80, modified_at=0, filled={"lead_phone": 10}) == (
        "the brake: the source is older than that of the last good run; 10 rows, there were 100; "
        "90 of 100 contacts have vanished; 80 of 100 contacts have changed "
        "(--accept sends it this once if it is meant)"
    )


@pytest.mark.parametrize(("rows", "stops"), [(19, False), (20, True)])
def test_shares_of_few_rows_say_nothing_but_an_older_source_always_does(rows, stops):
    small = replace(USUAL, rows=rows)
    assert bool(said(last=small, changed=100, vanished=100)) == stops
    assert "older" in said(last=small, modified_at=0)


@pytest.mark.parametrize(("filled", "stops"), [(19, False), (20, True)])
def test_a_field_that_few_rows_had_may_be_emptied(filled, stops):
    assert bool(said(last=replace(USUAL, filled={"lead_utc": filled}), filled={})) == stops


def test_the_limits_are_those_of_the_mapping():
    loose = Brake(rows_fewer=1, changed=1, vanished=1, blanked=1, rows_more=4)
    assert said(brake=loose, rows=500) == "" != said(brake=loose, rows=501)
    assert said(brake=loose, rows=1, changed=100, vanished=100, filled={}) == ""
    strict = Brake(rows_fewer=0, changed=0, vanished=0, blanked=0, smallest=1, rows_more=0)
    assert "101 rows" in said(brake=strict, rows=101)
    assert "99 rows" in said(brake=strict, rows=99)
    assert "1 of 100 contacts have changed" in said(brake=strict, changed=1)
    assert "1 of 100 contacts have vanished" in said(brake=strict, vanished=1)


def test_a_first_state_without_contacts_cannot_lose_any():
    assert said(before=0, vanished=5) == ""
    assert said(contacts=0, changed=5) == ""


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        (["a.csv", "b.csv"], []),
        (["b.csv"], ["a.csv"]),
        ([], ["a.csv", "b.csv"]),
        (["a-2026-01-02.csv", "b-2026-01-02.csv"], []),
        (["a.csv", "b.csv", "c.csv"], []),
    ],
)
def test_a_file_is_missing_when_there_are_fewer_and_not_when_names_have_changed(files, missing):
    last = replace(USUAL, files=["a.csv", "b.csv"])
    assert missing_files(replace(USUAL, files=files), last) == missing
    expected = f"{len(files)} files, there were 2; missing: {', '.join(missing)}"
    assert (expected in said(last=last, files=files)) == bool(missing)


def test_five_missing_files_are_named():
    last = replace(USUAL, files=[f"{n}.csv" for n in range(7)])
    assert said(last=last, files=["0.csv"]).startswith(
        "the brake: 1 files, there were 7; missing: 1.csv, 2.csv, 3.csv, 4.csv, 5.csv ("
    )


def test_what_an_older_version_did_not_note_is_empty_and_what_a_newer_one_did_is_left_out():
    assert Night.of({"rows": 5, "invented": 1}) == Night(rows=5)
