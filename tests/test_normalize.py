"""Tables of text and value, and what holds for every text."""

from __future__ import annotations

import sys
import unicodedata
from datetime import UTC, datetime

import pytest

from bulk_import import normalize
from bulk_import.normalize.addresses import (
    normalize_address,
    normalize_postal_code,
)
from bulk_import.normalize.countries import normalize_country
from bulk_import.normalize.crosschecks import cross_check, is_offset_of
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.name_lists import known
from bulk_import.normalize.name_order import order_of_column
from bulk_import.normalize.names import name_part, split_name
from bulk_import.normalize.offsets import normalize_utc_offset, offset_for_api
from bulk_import.normalize.phones import normalize_phone
from bulk_import.normalize.socials import normalize_social
from bulk_import.normalize.tags import (
    conflicts,
    normalize_list_ids,
    normalize_manager_id,
    normalize_tags,
)
from bulk_import.normalize.text import clean, clean_line
from bulk_import.normalize.zones import offset_of_country

COUNTRIES = """
US US|us US|usa US|U.S.A. US|United States (US) US|United States of America US|the United States US|США US|840 US
UK GB|Great Britain GB|Scotland GB|England GB|Wales GB|Northern Ireland GB|U.K. GB|Великобритания GB
UAE AE|U.A.E. AE|ОАЭ AE|Emirates AE|РФ RU|Россия RU|Russian Federation RU|RUS RU|Russland RU|Rusia RU
NA NA|Namibia NA|NO NO|Norway NO|Norge NO|Norwegen NO|NOR NO
ROK KR|South Korea KR|Korea, Republic of KR|Republic of Korea KR|Korea (Republic of) KR|대한민국 KR|DPRK KP
Bosnia & Herzegovina BA|Bosnia and Herzegovina BA|St. Lucia LC|Saint Lucia LC|Cote d'Ivoire CI|Côte d’Ivoire CI
Ivory Coast CI|Czech Republic CZ|Czechia CZ|Česko CZ|Holland NL|The Netherlands NL|Nederland NL|Niederlande NL
Deutschland DE|GERMANY DE|germany  DE|Allemagne DE|Alemania DE|Германия DE|ドイツ DE|Germny DE|🇩🇪 DE|🇩🇪 Germany DE
Deutschland / Germany DE|DE - Germany DE|Turkey TR|Türkiye TR|Burma MM|Swaziland SZ|Cape Verde CV|East Timor TL
Iran, Islamic Republic of IR|Viet Nam VN|Vietnam VN|Lao PDR LA|Syrian Arab Republic SY|Vatican City VA|Kosovo XK
DR Congo CD|Democratic Republic of the Congo CD|Congo-Brazzaville CG|Republic of the Congo CG|Guinea-Bissau GW
中国 CN|日本 JP|مصر EG|ישראל IL|Ελλάδα GR|भारत IN|ประเทศไทย TH|საქართველო GE|Հայաստան AM|Україна UA|Polska PL
España ES|Brasil BR|Österreich AT|Schweiz CH|Suisse CH|Magyarország HU|Suomi FI|Sverige SE|Danmark DK|Ísland IS
Itally IT|Philipines PH|Macedonia MK|Trinidad & Tobago TT|Hong Kong HK|Taiwan TW|Macau MO|Puerto Rico PR|276 DE|4 AF
"""
NOT_COUNTRIES = (
    "Korea|Congo|Korea |Europe|Africa|Latin America|EU|European Union|Paris|London|Berlin|Mexico City|Kuwait City|"
    "Air France|Bank of China|Jordan Peterson|German|French|Russian|Nigerian|Polish|English|Chinese|Latvian|Chilean|"
    "Yugoslavia|USSR|Czechoslovakia|Soviet Union|N/A|-|?|none|Unknown|Other|Atlantis|Narnia|XX|ZZ|999|12345|Virgin Islands|"
    "Saint Martin|Tunis|America|Scandinavia|@|germany@example.org|Indiana|Slovania|"
)


@pytest.mark.parametrize(
    "case", [c for line in COUNTRIES.strip().splitlines() for c in line.split("|")]
)
def test_countries(case):
    text, code = case.rsplit(" ", 1)
    assert normalize.country(text) == code


