"""Exports that nobody has seen: headers shuffled, translated and prefixed, with columns to be left alone.

Everything follows from the seed. The truth comes with the file: which column feeds which field, which
columns give a rule of consent.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import phonenumbers

from bulk_import.models import Row

HEADERS = Path(__file__).parent / "headers.tsv"
ROWS = 40
FIELD_OF = {
    "email": "lead_email", "first": "lead_first_name", "last": "lead_last_name", "full": "full_name",
    "phone": "lead_phone", "mobile": "lead_phone", "street": "lead_shipping_address_1",
    "city": "lead_shipping_city", "zip": "lead_shipping_zip", "state": "lead_shipping_state",
    "country": "lead_shipping_country_code", "timezone": "lead_utc", "notes": "lead_description",
    "tags": "add_tags",
}  # fmt: skip
_COUNTRY = {"en": "US", "de": "DE", "fr": "FR", "es": "ES", "pt": "BR", "it": "IT", "pl": "PL",
            "tr": "TR", "ru": "RU", "nl": "NL", "ja": "JP", "zh": "CN"}  # fmt: skip
_FIRST = {"ru": "Анна Иван Мария Пётр Олег Ольга", "ja": "太郎 花子 健 美咲", "zh": "伟 芳 娜 敏",
          "": "Anna Ben Cleo Dan Eva Finn Gina Hugo"}  # fmt: skip
_LAST = {"ru": "Иванов Петрова Сидоров Лис", "ja": "山田 佐藤 鈴木", "zh": "王 李 张 刘",
         "": "Berg Cole Dunn Ellis Frost Grant Hale Moreau"}  # fmt: skip
_CITY = {"en": "Boston Dallas Austin Denver", "de": "Köln Berlin Dresden Hamburg", "ru": "Москва Казань Тверь",
         "fr": "Lyon Paris Nantes", "es": "Madrid Sevilla Bilbao", "pt": "Recife Santos Curitiba",
         "it": "Milano Roma Torino", "pl": "Warszawa Kraków Gdynia", "tr": "Ankara İzmir Bursa",
         "nl": "Utrecht Breda Delft", "ja": "大阪市 京都市", "zh": "北京 上海 广州"}  # fmt: skip
_STATE = {"en": "MA TX CA CO", "de": "Bayern Hessen Sachsen", "ru": "Московская Тверская", "it": "MI RM TO",
          "ja": "大阪府 京都府", "zh": "广东 四川", "": "Norte Sul Centro Alta"}  # fmt: skip
_LAND = {"en": "United States", "de": "Deutschland", "fr": "France", "es": "España", "pt": "Brasil",
         "it": "Italia", "pl": "Polska", "tr": "Türkiye", "ru": "Россия", "nl": "Nederland", "ja": "日本",
         "zh": "中国"}  # fmt: skip
_YES_NO = {"en": ("Yes", "No"), "de": ("ja", "nein"), "fr": ("oui", "non"), "es": ("sí", "no"), "pt": ("sim", "não"),
           "it": ("SI", "NO"), "pl": ("TAK", "NIE"), "tr": ("evet", "hayır"), "ru": ("да", "нет"), "nl": ("Ja", "Nee")}  # fmt: skip
_ZONE = {"en": "America/New_York", "de": "Europe/Berlin", "ru": "Europe/Moscow"}
_COMMON = ("email", "first", "last", "phone", "city", "country")
_SOMETIMES = ("mobile", "street", "zip", "state", "timezone", "notes", "tags", "refusal", "consent")
_NOISE = ("owner_email", "owner", "owner_phone", "id", "date", "sex", "language", "answer", "number", "kind",
          "ip", "url", "company", "list")  # fmt: skip
_PREFIXES = ("", "", "", "Contact - ", "crm_", "Person: ", "zork_", "X / ")
_STYLES: tuple[Callable[[str], str], ...] = (
    str, str, str, str.upper, str.lower, lambda text: text.lower().replace(" ", "_"),
    lambda text: f"{text} *", lambda text: f"  {text}  ".strip(),
)  # fmt: skip


@dataclass(slots=True)
class Export:
    """A generated file.

    Attributes:
        truth: (field, column) pairs that a person would map.
        consent: Columns that have to give a rule.
    """

    name: str
    header: tuple[str, ...]
    rows: list[Row]
    truth: set[tuple[str, str]] = field(default_factory=set)
    consent: set[str] = field(default_factory=set)


def generated(language: str, seed: int) -> Export:
    """Return the export of a language and a seed."""
    random_ = random.Random(f"{language} {seed}")
    kinds = _kinds(language, random_)
    prefix, style = random_.choice(_PREFIXES), random_.choice(_STYLES)
    columns: dict[str, str] = {}
    for kind in kinds:
        name = style(prefix + random_.choice(vocabulary()[language, kind]))
        if name not in columns:
            columns[name] = kind
    names = list(columns)
    random_.shuffle(names)
    empty = {name for name in names if columns[name] in _SOMETIMES and random_.random() < 0.1}
    rows = [
        Row(
            "generated.csv", "", number + 2,
            {
                name: "" if name in empty else _cell(columns[name], language, number, random_)
                for name in names
            },
        )
        for number in range(ROWS)
    ]  # fmt: skip
    export = Export(f"{language}-{seed}", tuple(names), rows)
    for name, kind in columns.items():
        if kind in FIELD_OF and name not in empty:
            export.truth.add((FIELD_OF[kind], name))
        if kind in ("refusal", "consent") and (kind == "refusal" or name not in empty):
            export.consent.add(name)
    return export


def languages() -> list[str]:
    return list(dict.fromkeys(language for language, _ in vocabulary()))


@cache
def vocabulary() -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for line in HEADERS.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            language, kind, names = line.split("\t")
            found[language, kind] = names.split("|")
    return found


def _kinds(language: str, random_: random.Random) -> list[str]:
    kinds = list(_COMMON) + [kind for kind in _SOMETIMES if random_.random() < 0.5]
    if random_.random() < 0.3:
        kinds = [kind for kind in kinds if kind not in ("first", "last")] + ["full"]
    kinds += random_.sample(_NOISE, random_.randint(3, 9))
    return [kind for kind in kinds if (language, kind) in vocabulary()]


def _cell(kind: str, language: str, number: int, random_: random.Random) -> str:
    def one(words: dict[str, str]) -> str:
        return random_.choice(words.get(language, words.get("", "")).split())

    yes, no = _YES_NO.get(language, ("1", "0"))
    makers: dict[str, Callable[[], str]] = {
        "email": lambda: "" if random_.random() < 0.05 else f"person{number}@example.{random_.choice(['com', 'org'])}",
        "first": lambda: one(_FIRST),
        "last": lambda: one(_LAST),
        "full": lambda: f"{one(_FIRST)} {one(_LAST)}" if language not in ("ja", "zh") else one(_LAST) + one(_FIRST),
        "phone": lambda: _phone(language, number, random_),
        "mobile": lambda: _phone(language, number + 50, random_),
        "street": lambda: f"{one(_CITY)} St {number + 1}",
        "city": lambda: one(_CITY),
        "zip": lambda: f"{random_.randint(10000, 99999)}",
        "state": lambda: one(_STATE),
        "country": lambda: random_.choice([_LAND[language], _LAND[language], "Canada"]),
        "timezone": lambda: _ZONE.get(language, "Europe/Paris"),
        "notes": lambda: random_.choice(["met at the fair", "call later", "prefers e-mail", ""]),
        "tags": lambda: random_.choice(["vip; new", "vip", "old; lead"]),
        "refusal": lambda: random_.choice([no, no, no, yes]),
        "consent": lambda: random_.choice([yes, yes, no]),
        "owner_email": lambda: f"seller{number % 3}@crm.example",
        "owner": lambda: random_.choice(["Sam Seller", "Tess Trader"]),
        "owner_phone": lambda: f"+1 202 555 01{number:02}",
        "id": lambda: str(90_000 + number),
        "date": lambda: f"2024-05-{number % 28 + 1:02}",
        "sex": lambda: random_.choice(["Mr", "Ms", "Dr"]),
        "language": lambda: random_.choice(["de", "fr", "it", "es"]),
        "answer": lambda: random_.choice([yes, no]),
        "number": lambda: str(random_.randint(-12, 12)),
        "kind": lambda: random_.choice(["A1", "B2", "C3"]),
        "ip": lambda: f"192.0.2.{number}",
        "url": lambda: f"https://example.com/{number}",
        "company": lambda: random_.choice(["Acme", "Northwind Bakery", "Globex"]),
        "list": lambda: random_.choice(["Spring", "Autumn"]),
    }  # fmt: skip
    return makers[kind]()


def _phone(language: str, number: int, random_: random.Random) -> str:
    example = phonenumbers.example_number_for_type(
        _COUNTRY[language], phonenumbers.PhoneNumberType.MOBILE
    )
    example.national_number += number
    form = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(
        example, random_.choice([form.INTERNATIONAL, form.NATIONAL, form.E164])
    )
