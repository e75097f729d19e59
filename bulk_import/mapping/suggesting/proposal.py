"""A mapping for a spreadsheet nobody has mapped yet: by what its columns are called and hold.

A header that people use is strong evidence, cells that normalize are stronger, and a header whose
cells contradict it is none. Nothing is guessed that ``check`` could not test.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from bulk_import.api.fields import FIELDS
from bulk_import.mapping.synonyms import SYNONYMS
from bulk_import.models import Row
from bulk_import.normalize.countries import is_country, normalize_country
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.folding import fold
from bulk_import.normalize.offsets import normalize_utc_offset
from bulk_import.normalize.phones import normalize_phone
from bulk_import.normalize.result import NormalizeError

SURE = 0.7  # below that a person is asked
FULL_NAME = "full_name"
_ROWS_LOOKED_AT = 500
_PHONES = "lead_phone"
_COUNTRY = "lead_shipping_country_code"
_SEPARATORS = (" ::: ", ";", "|", ",", "/")
# Where most lists come from; a country column is asked before them.
REGIONS = tuple(
    "US RU DE GB FR ES IT BR UA PL KZ BY NL PT MX AR IN CA AU TR IL CZ RO AT CH BE SE NO DK FI GR HU "
    "JP KR CN ZA CO CL PE GE AM AZ UZ MD LV LT EE BG RS HR SK SI IE AE".split()
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One column and what it probably is.

    Attributes:
        field: A parameter of the API, ``full_name``, or ``""`` for no idea.
        confidence: 0 to 1.
        why: For people.
    """

    column: str
    field: str
    confidence: float
    why: str
    samples: tuple[str, ...] = ()


@dataclass(slots=True)
class Proposal:
    """A mapping to be looked at.

    Attributes:
        fields: Field -> the columns that feed it, best first.
        unmapped: Columns that feed nothing.
        region: Guess for ``phone_region``, and the share of numbers that it makes valid.
        questions: What a person has to decide before anything can be sent.
    """

    fields: dict[str, list[Suggestion]] = field(default_factory=dict)
    unmapped: list[Suggestion] = field(default_factory=list)
    region: tuple[str, float] | None = None
    separator: str = ""
    questions: list[str] = field(default_factory=list)


def suggest(header: Sequence[str], rows: Iterable[Row]) -> Proposal:
    """Propose a mapping.

    Args:
        header: The columns' names.
        rows: Some of the file's first rows.
    """
    cells: dict[str, list[str]] = {column: [] for column in header}
    for _, row in zip(range(_ROWS_LOOKED_AT), rows, strict=False):
        for column, text in row.cells.items():
            if text.strip():
                cells[column].append(text.strip())
    proposal = Proposal()
    for column in header:
        found = _column(column, cells[column])
        if found.field:
            proposal.fields.setdefault(found.field, []).append(found)
        else:
            proposal.unmapped.append(found)
    _settle(proposal)
    _guess_region(proposal, cells)
    if "add_tags" in proposal.fields:
        proposal.separator = _separator(cells[proposal.fields["add_tags"][0].column])
    if "lead_email" not in proposal.fields:
        proposal.questions.append(
            "which column holds the e-mail address? None looks like it; without one only "
            "`when: no_email: create` sends rows"
        )
    return proposal


# -- one column -----------------------------------------------------------------------------------


def _column(column: str, cells: Sequence[str]) -> Suggestion:
    samples = tuple(dict.fromkeys(cell[:40] for cell in cells))[:2]
    by_name, name_score = _by_header(column)
    by_content, content_score = _by_content(cells)
    if by_name in _ONE_NAME and name_score < SURE and _are_whole_names(cells):
        by_name = FULL_NAME
    if by_name and not cells:
        return Suggestion(column, by_name, name_score, "by its name; no cell is filled", samples)
    if by_name and by_name in _DETECTORS:
        share = _share(cells, _DETECTORS[by_name])
        if share >= 0.5:
            return Suggestion(column, by_name, max(name_score, share), "by name and cells", samples)
        if by_content and by_content != by_name:
            return Suggestion(column, by_content, content_score, "by its cells", samples)
        if by_name in ("lead_email", _PHONES) or share < 0.1:
            return Suggestion(
                column, "", 0.0, f"called like {by_name}, but its cells are not", samples
            )
        return Suggestion(column, by_name, 0.5, "by its name; many cells do not fit", samples)
    if by_name and by_content in ("lead_email",) and content_score >= 0.8:
        return Suggestion(column, by_content, content_score, "by its cells", samples)
    if by_name:
        return Suggestion(column, by_name, name_score, "by its name", samples)
    if by_content:
        return Suggestion(column, by_content, content_score, "by its cells", samples)
    return Suggestion(column, "", 0.0, "", samples)


_ONE_NAME = frozenset({"lead_first_name", "lead_last_name"})


def _are_whole_names(cells: Sequence[str]) -> bool:
    """Whether most cells have two words and more: `Imię i nazwisko` is no first name."""
    return sum(len(cell.split()) > 1 for cell in cells) > 0.6 * len(cells)


