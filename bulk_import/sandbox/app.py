"""A faithful local addupdatelead: an aiohttp.web application over a Store.

It answers as the service does, ugly parts included: JSON as ``text/html``, refusals with HTTP 200,
no contact id in the answer, a contact without e-mail made again at each call.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from bulk_import.sandbox.contacts import Account, Contact, Request, Store
from bulk_import.sandbox.faults import (
    Dice,
    FaultPlan,
    Faults,
    PlannedFault,
    Throttle,
    retry_after_header,
)
from bulk_import.sandbox.page import contacts_page
from bulk_import.texts import LANGUAGE_COOKIE, LANGUAGES, best_language

# With the characters that a careless client would mangle.
DEFAULT_KEY = "sandbox#key=1%+;2"
_PAGE_SIZE = 50

_TEXTS = {
    1: "not transferred hash",
    2: "no transmitted data",
    3: "wrong posted data",
    4: "incorrect hash",
    5: "invalid user name",
    6: "permission denied for ip 127.0.0.1",
    7: "account disabled",
    8: "request limit for this address is used up, try later",
    100: "email is missing",
    101: "subscription error: (the address is not valid)",
    103: "unknown group",
    104: "subscription forbidden for group",
    801: "subscriber with such address is not found",
}

# Methods beside addupdatelead that change a contact -> the only parameters that they take.
_CHANGES = {
    "addtagtolead": frozenset({"lead_email", "add_tags"}),
    "removetagfromlead": frozenset({"lead_email", "remove_tags"}),
    "removeleadfromlist": frozenset({"lead_email", "remove_from_lists"}),
}
_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")
_METHODS = {
    name.lower(): name
    for name in (
        "AddUpdateLead",
        "GetAllLists",
        "GetAllGroups",
        "GetPersonalManagers",
        "AddTagToLead",
        "RemoveTagFromLead",
        "RemoveLeadFromList",
    )
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer.

    Attributes:
        lost: Close the connection instead.
        apply: Whether the contact is written first.
    """

    code: int = 0
    text: str | None = None
    status: int = 200
    raw: bytes | None = None
    headers: Mapping[str, str] | None = None
    result: Any = None
    lost: bool = False
    apply: bool = True


Script = Callable[[int, Mapping[str, str]], Reply | None]


