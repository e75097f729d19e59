"""Workbooks whose parts, references and rows are written otherwise than Excel writes them."""

from __future__ import annotations

import zipfile

import openpyxl
import pytest

from bulk_import.errors import SourceError
from bulk_import.sources import SourceOptions, open_source, read_rows

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/officeDocument/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = (
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    '<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" s="1"><v>2110</v></c></row>'
)
ROWS = [["a@b.org", "02110"]]


def package(
    path,
    *,
    workbook="xl/workbook.xml",
    sheet="xl/worksheets/sheet1.xml",
    styles="xl/styles.xml",
    strings="xl/sharedStrings.xml",
    targets=("worksheets/sheet1.xml", "styles.xml", "sharedStrings.xml"),
    root="xl/workbook.xml",
    kinds=OFFICE,
    body=SHEET,
):
    """Write a workbook of one sheet, each part where the test wants it."""
    folder, _, name = workbook.rpartition("/")
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{kinds}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(zip(("worksheet", "styles", "sharedStrings"), targets, strict=True), 1)
    )  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        if root:
            archive.writestr("_rels/.rels", f'<Relationships><Relationship Id="r" Type="{kinds}/officeDocument" Target="{root}"/></Relationships>')  # fmt: skip
        archive.writestr(workbook, f'<workbook xmlns="{MAIN}" xmlns:r="{kinds}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>')  # fmt: skip
        archive.writestr(
            f"{folder}/_rels/{name}.rels".lstrip("/"), f"<Relationships>{links}</Relationships>"
        )
        archive.writestr(
            sheet, f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>'
        )
        archive.writestr(styles, f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="00000"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>')  # fmt: skip
        archive.writestr(strings, f'<sst xmlns="{MAIN}">' + "".join(f"<si><t>{text}</t></si>" for text in ("E-mail", "Zip", "a@b.org")) + "</sst>")  # fmt: skip
    return path


def cells(path, **options):
    return [list(row.cells.values()) for row in read_rows(path, **options)]


@pytest.mark.parametrize(
    "layout",
    [
        {}, {"workbook": "xl/workbook2.xml", "root": "xl/workbook2.xml"}, {"root": "/xl/workbook.xml"}, {"root": ""},
        {"workbook": "book/main.xml", "root": "book/main.xml", "targets": ("/xl/worksheets/sheet1.xml", "/xl/styles.xml", "../xl/sharedStrings.xml")},
        {"sheet": "xl/sheet1.xml", "targets": ("sheet1.xml", "styles.xml", "sharedStrings.xml")},
        {"sheet": "data.xml", "targets": ("../data.xml", "styles.xml", "sharedStrings.xml")},
        {"styles": "xl/styles2.xml", "targets": ("worksheets/sheet1.xml", "styles2.xml", "sharedStrings.xml")},
        {"strings": "xl/strings.xml", "targets": ("worksheets/sheet1.xml", "styles.xml", "strings.xml")},
        {"targets": ("./worksheets/sheet1.xml", "./styles.xml", ".//sharedStrings.xml")},
        {"targets": ("worksheets\\sheet1.xml", "styles.xml", "sharedStrings.xml")},
        {"targets": ("Worksheets/SHEET1.xml", "Styles.XML", "sharedstrings.xml")},
        {"targets": ("xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/sharedStrings.xml")},
        {"sheet": "xl/worksheets/sheet 1.xml", "targets": ("worksheets/sheet%201.xml", "styles.xml", "sharedStrings.xml")},
        {"kinds": STRICT},
    ],
    ids=str,
)  # fmt: skip
def test_parts_are_found_by_their_relationships(tmp_path, layout):
    assert cells(package(tmp_path / "a.xlsx", **layout)) == ROWS


def test_a_workbook_without_its_sheet_is_refused(tmp_path):
    path = package(tmp_path / "a.xlsx", targets=("none.xml", "styles.xml", "sharedStrings.xml"))
    with pytest.raises(SourceError, match="no worksheet"):
        cells(path)


HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>A</t></is></c><c r="B1" t="inlineStr"><is><t>B</t></is></c><c r="C1" t="inlineStr"><is><t>C</t></is></c></row>'


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ('<row r="2"><c r="a2"><v>1</v></c><c r="c2"><v>3</v></c></row>', ["1", "", "3"]),
        ('<row r="2"><c r="$A$2"><v>1</v></c><c r="$C$2"><v>3</v></c></row>', ["1", "", "3"]),
        ('<row r="2"><c r="A2" t="inlineStr"><is><t>x</t></is><v>y</v></c></row>', ["x", "", ""]),
        ('<row r="2"><c r="A2" t="inlineStr"><v>y</v><is><t>x</t></is></c></row>', ["x", "", ""]),
        ('<row r="2"><c r="A2"><v>7</v><is><t>x</t></is></c></row>', ["7", "", ""]),
        ('<row r="2"><c r="A2" t="inlineStr"><is><t>_xD83D__xDE0A_</t></is></c></row>', ["😊", "", ""]),
        ('<row r="2"><c r="A2" t="inlineStr"><is><t>x_xD83D_y_x0000_</t></is></c></row>', ["x\ufffdy\ufffd", "", ""]),
        ('<row r="2"><c r="A2" s=""><v>7</v></c></row>', ["7", "", ""]),
        ('<row r="2"><c r="A2" s="x"><v>7</v></c></row>', ["7", "", ""]),
        ('<row r="x"><c r="A2"><v>7</v></c></row>', ["7", "", ""]),
        ('<row r="2"><c r="A2" t="d"><v>2024-02-01T10:20:37Z</v></c><c r="B2" t="d"><v>PT25H</v></c></row>', ["2024-02-01 10:20:37", "25:00", ""]),
    ],
)  # fmt: skip
def test_odd_cells_are_read_as_spreadsheet_programs_read_them(tmp_path, row, expected):
    assert cells(package(tmp_path / "a.xlsx", body=HEAD + row)) == [expected]


