"""Which detector finds the encoding of a table: right, refused or wrong, by language and encoding.

``python -m benchmarks.encodings [TRIALS] [SEED] [ours]``. Names, cities, addresses and companies of 34 languages (Faker) are
written as tables of 3 to 3,000 rows in every encoding that people of that language have used, and
each detector is asked. *Right* is the text as it was; another encoding that decodes the same bytes to
the same text is right too.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

_DOS, _MAC = ["cp850"], ["mac-roman"]
_WEST = ["cp1252", "mac-roman", "cp850"]
# Faker's locale, and the encodings of files in that language.
LANGUAGES: dict[str, tuple[str, list[str]]] = {
    "German": ("de_DE", _WEST), "French": ("fr_FR", _WEST), "Spanish": ("es_ES", _WEST), "Portuguese": ("pt_PT", _WEST),
    "Italian": ("it_IT", _WEST), "Dutch": ("nl_NL", ["cp1252"]), "Danish": ("da_DK", _WEST), "Swedish": ("sv_SE", _WEST),
    "Finnish": ("fi_FI", _WEST), "Norwegian": ("no_NO", ["cp1252", "cp850"]), "Polish": ("pl_PL", ["cp1250", "iso8859-2", "cp852"]),
    "Czech": ("cs_CZ", ["cp1250", "iso8859-2", "cp852", "mac-latin2"]), "Slovak": ("sk_SK", ["cp1250", "iso8859-2", "cp852"]),
    "Hungarian": ("hu_HU", ["cp1250", "iso8859-2", "cp852"]), "Romanian": ("ro_RO", ["cp1250", "iso8859-2"]),
    "Croatian": ("hr_HR", ["cp1250", "iso8859-2", "cp852"]), "Slovene": ("sl_SI", ["cp1250", "iso8859-2"]),
    "Turkish": ("tr_TR", ["cp1254"]), "Latvian": ("lv_LV", ["cp1257"]), "Lithuanian": ("lt_LT", ["cp1257"]), "Estonian": ("et_EE", ["cp1257", "cp1252"]),
    "Greek": ("el_GR", ["cp1253", "iso8859-7"]), "Hebrew": ("he_IL", ["cp1255"]), "Arabic": ("ar_SA", ["cp1256"]), "Persian": ("fa_IR", ["cp1256"]),
    "Russian": ("ru_RU", ["cp1251", "koi8-r", "cp866", "mac-cyrillic", "iso8859-5"]), "Ukrainian": ("uk_UA", ["cp1251", "koi8-u"]),
    "Bulgarian": ("bg_BG", ["cp1251"]), "Japanese": ("ja_JP", ["cp932", "euc-jp"]), "Korean": ("ko_KR", ["cp949"]),
    "Chinese": ("zh_CN", ["gb18030"]), "Taiwanese": ("zh_TW", ["big5"]), "Thai": ("th_TH", ["cp874"]), "Vietnamese": ("vi_VN", ["cp1258"]),
}  # fmt: skip
SIZES = (3, 10, 50, 300, 3000)
SHAPES = ("name", "city", "address", "company", "mixed")
_KEPT = frozenset("\u0302\u0306\u031b")  # circumflex, breve, horn: part of a letter in cp1258
_CEDILLAS = str.maketrans("șțȘȚ", "şţŞŢ")
_WORDS = ("20+", "10+", "5+", "3+", "2", "1")
_WORD = re.compile(rb"[^\s,;|\"()<>/@]*[\x80-\xff][^\s,;|\"()<>/@]*")
_DRAWN = 2500
# Words that Faker makes of two scripts, such as "Георгеленаmouth": nobody has them in a file.
_MIXED = re.compile("[A-Za-z][\u0370-\u06ff]|[\u0370-\u06ff][A-Za-z]")


@dataclass(frozen=True, slots=True)
class Trial:
    language: str
    encoding: str
    shape: str
    rows: int
    text: str


def trials(each: int, *, seed: int = 1) -> Iterator[Trial]:
    """Yield tables that have letters beyond ASCII and can be written in their encoding."""
    chance = random.Random(seed)
    for language, (locale, encodings) in LANGUAGES.items():
        drawn = _drawn(locale)
        for shape in SHAPES:
            for rows in SIZES:
                for _ in range(each if rows < 3000 else 1):
                    text = "\r\n".join(_table(drawn, shape, rows, chance)) + "\r\n"
                    for encoding in encodings:
                        known = _as_written(text, encoding)
                        known = known.encode(encoding, "ignore").decode(encoding)
                        if not known.isascii():
                            yield Trial(language, encoding, shape, rows, known)


def several_languages(rows: int, *, seed: int = 1) -> Iterator[Trial]:
    """Yield exports in cp1252 and cp1250 of a firm with contacts in many countries."""
    chance = random.Random(seed)
    for encoding in ("cp1252", "cp1250"):
        pool = [
            name
            for locale, encodings in LANGUAGES.values()
            if encoding in encodings
            for name in _drawn(locale)["name"][:400]
        ]
        lines = [f"{chance.choice(pool)},a{n}@example.com" for n in range(rows)]
        text = "\r\n".join(lines).encode(encoding, "ignore").decode(encoding)
        yield Trial("many", encoding, "name", rows, text)


def _table(drawn: dict[str, list[str]], shape: str, rows: int, chance: random.Random) -> list[str]:
    if shape == "mixed":
        return [
            ";".join([chance.choice(drawn["name"]), f"person{n}@example.com", chance.choice(drawn["city"]),
                      chance.choice(drawn["address"]).replace(";", ","), "+1 202 555 0100"])
            for n in range(rows)
        ]  # fmt: skip
    return [f"{chance.choice(drawn[shape])};{n};a{n}@example.com" for n in range(rows)]


_DRAWN_BY_LOCALE: dict[str, dict[str, list[str]]] = {}


def _drawn(locale: str) -> dict[str, list[str]]:
    if locale not in _DRAWN_BY_LOCALE:
        from faker import Faker

        maker = Faker(locale)
        maker.seed_instance(7)
        _DRAWN_BY_LOCALE[locale] = {
            kind: [text for text in _texts(maker, kind) if not _MIXED.search(text)]
            for kind in SHAPES[:-1]
        }
    return _DRAWN_BY_LOCALE[locale]


def _texts(maker: object, kind: str) -> Iterator[str]:
    for _ in range(_DRAWN):
        yield str(getattr(maker, kind)()).replace("\n", ", ")


def _as_written(text: str, encoding: str) -> str:
    """The letters that a program of Windows puts in the place of those that an encoding lacks."""
    if encoding == "cp1258":
        return _for_vietnam(text)
    if encoding in ("cp1250", "iso8859-2"):
        return text.translate(_CEDILLAS)
    return text


def _for_vietnam(text: str) -> str:
    """Letters as cp1258 has them: with their tones behind them."""
    made = []
    for char in text:
        parts = unicodedata.normalize("NFD", char)
        marks = [mark for mark in parts[1:] if mark in _KEPT]
        tones = [mark for mark in parts[1:] if mark not in _KEPT]
        made.append(unicodedata.normalize("NFC", parts[0] + "".join(marks)) + "".join(tones))
    return "".join(made)


def ours(raw: bytes) -> str | None:
    from bulk_import.errors import SourceError
    from bulk_import.sources.text.encoding import detect_encoding

    with tempfile.NamedTemporaryFile() as file:
        file.write(raw)
        file.flush()
        try:
            return detect_encoding(Path(file.name), "a.csv").name
        except SourceError:
            return None


def chardet7(raw: bytes) -> str | None:
    import chardet

    return chardet.detect(raw, should_rename_legacy=False)["encoding"]


def chardetng(raw: bytes) -> str | None:
    from chardetng_py import detect

    return detect(raw)


def both_agree(raw: bytes) -> str | None:
    """What chardet and chardetng say alike; else nothing."""
    first, second = chardet7(raw), chardetng(raw)
    if first is None or second is None:
        return None
    return first if _decoded(raw, first) == _decoded(raw, second) else None


DETECTORS: list[Callable[[bytes], str | None]] = [ours, chardet7, chardetng, both_agree]


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return None


def verdict(trial: Trial, detector: Callable[[bytes], str | None]) -> str:
    raw = trial.text.encode(trial.encoding)
    found = detector(raw)
    if found is None:
        return "refused"
    decoded = _decoded(raw, found)
    if decoded is None:
        return "refused"  # a reader would stop at the first wrong byte
    return "right" if decoded == trial.text else "wrong"


def words(trial: Trial) -> int:
    """Return how many different words with a byte beyond ASCII a table has."""
    return len(set(_WORD.findall(trial.text.encode(trial.encoding))))


def measure(
    each: int, seed: int = 1, detectors: list[Callable[[bytes], str | None]] = DETECTORS
) -> None:
    """Print a line for each language and encoding, and the totals."""
    counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    many = [several_languages(rows, seed=seed) for rows in (1500, 5000)]
    for trial in chain(trials(each, seed=seed), *many):
        count = next(f"{few} words" for few in _WORDS if words(trial) >= int(few.rstrip("+")))
        size = ["= 50 and more rows"] if trial.rows >= 50 else []
        keys = (
            f"{trial.language} {trial.encoding}",
            f"= {trial.rows} rows",
            f"= {count}",
            *size,
            "= all",
        )
        for detector in detectors:
            found = verdict(trial, detector)
            for key in keys:
                counts[key][detector.__name__, found] += 1
    names = [detector.__name__ for detector in detectors]
    print(f"{'right % (wrong)':28}{'tables':>8}" + "".join(f"{name:>18}" for name in names))
    for key, found in counts.items():
        cells = []
        tables = sum(found.values()) // len(names)
        for name in names:
            total = sum(found[name, kind] for kind in ("right", "refused", "wrong"))
            cells.append(f"{100 * found[name, 'right'] / total:6.1f} ({found[name, 'wrong']})")
        print(f"{key:28}{tables:8,}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:] if text.isdigit()]
    measure(*(numbers or [1]), detectors=[ours] if "ours" in sys.argv else DETECTORS)
