"""What a column's header says: what the column holds, whose it is, which address it belongs to.

A header is cut into words, and each word or phrase is looked up in ``data/words.tsv``. Words that
are in no list stay unknown: a header with unknown words is weaker evidence than one that is fully
understood, because the unknown word may be "supplier" in a language that the list does not have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from bulk_import.errors import Message
from bulk_import.normalize.folding import fold

# Heads that give way to others in one header: "Address 1 - City" is a city, "Mobile phone" a phone.
_CONTEXT_HEADS = ("address", "company", "name", "notes", "tags", "list", "job", "description")
_SAME = {"mobile": "phone", "description": "notes"}
_SHORTEST_COMPOUND = 6  # letters
_SHORTEST_PART = 3
_LINKS = ("", "s", "es", "n", "en")  # between the parts of a compound, as in Rechnung-s-adresse
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af〒]")
_BOUNDARIES = re.compile(r"(?<=[a-zа-яß-ÿ])(?=[A-ZА-Я])|(?<=[A-Z])(?=[A-Z][a-z])|[_*:]+")
_LETTER_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_APOSTROPHES = str.maketrans("'’‘ʼ`´", "      ")
_WHOLE = "^"  # before a phrase that has to be the whole header
_REPEATED = re.compile(r" \((\d+)\)$")  # how the reader tells columns of one name apart


@dataclass(frozen=True, slots=True)
class Heading:
    """What a header says.

    Attributes:
        head: What the column holds: ``email``, ``phone``, ``city``, …; empty if no word says it.
        heads: All of them, when the header names several ("City, State").
        whose: Another person's or thing's: ``owner``, ``buyer``, …; empty for the contact's own.
        where: ``billing``, ``shipping``, ``home``, ``work``, ``main``, ``other`` or empty.
        rank: 2 for "E-mail 2"; 1 if nothing is said.
        kinds: Words that say it is something else: ``id``, ``date``, ``status``, …
        consent: ``no``, ``yes``, ``topic`` and ``channel``, as far as the header speaks of consent.
        unknown: Words that are in no list.
        is_mobile: It says that the phone is a mobile one.
        is_typo: One of its words is one slip away from a known one.
        also: What it names in another language: "CEP" is a postal code and a mobile phone.
    """

    head: str = ""
    heads: tuple[str, ...] = ()
    whose: str = ""
    where: str = ""
    rank: int = 1
    kinds: tuple[str, ...] = ()
    consent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    is_mobile: bool = False
    is_typo: bool = False
    also: tuple[str, ...] = ()

    @property
    def says_nothing(self) -> bool:
        """Whether the header has no word that means anything: "c1", "Column C", "Zork"."""
        return not (self.heads or self.whose or self.kinds or self.consent)

    @property
    def is_understood(self) -> bool:
        return not self.unknown


def read_headers(columns: Sequence[str]) -> dict[str, Heading]:
    """Return what each column's header says.

    Words that begin most of the headers ("Person - …", "crm_…") say nothing about one of them and
    are left out, unless they are known to name a person or an address.
    """
    words = {column: words_of(column) for column in columns}
    common = _common_prefix(list(words.values()))
    return {
        column: _heading(
            found[1:] if common and found[:1] == [common] and len(found) > 1 else found
        )
        for column, found in words.items()
    }


def read_header(column: str) -> Heading:
    """Return what one header says on its own."""
    return _heading(words_of(column))


def words_of(column: str) -> list[str]:
    """Return the folded words of a header.

    >>> words_of("billing_firstName"), words_of("E-mail 1 - Value")
    (['billing', 'first', 'name'], ['e', 'mail', '1', 'value'])
    """
    text = _BOUNDARIES.sub(" ", _REPEATED.sub(r" \1", column).translate(_APOSTROPHES))
    return _LETTER_DIGIT.sub(" ", fold(text)).split()


def _common_prefix(headers: Sequence[list[str]]) -> str:
    first = Counter(words[0] for words in headers if len(words) > 1)
    if not first or len(headers) < 4:
        return ""
    word, times = first.most_common(1)[0]
    concept, _ = _phrase([word], 0)
    is_plain = not concept or concept.startswith(("filler", "kind.thing"))
    return word if is_plain and times >= 0.6 * len(headers) else ""


# -- words and what they mean ---------------------------------------------------------------------


@cache
def _table() -> tuple[tuple[str, tuple[str, ...]], ...]:
    text = resources.files(__package__).joinpath("data/words.tsv").read_text("utf-8")
    found = []
    for line in text.splitlines():
        concept, _, phrases = line.partition("\t")  # of a comment: no phrase
        for phrase in phrases.split("|"):
            words = tuple(_folded_phrase(phrase))
            if words:
                found.append((concept, words))
    return tuple(found)


def _folded_phrase(phrase: str) -> list[str]:
    words = phrase.translate(_APOSTROPHES).split()
    folded = [fold(word) + "*" * word.endswith("*") for word in words]
    return [_WHOLE, *folded] if phrase.startswith(_WHOLE) else folded


@cache
def _exact() -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for concept, words in _table():
        if not any(word.endswith("*") for word in words):
            found.setdefault(words, concept)  # the first line that has a phrase decides
    return found


@cache
def _others() -> dict[tuple[str, ...], tuple[str, ...]]:
    """What a phrase means besides, where it names something else in another language."""
    found: dict[tuple[str, ...], list[str]] = {}
    for concept, words in _table():
        found.setdefault(words, []).append(concept)
    return {words: tuple(dict.fromkeys(concepts))[1:] for words, concepts in found.items()}


@cache
def _patterns() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """First letter -> the phrases with ``*`` that begin with it, longest first."""
    found = [(words, c) for c, words in _table() if any(w.endswith("*") for w in words)]
    found = list(dict(reversed(found)).items())
    by_letter: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for words, concept in sorted(found, key=lambda item: -sum(map(len, item[0]))):
        by_letter.setdefault(words[0][0], []).append((words, concept))
    return by_letter


@cache
def _ideographs() -> dict[str, str]:
    return {
        "".join(words): concept for words, concept in _exact().items() if CJK.search("".join(words))
    }


def _meanings(words: Sequence[str]) -> list[tuple[str, str]]:
    """Return (concept, words) from left to right; the concept of an unknown word is ``?``."""
    whole = _exact().get((_WHOLE, *words))
    if whole:
        return [(whole, " ".join(words))]
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(words):
        concept, used = _phrase(words, at)
        if concept:
            found.append((concept, " ".join(words[at : at + used])))
            at += used
        else:
            found += _single(words[at])
            at += 1
    return found


def _phrase(words: Sequence[str], at: int) -> tuple[str, int]:
    exact = _exact()
    for length in range(min(6, len(words) - at), 0, -1):
        concept = exact.get(tuple(words[at : at + length]))
        if concept:
            return concept, length
    for pattern, concept in _patterns().get(words[at][:1], ()):
        if len(pattern) <= len(words) - at and all(
            _fits(word, part) for word, part in zip(words[at:], pattern, strict=False)
        ):
            return concept, len(pattern)
    return "", 0


def _fits(word: str, part: str) -> bool:
    return word.startswith(part[:-1]) if part.endswith("*") else word == part


def _single(word: str) -> list[tuple[str, str]]:
    """A word that is no phrase of its own: a number, a compound, a slip of the pen, or unknown."""
    if word.isdigit():
        return [("#", word)]
    if CJK.search(word):
        return _segments(word)
    parts = _compound(word)
    if parts:
        return parts
    near = _near(word)
    return [(f"~{near}", word)] if near else [("?", word)]


def _segments(word: str) -> list[tuple[str, str]]:
    """Cut a word without blanks, as Chinese and Japanese headers are, into known pieces."""
    known, found, at = _ideographs(), [], 0
    while at < len(word):
        for length in range(len(word) - at, 0, -1):
            piece = word[at : at + length]
            if piece in known:
                found.append((known[piece], piece))
                at += length
                break
        else:
            found.append(("?", word[at]))
            at += 1
    return found


@cache
def _compound(word: str) -> list[tuple[str, str]]:
    """``mobiltelefonnummer`` -> what its parts mean; nothing if a part is unknown."""
    if len(word) < _SHORTEST_COMPOUND:
        return []
    exact = _exact()
    for cut in range(len(word) - _SHORTEST_PART, _SHORTEST_PART - 1, -1):
        head, tail = word[:cut], word[cut:]
        concept = exact.get((head,))
        if not concept:
            continue
        for link in _LINKS:
            if link and not tail.startswith(link):
                continue
            rest = tail[len(link) :]
            if len(rest) < _SHORTEST_PART:
                continue
            whole = exact.get((rest,))
            parts = [(whole, rest)] if whole else _compound(rest)
            if parts:
                return [(concept, head), *parts]
    return []


@cache
def _near(word: str) -> str:
    """The head whose word is one slip away from *word*; only for long words."""
    if len(word) < 5:
        return ""
    from rapidfuzz.distance import OSA

    for (known, *more), concept in _exact().items():
        if more or "." in concept or concept == "filler" or known[:1] != word[:1]:
            continue  # only what a column holds, in one word, and nobody mistypes the first letter
        if len(known) >= 5 and OSA.distance(known, word, score_cutoff=1) == 1:
            return concept
    return ""


# -- a header as a whole --------------------------------------------------------------------------


def _address_in(said: str) -> list[str]:
    """Return ``["address"]`` if what was said of the place names one: "home address"."""
    return ["address"] if any(_exact().get((w,)) == "address" for w in said.split()) else []


def _heading(words: Sequence[str]) -> Heading:
    meanings = _meanings(words)
    heads: list[str] = []
    kinds: list[str] = []
    consent: list[str] = []
    whose = where = ""
    is_typo = False
    for concept, said in meanings:
        group, _, name = concept.partition(".")
        if concept.startswith("~"):
            is_typo = True
            heads.append(concept[1:])
        elif group == "whose":
            whose = whose or name
        elif group == "where":
            where = name if not where or name == "other" or where == "main" else where
            heads += _address_in(said)
        elif group == "kind":
            kinds.append(name)
        elif group == "consent":
            consent.append(name)
        elif group not in ("soft", "filler", "?", "#"):
            heads.append(concept)
    head, rest = _chosen(heads)
    if "company" in heads and head != "company":
        whose = whose or "company"  # "Company phone", "Company City"
    rank, line = _numbers(meanings, head)
    if head in ("address", "street"):
        head = "street2" if line == 2 else "street"
    return Heading(
        head=_SAME.get(head, head),
        heads=tuple(dict.fromkeys(_SAME.get(name, name) for name in (head, *rest) if name)),
        whose=whose,
        where=where,
        rank=2 if where == "other" and rank == 1 else rank,
        kinds=tuple(dict.fromkeys(kinds)),
        consent=tuple(dict.fromkeys(consent)),
        unknown=tuple(word for concept, word in meanings if concept == "?"),
        is_mobile="mobile" in heads,
        is_typo=is_typo,
        also=_others().get(tuple(words), ()),
    )


def _chosen(heads: Sequence[str]) -> tuple[str, list[str]]:
    """The head that the others belong to, and those that compete with it."""
    distinct = list(dict.fromkeys(heads))
    if {"first", "last"} <= set(distinct):
        distinct = ["full", *(h for h in distinct if h not in ("first", "last", "middle", "name"))]
    if "mobile" in distinct and "phone" in distinct:
        distinct.remove("phone")
    strong = [head for head in distinct if head not in _CONTEXT_HEADS]
    if strong:
        return strong[0], strong[1:]
    weak = sorted(distinct, key=_CONTEXT_HEADS.index)
    if not weak:
        return "", []
    if "company" in weak and ("name" in weak or distinct == ["address", "company"]):
        return "company", []  # "Company name"; "Default Address Company"
    return weak[0], weak[1:]


def _numbers(meanings: Sequence[tuple[str, str]], head: str) -> tuple[int, int]:
    """Return the rank of the column ("E-mail 2") and, of a street, the line ("Address 2")."""
    rank = line = 1
    for at, (concept, word) in enumerate(meanings):
        if concept != "#" or len(word) > 2:
            continue
        number = int(word)
        is_last = at == len(meanings) - 1 and not any(c == "#" for c, _ in meanings[:at])
        if head in ("address", "street", "street2") and _is_line(meanings[:at], is_last=is_last):
            line = number
        elif number > 1:
            rank = number
    return rank, line


def _is_line(before: Sequence[tuple[str, str]], *, is_last: bool) -> bool:
    """Whether a number after these words counts lines: "Address 2", "Street (home) 2"; not "Home 2"."""
    if not before:
        return False
    concept, said = before[-1]
    if said.endswith("line"):
        return True
    if concept.startswith("where.") and len(before) > 1:
        concept = "street" if before[-2][0] == "street" else concept
    is_street = concept in ("address", "street") or _exact().get((said.split()[-1],)) == "address"
    return is_last and is_street


def describe(whose: str) -> str:
    """How messages call the person that a header names."""
    return Message(PEOPLE.get(whose, whose))


PEOPLE = {
    "owner": "the record's owner",
    "manager": "a manager",
    "responsible": "the person responsible",
    "assigned": "the person that it is assigned to",
    "agent": "a salesperson or agent",
    "buyer": "a buyer",
    "referrer": "somebody who referred the contact, or a partner",
    "parent": "a parent",
    "relative": "a relative or an emergency contact",
    "maker": "whoever made or changed the record",
    "sender": "a sender",
    "support": "a support desk",
    "invoice": "an accounts department",
    "assistant": "an assistant",
    "company": "a company",
    "teacher": "a teacher, coach or doctor",
    "organizer": "an organizer, supplier or administrator",
}
