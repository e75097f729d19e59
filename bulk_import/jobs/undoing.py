"""Writes the reverse of a run's tags and lists as a file and a mapping, to check and run.

What a contact had before the run cannot be asked: the API reads nothing back. A tag that the run
added is taken away even from somebody who had it before; a tag that it removed is added even to
somebody who never had it. Fields cannot be undone at all.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from bulk_import.api.fields import OPPOSITE
from bulk_import.api.form import decode
from bulk_import.errors import Message, SetupError
from bulk_import.jobs.plan_files import write_plan_files
from bulk_import.journal import Journal
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.run.folder import JOURNAL
from bulk_import.system.crash import working_in

_EMAIL = "lead_email"


@dataclass(frozen=True, slots=True)
class Undo:
    """A reverse plan.

    Attributes:
        contacts: How many the plan concerns.
        without_email: Accepted rows that no plan can find again.
        unknown: Rows whose fate is not known; they are not in the plan.
    """

    source: Path
    mapping: Path
    contacts: int
    without_email: int
    unknown: int


async def undo_async(run_dir: str | Path) -> Undo:
    """As ``undo``, in a thread: the event loop is not held up."""
    return await asyncio.to_thread(undo, run_dir)


def undo(run_dir: str | Path) -> Undo:
    """Write ``undo.csv`` and ``undo.yml`` into the folder of a run.

    Raises:
        SetupError: No such run, or it changed no tag and no list.
    """
    run_dir = Path(run_dir)
    plans: dict[str, dict[str, dict[str, None]]] = {}
    without_email = unknown = 0
    working_in(run_dir)
    with Journal.open(run_dir / JOURNAL) as journal:
        facts = journal.facts()
        for outcome, body in journal.bodies():
            if outcome is Status.UNKNOWN:
                unknown += 1
            if outcome is not Status.SUCCESS:
                continue
            form = dict(decode(body))
            changed = [name for name in OPPOSITE if form.get(name)]
            email = form.get(_EMAIL, "").lower()
            if changed and not email:
                without_email += 1
            elif changed:
                _reverse(plans.setdefault(email, {}), form)
    if not plans:
        raise SetupError(
            Message(
                "{run_dir}: no accepted row changed a tag or a list; nothing to undo",
                run_dir=run_dir,
            )
        )
    source, mapping = write_plan_files(
        run_dir / "undo",
        plans,
        suppress=parse_mapping(
            facts["mapping_text"], facts["mapping_name"], folder=Path(facts["mapping_folder"])
        )
        .with_told_exports(facts.get("exports", "[]"))
        .suppress_files(),
        comment="The reverse of a run's tags and lists. What contacts had before the run is not known.",
    )
    return Undo(source, mapping, len(plans), without_email, unknown)


def _reverse(plan: dict[str, dict[str, None]], form: dict[str, str]) -> None:
    """Add one accepted row to a contact's reverse plan; later rows win over earlier ones."""
    for name, opposite in OPPOSITE.items():
        for value in filter(None, form.get(name, "").split(",")):
            plan.setdefault(name, {}).pop(value, None)
            plan.setdefault(opposite, {})[value] = None
