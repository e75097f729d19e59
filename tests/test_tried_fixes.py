"""Changes of the mapping that repair refused rows: which are tried, what each repairs and costs, and in which order."""

from __future__ import annotations

import pytest

from bulk_import.jobs import fixes as jobs_fixes
from bulk_import.jobs.fixes import Fix
from bulk_import.mapping.binding import bind
from bulk_import.mapping.editing import Change
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Row

HEADER = ["E-mail", "Second", "Phone", "Tags", "Zone", "Lists", "Owner email"]
HEAD = "version: 1\nfields:\n  lead_email: E-mail\n"


def fixes(lines: str, *rows: dict[str, str]) -> list[tuple[str, str, int, int, str]]:
    """(change, code, rows, repaired, costs) of what is proposed for those of the rows that are refused."""
    mapping = parse_mapping(HEAD + lines)
    mapper = RowMapper(bind(mapping, HEADER))
    records = [
        mapper.record(
            Row("a.csv", "", number, dict.fromkeys(HEADER, "") | {"E-mail": f"p{number}@b.org"} | cells)
        )
        for number, cells in enumerate(rows, 2)
    ]  # fmt: skip
    found = jobs_fixes.tested_fixes(
        mapping, HEADER, [record for record in records if not record.is_valid], ()
    )
    return [(fix.change, fix.code, fix.rows, fix.repaired, fix.costs) for fix in found]


def test_nothing_is_proposed_where_nothing_is_refused():
    assert fixes("  lead_phone: Phone\n", {}, {"Phone": "+14155550123"}) == []


def test_numbers_without_a_country_get_the_one_in_which_most_of_them_exist():
    british = [{"Phone": f"07400 12345{n}", "E-mail": f"p{n}@x.uk"} for n in range(3)]
    found = fixes("  lead_phone: Phone\n", *british, {"Phone": "1"})
    assert found[0][:4] == ("defaults.phone_region: GB", "PHONE_NO_COUNTRY", 3, 3)
    assert found[1:] == [
        ("fields.lead_phone.bad_value: drop_field", "PHONE_NO_COUNTRY", 3, 3, "they go without 'Phone'"),
        ("fields.lead_phone.bad_value: drop_field", "PHONE_INVALID", 1, 1, "they go without 'Phone'"),
    ]  # fmt: skip


def test_a_country_that_is_not_the_only_one_has_its_rivals_named():
    found = fixes("  lead_phone: Phone\n", {"Phone": "612 34 56 78"}, {"Phone": "612 34 56 79"})
    (region,) = [fix for fix in found if fix[0].startswith("defaults")]
    assert region == (
        "defaults.phone_region: DE", "PHONE_NO_COUNTRY", 2, 2,
        "they exist in FR, ES, UA, PL as well: be sure of DE",
    )  # fmt: skip


def test_a_country_that_the_mapping_names_already_is_not_proposed():
    lines = "  lead_phone: Phone\ndefaults: {phone_region: DE}\n"
    assert [fix[0] for fix in fixes(lines, {"Phone": "1"})] == ["fields.lead_phone.bad_value: drop_field"]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "column", "cell", "code"),
    [
        ("lead_phone", "Phone", "+1 415 555 2671; +1 415 555 2672", "PHONE_SEVERAL"),
        ("lead_email", "E-mail", "a@b.org, c@d.org", "EMAIL_SEVERAL"),
    ],
)
def test_of_several_the_first_is_taken_and_that_is_said(field, column, cell, code):
    lines = "  lead_phone: {column: Phone, several: refuse}\n"
    assert fixes(lines, {column: cell}) == [
        (f"fields.{field}.several: first", code, 1, 1, "only the first one is used")
    ]


def test_an_address_that_is_refused_is_never_left_out():
    assert fixes("", {"E-mail": "nobody"}) == []


LONG = "x" * 200  # two of them are too long for one tag
AT = "fields.add_tags.separator: "


