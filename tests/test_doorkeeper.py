"""Who is let into the page: each thing that a request must say, one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from bulk_import.app.security import HEADERS, Doorkeeper, guard

PORT = 8123
HERE = f"http://127.0.0.1:{PORT}"
Ask = Callable[..., Awaitable[web.StreamResponse]]


@pytest.fixture
def keeper() -> Doorkeeper:
    return Doorkeeper(PORT, announced.append)


announced: list[str] = []


@pytest.fixture
def ask(keeper) -> Ask:
    """Ask for a page: with the cookie of the person, unless it says otherwise."""
    announced.clear()
    welcome = keeper.welcome()
    cookie = f"{keeper.cookie}={welcome.cookies[keeper.cookie].value}"

    async def page(_: web.Request) -> web.StreamResponse:
        return web.Response(text="the page", headers={"Referrer-Policy": "own"})

    async def ask_(method: str = "GET", path: str = "/", cookie: str = cookie, **headers: str) -> web.StreamResponse:  # fmt: skip
        named = CIMultiDict({"Host": f"127.0.0.1:{PORT}", "Cookie": cookie})
        named.update({name.replace("_", "-"): value for name, value in headers.items()})
        request = make_mocked_request(method, path, headers=named)
        return await guard(keeper)(request, page)

    return ask_


def token(keeper: Doorkeeper) -> str:
    return keeper.link().partition("?token=")[2]


LET_IN = [
    ("GET", {}),
    ("GET", {"Host": f"localhost:{PORT}"}),
    ("GET", {"Host": f"LOCALHOST:{PORT}"}),
    ("GET", {"Sec_Fetch_Site": "same-origin"}),
    ("GET", {"Sec_Fetch_Site": "none"}),
    ("GET", {"Origin": HERE}),
    ("HEAD", {}),
    ("POST", {"Origin": HERE}),
    ("POST", {"Host": f"localhost:{PORT}", "Origin": f"http://localhost:{PORT}"}),
    ("POST", {"Origin": HERE, "Sec_Fetch_Site": "same-origin"}),
]
STRANGE = "This page is for this computer only.\n"
OTHER = "Refused: the request comes from another site.\n"
NOWHERE = "Refused: the request does not say where it is from.\n"
KEPT_OUT = [
    ("GET", {"Host": "127.0.0.1"}, 421, STRANGE),
    ("GET", {"Host": f"127.0.0.1:{PORT + 1}"}, 421, STRANGE),
    ("GET", {"Host": f"shop.example.com:{PORT}"}, 421, STRANGE),
    ("GET", {"Host": ""}, 421, STRANGE),
    ("GET", {"Sec_Fetch_Site": "cross-site"}, 403, OTHER),
    ("GET", {"Sec_Fetch_Site": "same-site"}, 403, OTHER),
    ("GET", {"Origin": "https://shop.example.com"}, 403, OTHER),
    ("GET", {"Origin": "null"}, 403, OTHER),
    ("GET", {"Origin": f"https://127.0.0.1:{PORT}"}, 403, OTHER),
    ("POST", {"Origin": f"http://127.0.0.1:{PORT + 1}"}, 403, OTHER),
    ("POST", {"Origin": f"http://localhost:{PORT}"}, 403, OTHER),
    ("POST", {"Origin": HERE, "Sec_Fetch_Site": "cross-site"}, 403, OTHER),
    ("POST", {}, 403, NOWHERE),
    ("DELETE", {}, 403, NOWHERE),
    ("POST", {"Sec_Fetch_Site": "same-origin"}, 403, NOWHERE),
]


@pytest.mark.parametrize(("method", "headers"), LET_IN)
async def test_the_persons_own_page_is_let_in_and_dressed(ask, method, headers):
    found = await ask(method, **headers)
    assert (found.status, found.text) == (200, "the page")
    assert {name: found.headers[name] for name in HEADERS} == HEADERS | {"Referrer-Policy": "own"}


@pytest.mark.parametrize(("method", "headers", "status", "text"), KEPT_OUT)
async def test_a_request_from_elsewhere_is_kept_out(ask, method, headers, status, text):
    found = await ask(method, **headers)
    assert (found.status, found.text) == (status, text)
    assert {name: found.headers[name] for name in HEADERS} == HEADERS
    assert announced == []


async def test_a_request_with_two_hosts_is_kept_out(keeper):
    headers = CIMultiDict([("Host", f"127.0.0.1:{PORT}"), ("Host", f"127.0.0.1:{PORT}")])
    found = await guard(keeper)(make_mocked_request("GET", "/", headers=headers), lambda _: None)
    assert found.status == 421


# -- the link --------------------------------------------------------------------------------------------


async def test_a_link_opens_the_page_once(ask, keeper):
    assert not keeper.is_link_open
    right = token(keeper)
    assert keeper.is_link_open
    found = await ask(path=f"/?token={right}", cookie="")
    assert (found.status, found.headers["Location"], keeper.is_link_open) == (303, "/", False)
    cookie = found.cookies[keeper.cookie]
    assert {name: cookie[name] for name in ("httponly", "samesite", "path", "max-age")} == {
        "httponly": True, "samesite": "Strict", "path": "/", "max-age": "604800"
    }  # fmt: skip
    assert (await ask(path=f"/?token={right}", cookie="")).status == 401
    assert (await ask(cookie=f"{keeper.cookie}={cookie.value}")).status == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/runs?token={}"), ("HEAD", "/?token={}")])
async def test_a_token_is_taken_at_the_door_alone(ask, keeper, method, path):
    right = token(keeper)
    assert (await ask(method, path.format(right), cookie="")).status == 401
    assert keeper.is_link_open
    assert keeper.accept(right)
    assert not keeper.accept(right)


async def test_a_link_that_was_used_leads_the_person_home_and_nobody_else(ask, keeper):
    used = token(keeper)
    assert keeper.accept(used)
    assert (await ask(path=f"/?token={used}")).headers["Location"] == "/"
    assert (await ask(path=f"/?token={used}", cookie="")).status == 401
    assert (await ask(path="/?token=", cookie="")).status == 401
    assert (await ask(path=f"/runs?token={used}")).status == 401


@pytest.mark.parametrize("wrong", ["", "x", "é"])
def test_no_other_token_is_right(keeper, wrong):
    assert not keeper.accept(wrong)
    keeper.link()
    assert not keeper.accept(wrong)
    assert keeper.is_link_open


async def test_another_link_is_announced_once_to_whoever_asks_for_the_page(ask, keeper):
    for path, method in (("/runs", "GET"), ("/", "HEAD")):
        assert (await ask(method, path, cookie="")).status == 401
    assert announced == []
    for _ in range(3):
        found = await ask(cookie=f"{keeper.cookie}=wrong")
        assert found.status == 401
        assert found.text.startswith("Open the link in the terminal in which bulk-import runs: it works once.\n")  # fmt: skip
    (link,) = announced
    assert link.startswith(f"{HERE}/?token=")
    assert (await ask(path=link.removeprefix(HERE), cookie="")).status == 303


async def test_the_cookie_of_another_port_is_none_of_ours(ask, keeper):
    value = keeper.welcome().cookies[keeper.cookie].value
    assert keeper.cookie == f"bulk_import_{PORT}"
    assert (await ask(cookie=f"bulk_import_{PORT + 1}={value}")).status == 401


async def test_an_error_of_a_page_is_dressed_too(keeper):
    async def missing(_: web.Request) -> web.StreamResponse:
        raise web.HTTPNotFound

    cookie = f"{keeper.cookie}={keeper.welcome().cookies[keeper.cookie].value}"
    request = make_mocked_request("GET", "/x", headers={"Host": f"127.0.0.1:{PORT}", "Cookie": cookie})  # fmt: skip
    with pytest.raises(web.HTTPNotFound) as caught:
        await guard(keeper)(request, missing)
    assert {name: caught.value.headers[name] for name in HEADERS} == HEADERS
