"""How a run ended: the report, files to download, undo, the rows that are left."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from bulk_import.app.pages import (
    DESK,
    page,
    project_of,
    refused,
    texts_of,
    trouble,
    without_folder,
)
from bulk_import.errors import BulkImportError, SetupError
from bulk_import.jobs.history import read_report
from bulk_import.jobs.projects import Project, name_of_run
from bulk_import.jobs.undoing import undo as write_undo
from bulk_import.report.contents import contents
from bulk_import.run.folder import JOURNAL

_RUN = re.compile(r"[\w.-]{1,120}")
_FILES = re.compile(
    r"report\.csv|report\.html|summary\.json|rejects(?:_\d+)?(?:-\d+)?\.(?:csv|xlsx)|(?:undo|reverse|plan)(?:-\d+)?\.(?:csv|yml)"
)


async def result(request: web.Request) -> web.Response:
    """The end of a project's run."""
    project = project_of(request)
    desk = request.app[DESK]
    sending = desk.sending.get(project.id)
    if sending is not None and not sending.is_over:
        raise web.HTTPSeeOther(f"/imports/{project.id}/send")
    if not project.has_run or project.run_dir is None:
        raise web.HTTPSeeOther(f"/imports/{project.id}/plan")
    return await _shown(request, project.run_dir, project, sending.error if sending else "")


async def run(request: web.Request) -> web.Response:
    """Any run of the folder."""
    return await _shown(request, _run_dir(request), None, "")


async def download(request: web.Request) -> web.StreamResponse:
    """A file of a run."""
    name = request.match_info["file"]
    if not _FILES.fullmatch(name):
        raise web.HTTPNotFound(text="There is no such file.\n")
    path = _run_dir(request) / name
    if not await asyncio.to_thread(path.is_file):
        raise web.HTTPNotFound(text="There is no such file.\n")
    return web.FileResponse(
        path,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Type": "application/octet-stream",
        },
    )


async def undo(request: web.Request) -> web.Response:
    """Make an import of the reverse of a run's tags and lists."""
    desk = request.app[DESK]
    run_dir = _run_dir(request)

    def make() -> Project:
        plan = write_undo(run_dir)
        text = plan.mapping.read_text("utf-8")
        title = name_of_run(desk.home, run_dir)
        return Project.create(desk.home, plan.source, mapping=text, note="undo", title=title)

    try:
        project = await asyncio.to_thread(make)
    except BulkImportError as exc:
        return refused(request, exc)
    desk.adopt(project)
    return web.json_response({"url": f"/imports/{project.id}/plan"})


async def fix_rejects(request: web.Request) -> web.Response:
    """Make an import of the rows of a run that did not make it, to be corrected and sent alone."""
    desk = request.app[DESK]
    run_dir = _run_dir(request)

    def make() -> Project:
        found = read_report(run_dir)
        rejects = [path for name in found.rejects if (path := run_dir / name).is_file()]
        if not rejects:
            raise SetupError("no row of this run needs you")
        title = name_of_run(desk.home, run_dir)
        return Project.create(
            desk.home, rejects[0], mapping=found.mapping, note="rejects", title=title
        )

    try:
        project = await asyncio.to_thread(make)
    except BulkImportError as exc:
        return refused(request, exc)
    desk.adopt(project)
    return web.json_response({"url": f"/imports/{project.id}/review"})


def _run_dir(request: web.Request) -> Path:
    name = request.match_info["run"]
    path = request.app[DESK].home / "runs" / name
    if not _RUN.fullmatch(name) or name.startswith(".") or not (path / JOURNAL).is_file():
        raise web.HTTPNotFound(text="There is no such run.\n")
    return path


def _files(run_dir: Path) -> list[str]:
    return [path.name for path in sorted(run_dir.iterdir()) if _FILES.fullmatch(path.name)]


async def _shown(
    request: web.Request, run_dir: Path, project: Project | None, error: str
) -> web.Response:
    say = texts_of(request)
    try:
        found = await asyncio.to_thread(read_report, run_dir)
    except BulkImportError as exc:
        return page(
            request, "trouble.html.j2", project=project, step="result",
            trouble=trouble(request, exc),
        )  # fmt: skip
    account = request.app[DESK].account
    summary = found.summary
    if account is not None and account.is_sandbox and account.endpoint == summary.endpoint:
        summary = replace(summary, endpoint=say("the sandbox"))
    report = contents(summary, found.digest, found.changes, say)
    listed = tuple(replace(row, source=without_folder(row.source)) for row in report.listed)
    report = replace(report, listed=listed)
    files = await asyncio.to_thread(_files, run_dir)
    return page(
        request, "result.html.j2", project=project, step="result", report=report, error=error,
        run=run_dir.name, files=files, summary=found.summary,
    )  # fmt: skip
