"""A second process that reads and judges rows while this one sends, then follows with the report.

Judged rows wait in the journal, so memory does not grow with the source. The second process is a
fresh interpreter: a caller's ``__main__`` is not imported again. It ignores signals, which this
process handles, and ends when its input closes, for example because this process died.

Messages are lines of JSON:

    to it       the task; later {"stop": true}, {"over": true} (no request is in flight any more)
    from it     {"rows": n} after each committed batch; {"done": …} after the last;
                {"reported": …} when the reports are written; or {"error": …}
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

from bulk_import.errors import BulkImportError, Message, packed
from bulk_import.journal import Journal
from bulk_import.mapping.loading import ColumnMapping, parse_mapping
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.run.inputs import KnownNames, Names, opened_inputs
from bulk_import.run.judges import Judges
from bulk_import.run.judging import JudgingStoppedError, judge_sources
from bulk_import.run.plan import Tally
from bulk_import.run.reporting import write_reports
from bulk_import.system import interpreters
from bulk_import.system.crash import described
from bulk_import.system.garbage import rare_collections

_BATCH = 250  # rows in one commit: the senders' commits wait for it
_BUG = "a bug in bulk_import (in the process that reads the source)"
_START = "from bulk_import.run.ahead import work; work()"


@dataclass(frozen=True, slots=True)
class ReadingTask:
    """What the second process needs, as values that JSON can carry."""

    journal: str
    paths: tuple[str, ...]
    mapping_text: str
    mapping_name: str
    mapping_folder: str
    sheet: str
    corrections: str
    corrections_by: str
    lists: Mapping[str, Sequence[str]] | None
    managers: Mapping[str, str] | None
    at: str
    exports: str
    is_report_safe: bool
    workers: int
    cluster: str

    @classmethod
    def of(
        cls,
        journal: Path,
        paths: Sequence[str],
        mapping: ColumnMapping,
        names: Names | None,
        *,
        is_report_safe: bool = False,
        workers: int = 0,
        cluster: str = "",
    ) -> ReadingTask:
        return cls(
            journal=str(journal),
            paths=tuple(paths),
            mapping_text=mapping.text,
            mapping_name=mapping.name,
            mapping_folder=str(mapping.folder),
            sheet=mapping.spec.source.sheet or "",
            corrections=mapping.spec.source.corrections or "",
            corrections_by=mapping.spec.source.corrections_by,
            lists=None if names is None or names.known_lists is None else dict(names.known_lists),
            managers=dict(names.manager_ids) if names else None,
            at=datetime.now(UTC).isoformat(),
            exports=mapping.told_exports(),
            is_report_safe=is_report_safe,
            workers=workers,
            cluster=cluster,
        )


def is_possible() -> bool:
    """Whether a second interpreter can be started and would have a processor of its own."""
    return interpreters.is_possible() and interpreters.processors() > 1


class ReadAhead:
    """The second process, as seen from this one. Belongs to one event loop.

    Attributes:
        rows: Rows committed so far.
        rows_kept: Those of them that are not to be sent.
        is_done: Whether all rows are committed.
        rows_read: Rows of the sources, once done.
        findings: Problems that are visible only after a source's last row, once done.
        is_reported: Whether it has written the reports.
        error: Why reading or reporting failed; empty if it did not.
        bug: The traceback, if that is a bug; without anybody's data.
        on_news: Called when any of these has changed.
    """

    def __init__(self, to_it: IO[bytes], from_it: IO[bytes]) -> None:
        self.rows = 0
        self.rows_kept = 0
        self.rows_read = 0
        self.findings: list[str] = []
        self.is_done = False
        self.is_reported = False
        self.error = ""
        self.bug = ""
        self.on_news: Callable[[], None] = lambda: None
        self._to_it, self._from_it = to_it, from_it
        self._loop = asyncio.get_running_loop()
        self._judged = asyncio.Event()
        self._ended = asyncio.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @classmethod
    @contextmanager
    def start(cls, job: ReadingTask) -> Iterator[ReadAhead]:
        """Start the second process; it is killed, if still running, when the block ends."""
        process = interpreters.start_interpreter(_START)
        assert process.stdin is not None  # noqa: S101 - for the type checker
        assert process.stdout is not None  # noqa: S101 - for the type checker
        ahead = cls(process.stdin, process.stdout)
        try:
            ahead.give(job)
            yield ahead
        finally:
            process.kill()
            process.wait()
            ahead.close()

    def give(self, job: ReadingTask) -> None:
        """Give it its task."""
        self._tell({name: getattr(job, name) for name in ReadingTask.__slots__})

    def close(self) -> None:
        """Close the pipes; call it when the other side has closed its own."""
        self._listener.join()
        for pipe in (self._to_it, self._from_it):
            with suppress(OSError):
                pipe.close()

    def stop(self) -> None:
        """Ask it to stop after the current batch."""
        self._tell({"stop": True})

    async def judged(self) -> None:
        """Wait until all rows are judged, or an error says that they never will be."""
        await self._judged.wait()

    async def finish_reports(self) -> bool:
        """Tell it that no request is in flight any more; return whether it wrote the reports."""
        self._tell({"over": True})
        await self._ended.wait()
        return self.is_reported

    def _tell(self, message: Mapping[str, Any]) -> None:
        with suppress(OSError):  # it has ended; `_listen` finds out why
            self._to_it.write(json.dumps(message).encode() + b"\n")
            self._to_it.flush()

    def _listen(self) -> None:
        """In a thread: pass its messages to the event loop."""
        with suppress(RuntimeError):  # the loop is closed
            try:
                for line in self._from_it:
                    self._loop.call_soon_threadsafe(self._hear, dict(json.loads(line)))
            except Exception as exc:  # noqa: BLE001 - whatever ends the listening ends the wait
                self._loop.call_soon_threadsafe(self._hear, {"error": _BUG, "bug": described(exc)})
            self._loop.call_soon_threadsafe(self._hear, {})

    def _hear(self, message: Mapping[str, Any]) -> None:
        self.rows = message.get("rows", self.rows)
        self.rows_kept = message.get("kept", self.rows_kept)
        if "done" in message:
            self.is_done = True
            self.rows_read = message["done"]
            self.findings = [Message.unpacked(finding) for finding in message["findings"]]
        self.is_reported = self.is_reported or "reported" in message
        self.error = Message.unpacked(message.get("error", self.error))
        self.bug = message.get("bug", self.bug)
        if not message:
            if not self.is_done and not self.error:
                self.error = "the process that reads the source ended unexpectedly"
            self._ended.set()
        if self.is_done or self.error:
            self._judged.set()
        self.on_news()


# -- the other process ----------------------------------------------------------------------------


Say = Callable[..., None]


def work() -> None:
    """Read the task from stdin, judge the rows, write the reports."""
    interpreters.behave()
    messages = os.fdopen(os.dup(1), "wb")  # a notebook has no sys.stdout.buffer
    os.dup2(2, 1)  # what a library prints must not get between the messages
    # When the main process is gone: add no rows that it does not know of.
    serve(sys.stdin.fileno(), messages, on_gone=partial(os._exit, 1))


def serve(incoming: int, messages: IO[bytes], *, on_gone: Callable[[], None]) -> None:
    """Read the task from the handle *incoming*, judge the rows, write the reports.

    Args:
        messages: Where they are written.
        on_gone: Called, in a thread, when *incoming* ends.
    """
    say = partial(_say, messages)
    lines = _lines(incoming)
    job = ReadingTask(**json.loads(next(lines)))
    stopping, over = threading.Event(), threading.Event()
    threading.Thread(target=_obey, args=(lines, stopping, over, on_gone), daemon=True).start()
    try:
        with Journal.open(Path(job.journal)) as journal, rare_collections():
            journal.leave_syncs_to_others()
            say(**_judge(job, journal, stopping, say))
            write_reports(
                journal, journal.path.parent, safe=job.is_report_safe, is_over=over.is_set
            )
            say(reported=True)
    except JudgingStoppedError:
        say(error="stopped before the source was read to its end")
    except BulkImportError as exc:
        say(error=packed(str(exc)))
    except Exception as exc:  # noqa: BLE001 - the boundary of the command is in the other process
        say(error=_BUG, bug=described(exc))


def _obey(
    lines: Iterator[bytes],
    stopping: threading.Event,
    over: threading.Event,
    on_gone: Callable[[], None],
) -> None:
    for line in lines:
        (over if b"over" in line else stopping).set()
    on_gone()


def _lines(handle: int) -> Iterator[bytes]:
    """Yield lines unbuffered: the reading thread would hold the buffer's lock at exit."""
    held = b""
    while received := os.read(handle, 1 << 16):
        *whole, held = (held + received).split(b"\n")
        yield from whole


