"""A plan of tags and lists as two files: contacts as CSV, and the mapping that sends them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from pathlib import Path

from bulk_import.api.fields import OPPOSITE
from bulk_import.mapping.schema import SuppressSpec
from bulk_import.system.files import replaced

_EMAIL = "lead_email"

Calls = Mapping[str, Mapping[str, Collection[str]]]


def write_plan_files(
    stem: Path,
    calls: Calls,
    *,
    refused: Sequence[str] = (),
    suppress: Sequence[tuple[Path, SuppressSpec]] = (),
    comment: str = "",
) -> tuple[Path, Path]:
    """Write ``stem.csv`` and ``stem.yml``, to be checked and run like any other source and mapping.

    Files of those names with other content are kept, for somebody may have edited them; the new
    ones are then ``stem-2.csv`` and ``stem-2.yml``, or the next number.

    Args:
        calls: E-mail -> parameter -> values, in the order in which they are written.
        refused: Texts that are no address; written as rows of their own.
        suppress: Suppression lists that the mapping names, and what it says of each.
        comment: The mapping's first line.

    Returns:
        The source and the mapping.

    Raises:
        StorageError: They cannot be written.
    """
    used = [name for name in OPPOSITE if any(call.get(name) for call in calls.values())]
    contents = _table(calls, used, refused), _mapping(used, suppress, comment)
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


def _table(calls: Calls, used: Sequence[str], refused: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([_EMAIL, *used])
    for email, call in calls.items():
        writer.writerow([email, *(",".join(call.get(name, ())) for name in used)])
    writer.writerows([email, *([""] * len(used))] for email in refused)
    return text.getvalue().encode("utf-8-sig")


def _mapping(
    used: Sequence[str], suppress: Sequence[tuple[Path, SuppressSpec]], comment: str
) -> bytes:
    document = [f"# {comment}"] if comment else []
    document += ["version: 1", "fields:", f"  {_EMAIL}: {_EMAIL}"]
    document += [f'  {name}: {{column: {name}, separator: ","}}' for name in used]
    document += ["suppress:"] if suppress else []
    document += [f"  - {_entry(path, spec)}" for path, spec in suppress]
    return ("\n".join(document) + "\n").encode()


def _entry(path: Path, spec: SuppressSpec) -> str:
    """A suppression list as a line of YAML, its path made absolute."""
    options = spec.model_dump(exclude_defaults=True, exclude={"file"})
    return json.dumps({"file": str(path.resolve()), **options}, ensure_ascii=False)
