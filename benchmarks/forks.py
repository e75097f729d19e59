"""Processes that start at once: forks of one that has imported the program already.

An import of the program costs more processor time than a short run. Here a job is still a process
of its own, with its own id, locks, connections and journal, that can be killed; it only does not
read the program from the disk again. `serve` is the process that forks, `Forked` a handle of what
it has started, and `install` lets a worker start its jobs so.

The forking process answers on a Unix socket; its path is in the environment (``FLEET_FORKS``).
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

VARIABLE = "FLEET_FORKS"
JOB = "bulk_import.cli.leashed"
_MOST = 200_000  # bytes of a message


class Started(NamedTuple):
    """A process that was started, and by which one."""

    process: int
    by: int
    arguments: list[str]


class Forked:
    """A process, with what is used of ``subprocess.Popen``."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        stdin: int | None = None,
        stdout: Any,
        stderr: Any,
        env: Mapping[str, str],
        cwd: Path | str = ".",
        start_new_session: bool = True,
    ) -> None:
        assert command[1] == "-m"
        assert start_new_session
        self.args = command
        self.returncode: int | None = None
        self.stdin: IO[bytes] | None = None
        near = os.open(os.devnull, os.O_RDONLY)
        if stdin == subprocess.PIPE:
            os.close(near)
            near, far = os.pipe()
            self.stdin = os.fdopen(far, "wb", 0)
        self._connection = _connected(env[VARIABLE])
        request = {"arguments": list(command[2:]), "env": dict(env), "cwd": str(cwd)}
        outputs = [near, stdout.fileno(), stderr.fileno()]
        socket.send_fds(self._connection, [json.dumps(request).encode()], outputs)
        os.close(near)
        self.pid = int(self._connection.recv(32))

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = int(self._connection.recv(32) or b"-9")
            except TimeoutError:
                raise subprocess.TimeoutExpired(list(self.args), timeout or 0) from None
        return self.returncode

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0.001)
        return self.returncode

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.stdin is not None:
            self.stdin.close()
        self.wait()
        self._connection.close()


def install() -> None:
    """Let this process start the commands of jobs as forks."""
    base = subprocess.Popen

    class Popen(base):  # type: ignore[type-arg,misc,valid-type]
        def __new__(cls, args: Any, *rest: Any, **options: Any) -> Any:
            if isinstance(args, list) and args[1:3] == ["-m", JOB]:
                return Forked(args, **options)
            return super().__new__(cls)

    subprocess.Popen = Popen  # type: ignore[misc]


def living(path: str) -> list[Started]:
    """Return what the forking process has started and is still there."""
    with _connected(path) as connection:
        connection.send(b"{}")
        return [Started(*each) for each in json.loads(connection.recv(_MOST))]


def started(path: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the process that forks, and wait until it answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.forks", path],
        env={**environment, "OPENBLAS_NUM_THREADS": "1"},  # else numpy starts threads
        start_new_session=True,
    )
    while not Path(path).exists():
        assert process.poll() is None, "the forking process did not start"
        time.sleep(0.1)
    return process


def _connected(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(path)
    return connection


class _Forker:
    """The process that forks."""

    def __init__(self, path: str) -> None:
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(path)
        self._listener.listen(64)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._children: dict[int, tuple[Started, socket.socket]] = {}  # by its pidfd

    def run(self) -> dict[str, Any]:
        """Fork at each request. Returns in the children alone: what each is to do.

        Ends, and all children with it, when the process that started this one is gone.
        """
        parent = os.getppid()
        while True:
            if os.getppid() != parent:
                for child, _ in self._children.values():
                    os.kill(child.process, signal.SIGKILL)
                sys.exit(1)
            for key, _ in self._selector.select(1.0):
                if key.fileobj is not self._listener:
                    self._tell_end(key.fd)
                    continue
                request = self._answer()
                if request is not None:
                    return request

    def _answer(self) -> dict[str, Any] | None:
        connection, _ = self._listener.accept()
        message, files, _, _ = socket.recv_fds(connection, _MOST, 3)
        if not files:
            with connection, contextlib.suppress(OSError):
                connection.send(
                    json.dumps([child for child, _ in self._children.values()]).encode()
                )
            return None
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        request: dict[str, Any] = json.loads(message)
        process = os.fork()
        if process == 0:
            connection.close()
            self._become(files)
            return request
        for file in files:
            os.close(file)
        child = Started(process, struct.unpack("3i", peer)[0], request["arguments"])
        watched = os.pidfd_open(process)
        self._selector.register(watched, selectors.EVENT_READ)
        self._children[watched] = (child, connection)
        with contextlib.suppress(OSError):
            connection.send(str(process).encode())
        return None

    def _tell_end(self, watched: int) -> None:
        child, connection = self._children.pop(watched)
        _, status = os.waitpid(child.process, 0)
        self._selector.unregister(watched)
        os.close(watched)
        with connection, contextlib.suppress(OSError):  # whoever asked may be gone
            connection.send(str(os.waitstatus_to_exitcode(status)).encode())

    def _become(self, files: list[int]) -> None:
        """Leave behind what belongs to the forking process."""
        self._selector.close()
        self._listener.close()
        for watched, (_, connection) in self._children.items():
            os.close(watched)
            connection.close()
        os.setsid()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)


def _import_all() -> None:
    import distributed.cli.dask_scheduler
    import distributed.cli.dask_worker  # noqa: F401 - what forks find imported
    import uvloop  # noqa: F401 - what forks find imported

    import bulk_import

    for module in pkgutil.walk_packages(bulk_import.__path__, "bulk_import."):
        if (
            not module.name.endswith("__main__")
            and ".app" not in module.name
            and ".leashed" not in module.name
        ):
            with contextlib.suppress(ImportError):  # an extra that is not installed
                importlib.import_module(module.name)


def serve(path: str) -> None:
    """Fork at each request, until the process that started this one is gone."""
    _import_all()
    assert len(os.listdir("/proc/self/task")) == 1, "a process with threads must not fork"  # noqa: PTH208 - light
    gc.collect()
    gc.freeze()
    request = _Forker(path).run()
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    module, *arguments = request["arguments"]
    if module == JOB:
        from benchmarks.senders import mark

        mark()
    else:
        install()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    serve(sys.argv[1])
