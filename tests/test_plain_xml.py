"""What is taken out of a workbook before expat sees it reads exactly as expat would have read it."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bulk_import.errors import SourceError
from bulk_import.sources import read_rows
from bulk_import.sources.table import Line
from bulk_import.sources.xlsx import parts
from bulk_import.sources.xlsx.sheet import SheetReader
from bulk_import.sources.xlsx.strings import SharedStrings, StringsReader
from bulk_import.sources.xlsx.workbook import Workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SHEET = (
    f'{DECLARATION}<worksheet xmlns="{MAIN}" xmlns:a="urn:a"><cols><col min="1"/></cols><sheetData>'
)
END = '</sheetData><mergeCells count="1"><mergeCell ref="A1:B1"/></mergeCells></worksheet>'
TABLE = f'{DECLARATION}<sst xmlns="{MAIN}" count="9" uniqueCount="9">'
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="2"/>'
    "</cellXfs></styleSheet>"
)
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
REST = {
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
    '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/styles.xml": STYLES,
}


def write(path: Path, sheet: str | bytes, table: str | bytes | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in REST.items():
            archive.writestr(name, text)
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        if table is not None:
            archive.writestr("xl/sharedStrings.xml", table)
    return path


def outcome(path: Path) -> list[Line] | tuple[str, str]:
    """The lines of a workbook, or how it was refused."""
    try:
        with Workbook(path, "a.xlsx") as book:
            return list(book.lines(book.sheets[0]))
    except SourceError as exc:
        return exc.code, str(exc)


def both_ways(path: Path, block: int = 1 << 18) -> list[Line] | tuple[str, str]:
    """The outcome, which must be that of expat alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_BLOCK", block)
        found = outcome(path)
        patch.setattr(SheetReader, "opening", b"")
        patch.setattr(StringsReader, "opening", b"")
        assert outcome(path) == found
    return found


SOUND = ("", "a", " b ", "é", "Привет", "🎂", "x&amp;y", "&lt;b&gt;", "&#10;", "&#x1F382;", "\n", "\r\n", "\r", "\t", "]]", ">",
         "_x000D_", "_x0000_", "_xD800_", "&quot;'\"", "12", "12345678901234567890", "0.5", "1e5", "-1", " 3 ", "45000", "007",
         "1473249885.289996", "#N/A", "true", "2024-05-12T00:00:00", "!", "?", "\u2028", "\x7f", "\x80")  # fmt: skip
UNSOUND = ("]]>", "&", "&bad;", "&#0;", "&#xD800;", "&#x110000;", "&#65534;", "\x01", "\ufffe", "\uffff", "<", "<b>", "</c>")  # fmt: skip
ODD = ("<!-- c -->", "<!-- </row> -->", "<!-- </si> -->", "<![CDATA[</row><]]>", "<?p i?>")
texts = st.lists(st.sampled_from(SOUND), max_size=3).map("".join)
any_text = st.one_of(texts, texts, texts, texts, st.sampled_from(ODD), st.sampled_from(UNSOUND))
places = st.one_of(
    st.just(""),
    st.sampled_from(["A1", "B1", "C1", "D5", "AA1", "XFD1", "XFE1", "ZZZ9", "a1", "A", "7", "A12345678"]).map(' r="{}"'.format),
)  # fmt: skip
tags = st.sampled_from(["", ' t="s"', ' s="1"', ' s="1" t="s"', ' t="s" s="2"', ' s="2"', ' s="9"', ' t="str"', ' t="inlineStr"', ' t="b"',
                        ' t="e"', ' t="d"', ' t="n"', ' t="wrong"', " ", ' s="x"', ' cm="1"', ' a:t="s"', ' b:t="s"', ' s="1" s="1"',
                        ' xmlns="urn:b"', "t='s'", " t='s'", '\tt="s"', ' t="&#115;"', ' t = "s"', ' s="&lt;"'])  # fmt: skip


@st.composite
def cells(draw: st.DrawFn) -> str:
    start = f"<c{draw(places)}{draw(tags)}"
    text = draw(any_text)
    number = draw(st.sampled_from(["0", "1", "2", "3", "4", "40", "-1", "x", " 1", "00"]))
    formula = draw(st.sampled_from(["<f>A1&amp;B1</f>", '<f t="shared" ref="A1:B2" si="0">B1</f>', '<f t="shared" si="0"/>',
                                    "<f/>", '<f ca="1">x</f>', "<f>A1&B1</f>"]))  # fmt: skip
    return draw(
        st.sampled_from([
            f"{start}/>", f"{start}></c>", f"{start}><v>{number}</v></c>", f"{start}><v>{number}</v></c>",
            f"{start}><v>{text}</v></c>", f"{start}><is><t>{text}</t></is></c>",
            f'{start}><is><t xml:space="preserve">{text}</t></is></c>', f"{start}><v>{text}</t></is></c>",
            f"{start}>{formula}<v>{text}</v></c>", f"{start}>{formula}</c>", f"{start}><v/></c>", f"{start}><v></v></c>",
            f"{start}><is><r><t>{text}</t></r><r><t>z</t></r><rPh><t>p</t></rPh></is></c>", f"{start}>\n<v>{text}</v>\n</c>",
            f"{start}><v>{number}</v><v>{number}</v></c>", f"{start}", f"<c><v>{number}</v></c>",
        ])
    )  # fmt: skip


