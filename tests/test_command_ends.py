"""Where a command ends: which exit code, which line on the error stream, for every way to fail."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from bulk_import import errors
from bulk_import.cli.boundary import end_of, guarded
from bulk_import.errors import (
    BugError,
    SettingsError,
    SourceError,
    StorageError,
)


def failing(exc: BaseException) -> Callable[[], object]:
    def command() -> object:
        raise exc

    return command


def os_error(number: int, path: object = None) -> OSError:
    return OSError(number, os.strerror(number), path)


@pytest.fixture
def ends(capsys):
    """How a command ends: (exit code, standard output, error stream)."""

    def end(command: Callable[[], object], *arguments: str) -> tuple[int, str, str]:
        code = guarded(command, arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return end


# -- by itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("result", "code"), [(0, 0), (3, 3), (None, 0), ("text", 0), (True, 1)])
def test_a_command_ends_with_its_number_and_anything_else_is_0(ends, result, code):
    assert ends(lambda: result) == (code, "", "")


# -- what a user can do something about ------------------------------------------------------------------

SITUATIONS = [
    (SettingsError("no key"), 2, "no key"),
    (SourceError("a.csv: empty"), 2, "a.csv: empty"),
    (StorageError("disk full"), 5, "disk full"),
    (MemoryError(), 5, "not enough memory; close other programs, or split the file"),
    (os_error(errno.ENOSPC), 5, "No space left on device"),
    (os_error(errno.EROFS), 5, "Read-only file system"),
    (os_error(errno.EDQUOT), 5, "Disk quota exceeded"),
    (os_error(errno.EFBIG), 5, "File too large"),
    (os_error(errno.EIO), 5, "Input/output error"),
    (os_error(errno.ENOENT, "/x/y"), 5, "/x/y: No such file or directory"),
    (os_error(errno.EACCES, "/x/y"), 5, "/x/y: Permission denied"),
    (os_error(errno.EPERM, "/x/y"), 5, "/x/y: Operation not permitted"),
    (os_error(errno.EISDIR, "/x/y"), 5, "/x/y: Is a directory"),
    (os_error(errno.ENOTDIR, "/x/y"), 5, "/x/y: Not a directory"),
    (os_error(errno.ELOOP, "/x/y"), 5, "/x/y: Too many levels of symbolic links"),
    (os_error(errno.ENAMETOOLONG, b"/x/y"), 5, "/x/y: File name too long"),
    (os_error(errno.ENOSPC, 7), 5, "an open file: No space left on device"),
    (ExceptionGroup("all", [StorageError("one"), SettingsError("two")]), 5, "one"),
    (ExceptionGroup("all", [ExceptionGroup("in", [SettingsError("two")])]), 2, "two"),
]


@pytest.mark.parametrize(("exc", "code", "said"), SITUATIONS, ids=[said for _, _, said in SITUATIONS])  # fmt: skip
def test_a_situation_of_the_user_has_its_code_and_one_line(ends, exc, code, said):
    assert ends(failing(exc)) == (code, "", f"error: {said}\n")
    assert end_of(exc) == (code, said)


def test_each_problem_of_several_has_its_line(ends):
    assert ends(failing(SettingsError("m.yml:1:1: one\nm.yml:2:1: two"))) == (
        2, "", "error: m.yml:1:1: one\nerror: m.yml:2:1: two\n"
    )  # fmt: skip


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
@pytest.mark.parametrize("is_cause", [True, False])
def test_too_many_open_files_are_named_whatever_came_of_them(ends, number, is_cause):
    limit = "this process may have"
    outer = StorageError("journal: cannot be opened") if is_cause else None
    if outer is not None:
        outer.__cause__ = ExceptionGroup("in", [ValueError("x"), os_error(number)])
    code, _, err = ends(failing(outer or os_error(number)))
    said = "journal: cannot be opened" if is_cause else os.strerror(number)
    assert code == 5
    assert err.startswith(f"error: {said}; {limit} ")
    assert "files open at once: raise that (`ulimit -n 256`), then run the same command again\n" in err  # fmt: skip


def test_too_many_open_files_behind_a_bug_are_no_bug(ends):
    bug = ValueError("x")
    bug.__context__ = os_error(errno.EMFILE)
    code, _, err = ends(failing(bug))
    assert (code, err.startswith("error: too many open files; this process may have ")) == (5, True)


@pytest.mark.parametrize("argument", ["a\udcff.csv", "\ud800"])
def test_an_argument_that_no_report_could_name_is_refused_before_anything(ends, argument):
    def command() -> object:
        raise AssertionError

    shown = argument.encode("utf-8", "backslashreplace").decode()
    assert ends(command, "run", argument) == (
        2, "", f"error: {shown}: not UTF-8; rename the file, or correct the argument\n"
    )  # fmt: skip


def test_a_folder_that_is_gone_is_said(ends, tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    found = ends(failing(os_error(errno.ENOENT)))
    os.chdir(tmp_path)
    assert found == (
        5, "", "error: the current folder does not exist any more; change to another\n"
    )  # fmt: skip


# -- from outside ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("exc", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_says_how_to_continue(ends, exc):
    assert ends(failing(exc)) == (
        130, "", "Stopped. Nothing is lost; run the same command to continue.\n"
    )  # fmt: skip
    assert end_of(exc) == (130, "interrupted")


def test_a_mistake_in_the_options_is_shown_as_click_shows_it(ends):
    assert ends(failing(click.UsageError("no such option"))) == (2, "", "Error: no such option\n")
    assert end_of(click.UsageError("no such option")) == (2, "no such option")


@pytest.mark.parametrize(
    ("exc", "end"),
    [
        (SystemExit(143), (143, "ended by a signal")), (SystemExit("x"), (1, "ended by a signal")),
        (SystemExit(0), (0, "ended by a signal")), (BrokenPipeError(), (0, "")),
    ],
)  # fmt: skip
def test_the_end_that_is_told_to_others_is_that_of_the_command(exc, end):
    assert end_of(exc) == end


# -- bugs ------------------------------------------------------------------------------------------------

BUGS = [
    ValueError("a cell: anna@x.org"),
    os_error(errno.EINVAL),
    os_error(errno.ENOENT),
    os_error(errno.EACCES),
    os_error(errno.ECHILD, "/x/y"),
    os_error(errno.ENOENT, str(Path(errors.__file__).parent / "data")),
    ExceptionGroup("all", [StorageError("one"), ValueError("two")]),
]


@pytest.mark.parametrize("exc", BUGS, ids=map(repr, BUGS))
def test_anything_else_is_a_bug_whose_details_are_in_a_file(ends, exc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = ends(failing(exc))
    assert (code, out, err.count("\n")) == (70, "", 1)
    assert err.startswith("error: a bug in bulk_import (")
    assert "; details, without anybody's data, are in " in err
    assert "anna" not in err
    crash = Path(err.rstrip("\n").rpartition(" are in ")[2])
    assert crash.name == "crash.txt"
    assert "anna" not in crash.read_text()
    assert end_of(exc)[0] == 70


def test_a_bug_of_ours_says_what_does_not_add_up(ends):
    bug = BugError("a bug in bulk_import: 3 rows were read, 2 are accounted for")
    code, _, err = ends(failing(bug))
    assert (code, err.startswith(f"error: {bug}; details,")) == (70, True)
    assert end_of(bug) == (70, str(bug))


def test_the_first_of_several_bugs_is_named(ends):
    group = ExceptionGroup("all", [ExceptionGroup("in", [KeyError("a")]), ValueError("b")])
    assert ends(failing(group))[2].startswith("error: a bug in bulk_import (KeyError")
    assert end_of(group)[1].startswith("a bug in bulk_import (KeyError")


# -- streams ---------------------------------------------------------------------------------------------


class Full(io.StringIO):
    """A file on a disk that is full."""

    def __init__(self, exc: OSError) -> None:
        super().__init__()
        self._exc = exc

    def flush(self) -> None:
        raise self._exc

    def fileno(self) -> int:
        raise ValueError


def test_output_that_cannot_be_written_is_named(monkeypatch, ends):
    monkeypatch.setattr(sys, "stdout", Full(os_error(errno.ENOSPC)))
    code, _, err = ends(lambda: 0)
    assert (code, err) == (5, "error: standard output: No space left on device\n")


def test_a_reader_that_left_is_no_failure(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Full(BrokenPipeError()))
    assert guarded(lambda: 3, []) == 0


def test_an_error_stream_that_is_gone_changes_no_exit_code(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Full(os_error(errno.EPIPE)))
    assert guarded(failing(SettingsError("no key")), []) == 2
    assert guarded(failing(KeyboardInterrupt()), []) == 130


def test_a_stream_that_is_not_there_is_the_null_device_as_long_as_the_command_runs(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    found = []

    def command() -> int:
        click.echo("to nobody")
        found.append(getattr(sys.stdout, "name", ""))
        return 0

    assert (guarded(command, []), found, sys.stdout) == (0, [os.devnull], None)


def test_a_name_that_the_terminal_cannot_show_is_no_error(monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    assert guarded(lambda: sys.stdout.write("Иван\n") * 0, []) == 0
    assert narrow.buffer.getvalue() == rb"\u0418\u0432\u0430\u043d" + b"\n"  # type: ignore[attr-defined]
