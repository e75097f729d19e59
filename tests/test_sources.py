"""Files of every kind: what is in a cell arrives as it is, or is named."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import re
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, assume, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl import Workbook

from bulk_import.errors import SourceError
from bulk_import.sources import SourceOptions, expand_sources, open_source, read_rows
from bulk_import.sources.container import regular_file
from bulk_import.sources.unpacking import Unpacking
from bulk_import.sources.xlsx.parts import refuse_bombs
from tests.conftest import examples

HARD = ["NA", "NULL", "None", "nan", "007", "1E5", "TRUE", "+03", "1473249885.2899961004", "=1+1", "'x", 'q"q',
        "a,b;c\td", "line\none", "Ünï", "Привет", "漢字", "🎂", "  pad  ", "-", "#N/A text", "0x1F"]  # fmt: skip


def cells(path, **options) -> list[list[str]]:
    return [list(row.cells.values()) for row in read_rows(path, **options)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_round_trips_in_every_unicode_encoding_and_delimiter(write_csv, encoding, delimiter):
    rows = [["Name", "Value"], *([value, str(n)] for n, value in enumerate(HARD))]
    path = write_csv(rows, encoding=encoding, delimiter=delimiter)
    assert cells(path) == rows[1:]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_line_ends_do_not_matter(write_csv, end):
    assert cells(write_csv([["A", "B"], ["1", "x"], ["2", "y"]], lineterminator=end)) == [
        ["1", "x"],
        ["2", "y"],
    ]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Алёна Берёзкина, «Ромашка»; ул. Садовая"), ("koi8-r", "Алёна Берёзкина; ул. Садовая"),
        ("cp1252", "Jürgen Müller – Café “Löwe” Françoise"), ("shift_jis", "山本さくら 東京都渋谷区 カタカナ 佐藤健一 大阪府大阪市 鈴木まゆみ 北海道札幌市"),
        ("gb18030", "王小明 北京市朝阳区 中国 李娜 上海市浦东新区 张伟 广州市天河区 刘洋 深圳市南山区"), ("euc-kr", "김철수 서울특별시 강남구 대한민국"),
    ],
)  # fmt: skip
def test_old_encodings_are_recognised_and_said_to_be_guessed(write_csv, encoding, text):
    path = write_csv(
        [["Name", "N"], *[[f"{text} {n}", str(n)] for n in range(20)]], encoding=encoding
    )
    with open_source(path) as source:
        assert source.problems[0].code == "ENCODING_GUESSED"
        assert next(iter(source)).cells["Name"] == f"{text} 0"


def test_a_first_letter_beyond_ascii_after_a_megabyte_is_noticed(write_csv):
    late = [["Jürgen Müller", "1"], ["Jörg Schröder", "2"], ["Käthe Groß", "3"]]
    rows = [["Name", "N"], *[["x" * 4000, str(n)] for n in range(300)], *late]
    assert cells(write_csv(rows, encoding="utf-8"))[-3:] == late
    assert cells(write_csv(rows, encoding="cp1252"))[-3:] == late


def test_a_byte_that_is_not_the_encoding_is_refused_with_its_place(write_csv):
    path = write_csv([["Name"], ["good"], ["Müller"]], encoding="cp1252")
    with pytest.raises(SourceError, match=r"byte 13, line 3: byte 0xFC is not utf-8"):
        cells(path, encoding="utf-8")


def test_commas_in_text_do_not_beat_semicolons(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('Name;Note\nA;one, two, three\nB;"x, y; z"\nC;1,5\n', "utf-8")
    assert cells(path) == [["A", "one, two, three"], ["B", "x, y; z"], ["C", "1,5"]]


def test_excels_sep_line_is_obeyed_and_not_counted(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("sep=^\r\nA^B\r\n1^2\r\n", "utf-8")
    (row,) = read_rows(path)
    assert (row.number, dict(row.cells)) == (2, {"A": "1", "B": "2"})


def test_row_numbers_are_those_of_the_spreadsheet_program(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('A,B\n"two\nlines",x\n\n,\nlast,y\n', "utf-8")
    assert [(row.number, row.cells["A"]) for row in read_rows(path)] == [
        (2, "two\nlines"),
        (5, "last"),
    ]


def test_blank_lines_and_titles_above_the_header_are_skipped(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("\nOur contacts,,\n\nName,E-mail,City\nA,a@b.org,X\nB,b@b.org,Y\n", "utf-8")
    with open_source(path) as source:
        assert (source.header, source.header_row) == (("Name", "E-mail", "City"), 4)
        assert len(list(source)) == 2


def test_ragged_rows_are_named_and_never_shifted(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("A,B,C\n1,2,3\n1,2\n1,2,3,4\n1,2,3,\n", "utf-8")
    found = [(row.number, [p.code for p in row.problems]) for row in read_rows(path)]
    assert found == [(2, []), (3, ["ROW_RAGGED"]), (4, ["ROW_RAGGED"]), (5, [])]


def test_headers_twice_or_empty_are_addressable_and_reported(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Mail,,Mail,X\n1,2,3,4\n", "utf-8")
    with open_source(path) as source:
        assert source.header == ("Mail (1)", "Column B", "Mail (2)", "X")
        assert source.labels == ("Mail", "", "Mail", "X")
        assert [p.code for p in source.problems] == ["HEADER_DUPLICATE", "HEADER_EMPTY"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "SOURCE_EMPTY"), (b"\n\n", "SOURCE_EMPTY"), (b"%PDF-1.4 x", "SOURCE_NOT_TABLE"),
        (b"<!DOCTYPE html><table>", "SOURCE_HTML"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "SOURCE_BROKEN"),
        (b"PK\x03\x04" + b"x" * 50, "SOURCE_BROKEN"), (b"A,B\n1,\0\0\n", "SOURCE_BINARY"),
        (b'A,B\n"never closed,2\n' + b"x,y\n" * 20, "QUOTE_UNCLOSED"), (b'A,B\n"x' + b"\n" * 150 + b'",2\n', "QUOTE_UNCLOSED"),
        (b"A,B\n" + b"x" * 40_000 + b",1\n", "CELL_TOO_LONG"), (b"a@b.org,1\nc@d.org,2\n", "SOURCE_NO_HEADER"),
        (b"SQLite format 3\0" + b"x" * 90, "SOURCE_NOT_TABLE"), (b'{"a": [{"b": 1}, 2}', "JSON_WRONG"),
        (",".join(f"c{n}" for n in range(20_000)).encode() + b"\n1\n", "SOURCE_TOO_WIDE"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_name(tmp_path, content, code):
    path = tmp_path / "contacts.xls"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        cells(path)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"]
)
def test_packed_files_are_read(tmp_path, pack):
    path = tmp_path / "a.csv.packed"
    path.write_bytes(pack(b"A,B\n1,2\n"))
    assert cells(path) == [["1", "2"]]


def test_archives_are_read_when_it_is_clear_which_file(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../etc/one.csv", "A,B\n1,2\n")
    assert cells(path) == [["1", "2"]]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("two.csv", "A,B\n3,4\n")
    with pytest.raises(SourceError, match="holds 2 files"):
        cells(path)
    assert cells(path, member="two.csv") == [["3", "4"]]


def test_a_bomb_is_refused(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"A,B\n") + gzip.compress(b"x" * (6 * 2**20)) * 10)
    with pytest.raises(SourceError, match="bomb"):
        cells(path)


@pytest.mark.parametrize(
    ("packed", "unpacked", "is_bomb"),
    [(1, 100, False), (1, 101, True),  # large from 101 bytes on
     (11, 110, False), (11, 111, True),  # suspicious above 10 to 1
     (9000, 10_000, False), (9000, 10_001, True)],
)  # fmt: skip
def test_a_bomb_is_large_and_packs_better_than_tables_do_or_is_larger_than_any(
    packed, unpacked, is_bomb
):
    limits = Unpacking(most_bytes=10_000, ratio=10, suspicious_bytes=100)
    assert limits.exceeded(packed, unpacked) is is_bomb


def _packed(path: Path) -> int:
    """Write 3,000 bytes that pack well, as the kind that the suffix names; return the packed bytes."""
    text = b"E-mail,Name\n" + b"a@example.org,Ann\n" * 166
    assert len(text) == 3000
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text))
        return path.stat().st_size
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", text)
        packed = archive.infolist()[0].compress_size
    return packed if path.suffix == ".zip" else path.stat().st_size


def _unpack(path: Path, limits: Unpacking) -> None:
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            refuse_bombs(archive, path, path.name, limits)
    else:
        with regular_file(str(path), None, limits=limits) as file:
            assert file.stat().st_size == 3000


@pytest.mark.parametrize("suffix", [".gz", ".zip", ".xlsx"])
def test_every_kind_of_archive_is_refused_just_above_each_limit(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    packed = _packed(path)
    ratio = 3000 // packed
    assert 3000 % packed, "the ratio is between two whole numbers"
    for fits, too_small in [
        (Unpacking(3000, ratio=3000), Unpacking(2999, ratio=3000)),
        (
            Unpacking(3000, ratio + 1, suspicious_bytes=0),
            Unpacking(3000, ratio, suspicious_bytes=0),
        ),
        (Unpacking(3000, 1, suspicious_bytes=3000), Unpacking(3000, 1, suspicious_bytes=2999)),
    ]:
        _unpack(path, fits)
        with pytest.raises(SourceError) as caught:
            _unpack(path, too_small)
        assert caught.value.code == "SOURCE_BOMB"


def test_globs_are_sorted_and_must_match(tmp_path):
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_text("x", "utf-8")
    assert [p[-5:] for p in expand_sources([str(tmp_path / "*.csv")])] == ["a.csv", "b.csv"]
    with pytest.raises(SourceError, match="no file has such a name"):
        expand_sources([str(tmp_path / "*.xlsx")])


def test_what_was_neutralized_in_rejects_is_restored_when_they_are_fed_back(tmp_path):
    from bulk_import.report.safety import safe_cell

    values = ["=1+1", "@x", "-x", "+14155550123", "'quoted", "'=was so", "plain", "-5"]
    path = tmp_path / "rejects.csv"
    rows = [
        ["A", "_status", "_reason"],
        *[[safe_cell(value), "invalid", "why"] for value in values],
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    assert [row[0] for row in cells(path)] == values


# -- workbooks --------------------------------------------------------------------------------------


def workbook(tmp_path, rows, **formats):
    book = Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    for place, code in formats.items():
        sheet[place].number_format = code
    path = tmp_path / "a.xlsx"
    book.save(path)
    return path


def test_texts_in_a_workbook_stay_exact(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.append(["Name", "N"])
    for number, value in enumerate(HARD):
        sheet.append([None, number])
        cell = sheet.cell(number + 2, 1)
        cell.value, cell.data_type = value, "s"
    book.save(tmp_path / "a.xlsx")
    assert [row[0] for row in cells(tmp_path / "a.xlsx")] == HARD


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (79161234567, "General", "79161234567"), (79161234567.0, "0.00E+00", "79161234567"), (0.1, "General", "0.1"),
        (0.1 + 0.2, "General", "0.3"), (704, "00000", "00704"), (1234567, "000-00-0000", "001-23-4567"),
        (4155550123, "(###) ###-####", "(415) 555-0123"), (0.15, "0%", "15%"), (12.5, '#,##0.00 "€"', "12.5"), (-3, "General", "-3"),
        (date(2024, 5, 12), "yyyy-mm-dd", "2024-05-12"), (datetime(2024, 5, 12, 14, 30), "d/m/yy h:mm", "2024-05-12 14:30"),
        (time(9, 5), "h:mm", "09:05"), (True, "General", "TRUE"), (1e-7, "General", "0.0000001"), (1.5, "General", "1.5"),
        (3, '"No. "0', "No. 3"), (123456789012345, "General", "123456789012345"),
    ],
)  # fmt: skip
def test_numbers_in_a_workbook_become_the_digits_that_are_meant(tmp_path, value, code, text):
    path = workbook(tmp_path, [["A", "B"], [value, "x"]], A2=code)
    (row,) = read_rows(path)
    assert row.cells["A"] == text
    assert row.problems == ()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (12345678901234567890, "NUMBER_ROUNDED"),
        (1473249885.2899961004, "LIST_ID_DAMAGED"),
        ("=1+1", "FORMULA_NOT_CALCULATED"),
        ("#N/A", "CELL_ERROR"),
    ],
)
def test_spoiled_cells_are_named_with_their_column(tmp_path, value, code):
    (row,) = read_rows(workbook(tmp_path, [["A", "B"], [value, "x"]]))
    assert [(p.code, p.column) for p in row.problems] == [(code, "A")]


def test_both_date_systems(tmp_path):
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.append(["D", "x"])
    book.active.append([date(2024, 5, 12), "y"])
    book.save(tmp_path / "a.xlsx")
    assert cells(tmp_path / "a.xlsx") == [["2024-05-12", "y"]]


def test_gaps_and_stray_formatted_cells_cost_nothing(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.append(["A", "B", "C"])
    sheet["A5"], sheet["C5"] = "x", "z"
    sheet["XFD1048576"].number_format = "0.00"
    book.save(tmp_path / "a.xlsx")
    (row,) = read_rows(tmp_path / "a.xlsx")
    assert (row.number, list(row.cells.values()), row.problems) == (5, ["x", "", "z"], ())


@pytest.mark.parametrize(
    "name", ["Unsubscribed", "Abgemeldet 2024", "Отписались", "Opt-outs", "bajas"]
)
def test_a_sheet_that_is_named_as_those_who_said_no_is_warned_of(tmp_path, name):
    book = Workbook()
    book.active.title = "Active"
    book.create_sheet(name)
    for sheet in book:
        sheet.append(["E-mail", "Name"])
        sheet.append(["a@b.org", "Ann"])
    book.save(tmp_path / "a.xlsx")

    def said(**options):
        with open_source(tmp_path / "a.xlsx", SourceOptions(**options)) as source:
            return [str(p) for p in source.problems if p.code == "SHEET_SAYS_NO"]

    begin = f"sheet {name!r}, whose name says no, is"
    assert said(sheets=("all",)) == [f"{begin} read as contacts too"]
    assert said(sheet="Active") == [f"{begin} not read; it keeps nobody back by itself"]
    assert said(sheet=name) == []  # as a list of people to suppress, or asked for
    with open_source(tmp_path / "a.xlsx") as source:
        assert (source.sheet, source.problems[0].code) == ("Active", "SHEET_CHOSEN")


def test_the_first_visible_sheet_is_read_and_the_others_are_named(tmp_path):
    book = Workbook()
    book.active.title = "Hidden"
    book.active.sheet_state = "hidden"
    for name in ("One", "Two"):
        book.create_sheet(name).append(["A", name])
        book[name].append(["1", "2"])
    book.save(tmp_path / "a.xlsx")
    with open_source(tmp_path / "a.xlsx") as source:
        assert (source.sheet, source.problems[0].code) == ("One", "SHEET_CHOSEN")
    with open_source(tmp_path / "a.xlsx", SourceOptions(sheet="two")) as source:
        assert source.header == ("A", "Two")
    with pytest.raises(SourceError, match="it has 'Hidden', 'One', 'Two'"):
        cells(tmp_path / "a.xlsx", sheet="Three")


@pytest.mark.parametrize(
    "part", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/workbook.xml"]
)
def test_entities_in_a_workbook_are_refused(tmp_path, part):
    good = tmp_path / "good.xlsx"
    with xlsxwriter.Workbook(str(good)) as book:
        book.add_worksheet().write_row(0, 0, ["A", "B"])
    bad = tmp_path / "bad.xlsx"
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]><x>&b;</x>'
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            target.writestr(name, bomb if name == part else source.read(name))
    with pytest.raises(SourceError) as caught:
        cells(bad)
    assert caught.value.code == "SOURCE_HOSTILE"


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (60 * 2**20))
    with pytest.raises(SourceError, match="bomb"):
        cells(path)


def test_ods_and_csv_under_a_wrong_name(tmp_path):
    import pandas as pd

    pd.DataFrame({"Mail": ["a@b.org"], "N": [79161234567], "Z": ["007"]}).to_excel(
        tmp_path / "a.ods", index=False, engine="odf"
    )
    assert cells(tmp_path / "a.ods") == [["a@b.org", "79161234567", "007"]]
    (tmp_path / "b.xls").write_text("A,B\n1,2\n", "utf-8")
    assert cells(tmp_path / "b.xls") == [["1", "2"]]


_DATABASE_ESCAPE = re.compile(r"\\[nrtbfvN\\]")
TABLE = st.lists(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=0, max_size=12),
        min_size=3,
        max_size=3,
    ),
    min_size=1,
    max_size=8,
)


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(60)
)
@given(table=TABLE, delimiter=st.sampled_from(",;\t|"))
@example(table=[["", "", "\\"]], delimiter="\t")
@example(table=[["a", "b\\", "c"]], delimiter="\t")
@example(table=[["", "", ',\\"']], delimiter=",")
@example(table=[["a", "b", "c\\"], ["d", "e", "f"]], delimiter="\t")
def test_any_table_of_text_reads_back(tmp_path, table, delimiter):
    # `\\n` between tabs is what databases write for a line end.
    assume(delimiter != "\t" or not any(_DATABASE_ESCAPE.search(c) for row in table for c in row))
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows([["Alpha", "Beta", "Gamma"], *table])
    path = tmp_path / "t.csv"
    path.write_text(file.getvalue(), "utf-8", newline="")
    wanted = [row for row in table if any(cell.strip() for cell in row)]
    assert cells(path, header_row=1, delimiter=delimiter, encoding="utf-8") == wanted
