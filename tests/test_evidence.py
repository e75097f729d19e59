"""What a column is taken for, how sure that is, and the words for it: both sides of every share that decides."""

from __future__ import annotations

import pytest

from bulk_import.mapping.suggesting.contents import (
    Content,
    contents_of,
    is_date,
    is_phone,
    is_time,
    is_words,
)
from bulk_import.mapping.suggesting.evidence import Table
from bulk_import.models import Row

NAMES = ["Anna", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gina", "Hugo", "Ines", "Jack"]
WHOLE = [f"{name} Berg" for name in NAMES]
CITIES = ["Lyon", "Rome", "Paris", "Nice", "Bonn", "Oslo", "Turin", "Porto", "Lille", "Essen"]
STREETS = [f"Main St {n}" for n in range(10)]
PHONES = [f"+1 202 555 01{n:02}" for n in range(10)]
DATES = ["12:30", "2024-05-01"] * 5
TEN = "10 distinct values in 10 cells"
PHONE = "100% of its cells are phone numbers"


def first(number: int, some: list[str], others: list[str]) -> list[str]:
    """Ten cells: *number* of *some*, then *others*."""
    return (some * 10)[:number] + (others * 10)[number:10]


def fits(columns: dict[str, list[str]]) -> list[tuple[str, str, float, str]]:
    """(field, column, score, why) of every fit of a table."""
    names, longest = list(columns), max(map(len, columns.values()))
    lines = [[*cells, *[""] * (longest - len(cells))] for cells in columns.values()]
    rows = [
        Row("a.csv", "", number, dict(zip(names, cells, strict=True)))
        for number, cells in enumerate(zip(*lines, strict=True), 2)
    ]
    found = Table(names, contents_of(names, rows)).fits()
    return [(fit.field, fit.column, round(fit.score, 3), fit.why) for fit in found]


def only(header: str, cells: list[str]) -> tuple[str, float, str]:
    """The one fit of a table of one column: (field, score, why)."""
    ((field, _, score, why),) = fits({header: cells})
    return field, score, why


# -- the header --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "cells", "found"),
    [
        ("First name", NAMES, ("lead_first_name", 0.95, f"its header says first name; {TEN}")),
        ("Zork first name", NAMES, ("lead_first_name", 0.5, f"its header says first name and 'zork', which is not known; {TEN}")),
        ("Phonne", PHONES, ("lead_phone", 0.75, f"its header is nearly phone; {PHONE}")),
        ("City and country", CITIES, ("lead_shipping_city", 0.45, f"its header names several things: city, country; {TEN}")),
        ("First name 2", NAMES, ("lead_first_name", 0.45, f"a second one; {TEN}")),
        ("Billing first name", NAMES, ("lead_first_name", 0.8, f"of the billing address; {TEN}")),
        ("Phone 2", PHONES, ("lead_phone", 0.95, f"its header says phone; {PHONE}")),
        ("Other phone", PHONES, ("lead_phone", 0.45, f"a second one; {PHONE}")),
        ("Shipping phone", PHONES, ("lead_phone", 0.8, f"of the shipping address; {PHONE}")),
        ("Mobile / WhatsApp", PHONES, ("lead_phone", 0.95, f"its header says phone; {PHONE}")),
        ("SMS", PHONES, ("lead_phone", 0.8, "SMS, and its cells are phone numbers")),
        ("Notes", NAMES, ("lead_description", 0.95, f"its header says notes; {TEN}")),
        ("Shipping notes", NAMES, ("lead_description", 0.5, f"its header says notes, and shipping; {TEN}")),
        ("Company", NAMES, ("lead_description", 0.3, "a company has no field of its own; the notes can hold it")),
        ("Job title", NAMES, ("lead_description", 0.3, "a job has no field of its own; the notes can hold it")),
        ("Tags", NAMES, ("add_tags", 0.65, f"its header says tags; {TEN}; off, because it may start mailings")),
        ("List", NAMES, ("add_to_lists", 0.65, f"its header says list; {TEN}; off, because it may start mailings")),
        ("City", CITIES, ("lead_shipping_city", 0.95, f"its header says city; {TEN}")),
        ("Main city", CITIES, ("lead_shipping_city", 0.93, f"its header says city; {TEN}")),
        ("Work city", CITIES, ("lead_shipping_city", 0.93, f"its header says city; {TEN}")),
        ("Billing city", CITIES, ("lead_billing_city", 0.95, f"its header says city; {TEN}")),
        ("Street 2", STREETS, ("lead_shipping_address_2", 0.95, f"its header says second address line; {TEN}")),
        ("Website", ["https://facebook.com/a"] * 9 + ["x"], ("lead_facebook", 0.85, "its cells are links to facebook.com/…")),
        ("Instagram URL", ["https://instagram.com/anna"] * 3, ("lead_instagram", 0.95, "its header says instagram; 1 distinct value in 3 cells")),
    ],
)  # fmt: skip
def test_what_a_header_says_and_how_sure_it_is(header, cells, found):
    assert only(header, cells) == found


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Company phone", PHONES), ("Assistant company", NAMES), ("Website", ["https://x.org"] * 3), ("SMS", first(8, PHONES, ["yes"])),
        ("Website", ["https://facebook.com/a"] * 8 + ["x"] * 2), ("First name", [""] * 3),
    ],
)  # fmt: skip
def test_a_column_of_somebody_or_something_else_fits_nothing(header, cells):
    assert fits({header: cells}) == []


