"""Which sheet of a workbook is read, what a source says of itself, and which files a name stands for."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from bulk_import.errors import SourceError
from bulk_import.models import Problem, Severity
from bulk_import.sources import (
    Source,
    SourceOptions,
    expand_sources,
    open_source,
    sheet_names,
)
from bulk_import.sources.container import kind_of, regular_file
from bulk_import.sources.lines import open_lines
from bulk_import.sources.table import Line

HEAD, ANN, BEN = ["E-mail", "Name"], ["ann@b.org", "Ann"], ["ben@b.org", "Ben"]


def workbook(path: Path, **sheets: list[list[str]]) -> Path:
    """A workbook in one XML file; ``_`` at the end of a sheet's name hides it."""
    office = "urn:schemas-microsoft-com:office"
    parts = [
        f'<?xml version="1.0"?><Workbook xmlns="{office}:spreadsheet" xmlns:ss="{office}:spreadsheet">'
    ]
    for name, lines in sheets.items():
        cells = "".join(
            "<Row>"
            + "".join(f'<Cell><Data ss:Type="String">{escape(c)}</Data></Cell>' for c in line)
            + "</Row>"
            for line in lines
        )
        hidden = f'<WorksheetOptions xmlns="{office}:excel"><Visible>SheetHidden</Visible></WorksheetOptions>'
        parts.append(
            f'<Worksheet ss:Name="{name.rstrip("_")}"><Table>{cells}</Table>'
            f"{hidden if name.endswith('_') else ''}</Worksheet>"
        )
    path.write_text("".join([*parts, "</Workbook>"]), "utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.xml"


def note(code: str, message: str, value: str = "") -> Problem:
    return Problem(code, message, value=value, severity=Severity.WARNING)


def opened(path: Path, **options: Any) -> tuple[Source, list[tuple[str, int, list[str]]]]:
    with open_source(path, SourceOptions(**options)) as source:
        rows = [(row.sheet, row.number, [*row.cells.values()]) for row in source]
    return source, rows


def refusal(path: Path | str, **options: Any) -> tuple[str, str]:
    with (
        pytest.raises(SourceError) as caught,
        open_source(path, SourceOptions(**options)) as source,
    ):
        list(source)
    return caught.value.code, str(caught.value)


# -- one sheet of several ----------------------------------------------------------------------------


def test_the_only_visible_sheet_is_read_without_a_word(file):
    workbook(file, One=[HEAD, ANN], Two_=[HEAD, BEN])
    source, rows = opened(file)
    assert (source.sheet, source.kind, source.problems) == ("One", "xml", [])
    assert rows == [("One", 2, ANN)]
    assert sheet_names(file) == ["One"]


def test_if_all_sheets_are_hidden_the_only_one_with_contacts_is_read(file):
    workbook(file, One_=[["x", "y"]], Two_=[HEAD, BEN])
    assert opened(file)[0].sheet == "Two"
    assert sheet_names(file) == []


def test_a_hidden_sheet_may_be_named(file):
    workbook(file, One=[HEAD, ANN], Two_=[HEAD, BEN])
    source, rows = opened(file, sheet="Two")
    assert (source.sheet, rows) == ("Two", [("Two", 2, BEN)])


def test_of_several_the_sheet_with_the_expected_columns_is_read_and_the_others_are_named(file):
    workbook(file, Cover=[["Contacts"]], List=[HEAD, ANN], Old=[["Mail", "Who"], BEN])
    source, _ = opened(file, columns=("E-mail", "Name"))
    assert source.problems == [
        note(
            "SHEET_CHOSEN",
            "sheet 'List' is read; the others ('Cover', 'Old') are not; source: sheet: names another, "
            "source: sheets: several",
        )
    ]
    assert opened(file, columns=("Mail", "Name", "Who"))[0].sheet == "Old"


def test_two_sheets_with_contacts_are_asked_about(file):
    workbook(file, One=[HEAD, ANN], Two=[HEAD, BEN], Note=[["x"]])
    assert refusal(file) == (
        "SHEET_UNCLEAR",
        f"{file}: 2 sheets hold contacts ('One', 'Two'); name one by source: sheet:, or read them "
        "together by source: sheets: all",
    )


def test_a_sheet_that_only_names_an_address_to_write_to_holds_no_contacts(file):
    workbook(file, Cover=[["Our contacts", "of May"], ["help@b.org"]], Two=[HEAD, BEN])
    assert opened(file)[0].sheet == "Two"
    # A list of addresses has one cell in every line.
    workbook(file, List=[["E-mail"], ["a@b.org"]], Two=[["x", "y"], ["1", "2"]])
    assert opened(file)[0].sheet == "List"


def test_without_contacts_the_sheet_with_most_cells_is_read(file):
    workbook(file, One=[["A"], ["1"]], Two=[["A", "B"], ["1", "2"]], Three=[["A"], [" "]])
    assert opened(file)[0].sheet == "Two"


def test_our_rejects_are_found_among_other_sheets(file):
    rejects = [["_status", "_reason", "E-mail"], ["invalid", "why", "ben@b.org"]]
    workbook(file, One=[HEAD, ANN], Two=rejects)
    assert opened(file)[0].sheet == "Two"
    assert opened(file, columns=("E-mail", "Name"))[0].sheet == "Two"


def test_a_sheet_of_those_who_said_no_is_not_the_one_that_is_meant(file):
    workbook(file, Unsubscribed=[HEAD, ANN], Two=[HEAD, BEN])
    source, rows = opened(file)
    assert [row[2] for row in rows] == [BEN]
    assert [problem.code for problem in source.problems] == ["SHEET_CHOSEN", "SHEET_SAYS_NO"]
    assert source.problems[1] == note(
        "SHEET_SAYS_NO",
        "sheet 'Unsubscribed', whose name says no, is not read; it keeps nobody back by itself",
        "Unsubscribed",
    )


def test_a_name_of_a_sheet_is_exact_or_the_only_one_that_is_alike(file):
    workbook(file, May=[HEAD, ANN], MAY=[HEAD, BEN], June=[HEAD, ANN])
    assert opened(file, sheet="MAY")[1] == [("MAY", 2, BEN)]
    assert opened(file, sheet=" june")[0].sheet == "June"
    said = f"{file}: no sheet {{}}; it has 'May', 'MAY', 'June'"
    for name in ("may", "July"):
        assert refusal(file, sheet=name) == ("SHEET_MISSING", said.format(repr(name)))


def test_ten_sheets_are_listed(file):
    sheets = {f"S{n}": [HEAD, ANN] for n in range(1, 11)}
    ten = ", ".join(f"'{name}'" for name in sheets)
    workbook(file, **sheets)
    assert refusal(file, sheet="x")[1] == f"{file}: no sheet 'x'; it has {ten}"
    workbook(file, **sheets, S11=[HEAD, ANN])
    assert refusal(file, sheet="x")[1] == f"{file}: no sheet 'x'; it has {ten}, …"


# -- several sheets as one source --------------------------------------------------------------------


def test_sheets_are_read_in_the_order_of_their_names_and_columns_are_joined(file):
    workbook(file, One=[HEAD, ANN], Two=[["Phone ", "E-mail"], ["1", "b@b.org"]])
    source, rows = opened(file, sheets=("Two", "One"))
    assert (source.sheet, source.header, source.header_row) == ("", ("Phone", "E-mail", "Name"), 1)
    assert rows == [("Two", 2, ["1", "b@b.org", ""]), ("One", 2, ["", "ann@b.org", "Ann"])]
    lacks = "sheet {!r} lacks the columns {} of the others; they are blank in its rows"
    assert source.problems == [
        note("SHEETS_DIFFER", lacks.format("Two", "Name")),
        note("SHEETS_DIFFER", lacks.format("One", "Phone")),
    ]


def test_ten_missing_columns_are_named(file):
    columns = [f"c{n}" for n in range(1, 13)]
    workbook(file, One=[HEAD, ANN], Two=[[*HEAD, *columns], [*BEN, *columns]])
    (problem,) = opened(file, sheets=("One", "Two"))[0].problems
    assert f"columns {', '.join(columns[:10])} of the others" in problem.message


def test_all_means_every_visible_sheet_unless_one_is_called_so(file):
    workbook(file, One=[HEAD, ANN], Two_=[HEAD, BEN], Three=[HEAD, BEN])
    assert [row[0] for row in opened(file, sheets=("all",))[1]] == ["One", "Three"]
    workbook(file, One=[HEAD, ANN], all=[HEAD, BEN])
    source, rows = opened(file, sheets=("all",))
    assert (source.sheet, rows) == ("all", [("all", 2, BEN)])
    workbook(file, One_=[HEAD, ANN], Two_=[HEAD, BEN])
    assert [row[0] for row in opened(file, sheets=("all",))[1]] == ["One", "Two"]


def test_of_several_sheets_an_empty_one_is_said_and_left_out(file):
    workbook(file, One=[HEAD, ANN], Two=[[" "]], Three=[HEAD, BEN])
    source, rows = opened(file, sheets=("all",))
    assert [row[0] for row in rows] == ["One", "Three"]
    assert source.problems == [note("SHEET_EMPTY", "sheet 'Two' has no rows")]
    assert refusal(file, sheets=("Two",)) == ("SOURCE_EMPTY", f"{file}: no rows in it")
    workbook(file, One=[], Two=[[" "]])
    assert refusal(file, sheets=("all",)) == ("SOURCE_EMPTY", f"{file}: no rows in its sheets")


def test_another_fault_of_one_sheet_refuses_all(file):
    workbook(file, One=[HEAD, ANN], Two=[ANN, BEN])
    assert refusal(file, sheets=("all",))[0] == "SOURCE_NO_HEADER"


def test_the_same_remark_about_two_sheets_is_made_once(file):
    twice = [["E-mail", "Name", "Name"], ["a@b.org", "x", "y"]]
    workbook(file, One=twice, Two=twice)
    source, _ = opened(file, sheets=("all",))
    assert [problem.code for problem in source.problems] == ["HEADER_DUPLICATE"]


def test_a_sheet_of_those_who_said_no_is_warned_of_when_it_is_read_with_others(file):
    workbook(file, One=[HEAD, ANN], Unsubscribed=[HEAD, BEN])
    said = "sheet 'Unsubscribed', whose name says no, is read as contacts too"
    source, _ = opened(file, sheets=("all",))
    assert source.problems == [note("SHEET_SAYS_NO", said, "Unsubscribed")]
    assert opened(file, sheets=("Unsubscribed",))[0].problems == []


# -- texts -------------------------------------------------------------------------------------------


def test_a_delimited_source_says_how_it_was_understood(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("Name;Ort\r\nJürgen Müller;Köln\r\nBjörn Groß;Lübeck\r\n".encode("cp1252"))
    source, rows = opened(path)
    assert (source.kind, source.encoding, source.sheet, source.header_row) == (
        "csv",
        "cp1252",
        "",
        1,
    )
    assert source.evidence == "the letters make words of German"
    assert source.problems == [
        note(
            "ENCODING_GUESSED",
            "not UTF-8; read as cp1252 (the letters make words of German); look at a few names, and "
            "set source: encoding: if they are wrong",
        )
    ]
    assert source.dialect == {
        "delimiter": ";", "quotechar": '"', "escapechar": "", "lineterminator": "\r\n", "sep_line": "",
    }  # fmt: skip
    assert [row[2] for row in rows] == [["Jürgen Müller", "Köln"], ["Björn Groß", "Lübeck"]]
    source, _ = opened(path, encoding="cp1252")
    assert (source.evidence, source.problems) == ("as set", [])


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('"A;B"\n"1;2"\n', "LINES_QUOTED", "every line is in quotation marks as a whole; read without them"),
        ("A\tB\n1\t\\N\n", "ESCAPES_UNDONE", "backslashes in it stand for line ends, tabs and NULL, as databases write them; read so"),
        ("«A»;«B»\n«1»;«2»\n", "QUOTES_TYPOGRAPHIC", "cells are in typographic quotation marks («…»); read without them"),
    ],
)  # fmt: skip
def test_an_unusual_way_of_writing_is_said(tmp_path, text, code, said):
    path = tmp_path / "a.csv"
    path.write_text(text, "utf-8")
    assert opened(path)[0].problems == [note(code, said)]


