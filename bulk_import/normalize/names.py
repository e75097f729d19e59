"""One column with a whole name -> first, middle, last. Letter case is never touched.

Names have no grammar. What is read: ``Last, First Middle``; Russian patronymics by their endings;
initials; particles (``van der``, ``de la``) with the last name; titles and suffixes dropped from
the parts. A name of one word, of East Asian letters, of four words and more without a particle, or
in an order that cannot be told is left whole as the first name, with a warning: a wrong guess would
greet somebody by a wrong name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.normalize.text import clean_line

LONGEST = 250
_FEWEST_DIGITS = 4  # below that a name of digits is somebody's joke, not a shifted column

_TITLES = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame rev herr frau mme mlle sra srta dott "
    "sig signor signora monsieur madame señor señora "
    "г-н г-жа господин госпожа проф д-р".split()
)
_SUFFIXES = frozenset("jr sr ii iii iv phd md esq mba dds cpa мл ст junior senior".split())
_PARTICLES = frozenset(
    "van von der den de del della di da dos das do la le el al bin ibn ben ter ten zu zur vom af "
    "av st saint san santa mac abu abd y e".split()
)
_PATRONYMIC = re.compile(
    r"[А-ЯЁа-яёІіЇїЄє-]+(?:ович|евич|ич|овна|евна|ична|инична|йович|івна|ївна|улы|кызы|оглы|гызы)",
    re.IGNORECASE,
)
_CHILD_OF = frozenset("оглы оглу кызы гызы улы огли ogly oglu kyzy qizi".split())
_LATIN_PATRONYMIC = re.compile(r"[a-z'-]+(?:ovich|evich|ovna|evna|ichna)", re.IGNORECASE)
_SLAVIC_SURNAME = re.compile(
    r"[a-z'-]+(?:[oe]va?|sk[iy]y?|skaya|skij|skii|enko|chuk)", re.IGNORECASE
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+")
_INITIAL = re.compile(r"[^\W\d_]\.|[A-Z]")
_EXPONENT = re.compile(r"(?<=\d)[eE](?=[+-]?\d)")
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")

Part = Literal["first", "middle", "last"]


@dataclass(frozen=True, slots=True)
class _Parts:
    first: str
    middle: str
    last: str
    rule: str
    notes: tuple[Note, ...] = ()


def name_part(text: str, part: Part) -> Normalized:
    """Return one part of a whole name; ``""`` for a part that the name does not have.

    Raises:
        NormalizeError: ``NAME_INVALID``: an e-mail address, a number, too long.
    """
    parts = split_name(text)
    return Normalized(getattr(parts, part), parts.rule, parts.notes)


@lru_cache(maxsize=8192)
def split_name(text: str) -> _Parts:
    """Return the parts of a whole name. Raises as ``name_part`` does."""
    line = check_name(text)
    if _EAST_ASIAN.search(line):
        return _whole(line, "name.east_asian", "in East Asian letters")
    if line.count(",") == 1:
        last, first = (half.strip() for half in line.split(","))
        if last and first and _bare(first) not in _SUFFIXES:
            given = _words(first)
            return _Parts(given[0] if given else first, " ".join(given[1:]), last, "name.comma")
    words = _words(line.replace(",", " "))
    if not words:
        return _whole(line, "name.whole", "made of titles only")
    if len(words) == 1:
        return _Parts(words[0], "", "", "name.one_word")
    return (
        _by_patronymic(words)
        or _by_latin_patronymic(words, line)
        or _by_initials(words, line)
        or _by_particle(words)
        or _by_count(words, line)
    )


def check_name(text: str) -> str:
    """Return a name on one line.

    Raises:
        NormalizeError: ``NAME_INVALID``.
    """
    line = clean_line(text)
    if len(line) > LONGEST:
        raise NormalizeError("NAME_INVALID", f"{len(line)} characters are too long for a name")
    if "@" in line and "." in line.rsplit("@", 1)[1] and " " not in line:
        raise NormalizeError("NAME_INVALID", f"{line!r} is an e-mail address, not a name")
    digits = sum(char.isdigit() for char in line)
    letters = any(char.isalpha() for char in _EXPONENT.sub("", line))
    if digits >= _FEWEST_DIGITS and not letters:
        raise NormalizeError("NAME_INVALID", f"{line!r} is a number, not a name")
    if line.lower().startswith(("http://", "https://", "www.")):
        raise NormalizeError("NAME_INVALID", f"{line!r} is a link, not a name")
    return line


def _by_patronymic(words: list[str]) -> _Parts | None:
    if len(words) == 3 and _is_patronymic(words[2]) and not _is_patronymic(words[1]):
        return _Parts(words[1], words[2], words[0], "name.russian_last_first")
    if len(words) == 3 and _is_patronymic(words[1]):
        return _Parts(words[0], words[1], words[2], "name.russian_first_last")
    if len(words) == 2 and _is_patronymic(words[1]) and words[1].lower().endswith("на"):
        return _Parts(words[0], words[1], "", "name.russian_no_last")
    return None


def _is_patronymic(words: str) -> bool:
    child_of = words.rsplit(" ", 1)[-1].lower() in _CHILD_OF
    return child_of or _PATRONYMIC.fullmatch(words) is not None


def _by_latin_patronymic(words: list[str], line: str) -> _Parts | None:
    """``Petrov Ivan Ivanovich``; but ``John Michael Petrovich`` may have a family name there."""
    if len(words) != 3 or not _LATIN_PATRONYMIC.fullmatch(words[2]):
        return None
    if _LATIN_PATRONYMIC.fullmatch(words[1]):
        return None
    if words[2].lower().endswith("na") or _SLAVIC_SURNAME.fullmatch(words[0]):
        return _Parts(words[1], words[2], words[0], "name.russian_last_first")
    return _whole(line, "name.whole", "in an order that cannot be told")


def _by_initials(words: list[str], line: str) -> _Parts | None:
    """``J.R.R. Tolkien``, ``Сидоров И. П.``; ``Anna K.`` shortens either name."""
    split = [part for word in words for part in _apart(word)]
    names = [at for at, word in enumerate(split) if not _INITIALS.fullmatch(word)]
    if len(names) != 1 or len(split) < 2:
        return None
    if names[0] == len(split) - 1:
        return _Parts(split[0], " ".join(split[1:-1]), split[-1], "name.initials_first")
    if names[0] == 0 and len(split) == 3:
        return _Parts(split[1], split[2], split[0], "name.initials_last")
    return _whole(line, "name.whole", "in an order that cannot be told")


def _apart(word: str) -> list[str]:
    return (
        [f"{letter}." for letter in word.split(".")[:-1]] if _INITIALS.fullmatch(word) else [word]
    )


def _by_particle(words: list[str]) -> _Parts | None:
    for at, word in enumerate(words[1:-1], 1):
        # "E." is somebody's initial, "e" is Portuguese for "and".
        if not _INITIAL.fullmatch(word) and word.lower().rstrip(".") in _PARTICLES:
            return _Parts(words[0], " ".join(words[1:at]), " ".join(words[at:]), "name.particle")
    return None


def _by_count(words: list[str], line: str) -> _Parts:
    if len(words) == 2:
        return _Parts(words[0], "", words[1], "name.first_last")
    if len(words) == 3:
        return _Parts(words[0], words[1], words[2], "name.first_middle_last")
    return _whole(line, "name.whole", f"of {len(words)} words")


def _whole(line: str, rule: str, why: str) -> _Parts:
    note = Note("NAME_NOT_SPLIT", f"{line!r}, {why}, is sent whole as the first name")
    return _Parts(line, "", "", rule, (note,))


def _words(line: str) -> list[str]:
    words = line.split()
    while words and _bare(words[0]) in _TITLES:
        words.pop(0)
    while len(words) > 1 and _bare(words[-1]) in _SUFFIXES:
        words.pop()
    for at in range(len(words) - 1, 1, -1):
        if words[at].lower() in _CHILD_OF:
            words[at - 1 : at + 1] = [f"{words[at - 1]} {words[at]}"]
    return words


def _bare(word: str) -> str:
    return word.lower().strip(".,()")
