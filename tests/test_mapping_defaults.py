"""What a mapping means by what it does not say, and both sides of each limit of what it may say."""

from __future__ import annotations

import pytest

from bulk_import.errors import MappingError
from bulk_import.mapping.loading import load_mapping, parse_mapping

HEAD = "version: 1\nfields:\n  lead_email: E-mail\n"
SOURCE = {
    "sheet": None, "header_row": None, "encoding": None, "delimiter": None, "member": None, "sheets": (),
    "hidden_rows": "read", "places": (), "corrections": None, "corrections_by": "row",
}  # fmt: skip
RULE = {
    "column": (), "columns": (), "value": None, "template": None, "part": None, "order": None, "values": {},
    "region_from": (), "case": "keep", "dst": "standard", "half_hours": "omit", "separator": None, "always": (),
    "mirror": False, "several": None, "extension": "drop", "strict_phone": False, "refuse_role": False,
    "refuse_disposable": False, "deliverability": False, "blank": None, "bad_value": None,
}  # fmt: skip
WHEN = {
    "no_email": "refuse", "duplicate": "send", "blank": "omit", "bad_value": "refuse_row", "says_no": "stop",
}  # fmt: skip
CHECK = {
    "column": (), "field": None, "require": False, "pattern": None, "one_of": (), "unique": False, "because": "",
    "optional": False,
}  # fmt: skip


def test_the_shortest_mapping_sends_nothing_but_its_column_and_refuses_what_is_doubtful():
    assert parse_mapping(HEAD).spec.model_dump() == {
        "version": "1",
        "source": SOURCE,
        "defaults": {
            "phone_region": None,
            "guess_utc_from_country": False,
            "guess_utc_from_phone": False,
        },
        "fields": {"lead_email": RULE | {"column": ("E-mail",)}},
        "extra": {},
        "when": WHEN,
        "suppress": (),
        "skip": (),
        "only": (),
        "checks": (),
        "min_rows": None,
        "repair": (),
        "on_missing": None,
    }


def test_the_short_forms_are_those_of_one_name():
    spec = parse_mapping(
        f"{HEAD}  lead_phone: [Mobile, Phone]\n  add_tags: {{always: x, separator: [';', '|']}}\n"
        "suppress: stop.csv\nskip: [{column: A, values: x}]\nchecks: [{column: B, require: yes}]\n"
        "repair: mojibake\non_missing: {add_tags: gone}\n"
    ).spec
    assert spec.fields["lead_phone"].model_dump() == RULE | {"column": ("Mobile", "Phone")}
    assert spec.fields["add_tags"].model_dump() == RULE | {
        "always": ("x",),
        "separator": (";", "|"),
    }
    assert [one.model_dump() for one in spec.suppress] == [
        {
            "file": "stop.csv", "columns": (), "kind": "addresses", "gmail_dots": False, "sheet": None,
            "encoding": None, "delimiter": None, "member": None,
        }
    ]  # fmt: skip
    assert [one.model_dump() for one in spec.skip] == [
        {"column": ("A",), "values": ("x",), "because": "", "optional": False}
    ]
    assert [one.model_dump() for one in spec.checks] == [CHECK | {"column": ("B",), "require": True}]  # fmt: skip
    assert spec.repair == ("mojibake",)
    assert spec.on_missing is not None
    assert spec.on_missing.model_dump() == {
        "add_tags": ("gone",),
        "remove_tags": (),
        "remove_from_lists": (),
    }


def test_a_region_is_in_capitals_and_an_empty_one_is_refused():
    assert parse_mapping(f"{HEAD}defaults: {{phone_region: us}}\n").spec.defaults.phone_region == "US"  # fmt: skip
    with pytest.raises(MappingError) as caught:
        parse_mapping(f"{HEAD}defaults: {{phone_region: ''}}\n", "m")
    assert str(caught.value) == (
        "m:4:12: defaults.phone_region: '' is not a two-letter country code such as US"
    )


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("source: {header_row: 1}", "source: {header_row: 0}", "m:4:10: source.header_row: input should be greater than or equal to 1"),
        ("min_rows: 1", "min_rows: 0", "m:4:1: min_rows: input should be greater than or equal to 1"),
        (f"source: {{sheet: {'x' * 10_000}}}", f"source: {{sheet: {'x' * 10_001}}}", "m:4:10: source.sheet: string should have at most 10000 characters"),
        ("source: {places: [a, b, c]}", "source: {places: [a, b, c, d]}", "m:4:1: source: places: name three columns: file, sheet and row"),
        ("source: {sheets: [a]}", "source: {sheets: [a], sheet: b}", "m:4:1: source: sheet and sheets exclude each other"),
        ("on_missing: {remove_tags: x}", "on_missing: {add_tags: []}", "m:4:1: on_missing: says nothing; give add_tags, remove_tags or remove_from_lists"),
        ("on_missing: {remove_from_lists: x}", "on_missing: {}", "m:4:1: on_missing: says nothing; give add_tags, remove_tags or remove_from_lists"),
        ("checks: [{column: A, one_of: [x]}]", "checks: [{column: A, one_of: []}]", "m:4:10: checks.0: demands nothing; give require, pattern, one_of or unique"),
        ("checks: [{column: A, unique: yes}]", "checks: [{unique: yes}]", "m:4:10: checks.0: name a column or a field"),
        ("checks: [{column: A, pattern: x}]", "checks: [{column: A, pattern: ''}]", "m:4:22: checks.0.pattern: string should have at least 1 character"),
        ("skip: [{column: A, values: [x]}]", "skip: [{column: [], values: [x]}]", "m:4:9: skip.0.column: must name at least one"),
        ("repair: [postal_zero, placeholders]", "repair: [postal_zeros]", "m:4:10: repair.0: must be 'postal_zero', 'mojibake', 'html_entities' or 'placeholders'"),
    ],
)  # fmt: skip
def test_each_limit_from_both_sides(good, bad, said):
    parse_mapping(f"{HEAD}{good}\n", "m")
    with pytest.raises(MappingError) as caught:
        parse_mapping(f"{HEAD}{bad}\n", "m")
    assert str(caught.value) == said


def test_no_field_at_all_is_refused():
    with pytest.raises(MappingError) as caught:
        load_mapping({"fields": {}})
    assert "fields: " in str(caught.value)


@pytest.mark.parametrize(
    "rule", ["{column: A, columns: B}", "{columns: A, value: x}", "{value: x, template: '{A}'}"]
)
def test_a_field_has_one_origin(rule):
    with pytest.raises(MappingError, match=r"^m:4:3: fields\.lead_description: \w+ and \w+ exclude each other; keep one$"):  # fmt: skip
        parse_mapping(f"{HEAD}  lead_description: {rule}\n", "m")


def test_an_origin_that_is_empty_is_none():
    with pytest.raises(MappingError) as caught:
        parse_mapping(f"{HEAD}  lead_description: {{column: []}}\n", "m")
    assert str(caught.value) == (
        "m:4:3: fields.lead_description: says nothing of where the value comes from; give column: NAME"
    )
    assert parse_mapping(f"{HEAD}  add_tags: {{always: [x]}}\n").spec.fields["add_tags"].always == ("x",)  # fmt: skip