@pytest.mark.parametrize(
    ("said", "cells", "found"),
    [
        (', separator: ";"', ["a,b"], [(f'{AT}[";", ","]', 1)]),
        (', separator: ";"', ["a,b;c"], [(f'{AT}[";", ","]', 1)]),
        (', separator: ";"', ["a,b", "c|d,e"], [(f'{AT}[";", ",", "|"]', 2), (f'{AT}[";", ","]', 1)]),
        ("", [f"{LONG};{LONG}y"], [(f'{AT}[",", ";"]', 1)]),
        ("", [f"{LONG}|{LONG}y", f"{LONG}|{LONG}z"], [(f'{AT}[",", "|"]', 2)]),
        ("", [f"{LONG};{LONG}y", f"{LONG}|{LONG}z"], [(f'{AT}[",", ";", "|"]', 2), (f'{AT}[",", ";"]', 1), (f'{AT}[",", "|"]', 1)]),
        ("", [f"{LONG};{LONG}y,c"], [(f'{AT}[",", ";"]', 1)]),
        ("", [f"{LONG}/{LONG}y;c"], []),
        (", separator: [';', '|']", ["a,b"], [(f'{AT}[";", "|", ","]', 1)]),
        (", separator: [';', '|']", [f"{LONG}/{LONG}y"], []),  # "/" is in words, too
        ("", [f"{LONG}{LONG}"], []),
    ],
)  # fmt: skip
def test_what_separates_tags_in_the_refused_cells_is_tried(said, cells, found):
    *separators, dropped = fixes(f"  add_tags: {{column: Tags{said}}}\n", *({"Tags": cell} for cell in cells))  # fmt: skip
    assert [(change, repaired) for change, _, _, repaired, _ in separators] == found
    assert [costs for *_, costs in separators] == [""] * len(found)
    assert (dropped[0], dropped[2:]) == (
        "fields.add_tags.bad_value: drop_field", (len(cells), len(cells), "they go without 'Tags to add'"),
    )  # fmt: skip


def test_a_sign_instead_of_the_known_one_says_what_it_costs():
    lines = "  add_tags: {column: Tags, bad_value: drop_field}\n"
    assert fixes(lines.replace(", bad_value: drop_field", ""), {"Tags": f"{LONG}/{LONG}y"}) == [
        (f'{AT}"/"', "TAG_TOO_LONG", 1, 1, "cells are no longer split at ,"),
        ("fields.add_tags.bad_value: drop_field", "TAG_TOO_LONG", 1, 1, "they go without 'Tags to add'"),
    ]  # fmt: skip


def test_a_fix_never_makes_one_tag_of_the_two_in_a_cell_that_was_well():
    head = f"{HEAD}  add_tags: {{column: Tags, separator: "
    cells = ["client, VIP", "client; webinar"]
    rows = [Row("a", "", n, dict.fromkeys(HEADER, "") | {"E-mail": f"p{n}@b.org", "Tags": cell}) for n, cell in enumerate(cells, 2)]  # fmt: skip
    mapping = parse_mapping(f'{head}";"}}\n')
    refused, well = (RowMapper(bind(mapping, HEADER)).record(row) for row in rows)
    assert (refused.is_valid, well.is_valid) == (False, True)
    best = jobs_fixes.tested_fixes(mapping, HEADER, [refused], ())[0]
    assert best.change == 'fields.add_tags.separator: [";", ","]'
    fixed = RowMapper(bind(parse_mapping(f'{head}[";", ","]}}\n'), HEADER))
    assert [dict(fixed.record(row).fields)["add_tags"] for row in rows] == [
        "client,VIP",
        "client,webinar",
    ]


def test_a_further_sign_is_proposed_for_tags_that_look_like_several():
    mapping = parse_mapping(f"{HEAD}  add_tags: Tags\n")
    row = Row("a", "", 2, dict.fromkeys(HEADER, "") | {"E-mail": "a@b.org", "Tags": "x; y, z"})
    joined = RowMapper(bind(mapping, HEADER)).record(row)
    assert [problem.code for problem in joined.warnings] == ["TAG_SEPARATOR"]
    (fix,) = jobs_fixes.tested_fixes(mapping, HEADER, [], [joined])
    assert (fix.change, fix.code, fix.rows, fix.repaired, fix.costs) == (
        'fields.add_tags.separator: [",", ";"]', "TAG_SEPARATOR", 1, 1, "",
    )  # fmt: skip


