"""Why a run that asks nobody must not begin: somebody said no, and the mapping does not look at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bulk_import.errors import Message


def reasons_to_stop(columns: Sequence[str], sheets: Sequence[str]) -> Iterator[Message]:
    """Yield why.

    Args:
        columns: Their cells say no of people who would be written to.
        sheets: Their names say no, and no suppression list keeps back the people on them.
    """
    if columns:
        yield Message(
            "nothing was sent: cells of {columns} say that people must not be written to, "
            "and no rule looks at them. Add a skip or only rule (`bulk-import init` "
            "proposes one), or write `when: {{says_no: send}}` if it means something else",
            columns=", ".join(map(repr, columns)),
        )
    if sheets:
        yield Message(
            "nothing was sent: the name of sheet {sheets} says that the people on it must not "
            "be written to, and nothing keeps them back. Name it under `suppress:` "
            "(file: and sheet:), or write `when: {{says_no: send}}` if it means something else",
            sheets=", ".join(map(repr, sheets)),
        )
