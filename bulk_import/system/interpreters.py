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
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from threading import Lock
from typing import IO, Any, NamedTuple, TypeVar

from bulk_import.system import environment
from bulk_import.system.garbage import rare_collections

T = TypeVar("T")

NICENESS = 5  # where processors are few, sending goes before judging
_HEAD_BYTES = 8  # before each message: its length
# Calls of an interpreter: one is worked on, the others wait in its pipe. This process is busy itself.
_AT_A_TIME = 4
_PIPE_BYTES = 1 << 20  # as much as Linux grants to anybody


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
        self._threads = ThreadPoolExecutor(workers * _AT_A_TIME, thread_name_prefix="interpreter")
        self._free: SimpleQueue[_Seat] = SimpleQueue()
        self._seats = [_Seat() for _ in range(workers)]
        for seat in self._seats * _AT_A_TIME:
            self._free.put(seat)
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
        if cancel_futures:
            for seat in self._seats:
                seat.close()
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        for seat in self._seats:
            seat.close()

    def _call(self, fn: Callable[..., T], args: tuple[Any, ...]) -> T:
        seat = self._free.get()
        try:
            for _ in range(2):
                interpreter = seat.taken()
                try:
                    is_good, result = interpreter.call(fn, args, self._values)
                except EOFError:  # it died, with what it was doing
                    seat.leave(interpreter)
                    continue
                if not is_good:
                    raise result
                return result  # type: ignore[no-any-return]
        finally:
            self._free.put(seat)
        raise BrokenExecutor("interpreters that were given this work ended twice")


class _Seat:
    """The place of one interpreter, in which another is started when it dies."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._interpreter: _Interpreter | None = None
        self._is_closed = False

    def taken(self) -> _Interpreter:
        """Return the interpreter that is here, started if there is none."""
        with self._lock:
            if self._is_closed:
                raise BrokenExecutor("shut down")
            if self._interpreter is None:
                self._interpreter = _Interpreter()
            return self._interpreter

    def leave(self, dead: _Interpreter) -> None:
        """Make room for another one, if nobody has."""
        with self._lock:
            if self._interpreter is dead:
                self._interpreter = None
                dead.end()

    def close(self) -> None:
        """End the interpreter; start none any more."""
        with self._lock:
            self._is_closed = True
            if self._interpreter is not None:
                self._interpreter.end()
                self._interpreter = None


class _Interpreter:
    """One of them, as seen from here. Several threads may call it: it answers them in turn."""

    def __init__(self) -> None:
        self._process = start_interpreter(f"from {__name__} import serve; serve()")
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        self._to, self._from = self._process.stdin, self._process.stdout
        for pipe in (self._to, self._from):
            _widen(pipe)
        self._known: set[int] = set()
        self._asking, self._hearing = Lock(), Lock()
        self._awaited: deque[Future[bytes]] = deque()

    def call(
        self, fn: Callable[..., object], args: tuple[Any, ...], values: dict[int, bytes]
    ) -> tuple[bool, Any]:
        """Return whether the function returned, and its result or what it raised.

        The next question is on its way while one is answered: the interpreter never waits for this
        process, which may be busy.

        Raises:
            EOFError: It has died.
        """
        question = pickle.dumps((fn, args), pickle.HIGHEST_PROTOCOL)
        answer: Future[bytes] = Future()
        with self._asking, _death_seen():
            for argument in args:
                if isinstance(argument, _Shared) and argument.number not in self._known:
                    _write(self._to, pickle.dumps((argument, values[argument.number])))
                    self._known.add(argument.number)
            _write(self._to, question)
            self._awaited.append(answer)
        with self._hearing:  # the next answer is that of who has waited longest
            awaited = self._awaited.popleft()
            try:
                with _death_seen():
                    awaited.set_result(_read(self._from))
            except EOFError as exc:
                awaited.set_exception(exc)
        return pickle.loads(answer.result())  # type: ignore[no-any-return]  # noqa: S301 - from our own interpreter

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._to, self._from):
            with suppress(OSError):
                pipe.close()


@contextmanager
def _death_seen() -> Iterator[None]:
    """Raise ``EOFError`` for all that using the pipes of a dead interpreter raises."""
    try:
        yield
    except (OSError, ValueError) as exc:  # broken; closed after another thread saw it
        raise EOFError("the interpreter has ended") from exc


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold a chunk of rows, where the system can: nobody waits for the other side to read."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


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
