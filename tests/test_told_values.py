"""Messages about refused or doubtful values: the whole sentence, its code, what was meant."""

from __future__ import annotations

from datetime import UTC, datetime

import phonenumbers
import pytest

from bulk_import.errors import MappingError
from bulk_import.mapping.binding import bind, resolve_list
from bulk_import.mapping.loading import load_mapping, parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Row
from bulk_import.normalize.addresses import normalize_postal_code
from bulk_import.normalize.countries import normalize_country
from bulk_import.normalize.crosschecks import cross_check
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.names import check_name, split_name
from bulk_import.normalize.offsets import normalize_utc_offset, offset_for_api
from bulk_import.normalize.phones import normalize_phone
from bulk_import.normalize.result import NormalizeError
from bulk_import.normalize.tags import normalize_list_ids, normalize_manager_id, normalize_tags


def refused(normalize, text, **options) -> tuple[str, str, tuple[str, ...]]:
    with pytest.raises(NormalizeError) as caught:
        normalize(text, **options)
    return caught.value.code, str(caught.value), caught.value.candidates


def noted(normalize, text, **options) -> list[tuple[str, str]]:
    return [(note.code, note.message) for note in normalize(text, **options).notes]


# -- e-mails -----------------------------------------------------------------------------------------

ONE = "; write one address such as anna@example.org"
EMAILS = {
    "a@b_c.org": "The part after the @-sign contains invalid characters: '_'",
    "a(b@c.org": "The email address contains invalid characters before the @-sign: '('",
    ".a@b.org": "An email address cannot start with a period",
    "a..b@x.org": "An email address cannot have two periods in a row",
    "a@b.org-": "An email address cannot end with a hyphen",
    "a@-b.org": "An email address cannot have a hyphen immediately after the @-sign",
    "a.@b.org": "An email address cannot have a period immediately before the @-sign",
    "@b.org": "There must be something before the @-sign",
    "a@": "There must be something after the @-sign",
    "a@b": "The part after the @-sign is not valid. It should have a period",
    "a@x.invalid": "no mail is delivered to .invalid from outside",
    "a@host.local": "no mail is delivered to .local from outside",
}


@pytest.mark.parametrize(("text", "why"), EMAILS.items())
def test_what_is_wrong_with_an_address(text, why):
    assert refused(normalize_email, text) == ("EMAIL_INVALID", f"{text!r}: {why}{ONE}", ())


def test_addresses_that_are_more_or_less_than_one_persons():
    assert refused(normalize_email, "a@b.org, c@d.org, e@f.org") == (
        "EMAIL_SEVERAL", "'a@b.org, c@d.org, e@f.org' holds 3 addresses; leave one, or set several: first",
        ("a@b.org", "c@d.org", "e@f.org"),
    )  # fmt: skip
    assert noted(normalize_email, "a@b.org, c@d.org", several="first") == [
        ("EMAIL_FIRST_OF_SEVERAL", "'a@b.org, c@d.org' holds several addresses; the first is used")
    ]
    assert refused(normalize_email, "info@b.org", refuse_role=True) == (
        "EMAIL_ROLE", "'info@b.org' is a shared mailbox, not a person", (),
    )  # fmt: skip
    assert refused(normalize_email, "anna@mailinator.com", refuse_disposable=True) == (
        "EMAIL_DISPOSABLE", "'anna@mailinator.com' is a throw-away address", (),
    )  # fmt: skip
    for domain in ("eu.mailinator.com", "a.b.mailinator.com"):
        assert refused(normalize_email, f"anna@{domain}", refuse_disposable=True)[0] == "EMAIL_DISPOSABLE"  # fmt: skip
    for domain in ("mail.example.org", "mailinatory.example.org", "mailinator.com.example.org"):
        assert normalize_email(f"anna@{domain}", refuse_disposable=True).notes == ()
    assert refused(normalize_email, "n\u0430me@example.com") == (
        "EMAIL_INVALID", "'n\u0430me@example.com': '\u0430' is a Cyrillic letter (U+0430) among Latin ones; "
        "type the address again in Latin letters", (),
    )  # fmt: skip


