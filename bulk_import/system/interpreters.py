"""Interpreters beside this one, as an executor of ``concurrent.futures``.

Each is started afresh, so that a caller's ``__main__`` is not imported again (a spawned process of
the standard library does that, and an unguarded script would run twice). They end when this process
does, whatever ends it, and leave signals to it. Work must be free of side effects: it is given to
another interpreter when one dies.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, Any, NamedTuple, TypeVar

from bulk_import.system import environment
from bulk_import.system.garbage import rare_collections

T = TypeVar("T")

NICENESS = 5  # where processors are few, sending goes before judging
_HEAD_BYTES = 8  # before each message: its length


def processors() -> int:
    """Return the number of processors that this process may use; a container may have been given few."""
    mine = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))
    return len(mine(0))


def is_possible() -> bool:
    """Whether other interpreters can be started: not in a program that is frozen into one file."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


def own_command() -> list[str]:
    """Return what starts this program again, as an interpreter's module or as one frozen file."""
    return [sys.executable] if not is_possible() else [sys.executable, "-m", "bulk_import"]


def start_interpreter(code: str) -> subprocess.Popen[bytes]:
    """Start an interpreter that runs *code*, with pipes for stdin and stdout; it inherits no key."""
    variables = environment.without_key()
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-P", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=variables,
        start_new_session=True,
    )


def behave(*, is_nice: bool = True) -> None:
    """Leave signals to the process that started this one.

    Args:
        is_nice: Leave processors to it as well. Not for helpers that it waits for: a kernel that
            weighs processes would put all of them on one processor, and it on another one.
    """
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    if is_nice and hasattr(os, "nice"):
        os.nice(NICENESS)


class _Shared(NamedTuple):
    """Stands for a value that each interpreter is sent once."""

    number: int


class InterpreterPool(Executor):
    """Runs functions in other interpreters. Functions, arguments and results must be picklable."""

    def __init__(self, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="interpreter")
        self._idle: SimpleQueue[_Interpreter | None] = SimpleQueue()
        for _ in range(workers):
            self._idle.put(None)
        self._started: set[_Interpreter] = set()
        self._is_closed = False
        self._values: dict[int, bytes] = {}

    def share(self, value: object) -> Any:
        """Return what stands for *value* among the arguments of ``submit``."""
        handle = _Shared(len(self._values))
        self._values[handle.number] = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        return handle

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """As in ``Executor``; keyword arguments are not taken."""
        if kwargs:
            raise TypeError("give positional arguments")
        return self._threads.submit(self._call, fn, args)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the signature of Executor
        """As in ``Executor``; with *cancel_futures*, what is being worked on is given up as well."""
        self._is_closed = cancel_futures
        if cancel_futures:
            for interpreter in list(self._started):
                interpreter.kill()
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        for interpreter in list(self._started):
            self._end(interpreter)

    def _call(self, fn: Callable[..., T], args: tuple[Any, ...]) -> T:
        interpreter = self._idle.get()
        try:
            for _ in range(2):
                interpreter = interpreter or self._start()
                try:
                    return interpreter.call(fn, args, self._values)
                except (OSError, EOFError):  # it died, with what it was doing
                    self._end(interpreter)
                    interpreter = None
        finally:
            self._idle.put(interpreter)
        raise BrokenExecutor("interpreters that were given this work ended twice")

    def _start(self) -> _Interpreter:
        if self._is_closed:
            raise BrokenExecutor("shut down")
        interpreter = _Interpreter()
        self._started.add(interpreter)
        return interpreter

    def _end(self, interpreter: _Interpreter) -> None:
        self._started.discard(interpreter)
        interpreter.end()


class _Interpreter:
    """One of them, as seen from here; used by one thread at a time."""

    def __init__(self) -> None:
        self._process = start_interpreter(f"from {__name__} import serve; serve()")
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        self._to, self._from = self._process.stdin, self._process.stdout
        self._known: set[int] = set()

    def call(self, fn: Callable[..., T], args: tuple[Any, ...], values: dict[int, bytes]) -> T:
        for argument in args:
            if isinstance(argument, _Shared) and argument.number not in self._known:
                _write(self._to, pickle.dumps((argument, values[argument.number])))
                self._known.add(argument.number)
        _write(self._to, pickle.dumps((fn, args), pickle.HIGHEST_PROTOCOL))
        is_good, result = pickle.loads(_read(self._from))  # noqa: S301 - from our own interpreter
        if not is_good:
            raise result
        return result  # type: ignore[no-any-return]

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        self.kill()
        self._process.wait()
        for pipe in (self._to, self._from):
            with suppress(OSError):
                pipe.close()


def _write(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(len(message).to_bytes(_HEAD_BYTES, "big") + message)
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes:
    head = pipe.read(_HEAD_BYTES)
    length = int.from_bytes(head, "big")
    message = pipe.read(length) if len(head) == _HEAD_BYTES else b""
    if len(head) < _HEAD_BYTES or len(message) < length:
        raise EOFError("the other side has ended")
    return message


# -- in the other interpreter -----------------------------------------------------------------------


def serve() -> None:
    """Do what comes in on stdin until it ends."""
    behave(is_nice=False)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that a library prints may get between the answers
    values: dict[int, object] = {}
    with rare_collections(), suppress(EOFError, BrokenPipeError):
        while True:
            what, rest = pickle.loads(_read(sys.stdin.buffer))  # noqa: S301 - from our own process
            if isinstance(what, _Shared):
                values[what.number] = pickle.loads(rest)  # noqa: S301 - likewise
            else:
                _write(answers, _answer(what, rest, values))


def _answer(fn: Callable[..., Any], args: tuple[Any, ...], values: dict[int, object]) -> bytes:
    try:
        given = [values[a.number] if isinstance(a, _Shared) else a for a in args]
        return pickle.dumps((True, fn(*given)), pickle.HIGHEST_PROTOCOL)
    except Exception as exc:  # noqa: BLE001 - it is raised where the result is awaited
        exc.add_note(f"in another interpreter:\n{traceback.format_exc()}")
        try:
            return pickle.dumps((False, exc))
        except Exception:  # noqa: BLE001 - not every exception can travel
            return pickle.dumps((False, RuntimeError(traceback.format_exc())))
