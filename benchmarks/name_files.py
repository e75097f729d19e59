"""Whole names as files: every locale and order of the independent set is a spreadsheet, read by each route.

    python -m benchmarks.name_files

Routes: no ``order:`` in the mapping; ``init``; the fix that ``check`` proposes for a mapping without one;
``full name`` chosen in the page's match screen. Counted is what would be sent, row by row.
"""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.accuracy import independent, judged_name
from bulk_import.jobs.checking import check_file
from bulk_import.jobs.matching import FULL_NAME, assign
from bulk_import.jobs.projects import Project
from bulk_import.jobs.proposing import proposed_text
from bulk_import.mapping.binding import bind
from bulk_import.mapping.editing import edited
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Record
from bulk_import.sources import open_source
from tests.cases import Case

HEADER = ("E-mail", "Full name")
PLAIN = """version: 1
fields:
  lead_email: E-mail
  lead_first_name: {column: Full name, part: first}
  lead_middle_name: {column: Full name, part: middle}
  lead_last_name: {column: Full name, part: last}
"""
_FIELDS = ("lead_first_name", "lead_middle_name", "lead_last_name")
Route = Callable[[Path], str]


def by_check(path: Path) -> str:
    """A mapping without an order, and what ``check`` proposes for it."""
    checked = check_file(path, parse_mapping(PLAIN, "m.yml"))
    changes = [change for fix in checked.fixes for change in (fix.edit, *fix.also)]
    return edited(PLAIN, changes)


def by_page(path: Path) -> str:
    """The column is not sent, until a person chooses what it is."""
    project = Project.create(
        path.parent, path, mapping="version: 1\nfields: {lead_email: E-mail}\n"
    )
    assign(project, HEADER[1], FULL_NAME)
    return project.mapping_text()


ROUTES: dict[str, Route] = {
    "no order stated": lambda _: PLAIN,
    "init": proposed_text,
    "check's fix": by_check,
    "page, full name chosen": by_page,
}


def columns() -> dict[str, list[Case]]:
    """Return the cases by locale and order; companies are a column of their own."""
    found: dict[str, list[Case]] = {}
    for case in independent("names"):
        found.setdefault(case.category.removesuffix(" comma"), []).append(case)
    return found


def tally(route: Route, cases: list[Case]) -> Counter[str]:
    """Return how many names of a file are right, wrong, wrong with a warning, left whole."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contacts.csv"
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows(
                [HEADER, *([f"p{n}@example.com", case.text] for n, case in enumerate(cases))]
            )
        mapping = parse_mapping(route(path), "m.yml")
        with open_source(path) as rows:
            mapper = RowMapper(bind(mapping, rows.header))
            judged = zip(rows, cases, strict=True)
            return Counter(_verdict(mapper.record(row), case) for row, case in judged)


def _verdict(record: Record, case: Case) -> str:
    sent = dict(record.fields)
    parts = " / ".join(sent.get(name, "") for name in _FIELDS)
    is_whole = not any(sent.get(name) for name in _FIELDS)
    has_doubt = any(problem.field in _FIELDS for problem in record.problems)
    return judged_name("" if is_whole else parts, case, is_warned=has_doubt)


def main() -> None:
    """Measure every route and print a line for each."""
    for name, route in ROUTES.items():
        counts: Counter[str] = Counter()
        for cases in columns().values():
            counts += tally(route, cases)
        print(
            f"{name:26}{sum(counts.values()):6}{100 * counts['right'] / sum(counts.values()):8.2f} % right"
            f"{counts['wrong']:6} wrong{counts['warned']:6} warned{counts['refused']:6} refused"
        )


if __name__ == "__main__":
    main()
