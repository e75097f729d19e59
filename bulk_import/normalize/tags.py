"""Tags, list ids and manager ids: names that the server compares letter by letter.

The server separates them by commas and knows no escape, so a comma inside one is refused. A list
id such as ``1473249885.2899961004`` has more digits than any number type keeps: one that passed
through a number is damaged for good and is refused with the reason.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.normalize.text import clean, clean_line

LONGEST_TAG = 255
_LIST_ID = re.compile(r"\d{10}\.\d{4,10}")
_FLOAT_LIKE = re.compile(r"\d+[.,]\d+(?:[eE][+-]?\d+)?|\d[.,]?\d*[eE][+-]?\d+")
_FEWEST_FRACTION = 10  # digits behind the point of an undamaged id


@dataclass(frozen=True, slots=True)
class NormalizedList:
    """Several values of one cell, in the order in which they stood.

    Attributes:
        values: Without duplicates; never empty strings.
    """

    values: tuple[str, ...]
    rule: str
    notes: tuple[Note, ...] = ()


@lru_cache(maxsize=4096)
def normalize_tags(text: str, *, separator: str = ",") -> NormalizedList:
    """Return the tags of a cell: trimmed, in order, each once, letter case kept.

    Raises:
        NormalizeError: ``TAG_COMMA``, ``TAG_TOO_LONG``.
    """
    values: dict[str, None] = {}
    for part in _split(text, separator):
        if "," in part:
            raise NormalizeError(
                "TAG_COMMA",
                f"the tag {part!r} has a comma in it, and the server would make two tags of it; "
                "rename it, or set separator: ','",
            )
        if len(part) > LONGEST_TAG:
            raise NormalizeError("TAG_TOO_LONG", f"a tag of {len(part)} characters: {part[:40]!r}…")
        values[part] = None
    return NormalizedList(tuple(values), "tags.split", look_alikes(values))


@lru_cache(maxsize=4096)
def normalize_list_ids(text: str, *, separator: str = ",") -> NormalizedList:
    """Return the list ids (or titles, to be resolved) of a cell.

    Raises:
        NormalizeError: ``LIST_ID_DAMAGED`` for an id that was a number for a while.
    """
    values = {list_id(part): None for part in _split(text, separator)}
    return NormalizedList(tuple(values), "lists.split")


def list_id(text: str) -> str:
    """Return a list's id or title unchanged, unless it is a damaged id.

    Raises:
        NormalizeError: ``LIST_ID_DAMAGED``.
    """
    if "," in text and not _FLOAT_LIKE.fullmatch(text):
        raise NormalizeError("LIST_ID_COMMA", f"the list {text!r} has a comma in it")
    if _LIST_ID.fullmatch(text) and len(text.split(".")[1]) >= _FEWEST_FRACTION:
        return text
    if _FLOAT_LIKE.fullmatch(text):
        raise NormalizeError(
            "LIST_ID_DAMAGED",
            f"the list id {text!r} was turned into a number and lost digits; copy it again from "
            "the account as text (in Excel: format the column as text first)",
        )
    return text


@lru_cache(maxsize=1024)
def normalize_manager_id(text: str) -> Normalized:
    """Return a manager's numeric id as digits.

    Raises:
        NormalizeError: ``MANAGER_INVALID``.
    """
    line = clean_line(text)
    digits = re.sub(r"\.0+$", "", line)
    if digits.isascii() and digits.isdigit() and len(digits) <= 15:
        return Normalized(digits, "manager.digits" if digits == line else "manager.float")
    raise NormalizeError(
        "MANAGER_INVALID", f"{line!r} is not a manager's number; `bulk-import managers` lists them"
    )


def join(values: Iterable[str]) -> str:
    """Return values as the server wants them: commas, no blanks."""
    return ",".join(values)


def conflicts(add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
    """Return what would be added and removed at once, in the order of *add*."""
    removed = frozenset(remove)
    return tuple(value for value in add if value in removed)


def look_alikes(values: Iterable[str]) -> tuple[Note, ...]:
    """Warn of tags that differ only in case, or only for a computer."""
    seen: dict[str, str] = {}
    notes = []
    for value in values:
        key = _appearance(value)
        other = seen.setdefault(key, value)
        if other != value:
            notes.append(
                Note("TAG_LOOK_ALIKE", f"the tags {other!r} and {value!r} look alike but differ")
            )
    return tuple(notes)


def _appearance(value: str) -> str:
    """What two tags share that look alike."""
    if not value.isascii():
        value = unicodedata.normalize("NFKC", value).casefold().translate(_LOOKS)
    return "".join(value.casefold().split())


# Cyrillic and Greek letters that look like Latin ones.
_LOOKS = str.maketrans("аеорсухкмтвнідѕјԁԛԝοαυν", "aeopcyxkmtbhidsjdqwoauv")


def _split(text: str, separator: str) -> list[str]:
    line = clean_line(clean(text).replace("\n", separator))
    parts = line.split(separator)
    if line.startswith('"') and len(separator) == 1:  # Mailchimp's "vip","news"
        with suppress(csv.Error):
            parts = next(
                csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True)
            )
    return [part for part in (clean_line(part) for part in parts) if part]
