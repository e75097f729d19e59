"""What normalizing a value costs: the first time, and when it was seen before."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from bulk_import.normalize.addresses import normalize_postal_code
from bulk_import.normalize.countries import normalize_country
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.names import split_name
from bulk_import.normalize.offsets import normalize_utc_offset
from bulk_import.normalize.phones import normalize_phone
from bulk_import.normalize.tags import normalize_tags

_COUNT = 2000
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
    "country": (normalize_country, ["DE", "Germany", "Deutschland", "Германия", "United States of America"]),
    "offset": (normalize_utc_offset, [*_OFFSETS, "Europe/Berlin", "Asia/Tokyo", "Russian Standard Time"]),
    "name": (split_name, [f"Ann{n} Smith" for n in range(_COUNT)]),
    "tags": (lambda text: normalize_tags(text, separator=";"), [f"vip; n{n}" for n in range(_COUNT)]),
    "postal code": (normalize_postal_code, [f"{n:05d}" for n in range(1, _COUNT)]),
}  # fmt: skip


def main() -> None:
    """Print µs per value: tables are loaded before, caches are not."""
    print(f"{'field':20}{'values':>8}{'cold µs':>10}{'repeated µs':>13}")
    for name, (normalize, texts) in _FIELDS.items():
        normalize(texts[-1])  # loads tables
        texts = texts[:-1]
        cold = _us(normalize, texts)
        repeated = min(_us(normalize, texts) for _ in range(5))
        print(f"{name:20}{len(texts):8}{cold:10.2f}{repeated:13.2f}")


def _us(normalize: Callable[[str], object], texts: Sequence[str]) -> float:
    began = time.perf_counter()
    for text in texts:
        normalize(text)
    return (time.perf_counter() - began) / len(texts) * 1e6
