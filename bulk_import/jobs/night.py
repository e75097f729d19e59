"""One night: what happens between reading and sending, and at its end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from uuid import uuid4

from bulk_import.api.form import encode
from bulk_import.errors import Message
from bulk_import.jobs.brake import Brake, Night, missing_files, why_not
from bulk_import.jobs.comparison import Comparison, Found, attached
from bulk_import.jobs.holding import Doubt, held_back
from bulk_import.jobs.payloads import has_offset, list_id, mirrors_of
from bulk_import.jobs.retention import night_that_sent
from bulk_import.jobs.sieve import Sieve
from bulk_import.jobs.state import State
from bulk_import.jobs.takeover import Verdict, learn, learn_new_cells, vanished_sources
from bulk_import.journal import Journal
from bulk_import.journal.entries import JudgedRow, Refusal
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.models import VANISHED, Row, SourceInfo, Status, Summary
from bulk_import.normalize.mailboxes import email_key, mailboxes
from bulk_import.progress import Progress
from bulk_import.run.inputs import Names, remembered_names
from bulk_import.run.judging import BATCH, who_said_no
from bulk_import.run.plan import Tally
from bulk_import.sources.remote import shown, source_stat

JOB = "sync"  # what a night's journal says it belongs to
_BRAKE = Brake()


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """What a night needs besides what a run needs.

    Attributes:
        state: The job's state file.
        full: Send all contacts with an e-mail, changed or not.
        accept: Skip the brake this time.
        seed: For a new state: a run folder whose accepted rows count as sent.
        wait_lock_s: Seconds to wait for another night of the job to end.
        report_all: List unchanged rows in ``report.csv`` too.
        fewer_files: Files that are missing are gone for good: their contacts have vanished.
        judge_all: Judge every row; recognize none by its cells.
        newest: Only that many of each pattern's matches, those that changed last; 0 = all.
    """

    state: Path
    full: bool = False
    accept: bool = False
    seed: Path | None = None
    brake: Brake = _BRAKE
    wait_lock_s: float = 0.0
    report_all: bool = False
    fewer_files: bool = False
    judge_all: bool = False
    newest: int = 0


def options_of(facts: Mapping[str, str], *, accept: bool) -> SyncOptions:
    """Return the options with which a night began."""
    known = json.loads(facts["night_options"])
    return SyncOptions(
        Path(facts["state"]),
        known["full"],
        accept or known["accept"],
        None,
        Brake(**known["brake"]),
        report_all=known.get("report_all", False),
        fewer_files=known.get("fewer_files", False),
        judge_all=known.get("judge_all", False),
    )


class NightJob:
    """One night: what happens between reading and sending, and at its end."""

    def __init__(
        self,
        state: State,
        mapping: ColumnMapping,
        options: SyncOptions,
        paths: Sequence[str],
        run_dir: Path,
        stats: Sequence[tuple[int, float]],
        progress: Progress,
        facts: Mapping[str, str] | None = None,
        *,
        dry: bool = False,
    ) -> None:
        """Make a night.

        Args:
            stats: (size, time of change) of each source.
            facts: Of the journal of a night that is resumed; ``None`` for a new night.
        """
        self._progress = progress
        self._spared: frozenset[str] = frozenset()
        self._told: dict[str, dict[str, str]] = {}  # what the account calls lists and managers
        self._endpoint = ""
        self._state = state
        self._mapping = mapping
        self._options = options
        self._paths = paths
        self._run_dir = run_dir
        self._dry = dry
        self._names = [shown(path) for path in paths]  # a signed address is another every night
        self._night = Night(files=self._names)
        found = state.get_json("last")
        self._last = Night.of(found) if found is not None else None
        # A source whose rows are all in the journal is not read again, and may be gone.
        self._is_read = bool(facts and facts.get("judged"))
        self._stats = stats
        self._id = facts["night"] if facts else _new_id(state)
        self.sieve = Sieve(
            state,
            full=options.full or options.judge_all or _has_unique(mapping),
            lists_all=options.report_all,
        )

    @property
    def names(self) -> Names | None:
        """What the account called its lists and managers on the last good night; for a dry run."""
        found = self._state.get_json("names")
        return remembered_names(found["lists"], found["managers"]) if found else None

    def facts(self) -> dict[str, str]:
        """Return what the journal of a new night needs, so that it can be resumed as a night."""
        options = self._options
        return {
            "job": JOB,
            "state": str(options.state.resolve()),
            "night": self._id,
            "night_stats": json.dumps(self._stats),
            "night_options": json.dumps(
                {
                    "full": options.full,
                    "accept": options.accept,
                    "report_all": options.report_all,
                    "fewer_files": options.fewer_files,
                    "judge_all": options.judge_all,
                    "brake": asdict(options.brake),
                }
            ),
            **({"report_all": "1"} if options.report_all else {}),
        }

    def adjust(self, journal: Journal, tally: Tally) -> str:
        """Settle rows that need not be sent; return the reason to send nothing, or ``""``.

        A resumed night calls it again: what it settled before is compared again.
        """
        options, duplicates = self._options, self._mapping.spec.when.duplicate
        missing = vanished_sources(journal)
        told = journal.facts()
        self._told = {name: json.loads(told.get(name, "{}")) for name in ("lists", "managers")}
        self._endpoint = told.get("endpoint", "")
        with attached(self._state, journal):
            comparison = Comparison(
                self._state,
                journal,
                missing,
                full=options.full,
                mirrors=mirrors_of(self._mapping, json.loads(told.get("lists", "{}"))),
                has_offset=has_offset(self._mapping),
                lists_all=options.report_all,
                said_no=(key for key, _ in who_said_no(journal)),
            )
            if self._is_read:
                journal.add_refusals((seq, _BESIDE) for seq in comparison.beside_let_go())
            found = comparison.settle(
                self._state.get_json("doubtful") or {},
                is_first=not self._is_read,
                trusts_sieve=not options.judge_all and duplicates != "merge",
            )
            self._note(found, tally, journal)
            self._spared = frozenset(comparison.spared)
            journal.add_refusals((seq, _BACK) for seq in comparison.returned())
            reason = "" if options.accept else self._why_not(found.before)
            if not reason:
                vanished = comparison.vanished()
                if self._lacks_files():
                    vanished = self._left_alone(vanished)
                self._spare(vanished, journal)
                self._act_on([key for key in vanished if key not in self._spared], journal)
                if not self._dry:
                    with self._state.transaction():
                        comparison.note_sending(vanished_sources(journal))
                        self._note_sending(found.bare)
        queued = sum(journal.count_rows(number) for number in vanished_sources(journal))
        tally.rows_read = found.rows + queued
        journal.forget_cells(Status.UNCHANGED)
        journal.remember(
            judged="1",
            rows_read=str(tally.rows_read),
            unchanged_rows=str(found.let_go),
            night_stats=json.dumps(self._stats),
            clocks=self._night.clocks,
        )
        return reason

    def _note(self, found: Found, tally: Tally, journal: Journal) -> None:
        night = self._night
        night.clocks = self.sieve.clocks or journal.facts().get("clocks", "")
        night.blank = tally.codes["EMAIL_MISSING"]
        night.rows, night.contacts = found.rows, found.contacts
        night.changed, night.moved = found.changed, found.moved
        night.vanished, night.filled = found.vanished, found.filled
        night.modified_at = max(modified for _, modified in self._stats)

    def _lacks_files(self) -> bool:
        """Whether a file is missing that may hold any contact: then none has vanished for certain."""
        if self._options.fewer_files or self._last is None:
            return False
        return bool(missing_files(self._night, self._last))

    def _left_alone(self, vanished: Sequence[str]) -> list[str]:
        """Say that no contact is acted on; return none."""
        if vanished and self._mapping.spec.on_missing is not None:
            self._progress.say(
                Message(
                    "{n:,} missing contacts are left alone: files are missing that may hold "
                    "them (--fewer-files if these files are gone for good)",
                    n=len(vanished),
                )
            )
        return []

    def _note_sending(self, bare: Sequence[str]) -> None:
        """Remember that this night is about to send, for the next one if it is cut off."""
        self._state.put(
            left_run=str(self._run_dir.resolve()), left_bare=json.dumps(bare), latest=self._id
        )

    def _spare(self, vanished: Sequence[str], journal: Journal) -> None:
        """Keep from the action for vanished contacts who may be behind a damaged cell."""
        if self._options.accept or self._mapping.spec.on_missing is None or not vanished:
            return
        keys = {email_key(key): key for key in vanished}
        usual = self._last.blank if self._last is not None else 0
        held = held_back(keys, _doubts(journal), self._night.blank - usual)
        self._spared |= frozenset(keys[key] for key in held)
        if held:
            # Or the next night would take them for usual.
            self._night.blank = min(self._night.blank, usual)
            self._progress.say(
                Message(
                    "{n:,} of {vanished:,} vanished contacts are left alone: {why} (--accept "
                    "treats them as vanished all the same)",
                    n=len(held),
                    vanished=len(vanished),
                    why=next(iter(held.values())),
                )
            )

    def finish(self, summary: Summary) -> None:
        """Store what the run confirmed; the next night is compared with the last good one."""
        facts = {"left_run": "", "left_bare": ""}
        is_good = summary.exit_code in (0, 1)
        night = int(self._state.get("night", "0")) + 1
        lacks_files = self._lacks_files()
        if is_good:
            remembered = self._night
            if self._last is not None and lacks_files:
                # The files that are missing are still expected.
                remembered = replace(remembered, files=self._last.files)
            facts |= {"night": str(night), "last": json.dumps(asdict(remembered)), "doubtful": ""}
            facts["names"] = json.dumps(self._told, ensure_ascii=False)
        learn(
            self._state,
            self._run_dir,
            Verdict(night if is_good else 0, facts, lacks_files, self._spared),
        )
        if not self._is_read:
            learn_new_cells(self._state)

    def _why_not(self, before: int) -> str:
        """Return why nothing may be sent tonight, or ``""``."""
        if not self._is_read and list(self._stats) != stats_of(self._paths):
            return "the brake: the source changed while it was read; is it still being written?"
        last = self._last
        if last is not None and self._options.fewer_files:
            last = replace(last, files=[])
        return why_not(self._night, last, before, self._options.brake, self._forgotten_night())

    def _forgotten_night(self) -> Path | None:
        """Return a night that sent and that a new state does not know: the state was deleted."""
        if not self._state.is_empty or self._state.get("latest"):
            return None
        found = night_that_sent(self._run_dir, self._options.state, self._endpoint)
        return None if found is None else self._run_dir.parent / found.name

    def _act_on(self, vanished: Sequence[str], journal: Journal) -> None:
        """Queue the mapping's action for contacts that are missing."""
        action = self._mapping.spec.on_missing
        if action is None or not vanished:
            return
        ids = json.loads(journal.facts().get("lists", "{}"))
        lists = [list_id(value, ids) for value in action.remove_from_lists]
        fields = [
            (name, ",".join(dict.fromkeys(values)))
            for name, values in (
                ("remove_from_lists", lists),
                ("add_tags", action.add_tags),
                ("remove_tags", action.remove_tags),
            )
            if values
        ]
        number = len(self._paths) + 1
        earlier = journal.count_rows(number)
        info = SourceInfo(
            name=f"({VANISHED})", kind=VANISHED, header=("E-mail",), labels=("E-mail",)
        )
        journal.add_source(number, info)
        queued = (
            JudgedRow(
                number, Row(info.name, "", at, {"E-mail": email}), email, email, (),
                encode([("lead_email", email), *fields]), None,
            )
            for at, email in enumerate(vanished, earlier + 1)
        )  # fmt: skip
        while batch := list(islice(queued, BATCH)):
            journal.add(journal.count_records() + 1, batch)


