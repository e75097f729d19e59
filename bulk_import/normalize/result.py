"""What every normalizer answers with: the value, the rule that made it, and any doubts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """A doubt that does not stop the value: becomes a warning in the report.

    Attributes:
        code: Symbolic code of the catalogue.
        message: One sentence without a full stop.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Normalized:
    """A canonical value and how it came about.

    Attributes:
        value: As the API wants it; never empty.
        rule: Short stable name of the rule that decided, such as ``country.name.de`` or
            ``phone.trunk_prefix``: shown by ``explain``, asserted by tests.
        notes: Doubts, in the order they arose.
    """

    value: str
    rule: str
    notes: tuple[Note, ...] = ()


class NormalizeError(ValueError):
    """The text has no one canonical value.

    Attributes:
        code: Symbolic code of the catalogue.
        candidates: Values it might have meant, best first; empty when there are none.
    """

    def __init__(self, code: str, message: str, *, candidates: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.candidates = tuple(candidates)