@pytest.mark.parametrize("text", NOT_COUNTRIES.split("|"))
def test_what_is_no_certain_country_is_refused(text):
    with pytest.raises(ValueError):
        normalize.country(text)


def test_refusals_name_the_candidates():
    with pytest.raises(ValueError, match=r"KR .*KP") as caught:
        normalize_country("Korea")
    assert caught.value.candidates == ("KR", "KP")
    assert normalize_country("Germny").notes[0].code == "COUNTRY_GUESSED"


PHONES = [
    ("+14155552671", None, "+14155552671"), ("(415) 555-2671", "US", "+14155552671"),
    ("415.555.2671", "US", "+14155552671"), ("1-415-555-2671", "US", "+14155552671"),
    ("8 (916) 123-45-67", "RU", "+79161234567"), ("9161234567", "RU", "+79161234567"),
    ("79161234567", "RU", "+79161234567"), ("7.9161234567E10", "RU", "+79161234567"),
    ("79161234567.0", "RU", "+79161234567"), ("'+7 916 123-45-67", None, "+79161234567"),
    ("+7‑916‑123‑45‑67", None, "+79161234567"), ("＋７９１６１２３４５６７", None, "+79161234567"),
    ("+7\u00a0916\u2009123\u202f45\u00a067", None, "+79161234567"), ("tel:+7-916-123-45-67", None, "+79161234567"),
    ("https://wa.me/79161234567?text=hi", None, "+79161234567"), ("wa.me/79161234567", None, "+79161234567"),
    ("00442079460958", None, "+442079460958"), ("011 44 20 7946 0958", "US", "+442079460958"),
    ("020 7946 0958", "GB", "+442079460958"), ("+44 (0)20 7946 0958", None, "+442079460958"),
    ("0171 1234567", "DE", "+491711234567"), ("+49 171 1234567", "US", "+491711234567"),
    ("Mobile: +1 415 555 2671", None, "+14155552671"), ("+1 415 555 2671 (work)", None, "+14155552671"),
    ("тел. 8 916 123 45 67", "RU", "+79161234567"), ("+7 916 123-45-67 доб. 12", None, "+79161234567"),
    ("+1 415 555 2671 x123", None, "+14155552671"), ("+1 415 555 2671; +1 415 555 2672", None, "+14155552671"),
    ("8 800 555 35 35", "RU", "+78005553535"), ("+800 1234 5678", None, "+80012345678"),
    ("090-1234-5678", "JP", "+819012345678"), ("+39 06 6982 1234", None, "+390669821234"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "region", "value"), PHONES)
def test_phones(text, region, value):
    assert normalize.phone(text, region) == value


def _characters(*categories: str) -> list[str]:
    every = map(chr, range(sys.maxunicode + 1))
    return [char for char in every if unicodedata.category(char) in categories]


def test_every_dash_blank_and_digit_of_unicode_may_stand_in_a_phone():
    for char in (*_characters("Pd", "Zs"), "\u2212"):
        text = char.join(["+7", "916", "123", "45", "67"])
        assert normalize.phone(text) == "+79161234567", hex(ord(char))
    zeros = [char for char in _characters("Nd") if unicodedata.decimal(char) == 0]
    assert len(zeros) > 60
    for zero in zeros:
        digits = "".join(chr(ord(zero) + int(digit)) for digit in "79161234567")
        assert normalize.phone(f"+{digits}") == "+79161234567", hex(ord(zero))


@pytest.mark.parametrize(
    ("text", "region", "code"),
    [
        ("12", "US", "PHONE_INVALID"), ("N/A", "US", "PHONE_INVALID"), ("-", None, "PHONE_INVALID"),
        ("", None, "PHONE_INVALID"), ("0000000000", "US", "PHONE_INVALID"), ("1234567890", "US", "PHONE_INVALID"),
        ("+7 916 123-45-6", None, "PHONE_INVALID"), ("+7 916 123-45-678", None, "PHONE_INVALID"),
        ("9161234567", None, "PHONE_NO_COUNTRY"), ("4.49E+11", "GB", "PHONE_SCIENTIFIC"),
        ("7.9161E+10", "RU", "PHONE_SCIENTIFIC"), ("2024-05-12", "US", "PHONE_INVALID"),
        ("12.05.2024", "RU", "PHONE_INVALID"), ("call me", "US", "PHONE_INVALID"), ("+999 123 456", None, "PHONE_INVALID"),
        ("1-800-FLOWERS", "US", "PHONE_INVALID"), ("anna@example.org", "US", "PHONE_INVALID"),
        ("+1 415 555 2671 / 12", None, "PHONE_INVALID"), ("09161234567", "EG", "PHONE_INVALID"),
    ],
)  # fmt: skip
def test_phones_that_cannot_be_are_refused(text, region, code):
    with pytest.raises(ValueError) as caught:
        normalize_phone(text, region=region)
    assert caught.value.code == code


