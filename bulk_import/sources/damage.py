"""Cells that a spreadsheet program has spoiled before we ever saw them, found before they are sent.

Two kinds of evidence. A cell can betray itself: ``MÃ¼ller`` is UTF-8 read as something else,
``4.49E+11`` has lost digits, a phone that reads ``2024-05-12`` was turned into a date. And a cell
can differ from its peers: a phone a digit shorter, a postal code whose zero in front is gone. The
first is noted with its row while rows stream by; the second is known at the end of the column.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bulk_import.models import Problem, Row, Severity
from bulk_import.sources.remnants import DOUBTFUL, WORDS, is_doubtful_in, remnant
from bulk_import.sources.tally import Places

_CUT_LENGTHS = (255, 32_767)  # old Excel's cell, today's cell
_FEWEST_PEERS = 20
_PEERS_SHARE = 0.9
_ROWS_NAMED = 8

_SCIENTIFIC = re.compile(r"[+-]?\d[.,]\d+E\+\d{1,3}")
# Whole words: "Maria 85" is somebody, "Mar 85" is March.
_MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|"
    "Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?"
    rf"|(?:\d{{1,2}}[- ])?{_MONTH}[- ]\d{{2,4}}"
    rf"|\d{{1,2}}-{_MONTH}"
    r"|\d{1,2}-(?:янв|фев|мар|апр|май|июн|июл|авг|сен|окт|ноя|дек)"
)
_LONG_NUMBER = re.compile(r"\d{15}0+")
_LOST = re.compile(r"[?\s.,-]*\?{3,}[?\s.,-]*")

# What UTF-8 was mistaken for, most frequent first, and how many letters prove it: a pair of
# Cyrillic letters can be a word, a pair like `Ã¼` cannot.
_MISTAKEN = (("cp1252", 1), ("cp1251", 2), ("mac-roman", 1), ("cp437", 1), ("cp866", 2))
# The letters and signs that people's data really has: Latin, Greek, Cyrillic, punctuation.
_PLAUSIBLE = re.compile(
    "[\x20-\x7e\u00a0-\u017f\u0218-\u021b\u0386-\u03ce\u0400-\u045f\u0490\u0491\u1e9e"
    "\u2010-\u203a\u20ac\u20bd\u2116\u2122]*"
)

# Half of a letter of UTF-8, and a sign that is its other half.
_TORN = re.compile("[ÃÂÐÑ][\u00a1-\u00a9\u00ac-\u00b9\u00bc-\u00bf]|[ÃÐÑ][€‚ƒ„†‡‰‹Œ]")
_SIGN_INSIDE = re.compile(r"[^\W\d_][°±²³µ¶§©®¬¦¤][^\W\d_]")
_ACCENTED = re.compile(r"(?<![^\W\d_])[\u00b8\u00a8\u00c0-\u00ff]{3,}(?![^\W\d_])")
_CYRILLIC_VOWEL = re.compile("[аеёиоуыэюя]", re.IGNORECASE)
# Finds them in cells that stand between line ends, and perhaps a few texts besides.
_PERHAPS = re.compile(rf"\n\s*(?:{'|'.join(sorted(DOUBTFUL))})\s*\n")
_MOST_NAMESAKES = 3  # rows with a surname such as None, before it counts as a missing value

_DATES_REFUSED_IN = frozenset({"phone", "name", "postal_code"})
_DATES_DOUBTED_IN = frozenset({"tags", "list_ids"})
_PEERED = {
    "phone": (
        "PHONE_DIGIT_SHORT",
        "{count:,} numbers have {short} digits, {usual:,} others have {long}: a digit is probably "
        "missing (rows {rows})",
    ),
    "postal_code": (
        "POSTAL_ZERO_LOST",
        "{count:,} codes have {short} digits, {usual:,} others have {long}: a zero in front was "
        "probably lost when the column was read as numbers (rows {rows})",
    ),
}


@dataclass(slots=True)
class _Lengths:
    """How many digits the cells of a column have, and where the first of each length stand."""

    counts: Counter[int] = field(default_factory=Counter)
    places: dict[int, list[int]] = field(default_factory=dict)

    def add(self, length: int, row: int) -> None:
        self.counts[length] += 1
        places = self.places.setdefault(length, [])
        if len(places) < _ROWS_NAMED:
            places.append(row)


class DamageDetector:
    """Watches the mapped columns of one source.

    Args:
        roles: Column -> what it holds (``phone``, ``name``, …); ``""`` for columns nobody uses.
    """

    def __init__(self, roles: Mapping[str, str]) -> None:
        self._roles = {column: role for column, role in roles.items() if role}
        self._columns = [*self._roles.items()]
        self._doubted = [column for column, role in self._columns if is_doubtful_in(role)]
        self._doubtful: dict[tuple[str, str], Places] = {}
        self._lengths = {
            column: _Lengths() for column, role in self._roles.items() if role in _PEERED
        }

    def watched(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield *rows*, each with the damage of its cells among its problems."""
        for row in rows:
            for column, lengths in self._lengths.items():
                text = row.cells[column]
                if text.isdigit():
                    lengths.add(len(text), row.number)
            yield self.looked_at(row)

    def count(self, numbers: Sequence[int], cells: Mapping[str, Sequence[str]]) -> None:
        """Count what ``findings`` compares within a column; call it once for every row.

        Args:
            numbers: Of the rows.
            cells: Column -> its cells in these rows; at least those of the mapped columns.
        """
        for column, lengths in self._lengths.items():
            texts = cells[column]
            if len(texts) > 1:
                counts = Counter(map(len, filter(str.isdigit, texts)))
                if all(len(lengths.places.get(length, ())) >= _ROWS_NAMED for length in counts):
                    lengths.counts.update(counts)
                    continue
            for text, number in zip(texts, numbers, strict=True):
                if text.isdigit():
                    lengths.add(len(text), number)

    def looked_at(self, row: Row) -> Row:
        """Return a row with the damage of its cells among its problems.

        Rows that ``depending`` returns must be looked at in the order of the file; the damage of any
        other row is a function of its cells.
        """
        found: list[Problem] = []
        cells = row.cells
        for column, role in self._columns:
            text = cells[column]
            if not text or (
                len(text) < 16 and text.isalnum() and text.isascii() and text not in WORDS
            ):
                continue  # one plain word, or a number that a spreadsheet keeps: never spoiled
            problem = spoiled(text, role)
            if problem is not None:
                found.append(replace(problem, column=column))
        if not found:
            return row
        found = self._weighed(found, row.number, cells.get("_reason", ""))
        return replace(row, problems=(*row.problems, *found))

    def depending(self, cells: Mapping[str, Sequence[str]]) -> set[int]:
        """Return the positions of rows whose damage depends on other rows: doubtful placeholders.

        Args:
            cells: As for ``count``.
        """
        texts = ["\n".join(cells[column]) for column in self._doubted]
        if not _PERHAPS.search("\n".join(["", *texts, ""])):
            return set()
        return {
            at
            for column in self._doubted
            for at, text in enumerate(cells[column])
            if text.strip() in DOUBTFUL
        }

    def _weighed(self, found: list[Problem], row: int, refused_for: str) -> list[Problem]:
        """Take doubtful placeholders (``None``, ``Null``) for missing values where others agree.

        Others are another placeholder in the row, so many of the column that it is nobody's name, or
        that it was refused for that before (a row of rejects).
        """
        placeholders = [problem for problem in found if problem.code == "VALUE_PLACEHOLDER"]
        if not placeholders:
            return found
        weighed = []
        for problem in found:
            if problem.code == "VALUE_PLACEHOLDER" and not problem.is_error:
                places = self._doubtful.setdefault((problem.column, problem.value), Places())
                places.add(row)
                if len(placeholders) > 1 or places.count > _MOST_NAMESAKES:
                    message = (
                        f"{problem.value!r} stands for a missing value; clear the cell, or give "
                    )
                    message += "its meaning by values: in the mapping"
                    problem = replace(problem, message=message, severity=Severity.ERROR)
            weighed.append(problem)
        return weighed

    def findings(self) -> list[Problem]:
        """Return what only the whole column shows. Call it when the rows are read."""
        problems = []
        for column, lengths in self._lengths.items():
            numbers = lengths.counts
            if not numbers:
                continue
            usual, often = numbers.most_common(1)[0]
            short = numbers.get(usual - 1, 0)
            if not short or often < _FEWEST_PEERS or often < _PEERS_SHARE * numbers.total():
                continue
            code, message = _PEERED[self._roles[column]]
            rows = ", ".join(map(str, lengths.places[usual - 1]))
            if short > _ROWS_NAMED:
                rows += ", …"
            text = message.format(count=short, short=usual - 1, usual=often, long=usual, rows=rows)
            problems.append(Problem(code, text, column=column, severity=Severity.WARNING))
        return problems + list(self._namesakes())

    def _namesakes(self) -> Iterator[Problem]:
        """Columns in which a doubtful placeholder passed before it was seen to be one."""
        for (column, value), places in self._doubtful.items():
            if places.count > _MOST_NAMESAKES:
                yield Problem(
                    "VALUE_PLACEHOLDER",
                    f"{value!r} stands in {places.count:,} rows ({places}): a missing value; the first "
                    "of them may have passed as names",
                    column=column,
                    severity=Severity.WARNING,
                )


