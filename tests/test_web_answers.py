"""What a web server answers instead of the file: refusals, failures that pass, redirects, certificates."""

from __future__ import annotations

import datetime as dt
import gc
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bulk_import.errors import SourceError
from bulk_import.sources.again import Tries
from bulk_import.sources.remote import fetch, stat
from bulk_import.sources.web import direct_address
from bulk_import.system import crash
from tests.test_fetched_sources import Target
from tests.test_remote import CSV, Files, _status, served

ONCE = Tries(most=1)


def answer(server: ThreadingHTTPServer, path: str, tries: Tries = ONCE) -> str:
    """What is said of an address that cannot be fetched, after the address."""
    url = f"{server.url}{path}"  # type: ignore[attr-defined]
    with pytest.raises(SourceError) as caught:
        stat(url, tries)
    said = str(caught.value)
    assert said.startswith(f"{url}: cannot be fetched: ")
    return said.removeprefix(f"{url}: cannot be fetched: ")


SIGNED = (
    "; a signed link may have expired, a token goes into BULK_IMPORT_SOURCE_TOKEN, other headers into "
    "BULK_IMPORT_SOURCE_HEADERS"
)
NOTHING = "; nothing is at that address"
AGAIN = " (tried 1 times)"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "HTTP 400 Bad Request"), (401, f"HTTP 401 Unauthorized{SIGNED}"), (403, f"HTTP 403 Forbidden{SIGNED}"), (404, f"HTTP 404 Not Found{NOTHING}"),
        (408, f"HTTP 408 Request Timeout{AGAIN}"), (409, "HTTP 409 Conflict"), (410, f"HTTP 410 Gone{NOTHING}"), (411, "HTTP 411 Length Required"),
        (425, f"HTTP 425 Too Early{AGAIN}"), (429, f"HTTP 429 Too Many Requests{AGAIN}"), (499, "HTTP 499"), (500, f"HTTP 500 Internal Server Error{AGAIN}"),
        (501, "HTTP 501 Not Implemented"), (502, f"HTTP 502 Bad Gateway{AGAIN}"), (505, "HTTP 505 HTTP Version Not Supported"),
        (511, "HTTP 511 Network Authentication Required"), (520, f"HTTP 520{AGAIN}"),
    ],
)  # fmt: skip
def test_a_status_is_said_and_whether_it_may_pass(status, said):
    with served() as server:
        server.failures = [_status(status)]
        assert answer(server, "/a.csv") == said


@pytest.mark.parametrize(("header", "waits"), [("7", [7.0]), ("soon", [0.0]), ("", [0.0]), ("0", [0.0])])  # fmt: skip
def test_a_server_says_how_long_to_wait(header, waits):
    waited: list[float] = []
    with served() as server:
        server.failures = [_status(503, Retry_After=header)]
        found = stat(f"{server.url}/a.csv", Tries(backoff_s=0.0, sleep=waited.append))
    assert (found, waited) == ((len(CSV), 0.0), waits)


def test_an_answer_that_is_no_http_may_pass():
    def nonsense(handler: Files) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH\r\n")
        handler.close_connection = True

    with served() as server:
        server.failures = [nonsense]
        assert answer(server, "/a.csv") == f"not HTTP as expected (BadStatusLine){AGAIN}"


def test_size_and_age_are_those_of_the_headers_and_nobody_reads_the_rest():
    def dated(handler: Files) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "12345")
        handler.send_header("Last-Modified", "Sun, 12 May 2024 14:30:00 GMT")
        handler.end_headers()

    with served() as server:
        server.failures = [dated]
        moment = dt.datetime(2024, 5, 12, 14, 30, tzinfo=dt.UTC).timestamp()
        assert stat(f"{server.url}/a.csv", ONCE) == (12_345, moment)
        assert server.asked[-1][1]["User-Agent"] == "bulk-import"


def test_an_address_is_quoted_where_a_person_wrote_letters_and_blanks():
    with served() as server:
        stat(f"{server.url}/ü ber/a%20b.csv?q=ж&x=1", ONCE)
        assert server.asked[-1][0] == "/%C3%BC%20ber/a%20b.csv?q=%D0%B6&x=1"


def test_a_token_that_is_sent_is_kept_out_of_a_crash(monkeypatch):
    monkeypatch.setenv("BULK_IMPORT_SOURCE_TOKEN", "t0ken")
    with served() as server, crash.watched_scene() as scene:
        stat(f"{server.url}/private.csv", ONCE)
    assert [secret.reveal() for secret in scene.secrets] == ["Bearer t0ken"]


def test_variables_of_other_programs_lead_no_request_away(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with served() as server:
        assert stat(f"{server.url}/a.csv", ONCE)[0] == len(CSV)


@pytest.mark.parametrize(
    ("link", "file"),
    [
        ("/pub", "/pub?output=xlsx"), ("/pub?gid=12&single=true", "/pub?output=csv&gid=12&single=true"), ("/pubhtml#gid=0", "/pub?output=csv&gid=0&single=true"),
    ],
)  # fmt: skip
def test_a_published_sheet_means_its_file(link, file):
    base = "https://docs.google.com/spreadsheets/d/e/2PACX-1"
    assert direct_address(base + link) == base + file


# -- encrypted -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that vouches for itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


class Encrypted(ThreadingHTTPServer):
    """Encrypts each connection when it is first read."""

    context: ssl.SSLContext

    def get_request(self) -> Any:
        connection, address = super().get_request()
        return self.context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        ), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that does not trust us."""


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[ThreadingHTTPServer]:
    """The server of ``served``, over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Encrypted(("127.0.0.1", 0), Files) as server:
        server.context = context
        server.asked, server.told, server.failures = [], [], []
        server.url = f"https://127.0.0.1:{server.server_port}"
        server.target = "/export.csv"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(encrypted):
    waits: list[float] = []
    said = answer(encrypted, "/export.csv", Tries(sleep=waits.append))
    assert "CERTIFICATE_VERIFY_FAILED" in said
    assert (waits, encrypted.asked) == ([], [])


@pytest.fixture
def _only_own_garbage() -> Iterator[None]:
    """A collection does not look at what earlier tests have left: that takes a second, and is not this one's."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_only_own_garbage")
def test_an_encrypted_request_is_redirected_to_no_plain_one(encrypted, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("BULK_IMPORT_SOURCE_TOKEN", "t0ken")
    target = Target()
    fetch(f"{encrypted.url}/moved.csv", target, most_bytes=1000, tries=ONCE)
    assert b"".join(target.blocks) == CSV.encode()
    assert [headers.get("Authorization") for _, headers in encrypted.asked] == ["Bearer t0ken"] * 2
    with served() as plain:
        encrypted.target = f"{plain.url}/export.csv"
        assert answer(encrypted, "/moved.csv") == "HTTP 302: redirects to http, which is not safe"
        assert plain.asked == []
        gc.collect()  # a connection that was left open would be complained of here
        # From a plain one to an encrypted one it is: to another host, without the token.
        plain.target = f"{encrypted.url}/export.csv"
        assert stat(f"{plain.url}/moved.csv", ONCE)[0] == len(CSV)
    assert "Authorization" not in encrypted.asked[-1][1]
