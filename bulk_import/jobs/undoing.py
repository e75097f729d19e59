"""Writes the reverse of a run's tags and lists as a file and a mapping, to check and run.

What a contact had before the run cannot be asked: the API reads nothing back. A tag that the run
added is taken away even from somebody who had it before; a tag that it removed is added even to
somebody who never had it. Fields cannot be undone at all.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from bulk_import.api.fields import OPPOSITE
from bulk_import.api.form import decode
from bulk_import.errors import Message, SetupError
from bulk_import.jobs.calls import CALLS, Calls, Line, packed
from bulk_import.jobs.plan_files import write_plan_files
from bulk_import.jobs.scratch import Scratch
from bulk_import.journal import Journal
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.run.folder import JOURNAL
from bulk_import.system.crash import working_in

_EMAIL = "lead_email"
_SCHEMA = f"""{CALLS}
create table changed (           -- what accepted rows changed
    email text not null, place integer not null, changes text not null
);
create table sorted (position integer not null, email text not null, changes text not null);
"""


@dataclass(frozen=True, slots=True)
class Undo:
    """A reverse plan.

    Attributes:
        contacts: How many the plan concerns.
        endpoint: The address of the account that the run was sent to.
        without_email: Accepted rows that no plan can find again.
        unknown: Rows whose fate is not known; they are not in the plan.
    """

    source: Path
    mapping: Path
    contacts: int
    without_email: int
    unknown: int
    endpoint: str = ""


async def undo_async(run_dir: str | Path) -> Undo:
    """As ``undo``, in a thread: the event loop is not held up."""
    return await asyncio.to_thread(undo, run_dir)


def undo(run_dir: str | Path) -> Undo:
    """Write ``undo.csv`` and ``undo.yml`` into the folder of a run.

    Raises:
        SetupError: No such run, or it changed no tag and no list.
    """
    run_dir = Path(run_dir)
    working_in(run_dir)
    with Journal.open(run_dir / JOURNAL) as journal, Scratch(_SCHEMA) as scratch:
        facts = journal.facts()
        seen: Counter[str] = Counter()
        scratch.write_all("insert into changed values (?, ?, ?)", _changed(journal, seen))
        scratch.write_all("insert into sorted values (?, ?, ?)", _reversals(scratch))
        lines = scratch.lines("select * from sorted order by position")
        calls = Calls(
            scratch, (Line(at, email, None, None, changes) for at, email, changes in lines)
        )
        if not calls:
            raise SetupError(
                Message(
                    "{run_dir}: no accepted row changed a tag or a list; nothing to undo",
                    run_dir=run_dir,
                )
            )
        source, mapping = _written(run_dir, calls, facts)
        return Undo(
            source, mapping, len(calls), seen["without e-mail"], seen["unknown"],
            facts.get("endpoint", ""),
        )  # fmt: skip


def _changed(journal: Journal, seen: Counter[str]) -> Iterator[tuple[str, int, str]]:
    """Yield (e-mail, place, tags and lists) of the accepted rows that changed any; count others."""
    for at, (outcome, body) in enumerate(journal.bodies()):
        if outcome is Status.UNKNOWN:
            seen["unknown"] += 1
        if outcome is not Status.SUCCESS:
            continue
        form = dict(decode(body))
        changed = {name: values.split(",") for name in OPPOSITE if (values := form.get(name))}
        email = form.get(_EMAIL, "").lower()
        if changed and not email:
            seen["without e-mail"] += 1
        elif changed:
            yield email, at, packed(changed)


def _reversals(scratch: Scratch) -> Iterator[tuple[int, str, str]]:
    """Yield (place, e-mail, reverse call) of each contact."""
    rows = scratch.lines("select email, place, changes from changed order by email, place")
    for email, found in groupby(rows, itemgetter(0)):
        plan: dict[str, dict[str, None]] = {}
        places = []
        for _, place, changes in found:
            places.append(place)
            _reverse(plan, dict(json.loads(changes)))
        yield places[0], email, packed(plan)


def _reverse(plan: dict[str, dict[str, None]], changed: Mapping[str, Sequence[str]]) -> None:
    """Add one accepted row to a contact's reverse plan; later rows win over earlier ones."""
    for name, values in changed.items():
        for value in filter(None, values):
            plan.setdefault(name, {}).pop(value, None)
            plan.setdefault(OPPOSITE[name], {})[value] = None


def _written(run_dir: Path, calls: Calls, facts: Mapping[str, str]) -> tuple[Path, Path]:
    mapping = parse_mapping(
        facts["mapping_text"], facts["mapping_name"], folder=Path(facts["mapping_folder"])
    ).with_told_exports(facts.get("exports", "[]"))
    return write_plan_files(
        run_dir / "undo",
        calls,
        suppress=mapping.suppress_files(),
        comment="The reverse of a run's tags and lists. What contacts had before the run is not known.",
    )
