"""Products whose exports are known by their whole header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Product:
    """An export that was recognised.

    Attributes:
        name: As ``--preset`` takes it.
        title: For people.
        fields: Field -> columns of this file.
        templates: Field -> text with columns of this file in it.
        settled: Columns about which nothing more is to be found out.
        separator: Between tags; empty if it is not known.
    """

    name: str
    title: str
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    settled: frozenset[str] = frozenset()
    separator: str = ""


def recognise(header: Sequence[str]) -> Product | None:
    """Return the product whose export has this header, if it is a known one."""
    del header
    return None
