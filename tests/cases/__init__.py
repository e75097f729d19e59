"""Cases of the normalizers: ``expected: text | text``; ``!`` where a refusal is right.

``@US`` behind a phone is the region it is dialled in. A line that begins with ``#`` opens a
category.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REFUSED = "!"
NORMALIZERS = ("countries", "phones", "offsets", "emails", "names", "tags")

_REGION = re.compile(r" @([A-Z]{2})$")
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
            region = _REGION.search(shown) if normalizer == "phones" else None
            yield Case(
                category,
                shown[: region.start()] if region else shown,
                region[1] if region else None,
                " ".join(expected.split()),
            )
