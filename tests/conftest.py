"""Fixtures shared by all tests; few and plain."""

from __future__ import annotations

import csv
import gc
import getpass
import inspect
import itertools
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import aiohttp
import aioresponses.core
import hypothesis
import pytest

from bulk_import.progress import Silence
from bulk_import.run.ahead import ReadAhead
from bulk_import.sandbox.app import Sandbox
from bulk_import.settings import Settings
from bulk_import.sources import again
from bulk_import.sources.again import Tries
from bulk_import.system.environment import SENDING_VARIABLE
from bulk_import.system.secrets import Secret
from tests.readers import Reader
from tests.visitors import person, stranger  # noqa: F401 - fixtures for every module

_Case = TypeVar("_Case")

# A run waits for the disk at every step that must survive a power cut. What it writes, and in which
# order, is the same in memory.
_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own there
_ROOM = 4 * 2**30  # bytes
if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

# How long an example takes is the machine's business, not a fault of the code.
# What decides whether a change may land looks at the same examples each time; `make test` at new ones.
hypothesis.settings.register_profile("all", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=20)


def pytest_configure(config: pytest.Config) -> None:
    """Let the quick tests look at fewer examples; CI, which runs the slow ones too, looks at all."""
    is_quick = config.option.markexpr == "not slow"
    hypothesis.settings.load_profile("quick" if is_quick else "all")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[Any]:
    """Collect the tests without looking for garbage: there is none, and each look takes a third of a second."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def examples(number: int) -> int:
    """How many examples a test looks at that looks at *number* in CI."""
    return max(number * hypothesis.settings().max_examples // 100, 1)


def share(cases: Iterable[_Case], part: int = 0, *, parts: int) -> list[_Case]:
    """All cases in CI; every *parts*-th of them, beginning with that of number *part*, in the quick tests."""
    return list(cases)[part % parts :: parts] if examples(100) < 100 else list(cases)


# Waits between attempts a twentieth as long, for tests that are about what comes after them. How long
# they are and how they grow is what test_retry, test_pace and test_throttling are about.
SHORT_WAITS: dict[str, Any] = {"backoff_s": 0.05, "throttle_wait_s": 0.05, "first_limit": 20.0}

MAPPING = """\
version: 1
defaults: {phone_region: US}
fields:
  lead_email: E-mail
  lead_first_name: Name
  lead_phone: Phone
  add_tags: {column: Tags, separator: ";"}
"""


def _with_stream_writer() -> type[aiohttp.ClientResponse]:
    """aiohttp 3.14 wants an argument that aioresponses 0.7.9 does not pass (its issue 289)."""

    class Response(aiohttp.ClientResponse):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.setdefault("stream_writer", SimpleNamespace(output_size=0))
            super().__init__(*args, **kwargs)

    return Response


if "stream_writer" in inspect.signature(aiohttp.ClientResponse.__init__).parameters:
    aioresponses.core.ClientResponse = _with_stream_writer()


_OF_A_TEST = ("XDG_STATE_HOME", "BULK_IMPORT_LOCKS")


@pytest.fixture(scope="session")
def _state_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths of folders that do not exist, each given once."""
    parent = tmp_path_factory.mktemp("states")
    return (parent / str(number) for number in itertools.count())


