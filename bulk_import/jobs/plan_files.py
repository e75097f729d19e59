"""A plan of tags and lists as two files: contacts as CSV, and the mapping that sends them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Protocol

from bulk_import.errors import Message, StorageError
from bulk_import.jobs.holding import Doubt, Place
from bulk_import.mapping.schema import SuppressSpec
from bulk_import.system.files import replaced

_EMAIL = "lead_email"
_SAID_NO = "said_no"  # the cell of the list that says that somebody is not to be written to
_PLACE = ("list", "sheet", "row")  # columns that say where a contact is on a list
_BLOCK = 1 << 16  # characters written together


class Planned(Protocol):
    """The calls of a plan."""

    @property
    def used(self) -> Sequence[str]:
        """The parameters that any call has, in the order of the columns."""

    def placed(self) -> Iterable[tuple[str, Mapping[str, Collection[str]], Place | None]]:
        """Return (e-mail, parameter -> values, where the person is on a list) of each call."""


def write_plan_files(
    stem: Path,
    calls: Planned,
    *,
    refused: Sequence[Doubt] = (),
    has_places: bool = False,
    suppress: Sequence[tuple[Path | str, SuppressSpec]] = (),
    comment: str = "",
) -> tuple[Path, Path]:
    """Write ``stem.csv`` and ``stem.yml``, to be checked and run like any other source and mapping.

    Files of those names with other content are kept, for somebody may have edited them; the new
    ones are then ``stem-2.csv`` and ``stem-2.yml``, or the next number.

    Args:
        refused: Cells that are no address; written as rows of their own.
        has_places: Whether to write where people are on lists. Reports then name those rows
            instead of the plan's.
        suppress: Suppression lists that the mapping names, and what it says of each.
        comment: The mapping's first line.

    Returns:
        The source and the mapping.

    Raises:
        StorageError: They cannot be written.
    """
    used = calls.used
    has_no = any(doubt.said_no for doubt in refused)
    mapping = _mapping(used, suppress, comment, has_places=has_places, has_no=has_no)

    def table() -> Iterator[bytes]:
        return _table(calls, used, refused, has_places=has_places, has_no=has_no)

    contents: tuple[Callable[[], Iterable[bytes]], ...] = (table, lambda: [mapping])
    for number in count(1):
        named = stem if number == 1 else stem.with_name(f"{stem.name}-{number}")
        paths = named.with_suffix(".csv"), named.with_suffix(".yml")
        if all(_is_free(*pair) for pair in zip(paths, contents, strict=True)):
            break
    for path, content in zip(paths, contents, strict=True):
        with replaced(path) as file:
            file.writelines(content())
    return paths


def _is_free(path: Path, content: Callable[[], Iterable[bytes]]) -> bool:
    """Whether there is no such file, or one with just that content."""
    try:
        with path.open("rb") as file:
            return all(file.read(len(block)) == block for block in content()) and not file.read(1)
    except FileNotFoundError:
        return True
    except OSError as exc:
        reason = exc.strerror or exc
        raise StorageError(
            Message("{path}: cannot be written: {strerror}", path=path, strerror=reason)
        ) from exc


def _table(
    calls: Planned, used: Sequence[str], refused: Iterable[Doubt], *, has_places: bool, has_no: bool
) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    said_no = [_SAID_NO] if has_no else []
    header = [_EMAIL, *used, *said_no, *(_PLACE if has_places else ())]
    people = (
        [
            email, *(",".join(call.get(name, ())) for name in used), *[""] * has_no,
            *(_cells(place) if has_places else ()),
        ]
        for email, call, place in calls.placed()
    )  # fmt: skip
    others = (
        [
            doubt.text, *[""] * len(used), *[doubt.said_no] * has_no,
            *(_cells(doubt.place) if has_places else ()),
        ]
        for doubt in refused
    )  # fmt: skip
    text.write("\ufeff")
    for line in chain([header], people, others):
        writer.writerow(line)
        if text.tell() > _BLOCK:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _cells(place: Place | str | None) -> list[str]:
    return [place.source, place.sheet, str(place.row)] if isinstance(place, Place) else ["", "", ""]


def _mapping(
    used: Sequence[str],
    suppress: Sequence[tuple[Path | str, SuppressSpec]],
    comment: str,
    *,
    has_places: bool,
    has_no: bool,
) -> bytes:
    document = [f"# {comment}"] if comment else []
    document += ["version: 1"]
    document += [f"source: {{places: [{', '.join(_PLACE)}]}}"] if has_places else []
    document += ["fields:", f"  {_EMAIL}: {_EMAIL}"]
    document += [f'  {name}: {{column: {name}, separator: ","}}' for name in used]
    if has_no:
        document += ["only:", f"  - {{column: {_SAID_NO}, values: [empty], because: said no}}"]
    document += ["suppress:"] if suppress else []
    document += [f"  - {_entry(path, spec)}" for path, spec in suppress]
    return ("\n".join(document) + "\n").encode()


def _entry(path: Path | str, spec: SuppressSpec) -> str:
    """A suppression list as a line of YAML, its path made absolute."""
    options = spec.model_dump(exclude_defaults=True, exclude={"file"})
    file = path if isinstance(path, str) else str(path.resolve())
    return json.dumps({"file": file, **options}, ensure_ascii=False)
