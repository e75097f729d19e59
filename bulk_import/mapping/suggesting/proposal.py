"""The proposal as a whole: one assignment of columns to fields, and what a person has to decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from bulk_import.errors import Message
from bulk_import.mapping.consent import ConsentRule, heard, propose_rule
from bulk_import.mapping.consent_headers import Speaks, speaks_of
from bulk_import.mapping.suggesting.assignment import assign
from bulk_import.mapping.suggesting.contents import ROWS_LOOKED_AT, Content, contents_of
from bulk_import.mapping.suggesting.evidence import FULL_NAME, SURE, Fit, Table
from bulk_import.mapping.suggesting.naming import order_to_state
from bulk_import.mapping.suggesting.own_address import OwnAddress, own_address
from bulk_import.mapping.suggesting.products import Product, columns_in, recognise
from bulk_import.mapping.suggesting.regions import Region, propose_region
from bulk_import.models import Row
from bulk_import.normalize.name_order import Order

_EMAIL, _PHONE = "lead_email", "lead_phone"
_COUNTRIES = ("lead_shipping_country_code", "lead_billing_country_code")
_SEPARATORS = (":::", ";", "|", ",", "/")
_SEVERAL_COLUMNS = frozenset({_EMAIL, _PHONE})  # the first that is not empty
_TAGS_AND_LISTS = frozenset({"add_tags", "add_to_lists"})
NAME_PARTS = ("lead_first_name", "lead_middle_name", "lead_last_name")


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
        fields: Field -> the columns that feed it, best first: what is certain enough to be sent.
        unmapped: Columns that feed nothing; with a field where there is an idea of one. Tags and
            lists are always among them: they may start mailings, so a person switches them on.
        templates: Field -> text with columns in it, for fields that several columns make up.
        region: For ``phone_region``.
        separator: Between the tags of a cell.
        rules: Of the columns that speak of consent.
        product: Whose export it is, when the header is known.
        address: What was found out about the columns with addresses.
        name_order: Of the whole names, where most of them show it and some need it.
        dropped: Field -> rows whose cell cannot be sent as that field, and would be refused for it.
        rows: That were looked at.
        questions: What a person has to decide before anything can be sent.
    """

    fields: dict[str, list[Suggestion]] = field(default_factory=dict)
    unmapped: list[Suggestion] = field(default_factory=list)
    templates: dict[str, str] = field(default_factory=dict)
    region: Region | None = None
    separator: str = ","
    rules: list[ConsentRule] = field(default_factory=list)
    product: Product | None = None
    address: OwnAddress = field(default_factory=OwnAddress)
    name_order: Order | None = None
    dropped: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    questions: list[str] = field(default_factory=list)

    def filled_rows(self, name: str, rows: Sequence[Row]) -> int:
        """The rows in which a column that feeds a field has something."""
        columns = [one.column for one in self.fields.get(name, ())]
        return sum(any(row.cells.get(column, "").strip() for column in columns) for row in rows)

    def switch_off(self, name: str, why: str) -> None:
        """Turn an active field into a remark: its columns feed nothing until a person says so."""
        for one in self.fields.pop(name, ()):
            score = min(one.confidence, 0.4)
            self.unmapped.append(replace(one, confidence=score, why=f"{one.why}, {why}"))
        self.dropped.pop(name, None)
        if name == _PHONE:
            self.region = None

    @property
    def off(self) -> list[Suggestion]:
        """Tags and lists, off until a person chooses them."""
        return [s for s in self.unmapped if s.field in _TAGS_AND_LISTS]


def suggest(
    header: Sequence[str], rows: Iterable[Row], *, product: Product | None = None
) -> Proposal:
    """Propose a mapping.

    The first rows are looked at closely; of the columns that speak of consent every row is read.

    Args:
        header: The columns' names.
        rows: All rows of the file, or some of the first.
        product: Whose export it is, if it is known; recognised by the header otherwise.
    """
    supply = iter(rows)
    looked = list(islice(supply, ROWS_LOOKED_AT))
    contents = contents_of(header, looked)
    table = Table(header, contents)
    proposal = Proposal(rows=len(looked), product=product or recognise(header))
    proposal.rules = _rules(header, looked, supply, proposal.product)
    proposal.address = own_address(header, contents)
    taken = _use_product(proposal, contents)
    _use_address(proposal, table, taken)
    _use_fits(proposal, table, taken)
    _leave_the_rest(proposal, table)
    _complete(proposal, table, looked)
    return proposal


