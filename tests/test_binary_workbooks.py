"""XLSB: what each record of a workbook says, read to the byte."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources.table import Line
from bulk_import.sources.xlsx.binary import BinaryWorkbook
from tests.test_apart import full, record, wide

LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
Record = tuple[int, bytes]
DATE, ZEROS, PLUS = 1, 2, 3  # styles


def u32(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def header(number: int, *, flags: int = 0) -> Record:
    """The header of a row, numbered from 1."""
    return 0, u32(number - 1) + bytes(7) + bytes([flags])


def tab(name: str, relation: str | None = "rId1", state: int = 0) -> Record:
    return 156, u32(state, 1) + (u32(0xFFFFFFFF) if relation is None else wide(relation)) + wide(
        name
    )


def xf(number: int) -> Record:
    return 47, struct.pack("<HH", 0, number)


def joined(records: Iterable[Record]) -> bytes:
    return b"".join(record(kind, data) for kind, data in records)


STYLES = [
    (44, struct.pack("<H", 164) + wide("00000")), (44, struct.pack("<H", 165) + wide('"+"@')),
    (626, b""), xf(9), (627, b""),  # styles of styles, which no cell names
    (617, b""), xf(0), xf(14), xf(164), xf(165), (618, b""), xf(9),
]  # fmt: skip
RELATIONS = (("rId1", "worksheet", "sheet.bin"), ("s", "styles", "styles.bin"), ("t", "sharedStrings", "strings.bin"))  # fmt: skip


def written(
    path: Path,
    sheet: Iterable[Record] | bytes,
    *,
    book: Iterable[Record] = (tab("S"),),
    relations: Iterable[tuple[str, str, str]] = RELATIONS,
    strings: Iterable[str] = (),
    styles: Iterable[Record] = STYLES,
) -> Path:
    links = "".join(f'<Relationship Id="{name}" Type="{LINKS}/{kind}" Target="{target}"/>' for name, kind, target in relations)  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/workbook.bin", joined(book))
        archive.writestr("xl/_rels/workbook.bin.rels", f"<Relationships>{links}</Relationships>")
        archive.writestr("xl/styles.bin", joined(styles))
        archive.writestr("xl/strings.bin", joined((19, b"\0" + wide(text)) for text in strings))
        archive.writestr("xl/sheet.bin", sheet if isinstance(sheet, bytes) else joined(sheet))
    return path


def seen(lines: Iterable[Line]) -> list[tuple[int, list[str], list[tuple[int, str, str, str]]]]:
    return [
        (line.number, list(line.cells), [(at, p.code, p.message, p.value) for at, p in line.problems])
        for line in lines
    ]  # fmt: skip


def read(path: Path, at: int = 0) -> list[tuple[int, list[str], list[tuple[int, str, str, str]]]]:
    with BinaryWorkbook(path, "a.xlsb") as book:
        return seen(book.lines(at))


def cell_of(tmp_path: Path, *cells: Record) -> list[str]:
    """The cells of a row without problems."""
    ((number, found, problems),) = read(written(tmp_path / "a.xlsb", [header(1), *cells]))
    assert (number, problems) == (1, [])
    return found


def refused(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        read(path)
    assert caught.value.code == "SOURCE_BROKEN"
    return str(caught.value)


def rk(value: int, style: int = 0) -> Record:
    return full(2, 0, struct.pack("<I", value & 0xFFFFFFFF), style)


# The upper 30 bits of a double, or an integer of 30 bits; bit 1 says which, bit 0 divides by 100.
HALF = struct.unpack("<Q", struct.pack("<d", 1234.5))[0] >> 32


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7 << 2 | 2, "7"), (-7 << 2 | 2, "-7"), (1234 << 2 | 3, "12.34"), (-1234 << 2 | 3, "-12.34"), (1234500 << 2 | 3, "12345"),
        (HALF, "1234.5"), (HALF | 1, "12.345"), (0, "0"), ((1 << 29) - 1 << 2 | 2, "536870911"), (-(1 << 29) << 2 | 2, "-536870912"),
    ],
)  # fmt: skip
def test_a_number_in_thirty_bits_is_whole_or_real_and_may_be_in_hundredths(tmp_path, value, text):
    assert cell_of(tmp_path, rk(value)) == [text]


def test_an_error_is_named_as_the_cell_shows_it(tmp_path):
    codes = [0x00, 0x07, 0x0F, 0x17, 0x1D, 0x24, 0x2A, 0x2B, 0x55]
    names = "#NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #N/A #GETTING_DATA #ERROR!".split()
    rows = [header(1), *(full(3, at, bytes([code])) for at, code in enumerate(codes))]
    ((_, cells, problems),) = read(written(tmp_path / "a.xlsb", rows))
    assert cells == names
    assert problems == [
        (at, "CELL_ERROR", f"the cell shows the error {name}; correct the formula or clear the cell", name)
        for at, name in enumerate(names)
    ]  # fmt: skip


def test_the_result_of_a_formula_is_read_as_a_cell_of_its_kind(tmp_path):
    rest = bytes(9)  # the formula itself
    found = cell_of(
        tmp_path,
        full(8, 0, wide("text") + rest),
        full(9, 1, struct.pack("<d", 45424.0) + rest, DATE),
        full(10, 2, b"\1" + rest),
        full(10, 3, b"\0" + rest),
        full(4, 4, b"\0"),
    )
    assert found == ["text", "2024-05-12", "TRUE", "FALSE", "FALSE"]
    ((_, cells, problems),) = read(
        written(tmp_path / "b.xlsb", [header(1), full(11, 0, b"\x17" + rest)])
    )
    assert (cells, [code for _, code, _, _ in problems]) == (["#REF!"], ["CELL_ERROR"])


def test_a_short_cell_stands_right_of_the_one_before_it_whatever_that_was(tmp_path):
    style = u32(0)
    found = cell_of(
        tmp_path,
        (17, style + wide("first")),
        (13, style + struct.pack("<i", 7 << 2 | 2)),
        (12, style),
        (15, style + b"\1"),
        full(1, 7, b""),  # blank, with a column
        (16, u32(DATE) + struct.pack("<d", 45424.0)),
    )
    assert found == ["first", "7", "", "TRUE", "", "", "", "", "2024-05-12"]
    cells = [header(1), (18, style + u32(1)), (14, style + b"\x2a"), (18, style + u32(0))]
    ((_, found, problems),) = read(written(tmp_path / "b.xlsb", cells, strings=["x", "y"]))
    assert (found, [at for at, *_ in problems]) == (["y", "#N/A", "x"], [1])


def test_a_text_that_the_workbook_does_not_hold_is_named(tmp_path):
    rows = [header(3), full(7, 1, u32(2)), full(7, 2, u32(1))]
    path = written(tmp_path / "a.xlsb", rows, strings=["zero", "one"])
    assert read(path) == [
        (3, ["", "2", "one"], [(1, "CELL_BROKEN", "a text that the workbook does not hold", "2")])
    ]


def test_texts_are_what_the_records_hold_and_no_escapes_of_xml(tmp_path):
    path = written(
        tmp_path / "a.xlsb",
        [header(1), full(7, 0, u32(0)), full(7, 1, u32(1)), full(6, 2, wide("a\0b")), full(6, 3, u32(0xFFFFFFFF)),
         full(62, 4, b"\1" + wide("rich")), full(6, 5, u32(1) + b"\x3d\xd8")],
        strings=["_x0041_", "a\0b"],
    )  # fmt: skip
    assert read(path) == [(1, ["_x0041_", "a\ufffdb", "a\ufffdb", "", "rich", "\ufffd"], [])]


def test_a_style_is_the_lower_three_bytes_and_an_unknown_one_shows_as_it_is(tmp_path):
    zip_code = struct.pack("<i", 2139 << 2 | 2)
    found = cell_of(
        tmp_path,
        full(2, 0, zip_code, ZEROS),
        full(2, 1, zip_code, ZEROS | 1 << 24),  # shows a phonetic guide
        full(2, 2, zip_code, 4),  # there are four styles
        full(2, 3, zip_code, 0xFFFFFF),
        full(6, 4, wide("Ann"), PLUS),
    )
    assert found == ["02139", "02139", "2139", "2139", "+Ann"]


def test_the_last_column_is_read_and_no_cell_beyond_it(tmp_path):
    found = cell_of(tmp_path, full(6, 16_383, wide("last")), full(6, 16_384, wide("beyond")))
    assert (len(found), found[-1]) == (16_384, "last")


@pytest.mark.parametrize("length", [32_767, 32_768])
def test_a_text_longer_than_a_cell_can_hold_is_named(tmp_path, length):
    long = full(6, 0, wide("é" * length))
    ((_, cells, problems),) = read(written(tmp_path / "a.xlsb", [header(1), long]))
    assert cells == ["é" * length]
    expected = [] if length == 32_767 else [(0, "CELL_TOO_LONG", "32,768 characters", "é" * 40)]
    assert problems == expected


def test_numbers_that_are_no_dates_or_lost_digits_are_named(tmp_path):
    path = written(
        tmp_path / "a.xlsb",
        [header(9), full(5, 1, struct.pack("<d", -1.5), DATE), full(5, 2, struct.pack("<d", 1e15)), full(5, 4, struct.pack("<d", 1e15 - 1))],
    )  # fmt: skip
    ((number, cells, problems),) = read(path)
    assert (number, cells) == (9, ["", "-1.5", "1000000000000000", "", "999999999999999"])
    assert [(at, code, value) for at, code, _, value in problems] == [
        (1, "CELL_BROKEN", "-1.5"),
        (2, "NUMBER_ROUNDED", "1000000000000000"),
    ]
    assert problems[0][2] == "-1.5 is not a number or date"


@pytest.mark.parametrize(
    ("first", "text"), [(0, "2024-05-12"), (1, "2028-05-13"), (2, "2024-05-12")]
)
def test_the_workbook_says_from_which_day_dates_count(tmp_path, first, text):
    rows = [header(1), full(5, 0, struct.pack("<d", 45424.0), DATE)]
    path = written(tmp_path / "a.xlsb", rows, book=[(153, bytes([first, 0])), tab("S")])
    assert read(path) == [(1, [text], [])]


@pytest.mark.parametrize(
    ("more", "is_hidden"),
    [(bytes(7) + b"\x10", True), (bytes(7) + b"\xef", False), (bytes(6) + b"\x10", False), (b"\x10" * 7 + b"\0\x10", False)],
)  # fmt: skip
def test_a_row_is_hidden_where_one_bit_of_its_header_says_so(tmp_path, more, is_hidden):
    path = written(tmp_path / "a.xlsb", [(0, u32(4) + more), full(6, 0, wide("x"))])
    with BinaryWorkbook(path, "a.xlsb") as book:
        assert list(book.lines(0)) == [Line(5, ["x"], (), is_hidden)]


def test_rows_without_cells_are_no_lines_and_nothing_stays_for_the_next_row(tmp_path):
    rows = [
        header(1), full(3, 2, b"\x2a"), header(2), full(1, 5, b""), header(4, flags=0x10), (17, u32(0) + wide("a")), header(9),
        (19, b"\0" + wide("no cell")), (63, bytes(12)),
    ]  # fmt: skip
    with BinaryWorkbook(written(tmp_path / "a.xlsb", rows), "a.xlsb") as book:
        found = list(book.lines(0))
        assert [
            (line.number, line.cells, len(line.problems), line.is_hidden) for line in found
        ] == [
            (1, ["", "", "#N/A"], 1, False),
            (4, ["a"], 0, True),
        ]
        assert list(book.lines(0)) == found  # a second time, with the same texts and styles


def test_sheets_are_those_that_link_to_a_worksheet(tmp_path):
    book = [tab("Shown"), tab("Hidden", state=1), tab("Very hidden", state=2), tab("Chart", "c"),
            tab("Gone", "none"), tab("Nowhere", "g"), tab("Untyped", "u"), tab("Macro", None)]  # fmt: skip
    relations = (
        *RELATIONS, ("c", "chartsheet", "sheet.bin"), ("g", "worksheet", "missing.bin"), ("u", "", "sheet.bin"), ("", "worksheet", "sheet.bin"),
    )  # fmt: skip
    path = written(
        tmp_path / "a.xlsb", [header(1), full(6, 0, wide("x"))], book=book, relations=relations
    )
    with BinaryWorkbook(path, "a.xlsb") as opened:
        assert opened.sheets == [
            ("Shown", False),
            ("Hidden", True),
            ("Very hidden", True),
            ("Untyped", False),
            ("Macro", False),
        ]
        assert [line.cells for line in opened.lines(3)] == [["x"]]


def test_a_workbook_without_a_worksheet_or_a_main_part_is_refused(tmp_path):
    assert "(it has no worksheet)" in refused(
        written(tmp_path / "a.xlsb", [], book=[tab("S", "c")])
    )
    with zipfile.ZipFile(tmp_path / "b.xlsb", "w") as archive:
        archive.writestr("xl/other.bin", b"")
    assert "(it has no workbook part)" in refused(tmp_path / "b.xlsb")


def test_styles_are_found_by_their_usual_name_and_may_be_missing(tmp_path):
    cell = [header(1), full(2, 0, struct.pack("<i", 2139 << 2 | 2), ZEROS), full(7, 1, u32(0))]
    only_sheet = (("rId1", "worksheet", "sheet.bin"),)
    path = written(tmp_path / "a.xlsb", cell, relations=only_sheet, strings=["x"])
    problem = (1, "CELL_BROKEN", "a text that the workbook does not hold", "0")
    assert read(path) == [(1, ["02139", "0"], [problem])]
    assert read(written(tmp_path / "b.xlsb", cell, styles=())) == [(1, ["2139", "0"], [problem])]


# -- the bytes of a record -------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["0d", "8d00", "8d8000", "8d808000"])
def test_the_size_of_a_record_takes_one_to_four_bytes(tmp_path, size):
    row = b"\x00" + bytes.fromhex(size.replace("0d", "0c").replace("8d", "8c")) + header(1)[1]
    text = b"\x11" + bytes.fromhex(size) + u32(0) + u32(2) + "ab".encode("utf-16-le") + b"\0"
    assert read(written(tmp_path / "a.xlsb", row + text)) == [(1, ["ab"], [])]


@pytest.mark.parametrize("length", [59, 60, 8187, 8188, 16_000])
def test_records_of_any_size_are_followed_by_the_next(tmp_path, length):
    cells = [full(6, 0, wide("x" * length)), (17, u32(0) + wide("end"))]
    assert cell_of(tmp_path, *cells) == ["x" * length, "end"]


@pytest.mark.parametrize("kind", [100, 200])  # written in one byte, and in two
@pytest.mark.parametrize("before", range(5))
def test_a_record_may_begin_anywhere_before_the_end_of_a_block(tmp_path, before, kind):
    block = 1 << 18
    filler = record(200, bytes(block - before - 5))
    assert len(filler) == block - before
    path = written(
        tmp_path / "a.xlsb", filler + record(kind, bytes(200)) + joined([header(1), full(6, 0, wide("x"))])
    )  # fmt: skip
    assert read(path) == [(1, ["x"], [])]


@pytest.mark.parametrize("more", [0, 1])
def test_a_record_has_at_most_sixteen_megabytes(tmp_path, more):
    sheet = [header(1), full(6, 0, wide("x")), (200, bytes((1 << 24) + more))]
    path = written(tmp_path / "a.xlsb", sheet)
    if more:
        assert "xl/sheet.bin: cut off in the middle of a record" in refused(path)
    else:
        assert read(path) == [(1, ["x"], [])]


def test_what_is_cut_off_or_longer_than_its_record_is_refused(tmp_path):
    whole = joined([header(1), full(6, 0, wide("abc"))])
    for cut in (1, 5):
        message = refused(written(tmp_path / "a.xlsb", whole[:-cut]))
        assert "(xl/sheet.bin: cut off in the middle of a record)" in message
    longer = [header(1), full(6, 0, u32(4) + "abc".encode("utf-16-le"))]
    assert "(xl/sheet.bin: a text that is longer than its record)" in refused(
        written(tmp_path / "a.xlsb", longer)
    )
    assert "xl/sheet.bin: " in refused(written(tmp_path / "a.xlsb", whole + b"\x80"))
    assert "xl/sheet.bin: " in refused(written(tmp_path / "a.xlsb", [(0, b"\0\0")]))