def _judge(
    job: ReadingTask, journal: Journal, stopping: threading.Event, say: Say
) -> dict[str, Any]:
    mapping = parse_mapping(job.mapping_text, job.mapping_name, folder=Path(job.mapping_folder))
    if job.sheet:
        mapping = mapping.with_sheet(job.sheet)
    mapping = mapping.with_corrections(job.corrections, job.corrections_by)
    mapping = mapping.with_told_exports(job.exports)
    names = KnownNames(job.lists, job.managers or {})
    tally = Tally(watches_consent=False)  # the survey has reported it already
    suppression = SuppressionList.load(mapping.suppress_files())
    moment = datetime.fromisoformat(job.at)
    with (
        Judges.opened(job.workers or _spare_processors(), job.cluster) as judges,
        opened_inputs(job.paths, mapping, names, at=moment) as inputs,
    ):
        judge_sources(
            journal,
            inputs,
            suppression,
            tally,
            duplicates=mapping.spec.when.duplicate,
            judges=judges,
            is_stopping=stopping.is_set,
            on_rows=lambda _: say(rows=tally.rows_read, kept=tally.rows_kept),
            batch=_BATCH,
        )
    findings = [packed(Message.joined(": ", (name, problem))) for name, problem in tally.findings]
    return {"done": tally.rows_read, "findings": findings}


def _spare_processors() -> int:
    """Return the number of processors besides the one that sends."""
    return max(1, interpreters.processors() - 1)


def _say(messages: IO[bytes], **message: Any) -> None:
    messages.write(json.dumps(message).encode() + b"\n")
    messages.flush()
