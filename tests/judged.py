"""Rows for a journal, made of short lines, and what has become of them."""

from __future__ import annotations

from typing import Any

from bulk_import.api.form import decode
from bulk_import.journal import Journal
from bulk_import.journal.entries import AttemptResult, Intent, Settled, Unsettled
from bulk_import.mapping.loading import ColumnMapping, load_mapping
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Row, SourceInfo, Status
from bulk_import.run.inputs import row_mapper
from bulk_import.run.judging import judge_sources
from bulk_import.run.plan import Input, Tally

HEADER = ("E-mail", "Name", "Tags", "Stop")


def mapping(**sections: Any) -> ColumnMapping:
    fields = {"lead_email": "E-mail", "lead_first_name": "Name", "add_tags": {"column": "Tags", "separator": ";"}}  # fmt: skip
    return load_mapping({"version": 1, "fields": fields} | sections)


PLAIN = mapping()
STOPS = mapping(skip=[{"column": "Stop", "values": ["yes"], "because": "asked us to"}])
UNIQUE = mapping(checks=[{"column": "Name", "unique": True}])


def source(*lines: str, name: str = "a.csv", sheet: str = "", using: ColumnMapping = PLAIN, **more: Any) -> Input:  # fmt: skip
    """A source of lines such as ``a@b.org,Ann,vip,no``; cells may be left out at the end."""
    rows = [
        Row(name, sheet, number, dict(zip(HEADER, [*line.split(","), "", "", ""][:4], strict=True)))
        for number, line in enumerate(lines, 2)
    ]
    names = more.pop("names", None)
    info = SourceInfo(name, "csv", sheet=sheet, header=HEADER, labels=HEADER)
    return Input(info, rows, row_mapper(using, HEADER, names), **more)


def judge(journal: Journal, *inputs: Input, tally: Tally | None = None, duplicates: str = "send", **options: Any) -> Tally:  # fmt: skip
    tally = tally or Tally()
    suppression = options.pop("suppression", SuppressionList())
    judge_sources(journal, inputs, suppression, tally, duplicates=duplicates, **options)
    return tally


def ends(journal: Journal) -> list[tuple[int, str, str]]:
    """(row, status, code) of each row; a row that is open has no code here."""
    return [
        (one.row, one.status.value, "" if one.status is Status.NOT_SENT else one.error_code)
        for one in journal.outcomes()
    ]


def said(journal: Journal) -> dict[int, str]:
    """Row -> why it is not sent; of the first source that has such a row."""
    found: dict[int, str] = {}
    for one in journal.outcomes():
        if one.reasons:
            found.setdefault(one.row, one.message)
    return found


def forms(journal: Journal) -> list[dict[str, str]]:
    return [dict(decode(row.body)) for row in journal.pending()]


def begin(journal: Journal, seq: int) -> None:
    """A request is made for that row and its answer is lost."""
    journal.commit(
        [Intent(seq, 1, "2026-01-01T12:00:00.000Z"), Unsettled(seq, 1, AttemptResult.DOUBTFUL, "lost", None, 5)]
    )  # fmt: skip


def settle(journal: Journal, seq: int, status: Status, code: str = "0") -> None:
    at = "2026-01-01T12:00:00.000Z"
    journal.commit([Intent(seq, 1, at), Settled(seq, status, code, "", 1, 200, at, 5, status is not Status.SUCCESS)])  # fmt: skip


def people(count: int, first: int = 0) -> list[str]:
    return [f"p{n}@b.org,N{n},t" for n in range(first, first + count)]
