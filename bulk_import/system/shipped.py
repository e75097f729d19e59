"""Files that are shipped with the program: the mappings, a small sample and the guides.

A wheel carries them inside the package (``bulk_import/shipped``, see pyproject.toml); in a checkout
they are the folders ``mappings``, ``sample_data`` and ``docs`` beside it.
"""

from __future__ import annotations

from pathlib import Path

import bulk_import

_PACKAGE = Path(bulk_import.__file__).parent


def shipped(name: str) -> Path:
    """Return the path of a shipped file or folder, such as ``mappings/hubspot.yml``.

    Raises:
        FileNotFoundError: Nothing of that name is shipped.
    """
    for base in (_PACKAGE / "shipped", _PACKAGE.parent):
        path = base / name
        if path.exists():
            return path
    raise FileNotFoundError(name)
