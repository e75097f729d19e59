"""Receives what happens during a run: the interface, and a silent implementation."""

from __future__ import annotations

from typing import Protocol

from bulk_import.models import Status


class Progress(Protocol):
    """Receives what happens during a run."""

    def reading(self, rows: int) -> None:
        """*rows* more rows are read and judged."""
        ...

    def sending(self, total: int) -> None:
        """Sending starts, with *total* rows."""
        ...

    def expecting(self, total: int) -> None:
        """Fewer rows will be sent than ``sending`` said: more of them are judged now."""
        ...

    def settled(self, status: Status) -> None:
        """A row ended."""
        ...

    def paused(self, seconds: float, why: str) -> None:
        """Sending is paused for *seconds*."""
        ...

    def say(self, message: str) -> None:
        """Show a message."""
        ...


class Silence:
    """Ignores everything."""

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
