"""The country of phone numbers that are typed without a country code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bulk_import.errors import Message
from bulk_import.mapping.suggesting.headers import words_of
from bulk_import.models import Row
from bulk_import.normalize.countries import normalize_country
from bulk_import.normalize.country_names import is_country
from bulk_import.normalize.phones import normalize_phone, region_of_number
from bulk_import.normalize.result import NormalizeError

_ENOUGH = 0.6  # share of the numbers that must exist in the region
_NUMBERS_TRIED = 200
# Of German mobiles without their 0 every second one is also a number of North America, of a column
# that lost its plus signs nearly all are numbers of some country.
_LOST_PLUS = 0.9
_MISREAD = 0.05
_WITH_CODE = 11  # digits; 2015554285 is a number of New Jersey, and one of Egypt with a plus
# Where most lists come from; what the file says of itself is asked before them.
REGIONS = tuple(
    "US RU DE GB FR ES IT BR UA PL KZ BY NL PT MX AR IN CA AU TR IL CZ RO AT CH BE SE NO DK FI GR HU "
    "JP KR CN ZA CO CL PE GE AM AZ UZ MD LV LT EE BG RS HR SK SI IE AE".split()
)
# Words that headers of one language have and those of its neighbours do not -> its countries.
_LANGUAGES = {
    ("DE", "AT", "CH"): "vorname nachname strasse plz ort handy bundesland anrede straße festnetz",
    ("FR", "BE", "CH"): "prenom ville rue pays courriel societe telephone portable adresse",
    ("IT",): "cognome indirizzo citta cap cellulare provincia telefono consenso nome",
    ("PL",): "imie nazwisko miasto ulica kraj kod pocztowy zgoda komorka",
    ("NL", "BE"): "voornaam achternaam straat plaats woonplaats telefoonnummer mobiel tussenvoegsel",
    ("TR",): "ad soyad sehir ulke cep telefonu posta adres",
    ("ES",): "nombre apellidos correo poblacion provincia movil calle",
    ("MX", "CO", "AR", "CL", "PE"): "nombre apellido ciudad celular estado correo",
    ("BR",): "sobrenome cidade endereco celular cep telefone estado",
    ("PT",): "apelido morada telemovel localidade concelho",
    ("RU",): "имя фамилия отчество телефон город страна почта индекс фио",
    ("CN",): "姓名 手机 手机号 电话 邮箱 城市",
    ("JP",): "氏名 電話番号 住所 郵便番号 姓 メールアドレス",
    ("KR",): "이름 전화번호 이메일 휴대폰",
}  # fmt: skip
_WORDS_OF_A_LANGUAGE = 2


@dataclass(frozen=True, slots=True)
class Region:
    """A proposal for ``defaults: phone_region``.

    Attributes:
        code: Two letters.
        share: Of the numbers without a country that exist there, 0 to 1.
        is_active: Whether something besides the numbers speaks for it.
        why: For people.
    """

    code: str
    share: float
    is_active: bool
    why: str


def propose_region(
    header: Sequence[str],
    rows: Sequence[Row],
    phones: Sequence[str],
    country: str,
    emails: Iterable[str],
) -> Region | None:
    """Return the region of the numbers that neither a country code nor their row places.

    Numbers of one country often exist in others as well, so they alone prove nothing: the region
    comes from the countries of the other rows, from numbers with a code, from the language of the
    header, from the domains of the addresses, in this order.

    Args:
        phones: The columns with phone numbers.
        country: The column with the rows' country, or empty.
        emails: Addresses, for the countries of their domains.
    """
    homeless, countries, coded = _numbers(rows, phones, country)
    if not homeless:
        return None
    hints = (
        ("most rows with a country are there", [code for code, _ in countries.most_common(1)]),
        ("the header is in its language", _by_header(header)),
        ("its numbers with a country code are there", [code for code, _ in coded.most_common(1)]),
        (Message("the addresses' domains are there"), regions_of(emails)[:1]),
        (Message("the numbers are written as there"), _by_shape(homeless)),
    )
    for why, codes in hints:
        found = regions_by_numbers(homeless, codes) if codes else []
        if found and found[0][1] >= _ENOUGH:
            return Region(*found[0], is_active=True, why=why)
        if codes and countries and why == hints[0][0]:
            return None  # the file has countries, and the numbers are not of the commonest one
    found = regions_by_numbers(homeless, REGIONS)
    if not found or found[0][1] < _ENOUGH:
        return None
    code, share = found[0]
    rivals = [other for other, their in found[1:] if their >= share - 0.02]
    why = (
        Message("as many exist in {rivals}", rivals=", ".join(rivals[:4]))
        if rivals
        else Message("only the numbers say so")
    )
    return Region(code, share, is_active=False, why=why)


def _numbers(
    rows: Sequence[Row], phones: Sequence[str], country: str
) -> tuple[list[str], Counter[str], Counter[str]]:
    """Return numbers that nothing places, the rows' countries, the regions of coded numbers."""
    homeless: list[str] = []
    countries: Counter[str] = Counter()
    coded: Counter[str] = Counter()
    for row in rows:
        place = _country(row.cells[country]) if country else ""
        if place:
            countries[place] += 1
        number = next((row.cells[column] for column in phones if row.cells[column].strip()), "")
        number = number.strip().lstrip("'")
        if not number:
            continue
        if number.lstrip("( ").startswith(("+", "00")):
            coded.update(filter(None, (_region_of(number),)))
        elif not place:
            homeless.append(number)
    return homeless, countries, coded


