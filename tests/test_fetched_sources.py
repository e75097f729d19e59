"""Sources at addresses: which protocol, what is said of a failure, and when a retry may help. In this process, without a network."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message as Headers
from types import SimpleNamespace
from typing import Any, ClassVar

import fsspec
import paramiko
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from bulk_import.errors import SettingsError, SourceError
from bulk_import.sources import expand_sources, kept
from bulk_import.sources.again import PassingError, Tries, tried
from bulk_import.sources.remote import (
    fetch,
    is_pattern,
    is_remote,
    matches,
    shown,
    source_stat,
    stat,
)
from bulk_import.sources.web import Page, direct_address, headers_for

ONCE = Tries(most=1)


class Cloud(MemoryFileSystem):
    """An object store of this process: what is known of each file, and what opening it raises."""

    protocol = "cloud"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    known: ClassVar[dict[str, dict[str, Any]]] = {}
    failures: ClassVar[list[Exception]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("cloud://").strip("/")

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        if self.failures:
            raise self.failures.pop(0)
        found = {**super().info(path, **options), **self.known.get(path, {})}
        return {name: value for name, value in found.items() if value is not None}

    def glob(self, path: str, **options: Any) -> dict[str, dict[str, Any]]:
        found = super().glob(path, **options)
        return {name: {**found[name], **self.known.get(name, {})} for name in found}

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if self.failures and "r" in mode:
            raise self.failures.pop(0)
        return super()._open(path, mode, **options)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    fsspec.register_implementation("cloud", Cloud, clobber=True)
    for shelf in (Cloud.store, Cloud.known, Cloud.failures):
        shelf.clear()
    yield Cloud()
    Cloud.failures.clear()


class Target:
    """Where a source is copied to."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = [b"of an earlier try"]
        self.restarts = 0

    def write(self, block: bytes, /) -> int:
        self.blocks.append(block)
        return len(block)

    def restart(self) -> None:
        self.restarts += 1
        self.blocks.clear()


def said(
    exc: Exception, cloud: Cloud, url: str = "cloud://crm/a.csv", most: int = 1
) -> SourceError:
    """How a failure of the store arrives."""
    cloud.failures[:] = [exc]
    with pytest.raises(SourceError) as caught:
        stat(url, Tries(most=most, sleep=[].append))
    return caught.value


def test_an_object_is_fetched_whole_in_blocks_of_a_megabyte(cloud):
    content = bytes(range(256)) * 5000
    cloud.pipe("/crm/a.csv", content)
    target = Target()
    fetch("cloud://crm/a.csv", target, most_bytes=len(content), tries=ONCE)
    assert ([len(block) for block in target.blocks], target.restarts) == ([1_048_576, 231_424], 1)
    assert b"".join(target.blocks) == content


def test_a_source_that_is_larger_than_it_may_be_is_refused_before_it_is_written(cloud):
    cloud.pipe("/crm/a.csv", bytes(1_300_000))
    target = Target()
    with pytest.raises(SourceError) as caught:
        fetch("cloud://crm/a.csv?sig=1", target, most_bytes=1_299_999, tries=ONCE)
    assert caught.value.code == "SOURCE_UNREADABLE"  # no such object: the mark is part of its name
    with pytest.raises(SourceError) as caught:
        fetch("cloud://crm/a.csv", target, most_bytes=1_299_999, tries=ONCE)
    assert (caught.value.code, str(caught.value)) == (
        "SOURCE_BOMB",
        "cloud://crm/a.csv: larger than 1,299,999 bytes",
    )
    assert [len(block) for block in target.blocks] == [1_048_576]


def test_a_fetch_that_broke_begins_again_at_the_beginning(cloud):
    cloud.pipe("/crm/a.csv", b"a,b\n")
    cloud.failures[:] = [ConnectionResetError(104, "Connection reset by peer")]
    target, waits = Target(), []
    fetch("cloud://crm/a.csv", target, most_bytes=4, tries=Tries(sleep=waits.append))
    assert (target.blocks, target.restarts, len(waits)) == ([b"a,b\n"], 2, 1)


