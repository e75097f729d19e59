"""Columns and fields: every click edits the mapping file."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from bulk_import.api.fields import FIELDS
from bulk_import.app.pages import (
    DESK,
    form_of,
    page,
    project_of,
    refuse_while_sending,
    refused,
    trouble,
)
from bulk_import.app.views.uploading import receive
from bulk_import.errors import BulkImportError, SetupError
from bulk_import.jobs import matching
from bulk_import.jobs.projects import Project, safe_name


async def match(request: web.Request) -> web.Response:
    return await _shown(request, "match.html.j2")


async def assign(request: web.Request) -> web.Response:
    form = await form_of(request)
    return await _changed(
        request, lambda p: matching.assign(p, form.get("column", ""), form.get("field", ""))
    )


async def option(request: web.Request) -> web.Response:
    form = await form_of(request)
    path = tuple(filter(None, form.get("path", "").split("/")))
    if not 2 <= len(path) <= 3 and path != ("suppress",):
        return refused(request, SetupError("no such option"))
    return await _changed(request, lambda p: matching.set_option(p, path, form.get("value", "")))


async def constant(request: web.Request) -> web.Response:
    """Give a field the same text in every row."""
    form = await form_of(request)
    field, text = form.get("field", ""), form.get("value", "").strip()
    if field not in FIELDS or not text:
        return refused(request, SetupError("choose a field and say its text"))
    return await _changed(
        request, lambda p: matching.set_option(p, ("fields", field, "value"), text)
    )


async def value(request: web.Request) -> web.Response:
    form = await form_of(request)
    return await _changed(
        request,
        lambda p: matching.set_value(
            p, form.get("field", ""), form.get("cell", ""), form.get("meant", "").strip()
        ),
    )


async def rule(request: web.Request) -> web.Response:
    form = await form_of(request)
    values = [line.strip() for line in form.get("values", "").splitlines() if line.strip()]
    return await _changed(
        request,
        lambda p: matching.set_rule(p, form.get("section", ""), form.get("column", ""), values),
    )


async def source(request: web.Request) -> web.Response:
    """Read the file with other options, and propose its columns again."""
    form = await form_of(request)
    return await _changed(request, lambda p: matching.read_as(p, form))


async def file(request: web.Request) -> web.Response:
    """Replace the mapping file's text; line ends stay as they are."""
    form = await form_of(request)
    text = form.get("text", "").replace("\r\n", "\n")
    return await _changed(request, lambda p: p.write_mapping(text))


async def suppress(request: web.Request) -> web.Response:
    """Take a list of people who must not be written to; an entry that is not understood refuses it."""
    project = project_of(request)
    name = safe_name(unquote(request.headers.get("X-File-Name", "list.csv")))
    folder = project.folder.resolve() / f"never-{secrets.token_hex(4)}"
    try:
        refuse_while_sending(request, project)
        await asyncio.to_thread(folder.mkdir, mode=0o700)
        await receive(request, folder / name, largest=request.app[DESK].largest_upload)
        await asyncio.to_thread(matching.never_send, project, folder / name)
    except (BulkImportError, OSError) as exc:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        return refused(request, exc)
    return web.json_response({"reload": True})


async def _changed(request: web.Request, change: Callable[[Project], None]) -> web.Response:
    project = project_of(request)
    try:
        refuse_while_sending(request, project)
        await asyncio.to_thread(change, project)
    except BulkImportError as exc:
        return refused(request, exc)
    return await _shown(request, "_match.html.j2")


async def _shown(request: web.Request, template: str) -> web.Response:
    project = project_of(request)
    values: dict[str, Any] = {"project": project, "step": "match", "trouble": "", "match": None}
    try:
        values["match"] = await asyncio.to_thread(matching.look, project)
    except BulkImportError as exc:
        values["trouble"] = trouble(request, exc)
    text = await asyncio.to_thread(project.mapping_text)
    values["is_begun"] = await asyncio.to_thread(lambda: project.is_begun)
    return page(
        request, template, groups=matching.GROUPS, title_of=matching.title_of,
        kind_of=matching.kind_of, fields=FIELDS, text=text, **values,
    )  # fmt: skip