def test_a_half_of_an_emoji_is_a_lost_letter(tmp_path):
    from bulk_import.sources.damage import spoiled

    assert spoiled("x\ufffdy", "name").code == "TEXT_LOST"


# -- hidden rows --------------------------------------------------------------------------------------


def filtered(path, count=8):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["E-mail", "Status"])
    for number in range(count):
        sheet.append([f"p{number}@example.com", "no" if number % 2 else "yes"])
        sheet.row_dimensions[number + 2].hidden = number % 2 == 1
    book.save(path)
    return path


def test_rows_that_a_filter_hides_are_counted(tmp_path):
    with open_source(filtered(tmp_path / "a.xlsx")) as source:
        assert len(list(source)) == 8
        assert source.hidden_rows == 4
        (finding,) = source.findings()
        assert finding.code == "ROWS_HIDDEN"
        assert "4 of 8 rows are hidden by a filter and would be sent" in finding.message


def test_rows_that_a_filter_hides_can_be_left_out(tmp_path):
    with open_source(filtered(tmp_path / "a.xlsx"), SourceOptions(hidden_rows="skip")) as source:
        assert [row.number for row in source] == [2, 4, 6, 8]
        assert "4 of 8 rows are hidden by a filter and are left out" in source.findings()[0].message


# -- several sheets -----------------------------------------------------------------------------------


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


MAY = [["E-mail", "City"], ["a@b.org", "X"]]
JUNE = [["City", "E-mail", "Note"], ["Y", "b@b.org", "n"]]
COVER = [["Export info"], ["Date", "2024-02-01"], ["Rows", "2"]]


def test_a_cover_sheet_is_not_the_data(tmp_path):
    with open_source(workbook(tmp_path / "a.xlsx", Info=COVER, May=MAY)) as source:
        assert (source.sheet, [problem.code for problem in source.problems]) == (
            "May",
            ["SHEET_CHOSEN"],
        )


def test_several_sheets_with_contacts_are_asked_about(tmp_path):
    path = workbook(tmp_path / "a.xlsx", May=MAY, June=JUNE)
    with pytest.raises(SourceError, match="2 sheets hold contacts") as caught:
        cells(path)
    assert caught.value.code == "SHEET_UNCLEAR"
    assert cells(path, sheet="june") == [["Y", "b@b.org", "n"]]


def test_the_sheet_with_the_mappings_columns_is_meant(tmp_path):
    path = workbook(tmp_path / "a.xlsx", May=MAY, June=JUNE)
    with open_source(path, SourceOptions(columns=("E-mail", "Note"))) as source:
        assert source.sheet == "June"


@pytest.mark.parametrize("names", [("all",), ("May", "June")])
def test_several_sheets_are_one_source(tmp_path, names):
    path = workbook(tmp_path / "a.xlsx", May=MAY, June=JUNE)
    with open_source(path, SourceOptions(sheets=names)) as source:
        assert [(row.sheet, row.number, dict(row.cells)) for row in source] == [
            ("May", 2, {"E-mail": "a@b.org", "City": "X", "Note": ""}),
            ("June", 2, {"E-mail": "b@b.org", "City": "Y", "Note": "n"}),
        ]
        assert [problem.code for problem in source.problems] == ["SHEETS_DIFFER"]


def test_a_sheet_that_is_not_there_is_named(tmp_path):
    path = workbook(tmp_path / "a.xlsx", May=MAY)
    with pytest.raises(SourceError, match="no sheet 'July'; it has 'May'"):
        cells(path, sheets=("July",))
