"""What pages and reports say, in the languages of their readers; English texts are the keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from bulk_import.errors import Message
from bulk_import.models import Problem

LANGUAGE_COOKIE = "bulk_import_language"  # of the page, and of the sandbox beside it
LANGUAGES = {"en": "English", "ru": "Русский"}
_NARROW = "\u202f"  # between groups of digits, where the language has no comma there
_MONTHS_EN = (
    "January February March April May June July August September October November December".split()
)
_MONTHS_RU = (
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()
)


class _Shown(str):
    """A number as its reader writes it: ``{n:,}`` of a template changes nothing more."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return str(self) if spec == "," else super().__format__(spec)


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language. Called with an English text, returns it in that language.

    Attributes:
        is_page: The reader sits before the page: messages name its controls, not options of the
            mapping and of commands.
    """

    language: str
    is_page: bool = False

    def __call__(self, text: str, **values: Any) -> str:
        """Return *text* in the language, with *values* in its braces.

        Whole numbers among them are grouped.
        """
        found = self._known.get(text, text)
        return self._filled(found if isinstance(found, str) else found[-1], values)

    def said(self, text: str) -> str:
        """Return a message in the language: with its template, or as a whole if it has no values."""
        if not isinstance(text, Message):
            return self._plain(text)
        values = {
            name: self.said(value) if isinstance(value, Message) else value
            for name, value in text.values.items()
        }
        form = self._known.get(text.template)
        if form is None:
            return text.template.format(**values)
        if isinstance(form, tuple):
            form = form[_russian_form(int(values["n"]))]
        return self._filled(form, values)

    def count(self, number: int, one: str, several: str, **values: Any) -> str:
        """Return the form of a text that goes with *number*, which its ``{n}`` stands for.

        Args:
            one: In English, for one: ``{n} row``.
            several: In English, for any other number; the key.
        """
        found = self._known.get(several)
        if isinstance(found, tuple):
            text = found[_russian_form(number)]
        else:
            text = found or (one if number == 1 else several)
        return self._filled(text, {"n": number, **values})

    def number(self, number: float) -> str:
        """Return a number with its digits in groups."""
        shown = f"{number:,}"
        return shown if self.language == "en" else shown.replace(",", _NARROW).replace(".", ",")

    def share(self, share: float) -> str:
        """Return a share of 1 in percent; never 0 or 100 for what is neither."""
        percent = round(share * 100)
        if percent in (0, 100) and share not in (0, 1):
            return f"> 99{self._percent}" if percent else f"< 1{self._percent}"
        return f"{percent}{self._percent}"

    def cause(self, code: str) -> str:
        """Return what a code of the catalogue means, in one sentence; empty for an unknown one."""
        return self._of_code(code)[0]

    def fix(self, code: str, *, is_followed: bool = False) -> str:
        """Return what is done about it.

        Args:
            is_followed: The mapping already has the option that the catalogue recommends.
        """
        if not is_followed:
            return self._of_code(code)[1]
        if self.language == "ru":
            from bulk_import.texts.russian_codes import OTHERWISE

            return OTHERWISE.get(code, "")
        from bulk_import.codes import look_up

        known = look_up(code)
        return known.otherwise if known else ""

    def problem(self, problem: Problem) -> str:
        """Return what is wrong with a cell.

        A message that the language does not have is replaced by the cause and the cell's text.
        """
        cause = self.cause(problem.code)
        if self.language == "en" or not cause or self._has(problem.message):
            return self.said(problem.message)
        return f"{cause.rstrip('.')}: «{problem.value}»" if problem.value else cause

    def example(self, problem: Problem) -> str:
        """Return an example of a cause already named: the message, else the cell's text."""
        if self.language == "en" or self._has(problem.message):
            return self.said(problem.message)
        return f"«{problem.value}»" if problem.value else ""

    def moment(self, rfc3339: str) -> str:
        """Return a moment in local time, for people: ``10 March 2026, 14:05``."""
        if not rfc3339:
            return ""
        local = datetime.fromisoformat(rfc3339).astimezone()
        months = _MONTHS_EN if self.language == "en" else _MONTHS_RU
        return f"{local.day} {months[local.month - 1]} {local.year}, {local:%H:%M}"

    def span(self, first: str, last: str) -> str:
        """Return two moments of local time; the day once if it is the same."""
        if not first or not last:
            return self.moment(first or last)
        begun, ended = (datetime.fromisoformat(text).astimezone() for text in (first, last))
        if begun.date() == ended.date():
            same = f"{begun:%H:%M}" == f"{ended:%H:%M}"
            return self.moment(first) + ("" if same else f"–{ended:%H:%M}")
        return f"{self.moment(first)} – {self.moment(last)}"

    def zone(self, rfc3339: str) -> str:
        """Return the offset of local time at a moment: ``UTC+3``."""
        offset = datetime.fromisoformat(rfc3339).astimezone().utcoffset() or timedelta()
        minutes = round(offset.total_seconds() / 60)
        sign = "−" if minutes < 0 else "+"
        hours, rest = divmod(abs(minutes), 60)
        return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")

    def duration(self, seconds: float) -> str:
        """Return a duration in words: ``less than a second``, ``2 minutes 5 seconds``."""
        whole = round(seconds)
        if whole < 1:
            return self("less than a second")
        parts = []
        for size, one, several in (
            (86_400, "{n} day", "{n} days"),
            (3_600, "{n} hour", "{n} hours"),
            (60, "{n} minute", "{n} minutes"),
            (1, "{n} second", "{n} seconds"),
        ):
            number, whole = divmod(whole, size)
            if number:
                parts.append(self.count(number, one, several))
        return " ".join(parts[:2])

    @property
    def _percent(self) -> str:
        return "%" if self.language == "en" else f"{_NARROW}%"

    @property
    def _known(self) -> Mapping[str, str | tuple[str, str, str]]:
        return _catalogue(self.language, is_page=self.is_page)

    def _plain(self, text: str) -> str:
        found = self._known.get(text, text)
        return found if isinstance(found, str) else text

    def _has(self, message: str) -> bool:
        key = message.template if isinstance(message, Message) else message
        return key in self._known

    def _filled(self, text: str, values: Mapping[str, Any]) -> str:
        if not values:
            return text
        shown = {
            name: _Shown(self.number(value))
            if isinstance(value, int) and not isinstance(value, bool)
            else value
            for name, value in values.items()
        }
        return text.format(**shown)

    def _of_code(self, code: str) -> tuple[str, str]:
        from bulk_import.codes import look_up
        from bulk_import.texts.on_page import CODES as ON_PAGE

        known = look_up(code)
        if known is None:
            return "", ""
        cause, fix = known.cause, known.fix
        if self.language == "ru":
            from bulk_import.texts.russian_codes import CODES, OTHER

            cause, fix = CODES.get(code) or OTHER[code.startswith("HTTP_")]
        if self.is_page and code in ON_PAGE:
            own_cause, own_fix = ON_PAGE[code][self.language]
            cause, fix = own_cause or cause, own_fix or fix
        return cause, fix


