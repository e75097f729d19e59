"""A proposal as the text of a mapping file, with the reason of each line as its comment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from bulk_import.api.fields import FIELDS
from bulk_import.mapping.consent import ConsentRule, propose_rule
from bulk_import.mapping.consent_headers import Speaks, speaks_of
from bulk_import.mapping.suggesting.evidence import FULL_NAME
from bulk_import.mapping.suggesting.products import Known, known_products
from bulk_import.mapping.suggesting.proposal import NAME_PARTS, Proposal, Suggestion

_PLAIN = re.compile(r"[^\W_](?:[\w ./'()&+-]*[\w.)])?")
_NOT_PLAIN = re.compile(r"[\d.+-]+|y|n|yes|no|true|false|on|off|null|~", re.IGNORECASE)
_NOT_SENT = (
    "# Columns that are not sent. To send one, remove the # of its line; for lead_… write a field "
    "(`bulk-import fields`)."
)
_RULES = (
    "# Rows that these rules keep back are not sent; `check` counts them. `only` keeps back every "
    "cell that it does not list."
)
_TAGS_ARE_OFF = (
    "# Off, because tags and lists can start e-mail series. Remove the # of a line to send it."
)
_FEWEST_ALIKE = 4  # letters at the beginning of two headers that speak of one address
_PHONE = "lead_phone"
_COUNTRY_OF = ("lead_shipping_country_code", "lead_billing_country_code")
_SAY_ORDER = {
    "last_first": "most names show that the family name comes first",
    "first_last": "most names show that the given name comes first",
}
PART_OF = dict(zip(NAME_PARTS, ("first", "middle", "last"), strict=True))


def as_yaml(proposal: Proposal, source: str, options: Mapping[str, str] | None = None) -> str:
    """Return the mapping file, with confidence and samples as comments.

    Args:
        source: The file's name, for the first line.
        options: What goes into ``source:``, such as ``{"sheet": "Contacts"}``.
    """
    return "\n".join(_lines(proposal, source, options or {})) + "\n"


def _lines(proposal: Proposal, source: str, options: Mapping[str, str]) -> Iterator[str]:
    yield f"# A proposal for {_one_line(source)}. Read it, then: bulk-import check SOURCE -m THIS_FILE"
    if proposal.product is not None:
        yield f"# The header is that of an export from {proposal.product.title}."
    yield "# After each line: how certain it is, why, and two cells of the column."
    yield from (f"# TO DECIDE: {_one_line(question)}" for question in proposal.questions)
    yield "version: 1"
    if options:
        yield "\nsource:"
        yield from (f"  {name}: {scalar(value)}" for name, value in options.items())
    yield from _region_lines(proposal)
    yield "\nfields:"
    yield from _field_lines(proposal)
    yield from _off_lines(proposal)  # where taking the # away is all there is to do
    if proposal.rules:
        yield f"\n{_RULES}"
        yield from _rule_lines(proposal.rules)


def _region_lines(proposal: Proposal) -> Iterator[str]:
    region = proposal.region
    if region is None:
        return
    share = f"{region.share:.0%} of the numbers without a country code exist there; "
    say = (
        share + region.why if region.share else region.why
    )  # a chosen one may not have been counted
    if region.is_active:
        yield "\ndefaults:"
        yield f"  phone_region: {region.code}    # {say}"
    else:
        yield "\n# The country of numbers without a country code is not certain. Uncomment it if it is so."
        yield "#defaults:"
        yield f"#  phone_region: {region.code}    # {say}"


def _field_lines(proposal: Proposal) -> Iterator[str]:
    is_any = False
    for name in dict.fromkeys(("lead_email", FULL_NAME, *FIELDS)):
        if name in proposal.fields:
            yield from _one_field(name, proposal)
            is_any = True
        elif name in proposal.templates:
            yield f"  {name}: {{template: {json.dumps(proposal.templates[name], ensure_ascii=False)}}}"
            is_any = True
    if not is_any:
        yield "  # no column was recognised; `bulk-import fields` lists what there is"


def _one_field(name: str, proposal: Proposal) -> Iterator[str]:
    found = proposal.fields[name]
    comment = _comment(found[0])
    if name == FULL_NAME:
        if proposal.name_order:
            comment += f"; {_SAY_ORDER[proposal.name_order]}"
        for at, part in enumerate(NAME_PARTS):
            rule = part_options(part, found[0].column, proposal)
            inside = ", ".join(f"{option}: {scalar(value)}" for option, value in rule.items())
            yield f"  {part}: {{{inside}}}{'' if at else comment}"
        return
    options = field_options(name, [s.column for s in found], proposal)
    if proposal.dropped.get(name):
        comment += (
            f"; {proposal.dropped[name]:,} of {proposal.rows:,} rows would be refused for it: they "
            "are sent without it"
        )
    if list(options) == ["column"]:
        yield f"  {name}: {scalar(found[0].column)}{comment}"
    else:
        inside = ", ".join(f"{option}: {_value(value)}" for option, value in options.items())
        yield f"  {name}: {{{inside}}}{comment}"


def part_options(part: str, column: str, proposal: Proposal) -> dict[str, str]:
    """Return what the mapping says of a part of the whole names in *column*."""
    options = {"column": column, "part": PART_OF[part]}
    return {**options, "order": proposal.name_order} if proposal.name_order else options


def field_options(name: str, columns: Sequence[str], proposal: Proposal) -> dict[str, Any]:
    """Return what the mapping says of a field that *columns* feed."""
    options: dict[str, Any] = (
        {"columns": list(columns)} if len(columns) > 1 else {"column": columns[0]}
    )
    if name == _PHONE and (country := _country_beside(columns[0], proposal)):
        options["region_from"] = country
    if name == "add_tags":
        options["separator"] = proposal.separator
    is_dropped = proposal.product is not None and name in proposal.product.drops
    if is_dropped or proposal.dropped.get(name):
        options["bad_value"] = "drop_field"
    return options


def _country_beside(phone: str, proposal: Proposal) -> str:
    """The column of the country that a phone belongs to: ``billing_country`` of ``billing_phone``."""
    countries = [proposal.fields[c][0].column for c in _COUNTRY_OF if c in proposal.fields]
    return max(countries, key=lambda column: _alike_in_front(phone, column), default="")


def _alike_in_front(one: str, other: str) -> int:
    """How many letters two headers begin alike with; 0 for a few, which say nothing."""
    pairs = zip(one.lower(), other.lower(), strict=False)
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return alike if alike >= _FEWEST_ALIKE else 0


def _value(value: str | list[str]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(scalar, value)) + "]"
    return scalar(value)


def _rules_of(known: Known) -> Iterator[ConsentRule]:
    """Rules for the columns of consent that a product's export may have."""
    cells = {Speaks.OF_REFUSAL: "no", Speaks.OF_CONSENT: "yes", Speaks.OF_STATE: "subscribed"}
    for column, values in known.only.items():
        yield ConsentRule("only", column, values, "no consent")
    for column in sorted(known.columns - set(known.only)):
        speaks = speaks_of(column)
        rule = propose_rule(column, {cells[speaks]: 1}) if speaks in cells else None
        if rule is not None and (speaks is not Speaks.OF_STATE or "email" in column.casefold()):
            yield rule