_BACK = Refusal.because(Status.UNCHANGED, "UNCHANGED", "the contact is in the source after all")


# A correction made it one of a contact whose rows were let go: only a reading brings them together.
_BESIDE = Refusal.because(
    Status.INVALID,
    "CONTACT_NOT_COMPARED",
    "corrected since the night began, and its contact has another row in the source, which is not "
    "in this run; the next `bulk-import sync` reads and compares both",
)


def _doubts(journal: Journal) -> Iterator[Doubt]:
    """The refused rows of which it is not known whose they are."""
    for _, row, outcome in journal.results(Status.INVALID):
        codes = {reason.code for reason in outcome.reasons}
        if "@" in outcome.contact or codes == {"EMAIL_MISSING"}:
            continue
        text = next((r.value for r in outcome.reasons if r.field == "lead_email" and r.value), "")
        yield Doubt(f"row {row.number}", text, mailboxes(text).addresses)


def _has_unique(mapping: ColumnMapping) -> bool:
    """Whether one row's value may refuse another row: then every row must be there."""
    return any(check.unique for check in mapping.spec.checks)


def _new_id(state: State) -> str:
    """Return what tells a night from all others of its job; the number grows."""
    return f"{int(state.get('latest', '0').split(':')[0]) + 1}:{uuid4().hex}"


def stats_of(
    paths: Sequence[str], facts: Mapping[str, str] | None = None
) -> list[tuple[int, float]]:
    """Return (size, time of change) of each source; those that a night found that has read them.

    Args:
        facts: Of the journal of a night that is resumed.
    """
    if facts and facts.get("judged"):
        return [(size, modified) for size, modified in json.loads(facts.get("night_stats", "[]"))]
    return [source_stat(path) for path in paths]
