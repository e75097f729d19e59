"""Choices on the page of columns: what each changes in the mapping, what the step is called, and what is shown of cells."""

from __future__ import annotations

import pytest

from bulk_import.errors import SetupError
from bulk_import.jobs.matching import (
    FULL_NAME,
    assign,
    look,
    read_as,
    set_option,
    set_rule,
    set_value,
)
from bulk_import.jobs.projects import Project

HEADER = ["E-mail", "Mobile", "Phone", "Name", "Notes"]
HEAD = "version: 1\nfields:\n  lead_email: E-mail\n"


@pytest.fixture
def project(tmp_path, write_csv):
    """A project of these rows with these lines in its mapping."""

    def made(lines="", *rows):
        source = write_csv([HEADER, *(rows or [["a@b.org", "1", "2", "Anna Berg", "x"]])])
        return Project.create(tmp_path / "home", source, mapping=f"{HEAD}{lines}")

    return made


def changed(project: Project) -> tuple[str, str]:
    """What the mapping says below its head, and what the step is called that can be undone."""
    step, _ = project.next_steps()
    assert step is not None
    return project.mapping().text.removeprefix(HEAD), step.label


# -- assigning -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "title"),
    [("lead_phone", "Phone"), (FULL_NAME, "Whole name"), ("lead_telegram", "Telegram")],
)
def test_a_step_is_called_by_the_column_and_the_title_of_its_field(project, field, title):
    one = project()
    assign(one, "Mobile", field)
    assert changed(one)[1] == f"Mobile is sent as {title}"


def test_a_column_that_is_sent_no_more_is_said_to_be_so(project):
    one = project("  lead_telegram: Notes\n")
    assign(one, "Notes", "")
    assert changed(one) == ("", "Notes is not sent")


@pytest.mark.parametrize(
    ("before", "column", "field", "after"),
    [
        # every field that it fed loses it
        ("  lead_telegram: Notes\n  lead_viber: [Notes, Tel]\n  lead_in: {columns: [Name, notes]}\n", "Notes", "",
         "  lead_viber: {column: [Tel]}\n  lead_in: {columns: [Name]}\n"),
        ("  lead_description: {template: '{Notes}!'}\n", "Notes", "", "  lead_description: {template: '{Notes}!'}\n"),
        ("  add_tags: {column: Notes, always: [x]}\n  remove_tags: Notes\n", "Notes", "lead_viber",
         "  add_tags: {always: [x]}\n  lead_viber: Notes\n"),
        # a second address or number comes behind the first; anything else takes its place
        ("  lead_phone: Phone\n", "Phone", "lead_phone", "  lead_phone: Phone\n"),
        ("  lead_phone: {column: [Phone, Tel]}\n", "Mobile", "lead_phone", "  lead_phone: {columns: [Phone, Tel, Mobile]}\n"),
        ("  lead_phone: {columns: [Phone, Name]}\n", "Mobile", "lead_phone", "  lead_phone: {columns: [Phone, Name, Mobile]}\n"),
        ("  lead_first_name: {columns: [Name, Notes]}\n", "Mobile", "lead_first_name", "  lead_first_name:\n    column: Mobile\n"),
        ("  lead_last_name: {column: Name, part: last, case: title}\n", "Notes", "lead_last_name", "  lead_last_name: {column: Notes, case: title}\n"),
    ],
)  # fmt: skip
def test_what_a_choice_makes_of_the_fields(project, before, column, field, after):
    one = project(before)
    assign(one, column, field)
    assert one.mapping_text().removeprefix(HEAD) == after


