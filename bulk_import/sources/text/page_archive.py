"""A web page in one file (MHTML), as Excel saves it and some systems export it under the name .xls.

It is a mail of several parts: a frame page that lists the sheets, and a page with a table for each.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote

from bulk_import.errors import Message, SourceError
from bulk_import.sources.table import Line
from bulk_import.sources.text.page import LARGEST, lines_of, too_large

_SHEET = re.compile(r"<x:ExcelWorksheet>(.*?)</x:ExcelWorksheet>", re.DOTALL | re.IGNORECASE)
_NAME = re.compile(r"<x:Name>(.*?)</x:Name>", re.DOTALL | re.IGNORECASE)
_ADDRESS = re.compile(r"<x:WorksheetSource\s+HRef=[\"']([^\"']*)", re.IGNORECASE)
_HIDDEN = re.compile(r"<x:Visible>[^<]*Hidden", re.IGNORECASE)
_TABLE = re.compile(rb"<table[\s>]", re.IGNORECASE)
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
        message = message_from_bytes(path.read_bytes().lstrip(), policy=policy.default)
        pages = [
            (str(part.get("Content-Location", "")), *_content(part))
            for part in message.walk()
            if part.get_content_type() in ("text/html", "application/xhtml+xml")
        ]
        with_table = [page for page in pages if _TABLE.search(page[1])]
        listed = [sheet for _, raw, _ in pages for sheet in _listed(raw)]
        found = [
            (sheet, is_hidden, page)
            for sheet, is_hidden, address in listed
            for page in with_table
            if address and _stem(page[0]) == _stem(address)
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


def _content(part: EmailMessage) -> tuple[bytes, str]:
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