def test_phone_options():
    assert normalize_phone("+7 916 123-45-67 доб. 12").extension == "12"
    with pytest.raises(ValueError):
        normalize_phone("+1 415 555 2671, +1 415 555 2672", several="refuse")
    assert normalize_phone("+1 555 555 5555").notes[0].code == "PHONE_UNASSIGNED"
    with pytest.raises(ValueError):
        normalize_phone("+1 555 555 5555", strict=True)


OFFSETS = """
UTC+3=+03|GMT -05:00=-05|+0300=+03|−3=-03|3=+03|Z=+00|-1=-01|+03=+03|UTC + 03=+03|0=+00|UTC=+00|GMT+1=+01|+3h=+03
5:30=+05:30|+5.5=+05:30|UTC+05:45=+05:45|(UTC-05:00) Eastern Time (US & Canada)=-05|Europe/Moscow=+03|Etc/GMT+3=-03
(GMT+03:00) Moscow, St. Petersburg, Volgograd=+03|Russian Standard Time=+03|Asia/Kolkata=+05:30|America/New_York=-05
MSK=+03|МСК+2=+05|CET=+01|EST=-05|PST/PDT=-08|JST=+09|Europe/Dublin=+00|Europe/London=+00|3.0=+03|-0800=-08|Moscow=+03
Moscow (UTC+3)=+03|(UTC) Coordinated Universal Time=+00|Australia/Sydney=+10|America/Sao_Paulo=-03|Asia/Kathmandu=+05:45
"""


@pytest.mark.parametrize(
    "case", [c for line in OFFSETS.strip().splitlines() for c in line.split("|")]
)
def test_offsets(case):
    text, value = case.rsplit("=", 1)
    assert normalize.utc_offset(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "IST", "CST", "BST", "AST", "+15", "-13", "99", "1200", "abc", "12/5/2024", "3 o'clock", "+03:20",
     "Moscow (UTC+7)", "(UTC+09:00) Eastern Time (US & Canada)", "UTC+3 or +4", "null"],
)  # fmt: skip
def test_uncertain_offsets_are_refused(text):
    with pytest.raises(ValueError):
        normalize.utc_offset(text)


def test_offset_options():
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    assert normalize_utc_offset("America/New_York", dst="current", at=summer).value == "-04"
    assert offset_for_api("+05:30", half_hours="round").value == "+06"
    with pytest.raises(ValueError):
        offset_for_api("+05:30")
    assert (offset_of_country("JP"), offset_of_country("US"), offset_of_country("DE")) == (
        "+09",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a@b.org", "a@b.org"), ("Ivan <i@x.org>", "i@x.org"), ("mailto:Foo@X.ORG?subject=x", "Foo@x.org"),
        ("a@b.org.", "a@b.org"), ("a@b.org,", "a@b.org"), ("\u200ba@b.org\ufeff", "a@b.org"), (" a @ b.org ", "a@b.org"),
        ("a+tag@b.org", "a+tag@b.org"), ("иван@пример.рф", "иван@пример.рф"), ("a@xn--e1afmkfd.xn--p1ai", "a@xn--e1afmkfd.xn--p1ai"),
        ("a@b.org (work)", "a@b.org"), ("E-mail: a@b.org", "a@b.org"), ("a@b.org; A@B.ORG", "a@b.org"),
        ("<a@b.org>", "a@b.org"), ('"Smith, J" <j@x.org>', "j@x.org"), ("a＠b.org", "a@b.org"),
    ],
)  # fmt: skip
def test_emails(text, value):
    assert normalize.email(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "foo", "a@b", "a@@b.org", "a..b@x.org", "a b@c.org", "user@localhost", "a@1.2.3.4", "@b.org", "a@", "N/A",
     "a@b.org, c@d.org", "a@b_c.org", "a@b.org c@d.org", "a@.org", "a" * 70 + "@b.org"],
)  # fmt: skip
def test_what_is_no_one_address_is_refused(text):
    with pytest.raises(ValueError):
        normalize.email(text)


