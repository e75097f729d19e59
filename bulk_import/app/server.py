"""The server: on 127.0.0.1 alone, routes, its start and its end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from bulk_import.app.desk import Desk
from bulk_import.app.pages import DESK, page, shown, trouble
from bulk_import.app.security import Doorkeeper, guard
from bulk_import.app.views import match, nights, plan, results, retag, review, sending, start
from bulk_import.errors import BulkImportError
from bulk_import.settings import Settings

_LARGEST_FORM = 2 * 2**20  # bytes; uploads are streamed and have their own bound
_SHUTDOWN_S = 1.0
_STATIC = {
    "app.css": ("app", "text/css"),
    "base.css": ("report", "text/css"),
    "icon.svg": ("app", "image/svg+xml"),
    "app.js": ("app", "text/javascript"),
    "grid.js": ("app", "text/javascript"),
    "combobox.js": ("app", "text/javascript"),
    "live.js": ("app", "text/javascript"),
    "retag.js": ("app", "text/javascript"),
    "report.js": ("report", "text/javascript"),
}


class Page:
    """The page, being served.

    Attributes:
        url: Its address, without a token.
    """

    def __init__(
        self, home: Path, settings: Settings, *, profile: str = "", config: Path | None = None
    ) -> None:
        """Make it.

        Args:
            home: The folder with spreadsheets and runs.
            settings: Of the profile or the environment: the account to begin with.
            profile: The name of that profile.
            config: The file with the profiles; ``None`` = the usual one.
        """
        self.desk = Desk(home, settings, profile, config)
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._doorkeeper: Doorkeeper | None = None

    async def start(self, port: int = 0, announce: Callable[[str], None] = lambda _: None) -> str:
        """Listen on the loopback; return a link that opens the page once.

        Args:
            port: 0 = any free one.
            announce: Told another link when somebody asks for the page without one.

        Raises:
            OSError: The port is taken.
        """
        doorkeeper = Doorkeeper(0, announce)
        app = application(self.desk, doorkeeper)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except BaseException:
            await runner.cleanup()
            raise
        doorkeeper.port = runner.addresses[0][1]
        self._runner, self._doorkeeper = runner, doorkeeper
        self.url = f"http://127.0.0.1:{doorkeeper.port}"
        await self.desk.use_what_is_there()
        return doorkeeper.link()

    async def stop(self) -> None:
        """Stop running work, then stop listening."""
        await self.desk.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Page:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()


def application(desk: Desk, doorkeeper: Doorkeeper) -> web.Application:
    """Return the web application."""
    app = web.Application(
        client_max_size=_LARGEST_FORM, middlewares=[guard(doorkeeper), _explained]
    )
    app[DESK] = desk
    get, post = app.router.add_get, app.router.add_post
    get("/", start.start)
    post("/upload", start.upload)
    post("/open", start.open_file)
    post("/account", start.set_account)
    post("/language", start.set_language)
    project = "/imports/{id}"
    post(f"{project}/delete", start.delete)
    get(f"{project}/match", match.match)
    for name in ("assign", "option", "constant", "value", "rule", "source", "file", "suppress"):
        post(f"{project}/mapping/{name}", getattr(match, name))
    get(f"{project}/review", review.review)
    for name in ("judging", "rows", "place", "side", "cell"):
        get(f"{project}/{name}", getattr(review, name))
    for name in ("edit", "replace", "fix", "undo", "redo", "takeover"):
        post(f"{project}/{name}", getattr(review, name))
    get(f"{project}/plan", plan.plan)
    post(f"{project}/send", plan.send)
    get(f"{project}/send", sending.send)
    get(f"{project}/events", sending.events)
    post(f"{project}/steer", sending.steer)
    get(f"{project}/result", results.result)
    get("/runs/{run}", results.run)
    get("/runs/{run}/files/{file}", results.download)
    post("/runs/{run}/undo", results.undo)
    post("/runs/{run}/rejects", results.fix_rejects)
    get("/retag", retag.retag)
    post("/retag/list", retag.upload_list)
    post("/retag/compare", retag.compare)
    post("/retag/make", retag.make)
    get("/nights", nights.nights)
    post("/nights/accept", nights.accept)
    get("/static/{name}", _static)
    return app


def serve(
    home: Path, settings: Settings, *, port: int, ready: Callable[[str], None],
    again: Callable[[str], None], profile: str = "", config: Path | None = None,
) -> None:  # fmt: skip
    """Serve until Ctrl-C or SIGTERM.

    Args:
        ready: Told the link when the page answers.
        again: Told another link when somebody asks for the page without one.
        profile: The profile that the settings are of.
        config: The file with the profiles.

    Raises:
        OSError: The port is taken.
    """

    async def run() -> None:
        served = Page(home, settings, profile=profile, config=config)
        link = await served.start(port, again)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, stop.set)
        ready(link)
        try:
            await stop.wait()
        finally:
            await served.stop()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())


_NO_ROUTE = "404: Not Found"  # as the framework says it


@web.middleware
async def _explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Show an error that the person can act on as a page, not as a bug."""
    try:
        return await handler(request)
    except BulkImportError as exc:
        said = trouble(request, exc)
        return page(request, "trouble.html.j2", trouble=said, status=409)
    except web.HTTPNotFound as exc:
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            cause = exc.__cause__  # whose message can be said in another language
            text = str(cause) if isinstance(cause, BulkImportError) else (exc.text or "").strip()
            said = shown(request, "There is no such page." if text == _NO_ROUTE else text)
            return page(request, "trouble.html.j2", trouble=said, status=404)
        raise


async def _static(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in _STATIC:
        raise web.HTTPNotFound(text="There is no such file.\n")
    room, kind = _STATIC[name]
    folder = resources.files(f"bulk_import.{room}")
    path = folder.joinpath("static", name) if room == "app" else folder.joinpath(name)
    return web.Response(text=path.read_text("utf-8"), content_type=kind, charset="utf-8")
