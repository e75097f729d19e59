"""The nightly sync: sends what changed, repeats what failed, and stops at a broken export.

A night is an ordinary run. Between judging and sending, rows with the payload that was confirmed
last become ``unchanged``, contacts that vanished get the mapping's ``on_missing`` action, and the
brake compares the source with the last good night. At the end, what the run's journal confirms is
stored in the state. A night that was cut off is either resumed, or taken over: the next night first
stores what its journal confirms, and writes its reports.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import uuid4

from bulk_import.api.form import decode, encode
from bulk_import.errors import BulkImportError, SetupError, StoppedError, StorageError
from bulk_import.jobs.holding import Doubt, held_back
from bulk_import.jobs.state import Known, State, refuse_other_account
from bulk_import.journal import Journal
from bulk_import.journal.entries import JudgedRow, Refusal
from bulk_import.mapping.loading import AnyMapping, ColumnMapping, load_mapping
from bulk_import.models import VANISHED, Problem, Row, SourceInfo, Status, Summary
from bulk_import.normalize.mailboxes import email_key, mailboxes
from bulk_import.progress import Progress, Silence
from bulk_import.run.folder import JOURNAL, RunFolder, new_run_dir
from bulk_import.run.inputs import opened_inputs
from bulk_import.run.judging import who_said_no
from bulk_import.run.plan import Tally
from bulk_import.run.reporting import write_reports
from bulk_import.run.run import Run
from bulk_import.run.sending import Confirm, Steer
from bulk_import.settings import Settings
from bulk_import.sources import Sources, expand_sources
from bulk_import.sources.remote import is_remote, shown, source_stat
from bulk_import.stopping import Stop, StoppingError
from bulk_import.system.clock import now, now_s
from bulk_import.system.files import made_folder
from bulk_import.system.locks import hold
from bulk_import.system.loop import run_blocking

JOB = "sync"  # what a night's journal says it belongs to
_BARE = "bare:"
_NIGHTS_REMEMBERED = 14


@dataclass(frozen=True, slots=True)
class Brake:
    """How much a night may differ from the last good one, as shares from 0 to 1.

    Attributes:
        rows_fewer: Rows lost.
        changed: Known contacts whose payload differs.
        vanished: Contacts of the last good night that are missing.
        blanked: Values lost of any one field.
        smallest: If the last good night had fewer rows, shares are not compared.
    """

    rows_fewer: float = 0.3
    changed: float = 0.5
    vanished: float = 0.2
    blanked: float = 0.3
    smallest: int = 20


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
        newest: Only that many of each pattern's matches, those that changed last; 0 = all.
    """

    state: Path
    full: bool = False
    accept: bool = False
    seed: Path | None = None
    brake: Brake = _BRAKE
    wait_lock_s: float = 0.0
    newest: int = 0


@dataclass(slots=True)
class _Night:
    """What one night's source looks like."""

    rows: int = 0
    contacts: int = 0
    changed: int = 0
    vanished: int = 0
    filled: dict[str, int] = field(default_factory=dict)
    modified_at: float = 0.0
    blank: int = 0  # rows without an e-mail address


