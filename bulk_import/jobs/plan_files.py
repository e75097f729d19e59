"""A plan of tags and lists as two files: contacts as CSV, and the mapping that sends them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from pathlib import Path

from bulk_import.api.fields import OPPOSITE
from bulk_import.jobs.holding import Doubt, Place
from bulk_import.mapping.schema import SuppressSpec
from bulk_import.normalize.mailboxes import email_key
from bulk_import.system.files import replaced

_EMAIL = "lead_email"
_SAID_NO = "said_no"  # the cell of the list that says that somebody is not to be written to
_PLACE = ("list", "sheet", "row")  # columns that say where a contact stands

Calls = Mapping[str, Mapping[str, Collection[str]]]


def write_plan_files(
    stem: Path,
    calls: Calls,
    *,
    refused: Sequence[Doubt] = (),
    places: Mapping[str, Place] | None = None,
    suppress: Sequence[tuple[Path | str, SuppressSpec]] = (),
    comment: str = "",
) -> tuple[Path, Path]:
    """Write ``stem.csv`` and ``stem.yml``, to be checked and run like any other source and mapping.

    Files of those names with other content are kept, for somebody may have edited them; the new
    ones are then ``stem-2.csv`` and ``stem-2.yml``, or the next number.

    Args:
        calls: E-mail -> parameter -> values, in the order in which they are written.
        refused: Cells that are no address; written as rows of their own.
        places: Key of a contact -> where the person stands on a list. Reports then name that row
            instead of the plan's.
        suppress: Suppression lists that the mapping names, and what it says of each.
        comment: The mapping's first line.

    Returns:
        The source and the mapping.

    Raises:
        StorageError: They cannot be written.
    """
    used = [name for name in OPPOSITE if any(call.get(name) for call in calls.values())]
    contents = (
        _table(calls, used, refused, places),
        _mapping(
            used,
            suppress,
            comment,
            has_places=places is not None,
            has_no=any(doubt.said_no for doubt in refused),
        ),
    )
    for number in count(1):
        named = stem if number == 1 else stem.with_name(f"{stem.name}-{number}")
        paths = named.with_suffix(".csv"), named.with_suffix(".yml")
        if all(_is_free(*pair) for pair in zip(paths, contents, strict=True)):
            break
    for path, content in zip(paths, contents, strict=True):
        with replaced(path) as file:
            file.write(content)
    return paths


def _is_free(path: Path, content: bytes) -> bool:
    return not path.exists() or path.read_bytes() == content


def _table(
    calls: Calls,
    used: Sequence[str],
    refused: Sequence[Doubt],
    places: Mapping[str, Place] | None,
) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    has_no = any(doubt.said_no for doubt in refused)
    said_no = [_SAID_NO] if has_no else []
    writer.writerow([_EMAIL, *used, *said_no, *(_PLACE if places is not None else ())])
    for email, call in calls.items():
        where = _cells((places or {}).get(email_key(email))) if places is not None else []
        writer.writerow(
            [email, *(",".join(call.get(name, ())) for name in used), *[""] * has_no, *where]
        )
    for doubt in refused:
        where = _cells(doubt.place) if places is not None else []
        writer.writerow([doubt.text, *([""] * len(used)), *[doubt.said_no] * has_no, *where])
    return text.getvalue().encode("utf-8-sig")


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
