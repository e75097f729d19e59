"""What a column is taken for among the others of its table: names, addresses, phones, links, and words of two meanings."""

from __future__ import annotations

import pytest

from tests.test_evidence import CITIES, NAMES, PHONES, STREETS, WHOLE, first, fits

COUNTRIES = ["France"] * 10
FIRMS = ["Berg Frost", "Blue Door"] * 5
CITY, STREET, COUNTRY = (
    "lead_shipping_city",
    "lead_shipping_address_1",
    "lead_shipping_country_code",
)


def scores(columns: dict[str, list[str]]) -> dict[str, tuple[str, float]]:
    """Column -> (field, score) of a table in which each column has one fit at most."""
    found = fits(columns)
    assert len({column for _, column, _, _ in found}) == len(found)
    return {column: (field, score) for field, column, score, _ in found}


def why(columns: dict[str, list[str]], column: str) -> str:
    return next(reason for _, name, _, reason in fits(columns) if name == column)


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        # the contact's own phone steps before that of an address, and nobody else's does
        ({"Billing phone": PHONES, "Main phone": PHONES}, {"Billing phone": 0.4, "Main phone": 0.95}),
        ({"Billing phone": PHONES, "Home phone": PHONES}, {"Billing phone": 0.4, "Home phone": 0.95}),
        ({"Billing phone": PHONES, "Work phone": PHONES}, {"Billing phone": 0.4, "Work phone": 0.95}),
        ({"Billing phone": PHONES, "Other phone": PHONES}, {"Billing phone": 0.8, "Other phone": 0.45}),
        ({"Billing phone": PHONES, "Shipping phone": PHONES}, {"Billing phone": 0.8, "Shipping phone": 0.8}),
        ({"Billing phone": PHONES, "Owner phone": PHONES}, {"Billing phone": 0.8}),
        ({"Billing phone": PHONES, "Phone type": NAMES}, {"Billing phone": 0.8}),
        ({"Billing phone": PHONES, "Phone opt-in": NAMES}, {"Billing phone": 0.8}),
        ({"Billing phone": PHONES, "Zork phone": PHONES}, {"Billing phone": 0.8, "Zork phone": 0.5}),
        ({"Billing phone": PHONES, "Phone": [""] * 10}, {"Billing phone": 0.8}),
        # a column of addresses that is none of phones
        ({"Phone URL": ["https://x.org"] * 10}, {}),
        ({"Facebook ID": NAMES}, {}),
        ({"Instagram URL": NAMES}, {"Instagram URL": 0.95}),
        ({"Instagram nick": NAMES}, {"Instagram nick": 0.95}),
        ({"SMS": first(9, PHONES, ["x"])}, {"SMS": 0.8}),
        ({"SMS Zork": PHONES}, {}),
        ({"SMS ID": PHONES}, {}),
        ({"Tussenvoegsel": ["van", "de"] * 5}, {"Tussenvoegsel": 0.5}),
        ({"Job": NAMES, "Owner job": NAMES, "Company ID": NAMES}, {"Job": 0.3}),
        ({"GMT": ["+3"] * 10, "Time": ["12:30"] * 10}, {"GMT": 0.95}),
        ({"Time": ["12:30"] * 10, "GMT": ["+3"] * 10}, {"GMT": 0.5}),
    ],
)  # fmt: skip
def test_how_sure_a_column_is_among_others(columns, found):
    assert {name: score for name, (_, score) in scores(columns).items()} == found


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"name": WHOLE, "lead_name": FIRMS}, {"name": 0.6, "lead_name": 0.6}),  # two kinds of names
        ({"name": WHOLE, "lead_name": WHOLE[::-1]}, {"name": 0.9, "lead_name": 0.9}),  # the same ones
        ({"name": WHOLE, "lead_name": ["Acme Inc"] * 10}, {"name": 0.9, "lead_name": 0.4}),
        ({"name": WHOLE, "lead_name": [""] * 10}, {"name": 0.9}),
        ({"name": WHOLE, "Name (2)": FIRMS}, {"name": 0.9, "Name (2)": 0.45}),
        ({"name": WHOLE, "Owner name": FIRMS}, {"name": 0.9}),
        ({"name": WHOLE, "Zork name": FIRMS}, {"name": 0.9, "Zork name": 0.5}),
        ({"name": WHOLE, "Billing name": FIRMS}, {"name": 0.9, "Billing name": 0.6}),
    ],
)  # fmt: skip
def test_a_name_has_a_rival_in_a_column_that_is_plainly_a_name_too(columns, found):
    assert {name: score for name, (_, score) in scores(columns).items()} == found


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"City": CITIES, "Shipping street": STREETS, "Shipping country": COUNTRIES},
         {"City": (CITY, 0.45), "Shipping street": (STREET, 0.95), "Shipping country": (COUNTRY, 0.95)}),
        ({"Country": COUNTRIES, "Shipping street": STREETS},
         {"Country": (COUNTRY, 0.95), "Shipping street": (STREET, 0.95)}),
        ({"Country": COUNTRIES, "Shipping street": STREETS, "Shipping country": COUNTRIES},
         {"Country": (COUNTRY, 0.45), "Shipping street": (STREET, 0.95), "Shipping country": (COUNTRY, 0.95)}),
        ({"Work city": CITIES, "Home street": STREETS}, {"Work city": (CITY, 0.45), "Home street": (STREET, 0.93)}),
        ({"Work city": CITIES, "Work street": STREETS, "City": CITIES},
         {"Work city": (CITY, 0.93), "Work street": (STREET, 0.93), "City": (CITY, 0.45)}),
        ({"Main city": CITIES, "City": CITIES}, {"Main city": (CITY, 0.93), "City": (CITY, 0.95)}),
        ({"Billing city": CITIES, "Billing street": STREETS, "City": CITIES},
         {"Billing city": ("lead_billing_city", 0.95), "Billing street": ("lead_billing_address_1", 0.95), "City": (CITY, 0.95)}),
        ({"Owner city": CITIES, "City ID": CITIES, "City": CITIES}, {"City": (CITY, 0.95)}),
        ({"City 2": CITIES, "Zork city": CITIES}, {"City 2": (CITY, 0.45), "Zork city": (CITY, 0.45)}),
        ({"AddressMailCity": CITIES}, {"AddressMailCity": (CITY, 0.95)}),
        ({"AddressMailCity": [f"p{n}@x.org" for n in range(10)]}, {}),
    ],
)  # fmt: skip
def test_parts_of_an_address_belong_to_the_one_that_is_sent_as_a_whole(columns, found):
    assert scores(columns) == found


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("linkedin.com/in/", "lead_in"), ("facebook.com/", "lead_facebook"), ("instagram.com/", "lead_instagram"),
        ("t.me/", "lead_telegram"), ("vk.com/", "lead_vkontakte"), ("wa.me/", "lead_whatsapp"),
    ],
)  # fmt: skip
def test_links_to_profiles_are_known_by_their_address_in_nine_cells_of_ten(address, field):
    links = [f"https://{address.upper()}x"]
    assert scores({"URL": first(9, links, ["y"])}) == {"URL": (field, 0.85)}
    assert why({"URL": links * 10}, "URL") == f"its cells are links to {address}…"
    assert scores({"URL": first(8, links, ["y"])}) == {}


