"""The one place where a command ends: in an exit code, and in at most one line for each problem.

A mistake or a situation of the user (``BulkImportError``, a full disk, a folder that cannot be
written) is reported with its reason. Anything else is a bug: exit code 70 and a ``crash.txt``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence

import click

from bulk_import.errors import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    BugError,
    BulkImportError,
    SettingsError,
    StorageError,
)
from bulk_import.system.crash import Scene, place_of, summary_of, watched_scene, write_crash

_INTERRUPTED = "Stopped. Nothing is lost; run the same command to continue."
# With the path that an OSError of this kind names, a person knows what to do.
_OF_A_PATH = frozenset(
    {
        errno.EACCES, errno.EDQUOT, errno.EEXIST, errno.EFBIG, errno.EIO, errno.EISDIR,
        errno.ELOOP, errno.EMFILE, errno.ENAMETOOLONG, errno.ENFILE, errno.ENOENT, errno.ENOSPC,
        errno.ENOTDIR, errno.ENOTEMPTY, errno.EPERM, errno.EROFS, errno.ESTALE, errno.ETXTBSY,
    }
)  # fmt: skip
# These say enough without one: a write to an open file does not know its path.
_OF_THE_MACHINE = frozenset(
    {errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EROFS}
)


def guarded(command: Callable[[], object], arguments: Sequence[str]) -> int:
    """Call *command*; return the exit code.

    Args:
        command: Returns an exit code; anything else is 0.
        arguments: Of the command line, for ``crash.txt``.
    """
    with _usable_streams():
        try:
            return _called(command, arguments)
        finally:
            try:
                sys.stderr.flush()
            except OSError:  # or the interpreter would end with a code of its own
                _give_up(sys.stderr)


def _called(command: Callable[[], object], arguments: Sequence[str]) -> int:
    with watched_scene() as scene:
        try:
            _refuse_undecodable(arguments)
            result = command()
            sys.stdout.flush()
            return result if isinstance(result, int) else 0
        except BrokenPipeError:
            # `| head` closed stdout; what mattered is in the run folder.
            _give_up(sys.stdout)
            return 0
        except click.ClickException as exc:
            with contextlib.suppress(OSError):
                exc.show()
            return exc.exit_code
        except (click.Abort, KeyboardInterrupt):
            _tell(_INTERRUPTED)
            return EXIT_INTERRUPTED
        except Exception as exc:  # noqa: BLE001 - the outermost boundary
            return _ended_by(exc, scene, arguments)
        except BaseExceptionGroup as exc:
            return _ended_by(exc, scene, arguments)


def _ended_by(exc: BaseException, scene: Scene, arguments: Sequence[str]) -> int:
    known = _situation(exc)
    if _is_for_want_of_handles(exc):
        known = known or StorageError("too many open files")
        known.args = (f"{known}; {_handles()}",)
    if known is not None:
        for line in str(known).splitlines():
            _tell(f"error: {line}")
        return known.exit_code
    what = str(exc) if isinstance(exc, BugError) else _bug(exc)
    try:
        details = f"details, without anybody's data, are in {write_crash(exc, scene, arguments)}"
    except Exception as failure:  # noqa: BLE001 - whatever goes wrong here, the bug is reported
        reason = str(failure) if isinstance(failure, BulkImportError) else summary_of(failure)
        details = f"its details cannot be written ({reason})"
    _tell(f"error: {what}; {details}")
    return EXIT_BUG


def _is_for_want_of_handles(exc: BaseException | None) -> bool:
    """Whether a limit of open files is behind it, whatever came of that."""
    if exc is None:
        return False
    if isinstance(exc, OSError) and exc.errno in (errno.EMFILE, errno.ENFILE):
        return True
    if isinstance(exc, BaseExceptionGroup) and any(map(_is_for_want_of_handles, exc.exceptions)):
        return True
    return _is_for_want_of_handles(exc.__cause__ or exc.__context__)


def _handles() -> str:
    try:
        import resource
    except ImportError:  # Windows
        return "close other programs, then run the same command again"
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        f"this process may have {most} files open at once: raise that (`ulimit -n 256`), then run "
        "the same command again"
    )


def end_of(exc: BaseException) -> tuple[int, str]:
    """Return the exit code in which *exc* ends a command, and why, without anybody's data."""
    if isinstance(exc, SystemExit):
        return (exc.code if isinstance(exc.code, int) else 1), "ended by a signal"
    if isinstance(exc, click.Abort | KeyboardInterrupt):
        return EXIT_INTERRUPTED, "interrupted"
    if isinstance(exc, click.ClickException):
        return exc.exit_code, exc.format_message()
    if isinstance(exc, BrokenPipeError):
        return 0, ""
    known = _situation(exc) if isinstance(exc, Exception | BaseExceptionGroup) else None
    if known is not None:
        return known.exit_code, str(known)
    return EXIT_BUG, str(exc) if isinstance(exc, BugError) else _bug(exc)