def test_the_description_of_a_source_has_the_hash_of_its_bytes_unless_nobody_wants_it(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"A,B\n1,2\n")
    with open_source(path) as source:
        info = source.info()
    assert info.sha256 == hashlib.sha256(b"A,B\n1,2\n").hexdigest()
    assert (info.name, info.kind, info.header, info.labels, info.header_row) == (
        str(path),
        "csv",
        ("A", "B"),
        ("A", "B"),
        1,
    )
    assert source.info(with_fingerprint=False).sha256 == ""


def test_a_page_says_that_its_largest_table_is_read(tmp_path):
    path = tmp_path / "a.xls"
    path.write_text("<table><tr><td>A<td>B<tr><td>1<td>2</table>", "utf-8")
    source, rows = opened(path)
    assert (source.kind, source.header, rows) == ("html", ("A", "B"), [("", 2, ["1", "2"])])
    assert source.problems == [
        note("SOURCE_PAGE", "a web page under a spreadsheet's name; its largest table is read")
    ]
    assert opened(path, header_row=0)[1] == [("", 1, ["A", "B"]), ("", 2, ["1", "2"])]


# -- all lines of a file -----------------------------------------------------------------------------


def lines(path: Path, **options: Any) -> list[tuple[str, list[Line]]]:
    with open_lines(path, SourceOptions(**options)) as sheets:
        return [(name, list(found)) for name, found in sheets]


