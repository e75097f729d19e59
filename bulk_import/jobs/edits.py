"""The edits of a project, so that they can be undone and redone: corrected cells, changed mappings."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bulk_import.errors import Message, packed

_HISTORY = "history.sqlite3"
_HISTORY_SCHEMA = """
create table if not exists step (
    id integer primary key autoincrement, label text not null, undone integer not null default 0,
    mapping_before text, mapping_after text);
create table if not exists cell (
    step integer not null, seq integer not null, col text not null, before text not null,
    after text not null);
create index if not exists cell_step on cell (step);
"""

Cell = tuple[int, str, str, str]  # seq, column, before, after


@dataclass(frozen=True, slots=True)
class Step:
    """An edit that can be undone.

    Attributes:
        label: For people.
        mapping_before, mapping_after: Texts of the mapping file; empty for corrected cells.
        cells: In the order in which they were corrected; known while the step is taken.
    """

    id: int
    label: str
    is_mapping: bool
    mapping_before: str = ""
    mapping_after: str = ""
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Edits:
    """The history in a project's folder. It is made when it is first needed."""

    folder: Path

    def add_mapping(self, label: str, before: str, after: str) -> None:
        """Add a change of the mapping file; what was undone cannot be redone any more."""
        with self._opened() as db:
            _forget_undone(db)
            db.execute(
                "insert into step (label, mapping_before, mapping_after) values (?, ?, ?)",
                (json.dumps(packed(label)), before, after),
            )

    def add_cells(self, label: str, cells: Iterable[Cell]) -> None:
        """Add corrected cells as one step; what was undone cannot be redone any more."""
        with self._opened() as db:
            _forget_undone(db)
            step = db.execute(
                "insert into step (label) values (?)", (json.dumps(packed(label)),)
            ).lastrowid
            db.executemany("insert into cell values (?,?,?,?,?)", [(step, *cell) for cell in cells])

    def next(self, *, undone: bool) -> Step | None:
        """Return the step that would be undone, or redone if *undone*; ``None`` for none."""
        with self._opened() as db:
            return _next(db, undone=undone)

    @contextmanager
    def stepping(self, *, undone: bool) -> Iterator[Step | None]:
        """Give the next step to take; it is noted as taken unless the block raises."""
        with self._opened() as db:
            step = _next(db, undone=undone)
            if step is not None:
                step = replace(step, cells=_cells(db, step))
            yield step
            if step is not None:
                db.execute("update step set undone = ? where id = ?", (int(not undone), step.id))

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        path = self.folder / _HISTORY
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(path)) as db:
            db.executescript(_HISTORY_SCHEMA)
            with db:
                yield db


def _next(db: sqlite3.Connection, *, undone: bool) -> Step | None:
    found = db.execute(
        "select id, label, mapping_before, mapping_after from step where undone = ?"
        " order by id * ? limit 1",
        (int(undone), 1 if undone else -1),
    ).fetchone()
    if found is None:
        return None
    number, label, before, after = found
    said = Message.unpacked(_told(label))
    return Step(number, said, before is not None, before or "", after or "")


def _cells(db: sqlite3.Connection, step: Step) -> tuple[Cell, ...]:
    return tuple(
        db.execute(
            "select seq, col, before, after from cell where step = ? order by rowid", (step.id,)
        )
    )


def _forget_undone(db: sqlite3.Connection) -> None:
    db.execute("delete from cell where step in (select id from step where undone)")
    db.execute("delete from step where undone")


def _told(label: str) -> Any:
    """Return the label of a step as it was packed; a plain text of an earlier version as it is."""
    try:
        return json.loads(label)
    except ValueError:
        return label
