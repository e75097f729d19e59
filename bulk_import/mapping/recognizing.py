"""Recognizes plain texts by column: those that a normalizer returns unchanged and without a doubt.

Most cells are plain: ``anna@example.org``, ``Anna Maria``, ``12 Main St``. Saying so takes one match of a
pattern instead of a normalizer's steps. What is not plain is ``None`` here, and the normalizer decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from bulk_import.api.fields import Kind
from bulk_import.mapping.binding import BoundField
from bulk_import.mapping.schema import FieldRule
from bulk_import.normalize.emails import PLAIN as PLAIN_EMAIL
from bulk_import.normalize.emails import is_plain_domain

Plain = Callable[[Sequence[str]], list[str | None]]

_LONGEST_EMAIL = 64
# Two letters first, so it is neither a number nor one in the notation of a spreadsheet.
_NAME = re.compile(r"(?![wW]{3}|[hH][tT]{2}[pP])[^\W\d_]{2}\w{0,40}(?:[ .'-]\w{1,40}){0,3}")
# No commas, which may have to go, and single blanks; a letter, for a city.
_ADDRESS = re.compile(r"\w[\w.'/#()-]*(?: [\w.'/#()-]+)*")
_CITY = re.compile(r"[^\W\d_][\w.'-]*(?: [\w.'()-]+)*")


def _emails(rule: FieldRule) -> Plain | None:
    """Return what recognizes plain addresses; ``None`` where the mapping asks for more checks."""
    if rule.refuse_role or rule.refuse_disposable or rule.deliverability:
        return None
    matches, domains = PLAIN_EMAIL.fullmatch, _Domains()

    def plain(texts: Sequence[str]) -> list[str | None]:
        return [
            text
            if len(text) <= _LONGEST_EMAIL and matches(text) and domains[text.partition("@")[2]]
            else None
            for text in texts
        ]

    return plain


class _Domains(dict[str, bool]):
    """Domain -> whether nothing is to be said about it; holds a few thousand."""

    _MOST = 5000

    def __missing__(self, domain: str) -> bool:
        if len(self) >= self._MOST:
            self.clear()
        found = self[domain] = is_plain_domain(domain)
        return found


def _names(rule: FieldRule) -> Plain | None:
    """Return what recognizes plain names; ``None`` where they are split or change their case."""
    return None if rule.part or rule.case != "keep" else _matching(_NAME)


def _addresses(_: FieldRule) -> Plain:
    return _matching(_ADDRESS)


def _cities(_: FieldRule) -> Plain:
    return _matching(_CITY)


def _texts(_: FieldRule) -> Plain:
    """Return what recognizes texts without marks, blanks and line ends that would be removed."""

    def plain(texts: Sequence[str]) -> list[str | None]:
        return [
            text
            if text and text.isascii() and text.isprintable() and text == text.strip()
            else None
            for text in texts
        ]

    return plain


def _matching(pattern: re.Pattern[str]) -> Plain:
    matches = pattern.fullmatch

    def plain(texts: Sequence[str]) -> list[str | None]:
        return [text if matches(text) else None for text in texts]

    return plain


_BY_KIND: Mapping[Kind, Callable[[FieldRule], Plain | None]] = {
    Kind.EMAIL: _emails,
    Kind.NAME: _names,
    Kind.TEXT: _texts,
    Kind.ADDRESS: _addresses,
    Kind.STATE: _addresses,
    Kind.CITY: _cities,
}


def recognizer(bound: BoundField) -> Plain | None:
    """Return what recognizes the plain texts of a field; ``None`` for one whose texts repeat."""
    make = _BY_KIND.get(bound.field.kind)
    return make(bound.rule) if make is not None else None
