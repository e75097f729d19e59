"""A support archive of a run: the same shapes and equalities, and nobody's data.

Every letter becomes another letter and every digit another digit, the same text always the same
replacement within one bundle; what programs decide by (signs, lengths, scripts, blanks, known
words such as ``NA``) stays. The replacement is keyed by a secret that is thrown away.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import secrets
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from bulk_import.models import Outcome, Row, Summary
from bulk_import.report.summary import as_json
from bulk_import.system.files import replaced

_KEPT = frozenset(
    {"na", "n/a", "null", "none", "nan", "true", "false", "yes", "no", "-", "", "#n/a", "0", "1"}
)
_FACTS = ("source", "row", "status", "error_code", "problems", "attempts", "http_status")


class Veil:
    """Replaces texts by others of the same shape; equal texts by equal ones."""

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret or secrets.token_bytes(32)

    def __call__(self, text: str) -> str:
        if text.strip().lower() in _KEPT:
            return text
        stream = self._stream(text)
        return "".join(_like(char, next(stream)) for char in text)

    def _stream(self, text: str) -> Iterator[int]:
        counter = 0
        while True:
            message = text.encode("utf-8", "surrogatepass") + counter.to_bytes(4, "big")
            yield from hmac.new(self._secret, message, hashlib.sha256).digest()
            counter += 1


def write_bundle(
    path: Path,
    summary: Summary,
    mapping: str,
    results: Iterable[tuple[int, Row, Outcome]],
    *,
    most_rows: int = 10_000,
) -> int:
    """Write the archive; return the number of rows in it.

    Args:
        results: Of the run's journal, in source order.
        most_rows: Rows beyond are left out.

    Raises:
        StorageError: It cannot be written.
    """
    veil = Veil()
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    columns: dict[str, str] = {}
    count = 0
    for number, row, outcome in results:
        if count >= most_rows:
            break
        if count == 0:
            columns = {name: name for name in row.cells}
            writer.writerow([*_FACTS, *columns])
        count += 1
        writer.writerow(
            [number, row.number, outcome.status.value, outcome.error_code,
             _codes(outcome), outcome.attempts, outcome.http_status or "",
             *(veil(cell) for cell in row.cells.values())]
        )  # fmt: skip
    told = as_json(summary) | {"sources": [f"source {n}" for n, _ in enumerate(summary.sources, 1)]}
    told |= {"run_dir": "", "endpoint": "", "mapping": "mapping.yml"}
    told["stopped"] = "stopped" if summary.stopped else ""
    with replaced(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("summary.json", json.dumps(told, indent=2))
        archive.writestr("mapping.yml", mapping)
        archive.writestr("rows.csv", table.getvalue())
    return count


def _codes(outcome: Outcome) -> str:
    """Codes and columns of what was found; no messages, which quote cells."""
    found = (*outcome.reasons, *outcome.warnings)
    return "; ".join(f"{p.code} ({p.column})" if p.column else p.code for p in found)


def _like(char: str, chance: int) -> str:
    """Another character of the same kind."""
    if char.isascii():
        if char.isdigit():
            return str(chance % 10)
        if char.isalpha():
            return chr((ord("a") if char.islower() else ord("A")) + chance % 26)
        return char
    if "\u0400" <= char <= "\u04ff" and char.isalpha():
        return chr((ord("а") if char.islower() else ord("А")) + chance % 32)
    if char.isalpha():
        # Any letter of the neighbourhood: one of the same kind, so that detectors see the same.
        for step in range(1 + chance % 13, 40):
            other = chr(ord(char) + step)
            if unicodedata.category(other) == unicodedata.category(char):
                return other
    return char
