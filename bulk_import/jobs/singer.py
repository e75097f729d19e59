"""A Singer target: RECORD messages become batches, STATE is forwarded only when their rows have ended.

    tap -> SCHEMA, RECORD …, STATE … -> batches (runs named by their contents) -> STATE -> whoever keeps it

A batch begins where a STATE that was passed on ended, so a tap that is started again from that STATE
makes the same batches, and those that were sent are recognized.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO, Any

from bulk_import.errors import SettingsError, SetupError, StoppedError
from bulk_import.jobs.batches import Sent

BATCH = 1000  # records
LONGEST_LINE = 16 << 20  # bytes; a contact has a few hundred
_IGNORED = frozenset({"SCHEMA", "ACTIVATE_VERSION"})

Send = Callable[[list[Mapping[str, Any]]], Sent]
Forward = Callable[[str], None]


@dataclass(slots=True)
class Poured:
    """What came through.

    Attributes:
        records: Of the stream that is sent.
        others: Stream -> records that were left out.
        refused: Rows that did not make it, by code.
        unknown: Rows that may or may not have arrived.
    """

    records: int = 0
    batches: int = 0
    states: int = 0
    others: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    unknown: int = 0

    @property
    def exit_code(self) -> int:
        """1 if rows did not make it; their STATE was passed on all the same."""
        return 1 if self.refused or self.unknown else 0


def pour(
    lines: Iterable[bytes],
    send: Send,
    forward: Forward,
    *,
    stream: str | None = None,
    batch_size: int = BATCH,
) -> Poured:
    """Send the records in *lines*; pass each STATE on when every record before it has ended.

    Args:
        send: Sends a batch and returns what became of it.
        forward: Given the value of a STATE as JSON.
        stream: The stream that holds the contacts; ``None`` = the only one there is.

    Raises:
        SetupError: A line is no message, or there are several streams and none is named.
        StoppedError: A batch has not ended; no STATE after it was passed on.
    """
    target = _Target(send, forward, stream, batch_size)
    for number, message in _messages(lines):
        target.take(number, message)
    target.flush()
    return target.poured


class _Target:
    def __init__(self, send: Send, forward: Forward, stream: str | None, batch_size: int) -> None:
        self.poured = Poured()
        self._send = send
        self._forward = forward
        self._stream = stream
        self._is_chosen = stream is not None
        self._size = batch_size
        self._rows: list[Mapping[str, Any]] = []
        self._since_state = 0
        self._state: str | None = None

    def take(self, number: int, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "RECORD":
            self._record(number, message)
        elif kind == "STATE":
            self._state = json.dumps(message.get("value"), ensure_ascii=False, default=_plain)
            if self._since_state >= self._size or not self._since_state:
                self.flush()
        elif kind not in _IGNORED:
            raise SetupError(
                f"line {number}: a message of type {kind!r} is not understood; let the tap send RECORD "
                "messages (of Meltano's taps: no batch_config)"
            )

    def _record(self, number: int, message: Mapping[str, Any]) -> None:
        stream, record = message.get("stream"), message.get("record")
        if not isinstance(stream, str) or not isinstance(record, dict):
            raise SetupError(f"line {number}: a RECORD without stream or record")
        self._stream = stream if self._stream is None else self._stream
        if stream != self._stream:
            if not self._is_chosen:
                raise SettingsError(
                    f"line {number}: the tap has several streams ({self._stream}, {stream}); name the one "
                    "with the contacts: --stream NAME"
                )
            self.poured.others[stream] += 1
            return
        self.poured.records += 1
        self._since_state += 1
        self._rows.append(record)
        if len(self._rows) == self._size:
            self._flush_rows()

    def flush(self) -> None:
        """Send what is left, then pass the last STATE on."""
        self._flush_rows()
        if self._state is not None:
            self._forward(self._state)
            self.poured.states += 1
            self._state, self._since_state = None, 0

    def _flush_rows(self) -> None:
        if not self._rows:
            return
        sent = self._send(self._rows)
        self._rows = []
        if not sent.is_settled:
            summary = sent.summary
            reason = summary.stopped or f"{sent.unknown:,} rows have no trustworthy answer yet"
            raise StoppedError(
                f"{summary.run_dir}: {reason}. Nothing is lost; start the pipeline again to continue",
                exit_code=summary.stop_code or 1,
            )
        poured = self.poured
        poured.batches += 1
        poured.unknown += sent.unknown
        if sent.summary.exit_code:
            codes = sent.summary.by_code
            poured.refused.update({code: rows for code, rows in codes.items() if code != "0"})


def lines_of(file: IO[bytes], longest: int = LONGEST_LINE) -> Iterator[bytes]:
    """Yield lines; one that is too long is cut a byte after the limit, and refused by who reads it."""
    while line := file.readline(longest + 1):
        yield line


def _messages(lines: Iterable[bytes]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if len(line) > LONGEST_LINE:
            raise SetupError(f"line {number}: longer than {LONGEST_LINE:,} bytes; no message is")
        try:
            message = json.loads(line, parse_float=Decimal, parse_constant=str)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise SetupError(
                f"line {number}: not a Singer message; standard input is what a tap writes"
            )
        yield number, message


def _plain(value: object) -> object:
    """Decimals of a STATE, as they were written, as far as JSON's numbers hold them."""
    return float(value) if isinstance(value, Decimal) else str(value)
