"""What a header says: everything that is read out of it, word by word, and nothing else."""

from __future__ import annotations

import pytest

from bulk_import.mapping.suggesting.headers import (
    Heading,
    describe,
    read_header,
    read_headers,
    words_of,
)


def says(*heads: str, **more) -> Heading:
    return Heading(head=heads[0] if heads else "", heads=heads, **more)


HEADERS = {
    "E-mail": says("email"),
    "E-mail 2": says("email", rank=2),
    "E-mail 2 - Value": says("email", rank=2),
    "E-mail 1 - Value": says("email"),
    "Email address 12": says("email", rank=12),
    "Email 123": says("email"),  # no rank: a year, an id
    "Phone2": says("phone", rank=2),
    "Mobile phone": says("phone", is_mobile=True),
    "phoneNumber": says("phone"),
    "PHONE_NUMBER": says("phone"),
    "'Phone'": says("phone"),
    "電話番号": says("phone"),
    "Mobiltelefonnummer": says("phone", kinds=("id",), is_mobile=True),
    "Telephon": says("phone", is_typo=True),
    "Tellephone": says("phone", is_typo=True),
    "Pone": says(unknown=("pone",)),  # too short for a slip
    "Zork phone": says("phone", unknown=("zork",)),
    "Company phone": says("phone", whose="company"),
    "Other phone": says("phone", where="other", rank=2),
    "CEP": says("phone", is_mobile=True, also=("zip",)),
    "Owner's e-mail": says("email", whose="owner"),
    "Primary e-mail": says("email", where="main"),
    "Address": says("street"),
    "Address 2": says("street2"),
    "Address 1": says("street"),
    "Address line 2": says("street2"),
    "Home address 2": says("street2", where="home"),
    "Home 2 address": says("street", where="home", rank=2),
    "Street (home) 2": says("street2", where="home"),
    "Address 1 - City": says("city"),
    "Address 2 Line 1": says("street", rank=2, kinds=("id",)),
    "Rechnungsadresse": says("street", where="billing"),
    "Rechnungxadresse": says(unknown=("rechnungxadresse",)),  # nothing joins its parts
    "Lieferadresse Straße": says("street", where="shipping"),
    "City, State": says("city", "state"),
    "First and last name": says("full"),
    "First name, Last name": says("full"),
    "姓名": says("full"),
    "Name": says("name"),
    "Company name": says("company"),
    "Default Address Company": says("company", where="main"),
    "Tags list": says("tags", "list"),
    "Description": says("notes"),
    "Other billing city": says("city", where="other", rank=2),
    "Email opt-in": says(consent=("yes",)),
    "SMS": says(consent=("channel",)),
    "Contact ID": says(kinds=("id",)),
    "Created date": says(kinds=("date",)),
    "顧客番号X": says(kinds=("id",), unknown=("x",)),
    "Utworzony przez": says(whose="maker"),
    "Кем создано": says(whose="maker"),
    "E-mail: не доставлено": says("email", consent=("no",)),
    "zz utworzony": says(unknown=("zz", "utworzony")),  # half a phrase means nothing
    "zz кем": says(unknown=("zz", "кем")),
    "не получено": says(unknown=("не", "получено")),
    "Zork": says(unknown=("zork",)),
    "c1": says(unknown=("c",)),
}


@pytest.mark.parametrize(("header", "heading"), HEADERS.items())
def test_a_header_says_this_and_no_more(header, heading):
    assert read_header(header) == heading


@pytest.mark.parametrize(
    ("header", "says_nothing", "is_understood"),
    [("Zork", True, False), ("c1", True, False), ("7", True, True), ("Phone", False, True), ("Zork phone", False, False), ("Contact ID", False, True), ("SMS", False, True)],
)  # fmt: skip
def test_a_header_may_say_nothing_or_be_understood_in_part(header, says_nothing, is_understood):
    heading = read_header(header)
    assert (heading.says_nothing, heading.is_understood) == (says_nothing, is_understood)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("billing_firstName", ["billing", "first", "name"]), ("E-mail 1 - Value", ["e", "mail", "1", "value"]),
        ("URLAddress", ["url", "address"]), ("Name (2)", ["name", "2"]), ("Name (x)", ["name", "x"]), ("Owner’s", ["owner", "s"]),
        ("Phone2", ["phone", "2"]), ("a:b*c", ["a", "b", "c"]), ("Straße", ["strasse"]), ("ИмяКлиента", ["имя", "клиента"]),
    ],
)  # fmt: skip
def test_headers_are_cut_where_people_and_programs_join_words(header, words):
    assert words_of(header) == words


@pytest.mark.parametrize(
    ("headers", "is_left_out"),
    [
        (["crm_email", "crm_phone", "crm_city", "Name", "Zip"], True),  # three of five
        (["crm_email", "crm_phone", "City", "Name", "Zip"], False),
        (["crm_email", "crm_phone", "crm_city"], False),  # too few columns to tell
        (["crm_email", "crm_phone", "crm_city", "crm"], True),
        (["crm_email", "crm_phone", "crm", "City", "Zip"], False),  # a word alone begins nothing
        (["Person - email", "Person - phone", "Person - city", "Person - zip"], True),
    ],
)
def test_a_word_that_begins_most_headers_says_nothing_about_one(headers, is_left_out):
    found = read_headers(headers)
    assert (found[headers[0]] == says("email")) == is_left_out
    if "crm" in headers:
        assert found["crm"] == says(unknown=("crm",))


def test_a_person_or_an_address_that_begins_all_headers_is_told_of_each():
    found = read_headers(["Owner email", "Owner phone", "Owner city", "Owner zip"])
    assert {heading.whose for heading in found.values()} == {"owner"}
    found = read_headers(["Billing name", "Billing phone", "Billing city", "Billing zip"])
    assert {heading.where for heading in found.values()} == {"billing"}


def test_people_are_described_in_words():
    assert describe("owner") == "the record's owner"
    assert describe("nobody we know") == "nobody we know"
