"""Ask before the first row: are key, host and address accepted, and what does the account have?

``getalllists`` changes nothing on the server, and its answer resolves list titles to ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bulk_import.api.answers import Answer, Verdict
from bulk_import.api.client import AnswerLostError, Client
from bulk_import.api.unsent import NotSentError
from bulk_import.codes import look_up
from bulk_import.errors import Message, SettingsError, StoppedError
from bulk_import.settings import Patience

PATIENCE_S = 20.0  # a host that restarts should not spoil a night; a typo should be told soon
_PATIENCE = Patience()
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 4.0
_LONGEST_THROTTLE_S = 60.0

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A list or a manager of the account: its title, and its id for the API.

    Attributes:
        id: Empty when the account's answer has none, or it lost digits on the way. The internal
            number (``rass_id``) is not it: sent in its place, it would name another list or none.
    """

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Directory:
    """What the account has. Titles map to ids; titles that two have are not in the maps."""

    lists: tuple[Entry, ...] = ()
    managers: tuple[Entry, ...] = ()
    list_ids: Mapping[str, str] = field(default_factory=dict)
    manager_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def known_lists(self) -> dict[str, tuple[str, ...]]:
        """Title or id of a list -> the ids that it may mean: none, one or several."""
        known: dict[str, tuple[str, ...]] = {}
        for entry in self.lists:
            known[entry.title] = (*known.get(entry.title, ()), *([entry.id] if entry.id else []))
        known.pop("", None)
        return known | {entry.id: (entry.id,) for entry in self.lists if entry.id}


async def preflight(
    client: Client,
    *,
    with_managers: bool = False,
    patience: Patience = _PATIENCE,
    is_paused: Callable[[float, str], None] = lambda _seconds, _why: None,
    patience_s: float = PATIENCE_S,
    sleep: Sleep = asyncio.sleep,
) -> Directory:
    """Return the account's lists, and its managers if asked.

    Args:
        patience: How long to wait while the server asks to slow down, as while rows are sent.
        is_paused: Told (seconds, why) before each of these waits.
        patience_s: Seconds to keep trying while the host cannot be reached.

    Raises:
        SettingsError: The account does not let us in, or does not answer.
        StoppedError: The server asks for more patience than there is.
    """
    ask = _Asking(client, patience, is_paused, patience_s, sleep)
    lists = _entries(
        await ask.answer("getalllists"),
        id_name="rass_name",
        title_name="rass_title",
    )
    managers: tuple[Entry, ...] = ()
    if with_managers:
        managers = _entries(
            await ask.answer("getpersonalmanagers"),
            id_name="manager_id",
            title_name="manager_name",
        )
    return Directory(lists, managers, _by_title(lists), _by_title(managers))


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks until there is an answer, or no patience is left."""

    client: Client
    patience: Patience
    is_paused: Callable[[float, str], None]
    patience_s: float
    sleep: Sleep

    async def answer(self, method: str) -> Answer:
        wait_s, waited_s = _FIRST_WAIT_S, 0.0
        throttles = quotas = 0
        while True:
            trouble, is_final = "", False
            try:
                answer = await self.client.call(method)
            except NotSentError as exc:
                trouble, is_final = str(exc), exc.is_final
            except AnswerLostError as exc:
                trouble = str(exc)
            else:
                if answer.verdict is Verdict.SUCCESS:
                    return answer
                if answer.verdict is Verdict.THROTTLED:
                    throttles, quotas = throttles + 1, quotas + answer.is_quota
                    await self._slow_down(answer, throttles, quotas)
                    continue
                trouble = describe(answer)
                is_final = answer.verdict is not Verdict.UNREADABLE
            if is_final or waited_s + wait_s > self.patience_s:
                raise SettingsError(Message("nothing was sent: {trouble}", trouble=trouble))
            await self.sleep(wait_s)
            waited_s += wait_s
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    async def _slow_down(self, answer: Answer, throttles: int, quotas: int) -> None:
        """Wait as long as the server asks for.

        Raises:
            StoppedError: That is too long, or was asked too often.
        """
        said = describe(answer)
        waits = self.patience.quota_waits_s
        if answer.retry_after_s is not None:
            seconds = answer.retry_after_s
            is_too_much = seconds > self.patience.retry_after_cap_s
        elif answer.is_quota:
            is_too_much = quotas > len(waits)
            seconds = 0.0 if is_too_much else waits[quotas - 1]
        else:
            seconds, is_too_much = min(2.0 ** (throttles - 1), _LONGEST_THROTTLE_S), False
        if is_too_much or throttles > self.patience.throttles:
            raise StoppedError(
                Message("nothing was sent: the server asks to slow down: {said}", said=said)
            )
        self.is_paused(seconds, said)
        await self.sleep(seconds)


def describe(answer: Answer) -> str:
    """One line for a person: what the server said, and what to do about it."""
    if not answer.code.isdigit():
        return answer.text
    said = Message(
        "the server answered {code} ({text})",
        code=answer.code,
        text=answer.text or Message("no text"),
    )
    known = look_up(answer.code)
    if not known:
        return said
    return Message("{said}. {cause} {fix}", said=said, cause=known.cause, fix=known.fix)


def _entries(answer: Answer, *, id_name: str, title_name: str) -> tuple[Entry, ...]:
    lines = answer.result if isinstance(answer.result, list) else []
    found = [
        Entry(_id(line.get(id_name)), _text(line.get(title_name)))
        for line in lines
        if isinstance(line, dict)
    ]
    return tuple(entry for entry in found if entry.id or entry.title)


def _id(value: object) -> str:
    """An id such as ``1473249885.2899961004`` that came as a JSON number has lost digits: none."""
    return "" if isinstance(value, float) else _text(value)


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _by_title(entries: Iterable[Entry]) -> dict[str, str]:
    known: dict[str, str] = {}
    twice = set()
    for entry in entries:
        if not entry.id:
            continue
        if entry.title in known:
            twice.add(entry.title)
        known[entry.title] = entry.id
    return {title: id_ for title, id_ in known.items() if title not in twice and title}
