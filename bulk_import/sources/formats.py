"""Number formats of spreadsheets: ``"+7 "(000) 000-00-00`` and a number -> the text in the cell.

A format is one to four sections (positive; negative; zero; text), each a sequence of digit
placeholders and literals. Three kinds of section are told apart:

- *identifier*: ``00000``, ``(000) 000-0000``, ``"ID-"0``: rendered digit by digit, as displayed.
- *quantity*: grouped, with decimals, percent or exponent: all stored digits, without grouping and
  currency signs, because what is displayed there depends on the reader's locale and rounds.
- *date*: rendered as ISO 8601 by ``numbers``, because what is displayed depends on the locale.

Source: ECMA-376 part 1, 18.8.31; compared with SheetJS's SSF and LibreOffice in the tests.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)")
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_TEST: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<=": operator.le, ">=": operator.ge, "<>": operator.ne,
    "<": operator.lt, ">": operator.gt, "=": operator.eq,
}  # fmt: skip
_PARTS = re.compile(
    r"""(?P<quoted>"[^"]*"?)|\\(?P<escaped>.)|_(?P<width>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]"""
    r"""|(?P<general>General)|(?P<half>AM/PM|A/P)|(?P<exponent>E[+-])|(?P<digit>[0#?])"""
    r"""|(?P<mark>[.,%/@])|(?P<date>[ymdhsbeg]+)|(?P<end>;)|(?P<other>.)""",
    re.IGNORECASE | re.DOTALL,
)
_MOST_SECTIONS = 4


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a format.

    Attributes:
        tokens: (kind, text); kinds: ``lit``, ``digit``, ``mark``, ``date``, ``general``, ``exponent``.
        condition: When the section applies; ``None``: by its place.
        elapsed: Letters of ``[h]``, ``[m]``, ``[s]``: a duration, not a time of day.
    """

    tokens: tuple[tuple[str, str], ...]
    condition: tuple[str, Decimal] | None = None
    elapsed: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.tokens and not self.elapsed

    @property
    def is_date(self) -> bool:
        has_digits = any(kind == "digit" for kind, _ in self.tokens)
        # Seconds may have decimals (ss.000); a letter among other digits is a literal.
        dates = "".join(text for kind, text in self.tokens if kind == "date").lower()
        return bool(self.elapsed or (dates and (not has_digits or "s" in dates)))

    @property
    def has_day(self) -> bool:
        """Whether a date shows a year or a day, not only a time."""
        dates = "".join(text for kind, text in self.tokens if kind == "date").lower()
        is_month = "m" in dates and "h" not in dates and "s" not in dates
        return not self.elapsed and (any(letter in dates for letter in "ydeb") or is_month)

    @property
    def has_seconds(self) -> bool:
        return "s" in self.elapsed or any(
            kind == "date" and "s" in text.lower() for kind, text in self.tokens
        )

    def has(self, kind: str, text: str = "") -> bool:
        return any(k == kind and (not text or t == text) for k, t in self.tokens)

    @property
    def is_text(self) -> bool:
        return self.has("mark", "@")

    @property
    def is_quantity(self) -> bool:
        return (
            self.has("general")
            or self.has("exponent")
            or any(self.has("mark", mark) for mark in ".,%/")
        )

    @property
    def thousands(self) -> int:
        """How often a number is divided by a thousand to be shown: the commas after its last digit."""
        last = max((at for at, (kind, _) in enumerate(self.tokens) if kind == "digit"), default=0)
        after = self.tokens[last + 1 :]
        return next((n for n, token in enumerate(after) if token != ("mark", ",")), len(after))

    @property
    def zeros(self) -> int:
        """The width of a plain ``00000``; 0 for anything else."""
        plain = all(token == ("digit", "0") for token in self.tokens)
        return len(self.tokens) if plain else 0


@dataclass(frozen=True, slots=True)
class Format:
    """A number format.

    Attributes:
        numeric: The sections for numbers.
        text: The section for texts; ``None``: as they are.
        zeros: As of the first section, when it is the only one.
        is_plain: Shows any number with its own digits and nothing else.
    """

    numeric: tuple[Section, ...]
    text: Section | None
    zeros: int
    is_plain: bool

    def section(self, number: Decimal) -> tuple[Section | None, bool]:
        """Return the section that shows *number*, and whether it writes the minus sign itself."""
        sections = self.numeric
        has_conditions = any(section.condition for section in sections)
        for at, section in enumerate(sections):
            if section.condition is not None:
                if _TEST[section.condition[0]](number, section.condition[1]):
                    return section, False
            elif has_conditions:
                is_last = at == len(sections) - 1
                if is_last or (at == 1 and number < 0):
                    return section, at == 1 and number < 0 and not is_last
            elif len(sections) == 1:
                return section, False
            elif at == 1 and number < 0:
                return section, True
            elif (at == 0 and (number > 0 or (number == 0 and len(sections) == 2))) or (
                at == 2 and number == 0
            ):
                return section, False
        return None, False


@lru_cache(maxsize=512)
def compiled(code: str) -> Format:
    """Parse a format. What no program writes is taken as literals: nothing raises."""
    sections = _sections(code)
    if not any(not section.is_empty for section in sections) and len(sections) == 1:
        sections = [Section((("general", "General"),))]
    with_at = [section for section in sections if section.is_text]
    numeric = [section for section in sections if not section.is_text][: _MOST_SECTIONS - 1]
    text = with_at[-1] if with_at else sections[3] if len(sections) > 3 else None
    if not numeric:
        numeric = [Section((("general", "General"),))]
    if text is not None and text.tokens == (("mark", "@"),):
        text = None
    only = numeric[0] if len(numeric) == 1 and numeric[0].condition is None else None
    is_plain = only is not None and not only.is_date and _is_plain(only)
    return Format(tuple(numeric), text, only.zeros if only else 0, is_plain)


def number_text(number: Decimal, code: str, plain: Callable[[Decimal], str]) -> str:
    """Return what a cell shows of a number under a format that is no date format.

    Args:
        plain: Makes the digits of a quantity.
    """
    form = compiled(code)
    section, writes_sign = form.section(number)
    if section is None:
        return plain(number)
    if not section.has("digit") and not section.has("general"):
        return "".join(text for _, text in section.tokens if text).strip()
    if section.is_quantity:
        return _quantity(section, number, plain, writes_sign=writes_sign)
    literals = any(kind == "lit" and text.strip() for kind, text in section.tokens)
    zeros = sum(token == ("digit", "0") for token in section.tokens)
    is_whole = number == number.to_integral_value()
    if not literals and (zeros < 2 or not is_whole):
        return plain(number)
    digits = f"{abs(number).quantize(Decimal(1), ROUND_HALF_UP):f}"
    sign = "-" if number < 0 and not writes_sign else ""
    return sign + _laid_out(section.tokens, digits).strip()


def shown_text(text: str, code: str) -> str:
    """Return what a cell shows of a text: ``"+"@`` writes a sign in front of it."""
    section = compiled(code).text
    if section is None:
        return text
    return "".join(text if token == ("mark", "@") else token[1] for token in section.tokens)


def decorates_text(code: str) -> bool:
    """Whether a format shows texts other than they are."""
    return compiled(code).text is not None


def _is_plain(section: Section) -> bool:
    if section.has("mark", "%") or section.thousands:
        return False
    kept = [text for kind, text in section.tokens if kind == "lit" and not _is_decoration(text)]
    zeros = sum(token == ("digit", "0") for token in section.tokens)
    return not kept and (section.is_quantity or (zeros < 2 and not _breaks(section)))


def _breaks(section: Section) -> bool:
    return any(kind == "lit" and text.strip() for kind, text in section.tokens)


def _is_decoration(text: str) -> bool:
    """Whether a literal beside a quantity says nothing: blanks, brackets, currency signs."""
    return all(
        char.isspace() or char in "()-" or unicodedata.category(char) == "Sc" for char in text
    )


def _quantity(
    section: Section, number: Decimal, plain: Callable[[Decimal], str], *, writes_sign: bool
) -> str:
    percents = sum(token == ("mark", "%") for token in section.tokens)
    text = plain((number * 100**percents).scaleb(-3 * section.thousands)) + "%" * percents
    places = [at for at, (kind, _) in enumerate(section.tokens) if kind in ("digit", "general")]
    before = "".join(t for k, t in section.tokens[: places[0]] if k == "lit")
    after = "".join(t for k, t in section.tokens[places[-1] :] if k == "lit")
    if writes_sign and text.startswith("-"):
        before = before.replace("-", "").replace("(", "")
        after = after.replace(")", "")
    before = "" if _is_decoration(before) else before
    after = "" if _is_decoration(after) else after
    return f"{before}{text}{after}".strip()


def _laid_out(tokens: Sequence[tuple[str, str]], digits: str) -> str:
    """Put digits into the placeholders from the right; what is left over precedes the first."""
    places = [at for at, (kind, _) in enumerate(tokens) if kind == "digit"]
    rest = list(digits.lstrip("0"))
    made: list[str] = []
    for at in range(len(tokens) - 1, -1, -1):
        kind, text = tokens[at]
        if kind != "digit":
            made.append(text)
        elif at == places[0] and rest:
            made.append("".join(rest))
        elif rest:
            made.append(rest.pop())
        elif text == "0":
            made.append("0")
    return "".join(reversed(made))


def _sections(code: str) -> list[Section]:
    sections: list[Section] = []
    tokens: list[tuple[str, str]] = []
    condition: tuple[str, Decimal] | None = None
    elapsed = ""
    for match in _PARTS.finditer(code + ";"):
        kind, text = match.lastgroup or "", match[match.lastgroup or 0]
        if kind == "end":
            sections.append(Section(tuple(tokens), condition, elapsed))
            tokens, condition, elapsed = [], None, ""
        elif kind == "bracket":
            found = _CONDITION.fullmatch(text)
            if found is not None:
                condition = found[1], Decimal(found[2])
            elif _ELAPSED.fullmatch(text):
                elapsed += text.lower()
            elif text.startswith("$"):
                tokens += _currency(text[1:].rpartition("-")[0] or text[1:])
        elif kind == "fill":
            continue
        else:
            tokens.append(_token(kind, text))
    return sections[:_MOST_SECTIONS]


def _currency(symbol: str) -> list[tuple[str, str]]:
    """``[$€-407]`` is a sign of money; ``[$-409]`` and ``[$+7 ]`` say nothing, and something."""
    is_locale = bool(re.fullmatch(r"-?[0-9A-Fa-f]{1,8}(,[0-9]+)?", symbol))
    if is_locale or not symbol:
        return []
    # The name of a currency (USD, руб.) beside an amount says no more than its sign does.
    return [("lit", "" if symbol.replace(".", "").isalpha() else symbol)]


def _token(kind: str, text: str) -> tuple[str, str]:
    if kind == "quoted":
        return "lit", text.strip('"')
    if kind == "width":
        return "lit", " "
    if kind in ("escaped", "other"):
        return "lit", text
    if kind == "half":
        return "date", ""
    return kind, text
