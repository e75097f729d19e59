"""What only the values of a row together show: contradictions, what is added, and whether anybody is reached."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bulk_import.mapping.binding import bind
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Problem, Record, Row, Severity

HEAD = "version: 1\nfields:\n  lead_email: E-mail\n"
AT = datetime(2026, 1, 1, tzinfo=UTC)
ID = "1473249885.2899961004"
LISTS = {"L": [ID], ID: [ID], "M": ["super"]}
NOBODY = (
    "EMAIL_MISSING",
    "no e-mail; the server would make a new contact at every run (when: no_email: create allows it)",
)
UNREACHABLE = (
    "CONTACT_UNREACHABLE",
    "no e-mail, no phone and no other way to reach the person; the server would make a new contact of it at every run",
)


def record(text: str, problems: tuple[Problem, ...] = (), **cells: str) -> Record:
    """The record of one row: ``E-mail`` and the columns that are named."""
    found = {"E-mail": "a@b.org"} | {
        ("E-mail" if name == "mail" else name): cell for name, cell in cells.items()
    }
    binding = bind(parse_mapping(HEAD + text), list(found), at=AT, lists=LISTS)  # fmt: skip
    return RowMapper(binding).record(Row("a.csv", "", 2, found, problems))


def found(made: Record) -> list[tuple[str, str]]:
    return [(problem.code, problem.message) for problem in made.problems]


# -- without an e-mail ---------------------------------------------------------------------------------


def test_a_row_without_an_address_is_refused_once():
    made = record("", mail=" ")
    assert (found(made), made.errors[0].field, made.email, made.contact) == ([NOBODY], "lead_email", "", "")  # fmt: skip
    wrong = record("", mail="nobody")
    assert [problem.code for problem in wrong.problems] == ["EMAIL_INVALID"]


def test_another_problem_of_the_row_does_not_hide_that_it_has_no_address():
    text = "  lead_phone: P\n"
    assert [problem.code for problem in record(text, mail="", P="12").problems] == ["EMAIL_MISSING", "PHONE_INVALID"]  # fmt: skip
    warned = (Problem("TEXT_LOST", "m", column="E-mail", severity=Severity.WARNING),)
    assert [p.code for p in record("", warned, mail="").problems] == ["EMAIL_MISSING", "TEXT_LOST"]


WAYS = [
    ("lead_phone", "+14155550123"), ("lead_whatsapp", "+14155550123"), ("lead_telegram", "@anna_1"),
    ("lead_viber", "+14155550123"), ("lead_facebook", "https://facebook.com/anna.berg"), ("lead_instagram", "anna"),
    ("lead_vkontakte", "https://vk.com/anna"), ("lead_in", "https://linkedin.com/in/anna"),
    ("lead_shipping_address_1", "Main St 1"), ("lead_billing_address_1", "Main St 1"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "cell"), WAYS)
def test_whoever_can_be_reached_in_another_way_becomes_a_contact_where_the_mapping_allows_it(
    field, cell
):
    text = f"  {field}: X\nwhen: {{no_email: create}}\n"
    assert (found(record(text, mail="", X=cell)), found(record(text, mail="", X=""))) == ([], [UNREACHABLE])  # fmt: skip


def test_a_name_alone_reaches_nobody_and_a_refused_row_is_not_told_so_as_well():
    text = "  lead_first_name: N\n  lead_utc: Z\nwhen: {no_email: create}\n"
    made = record(text, mail="", N="Anna", Z="")
    assert (found(made), made.errors[0].field) == ([UNREACHABLE], "lead_email")
    refused = record(text, mail="", N="Anna", Z="lunch")
    assert [problem.code for problem in refused.problems] == ["UTC_OFFSET_INVALID"]
    warned = record(text, mail="", N="Anna", Z="+05:30")
    assert [problem.code for problem in warned.problems] == ["CONTACT_UNREACHABLE", "UTC_OFFSET_HALF_HOUR"]  # fmt: skip


def test_a_list_that_the_account_does_not_have_does_not_hide_that_nobody_is_reached():
    """The account's answer may change tomorrow; the row would be sent then."""
    made = record("  add_to_lists: L\nwhen: {no_email: create}\n", mail="", L="N")
    assert [problem.code for problem in made.problems] == ["CONTACT_UNREACHABLE", "LIST_UNKNOWN"]


