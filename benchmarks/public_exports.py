"""Exports of public products, forms and clubs, with what a person would map.

Headers and truth are in ``public_exports.tsv``, invented words in ``public_words.tsv``; the cells follow
from the name of the export.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import phonenumbers

from benchmarks.exports import Export
from bulk_import.mapping.suggesting import FULL_NAME
from bulk_import.models import Row

HERE = Path(__file__).parent
ROWS = 60
_NAMES = ("lead_first_name", "lead_middle_name", "lead_last_name")
_COUNTRIES = {
    "US": "United States", "IN": "India", "RU": "Россия", "PL": "Polska", "CA": "Canada", "GB": "United Kingdom",
    "DE": "Deutschland", "FR": "France", "TR": "Türkiye", "ES": "España", "IT": "Italia", "NL": "Nederland",
    "AT": "Österreich", "BR": "Brasil", "MX": "México", "BE": "België", "JP": "日本", "CN": "中国", "UA": "Україна",
    "CZ": "Česko", "SE": "Sverige", "RO": "România", "KR": "대한민국", "AU": "Australia", "HU": "Magyarország",
    "FI": "Suomi", "DK": "Danmark", "GR": "Ελλάδα", "BG": "България", "SA": "السعودية", "IL": "ישראל",
}  # fmt: skip
_ZONES = {"US": "America/New_York|America/Chicago", "DE": "Europe/Berlin", "IT": "Europe/Rome",
          "NL": "Europe/Amsterdam", "AU": "Australia/Sydney"}  # fmt: skip
# Kind -> cells, one of which is taken; a cell that stands twice is twice as likely.
_WORDS = {
    "staff": "Sam Seller|Tess Trader|Uwe Boss", "source": "Web form|Partner|Facebook Ads|google / cpc|Trade show",
    "staffmail": "sales@crm.example|info@crm.example", "word": "Alpha|Standard|Retail|Team North|Gold",
    "false": "false|false|false|true", "tf": "true|false|false", "sal": "Mr.|Ms.|Dr.", "sal_ru": "г-н|г-жа",
    "sal_fr": "M.|Mme", "sal_pl": "Pan|Pani", "sal_de": "Herr|Frau", "tags": "vip;new|vip|old;lead|new",
    "tags_ru": "вип, новый|вип|холодный, лид", "tag1": "vip|lead", "statecode": "TX|CA|MI|TO|RM",
    "note": "met at the fair|call later|prefers e-mail in the morning||long time customer since the first shop",
    "empty": "", "yes_ru": "да|да|нет", "no_ru": "нет|нет|да", "kind_ru": "Клиент|Партнер|Контакт",
    "list": "Spring 2024|Newsletter|Autumn 2023", "sex": "M|F", "sex_ru": "м|ж", "kind": "A|B|C",
    "active": "active|active|unsubscribed", "avail": "available|available|unreachable", "listids": "101,102|101",
    "active_ru": "Активный|Активный|Отписан", "offset": "-5|-6|-8", "apt": "Apt 3|Suite 4|2nd floor|",
    "yes": "yes|yes|no", "no": "no|no|no|yes", "yesno": "Yes|Yes|No", "status": "Completed|Processing|Refunded",
    "product": "Course A|Ticket Summer|Plan Pro", "year": "2026|2027|2028", "cur": "USD|EUR",
    "subscribed": "subscribed|subscribed|unsubscribed|no_consent", "lang": "en|de|fr|it", "langcode": "nl_NL|de_DE",
    "smtp": "SMTP", "domain": "example.com|example.org", "num01": "1|1|0", "num01r": "0|0|1", "num12": "1|2",
    "allow": "Allow|Allow|Do Not Allow", "active_de": "aktiv|aktiv|inaktiv", "iscritto": "Iscritto|Iscritto|Disiscritto",
    "si_no": "SI|NO", "apto": "Apto|Apto|Não apto", "activo": "Activo|Activo|Baja", "infix": "|van|de|van der",
    "active_nl": "actief|actief|uitgeschreven", "kana": "ヤマダ|サトウ|タロウ", "kibou": "希望する|希望する|希望しない",
    "no_uk": "ні|ні|так", "ano": "ano|ano|ne", "nej": "nej|nej|ja", "ja": "ja|ja|nej", "nu": "nu|nu|da", "yn": "Y|Y|N",
    "pst": "PST|PDT", "oui": "oui|oui|non", "mins": "-300|-360", "granted": "granted|granted|denied|unknown",
    "igen": "igen|igen|nem", "kylla": "kyllä|kyllä|ei", "dynstat": "Active|Active|Inactive",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PublicExport:
    """An export with its truth.

    Attributes:
        export: What ``scored`` takes; of alternatives the first.
        allowed: (field, column) pairs that may be mapped or not.
        allowed_rules: Columns that may give a rule or not.
    """

    export: Export
    allowed: frozenset[tuple[str, str]]
    allowed_rules: frozenset[str]


def public_exports() -> Iterator[PublicExport]:
    """Make all of them."""
    return (make() for make in public_makers().values())


def public_makers() -> dict[str, Callable[[], PublicExport]]:
    """Return what makes each export, by its name: the cells take a while."""
    name, locale, columns = "", "", list[tuple[str, str, str]]()
    makers: dict[str, Callable[[], PublicExport]] = {}
    for line in (HERE / "public_exports.tsv").read_text("utf-8").splitlines():
        if line.startswith("# "):
            continue
        if line.startswith("[") and "\t" not in line:
            name, locale = line[1:].split("] ")
            columns = []
            makers[name] = partial(_export, name, locale, columns)
        elif line:
            column, kind, *target = line.split("\t")
            columns.append((column, kind, target[0] if target else ""))
    return makers


def parts(name: str, column: str) -> list[tuple[str, str]]:
    """Return the pairs that a field stands for: three for a whole name."""
    return [(part, column) for part in (_NAMES if name == FULL_NAME else (name,))]


def _export(name: str, locale: str, columns: list[tuple[str, str, str]]) -> PublicExport:
    random_ = random.Random(name)
    header = tuple(column for column, _, _ in columns)
    rows = [
        Row(
            f"{name}.csv", "", n + 2,
            {column: cell(kind, locale, n, random_) for column, kind, _ in columns},
        )
        for n in range(ROWS)
    ]  # fmt: skip
    export = Export(name, header, rows)
    allowed: set[tuple[str, str]] = set()
    allowed_rules = set()
    for column, kind, target in columns:
        if target == "consent":
            export.consent.add(column)
        elif target == "consent?":
            allowed_rules.add(column)
        elif target.endswith("?"):
            allowed.update(parts(target[:-1], column))
        elif target and kind != "empty":
            first, *others = target.split("|")
            export.truth.add((first, column))
            for other in others:
                allowed.update(parts(other, column))
    return PublicExport(export, frozenset(allowed), frozenset(allowed_rules))


@cache
def _words() -> dict[tuple[str, str], list[str]]:
    lines = (HERE / "public_words.tsv").read_text("utf-8").splitlines()
    found = (line.split("\t") for line in lines if not line.startswith("#"))
    return {(locale, kind): words.split("|") for locale, kind, words in found}


def cell(kind: str, locale: str, number: int, random_: random.Random) -> str:
    """Return a cell of that kind in row *number*."""
    local = _words().get((locale, kind.removesuffix("_ru")))
    if local:
        return random_.choice(local)
    if kind in _WORDS:
        return random_.choice(_WORDS[kind].split("|"))
    country = locale[-2:]
    makers: dict[str, Callable[[], str]] = {
        "full": lambda: " ".join(random_.choice(_words()[locale, k]) for k in ("first", "last")),
        "id": lambda: str(73_000 + number * 7), "inn": lambda: str(7_700_000_000 + number * 13),
        "email": lambda: f"user{number}@example.{random_.choice(['com', 'org', 'net'])}",
        "email2": lambda: random_.choice(["", f"second{number}@mail.example"]),
        "upn": lambda: f"u{number}@corp.example", "phone": lambda: _phone(country, random_),
        "date": lambda: f"19{random_.randint(60, 99)}-0{random_.randint(1, 9)}-11",
        "datetime": lambda: f"2024-0{random_.randint(1, 9)}-11 12:30:00",
        "somedate": lambda: random_.choice(["", "", "", "2024-03-11"]), "time": lambda: "12:30:11",
        "nick": lambda: f"nick_{number}", "country": lambda: random_.choice([_COUNTRIES[country]] * 9 + ["Germany"]),
        "cc": lambda: random_.choice([country] * 9 + ["DE"]), "url": lambda: f"https://site{number}.example/p",
        "vk": lambda: f"https://vk.com/id{number}77", "num": lambda: str(random_.randint(0, 40)),
        "ip": lambda: f"198.51.100.{number}", "money": lambda: f"{random_.randint(0, 900)}.50",
        "balance": lambda: str(random_.randint(-12, 12)), "code": lambda: f"K{number:04}X",
        "last4": lambda: str(random_.randint(1000, 9999)), "coord": lambda: f"{random_.uniform(-90, 90):.4f}",
        "zone": lambda: random_.choice(_ZONES.get(country, "Europe/Paris").split("|")),
        "linkedin": lambda: f"https://www.linkedin.com/in/u{number}",
    }  # fmt: skip
    return makers[kind]()


def _phone(country: str, random_: random.Random) -> str:
    number = phonenumbers.example_number_for_type(country, random_.choice([0, 1]))
    number.national_number += random_.randint(0, 900)
    form = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(
        number, random_.choice([form.INTERNATIONAL, form.NATIONAL, form.E164])
    )
