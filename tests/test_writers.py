"""One table of hard rows, written by every library and program that is at hand: each cell reads as meant.

The writers of npm are tried where node finds them (``NODE_PATH=…/node_modules``), LibreOffice where it
is installed; elsewhere they are skipped with the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from bulk_import.errors import SourceError
from bulk_import.sources import open_source

# value, number format, what a person sees. Dates and times as ISO.
ROWS = [
    ("plain", "General", "plain"), ("NA", "General", "NA"), ("007", "@", "007"), ("1E5", "General", "1E5"), ("+03", "General", "+03"),
    ("1473249885.2899961004", "General", "1473249885.2899961004"), ("a\nb", "General", "a\nb"), ("a\tb", "General", "a\tb"),
    ("  pad  ", "General", "  pad  "), ("Привет, «мир»", "General", "Привет, «мир»"), ("漢字かな", "General", "漢字かな"), ("🎂 é e\u0301", "General", "🎂 é e\u0301"),
    ("<b>&amp;", "General", "<b>&amp;"), ('q"q', "General", 'q"q'), ("_x0041_", "General", "_x0041_"), ("x" * 5000, "General", "x" * 5000),
    (79161234567, "General", "79161234567"), (0, "General", "0"), (-5, "General", "-5"), (0.1, "General", "0.1"), (123456789012345, "General", "123456789012345"),
    (2139, "00000", "02139"), (9162345678, '"+7 "(000) 000-00-00', "+7 (916) 234-56-78"), (79162345678, "\\+0", "+79162345678"), (42, '"ID-"00000', "ID-00042"),
    (1234.5, "#,##0.00", "1234.5"), (0.155, "0.0%", "15.5%"), (5551234, "[<=9999999]###\\-####;\\(###\\)\\ ###\\-####", "555-1234"),
    (date(2024, 5, 12), "dd.mm.yyyy", "2024-05-12"), (datetime(2024, 5, 12, 14, 30, 15), "yyyy-mm-dd hh:mm:ss", "2024-05-12 14:30:15"),
    (time(9, 5), "hh:mm", "09:05"), (1.0625, "[h]:mm", "25:30"), (True, "General", "TRUE"), (False, "General", "FALSE"),
]  # fmt: skip
TEXTS = [(value, code, text) for value, code, text in ROWS if isinstance(value, str)]
PLAIN = [(value, code, text) for value, code, text in ROWS if code == "General"]


def with_openpyxl(path: Path, rows: list, *, write_only: bool = False) -> None:
    book = openpyxl.Workbook(write_only=write_only)
    sheet = book.create_sheet("S") if write_only else book.active
    for at, (value, code, _) in enumerate([("Value", "General", ""), *rows], 1):
        cell = openpyxl.cell.WriteOnlyCell(sheet) if write_only else sheet.cell(at, 2)
        cell.value, cell.number_format = value, code
        if isinstance(value, str):
            # The library writes these escapes of XML as they are.
            cell.value, cell.data_type = value.replace("_x0041_", "_x005F_x0041_"), "s"
        if write_only:
            sheet.append([str(at) if at > 1 else "N", cell])
        else:
            sheet.cell(at, 1, str(at) if at > 1 else "N")
    book.save(path)


def with_xlsxwriter(path: Path, rows: list, **options: bool) -> None:
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet()
        for at, (value, code, _) in enumerate([("Value", "General", ""), *rows]):
            sheet.write_string(at, 0, str(at) if at else "N")
            style = book.add_format({"num_format": code})
            write = sheet.write_string if isinstance(value, str) else sheet.write
            write(at, 1, value, style)


def with_pandas(path: Path, rows: list, engine: str) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {"N": [str(at) for at in range(len(rows))], "Value": [value for value, _, _ in rows]},
        dtype=object,
    )
    frame.to_excel(path, index=False, engine=engine)


def with_pyexcelerate(path: Path, rows: list) -> None:
    import pyexcelerate

    book = pyexcelerate.Workbook()
    sheet = book.new_sheet(
        "S", data=[["N", "Value"], *[[str(n), row[0]] for n, row in enumerate(rows)]]
    )
    for at, (_, code, _) in enumerate(rows, 2):
        if code != "General":
            sheet.set_cell_style(at, 2, pyexcelerate.Style(format=pyexcelerate.Format(code)))
    book.save(str(path))


def with_xlwt(path: Path, rows: list) -> None:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    for at, (value, code, _) in enumerate([("Value", "General", ""), *rows]):
        sheet.write(at, 0, str(at) if at else "N")
        sheet.write(at, 1, value, xlwt.easyxf(num_format_str=code))
    book.save(str(path))


def with_odfpy(path: Path, rows: list) -> None:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import LineBreak, P, S, Tab

    def cell(value: object) -> object:
        if isinstance(value, bool):
            made = TableCell(valuetype="boolean", booleanvalue=str(value).lower())
        elif isinstance(value, int | float):
            made = TableCell(valuetype="float", value=str(value))
        elif isinstance(value, date):
            made = TableCell(valuetype="date", datevalue=value.isoformat())
        elif isinstance(value, time):
            made = TableCell(
                valuetype="time", timevalue=f"PT{value.hour}H{value.minute}M{value.second}S"
            )
        else:
            made = TableCell(valuetype="string")
            paragraph = P()
            for char in str(value):
                if char in "\n\t":
                    paragraph.addElement(LineBreak() if char == "\n" else Tab())
                elif char == " ":
                    paragraph.addElement(S(c=1))
                else:
                    paragraph.addText(char)
            made.addElement(paragraph)
            return made
        made.addElement(P(text=str(value)))
        return made

    document = OpenDocumentSpreadsheet()
    table = Table(name="S")
    for at, (value, _, _) in enumerate([("Value", "", ""), *rows]):
        row = TableRow()
        row.addElement(cell(str(at) if at else "N"))
        row.addElement(cell(value))
        table.addElement(row)
    document.spreadsheet.addElement(table)
    document.save(str(path))


NODE = {
    "exceljs": """
        const E = require('exceljs'), book = new E.Workbook(), sheet = book.addWorksheet('S');
        rows.forEach(([n, value, code], at) => {
          sheet.getCell(at + 1, 1).value = n; const cell = sheet.getCell(at + 1, 2);
          cell.value = value; cell.numFmt = code;
        });
        book.xlsx.writeFile(path);""",
    "xlsx": """
        const X = require('xlsx'), sheet = X.utils.aoa_to_sheet(rows.map(([n, value]) => [n, value]));
        rows.forEach(([n, value, code], at) => { if (code != 'General') sheet['B' + (at + 1)].z = code; });
        const book = X.utils.book_new(); X.utils.book_append_sheet(book, sheet, 'S');
        X.writeFile(book, path, {bookType: {xls: 'biff8', xml: 'xlml'}[path.split('.').pop()] || path.split('.').pop()});""",
    "xlsx-populate": """
        require('xlsx-populate').fromBlankAsync().then(book => {
          const sheet = book.sheet(0);
          rows.forEach(([n, value, code], at) => {
            sheet.cell(at + 1, 1).value(n); sheet.cell(at + 1, 2).value(value).style('numberFormat', code);
          });
          return book.toFileAsync(path);
        });""",
}  # fmt: skip


def with_node(path: Path, rows: list, library: str) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    if subprocess.run(["node", "-e", f"require('{library}')"], capture_output=True).returncode:
        pytest.skip(f"node does not find {library}; set NODE_PATH")
    given = [
        ["N", "Value", "General"],
        *[[str(n), value, code] for n, (value, code, _) in enumerate(rows)],
    ]
    script = f"const path = {json.dumps(str(path))}, rows = {json.dumps(given)};{NODE[library]}"
    subprocess.run(["node", "-e", script], check=True, capture_output=True, env=os.environ)


def with_libreoffice(path: Path, rows: list) -> None:
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    source = path.with_name("source") / "a.xlsx"
    source.parent.mkdir()
    with_xlsxwriter(source, rows)
    subprocess.run(
        [office, f"-env:UserInstallation=file://{path.parent}/profile", "--headless", "--convert-to",
         path.suffix[1:], "--outdir", str(path.parent), str(source)],
        check=True, capture_output=True, timeout=110,
    )  # fmt: skip
    assert path.exists()


# JSON and some libraries have no dates and times; others no formats.
NUMBERS = [row for row in ROWS if not isinstance(row[0], date | time)]
# Faults of writers: the file really says A, is not XML, and holds 255 characters of 5,000.
UNESCAPED = [row for row in NUMBERS if row[0] != "_x0041_"]
UNQUOTED = [row for row in UNESCAPED if '"' not in row[1] and "<" not in row[1]]
SHORT = [row for row in NUMBERS if len(row[2]) < 256]
WRITERS = {
    "openpyxl": ("a.xlsx", ROWS, with_openpyxl),
    "openpyxl, write-only": ("a.xlsx", ROWS, lambda p, r: with_openpyxl(p, r, write_only=True)),
    "XlsxWriter": ("a.xlsx", ROWS, with_xlsxwriter),
    "XlsxWriter, constant memory": ("a.xlsx", ROWS, lambda p, r: with_xlsxwriter(p, r, constant_memory=True)),
    "pandas with XlsxWriter": ("a.xlsx", TEXTS, lambda p, r: with_pandas(p, r, "xlsxwriter")),
    "pandas with odfpy": ("a.ods", TEXTS, lambda p, r: with_pandas(p, r, "odf")),
    "pyexcelerate": ("a.xlsx", UNQUOTED, with_pyexcelerate),
    "xlwt": ("a.xls", ROWS, with_xlwt),
    "odfpy": ("a.ods", [*PLAIN, *[row for row in ROWS if isinstance(row[0], date | time)]], with_odfpy),
    "exceljs": ("a.xlsx", UNESCAPED, lambda p, r: with_node(p, r, "exceljs")),
    "SheetJS XLSX": ("a.xlsx", UNESCAPED, lambda p, r: with_node(p, r, "xlsx")),
    "SheetJS XLSB": ("a.xlsb", NUMBERS, lambda p, r: with_node(p, r, "xlsx")),
    "SheetJS XML Spreadsheet 2003": ("a.xml", NUMBERS, lambda p, r: with_node(p, r, "xlsx")),
    "SheetJS XLS": ("a.xls", SHORT, lambda p, r: with_node(p, r, "xlsx")),
    "xlsx-populate": ("a.xlsx", UNESCAPED, lambda p, r: with_node(p, r, "xlsx-populate")),
    "LibreOffice XLSX": ("a.xlsx", ROWS, with_libreoffice),
    "LibreOffice XLS": ("a.xls", ROWS, with_libreoffice),
    "LibreOffice ODS": ("a.ods", ROWS, with_libreoffice),
    "LibreOffice flat ODS": ("a.fods", ROWS, with_libreoffice),
}  # fmt: skip


def read(path: Path) -> list[tuple[str, list[str]]]:
    with open_source(path) as source:
        return [(row.cells["Value"], [problem.code for problem in row.problems]) for row in source]


@pytest.mark.parametrize(
    "writer",
    [pytest.param(name, marks=[pytest.mark.slow] if "LibreOffice" in name else []) for name in WRITERS],
)  # fmt: skip
def test_a_cell_reads_as_its_writer_meant_it(tmp_path, writer):
    name, rows, write = WRITERS[writer]
    path = tmp_path / name
    write(path, rows)
    assert read(path) == [(text, []) for _, _, text in rows]


TABLE = [["E-mail", "Name", "Phone", "Note"], ["a@b.org", "Müller, Anna", "+14155550123", "007"],
         ["b@b.org", "Иван", "+14155550124", "x\ny"], ["c@b.org", 'Zoë "Z"', "+14155550125", "a;b"]]  # fmt: skip
# Of the older formats this writer has no letters beyond ASCII.
OLD = [["E-mail", "Name"], ["a@b.org", "Ann, Berg"], ["b@b.org", "x\ny"]]
KINDS: dict[str, list[list[str]] | str] = {
    **dict.fromkeys(["xlsx", "xlsm", "xlsb", "biff8", "xlml", "ods", "fods", "csv", "txt", "html"], TABLE),
    **dict.fromkeys(["biff5", "biff4", "biff3", "biff2"], OLD),
    "prn": "aligned with blanks", "dif": "a DIF file", "sylk": "a SYLK file", "eth": "a SocialCalc sheet",
    "rtf": "an RTF document", "dbf": "a dBASE file", "wk1": "of the 1980s", "wk3": "of the 1980s",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_that_sheetjs_writes_is_read_or_called_by_its_name(tmp_path, kind):
    expected = KINDS[kind]
    path = tmp_path / f"a.{kind}"
    rows = expected if isinstance(expected, list) else TABLE
    script = (
        "const X = require('xlsx'), book = X.utils.book_new();"
        f"X.utils.book_append_sheet(book, X.utils.aoa_to_sheet({json.dumps(rows)}), 'S');"
        f"X.writeFile(book, {json.dumps(str(path))}, {{bookType: '{kind}'}});"
    )
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    if subprocess.run(["node", "-e", "require('xlsx')"], capture_output=True).returncode:
        pytest.skip("node does not find xlsx; set NODE_PATH")
    subprocess.run(["node", "-e", script], check=True, capture_output=True)
    if isinstance(expected, list):
        with open_source(path) as source:
            assert [list(row.cells.values()) for row in source] == expected[1:]
    else:
        with pytest.raises(SourceError, match=expected), open_source(path):
            pass
