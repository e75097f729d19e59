"""``="007"`` and ``'007``: marks that keep a spreadsheet program from changing a text, taken off once.

They are how the cell is written, not what it says: ``="Anna"`` displays ``Anna``. An apostrophe is a
mark where what follows would be changed without it (``'007``, ``'+1 202…``, ``'=x``), or where most
cells of the row begin with one; ``'s-Hertogenbosch``, ``'t Hooft`` and ``'90s`` are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_FORMULA = re.compile(r'\s*="((?:[^"]|"")*)"\s*')
_CHANGED_WITHOUT = re.compile(
    r"'(?:[=@\uff1d\uff0b\uff20].*|[+-]\S.*|0\d.*|\d[\d\s().,:/-]{2,}|[^\s@']+@[^\s@']+\.[^\s@']+)",
    re.DOTALL,
)
_ANY = re.compile(r"'(?![stn][\s-])[^\s'](?:.*[^'])?", re.DOTALL)
_FEWEST_IN_ROW = 3


def unguarded(cells: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the cells without guards, and the positions of those that had one.

    Rows without an apostrophe or ``="`` have no guards; callers check that first, for speed.
    """
    apostrophes = sum(cell.startswith("'") for cell in cells)
    filled = sum(bool(cell) for cell in cells)
    is_row_guarded = apostrophes >= _FEWEST_IN_ROW and apostrophes * 2 > filled
    guard = _ANY if is_row_guarded else _CHANGED_WITHOUT
    found = list(cells)
    changed: list[int] = []
    for at, cell in enumerate(cells):
        if cell.startswith("'") and guard.fullmatch(cell):
            found[at] = cell[1:]
        elif '="' in cell and (match := _FORMULA.fullmatch(cell)):
            found[at] = match[1].replace('""', '"')
        else:
            continue
        changed.append(at)
    return found, changed
