"""Countries by code, flag, name and slip: one certain country, or a refusal that names what is near."""

from __future__ import annotations

import pytest

from bulk_import.normalize.countries import normalize_country
from bulk_import.normalize.country_names import (
    country_name,
    is_country,
    listed_countries,
)
from bulk_import.normalize.folding import core, fold, written_out
from bulk_import.normalize.result import NormalizeError

PEOPLE = ("Algérien", "algérienne", "estonià", "galês")
ADVICE = "write the country's name or its two-letter code (ISO 3166), such as US"


def _refused(text: str) -> tuple[str, str, tuple[str, ...]]:
    with pytest.raises(NormalizeError) as caught:
        normalize_country(text)
    return caught.value.code, str(caught.value), caught.value.candidates


@pytest.mark.parametrize(
    ("text", "code", "rule"),
    [
        ("US", "US", "alpha2"), ("us", "US", "alpha2"), ("Us", "US", "alpha2"), ("US.", "US", "alpha2"), ("(US)", "US", "alpha2"),
        ("ao", "AO", "alpha2"), ("ＵＳ", "US", "alpha2"), ("deu", "DE", "alpha3"), ("NGA", "NG", "alpha3"), ("D.E.U.", "DE", "alpha3"),
        ("D.E.", "DE", "alpha2"), ("276", "DE", "numeric"), ("4", "AF", "numeric"), ("04", "AF", "numeric"), ("004", "AF", "numeric"),
        ("276.0", "DE", "numeric"), ("U.S.", "US", "name.known"), ("R.U.", "GB", "name.fr"),
        ("🇩🇪", "DE", "flag"), ("🇩🇪 Germany", "DE", "flag"), ("Germany 🇩🇪", "DE", "flag"), ("🇬🇧 UK", "GB", "flag"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "GB", "flag"),
        ("US (United States)", "US", "name_and_code"), ("United States (US)", "US", "name_and_code"), ("US - United States", "US", "name_and_code"),
        ("Germany, DEU", "DE", "name_and_code"), ("DE: Germany", "DE", "name_and_code"), ("Germany/DE", "DE", "name_and_code"),
        ("Germany DE", "DE", "name_and_code"), ("[KR] Korea", "KR", "name_and_code"), ("Korea (KP)", "KP", "name_and_code"),
        ("Deutschland / Germany", "DE", "two_names"), ("Germany | Allemagne", "DE", "two_names"), ("Hong Kong / China", "HK", "name.known"),
        ("USA: Guam", "GU", "words"), ("England, UK", "GB", "two_names"), ("Scotland / UK", "GB", "two_names"), ("Italy - Italia", "IT", "two_names"), ("us /", "US", "two_names"),
        ("Germany (", "DE", "name.known"), ("il Giappone", "JP", "name.it"), ("la France", "FR", "name.iso"),
        ("los Estados Unidos", "US", "name.es"), ("l'Italie", "IT", "name.known"), ("Spain Kingdom", "ES", "words"),
        ("Niger Republic", "NE", "words"), ("Österreich Republik", "AT", "words"), ("Islands Faroe", "FO", "words"),
        ("Afgánsky islamský štát", "AF", "words"), ("Islamic Republik Pakistan", "PK", "words"), ("эстонсая республика", "EE", "words"), ("franzossiche republik", "FR", "words"),
        ("Nigerijská republika", "NG", "words"), ("Islámský stát Pákistán", "PK", "words"), ("Korea, Republic of", "KR", "name.iso"), ("The Gambia", "GM", "name.known"),
        ("Republic of China", "TW", "name.known"), ("China, People's Republic of", "CN", "words"),
    ],
)  # fmt: skip
def test_one_certain_country_is_told_by_its_code_flag_or_name(text, code, rule):
    found = normalize_country(text)
    assert (found.value, found.rule, found.notes) == (code, f"country.{rule}", ())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Германии", "DE"), ("Чада", "TD"), ("Чаду", "TD"), ("Германию", "DE"), ("Казахстана", "KZ"), ("Казахстане", "KZ"), ("Украине", "UA"), ("Украины", "UA"),
        ("Польшу", "PL"), ("Грузию", "GE"), ("Китая", "CN"), ("Китае", "CN"), ("Китаю", "CN"), ("Израиля", "IL"), ("Израиле", "IL"), ("Израилю", "IL"),
        ("Франции", "FR"),
    ],
)  # fmt: skip
def test_a_russian_name_in_another_case_is_its_country_with_a_warning(text, code):
    found = normalize_country(text)
    assert (found.value, found.rule) == (code, "country.inflected")
    assert [(note.code, note.message) for note in found.notes] == [
        ("COUNTRY_GUESSED", f"{text!r} is taken for {country_name(code)} ({code})")
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # a letter lost
        ("Grmany", "DE"), ("Fance", "FR"), ("Argentna", "AR"), ("Slovkia", "SK"), ("Pakstan", "PK"), ("Indnesia", "ID"),
        ("Netherland", "NL"), ("United Sates", "US"), ("Unted Kingdom", "GB"), ("New Zealnd", "NZ"), ("Soth Africa", "ZA"), ("Sri Lnka", "LK"),
        ("Czech Repulic", "CZ"), ("Northerm Mariana Islands", "MP"), ("Domincan Republic", "DO"), ("Bosnia and Herzegovna", "BA"), ("Рссия", "RU"), ("Украна", "UA"),
        # two letters swapped
        ("Gremany", "DE"), ("Frnace", "FR"), ("Iatly", "IT"), ("Brzail", "BR"), ("Autsria", "AT"), ("Mauritaina", "MR"),
        ("Untied States", "US"), ("United Kindgom", "GB"), ("Costa Rcia", "CR"), ("Czech Repbulic", "CZ"), ("Bangaldesh", "BD"),
        # a letter twice
        ("Itally", "IT"), ("Irann", "IR"), ("Kenyya", "KE"), ("Brasill", "BR"), ("Austriia", "AT"), ("Trinidad and Tobaggo", "TT"), ("Росссия", "RU"),
        # another letter, or one more, in a long name
        ("Kyrgistan", "KG"), ("Turkmenstan", "TM"), ("Phillippines", "PH"), ("Liechtenstien", "LI"),
        ("Sauth Korea", "KR"), ("Saiht Lucia", "LC"),  # another letter in a word of many countries
        ("Lixembourg", "LU"), ("Luxembuorg", "LU"), ("Uzbekastan", "UZ"),
    ],
)  # fmt: skip
def test_a_slip_of_the_finger_is_its_country_with_a_warning(text, code):
    found = normalize_country(text)
    assert (found.value, found.rule) == (code, "country.similar")
    assert [note.code for note in found.notes] == ["COUNTRY_GUESSED"]


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Germann", "DE"), ("St.", "ES"), ("Mauritiuz", "MU"), ("Islands", "IE IS"), ("Germane", "DE"), ("Frence", "FR GR"), ("Swedan", "SD SE"), ("Swden", "SD SE"), ("Austrla", "AT AU"), ("Austalia", "AT AU"),
        ("Nev Zealand", "NZ"), ("South Afrika", "ZA"), ("Sri Lenka", "LK"), ("Nigerian", "NG"), ("Indonesea", "ID"), ("d'Italie", "IT"),
        ("United States (CA)", "US"), ("🇩🇪 Narnia", "DK"), ("Polandish", ""), ("Austrian", "AT"), ("Italien Cuisine", ""), ("Chinese", "CN"),
    ],
)  # fmt: skip
def test_a_word_near_a_country_that_may_be_another_is_refused(text, near):
    candidates = tuple(near.split())
    meant = f" (did you mean {listed_countries(candidates)}?)" if candidates else ""
    assert _refused(text) == (
        "COUNTRY_UNKNOWN",
        f"{text!r} is not a country{meant}; {ADVICE}",
        candidates,
    )