# -- the cells ---------------------------------------------------------------------------------------

AGAINST = [
    ("First name", ["a@b.org"], NAMES, 3, "its cells are e-mail addresses"),
    ("First name", ["yes", "no"], NAMES, 7, "its cells are yes and no"),
    ("First name", ["Acme Inc"], NAMES, 3, "its cells are names of companies"),
    ("First name", ["7%"], NAMES, 5, "its cells are no words"),
    ("City", DATES, CITIES, 5, "its cells are dates"),
    ("City", ["www.x.org"], CITIES, 3, "its cells are links"),
    ("State", ["Active", "won"], ["Texas"], 5, "its cells are states of affairs"),
    ("State", ["7"], ["Texas"], 7, "its cells are numbers"),
    ("Zip", NAMES, ["10115"], 5, "its cells have no digits"),
    ("Street", NAMES, STREETS, 9, "its cells are single words"),
    ("Country", ["x y z"], ["France"], 6, "most of its cells are no countries"),
    ("Time zone", ["abc"], ["+03"], 6, "most of its cells are no time zones"),
    ("Phone", NAMES, PHONES, 6, "most of its cells are no phone numbers"),
    ("Notes", ["7"], NAMES, 7, "it holds numbers"),
    ("Tags", ["7"], NAMES, 7, "it holds numbers; off, because it may start mailings"),
    ("Facebook", ["123.0"], ["anna.berg"], 7, "its cells are numbers"),
    ("Viber", ["yes", "no"], PHONES, 7, "its cells are yes and no"),
]  # fmt: skip


@pytest.mark.parametrize(("header", "bad", "good", "least", "objection"), AGAINST)
def test_cells_that_contradict_a_header_count_from_a_share_on(header, bad, good, least, objection):
    _, score, why = only(header, first(least, bad, good))
    assert (score, why.partition(", but ")[2]) == (0.4, objection)
    _, score, why = only(header, first(least - 1, bad, good))
    assert score > 0.4
    assert ", but " not in why


@pytest.mark.parametrize(
    ("header", "cell", "longest", "objection"),
    [("First name", "x", 60, "its cells are long texts"), ("Zip", "1", 12, "its cells are too long for postal codes")],
)  # fmt: skip
def test_cells_may_be_as_long_as_the_field_is(header, cell, longest, objection):
    assert only(header, [cell * longest] * 2)[1] == 0.95
    _, score, why = only(header, [cell * (longest + 1)] * 2)
    assert (score, why.partition(", but ")[2]) == (0.4, objection)