@st.composite
def rows(draw: st.DrawFn) -> str:
    head = draw(st.sampled_from(['<row r="5">', '\n<row r="6">\n', "<row>", "<row>\n", '<row r="7" spans="1:3" a:d="0.25">', '<row r="7" spans="1:3" a:d="0.25">',
                                 '<row r="8" b:d="1">', '<row spans="1:3">', '<row r="+9">', "<row r='6'>", '<row r="3"/><row r="4">',
                                 '<a:row r="5">', '<row r="5" r="6">', '<row r="x">', '<row r="2"/>', '<row r="5"x="1">',
                                 '<a:x xmlns:b="urn:b"><row r="8" b:d="1">', '<row r="5" xmlns:b="b">', '<row r="1"><row r="2">']))  # fmt: skip
    inside = "".join(draw(st.lists(cells(), max_size=4)))
    end = "</a:row>" if head.startswith("<a:row") else "</row>"
    tail = draw(
        st.sampled_from(
            [
                "",
                "",
                "",
                "",
                "",
                "\n",
                "</row>",
                "</a:x>",
                '<c r="B1" t="str"><v>q</v></c>',
                "text",
                *ODD,
            ]
        )
    )
    return f"{head}{tail}" if head.endswith("/>") else f"{head}{inside}{end}{tail}"


@st.composite
def items(draw: st.DrawFn) -> str:
    text = draw(any_text)
    return draw(
        st.sampled_from([
            f"<si><t>{text}</t></si>", f"<si><t>{text}</t></si>", f'<si><t xml:space="preserve">{text}</t></si>', "<si/>", "<si><t/></si>",
            f"<si><r><rPr/><t>{text}</t></r><r><t>z</t></r></si>", f"<si><t>{text}</t><rPh sb='0'><t>p</t></rPh></si>",
            f"<a:si><a:t>{text}</a:t></a:si>", f"\n<si>\n<t>{text}</t></si>", f"<si><si><t>{text}</t></si>", f"<si><t>{text}</si></t>",
            f"<si><t>{text}</t>", f"<t>{text}</t>", f"<!-- <si><t>{text}</t></si> -->", f"<si><t>{text}</t></si>{text}",
        ])
    )  # fmt: skip


def spoil(text: str, at: int, what: bytes, length: int) -> bytes:
    raw = text.encode()
    return raw[: at % len(raw)] + what + raw[at % len(raw) + length :]


spoiling = st.one_of(
    st.none(), st.none(), st.none(), st.none(),
    st.tuples(
        st.integers(0, 10_000),
        st.sampled_from([b"", b"<", b">", b"&", b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"\0", b"<!DOCTYPE x>", b"<!--", b"-->", b"</row>", b"</si>"]),
        st.sampled_from([0, 0, 1, 5, 10_000]),
    ),
)  # fmt: skip
blocks = st.sampled_from([1, 7, 64, 300, 1 << 18])
relaxed = hypothesis_settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
starts = st.sampled_from([SHEET] * 6 + [
    SHEET.replace("UTF-8", "utf-8"), SHEET.removeprefix(DECLARATION), "\ufeff" + SHEET, SHEET.replace("UTF-8", "US-ASCII"),
    SHEET.replace("UTF-8", "ISO-8859-1"), SHEET.replace("<cols>", "<!-- <sheetData> --><cols>"), SHEET.replace("<sheetData>", "<sheetData >"),
    SHEET.replace("<cols>", "<!DOCTYPE worksheet><cols>"), f"{DECLARATION}<!DOCTYPE x>{SHEET.removeprefix(DECLARATION)}",
])  # fmt: skip
TEN = TABLE + "".join(f"<si><t>text {n}</t></si>" for n in range(4)) + "<si><t></t></si></sst>"


@given(start=starts, body=st.lists(rows(), max_size=6), spoilt=spoiling, block=blocks)
@relaxed
def test_any_worksheet_reads_as_expat_reads_it(tmp_path, start, body, spoilt, block):
    sheet = start + "".join(body) + END
    both_ways(write(tmp_path / "a.xlsx", spoil(sheet, *spoilt) if spoilt else sheet, TEN), block)


plain_cells = st.tuples(
    st.sampled_from("ABCDE"), st.sampled_from(['t="s"', 's="1" t="s"', 's="1"', 's="2"', 't="str"']), st.sampled_from(["0", "1", "4", "9", "45000.5"])
).map(lambda cell: f'<c r="{cell[0]}1" {cell[1]}><v>{cell[2]}</v></c>')  # fmt: skip


