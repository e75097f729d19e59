"""Old and damaged workbooks: the worst that they can do is to end the process that reads them."""

from __future__ import annotations

import random
import struct
import zipfile

import pytest
import xlwt

from bulk_import.errors import SourceError
from bulk_import.sources import SourceOptions, open_source, read_rows
from bulk_import.sources.apart import Apart


def xls(path, rows):
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            sheet.write(r, c, value)
    book.save(str(path))
    return path


def test_an_old_workbook_keeps_its_formats_and_hidden_rows(tmp_path):
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    sheet.write(0, 0, "E-mail")
    sheet.write(0, 1, "Zip")
    for row in (1, 2):
        sheet.write(row, 0, "a@b.org")
        sheet.write(row, 1, 2139, xlwt.easyxf(num_format_str="00000"))
    sheet.row(2).hidden = True
    book.save(str(tmp_path / "a.xls"))
    with open_source(tmp_path / "a.xls") as source:
        assert [list(row.cells.values()) for row in source] == [["a@b.org", "02139"]] * 2
        assert source.hidden_rows == 1


def test_more_lines_than_one_answer_holds_arrive_in_order(tmp_path):
    rows = [["N", "Text"], *[[str(n), f"text {n}"] for n in range(1800)]]
    assert [list(row.cells.values()) for row in read_rows(xls(tmp_path / "a.xls", rows))] == rows[
        1:
    ]


def test_a_sheet_can_be_begun_again(tmp_path):
    path = xls(tmp_path / "a.xls", [["N"], ["1"], ["2"]])
    with Apart(path, "a.xls") as apart:
        assert next(apart.lines(0)).cells == ["N"]
        assert [line.cells for line in apart.lines(0)] == [["N"], ["1"], ["2"]]


def test_a_workbook_that_takes_too_long_is_refused(tmp_path):
    path = xls(tmp_path / "a.xls", [["N"], ["1"]])
    with (
        pytest.raises(SourceError, match="more than 0 seconds"),
        Apart(path, "a.xls", opening_s=0.001),
    ):
        pass


def test_a_workbook_that_takes_too_much_memory_is_refused(tmp_path):
    path = xls(tmp_path / "a.xls", [["N"], *[[f"{n} " * 400] for n in range(8000)]])
    with (
        pytest.raises(SourceError, match=r"memory|crashed"),
        Apart(path, "a.xls", memory_bytes=48 << 20) as apart,
    ):
        list(apart.lines(0))


@pytest.mark.parametrize("trials", [3, pytest.param(12, marks=pytest.mark.slow)])
def test_damaged_old_workbooks_are_refused_or_read_and_nothing_else_happens(
    tmp_path, capfd, trials
):
    whole = xls(
        tmp_path / "a.xls", [["N", "Text"], *[[str(n), f"text {n}"] for n in range(40)]]
    ).read_bytes()
    chance = random.Random(7)  # noqa: S311 - the same damage each time
    path = tmp_path / "b.xls"
    outcomes = set()
    for trial in range(trials):
        raw = bytearray(whole)
        if trial % 3 == 0:
            raw = raw[: chance.randrange(520, len(raw))]
        else:
            for _ in range(40):
                at = chance.randrange(8, 512) if trial % 3 == 1 else chance.randrange(512, len(raw))
                raw[at] = chance.randrange(256)
        path.write_bytes(raw)
        try:
            list(read_rows(path))
            outcomes.add("read")
        except SourceError as exc:
            outcomes.add(exc.code)
    assert outcomes <= {
        "read",
        "SOURCE_BROKEN",
        "SOURCE_EMPTY",
        "SOURCE_ENCRYPTED",
        "SOURCE_NO_HEADER",
    }
    assert capfd.readouterr() == ("", "")


# -- ODS ----------------------------------------------------------------------------------------------

ODS_HEAD = (
    '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">'
    '<office:automatic-styles><style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>'
    "</office:automatic-styles><office:body><office:spreadsheet>"
)  # fmt: skip
ODS_END = "</office:spreadsheet></office:body></office:document-content>"


def ods(path, body):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS_HEAD + body + ODS_END)
    return path


def table(rows, name="S", more=""):
    return f'<table:table table:name="{name}"{more}>{rows}</table:table>'


HEADER = "<table:table-row><table:table-cell><text:p>A</text:p></table:table-cell><table:table-cell><text:p>B</text:p></table:table-cell></table:table-row>"


def cell(attributes="", inner=""):
    return f"<table:table-cell {attributes}>{inner}</table:table-cell>"


TWICE = cell('table:number-columns-repeated="2"', "<text:p>x</text:p>")
WIDEST = cell('table:number-columns-repeated="16384"', "<text:p>x</text:p>")


