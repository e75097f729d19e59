"""The country of numbers without a country code: what the file says of itself, and what is written into a mapping for it."""

from __future__ import annotations

import pytest

from bulk_import.mapping.suggesting.regions import (
    REGIONS,
    Region,
    propose_region,
    regions_by_numbers,
    regions_of,
)
from bulk_import.models import Row

GERMAN = "0171 1234567"
WHY = {
    "rows": "most rows with a country are there",
    "header": "the header is in its language",
    "codes": "its numbers with a country code are there",
    "domains": "the addresses' domains are there",
    "shape": "the numbers are written as there",
}


def found(
    numbers: list[str],
    countries: list[str] | None = None,
    *,
    header: tuple[str, ...] = ("E-mail", "Phone", "Land"),
    emails: tuple[str, ...] = (),
    phones: tuple[str, ...] = ("Phone",),
    country: str = "Land",
) -> Region | None:
    rows = [
        Row("a", "", n, dict.fromkeys(header, "") | {"Phone": number, "Land": place})
        for n, (number, place) in enumerate(
            zip(numbers, countries or [""] * len(numbers), strict=True), 2
        )
    ]
    return propose_region(header, rows, phones, country, emails)


def of_germany(why: str, share: float = 1.0) -> Region:
    return Region("DE", share, is_active=True, why=WHY[why])


# -- in which order --------------------------------------------------------------------------------------


def test_the_countries_of_the_other_rows_come_before_all_that_the_file_says_otherwise():
    numbers = [GERMAN] * 3 + ["", ""]
    places = ["", "", "", "Germany", "DE"]
    assert found(numbers, places, emails=("a@x.fr", "b@x.fr")) == of_germany("rows")
    assert found(numbers, ["", "", "", "France", "FR"], emails=("a@x.de",)) is None
    most = [GERMAN] * 3 + [""] * 3
    assert found(most, ["", "", "", "FR", "DE", "DE"]) == of_germany("rows")


def test_the_language_of_the_header_comes_before_numbers_and_domains():
    header = ("Vorname", "Phone", "Land", "Strasse")
    numbers = [GERMAN, "+33 6 12 34 56 78"]
    assert found(numbers, header=header, emails=("a@x.fr",)) == of_germany("header")
    one_word = ("Vorname", "Phone", "Land")  # one word is no language
    assert found([GERMAN], header=one_word, emails=("a@x.de",)) == of_germany("domains")
    two_languages = ("Vorname", "Nachname", "Phone", "Land", "Prenom", "Ville")
    assert found([GERMAN], header=two_languages, emails=("a@x.de",)) == of_germany("domains")


@pytest.mark.parametrize("coded", ["+49 171 7654321", "0049 171 7654321", "(+49) 171 7654321", "'+49 171 7654321"])  # fmt: skip
def test_numbers_with_a_code_place_the_others(coded):
    assert found([GERMAN, coded], emails=("a@x.fr",)) == of_germany("codes")


def test_the_commonest_domain_of_a_country_is_asked_alone():
    assert found([GERMAN], emails=("a@x.de", "b@x.de", "c@x.fr")) == of_germany("domains")
    region = found([GERMAN], emails=("a@x.fr", "b@x.fr", "c@x.de"))
    assert region is not None
    assert not region.is_active


@pytest.mark.parametrize(
    ("number", "is_american"),
    [
        ("(201) 555-4285", True), ("201-555-4285", True), ("201.555.4285", True), ("1 (201) 555-4285", True), ("12015554285", True),
        ("1-201-555-4285", True), ("(201)555 4285", True), ("201 555 4285", False), ("2015554285", False), ("11015554285", False),
    ],
)  # fmt: skip
def test_american_numbers_are_written_like_no_others(number, is_american):
    region = found([number] * 3)
    assert (region == Region("US", 1.0, is_active=True, why=WHY["shape"])) == is_american