# -- phones ------------------------------------------------------------------------------------------

CODE = "write +… or give a country column or phone_region"


@pytest.mark.parametrize(
    ("text", "region", "code", "why"),
    [
        ("1-800-FLOWERS", "US", "PHONE_INVALID", "'1-800-FLOWERS' has letters of a keypad for digits; write 1-800-3569377, if that is meant"),
        ("+8 916 123-45-67", None, "PHONE_INVALID", "'+8 916 123-45-67': no country has the code 8; write +7 if Russia is meant"),
        ("9161234567", None, "PHONE_NO_COUNTRY", f"'9161234567' has no country code; {CODE}"),
        ("+999 123 456", None, "PHONE_INVALID", "'+999 123 456' is in no country's numbering plan"),
        ("555 2671", "US", "PHONE_INVALID", "'555 2671' is a local number of US without its area code"),
        ("+7 916 123-45-6", None, "PHONE_INVALID", "'+7 916 123-45-6' is too short for RU"),
        ("12", "US", "PHONE_INVALID", "'12' is too short for a phone number"),
        ("123456789012345", "US", "PHONE_INVALID", "'123456789012345' is too long for US"),
        ("+55 5532 1234", None, "PHONE_INVALID", "'+55 5532 1234' is not a number of BR: no such area or operator code, or a wrong length"),
        ("+225 07 12 34 56", None, "PHONE_INVALID", "'+225 07 12 34 56' is a number of the past: Ivory Coast's numbers have ten digits since 2021: 01, 05, 07 for mobiles, 2x for landlines in front of the old eight"),
        ("+229 97 12 34 56", None, "PHONE_INVALID", "'+229 97 12 34 56' is a number of the past: Benin's numbers have ten digits since 2024: 01 in front of the old eight"),
        ("4.1555526715E9", "US", "PHONE_INVALID", "'4.1555526715E9' is not a phone number"),
        ("12 " * 84, "US", "PHONE_INVALID", "too long for a phone number"),
        ("4.49E+11", "GB", "PHONE_SCIENTIFIC", "'4.49E+11': the spreadsheet rounded the number (about 449000000000); format the column as text or number without decimals and export it again"),
    ],
)  # fmt: skip
def test_why_a_phone_is_refused(text, region, code, why):
    assert refused(normalize_phone, text, region=region) == (code, why, ())


@pytest.mark.parametrize(
    ("text", "value", "note"),
    [
        ("+1 415 555 2671; +1 415 555 2672", "+14155552671", ("PHONE_FIRST_OF_SEVERAL", "'+1 415 555 2671; +1 415 555 2672' holds several numbers; +14155552671 is used")),
        ("+49 49 151 12345678", "+4915112345678", ("PHONE_CODE_DOUBLED", "'+49 49 151 12345678' has its country code twice; +4915112345678 is sent")),
        ("+1 555 555 5555", "+15555555555", ("PHONE_UNASSIGNED", "'+1 555 555 5555' has the right length but no operator uses it")),
        ("+1 415 555 2671 (ask for Ann)", "+14155552671", ("PHONE_TEXT_DROPPED", "'ask for Ann' beside the number is not sent")),
    ],
)  # fmt: skip
def test_what_is_doubtful_about_a_phone(text, value, note):
    assert (normalize_phone(text).value, noted(normalize_phone, text)) == (value, [note])


def test_several_phones_are_counted_where_one_is_wanted():
    text = "+1 415 555 2671, +1 415 555 2672"
    assert refused(normalize_phone, text, several="refuse") == (
        "PHONE_SEVERAL", f"{text!r} holds 2 numbers; leave one", ("+14155552671", "+14155552672"),
    )  # fmt: skip


def test_a_country_code_twice_that_can_be_an_area_code_as_well_is_asked_about():
    assert refused(normalize_phone, "+46 46 8123456") == (
        "PHONE_AMBIGUOUS", "'+46 46 8123456' can be +46468123456 or +468123456; write it with + and the country code",
        ("+46468123456", "+468123456"),
    )  # fmt: skip


