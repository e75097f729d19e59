"""``repair:``: what is certain is put right with a warning, and only because the mapping asks for it."""

from __future__ import annotations

import pytest

from bulk_import.jobs import fixes as jobs_fixes
from bulk_import.mapping.binding import bind
from bulk_import.mapping.loading import load_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Row
from bulk_import.sources.damage import DamageDetector

HEADER = ("Email", "Name", "City", "Zip", "Country", "Tags")


def _mapping(**more):
    return load_mapping(
        {
            "version": 1,
            "fields": {
                "lead_email": "Email",
                "lead_first_name": {"column": "Name"},
                "lead_shipping_city": "City",
                "lead_shipping_zip": "Zip",
                "lead_shipping_country_code": "Country",
                "add_tags": {"column": "Tags", "separator": [";", "|"]},
            },
            **more,
        }
    )


def _records(mapping, *rows):
    mapper = RowMapper(bind(mapping, HEADER))
    read = [
        Row("a.csv", "", number, dict(zip(HEADER, cells, strict=True)), ())
        for number, cells in enumerate(rows, 2)
    ]
    return [mapper.record(row) for row in DamageDetector(mapper.roles).watched(read)]


SPOILED = [
    ("postal_zero", ("a@b.org", "Ann", "Dresden", "1067", "Germany", ""), "lead_shipping_zip", "01067", "REPAIRED_POSTAL_ZERO"),
    ("mojibake", ("a@b.org", "JÃ¼rgen", "Bonn", "53111", "Germany", ""), "lead_first_name", "Jürgen", "REPAIRED_MOJIBAKE"),
    ("html_entities", ("a@b.org", "Ann", "Frankfurt &amp; Oder", "15230", "Germany", ""), "lead_shipping_city", "Frankfurt & Oder", "REPAIRED_HTML"),
]  # fmt: skip


@pytest.mark.parametrize(("repair", "cells", "field", "value", "code"), SPOILED)
def test_a_repair_puts_right_what_is_certain_and_says_so(repair, cells, field, value, code):
    (record,) = _records(_mapping(repair=[repair]), cells)
    assert dict(record.fields)[field] == value
    assert record.is_valid
    assert [p.code for p in record.problems] == [code]


@pytest.mark.parametrize(("repair", "cells", "field", "value", "code"), SPOILED)
def test_nothing_is_repaired_unless_it_is_asked_for(repair, cells, field, value, code):
    (record,) = _records(_mapping(), cells)
    assert not record.is_valid
    assert field not in dict(record.fields)


@pytest.mark.parametrize(("repair", "cells", "field", "value", "code"), SPOILED)
def test_check_tries_the_repair_and_counts_the_rows(repair, cells, field, value, code):
    mapping = _mapping()
    refused = [r for r in _records(mapping, cells, cells) if not r.is_valid]
    fixes = jobs_fixes.tested_fixes(mapping, HEADER, refused, ())
    assert (fixes[0].change, fixes[0].repaired) == (f"repair: [{repair}]", 2)


def test_a_word_for_a_missing_value_is_not_sent():
    (record,) = _records(
        _mapping(repair=["placeholders"]), ("a@b.org", "NULL", "n/a", "53111", "Germany", "")
    )
    assert record.is_valid
    assert "lead_shipping_city" not in dict(record.fields)
    assert {p.code for p in record.problems} >= {"REPAIRED_PLACEHOLDER"}


def test_a_code_of_a_country_without_zeros_in_front_is_never_given_one():
    for code, country in (
        ("02134", "India"),
        ("16000", "Russia"),
        ("4011", "Thailand"),
        ("22003", "Belarus"),
    ):
        (record,) = _records(
            _mapping(repair=["postal_zero"]), ("a@b.org", "Ann", "X", code, country, "")
        )
        assert dict(record.fields)["lead_shipping_zip"] == code


def test_tags_have_several_separators_and_lists_of_programs_are_read():
    records = _records(
        _mapping(),
        ("a@b.org", "Ann", "Bonn", "", "", "vip; news|gold"),
        ("b@b.org", "Ann", "Bonn", "", "", '["vip","news"]'),
        ("c@b.org", "Ann", "Bonn", "", "", "{vip,news}"),
        ("d@b.org", "Ann", "Bonn", "", "", "• vip\n• news"),
    )
    assert [dict(r.fields)["add_tags"] for r in records] == ["vip,news,gold", *["vip,news"] * 3]


def test_a_piece_of_a_list_is_no_tag():
    (record,) = _records(_mapping(), ("a@b.org", "Ann", "Bonn", "", "", '["vip'))
    assert [p.code for p in record.errors] == ["TAG_LIST_BROKEN"]


def test_tags_that_look_alike_are_told_over_the_whole_file():
    first, second = _records(
        _mapping(),
        ("a@b.org", "Ann", "Bonn", "", "", "vip"),
        ("b@b.org", "Ann", "Bonn", "", "", "VIP"),
    )
    assert first.problems == ()
    assert [p.code for p in second.problems] == ["TAG_LOOK_ALIKE"]


@pytest.mark.parametrize(
    ("order", "sent"),
    [(None, {}), ("last_first", {"lead_first_name": "Zyx", "lead_last_name": "Qwv"}),
     ("first_last", {"lead_first_name": "Qwv", "lead_last_name": "Zyx"})],
)  # fmt: skip
def test_an_order_that_cannot_be_told_is_stated_by_the_mapping_or_nothing_is_sent(order, sent):
    rule = {"column": "Name", **({"order": order} if order else {})}
    mapping = load_mapping(
        {
            "version": 1,
            "when": {"blank": "clear"},
            "fields": {
                "lead_email": {"column": "Email", "blank": "omit"},
                "lead_first_name": {**rule, "part": "first"},
                "lead_last_name": {**rule, "part": "last"},
            },
        }
    )
    (record,) = _records(mapping, ("a@b.org", "Qwv Zyx", "", "", "", ""))
    assert dict(record.fields) == {"lead_email": "a@b.org", **sent}
