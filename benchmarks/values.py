"""What normalizing a value costs in CPU time: the first time, and when it was seen before.

Names are 2,000 whole names of 40 given and 50 family names, as a list has them: the words come again, the
names do not. "unlisted name" is of words that no list has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import phonenumbers

from bulk_import.normalize.addresses import normalize_postal_code
from bulk_import.normalize.countries import normalize_country
from bulk_import.normalize.country_names import country_name, is_country
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.names import split_name
from bulk_import.normalize.offsets import normalize_utc_offset
from bulk_import.normalize.phones import normalize_phone
from bulk_import.normalize.tags import normalize_tags

_COUNT = 2000
_GIVEN = (
    "Anna Maria John Peter Olga Ivan Marie Pierre Hans Julia Carlos Sofia Emma Liam Noah Olivia Lucas Mia Ethan "
    "Ava Иван Мария Ольга Алексей Елена Дмитрий Наталья Сергей Paul Laura Petr Jana Marek Ewa Piotr Tom Kate "
    "Jack Lily Max"
).split()
_FAMILY = (
    "Smith Müller Jones Brown Иванов Петрова Сидоров Schmidt Garcia Rossi Bianchi Martin Bernard Novak Kowalski "
    "Nowak Taylor Davies Evans Wilson Кузнецов Попова Васильев Fischer Weber Meyer Wagner Becker Schulz Hoffmann "
    "Lopez Gonzalez Perez Silva Santos Costa Dubois Moreau Laurent Simon Abbott Baker Carter Dixon Ellis Foster "
    "Grant Hughes Irwin Jensen"
).split()
_COUNTRIES = [
    text
    for code in sorted(phonenumbers.SUPPORTED_REGIONS)
    if is_country(code) and code != "MF"  # St. Martin is two countries
    for text in (code, country_name(code))
] + ["Deutschland", "Германия", "Россия", "Frankreich", "España", "United States of America"]
_WHOLE_NAMES = [f"{given} {family}" for given in _GIVEN for family in _FAMILY]
_UNLISTED = [
    f"{given}{chr(97 + n % 26)}x {family}{chr(97 + n % 23)}q"
    for n, (given, family) in enumerate((g, f) for g in _GIVEN for f in _FAMILY)
]
_OFFSETS = [
    f"UTC{sign}{hour}:{minute:02d}"
    for sign in "+-"
    for hour in range(12)
    for minute in (0, 15, 30, 45)
]
_FIELDS: dict[str, tuple[Callable[[str], object], Sequence[str]]] = {
    "e-mail": (normalize_email, [f"person{n}@example.org" for n in range(_COUNT)]),
    "phone, E.164": (normalize_phone, [f"+1415{5550000 + n}" for n in range(_COUNT)]),
    "phone, as dialled": (
        lambda text: normalize_phone(text, region="US"), [f"(415) 555-{n:04d}" for n in range(_COUNT)],
    ),
    "country": (normalize_country, _COUNTRIES),
    "offset": (normalize_utc_offset, [*_OFFSETS, "Europe/Berlin", "Asia/Tokyo", "Russian Standard Time"]),
    "name": (split_name, _WHOLE_NAMES),
    "unlisted name": (split_name, _UNLISTED),
    "tags": (lambda text: normalize_tags(text, separator=";"), [f"vip; n{n}" for n in range(_COUNT)]),
    "postal code": (normalize_postal_code, [f"{n:05d}" for n in range(1, _COUNT)]),
}  # fmt: skip
_LOADING = {"name": ["Яна Тихая"]}


def main() -> None:
    """Print µs per value: tables are loaded before, caches are not."""
    print(f"{'field':20}{'values':>8}{'cold µs':>10}{'repeated µs':>13}")
    for name, (normalize, texts) in _FIELDS.items():
        for text in (texts[-1], *_LOADING.get(name, ())):  # loads tables
            normalize(text)
        texts = texts[:-1]
        cold = _us(normalize, texts)
        repeated = min(_us(normalize, texts) for _ in range(5))
        print(f"{name:20}{len(texts):8}{cold:10.2f}{repeated:13.2f}")


def _us(normalize: Callable[[str], object], texts: Sequence[str]) -> float:
    began = time.process_time()
    for text in texts:
        normalize(text)
    return (time.process_time() - began) / len(texts) * 1e6
