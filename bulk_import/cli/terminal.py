"""What a person sees while a run works: messages and bars on stderr. No bars without a terminal."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import socket
import sys
import threading
from typing import Any, TextIO

import click

from bulk_import.models import Status

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BAD = frozenset({Status.FAILED, Status.UNKNOWN})


def plain(text: str) -> str:
    """Return *text* without control characters: a server's text must not drive the terminal."""
    return _CONTROL.sub(" ", text)


def mute(stream: TextIO) -> None:
    """Discard what is printed from now on: nobody reads it, and the next flush would fail again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_interactive() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def wait_for_input(file: TextIO) -> None:
    """Wait until something can be read from a terminal, or a signal's handler raises.

    A read that begins just after a signal came would wait for the next line: the handler is called
    when it returns. Here every signal ends the wait.
    """
    if os.name == "nt" or threading.current_thread() is not threading.main_thread():
        return  # the console wakes up by itself; signals come to the main thread alone
    woken, wakes = socket.socketpair()
    watched: list[TextIO | socket.socket] = [file, woken]
    with woken, wakes:
        wakes.settimeout(0)
        before = signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
        try:
            while file not in select.select(watched, [], [])[0]:
                woken.recv(4096)  # a handler that did not raise
        finally:
            signal.set_wakeup_fd(before)


class Bars:
    """Progress as bars of tqdm on stderr: rows, rate, time left, how many failed."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._shows = sys.stderr.isatty() and not quiet
        self._bar: Any = None
        self._lock = threading.Lock()  # reading happens in another thread
        self._ok = self._bad = 0

    @property
    def shows(self) -> bool:
        """Whether a bar shows how far the run is."""
        return self._shows

    def reading(self, rows: int) -> None:
        with self._lock:
            if self._shows and self._bar is None:
                self._bar = self._new("reading", None)
            if self._bar is not None:
                self._bar.update(rows)

    def sending(self, total: int) -> None:
        self.close()
        if self._shows:
            self._bar = self._new("sending", total)

    def expecting(self, total: int) -> None:
        if self._bar is not None:
            self._bar.total = total

    def settled(self, status: Status) -> None:
        if status is Status.SUCCESS:
            self._ok += 1
        elif status in _BAD:
            self._bad += 1
        if self._bar is not None:
            self._bar.set_postfix_str(f"ok {self._ok:,}, failed {self._bad:,}", refresh=False)
            self._bar.update(1)

    def paused(self, seconds: float, why: str) -> None:
        self.say(f"paused for {max(1, round(seconds))} s: {why}")

    def say(self, message: str) -> None:
        if self._quiet:
            return
        if self._bar is not None:
            self._bar.clear()
        try:
            click.echo(plain(message), err=True)
        except OSError:  # nobody reads it, as with `2>&1 | head`: no reason to end a run
            self._quiet = True
            mute(sys.stderr)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _new(self, what: str, total: int | None) -> Any:
        from tqdm import tqdm

        return tqdm(
            desc=what, total=total, unit=" rows", file=sys.stderr, mininterval=0.1,
            smoothing=0.05, dynamic_ncols=True, leave=False,
        )  # fmt: skip
