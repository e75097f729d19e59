"""A spreadsheet on its way: its mapping, corrections, judged rows and runs, kept in a folder.

``FOLDER/imports/ID/`` holds ``project.json``, the mapping as a file, the source if it was uploaded,
the history of edits, and judged rows that are thrown away. Everything that counts is a file that
the commands take as it is.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bulk_import.api.preflight import Directory
from bulk_import.errors import Message, SetupError
from bulk_import.jobs.edits import Edits, Step
from bulk_import.jobs.fixes import JOINED, Fix, tested_fixes
from bulk_import.jobs.naming import NOT_SPLIT, has_unordered_names, order_fixes
from bulk_import.jobs.proposing import proposed_or_asked
from bulk_import.jobs.reviewing import Review
from bulk_import.journal import Journal
from bulk_import.mapping.editing import Change, edited
from bulk_import.mapping.loading import ColumnMapping, parse_mapping
from bulk_import.mapping.suggesting.contents import ROWS_LOOKED_AT
from bulk_import.models import Status
from bulk_import.run.corrections import (
    Correction,
    Key,
    contact_key,
    corrections_beside,
    digest_of,
    read_corrections,
    write_corrections,
)
from bulk_import.run.folder import JOURNAL
from bulk_import.run.inputs import corrections_file
from bulk_import.system.clock import now_s
from bulk_import.system.files import replaced

IMPORTS = "imports"
_FACTS = "project.json"
_MAPPING = Message("change of the mapping file")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
_SENT = (Status.SUCCESS, Status.UNKNOWN)  # what failed was certainly not applied
_UNSAFE = re.compile(r"[^\w. ()+-]+")


RETAG = "retag"  # the note of a project that a re-tag made: its suppression lists are strict


@dataclass(frozen=True, slots=True)
class Facts:
    """What ``project.json`` says.

    Attributes:
        source: The spreadsheet; absolute, or a name inside the project's folder.
        run_dir: The run that was begun from here; empty before.
        note: What made this project, if it was not a person: ``undo`` of a run, a re-tag.
        title: What it is called, if not by the name of its spreadsheet.
    """

    source: str
    created_at: str
    run_dir: str = ""
    canary: int = 5
    rate: float = 2.0
    note: str = ""
    title: str = ""


@dataclass(slots=True)
class Project:
    """One spreadsheet on its way. Edits from several threads come one after the other.

    Attributes:
        review: The judged rows; ``None`` while they are not judged, or as they were before a change.
    """

    folder: Path
    facts: Facts
    review: Review | None = None
    _corrections: dict[Key, list[Correction]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # -- making and finding -----------------------------------------------------------------------

    @classmethod
    def create(
        cls, home: Path, source: Path, *, mapping: str = "", note: str = "", title: str = ""
    ) -> Project:
        """Make a project of a spreadsheet that is there.

        Args:
            home: The folder of the app.
            mapping: Its text; proposed by looking at the spreadsheet when empty.
            note, title: As of ``Facts``.

        Raises:
            SourceError: The spreadsheet cannot be read.
        """
        text = mapping or proposed_or_asked(source)
        folder = _new_folder(home, source.stem)
        facts = Facts(str(source.absolute()), now_s(), note=note, title=title)
        project = cls(folder, facts)
        project._save()
        _write(project.mapping_path, text)
        return project

    @classmethod
    def adopt(cls, home: Path, uploaded: Path, name: str) -> Project:
        """Make a project of an uploaded file, which moves into the project's folder.

        Args:
            uploaded: Where it was written.
            name: As the browser calls it.

        Raises:
            SourceError: It cannot be read as a spreadsheet; nothing is left of it then.
        """
        safe = safe_name(name)
        folder = _new_folder(home, Path(safe).stem)
        source = folder / safe
        try:
            uploaded.replace(source)
            text = proposed_or_asked(source)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        project = cls(folder, Facts(safe, now_s()))
        project._save()
        _write(project.mapping_path, text)
        return project

    @classmethod
    def open(cls, home: Path, name: str) -> Project:
        """Open a project by its id.

        Raises:
            SetupError: There is none.
        """
        folder = home / IMPORTS / name
        if not _ID.fullmatch(name) or not (folder / _FACTS).is_file():
            raise SetupError(Message("there is no import {name!r} here", name=name[:80]))
        facts = json.loads((folder / _FACTS).read_text("utf-8"))
        return cls(folder, Facts(**facts))

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.facts.title or self.source.name

    @property
    def source(self) -> Path:
        """The spreadsheet."""
        return self.folder / self.facts.source

    @property
    def mapping_path(self) -> Path:
        """The mapping file."""
        return self.folder / "mapping.yml"

    @property
    def run_dir(self) -> Path | None:
        """The folder of the run that was begun from here."""
        return Path(self.facts.run_dir) if self.facts.run_dir else None

    @property
    def has_run(self) -> bool:
        """Whether a run was begun and its journal is there."""
        return self.run_dir is not None and (self.run_dir / JOURNAL).is_file()

    @property
    def is_begun(self) -> bool:
        """Whether a row may have been applied. Those that are left are then sent by the same mapping."""
        if self.run_dir is None or not self.has_run:
            return False
        with Journal.open(self.run_dir / JOURNAL) as journal:
            counts = journal.counts()
        return any(counts.get(status) for status in _SENT)

    def remember(self, **facts: Any) -> None:
        """Change what ``project.json`` says."""
        self.facts = replace(self.facts, **facts)
        self._save()

    def close(self) -> None:
        """Let go of the judged rows."""
        if self.review is not None:
            self.review.close()
            self.review = None

    # -- the mapping ------------------------------------------------------------------------------

    def mapping_text(self) -> str:
        """Return the mapping file as it is."""
        return self.mapping_path.read_text("utf-8-sig")

    def mapping(self) -> ColumnMapping:
        """Return the mapping.

        Raises:
            MappingError: The file cannot be used.
        """
        return parse_mapping(self.mapping_text(), str(self.mapping_path), folder=self.folder)

    def write_mapping(self, text: str, label: str = _MAPPING) -> None:
        """Put another text into the mapping file; it can be undone.

        Raises:
            MappingError: It cannot be used; the file stays as it was.
        """
        parse_mapping(text, str(self.mapping_path), folder=self.folder)
        before = self.mapping_text()
        if text == before:
            return
        self._refuse_if_begun()
        _write(self.mapping_path, text)
        self._edits.add_mapping(label, before, text)

    def change_mapping(self, changes: Sequence[Change], label: str = _MAPPING) -> None:
        """Change places of the mapping; comments and the rest stay.

        Raises:
            MappingError: It could not be used then; the file stays as it was.
        """
        self.write_mapping(edited(self.mapping_text(), changes), label)

    # -- judged rows ------------------------------------------------------------------------------

    def judge(
        self,
        names: Directory | None = None,
        *,
        on_rows: Callable[[int], None] = lambda _: None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> Review:
        """Judge every row again.

        Raises:
            SetupError: The source or the mapping cannot be used.
        """
        self.close()
        mapping = self.mapping()
        path = self.corrections_path(mapping)
        self._corrections = {}
        for one in read_corrections(path) if path is not None and path.is_file() else ():
            self._corrections.setdefault(one.key, []).append(one)
        self.review = Review.judge(
            self.folder, str(self.source), mapping, names, on_rows=on_rows, is_stopping=is_stopping
        )
        if self.has_run and self.run_dir is not None:
            self.review.overlay(self.run_dir / JOURNAL)
        return self.review

    def judged_from(self) -> str:
        """Return what the judged rows depend on, as one text: mapping, corrections, source."""
        mapping = self.mapping()
        stat = self.source.stat()
        corrections = digest_of(self.corrections_path(mapping))
        return json.dumps([mapping.text, corrections, stat.st_size, stat.st_mtime_ns])

    def fixes(self) -> list[Fix]:
        """Return changes of the mapping that were tried on the refused rows, and on names left whole."""
        review = self._judged()
        if self.is_begun:
            return []
        joined = review.warned(JOINED)
        found = tested_fixes(review.mapping, review.header, review.refused(), joined)
        if has_unordered_names(review.mapping):
            whole: dict[str, list[str]] = {}
            for name, cell in review.warned_of(NOT_SPLIT):
                whole.setdefault(name, []).append(cell)
            rows = review.first_rows(ROWS_LOOKED_AT) if whole else []
            found += order_fixes(review.mapping, review.header, rows, whole)
        return found

    def apply_fix(self, change: str) -> None:
        """Apply a fix that ``fixes`` returned; the rows are to be judged again then.

        Raises:
            SetupError: There is no such fix (any more).
        """
        fix = next((fix for fix in self.fixes() if fix.change == change), None)
        if fix is None:
            raise SetupError("this fix does not help any more")
        path = fix.edit.path
        opposite = {"columns": "column", "column": "columns"}.get(path[-1])
        removed = [Change((*path[:-1], opposite), None)] if opposite else []
        self.change_mapping(
            [*removed, fix.edit, *fix.also], Message("fix {change}", change=fix.change)
        )

    # -- edits ------------------------------------------------------------------------------------

    def corrections_path(self, mapping: ColumnMapping | None = None) -> Path | None:
        """Return where corrections are kept, there or not."""
        found = corrections_file(str(self.source), mapping or self.mapping())
        return found or corrections_beside(str(self.source))

    @property
    def corrected(self) -> int:
        """Number of corrected cells."""
        return len(self._corrections)

    def original(self, sheet: str, row: int, column: str) -> str | None:
        """Return what the source says in a corrected cell; ``None`` for one that is not."""
        chain = self._corrections.get((sheet, row, column))
        return chain[0].before if chain else None

    def edit(self, changes: Iterable[tuple[int, str, str]], label: str) -> int:
        """Correct cells, as one step; return how many changed. Rows that were imported stay.

        Args:
            changes: (seq, column, text).
            label: For people.

        Raises:
            SetupError: There is no such row or column, nothing is judged, or all rows were imported.
        """
        with self._lock:
            review = self._judged()
            wanted = list(changes)
            accepted = review.accepted(seq for seq, _, _ in wanted)
            if accepted and all(seq in accepted for seq, _, _ in wanted):
                raise SetupError(
                    "this row was imported: it is not sent again, so that a correction here would "
                    "change nothing"
                )
            cells = []
            for seq, column, after in wanted:
                if seq in accepted:
                    continue
                _, before = review.cell(seq, column)
                if before != after:
                    cells.append((seq, column, before, after))
            if cells:
                self._apply(cells)
                self._edits.add_cells(label, cells)
            return len(cells)

    def replace(self, column: str, find: str, by: str, *, whole: bool, exact: bool) -> int:
        """Find and replace within a column, as one step; return how many cells changed."""
        review = self._judged()
        if column not in review.header or not find:
            raise SetupError("say in which column to look, and for what")
        found = review.matching(column, find, by, whole=whole, exact=exact)
        changes = [(seq, column, after) for seq, _, after in found]
        return self.edit(
            changes, Message("replace {find} by {by} in {column}", find=find, by=by, column=column)
        )

    def take_over(self, earlier: Project) -> int:
        """Replay the corrections of an earlier export: same contact, column and text, as one step."""
        return self.edit(
            self.corrections_from(earlier), Message("corrections of {name}", name=earlier.name)
        )

    def corrections_from(self, earlier: Project) -> list[tuple[int, str, str]]:
        """Return (seq, column, text) of the corrections of an earlier export that fit this one."""
        review = self._judged()
        path = earlier.corrections_path()
        kept = read_corrections(path) if path is not None and path.is_file() else []
        wanted: dict[str, list[Correction]] = {}
        for one in kept:
            if one.contact and one.column in review.header:
                wanted.setdefault(contact_key(one.contact), []).append(one)
        return [
            (seq, one.column, one.after)
            for seq, contact in review.contacts(wanted.keys())
            for one in wanted[contact]
            if review.cell(seq, one.column)[1] == one.before
        ]

    def undo(self) -> Step | None:
        """Take the last step back; ``None`` when there is none. Judge again if it is the mapping's."""
        return self._step_back(undone=False)

    def redo(self) -> Step | None:
        """Take a step again that was taken back."""
        return self._step_back(undone=True)

    def next_steps(self) -> tuple[Step | None, Step | None]:
        """Return what ``undo`` and ``redo`` would take."""
        return self._edits.next(undone=False), self._edits.next(undone=True)

    # -- within -----------------------------------------------------------------------------------

    def _step_back(self, *, undone: bool) -> Step | None:
        with self._lock, self._edits.stepping(undone=undone) as step:
            if step is None:
                return None
            if step.is_mapping:
                self._refuse_if_begun()
                _write(self.mapping_path, step.mapping_after if undone else step.mapping_before)
            else:
                back = [(seq, column, after, before) for seq, column, before, after in step.cells]
                self._apply(step.cells if undone else back[::-1])
        return step

    @property
    def _edits(self) -> Edits:
        return Edits(self.folder)

    def _apply(self, cells: Sequence[tuple[int, str, str, str]]) -> None:
        """Correct cells: the file first, then the judged rows."""
        review = self._judged()
        moment = now_s()
        changes: dict[int, dict[str, str]] = {}
        for seq, column, before, after in cells:
            row, found = review.cell(seq, column)
            if found != before:
                raise SetupError("the cell was changed meanwhile; look at it again")
            key = (row.sheet, row.number, column)
            chain = self._corrections.get(key, [])
            contact = chain[0].contact if chain else review.contact_of(row)
            chain = self._with(chain, Correction(*key, before, after, moment, contact))
            if chain:
                self._corrections[key] = chain
            else:
                self._corrections.pop(key, None)
            changes.setdefault(seq, {})[column] = after
        path = self.corrections_path()
        if path is None:
            raise SetupError("this source has no folder to keep corrections in")
        write_corrections(path, (one for chain in self._corrections.values() for one in chain))
        review.put(changes)

    def _with(self, chain: list[Correction], new: Correction) -> list[Correction]:
        """Add an edit to those of its cell: one line, but for cells that a run has read already."""
        if self.has_run:
            is_back = chain and (chain[-1].before, chain[-1].after) == (new.after, new.before)
            return chain[:-1] if is_back else [*chain, new]
        if not chain:
            return [new]
        first = chain[0].before
        return [] if first == new.after else [replace(new, before=first)]

    def _refuse_if_begun(self) -> None:
        """Refuse another mapping once a row was sent; a run that sent none is begun again.

        Raises:
            SetupError: A row was sent.
        """
        if self.is_begun:
            raise SetupError(
                "rows of this import were sent: the others are sent by the same columns and rules; "
                "import the rows that need you by themselves to change them"
            )
        if self.has_run:
            self.remember(run_dir="")

    def _judged(self) -> Review:
        if self.review is None:
            raise SetupError("the rows are not judged yet")
        return self.review

    def _save(self) -> None:
        _write(self.folder / _FACTS, json.dumps(asdict(self.facts), ensure_ascii=False, indent=2))


