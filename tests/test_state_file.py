"""The state of a nightly job as a file: made, opened, refused, brought up to date, and asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bulk_import.errors import SetupError, StorageError
from bulk_import.jobs.state import (
    CELLS,
    FORMAT,
    KEYS,
    Known,
    Presence,
    State,
    refuse_other_account,
)
from bulk_import.settings import Settings

ANN = Known("a@x.org", "d1", 3, "2026-03-10T11:05:00Z", Presence.HERE, b"c", b"r", 1, "{}")
HTTP = "https://shop.example.com"
ALL = "select key, digest, night, sent_at, presence, cells, rest, shape, mirrored from contact order by key"


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "jobs" / "job.state"


@pytest.fixture
def state(path) -> Iterator[State]:
    with State.open(path) as opened:
        yield opened


def contacts(state: State) -> list[Known]:
    return [Known(*line) for line in state.db.execute(ALL)]


# -- made and opened ---------------------------------------------------------------------------------


def test_a_state_is_made_with_its_folder_for_its_owner_alone(path):
    with State.open(path) as made:
        assert (made.is_empty, made.count(), made.get("format")) == (True, 0, str(FORMAT))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["job.state"]


@pytest.mark.parametrize("options", [{"create": False}, {"read_only": True}])
def test_a_state_that_is_missing_is_made_only_by_who_may_make_it(path, options):
    with pytest.raises(SetupError) as raised:
        State.open(path, **options)
    assert str(raised.value) == f"{path}: no such state file"
    assert not path.parent.exists()


def test_a_state_that_is_looked_at_is_not_written(state, path):
    state.confirm([ANN])
    with State.open(path, read_only=True) as opened:
        assert opened.contact("a@x.org") == Known("a@x.org", "d1", 3, "2026-03-10T11:05:00Z")
        with pytest.raises(
            StorageError, match="not a usable state file: attempt to write a readonly"
        ):
            opened.put(a="b")


def test_a_state_that_cannot_be_made_says_where_and_why(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError) as raised:
        State.open(tmp_path / "file" / "job.state")
    assert str(raised.value).startswith(f"{tmp_path / 'file' / 'job.state'}: cannot be made: ")


def test_a_folder_is_no_state(tmp_path):
    with pytest.raises(StorageError) as raised:
        State.open(tmp_path)
    assert str(raised.value) == f"{tmp_path}: cannot be read: Is a directory"


EMPTY = "the state file is empty, so a disk or a copy has lost it, and every contact would be sent again. Restore it, or delete it to start anew"
OTHER = "is a database, but not a state file; nothing in it was changed. Give the path of the job's state"
NEWER = f"written by a newer version of bulk_import (state format 4; this one knows {FORMAT}); update this installation, nothing was changed"
META = "create table meta (name text, value text); create table contact (key text);"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", EMPTY),
        (b"name,value\n1,2\n", "not a state file; nothing in it was changed"),
        ("create table x (y);", OTHER),
        ("create table meta (key text, value text); create table contact (key text);", OTHER),
        ("create table meta (name text, value text);", OTHER),
        ("META create table record (seq);", OTHER),
        ("META create table request (seq);", OTHER),
        ("META insert into meta values ('format', '4');", NEWER),
    ],
)
def test_what_is_no_state_is_refused_and_stays_as_it_is(tmp_path, content, said):
    path = tmp_path / "job.state"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with closing(sqlite3.connect(path)) as db, db:
            db.executescript(content.replace("META", META))
    before = path.read_bytes()
    with pytest.raises(SetupError) as raised:
        State.open(path)
    assert str(raised.value) == f"{path}: {said}"
    assert path.read_bytes() == before


def test_a_database_without_any_table_becomes_a_state(tmp_path):
    """So does one that was being made when the machine stopped."""
    path = tmp_path / "job.state"
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma user_version = 1")
    with State.open(path) as state:
        assert (state.count(), state.get("format")) == (0, str(FORMAT))


# -- brought up to date ------------------------------------------------------------------------------

FIRST = """
create table meta (name text primary key, value text not null) without rowid;
create table contact (key text primary key, digest text not null, night integer not null, sent_at text not null);
insert into contact values ('a@x.org', 'd1', 3, 'then'), ('b@x.org', 'd2', 2, 'then'), ('bare:x:1', 'd3', 0, 'then');
"""
SECOND = """
create table meta (name text primary key, value text not null) without rowid;
insert into meta values ('format', '2'), ('night', '3');
create table shape (id integer primary key, names text not null unique);
insert into shape values (7, 'lead_email');
create table contact (id integer primary key autoincrement, key, digest, night, sent_at, presence, cells, rest, shape, mirrored, file text);
insert into contact values (5, 'a@x.org', 'd1', 3, 'then', 1, x'63', x'72', 7, '{}', 'a.csv');
insert into contact values (9, 'b@x.org', 'd2', 2, 'then', 0, null, null, null, null, 'a.csv');
delete from contact where id = 9;
"""


def old_state(path: Path, script: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(script)
    return path


@pytest.mark.parametrize(("night", "here"), [(None, None), ("3", "a@x.org"), ("2", "b@x.org")])
def test_contacts_of_the_first_format_are_here_if_the_last_night_confirmed_them(path, night, here):
    with closing(sqlite3.connect(old_state(path, FIRST))) as db, db:
        db.executemany("insert into meta values ('night', ?)", [(night,)] if night else [])
    with State.open(path) as state:
        assert contacts(state) == [
            Known(key, digest, number, "then", int(key == here))
            for key, digest, number in (("a@x.org", "d1", 3), ("b@x.org", "d2", 2), ("bare:x:1", "d3", 0))
        ]  # fmt: skip
        assert (state.get("format"), state.shape_of(b"lead_email=a")) == (str(FORMAT), 1)


def test_contacts_of_the_second_format_keep_all_and_their_numbers(path):
    with State.open(old_state(path, SECOND)) as state:
        assert contacts(state) == [Known("a@x.org", "d1", 3, "then", 1, b"c", b"r", 7, "{}")]
        state.confirm([Known("c@x.org", "d", 1, "")])
        ids = state.db.execute("select id from contact order by id").fetchall()
        assert ids == [(5,), (10,)]  # 9 was used: a night's journal may refer to it
        assert (state.get("night"), state.shape_of(b"lead_email=a")) == ("3", 7)
    with State.open(path) as again:
        assert again.count() == 2


def test_a_state_that_cannot_be_brought_up_to_date_stays_as_it_is(path):
    broken = FIRST.replace("sent_at text not null", "other text").replace("'then'", "null")
    old_state(path, broken)
    with pytest.raises(StorageError, match="not a usable state file"):
        State.open(path)
    with closing(sqlite3.connect(path)) as db:
        tables = {name for (name,) in db.execute("select name from sqlite_master where type = 'table'")}  # fmt: skip
        assert tables == {"meta", "contact"}
        assert db.execute("select count(*) from contact").fetchone() == (3,)


# -- asked and told ----------------------------------------------------------------------------------


def test_facts_are_remembered_by_name(state):
    assert (state.get("x"), state.get("x", "0"), state.get_json("x")) == ("", "0", None)
    state.put(x='{"a": [1]}', y="")
    state.put(x='{"a": [2]}')
    assert (state.get("x"), state.get_json("x"), state.get_json("y")) == ('{"a": [2]}', {"a": [2]}, None)  # fmt: skip


def test_a_contact_is_replaced_whole_by_what_is_confirmed_later(state):
    state.confirm([ANN, Known("b@x.org", "d2", 1, "then")])
    assert contacts(state) == [ANN, Known("b@x.org", "d2", 1, "then", 0, None, None, None, None)]
    state.confirm([Known("a@x.org", "", 4, "now", Presence.OWED)])
    assert contacts(state)[0] == Known("a@x.org", "", 4, "now", 2, None, None, None, None)
    assert [one.key for one in state.contacts()] == ["a@x.org", "b@x.org"]
    assert (state.count(), state.is_empty, state.contact("c@x.org")) == (2, False, None)


def test_contacts_are_forgotten_by_key_and_counted(state):
    state.confirm([ANN, Known("b@x.org", "d2", 1, "then")])
    assert state.forget(["a@x.org", "q@x.org", "a@x.org"]) == 1
    assert [one.key for one in state.contacts()] == ["b@x.org"]


def test_what_a_run_found_out_is_stored_whole_or_not_at_all(state):
    state.confirm([ANN])
    state.learn([Known("a@x.org", "d9", 4, ""), Known("b@x.org", "d2", 4, "")], ["a@x.org"], facts={"night": "4"})  # fmt: skip
    assert [(one.key, one.digest) for one in state.contacts()] == [("a@x.org", "d9"), ("b@x.org", "d2")]  # fmt: skip
    assert state.get("night") == "4"

    def broken() -> Iterator[Known]:
        yield Known("c@x.org", "d3", 5, "")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        state.learn(broken(), ["a@x.org"], facts={"night": "5"})
    assert (state.count(), state.get("night")) == (2, "4")
    with state.transaction():
        state.put(night="6")
    assert state.get("night") == "6"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"", ""),
        (b"a=1&b=2", "a b"),
        (b"a=&b=2&c=", "b"),
        (b"a=1&b=&c=3", "a c"),
        (b"lead_email=x%3Dy", "lead_email"),
    ],
)
def test_a_shape_is_which_fields_have_a_value(state, body, names):
    number = state.shape_of(body)
    assert state.db.execute("select names from shape where id = ?", (number,)).fetchone() == (
        names,
    )
    assert state.shape_of(body) == number
    with State.open(state.path) as again:
        assert again.shape_of(body) == number


def indexes(state: State) -> set[str]:
    return {
        name
        for (name,) in state.db.execute(
            "select name from sqlite_master where type = 'index' and sql is not null"
        )
    }


def test_contacts_have_their_indexes_again_when_many_are_stored(state):
    with state.transaction(), state.without_indexes(KEYS, CELLS):
        state.db.execute(
            "insert into contact (key, digest, night, sent_at) values ('b', 'd', 1, '')"
        )
        assert indexes(state) == set()
    with state.transaction(), state.without_indexes(CELLS):
        assert indexes(state) == {KEYS}
    with state.transaction(), state.without_indexes():
        assert indexes(state) == {KEYS, CELLS}
    state.confirm([ANN, ANN])
    assert [known.key for known in contacts(state)] == ["a@x.org", "b"]


def test_indexes_are_as_they_were_when_storing_fails(state):
    state.confirm([ANN])
    with (
        pytest.raises(ZeroDivisionError),
        state.transaction(),
        state.without_indexes(KEYS, CELLS),
    ):
        state.forget(1 / 0 for _ in "a")
    assert (indexes(state), contacts(state)) == ({KEYS, CELLS}, [ANN])


def test_a_key_that_comes_twice_while_its_index_is_gone_is_not_stored(state):
    state.confirm([ANN])
    with (
        pytest.raises(StorageError, match="UNIQUE constraint failed"),
        state.transaction(),
        state.without_indexes(KEYS, CELLS),
    ):
        state.db.execute(
            "insert into contact (key, digest, night, sent_at) values ('a@x.org', 'd', 1, '')"
        )
    assert (indexes(state), contacts(state)) == ({KEYS, CELLS}, [ANN])


@pytest.mark.parametrize(
    ("known", "mine", "dry_run", "is_refused"),
    [
        ("", HTTP, False, False),
        (HTTP, HTTP, False, False),
        (HTTP, f"{HTTP}/", False, False),
        (HTTP, "https://other.example.com", False, True),
        (HTTP, "https://other.example.com", True, False),
    ],
)
def test_the_state_of_another_account_is_refused(state, known, mine, dry_run, is_refused):
    state.put(endpoint=known)
    settings = Settings(endpoint=mine, dry_run=dry_run)
    if not is_refused:
        refuse_other_account(state, settings)
        return
    with pytest.raises(SetupError) as raised:
        refuse_other_account(state, settings)
    assert str(raised.value) == (
        f"{state.path}: the state of {known}, not of {mine}; each account and job has a state file "
        "of its own"
    )


def test_a_full_disk_is_named_and_what_was_stored_before_is_there(path):
    with State.open(path) as state:
        state.put(night="1")
        pages = state.db.execute("pragma page_count").fetchone()[0]
        state.db.execute(f"pragma max_page_count = {pages}")
        with pytest.raises(StorageError) as raised, state.transaction():
            state.put(night="2", last="x" * 200_000)
        assert str(raised.value) == (
            f"{path}: cannot be read or written (database or disk is full); free some space or correct "
            "the permissions, then run the same command again: nothing is lost"
        )
        assert (state.get("night"), state.get("last")) == ("1", "")
        state.db.execute("pragma max_page_count = 100000")
        state.put(night="2")
