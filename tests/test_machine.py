"""What is taken from the machine: files, locks, folders, the clock, the loop; and what is left after each error."""

from __future__ import annotations

import asyncio
import errno
import gc
import json
import os
import pwd
import re
import sqlite3
import stat
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from bulk_import.errors import BusyError, SettingsError, SetupError, StorageError
from bulk_import.system import clock, environment, garbage, loop, sqlite
from bulk_import.system.disks import Mount, network_file_system
from bulk_import.system.files import (
    Writer,
    drafts_in,
    made_folder,
    no_room,
    private_file,
    remove_leftovers,
    replaced,
    temporary_folder,
)
from bulk_import.system.locks import hold, is_held
from bulk_import.system.secrets import Secret
from bulk_import.system.shipped import shipped

# -- files -----------------------------------------------------------------------------------------


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_replaced_whole_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"before")
    with replaced(path) as file:
        file.write(b"after")
        assert path.read_bytes() == b"before"
        (draft,) = [found for found in tmp_path.iterdir() if found.suffix == ".part"]
        assert draft.name.startswith(".a.csv.")
    assert (path.read_bytes(), mode_of(path), list(tmp_path.iterdir())) == (b"after", 0o600, [path])


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyError("x"), KeyboardInterrupt()])  # fmt: skip
def test_a_file_whose_writing_failed_is_as_it_was(tmp_path, failure):
    path = tmp_path / "a.csv"
    path.write_bytes(b"before")
    expected = StorageError if isinstance(failure, OSError) else type(failure)

    def write() -> None:
        with replaced(path) as file:
            file.write(b"half")
            raise failure

    with pytest.raises(expected) as caught:
        write()
    if expected is StorageError:
        assert str(caught.value) == f"{path}: cannot be written: No space left on device"
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"before", [path])


def test_a_file_in_a_folder_that_is_not_there_cannot_be_written(tmp_path):
    path = tmp_path / "none" / "a.csv"
    with pytest.raises(StorageError) as caught, replaced(path):
        pass
    assert str(caught.value) == f"{path}: cannot be written: No such file or directory"


def test_a_folder_is_made_with_its_parents_and_one_that_exists_stays(tmp_path):
    before = os.umask(0o022)
    try:
        made = made_folder(tmp_path / "a" / "b")
        private = made_folder(tmp_path / "c", is_private=True)
        assert (mode_of(made), mode_of(private)) == (0o755, 0o700)
        assert mode_of(made_folder(made, is_private=True)) == 0o755
    finally:
        os.umask(before)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError) as caught:
        made_folder(tmp_path / "file" / "a")
    assert str(caught.value) == f"{tmp_path}/file/a: cannot be made: Not a directory"


def test_a_temporary_folder_is_private_and_gone_after_its_block(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with temporary_folder() as folder:
        assert (folder.parent, folder.name[:12], mode_of(folder)) == (
            tmp_path,
            "bulk_import_",
            0o700,
        )
        (folder / "copy").write_text("x")
        os.utime(folder, (1, 1))
        remove_leftovers()
        assert (folder / "copy").read_text() == "x", "it is in use, however old it looks"
    assert not folder.exists()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    monkeypatch.setenv("TMPDIR", "/named")
    with pytest.raises(StorageError) as caught, temporary_folder():
        pass
    assert str(caught.value) == (
        "/named: No such file or directory; free some space, or set TMPDIR to a folder that can be written"
    )


def test_what_killed_processes_left_is_removed_when_it_is_a_minute_old(tmp_path):
    ages = {"bulk_import_old": 61, "bulk_import_young": 50, "other_old": 1000}
    for name, age in ages.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "copy").write_text("x")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    (tmp_path / "bulk_import_file").write_text("x")
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "bulk_import_young",
        "other_old",
        "bulk_import_file",
    }
    remove_leftovers(tmp_path, "other_")
    assert not (tmp_path / "other_old").exists()


def test_drafts_are_beside_what_they_become_and_gone_after_the_block(tmp_path):
    with drafts_in(tmp_path) as drafts:
        assert (drafts.parent, drafts.name[:8], mode_of(drafts)) == (tmp_path, ".drafts_", 0o700)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StorageError) as caught, drafts_in(tmp_path / "none"):
        pass
    assert str(caught.value) == f"{tmp_path}/none: cannot be written: No such file or directory"