def test_all_lines_of_all_sheets_are_there_hidden_ones_too(file):
    workbook(file, One=[HEAD], Two_=[ANN, BEN])
    assert lines(file) == [("One", [Line(1, HEAD)]), ("Two", [Line(1, ANN), Line(2, BEN)])]
    assert [name for name, _ in lines(file, sheet="Two")] == ["Two"]
    with pytest.raises(SourceError) as caught:
        lines(file, sheet="two")
    assert (caught.value.code, str(caught.value)) == (
        "SHEET_MISSING",
        f"{file}: no sheet 'two'; it has 'One', 'Two'",
    )


def test_lines_of_texts_json_and_pages_have_no_sheet(tmp_path):
    path = tmp_path / "a"
    path.write_text("a@b.org;x\n", "utf-8")
    assert lines(path) == [("", [Line(1, ["a@b.org", "x"])])]
    assert lines(path, delimiter="comma") == [("", [Line(1, ["a@b.org;x"])])]
    path.write_text('[{"e": "a@b.org"}]', "utf-8")
    assert lines(path) == [("", [Line(0, ("e",)), Line(1, ["a@b.org"])])]
    path.write_text("<table><tr><td>a@b.org</table>", "utf-8")
    assert lines(path) == [("", [Line(1, ["a@b.org"])])]


