"""The encoding of a file: what proves it, what makes it a guess, and what is refused with which words."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources.text.encoding import (
    Encoding,
    choose_encoding,
    detect_encoding,
    encoding_of_texts,
    known_encoding,
    readings,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.csv"


def detected(file: Path, raw: bytes) -> Encoding:
    file.write_bytes(raw)
    return detect_encoding(file, "a.csv")


def refusal(file: Path, raw: bytes) -> tuple[str, str]:
    with pytest.raises(SourceError) as caught:
        detected(file, raw)
    return caught.value.code, str(caught.value)


# -- proofs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "name"),
    [
        (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    ],
)  # fmt: skip
def test_a_byte_order_mark_proves_an_encoding_whatever_follows(file, mark, name):
    assert detected(file, mark + b"\xff\0x") == Encoding(name, "byte order mark", is_certain=True)


def test_ascii_and_valid_utf_8_are_proofs(file):
    plain = Encoding("utf-8", "no byte beyond ASCII", is_certain=True)
    assert detected(file, b"A,B\n1,2\n") == detected(file, b"") == plain
    valid = Encoding("utf-8", "all of the file is valid UTF-8", is_certain=True)
    assert detected(file, "A,B\nZoë,2\n".encode()) == valid


def test_all_of_a_large_file_is_looked_at(file):
    block = 1 << 20
    start = b"x,y\n" * (block // 4 - 1) + b"abc"
    assert len(start) == block - 1
    # A letter lies on both sides of a block's end; the last byte is one of another encoding.
    assert detected(file, start + "é\n".encode()).evidence == "all of the file is valid UTF-8"
    assert detected(file, start + b"a\n").evidence == "no byte beyond ASCII"
    assert refusal(file, start + b"a\n\xe9")[0] == "ENCODING_UNCLEAR"


def test_the_encoding_that_was_set_is_not_looked_for(file):
    file.write_bytes(b"\xff\xfe\0")
    set_one = Encoding("cp1251", "as set", is_certain=True)
    assert choose_encoding(file, "a.csv", " Windows-1251 ") == set_one
    assert choose_encoding(file, "a.csv", None).evidence == "byte order mark"
    assert choose_encoding(file, "a.csv", "").evidence == "byte order mark"


def test_an_encoding_that_nobody_knows_is_refused():
    assert known_encoding("UTF8", "a.csv") == "utf-8"
    for name in ("klingon", "", "utf\0"):
        with pytest.raises(SourceError) as caught:
            known_encoding(name, "a.csv")
        assert (caught.value.code, str(caught.value)) == (
            "ENCODING_UNKNOWN",
            f"a.csv: encoding {name!r} is unknown; try utf-8, cp1251, cp1252 or utf-16",
        )


# -- zero bytes --------------------------------------------------------------------------------------

NOT_TEXT = ("SOURCE_BINARY", "a.csv: zero bytes in it: not a text file in an encoding we know")


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_zeros_in_every_other_byte_are_utf_16_without_a_mark(file, name):
    found = Encoding(name, "every other byte is zero", is_certain=True)
    assert detected(file, "A,B\nAnn,Анна\n".encode(name)) == found
    # More than four of ten letters must be of the first 256, fewer than one of ten end in a zero byte.
    assert detected(file, ("ж" * 11 + "A,B\nAnn\nB").encode(name)) == found
    assert refusal(file, ("ж" * 12 + "A,B\nAnn\n").encode(name)) == NOT_TEXT
    assert detected(file, ("Ā" + "A,B\nAnn,Ben,Cid,Dee").encode(name)) == found
    assert refusal(file, ("ĀĀ" + "A,B\nAnn,Ben,Cid,De").encode(name)) == NOT_TEXT


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_utf_16_of_a_text_has_a_separator_and_no_control_characters(file, name):
    assert refusal(file, "Annaundso".encode(name)) == NOT_TEXT
    assert refusal(file, "A,B\n\x02\n".encode(name)) == NOT_TEXT
    for separator in "\n\r,;\t ":
        assert detected(file, f"Anna{separator}Ben".encode(name)).name == name
    # The ends of the range of control characters; \x01 and \x1f separate cells.
    for char in "\x08\x0e\x1a":
        assert refusal(file, f"A,B{char}".encode(name)) == NOT_TEXT
    for char in "\x01\t\r\x1b\x1f":
        assert detected(file, f"A,B{char}".encode(name)).name == name


def test_other_zero_bytes_are_no_text(file):
    assert refusal(file, b"A,B\n1,\0\n") == NOT_TEXT
    assert refusal(file, b"A\0,\0B\0\n\0" + b"ABCD" * 20) == NOT_TEXT


# -- UTF-7 -------------------------------------------------------------------------------------------


def test_letters_as_in_utf_7_are_asked_about(file):
    said = (
        "ENCODING_UNCLEAR",
        "a.csv: its letters are written as in UTF-7 (+APwA6A- is üè); set source: encoding: utf-7 in "
        "the mapping, or save the file as UTF-8",
    )
    assert refusal(file, b"Name\nM+APwA6A-ller\n") == said
    two = refusal(file, b"Name\nM+APw-ller\nBj+APY-rn\n")
    assert two[0] == "ENCODING_UNCLEAR"
    assert "(+APw- is ü)" in two[1]
    # Two long ones of another script.
    assert refusal(file, b"Name\n+ZeVnLIqe-\n+ZeVnLIqd-\n")[0] == "ENCODING_UNCLEAR"


@pytest.mark.parametrize(
    "text",
    [
        b"M+APw-ller", b"Beer+BBQ", b"a+APw-b@x.org,b+APY-c@x.org", b"+12025550123,+14155550123", b"C+foo-bar", b"+ZeVnLIqe-", b"+ABC-, +ABD-", b"1+1,a+b",
    ],
)  # fmt: skip
def test_what_may_be_a_word_an_address_or_a_number_is_no_utf_7(file, text):
    assert detected(file, b"Name\n" + text + b"\n").evidence == "no byte beyond ASCII"


# -- damaged UTF-8 -----------------------------------------------------------------------------------

GOOD, BAD = "Zoë,x\n".encode(), b"Zo\xeb,x\n"


def damaged(file: Path, raw: bytes) -> bool:
    """Is it refused as UTF-8 that was damaged? Else it is read in another encoding, or asked about."""
    file.write_bytes(raw)
    try:
        detect_encoding(file, "a.csv")
    except SourceError as exc:
        return exc.code == "SOURCE_BROKEN"
    return False


def test_four_good_lines_that_are_more_than_the_bad_ones_prove_damage(file):
    said = (
        "SOURCE_BROKEN",
        "a.csv: line 2 is not UTF-8, but {} other lines are; correct it, or export the file again as "
        "UTF-8",
    )

    assert refusal(file, b"A,B\n" + BAD + GOOD * 4) == (said[0], said[1].format(4))
    assert not damaged(file, b"A,B\n" + BAD + GOOD * 3)
    assert damaged(file, b"A,B\n" + BAD * 4 + GOOD * 5)
    assert not damaged(file, b"A,B\n" + BAD * 5 + GOOD * 5)
    # Lines within ASCII say nothing.
    assert not damaged(file, b"A,B\n" * 9 + BAD + GOOD * 3)


def test_after_a_thousand_lines_it_is_known_whether_most_are_utf_8(file):
    assert refusal(file, GOOD * 501 + BAD * 499 + BAD * 99 + GOOD * 300) == (
        "SOURCE_BROKEN",
        "a.csv: line 502 is not UTF-8, but 801 other lines are; correct it, or export the file again "
        "as UTF-8",
    )
    assert not damaged(file, GOOD * 500 + BAD * 500 + GOOD * 900)


def test_a_file_that_breaks_off_in_a_letter_has_two_good_lines(file):
    said = (
        "SOURCE_BROKEN",
        "a.csv: line 4: the file breaks off in the middle of a letter, so a part of it is missing; "
        "export or copy it again",
    )
    assert refusal(file, b"A,B\n" + GOOD * 2 + b"Zo\xc3") == said
    for other in (
        b"A,B\n" + GOOD + b"Zo\xc3",  # one good line
        b"A,B\n" + GOOD * 2 + b"Zo\xc3\n",  # the line has its end
        b"A,B\n" + GOOD * 2 + b"Zo\xc3x",  # the letter is another one
        b"A,B\n" + BAD + GOOD * 2 + b"Zo\xc3",  # two bad lines
        b"A,B\n" + b"Zo\xc3\n" + GOOD * 2,  # not the last line
    ):
        assert not damaged(file, other), other


def test_lines_are_numbered_however_they_end(file):
    for end in (b"\n", b"\r\n", b"\r"):
        lines = [b"A,B", GOOD.strip(), BAD.strip(), *[GOOD.strip()] * 4]
        assert "line 3 is not UTF-8, but 5 other" in refusal(file, end.join(lines))[1]


# -- guesses -----------------------------------------------------------------------------------------


def test_a_guess_names_its_evidence(file):
    german = "Jürgen Müller;Köln\nBjörn Schröder;Lübeck\nGünther Groß;Straße\n"
    assert detected(file, german.encode("cp1252")) == Encoding(
        "cp1252", "the letters make words of German", is_certain=False
    )
    japanese = "安房郡鋸南町大田区八千代市川崎市多摩区小笠原村"
    assert detected(file, japanese.encode("cp932")) == Encoding(
        "cp932", "valid throughout, common characters", is_certain=False
    )


def test_what_is_unclear_names_up_to_five_candidates_each_once(file):
    code, said = refusal(file, b"Name\n\xd0\xe4k\n")
    assert code == "ENCODING_UNCLEAR"
    begin, end = "a.csv: the encoding is not clear (not UTF-8; it could be ", "); set source: encoding: in the mapping, or save the file as UTF-8"  # fmt: skip
    assert said.startswith(begin)
    assert said.endswith(end)
    names = said.removeprefix(begin).removesuffix(end).split(", ")
    assert len(set(names)) == 5  # of nine
    assert "cp1252" in names
    assert "it could be cp1252)" in refusal(file, b"Name\nZo\xeb\n")[1]


def test_texts_of_a_workbook_have_one_encoding(file):
    assert encoding_of_texts("Zoë\nÅsa".encode()) == "utf-8"
    assert encoding_of_texts(b"Ann") == "utf-8"
    assert encoding_of_texts("Jürgen Müller Köln Günther Groß Straße".encode("cp1252")) == "cp1252"
    assert (
        encoding_of_texts("Jürgen Müller\nKöln\nGünther Groß\nStraße".encode("cp1252")) == "cp1252"
    )
    with pytest.raises(SourceError, match=r"^its texts: the encoding is not clear"):
        encoding_of_texts(b"Zo\xeb")


def test_readings_of_the_most_telling_line_are_all_different(file):
    file.write_bytes("Name;City\nMüller;Bonn\nGünther Größe;Köln\nAnn;Bonn\n".encode("cp1252"))
    found = readings(file)
    assert found[0] == ("cp1252", "Günther Größe;Köln")
    assert len(found) == len({text for _, text in found}) == 3
    assert len(readings(file, most=2)) == 2
    assert all(text.isprintable() for _, text in found)
    file.write_bytes(b"Name;City\nAnn;Bonn\n")
    assert readings(file) == []
    # Also where no encoding is likelier than the others.
    file.write_bytes(b"Name\nKuli\xb1\n")
    assert readings(file)[:2] == [("iso8859-2", "Kulią"), ("cp1252", "Kuli±")]


def test_readings_of_east_asian_texts_begin_with_theirs(file):
    file.write_bytes("安房郡鋸南町大田区八千代市川崎市多摩区".encode("cp932"))
    name, text = readings(file)[0]
    assert (name, text) == ("cp932", "安房郡鋸南町大田区八千代市川崎市多摩区")
