"""A run while it is sending: events for the page, and what the person says to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

from bulk_import.app.live import Sending
from bulk_import.app.pages import (
    DESK,
    form_of,
    page,
    project_of,
    refused,
    texts_of,
    without_folder,
)
from bulk_import.app.security import HEADERS
from bulk_import.errors import SetupError

_EVERY_S = 0.25
_BEAT_S = 10.0


async def send(request: web.Request) -> web.Response:
    project = project_of(request)
    sending = request.app[DESK].sending.get(project.id)
    if sending is None or (sending.is_over and not sending.error):
        where = "result" if project.has_run else "plan"
        raise web.HTTPSeeOther(f"/imports/{project.id}/{where}")
    return page(request, "send.html.j2", project=project, step="send", sending=sending)


async def events(request: web.Request) -> web.StreamResponse:
    """The state of the run, sent whenever it changes (Server-Sent Events)."""
    project = project_of(request)
    sending = request.app[DESK].sending.get(project.id)
    if sending is None:
        raise web.HTTPNotFound(text="Nothing is being sent.\n")
    say = texts_of(request)
    response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
    await response.prepare(request)
    seen, silent_s = -1, 0.0
    with suppress(ConnectionResetError):
        while True:
            is_over = sending.is_over
            if sending.version != seen or is_over:
                seen, silent_s = sending.version, 0.0
                told = sending.snapshot()
                for name in ("pause_why", "error", "stopped"):
                    told[name] = without_folder(say.said(told[name]))
                told["said"] = [without_folder(say.said(line)) for line in told["said"]]
                told["causes"] = [(code, rows, say.cause(code)) for code, rows in told["causes"]]
                if is_over:
                    told["url"] = f"/imports/{project.id}/result"
                await response.write(f"data: {json.dumps(told, ensure_ascii=False)}\n\n".encode())
            if is_over:
                break
            await asyncio.sleep(_EVERY_S)
            silent_s += _EVERY_S
            if silent_s >= _BEAT_S:
                silent_s = 0.0
                await response.write(b": still here\n\n")
    return response


async def steer(request: web.Request) -> web.Response:
    """Hold, continue, stop, change the pace, answer after the canary."""
    project = project_of(request)
    form = await form_of(request)
    sending = request.app[DESK].sending.get(project.id)
    if sending is None or sending.is_over:
        return refused(request, SetupError("nothing is being sent"))
    try:
        _obey(sending, form.get("do", ""), form.get("rate", ""))
    except ValueError:
        return refused(request, SetupError("the pace is a number of rows per second"))
    return web.json_response({})


def _obey(sending: Sending, what: str, rate: str) -> None:
    if what == "rate":
        sending.ask_rate(min(1000.0, max(0.0, float(rate.replace(",", ".")))))
        return
    orders: dict[str, Callable[[], None]] = {
        "hold": sending.hold,
        "continue": sending.go_on,
        "stop": sending.end,
        "yes": lambda: sending.answer(goes_on=True),
        "no": lambda: sending.answer(goes_on=False),
    }
    if what not in orders:
        raise web.HTTPBadRequest(text="no such order\n")
    orders[what]()