def spoiled(text: str, role: str) -> Problem | None:
    """Return what is wrong with a cell by itself, if anything.

    Args:
        text: Not empty.
        role: What the column holds; ``text`` for anything.
    """
    if not text.isascii() and (mangled := _mangled(text, role)):
        return mangled
    problem = remnant(text, role)
    if problem is not None:
        return problem
    length = len(text)
    if length in _CUT_LENGTHS:
        return _warning(
            "TEXT_CUT",
            f"exactly {length:,} characters, the most that some programs keep: the end is probably "
            "cut off",
            text[:40],
        )
    if length > 32 or role == "email":
        return None
    first = text[0]
    if first in "0123456789+-" and role != "phone" and _SCIENTIFIC.fullmatch(text):
        # The phone normalizer restores what can be restored and refuses the rest.
        return _error(
            "NUMBER_SCIENTIFIC",
            f"{text} is a long number that was shortened, its digits are lost; format the column "
            "as text and enter it again",
            text,
        )
    if length > 15 and first in "123456789" and _LONG_NUMBER.fullmatch(text):
        return _warning(
            "NUMBER_ROUNDED",
            f"{text} has {length} digits that end in zeros: a spreadsheet keeps 15 and makes the "
            "rest zeros",
            text,
        )
    if first in "?-. " and _LOST.fullmatch(text):
        return _error(
            "TEXT_LOST",
            "question marks stand where an earlier program could not write the letters; export "
            "the data again as UTF-8",
            text,
        )
    if role in _DATES_REFUSED_IN and _DATE.fullmatch(text):
        return _error(
            "VALUE_IS_DATE",
            f"{text} is a date where a {role.replace('_', ' ')} should be; a spreadsheet program "
            "has turned the value into one. Format the column as text and enter it again",
            text,
        )
    if role in _DATES_DOUBTED_IN and _DATE.fullmatch(text):
        return _warning(
            "VALUE_IS_DATE",
            f"{text} looks like something that a spreadsheet program has turned into a date",
            text,
        )
    return None


