"""Rejects are a fixed point: fed back as they are, every row is refused again for the same reasons."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl.styles import PatternFill

from bulk_import.codes import look_up
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Outcome, Problem, Row, Severity, SourceInfo, Status
from bulk_import.report.rejects import is_rejects, numbered, write_rejects
from bulk_import.run.inputs import opened_inputs
from tests.conftest import examples

MAPPING = parse_mapping(
    "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n  lead_last_name: Surname\n"
    "  lead_phone: Phone\n  lead_billing_city: City\n  lead_billing_zip: Zip\n  add_tags: Tags\nwhen: {no_email: create}\n"
)  # fmt: skip
FEW = parse_mapping(
    "version: 1\nfields:\n  lead_email: E-mail\n  lead_billing_zip: Zip\n  lead_description: Score\n"
)
HEADER = ["E-mail", "Name", "Surname", "Phone", "City", "Zip", "Tags"]
GOOD = ["a@example.com", "Ann", "Berg", "+14155550123", "Boston", "02110", "vip"]


def refusals(path, folder, mapping=MAPPING, **options):
    """The reasons of each refused row of a source, and the rejects that are written of it."""
    found, rejected = [], []
    with opened_inputs([str(path)], mapping, None) as inputs:
        (source,) = inputs
        for row in source.rows:
            record = source.mapper.record(row)
            if record.errors:
                found.append(sorted({_kind(problem.code) for problem in record.errors}))
                outcome = Outcome(
                    row.source, row.sheet, row.number, "", Status.INVALID,
                    record.errors[0].code, reasons=record.errors,
                )  # fmt: skip
                rejected.append((1, row, outcome))
        sources = {1: source.info}
    folder.mkdir()
    written = write_rejects(folder, sources, rejected, **options)
    return found, written


def _kind(code):
    # What cannot be written as it was is written as an error.
    return "CELL_ERROR" if code == "FORMULA_NOT_CALCULATED" else code


def assert_fixed_point(path, folder, count=None):
    """The rejects of the rejects are as many, for the same reasons."""
    first, (rejects,) = refusals(path, folder / "1")
    again, (once_more,) = refusals(rejects, folder / "2")
    third, _ = refusals(once_more, folder / "3")
    assert first == again == third
    assert count is None or len(first) == count
    return rejects


def row(**cells):
    return [cells.get(name, good) for name, good in zip(HEADER, GOOD, strict=True)]


BAD = [
    row(**{"E-mail": "nobody"}), row(Phone="12"), row(Name="NULL"), row(Name="#REF!"), row(City="#ЗНАЧ!"), row(Phone="#N/A"), row(Zip="######"),
    row(Name="{{first_name}}"), row(Name="O&#039;Neill"), row(Name="MÃ¼ller"), row(Name="M\ufffdller"), row(Surname="None", City="nan"),
    row(Zip="2110.0"), row(Phone="2024-05-12"), row(Name='=CONCATENATE("a","b")'), row(Tags="a" * 300), row(City="4.49E+11"),
    ["Total", "", "", "", "", "25", ""], ["e.g. a@b.org", *GOOD[1:]], row(Name="<b>x</b>"), row(Name="_x000D_x"), row(Phone="'=1"),
]  # fmt: skip
RAGGED = [GOOD[:5], [*GOOD, "beyond"], [*GOOD, "", "=1+1", "more"]]


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_every_kind_of_bad_row_of_a_csv_file_stays_refused(tmp_path, delimiter):
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        # The example comes first, where an example is one.
        csv.writer(file, delimiter=delimiter).writerows(
            [HEADER, BAD[18], *BAD[:18], *BAD[19:], *RAGGED, GOOD]
        )
    rejects = assert_fixed_point(path, tmp_path, count=len(BAD) + len(RAGGED))
    text = rejects.read_text("utf-8-sig")
    assert text.startswith(delimiter.join(["_row", "_status", "_reason", *HEADER]))
    assert "=1+1" in text  # what was beyond the header is there again


def test_every_kind_of_bad_cell_of_a_workbook_stays_refused(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for line in [HEADER, *BAD[:17], *BAD[19:], GOOD]:
        sheet.append(line)
        for cell in sheet[sheet.max_row]:
            if cell.value is not None:
                cell.data_type = "s"
    count = sheet.max_row - 2
    for column, value in (
        ("B", "#REF!"),
        ("D", "#DIV/0!"),
        ("B", "=A1"),
        ("D", 12345678901234567890),
        ("F", date(2024, 5, 12)),
        ("B", True),
    ):
        sheet.append(GOOD)
        sheet[f"{column}{sheet.max_row}"] = value
        count += 1
    book.save(tmp_path / "a.xlsx")
    assert_fixed_point(
        tmp_path / "a.xlsx", tmp_path, count=count - 1
    )  # '=1 is a formula's text here


cells = st.sampled_from(
    ["", "Ann", "NULL", "None", "nan", "-", "#REF!", "######", "{{x}}", "a&amp;b", "MÃ¼ller", "'007", "=1+1", "+1 202 555 0100", "12", "Total", "25",
     "e.g. x", "2110.0", "4.49E+11", "2024-05-12", "a,b", 'q"q', "a\nb", "  pad ", "''x", "'=x", "@x", "nobody", "b@example.com", "\ufffd", "=A1"]
)  # fmt: skip


@hypothesis_settings(
    max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(table=st.lists(st.lists(cells, min_size=5, max_size=9), min_size=1, max_size=8), kind=st.sampled_from(["csv", "xlsx"]))  # fmt: skip
def test_any_rejects_are_a_fixed_point(tmp_path_factory, table, kind):
    folder = tmp_path_factory.mktemp("rejects")
    path = folder / f"a.{kind}"
    if kind == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([HEADER, *table])
    else:
        book = openpyxl.Workbook()
        for line in [HEADER, *table]:
            book.active.append(line[: len(HEADER)])
        for line in book.active:
            for cell in line:
                if isinstance(cell.value, str) and not cell.value.startswith("#"):
                    cell.data_type = "s"
        book.save(path)
    first, written = refusals(path, folder / "1")
    if written:
        assert refusals(written[0], folder / "2")[0] == first


# -- looks --------------------------------------------------------------------------------------------


def styled(path, rows):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "People"
    sheet.append(["E-mail", "Zip", "Born", "Score"])
    sheet.column_dimensions["A"].width = 33
    for _ in range(rows):
        sheet.append(["nobody", 2110, date(2024, 5, 12), 0.155])
    for at in range(2, rows + 2):
        sheet.cell(at, 2).number_format = "00000"
        sheet.cell(at, 3).number_format = "dd.mm.yyyy"
        sheet.cell(at, 4).number_format = "0.0%"
        sheet.cell(at, 1).fill = PatternFill("solid", fgColor="FFDDEEFF")
        sheet.cell(at, 4).fill = PatternFill("solid", fgColor="FF00FF00")
    book.save(path)
    return path


@pytest.mark.parametrize("rows", [3, pytest.param(6000, marks=pytest.mark.slow)])
def test_rejects_keep_types_formats_colours_and_widths(tmp_path, rows):
    _, (path,) = refusals(styled(tmp_path / "a.xlsx", rows), tmp_path / "1", FEW)
    book = openpyxl.load_workbook(path)
    sheet = book["People"]
    assert sheet.max_row == rows + 1
    last = sheet[rows + 1]
    assert [cell.value for cell in last][0:1] == [str(rows + 1)]
    assert [(cell.value, cell.number_format) for cell in last][4:] == [
        (2110, "00000"),
        (last[5].value, "dd.mm.yyyy"),
        (0.155, "0.0%"),
    ]
    assert last[5].value.date() == date(2024, 5, 12)
    assert last[3].fill.fgColor.rgb == "FFFFC7CE"  # the bad cell
    assert last[6].fill.fgColor.rgb == "FF00FF00"  # the user's own colour
    assert "no @" in last[3].comment.text
    assert round(sheet.column_dimensions["D"].width) == 33
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", f"A1:G{rows + 1}")


def test_a_second_sheet_sums_the_causes_up_and_is_not_read_back(tmp_path):
    path = styled(tmp_path / "a.xlsx", 3)
    _, (rejects,) = refusals(path, tmp_path / "1", FEW)
    summary = openpyxl.load_workbook(rejects)["Summary"]
    code, rows, cause, fix, places = [cell.value for cell in summary[2]]
    assert (code, rows, places) == ("EMAIL_INVALID", 3, "2, 3, 4")
    assert cause
    assert fix
    assert len(refusals(rejects, tmp_path / "2", FEW)[0]) == 3


@pytest.mark.parametrize("most", [0, 2, 3, 4, 5])
def test_comments_are_as_many_as_memory_allows_and_colours_as_many_as_there_are(tmp_path, most):
    source = styled(tmp_path / "a.xlsx", 4)
    _, (path,) = refusals(source, tmp_path / "1", FEW, most_comments=most)
    sheet = openpyxl.load_workbook(path)["People"]
    cells = [sheet.cell(at, 4) for at in range(2, 6)]
    assert [cell.comment is not None for cell in cells] == [at < most for at in range(4)]
    assert {cell.fill.fgColor.rgb for cell in cells} == {"FFFFC7CE"}


def test_without_the_source_cells_are_texts_as_they_were_read(tmp_path):
    path = styled(tmp_path / "a.xlsx", 1)
    with opened_inputs([str(path)], FEW, None) as inputs:
        (source,) = inputs
        row = next(iter(source.rows))
        outcome = Outcome("a", "People", 2, "", Status.INVALID, "X", said="why")
        Path(path).unlink()
        (tmp_path / "1").mkdir()
        (written,) = write_rejects(tmp_path / "1", {1: source.info}, [(1, row, outcome)])
    assert [cell.value for cell in openpyxl.load_workbook(written)["People"][2]] == [
        "2", "invalid", "why", "nobody", "02110", "2024-05-12", "15.5%"
    ]  # fmt: skip


# -- files of other formats ----------------------------------------------------------------------------


def rejected(row, number=1, status=Status.INVALID, reasons=()):
    outcome = Outcome(
        row.source, row.sheet, row.number, "", status, "X", said="why", reasons=tuple(reasons)
    )
    return number, row, outcome


def texts_of(path):
    return path.read_bytes().decode("utf-8-sig").split("\r\n")


def test_rejects_of_several_sources_are_numbered_as_the_sources_are(tmp_path):
    infos = {
        number: SourceInfo(f"{number}", kind, header=("A",), labels=("A",))
        for number, kind in ((1, "csv"), (2, "csv"), (3, "ods"), (4, "json"), (5, "frame"))
    }
    rows = [rejected(Row(f"{n}", "", 2, {"A": f"x{n}"}), n) for n in (1, 3, 4, 5)]
    written = write_rejects(tmp_path, infos, rows)
    names = ["rejects_1.csv", "rejects_3.xlsx", "rejects_4.csv", "rejects_5.csv"]
    assert [path.name for path in written] == names
    assert texts_of(written[0]) == ["_row,_status,_reason,A", "2,invalid,why,x1", ""]
    assert all(map(is_rejects, [*names, "rejects.csv", "rejects-2.csv", "rejects_1-3.xlsx"]))
    assert not any(
        map(is_rejects, ["rejects.txt", "my rejects.csv", "rejects.csv.bak", "report.csv"])
    )
    assert [numbered("rejects.csv", 2), numbered("rejects_1.xlsx", 3)] == [
        "rejects-2.csv",
        "rejects_1-3.xlsx",
    ]


def test_rows_of_several_sheets_name_their_sheet(tmp_path):
    info = SourceInfo("a.xlsx", "xlsx", header=("A",), labels=("A",))
    rows = [rejected(Row("a.xlsx", sheet, 2, {"A": sheet}), 1) for sheet in ("One", "Two")]
    (path,) = write_rejects(tmp_path, {1: info}, rows)
    lines = [[cell.value for cell in line] for line in openpyxl.load_workbook(path)["Rejects"]]
    assert lines == [
        ["_row", "_sheet", "_status", "_reason", "A"],
        ["2", "One", "invalid", "why", "One"],
        ["2", "Two", "invalid", "why", "Two"],
    ]


def test_columns_that_an_earlier_file_of_rejects_had_are_replaced(tmp_path):
    names = ("_row", "_status", "_reason", "A")
    info = SourceInfo("a.csv", "csv", header=names, labels=names)
    row = Row("a.csv", "", 5, {"_row": "2", "_status": "failed", "_reason": "old", "A": "x"})
    (path,) = write_rejects(tmp_path, {1: info}, [rejected(row)])
    assert texts_of(path) == ["_row,_status,_reason,A", "5,invalid,why,x", ""]


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ({}, '_row,_status,_reason,A,B\r\n2,invalid,why,"a,""b""",\r\n'),
        ({"delimiter": "\t"}, '_row\t_status\t_reason\tA\tB\r\n2\tinvalid\twhy\t"a,""b"""\t\r\n'),
        ({"delimiter": ";", "lineterminator": "\n", "sep_line": "yes"}, 'sep=;\n_row;_status;_reason;A;B\n2;invalid;why;"a,""b""";\n'),
        ({"quotechar": "'"}, "_row,_status,_reason,A,B\r\n2,invalid,why,'a,\"b\"',\r\n"),
        ({"escapechar": "\\"}, '_row,_status,_reason,A,B\r\n2,invalid,why,"a,\\"b\\"",\r\n'),
    ],
)  # fmt: skip
def test_rejects_of_a_text_file_have_its_own_dialect(tmp_path, dialect, text):
    info = SourceInfo("a.csv", "csv", header=("A", "B"), labels=("A", "B"), dialect=dialect)
    row = Row("a.csv", "", 2, {"A": 'a,"b"', "B": ""})
    (path,) = write_rejects(tmp_path, {1: info}, [rejected(row)])
    assert path.read_bytes().decode("utf-8-sig") == text


