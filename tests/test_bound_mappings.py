"""A mapping bound to a header: which columns each field is made of, which rule holds, and what does not fit."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest

from bulk_import.errors import MappingError
from bulk_import.mapping.binding import Binding, bind
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Problem, Record, Row, Severity

HEADER = (
    "E-mail",
    "Work",
    "Name",
    "First name",
    "Phone",
    "Mobile",
    "Country",
    "Tags",
    "Note",
    "Opt",
)
HEAD = "version: 1\nfields:\n  lead_email: E-mail\n"


def bound(lines: str, header=HEADER, **known) -> Binding:
    return bind(parse_mapping(HEAD + lines, "m"), header, **known)


def said(lines: str, header=HEADER) -> list[str]:
    with pytest.raises(MappingError) as caught:
        bound(lines, header)
    return [str(problem) for problem in caught.value.problems]


def record(lines: str, problems: tuple[Problem, ...] = (), **cells: str) -> Record:
    row = Row("a.csv", "", 2, dict.fromkeys(HEADER, "") | {"E-mail": "a@b.org"} | cells, problems)
    return RowMapper(bound(lines)).record(row)


def fields(lines: str, **cells: str) -> dict[str, str]:
    made = dict(record(lines, **cells).fields)
    del made["lead_email"]
    return made


# -- columns -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "columns"),
    [
        ("Note", ("Note",)),
        ("[Remark, note, NOTE, Tags]", ("Note", "Tags")),  # aliases: those that the file has, each once
        ("{columns: [phone, Note]}", ("Phone", "Note")),
        ("{value: x}", ()),
        ("{template: 'no column'}", ()),
        ("{template: '{Note}, {tags}'}", ("Note", "Tags")),
    ],
)  # fmt: skip
def test_a_field_is_made_of_the_columns_that_its_rule_names(rule, columns):
    fed = {one.field.name: one.columns for one in bound(f"  lead_description: {rule}\n").fields}
    assert fed == {"lead_email": ("E-mail",), "lead_description": columns}


def test_a_column_of_exactly_that_name_is_meant_before_one_that_is_alike():
    for wanted, found in (("name", "name"), ("NAME", "NAME")):
        (one,) = bind(parse_mapping(f"version: 1\nfields: {{lead_description: {wanted}}}\n"), ["NAME", "name"]).fields  # fmt: skip
        assert one.columns == (found,)
    assert said("  lead_description: Name\n", ["E-mail", "NAME", "name"])[0].startswith(
        "m:4:3: fields.lead_description: no column 'Name'"
    )


def test_countries_come_before_phones_and_fields_in_the_order_of_the_form():
    order = [
        one.field.name
        for one in bound(
            "  lead_phone: Phone\n  add_tags: Tags\n  lead_billing_country_code: Country\n  lead_first_name: Name\n"
        ).fields
    ]
    assert order[0] == "lead_billing_country_code"
    assert order[1:] == ["add_tags", "lead_email", "lead_first_name", "lead_phone"]


def test_which_columns_are_used_and_what_they_hold():
    found = bound(
        "  lead_phone: {column: Phone, region_from: Country}\n  lead_description: {template: '{Note}'}\n"
        "  add_tags: {always: [x]}\nextra: {crm: Tags}\nskip: [{column: Opt, values: [x]}]\n"
        "checks:\n  - {column: Work, require: yes}\n  - {field: lead_phone, require: yes}\n"
    )
    assert found.used_columns == {"E-mail", "Phone", "Country", "Note", "Tags", "Opt", "Work"}
    assert found.roles() == {
        "E-mail": "email", "Work": "rule", "Name": "", "First name": "", "Phone": "phone", "Mobile": "", "Country": "country",
        "Tags": "text", "Note": "text", "Opt": "rule",
    }  # fmt: skip


def test_a_column_of_a_field_keeps_its_role_although_a_rule_looks_at_it():
    lines = "  add_tags: Tags\nskip: [{column: Tags, values: [x]}]\nchecks: [{column: E-mail, require: yes}]\n"
    roles = bound(lines).roles()
    assert (roles["Tags"], roles["E-mail"]) == ("tags", "email")


# -- what does not fit -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "problems"),
    [
        ("  lead_description: Fax\n", ["m:4:3: fields.lead_description: no column 'Fax'; the file has: E-mail, Work, Name, First name, Phone, Mobile, Country, Tags, Note, Opt"]),
        ("  lead_description: Notes\n", ["m:4:3: fields.lead_description: no column 'Notes' (did you mean Note?)"]),
        ("  lead_description: [Fax, Telex]\n", ["m:4:3: fields.lead_description: no column 'Fax' or 'Telex'; the file has: E-mail, Work, Name, First name, Phone, Mobile, Country, Tags, Note, Opt"]),
        ("  lead_phone: {columns: [Phone, Mobil]}\n", ["m:4:16: fields.lead_phone: no column 'Mobil' (did you mean Mobile?)"]),
        ("  lead_phone: {column: Phone, region_from: Countrie}\n", ["m:4:31: fields.lead_phone: no column 'Countrie' (did you mean Country?)"]),
        ("  lead_description: {template: '{Note} {Tegs}'}\n", ["m:4:22: fields.lead_description: no column 'Tegs' (did you mean Tags?)"]),
        ("extra: {crm: Notes}\n", ["m:4:9: extra.crm: no column 'Notes' (did you mean Note?)"]),
        ("only: [{column: Opt-in, values: [x]}]\n", ["m:4:9: only.0: no column 'Opt-in' (did you mean Opt?)"]),
        ("skip:\n- {column: Opt, values: [x]}\n- {column: Opts, values: [x]}\n", ["m:6:4: skip.1: no column 'Opts' (did you mean Opt?)"]),
        ("checks: [{column: Noted, require: yes}]\n", ["m:4:11: checks.0: no column 'Noted' (did you mean Note?)"]),
        ("  lead_first_name: Name\n  lead_last_name: Name\n", ["m:5:3: fields.lead_last_name: column 'Name' is mapped to lead_first_name and lead_last_name; keep one, or split it with part:"]),
        ("  lead_first_name: {column: Name, part: first}\n  lead_last_name: {column: Name, part: last, order: last_first}\n",
         ["m:5:46: fields.lead_last_name: lead_last_name has the order last_first, and lead_first_name has of each name; the parts of one column are cut in one order"]),
        ("  lead_first_name: {column: Name, part: first, order: last_first}\n  lead_last_name: {column: Name, part: last}\n",
         ["m:5:34: fields.lead_last_name: lead_last_name has the order of each name, and lead_first_name has last_first; the parts of one column are cut in one order"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_file_is_refused_with_its_place(lines, problems):
    assert said(lines) == problems


def test_all_that_does_not_fit_is_said_at_once():
    found = said("  lead_phone: Fax\nextra: {crm: Telex}\nskip: [{column: Oops, values: [x]}]\nchecks: [{column: Pager, require: yes}]\n")  # fmt: skip
    assert [problem.split(":")[1] for problem in found] == ["4", "5", "6", "7"]


def test_twenty_columns_are_named_and_more_are_hinted_at():
    header = ["E-mail", *(f"c{n:02}" for n in range(20))]
    (many,) = said("  lead_description: Zzzzzz\n", header)
    assert many.endswith("; the file has: " + ", ".join(header[:20]) + ", …")
    (twenty,) = said("  lead_description: Zzzzzz\n", header[:20])
    assert twenty.endswith(", c18")


@pytest.mark.parametrize(
    "lines",
    [
        "  lead_first_name: {column: Name, part: first}\n  lead_last_name: {column: Name, part: last}\n",
        "  lead_first_name: Name\n  lead_last_name: {column: Name, part: last}\n",
        "  lead_description: Note\n  lead_telegram: Note\n",
        "  lead_shipping_city: Note\n  lead_billing_city: Note\n",
        "  add_tags: Tags\n  remove_tags: Tags\n",
        "  lead_first_name: {column: Name, part: first, order: last_first}\n  lead_last_name: {column: First name, part: last}\n",
        "skip: [{column: Oops, values: [x], optional: yes}]\nchecks: [{column: Oops, require: yes, optional: yes}]\n",
        "extra: {a: Name, b: Name}\n",
    ],
)
def test_what_may_share_a_column_or_be_absent_is_no_mistake(lines):
    bound(lines)


def test_an_optional_rule_counts_where_its_column_is():
    lines = "skip: [{column: [Oops, opt], values: [x], optional: yes}]\n"
    assert [(rule.section, rule.columns) for rule in bound(lines).rules] == [("skip", ("Opt",))]
    assert bound(lines.replace("opt]", "opts]")).rules == ()


# -- values ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "cells", "value"),
    [
        ("{columns: [Phone, Mobile]}", {"Phone": " ", "Mobile": "x"}, "x"),
        ("{columns: [Phone, Mobile]}", {"Phone": "y", "Mobile": "x"}, "y"),
        ("[Mobile, Phone]", {"Phone": "y", "Mobile": "x"}, "x"),
        ("{columns: [Phone, Mobile]}", {}, None),
        ("{value: constant}", {}, "constant"),
        ("{template: '{Name}: {Note}.'}", {"Name": "Ann", "Note": "tea"}, "Ann: tea."),
        ("{template: '{Name}: {Note}.'}", {"Name": " ", "Note": " tea "}, "tea."),
        ("{template: '{Name}: {Note}.'}", {"Name": "Ann"}, "Ann"),
        ("{template: '{Name}: {Note}.'}", {}, None),
        ("{template: '- {Name}'}", {"Name": "Ann"}, "Ann"),
        ("{template: 'Dear {Name}'}", {"Name": "Ann"}, "Dear Ann"),
        ("{template: 'plain text'}", {}, "plain text"),
    ],
)  # fmt: skip
def test_what_a_field_is_made_of(rule, cells, value):
    assert fields(f"  lead_description: {rule}\n", **cells).get("lead_description") == value


@pytest.mark.parametrize(
    ("rule", "when", "value"),
    [
        ("Note", "omit", None), ("Note", "clear", ""), ("{column: Note, blank: clear}", "omit", ""),
        ("{column: Note, blank: omit}", "clear", None),
    ],
)  # fmt: skip
def test_an_empty_cell_clears_a_field_only_where_the_mapping_says_so(rule, when, value):
    lines = f"  lead_description: {rule}\nextra: {{crm: {rule}}}\nwhen: {{blank: {when}}}\n"
    assert fields(lines, Note=" ") == ({} if value is None else {"lead_description": "", "crm": ""})
    assert fields(lines, Note="x") == {"lead_description": "x", "crm": "x"}


def test_constant_tags_are_sent_although_their_cell_is_empty_or_refused():
    lines = "  add_tags: {column: Tags, always: [new, import], separator: ';', blank: clear, bad_value: drop_field}\n"
    assert fields(lines)["add_tags"] == "new,import"
    assert fields(lines, Tags="vip;new")["add_tags"] == "new,import,vip"
    assert fields(lines, Tags="a,b")["add_tags"] == "new,import"
    assert fields("  add_tags: {column: Tags, blank: clear}\n") == {"add_tags": ""}


def test_a_name_that_may_be_another_thing_is_no_reason_to_clear_the_field():
    """What is told from the name is sent or left alone; "" would take away what the account has."""
    lines = "  lead_first_name: {column: Name, part: first}\n  lead_last_name: {column: Name, part: last}\nwhen: {blank: clear}\n"
    assert fields(lines, Name="Qwv Zyx") == {}
    assert fields(lines, Name="Anna") == {"lead_first_name": "Anna", "lead_last_name": ""}
    assert fields(lines) == {"lead_first_name": "", "lead_last_name": ""}


@pytest.mark.parametrize(
    ("rule", "when", "is_error"),
    [
        ("Phone", "refuse_row", True), ("Phone", "drop_field", False),
        ("{column: Phone, bad_value: drop_field}", "refuse_row", False),
        ("{column: Phone, bad_value: refuse_row}", "drop_field", True),
    ],
)  # fmt: skip
def test_a_bad_value_refuses_the_row_or_drops_its_field(rule, when, is_error):
    made = record(f"  lead_phone: {rule}\nwhen: {{bad_value: {when}}}\n", Phone="12")
    (problem,) = made.problems
    assert (problem.code, problem.column, problem.field, problem.value) == (
        "PHONE_INVALID", "Phone", "lead_phone", "12",
    )  # fmt: skip
    assert problem.severity is (Severity.ERROR if is_error else Severity.WARNING)
    assert problem.message.endswith("; the field is not sent") is not is_error
    assert "lead_phone" not in dict(made.fields)


def test_damage_in_a_cell_is_told_like_a_bad_value():
    torn = (Problem("CELL_ERROR", "#N/A", column="Phone", value="#N/A"),)
    refused = record("  lead_phone: Phone\n", torn, Phone="#N/A")
    assert [(p.code, p.field, p.message, p.is_error) for p in refused.problems] == [("CELL_ERROR", "lead_phone", "#N/A", True)]  # fmt: skip
    dropped = record("  lead_phone: {column: Phone, bad_value: drop_field}\n", torn, Phone="#N/A")
    assert [(p.message, p.is_error) for p in dropped.problems] == [("#N/A; the field is not sent", False)]  # fmt: skip
    warned = (Problem("VALUE_IS_DATE", "d", column="Phone", severity=Severity.WARNING),)
    kept = record(
        "  lead_phone: {column: Phone, bad_value: drop_field}\n", warned, Phone="+14155552671"
    )
    assert (kept.problems[0].message, dict(kept.fields)["lead_phone"]) == ("d", "+14155552671")


def test_what_cells_mean_is_looked_up_folded_and_tags_one_by_one():
    lines = "  lead_shipping_country_code: {column: Country, values: {Heimat: DE, -: ''}}\n  add_tags: {column: Tags, separator: ';', values: {VIP: 'gold;top', old: '', 'a; b': whole}}\n"
    assert fields(lines, Country=" HEIMAT ", Tags="vip ; new;OLD") == {
        "add_tags": "gold,top,new", "lead_shipping_country_code": "DE",
    }  # fmt: skip
    assert fields(lines, Tags="A; B") == {"add_tags": "whole"}
    assert fields(lines, Tags="old", Country="-") == {}


# -- phones ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        (
            {"Country": "Germany", "Note": "US", "Work": "US"},
            "+491711234567",
        ),  # its own column first
        ({"Note": "DE", "Work": "US"}, "+491711234567"),  # then the shipping address
        ({"Work": "DE"}, "+491711234567"),  # then the billing address
        ({"Country": "nowhere", "Work": "DE"}, "+491711234567"),
        ({}, None),  # the default is another country
    ],
)
def test_the_country_of_a_number_is_the_nearest_that_is_known(cells, value):
    lines = (
        "  lead_phone: {column: Phone, region_from: Country, bad_value: drop_field}\n"
        "  lead_shipping_country_code: Note\n  lead_billing_country_code: Work\ndefaults: {phone_region: US}\n"
    )
    assert fields(lines, Phone="0171 1234567", **cells).get("lead_phone") == value


def test_a_mapper_travels_to_another_process_as_what_it_is_made_of():
    at = datetime(2026, 7, 1, tzinfo=UTC)
    lines = "  lead_utc: {column: Note, dst: current}\n  add_to_lists: Tags\n  lead_personal_manager: Name\n"
    mapper = RowMapper(bound(lines, lists={"L": ["super"]}, managers={"Vera": "7"}, at=at))
    again = pickle.loads(pickle.dumps(mapper))  # noqa: S301 - our own bytes
    cells = dict.fromkeys(HEADER, "") | {
        "E-mail": "a@b.org", "Note": "America/New_York", "Tags": "L", "Name": "Vera",
    }  # fmt: skip
    row = Row("a.csv", "", 2, cells)
    assert again.record(row) == mapper.record(row)
    assert dict(again.record(row).fields) == {
        "add_to_lists": "super", "lead_email": "a@b.org", "lead_personal_manager": "7", "lead_utc": "-04",
    }  # fmt: skip
