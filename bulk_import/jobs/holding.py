"""Who may be behind a cell that was not understood: nobody loses anything because of a damaged cell."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from bulk_import.errors import Message
from bulk_import.normalize.mailboxes import email_key

_ALIKE = 75  # of 100: a cell that resembles an address that much may be it


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person stands on somebody's list.

    Attributes:
        source: The file, as it was given.
        sheet: Empty where the format has none.
    """

    source: str
    sheet: str
    row: int

    def __str__(self) -> str:
        if self.sheet:
            return Message(
                "{source} sheet {sheet!r} row {row}",
                source=self.source, sheet=self.sheet, row=self.row,
            )  # fmt: skip
        return Message("{source} row {row}", source=self.source, row=self.row)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A cell with an address that was not understood, or that is not to be used.

    Attributes:
        place: Where it stands; for people, as text.
        text: As written.
        candidates: The addresses that it may mean, where they are known.
        said_no: The cell beside the address that says that it is not to be written to.
    """

    place: Place | str
    text: str
    candidates: tuple[str, ...] = ()
    said_no: str = ""

    def __str__(self) -> str:
        place, text = str(self.place), self.text[:60]
        if self.said_no:
            return Message("{place} {text!r} ({why})", place=place, text=text, why=self.said_no)
        return Message("{place} {text!r}", place=place, text=text)


def held_back(leaving: Collection[str], doubts: Iterable[Doubt], blanks: int = 0) -> dict[str, str]:
    """Return which of *leaving* may still be there, and why.

    A doubt that resembles some of them holds those; one that resembles nobody holds all.

    Args:
        leaving: Keys of contacts (``email_key``).
        blanks: Rows without an address beyond those that there were before.
    """
    from rapidfuzz import fuzz, process, utils

    held: dict[str, str] = {}
    if not leaving:
        return held
    if blanks > 0:
        held |= dict.fromkeys(
            leaving, Message("{blanks:,} more rows than before have no address", blanks=blanks)
        )
    for doubt in doubts:
        if doubt.candidates:
            near = [key for one in doubt.candidates if (key := email_key(one)) in leaving]
        else:
            found = process.extract(
                doubt.text, list(leaving), scorer=fuzz.ratio, processor=utils.default_process,
                score_cutoff=_ALIKE, limit=None,
            )  # fmt: skip
            near = [key for key, _, _ in found] or list(leaving)
        for key in near:
            held.setdefault(
                key, Message("{doubt} is not understood and may be one of them", doubt=doubt)
            )
    return held
