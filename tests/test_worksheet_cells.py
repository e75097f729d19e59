"""XLSX, line by line: what a cell shows, where it stands, and what is wrong with it. Every sheet is read twice, by expat too."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from bulk_import.errors import SourceError
from bulk_import.models import Problem, Severity
from bulk_import.sources.table import Line
from bulk_import.sources.unpacking import Unpacking
from bulk_import.sources.xlsx.parts import Reader as PartReader
from bulk_import.sources.xlsx.parts import read_stream, references_resolved, refuse_bombs
from bulk_import.sources.xlsx.strings import SharedStrings, unescaped
from bulk_import.sources.xlsx.workbook import Workbook
from tests.test_plain_xml import DECLARATION, END, MAIN, RELATIONS, SHEET, TABLE, UNSOUND

CODES = {164: "00000", 165: '"+"@', 166: "yyyy-mm-dd", 167: '0;0;0;"ID "@'}
FORMATS = "".join(
    f'<numFmt numFmtId="{number}" formatCode="{code.replace(chr(34), "&quot;")}"/>'
    for number, code in CODES.items()
)
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts>{FORMATS}</numFmts><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs>'
    '<cellXfs><xf/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="10"/></cellXfs>'
    '<cellStyles><cellStyle/><xf numFmtId="164"/></cellStyles></styleSheet>'
)
DATE = 3
SHARED, TEXT = ' t="s"', ' t="str"'


def book(
    path: Path, *sheets: tuple[str, str], texts: tuple[str, ...] = (), more: str = "", styles: str = STYLES
) -> Path:  # fmt: skip
    """Write a workbook of sheets: attributes of each and its XML."""
    tabs = "".join(f'<sheet sheetId="{n}" r:id="rId{n}" {attributes}/>' for n, (attributes, _) in enumerate(sheets))  # fmt: skip
    links = "".join(f'<Relationship Id="rId{n}" Type="{RELATIONS}/worksheet" Target="s{n}.xml"/>' for n in range(len(sheets)))  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{more}<sheets>{tabs}</sheets></workbook>')  # fmt: skip
        archive.writestr("xl/_rels/workbook.xml.rels", f"<Relationships>{links}</Relationships>")
        for n, (_, xml) in enumerate(sheets):
            archive.writestr(f"xl/s{n}.xml", xml)
        archive.writestr("xl/styles.xml", styles)
        items = "".join(f'<si><t xml:space="preserve">{text}</t></si>' for text in texts)
        archive.writestr("xl/sharedStrings.xml", f"{TABLE}{items}</sst>")
    return path


def read(tmp_path: Path, rows: str, **options: object) -> list[Line]:
    """The lines of a sheet: as rows are taken out, and as expat alone reads them."""
    found = []
    for start in (SHEET, SHEET.replace("<sheetData>", "<sheetData >")):
        path = book(tmp_path / "a.xlsx", ('name="S"', f"{start}{rows}{END}"), **options)  # type: ignore[arg-type]
        with Workbook(path, "a.xlsx") as opened:
            found.append(list(opened.lines(opened.sheets[0])))
    assert found[0] == found[1]
    return found[0]


def cell(at: str, value: str, more: str = "") -> str:
    return f'<c r="{at}"{more}><v>{value}</v></c>'


def one(tmp_path: Path, given: str, **options: object) -> tuple[str, list[tuple[str, str, str]]]:
    """A cell in column C of row 7, to the right of another."""
    (line,) = read(tmp_path, f'<row r="7">{cell("A7", "1")}{given}</row>', **options)
    assert (line.number, {at for at, _ in line.problems} <= {2}) == (7, True)
    shown = line.cells[2] if len(line.cells) > 2 else ""
    return shown, [(p.code, p.message, p.value) for _, p in line.problems]


def error(shown: str) -> list[tuple[str, str, str]]:
    said = f"the cell shows the error {shown}; correct the formula or clear the cell"
    return [("CELL_ERROR", said, shown)]


NOT_CALCULATED = [
    (
        "FORMULA_NOT_CALCULATED",
        "a formula without a stored result; open the workbook in a spreadsheet program and save it, or replace formulas by values",
        "",
    )
]
NO_TEXT = "a text that the workbook does not hold"


@pytest.mark.parametrize(
    ("given", "shown", "problems"),
    [
        (cell("C7", "0", ' t="s"'), "Ann", []), (cell("C7", "1", ' t="s" s="2"'), "+<b>\n", []), (cell("C7", "2", ' t="s"'), "2", [("CELL_BROKEN", NO_TEXT, "2")]),
        (cell("C7", "x", ' t="s"'), "x", [("CELL_BROKEN", NO_TEXT, "x")]), (cell("C7", "-1", ' t="s"'), "-1", [("CELL_BROKEN", NO_TEXT, "-1")]),
        (cell("C7", "#REF!", ' t="e"'), "#REF!", error("#REF!")), (cell("C7", "1", ' t="b"'), "TRUE", []), (cell("C7", " true ", ' t="b"'), "TRUE", []),
        (cell("C7", "0", ' t="b"'), "FALSE", []), (cell("C7", "", ' t="b"'), "FALSE", []), (cell("C7", "2024-05-12", ' t="d"'), "2024-05-12", []),
        (cell("C7", "soon", ' t="d"'), "soon", [("CELL_BROKEN", "'soon' is not a date", "soon")]), (cell("C7", " ", ' t="d"'), "", []),
        (cell("C7", "many"), "many", [("CELL_BROKEN", "'many' is not a number or date", "many")]), (cell("C7", " 12 "), "12", []), (cell("C7", ""), "", []),
        (cell("C7", "-1", ' s="3"'), "-1", [("CELL_BROKEN", "'-1' is not a number or date", "-1")]), (cell("C7", "45424", ' s="3"'), "2024-05-12", []),
        (cell("C7", "2139", ' s="1"'), "02139", []), (cell("C7", "2139", ' s="4"'), "213900%", []), (cell("C7", "2139", ' s="5"'), "2139", []),
        (cell("C7", "2139", ' s="99"'), "2139", []), (cell("C7", "00002139"), "00002139", []), (cell("C7", "a_x000A_b", ' t="str"'), "a\nb", []),
        (cell("C7", " a ", ' t="str" s="2"'), "+ a ", []), (cell("C7", "", ' t="str"'), "", []), (cell("C7", "7", ' t="odd"'), "7", []),
        ('<c r="C7"><f>A1</f></c>', "", NOT_CALCULATED), ('<c r="C7" t="b"><f>A1</f><v></v></c>', "", NOT_CALCULATED),
        ('<c r="C7" t="str"><f>A1</f></c>', "", []), ('<c r="C7"><f>A1</f><v>5</v></c>', "5", []), ('<c r="C7" s="1"/>', "", []),
        ('<c r="C7" t="e"><f>A1</f><v>#N/A</v></c>', "#N/A", error("#N/A")), ('<c r="C7" t="inlineStr"><is><t>x</t></is></c>', "x", []),
        ('<c r="C7" t="inlineStr"><is><r><t>x</t></r><rPh><t>p</t></rPh><r><t>y</t></r></is></c>', "xy", []),
        ("<c/>" + '<c s="1"><v>5</v></c>', "00005", []), ('<c r="c7"><v>5</v></c>', "5", []), ('<c r="$C$7"><v>5</v></c>', "5", []),
    ],
    ids=str,
)  # fmt: skip
def test_a_cell_shows_what_its_kind_and_style_say(tmp_path, given, shown, problems):
    texts = ("Ann", "&lt;b&gt;&#10;")
    assert one(tmp_path, given, texts=texts) == (shown, problems)


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ("1473249885.28999", ["LIST_ID_DAMAGED"]), ("1473249885.2899", []), ("147324988.289996", []), ("14732498851.28999", []),
        ("999999999999999", []), ("1000000000000000", ["NUMBER_ROUNDED"]), ("1.2345678901234567E19", ["NUMBER_ROUNDED"]), ("0.1234567890123456", []),
    ],
)  # fmt: skip
def test_a_number_that_lost_digits_is_named(tmp_path, value, codes):
    (line,) = read(tmp_path, f'<row r="1">{cell("B1", value)}</row>')
    assert [(at, p.code) for at, p in line.problems] == [(1, code) for code in codes]
    for _, problem in line.problems:
        assert problem.value == line.cells[1]
        is_warning = problem.code == "LIST_ID_DAMAGED"
        assert problem.severity is (Severity.WARNING if is_warning else Severity.ERROR)
        begin = " looks like a list id that was" if is_warning else " has more than 15 digits"
        assert problem.message.startswith(line.cells[1] + begin)


@pytest.mark.parametrize("length", [32_767, 32_768])
@pytest.mark.parametrize("how", ["shared", "shared beside a number", "inline", "plain"])
def test_a_text_longer_than_a_cell_can_hold_is_named(tmp_path, length, how):
    long = "é" * length
    given = {
        "shared": cell("A1", "1", ' t="s"'),
        "shared beside a number": cell("A1", "1", ' t="s"') + cell("B1", "5"),
        "inline": f'<c r="A1" t="inlineStr"><is><t>{long}</t></is></c>',
        "plain": cell("A1", long, ' t="str"'),
    }[how]
    texts = ("short", long) if how.startswith("shared") else ()
    (line,) = read(tmp_path, f'<row r="1">{given}</row>', texts=texts)
    problem = Problem("CELL_TOO_LONG", "32,768 characters", value="é" * 40)
    assert line.cells[0] == long
    assert line.problems == (((0, problem),) if length == 32_768 else ())


def test_texts_that_need_many_bytes_are_not_too_long_for_it(tmp_path):
    texts = tuple("é" * 900 for _ in range(40))  # a block of 32 has more bytes than a cell
    row = f'<row r="1">{cell("A1", "0", SHARED)}{cell("B1", "1", SHARED)}</row>'
    assert read(tmp_path, row, texts=texts) == [Line(1, [texts[0], texts[1]])]


@pytest.mark.parametrize(
    ("letters", "position"),
    [("A", 0), ("Z", 25), ("AA", 26), ("AZ", 51), ("BA", 52), ("ZZ", 701), ("AAA", 702), ("XFC", 16_382), ("XFD", 16_383)],
)  # fmt: skip
def test_a_column_is_where_its_letters_say(tmp_path, letters, position):
    (line,) = read(tmp_path, f'<row r="3">{cell(f"{letters}3", "x", TEXT)}</row>')
    assert (len(line.cells), line.cells[-1], line.number) == (position + 1, "x", 3)


def test_no_cell_is_beyond_the_last_column(tmp_path):
    rows = f'<row r="1">{cell("XFD1", "1")}<c><v>2</v></c>{cell("XFE1", "3")}</row><row r="2">{cell("XFE2", "4")}</row>'
    (line,) = read(tmp_path, rows)
    assert (len(line.cells), line.cells[-1], line.number) == (16_384, "1", 1)


def test_cells_without_a_place_follow_the_last_and_rows_the_last_row(tmp_path):
    rows = (
        f"<row><c><v>1</v></c><c><v>2</v></c></row>"
        f'<row r="5">{cell("B5", "1")}<c><v>2</v></c>{cell("E5", "4")}<c/><c><v>5</v></c></row>'
        f"<row><c><v>6</v></c></row><row/>"
        f"<row><c><v>8</v></c></row><row r='x'><c><v>9</v></c></row><row r='20'><c/></row>"
        f"<row><c><v>21</v></c></row>"
    )
    assert read(tmp_path, rows) == [
        Line(1, ["1", "2"]),
        Line(5, ["", "1", "2", "", "4", "", "5"]),
        Line(6, ["6"]),
        Line(8, ["8"]),
        Line(9, ["9"]),
        Line(21, ["21"]),
    ]


@pytest.mark.parametrize(
    ("attribute", "is_hidden"),
    [(' hidden="1"', True), (' hidden="true"', True), (" hidden='1'", True), (' hidden="0"', False), (' hidden="false"', False), (' spans="1:1"', False)],
)  # fmt: skip
def test_rows_with_the_same_attributes_are_all_hidden_or_none(tmp_path, attribute, is_hidden):
    rows = "".join(f'<row r="{n}"{attribute}>{cell(f"A{n}", str(n))}</row>' for n in range(1, 5))
    rows += f'<row r="5">{cell("A5", "5")}</row>'
    lines = read(tmp_path, rows)
    assert [line.is_hidden for line in lines] == [is_hidden] * 4 + [False]
    assert [line.cells for line in lines] == [[str(n)] for n in range(1, 6)]


def test_problems_of_one_row_are_not_those_of_the_next(tmp_path):
    rows = "".join(f'<row r="{n}">{cell(f"A{n}", value)}</row>' for n, value in enumerate(("x", "1", "y", "2"), 1))  # fmt: skip
    lines = read(tmp_path, rows)
    assert [[p.value for _, p in line.problems] for line in lines] == [["x"], [], ["y"], []]


def test_a_formula_without_a_result_is_a_cell_of_its_row(tmp_path):
    formula = '<c r="{}"><f>A1</f></c>'
    rows = f'<row r="1">{cell("A1", "1")}{formula.format("B1")}</row><row r="2">{formula.format("A2")}</row>'
    lines = read(tmp_path, rows)
    assert [(line.cells, [at for at, _ in line.problems]) for line in lines] == [
        (["1", ""], [1]),
        ([""], [0]),
    ]


def test_a_text_in_place_is_read_wherever_it_stands(tmp_path):
    cells = '<c r="A1" t="inlineStr"><v>y</v></c><c r="B1"><v>7</v><is><t>x</t></is></c><c r="C1"><is><t>z</t></is></c>'
    (line,) = read(tmp_path, f'<row r="1">{cells}</row>')
    assert list(line.cells[:2]) == ["y", "7"]
    assert [(at, p.code, p.value) for at, p in line.problems] == [(2, "CELL_BROKEN", "z")]


def test_many_rows_that_look_alike_are_read_as_each_of_them_is(tmp_path):
    """After twenty of them one expression reads a row; what is left out or otherwise is read as before."""

    def row(n: int) -> str:
        cells = [
            cell(f"A{n}", "0", ' t="s"'),
            cell(f"B{n}", str(n), ' s="1"'),
            cell(f"C{n}", str(n)),
        ]
        if n % 7 == 0:
            cells[1] = f'<c r="B{n}" s="1"/>'
        elif n % 5 == 0:
            del cells[1]
        elif n % 11 == 0:
            cells[2] = cell(f"C{n}", f"{n}&amp;", ' t="str"')
        return f'<row r="{n}">{"".join(cells)}</row>'

    lines = read(tmp_path, "".join(map(row, range(1, 151))), texts=("Ann",))
    assert [line.number for line in lines] == list(range(1, 151))
    for n, line in enumerate(lines, 1):
        middle = "" if n % 7 == 0 or n % 5 == 0 else f"{n:05}"
        last = f"{n}&" if n % 11 == 0 and middle else str(n)
        assert line == Line(n, ["Ann", middle, last])


# -- the workbook ----------------------------------------------------------------------------------


def test_sheets_are_named_and_those_that_are_not_visible_are_hidden(tmp_path):
    empty = f"{SHEET}{END}"
    path = book(
        tmp_path / "a.xlsx", ('name="A &amp; B"', empty), ('name="C" state="hidden"', empty), ('name="D" state="veryHidden"', empty),
        ('name="E" state="visible"', empty),
    )  # fmt: skip
    with Workbook(path, "a.xlsx") as opened:
        assert [(sheet.name, sheet.part, sheet.is_hidden) for sheet in opened.sheets] == [
            ("A & B", "xl/s0.xml", False),
            ("C", "xl/s1.xml", True),
            ("D", "xl/s2.xml", True),
            ("E", "xl/s3.xml", False),
        ]
        assert opened.epoch_1904 is False


@pytest.mark.parametrize(("given", "shown"), [("1", "2028-05-13"), ("true", "2028-05-13"), ("0", "2024-05-12"), ("false", "2024-05-12")])  # fmt: skip
def test_the_workbook_says_from_which_day_dates_count(tmp_path, given, shown):
    more = f'<workbookPr date1904="{given}"/>'
    assert one(tmp_path, cell("C7", "45424", f' s="{DATE}"'), more=more) == (shown, [])


def test_the_widths_of_columns_are_as_the_sheet_says(tmp_path):
    columns = (
        '<col min="1" max="1" width="12.5"/><x:col width="8" max="4" min="2"/><col min="5" max="99999" width="3"/>'
        '<col min="6" width="1"/><col min="x" max="7" width="1"/><col min="7" max="7" width="wide"/><colx min="8" max="8" width="1"/>'
    )
    later = '<row r="1"><c r="A1" t="str"><v>x</v></c></row></sheetData><col min="9" max="9" width="1"/>'
    sheet = f'{DECLARATION}<worksheet xmlns="{MAIN}" xmlns:x="{MAIN}"><cols>{columns}</cols><sheetData>{later}</worksheet>'
    with Workbook(book(tmp_path / "a.xlsx", ('name="S"', sheet)), "a.xlsx") as opened:
        assert opened.widths(opened.sheets[0]) == [(1, 1, 12.5), (2, 4, 8.0), (5, 16_384, 3.0)]


def test_sheets_that_link_to_no_worksheet_are_left_out(tmp_path):
    path = book(tmp_path / "a.xlsx", *((f'name="{name}"', f"{SHEET}{END}") for name in "ABCD"))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    links = parts["xl/_rels/workbook.xml.rels"]
    links = links.replace(
        f'{RELATIONS}/worksheet" Target="s1', f'{RELATIONS}/chartsheet" Target="s1'
    )
    links = links.replace("s2.xml", "none.xml").replace('Id="rId3"', 'Id="other"')
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        for name, text in (parts | {"xl/_rels/workbook.xml.rels": links}).items():
            archive.writestr(name, text)
    with Workbook(tmp_path / "b.xlsx", "b.xlsx") as opened:
        assert [sheet.name for sheet in opened.sheets] == ["A"]
    for without, said in (
        ("xl/workbook.xml", "it has no workbook part"),
        ("xl/_rels/workbook.xml.rels", "it has no worksheet"),
    ):
        with zipfile.ZipFile(tmp_path / "c.xlsx", "w") as archive:
            for name in parts.keys() - {without}:
                archive.writestr(name, parts[name])
        with pytest.raises(SourceError, match=rf"c\.xlsx: not a readable workbook \({said}\)"):
            Workbook(tmp_path / "c.xlsx", "c.xlsx")


def test_a_part_that_is_gone_or_not_xml_is_named(tmp_path):
    path = book(tmp_path / "a.xlsx", ('name="S"', f"{SHEET}{END}"))
    with Workbook(path, "a.xlsx") as opened:
        gone = replace(opened.sheets[0], part="xl/gone.xml")
        with pytest.raises(SourceError, match=r"\(xl/gone\.xml is missing\)"):
            list(opened.lines(gone))


def test_without_styles_numbers_show_as_they_are(tmp_path):
    styles = f'<styleSheet xmlns="{MAIN}"/>'
    assert one(tmp_path, cell("C7", "45424", ' s="3"'), styles=styles) == ("45424", [])
    # A format without a code is the usual one; the number of a built-in format needs no entry.
    styles = f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164"/><numFmt numFmtId="14" formatCode=""/></numFmts><cellXfs><xf numFmtId="164"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    assert one(tmp_path, cell("C7", "45424"), styles=styles) == ("45424", [])
    assert one(tmp_path, cell("C7", "45424", ' s="1"'), styles=styles) == ("2024-05-12", [])


def test_a_sheet_whose_part_is_broken_is_refused_by_name(tmp_path):
    path = book(tmp_path / "a.xlsx", ('name="S"', f"{SHEET}<row><c></row>"))
    with Workbook(path, "a.xlsx") as opened, pytest.raises(SourceError) as caught:
        list(opened.lines(opened.sheets[0]))
    assert caught.value.code == "SOURCE_BROKEN"
    assert str(caught.value) == (
        "a.xlsx: not a readable workbook (xl/s0.xml: mismatched tag: line 2, column "
        f"{len(SHEET) - len(DECLARATION) + 10}); open it in a spreadsheet program and save it again"
    )


# -- parts and texts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a &amp;&lt;&gt;&quot;&apos; b", "a &<>\"' b"), ("&#65;&#x41;&#x1f382;", "AA🎂"), ("&#9;&#10;&#13;", "\t\n\r"), ("&#8;|&#31;|&#32;", "|| "),
        ("&#xD7FF;&#xD800;|&#xDFFF;|&#xE000;", "\ud7ff||\ue000"), ("&#x10FFFF;|&#x110000;|", "\U0010ffff||"), ("&#65534;&#65535;&#65533;", "\ufffd"),
        ("&nbsp;&x", "&nbsp;&x"), ("plain", "plain"),
    ],
)  # fmt: skip
def test_a_reference_means_a_character_that_xml_allows(written, meant):
    assert references_resolved(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("_x000D_", "\r"), ("_x000d_a", "\ra"), ("_x0000_", "\ufffd"), ("_xD83D__xDE0A_", "😊"), ("_xD83D_", "\ufffd"), ("_xDE0A__xD83D_", "\ufffd\ufffd"),
        ("_x005F_x0041_", "_x0041_"), ("_x41_", "_x41_"), ("x_", "x_"),
    ],
)  # fmt: skip
def test_control_characters_are_escaped_in_their_own_way(written, meant):
    assert unescaped(written) == meant


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 64, 65])
def test_texts_are_found_by_their_number_and_no_others_are(count):
    texts = SharedStrings("a.xlsx")
    for n in range(count):
        texts.fill([f"text {n}"])
    texts.seal()
    assert [texts.text(f"{n}") for n in range(count)] == [f"text {n}" for n in range(count)]
    for wrong in (count, -1, count + 32, 10**9):
        with pytest.raises(IndexError):
            texts.text(f"{wrong}")
    with pytest.raises(ValueError):
        texts.text("one")
    texts.close()


def archive_of(path: Path, size: int, *, is_encrypted: bool = False) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(size))
        archive.writestr("b", bytes(size))
    if is_encrypted:
        raw = bytearray(path.read_bytes())
        raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(raw)
    return path


def test_a_workbook_that_unpacks_to_more_than_the_limit_is_refused(tmp_path):
    path = archive_of(tmp_path / "a.xlsx", 500)
    with zipfile.ZipFile(path) as archive:
        refuse_bombs(archive, path, "a.xlsx", Unpacking(1000, ratio=1))
        with pytest.raises(SourceError) as caught:
            refuse_bombs(archive, path, "a.xlsx", Unpacking(999, ratio=1))
    assert caught.value.code == "SOURCE_BOMB"
    packed = path.stat().st_size
    assert str(caught.value) == (
        f"a.xlsx: {packed} bytes unpack to 1,000: this looks like a zip bomb; save the workbook again, or as CSV"
    )


def test_a_workbook_with_a_password_is_refused(tmp_path):
    path = archive_of(tmp_path / "a.xlsx", 10, is_encrypted=True)
    with pytest.raises(SourceError, match=r"a\.xlsx: protected by a password; save it without") as caught:  # fmt: skip
        Workbook(path, "a.xlsx")
    assert caught.value.code == "SOURCE_ENCRYPTED"


@pytest.mark.parametrize("bad", UNSOUND)
@pytest.mark.parametrize("place", ["sheet", "texts"])
def test_what_xml_forbids_is_refused_in_rows_and_texts_that_look_plain(tmp_path, bad, place):
    given = f"a{bad}b"
    sheet = f'{SHEET}<row r="1">{cell("A1", given if place == "sheet" else "0", TEXT)}{cell("B1", "0", SHARED)}</row>{END}'
    texts = (given if place == "texts" else "x", "y")
    path = book(tmp_path / "a.xlsx", ('name="S"', sheet), texts=texts)
    with Workbook(path, "a.xlsx") as opened, pytest.raises(SourceError) as caught:
        list(opened.lines(opened.sheets[0]))
    assert caught.value.code == "SOURCE_BROKEN"


def test_where_a_sheet_was_cut_off_is_its_last_place_in_the_file(tmp_path):
    rows = "".join(f'<row r="{n}">{cell(f"A{n}", str(n))}</row>\n' for n in range(1, 6))
    path = book(tmp_path / "a.xlsx", ('name="S"', f"{SHEET}{rows}<row r="))
    with Workbook(path, "a.xlsx") as opened, pytest.raises(SourceError) as caught:
        list(opened.lines(opened.sheets[0]))
    assert "(xl/s0.xml: unclosed token: line 7, column 0)" in str(caught.value)
    path = book(tmp_path / "b.xlsx", ('name="S"', f"{SHEET}{rows}"))
    with Workbook(path, "b.xlsx") as opened, pytest.raises(SourceError) as caught:
        list(opened.lines(opened.sheets[0]))
    assert "(xl/s0.xml: no element found: line 7, column 0)" in str(caught.value)


class _Tags(PartReader[str]):
    """Collects the tags that expat tells it."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.made.append(tag)


@pytest.mark.parametrize("size", [10, (1 << 18) - 7, 1 << 18, (1 << 18) + 5])
def test_a_document_of_any_size_is_read_to_its_end(tmp_path, size):
    path = tmp_path / "a.xml"
    path.write_text(f"\r\n\t <a>{' ' * size}<b/></a>")
    assert list(read_stream(path, _Tags(), "a.xml")) == ["a", "b"]


@pytest.mark.parametrize("text", ["", "<a>", "<a></b>", "<a/>x", '<?xml version="1.0" encoding="x-none"?><a/>'])  # fmt: skip
def test_a_document_that_is_not_well_formed_is_refused(tmp_path, text):
    path = tmp_path / "a.xml"
    path.write_text(text)
    with pytest.raises(SourceError, match=r"a\.xml: not a readable workbook") as caught:
        list(read_stream(path, _Tags(), "a.xml"))
    assert caught.value.code == "SOURCE_BROKEN"
