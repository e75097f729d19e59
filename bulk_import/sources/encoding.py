"""Which encoding a text file is in. Certain where it can be, else said to be a guess, else asked.

A byte order mark and valid UTF-8 are proof. For the old one-byte encodings the evidence is the
language: Cyrillic words have small letters inside and capitals in front in one of them only.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bulk_import.errors import SourceError

Score = Callable[[str], float]

_BLOCK = 1 << 20
_SAMPLE_LINES = 4000

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CYRILLIC = ("cp1251", "koi8-r", "mac-cyrillic", "cp866", "iso8859-5")
_SINGLE = (
    "cp1252", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "mac-roman", "iso8859-2",
)  # fmt: skip


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
    cyrillic = _best(sample, _CYRILLIC, _cyrillic_score, 0.9)
    if cyrillic:
        return Encoding(cyrillic, "Cyrillic words, capitals in front", is_certain=False)
    asian = _asian(sample)
    if asian:
        return Encoding(asian, "valid throughout, common characters", is_certain=False)
    candidates = [encoding for encoding in _SINGLE if _decoded(sample, encoding) is not None]
    western = _best(sample, ("cp1252", "mac-roman"), _western_score, 0.75)
    normalized = _second_opinion(sample)
    if normalized and normalized != western and normalized in candidates and not western:
        return Encoding(normalized, "letters as in that language", is_certain=False)
    if western:
        return Encoding(western, "Western European letters inside words", is_certain=False)
    raise SourceError(
        f"{name}: the encoding is not clear (not UTF-8; it could be "
        f"{', '.join(candidates[:5]) or 'any'}); set source: encoding: in the mapping, or save the "
        "file as UTF-8",
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
        if sum(first <= char <= last for char in high) >= share * len(high):
            return "gb18030" if encoding == "gb2312" else encoding  # the superset of today
    return ""


def _second_opinion(sample: bytes) -> str:
    """What charset-normalizer says, under the name that we use."""
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=list(_SINGLE)).best()
    return codecs.lookup(best.encoding).name if best else ""


def _best(sample: bytes, encodings: Iterable[str], score: Score, enough: float) -> str:
    scored = []
    for encoding in encodings:
        text = _decoded(sample, encoding)
        if text is not None:
            scored.append((score(text), encoding))
    scored.sort(reverse=True)
    return scored[0][1] if scored and scored[0][0] >= enough else ""


def _decoded(sample: bytes, encoding: str) -> str | None:
    try:
        return sample.decode(encoding)
    except UnicodeDecodeError:
        return None


def _cyrillic_score(text: str) -> float:
    """Share of characters beyond ASCII that stand where Cyrillic letters stand in words."""
    good = total = small = 0
    before = " "
    for char in text:
        if char > "\x7f":
            total += 1
            if "\u0400" <= char <= "\u045f" or char in "\u0490\u0491":
                follows = "\u0400" <= before <= "\u0491"
                beside_latin = before.isascii() and before.isalpha()
                small += char.islower()
                good += not beside_latin and (
                    (char.islower() and follows) or (char.isupper() and not follows)
                    or (char.isupper() and before.isupper())
                )  # fmt: skip
            elif char in "«»№–—\u00a0“”„…":
                good += 1
        elif char.isalpha() and "\u0400" <= before <= "\u0491":
            good -= 1  # a Latin letter inside the word
        before = char
    if small * 3 < total:  # mostly capitals: any bytes look like that in some old encoding
        return 0.0
    return good / total


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


_HIGH_RUN = re.compile("[\x80-\U0010ffff]+")
_WESTERN = frozenset("äöüßÄÖÜéèêëàâáãåçñóòôõúùûíìîïøæœÉÀÇÑÓÁÍÚØÅÆŒŠšŽžÿ€£°§«»–—‘’“”…ªº¿¡·®©™\u00a0")


def _western_score(text: str) -> float:
    """Share of characters beyond ASCII that are Western and stand alone or in pairs.

    Whole words of them are Greek, Hebrew or Arabic read in the wrong encoding.
    """
    good = total = 0
    for run in _HIGH_RUN.findall(text):
        total += len(run)
        if len(run) <= 2 or not run.isalpha():
            good += sum(char in _WESTERN for char in run)
    return good / total if total else 0.0
