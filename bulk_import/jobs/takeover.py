"""What a job's state learns from the journal of a night, or of the run that seeds it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from bulk_import.errors import Message, SetupError, StorageError
from bulk_import.jobs.comparison import BARE, REFUSING, attached, here
from bulk_import.jobs.payloads import digest_of, sha, union
from bulk_import.jobs.state import CELLS, KEYS, Known, Presence, State
from bulk_import.journal import Journal
from bulk_import.journal.database import IN_DOUBT
from bulk_import.models import VANISHED, Status
from bulk_import.progress import Progress
from bulk_import.run.folder import JOURNAL
from bulk_import.run.judging import who_said_no
from bulk_import.run.reporting import stop_facts, write_reports
from bulk_import.settings import Settings
from bulk_import.system.addresses import account_name
from bulk_import.system.clock import now, now_s

_STATUS = f"coalesce(o.status, case when {IN_DOUBT} then 'unknown' else 'not_sent' end)"
_DIGEST = "coalesce(c.digest, digest_alone(c.sha))"
_IS_PLAIN = f"c.digest is null and o.status = 'success' and c.key not like '{BARE}%'"
_STORED = """
insert into contact (key, digest, night, sent_at, presence, cells, rest, shape, mirrored)"""
# Contacts of one row, in the order of the source: a night looks for them in that order.
_PLAIN = f"""{_STORED}
select c.key, digest_alone(c.sha), :night, :moment, {Presence.HERE:d}, c.cells, c.rest, c.shape,
    c.mirrored
from night.compared c join night.ended o using (seq) where {_IS_PLAIN} and {{}} order by c.seq"""
_LEARNED = f"""
create temp table learned as
select c.key as key, min({_DIGEST}) as digest, max(c.cells) as cells,
    max(c.rest) as rest, max(c.shape) as shape, max(c.mirrored) as mirrored,
    group_concat(distinct {_STATUS}) as statuses, c.key like '{BARE}%' as is_bare
from night.compared c join night.record r using (seq) left join night.ended o using (seq)
where ({_IS_PLAIN}) is not 1
group by c.key having sum(coalesce(o.status, '') <> 'unchanged') > 0
order by min(c.seq)"""
# A row that may not be sent twice is taken for sent if it is in doubt; a report names it.
_OTHERS = f"""{_STORED}
select c.key, c.digest, :night, :moment,
    case when c.is_bare then {Presence.GONE:d} else {Presence.HERE:d} end,
    c.cells, c.rest, c.shape, c.mirrored