@pytest.mark.parametrize(
    ("given", "text", "codes"),
    [
        (cell('office:value-type="float" office:value="2110"', "<text:p>02110</text:p>"), "02110", []),
        (cell('office:value-type="float" office:value="9162345678"', "<text:p>+7 (916) 234-56-78</text:p>"), "+7 (916) 234-56-78", []),
        (cell('office:value-type="float" office:value="79162345678"', "<text:p>+79162345678</text:p>"), "+79162345678", []),
        (cell('office:value-type="float" office:value="5"', "<text:p>50</text:p>"), "50", []),
        (cell('office:value-type="float" office:value="1"', "<text:p>Yes</text:p>"), "Yes", []),
        (cell('office:value-type="float" office:value="1234.5678"', "<text:p>1.234,57</text:p>"), "1234.5678", []),
        (cell('office:value-type="float" office:value="1234567"', "<text:p>1\u202f234\u202f567</text:p>"), "1234567", []),
        (cell('office:value-type="float" office:value="79162345678"', "<text:p>7.92E+10</text:p>"), "79162345678", []),
        (cell('office:value-type="float" office:value="0.5"', "<text:p>0,5</text:p>"), "0.5", []),
        (cell('office:value-type="float" office:value="7"'), "7", []),
        (cell('office:value-type="percentage" office:value="0.155"', "<text:p>15,5 %</text:p>"), "15.5%", []),
        (cell('office:value-type="currency" office:value="12.5"', "<text:p>12,50 €</text:p>"), "12.5", []),
        (cell('office:value-type="date" office:date-value="2024-02-01T10:20:37"', "<text:p>01.02.24</text:p>"), "2024-02-01 10:20:37", []),
        (cell('office:value-type="time" office:time-value="PT25H30M00S"', "<text:p>25:30</text:p>"), "25:30", []),
        (cell('office:value-type="boolean" office:boolean-value="true"', "<text:p>WAHR</text:p>"), "TRUE", []),
        (cell('office:value-type="string"', "<text:p>a<text:tab/>b<text:s text:c=\"2\"/>c</text:p><text:p>d<text:line-break/>e</text:p>"), "a\tb  c\nd\ne", []),
        (cell('office:value-type="string"', "<text:p>a<text:span>b</text:span></text:p><office:annotation><text:p>note</text:p></office:annotation>"), "ab", []),
        (cell('office:value-type="string" office:string-value="x"'), "x", []),
        (cell('table:formula="of:=NA()" office:value-type="string" office:string-value="" calcext:value-type="error"', "<text:p>#N/A</text:p>"), "#N/A", ["CELL_ERROR"]),
        (cell('table:formula="of:=1/0" office:value-type="float" office:value="0"', "<text:p>#DIV/0!</text:p>"), "#DIV/0!", ["CELL_ERROR"]),
        (cell('table:formula="of:=A1"'), "", ["FORMULA_NOT_CALCULATED"]),
        (cell('office:value-type="float" office:value="x"', "<text:p>x</text:p>"), "x", ["CELL_BROKEN"]),
        (cell('office:value-type="float" office:value="12345678901234567890"'), "12345678901234567890", ["NUMBER_ROUNDED"]),
    ],
)  # fmt: skip
def test_a_cell_of_an_ods_file(tmp_path, given, text, codes):
    row = f"<table:table-row>{cell('', '<text:p>x</text:p>')}{given}</table:table-row>"
    (found,) = read_rows(ods(tmp_path / "a.ods", table(HEADER + row)))
    assert (found.cells["B"], [problem.code for problem in found.problems]) == (text, codes)


def test_repeated_hidden_and_blank_rows_and_cells_of_an_ods_file(tmp_path):
    body = (
        f"{HEADER}<table:table-row table:number-rows-repeated='2'>{TWICE}</table:table-row>"
        "<table:table-row table:number-rows-repeated='5'><table:table-cell table:number-columns-repeated='16384'/></table:table-row>"
        f"<table:table-row table:visibility='filter'><table:table-cell/>{cell('', '<text:p>y</text:p>')}</table:table-row>"
        "<table:table-row table:number-rows-repeated='1048566'><table:table-cell table:number-columns-repeated='16384'/></table:table-row>"
    )
    with open_source(ods(tmp_path / "a.ods", table(body))) as source:
        assert [(row.number, *row.cells.values()) for row in source] == [
            (2, "x", "x"),
            (3, "x", "x"),
            (9, "", "y"),
        ]
        assert source.hidden_rows == 1


def test_sheets_of_an_ods_file(tmp_path):
    rows = f"<table:table-row>{cell('', '<text:p>1</text:p>')}{cell('', '<text:p>2</text:p>')}</table:table-row>"
    path = ods(
        tmp_path / "a.ods",
        table(HEADER, "Hidden", ' table:style-name="ta2"')
        + table(HEADER + rows, "A &amp; B")
        + table(HEADER + rows * 2, "C"),
    )
    with open_source(path, SourceOptions(sheet="a & b")) as source:
        assert len(list(source)) == 1
    with open_source(path, SourceOptions(sheets=("all",))) as source:
        assert [row.sheet for row in source] == ["A & B", "C", "C"]