def test_a_country_code_typed_twice_is_dropped_or_asked_about_and_never_makes_another_number():
    asked = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)[::5]:
        example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if example is None:
            continue
        code, national = example.country_code, phonenumbers.national_significant_number(example)
        try:
            assert normalize_phone(f"+{code} +{code} {national}").value == f"+{code}{national}"
        except NormalizeError as exc:
            asked.append((region, exc.code))
    assert asked == []


@pytest.mark.parametrize("several", ["first", "refuse"])
@pytest.mark.parametrize("again", ["+14155552671", "415-555-2671", "001 415 555 2671"])
def test_one_number_written_twice_is_one_number(again, several):
    found = normalize_phone(f"+1 415 555 2671; {again}", region="US", several=several)
    assert (found.value, found.rule, found.notes) == ("+14155552671", "phone.number", ())


# -- offsets -----------------------------------------------------------------------------------------

SUCH = "write an offset such as +03 or a zone such as Europe/Moscow"


@pytest.mark.parametrize(
    ("text", "code", "why", "candidates"),
    [
        ("abc", "UTC_OFFSET_INVALID", f"'abc' is not an offset from UTC; {SUCH}", ()),
        ("+15", "UTC_OFFSET_INVALID", f"'+15' is no offset in use (-12 to +14); {SUCH}", ()),
        ("-13", "UTC_OFFSET_INVALID", f"'-13' is no offset in use (-12 to +14); {SUCH}", ()),
        ("+14:30", "UTC_OFFSET_INVALID", f"'+14:30' is no offset in use (-12 to +14); {SUCH}", ()),
        ("+03:20", "UTC_OFFSET_INVALID", f"'+03:20' is no offset in use (-12 to +14); {SUCH}", ()),
        ("abc (summer)", "UTC_OFFSET_INVALID", f"'abc (summer)' is not an offset from UTC; {SUCH}", ()),
        ("room 12 (UTC+4)", "UTC_OFFSET_INVALID", f"'room 12 (UTC+4)' is not an offset from UTC; {SUCH}", ()),
        ("+3 (UTC+4)", "UTC_OFFSET_AMBIGUOUS", "'+3 (UTC+4)': +3 is not at +04; leave one of the two", ("+03", "+04")),
        ("530", "UTC_OFFSET_AMBIGUOUS", f"'530' can be hours and minutes or minutes alone; {SUCH}", ()),
        ("IST", "UTC_OFFSET_AMBIGUOUS", f"'IST' can mean +05:30 India, +01 Ireland, +02 Israel; {SUCH}", ("+05:30", "+01", "+02")),
        ("Moscow (UTC+7)", "UTC_OFFSET_AMBIGUOUS", "'Moscow (UTC+7)': Moscow is not at +07; leave one of the two", ("+03", "+07")),
    ],
)  # fmt: skip
def test_why_an_offset_is_refused(text, code, why, candidates):
    assert refused(normalize_utc_offset, text) == (code, why, candidates)


def test_which_of_two_offsets_was_taken():
    zone = "America/New_York"
    assert noted(normalize_utc_offset, zone) == [
        ("UTC_OFFSET_DST", f"{zone} changes between -05 and -04; -05, its standard (winter) offset, is used")
    ]  # fmt: skip
    assert noted(normalize_utc_offset, zone, dst="current", at=datetime(2026, 7, 1, tzinfo=UTC)) == [
        ("UTC_OFFSET_DST", f"{zone} changes between -05 and -04; -04, the offset in force on 2026-07-01, is used")
    ]  # fmt: skip
    assert refused(normalize_utc_offset, zone, dst="current")[:2] == (
        "UTC_OFFSET_INVALID", "dst: current needs to know the moment"
    )  # fmt: skip
    assert normalize_utc_offset("Asia/Tokyo", dst="current").value == "+09"  # the same all year
    assert noted(normalize_utc_offset, "EDT") == [
        ("UTC_OFFSET_SUMMER", "'EDT' is summer time: -04 is taken as written")
    ]
    assert refused(offset_for_api, "+05:30")[1] == (
        "+05:30 is right, but the field takes whole hours only, so it is not sent; half_hours: "
        "round sends the nearest"
    )
    assert [(n.code, n.message) for n in offset_for_api("-02:30", half_hours="round").notes] == [
        ("UTC_OFFSET_ROUNDED", "-02:30 is sent as -03")
    ]


