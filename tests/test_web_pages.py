"""Tables of web pages: the largest one, its cells as a browser shows them, in the encoding that the page names."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources.table import LONGEST_CELL, MOST_COLUMNS, Line
from bulk_import.sources.text.page import LARGEST, has_table, lines_of, read_table
from bulk_import.sources.text.page_archive import PageArchive


def rows(page: str) -> list[list[str]]:
    return [list(line.cells) for line in lines_of(page.encode(), "a.xls", "")]


def refusal(page: str | bytes, encoding: str = "") -> tuple[str, str]:
    raw = page if isinstance(page, bytes) else page.encode()
    with pytest.raises(SourceError) as caught:
        list(lines_of(raw, "a.xls", encoding))
    return caught.value.code, str(caught.value)


# -- rows and cells ----------------------------------------------------------------------------------


def test_rows_are_numbered_from_one_and_empty_ones_count():
    page = "<table><tr><td>A</td></tr><tr></tr><tr><td>1</td></tr></table>"
    assert list(lines_of(page.encode(), "a", "")) == [Line(1, ["A"]), Line(2, []), Line(3, ["1"])]


def test_blanks_of_the_page_are_one_blank_and_breaks_are_line_ends():
    page = "<table><tr><td> Ann \n\t Lee <br> x<p>y</p><li>z <td>1&nbsp;2</table>"
    assert rows(page) == [["Ann Lee\nx\ny\nz", "1\xa02"]]
    # A break in front of the text is none.
    assert rows("<table><tr><td><div>Ann</div><td>b</table>") == [["Ann", "b"]]


def test_texts_outside_of_cells_scripts_styles_and_titles_are_left_out():
    page = (
        "<title>T</title>x<table>y<tr>z<td>A<script>s</script><style>t</style>B<title>u</title>C</td>w"
        "<td>2</tr>v</table>"
    )
    assert rows(page) == [["ABC", "2"]]
    assert rows("</script><table><tr><td>A<td>B</table>") == [["A", "B"]]


def test_a_head_that_nothing_closes_hides_no_table():
    assert rows("<head><title>T</title><table><tr><td>A<td>B</table>") == [["A", "B"]]
    assert rows("<table><tr><td>A<td><head>B</table>") == [["A", "B"]]


def test_cells_outside_of_rows_begin_a_row():
    assert rows("<table><td>A<td>B<tr><td>1<td>2</table>") == [["A", "B"], ["1", "2"]]
    assert rows("<table><tr><td>A</tr><td>1</td></tr><td>2</table>") == [["A"], ["1"], ["2"]]


def test_tables_rows_and_cells_that_nothing_closes_end_with_the_page():
    open_row = "<table><tr><td rowspan=2>a<td>b<td rowspan=2>c<tr><td>Ann"
    assert rows(open_row) == [["a", "b", "c"], ["", "Ann", ""]]
    assert rows("<table><tr><td>A<td>B &am") == [["A", "B &am"]]
    assert rows("<table><tr><td>A<td>x<table><tr><td>1") == [["A", "x\n1"]]


def test_end_tags_without_a_beginning_end_nothing():
    assert rows("</td></tr></table><table></td><tr></td><td>A</td></td><td>B</table></table>") == [
        ["A", "B"]
    ]


def test_the_largest_table_is_the_one_with_most_cells():
    small = "<table><tr><td>x<td>y<tr><td>1<td>2</table>"
    large = "<table><tr><td>A<td>B<td>C<tr><td>1<td>2<td>3</table>"
    assert rows(small + large) == rows(large + small) == [["A", "B", "C"], ["1", "2", "3"]]
    blank = "<table><tr>" + "<td>" * 20 + "</table>"
    assert rows(blank + small) == [["x", "y"], ["1", "2"]]


# -- cells that span others --------------------------------------------------------------------------


def test_cells_that_span_columns_leave_blanks_beside_them():
    page = "<table><tr><td colspan=3>A<td>B<tr><td>1<td>2<td>3<td>4</table>"
    assert rows(page) == [["A", "", "", "B"], ["1", "2", "3", "4"]]


def test_cells_that_span_rows_leave_blanks_below_them():
    page = "<table><tr><td rowspan=3>A<td>B<td rowspan=2>C<tr><td>1<tr><td>2<td>3<tr><td>4<td>5<td>6</table>"
    assert rows(page) == [["A", "B", "C"], ["", "1", ""], ["", "2", "3"], ["4", "5", "6"]]


def test_a_cell_that_spans_rows_and_columns_leaves_a_blank_rectangle():
    page = "<table><tr><td>a<td rowspan=2 colspan=2>A<td>b<tr><td>c<td>d<tr><td>e</table>"
    assert rows(page) == [["a", "A", "", "b"], ["c", "", "", "d"], ["e"]]


def test_at_the_right_a_span_is_filled_when_the_row_ends():
    assert rows("<table><tr><td>a<td rowspan=2>A<tr><td>b</tr><tr><td>c</table>") == [
        ["a", "A"],
        ["b", ""],
        ["c"],
    ]


@pytest.mark.parametrize(
    ("span", "width"), [("2", 2), (" 3 ", 3), ("1", 1), ("0", 1), ("-2", 1), ("x", 1), ("", 1), ("²", 1), ("999", 999), ("1000", 1000), ("1001", 1000), ("99999999", 1000)]
)  # fmt: skip
def test_a_span_is_a_whole_number_up_to_a_thousand(span, width):
    ((first, *_),) = [rows(f'<table><tr><td colspan="{span}">A<td>B</table>')]
    assert first == ["A", *[""] * (width - 1), "B"]


# -- numbers that are stored beside their texts ------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "stored", "read"),
    [
        ("7.91612E+10", "79161234567", "79161234567"), ("1,234.50", "1234.5", "1234.5"), ("####", "12", "12"), ("12.5", "12.5", "12.5"),
        ("007", "7", "007"), ("12%", "0.12", "12%"), ("x", "7", "x"), ("x", "", "x"), ("x", "y", "x"), ("", "7", ""), ("1 234", "1234", "1234"),
    ],
)  # fmt: skip
def test_the_stored_number_is_read_where_the_text_only_rounds_or_groups_it(shown, stored, read):
    for name in ("x:num", "sdval"):
        page = f"<table><tr><td>A<td {name}='{stored}'>{shown}</table>"
        assert rows(page) == [["A", read]]


def test_a_stored_number_belongs_to_its_cell_alone():
    page = "<table><tr><td x:num='79161234567'>7.91612E+10<td>7.91612E+10</table>"
    assert rows(page) == [["79161234567", "7.91612E+10"]]


# -- nested tables -----------------------------------------------------------------------------------


def test_a_table_within_a_cell_is_a_part_of_its_text():
    page = "<table><tr><th>A<th>B<tr><td>1<td>x<table><tr><td>a<td><td>b<tr><td><tr><td>c</table>y</table>"
    assert rows(page) == [["A", "B"], ["1", "x\na b\nc\ny"]]


def test_a_table_for_the_layout_has_no_two_rows_of_data():
    inner = "<table><tr><td>A<td>B<tr><td>1<td>2</table>"
    assert rows(f"<table><tr><td>Menu<td>{inner}<tr><td>Foot</table>") == [["A", "B"], ["1", "2"]]
    outer = rows(f"<table><tr><td>Menu<td>{inner}<tr><td>Foot<td>x<tr><td>3<td>4</table>")
    assert outer == [["Menu", "A B\n1 2"], ["Foot", "x"], ["3", "4"]]


# -- limits and encodings ----------------------------------------------------------------------------


def test_a_page_without_a_filled_table_is_none():
    said = (
        "SOURCE_HTML",
        "a.xls: this is a web page without a table; export the contacts as CSV or XLSX",
    )
    assert refusal("<html><p>x</html>") == said
    assert refusal("<table><tr><td> </td></tr></table>") == said


def test_rows_and_cells_are_as_long_as_those_of_a_spreadsheet():
    full, wide = "x" * LONGEST_CELL, "<td colspan=1000>x" * 16 + "<td colspan=384>x"
    assert [len(row) for row in rows(f"<table><tr><td>{full}<tr>{wide}</table>")] == [
        1,
        MOST_COLUMNS,
    ]
    for row in (f"<td>{full}x", f"<td>x{wide}"):
        said = ("CELL_TOO_LONG", "a.xls: row 2 is too long")
        assert refusal(f"<table><tr><td>A<tr>{row}</table>") == said


def test_a_page_is_held_in_memory_up_to_200_megabytes(tmp_path):
    path = tmp_path / "a.xls"
    path.write_bytes(b"<table><tr><td>A</table>")
    with path.open("r+b") as file:
        file.truncate(LARGEST + 1)
    for read in (lambda: next(read_table(path, "a.xls", None)), lambda: PageArchive(path, "a.xls")):
        with pytest.raises(SourceError) as caught:
            read()
        assert (caught.value.code, str(caught.value)) == (
            "SOURCE_TOO_LARGE",
            "a.xls: a web page of more than 200 MB; save it as XLSX or CSV",
        )


def read(path: Path, raw: bytes, encoding: str | None = None) -> list[list[str]]:
    path.write_bytes(raw)
    return [list(line.cells) for line in read_table(path, "a.xls", encoding)]


def test_the_encoding_is_as_set_else_as_marked_else_as_declared_else_detected(tmp_path):
    path = tmp_path / "a.xls"
    page = '<meta charset="{}"><table><tr><td>Zoë Łącka<td>x</table>'
    text = "Zoë Łącka"
    assert read(path, page.format("windows-1252").encode("cp1250", "replace"), "cp1250") == [
        [text, "x"]
    ]
    assert read(path, page.format("windows-1250").encode("cp1250")) == [[text, "x"]]
    # A mark at the beginning is surer than what is declared, which was for another form of the page.
    assert read(path, page.format("windows-1250").encode("utf-8-sig")) == [[text, "x"]]
    assert read(path, page.format("windows-1250").encode("utf-16")) == [[text, "x"]]
    assert read(path, "<table><tr><td>Zoë Łącka<td>x</table>".encode()) == [[text, "x"]]


def test_a_declaration_is_looked_for_at_the_beginning_of_the_page():
    page = "<table><tr><td>Zoë<td>charset=cp1251</table>"
    far = "<!--" + " " * 4100 + "-->" + page
    assert rows(far) == [["Zoë", "charset=cp1251"]]
    assert rows(page)[0][0] == "ZoГ«"


@pytest.mark.parametrize(
    ("declared", "meant"), [("iso-8859-1", "cp1252"), ("us-ascii", "cp1252"), ("iso-8859-9", "cp1254"), ("gb2312", "gb18030"), ("iso-8859-2", "iso-8859-2")]
)  # fmt: skip
def test_declared_encodings_are_read_as_browsers_read_them(declared, meant):
    text = {"cp1252": "€", "cp1254": "€ğ", "gb18030": "镕", "iso-8859-2": "ł"}[meant]
    page = f"<meta charset={declared}><table><tr><td>{text}<td>x</table>".encode(meant)
    (line,) = lines_of(page, "a.xls", "")
    assert line.cells == [text, "x"]


def test_a_byte_of_another_encoding_is_named():
    assert refusal(b"<table><tr><td>\xfc</table>") == (
        "ENCODING_WRONG",
        "a.xls: byte 15 is not utf-8; set source: encoding:",
    )
    assert refusal("<table><tr><td>x</table>", "klingon")[0] == "ENCODING_UNKNOWN"


def test_a_table_is_found_wherever_a_block_of_a_large_page_ends(tmp_path):
    path = tmp_path / "a.html"
    for before in range((1 << 20) - 8, (1 << 20) + 2):
        path.write_bytes(b"x" * before + b"<TABLE border=1>")
        assert has_table(path), before
    path.write_bytes(b"<tablet>")
    assert not has_table(path)


# -- pages in one file -------------------------------------------------------------------------------

LIST = (
    "<x:ExcelWorksheet><x:Name>{}</x:Name><x:WorksheetSource HRef='{}'/>"
    "<x:WorksheetOptions>{}</x:WorksheetOptions></x:ExcelWorksheet>"
)


def archive(path: Path, *parts: tuple[str, str, str]) -> PageArchive:
    """A mail whose parts are pages: each its kind, address and text."""
    path.write_text(
        'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="B"\n\n'
        + "".join(
            f"--B\nContent-Location: {address}\nContent-Type: {kind}\n\n{text}\n"
            for kind, address, text in parts
        )
        + "--B--\n",
        "utf-8",
    )
    return PageArchive(path, "a.mht")


def page(text: str) -> str:
    return f"<table><tr><td>{text}<td>x</table>"


HTML = 'text/html; charset="utf-8"'


def test_sheets_are_those_that_the_first_page_lists_in_its_order(tmp_path):
    listed = LIST.format("Two &amp; more", "d/s2.htm", "") + LIST.format(
        "One", "d\\S%31.htm", "<x:Visible>SheetHidden</x:Visible>"
    )
    found = archive(
        tmp_path / "a.mht",
        (HTML, "file:///C:/book.htm", listed),
        (HTML, "file:///C:/d/s1.htm", page("one")),
        (HTML, "file:///C:/d/s2.htm", page("two")),
        (HTML, "file:///C:/d/tabstrip.htm", page("tabs")),
        ("text/css", "file:///C:/d/s.css", "<table>"),
    )
    assert found.sheets == [("Two & more", False), ("One", True)]
    assert [[list(line.cells) for line in found.lines(at)] for at in (0, 1)] == [
        [["two", "x"]],
        [["one", "x"]],
    ]


def test_pages_that_nothing_lists_are_called_by_their_addresses(tmp_path):
    found = archive(
        tmp_path / "a.mht",
        (HTML, "file:///C:/first.htm", page("one")),
        ("application/xhtml+xml", "second", page("two")),
        (HTML, "file:///C:/tabstrip.htm", page("tabs")),
        (HTML, "third.htm", "no table"),
    )
    assert found.sheets == [("first", False), ("second", False)]


def test_a_sheet_in_the_first_page_itself_has_its_name(tmp_path):
    name = "<x:ExcelWorksheet><x:Name> May </x:Name></x:ExcelWorksheet>"
    hidden = "<x:ExcelWorksheet><x:Visible>SheetVeryHidden</x:Visible></x:ExcelWorksheet>"
    path = tmp_path / "a.mht"
    assert archive(path, (HTML, "b.htm", name + page("1"))).sheets == [("May", False)]
    assert archive(path, (HTML, "b.htm", hidden + page("1"))).sheets == [("", True)]
    # Two names and one page: whose name is meant is unknown.
    assert archive(path, (HTML, "b.htm", name + name + page("1"))).sheets == [("b", False)]


def test_an_archive_without_a_table_says_so(tmp_path):
    with pytest.raises(SourceError) as caught:
        archive(tmp_path / "a.mht", (HTML, "b.htm", "no table"), ("text/plain", "c", page("x")))
    assert (caught.value.code, str(caught.value)) == (
        "SOURCE_HTML",
        "a.mht: a web page in one file (MHTML) without a table; export the contacts as CSV or XLSX",
    )


def test_a_header_of_a_part_has_ten_thousand_characters_at_most(tmp_path):
    path = tmp_path / "a.mht"
    assert archive(path, (HTML, "b" * 10_000, page("x"))).sheets == [("b" * 10_000, False)]
    with pytest.raises(SourceError, match="a header is too long"):
        archive(path, (HTML, "b" * 10_001, page("x")))


def test_the_encoding_of_a_page_is_as_set_else_as_its_header_says(tmp_path):
    path = tmp_path / "a.mht"
    archive(path, ('text/html; charset="cp1251"', "b.htm", page("Zoë")))
    for encoding, text in ((None, "ZoГ«"), ("utf-8", "Zoë"), ("cp1252", "ZoÃ«")):
        (line,) = PageArchive(path, "a.mht", encoding).lines(0)
        assert line.cells == [text, "x"]
