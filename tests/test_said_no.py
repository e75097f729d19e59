"""Each way of saying no, through each command that sends: counted on the server's side."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from bulk_import import import_file_async, load_mapping, resume_async, retag_async, sync_async
from bulk_import.jobs.undoing import undo_async
from bulk_import.models import Status
from bulk_import.sandbox.app import Reply

HEADER = ["E-mail", "Name", "Unsubscribed"]
OTHERS = [[f"ok{n}@b.org", f"Ok {n}", ""] for n in range(3)]
RULE = "skip: [{column: Unsubscribed, values: [yes, да, ja, oui, sí, sim, sì, tak, evet, x], because: said no}]\n"
LIST = "suppress: [out.csv]\n"


@dataclass(frozen=True)
class Way:
    """How somebody says no: rows of the source, of the suppression list, and the mapping's part."""

    rows: list[list[str]]
    rules: str = RULE
    listed: list[str] = field(default_factory=lambda: ["z@z.org"])


GOOD = ["no@b.org", "Nora", ""]
WAYS = {
    "a yes in the column": Way([["no@b.org", "Nora", " YES "]]),
    "a Turkish yes": Way([["no@b.org", "Nora", "Evet"]]),
    "the second row says so": Way([GOOD, ["No@B.org", "Nora", "x"]]),
    "the first row says so": Way([["No@B.org", "Nora", "да"], GOOD]),
    "a remark": Way([["no@b.org (unsubscribed)", "Nora", ""]]),
    "a remark in another row": Way([GOOD, ["NO@b.org - отписалась", "N", ""]]),
    "a remark among two addresses": Way([GOOD, ["x@b.org, no@b.org (bounced)", "N", ""]]),
    "a damaged cell of the rule": Way([["no@b.org", "Nora", "#N/A"]]),
    "a damaged cell in another row": Way([GOOD, ["no@b.org", "Nora", "#REF!"]]),
    "on the list, with a name": Way([GOOD], LIST, ["Nora <No@B.org>"]),
    "on the list, as a link": Way([GOOD], LIST, ["mailto:no%40b.org?subject=stop"]),
    "on the list, spoken": Way([GOOD], LIST, ["no at b dot org"]),
    "on the list, two in a cell": Way([GOOD], LIST, ["x@z.org; no@b.org"]),
    "on the list, zero-width": Way([GOOD], LIST, ["no\u200b@b.org\u200b"]),
    "on the list, in another alphabet's wide letters": Way([GOOD], LIST, ["ｎｏ＠b.org"]),
}


def _prepare(folder: Path, way: Way, *, extra: str = "") -> tuple[Path, Path]:
    (folder / "out.csv").write_text("E-mail\n" + "".join(f'"{e}"\n' for e in way.listed), "utf-8")
    source = folder / "people.xlsx"  # cells keep what CSV would need quotes for
    book = Workbook()
    for row in [HEADER, OTHERS[0], *way.rows, *OTHERS[1:]]:
        book.active.append(row)
    book.save(source)
    mapping = folder / "m.yml"
    mapping.write_text(
        "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n"
        f"  add_tags: {{always: [news]}}\n{way.rules}{extra}", "utf-8",
    )  # fmt: skip
    return source, mapping


