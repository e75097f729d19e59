"""Cells with a phone number as people, programs and spreadsheets leave them: the number that is meant, or why not."""

from __future__ import annotations

import pytest

from bulk_import.normalize.phones import normalize_phone, plain_phone, region_of_number
from bulk_import.normalize.result import NormalizeError

ANN = "+14155552671"


def _refused(text: str, region: str | None = None, **options) -> tuple[str, str]:
    with pytest.raises(NormalizeError) as caught:
        normalize_phone(text, region=region, **options)
    return caught.value.code, str(caught.value)


def _notes(found) -> list[tuple[str, str]]:
    return [(note.code, note.message) for note in found.notes]


@pytest.mark.parametrize(
    ("text", "region", "value", "rule"),
    [
        # signs
        ("+1•415•555•2671", None, ANN, "phone.number"), ("📱+14155552671", None, ANN, "phone.e164"),
        ("＋1（415）555－2671", None, ANN, "phone.number"), ("{+14155552671}", None, ANN, "phone.number"),
        ("[+1] 415 555 2671", None, ANN, "phone.number"), ("¡+14155552671!", None, ANN, "phone.e164"),
        ("*+1 415 555 2671*", None, ANN, "phone.number"), ("+1 (415) 555~2671", None, ANN, "phone.number"),
        ("+1_415_555_2671", None, ANN, "phone.number"), ("<+14155552671>", None, ANN, "phone.e164"),
        ("«+1 415 555 2671»", None, ANN, "phone.number"), ('="+14155552671"', None, ANN, "phone.e164"),
        ("+1 415 555 2671.", None, ANN, "phone.number"), ("+1 415 555 2671;", None, ANN, "phone.number"),
        ("+1 415 555\\2671", None, ANN, "phone.number"), ("⁺1 415 555 2671", None, ANN, "phone.number"),
        # links and schemes
        ("whatsapp://send?phone=14155552671", None, ANN, "phone.link"), ("wa.me/+14155552671", None, ANN, "phone.link"),
        ("https://api.whatsapp.com/send?phone=%2B14155552671&text=x", None, ANN, "phone.link"),
        ("https://www.wa.me/14155552671#top", None, ANN, "phone.link"), ("TEL: +1-415-555-2671", None, ANN, "phone.number"),
        ("callto://+14155552671", None, ANN, "phone.number"), ("sms:+14155552671", None, ANN, "phone.number"),
        ("phone:4155552671", "US", ANN, "phone.national"),
        # what a spreadsheet made of a number
        ("4.155552671E+9", "US", ANN, "phone.national"), ("4.1555526710E9", "US", ANN, "phone.national"),
        ("4,155552671e+09", "US", ANN, "phone.national"), ("1.4155552671E10", "US", ANN, "phone.national"),
        ("4155552671.0", "US", ANN, "phone.national"), ("4155552671,00", "US", ANN, "phone.national"),
        ("+14155552671.0", None, ANN, "phone.spreadsheet"),
        # prefixes
        ("00 1 415 555 2671", None, ANN, "phone.prefix_00"), ("0014155552671", "DE", ANN, "phone.prefix_00"),
        ("011 44 20 7946 0958", None, "+442079460958", "phone.prefix_011"),
        ("011 44 20 7946 0958", "CA", "+442079460958", "phone.prefix_011"),
        ("49 171 1234567", "DE", "+491711234567", "phone.missing_plus"),
        ("8 495 123 45 67", "RU", "+74951234567", "phone.national"),
        ("+8 (495) 123-45-67", "RU", "+74951234567", "phone.national"),
        ("+ 8 495 1234567", "KZ", "+74951234567", "phone.national"),
        # numbers of former plans that have today's length
        ("01 55 1234 5678", "MX", "+525512345678", "phone.former_prefix"),
        ("044 55 1234 5678", "MX", "+525512345678", "phone.former_prefix"),
        ("045 55 1234 5678", "MX", "+525512345678", "phone.former_prefix"),
        ("+521 55 1234 5678", None, "+525512345678", "phone.former_prefix"),
        ("00521 55 1234 5678", None, "+525512345678", "phone.former_prefix"),
        ("521 55 1234 5678", "MX", "+525512345678", "phone.missing_plus"),
        ("8 044 123 45 67", "UA", "+380441234567", "phone.former_prefix"),
        # the zero that is dialled at home
        ("+49 (0) 171 1234567", None, "+491711234567", "phone.number"),
        ("+44(0)20 7946 0958", None, "+442079460958", "phone.number"),
        ("+39 (0)6 6982 1234", None, "+390669821234", "phone.number"),
        ("+1 (0) 415 555 2671", None, ANN, "phone.number"),
        # codes without a country
        ("+800 1234 5678", None, "+80012345678", "phone.number"), ("+870 773 111 632", None, "+870773111632", "phone.number"),
    ],
)  # fmt: skip
def test_a_number_is_read_in_every_dress(text, region, value, rule):
    found = normalize_phone(text, region=region)
    assert (found.value, found.rule, found.extension, found.notes) == (value, rule, "", ())


