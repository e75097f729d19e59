"""Workbooks that are one text file: XML Spreadsheet 2003, flat ODS, MHTML; and XLS without a container."""

from __future__ import annotations

import struct
from email.message import EmailMessage

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources import SourceOptions, open_source, sheet_names

HEAD = """<?xml version="1.0"?>
<?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:x="urn:schemas-microsoft-com:office:excel"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" xmlns:html="http://www.w3.org/TR/REC-html40">
 <Styles>
  <Style ss:ID="Default" ss:Name="Normal"><NumberFormat/></Style>
  <Style ss:ID="zip"><NumberFormat ss:Format="00000"/></Style>
  <Style ss:ID="child" ss:Parent="zip"><Font/></Style>
  <Style ss:ID="day"><NumberFormat ss:Format="Short Date"/></Style>
  <Style ss:ID="hours"><NumberFormat ss:Format="[h]:mm"/></Style>
  <Style ss:ID="time"><NumberFormat ss:Format="Short Time"/></Style>
  <Style ss:ID="plus"><NumberFormat ss:Format="&quot;+7 &quot;(000) 000-00-00"/></Style>
 </Styles>
"""


def written(tmp_path, rows, *, more="", name="a.xls"):
    path = tmp_path / name
    path.write_text(
        f'{HEAD}<Worksheet ss:Name="S"><Table>{rows}</Table>{more}</Worksheet></Workbook>', "utf-8"
    )
    return path


def lines(path, **options):
    with open_source(path, SourceOptions(**options)) as source:
        return [
            (row.number, list(row.cells.values()), [problem.code for problem in row.problems])
            for row in source
        ]


LABELS = '<Row><Cell><Data ss:Type="String">N</Data></Cell><Cell><Data ss:Type="String">Value</Data></Cell></Row>'


def row(cell):
    return f'<Row><Cell><Data ss:Type="String">n</Data></Cell>{cell}</Row>'


@pytest.mark.parametrize(
    ("cell", "text", "codes"),
    [
        ('<Cell><Data ss:Type="Number">79161234567</Data></Cell>', "79161234567", []),
        ('<Cell><Data ss:Type="Number">7.9161234567E10</Data></Cell>', "79161234567", []),
        ('<Cell ss:StyleID="zip"><Data ss:Type="Number">2139</Data></Cell>', "02139", []),
        ('<Cell ss:StyleID="child"><Data ss:Type="Number">2139</Data></Cell>', "02139", []),
        ('<Cell ss:StyleID="plus"><Data ss:Type="Number">9162345678</Data></Cell>', "+7 (916) 234-56-78", []),
        ('<Cell ss:StyleID="day"><Data ss:Type="DateTime">2024-05-12T00:00:00.000</Data></Cell>', "2024-05-12", []),
        ('<Cell><Data ss:Type="DateTime">2024-05-12T14:30:15.000</Data></Cell>', "2024-05-12 14:30:15", []),
        ('<Cell ss:StyleID="time"><Data ss:Type="DateTime">1899-12-31T09:05:00.000</Data></Cell>', "09:05", []),
        ('<Cell><Data ss:Type="DateTime">1899-12-31T09:05:00.000</Data></Cell>', "09:05", []),
        ('<Cell ss:StyleID="hours"><Data ss:Type="DateTime">1900-01-01T01:30:00.000</Data></Cell>', "25:30", []),
        ('<Cell ss:StyleID="hours"><Data ss:Type="DateTime">1900-02-28T00:00:00.000</Data></Cell>', "1416:00", []),
        ('<Cell ss:StyleID="hours"><Data ss:Type="DateTime">1900-03-01T00:00:00.000</Data></Cell>', "1464:00", []),
        ('<Cell ss:StyleID="day"><Data ss:Type="Number">45424</Data></Cell>', "2024-05-12", []),
        ('<Cell><Data ss:Type="Boolean">1</Data></Cell>', "TRUE", []),
        ('<Cell><Data ss:Type="Boolean">0</Data></Cell>', "FALSE", []),
        ('<Cell><Data ss:Type="Error">#REF!</Data></Cell>', "#REF!", ["CELL_ERROR"]),
        ('<Cell ss:Formula="=R1C1"/>', "", ["FORMULA_NOT_CALCULATED"]),
        ('<Cell ss:Formula="=R1C1"><Data ss:Type="String">x</Data></Cell>', "x", []),
        ('<Cell><Data ss:Type="Number">12345678901234567890</Data></Cell>', "12345678901234567890", ["NUMBER_ROUNDED"]),
        ('<Cell><Data ss:Type="Number">much</Data></Cell>', "much", ["CELL_BROKEN"]),
        ('<Cell><Data ss:Type="DateTime">soon</Data></Cell>', "soon", ["CELL_BROKEN"]),
        ('<Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40"><B>An</B>na &amp; B&#10;en</ss:Data></Cell>', "Anna & B\nen", []),
        ('<Cell><Data ss:Type="String">a</Data><Comment><ss:Data>note</ss:Data></Comment></Cell>', "a", []),
        ('<Cell><Data ss:Type="String">007</Data></Cell>', "007", []),
    ],
)  # fmt: skip
def test_a_cell_of_an_xml_spreadsheet_reads_as_it_is_shown(tmp_path, cell, text, codes):
    assert lines(written(tmp_path, LABELS + row(cell))) == [(2, ["n", text], codes)]