@pytest.mark.parametrize(("text", "value"), [("-12", "-12"), ("+14", "+14"), ("+12:45", "+12:45")])
def test_the_outermost_offsets_are_in_use(text, value):
    assert normalize_utc_offset(text).value == value


# -- names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule", "why"),
    [
        ("山田太郎花子一二", "name.whole", "is in East Asian letters and its parts cannot be told"),
        ("M. Dupont", "name.whole", "begins with an initial or with Monsieur"),
        ("Dr. Prof.", "name.whole", "is made of titles only"),
        ("Xyz Abc", "name.whole", "is in an order that cannot be told"),
        ("Anna & Ben Lee", "name.whole", "is of more than one person"),
        ("Acme Ltd", "name.no_person", "looks like the name of a company"),
    ],
)
def test_why_a_name_is_left_whole(text, rule, why):
    parts = split_name(text)
    code = "NAME_NOT_SPLIT" if rule == "name.whole" else "NAME_NOT_A_PERSON"
    assert (parts.first, parts.middle, parts.last, parts.rule) == ("", "", "", rule)
    assert [(n.code, n.message) for n in parts.notes] == [(code, f"{text!r} {why}; no part of it is sent")]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a@b.org", "'a@b.org' is an e-mail address, not a name"), ("www.x.org", "'www.x.org' is a link, not a name"),
        ("12345", "'12345' is a number, not a name"), ("x " * 126, "251 characters are too long for a name"),
    ],
)  # fmt: skip
def test_what_is_no_name(text, why):
    assert refused(check_name, text) == refused(split_name, text) == ("NAME_INVALID", why, ())


def test_a_name_may_be_as_long_as_the_longest_and_of_few_digits():
    assert check_name("x" * 250) == "x" * 250
    assert check_name("123") == "123"


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("Dr. Anna Lee", "Dr."),
        ("Anna B. Lee Ph.D.", "Ph.D."),
        ("Anna B. Lee MSc", "MSc"),
        ("Anna B. Lee M.D.", "M.D."),  # looks like initials, and is none of the name
        ("Anna B. Lee, M.D. Ph.D.", "M.D. Ph.D."),
    ],
)
def test_what_a_name_loses_is_said(text, lost):
    parts = split_name(text)
    assert (parts.first, parts.last) == ("Anna", "Lee")
    assert [(n.code, n.message) for n in parts.notes] == [
        ("NAME_PART_DROPPED", f"{lost!r} of {text!r} is in no part of the name")
    ]


@pytest.mark.parametrize(
    "text", ["J.R.R. Tolkien", "Сидоров И.П.", "И.П. Сидоров", "Anna B.C. Lee"]
)
def test_initials_written_together_are_parts_of_the_name_and_not_lost(text):
    assert split_name(text).notes == ()


@pytest.mark.parametrize(
    ("text", "first", "last", "lost"),
    [
        ("Jack Ma", "Jack", "Ma", None),  # a degree elsewhere, and of two words the family name
        ("Anna Berg MA", "Anna", "Berg", "MA"),
        ("Anna MBA", "Anna", "", "MBA"),
    ],
)
def test_a_word_that_can_be_a_degree_is_one_behind_a_whole_name(text, first, last, lost):
    found = split_name(text)
    assert (found.first, found.last) == (first, last)
    assert [note.code for note in found.notes] == (["NAME_PART_DROPPED"] if lost else [])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("García María José", ("María", "José", "García")),
        ("Kowalski Jan Piotr", ("Jan", "Piotr", "Kowalski")),
    ],
)
def test_a_family_name_in_front_of_two_given_ones_goes_to_the_end(text, parts):
    found = split_name(text)
    assert (found.first, found.middle, found.last) == parts
    assert (found.rule, found.notes) == ("name.three_known", ())


