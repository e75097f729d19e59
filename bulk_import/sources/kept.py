"""Remote archives that hold a complete export: fetched once per job, read several times.

The source and its suppression lists must come from the same download: somebody who unsubscribes between
two downloads would be in neither list. The copy is private and deleted when this process ends; child
processes find it through an environment variable.
"""

from __future__ import annotations

import atexit
import os
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from bulk_import.sources.remote import MOST_UNPACKED, fetch, is_remote, shown
from bulk_import.system.files import private_file, temporary_folder

_VARIABLE = "BULK_IMPORT_KEPT"  # a folder: ours, or that of the process that started this one
_ENDING = ".copy"  # tells copies from what shows others that the folder is in use
_held = ExitStack()


def may_be_archive(path: str) -> bool:
    """Whether an address looks like an archive; only archives are fetched to look inside."""
    return is_remote(path) and urlsplit(path).path.lower().endswith(".zip")


def keep(url: str) -> Path:
    """Fetch *url*, replacing an earlier copy, and return the path of the copy.

    Raises:
        SourceError: As ``remote.fetch``.
    """
    if not (_VARIABLE in os.environ and Path(os.environ[_VARIABLE]).is_dir()):
        atexit.register(_held.close)
        os.environ[_VARIABLE] = str(_held.enter_context(temporary_folder()))
    copy = _copy_of(url)
    draft = copy.with_name(f"{copy.name}.new")
    with private_file(draft) as file:
        fetch(url, file, most_bytes=MOST_UNPACKED)
    draft.replace(copy)
    return copy


def kept(url: str) -> Path | None:
    """Return the path of the copy of *url*; ``None`` if there is none. Tokens may be masked."""
    if _VARIABLE not in os.environ:
        return None
    copy = _copy_of(url)
    return copy if copy.is_file() else None


def forget(*urls: str) -> None:
    """Delete the copies of *urls*, or all copies, so that the next job fetches them again."""
    if _VARIABLE in os.environ:
        copies = map(_copy_of, urls) if urls else Path(os.environ[_VARIABLE]).glob(f"*{_ENDING}")
        for copy in list(copies):
            copy.unlink(missing_ok=True)


def _copy_of(url: str) -> Path:
    import hashlib

    name = hashlib.sha256(shown(url).encode()).hexdigest()
    return Path(os.environ[_VARIABLE]) / f"{name}{_ENDING}"