def test_email_options():
    assert normalize_email("a@gmial.com").value == "a@gmial.com"
    assert "gmail.com" in normalize_email("a@gmial.com").notes[0].message
    assert normalize_email("a@b.org, c@d.org", several="first").value == "a@b.org"
    with pytest.raises(ValueError):
        normalize_email("info@b.org", refuse_role=True)


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmial.com", "gmail.com"), ("gmail.con", "gmail.com"), ("gmailc.om", "gmail.com"), ("gmail.cmo", "gmail.com"),
        ("ggmail.com", "gmail.com"), ("hotmsil.com", "hotmail.com"), ("yahoo.cim", "yahoo.com"), ("outlookk.com", "outlook.com"),
        ("yandex.ri", "yandex.ru"), ("mail.ry", "mail.ru"), ("googlemial.com", "googlemail.com"), ("icloud.cm", "icloud.com"),
    ],
)  # fmt: skip
def test_a_slip_in_the_domain_is_warned_of_and_sent_as_it_stands(domain, meant):
    found = normalize_email(f"anna@{domain}")
    assert found.value == f"anna@{domain}"
    assert [note.code for note in found.notes] == ["EMAIL_TYPO"]
    assert f"slip for {meant}" in found.notes[0].message


@pytest.mark.parametrize(
    "domain",
    ["gmail.com", "mail.com", "email.com", "ymail.com", "mail.ru", "yandex.by", "yandex.kz", "hotmail.fr",
     "yahoo.de", "outlook.es", "cloud.com", "gmx.net", "web.de", "googlemail.com", "example.org", "me.com"],
)  # fmt: skip
def test_a_host_of_its_own_is_no_slip(domain):
    assert normalize_email(f"anna@{domain}").notes == ()


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Germny", ["COUNTRY_GUESSED"]), ("Swizerland", ["COUNTRY_GUESSED"]), ("Германии", ["COUNTRY_GUESSED"]),
        ("Росия", ["COUNTRY_GUESSED"]), ("Germany", []), ("Korea, Rep.", []), ("England, UK", []),
    ],
)  # fmt: skip
def test_a_country_that_was_guessed_says_so(text, codes):
    assert [note.code for note in normalize_country(text).notes] == codes


@pytest.mark.parametrize(
    ("text", "rule", "codes"),
    [
        ("+1 415 555 2671 (ask for Ann)", "phone.text_around", ["PHONE_TEXT_DROPPED"]),
        ("Ann: +1 415 555 2671", "phone.text_around", ["PHONE_TEXT_DROPPED"]),
        ("+1 415 555 2671 (mobile)", "phone.text_around", []),
        ("+52 1 55 1234 5678", "phone.former_prefix", []),
        ("+1 415 555 2671 / +1 415 555 2672", "phone.first_of_several", ["PHONE_FIRST_OF_SEVERAL"]),
        ("+1 555 555 5555", "phone.number", ["PHONE_UNASSIGNED"]),
    ],
)
def test_a_phone_says_what_was_done_to_it(text, rule, codes):
    found = normalize_phone(text)
    assert (found.rule, [note.code for note in found.notes]) == (rule, codes)


