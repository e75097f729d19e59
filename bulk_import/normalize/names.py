"""One column with a whole name -> first, middle, last. Letter case is never touched.

Names have no grammar. What is read: ``Last, First Middle``; Russian patronymics by their endings;
initials; particles (``van der``, ``de la``) with the last name; titles, suffixes and remarks dropped from
the parts; and the order of words where lists of names tell it (``name_order``) or the mapping states it.
A name in an order that cannot be told, of more than one person or of a company is left whole: no part
of it is sent, with a warning, because a wrong guess would greet somebody by a wrong name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from bulk_import.errors import Message
from bulk_import.normalize import name_order
from bulk_import.normalize.name_lists import EAST_ASIAN, Known, known, languages
from bulk_import.normalize.name_order import Order
from bulk_import.normalize.name_words import (
    KOREAN_FAMILY,
    MAYBE_TITLES,
    PAIRING,
    PARTICLES,
    PINYIN,
    REMARKS,
    ROMANCE,
    TOGETHER,
    VIETNAMESE,
    VIETNAMESE_BARE,
    VIETNAMESE_MIDDLE,
    bare_word,
    father_of_a_son,
    is_company,
    is_patronymic,
    is_suffix,
    is_title,
    may_be_a_man,
    special_words,
    words_of_name,
)
from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.normalize.text import clean_line, remembered

LONGEST = 250
_FEWEST_DIGITS = 4  # below that a name of digits is somebody's joke, not a shifted column
_NICKNAME = re.compile(
    r"\s*(?:\"[^\"]+\"|“[^”]+”|«[^»]+»|„[^“”]+[“”]|\([^()]+\)|\[[^\[\]]+\])(?=\s|,|$)"
)
_MONSIEUR = frozenset({"m.", "mm."})
_LATIN_PATRONYMIC = re.compile(r"[a-z'-]+(?:ovich|evich|ovna|evna|ichna)", re.IGNORECASE)
_LATIN_PATRONYMICS = ("ovich", "evich", "ovna", "evna")
_LATIN_OF_DAUGHTER = re.compile(r"[a-z'-]+(?:ovna|evna)", re.IGNORECASE)
_SLAVIC_SURNAME = re.compile(
    r"[a-z'-]+(?:[oe]va?|sk[iy]y?|skaya|skij|skii|enko|chuk)", re.IGNORECASE
)
_MOSTLY_FAMILY = 3  # times as often a family name as a given name
_MOSTLY_GIVEN = 15  # times as often a given name as a family name
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+")
_INITIAL = re.compile(r"[^\W\d_]\.|[A-Z]")
_EXPONENT = re.compile(r"(?<=\d)[eE](?=[+-]?\d)")
_KOREAN_GIVEN = re.compile(r"[A-Z][a-z]+-[A-Za-z][a-z]+")
_SYLLABLE = (
    "(?:kk|tt|pp|ss|jj|sh|ch|[gkndtrlmbpsjh])?"
    "(?:y?[aeou]|y?eo|[wy]?ae|w[aeio]|weo|[aeo]e|y?[oe][ou]|ui|eu|ee|i|yi)(?:ng|[knmltph])?"
)
_KOREAN_TOGETHER = re.compile(f"{_SYLLABLE}{_SYLLABLE}", re.IGNORECASE)  # Minjun

_WHOLE = frozenset({"name.whole", "name.no_person"})

Part = Literal["first", "middle", "last"]
_ORDER_UNKNOWN = Message("is in an order that cannot be told")  # made once: said of many rows


@dataclass(frozen=True, slots=True)
class _Parts:
    """Of a name; all empty where it is left whole."""

    first: str
    middle: str
    last: str
    rule: str
    notes: tuple[Note, ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.rule in _WHOLE


def name_part(text: str, part: Part, *, order: Order | None = None) -> Normalized:
    """Return one part of a whole name; ``""`` for one that it does not have, or that is not certain.

    Args:
        order: Of the names of the file, where the mapping states it.

    Raises:
        NormalizeError: ``NAME_INVALID``: an e-mail address, a number, too long.
    """
    parts = split_name(text, order=order)
    return Normalized(getattr(parts, part), parts.rule, parts.notes)


@remembered
def split_name(text: str, *, order: Order | None = None) -> _Parts:
    """Return the parts of a whole name. Raises as ``name_part`` does."""
    line = clean_line(text)
    words = line.split(" ")
    if len(words) == 2 and len(line) <= LONGEST and _is_plain(words[0]) and _is_plain(words[1]):
        return _by_order(words, line, order)
    line = check_name(line)
    if is_company(line):
        return _whole(line, "name.no_person", Message("looks like the name of a company"))
    bare = _without_remark(_without_suffix(_NICKNAME.sub(" ", line).strip() or line))
    if EAST_ASIAN.search(bare):
        return _east_asian(bare.replace(",", " ").replace("，", " ").split(), line)
    words = words_of_name(bare.replace(",", " "))
    # Jr. and PhD follow a family name.
    typed = bare.split()
    is_western = order is None and len(words) < len(typed) and is_suffix(typed[-1])
    parts = _by_comma(bare, line) or _by_words(words, line, "first_last" if is_western else order)
    used = {word for part in (parts.first, parts.middle, parts.last) for word in part.split()}
    lost = [word for word in line.replace(",", " ").split() if _is_lost(word, used)]
    if not lost or parts.is_whole:
        return parts
    note = Note(
        "NAME_PART_DROPPED",
        Message("{lost!r} of {line!r} is in no part of the name", lost=" ".join(lost), line=line),
    )
    return replace(parts, notes=(*parts.notes, note))


@remembered
def _is_plain(word: str) -> bool:
    """Whether of two such words only the order is asked: no title, no company's word, no patronymic.

    Most names are of two plain words, and the same words come again and again.
    """
    return (
        word.isalpha()
        and word.lower() not in special_words()
        and EAST_ASIAN.search(word) is None
        and not is_patronymic(word)
        and not word.lower().endswith(_LATIN_PATRONYMICS)
    )


def _without_suffix(line: str) -> str:
    """``Smith, John, Jr.``: the first comma says the order, and the second one nothing."""
    before, _, after = line.rpartition(",")
    return before if "," in before and all(map(is_suffix, after.split())) else line


def _without_remark(line: str) -> str:
    """``Анна Петрова, директор``: what stands after the comma is no name."""
    before, comma, after = line.partition(",")
    words = after.split()
    if not comma or not before.strip() or not words or "," in after:
        return line
    is_remark = words[0].lower().strip(".") in REMARKS or (
        words[0].islower()
        and before[0].isupper()
        and words[0] not in PARTICLES
        and not (len(words) == 1 and known(words[0]).is_given)  # Lee, anna
    )
    return before.strip() if is_remark else line


def _east_asian(words: list[str], line: str) -> _Parts:
    """``山田 太郎``, ``김철수``: family name first; without a blank, where the lists know both.

    ``Anna 王``: a given name of another script comes first, as there.
    """
    if len(words) == 1:
        found = name_order.together(words[0])
        if found:
            return _Parts(found[1], "", found[0], "name.east_asian")
    elif len(words) == 2 and not EAST_ASIAN.search(words[0]):
        if known(words[0]).is_given and known(words[1]).family:
            return _Parts(words[0], "", words[1], "name.east_asian")
    elif len(words) == 2 and _is_turned_round(*map(known, words)):
        return _whole(line, "name.whole", _ORDER_UNKNOWN)
    elif len(words) == 2 and known(words[0]).family and name_order.may_be_given(words[1]):
        return _Parts(words[1], "", words[0], "name.east_asian")
    return _whole(
        line, "name.whole", Message("is in East Asian letters and its parts cannot be told")
    )


def _is_turned_round(first: Known, second: Known) -> bool:
    """``千代 木村``: the second word is a family name and no given one, the first may be given."""
    return first.given > 0 and second.family > 0 and not second.given


def _by_comma(line: str, shown: str) -> _Parts | None:
    if line.count(",") != 1:
        return None
    last, first = (half.strip() for half in line.split(","))
    if not TOGETHER.isdisjoint(line.lower().split()):
        return None
    if not last or not first or all(is_suffix(word) for word in first.split()):
        return None
    given = [part for word in words_of_name(first) for part in _apart(word)]
    family = words_of_name(last)
    is_turned = (
        given and len(family) == 1 and known(family[0]).is_given and known(given[0]).is_family
    )
    is_whole_name = len(family) > 1 and known(family[0]).is_given and known(family[-1]).is_family
    is_two = len(family) > 1 and len(given) > 1 and any(known(word).is_given for word in family)
    if is_turned or is_two or (is_whole_name and not (given and known(given[0]).given)):
        return _whole(shown, "name.whole", Message("has a comma in a place that cannot be told"))
    if not given and not family:
        return _whole(shown, "name.whole", Message("is made of titles only"))
    return _Parts("".join(given[:1]), " ".join(given[1:]), " ".join(family), "name.comma")


def _by_words(words: list[str], line: str, order: Order | None) -> _Parts:
    if not words:
        return _whole(line, "name.whole", Message("is made of titles only"))
    if not TOGETHER.isdisjoint(word.lower() for word in words) or _is_pair(words):
        return _whole(line, "name.whole", Message("is of more than one person"))
    if len(words) > 2 and bare_word(words[0]) in MAYBE_TITLES:
        return _whole(line, "name.whole", Message("has a title or a given name in front"))
    if words[0].lower() in _MONSIEUR:
        return _monsieur(words[1:], line, order)
    if len(words) == 1 and words[0].lower() in REMARKS:
        return _whole(line, "name.no_person", Message("is no name"))
    if len(words) == 1:
        named = known(words[0])
        is_addressed = is_title(line.split()[0])  # Mr. Smith
        # "Mr. James" is a family name, too; of "Frau Anna" one in twenty would be.
        is_likely = named.family >= 1 and named.given < _MOSTLY_GIVEN * named.family
        is_mostly = named.family >= 1 and named.family >= _MOSTLY_FAMILY * named.given  # Smith
        is_family = is_mostly or (is_addressed and is_likely)
        return (
            _Parts("", "", words[0], "name.one_word_family")
            if is_family
            else _Parts(words[0], "", "", "name.one_word")
        )
    return (
        _by_patronymic(words, order)
        or _by_latin_patronymic(words, line)
        or _by_initials(words, line)
        or _by_asian_order(words, line, order)
        or _by_particle(words, line)
        or _by_order(words, line, order)
    )


def _is_pair(words: list[str]) -> bool:
    """``Vicente e Serra``: two people or a company. ``José Ortega y Gasset`` has more words."""
    return len(words) == 3 and words[1] in PAIRING


def _monsieur(words: list[str], line: str, order: Order | None) -> _Parts:
    """``M. Jean Dupont`` is a gentleman, ``M. Night Shyamalan`` has an initial."""
    if len(words) == 2 and known(words[0]).is_given and not known(words[1]).is_given:
        return _by_order(words, line, order)
    return _whole(line, "name.whole", Message("begins with an initial or with Monsieur"))


def _is_lost(word: str, used: set[str]) -> bool:
    return not used.issuperset(_apart(word)) and word not in used and any(map(str.isalnum, word))


def check_name(text: str) -> str:
    """Return a name on one line.

    Raises:
        NormalizeError: ``NAME_INVALID``.
    """
    line = clean_line(text)
    if len(line) > LONGEST:
        raise NormalizeError(
            "NAME_INVALID", Message("{n} characters are too long for a name", n=len(line))
        )
    if "@" in line and "." in line.rpartition("@")[2] and " " not in line:
        raise NormalizeError(
            "NAME_INVALID", Message("{line!r} is an e-mail address, not a name", line=line)
        )
    if _is_number(line):
        raise NormalizeError("NAME_INVALID", Message("{line!r} is a number, not a name", line=line))
    if line.lower().startswith(("http://", "https://", "www.")):
        raise NormalizeError("NAME_INVALID", Message("{line!r} is a link, not a name", line=line))
    return line


def _is_number(line: str) -> bool:
    if not any(map(str.isdigit, line)) or sum(map(str.isdigit, line)) < _FEWEST_DIGITS:
        return False
    return not any(map(str.isalpha, _EXPONENT.sub("", line)))


def _by_patronymic(words: list[str], order: Order | None) -> _Parts | None:
    if len(words) == 3 and is_patronymic(words[2]) and not is_patronymic(words[1]):
        return _Parts(words[1], words[2], words[0], "name.russian_last_first")
    if len(words) == 3 and is_patronymic(words[1]):
        return _Parts(words[0], words[1], words[2], "name.russian_first_last")
    if (
        len(words) == 2
        and is_patronymic(words[1])
        and words[1].lower().endswith(("на", "улы", "ұлы", "кызы", "қызы"))
    ):
        return _Parts(words[0], words[1], "", "name.russian_no_last")
    return _by_father(words) if len(words) == 2 and order is None else None


def _by_father(words: list[str]) -> _Parts | None:
    """``Иван Петрович``: a patronymic or, in Belarus and Serbia, a family name. The first name is sure."""
    name, second = words
    if _LATIN_OF_DAUGHTER.fullmatch(second) and known(name).is_given:
        return _Parts(name, second, "", "name.russian_no_last")
    fathers = father_of_a_son(second)
    if not fathers or not may_be_a_man(name) or not _is_russian(name):
        return None
    if not any(_is_russian(father) for father in fathers):  # Рабинович
        return None
    return _Parts(name, "", "", "name.russian_first")


def _by_latin_patronymic(words: list[str], line: str) -> _Parts | None:
    """``Petrov Ivan Ivanovich``; but ``John Michael Petrovich`` may have a family name there."""
    if len(words) != 3 or not _LATIN_PATRONYMIC.fullmatch(words[2]):
        return None
    if _LATIN_PATRONYMIC.fullmatch(words[1]):
        return None
    if words[2].lower().endswith("na") or _SLAVIC_SURNAME.fullmatch(words[0]):
        return _Parts(words[1], words[2], words[0], "name.russian_last_first")
    return _whole(line, "name.whole", _ORDER_UNKNOWN)


def _by_initials(words: list[str], line: str) -> _Parts | None:
    """``J.R.R. Tolkien``, ``Сидоров И. П.``; ``Anna K.`` shortens either name."""
    split = [part for word in words for part in _apart(word)]
    names = [at for at, word in enumerate(split) if not _INITIALS.fullmatch(word)]
    if len(split) > 2 and names == [0, len(split) - 1]:
        return _Parts(split[0], " ".join(split[1:-1]), split[-1], "name.initials_between")
    if len(names) != 1 or len(split) < 2:
        return None
    if names[0] == len(split) - 1:
        return _Parts(split[0], " ".join(split[1:-1]), split[-1], "name.initials_first")
    if names[0] == 0 and len(split) == 3:
        return _Parts(split[1], split[2], split[0], "name.initials_last")
    return _whole(line, "name.whole", _ORDER_UNKNOWN)


def _apart(word: str) -> list[str]:
    return (
        [f"{letter}." for letter in word.split(".")[:-1]] if _INITIALS.fullmatch(word) else [word]
    )


def _by_asian_order(words: list[str], line: str, order: Order | None) -> _Parts | None:
    """``Nguyễn Văn An``, ``Kim Min-jun``: family name first; ``Wang Xiaoming`` cannot be told."""
    first, second = words[0].lower(), words[1].lower()
    if len(words) > 2 and (
        first in VIETNAMESE or (first in VIETNAMESE_BARE and second in VIETNAMESE_MIDDLE)
    ):
        return _Parts(words[-1], " ".join(words[1:-1]), words[0], "name.vietnamese")
    if len(words) == 2 and _KOREAN_GIVEN.fullmatch(words[1]) and first in KOREAN_FAMILY:
        return _Parts(words[1], "", words[0], "name.korean")
    if len(words) == 2 and _KOREAN_GIVEN.fullmatch(words[0]) and second in KOREAN_FAMILY:
        return _Parts(words[0], "", words[1], "name.korean")
    if len(words) == 2 and order is None and first in KOREAN_FAMILY and _is_korean(words[1]):
        return _whole(line, "name.whole", _ORDER_UNKNOWN)
    if order != "last_first" and first in PINYIN and words[-1].lower() not in PINYIN:
        return _whole(line, "name.whole", _ORDER_UNKNOWN)
    return None


def _is_korean(word: str) -> bool:
    """Whether a word that no list has can be a Korean given name: ``Minjun``, of two syllables."""
    named = known(word)
    return not (named.given or named.family) and _KOREAN_TOGETHER.fullmatch(word) is not None


def _is_russian(name: str) -> bool:
    """Whether a name is given to people in Russia, whatever it is elsewhere."""
    return known(name).given_in & languages("ru uk") != 0


def _by_particle(words: list[str], line: str) -> _Parts | None:
    if len(words) == 3 and words[1] == "O" and known(f"O'{words[2]}").family:  # Sean O Brien
        return _Parts(words[0], "", " ".join(words[1:]), "name.particle")
    if len(words) > 2 and _is_loud_but_last(words):  # DE ANDA Diana
        return _Parts(words[-1], "", " ".join(words[:-1]), "name.particle_first")
    has_family_in_front = len(words) > 2 and words[0].lower() in PARTICLES
    if has_family_in_front and known(words[-1]).is_given and not known(words[-2]).is_given:
        return _Parts(words[-1], "", " ".join(words[:-1]), "name.particle_first")
    if len(words) > 2 and words[0].islower() and words[0] in PARTICLES:
        return _whole(line, "name.whole", _ORDER_UNKNOWN)
    for at, word in enumerate(words[1:-1], 1):
        # "E." is somebody's initial, "e" is Portuguese for "and".
        if not _INITIAL.fullmatch(word) and word.lower().rstrip(".") in PARTICLES:
            named = [one for one in words[at:] if one.lower().rstrip(".") not in PARTICLES]
            is_one_person = PAIRING.isdisjoint(words)
            if at == 2 and is_one_person and name_order.is_spanish(words[0], words[1]):
                return _Parts(words[0], "", " ".join(words[1:]), "name.particle")
            if word.lower() in ROMANCE and (at > 1 or len(named) > 1):
                return _whole(
                    line, "name.whole", Message("has a particle that may be of either name")
                )
            if at == 2 and known(words[1]).is_family:  # Jansen van Rensburg
                at = 1
            return _Parts(words[0], " ".join(words[1:at]), " ".join(words[at:]), "name.particle")
    return None


def _is_loud_but_last(words: list[str]) -> bool:
    """Whether a family name in capitals, with a particle, stands before the given name."""
    family = words[:-1]
    has_particle = any(word.lower() in PARTICLES for word in family)
    return has_particle and all(word.isupper() for word in family) and words[-1].istitle()


def _by_order(words: list[str], line: str, order: Order | None) -> _Parts:
    if len(words) == 4 and order != "last_first" and name_order.is_spanish_of_four(words):
        return _Parts(words[0], words[1], " ".join(words[2:]), "name.four_known")
    if len(words) > 3:
        return _whole(line, "name.whole", Message("is of {n} words", n=len(words)))
    if name_order.has_abbreviation(words):
        return _whole(line, "name.whole", Message("has an abbreviation or a number in it"))
    if order:
        return _as_stated(words, line, order)
    if len(words) == 3:
        found = name_order.of_three(words)
        if found:
            return _Parts(*found, "name.three_known", _doubts_of_three(*found))
    else:
        told = name_order.order_of_two(words[0], words[1])
        if told == "first_last":
            return _Parts(words[0], "", words[1], "name.first_last", _doubt_of_order(*words))
        if told == "last_first":
            return _Parts(words[1], "", words[0], "name.last_first")
    return _whole(line, "name.whole", _ORDER_UNKNOWN)


def _as_stated(words: list[str], line: str, order: Order) -> _Parts:
    """In the order of the file, unless both words are known as names in the other order."""
    if words[0].lower() in PARTICLES and not known(words[0]).given:  # Di Tullio Cipriano
        return _particle_as_stated(words, line, order)
    if len(words) == 2 and name_order.is_surely_other(*words, order=order):
        return _whole(line, "name.whole", Message("is not in the order {order}", order=order))
    if len(words) == 3 and order == "last_first" and name_order.is_double_surname(*words[:2]):
        return _Parts(words[2], "", " ".join(words[:2]), "name.order_stated")
    if len(words) == 3 and order == "first_last":
        return _three_as_stated(words, line)
    if len(words) == 3 and not (known(words[1]).given or name_order.is_middle(words[2])):
        return _whole(
            line,
            "name.whole",
            Message("is of three words, none of which is known as a given name"),
        )
    if order == "last_first":
        return _Parts(words[1], " ".join(words[2:]), words[0], "name.order_stated")
    return _Parts(words[0], "", words[1], "name.order_stated")


def _particle_as_stated(words: list[str], line: str, order: Order) -> _Parts:
    """A family name that begins with a particle is of two words, or of three: De La Cruz Maria."""
    at = next((at for at, word in enumerate(words) if word.lower() not in PARTICLES), len(words))
    if order != "last_first" or at + 2 != len(words):
        return _whole(line, "name.whole", "has a particle in front")
    return _Parts(words[-1], "", " ".join(words[:-1]), "name.order_stated")


def _three_as_stated(words: list[str], line: str) -> _Parts:
    found = name_order.of_three(words)
    if found and found[0] == words[0]:
        return _Parts(*found, "name.order_stated", _doubts_of_three(*found))
    if name_order.is_double_surname(*words[1:]):
        return _Parts(words[0], "", " ".join(words[1:]), "name.order_stated")
    text = Message("{words!r} may belong to the last name of {line!r}", words=words[1], line=line)
    doubt = () if name_order.is_middle(words[1]) else (Note("NAME_LAST_OF_TWO", text),)
    return _Parts(words[0], words[1], words[2], "name.order_stated", doubt)


def _doubt_of_order(one: str, other: str) -> tuple[Note, ...]:
    if not name_order.is_weak(one, other):
        return ()
    return (
        Note(
            "NAME_ORDER_LIKELY",
            Message("{one!r} is taken for the given name of '{one} {other}'", one=one, other=other),
        ),
    )


def _doubts_of_three(first: str, middle: str, last: str) -> tuple[Note, ...]:
    words = last.split()
    if len(words) == 2 and not name_order.is_double_surname(*words):
        text = Message(
            "{words!r} may be a middle name; {last!r} is sent as the last name",
            words=words[0],
            last=last,
        )
    elif middle and known(middle).family:
        text = Message(
            "{middle!r} may belong to the last name of '{first} {middle} {last}'",
            middle=middle,
            first=first,
            last=last,
        )
    else:
        return ()
    return (Note("NAME_LAST_OF_TWO", text),)


def _whole(line: str, rule: str, why: str) -> _Parts:
    code = "NAME_NOT_A_PERSON" if rule == "name.no_person" else "NAME_NOT_SPLIT"
    return _Parts(
        "",
        "",
        "",
        rule,
        (
            Note(
                code,
                Message("{line!r} {why}; no part of it is sent", line=line, why=Message.of(why)),
            ),
        ),
    )
