"""How the journal writes values down: sections of texts, columns of forms, moments, sheets and problems."""

from __future__ import annotations

import json
import zlib

import pytest

from bulk_import.errors import Message
from bulk_import.journal.blocks import Block, packed_block
from bulk_import.journal.chunks import chunk_of
from bulk_import.journal.columns import (
    OWN,
    Restorable,
    form_encoded,
    is_stored,
    packed_texts,
    restored,
    unpacked_texts,
)
from bulk_import.journal.entries import JudgedChunk, Refusal
from bulk_import.journal.form_columns import FormColumns, columns_of, forms_of
from bulk_import.journal.packing import (
    as_row,
    checksum,
    pack_moment,
    pack_ms,
    pack_problems,
    source_and_sheet,
    stored_sheet,
    unpack_moment,
    unpack_ms,
    unpack_problems,
)
from bulk_import.models import Problem, Row, Severity, SourceInfo, Status


def lines(count: int, **others: str) -> bytes:
    """A section of numbered texts, some of them replaced."""
    return "\n".join(others.get(f"_{at}", f"text {at}") for at in range(count)).encode()


# -- sections of texts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "packed"),
    [
        ([""], (b"", False)),
        (["a", "b"], (b"a\nb", False)),
        (["a\n"], (b'["a\\n"]', True)),
        (["a", "b\nc"], (b'["a", "b\\nc"]', True)),
        (["a\0"], (b'["a\\u0000"]', True)),
        (["a\r", "\u2028"], ("a\r\n\u2028".encode(), False)),
        (["\ud800"], (b"\xed\xa0\x80", False)),
    ],
)
def test_texts_are_lines_unless_one_of_them_has_a_line_break_or_a_nul(texts, packed):
    assert packed_texts(texts) == packed
    assert unpacked_texts(packed[0], is_json=packed[1]) == texts


def test_the_last_byte_of_ascii_is_encoded_and_beyond_it_nothing_is():
    assert form_encoded(b"a\x7fb") == b"a%7Fb"
    assert form_encoded(b"a\x80b") is None
    assert form_encoded(b"plain_text-1.2~\nx") == b"plain_text-1.2~\nx"


# -- columns from columns ----------------------------------------------------------------------------


def test_a_column_that_is_there_already_is_named_and_not_stored():
    known = Restorable({0: lines(3), 1: b"a\nb\nc", 4: b"a\nb\nc"})
    assert known.how(b"a\nb\nc") == ((1, []), [])
    assert not is_stored((1, []))
    assert restored((1, []), b"a\nb\nc", iter(())) == b"a\nb\nc"


@pytest.mark.parametrize(
    ("section", "how", "stored"),
    [
        # 8 rows, one differs: less than a quarter.
        (lines(8, _5="x"), (7, [5]), [b"x"]),
        (lines(8, _0="x"), (7, [0]), [b"x"]),
        # 8 rows, two differ: a quarter is too many.
        (lines(8, _5="x", _6="y"), (OWN, []), [lines(8, _5="x", _6="y")]),
    ],
)
def test_a_column_that_differs_in_few_rows_is_stored_as_those(section, how, stored):
    known = Restorable({7: lines(8)})
    assert known.how(section) == (how, stored)
    assert is_stored(how)
    assert restored(how, lines(8), iter(stored)) == section


@pytest.mark.parametrize(("differing", "is_compared"), [(4, True), (5, False)])
def test_columns_are_compared_if_three_quarters_of_the_first_sixteen_rows_are_alike(
    differing, is_compared
):
    section = lines(40, **{f"_{at}": "x" for at in range(differing)})
    how, stored = Restorable({0: lines(40)}).how(section)
    assert how == ((0, [*range(differing)]) if is_compared else (OWN, []))
    assert stored == ([b"\n".join([b"x"] * differing)] if is_compared else [section])


def test_rows_after_the_sample_may_differ_as_well():
    section = lines(17, _16="x")
    assert Restorable({0: lines(17)}).how(section) == ((0, [16]), [b"x"])


# -- columns of forms --------------------------------------------------------------------------------

_HUNDRED = b"&".join(b"p%d=1" % n for n in range(100))
_MORE = _HUNDRED + b"&q=1"


