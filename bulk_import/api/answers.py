"""What an answer of the server means: bytes and status in, a verdict out. Pure.

The tables are the facts about the server as data; a live account that shows something else is
served by a change here and nowhere else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import orjson

from bulk_import.errors import Message
from bulk_import.system.clock import from_header

QUOTE_CHARS = 200  # of an unreadable answer that are shown in the report


class Verdict(StrEnum):
    """What an answer means for its row, and for the run."""

    SUCCESS = "success"
    REFUSED = "refused"  # certainly not applied, for a reason that lies in the row
    FATAL = "fatal"  # certainly not applied, and no later row can do better
    THROTTLED = "throttled"  # certainly not processed: everybody waits, then again
    UNREADABLE = "unreadable"  # nobody knows: applied or not
    FORBIDDEN = "forbidden"  # 401, 403, …: the row's, unless it is the first thing we hear
    MOVED = "moved"  # 307/308: the same request belongs elsewhere on this host


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, understood.

    Attributes:
        code: The API's ``error_code`` as text; empty when the answer has none.
        text: The API's text, or a description of what came instead.
        note: A success that is more than ``OK``: goes into the report.
        retry_after_s: What ``Retry-After`` asks for, if it was there and made sense.
        is_quota: Code 8, whose pauses follow a schedule of their own.
        location: Of a redirect.
        result: The ``result`` member, for the methods that answer with one.
    """

    verdict: Verdict
    http_status: int
    code: str = ""
    text: str = ""
    note: str = ""
    retry_after_s: float | None = None
    is_quota: bool = False
    location: str = ""
    result: object = None


# error_code -> verdict; any other code but 0 refuses the row.
CODES: Mapping[int, Verdict] = {
    1: Verdict.FATAL,  # not transferred hash: the key field was lost on the way
    3: Verdict.REFUSED,
    4: Verdict.FATAL,  # incorrect hash: a wrong key
    5: Verdict.FATAL,  # invalid user name: a wrong account
    6: Verdict.FATAL,  # permission denied for this address
    7: Verdict.FATAL,  # account disabled
    8: Verdict.THROTTLED,
    102: Verdict.SUCCESS,  # already registered: what we wanted
}
NO_DATA = 2  # fatal as the first answer of a run, the row's fault afterwards
UNKNOWN_GROUP = frozenset({103, 104})  # fatal when the list comes from the mapping as a constant

_REFUSING_STATUS = frozenset({400, 413, 414, 415, 422})
_FORBIDDING_STATUS = frozenset({401, 403, 404, 405, 410})
_REPEATABLE_REDIRECT = frozenset({307, 308})
_OK_TEXTS = frozenset({"", "ok"})
_OLD_CHARSET = "cp1251"  # of a Russian server that does not say what it speaks
# Names of charsets alone: Python's other codecs unpack, escape or take very long.
_CHARSET = re.compile(
    r"""charset\s*=\s*["']?((?:utf|iso|latin|windows|cp|koi8|mac|us-ascii|ascii|euc|gb|big5|shift)[\w.-]*)""",
    re.IGNORECASE,
)


def understand(
    http_status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime | None = None,
    trust_503: bool = False,
    redact: Callable[[str], str] = str,
) -> Answer:
    """Return what an answer means.

    Args:
        http_status: Of the answer.
        headers: Looked up by ``Retry-After``, ``Location``, ``Content-Type``; case-insensitive.
        body: The whole body, already unpacked.
        now: The wall clock, for a ``Retry-After`` that is a date.
        trust_503: Take a 503 without ``Retry-After`` for "not processed".
        redact: Takes secrets out of what is quoted, before it is cut.
    """
    content_type = headers.get("Content-Type", "")
    retry_after_s = None
    if "Retry-After" in headers:
        retry_after_s = parse_retry_after(headers["Retry-After"], now or datetime.now(UTC))
    if http_status in _REPEATABLE_REDIRECT:
        return Answer(
            Verdict.MOVED,
            http_status,
            text=f"redirect {http_status}",
            location=headers.get("Location", ""),
        )
    if http_status == 429 or (http_status == 503 and ("Retry-After" in headers or trust_503)):
        text = Message("HTTP {http_status}: the server asks to slow down", http_status=http_status)
        if "Retry-After" in headers and retry_after_s is None:
            text += Message(
                " (Retry-After {quote!r} says no time)",
                quote=quote(headers["Retry-After"].encode(), redact),
            )
        return Answer(Verdict.THROTTLED, http_status, text=text, retry_after_s=retry_after_s)
    envelope = _envelope(body, content_type)
    if envelope is not None and (200 <= http_status < 400):
        return _by_code(http_status, *envelope, retry_after_s=retry_after_s)
    quoted = f": {quote(body, redact, content_type)}" if body.strip() else ", empty"
    return _by_status(http_status, f"HTTP {http_status}{quoted}", headers.get("Location", ""))


