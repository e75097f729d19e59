"""Rules of consent in a proposal: every row of the file counts alike, and a product's own rules come first."""

from __future__ import annotations

import pytest

from bulk_import.mapping.consent import ConsentRule
from bulk_import.mapping.suggesting import Proposal, suggest
from bulk_import.mapping.suggesting.contents import ROWS_LOOKED_AT
from bulk_import.mapping.suggesting.products import known_products
from bulk_import.models import Row

NO = ("empty", "no", "false", "0")
YES = ("yes", "true", "1")


def proposed(looked: dict[str, list[str]], rest: dict[str, list[str]] | None = None) -> Proposal:
    """The proposal for a table; *rest* comes below the rows that are looked at closely."""
    header = ["Email", *looked]

    def rows(columns: dict[str, list[str]], number: int) -> list[Row]:
        cells = [dict.fromkeys(header, "") | {"Email": f"p{n}@x.org"} for n in range(number)]
        for column, texts in columns.items():
            for row, text in zip(cells, texts, strict=False):
                row[column] = text
        return [Row("a.csv", "", n, row) for n, row in enumerate(cells, 2)]

    below = rows(rest, max(map(len, rest.values()))) if rest else []
    most = ROWS_LOOKED_AT if rest else max(map(len, looked.values()))
    return suggest(header, iter([*rows(looked, most), *below]))


@pytest.mark.parametrize(
    ("looked", "rest", "is_rule"),
    [
        (["yes", "yes"], ["zork", "zork"], True), (["yes", "yes"], ["zork"] * 3, False),
        (["zork", "zork"], ["yes", "yes"], True), (["zork"] * 3, ["yes", "yes"], False),
    ],
)  # fmt: skip
def test_rows_below_those_that_are_looked_at_count_as_much_as_these(looked, rest, is_rule):
    """Half of the filled cells have to answer the header."""
    found = proposed({"Newsletter": looked}, {"Newsletter": rest}).rules
    assert found == ([ConsentRule("skip", "Newsletter", NO, "no consent")] if is_rule else [])


def test_a_no_at_the_end_of_a_long_file_makes_a_rule():
    found = proposed({"Status": ["new"], "Notes": ["vip"]}, {"Status": ["", "unsubscribed"], "Notes": ["do not email"]})  # fmt: skip
    assert [(rule.section, rule.column, rule.values[0]) for rule in found.rules] == [
        ("skip", "Status", "unsubscribed"), ("skip", "Notes", "says no"),
    ]  # fmt: skip


def test_a_column_of_refusals_that_is_empty_yet_gets_its_rule_and_one_of_consent_does_not():
    found = proposed({"Unsubscribed": ["", ""], "Newsletter": ["", ""], "Status": ["", ""]}).rules
    assert found == [ConsentRule("only", "Unsubscribed", NO, "unsubscribed")]


def test_rules_stand_in_the_order_of_the_columns():
    found = proposed(
        {"Opted in": ["yes", "no"], "City": ["Rome", "Lyon"], "Bounced": ["no", "yes"]}
    ).rules
    assert found == [
        ConsentRule("only", "Opted in", YES, "no consent"),
        ConsentRule("only", "Bounced", NO, "bounced"),
    ]


def test_what_is_known_of_a_product_stands_before_what_its_cells_say():
    known = known_products()["klaviyo"]
    columns = {column: ["x", "y"] for column in known.signature if column != "Email"}
    found = proposed(columns | {"Suppressed": ["true", "false"], "Unsubscribed": ["yes", "no"]})
    assert found.product is not None
    assert found.product.name == "klaviyo"
    assert [(rule.column, rule.values) for rule in found.rules] == [
        ("Email Marketing Consent", ("subscribed",)), ("Suppressed", ("empty", "false")), ("Unsubscribed", NO),
    ]  # fmt: skip