def _mangled(text: str, role: str) -> Problem | None:
    """What an earlier program did to the letters of a text beyond ASCII."""
    if "\ufffd" in text or "ï¿½" in text:
        return _error(
            "TEXT_LOST",
            "the cell holds \ufffd, which stands for a letter that an earlier program could "
            "not read; export the data again from where it is still whole",
            text,
        )
    meant = unmistaken(text)
    if meant:
        return _error(
            "TEXT_MOJIBAKE",
            f"{text[:60]!r} is {meant[:60]!r} in the wrong encoding; import the file that it "
            "comes from as UTF-8 and export it again",
            text,
        )
    if _TORN.search(text) or (role in ("name", "city") and _SIGN_INSIDE.search(text)):
        return _error(
            "TEXT_MOJIBAKE",
            f"{text[:60]!r} was read in the wrong encoding and lost letters on the way; export the "
            "data again from where it is still whole",
            text,
        )
    foreign = _in_another_script(text) if role != "email" else ""
    if foreign:
        return _error(
            "TEXT_MOJIBAKE",
            f"{text[:60]!r} is {foreign[:60]!r} in the wrong encoding; export the data again from "
            "where it is still whole",
            text,
        )
    return None


def unmistaken(text: str) -> str:
    """Return what *text* was before UTF-8 was read as another encoding; ``""`` if it was not."""
    for encoding, fewest in _MISTAKEN:
        try:
            meant = _as_bytes(text, encoding).decode("utf-8")
        except UnicodeError:
            continue
        letters = sum(char > "\x7f" for char in meant)
        if letters >= fewest and _PLAUSIBLE.fullmatch(meant):
            return unmistaken(meant) or meant  # some texts went through it twice
    return ""


def _in_another_script(text: str) -> str:
    """Return the Cyrillic words of cp1251 that were read as cp1252: ``Àííà`` was Анна.

    No language of the West has words of three and more letters that all bear accents.
    """
    for word in _ACCENTED.findall(text):
        try:
            meant = str(word).encode("cp1252").decode("cp1251")
        except UnicodeError:
            continue
        has_case = meant.istitle() or meant.islower() or meant.isupper()
        if has_case and meant.isalpha() and _CYRILLIC_VOWEL.search(meant):
            return meant
    return ""


def _as_bytes(text: str, encoding: str) -> bytes:
    if encoding != "cp1252":
        return text.encode(encoding)
    # Programs let the five bytes that cp1252 leaves free pass as control characters.
    return b"".join(
        char.encode("latin-1") if "\x80" <= char <= "\x9f" else char.encode("cp1252")
        for char in text
    )


def _error(code: str, message: str, value: str) -> Problem:
    return Problem(code, message, value=value)


def _warning(code: str, message: str, value: str) -> Problem:
    return Problem(code, message, value=value, severity=Severity.WARNING)
