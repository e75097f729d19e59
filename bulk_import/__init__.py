"""Any spreadsheet of contacts into InfluencerSoft / JustClick through ``addupdatelead``.

The names below are the public API. They are imported when they are first used: `import bulk_import`
alone costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bulk_import.errors import BulkImportError
    from bulk_import.jobs.brake import Brake
    from bulk_import.jobs.checking import (
        Checked,
        check_file,
        check_file_async,
        check_frame,
        check_frame_async,
    )
    from bulk_import.jobs.importing import (
        import_file,
        import_file_async,
        import_frame,
        import_frame_async,
        resume,
        resume_async,
    )
    from bulk_import.jobs.nightly import sync, sync_async
    from bulk_import.jobs.retagging import retag, retag_async
    from bulk_import.jobs.undoing import Undo, undo, undo_async
    from bulk_import.mapping.loading import load_mapping
    from bulk_import.models import Outcome, Problem, Record, Row, Status, Summary
    from bulk_import.settings import Limits, Patience, Policy, Safeguards, Settings
    from bulk_import.sources import read_rows

__version__ = "0.1.0"

_HOMES = {
    "Brake": "jobs.brake",
    "BulkImportError": "errors",
    "Checked": "jobs.checking",
    "Limits": "settings",
    "Outcome": "models",
    "Patience": "settings",
    "Policy": "settings",
    "Problem": "models",
    "Record": "models",
    "Row": "models",
    "Safeguards": "settings",
    "Settings": "settings",
    "Status": "models",
    "Summary": "models",
    "Undo": "jobs.undoing",
    "check_file": "jobs.checking",
    "check_file_async": "jobs.checking",
    "check_frame": "jobs.checking",
    "check_frame_async": "jobs.checking",
    "import_file": "jobs.importing",
    "import_file_async": "jobs.importing",
    "import_frame": "jobs.importing",
    "import_frame_async": "jobs.importing",
    "load_mapping": "mapping.loading",
    "read_rows": "sources",
    "resume": "jobs.importing",
    "resume_async": "jobs.importing",
    "retag": "jobs.retagging",
    "retag_async": "jobs.retagging",
    "sync": "jobs.nightly",
    "sync_async": "jobs.nightly",
    "undo": "jobs.undoing",
    "undo_async": "jobs.undoing",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


__all__ = [
    "Brake",
    "BulkImportError",
    "Checked",
    "Limits",
    "Outcome",
    "Patience",
    "Policy",
    "Problem",
    "Record",
    "Row",
    "Safeguards",
    "Settings",
    "Status",
    "Summary",
    "Undo",
    "check_file",
    "check_file_async",
    "check_frame",
    "check_frame_async",
    "import_file",
    "import_file_async",
    "import_frame",
    "import_frame_async",
    "load_mapping",
    "read_rows",
    "resume",
    "resume_async",
    "retag",
    "retag_async",
    "sync",
    "sync_async",
    "undo",
    "undo_async",
]
