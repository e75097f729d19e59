"""The API key as a value that does not show itself, and texts without it."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

MASK = "***"
_BASE64 = (base64.b64encode, base64.urlsafe_b64encode)
_PERCENT = re.compile("%[0-9A-F]{2}")


class Secret:
    """A text that is never shown by accident: not by ``repr``, ``str``, a traceback or a log."""

    __slots__ = ("_forms", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._forms = _forms(text)  # looked for in every answer: made once

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"Secret({MASK!r})" if self._text else "Secret('')"

    __str__ = __repr__

    def redact(self, text: str) -> str:
        """Return *text* with every form of the secret that might be echoed replaced."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text


def _forms(text: str) -> tuple[str, ...]:
    if not text:
        return ()
    in_url = {quote(text, safe=""), quote_plus(text), quote(text)}
    in_base64 = {encode(text.encode()).decode() for encode in _BASE64}
    forms = {
        text,
        html.escape(text),
        html.escape(text, quote=False),
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        *in_url,
        *(_PERCENT.sub(lambda match: match[0].lower(), form) for form in in_url),
        *in_base64,
        *(form.rstrip("=") for form in in_base64),
    }
    return tuple(sorted(forms, key=len, reverse=True))
