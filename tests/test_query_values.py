"""What a query of a database writes: one object for each row, each value as it is, and what it says when it cannot."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bulk_import.errors import SettingsError, SourceError
from bulk_import.sources.query import is_query, run_query


@pytest.fixture
def query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a query; its database has 1,500 numbers."""
    with closing(sqlite3.connect(tmp_path / "crm.db")) as database, database:
        database.execute("create table numbers (n integer)")
        database.executemany("insert into numbers values (?)", ([n] for n in range(1500)))
    monkeypatch.setenv("BULK_IMPORT_DATABASE", f"sqlite:///{tmp_path / 'crm.db'}")
    return tmp_path / "q.sql"


def written(query: Path, text: str | bytes, most_bytes: int = 1 << 20) -> list[dict[str, Any]]:
    query.write_bytes(text if isinstance(text, bytes) else text.encode())
    target = io.BytesIO()
    run_query(str(query), target, most_bytes=most_bytes)
    return [json.loads(line) for line in target.getvalue().decode().splitlines()]


def refusal(query: Path, text: str | bytes, most_bytes: int = 1 << 20) -> tuple[str, str]:
    with pytest.raises(SourceError) as caught:
        written(query, text, most_bytes)
    return caught.value.code, str(caught.value)


def test_a_query_is_a_file_here_whose_name_ends_so():
    assert is_query("a.sql")
    assert is_query("/x/A.SQL")
    assert not is_query("a.sql.csv")
    assert not is_query("https://x.org/a.sql")


def test_all_rows_are_written_in_their_order_however_many_are_fetched_together(query):
    found = written(query, "SELECT n, 'Zoë' AS name FROM numbers ORDER BY n")
    assert [row["n"] for row in found] == list(range(1500))
    assert {row["name"] for row in found} == {"Zoë"}


def test_values_of_sqlite_are_as_they_are(query):
    text = "SELECT NULL AS a, 1 AS b, 1.5 AS c, '007' AS d, 9e999 AS e, ':x %s' AS f, \"n\" FROM numbers LIMIT 1"
    assert written(query, text) == [
        {"a": None, "b": 1, "c": 1.5, "d": "007", "e": None, "f": ":x %s", "n": 0}
    ]


def test_values_of_other_databases_have_the_text_of_a_spreadsheet(query, tmp_path, monkeypatch):
    duckdb.connect(str(tmp_path / "crm.duck")).close()
    monkeypatch.setenv("BULK_IMPORT_DATABASE", f"duckdb:///{tmp_path / 'crm.duck'}")
    text = """SELECT 1.50::decimal(9,2) AS a, DATE '2024-05-12' AS b, TIMESTAMP '2024-05-12 14:30:05' AS c,
        TIME '09:05:00' AS d, true AS e, ['x', 'y'] AS f, {'k': DATE '2024-05-12'} AS g,
        '5b1d3b0e-0000-4000-8000-000000000001'::uuid AS h, '12345678901234567890.50'::decimal(38,2) AS i"""
    assert written(query, text) == [
        {
            "a": "1.50",
            "b": "2024-05-12",
            "c": "2024-05-12 14:30:05",
            "d": "09:05:00",
            "e": True,
            "f": ["x", "y"],
            "g": {"k": "2024-05-12"},
            "h": "5b1d3b0e-0000-4000-8000-000000000001",
            "i": "12345678901234567890.50",
        }
    ]


def test_bytes_are_no_text(query):
    assert refusal(query, "SELECT x'00ff' AS photo") == (
        "QUERY_REFUSED",
        f"{query}: column 'photo' holds bytes; cast it to text",
    )


def test_two_columns_of_one_name_are_refused(query):
    assert refusal(query, "SELECT 1 AS a, 2 AS b, 3 AS b, 4 AS a") == (
        "QUERY_REFUSED",
        f"{query}: two columns are called 'a'; name one of them with AS",
    )


def test_a_query_without_rows_is_empty(query):
    assert refusal(query, "SELECT 1 WHERE 1 = 0") == (
        "SOURCE_EMPTY",
        f"{query}: the query has no rows",
    )


def test_rows_are_written_up_to_the_limit_of_bytes(query):
    text = "SELECT 'abc' AS a FROM numbers"  # 13 bytes each
    assert json.dumps({"a": "abc"}) + "\n" == '{"a": "abc"}\n'
    assert len(written(query, text, 13 * 1500)) == 1500
    assert refusal(query, text, 13 * 1500 - 1) == (
        "SOURCE_BOMB",
        f"{query}: more than 19,499 bytes",
    )


