"""What rows say that judging let pass, summed up by chunks: as if all of them were looked at together."""

from __future__ import annotations

import pickle
import random
from collections import Counter
from dataclasses import replace

import pytest

from bulk_import.mapping.binding import bind
from bulk_import.mapping.loading import load_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Row, SourceInfo
from bulk_import.run.passed import Passed

HEADER = ("E-mail", "Subscribed", "Note", "Lists")
MAPPING = {"version": 1, "fields": {"lead_email": "E-mail", "add_to_lists": {"column": "Lists"}}}
SEED = 20261126


def rows_saying(count: int) -> list[Row]:
    chance = random.Random(SEED)  # noqa: S311 - the same each time
    notes = ("please do not e-mail", "opted out", "", "came in May", "note {n}")

    def cells(n: int) -> list[str]:
        said = chance.choice(("yes", "yes", "no"))
        note = chance.choice(notes).format(n=n)
        return [f"p{n}@example.org", said, note, chance.choice(("Customers", "News"))]

    return [
        Row("a.csv", "", n + 1, dict(zip(HEADER, cells(n), strict=True)))
        for n in range(1, count + 1)
    ]


@pytest.fixture
def passed() -> Passed:
    mapper = RowMapper(bind(load_mapping(MAPPING), HEADER))
    return Passed(
        SourceInfo("a.csv", "csv", header=HEADER, labels=HEADER), mapper, counts_changes=True
    )


def added(passed: Passed, rows, kept, *, chunk: int) -> Counter[bytes]:
    """Add *rows* by chunks, as another process would send their summaries; return the tags."""
    beginnings: Counter[bytes] = Counter()
    for first in range(0, len(rows), chunk):
        part = rows[first : first + chunk]
        gone = {at: object() for at in range(len(part)) if first + at + 1 in kept}
        # A night forgets the cells of rows that it keeps back.
        part = [replace(row, cells={}) if at in gone else row for at, row in enumerate(part)]
        forms = [None if at in gone else b"add_tags=vip&lead_email=a" for at in range(len(part))]
        heard = pickle.loads(pickle.dumps(passed.watch.heard(part, gone, forms)))  # noqa: S301 - our own
        passed.add(first + 1, len(part), heard)
        beginnings.update(heard.beginnings)
    return beginnings


def told(passed: Passed, settled) -> list[tuple[str, str, dict]]:
    def after(*, after: int) -> list[int]:
        return [seq for seq in sorted(settled) if seq > after]

    return [
        (problem.code, problem.column, dict(problem.message.values))
        for _, problem in passed.findings(after)
    ]


@pytest.mark.parametrize("chunk", [7, 100, 1000])
def test_chunks_show_what_all_rows_show_but_for_those_that_are_not_sent(passed, chunk):
    rows = rows_saying(1000)
    kept = set(range(3, 1000, 9))  # by judging
    later = set(range(5, 1000, 11))  # because of other rows
    beginnings = added(passed, rows, kept, chunk=chunk)
    sent = [row.cells for seq, row in enumerate(rows, 1) if seq not in kept | later]
    no = sum(cells["Subscribed"] == "no" for cells in sent)
    remarks = Counter(cells["Note"] for cells in sent)
    found = {(code, column): values for code, column, values in told(passed, kept | later)}
    assert beginnings == {b"add_tags=vip": 1000 - len(kept)}
    assert found["CONSENT_IGNORED", "Subscribed"]["n"] == no
    assert found["CONSENT_IGNORED", "Subscribed"]["rows"] == len(sent)
    asked_not_to = remarks["please do not e-mail"] + remarks["opted out"]
    assert found["CONSENT_IGNORED", "Note"]["n"] == asked_not_to


def test_rows_that_are_all_kept_back_show_nothing(passed):
    rows = rows_saying(300)
    every = set(range(1, 301))
    assert added(passed, rows, every, chunk=100) == {}
    assert told(passed, every) == []


def test_what_other_rows_settled_is_taken_from_the_right_chunk(passed):
    """Rows that an earlier run judged come between: their places are in no chunk."""
    rows = rows_saying(20)
    for row in rows:
        row.cells["Subscribed"] = "no"
    heard = passed.watch.heard(rows, {}, [])
    passed.add(1001, 20, heard)
    passed.add(5001, 20, heard)
    settled = [1, 1000, 1001, 1020, 1021, 5000, 5002, 5021, 9999]
    found = {column: values["n"] for _, column, values in told(passed, settled)}
    assert found["Subscribed"] == 40 - 3


def test_a_chunk_of_rows_that_say_the_same_takes_no_bytes_for_each(passed):
    rows = rows_saying(1000)
    for row in rows:
        row.cells.update({"Subscribed": "yes", "Note": f"note {row.number}", "Lists": "News"})
    heard = passed.watch.heard(rows, {}, [])
    assert heard.said == [("yes", "", "News")]
    assert heard.rows == [1000]
    assert heard.places == b""
    assert len(passed.watch.heard(rows, {7: object()}, []).places) < 50
