"""Digests of mapped cells: what a row is recognized by without being judged again.

Everything that could change a row's payload is in its digest: the mapped cells and what reading
found in them, the mapping, this program's code and libraries, the lists and managers of the account,
and for ``lead_utc`` the rules of the time zones in force. Two things are not in it, because they are
looked up for each row: whether the contact is suppressed, and what its other rows say.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from bulk_import import __version__
from bulk_import.api.fields import Kind
from bulk_import.mapping.binding import Binding
from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Row
from bulk_import.normalize import zones
from bulk_import.sources.rows import Rows

# The parts that turn cells into a form. What reads them is not among them: what it finds is digested.
_RULES = (
    "api/fields.py", "api/form.py", "codes", "mapping", "models.py", "normalize", "run/judges.py",
    "run/judging.py", "sources/damage.py", "sources/remnants.py",
    "sources/spoiled.py", "sources/suspicion.py",
)  # fmt: skip
_PACKAGE = Path(__file__).parent.parent
_SEPARATOR = "\0"
_DISTRIBUTION = "bulk-import"
_AFTER_NAME = re.compile(r"[^A-Za-z0-9._-]")


class Digester:
    """Makes the 16 bytes by which the rows of one source are recognized.

    Attributes:
        columns: All whose cells have a say in the payload, sorted.
    """

    def __init__(self, columns: Sequence[str], binding: Binding) -> None:
        self.columns = tuple(columns)
        self._begin = hashlib.blake2b(fingerprint(binding).encode(), digest_size=16).copy

    def digests(self, rows: Sequence[Row], picked: Sequence[tuple[str, ...]]) -> list[bytes]:
        """Return the digest of each row.

        Args:
            picked: Their cells of ``columns``.
        """
        texts = list(map(_SEPARATOR.join, picked))
        expected = (len(self.columns) - 1) * len(texts)
        if Rows.of(rows).problems or "".join(texts).count(_SEPARATOR) != expected:
            texts = list(map(self._marked, rows, picked, texts))
        begin, found = self._begin, []
        for text in texts:
            whole = begin()
            whole.update(text.encode("utf-8", "surrogatepass"))
            found.append(whole.digest())
        return found

    def _marked(self, row: Row, picked: tuple[str, ...], text: str) -> str:
        """Return the text of a row so that no other row has it."""
        separators = len(self.columns) - 1
        if not row.problems and text.count(_SEPARATOR) == separators:
            return text
        # Begins as no plain row can: that has one separator less.
        return f"{_SEPARATOR * (separators + 1)}{(picked, row.problems)!r}"


def cells_of(rows: Sequence[Row], columns: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the cells of *columns* of each row."""
    column = Rows.of(rows).column
    return [*zip(*map(column, columns), strict=True)] if columns else [()] * len(rows)


def digester(mapper: RowMapper) -> Digester | None:
    """Return what makes the digests; ``None`` if a row's payload depends on more than its cells."""
    binding = mapper.binding
    spec = binding.mapping.spec
    if any(rule.deliverability for rule in (*spec.fields.values(), *spec.extra.values())):
        return None  # the DNS is asked each time
    columns = sorted(binding.used_columns)
    return Digester(columns, binding) if columns else None


def fingerprint(binding: Binding) -> str:
    """Return all that a payload depends on besides its row's cells, as text."""
    bound = (*binding.fields, *binding.extra)
    kinds = {field.field.kind for field in bound}
    spec = binding.mapping.spec
    return json.dumps(
        [
            code_version(),
            binding.mapping.fingerprint(),
            spec.model_dump(mode="json"),  # options of the command line included
            sorted(binding.used_columns),
            [(rule.section, rule.columns, sorted(rule.values)) for rule in binding.rules],
            [
                (field.field.name, field.columns, field.region_column, field.always)
                for field in bound
            ],
            dict(binding.lists) if Kind.LISTS in kinds and binding.lists is not None else None,
            dict(binding.managers)
            if Kind.MANAGER in kinds and binding.managers is not None
            else None,
            clocks_of(binding),
        ],
        sort_keys=True,
        default=list,
    )


def code_version() -> str:
    """Return what tells the code that is running, and its libraries, from any other."""
    return _RUNNING


def _version_on_disk() -> str:
    whole = hashlib.sha256(f"{__version__} {sys.version} {unicodedata.unidata_version}".encode())
    for path in rule_files():
        whole.update(str(path.relative_to(_PACKAGE)).encode() + b"\0" + path.read_bytes())
    for name, version in sorted(libraries()):
        whole.update(f"{name} {version}\n".encode())
    return whole.hexdigest()


def rule_files() -> Iterator[Path]:
    """Yield the files of the rules; none in a frozen program, whose version says it all."""
    for name in _RULES:
        path = _PACKAGE / name
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and p.suffix != ".pyc")
        elif path.is_file():
            yield path


def libraries() -> Iterator[tuple[str, str]]:
    """Yield name and version of what this program is made with; nothing in a frozen program."""
    try:
        needed = metadata.requires(_DISTRIBUTION) or ()
    except metadata.PackageNotFoundError:
        return
    for name in {"idna", *(_AFTER_NAME.split(one, maxsplit=1)[0] for one in needed)}:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue


def clocks_of(binding: Binding) -> str:
    """Return what tells the time zones' offsets from those at another moment; ``""`` without any."""
    has_offsets = any(field.field.kind is Kind.UTC_OFFSET for field in binding.fields)
    if not has_offsets:
        return ""
    is_of_now = any(rule.dst == "current" for rule in binding.mapping.spec.fields.values())
    at = binding.at or datetime.now(UTC)
    # Clocks change at full quarters of an hour: nights that follow each other get the same answer.
    at = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
    return _offsets(at, is_of_now=is_of_now)


@lru_cache(maxsize=8)
def _offsets(at: datetime, *, is_of_now: bool) -> str:
    """Return a digest of the offsets of all time zones by the rules in force at that moment.

    Args:
        is_of_now: Whether it counts which of them is shown at that moment.
    """
    whole = hashlib.sha256(str(is_of_now).encode())
    for name in sorted(zones.names().values()):
        shown = at.astimezone(zones.load(name)).utcoffset() if is_of_now else ""
        whole.update(f"{name} {zones.both(name, at)} {shown}\n".encode())
    return whole.hexdigest()


# Read with the code itself: an update during the night does not change what is running.
_RUNNING = _version_on_disk()
