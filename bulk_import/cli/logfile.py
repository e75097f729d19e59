"""``--log-file``: what happened, as JSON lines, for machines that read logs. No names, no addresses."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from bulk_import.errors import StorageError
from bulk_import.models import Status
from bulk_import.system.clock import now

if TYPE_CHECKING:
    from bulk_import.cli.terminal import Bars
    from bulk_import.models import Summary

_EVERY = 1000  # settled rows between two lines


class LogFile:
    """Passes everything on to the terminal's progress, and writes it down."""

    def __init__(self, path: Path, inner: Bars) -> None:
        self._inner = inner
        self._path = path
        self._read = self._settled = 0
        self._is_broken = False
        try:
            self._file: IO[str] = os.fdopen(
                os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "a", encoding="utf-8"
            )
        except OSError as exc:
            raise StorageError(f"--log-file {path}: {exc.strerror or exc}") from exc
        self._write("begun")

    def reading(self, rows: int) -> None:
        self._read += rows
        self._inner.reading(rows)

    def sending(self, total: int) -> None:
        self._write("sending", rows_read=self._read, to_send=total)
        self._inner.sending(total)

    def expecting(self, total: int) -> None:
        self._inner.expecting(total)

    def settled(self, status: Status) -> None:
        self._settled += 1
        if self._settled % _EVERY == 0:
            self._write("settled", rows=self._settled)
        self._inner.settled(status)

    def paused(self, seconds: float, why: str) -> None:
        self._write("paused", level="warning", seconds=round(seconds, 3), why=why)
        self._inner.paused(seconds, why)

    def say(self, message: str) -> None:
        self._write("said", message=message)
        self._inner.say(message)

    def close(self) -> None:
        self._inner.close()

    def beat(self, line: dict[str, Any]) -> None:
        """Write how far the run is."""
        self._write("progress", **line)

    def ended(self, summary: Summary) -> None:
        """Write how the run ended, and close the file."""
        self._write(
            "ended",
            level="info" if summary.exit_code == 0 else "error",
            exit_code=summary.exit_code,
            counts={status.value: n for status, n in summary.counts.items() if n},
            requests=summary.requests,
            elapsed_s=round(summary.elapsed_s, 3),
            stopped=summary.stopped,
            run_dir=summary.run_dir,
        )
        self._close()

    def failed(self, message: str) -> None:
        """Write that the run could not be made, and close the file."""
        self._write("failed", level="error", message=message)
        self._close()

    def _close(self) -> None:
        self._is_broken = True  # a line of the heartbeat may still be on its way
        with contextlib.suppress(OSError):  # what could not be written is tried once more
            self._file.close()

    def _write(self, event: str, *, level: str = "info", **facts: Any) -> None:
        line = {"time": now(), "level": level, "event": event, **facts}
        if self._is_broken:
            return
        try:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as exc:  # a full disk: what matters is in the journal; the run continues
            self._is_broken = True
            self._inner.say(f"--log-file {self._path}: {exc.strerror or exc}; no more is written")
