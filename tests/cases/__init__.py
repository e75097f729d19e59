"""Our own cases of the normalizers: ``expected: text | text``; ``!`` where a refusal is right.

They were written by the people who wrote the rules, so all of them pass; how the normalizers do on data of
others is measured on the sets of ``benchmarks/independent``.

``@US`` after a phone is the region it is dialled in, after a postal code its country; after a
profile it is the network. A line that begins with ``#`` opens a category.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REFUSED = "!"
NORMALIZERS = (
    "countries",
    "phones",
    "offsets",
    "emails",
    "names",
    "tags",
    "lists",
    "addresses",
    "cities",
    "postal_codes",
    "socials",
)

_WITH = {  # what stands behind the text
    "phones": re.compile(r" @([A-Z]{2})$"),
    "postal_codes": re.compile(r" @([A-Z]{2})$"),
    "socials": re.compile(r" @([a-z]+)$"),
}
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")


@dataclass(frozen=True, slots=True)
class Case:
    category: str
    text: str
    region: str | None
    expected: str


def load(normalizer: str) -> Iterator[Case]:
    """Yield the cases of one normalizer."""
    category = ""
    path = Path(__file__).with_name(f"{normalizer}.txt")
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("# "):
            category = line[2:]
            continue
        expected, _, texts = line.partition(": ")
        for text in texts.split(" | "):
            shown = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
            region = _WITH[normalizer].search(shown) if normalizer in _WITH else None
            yield Case(
                category,
                shown[: region.start()] if region else shown,
                region[1] if region else None,
                " ".join(expected.split()),
            )