def _bug(exc: BaseException) -> str:
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    place = place_of(exc)
    return f"a bug in bulk_import ({type(exc).__name__}{f' in {place}' if place else ''})"


def _situation(exc: BaseException) -> BulkImportError | None:
    """Return what a user can do something about; ``None`` for a bug."""
    if isinstance(exc, BugError):
        return None
    if isinstance(exc, BulkImportError):
        return exc
    if isinstance(exc, BaseExceptionGroup):
        found = [_situation(each) for each in exc.exceptions]
        return None if None in found else found[0]
    if isinstance(exc, MemoryError):
        return StorageError("not enough memory; close other programs, or split the file")
    if isinstance(exc, OSError):
        return _of_the_system(exc)
    return None


def _of_the_system(exc: OSError) -> StorageError | None:
    from pathlib import Path

    reason = exc.strerror or str(exc)
    if exc.filename is None:
        trouble = _stdout_trouble()
        if trouble:
            return StorageError(f"standard output: {trouble}")
        if exc.errno == errno.ENOENT and not _has_folder():
            return StorageError("the current folder does not exist any more; change to another")
        return StorageError(reason) if exc.errno in _OF_THE_MACHINE else None
    path = os.fsdecode(exc.filename) if not isinstance(exc.filename, int) else "an open file"
    if exc.errno not in _OF_A_PATH or path.startswith(str(Path(__file__).parents[1])):
        return None
    return StorageError(f"{path}: {reason}")


def _has_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - Path.cwd() is the same
    except FileNotFoundError:
        return False
    return True


def _stdout_trouble() -> str:
    """Return why stdout cannot be written; what it could not write, it tries again."""
    try:
        sys.stdout.flush()
    except OSError as exc:
        _give_up(sys.stdout)
        return exc.strerror or str(exc)
    return ""


def _refuse_undecodable(arguments: Sequence[str]) -> None:
    """Such a name could not be written into a report."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise SettingsError(
                f"{argument.encode('utf-8', 'backslashreplace').decode()}: not UTF-8; "
                "rename the file, or correct the argument"
            ) from None


def _tell(line: str) -> None:
    with contextlib.suppress(OSError):
        click.echo(line, err=True)


def _give_up(stream: object) -> None:
    from bulk_import.cli.terminal import mute

    mute(stream)  # type: ignore[arg-type]


@contextlib.contextmanager
def _usable_streams() -> Iterator[None]:
    """Put the null device in the place of closed streams.

    Otherwise a file that is opened later gets the number of standard output, and what is printed
    ends up in it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    with contextlib.ExitStack() as stack:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is None:
                from pathlib import Path

                null = stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
                setattr(sys, name, null)
                stack.callback(setattr, sys, name, None)
            elif hasattr(stream, "reconfigure"):
                # A C locale must not keep names of people from being written.
                stream.reconfigure(errors="backslashreplace")
        yield
