"""Pages: templates, what every page shows, forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from aiohttp import web
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, pass_context

from bulk_import.app.desk import Desk
from bulk_import.errors import BulkImportError, SetupError
from bulk_import.jobs.projects import Project
from bulk_import.report.contents import NAMES, SET_NAMES
from bulk_import.texts import LANGUAGE_COOKIE, LANGUAGES, Texts, best_language, texts
from bulk_import.texts.fields import FIELD_NAMES

DESK = web.AppKey("desk", Desk)
# What the scripts say; they find them in the page, in its language.
SCRIPT_TEXTS = (
    "Saved", "Not saved: {why}", "Uploading {name}: {percent}", "Reading the spreadsheet …",
    "The upload was cut off", "empty",
    "{n} rows", "{n} rows are left.", "No row fits.", "rows/s", "about {time} left", "almost done",
    "The page lost touch; it keeps trying.", "Edit {column}", "Nothing found",
    "people: {n}", "entries: {n}", "Remove {name}", "The form was changed: compare again.",
    "less than a minute", "{n} min", "{h} h {m} min", "waiting {seconds} s: {why}",
)  # fmt: skip


# A path into the folder of a project; names of folders may have blanks ("C:\\Users\\Anna Berg").
_FOLDER = re.compile(
    r"""(?<![^\s'"«“(])(?:[A-Za-z]:)?[/\\](?:[^\n'"«»“”:;]*?[/\\])?imports[/\\](?:lists[/\\])?[^/\\\s]+[/\\]"""
    r"(?:never-[0-9a-f]{8}[/\\])?"
)


@cache
def environment() -> Environment:
    """Return the templates: the page's own, and the parts that it shares with the report."""
    made = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("bulk_import.app", "templates"),
                PackageLoader("bulk_import.report", "."),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["said"] = pass_context(lambda context, text: context["say"].said(text))
    made.filters["without_folder"] = without_folder
    made.filters["as_choice"] = lambda name: (name, name)
    made.filters["in_braces"] = lambda name: f"{{{name}}}"
    made.globals["status_names"] = NAMES
    made.globals["set_names"] = SET_NAMES
    made.globals["titles"] = FIELD_NAMES
    return made


def language_of(request: web.Request) -> str:
    """Return the language of the person: chosen, else the browser's."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return (
        chosen if chosen in LANGUAGES else best_language(request.headers.get("Accept-Language", ""))
    )


def texts_of(request: web.Request) -> Texts:
    """Return the texts in the language of the person."""
    return texts(language_of(request), is_page=True)


def render(request: web.Request, template: str, **values: Any) -> str:
    """Return a template filled with *values* and what every page has."""
    desk = request.app[DESK]
    say = texts_of(request)
    return (
        environment()
        .get_template(template)
        .render(
            _=say,
            say=say,
            language=say.language,
            languages=LANGUAGES,
            account=desk.account,
            status_texts={status.value: say(name) for status, name in NAMES.items()},
            script_texts={text: say(text) for text in SCRIPT_TEXTS},
            path=request.path,
            **values,
        )
    )


def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """Return a page, or a part of one."""
    values.setdefault("project", None)
    values.setdefault("step", "")
    values.setdefault("profiles", ())
    values.setdefault("profile_trouble", "")
    return web.Response(
        text=render(request, template, **values), content_type="text/html", status=status
    )


def trouble(request: web.Request, exc: BulkImportError | OSError) -> str:
    """Return an error as one text for the page, in the language of the person."""
    return shown(request, str(exc))


def shown(request: web.Request, message: str) -> str:
    """Return a message in the language of the person."""
    return without_folder(texts_of(request).said(message))


def without_folder(text: str) -> str:
    """Return *text* without the folder in which a project is kept: a person knows the file's name."""
    return _FOLDER.sub("", text)


async def form_of(request: web.Request) -> Mapping[str, str]:
    """Return the fields of a form that was sent; texts only, the last of a name counts."""
    posted = await request.post()
    return {name: value for name, value in posted.items() if isinstance(value, str)}


def project_of(request: web.Request) -> Project:
    """Return the project that the address names."""
    return request.app[DESK].project(request.match_info["id"])


def refuse_while_sending(request: web.Request, project: Project) -> None:
    """Refuse to change an import whose rows are being sent.

    Raises:
        SetupError: They are.
    """
    sending = request.app[DESK].sending.get(project.id)
    if sending is not None and not sending.is_over:
        raise SetupError("rows are being sent; correct cells when that is over")


def refused(request: web.Request, exc: BulkImportError | OSError) -> web.Response:
    """Return the answer to a form that asks for what cannot be done."""
    return web.json_response({"error": trouble(request, exc)}, status=409)
