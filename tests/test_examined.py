"""What is looked at before a job: each finding in full, and both sides of every limit."""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from bulk_import.api.probing import Probe
from bulk_import.errors import SettingsError
from bulk_import.jobs.doctor import (
    BAD,
    NOTE,
    OK,
    PARTS,
    Check,
    examine,
    filesystem,
    is_well,
    reached,
)
from bulk_import.jobs.state import State
from bulk_import.settings import Settings
from bulk_import.system.environment import LAST_RESORT

NONE = SettingsError("there is no such file")
GB = 2**30
ENCRYPTED = Settings(endpoint="https://shop.example.com")
SET_IT = "set it (timedatectl set-ntp true): --window, --daily-limit and dst: current depend on it"


def answered(settings: Settings = ENCRYPTED, **facts: object) -> dict[str, Check]:
    known = {"http_status": 200, "tls": "", "expires": None, "ahead_s": None, "elapsed_s": 0.0124}
    answer = Probe(**(known | facts))  # type: ignore[arg-type]
    return {check.name: check for check in reached(settings, answer)}


# -- the account's answer ------------------------------------------------------------------------------


def test_an_answer_says_how_long_it_took_and_what_the_server_said():
    assert answered(http_status=404)["address"] == Check(
        "address", OK, "answers in 12 ms (HTTP 404)"
    )


def test_what_is_encrypted_and_what_need_not_be():
    assert answered()["TLS"] == Check("TLS", OK, "encrypted")  # behind a proxy
    assert answered(tls="TLSv1.3")["TLS"] == Check("TLS", OK, "TLSv1.3")
    here = Settings(endpoint="http://127.0.0.1:8000")
    assert answered(here)["TLS"] == Check("TLS", OK, "none: the address is this machine")


@pytest.mark.parametrize(("days", "verdict"), [(14, OK), (13, NOTE), (0, NOTE)])
def test_a_certificate_that_ends_within_two_weeks_is_noted(days, verdict):
    ends = datetime.now(UTC) + timedelta(days=days, hours=1)
    assert answered(tls="TLSv1.3", expires=ends)["TLS"] == Check(
        "TLS", verdict, f"TLSv1.3, the certificate is valid until {ends:%Y-%m-%d}",
        f"it ends in {days} days: whoever runs the server renews it" if verdict == NOTE else "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ahead_s", "verdict", "found"),
    [
        (None, OK, None),
        (0.2, OK, "as the account's, to 1 s"),
        (-60.0, OK, "as the account's, to 60 s"),
        (60.5, NOTE, "60 s behind the account's"),
        (-61.0, NOTE, "61 s ahead of the account's"),
        (3600.0, NOTE, "3,600 s behind the account's"),
        (-3601.0, BAD, "3,601 s ahead of the account's"),
    ],
)
def test_a_clock_that_is_off_by_a_minute_is_noted_and_one_by_an_hour_bad(ahead_s, verdict, found):
    zone = f"time zone {datetime.now().astimezone().tzname()}"
    wanted = f"{found}; {zone}" if found else f"{zone}; the account's answer has no date to compare"
    assert answered(ahead_s=ahead_s)["clock"] == Check(
        "clock", verdict, wanted, "" if verdict == OK else SET_IT
    )


# -- key, proxy and account ----------------------------------------------------------------------------


async def examined(settings: Settings | SettingsError = NONE, **options) -> dict[str, Check]:
    return {check.name: check for check in await examine(settings, **options)}


async def test_without_settings_the_reason_comes_first_and_the_machine_is_looked_at(tmp_path):
    found = await examine(NONE, home=tmp_path)
    assert found[0] == Check("settings", BAD, "there is no such file")
    assert {"runs", "temporary files", "workbooks", *PARTS} <= {check.name for check in found[1:]}
    assert not {"key", "account", "address", "mapping", "state"} & {check.name for check in found}


async def test_without_an_account_nothing_is_asked(tmp_path):
    found = await examine(Settings(api_key="zq-none-7"), key_from="", home=tmp_path)
    assert found[:3] == [
        Check("account", BAD, "no account", "give --account LOGIN, --profile NAME or --endpoint URL"),
        Check("key", OK, "from the environment"),
        Check("proxy", OK, "none"),
    ]  # fmt: skip
    assert "address" not in {check.name for check in found}