# -- countries, postal codes, tags, ids ----------------------------------------------------------------

COUNTRY = "write the country's name or its two-letter code (ISO 3166), such as US"


def test_why_a_country_is_not_certain():
    assert refused(normalize_country, "Korea") == (
        "COUNTRY_AMBIGUOUS",
        "'Korea' does not say which country; write one of KR (South Korea), KP (North Korea)",
        ("KR", "KP"),
    )
    assert refused(normalize_country, "German") == (
        "COUNTRY_UNKNOWN", f"'German' is not a country (did you mean DE (Germany)?); {COUNTRY}", ("DE",)
    )  # fmt: skip
    assert refused(normalize_country, "12345") == (
        "COUNTRY_UNKNOWN", f"'12345' is not a country; {COUNTRY}", ()
    )  # fmt: skip
    assert refused(normalize_country, "x" * 101)[1] == f"too long for a country; {COUNTRY}"
    assert refused(normalize_country, "x" * 100)[1] == f"'{'x' * 100}' is not a country; {COUNTRY}"
    assert noted(normalize_country, "Germny") == [
        ("COUNTRY_GUESSED", "'Germny' is taken for Germany (DE)")
    ]


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("🇩🇪 France", ("DE", "FR")), ("France 🇩🇪", ("DE", "FR")), ("🇩🇪 Korea", ("DE", "KP", "KR")),
        ("🇺🇸 Puerto Rico", ("PR", "US")),
    ],
)  # fmt: skip
def test_a_flag_beside_the_name_of_another_country_is_asked_about(text, candidates):
    assert refused(normalize_country, text)[::2] == ("COUNTRY_AMBIGUOUS", candidates)


@pytest.mark.parametrize("text", ["🇩🇪", "🇩🇪 Germany", "Deutschland 🇩🇪", "🇩🇪 DE", "DEU 🇩🇪"])
def test_a_flag_beside_the_name_of_its_country_is_that_country(text):
    assert (normalize_country(text).value, normalize_country(text).notes) == ("DE", ())


@pytest.mark.parametrize(
    ("text", "country", "meant"), [("1067", "DE", "01067"), ("2138", "US", "02138"), ("2138-1234", "US", "02138-1234")]
)  # fmt: skip
def test_a_postal_code_that_lost_its_zero_names_the_whole_one(text, country, meant):
    assert refused(normalize_postal_code, text, country=country) == (
        "POSTAL_CODE_ZERO_LOST",
        f"{text!r} is too short for a code of {country}: the spreadsheet dropped a leading zero; {meant} is meant",
        (meant,),
    )  # fmt: skip


# Digits of a code, and how many zeros it can begin with.
ZEROS = {
    (5, 2): "US PR IT FI LT LK", (5, 1): "DE FR ES TR PE MX UA MY KR DZ GT KW", (6, 1): "KZ RO CN SG",
    (4, 2): "NO ZA AM", (4, 1): "AU GE", (7, 2): "JP", (8, 1): "BR",
}  # fmt: skip


@pytest.mark.parametrize(
    ("country", "length", "zeros"),
    [(country, *plan) for plan, countries in ZEROS.items() for country in countries.split()],
)
def test_a_code_that_lost_more_zeros_than_its_country_has_in_front_is_not_completed(
    country, length, zeros
):
    whole = "1" * length
    assert normalize_postal_code(whole, country=country).value == whole
    for lost in (1, 2):
        found = refused(normalize_postal_code, "1" * (length - lost), country=country)
        if lost <= zeros:
            assert found[::2] == (
                "POSTAL_CODE_ZERO_LOST",
                (f"{'0' * lost}{'1' * (length - lost)}",),
            )
        else:
            assert found == (
                "POSTAL_CODE_INVALID", f"'{'1' * (length - lost)}' is too short for a code of {country}, which has {length} digits", (),
            )  # fmt: skip


@pytest.mark.parametrize(("text", "shown"), [("0", "0"), ("", ""), ("x" * 11, "X" * 11)])
def test_what_is_no_postal_code(text, shown):
    assert refused(normalize_postal_code, text) == (
        "POSTAL_CODE_INVALID", f"{shown!r} is not a postal code", ()
    )  # fmt: skip