def _country(cell: str) -> str:
    try:
        return normalize_country(cell).value
    except NormalizeError:
        return ""


def _region_of(number: str) -> str:
    try:
        return region_of_number(normalize_phone(number).value)
    except NormalizeError:
        return ""


def _by_header(header: Sequence[str]) -> list[str]:
    words = {word for column in header for word in words_of(column)}
    counts = {codes: len(words & set(known.split())) for codes, known in _LANGUAGES.items()}
    best = max(counts, key=lambda codes: counts[codes])
    rivals = [codes for codes in counts if counts[codes] == counts[best]]
    return list(best) if counts[best] >= _WORDS_OF_A_LANGUAGE and len(rivals) == 1 else []


def _by_shape(numbers: Sequence[str]) -> list[str]:
    """North American numbers are written like no others: (201) 555-4285, 201-555-4285, 1201…"""
    import re

    shape = re.compile(r"(?:1[\s.-]?)?(?:\(\d{3}\)\s?|\d{3}[.-])\d{3}[\s.-]\d{4}|1[2-9]\d{9}")
    fitting = sum(shape.fullmatch(number) is not None for number in numbers)
    return ["US"] if fitting >= 0.8 * len(numbers) else []


def regions_by_numbers(numbers: Sequence[str], regions: Iterable[str]) -> list[tuple[str, float]]:
    """Return the regions in which most of *numbers* exist, best first, with their shares.

    Args:
        numbers: As typed, without country codes.
        regions: To be tried; of equals the one that is named first comes first. None in which many
            of them would be other numbers, where all of them seem to have lost their plus alone.
    """
    looked = numbers[:_NUMBERS_TRIED]
    complete = [_value(f"+{number}", None) if _is_long(number) else "" for number in looked]
    lost_plus = sum(map(bool, complete)) >= _LOST_PLUS * len(looked)
    found = []
    for region in dict.fromkeys(regions):
        there = [_value(number, region) for number in looked]
        good = sum(map(bool, there))
        others = sum(
            bool(one and two) and one != two for one, two in zip(there, complete, strict=True)
        )
        if good and not (lost_plus and others > _MISREAD * len(looked)):
            found.append((region, good / len(looked)))
    return sorted(found, key=lambda item: -round(item[1], 1))


def _is_long(number: str) -> bool:
    """Whether there are digits enough for a number with its country code, and it begins with one."""
    return number[:1].isdigit() and sum(map(str.isdigit, number)) >= _WITH_CODE


def _value(number: str, region: str | None) -> str:
    try:
        return normalize_phone(number, region=region, strict=True).value
    except NormalizeError:
        return ""


def regions_of(emails: Iterable[str]) -> list[str]:
    """Return the countries of the addresses' domains, most frequent first."""
    codes = Counter(email.rpartition(".")[2].strip().upper() for email in emails)
    return [
        {"UK": "GB"}.get(code, code)
        for code, _ in codes.most_common()
        if code == "UK" or is_country(code)
    ]
