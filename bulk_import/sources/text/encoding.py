"""Detects the encoding of a text file: proven, or guessed with a warning, or refused as unclear.

A byte order mark and valid UTF-8 are proof. For the old encodings the evidence is the language that
the letters make, weighed with what chardet and chardetng think; either of them alone is wrong too
often and never asks (figures in ``benchmarks/README.md``, measured by ``benchmarks.encodings``).
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bulk_import.errors import Message, SourceError
from bulk_import.sources.text.east_asian import east_asian_encoding, east_asian_readings

_BLOCK = 1 << 20
_SAMPLE_LINES = 4000
_SAMPLE_BYTES = 256 * 1024
_PLAIN_BYTES = 64 * 1024

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# Not within an address such as `ann+news-2@example.com`, and no number.
_UTF7 = re.compile(rb"\+(?=[0-9/]*[A-Za-z])[A-Za-z0-9+/]{3,}(?![A-Za-z0-9+/])-?(?![\w.+-]*@)")
_CONTROLS = re.compile("[\x00\x02-\x08\x0e-\x1a]")
_SHORT_UTF7 = 5  # bytes: one character
_USUAL = ("cp1252", "cp1251", "cp1250", "mac-roman", "cp852", "koi8-r")  # to choose from
# A line that is valid UTF-8 by chance is rare in any other encoding; most lines never are.
_ENOUGH_LINES = 1000  # beyond ASCII: then it is known whether most of them are UTF-8
_LINES_OF_DAMAGED = 4
_LINES_OF_CUT = 2
_READS_POORLY = -10.0  # nats for each letter beyond ASCII: then an East Asian reading is a rival


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding and how it was determined.

    Attributes:
        name: As Python calls it.
        evidence: In words, for messages.
        is_certain: Proven, not guessed.
    """

    name: str
    evidence: str
    is_certain: bool


def choose_encoding(path: Path, name: str, wanted: str | None) -> Encoding:
    """Return the encoding that was asked for, else the detected one."""
    if wanted:
        return Encoding(known_encoding(wanted, name), "as set", is_certain=True)
    return detect_encoding(path, name)