def _rules(
    header: Sequence[str], looked: Sequence[Row], rest: Iterable[Row], product: Product | None
) -> list[ConsentRule]:
    """Count what the columns of consent say, in all rows, and make a rule of each."""
    speaking = {column: speaks for column in header if (speaks := speaks_of(column)) is not None}
    counts: dict[str, Counter[str]] = {column: Counter() for column in speaking}
    for row in looked:
        for column, found in counts.items():
            found[heard(column, row.cells[column])] += 1
    if speaking:
        for row in rest:
            for column, found in counts.items():
                found[heard(column, row.cells[column])] += 1
    known = product.rules if product is not None else {}
    rules = list(known.values())
    for column, speaks in speaking.items():
        if column in known:
            continue
        filled = {cell: n for cell, n in counts[column].items() if cell.strip()}
        if not filled and speaks is Speaks.OF_REFUSAL:
            filled = {"no": 0}  # nobody has said it yet: the rule is for the next export
        rule = propose_rule(column, filled)
        if rule is not None:
            rules.append(rule)
    return rules


# -- field by field -------------------------------------------------------------------------------


def _use_product(proposal: Proposal, contents: dict[str, Content]) -> set[str]:
    """Take over what is known of a product's export; return the columns that this settles."""
    product = proposal.product
    if product is None:
        return set()
    why = Message("a column of {title}", title=product.title)
    for name, columns in product.fields.items():
        filled = [column for column in columns if not contents[column].is_empty]
        if name not in _SEVERAL_COLUMNS:
            filled = filled[:1]
        found = [_suggestion(column, name, 0.95, why, contents[column]) for column in filled]
        if name in _TAGS_AND_LISTS:
            proposal.unmapped += found
        elif found:
            proposal.fields[name] = found
    for name, template in product.templates.items():
        if any(not contents[column].is_empty for column in columns_in(template)):
            proposal.templates[name] = template
    return set(product.settled)


def _use_address(proposal: Proposal, table: Table, taken: set[str]) -> None:
    if _EMAIL in proposal.fields:
        return
    own = [one for one in proposal.address.own if one.column not in taken]
    if own:
        proposal.fields[_EMAIL] = [
            _suggestion(
                one.column, _EMAIL, max(one.claim, SURE), one.why, table.contents[one.column]
            )
            for one in own
        ]
    if proposal.address.question:
        proposal.questions.append(proposal.address.question)


def _use_fits(proposal: Proposal, table: Table, taken: set[str]) -> None:
    used = taken | {s.column for found in proposal.fields.values() for s in found}
    used |= {one.column for one in (*proposal.address.rivals, *proposal.address.foreign)}
    open_fits = [
        fit
        for fit in table.fits()
        if fit.column not in used and fit.field not in proposal.fields and fit.field != _EMAIL
    ]
    best = {(fit.field, fit.column): fit for fit in open_fits}
    scores = {
        key: fit.score + 0.02 * _filled(table, fit.column) for key, fit in best.items()
    }  # of equals the fuller column
    chosen = assign(scores)
    for name, column in chosen.items():
        fit = best[name, column]
        found = _suggestion(column, name, fit.score, fit.why, table.contents[column])
        if fit.score >= SURE:
            proposal.fields[name] = [found]
        else:
            proposal.unmapped.append(found)
    _join_phones(proposal, table, open_fits)
    _settle_names(proposal)


def _filled(table: Table, column: str) -> float:
    content = table.contents[column]
    return content.filled / content.rows if content.rows else 0.0


