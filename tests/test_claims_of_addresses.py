"""How strong a column's claim to hold the contacts' own addresses is, and what is asked where two are alike."""

from __future__ import annotations

import pytest

from bulk_import.errors import SetupError
from bulk_import.mapping.suggesting.contents import contents_of
from bulk_import.mapping.suggesting.own_address import (
    AddressColumn,
    OwnAddress,
    own_address,
    own_address_column,
)
from bulk_import.models import Row

PEOPLE = [f"person{number}@example.com" for number in range(10)]
OTHERS = [f"other{number}@example.org" for number in range(10)]
TEN = "10 distinct values in 10 cells"


def rows_of(columns: dict[str, list[str]]) -> list[Row]:
    lines = zip(*columns.values(), strict=True)
    return [
        Row("a.csv", "", n, dict(zip(columns, line, strict=True)))
        for n, line in enumerate(lines, 2)
    ]


def found_in(columns: dict[str, list[str]]) -> OwnAddress:
    return own_address(list(columns), contents_of(list(columns), rows_of(columns)))


def names(found: OwnAddress) -> tuple[list[str], list[str], list[str]]:
    """Own, rivals, foreign."""
    return (
        [one.column for one in found.own],
        [one.column for one in found.rivals],
        [one.column for one in found.foreign],
    )


def filled(number: int, cell: str = "person@example.com", rest: str = "") -> list[str]:
    """Ten cells, *number* of them different addresses."""
    return [cell.replace("person", f"person{n}") if n < number else rest for n in range(10)]


# -- one column ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "whose", "claim", "why"),
    [
        ("E-mail", "", 0.95, f"the header says e-mail; {TEN}"),
        ("Billing email", "", 0.6, f"the header names a billing address; {TEN}"),
        ("Zork email", "", 0.45, f"the header says e-mail, and 'zork', which is not understood; {TEN}"),
        ("Zork blub", "", 0.35, f"its cells are addresses, the header is not understood; {TEN}"),
        ("Phone", "", 0.45, f"its cells are addresses; {TEN}"),
        ("c1", "", 0.35, f"its cells are addresses, the header is not understood; {TEN}"),
        ("1", "", 0.45, f"its cells are addresses; {TEN}"),
        ("Owner email", "the record's owner", 0.0, f"the header names the record's owner; {TEN}"),
        ("E-mail ID", "something else", 0.0, f"the header says that it holds something else; {TEN}"),
        ("E-mail opt-in", "something else", 0.0, f"the header says that it holds something else; {TEN}"),
    ],
)  # fmt: skip
def test_what_a_header_claims(header, whose, claim, why):
    found = found_in({header: PEOPLE})
    (one,) = (*found.own, *found.rivals, *found.foreign)
    assert one == AddressColumn(header, whose, claim, 1, 10, 10, 1, why)


@pytest.mark.parametrize(("addresses", "is_one"), [(5, True), (4, False)])
def test_a_column_half_of_whose_cells_are_addresses_holds_them(addresses, is_one):
    found = found_in({"E-mail": filled(addresses, rest="nobody")})
    assert names(found)[0] == (["E-mail"] if is_one else [])


@pytest.mark.parametrize(
    ("most", "filled_rows", "distinct", "is_shared"),
    [
        (5, 9, 5, True), (5, 10, 6, False), (4, 4, 1, False), (5, 5, 1, True), (6, 100, 19, True),
        (6, 100, 20, False), (51, 100, 50, True), (50, 100, 51, False),
    ],
)  # fmt: skip
def test_an_address_is_shared_by_many_rows(most, filled_rows, distinct, is_shared):
    one = AddressColumn("E", "", 0.95, 1, filled_rows, distinct, most, "why")
    assert one.is_shared is is_shared
    assert str(one) == "'E' (why)"


# -- several columns -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "own", "rivals", "foreign"),
    [
        (["E-mail", "Billing email"], ["E-mail"], [], ["Billing email"]),
        (["Billing email"], ["Billing email"], [], []),
        (["E-mail", "Other email"], ["E-mail"], [], ["Other email"]),
        (["Other email"], ["Other email"], [], []),
        (["E-mail", "Zork email"], ["E-mail"], [], []),
        (["Zork email"], ["Zork email"], [], []),
        (["Zork email", "Owner email"], ["Zork email"], [], ["Owner email"]),
        (["Zork blub", "Owner email"], [], ["Zork blub"], ["Owner email"]),
        (["Zork blub", "City"], ["Zork blub"], [], []),
        (["Zork email", "Blub email"], [], ["Zork email", "Blub email"], []),
        (["Owner email"], [], [], ["Owner email"]),
        (["E-mail 3", "E-mail 2", "E-mail"], ["E-mail", "E-mail 2", "E-mail 3"], [], []),
    ],
)  # fmt: skip
def test_of_several_columns_the_plainest_is_the_contacts_own(columns, own, rivals, foreign):
    cells = {
        name: ["Rome"] * 10 if name == "City" else [f"{n}{name[:2].strip()}{name[-1]}@x.org" for n in range(10)]
        for name in columns
    }  # fmt: skip
    assert names(found_in(cells)) == (own, rivals, foreign)


