"""What is about to happen, and the number that is typed to confirm it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from bulk_import.app.pages import DESK, form_of, page, project_of, refused
from bulk_import.errors import BulkImportError, SetupError
from bulk_import.jobs.checking import send_again
from bulk_import.jobs.reviewing import Counts
from bulk_import.models import Status
from bulk_import.run.plan import Plan

MOST_CANARY = 100


@dataclass(frozen=True, slots=True)
class Outlook:
    """A plan with what the page says beside it.

    Attributes:
        again: Rows that an earlier run of this project accepted: they stay as they are.
    """

    plan: Plan
    counts: Counts
    again: int = 0


async def plan(request: web.Request) -> web.Response:
    project = project_of(request)
    desk = request.app[DESK]
    try:
        judging = desk.judge(project)
    except (BulkImportError, OSError) as exc:
        return page(request, "plan.html.j2", project=project, step="plan", outlook=None,
                    judging=None, trouble=str(exc))  # fmt: skip
    outlook = None
    if judging.is_done and not judging.error:
        outlook = await asyncio.to_thread(_outlook, request)
    return page(
        request, "plan.html.j2", project=project, step="plan", outlook=outlook, judging=judging,
        trouble=judging.error if judging.is_done else "",
    )  # fmt: skip


async def send(request: web.Request) -> web.Response:
    """Begin, if the number that was typed is the number of rows."""
    project = project_of(request)
    desk = request.app[DESK]
    form = await form_of(request)
    try:
        if project.review is None or not desk.judge(project).is_done:
            raise SetupError("the rows are not judged yet")
        outlook = await asyncio.to_thread(_outlook, request)
        typed = "".join(char for char in form.get("typed", "") if char.isdigit())
        if typed != str(outlook.plan.to_send):
            raise SetupError(f"type {outlook.plan.to_send:,}, the number of rows, to confirm")
        canary, rate = _numbers(form.get("canary", ""), form.get("rate", ""))
        desk.send(project, outlook.plan.to_send, canary=canary, rate=rate)
    except BulkImportError as exc:
        return refused(exc)
    return web.json_response({"url": f"/imports/{project.id}/send"})


def _numbers(canary: str, rate: str) -> tuple[int, float]:
    try:
        rows, pace = int(canary or 0), float((rate or "0").replace(",", "."))
    except ValueError:
        raise SetupError("canary and pace are numbers") from None
    if not 0 <= rows <= MOST_CANARY or not 0 <= pace <= 1000:
        raise SetupError(f"the canary has 0 to {MOST_CANARY} rows, the pace is 0 to 1,000 a second")
    return rows, pace


def _outlook(request: web.Request) -> Outlook:
    project = project_of(request)
    account = request.app[DESK].account
    review = project.review
    if review is None:
        raise SetupError("the rows are not judged yet")
    endpoint, titles = (account.endpoint, account.titles) if account else ("", {})
    made = review.plan(endpoint, titles)
    counts = review.counts()
    if not project.has_run or project.run_dir is None:
        return Outlook(made, counts)
    made = send_again(made, project.run_dir, review)
    return Outlook(made, counts, counts.statuses.get(Status.SUCCESS, 0))
