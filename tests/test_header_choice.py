"""Which line names the columns: what speaks for a line, what against it, and what the lines around it are."""

from __future__ import annotations

import pytest

from bulk_import.sources.header import (
    Choice,
    bare_list,
    choose_header,
    folded,
    kind_of_cell,
)

A, B, C, D = "a@b.org", "b@b.org", "c@b.org", "d@b.org"


def chosen(*lines: list[str], columns: tuple[str, ...] = ()) -> Choice:
    choice = choose_header(lines, columns)
    assert choice is not None
    return choice


# -- kinds of cells ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", ""), (" \t", ""), (" a@b.org ", "email"), ("a@b", "text"), ("a b@c.org", "text"), ("a@b.org;c@d.org", "text"), ("https://x.org/a", "url"), ("WWW.x.org", "url"),
        ("2024-05-12", "date"), ("12/5/24", "date"), ("2024-05-12T10:30", "date"), ("2024-05-12 10:30", "date"), ("10:30", "date"), ("1:02:03", "date"), ("10:3", "text"),
        ("7", "number"), ("+1 202-555", "number"), ("(202) 555", "number"), ("1,234.50", "number"), ("50%", "number"), ("-5", "number"), ("-", "text"), ("+", "text"),
        ("yes", "flag"), ("TRUE", "flag"), ("Да", "flag"), ("nein", "flag"), ("yes!", "text"), ("Ann", "text"),
        ("1" * 254, "number"), ("1" * 255, "text"), (" " + "1" * 254, "number"),
    ],
)  # fmt: skip
def test_the_kind_of_a_cell_is_that_of_all_of_its_text(text, kind):
    assert kind_of_cell(text) == kind


def test_names_are_compared_without_case_and_with_single_blanks():
    assert folded("  E\u00a0 Mail\nADDRESS ") == "e mail address"
    assert folded("STRASSE") == folded("Straße")


# -- lists without a header --------------------------------------------------------------------------


def test_a_list_begins_with_an_address_in_a_column_of_addresses():
    assert bare_list([[A], [B]]) is True
    assert bare_list([["Ann", A], ["Ben", B]]) is True
    assert bare_list([["Ann <a@b.org>"], [B]]) is True
    assert bare_list([["anna@example"], [B]]) is True
    assert bare_list([["E-mail"], [A], [B]]) is False
    assert bare_list([["a@b.org and c@b.org"], [B]]) is False
    assert bare_list([["Ann", A], ["Ben"], ["Cid", C]]) is True
    assert bare_list([]) is False
    assert bare_list([[], [" "]]) is False


def test_six_of_ten_cells_must_be_addresses_blank_ones_do_not_count():
    others = ["x"] * 4
    assert bare_list([[A]] * 6 + [[text] for text in others]) is True
    assert bare_list([[A]] * 5 + [[text] for text in others]) is False
    assert bare_list([[A]] * 6 + [[text] for text in others] + [[" "], []] * 5) is True
    # A second column may be the one of addresses.
    assert bare_list([[A, B], ["x", C], ["y", D]]) is True
    assert bare_list([[A, B], ["x", "y"], ["z", ""]]) is False


def test_an_address_above_a_line_without_one_is_unclear_unless_it_is_a_title():
    assert bare_list([[A], ["E-mail"], [B], [C]]) is None
    assert bare_list([[A, "x"], ["E-mail", "Name"], [B, "Ben"], [C, "Cid"]]) is None
    assert bare_list([[A], ["E-mail", "Name"], [B, "Ben"], [C, "Cid"]]) is False
    assert bare_list([[A], [B], ["x"], [C]]) is True
    # Two lines prove nothing of the second: it is half of the column.
    assert bare_list([[A], ["x"]]) is False
    assert bare_list([[A], ["x"], [B]]) is None


# -- the header --------------------------------------------------------------------------------------


def test_blank_lines_have_no_header():
    assert choose_header([]) is None
    assert choose_header([[], ["", " "]]) is None
    assert chosen([], ["A"]).at == 1


