"""Which one-byte encoding a text is in, by whether its letters follow each other as in some language.

Every candidate decodes nearly any bytes to letters. In the right one the pairs of letters are those
of a language of its region (how often they are comes from CLDR's names of countries and cities, see
``data/generate.py``), capitals stand in front of words or among capitals, and dashes and quotation
marks stand outside of words. Each word may be of another language of the region: an export of a firm
has customers everywhere. Candidates that decode to the same text are no rivals.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources

EDGE = "^"  # of a word
FLOOR = -13.0  # nats; of pairs that the language does not have
_UNKNOWN = -12.0  # a pair of the alphabet's letters that its names lack
_SIGN = -8.0  # a sign that stands as signs do
_ODD_SIGN = -7.0  # more for a dash or dots that stick to a letter as none do
_WRONG = -16.0  # a letter of no language of the region, a capital in a word, a sign in it
_MIXED = -1.5  # a word of another language than most
_MOST_WORDS = 600  # distinct ones; more add time and no evidence
_ENOUGH = -11.5  # nats for each letter beyond ASCII: what reads worse is no language
_MARGIN = 5.0  # nats by which the best reading beats the next that differs
_MARGIN_OF_FEW = 8.0  # nats more for a single word, less for several
_VOTE = 12.0  # nats for what chardet finds likeliest, and less for what it finds less likely
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
# Language -> (locale of CLDR, its letters beyond ASCII).
LANGUAGES: dict[str, tuple[str, str]] = {
    "German": ("de", "äöüß"), "French": ("fr", "àâæçéèêëîïôœùûüÿ"), "Spanish": ("es", "áéíñóúü"), "Italian": ("it", "àèéìíòóùú"),
    "Portuguese": ("pt", "áàâãçéêíóôõúü"), "Danish": ("da", "æøåéóòüö"), "Norwegian": ("nb", "æøåéóòü"), "Swedish": ("sv", "åäöéü"),
    "Finnish": ("fi", "åäöéšž"), "Icelandic": ("is", "áðéíóúýþæö"), "Dutch": ("nl", "ëïéèöüóáäâêîôûú"), "Catalan": ("ca", "àçéèíïóòúü"),
    "Estonian": ("et", "äöõüšž"), "Polish": ("pl", "ąćęłńóśźż"), "Czech": ("cs", "áčďéěíňóřšťúůýž"), "Slovak": ("sk", "áäčďéíĺľňóôŕšťúýž"),
    "Hungarian": ("hu", "áéíóöőúüű"), "Romanian": ("ro", "ăâîşţ"), "Croatian": ("hr", "čćđšž"), "Slovene": ("sl", "čšžćđ"),
    "Turkish": ("tr", "âçğıîöşüûi̇"), "Latvian": ("lv", "āčēģīķļņšūžō"), "Lithuanian": ("lt", "ąčęėįšųūž"), "Greek": ("el", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"),
    "Hebrew": ("he", "אבגדהוזחטיךכלםמןנסעףפץצקרשת"), "Arabic": ("ar", "ءآأؤإئابةتثجحخدذرزسشصضطظعغـفقكلمنهوىيپچژگ"),
    "Persian": ("fa", "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگک"), "Russian": ("ru", "абвгдежзийклмнопрстуфхцчшщъыьэюяё"),
    "Ukrainian": ("uk", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"), "Belarusian": ("be", "абвгдеёжзійклмнопрстуўфхцчшыьэюя"),
    "Bulgarian": ("bg", "абвгдежзийклмнопрстуфхцчшщъьюя"), "Serbian": ("sr", "абвгдђежзијклљмнњопрстћуфхцчџш"), "Macedonian": ("mk", "абвгдѓежзѕијклљмнњопрстќуфхцчџш"),
    "Thai": ("th", "".join(map(chr, range(0x0E01, 0x0E4F)))), "Vietnamese": ("vi", "ăâđêôơưàèìòùỳáéíóúý\u0300\u0301\u0303\u0309\u0323"),
}  # fmt: skip
_SUPERSETS = {"iso8859-1": "cp1252", "iso8859-15": "cp1252", "tis-620": "cp874", "iso8859-11": "cp874",
              "iso8859-9": "cp1254", "cp858": "cp850"}  # fmt: skip
_CASELESS = frozenset({"cp1255", "cp1256", "cp874"})
_SIGNS = frozenset("«»“”„‘’‚…–—•€¥§°№©®™·ªº¿¡½¼¾²³±×÷´`\u00a0\u200e\u200f")
_CLOSING = frozenset("’”»")  # do not open a word
# Signs that may stand between two letters of a word.
_INSIDE = frozenset("’·–—\u200e\u200f\u00a0")
_LATIN = re.compile("[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]")
_OTHER_SCRIPT = re.compile("[\u0370-\u0e4f]")
_BYTES_OF_WORDS = re.compile(rb"[^\s,;|\"()<>/@]*[\x80-\xff][^\s,;|\"()<>/@]*")


@dataclass(slots=True)
class Guess:
    """A candidate.

    Attributes:
        score: Nats; the nearer to 0 the better it reads.
        letters: Characters beyond ASCII that were looked at.
        vote: Nats that another detector adds.
    """

    score: float
    encoding: str
    language: str
    letters: int
    vote: float = 0.0


def alphabet(language: str) -> frozenset[str]:
    """Return the letters of a language beyond ASCII."""
    return frozenset(LANGUAGES[language][1])


def one_byte_encoding(sample: bytes) -> tuple[Guess | None, list[str]]:
    """Return the encoding in which *sample* reads like a language, else the candidates for it.

    Args:
        sample: Lines with bytes beyond ASCII.

    Returns:
        (guess, []) when one reading is clearly better than any different one; (None, candidates)
        when several read about as well, or none reads well.
    """
    words = [word for word, _ in Counter(_BYTES_OF_WORDS.findall(sample)).most_common(_MOST_WORDS)]
    guesses = _guesses(words)
    texts = {guess.encoding: [word.decode(guess.encoding) for word in words] for guess in guesses}
    for encoding, share in _votes(sample).items():
        alike = [guess for guess in guesses if texts[guess.encoding] == texts.get(encoding)]
        for guess in alike:
            guess.vote = max(guess.vote, _VOTE * share)
    guesses.sort(key=lambda guess: -guess.score - guess.vote)
    if not guesses:
        return None, []
    best = guesses[0]
    margin = _MARGIN + _MARGIN_OF_FEW / len(words)
    rivals = [
        guess.encoding
        for guess in guesses[1:]
        if guess.score + guess.vote > best.score + best.vote - margin
        and texts[guess.encoding] != texts[best.encoding]
    ]
    if rivals or best.score < _ENOUGH * best.letters:
        return None, [best.encoding, *rivals]
    return best, []


def _votes(sample: bytes) -> dict[str, float]:
    """What chardet thinks of the candidates: encoding -> its confidence, 1 for the likeliest.

    Alone it is wrong in one table of twenty; beside the letters it decides where these are few.
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