MOMENT = datetime(2024, 5, 12, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ({"mtime": 17.5}, (3, 17.5)), ({"LastModified": MOMENT}, (3, MOMENT.timestamp())), ({"updated": 9}, (3, 9.0)), ({}, (3, 0.0)),
        ({"updated": "2024-05-12"}, (3, 0.0)), ({"mtime": 1, "LastModified": MOMENT}, (3, 1.0)), ({"size": None}, (0, 0.0)),
    ],
    ids=str,
)  # fmt: skip
def test_size_and_age_of_an_object_are_what_its_store_says(cloud, known, found):
    cloud.pipe("/crm/a.csv", b"a,b")
    cloud.known["/crm/a.csv"] = known
    assert stat("cloud://crm/a.csv", ONCE) == found
    assert source_stat("cloud://crm/a.csv") == found


def test_a_pattern_names_files_and_no_folders(cloud):
    for name, at in (("a-1.csv", 30), ("a-2.csv", 10), ("a-3.csv", 20), ("b.csv", 99)):
        cloud.pipe(f"/crm/{name}", b"x")
        cloud.known[f"/crm/{name}"] = {"mtime": at}
    cloud.mkdir("/crm/a-folder")
    base = "cloud:///crm"
    assert sorted(matches(f"{base}/a-*", ONCE)) == [
        (10.0, f"{base}/a-2.csv"),
        (20.0, f"{base}/a-3.csv"),
        (30.0, f"{base}/a-1.csv"),
    ]
    assert expand_sources(f"{base}/a-*.csv") == [f"{base}/a-{n}.csv" for n in (1, 2, 3)]
    assert expand_sources(f"{base}/a-*.csv", 2) == [f"{base}/a-3.csv", f"{base}/a-1.csv"]
    with pytest.raises(SourceError, match=r"cloud:///crm/z\*: no file has such a name") as caught:
        expand_sources(f"{base}/z*")
    assert caught.value.code == "SOURCE_MISSING"


@pytest.mark.parametrize(
    ("exc", "passes"),
    [
        (ConnectionRefusedError(111, "Connection refused"), True), (TimeoutError("timed out"), True), (EOFError(), True), (OSError("Socket is closed"), True),
        (PermissionError(13, "Permission denied"), False), (ValueError("bad"), False), (OSError("Socket is open"), False),
        (paramiko.SSHException("broken"), True), (paramiko.ssh_exception.NoValidConnectionsError({("127.0.0.1", 1): OSError()}), True),
        (paramiko.AuthenticationException("no"), False), (paramiko.PasswordRequiredException("key"), False),
        (type("SSHException", (Exception,), {})("of another library"), False),
    ],
    ids=repr,
)  # fmt: skip
def test_a_retry_may_help_where_the_connection_failed(cloud, exc, passes):
    error = said(exc, cloud)
    assert str(error).endswith(" (tried 1 times)") is passes
    assert str(error).startswith("cloud://crm/a.csv: cannot be fetched: ")


@pytest.mark.parametrize(
    ("exc", "reason"),
    [
        (OSError(5, "Input/output  error"), "Input/output error"), (ValueError("a\n  b"), "a b"), (ValueError(), "ValueError"),
        (ValueError("x" * 300), "x" * 200), (ValueError("at cloud://crm/a.csv?sig=t0ken&x"), "at cloud://crm/a.csv?sig=***&***"),
        (ValueError("query sig=t0ken&x."), "query ***."),
    ],
    ids=repr,
)  # fmt: skip
def test_the_reason_is_one_short_line_without_tokens(cloud, exc, reason):
    url = "cloud://crm/a.csv?sig=t0ken&x"
    error = said(exc, cloud, url)
    assert str(error) == f"cloud://crm/a.csv?sig=***&***: cannot be fetched: {reason}"