# -- kinds of files ----------------------------------------------------------------------------------

FLAT = "<office:document xmlns='x' office:mimetype='application/vnd.oasis.opendocument.{}'/>"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("A,B\n", "text"), ('{"a": 1}', "json"), ("<table>", "html"), ("<HTML><table>", "html"), ("<meta charset=x>", "html"), ("x <table>", "html"),
        ("<!-- x --><table>", "html"), ("MIME-Version: 1.0\n", "mht"), ("From: <Saved by Excel>\n", "mht"), ("Content-Type: multipart/related; x\n", "mht"),
        (FLAT.format("spreadsheet"), "fods"), ("<?xml version='1.0'?>" + FLAT.format("spreadsheet"), "fods"),
        ("<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'/>", "xml"), ("<?mso-application?><x xmlns='urn:schemas-microsoft-com:office:spreadsheet'/>", "xml"),
        ("A <Workbook>\n", "text"), ("urn:schemas-microsoft-com:office:spreadsheet,x\n", "text"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_content_says_what_a_file_is(tmp_path, text, kind, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(f"\n {text}".encode(encoding))
    assert kind_of(path, "a.csv") == kind


@pytest.mark.parametrize(
    "head", [b"\x09\0\x04\0", b"\x09\x02\x06\0", b"\x09\x04\x06\0", b"\x09\x08", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]
)  # fmt: skip
def test_old_workbooks_begin_with_their_first_record(tmp_path, head):
    path = tmp_path / "a.xls"
    path.write_bytes(head + bytes(600))
    assert kind_of(path, "a.xls") == "xls"


def test_pages_without_tables_and_other_xml_are_refused(tmp_path):
    path = tmp_path / "a"

    def said(text: str) -> tuple[str, str]:
        path.write_text(text, "utf-8")
        with pytest.raises(SourceError) as caught:
            kind_of(path, "a")
        return caught.value.code, str(caught.value)

    page = "a: this is a web page without a table; export the contacts as CSV or XLSX"
    assert said("<html><p>x") == ("SOURCE_HTML", page)
    assert (
        said(FLAT.format("text"))[0] == said("<?xml version='1.0'?><a/>")[0] == "SOURCE_NOT_TABLE"
    )
    assert said("") == ("SOURCE_EMPTY", "a: the file is empty")


def test_the_mark_of_an_open_workbook_is_small(tmp_path):
    path = tmp_path / "~$a.xlsx"
    path.write_bytes(b"A,B\n" + b"x,y\n" * 1022 + b"x,y")
    with pytest.raises(SourceError) as caught:
        kind_of(path, str(path))
    assert (caught.value.code, str(caught.value)) == (
        "SOURCE_NOT_TABLE",
        f"{path}: this only says that a spreadsheet program has the file open; name a.xlsx instead",
    )
    path.write_bytes(b"A,B\n" + b"x,y\n" * 1023)
    assert kind_of(path, str(path)) == "text"


def test_folders_pipes_and_missing_files_are_no_sources(tmp_path):
    def said(path: Path) -> tuple[str, str]:
        with pytest.raises(SourceError) as caught, regular_file(str(path), None):
            pass
        return caught.value.code, str(caught.value)

    assert said(tmp_path) == ("SOURCE_NOT_FILE", f"{tmp_path}: a folder; name a file")
    assert said(tmp_path / "x") == ("SOURCE_MISSING", f"{tmp_path / 'x'}: no such file")
    os.mkfifo(tmp_path / "p")
    assert said(tmp_path / "p") == (
        "SOURCE_NOT_FILE",
        f"{tmp_path / 'p'}: not a regular file; pipe it in and name - as the source",
    )


def test_a_plain_file_is_read_where_it_is(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"A,B\n")
    with ExitStack() as stack:
        assert stack.enter_context(regular_file(str(path), None)) == path


# -- names of files ----------------------------------------------------------------------------------


def files(folder: Path, **times: int) -> list[str]:
    for name, at in times.items():
        (folder / f"{name}.csv").write_bytes(b"x")
        os.utime(folder / f"{name}.csv", (at, at))
    return [str(folder / f"{name}.csv") for name in times]


def test_each_file_is_named_once_in_the_order_of_the_names(tmp_path):
    a, b, c = files(tmp_path, a=1, b=2, c=3)
    assert expand_sources(a) == [a]
    assert expand_sources(Path(a)) == [a]
    assert expand_sources([c, str(tmp_path / "*.csv"), a]) == [c, a, b]
    assert expand_sources(["-", b, "-"]) == ["-", b]


def test_the_newest_of_each_pattern_are_kept_the_oldest_of_them_first(tmp_path):
    a, b, c, d = files(tmp_path, a=4, b=3, c=2, d=1)
    pattern = str(tmp_path / "*.csv")
    assert expand_sources(pattern, newest=2) == [b, a]
    assert expand_sources(pattern, newest=9) == [d, c, b, a]
    assert expand_sources(pattern) == [a, b, c, d]
    # A shell has expanded the pattern: files that are named one by one are its matches.
    assert expand_sources([a, b, c], newest=1) == [a]
    assert expand_sources([c, b, a], newest=2) == [b, a]
    assert expand_sources([d], newest=1) == [d]
    assert expand_sources([pattern, c, d], newest=1) == [a, c]


def test_equal_times_are_ordered_by_name(tmp_path):
    a, b, _ = files(tmp_path, a=1, b=1, c=0)
    assert expand_sources(str(tmp_path / "*.csv"), newest=2) == [a, b]
    assert expand_sources(str(tmp_path / "*.csv"), newest=1) == [b]


def test_a_folder_is_not_the_newest_file(tmp_path):
    a, _ = files(tmp_path, a=2, b=1)
    (tmp_path / "z.csv").mkdir()
    assert expand_sources(str(tmp_path / "*.csv"), newest=1) == [a]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path):
    path = tmp_path / "a[1].csv"
    path.write_bytes(b"x")
    assert expand_sources(str(path)) == [str(path)]
    with pytest.raises(SourceError) as caught:
        expand_sources(str(tmp_path / "b[1].csv"))
    assert (caught.value.code, str(caught.value)) == (
        "SOURCE_MISSING",
        f"{tmp_path / 'b[1].csv'}: no file has such a name",
    )