def detect_encoding(path: Path, name: str) -> Encoding:
    """Return the encoding of the file at *path*. Reads all of it: a sample can mislead.

    Raises:
        SourceError: The evidence is too weak; the message names the candidates.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return Encoding(encoding, "byte order mark", is_certain=True)
    if b"\0" in head:
        return _without_mark(head, name)
    with path.open("rb") as file:
        plain = file.read(_PLAIN_BYTES)
    if _is_ascii(path):
        _refuse_utf7(plain, name)
        return Encoding("utf-8", "no byte beyond ASCII", is_certain=True)
    if _is_utf8(path):
        return Encoding("utf-8", "all of the file is valid UTF-8", is_certain=True)
    _refuse_damaged_utf8(path, name)
    return _guess(b"\n".join(_beyond_ascii(path)), name, plain)


def encoding_of_texts(raw: bytes) -> str:
    """Return the encoding of texts beyond ASCII, one in a line.

    Raises:
        SourceError: The evidence is too weak; the message names the candidates.
    """
    if _decoded(raw, "utf-8") is not None:
        return "utf-8"
    return _guess(raw[:_SAMPLE_BYTES].rpartition(b"\n")[0] or raw, "its texts").name


def known_encoding(name: str, source: str) -> str:
    """Return the codec called *name*.

    Raises:
        SourceError: There is none.
    """
    try:
        return codecs.lookup(name.strip()).name
    except (LookupError, ValueError):  # ValueError: a NUL in it
        raise SourceError(
            Message(
                "{source}: encoding {name!r} is unknown; try utf-8, cp1251, cp1252 or utf-16",
                source=source,
                name=name,
            ),
            code="ENCODING_UNKNOWN",
        ) from None


def readings(path: Path, *, most: int = 3) -> list[tuple[str, str]]:
    """Return how a line with letters beyond ASCII reads in each likely encoding, the likeliest first.

    A person chooses from them if ``detect_encoding`` finds the encoding unclear. All texts differ.
    """
    from bulk_import.sources.text.languages import one_byte_encoding

    lines = _beyond_ascii(path)
    sample = b"\n".join(lines)[:_SAMPLE_BYTES]
    if not sample:
        return []
    asian, rivals = east_asian_encoding(sample)
    guess, candidates = one_byte_encoding(sample)
    names = [guess.encoding] if guess is not None else []
    if asian:
        names = [asian, *rivals]
    telling = max(lines[:200], key=lambda line: sum(byte > 0x7F for byte in line))
    found: dict[str, str] = {}
    for name in (*names, *candidates, *_USUAL):
        text = _decoded(telling, name)
        if text is not None and text not in found:
            found[text] = name
    return [(name, text) for text, name in found.items()][:most]


def _without_mark(head: bytes, name: str) -> Encoding:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > half * 0.4 and even < half * 0.1 and _is_text(head, "utf-16-le"):
        return Encoding("utf-16-le", Message("every other byte is zero"), is_certain=True)
    if even > half * 0.4 and odd < half * 0.1 and _is_text(head, "utf-16-be"):
        return Encoding("utf-16-be", Message("every other byte is zero"), is_certain=True)
    raise SourceError(
        Message("{name}: zero bytes in it: not a text file in an encoding we know", name=name),
        code="SOURCE_BINARY",
    )


def _is_text(head: bytes, encoding: str) -> bool:
    """Whether bytes decode to a text without control characters."""
    text = head[: len(head) // 2 * 2].decode(encoding, "ignore")
    return not _CONTROLS.search(text) and any(char in text for char in "\n\r,;\t ")


def _beyond_ascii(path: Path) -> list[bytes]:
    """Up to 4,000 lines with bytes beyond ASCII, from the whole file."""
    found: list[bytes] = []
    with path.open("rb") as file:
        for line in file:
            if not line.isascii():
                found.append(line.rstrip(b"\r\n")[:2000])
                if len(found) >= _SAMPLE_LINES:
                    break
    return found


def _is_ascii(path: Path) -> bool:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if not block.isascii():
                return False
    return True


def _refuse_utf7(plain: bytes, name: str) -> None:
    """Refuse a text within ASCII whose other letters are written ``+AOk-``."""
    found = {raw.decode(): meant for raw in _UTF7.findall(plain) if (meant := _from_utf7(raw))}
    near = [raw for raw, meant in found.items() if max(meant) < "\u0600"]
    long = [raw for raw in found if len(raw) > _SHORT_UTF7]
    # A single short one may be a word, such as `Beer+BBQ` or `C+foo-bar`.
    if len(near) > 1 or len(long) > 1 or set(near) & set(long):
        shown = (near or long)[0]
        raise SourceError(
            Message(
                "{name}: its letters are written as in UTF-7 ({found} is {meant}); set source: "
                "encoding: utf-7 in the mapping, or save the file as UTF-8",
                name=name,
                found=shown,
                meant=found[shown],
            ),
            code="ENCODING_UNCLEAR",
        )


def _from_utf7(raw: bytes) -> str:
    """The letters that a sequence of UTF-7 stands for, ``""`` if it stands for none."""
    try:
        meant = raw.decode("utf-7")
    except UnicodeDecodeError:
        return ""
    return meant if meant.isalpha() and not meant.isascii() else ""


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_damaged_utf8(path: Path, name: str) -> None:
    """Refuse a file that is UTF-8 but for a few lines, or breaks off in the middle of a letter.

    Another encoding would fit those bytes, and turn all other letters of the file into nonsense.
    """
    good, bad, first_bad, is_cut = 0, 0, 0, False
    for number, line in _numbered_lines(path):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            good, is_cut = good + 1, False
        except UnicodeDecodeError as exc:
            bad, first_bad = bad + 1, first_bad or number
            is_cut = exc.end == len(line) and exc.reason == "unexpected end of data"
        if good + bad == _ENOUGH_LINES and bad >= good:
            return
    if is_cut and bad == 1 and good >= _LINES_OF_CUT and not _ends_a_line(path):
        raise SourceError(
            Message(
                "{name}: line {line:,}: the file breaks off in the middle of a letter, so a part of "
                "it is missing; export or copy it again",
                name=name,
                line=first_bad,
            ),
            code="SOURCE_BROKEN",
        )
    if good >= _LINES_OF_DAMAGED and good > bad:
        raise SourceError(
            Message(
                "{name}: line {line:,} is not UTF-8, but {good:,} other lines are; correct it, or "
                "export the file again as UTF-8",
                name=name,
                line=first_bad,
                good=good,
            ),
            code="SOURCE_BROKEN",
        )


def _numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each line of the file with its number, whether lines end in LF, CR LF or CR."""
    number = 0
    with path.open("rb") as file:
        for part in file:
            for line in part.splitlines():
                number += 1
                yield number, line


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) in b"\r\n"


def _guess(sample: bytes, name: str, plain: bytes = b"") -> Encoding:
    from bulk_import.sources.text.languages import one_byte_encoding

    asian, rivals = east_asian_encoding(sample)
    if asian and not rivals:
        return Encoding(asian, Message("valid throughout, common characters"), is_certain=False)
    guess, candidates = (
        (None, [asian, *rivals]) if asian else one_byte_encoding(sample[:_SAMPLE_BYTES], plain)
    )
    if guess is not None and guess.score < _READS_POORLY * guess.letters:
        others = east_asian_readings(sample)
        guess, candidates = (None, [*others, guess.encoding]) if others else (guess, candidates)
    if guess is not None:
        evidence = Message("the letters make words of {language}", language=Message(guess.language))
        return Encoding(guess.encoding, evidence, is_certain=False)
    raise SourceError(
        Message(
            "{name}: the encoding is not clear (not UTF-8; it could be {names}); set source: "
            "encoding: in the mapping, or save the file as UTF-8",
            name=name,
            names=", ".join(list(dict.fromkeys(candidates))[:5]) or Message("anything"),
        ),
        code="ENCODING_UNCLEAR",
    )


def _decoded(sample: bytes, encoding: str) -> str | None:
    try:
        return sample.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None