def _guesses(words: list[bytes]) -> list[Guess]:
    made = []
    for encoding, region in _REGIONS.items():
        try:
            decoded = [word.decode(encoding) for word in words]
        except UnicodeDecodeError:
            continue
        languages = region.split()
        has_case = encoding not in _CASELESS
        wins: Counter[str] = Counter()
        scores = []
        for word in decoded:
            by_language = {
                language: _read(word, language, has_case=has_case) for language in languages
            }
            best = max(by_language, key=by_language.__getitem__)
            wins[best] += 1
            scores.append(by_language)
        usual = wins.most_common(1)[0][0] if wins else languages[0]
        total = sum(
            max(score + (_MIXED if language != usual else 0) for language, score in some.items())
            for some in scores
        )
        letters = sum(char > "\x7f" for word in decoded for char in word)
        made.append(Guess(total + _PRIOR[encoding], encoding, usual, letters))
    return made


def _read(word: str, language: str, *, has_case: bool) -> float:
    """How well the letters beyond ASCII of a word read in a language: nats, 0 at best."""
    pairs, known = _pairs()[language], alphabet(language)
    small = word.lower() if len(word.lower()) == len(word) else word
    score = 0.0
    last = len(word) - 1
    if _mixes_scripts(word):
        return _WRONG * sum(char > "\x7f" for char in word)
    for at, char in enumerate(word):
        if char <= "\x7f":
            continue
        before = word[at - 1] if at else ""
        after = word[at + 1] if at < last else ""
        if char in _SIGNS:
            is_inside = before.isalpha() and after.isalpha() and char not in _INSIDE
            is_misplaced = char in _CLOSING and not before and after.isalpha()
            score += _WRONG if is_inside or is_misplaced else _SIGN
            score += _ODD_SIGN * _sticks_oddly(before, char, after)
        elif small[at] not in known or (has_case and not _stands_well(before, char, after)):
            score += _WRONG
        else:
            left = (small[at - 1] if before.isalpha() else EDGE) + small[at]
            right = small[at] + (small[at + 1] if after.isalpha() else EDGE)
            score += (pairs.get(left, _UNKNOWN) + pairs.get(right, _UNKNOWN)) / 2
    return score


@cache
def _pairs() -> dict[str, dict[str, float]]:
    folder = resources.files("bulk_import.sources.text.data")
    told = json.loads(folder.joinpath("letters.json").read_text("utf-8"))
    return {
        language: {pair: -tenths / 10 for pair, tenths in pairs.items()}
        for language, pairs in told.items()
    }


def _sticks_oddly(before: str, char: str, after: str) -> bool:
    """Whether a dash, a dot or dots stand at a letter as in ``Ca–ada`` or ``Bold—``."""
    if char == "·":
        return not (before in "lL" and after in "lL")  # col·legi
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
