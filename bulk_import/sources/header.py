"""Which line of a file holds the names of the columns.

Titles, comments, notes and group headings may precede it; units, technical names and examples may
follow it. The header is the line that has a name for each filled column below and whose cells are of
another kind than theirs: ``E-mail`` above addresses, ``Phone`` above numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LOOKED_AT = 40  # lines in which the header must be found
_MOST_COLUMNS = 200  # that are looked at
_TYPED = 0.6  # share of a column's cells that are of one kind
_FEW_WORDS = 6

_KINDS = (
    ("email", re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")),
    ("url", re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)),
    ("date", re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[T ]\d.*)?|\d{1,2}:\d\d(?::\d\d)?")),
    ("number", re.compile(r"[+(]?[\d][\d\s().,/%+-]*|[+-]\d[\d.,%]*")),
    ("flag", re.compile(r"(?:true|false|yes|no|да|нет|ja|nein)", re.IGNORECASE)),
)
_DATA = frozenset({"email", "url", "date", "number"})
_EXAMPLE = re.compile(
    r"(?:e\.\s?g\.|example|sample|z\.\s?b\.|beispiel|например|пример|p\.\s?ej\.|ejemplo|par ex|exemple"
    r"|es\.\s|esempio|np\.\s|przykład|örnek)(?=[\s:(]|$)",
    re.IGNORECASE,
)
_EXAMPLE_ADDRESS = re.compile(
    r"(?:example|sample|your[._-]?(?:e?mail|name)|e-?mail)@"
    r"(?:example\.(?:com|org|net)|(?:your-?)?(?:domain|company|email|mail)\.com)",
    re.IGNORECASE,
)
# What the column of addresses holds in a second line of headings; a damaged address never matches.
_HEADING = re.compile(
    r"^[^@]*(?:(?<![a-z])e?[ _-]?mail|почт|адрес|correo|courriel|posta|poczt|メール|邮|郵)[^@.]*$"
    r"|^[^\w@]*(?:text|string|str|char|varchar|free text|required|mandatory|optional|unique|key|format|"
    r"pflicht(?:feld)?|erforderlich|optional|obligatoire|facultatif|obligatorio|opcional|obbligatorio|"
    r"текст|строка|обязательно|обязательное|необязательно|[a-z])[^\w@]*$",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s+")
# An address, a broken one included: "anna@example" is a person of the list, not a column's name.
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]*|[^@]*<[^@<>]+@[^@<>]+>")


@dataclass(frozen=True, slots=True)
class Choice:
    """The header among the lines that were looked at.

    Attributes:
        at: Its position.
        is_doubtful: It may be a row of data.
        second: Positions of further lines of headings below it.
        example: Position of a line that only shows how to fill the table in; ``None``: none.
    """

    at: int
    is_doubtful: bool = False
    second: tuple[int, ...] = ()
    example: int | None = None


def kind_of_cell(text: str) -> str:
    """Return ``email``, ``url``, ``date``, ``number``, ``flag`` or ``text``; ``""`` for a blank cell."""
    text = text.strip()
    if not text:
        return ""
    if len(text) > 254:
        return "text"
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(text)), "text")


def folded(name: str) -> str:
    """Return a column's name as it is compared: case and blanks do not matter."""
    return _BLANKS.sub(" ", name).strip().casefold()


def bare_list(lines: Sequence[Sequence[str]]) -> bool | None:
    """Whether *lines* begin a list of addresses without a header: their first line is a person.

    Returns:
        ``None`` if it is unclear: one address above a line that could be the header.
    """
    filled = [line for line in lines if any(cell.strip() for cell in line)]
    if not filled:
        return False
    columns = [at for at, cell in enumerate(filled[0]) if _ADDRESS.fullmatch(cell.strip())]
    for column in columns:
        cells = [line[column].strip() for line in filled if column < len(line)]
        here = [bool(_ADDRESS.fullmatch(cell)) for cell in cells if cell]
        if sum(here) < _TYPED * len(here):
            continue
        if len(here) > 2 and not here[1]:
            first, second = (sum(bool(cell.strip()) for cell in line) for line in filled[:2])
            return False if first < second else None  # narrower than the next line: a title
        return True
    return False


def choose_header(lines: Sequence[Sequence[str]], columns: Sequence[str] = ()) -> Choice | None:
    """Return which of *lines* is the header; ``None`` if all are blank.

    Args:
        lines: The first cells of a file.
        columns: Names that a mapping expects; a line that has them is the header.
    """
    grid = [[kind_of_cell(cell) for cell in line[:_MOST_COLUMNS]] for line in lines]
    filled = [at for at, kinds in enumerate(grid) if any(kinds)]
    if not filled:
        return None
    wanted = {folded(column) for column in columns}
    typed_below = _typed_below(grid)
    scored = [(_score(at, lines, grid, typed_below[at], wanted), -at) for at in filled]
    at = -max(scored)[1]
    typed = typed_below[at]
    second = _second(at, lines, grid, typed)
    if second and _repeats(lines[at]) and not _repeats(lines[second[0]]):
        at, second = second[0], second[1:]  # group headings stand above it
    return Choice(
        at,
        is_doubtful=_is_doubtful(lines[at], grid[at], typed, wanted),
        second=second,
        example=_example(at, lines, second),
    )


