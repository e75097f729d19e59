"""Contacts that are never sent: addresses, and where a list says so, whole domains or hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from bulk_import.errors import MappingError, MappingProblem, Message
from bulk_import.mapping.lists import Entries, ListReport, read_list
from bulk_import.mapping.schema import SuppressSpec
from bulk_import.models import Problem
from bulk_import.normalize.mailboxes import email_key


class SuppressionList:
    """Who must not be sent."""

    def __init__(self) -> None:
        self._entries = Entries()
        self.reports: tuple[ListReport, ...] = ()

    @classmethod
    def load(
        cls, files: Iterable[tuple[Path | str, SuppressSpec]], *, is_strict: bool = False
    ) -> SuppressionList:
        """Read lists.

        Args:
            files: Their paths, and what the mapping says of each.
            is_strict: Refuse a list with any entry that is not understood.

        Raises:
            MappingError: A list cannot be read to its end, has no entry at all, or names a public
                mail provider as a domain; with *is_strict*, entries that are not understood.
        """
        found = cls()
        problems: list[MappingProblem] = []
        reports = []
        for path, spec in files:
            entries, report, found_problems = read_list(path, spec)
            problems += found_problems
            if is_strict:
                problems += _refused(report)
            reports.append(report)
            found._entries.add(entries)
        if problems:
            raise MappingError(problems)
        found.reports = tuple(reports)
        return found

    def __len__(self) -> int:
        return len(self._entries)

    def reason(self, email: str) -> str:
        """Return why the address must not be sent; ``""`` when it may."""
        entries = self._entries
        if not email or not len(entries):
            return ""
        key = email_key(email)
        if key in entries.addresses:
            return Message("{email} is on the suppression list", email=email)
        if entries.gmail and email_key(email, gmail_dots=True) in entries.gmail:
            return Message(
                "{email} is on the suppression list (Gmail's dots left out)", email=email
            )
        domain = key.rpartition("@")[2] if entries.domains else ""
        while "." in domain:
            if domain in entries.domains:
                return Message("the domain {domain} is on the suppression list", domain=domain)
            domain = domain.partition(".")[2]
        if entries.hashes and not entries.hashes.isdisjoint(_digests(email, key)):
            return "the address's hash is on the suppression list"
        return ""


def _refused(report: ListReport) -> list[MappingProblem]:
    return [
        MappingProblem(
            Message(
                "suppress: {text!r} is not understood as an address; correct it, or allow it "
                "with --no-strict-suppress (it would not be honoured)",
                text=entry.text[:80],
            ),
            Message("{name}", name=report.name),
            entry.row,
            entry.column,
        )
        for entry in report.unknown
    ]


def _digests(email: str, key: str) -> set[str]:
    """Hashes of the address in the spellings in which services exchange them."""
    spellings = {email.lower(), key}
    return {
        hashlib.new(name, spelling.encode(), usedforsecurity=False).hexdigest()
        for spelling in spellings
        for name in ("md5", "sha1", "sha256")
    }


def unheeded_sheets(
    problems: Iterable[tuple[str, Problem]], lists: Iterable[SuppressSpec]
) -> list[str]:
    """Return the sheets whose names say that people want no e-mail, and that are on no list.

    Args:
        problems: (source, problem) of reading.
        lists: The suppression lists that are read.
    """
    heeded = {spec.sheet for spec in lists}
    found = dict.fromkeys(p.value for _, p in problems if p.code == "SHEET_SAYS_NO")
    return [sheet for sheet in found if sheet not in heeded]
