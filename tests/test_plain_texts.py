"""Texts that are plain for their field, which saves a normalizer's steps, and the nearest ones that are not."""

from __future__ import annotations

import pytest

from bulk_import.mapping.binding import BoundField, bind
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.normalizers import FieldMapper, Normalizers
from bulk_import.mapping.recognizing import recognizer

LONGEST = f"{'a' * 58}@b.org"  # 64 characters


def bound(field: str, rule: str = "A") -> BoundField:
    (one,) = bind(parse_mapping(f"version: 1\nfields: {{{field}: {rule}}}\n"), ["A"]).fields
    return one


@pytest.mark.parametrize(
    ("field", "plain", "others"),
    [
        ("lead_email", ["a@b.org", "anna.berg@example.com", LONGEST], ["", "A@B.org ", "nobody", "a@gmial.com", f"a{LONGEST}", "a@b.zzzz", "a@b.org, c@d.org"]),
        ("lead_first_name", ["Anna", "Anna Maria", "Jean-Luc", "von der Heide Berg", "Åsa"], ["", "A", "O'Neil", " Anna", "Anna  Maria", "a b c d e", "1e5", "www.x.org", "http", "x@y.org", "Anna!"]),
        ("lead_shipping_city", ["Bonn", "Saint-Denis", "Köln (Deutz)", "St. Gallen"], ["", "123", ",Bonn", "Bonn,", "Bonn  am Rhein", "7 Oaks"]),
        ("lead_shipping_address_1", ["12 Main St", "Straße 7", "Main St. #5", "A/1"], ["", ",", "Main St, 5", "a  b", " a"]),
        ("lead_shipping_state", ["CA", "New York"], ["", ",", " CA"]),
        ("lead_description", ["note", "20% & more!", "x"], ["", " note", "note ", "x\ty", "two\nlines", "Привет", "\u200bx"]),
    ],
)  # fmt: skip
def test_plain_texts_are_what_the_normalizer_makes_of_them_and_others_are_left_to_it(
    field, plain, others
):
    one = bound(field)
    recognize = recognizer(one)
    assert recognize is not None
    assert recognize([*plain, *others]) == [*plain, *[None] * len(others)]
    mapper = FieldMapper(one, Normalizers(bind(parse_mapping(f"version: 1\nfields: {{{field}: A}}\n"), ["A"])))  # fmt: skip
    found = [mapper.found(text, {}, {"A": text}) for text in plain]
    assert [(each.value, each.problems) for each in found] == [(text, ()) for text in plain]


@pytest.mark.parametrize(
    ("field", "rule", "is_recognized"),
    [
        ("lead_email", "A", True), ("lead_email", "{column: A, refuse_role: true}", False),
        ("lead_email", "{column: A, refuse_disposable: true}", False), ("lead_email", "{column: A, deliverability: true}", False),
        ("lead_email", "{column: A, several: first}", True),
        ("lead_first_name", "{column: A, part: first}", False), ("lead_first_name", "{column: A, case: title}", False),
        ("lead_first_name", "{column: A, case: keep}", True),
        ("lead_phone", "A", False), ("add_tags", "A", False), ("lead_shipping_country_code", "A", False), ("lead_utc", "A", False),
    ],
)  # fmt: skip
def test_what_a_mapping_asks_for_besides_or_what_repeats_is_not_recognized(
    field, rule, is_recognized
):
    assert (recognizer(bound(field, rule)) is not None) is is_recognized


def test_domains_that_are_plain_are_found_again_after_thousands_of_others():
    recognize = recognizer(bound("lead_email"))
    assert recognize is not None
    many = [f"a@b{number}.org" for number in range(5001)]
    assert recognize([*many, "a@gmial.com", *many[:2]]) == [*many, None, *many[:2]]


@pytest.mark.parametrize(
    ("lines", "takes"),
    [
        ("fields: {lead_description: A}", True), ("fields: {lead_description: {column: A, values: {x: y}}}", False),
        ("fields: {lead_description: A}\nrepair: [mojibake]", False),
    ],
)  # fmt: skip
def test_a_text_is_taken_as_it_is_where_the_mapping_changes_none(lines, takes):
    binding = bind(parse_mapping(f"version: 1\n{lines}\n"), ["A"])
    (one,) = binding.fields
    assert FieldMapper(one, Normalizers(binding)).takes_text_as_it_is is takes


def test_results_are_remembered_but_for_fields_that_depend_on_the_country():
    for field, is_remembered in (("add_tags", True), ("lead_phone", False), ("lead_shipping_zip", False)):  # fmt: skip
        binding = bind(parse_mapping(f"version: 1\nfields: {{{field}: A}}\n"), ["A"])
        mapper = FieldMapper(binding.fields[0], Normalizers(binding))
        found = mapper.looked_up("x1", {}, {"A": "x1"})
        assert (mapper.memo.known == {"x1": found}) is is_remembered
        assert (mapper.looked_up("x1", {}, {"A": "x1"}) is found) is is_remembered
