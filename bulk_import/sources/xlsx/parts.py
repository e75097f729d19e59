"""Parses the XML parts of a workbook by expat, with a fast path for plain elements.

A worksheet of a million rows is a hundred million bytes of ``<c r="A5" t="s"><v>12</v></c>``. Expat
tells each tag to a function of ours, and that is where the time goes, so ``Feeder`` cuts a part
after closing tags and offers each stretch to the reader. The reader takes out whole elements whose
text it understands, and hands everything else to the one parser that sees the part from its first
byte to its last. An element taken out leaves a well-formed rest, so what expat says of the rest it
says of the part. Only its line and column would be wrong; they are looked up when they are needed.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar
from xml.parsers import expat

from bulk_import.errors import Message, SourceError
from bulk_import.sources.unpacking import DAMAGES, Unpacking

WORKBOOK = Unpacking(2 * 2**30, ratio=200)  # a workbook of a million rows stays below it
_BLOCK = 1 << 18
_LONGEST = 1 << 20  # bytes without a closing tag to cut at
T = TypeVar("T")
Feed = Callable[[str], None]

_DECLARATION = re.compile(
    rb"""(?:\xef\xbb\xbf)?(?:<\?xml version=["']1\.0["'](?: encoding=["'](?i:utf-8)["'])?"""
    rb"""(?: standalone=["'](?:yes|no)["'])? ?\?>)?"""
)
# What XML does not allow in a text. Expat says so better.
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r"))
_NO_CHARACTERS = ("\ufffe".encode(), "\uffff".encode())
_REFERENCE = re.compile("&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});")
_NAMED = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}