@pytest.mark.parametrize(
    ("text", "extension"),
    [
        ("+1 415 555 2671 ext. 12", "12"), ("+1 415 555 2671 x123", "123"), ("+1 415 555 2671 доб.12", "12"),
        ("+1 415 555 2671 #7", "7"), ("+1 415 555 2671,12#", "12"), ("tel:+14155552671;ext=1234567", "1234567"),
        ("+1 415 555 2671 (ext 5)", "5"), ("+1 415 555 2671 Durchwahl 12", "12"), ("+1 415 555 2671, extension: 12", "12"),
    ],
)  # fmt: skip
def test_the_extension_is_kept_apart(text, extension):
    found = normalize_phone(text)
    assert (found.value, found.extension, found.notes) == (ANN, extension, ())


@pytest.mark.parametrize(
    ("text", "dropped"),
    [
        ("(415) 555-2671 Ann", "Ann"), ("Ann Lee: (415) 555-2671", "Ann Lee"), ("(415) 555-2671 [call late]", "call late"),
        ("мама +1 415 555 2671", "мама"), ("Ann +1 415 555 2671 (at night)", "at night Ann"),
        ("+1 415 555 2671 - сестра", "сестра"),
    ],
)  # fmt: skip
def test_words_beside_a_number_are_left_out_and_named(text, dropped):
    found = normalize_phone(text, region="US")
    assert found.value == ANN
    assert _notes(found) == [("PHONE_TEXT_DROPPED", f"{dropped!r} beside the number is not sent")]


@pytest.mark.parametrize(
    "text",
    ["Tel. (415) 555-2671", "(415) 555-2671 (mobile)", "Mobile no. (415) 555-2671", "Home: (415) 555-2671", "т. 415 555 2671",
     "(415) 555-2671 work", "Handynummer 415 555 2671"],
)  # fmt: skip
def test_what_kind_of_number_it_is_needs_no_word(text):
    found = normalize_phone(text, region="US")
    assert (found.value, found.notes) == (ANN, ())


@pytest.mark.parametrize(
    ("text", "region", "why"),
    [
        ("1234", "US", "{0} is too short for a phone number"), ("+7", None, "{0} is too short for a phone number"),
        ("12345", "US", "{0} is too short for US"), ("555-2671", "US", "{0} is a local number of US without its area code"),
        ("+44 7911 1234567", None, "{0} is too long for GB"),
        ("+44 7911 12345", None, "{0} is not a number of GB: no such area or operator code, or a wrong length"),
        ("+1 415 155 2671", None, "{0} is not a number of US: no such area or operator code, or a wrong length"),
        ("+1 415 055 2671", None, "{0} is not a number of US: no such area or operator code, or a wrong length"),
        ("5552671234", "US", "{0} is not a number of US: no such area or operator code, or a wrong length"),
        ("+999 123 456 789", None, "{0} is in no country's numbering plan"),
        ("00999123456789", "DE", "{0} is in no country's numbering plan"),
        ("+8 (495) 123-45-67", None, "{0}: no country has the code 8; write +7 if Russia is meant"),
        ("+8 (495) 123-45-67", "DE", "{0}: no country has the code 8; write +7 if Russia is meant"),
        ("011 44 20 7946 0958", "GB", "{0} is too long for GB"),
        ("0000000", "US", "{0} is a placeholder, not a phone number"), ("1111111", "US", "{0} is a placeholder, not a phone number"),
        ("0123456789", "DE", "{0} is a placeholder, not a phone number"), ("1234567890", None, "{0} is a placeholder, not a phone number"),
        ("+7 777 777 77 77", None, "{0} is a placeholder, not a phone number"),
        ("+49 30 0000000", None, "{0} is a placeholder, not a phone number"),
        ("+", None, "{0} is not a phone number such as +14155550123"), ("()", None, "{0} is not a phone number such as +14155550123"),
        ("55.7558", "RU", "{0} is not a phone number such as +14155550123"), ("-33.868812", "AU", "{0} is not a phone number such as +14155550123"),
        ("ID 4155552671", "US", "{0} is not a phone number such as +14155550123"), ("order 415-555-2671", "US", "{0} is not a phone number such as +14155550123"),
        ("Room 415 555 2671", "US", "{0} is not a phone number such as +14155550123"),
        ("4.15555267123E9", "US", "{0} is not a phone number"),
        ("1-800-FLOWERS", "US", "{0} has letters of a keypad for digits; write 1-800-3569377, if that is meant"),
        ("1-800-CALL-NOW", "US", "{0} has letters of a keypad for digits; write 1-800-2255-669, if that is meant"),
        ("+1 415 555 2671/72", None, "{0} is too long for US"),
        ("+229 97 12 34 56", None, "{0} is a number of the past: Benin's numbers have ten digits since 2024: 01 in front of the old eight"),
        ("+225 07 12 34 56", None, "{0} is a number of the past: Ivory Coast's numbers have ten digits since 2021: 01, 05, 07 for mobiles, "
         "2x for landlines in front of the old eight"),
        ("+55 11 8123 4567", None, "{0} is a number of the past: Brazil put a 9 in front of its mobile numbers by 2016: +55, area, 9 and eight digits"),
        ("11 8123-4567", "BR", "{0} is a number of the past: Brazil put a 9 in front of its mobile numbers by 2016: +55, area, 9 and eight digits"),
    ],
)  # fmt: skip
def test_why_a_cell_is_no_number(text, region, why):
    assert _refused(text, region) == ("PHONE_INVALID", why.format(repr(text)))


