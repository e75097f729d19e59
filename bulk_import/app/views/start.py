"""The first page: drop a spreadsheet, choose an account, continue earlier imports."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from bulk_import.app.pages import (
    DESK,
    form_of,
    page,
    project_of,
    refused,
    trouble,
)
from bulk_import.app.views.uploading import receive
from bulk_import.errors import BulkImportError, Message, SettingsError, SourceError
from bulk_import.jobs.history import list_jobs, list_runs
from bulk_import.jobs.projects import IMPORTS, Project, delete_project, list_projects
from bulk_import.journal import Journal
from bulk_import.models import Summary
from bulk_import.run.folder import JOURNAL
from bulk_import.run.reporting import summarize
from bulk_import.texts import LANGUAGE_COOKIE, LANGUAGES

_SPREADSHEETS = frozenset(
    {
        ".csv",
        ".tsv",
        ".txt",
        ".xlsx",
        ".xlsm",
        ".xls",
        ".xlsb",
        ".ods",
        ".fods",
        ".xml",
        ".mht",
        ".gz",
        ".zip",
        ".bz2",
        ".xz",
    }
)
_MOST_FILES = 30
_MOST_RUNS = 8
_YEAR_S = 365 * 24 * 3600


async def start(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    projects = await asyncio.to_thread(_projects, desk.home)
    runs = await asyncio.to_thread(_runs, desk.home, {item["run_dir"] for item in projects})
    files = await asyncio.to_thread(_files, desk.home)
    for item in projects:
        sending = desk.sending.get(item["id"])
        item["is_sending"] = sending is not None and not sending.is_over
    jobs = await asyncio.to_thread(list_jobs, desk.home)
    return page(
        request, "start.html.j2", projects=projects, runs=runs, files=files, jobs=jobs, home=desk.home,
        **await accounts(request),
    )  # fmt: skip


async def accounts(request: web.Request) -> dict[str, Any]:
    """Return the profiles that a person may choose from, or why there are none."""
    try:
        return {"profiles": await asyncio.to_thread(request.app[DESK].profiles)}
    except SettingsError as exc:
        return {"profile_trouble": trouble(request, exc)}


async def upload(request: web.Request) -> web.Response:
    """Accept an uploaded file as it is; it becomes a project."""
    desk = request.app[DESK]
    name = unquote(request.headers.get("X-File-Name", "contacts.csv"))
    folder = desk.home / IMPORTS
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".upload-{secrets.token_hex(8)}"
    try:
        await receive(request, draft, largest=desk.largest_upload)
        project = await asyncio.to_thread(Project.adopt, desk.home, draft, name)
    except (BulkImportError, OSError) as exc:
        return refused(request, exc)
    finally:
        await asyncio.to_thread(draft.unlink, missing_ok=True)
    desk.adopt(project)
    return web.json_response({"url": f"/imports/{project.id}/match"})


async def open_file(request: web.Request) -> web.Response:
    """Use a spreadsheet of the folder where it is."""
    desk = request.app[DESK]
    form = await form_of(request)
    try:
        path = await asyncio.to_thread(_inside, desk.home, form.get("path", ""))
        project = await asyncio.to_thread(Project.create, desk.home, path)
    except (BulkImportError, OSError) as exc:
        return refused(request, exc)
    desk.adopt(project)
    return web.json_response({"url": f"/imports/{project.id}/match"})


async def set_account(request: web.Request) -> web.Response:
    """Choose where rows go."""
    desk = request.app[DESK]
    form = await form_of(request)
    try:
        if form.get("kind") == "sandbox":
            await desk.use_sandbox()
        elif form.get("kind") == "profile":
            await desk.use_profile(form.get("profile", ""))
        else:
            await desk.use_account(
                login=form.get("login", ""),
                endpoint=form.get("endpoint", ""),
                key=form.get("key", ""),
                key_file=form.get("key_file", ""),
            )
    except (BulkImportError, OSError) as exc:
        return refused(request, exc)
    return web.json_response({"reload": True})


async def set_language(request: web.Request) -> web.Response:
    form = await form_of(request)
    chosen = form.get("language", "")
    if chosen not in LANGUAGES:
        raise web.HTTPBadRequest(text="There is no such language.\n")
    response = web.json_response({"reload": True})
    response.set_cookie(
        LANGUAGE_COOKIE, chosen, httponly=True, samesite="Strict", path="/", max_age=_YEAR_S
    )
    return response


async def delete(request: web.Request) -> web.Response:
    """Remove a project; runs stay."""
    desk = request.app[DESK]
    project = project_of(request)
    sending = desk.sending.get(project.id)
    if sending is not None and not sending.is_over:
        return refused(request, SettingsError("it is being sent; stop it first"))
    desk.forget(project)
    await asyncio.to_thread(delete_project, project)
    return web.json_response({"reload": True})


def _inside(home: Path, name: str) -> Path:
    if "\0" in name:
        raise SourceError("a name has no zero byte in it", code="SOURCE_MISSING")
    path = (home / name).resolve()
    if not path.is_relative_to(home.resolve()) or not path.is_file():
        raise SourceError(
            Message("{name!r} is not a file of this folder", name=name[:80]), code="SOURCE_MISSING"
        )
    return path


def _files(home: Path) -> list[str]:
    found = []
    for folder in (home, home / "sample_data"):
        if folder.is_dir():
            found += [
                str(path.relative_to(home))
                for path in sorted(folder.iterdir())
                if path.suffix.lower() in _SPREADSHEETS
                and path.is_file()
                and not path.name.startswith(".")
                and not path.name.endswith(".corrections.csv")
                and not path.name.lower().startswith("requirements")
            ]
    return found[:_MOST_FILES]


def _projects(home: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for project in list_projects(home):
        summary = None
        if project.has_run and project.run_dir is not None:
            try:
                with Journal.open(project.run_dir / JOURNAL) as journal:
                    summary = summarize(journal, project.run_dir)
            except BulkImportError:
                summary = None
        found.append(
            {
                "id": project.id,
                "name": project.name,
                "note": project.facts.note,
                "created_at": project.facts.created_at,
                "run_dir": str(project.run_dir or ""),
                "summary": summary,
            }
        )
    return found


def _runs(home: Path, known: set[str]) -> list[Summary]:
    """Runs that were made by commands, newest first."""
    runs = [run for run in list_runs(home / "runs") if str(run.run_dir) not in known]
    return list(reversed(runs))[:_MOST_RUNS]
