"""Archives from elsewhere that are one whole export: fetched once for a job, and read several times.

The source and its suppression lists must be of one archive: fetched twice, somebody who unsubscribed
in between would be in neither list. The copy is private and gone with this process; processes that it
starts to judge rows read the same one, which the environment tells them.
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
    """Whether an address names an archive: only those are fetched to see what is in them."""
    return is_remote(path) and urlsplit(path).path.lower().endswith(".zip")


def keep(url: str) -> Path:
    """Fetch what is at *url*, in place of an earlier copy; return the copy.

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
    """Return the copy of what is at *url*; ``None`` if there is none. Tokens may be masked."""
    if _VARIABLE not in os.environ:
        return None
    copy = _copy_of(url)
    return copy if copy.is_file() else None


def forget(*urls: str) -> None:
    """Remove copies; without a name all of them: the next job is to see what is there then."""
    if _VARIABLE in os.environ:
        copies = map(_copy_of, urls) if urls else Path(os.environ[_VARIABLE]).glob(f"*{_ENDING}")
        for copy in list(copies):
            copy.unlink(missing_ok=True)


def _copy_of(url: str) -> Path:
    import hashlib

    name = hashlib.sha256(shown(url).encode()).hexdigest()
    return Path(os.environ[_VARIABLE]) / f"{name}{_ENDING}"
