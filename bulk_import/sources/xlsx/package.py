"""Workbooks that are ZIP archives, and the parts of an OOXML package.

Parts are found by their relationships: their names are conventions, not rules.
"""

from __future__ import annotations

import posixpath
import zipfile
from abc import ABC, abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bulk_import.sources.unpacking import DAMAGES
from bulk_import.sources.xlsx.parts import broken, refuse_bombs

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
        except (ParseError, DefusedXmlException, *DAMAGES):
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


class PackedWorkbook(ABC):
    """An open workbook in a ZIP archive. Close it, or use it as a context manager.

    Raises:
        SourceError: It cannot be read, is protected by a password, or unpacks to too much.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._name = name
        with ExitStack() as stack:
            try:
                self._zip = stack.enter_context(zipfile.ZipFile(path))
            except (zipfile.BadZipFile, OSError) as exc:
                raise broken(name, str(exc)) from None
            refuse_bombs(self._zip, path, name)
            self._package = Package(self._zip)
            self._read_directory()
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()

    @abstractmethod
    def _read_directory(self) -> None:
        """Find out which sheets there are, and what all of them share."""


def _folded(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()