def test_why_tags_lists_and_managers_are_refused():
    assert refused(normalize_tags, "vip,new", separator="/")[:2] == (
        "TAG_COMMA",
        "the tag 'vip,new' has a comma in it, and the server would make two tags of it; rename it, "
        "or set separator: ','",
    )
    assert refused(normalize_tags, "x" * 256)[:2] == (
        "TAG_TOO_LONG", f"a tag of 256 characters: '{'x' * 40}'…"
    )  # fmt: skip
    assert normalize_tags("x" * 255).values == ("x" * 255,)
    assert refused(normalize_list_ids, "1473249885.28999")[:2] == (
        "LIST_ID_DAMAGED",
        "the list id '1473249885.28999' was turned into a number and lost digits; copy it again from "
        "the account as text (in Excel: format the column as text first)",
    )
    assert refused(normalize_list_ids, "a,b", separator=";")[:2] == (
        "LIST_ID_COMMA", "the list 'a,b' has a comma in it"
    )  # fmt: skip
    assert normalize_manager_id("1" * 15).value == "1" * 15
    for text in ("1" * 16, "Anna", "١٢"):
        assert refused(normalize_manager_id, text)[:2] == (
            "MANAGER_INVALID", f"{text!r} is not a manager's number; `bulk-import managers` lists them"
        )  # fmt: skip


@pytest.mark.parametrize("sign", [";", "|", ":::", "•"])
def test_a_tag_that_looks_like_several_is_told_with_the_sign_between_them(sign):
    text = f"a {sign} b"
    assert noted(normalize_tags, text, separator="/") == [
        ("TAG_SEPARATOR", f"the tag {text!r} has {sign!r} in it; if that separates tags, add it to separator:")
    ]  # fmt: skip
    assert noted(normalize_tags, "VIP/vip", separator="/") == [
        ("TAG_LOOK_ALIKE", "the tags 'VIP' and 'vip' look alike but differ")
    ]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"lead_phone": "+79161234567", "lead_shipping_country_code": "DE"}, ("lead_phone", "PHONE_OTHER_COUNTRY", "+79161234567 is a number of RU, the country is DE")),
        ({"lead_phone": "+79161234567", "lead_billing_country_code": "DE"}, ("lead_phone", "PHONE_OTHER_COUNTRY", "+79161234567 is a number of RU, the country is DE")),
        ({"lead_utc": "+03", "lead_shipping_country_code": "DE"}, ("lead_utc", "UTC_OFFSET_OTHER_COUNTRY", "no clock in Germany shows +03")),
        ({"lead_shipping_country_code": "DE", "lead_shipping_zip": "1"}, ("lead_shipping_zip", "POSTAL_CODE_SHAPE", "'1' does not look like a postal code of DE")),
        ({"lead_billing_country_code": "US", "lead_billing_zip": "1"}, ("lead_billing_zip", "POSTAL_CODE_SHAPE", "'1' does not look like a postal code of US")),
        ({"lead_phone": "+12025550100", "lead_shipping_country_code": "CA"}, None),  # one numbering plan
        ({"lead_phone": "+79161234567", "lead_shipping_country_code": "KZ"}, None),
        ({"lead_phone": "+79161234567", "lead_shipping_country_code": "RU", "lead_billing_country_code": "DE"}, None),
        ({"lead_shipping_country_code": "DE", "lead_billing_zip": "1"}, None),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_told_of_its_field(fields, found):
    assert [(name, n.code, n.message) for name, n in cross_check(fields)] == ([found] if found else [])  # fmt: skip


# -- the mapping -------------------------------------------------------------------------------------

HEAD = "version: 1\nfields:\n  lead_email: E-mail\n"
LISTS = {"News": ["1"], "Twins": ["2", "3"], "Nameless": []}