def test_zones_that_are_yes_and_no_are_no_zones():
    for least, objection in (
        (9, "its cells are yes and no"),
        (8, "most of its cells are no time zones"),
    ):
        assert only("Time zone", first(least, ["yes"], ["+03"]))[2].endswith(f", but {objection}")


def test_a_zone_in_a_spelling_of_a_products_own_is_one():
    for cell in ("Mars/Base", "mars_slash_base", "UTC whatever", "gmt whatever"):
        assert only("Time zone", [cell] * 4)[1] == 0.95
    assert only("Time zone", ["a/b/c"] * 4)[1] == 0.4


@pytest.mark.parametrize(("times", "score"), [(3, 0.95), (4, 0.5), (5, 0.5)])
def test_a_zone_beside_times_is_perhaps_that_of_the_times(times, score):
    before = ["12:30"] * times + ["x"] * (5 - times)
    *_, (field, _, found, why) = fits({"When": before, "Time zone": ["EST"] * 5})
    assert (field, found) == ("lead_utc", score)
    assert (why == "beside a column of times: perhaps the zone of those") == (score == 0.5)
    *_, (_, _, found, _) = fits({"Time zone": ["EST"] * 5, "When": before})
    assert found == 0.95


@pytest.mark.parametrize(
    ("header", "cells", "found"),
    [
        ("c1", PHONES, [("lead_phone", "c1", 0.8, "its cells are phone numbers")]),
        ("c1", first(9, PHONES, NAMES), [("lead_phone", "c1", 0.8, "its cells are phone numbers")]),
        ("c1", first(8, PHONES, NAMES), []),
        ("c1", ["202 555 0100"] * 10, []),
        ("zork", PHONES, [("lead_phone", "zork", 0.5, "its cells are phone numbers")]),
        ("c1", ["France", "Germany"] * 3, [("lead_shipping_country_code", "c1", 0.8, "its cells are countries")]),
        ("c1", ["France"] * 9 + ["Lyon"], []),
        ("c1", ["France"] * 8 + ["FR"] * 2, []),
        ("c1", ["FR", "DE"] * 3, []),
        ("c1", ["Europe/Berlin"] * 9 + ["+03"], [("lead_utc", "c1", 0.8, "its cells are time zones")]),
        ("c1", ["Europe/Berlin"] * 8 + ["+03"] * 2, []),
        ("c1", PHONES[:1], []),
        ("c1", PHONES[:2], [("lead_phone", "c1", 0.8, "its cells are phone numbers")]),
        ("c1", NAMES, []),
    ],
)  # fmt: skip
def test_a_header_that_says_nothing_leaves_it_to_unmistakable_cells(header, cells, found):
    assert fits({header: cells}) == found


# -- the neighbours ----------------------------------------------------------------------------------

