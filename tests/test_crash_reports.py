"""``crash.txt``: where the program failed, and nothing of anybody's data."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import threading
from pathlib import Path

import pytest

from bulk_import.errors import BugError, StorageError
from bulk_import.settings import Settings
from bulk_import.system import crash
from bulk_import.system.crash import Scene, described, place_of, summary_of, write_crash
from bulk_import.system.secrets import Secret


def raised(exc: BaseException) -> BaseException:
    try:
        raise exc
    except BaseException as caught:  # noqa: BLE001 - whatever it is
        return caught


@pytest.mark.parametrize(
    ("exc", "text"),
    [
        (KeyError("ann@example.org"), "KeyError: (message left out)"), (ValueError(), "ValueError"), (AttributeError("no attribute 'x'"), "AttributeError: no attribute 'x'"),
        (ImportError("no x"), "ImportError: no x"), (NameError("x"), "NameError: x"), (TypeError("x"), "TypeError: x"), (TypeError(), "TypeError"),
        (RecursionError("too deep"), "RecursionError: too deep"), (BugError("counts"), "BugError: counts"),
        (FileNotFoundError(2, "x", "/home/ann/a.csv"), "FileNotFoundError: [Errno 2] No such file or directory"), (OSError("ann"), "OSError: (message left out)"),
        (ModuleNotFoundError("no y"), "ModuleNotFoundError: no y"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_message_is_kept_where_it_can_hold_nobodys_data(exc, text):
    assert summary_of(exc) == text


def test_what_led_to_an_exception_comes_before_it():
    who = "ann@example.org"
    try:
        try:
            raise KeyError(who)
        except KeyError as exc:
            raise TypeError("of another type") from exc
    except TypeError as exc:
        text = described(exc)
    assert [line for line in text.splitlines() if line.startswith(("Key", "Type", "led"))] == [
        "KeyError: (message left out)",
        "led to:",
        "TypeError: of another type",
    ]
    assert text.count("Traceback (most recent call last):\n") == 2
    assert text.count("in test_what_led_to_an_exception_comes_before_it") == 2
    assert "ann@" not in text


def test_a_cause_that_was_left_out_stays_out_and_a_context_does_not():
    def after_another(*, is_hidden: bool) -> str:
        try:
            try:
                raise KeyError("x")
            except KeyError:
                if is_hidden:
                    raise TypeError("y") from None
                raise TypeError("y")  # noqa: B904 - its context is what this is about
        except TypeError as exc:
            return described(exc)

    assert ("KeyError" in after_another(is_hidden=False), "KeyError" in after_another(is_hidden=True)) == (True, False)  # fmt: skip


def test_exceptions_that_name_each_other_are_described_once():
    first, second = TypeError("first"), TypeError("second")
    first.__cause__, second.__cause__ = second, first
    assert described(first).count("TypeError: first") == 1


def test_the_exceptions_of_a_group_are_described_within_it():
    group = ExceptionGroup("several", [raised(TypeError("one")), raised(NameError("two"))])
    text = described(raised(group))
    assert "ExceptionGroup: (message left out)\n" in text
    assert [
        line for line in text.splitlines() if line in ("  | TypeError: one", "  | NameError: two")
    ] == [
        "  | TypeError: one",
        "  | NameError: two",
    ]


def test_the_traceback_of_another_process_follows():
    text = described(BugError("it crashed", report="Traceback of the other"))
    assert text.endswith(
        "BugError: it crashed\n\nin another process of ours:\nTraceback of the other"
    )
    assert "another process" not in described(BugError("it crashed"))


def test_the_place_is_the_last_one_in_our_own_code():
    def fail() -> None:
        Settings(nothing=1)  # type: ignore[call-arg]

    with pytest.raises(TypeError) as caught:
        fail()
    assert re.fullmatch(r"settings\.py:\d+", place_of(caught.value))
    nested = ExceptionGroup("a", [ExceptionGroup("b", [caught.value]), KeyError("x")])
    assert place_of(nested) == place_of(caught.value)
    assert place_of(raised(KeyError("x"))) == ""


def test_work_makes_known_where_it_is_and_what_is_secret(tmp_path):
    assert crash.folder() is None
    crash.working_in(tmp_path)
    crash.conceal(Secret("k3y"))  # nobody watches
    with crash.watched_scene() as scene:
        assert (scene.folder, scene.secrets, crash.folder()) == (None, [], None)
        crash.working_in(tmp_path)

        async def elsewhere() -> None:
            crash.conceal(Secret("k3y"))

        asyncio.run(elsewhere())
        assert (crash.folder(), scene.secrets) == (tmp_path, [Secret("k3y")])
        with crash.watched_scene() as inner:
            crash.working_in(tmp_path / "inner")
        assert (inner.folder, crash.folder()) == (tmp_path / "inner", tmp_path)
    assert crash.folder() is None


def test_a_crash_is_written_into_the_folder_of_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("INFLUENCERSOFT_API_KEY", " of-the-environment ")
    arguments = [
        "run", "a b.csv", "/home/ann/c.csv", "--notify", "https://u:pw@h.example/hook/t0ken?x=1", "ann@example.org,bob@example.org", "",
        "of-the-environment", "of-the-scene", "sftp://crm@h.example:22/p",
    ]  # fmt: skip
    scene = Scene(tmp_path, [Secret("of-the-scene")])
    path = write_crash(raised(TypeError("wrong")), scene, arguments)
    assert path == tmp_path / "crash.txt"
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text("utf-8")
    lines = text.splitlines()
    assert lines[:3] == [
        "bulk_import stopped because of a bug. Please send this file to the maintainers.",
        "It holds no key and no contacts; look through it before you send it.",
        "",
    ]
    facts = dict(line.split(maxsplit=1) for line in lines[3:10])
    assert list(facts) == [
        "time",
        "version",
        "python",
        "system",
        "packages",
        "terminal",
        "arguments",
    ]
    assert facts["arguments"] == (
        "run 'a b.csv' ~/c.csv --notify https://h.example/*** ***,*** '' *** *** sftp://h.example:22/***"
    )
    assert facts["python"] == f"CPython {sys.version.split()[0]}"
    assert re.match(r"aiohttp \d[\d.]+, click \d", facts["packages"])
    assert text.endswith("TypeError: wrong\n")


@pytest.mark.parametrize(
    ("home", "shown"), [("/h", "~/c.csv"), ("/", "/h/c.csv"), ("", "/h/c.csv")]
)
def test_the_home_folder_is_not_named_unless_it_is_everything(tmp_path, monkeypatch, home, shown):
    monkeypatch.setenv("HOME", home)
    text = write_crash(TypeError(), Scene(tmp_path), ["/h/c.csv"]).read_text("utf-8")
    assert f"\narguments  {shown}\n" in text


def test_whether_somebody_sits_at_a_terminal_is_said(tmp_path, monkeypatch):
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", None)
    text = write_crash(TypeError(), Scene(tmp_path), []).read_text("utf-8")
    assert "\nterminal   stdin yes, stderr no\n" in text


def test_without_a_folder_of_the_run_a_crash_is_written_among_the_state(tmp_path, monkeypatch):
    state = tmp_path / "of-the-state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    expected = state / "bulk_import" / "crash.txt"
    file = tmp_path / "file"
    file.write_text("x")
    for folder in (None, tmp_path / "none", file):
        expected.unlink(missing_ok=True)
        assert write_crash(TypeError(), Scene(folder), []) == expected
        assert expected.exists()
    assert expected.parent.stat().st_mode & 0o777 == 0o700
    (tmp_path / "run" / "crash.txt").mkdir(parents=True)  # nothing can be put in its place
    assert write_crash(TypeError(), Scene(tmp_path / "run"), []) == expected
    monkeypatch.setenv("XDG_STATE_HOME", str(file))
    with pytest.raises(StorageError, match=r"file/bulk_import: Not a directory$"):
        write_crash(TypeError(), Scene(None), [])


def test_another_thread_has_a_scene_of_its_own(tmp_path):
    found: list[Path | None] = []
    with crash.watched_scene():
        crash.working_in(tmp_path)
        thread = threading.Thread(target=lambda: found.append(crash.folder()))
        thread.start()
        thread.join()
    assert found == [None]
    assert os.environ.get("HOME")