# -- how many --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("good", "share"), [(6, 0.6), (5, None)])
def test_three_fifths_of_the_numbers_have_to_exist_there(good, share):
    numbers = [GERMAN] * good + ["1"] * (10 - good)
    assert found(numbers, emails=("a@x.de",)) == (share and of_germany("domains", share))


def test_numbers_alone_are_a_proposal_that_a_person_has_to_make():
    assert found(["612 34 56 78"] * 4) == Region(
        "DE", 1.0, is_active=False, why="as many exist in FR, ES, UA, PL"
    )
    assert found(["1"] * 4) is None
    assert found([GERMAN] * 5 + ["1"] * 5) is None


def test_rows_that_say_their_country_and_numbers_with_a_code_need_none():
    assert found([GERMAN], ["Germany"]) is None
    assert found(["+49 171 1234567", "", " "]) is None
    assert found([GERMAN, GERMAN], ["Germany", "nowhere"]) == of_germany("rows")
    assert found([GERMAN, GERMAN], ["Germany", "nowhere"], country="", emails=("a@x.de",)) == of_germany("domains")  # fmt: skip


def test_the_number_of_a_row_is_that_of_its_first_filled_column():
    header = ("Phone", "Land", "Mobile")
    rows = [Row("a", "", 2, {"Phone": " ", "Land": "", "Mobile": GERMAN}), Row("a", "", 3, {"Phone": "+49 171 1234567", "Land": "", "Mobile": "1"})]  # fmt: skip
    region = propose_region(header, rows, ("Phone", "Mobile"), "Land", ())
    assert region == of_germany("codes")


# -- counting --------------------------------------------------------------------------------------------


def test_regions_come_by_the_tenths_of_numbers_that_exist_there_and_of_equals_as_named():
    numbers = [GERMAN] * 9 + ["1"]
    assert regions_by_numbers(numbers, ["AE", "DE"])[0] == ("DE", 0.9)
    assert [code for code, _ in regions_by_numbers(["612 34 56 78"], ["PL", "FR", "DE"])] == ["PL", "FR", "DE"]  # fmt: skip
    assert regions_by_numbers([], ["DE"]) == []


def test_two_hundred_numbers_are_tried():
    assert regions_by_numbers([GERMAN] * 200 + ["1"] * 200, ["DE"]) == [("DE", 1.0)]
    assert regions_by_numbers([GERMAN] * 199 + ["1"] * 2, ["DE"]) == [("DE", 199 / 200)]


def test_domains_of_no_country_are_none():
    assert regions_of(["a@x.com", "b@x.uk", "c@x.UK ", "d@x.de", "e@x.zz", "f"]) == ["GB", "DE"]
    assert regions_of([]) == []
    assert len({*REGIONS}) == len(REGIONS)


# -- numbers that lost their plus ------------------------------------------------------------------------

MOSCOW = [
    f"7941977904{n}" for n in range(10)
]  # without a plus they exist in Germany as well: 07941 is Öhringen


def test_numbers_that_lost_their_plus_are_not_taken_for_numbers_of_another_country():
    assert regions_by_numbers(MOSCOW, ("DE", "RU")) == [("RU", 1.0)]
    german = ("Vorname", "Nachname", "Straße", "Phone", "Land")
    assert found(MOSCOW, header=german) == Region(
        "RU", 1.0, is_active=False, why="as many exist in KZ"
    )


def test_numbers_of_which_only_some_could_have_lost_a_plus_are_those_of_their_country():
    mobiles = [f"1512345678{n}" for n in range(5)] + [f"1592345678{n}" for n in range(5)]
    assert regions_by_numbers(mobiles, ("DE",)) == [("DE", 1.0)]


def test_ten_digits_are_too_few_for_a_lost_plus():
    assert regions_by_numbers(["2015554285", "2015554286"], ("US",)) == [("US", 1.0)]
    assert regions_by_numbers(["201 555 428 51", "201-555-428-52"], ("US",)) == []
