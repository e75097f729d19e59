"""The API key as a value that does not show itself, and texts without it."""

from __future__ import annotations

import base64
from urllib.parse import quote, quote_plus

MASK = "***"


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
    encoded = base64.b64encode(text.encode()).decode()
    forms = {
        text,
        quote(text, safe=""),
        quote_plus(text),
        quote(text),
        encoded,
        encoded.rstrip("="),
        base64.urlsafe_b64encode(text.encode()).decode(),
    }
    return tuple(sorted(forms, key=len, reverse=True))