def test_rows_and_cells_of_an_xml_spreadsheet_stand_where_it_says(tmp_path):
    path = written(
        tmp_path,
        '<Column ss:Index="3" ss:Span="1" ss:StyleID="zip"/>'
        '<Row><Cell><Data ss:Type="String">A</Data></Cell><Cell ss:MergeAcross="1"><Data ss:Type="String">B</Data></Cell>'
        '<Cell><Data ss:Type="String">D</Data></Cell></Row>'
        '<Row ss:Index="4" ss:Hidden="1"><Cell ss:Index="2"><Data ss:Type="Number">12</Data></Cell>'
        '<Cell ss:Index="4"><Data ss:Type="Number">12</Data></Cell></Row>'
        '<Row ss:StyleID="zip" ss:Span="2"><Cell><Data ss:Type="Number">12</Data></Cell></Row>'
        '<Row><Cell><Data ss:Type="String">last</Data></Cell></Row>',
    )
    assert [(number, cells) for number, cells, _ in lines(path)] == [
        (4, ["", "12", "", "00012"]),
        (5, ["00012", "", "", ""]),
        (8, ["last", "", "", ""]),
    ]
    assert [number for number, _, _ in lines(path, hidden_rows="skip")] == [5, 8]


def test_a_hidden_sheet_of_an_xml_spreadsheet_is_not_chosen(tmp_path):
    more = (
        "<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions></Worksheet>"
        f'<Worksheet ss:Name="Second &amp; last"><Table>{LABELS}{row("")}</Table>'
    )
    path = written(tmp_path, LABELS, more=more)
    assert sheet_names(path) == ["Second & last"]
    assert lines(path) == [(2, ["n", ""], [])]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (HEAD + "<Worksheet", "SOURCE_BROKEN"), (HEAD + "</Workbook>", "SOURCE_BROKEN"),
        (HEAD.replace("<Workbook", '<!DOCTYPE a [<!ENTITY b "c">]><Workbook', 1) + "</Workbook>", "SOURCE_HOSTILE"),
    ],
)  # fmt: skip
def test_a_damaged_or_hostile_xml_spreadsheet_is_refused(tmp_path, text, code):
    path = tmp_path / "a.xml"
    path.write_text(text, "utf-8")
    with pytest.raises(SourceError) as caught:
        lines(path)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ('<Row><Cell ss:Index="2"><Data>a</Data></Cell><Cell ss:Index="1"><Data>b</Data></Cell></Row>', "row 2: column A"),
        ('<Row><Cell><Data>a</Data></Cell><Cell ss:Index="1"><Data>b</Data></Cell></Row>', "row 2: column A"),
        ('<Row><Cell ss:MergeAcross="2"><Data>a</Data></Cell><Cell ss:Index="3"><Data>b</Data></Cell></Row>', "row 2: column C"),
        ('<Row ss:Index="9"><Cell><Data>a</Data></Cell></Row><Row ss:Index="9"><Cell><Data>b</Data></Cell></Row>', "row 9"),
        ('<Row ss:Index="9"><Cell><Data>a</Data></Cell></Row><Row ss:Index="4"><Cell><Data>b</Data></Cell></Row>', "row 4"),
        ('<Row ss:Span="3"><Cell><Data>a</Data></Cell></Row><Row ss:Index="5"><Cell><Data>b</Data></Cell></Row>', "row 5"),
    ],
)  # fmt: skip
def test_a_row_or_cell_of_an_xml_spreadsheet_that_comes_twice_is_refused(tmp_path, rows, what):
    with pytest.raises(SourceError, match=f"{what} comes twice") as caught:
        lines(written(tmp_path, LABELS + rows))
    assert caught.value.code == "SOURCE_BROKEN"


