"""The client over a way by script: what is asked where, what is remembered, and what an answer is made of."""

from __future__ import annotations

import hashlib
import json

import aiohttp
import pytest
from yarl import URL

from bulk_import.api.answers import Answer, Verdict
from bulk_import.api.client import AnswerLostError, Client
from bulk_import.api.unsent import NotSentError
from bulk_import.api.wire import NoConnectionError, NoReplyError, Reply
from bulk_import.settings import Settings

BASE = "https://shop.example.com"
SEND = f"{BASE}/api/addupdatelead"
KEY = "k#=%+;y"
IN_FORM = b"rpsKey=k%23%3D%25%2B%3By"


class Way:
    """Gives the replies of a script, the last one again and again, and notes what was posted."""

    def __init__(self, *script: Reply | Exception) -> None:
        self.script = list(script)
        self.posted: list[tuple[str, bytes, bool]] = []

    async def post(self, url: URL, data: bytes, *, keep_alive: bool) -> Reply:
        self.posted.append((str(url), data, keep_alive))
        found = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        raise AssertionError("whoever made it closes it")

    @property
    def urls(self) -> list[str]:
        return [url for url, _, _ in self.posted]


def reply(code: int = 0, text: str = "OK", status: int = 200, **more: object) -> Reply:
    return Reply(status, {}, json.dumps({"error_code": code, "error_text": text} | more).encode())


def moved(location: str, status: int = 307) -> Reply:
    return Reply(status, {"Location": location}, b"")


def client(*script: Reply | Exception, **options: object) -> tuple[Client, Way]:
    way = Way(*script)
    return Client(Settings(endpoint=BASE, api_key=KEY, **options), way), way  # type: ignore[arg-type]


async def sent(made: Client, times: int = 1) -> list[Answer]:
    return [await made.send(b"a=b", repeatable=True) for _ in range(times)]


# -- what is asked ------------------------------------------------------------------------------------


@pytest.mark.parametrize("repeatable", [True, False])
async def test_a_contact_is_posted_with_the_key_behind_it(repeatable):
    made, way = client(reply())
    await made.send(b"a=b", repeatable=repeatable)
    assert way.posted == [(SEND, b"a=b&" + IN_FORM, repeatable)]


async def test_a_method_that_reads_is_posted_with_the_key_alone_over_a_kept_connection():
    made, way = client(reply(result=[{"id": 1}]))
    assert (await made.call("getalllists")).result == [{"id": 1}]
    assert way.posted == [(f"{BASE}/api/getalllists", IN_FORM, True)]


async def test_a_note_about_the_way_is_kept_for_whoever_asks():
    way = Way(reply())
    assert Client(Settings(endpoint=BASE, api_key=KEY), way, note="slower").note == "slower"
    assert Client(Settings(endpoint=BASE, api_key=KEY), way).note == ""


