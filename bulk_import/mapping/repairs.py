"""Repairs that a mapping asks for by ``repair:``. Each puts right what is certain, with a warning.

``postal_zero``     a postal code that lost its zeros, in countries whose codes begin with 0
``mojibake``        text of UTF-8 that was read as another encoding, where every letter comes back
``html_entities``   ``&amp;`` and ``&#1055;`` of a web page, for what they stand for
``placeholders``    N/A, NULL and the like: the field is not sent
"""

from __future__ import annotations

import html
from collections.abc import Collection
from typing import Literal

from bulk_import.errors import Message
from bulk_import.models import Problem
from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.sources.spoiled import unmistaken

Repair = Literal["postal_zero", "mojibake", "html_entities", "placeholders"]

# What reading reports of a cell -> the repair that deals with it.
_DEALT_WITH: dict[str, Repair] = {
    "TEXT_MOJIBAKE": "mojibake",
    "TEXT_ENCODED": "html_entities",
    "VALUE_PLACEHOLDER": "placeholders",
}


def repair_for(code: str) -> Repair | None:
    """Return the repair that may put right what has *code*."""
    return "postal_zero" if code == "POSTAL_CODE_ZERO_LOST" else _DEALT_WITH.get(code)


def repairs(problem: Problem, wanted: Collection[str]) -> bool:
    """Whether one of the *wanted* repairs puts right what reading reported of a cell."""
    repair = _DEALT_WITH.get(problem.code)
    if repair is None or repair not in wanted:
        return False
    return repair == "placeholders" or repaired(problem.value, wanted)[0] != problem.value


def repaired(text: str, wanted: Collection[str]) -> tuple[str, tuple[Note, ...]]:
    """Return *text* as it was meant, and a note for each repair that it took."""
    notes = []
    if "mojibake" in wanted and not text.isascii():
        meant = unmistaken(text)
        if meant:
            notes.append(
                Note(
                    "REPAIRED_MOJIBAKE",
                    Message("{text!r} is sent as {meant!r}", text=text[:60], meant=meant[:60]),
                )
            )
            text = meant
    if "html_entities" in wanted and "&" in text:
        meant = html.unescape(text)
        if meant != text:
            notes.append(
                Note(
                    "REPAIRED_HTML",
                    Message("{text!r} is sent as {meant!r}", text=text[:60], meant=meant[:60]),
                )
            )
            text = meant
    return text, tuple(notes)


def with_zero(exc: NormalizeError, raw: str) -> Normalized:
    """Return the postal code whose zeros were lost, as *exc* names it."""
    whole = exc.candidates[0]
    note = Note(
        "REPAIRED_POSTAL_ZERO",
        Message("{raw!r} is sent as {whole!r}", raw=raw.strip(), whole=whole),
    )
    return Normalized(whole, "postal_code.zero_restored", (note,))


def emptied(problem: Problem) -> Note:
    """What is said of a word for a missing value."""
    return Note(
        "REPAIRED_PLACEHOLDER",
        Message("{value!r} stands for a missing value and is not sent", value=problem.value),
    )
