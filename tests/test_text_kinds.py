"""Text files of every kind: guards, quotation marks, JSON, web pages, and what is no table."""

from __future__ import annotations

import csv
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_import.errors import SourceError
from bulk_import.sources import SourceOptions, expand_sources, open_source, read_rows
from bulk_import.sources.guards import unguarded
from bulk_import.sources.spoiled import spoiled
from bulk_import.sources.suspicion import suspicious
from bulk_import.sources.text.typographic import typographic_quotes


def read(path, **options):
    with open_source(path, SourceOptions(**options)) as source:
        rows = [list(row.cells.values()) for row in source]
        return source.header, rows, [p.code for p in (*source.problems, *source.findings())]


def csv_file(tmp_path, text, name="a.csv"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ('="Anna"', "Anna"), ('="007"', "007"), ('="say ""hi"""', 'say "hi"'), (' ="+3" ', "+3"), ('=""', ""),
        ("'007", "007"), ("'+12025550101", "+12025550101"), ("'12/05/2024", "12/05/2024"), ("'d@example.com", "d@example.com"),
        ("'=1+1", "=1+1"), ("'@ann", "@ann"), ("'-5", "-5"),
        # No guards.
        ("'s-Hertogenbosch", "'s-Hertogenbosch"), ("'t Hooft", "'t Hooft"), ("'90s", "'90s"), ("'Ann", "'Ann"), ("'quoted'", "'quoted'"),
        ("O'Neill", "O'Neill"), ('="a"&"b"', '="a"&"b"'), ("=A1", "=A1"), ("'", "'"), ("", ""),
    ],
)  # fmt: skip
def test_guards_are_taken_off_once(cell, meant):
    assert unguarded(["x", cell]) == (["x", meant], [1] if cell != meant else [])


def test_a_row_whose_cells_all_begin_with_an_apostrophe_is_guarded():
    assert unguarded(["'Ben", "'Cole", "'007", "x"]) == (["Ben", "Cole", "007", "x"], [0, 1, 2])
    assert unguarded(["'t Hooft", "'s-Gravenhage", "'t Loo"])[1] == []


def test_guards_are_said_once_for_the_file(tmp_path):
    path = csv_file(tmp_path, 'A,B\n\'007,x\n="008",y\nz,009\n')
    assert read(path) == (("A", "B"), [["007", "x"], ["008", "y"], ["z", "009"]], ["GUARDS_UNDONE"])


