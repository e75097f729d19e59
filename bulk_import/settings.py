"""Everything about a run that is neither the source nor the mapping: checked, frozen values.

``Settings`` holds the account, the folders and four groups, each with what it governs::

    Limits       how fast, how many at once, how many a day, in which hours
    Patience     how long to wait and how often to try before giving up
    Safeguards   what ends a run in which something is wrong
    Policy       what is asked, trusted and sent again

Every setting can be given by its own name: ``Settings(rate=5)`` is
``Settings(limits=Limits(rate=5))``. Where settings come from (environment, ``.env``, key file)
is the business of ``system.environment``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, TypeVar, Unpack

from bulk_import.errors import Message, SettingsError
from bulk_import.system import environment
from bulk_import.system.addresses import (
    account_endpoint,
    normalize_endpoint,
    normalize_proxy,
    proxy_of,
)
from bulk_import.system.profiles import Profile, load_profile
from bulk_import.system.secrets import Secret

_LIMIT = re.compile(r"(\d+)(%?)|(\d+\.\d+)(%)")

NO_KEY = Secret("")
_T = TypeVar("_T")


def _check(holds: bool, flag: str, found: object, wanted: str) -> None:  # noqa: FBT001 - reads as one
    if not holds:
        raise SettingsError(
            Message("{flag} {found}: give {wanted}", flag=flag, found=found, wanted=wanted)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How fast requests are made, and when.

    Attributes:
        rate: Requests per second for the whole run; 0 = no limit.
        concurrency: Most requests in flight.
        daily_limit: Most requests into the account per day of the local clock, by all runs that share
            ``state_dir``; 0 = no limit.
        window: Hours in which requests may be made, ``01:00-05:00``; empty = all day.
        ends_when_closed: End the run when no more may be sent today, instead of waiting.
        first_limit: Requests per second that a server is taken to allow when it refuses before it
            has accepted any, and ``rate`` is 0.
    """

    rate: float = 2.0
    concurrency: int = 4
    daily_limit: int = 0
    window: str = ""
    ends_when_closed: bool = False
    first_limit: float = 1.0

    def __post_init__(self) -> None:
        _check(
            0 <= self.rate < math.inf, "--rate", self.rate, "requests per second, 0 for no limit"
        )
        _check(1 <= self.concurrency <= 1000, "--concurrency", self.concurrency, "1 to 1000")
        _check(self.daily_limit >= 0, "--daily-limit", self.daily_limit, "a number of requests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, and how often to try, before giving up.

    Attributes:
        timeout_s: Seconds for one request, connecting included.
        max_attempts: Most requests for one row without a trustworthy answer; throttled ones are
            not counted.
        connect_deadline_s: Seconds without any connection after which the run stops.
        throttles: Throttled answers in a row, with no success between, after which the run stops.
        quota_waits_s: Pauses after code 8; the run stops when they are used up.
        retry_after_cap_s: A longer ``Retry-After`` stops the run.
        backoff_s: Upper limit of the first random wait before a row is sent again; it doubles.
        throttle_wait_s: First pause after a throttled answer without ``Retry-After``; it doubles.
    """

    timeout_s: float = 30.0
    max_attempts: int = 5
    connect_deadline_s: float = 60.0
    throttles: int = 20
    quota_waits_s: tuple[float, ...] = (60.0, 300.0, 900.0)
    retry_after_cap_s: float = 600.0
    backoff_s: float = 1.0
    throttle_wait_s: float = 1.0

    def __post_init__(self) -> None:
        _check(0 < self.timeout_s <= 3600, "--timeout", self.timeout_s, "1 to 3600 seconds")
        _check(1 <= self.max_attempts <= 100, "--max-attempts", self.max_attempts, "1 to 100")


@dataclass(frozen=True, slots=True, kw_only=True)
class Safeguards:
    """What keeps a run in which something is wrong from doing more harm.

    Attributes:
        limit: Most rows to send; the others stay ``not_sent``. ``None`` = all.
        canary: Rows of different shapes to send first; 0 = none.
        max_failures: Failed rows after which the run stops: ``"20"``, or ``"5%"`` of the rows
            sent; empty = no limit.
        breaker_failures, breaker_s: The run stops after that many failures in a row, if they
            lasted at least that many seconds.
        equal_refusals: The run stops after that many equal refusals in a row.
        strict_suppress: Refuse suppression lists with entries that are not understood. ``None`` =
            as the job has it: ``sync`` and ``retag`` refuse, ``run`` and ``resume`` name them.
    """

    limit: int | None = None
    canary: int = 0
    max_failures: str = ""
    breaker_failures: int = 25
    breaker_s: float = 10.0
    equal_refusals: int = 10
    strict_suppress: bool | None = None

    def __post_init__(self) -> None:
        _check(self.limit is None or self.limit >= 0, "--limit", self.limit, "a number of rows")
        _check(self.canary >= 0, "--canary", self.canary, "a number of rows")
        if self.max_failures:
            parse_limit(self.max_failures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is asked of the server, what is trusted, and what is sent again.

    Attributes:
        preflight: Ask ``getalllists`` before the first row.
        verify_hash: What to do about the ``hash`` of answers: ``off``, ``warn``, ``require``.
        trust_503: Take a 503 without ``Retry-After`` for "not processed".
        retry_failed, resend_unknown: What a resume sends again besides rows that were not sent.
        report_safe: Neutralize formula-like cells in ``report.csv`` as well.
        read_ahead_bytes: Sources of at least this size are read by a second process while their
            first rows are being sent, where nothing depends on all rows; below 0 = never.
        workers: Processes that judge rows, this one among them; 0 = as the size of the sources suggests.
        cluster: Address of a scheduler of dask.distributed whose workers judge; empty = this machine.
        heeds_no: Send nothing where nobody is asked, if a column says no that no rule looks at.
        send_by: ``direct``, or ``session``: by aiohttp's sessions, slower and otherwise alike.
    """

    preflight: bool = True
    verify_hash: str = "off"
    trust_503: bool = False
    retry_failed: bool = False
    resend_unknown: bool = False
    report_safe: bool = False
    read_ahead_bytes: int = 2**20
    workers: int = 0
    cluster: str = ""
    heeds_no: bool = True
    send_by: str = field(default_factory=environment.sending)

    def __post_init__(self) -> None:
        known = ("off", "warn", "require")
        _check(self.verify_hash in known, "--verify-hash", self.verify_hash, "off, warn or require")
        _check(0 <= self.workers <= 1000, "--workers", self.workers, "a number of processes")
        ways = ("direct", "session")
        _check(
            self.send_by in ways, environment.SENDING_VARIABLE, self.send_by, "direct or session"
        )


class Options(TypedDict, total=False):
    """Settings of the four groups by their own names; a test compares it with the groups."""

    rate: float
    concurrency: int
    daily_limit: int
    window: str
    ends_when_closed: bool
    first_limit: float
    timeout_s: float
    max_attempts: int
    connect_deadline_s: float
    throttles: int
    quota_waits_s: tuple[float, ...]
    retry_after_cap_s: float
    backoff_s: float
    throttle_wait_s: float
    limit: int | None
    canary: int
    max_failures: str
    breaker_failures: int
    breaker_s: float
    equal_refusals: int
    strict_suppress: bool | None
    preflight: bool
    verify_hash: str
    trust_503: bool
    retry_failed: bool
    resend_unknown: bool
    report_safe: bool
    read_ahead_bytes: int
    workers: int
    cluster: str
    heeds_no: bool
    send_by: str


Group = Limits | Patience | Safeguards | Policy
GROUPS: Mapping[str, type[Group]] = {
    "limits": Limits, "patience": Patience, "safeguards": Safeguards, "policy": Policy,
}  # fmt: skip
_GROUP_OF = {entry.name: name for name, group in GROUPS.items() for entry in fields(group)}


@dataclass(frozen=True, slots=True, init=False)
class Settings:
    """Everything about a run that is neither the source nor the mapping.

    Attributes:
        endpoint: Base URL of the account, ``https://login.influencersoft.com``, without a path.
        api_key: Text or ``Secret``; kept as a ``Secret``, which is never shown.
        ca_file: Certificates to trust besides the system's.
        proxy: URL of an HTTP proxy, user and password included if it wants them; kept as a
            ``Secret``. Empty = none; variables such as ``HTTPS_PROXY`` are not looked at.
        run_dir: The run's folder; ``None`` = a new one under ``runs/``.
        state_dir: Where the locks of accounts are; ``None`` = no lock for the account.
        dry_run: Everything but the network.
    """

    endpoint: str
    api_key: Secret
    ca_file: Path | None
    proxy: Secret
    run_dir: Path | str | None
    state_dir: Path | None
    dry_run: bool
    limits: Limits
    patience: Patience
    safeguards: Safeguards
    policy: Policy

    def __init__(
        self,
        *,
        endpoint: str = "",
        api_key: Secret | str = NO_KEY,
        ca_file: Path | None = None,
        proxy: Secret | str = NO_KEY,
        run_dir: Path | str | None = None,
        state_dir: Path | None = None,
        dry_run: bool = False,
        limits: Limits = Limits(),
        patience: Patience = Patience(),
        safeguards: Safeguards = Safeguards(),
        policy: Policy | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Make settings.

        Args:
            **options: Single settings of the groups, by their own names.

        Raises:
            SettingsError: A value does not make sense; the message names the setting.
            TypeError: No setting has that name.
        """
        given = {
            "limits": limits,
            "patience": patience,
            "safeguards": safeguards,
            "policy": policy or Policy(),
        }
        values: dict[str, Any] = {
            "endpoint": endpoint,
            "api_key": api_key if isinstance(api_key, Secret) else Secret(api_key),
            "ca_file": ca_file,
            "proxy": normalize_proxy(proxy),
            "run_dir": run_dir,
            "state_dir": state_dir,
            "dry_run": dry_run,
            **_sorted_into(given, options),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_env(
        cls,
        *,
        account: str = "",
        endpoint: str = "",
        api_key_file: Path | None = None,
        profile: str = "",
        config: Path | None = None,
        environ: Mapping[str, str] | None = None,
        dotenv: Path | None = Path(".env"),
        **options: Any,
    ) -> Settings:
        """Gather settings: arguments first, then the profile, the environment, then ``.env``.

        Args:
            account: The account's login; the endpoint follows from it.
            endpoint: Base URL, or the URL of a method.
            api_key_file: A file that holds the key alone.
            profile: Name of an account in *config*. What it says is used where no argument says
                otherwise; what it does not say comes from the environment.
            config: The file with the profiles; ``None`` = ``~/.config/bulk_import/config.toml``.
            environ: Instead of ``os.environ``.
            dotenv: Instead of ``.env`` in the current folder; ``None`` = do not look.
            **options: As of ``Settings``; ``None`` means "as by default".

        Raises:
            SettingsError: A setting does not make sense; the message names it.
        """
        known = environment.variables(environ, dotenv)
        if account and endpoint:
            raise SettingsError("--account and --endpoint: give one of them, they say the same")
        key = ""
        if profile or config is not None:
            chosen = load_profile(profile, config, known)
            options = _with_profile(chosen, options)
            account, endpoint, api_key_file, key = _account_of(
                chosen, known, account, endpoint, api_key_file
            )
        if not account and not endpoint:
            endpoint = known.get(environment.ENDPOINT_VARIABLE, "")
            account = "" if endpoint else known.get(environment.ACCOUNT_VARIABLE, "")
        options.setdefault("state_dir", environment.lock_folder(known))
        options["proxy"] = proxy_of(options.get("proxy") or "", known)
        return cls(
            endpoint=normalize_endpoint(endpoint) if endpoint else account_endpoint(account),
            api_key=key or environment.api_key(known, api_key_file),
            **{name: value for name, value in options.items() if value is not None},
        )

    def with_strict_lists(self) -> Settings:
        """Return a copy that refuses doubtful suppression lists, unless that was decided already."""
        if self.safeguards.strict_suppress is not None:
            return self
        return replace(self, safeguards=replace(self.safeguards, strict_suppress=True))

    def ready_to_send(self) -> Settings:
        """Return a copy with the endpoint normalized.

        Raises:
            SettingsError: The endpoint or the key is missing; all that is missing at once.
        """
        missing = []
        if not self.endpoint:
            missing.append(
                Message(
                    "which account? give --account LOGIN or --profile NAME, or set "
                    "{account_variable} (or --endpoint URL, {endpoint_variable})",
                    account_variable=environment.ACCOUNT_VARIABLE,
                    endpoint_variable=environment.ENDPOINT_VARIABLE,
                )
            )
        if not self.api_key:
            missing.append(
                Message(
                    "no API key: set {key_variable} in the environment or in .env, or give "
                    "--api-key-file FILE",
                    key_variable=environment.KEY_VARIABLE,
                )
            )
        if missing:
            raise SettingsError(Message.joined("\n", map(Message.of, missing)))
        return replace(self, endpoint=normalize_endpoint(self.endpoint))


def _with_profile(profile: Profile, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return *options* with what the profile says in the place of what is not given.

    Raises:
        SettingsError: A value of the profile does not make sense; file and line are named.
    """
    for name, value in profile.options.items():
        _placed(profile, name, partial(Settings, **{name: value}))
    _placed(profile, "proxy", lambda: normalize_proxy(profile.proxy))
    found = {**profile.options, "ca_file": profile.ca_file, "proxy": profile.proxy or None}
    given = {name: value for name, value in options.items() if value not in (None, "")}
    return found | given


def _account_of(
    profile: Profile,
    known: Mapping[str, str],
    account: str,
    endpoint: str,
    api_key_file: Path | None,
) -> tuple[str, str, Path | None, str]:
    """Return account, endpoint, key file and key; what is given wins over the profile.

    Raises:
        SettingsError: The profile's key would be sent to another account than the profile's.
    """
    name = "endpoint" if profile.endpoint else "account"
    own = _placed(
        profile, name,
        lambda: normalize_endpoint(profile.endpoint) if profile.endpoint
        else account_endpoint(profile.account),
    )  # fmt: skip
    given = normalize_endpoint(endpoint) if endpoint else account_endpoint(account)
    has_key = bool(profile.api_key_file or profile.api_key_env)
    if given and given != own and has_key and api_key_file is None:
        raise SettingsError(
            Message(
                "--profile {name} is for {own}, and {given} is asked for: the profile's key "
                "is not sent there. Leave one of them out, or give --api-key-file too",
                name=profile.name,
                own=own,
                given=given,
            )
        )
    if api_key_file is not None:
        return account, endpoint or ("" if account else own), api_key_file, ""
    return account, endpoint or ("" if account else own), profile.api_key_file, profile.key(known)


def _placed(profile: Profile, name: str, check: Callable[[], _T]) -> _T:
    """Return what *check* returns; its complaint names the place in the file."""
    try:
        return check()
    except SettingsError as exc:
        raise SettingsError(Message("{place}: {exc}", place=profile.place(name), exc=exc)) from None


def parse_limit(text: str) -> tuple[float, bool]:
    """Read ``20`` or ``5%``: (number, whether it is a share in percent).

    Raises:
        SettingsError: Anything else.
    """
    match = _LIMIT.fullmatch(text.strip())
    if match is None:
        raise SettingsError(
            Message("--max-failures {text!r}: a number of rows (20) or a share (5%)", text=text)
        )
    number = float(match[1] or match[3])
    is_share = bool(match[2] or match[4])
    if is_share and number > 100:
        raise SettingsError(Message("--max-failures {text!r}: a share is at most 100%", text=text))
    return number, is_share


def _sorted_into(groups: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return *groups* with each of *options* in the group that it belongs to."""
    changes: dict[str, dict[str, Any]] = {}
    for name, value in options.items():
        if name not in _GROUP_OF:
            near = get_close_matches(name, [*_GROUP_OF, *(f.name for f in fields(Settings))], 1)
            hint = Message("; did you mean {near}?", near=near[0]) if near else ""
            raise TypeError(Message("no setting is called {name!r}{hint}", name=name, hint=hint))
        changes.setdefault(_GROUP_OF[name], {})[name] = value
    return {name: replace(group, **changes.get(name, {})) for name, group in groups.items()}