@cache
def _names() -> dict[str, str]:
    names = {
        _folded(name): field_name
        for field_name, all_ in SYNONYMS.items()
        for name in all_.split("|")
    }
    return names | {_folded(name): name for name in FIELDS}


def _folded(name: str) -> str:
    return fold(re.sub(r"[_*:]+", " ", name)) or name.casefold()


def _by_header(column: str) -> tuple[str, float]:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    folded = _folded(re.sub(r" \(\d+\)$", "", column))
    names = _names()
    if folded in names:
        return names[folded], 0.95
    # Exports put the group in front or behind: "Home City", "Телефон рабочий".
    words = folded.split()
    for part in (" ".join(words[1:]), " ".join(words[:-1]), *words):
        if len(part) > 2 and part in names and names[part] not in (FULL_NAME,):
            return names[part], 0.6
    if len(folded) >= 5:
        near = process.extractOne(folded, names.keys(), scorer=OSA.distance, score_cutoff=1)
        if near is not None:
            return names[near[0]], 0.75
    return "", 0.0


def _works(normalize: Callable[[str], object]) -> Callable[[str], bool]:
    def works(cell: str) -> bool:
        try:
            normalize(cell)
        except NormalizeError:
            return False
        return True

    return works


def _is_phone(cell: str) -> bool:
    digits = sum(char.isdigit() for char in cell)
    if not 7 <= digits <= 15 or digits < 0.5 * len(cell):
        return False
    # Numbers without a country code have no region yet: their shape has to do.
    return re.fullmatch(r"\+?[\d\s().,/\-\u2010-\u2015]+(?:E\+?\d+)?", cell) is not None and (
        cell.startswith(("+", "0", "8", "("))
        or not re.fullmatch(r"\d{4}-\d\d-\d\d.*|\d+\.\d+", cell)
    )


_DETECTORS: dict[str, Callable[[str], bool]] = {
    "lead_email": lambda cell: (
        "@" in cell and _works(lambda c: normalize_email(c, several="first"))(cell)
    ),
    _PHONES: _is_phone,
    _COUNTRY: _works(normalize_country),
    "lead_utc": _works(normalize_utc_offset),
}
# A column of an unknown name is only believed to be these, and only when nearly all cells say so.
_BY_CONTENT = (("lead_email", 0.8), (_COUNTRY, 0.9), ("lead_utc", 0.95), (_PHONES, 0.9))
_UNMISTAKABLE = {
    _PHONES: re.compile(r"(?:\+|00)\d.*|\(\d{3}\).*"),
    "lead_utc": re.compile(r"(?:UTC|GMT|[+-]\d|\w+/\w+).*", re.IGNORECASE),
    _COUNTRY: re.compile(r"\D{2,}"),
}


def _by_content(cells: Sequence[str]) -> tuple[str, float]:
    if len(cells) < 2:
        return "", 0.0
    for name, enough in _BY_CONTENT:
        shape = _UNMISTAKABLE.get(name)
        if shape and sum(bool(shape.fullmatch(cell)) for cell in cells) < enough * len(cells):
            continue
        share = _share(cells, _DETECTORS[name])
        if share >= enough:
            return name, round(share * 0.9, 2)
    return "", 0.0


def _share(cells: Sequence[str], is_one: Callable[[str], bool]) -> float:
    looked = cells[:100]
    return sum(map(is_one, looked)) / len(looked) if looked else 0.0


# -- the table as a whole -------------------------------------------------------------------------

_SEVERAL_COLUMNS = frozenset({_PHONES, "lead_email"})  # the first that is not empty


def _settle(proposal: Proposal) -> None:
    """Leave each field the columns that it can have; the others are for the person to decide."""
    fields = proposal.fields
    for name, found in list(fields.items()):
        # Of equals the fuller column; Python's sort keeps the file's order otherwise.
        found.sort(key=lambda s: (-round(s.confidence, 1), not s.samples))
        if name not in _SEVERAL_COLUMNS:
            proposal.unmapped += found[1:]
            del found[1:]
        else:
            weak = [s for s in found[1:] if not s.samples]
            proposal.unmapped += weak
            fields[name] = [s for s in found if s not in weak]
    if FULL_NAME in fields and ("lead_first_name" in fields or "lead_last_name" in fields):
        proposal.unmapped += fields.pop(FULL_NAME)


def _guess_region(proposal: Proposal, cells: Mapping[str, Sequence[str]]) -> None:
    numbers = [
        cell
        for suggestion in proposal.fields.get(_PHONES, ())
        for cell in cells[suggestion.column]
        if not cell.lstrip("(' ").startswith(("+", "00"))
    ]
    if not numbers:
        return
    # Numbers of one country often exist in another as well: the rows' countries decide.
    emails = [cell for s in proposal.fields.get("lead_email", ()) for cell in cells[s.column]]
    likely = _countries(proposal, cells) or (*regions_of(emails), *REGIONS)
    found = regions_by_numbers(numbers, likely)
    if found and found[0][1] >= 0.3:
        proposal.region = found[0]