def sync(
    source: Sources,
    mapping: AnyMapping,
    settings: Settings,
    *,
    state: str | Path,
    full: bool = False,
    accept: bool = False,
    seed: str | Path | None = None,
    brake: Brake = _BRAKE,
    wait_lock_s: float = 0.0,
    newest: int = 0,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Send what has changed since the last good run with the same *state*, and what failed then.

    Args:
        source, mapping, confirm, progress: As of ``import_file``.
        state: The job's state file; made when it is missing.
        full, accept, seed, brake, wait_lock_s, newest: As of ``SyncOptions``.

    Raises:
        BusyError: Another run of the job is at work.
        BulkImportError: As ``import_file`` raises.
    """
    work = sync_async(
        source, mapping, settings, state=state, full=full, accept=accept, seed=seed, brake=brake,
        wait_lock_s=wait_lock_s, newest=newest, confirm=confirm, progress=progress,
    )  # fmt: skip
    return run_blocking(work, "sync_async")


async def sync_async(
    source: Sources,
    mapping: AnyMapping,
    settings: Settings,
    *,
    state: str | Path,
    full: bool = False,
    accept: bool = False,
    seed: str | Path | None = None,
    brake: Brake = _BRAKE,
    wait_lock_s: float = 0.0,
    newest: int = 0,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Summary:
    """As ``sync``, for a running event loop. *stop* ends the run from outside."""
    options = SyncOptions(
        Path(state),
        full,
        accept,
        Path(seed) if seed is not None else None,
        brake,
        wait_lock_s,
        newest,
    )
    return await sync_night(
        source, mapping, settings, options, confirm=confirm, progress=progress, stop=stop
    )


async def sync_night(
    source: Sources,
    mapping: AnyMapping,
    settings: Settings,
    options: SyncOptions,
    *,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Summary:
    """Bring the account up to date with *source*.

    Raises:
        BusyError: Another night of the job is at work.
        BulkImportError: As ``import_file`` raises.
    """
    paths = expand_sources(source, options.newest)
    if "-" in paths:
        raise SetupError("sync reads files, not standard input: it compares their times")
    loaded = load_mapping(mapping).for_sources(paths)
    if not settings.dry_run:
        settings = settings.ready_to_send()
    watch, ends = progress or Silence(), stop or Stop()
    made_folder(options.state.parent)
    async with _alone(options.state, options.wait_lock_s, ends):
        run_dir = Path(settings.run_dir) if settings.run_dir else new_run_dir(paths[0])
        RunFolder(run_dir).refuse_earlier_run()
        with State.open(options.state) as state:
            refuse_other_account(state, settings)
            _take_over_left_run(state, watch)
            if options.seed is not None and not state.count():
                _take_over(state, options.seed, {})
            job = _NightJob(state, loaded, options, paths, run_dir, watch, dry=settings.dry_run)
            if not settings.dry_run:
                _note_night(state, paths, loaded, run_dir)
            strict = settings.with_strict_lists()
            run = Run(
                run_dir, loaded, strict, confirm, watch, ends, adjust=job.adjust, job=job.facts()
            )
            summary = await run.begin(lambda found: opened_inputs(paths, loaded, found), paths)
            if not settings.dry_run:
                job.finish(summary)
            return summary


async def resume_night(
    run_dir: Path,
    facts: Mapping[str, str],
    mapping: ColumnMapping,
    settings: Settings,
    *,
    accept: bool = False,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
    steer: Steer | None = None,
) -> Summary:
    """Continue a night that was interrupted: compare, brake, send what is left, update the state.

    Args:
        facts: Of the night's journal.
        accept: Skip the brake.

    Raises:
        SetupError: The state is gone, or a later night of the job has begun.
        BulkImportError: As ``sync_night`` raises.
    """
    path = Path(facts["state"])
    if not await asyncio.to_thread(path.exists):
        raise SetupError(
            f"{run_dir}: a night of the job {path}, and that file is gone; nothing was sent. "
            "Restore it, or run `bulk-import sync` with the same --state to start again"
        )
    options = _options_of(facts, accept=accept)
    watch, ends = progress or Silence(), stop or Stop()
    async with _alone(path, 0, ends):
        with State.open(path, create=False) as state:
            refuse_other_account(state, settings)
            if not _is_latest(state, facts):
                raise SetupError(
                    f"{run_dir}: a later night of the job {path} has begun; nothing was sent. "
                    "Run `bulk-import sync` again: it sends what is left"
                )
            job = _NightJob(
                state, mapping, options, json.loads(facts["paths"]), run_dir, watch, facts
            )
            strict = settings.with_strict_lists()
            run = Run(
                run_dir, mapping, strict, confirm, watch, ends,
                adjust=job.adjust, steer=steer, job=facts,
            )  # fmt: skip
            summary = await run.go_on(None)
            job.finish(summary)
            return summary


def _options_of(facts: Mapping[str, str], *, accept: bool) -> SyncOptions:
    """Return the options with which a night began."""
    known = json.loads(facts["night_options"])
    return SyncOptions(
        Path(facts["state"]),
        known["full"],
        accept or known["accept"],
        None,
        Brake(**known["brake"]),
    )


def _is_latest(state: State, facts: Mapping[str, str]) -> bool:
    """Whether no other night has compared its source with *state* since the one of *facts*."""
    latest = state.get("latest", "0")
    number, mine = int(latest.split(":")[0]), int(facts["night"].split(":")[0])
    return mine > number or facts["night"] == latest


def _lock_of(state: Path) -> Path:
    return state.with_name(f"{state.name}.lock")


@asynccontextmanager
async def _alone(state: Path, wait_s: float, stop: Stop) -> AsyncIterator[None]:
    """Hold the job's lock; wait for another night to end, at most *wait_s* seconds."""
    await _free(_lock_of(state), wait_s, stop)
    with hold(_lock_of(state), f"the job of {state}"):
        yield


def _note_night(state: State, paths: Sequence[str], mapping: ColumnMapping, run_dir: Path) -> None:
    """Remember what a night reads and where its run is, for people who look at the job."""
    runs = [str(run_dir.resolve()), *(state.get_json("runs") or ())]
    state.put(
        paths=json.dumps(
            [shown(path) if is_remote(path) else str(Path(path).resolve()) for path in paths]
        ),
        mapping=str(Path(mapping.name).resolve()),
        runs=json.dumps(list(dict.fromkeys(runs))[:_NIGHTS_REMEMBERED]),
    )


class _NightJob:
    """One night: what happens between reading and sending, and at its end."""

    def __init__(
        self,
        state: State,
        mapping: ColumnMapping,
        options: SyncOptions,
        paths: Sequence[str],
        run_dir: Path,
        progress: Progress,
        facts: Mapping[str, str] | None = None,
        *,
        dry: bool = False,
    ) -> None:
        """Make a night.

        Args:
            facts: Of the journal of a night that is resumed; ``None`` for a new night.
        """
        self._progress = progress
        self._held: set[str] = set()
        self._state = state
        self._mapping = mapping
        self._options = options
        self._paths = paths
        self._run_dir = run_dir
        self._dry = dry
        self._night = _Night()
        # A source whose rows are all in the journal is not read again, and may be gone.
        self._is_read = bool(facts and facts.get("judged"))
        self._stats = _stats_of(facts) if self._is_read else _stats(paths)
        self._id = facts["night"] if facts else _new_id(state)

    def facts(self) -> dict[str, str]:
        """Return what the journal of a new night needs, so that it can be resumed as a night."""
        options = self._options
        return {
            "job": JOB,
            "state": str(options.state.resolve()),
            "night": self._id,
            "night_stats": json.dumps(self._stats),
            "night_options": json.dumps(
                {"full": options.full, "accept": options.accept, "brake": asdict(options.brake)}
            ),
        }

    def adjust(self, journal: Journal, tally: Tally) -> str:
        """Settle rows that need not be sent; return the reason to send nothing, or ``""``.

        A resumed night calls it again: what it settled before is compared again.
        """
        night, known = self._night, self._state.digests()
        last = int(self._state.get("night", "0"))
        before = self._state.keys_of(last) if last else set()
        missing = _vanished_sources(journal)
        queued = set(journal.contacts(*missing)) if missing else set()
        filled: Counter[str] = Counter()
        groups = _groups(journal, filled, without=missing)
        night.filled = dict(filled)
        night.changed = sum(key in known and known[key] != g.digest for key, g in groups.items())
        journal.remember(night_stats=json.dumps(self._stats))
        self._compare(journal, groups, known)
        present = {email_key(key) for key in (*groups, *journal.contacts(without=missing))}
        present.update(key for key, _ in who_said_no(journal))  # also where the cell was refused
        if any(email_key(key) in present for key in queued):
            _call_back(journal, missing, present)
        vanished = sorted(
            key for key in before if not key.startswith(_BARE) and email_key(key) not in present
        )
        night.rows, night.contacts = journal.count_records() - len(queued), len(groups)
        night.vanished = len(vanished)
        night.modified_at = max(modified for _, modified in self._stats)
        night.blank = tally.codes["EMAIL_MISSING"]
        reason = "" if self._options.accept else self._why_not(len(before))
        if not reason:
            self._hold_back(vanished, journal)
            new = [key for key in vanished if key not in self._held and key not in queued]
            self._act_on(new, journal, tally)
            if not self._dry:
                self._note_sending(journal, groups, known)
        return reason

    def _compare(
        self, journal: Journal, groups: Mapping[str, _Group], known: Mapping[str, str]
    ) -> None:
        """Settle the rows whose payload was confirmed last, or may have been in a killed night."""
        doubtful = self._state.get_json("doubtful") or {}
        refusals: list[tuple[int, Refusal]] = []
        changed: list[int] = []
        for key, group in groups.items():
            is_bare = key.startswith(_BARE)
            if known.get(key) != group.digest or (self._options.full and not is_bare):
                changed += group.in_status(Status.UNCHANGED)
                continue
            why = _in_doubt_since(doubtful[key]) if key in doubtful else _UNCHANGED
            refusals += ((seq, why) for seq in group.in_status(Status.NOT_SENT))
        journal.forget_rows(changed)
        journal.add_refusals(refusals)

    def _note_sending(
        self, journal: Journal, groups: Mapping[str, _Group], known: Mapping[str, str]
    ) -> None:
        """Remember that this night is about to send, for the next one if it is cut off."""
        bare = [
            key
            for key, group in groups.items()
            if key.startswith(_BARE) and known.get(key) != group.digest
        ]
        self._state.put(
            left_run=str(self._run_dir.resolve()), left_bare=json.dumps(bare), latest=self._id
        )

    def _hold_back(self, vanished: Sequence[str], journal: Journal) -> None:
        """Keep from the action for vanished contacts who may be behind a damaged cell."""
        if self._options.accept or self._mapping.spec.on_missing is None or not vanished:
            return
        keys = {email_key(key): key for key in vanished}
        usual = (self._state.get_json("last") or {}).get("blank", 0)
        held = held_back(keys, _doubts(journal), self._night.blank - usual)
        self._held = {keys[key] for key in held}
        if held:
            if self._night.blank > usual:
                self._night.blank = usual  # or the next night would take them for usual
            self._progress.say(
                f"{len(held):,} of {len(vanished):,} vanished contacts are left alone: "
                f"{next(iter(held.values()))} (--accept treats them as vanished all the same)"
            )

    def finish(self, summary: Summary) -> None:
        """Store what the run confirmed; the next night is compared with the last good one."""
        facts = {"left_run": "", "left_bare": ""}
        is_good = summary.exit_code in (0, 1)
        night = int(self._state.get("night", "0")) + 1
        if is_good:
            facts |= {"night": str(night), "last": json.dumps(asdict(self._night)), "doubtful": ""}
        _take_over(
            self._state, self._run_dir, facts, night=night if is_good else 0, held=self._held
        )

    def _why_not(self, before: int) -> str:
        """Return why the brake stops this night, or ``""``."""
        if not self._is_read and self._stats != _stats(self._paths):
            return "the brake: the source changed while it was read; is it still being written?"
        night = self._night
        if not night.rows:
            return "the brake: the source has no rows (--accept if that is meant)"
        found = self._state.get_json("last")
        if found is None:
            return ""
        jumps = list(self._jumps(_Night(**found), before))
        if not jumps:
            return ""
        return f"the brake: {'; '.join(jumps)} (--accept sends it this once if it is meant)"

    def _jumps(self, last: _Night, before: int) -> Iterator[str]:
        """Yield what differs too much from the last good night."""
        night, limits = self._night, self._options.brake
        if night.modified_at < last.modified_at:
            yield "the source is older than that of the last good run"
        if last.rows < limits.smallest:
            return
        if night.rows < last.rows * (1 - limits.rows_fewer):
            yield f"{night.rows:,} rows, there were {last.rows:,}"
        if before and night.vanished > before * limits.vanished:
            yield f"{night.vanished:,} of {before:,} contacts have vanished"
        if night.contacts and night.changed > night.contacts * limits.changed:
            yield f"{night.changed:,} of {night.contacts:,} contacts have changed"
        for name, filled in last.filled.items():
            # Rows may become fewer without any field being emptied: shares are compared.
            now, then = night.filled.get(name, 0) / night.rows, filled / last.rows
            if filled >= limits.smallest and now < then * (1 - limits.blanked):
                yield f"{name} is filled in {now:.0%} of the rows, it was in {then:.0%}"

    def _act_on(self, vanished: Sequence[str], journal: Journal, tally: Tally) -> None:
        """Queue the mapping's action for contacts that are missing."""
        action = self._mapping.spec.on_missing
        if action is None or not vanished:
            return
        fields = [
            (name, ",".join(values))
            for name in ("remove_from_lists", "add_tags", "remove_tags")
            if (values := getattr(action, name))
        ]
        number = len(self._paths) + 1
        earlier = journal.count_rows(number)
        info = SourceInfo(
            name=f"({VANISHED})", kind=VANISHED, header=("E-mail",), labels=("E-mail",)
        )
        journal.add_source(number, info)
        journal.add(
            journal.count_records() + 1,
            [
                JudgedRow(
                    number, Row(info.name, "", at, {"E-mail": email}), email, email, (),
                    encode([("lead_email", email), *fields]), None,
                )
                for at, email in enumerate(vanished, earlier + 1)
            ],
        )  # fmt: skip
        tally.read(len(vanished))
        journal.remember(rows_read=str(journal.count_records()))


# Rows that are never sent say nothing of what the server has.
_NOT_MEANT = frozenset({Status.DUPLICATE, Status.SUPPRESSED, Status.SKIPPED, Status.INVALID})
_UNCHANGED = Refusal.because(Status.UNCHANGED, "UNCHANGED", "same as last confirmed")


_BACK = Refusal.because(Status.UNCHANGED, "UNCHANGED", "the contact is in the source after all")


def _in_doubt_since(run_dir: str) -> Refusal:
    message = (
        f"sent by the night in {run_dir}, which was cut off before the answer came; not sent again, "
        "that would make a second contact"
    )
    return Refusal(Status.UNKNOWN, (Problem("INTERRUPTED", message),), again=False)


@dataclass(slots=True)
class _Group:
    """All rows of one contact, in file order."""

    seqs: list[int] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def in_status(self, status: Status) -> list[int]:
        return [seq for seq, found in zip(self.seqs, self.statuses, strict=True) if found is status]

    @property
    def digest(self) -> str:
        whole = hashlib.sha256()
        for body in self.bodies:
            whole.update(hashlib.sha256(body).digest())
        return whole.hexdigest()


def _groups(
    journal: Journal, filled: Counter[str] | None = None, *, without: Sequence[int] = ()
) -> dict[str, _Group]:
    """Key -> the rows of that contact. A row without e-mail is a contact of its own.

    Args:
        without: Numbers of sources that are left out.
    """
    groups: dict[str, _Group] = {}
    twins: Counter[str] = Counter()
    for seq, email, body, status in journal.payloads(without=without):
        key = email
        if filled is not None:
            filled.update(name for name, value in decode(body) if value)
        if not email:
            digest = hashlib.sha256(body).hexdigest()
            twins[digest] += 1
            key = f"{_BARE}{digest}:{twins[digest]}"
        if status in _NOT_MEANT:
            continue
        group = groups.setdefault(key, _Group())
        group.seqs.append(seq)
        group.statuses.append(status)
        group.bodies.append(body)
    return groups


def _digest_of(bare: str) -> str:
    """Return the digest of a contact without e-mail, by its key."""
    return hashlib.sha256(bytes.fromhex(bare.split(":")[1])).hexdigest()


def _call_back(journal: Journal, missing: Sequence[int], present: set[str]) -> None:
    """Settle the queued actions for contacts that a correction has brought back."""
    journal.add_refusals(
        (seq, _BACK)
        for seq, email, _, status in list(journal.payloads(only=missing))
        if email_key(email) in present and status is Status.NOT_SENT
    )


def _vanished_sources(journal: Journal) -> list[int]:
    return [number for number, info in journal.sources().items() if info.kind == VANISHED]


def _doubts(journal: Journal) -> Iterator[Doubt]:
    """The refused rows of which it is not known whose they are."""
    for _, row, outcome in journal.results(Status.INVALID):
        codes = {reason.code for reason in outcome.reasons}
        if "@" in outcome.contact or codes == {"EMAIL_MISSING"}:
            continue
        text = next((r.value for r in outcome.reasons if r.field == "lead_email" and r.value), "")
        yield Doubt(f"row {row.number}", text, mailboxes(text).addresses)


def _take_over(
    state: State,
    run_dir: Path,
    facts: dict[str, str],
    *,
    night: int = 0,
    held: AbstractSet[str] = frozenset(),
    cut_off: bool = False,
) -> None:
    """Store in the state what a run's journal confirms.

    Args:
        facts: Stored in the same transaction.
        night: The number of a good night; 0 for any other run.
        held: Contacts that count as present although no row of the source was understood as theirs.
        cut_off: The run was killed: nobody has been told of its rows without e-mail that are
            unknown, so the next night lists them.
    """
    confirmed: list[Known] = []
    forgotten: list[str] = []
    doubtful: dict[str, str] = {}
    moment = now_s()
    last = int(state.get("night", "0"))
    with Journal.open(run_dir / JOURNAL) as journal:
        missing = _vanished_sources(journal)
        gone = set(journal.contacts(*missing)) if missing else set()
        for key, group in _groups(journal).items():
            statuses = set(group.statuses)
            if key in gone:
                if statuses == {Status.SUCCESS}:
                    confirmed.append(Known(key, "", 0, moment))
            elif key.startswith(_BARE) and statuses == {Status.UNKNOWN}:
                # It may not be sent twice: taken for sent; a report names it.
                confirmed.append(Known(key, group.digest, night or last, moment))
                doubtful[key] = str(run_dir)
            elif statuses == {Status.SUCCESS}:
                confirmed.append(Known(key, group.digest, night or last, moment))
            elif statuses & {Status.UNKNOWN, Status.SUCCESS}:
                forgotten.append(key)
        seen = (set(journal.contacts()) | held) - gone if night else set()
    if cut_off:
        facts |= {"doubtful": _with_doubtful(state, doubtful)}
    state.learn(confirmed, forgotten, seen, night=night, facts=facts)


def _with_doubtful(state: State, more: Mapping[str, str]) -> str:
    return json.dumps((state.get_json("doubtful") or {}) | dict(more))


def _take_over_left_run(state: State, progress: Progress) -> None:
    """Store what a night that was cut off confirmed, and write its reports."""
    left = state.get("left_run")
    if not left:
        return
    if (Path(left) / JOURNAL).exists():
        progress.say(f"the last run was cut off; what it confirmed is taken over from {left}")
        with Journal.open(Path(left) / JOURNAL) as journal:
            if lost := journal.find_losses():
                progress.say(lost)
        _report_cut_off(Path(left), progress)
        _take_over(state, Path(left), {"left_run": "", "left_bare": ""}, cut_off=True)
        return
    bare: Sequence[str] = state.get_json("left_bare") or ()
    progress.say(
        f"the last run was cut off and its folder {left} is gone: what it sent is not known and "
        "is sent again"
        + (f", except {len(bare):,} rows without e-mail, which are now unknown" if bare else "")
    )
    last, moment = int(state.get("night", "0")), now_s()
    state.learn(
        [Known(key, _digest_of(key), last, moment) for key in bare],
        (),
        facts={
            "left_run": "", "left_bare": "",
            "doubtful": _with_doubtful(state, dict.fromkeys(bare, left)),
        },
    )  # fmt: skip


def _report_cut_off(run_dir: Path, progress: Progress) -> None:
    """Write the reports of a night that was cut off; one that cannot be written stops nothing."""
    try:
        with Journal.open(run_dir / JOURNAL) as journal:
            journal.settle_doubts()
            facts = journal.facts()
            if not facts.get("finished_at"):
                journal.remember(stopped="cut off; the next night took over", finished_at=now())
            journal.remember(taken_over="1")
            write_reports(journal, run_dir, safe=False)
    except StorageError as exc:
        progress.say(f"the reports of {run_dir} cannot be written: {exc}")


def _new_id(state: State) -> str:
    """Return what tells a night from all others of its job; the number grows."""
    return f"{int(state.get('latest', '0').split(':')[0]) + 1}:{uuid4().hex}"


def _stats_of(facts: Mapping[str, str] | None) -> list[tuple[int, float]]:
    """Return (size, time of change) of each source, as a night that is resumed found them."""
    found = json.loads((facts or {}).get("night_stats", "[]"))
    return [(size, modified) for size, modified in found]


def _stats(paths: Sequence[str]) -> list[tuple[int, float]]:
    """(size, time of change) of each source."""
    return [source_stat(path) for path in paths]


async def _free(lock: Path, wait_s: float, stop: Stop) -> None:
    """Wait until the lock is free, at most *wait_s* seconds.

    Raises:
        StoppedError: The run is to end before it began.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    while loop.time() < until:
        try:
            with hold(lock, "the job"):
                return
        except BulkImportError:
            try:
                await stop.nap(min(0.5, max(0.01, until - loop.time())))
            except StoppingError:
                raise StoppedError(
                    f"{stop.reason}; nothing was sent", exit_code=stop.code
                ) from None
