"""The canary: which few rows are sent first, as different from each other as possible."""

from __future__ import annotations

from collections.abc import Iterable

from bulk_import.api.fields import SET_FIELDS
from bulk_import.api.form import decode
from bulk_import.journal.entries import Pending

_VALUES = ("lead_shipping_country_code", "lead_billing_country_code", "lead_utc")


def choose_canary(rows: Iterable[Pending], number: int) -> frozenset[int]:
    """Return the seqs of up to *number* rows that cover the most variety.

    Chosen in this order: rows with a tag, list, country or set of filled fields not seen before;
    rows with the longest forms; the first rows.
    """
    seen: set[tuple[str, str]] = set()
    chosen: list[int] = []
    longest: list[tuple[int, int]] = []
    first: list[int] = []
    for row in rows:
        features = _features(row)
        if len(chosen) < number and not features <= seen:
            chosen.append(row.seq)
            seen |= features
        else:
            longest = sorted([*longest, (-len(row.body), row.seq)])[:number]
            if len(first) < number:
                first.append(row.seq)
    rest = [seq for _, seq in longest[: max(1, number // 4)]] + first
    chosen += [seq for seq in dict.fromkeys(rest) if seq not in chosen]
    return frozenset(chosen[:number])


def _features(row: Pending) -> set[tuple[str, str]]:
    fields = decode(row.body)
    features = {("filled", ",".join(name for name, _ in fields))}
    for name, value in fields:
        if name in SET_FIELDS:
            features |= {(name, part) for part in value.split(",")}
        elif name in _VALUES:
            features.add((name, value))
    return features
