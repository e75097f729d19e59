"""How well `init` maps: samples, exports handed in, known products, generated exports.

python -m benchmarks.proposals [SEEDS] [--show]

Counts (field, column) pairs. Right: proposed as a person would map it, tags as a line that is off.
Wrong active: a line that would send a column as what it is not, or keep rows back for no reason.
Wrong commented: an idea in a comment that is not right. Missed: what a person would map and the
proposal does not.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.exports import Export, generated, languages
from benchmarks.public_exports import public_exports
from bulk_import import load_mapping
from bulk_import.mapping.binding import bind
from bulk_import.mapping.suggesting import FULL_NAME, Proposal, suggest
from bulk_import.mapping.suggesting.products import Known, columns_in, known_products
from bulk_import.models import Row
from bulk_import.sources import open_source

NAMES = ("lead_first_name", "lead_middle_name", "lead_last_name")
OFF = frozenset({"add_tags", "add_to_lists"})
CASES = Path(__file__).parents[1] / "tests" / "cases" / "init"
Pairs = set[tuple[str, str]]
Makers = dict[str, Callable[[], Export]]  # what makes each export, by its name


def main(arguments: Sequence[str] = tuple(sys.argv[1:])) -> None:
    numbers = [int(word) for word in arguments if word.isdigit()]
    seeds = numbers[0] if numbers else 100
    show = "--show" in arguments
    print(
        f"{'exports':34}{'columns':>8}{'right':>8}{'wrong active':>14}{'wrong commented':>17}{'missed':>8}"
    )
    known = {"samples": samples(), "handed in": handed_in(), "known products": products()}
    groups = {
        **{name: (make() for make in makers.values()) for name, makers in known.items()},
        **{f"generated, {language}": unseen(language, seeds) for language in languages()},
    }  # fmt: skip
    total: Counter[str] = Counter()
    for public in public_exports():
        proposal = suggest(public.export.header, public.export.rows)
        total += scored(
            public.export, proposal, allowed=public.allowed, allowed_rules=public.allowed_rules, show=show
        )  # fmt: skip
    _print("public products", total)
    for name, exports in groups.items():
        counts: Counter[str] = Counter()
        for export in exports:
            counts += scored(export, suggest(export.header, export.rows), show=show)
        total += counts
        _print(name, counts)
    _print("all", total)


def _print(name: str, counts: Counter[str]) -> None:
    share = counts["right"] / counts["meant"]
    print(
        f"{name:34}{counts['meant']:8,}{share:8.1%}{counts['wrong active']:14,}"
        f"{counts['wrong commented']:17,}{counts['missed']:8,}"
    )


def scored(
    export: Export,
    proposal: Proposal,
    *,
    allowed: Set[tuple[str, str]] = frozenset(),
    allowed_rules: Set[str] = frozenset(),
    show: bool = False,
) -> Counter[str]:
    """Compare a proposal with what a person would map.

    Args:
        allowed: (field, column) pairs that are neither right nor wrong; one that feeds a column of the
            truth as another field counts as right.
        allowed_rules: Columns that may give a rule.
    """
    truth = {pair for name, column in export.truth for pair in _parts(name, column)}
    active = {
        pair
        for name, found in proposal.fields.items()
        for s in found
        for pair in _parts(name, s.column)
    } | {(name, c) for name, text in proposal.templates.items() for c in columns_in(text)}
    ideas = {
        pair for s in proposal.unmapped if s.field for pair in _parts(s.field, s.column)
    } - active
    instead = {column for _, column in active & allowed}
    right = {
        pair
        for pair in truth
        if pair in (ideas if pair[0] in OFF else active) or pair[1] in instead
    }
    ruled = {rule.column for rule in proposal.rules}
    wrong = (active - truth - allowed) | {
        ("rule", column) for column in ruled - export.consent - allowed_rules
    }
    missed = (truth - right) | {("rule", column) for column in export.consent - ruled}
    commented = {pair for pair in ideas - truth - allowed if pair[0] != "lead_description"}
    if show:
        for what, pairs in (("wrong", wrong), ("missed", missed), ("commented", commented)):
            for pair in sorted(pairs):
                print(f"   {export.name}: {what} {pair}")
    return Counter(
        {
            "meant": len(truth) + len(export.consent),
            "right": len(right) + len(export.consent & ruled),
            "wrong active": len(wrong),
            "wrong commented": len(commented),
            "missed": len(missed),
        }
    )


def _parts(name: str, column: str) -> Iterator[tuple[str, str]]:
    if name == FULL_NAME:
        yield from ((part, column) for part in NAMES)
    else:
        yield name, column


def samples() -> Makers:
    """The sample exports, as the mappings that are written by hand map them."""
    return {
        path.name: partial(_sample, path, mapping)
        for path in sorted(Path("sample_data").iterdir())
        if (mapping := Path("mappings") / f"{path.stem}.yml").exists() and path.stem != "mistakes"
    }


def _sample(path: Path, mapping: Path) -> Export:
    with open_source(path) as source:
        rows = list(source)
        bound = bind(load_mapping(mapping), source.header)
    filled = {column for row in rows for column, cell in row.cells.items() if cell.strip()}
    truth = {(f.field.name, c) for f in bound.fields for c in f.columns if c in filled}
    consent = {rule.column for rule in bound.rules}
    return Export(path.name, tuple(source.header), rows, truth, consent)


def handed_in() -> Makers:
    """Small exports of products and clubs, with the truth beside them."""
    truths = tomllib.loads((CASES / "truth.toml").read_text("utf-8"))
    return {name: partial(_handed_in, name, truth) for name, truth in truths.items()}


def _handed_in(name: str, truth: dict[str, Any]) -> Export:
    with open_source(CASES / f"{name}.csv") as source:
        rows = list(source)
        pairs = {
            (field_name, column)
            for field_name, columns in truth.get("fields", {}).items()
            for column in ([columns] if isinstance(columns, str) else columns)
        }
        return Export(name, tuple(source.header), rows, pairs, set(truth.get("consent", ())))


def products() -> Makers:
    """The headers of known products, with cells of the right kind."""
    return {
        f"{known.name} ({version})": partial(_product, f"{known.name} ({version})", known, header)
        for known in known_products().values()
        if not known.mapping  # those are among the samples
        for version, header in known.headers.items()
    }


def _product(name: str, known: Known, header: tuple[str, ...]) -> Export:
    columns = {c: field for field, found in known.fields.items() for c in found if c in header}
    rows = [
        Row("a.csv", "", n + 2, {c: _cell(columns.get(c, ""), n) for c in header})
        for n in range(12)
    ]
    truth = {(field, column) for column, field in columns.items()}
    ruled = {rule.column for rule in suggest(header, rows).rules}
    return Export(name, header, rows, truth, ruled)


def _cell(name: str, number: int) -> str:
    cells = {
        "lead_email": f"p{number}@example.com", "lead_phone": f"+1 202 555 01{number:02}",
        "lead_utc": "Europe/Berlin", FULL_NAME: "Anna Berg", "lead_in": "https://www.linkedin.com/in/a",
        "lead_whatsapp": f"+1 202 555 01{number:02}",
    }  # fmt: skip
    if name.endswith("country_code"):
        return "US"
    if name.endswith("zip"):
        return f"0211{number % 10}"
    return cells.get(name, "Word" if name else "")


def unseen(language: str, seeds: int) -> Iterator[Export]:
    for seed in range(seeds):
        yield generated(language, seed)


if __name__ == "__main__":
    main()
