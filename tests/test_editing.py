"""Changes of a mapping leave the rest of the file as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulk_import.mapping.editing import APPEND, Change, edited, without_comments
from bulk_import.mapping.loading import parse_mapping

SHIPPED = sorted(Path("mappings").glob("*.yml"))
TEXT = """\
# Mine.
version: 1   # of the form
fields:
  lead_email: E-mail     # the key
  lead_phone:
    columns: [Mobile, "Phone"]   # the first
    region_from: Country
extra: {crm_id: Contact ID}
"""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_no_change_leaves_every_shipped_mapping_byte_for_byte(path):
    text = path.read_text("utf-8")
    assert edited(text, []) == text


def test_a_change_keeps_comments_and_everything_else():
    changes = [
        Change(("fields", "lead_phone", "region_from"), None),
        Change(("defaults", "phone_region"), "NO"),
        Change(("fields", "lead_email", "several"), "first"),
        Change(("extra", "crm_id"), None),
    ]
    assert edited(TEXT, changes) == (
        "# Mine.\n"
        "version: 1   # of the form\n"
        "fields:\n"
        "  lead_email: {column: E-mail, several: first} # the key\n"
        "  lead_phone:\n"
        '    columns: [Mobile, "Phone"]   # the first\n'
        "defaults:\n"
        "  phone_region: NO\n"
    )


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30))
def test_what_is_typed_is_what_is_read(text):
    changes = [
        Change(("fields", "lead_email"), text),
        Change(("fields", "add_tags"), {"column": "T", "values": {text: text}, "always": [text]}),
    ]
    spec = parse_mapping(edited(TEXT, changes)).spec
    assert spec.fields["lead_email"].column == (text,)
    assert spec.fields["add_tags"].values == {text: text}
    assert spec.fields["add_tags"].always == (text,)


@pytest.mark.parametrize("text", ["NO", "007", "+03", "1473249885.2899961004", "null", "~", "5:30"])
def test_texts_that_yaml_takes_for_something_else_stay_texts(text):
    changed = edited(TEXT, [Change(("fields", "lead_description"), {"value": text})])
    assert parse_mapping(changed).spec.fields["lead_description"].value == text


def test_removing_the_last_key_of_a_part_removes_the_part():
    text = edited(
        TEXT, [Change(("when", "duplicate"), "last"), Change(("when", "duplicate"), None)]
    )
    assert text == TEXT


SHORT = "version: 1\nfields:\n  lead_email: E-mail\n"


@pytest.mark.parametrize(
    ("change", "added"),
    [
        (Change(("suppress",), ["a.csv", "b: c"]), 'suppress: [a.csv, "b: c"]\n'),
        (Change(("skip",), [{"column": ["A", "B"], "values": ["x"]}]), "skip:\n  - {column: [A, B], values: [x]}\n"),
        (Change(("skip", APPEND), {"column": "A", "values": ["x"]}), "skip:\n  - {column: A, values: [x]}\n"),
        (Change(("checks",), [{"column": "A"}, {"field": "b"}]), "checks:\n  - {column: A}\n  - {field: b}\n"),
        (Change(("source",), {"sheet": "S"}), "source:\n  sheet: S\n"),
        (Change(("fields", "add_tags"), {"column": "T", "values": {"a": "b"}, "always": ["x"]}), "  add_tags: {column: T, values: {a: b}, always: [x]}\n"),
        (Change(("nowhere", "x"), None), ""),
        (Change(("fields", "lead_email", "several"), None), ""),
    ],
)  # fmt: skip
def test_what_is_added_is_written_as_a_person_would(change, added):
    assert edited(SHORT, [change]) == SHORT + added


def test_a_file_without_a_mapping_becomes_one():
    written = edited("# only a comment\n", [Change(("fields", "lead_email"), "E")])
    assert written.endswith("version: 1\nfields:\n  lead_email: E\n")


def test_an_item_is_added_below_the_others_and_their_comments():
    text = f"{SHORT}skip:\n  # first\n  - {{column: A, values: [x]}} # one\n"
    found = edited(text, [Change(("skip", APPEND), {"column": "B", "values": ["y"]})])
    assert found == f"{text}  - {{column: B, values: [y]}}\n"


def test_the_fields_stay_although_the_last_of_them_is_removed():
    text = "version: 1\nfields: {lead_email: {column: E, several: first}}\nwhen: {blank: clear}\n"
    changes = [Change(("fields", "lead_email", "several"), None), Change(("when", "blank"), None)]
    assert edited(text, changes) == "version: 1\nfields: {lead_email: {column: E}}\n"
    gone = edited(text, [*changes, Change(("fields", "lead_email"), None)])
    assert gone == "version: 1\nfields: {}\n"


def test_comments_are_taken_out_and_signs_within_values_stay():
    text = (
        "# anna@example.org\nversion: 1  # one\nfields:\n  a: 'x # y'   # bo\n  b: [1,  # cy\n      2]\n"
        "  c: |\n    t # stays\n\n    u\n  d: a#b  # dee\n# end"
    )
    assert without_comments(text) == (
        "\nversion: 1\nfields:\n  a: 'x # y'\n  b: [1,\n      2]\n  c: |\n    t # stays\n\n    u\n  d: a#b\n"
    )
    assert without_comments("") == ""