@pytest.mark.parametrize(("long", "field"), [(5, "lead_phone"), (4, "lead_shipping_zip")])
def test_a_word_for_a_phone_and_a_postal_code_is_a_phone_if_half_of_its_cells_have_nine_digits(
    long, field
):
    assert scores({"CEP": first(long, ["123456789"], ["12345678"])}) == {"CEP": (field, 0.95)}


@pytest.mark.parametrize(
    ("cell", "is_phone"),
    [("'+1 202 555 0100", True), ("(202) 555-0100", True), ("0044 20 7946 0958", True), ("202 555 0100", False)],
)  # fmt: skip
def test_numbers_under_a_header_that_says_nothing_are_phones_if_they_are_written_as_such(
    cell, is_phone
):
    assert scores({"c1": [cell] * 3}) == ({"c1": ("lead_phone", 0.8)} if is_phone else {})


def test_the_reason_is_told_with_what_a_header_and_its_cells_say():
    table = {"City": CITIES, "Shipping street": STREETS, "Shipping country": COUNTRIES}
    assert why(table, "City") == (
        "its header says city; 10 distinct values in 10 cells; of another address than the one that is sent"
    )
    assert (
        why(table, "Shipping country") == "its header says country; 100% of its cells are countries"
    )
    assert why({"Tussenvoegsel": ["van"] * 2}, "Tussenvoegsel") == "a particle of the last name, or a middle name"  # fmt: skip
    assert why({"name": WHOLE, "lead_name": FIRMS}, "name") == (
        "another column is called a name too, and one of them may be a company's"
    )