def test_of_columns_of_one_rank_the_fuller_one_comes_first():
    columns = {"E-mail address": filled(7), "E-mail": filled(9), "Mail": filled(8)}
    assert names(found_in(columns))[0] == ["E-mail", "Mail", "E-mail address"]


def test_a_shared_column_steps_back_for_one_that_is_not():
    shop = ["shop@example.com"] * 10
    assert names(found_in({"E-mail": shop, "Mail": PEOPLE})) == (["Mail"], [], ["E-mail"])
    assert names(found_in({"E-mail": shop, "Zork mail": PEOPLE})) == (["E-mail"], [], [])
    assert names(found_in({"E-mail": shop, "Owner email": OTHERS})) == ([], ["E-mail"], ["Owner email"])  # fmt: skip
    assert names(found_in({"Zork mail": shop})) == ([], ["Zork mail"], [])


# -- questions -----------------------------------------------------------------------------------------


def test_what_a_person_has_to_decide():
    assert found_in({"E-mail": PEOPLE}).question == ""
    assert found_in({"Zork email": PEOPLE, "Blub email": OTHERS}).question == (
        "which column holds the contacts' own e-mail address? It may be 'Zork email' (the header says e-mail, and "
        f"'zork', which is not understood; {TEN}), 'Blub email' (the header says e-mail, and 'blub', which is not "
        f"understood; {TEN})"
    )
    assert found_in({"Owner email": PEOPLE}).question == (
        "which column holds the contacts' own e-mail address? The columns with addresses seem to belong to somebody "
        f"else: 'Owner email' (the header names the record's owner; {TEN})"
    )
    assert found_in({"City": ["Rome"] * 10}).question == (
        "which column holds the e-mail address? None looks like it; without one only `when: no_email: create` sends rows"
    )
    assert found_in({"E-mail": ["shop@example.com"] * 6 + PEOPLE[:4]}).question == (
        "is 'E-mail' really the contacts' own address? One address stands in 6 of its 10 filled rows"
    )


def refused(columns: dict[str, list[str]]) -> str:
    with pytest.raises(SetupError) as caught:
        own_address_column(list(columns), rows_of(columns), source="a.csv")
    return str(caught.value)


def test_a_column_is_named_or_the_question_with_what_decides_it():
    both = {"Home e-mail": PEOPLE, "Work e-mail": OTHERS}
    assert refused(both) == (
        f"a.csv: which column holds the contacts' own e-mail address? It may be 'Home e-mail' (the header says e-mail; {TEN}), "
        f"'Work e-mail' (the header says e-mail; {TEN}); name it with --column"
    )
    assert refused({"City": ["Rome"]}).endswith("sends rows; name it with --column")
    ranked = {"E-mail 2": PEOPLE, "E-mail": OTHERS}
    assert own_address_column(list(ranked), rows_of(ranked), source="a.csv") == "E-mail"


@pytest.mark.parametrize(
    ("chosen", "column"),
    [("Mail", "Mail"), ("MAIL ", "Mail"), ("work  E-MAIL", "Work e-mail"), ("x", "x"), ("X", "X")],
)
def test_a_column_that_a_person_names_is_taken_whatever_it_holds(chosen, column):
    header = ["Mail", "Work e-mail", "x", "X"]
    assert own_address_column(header, [], source="a.csv", chosen=chosen) == column


def test_a_name_that_is_none_or_two_is_refused_with_twenty_of_the_columns():
    for chosen, header in (("X y", ["x y", "X  Y"]), ("Fax", [f"c{n}" for n in range(21)])):
        with pytest.raises(SetupError) as caught:
            own_address_column(header, [], source="a.csv", chosen=chosen)
        shown = ", ".join(map(repr, header[:20]))
        assert str(caught.value) == f"a.csv: no column {chosen!r}; the file has: {shown}"