def _written_to(sandbox) -> set[str]:
    return {request.email for request in sandbox.sent()}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_run_resume_and_rejects_write_to_the_others_alone(sandbox, settings, tmp_path, way):
    source, mapping = _prepare(tmp_path, way)
    failing = iter([Reply(status=500, raw=b"", apply=False)] * 2)
    sandbox.script = lambda number, form: next(failing, None)

    summary = await import_file_async(source, mapping, settings(sandbox, max_attempts=1))
    sandbox.script = None
    await resume_async(summary.run_dir, settings(sandbox, retry_failed=True, resend_unknown=True))
    rejects = next(Path(summary.run_dir).glob("rejects.*"), None)
    if rejects is not None:
        fed = shutil.copy(rejects, tmp_path / f"again{rejects.suffix}")
        await import_file_async(
            fed, load_mapping(mapping), settings(sandbox, run_dir=tmp_path / "r2")
        )

    assert _written_to(sandbox) == {"ok0@b.org", "ok1@b.org", "ok2@b.org"}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_nights_write_to_the_others_alone_and_take_nobody_for_vanished(
    sandbox, settings, tmp_path, way
):
    """Last night all were well; tonight somebody says no, and one of the others has another name."""
    extra = "on_missing: {add_tags: [gone]}\n"
    state = tmp_path / "s.state"
    before = Way([GOOD], way.rules)
    source, mapping = _prepare(tmp_path, before, extra=extra)
    await sync_async(source, mapping, settings(sandbox, run_dir=tmp_path / "n1"), state=state)
    assert len(_written_to(sandbox)) == 4
    known = len(sandbox.sent())

    for night, name in ((2, "Other"), (3, "Another")):
        source, mapping = _prepare(tmp_path, way, extra=extra)
        book = load_workbook(source)
        book.active["B2"] = name
        book.save(source)
        run_dir = tmp_path / f"n{night}"
        await sync_async(
            source, mapping, settings(sandbox, run_dir=run_dir), state=state, accept=True
        )
        await resume_async(run_dir, settings(sandbox))

    assert [r.email for r in sandbox.sent()[known:]] == ["ok0@b.org"] * 2


LISTED = {name: way for name, way in WAYS.items() if way.rules == LIST}


@pytest.mark.slow
@pytest.mark.parametrize("way", LISTED.values(), ids=LISTED)
async def test_retag_and_undo_write_to_the_others_alone(sandbox, settings, tmp_path, way):
    source, _ = _prepare(tmp_path, way)
    run_dir = tmp_path / "retag"
    await retag_async(
        str(source), settings(sandbox, run_dir=run_dir), add_tags=["vip"], accept=True,
        suppress=[tmp_path / "out.csv"],
    )  # fmt: skip
    assert _written_to(sandbox) == {"ok0@b.org", "ok1@b.org", "ok2@b.org"}

    free = tmp_path / "free"
    free.mkdir()
    source, mapping = _prepare(free, Way([GOOD], LIST))
    done = await import_file_async(source, mapping, settings(sandbox, run_dir=free / "r"))
    assert "no@b.org" in _written_to(sandbox)
    known = len(sandbox.sent())
    shutil.copy(tmp_path / "out.csv", free / "out.csv")  # said no since
    undo = await undo_async(done.run_dir)
    await import_file_async(undo.source, undo.mapping, settings(sandbox, run_dir=free / "u"))
    assert {r.email for r in sandbox.sent()[known:]} == {"ok0@b.org", "ok1@b.org", "ok2@b.org"}


async def test_a_remark_on_a_list_of_people_is_neither_tagged_nor_untagged(
    sandbox, settings, tmp_path
):
    for name in ("a remark", "a remark in another row", "a remark among two addresses"):
        folder = tmp_path / name
        folder.mkdir()
        source, _ = _prepare(folder, WAYS[name])
        await retag_async(
            str(source), settings(sandbox, run_dir=folder / "r"), add_tags=["vip"], accept=True,
            remove_tags=["trial"], column="E-mail",
        )  # fmt: skip
    assert _written_to(sandbox) == {"ok0@b.org", "ok1@b.org", "ok2@b.org"}


async def test_rows_that_a_filter_hides_are_left_out_on_request_by_every_command(
    sandbox, settings, tmp_path
):
    shutil.copy(Path(__file__).parent / "cases" / "consent" / "filtered.xlsx", tmp_path / "f.xlsx")
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "version: 1\nsource: {hidden_rows: skip}\nfields: {lead_email: [Email, E-mail]}\n"
    )
    rows = load_workbook(tmp_path / "f.xlsx").active
    hidden = {
        str(cell.value).lower()
        for at, dimension in rows.row_dimensions.items() if dimension.hidden
        for cell in rows[at] if "@" in str(cell.value)
    }  # fmt: skip
    assert hidden

    run = await import_file_async(tmp_path / "f.xlsx", mapping, settings(sandbox))
    state = tmp_path / "s.state"
    await sync_async(
        tmp_path / "f.xlsx", mapping, settings(sandbox, run_dir=tmp_path / "n"), state=state
    )
    await resume_async(run.run_dir, settings(sandbox))

    assert run.counts[Status.SUCCESS] > 0
    assert not hidden & _written_to(sandbox)