def test_a_private_file_can_be_begun_again(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"from before")
    with private_file(path) as file:
        assert file.write(b"first and long") == 14
        file.restart()
        file.write(b"second")
    assert path.read_bytes() == b"second"
    (tmp_path / "b").touch()
    with private_file(tmp_path / "c"):
        assert mode_of(tmp_path / "c") == 0o600


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_without_room_is_no_failure_of_what_is_copied(tmp_path, monkeypatch, code):
    monkeypatch.setenv("TMPDIR", "/scratch")
    with pytest.raises(StorageError, match=r"^/scratch: .*; free some space, or set TMPDIR to"), private_file(tmp_path / "a"):  # fmt: skip
        raise OSError(code, os.strerror(code))
    full = SimpleNamespace(write=lambda _: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))  # fmt: skip
    with pytest.raises(StorageError, match=r"^/scratch: Input/output error; free"):
        Writer(full).write(b"x")  # type: ignore[arg-type]


def test_other_failures_of_a_copy_stay_what_they_are(tmp_path):
    with pytest.raises(PermissionError), private_file(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_where_there_is_no_room_is_named_as_far_as_it_is_known(monkeypatch):
    monkeypatch.delenv("TMPDIR", raising=False)
    for folder, where in (("/scratch", "/scratch"), (None, "the folder for temporary files")):
        monkeypatch.setattr(tempfile, "tempdir", folder)
        assert str(no_room(OSError("odd"))) == (
            f"{where}: odd; free some space, or set TMPDIR to a folder that can be written"
        )


def test_what_is_shipped_is_found_and_what_is_not_is_missing():
    assert shipped("mappings/contacts.yml").is_file()
    assert shipped("docs").is_dir()
    with pytest.raises(FileNotFoundError, match=r"^mappings/none\.yml$"):
        shipped("mappings/none.yml")


# -- locks -----------------------------------------------------------------------------------------


def test_who_holds_a_lock_is_said_to_the_second_and_gone_when_it_is_free(tmp_path):
    path, holder = tmp_path / "a.lock", tmp_path / "a.lock.holder"
    assert is_held(path) is False
    assert not path.exists()
    with hold(path, "this journal"):
        said = json.loads(holder.read_text())
        assert (said["pid"], set(said)) == (os.getpid(), {"pid", "started"})
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", said["started"])
        assert (is_held(path), mode_of(path)) == (True, 0o600)
        with pytest.raises(BusyError) as caught, hold(path, "this journal"):
            pass
        assert str(caught.value) == (
            f"this journal is in use by process {os.getpid()}, started {said['started']}; wait for it to end"
        )
        assert holder.exists(), "the first one still holds it"
    assert (holder.exists(), is_held(path)) == (False, False)
    with pytest.raises(KeyError), hold(path, "this journal"):
        raise KeyError
    assert (holder.exists(), is_held(path)) == (False, False)


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"pid": 1}'])
def test_a_holder_that_nobody_can_read_is_another_process(tmp_path, content):
    path = tmp_path / "a.lock"
    with FileLock(path):
        (tmp_path / "a.lock.holder").write_text(content)
        with pytest.raises(BusyError, match=r"^it is in use by another process; wait for it to end$"), hold(path, "it"):  # fmt: skip
            pass
        assert is_held(path) is True
    assert is_held(path) is False, "its holder was killed: only its note is left"


def test_a_lock_in_a_folder_that_cannot_be_used_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("x")
    path = tmp_path / "file" / "a.lock"
    with pytest.raises(StorageError, match=r"a\.lock: cannot be locked: (File exists|Not a directory)$"), hold(path, "it"):  # fmt: skip
        pass


# -- the environment -------------------------------------------------------------------------------


def test_variables_come_from_the_environment_before_the_file(tmp_path, monkeypatch):
    dotenv = tmp_path / ".env"
    dotenv.write_text("\ufeffA=file\nB='x$A#'\nC\nD=\n", "utf-8")
    assert environment.variables({"A": "environment"}, dotenv) == {
        "A": "environment",
        "B": "x$A#",
        "D": "",
    }
    assert environment.variables({}, None) == {} == environment.variables({}, tmp_path / "none")
    monkeypatch.setenv("ONLY_HERE", "1")
    assert environment.variables(None, None)["ONLY_HERE"] == "1"
    dotenv.write_bytes(b"A=\xff")
    with pytest.raises(SettingsError, match=r"\.env: cannot be read: "):
        environment.variables({}, dotenv)


