"""What is stored of many rows, made by whoever judged them, which may be another process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bulk_import.journal.blocks import packed_block
from bulk_import.journal.entries import JudgedChunk, Refusal
from bulk_import.journal.packing import pack_problems
from bulk_import.models import Problem, Row, Status
from bulk_import.sources.rows import Rows

# Names of the remarks in a block, and of the columns that are empty when it has them.
WARNINGS, REASONS = "warnings", "reasons"
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
    cells = Rows.of(rows).cells if keeps_cells else None
    remarks = {
        WARNINGS: {at: pack_problems(found) or "" for at, found in warned.items()},
        REASONS: {
            at: pack_problems(refusal.reasons) or ""
            for at, refusal in refusals.items()
            if is_kept_in_block(refusal)
        },
    }
    block = packed_block(emails, forms, cells, remarks=remarks, quickly=quickly)
    return JudgedChunk(emails, contacts, warned, refusals, frozenset(formless), block)


def is_kept_in_block(refusal: Refusal) -> bool:
    """Whether the reasons of a refusal are; those of skipped rows are counted by SQL."""
    return refusal.status is not Status.SKIPPED
