"""Lines below a table that sum it up or end it: no contacts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bulk_import.models import Problem

TOTALS = Problem(
    "ROW_TOTALS", "this line looks like the totals below the table, not like a contact"
)

# Words that nobody is called.
_WORDS = frozenset(
    {"total", "totals", "grand total", "grand totals", "total records", "total rows", "subtotal",
     "sub total", "итого", "итого по листу", "всего", "всего записей", "общий итог", "итог", "кол-во",
     "количество", "підсумок", "усього", "разом", "ergebnis", "gesamtergebnis", "summe", "gesamt",
     "gesamtsumme", "zwischensumme", "anzahl", "total general", "total général", "total geral",
     "totaal", "eindtotaal", "totale", "totale complessivo", "totais", "suma końcowa", "razem",
     "łącznie", "celkem", "součet", "celkový součet", "totalt", "genel toplam", "toplam", "összeg",
     "összesen", "végösszeg", "count", "average", "row count", "record count", "records", "rows",
     "合计", "合計", "總計", "总计", "汇总", "总和", "小计", "集計", "総計", "小計", "요약",
     "총합계", "합계", "소계"}
)  # fmt: skip
# Words that are names as well: only beside sums, never beside something that may be a phone.
_NAMES_TOO = frozenset({"suma", "summa", "sum"})
_END = re.compile(
    r"-*\s*(?:end|ende|fin|конец)(?:\s+of\s+(?:report|file|list)|\s+отч[её]та|\s+du\s+rapport)?\s*-*"
    r"|(?:report|отч[её]т|bericht|rapport)\s+(?:generated|created|сформирован|erstellt|généré)\b.*",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\s*[:=]?\s*\(?\s*\d[\d\s.,]*(?:\s*\w+)?\s*\)?"
)  # ``: 25``, `` (25 records)``
_SUM = re.compile(r"[\d.,\s\u00a0%$€£₽-]*")
_PHONE_DIGITS = 9
_LONGEST = 40  # characters of the whole cell


def is_totals(cells: Sequence[str]) -> bool:
    """Whether a row holds one word for a total, and otherwise sums or nothing."""
    first = cells[0] or next((cell for cell in cells if cell), "")
    if first[:1] not in _INITIALS or len(first) > _LONGEST or "@" in first:
        return False  # asked of every row
    text = first.strip().casefold()
    word = text.rstrip(": ")
    is_end = bool(_END.fullmatch(text)) and (text[0] == "-" or " " in text)
    if not is_end and word not in _WORDS and word not in _NAMES_TOO:
        word = _counted(text)
        if not word:
            return False
    others = [cell for cell in cells if cell and cell != first]
    if not all(_SUM.fullmatch(cell) for cell in others):
        return False
    if word in _NAMES_TOO:
        return not any(sum(map(str.isdigit, cell)) >= _PHONE_DIGITS for cell in others)
    return True


def _counted(text: str) -> str:
    """The word in front of a count: ``total records`` of ``total records: 25``."""
    digit = next((at for at, char in enumerate(text) if char.isdigit()), 0)
    word = text[:digit].rstrip(" :=(")
    is_count = digit and word in _WORDS and _COUNTED.fullmatch(text[len(word) :])
    return word if is_count else ""


_INITIALS = frozenset(
    initial
    for word in (*_WORDS, *_NAMES_TOO, *"-efkrbокд ", "отчёт")
    for initial in (word[0], word[0].upper())
)
