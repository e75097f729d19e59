"""The parts of an OOXML package, found by their relationships: names are conventions, not rules."""

from __future__ import annotations

import posixpath
import zipfile
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

_ROOT_RELATIONS = "_rels/.rels"
_MOST_BYTES = 4 * 2**20  # of a list of relationships
# Where the parts are in a package whose lists of relationships are missing.
_USUAL_WORKBOOKS = ("xl/workbook.xml", "xl/workbook.bin")


@dataclass(frozen=True, slots=True)
class Relation:
    """A link from one part to another.

    Attributes:
        kind: The last word of its type: ``worksheet``, ``styles``, ``sharedStrings``, …
        part: The target's name in the archive; empty when there is no such part.
    """

    id: str
    kind: str
    part: str


class Package:
    """The names and relationships of an open archive. Reads only."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        # Readers of packages ignore case and take backslashes for slashes; archives do not.
        self._names = {_folded(name): name for name in archive.namelist()}

    def find(self, part: str) -> str:
        """Return the archive's own spelling of a part's name; ``""`` if it is not there."""
        return self._names.get(_folded(part), "")

    def workbook(self) -> str:
        """Return the main part; ``""`` if the package has none."""
        for relation in self.relations(""):
            if relation.kind == "officeDocument" and relation.part:
                return relation.part
        return next((self.find(part) for part in _USUAL_WORKBOOKS if self.find(part)), "")

    def relations(self, part: str) -> list[Relation]:
        """Return what *part* links to; ``""`` is the package itself. A damaged list is an empty one."""
        folder, name = posixpath.split(part)
        listed = self.find(f"{folder}/_rels/{name}.rels" if part else _ROOT_RELATIONS)
        if not listed or self._archive.getinfo(listed).file_size > _MOST_BYTES:
            return []
        try:
            tree: Element = fromstring(self._archive.read(listed), forbid_dtd=True)
        except (ParseError, DefusedXmlException, zipfile.BadZipFile, EOFError, OSError):
            return []
        return [
            Relation(
                element.get("Id", ""),
                element.get("Type", "").rpartition("/")[2],
                self._target(folder, element.get("Target", "")),
            )
            for element in tree.iter()
            if element.tag.rpartition("}")[2] == "Relationship"
            and element.get("TargetMode", "Internal") == "Internal"
        ]

    def related(self, part: str, kind: str) -> str:
        """Return the part of a kind that *part* links to; ``""`` if there is none."""
        found = (link.part for link in self.relations(part) if link.kind == kind and link.part)
        return next(found, "")

    def _target(self, folder: str, target: str) -> str:
        target = target.replace("\\", "/")
        for spelling in (target, unquote(target)):
            path = spelling if spelling.startswith("/") else f"/{folder}/{spelling}"
            # Some writers name targets from the root without saying so.
            for candidate in (posixpath.normpath(path), posixpath.normpath(f"/{spelling}")):
                if self.find(candidate):
                    return self.find(candidate)
        return ""


def _folded(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()
