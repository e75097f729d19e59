"""Where rejects go: a file that somebody edited after it was written keeps its name and its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bulk_import.errors import Message
from bulk_import.report.rejects import is_rejects, numbered

_WRITTEN = "rejects"  # facts of the journal: name -> SHA-256 of what was written, and the notes
_NOTES = "notes"


@dataclass(frozen=True, slots=True)
class Places:
    """The rejects of one report.

    Attributes:
        written: Name in the run folder -> SHA-256 of the content.
        notes: What people should know about files that were kept.
    """

    written: Mapping[str, str]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, drafts: Path, run_dir: Path, before: Mapping[str, str]) -> Places:
        """Rename the rejects among *drafts* to names that are free in *run_dir*.

        Args:
            before: As of ``written_before``.
        """
        written, notes = {}, []
        for draft in sorted(path for path in drafts.iterdir() if is_rejects(path.name)):
            name, number = draft.name, 1
            while not is_untouched(run_dir / name, before):
                number += 1
                name = numbered(draft.name, number)
            written[name] = _digest(draft)
            if name != draft.name:
                notes.append(
                    Message(
                        "{name} was edited after it was written and is kept; the rows that "
                        "did not make it are now in {new}",
                        name=draft.name,
                        new=name,
                    )
                )
                draft.rename(drafts / name)
        return cls(written, tuple(notes))

    def as_facts(self) -> dict[str, str]:
        """Return what the journal remembers of them."""
        return {_WRITTEN: json.dumps(self.written), _NOTES: json.dumps(self.notes)}


def written_before(facts: Mapping[str, str]) -> dict[str, str]:
    """Return name -> SHA-256 of the rejects that earlier reports of this run wrote."""
    found = json.loads(facts.get(_WRITTEN, "{}"))
    # Earlier versions kept the names alone: what such a file was is not known, so it is kept.
    return dict.fromkeys(found, "") if isinstance(found, list) else found


def notes_of(facts: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(json.loads(facts.get(_NOTES, "[]")))


def is_untouched(path: Path, written: Mapping[str, str]) -> bool:
    """Whether the run may replace *path*: nothing is there, or what the run wrote itself."""
    return not path.exists() or (path.name in written and _digest(path) == written[path.name])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