def test_a_key_is_the_only_line_of_its_file_or_a_variable(tmp_path):
    file = tmp_path / "key"
    file.write_text("\ufeff k3y \n", "utf-8")
    known = {"INFLUENCERSOFT_API_KEY": " of the environment "}
    assert environment.api_key(known, file) == "k3y"
    assert environment.api_key(known, None) == "of the environment"
    assert environment.api_key({}, None) == ""
    for content, reason in ((b"a\nb", "it must hold the key alone, on one line"), (b" \n", "it must hold the key alone, on one line"), (b"\xff", "cannot be read: not a text file")):  # fmt: skip
        file.write_bytes(content)
        with pytest.raises(SettingsError) as caught:
            environment.api_key(known, file)
        assert str(caught.value) == f"--api-key-file {file}: {reason}"
    file.unlink()
    with pytest.raises(SettingsError, match="cannot be read: No such file or directory"):
        environment.api_key(known, file)
    for wrong in ("a\x07b", "a\udcffb"):
        with pytest.raises(SettingsError, match=r"^INFLUENCERSOFT_API_KEY: holds a byte that is not UTF-8, or a control character$"):  # fmt: skip
            environment.api_key({"INFLUENCERSOFT_API_KEY": wrong}, None)


def test_a_proxy_that_is_set_for_other_programs_is_named(monkeypatch):
    names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    assert environment.proxy_hint() == ""
    for name in reversed(names):
        monkeypatch.setenv(name, "http://p.example")
        assert environment.proxy_hint() == (
            f"; {name} is set and is not used by itself: if the way out leads through that proxy, "
            "give --proxy URL or set BULK_IMPORT_PROXY"
        )


def test_a_child_process_inherits_everything_but_the_key(monkeypatch):
    monkeypatch.setenv("INFLUENCERSOFT_API_KEY", "k3y")
    expected = {name: text for name, text in os.environ.items() if text != "k3y"}
    assert environment.without_key() == expected