from temp.learned c
where (c.statuses = 'success' or (c.is_bare and c.statuses = 'unknown')) and {{}}"""
_REPLACED = """
on conflict (key) do update set digest = excluded.digest, night = excluded.night,
    sent_at = excluded.sent_at, presence = excluded.presence, cells = excluded.cells,
    rest = excluded.rest, shape = excluded.shape, mirrored = excluded.mirrored"""
_IS_NEW = "c.key not in (select key from temp.few)"
_IS_KNOWN = "c.key in (select key from temp.few)"
# The account may have what was sent as well as what it had: either may have to be removed.
_UNCERTAIN = f"""
insert into contact (key, digest, night, sent_at, presence, mirrored)
select key, '', :night, :moment, {Presence.HERE:d}, mirrored from temp.learned
where statuses not in ('success', 'unknown') and (statuses like '%success%' or statuses like
'%unknown%') or (statuses = 'unknown' and not is_bare)
on conflict (key) do update set digest = '', cells = null,
    mirrored = either(contact.mirrored, excluded.mirrored)"""
# The journal of a night is gone: whatever it was about to send may have arrived.
_LOST = f"""
insert into contact (key, digest, night, sent_at, presence, mirrored)
select key, '', :night, :moment, {Presence.HERE:d}, mirrored from sending where true
on conflict (key) do update set digest = '', cells = null,
    mirrored = either(contact.mirrored, excluded.mirrored)"""
_DOUBTFUL = "select key from temp.learned where is_bare and statuses = 'unknown'"
_ACTED_ON = f"""
select r.email, {_STATUS} from night.record r left join night.ended o using (seq)
where r.source in ({{}})"""
# What was let go, or settled as unchanged, keeps its payload; its cells may be others.
_NEW_CELLS = """
update contact set cells = s.cells, shape = s.shape from temp.seen s
where s.id = contact.id and s.cells is not null"""
_NOTE_SAME = f"""
create temp table same as
select contact.id, c.cells, c.shape, c.mirrored, c.rest
from night.compared c left join night.ended o using (seq) join contact on contact.key = c.key
where ({_IS_PLAIN}) is not 1 and {_DIGEST} = contact.digest
    and (contact.cells, contact.shape, contact.mirrored, contact.rest)
        is not (c.cells, c.shape, c.mirrored, c.rest)"""
_SAME = """
update contact set cells = c.cells, shape = c.shape, mirrored = c.mirrored, rest = c.rest
from temp.same c where c.id = contact.id"""

_SEEDED = """
drop table if exists temp.seeded;
create temp table seeded (
    seq integer primary key, key text not null, sha blob not null, is_there integer not null
)"""
_SEEDS = """
select key, sha from (
    select key, sha, seq, min(seq) over contact as first, min(is_there) over contact as are_there
    from temp.seeded window contact as (partition by key)
) where are_there order by first, seq"""
_SAID_NO = f"""
update contact set presence = {Presence.SAID_NO:d} where key in (
    select mailbox from temp.refusing
    union all select r.email from night.outcome o join night.record r using (seq)
    where o.status in ('{Status.SKIPPED}', '{Status.INVALID}') and r.email <> ''
        and mailbox_of(r.email) in (select mailbox from temp.refusing))"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a night went, for the state.

    Attributes:
        night: Its number if it was a good one, else 0.
        facts: Remembered in the same transaction.
        lacks_files: A source was missing, so missing contacts are left as they are.
        spared: Missing contacts that are left as they are.
        is_cut_off: Nobody has reported yet what became of its rows: the next night does.
    """

    night: int = 0
    facts: Mapping[str, str] | None = None
    lacks_files: bool = False
    spared: Collection[str] = ()
    is_cut_off: bool = False


def vanished_sources(journal: Journal) -> list[int]:
    """Return the numbers of the made-up sources that hold missing contacts."""
    return [number for number, info in journal.sources().items() if info.kind == VANISHED]


def learn(state: State, run_dir: Path, verdict: Verdict) -> None:
    """Store in the state what a night's journal confirms, in one transaction."""
    last = int(state.get("night", "0"))
    with Journal.open(run_dir / JOURNAL) as journal, attached(state, journal):
        missing = vanished_sources(journal)
        facts = dict(verdict.facts or {})
        endpoint = journal.facts().get("endpoint", "")
        with state.transaction():
            doubtful = _learn_rows(state, verdict.night or last, str(run_dir))
            _learn_actions(state, missing, verdict.night or last)
            _learn_same(state)
            if verdict.night:
                _place(state, missing, verdict)
            _note_who_said_no(state, journal)
            if verdict.is_cut_off:
                facts["doubtful"] = with_doubtful(state, doubtful)
            if not state.get("endpoint") and not state.is_empty:
                facts["endpoint"] = endpoint
            state.db.execute("delete from sending")
            state.put(**facts)


def learn_new_cells(state: State) -> None:
    """Store the digests of cells that were found to give the payload confirmed last."""
    with state.transaction():
        state.db.execute(_NEW_CELLS)


def _learn_rows(state: State, night: int, run_dir: str) -> dict[str, str]:
    """Store what became of the rows of the sources; return the doubtful ones without e-mail."""
    facts = {"night": night, "moment": now_s()}
    state.db.execute("drop table if exists temp.learned")
    state.db.execute(_LEARNED)
    _store(state, facts)
    state.db.create_function("either", 2, _either, deterministic=True)
    state.db.execute(_UNCERTAIN, facts)
    return {key: run_dir for (key,) in state.db.execute(_DOUBTFUL)}


def _store(state: State, facts: Mapping[str, object]) -> None:
    """Store the contacts of which every row was accepted."""
    (accepted,) = state.db.execute(
        "select count(*) from night.ended where status = 'success'"
    ).fetchone()
    known, which = state.count(), "true"
    if 2 * known <= accepted:  # as on the first night: most contacts are new
        state.db.execute("drop table if exists temp.few")
        state.db.execute("create temp table few (key text primary key) without rowid")
        state.db.execute("insert into temp.few select key from contact order by key")
        with state.without_indexes(KEYS, CELLS):
            for statement in (_PLAIN, _OTHERS):
                state.db.execute(statement.format(_IS_NEW), facts)
        if not known:
            return
        which = _IS_KNOWN
    with _changing_cells(state, accepted):
        for statement in (_PLAIN, _OTHERS):
            state.db.execute(statement.format(which) + _REPLACED, facts)