def _countries(proposal: Proposal, cells: Mapping[str, Sequence[str]]) -> list[str]:
    found: Counter[str] = Counter()
    for suggestion in proposal.fields.get(_COUNTRY, ()):
        for cell in cells[suggestion.column]:
            try:
                found[normalize_country(cell).value] += 1
            except NormalizeError:
                continue
    return [code for code, _ in found.most_common(5)]


def regions_by_numbers(numbers: Sequence[str], regions: Iterable[str]) -> list[tuple[str, float]]:
    """Return the regions in which most of *numbers* exist, best first, with their shares.

    Args:
        numbers: As typed, without country codes.
        regions: To be tried, likelier ones first: of equals the first stands first.
    """
    looked = numbers[:200]
    found = []
    for region in dict.fromkeys(regions):
        good = 0
        for number in looked:
            try:
                normalize_phone(number, region=region, strict=True)
            except NormalizeError:
                continue
            good += 1
        if good:
            found.append((region, good / len(looked)))
    return sorted(found, key=lambda item: -round(item[1], 1))


def regions_of(emails: Iterable[str]) -> list[str]:
    """Return the countries of the addresses' domains, most frequent first."""
    codes = Counter(email.rpartition(".")[2].strip().upper() for email in emails)
    return [
        {"UK": "GB"}.get(code, code)
        for code, _ in codes.most_common()
        if code == "UK" or is_country(code)
    ]


def _separator(cells: Sequence[str]) -> str:
    counts = {sign: sum(sign in cell for cell in cells) for sign in _SEPARATORS}
    best = max(counts, key=lambda sign: counts[sign])
    return best if counts[best] else ","


# -- as a file ------------------------------------------------------------------------------------

_PLAIN = re.compile(r"[^\W_](?:[\w ./'()&+-]*[\w.)])?")


def as_yaml(proposal: Proposal, source: str) -> str:
    """Return the mapping file, with confidence and samples as comments."""
    return "\n".join(_yaml_lines(proposal, source)) + "\n"


def _yaml_lines(proposal: Proposal, source: str) -> Iterator[str]:
    yield f"# A proposal for {_one_line(source)}. Look it over, then: bulk-import check SOURCE -m THIS_FILE"
    yield "# Behind each line: how sure the proposal is, and what stands in the column."
    yield from (f"# TO DECIDE: {question}" for question in proposal.questions)
    yield "version: 1"
    if proposal.region:
        region, share = proposal.region
        yield "\ndefaults:"
        yield f"  phone_region: {region}    # a guess: {share:.0%} of the numbers without + exist there"
    yield "\nfields:"
    for name in dict.fromkeys(("lead_email", FULL_NAME, *FIELDS)):
        if name in proposal.fields:
            yield from _field_lines(name, proposal)
    if not proposal.fields:
        yield "  # no column was recognised; `bulk-import fields` lists what there is"
    if proposal.unmapped:
        yield "\n# Columns that are not sent. Take the # away to send one as this field:"
        for suggestion in proposal.unmapped:
            field_name = suggestion.field or "lead_…"
            yield f"#  {field_name}: {_scalar(suggestion.column)}{_comment(suggestion)}"


def _field_lines(name: str, proposal: Proposal) -> Iterator[str]:
    found = proposal.fields[name]
    column = _scalar(found[0].column)
    comment = _comment(found[0])
    if name == FULL_NAME:
        yield f"  lead_first_name: {{column: {column}, part: first}}{comment}"
        yield f"  lead_middle_name: {{column: {column}, part: middle}}"
        yield f"  lead_last_name: {{column: {column}, part: last}}"
    elif name == _PHONES:
        columns = ", ".join(_scalar(suggestion.column) for suggestion in found)
        country = proposal.fields.get(_COUNTRY)
        region = f", region_from: {_scalar(country[0].column)}" if country else ""
        yield f"  lead_phone: {{columns: [{columns}]{region}}}{comment}"
    elif len(found) > 1:
        columns = ", ".join(_scalar(suggestion.column) for suggestion in found)
        yield f"  {name}: {{columns: [{columns}]}}{comment}"
    elif name == "add_tags":
        yield f"  add_tags: {{column: {column}, separator: {json.dumps(proposal.separator)}}}{comment}"
        yield "  # tags can start e-mail series: be sure before you send them"
    else:
        yield f"  {name}: {column}{comment}"


def _comment(suggestion: Suggestion) -> str:
    parts = []
    if suggestion.confidence:
        parts.append(f"{suggestion.confidence:.0%}")
    if suggestion.why:
        parts.append(suggestion.why)
    if suggestion.samples:
        parts.append("e.g. " + " | ".join(map(_one_line, suggestion.samples)))
    return "    # " + ", ".join(parts) if parts else ""


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
