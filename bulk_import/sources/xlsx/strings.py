"""The texts of a workbook, which its cells name by number, in a private temporary file.

A workbook of a million contacts has millions of them, numbered in the order in which they were first
used. So a sheet walks through the table nearly in order, and a few decoded blocks are all that memory
has to hold. A sheet that was sorted since asks in any order: blocks are small, so that costs some
microseconds per cell. What grows with the file is eight bytes for each 32 texts.
"""

from __future__ import annotations

import re
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from bulk_import.errors import Message, SourceError
from bulk_import.sources.table import LONGEST_CELL
from bulk_import.sources.xlsx.parts import Feed, Reader, references_resolved

_BITS = 5
_BLOCK = 1 << _BITS  # texts that are decoded together
_MOST_BLOCKS = 4096  # decoded ones that are kept
_MOST_BYTES = 8 * 2**20  # of the texts in them, as stored in the file
_IN_MEMORY = 4 * 2**20  # bytes; the file comes into being when there are more

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_HALVES = re.compile("[\ud800-\udfff]")


class SharedStrings:
    """Texts by number: fill it, seal it, read it, close it.

    Args:
        name: Of the workbook, for messages.
        in_memory: Bytes of the texts above which they go to a temporary file.
        most_bytes: Of decoded texts that are kept.

    Attributes:
        may_be_too_long: Whether any text may be longer than a cell can be.
    """

    def __init__(
        self, name: str, *, in_memory: int = _IN_MEMORY, most_bytes: int = _MOST_BYTES
    ) -> None:
        self._name = name
        self._most_bytes = most_bytes
        # Nobody else can open it, and the system removes it, however this process ends.
        self._file = tempfile.SpooledTemporaryFile(max_size=in_memory)  # noqa: SIM115 - closed by close()
        self._ends = array("Q", [0])
        self._filling: list[str] = []
        self._blocks: dict[int, list[str]] = {}
        self._held = 0
        self.may_be_too_long = False

    def close(self) -> None:
        self._blocks.clear()
        with suppress(OSError):  # what a full disk did not take is not missed any more
            self._file.close()

    def fill(self, texts: list[str]) -> None:
        """Add *texts*, with control characters still written as ``_x000D_``.

        Raises:
            SourceError: The disk is full.
        """
        self._filling += texts
        whole = len(self._filling) // _BLOCK * _BLOCK
        if whole:
            self._write(self._filling[:whole])
            del self._filling[:whole]

    def seal(self) -> None:
        """End filling; texts can be read from now on.

        Raises:
            SourceError: The disk is full.
        """
        self._write(self._filling)
        self._filling = []
        with self._room():
            self._file.flush()

    def text(self, number: str) -> str:
        """Return the text of a cell.

        Raises:
            ValueError: That is no number.
            IndexError: There is no such text.
        """
        at = int(number)
        return (self._blocks.get(at >> _BITS) or self._load(at >> _BITS))[at & _BLOCK - 1]

    def texts(self, numbers: Sequence[str]) -> list[str]:
        """Return the texts of several cells, as ``text`` does."""
        get, load = self._blocks.get, self._load
        return [
            (get(number >> _BITS) or load(number >> _BITS))[number & _BLOCK - 1]
            for number in map(int, numbers)
        ]

    def _write(self, texts: list[str]) -> None:
        blocks: list[bytes] = []
        end = self._ends[-1]
        for at in range(0, len(texts), _BLOCK):
            some = texts[at : at + _BLOCK]
            data = "\0".join(some).encode()  # XML has no NUL, so it can stand between texts
            blocks.append(data)
            end += len(data)
            self._ends.append(end)
            if len(data) > LONGEST_CELL and max(map(len, some)) > LONGEST_CELL:
                self.may_be_too_long = True
        with self._room():
            self._file.write(b"".join(blocks))

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise SourceError(
                Message(
                    "{name}: its texts find no room in {gettempdir}: {strerror}; make room "
                    "there, or let TMPDIR name another folder",
                    name=self._name,
                    gettempdir=tempfile.gettempdir(),
                    strerror=exc.strerror,
                ),
                code="SOURCE_UNREADABLE",
            ) from None

    def _load(self, at: int) -> list[str]:
        if not 0 <= at < len(self._ends) - 1:
            raise IndexError
        begin, end = self._ends[at], self._ends[at + 1]
        self._file.seek(begin)
        data = self._file.read(end - begin)
        texts = data.decode().split("\0")
        if b"_x" in data:
            texts = list(map(unescaped, texts))
        self._held += len(data)
        if self._held > self._most_bytes or len(self._blocks) >= _MOST_BLOCKS:
            self._blocks.clear()  # those that are wanted come again, in microseconds each
            self._held = len(data)
        self._blocks[at] = texts
        return texts


class StringsReader(Reader[None]):
    """Fills the table; runs of rich text are joined, phonetic guides left out."""

    opening = rb"<sst(?: [^<>]*[^<>/])?>"
    closing = b"</si>"

    def __init__(self, strings: SharedStrings) -> None:
        super().__init__()
        self._strings = strings
        self._parts: list[str] = []
        self._in_text = False
        self._phonetic = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rsplit(" ", 1)[-1]
        if local == "si":
            self.is_open += 1
            self._parts = []
        elif local == "rPh":
            self._phonetic += 1
        elif local == "t":
            self._in_text = not self._phonetic

    def end(self, tag: str) -> None:
        local = tag.rsplit(" ", 1)[-1]
        if local == "t":
            self._in_text = False
        elif local == "rPh":
            self._phonetic -= 1
        elif local == "si":
            self.is_open -= 1
            self._strings.fill(["".join(self._parts)])

    def text(self, text: str) -> None:
        if self._in_text:
            self._parts.append(text)

    def take(self, stretch: str, feed: Feed) -> None:
        """Take out ``<si><t>text</t></si>``."""
        stretch = stretch.replace('<t xml:space="preserve">', "<t>")
        texts = stretch[7:-9].split("</t></si><si><t>")
        if (
            stretch.count("<") == 4 * len(texts)
            and stretch.startswith("<si><t>")
            and stretch.endswith("</t></si>")
        ):
            if "&" in stretch:
                texts = list(map(references_resolved, texts))
            self._strings.fill(texts)
        else:
            self._take_each(stretch, feed)

    def _take_each(self, stretch: str, feed: Feed) -> None:
        for item in stretch.split("</si>")[:-1]:
            is_plain = item.startswith("<si><t>") and item.endswith("</t>")
            if is_plain and item.count("<") == 3 and not self.is_open:
                self._strings.fill([references_resolved(item[7:-4])])
            else:
                feed(f"{item}</si>")


def unescaped(text: str) -> str:
    """Undo ``_x000D_``: how control characters, line ends and halves of emojis are written.

    A half without its other half, and NUL, which no text holds, become U+FFFD.
    """
    if "_x" not in text:
        return text
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    if _HALVES.search(plain):
        plain = plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return plain.replace("\0", "\ufffd")