def _language(request: web.Request) -> str:
    """Return the language that was chosen on the importer's page, on the same host; else the browser's."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    accepted = request.headers.get("Accept-Language", "")
    return chosen if chosen in LANGUAGES else best_language(accepted)


class Sandbox:
    """The pretended account.

    Attributes:
        script: Asked before anything else for each ``addupdatelead``: a Reply overrules all.
        most_at_once: The largest number of requests in flight so far.
    """

    def __init__(
        self,
        *,
        key: str = DEFAULT_KEY,
        faults: Faults | None = None,
        plan: FaultPlan | None = None,
        database: Path | None = None,
        store: Store | None = None,
        account: Account | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make a sandbox; ``start`` makes it listen.

        Args:
            plan: Faults of chosen contacts and attempts; they come before those by chance.
            database: Where contacts and requests are kept; ``None`` = in memory.
            store: Keeps them instead of the usual one.
            clock: What the throttle goes by, in seconds.
            sleep: Waits as long as an answer takes.
        """
        self.key = key
        self.faults = faults or Faults()
        self.account = account or Account()
        self.store = store or Store(database)
        self.script: Script | None = None
        self.most_at_once = 0
        self.url = ""
        self._dice = Dice(self.faults)
        self._throttle = Throttle(self.faults.throttle)
        self._plan = plan or FaultPlan()
        self._attempts: Counter[str] = Counter()  # contact -> requests for it so far
        self._number = self.store.count("request")
        self._at_once = 0
        self._answered = 0
        self._clock = clock
        self._sleep = sleep
        self._runner: web.AppRunner | None = None

    # -- running ------------------------------------------------------------------------------

    async def start(self, port: int = 0) -> str:
        """Listen on the loopback; return the base URL."""
        self._runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        host, bound = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{bound}"
        return self.url

    async def stop(self) -> None:
        """Stop listening and close the store."""
        if self._runner is not None:
            await self._runner.cleanup()
        self.store.close()

    async def __aenter__(self) -> Sandbox:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    def application(self) -> web.Application:
        """Return the web application."""
        app = web.Application(client_max_size=2**20, middlewares=[_local_only])
        for name in _METHODS.values():
            app.router.add_post(f"/api/{name}", self._handle)
            app.router.add_post(f"/api/{name.lower()}", self._handle)
        app.router.add_get("/", self._page)
        app.router.add_get("/contacts.json", self._json)
        return app

    # -- looking ------------------------------------------------------------------------------

    def contacts(self) -> list[Contact]:
        return list(self.store.contacts())

    def contact(self, email: str) -> Contact | None:
        return self.store.contact(email)

    def sent(self) -> list[Request]:
        """Requests to ``addupdatelead``, first to last."""
        return self.store.requests("addupdatelead")

    def use(self, faults: Faults) -> None:
        """Change how the sandbox misbehaves from now on."""
        self.faults = faults
        self._dice = Dice(faults)
        self._throttle = Throttle(faults.throttle)

    @property
    def activity(self) -> int:
        """A number that grows with each request, and with each answer."""
        return self._number + self._answered

    # -- answering ----------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        began = time.monotonic()
        try:
            form = {name: str(value) for name, value in (await request.post()).items()}
            method = request.path.rsplit("/", 1)[-1]
            key = form.pop("rpsKey", None)
            self._number += 1
            seen = Request(
                self._number, began, None, method.lower(), form,
                form.get("lead_email", "").strip().lower(), applied=False, answer="",
            )  # fmt: skip
            planned = self._planned(seen)
            reply = self._reply(method, form, key, seen.number, planned)
            if reply.apply and reply.code == 0 and method.lower() == "addupdatelead":
                self.store.apply(form)
                seen = replace(seen, applied=True)
            self.store.note(seen)
            delay_s = self._dice.latency_s() + planned.latency_ms / 1000
            if delay_s:
                await self._sleep(delay_s)
            answer = "(lost)" if reply.lost else str(reply.code or reply.status)
            self.store.note(replace(seen, ended=time.monotonic(), answer=answer))
            self._answered += 1
            return self._response(request, reply)
        finally:
            self._at_once -= 1

    def _planned(self, request: Request) -> PlannedFault:
        """Return what the plan has for this attempt of this contact."""
        if not self._plan.faults or request.method != "addupdatelead":
            return PlannedFault()
        named = request.email or request.form.get("lead_phone", "")
        contact = named or json.dumps(dict(request.form), sort_keys=True)
        self._attempts[contact] += 1
        return self._plan.find(named, self._attempts[contact])

    def _reply(
        self,
        method: str,
        form: Mapping[str, str],
        key: str | None,
        number: int,
        planned: PlannedFault,
    ) -> Reply:
        name = method.lower()
        if name == "getalllists":
            return self._redirect("getallgroups", 307)
        if self.faults.redirect and method == name:
            return self._redirect(name, self.faults.redirect)
        if key is None:
            return _refusal(1)
        if key != self.key:
            return _refusal(4)
        if name == "addupdatelead" and self.script is not None:
            scripted = self.script(number, form)
            if scripted is not None:
                return scripted
        if name != "addupdatelead":
            return self._other(name, form)
        if planned.fault:
            return self._misbehaviour(planned.fault) or self._add(form)
        return self._by_fault(number) or self._add(form)

    def _redirect(self, method: str, status: int) -> Reply:
        headers = {"Location": f"/api/{_METHODS[method]}"}
        return Reply(status=status, raw=b"", headers=headers, apply=False)

    def _by_fault(self, number: int) -> Reply | None:
        faults = self.faults
        if not self._throttle.lets_through(self._clock()):
            return self._misbehaviour(faults.throttle_with)
        if faults.fatal_after and number > faults.fatal_after:
            return _refusal(faults.fatal_code)
        if faults.quota_after and 0 <= number - faults.quota_after - 1 < faults.quota_burst:
            return _refusal(8)
        return self._misbehaviour(self._dice.draw())

    def _misbehaviour(self, fault: str) -> Reply | None:
        """Return how a fault shows; ``None`` for none."""
        match fault:
            case "429" | "503":
                headers = retry_after_header(self.faults)
                return Reply(status=int(fault), raw=b"slow down", headers=headers, apply=False)
            case "error_500":
                return Reply(status=500, raw=b"<h1>Internal Server Error</h1>", apply=False)
            case "error_502":
                return Reply(status=502, raw=b"<h1>Bad Gateway</h1>")
            case "html_200":
                return Reply(raw=b"<html><title>Just a moment...</title></html>", apply=False)
            case "lost":
                return Reply(lost=True)
            case "dropped":
                return Reply(lost=True, apply=False)
            case "refuse":
                return _refusal(3)
            case code if code.isdigit():
                return _refusal(int(code))
            case _:
                return None

    def _add(self, form: Mapping[str, str]) -> Reply:
        if not form:
            return _refusal(2)
        email = form.get("lead_email", "").strip()
        if email and not _ADDRESS.fullmatch(email):
            return _refusal(101)
        for name in ("add_to_lists", "remove_from_lists"):
            # The vendor's own sample has a line break after a comma.
            for given in filter(None, (part.strip() for part in form.get(name, "").split(","))):
                if given not in self.account.lists:
                    return _refusal(103)
        if self.faults.activation:
            return Reply(text="activation email sent to subscriber")
        return Reply()

    def _other(self, name: str, form: Mapping[str, str]) -> Reply:
        if name == "getallgroups":
            lists = [
                {"id": number, "rass_id": number, "rass_name": id_, "rass_title": title}
                for number, (id_, title) in enumerate(self.account.lists.items(), 7001)
            ]
            return Reply(result=lists)
        if name == "getpersonalmanagers":
            managers = [
                {"id": int(id_), "manager_id": int(id_), "manager_name": title}
                for id_, title in self.account.managers.items()
            ]
            return Reply(result=managers)
        return self._change(name, form)

    def _change(self, name: str, form: Mapping[str, str]) -> Reply:
        """Add a tag, or take a tag or a list away; the parameters are those of addupdatelead."""
        email = form.get("lead_email", "").strip()
        if not email:
            return _refusal(100)
        changes = {name: value for name, value in form.items() if name != "lead_email"}
        if form.keys() - _CHANGES[name] or not any(changes.values()):
            return _refusal(3)  # a client with the wrong parameters is to notice it [A]
        if self.store.contact(email) is None:
            return _refusal(801)
        self.store.apply({"lead_email": email, **changes})
        return Reply()

    def _response(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        if reply.lost:
            if request.transport is not None:
                request.transport.abort()
            raise web.HTTPInternalServerError  # never arrives
        headers = dict(reply.headers or {})
        if self.faults.close_every and self._number % self.faults.close_every == 0:
            headers["Connection"] = "close"
        if reply.raw is not None:
            return web.Response(
                status=reply.status, body=reply.raw, headers=headers, content_type="text/html"
            )
        return web.Response(
            status=reply.status,
            body=json.dumps(self._envelope(reply), ensure_ascii=False).encode(),
            headers=headers,
            content_type="text/html",
            charset="utf-8",
        )

    def _envelope(self, reply: Reply) -> dict[str, Any]:
        text = _TEXTS.get(reply.code, "") if reply.text is None else reply.text
        if reply.code == 0 and reply.text is None:
            text = "OK"
        if self.faults.key_echo and reply.code:
            text = f"{text} ({self.key})"
        secret = "wrong" if self.faults.wrong_hash else self.key
        digest = hashlib.md5(f"{reply.code}::{text}::{secret}".encode(), usedforsecurity=False)
        envelope: dict[str, Any] = {
            "error_code": str(reply.code) if self.faults.code_as_text else reply.code,
            "error_text": text,
            "result": reply.result if reply.result is not None else [],
            "hash": digest.hexdigest(),
        }
        if self.faults.no_result and reply.result is None:
            del envelope["result"]
        return envelope

    # -- for people ---------------------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.Response:
        page = max(
            1,
            int(request.query.get("page", "1")) if request.query.get("page", "1").isdigit() else 1,
        )
        shown = list(self.store.contacts(limit=_PAGE_SIZE, offset=(page - 1) * _PAGE_SIZE))
        html = contacts_page(
            contacts=shown,
            total=self.store.count("contact"),
            requests=self.store.count("request"),
            tags=self.store.members("tags"),
            lists={
                self.account.lists.get(id_, id_): n
                for id_, n in self.store.members("lists").items()
            },
            titles=self.account.lists,
            page=page,
            pages=max(1, -(-self.store.count("contact") // _PAGE_SIZE)),
            language=_language(request),
        )
        return web.Response(
            text=html,
            content_type="text/html",
            headers={
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
                "X-Content-Type-Options": "nosniff",
            },
        )

    async def _json(self, _request: web.Request) -> web.Response:
        contacts = [
            {
                "email": contact.email,
                **contact.fields,
                **contact.extra,
                "tags": contact.tags,
                "lists": contact.lists,
            }
            for contact in self.store.contacts()
        ]
        return web.json_response(contacts, dumps=lambda v: json.dumps(v, ensure_ascii=False))


@web.middleware
async def _local_only(
    request: web.Request, handler: Callable[[web.Request], Any]
) -> web.StreamResponse:
    """Answer only to names of this machine: a web page elsewhere must not reach us by DNS tricks."""
    host = request.host.rsplit(":", 1)[0].strip("[]")
    if host not in ("127.0.0.1", "localhost", "::1"):
        raise web.HTTPForbidden(text="this is a sandbox on 127.0.0.1")
    response: web.StreamResponse = await handler(request)
    return response


def _refusal(code: int) -> Reply:
    return Reply(code, _TEXTS.get(code, "error"), apply=False)
