"""Exports of known products: when a header is one of them, what is taken over for its columns, and the presets."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulk_import.errors import SetupError
from bulk_import.mapping.consent import ConsentRule
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.suggesting import suggest
from bulk_import.mapping.suggesting.products import (
    columns_in,
    known_products,
    preset_names,
    preset_text,
    product_named,
    recognise,
)
from bulk_import.mapping.suggesting.writing import preset_yaml
from bulk_import.models import Row

GHOST = known_products()["ghost"]
HEADER = sorted(GHOST.columns)


def proposal_of(header: list[str], *lines: list[str], product: str | None = None):
    rows = [
        Row("a", "", n, dict(zip(header, line, strict=True))) for n, line in enumerate(lines, 2)
    ]
    return suggest(header, rows, product=product_named(product, header) if product else None)


# -- recognised ----------------------------------------------------------------------------------------


def test_a_header_with_all_that_marks_a_product_is_its_export():
    found = recognise(HEADER)
    assert found is not None
    assert (found.name, found.title, found.separator) == ("ghost", "Ghost (members)", ",")
    assert found.fields == {
        name: columns for name, columns in GHOST.fields.items() if set(columns) & GHOST.columns
    }
    assert found.settled == frozenset(HEADER)
    assert found.rules == {
        "subscribed_to_emails": ConsentRule("only", "subscribed_to_emails", ("true",), "no consent")
    }


def test_a_header_without_one_of_the_marks_is_not():
    for missing in GHOST.signature:
        assert recognise([column for column in HEADER if column != missing]) is None


@pytest.mark.parametrize(("others", "is_known"), [(8, True), (9, False)])
def test_a_product_has_to_know_three_fifths_of_the_columns(others, is_known):
    """Twelve columns of twenty are its own; of twenty-one they are too few."""
    assert len(HEADER) == 12
    header = [*HEADER, *(f"Other {n}" for n in range(others))]
    assert (recognise(header) is not None) == is_known


def test_of_two_products_the_one_that_knows_more_of_the_columns_is_meant():
    both = [*known_products()["salesforce_leads"].signature, "Company", "Lead Status", "Phone"]
    found = recognise(both)
    assert found is not None
    assert found.name == "salesforce_leads"
    for name, known in known_products().items():
        for version in known.headers.values():
            recognised = recognise(version)
            assert recognised is not None, name
            share = len(known.columns & set(version))
            other = known_products()[recognised.name]
            assert len(other.columns & set(version)) >= share


def test_only_columns_that_the_file_has_are_taken_over():
    header = [*GHOST.signature]
    found = recognise(header)
    assert found is not None
    assert found.fields == {"lead_email": ("email",)}
    assert found.settled == frozenset(header)


def test_what_is_known_of_a_shipped_mapping_is_what_it_says():
    found = product_named("google_contacts", sorted(known_products()["google_contacts"].columns))
    assert found.separator == ":::"
    assert found.fields["lead_phone"][0] == "Phone 1 - Value"
    assert found.fields["lead_email"][0] == "E-mail 1 - Value"
    assert all(set(columns_in(text)) <= found.settled for text in found.templates.values())


# -- in a proposal -------------------------------------------------------------------------------------


def test_columns_of_a_product_are_taken_over_and_its_tags_stay_off():
    header = ["email", "name", "labels", "subscribed_to_emails", "complimentary_plan", "note"]
    found = proposal_of(header, ["a@b.org", "Anna Berg", "vip,new", "true", "false", ""])
    assert found.product is not None
    assert {name: [one.column for one in all_] for name, all_ in found.fields.items()} == {
        "lead_email": ["email"], "full_name": ["name"],
    }  # fmt: skip
    (email,) = found.fields["lead_email"]
    assert (email.confidence, email.why, email.samples) == (
        0.95, "a column of Ghost (members)", ("a@b.org",),
    )  # fmt: skip
    assert [(one.field, one.column) for one in found.off] == [("add_tags", "labels")]
    assert found.rules == [ConsentRule("only", "subscribed_to_emails", ("true",), "no consent")]
    assert (found.separator, found.questions) == (",", [])


def test_an_empty_column_of_a_product_feeds_nothing():
    header = ["email", "name", "subscribed_to_emails", "complimentary_plan"]
    found = proposal_of(header, ["a@b.org", "", "true", ""])
    assert list(found.fields) == ["lead_email"]
    empty = [one for one in found.unmapped if one.column == "name"]
    assert [(one.field, one.why) for one in empty] == [("", "empty")]


def test_a_product_that_a_person_names_is_taken_although_the_header_does_not_show_it():
    header = ["email", "name", "Any", "Other", "More", "Less"]
    line = ["a@b.org", "Anna Berg", "", "", "", ""]
    assert proposal_of(header, line).product is None
    found = proposal_of(header, line, product="ghost")
    assert found.product is not None
    assert list(found.fields) == ["lead_email", "full_name"]
    with pytest.raises(SetupError) as caught:
        product_named("ghost", ["A", "B"])
    assert str(caught.value) == "the file has none of the columns of preset ghost"


# -- presets -------------------------------------------------------------------------------------------


def test_presets_are_products_and_shipped_mappings_but_not_the_one_full_of_mistakes():
    names = preset_names()
    assert names == sorted({*known_products(), "contacts", "russian_crm"})
    with pytest.raises(SetupError) as caught:
        preset_text("mistakes")
    assert str(caught.value) == f"no preset 'mistakes'; there are {', '.join(names)}"
    with pytest.raises(SetupError, match=r"^no preset 'x'; there are "):
        product_named("x", ["email"])


def test_a_preset_with_a_mapping_of_its_own_is_that_mapping_word_by_word():
    for name, file in (
        ("hubspot", "hubspot"),
        ("bitrix24", "russian_crm"),
        ("contacts", "contacts"),
    ):
        text = preset_text(name)
        assert text is not None
        assert text == (Path(__file__).parents[1] / "mappings" / f"{file}.yml").read_text("utf-8")
    assert preset_text("ghost") is None


def test_a_preset_of_a_product_has_every_version_of_its_columns_and_its_rules():
    text = preset_yaml("ghost")
    assert text.startswith(f"# Ghost (members). Where the columns are known from: {GHOST.source}, {GHOST.seen}.\nversion: 1\nfields:\n")  # fmt: skip
    spec = parse_mapping(text).spec
    assert spec.fields["lead_email"].column == ("email",)
    assert {name: rule.part for name, rule in spec.fields.items() if rule.part} == {
        "lead_first_name": "first", "lead_middle_name": "middle", "lead_last_name": "last",
    }  # fmt: skip
    assert "add_tags" not in spec.fields
    assert '\n#  add_tags: {column: labels, separator: ","}\n' in text
    (rule, *_) = spec.only
    assert (rule.column, rule.values, rule.because, rule.optional) == (
        ("subscribed_to_emails",), ("true",), "no consent", True,
    )  # fmt: skip


@pytest.mark.parametrize("name", [n for n, k in known_products().items() if not k.mapping])
def test_every_preset_is_a_mapping_that_keeps_back_by_optional_rules(name):
    spec = parse_mapping(preset_yaml(name), name).spec
    assert spec.fields["lead_email"].column == known_products()[name].fields["lead_email"]
    rules = (*spec.skip, *spec.only)
    assert all(rule.optional for rule in rules)
    assert {column for rule in rules for column in rule.column} >= set(known_products()[name].only)


def test_columns_that_a_template_names():
    assert columns_in("{A}, {B c}: {}") == {"A", "B c"}
    assert columns_in("plain") == set()


def test_a_second_column_is_taken_over_for_addresses_and_phones_alone():
    """The first that is filled feeds any other field."""
    known = known_products()

    def fed(product: str, **filled: list[str]) -> dict[str, list[str]]:
        header = list(next(iter(known[product].headers.values())))
        lines = [
            [dict(zip(filled, line, strict=True)).get(column.replace(" ", "_"), "") for column in header]
            for line in zip(*filled.values(), strict=True)
        ]  # fmt: skip
        found = proposal_of(header, *lines, product=product)
        return {name: [one.column for one in all_] for name, all_ in found.fields.items()}

    people = ["a@b.org", "c@d.org"]
    both = fed("eventbrite", Email=people, Last_Name=["Berg", ""], Surname=["", "Cole"])
    assert both == {"lead_email": ["Email"], "lead_last_name": ["Last Name"]}
    second = fed("eventbrite", Email=people, Last_Name=["", ""], Surname=["Berg", "Cole"])
    assert second["lead_last_name"] == ["Surname"]
    mails = fed("wix", Email_1=people, Email_2=["e@f.org", ""], Phone_1=["", ""], Phone_2=["+14155552671", ""])  # fmt: skip
    assert mails == {"lead_email": ["Email 1", "Email 2"], "lead_phone": ["Phone 2"]}
