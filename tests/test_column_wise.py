"""Rows that are mapped by column: which of them are, what their forms say, and which are left to the mapper with what is known."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from bulk_import.mapping.binding import bind
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Problem, Row, Severity

HEADER = ("E-mail", "First", "Phone", "Country", "Zip", "Zone", "Tags", "Gone", "Note", "Id")
HEAD = "version: 1\nfields:\n  lead_email: E-mail\n"
WARNED = (Problem("VALUE_IS_DATE", "d", column="Note", severity=Severity.WARNING),)


def mapper(lines: str) -> RowMapper:
    return RowMapper(bind(parse_mapping(HEAD + lines), HEADER))


def row(number: int = 2, problems: tuple[Problem, ...] = (), **cells: str) -> Row:
    found = dict.fromkeys(HEADER, "") | {"E-mail": f"p{number}@b.org"}
    return Row("a.csv", "", number, found | {("E-mail" if k == "mail" else k): c for k, c in cells.items()}, problems)  # fmt: skip


def form(one: RowMapper, **cells: str) -> dict[str, str] | None:
    """The form of one row that is mapped by column; ``None`` if it is left to the mapper."""
    (found,) = one.forms([row(**cells)])
    if found is None:
        return None
    return dict(parse_qsl(found.body.decode("ascii"), keep_blank_values=True, strict_parsing=True))


# -- whole rows --------------------------------------------------------------------------------------


def test_a_form_has_what_is_sent_in_the_order_of_the_form_and_the_key_in_small_letters():
    one = mapper("  lead_description: Note\n  lead_first_name: First\n  add_tags: Tags\nextra: {crm id: Id}\n".replace("crm id", "crm_id"))  # fmt: skip
    (found,) = one.forms([row(mail="Anna@B.org", Note="a & b", First="Åsa", Tags="x,y", Id="7=8")])
    assert found is not None
    assert found.email == "anna@b.org"
    assert found.body == (
        b"add_tags=x%2Cy&lead_email=Anna%40b.org&lead_first_name=%C3%85sa&lead_description=a+%26+b&crm_id=7%3D8"
    )
    assert found.warnings == ()


def test_rows_keep_their_places_among_those_that_are_left():
    one = mapper("")
    rows = [
        row(2),
        row(3, mail="nobody"),
        row(4, mail=""),
        row(5),
        row(6, (Problem("ROW_RAGGED", "r"),)),
    ]
    forms = one.forms(rows)
    assert [found and found.email for found in forms] == ["p2@b.org", None, None, "p5@b.org", None]
    assert one.forms([]) == []


@pytest.mark.parametrize(
    ("lines", "cells"),
    [
        ("  lead_phone: Phone\n", {"Phone": "12"}),
        ("  lead_phone: Phone\n  lead_shipping_country_code: Country\n", {"Phone": "+14155552671", "Country": "DE"}),
        ("  lead_utc: Zone\n  lead_billing_country_code: Country\n", {"Zone": "+9", "Country": "DE"}),
        ("  lead_shipping_zip: Zip\n  lead_shipping_country_code: Country\n", {"Zip": "SW1A 1AA", "Country": "US"}),
        ("  lead_shipping_zip: Zip\n", {"Zip": "12345678901"}),
        ("  add_tags: Tags\n  remove_tags: Gone\n", {"Tags": "x", "Gone": "y"}),
        ("  lead_utc: Zone\ndefaults: {guess_utc_from_country: true}\n", {}),
        ("defaults: {guess_utc_from_phone: true}\n", {}),
        ("skip: [{column: Gone, values: [x]}]\n", {"Gone": "X"}),
        ("skip: [{column: Gone, values: [x]}]\n", {"Gone": "#N/A"}),
        ("only: [{column: Gone, values: [x]}]\n", {}),
        ("checks: [{column: Gone, require: yes}]\n", {"Gone": "x"}),
        ("  lead_phone: {column: Phone, extension: describe}\n", {"Phone": "+1 415 555 2671 x7"}),
    ],
)  # fmt: skip
def test_a_row_about_which_there_may_be_more_to_say_is_left_to_the_mapper(lines, cells):
    assert form(mapper(lines), **cells) is None


@pytest.mark.parametrize(
    ("lines", "cells", "sent"),
    [
        ("  lead_phone: Phone\n  lead_shipping_country_code: Country\n", {"Phone": "+4930123456", "Country": "DE"},
         {"lead_phone": "+4930123456", "lead_shipping_country_code": "DE"}),
        ("  lead_phone: Phone\n  lead_billing_country_code: Country\n", {"Phone": "030 123456", "Country": "Germany"},
         {"lead_phone": "+4930123456", "lead_billing_country_code": "DE"}),
        ("  lead_phone: Phone\n  lead_shipping_country_code: Country\n", {"Phone": "", "Country": "DE"}, {"lead_shipping_country_code": "DE"}),
        ("  lead_phone: {column: Phone, region_from: Country}\n", {"Phone": "030 123456", "Country": "DE"}, {"lead_phone": "+4930123456"}),
        ("  lead_phone: {column: Phone, region_from: Country}\ndefaults: {phone_region: FR}\n", {"Phone": "06 12 34 56 78", "Country": "nowhere"},
         {"lead_phone": "+33612345678"}),
        ("  lead_utc: Zone\n  lead_shipping_country_code: Country\n", {"Zone": "+1", "Country": "DE"}, {"lead_utc": "+01", "lead_shipping_country_code": "DE"}),
        ("  lead_shipping_zip: Zip\n  lead_shipping_country_code: Country\n", {"Zip": "10115", "Country": "DE"},
         {"lead_shipping_zip": "10115", "lead_shipping_country_code": "DE"}),
        ("  lead_shipping_zip: Zip\n", {"Zip": "2138"}, {"lead_shipping_zip": "2138"}),
        ("  add_tags: Tags\n  remove_tags: Gone\n", {"Tags": "x"}, {"add_tags": "x"}),
        ("  remove_tags: Gone\n", {"Gone": "x"}, {"remove_tags": "x"}),
        ("  lead_utc: Zone\ndefaults: {guess_utc_from_country: true}\n", {"Zone": "+3"}, {"lead_utc": "+03"}),
        ("skip: [{column: Gone, values: [x]}]\n", {"Gone": "y"}, {}),
        ("only: [{column: Gone, values: [x]}]\n", {"Gone": "x"}, {}),
        ("  lead_phone: {column: Phone, bad_value: drop_field}\n", {"Phone": "12"}, {}),
        ("  lead_description: {column: Note, blank: clear}\n", {}, {"lead_description": ""}),
        ("  lead_description: Note\n", {"Note": " "}, {}),
        ("  lead_description: {value: x}\n", {}, {"lead_description": "x"}),
        ("  add_tags: {always: [x, y]}\n", {}, {"add_tags": "x,y"}),
        ("  lead_first_name: {column: First, part: first}\n", {"First": "Anna Berg"}, {"lead_first_name": "Anna"}),
        ("  lead_first_name: {column: First, case: title}\n", {"First": "ANNA"}, {"lead_first_name": "Anna"}),
        ("  lead_description: {column: Note, values: {x: y}}\n", {"Note": "X"}, {"lead_description": "y"}),
        ("extra: {crm: Id}\n", {"Id": " 7 "}, {"crm": " 7 "}),
        ("extra: {crm: {column: Id, values: {x: y}}}\n", {"Id": "X"}, {"crm": "y"}),
        ("extra: {crm: Id}\n", {"Id": " "}, {}),
        ("extra: {crm: {column: Id, blank: clear}}\n", {"Id": " "}, {"crm": ""}),
    ],
)  # fmt: skip
def test_a_good_row_gets_its_form(lines, cells, sent):
    one = mapper(lines)
    assert form(one, **cells) == {"lead_email": "p2@b.org"} | sent
    assert dict(mapper(lines).record(row(**cells)).fields) == {"lead_email": "p2@b.org"} | sent


def test_a_mapping_without_an_address_is_not_mapped_by_column():
    text = "version: 1\nfields: {lead_phone: Phone}\nwhen: {no_email: create}\n"
    one = RowMapper(bind(parse_mapping(text), HEADER))
    assert one.forms([row(Phone="+14155552671")]) == [None]


def test_half_a_character_leaves_its_chunk_to_the_mapper():
    one = mapper("extra: {crm: Id}\n")
    assert one.forms([row(2), row(3, Id="\ud800")]) == [None, None]
    assert one.forms([row(4)]) != [None]
    tags = mapper("  lead_description: Note\n")
    assert [found is None for found in tags.forms([row(2), row(3, Note="\ud800")])] == [False, True]


# -- warnings ------------------------------------------------------------------------------------------


def test_warnings_stand_from_left_to_right_with_the_column_of_their_text():
    one = mapper("  lead_utc: {column: Zone}\n  lead_phone: {columns: [Gone, Phone]}\n")
    (found,) = one.forms(
        [row(mail="a@gmial.com", Zone="Europe/Berlin", Phone="+1 415 555 2671 x7")]
    )
    assert found is not None
    assert [(w.code, w.column) for w in found.warnings] == [
        ("EMAIL_TYPO", "E-mail"), ("PHONE_EXTENSION_DROPPED", "Phone"), ("UTC_OFFSET_DST", "Zone"),
    ]  # fmt: skip
    (plain,) = one.forms([row(3)])
    assert plain is not None
    assert plain.warnings == ()


def test_tags_are_compared_with_those_of_the_rows_above_in_their_order():
    one = mapper("  add_tags: Tags\n  remove_tags: Gone\n")
    chunks = [[row(2, Tags="vip"), row(3, Gone="VIP"), row(4, Tags="vip")], [row(5, Tags="Vip")]]
    found = [[[w.code for w in form.warnings] if form else None for form in one.forms(chunk)] for chunk in chunks]  # fmt: skip
    assert found == [[[], ["TAG_LOOK_ALIKE"], []], [["TAG_LOOK_ALIKE"]]]


def test_tags_of_rows_that_are_not_judged_count_where_they_stood():
    one = mapper("  add_tags: Tags\n")
    one.forms([row(2, Tags="a")])
    one.overhear(row(3, Tags="VIP"), 1)
    assert one.overheard == 1
    (found,) = one.forms([row(4, Tags="vip")])
    assert found is not None
    assert ([w.code for w in found.warnings], one.overheard) == (["TAG_LOOK_ALIKE"], 0)


@pytest.mark.parametrize(
    ("tags", "judged_before", "doubtful"),
    [
        (("vip", "x"), 1, [0, 0]), (("x", "vip"), 1, [0, 1]), (("x", "vip", "y"), 2, [0, 0, 0]),
        (("x", "y", "vip"), 2, [0, 0, 1]),
    ],
)  # fmt: skip
def test_tags_of_a_row_between_others_are_looked_at_between_them(tags, judged_before, doubtful):
    one = mapper("  add_tags: Tags\n")
    one.overhear(row(9, Tags="VIP"), judged_before)
    rows = [row(number, Tags=tag) for number, tag in enumerate(tags, 2)]
    assert one.forms(rows) == [None] * len(rows)  # by column they would all be looked at before it
    assert [len(one.record(each).problems) for each in rows] == doubtful


def test_tags_of_a_spoiled_cell_that_is_overheard_do_not_count():
    torn = (Problem("CELL_ERROR", "#N/A", column="Tags", value="VIP"),)
    one = mapper("  add_tags: Tags\n")
    one.overhear(row(2, torn, Tags="VIP"), 0)
    (found,) = one.forms([row(3, Tags="vip")])
    assert found is not None
    assert found.warnings == ()


# -- memory --------------------------------------------------------------------------------------------


def test_what_is_remembered_of_a_number_is_not_taken_for_another_country():
    one = mapper(
        "  lead_phone: Phone\n  lead_shipping_country_code: Country\n  lead_shipping_zip: Zip\n"
    )
    phones = [form(one, Phone="0612345678", Country=country) for country in ("FR", "IT", "FR")]
    assert [found and found["lead_phone"] for found in phones] == ["+33612345678", "+390612345678", "+33612345678"]  # fmt: skip
    codes = [one.record(row(Zip="1067", Country=country)) for country in ("AT", "DE", "AT")]
    assert [[p.code for p in found.problems] for found in codes] == [[], ["POSTAL_CODE_ZERO_LOST"], []]  # fmt: skip


@pytest.mark.parametrize(("damaged", "is_given_up"), [(3, False), (4, True)])
def test_a_chunk_of_which_more_than_three_quarters_are_damaged_pauses_the_work_by_column(
    damaged, is_given_up
):
    one = mapper("  lead_description: Note\n")
    torn = (Problem("ROW_RAGGED", "r"),)
    first = [row(n, torn if n < damaged + 2 else ()) for n in range(2, 6)]
    assert [found is None for found in one.forms(first)] == [True] * damaged + [False] * (
        4 - damaged
    )
    later = [one.forms([row(n)]) == [None] for n in range(10, 21)]
    assert later == ([True] * 10 + [False] if is_given_up else [False] * 11)


def test_a_row_with_a_warning_of_its_own_is_left_to_the_mapper_and_keeps_it():
    one = mapper("  lead_description: Note\n")
    warned = row(2, WARNED, Note="12 May")
    assert one.forms([warned, row(3), row(4), row(5)])[0] is None
    assert [p.code for p in one.record(warned).problems] == ["VALUE_IS_DATE"]
