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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

EXIT_SOME_FAILED = 1
EXIT_SETUP = 2
EXIT_STOPPED = 3
EXIT_BUSY = 4
EXIT_STORAGE = 5
EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


_PLAIN = (str, int, float)  # values of a message that stay what they are


class Message(str):
    """An English text that remembers its template and values: a page can show it in another language.

    Everything that takes a text takes it: it is compared, stored and printed as its English text.

    Attributes:
        template: The key of the catalogue of texts, in the syntax of ``str.format``.
        values: What fills the template: text, numbers, other messages. A plain text is somebody's
            data and is never translated; English words among the values have to be messages.
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, /, **values: object) -> Self:
        for name, value in values.items():
            if not isinstance(value, _PLAIN):
                values[name] = _plain(value)
        # Written out and not by super(): many cells have a message each.
        self = str.__new__(cls, template.format_map(values))
        self.template, self.values = template, values
        return self

    def __str__(self) -> str:
        return self  # so that str(exc) is still a message

    def __add__(self, other: str) -> Message:
        return Message.joined("", (self, other))

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (self.packed(),)

    @classmethod
    def of(cls, text: object) -> Message:
        """Return *text* as a message: as it is, else as one without values."""
        said = str(text)
        if isinstance(said, Message):
            return said
        return cls(said.replace("{", "{{").replace("}", "}}"))

    @classmethod
    def joined(cls, separator: str, parts: Iterable[object]) -> Self:
        """Return several messages as one; *separator* is punctuation."""
        values = {f"part{at}": part for at, part in enumerate(parts)}
        return cls(separator.join(f"{{{name}}}" for name in values), **values)

    @classmethod
    def any_of(cls, parts: Iterable[object]) -> str:
        """Return ``a or b or c``."""
        return _listed("{first} or {last}", tuple(parts))

    @classmethod
    def all_of(cls, parts: Iterable[object]) -> str:
        """Return ``a and b and c``."""
        return _listed("{first} and {last}", tuple(parts))

    def packed(self) -> list[Any]:
        """Return what ``unpacked`` makes this message of again, as plain values for JSON."""
        values = {
            name: value.packed() if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return [self.template, values]

    @classmethod
    def unpacked(cls, packed: Any) -> str:
        """Return the message that ``packed`` was made of; a text as it is."""
        if isinstance(packed, str):
            return packed
        template, values = packed
        return cls(
            template,
            **{
                name: cls.unpacked(value) if isinstance(value, list) else value
                for name, value in values.items()
            },
        )


def _listed(template: str, parts: tuple[object, ...]) -> str:
    if len(parts) < 2:
        return Message.joined("", parts)
    return Message(template, first=_listed(template, parts[:-1]), last=parts[-1])


def packed(text: str) -> Any:
    """Return a text or message as plain values for JSON."""
    return text.packed() if isinstance(text, Message) else text


def _plain(value: object) -> object:
    return Message.of(value) if isinstance(value, BaseException) else str(value)


def _unpickled(packed: Any) -> str:
    return Message.unpacked(packed)


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
        message = Message.of(self.message) if self.message else ""
        return Message.joined(": ", filter(None, (place, self.path, message)))


class MappingError(SetupError):
    """The mapping file cannot be used.

    Attributes:
        problems: All that were found, in the order of the file.
    """

    def __init__(self, problems: Iterable[MappingProblem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda p: (p.line, p.column, p.message)))
        super().__init__(Message.joined("\n", self.problems))

    def __add__(self, other: str) -> Message:
        return Message.joined("", (self, other))

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
