"""Letter statistics (trigrams) of the languages that old encodings were made for."""

from __future__ import annotations

import json
import math
import unicodedata
from collections import Counter
from functools import cache
from importlib import resources

EDGE = "^"  # of a word
FLOOR = -13.0  # nats; of letters that never follow each other
WRONG_LETTER = -16.0  # nats; a letter that the language does not have
_SEEN = 0.5  # times that a letter without example is reckoned to have been seen
_LETTERS = 100  # kinds of them
_KEPT_MARKS = frozenset("\u0302\u0306\u031b")  # circumflex, breve, horn: part of a letter
_CEDILLAS = str.maketrans("șțȘȚ", "şţŞŢ")
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
    "English": ("en", ""),
}  # fmt: skip


@cache
def alphabet(language: str) -> frozenset[str]:
    """Return the letters of a language beyond ASCII."""
    return frozenset(LANGUAGES[language][1])


def trigrams(part: str) -> list[str]:
    """Return three letters in a row, two edges before the first letter and one after the last."""
    padded = f"{EDGE}{EDGE}{part}{EDGE}"
    return [padded[at : at + 3] for at in range(len(part) + 1)] if part else []


class Chances(dict[str, float]):
    """Trigram -> logarithm of the probability of its third letter after the first two.

    Rare trigrams are smoothed by bigrams and single letters (Witten-Bell).
    """

    def __init__(self, language: str) -> None:
        super().__init__()
        self._alphabet = alphabet(language)
        grams: Counter[str] = Counter()
        for often, joined in _counts()[language].items():
            for at in range(0, len(joined), 3):
                grams[joined[at : at + 3]] = int(often)
        for gram, times in list(grams.items()):
            grams[gram[1:]] += times
            grams[gram[2]] += times
        followed: dict[str, tuple[int, int]] = {}
        for gram, times in grams.items():
            if len(gram) > 1:
                count, kinds = followed.get(gram[:-1], (0, 0))
                followed[gram[:-1]] = (count + times, kinds + 1)
        self._grams = dict(grams)
        self._followed = followed
        self._total = sum(times for gram, times in grams.items() if len(gram) == 1)

    def __missing__(self, gram: str) -> float:
        if gram[2] > "\x7f" and gram[2] not in self._alphabet:
            found = WRONG_LETTER
        else:
            share = (self._grams.get(gram[2], 0) + _SEEN) / (self._total + _SEEN * _LETTERS)
            for context in (gram[1], gram[:2]):
                count, kinds = self._followed.get(context, (0, 0))
                if count:
                    share = (self._grams.get(context + gram[2], 0) + kinds * share) / (
                        count + kinds
                    )
            found = max(math.log(share), FLOOR)
        self[gram] = found
        return found


@cache
def chances_of(language: str) -> Chances:
    return Chances(language)


@cache
def _counts() -> dict[str, dict[str, str]]:
    folder = resources.files("bulk_import.sources.text.data")
    told: dict[str, dict[str, str]] = json.loads(folder.joinpath("letters.json").read_text("utf-8"))
    return told


def in_windows_letters(text: str, language: str) -> str:
    """Return small letters as the encodings of Windows have them."""
    if language != "Vietnamese":
        return text.translate(_CEDILLAS)
    made = []  # tones follow their letters
    for char in text:
        parts = unicodedata.normalize("NFD", char)
        kept = "".join(mark for mark in parts[1:] if mark in _KEPT_MARKS)
        tones = "".join(mark for mark in parts[1:] if mark not in _KEPT_MARKS)
        made.append(unicodedata.normalize("NFC", parts[:1] + kept) + tones)
    return "".join(made)
