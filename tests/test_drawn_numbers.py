"""The drawings of a report: where bars and marks are, and what is written beside them."""

from __future__ import annotations

import pytest

from bulk_import.models import Outcome, Status, Summary
from bulk_import.report.contents import Chart, Report, Tick, contents
from bulk_import.report.digest import Bucket, Digest
from bulk_import.texts import texts


def report(counts: dict[Status, int] | None = None, digest: Digest | None = None, **of) -> Report:
    counts = counts or {Status.SUCCESS: 1}
    known = {"run_dir": "r", "sources": ("a.csv",), "mapping": "m.yml", "endpoint": "x"} | of
    made = Summary(counts=counts, rows_read=sum(counts.values()), **known)
    return contents(made, digest or Digest(), {}, texts("en"))


def charts(buckets: dict[int, tuple[int, int]], seconds: int = 1) -> list[Chart]:
    """Charts of buckets: number -> (rows, milliseconds of all of them)."""
    known = {at: Bucket(*sums) for at, sums in buckets.items()}
    return list(report(digest=Digest(seconds=seconds, buckets=known)).charts)


# -- the bar of all rows ---------------------------------------------------------------------------------

FEW = (Status.UNCHANGED, Status.INVALID, Status.FAILED, Status.UNKNOWN, Status.SKIPPED, Status.SUPPRESSED)  # fmt: skip


def test_each_of_six_small_parts_is_eight_per_mille_of_what_all_ask_for():
    parts = report({Status.SUCCESS: 99_994} | dict.fromkeys(FEW, 1)).parts
    assert [(part.x, part.width) for part in parts] == [
        (0.0, 954.2), (954.2, 7.63), (961.83, 7.63), (969.46, 7.63), (977.1, 7.63), (984.73, 7.63), (992.37, 7.63),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("others", "width"), [(1, 7.94), (7, 7.99), (8, 8.0), (9, 9.0), (500, 500.0)]
)
def test_a_part_below_eight_per_mille_is_made_wider_and_all_give_something_up(others, width):
    assert report({Status.SUCCESS: 1000 - others, Status.INVALID: others}).parts[1].width == width


def test_parts_of_thirds_meet_without_a_gap():
    third = {Status.SUCCESS: 1, Status.INVALID: 1, Status.SKIPPED: 1}
    assert [(part.x, part.width) for part in report(third).parts] == [
        (0.0, 333.33), (333.33, 333.33), (666.67, 333.33)
    ]  # fmt: skip


# -- charts ----------------------------------------------------------------------------------------------


def test_bars_and_marks_of_seven_seconds_are_drawn_to_the_hundredth():
    rates, waits = charts({0: (3, 4), 1: (1, 1), 6: (3, 8)})
    assert [bar[:4] for bar in rates.bars] == [
        (0.0, 0.0, 85.11, 150.0), (85.71, 100.0, 85.11, 50.0), (514.29, 0.0, 85.11, 150.0),
    ]  # fmt: skip
    assert [(bar[1], bar[3], bar[4]) for bar in waits.bars] == [
        (83.33, 66.67, "less than a second: 1.3 ms"),
        (100.0, 50.0, "1 second: 1.0 ms"),
        (16.67, 133.33, "6 seconds: 2.7 ms"),
    ]
    assert waits.y_ticks == (Tick(150.0, "0"), Tick(100.0, "1"), Tick(50.0, "2"), Tick(0.0, "3"))
    assert rates.x_ticks == (
        Tick(0.0, "0 s"), Tick(171.43, "2 s"), Tick(342.86, "4 s"), Tick(514.29, "6 s")
    )  # fmt: skip


