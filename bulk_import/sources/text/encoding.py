"""Which encoding a text file is in. Certain where it can be, else said to be a guess, else asked.

A byte order mark and valid UTF-8 are proof. For the old encodings the evidence is the language that
the letters make. charset-normalizer, measured beside it on the same small tables, names the wrong
one of two neighbours (cp1250 and cp1252, mac-roman and cp1252) too often, and never asks.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from bulk_import.errors import SourceError
from bulk_import.sources.text.languages import one_byte_encoding

_BLOCK = 1 << 20
_SAMPLE_LINES = 4000
_SAMPLE_BYTES = 256 * 1024

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


# Lead bytes of the characters of everyday use; the others, valid as well, are rare in names.
_EVERYDAY = {"gb2312": (0xB0, 0xD7), "gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6)}


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding and why we believe in it.

    Attributes:
        name: As Python calls it.
        evidence: For people.
        is_certain: Proof, not a guess.
    """

    name: str
    evidence: str
    is_certain: bool


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
    high = _beyond_ascii(path)
    if not high:
        if _is_utf8(path):
            return Encoding("utf-8", "no byte beyond ASCII", is_certain=True)
    elif _is_utf8(path):
        return Encoding("utf-8", "all of the file is valid UTF-8", is_certain=True)
    return _guess(b"\n".join(high), name)


def known_encoding(name: str, source: str) -> str:
    """Return the codec called *name*.

    Raises:
        SourceError: There is none.
    """
    try:
        return codecs.lookup(name.strip()).name
    except LookupError:
        raise SourceError(
            f"{source}: encoding {name!r} is unknown; try utf-8, cp1251, cp1252 or utf-16",
            code="ENCODING_UNKNOWN",
        ) from None


def _without_mark(head: bytes, name: str) -> Encoding:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > half * 0.4 and even < half * 0.1:
        return Encoding("utf-16-le", "every other byte is zero", is_certain=True)
    if even > half * 0.4 and odd < half * 0.1:
        return Encoding("utf-16-be", "every other byte is zero", is_certain=True)
    raise SourceError(
        f"{name}: zero bytes in it: not a text file in an encoding we know",
        code="SOURCE_BINARY",
    )


def _beyond_ascii(path: Path) -> list[bytes]:
    """Lines with bytes beyond ASCII, from all over the file, up to a sample's worth."""
    found: list[bytes] = []
    with path.open("rb") as file:
        for line in file:
            if not line.isascii():
                found.append(line.rstrip(b"\r\n")[:2000])
                if len(found) >= _SAMPLE_LINES:
                    break
    return found


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


def _guess(sample: bytes, name: str) -> Encoding:
    asian = _asian(sample)
    if asian:
        return Encoding(asian, "valid throughout, common characters", is_certain=False)
    guess, candidates = one_byte_encoding(sample[:_SAMPLE_BYTES])
    if guess is not None:
        evidence = f"the letters make words of {guess.language}"
        return Encoding(guess.encoding, evidence, is_certain=False)
    raise SourceError(
        f"{name}: the encoding is not clear (not UTF-8; it could be "
        f"{', '.join(list(dict.fromkeys(candidates))[:5]) or 'anything'}); set source: encoding: in "
        "the mapping, or save the file as UTF-8",
        code="ENCODING_UNCLEAR",
    )


def _asian(sample: bytes) -> str:
    """An East Asian encoding, if the sample is valid in it and reads like its language."""
    for encoding, first, last, share in (
        ("shift_jis", "\u3040", "\u30ff", 0.1),
        ("euc-jp", "\u3040", "\u30ff", 0.1),
        ("euc-kr", "\uac00", "\ud7a3", 0.9),
        ("gb2312", "\u4e00", "\u9fa5", 0.8),
        ("gb18030", "\u4e00", "\u9fa5", 0.9),
        ("big5", "\u4e00", "\u9fa5", 0.9),
    ):
        text = _decoded(sample, encoding)
        if text is None or _asian_score(text) < 0.9:
            continue
        high = [char for char in text if char > "\x7f"]
        if encoding in _EVERYDAY:
            high = [char for char in high if char >= "\u4e00"]
            if sum(_is_everyday(char, encoding) for char in high) < 0.85 * len(high):
                continue
        if sum(first <= char <= last for char in high) >= share * len(high):
            return "gb18030" if encoding == "gb2312" else encoding  # the superset of today
    return ""


def _is_everyday(char: str, encoding: str) -> bool:
    first, last = _EVERYDAY[encoding]
    return first <= char.encode(encoding, "replace")[0] <= last


def _decoded(sample: bytes, encoding: str) -> str | None:
    try:
        return sample.decode(encoding)
    except UnicodeDecodeError:
        return None


def _asian_score(text: str) -> float:
    """Share of characters beyond ASCII that are East Asian and stand in company.

    A single one between Latin letters is an accented letter of some Western encoding.
    """
    good = total = 0
    for at, char in enumerate(text):
        if char > "\x7f":
            total += 1
            company = text[at - 1 : at] > "\x7f" or text[at + 1 : at + 2] > "\x7f"
            good += company and (
                "\u3000" <= char <= "\u30ff"
                or "\u4e00" <= char <= "\u9fa5"
                or "\uac00" <= char <= "\ud7a3"
                or "\uff00" <= char <= "\uff60"
            )
    return good / total if total >= 4 else 0.0