@pytest.mark.parametrize(
    ("forms", "names", "sections", "others"),
    [
        ([b"a=1&b=2", b"a=3&b=4"], [b"a", b"b"], [b"1\n3", b"2\n4"], {}),
        ([b"a=", b"a=2"], [b"a"], [b"=\n2"], {}),
        ([b"a=1", b"a=2&b=3"], [b"a", b"b"], [b"1\n2", b"\n3"], {}),
        ([b"a=1&c=3", b"b=2"], [b"b", b"a", b"c"], [b"\n2", b"1\n", b"3\n"], {}),
        ([b"a=1&c=3", b"a=1&b=2&c=3"], [b"a", b"b", b"c"], [b"1\n1", b"\n2", b"3\n3"], {}),
        ([b"a=1&a=2", b"a=3"], [b"a", b"a"], [b"1\n3", b"2\n"], {}),
        ([b"a=1", b"junk"], [b"a"], [b"1\n"], {1: b"junk"}),
        ([b"junk", b"", b"a=1"], [b"a"], [b"\n\n1"], {0: b"junk", 1: b""}),
        ([b"junk", b"other"], [], [], {0: b"junk", 1: b"other"}),
        ([b"a=1", b"b=2"], [b"b", b"a"], [b"\n2", b"1\n"], {}),
        ([b"a==1", b"a=2"], [b"a"], [b"\n2"], {0: b"a==1"}),
        ([b"a=1\n", b"a=2"], [b"a"], [b"\n2"], {0: b"a=1\n"}),
        ([b"a=1\nb", b"a=2"], [b"a"], [b"\n2"], {0: b"a=1\nb"}),
        ([b"a=1\na=5", b"a=2"], [b"a"], [b"\n2"], {0: b"a=1\na=5"}),
        ([b"a=1\0", b"a=2"], [b"a"], [b"\n2"], {0: b"a=1\0"}),
        ([b"100%=1", b"100%=2"], [b"100%"], [b"1\n2"], {}),
        ([b"100%=1", b"100%=2&x="], [b"100%", b"x"], [b"1\n2", b"\n="], {}),
        ([b"%=%25&b=", b"%=%b&b=1"], [b"%", b"b"], [b"%25\n%b", b"=\n1"], {}),
        ([b"a=1&x=&b=%25", b"a=2&x=1&b=3"], [b"a", b"x", b"b"], [b"1\n2", b"=\n1", b"%25\n3"], {}),
        ([_MORE, b"a=1"], [b"a"], [b"\n1"], {0: _MORE}),
    ],
)  # fmt: skip
def test_forms_are_columns_by_parameter_and_forms_again(forms, names, sections, others):
    assert columns_of(forms) == FormColumns(names, sections, others)
    assert forms_of(len(forms), FormColumns(names, sections, others)) == forms


def test_a_hundred_parameters_are_columns_and_one_more_is_a_form_of_its_own():
    found = columns_of([_HUNDRED, b"p0=2"])
    assert (len(found.names), found.sections[0], found.others) == (100, b"1\n2", {})
    assert columns_of([_HUNDRED, b"q=1"]).others == {1: b"q=1"}


# -- blocks ------------------------------------------------------------------------------------------


def test_what_is_soon_thrown_away_is_compressed_less():
    emails = [f"{n * 7919 % 1009}@b{n}.org" for n in range(400)]
    forms = [f"a={email}".encode() for email in emails]
    kept, thrown = (packed_block(emails, forms, None, quickly=quickly) for quickly in (False, True))
    assert len(kept) < len(thrown)
    assert zlib.decompress(kept) == zlib.decompress(thrown)


def test_a_block_without_any_form_has_cells_and_emails():
    block = Block(5, packed_block(["a@b.org", ""], [b"", b""], [["1", "x\n"], ["2", ""]]))
    assert [block.email(seq) for seq in (5, 6)] == ["a@b.org", ""]
    assert [block.form(seq) for seq in (5, 6)] == [b"", b""]
    assert [block.cells(seq) for seq in (5, 6)] == [("1", "x\n"), ("2", "")]
    assert [4 in block, 5 in block, 6 in block, 7 in block] == [False, True, True, False]


def test_emails_that_are_no_lines_are_stored_by_themselves():
    block = Block(5, packed_block(["a\nb", "", "c\0"], [b"x=1", b"", b"x=2"], [["a"], [""], ["c"]]))
    assert [block.email(seq) for seq in (5, 6, 7)] == ["a\nb", "", "c\0"]
    assert [block.form(seq) for seq in (5, 6, 7)] == [b"x=1", b"", b"x=2"]
    assert [block.cells(seq) for seq in (5, 6, 7)] == [("a",), ("",), ("c",)]


def test_a_block_of_an_earlier_format_is_read():
    packed = b'["a@b.org", ""]\n[["1", "2"], ["x", ""]]\na=1\n'
    block = Block(5, zlib.compress(packed))
    assert [block.email(seq) for seq in (5, 6)] == ["a@b.org", ""]
    assert [block.form(seq) for seq in (5, 6)] == [b"a=1", b""]
    assert [block.cells(seq) for seq in (5, 6)] == [("1", "x"), ("2", "")]
    assert block.remark("reasons", 5) is None
    assert Block(5, zlib.compress(b'["a@b.org"]\n[]\na=1')).cells(5) == ()


