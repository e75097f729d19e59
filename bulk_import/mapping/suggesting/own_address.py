"""The column with the contacts' own e-mail addresses, among those of owners, buyers and others.

A column is not the contacts' own because it is full of addresses: "Owner Email" is too. What its
header says comes first; how its addresses are spread comes second, because an address that stands
in many rows is nobody's own. Where that does not decide, a person has to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bulk_import.errors import Message, SetupError
from bulk_import.mapping.suggesting.contents import Content, contents_of, counted
from bulk_import.mapping.suggesting.headers import Heading, describe, read_headers
from bulk_import.models import Row

_IS_ADDRESSES = 0.5  # share of the filled cells
_NEVER = frozenset(  # kinds of columns that hold something about an address, or another text
    "id date birth count money reason source ip url language sex type fax thing".split()
)
_FEWEST_SHARED = 5  # rows with one address, before it says anything
_OWN_ENOUGH = 0.5  # claim from which on a column is proposed without a question


@dataclass(frozen=True, slots=True)
class AddressColumn:
    """A column that holds e-mail addresses.

    Attributes:
        whose: Who else it belongs to, in words; empty if it may be the contacts' own.
        claim: How strong its claim to be the contacts' own is, 0 to 1.
        rank: 1 for the main address, 2 and more for another one of the same person.
        most: Rows that hold its commonest address.
        is_other: It is called secondary, other or old.
        why: For people.
    """

    column: str
    whose: str
    claim: float
    rank: int
    filled: int
    distinct: int
    most: int
    why: str
    is_other: bool = False

    @property
    def is_shared(self) -> bool:
        """Whether too many rows share one address for it to be theirs."""
        return self.most >= _FEWEST_SHARED and (
            self.most > 0.5 * self.filled or self.distinct < 0.2 * self.filled
        )

    def __str__(self) -> str:
        return f"{self.column!r} ({self.why})"


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """What was found out about a table's columns with addresses.

    Attributes:
        own: The contacts' own columns, best first. The first that is not empty is a row's address.
        rivals: Columns between which a person has to choose; empty when it is clear.
        foreign: Columns of other people, and those that are not used without being chosen.
    """

    own: tuple[AddressColumn, ...] = ()
    rivals: tuple[AddressColumn, ...] = ()
    foreign: tuple[AddressColumn, ...] = ()

    @property
    def question(self) -> str:
        """What a person has to decide; empty when it is clear."""
        if self.rivals:
            named = Message.joined(", ", self.rivals)
            return Message(
                "which column holds the contacts' own e-mail address? It may be {named}",
                named=named,
            )
        if not self.own and self.foreign:
            named = Message.joined(", ", self.foreign)
            return Message(
                "which column holds the contacts' own e-mail address? The columns with "
                "addresses seem to belong to somebody else: {named}",
                named=named,
            )
        if not self.own:
            return Message(
                "which column holds the e-mail address? None looks like it; without one only "
                "`when: no_email: create` sends rows"
            )
        first = self.own[0]
        if first.is_shared:
            return Message(
                "is {column!r} really the contacts' own address? One address stands in "
                "{most:,} of its {filled:,} filled rows",
                column=first.column,
                most=first.most,
                filled=first.filled,
            )
        return ""


def own_address(header: Sequence[str], contents: Mapping[str, Content]) -> OwnAddress:
    """Find the contacts' own addresses among the columns of a table.

    Args:
        contents: Of each column, as ``contents_of`` returns them.
    """
    headings = read_headers(header)
    found = [
        judged
        for column in header
        if (judged := _judged(column, headings[column], contents[column])) is not None
    ]
    own = [one for one in found if not one.whose]
    foreign = tuple(one for one in found if one.whose)
    # A column whose header is not understood steps back when another one's is.
    clear = [one for one in own if one.claim >= _OWN_ENOUGH]
    if clear:
        shared = [one for one in clear if one.is_shared]
        if len(shared) < len(clear):
            clear = [one for one in clear if not one.is_shared]
            foreign += tuple(shared)
        if max(one.claim for one in clear) > 0.9:  # a billing address steps back
            foreign += tuple(one for one in clear if one.claim <= 0.9)
            clear = [one for one in clear if one.claim > 0.9]
        if any(not one.is_other for one in clear):  # "Secondary", "Old": not without being asked
            foreign += tuple(one for one in clear if one.is_other)
            clear = [one for one in clear if not one.is_other]
        if all(one.is_shared for one in clear) and any(one.whose for one in foreign):
            return OwnAddress(rivals=tuple(clear), foreign=foreign)
        clear.sort(key=lambda one: (one.rank, -round(one.claim, 1), -one.filled))
        return OwnAddress(own=tuple(clear), foreign=foreign)
    if len(own) == 1 and not own[0].is_shared and not _is_rivalled(own[0], foreign):
        return OwnAddress(own=tuple(own), foreign=foreign)
    return OwnAddress(rivals=tuple(own), foreign=foreign)


def own_address_column(
    header: Sequence[str], rows: Iterable[Row], *, source: str, chosen: str | None = None
) -> str:
    """Return the column with the contacts' own addresses, or refuse to guess.

    Args:
        rows: Some of the table's first rows.
        source: The file's name, for the message.
        chosen: The column that a person named; it need only exist.

    Raises:
        SetupError: There is none, or it is not certain which one it is; the message names the
            columns and says that ``--column`` decides.
    """
    if chosen is not None:
        return _named(header, chosen, source)
    found = own_address(header, contents_of(header, rows))
    if found.question or _are_equals(found.own):
        question = found.question or Message(
            "which column holds the contacts' own e-mail address? It may be {named}",
            named=Message.joined(", ", found.own),
        )
        raise SetupError(
            Message("{source}: {question}; name it with --column", source=source, question=question)
        )
    return found.own[0].column


def _named(header: Sequence[str], chosen: str, source: str) -> str:
    folded = " ".join(chosen.casefold().split())
    alike = [column for column in header if " ".join(column.casefold().split()) == folded]
    if chosen in header:
        return chosen
    if len(alike) == 1:
        return alike[0]
    raise SetupError(
        Message(
            "{source}: no column {chosen!r}; the file has: {repr}",
            source=source,
            chosen=chosen,
            repr=", ".join(map(repr, header[:20])),
        )
    )


def _are_equals(own: Sequence[AddressColumn]) -> bool:
    """Whether the second column is as good as the first: "Work e-mail" and "Home e-mail"."""
    return len(own) > 1 and own[1].rank == own[0].rank and own[1].claim > own[0].claim - 0.1


def _is_rivalled(one: AddressColumn, foreign: Sequence[AddressColumn]) -> bool:
    """Whether a header with unknown words stands beside columns of other people: it may be one."""
    return bool(foreign) and one.claim < 0.4


def _judged(column: str, heading: Heading, content: Content) -> AddressColumn | None:
    is_named = heading.head == "email" and not heading.kinds and not heading.consent
    if content.is_empty or content.emails < _IS_ADDRESSES:
        return None
    whose, claim, why = _claim(heading, is_named=is_named)
    spread = counted(content)
    return AddressColumn(
        column=column,
        whose=whose,
        claim=claim,
        rank=heading.rank,
        filled=content.filled,
        distinct=content.distinct,
        most=content.most,
        is_other=heading.where == "other",
        why=Message.joined("; ", (why, spread)),
    )


def _claim(heading: Heading, *, is_named: bool) -> tuple[str, float, str]:
    """Return whose the header says the addresses are, how strong the claim is, and why."""
    if heading.whose:
        whose = describe(heading.whose)
        return whose, 0.0, Message("the header names {whose}", whose=whose)
    spoiling = [kind for kind in heading.kinds if kind in _NEVER]
    if spoiling or heading.consent:
        return (
            Message("something else"),
            0.0,
            Message("the header says that it holds something else"),
        )
    if is_named and heading.is_understood:
        if heading.where == "billing":
            return "", 0.6, Message("the header names a billing address")
        return "", 0.95, Message("the header says e-mail")
    if is_named:
        unknown = ", ".join(heading.unknown)
        return (
            "",
            0.45,
            Message(
                "the header says e-mail, and {unknown!r}, which is not understood", unknown=unknown
            ),
        )
    if heading.says_nothing and heading.unknown:
        return "", 0.35, Message("its cells are addresses, the header is not understood")
    return "", 0.45, Message("its cells are addresses")