@pytest.mark.parametrize(
    ("text", "rule", "codes"),
    [
        ("Anna Lee", "name.first_last", []), ("Dr. Anna Lee", "name.first_last", ["NAME_PART_DROPPED"]),
        ("Anna Lee, PhD", "name.order_stated", ["NAME_PART_DROPPED"]), ("Lee, Dr. Anna", "name.comma", ["NAME_PART_DROPPED"]),
        ('Robert "Bob" Smith', "name.first_last", ["NAME_PART_DROPPED"]), ("Сидоров И.П.", "name.initials_last", []),
        ("Anna & Ben Lee", "name.whole", ["NAME_NOT_SPLIT"]), ("Wang Xiaoming", "name.whole", ["NAME_NOT_SPLIT"]),
        ("Kim Min-jun", "name.korean", []), ("Nguyễn Văn An", "name.vietnamese", []), ("山田太郎", "name.east_asian", []),
        ("ООО Ромашка", "name.no_person", ["NAME_NOT_A_PERSON"]), ("Anna Jakobsson Lundström", "name.three_known", ["NAME_LAST_OF_TWO"]),
        ("Иванова Мария", "name.last_first", []), ("Marie Zzyzx", "name.first_last", ["NAME_ORDER_LIKELY"]),
    ],
)  # fmt: skip
def test_a_name_says_how_it_was_split_and_what_was_dropped(text, rule, codes):
    parts = split_name(text)
    assert (parts.rule, [note.code for note in parts.notes]) == (rule, codes)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("KKB Prasetyo", "name.whole"),  # an abbreviation is no family name
        ("Чемкова ТП", "name.whole"),
        ("Vicente e Serra", "name.whole"),  # two people, or a company
        ("Batista Niño y Arce de Saldivar", "name.whole"),
        ("Cristea Gal", "name.whole"),  # known in two languages that do not share them
        ("Drago Loretta", "name.whole"),  # both are given names
        ("Colin Réjean", "name.whole"),
        ("율 중공업", "name.whole"),
        ("Trung tâm Trần", "name.no_person"),
    ],
)
def test_no_part_of_a_doubtful_name_is_sent(text, rule):
    parts = split_name(text)
    assert (parts.first, parts.middle, parts.last, parts.rule) == ("", "", "", rule)
    assert parts.notes


def test_a_word_that_ends_as_family_names_do_and_is_counted_as_a_given_one_alone_is_no_family_name():
    alone, both = ("Абдин", "Абдильдин", "Абдрахман"), ("Ганина", "Ванина", "Абдурахман")
    assert {(known(word).given, known(word).family) for word in alone} == {(1, 0)}
    assert {(known(word).given, known(word).family) for word in both} == {(1, 1)}


@pytest.mark.parametrize(
    ("text", "order", "parts"),
    [
        ("Kerekes Benjamin", "last_first", ("Benjamin", "", "Kerekes")),
        ("García Márquez Gabriel", "last_first", ("Gabriel", "", "García Márquez")),
        ("Gabriel García Márquez", "first_last", ("Gabriel", "", "García Márquez")),
        ("John Ronald Tolkien", "first_last", ("John", "Ronald", "Tolkien")),
        ("Tolkien John Ronald", "last_first", ("John", "Ronald", "Tolkien")),
        ("Мария Иванова", "last_first", ("", "", "")),  # surely the other order: doubtful
        ("Иванова Мария", "first_last", ("", "", "")),
        ("Wang Xiaoming", "last_first", ("Xiaoming", "", "Wang")),
        ("Di Palma Abbondanza", "last_first", ("Abbondanza", "", "Di Palma")),
        ("Di Palma Abbondanza", "first_last", ("", "", "")),  # surely the other order
        ("Wang Xiaoming", "first_last", ("", "", "")),  # Chinese keep their order among others
    ],
)
def test_the_stated_order_counts_unless_the_words_are_surely_in_the_other(text, order, parts):
    found = split_name(text, order=order)
    assert (found.first, found.middle, found.last) == parts


def test_the_order_of_a_column_is_told_by_the_names_that_show_it():
    turned = [
        "Иванова Мария",
        "Петров Иван",
        "Шевченко Ольга",
        "DUPONT Marie",
        "Nagy László",
        "Xyz Abc",
    ]
    assert order_of_column(turned) == "last_first"
    assert order_of_column(["Anna Smith", *turned]) is None
    assert order_of_column(["Anna Smith"] * 9 + ["Xyz Abc"]) == "first_last"
    assert order_of_column(["Xyz Abc"] * 9) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Anna Lee", ("Anna", "", "Lee")), ("Lee, Anna Maria", ("Anna", "Maria", "Lee")),
        ("Иванов Иван Иванович", ("Иван", "Иванович", "Иванов")), ("Иван Иванович Иванов", ("Иван", "Иванович", "Иванов")),
        ("Ludwig van Beethoven", ("Ludwig", "", "van Beethoven")), ("Dr. John Smith Jr.", ("John", "", "Smith")),
        ("Madonna", ("Madonna", "", "")), ("山田太郎", ("太郎", "", "山田")), ("María del Carmen Ruiz", ("", "", "")),
        ("Null", ("Null", "", "")), ("None True", ("", "", "")), ("JOHN smith", ("JOHN", "", "smith")),
    ],
)  # fmt: skip
def test_names(text, parts):
    assert tuple(name_part(text, part).value for part in ("first", "middle", "last")) == parts


