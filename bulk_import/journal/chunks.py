"""What is stored of many rows, made by whoever judged them, which may be another process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bulk_import.journal.blocks import packed_block
from bulk_import.journal.entries import JudgedChunk, Refusal
from bulk_import.models import Problem, Row

# E-mail, contact, warnings, form and refusal of a row.
Judged = tuple[str, str, tuple[Problem, ...], bytes | None, Refusal | None]


def chunk_of(
    rows: Sequence[Row],
    judged: Iterable[Judged],
    *,
    keeps_cells: bool = True,
    quickly: bool = False,
) -> JudgedChunk:
    """Return what the journal stores of *rows*, all with as many cells.

    Args:
        judged: What became of each of them.
        keeps_cells: Of all rows, not of refused ones alone.
        quickly: Whether the journal is soon thrown away.
    """
    emails, contacts, forms, formless = [], [], [], []
    warned: dict[int, tuple[Problem, ...]] = {}
    refusals: dict[int, Refusal] = {}
    for at, (email, contact, warnings, form, refusal) in enumerate(judged):
        emails.append(email)
        contacts.append("" if contact == email else contact)
        forms.append(form or b"")
        if form is None:
            formless.append(at)
        if warnings:
            warned[at] = warnings
        if refusal is not None:
            refusals[at] = refusal
    without = frozenset(formless)
    cells = _cells(rows, without) if keeps_cells else None
    block = packed_block(emails, forms, cells, quickly=quickly)
    return JudgedChunk(emails, contacts, warned, refusals, without, block)


def _cells(rows: Sequence[Row], without: frozenset[int]) -> list[Sequence[str]]:
    """Return the cells of each row, blank ones for those that cannot be sent."""
    cells: list[Sequence[str]] = [[*row.cells.values()] for row in rows]
    for at in without:
        cells[at] = ("",) * len(cells[at])
    return cells