def test_a_row_that_stands_for_a_billion_cells_is_refused(tmp_path):
    row = f"<table:table-row table:number-rows-repeated='1000000'>{WIDEST}</table:table-row>"
    with pytest.raises(SourceError) as caught:
        list(read_rows(ods(tmp_path / "a.ods", table(HEADER + row))))
    assert caught.value.code == "SOURCE_BOMB"


# -- XLSB ---------------------------------------------------------------------------------------------


def record(kind, data=b""):
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = bytearray(), len(data)
    while True:
        size.append(length & 0x7F | (0x80 if length > 0x7F else 0))
        length >>= 7
        if not length:
            return head + bytes(size) + data


def wide(text):
    raw = text.encode("utf-16-le")
    return struct.pack("<I", len(raw) // 2) + raw


def xlsb(path, cells, *, hidden=False):
    rows = b""
    for number, row in enumerate(cells):
        flags = b"\x00" * 10 + b"\x00" + bytes([0x10 if hidden and number else 0])
        rows += record(0, struct.pack("<I", number) + flags[4:])
        rows += b"".join(record(kind, data) for kind, data in row)
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_rels/.rels", f'<Relationships><Relationship Id="r" Type="{links}/officeDocument" Target="xl/workbook.bin"/></Relationships>')  # fmt: skip
        archive.writestr(
            "xl/workbook.bin",
            record(131) + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("S")),
        )
        archive.writestr("xl/_rels/workbook.bin.rels", f'<Relationships><Relationship Id="rId1" Type="{links}/worksheet" Target="worksheets/sheet1.bin"/><Relationship Id="s" Type="{links}/styles" Target="styles.bin"/><Relationship Id="t" Type="{links}/sharedStrings" Target="strings.bin"/></Relationships>')  # fmt: skip
        archive.writestr("xl/styles.bin", record(44, struct.pack("<H", 164) + wide("00000")) + record(617) + record(47, struct.pack("<HH", 0, 0)) + record(47, struct.pack("<HH", 0, 164)) + record(618))  # fmt: skip
        archive.writestr(
            "xl/strings.bin",
            b"".join(record(19, b"\0" + wide(text)) for text in ("E-mail", "Zip", "_x0041_")),
        )
        archive.writestr("xl/worksheets/sheet1.bin", record(129) + rows + record(130))
    return path


def full(kind, column, payload, style=0):
    return kind, struct.pack("<II", column, style) + payload


def test_records_of_a_binary_workbook(tmp_path):
    path = xlsb(
        tmp_path / "a.xlsb",
        [
            [full(7, 0, struct.pack("<I", 0)), full(7, 1, struct.pack("<I", 1)), full(6, 2, wide("C")), full(6, 3, wide("D"))],
            [full(7, 0, struct.pack("<I", 2)), full(2, 1, struct.pack("<i", 2139 << 2 | 2), 1), full(3, 2, b"\x2a"), full(4, 3, b"\x01")],
            [(17, struct.pack("<I", 0) + wide("a")), (16, struct.pack("<Id", 0, 0.5)), (12, struct.pack("<I", 0)), (17, struct.pack("<I", 0) + wide("d"))],
            [full(9, 1, struct.pack("<d", 79161234567.0) + b"\0" * 9), full(8, 2, wide("f") + b"\0" * 9), full(62, 3, b"\1" + wide("rich"))],
            [full(7, 0, struct.pack("<I", 99)), full(2, 1, struct.pack("<i", 1550 << 2 | 3))],
        ],
    )  # fmt: skip
    assert [
        (list(row.cells.values()), [p.code for p in row.problems]) for row in read_rows(path)
    ] == [
        (["_x0041_", "02139", "#N/A", "TRUE"], ["CELL_ERROR"]),
        (["a", "0.5", "", "d"], []),
        (["", "79161234567", "f", "rich"], []),
        (["99", "15.5", "", ""], ["CELL_BROKEN"]),
    ]


def test_hidden_rows_of_a_binary_workbook(tmp_path):
    rows = [[full(6, 0, wide(text))] for text in ("E-mail", "a@b.org", "c@d.org")]
    with open_source(xlsb(tmp_path / "a.xlsb", rows, hidden=True)) as source:
        assert len(list(source)) == 2
        assert source.hidden_rows == 2


def test_a_binary_workbook_that_is_cut_off_is_refused(tmp_path):
    path = xlsb(tmp_path / "a.xlsb", [[full(6, 0, wide("E-mail"))]])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    codes = set()
    for cut in range(1, 30):
        with zipfile.ZipFile(path, "w") as archive:
            for name, raw in parts.items():
                archive.writestr(name, raw[:-cut] if name.endswith("sheet1.bin") else raw)
        try:
            list(read_rows(path))
        except SourceError as exc:
            codes.add(exc.code)
    assert codes == {"SOURCE_BROKEN", "SOURCE_EMPTY"}