async def test_a_key_is_told_by_where_it_comes_from(tmp_path):
    file = tmp_path / "key"
    file.write_text("zq-none-7", "utf-8")
    for mode, verdict, found, advice in (
        (0o600, OK, f"from {file}", ""),
        (0o604, NOTE, f"from {file}, which every user of this machine can read", f"chmod o-rwx {file}"),
    ):  # fmt: skip
        file.chmod(mode)
        checks = await examined(Settings(api_key="zq-none-7"), key_from=str(file), home=tmp_path)
        assert checks["key"] == Check("key", verdict, found, advice)
    checks = await examined(Settings(), home=tmp_path)
    assert checks["key"] == Check(
        "key", BAD, "no API key",
        "give --api-key-file FILE, or set INFLUENCERSOFT_API_KEY in the environment or in .env",
    )  # fmt: skip


async def test_the_key_is_in_no_finding_and_no_advice(tmp_path):
    """Not even where somebody has given it for the name of a file."""
    checks = await examine(
        Settings(api_key="zq-none-7"), key_from=str(tmp_path / "zq-none-7"), home=tmp_path / "zq-none-7",
    )  # fmt: skip
    said = [text for check in checks for text in (check.found, check.advice)]
    assert not [text for text in said if "zq-none-7" in text]
    assert any("runs" in text for text in said)


async def test_a_proxy_is_said_whether_it_is_named_or_only_set(tmp_path, monkeypatch):
    named = await examined(Settings(proxy="http://proxy.example.com:3128"), home=tmp_path)
    assert named["proxy"] == Check("proxy", OK, "requests go through the proxy that is named")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example.com:3128")
    found = (await examined(Settings(), home=tmp_path))["proxy"]
    assert (found.verdict, found.found) == (NOTE, "none is used")
    assert found.advice.startswith("ALL_PROXY is set and is not used by itself: ")


# -- the job's files -----------------------------------------------------------------------------------


@pytest.fixture
def mapping(tmp_path):
    """A mapping of these lines, with a list of two entries beside it."""
    (tmp_path / "stop.csv").write_text("E-mail\na@b.org\nb@b.org\n", "utf-8")

    def made(lines: str = "") -> Path:
        path = tmp_path / "m.yml"
        path.write_text(f"version: 1\nfields:\n  lead_email: E\n{lines}", "utf-8")
        return path

    return made


async def test_a_mapping_is_counted_with_its_suppression_lists(mapping, tmp_path):
    path = mapping("  add_to_lists: {always: [Zork]}\nsuppress: [stop.csv]\n")
    checks = await examine(NONE, mapping=path, home=tmp_path)
    assert checks[1:3] == [
        Check("mapping", OK, f"{path}: 2 fields"),
        Check("suppression", OK, f"suppression list {tmp_path}/stop.csv: 2 entries understood"),
    ]
    assert "lists" not in {check.name for check in checks}  # the account was not asked


async def test_a_list_that_is_not_understood_is_noted_with_what_that_means_for_a_night(
    mapping, tmp_path
):
    path = mapping("suppress: [stop.csv]\n")
    (tmp_path / "stop.csv").write_text("E-mail\na@b.org\nb@\n", "utf-8")
    found = (await examined(mapping=path, home=tmp_path))["suppression"]
    assert (found.verdict, found.advice) == (
        NOTE, "correct these cells: sync and retag refuse the list as it is",
    )  # fmt: skip
    assert found.found.endswith("1 NOT understood and not honoured: row 3 'b@'")
    (tmp_path / "stop.csv").unlink()
    missing = (await examined(mapping=path, home=tmp_path))["suppression"]
    assert missing.verdict == BAD
    assert "nothing is sent while a list cannot be read to its end" in missing.found


async def test_a_mapping_that_cannot_be_used_ends_what_is_said_of_it(tmp_path):
    checks = await examine(NONE, mapping=tmp_path / "no.yml", home=tmp_path)
    assert checks[1] == Check(
        "mapping", BAD, f"{tmp_path}/no.yml: cannot be read: No such file or directory"
    )
    assert checks[2].name == "runs"


async def test_every_list_that_a_mapping_names_is_looked_up(mapping, tmp_path, sandbox, settings):
    path = mapping(
        "  add_to_lists: {always: [Newsletter]}\n  remove_from_lists: {always: [Zork]}\n"
        "on_missing: {remove_from_lists: [Blub], add_tags: [gone]}\n"
    )
    found = await examine(settings(sandbox), mapping=path, home=tmp_path)
    assert [(check.verdict, check.found.partition(";")[0]) for check in found if check.name == "lists"] == [
        (OK, "the account has 'Newsletter'"), (BAD, "the account has no list 'Zork'"), (BAD, "the account has no list 'Blub'"),
    ]  # fmt: skip


async def test_a_state_is_counted_and_one_that_is_not_there_is_no_fault(tmp_path):
    path = tmp_path / "crm.state"
    checks = await examined(state=path, home=tmp_path)
    assert checks["state"] == Check(
        "state", NOTE, f"{path}: not there yet; the first night makes it"
    )
    with State.open(path) as state:
        state.put(endpoint="https://other.example.com")
    assert (await examined(state=path, home=tmp_path))["state"] == Check("state", OK, f"{path}: 0 contacts")  # fmt: skip
    path.write_text("no database", "utf-8")
    assert (await examined(state=path, home=tmp_path))["state"].verdict == BAD


