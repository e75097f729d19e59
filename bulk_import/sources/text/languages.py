"""Detects one-byte encodings: in the right one, the letters follow each other as in some language.

Nearly any bytes decode in every candidate. In the right one, trigrams are those of a language of its
region (counted in names of people and places, see ``data/generate.py``), capitals begin words or stand
among capitals, and quotation marks, dashes and other signs are outside of words. Each word may be in
another language of the region, because customers come from everywhere. Candidates that decode to the
same text do not compete. The margin that the best candidate needs depends on the number of words in
which two candidates differ; the rest of the file (``company``) counts for and against languages.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass, field
from operator import add, ne

from bulk_import.sources.text.company import company
from bulk_import.sources.text.letters import chances_of, trigrams

_SIGN = -8.0  # a sign that stands as signs do
_ODD_SIGN = -9.0  # more for one that sticks to a letter as none does
_LONE_MARK = -9.0  # more for a quotation mark whose other one is in no word
_WRONG = -16.0  # a letter of no language of the region, a capital in a word
_NEVER = -26.0  # a sign in a word, a control character
_MIXES_SCRIPTS = -24.0  # for each letter beyond ASCII
_MIXED = -1.5  # a word of another language than most
_MIXED_RARE = {"Icelandic": -4.5}  # of few people
_MOST_WORDS = 200  # distinct ones; more add time and no evidence
_AT_ONCE = 40  # words, after which hopeless readings are dropped
_HOPELESS = 150.0  # nats
_ENOUGH = -20.0  # nats for each letter beyond ASCII: what reads worse is no language
_FEWEST = 4  # letters in words with one beyond ASCII
_MARGIN = 4.0  # nats by which the best reading beats each that differs
_MARGIN_OF_FEW = 4.0  # nats more if they differ in a single word, less if in several
_MOST_FOR = 6.0  # nats, at most, by which they make up for what the other words lack
_OF_EACH = 2  # words, beside the most frequent ones
_VOTE = 9.0  # nats for what chardet finds likeliest, and less for what it finds less likely
_VOTE_BYTES = 32 * 1024
# Written by few programs of today: the evidence has to outweigh that.
_PRIOR = {
    "cp1252": 0.0, "cp1251": 0.0, "cp1250": -1.0, "cp1254": -1.5, "cp1257": -1.5, "cp1253": -1.0, "cp1255": -1.0,
    "cp1256": -1.0, "cp874": -1.5, "cp1258": -1.5, "koi8-r": -2.0, "koi8-u": -2.5, "iso8859-2": -3.0, "iso8859-5": -3.0,
    "iso8859-7": -2.0, "iso8859-13": -4.0, "cp866": -2.0, "cp850": -3.0, "cp852": -3.5, "cp437": -5.0, "mac-roman": -3.0,
    "mac-cyrillic": -3.5, "mac-latin2": -5.0, "mac-greek": -5.0,
}  # fmt: skip

_WEST = "German French Spanish Portuguese Italian Dutch Danish Norwegian Swedish Finnish Icelandic Catalan Estonian"
_CENTRAL = "Polish Czech Slovak Hungarian Romanian Croatian Slovene"
_CYRILLIC = "Russian Ukrainian Belarusian Bulgarian Serbian Macedonian"
_REGIONS = {
    "cp1252": _WEST, "mac-roman": _WEST, "cp850": _WEST, "cp437": "German French Spanish Italian Swedish Danish",
    "cp1250": f"{_CENTRAL} German", "iso8859-2": _CENTRAL, "cp852": _CENTRAL, "mac-latin2": _CENTRAL,
    "cp1254": "Turkish German", "cp1257": "Latvian Lithuanian Estonian", "iso8859-13": "Latvian Lithuanian Estonian",
    "cp1253": "Greek", "iso8859-7": "Greek", "mac-greek": "Greek", "cp1255": "Hebrew", "cp1256": "Arabic Persian",
    "cp1251": _CYRILLIC, "mac-cyrillic": _CYRILLIC, "cp866": "Russian Belarusian Bulgarian", "iso8859-5": _CYRILLIC,
    "koi8-r": "Russian", "koi8-u": "Russian Ukrainian", "cp874": "Thai", "cp1258": "Vietnamese",
}  # fmt: skip
_SUPERSETS = {"iso8859-1": "cp1252", "iso8859-15": "cp1252", "tis-620": "cp874", "iso8859-11": "cp874",
              "iso8859-9": "cp1254", "cp858": "cp850"}  # fmt: skip
_CASELESS = frozenset({"cp1255", "cp1256", "cp874"})
_SIGNS = frozenset("«»“”„‘’‚…–—•€¥§°№©®™·ªº¿¡½¼¾²³±×÷´`\u00a0\u200e\u200f")
_ORDINALS = frozenset("ªº")
_APART = frozenset("€¥§±")  # from letters
_CLOSING = frozenset("’”»")  # do not open a word
# Quotation marks, and those that may be at the other end of the text.
_PARTNERS = {"«": "»", "»": "«", "“": "„”", "„": "“”", "”": "“„”", "‚": "‘’", "‘": "’‚"}
_OPENING = frozenset("‚„¡¿")  # do not close one
_RAISED = frozenset("²³¹½¼¾")  # follow a unit, not a word
_TRADE = frozenset("©®™")  # are not written before a word
_DIRECTIONS = frozenset("\u200e\u200f")  # are not in Latin words
# Signs that may stand between two letters of a word.
_INSIDE = frozenset("’·–—\u200e\u200f\u00a0")
_MARKS = frozenset("\u0300\u0301\u0303\u0309\u0323") | frozenset(map(chr, range(0x0E31, 0x0E4F)))
_PARTS = re.compile("[^\\w\u0300-\u0323\u0e31-\u0e4e]|[\\d_ªº²³¹¼½¾]")
_LATIN = re.compile("[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]")
_OTHER_SCRIPT = re.compile("[\u0370-\u0e4f]")
_BYTES_OF_WORDS = re.compile(rb"[^\s,;|\"()<>/@]*[\x80-\xff][^\s,;|\"()<>/@]*")


@dataclass(slots=True)
class Guess:
    """A candidate.

    Attributes:
        score: Nats; the nearer to 0 the better it reads.
        letters: Characters beyond ASCII that were looked at.
        in_company: The score including the evidence of the rest of the file, in nats.
        vote: Nats that another detector adds.
    """

    score: float
    encoding: str
    language: str
    letters: int
    in_company: float = 0.0
    vote: float = 0.0


def one_byte_encoding(sample: bytes, plain: bytes = b"") -> tuple[Guess | None, list[str]]:
    """Return the encoding in which *sample* reads like a language, else the candidates for it.

    Args:
        sample: Lines with bytes beyond ASCII.
        plain: Any lines; ASCII words and addresses in them are evidence for the language.

    Returns:
        (guess, []) when one reading is clearly better than any different one; (None, candidates)
        when several read about as well, or none reads well.
    """
    words = telling(_BYTES_OF_WORDS.findall(sample))
    guesses = guesses_of(words, company(plain))
    texts = {guess.encoding: [word.decode(guess.encoding) for word in words] for guess in guesses}
    for encoding, share in _votes(sample).items():
        alike = [guess for guess in guesses if texts[guess.encoding] == texts.get(encoding)]
        for guess in alike:
            guess.vote = max(guess.vote, _VOTE * share)
    guesses.sort(key=lambda guess: -guess.score - guess.vote)
    if not guesses:
        return None, []
    best = guesses[0]
    rivals = [
        guess.encoding
        for guess in guesses[1:]
        if is_near(guess, best, sum(map(ne, texts[guess.encoding], texts[best.encoding])))
    ]
    is_short = sum(char.isalpha() for word in texts[best.encoding] for char in word) < _FEWEST
    if rivals or is_short or best.score < _ENOUGH * best.letters:
        return None, [best.encoding, *rivals]
    return best, []


def telling(found: list[bytes]) -> list[bytes]:
    """Return the 200 most frequent words, and for each byte beyond ASCII up to two that have it."""
    counted = [word for word, _ in Counter(found).most_common()]
    chosen = counted[:_MOST_WORDS]
    seen = Counter(byte for word in chosen for byte in set(word))
    for word in counted[_MOST_WORDS:]:
        if any(byte > 0x7F and seen[byte] < _OF_EACH for byte in word):
            chosen.append(word)
            seen.update(set(word))
    return chosen


def is_near(rival: Guess, best: Guess, differing: int) -> bool:
    """Return whether a reading that differs in *differing* words scores too close to the best."""
    if not differing:
        return False
    gap = best.score + best.vote - rival.score - rival.vote
    in_company = best.in_company + best.vote - rival.in_company - rival.vote
    return min(gap + _MOST_FOR, in_company) < _MARGIN + _MARGIN_OF_FEW / differing


def _votes(sample: bytes) -> dict[str, float]:
    """chardet's confidence in each encoding, scaled to 1 for the likeliest.

    Alone it is wrong in one table of twenty; added to the letters it helps if these are few.
    """
    import chardet

    found: dict[str, float] = {}
    given = chardet.detect_all(
        sample[:_VOTE_BYTES], should_rename_legacy=False, ignore_threshold=True
    )
    for item in given:
        try:
            name = codecs.lookup(item["encoding"] or "").name
        except LookupError:
            continue
        name = _SUPERSETS.get(name, name)
        found[name] = max(found.get(name, 0.0), float(item["confidence"]))
    most = max(found.values(), default=0.0)
    return {name: share / most for name, share in found.items()} if most else {}


def guesses_of(words: list[bytes], company: dict[str, float]) -> list[Guess]:
    """Return how well the words read in each encoding that can decode them.

    Args:
        company: Evidence of the rest of the file for each language: nats.
    """
    readings = [reading for encoding in _REGIONS if (reading := _Reading.of(encoding, words))]
    for at in range(0, len(words), _AT_ONCE):
        for reading in readings:
            reading.read(at, at + _AT_ONCE)
        best = max(reading.so_far for reading in readings)
        readings = [reading for reading in readings if reading.so_far > best - _HOPELESS]
    return [reading.guess(company) for reading in readings]


@dataclass(slots=True)
class _Reading:
    """The words in one encoding, read as the languages of its region.

    Attributes:
        scores: Of each word read so far, by language.
        so_far: The sum of the best of each.
    """

    encoding: str
    words: list[str]
    scores: list[list[float]] = field(default_factory=list)
    so_far: float = 0.0

    @classmethod
    def of(cls, encoding: str, words: list[bytes]) -> _Reading | None:
        try:
            return cls(encoding, [word.decode(encoding) for word in words])
        except UnicodeDecodeError:
            return None

    def read(self, start: int, stop: int) -> None:
        languages = _REGIONS[self.encoding].split()
        has_case = self.encoding not in _CASELESS
        for word in self.words[start:stop]:
            found = _scores(word, languages, has_case=has_case)
            self.scores.append(found)
            self.so_far += max(found)

    def guess(self, company: dict[str, float]) -> Guess:
        languages = _REGIONS[self.encoding].split()
        wins = Counter(found.index(max(found)) for found in self.scores)
        usual = wins.most_common(1)[0][0] if wins else 0
        totals = [self._total(languages, main) for main in range(len(languages))]
        return Guess(
            totals[usual],
            self.encoding,
            languages[usual],
            sum(char > "\x7f" for word in self.words for char in word),
            max(map(add, totals, (company.get(language, 0.0) for language in languages))),
        )

    def _total(self, languages: list[str], main: int) -> float:
        """The score if most words are of the language at *main*."""
        others = [_MIXED_RARE.get(language, _MIXED) for language in languages]
        others[main] = 0.0
        total: float = sum(max(map(add, found, others)) for found in self.scores)
        return total + _PRIOR[self.encoding] + _LONE_MARK * self._lone_marks()

    def _lone_marks(self) -> int:
        """How many words have a quotation mark whose counterpart never occurs."""
        text = "\n".join(self.words)
        return sum(
            sum(mark in word for word in self.words)
            for mark, partners in _PARTNERS.items()
            if mark in text
            and not any(partner in text.replace(mark, "", 1) for partner in partners)
        )


def _scores(word: str, languages: list[str], *, has_case: bool) -> list[float]:
    """How well the letters beyond ASCII of a word read in each language: nats, 0 at best."""
    if _mixes_scripts(word):
        return [_MIXES_SCRIPTS * sum(char > "\x7f" for char in word)] * len(languages)
    penalty = manners(word, has_case=has_case)
    small = word.lower() if len(word.lower()) == len(word) else word
    grams = [gram for part in _PARTS.split(small) for gram in trigrams(part) if not gram.isascii()]
    return [penalty + sum(map(chances_of(language).__getitem__, grams)) for language in languages]


def manners(word: str, *, has_case: bool) -> float:
    """Return the penalty for capitals and signs in unusual places: nats, 0 for none."""
    score = 0.0
    last = len(word) - 1
    for at, char in enumerate(word):
        if char <= "\x7f":
            continue
        before = word[at - 1] if at else ""
        after = word[at + 1] if at < last else ""
        if char.isalpha() and char not in _ORDINALS:
            score += _WRONG * (has_case and not _stands_well(before, char, after))
        elif char in _SIGNS:
            score += _sign(word[:at], char, after)
        else:
            score += _NEVER * (char not in _MARKS)
    return score


def _sign(start: str, char: str, after: str) -> float:
    before = start[-1:]
    if before.isalpha() and after.isalpha() and char not in _INSIDE:
        return _NEVER
    if char in _TRADE and after.isalpha():
        return _NEVER
    if char in _DIRECTIONS and _LATIN.match(before) and _LATIN.match(after):
        return _NEVER
    if char in _CLOSING and not before and after.isalpha():
        return _WRONG
    return _SIGN + _ODD_SIGN * _sticks_oddly(start, char, after)


def _sticks_oddly(start: str, char: str, after: str) -> bool:
    """Whether a sign stands at a letter as in ``Ca–ada``, ``Bold—``, ``¡lvaro``, ``¥degård`` or ``Nemeº``."""
    before = start[-1:]
    if char == "·":
        return not (before in "lL" and after in "lL")  # col·legi
    if char in _ORDINALS:
        return len(start) > 2 and before.isalpha()  # Nº, Mª
    if not start and after.islower():
        return True
    if "-" in (before, after) and (before + after).strip("-").isalpha():
        return char not in _INSIDE  # Borzom“-Ammaniti
    if char in _OPENING:
        return before.isalpha() and not after
    if char in _RAISED:
        return len(start) > 2 and before.isalpha()
    if char in _APART:
        return before.isalpha() or after.isalpha()
    if char not in "–—•…\u00a0":
        return False
    if before.isalpha() and after.isalpha():
        return char in "•…" or after.islower()
    return (before.isalpha() and char != "…") or after.isalpha()


def _stands_well(before: str, char: str, after: str) -> bool:
    """Whether a letter's case fits its neighbours'."""
    if char.isupper():
        is_second = before.isupper() and after.islower()  # "MÜller": no capitals, and no name
        return not is_second and (not before.islower() or before in "’'")
    # Small letters open a word of small letters; after a single capital they follow it.
    return not after.isupper() or not before.isalpha()


def _mixes_scripts(word: str) -> bool:
    """Whether Latin letters stand beside those of another script: no word of any language."""
    return bool(_LATIN.search(word)) and bool(_OTHER_SCRIPT.search(word))