def test_a_row_whose_tag_looks_like_several_is_still_repaired_elsewhere():
    lines = "  add_tags: Tags\n  lead_phone: {column: Phone, several: refuse}\n"
    found = fixes(lines, {"Phone": "+1 415 555 2671; +1 415 555 2672", "Tags": "x; y"})
    assert [(change, repaired) for change, _, _, repaired, _ in found] == [
        ("fields.lead_phone.several: first", 1)
    ]


def test_lists_get_the_separator_that_makes_their_names_whole():
    mapping = parse_mapping(f"{HEAD}  add_to_lists: Lists\n")
    lists = {"A": ["a1"], "B": ["b1"]}
    mapper = RowMapper(bind(mapping, HEADER, lists=lists))
    rows = [Row("a", "", 2, dict.fromkeys(HEADER, "") | {"E-mail": "a@b.org", "Lists": "A;B"})]
    refused = [mapper.record(row) for row in rows]
    assert [p.code for p in refused[0].errors] == ["LIST_UNKNOWN"]
    found = jobs_fixes.tested_fixes(mapping, HEADER, refused, ())
    assert found[0] == Fix(
        Change(("fields", "add_to_lists", "separator"), (",", ";")), "LIST_UNKNOWN", 1, 1
    )
    assert [fix.edit.value for fix in found[1:]] == ["drop_field"]


def test_repairs_that_are_not_asked_for_are_added_to_those_that_are():
    lines = "  lead_shipping_zip: Second\n  lead_shipping_country_code: Zone\nrepair: [mojibake]\n"
    assert fixes(lines, {"Second": "1067", "Zone": "DE"}, {"Second": "1069", "Zone": "DE"}) == [
        ("repair: [mojibake, postal_zero]", "POSTAL_CODE_ZERO_LOST", 2, 2, ""),
        ("fields.lead_shipping_zip.bad_value: drop_field", "POSTAL_CODE_ZERO_LOST", 2, 2, "they go without 'Shipping address: postal code'"),
    ]  # fmt: skip
    asked = lines.replace("[mojibake]", "[mojibake, postal_zero]")
    assert fixes(asked, {"Second": "1067", "Zone": "DE"}) == []


# -- rows without an address ---------------------------------------------------------------------------


def test_another_column_with_addresses_is_tried_for_the_rows_that_have_none():
    rows = [{"E-mail": "", "Second": f"s{n}@x.org"} for n in range(3)]
    assert fixes("", *rows, {"E-mail": ""}, {}) == [
        ("fields.lead_email.columns: [E-mail, Second]", "EMAIL_MISSING", 4, 3, "")
    ]


def test_the_address_of_another_person_or_of_many_rows_is_never_tried():
    owners = [{"E-mail": "", "Owner email": f"o{n}@x.org"} for n in range(6)]
    assert fixes("", *owners) == []
    shared = [{"E-mail": "", "Second": "shop@x.org"} for _ in range(5)]
    assert fixes("", *shared) == []
    beside = [{"E-mail": "", "Second": "shop@x.org", "Tags": f"t{n}@x.org"} for n in range(5)]
    assert [fix[0] for fix in fixes("", *beside)] == ["fields.lead_email.columns: [E-mail, Tags]"]


def test_a_mapping_without_an_address_gets_none():
    mapping = parse_mapping("version: 1\nfields: {lead_phone: Phone}\n")
    mapper = RowMapper(bind(mapping, HEADER))
    row = Row("a", "", 2, dict.fromkeys(HEADER, "") | {"Second": "s@x.org"})
    assert jobs_fixes.tested_fixes(mapping, HEADER, [mapper.record(row)], ()) == []


# -- their order, and how they are told ---------------------------------------------------------------


