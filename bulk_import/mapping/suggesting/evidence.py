"""How well a column fits a field: what its header says, what its cells are like, what is beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bulk_import.errors import Message
from bulk_import.mapping.suggesting.contents import Content, counted, is_time
from bulk_import.mapping.suggesting.headers import Heading, describe, read_headers
from bulk_import.mapping.suggesting.objections import SOCIALS, objection_of

SURE = 0.7  # from here on a line of the proposal is active
FULL_NAME = "full_name"  # stands for the three fields that a whole name is split into

_SIMPLE = {  # what a header names -> the field, where nothing else has to be asked
    "first": "lead_first_name", "middle": "lead_middle_name", "last": "lead_last_name",
    "full": FULL_NAME, "infix": "lead_middle_name", "phone": "lead_phone", "timezone": "lead_utc",
    "notes": "lead_description", "tags": "add_tags", "list": "add_to_lists",
    "facebook": "lead_facebook", "instagram": "lead_instagram", "telegram": "lead_telegram",
    "linkedin": "lead_in", "vk": "lead_vkontakte", "viber": "lead_viber",
    "whatsapp": "lead_whatsapp",
}  # fmt: skip
CALLED = {  # how comments call what a header names
    "first": "first name", "middle": "middle name", "last": "last name", "full": "whole name",
    "timezone": "time zone", "zip": "postal code", "street2": "second address line",
    "infix": "particle of a name", "linkedin": "LinkedIn", "vk": "VK",
}  # fmt: skip
_NETWORKS = {
    "linkedin.com/in/": "linkedin", "facebook.com/": "facebook", "instagram.com/": "instagram",
    "t.me/": "telegram", "vk.com/": "vk", "wa.me/": "whatsapp",
}  # fmt: skip
_ADDRESS = {
    "street": "address_1", "street2": "address_2", "city": "city", "state": "state", "zip": "zip",
    "country": "country_code",
}  # fmt: skip
_BLOCK_OF = {
    "": "person",
    "main": "person",
    "home": "person",
    "shipping": "shipping",
    "work": "work",
}
_NAMES = frozenset({"first", "middle", "last", "full"})


@dataclass(frozen=True, slots=True)
class Fit:
    """How well one column fits one field.

    Attributes:
        score: 0 to 1; below ``SURE`` a person has to decide.
        why: For people.
    """

    field: str
    column: str
    score: float
    why: str


class Table:
    """A spreadsheet as far as it was looked at: headings and contents of its columns."""

    def __init__(self, header: Sequence[str], contents: Mapping[str, Content]) -> None:
        self.header = tuple(header)
        self.contents = contents
        self.headings = {
            column: heading
            if contents[column].emails
            else _of_cells(_of_post(heading), contents[column])
            for column, heading in read_headers(header).items()
        }

    def fits(self) -> list[Fit]:
        """Return what each column may be, impossible pairs left out."""
        return [fit for column in self.header for fit in self._fits(column)]

    def _fits(self, column: str) -> list[Fit]:
        heading, content = self.headings[column], self.contents[column]
        if content.is_empty:
            return []
        found = self._by_header(column, heading, content)
        for other in heading.also if not any(fit.score >= SURE for fit in found) else ():
            means = replace(heading, head=other, heads=(other,))
            better = self._by_header(column, means, content)
            found = better if any(fit.score >= SURE for fit in better) else found
        if found or not heading.says_nothing:
            return found
        return self._by_content(column, heading, content)

    # -- by the header ----------------------------------------------------------------------------

    def _by_header(self, column: str, heading: Heading, content: Content) -> list[Fit]:
        head = heading.head
        if head == "name":
            return self._generic_name(column, heading, content)
        if not head and _is_sms(heading, content):
            return [Fit("lead_phone", column, 0.8, Message("SMS, and its cells are phone numbers"))]
        if not head and heading.kinds == ("url",):
            return _profile_links(column, content)
        if head in _ADDRESS:
            return self._address(column, heading, content)
        field = _SIMPLE.get(head)
        if field is None:
            return self._part_of_notes(column, heading)
        if head in ("first", "last") and self._is_whole_name(head, content):
            return [
                Fit(FULL_NAME, column, 0.75, Message("most of its cells have first and last names"))
            ]
        score, why = self._weighed(head, heading, content)
        if head == "timezone" and self._is_beside_a_time(column):
            score, why = (
                min(score, 0.5),
                Message("beside a column of times: perhaps the zone of those"),
            )
        if head == "infix":
            score, why = min(score, 0.5), Message("a particle of the last name, or a middle name")
        if field in ("add_tags", "add_to_lists"):
            score, why = (
                min(score, SURE - 0.05),
                Message("{why}; off, because it may start mailings", why=why),
            )
        return [Fit(field, column, score, why)] if score > 0 else []

    def _weighed(self, head: str, heading: Heading, content: Content) -> tuple[float, str]:
        """Return the score of a header that names a field, its cells considered."""
        score, why = self._of_header(head, heading)
        if score <= 0:
            return 0.0, why
        objection = objection_of(head, content)
        if objection:
            return min(score, 0.4), Message("{why}, but {objection}", why=why, objection=objection)
        return score, Message.joined("; ", (why, _cells_say(head, content)))

    def _of_header(self, head: str, heading: Heading) -> tuple[float, str]:
        if heading.whose:
            return 0.0, Message("of {whose}", whose=describe(heading.whose))
        allowed = {"url", "nick"} if head in SOCIALS else set()
        if set(heading.kinds) - allowed or heading.consent:
            return 0.0, Message("its header says that it is something else")
        named = {other for other in heading.heads if other in (*_SIMPLE, *_ADDRESS)}
        if head == "phone":
            named -= {"whatsapp", "viber"}  # "Mobile / WhatsApp" is one number
        if len(named) > 1:
            return 0.45, Message(
                "its header names several things: {heads}",
                heads=Message.joined(", ", map(_called, heading.heads)),
            )
        if heading.unknown:
            return (
                0.5,
                Message(
                    "its header says {called} and {unknown!r}, which is not known",
                    called=_called(head),
                    unknown=heading.unknown[0],
                ),
            )
        if heading.is_typo:
            return 0.75, Message("its header is nearly {called}", called=_called(head))
        return self._of_place(head, heading)

    def _of_place(self, head: str, heading: Heading) -> tuple[float, str]:
        """A second phone, a billing name: fully understood, and still not the first choice."""
        if head in _NAMES | {"phone"} and heading.where in ("billing", "shipping"):
            if self._has_plain(head):
                return 0.4, Message(
                    "of the {where} address; another column has the contact's own",
                    where=_called(heading.where),
                )
            return 0.8, Message("of the {where} address", where=_called(heading.where))
        if head == "notes" and heading.where:
            return 0.5, Message("its header says notes, and {where}", where=_called(heading.where))
        if heading.where == "other" or (heading.rank > 1 and head != "phone"):
            return 0.45, Message("a second one")
        return 0.95, Message("its header says {called}", called=_called(head))

    def _has_plain(self, head: str) -> bool:
        """Whether another column holds the same of the contact, not of one of its addresses."""
        return any(
            other.head == head
            and not (other.whose or other.kinds or other.consent or other.unknown)
            and other.where in ("", "main", "home", "work")
            and not self.contents[column].is_empty
            for column, other in self.headings.items()
        )

    def _part_of_notes(self, column: str, heading: Heading) -> list[Fit]:
        """A company or a job has no field of its own; the notes can hold it."""
        is_own = not (heading.whose or heading.kinds or heading.consent)
        if heading.head in ("company", "job") and is_own:
            why = Message(
                "a {head} has no field of its own; the notes can hold it",
                head=_called(heading.head),
            )
            return [Fit("lead_description", column, 0.3, why)]
        return []

    def _is_whole_name(self, head: str, content: Content) -> bool:
        """ "Vorname: Ann Smith" without a column of last names beside it."""
        other = "last" if head == "first" else "first"
        return content.several_words > 0.6 and not self._has_plain(other)

    def _is_beside_a_time(self, column: str) -> bool:
        """ "Date, Time, TimeZone": the zone in which an event is given, not the contact's."""
        at = self.header.index(column)
        before = self.contents[self.header[at - 1]] if at else None
        return before is not None and before.share(is_time) >= 0.8

    # -- names ------------------------------------------------------------------------------------

    def _generic_name(self, column: str, heading: Heading, content: Content) -> list[Fit]:
        """ "Name", "Nome", "Nom": what is beside it tells which name is meant."""
        score, why = self._weighed("full", heading, content)
        if score <= 0:
            return []
        first, last = self._has_plain("first"), self._has_plain("last")
        whole = content.several_words >= 0.5
        if first and last:
            return [
                Fit(
                    FULL_NAME,
                    column,
                    0.3,
                    Message("first and last names have columns of their own"),
                )
            ]
        if (first or last) and whole:
            return [
                Fit(
                    FULL_NAME,
                    column,
                    0.6,
                    Message("whole names, beside a column with a part of them"),
                )
            ]
        if first:
            return [
                Fit(
                    "lead_last_name",
                    column,
                    min(score, 0.85),
                    Message("beside a column of first names"),
                )
            ]
        if last:
            return [
                Fit(
                    "lead_first_name",
                    column,
                    min(score, 0.85),
                    Message("beside a column of last names"),
                )
            ]
        if self._has_rival_name(column):
            why = Message("another column is called a name too, and one of them may be a company's")
            return [Fit(FULL_NAME, column, min(score, 0.6), why)]
        return [Fit(FULL_NAME, column, min(score, 0.9), why)]

    def _has_rival_name(self, column: str) -> bool:
        """Whether another column is plainly a name, and its cells are as much like names."""
        return any(
            other.head == "name"
            and name != column
            and not (other.whose or other.kinds or other.consent or other.unknown or other.where)
            and other.rank == 1
            and not self.contents[name].is_empty
            and not objection_of("full", self.contents[name])
            and self.contents[name].values.keys() != self.contents[column].values.keys()
            for name, other in self.headings.items()
        )

    # -- addresses --------------------------------------------------------------------------------

    def _address(self, column: str, heading: Heading, content: Content) -> list[Fit]:
        head = heading.head
        score, why = self._weighed(head, heading, content)
        if score <= 0:
            return []
        part = _ADDRESS[head]
        if heading.where == "billing":
            return [Fit(f"lead_billing_{part}", column, score, why)]
        if not self._is_of_block(head, heading):
            why = Message("{why}; of another address than the one that is sent", why=why)
            return [Fit(f"lead_shipping_{part}", column, min(score, 0.45), why)]
        if heading.where in ("main", "home", "work"):
            score = max(0.0, score - 0.02)  # of two in one block the one that says nothing more
        return [Fit(f"lead_shipping_{part}", column, score, why)]

    def _is_of_block(self, head: str, heading: Heading) -> bool:
        """Whether a column belongs to the address that is sent as a whole.

        A street here and a postal code there would be nobody's address. Only the country is taken
        from another block where the chosen one has none.
        """
        block = _BLOCK_OF.get(heading.where, "")
        chosen = max(self._blocks, key=lambda name: len(self._blocks[name]), default="")
        return block == chosen or (head == "country" and head not in self._blocks[chosen])

    @cached_property
    def _blocks(self) -> dict[str, set[str]]:
        """Which parts of an address each block has; of equals the first is chosen."""
        found: dict[str, set[str]] = {"shipping": set(), "person": set(), "work": set()}
        for column, heading in self.headings.items():
            is_part = heading.head in _ADDRESS and heading.rank == 1 and not heading.unknown
            is_own = not (heading.whose or heading.kinds or heading.consent)
            if is_part and is_own and not self.contents[column].is_empty:
                found.get(_BLOCK_OF.get(heading.where, ""), set()).add(heading.head)
        return found

    # -- by the cells alone -----------------------------------------------------------------------

    def _by_content(self, column: str, heading: Heading, content: Content) -> list[Fit]:
        """What a column holds whose header says nothing ("c1"), where its cells are unmistakable.

        A word that is not known is not nothing: it may be "fax" in another language.
        """
        score = 0.8 if all(len(word) < 2 for word in heading.unknown) else 0.5
        if content.filled < 2:
            return []
        if content.phones >= 0.9 and content.share(_is_plainly_a_phone) >= 0.9:
            return [Fit("lead_phone", column, score, Message("its cells are phone numbers"))]
        if content.countries >= 0.95 and content.share(lambda cell: len(cell) > 3) >= 0.9:
            return [
                Fit("lead_shipping_country_code", column, score, Message("its cells are countries"))
            ]
        if content.offsets >= 0.95 and content.share(lambda cell: "/" in cell) >= 0.9:
            return [Fit("lead_utc", column, score, Message("its cells are time zones"))]
        return []