def test_the_language_is_that_of_the_first_variable_that_names_one(monkeypatch):
    names = ("BULK_IMPORT_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    for name in names:
        monkeypatch.setenv(name, "")
    assert environment.locale() == ""
    for name in reversed(names):
        monkeypatch.setenv(name, f"{name}.UTF-8")
        assert environment.locale() == f"{name}.UTF-8"


def test_state_is_kept_where_the_system_has_a_place_for_it(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    home = Path("/home/ann/.local/state/bulk_import")
    for known, folder in (
        ({"XDG_STATE_HOME": "/x", "LOCALAPPDATA": "/y"}, Path("/x/bulk_import")),
        ({"XDG_STATE_HOME": "", "LOCALAPPDATA": "/y"}, Path("/y/bulk_import")),
        ({}, home),
    ):
        assert environment.state_folder(known) == folder
    assert environment.lock_folder({"BULK_IMPORT_LOCKS": "/shared"}) == Path("/shared")


# -- secrets ---------------------------------------------------------------------------------------


def test_a_secret_shows_itself_in_no_form():
    secret = Secret('k#=%+;y/ё"<')
    forms = [
        "k#=%+;y/ё\"<", "k%23%3D%25%2B%3By%2F%D1%91%22%3C", "k%23%3d%25%2b%3by%2f%d1%91%22%3c", "k%23%3D%25%2B%3By/%D1%91%22%3C",
        "k#=%+;y/ё&quot;&lt;", 'k#=%+;y/ё"&lt;', 'k#=%+;y/\\u0451\\"<', 'k#=%+;y/ё\\"<',
        "ayM9JSs7eS/RkSI8", "ayM9JSs7eS_RkSI8",
    ]  # fmt: skip
    for form in forms:
        assert secret.redact(f"a {form} b {form}") == "a *** b ***"
    assert (repr(secret), str(secret), f"{secret}", repr(Secret(""))) == ("Secret('***')", "Secret('***')", "Secret('***')", "Secret('')")  # fmt: skip
    assert (secret.reveal(), bool(secret), bool(Secret(""))) == (forms[0], True, False)
    assert Secret("a").redact("banana") == "b***n***n***"
    assert Secret("").redact("text") == "text"
    assert Secret("ab").redact("YWI= YWI") == "*** ***"  # with and without its padding


def test_secrets_are_equal_by_what_they_hold():
    assert (Secret("a") == Secret("a"), Secret("a") == Secret("b"), Secret("a") == "a") == (True, False, False)  # fmt: skip
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


# -- the clock, the loop, the collector ------------------------------------------------------------


def test_moments_are_written_in_utc(monkeypatch):
    east = timezone(timedelta(hours=3))
    assert (
        clock.rfc3339(datetime(2024, 5, 12, 14, 30, 15, 123_999, tzinfo=east))
        == "2024-05-12T11:30:15.123Z"
    )
    assert clock.rfc3339(datetime(2024, 5, 12, tzinfo=UTC)) == "2024-05-12T00:00:00.000Z"
    before = time.time()
    moments = [
        datetime.fromisoformat(clock.now()).timestamp(),
        datetime.fromisoformat(clock.now_s()).timestamp(),
    ]
    after = time.time()
    assert before - 0.001 <= moments[0] <= after
    assert int(before) <= moments[1] <= after
    monkeypatch.setattr(clock.time, "time_ns", lambda: 1_700_000_000_007_999_999)
    assert clock.now() == "2023-11-14T22:13:20.007Z"


async def test_a_running_loop_is_named_with_what_to_use_instead():
    async def work() -> None:
        raise AssertionError("it was begun")

    with pytest.raises(SetupError) as caught:
        loop.run_blocking(work(), "import_file_async")
    assert str(caught.value) == (
        "nothing was done: an event loop is running here (a notebook, an async function); "
        "use `await import_file_async(…)` with the same arguments"
    )


def test_work_runs_to_its_end_and_so_do_its_failures():
    async def work(result: object) -> object:
        await asyncio.sleep(0)
        if isinstance(result, Exception):
            raise result
        return result

    assert loop.run_blocking(work(7), "twin") == 7
    with pytest.raises(KeyError, match="lost"):
        loop.run(work(KeyError("lost")))


@pytest.mark.parametrize("waits", [True, False])
def test_a_failure_in_a_callback_ends_the_work(waits):
    async def work() -> str:
        def fail() -> None:
            raise LookupError("in a callback")

        asyncio.get_running_loop().call_soon(fail)
        if waits:
            await asyncio.Event().wait()
        for _ in range(3):
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                break
        return "done"

    with pytest.raises(LookupError, match="in a callback"):
        loop.run(work())


def test_a_note_of_a_library_ends_nothing():
    async def work() -> str:
        running = asyncio.get_running_loop()
        running.call_exception_handler({"message": "a note", "exception": KeyError("x")})
        running.call_exception_handler({"message": "a note", "handle": None})
        await asyncio.sleep(0)
        return "done"

    assert loop.run(work()) == "done"


def test_garbage_is_looked_for_less_often_within_the_block_only():
    before = gc.get_threshold()
    with garbage.rare_collections():
        assert gc.get_threshold() == (10_000, 20, 20)
    assert gc.get_threshold() == before
    with pytest.raises(KeyError), garbage.rare_collections():
        raise KeyError
    assert gc.get_threshold() == before


# -- SQLite and disks ------------------------------------------------------------------------------


def test_a_database_survives_a_power_cut_and_scratch_need_not(tmp_path):
    path = tmp_path / "a.db"
    sqlite.make_private(path)
    assert mode_of(path) == 0o600
    for is_scratch, expected in ((False, ("wal", 2)), (True, ("memory", 0))):
        file = path if not is_scratch else tmp_path / "scratch.db"
        connection = sqlite.connect(file, is_scratch=is_scratch)
        (mode,) = connection.execute("pragma journal_mode").fetchone()
        (synchronous,) = connection.execute("pragma synchronous").fetchone()
        (busy_ms,) = connection.execute("pragma busy_timeout").fetchone()
        assert ((mode, synchronous), busy_ms, connection.isolation_level) == (
            expected,
            60_000,
            None,
        )
        connection.close()
    usual = sqlite.connect(path)
    assert usual.execute("pragma synchronous").fetchone() == (2,)
    usual.close()
    path.chmod(0o640)
    sqlite.make_private(path)
    assert (mode_of(path), path.stat().st_size > 0) == (0o640, True)
    (tmp_path / "text.db").write_text("no database, and long enough to be looked at" * 40)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite.connect(tmp_path / "text.db")


MOUNTS = [
    Mount("/dev/sda1", "/", "ext4", "rw"), Mount("nas:/export", "/mnt/nas", "nfs4", "rw"), Mount("tmpfs", "/mnt/nas/local", "tmpfs", "rw"),
    Mount("//pc/share", "/mnt/share", "CIFS", "rw"), Mount("x", "/mnt/odd", "fuse.odd", "rw,remote"), Mount("y", "/mnt/even", "fuse.odd", "rw,noremote"),
    Mount("nas:/over", "/mnt/over", "nfs", "rw"), Mount("/dev/sdb", "/mnt/over", "ext4", "rw"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/home/ann", ""), ("/mnt/nas", "nfs4 nas:/export"), ("/mnt/nas/a/b", "nfs4 nas:/export"), ("/mnt/nas/local/a", ""), ("/mnt/nasty", ""),
        ("/mnt/share/a", "CIFS //pc/share"), ("/mnt/odd/a", "fuse.odd x"), ("/mnt/even/a", ""), ("/mnt/over/a", ""),
    ],
)  # fmt: skip
def test_a_folder_is_on_what_is_mounted_nearest_and_last(path, found):
    assert network_file_system(Path(path), MOUNTS) == found
    assert network_file_system(Path(path), []) == ""


def test_of_two_mounts_at_one_place_the_later_counts():
    assert (
        network_file_system(Path("/mnt/over/a"), [*MOUNTS, Mount("nas:/3", "/mnt/over", "nfs", "")])
        == "nfs nas:/3"
    )
    assert network_file_system(Path("/nfs/a"), [Mount("", "/nfs", "nfs", "")]) == "nfs"
    assert isinstance(network_file_system(Path("/")), str)


# -- where locks are -------------------------------------------------------------------------------


@pytest.fixture
def passwd(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | None], None]:
    """Lets the system know a home folder of the user, or nobody."""

    def known_as(home: Path | None) -> None:
        def entry(_: int) -> SimpleNamespace:
            if home is None:
                raise KeyError
            return SimpleNamespace(pw_dir=str(home))

        monkeypatch.setattr(pwd, "getpwuid", entry)

    return known_as


def test_locks_are_in_the_home_folder_that_the_system_knows(tmp_path, passwd, monkeypatch):
    monkeypatch.setenv("HOME", "/nonexistent")
    passwd(tmp_path)
    folder = tmp_path / ".local" / "state" / "bulk_import"
    assert environment.lock_folder({"XDG_STATE_HOME": "/x"}) == folder
    folder.mkdir(parents=True)
    assert environment.lock_folder({}) == folder


def test_without_a_home_folder_locks_are_in_one_that_all_processes_of_the_user_find(passwd):
    shared = Path("/var/tmp") / f"bulk_import-{os.getuid()}"  # noqa: S108 - what is expected
    for home in (None, Path("/nonexistent/ann")):
        passwd(home)
        assert environment.lock_folder({}) == shared


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_holds_no_locks(tmp_path, passwd):
    shared = Path("/var/tmp") / f"bulk_import-{os.getuid()}"  # noqa: S108 - what is expected
    passwd(tmp_path)
    folder = tmp_path / ".local" / "state" / "bulk_import"
    folder.mkdir(parents=True)
    os.chown(folder, 12345, -1)
    assert environment.lock_folder({}) == shared
    folder.rmdir()
    assert environment.lock_folder({}) == folder, "one folder alone can be made anywhere"
    folder.parent.rmdir()
    os.chown(tmp_path / ".local", 12345, -1)
    assert environment.lock_folder({}) == shared


def test_what_is_replaced_is_on_the_disk_before_it_takes_the_place(tmp_path, monkeypatch):
    synced: list[Path] = []
    monkeypatch.setattr(
        os, "fsync", lambda file: synced.append(Path(f"/proc/self/fd/{file}").readlink())
    )
    path = tmp_path / "a.csv"
    with replaced(path) as file:
        file.write(b"x" * 10)
    assert [name.parent for name in synced] == [tmp_path]
    assert synced[0].name.startswith(".a.csv.")
