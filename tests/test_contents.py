"""The numbers, sentences and charts of a report, to the last place."""

from __future__ import annotations

import pytest

from bulk_import.models import Outcome, Problem, Severity, Status, Summary
from bulk_import.report.contents import Listed, Part, Report, Tick, contents
from bulk_import.report.digest import Bucket, Digest
from bulk_import.report.page import next_commands, render
from bulk_import.texts import texts


def summary(counts, *, rows=None, **options):
    numbers = {Status(name): number for name, number in counts.items()}
    options = {"run_dir": "runs/1", "sources": ("a.csv",), "mapping": "m.yml"} | options
    options.setdefault("endpoint", "https://shop.example.com")
    return Summary(
        counts=numbers, rows_read=sum(numbers.values()) if rows is None else rows, **options
    )


def report(of=None, outcomes=(), changes=None, **options) -> Report:
    digest = Digest()
    assert list(digest.watched(outcomes)) == list(outcomes)
    return contents(of or summary({"success": 1}), digest, changes or {}, texts("en"), **options)


def answered(second, ms=0, rows=1):
    """Outcomes of rows that were answered within one second of the clock."""
    at = f"2026-03-10T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.500Z"
    one = Outcome("a.csv", "", 2, "", Status.SUCCESS, "0", attempts=1, finished_at=at, elapsed_ms=ms)  # fmt: skip
    return [one] * rows


# -- what is said first ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "options", "headline", "tone"),
    [
        ({"success": 1}, {}, "The one row was imported", "good"),
        ({"success": 1200}, {}, "All 1,200 rows were imported", "good"),
        ({"success": 2, "duplicate": 1}, {}, "2 of 3 imported", "good"),
        ({"success": 2, "invalid": 1}, {}, "2 of 3 imported; 1 needs you", "attention"),
        (
            {"invalid": 1, "failed": 2, "unknown": 3},
            {},
            "0 of 6 imported; 6 need you",
            "attention",
        ),
        ({"success": 1, "not_sent": 1}, {}, "1 of 2 imported; 1 is not sent yet", "attention"),
        (
            {"failed": 1, "not_sent": 4},
            {},
            "0 of 5 imported; 1 needs you; 4 are not sent yet",
            "attention",
        ),
        ({}, {}, "There were no rows", "calm"),
        (
            {"not_sent": 2, "invalid": 1},
            {"dry_run": True},
            "A rehearsal: 2 of 3 rows would be sent",
            "calm",
        ),
        (
            {"invalid": 1},
            {"dry_run": True},
            "A rehearsal: 0 of 1 rows would be sent",
            "calm",
        ),
        (
            {"success": 1},
            {"rows": 2},
            "The counts do not add up: a bug, please report it",
            "bad",
        ),
    ],
)
def test_the_headline_counts_what_came_in_what_needs_somebody_and_what_is_left(
    counts, options, headline, tone
):
    found = report(summary(counts, **options))
    assert (found.headline, found.tone) == (headline, tone)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"elapsed_s": 125}, "2 minutes 5 seconds, into shop.example.com."),
        ({"endpoint": ""}, "less than a second, into no account."),
        ({"dry_run": True}, "Nothing was sent."),
    ],
)
def test_the_sentence_says_how_long_and_into_which_account(options, sentence):
    options |= {"started_at": "2026-03-10T11:05:00Z", "finished_at": "2026-03-10T11:05:30Z"}
    assert report(summary({"success": 1}, **options)).sentence.endswith(sentence)


def test_the_bar_has_a_part_for_each_way_to_end_and_the_smallest_can_be_seen():
    counts = {"success": 9990, "invalid": 10, "suppressed": 0}
    assert report(summary(counts)).parts == (
        Part("success", "Imported", 9990, 0.0, 992.06),
        Part("invalid", "Cannot be sent as they are", 10, 992.06, 7.94),
    )
    halves = report(summary({"unchanged": 2, "not_sent": 2}, dry_run=True)).parts
    assert halves == (
        Part("unchanged", "Unchanged since last time", 2, 0.0, 500.0),
        Part("not_sent", "Would be sent", 2, 500.0, 500.0),
    )
    assert report(summary({})).parts == ()