def test_the_columns_of_a_mapping_say_which_line_it_is():
    lines = (["x", "y"], ["Mail", "Who"], ["1", "2"], ["3", "4"])
    assert chosen(*lines).at == 0
    assert chosen(*lines, columns=("who", " MAIL ")).at == 1
    assert chosen(*lines, columns=("Who", "Phone")).at == 1
    assert chosen(*lines, columns=("Phone",)).at == 0
    # Nobody doubts a header that has them.
    same = (["1", "Who"], ["2", "x"], ["3", "y"])
    assert (chosen(*same).is_doubtful, chosen(*same, columns=("Who",)).is_doubtful) == (True, False)


def test_data_in_a_line_speak_against_it():
    assert (
        chosen(["2024-05-12", "7"], ["Day", "N"], ["2024-05-13", "8"], ["2024-05-14", "9"]).at == 1
    )
    assert chosen([A, "Ann"], ["E-mail", "Name"], [B, "Ben"], [C, "Cid"]).at == 1


def test_a_sentence_of_more_than_six_words_is_no_name():
    rows = (["Names"], ["Ann"], ["Ben"])
    assert chosen(["these are all of our contacts today"], *rows).at == 1
    assert chosen(["these are all of our contacts"], *rows).at == 0


def test_a_line_that_leaves_columns_without_a_name_gives_way_to_one_that_names_them():
    assert chosen(["Group"], ["E-mail", "Name"], [A, "Ann"], [B, "Ben"]).at == 1
    assert chosen(["", "Group"], ["E-mail", "Name"], [A, "Ann"], [B, "Ben"]).at == 1
    assert chosen(["Title"], ["Mail", "Name", "City"], ["x", "y", "z"], ["u", "v", "w"]).at == 1


def test_a_title_above_a_single_column_is_none():
    assert chosen(["Contacts"], ["E-mail"], [A], [B], [C]).at == 1
    assert chosen(["E-mail"], [A], [B], [C]).at == 0
    assert chosen(["Contacts"], ["Names"], ["Ann"], ["Ben"]).at == 0


def test_the_last_line_is_a_header_only_if_nothing_else_is():
    assert chosen(["A", "B"]).at == 0
    assert chosen([], ["A", "B"], []).at == 1
    assert chosen(["x", "y"], ["A", "B"]).at == 0
    assert chosen(["x", "y"], ["A", "B"], columns=("A", "B")).at == 1


def test_lines_that_count_the_columns_are_not_the_header():
    rows = ([A, "Ann", "x"], [B, "Ben", "y"])
    head = ["E-mail", "Name", "City"]
    for counted in (["A", "B", "C"], ["1", "2", "3"], ["1", "2", "3", ""]):
        assert chosen(counted, head, *rows) == Choice(1)
        assert chosen(head, counted, *rows) == Choice(0, second=(1,))
    # Two cells may be names.
    assert chosen(["A", "B"], [A, "Ann"], [B, "Ben"]).at == 0
    assert chosen(["A", "C", "B"], [A, "Ann", "x"], [B, "Ben", "y"]).at == 0
    assert chosen(head, ["1", "3", "2"], *rows).second == ()
    assert chosen(["E-mail", "Name"], ["1", "2"], [A, "Ann"], [B, "Ben"]).second == ()


def test_the_header_of_a_second_table_is_not_that_of_the_first():
    people = (["E-mail", "Name"], [A, "Ann"], [B, "Ben"], [C, "Cid"])
    prices = (["Product", "Price"], ["x", "1"], ["y", "2"], ["z", "3"], ["u", "4"])
    assert chosen(*people, [], *prices).at == 0
    assert chosen(*prices, [], *people, columns=("Name",)).at == 6
    wide = (["Product", "Price", "Unit"], *[["x", "1", "kg"]] * 12)
    assert chosen(*people, [], *wide).at == chosen(*people, *wide).at == 0
    # An address alone in its line is one to write to.
    assert chosen(["help@b.org"], *prices).at == 1


def test_headings_of_groups_stand_above_the_header():
    groups = ["Contact", "Contact", "Address"]
    rows = ([A, "1", "Bonn"], [B, "2", "Rome"])
    assert chosen(groups, ["E-mail", "Phone", "City"], *rows).at == 1
    # Without repeats the first line is the header and the second another form of it.
    assert chosen(["Email", "Phone", "City"], ["email", "phone", "city"], *rows) == Choice(
        0, second=(1,)
    )
    both = chosen(groups, ["E-mail", "Phone", "City"], ["email", "digits", "text"], *rows, *rows)
    assert (both.at, both.second) == (1, (2,))