def test_letters_that_the_encoding_lacks_are_lost_in_our_reasons_alone(tmp_path):
    info = SourceInfo("a.csv", "csv", encoding="latin-1", header=("A",), labels=("A",))
    reason = Problem("X", "schreibe „Ünï“", "A")
    row = Row("a.csv", "", 2, {"A": "Ünï"})
    (path,) = write_rejects(tmp_path, {1: info}, [rejected(row, reasons=[reason])])
    assert path.read_bytes().decode("latin-1").splitlines()[1] == "2,invalid,A: schreibe ?Ünï?,Ünï"


@pytest.mark.parametrize(
    ("sheet", "titles"),
    [
        ("People", ["People", "Summary"]),
        ("", ["Rejects", "Summary"]),
        ("history", ["Rejects", "Summary"]),
        ("summary", ["summary", "Summary (2)"]),
        ("a/b:c?" + "x" * 40, ["a-b-c-" + "x" * 25, "Summary"]),
        ("'quoted'", ["quoted", "Summary"]),
    ],
)
def test_sheets_have_the_name_of_the_source_as_far_as_a_workbook_can_have_it(
    tmp_path, sheet, titles
):
    info = SourceInfo("a.ods", "ods", sheet=sheet, header=("A",), labels=("A",))
    (path,) = write_rejects(tmp_path, {1: info}, [rejected(Row("a.ods", sheet, 2, {"A": "x"}))])
    assert openpyxl.load_workbook(path).sheetnames == titles