def test_the_facts_name_files_account_requests_and_the_exit_code():
    of = summary({"success": 1, "failed": 1}, sources=("a.csv", "b.csv"), requests=1234)
    facts = dict(report(of).facts)
    assert facts | {"Times are local": ""} == {
        "Spreadsheet": "a.csv, b.csv",
        "Mapping": "m.yml",
        "Run folder": "runs/1",
        "Requests": "1,234",
        "Times are local": "",
        "Exit code": "1",
        "Row counts": "add up: every row is accounted for once",
    }
    lost = dict(report(summary({"success": 1}, rows=3)).facts)
    assert lost["Row counts"] == "DO NOT ADD UP: a bug, please report it"


# -- what needs somebody -----------------------------------------------------------------------------

SHORT = Problem("PHONE_INVALID", "'12' is too short", "Mobile", "lead_phone", "12")
ODD = Problem("NAME_ODD", "'x' is odd", "Name", "lead_first_name", "x", Severity.WARNING)


def refused(row, *reasons, source="a.csv"):
    return Outcome(source, "", row, "ann@x.org", Status.INVALID, reasons[0].code, reasons=reasons)


FAILED = Outcome("a.csv", "", 9, "bob@x.org", Status.FAILED, "101", "no such list")


def test_causes_come_by_their_number_each_with_its_first_row_and_its_own_cell():
    whole = Problem("ROW_RAGGED", "the row is too long")
    found = report(
        outcomes=[FAILED, refused(3, whole, SHORT), refused(4, SHORT), refused(5, SHORT)]
    )
    assert [(c.status, c.code, c.rows, c.place, c.columns, c.example) for c in found.causes] == [
        ("invalid", "PHONE_INVALID", 2, "4", ("Mobile",), "'12' is too short"),
        ("failed", "101", 1, "9", (), "no such list"),
        ("invalid", "ROW_RAGGED", 1, "3", ("The row as a whole",), "the row is too long"),
    ]
    assert found.needing == 4
    say = texts("en")
    assert [(c.text, c.fix) for c in found.causes] == [
        (say.cause(c.code), say.fix(c.code)) for c in found.causes
    ]
    assert all(c.text and c.fix for c in found.causes)


def test_a_code_that_nobody_knows_is_said_by_how_its_row_ended():
    odd = Outcome("a.csv", "", 2, "", Status.UNKNOWN, "NEVER_HEARD_OF", "?")
    (cause,) = report(outcomes=[odd]).causes
    assert (cause.text, cause.fix) == ("Sent, without a clear answer", "")


def test_each_listed_row_has_its_problems_column_by_column():
    unmapped = Problem("TAG_LONG", "too long", field="add_tags")
    found = report(outcomes=[refused(3, SHORT, unmapped), FAILED])
    assert found.listed == (
        Listed("a.csv", 3, "ann@x.org", "invalid", "PHONE_INVALID", (("Mobile", "'12' is too short"), ("Add tags", "too long"))),
        Listed("a.csv", 9, "bob@x.org", "failed", "101", (("", "no such list"),)),
    )  # fmt: skip


def test_a_cell_that_feeds_several_fields_is_listed_with_its_problem_once():
    parts = [Problem("TEXT_MOJIBAKE", "odd", "Name", field=f"lead_{part}_name") for part in ("first", "last")]  # fmt: skip
    assert report(outcomes=[refused(3, *parts)]).listed[0].problems == (("Name", "odd"),)


def test_the_files_column_is_there_when_rows_may_come_from_several():
    assert not report(outcomes=[FAILED]).several_sources
    assert report(summary({"failed": 1}, sources=("a.csv", "b.csv"))).several_sources
    assert report(outcomes=[refused(3, SHORT, source="parts/b.csv")]).several_sources


def test_a_report_for_others_keeps_codes_columns_and_numbers_and_hides_what_people_typed():
    remarked = Outcome("a.csv", "", 2, "c@x.org", Status.SUCCESS, "0", warnings=(ODD,))
    nobody = Outcome("a.csv", "", 7, "", Status.FAILED, "101", "no such list")
    found = report(outcomes=[refused(3, SHORT), nobody, remarked], redact=True)
    assert found.redact
    assert [(cause.columns, cause.example) for cause in found.causes] == [
        (("Mobile",), ""),
        ((), ""),
    ]
    assert [(row.contact, row.problems) for row in found.listed] == [
        ("hidden", (("Mobile", ""),)),
        ("", (("", ""),)),
    ]
    assert found.warnings == (("Name", 1, ""),)


