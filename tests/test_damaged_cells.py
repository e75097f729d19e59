"""What is said of a damaged cell, word for word, and what only the rest of its column or file shows."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bulk_import.models import Problem, Row, Severity
from bulk_import.sources.damage import DamageDetector
from bulk_import.sources.guards import unguarded
from bulk_import.sources.remnants import is_doubtful_in, remnant
from bulk_import.sources.spoiled import spoiled, unmistaken
from bulk_import.sources.suspicion import suspicious


def said(text: str, role: str = "name") -> tuple[str, str]:
    """Code and message; the value is the cell as it is."""
    problem = spoiled(text, role)
    assert problem is not None
    assert (problem.severity, problem.value) == (Severity.ERROR, text)
    return problem.code, str(problem.message)


def warned(text: str, role: str) -> tuple[str, str]:
    problem = spoiled(text, role)
    assert problem is not None
    assert problem.severity is Severity.WARNING
    return problem.code, str(problem.message)


# -- letters -----------------------------------------------------------------------------------------


def test_letters_that_could_not_be_read_are_lost():
    lost = (
        "TEXT_LOST",
        "the cell holds \ufffd, which stands for a letter that an earlier program could not read; "
        "export the data again from where it is still whole",
    )
    assert said("M\ufffdller") == said("Mï¿½ller") == lost


def test_utf_8_in_another_encoding_is_named_with_what_was_meant_once_or_twice_over():
    reason = (
        "in the wrong encoding; import the file that it comes from as UTF-8 and export it again"
    )
    assert said("MÃ¼ller") == ("TEXT_MOJIBAKE", f"'MÃ¼ller' is 'Müller' {reason}")
    assert said("MÃƒÂ¼ller") == ("TEXT_MOJIBAKE", f"'MÃƒÂ¼ller' is 'Müller' {reason}")
    long = "MÃ¼ller " * 10
    assert said(long)[1] == f"{long[:60]!r} is {('Müller ' * 10)[:60]!r} {reason}"


def test_a_single_pair_of_cyrillic_letters_may_be_a_word():
    assert unmistaken("Рё") == ""
    assert unmistaken("РРё") == ""
    assert unmistaken("РёРґ") == "ид"
    assert unmistaken("Ã¼") == "ü"
    assert unmistaken("╨╕") == "и"  # of cp437
    assert unmistaken("├╝") == "ü"
    assert unmistaken("Ann") == ""


def test_the_five_bytes_that_cp1252_leaves_free_are_control_characters():
    assert unmistaken("Ã\x81") == "Á"
    assert unmistaken("ÐÐ½Ð½Ð°".replace("ÐÐ", "Ð\x90Ð", 1)) == "Анна"


def test_half_a_letter_and_a_sign_within_a_word_are_torn():
    torn = "was read in the wrong encoding and lost letters on the way; export the data again from where it is still whole"
    assert said("Mü MÃ¼") == ("TEXT_MOJIBAKE", f"'Mü MÃ¼' {torn}")
    assert said("Bj°rn", "city") == ("TEXT_MOJIBAKE", f"'Bj°rn' {torn}")
    assert spoiled("Bj°rn", "address") is None
    assert spoiled("20 °C", "city") is None
    long = "Mü MÃ¼ " * 10
    assert said(long) == ("TEXT_MOJIBAKE", f"{long[:60]!r} {torn}")


def test_cyrillic_words_that_were_read_as_western_are_named():
    reason = "in the wrong encoding; export the data again from where it is still whole"
    assert said("Àííà") == ("TEXT_MOJIBAKE", f"'Àííà' is 'Анна' {reason}")
    assert said("ÀÍÍÀ x") == ("TEXT_MOJIBAKE", f"'ÀÍÍÀ x' is 'АННА' {reason}")
    assert spoiled("Àííà", "email") is None
    # Two letters, no vowel, or capitals in the middle: nothing is proven.
    for text in ("Àí", "íííí", "àÍíà", "Éí-à"):
        assert spoiled(text, "name") is None, text


def test_long_cells_are_cited_by_their_beginning():
    for text, shown in (
        ("Àííà " * 13, 60),
        ("<b>Ann</b> " * 5, 40),
        ("=SUM(A1:A9)".ljust(50, "x") + ")", 40),
    ):
        cited = str(said(text)[1])
        assert text[:shown] in cited
        assert text[: shown + 1] not in cited
    assert said(f"[{'1, ' * 20}1]")[1] == f"[{'1, ' * 13} is JSON, not one value"
    assert said("Ann?Lee " * 6)[1].startswith(f"{('Ann?Lee ' * 6)[:40]!r} has a question mark")
    assert said("&amp;" * 15)[1].startswith(
        f"{('&amp;' * 15)[:60]!r} is written as in a web page: "
    )


# -- numbers and dates -------------------------------------------------------------------------------


def test_a_shortened_number_is_an_error_but_in_phones():
    assert said("4.49E+11", "text") == (
        "NUMBER_SCIENTIFIC",
        "4.49E+11 is a long number that was shortened, its digits are lost; format the column as "
        "text and enter it again",
    )
    assert said("-4,4E+1", "text")[0] == "NUMBER_SCIENTIFIC"
    for text, role in (("4.49E+11", "phone"), ("4.49E+11", "email"), ("4E+11", "text"), ("4.49E-11", "text"), ("4.49E+1111", "text")):  # fmt: skip
        assert spoiled(text, role) is None, text


def test_more_than_fifteen_digits_that_end_in_zeros_are_a_warning():
    assert warned("1234567890123450", "text") == (
        "NUMBER_ROUNDED",
        "1234567890123450 has 16 digits that end in zeros: a spreadsheet keeps 15 and makes the "
        "rest zeros",
    )
    assert spoiled("123456789012340", "text") is None
    assert spoiled("0234567890123450", "text") is None
    assert spoiled("1234567890123451", "text") is None
    assert warned("1" * 15 + "0" * 17, "text")[0] == "NUMBER_ROUNDED"
    assert spoiled("1" * 15 + "0" * 18, "text") is None


def test_a_text_may_be_as_long_as_programs_keep_them_but_not_exactly_so():
    for length in (255, 32_767):
        code, message = warned("x" * length, "text")
        assert (code, message) == (
            "TEXT_CUT",
            f"exactly {length:,} characters, the most that some programs keep: the end is probably "
            "cut off",
        )
        found = spoiled("x" * length, "email")
        assert found is not None
        assert found.value == "x" * 40
        for other in (length - 1, length + 1):
            assert spoiled("x" * other, "text") is None


def test_dates_are_refused_where_none_can_be_and_doubted_among_tags():
    assert said("2024-05-12", "postal_code") == (
        "VALUE_IS_DATE",
        "2024-05-12 is a date where a postal code should be; a spreadsheet program has turned the "
        "value into one. Format the column as text and enter it again",
    )
    assert warned("5-May", "list_ids") == (
        "VALUE_IS_DATE",
        "5-May looks like something that a spreadsheet program has turned into a date",
    )
    for text in ("2024-05-12 10:30:00", "Mar 85", "12-March-2024", "1-янв", "Sept-24"):
        assert said(text, "phone")[0] == "VALUE_IS_DATE"
    for text in ("Maria 85", "2024-5-12", "5-Mayo", "1-jan"):
        assert spoiled(text, "phone") is None


def test_question_marks_where_letters_were_are_lost_texts():
    lost = (
        "TEXT_LOST",
        "question marks stand where an earlier program could not write the letters; export the "
        "data again as UTF-8",
    )
    assert said("???") == said("???? ????-???") == said("- ???.", "text") == lost
    assert spoiled("what ???", "text") is None
    assert spoiled("? ?", "text") is None


# -- what is no value --------------------------------------------------------------------------------


def test_a_word_for_a_missing_value_is_an_error():
    assert said("NULL") == (
        "VALUE_PLACEHOLDER",
        "'NULL' stands for a missing value; clear the cell, or give its meaning by values: in the "
        "mapping",
    )
    # A short word may mean something where any text may be.
    assert spoiled("-", "text") is None
    assert said("---", "text")[0] == said("0000-00-00", "text")[0] == "VALUE_PLACEHOLDER"
    # No name and no city, but an answer elsewhere.
    for text in ("0", "TRUE", "нет", "0.0"):
        assert said(text, "city")[0] == "VALUE_PLACEHOLDER"
        assert spoiled(text, "tags") is None


def test_words_that_are_names_as_well_are_doubted_where_a_name_may_be():
    assert warned("None", "postal_code") == (
        "VALUE_PLACEHOLDER",
        "'None' may be a missing value rather than a postal code",
    )
    assert warned(" Na ", "tags")[1] == "'Na' may be a missing value rather than a tags"
    for role in ("address", "text", "state", "email", "phone"):
        assert spoiled("None", role) is None
        assert not is_doubtful_in(role)
    assert is_doubtful_in("name")


def test_an_error_of_a_formula_is_named_in_every_column_but_those_of_rules():
    problem = spoiled(" #N/A ", "email")
    assert problem == Problem(
        "CELL_ERROR",
        "#N/A is what a spreadsheet program shows instead of a value; correct it in the file that "
        "this one comes from",
        value="#N/A",
    )
    assert spoiled("####", "phone") == spoiled("####", "name")
    assert said("err:502")[0] == "CELL_ERROR"
    assert spoiled("#N/A", "rule") is None
    assert spoiled("###", "name") is None


def test_a_template_that_was_never_filled_in_is_named_wherever_it_is():
    assert said("Dear {{ first_name }}!") == (
        "TEXT_TEMPLATE",
        "{{ first_name }} is a placeholder that was never filled in",
    )
    assert spoiled("{{x}}", "phone") is None


# -- other notations ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant", "where"),
    [
        ("O&#039;Neill", "O'Neill", "a web page"), ("Smith &amp;amp; Co", "Smith & Co", "a web page"), ("M%C3%BCller", "Müller", "a web address"),
        ("M=C3=BCller", "Müller", "an e-mail"), ("=?UTF-8?Q?M=C3=BCller?=", "Müller", "a line of an e-mail"), ("M+APw-ller", "Müller", "UTF-7"),
        ("M\\u00fcller", "Müller", "JSON"), ("a\\/b", "a/b", "JSON"), ("Ann_x000D__x000A_Lee", "Ann Lee", "a workbook's XML"),
    ],
)  # fmt: skip
def test_a_text_in_another_notation_is_named_with_its_meaning(text, meant, where):
    assert said(text) == (
        "TEXT_ENCODED",
        f"{text!r} is written as in {where}: {meant!r} was meant; enter it as plain text",
    )


def test_a_notation_that_means_nothing_is_named_without_a_meaning():
    plain = "is written as in {}; enter it as plain text"
    assert said("M%C3%BCller %FF")[1] == f"'M%C3%BCller %FF' {plain.format('a web address')}"
    assert said('"M\\u00fcller"')[1] == f"""'"M\\\\u00fcller"' {plain.format("JSON")}"""
    assert said("=?klingon?Q?x?=")[1] == f"'=?klingon?Q?x?=' {plain.format('a line of an e-mail')}"
    # In a text of any kind a backslash may be one.
    assert spoiled('"M\\u00fcller"', "text") is None
    assert said("M\\u00fcller", "text")[0] == "TEXT_ENCODED"


def test_addresses_of_the_web_have_their_notation():
    for text in ("https://x.org/M%C3%BCller", "www.x.org/M%C3%BCller"):
        assert spoiled(text, "social") is None
    assert said("x.org/M%C3%BCller", "social")[0] == "TEXT_ENCODED"


def test_formulas_tags_and_json_are_no_values():
    assert said('=HYPERLINK("https://x.org", "Ann")') == (
        "FORMULA_AS_TEXT",
        '=HYPERLINK("https://x.org", "Ann") is a formula written as text; paste its result as a value',
    )
    assert said("=A1+B2", "email")[0] == "FORMULA_AS_TEXT"
    assert spoiled("=A", "email") is None
    assert said("<b>Ann</b>") == ("TEXT_MARKUP", "'<b>Ann</b>' has HTML tags in it; remove them")
    assert warned("<b>Ann</b>", "text")[0] == "TEXT_MARKUP"
    assert spoiled("<Ann>", "text") is None
    assert said('["a", "b"]') == ("TEXT_MARKUP", '["a", "b"] is JSON, not one value')
    for text, role in (('["a", "b"]', "tags"), ("[a]", "name"), ("[1", "name")):
        assert spoiled(text, role) is None
    assert spoiled("[" * 5000, "name") is None


def test_a_whole_number_with_a_decimal_is_an_error_where_digits_are_meant():
    said_of = (
        "12345.0 is a whole number that a program has turned into a decimal; format the column as "
        "text and export it again"
    )
    assert said("12345.0", "postal_code") == ("NUMBER_FLOAT", said_of)
    assert warned("12345.0", "text") == warned("12345.0", "address") == ("NUMBER_FLOAT", said_of)
    assert spoiled("12.0", "postal_code") is None
    assert spoiled("12345.00", "postal_code") is None


def test_a_question_mark_at_a_letter_was_a_letter():
    reason = "has a question mark where an earlier program could not write a letter; export the data again as UTF-8"
    assert said("M?ller") == ("TEXT_LOST", f"'M?ller' {reason}")
    assert said("Hauptstra?e 5", "address")[0] == "TEXT_LOST"
    either = "a letter that an earlier program could not write, or a doubt; export the data again as UTF-8, or remove the mark"
    for text in ("Jos?", "Anna?"):
        assert said(text) == ("TEXT_LOST", f"'{text}' ends with a question mark: {either}")
    assert spoiled("x/y?z=1", "address") is None
    assert spoiled("M?ller", "text") is None


def test_what_rules_look_at_is_left_as_it_is():
    for text in ("&amp;", "=?UTF-8?Q?x?=", "NULL", "{{x}}"):
        assert remnant(text, "rule") is None


# -- what others in the column show ------------------------------------------------------------------


def watched(
    roles: dict[str, str], rows: Sequence[dict[str, str]]
) -> tuple[list[list[str]], list[str]]:
    """Codes of each row, and the findings of the whole column."""
    detector = DamageDetector(roles)
    supply = [Row("f", "", number, cells) for number, cells in enumerate(rows, 2)]
    codes = [[problem.code for problem in row.problems] for row in detector.watched(supply)]
    return codes, [f"{problem.column}: {problem.message}" for problem in detector.findings()]


def lengths(role: str, *values: str) -> list[str]:
    return watched({"C": role}, [{"C": value} for value in values])[1]


def test_twenty_peers_that_are_nine_in_ten_prove_that_a_digit_is_missing():
    said_of = "C: 1 numbers have 2 digits, {} others have 3: a digit is probably missing (rows {})"
    assert lengths("phone", *["123"] * 20, "12") == [said_of.format(20, 22)]
    assert lengths("phone", *["123"] * 19, "12") == []
    assert lengths("phone", *["123"] * 27, "12", "1", "1") == [said_of.format(27, 29)]
    assert lengths("phone", *["123"] * 27, "12", "1", "1", "1") == []
    assert lengths("phone", *["123"] * 30, "1234") == []
    assert lengths("text", *["123"] * 30, "12") == []
    # What is not made of digits is of no length.
    assert lengths("phone", *["123"] * 20, "12", *["a"] * 9, *["1-2"] * 9) == [
        said_of.format(20, 22)
    ]


def test_eight_rows_are_named_and_more_are_hinted_at():
    code = "{n} codes have 2 digits, 200 others have 3: a zero in front was probably lost when the column was read as numbers (rows {rows})"
    eight, nine = ["12"] * 8, ["12"] * 9
    rows = "2, 3, 4, 5, 6, 7, 8, 9"
    assert lengths("postal_code", *eight, *["123"] * 200) == [f"C: {code.format(n=8, rows=rows)}"]
    assert lengths("postal_code", *nine, *["123"] * 200) == [
        f"C: {code.format(n=9, rows=rows + ', …')}"
    ]


def test_rows_are_named_across_chunks():
    values = [*["123"] * 400, "12", *["123"] * 400, *["12"] * 9]
    (found,) = lengths("phone", *values)
    assert found.endswith("(rows 402, 803, 804, 805, 806, 807, 808, 809, …)")


def test_three_people_may_be_called_none_and_the_fourth_is_missing():
    doubt, missing = (
        "'None' may be a missing value rather than a name",
        "'None' stands for a missing value; clear the cell, or give its meaning by values: in the "
        "mapping",
    )
    detector = DamageDetector({"Surname": "name"})
    rows = [Row("f", "", number, {"Surname": "None"}) for number in range(2, 7)]
    found = [problem for row in detector.watched(rows) for problem in row.problems]
    assert [(str(p.message), p.is_error, p.column) for p in found] == [
        *[(doubt, False, "Surname")] * 3,
        *[(missing, True, "Surname")] * 2,
    ]
    (finding,) = detector.findings()
    assert finding == Problem(
        "VALUE_PLACEHOLDER",
        "'None' stands in 5 rows (rows 2, 3, 4, 5, 6): a missing value; the first of them may have "
        "passed as names",
        column="Surname",
        severity=Severity.WARNING,
    )
    assert watched({"S": "name"}, [{"S": "None"}] * 3)[1] == []


def test_two_placeholders_in_a_row_are_missing_values():
    detector = DamageDetector({"Name": "name", "City": "city"})
    rows = [
        Row("f", "", 2, {"Name": "None", "City": "Nan"}),
        Row("f", "", 3, {"Name": "None", "City": "M?nchen"}),
    ]
    first, second = detector.watched(rows)
    assert [(p.code, p.is_error) for p in first.problems] == [("VALUE_PLACEHOLDER", True)] * 2
    assert [(p.code, p.is_error) for p in second.problems] == [
        ("VALUE_PLACEHOLDER", False),
        ("TEXT_LOST", True),
    ]


def test_the_problems_that_a_row_had_come_first():
    had = Problem("ROW_RAGGED", "x")
    (row,) = DamageDetector({"A": "name"}).watched([Row("f", "", 2, {"A": "NULL"}, (had,))])
    assert [problem.code for problem in row.problems] == ["ROW_RAGGED", "VALUE_PLACEHOLDER"]


def test_columns_that_nobody_uses_are_not_watched():
    detector = DamageDetector(
        {"A": "", "Phone": "phone", "Name": "name", "Note": "text", "Zip": "postal_code"}
    )
    assert detector.columns == ("Phone", "Zip", "Name")
    (row,) = detector.watched(
        [Row("f", "", 2, {"A": "NULL", "Phone": "", "Name": "", "Note": "", "Zip": ""})]
    )
    assert row.problems == ()


def test_rows_that_depend_on_others_are_those_with_doubtful_words():
    detector = DamageDetector({"Name": "name", "Note": "text", "City": "city"})
    cells = {
        "Name": ["Ann", " None ", "Nonesuch", "Test"],
        "Note": ["None", "x", "y", "z"],
        "City": ["NA", "Bonn", "", "Rome"],
    }
    assert detector.depending(cells) == {0, 1, 3}
    assert detector.depending({"Name": ["Ann"], "City": ["Bonn"]}) == set()
    assert detector.depending({"Name": ["None"], "City": ["Bonn"]}) == {0}
    assert detector.depending({"Name": ["Ann"], "City": ["None"]}) == {0}
    assert detector.depending({"Name": [], "City": []}) == set()


def test_a_spoiled_cell_is_found_in_chunk_after_chunk_among_cells_that_repeat():
    rows = [{"A": "Ann"}] * 499 + [{"A": "NULL"}] + [{"A": "Ann"}] * 499 + [{"A": "NULL"}]
    codes = watched({"A": "name"}, rows)[0]
    assert [at for at, found in enumerate(codes) if found] == [499, 999]


# -- which cells are looked at -----------------------------------------------------------------------


def test_of_many_cells_only_the_neighbours_of_a_suspicious_one_are_examined():
    cells = [f"Ann{n}" for n in range(64)]
    assert suspicious(cells, "name") == ()
    cells[40] = "NULL"
    assert list(suspicious(cells, "name")) == cells[40:48]
    assert list(suspicious(cells[40:48], "name")) == cells[40:48]
    assert list(suspicious(cells[39:48], "name")) == cells[39:43]


@pytest.mark.parametrize(
    ("cell", "role"),
    [
        ("x" * 255, "text"), ("a\x1eb", "text"), ("M\ufffdller", "name"), ("MÃ¼ller", "name"), ("Àííà", "name"), ("Bj°rn", "name"), ("12345.0", "text"), ("123.0 ", "text"),
        ("Err:502", "text"), ("Err:502", "phone"), ("#N/A", "phone"), ("=?UTF-8?Q?x?=", "email"), ("_x000D_", "text"), ("M+APw-ller", "text"), (" None ", "name"),
        ("4.49E+11", "text"), ("???", "text"), ("1234567890123450", "text"), ("2024-05-12", "phone"), ("2024-05-12", "tags"), ("5-May", "name"), ("&amp;", "text"),
        ("a\\/b", "text"), ("[1]", "text"), ("<b>", "text"), ("50%", "text"), ("a*b", "text"), ("$x", "text"), ("{x}", "text"), ("a=b", "text"), ("a?b", "text"), ("a#b", "text"),
    ],
)  # fmt: skip
def test_every_cell_with_a_mark_of_damage_is_examined(cell, role):
    assert list(suspicious([cell], role)) == [cell]


ENDS = "\u0080 \u00bf \u00c0 \u07ff \u0800 \uffff \U00010000 \U0010ffff".split(" ")
NO_UTF_8 = [b"\xc1\x80", b"\xc2\x7f", b"\xc2\xc0", b"\xdf\xc0", b"\xe0\x80", b"\xef\xbf", b"\xf0\x90\x80", b"\xf5\x80\x80\x80", b"\x80", b"\xbf\xbf"]  # fmt: skip


@pytest.mark.parametrize("encoding", ["mac-roman", "cp437", "cp866", "latin-1"])
def test_what_can_be_utf_8_in_another_encoding_is_examined_to_the_ends_of_its_range(encoding):
    for char in ENDS:
        cell = f"a{char.encode().decode(encoding)}b"
        assert suspicious([cell], "text") == [cell], char
        assert suspicious([cell + cell], "text") == [cell + cell], char
    for raw in NO_UTF_8:
        assert suspicious([f"a{raw.decode(encoding)}b"], "text") == (), raw


@pytest.mark.parametrize(
    ("cell", "role"),
    [
        ("x" * 254, "text"), ("Müller", "name"), ("Bj°rn", "address"), ("12345.05", "text"), ("2024-05-12", "text"), ("2024-05-12", "email"),
        ("123456789012345", "email"), ("4.49E+11", "email"), ("a&b", "phone"), ("Ann+Ben", "text"), ("None", "phone"), ("4.49e+11", "text"), ("12345678901234", "text"), ("Nonesuch", "name"),
    ],
)  # fmt: skip
def test_cells_without_one_are_not(cell, role):
    assert suspicious([cell], role) == ()


# -- guards ------------------------------------------------------------------------------------------


def test_three_guards_that_are_most_of_a_row_make_apostrophes_guards():
    assert unguarded(["'Ben", "'Cole", "'x"]) == (["Ben", "Cole", "x"], [0, 1, 2])
    assert unguarded(["'Ben", "'Cole", "x"])[1] == []
    assert unguarded(["'Ben", "'Cole", "'x", "a", "b"])[1] == [0, 1, 2]
    assert unguarded(["'Ben", "'Cole", "'x", "a", "b", "c"])[1] == []
    assert unguarded(["'Ben", "'Cole", "'x", "", "", ""])[1] == [0, 1, 2]
    assert unguarded(["'t Hooft", "'Cole", "'x'"]) == (["'t Hooft", "Cole", "'x'"], [1])


def test_guards_of_formulas_and_apostrophes_are_told_apart():
    assert unguarded(['="a"', '\'="b"', 'x="c"', '=""']) == (["a", '="b"', 'x="c"', ""], [0, 1, 3])
    for cell, meant in (("'12 34", "12 34"), ("'12", "'12"), ("'0", "'0"), ("'00", "00")):
        assert unguarded([cell, "x"])[0] == [meant, "x"]
