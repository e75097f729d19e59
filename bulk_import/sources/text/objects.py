"""Reads JSON as a table: an array of objects, or one object per line (JSON Lines, NDJSON).

The file is read twice: once for the names of the columns, which may differ from object to object,
once for the rows. Numbers keep the digits that are written. A list or an object in a cell stays JSON.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bulk_import.errors import Message, SourceError
from bulk_import.sources.table import LONGEST_CELL, MOST_COLUMNS, Line

_BLOCK = 1 << 16  # characters
_LONGEST_OBJECT = 8 << 20  # characters
_WRAPPERS = (
    "data",
    "results",
    "items",
    "records",
    "rows",
    "contacts",
    "subscribers",
    "leads",
    "value",
)


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


class _NamedTwiceError(Exception):
    """An object has the same name twice; which value is meant is unknown."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _NamedTwiceError(next(name for name in names if names.count(name) > 1))
    return found


_DECODER = json.JSONDecoder(
    parse_int=_Number, parse_float=_Number, parse_constant=_Number, object_pairs_hook=_object
)


def is_json(head: bytes) -> bool:
    """Whether a file begins as a JSON document or as JSON Lines."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"{\\rtf"):
        return False
    after = start[1:].lstrip()[:1]
    return (start.startswith(b"{") and after in (b'"', b"}")) or (
        start.startswith(b"[") and after in (b"{", b"]", b"[", b'"')
    )


def read_objects(
    path: Path, name: str, encoding: str | None
) -> tuple[str, tuple[str, ...], Iterator[Line]]:
    """Return (encoding, names of the columns, one line for each object).

    A line's number is that of the file's line on which its object begins; where several begin on
    one line, as in JSON without line breaks, it is the object's place among all.

    Raises:
        SourceError: Not JSON, or not a list of objects.
    """
    encoding = encoding or _encoding(path)
    columns: dict[str, None] = {}
    count = last = 0
    is_by_line = True
    for line, found in _objects(path, name, encoding):
        columns.update(dict.fromkeys(found))
        count += 1
        is_by_line = is_by_line and line > last
        last = line
        if len(columns) > MOST_COLUMNS:
            raise SourceError(
                Message(
                    "{name}: more than {most_columns:,} different names in its objects",
                    name=name,
                    most_columns=MOST_COLUMNS,
                ),
                code="SOURCE_TOO_WIDE",
            )
    if not count:
        raise SourceError(Message("{name}: no objects in it", name=name), code="SOURCE_EMPTY")
    header = tuple(columns)
    return encoding, header, _lines(path, name, encoding, header, is_by_line=is_by_line)


def _lines(
    path: Path, name: str, encoding: str, header: tuple[str, ...], *, is_by_line: bool
) -> Iterator[Line]:
    for count, (line, found) in enumerate(_objects(path, name, encoding), 1):
        number = line if is_by_line else count
        cells = [_cell(found.get(column)) for column in header]
        if any(len(cell) > LONGEST_CELL for cell in cells):
            raise SourceError(
                Message(
                    "{name}: line {number}: a text of more than {longest_cell:,} characters",
                    name=name,
                    number=number,
                    longest_cell=LONGEST_CELL,
                ),
                code="CELL_TOO_LONG",
            )
        yield Line(number, cells)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, _Number):
        return _number_text(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return json.dumps(value, ensure_ascii=False)


def _number_text(written: str) -> str:
    """The digits of a number: also of 7.9E10, not of Infinity."""
    if "e" not in written.lower():
        return str(written)
    from bulk_import.sources.numbers import stored_number

    try:
        return f"{stored_number(written):f}"
    except ValueError:
        return str(written)


def _encoding(path: Path) -> str:
    """RFC 8259: UTF-8; a byte order mark or zero bytes tell the others."""
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"


def _objects(path: Path, name: str, encoding: str) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding=encoding, errors="strict") as file:
            yield from _Scanner(file, name).objects()
    except UnicodeDecodeError as exc:
        raise SourceError(
            Message(
                "{name}: a byte that is not {encoding} ({reason}); save the file as UTF-8",
                name=name,
                encoding=encoding,
                reason=exc.reason,
            ),
            code="ENCODING_WRONG",
        ) from None


class _Scanner:
    """Reads one JSON value after another from a text of any size."""

    def __init__(self, file: io.TextIOBase, name: str) -> None:
        self._file = file
        self._name = name
        self._text = ""
        self._at = 0
        self._line = 1

    def objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        first = self._next()
        is_array = first == "["
        if is_array:
            self._at += 1
        while True:
            char = self._next()
            if char == "," and is_array:
                self._at += 1
                continue
            if not char or (char == "]" and is_array):
                self._check_end(is_array=is_array)
                return
            if char != "{":
                raise self._broken(Message("not an object with the names of the columns"))
            line, value = self._line, self._value()
            wrapped = self._wrapped(value) if not is_array else None
            if wrapped is None and value and all(isinstance(item, dict) for item in value.values()):
                raise self._broken(Message("an object of objects"), line)
            if wrapped is None:
                yield line, value
            else:
                yield from ((line, item) for item in wrapped)

    def _check_end(self, *, is_array: bool) -> None:
        if not is_array:
            return
        if self._next() != "]":
            raise self._broken(Message("the array is not closed: the file is cut off"))
        self._at += 1
        if self._next():
            raise self._broken(Message("there is more after the end of the array"))

    def _wrapped(self, value: dict[str, Any]) -> list[dict[str, Any]] | None:
        """The objects in an API response: ``{"data": [{…}, {…}]}``."""
        lists = [
            value[key]
            for key in _WRAPPERS
            if isinstance(value.get(key), list)
            and value[key]
            and all(isinstance(item, dict) for item in value[key])
        ]
        return lists[0] if len(lists) == 1 else None

    def _next(self) -> str:
        """Skip blanks; return the next character, ``""`` at the end."""
        while True:
            while self._at < len(self._text):
                char = self._text[self._at]
                if not char.isspace():
                    return char
                self._line += char == "\n"
                self._at += 1
            if not self._more():
                return ""

    def _value(self) -> dict[str, Any]:
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise self._broken(Message("lists in lists without end")) from None
            except _NamedTwiceError as exc:
                raise self._broken(
                    Message("an object has the name {key!r} twice", key=exc.key[:40])
                ) from None
            except json.JSONDecodeError as exc:
                if len(self._text) - self._at < _LONGEST_OBJECT and self._more():
                    continue
                raise self._broken(exc.msg) from None
            self._line += self._text.count("\n", self._at, end)
            self._at = end
            return dict(value)

    def _more(self) -> bool:
        # At least as much again as is pending, so that a long object is not parsed too often.
        block = self._file.read(max(_BLOCK, len(self._text) - self._at))
        self._text = self._text[self._at :] + block
        self._at = 0
        return bool(block)

    def _broken(self, why: str, line: int = 0) -> SourceError:
        return SourceError(
            Message(
                "{name}: line {line}: {why}; JSON is read as a list of flat objects, or one "
                "object a line",
                name=self._name,
                line=line or self._line,
                why=why,
            ),
            code="JSON_WRONG",
        )