@given(
    few=st.lists(st.lists(plain_cells, max_size=5).map("".join), min_size=1, max_size=3),
    order=st.lists(st.integers(0, 9), min_size=40, max_size=120),
    others=st.lists(rows(), max_size=1),
)
@relaxed
def test_rows_that_look_alike_read_as_expat_reads_them(tmp_path, few, order, others):
    body = [f'<row r="{at}">{few[n % len(few)]}</row>' for at, n in enumerate(order, 1)]
    both_ways(write(tmp_path / "a.xlsx", SHEET + "".join([*body, *others, *body]) + END, TEN))


@given(body=st.lists(items(), max_size=8), spoilt=spoiling, block=blocks)
@relaxed
def test_any_table_of_texts_reads_as_expat_reads_it(tmp_path, body, spoilt, block):
    table = TABLE + "".join(body) + "</sst>"
    cells = "".join(f'<row r="{n + 1}"><c t="s"><v>{n}</v></c></row>' for n in range(len(body) + 1))
    path = write(
        tmp_path / "a.xlsx", SHEET + cells + END, spoil(table, *spoilt) if spoilt else table
    )
    both_ways(path, block)


def test_plain_rows_and_texts_never_reach_expat(tmp_path, monkeypatch):
    started: list[str] = []
    for reader in (SheetReader, StringsReader):
        given_start = reader.start

        def start(self, tag, attributes, before=given_start):
            started.append(tag.rsplit(" ", 1)[-1])
            before(self, tag, attributes)

        monkeypatch.setattr(reader, "start", start)
    body = "".join(
        f'<row r="{n}" spans="1:3">\n<c r="A{n}" s="1"><v>{n}</v></c><c r="B{n}" t="s"><v>{n % 4}</v></c><c r="C{n}" s="1"/></row>\n'
        for n in range(1, 1001)
    )
    lines = outcome(write(tmp_path / "a.xlsx", SHEET + body + END, TEN))
    assert (len(lines), lines[-1].cells) == (1000, ["1902-09-26", "text 0"])
    # The tag of a row is expat's once; all that looks alike after it is not.
    assert started == ["sst", "worksheet", "cols", "col", "sheetData", "row", "c", "v", "c", "v", "c", "mergeCells", "mergeCell"]  # fmt: skip


@pytest.mark.parametrize("number", ["-1", "5", "99999999999999999999"])
def test_a_text_that_the_workbook_does_not_hold_is_named(tmp_path, number):
    sheet = f'{SHEET}<row r="1"><c t="s"><v>{number}</v></c></row>{END}'
    (line,) = both_ways(write(tmp_path / "a.xlsx", sheet, TEN))
    assert [problem.code for _, problem in line.problems] == ["CELL_BROKEN"]


def test_the_place_of_a_fault_is_that_in_the_file(tmp_path):
    sheet = f'{SHEET}<row r="1"><c><v>1</v></c></row><row r="2"><c><v>1</v></c></row>\n<row r="3"><c><v>1</w></c></row>{END}'
    code, message = both_ways(write(tmp_path / "a.xlsx", sheet, TEN))
    assert code == "SOURCE_BROKEN"
    assert "mismatched tag: line 3, column 20" in message


def test_texts_in_any_order_are_found_when_few_of_them_fit_in_memory():
    many = [f"text {n} " + "é" * (n % 90) for n in range(3000)]
    texts = SharedStrings("a.xlsx", in_memory=1000, most_bytes=5000)
    for at in range(0, 3000, 700):
        texts.fill(many[at : at + 700])
    texts.seal()
    order = [n * 1699 % 3000 for n in range(3000)]
    assert [texts.text(f"{n}") for n in order] == [many[n] for n in order]
    assert texts.texts([f"{n}" for n in order]) == [many[n] for n in order]
    texts.close()


@pytest.mark.parametrize("in_memory", [10, 10_000])
def test_nothing_of_the_texts_is_left_behind(tmp_path, monkeypatch, in_memory):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    texts = SharedStrings("a.xlsx", in_memory=in_memory)
    texts.fill(["text 0", "text 1"] * 10)
    texts.seal()
    assert texts.text("1") == "text 1"
    assert list(tmp_path.iterdir()) == []  # it has no name even while it is used
    texts.close()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_for_the_texts_is_named(tmp_path, monkeypatch):
    def full(max_size):
        return Path("/dev/full").open("w+b")

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", full)
    path = write(tmp_path / "a.xlsx", f'{SHEET}<row><c t="s"><v>1</v></c></row>{END}', TEN)
    code, message = outcome(path)
    assert code == "SOURCE_UNREADABLE"
    assert "No space left on device; make room there" in message


@pytest.mark.parametrize("path", sorted(Path("sample_data").glob("**/*.xlsx")), ids=str)
def test_the_samples_read_as_expat_reads_them(path):
    assert both_ways(path)
    assert sum(1 for _ in read_rows(path)) > 0
