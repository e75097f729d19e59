"""The rows of a query as they are written down: each kind of value, how much, and what is refused before it is run."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from bulk_import.errors import SettingsError, SourceError
from bulk_import.sources.query import is_query, run_query
from tests.test_fetched_sources import Target


@pytest.fixture
def query(tmp_path: Path) -> Path:
    return tmp_path / "a.sql"


@pytest.fixture
def sqlite_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "crm.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table people (id integer, name text)")
        database.executemany(
            "insert into people values (?, ?)", [(n, f"P{n}") for n in range(2500)]
        )
    monkeypatch.setenv("BULK_IMPORT_DATABASE", f" sqlite:///{path} ")
    return path


@pytest.fixture
def duck_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "crm.duckdb"
    duckdb.connect(str(path)).close()
    monkeypatch.setenv("BULK_IMPORT_DATABASE", f"duckdb:///{path}")
    return path


def rows(query: Path, text: str, most_bytes: int = 1 << 20) -> list[dict[str, object]]:
    query.write_text(text, "utf-8")
    target = Target()
    target.blocks.clear()
    run_query(str(query), target, most_bytes=most_bytes)
    return [json.loads(line) for line in b"".join(target.blocks).decode().splitlines()]


def refused(query: Path, text: str, most_bytes: int = 1 << 20) -> tuple[str, str]:
    with pytest.raises(SourceError) as caught:
        rows(query, text, most_bytes)
    return caught.value.code, str(caught.value).replace(str(query), "FILE")


@pytest.mark.parametrize(
    ("path", "is_one"),
    [("a.sql", True), ("A.SQL", True), ("x/a.sql", True), ("a.sql.csv", False), ("https://h/a.sql", False), ("sql", False)],
)  # fmt: skip
def test_a_query_is_a_file_of_this_machine_with_its_ending(path, is_one):
    assert is_query(path) is is_one


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NULL", None), ("'Ä ''x'''", "Ä 'x'"), ("7", 7), ("1.5", 1.5), ("7.0", 7.0), ("1e15", 1e15), ("-0.25", -0.25), ("9007199254740993", 9_007_199_254_740_993),
        ("9e999", None), ("-9e999", None), ("1e300", 1e300),
    ],
)  # fmt: skip
def test_a_value_of_sqlite_is_written_as_it_is_meant(sqlite_file, query, written, value):
    assert rows(query, f"SELECT {written} AS v") == [{"v": value}]


def test_bytes_are_no_text(sqlite_file, query):
    assert refused(query, "SELECT x'00ff' AS photo") == (
        "QUERY_REFUSED",
        "FILE: column 'photo' holds bytes; cast it to text",
    )


def test_rows_come_in_their_order_however_many_are_fetched_together(sqlite_file, query):
    found = rows(query, "SELECT name, id FROM people ORDER BY id DESC;\n")
    assert found == [{"name": f"P{n}", "id": n} for n in range(2499, -1, -1)]
    assert list(found[0]) == ["name", "id"]


def test_the_rows_of_a_query_may_be_so_many_bytes_and_no_more(sqlite_file, query):
    text = "SELECT 'ä' AS v"
    size = len('{"v": "ä"}\n'.encode())
    assert rows(query, text, most_bytes=size) == [{"v": "ä"}]
    assert refused(query, text, most_bytes=size - 1) == ("SOURCE_BOMB", f"FILE: more than {size - 1} bytes")  # fmt: skip
    assert refused(query, "SELECT id FROM people", most_bytes=30_000)[0] == "SOURCE_BOMB"


def test_a_query_without_rows_or_with_two_columns_of_one_name_is_refused(sqlite_file, query):
    assert refused(query, "SELECT id FROM people WHERE id > 9999") == (
        "SOURCE_EMPTY",
        "FILE: the query has no rows",
    )
    assert refused(query, "SELECT 1 AS a, 2 AS b, 3 AS b, 4 AS a") == (
        "QUERY_REFUSED",
        "FILE: two columns are called 'a'; name one of them with AS",
    )


ONE = "FILE: a query as a source is one SELECT; of a dump of a database, export the table as CSV"


@pytest.mark.parametrize(
    "text",
    [
        "WITH a AS (SELECT 1 AS v) SELECT v FROM a", "values (1)", "-- ; x\nSELECT 1 /* ; DELETE */", "SELECT 1;;\n ;", "SELECT ';' AS v", "select `id;x` from (select 1 as `id;x`)",
        'SELECT 1 AS "a;b"', "\ufeffSELECT 1", "/**/SELECT 1", "SELECT 'it''s; fine'",
    ],
)  # fmt: skip
def test_one_statement_that_reads_is_run(sqlite_file, query, text):
    assert len(rows(query, text)) == 1


@pytest.mark.parametrize(
    "text",
    ["", " ", ";", "DELETE FROM people", "SELECT 1; SELECT 2", "SELECT 'a'; --x\nDROP TABLE people", "EXPLAIN SELECT 1", "-- SELECT 1", "SELECT1", "a,b\n1,2\n"],
)  # fmt: skip
def test_anything_else_is_refused_before_the_database_sees_it(monkeypatch, query, text):
    monkeypatch.setenv("BULK_IMPORT_DATABASE", "nodialect://nowhere")
    assert refused(query, text) == ("QUERY_REFUSED", ONE)


def test_a_query_is_text_of_a_megabyte_at_most(sqlite_file, query):
    space = " " * ((1 << 20) - len("SELECT 1 AS v"))
    assert rows(query, f"SELECT{space} 1 AS v") == [{"v": 1}]
    assert refused(query, f"SELECT{space}  1 AS v") == ("QUERY_REFUSED", ONE)
    query.write_bytes(b"SELECT '\xff'")
    with pytest.raises(SourceError) as caught:
        run_query(str(query), Target(), most_bytes=9)
    assert (caught.value.code, str(caught.value)) == ("ENCODING_WRONG", f"{query}: not UTF-8; save it as UTF-8")  # fmt: skip
    with pytest.raises(SourceError) as caught:
        run_query(f"{query}.none.sql", Target(), most_bytes=9)
    assert (caught.value.code, str(caught.value)) == (
        "SOURCE_UNREADABLE",
        f"{query}.none.sql: cannot be read: No such file or directory",
    )


def test_nothing_that_a_query_does_is_kept(sqlite_file, query):
    code, said = refused(query, "WITH a AS (SELECT 1) INSERT INTO people VALUES (1, 'x')")
    assert (code, "sqlite refuses it: attempt to write a readonly database" in said) == ("QUERY_REFUSED", True)  # fmt: skip
    with closing(sqlite3.connect(sqlite_file)) as database:
        assert database.execute("select count(*) from people").fetchone() == (2500,)
    assert refused(query, "SELECT missing FROM people")[1] == "FILE: sqlite refuses it: no such column: missing"  # fmt: skip


@pytest.mark.parametrize("url", ["sqlite:///none/x.db", "duckdb:///none/x.db"])
def test_a_database_that_is_not_there_is_not_made(tmp_path, monkeypatch, query, url):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none").mkdir()
    monkeypatch.setenv("BULK_IMPORT_DATABASE", url)
    with pytest.raises(SettingsError) as caught:
        rows(query, "SELECT 1 AS v")
    assert str(caught.value) == "BULK_IMPORT_DATABASE: no file none/x.db"
    assert list((tmp_path / "none").iterdir()) == []


def test_a_database_in_memory_needs_no_file(monkeypatch, query):
    for url in ("sqlite://", "sqlite:///:memory:"):
        monkeypatch.setenv("BULK_IMPORT_DATABASE", url)
        assert rows(query, "SELECT 1 AS v") == [{"v": 1}]


def test_values_of_other_databases_are_written_as_they_are_shown(duck_file, query):
    (row,) = rows(
        query,
        "SELECT 1.50::decimal(9,2) AS money, date '2024-05-12' AS day, timestamp '2024-05-12 14:30:15' AS moment, time '09:05:00' AS time, "
        "true AS yes, [1, 2] AS list, {'a': date '2024-05-12'} AS object, 7.0::double AS whole, 'nan'::double AS none, "
        "uuid '00000000-0000-0000-0000-000000000001' AS id",
    )
    expected = {
        "money": "1.50", "day": "2024-05-12", "moment": "2024-05-12 14:30:15", "time": "09:05:00", "yes": True, "list": [1, 2],
        "object": {"a": "2024-05-12"}, "id": "00000000-0000-0000-0000-000000000001",
    }  # fmt: skip
    assert row == expected | {"whole": 7.0, "none": None}