def test_remarks_are_counted_by_column_the_most_frequent_first():
    other = Problem("PHONE_ODD", "odd: 7", "", "lead_phone", "7", Severity.WARNING)
    outcomes = [
        Outcome("a", "", 2, "", Status.SUCCESS, "0", warnings=(other,)),
        Outcome("a", "", 3, "", Status.SUCCESS, "0", warnings=(ODD,)),
        Outcome("a", "", 4, "", Status.SUCCESS, "0", warnings=(ODD,)),
    ]
    assert report(outcomes=outcomes).warnings == (
        ("Name", 2, "'x' is odd"),
        ("Phone", 1, "odd: 7"),
    )


def test_thirty_tags_are_named_the_most_frequent_first_and_the_others_counted():
    tags = {f"t{n}": n for n in range(1, 33)}
    found = report(changes={"add_tags": tags, "add_to_lists": {"news": 5}}).changes
    (name, title, named, more), (_, lists, few, none) = found
    assert (name, title, named[0], named[-1], len(named), more) == (
        "add_tags", "Tags added", ("t32", 32), ("t3", 3), 30, 2,
    )  # fmt: skip
    assert (lists, few, none) == ("Added to lists", (("news", 5),), 0)


def test_the_page_lists_500_rows_and_says_of_how_many():
    rows = [Outcome("a", "", n, "", Status.FAILED, "101", "no") for n in range(1, 502)]
    for count, is_said in ((500, False), (501, True)):
        digest = Digest()
        assert len(list(digest.watched(rows[:count]))) == count
        assert len(digest.listed) == 500
        page = render(summary({"failed": count}), digest, {}, redact=False)
        assert ("The first 500 of 501; report.csv has all." in page) == is_said


# -- charts ------------------------------------------------------------------------------------------


def test_a_chart_of_three_seconds_has_its_bars_and_axes_where_they_belong():
    outcomes = [*answered(0, 100, rows=6), *answered(1, 50), *answered(1, 150), *answered(3, 7)]
    rates, waits = report(outcomes=outcomes).charts
    assert (rates.title, rates.unit, rates.width, rates.height) == (
        "Rows per second", "rows/s", 600, 150,
    )  # fmt: skip
    assert rates.bars == (
        (0.0, 0.0, 149.4, 150.0, "less than a second: 6.0 rows/s"),
        (150.0, 100.0, 149.4, 50.0, "1 second: 2.0 rows/s"),
        (450.0, 125.0, 149.4, 25.0, "3 seconds: 1.0 rows/s"),
    )
    assert rates.y_ticks == (Tick(150.0, "0"), Tick(100.0, "2"), Tick(50.0, "4"), Tick(0.0, "6"))
    assert rates.x_ticks == (
        Tick(0.0, "0 s"), Tick(150.0, "1 s"), Tick(300.0, "2 s"), Tick(450.0, "3 s"), Tick(600.0, "4 s"),
    )  # fmt: skip
    assert (waits.title, waits.unit) == ("Time of an answer", "ms")
    assert waits.y_ticks == (Tick(150.0, "0"), Tick(75.0, "50"), Tick(0.0, "100"))
    assert waits.bars == (
        (0.0, 0.0, 149.4, 150.0, "less than a second: 100.0 ms"),
        (150.0, 0.0, 149.4, 150.0, "1 second: 100.0 ms"),
        (450.0, 139.5, 149.4, 10.5, "3 seconds: 7.0 ms"),
    )


@pytest.mark.parametrize("outcomes", [[], answered(5), answered(5, rows=9)])
def test_a_single_second_is_no_chart(outcomes):
    assert report(outcomes=outcomes).charts == ()


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, ["0", "1"]),
        (1, ["0", "0.5", "1"]),
        (3, ["0", "1", "2", "3"]),
        (4, ["0", "2", "4"]),
        (7, ["0", "5", "10"]),
        (22, ["0", "10", "20", "30"]),
        (100, ["0", "50", "100"]),
        (1500, ["0", "500", "1,000", "1,500"]),
    ],
)
def test_the_upper_end_of_an_axis_is_a_round_number_not_below_the_highest_bar(most, ticks):
    _, waits = report(outcomes=[*answered(0, most), *answered(1, most)]).charts
    assert [tick.text for tick in waits.y_ticks] == ticks


