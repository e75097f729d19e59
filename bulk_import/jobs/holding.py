"""Whose address a damaged cell may hold: nobody loses anything because of a damaged cell."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from bulk_import.errors import Message
from bulk_import.normalize.mailboxes import email_key

SHEET_SAYS_NO = Message("the sheet's name says no")  # why everybody on a sheet is left alone
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


class Resembling:
    """Contacts among whom those are looked for who may be behind a doubtful cell."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Make it.

        Args:
            keys: As ``email_key`` makes them, each once.
        """
        from rapidfuzz import utils

        self.keys = {key: at for at, key in enumerate(keys)}
        self._plain = [utils.default_process(key) for key in self.keys]
        self._named = list(self.keys)

    def near(self, doubt: Doubt) -> list[tuple[str, float]]:
        """Return the keys that a doubt may mean, the most likely first, each with its rank.

        Ranks of one doubt can be compared; a smaller one is more likely.
        """
        from rapidfuzz import fuzz, process, utils

        if doubt.candidates:
            known = map(email_key, doubt.candidates)
            return [(key, float(rank)) for rank, key in enumerate(known) if key in self.keys]
        found = process.extract(
            utils.default_process(doubt.text), self._plain, scorer=fuzz.ratio,
            score_cutoff=_ALIKE, limit=None,
        )  # fmt: skip
        return [(self._named[at], -score) for _, score, at in found]


def held_back(leaving: Collection[str], doubts: Iterable[Doubt], blanks: int = 0) -> dict[str, str]:
    """Return which of *leaving* may still be there, and why.

    A doubt that resembles some of them holds those; one that resembles nobody holds all.

    Args:
        leaving: Keys of contacts (``email_key``).
        blanks: Rows without an address beyond those that there were before.
    """
    if not leaving:
        return {}
    held = dict.fromkeys(leaving, more_blanks(blanks)) if blanks > 0 else {}
    among = Resembling(leaving)
    for doubt in doubts:
        near = [key for key, _ in among.near(doubt)]
        for key in near if near or doubt.candidates else leaving:
            held.setdefault(key, may_be(doubt))
    return held


def more_blanks(blanks: int) -> str:
    """Return why contacts are held when a list has more rows without an address."""
    return Message("rows without an address: {blanks:,} more than before", blanks=blanks)


def may_be(doubt: Doubt) -> str:
    """Return why contacts are held who may be behind a doubtful cell."""
    return Message("{doubt} is not understood and may be one of them", doubt=doubt)
