"""A DataFrame as a source: each value has the text that a spreadsheet would show."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from bulk_import.models import Row, SourceInfo
from bulk_import.sources.frame import frame_rows


def texts(*values: Any) -> list[str]:
    frame = pd.DataFrame({"A": pd.Series(values, dtype=object), "B": "x"})
    return [row.cells["A"] for row in frame_rows(frame, "f")[1]]


def test_missing_values_of_every_kind_are_empty_cells():
    assert texts(None, float("nan"), pd.NaT, pd.NA, "") == [""] * 5


def test_numbers_have_their_digits_and_no_decimal_that_nobody_typed():
    assert texts(7, 7.0, -7.0, 0.5, 79161234567.0, True, Decimal("7.50")) == [
        "7", "7", "-7", "0.5", "79161234567", "True", "7.50",
    ]  # fmt: skip
    assert texts(999_999_999_999_999.0, 1e15, 1e300) == [
        "999999999999999",
        "1000000000000000.0",
        "1e+300",
    ]
    assert texts(float("inf"), 12345678901234567890) == ["inf", "12345678901234567890"]


def test_texts_are_as_they_are():
    assert texts("007", " x ", "'7", "nan", "None", "a\0b") == [
        "007",
        " x ",
        "'7",
        "nan",
        "None",
        "a\0b",
    ]


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2024-05-12", "2024-05-12"), ("2024-05-12 14:30", "2024-05-12 14:30"), ("2024-05-12 14:00", "2024-05-12 14:00"), ("2024-05-12 00:30", "2024-05-12 00:30"),
        ("2024-05-12 00:00:05", "2024-05-12 00:00:05"), ("2024-05-12 14:30:05", "2024-05-12 14:30:05"), ("2024-05-12 05:05:05", "2024-05-12 05:05:05"),
        ("2024-05-12 00:00:00.25", "2024-05-12 00:00:00.250000"), ("2024-05-12 14:30+03:00", "2024-05-12 14:30+03:00"), ("2024-05-12 00:00+03:00", "2024-05-12"),
    ],
)  # fmt: skip
def test_moments_keep_their_seconds_and_midnight_is_a_day(moment, text):
    assert texts(pd.Timestamp(moment)) == [text]


def test_dates_of_the_standard_library_are_written_by_iso():
    zone = timezone(timedelta(hours=3))
    assert texts(date(2024, 5, 12), datetime(2024, 5, 12, 14, 30, tzinfo=zone)) == [
        "2024-05-12",
        "2024-05-12 14:30:00+03:00",
    ]


def test_rows_are_numbered_as_below_a_header_and_blank_ones_are_none():
    frame = pd.DataFrame({"A": ["1", None, " ", "4"], 7: ["x", "", "\t", ""]}, index=[9, 8, 7, 6])
    info, rows = frame_rows(frame, "contacts")
    assert list(rows) == [
        Row("contacts", "", 2, {"A": "1", "7": "x"}),
        Row("contacts", "", 5, {"A": "4", "7": ""}),
    ]
    digest = hashlib.sha256(b"A\x007" + b"1\0x" + b"\0" + b" \0\t" + b"4\0").hexdigest()
    assert info == SourceInfo(
        name="contacts", kind="frame", header=("A", "7"), labels=("A", "7"), sha256=digest
    )


def test_another_cell_or_column_is_another_source():
    def identity(**columns: list[str]) -> str:
        return frame_rows(pd.DataFrame(columns), "f")[0].sha256

    plain = identity(A=["1"], B=["2"])
    assert identity(A=["1"], B=["2"]) == plain
    assert (
        len(
            {
                plain,
                identity(A=["1"], B=["3"]),
                identity(A=["1"], C=["2"]),
                identity(A=["12"], B=[""]),
            }
        )
        == 4
    )
    assert identity(A=["\ud800"]) != identity(A=["\ud801"])
