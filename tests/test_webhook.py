"""A webhook receives how a job ended; what goes wrong with it is said and ends nothing."""

from __future__ import annotations

import asyncio
import sys

import pytest
from aiohttp import web

from bulk_import.api.webhook import check_webhook, notify
from bulk_import.errors import SettingsError


async def told(
    status: int, headers: dict[str, str] | None = None, scheme: str = "http"
) -> tuple[str, list[object]]:
    """Notify a server that answers with *status*: (what is said, what it was sent)."""
    heard: list[object] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.Response(status=status, headers=headers)

    app = web.Application()
    app.router.add_post("/hook", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        url = f"{scheme}://127.0.0.1:{port}/hook"
        return await asyncio.to_thread(notify, url, {"exit_code": 3, "stopped": "why"}), heard
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "said"),
    [(200, ""), (204, ""), (299, ""), (300, "HTTP 300"), (404, "HTTP 404"), (500, "HTTP 500")],
)
async def test_whatever_is_no_success_is_said(status, said):
    assert await told(status) == (said, [{"exit_code": 3, "stopped": "why"}])


async def test_an_address_in_capitals_is_a_webhook_as_well():
    assert check_webhook("HTTP://example.org/hook") == "HTTP://example.org/hook"
    assert await told(200, scheme="HTTP") == ("", [{"exit_code": 3, "stopped": "why"}])


async def test_a_redirect_is_not_followed():
    said, heard = await told(302, {"Location": "/elsewhere"})
    assert (said, len(heard)) == ("HTTP 302", 1)


def test_nobody_there_is_said_and_raises_nothing():
    assert notify("http://127.0.0.1:9/hook", {"exit_code": 0}) != ""


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "https://example.org", "json://localhost/"]
)
def test_an_address_that_can_be_told_something_is_taken_as_it_is(url):
    assert check_webhook(url) == url


@pytest.mark.parametrize("url", ["example.org/hook", "http://", "https:///x", "nonsense://x", ""])
def test_an_address_that_cannot_be_told_anything_is_refused_before_anything_is_sent(url):
    with pytest.raises(SettingsError, match="--notify"):
        check_webhook(url)


async def test_a_server_that_hangs_up_is_said():
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert await asyncio.to_thread(notify, url, {"exit_code": 0}) == "Server disconnected"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("example.org/hook", "--notify: give an http or https address, or one of Apprise's"),
        ("nonsense://x", "--notify nonsense://…: not an address that Apprise knows"),
    ],
)
def test_what_is_refused_is_told_with_what_would_work_and_without_the_address(url, said):
    with pytest.raises(SettingsError) as found:
        check_webhook(url)
    assert str(found.value) == said


def test_without_apprise_its_addresses_are_refused_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(SettingsError) as found:
        check_webhook("slack://token")
    assert str(found.value) == (
        "--notify slack://…: needs Apprise: pip install 'bulk_import[notify]'"
    )
    assert check_webhook("https://example.org/x") == "https://example.org/x"


ENDED = {"exit_code": 0, "counts": {"success": 1200, "failed": 0, "unknown": 3}, "stopped": "", "run_dir": "runs/a"}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "kind", "title", "body"),
    [
        ({}, "success", "bulk_import: exit code 0", "1,200 success, 3 unknown\nruns/a"),
        ({"exit_code": 3, "stopped": "the brake"}, "failure", "bulk_import: exit code 3", "1,200 success, 3 unknown\nthe brake\nruns/a"),
        ({"exit_code": 1, "counts": {"failed": 0}, "run_dir": ""}, "failure", "bulk_import: exit code 1", "no rows"),
    ],
)  # fmt: skip
async def test_a_service_is_told_counts_reason_and_folder(changed, kind, title, body):
    heard: list[dict[str, str]] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"json://127.0.0.1:{runner.addresses[0][1]}/"
    assert await asyncio.to_thread(notify, url, ENDED | changed) == ""
    await runner.cleanup()
    (told,) = heard
    assert (told["type"], told["title"], told["message"]) == (kind, title, body)
