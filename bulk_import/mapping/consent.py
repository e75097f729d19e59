"""Columns that say who may be written to: recognised, judged, and the rule that respects them.

``init`` proposes the rules, ``check``, the plan and the page count what says no and would be sent.
A column is recognised by its header; for a plain ``Status`` the cells decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bulk_import.errors import Message
from bulk_import.mapping.consent_headers import (
    Speaks,
    is_noun_of_bounces,
    is_of_opt_in,
    may_be_for_money,
    names_mailings,
    reason_of,
    speaks_of,
)
from bulk_import.models import Problem, Severity
from bulk_import.normalize.consent import (
    answers_no,
    begins_with_no,
    folded_cell,
    is_no,
    is_yes,
    plain_no,
    refuses,
    says_subscribed,
    says_unsubscribed,
    undated,
)
from bulk_import.normalize.consent_pairs import answered_in_pairs
from bulk_import.normalize.remarks import refusal_in, refusals_in

EMPTY = "empty"  # in a rule's values: the cell is empty
SAYS_NO = (
    "says no"  # in a rule's values: the cell has words that say no, such as "please do not e-mail"
)


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """A rule for a mapping, as ``init`` writes it.

    Attributes:
        section: ``skip`` or ``only``.
        values: What the rule's ``values:`` holds; ``empty`` for an empty cell, ``says no`` for a
            remark that says so.
        because: What the report says of the rows.
    """

    section: str
    column: str
    values: tuple[str, ...]
    because: str


_DETAILS = (Speaks.OF_DETAIL, Speaks.OF_CODE, Speaks.OF_TERMS)
_NO_LETTER = re.compile(r"[\d\s.:,/+TZ-]*$")  # dates and numbers, which most details are
_LONGEST_CODE = 2
_MOST_VALUES = 40  # distinct cells that init writes into a rule
_NO_VALUES = (EMPTY, "no", "false", "0")
_YES_VALUES = ("yes", "true", "1")
_STATE_VALUES = (
    "unsubscribed", "opted out", "do not contact", "bounced", "cleaned", "complained", "blocked"
)  # fmt: skip


def says_no(speaks: Speaks, cell: str) -> bool:
    """Whether a cell of such a column says that the person must not be written to.

    An empty cell says nothing. In a column of refusals everything does that is no plain "no":
    dates, reasons, a cross.
    """
    if not cell.strip():
        return False
    if speaks is Speaks.OF_REFUSAL:
        return not (is_no(cell) or says_subscribed(cell))
    if speaks is Speaks.OF_CONSENT:
        said = is_no(cell) or says_unsubscribed(cell, also_weak=True)
        said = said or is_no(undated(cell)) or answers_no(cell) or bool(refusal_in(cell))
        return said or refuses(cell) or begins_with_no(cell) or answered_in_pairs(cell) is False
    if speaks is Speaks.OF_REMARKS:
        return bool(refusal_in(cell))
    if speaks is Speaks.OF_DETAIL:
        return answers_no(cell) or refuses(cell)
    if speaks is Speaks.OF_ANSWER:
        return is_yes(cell) or says_unsubscribed(cell, also_weak=True) or bool(refusal_in(cell))
    if speaks is Speaks.OF_CODE:
        return len(plain_no(cell)) > _LONGEST_CODE or refuses(cell)
    return says_unsubscribed(cell)


def words_say_no(column: str, cell: str) -> bool:
    """Whether a cell is one that `says no` means in a rule of that column."""
    speaks = speaks_of(column)
    return bool(refusal_in(cell)) or (speaks is not None and says_no(speaks, cell))


def keeps_refusals(column: str) -> bool:
    """Whether nothing but what says no is kept of a column: its cells are different in every row."""
    return speaks_of(column) in (Speaks.OF_REMARKS, *_DETAILS)


def heard(column: str, cell: str) -> str:
    """Return what has to be kept of one cell of a column that speaks of consent.

    That is the cell; of a remark, which may be long and is different in every row, the words that
    say no; of a detail of a consent the cell if it says no.
    """
    return all_heard(column, [cell])[0]


def all_heard(column: str, cells: Sequence[str]) -> Sequence[str]:
    """Return ``heard`` of each of *cells*, at a fraction of its cost where most do not say no."""
    speaks = speaks_of(column)
    if speaks is Speaks.OF_REMARKS:
        return refusals_in(cells)
    if speaks in _DETAILS:
        is_plain, known = _NO_LETTER.match, dict[str, str]()
        for cell in set(cells):
            known[cell] = "" if is_plain(cell) or not says_no(speaks, cell) else cell
        return [known[cell] for cell in cells]
    return cells


def refusing_cells(header: str, counts: Mapping[str, int]) -> dict[str, int]:
    """Return the cells of a column that say no, and how many rows have each.

    Args:
        counts: Cell -> rows, empty cells included or not.

    Returns:
        Nothing when the column does not speak of consent after all: ``Subscription: Monthly``.
    """
    speaks = speaks_of(header)
    filled = {cell: n for cell, n in counts.items() if cell.strip()}
    if speaks is None:
        return {}
    if _is_numbered(header, speaks, filled):
        return {"2": filled["2"]}
    if not _is_meant(header, speaks, filled):
        if speaks is not Speaks.OF_CONSENT:
            return {}
        # "Newsletter: weekly, monthly, no": most cells answer another question, and some this one.
        speaks = Speaks.OF_TERMS if may_be_for_money(header) else Speaks.OF_DETAIL
        return {c: n for c, n in filled.items() if says_no(speaks, c) or refusal_in(c)}
    also_weak = speaks is Speaks.OF_STATE and _is_of_subscriptions(header, filled)
    return {
        cell: n
        for cell, n in filled.items()
        if says_no(speaks, cell) or (also_weak and says_unsubscribed(cell, also_weak=True))
    }


def propose_rule(header: str, counts: Mapping[str, int]) -> ConsentRule | None:
    """Return the rule that respects a column; ``None`` when it does not speak of consent.

    A column of refusals gives ``only`` with the plain "no"s, so that a value never seen before is
    not sent; one of consent gives ``only`` with the values that say yes, when all are understood,
    and so does one of states when some of them are plain consents.

    Args:
        counts: Cell -> rows of the file, or of its beginning.
    """
    speaks = speaks_of(header)
    filled = {cell: n for cell, n in counts.items() if cell.strip()}
    if speaks is None or not filled:
        return None
    because = reason_of(header)
    if not _is_meant(header, speaks, filled) or _is_numbered(header, speaks, filled):
        refused = list(refusing_cells(header, filled))
        return _rule("skip", header, refused, "no consent") if refused else None
    if keeps_refusals(header):
        said = any(says_no(speaks, cell) for cell in filled)
        why = "asked not to be contacted" if speaks is Speaks.OF_REMARKS else "no consent"
        return _rule("skip", header, (SAYS_NO,), why) if said else None
    if speaks is Speaks.OF_REFUSAL:
        agreed = (cell for cell in filled if not says_no(speaks, cell))
        return _rule("only", header, (*_NO_VALUES, *agreed), because or "no consent")
    if speaks is Speaks.OF_CONSENT:
        understood = sum(n for cell, n in filled.items() if _is_understood(cell))
        if understood * 10 >= sum(filled.values()) * 9:
            agreed = (cell for cell in filled if _is_understood(cell) and not says_no(speaks, cell))
            return _rule("only", header, (*_YES_VALUES, *agreed), "no consent")
        refused = [cell for cell in filled if says_no(speaks, cell)]
        return _rule("skip", header, (*_NO_VALUES, *refused), "no consent")
    refused = list(refusing_cells(header, filled))
    if speaks is Speaks.OF_ANSWER:
        return _rule("skip", header, (*_YES_VALUES, *refused), because) if refused else None
    if not refused and not any(says_subscribed(cell) for cell in filled):
        return None
    if any(_is_plain_consent(cell) for cell in filled):  # states never seen before are no consent
        agreed = (cell for cell in filled if says_subscribed(cell) and cell not in refused)
        return _rule("only", header, agreed, because or "not subscribed")
    return _rule("skip", header, (*_STATE_VALUES, *refused), because or "unsubscribed")


class ConsentWatch:
    """Counts, in the consent columns of rows that would be sent, the cells that say no."""

    def __init__(self, header: Sequence[str]) -> None:
        self._rows = 0
        self._counts: dict[str, Counter[str]] = {
            column: Counter() for column in header if speaks_of(column)
        }

    @property
    def is_watching(self) -> bool:
        """Whether the file has any column that may speak of consent."""
        return bool(self._counts)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._counts)

    def see(self, cells: Mapping[str, str], rows: int = 1) -> None:
        """Count rows that would be sent and have these cells."""
        self._rows += rows
        for column, counter in self._counts.items():
            counter[heard(column, cells[column])] += rows

    def findings(self) -> list[Problem]:
        """Return what would be sent although a column says no; for each column."""
        found = []
        for column, counter in self._counts.items():
            refusing = Counter(refusing_cells(column, counter))
            if refusing:
                shown = ", ".join(repr(cell.strip()) for cell, _ in refusing.most_common(3))
                more = (
                    Message(" and {n} other ways", n=len(refusing) - 3) if len(refusing) > 3 else ""
                )
                values = {
                    "n": refusing.total(), "rows": self._rows, "shown": shown, "more": more,
                }  # fmt: skip
                if speaks_of(column) is Speaks.OF_REMARKS:
                    text = Message(
                        "{n:,} of {rows:,} rows have a remark such as {shown}{more} and would be "
                        "sent; a skip rule with the value `says no` keeps them back",
                        **values,
                    )
                else:
                    text = Message(
                        "{n:,} of {rows:,} rows say {shown}{more} and would be sent; a "
                        "skip or only rule in the mapping keeps them back",
                        **values,
                    )
                found.append(
                    Problem("CONSENT_IGNORED", text, column=column, severity=Severity.WARNING)
                )
        return found


def unheeded(findings: Iterable[tuple[str, Problem]]) -> list[str]:
    """Return the columns that say plainly that people must not be written to who would be.

    A remark ("please do not e-mail") is somebody's words, and may be about another thing.

    Args:
        findings: (source, problem).
    """
    found = [p.column for _, p in findings if p.code == "CONSENT_IGNORED"]
    return [name for name in dict.fromkeys(found) if speaks_of(name) is not Speaks.OF_REMARKS]


def _rule(section: str, column: str, values: Iterable[str], because: str) -> ConsentRule:
    kept: dict[str, str] = {}
    for value in values:
        kept.setdefault(folded_cell(value), value.strip())
    found = tuple(kept.values())
    if len(found) > _MOST_VALUES and section == "skip":
        found = (SAYS_NO, *found)  # the words that the rest have in common
    return ConsentRule(section, column, found[:_MOST_VALUES], because)


def _is_meant(header: str, speaks: Speaks, filled: Mapping[str, int]) -> bool:
    """Whether the cells fit what the header says."""
    if speaks in (Speaks.OF_REMARKS, Speaks.OF_ANSWER, *_DETAILS):
        return True
    if speaks is Speaks.OF_REFUSAL:
        return not (is_noun_of_bounces(header) and _are_counts(filled))
    total = sum(filled.values())
    understood = sum(
        n for cell, n in filled.items() if _is_understood(cell) or _is_understood(undated(cell))
    )
    if speaks is Speaks.OF_CONSENT:
        return understood * 2 >= total
    also_weak = _is_of_mailings(header, filled)
    return any(
        says_unsubscribed(cell, also_weak=also_weak) or _is_plain_consent(cell) for cell in filled
    )


def _is_numbered(header: str, speaks: Speaks, filled: Mapping[str, int]) -> bool:
    """Whether a column answers with 1 for yes and 2 for no, as ``DOUBLE_OPT-IN`` of Brevo does."""
    return speaks is Speaks.OF_CONSENT and set(filled) == {"1", "2"} and is_of_opt_in(header)


def _are_counts(filled: Mapping[str, int]) -> bool:
    """Whether the cells are numbers of times ("Bounces: 3"), not a 0 or 1 that answers a question."""
    numbers = [cell.strip() for cell in filled if cell.strip().isdecimal()]
    return len(numbers) == len(filled) and any(1 < int(number) < 1000 for number in numbers)


def _is_of_subscriptions(header: str, filled: Mapping[str, int]) -> bool:
    """Whether a status is one of subscriptions: its weak words ("cleaned", "blocked") count too."""
    return _is_of_mailings(header, filled) or any(
        says_unsubscribed(cell) or _is_plain_consent(cell) for cell in filled
    )


def _is_of_mailings(header: str, filled: Mapping[str, int]) -> bool:
    """Whether a status says that it is of mailings, and its cells do not speak of payments."""
    is_of_money = may_be_for_money(header) and any(folded_cell(cell) in _PAID for cell in filled)
    return names_mailings(header) and not is_of_money


def _is_plain_consent(cell: str) -> bool:
    """Subscribed and the like: words that a status of customers or orders does not have."""
    return says_subscribed(cell) and folded_cell(cell) in _PLAIN_CONSENT


_PAID = frozenset(
    "trial|trialing|trialling|on trial|past due|past_due|paid|unpaid|free|premium|пробная|оплачена|"
    "бесплатная|истекла|testphase|bezahlt|kostenlos|essai|gratuit|gratis".split("|")
)
_PLAIN_CONSENT = frozenset(
    "subscribed|opted in|opt-in|opted-in|marketing contact|подписан|подписана|abonniert|angemeldet|abonné|"
    "abonnée|inscrit|suscrito|suscrita|inscrito|iscritto|iscritta|zapisany|zapisana|subskrybuje|abone".split(
        "|"
    )
)


def _is_understood(cell: str) -> bool:
    return (
        is_yes(cell)
        or is_no(cell)
        or says_subscribed(cell)
        or says_unsubscribed(cell, also_weak=True)
        or answers_no(cell)
        or begins_with_no(cell)
        or answered_in_pairs(cell) is not None
    )