BESIDE = "another column has the contact's own"


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"Name": WHOLE}, ("full_name", 0.9, f"its header says whole name; {TEN}")),
        ({"Name": NAMES, "First name": NAMES}, ("lead_last_name", 0.85, "beside a column of first names")),
        ({"Name": NAMES, "Surname": NAMES}, ("lead_first_name", 0.85, "beside a column of last names")),
        ({"Name": first(5, WHOLE, NAMES), "First name": NAMES}, ("full_name", 0.6, "whole names, beside a column with a part of them")),
        ({"Name": first(4, WHOLE, NAMES), "First name": NAMES}, ("lead_last_name", 0.85, "beside a column of first names")),
        ({"Name": WHOLE, "First name": NAMES, "Last name": NAMES}, ("full_name", 0.3, "first and last names have columns of their own")),
        ({"Name": WHOLE, "First name": [""] * 10}, ("full_name", 0.9, f"its header says whole name; {TEN}")),
        ({"First name": first(7, WHOLE, NAMES)}, ("full_name", 0.75, "most of its cells have first and last names")),
        ({"First name": first(6, WHOLE, NAMES)}, ("lead_first_name", 0.95, f"its header says first name; {TEN}")),
        ({"Last name": WHOLE}, ("full_name", 0.75, "most of its cells have first and last names")),
        ({"First name": WHOLE, "Last name": NAMES}, ("lead_first_name", 0.95, f"its header says first name; {TEN}")),
        ({"Billing first name": NAMES, "First name": NAMES}, ("lead_first_name", 0.4, f"of the billing address; {BESIDE}; {TEN}")),
        ({"Shipping phone": PHONES, "Home phone": PHONES}, ("lead_phone", 0.4, f"of the shipping address; {BESIDE}; {PHONE}")),
        ({"Shipping phone": PHONES, "Company phone": PHONES}, ("lead_phone", 0.8, f"of the shipping address; {PHONE}")),
        ({"City": CITIES, "Shipping city": CITIES}, ("lead_shipping_city", 0.45, f"its header says city; {TEN}; of another address than the one that is sent")),
        ({"City": CITIES, "Street": STREETS, "Shipping city": CITIES}, ("lead_shipping_city", 0.95, f"its header says city; {TEN}")),
        ({"Country": ["France"] * 10, "Shipping city": CITIES, "Shipping street": STREETS}, ("lead_shipping_country_code", 0.95, "its header says country; 100% of its cells are countries")),
    ],
)  # fmt: skip
def test_what_is_beside_a_column_tells_what_it_is(columns, found):
    field, column, score, why = fits(columns)[0]
    assert column == next(iter(columns))
    assert (field, score, why) == found


# -- contents ----------------------------------------------------------------------------------------


def test_a_column_is_counted_without_blanks_and_words_for_nothing():
    cells = [" a ", "", "N/A", "-", "null", "b", "a", "x" * 50]
    rows = [Row("f", "", n, {"A": cell, "other": "y"}) for n, cell in enumerate(cells, 2)]
    (content,) = contents_of(["A"], rows).values()
    assert (content.rows, content.values) == (8, {"a": 2, "b": 1, "x" * 50: 1})
    assert (content.filled, content.distinct, content.most, content.is_empty) == (4, 3, 2, False)
    assert (content.samples, content.length) == (("a", "b"), 53 / 4)
    assert contents_of(["A"], rows, most=2)["A"] == Content(2, {"a": 1})
    nothing = Content(3, {})
    assert (nothing.is_empty, nothing.most, nothing.length, nothing.share(bool)) == (
        True,
        0,
        0.0,
        0.0,
    )
    assert Content(1, {"x" * 41: 1}).samples == ("x" * 40,)


def test_shares_are_of_cells_and_of_the_first_200_values():
    assert Content(4, {"a": 3, "b": 1}).share("a".__eq__) == 0.75
    many = {str(n): 1 for n in range(201)}
    assert Content(201, many).share("199".__eq__) == 1 / 200
    assert Content(201, many).share("200".__eq__) == 0.0


@pytest.mark.parametrize(
    ("test", "good", "bad"),
    [
        (is_phone, ["202 555", "123456789012345", "'+1 (202) 555-0100 x7", "1234567.125", "79161234567.0", "491511234567,0", "123456      "], ["20 555", "1234567890123456", "2024-05-12", "12345.67", "1234567.5", "12345678.0", "79161234567.5", "123456       ", "1234567a"]),
        (is_date, ["2024-05-12", "12.5.24", "12:30", "12 May 2024", "May 12, 2024", "2024/5/1 10:00"], ["2024", "12", "May", "1.5"]),
        (is_time, ["9:30", "12:30:11", "1:05 p.m.", "11:00PM"], ["930", "9:3", "2024-05-12 9:30"]),
        (is_words, ["Anna", "Saint-Denis", "Ж"], ["a@b", "A1", "--", ""]),
    ],
)  # fmt: skip
def test_what_a_cell_looks_like(test, good, bad):
    assert [cell for cell in good if not test(cell)] == []
    assert [cell for cell in bad if test(cell)] == []
