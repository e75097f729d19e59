"""Somebody who looks on while a run works: what is told, and nobody to tell it to."""

from __future__ import annotations

from typing import Protocol

from bulk_import.models import Status


class Progress(Protocol):
    """Somebody who looks on while a run works."""

    def reading(self, rows: int) -> None:
        """So many more rows are read and judged."""
        ...

    def sending(self, total: int) -> None:
        """Sending begins: so many rows."""
        ...

    def expecting(self, total: int) -> None:
        """Fewer rows will be sent than ``sending`` said: more of them are judged now."""
        ...

    def settled(self, status: Status) -> None:
        """A row ended."""
        ...

    def paused(self, seconds: float, why: str) -> None:
        """Nobody sends for *seconds*."""
        ...

    def say(self, message: str) -> None:
        """Something that a person should know."""
        ...


class Silence:
    """The progress of a run that nobody looks at."""

    def reading(self, rows: int) -> None:
        """Do nothing."""

    def sending(self, total: int) -> None:
        """Do nothing."""

    def expecting(self, total: int) -> None:
        """Do nothing."""

    def settled(self, status: Status) -> None:
        """Do nothing."""

    def paused(self, seconds: float, why: str) -> None:
        """Do nothing."""

    def say(self, message: str) -> None:
        """Do nothing."""
