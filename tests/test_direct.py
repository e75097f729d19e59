"""The short way of sending rests on names of aiohttp that are not documented: where one differs, sessions are used and it is said."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from bulk_import.api.client import Client
from bulk_import.api.direct import why_not
from bulk_import.settings import Settings
from bulk_import.system.secrets import Secret

SHOP = Settings(endpoint="https://shop.example.com", api_key=Secret("k"), send_by="direct")
SLOWER = "requests go through aiohttp's sessions, slower than usual (aiohttp {}: {})"


async def note(settings: Settings = SHOP) -> str:
    async with Client.connect(settings) as client:
        return client.note


async def test_this_aiohttp_is_as_it_is_needed():
    assert why_not() == ""
    assert await note() == ""


def gone(monkeypatch) -> str:
    monkeypatch.delattr(Connection, "release")
    return "Connection.release is not as expected"


def needs_more(monkeypatch) -> str:
    def connect(self, req, traces, timeout, more):
        raise NotImplementedError

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)
    return "TCPConnector.connect is not as expected"


def takes_less(monkeypatch) -> str:
    def set_response_params(self, *, read_until_eof=False):
        raise NotImplementedError

    monkeypatch.setattr(ResponseHandler, "set_response_params", set_response_params)
    return "ResponseHandler.set_response_params is not as expected"


def is_not_awaited(monkeypatch) -> str:
    monkeypatch.setattr(ResponseHandler, "read", lambda self: None)
    return "ResponseHandler.read cannot be awaited"


@pytest.mark.parametrize("change", [gone, needs_more, takes_less, is_not_awaited])
async def test_with_another_aiohttp_sessions_are_used_and_it_is_said(monkeypatch, change):
    said = change(monkeypatch)
    assert why_not() == f"aiohttp {aiohttp.__version__}: {said}"
    assert await note() == SLOWER.format(aiohttp.__version__, said)


async def test_a_name_that_takes_more_than_is_given_is_as_good(monkeypatch):
    def set_response_params(self, *, read_until_eof=False, auto_decompress=True, more=1):
        raise NotImplementedError

    monkeypatch.setattr(ResponseHandler, "set_response_params", set_response_params)
    assert why_not() == ""


async def test_a_proxy_is_told_to_be_slower_and_sessions_that_are_asked_for_are_not():
    asked = replace(SHOP, send_by="session")
    assert await note(asked) == ""
    proxied = replace(SHOP, proxy=Secret("http://p.example.org:3128"))
    assert await note(proxied) == (
        "requests go through a proxy and aiohttp's sessions: slower than without"
    )