@cache
def texts(language: str, *, is_page: bool = False) -> Texts:
    """Return the texts of a language; English for one that there is not."""
    return Texts(language if language in LANGUAGES else "en", is_page)


def best_language(accepted: str) -> str:
    """Return the language for an ``Accept-Language`` header or a locale such as ``ru_RU.UTF-8``."""
    for part in accepted.lower().replace("_", "-").split(","):
        name = part.split(";")[0].strip()[:2]
        if name in LANGUAGES:
            return name
    return "en"


@cache
def _catalogue(language: str, *, is_page: bool) -> Mapping[str, str | tuple[str, str, str]]:
    from bulk_import.texts.on_page import ENGLISH

    if language == "ru":
        return in_russian()
    return ENGLISH if is_page else {}


@cache
def in_russian() -> Mapping[str, str | tuple[str, str, str]]:
    """Return everything that is said in Russian."""
    from bulk_import.texts.russian import TEXTS
    from bulk_import.texts.russian_cells import CELLS
    from bulk_import.texts.russian_files import FILES
    from bulk_import.texts.russian_matching import MATCHING
    from bulk_import.texts.russian_runs import RUNS

    return {**MATCHING, **CELLS, **FILES, **RUNS, **TEXTS}


def _russian_form(number: int) -> int:
    if number % 10 == 1 and number % 100 != 11:
        return 0
    return 1 if 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14 else 2