def test_what_costs_nothing_comes_first_and_what_repairs_more_before_less():
    rows = [
        {"E-mail": "", "Second": "s@x.org"},
        {"Zone": "lunch"}, {"Zone": "tea"},
        {"Phone": "1"},
    ]  # fmt: skip
    assert fixes("  lead_utc: Zone\n  lead_phone: Phone\n", *rows) == [
        ("fields.lead_email.columns: [E-mail, Second]", "EMAIL_MISSING", 1, 1, ""),
        ("fields.lead_utc.bad_value: drop_field", "UTC_OFFSET_INVALID", 2, 2, "they go without 'Offset from UTC in whole hours'"),
        ("fields.lead_phone.bad_value: drop_field", "PHONE_INVALID", 1, 1, "they go without 'Phone'"),
    ]  # fmt: skip


def test_a_row_with_two_faults_is_repaired_by_no_single_change():
    assert fixes("  lead_utc: Zone\n  lead_phone: Phone\n", {"Zone": "lunch", "Phone": "1"}) == []


def test_a_change_is_written_as_it_stands_in_a_mapping():
    one = Fix(Change(("fields", "add_tags", "separator"), (";", ",")), "X", 1200, 1100)
    assert one.change == 'fields.add_tags.separator: [";", ","]'
    assert one.effect == "makes 1,100 of 1,200 rows with X valid"
    with_another = Fix(
        Change(("fields", "lead_first_name", "order"), "last_first"), "NAME_NOT_SPLIT", 9, 7,
        also=(Change(("fields", "lead_last_name", "order"), "last_first"),),
    )  # fmt: skip
    assert with_another.change == (
        "fields.lead_first_name.order: last_first; fields.lead_last_name.order: last_first"
    )
    assert with_another.effect == "splits 7 of 9 names with NAME_NOT_SPLIT"


# -- fields that rows are sent without -------------------------------------------------------------------


def kept(lines: str, *rows: dict[str, str]) -> list[tuple[str, str]]:
    """(change, effect) of what is proposed for fields that the rows are sent without."""
    table = [
        Row("a.csv", "", number, dict.fromkeys(HEADER, "") | {"E-mail": f"p{number}@b.org"} | cells)
        for number, cells in enumerate(rows, 2)
    ]
    found = jobs_fixes.fixes_of_dropped(parse_mapping(HEAD + lines), HEADER, table)
    return [(fix.change, fix.effect) for fix in found]


def test_a_field_that_rows_go_without_has_its_repair_tried_as_well():
    lines = "  lead_shipping_country_code: Zone\n  lead_shipping_zip: {column: Second, bad_value: drop_field}\n"
    rows = [{"Second": zip_, "Zone": "US"} for zip_ in ("2140", "02141", "2142")]
    effect = "keeps the field in 2 of 2 rows with POSTAL_CODE_ZERO_LOST (of the first 3 rows)"
    assert kept(lines, *rows) == [("repair: [postal_zero]", effect)]
    everywhere = lines.replace(", bad_value: drop_field", "") + "when: {bad_value: drop_field}\n"
    assert kept(everywhere, *rows) == [("repair: [postal_zero]", effect)]


def test_nothing_is_proposed_for_fields_that_are_sent_or_for_rows_that_are_refused():
    lines = "  lead_phone: {column: Phone, bad_value: drop_field}\n"
    assert kept(lines, {"Phone": "+14155550123"}) == []
    assert kept(lines, {"Phone": "7400 123456", "E-mail": "none"}) == []


def test_a_column_of_countries_gives_the_numbers_their_country():
    rows = [
        {"Phone": "79161234567", "Zone": "Россия"},
        {"Phone": "0151 12345678", "Zone": "Germany"},
    ]
    effect = "keeps the field in 2 of 2 rows with PHONE_NO_COUNTRY (of the first 2 rows)"
    assert kept("  lead_phone: {column: Phone, bad_value: drop_field}\n", *rows)[0] == (
        "fields.lead_phone.region_from: Zone", effect
    )  # fmt: skip
    others = [{**row, "Zone": "Main Street"} for row in rows]
    assert not any("region_from" in fix[0] for fix in fixes("  lead_phone: Phone\n", *others))
