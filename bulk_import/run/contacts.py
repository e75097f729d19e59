"""Several rows of one contact, and one address in many rows: what only all judged rows show."""

from __future__ import annotations

from collections.abc import Iterator

from bulk_import.errors import Message
from bulk_import.journal import Journal
from bulk_import.models import Problem, Severity
from bulk_import.normalize.emails import is_placeholder

MANY_ROWS = 5  # rows with one address: above this it is hardly one person's address
_MOST_NAMED = 5


def contact_findings(journal: Journal, *, duplicates: str) -> list[Problem]:
    """Return warnings about contacts that have several rows among those that would be sent.

    Args:
        duplicates: The mapping's ``when: duplicate``.
    """
    shared = journal.rows_per_address()
    second = sum(rows - 1 for rows in shared.values())
    if not second:
        return []
    return [*_many_rows(shared), *_second_rows(second, len(shared), duplicates)]


def _many_rows(shared: dict[str, int]) -> Iterator[Problem]:
    named = 0
    for email, rows in shared.items():  # the most rows first
        is_empty_word = is_placeholder(email)
        if rows < MANY_ROWS and not is_empty_word:
            continue
        named += 1
        if named > _MOST_NAMED:
            return
        what = (
            Message("a placeholder, nobody's address")
            if is_empty_word
            else Message("probably not their own")
        )
        yield Problem(
            "ADDRESS_SHARED",
            Message(
                "{rows:,} rows share {email} ({what}); the server would make one contact of them",
                rows=rows,
                email=email,
                what=what,
            ),
            value=email,
            severity=Severity.WARNING,
        )


def _second_rows(second: int, contacts: int, duplicates: str) -> Iterator[Problem]:
    what = {
        "send": Message("they are sent in file order, and the last one wins"),
        "first": Message("only the first row of each contact is sent"),
        "last": Message("only the last row of each contact is sent"),
        "merge": Message("the rows of each contact are merged into one"),
    }.get(duplicates, Message("they are refused"))
    yield Problem(
        "CONTACT_ROWS",
        Message(
            "{n:,} {rows} of a contact ({several}); {what} (when: duplicate:)",
            n=second,
            rows=Message("row is a second row") if second == 1 else Message("rows are second rows"),
            several=Message("{n:,} contact has several", n=contacts)
            if contacts == 1
            else Message("{n:,} contacts have several", n=contacts),
            what=what,
        ),
        severity=Severity.WARNING,
    )
