"""Tags and lists from lists of people: drop them, see who gains and who loses, send."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web

from bulk_import.app.pages import DESK, form_of, page, refused
from bulk_import.app.views.uploading import receive
from bulk_import.errors import BulkImportError, Message, SetupError
from bulk_import.jobs.keeping_back import KeptBack, kept_back, never_sent, people_of
from bulk_import.jobs.members import read_members
from bulk_import.jobs.projects import IMPORTS, RETAG, Project, safe_name
from bulk_import.jobs.retagging import write_plan
from bulk_import.jobs.rosters import Rosters
from bulk_import.jobs.segments import (
    MAX_LOSE,
    RetagPlan,
    Segment,
    braked,
    plan_retag,
)
from bulk_import.run.folder import new_run_dir

_LISTS = "lists"
_SAMPLES = 5
_CHANGES = ("add_tags", "remove_tags", "add_to_lists", "remove_from_lists")


async def retag(request: web.Request) -> web.Response:
    return page(request, "retag.html.j2", plan=None, form={}, samples=_SAMPLES)


async def upload_list(request: web.Request) -> web.Response:
    """Take a list of people; say which of its columns holds the addresses."""
    desk = request.app[DESK]
    name = safe_name(unquote(request.headers.get("X-File-Name", "list.csv")))
    folder = desk.home / IMPORTS / _LISTS / secrets.token_hex(4)
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True)
    path = folder / name
    try:
        await receive(request, path, largest=desk.largest_upload)
        if request.query.get("as") == "suppress":
            listed = await asyncio.to_thread(_entries, path)
            return web.json_response(
                {"list": f"{folder.name}/{name}", "name": name, "column": "", "people": listed}
            )
        found = await asyncio.to_thread(_looked_at, path)
    except (BulkImportError, OSError) as exc:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        return refused(request, exc)
    return web.json_response({"list": f"{folder.name}/{name}", "name": name, **found})


def _looked_at(path: Path) -> dict[str, object]:
    """Return what a list of people holds."""
    with Rosters() as rosters:
        found = read_members(rosters, 0, [str(path)])
        refused = [doubt.text for doubt in found.doubts[:3]]
        return {"column": found.column, "people": len(found.emails), "refused": refused}


async def compare(request: web.Request) -> web.Response:
    """Show who gains, who loses, who stays."""
    form = dict(await form_of(request))

    def shown() -> web.Response:
        home = request.app[DESK].home
        with _planned(home, form) as plan:
            kept = _kept_back(home, plan, form)
            found = plan.differences["segment"]
            gain, lose = people_of(found, kept)
            return page(
                request, "_retag.html.j2", found=found, form=form, kept=kept, gain=gain, lose=lose,
                gains=kept.left_of(found.gains, _SAMPLES), loses=kept.left_of(found.loses, _SAMPLES),
                sent=len(plan.calls) - len(kept), braked=bool(braked(plan)) and not _accepts(form),
                most_lose=round(MAX_LOSE * 100),
            )  # fmt: skip

    try:
        return await asyncio.to_thread(shown)
    except (BulkImportError, OSError) as exc:
        return refused(request, exc)


async def make(request: web.Request) -> web.Response:
    """Make an import of the plan, to be checked and sent like any other."""
    desk = request.app[DESK]
    form = dict(await form_of(request))

    def made() -> Project:
        with _planned(desk.home, form) as plan:
            _refuse(plan, form, len(plan.calls) - len(_kept_back(desk.home, plan, form)))
            return project_of(plan)

    def project_of(plan: RetagPlan) -> Project:
        suppress = _suppressed(desk.home, form)
        folder = new_run_dir("retag", desk.home)
        folder.mkdir(parents=True)
        source, mapping = write_plan(folder, plan, suppress)
        names = [value for name in _CHANGES for value in _lines(form.get(name, ""))]
        return Project.create(
            desk.home,
            source,
            mapping=mapping.read_text("utf-8"),
            note=RETAG,
            title=", ".join(names),
        )

    try:
        project = await asyncio.to_thread(made)
    except (BulkImportError, OSError) as exc:
        return refused(request, exc)
    desk.adopt(project)
    return web.json_response({"url": f"/imports/{project.id}/plan"})


def _planned(home: Path, form: dict[str, str]) -> RetagPlan:
    values = {name: _lines(form.get(name, "")) for name in _CHANGES}
    _refuse_what_is_not_meant(values, form.get("most", "").strip())
    segment = Segment.made(
        source=_lists(home, form.get("new", "")),
        previous=_lists(home, form.get("previous", "")),
        **values,
    )
    if not segment.source:
        raise SetupError("Drop the list of the people who should have the tag")
    if not segment.changes():
        raise SetupError("name a tag or a list")
    return plan_retag({"segment": segment}, accept=_accepts(form))


def _refuse_what_is_not_meant(values: Mapping[str, tuple[str, ...]], most: str) -> None:
    """Refuse a form that says something else than the person means.

    Raises:
        SetupError: Several tags on a line, or a limit that is no number: it would not be kept.
    """
    several = [value for named in values.values() for value in named if "," in value]
    if several:
        raise SetupError(
            Message("{value!r}: write each tag or list on a line of its own", value=several[0][:80])
        )
    if most and not (most.isascii() and most.isdigit()):
        raise SetupError(Message("The brake: {most!r} is not a whole number.", most=most[:80]))


def _refuse(plan: RetagPlan, form: Mapping[str, str], sent: int) -> None:
    """Refuse a plan that is not to be sent as it is.

    Args:
        sent: How many contacts would be touched.

    Raises:
        SetupError: Too many contacts, the brake, or nothing to send.
    """
    most = form.get("most", "").strip()
    if most and sent > int(most):
        raise SetupError(
            Message(
                "The brake: {n} contacts would be touched, {most} are allowed.",
                n=sent, most=int(most),
            )
        )  # fmt: skip
    if braked(plan) and not _accepts(form):
        raise SetupError(
            Message("The brake: look at the new list, then accept it or choose another.")
        )
    if not sent:
        raise SetupError(Message("Nobody gains and nobody loses: there is nothing to send."))


def _accepts(form: Mapping[str, str]) -> bool:
    """Whether the person said that the new list is meant as it is."""
    return form.get("accept") == "1"


def _entries(file: Path) -> int:
    """Return the number of entries of a list of people who must not be written to."""
    return sum(report.understood for report in never_sent([file]).reports)


def _suppressed(home: Path, form: Mapping[str, str]) -> list[Path]:
    return [Path(file) for file in _lists(home, form.get("suppress", ""))]


def _kept_back(home: Path, plan: RetagPlan, form: Mapping[str, str]) -> KeptBack:
    return kept_back(plan, never_sent(_suppressed(home, form)))


def _lists(home: Path, text: str) -> tuple[str, ...]:
    found = []
    folder = (home / IMPORTS / _LISTS).resolve()
    for line in _lines(text):
        path = (folder / line).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            raise SetupError("drop the list again: it is not there any more")
        found.append(str(path))
    return tuple(found)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