TABLE = "<html><head><meta charset={charset}></head><body><table>{rows}</table></body></html>"


def archive(tmp_path, pages, *, charset="utf-8", encoding="quoted-printable"):
    """A web page in one file: (address, page) of each part."""
    message = EmailMessage()
    message["MIME-Version"] = "1.0"
    message["X-Document-Type"] = "Workbook"
    message.make_related()
    for address, page in pages:
        part = EmailMessage()
        part.set_content(
            page.encode(charset),
            maintype="text",
            subtype="html",
            cte=encoding,
            params={"charset": charset},
        )
        part["Content-Location"] = address
        message.attach(part)
    path = tmp_path / "a.xls"
    path.write_bytes(bytes(message))
    return path


SHEETS = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><xml><x:ExcelWorkbook><x:ExcelWorksheets>
<x:ExcelWorksheet><x:Name>Cover</x:Name><x:WorksheetSource HRef="a_files/sheet001.htm"/></x:ExcelWorksheet>
<x:ExcelWorksheet><x:Name>People &amp; co</x:Name><x:WorksheetSource HRef="a_files/sheet002.htm"/></x:ExcelWorksheet>
<x:ExcelWorksheet><x:Name>Old</x:Name><x:Visible>SheetHidden</x:Visible><x:WorksheetSource HRef="a_files/sheet003.htm"/></x:ExcelWorksheet>
</x:ExcelWorksheets></x:ExcelWorkbook></xml></head><frameset></frameset></html>"""


@pytest.mark.parametrize("encoding", ["quoted-printable", "base64"])
@pytest.mark.parametrize("charset", ["utf-8", "windows-1251"])
def test_the_sheets_of_a_web_page_in_one_file_are_read(tmp_path, charset, encoding):
    people = "<tr><td>E-mail<td>Имя<tr><td>a@example.com<td x:num='79161234567'>7.91612E+10"
    pages = [
        ("file:///C:/a.htm", SHEETS),
        ("file:///C:/a_files/tabstrip.htm", "<table><tr><td>Cover<td>People</table>"),
        ("file:///C:/a_files/sheet001.htm", TABLE.format(charset=charset, rows="<tr><td>Export")),
        ("file:///C:/a_files/sheet002.htm", TABLE.format(charset=charset, rows=people)),
        ("file:///C:/a_files/sheet003.htm", TABLE.format(charset=charset, rows="<tr><td>Old")),
    ]
    path = archive(tmp_path, pages, charset=charset, encoding=encoding)
    assert sheet_names(path) == ["Cover", "People & co"]
    with open_source(path) as source:
        assert (source.kind, source.sheet, source.header) == (
            "mht",
            "People & co",
            ("E-mail", "Имя"),
        )
        assert [list(row.cells.values()) for row in source] == [["a@example.com", "79161234567"]]
        assert [problem.code for problem in source.problems] == ["SOURCE_PAGE", "SHEET_CHOSEN"]


def test_a_web_page_in_one_file_without_a_list_of_sheets_is_read(tmp_path):
    rows = "<tr><td>E-mail<td>Name<tr><td>a@example.com<td>Ann"
    path = archive(tmp_path, [("file:///C:/list.htm", TABLE.format(charset="utf-8", rows=rows))])
    assert lines(path) == [(2, ["a@example.com", "Ann"], [])]
    assert sheet_names(path) == ["list"]


def test_a_web_page_in_one_file_without_a_table_is_refused(tmp_path):
    with pytest.raises(SourceError, match="without a table"):
        lines(archive(tmp_path, [("file:///C:/list.htm", "<p>Hello</p>")]))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<td x:num="79161234567">7.91612E+10', "79161234567"), ('<td x:num="1234.5">1,234.50', "1234.5"), ('<td x:num="2139">02139', "02139"),
        ('<td x:num="45424">12.05.2024', "12.05.2024"), ('<td x:num="79161234567">########', "79161234567"), ("<td x:num>12", "12"),
        ('<td sdval="79161234567" sdnum="1033;">7,92E+10', "79161234567"), ('<td x:num="0.155">15.5%', "15.5%"), ('<td x:str="007">007', "007"),
    ],
)  # fmt: skip
def test_a_number_that_a_page_shows_shortened_is_read_in_full(tmp_path, cell, text):
    path = tmp_path / "a.xls"
    path.write_text(f"<html><table><tr><td>N<td>Value<tr><td>n{cell}</table></html>", "utf-8")
    assert lines(path) == [(2, ["n", text], [])]


FODS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:body><office:spreadsheet><table:table table:name="S">'
    '<table:table-row><table:table-cell office:value-type="string"><text:p>Zip</text:p></table:table-cell></table:table-row>'
    '<table:table-row><table:table-cell office:value-type="float" office:value="2139"><text:p>02139</text:p></table:table-cell></table:table-row>'
    "</table:table></office:spreadsheet></office:body></office:document>"
)


def test_a_spreadsheet_of_libreoffice_in_one_xml_file_is_read(tmp_path):
    path = tmp_path / "a.fods"
    path.write_text(FODS, "utf-8")
    assert lines(path) == [(2, ["02139"], [])]
    path.write_text(FODS[:-20], "utf-8")
    with pytest.raises(SourceError, match="not a readable workbook"):
        lines(path)


def bare_xls(path, rows, encoding):
    """As scripts write it: records of Excel 5 without a container and without an encoding."""
    made = struct.pack("<6H", 0x809, 8, 0, 0x10, 0, 0)
    for at, cells in enumerate(rows):
        for column, value in enumerate(cells):
            raw = value.encode(encoding)
            made += struct.pack("<6H", 0x204, 8 + len(raw), at, column, 0, len(raw)) + raw
    path.write_bytes(made + struct.pack("<2H", 0x0A, 0))
    return path


ROWS = [["E-mail", "Имя"], ["a@example.com", "Алёна Берёзкина"], ["b@example.com", "Иван Щукин"]]


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "utf-8"])
def test_an_old_workbook_that_does_not_say_its_encoding_is_read_by_its_texts(tmp_path, encoding):
    path = bare_xls(tmp_path / "a.xls", ROWS, encoding)
    with open_source(path) as source:
        assert source.header == tuple(ROWS[0])
        assert [list(row.cells.values()) for row in source] == ROWS[1:]
        assert [problem.code for problem in source.problems] == ["ENCODING_GUESSED"]


def test_an_old_workbook_whose_encoding_is_not_clear_is_asked_about(tmp_path):
    path = bare_xls(tmp_path / "a.xls", [["N"], ["\u00fe\u00f0"]], "cp1252")
    with pytest.raises(SourceError, match="encoding is not clear") as caught:
        lines(path)
    assert caught.value.code == "ENCODING_UNCLEAR"
    assert lines(path, encoding="cp1252") == [(2, ["\u00fe\u00f0"], [])]


TINY = "<Column ss:StyleID='zip' ss:Span='16383'/>"
FAR = '<Row><Cell ss:Index="999999999" ss:Formula="=1"/></Row>'
SHALLOW = row('<Cell ss:StyleID="s0"><Data ss:Type="Number">1</Data></Cell>')
CHAIN = "".join(f'<Style ss:ID="s{at}" ss:Parent="s{at + 1}"/>' for at in range(5000))


@pytest.mark.parametrize(
    "rows",
    [
        TINY * 3000 + LABELS + row(""), TINY.replace("<Column", "<Column ss:Index='1'") * 3000 + LABELS + row(""),
        LABELS + row("") + FAR, LABELS + row('<Cell ss:MergeAcross="999999999"/><Cell><Data ss:Type="String">x</Data></Cell>'),
    ],
)  # fmt: skip
def test_an_xml_spreadsheet_cannot_claim_more_columns_than_there_are(tmp_path, rows):
    assert lines(written(tmp_path, rows)) == [(2, ["n", ""], [])]


def test_no_row_of_an_xml_spreadsheet_is_too_far_down(tmp_path):
    rows = LABELS + row("").replace("<Row", '<Row ss:Index="3000000"')
    rows += row("").replace("<Row", f'<Row ss:Index="{"9" * 5000}"')
    assert [number for number, _, _ in lines(written(tmp_path, rows))] == [3_000_000, 9_999_999_999]


def test_a_long_chain_of_styles_is_followed_once(tmp_path):
    path = written(tmp_path, LABELS + SHALLOW * 3)
    path.write_text(path.read_text("utf-8").replace("</Styles>", f"{CHAIN}</Styles>"), "utf-8")
    assert [cells for _, cells, _ in lines(path)] == [["n", "1"]] * 3


@pytest.mark.parametrize("number", ["1E999999999", "-1E-999999999", "0E999999999", "1E309", "inf"])
def test_a_number_that_no_program_can_hold_is_named_and_not_written_out(tmp_path, number):
    cell = f'<Cell><Data ss:Type="Number">{number}</Data></Cell>'
    assert lines(written(tmp_path, LABELS + row(cell))) == [(2, ["n", number], ["CELL_BROKEN"])]
    flat = tmp_path / "a.fods"
    flat.write_text(FODS.replace('value="2139"', f'value="{number}"'), "utf-8")
    assert lines(flat) == [(2, ["02139"], ["CELL_BROKEN"])]
    page = tmp_path / "b.xls"
    page.write_text(f"<table><tr><td>N<td>Value<tr><td>n<td x:num='{number}'>12</table>", "utf-8")
    assert lines(page) == [(2, ["n", "12"], [])]
    objects = tmp_path / "a.jsonl"
    objects.write_text(f'{{"N": "n", "Value": {number.replace("inf", "1E309")}}}\n', "utf-8")
    assert lines(objects) == [(1, ["n", number.replace("inf", "1E309")], [])]


@pytest.mark.parametrize(
    ("moment", "text", "codes"),
    [
        ("9999-12-31T23:59:59.999", "9999-12-31T23:59:59.999", ["CELL_BROKEN"]),
        ("1850-02-03T00:00:00.000", "1850-02-03", []),
        ("1899-12-30T09:05:00.000", "09:05", []),
    ],
)
def test_the_edges_of_the_calendar_are_read_or_named(tmp_path, moment, text, codes):
    cell = f'<Cell><Data ss:Type="DateTime">{moment}</Data></Cell>'
    assert lines(written(tmp_path, LABELS + row(cell))) == [(2, ["n", text], codes)]


@pytest.mark.parametrize(
    "remove", ['<?xml version="1.0"?>\n', '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n', ""]
)  # fmt: skip
def test_an_xml_spreadsheet_may_lack_its_declaration_or_begin_with_a_blank_line(tmp_path, remove):
    path = written(tmp_path, LABELS + row(""))
    text = path.read_text("utf-8").removeprefix(remove)
    path.write_text(text if remove else f"\r\n{text}", "utf-8")
    assert lines(path) == [(2, ["n", ""], [])]


@pytest.mark.parametrize("count", ["999999999", "9" * 5000, "40000"])
def test_a_flat_workbook_cannot_claim_more_blanks_than_a_cell_holds(tmp_path, count):
    path = tmp_path / "a.fods"
    path.write_text(FODS.replace("02139", f'a<text:s text:c="{count}"/>b'), "utf-8")
    path.write_text(path.read_text("utf-8").replace('"float"', '"string"'), "utf-8")
    assert [codes for _, _, codes in lines(path)] == [["CELL_TOO_LONG"]]


@pytest.mark.parametrize("hours", ["9" * 20, "9" * 400])
def test_a_duration_longer_than_the_calendar_is_named(tmp_path, hours):
    path = tmp_path / "a.fods"
    cell = f'"time" office:time-value="PT{hours}H"'
    path.write_text(FODS.replace('"float" office:value="2139"', cell), "utf-8")
    assert lines(path) == [(2, ["02139"], ["CELL_BROKEN"])]


CELL = "<table:table-cell><text:p>x</text:p></table:table-cell>"


@pytest.mark.parametrize(
    "wrong",
    [
        f"<table:table-row>{CELL}{CELL}</table:table-row>", f"<table:table-cell><text:p>a{CELL}b</text:p></table:table-cell>",
        f"<table:table-cell>{CELL}</table:table-cell>", f"</table:table-row>{CELL}<table:table-row>",
        f"<table:table-cell><table:table-row>{CELL}</table:table-row></table:table-cell>",
    ],
)  # fmt: skip
def test_rows_and_cells_of_a_flat_workbook_in_wrong_places_are_refused(tmp_path, wrong):
    path = tmp_path / "a.fods"
    path.write_text(
        FODS.replace(
            "</table:table-row></table:table>", f"{wrong}</table:table-row></table:table>"
        ),
        "utf-8",
    )
    assert wrong in path.read_text("utf-8")
    with pytest.raises(SourceError, match="a row or cell in a wrong place") as caught:
        lines(path)
    assert caught.value.code == "SOURCE_BROKEN"


def test_a_table_within_a_cell_of_a_flat_workbook_is_named(tmp_path):
    path = tmp_path / "a.fods"
    inner = '<table:table table:is-sub-table="true"><table:table-row><table:table-cell><text:p>Ann</text:p></table:table-cell></table:table-row></table:table>'
    more = f"<table:table-row><table:table-cell><text:p>a</text:p>{inner}</table:table-cell>{CELL}</table:table-row>"
    path.write_text(
        FODS.replace(
            "</table:table-row></table:table>", f"{CELL}</table:table-row>{more}</table:table>"
        ),
        "utf-8",
    )
    assert lines(path, header_row=1) == [(2, ["02139"], []), (3, ["a"], ["CELL_BROKEN"])]


def test_texts_of_a_flat_workbook_outside_of_cells_are_no_cells(tmp_path):
    path = tmp_path / "a.fods"
    form = "<office:forms><text:p>Search</text:p></office:forms>"
    path.write_text(FODS.replace("<table:table-row>", f"{form}<table:table-row>", 1), "utf-8")
    assert lines(path) == [(2, ["02139"], [])]


def test_a_flat_workbook_cannot_claim_more_rows_than_memory_holds(tmp_path):
    path = tmp_path / "a.fods"
    repeated = f'</table:table-row><table:table-row table:number-rows-repeated="{"9" * 5000}">'
    path.write_text(FODS.replace("</table:table-row><table:table-row>", repeated), "utf-8")
    with pytest.raises(SourceError) as caught:
        lines(path)
    assert caught.value.code == "SOURCE_BOMB"


@pytest.mark.parametrize("span", ["²", "9" * 5000, "0", "", "-1", "two"])
def test_a_cell_of_a_page_spans_what_makes_sense(tmp_path, span):
    path = tmp_path / "a.xls"
    page = f"<table><tr><td>N<td>Value<tr><td>n<td rowspan='{span}'>12</table>"
    path.write_text(page, "utf-8")
    assert lines(path) == [(2, ["n", "12"], [])]


def test_the_cells_of_a_page_cannot_span_more_than_memory_holds(tmp_path):
    path = tmp_path / "a.xls"
    wide = "<tr>" + "<td rowspan=1000 colspan=1000>x" * 16 + "</tr>" + "<tr></tr>" * 999
    path.write_text(f"<table>{wide}</table>", "utf-8")
    with pytest.raises(SourceError) as caught:
        lines(path)
    assert caught.value.code == "SOURCE_BOMB"


NESTED = "".join(
    f'--b{at}\nContent-Type: multipart/related; boundary="b{at + 1}"\n\n' for at in range(3000)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('MIME-Version: 1.0\nContent-Type: multipart/related; boundary="b0"\n\n' + NESTED, "nested too deeply"),
        ("MIME-Version: 1.0\nContent-Type: " + "(" * 5000 + "\n\n<table>", "without a table"),
        ("MIME-Version: 1.0\nContent-Type: text/html; charset=\"utf-8\0\"\n\n<table><tr><td>a</table>", "is unknown"),
        ("MIME-Version: 1.0\nContent-Type: text/html; " + "; ".join(f"a*{at}*=x" for at in range(5000)) + "\n\n<table>", "too long"),
    ],
)  # fmt: skip
def test_a_hostile_web_page_in_one_file_is_refused(tmp_path, text, message):
    path = tmp_path / "a.mht"
    path.write_text(text, "utf-8")
    with pytest.raises(SourceError, match=message):
        lines(path)


def test_sheets_that_are_listed_again_and_again_are_read_once(tmp_path):
    page = TABLE.format(charset="utf-8", rows="<tr><td>E-mail<td>Name<tr><td>a@example.com<td>Ann")
    listed = SHEETS.replace("sheet002", "sheet001").replace("sheet003", "sheet001")
    path = archive(tmp_path, [("file:///C:/a.htm", listed), ("file:///C:/sheet001.htm", page)])
    assert sheet_names(path) == ["Cover"]