def _by_status(http_status: int, shown: str, location: str) -> Answer:
    """What an answer means that is none of the API's."""
    if http_status < 300:
        return Answer(Verdict.UNREADABLE, http_status, code="ANSWER_UNREADABLE", text=shown)
    if http_status < 400:
        return Answer(
            Verdict.FATAL,
            http_status,
            code="REDIRECTED",
            text=Message(
                "redirect {http_status} to {location}, not followed: it would carry the "
                "key elsewhere; check --endpoint",
                http_status=http_status,
                location=location or "nowhere",
            ),
        )
    if http_status in _REFUSING_STATUS:
        return Answer(Verdict.REFUSED, http_status, code=f"HTTP_{http_status}", text=shown)
    if http_status in _FORBIDDING_STATUS:
        return Answer(Verdict.FORBIDDEN, http_status, code=f"HTTP_{http_status}", text=shown)
    return Answer(Verdict.UNREADABLE, http_status, code=f"HTTP_{http_status}", text=shown)


def parse_retry_after(text: str, now: datetime) -> float | None:
    """Return the seconds that ``Retry-After`` asks for; ``None`` for junk and negatives.

    Both forms of RFC 9110 section 10.2.3 are read. A date in the past asks for nothing.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    until = from_header(text)
    seconds = (until - now).total_seconds() if until else 0.0
    return seconds if seconds > 0 else None


def quote(body: bytes, redact: Callable[[str], str] = str, content_type: str = "") -> str:
    """Return the beginning of *body* as one printable line, for the report.

    Args:
        content_type: Of the answer; its charset is the first that is tried.
        redact: Applied before anything is cut: half a secret is one as well, and is not recognised.
    """
    text = redact(next(_decoded(body, content_type)))
    line = _one_line(text)
    return line if len(line) <= QUOTE_CHARS else line[: QUOTE_CHARS - 1] + "…"


def _one_line(text: str) -> str:
    """*text* without line ends and whatever else could drive a terminal."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def hash_matches(answer: object, code: object, text: object, secret: str) -> bool:
    """Whether an answer's ``hash`` is ``md5("{error_code}::{error_text}::{secret}")``.

    The server hashes bytes; the text may have come in its old charset.
    """
    if not isinstance(answer, str):
        return False
    told = f"{code}::{text}::{secret}"
    found = answer.strip().lower().encode("utf-8", "replace")
    return any(
        hmac.compare_digest(
            hashlib.md5(told.encode(charset, "replace"), usedforsecurity=False)
            .hexdigest()
            .encode(),
            found,
        )
        for charset in ("utf-8", _OLD_CHARSET)
    )


def parse_envelope(body: bytes, content_type: str = "") -> Mapping[str, object] | None:
    """Return the answer's JSON object; ``None`` for anything else.

    JSON is UTF-8. What is not is decoded by the charset of *content_type*, else as Windows-1251,
    where a character that cannot be read costs only its text: what counts is the code.
    """
    try:
        parsed = orjson.loads(body.strip().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        parsed = next(filter(None, map(_leniently, _decoded(body, content_type))), None)
    return parsed if isinstance(parsed, dict) else None


def _leniently(text: str) -> object:
    try:
        parsed = json.loads(text.strip().removeprefix("\ufeff"), strict=False)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _decoded(body: bytes, content_type: str) -> Iterator[str]:
    """Yield the readings of *body*, the likeliest first; the last one always succeeds."""
    named = _CHARSET.search(content_type)
    for charset in (named[1] if named else "utf-8", "utf-8"):
        with suppress(UnicodeDecodeError, LookupError):
            yield body.decode(charset)
    yield body.decode(_OLD_CHARSET, "replace")


def _envelope(body: bytes, content_type: str) -> tuple[int, str, object] | None:
    """(code, text, result) of a well-formed answer. ``OK`` without a code is not one."""
    parsed = parse_envelope(body, content_type)
    if parsed is None:
        return None
    code = _integer(parsed.get("error_code"))
    if code is None:
        return None
    text = parsed.get("error_text")
    return code, text if isinstance(text, str) else "", parsed.get("result")


def _integer(value: object) -> int | None:
    """The code as the server may write it: 0, "0", 0.0; never a bool, NaN or a half."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value.is_integer() else None
    if isinstance(value, str):
        text = value.strip()
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
    return None


def _by_code(
    http_status: int, code: int, text: str, result: object, *, retry_after_s: float | None
) -> Answer:
    line = _one_line(text)
    if code == 0:
        note = "" if line.lower() in _OK_TEXTS else line
        return Answer(Verdict.SUCCESS, http_status, "0", line, note, result=result)
    verdict = CODES.get(code, Verdict.REFUSED)
    return Answer(
        verdict,
        http_status,
        str(code),
        line,
        note=line if verdict is Verdict.SUCCESS else "",
        retry_after_s=retry_after_s,
        is_quota=code == 8,
        result=result,
    )
