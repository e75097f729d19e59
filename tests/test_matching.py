"""Columns and fields side by side: what a choice makes of the mapping, and what a person sees of each column."""

from __future__ import annotations

import pytest

from bulk_import.api.fields import FIELDS
from bulk_import.errors import SetupError
from bulk_import.jobs.matching import (
    FULL_NAME,
    GROUPS,
    assign,
    kind_of,
    look,
    read_as,
    set_option,
    set_rule,
    set_value,
    title_of,
)
from bulk_import.jobs.projects import Project
from bulk_import.jobs.proposing import propose
from bulk_import.mapping.loading import parse_mapping

HEADER = ["E-mail", "Mobile", "Phone", "Name", "Notes"]
ROWS = [
    ["a@b.org", "+14155550123", "", "Anna Berg", "x"],
    ["nobody", "12", "+14155550124", "Ben Cole", " "],
    ["c@d.org", "12", "", "", "x"],
]
HEAD = "version: 1\nfields:\n  lead_email: E-mail\n"


@pytest.fixture
def project(tmp_path, write_csv):
    """A project of ROWS with these lines in its mapping."""

    def made(lines="", rows=ROWS):
        return Project.create(
            tmp_path / "home", write_csv([HEADER, *rows]), mapping=f"{HEAD}{lines}"
        )

    return made


def text_of(project) -> str:
    text = project.mapping().text
    assert text.startswith(HEAD)
    return text.removeprefix(HEAD)


@pytest.mark.parametrize(
    ("before", "column", "field", "after"),
    [
        ("", "Notes", "lead_description", "  lead_description: Notes\n"),
        ("  lead_description: Notes\n", "Notes", "lead_description", "  lead_description: Notes\n"),
        ("  lead_description: Notes\n", "Notes", "", ""),
        ("  lead_description: Notes\n", "Notes", "lead_telegram", "  lead_telegram: Notes\n"),
        ("  lead_description: Notes\n", "Name", "lead_description", "  lead_description: {column: Name}\n"),
        ("  lead_description: {value: x}\n", "Name", "lead_description", "  lead_description:\n    column: Name\n"),
        ("  lead_description: {template: '{Name}'}\n", "Notes", "lead_description", "  lead_description:\n    column: Notes\n"),
        ("  lead_phone: Phone\n", "Mobile", "lead_phone", "  lead_phone: {columns: [Phone, Mobile]}\n"),
        ("  lead_phone: {column: Phone, strict_phone: true}\n", "Mobile", "lead_phone", "  lead_phone: {strict_phone: true, columns: [Phone, Mobile]}\n"),
        ("  lead_phone: {columns: [Phone, Mobile]}\n", "Phone", "", "  lead_phone: {columns: [Mobile]}\n"),
        ("  lead_phone: {columns: [Phone, Mobile], strict_phone: true}\n", "Phone", "lead_description", "  lead_phone: {columns: [Mobile], strict_phone: true}\n  lead_description: Phone\n"),
        ("  add_tags: {column: Notes, always: [x]}\n", "Notes", "", "  add_tags: {always: [x]}\n"),
        ("  lead_description: [notes, Remark]\n", "Notes", "", "  lead_description: {column: [Remark]}\n"),
        ("  lead_first_name: Name\n", "Name", FULL_NAME, "  lead_first_name: {column: Name, part: first}\n  lead_middle_name: {column: Name, part: middle}\n  lead_last_name: {column: Name, part: last}\n"),
        ("  lead_first_name: {column: Name, part: first}\n", "Notes", "lead_first_name", "  lead_first_name: {column: Notes}\n"),
    ],
)  # fmt: skip
def test_a_column_feeds_the_chosen_field_and_no_other(project, before, column, field, after):
    one = project(before)
    assign(one, column, field)
    assert text_of(one) == after


@pytest.mark.parametrize(
    ("cells", "before", "after"),
    [
        (["vip; webinar", "news"], "", '  add_tags: {column: Notes, separator: ";"}\n'),
        (["vip|webinar", "news|x"], "", '  add_tags: {column: Notes, separator: "|"}\n'),
        (["vip, webinar", "news"], "", "  add_tags: Notes\n"),
        (["vip", "news"], "", "  add_tags: Notes\n"),
        (["vip; webinar"], "  add_tags: {always: [x]}\n", '  add_tags: {always: [x], column: Notes, separator: ";"}\n'),
        (["vip; webinar"], '  add_tags: {always: [x], separator: "+"}\n', '  add_tags: {always: [x], separator: "+", column: Notes}\n'),
    ],
)  # fmt: skip
def test_what_separates_tags_is_found_in_the_cells_of_the_column(project, cells, before, after):
    one = project(before, [["a@b.org", "", "", "", cell] for cell in cells])
    assign(one, "Notes", "add_tags")
    assert text_of(one) == after