def test_an_error_of_ours_passes_as_it_is(cloud):
    cloud.failures[:] = [SettingsError("set it")]
    with pytest.raises(SettingsError, match=r"^set it$"):
        stat("cloud://crm/a.csv", ONCE)


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("cloud://ann:pw@crm/a.csv", "must not hold a password"), ("https://h.example/a?sig=***", "the token of this address was not kept"),
        ("https://***@h.example/a", "the token of this address was not kept"),
    ],
)  # fmt: skip
def test_an_address_with_a_password_or_without_its_token_is_refused(cloud, url, part):
    for ask in (stat, matches):
        with pytest.raises(SourceError, match=part) as caught:
            ask(url, Tries(sleep=[].append))
        assert caught.value.code == "SOURCE_UNREADABLE"
        assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "remote", "pattern"),
    [
        ("a.csv", False, False), ("C:\\a*.csv", False, False), ("s3://b/a*.csv", True, True), ("s3://b/a.csv", True, False), ("https://h/a*.csv", True, False),
        ("HTTP://h/[a].csv", True, False), ("sftp://h/[ab].csv", True, True), ("git+ssh://h/a?.csv", True, False), ("://x", False, False), ("a b://x", False, False),
    ],
)  # fmt: skip
def test_addresses_and_patterns_are_told_from_paths(path, remote, pattern):
    assert (is_remote(path), is_pattern(path)) == (remote, pattern)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("HTTPS://u:p@h/a?format=csv&Output=x", "HTTPS://***@h/a?format=csv&Output=x"), ("sftp://u@h/a#b", "sftp://u@h/a#***"),
        ("s3://k:s@b/a", "s3://k:***@b/a"), ("https://h/a?gid=1;ref=2&raw&dl=0", "https://h/a?gid=1;ref=2&***&dl=0"), ("https://h/a#gid=7x", "https://h/a#***"),
        ("https://h/a?x=1?y=2\nz=3", "https://h/a?x=***?y=***"), ("https://h/a#", "https://h/a#"), ("https://h", "https://h"),
        ("https://h/a?range=A1&single=true&alt=media&sheet=S", "https://h/a?range=A1&single=true&alt=media&sheet=S"),
    ],
)  # fmt: skip
def test_what_is_shown_of_an_address_says_what_and_not_who(url, text):
    assert shown(url) == text


def test_size_and_age_of_a_file_here_are_asked_of_the_disk(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"12345")
    assert source_stat(str(path)) == (5, path.stat().st_mtime)
    query = tmp_path / "a.SQL"
    query.write_text("select 1")
    assert source_stat(str(query)) == (0, 0.0)  # as old as its rows, which nobody has read
    with pytest.raises(SourceError) as caught:
        source_stat(str(tmp_path / "none.csv"))
    assert (caught.value.code, str(caught.value)) == (
        "SOURCE_MISSING",
        f"{tmp_path}/none.csv: No such file or directory",
    )


# -- attempts --------------------------------------------------------------------------------------


