"""Sources elsewhere, over real protocols: HTTP from a local server, SFTP from OpenSSH."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bulk_import.errors import SourceError
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.sources import read_rows
from bulk_import.sync import SyncOptions, sync_async

CSV = "E-mail,Name\nann@example.org,Ann\nbob@example.org,Bob\n"
MAPPING = parse_mapping(
    "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n", "m.yml"
)


async def test_a_source_over_http(tmp_path, sandbox, settings):
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "export.csv").write_text(CSV)
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/export.csv"
        rows = list(read_rows(url))
        assert [(row.source, row.cells["Name"]) for row in rows] == [(url, "Ann"), (url, "Bob")]
        options = SyncOptions(tmp_path / "job.state")
        sent = await sync_async(url, MAPPING, settings(sandbox), options)
        again = await sync_async(url, MAPPING, settings(sandbox, run_dir=tmp_path / "two"), options)
        assert (sent.counts[Status.SUCCESS], again.counts[Status.UNCHANGED]) == (2, 2)
        with pytest.raises(SourceError, match="cannot be fetched"):
            list(read_rows(url.replace("export", "missing")))
        server.shutdown()


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("sftp://ann:secret@127.0.0.1/x.csv", "must not hold a password"),
        ("nosuch://127.0.0.1/x.csv", "cannot be fetched"),
        ("http://127.0.0.1:1/x.csv", "cannot be fetched"),
    ],
)
def test_what_cannot_be_fetched_is_said_and_nothing_secret_with_it(url, what):
    with pytest.raises(SourceError, match=what) as caught:
        list(read_rows(url))
    assert "secret" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("sshd"), reason="OpenSSH's server is not installed")
def test_a_source_over_sftp(tmp_path, monkeypatch):
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True
        )
    (tmp_path / "authorized").write_text((tmp_path / "user.pub").read_text())
    (tmp_path / "authorized").chmod(0o600)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host\nAuthorizedKeysFile {tmp_path}/authorized\n"
        f"PidFile {tmp_path}/pid\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    server = subprocess.Popen(
        [shutil.which("sshd"), "-D", "-e", "-f", str(tmp_path / "config")],
        stderr=subprocess.DEVNULL,
    )
    (tmp_path / "export.csv").write_text(CSV)
    home = tmp_path / "home" / ".ssh"
    home.mkdir(parents=True)
    shutil.copy(tmp_path / "user", home / "id_ed25519")
    monkeypatch.setenv("HOME", str(home.parent))
    try:
        for _ in range(50):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        url = f"sftp://{getpass.getuser()}@127.0.0.1:{port}{tmp_path}/export.csv"
        assert [row.cells["Name"] for row in read_rows(url)] == ["Ann", "Bob"]
    finally:
        server.terminate()
        server.wait(10)
