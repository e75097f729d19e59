"""The package's description on an index: README.md, whose links into the repository lead nowhere there.

The guides travel in the wheel instead, and each link becomes the command that prints its guide.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_IMAGE = re.compile(r"!\[[^\]]*\]\((?!https?:)[^)]*\)\n*")
_GUIDE = re.compile(r"\[([^\]]+)\]\(docs/([a-z]+\.md)(?:#[^)]*)?\)")


class CustomMetadataHook(MetadataHookInterface):
    """Fills in ``readme``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description of the package."""
        text = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": on_an_index(text)}


def on_an_index(text: str) -> str:
    """Return the README without links to files that only a checkout has."""
    return _GUIDE.sub(r"\1 (`bulk-import help \2`)", _IMAGE.sub("", text))