@pytest.mark.parametrize(
    "text",
    [
        "0276", "999", "XX", "🇽🇽", "🇩🇪🇫🇷", "de-DE", "de_DE", "Germany / France", "Guam / Canada", "Paris, France", "France, Paris",
        "Germany Islands", "Islamic Republic", "Germany or France", "France not Germany", "Chd", "Cuab", "Nigr", "Peruvia nut", "1.5", "27 6", "republique nigerienne", "nigerianska republiken", "République guinéenne", "непа",
        "Algérien", "algérienne", "estonià", "galês", "Germany 1", "Kingdom", "Republic", "State of", "Europe / Germany",
    ],
)  # fmt: skip
def test_what_is_near_no_country_is_refused_without_a_proposal(text):
    why = "is a person or a language" if text in PEOPLE else "is not a country"
    assert _refused(text) == ("COUNTRY_UNKNOWN", f"{text!r} {why}; {ADVICE}", ())


def test_why_a_text_is_no_country():
    assert _refused(" ") == ("COUNTRY_UNKNOWN", f"empty; {ADVICE}", ())
    assert _refused("x" * 101) == ("COUNTRY_UNKNOWN", f"too long for a country; {ADVICE}", ())
    assert _refused("x" * 100)[1] == f"'{'x' * 100}' is not a country; {ADVICE}"
    assert _refused("Algérien")[1] == f"'Algérien' is a person or a language; {ADVICE}"
    assert _refused("Germany or France")[1] == f"'Germany or France' is not a country; {ADVICE}"


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("Korea", ("KR", "KP")), ("Korea (", ("KR", "KP")), ("Nigera", ("NE", "NG")), ("Slovania", ("SI", "SK")),
        ("🇩🇪 France", ("DE", "FR")), ("🇰🇷 KP", ("KP", "KR")), ("Ao", ("AO", "AT")), ("Nga", ("NG", "RU")), ("nga", ("NG", "RU")),
    ],
)  # fmt: skip
def test_what_may_be_two_countries_is_refused_with_both(text, candidates):
    assert _refused(text) == (
        "COUNTRY_AMBIGUOUS",
        f"{text!r} does not say which country; write one of {listed_countries(candidates)}",
        candidates,
    )