def _repeats(line: Sequence[str]) -> bool:
    """Whether a line has one name twice, as groups of columns have."""
    names = [folded(cell) for cell in line if cell.strip()]
    return len(set(names)) < len(names)


def _score(
    at: int,
    lines: Sequence[Sequence[str]],
    grid: list[list[str]],
    typed: dict[int, str],
    wanted: set[str],
) -> float:
    """How well a line names the columns below it."""
    head = grid[at]
    names = [folded(cell) for cell, kind in zip(lines[at], head, strict=False) if kind]
    below = [kinds for kinds in grid[at + 1 : at + 1 + LOOKED_AT] if any(kinds)]
    matched = len(wanted.intersection(names)) / len(wanted) if wanted else 0.0
    data = sum(kind in _DATA for kind in head) / len(names)
    prose = sum(len(name.split()) > _FEW_WORDS for name in names) / len(names)
    if not below:
        return 10 * matched - 2 * data - prose - 3
    cells = named = 0
    for kinds in below:
        for column, kind in enumerate(kinds):
            cells += bool(kind)
            named += bool(kind) and column < len(head) and bool(head[column])
    used = [at for at in range(len(head)) if any(at < len(kinds) and kinds[at] for kinds in below)]
    full = sum(bool(head[column]) for column in used) / max(len(used), 1)
    contrast = [head[column] != kind for column, kind in typed.items() if column < len(head)]
    score = 10 * matched + 3 * named / cells + full - 2 * data - prose
    score += sum(contrast) / len(contrast) if contrast else 0
    # A comment, or a title: one cell above a line that is no data either.
    following = below[0]
    if len(names) == 1 and not any(kind in _DATA for kind in following) and typed:
        score -= 1
    # What is above a header is narrower: titles, comments, group headings.
    above = max(
        (
            sum(map(bool, kinds))
            for kinds, line in zip(grid[:at], lines, strict=False)
            if data or not _counts_columns(line)
        ),
        default=0,
    )
    if _counts_columns(lines[at]) and not any(kind in _DATA for kind in following):
        score -= 1
    if len(names) > 1 and above >= 0.8 * len(names):
        score -= 1.5
    # People above it and none below: the header of a second table.
    if _has_people(grid[:at]) and not _has_people(grid[at + 1 :]):
        score -= 5
    return score


def _counts_columns(line: Sequence[str]) -> bool:
    """Whether the cells only count the columns: A, B, C or 1, 2, 3, as in printed forms."""
    cells = [cell.strip() for cell in line]
    while cells and not cells[-1]:
        cells.pop()
    counted = range(len(cells))
    return len(cells) > 2 and (
        cells == [str(at + 1) for at in counted]
        or cells == [chr(ord("A") + at) for at in counted][: len(cells)]
    )


def _has_people(grid: list[list[str]]) -> bool:
    """Whether a line has an address beside another cell."""
    return any("email" in kinds and sum(map(bool, kinds)) > 1 for kinds in grid)


def _typed_below(grid: list[list[str]]) -> list[dict[int, str]]:
    """For each line the columns below it that hold one kind of data: position -> kind."""
    counts: dict[int, dict[str, int]] = {}
    found: list[dict[int, str]] = []
    for kinds in reversed(grid):
        typed = {}
        for column, often in counts.items():
            kind = max(often, key=often.__getitem__)
            if kind in _DATA and often[kind] >= _TYPED * sum(often.values()):
                typed[column] = kind
        found.append(typed)
        for column, kind in enumerate(kinds):
            if kind:
                below = counts.setdefault(column, {})
                below[kind] = below.get(kind, 0) + 1
    return found[::-1]


def _second(
    at: int, lines: Sequence[Sequence[str]], grid: list[list[str]], typed: dict[int, str]
) -> tuple[int, ...]:
    """Lines below the header that are headings too: units, technical names, a translation.

    Such a line has no data anywhere, and a word for "e-mail", "text" or "required" where all others
    have an address. Another word there may be a person's damaged address: that line is a row.
    """
    emails = [column for column, kind in typed.items() if kind == "email"]
    found = []
    for position in range(at + 1, min(at + 3, len(grid))):
        kinds = grid[position]
        names = [kind for kind in kinds if kind]
        is_heading = (emails and _counts_columns(lines[position])) or (
            len(names) >= 2
            and all(kind == "text" for kind in names)
            and any(
                column < len(kinds) and _HEADING.search(lines[position][column])
                for column in emails
            )
        )
        if not is_heading:
            break
        found.append(position)
    return tuple(found)


def _example(at: int, lines: Sequence[Sequence[str]], second: tuple[int, ...]) -> int | None:
    position = (second[-1] if second else at) + 1
    if position >= len(lines):
        return None
    first = next((cell.strip() for cell in lines[position] if cell.strip()), "")
    is_example = _EXAMPLE.match(first) or any(
        _EXAMPLE_ADDRESS.fullmatch(cell.strip()) for cell in lines[position]
    )
    return position if is_example else None


def _is_doubtful(
    line: Sequence[str], kinds: Sequence[str], typed: dict[int, str], wanted: set[str]
) -> bool:
    """Whether the header has the kinds of the columns below it, as a row of data has."""
    if wanted.intersection(folded(cell) for cell in line):
        return False
    same = sum(
        column < len(kinds) and kinds[column] == kind and kind != "flag"
        for column, kind in typed.items()
    )
    return same > 0 or sum(kind in ("email", "url") for kind in kinds) > 0