@pytest.mark.parametrize(
    ("last", "marks"),
    [
        (5, ["0 s", "1 s", "2 s", "3 s", "4 s", "5 s", "6 s"]),
        (6, ["0 s", "2 s", "4 s", "6 s"]),
        (119, ["0 s", "30 s", "60 s", "90 s", "120 s"]),
        (359, ["0 min", "1 min", "2 min", "3 min", "4 min", "5 min", "6 min"]),
        (4 * 3600 - 1, ["0 h", "1 h", "2 h", "3 h", "4 h"]),
    ],
)
def test_marks_of_time_are_at_most_seven_and_in_the_largest_fitting_unit(last, marks):
    outcomes = [*answered(0), *answered(last)]
    rates, _ = report(outcomes=outcomes).charts
    assert [tick.text for tick in rates.x_ticks] == marks


@pytest.mark.parametrize(
    ("seconds", "last"),
    [
        (1, "6 s"), (2, "12 s"), (5, "30 s"), (10, "60 s"), (15, "90 s"), (30, "180 s"), (60, "6 min"),
        (120, "12 min"), (300, "30 min"), (600, "60 min"), (900, "90 min"), (1800, "180 min"), (3600, "6 h"),
        (7200, "12 h"), (14400, "24 h"), (43200, "72 h"), (86400, "144 h"), (864000, "1440 h"),
    ],
)  # fmt: skip
def test_an_axis_of_time_has_steps_that_a_clock_has(seconds, last):
    digest = Digest(seconds=seconds, buckets={at: Bucket(1, 1) for at in (100, 105)})
    rates, _ = contents(summary({"success": 2}), digest, {}, texts("en")).charts
    assert rates.x_ticks[0] == Tick(0.0, f"0 {last.split()[1]}")
    assert rates.x_ticks[-1] == Tick(600.0, last)
    assert len(rates.x_ticks) == (7 if seconds <= 86400 else 61)


def test_a_long_run_has_wider_bars_that_lose_no_row():
    """Beyond 120 seconds, each bar stands for twice as long; gaps count as well as work."""
    digest = Digest()
    rows = [*answered(0, 10), *answered(119, 20), *answered(60, 30)]
    assert len(list(digest.watched(rows))) == 3
    assert (digest.seconds, len(digest.buckets)) == (1, 3)
    assert (
        len(list(digest.watched([*answered(121, 40), *answered(121, 5), *answered(118, 1)]))) == 3
    )
    assert digest.seconds == 2
    first = min(digest.buckets)
    assert {n - first: bucket for n, bucket in digest.buckets.items()} == {
        0: Bucket(1, 10),
        30: Bucket(1, 30),
        59: Bucket(2, 21),
        60: Bucket(2, 45),
    }
    rates, _ = contents(summary({"success": 6}), digest, {}, texts("en")).charts
    assert rates.bars[-1][4] == "2 minutes: 1.0 rows/s"


def test_rows_that_nobody_answered_are_no_part_of_a_chart():
    digest = Digest()
    unsent = Outcome("a", "", 2, "", Status.INVALID, "X", finished_at="2026-03-10T00:00:00.000Z")
    unfinished = Outcome("a", "", 3, "", Status.UNKNOWN, "X", attempts=1)
    assert list(digest.watched([unsent, unfinished])) == [unsent, unfinished]
    assert digest.buckets == {}


# -- what to do next ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "options", "rejects", "commands"),
    [
        ({"success": 3}, {}, [], []),
        ({"not_sent": 1}, {}, [], ["bulk-import resume runs/1"]),
        ({"unknown": 1}, {}, [], ["bulk-import resume runs/1"]),
        (
            {"invalid": 1},
            {"run_dir": "my runs/1", "mapping": "a b.yml"},
            ["rejects.csv"],
            ["bulk-import run 'my runs/1/rejects.csv' -m 'a b.yml'"],
        ),
        ({"not_sent": 1}, {"dry_run": True}, [], []),
    ],
)
def test_the_next_commands_are_those_that_this_end_calls_for(counts, options, rejects, commands):
    found = next_commands(summary(counts, **options), texts("en"), rejects)
    assert [command for _, command in found] == commands


def test_rejects_of_the_folder_are_named_where_somebody_is_needed(tmp_path):
    for name in ("rejects_1.csv", "rejects_2.xlsx", "rejects_1.corrections.csv", "rejects.txt"):
        (tmp_path / name).touch()
    bad = summary({"invalid": 1}, run_dir=str(tmp_path))
    page = render(bad, Digest(), {}, redact=False)
    links = ['href="rejects_1.csv"', 'href="rejects_2.xlsx"']
    assert [link in page for link in links] == [True, True]
    assert page.count("href=") == 2
    assert "href=" not in render(
        summary({"skipped": 1}, run_dir=str(tmp_path)), Digest(), {}, redact=False
    )