# -- redirects ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/there", f"{BASE}/there"), ("There", f"{BASE}/api/There"), (f"{BASE}/x", f"{BASE}/x"), ("https://SHOP.example.com/x", f"{BASE}/x"),
        ("?v=2", f"{SEND}?v=2"), ("//shop.example.com/x", f"{BASE}/x"), (f"{BASE}:443/x", f"{BASE}:443/x"),
        ("https://user:pass@shop.example.com/x", f"{BASE}/x"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_to_the_same_place_is_followed_and_remembered(location, target, status):
    made, way = client(moved(location, status), reply())
    assert [answer.code for answer in await sent(made, 2)] == ["0", "0"]
    asked = [URL(url).with_port(443) for url in way.urls]
    assert asked == [URL(url).with_port(443) for url in (SEND, target, target)]
    assert {posted[1:] for posted in way.posted} == {(b"a=b&" + IN_FORM, True)}
    await made.call("getalllists")
    assert way.urls[3] == f"{BASE}/api/getalllists", "each method has a path of its own"


@pytest.mark.parametrize(
    "location",
    [
        "http://shop.example.com/x", f"{BASE}:444/x", "https://other.example.com/x", "//other.example.com/x", "https://shop.example.com.evil.org/",
        "https://shop.example.com@evil.org/", SEND, "", "mailto:a@b.org", "about:blank", "data:,x", "http://", "http://[", f"{BASE}:99999/",
        "urn:a:b",
    ],
)  # fmt: skip
async def test_a_redirect_to_anywhere_else_or_nowhere_is_not_followed(location):
    made, way = client(moved(location))
    (answer,) = await sent(made)
    assert way.urls == [SEND]
    assert (answer.verdict, answer.code, answer.http_status) == (Verdict.FATAL, "REDIRECTED", 307)
    assert answer.text == (
        f"redirect 307 to {location or 'nowhere'}, not followed: the key stays with this host; "
        "check --endpoint"
    )


async def test_a_second_redirect_is_not_followed_and_the_first_is_not_remembered():
    made, way = client(moved("/one"), moved("/two", 308), reply())
    first, second = await sent(made, 2)
    assert (first.code, first.http_status, first.location) == ("REDIRECTED", 308, "/two")
    assert second.code == "0"
    assert way.urls == [SEND, f"{BASE}/one", SEND]


async def test_a_redirect_that_leads_to_a_refusal_is_remembered():
    made, way = client(moved("/there"), reply(101, "no"), reply())
    assert [answer.code for answer in await sent(made, 2)] == ["101", "0"]
    assert way.urls == [SEND, f"{BASE}/there", f"{BASE}/there"]


async def test_an_error_behind_a_redirect_is_raised_as_any_other():
    made, way = client(moved("/there"), NoReplyError(None), reply())
    with pytest.raises(AnswerLostError):
        await sent(made)
    await sent(made)
    assert way.urls == [SEND, f"{BASE}/there", SEND]


# -- answers that are alike ---------------------------------------------------------------------------


async def test_only_an_equal_body_of_an_equal_status_means_the_same():
    usual = reply()
    made, _ = client(
        usual, usual, usual._replace(http_status=503), usual._replace(http_status=403),
        reply(101, "no"), reply(0, "mail sent"), usual, usual._replace(http_status=201), usual,
    )  # fmt: skip
    found = await sent(made, 9)
    assert [(answer.verdict, answer.code) for answer in found] == [
        ("success", "0"), ("success", "0"), ("unreadable", "HTTP_503"), ("forbidden", "HTTP_403"),
        ("refused", "101"), ("success", "0"), ("success", "0"), ("success", "0"), ("success", "0"),
    ]  # fmt: skip
    assert [answer.note for answer in found] == ["", "", "", "", "", "mail sent", "", "", ""]
    assert [answer.http_status for answer in found][-2:] == [201, 200]


async def test_headers_count_where_an_equal_body_is_no_success():
    wait = reply(8, "limit")
    made, _ = client(wait, wait._replace(headers={"Retry-After": "7"}), wait)
    assert [answer.retry_after_s for answer in await sent(made, 3)] == [None, 7.0, None]


async def test_the_key_is_taken_out_of_text_and_note_of_equal_answers_as_well():
    made, _ = client(reply(0, f"welcome {KEY}"))
    for answer in await sent(made, 3):
        assert (answer.text, answer.note) == ("welcome ***", "welcome ***")


async def test_the_key_is_taken_out_of_what_a_page_or_a_redirect_quotes():
    made, _ = client(Reply(500, {}, f"<p>{KEY}".encode()), moved(f"https://evil.org/?k={KEY}"))
    page, redirect = await sent(made, 2)
    assert page.text == "HTTP 500: <p>***"
    assert KEY not in redirect.text
    assert "evil.org" in redirect.text


@pytest.mark.parametrize(("trusted", "verdict"), [(False, "unreadable"), (True, "throttled")])
async def test_a_503_is_trusted_as_the_settings_say(trusted, verdict):
    made, _ = client(Reply(503, {}, b""), trust_503=trusted)
    assert [answer.verdict for answer in await sent(made)] == [verdict]


# -- the hash -----------------------------------------------------------------------------------------

COMPLAINT = "the answer's hash does not fit: it may not come from the account"


def signed(code: object, text: str) -> dict[str, str]:
    told = f"{code}::{text}::{KEY}"
    return {"hash": hashlib.md5(told.encode(), usedforsecurity=False).hexdigest()}


@pytest.mark.parametrize("check", ["warn", "require"])
async def test_an_answer_with_its_hash_is_taken_as_it_is(check):
    script = reply(0, "OK", **signed(0, "OK")), reply(101, "нет", **signed(101, "нет"))
    made, _ = client(script[0], script[0], script[1], verify_hash=check)
    found = await sent(made, 3)
    assert [(answer.code, answer.note) for answer in found] == [("0", ""), ("0", ""), ("101", "")]
    without_text = Reply(200, {}, json.dumps({"error_code": 0} | signed(0, "")).encode())
    made, _ = client(without_text, verify_hash=check)
    assert [(answer.code, answer.note) for answer in await sent(made)] == [("0", "")]


@pytest.mark.parametrize("wrong", ["", "x", 7, None, "é", [1]])
@pytest.mark.parametrize(
    ("check", "code", "found"),
    [
        ("warn", 0, ("success", "0", "OK", COMPLAINT)), ("warn", 102, ("success", "102", "OK", f"OK; {COMPLAINT}")),
        ("warn", 101, ("refused", "101", "OK", COMPLAINT)), ("require", 0, ("unreadable", "HASH_WRONG", COMPLAINT, "")),
        ("require", 101, ("unreadable", "HASH_WRONG", COMPLAINT, "")), ("off", 0, ("success", "0", "OK", "")),
    ],
)  # fmt: skip
async def test_an_answer_without_its_hash_is_noted_or_refused_each_time(wrong, check, code, found):
    made, _ = client(reply(code, "OK", hash=wrong), verify_hash=check)
    for answer in await sent(made, 2):
        assert (answer.verdict, answer.code, answer.text, answer.note) == found


async def test_what_is_no_answer_of_the_api_has_no_hash_to_check():
    script = [Reply(502, {}, b"oops"), Reply(429, {}, b""), Reply(200, {}, b"<html>"), moved("")]
    made, _ = client(*script, verify_hash="require")
    assert [answer.code for answer in await sent(made, 4)] == [
        "HTTP_502", "", "ANSWER_UNREADABLE", "REDIRECTED",
    ]  # fmt: skip


# -- no answer ----------------------------------------------------------------------------------------


def caused(exc: Exception, cause: Exception | None) -> Exception:
    exc.__cause__ = cause
    return exc


@pytest.mark.parametrize(
    ("cause", "http_status", "code", "said"),
    [
        (TimeoutError(), None, "TIMEOUT", "no answer within 2.5 s"), (TimeoutError(), 200, "TIMEOUT", "no answer within 2.5 s"),
        (ConnectionResetError(104, "Connection reset by peer"), None, "CONNECTION_LOST", "the connection broke (Connection reset by peer)"),
        (aiohttp.ClientPayloadError(f"bad {KEY}"), 502, "ANSWER_BROKEN", "HTTP 502, the answer broke off (bad ***)"),
        (aiohttp.ServerDisconnectedError(), None, "CONNECTION_LOST", "the connection broke (Server disconnected)"),
        (None, None, "CONNECTION_LOST", "the connection broke (NoReplyError)"),
    ],
)  # fmt: skip
async def test_an_answer_that_is_lost_is_told_with_its_reason(cause, http_status, code, said):
    made, _ = client(caused(NoReplyError(http_status), cause), timeout_s=2.5)
    with pytest.raises(AnswerLostError) as lost:
        await sent(made)
    assert (str(lost.value), lost.value.code) == (said, code)
    assert lost.value.http_status == http_status


@pytest.mark.parametrize(
    ("cause", "code"), [(TimeoutError(), "CONNECT_TIMEOUT"), (None, "UNREACHABLE")]
)
async def test_a_connection_that_did_not_come_about_is_told_with_its_reason(cause, code):
    made, _ = client(caused(NoConnectionError(), cause))
    with pytest.raises(NotSentError) as found:
        await sent(made)
    assert found.value.code == code
    assert str(found.value).startswith("shop.example.com:443: no connection")


async def test_a_bug_in_a_way_is_no_lost_answer():
    made, _ = client(KeyError("a bug"))
    with pytest.raises(KeyError):
        await sent(made)
