"""Archives that hold a complete export: people to import, and people who must not be written to.

Mailchimp's export of an audience is such an archive: ``subscribed_…``, ``unsubscribed_…``,
``cleaned_…`` (addresses that bounced), sometimes ``nonsubscribed_…``. Only the first is a source, and
only together with the second and third as suppression lists.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bulk_import.errors import Message
from bulk_import.sources.kept import kept
from bulk_import.sources.remote import is_remote
from bulk_import.sources.unpacking import DAMAGES

_PART = re.compile(
    r"(?:\w{0,40}[ _-])?(subscribed|unsubscribed|cleaned|nonsubscribed|non-subscribed)[ _-].*\.csv",
    re.IGNORECASE,
)
_NEVER = frozenset({"unsubscribed", "cleaned"})
_HEAD_BYTES = 4096
_ADDRESSES = "Email Address"  # Mailchimp's name of the column


@dataclass(frozen=True, slots=True)
class WholeExport:
    """The files of such an archive.

    Attributes:
        subscribed: The file of those to import.
        never: Files of those who are never sent.
        others: Files that are not read.
    """

    subscribed: str
    never: tuple[str, ...]
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        said: str = Message("{subscribed} is read", subscribed=self.subscribed)
        if self.never:
            said += Message(
                "; {never} hold people who are never sent", never=Message.all_of(self.never)
            )
        if self.others:
            said += Message("; not read: {others}", others=", ".join(self.others))
        return said


def whole_export(names: Iterable[str]) -> WholeExport | None:
    """Return the roles of an archive's files; ``None`` if it is not a complete export."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        part = _PART.fullmatch(name.rpartition("/")[2])
        if part is None:
            return None
        kinds.setdefault(part[1].lower(), []).append(name)
    subscribed = kinds.pop("subscribed", [])
    if len(subscribed) != 1 or not kinds:
        return None
    never = tuple(name for kind, files in kinds.items() if kind in _NEVER for name in files)
    others = tuple(name for kind, files in kinds.items() if kind not in _NEVER for name in files)
    return WholeExport(subscribed[0], never, others)


def export_in(path: str) -> WholeExport | None:
    """Return the complete export in the archive at *path*; ``None`` for anything else.

    Remote archives are examined only if they were kept.
    """
    here = _here(path)
    try:
        if here is None or not here.is_file():
            return None
        with here.open("rb") as file:
            if file.read(2) != b"PK":
                return None
        with zipfile.ZipFile(here) as archive:
            return whole_export(files_in(archive))
    except DAMAGES:
        return None  # whoever reads it says what is wrong


def address_column(path: str, member: str) -> str:
    """Return the column of the addresses in a file of an export; ``""`` if it has another name."""
    try:
        with zipfile.ZipFile(_here(path) or path) as archive, archive.open(member) as file:
            head = file.read(_HEAD_BYTES).decode("utf-8-sig", "replace")
    except (*DAMAGES, RuntimeError):  # RuntimeError: a password is needed
        return ""
    return _ADDRESSES if _ADDRESSES in head.partition("\n")[0] else ""


def _here(path: str) -> Path | None:
    return kept(path) if is_remote(path) else Path(path)


def files_in(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of an archive's files, without what macOS adds."""
    return [
        info.filename
        for info in archive.infolist()
        if not info.is_dir()
        and not info.filename.startswith("__MACOSX/")
        and not Path(info.filename).name.startswith(".")
    ]