def test_the_page_proposes_what_the_command_does(tmp_path, write_csv):
    """Small losses, the order of names and the region are found by trying the rows."""
    source = write_csv([
        ["E-mail", "Name", "Country", "Segments"], ["a@b.org", "Berg, Anna", "Germany", "vip; news"],
        ["c@d.org", "Cole Ben", "Korea", "vip"], ["e@f.org", "Dorn, Eva", "France", ""], ["g@h.org", "Funk, Ida", "Italy", ""],
    ])  # fmt: skip
    on_page = Project.create(tmp_path / "home", source).mapping().spec
    by_command = parse_mapping(propose(str(source)).text(), "m.yml").spec
    assert on_page == by_command
    assert on_page.fields["lead_shipping_country_code"].bad_value == "drop_field"


def test_a_spoiled_cell_is_among_those_that_show_what_becomes_of_a_column(tmp_path, write_csv):
    rows = [[f"p{n}@b.org", f"+4915123456{n:03}", "DE"] for n in range(20)]
    rows[11][1] = "4.9151E+11"
    source = write_csv([["E-mail", "Mobile", "Country"], *rows])
    lines = "  lead_phone: {column: Mobile, region_from: Country}\n  lead_shipping_country_code: Country\n"
    seen = look(Project.create(tmp_path / "home", source, mapping=HEAD + lines))
    (mobile,) = [column for column in seen.columns if column.name == "Mobile"]
    assert [(one.raw, one.is_refused) for one in mobile.became if one.problems] == [("4.9151E+11", True)]  # fmt: skip


def test_what_is_no_field_cannot_be_fed(project):
    with pytest.raises(SetupError, match="there is no field 'lead_shoe_size'"):
        assign(project(), "Notes", "lead_shoe_size")


@pytest.mark.parametrize(
    ("path", "value", "after"),
    [
        (("fields", "add_tags", "always"), " a \n\nb", "  add_tags: {column: Notes, separator: \";\", always: [a, b]}\n"),
        (("fields", "add_tags", "separator"), "", "  add_tags: {column: Notes}\n"),
        (("fields", "add_tags", "separator"), "|", '  add_tags: {column: Notes, separator: "|"}\n'),
        (("fields", "add_tags", "separator"), "; ,", '  add_tags: {column: Notes, separator: [";", ","]}\n'),
        (("when", "duplicate"), "last", '  add_tags: {column: Notes, separator: ";"}\nwhen:\n  duplicate: last\n'),
    ],
)  # fmt: skip
def test_an_option_is_set_or_removed(project, path, value, after):
    one = project('  add_tags: {column: Notes, separator: ";"}\n')
    set_option(one, path, value)
    assert text_of(one) == after


def test_what_a_cell_means_is_set_and_forgotten(project):
    one = project("  lead_description: Notes\n")
    set_value(one, "lead_description", "x", "a note")
    assert text_of(one) == "  lead_description: {column: Notes, values: {x: a note}}\n"
    set_value(one, "lead_description", "x", "")
    assert text_of(one) == "  lead_description: {column: Notes}\n"
    with pytest.raises(SetupError, match="say which text of a cell is meant"):
        set_value(one, "lead_description", "", "y")


def test_a_rule_of_a_column_replaces_the_one_before_and_leaves_the_others(project):
    one = project("skip:\n- {column: Name, values: [x], because: why}\n")
    set_rule(one, "skip", "Notes", ["a"])
    set_rule(one, "skip", "Notes", ["b", "c"])
    assert [(r.column, r.values, r.because) for r in one.mapping().spec.skip] == [
        (("Name",), ("x",), "why"), (("Notes",), ("b", "c"), ""),
    ]  # fmt: skip
    set_rule(one, "skip", "Name", [])
    set_rule(one, "skip", "Notes", [])
    assert text_of(one) == ""
    with pytest.raises(SetupError, match="there is no rule 'never'"):
        set_rule(one, "never", "Notes", ["a"])


