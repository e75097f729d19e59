"""Contacts that are never sent: addresses, whole domains, hashes of addresses."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable
from pathlib import Path

from bulk_import.errors import MappingError, MappingProblem

_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")
_DOMAIN = re.compile(r"(?:\*?@)?((?:[\w-]+\.)+[\w-]{2,})")
_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}")


class SuppressionList:
    """Who must not be sent. Reading is tolerant: a suppressed address is found in any column."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._addresses: set[str] = set()
        self._domains: set[str] = set()
        self._hashes: set[str] = set()
        for entry in entries:
            self._add(entry)

    @classmethod
    def load(cls, paths: Iterable[Path]) -> SuppressionList:
        """Read files of one entry a line, or CSV files with e-mails in some column.

        Raises:
            MappingError: A file cannot be read, or has not a single entry in it.
        """
        found = cls()
        for path in paths:
            before = len(found)
            try:
                text = path.read_bytes().decode("utf-8-sig")
            except OSError as exc:
                raise _error(path, f"cannot be read: {exc.strerror}") from None
            except UnicodeDecodeError as exc:
                raise _error(
                    path, f"byte {exc.start} is not UTF-8; save the file as UTF-8"
                ) from None
            for line in csv.reader(io.StringIO(text.replace(";", ",").replace("\t", ","))):
                for cell in line:
                    found._add(cell)
            # An empty file is fine; one in which nothing is understood would protect nobody.
            if text.strip() and len(found) == before:
                raise _error(path, "no e-mail address, domain or hash in it; one a line")
        return found

    def __len__(self) -> int:
        return len(self._addresses) + len(self._domains) + len(self._hashes)

    def reason(self, email: str) -> str:
        """Return why the lower-cased address must not be sent; ``""`` when it may."""
        if not email or not len(self):
            return ""
        if email in self._addresses:
            return f"{email} is on the suppression list"
        domain = email.rsplit("@", 1)[-1]
        while "." in domain:
            if domain in self._domains:
                return f"the domain {domain} is on the suppression list"
            domain = domain.split(".", 1)[1]
        if self._hashes and not self._hashes.isdisjoint(_digests(email)):
            return "the address's hash is on the suppression list"
        return ""

    def _add(self, entry: str) -> None:
        text = entry.strip().strip("\"'<>").lower()
        if _ADDRESS.fullmatch(text):
            self._addresses.add(text)
        elif _HASH.fullmatch(text):
            self._hashes.add(text)
        elif match := _DOMAIN.fullmatch(text):
            self._domains.add(match[1])


def _error(path: Path, message: str) -> MappingError:
    return MappingError([MappingProblem(message, str(path), path="suppress")])


def _digests(email: str) -> tuple[str, ...]:
    raw = email.encode()
    return tuple(
        hashlib.new(name, raw, usedforsecurity=False).hexdigest()
        for name in ("md5", "sha1", "sha256")
    )
