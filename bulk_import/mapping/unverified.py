"""Names of lists and managers in cells, where the account was not asked for its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from bulk_import.api.fields import FIELDS, Kind
from bulk_import.errors import Message
from bulk_import.models import Problem, Severity

_ID = re.compile(r"[\d.,;|\s]+")  # needs no look-up
_MOST_SHOWN = 3


def unverified_names(field: str, column: str, cells: Mapping[str, int]) -> Problem | None:
    """Return the warning that the names in a column were not compared with the account.

    Args:
        field: The API field that the column feeds.
        cells: Cell -> rows that would be sent.
    """
    named = Counter({cell: n for cell, n in cells.items() if cell and not _ID.fullmatch(cell)})
    if not named:
        return None
    is_list = FIELDS[field].kind is Kind.LISTS
    what, command = (Message("lists"), "lists") if is_list else (Message("managers"), "managers")
    shown = ", ".join(repr(cell.strip()[:40]) for cell, _ in named.most_common(_MOST_SHOWN))
    more = (
        Message(" and {n:,} more", n=len(named) - _MOST_SHOWN) if len(named) > _MOST_SHOWN else ""
    )
    rows = named.total()
    text = Message(
        "{n:,} {rows} {what} ({shown}{more}) that were not compared with the "
        "account; the run refuses rows with a name that the account does not have "
        "(`bulk-import {command}` shows them)",
        n=rows,
        rows=Message("row names") if rows == 1 else Message("rows name"),
        what=what,
        shown=shown,
        more=more,
        command=command,
    )
    return Problem("NAMES_UNVERIFIED", text, column, field, severity=Severity.WARNING)
