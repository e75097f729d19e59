"""Errors, named by what the caller does next.

BulkImportError
├── SetupError            nothing was sent: correct a file or a flag, start again   (exit 2)
│   ├── SettingsError       key, account, endpoint, options
│   ├── MappingError        the YAML file
│   └── SourceError         the spreadsheet
├── BusyError             another run holds this journal, state or account          (exit 4)
├── StorageError          the journal or a report cannot be written                 (exit 5)
├── StoppedError          the run ended before its rows did; it can be resumed      (exit 3, 130, 143)
└── BugError              a bug that was noticed: row counts that do not add up      (exit 70)

A row's problems are values (``models.Problem``), not exceptions: a row reports all of them at
once. What a single request can end in lives in ``api.answers``. Anything that is not a
BulkImportError is a bug as well; the command line ends with exit code 70 then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

EXIT_SOME_FAILED = 1
EXIT_SETUP = 2
EXIT_STOPPED = 3
EXIT_BUSY = 4
EXIT_STORAGE = 5
EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class BulkImportError(Exception):
    """Base of all errors that a user can act on."""

    exit_code = EXIT_SOME_FAILED


class SetupError(BulkImportError):
    """Nothing was sent; correct a file or a flag and start again."""

    exit_code = EXIT_SETUP


class SettingsError(SetupError):
    """Key, account, endpoint or an option does not make sense."""


@dataclass(frozen=True, slots=True)
class MappingProblem:
    """One mistake in a mapping, a plan of segments, or a file that it names.

    Attributes:
        message: What was found; what would work.
        file: As it was given.
        line, column: Of the key, from 1; 0 where the file as a whole is meant.
        path: The key's path, such as ``fields.lead_phone``; may be empty.
    """

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        """``file:line:column: path: message``, as far as each is known."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(filter(None, (place, self.path, self.message)))


class MappingError(SetupError):
    """The mapping file cannot be used.

    Attributes:
        problems: All that were found, in the order of the file.
    """

    def __init__(self, problems: Iterable[MappingProblem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda p: (p.line, p.column, p.message)))
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[MappingProblem, ...]]]:
        return type(self), (self.problems,)  # to another process, as it is

    @classmethod
    def of(cls, message: str, file: object = "", line: int = 0, column: int = 0) -> Self:
        """Return an error of one problem."""
        return cls([MappingProblem(message, str(file), line, column)])


class SourceError(SetupError):
    """The spreadsheet cannot be read as it is.

    Attributes:
        code: Symbolic code of the catalogue, such as ``SOURCE_ENCRYPTED``.
    """

    def __init__(self, message: str, *, code: str = "SOURCE_UNREADABLE") -> None:
        super().__init__(message)
        self.code = code


class BusyError(BulkImportError):
    """Another run holds this journal, state or account; the message names the holder."""

    exit_code = EXIT_BUSY


class StorageError(BulkImportError):
    """The journal or a report cannot be written: a full disk, permissions."""

    exit_code = EXIT_STORAGE


class StoppedError(BulkImportError):
    """A fatal answer, the breaker, the canary, the brake or a signal ended the run; it can be resumed."""

    exit_code = EXIT_STOPPED

    def __init__(self, message: str, *, exit_code: int = EXIT_STOPPED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class BugError(BulkImportError):
    """A bug in this program that was noticed: row counts that do not add up, a crashed process of ours.

    Attributes:
        report: The other process's traceback, without anybody's data; else empty.
    """

    exit_code = EXIT_BUG

    def __init__(self, message: str, *, report: str = "") -> None:
        super().__init__(message)
        self.report = report