def _join_phones(proposal: Proposal, table: Table, fits: Sequence[Fit]) -> None:
    """All phones that are the contact's own: a mobile one first, then in the file's order."""
    if not any(fit.field == _PHONE for fit in fits) or _PHONE not in proposal.fields:
        return  # a product's phones are in order already
    sure = [fit for fit in fits if fit.field == _PHONE and fit.score >= SURE]
    by_address = ("billing", "shipping")
    kept = proposal.fields[_PHONE][0].column  # of two addresses' phones only one
    sure = [
        fit
        for fit in sure
        if fit.column == kept or table.headings[fit.column].where not in by_address
    ]
    order = {column: at for at, column in enumerate(table.header)}
    sure.sort(
        key=lambda fit: (
            table.headings[fit.column].rank,
            not table.headings[fit.column].is_mobile,
            order[fit.column],
        )
    )
    columns = {fit.column for fit in sure}
    proposal.unmapped = [s for s in proposal.unmapped if s.column not in columns]
    proposal.fields[_PHONE] = [
        _suggestion(fit.column, _PHONE, fit.score, fit.why, table.contents[fit.column])
        for fit in sure
    ]


def _settle_names(proposal: Proposal) -> None:
    """A whole name, or its parts: not both."""
    fields = proposal.fields
    if FULL_NAME not in fields:
        return
    if "lead_first_name" in fields and "lead_last_name" in fields:
        proposal.unmapped += fields.pop(FULL_NAME)
        return
    for part in NAME_PARTS:
        proposal.unmapped += fields.pop(part, [])


def _leave_the_rest(proposal: Proposal, table: Table) -> None:
    """Columns that feed nothing, each with the best idea there is of it."""
    used = {s.column for found in proposal.fields.values() for s in found}
    used |= {s.column for s in proposal.unmapped}
    for text in proposal.templates.values():
        used |= columns_in(text)
    settled = proposal.product.settled if proposal.product is not None else frozenset()
    ideas: dict[str, Fit] = {}
    for fit in table.fits():
        if fit.column in settled:
            continue  # the product's columns are known; what is not used is not wanted
        known = ideas.get(fit.column)
        if known is None or fit.score > known.score:
            ideas[fit.column] = fit
    addresses = {one.column: one for one in (*proposal.address.rivals, *proposal.address.foreign)}
    for column in table.header:
        content = table.contents[column]
        if column in used:
            continue
        if column in addresses:
            one = addresses[column]
            name = "" if one.whose else _EMAIL
            proposal.unmapped.append(_suggestion(column, name, one.claim, one.why, content))
        elif column in ideas:
            fit = ideas[column]
            score = min(fit.score, SURE - 0.05)  # another column has the field already
            proposal.unmapped.append(_suggestion(column, fit.field, score, fit.why, content))
        else:
            why = "empty" if content.is_empty else ""
            proposal.unmapped.append(_suggestion(column, "", 0.0, why, content))


def _complete(proposal: Proposal, table: Table, looked: Sequence[Row]) -> None:
    """The region of the phones, the order of names, and what separates the tags."""
    if FULL_NAME in proposal.fields:
        names = table.contents[proposal.fields[FULL_NAME][0].column].values
        proposal.name_order = order_to_state(names)
    phones = [s.column for s in proposal.fields.get(_PHONE, ())]
    country = next(
        (proposal.fields[name][0].column for name in _COUNTRIES if name in proposal.fields), ""
    )
    emails = [
        cell for s in proposal.fields.get(_EMAIL, ()) for cell in table.contents[s.column].values
    ]
    if phones:
        proposal.region = propose_region(table.header, looked, phones, country, emails)
    tags = next((s.column for s in proposal.unmapped if s.field == "add_tags"), None)
    if tags is not None:
        proposal.separator = separator_in(table.contents[tags]) or ","
    if proposal.product is not None and proposal.product.separator:
        proposal.separator = proposal.product.separator


def separator_in(content: Content) -> str:
    """Return what separates the tags in the cells of a column; empty if nothing does."""
    counts = {sign: sum(sign in cell for cell in content.values) for sign in _SEPARATORS}
    best = max(counts, key=lambda sign: counts[sign])
    return best if counts[best] else ""


def _suggestion(column: str, name: str, score: float, why: str, content: Content) -> Suggestion:
    return Suggestion(column, name, round(score, 2), why, content.samples)
