"""Small files of faults that readers get wrong, each with all that is read of it, or its refusal.

``expected.json`` beside the files was written by hand-checked runs: ``python -m tests.test_small_files``
writes it again; review the difference.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources import open_source

CASES = Path(__file__).parent / "cases"
EXPECTED = CASES / "small_files.json"
FILES = sorted(path for folder in ("reading", "workbooks") for path in (CASES / folder).iterdir())


def outcome(path: Path) -> dict[str, object]:
    try:
        with open_source(path) as source:
            rows = [
                [row.number, *row.cells.values(), *sorted(problem.code for problem in row.problems)]
                for row in source
            ]
            return {
                "kind": source.kind,
                "encoding": source.encoding,
                "sheet": source.sheet,
                "header": [source.header_row, *source.header],
                "rows": rows,
                "said": [problem.code for problem in source.problems],
                "beyond": source.tally.beyond.count,
                "guarded": source.tally.guarded.count,
            }
    except SourceError as exc:
        return {"refused": exc.code, "because": str(exc).replace(str(path), path.name)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_small_file_is_read_as_a_person_reads_it(path):
    assert outcome(path) == json.loads(EXPECTED.read_text("utf-8"))[path.name]


def test_every_expectation_has_its_file():
    assert sorted(json.loads(EXPECTED.read_text("utf-8"))) == sorted(path.name for path in FILES)


if __name__ == "__main__":
    lines = [
        f"{json.dumps(path.name)}: {json.dumps(outcome(path), ensure_ascii=False)}"
        for path in FILES
    ]
    EXPECTED.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    sys.exit()
