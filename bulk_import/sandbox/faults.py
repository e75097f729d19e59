"""What can go wrong on the server's side: options, all off by default, the same at each start."""

from __future__ import annotations

import csv
import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

from bulk_import.errors import SettingsError

_BY_CHANCE = ("error_500", "error_502", "html_200", "lost", "dropped", "refuse")
_NAMES = (*_BY_CHANCE, "429", "503")

RetryAfter = Literal["seconds", "date", "none", "junk", "huge"]


@dataclass(frozen=True, slots=True)
class Faults:
    """How the sandbox misbehaves. Rates are shares of the requests, 0 to 1.

    Attributes:
        latency_ms, jitter_ms: Added to every answer.
        throttle: Requests per second that are let through; 0 = any number.
        throttle_with: ``429``, ``503`` or ``8`` (the API's own code).
        retry_after: The form of ``Retry-After`` that goes with it.
        retry_after_s: What it asks for.
        error_500: Answered 500 before anything is applied.
        error_502: Applied, and then answered 502.
        html_200: Answered with a web page and status 200, nothing applied.
        lost: Applied, and the connection closed without an answer.
        dropped: The connection closed before anything is applied.
        refuse: Refused with code 3.
        quota_after: Number of requests after which ``quota_burst`` answers have code 8.
        fatal_after: Number of requests after which every answer has ``fatal_code``.
        redirect: ``307`` or ``308`` from the lower-case method name to the PascalCase one.
        code_as_text: ``"0"`` instead of ``0``.
        no_result: The ``result`` member is missing.
        close_every: The connection is closed after every answer of that number.
        key_echo: The text of refusals contains the key.
        wrong_hash: The ``hash`` member is wrong.
        activation: Successes say that a mail was sent.
    """

    latency_ms: float = 0
    jitter_ms: float = 0
    throttle: float = 0
    throttle_with: Literal["429", "503", "8"] = "429"
    retry_after: RetryAfter = "seconds"
    retry_after_s: float = 1
    error_500: float = 0
    error_502: float = 0
    html_200: float = 0
    lost: float = 0
    dropped: float = 0
    refuse: float = 0
    quota_after: int = 0
    quota_burst: int = 0
    fatal_after: int = 0
    fatal_code: int = 4
    redirect: Literal[0, 307, 308, 302] = 0
    code_as_text: bool = False
    no_result: bool = False
    close_every: int = 0
    key_echo: bool = False
    wrong_hash: bool = False
    activation: bool = False
    seed: int = 1


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """What happens to chosen attempts.

    Attributes:
        contact: An e-mail, a phone for a contact without one, ``*`` for all; ``#3`` for the third
            contact of a source, until ``FaultPlan.for_contacts`` knows which that is.
        attempt: Number of the request for that contact, from 1; 0 for all.
        fault: ``error_500``, ``error_502``, ``html_200``, ``lost``, ``dropped``, ``429``, ``503``
            or a code of the API; empty for none.
        latency_ms: Added to the answer.
        line: Of the plan's file.
    """

    contact: str = "*"
    attempt: int = 0
    fault: str = ""
    latency_ms: float = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Faults by contact and attempt, so that a rehearsal can be repeated exactly."""

    faults: tuple[PlannedFault, ...] = ()
    name: str = ""

    @property
    def has_places(self) -> bool:
        """Whether a line names a contact by its place in the source."""
        return any(planned.contact.startswith("#") for planned in self.faults)

    def find(self, contact: str, attempt: int) -> PlannedFault:
        """Return the first line that fits, or one without a fault.

        Args:
            contact: Its e-mail, else its phone.
            attempt: Number of the request for the contact, from 1.
        """
        for planned in self.faults:
            if planned.contact in ("*", contact.lower()) and planned.attempt in (0, attempt):
                return planned
        return PlannedFault()

    def for_contacts(self, contacts: Sequence[str]) -> FaultPlan:
        """Return the plan with every ``#3`` replaced by the third of *contacts*.

        The order in which requests arrive is another one at each run when several are in flight.

        Args:
            contacts: Those that are sent, in the order of the source, each once.

        Raises:
            SettingsError: A line names a contact that is not among them.
        """
        known = dict.fromkeys(contact.lower() for contact in contacts)
        places = {f"#{at}": contact for at, contact in enumerate(known, 1)}
        resolved = []
        for planned in self.faults:
            contact = places.get(planned.contact, planned.contact)
            if contact != "*" and contact not in known:
                raise SettingsError(
                    f"--plan {self.name}: line {planned.line}: {planned.contact}: the source has "
                    f"{len(known):,} contacts that are sent, and this one is not among them"
                )
            resolved.append(replace(planned, contact=contact))
        return replace(self, faults=tuple(resolved))

    @classmethod
    def load(cls, path: Path) -> FaultPlan:
        """Read a CSV file with the columns ``contact,attempt,fault,latency_ms``.

        Raises:
            SettingsError: A line cannot be used; the message names it.
        """
        try:
            lines = path.read_text("utf-8-sig").splitlines()
            first = lines[0] if lines else ""
            reader = csv.DictReader(
                lines, delimiter=";" if first.count(";") > first.count(",") else ","
            )
            header = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            found = [(reader.line_num, line) for line in reader if any(line.values())]
        except (OSError, UnicodeDecodeError, csv.Error) as exc:
            raise SettingsError(f"--plan {path}: cannot be read: {exc}") from None
        if "contact" not in header or not {*header} <= {*_PLAN_COLUMNS}:
            raise SettingsError(
                f"--plan {path}: line 1: found {', '.join(header) or 'nothing'}; the columns are "
                f"{','.join(_PLAN_COLUMNS)}"
            )
        return cls(tuple(_planned(path, at, line) for at, line in found), str(path))


_PLAN_COLUMNS = ("contact", "attempt", "fault", "latency_ms")


def _planned(path: Path, at: int, line: Mapping[str, str | None]) -> PlannedFault:
    contact, attempt, fault, latency = ((line.get(name) or "").strip() for name in _PLAN_COLUMNS)
    is_fault = fault in _NAMES or fault.isdigit() or not fault
    is_contact = re.fullmatch(r"#[1-9]\d*|[^#].*", contact)
    if not is_contact or not is_fault or not re.fullmatch(r"\d*|\*", attempt):
        raise SettingsError(
            f"--plan {path}: line {at}: give contact (an e-mail, #3 or *), attempt (a number or *) "
            f"and fault ({', '.join(_NAMES)} or a code of the API)"
        )
    try:
        latency_ms = float(latency or 0)
    except ValueError:
        latency_ms = math.nan
    if not 0 <= latency_ms < math.inf:
        raise SettingsError(
            f"--plan {path}: line {at}: latency_ms {latency!r}: give milliseconds, 0 or more"
        )
    number = int(attempt) if attempt.isdigit() else 0
    return PlannedFault(contact.lower(), number, fault, latency_ms, at)


@dataclass(slots=True)
class Dice:
    """Draws faults; the same seed and the same order of requests draw the same."""

    faults: Faults
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.faults.seed)  # noqa: S311 - chance, not secrecy

    def draw(self) -> str:
        """Return the name of the fault for the next request, or ``""``."""
        at = self._random.random()
        for name in _BY_CHANCE:
            share = getattr(self.faults, name)
            if at < share:
                return name
            at -= share
        return ""

    def latency_s(self) -> float:
        """Return the seconds that the next answer takes."""
        return (self.faults.latency_ms + self._random.random() * self.faults.jitter_ms) / 1000


def retry_after_header(faults: Faults) -> dict[str, str]:
    """Return the ``Retry-After`` header in the form that is set."""
    if faults.retry_after == "none":
        return {}
    if faults.retry_after == "junk":
        return {"Retry-After": "soon"}
    if faults.retry_after == "huge":
        return {"Retry-After": "99999999"}
    if faults.retry_after == "date":
        # Dates have whole seconds: round up, so that the announced time is never too short.
        until = datetime.now(UTC) + timedelta(seconds=faults.retry_after_s + 1)
        return {"Retry-After": format_datetime(until.replace(microsecond=0), usegmt=True)}
    return {"Retry-After": f"{max(1, round(faults.retry_after_s))}"}


class Throttle:
    """Lets *rate* requests through in any second; one second's worth may come at once."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._tokens = max(1.0, rate)
        self._at: float | None = None

    def lets_through(self, now: float) -> bool:
        """Whether a request at *now* is within the rate."""
        if not self._rate:
            return True
        if self._at is not None:
            self._tokens = min(max(1.0, self._rate), self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
