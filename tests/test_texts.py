"""Pages and reports in the languages of their readers: nothing is left in English, numbers read right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bulk_import.app.pages import SCRIPT_TEXTS
from bulk_import.codes import catalogue
from bulk_import.jobs.matching import GROUPS
from bulk_import.models import Problem, Status
from bulk_import.report.contents import NAMES, SET_NAMES
from bulk_import.texts import best_language, texts
from bulk_import.texts.fields import FIELD_NAMES
from bulk_import.texts.russian import TEXTS
from bulk_import.texts.russian_codes import CODES, OTHERWISE

PACKAGE = Path(__file__).parent.parent / "bulk_import"
_TEXT = r'"((?:[^"\\]|\\.)+)"'
_CALL = re.compile(rf"(?:\b_|\bsay|\bself|texts_of\(request\))\(\s*{_TEXT}")
_COUNT = re.compile(rf"say\.count\(\s*[^\"]+?,\s*{_TEXT},\s*{_TEXT}", re.DOTALL)
_SCRIPT = re.compile(rf"\bt\({_TEXT}")
_DURATIONS = re.compile(rf"\(\d[\d_]*, {_TEXT}, {_TEXT}\)")


def sources() -> list[Path]:
    rooms = ("app", "report", "texts")
    return [path for room in rooms for kind in ("*.j2", "*.py")
            for path in (PACKAGE / room).rglob(kind) if not path.name.startswith("russian")]  # fmt: skip


def said() -> set[str]:
    """Every text that pages and reports say, as it stands in templates, modules and scripts."""
    found: set[str] = set(SCRIPT_TEXTS)
    for path in sources():
        text = path.read_text("utf-8")
        found |= set(_CALL.findall(text))
        found |= {several for _, several in _COUNT.findall(text)}
        found |= {several for _, several in _DURATIONS.findall(text)}
    return (
        found
        | set(NAMES.values())
        | set(SET_NAMES.values())
        | set(FIELD_NAMES.values())
        | set(GROUPS)
    )


def test_every_text_is_there_in_russian_and_no_other():
    assert sorted(said() - TEXTS.keys()) == []
    assert sorted(TEXTS.keys() - said()) == []


def test_every_code_is_explained_in_russian_and_no_other():
    assert sorted(catalogue().keys() - CODES.keys()) == []
    assert sorted(CODES.keys() - catalogue().keys()) == []
    assert [code for code, (cause, _) in CODES.items() if not cause] == []
    with_fix = {name for name, code in catalogue().items() if code.fix}
    assert sorted(name for name in with_fix if not CODES[name][1]) == []
    assert {name for name, code in catalogue().items() if code.otherwise} == OTHERWISE.keys()
    assert [
        name for name, code in catalogue().items() if bool(code.option) != bool(code.otherwise)
    ] == []


def test_what_scripts_say_is_given_to_them():
    used = {
        text
        for path in (PACKAGE / "app" / "static").glob("*.js")
        for text in _SCRIPT.findall(path.read_text("utf-8"))
    }
    assert used == set(SCRIPT_TEXTS)


@pytest.mark.parametrize(
    ("text", "russian"), sorted(TEXTS.items()), ids=lambda value: str(value)[:30]
)
def test_a_translation_has_the_same_blanks(text, russian):
    blanks = set(re.findall(r"\{\w+\}", text))
    for form in (russian,) if isinstance(russian, str) else russian:
        assert set(re.findall(r"\{\w+\}", form)) == blanks
        assert form.strip() == form


def test_no_text_of_a_template_is_left_without_translation():
    """Letters between tags that no call of the catalogue made."""
    left = []
    for path in sources():
        if path.suffix != ".j2":
            continue
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", path.read_text("utf-8"), flags=re.S)
        text = re.sub(r"<(code|style|script|title)\b.*?</\1>", " ", text, flags=re.S)
        for piece in re.findall(r">([^<]+)<", text):
            is_said = re.search(r"[A-Za-z]{2}", piece) and piece.strip() != "bulk import"
            left += [(path.name, piece.strip())] if is_said else []
        left += [(path.name, found) for found in
                 re.findall(r'(?:placeholder|aria-label|title)="([^"]*[A-Za-z]{3}[^"]*)"', text)
                 if not re.search(r"https?://", found)]  # fmt: skip
    assert left == []


@pytest.mark.parametrize(
    ("number", "english", "russian"),
    [
        (0, "0 rows stay here", "0 строк останутся здесь"),
        (1, "1 row stays here", "1 строка останется здесь"),
        (2, "2 rows stay here", "2 строки останутся здесь"),
        (5, "5 rows stay here", "5 строк останутся здесь"),
        (11, "11 rows stay here", "11 строк останутся здесь"),
        (21, "21 rows stay here", "21 строка останется здесь"),
        (1022, "1,022 rows stay here", "1\u202f022 строки останутся здесь"),
        (1112, "1,112 rows stay here", "1\u202f112 строк останутся здесь"),
    ],
)
def test_numbers_take_the_form_that_the_language_has(number, english, russian):
    forms = ("{n} row stays here", "{n} rows stay here")
    assert texts("en").count(number, *forms) == english
    assert texts("ru").count(number, *forms) == russian


@pytest.mark.parametrize(
    ("seconds", "english", "russian"),
    [
        (0.2, "less than a second", "меньше секунды"),
        (1, "1 second", "1 секунда"),
        (125, "2 minutes 5 seconds", "2 минуты 5 секунд"),
        (3 * 3600 + 61, "3 hours 1 minute", "3 часа 1 минута"),
        (90000, "1 day 1 hour", "1 день 1 час"),
    ],
)
def test_durations_are_words(seconds, english, russian):
    assert texts("en").duration(seconds) == english
    assert texts("ru").duration(seconds) == russian


def test_times_are_local_and_the_day_is_said_once(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "Europe/Moscow")
    time.tzset()
    try:
        say = texts("en")
        assert (
            say.span("2026-03-10T11:05:00Z", "2026-03-10T11:12:30Z") == "10 March 2026, 14:05–14:12"
        )
        assert say.span("2026-03-10T20:59:00Z", "2026-03-10T21:01:00Z") == (
            "10 March 2026, 23:59 – 11 March 2026, 00:01"
        )
        assert texts("ru").moment("2026-03-10T11:05:00Z") == "10 марта 2026, 14:05"
        assert say.zone("2026-03-10T11:05:00Z") == "UTC+3"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("ru-RU,ru;q=0.9,en;q=0.8", "ru"), ("de,fr;q=0.5", "en"), ("ru_RU.UTF-8", "ru"), ("C", "en"), ("", "en")],
)  # fmt: skip
def test_the_language_is_that_of_the_person(accepted, language):
    assert best_language(accepted) == language


@pytest.mark.parametrize(
    ("share", "shown"), [(0, "0%"), (0.001, "< 1%"), (0.5, "50%"), (0.998, "> 99%"), (1, "100%")]
)
def test_shares_never_say_all_or_nothing_of_what_is_not(share, shown):
    assert texts("en").share(share) == shown


def test_every_status_has_a_name_for_people():
    assert set(NAMES) == set(Status)


def test_a_problem_is_said_in_the_language_of_its_reader():
    problem = Problem(
        "PHONE_INVALID", "'12' has too few digits for a phone number", "Phone", "phone", "12"
    )
    assert texts("en").problem(problem) == problem.message
    assert texts("ru").problem(problem) == CODES["PHONE_INVALID"][0].rstrip(".") + ": «12»"


def test_only_the_whole_message_and_technical_remarks_stay_english():
    """Whatever else is English in a template is a text without a translation."""
    kept = {
        "problem.message", "error", "summary.stopped", "fix.costs", "question", "column.suggestion.why",
        "item.sending.error", "job.nights[0].stopped", "night.stopped",
    }  # fmt: skip
    found = {
        name
        for path in sources() if path.suffix == ".j2"
        for name in re.findall(r'lang="en">\(?\{\{ ([^}]+) \}\}', path.read_text("utf-8"))
    }  # fmt: skip
    assert found == kept
