"""Columns of texts, and columns that other columns are restored from.

A section is the texts of a column, one on each line. What a form says is mostly what a cell says,
percent-encoded: a column of form values is then stored as the number of a column of cells, and only values
that differ are stored. That halves what is compressed, which pays for the comparison.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, compress, count
from operator import eq, ne

from bulk_import.journal.packing import pack

BETWEEN = b"\0"  # separates sections, and is in none of them
LINE = b"\n"
OWN, EMAILS = -1, -2  # numbers of columns: a section of its own, and the e-mails
How = tuple[
    int, list[int]
]  # the column that a section is restored from, and the positions that differ

_UNCHANGED = bytes(chain(range(48, 58), range(65, 91), range(97, 123), b"_.-~\n"))
_SAMPLE = 16  # rows that are compared before whole columns are
_ALIKE = 12  # of them at least, else the columns are not compared


def packed_texts(texts: Sequence[str]) -> tuple[bytes, bool]:
    """Return the section of at least one text, and whether it is JSON.

    It is if a text has a line break or NUL.
    """
    lines = "\n".join(texts)
    is_json = lines.count("\n") >= len(texts) or "\0" in lines
    return (pack(texts) if is_json else lines).encode("utf-8", "surrogatepass"), is_json


def unpacked_texts(section: bytes, *, is_json: bool) -> list[str]:
    """Return what ``packed_texts`` was given."""
    text = section.decode("utf-8", "surrogatepass")
    texts: list[str] = json.loads(text) if is_json else text.split("\n")
    return texts


def form_encoded(section: bytes) -> bytes | None:
    """Return a section of cells as forms have it; ``None`` where finding out takes too long.

    Columns are restored by this function: it may never be changed, only left for another one.
    """
    special = set(section.translate(None, _UNCHANGED))
    if not special:
        return section
    if max(special) > 0x7F:
        return None
    first, second = ord("%"), ord("+")  # others are replaced by these
    for byte in sorted(special, key=lambda byte: (byte != first, byte != second)):
        section = section.replace(bytes((byte,)), b"+" if byte == 0x20 else b"%%%02X" % byte)
    return section


class Restorable:
    """Columns that others can be restored from.

    Args:
        sections: By the number of the column.
    """

    def __init__(self, sections: Mapping[int, bytes]) -> None:
        self._sections = sections
        self._numbers = {section: number for number, section in reversed([*sections.items()])}
        self._samples = {number: _sample(section) for number, section in sections.items()}

    def how(self, section: bytes) -> tuple[How, list[bytes]]:
        """Return how a section is restored, and the sections to be stored for that."""
        number = self._numbers.get(section)
        if number is not None:
            return (number, []), []
        for number in self._alike(_sample(section)):
            values, others = section.split(LINE), self._sections[number].split(LINE)
            differ = [*compress(count(), map(ne, values, others))]
            if 4 * len(differ) < len(values):
                return (number, differ), [LINE.join([values[at] for at in differ])]
        return (OWN, []), [section]

    def _alike(self, sample: Sequence[bytes]) -> Iterator[int]:
        """Yield the columns that have most texts of *sample* in its places."""
        for number, others in self._samples.items():
            if _SAMPLE * sum(map(eq, sample, others)) >= _ALIKE * len(sample):
                yield number


def _sample(section: bytes) -> list[bytes]:
    """Return the first lines."""
    return section.split(LINE, _SAMPLE)[:_SAMPLE]


def is_stored(how: How) -> bool:
    """Whether something has to be stored to restore a section."""
    number, differ = how
    return number == OWN or bool(differ)


def restored(how: How, section: bytes, stored: Iterator[bytes]) -> bytes:
    """Return a section.

    Args:
        section: Of the column that it is restored from.
        stored: The sections that were stored, from its own on.
    """
    number, differ = how
    if number == OWN:
        return next(stored)
    if not differ:
        return section
    values = section.split(LINE)
    for at, value in zip(differ, next(stored).split(LINE), strict=True):
        values[at] = value
    return LINE.join(values)