def test_the_summary_names_ten_rows_of_each_cause_the_most_frequent_first(tmp_path):
    info = SourceInfo("a.ods", "ods", sheet="S", header=("A",), labels=("A",))
    phone, email = Problem("PHONE_INVALID", "p", "A"), Problem("EMAIL_INVALID", "e", "A")
    rows = [
        rejected(Row("a.ods", "S", n, {"A": "x"}), reasons=[email, phone] if n < 4 else [email])
        for n in range(2, 14)
    ]
    rows.append(rejected(Row("a.ods", "S", 20, {"A": "x"}), status=Status.FAILED))
    (path,) = write_rejects(tmp_path, {1: info}, rows)
    lines = [[cell.value for cell in line] for line in openpyxl.load_workbook(path)["Summary"]]
    assert [(line[0], line[1], line[4]) for line in lines] == [
        ("Code", "Rows", "First rows"),
        ("EMAIL_INVALID", 12, "2, 3, 4, 5, 6, 7, 8, 9, 10, 11"),
        ("PHONE_INVALID", 2, "2, 3"),
        ("X", 1, "20"),
    ]
    known = look_up("EMAIL_INVALID")
    assert lines[1][2:4] == [known.cause, known.fix]


def test_two_problems_of_one_cell_are_one_comment_and_of_another_column_none(tmp_path):
    info = SourceInfo("a.ods", "ods", sheet="S", header=("A", "B"), labels=("A", "B"))
    reasons = [Problem("X", "one", "A"), Problem("Y", "two", "A"), Problem("Z", "whole row")]
    row = Row("a.ods", "S", 2, {"A": "x", "B": "y"})
    (path,) = write_rejects(tmp_path, {1: info}, [rejected(row, reasons=reasons)])
    sheet = openpyxl.load_workbook(path)["S"]
    assert sheet["D2"].comment.text == "one; two"
    assert (sheet["E2"].comment, sheet["E2"].fill.fill_type) == (None, None)