@pytest.mark.parametrize(
    ("most", "marks", "figure"),
    [
        (0.0125, ["0", "0.005", "0.01", "0.015"], "0.013"),
        (0.02, ["0", "0.01", "0.02"], "0.02"),
        (0.04, ["0", "0.02", "0.04"], "0.04"),
        (0.05, ["0", "0.02", "0.04", "0.06"], "0.05"),
        (0.15, ["0", "0.05", "0.1", "0.15"], "0.15"),
        (0.3, ["0", "0.1", "0.2", "0.3"], "0.3"),
        (1.25, ["0", "0.5", "1", "1.5"], "1.2"),
        (3, ["0", "1", "2", "3"], "3.0"),
        (30, ["0", "10", "20", "30"], "30.0"),
        (3000, ["0", "1,000", "2,000", "3,000"], "3,000.0"),
    ],
)
def test_a_slow_run_has_marks_that_differ_and_bars_that_are_not_nothing(most, marks, figure):
    """A run at one request a minute is a run too."""
    rates, _ = charts({10: (round(most * 400), 0), 11: (1, 0)}, seconds=400)
    assert [tick.text for tick in rates.y_ticks] == marks
    assert rates.bars[0][4] == f"less than a second: {figure} rows/s"


def test_times_along_a_chart_count_from_its_first_bar_in_its_own_seconds():
    rates, _ = charts({500: (4, 0), 501: (4, 0), 503: (4, 0)}, seconds=4)
    assert [bar[4].partition(":")[0] for bar in rates.bars] == [
        "less than a second", "4 seconds", "12 seconds"
    ]  # fmt: skip
    assert [tick.text for tick in rates.x_ticks] == ["0 s", "5 s", "10 s", "15 s"]


# -- sums ------------------------------------------------------------------------------------------------


def answered(*seconds: int) -> Digest:
    digest = Digest()
    rows = (
        Outcome("a", "", 2, "", Status.SUCCESS, "0", attempts=1, elapsed_ms=10,
                finished_at=f"2026-03-10T00:{second // 60:02}:{second % 60:02}.123Z")
        for second in seconds
    )  # fmt: skip
    assert len(list(digest.watched(rows))) == len(seconds)
    return digest


@pytest.mark.parametrize(
    ("last", "seconds"), [(119, 1), (120, 2), (238, 2), (239, 2), (240, 4), (479, 4), (480, 8)]
)
def test_a_chart_has_at_most_120_bars_counted_with_its_gaps(last, seconds):
    digest = answered(0, last)
    assert digest.seconds == seconds
    assert max(digest.buckets) - min(digest.buckets) < 120


def test_rows_of_one_second_that_comes_back_later_are_added_to_it():
    digest = answered(5, 5, 6, 5)
    first = min(digest.buckets)
    assert {at - first: bucket for at, bucket in digest.buckets.items()} == {
        0: Bucket(3, 30), 1: Bucket(1, 10)
    }  # fmt: skip


def test_an_answer_of_a_whole_second_is_counted_too():
    digest = Digest()
    one = Outcome("a", "", 2, "", Status.SUCCESS, "0", attempts=1, elapsed_ms=7, finished_at="2026-03-10T00:00:05Z")  # fmt: skip
    assert list(digest.watched([one])) == [one]
    assert digest.buckets == {1_773_100_805: Bucket(1, 7)}


def test_an_answer_whose_time_is_not_known_is_counted_without_it():
    digest = Digest()
    one = Outcome("a", "", 2, "", Status.UNKNOWN, "X", attempts=1, finished_at="2026-03-10T00:00:00.000Z")  # fmt: skip
    assert list(digest.watched([one])) == [one]
    assert list(digest.buckets.values()) == [Bucket(1, 0)]


# -- whose account ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "account"),
    [("https://shop.example.com", "shop.example.com"), ("http://127.0.0.1:8017", "127.0.0.1:8017"), ("shop", "shop"), ("", "no account")],
)  # fmt: skip
def test_the_account_is_named_without_its_scheme(endpoint, account):
    sentence = report(endpoint=endpoint, started_at="2026-03-10T11:05:00Z", finished_at="2026-03-10T11:05:30Z").sentence  # fmt: skip
    assert sentence.endswith(f", into {account}.")
