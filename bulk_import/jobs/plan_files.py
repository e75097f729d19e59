"""A plan of tags and lists as two files: contacts as CSV, and the mapping that sends them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Mapping, Sequence
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
    source, mapping = stem.with_suffix(".csv"), stem.with_suffix(".yml")
    used = [name for name in OPPOSITE if any(call.get(name) for call in calls.values())]
    with replaced(source) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        writer = csv.writer(text)
        writer.writerow([_EMAIL, *used])
        for email, call in calls.items():
            writer.writerow([email, *(",".join(call.get(name, ())) for name in used)])
        writer.writerows([email, *([""] * len(used))] for email in refused)
        text.flush()
        text.detach()
    document = [f"# {comment}"] if comment else []
    document += ["version: 1", "fields:", f"  {_EMAIL}: {_EMAIL}"]
    document += [f'  {name}: {{column: {name}, separator: ","}}' for name in used]
    document += ["suppress:"] if suppress else []
    document += [f"  - {_entry(path, spec)}" for path, spec in suppress]
    with replaced(mapping) as file:
        file.write(("\n".join(document) + "\n").encode())
    return source, mapping


def _entry(path: Path, spec: SuppressSpec) -> str:
    """A suppression list as a line of YAML, its path made absolute."""
    options = spec.model_dump(exclude_defaults=True, exclude={"file"})
    return json.dumps({"file": str(path.resolve()), **options}, ensure_ascii=False)
