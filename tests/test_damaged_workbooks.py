"""A workbook that was damaged on its way is refused as one, whichever of its parts it hit."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources import read_rows
from tests.test_apart import HEADER, cell, full, ods, table, wide, xlsb
from tests.test_package import package

MANIFEST = '<manifest:manifest xmlns:manifest="urn:m"><manifest:file-entry/></manifest:manifest>'


def whole(path: Path) -> Path:
    """A workbook of the kind that the name says."""
    if path.suffix == ".xlsx":
        return package(path)
    if path.suffix == ".xlsb":
        return xlsb(path, [[full(6, 0, wide("A"))], [full(7, 0, bytes(4))]])
    ods(path, table(f"{HEADER}<table:table-row>{cell('', '<text:p>x</text:p>')}</table:table-row>"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("META-INF/manifest.xml", MANIFEST)
    return path


def repacked(path: Path, method: int, damaged: str = "") -> Path:
    """The same archive with a compression; the data of one part begins with another byte."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, raw in parts.items():
            archive.writestr(name, raw)
        begins = {info.filename: info.header_offset + 30 + len(info.filename) for info in archive.infolist()}  # fmt: skip
    if damaged:
        raw = bytearray(path.read_bytes())
        for at in range(begins[damaged], begins[damaged] + 12):
            raw[at] ^= 0xFF
        path.write_bytes(raw)
    return path


METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("a.xlsx", "xl/workbook.xml"), ("a.xlsx", "xl/worksheets/sheet1.xml"), ("a.xlsx", "xl/styles.xml"), ("a.xlsx", "xl/sharedStrings.xml"),
        ("a.ods", "content.xml"), ("a.ods", "META-INF/manifest.xml"),
        ("a.xlsb", "xl/workbook.bin"), ("a.xlsb", "xl/worksheets/sheet1.bin"), ("a.xlsb", "xl/styles.bin"), ("a.xlsb", "xl/strings.bin"),
    ],
)  # fmt: skip
def test_a_part_that_cannot_be_unpacked_is_no_crash(tmp_path, method, name, part):
    path = repacked(whole(tmp_path / name), method)
    assert list(read_rows(path)), "whole, it is read, however it is packed"
    with pytest.raises(SourceError) as caught:
        list(read_rows(repacked(path, method, damaged=part)))
    assert caught.value.code == "SOURCE_BROKEN"
    said = str(caught.value)
    assert "a damaged workbook" in said or "not a readable workbook" in said


def test_a_damaged_list_of_relations_is_an_empty_one(tmp_path):
    """Without it the parts are looked for at their usual places."""
    path = repacked(whole(tmp_path / "a.xlsx"), zipfile.ZIP_DEFLATED, damaged="_rels/.rels")
    assert [list(row.cells.values()) for row in read_rows(path)] == [["a@b.org", "02110"]]


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "content.xml"])
def test_a_part_with_an_unknown_compression_is_refused(tmp_path, part):
    path = whole(tmp_path / ("a.ods" if part == "content.xml" else "a.xlsx"))
    raw = path.read_bytes()
    # The number of the method, in the directory of the archive and in front of the part.
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo(part).header_offset
    entry = raw.rindex(part.encode()) - 46
    for place in (at + 8, entry + 10):
        assert raw[place] == zipfile.ZIP_STORED
        raw = raw[:place] + b"\x61" + raw[place + 1 :]
    path.write_bytes(raw)
    with pytest.raises(SourceError, match="compression") as caught:
        list(read_rows(path))
    assert caught.value.code == "SOURCE_BROKEN"


@pytest.mark.parametrize("name", ["a.xlsx", "a.ods", "a.xlsb"])
def test_a_workbook_that_was_downloaded_in_part_is_refused(tmp_path, name):
    path = whole(tmp_path / name)
    raw = path.read_bytes()
    for length in (len(raw) - 1, len(raw) // 2, 30):
        path.write_bytes(raw[:length])
        with pytest.raises(SourceError) as caught:
            list(read_rows(path))
        assert caught.value.code == "SOURCE_BROKEN"