ONE_SELECT = "a query as a source is one SELECT; of a dump of a database, export the table as CSV"


@pytest.mark.parametrize(
    "text",
    [
        "  select 1 AS a", "VALUES (1)", "SELECT 1 AS a;;\n", "\ufeffSELECT 1 AS a", "/* DROP; */ SELECT 1 AS a", "SELECT 1 AS \"a;b\"", "SELECT 1 AS `a;b`",
        "SELECT 'it''s; fine' AS a", "-- x;\nSELECT 1 AS a",
    ],
)  # fmt: skip
def test_a_semicolon_within_texts_names_and_comments_ends_nothing(query, text):
    assert len(written(query, text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "SELECT 1; SELECT 2",
        "delete from numbers",
        "selected",
        "1",
        "-- SELECT 1",
        "'SELECT 1'",
        "SELECT 1 AS a;b",
    ],
)
def test_what_is_not_one_select_is_refused(query, text):
    assert refusal(query, text) == ("QUERY_REFUSED", f"{query}: {ONE_SELECT}")


def test_a_query_has_a_megabyte_at_most(query):
    text = b"SELECT 1 AS a".ljust(1 << 20)
    assert written(query, text) == [{"a": 1}]
    assert refusal(query, text + b" ") == ("QUERY_REFUSED", f"{query}: {ONE_SELECT}")
    # Nothing of a larger file is looked at: it is a dump.
    assert refusal(query, text + b"\xff") == ("QUERY_REFUSED", f"{query}: {ONE_SELECT}")


def test_a_query_that_cannot_be_read_is_said(query):
    assert refusal(query, b"SELECT '\xff'") == (
        "ENCODING_WRONG",
        f"{query}: not UTF-8; save it as UTF-8",
    )
    query.unlink()
    with pytest.raises(SourceError) as caught:
        run_query(str(query), io.BytesIO(), most_bytes=1)
    assert (caught.value.code, str(caught.value)) == (
        "SOURCE_UNREADABLE",
        f"{query}: cannot be read: No such file or directory",
    )


def test_what_the_database_refuses_is_said_in_its_first_line(query):
    assert refusal(query, "SELECT x FROM numbers") == (
        "QUERY_REFUSED",
        f"{query}: sqlite refuses it: no such column: x",
    )


def test_nothing_is_written_to_the_database(query, tmp_path):
    code, said = refusal(query, "WITH x AS (SELECT 1) INSERT INTO numbers VALUES (9)")
    assert (code, said) == (
        "QUERY_REFUSED",
        f"{query}: sqlite refuses it: attempt to write a readonly database",
    )
    with closing(sqlite3.connect(tmp_path / "crm.db")) as database:
        assert database.execute("select count(*) from numbers").fetchone() == (1500,)


def test_a_select_that_writes_is_refused_as_well(query, tmp_path, monkeypatch):
    path = tmp_path / "crm.duck"
    with duckdb.connect(str(path)) as database:
        database.execute("create sequence s")
    monkeypatch.setenv("BULK_IMPORT_DATABASE", f"duckdb:///{path}")
    code, said = refusal(query, "SELECT nextval('s') AS n")
    assert code == "QUERY_REFUSED"
    assert said.startswith(f"{query}: duckdb refuses it: ")
    assert "read-only" in said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "q.sql: a query needs a database: set BULK_IMPORT_DATABASE in the environment or in .env, such as postgresql+psycopg://reader@db.example.org/crm"),
        (" ", "q.sql: a query needs a database: set BULK_IMPORT_DATABASE in the environment or in .env, such as postgresql+psycopg://reader@db.example.org/crm"),
        ("x", "BULK_IMPORT_DATABASE: not a URL of SQLAlchemy, such as sqlite:///crm.db"), ("sqlite:///nowhere.db", "BULK_IMPORT_DATABASE: no file nowhere.db"),
        ("duckdb:///nowhere.db", "BULK_IMPORT_DATABASE: no file nowhere.db"),
    ],
)  # fmt: skip
def test_an_address_that_leads_nowhere_is_said(query, tmp_path, monkeypatch, url, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BULK_IMPORT_DATABASE", url)
    Path("q.sql").write_text("SELECT 1 AS a", "utf-8")
    with pytest.raises(SettingsError) as caught:
        run_query("q.sql", io.BytesIO(), most_bytes=99)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"]
)
def test_a_database_in_memory_needs_no_file(query, monkeypatch, url):
    monkeypatch.setenv("BULK_IMPORT_DATABASE", url)
    assert written(query, "SELECT 1 AS a") == [{"a": 1}]
