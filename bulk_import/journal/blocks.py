"""Blocks: the cells and forms of the rows that were judged together, compressed.

The form of a row repeats its cells, and the rows of a file repeat each other. A block has the cells by
column, and of the forms only what the cells do not say (``columns``): that is a twelfth of their length.
Level 1 of zlib is for what is thrown away: it takes less time and a quarter more room.

A block is zlib's compressed data (with its checksum) of sections that are separated by NUL::

    {"rows": 250, …}    JSON: the number of rows, how the sections below are read, remarks on rows
    …                   for each column of cells: those of the rows that have a form
    …                   likewise: those of the rows that cannot be sent
    …                   the e-mails of the rows that cannot be sent
    …                   the other e-mails and the values of forms, where cells do not say them

The e-mails show whether a row still has its own: one that has not was damaged. What is changed after
judging is written into the row's record.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from bulk_import.errors import Message
from bulk_import.journal.columns import (
    BETWEEN,
    EMAILS,
    OWN,
    How,
    Restorable,
    form_encoded,
    is_stored,
    packed_texts,
    restored,
    unpacked_texts,
)
from bulk_import.journal.form_columns import FormColumns, columns_of, forms_of
from bulk_import.journal.packing import pack

_LEVEL = 6
_QUICK_LEVEL = 1
_T = TypeVar("_T")


class Block:
    """A block that was read.

    Args:
        first: The seq of its first row.
        data: As ``packed_block`` made it.

    Raises:
        ValueError: It is damaged.
    """

    def __init__(self, first: int, data: bytes) -> None:
        try:
            packed = zlib.decompress(data)
            self._read = _Former(packed) if packed.startswith(b"[") else _Contents(packed)
        except (zlib.error, ValueError) as exc:
            message = Message("the block of row {first}: {exc}", first=first, exc=exc)
            raise ValueError(message) from exc
        self._first = first

    def __contains__(self, seq: int) -> bool:
        return 0 <= seq - self._first < self._read.rows

    def email(self, seq: int) -> str:
        return self._read.emails[seq - self._first]

    def form(self, seq: int) -> bytes:
        """Return a row's form; empty if it has none."""
        return self._read.forms[seq - self._first]

    def cells(self, seq: int) -> tuple[str, ...]:
        """Return the cells of a row in the order of the header; none if they are not kept."""
        return self._read.cells[seq - self._first] if self._read.cells else ()

    def remark(self, name: str, seq: int) -> str | None:
        """Return what ``packed_block`` was given of a row under that name."""
        return self._read.remarks.get(name, {}).get(str(seq - self._first))


def packed_block(
    emails: Sequence[str],
    forms: Sequence[bytes],
    cells: Sequence[Sequence[str]] | None,
    *,
    remarks: Mapping[str, Mapping[int, str]] | None = None,
    quickly: bool = False,
) -> bytes:
    """Return the block of some rows.

    Args:
        forms: Without the key; empty for a row that has none.
        cells: Of each row as many as the header has; ``None`` = they are not kept.
        remarks: Name -> position of a row -> text.
        quickly: Whether it is soon thrown away.
    """
    sent = [at for at, form in enumerate(forms) if form]
    without = [at for at, form in enumerate(forms) if not form]
    made = _Made()
    said = made.add_rows([cells[at] for at in sent] if cells else [])
    made.add_rows([cells[at] for at in without] if cells else [])
    made.add_rows([[emails[at]] for at in without])
    head: dict[str, Any] = {
        "rows": len(forms),
        "without": without,
        "columns": len(cells[0]) if cells else 0,
        "remarks": remarks or {},
    }
    if sent:
        head |= _add_forms(made, said, [emails[at] for at in sent], [forms[at] for at in sent])
    head["json"] = made.as_json
    packed = BETWEEN.join([pack(head).encode("utf-8", "surrogatepass"), *made.sections])
    return zlib.compress(packed, _QUICK_LEVEL if quickly else _LEVEL)


class _Made:
    """Sections of a block that is being made.

    Attributes:
        as_json: The numbers of those that are JSON.
    """

    def __init__(self) -> None:
        self.sections: list[bytes] = []
        self.as_json: list[int] = []

    def add(self, texts: Sequence[str]) -> bytes | None:
        """Add a section of texts; return it if others can be restored from it."""
        section, is_json = packed_texts(texts)
        if is_json:
            self.as_json.append(len(self.sections))
        self.sections.append(section)
        return None if is_json else section

    def add_rows(self, rows: Sequence[Sequence[str]]) -> dict[int, bytes]:
        """Add a section for each column; return those from which others can be restored."""
        added = map(self.add, zip(*rows, strict=True))
        return {number: section for number, section in enumerate(added) if section is not None}