def list_projects(home: Path) -> list[Project]:
    """Return the projects of a folder, the newest first."""
    found = []
    for facts in (home / IMPORTS).glob(f"*/{_FACTS}"):
        try:
            found.append(Project.open(home, facts.parent.name))
        except (SetupError, OSError, ValueError, TypeError):
            continue
    return sorted(found, key=lambda project: project.facts.created_at, reverse=True)


def name_of_run(home: Path, run_dir: Path) -> str:
    """Return what the project is called from which a run was begun; empty for a run of a command."""
    found = (project.name for project in list_projects(home) if project.run_dir == run_dir)
    return next(found, "")


def delete_project(project: Project) -> None:
    """Remove a project's folder; runs and sources elsewhere stay."""
    project.close()
    shutil.rmtree(project.folder, ignore_errors=True)


def safe_name(name: str) -> str:
    """Return a file's name without anything that leads elsewhere."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = _UNSAFE.sub("_", last).strip(". ")[-80:].lstrip(". ")
    return clean or "contacts.csv"


def _new_folder(home: Path, stem: str) -> Path:
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:40] or "contacts"
    (home / IMPORTS).mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        folder = home / IMPORTS / f"{slug}-{secrets.token_hex(2)}"
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return folder


def _write(path: Path, text: str) -> None:
    with replaced(path) as file:
        file.write(text.encode())