def _learn_same(state: State) -> None:
    """Store the cells of contacts that were found to have the payload confirmed last."""
    state.db.execute("drop table if exists temp.same")
    state.db.execute(_NOTE_SAME)
    (changed,) = state.db.execute("select count(*) from temp.same").fetchone()
    with _changing_cells(state, changed):
        state.db.execute(_SAME)


@contextmanager
def _changing_cells(state: State, contacts: int) -> Iterator[None]:
    """Make the index of cells anew after the block if it changes the cells of many contacts."""
    is_many = contacts > 0 and 4 * contacts >= state.count()
    with state.without_indexes(*([CELLS] if is_many else [])):
        yield


def _either(before: str | None, sent: str | None) -> str | None:
    """Return what a contact may have in mirrored columns; ``None`` if nothing is mirrored."""
    return union(iter((before, sent))) if before or sent else None


def _learn_actions(state: State, missing: Sequence[int], night: int) -> None:
    """Store what became of the actions on missing contacts; what failed or was withheld is owed."""
    done: list[tuple[str]] = []
    unknown: list[tuple[str]] = []
    marks = ",".join(map(str, missing))
    for email, status in state.db.execute(_ACTED_ON.format(marks)).fetchall():
        if status == Status.SUCCESS:
            done.append((email,))
        elif status == Status.UNKNOWN:
            unknown.append((email,))
    state.db.executemany(
        f"update contact set digest = '', cells = null, presence = {Presence.GONE:d}, night = {night}"
        " where key = ?",
        done,
    )
    # The account may have it or not: a contact that comes back is sent.
    state.db.executemany("update contact set digest = '', cells = null where key = ?", unknown)


def _place(state: State, missing: Sequence[int], verdict: Verdict) -> None:
    """Note which contacts a good night held, and which are missing."""
    present = here(missing)
    marks = ",".join(map(str, missing))
    state.db.execute(
        f"update contact set presence = ? where presence <> ? and key not like 'bare:%' and {present}",
        (Presence.HERE, Presence.HERE),
    )
    if verdict.lacks_files:
        return
    # A refused row may name a contact in another spelling. One that is known in that spelling is
    # that contact from now on.
    named = (
        "mailbox_of(key) in (select mailbox_of(email) from night.record"
        f" where email <> '' and source not in ({marks}))"
        f" and mailbox_of(key) not in (select mailbox_of(key) from contact where {present})"
    )
    # What was confirmed tonight is here, without a look at the journal.
    is_of_tonight = f"(night = {verdict.night} and presence = {Presence.HERE:d})"
    state.db.execute("create temp table if not exists spared (key text primary key)")
    state.db.execute("delete from temp.spared")
    state.db.executemany("insert into temp.spared values (?)", ((key,) for key in verdict.spared))
    owed = (
        f"key in (select r.email from night.record r left join night.ended o using (seq)"
        f" where r.source in ({marks})"
        f" and {_STATUS} in ('unknown', 'failed', 'not_sent', 'suppressed'))"
    )
    state.db.execute(
        f"update contact set presence = case when {owed} then ? else ? end"
        f" where presence <> ? and key not like 'bare:%' and not ({is_of_tonight} or {present})"
        f" and not ({named})"
        " and key not in (select key from temp.spared)",
        (Presence.OWED, Presence.GONE, Presence.GONE),
    )


def _note_who_said_no(state: State, journal: Journal) -> None:
    """Note whose rows say no tonight: nothing is sent to them when they are gone, either."""
    state.db.execute(REFUSING)
    state.db.executemany(
        "insert or ignore into temp.refusing values (?)",
        ((mailbox,) for mailbox, _ in who_said_no(journal)),
    )
    state.db.execute(_SAID_NO)


def seed(state: State, run_dir: Path, settings: Settings) -> None:
    """Let a new state begin with the accepted rows of a run.

    Raises:
        SetupError: It is a run of another account than that of *settings*.
    """
    moment = now_s()
    last = int(state.get("night", "0"))
    with Journal.open(run_dir / JOURNAL) as journal:
        endpoint = journal.facts().get("endpoint", "")
        if endpoint and settings.endpoint:
            _refuse_other_seed(run_dir, endpoint, settings.endpoint)
        with state.transaction():
            state.confirm(
                Known(
                    key, digest_of(rows), last, moment,
                    Presence.GONE if key.startswith(BARE) else Presence.HERE,
                )
                for key, rows in _accepted(state, journal)
            )  # fmt: skip
            if not state.is_empty:
                state.put(endpoint=endpoint)


