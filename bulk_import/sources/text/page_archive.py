"""A web page in one file (MHTML), as Excel saves it and some systems export it under the name .xls.

It is a mail of several parts: a frame page that lists the sheets, and a page with a table for each.
"""

from __future__ import annotations

import email.message
import html
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import unquote

from bulk_import.errors import Message, SourceError
from bulk_import.sources.table import Line
from bulk_import.sources.text.page import LARGEST, lines_of, too_large
from bulk_import.sources.xlsx.parts import broken

_SHEET = re.compile(  # without another one inside: each place is looked at once
    r"<x:ExcelWorksheet>((?:(?!<x:ExcelWorksheet>).)*?)</x:ExcelWorksheet>",
    re.DOTALL | re.IGNORECASE,
)
_NAME = re.compile(r"<x:Name>(.*?)</x:Name>", re.DOTALL | re.IGNORECASE)
_ADDRESS = re.compile(r"<x:WorksheetSource\s+HRef=[\"']([^\"']*)", re.IGNORECASE)
_HIDDEN = re.compile(r"<x:Visible>[^<]*Hidden", re.IGNORECASE)
_TABLE = re.compile(rb"<table[\s>]", re.IGNORECASE)
_LONGEST_HEADER = 10_000  # characters
_TABS = "tabstrip"  # the page with the names of the sheets, which Excel draws as a table


class PageArchive:
    """A web page in one file, held in memory.

    Args:
        encoding: As set; else as its parts say.

    Attributes:
        sheets: (name, is hidden) of each page with a table.

    Raises:
        SourceError: It has no table, or is too large.
    """

    def __init__(self, path: Path, name: str, encoding: str | None = None) -> None:
        if path.stat().st_size > LARGEST:
            raise too_large(name)
        self._name = name
        self._encoding = encoding
        pages = _pages(path.read_bytes().lstrip(), name)
        with_table = [page for page in pages if _TABLE.search(page[1])]
        listed = [sheet for _, raw, _ in pages for sheet in _listed(raw)]
        by_stem = {_stem(page[0]): page for page in reversed(with_table)}
        found = [
            (sheet, is_hidden, page)
            for sheet, is_hidden, address in listed
            if address and (page := by_stem.pop(_stem(address), None))
        ]
        if not found:  # no list, or a single sheet in the first page itself
            names = [(name, is_hidden) for name, is_hidden, address in listed if not address]
            rest = [page for page in with_table if _TABS not in _stem(page[0])]
            known = names if len(names) == len(rest) else [(_stem(page[0]), False) for page in rest]
            found = [(*sheet, page) for sheet, page in zip(known, rest, strict=True)]
        if not found:
            raise SourceError(
                Message(
                    "{name}: a web page in one file (MHTML) without a table; export the "
                    "contacts as CSV or XLSX",
                    name=name,
                ),
                code="SOURCE_HTML",
            )
        self._pages = [page for _, _, page in found]
        self.sheets = [(sheet, is_hidden) for sheet, is_hidden, _ in found]

    def lines(self, at: int) -> Iterator[Line]:
        """Yield the rows of the largest table of a page."""
        _, raw, charset = self._pages[at]
        yield from lines_of(raw, self._name, self._encoding or charset)


def _pages(raw: bytes, name: str) -> list[tuple[str, bytes, str]]:
    """(address, bytes, encoding that its header names) of each page.

    Raises:
        SourceError: Its parts are nested too deeply, or a header is longer than programs write them.
    """
    found = []
    try:
        # The newer policies parse every header by a grammar, which some headers lead astray.
        for part in message_from_bytes(raw, policy=policy.compat32).walk():
            if any(len(str(value)) > _LONGEST_HEADER for value in part.values()):
                raise broken(name, Message("a header is too long"))
            if part.get_content_type() in ("text/html", "application/xhtml+xml"):
                address = "".join(str(part.get("Content-Location", "")).splitlines())
                found.append((address, *_content(part)))
    except RecursionError:
        raise broken(name, Message("its parts are nested too deeply")) from None
    return found


def _content(part: email.message.Message) -> tuple[bytes, str]:
    """The bytes of a part, and the encoding that its header names."""
    raw = part.get_payload(decode=True)
    return (raw if isinstance(raw, bytes) else b""), part.get_content_charset("")


def _listed(raw: bytes) -> Iterator[tuple[str, bool, str]]:
    """(name, is hidden, address of its page) of each sheet that a page lists."""
    if b"ExcelWorksheet" not in raw:
        return
    charset = re.search(rb"charset\s*=\s*[\"']?([\w.:-]+)", raw, re.IGNORECASE)
    try:
        text = raw.decode(charset[1].decode("ascii") if charset else "utf-8", "replace")
    except LookupError:
        text = raw.decode("utf-8", "replace")
    for match in _SHEET.finditer(text):
        name, address = _NAME.search(match[1]), _ADDRESS.search(match[1])
        yield (
            html.unescape(name[1]).strip() if name else "",
            bool(_HIDDEN.search(match[1])),
            address[1] if address else "",
        )


def _stem(address: str) -> str:
    last = unquote(address).replace("\\", "/").rpartition("/")[2]
    return last.rpartition(".")[0].lower() or last.lower()
