"""How many columns `init` maps as the hand-written mappings do, over the sample exports.

python -m benchmarks.proposals
"""

from __future__ import annotations

from pathlib import Path

from bulk_import import load_mapping
from bulk_import.mapping.binding import bind
from bulk_import.mapping.suggesting import suggest
from bulk_import.sources import open_source

FULL_NAME = "full_name"
NAMES = ("lead_first_name", "lead_middle_name", "lead_last_name")


def main() -> None:
    print(f"{'sample':24}{'right':>7}{'missed':>8}{'other':>7}")
    total = right = 0
    for path in sorted(Path("sample_data").iterdir()):
        mapping = Path("mappings") / f"{path.stem}.yml"
        if not mapping.exists() or path.suffix == ".json" or path.stem == "mistakes":
            continue
        with open_source(path) as source:
            meant = {
                (bound.field.name, column)
                for bound in bind(load_mapping(mapping), source.header).fields
                for column in bound.columns
            }
            proposal = suggest(source.header, source)
        found = {(name, s.column) for name, columns in proposal.fields.items() for s in columns}
        for name, column in list(found):
            if name == FULL_NAME:
                found |= {(part, column) for part in NAMES}
                found.discard((name, column))
        good = len(meant & found)
        total, right = total + len(meant), right + good
        print(f"{path.name:24}{good:7}{len(meant - found):8}{len(found - meant):7}")
    print(f"{'all':24}{right:7}{total - right:8}  ({right / total:.0%} of the columns)")


if __name__ == "__main__":
    main()