# -- contradictions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("add", "remove", "both"),
    [
        ("x,y", "y", "y"), ("x,y,z", "z,x", "x, z"), ("x", "X", ""), ("x", "", ""), ("", "x", ""), ("", "", ""),
        ("xy", "x", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("blank", ["omit", "clear"])
def test_tags_that_are_added_and_removed_at_once_refuse_the_row(add, remove, both, blank):
    text = f"  add_tags: A\n  remove_tags: R\nwhen: {{blank: {blank}}}\n"
    made = record(text, A=add, R=remove)
    wanted = [("ADD_AND_REMOVE", f"{both} would be added and removed at once")] if both else []
    assert [(p.code, p.message) for p in made.errors] == wanted
    assert [p.field for p in made.errors] == ["remove_tags"] * bool(both)


def test_lists_are_compared_by_their_ids():
    text = "  add_to_lists: {column: A, always: [L]}\n  remove_from_lists: R\n"
    made = record(text, A="M", R=ID)
    assert [(p.code, p.message, p.field) for p in made.problems] == [
        ("ADD_AND_REMOVE", f"{ID} would be added and removed at once", "remove_from_lists")
    ]
    assert record(text, A="", R="M").problems == ()


def test_a_tag_and_a_list_of_one_name_do_not_contradict_each_other():
    assert record("  add_tags: T\n  remove_from_lists: R\n", T="super", R="M").problems == ()


def test_values_that_do_not_fit_together_are_doubtful_and_sent():
    made = record("  lead_shipping_country_code: C\n  lead_shipping_zip: Z\n", C="US", Z="SW1A 1AA")
    assert [(p.code, p.field, p.severity) for p in made.problems] == [
        ("POSTAL_CODE_SHAPE", "lead_shipping_zip", Severity.WARNING)
    ]
    assert (made.is_valid, dict(made.fields)["lead_shipping_zip"]) == (True, "SW1A 1AA")


def test_two_values_are_enough_for_a_contradiction():
    """Of a contact without an address the country and the phone were once not compared."""
    cells = {"C": "DE", "P": "+1 415 555 2671"}
    text = "version: 1\nfields: {lead_shipping_country_code: C, lead_phone: P}\nwhen: {no_email: create}\n"
    made = RowMapper(bind(parse_mapping(text), list(cells))).record(Row("a", "", 2, cells))
    assert (made.is_valid, found(made)) == (
        True,
        [("PHONE_OTHER_COUNTRY", "+14155552671 is a number of US, the country is DE")],
    )


# -- what the row adds ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notes", "phone", "described"),
    [
        ("", "+1 415 555 2671 x7", "ext. 7"), ("likes tea", "+1 415 555 2671 ext. 12", "likes tea\next. 12"),
        ("likes tea", "+1 415 555 2671", "likes tea"),
    ],
)  # fmt: skip
def test_an_extension_is_added_to_the_notes_where_it_is_asked_for(notes, phone, described):
    text = "  lead_phone: {column: P, extension: describe}\n  lead_description: D\n"
    made = record(text, P=phone, D=notes)
    assert dict(made.fields) == {
        "lead_email": "a@b.org", "lead_phone": "+14155552671", "lead_description": described,
    }  # fmt: skip
    assert made.problems == ()


def test_an_extension_is_dropped_with_a_warning_where_it_is_not():
    made = record("  lead_phone: P\n", P="+1 415 555 2671 x7")
    assert dict(made.fields) == {"lead_email": "a@b.org", "lead_phone": "+14155552671"}
    assert found(made) == [("PHONE_EXTENSION_DROPPED", "the extension 7 is not sent")]


GUESS = "defaults: {guess_utc_from_country: true, guess_utc_from_phone: true}\n"
PLACES = "  lead_shipping_country_code: S\n  lead_billing_country_code: B\n  lead_phone: P\n  lead_utc: Z\n"


@pytest.mark.parametrize(
    ("cells", "offset", "because"),
    [
        ({"S": "JP"}, "+09", "+09 is guessed from the country JP"),
        ({"B": "JP"}, "+09", "+09 is guessed from the country JP"),
        ({"S": "TR", "B": "JP"}, "+03", "+03 is guessed from the country TR"),
        ({"P": "+81 90 1234 5678"}, "+09", "+09 is guessed from a phone of JP"),
        ({"S": "TR", "P": "+90 532 123 45 67"}, "+03", "+03 is guessed from the country TR"),
        ({"S": "US", "P": "+81 90 1234 5678"}, None, ""),  # the row's country is known, and has several
        ({"S": "IN"}, None, ""),  # half an hour, which the field cannot take
        ({"S": "JP", "Z": "+3"}, "+03", ""),
        ({}, None, ""),
    ],
)  # fmt: skip
def test_an_absent_offset_is_that_of_the_country_or_else_of_the_phone(cells, offset, because):
    made = record(PLACES + GUESS, **(dict.fromkeys("SBPZ", "") | cells))
    assert dict(made.fields).get("lead_utc") == offset
    guesses = [p for p in made.problems if p.code == "UTC_OFFSET_GUESSED"]
    assert [(p.message, p.field, p.severity) for p in guesses] == (
        [(because, "lead_utc", Severity.WARNING)] if because else []
    )


@pytest.mark.parametrize(
    ("asked", "offset"),
    [("guess_utc_from_country", None), ("guess_utc_from_phone", "+09")],
)
def test_each_guess_is_asked_for_by_itself(asked, offset):
    text = f"{PLACES}defaults: {{{asked}: true}}\n"
    made = record(text, S="", B="", Z="", P="+81 90 1234 5678")
    assert dict(made.fields).get("lead_utc") == offset
    made = record(text, S="JP", B="", Z="", P="")
    assert dict(made.fields).get("lead_utc") == (None if offset else "+09")


def test_a_cleared_offset_is_no_absent_one():
    made = record(f"{PLACES}{GUESS}when: {{blank: clear}}\n", S="JP", B="", Z="", P="")
    assert dict(made.fields)["lead_utc"] == ""