class Reader(Generic[T]):
    """Receives expat's events; finished items are collected in ``made``.

    Attributes:
        opening: The tag after which elements may be taken out; none: everything is for expat.
        closing: The last tag of such an element.
        is_open: Whether expat is inside such an element.
    """

    opening = b""
    closing = b""
    is_open = 0

    def __init__(self) -> None:
        self.made: list[T] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Text inside an element."""

    def take(self, stretch: str, feed: Feed) -> None:
        """Read elements up to a closing tag; *feed* expat with what is not plain, in order.

        Args:
            stretch: Without comments, CDATA and whatever XML forbids in a text; references in it
                are sound, and every ``<`` begins a tag.
        """
        feed(stretch)


def read_part(archive: zipfile.ZipFile, part: str, reader: Reader[T], name: str) -> Iterator[T]:
    """Yield what *reader* makes of a part.

    Args:
        name: What the workbook is called.

    Raises:
        SourceError: It is missing, broken, hostile, or unpacks without end.
    """
    feeder = Feeder(_parser(name), reader)
    try:
        for block in _blocks(archive, part, name):
            feeder.feed(block)
            if reader.made:
                yield from reader.made
                reader.made.clear()
        feeder.close()
        yield from reader.made
    except KeyError:
        raise broken(name, Message("{part} is missing", part=part)) from None
    except expat.ExpatError as exc:
        raise broken(name, f"{part}: {_placed(exc, archive, part, name)}") from None
    except (*DAMAGES, ValueError) as exc:
        raise broken(name, f"{part}: {exc}") from None


def read_stream(path: Path, reader: Reader[T], name: str) -> Iterator[T]:
    """Yield what *reader* makes of a file that is one XML document.

    Raises:
        SourceError: It is not well-formed, or hostile.
    """
    feeder = Feeder(_parser(name), reader)
    try:
        with path.open("rb") as file:
            block = file.read(_BLOCK).lstrip(
                b"\r\n\t "
            )  # scripts write a blank line before the first tag
            while block:
                feeder.feed(block)
                if reader.made:
                    yield from reader.made
                    reader.made.clear()
                block = file.read(_BLOCK)
        feeder.close()
        yield from reader.made
    except (expat.ExpatError, ValueError, LookupError) as exc:
        raise broken(name, str(exc)) from None


class Feeder:
    """Splits a part into stretches and feeds them to the reader or to expat."""

    def __init__(self, parser: expat.XMLParserType, reader: Reader[T]) -> None:
        parser.StartElementHandler = reader.start
        parser.EndElementHandler = reader.end
        parser.CharacterDataHandler = reader.text
        self._parser = parser
        self._reader = reader
        self._pending = b""
        self._fed = 0
        self._is_inside = False  # after the opening tag
        self._is_over = not reader.opening  # the rest is for expat alone

    def feed(self, block: bytes) -> None:
        """Read on.

        Raises:
            ExpatError: Not well-formed.
        """
        if self._is_over:
            self._expat(block)
            return
        text = self._pending + block
        if not self._is_inside:
            text = self._opened(text)
        cut = text.rfind(self._reader.closing) + 1
        if cut and self._is_inside:
            cut += len(self._reader.closing) - 1
            self._stretch(text[:cut])
            text = text[cut:]
        self._pending = text
        if self._is_over or len(text) > _LONGEST:
            self._leave()

    def close(self) -> None:
        """Read to the end.

        Raises:
            ExpatError: Not well-formed, or not the end.
        """
        self._expat(self._pending)
        self._parser.Parse(b"", True)  # noqa: FBT003 - expat takes no names - expat's own signature

    def _opened(self, text: bytes) -> bytes:
        """Feed expat up to the opening tag, once it is there; return what follows."""
        opening = re.search(self._reader.opening, text)
        if opening is None:
            return text
        head = text[: opening.end()]
        declaration = _DECLARATION.match(head)
        self._expat(head)
        self._is_inside = True
        if declaration is None or _has_more_than_tags(head[declaration.end() :]):
            self._is_over = True
        return text[len(head) :]

    def _stretch(self, raw: bytes) -> None:
        self._is_over = self._is_over or _has_more_than_tags(raw)
        # Between two elements, with nothing left in expat's buffer?
        is_between = not self._reader.is_open and self._parser.CurrentByteIndex == self._fed
        plain = _plain(raw) if is_between and not self._is_over else None
        if plain is None:
            self._expat(raw)
        else:
            self._reader.take(plain, self._text)

    def _leave(self) -> None:
        self._is_over = True
        self._expat(self._pending)
        self._pending = b""

    def _text(self, text: str) -> None:
        self._expat(text.encode())

    def _expat(self, block: bytes) -> None:
        self._parser.Parse(block)
        self._fed += len(block)


def references_resolved(text: str) -> str:
    """Return *text* with the characters that its references (``&amp;``, ``&#10;``) stand for."""
    return _REFERENCE.sub(lambda match: _meant(match[0]), text) if "&" in text else text


def broken(name: str, why: str) -> SourceError:
    """Return the error for a file that is no workbook."""
    return SourceError(
        Message(
            "{name}: not a readable workbook ({why}); open it in a spreadsheet program and "
            "save it again",
            name=name,
            why=why,
        ),
        code="SOURCE_BROKEN",
    )


def refuse_bombs(
    archive: zipfile.ZipFile, path: Path, name: str, limits: Unpacking = WORKBOOK
) -> None:
    """Refuse a workbook that unpacks to more than *limits*, or is protected by a password.

    Raises:
        SourceError: It is.
    """
    unpacked = sum(info.file_size for info in archive.infolist())
    packed = max(path.stat().st_size, 1)
    if limits.exceeded(packed, unpacked):
        raise SourceError(
            Message(
                "{name}: {packed:,} bytes unpack to {unpacked:,}: this looks like a zip "
                "bomb; save the workbook again, or as CSV",
                name=name,
                packed=packed,
                unpacked=unpacked,
            ),
            code="SOURCE_BOMB",
        )
    if any(info.flag_bits & 1 for info in archive.infolist()):
        raise SourceError(
            Message("{name}: protected by a password; save it without", name=name),
            code="SOURCE_ENCRYPTED",
        )


def _has_more_than_tags(raw: bytes) -> bool:
    """Whether there are comments, CDATA, instructions or declarations, where ``<`` may not begin a tag."""
    # One byte that is rare is found quicker than two that begin with a frequent one.
    return (b"!" in raw and b"<!" in raw) or (b"?" in raw and b"<?" in raw)


def _is_forbidden(raw: bytes) -> bool:
    return (
        len(raw.translate(None, _CONTROLS)) != len(raw)
        or (b"]" in raw and b"]]>" in raw)
        or (not raw.isascii() and any(bad in raw for bad in _NO_CHARACTERS))
    )


def _plain(raw: bytes) -> str | None:
    """The decoded text of a stretch; ``None`` if only expat can decide what it is."""
    if _is_forbidden(raw):
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "&" in text:
        found = _REFERENCE.findall(text)
        if len(found) != text.count("&") or not all(map(_meant, set(found))):
            return None
    return text


def _meant(reference: str) -> str:
    """The character that a reference stands for; ``""`` if there is none."""
    named = _NAMED.get(reference)
    if named is not None:
        return named
    digits = reference[2:-1]
    code = int(digits[1:], 16) if digits[0] == "x" else int(digits)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or _is_forbidden(chr(code).encode()):
        return ""
    return chr(code)


def _blocks(archive: zipfile.ZipFile, part: str, name: str) -> Iterator[bytes]:
    unpacked = 0
    with archive.open(part) as file:
        while block := file.read(_BLOCK):
            unpacked += len(block)
            if unpacked > WORKBOOK.most_bytes:
                raise SourceError(
                    Message("{name}: unpacks without end", name=name), code="SOURCE_BOMB"
                )
            yield block


def _parser(name: str) -> expat.XMLParserType:
    def refuse(*_: object) -> None:
        raise SourceError(
            Message(
                "{name}: declares XML entities, which no spreadsheet program writes; refused",
                name=name,
            ),
            code="SOURCE_HOSTILE",
        )

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    return parser


def _placed(
    found: expat.ExpatError, archive: zipfile.ZipFile, part: str, name: str
) -> expat.ExpatError:
    """The same error with its line and column in the whole part: what was taken out is counted."""
    parser = _parser(name)
    try:
        for block in _blocks(archive, part, name):
            parser.Parse(block)
        parser.Parse(b"", True)  # noqa: FBT003 - expat takes no names
    except expat.ExpatError as placed:
        return placed
    return found