# -- what is stored of judged rows -------------------------------------------------------------------

DOUBT = Problem("W", "careful", "A", "lead_phone", "8 (415)", Severity.WARNING)
BAD = Problem("X", "no", "A")


def test_a_chunk_has_what_is_particular_about_rows_and_a_block_of_all():
    rows = [Row("c.csv", "", n, {"A": f"{n}", "B": ""}) for n in range(2, 7)]
    skipped = Refusal(Status.SKIPPED, (BAD,))
    refused = Refusal(Status.INVALID, (BAD,), again=False)
    judged = [
        ("a@b.org", "a@b.org", (), b"a=1", None),
        ("", "+1", (DOUBT,), b"a=2", None),
        ("", "", (), None, refused),
        ("c@b.org", "c@b.org", (), b"a=4", skipped),
        ("d@b.org", "+4", (), None, None),
    ]
    chunk = chunk_of(rows, judged)
    assert chunk == JudgedChunk(
        ["a@b.org", "", "", "c@b.org", "d@b.org"], ["", "+1", "", "", "+4"], {1: (DOUBT,)},
        {2: refused, 3: skipped}, frozenset({2, 4}), chunk.block,
    )  # fmt: skip
    block = Block(1, chunk.block)
    assert [block.form(seq) for seq in range(1, 6)] == [b"a=1", b"a=2", b"", b"a=4", b""]
    assert [block.remark("warnings", seq) for seq in (1, 2)] == [None, pack_problems([DOUBT])]
    # Reasons of skipped rows are counted by SQL: they are in the row.
    assert [block.remark("reasons", seq) for seq in (3, 4)] == [pack_problems([BAD]), None]
    assert block.cells(2) == ("3", "")
    assert Block(1, chunk_of(rows, judged, keeps_cells=False).block).cells(2) == ()


# -- values ------------------------------------------------------------------------------------------


def test_a_checksum_covers_the_email_as_well_as_the_form():
    assert checksum("a@b.org", None) is None
    assert checksum("a@b.org", b"a=1") == zlib.crc32(b"a@b.orga=1")
    assert checksum("a@b.org", b"a=1") != checksum("c@b.org", b"a=1")


def test_the_file_is_stored_with_the_sheet_of_rows_that_came_from_another_one():
    row = Row("list.xlsx", "One\tTwo", 3, {})
    assert stored_sheet(row, "list.xlsx") == "One Two"
    assert stored_sheet(row, "plan.csv") == "list.xlsx\tOne\tTwo"
    assert source_and_sheet("plan.csv", "list.xlsx\tOne\tTwo") == ("list.xlsx", "One\tTwo")
    assert source_and_sheet("plan.csv", "One") == ("plan.csv", "One")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ('["1", ""]', {"A": "1", "B": ""}),
        (("1", ""), {"A": "1", "B": ""}),
        (None, {}),
        ("", {}),
        ((), {}),
    ],
)
def test_a_row_is_put_together_with_the_cells_that_were_kept(cells, expected):
    sources = {4: SourceInfo("c.csv", "csv", header=("A", "B"), labels=("A", "B"))}
    row = as_row(sources, (4, "S", 9, cells, pack_problems([BAD])))
    assert row == Row("c.csv", "S", 9, expected, (BAD,))


def test_problems_are_stored_with_their_messages_in_parts_so_that_they_can_be_translated():
    told = Problem("X", Message("row {row}: no", row=3), "A", "lead_email", "x", Severity.ERROR)
    text = pack_problems([told, DOUBT])
    assert text is not None
    assert json.loads(text)[1] == ["W", "careful", "A", "lead_phone", "8 (415)", "warning"]
    back = unpack_problems(text)
    assert back == (told, DOUBT)
    assert isinstance(back[0].message, Message)
    assert (pack_problems([]), unpack_problems(None), unpack_problems("")) == (None, (), ())


@pytest.mark.parametrize(
    ("moment", "ms"),
    [
        ("1970-01-01T00:00:00.000Z", 0),
        ("1970-01-01T00:00:01.007Z", 1007),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2026-03-10T11:05:00.250Z", 1773140700250),
    ],
)
def test_a_moment_is_a_number_of_milliseconds(moment, ms):
    assert (pack_ms(moment), unpack_ms(ms)) == (ms, moment)
    assert unpack_moment(ms) == moment


def test_a_moment_may_be_missing_have_no_milliseconds_or_be_a_text_of_an_earlier_format():
    assert (pack_moment(""), unpack_moment("")) == ("", "")
    assert pack_ms("1970-01-01T00:00:02Z") == 2000
    assert unpack_moment("2026-03-10T11:05:00Z") == "2026-03-10T11:05:00Z"
    assert unpack_moment("1007") == "1970-01-01T00:00:01.007Z"
