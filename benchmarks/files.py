"""Sources of any length for the benchmarks: invented people, written as streams.

``write_csv`` and ``write_xlsx`` write the same rows: 12 columns, most of whose texts occur once. The
workbook is written by hand, with shared strings, because that is what Excel makes and what costs a
reader memory; libraries that write shared strings keep all of them in memory first.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path

HEADER = (
    "E-mail", "First", "Last", "Phone", "Country", "City", "Street", "Zip", "Zone", "Tags", "Note", "Id",
)  # fmt: skip
MAPPING = """version: 1
fields:
  lead_email: E-mail
  lead_first_name: First
  lead_last_name: Last
  lead_phone: {column: Phone, region_from: Country}
  lead_shipping_country_code: Country
  lead_shipping_city: City
  lead_shipping_address_1: Street
  lead_shipping_zip: Zip
  lead_utc: Zone
  add_tags: {column: Tags, separator: ";"}
  lead_description: Note
"""
_COUNTRIES = (
    ("United States", "-8"),
    ("Germany", "UTC+1"),
    ("Россия", "Europe/Moscow"),
    ("FR", "+01:00"),
)
_PHONES = ("(415) 555-{:04d}", "030 {:08d}", "8 (916) {:07d}", "06 {:08d}")


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """Yield *count* rows under ``HEADER``."""
    for n in range(count):
        country, zone = _COUNTRIES[n % 4]
        phone = _PHONES[n % 4].format(n % (10_000, 10**8, 10**7, 10**8)[n % 4] | 1)
        yield (
            f"person{n}@example.org", f"Ann{n}", f"Smith{n}", phone, country, f"Town {n % 5000}",
            f"{n} Main St", str((110_000 if n % 4 == 2 else 10_000) + n % 80_000), zone, "vip; new" if n % 2 else "new",
            f"note about {n}", f"A-{n:08d}",
        )  # fmt: skip


def write_mapping(folder: Path) -> Path:
    path = folder / "m.yml"
    path.write_text(MAPPING, "utf-8")
    return path


def write_csv(path: Path, count: int) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows(count))
    return path


def write_xlsx(path: Path, count: int) -> Path:
    """Write a workbook whose every cell is a shared string, numbered as they first occur."""
    numbers: dict[str, int] = {}  # of texts that occur again; the others are numbered and forgotten
    strings = path.with_suffix(".strings")
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        strings.open("w+b") as shared,
    ):
        for name, text in _PARTS.items():
            archive.writestr(name, text)
        used = 0
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            for at, row in enumerate((HEADER, *()), 1):
                used = _write_row(sheet, shared, at, row, numbers, used)
            for at, row in enumerate(rows(count), 2):
                used = _write_row(sheet, shared, at, row, numbers, used)
            sheet.write(b"</sheetData></worksheet>")
        shared.seek(0)
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as file:
            file.write(f'{_XML}<sst xmlns="{_MAIN}" uniqueCount="{used}">'.encode())
            while chunk := shared.read(2**20):
                file.write(chunk)
            file.write(b"</sst>")
    strings.unlink()
    return path


def _write_row(sheet, shared, at, row, numbers, used) -> int:  # type: ignore[no-untyped-def]
    cells = []
    for column, text in enumerate(row):
        number = numbers.get(text)
        if number is None:
            number, used = used, used + 1
            shared.write(f"<si><t>{text}</t></si>".encode())
            if column in (4, 5, 8, 9):
                numbers[text] = number
        cells.append(f'<c r="{chr(65 + column)}{at}" t="s"><v>{number}</v></c>')
    sheet.write(f'<row r="{at}">{"".join(cells)}</row>'.encode())
    return used


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_DOC = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPE}.sharedStrings+xml"/></Types>',
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_RELS}">'
    f'<Relationship Id="rId1" Type="{_DOC}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_DOC}"><sheets>'
    '<sheet name="People" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_RELS}">'
    f'<Relationship Id="rId1" Type="{_DOC}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_DOC}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
}
