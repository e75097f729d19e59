"""Pages and reports in the languages of their readers: nothing is left in English, numbers read right."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from bulk_import.app.pages import SCRIPT_TEXTS
from bulk_import.codes import catalogue
from bulk_import.errors import MappingError, Message, SourceError
from bulk_import.jobs.matching import GROUPS
from bulk_import.mapping.loading import MEANINGS, parse_mapping
from bulk_import.mapping.suggesting.evidence import CALLED
from bulk_import.mapping.suggesting.headers import PEOPLE
from bulk_import.models import Problem, Status
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.result import NormalizeError
from bulk_import.report.contents import NAMES, SET_NAMES
from bulk_import.sources.text.letters import LANGUAGES as LANGUAGES_OF_TEXTS
from bulk_import.texts import best_language, in_russian, texts
from bulk_import.texts.fields import FIELD_NAMES
from bulk_import.texts.on_page import CODES as ON_PAGE
from bulk_import.texts.on_page import ENGLISH
from bulk_import.texts.russian import TEXTS
from bulk_import.texts.russian_codes import CODES, OTHERWISE
from tests.said import constants, templates, without_template

PACKAGE = Path(__file__).parent.parent / "bulk_import"
_TEXT = r'"((?:[^"\\]|\\.)+)"'
_CALL = re.compile(rf"(?:\b_|\bsay|\bself|texts_of\(request\))\(\s*{_TEXT}")
_COUNT = re.compile(rf"say\.count\(\s*[^\"]+?,\s*{_TEXT},\s*{_TEXT}", re.DOTALL)
_SCRIPT = re.compile(rf"\bt\({_TEXT}")
_DURATIONS = re.compile(rf"\(\d[\d_]*, {_TEXT}, {_TEXT}\)")


def sources() -> list[Path]:
    rooms = ("app", "report", "sandbox", "texts")
    return [path for room in rooms for kind in ("*.j2", "*.py")
            for path in (PACKAGE / room).rglob(kind) if not path.name.startswith("russian")]  # fmt: skip


@cache
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
    assert sorted(TEXTS.keys() - said() - templates().keys()) == []


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


# -- messages: what the importer itself says, with its values -------------------------------------

# How a page may not speak: options of the mapping and of commands, names of parameters.
_JARGON = re.compile(
    r"--[a-z]|`|\b(?:source|when|fields|defaults|several|values|half_hours|separator|suppress|repair"
    r"|duplicate|no_email|min_rows|member|encoding|hidden_rows|strict_phone|dst|bad_value|says_no):"
    r"|[a-z]_[a-z]"
)
# They speak of the mapping file's own words, which somebody edits by hand, or of what is to install.
_ON_YAML = ("mapping/schema.py", "mapping/loading.py", "sources/query.py", "sources/remote.py",
            "sources/sftp.py", "system/profiles.py")  # fmt: skip


def spoken(form: str | tuple[str, ...]) -> str:
    """The words of a text, without its blanks."""
    return re.sub(r"\{\w+[^{}]*\}", "", form if isinstance(form, str) else " ".join(form))


def test_every_message_is_there_in_russian():
    """Walks the code: whoever adds a message gets here without its translation."""
    missing = {text: place for text, place in templates().items() if text not in in_russian()}
    assert missing == {}


def test_every_message_of_the_page_can_be_filled_in_with_numbers():
    """An English template of the page may keep the ``{n:,}`` of the message that it replaces."""
    from bulk_import.errors import Message
    from bulk_import.texts import Texts
    from bulk_import.texts.on_page import ENGLISH

    page = Texts("en", is_page=True)
    for template, shown in ENGLISH.items():
        names = [name for _, name, _, _ in Formatter().parse(template) if name]
        if names and "%" not in template + shown:
            values = dict.fromkeys((re.split(r"[.\[]", name)[0] for name in names), 1234)
            assert page.said(Message(template, **values))
    message = Message(
        "{rows:,} rows, and the mapping asks for at least {fewest:,} (min_rows)",
        rows=1,
        fewest=2345,
    )
    assert page.said(message) == "1 rows, and the mapping file asks for at least 2,345"


def test_no_message_is_put_together_where_no_language_can_follow():
    assert without_template() == []


def test_words_that_messages_choose_from_are_there_in_russian():
    words = {*CALLED.values(), *PEOPLE.values(), *MEANINGS.values(), *LANGUAGES_OF_TEXTS}
    assert sorted(words - in_russian().keys()) == []


def test_no_translation_is_left_of_a_message_that_is_gone():
    known = constants() | said() | TEXTS.keys()
    assert sorted(text for text in in_russian() if text not in known) == []
    assert sorted(text for text in ENGLISH if text not in known) == []


@pytest.mark.parametrize("catalogue", [in_russian(), ENGLISH], ids=["ru", "en"])
def test_a_message_uses_only_the_values_that_it_has(catalogue):
    def names(text):
        return set(re.findall(r"\{(\w+)[^{}]*\}", text.replace("{{", "").replace("}}", "")))

    for text, forms in catalogue.items():
        for form in (forms,) if isinstance(forms, str) else forms:
            assert names(form) <= names(text), text
        if not isinstance(forms, str) and text not in TEXTS:
            assert "n" in names(text), f"{text}: nothing says which form"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_names_its_own_controls_and_no_option_of_the_mapping(language):
    known = ENGLISH if language == "en" else in_russian()
    found = {
        text: place
        for text, place in templates().items()
        if not place.startswith(_ON_YAML) and _JARGON.search(spoken(known.get(text, text)))
    }
    assert found == {}
    say = texts(language, is_page=True)
    fixes = {code: f"{say.cause(code)} {say.fix(code)}" for code in catalogue()}
    assert {code: fix for code, fix in fixes.items() if _JARGON.search(fix)} == {}
    assert sorted(ON_PAGE.keys() - catalogue().keys()) == []


def test_a_message_is_said_in_each_language_with_its_values():
    inner = Message("rows {rows}", rows="3, 7")
    message = Message("{name}: the archive holds {n} files ({shown}); name one by source: member: in the mapping",
                      name="a.zip", n=22, shown=inner)  # fmt: skip
    assert message == (
        "a.zip: the archive holds 22 files (rows 3, 7); name one by source: member: in the mapping"
    )
    assert texts("en").said(message) == message
    assert texts("en", is_page=True).said(message) == (
        "a.zip: the archive holds 22 files (rows 3, 7); name one in “File of the archive”"
    )
    assert texts("ru", is_page=True).said(message) == (
        "a.zip: в архиве 22 файла (строки 3, 7); выберите, какой читать, в «Файл в архиве»"
    )


def test_what_people_typed_is_never_translated():
    message = Message("{raw!r} is not a number", raw="empty")
    assert texts("ru").said(message) == "«empty» — не число"


def test_a_message_survives_storing_and_another_process():
    import json
    import pickle

    message = Message(
        "{message}; the field is not sent", message=Message("{raw!r} is not a number", raw="x{y}")
    )
    for again in (
        pickle.loads(pickle.dumps(message)),  # noqa: S301 - our own
        Message.unpacked(json.loads(json.dumps(message.packed()))),
    ):
        assert again == message == "'x{y}' is not a number; the field is not sent"
        assert texts("ru").said(again) == "«x{y}» — не число; поле не отправляется"
    assert Message.unpacked("a text of an earlier version") == "a text of an earlier version"


def test_an_error_keeps_its_message():
    error = SourceError(Message("{name}: the file is empty", name="a.csv"))
    assert str(error) == "a.csv: the file is empty"
    assert texts("ru").said(str(error)) == "a.csv: файл пуст"
    with pytest.raises(MappingError) as raised:
        parse_mapping("version: 1\nfields:\n  lead_email: {}\n", "m.yml")
    assert texts("ru").said(str(raised.value)) == (
        "m.yml:3:3: fields.lead_email: не сказано, откуда значение; укажите column: ИМЯ"
    )


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
    message = Message("{shown!r} is too short for a phone number", shown="12")
    problem = Problem("PHONE_INVALID", message, "Phone", "phone", "12")
    assert texts("en").problem(problem) == message
    assert texts("ru").problem(problem) == "«12» — слишком коротко для телефона"
    old = Problem("PHONE_INVALID", "said by an earlier version", "Phone", "phone", "12")
    assert texts("ru").problem(old) == CODES["PHONE_INVALID"][0].rstrip(".") + ": «12»"


def test_nothing_of_a_template_stays_english():
    found = [
        (path.name, line)
        for path in sources() if path.suffix == ".j2"
        for line in path.read_text("utf-8").splitlines()
        if 'lang="en"' in line
    ]  # fmt: skip
    assert found == []


def test_a_template_shows_no_message_without_the_catalogue():
    """``{{ error }}``, ``{{ problem.message }}``: what the importer says goes through ``say``."""
    raw = re.compile(
        r"\{\{ (?:[\w.\[\]]*\.)?(?:message|stopped|costs|error|why|question)\b[^}]*\}\}"
    )
    found = [(path.name, text) for path in sources() if path.suffix == ".j2"
             for text in raw.findall(path.read_text("utf-8"))]  # fmt: skip
    assert found == []


@pytest.mark.parametrize(
    "address",
    ["oleg@@x.ru", "a..b@x.org", ".a@x.org", "a.@x.org", "a@.x.org", "a@-x.org", "a@x", "@x.org", "a@",
     "a b@x.org", "a(b@x.org", "a" * 70 + "@x.org", "a@x-.org", "a@x.org-"],
)  # fmt: skip
def test_why_an_address_is_none_is_said_in_russian_too(address):
    """The reasons are a library's: a release that words them anew shows here."""
    with pytest.raises(NormalizeError) as caught:
        normalize_email(address)
    said = texts("ru").said(str(caught.value)).replace("anna@example.org", "").replace(address, "")
    assert re.findall(r"[A-Za-z]{4,}", said) in ([], ["SPACE"])  # the name of a character
