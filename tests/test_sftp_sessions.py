"""SFTP with a server in this process: the same protocol as that of OpenSSH, in a tenth of a second."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from bulk_import.errors import SourceError
from bulk_import.sources.again import Tries
from bulk_import.sources.remote import fetch, matches, stat

ONCE = Tries(most=1)


class Door(paramiko.ServerInterface):
    """Lets in whoever has the right key."""

    def __init__(self, guest: paramiko.PKey) -> None:
        self._guest = guest
        self.names: list[str] = []

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.names.append(username)
        return paramiko.AUTH_SUCCESSFUL if key == self._guest else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class Disk(paramiko.SFTPServerInterface):
    """The files of this machine, to be read."""

    def list_folder(self, path: str) -> Any:
        entries = []
        for entry in Path(path).iterdir():
            attributes = paramiko.SFTPAttributes.from_stat(entry.stat())
            attributes.filename = entry.name
            entries.append(attributes)
        return entries

    def stat(self, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(Path(path).stat())
        except OSError as exc:
            return paramiko.SFTPServer.convert_errno(exc.errno or 0)

    def open(self, path: str, flags: int, attr: Any) -> Any:
        try:
            file = Path(path).open("rb")  # noqa: SIM115 - paramiko closes it
        except OSError as exc:
            return paramiko.SFTPServer.convert_errno(exc.errno or 0)
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = file  # type: ignore[attr-defined]
        handle.stat = lambda: paramiko.SFTPAttributes.from_stat(os.fstat(file.fileno()))  # type: ignore[method-assign]
        return handle


class Server:
    """Serves connections one after the other."""

    def __init__(self, guest: paramiko.PKey) -> None:
        self.key = paramiko.ECDSAKey.generate()
        self.door = Door(guest)
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._transports: list[paramiko.Transport] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            transport = paramiko.Transport(client)
            transport.add_server_key(self.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Disk)
            self._transports.append(transport)
            try:
                transport.start_server(server=self.door)
            except (paramiko.SSHException, EOFError):
                transport.close()  # the client does not like our key

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for transport in self._transports:
            transport.close()
            transport.join(5)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home" / ".ssh"
    folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return folder


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    guest = paramiko.ECDSAKey.generate()
    guest.write_private_key_file(str(home / "id_ecdsa"))
    found = Server(guest)
    _trust(home, found.port, found.key)
    yield found
    found.close()


def _trust(home: Path, port: int, key: paramiko.PKey) -> None:
    line = f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n"
    (home / "known_hosts").write_text(line)


class Target:
    def __init__(self) -> None:
        self.content = b""

    def write(self, block: bytes, /) -> int:
        self.content += block
        return len(block)

    def restart(self) -> None:
        self.content = b""


def refused(url: str) -> str:
    with pytest.raises(SourceError) as caught:
        stat(url, ONCE)
    assert caught.value.code == "SOURCE_UNREADABLE"
    return str(caught.value)


@pytest.mark.parametrize("scheme", ["sftp", "SSH"])
def test_a_file_is_fetched_with_its_size_and_age(tmp_path, server, scheme):
    path = tmp_path / "a.csv"
    path.write_bytes(os.urandom(100_000))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    url = f"{scheme}://ann@127.0.0.1:{server.port}{path}"
    target = Target()
    fetch(url, target, most_bytes=100_000, tries=ONCE)
    assert target.content == path.read_bytes()
    assert stat(url, ONCE) == (100_000, 1_700_000_000.0)
    assert (server.connections, set(server.door.names)) == (2, {"ann"})


def test_the_files_of_a_folder_that_a_pattern_means_are_listed(tmp_path, server):
    for name, at in (
        ("a-1.csv", 30),
        ("a-2.csv", 10),
        (".a-3.csv", 20),
        ("A-4.csv", 5),
        ("b.csv", 1),
    ):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (at, at))
    (tmp_path / "a-folder.csv").mkdir()
    base = f"sftp://ann@127.0.0.1:{server.port}{tmp_path}"
    assert sorted(matches(f"{base}/a-*", ONCE)) == [
        (10.0, f"{base}/a-2.csv"),
        (30.0, f"{base}/a-1.csv"),
    ]
    assert matches(f"{base}/.a*", ONCE) == [(20.0, f"{base}/.a-3.csv")]
    assert sorted(matches(f"{base}/*.csv", ONCE))[0] == (1.0, f"{base}/b.csv")
    assert matches(f"{base}/[xy]*", ONCE) == []
    with pytest.raises(SourceError) as caught:
        matches(f"sftp://ann@127.0.0.1:{server.port}/fold*/a.csv", ONCE)
    assert (caught.value.code, str(caught.value)) == (
        "SOURCE_MISSING",
        f"sftp://ann@127.0.0.1:{server.port}/fold*/a.csv: over sftp, only the name of the file can be a pattern",
    )


def test_what_the_server_says_no_to_is_named_and_not_asked_again(tmp_path, server, home):
    url = f"sftp://ann@127.0.0.1:{server.port}{tmp_path}/none.csv"
    with pytest.raises(SourceError) as caught:
        stat(url, Tries(sleep=[].append))
    assert str(caught.value) == f"{url}: cannot be fetched: No such file"
    assert server.connections == 1
    other = paramiko.ECDSAKey.generate()
    other.write_private_key_file(str(home / "id_ecdsa"))
    with pytest.raises(SourceError, match=r"cannot be fetched: Authentication failed") as caught:
        stat(url, Tries(sleep=[].append))
    assert "tried" not in str(caught.value)
    assert server.connections == 2


def test_a_server_that_nobody_vouches_for_is_not_read_from(server, home):
    fingerprint = server.key.fingerprint
    url = f"sftp://ann@127.0.0.1:{server.port}/a.csv"
    scan = f"ssh-keyscan -p {server.port} 127.0.0.1 >> ~/.ssh/known_hosts"
    (home / "known_hosts").unlink()
    assert refused(url) == (
        f"{url}: the host key of this server is not known (ecdsa-sha2-nistp256 {fingerprint}); nothing was read. "
        f"Compare the fingerprint with what its operator says, then run: {scan}"
    )
    _trust(home, server.port, paramiko.ECDSAKey.generate())
    assert refused(url) == (
        f"{url}: the host key of this server HAS CHANGED (now ecdsa-sha2-nistp256 {fingerprint}); nothing was read. "
        "Somebody may be between you and the server. If its operator confirms the new key, run: "
        f"ssh-keygen -R '[127.0.0.1]:{server.port}' && {scan}"
    )
    assert server.door.names == []


def test_a_server_that_is_not_there_is_tried_again(home):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    waits: list[float] = []
    with pytest.raises(
        SourceError, match=r"Unable to connect to port \d+ on 127\.0\.0\.1 \(tried 3 times\)"
    ):
        stat(f"sftp://ann@127.0.0.1:{port}/a.csv", Tries(most=3, backoff_s=0.0, sleep=waits.append))
    assert waits == [0.0, 0.0]


def test_nothing_of_a_session_stays_behind(tmp_path, server):
    (tmp_path / "a.csv").write_bytes(bytes(2_000_000))
    before = threading.excepthook
    target = Target()
    with pytest.raises(SourceError, match="larger than 1 bytes"):
        fetch(
            f"sftp://ann@127.0.0.1:{server.port}{tmp_path}/a.csv", target, most_bytes=1, tries=ONCE
        )
    assert threading.excepthook is before
    assert [thread.name for thread in threading.enumerate() if "prefetch" in thread.name] == []
    assert target.content == b""
