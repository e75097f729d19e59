"""The process that reads while rows are sent, as a thread of this one: nothing is imported again."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from bulk_import.run.ahead import ReadAhead, ReadingTask, serve


class Pipes:
    """Both ends of what connects the two sides."""

    def __init__(self) -> None:
        (self.incoming, to_it), (from_it, messages) = os.pipe(), os.pipe()
        self.to_it = os.fdopen(to_it, "wb")
        self.from_it = os.fdopen(from_it, "rb")
        self.messages = os.fdopen(messages, "wb")

    def say(self, **message: Any) -> None:
        self.messages.write(json.dumps(message).encode() + b"\n")
        self.messages.flush()

    def close(self) -> None:
        for file in (self.to_it, self.messages, self.from_it):
            file.close()
        with suppress(OSError):
            os.close(self.incoming)


class Heard:
    """Takes messages; *then* is called after each."""

    def __init__(self, then: Callable[[int], None] = lambda _: None) -> None:
        self.said: list[dict[str, Any]] = []
        self._then = then

    def write(self, line: bytes) -> None:
        assert line.endswith(b"\n")
        self.said.append(json.loads(line))
        self._then(len(self.said))

    def flush(self) -> None:
        """Do nothing."""


class _Noticed(ReadAhead):
    """Notices when it is asked to stop."""

    asked: threading.Event

    def stop(self) -> None:
        super().stop()
        self.asked.set()


class Reader:
    """Starts it in a thread. *after* is called with the number of each of its messages."""

    def __init__(
        self, after: Callable[[int], None] = lambda _: None, before: Callable[[], None] = lambda: None
    ) -> None:  # fmt: skip
        self._after, self._before = after, before
        self.said: list[dict[str, Any]] = []
        self.asked_to_stop = threading.Event()

    @contextmanager
    def __call__(self, task: ReadingTask) -> Iterator[ReadAhead]:
        pipes = Pipes()
        thread = threading.Thread(target=self._serve, args=(pipes,))
        ahead = _Noticed(pipes.to_it, pipes.from_it)
        ahead.asked = self.asked_to_stop
        ahead.give(task)
        thread.start()
        try:
            yield ahead
        finally:
            with suppress(OSError):  # a run that has failed has told it nothing
                pipes.to_it.write(b'{"stop": 1}\n{"over": 1}\n')
                pipes.to_it.flush()
            thread.join(20)
            ahead.close()

    def _serve(self, pipes: Pipes) -> None:
        with pipes.messages:
            self._before()
            serve(pipes.incoming, self._watched(pipes.messages), on_gone=lambda: None)

    def _watched(self, messages: IO[bytes]) -> Any:
        def then(number: int) -> None:
            messages.write(json.dumps(heard.said[-1]).encode() + b"\n")
            messages.flush()
            self._after(number)

        heard = Heard(then)
        self.said = heard.said
        return heard