class Failing:
    """Work that fails some times."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"


def test_waits_are_random_up_to_a_limit_that_doubles():
    waits: list[float] = []
    work = Failing(*[PassingError("busy") for _ in range(5)])
    tries = Tries(most=6, backoff_s=8.0, longest_backoff_s=20.0, sleep=waits.append)
    assert (tried(work, tries), work.calls) == ("done", 6)
    assert [0 <= wait <= most for wait, most in zip(waits, (8, 16, 20, 20, 20), strict=True)] == [True] * 5  # fmt: skip


@pytest.mark.parametrize("asked", [30.0, 30.5])
def test_a_server_is_waited_for_up_to_the_limit_and_then_named(asked, caplog):
    waits: list[float] = []
    work = Failing(PassingError("busy", retry_after_s=asked))
    tries = Tries(backoff_s=0.0, retry_after_cap_s=30.0, sleep=waits.append)
    if asked == 30.0:
        assert (tried(work, tries), waits, work.calls) == ("done", [30.0], 2)
        assert [record.getMessage() for record in caplog.records] == ["busy; tried again in 30 s"]
        return
    with pytest.raises(SourceError) as caught:
        tried(work, tries)
    message = "busy; its server asks to wait 30 s, run the same command again then"
    assert (str(caught.value), type(caught.value), waits, work.calls) == (
        message,
        SourceError,
        [],
        1,
    )


def test_the_last_attempt_says_how_many_there_were_and_others_fail_at_once():
    waits: list[float] = []
    work = Failing(*[PassingError("busy") for _ in range(9)])
    with pytest.raises(SourceError) as caught:
        tried(work, Tries(most=3, backoff_s=0.0, sleep=waits.append))
    assert (str(caught.value), type(caught.value)) == ("busy (tried 3 times)", SourceError)
    assert (work.calls, waits) == (3, [0.0, 0.0])
    work = Failing(SourceError("gone"))
    with pytest.raises(SourceError, match=r"^gone$"):
        tried(work, Tries(sleep=waits.append))
    assert (work.calls, len(waits)) == (1, 2)


# -- copies of archives ----------------------------------------------------------------------------


def test_a_copy_is_kept_until_it_is_forgotten(cloud):
    one, two = "cloud://crm/one.zip?sig=1", "cloud://crm/two.zip"
    kept.forget()
    for name in ("one.zip?sig=1", "two.zip"):
        cloud.pipe(f"/crm/{name}", name.encode())
    assert (kept.kept(one), kept.kept(two)) == (None, None)
    copy, other = kept.keep(one), kept.keep(two)
    assert (copy.read_bytes(), other.read_bytes()) == (b"one.zip?sig=1", b"two.zip")
    assert kept.kept("cloud://crm/one.zip?sig=***") == copy  # as a journal names it
    assert copy.stat().st_mode & 0o777 == 0o600
    cloud.pipe("/crm/two.zip", b"new")
    assert kept.keep(two) == other
    assert other.read_bytes() == b"new"
    kept.forget(two, "cloud://crm/none.zip")
    assert (kept.kept(one), kept.kept(two)) == (copy, None)
    kept.forget()
    assert (kept.kept(one), copy.parent.is_dir()) == (None, True)


@pytest.mark.parametrize(
    ("path", "may_be"),
    [("https://h/a.zip", True), ("s3://b/A.ZIP?x=1", True), ("https://h/a.csv?f=b.zip", False), ("a.zip", False)],
)  # fmt: skip
def test_only_archives_elsewhere_are_fetched_to_be_looked_into(path, may_be):
    assert kept.may_be_archive(path) is may_be


# -- answers of the web ----------------------------------------------------------------------------


def page(content: bytes, **headers: str) -> Page:
    found = Headers()
    for name, text in headers.items():
        found[name.replace("_", "-")] = text
    return Page(SimpleNamespace(headers=found, read=io.BytesIO(content).read), "https://h.example/a?sig=1")  # type: ignore[arg-type]  # fmt: skip


def test_an_answer_says_its_size_and_age_or_nothing():
    whole = page(b"abc", Content_Length="3", Last_Modified="Sun, 12 May 2024 14:30:00 GMT")
    assert (whole.size, whole.changed_at) == (3, MOMENT.timestamp())
    for moment in ("", "yesterday"):
        assert page(b"", Last_Modified=moment).changed_at == 0.0
    nothing = page(b"abc")
    assert (nothing.size, nothing.changed_at) == (0, 0.0)
    assert [nothing.read(2), nothing.read(2), nothing.read(2)] == [b"ab", b"c", b""]


def test_an_answer_that_breaks_off_may_pass_and_one_that_ends_is_whole():
    whole = page(b"abc", Content_Length="3")
    assert [whole.read(9), whole.read(9)] == [b"abc", b""]
    cut = page(b"abc", Content_Length="1004")
    assert cut.read(9) == b"abc"
    with pytest.raises(PassingError) as caught:
        cut.read(9)
    assert str(caught.value) == (
        "https://h.example/a?sig=***: cannot be fetched: broke off after 3 of 1,004 bytes"
    )
    assert caught.value.retry_after_s == 0.0


TOKEN = {"BULK_IMPORT_SOURCE_TOKEN": " t0ken "}
KEY = {"BULK_IMPORT_SOURCE_HEADERS": '{"X-Api-Key": "k3y"}'}
BEARER = {"Authorization": "Bearer t0ken"}


@pytest.mark.parametrize(
    ("url", "known", "headers"),
    [
        ("https://h/x", TOKEN, BEARER), ("https://h/x", KEY, {"X-Api-Key": "k3y"}), ("https://h/x", TOKEN | KEY, BEARER | {"X-Api-Key": "k3y"}),
        ("http://localhost:8000/x", TOKEN, BEARER), ("http://127.0.0.1/x", TOKEN, BEARER), ("http://[::1]/x", TOKEN, BEARER), ("HTTPS://h/x", TOKEN, BEARER),
        ("https://h/x", TOKEN | {"BULK_IMPORT_SOURCE_HOST": " H "}, BEARER), ("https://h/x", TOKEN | {"BULK_IMPORT_SOURCE_HOST": "other"}, {}),
        ("http://h/x", TOKEN | {"BULK_IMPORT_SOURCE_HOST": "other"}, {}), ("http://h/x", {"BULK_IMPORT_SOURCE_TOKEN": "  "}, {}),
    ],
)  # fmt: skip
def test_headers_go_to_the_host_that_is_meant_and_encrypted(url, known, headers):
    assert headers_for(url, known) == headers


@pytest.mark.parametrize(
    ("known", "part"),
    [
        ({"BULK_IMPORT_SOURCE_HEADERS": "[1]"}, 'BULK_IMPORT_SOURCE_HEADERS: give JSON such as {"X-Api-Key": "…"}'),
        ({"BULK_IMPORT_SOURCE_HEADERS": '{"A": 1}'}, 'BULK_IMPORT_SOURCE_HEADERS: give JSON such as {"X-Api-Key": "…"}'),
        ({"BULK_IMPORT_SOURCE_HEADERS": "{"}, 'BULK_IMPORT_SOURCE_HEADERS: give JSON such as {"X-Api-Key": "…"}'),
        ({"BULK_IMPORT_SOURCE_HEADERS": '{"A:": "x"}'}, "BULK_IMPORT_SOURCE_HEADERS, BULK_IMPORT_SOURCE_TOKEN: 'A:' is not a header"),
        ({"BULK_IMPORT_SOURCE_HEADERS": '{"A": "é"}'}, "BULK_IMPORT_SOURCE_HEADERS, BULK_IMPORT_SOURCE_TOKEN: 'A' is not a header"),
        ({"BULK_IMPORT_SOURCE_TOKEN": "a\nb"}, "BULK_IMPORT_SOURCE_HEADERS, BULK_IMPORT_SOURCE_TOKEN: 'Authorization' is not a header"),
    ],
)  # fmt: skip
def test_headers_that_are_none_are_refused_by_name(known, part):
    with pytest.raises(SettingsError) as caught:
        headers_for("https://h/x", known)
    assert str(caught.value) == part


@pytest.mark.parametrize(("known", "name"), [(TOKEN, "TOKEN"), (KEY, "HEADERS"), (TOKEN | KEY, "TOKEN")])  # fmt: skip
def test_a_token_is_never_sent_unencrypted(known, name):
    with pytest.raises(SettingsError) as caught:
        headers_for("http://h.example/x?sig=1", known)
    assert str(caught.value) == (
        f"http://h.example/x?sig=***: plain http would show BULK_IMPORT_SOURCE_{name} to everybody on the way; use https"
    )


def test_a_link_that_means_a_file_already_stays_as_it_is():
    base = "https://docs.google.com/spreadsheets/d/1AbC"
    for link in (f"{base}/export?format=ods", f"{base}/gviz/tq?tqx=out:csv", "http://docs.google.com/spreadsheets/d/1AbC/edit"):  # fmt: skip
        assert direct_address(link) == link
    assert direct_address(f"{base}/edit?x=1&gid=12&range=A1") == f"{base}/export?format=csv&gid=12"
