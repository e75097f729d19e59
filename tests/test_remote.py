"""Sources elsewhere, over real protocols: HTTP from a local server, SFTP from OpenSSH."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bulk_import.errors import SourceError
from bulk_import.jobs.night import SyncOptions
from bulk_import.jobs.nightly import sync_night
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.sources import read_rows

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
        sent = await sync_night(url, MAPPING, settings(sandbox), options)
        again = await sync_night(url, MAPPING, settings(sandbox, run_dir=tmp_path / "two"), options)
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
def test_a_source_over_sftp(tmp_path, sftp):
    (tmp_path / "export.csv").write_text(CSV)
    assert [row.cells["Name"] for row in read_rows(f"{sftp}{tmp_path}/export.csv")] == [
        "Ann",
        "Bob",
    ]