def _rule_lines(rules: list[ConsentRule], also: str = "") -> Iterator[str]:
    for section in ("skip", "only"):
        chosen = [rule for rule in rules if rule.section == section]
        if chosen:
            yield f"{section}:"
        for rule in chosen:
            values = ", ".join(json.dumps(value, ensure_ascii=False) for value in rule.values)
            yield f"  - {{column: {scalar(rule.column)}, values: [{values}],"
            yield f"     because: {scalar(rule.because)}{also}}}"


def _off_lines(proposal: Proposal) -> Iterator[str]:
    if proposal.off:
        yield f"\n{_TAGS_ARE_OFF}"
        for suggestion in proposal.off:
            separator = f", separator: {json.dumps(proposal.separator)}"
            extra = separator if suggestion.field == "add_tags" else ""
            yield (
                f"#  {suggestion.field}: {{column: {scalar(suggestion.column)}{extra}}}"
                f"{_comment(suggestion)}"
            )
    rest = [s for s in proposal.unmapped if s not in proposal.off]
    if rest:
        yield f"\n{_NOT_SENT}"
    for suggestion in rest:
        field_name = suggestion.field or "lead_…"
        if field_name == FULL_NAME:
            field_name = "lead_first_name"
        yield f"#  {field_name}: {scalar(suggestion.column)}{_comment(suggestion)}"


def _comment(suggestion: Suggestion) -> str:
    parts = []
    if suggestion.confidence:
        parts.append(f"{suggestion.confidence:.0%}")
    if suggestion.why:
        parts.append(suggestion.why)
    if suggestion.samples:
        parts.append("e.g. " + " | ".join(map(_one_line, suggestion.samples)))
    return "    # " + _one_line("; ".join(parts)) if parts else ""


def scalar(text: str) -> str:
    """Return *text* as YAML has to write it so that it stays this text."""
    is_plain = _PLAIN.fullmatch(text) and not _NOT_PLAIN.fullmatch(text)
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def preset_yaml(name: str) -> str:
    """Return the mapping of a known product, with the columns of all its versions as aliases."""
    known = known_products()[name]
    return "\n".join(_preset_lines(known)) + "\n"


def _preset_lines(known: Known) -> Iterator[str]:
    yield f"# {known.title}. Where the columns are known from: {known.source}, {known.seen}."
    yield "version: 1\nfields:"
    off = []
    for name, columns in known.fields.items():
        named = f"[{', '.join(map(scalar, columns))}]" if len(columns) > 1 else scalar(columns[0])
        if name == FULL_NAME:
            yield from (f"  {p}: {{column: {named}, part: {PART_OF[p]}}}" for p in NAME_PARTS)
        elif name == "add_tags":
            off.append(
                f"#  add_tags: {{column: {named}, separator: {json.dumps(known.separator or ',')}}}"
            )
        elif name == "add_to_lists":
            off.append(f"#  add_to_lists: {named}")
        else:
            yield f"  {name}: {named}"
    if off:
        yield f"\n{_TAGS_ARE_OFF}"
        yield from off
    yield from _rule_lines(list(_rules_of(known)), also=", optional: true")
