"""Blocks: the cells and forms of the rows that were judged together, compressed.

The form of a row repeats its cells, and the rows of a file repeat each other: compressed together they
take a ninth of their length. Level 6 of zlib costs 6 µs a row; level 1 costs 3, takes a quarter more, and
is for what is thrown away. Cells are kept by column, which saves a tenth.

A block is zlib's compressed data (with its checksum) of these lines::

    ["a@example.org", …]             the e-mails: a row whose e-mail is another one now was damaged
    [["a@example.org", …], …]        the cells, by column; null: they are not kept
    lead_email=a%40example.org&…     a line for each row: its form, empty if it has none

Of a row that cannot be sent the block has neither form nor cells: these are asked for one by one, and
its record has them. What is changed later is written into the record, too.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence

from bulk_import.errors import Message
from bulk_import.journal.packing import pack

_LEVEL = 6
_QUICK_LEVEL = 1


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
            emails, self._packed_cells, *self._forms = zlib.decompress(data).split(b"\n")
            self._emails: list[str] = json.loads(emails)
        except (zlib.error, ValueError) as exc:
            message = Message("the block of row {first}: {exc}", first=first, exc=exc)
            raise ValueError(message) from exc
        self._first = first
        self._cells: list[tuple[str, ...]] | None = None

    def __contains__(self, seq: int) -> bool:
        return 0 <= seq - self._first < len(self._emails)

    def email(self, seq: int) -> str:
        return self._emails[seq - self._first]

    def form(self, seq: int) -> bytes:
        return self._forms[seq - self._first]

    def cells(self, seq: int) -> tuple[str, ...]:
        """Return the cells of a row in the order of the header; none if they are not kept."""
        if self._cells is None:
            columns = json.loads(self._packed_cells)
            self._cells = list(zip(*columns, strict=True)) if columns else []
        return self._cells[seq - self._first] if self._cells else ()


def packed_block(
    emails: Sequence[str],
    forms: Iterable[bytes],
    cells: Sequence[Sequence[str]] | None,
    *,
    quickly: bool = False,
) -> bytes:
    """Return the block of some rows.

    Args:
        forms: Without the key; empty for a row that has none.
        cells: Of each row as many as the header has; ``None`` = they are not kept.
        quickly: Whether it is soon thrown away.
    """
    columns = None if cells is None else [*zip(*cells, strict=True)]
    head = f"{pack(emails)}\n{pack(columns)}".encode("utf-8", "surrogatepass")
    return zlib.compress(b"\n".join([head, *forms]), _QUICK_LEVEL if quickly else _LEVEL)
