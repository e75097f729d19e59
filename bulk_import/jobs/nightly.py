"""The nightly sync: sends what changed, repeats what failed, and stops at a broken export.

A night is an ordinary run. Between judging and sending, rows with the payload that was confirmed
last become ``unchanged``, contacts that vanished get the mapping's ``on_missing`` action, and the
brake compares the source with the last good night. At the end, what the run's journal confirms is
stored in the state; after a kill, the next night does that first.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bulk_import.api.form import decode, encode
from bulk_import.errors import BulkImportError, SetupError, StoppedError
from bulk_import.jobs.state import Known, State
from bulk_import.journal import Journal
from bulk_import.journal.entries import JudgedRow, Refusal
from bulk_import.mapping.loading import AnyMapping, ColumnMapping, load_mapping
from bulk_import.models import VANISHED, Row, SourceInfo, Status, Summary
from bulk_import.progress import Progress, Silence
from bulk_import.run.folder import JOURNAL, new_run_dir
from bulk_import.run.inputs import opened_inputs
from bulk_import.run.plan import Tally
from bulk_import.run.run import Run
from bulk_import.run.sending import Confirm
from bulk_import.settings import Settings
from bulk_import.sources import Sources, expand_sources
from bulk_import.sources.remote import source_stat
from bulk_import.stopping import Stop, StoppingError
from bulk_import.system.clock import now_s
from bulk_import.system.files import made_folder
from bulk_import.system.locks import hold
from bulk_import.system.loop import run_blocking

_BARE = "bare:"


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
        full: Send all rows, changed or not.
        accept: Skip the brake this time.
        seed: For a new state: a run folder whose accepted rows count as sent.
        wait_lock_s: Seconds to wait for another night of the job to end.
    """

    state: Path
    full: bool = False
    accept: bool = False
    seed: Path | None = None
    brake: Brake = _BRAKE
    wait_lock_s: float = 0.0