def test_a_message_names_at_most_six_countries():
    codes = ["DE", "FR", "IT", "ES", "PT", "NL", "BE"]
    assert listed_countries(codes[:2]) == "DE (Germany), FR (France)"
    assert listed_countries(codes).count(", ") == 5
    assert listed_countries([]) == ""


def test_codes_in_use_have_names_and_others_are_shown_as_they_are():
    assert [is_country(code) for code in ("US", "XK", "us", "EU", "AN", "")] == [True, True] + [
        False
    ] * 4
    assert [country_name(code) for code in ("US", "DE", "XX")] == ["United States", "Germany", "XX"]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Côte d’Ivoire", "cote divoire"), ("St. Kitts & Nevis", "saint kitts and nevis"), ("STE. Anna", "saint anna"), ("Åland_Islands", "aland islands"),
        ("Łódź", "lodz"), ("Ærø", "aero"), ("Reykjavík", "reykjavik"), ("Йемен", "йемен"), ("Ёлка", "елка"), ("भारत", "भारत"), ("ไทย", "ไทย"),
        ("  a -- b ", "a b"), ("O'Neill `x`", "oneill x"), ("Ａｂｃ", "abc"), ("ﬁnland", "finland"), ("İstanbul", "istanbul"), ("Việt Nam", "viet nam"),
        ("مصر", "مصر"), ("", ""),
    ],
)  # fmt: skip
def test_texts_are_folded_to_words_without_case_accents_and_punctuation(text, folded):
    assert fold(text) == folded


def test_shortened_words_are_written_out_and_little_words_carry_nothing():
    assert written_out("dem rep of the utd is") == "democratic republic of the united islands"
    assert core("republic of the korea") == core("korea republic") == "korea republic"


# What remains of an official name without the kind of state is "united" or "Africa": it was taken for
# another country without a word.
@pytest.mark.parametrize(
    "text",
    "Unit States|Emiratos Unidos|Émirats unis|Vereinigte Emirate|De forente emirater|Republik Afrika|Afrika Cumhuriyeti|Naija|Papua".split(
        "|"
    ),
)
def test_united_or_african_alone_is_no_country(text):
    with pytest.raises(NormalizeError):
        normalize_country(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Estados Unido", "US"), ("États-Uni", "US"), ("Verenigd Staten", "US"), ("Vereinigte Königreich", "GB"),
    ],
)  # fmt: skip
def test_a_slip_in_the_united_states_is_said_to_be_one(text, code):
    found = normalize_country(text)
    assert (found.value, [note.code for note in found.notes]) == (code, ["COUNTRY_GUESSED"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("République italienne", "IT"), ("Territoire britannique de l'océan Indien", "IO"), ("Sud Africa", "ZA"),
        ("Македонија", "MK"), ("العربية السعودية", "SA"), ("Zhongguo", "CN"),
        ("N. Ireland", "GB"), ("Congo, Republic of the (Brazzaville)", "CG"),
    ],
)  # fmt: skip
def test_a_name_that_is_known_is_not_refused_for_its_form(text, code):
    assert normalize_country(text).value == code
