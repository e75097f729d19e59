"""Who may use the page: the person who started it, from the page itself, on this machine.

Every request passes ``guard``. What keeps whom out: the exact ``Host`` (a foreign name that points
to 127.0.0.1), ``Origin`` and ``Sec-Fetch-Site`` (another site, or another port, in the same
browser), the cookie (another user of the machine), the headers of the answer (what an injected
text could do).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

TOKEN = "token"  # noqa: S105 - the parameter's name
_WEEK_S = 7 * 24 * 3600
_SAFE = frozenset({"GET", "HEAD"})
_OWN_SITE = frozenset({"same-origin", "none"})
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


@dataclass(slots=True)
class Doorkeeper:
    """Decides which requests are let in.

    Attributes:
        port: On which the page listens.
        announce: Told a link when somebody without a cookie asks for the page: whoever sees the
            terminal may open it.
    """

    port: int
    announce: Callable[[str], None] = lambda _link: None
    _session: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _token: str = ""

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})

    @property
    def cookie(self) -> str:
        """The cookie's name: pages of other ports of this machine share their cookies with us."""
        return f"bulk_import_{self.port}"

    @property
    def is_link_open(self) -> bool:
        """Whether the last link is still unused: requests of others must not invalidate it."""
        return bool(self._token)

    def link(self) -> str:
        """Return a link that opens the page once."""
        self._token = secrets.token_urlsafe(32)
        return f"http://127.0.0.1:{self.port}/?{TOKEN}={self._token}"

    def accept(self, token: str) -> bool:
        """Whether *token* is that of the last link; it is then used up."""
        is_right = bool(self._token) and _same(token, self._token)
        if is_right:
            self._token = ""
        return is_right

    def knows(self, request: web.Request) -> bool:
        """Whether the request has our cookie."""
        return _same(request.cookies.get(self.cookie, ""), self._session)

    def welcome(self) -> web.Response:
        """Return the answer to a right token: the cookie, and the address without the token."""
        response = _home()
        response.set_cookie(
            self.cookie, self._session, httponly=True, samesite="Strict", path="/", max_age=_WEEK_S
        )
        return response


def guard(doorkeeper: Doorkeeper) -> Middleware:
    """Return the middleware that lets only the person's own page through."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = _refusal(request, doorkeeper)
        if refusal is not None:
            return _dressed(refusal)
        try:
            response = await handler(request)
        except web.HTTPException as exc:
            _dressed(exc)
            raise
        return response if response.prepared else _dressed(response)

    return middleware


def _refusal(request: web.Request, doorkeeper: Doorkeeper) -> web.StreamResponse | None:
    """Return the answer to a request that does not come from the page; ``None`` for one that does."""
    host = request.headers.getall("Host", [])
    if len(host) != 1 or host[0].lower() not in doorkeeper.hosts:
        return web.Response(status=421, text="This page is for this computer only.\n")
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    is_ours = origin == f"http://{host[0].lower()}"
    if site not in _OWN_SITE or (origin is not None and not is_ours):
        return web.Response(status=403, text="Refused: the request comes from another site.\n")
    if request.method not in _SAFE and not is_ours:
        return web.Response(
            status=403, text="Refused: the request does not say where it is from.\n"
        )
    if TOKEN in request.query:
        if request.path == "/" and request.method == "GET":
            if doorkeeper.accept(request.query[TOKEN]):
                return doorkeeper.welcome()
            if doorkeeper.knows(request):
                return _home()
        return _locked(doorkeeper, is_page=request.path == "/")
    if not doorkeeper.knows(request):
        return _locked(doorkeeper, is_page=request.path == "/" and request.method == "GET")
    return None


def _home() -> web.Response:
    return web.Response(status=303, headers={"Location": "/"})


def _locked(doorkeeper: Doorkeeper, *, is_page: bool) -> web.Response:
    if is_page and not doorkeeper.is_link_open:
        doorkeeper.announce(doorkeeper.link())
    return web.Response(
        status=401,
        text="Open the link in the terminal in which bulk-import runs: it works once.\n"
        "Откройте ссылку из терминала, где работает bulk-import: она действует один раз.\n",
    )


def _dressed(response: web.StreamResponse) -> web.StreamResponse:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
