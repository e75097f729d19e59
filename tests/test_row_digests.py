"""By what a row is recognized from night to night, whatever stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import pytest

from bulk_import.jobs import fingerprints
from bulk_import.jobs.fingerprints import (
    Digester,
    cells_of,
    clocks_of,
    digester,
    libraries,
    rule_files,
)
from bulk_import.mapping.binding import Binding, bind
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Problem, Row

FOUND = Problem("X", "found on reading", "A")


def bound(fields: str = "lead_email: A, lead_first_name: B", header: Sequence[str] = ("A", "B")) -> Binding:  # fmt: skip
    return bind(parse_mapping(f"version: 1\nfields: {{{fields}}}\n", "m.yml"), header)


def row(first: str, second: str, *problems: Problem) -> Row:
    return Row("a.csv", "", 2, {"A": first, "B": second}, problems)


PLAIN = row("a@b.org", "Ann")
ROWS = [
    PLAIN,
    row("a@b.org\0", "Ann"),
    row("a@b.org", "\0Ann"),
    row("a@b.org", "Ann", FOUND),
    row("a@b.orgAnn", ""),
    row("", "a@b.orgAnn"),
    row("a@b.org", "\ud800"),
    row("", ""),
]


@pytest.mark.parametrize("beside", [[], [0], [1], [3], [0, 1, 2, 3], [7, 6, 5, 4]])
def test_a_row_has_its_digest_alone_and_beside_others(beside):
    digest = Digester(("A", "B"), bound())
    alone = [digest.digests([one], cells_of([one], digest.columns))[0] for one in ROWS]
    assert {len(one) for one in alone} == {16}
    assert len({*alone}) == len(ROWS)
    rows = [ROWS[at] for at in (*beside, 0)]
    assert digest.digests(rows, cells_of(rows, digest.columns)) == [
        alone[at] for at in (*beside, 0)
    ]


def test_cells_are_picked_in_the_order_of_the_columns():
    rows = [row("1", "2"), row("3", "4")]
    assert cells_of(rows, ()) == [(), ()]
    assert cells_of(rows, ("B",)) == [("2",), ("4",)]
    assert cells_of(rows, ("B", "A")) == [("2", "1"), ("4", "3")]


def test_only_columns_that_have_a_say_are_digested():
    found = digester(RowMapper(bound("lead_email: B", ("A", "B"))))
    assert found is not None
    assert found.columns == ("B",)
    one, other = row("x", "a@b.org"), row("y", "a@b.org")
    assert found.digests([one], [("a@b.org",)]) == found.digests([other], [("a@b.org",)])


def test_the_clocks_do_not_matter_without_time_offsets():
    assert clocks_of(bound()) == ""
    assert len(clocks_of(bound("lead_email: A, lead_utc: B"))) == 64


def test_libraries_are_named_with_their_versions_and_rules_are_files_of_the_program():
    found = dict(libraries())
    assert {name: metadata.version(name) for name in ("idna", "phonenumbers", "pydantic")}.items() <= found.items()  # fmt: skip
    package = Path(fingerprints.__file__).parents[1]
    files = [path.relative_to(package).as_posix() for path in rule_files()]
    assert len({*files}) == len(files)
    assert {name.partition("/")[0] for name in files} == {
        "api", "codes", "mapping", "models.py", "normalize", "run", "sources",
    }  # fmt: skip
    for folder in ("codes", "mapping", "normalize"):
        whole = {p.relative_to(package).as_posix() for p in (package / folder).rglob("*.py")}
        assert whole <= {*files}
    assert not [name for name in files if name.endswith(".pyc")]