def _add_forms(
    made: _Made, said: Mapping[int, bytes], emails: Sequence[str], forms: Sequence[bytes]
) -> dict[str, Any]:
    """Add what the cells do not say of the rows that have a form; return how all is restored."""
    section, is_json = packed_texts(emails)
    if is_json:
        made.add(emails)
        how: How = (OWN, [])
    else:
        how, stored = Restorable(said).how(section)
        made.sections += stored
        said = {**said, EMAILS: section}
    encoded = {number: form_encoded(section) for number, section in said.items()}
    known = Restorable({n: section for n, section in encoded.items() if section is not None})
    columns = columns_of(forms)
    fields = []
    for name, values in zip(columns.names, columns.sections, strict=True):
        field, stored = known.how(values)
        made.sections += stored
        fields.append((name.decode("latin-1"), field))
    others = {at: form.decode("latin-1") for at, form in columns.others.items()}
    return {"emails": how, "fields": fields, "others": others}


class _Contents:
    """What a block holds; each part is read when it is asked for."""

    def __init__(self, packed: bytes) -> None:
        text, *self._sections = packed.split(BETWEEN)
        self._head = json.loads(text.decode("utf-8", "surrogatepass"))
        self.rows: int = self._head["rows"]
        self.remarks: dict[str, dict[str, str]] = self._head["remarks"]
        self._without: list[int] = self._head["without"]
        self._with = self.rows - len(self._without)
        columns = self._head["columns"]
        # Where sections begin: cells and e-mails of rows without a form, and what is stored of others.
        self._cells_at = columns if self._with else 0
        self._emails_at = self._cells_at + (columns if self._without else 0)
        self._stored_at = self._emails_at + bool(self._without)

    @cached_property
    def cells(self) -> list[tuple[str, ...]]:
        sendable, others = (
            [*zip(*map(self._texts, range(first, last)), strict=True)]
            for first, last in ((0, self._cells_at), (self._cells_at, self._emails_at))
        )
        return self._merged(sendable, others) if sendable or others else []

    @cached_property
    def emails(self) -> list[str]:
        if not self._with:
            return self._texts(self._emails_at)
        if self._stored_at in self._head["json"]:
            own = self._texts(self._stored_at)
        else:
            own = unpacked_texts(self._email_section, is_json=False)
        return self._merged(own, self._texts(self._emails_at) if self._without else [])

    @cached_property
    def forms(self) -> list[bytes]:
        if not self._with:
            return [b""] * self.rows
        names, sections = [], []
        stored = iter(self._sections[self._stored_at + is_stored(self._head["emails"]) :])
        for name, how in self._head["fields"]:
            names.append(name.encode("latin-1"))
            sections.append(restored(how, self._encoded(how), stored))
        others = {int(at): form.encode("latin-1") for at, form in self._head["others"].items()}
        forms = forms_of(self._with, FormColumns(names, sections, others))
        return self._merged(forms, [b""] * len(self._without))

    @cached_property
    def _email_section(self) -> bytes:
        """The e-mails of the rows that have a form."""
        how = self._head["emails"]
        section = b"" if how[0] == OWN else self._sections[how[0]]
        return restored(how, section, iter(self._sections[self._stored_at :]))

    def _encoded(self, how: How) -> bytes:
        """Return the column from which a column of values is restored, as forms have it."""
        number, _ = how
        if number == OWN:
            return b""
        section = self._email_section if number == EMAILS else self._sections[number]
        return form_encoded(section) or b""

    def _texts(self, number: int) -> list[str]:
        return unpacked_texts(self._sections[number], is_json=number in self._head["json"])

    def _merged(self, sendable: list[_T], others: list[_T]) -> list[_T]:
        """Return what rows have, in their order, from that of rows with a form and of those without."""
        if not others:
            return sendable
        merged, without = iter(sendable), dict(zip(self._without, others, strict=True))
        return [without[at] if at in without else next(merged) for at in range(self.rows)]


class _Former:
    """What a block of format 5 holds: e-mails, cells and forms, each form on a line."""

    def __init__(self, packed: bytes) -> None:
        emails, self._cells, *self.forms = packed.split(b"\n")
        self.emails: list[str] = json.loads(emails)
        self.rows = len(self.emails)
        self.remarks: dict[str, dict[str, str]] = {}

    @cached_property
    def cells(self) -> list[tuple[str, ...]]:
        columns = json.loads(self._cells)
        return list(zip(*columns, strict=True)) if columns else []