@pytest.mark.parametrize(
    ("value", "code", "why"),
    [
        ("Nws", "LIST_UNKNOWN", "the account has no list 'Nws' (did you mean News?); `bulk-import lists` shows them"),
        ("zzz", "LIST_UNKNOWN", "the account has no list 'zzz'; `bulk-import lists` shows them"),
        ("Twins", "LIST_AMBIGUOUS", "2 lists are called 'Twins'; write the id of the one that is meant: 2 or 3"),
        ("Nameless", "LIST_WITHOUT_ID", "the account's answer has no API id for the list 'Nameless'; write the id that the list's settings show"),
    ],
)  # fmt: skip
def test_a_list_that_is_not_one_of_the_account(value, code, why):
    with pytest.raises(NormalizeError) as caught:
        resolve_list(value, LISTS)
    assert (caught.value.code, str(caught.value)) == (code, why)
    assert (resolve_list("News", LISTS), resolve_list(value, None)) == ("1", value)


@pytest.mark.parametrize(
    ("text", "header", "why"),
    [
        ("  lead_first_name: N\n  lead_last_name: N\n", ["N"], "m:5:3: fields.lead_last_name: column 'N' is mapped to lead_first_name and lead_last_name; keep one, or split it with part:"),
        ("  lead_phone: Fone\n", ["Phone"], "m:4:3: fields.lead_phone: no column 'Fone' (did you mean Phone?)"),
        ("  lead_phone: [X1, Y1]\n", ["Zip"], "m:4:3: fields.lead_phone: no column 'X1' or 'Y1'; the file has: E-mail, Zip"),
        ("  lead_phone: Qqqq\n", [f"c{n}" for n in range(19)], f"m:4:3: fields.lead_phone: no column 'Qqqq'; the file has: E-mail, {', '.join(f'c{n}' for n in range(19))}"),
        ("  lead_phone: Qqqq\n", [f"c{n}" for n in range(20)], f"m:4:3: fields.lead_phone: no column 'Qqqq'; the file has: E-mail, {', '.join(f'c{n}' for n in range(19))}, …"),
        ("  add_tags: {always: ['a,b']}\n", [], "m:4:14: fields.add_tags: 'a,b' has a comma in it"),
        ("on_missing: {add_tags: ['a,b']}\n", [], "'a,b' has a comma in it"),
    ],
)  # fmt: skip
def test_what_a_mapping_wants_and_the_file_does_not_have(text, header, why):
    with pytest.raises(MappingError) as caught:
        bind(parse_mapping(HEAD + text, "m"), ["E-mail", *header])
    assert why in str(caught.value)


def warned(text: str, **cells: str) -> list[tuple[str, str]]:
    row = Row("x.csv", "", 2, {"E-mail": "a@b.org", **cells})
    made = RowMapper(bind(parse_mapping(HEAD + text), list(row.cells))).record(row)
    return [(problem.code, problem.message) for problem in made.problems]


def test_where_a_guessed_offset_comes_from():
    country = "  lead_billing_country_code: C\n  lead_phone: P\n"
    both = "defaults: {guess_utc_from_country: true, guess_utc_from_phone: true}\n"
    phone, code = "+81 90 1234 5678", "UTC_OFFSET_GUESSED"
    assert warned(country + both, C="JP", P="") == [(code, "+09 is guessed from the country JP")]
    assert warned(country + both, C="", P=phone) == [(code, "+09 is guessed from a phone of JP")]
    assert warned(country + both, C="US", P="") == []
    only = "defaults: {guess_utc_from_phone: true}\n"
    assert warned(country + only, C="JP", P="") == []
    assert warned(country + both, C="IN", P="") == []  # half an hour is no whole one


@pytest.mark.parametrize(
    ("value", "why"),
    [(1.5, 'float 1.5: give text, as "1.5"'), (2.0, 'float 2.0: give text, as "2.0"')],
)
def test_a_value_of_python_that_may_lose_digits_is_refused(value, why):
    with pytest.raises(MappingError) as caught:
        load_mapping({"fields": {"lead_email": "E", "lead_description": {"value": value}}})
    assert [(p.path, p.message) for p in caught.value.problems] == [("fields.lead_description.value", why)]  # fmt: skip
