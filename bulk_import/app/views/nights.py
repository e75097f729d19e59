"""Jobs that run every night: how the last ones ended, what the brake said, letting it pass once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web

from bulk_import.app.live import Sending
from bulk_import.app.pages import DESK, form_of, page, refused
from bulk_import.errors import BulkImportError, Message, SettingsError
from bulk_import.jobs.history import Job, list_jobs
from bulk_import.jobs.nightly import sync_async
from bulk_import.run.folder import new_run_dir

_PREFIX = "night:"


@dataclass(frozen=True, slots=True)
class Shown:
    """A job and its state."""

    job: Job
    sending: Sending | None


async def nights(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    jobs = await asyncio.to_thread(list_jobs, desk.home)
    shown = [Shown(job, desk.sending.get(_PREFIX + job.state.name)) for job in jobs]
    return page(request, "nights.html.j2", jobs=shown)


async def accept(request: web.Request) -> web.Response:
    """Run the last night of a job again, and let the brake pass this once."""
    desk = request.app[DESK]
    form = await form_of(request)
    jobs = await asyncio.to_thread(list_jobs, desk.home)
    job = next((job for job in jobs if job.state.name == form.get("job", "")), None)
    try:
        if job is None or not job.last or not job.mapping:
            raise SettingsError("there is no such job, or it never ran")
        if desk.account is None or desk.account.endpoint != job.endpoint:
            raise SettingsError(
                Message("choose the account of this job first: {endpoint}", endpoint=job.endpoint)
            )
        running = desk.sending.get(_PREFIX + job.state.name)
        if running is not None and not running.is_over:
            raise SettingsError("this job runs already")
        _begin(request, job)
    except (BulkImportError, OSError) as exc:
        return refused(request, exc)
    return web.json_response({"reload": True})


def _begin(request: web.Request, job: Job) -> None:
    desk = request.app[DESK]
    if desk.account is None:
        raise SettingsError("choose an account first")
    folder = new_run_dir(job.sources[0], desk.home)
    settings = replace(desk.account.settings, run_dir=folder)
    mapping = Path(job.mapping)
    desk.sending[_PREFIX + job.state.name] = Sending.start(
        folder,
        0,
        lambda _confirm, progress, stop, _steer: sync_async(
            list(job.sources),
            mapping,
            settings,
            state=job.state,
            accept=True,
            progress=progress,
            stop=stop,
        ),
    )
