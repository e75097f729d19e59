"""Consents for several channels in one cell: JSON, or "email: no; sms: yes". Text in, answer out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from bulk_import.normalize.consent import (
    folded_words,
    is_no,
    is_yes,
    says_subscribed,
    says_unsubscribed,
)
from bulk_import.normalize.text import remembered

_PAIR = re.compile(
    r"""(?:^|[,;|{\n&])\s*["']?(?P<key>[^"',;|{}:=\n]{1,40}?)["']?\s*[:=]\s*"""
    r"""["']?(?P<value>[^"',;|{}:=&\n]{1,40}?)["']?\s*(?=$|[,;|}\n&])"""
)
_OTHER_CHANNEL = re.compile(
    r"(?<!\w)(?:calls?|phone|telephone|telefon|телефон|звон\w+|sms|смс|texts?|fax|"
    r"post|postal|direct mail|push|mobile|whats ?app|viber|telegram|messenger|voice|print|"
    r"profiling|cookies?|analytics)(?!\w)"
)
# Says when, where or how somebody answered.
_ABOUT = re.compile(
    r"(?<!\w)(?:date|time|timestamp|at|ip|source|method|language|version|id|double|country)(?!\w)"
)


@remembered
def answered_in_pairs(cell: str) -> bool | None:
    """Return what the pairs of a cell say of mails; ``None`` where it has none or they say nothing.

    One "no" of a channel that is not another one decides.

    >>> answered_in_pairs('{"email": false, "sms": true}'), answered_in_pairs("email: yes; sms: no")
    (False, True)
    """
    if ":" not in cell and "=" not in cell:
        return None
    said = [answer for key, value in _pairs(cell) if (answer := _answer(key, value)) is not None]
    return all(said) if said else None


def _answer(key: str, value: str) -> bool | None:
    words = folded_words(key.replace("_", " "))
    if _OTHER_CHANNEL.search(words) or _ABOUT.search(words):
        return None
    if is_no(value) or says_unsubscribed(value, also_weak=True):
        return False
    return True if is_yes(value) or says_subscribed(value) else None


def _pairs(cell: str) -> Iterator[tuple[str, str]]:
    """Yield (path of names, value) of what a cell lists."""
    if cell.lstrip()[:1] in "{[":
        try:
            yield from _leaves("", json.loads(cell))
        except (ValueError, RecursionError):
            pass
        else:
            return
    for found in _PAIR.finditer(cell):
        yield found["key"], found["value"]


def _leaves(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(f"{path} {key}", one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(path, one)
    else:
        yield path, "" if value is None else str(value)
