"""Sources elsewhere, over real protocols: HTTP from a local server, SFTP from OpenSSH."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import threading
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from bulk_import import import_file_async
from bulk_import.cli import cli
from bulk_import.errors import SettingsError, SetupError, SourceError
from bulk_import.jobs.importing import resume_async
from bulk_import.jobs.night import SyncOptions
from bulk_import.jobs.nightly import sync_night
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.progress import Silence
from bulk_import.sources import expand_sources, open_source, read_rows
from bulk_import.sources.again import Tries
from bulk_import.sources.remote import fetch, shown, stat
from bulk_import.sources.web import direct_address, headers_for
from bulk_import.stopping import Stop
from bulk_import.system.files import private_file

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
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/export.csv"
        rows = list(read_rows(url))
        assert [(row.source, row.cells["Name"]) for row in rows] == [(url, "Ann"), (url, "Bob")]
        options = SyncOptions(tmp_path / "job.state")
        sent = await sync_night(url, MAPPING, settings(sandbox), options)
        again = await sync_night(url, MAPPING, settings(sandbox, run_dir=tmp_path / "two"), options)
        assert (sent.counts[Status.SUCCESS], again.counts[Status.UNCHANGED]) == (2, 2)
        with pytest.raises(SourceError, match="cannot be fetched: HTTP 404 Not Found"):
            list(read_rows(url.replace("export", "missing")))
        server.shutdown()


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("sftp://ann:secret@127.0.0.1/x.csv", "must not hold a password"),
        ("nosuch://127.0.0.1/x.csv", "cannot be fetched"),
        ("http://127.0.0.1:1/x.csv", "cannot be fetched: Connection refused"),
        ("sftp://127.0.0.1:1/x.csv", "cannot be fetched: Unable to connect to port 1"),
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


@pytest.mark.slow
def test_a_server_whose_host_key_is_unknown_or_changed_is_not_read_from(
    tmp_path, sftp, monkeypatch
):
    (tmp_path / "export.csv").write_text(CSV)
    url, known = f"{sftp}{tmp_path}/export.csv", Path(os.environ["HOME"], ".ssh", "known_hosts")
    port, right = urlsplit(sftp).port, known.read_text()
    scan = f"ssh-keyscan -p {port} 127.0.0.1 >> ~/.ssh/known_hosts"
    known.unlink()
    with pytest.raises(SourceError, match=r"is not known .*ed25519 SHA256:") as caught:
        list(read_rows(url))
    assert (caught.value.exit_code, str(caught.value).endswith(f"run: {scan}")) == (2, True)
    # The key of the user is not the one of the host.
    wrong = (tmp_path / "ssh" / "user.pub").read_text().rsplit(" ", 1)[0]
    known.write_text(f"[127.0.0.1]:{port} {wrong}\n")
    with pytest.raises(SourceError, match="HAS CHANGED") as caught:
        list(read_rows(url))
    assert str(caught.value).endswith(f"run: ssh-keygen -R '[127.0.0.1]:{port}' && {scan}")
    known.write_text(right)
    assert len(list(read_rows(url))) == 2
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known)], check=True, capture_output=True)
    assert "127.0.0.1" not in known.read_text()
    assert len(list(read_rows(url))) == 2, "names of hosts may be hashed"


@pytest.mark.slow
def test_a_large_file_comes_whole_over_sftp(tmp_path, sftp):
    rows = [f"p{n}@example.org,{n * 7919:040}" for n in range(60_000)]
    (tmp_path / "large.csv").write_text("\n".join(["E-mail,Name", *rows, ""]))
    with open_source(f"{sftp}{tmp_path}/large.csv") as source:
        assert source.path.read_bytes() == (tmp_path / "large.csv").read_bytes()


@pytest.mark.slow
def test_the_newest_match_is_taken_over_sftp(tmp_path, sftp):
    for name, at in (
        ("export-1.csv", 300),
        ("export-2.csv", 100),
        ("export-3.csv", 200),
        ("other.csv", 900),
    ):
        (tmp_path / name).write_text(CSV)
        os.utime(tmp_path / name, (at, at))
    base = f"{sftp}{tmp_path}"
    assert expand_sources(f"{base}/export-*.csv", 2) == [
        f"{base}/export-3.csv",
        f"{base}/export-1.csv",
    ]
    assert expand_sources(f"{base}/export-*.csv") == [f"{base}/export-{n}.csv" for n in (1, 2, 3)]
    with pytest.raises(SourceError, match="no file has such a name"):
        expand_sources(f"{base}/nothing-*.csv")


def test_the_newest_matches_of_each_pattern_are_taken_oldest_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, at in (
        ("a-1.csv", 300),
        ("a-2.csv", 100),
        ("a-3.csv", 100),
        ("b-1.csv", 900),
        ("~$a-9.csv", 999),
    ):
        Path(name).write_text(CSV)
        os.utime(name, (at, at))
    assert expand_sources("a-*.csv", 1) == ["a-1.csv"]
    assert expand_sources("a-*.csv", 2) == ["a-3.csv", "a-1.csv"]
    assert expand_sources(["a-*.csv", "b-*.csv"], 1) == ["a-1.csv", "b-1.csv"]
    assert expand_sources("a-*.csv", 9) == ["a-2.csv", "a-3.csv", "a-1.csv"]
    assert expand_sources("a-2.csv", 1) == ["a-2.csv"]
    # A pattern without quotation marks: the shell has named the files.
    assert expand_sources(["a-1.csv", "a-2.csv", "a-3.csv"], 1) == ["a-1.csv"]


def test_newest_is_an_option_of_check_run_and_sync(tmp_path, monkeypatch, mapping):
    monkeypatch.chdir(tmp_path)
    for name, rows in (("e-1.csv", 1), ("e-2.csv", 3)):
        Path(name).write_text(
            "E-mail,Name,Phone,Tags\n" + "".join(f"p{n}@example.org,P,,\n" for n in range(rows))
        )
    os.utime("e-1.csv", (100, 100))
    checked = CliRunner().invoke(cli, ["check", "e-*.csv", "-m", str(mapping), "--newest"])
    assert "3 rows read" in checked.output
    for command in (["run", "--dry-run"], ["sync", "--dry-run", "--state", "s"]):
        done = CliRunner().invoke(
            cli,
            [*command, "e-*.csv", "-m", str(mapping), "--newest=1", "--json"],
            standalone_mode=False,
        )
        assert '"rows_read": 3' in done.stdout, done.output
    wrong = CliRunner().invoke(cli, ["check", "-m", str(mapping), "--newest", "e-*.csv"])
    assert (wrong.exit_code, "write --newest=1" in wrong.output) == (2, True)


# -- what may be written down ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("export.csv", "export.csv"),
        ("C:\\x?a=b", "C:\\x?a=b"),
        ("https://h.example/e.csv", "https://h.example/e.csv"),
        ("https://h.example/e.csv?X-Amz-Signature=abc&X-Amz-Date=1", "https://h.example/e.csv?X-Amz-Signature=***&X-Amz-Date=***"),
        ("https://h.example/e.csv?sv=2&sig=a%2Bb%3D;x=1#t=2", "https://h.example/e.csv?sv=***&sig=***;x=***#***"),
        ("https://h.example/e?format=csv&gid=7&token=t#gid=7", "https://h.example/e?format=csv&gid=7&token=***#gid=7"),
        ("https://h.example/e.csv?secret", "https://h.example/e.csv?***"),
        ("https://t0ken@h.example/e.csv", "https://***@h.example/e.csv"),
        ("sftp://crm@h.example/e.csv", "sftp://crm@h.example/e.csv"),
        ("sftp://crm:pw@h.example/e.csv", "sftp://crm:***@h.example/e.csv"),
        ("s3://bucket/e.csv?versionId=9", "s3://bucket/e.csv?versionId=***"),
    ],
)  # fmt: skip
def test_tokens_of_an_address_are_not_written_down(url, written):
    assert shown(url) == written
    assert shown(written) == written


class Files(BaseHTTPRequestHandler):
    """Serves ``CSV`` to whoever has the token; remembers what it was asked with."""

    asked: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        path = urlsplit(self.path).path
        if path == "/moved.csv":
            self.send_response(302)
            self.send_header("Location", self.server.target)
            self.end_headers()
            return
        if path == "/private.csv" and self.headers.get("Authorization") != "Bearer t0ken":
            self.send_error(403)
            return
        if self.server.failures:
            self.server.failures.pop(0)(self)
            return
        if path.startswith("/status"):
            self.send_error(int(path.removeprefix("/status")))
            return
        body = CSV.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + 9 * (path == "/cut.csv")))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append(body.decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served():
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        server.asked, server.told, server.failures = [], [], []
        server.url = f"http://127.0.0.1:{server.server_port}"
        server.target = "/private.csv"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


async def test_a_token_in_an_address_is_nowhere_in_what_a_run_leaves(
    tmp_path, sandbox, monkeypatch, mapping
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INFLUENCERSOFT_API_KEY", sandbox.key)
    log, metrics = tmp_path / "log", tmp_path / "job.prom"
    Path("m.yml").write_text("version: 1\nfields: {lead_email: E-mail}\n")
    with served() as server:
        for number, path in enumerate(("/export.csv", "/cut.csv", "/status503")):
            arguments = ["sync", f"{server.url}{path}?sig=s1gn4ture", "-m", "m.yml", "--state", f"{number}.state",
                         "--endpoint", sandbox.url, "--log-file", log, "--metrics-file", metrics,
                         "--notify", f"{server.url}/hook"]  # fmt: skip
            done = await asyncio.to_thread(CliRunner().invoke, cli, list(map(str, arguments)))
            assert "s1gn4ture" not in done.output
            assert "s1gn4ture" not in str(done.exception)
        assert server.told
        assert "s1gn4ture" not in "".join(server.told)
    assert len(sandbox.sent()) == 2
    for file in [*tmp_path.rglob("*")]:
        assert "s1gn4ture" not in str(file)
        assert not file.is_file() or b"s1gn4ture" not in file.read_bytes(), file


# -- web addresses ---------------------------------------------------------------------------------


def test_a_bearer_token_and_headers_come_from_the_environment(monkeypatch):
    with served() as server:
        url = f"{server.url}/private.csv"
        with pytest.raises(SourceError, match="HTTP 403 Forbidden; a signed link may have expired"):
            list(read_rows(url))
        monkeypatch.setenv("BULK_IMPORT_SOURCE_TOKEN", "t0ken")
        monkeypatch.setenv("BULK_IMPORT_SOURCE_HEADERS", '{"X-Team": "crm"}')
        assert len(list(read_rows(url))) == 2
        assert server.asked[-1][1]["X-Team"] == "crm"
        # Another host that an address leads to does not get them.
        with served() as other:
            server.target = f"{other.url}/export.csv"
            assert len(list(read_rows(f"{server.url}/moved.csv"))) == 2
            assert {"Authorization", "X-Team"} & other.asked[-1][1].keys() == set()
        server.target = "/private.csv"
        assert len(list(read_rows(f"{server.url}/moved.csv"))) == 2
        monkeypatch.setenv("BULK_IMPORT_SOURCE_HOST", "other.example.com")
        with pytest.raises(SourceError, match="HTTP 403"):
            list(read_rows(url))


def test_headers_that_make_no_sense_or_would_be_seen_are_refused():
    token = {"BULK_IMPORT_SOURCE_TOKEN": "t0ken"}
    assert headers_for("https://h.example/x", token) == {"Authorization": "Bearer t0ken"}
    assert headers_for("https://h.example/x", {}) == {}
    for url, known in [
        ("http://h.example/x", token),
        ("https://h.example/x", {"BULK_IMPORT_SOURCE_HEADERS": "X-Key: t0ken"}),
        ("https://h.example/x", {"BULK_IMPORT_SOURCE_HEADERS": '{"X Key": "t0ken"}'}),
        ("https://h.example/x", {"BULK_IMPORT_SOURCE_TOKEN": "t0ken\nX: y"}),
    ]:
        with pytest.raises(SettingsError) as caught:
            headers_for(url, known)
        assert "t0ken" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "said"),
    [("/status404", "HTTP 404 Not Found; nothing is at that address"), ("/status500", "HTTP 500 Internal Server Error"),
     ("/status599", "HTTP 599"), ("/cut.csv", "broke off after 52 of 61 bytes")],
)  # fmt: skip
def test_what_is_not_the_file_is_said_with_its_status(path, said):
    with served() as server, pytest.raises(SourceError, match=said):
        list(read_rows(f"{server.url}{path}"))


def _status(status: int, **headers: str):
    def fail(handler: Files) -> None:
        handler.send_response(status)
        for name, text in headers.items():
            handler.send_header(name.replace("_", "-"), text)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return fail


def _broken_off(handler: Files) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CSV)))
    handler.end_headers()
    handler.wfile.write(CSV.encode()[:30])


def _hung_up(handler: Files) -> None:
    handler.close_connection = True


FAILURES = {
    "500": _status(500),
    "503": _status(503),
    "429": _status(429),
    "408": _status(408),
    "broken off": _broken_off,
    "hung up": _hung_up,
}


@pytest.mark.parametrize("how", FAILURES)
def test_a_server_that_fails_for_the_moment_is_asked_again(tmp_path, how):
    waits: list[float] = []
    tries = Tries(most=3, sleep=waits.append)
    with served() as server, private_file(tmp_path / "x") as file:
        server.failures = [FAILURES[how]] * 2
        fetch(f"{server.url}/export.csv", file, most_bytes=1000, tries=tries)
        assert len(server.asked) == 3
    assert (tmp_path / "x").read_text() == CSV
    assert [0 <= wait <= most for wait, most in zip(waits, (2, 4), strict=True)] == [True] * 2


@pytest.mark.parametrize("status", [404, 403, 501])
def test_a_server_that_says_no_is_not_asked_again(status):
    with served() as server:
        server.failures = [_status(status)] * 9
        with pytest.raises(SourceError) as caught:
            stat(f"{server.url}/export.csv", Tries(sleep=[].append))
    assert "tried" not in str(caught.value)
    assert len(server.asked) == 1


def test_what_keeps_failing_is_given_up_with_the_number_of_tries():
    waits: list[float] = []
    with served() as server:
        server.failures = [_status(502)] * 9
        with pytest.raises(SourceError, match=r"HTTP 502 Bad Gateway \(tried 4 times\)"):
            stat(f"{server.url}/export.csv", Tries(sleep=waits.append))
    assert (len(server.asked), len(waits)) == (4, 3)


def test_a_server_is_waited_for_as_long_as_it_asks_within_reason():
    waits: list[float] = []
    tries = Tries(sleep=waits.append)
    with served() as server:
        server.failures = [_status(503, Retry_After="77")]
        assert stat(f"{server.url}/export.csv", tries)[0] == len(CSV)
        assert waits == [77.0]
        server.failures = [_status(503, Retry_After="86400")]
        with pytest.raises(SourceError, match="asks to wait 86,400 s, run the same command again"):
            stat(f"{server.url}/export.csv", tries)
    assert waits == [77.0]


async def test_a_night_outlives_a_server_that_is_restarted(tmp_path, sandbox, settings):
    with served() as server:
        server.failures = [
            _status(503),
            _broken_off,
        ]  # when asked for its age, then when it is fetched
        options = SyncOptions(tmp_path / "job.state")
        summary = await sync_night(f"{server.url}/export.csv", MAPPING, settings(sandbox), options)
    assert (summary.exit_code, len(sandbox.sent())) == (0, 2)


@pytest.mark.parametrize("cuts", [1, 2])
def test_an_sftp_connection_that_drops_is_made_again(tmp_path, sftp, cuts):
    """The connection ends in the middle of the file, by a proxy that hangs up."""
    path = tmp_path / "export.csv"
    path.write_text(CSV + "x@example.org,X\n" * 40_000)
    with (
        _cutting(urlsplit(sftp).port, [100_000] * cuts) as port,
        private_file(tmp_path / "x") as file,
    ):
        known = Path.home() / ".ssh" / "known_hosts"
        known.write_text(
            known.read_text() + known.read_text().replace(str(urlsplit(sftp).port), str(port))
        )
        address = f"{sftp.rpartition(':')[0]}:{port}{path}"
        fetch(address, file, most_bytes=10**7, tries=Tries(sleep=[].append))
    assert (tmp_path / "x").read_text() == path.read_text()


@contextmanager
def _cutting(port: int, cuts: list[int]):
    """Pass connections on to *port*; hang up the first ones after a number of bytes each."""

    def carry(source: socket.socket, target: socket.socket, most: float) -> None:
        with suppress(OSError):
            while most > 0 and (block := source.recv(65_536)):
                target.sendall(block)
                most -= len(block)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def passed_on(client: socket.socket, most: float) -> None:
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            back = threading.Thread(target=carry, args=(server, client, most))
            back.start()
            carry(client, server, float("inf"))
            back.join()

    def serve() -> None:
        with suppress(OSError):
            while True:
                client = listener.accept()[0]
                most = cuts.pop(0) if cuts else float("inf")
                connections.append(threading.Thread(target=passed_on, args=(client, most)))
                connections[-1].start()

    connections: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve)
        server.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        server.join()
        for connection in connections:
            connection.join()


SHEET = "https://docs.google.com/spreadsheets/d/1AbC_d-9"


@pytest.mark.parametrize(
    ("link", "file"),
    [
        (f"{SHEET}/edit?usp=sharing", f"{SHEET}/export?format=xlsx"),
        (f"{SHEET}/edit?gid=7#gid=7", f"{SHEET}/export?format=csv&gid=7"),
        (f"{SHEET}/edit#gid=0", f"{SHEET}/export?format=csv&gid=0"),
        (SHEET, f"{SHEET}/export?format=xlsx"),
        ("https://docs.google.com/spreadsheets/u/1/d/1AbC_d-9/view", f"{SHEET}/export?format=xlsx"),
        (f"{SHEET}/export?format=csv&gid=3", f"{SHEET}/export?format=csv&gid=3"),
        ("https://docs.google.com/spreadsheets/d/e/2PACX-1/pubhtml", "https://docs.google.com/spreadsheets/d/e/2PACX-1/pub?output=xlsx"),
        ("https://docs.google.com/spreadsheets/d/e/2PACX-1/pubhtml?gid=5&single=true",
         "https://docs.google.com/spreadsheets/d/e/2PACX-1/pub?output=csv&gid=5&single=true"),
        ("https://shop.example.com/edit#gid=0", "https://shop.example.com/edit#gid=0"),
    ],
)  # fmt: skip
def test_a_link_to_a_google_sheet_means_its_file(link, file):
    assert direct_address(link) == file


# -- a run that was interrupted --------------------------------------------------------------------


class Interrupted(Silence):
    """Ends the run when the first rows are read, or when the first is settled."""

    def __init__(self, at: str) -> None:
        self.at, self.stop = at, Stop()

    def reading(self, rows: int) -> None:
        if self.at == "reading":
            self.stop.request("interrupted by Ctrl-C", 130)

    def settled(self, status: Status) -> None:
        if self.at == "sending":
            self.stop.request("interrupted by Ctrl-C", 130)


@pytest.mark.parametrize("at", ["reading", "sending"])
async def test_an_interrupted_run_from_an_address_is_continued(tmp_path, sandbox, settings, at):
    with served() as server:
        options = settings(sandbox, concurrency=1)
        watch = Interrupted(at)
        cut = await import_file_async(
            f"{server.url}/export.csv", MAPPING, options, progress=watch, stop=watch.stop
        )
        assert (cut.exit_code, cut.counts[Status.SUCCESS] < 2) == (130, True)
        done = await resume_async(tmp_path / "run", options)
        assert (done.exit_code, done.counts[Status.SUCCESS]) == (0, 2)
    assert [request.email for request in sandbox.sent()] == ["ann@example.org", "bob@example.org"]


@pytest.mark.parametrize("at", ["reading", "sending"])
async def test_a_signed_address_is_given_again_only_where_it_must_be_read_again(
    tmp_path, sandbox, settings, at
):
    with served() as server:
        options, watch = settings(sandbox, concurrency=1), Interrupted(at)
        url = f"{server.url}/export.csv?sig=one"
        await import_file_async(url, MAPPING, options, progress=watch, stop=watch.stop)
        if at == "reading":
            with pytest.raises(
                SetupError, match="was not kept; run the command with which the run"
            ):
                await resume_async(tmp_path / "run", options)
            # A new signature for the same file.
            done = await import_file_async(f"{server.url}/export.csv?sig=two", MAPPING, options)
        else:
            done = await resume_async(tmp_path / "run", options)
        assert (done.exit_code, done.counts[Status.SUCCESS], len(sandbox.sent())) == (0, 2, 2)
