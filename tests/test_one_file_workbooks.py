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