def test_a_second_address_comes_behind_the_first(project):
    one = project()
    assign(one, "Notes", "lead_email")
    text = one.mapping_text()
    assert text == "version: 1\nfields:\n  lead_email: {columns: [E-mail, Notes]}\n"
    assign(one, "E-mail", "")
    assert one.mapping_text() == "version: 1\nfields:\n  lead_email: {columns: [Notes]}\n"


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["Иванова Мария", "Петров Иван", "Сидорова Анна", "Смирнова Ольга", "Шевченко Ольга"], ", order: last_first"),
        (["Anna Berg"] * 6, ""),
    ],
)  # fmt: skip
def test_whole_names_are_split_in_the_order_that_they_show(project, names, order):
    one = project("  lead_first_name: Notes\n", *(["a@b.org", "", "", name, ""] for name in names))
    assign(one, "Name", FULL_NAME)
    assert one.mapping_text().removeprefix(HEAD) == "".join(
        f"  lead_{part}_name: {{column: Name, part: {part}{order}}}\n"
        for part in ("first", "middle", "last")
    )


def test_a_column_that_the_file_does_not_have_gets_no_options(project):
    one = project()
    assign(one, "Segments", "add_tags")
    assert one.mapping_text().removeprefix(HEAD) == "  add_tags: Segments\n"
    assign(one, "Full", FULL_NAME)
    assert "lead_middle_name: {column: Full, part: middle}\n" in one.mapping_text()


# -- options, values, rules ------------------------------------------------------------------------------

NAMES = "  lead_first_name: {column: Name, part: first}\n  lead_last_name: {column: Name, part: last}\n  lead_middle_name: {column: Notes, part: middle}\n"


def test_the_order_of_names_is_that_of_all_parts_of_one_column(project):
    one = project(NAMES)
    set_option(one, ("fields", "lead_first_name", "order"), "last_first")
    text, label = changed(one)
    assert text == NAMES.replace("Name, part: first", "Name, part: first, order: last_first").replace(
        "Name, part: last", "Name, part: last, order: last_first"
    )  # fmt: skip
    assert label == "option fields.lead_first_name.order"
    set_option(one, ("fields", "lead_last_name", "order"), "")
    assert changed(one)[0] == NAMES
    set_option(one, ("fields", "lead_last_name", "case"), "title")
    assert changed(one)[0] == NAMES.replace("part: last}", "part: last, case: title}")


@pytest.mark.parametrize(
    ("path", "value", "after"),
    [
        (("suppress",), "a.csv\n\n b.csv ", "suppress: [a.csv, b.csv]\n"),
        (("suppress",), " \n", ""),
        (("defaults", "phone_region"), "DE", "defaults:\n  phone_region: DE\n"),
        (("fields", "add_tags", "always"), "new\nold", "  add_tags: {always: [new, old]}\n"),
        (("when", "blank"), "", ""),
    ],
)
def test_an_option_is_one_value_or_one_a_line(project, path, value, after):
    one = project("  add_tags: {always: [x]}\n")
    set_option(one, path, value)
    text = one.mapping_text().removeprefix(HEAD)
    assert text.replace("  add_tags: {always: [x]}\n", "") == after


def test_what_a_cell_means_is_a_step_of_its_own(project):
    one = project("  lead_description: Notes\n")
    set_value(one, "lead_description", "x", "a note")
    assert changed(one)[1] == "x means a note"


def test_a_rule_keeps_the_reasons_of_the_others_and_has_none_of_its_own(project):
    lines = "skip:\n  - {column: Name, values: [x], because: why}\n  - {column: [Notes, Note], values: [y], because: b}\nonly:\n  - {column: Notes, values: [z]}\n"
    one = project(lines)
    set_rule(one, "skip", "Notes", ["a", "b"])
    assert changed(one) == (
        "skip:\n  - {column: [Name], values: [x], because: why}\n  - {column: [Notes], values: [a, b]}\n"
        "only:\n  - {column: Notes, values: [z]}\n",
        "rule of Notes",
    )
    set_rule(one, "only", "Notes", [])
    assert "only" not in changed(one)[0]


# -- reading ---------------------------------------------------------------------------------------------


def test_what_a_person_says_of_the_file_is_written_and_the_rest_is_detected(project):
    one = project("", ["a@b.org", "", "", "", ""])
    read_as(one, {"delimiter": " , ", "member": " ", "header_row": "1"})
    assert changed(one)[1] == "how the file is read"
    source = one.mapping().spec.source
    assert (source.delimiter, source.header_row, source.member, source.encoding) == (",", 1, None, None)  # fmt: skip
    before = one.mapping_text()
    with pytest.raises(SetupError):
        read_as(one, {"encoding": "no-such-encoding"})
    assert one.mapping_text() == before


