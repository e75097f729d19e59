"""Any spreadsheet of contacts into InfluencerSoft / JustClick through ``addupdatelead``.

The names below are the public API. They are imported when they are first used: `import bulk_import`
alone costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bulk_import.errors import BulkImportError
    from bulk_import.jobs.checking import check_file
    from bulk_import.jobs.importing import import_file, import_file_async, import_frame, resume
    from bulk_import.mapping.loading import load_mapping
    from bulk_import.models import Outcome, Problem, Record, Row, Status, Summary
    from bulk_import.settings import Settings
    from bulk_import.sources import read_rows

__version__ = "0.1.0"

_HOMES = {
    "BulkImportError": "errors",
    "Outcome": "models",
    "Problem": "models",
    "Record": "models",
    "Row": "models",
    "Settings": "settings",
    "Status": "models",
    "Summary": "models",
    "check_file": "jobs.checking",
    "import_file": "jobs.importing",
    "import_file_async": "jobs.importing",
    "import_frame": "jobs.importing",
    "load_mapping": "mapping.loading",
    "read_rows": "sources",
    "resume": "jobs.importing",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


__all__ = [
    "BulkImportError",
    "Outcome",
    "Problem",
    "Record",
    "Row",
    "Settings",
    "Status",
    "Summary",
    "check_file",
    "import_file",
    "import_file_async",
    "import_frame",
    "load_mapping",
    "read_rows",
    "resume",
]
