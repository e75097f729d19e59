"""Somebody with a browser, for tests of the page that need none: fixtures and helpers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from bulk_import.app.server import Page
from bulk_import.settings import Settings

CSV = "E-mail,Name,Phone\nann@example.com,Ann,+14155550123\nnot an address,<b>Bob</b>,12\n"


class Visitor:
    """Somebody with a browser: sends what a browser would."""

    def __init__(self, page: Page, session: aiohttp.ClientSession, link: str) -> None:
        self.page, self.link, self.session = page, link, session
        self.url = page.url

    async def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> tuple[int, str, Any]:
        sent = {"Origin": self.url} if method == "POST" else {}
        sent |= headers or {}
        sent = {name: text for name, text in sent.items() if text != "-"}
        async with self.session.request(
            method, self.url + path, headers=sent, allow_redirects=False, **options
        ) as response:
            return response.status, await response.text(), response.headers

    async def get(self, path: str, **options: Any) -> str:
        status, text, _ = await self.ask("GET", path, **options)
        assert status == 200, (status, text)
        return text

    async def post(self, path: str, /, **fields: str) -> dict[str, Any]:
        status, text, headers = await self.ask("POST", path, data=fields)
        assert status == 200, (status, text)
        return json.loads(text) if "json" in headers["Content-Type"] else {"html": text}

    async def upload(self, text: str = CSV, name: str = "contacts.csv") -> str:
        status, answer, _ = await self.ask(
            "POST", "/upload", headers={"X-File-Name": quote(name)}, data=text.encode()
        )
        assert status == 200, answer
        return json.loads(answer)["url"].rsplit("/", 1)[0]


@pytest.fixture
async def stranger(tmp_path: Path) -> AsyncIterator[Visitor]:
    """A running page, and somebody without its cookie."""
    settings = Settings.from_env(environ={"XDG_STATE_HOME": str(tmp_path / "state")}, dotenv=None)
    home = tmp_path / "home"
    home.mkdir()
    page = Page(home, settings)
    link = await page.start()
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        try:
            yield Visitor(page, session, link)
        finally:
            await page.stop()


@pytest.fixture
async def person(stranger: Visitor) -> Visitor:
    """Somebody who opened the link."""
    status, _, headers = await stranger.ask("GET", stranger.link.removeprefix(stranger.url))
    assert (status, headers["Location"]) == (303, "/")
    return stranger


async def judged(person: Visitor, base: str) -> None:
    await person.get(f"{base}/review")
    for _ in range(400):
        state = json.loads(await person.get(f"{base}/judging"))
        if state["done"]:
            assert state["error"] == ""
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the rows are not judged")
