"""What a command costs: wall and CPU seconds, and the peak memory of all of its processes."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.sink import ANSWER

_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one command, its children included.

    Attributes:
        peak_mb: Of proportional memory (shared pages counted once), sampled ten times a second.
        output: What it printed.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str
    code: int


def command_cost(command: Sequence[str], env: Mapping[str, str] | None = None) -> Cost:
    """Run *command* to its end."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, **(env or {})},
    )  # fmt: skip
    peaks = [0.0]
    watcher = threading.Thread(target=_watch, args=(process.pid, peaks), daemon=True)
    watcher.start()
    output = process.communicate()[0]
    wall_s = time.perf_counter() - began
    watcher.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime
    return Cost(wall_s, cpu_s, max(peaks), output, process.returncode)


def _watch(pid: int, peaks: list[float]) -> None:
    with suppress(psutil.Error):
        parent = psutil.Process(pid)
        while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
            total = 0
            for process in (parent, *parent.children(recursive=True)):
                with suppress(psutil.Error, OSError):
                    total += process.memory_full_info().pss
            peaks.append(total / 2**20)
            time.sleep(_EVERY_S)


def here_cost(work: Callable[[], object]) -> tuple[float, float]:
    """Run *work* in this process: (wall seconds, CPU seconds, those of ended children too)."""
    began, before = time.perf_counter(), _cpu_s()
    work()
    return time.perf_counter() - began, _cpu_s() - before


def _cpu_s() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


@contextmanager
def sink(latency_ms: float = 0) -> Iterator[str]:
    """Run a server that answers everything alike in a process of its own; yield its address.

    That is nginx where it is installed; it cannot wait, so answers that take a while are ours.
    """
    if not latency_ms and shutil.which("nginx"):
        with _nginx() as base:
            yield base
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink", str(latency_ms)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _nginx() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "nginx.conf"
        config.write_text(
            f"""daemon off; worker_processes 1; pid {name}/pid; error_log stderr crit;
            events {{ worker_connections 2048; }}
            http {{
                access_log off; keepalive_requests 1000000000; client_body_temp_path {name};
                server {{
                    listen 127.0.0.1:{port};
                    location / {{ default_type text/html; return 200 '{ANSWER.decode()}'; }}
                }}
            }}"""
        )
        process = subprocess.Popen(["nginx", "-p", name, "-c", str(config)])
        try:
            while process.poll() is None:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()