@pytest.fixture(scope="session", autouse=True)
def _nobodys_environment(_state_folders: Iterator[Path]) -> Iterator[None]:
    """No key, no account and no locks of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("API_KEY", "ACCOUNT", "ENDPOINT"):
            patch.delenv(f"INFLUENCERSOFT_{name}", raising=False)
        for name in _OF_A_TEST:
            patch.setenv(name, str(next(_state_folders)))
        yield


@pytest.fixture(autouse=True)
def _own_state(request: pytest.FixtureRequest, _state_folders: Iterator[Path]) -> None:
    """Locks and state of this test alone.

    Most tests write no file: only for those that ask for ``tmp_path`` is a folder created.
    """
    if "tmp_path" in request.fixturenames:
        folder = request.getfixturevalue("tmp_path") / "state"
    else:
        folder = next(_state_folders)
    os.environ.update(dict.fromkeys(_OF_A_TEST, str(folder)))


@pytest.fixture(params=["direct", pytest.param("session", marks=pytest.mark.slow)])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Everything is sent by one of the two ways, in processes of their own as well."""
    monkeypatch.setenv(SENDING_VARIABLE, request.param)
    return str(request.param)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings for a sandbox, without a pace and with short waits."""

    def make(sandbox: Sandbox, **options: Any) -> Settings:
        quick = Settings(
            endpoint=sandbox.url,
            api_key=Secret(sandbox.key),
            rate=0,
            timeout_s=5,
            run_dir=tmp_path / "run",
            breaker_s=0.3,
            connect_deadline_s=1,
            quota_waits_s=(0.2, 0.2, 0.2),
            state_dir=tmp_path / "state",
        )
        return replace(quick, **options)

    return make


@pytest.fixture(scope="session", autouse=True)
def _short_waits_for_sources() -> Iterator[None]:
    """Sources elsewhere are tried again at once; how long to wait is what test_remote is about."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(again, "USUAL", Tries(backoff_s=0.01))
        yield


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A scheduler of dask.distributed with two workers, each a process."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as running:
        yield running


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    def write(
        rows: Sequence[Sequence[str]],
        name: str = "contacts.csv",
        encoding: str = "utf-8",
        **dialect: Any,
    ) -> Path:
        path = tmp_path / name
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file, **dialect).writerows(rows)
        return path

    return write


@pytest.fixture
def contacts_csv(write_csv: Callable[..., Path]) -> Callable[..., Path]:
    """A file of *count* good contacts; with *bare*, every second one without e-mail."""

    def write(count: int, *, bare: bool = False) -> Path:
        rows = [["E-mail", "Name", "Phone", "Tags"]]
        for number in range(1, count + 1):
            email = "" if bare and number % 2 == 0 else f"p{number}@example.org"
            rows.append([email, f"Person {number}", f"(415) 555-{number % 10000:04d}", "vip; new"])
        return write_csv(rows)

    return write


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.yml"
    path.write_text(MAPPING, "utf-8")
    return path


@pytest.fixture
def bare_mapping(tmp_path: Path) -> Path:
    """As ``mapping``, with contacts without e-mail allowed."""
    path = tmp_path / "bare.yml"
    path.write_text(MAPPING + "when: {no_email: create}\n", "utf-8")
    return path


def report_of(run_dir: Path) -> list[dict[str, str]]:
    """The lines of a run's report."""
    with (run_dir / "report.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def statuses(run_dir: Path) -> list[str]:
    return [line["status"] for line in report_of(run_dir)]


class Ear(Silence):
    """Hears what a person would be told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def say(self, message: str) -> None:
        self.told.append(message)

    def paused(self, seconds: float, why: str) -> None:
        self.told.append(f"paused {seconds:.1f} s: {why}")


@pytest.fixture
def sftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real OpenSSH server on the loopback: ``sftp://user@127.0.0.1:port``; the key is in HOME."""
    program = shutil.which("sshd")
    if program is None:
        pytest.skip("OpenSSH's server is not installed")
    folder = tmp_path / "ssh"
    folder.mkdir()
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        f"PidFile {folder}/pid\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n"
    )
    if getpass.getuser() == "root":
        Path("/run/sshd").mkdir(exist_ok=True)
    home = folder / "home" / ".ssh"
    home.mkdir(parents=True)
    shutil.copy(folder / "user", home / "id_ed25519")
    host_key = (folder / "host.pub").read_text().rsplit(" ", 1)[0]
    (home / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}\n")
    monkeypatch.setenv("HOME", str(home.parent))
    server = subprocess.Popen(
        [program, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"sftp://{getpass.getuser()}@127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def reader_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads while rows are sent is a thread, not a process: that takes a second to start."""
    monkeypatch.setattr(ReadAhead, "start", Reader())


@pytest.fixture
def plan_retag() -> Iterator[Callable[..., Any]]:
    """``segments.plan_retag``, whose plans are closed at the end of the test."""
    from bulk_import.jobs.segments import plan_retag

    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(plan_retag(*args, **options))


@pytest.fixture
def read_members() -> Iterator[Callable[..., Any]]:
    """``members.read_members`` of lists by themselves."""
    from bulk_import.jobs.members import read_members
    from bulk_import.jobs.rosters import Rosters

    with ExitStack() as stack:
        yield lambda paths, **options: read_members(
            stack.enter_context(Rosters()), 0, paths, **options
        )
