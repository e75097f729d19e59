"""Environment, .env, key file and flags -> one frozen Settings. Nobody else reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bulk_import.errors import SettingsError
from bulk_import.system.secrets import Secret

KEY_VARIABLE = "INFLUENCERSOFT_API_KEY"
ACCOUNT_VARIABLE = "INFLUENCERSOFT_ACCOUNT"
ENDPOINT_VARIABLE = "INFLUENCERSOFT_ENDPOINT"
SENDING_VARIABLE = "BULK_IMPORT_SENDING"

# The vendor's international domain; an account on another one names its --endpoint.
ACCOUNT_DOMAIN = "influencersoft.com"
METHODS = ("addupdatelead", "getalllists", "getpersonalmanagers")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?", re.IGNORECASE)
_LIMIT = re.compile(r"(\d+)(%?)|(\d+\.\d+)(%)")

NO_KEY = Secret("")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything about a run that is neither the source nor the mapping.

    Attributes:
        endpoint: Base URL of the account, ``https://login.influencersoft.com``, without a path.
        api_key: Never shown; ``reveal()`` is called where the request body is put together.
        rate: Requests per second for the whole run; 0 = no limit.
        concurrency: Requests in flight at most.
        timeout_s: Seconds for one request, connecting included.
        max_attempts: Requests for one row whose failures may be repeated; throttling not counted.
        limit: Rows to send at most; the rest stays ``not_sent``.
        canary: Rows of different shapes to send first; 0 = none.
        max_failures: ``"20"`` rows or ``"5%"`` of the rows sent; empty = no limit.
        dry_run: Everything but the network.
        run_dir: The run's folder; ``None`` = a new one under ``runs/``.
        preflight: Whether ``getalllists`` is asked before the first row.
        report_safe: Neutralize formula-like cells in ``report.csv`` as well.
        verify_hash: What to do about the answers' ``hash``: ``off``, ``warn``, ``require``.
        trust_503: Take a 503 without ``Retry-After`` for "not processed".
        ca_file: Certificates to trust besides the system's.
        connect_deadline_s: Seconds without any connection after which the run stops.
        breaker_failures, breaker_s: The run stops after that many failures in a row that lasted
            at least that many seconds.
        equal_refusals: The run stops after that many equal refusals in a row.
        retry_after_cap_s: A longer ``Retry-After`` ends the run.
        quota_waits_s: Pauses after code 8; when they are used up the run ends.
        throttles: Throttle signals in a row without a success after which the run ends.
        retry_failed, resend_unknown: What else a resume sends again.
        daily_limit: Requests a day for the run, by the local clock; 0 = any number.
        window: Hours in which requests may be made, ``01:00-05:00``; empty = all day.
        ends_when_closed: End the run when no more may be made today, instead of waiting.
        read_ahead_bytes: Sources of at least that size are read by another process while rows are
            being sent, where nothing depends on all rows; below 0 = all are read first.
        state_dir: Where the locks of accounts are; ``None`` = the user's own folder for state.
        send_by: ``direct``, or ``session``: aiohttp's documented sessions, slower and otherwise alike.
    """

    endpoint: str = ""
    api_key: Secret = NO_KEY
    rate: float = 2.0
    concurrency: int = 4
    timeout_s: float = 30.0
    max_attempts: int = 5
    limit: int | None = None
    canary: int = 0
    max_failures: str = ""
    dry_run: bool = False
    run_dir: Path | str | None = None
    preflight: bool = True
    report_safe: bool = False
    verify_hash: str = "off"
    trust_503: bool = False
    ca_file: Path | None = None
    connect_deadline_s: float = 60.0
    breaker_failures: int = 25
    breaker_s: float = 10.0
    equal_refusals: int = 10
    retry_after_cap_s: float = 600.0
    quota_waits_s: tuple[float, ...] = (60.0, 300.0, 900.0)
    throttles: int = 20
    retry_failed: bool = False
    resend_unknown: bool = False
    daily_limit: int = 0
    window: str = ""
    ends_when_closed: bool = False
    read_ahead_bytes: int = 2**20
    state_dir: Path | None = None
    send_by: str = field(default_factory=lambda: os.environ.get(SENDING_VARIABLE, "direct"))

    def __post_init__(self) -> None:
        _check(self.rate >= 0, "--rate", self.rate, "requests per second, 0 for no limit")
        _check(1 <= self.concurrency <= 1000, "--concurrency", self.concurrency, "1 to 1000")
        _check(0 < self.timeout_s <= 3600, "--timeout", self.timeout_s, "1 to 3600 seconds")
        _check(1 <= self.max_attempts <= 100, "--max-attempts", self.max_attempts, "1 to 100")
        _check(self.limit is None or self.limit >= 0, "--limit", self.limit, "a number of rows")
        _check(self.daily_limit >= 0, "--daily-limit", self.daily_limit, "a number of requests")
        _check(self.canary >= 0, "--canary", self.canary, "a number of rows")
        _check(
            self.verify_hash in ("off", "warn", "require"),
            "--verify-hash",
            self.verify_hash,
            "off, warn or require",
        )
        _check(
            self.send_by in ("direct", "session"),
            SENDING_VARIABLE,
            self.send_by,
            "direct or session",
        )
        if self.max_failures:
            parse_limit(self.max_failures)

    @classmethod
    def from_env(
        cls,
        *,
        account: str = "",
        endpoint: str = "",
        api_key_file: Path | None = None,
        environ: Mapping[str, str] | None = None,
        dotenv: Path | None = Path(".env"),
        **options: Any,
    ) -> Settings:
        """Gather settings: flags first, then the key file, the environment, then ``.env``.

        Args:
            account: The account's login; the endpoint follows from it.
            endpoint: Base URL, or the URL of a method.
            api_key_file: A file that holds the key alone.
            environ: Instead of ``os.environ``.
            dotenv: Instead of ``.env`` in the current folder; ``None`` = do not look.
            **options: Fields of this class; ``None`` means "as by default".

        Raises:
            SettingsError: A setting does not make sense; the message names it.
        """
        known = _dotenv(dotenv) | dict(os.environ if environ is None else environ)
        if account and endpoint:
            raise SettingsError("--account and --endpoint: give one of them, they say the same")
        if not account and not endpoint:
            endpoint = known.get(ENDPOINT_VARIABLE, "")
            account = "" if endpoint else known.get(ACCOUNT_VARIABLE, "")
        key = _key_from(api_key_file) if api_key_file else known.get(KEY_VARIABLE, "").strip()
        names = {entry.name for entry in fields(cls)}
        unknown = options.keys() - names
        if unknown:
            raise TypeError(f"unknown settings: {', '.join(sorted(unknown))}")
        options.setdefault("state_dir", _state_dir(known))
        given = {name: value for name, value in options.items() if value is not None}
        base = normalize_endpoint(endpoint) if endpoint else account_endpoint(account)
        return cls(endpoint=base, api_key=Secret(key), **given)

    def ready_to_send(self) -> Settings:
        """Return self, complete.

        Raises:
            SettingsError: Endpoint or key are missing; all that is missing at once.
        """
        missing = []
        if not self.endpoint:
            missing.append(
                f"which account? give --account LOGIN, or set {ACCOUNT_VARIABLE} "
                f"(or --endpoint URL, {ENDPOINT_VARIABLE})"
            )
        if not self.api_key:
            missing.append(
                f"no API key: set {KEY_VARIABLE} in the environment or in .env, "
                "or give --api-key-file FILE"
            )
        if missing:
            raise SettingsError("\n".join(missing))
        return replace(self, endpoint=normalize_endpoint(self.endpoint))


