"""All rows, judged: filters, one cell explained, corrections, fixes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from aiohttp import web

from bulk_import.app.pages import (
    DESK,
    form_of,
    page,
    project_of,
    refuse_while_sending,
    refused,
    shown,
    texts_of,
    trouble,
)
from bulk_import.errors import BulkImportError, Message
from bulk_import.jobs.grid import Filter, Line
from bulk_import.jobs.projects import Project, list_projects
from bulk_import.jobs.reviewing import Review
from bulk_import.run.corrections import corrections_beside
from bulk_import.texts import Texts

_MOST_ROWS = 400  # of one window


async def review(request: web.Request) -> web.Response:
    project = project_of(request)
    try:
        judging = request.app[DESK].judge(project)
    except (BulkImportError, OSError) as exc:
        return page(request, "review.html.j2", project=project, step="review", judging=None,
                    trouble=trouble(request, exc), review=None)  # fmt: skip
    judged = project.review if judging.is_done and not judging.error else None
    return page(
        request, "review.html.j2", project=project, step="review", judging=judging,
        trouble=shown(request, judging.error) if judging.is_done else "", review=judged,
    )  # fmt: skip


async def judging(request: web.Request) -> web.Response:
    """The progress of judging."""
    state = request.app[DESK].judging.get(project_of(request).id)
    if state is None:
        return web.json_response({"rows": 0, "done": True, "error": ""})
    error = shown(request, state.error)
    return web.json_response({"rows": state.rows, "done": state.is_done, "error": error})


async def rows(request: web.Request) -> web.Response:
    """A window of the grid."""
    found = _review(project_of(request))
    wanted = _filter(request)
    first = max(0, _number(request, "first"))
    number = min(max(1, _number(request, "rows")), _MOST_ROWS)
    lines, total = await asyncio.to_thread(
        lambda: (found.window(wanted, first, number), found.count(wanted))
    )
    return web.json_response(
        {"total": total, "rows": [_line(line, texts_of(request)) for line in lines]}
    )


async def place(request: web.Request) -> web.Response:
    """The position of a row within a filter."""
    found = _review(project_of(request))
    wanted = _filter(request)
    at = await asyncio.to_thread(found.position, wanted, _number(request, "seq"))
    return web.json_response({"position": at})


async def side(request: web.Request) -> web.Response:
    """Counts, causes and fixes beside the grid."""
    project = project_of(request)
    found = _review(project)
    counts, fixes = await asyncio.to_thread(lambda: (found.counts(), project.fixes()))
    run = project.run_dir.name if project.run_dir is not None and project.has_run else ""
    undo, redo = project.next_steps()
    earlier = await asyncio.to_thread(_with_corrections, request.app[DESK].home, project)
    return page(
        request, "_side.html.j2", project=project, counts=counts, fixes=fixes, undo=undo, redo=redo,
        wanted=_filter(request), review=found, earlier=earlier, run=run,
    )  # fmt: skip


async def cell(request: web.Request) -> web.Response:
    """One cell, explained."""
    project = project_of(request)
    found = _review(project)
    try:
        explained = await asyncio.to_thread(
            found.explain, _number(request, "seq"), request.query.get("column", "")
        )
    except BulkImportError as exc:
        return refused(request, exc)
    line = explained.line
    original = project.original(line.sheet, line.row, explained.column)
    return page(request, "_cell.html.j2", project=project, cell=explained, original=original)


async def edit(request: web.Request) -> web.Response:
    """Correct one cell."""
    form = await form_of(request)
    seq, column = int(form.get("seq") or 0), form.get("column", "")
    text = form.get("text", "")
    label = Message("edit of {column}", column=column)
    return await _edited(request, lambda p: p.edit([(seq, column, text)], label), seq)


async def replace(request: web.Request) -> web.Response:
    """Find and replace within a column; only counted when it is a preview."""
    form = await form_of(request)
    column, find, by = form.get("column", ""), form.get("find", ""), form.get("by", "")
    whole, exact = bool(form.get("whole")), bool(form.get("exact"))
    if form.get("preview"):
        found = _review(project_of(request))
        if column not in found.header or not find:
            return web.json_response({"changed": 0, "examples": []})
        cells = await asyncio.to_thread(
            lambda: list(found.matching(column, find, by, whole=whole, exact=exact))
        )
        changed = [(before, after) for _, before, after in cells if before != after]
        return web.json_response({"changed": len(changed), "examples": changed[:4]})
    return await _edited(
        request, lambda p: p.replace(column, find, by, whole=whole, exact=exact), 0
    )


async def takeover(request: web.Request) -> web.Response:
    """Replay the corrections of an earlier import on this one."""
    form = await form_of(request)
    earlier = request.app[DESK].project(form.get("from", ""))
    return await _edited(request, lambda p: p.take_over(earlier), 0)


async def fix(request: web.Request) -> web.Response:
    """Apply a fix that was tried; all rows are judged again."""
    form = await form_of(request)
    project = project_of(request)
    try:
        refuse_while_sending(request, project)
        await asyncio.to_thread(project.apply_fix, form.get("change", ""))
    except BulkImportError as exc:
        return refused(request, exc)
    return web.json_response({"reload": True})


async def undo(request: web.Request) -> web.Response:
    return await _stepped(request, Project.undo)


async def redo(request: web.Request) -> web.Response:
    return await _stepped(request, Project.redo)


async def _stepped(request: web.Request, step: Callable[[Project], Any]) -> web.Response:
    project = project_of(request)
    try:
        refuse_while_sending(request, project)
        done = await asyncio.to_thread(step, project)
    except BulkImportError as exc:
        return refused(request, exc)
    if done is not None and done.is_mapping:
        return web.json_response({"reload": True})
    request.app[DESK].edited(project)
    return web.json_response({"changed": 1 if done else 0})


async def _edited(request: web.Request, change: Callable[[Project], int], seq: int) -> web.Response:
    project = project_of(request)
    desk = request.app[DESK]
    try:
        refuse_while_sending(request, project)
        changed = await asyncio.to_thread(change, project)
    except BulkImportError as exc:
        return refused(request, exc)
    desk.edited(project)
    lines = _review(project).window(Filter(), seq - 1, 1) if seq else []
    say = texts_of(request)
    return web.json_response({"changed": changed, "rows": [_line(line, say) for line in lines]})


def _with_corrections(home: Path, project: Project) -> list[Project]:
    """Other imports whose corrections fit this one, the newest first."""
    others = (other for other in list_projects(home) if other.id != project.id)
    corrected = (
        other
        for other in others
        if (path := corrections_beside(str(other.source))) is not None and path.is_file()
    )
    return [other for other in islice(corrected, 5) if _fits(project, other)]


def _fits(project: Project, other: Project) -> bool:
    try:
        return bool(project.corrections_from(other))
    except BulkImportError:  # its mapping, or its file of corrections, cannot be read any more
        return False


def _review(project: Project) -> Review:
    if project.review is None:
        raise web.HTTPConflict(text="The rows are not judged yet.\n")
    return project.review


def _filter(request: web.Request) -> Filter:
    query = request.query
    return Filter(
        status=query.get("status", ""),
        code=query.get("code", ""),
        column=query.get("column", ""),
        problems=query.get("problems") == "1",
        text=query.get("text", "")[:200],
    )


def _number(request: web.Request, name: str) -> int:
    try:
        return int(request.query.get(name, "0"))
    except ValueError:
        raise web.HTTPBadRequest(text=f"{name}: not a number\n") from None


def _line(line: Line, say: Texts) -> dict[str, Any]:
    return {
        "seq": line.seq,
        "row": line.row,
        "status": line.status,
        "cells": line.cells,
        "marks": line.marks,
        "why": say.said(line.why),
    }