def test_guards_of_our_own_rejects_stay(tmp_path):
    path = csv_file(tmp_path, "A,_status,_reason\n'007,invalid,why\n")
    assert read(path)[1] == [["'007", "invalid", "why"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_blank_before_quotation_marks_is_not_part_of_the_text(tmp_path, delimiter):
    text = (
        'E-mail, "Name", "City"\na@b.org, "Berg, Anna", "Boston"\nb@b.org, "Cole; Ben", "Austin"\n'
    )
    path = csv_file(
        tmp_path, text.replace(', "', f'{delimiter} "').replace(f'Berg{delimiter} "', "Berg")
    )
    path.write_text(
        f'E-mail{delimiter} "Name"\na@b.org{delimiter} "Berg, Anna"\nb@b.org{delimiter} "Cole; Ben"\n',
        "utf-8",
    )
    assert read(path)[1] == [["a@b.org", "Berg, Anna"], ["b@b.org", "Cole; Ben"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_blank_after_quotation_marks_is_not_part_of_the_text(tmp_path, delimiter, end):
    path = tmp_path / "a.csv"
    rows = [
        "E-mail,Name,Note",
        'a@b.org,"Anna" ,"x"',
        '"b@b.org"  , "Berg; Ben" ,"say ""hi"" , so"',
    ]
    path.write_bytes((end.join(rows) + end).replace(",", delimiter).encode())
    with open_source(path) as source:
        assert [list(row.cells.values()) for row in source] == [
            ["a@b.org", "Anna", "x"],
            ["b@b.org", "Berg; Ben", f'say "hi" {delimiter} so'],
        ]


def test_of_two_delimiters_the_one_that_leaves_addresses_alone_is_meant(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("E-mail\tName, full\na@b.org\tBerg, Anna\nb@b.org\tCole, Ben\n", "utf-8")
    with open_source(path) as source:
        assert source.header == ("E-mail", "Name, full")


def test_a_blank_before_quotation_marks_far_down_is_named(tmp_path):
    path = csv_file(tmp_path, "A,B\n" + "1234567890,y\n" * 30_000 + '1, "Anna"\n')
    *_, last = read_rows(path)
    assert [(p.code, p.column) for p in last.problems] == [("QUOTE_WRONG", "B")]


@pytest.mark.parametrize(
    "text",
    ['"Email,Name"\n"a@b.org,Anna ""Ann"" Berg"\n', '"Email;Name"\r\n"a@b.org;Anna ""Ann"" Berg"\r\n'],
)  # fmt: skip
def test_lines_quoted_as_a_whole_are_read(tmp_path, text):
    header, rows, codes = read(csv_file(tmp_path, text))
    assert (header, rows, codes) == (
        ("Email", "Name"),
        [["a@b.org", 'Anna "Ann" Berg']],
        ["LINES_QUOTED"],
    )


@pytest.mark.parametrize("marks", ["“”", "„“", "„”", "””", "«»", "»«", "‘’", "‚‘"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cells_in_typographic_quotation_marks_are_read_without_them(tmp_path, marks, delimiter):
    rows = [
        ["E-mail", "Name"],
        ["a@b.org", f"Berg{delimiter} Anna"],
        ["b@b.org", ""],
        ["c@b.org", 'Ben "Bo" Cole'],
    ]
    text = "".join(
        delimiter.join(f"{marks[0]}{cell}{marks[1]}" if cell else "" for cell in row) + "\r\n"
        for row in rows
    )
    header, found, codes = read(csv_file(tmp_path, text))
    assert (list(header), found, codes) == (rows[0], rows[1:], ["QUOTES_TYPOGRAPHIC"])


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("«a@b.org»;«ООО «Ромашка»»", ["a@b.org", "ООО «Ромашка»"]), ("«a@b.org»;«О «Р», «Л»; и др.»", ["a@b.org", "О «Р», «Л»; и др."]),
        ("«a@b.org»;«одна\nдве; три»", ["a@b.org", "одна\nдве; три"]), ("«a@b.org»;«О «Р»\nи»", ["a@b.org", "О «Р»\nи"]), ("«a@b.org»;«Р» и Л", ["a@b.org", "«Р» и Л"]),
        ("«a@b.org» ; «x» ", ["a@b.org", "x"]), ("«a@b.org»;«x», «y»", ["a@b.org", "x», «y"]), ("a@b.org;x", ["a@b.org", "x"]), ('«a@b.org»;5" «d»', ["a@b.org", '5" «d»']),
    ],
)  # fmt: skip
def test_marks_inside_of_a_cell_in_typographic_quotation_marks_stay(tmp_path, line, cells):
    usual = "«c@b.org»;«x»\n"
    _, rows, codes = read(csv_file(tmp_path, f"«E-mail»;«Firm»\n{line}\n{usual * 20}"))
    assert rows == [cells, *[["c@b.org", "x"]] * 20]
    assert codes == ["QUOTES_TYPOGRAPHIC"]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("‘E-mail’,‘Name’\n‘a@b.org’,‘O’Neil, Pat’\n", ["a@b.org", "O’Neil, Pat"]),
        ("‘E-mail’,‘Name’\n‘a@b.org’,‘O’Neil’\n", ["a@b.org", "O’Neil"]),
        ("“E-mail”\t“Name”\n“a@b.org”\t“x, “y””\n", ["a@b.org", "x, “y”"]),
        ("”E-mail”,”Name”\n”a@b.org”,”A, B”\n", ["a@b.org", "A, B"]),
    ],
)
def test_apostrophes_and_other_delimiters_inside_of_typographic_marks(tmp_path, text, cells):
    usual = text.splitlines(keepends=True)[0].replace("E-mail", "c@b.org")
    _, rows, _ = read(csv_file(tmp_path, text + usual * 20))
    assert rows == [cells, *[["c@b.org", "Name"]] * 20]


def test_a_typographic_mark_that_nothing_closes_takes_no_rows_with_it(tmp_path):
    usual = "«c@b.org»;«x»\n"
    _, rows, _ = read(csv_file(tmp_path, f"«E-mail»;«Firm»\n{usual * 20}«a@b.org»;«y\n{usual * 3}"))
    assert len(rows) == 24
    assert rows[20][1] == "«y"


@pytest.mark.parametrize(
    "text", ["E-mail,Firm\na@b.org,«Ромашка»\nb@b.org,«Лютик»\n", "“E-mail”,Firm\n“a@b.org”,“Rose”\n", "«Firm»\n«Rose»\n«Iris»\n"]
)  # fmt: skip
def test_quotation_marks_around_some_texts_are_part_of_them(tmp_path, text):
    _, rows, codes = read(csv_file(tmp_path, text))
    assert rows[0][-1][0] in "«“"
    assert "QUOTES_TYPOGRAPHIC" not in codes


def test_a_file_of_utf_16_that_ends_within_a_character_says_so(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("E-mail,Name\r\na@b.org,Ann\r\n".encode("utf-16") + b"\x41")
    with pytest.raises(SourceError, match="at the end of the file: byte 0x41 is not utf-16"):
        list(read_rows(path))


def test_sep_line_in_quotation_marks(tmp_path):
    assert read(csv_file(tmp_path, '"sep=;"\r\nA;B\r\n1;2\r\n'))[1] == [["1", "2"]]


# -- JSON ---------------------------------------------------------------------------------------------

OBJECTS = [
    {"email": "a@b.org", "name": "Ünï\n{", "zip": "007", "n": 7, "ok": True},
    {"email": "b@b.org", "tags": ["x", "y,z"], "n": None},
]
EXPECTED = (
    ("email", "name", "zip", "n", "ok", "tags"),
    [["a@b.org", "Ünï\n{", "007", "7", "TRUE", ""], ["b@b.org", "", "", "", "", '["x", "y,z"]']],
)  # fmt: skip


@pytest.mark.parametrize(
    "write",
    [
        json.dumps, lambda o: json.dumps(o, indent=2), lambda o: "\n".join(map(json.dumps, o)), lambda o: "\ufeff" + json.dumps(o),
        lambda o: "\r\n".join(json.dumps(x, ensure_ascii=False) for x in o) + "\r\n\r\n", lambda o: json.dumps({"data": o, "page": 1}),
        lambda o: "".join(json.dumps(x, indent=1) for x in o),
    ],
    ids=["compact", "pretty", "lines", "mark", "lines of Windows", "an answer of an API", "one after the other"],
)  # fmt: skip
def test_json_is_a_table(tmp_path, write):
    header, rows, _ = read(csv_file(tmp_path, write(OBJECTS), "a.json"))
    assert (header, rows) == EXPECTED


@pytest.mark.parametrize(
    ("number", "text"),
    [("79161234567", "79161234567"), ("1473249885.2899961004", "1473249885.2899961004"), ("1E3", "1000"), ("-0.50", "-0.50"), ("12345678901234567890", "12345678901234567890")],
)  # fmt: skip
def test_numbers_in_json_keep_their_digits(tmp_path, number, text):
    assert read(csv_file(tmp_path, f'[{{"a": {number}}}]'))[1] == [[text]]


def test_objects_have_the_lines_on_which_they_begin(tmp_path):
    path = csv_file(tmp_path, '{"a": 1}\n\n{"a":\n 2}\n{"a": 3}\n', "a.ndjson")
    assert [row.number for row in read_rows(path)] == [1, 3, 5]


def test_json_larger_than_a_block_is_read(tmp_path):
    rows = [{"n": str(n), "text": "x" * 500} for n in range(2000)]
    assert len(read(csv_file(tmp_path, json.dumps(rows)))[1]) == 2000
    assert len(read(csv_file(tmp_path, "\n".join(map(json.dumps, rows))))[1]) == 2000


texts = st.text(max_size=20)


@given(st.lists(st.dictionaries(texts, texts, min_size=1, max_size=4), min_size=1, max_size=5))
def test_any_objects_of_texts_read_back(tmp_path_factory, objects):
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text("\n".join(json.dumps(item) for item in objects), "utf-8")
    found = [dict(row.cells) for row in read_rows(path)]
    names = {name for item in objects for name in item}
    kept = [item for item in objects if any(text.strip() for text in item.values())]
    assert found == [{name: item.get(name, "") for name in found[0]} for item in kept]
    assert not found or set(found[0]) == names


# -- web pages ----------------------------------------------------------------------------------------

PAGES = {
    "plain": "<html><table><tr><th>E-mail</th><th>Name</th></tr><tr><td>a@b.org</td><td>Ann &amp; Bob</td></tr></table></html>",
    "no end tags": "<table><tr><td>E-mail<td>Name<tr><td>a@b.org<td>Ann &amp; Bob</table>",
    "a table for the layout": "<body><table><tr><td><table><tr><td>E-mail</td><td>Name</td></tr><tr><td>a@b.org</td><td>Ann &amp;\n Bob</td></tr></table></td></tr></table>",
    "styles in front": "<!-- saved -->" + " " * 900 + "<style>td{}</style><table><tr><td>E-mail<td>Name</tr><tr><td>a@b.org<td><b>Ann</b> &amp; Bob</table>",
    "scripts and styles within": "<table><tr><td>E-mail<style>td{color: red}</style><td><script>document.write('x')</script>Name<tr><td>a@b.org<script>1</script><td>Ann <title>t</title>&amp; Bob</table>",
    "Excel's own": '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><title>x</title></head><table><tr><td>E-mail</td><td>Name</td></tr><tr><td>a@b.org</td><td style="mso-number-format:\'\\@\'">Ann &amp; Bob</td></tr></table>',
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_a_web_page_under_a_spreadsheets_name_is_read(tmp_path, page):
    header, rows, codes = read(csv_file(tmp_path, PAGES[page], "export.xls"))
    assert (header, rows, codes) == (
        ("E-mail", "Name"),
        [["a@b.org", "Ann & Bob"]],
        ["SOURCE_PAGE"],
    )


def test_a_page_in_an_old_encoding_says_so_itself(tmp_path):
    path = tmp_path / "a.xls"
    path.write_bytes(
        '<html><meta charset="windows-1251"><table><tr><td>Имя<td>N<tr><td>Анна<td>1</table>'.encode(
            "cp1251"
        )
    )
    assert read(path)[1] == [["Анна", "1"]]


@pytest.mark.parametrize("end", ["", "</td></tr>"])
def test_cells_that_span_rows_and_columns_keep_the_others_in_place(tmp_path, end):
    page = f"<table><tr><td>A<td>B<td>C{end}<tr><td rowspan=2>1<td colspan=2>2{end}<tr><td>3<td>4{end}</table>"
    assert read(csv_file(tmp_path, page, "a.xls"))[1] == [["1", "2", ""], ["", "3", "4"]]


# -- what is no table ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ('[{"a": 1}, {"a": 2}, {"a": 3}]', [1, 2, 3]),
        ('{"data": [\n{"a": 1},\n{"a": 2}\n]}', [1, 2]),
        ('[\n{"a": 1}, {"a": 2},\n{"a": 3}\n]', [1, 2, 3]),
        ('[\n{"a": 1},\n{"a": 2}\n]', [2, 3]),
        ('{"a": 1}\n\n{"a": 2}\n', [1, 3]),
    ],
)
def test_each_object_of_json_has_a_row_number_of_its_own(tmp_path, text, numbers):
    assert [row.number for row in read_rows(csv_file(tmp_path, text, "a.json"))] == numbers


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{\\rtf1\\ansi x}", "RTF"), ("BEGIN:VCARD\nFN:Ann\n", "vCard"), ("dn: cn=Ann\nmail: a@b.org\n", "LDIF"),
        ("version: 1\ndn: cn=Ann\n", "LDIF"), ('{"url": "https://docs.google.com/spreadsheets/d/1", "doc_id": "1"}', "link"),
        ("[InternetShortcut]\nURL=https://docs.google.com/spreadsheets/d/1\n", "link"), ("https://docs.google.com/spreadsheets/d/1/edit\n", "link"),
        ("-- MySQL dump 10.13\n", "dump"), ("INSERT INTO `leads` VALUES (1);\n", "dump"), ("TABLE\r\n0,1\r\n", "DIF"), ("TABLE\n0,1\n", "DIF"),
        ("# LDAPv3\n#\n\ndn: cn=Ann\nmail: a@b.org\n", "LDIF"), ("# a\r\nversion: 1\r\n\r\ndn:: Y249QQ==\r\n", "LDIF"),
        ("Return-Path: <a@b.org>\nSubject: x\n\nHello\n", "e-mail message"), ("From a@b.org Mon Jan  1 00:00:00 2024\nSubject: x\n", "e-mail message"),
        ("+-------+\n| Email |\n+-------+\n", "drawn with lines"), ("┌───────┐\n│ Email │\n└───────┘\n", "drawn with lines"),
        ("<contacts><contact><email>a@b.org</email></contact></contacts>", "XML"), ("\0\1\0\0Standard Jet DB\0", "Access"),
        ("BEGIN:VCALENDAR\n", "calendar"), ("ID;PWXL;N;E\n", "SYLK"), ("<?xml version='1.0'?><Workbook/>", "XML"), ("socialcalc:version:1.5\n", "SocialCalc"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_called_by_its_name(tmp_path, text, what):
    with pytest.raises(SourceError, match=what) as caught:
        read(csv_file(tmp_path, text))
    assert caught.value.code == "SOURCE_NOT_TABLE"


def test_a_dbase_file_is_called_by_its_name(tmp_path):
    path = tmp_path / "a.dbf"
    header = bytes([3, 124, 5, 12]) + struct.pack("<IHH", 1, 65, 11) + bytes(53)
    path.write_bytes(header + b" Ann       \x1a")
    with pytest.raises(SourceError, match="dBASE") as caught:
        read(path)
    assert caught.value.code == "SOURCE_NOT_TABLE"
    path.write_bytes(header + b"more than its header says")
    with pytest.raises(SourceError) as caught:
        read(path)
    assert caught.value.code == "SOURCE_BINARY"


@pytest.mark.parametrize("delimiter", ["\x1f", "\x01"])
def test_control_characters_that_databases_put_between_cells_are_delimiters(tmp_path, delimiter):
    text = "".join(f"{a}{delimiter}{b}\n" for a, b in [("E-mail", "Name"), ("a@b.org", "Ann")])
    assert read(csv_file(tmp_path, text))[:2] == (("E-mail", "Name"), [["a@b.org", "Ann"]])


def test_lists_of_lists_in_json_are_refused_for_what_they_are(tmp_path):
    with pytest.raises(SourceError, match="list of flat objects") as caught:
        read(csv_file(tmp_path, '[["E-mail"], ["a@b.org"]]', "a.json"))
    assert caught.value.code == "JSON_WRONG"


@pytest.mark.parametrize(
    "text",
    ['{"e": "a@b.org", "e": "c@d.org"}', '[{"e": "a@b.org", "more": {"n": 1, "n": 2}}]'],
)
def test_a_name_that_an_object_has_twice_is_refused(tmp_path, text):
    """Readers of JSON keep one of the values without a word."""
    with pytest.raises(SourceError, match=r"the name '[en]' twice") as caught:
        read(csv_file(tmp_path, text, "a.json"))
    assert caught.value.code == "JSON_WRONG"


def test_the_lock_file_beside_an_open_workbook_is_left_out(tmp_path, caplog):
    (tmp_path / "a.xlsx").write_bytes(b"x")
    (tmp_path / "~$a.xlsx").write_bytes(b"\x05Anna")
    assert expand_sources([str(tmp_path / "*.xlsx")]) == [str(tmp_path / "a.xlsx")]
    assert "~$a.xlsx is left out" in caplog.text
    with pytest.raises(SourceError, match=r"name a\.xlsx instead"):
        read(tmp_path / "~$a.xlsx")


PAGE = "<html><body>{}</body></html>"


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ("<table><tr><th>E-mail<th>Phones<th>City<tr><td>a@b.org<td>now<table><tr><td>home<td>+1 202<tr><td>work<td>+1 303</table>or later<td>Bonn</table>",
         [["a@b.org", "now\nhome +1 202\nwork +1 303\nor later", "Bonn"]]),
        ("<table><tr><th>E-mail<th>Name<tr><td>a@b.org<td><table><tr><td><b>Anna</b></table></table>", [["a@b.org", "Anna"]]),
        # The outer table is the layout of the page, the inner one the table.
        ("<table><tr><td>Menu<td><table><tr><th>E-mail<th>Name<tr><td>a@b.org<td>Anna</table></table>", [["a@b.org", "Anna"]]),
        ("<table><tr><td><table><tr><td><table><tr><th>E-mail<th>Name<tr><td>a@b.org<td><table><tr><td>An</td><td>na</table></table></table></table>",
         [["a@b.org", "An na"]]),
        # A history in one cell has more cells than the table around it.
        ("<table><tr><th>E-mail<th>Orders<tr><td>a@b.org<td><table>" + "<tr><td>1<td>2<td>3" * 9 + "</table><tr><td>b@b.org<td>-</table>",
         [["a@b.org", "\n".join(["1 2 3"] * 9)], ["b@b.org", "-"]]),
    ],
)  # fmt: skip
def test_the_text_of_a_table_within_a_cell_is_the_cells_text(tmp_path, body, rows):
    path = csv_file(tmp_path, PAGE.format(body), "a.xls")
    assert read(path)[1] == rows


@pytest.mark.parametrize(
    "body",
    [
        "<table><tr><td>E-mail<tr><td>a@b.org",
        "<table><tr><td>E-mail<tr><td>a@b.org<table><tr><td>x",
    ],
)
def test_tables_of_a_page_that_nothing_closes_are_read(tmp_path, body):
    assert read(csv_file(tmp_path, f"<html>{body}", "a.xls"))[1][0][0].startswith("a@b.org")


@pytest.mark.parametrize(
    ("written", "cells"),
    [
        ("12 Main St\\nApt 4\tx", ["12 Main St\nApt 4", "x"]), ("a\\tb\tx", ["a\tb", "x"]), ("\\N\tx", ["", "x"]), ("C:\\\\new\tx", ["C:\\new", "x"]),
        ("a\\\tb\tx", ["a\tb", "x"]), ("a\\\nb\tx", ["a\nb", "x"]), ("\\\\N\tx", ["\\N", "x"]), ("\\\\\\n\t", ["\\\n", ""]), ("say \"hi\tx", ['say "hi', "x"]),
        ("NULL\t\\N", ["NULL", ""]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_escapes_of_a_database_are_undone(tmp_path, written, cells, end):
    lines = ["A\tB\tC", f"1\t{written}", "2\ta\\nb\t\\N", "3\tx\ty"]
    path = tmp_path / "a.tsv"
    path.write_bytes((end.join(lines) + end).encode())
    _, rows, codes = read(path)
    assert rows == [["1", *cells], ["2", "a\nb", ""], ["3", "x", "y"]]
    assert codes == ["ESCAPES_UNDONE"]


@pytest.mark.parametrize(
    "cells",
    [["a\\", "x"], ["x", "a\\"], ["C:\\new\\table", "x"], ["a\\d", "x\\ny"], ['"a\\nb"', "x"], ["D:\\notes", "\\server"]],
)  # fmt: skip
def test_backslashes_that_no_database_wrote_stay(tmp_path, cells):
    path = csv_file(tmp_path, "A\tB\tC\n1\t" + "\t".join(cells) + "\n2\tx\ty\n", "a.tsv")
    _, rows, codes = read(path)
    assert rows[0] == ["1", *(cell.strip('"') for cell in cells)]
    assert codes == []


def test_a_row_of_many_lines_at_the_end_of_the_sample_is_no_reason_to_keep_escapes(tmp_path):
    lines = 90 * [20 * "x"]
    row = "\\\n".join(lines) + "\ta\\tb\n"
    # Longer than what the kind of a file is recognized by, which ends after an escaped line end.
    _, rows, codes = read(csv_file(tmp_path, "A\tB\n" + 200 * row, "a.tsv"))
    assert rows == 200 * [["\n".join(lines), "a\tb"]]
    assert codes == ["ESCAPES_UNDONE"]


def test_rejects_of_a_file_with_escapes_are_not_undone_again(tmp_path):
    path = csv_file(tmp_path, "A\tB\t_status\t_reason\na\\nb\tc\tinvalid\twhy\n", "a.tsv")
    assert read(path)[1] == [["a\\nb", "c", "invalid", "why"]]


def test_an_escape_that_no_database_writes_is_refused_with_its_line(tmp_path):
    path = csv_file(tmp_path, "A\tB\n" + f"a\\nb\t{'x' * 2000}\n" * 132 + "a\\qb\tx\n", "a.tsv")
    with pytest.raises(SourceError, match=r"line 134: '\\\\q'") as caught:
        read(path)
    assert caught.value.code == "QUOTE_WRONG"


@pytest.mark.parametrize(
    "rows",
    [
        ["Email           Name       City", "a@b.org         Anna       Berlin", "bbbb@b.org      Ben Cole   New York"],
        ["Email           Name       City", "a@b.org         Berg, Anna Berlin", "bbbb@b.org      Cole, Ben  New York"],
        ["  ID  E-MAIL      NAME", "   1  a@b.org     Ann", "  12  ben@b.org   Ben", " 123  c@b.org"],
        ["E-mail      Phone", "a@b.org     +1 202 555 0101", "b@b.org", "cc@b.org    +1 202 555 0102"],
    ],
)  # fmt: skip
def test_columns_of_a_fixed_width_are_called_so(tmp_path, rows):
    with pytest.raises(SourceError, match="aligned with blanks") as caught:
        read(csv_file(tmp_path, "\n".join(rows) + "\n", "a.txt"))
    assert caught.value.code == "DELIMITER_UNCLEAR"


@pytest.mark.parametrize(
    "text",
    [
        "E-mail\na@b.org\nb@b.org\n",
        "Full  Name\nAnna  Berg\nBen  Cole\nX  Y\n",
        "Note\na  b\nc  d\n",
    ],
)
def test_a_single_column_is_not_taken_for_aligned_ones(tmp_path, text):
    assert len(read(csv_file(tmp_path, text))[0]) == 1


@pytest.mark.parametrize(
    "names", ["Müller\nKöln\n", "Иванов\n", "山田\n佐藤\n", "Zoë;\nRenée\n", "Łódź\nGdańsk\n"]
)
def test_utf_7_is_called_by_its_name(tmp_path, names):
    path = tmp_path / "a.csv"
    path.write_bytes(f"Name\n{names}".encode("utf-7"))
    with pytest.raises(SourceError, match="UTF-7") as caught:
        read(path)
    assert caught.value.code == "ENCODING_UNCLEAR"
    expected = [[line] for line in names.split("\n") if line]
    assert [
        [cell for cell in row if cell] for row in read(path, encoding="utf-7", delimiter=",")[1]
    ] == expected


@pytest.mark.parametrize(
    "cell",
    [
        "+7912-345",
        "ann+abc-x@b.org",
        "C+foo-bar",
        "Beer+BBQ-party",
        "+7 (912) 345",
        "A+B-testing",
        "1+1ABC-2",
    ],
)
def test_a_plus_is_no_sign_of_utf_7(tmp_path, cell):
    assert read(csv_file(tmp_path, f"Name,N\n{cell},1\n"))[1] == [[cell, "1"]]


@pytest.mark.parametrize("text", ["M+APw-ller", "+BBgEMgQwBD0EPgQy-"])
def test_a_cell_in_utf_7_is_named(text):
    problem = spoiled(text, "name")
    assert (problem.code, "was meant" in problem.message) == ("TEXT_ENCODED", True)
    assert list(suspicious(["Ann"] * 20 + [text], "name"))[-1] == text


CELLS = ["NA", "007", "a,b;c\td|e", "line\none", "Ünï", "  pad  ", 'q"q', '""', "'x", "O'Neill", "x\\y", "C:\\new\\t", "\\N", "a\\", "«Р»",
         "# note", "a:b", 'say "hi", ok', "two\n\nlines", "=1+1", "-5", "a  b"]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("escape", ["", "\\"])
def test_what_the_csv_module_writes_comes_back(tmp_path, delimiter, quoting, escape):
    path = tmp_path / "a.csv"
    rows = [[f"a{n}@b.org", cell, "x"] for n, cell in enumerate(CELLS)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(
            file, delimiter=delimiter, quoting=quoting, doublequote=not escape, escapechar=escape or None
        )  # fmt: skip
        writer.writerows([["E-mail", "Name", "Note"], *rows])
    assert read(path)[1] == rows


@pytest.mark.parametrize(("alike", "others", "marks"), [(8, 2, "“”"), (7, 3, ""), (80, 20, "“”"), (79, 21, "")])  # fmt: skip
def test_four_lines_of_five_in_typographic_marks_make_a_table_of_them(alike, others, marks):
    lines = [
        "“E-mail”,“Name”",
        *["“a@b.org”,“Berg, Anna”"] * (alike - 1),
        *["a@b.org,Anna"] * others,
    ]
    assert typographic_quotes("\n".join(lines))[0] == marks
