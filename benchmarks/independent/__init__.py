"""Sets for the normalizers that nobody here put together: from packages, each named by its category.

Countries: CLDR with its alternatives, the translations of iso-codes that pycountry ships,
world-countries and countries-list (from which no table of ours is made), slips of the finger in CLDR's
names, codes; continents, languages, peoples, cities, companies and first names, which are none.
Phones: libphonenumber's example of every region and kind in every written form. Offsets: the tz
database against ``zoneinfo`` at five moments, Windows zones, CLDR's cities in labels. E-mails:
email-validator's addresses in every wrapping, top-level domains. Names: people of faker-js.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from pathlib import Path

from tests.cases import REFUSED, Case

HERE = Path(__file__).parent


def stored(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield (set, text, what it is) of a file made by ``generate``."""
    for line in lzma.decompress((HERE / f"{name}.tsv.xz").read_bytes()).decode().splitlines():
        category, text, expected = line.split("\t")
        yield category, text, expected


def case(category: str, text: str, expected: str, region: str | None = None) -> Case:
    return Case(category, text, region, expected)


__all__ = ["REFUSED", "Case", "case", "stored"]