# -- the machine ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(GB, OK), (GB - 1, NOTE), (50 * 2**20, NOTE), (50 * 2**20 - 1, BAD), (0, BAD)],
)
async def test_a_disk_with_less_than_a_gigabyte_is_noted_and_an_almost_full_one_bad(
    tmp_path, monkeypatch, free, verdict
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    found = (await examined(home=tmp_path))["runs"]
    assert found == Check(
        "runs", verdict, f"{tmp_path}/runs: {free / GB:.1f} GB free",
        "" if verdict == OK else "free some space: a run of 100,000 rows takes about 100 MB",
    )  # fmt: skip


async def test_a_folder_that_cannot_be_written_is_named_with_the_one_that_stops_it(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    found = (await examined(Settings(run_dir=tmp_path / "file" / "a" / "b")))["runs"]
    assert found == Check(
        "runs", BAD, f"{tmp_path}/file/a/b: cannot be written",
        f"chown or chmod {tmp_path}/file, or name another",
    )  # fmt: skip


async def test_each_folder_of_a_job_is_looked_at_in_its_turn(tmp_path):
    settings = Settings(state_dir=tmp_path / "locks", run_dir=tmp_path / "here")
    names = ("runs", "locks", "temporary files")
    found = [check for check in await examine(settings, home=tmp_path) if check.name in names]
    assert [(check.name, check.found.partition(":")[0]) for check in found] == [
        ("runs", str(tmp_path / "here")), ("locks", str(tmp_path / "locks")),
        ("temporary files", tempfile.gettempdir()),
    ]  # fmt: skip


async def test_locks_beside_the_runs_and_a_user_without_a_home_are_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    settings = Settings(state_dir=tmp_path / LAST_RESORT)
    checks = await examine(settings, home=tmp_path)
    assert [check for check in checks if check.name == "locks"][-1] == Check(
        "locks", NOTE, "no folder of this user can be written, so they are beside the runs",
        "set BULK_IMPORT_LOCKS to a folder that all runs of the account share",
    )  # fmt: skip
    assert "HOME" not in {check.name for check in checks}
    monkeypatch.delenv("HOME")
    assert (await examined(home=tmp_path))["HOME"] == Check(
        "HOME", NOTE, f"not set; what a bug leaves behind is written to {tmp_path}/bulk_import"
    )


MOUNTS = [
    "overlay / overlay rw,relatime 0 0",
    "server:/x /mnt/share nfs4 rw 0 0",
    "tmpfs /mnt/share/local tmpfs rw 0 0",
    "/dev/sda1 /mnt/sharex ext4 rw 0 0",
    "//server/y /media/y cifs rw 0 0",
    "/dev/sdb1 /media/y ext4 rw 0 0",
]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "overlay"), ("/home/me", "overlay"), ("/mnt", "overlay"), ("/mnt/share", "nfs4"), ("/mnt/share/a/b", "nfs4"),
        ("/mnt/share/local/a", "tmpfs"), ("/mnt/share/locals", "nfs4"), ("/mnt/sharex/a", "ext4"), ("/mnt/sharey", "overlay"),
        ("/media/y/a", "ext4"),  # mounted over the other
    ],
)  # fmt: skip
def test_a_path_is_on_the_innermost_mount_and_on_the_last_of_one_place(path, kind):
    assert filesystem(Path(path), MOUNTS) == kind
    assert filesystem(Path(path), []) == ""


async def test_optional_parts_are_named_with_their_version_and_purpose(tmp_path):
    checks = await examined(home=tmp_path)
    assert checks["workbooks"] == Check("workbooks", OK, "xlsx, xlsb, xls and ods can be read")
    for name, (purpose, _) in PARTS.items():
        assert checks[name] == Check(name, OK, f"{metadata.version(name)}: {purpose}")


async def test_a_reader_that_cannot_be_loaded_is_bad(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xlrd", None)
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    assert (await examined(home=tmp_path))["workbooks"] == Check(
        "workbooks", BAD, "python-calamine, xlrd cannot be loaded",
        "pip install --force-reinstall python-calamine xlrd",
    )  # fmt: skip


def test_a_job_would_run_unless_something_is_bad():
    good, doubtful, bad = (Check("x", verdict, "") for verdict in (OK, NOTE, BAD))
    assert (is_well([]), is_well([good, doubtful]), is_well([good, bad, doubtful])) == (
        True, True, False,
    )  # fmt: skip