def test_control_characters_that_a_workbook_cannot_hold_are_left_off(tmp_path):
    info = SourceInfo("a.ods", "ods", sheet="S", header=("A",), labels=("A",))
    row = Row("a.ods", "S", 2, {"A": "a\x0bb"})
    (path,) = write_rejects(tmp_path, {1: info}, [rejected(row)])
    assert openpyxl.load_workbook(path)["S"]["D2"].value == "ab"


def test_only_a_refused_cell_is_written_as_an_error_and_a_refused_row_has_no_cell(tmp_path):
    info = SourceInfo("a.ods", "ods", sheet="S", header=("A", "B"), labels=("A", "B"))
    problems = (
        Problem("CELL_BROKEN", "broken", "A"),
        Problem("CELL_BROKEN", "doubtful", "B", severity=Severity.WARNING),
        Problem("ROW_RAGGED", "too long", value="[]"),
        Problem("CELL_BROKEN", "of a column that is left out", "C"),
    )
    row = Row("a.ods", "S", 2, {"A": "x", "B": "y"}, problems)
    (path,) = write_rejects(tmp_path, {1: info}, [rejected(row)])
    sheet = openpyxl.load_workbook(path)["S"]
    assert [(cell.value, cell.data_type) for cell in (sheet["D2"], sheet["E2"])] == [
        ("#VALUE!", "e"),
        ("y", "s"),
    ]


def test_a_comment_has_a_thousand_characters_at_most(tmp_path):
    info = SourceInfo("a.ods", "ods", sheet="S", header=("A",), labels=("A",))
    reason = Problem("X", "y" * 2000, "A")
    (path,) = write_rejects(tmp_path, {1: info}, [rejected(Row("a.ods", "S", 2, {"A": "x"}), reasons=[reason])])  # fmt: skip
    assert openpyxl.load_workbook(path)["S"]["D2"].comment.text == "y" * 1000