def account_endpoint(login: str) -> str:
    """Return the base URL of the account with that login; empty for an empty login."""
    login = login.strip()
    if not login:
        return ""
    if not _LOGIN.fullmatch(login):
        raise SettingsError(
            f"--account {login!r}: give the login alone, as in LOGIN.{ACCOUNT_DOMAIN}; "
            "an account on another domain is named by --endpoint https://…"
        )
    return f"https://{login.lower()}.{ACCOUNT_DOMAIN}"


def normalize_endpoint(url: str) -> str:
    """Return *url* as ``scheme://host[:port]``; a method's URL is cut to its base.

    Raises:
        SettingsError: Not a URL; plain http to another machine; user, query or path in it.
    """
    given = url.strip()
    try:
        parts = urlsplit(given if "://" in given else f"https://{given}")
        host, port = parts.hostname or "", parts.port
    except ValueError as exc:
        raise SettingsError(f"--endpoint {given!r}: not a URL ({exc})") from None
    if parts.scheme not in ("http", "https") or not host or " " in host:
        raise SettingsError(f"--endpoint {given!r}: give a URL such as https://shop.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError(
            "--endpoint: give the address alone, without user, password, ? or #; "
            "the key has a place of its own"
        )
    if parts.scheme == "http" and host not in LOOPBACK:
        raise SettingsError(
            f"--endpoint {given!r}: plain http would show your API key to everybody on the way; "
            f"use https://{host}"
        )
    path = parts.path.strip("/").lower()
    if path and path != "api" and path.removeprefix("api/") not in METHODS:
        raise SettingsError(
            f"--endpoint {given!r}: the address of the account is enough: {parts.scheme}://{host}"
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def parse_limit(text: str) -> tuple[float, bool]:
    """Read ``20`` or ``5%``: (number, whether it is a share in percent).

    Raises:
        SettingsError: Anything else.
    """
    match = _LIMIT.fullmatch(text.strip())
    if match is None:
        raise SettingsError(f"--max-failures {text!r}: a number of rows (20) or a share (5%)")
    number = float(match[1] or match[3])
    is_share = bool(match[2] or match[4])
    if is_share and number > 100:
        raise SettingsError(f"--max-failures {text!r}: a share is at most 100%")
    return number, is_share


def _state_dir(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_STATE_HOME") or environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".local" / "state") / "bulk_import"


def _check(holds: bool, flag: str, found: object, wanted: str) -> None:  # noqa: FBT001
    if not holds:
        raise SettingsError(f"{flag} {found}: give {wanted}")


def _key_from(path: Path) -> str:
    try:
        text = path.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not a text file"
        raise SettingsError(f"--api-key-file {path}: cannot be read: {reason}") from None
    if not text or "\n" in text:
        raise SettingsError(f"--api-key-file {path}: it must hold the key alone, on one line")
    return text


def _dotenv(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        # Without interpolation: a key may contain a dollar sign.
        found = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{path}: cannot be read: {exc}") from None
    return {name: value for name, value in found.items() if value is not None}
