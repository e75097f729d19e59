"""report.csv and the rejects, to the byte."""

from __future__ import annotations

import stat

import pytest
from openpyxl import load_workbook

from bulk_import.models import Outcome, Problem, Row, SourceInfo, Status
from bulk_import.report.outcomes import write_report
from bulk_import.report.rejects import write_rejects
from bulk_import.report.safety import safe_cell


def test_the_report_byte_for_byte(tmp_path):
    outcomes = [
        Outcome(
            "c.csv",
            "",
            2,
            "a@b.org",
            Status.SUCCESS,
            "0",
            "",
            (),
            (),
            1,
            200,
            "2026-01-01T00:00:00.000Z",
            12,
        ),
        Outcome(
            "c.csv",
            "S",
            3,
            "",
            Status.INVALID,
            "X",
            reasons=(Problem("X", '=1+1, "q"'),),
            warnings=(Problem("W", "w1"), Problem("W", "w2", "A: b")),
        ),
    ]
    write_report(tmp_path / "report.csv", outcomes)
    head = "source,sheet,row,contact,status,error_code,message,warnings,attempts,http_status,finished_at,elapsed_ms"
    assert (tmp_path / "report.csv").read_bytes().decode() == (
        f"{head}\r\nc.csv,,2,a@b.org,success,0,,,1,200,2026-01-01T00:00:00.000Z,12\r\n"
        'c.csv,S,3,,invalid,X,"=1+1, ""q""",w1; A: b: w2,0,,,\r\n'
    )
    assert stat.S_IMODE((tmp_path / "report.csv").stat().st_mode) == 0o600
    write_report(tmp_path / "report.csv", outcomes, safe=True)
    assert "'=1+1" in (tmp_path / "report.csv").read_text("utf-8")


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+14155550123", "+14155550123"),
        ("+03", "+03"),
        ("-5", "-5"),
        ("@x", "'@x"),
        ("-x", "'-x"),
        ("a=b", "a=b"),
        ("", ""),
        ("+cmd|'/c'", "'+cmd|'/c'"),
        ("\tx", "'\tx"),
    ],
)
def test_formulas_are_neutralized_and_phones_are_not(cell, safe):
    assert safe_cell(cell) == safe


def test_rejects_come_back_in_the_format_of_the_source(tmp_path):
    outcome = Outcome("c", "", 2, "", Status.INVALID, "X", "why")
    csv_info = SourceInfo(
        "c",
        "csv",
        encoding="cp1251",
        header=("Имя", "Б"),
        labels=("Имя", "Б"),
        dialect={"delimiter": ";", "lineterminator": "\r\n"},
    )
    row = Row("c", "", 2, {"Имя": "Алёна", "Б": "=1"})
    (path,) = write_rejects(tmp_path, {1: csv_info}, [(1, row, outcome)])
    assert (
        path.read_bytes().decode("cp1251")
        == "_row;_status;_reason;Имя;Б\r\n2;invalid;why;Алёна;'=1\r\n"
    )
    book_info = SourceInfo("c", "xlsx", sheet="Лист", header=("Имя", "Б"), labels=("Имя", "Б"))
    (path,) = write_rejects(tmp_path, {1: book_info}, [(1, row, outcome)])
    sheet = load_workbook(path)["Лист"]
    assert [[cell.value for cell in line] for line in sheet] == [
        ["_row", "_status", "_reason", "Имя", "Б"],
        ["2", "invalid", "why", "Алёна", "=1"],
    ]
    assert sheet["E2"].data_type != "f"
