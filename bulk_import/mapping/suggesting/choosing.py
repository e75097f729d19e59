"""What a person decides about a proposal, by a flag or by an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bulk_import.errors import Message, SetupError
from bulk_import.mapping.suggesting.proposal import Proposal, Suggestion
from bulk_import.mapping.suggesting.regions import Region
from bulk_import.normalize.country_names import is_country

CHOSEN = "chosen"
NONE = "none"  # for a column: leave the field out


def choose_column(proposal: Proposal, field: str, column: str, header: Sequence[str]) -> None:
    """Feed *field* from *column* and from no other; ``none`` leaves it out.

    Raises:
        SetupError: The file has no such column.
    """
    if column.casefold() == NONE and column not in header:
        proposal.unmapped += [replace(s, why=CHOSEN) for s in proposal.fields.pop(field, [])]
        return
    found = _found(column, header)
    known = {s.column: s for s in _all(proposal)}
    before = known.get(found, Suggestion(found, field, 1.0, CHOSEN))
    drop_column(proposal, found)
    proposal.unmapped += proposal.fields.pop(field, [])
    proposal.templates.pop(field, None)
    proposal.fields[field] = [replace(before, field=field, confidence=1.0, why=CHOSEN)]
    if field == "lead_email":
        proposal.questions = [q for q in proposal.questions if q != proposal.address.question]


def accept(proposal: Proposal, suggestion: Suggestion) -> None:
    """Send a column that was left out, beside what feeds its field already."""
    proposal.unmapped.remove(suggestion)
    chosen = replace(suggestion, confidence=1.0, why=CHOSEN)
    proposal.fields.setdefault(suggestion.field, []).append(chosen)


def choose_region(proposal: Proposal, code: str) -> None:
    """Take *code* as the country of numbers without a country code; ``none`` for no country.

    Raises:
        SetupError: It is no country code.
    """
    if code.casefold() == NONE:
        proposal.region = None
        return
    region = code.upper()
    if not is_country(region):
        raise SetupError(Message("{code!r} is not a two-letter country code such as US", code=code))
    share = proposal.region.share if proposal.region and proposal.region.code == region else 0.0
    proposal.region = Region(region, share, is_active=True, why=CHOSEN)


def drop_column(proposal: Proposal, column: str) -> None:
    """Take a column out of everything that it feeds."""
    proposal.unmapped = [s for s in proposal.unmapped if s.column != column]
    for name in list(proposal.fields):
        proposal.fields[name] = [s for s in proposal.fields[name] if s.column != column]
        if not proposal.fields[name]:
            del proposal.fields[name]


def _found(column: str, header: Sequence[str]) -> str:
    if column in header:
        return column
    folded = " ".join(column.casefold().split())
    alike = [name for name in header if " ".join(name.casefold().split()) == folded]
    if len(alike) == 1:
        return alike[0]
    raise SetupError(
        Message(
            "no column {column!r}; the file has: {repr}",
            column=column,
            repr=", ".join(map(repr, header[:20])),
        )
    )


def _all(proposal: Proposal) -> list[Suggestion]:
    return [*proposal.unmapped, *(s for found in proposal.fields.values() for s in found)]
