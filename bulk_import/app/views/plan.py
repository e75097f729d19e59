"""What is about to happen, and the number that is typed to confirm it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from bulk_import.app.pages import (
    DESK,
    form_of,
    page,
    project_of,
    refused,
    shown,
    trouble,
)
from bulk_import.app.views.start import accounts
from bulk_import.errors import BulkImportError, Message, SetupError
from bulk_import.jobs.grid import Cause, Counts
from bulk_import.models import Status
from bulk_import.run.plan import Plan

MOST_CANARY = 100


@dataclass(frozen=True, slots=True)
class Outlook:
    """A plan with what the page says beside it.

    Attributes:
        again: Rows that an earlier run of this project accepted: they stay as they are.
        remarks: What is remarked of the rows that will be sent.
    """

    plan: Plan
    counts: Counts
    again: int = 0
    remarks: Sequence[Cause] = ()


async def plan(request: web.Request) -> web.Response:
    project = project_of(request)
    desk = request.app[DESK]
    try:
        judging = desk.judge(project)
    except (BulkImportError, OSError) as exc:
        return page(request, "plan.html.j2", project=project, step="plan", outlook=None,
                    judging=None, trouble=trouble(request, exc))  # fmt: skip
    outlook = None
    if judging.is_done and not judging.error:
        outlook = await asyncio.to_thread(_outlook, request)
    return page(
        request, "plan.html.j2", project=project, step="plan", outlook=outlook, judging=judging,
        trouble=shown(request, judging.error) if judging.is_done else "", **await accounts(request),
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
        expected = None if project.has_run else _typed(form.get("typed", ""), outlook.plan.to_send)
        canary, rate = _numbers(form.get("canary", ""), form.get("rate", ""))
        desk.send(project, expected, canary=canary, rate=rate)
    except BulkImportError as exc:
        return refused(request, exc)
    return web.json_response({"url": f"/imports/{project.id}/send"})


def _typed(text: str, wanted: int) -> int:
    typed = "".join(char for char in text if char.isdigit())
    if typed != str(wanted):
        raise SetupError(Message("type {wanted:,}, the number of rows, to confirm", wanted=wanted))
    return wanted


def _numbers(canary: str, rate: str) -> tuple[int, float]:
    try:
        rows, pace = int(canary or 0), float((rate or "0").replace(",", "."))
    except ValueError:
        raise SetupError("canary and pace are numbers") from None
    if not 0 <= rows <= MOST_CANARY or not 0 <= pace <= 1000:
        raise SetupError(
            Message(
                "the canary has 0 to {most_canary} rows, the pace is 0 to 1,000 a second",
                most_canary=MOST_CANARY,
            )
        )
    return rows, pace


def _outlook(request: web.Request) -> Outlook:
    project = project_of(request)
    account = request.app[DESK].account
    review = project.review
    if review is None:
        raise SetupError("the rows are not judged yet")
    endpoint, titles = (account.endpoint, account.titles) if account else ("", {})
    counts = review.counts()
    again = counts.statuses.get(Status.SUCCESS, 0)
    return Outlook(review.plan(endpoint, titles), counts, again, review.remarks())
