"""Addresses of faker-js people at every top-level domain, in the wrappings of programs; and what is none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from email_validator import SPECIAL_USE_DOMAIN_NAMES

from benchmarks.independent import REFUSED, Case, case, stored

_LATIN = re.compile(r"[A-Za-z]+")
_LOOK_ALIKES = {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "x": "х"}


def cases() -> Iterator[Case]:
    tops = [
        text
        for where, text, _ in stored("domains")
        if where.startswith("top-level") and text != "arpa"
    ]
    people = [
        [part.strip() for part in parts.split("/")]
        for where, _, parts in stored("names")
        if parts != REFUSED and "comma" not in where
    ]
    latin = [(one[0], one[-1]) for one in people if _LATIN.fullmatch(one[0] + one[-1])]
    for at, (first, last) in enumerate(dict.fromkeys(latin)):
        top = tops[at % len(tops)]
        local = f"{first}.{last}".lower()
        yield from _written(f"{local}@{last.lower()}.{top}", f"{first} {last}")
        if top.isascii():
            yield from _no_address(local, f"{last.lower()}.{top}")
    for top in tops:
        if top in SPECIAL_USE_DOMAIN_NAMES:
            continue
        yield case("every top-level domain (tlds)", f"ann@shop.{top}", f"ann@shop.{top}")
    for top in SPECIAL_USE_DOMAIN_NAMES:
        for text in (f"ann@shop.{top}", f"Ann@SHOP.{top.upper()}", f"Ann <ann@shop.{top}>"):
            yield case("special-use domains (email-validator)", text, REFUSED)


def _written(address: str, name: str) -> Iterator[Case]:
    local, domain = address.split("@")
    for form, text in {
        "plain": address,
        "in brackets": f"<{address}>",
        "with the name": f'"{name}" <{address}>',
        "mailto:": f"mailto:{address}",
        "SMTP:": f"SMTP:{address}",
        "as a formula's text": f'="{address}"',
        "quoted": f"'{address}'",
        "blanks around": f"\u00a0{address} ",
        "invisible marks": f"\u200b{address}\ufeff",
        "a sentence's end": f"{address}.",
        "domain in capitals": f"{local}@{domain.upper()}",
        "twice": f"{address}, {address}",
    }.items():
        yield case(form, text, address)


def _no_address(local: str, domain: str) -> Iterator[Case]:
    yield case("no @", f"{local}.{domain}", REFUSED)
    yield case("two @", f"{local}@@{domain}", REFUSED)
    yield case("a blank inside", f"{local[:3]} {local[3:]}@{domain}", REFUSED)
    yield case("a placeholder", f"{{{local}}}@{domain}", REFUSED)
    for latin, other in _LOOK_ALIKES.items():
        if latin in local and len(local) > 1:
            yield case("a Cyrillic letter", f"{local.replace(latin, other, 1)}@{domain}", REFUSED)
            break