# -- what is shown of a column -----------------------------------------------------------------------------


def seen(project: Project):
    return {column.name: column for column in look(project).columns}


def test_samples_are_different_texts_cut_at_120_signs(project):
    cells = ["x" * 121, "b", "b ", "", *"cdefg"]
    columns = seen(
        project("", *([f"p{n}@b.org", "", "", "", cell] for n, cell in enumerate(cells)))
    )
    assert columns["Notes"].samples == ("x" * 120, "b", "c", "d", "e", "f")
    assert columns["Notes"].filled == 8 / 9
    assert (columns["Phone"].samples, columns["Phone"].filled) == ((), 0.0)


def test_five_hundred_rows_are_looked_at_and_two_hundred_texts_tried(project):
    rows = [[f"p{n}@b.org" if n < 200 else "nobody", "", "", "", "x"] for n in range(501)]
    found = look(project("", *rows))
    assert found.rows == 500
    assert [one.is_refused for one in found.columns[0].became] == [False] * 8


def test_a_file_without_rows_is_shown_with_its_columns(tmp_path, write_csv):
    found = look(Project.create(tmp_path / "home", write_csv([HEADER]), mapping=HEAD))
    assert [(one.name, one.filled, one.became) for one in found.columns] == [(name, 0.0, ()) for name in HEADER]  # fmt: skip


def test_doubtful_cells_come_after_plain_ones_and_refused_ones_before_them(project):
    cells = ["p@gmial.com", "nobody", *(f"p{n}@b.org" for n in range(3))]
    mail = seen(project("", *([cell, "", "", "", ""] for cell in cells)))["E-mail"]
    assert [(one.raw, one.is_refused, bool(one.problems)) for one in mail.became] == [
        ("p0@b.org", False, False), ("p1@b.org", False, False), ("p2@b.org", False, False),
        ("nobody", True, True), ("p@gmial.com", False, True),
    ]  # fmt: skip


def test_of_several_columns_the_one_that_was_picked_shows_what_became_of_it(project):
    rows = [
        ["a@b.org", "", "+14155550123", "", ""],
        ["b@b.org", "+14155550124", "+14155550125", "", ""],
    ]
    columns = seen(project("  lead_phone: {columns: [Mobile, Phone]}\n", *rows))
    assert [(one.raw, one.values) for one in columns["Mobile"].became] == [
        ("+14155550124", (("lead_phone", "+14155550124"),))
    ]
    assert [one.raw for one in columns["Phone"].became] == ["+14155550123"]


def test_a_column_in_a_template_shows_the_whole_text(project):
    columns = seen(project("  lead_description: {template: '{Name}: {Notes}'}\n"))
    assert columns["Notes"].feeds == ("lead_description",)
    assert [(one.raw, one.values) for one in columns["Notes"].became] == []
    alone = seen(project("  lead_description: {template: 'on {Notes}'}\n"))
    assert [(one.raw, one.values) for one in alone["Notes"].became] == [("x", (("lead_description", "on x"),))]  # fmt: skip


def test_two_of_three_parts_of_a_name_are_no_whole_name(project):
    columns = seen(project(NAMES))
    assert columns["Name"].feeds == ("lead_first_name", "lead_last_name")
    assert columns["Notes"].feeds == ("lead_middle_name",)


def test_a_mapping_that_cannot_be_read_is_said_and_the_columns_are_suggested(project):
    one = project()
    one.mapping_path.write_text("version: 1\nfields: {lead_emial: E-mail}\n", "utf-8")
    found = look(one)
    assert [said.partition(": ")[2] for said in found.trouble] == [
        "fields.lead_emial: addupdatelead has no 'lead_emial' (did you mean lead_email?)"
    ]
    assert (found.mapping, found.rules) == (None, {})
    assert [(column.feeds, column.became) for column in found.columns] == [((), ())] * 5
    assert found.columns[0].suggestion is not None
