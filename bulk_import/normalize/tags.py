"""Tags, list ids and manager ids: names that the server compares letter by letter.

The server separates them by commas and knows no escape, so a comma inside one is refused. A list
id such as ``1473249885.2899961004`` has more digits than any number type keeps: one that passed
through a number is damaged for good and is refused with the reason.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from bulk_import.errors import Message
from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.normalize.text import clean, clean_line, remembered

LONGEST_TAG = 255
_MOST_TAGS = 20_000  # distinct ones that are remembered of a file
Separator = str | tuple[str, ...]
_BULLET = re.compile(r"^(?:(?:[•‣◦▪▫●○·∙–—*-]|\d{1,2}[.)])\s+)+")  # "1) - vip" has two
_BULLET_INSIDE = re.compile(r"\s+[•‣◦▪▫●○]\s+")
_IN_QUOTES = re.compile(r"'[^']+'")
_USUAL_SEPARATORS = (";", "|", ":::", "•")
_SIGNS = re.compile(
    r"^(?:[•‣◦▪▫●○·∙–—*-]|\d{1,2}[.)])\s|[\[\]{}\"]"
)  # of a list as programs write it
_LIST = re.compile(r"\[(.*)\]|\{(.*)\}|\((.*)\)", re.DOTALL)
_BROKEN_LIST = re.compile(r"""[\[{]\s*["']|["']\s*[\]}]|^[\[{][^\]}]*$|^[^\[{]*[\]}]$""")
_LIST_ID = re.compile(r"\d{10}\.\d{10}")
# 1473249885,2899961004, as a spreadsheet writes it where the comma is the decimal sign.
_ID_WITH_COMMA = re.compile(r"(?<![\d.])1\d{9},\d{3,}(?![\d.])")
_FLOAT_LIKE = re.compile(r"\d+[.,]\d+(?:[eE][+-]?\d+)?|\d[.,]?\d*[eE][+-]?\d+")


@dataclass(frozen=True, slots=True)
class NormalizedList:
    """Several values of one cell, in the order in which they stood.

    Attributes:
        values: Without duplicates; never empty strings.
    """

    values: tuple[str, ...]
    rule: str
    notes: tuple[Note, ...] = ()


@remembered
def normalize_tags(text: str, *, separator: Separator = ",") -> NormalizedList:
    """Return the tags of a cell: trimmed, in order, each once, letter case kept.

    Args:
        separator: Between tags; several in a tuple. A list as programs write it (``["vip","news"]``,
            ``{vip,news}``, ``• vip``) is read whatever separates the tags of other cells.

    Raises:
        NormalizeError: ``TAG_COMMA``, ``TAG_TOO_LONG``, ``TAG_LIST_BROKEN``.
    """
    values: dict[str, None] = {}
    for part in _split(text, separator):
        if "," in part:
            raise NormalizeError(
                "TAG_COMMA",
                Message(
                    "the tag {part!r} has a comma in it, and the server would make two tags "
                    "of it; rename it, or set separator: ','",
                    part=part,
                ),
            )
        if len(part) > LONGEST_TAG:
            raise NormalizeError(
                "TAG_TOO_LONG",
                Message("a tag of {n} characters: {part!r}…", n=len(part), part=part[:40]),
            )
        values[part] = None
    return NormalizedList(tuple(values), "tags.split", (*look_alikes(values), *_unsplit(values)))


@remembered
def normalize_list_ids(text: str, *, separator: Separator = ",") -> NormalizedList:
    """Return the list ids (or titles, to be resolved) of a cell.

    Raises:
        NormalizeError: ``LIST_ID_DAMAGED`` for an id that was a number for a while; ``LIST_ID_COMMA``
            for one whose period became a comma.
    """
    with_comma = _ID_WITH_COMMA.search(text) if "," in text else None
    if with_comma:
        raise NormalizeError(
            "LIST_ID_COMMA", Message("the list {text!r} has a comma in it", text=with_comma[0])
        )
    values = {list_id(part): None for part in _split(text, separator)}
    return NormalizedList(tuple(values), "lists.split")


def list_id(text: str) -> str:
    """Return a list's id or title unchanged, unless it is a damaged id.

    Raises:
        NormalizeError: ``LIST_ID_DAMAGED``.
    """
    if "," in text and not _FLOAT_LIKE.fullmatch(text):
        raise NormalizeError(
            "LIST_ID_COMMA", Message("the list {text!r} has a comma in it", text=text)
        )
    if _LIST_ID.fullmatch(text):
        return text
    if _FLOAT_LIKE.fullmatch(text):
        raise NormalizeError(
            "LIST_ID_DAMAGED",
            Message(
                "the list id {text!r} was turned into a number and lost digits; copy it "
                "again from the account as text (in Excel: format the column as text first)",
                text=text,
            ),
        )
    return text


@remembered
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
        "MANAGER_INVALID",
        Message("{line!r} is not a manager's number; `bulk-import managers` lists them", line=line),
    )


def is_manager_name(text: str) -> bool:
    """Whether a text may be what the account calls a manager: it has a letter in it."""
    return any(sign.isalpha() for sign in text)


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
                Note(
                    "TAG_LOOK_ALIKE",
                    Message(
                        "the tags {other!r} and {value!r} look alike but differ",
                        other=other,
                        value=value,
                    ),
                )
            )
    return tuple(notes)


def _unsplit(values: Collection[str]) -> Iterator[Note]:
    """Warn of a tag with a sign in it that separates tags in other files."""
    together = "\n".join(values)
    if not any(sign in together for sign in _USUAL_SEPARATORS):
        return
    for value in values:
        sign = next((sign for sign in _USUAL_SEPARATORS if sign in value), "")
        if sign:
            yield Note(
                "TAG_SEPARATOR",
                Message(
                    "the tag {value!r} has {sign!r} in it; if that separates tags, add it to "
                    "separator:",
                    value=value,
                    sign=sign,
                ),
            )


def _appearance(value: str) -> str:
    """What two tags share that look alike."""
    if not value.isascii():
        value = unicodedata.normalize("NFKC", value).casefold().translate(LOOKS)
    return "".join(value.casefold().split())


# Cyrillic and Greek letters that look like Latin ones.
LOOKS = str.maketrans("аеорсухкмтвнідѕјԁԛԝοαυν", "aeopcyxkmtbhidsjdqwoauv")


def _is_plain(text: str, separator: str) -> bool:
    """Whether there is nothing in a cell but letters, digits, single blanks and the separator."""
    words = text.replace(separator, "").replace(" ", "")
    return words.isalnum() and text.isascii() and "  " not in text


def _split(text: str, separator: Separator) -> list[str]:
    if isinstance(separator, str) and _is_plain(text, separator):
        return [part for part in map(str.strip, text.split(separator)) if part]
    separators = (separator,) if isinstance(separator, str) else separator
    lines = clean(text)
    has_signs = _SIGNS.search(lines) is not None
    listed = _listed(lines) if has_signs else None
    if listed is not None:
        return listed
    lines = _without_bullets(lines) if has_signs else lines
    line = clean_line(lines.replace("\n", separators[0]))
    for other in separators[1:]:
        line = line.replace(other, separators[0])
    parts = line.split(separators[0])
    if line.startswith('"') and len(separators[0]) == 1:  # Mailchimp's "vip","news"
        with suppress(csv.Error):
            parts = next(
                csv.reader([line], delimiter=separators[0], skipinitialspace=True, strict=True)
            )
    found = [part for part in (clean_line(part) for part in parts) if part]
    if len(found) > 1 and all(map(_IN_QUOTES.fullmatch, found)):  # 'vip';'news'
        found = [part[1:-1] for part in found]
    for part in found if has_signs else ():
        if _BROKEN_LIST.search(part):
            raise NormalizeError(
                "TAG_LIST_BROKEN",
                Message(
                    "{part!r} is a piece of a list that a program wrote, and the list cannot "
                    "be read; write the tags with a separator between them",
                    part=part,
                ),
            )
    return found


def _without_bullets(lines: str) -> str:
    """The lines of a cell without the signs in front of them, if most have one."""
    if lines.lstrip()[:1] in set("•‣◦▪▫●○"):  # "• vip • news"
        lines = _BULLET_INSIDE.sub("\n• ", lines.strip())
    rows = lines.split("\n")
    if not all(_BULLET.match(row.strip()) for row in rows if row.strip()):
        return lines
    return "\n".join(_BULLET.sub("", row.strip()) for row in rows)


def _listed(text: str) -> list[str] | None:
    """The values of a list in JSON, Python's or PostgreSQL's writing; ``None`` for other text."""
    match = _LIST.fullmatch(text)
    if match is None or text[0] == "(":
        return None
    inside = match[1] if match[1] is not None else match[2]
    if not inside.strip():
        return []
    if not any(sign in inside for sign in ",'\""):
        return None  # [urgent] is a tag
    if text[0] == "[":
        with suppress(ValueError):
            values = json.loads(text)
            if all(isinstance(value, str | int) for value in values):
                return [one for value in values if (one := clean_line(str(value)))]
            return None
    quote = "'" if "'" in inside and '"' not in inside else '"'
    with suppress(csv.Error):
        parts = next(csv.reader([inside], quotechar=quote, skipinitialspace=True, strict=True), [])
        return [one for part in parts if (one := clean_line(part))]
    return None


class LookAlikes:
    """Warns of tags that look like one of an earlier row and differ from it."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def of(self, values: Iterable[str]) -> tuple[Note, ...]:
        """Return a note for each value whose first spelling in the file was another."""
        notes = []
        for value in values:
            key = _appearance(value)
            other = self._seen.get(key)
            if other is None and len(self._seen) < _MOST_TAGS:
                self._seen[key] = value
            elif other not in (None, value):
                text = Message(
                    "the tags {other!r}, of an earlier row, and {value!r} look alike but differ",
                    other=other,
                    value=value,
                )
                notes.append(Note("TAG_LOOK_ALIKE", text))
        return tuple(notes)
