"""A database query as a source: read-only, a snapshot, and no password in any message."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import duckdb
import pytest
from click.testing import CliRunner

from bulk_import import check_file, import_file_async, read_rows, resume_async, sync_async
from bulk_import.cli import cli
from bulk_import.errors import SettingsError, SourceError
from bulk_import.models import Status

MAPPING = (
    "version: 1\nfields:\n  lead_email: email\n  lead_first_name: name\n  lead_description: note\n"
)


@pytest.fixture
def mapping(tmp_path):
    path = tmp_path / "mapping.yml"
    path.write_text(MAPPING)
    return path


@pytest.fixture
def query(tmp_path):
    path = tmp_path / "contacts.sql"
    path.write_text("-- people; of the shop\nSELECT email, name, note FROM people ORDER BY id;\n")
    return path


def _sqlite(path, rows=6):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table people (id integer, email text, name text, note)")
        database.executemany(
            "insert into people values (?, ?, ?, ?)",
            [(at, f"p{at}@x.org", f"P{at} 100%s :x", at / 2) for at in range(rows)],
        )
    return f"sqlite:///{path}"


def _duckdb(path, rows=6):
    with duckdb.connect(str(path)) as database:
        database.execute(
            "create table people (id integer, email text, name text, note decimal(9,2))"
        )
        database.executemany(
            "insert into people values (?, ?, ?, ?)",
            [(at, f"p{at}@x.org", f"P{at} 100%s :x", at / 2) for at in range(rows)],
        )
    return f"duckdb:///{path}"


@pytest.fixture(params=[_sqlite, _duckdb])
def database(request, tmp_path, monkeypatch):
    url = request.param(tmp_path / "crm.db")
    monkeypatch.setenv("BULK_IMPORT_DATABASE", url)
    return url


async def test_the_rows_of_a_query_are_imported(database, query, mapping, sandbox, settings):
    assert check_file(query, mapping).plan.to_send == 6
    summary = await import_file_async(query, mapping, settings(sandbox))
    assert summary.counts[Status.SUCCESS] == 6
    sent = {
        r.email: (r.form["lead_first_name"], r.form.get("lead_description")) for r in sandbox.sent()
    }
    assert sent["p3@x.org"][0] == "P3 100%s :x"
    assert sent["p3@x.org"][1] in ("1.5", "1.50")  # a float, and a decimal with its digits


async def test_a_night_sends_what_changed_in_the_database(
    tmp_path, monkeypatch, query, mapping, sandbox, settings
):
    monkeypatch.setenv("BULK_IMPORT_DATABASE", _sqlite(tmp_path / "crm.db"))
    state = tmp_path / "night.db"
    await sync_async(query, mapping, settings(sandbox, run_dir=tmp_path / "one"), state=state)
    with closing(sqlite3.connect(tmp_path / "crm.db")) as changed, changed:
        changed.execute("update people set name = 'New' where id = 2")
    await sync_async(query, mapping, settings(sandbox, run_dir=tmp_path / "two"), state=state)
    assert [r.email for r in sandbox.sent()][6:] == ["p2@x.org"]


async def test_a_resume_sends_what_the_query_found_when_the_run_began(
    tmp_path, monkeypatch, query, mapping, sandbox, settings
):
    monkeypatch.setenv("BULK_IMPORT_DATABASE", _sqlite(tmp_path / "crm.db"))
    await import_file_async(query, mapping, settings(sandbox, run_dir=tmp_path / "run", limit=2))
    with closing(sqlite3.connect(tmp_path / "crm.db")) as changed, changed:
        changed.execute("delete from people where id > 3")
    summary = await resume_async(tmp_path / "run", settings(sandbox))
    assert summary.counts[Status.SUCCESS] == 6
    assert len(sandbox.sent()) == 6


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM people", "INSERT INTO people VALUES (9)", "-- select\nDROP TABLE people",
        "SELECT 1; DELETE FROM people", "/* ; */ UPDATE people SET name = 'select'", "", "email,name\na,b\n",
        "PRAGMA query_only = OFF", "ATTACH 'x.db' AS x",
    ],
)  # fmt: skip
def test_what_is_not_one_select_is_refused(database, query, text):
    query.write_text(text)
    with pytest.raises(SourceError, match="one SELECT") as caught:
        list(read_rows(query))
    assert caught.value.code == "QUERY_REFUSED"


@pytest.mark.parametrize(
    "text",
    [
        "WITH one AS (SELECT 'a@x.org' AS email) SELECT * FROM one",
        "SELECT 'a@x.org' AS email -- the end;",
        "SELECT 'a@x.org' AS email, 'a;b -- c' AS note;",
    ],
)
def test_one_select_in_any_writing_is_run(database, query, text):
    query.write_text(text)
    assert [row.cells["email"] for row in read_rows(query)] == ["a@x.org"]


def test_a_statement_that_writes_inside_a_select_is_refused_by_the_database(
    tmp_path, monkeypatch, query
):
    monkeypatch.setenv("BULK_IMPORT_DATABASE", _sqlite(tmp_path / "crm.db"))
    query.write_text("WITH gone AS (SELECT 1) DELETE FROM people")
    with pytest.raises(SourceError, match="readonly database"):
        list(read_rows(query))
    with closing(sqlite3.connect(tmp_path / "crm.db")) as database, database:
        assert database.execute("select count(*) from people").fetchone() == (6,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT nothing FROM people", "refuses it"),
        ("SELECT email, name AS email FROM people", "two columns are called 'email'"),
        ("SELECT email FROM people WHERE id > 99", "the query has no rows"),
    ],
)
def test_a_query_that_gives_no_table_says_why(database, query, text, said):
    query.write_text(text)
    with pytest.raises(SourceError, match=said):
        list(read_rows(query))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "set BULK_IMPORT_DATABASE"),
        ("s3cret words", "not a URL of SQLAlchemy"),
        ("sqlite:///nowhere/s3cret.db", "no file"),
        ("nodialect://u:s3cret@h/d", "nodialect"),
        ("postgresql+psycopg://u:s3cret@127.0.0.1:1/d", "the driver of postgresql"),
    ],
)
def test_a_wrong_address_is_refused_and_no_password_is_shown(monkeypatch, query, url, said):
    monkeypatch.setenv("BULK_IMPORT_DATABASE", url)
    with pytest.raises((SettingsError, SourceError), match=said) as caught:
        list(read_rows(query))
    assert "s3cret@" not in str(caught.value)
    assert "s3cret words" not in str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        ("check", "-m", "MAPPING"), ("run", "--dry-run", "-m", "MAPPING"), ("rehearse", "-m", "MAPPING"),
        ("sync", "--dry-run", "-m", "MAPPING", "--state", "night.db", "--endpoint", "http://127.0.0.1:9"),
        ("tags", "--column", "name"), ("explain", "--row", "2", "-m", "MAPPING"), ("init",),
        ("retag", "--dry-run", "--add-tag", "vip", "--endpoint", "http://127.0.0.1:9"),
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_every_command_that_reads_contacts_takes_a_query(
    database, query, mapping, words, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    arguments = [str(mapping) if word == "MAPPING" else word for word in words]
    found = CliRunner().invoke(cli, [*arguments, "--query", str(query)], standalone_mode=False)
    assert (found.exception, found.return_value) == (None, 0), found.output


def test_a_query_is_a_source_beside_files(database, query, mapping, tmp_path):
    (tmp_path / "more.csv").write_text("email,name,note\nmore@x.org,M,n\n")
    words = ["check", str(tmp_path / "more.csv"), "--query", str(query), "-m", str(mapping)]
    found = CliRunner().invoke(cli, words, standalone_mode=False)
    assert "7 rows read; 7 would be sent" in found.output
    assert "the rows of a query, " in found.output
    assert "more.csv: csv, utf-8, delimiter ',', header in row 1, 3 columns\n" in found.output
    assert "header in row 0" not in found.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "-m", "MAPPING"], "Missing argument 'SOURCE...'"),
        (["check", "-m", "MAPPING", "--query", "MAPPING"], "name the file with the query ….sql"),
        (["check", "-m", "MAPPING", "--query", "nowhere.sql"], "does not exist"),
        (["explain", "a.csv", "--row", "2", "-m", "MAPPING", "--query", "QUERY"], "Give one of"),
    ],
)
def test_a_command_says_what_is_wrong_with_its_sources(query, mapping, words, said):
    places = {"MAPPING": str(mapping), "QUERY": str(query)}
    found = CliRunner().invoke(cli, [places.get(word, word) for word in words])
    assert found.exit_code == 2
    assert said in found.output