def test_how_the_file_is_read_is_written_down_and_its_columns_are_proposed_again(project):
    one = project("", [["", "", "", "", ""], ["Mail", "", "", "", ""], ["a@b.org", "", "", "", ""]])
    read_as(one, {"header_row": " 3 ", "encoding": "utf-8", "delimiter": "", "sheet": ""})
    spec = one.mapping().spec
    assert (spec.source.header_row, spec.source.encoding, spec.source.sheet) == (3, "utf-8", None)
    assert spec.fields["lead_email"].column == ("Mail",)
    for row in ("0", "x", "٣", "-1"):
        with pytest.raises(SetupError, match="the row of the header is a number from 1"):
            read_as(one, {"header_row": row})


def test_each_column_is_seen_with_what_it_feeds_and_what_becomes_of_its_cells(project):
    found = look(project("  lead_phone: {columns: [mobile, Phone]}\n  lead_first_name: {column: Name, part: first}\n"
                         "  lead_middle_name: {column: Name, part: middle}\n  lead_last_name: {column: Name, part: last}\n"
                         "  lead_description: {template: '{Name}!'}\n"))  # fmt: skip
    seen = {one.name: one for one in found.columns}
    assert (found.rows, found.trouble, list(found.rules)[:2]) == (
        3,
        (),
        ["lead_email", "lead_phone"],
    )
    assert [(name, round(one.filled, 2), one.feeds) for name, one in seen.items()] == [
        ("E-mail", 1.0, ("lead_email",)), ("Mobile", 1.0, ("lead_phone",)), ("Phone", 0.33, ("lead_phone",)),
        ("Name", 0.67, (FULL_NAME, "lead_description")), ("Notes", 0.67, ()),
    ]  # fmt: skip
    assert (seen["Mobile"].samples, seen["Notes"].samples) == (("+14155550123", "12"), ("x",))
    assert seen["Notes"].became == ()
    assert seen["E-mail"].suggestion.field == "lead_email"
    mails = [(one.raw, one.values, one.is_refused) for one in seen["E-mail"].became]
    assert mails == [
        ("a@b.org", (("lead_email", "a@b.org"),), False), ("c@d.org", (("lead_email", "c@d.org"),), False),
        ("nobody", (), True),
    ]  # fmt: skip
    mobile = [(one.raw, one.is_refused) for one in seen["Mobile"].became]
    assert mobile == [("+14155550123", False), ("12", True)]
    assert seen["Phone"].became == ()  # the mobile number comes first
    assert seen["Name"].became[0].values == (
        ("lead_first_name", "Anna"), ("lead_last_name", "Berg"), ("lead_description", "Anna Berg!"),
    )  # fmt: skip


def test_eight_cells_are_shown_half_of_them_odd_and_six_samples(project):
    rows = [[f"p{n}@x.org" if n % 2 else f"bad{n}", "", "", "", ""] for n in range(20)]
    mail = look(project("", rows)).columns[0]
    assert [one.raw for one in mail.became] == ["p1@x.org", "p3@x.org", "p5@x.org", "p7@x.org", "bad0", "bad2", "bad4", "bad6"]  # fmt: skip
    assert mail.samples == ("bad0", "p1@x.org", "bad2", "p3@x.org", "bad4", "p5@x.org")


def test_a_mapping_that_does_not_fit_is_said_and_the_columns_are_seen_all_the_same(project):
    one = project("  lead_phone: Fax\n")
    found = look(one)
    (said,) = found.trouble
    assert "no column 'Fax'" in said
    assert [column.became for column in found.columns] == [()] * 5
    assert found.columns[0].feeds == ("lead_email",)


def test_every_field_can_be_chosen_in_one_group():
    assert GROUPS["tags and lists"] == (
        "add_tags",
        "remove_tags",
        "add_to_lists",
        "remove_from_lists",
    )
    assert GROUPS["social profiles"] == (
        "lead_facebook", "lead_instagram", "lead_whatsapp", "lead_telegram", "lead_viber", "lead_vkontakte", "lead_in",
    )  # fmt: skip
    chosen = [name for names in GROUPS.values() for name in names]
    assert sorted(chosen) == sorted([*FIELDS, FULL_NAME])


def test_fields_are_called_by_their_titles():
    assert (title_of("lead_phone"), title_of("crm_id")) == ("Phone", "crm_id")
    assert (kind_of("lead_phone"), kind_of("crm_id")) == ("phone", "text")
