"""Which one-byte encoding a text is in, by whether its letters make words of some language.

Every candidate decodes nearly any bytes to letters. In the right one the letters beyond ASCII
belong to one alphabet, capitals stand in front of words or among capitals, dashes and quotation
marks stand outside of words. Candidates that decode to the same text are no rivals.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_ENOUGH = 0.9
_MARGIN = 0.03  # a rival as near as that makes the evidence weak
_MIXED = 0.9  # letters of several languages of the region are likelier damage than those of one
_MOST_WORDS = 4000

_WESTERN = {
    "German": "äöüß", "French": "àâæçéèêëîïôœùûüÿ", "Spanish": "áéíñóúü", "Italian": "àèéìíòóùú",
    "Portuguese": "áàâãçéêíóôõúü", "Danish or Norwegian": "æøåéóòü", "Swedish or Finnish": "åäöéšžü",
    "Icelandic": "áðéíóúýþæö", "Dutch": "ëïéèöüóáä", "Catalan": "àçéèíïóòúü",
}  # fmt: skip
_CENTRAL = {
    "Polish": "ąćęłńóśźż", "Czech": "áčďéěíňóřšťúůýž", "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Hungarian": "áéíóöőúüű", "Romanian": "ăâîşţ", "Croatian or Slovene": "čćđšž",
    "German": "äöüß",
}  # fmt: skip
_TURKISH = {"Turkish": "âçğıîöşüûi̇"}
_BALTIC = {
    "Latvian": "āčēģīķļņšūž", "Lithuanian": "ąčęėįšųūž", "Estonian": "äöõüšž",
}  # fmt: skip
_GREEK = {"Greek": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"}
_HEBREW = {"Hebrew": "אבגדהוזחטיךכלםמןנסעףפץצקרשת"}
_ARABIC = {"Arabic or Persian": "ءآأؤإئابةتثجحخدذرزسشصضطظعغـفقكلمنهوىيپچژگ"}
_RUSSIAN = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
_CYRILLIC = {
    "Russian": _RUSSIAN, "Ukrainian": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "Belarusian": "абвгдеёжзійклмнопрстуўфхцчшыьэюя", "Bulgarian": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "Serbian or Macedonian": "абвгдђѓежзѕијкќлљмнњопрстћуфхцчџш",
}  # fmt: skip

# The letters that make up more than half of a text. They tell apart what capitals cannot: Russian
# in capitals is Russian in small letters, of no sense, in the other encoding.
_FREQUENT = {
    "Russian": "оеаинтсрвл", "Ukrainian": "оаниівертс", "Belarusian": "аніеросткл",
    "Bulgarian": "аоиентрсвл", "Serbian or Macedonian": "аоиентрсјв", "Greek": "αοιετσνηρςάί",
    "Hebrew": "יוהלאמרתבש", "Arabic or Persian": "اليمونرتبةدعح",
}  # fmt: skip
_FREQUENT_MARGIN = 0.1

_ALPHABETS = {
    "cp1252": _WESTERN, "cp1251": _CYRILLIC, "cp1250": _CENTRAL, "cp1254": _TURKISH,
    "cp1257": _BALTIC, "cp1253": _GREEK, "cp1255": _HEBREW, "cp1256": _ARABIC,
    "koi8-r": {"Russian": _RUSSIAN}, "koi8-u": {"Ukrainian": _CYRILLIC["Ukrainian"]},
    "mac-roman": _WESTERN, "mac-cyrillic": _CYRILLIC, "mac-latin2": _CENTRAL, "mac-greek": _GREEK,
    "iso8859-2": _CENTRAL, "iso8859-5": _CYRILLIC, "iso8859-7": _GREEK, "iso8859-13": _BALTIC,
    "cp850": _WESTERN, "cp852": _CENTRAL, "cp866": _CYRILLIC, "cp437": _WESTERN,
}  # fmt: skip
# Written by few programs of today: they have to read better than the others, not as well.
_RARE = frozenset(
    {"mac-roman", "mac-latin2", "mac-cyrillic", "mac-greek", "iso8859-2", "iso8859-13", "cp850",
     "cp852", "cp437", "koi8-u"}
)  # fmt: skip
_RARE_SCORE = 0.96
_CASELESS = frozenset({"cp1255", "cp1256"})

_SIGNS = frozenset("«»“”„‘’‚…–—•€£¥§°№©®™·ªº¿¡½¼¾²³±×÷´`¨\u00a0\u200e\u200f")
# Signs that may stand between two letters of a word.
_INSIDE = frozenset("’·–—\u200e\u200f\u00a0")
_BYTES_OF_WORDS = re.compile(rb"[^\s,;|\"()<>/@]*[\x80-\xff][^\s,;|\"()<>/@]*")


@dataclass(frozen=True, slots=True)
class Guess:
    """A candidate.

    Attributes:
        score: How well the text reads in it, from 0 to 1.
        frequent: Which share of its letters are the frequent ones of the language; 0 where
            that is of no use.
    """

    score: float
    encoding: str
    language: str
    frequent: float = 0.0


def one_byte_encoding(sample: bytes) -> tuple[Guess | None, list[str]]:
    """Return the encoding in which *sample* reads like a language, else the candidates for it.

    Args:
        sample: Lines with bytes beyond ASCII.

    Returns:
        (guess, []) when one reading is clearly better than any different one; (None, candidates)
        when several read about as well, or none reads well.
    """
    words = Counter(_BYTES_OF_WORDS.findall(sample)).most_common(_MOST_WORDS)
    guesses = sorted(_guesses(words), key=lambda guess: -guess.score)
    if not guesses or guesses[0].score < _ENOUGH:
        return None, [guess.encoding for guess in guesses]
    near = [guess for guess in guesses if guess.score > guesses[0].score - _MARGIN]
    # Stable: of two that make as much sense, the better read one stays in front.
    best = max(near, key=lambda guess: guess.frequent) if _all_have_frequencies(near) else near[0]
    text = [word.decode(best.encoding) for word, _ in words]
    rivals = [
        guess.encoding
        for guess in near
        if [word.decode(guess.encoding) for word, _ in words] != text
        and not 0 < guess.frequent < best.frequent - _FREQUENT_MARGIN
    ]
    return (None, [best.encoding, *rivals]) if rivals else (best, [])


def _all_have_frequencies(guesses: list[Guess]) -> bool:
    return all(guess.language in _FREQUENT for guess in guesses)


def _guesses(words: list[tuple[bytes, int]]) -> Iterator[Guess]:
    for encoding, alphabets in _ALPHABETS.items():
        try:
            decoded = [(word.decode(encoding), times) for word, times in words]
        except UnicodeDecodeError:
            continue
        letters, signs, total = _read(decoded, has_case=encoding not in _CASELESS)
        if not total or not letters:
            continue
        for language, alphabet in alphabets.items():
            known = _times(letters, alphabet)
            frequent = _times(letters, _FREQUENT.get(language, "")) / letters.total()
            score = (known + signs) / total * (_RARE_SCORE if encoding in _RARE else 1)
            yield Guess(score, encoding, language, frequent)
        if len(alphabets) > 1:
            known = _times(letters, "".join(alphabets.values()))
            yield Guess((known + signs) / total * _MIXED, encoding, "several languages")


def _times(letters: Counter[str], alphabet: str) -> int:
    return sum(times for letter, times in letters.items() if letter in alphabet)


def _read(words: list[tuple[str, int]], *, has_case: bool) -> tuple[Counter[str], int, int]:
    """(letters beyond ASCII that stand as letters do, signs that stand as signs do, all)."""
    letters: Counter[str] = Counter()
    signs = total = 0
    for word, times in words:
        before = ""
        last = len(word) - 1
        mixes = _mixes_scripts(word)
        for at, char in enumerate(word):
            if char > "\x7f":
                total += times
                after = word[at + 1] if at < last else ""
                if char.isalpha() and char not in _SIGNS:
                    if not mixes and (not has_case or _stands_well(before, char, after)):
                        letters[char.lower()] += times
                elif char in _SIGNS and (
                    char in _INSIDE or not (before.isalpha() and after.isalpha())
                ):
                    signs += times
            before = char
    return letters, signs, total


def _stands_well(before: str, char: str, after: str) -> bool:
    """Whether a letter's case fits its neighbours'."""
    if char.isupper():
        return not before.islower() or before in "’'"
    # Small letters open a word of small letters; behind a single capital they follow it.
    return not after.isupper() or not before.isalpha()


def _mixes_scripts(word: str) -> bool:
    """Whether Latin letters stand beside those of another script: no word of any language."""
    kinds = {
        "latin" if char < "\u0250" else "other"
        for char in word
        if char.isalpha() and char not in _SIGNS
    }
    return len(kinds) > 1
