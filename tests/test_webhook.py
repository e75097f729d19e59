"""A webhook receives how a job ended; what goes wrong with it is said and ends nothing."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from bulk_import.api.webhook import check_webhook, notify
from bulk_import.errors import SettingsError


async def told(status: int, headers: dict[str, str] | None = None) -> tuple[str, list[object]]:
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
        url = f"http://127.0.0.1:{port}/hook"
        return await asyncio.to_thread(notify, url, {"exit_code": 3, "stopped": "why"}), heard
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "said"), [(200, ""), (204, ""), (299, ""), (404, "HTTP 404"), (500, "HTTP 500")]
)
async def test_whatever_is_no_success_is_said(status, said):
    assert await told(status) == (said, [{"exit_code": 3, "stopped": "why"}])


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