def test_a_number_that_a_spreadsheet_rounded_is_refused_with_what_is_left_of_it():
    assert _refused("4.15555E+09", "US") == (
        "PHONE_SCIENTIFIC",
        "'4.15555E+09': the spreadsheet rounded the number (about 4155550000); format the column as text or number "
        "without decimals and export it again",
    )
    assert _refused("4E+9", "US")[0] == "PHONE_SCIENTIFIC"


def test_a_number_without_a_country_asks_for_one():
    assert _refused("9161234567") == (
        "PHONE_NO_COUNTRY",
        "'9161234567' has no country code; write +… or give a country column or phone_region",
    )


def test_a_cell_may_be_as_long_as_a_note_and_no_longer():
    note = "+1 415 555 2671 (" + "x" * 232 + ")"
    assert (len(note), normalize_phone(note).value) == (250, ANN)
    assert _refused(note.replace("(", "(x")) == ("PHONE_INVALID", "too long for a phone number")
    assert _refused(" ") == ("PHONE_INVALID", "empty; write a number such as +14155550123")


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("+49 +49 151 12345678", [("PHONE_CODE_DOUBLED", "{0} has its country code twice; +4915112345678 is sent")]),
        ("0049 49 151 12345678", [("PHONE_CODE_DOUBLED", "{0} has its country code twice; +4915112345678 is sent")]),
        ("+49 123456789", [
            ("PHONE_PLACEHOLDER", "{0} looks like a placeholder"),
            ("PHONE_UNASSIGNED", "{0} has the right length but no operator uses it"),
        ]),
        ("+1 555 555 5555", [("PHONE_UNASSIGNED", "{0} has the right length but no operator uses it")]),
    ],
)  # fmt: skip
def test_what_is_doubtful_about_a_number_is_said_in_order(text, notes):
    found = normalize_phone(text)
    assert _notes(found) == [(code, why.format(repr(text))) for code, why in notes]


def test_a_number_that_nobody_has_is_refused_where_its_country_is_a_guess_or_on_request():
    why = "is not a number of US: no such area or operator code, or a wrong length"
    assert _refused("555 555 5550", "US") == ("PHONE_INVALID", f"'555 555 5550' {why}")
    assert _refused("+1 555 555 5555", strict=True) == ("PHONE_INVALID", f"'+1 555 555 5555' {why}")


@pytest.mark.parametrize(
    "between", ["; ", ", ", " / ", "//", " & ", " | ", " or ", " and ", " или ", " и ", " oder ", " ou ", "\n", " "]
)  # fmt: skip
def test_the_first_of_several_numbers_is_used_and_said_so(between):
    text = f"+14155552671{between}+14155552672"
    shown = " ".join(text.split()) if between != "\n" else f"{ANN} +14155552672"
    found = normalize_phone(text)
    assert (found.value, found.rule) == (ANN, "phone.first_of_several")
    assert _notes(found) == [
        ("PHONE_FIRST_OF_SEVERAL", f"{shown!r} holds several numbers; {ANN} is used")
    ]
    assert _refused(text, several="refuse")[0] == "PHONE_SEVERAL"


