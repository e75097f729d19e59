"""Reads XLS workbooks in a child process with limits on memory and time.

The libraries for XLS hold the whole workbook and trust its headers: a file of 1,024 bytes made one
allocate 4 GB, and the one written in Rust prints its panics. In a child process the worst outcome is
that this process ends.

The processes exchange lines of JSON: ``{"open": …}`` returns the sheets, ``{"sheet": n}`` selects one,
``{"next": true}`` returns its next lines; an empty list marks the end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bulk_import.errors import Message, SourceError, packed
from bulk_import.models import Problem, Severity
from bulk_import.sources.table import Line
from bulk_import.system import environment

_START = "from bulk_import.sources.apart import work; work()"
_BATCH = 500  # lines in one answer
_MEMORY_BYTES = 1 << 30  # the interpreter and its libraries, and small workbooks
_MEMORY_PER_BYTE = 60  # of the file: what xlrd and calamine need for a workbook of contacts
_MOST_MEMORY = 8 << 30
_OPENING_S = 60.0
_SECONDS_PER_MB = 20.0
_ANSWER_S = 60.0


@dataclass(slots=True)
class Apart:
    """A workbook that another process holds open. Close it, or use it as a context manager.

    Args:
        name: What the workbook is called.
        encoding: Of the texts of Excel 5 and older; ``None``: as the file says.
        memory_bytes, opening_s: Limits; by default they grow with the file.

    Attributes:
        sheets: (name, is hidden) of each.
        problems: What its reader found.

    Raises:
        SourceError: It cannot be read, or not within the limits.
    """

    path: Path
    name: str
    encoding: str | None = None
    memory_bytes: int = 0
    opening_s: float = 0.0
    sheets: list[tuple[str, bool]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Apart:
        size = self.path.stat().st_size
        memory = self.memory_bytes or min(_MEMORY_BYTES + size * _MEMORY_PER_BYTE, _MOST_MEMORY)
        opening_s = self.opening_s or _OPENING_S + size / 2**20 * _SECONDS_PER_MB
        variables = environment.without_key()
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-P", "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=variables,
            start_new_session=True,  # signals are the business of the process that asks
        )
        job = {"open": str(self.path), "memory": memory, "encoding": self.encoding}
        try:
            answer = self._ask(job, opening_s)
        except BaseException:
            self.close()
            raise
        self.sheets = [(sheet, bool(is_hidden)) for sheet, is_hidden in answer["sheets"]]
        if not self.sheets:
            self.close()
            raise self._broken(Message("it has no worksheet"))
        self.problems += _problems(answer)
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the other process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()

    def lines(self, at: int) -> Iterator[Line]:
        """Yield the lines of a sheet. Opening another sheet ends this one."""
        self._ask({"sheet": at}, _ANSWER_S)
        while batch := self._ask({"next": True}, _ANSWER_S)["lines"]:
            for number, cells, problems, is_hidden in batch:
                found = tuple((where, _problem(**problem)) for where, problem in problems)
                yield Line(number, cells, found, is_hidden)

    def _ask(self, request: dict[str, Any], limit_s: float) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise self._broken(Message("it was closed"))
        is_late = threading.Event()

        def stop() -> None:
            is_late.set()
            process.kill()

        timer = threading.Timer(limit_s, stop)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = b""
        finally:
            timer.cancel()
        if not line:
            late = Message("reading it takes more than {limit_s:.0f} seconds", limit_s=limit_s)
            raise self._broken(late if is_late.is_set() else Message("its reader crashed"))
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise self._error(answer)
        return answer

    def _error(self, answer: dict[str, Any]) -> SourceError:
        if answer.get("code") == "SOURCE_ENCRYPTED":
            return SourceError(
                Message("{name}: protected by a password; save it without", name=self.name),
                code="SOURCE_ENCRYPTED",
            )
        if answer.get("code"):
            return SourceError(
                Message("{name}: {answer}", name=self.name, answer=answer["error"]),
                code=answer["code"],
            )
        return self._broken(str(answer["error"]))

    def _broken(self, why: str) -> SourceError:
        return SourceError(
            Message(
                "{name}: not a readable workbook ({why}); open it in a spreadsheet program "
                "and save it as XLSX",
                name=self.name,
                why=why,
            ),
            code="SOURCE_BROKEN",
        )


def _problems(answer: dict[str, Any]) -> Iterator[Problem]:
    """Warnings about a workbook that was opened."""
    if answer["formats"] is False:
        yield Problem(
            "FORMATS_UNKNOWN",
            "the number formats of this workbook cannot be read: codes such as 02139 may lack their "
            "zeros, phones their country codes; save it as XLSX",
            severity=Severity.WARNING,
        )
    if answer["encoding"]:
        yield Problem(
            "ENCODING_GUESSED",
            Message(
                "the workbook does not say which encoding its texts are in; read as "
                "{answer}; look at a few names, and set source: encoding: if they are wrong",
                answer=answer["encoding"],
            ),
            severity=Severity.WARNING,
        )


def work() -> None:
    """The other process: answer requests until there are no more."""
    given = iter(sys.stdin.buffer.readline, b"")
    job = json.loads(next(given, b"{}") or b"{}")
    if not job:
        return
    _cap_memory(job["memory"])
    book: Any = None
    batches: Iterator[list[Any]] = iter(())
    for request in _requests(job, given):
        try:
            if "open" in request:
                book, has_formats = _opened(Path(request["open"]), request["encoding"])
                encoding = book.encoding if has_formats else ""
                _answer({"sheets": book.sheets, "formats": has_formats, "encoding": encoding})
            elif "sheet" in request:
                batches = _batches(book.lines(request["sheet"]))
                _answer({})
            else:
                _answer({"lines": next(batches, [])})
        except BaseException as exc:  # noqa: BLE001 - a panic of Rust is no Exception; all are told
            _answer(_as_answer(exc))


def _requests(job: dict[str, Any], given: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    yield job
    for line in given:
        yield json.loads(line)


def _opened(path: Path, encoding: str | None) -> tuple[Any, bool]:
    """The workbook, and whether its number formats are known."""
    from bulk_import.sources.calamine import CalamineWorkbook
    from bulk_import.sources.xls import XlsWorkbook

    try:
        return XlsWorkbook(path, encoding), True
    except SourceError:
        raise
    except Exception as exc:
        if "encrypted" in str(exc).lower():
            raise
        return CalamineWorkbook(path), False


def _problem(code: str, message: Any, value: str) -> Problem:
    return Problem(code, Message.unpacked(message), value=value)


def _batches(lines: Iterator[Line]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for line in lines:
        problems = [
            (at, {"code": problem.code, "message": packed(problem.message), "value": problem.value})
            for at, problem in line.problems
        ]
        batch.append((line.number, line.cells, problems, line.is_hidden))
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _answer(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


def _as_answer(exc: BaseException) -> dict[str, Any]:
    if isinstance(exc, MemoryError):
        return {"error": "it needs more memory than such a file should"}
    if isinstance(exc, SourceError):
        return {"error": str(exc), "code": exc.code}
    text = str(exc) or type(exc).__name__
    is_encrypted = "encrypted" in text.lower() or "password" in text.lower()
    return {"error": text[:200], "code": "SOURCE_ENCRYPTED" if is_encrypted else ""}


def _cap_memory(most: int) -> None:
    """Limit the memory of this process, where the system supports it."""
    try:
        import resource
    except ImportError:  # Windows
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
