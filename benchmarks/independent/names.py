"""Invented people of faker-js, whose names are other lists than those that the importer ships."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.independent import REFUSED, Case, case, stored


def cases() -> Iterator[Case]:
    for where, text, parts in stored("names"):
        if parts != REFUSED:
            yield case(where.removeprefix("faker-js, "), text, " ".join(parts.split()))
        elif " " in text:  # one word may be a name
            yield case("companies", text, REFUSED)