def test_numbers_of_ten_digits_or_with_a_label_need_nothing_else_between_them():
    for text in ("4155552671 4155552672", "Home: (415) 555-2671 Work: (415) 555-2672"):
        found = normalize_phone(text, region="US")
        assert (found.value, found.rule) == (ANN, "phone.first_of_several")


def test_the_first_number_keeps_its_extension_and_what_is_doubtful_about_it():
    found = normalize_phone("Ann: (415) 555-2671 x12; +1 415 555 2672", region="US")
    assert (found.value, found.extension) == (ANN, "12")
    assert [note.code for note in found.notes] == ["PHONE_TEXT_DROPPED", "PHONE_FIRST_OF_SEVERAL"]


def test_one_number_twice_is_one_number_and_one_beside_a_broken_one_is_asked_about():
    for several in ("first", "refuse"):
        found = normalize_phone("+1 415 555 2671 / 415-555-2671", region="US", several=several)
        assert (found.value, found.notes) == (ANN, ())
    for text in ("+1 415 555 2671; 12345", "12345; +1 415 555 2671"):
        with pytest.raises(NormalizeError) as caught:
            normalize_phone(text)
        assert (caught.value.code, str(caught.value), caught.value.candidates) == (
            "PHONE_SEVERAL",
            f"{text!r} holds 2 numbers; leave one",
            (ANN,),
        )


def test_fewer_than_five_digits_beside_a_number_are_no_second_one():
    assert _refused("+1 415 555 2671; 1234")[0] == "PHONE_INVALID"
    assert _refused("12345; 67890", "US")[0] == "PHONE_INVALID"


def test_a_number_over_two_lines_is_one_and_two_lines_of_numbers_are_two():
    assert normalize_phone("(415) 555\n2671", region="US").value == ANN
    found = normalize_phone("office: (415) 555-2671\nx 12", region="US")
    assert (found.value, found.extension) == (ANN, "12")
    assert _refused("+1 415 555 2671\n12")[0] == "PHONE_INVALID"


def test_digits_that_are_numbers_of_two_countries_are_refused_with_both():
    with pytest.raises(NormalizeError) as caught:
        normalize_phone("3906698212", region="IT")
    first, second = caught.value.candidates
    assert (caught.value.code, str(caught.value)) == (
        "PHONE_AMBIGUOUS",
        f"'3906698212' can be {first} or {second}; write it with + and the country code",
    )
    assert {first, second} == {"+393906698212", "+3906698212"}


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+14155552671", ""), ("(415) 555-2671", "US"), ("415.555.2671", "US"),
        ("8 (916) 123-45-67", "RU"), ("9161234567", "RU"), ("0171/1234567", "DE"),
        ("+39 06 6982 1234", ""), ("+7 (916) 123-45-67", "DE"),
    ],
)  # fmt: skip
def test_the_quick_way_reads_what_there_is_nothing_to_say_about(text, region):
    found = normalize_phone(text, region=region or None)
    assert plain_phone(text, region) == found.value
    assert (found.notes, found.extension) == ((), "")


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("", "US"), ("call me", "US"), ("+1 415 555 2671 x12", ""), ("4155552671.0", "US"), ("4155552671", ""), ("+", ""),
        ("0049 171 1234567", "DE"), ("01149 171 1234567", "US"), ("+5215512345678", ""), ("5215512345678", "MX"),
        ("1111111", "US"), ("1234567890", "US"), ("+49 49 151 12345678", ""), ("+44 (0)20 7946 0958", ""),
        ("+8 495 1234567", "RU"), ("044 55 1234 5678", "MX"), ("80441234567", "UA"), ("49 171 1234567", "DE"), ("1-415-555-2671", "US"),
        ("+1 555 555 5555", ""), ("5552671", "US"), ("+49 30 0000000", ""), ("+49 123456789", ""), ("+999 123456", ""),
        ("415  555 2671", "US"), ("415 555 2671 ", "US"), ("4155552671" + "0" * 31, "US"), ("٤١٥٥٥٥٢٦٧١", "US"),
        ("+39 0000000", ""), ("02 0000 0000", "AU"),
    ],
)  # fmt: skip
def test_the_quick_way_leaves_everything_else_to_the_long_one(text, region):
    assert plain_phone(text, region) is None


def test_the_country_of_a_number_is_that_of_its_plan():
    numbers = ("+14155552671", "+16135551234", "+77012345678", "+442079460958", "+80012345678")
    assert [region_of_number(one) for one in numbers] == ["US", "CA", "KZ", "GB", "001"]
    assert [region_of_number(text) for text in ("", "+", "abc", "+999123456")] == [""] * 4