def _refuse_other_seed(run_dir: Path, endpoint: str, mine: str) -> None:
    if account_name(endpoint) != account_name(mine):
        raise SetupError(
            Message(
                "--seed {run_dir}: a run of {endpoint}, not of {mine}; nothing was sent. "
                "Give a run of this account, or leave --seed out",
                run_dir=run_dir,
                endpoint=endpoint,
                mine=mine,
            )
        )


def _accepted(state: State, journal: Journal) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the contacts of which every row was accepted, with the digests of their forms.

    They come in the order of their first rows. As many as there are rows, they are kept on disk.
    """
    for statement in _SEEDED.split(";\n"):
        state.db.execute(statement)
    state.db.executemany("insert into temp.seeded values (?, ?, ?, ?)", _ended(journal))
    for key, lines in groupby(state.db.execute(_SEEDS), itemgetter(0)):
        yield key, (sha for _, sha in lines)
    state.db.execute("drop table temp.seeded")


def _ended(journal: Journal) -> Iterator[tuple[int, str, bytes, bool]]:
    """Yield (seq, key, digest of the form, whether the account has it) of the rows that were meant."""
    twins: Counter[bytes] = Counter()
    for seq, email, body, status in journal.payloads():
        digest = sha(body)
        if not email:
            twins[digest] += 1
        key = email or f"{BARE}{digest.hex()}:{twins[digest]}"
        if status is Status.SUCCESS or (not email and status is Status.UNKNOWN):
            yield seq, key, digest, True
        elif status in (Status.UNKNOWN, Status.FAILED, Status.NOT_SENT):
            yield seq, key, digest, False


def with_doubtful(state: State, more: Mapping[str, str]) -> str:
    """Return the doubtful rows without e-mail that the next night lists, as the state keeps them."""
    return json.dumps((state.get_json("doubtful") or {}) | dict(more))


def take_over_left_run(state: State, progress: Progress) -> None:
    """Store what a night that was cut off confirmed, and write its reports."""
    left = state.get("left_run")
    if not left:
        return
    if (Path(left) / JOURNAL).exists():
        progress.say(
            Message(
                "the last run was cut off; what it confirmed is taken over from {left}", left=left
            )
        )
        with Journal.open(Path(left) / JOURNAL) as journal:
            if lost := journal.find_losses():
                progress.say(lost)
        _report_cut_off(Path(left), progress)
        learn(state, Path(left), Verdict(facts={"left_run": "", "left_bare": ""}, is_cut_off=True))
        return
    bare: Sequence[str] = state.get_json("left_bare") or ()
    progress.say(
        Message(
            "the last run was cut off and its folder {left} is gone: what it sent is not "
            "known and is sent again",
            left=left,
        )
        + (
            Message(", except {n:,} rows without e-mail, which are now unknown", n=len(bare))
            if bare
            else ""
        )
    )
    last, moment = int(state.get("night", "0")), now_s()
    with state.transaction():
        state.db.create_function("either", 2, _either, deterministic=True)
        state.db.execute(_LOST, {"night": last, "moment": moment})
        state.db.execute("delete from sending")
        state.confirm(Known(key, _digest_of_bare(key), last, moment) for key in bare)
        doubtful = with_doubtful(state, dict.fromkeys(bare, left))
        state.put(left_run="", left_bare="", doubtful=doubtful)


def _digest_of_bare(key: str) -> str:
    return hashlib.sha256(bytes.fromhex(key.split(":")[1])).hexdigest()


def _report_cut_off(run_dir: Path, progress: Progress) -> None:
    """Write the reports of a night that was cut off; one that cannot be written stops nothing."""
    try:
        with Journal.open(run_dir / JOURNAL) as journal:
            journal.settle_doubts()
            facts = journal.facts()
            if not facts.get("finished_at"):
                journal.remember(
                    **stop_facts(Message("cut off; the next night took over")), finished_at=now()
                )
            journal.remember(taken_over="1")
            write_reports(journal, run_dir, safe=False)
    except StorageError as exc:
        progress.say(
            Message("the reports of {run_dir} cannot be written: {exc}", run_dir=run_dir, exc=exc)
        )
