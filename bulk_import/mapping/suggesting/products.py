"""Products whose exports are known: ``data/products/NAME.toml``, each with its source and date.

An export is recognised by its header as a whole: all columns of the signature, and most columns of
the file are columns that the product is known to write. What becomes of them is said in the same
file, or by the mapping that is shipped for the product.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from bulk_import.errors import Message, SetupError
from bulk_import.mapping.consent import ConsentRule
from bulk_import.mapping.loading import load_mapping
from bulk_import.mapping.schema import FieldRule
from bulk_import.mapping.suggesting.evidence import FULL_NAME
from bulk_import.system.shipped import shipped

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_ENOUGH = 0.6  # share of the file's columns that the product must know
_NO_PRESET = "mistakes"  # a mapping for trying what goes wrong
_PARTS = frozenset({"lead_first_name", "lead_middle_name", "lead_last_name"})


@dataclass(frozen=True, slots=True)
class Known:
    """What a data file says of a product.

    Attributes:
        name: Of the data file.
        signature: Columns without which it is something else.
        headers: Version -> columns.
        fields: Field -> columns, those of all versions.
        only: Column of consent -> cells that let a row pass.
        mapping: Name of the shipped mapping that says what ``fields`` would; or empty.
    """

    name: str
    title: str
    source: str
    seen: str
    signature: tuple[str, ...]
    headers: Mapping[str, tuple[str, ...]]
    fields: Mapping[str, tuple[str, ...]]
    only: Mapping[str, tuple[str, ...]]
    separator: str
    mapping: str

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(column for header in self.headers.values() for column in header)


@dataclass(frozen=True, slots=True)
class Product:
    """An export that was recognised, with the columns of this file.

    Attributes:
        name: As ``--preset`` takes it.
        fields: Field -> columns, best first.
        templates: Field -> text with columns in it.
        settled: Columns about which nothing more is to be found out.
        drops: Fields that are left out where their cell cannot be sent.
        rules: Of columns of consent whose cells only this product writes.
        separator: Between tags; empty if it is not known.
    """

    name: str
    title: str
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    settled: frozenset[str] = frozenset()
    drops: frozenset[str] = frozenset()
    rules: Mapping[str, ConsentRule] = field(default_factory=dict)
    separator: str = ""


def recognise(header: Sequence[str]) -> Product | None:
    """Return the product whose export has this header, if it is a known one."""
    best: tuple[float, Known] | None = None
    for known in known_products().values():
        if not set(known.signature) <= set(header):
            continue
        share = len(known.columns & set(header)) / len(header)
        if share >= _ENOUGH and (best is None or share > best[0]):
            best = share, known
    return _of_file(best[1], header) if best else None


def product_named(name: str, header: Sequence[str]) -> Product:
    """Return what the product *name* makes of a header, whether it would be recognised or not.

    Raises:
        SetupError: There is no such product, or the header has none of its columns.
    """
    known = known_products().get(name) or _of_preset(name)
    product = _of_file(known, header)
    if not product.fields:
        raise SetupError(Message("the file has none of the columns of preset {name}", name=name))
    return product


def preset_names() -> list[str]:
    """Return what ``--preset`` takes: known products, and the mappings that are shipped."""
    files = {path.stem for path in shipped("mappings").glob("*.yml")} - {_NO_PRESET}
    return sorted(files | set(known_products()))


def preset_text(name: str) -> str | None:
    """Return the shipped mapping of a preset as it is written; ``None`` if it has none of its own.

    Raises:
        SetupError: There is no such preset.
    """
    known = known_products().get(name) or _of_preset(name)
    if not known.mapping:
        return None
    return shipped(f"mappings/{known.mapping}.yml").read_text("utf-8")


def _of_preset(name: str) -> Known:
    if name not in preset_names():
        raise SetupError(
            Message(
                "no preset {name!r}; there are {preset_names}",
                name=name,
                preset_names=", ".join(preset_names()),
            )
        )
    return Known(name, name, "", "", (), {}, {}, {}, "", name)


@cache
def known_products() -> dict[str, Known]:
    """Return every known product by its name."""
    folder = resources.files(__package__).joinpath("data/products")
    found = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            name = file.name.removesuffix(".toml")
            found[name] = _known(name, tomllib.loads(file.read_text("utf-8")))
    return found


def _known(name: str, data: dict[str, Any]) -> Known:
    return Known(
        name=name,
        title=data["title"],
        source=data["source"],
        seen=str(data["seen"]),
        signature=tuple(data["signature"]),
        headers={version["name"]: tuple(version["header"]) for version in data["versions"]},
        fields={
            field_name: tuple(columns) for field_name, columns in data.get("fields", {}).items()
        },
        only={column: tuple(values) for column, values in data.get("only", {}).items()},
        separator=data.get("separator", ""),
        mapping=data.get("mapping", ""),
    )


def _of_file(known: Known, header: Sequence[str]) -> Product:
    fields, templates, drops, separator = _assignments(known)
    there = set(header)
    kept = {
        name: found
        for name, columns in fields.items()
        if (found := tuple(column for column in columns if column in there))
    }
    texts = {name: text for name, text in templates.items() if columns_in(text) <= there}
    rules = {
        column: ConsentRule("only", column, values, "no consent")
        for column, values in known.only.items()
        if column in there
    }
    return Product(
        name=known.name, title=known.title, fields=kept, templates=texts,
        settled=frozenset(known.columns & there) | {c for found in kept.values() for c in found},
        drops=drops, rules=rules, separator=known.separator or separator,
    )  # fmt: skip


Assignments = tuple[
    Mapping[str, tuple[str, ...]], Mapping[str, str], frozenset[str], str
]  # fields, templates, drops, separator


@cache
def _of_mapping(name: str) -> Assignments:
    """What a shipped mapping says, as far as a proposal can take it over."""
    fields: dict[str, tuple[str, ...]] = {}
    templates: dict[str, str] = {}
    drops = set()
    separator = ""
    for field_name, rule in load_mapping(shipped(f"mappings/{name}.yml")).spec.fields.items():
        if rule.template is not None:
            templates[field_name] = rule.template
        elif rule.part and field_name in _PARTS:
            fields[FULL_NAME] = rule.column
        elif columns := _columns(rule):
            fields[field_name] = columns
        if rule.bad_value == "drop_field":
            drops.add(field_name)
        if field_name == "add_tags" and isinstance(rule.separator, str):
            separator = rule.separator
    return fields, templates, frozenset(drops), separator


def _assignments(known: Known) -> Assignments:
    if known.mapping:
        return _of_mapping(known.mapping)
    return known.fields, {}, frozenset(), known.separator


def _columns(rule: FieldRule) -> tuple[str, ...]:
    return rule.columns or rule.column


def columns_in(template: str) -> set[str]:
    """Return the columns that a template names."""
    return set(_PLACEHOLDER.findall(template))