def test_up_to_two_lines_of_headings_follow_the_header():
    head, second = ["E-mail", "Name"], ["email", "text"]
    rows = ([A, "Ann"], [B, "Ben"], [C, "Cid"], [D, "Dee"])
    assert chosen(head, second, *rows).second == (1,)
    assert chosen(head, second, ["required", "optional"], *rows).second == (1, 2)
    assert chosen(head, second, second, second, *rows, *rows).second == (1, 2)
    assert chosen(head, *rows[:1], second, *rows[1:]).second == ()


@pytest.mark.parametrize(
    "word",
    [
        "email",
        "E-Mail-Adresse",
        "Почта",
        "required",
        "(optional)",
        "text",
        "varchar",
        "a",
        "メール",
    ],
)
def test_a_word_for_an_address_makes_a_line_of_headings(word):
    assert chosen(["E-mail", "Name"], [word, "name"], [A, "Ann"], [B, "Ben"]).second == (1,)


@pytest.mark.parametrize(
    "line", [["anna.example.org", "Ann"], ["x@", "Ann"], ["nobody", "Ann"], ["email", ""], ["email", "7"], ["", "name"], ["mail.example", "Ann"], ["ab", "Ann"]]
)  # fmt: skip
def test_another_text_there_may_be_a_person(line):
    assert chosen(["E-mail", "Name"], line, [A, "Ann"], [B, "Ben"]).second == ()


def test_lines_may_end_before_the_column_of_addresses():
    rows = (["Ann", "x", A], ["Ben", "y", B], ["Cid", "z", C])
    assert chosen(["Name", "City", "E-mail"], ["text", "text"], *rows) == Choice(0)
    wide = (["Ann", "x", "1", "y", A], ["Ben", "y", "2", "z", B], ["Cid", "z", "3", "x", C])
    assert chosen(["Name", "City", "Zip", "Note"], *wide) == Choice(0)


def test_without_a_column_of_addresses_no_second_line_is_known():
    assert chosen(["Name", "City"], ["text", "text"], ["Ann", "x"], ["Ben", "y"]).second == ()


def test_the_line_below_the_headings_may_be_an_example():
    head, rows = ["E-mail", "Name"], ([B, "Ben"], [C, "Cid"], [D, "Dee"])
    assert chosen(head, ["e.g. a@b.org", "Ann"], *rows).example == 1
    assert chosen(head, ["", " Example: Ann"], *rows).example == 1
    assert chosen(head, ["email", "text"], ["Beispiel", "Ann"], *rows) == Choice(
        0, second=(1,), example=2
    )
    assert chosen(head, ["your.name@example.com", "Ann"], *rows).example == 1
    assert chosen(head, ["ann@example.com", "Ann"], *rows).example is None
    assert chosen(head, ["Ann", "example"], *rows).example is None
    assert chosen(head, ["examples@b.org", "Ann"], *rows).example is None
    assert chosen(head, rows[0], ["e.g. x", "y"], *rows).example is None
    assert chosen(["A", "B"]).example is None


def test_a_header_of_the_kinds_below_it_is_doubted():
    assert chosen(["1", "x"], ["2", "y"], ["3", "z"]).is_doubtful
    assert chosen(["2024", "x"], ["2024-05-12", "y"], ["2024-05-13", "z"]).is_doubtful is False
    assert chosen(["https://x.org", "x"], ["a", "y"], ["b", "z"]).is_doubtful
    assert chosen(["yes", "x"], ["no", "y"], ["no", "z"]).is_doubtful is False
    assert chosen(["N", "x"], ["2", "y"], ["3", "z"]).is_doubtful is False


def test_a_column_is_of_a_kind_if_six_of_ten_of_its_cells_are():
    rows = [["x", "1"]] * 6 + [["y", "z"]] * 4
    assert chosen(["A", "7"], *rows).is_doubtful
    assert not chosen(["A", "7"], *rows, ["y", "z"]).is_doubtful
    assert chosen(["A", "7"], *rows, ["y", ""]).is_doubtful


def test_of_a_wide_line_two_hundred_cells_are_looked_at():
    blanks = [""] * 199
    assert chosen([*blanks, "A"], [*blanks, A], [*blanks, B]).at == 0
    assert choose_header([[*blanks, "", "A"], [*blanks, "", A]]) is None
