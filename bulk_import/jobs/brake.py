"""The brake: stops a night whose source differs too much from that of the last good night."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bulk_import.errors import Message


@dataclass(frozen=True, slots=True)
class Brake:
    """How much a night may differ from the last good one, as shares from 0 to 1.

    Attributes:
        rows_fewer: Rows lost.
        changed: Known contacts whose payload differs.
        vanished: Contacts of the last good night that are missing.
        blanked: Values lost of any one field.
        smallest: If the last good night had fewer rows, shares are not compared.
        rows_more: Rows added; may be above 1. Not compared where there are more files than before.
    """

    rows_fewer: float = 0.3
    changed: float = 0.5
    vanished: float = 0.2
    blanked: float = 0.3
    smallest: int = 20
    rows_more: float = 1.0


@dataclass(slots=True)
class Night:
    """What one night's sources look like.

    Attributes:
        changed: Known contacts whose payload differs.
        moved: Those of them that differ by ``lead_utc`` alone, where clocks have changed.
        vanished: Contacts of the last good night that are missing.
        filled: Field -> rows with a value of it.
        modified_at: When the newest source was changed, in seconds of the epoch.
        files: Names of the sources, in their order.
        blank: Rows without an e-mail address.
        clocks: Digest of the offsets of time zones; empty without ``lead_utc``.
    """

    rows: int = 0
    contacts: int = 0
    changed: int = 0
    moved: int = 0
    vanished: int = 0
    filled: dict[str, int] = field(default_factory=dict)
    modified_at: float = 0.0
    files: list[str] = field(default_factory=list)
    blank: int = 0
    clocks: str = ""

    @classmethod
    def of(cls, remembered: Mapping[str, Any]) -> Night:
        """Return a night as the state remembers it; what an older version did not note is empty."""
        known = cls.__dataclass_fields__
        return cls(**{name: value for name, value in remembered.items() if name in known})


def missing_files(night: Night, last: Night) -> list[str]:
    """Return the sources of the last good night that tonight lacks.

    Exports with the date in their names have other names every night: as many files as last time
    are taken for the same ones.
    """
    if len(night.files) >= len(last.files):
        return []
    return [name for name in last.files if name not in night.files]


def why_not(
    night: Night, last: Night | None, before: int, brake: Brake, earlier: Path | None = None
) -> str:
    """Return why nothing may be sent tonight, or ``""``.

    Args:
        last: The last good night; ``None`` for the first one.
        before: Contacts of the last good night.
        earlier: The folder of a night that sent, of which the state knows nothing.
    """
    if not night.rows:
        return Message("the brake: the source has no rows (--accept if that is meant)")
    jumps: list[str]
    if earlier is not None:
        jumps = [Message("the state is new, but {run} was a night of it: is it lost?", run=earlier)]
    elif last is None:
        return ""
    else:
        jumps = [*_files(night, last), *_jumps(night, last, before, brake)]
    if not jumps:
        return ""
    return Message(
        "the brake: {jumps} (--accept sends it this once if it is meant)",
        jumps=Message.joined("; ", jumps),
    )


def _files(night: Night, last: Night) -> Iterator[str]:
    missing = missing_files(night, last)
    if missing:
        yield (
            Message(
                "{n} files, there were {before}; missing: {missing}",
                n=len(night.files),
                before=len(last.files),
                missing=", ".join(missing[:5]),
            )
        )


def _jumps(night: Night, last: Night, before: int, limits: Brake) -> Iterator[str]:
    """Yield what differs too much from the last good night."""
    if night.modified_at < last.modified_at:
        yield Message("the source is older than that of the last good run")
    if last.rows < limits.smallest:
        return
    is_grown = night.rows > last.rows * (1 + limits.rows_more)
    has_new_files = len(night.files) > len(last.files)
    if night.rows < last.rows * (1 - limits.rows_fewer) or (is_grown and not has_new_files):
        yield Message("{n:,} rows, there were {before:,}", n=night.rows, before=last.rows)
    if before and night.vanished > before * limits.vanished:
        yield Message(
            "{vanished:,} of {before:,} contacts have vanished",
            vanished=night.vanished,
            before=before,
        )
    # Clocks change for everybody in one night: that is no reason to stop.
    changed = night.changed - (night.moved if night.clocks != last.clocks else 0)
    if night.contacts and changed > night.contacts * limits.changed:
        yield Message(
            "{changed:,} of {contacts:,} contacts have changed",
            changed=changed,
            contacts=night.contacts,
        )
    yield from _blanked(night, last, limits)


def _blanked(night: Night, last: Night, limits: Brake) -> Iterator[str]:
    for name, filled in last.filled.items():
        # Rows may become fewer without any field being emptied: shares are compared.
        now, then = night.filled.get(name, 0) / night.rows, filled / last.rows
        if filled >= limits.smallest and now < then * (1 - limits.blanked):
            yield Message(
                "{name} is filled in {now:.0%} of the rows, it was in {then:.0%}",
                name=name,
                now=now,
                then=then,
            )