def test_tags_and_lists():
    assert normalize_tags(" a ;b; a;A", separator=";").values == ("a", "b", "A")
    assert normalize_tags("a;A", separator=";").notes[0].code == "TAG_LOOK_ALIKE"
    assert normalize_tags('"vip","spring sale"').values == ("vip", "spring sale")
    with pytest.raises(ValueError):
        normalize_tags("a,b;c", separator=";")
    assert normalize_list_ids("1473249885.2899961004, super").values == (
        "1473249885.2899961004",
        "super",
    )
    for damaged in ("1473249885.28999", "1.4732498852899961E9", "1473249885,29"):
        with pytest.raises(ValueError, match="number"):
            normalize_list_ids(damaged, separator=";")
    assert conflicts(["a", "b"], ["b", "c"]) == ("b",)
    assert normalize_manager_id("12.0").value == "12"


def test_addresses_and_profiles():
    assert normalize_address(" ,Main St. 1,, Apt 2, ").value == "Main St. 1, Apt 2"
    assert normalize_postal_code("tn23 1ab").value == "TN23 1AB"
    assert normalize_postal_code("00704").value == "00704"
    with pytest.raises(ValueError, match="01067 is meant"):
        normalize_postal_code("1067", country="DE")
    assert normalize_social("https://www.facebook.com/anna.k?x=1", "facebook").value == "anna.k"
    assert normalize_social("https://www.facebook.com/groups/x", "facebook").value.startswith(
        "https"
    )
    assert normalize_social("t.me/anna", "telegram").value == "anna"
    assert normalize_social("@anna_k", "instagram").value == "anna_k"


def test_values_that_contradict_each_other_are_warned_of():
    found = cross_check(
        {
            "lead_phone": "+79161234567",
            "lead_utc": "+03",
            "lead_shipping_country_code": "DE",
            "lead_shipping_zip": "1",
        }
    )
    assert [note.code for _, note in found] == [
        "PHONE_OTHER_COUNTRY",
        "UTC_OFFSET_OTHER_COUNTRY",
        "POSTAL_CODE_SHAPE",
    ]
    assert (
        cross_check(
            {"lead_phone": "+491711234567", "lead_utc": "+01", "lead_shipping_country_code": "DE"}
        )
        == ()
    )


def test_cleaning_keeps_what_can_be_seen():
    assert clean(" \ufeffa\u200b\u00a0b\u200e ") == "a\u00a0b"
    assert clean("👨‍👩‍👧") == "👨‍👩‍👧"
    assert clean("می‌خواهم") == "می‌خواهم"
    assert clean("a\r\nb") == "a\nb"
    assert clean_line("a\n\tb  c") == "a b c"


@pytest.mark.parametrize(
    ("country", "shown", "not_shown"),
    [
        ("IN", ["+05:30", "+05", "+06"], ["+04", "+07"]),
        ("NP", ["+05:45", "+05", "+06"], ["+04", "+07"]),
        ("CA", ["-02:30", "-03", "-04"], ["+01"]),
        ("RU", ["+02", "+03", "+12"], ["+01", "+13"]),
        ("AU", ["+09:30", "+09", "+10"], ["+12"]),
    ],
)
def test_an_offset_that_was_rounded_either_way_is_one_of_its_country(country, shown, not_shown):
    assert [is_offset_of(offset, country) for offset in shown] == [True] * len(shown)
    assert [is_offset_of(offset, country) for offset in not_shown] == [False] * len(not_shown)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Frau Anna", "Anna", ""), ("Dr. Maria", "Maria", ""), ("Mrs. Elena", "Elena", ""),
        ("Mr. James", "", "James"), ("Dr. Kim", "", "Kim"), ("Herr Martin", "", "Martin"),
    ],
)  # fmt: skip
def test_a_title_before_a_word_that_is_nearly_always_a_given_name_makes_no_family_name_of_it(
    name, first, last
):
    found = split_name(name)
    assert (found.first, found.last) == (first, last)