@dataclass(slots=True)
class _Night:
    """What one night's source looks like."""

    rows: int = 0
    contacts: int = 0
    changed: int = 0
    vanished: int = 0
    filled: dict[str, int] = field(default_factory=dict)
    modified_at: float = 0.0


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
    confirm: Confirm | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Send what has changed since the last good run with the same *state*, and what failed then.

    Args:
        source, mapping, confirm, progress: As of ``import_file``.
        state: The job's state file; made when it is missing.
        full, accept, seed, brake, wait_lock_s: As of ``SyncOptions``.

    Raises:
        BusyError: Another run of the job is at work.
        BulkImportError: As ``import_file`` raises.
    """
    work = sync_async(
        source, mapping, settings, state=state, full=full, accept=accept, seed=seed, brake=brake,
        wait_lock_s=wait_lock_s, confirm=confirm, progress=progress,
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
    confirm: Confirm | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Summary:
    """As ``sync``, for a running event loop. *stop* ends the run from outside."""
    options = SyncOptions(
        Path(state), full, accept, Path(seed) if seed is not None else None, brake, wait_lock_s
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
    paths = expand_sources(source)
    if "-" in paths:
        raise SetupError("sync reads files, not standard input: it compares their times")
    loaded = load_mapping(mapping)
    watch, ends = progress or Silence(), stop or Stop()
    lock = options.state.with_name(f"{options.state.name}.lock")
    made_folder(options.state.parent)
    await _free(lock, options.wait_lock_s, ends)
    with hold(lock, f"the job of {options.state}"), State.open(options.state) as state:
        _refuse_other_account(state, settings)
        _take_over_left_run(state, watch)
        if options.seed is not None and not state.count():
            _take_over(state, options.seed, {})
        run_dir = Path(settings.run_dir) if settings.run_dir else new_run_dir(paths[0])
        job = _NightJob(state, loaded, options, paths, run_dir, dry=settings.dry_run)
        strict = settings.with_strict_lists()
        run = Run(run_dir, loaded, strict, confirm, watch, ends, adjust=job.adjust)
        summary = await run.begin(lambda found: opened_inputs(paths, loaded, found), paths)
        if not settings.dry_run:
            job.finish(summary)
        return summary


class _NightJob:
    """One night: what happens between reading and sending, and at its end."""

    def __init__(
        self,
        state: State,
        mapping: ColumnMapping,
        options: SyncOptions,
        paths: Sequence[str],
        run_dir: Path,
        *,
        dry: bool,
    ) -> None:
        self._state = state
        self._mapping = mapping
        self._options = options
        self._paths = paths
        self._run_dir = run_dir
        self._dry = dry
        self._night = _Night()
        self._stats = _stats(paths)

    def adjust(self, journal: Journal, tally: Tally) -> str:
        """Settle rows that need not be sent; return the reason to send nothing, or ``""``."""
        night, known = self._night, self._state.digests()
        last = int(self._state.get("night", "0"))
        before = self._state.keys_of(last) if last else set()
        filled: Counter[str] = Counter()
        groups = _groups(journal, filled)
        night.filled = dict(filled)
        refusals: list[tuple[int, Refusal]] = []
        for key, group in groups.items():
            if known.get(key) == group.digest:
                if not self._options.full:
                    refusals += ((seq, _UNCHANGED) for seq in group.seqs)
            elif key in known:
                night.changed += 1
        journal.add_refusals(refusals)
        present = groups.keys() | set(journal.contacts())
        vanished = sorted(key for key in before - present if not key.startswith(_BARE))
        night.rows, night.contacts = tally.rows_read, len(groups)
        night.vanished = len(vanished)
        night.modified_at = max(modified for _, modified in self._stats)
        reason = "" if self._options.accept else self._why_not(len(before))
        if not reason:
            self._act_on(vanished, journal, tally)
            if not self._dry:
                self._state.put(left_run=str(self._run_dir.resolve()))
        return reason

    def finish(self, summary: Summary) -> None:
        """Store what the run confirmed; the next night is compared with the last good one."""
        facts = {"left_run": ""}
        is_good = summary.exit_code in (0, 1)
        night = int(self._state.get("night", "0")) + 1
        if is_good:
            facts |= {"night": str(night), "last": json.dumps(asdict(self._night))}
        _take_over(self._state, self._run_dir, facts, night=night if is_good else 0)

    def _why_not(self, before: int) -> str:
        """Return why the brake stops this night, or ``""``."""
        if self._stats != _stats(self._paths):
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
                for at, email in enumerate(vanished, 1)
            ],
        )  # fmt: skip
        tally.read(len(vanished))
        journal.remember(rows_read=str(tally.rows_read))


# Rows that are never sent say nothing of what the server has.
_NOT_MEANT = frozenset({Status.DUPLICATE, Status.SUPPRESSED, Status.SKIPPED, Status.INVALID})
_UNCHANGED = Refusal.because(Status.UNCHANGED, "UNCHANGED", "same as last confirmed")


@dataclass(slots=True)
class _Group:
    """All rows of one contact, in file order."""

    seqs: list[int] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def digest(self) -> str:
        whole = hashlib.sha256()
        for body in self.bodies:
            whole.update(hashlib.sha256(body).digest())
        return whole.hexdigest()


def _groups(journal: Journal, filled: Counter[str] | None = None) -> dict[str, _Group]:
    """Key -> the rows of that contact. A row without e-mail is a contact of its own."""
    groups: dict[str, _Group] = {}
    twins: Counter[str] = Counter()
    for seq, email, body, status in journal.payloads():
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


def _take_over(state: State, run_dir: Path, facts: dict[str, str], *, night: int = 0) -> None:
    """Store in the state what a run's journal confirms."""
    confirmed: list[Known] = []
    forgotten: list[str] = []
    moment = now_s()
    last = int(state.get("night", "0"))
    with Journal.open(run_dir / JOURNAL) as journal:
        missing = {n for n, info in journal.sources().items() if info.kind == VANISHED}
        gone = set(journal.contacts(*missing)) if missing else set()
        for key, group in _groups(journal).items():
            statuses = set(group.statuses)
            if key in gone:
                if statuses == {Status.SUCCESS}:
                    confirmed.append(Known(key, "", 0, moment))
            elif statuses == {Status.SUCCESS} or (
                # It may not be sent twice: taken for sent; the report of its night names it.
                key.startswith(_BARE) and statuses == {Status.UNKNOWN}
            ):
                confirmed.append(Known(key, group.digest, night or last, moment))
            elif statuses & {Status.UNKNOWN, Status.SUCCESS}:
                forgotten.append(key)
        seen = set(journal.contacts()) - gone if night else set()
    state.learn(confirmed, forgotten, seen, night=night, facts=facts)


def _take_over_left_run(state: State, progress: Progress) -> None:
    left = state.get("left_run")
    if not left:
        return
    if (Path(left) / JOURNAL).exists():
        progress.say(f"the last run was cut off; what it confirmed is taken over from {left}")
        _take_over(state, Path(left), {"left_run": ""})
    else:
        progress.say(
            f"the last run was cut off and its folder {left} is gone: what it sent is not known and "
            "is sent again"
        )
        state.put(left_run="")


def _refuse_other_account(state: State, settings: Settings) -> None:
    if settings.dry_run:
        return
    known = state.get("endpoint")
    if known and known != settings.endpoint:
        raise SetupError(
            f"{state.path}: the state of {known}, not of {settings.endpoint}; each account and job "
            "has a state file of its own"
        )
    state.put(endpoint=settings.endpoint)


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