def _called(head: str) -> Message:
    """How comments call what a header names."""
    return Message(CALLED.get(head, head))


def _of_post(heading: Heading) -> Heading:
    """ "AddressMailCity" without an e-mail address in it: the city for letters."""
    if heading.head == "email" and heading.heads[1:2] and heading.heads[1] in _ADDRESS:
        return replace(heading, head=heading.heads[1], heads=heading.heads[1:])
    return heading


def _is_sms(heading: Heading, content: Content) -> bool:
    """ "SMS" is how some services call the mobile phone."""
    is_only_sms = heading.consent == ("channel",) and not (heading.kinds or heading.unknown)
    return is_only_sms and content.phones >= 0.9


def _is_plainly_a_phone(cell: str) -> bool:
    return cell.lstrip("'").startswith(("+", "(", "00"))


def _of_cells(heading: Heading, content: Content) -> Heading:
    """ "CEP" is a mobile phone in Turkish and a postal code in Portuguese: the digits tell."""
    if heading.head == "phone" and "zip" in heading.also and not _has_enough_digits(content):
        return replace(heading, head="zip", heads=("zip",), is_mobile=False)
    return heading


def _has_enough_digits(content: Content) -> bool:
    """Whether the cells can be mobile numbers: no plan has fewer than nine digits for them here."""
    return content.share(lambda cell: sum(map(str.isdigit, cell)) >= 9) >= 0.5


def _profile_links(column: str, content: Content) -> list[Fit]:
    for address, head in _NETWORKS.items():
        if content.share(lambda cell, address=address: address in cell.lower()) >= 0.9:  # type: ignore[misc]
            return [
                Fit(
                    _SIMPLE[head],
                    column,
                    0.85,
                    Message("its cells are links to {address}…", address=address),
                )
            ]
    return []


def _cells_say(head: str, content: Content) -> str:
    shares = {"country": "countries", "phone": "phones", "timezone": "offsets"}
    named = {"country": "countries", "phone": "phone numbers", "timezone": "time zones"}
    if head in shares:
        share: float = getattr(content, shares[head])
        return Message(
            "{share:.0%} of its cells are {named}", share=share, named=Message(named[head])
        )
    return counted(content)
