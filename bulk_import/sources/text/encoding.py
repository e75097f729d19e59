"""Which encoding a text file is in. Certain where it can be, else said to be a guess, else asked.

A byte order mark and valid UTF-8 are proof. For the old encodings the evidence is the language that
the letters make, weighed with what chardet and chardetng think; either of them alone is wrong too
often and never asks (figures in ``benchmarks/README.md``, measured by ``benchmarks.encodings``).
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from bulk_import.errors import Message, SourceError

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


# As chardetng names them -> the superset that programs really write.
_EAST_ASIAN = {
    "Shift_JIS": "cp932", "EUC-JP": "euc-jp", "EUC-KR": "cp949", "GBK": "gb18030",
    "gb18030": "gb18030", "Big5": "big5",
}  # fmt: skip
_USUAL = ("cp1252", "cp1251", "cp1250", "mac-roman", "cp852", "koi8-r")  # to choose from
_ASIAN_ENOUGH = 0.7
_READS_POORLY = -10.0  # nats for each letter beyond ASCII: then an East Asian reading is a rival
_ASIAN_FEW = 15  # distinct characters: with fewer, no other East Asian encoding may fit


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
    with path.open("rb") as file:
        plain = file.read(_PLAIN_BYTES)
    return _guess(b"\n".join(high), name, plain)


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

    For a person to choose from, where ``detect_encoding`` does not dare to. No two read alike.
    """
    from bulk_import.sources.text.languages import one_byte_encoding

    lines = _beyond_ascii(path)
    sample = b"\n".join(lines)[:_SAMPLE_BYTES]
    if not sample:
        return []
    asian = _asian(sample)
    guess, candidates = one_byte_encoding(sample)
    names = [guess.encoding] if guess is not None else []
    if asian:
        names = [asian, *_asian_rivals(sample, asian)]
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
    if odd > half * 0.4 and even < half * 0.1:
        return Encoding("utf-16-le", Message("every other byte is zero"), is_certain=True)
    if even > half * 0.4 and odd < half * 0.1:
        return Encoding("utf-16-be", Message("every other byte is zero"), is_certain=True)
    raise SourceError(
        Message("{name}: zero bytes in it: not a text file in an encoding we know", name=name),
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


def _guess(sample: bytes, name: str, plain: bytes = b"") -> Encoding:
    from bulk_import.sources.text.languages import one_byte_encoding

    asian = _asian(sample)
    rivals = _asian_rivals(sample, asian) if asian else []
    if asian and not rivals:
        return Encoding(asian, Message("valid throughout, common characters"), is_certain=False)
    guess, candidates = (
        (None, [asian, *rivals]) if asian else one_byte_encoding(sample[:_SAMPLE_BYTES], plain)
    )
    if guess is not None and guess.score < _READS_POORLY * guess.letters:
        others = _asian_readings(sample)
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


def _asian(sample: bytes) -> str:
    """An East Asian encoding, if the sample is valid in it and reads like its language.

    Which of them it is, chardetng (Firefox's detector) tells by how often characters are used; what it
    takes for East Asian although it is not does not come in the company that its characters keep.
    """
    from chardetng_py import detect

    encoding = _EAST_ASIAN.get(detect(sample), "")
    text = _decoded(sample, encoding) if encoding else None
    return encoding if text is not None and _asian_score(text) >= _ASIAN_ENOUGH else ""


def _asian_rivals(sample: bytes, encoding: str) -> list[str]:
    """Other East Asian encodings in which a few characters read as well, and differently."""
    text = sample.decode(encoding)
    if len({char for char in text if char > "\x7f"}) >= _ASIAN_FEW:
        return []
    others = ((name, _decoded(sample, name)) for name in dict.fromkeys(_EAST_ASIAN.values()))
    return [
        name
        for name, other in others
        if other is not None and other != text and _asian_score(other) >= _ASIAN_ENOUGH
    ]


def _asian_readings(sample: bytes) -> list[str]:
    """East Asian encodings in which the sample reads like a language of theirs."""
    texts = {name: _decoded(sample, name) for name in dict.fromkeys(_EAST_ASIAN.values())}
    return [
        name
        for name, text in texts.items()
        if text is not None and _asian_score(text) >= _ASIAN_ENOUGH
    ]


def _decoded(sample: bytes, encoding: str) -> str | None:
    try:
        return sample.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _asian_score(text: str) -> float:
    """Share of characters beyond ASCII that are East Asian and not beside a Latin letter.

    One beside a Latin letter is an accented letter of some Western encoding.
    """
    good = total = 0
    for at, char in enumerate(text):
        if char > "\x7f":
            total += 1
            company = not (_is_latin(text[at - 1 : at]) or _is_latin(text[at + 1 : at + 2]))
            good += company and (
                "\u3000" <= char <= "\u30ff"
                or "\u4e00" <= char <= "\u9fff"
                or "\uac00" <= char <= "\ud7a3"
                or "\uff00" <= char <= "\uff60"
            )
    return good / total if total >= 2 else 0.0


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalpha()
