"""A database query as a source: a file with one SELECT, run read-only; its rows become a private snapshot.

The database's URL, password included, comes from the environment alone (``BULK_IMPORT_DATABASE``).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from bulk_import.errors import BulkImportError, Message, SettingsError, SourceError
from bulk_import.sources.remote import Target
from bulk_import.system.environment import DATABASE_VARIABLE, variables

_LONGEST = 1 << 20  # bytes of a query
_ROWS = 1000  # fetched together
# What tells a text from a statement that begins in the middle of one.
_SKIPPED = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\$(\w*)\$.*?\$\1\$""", re.DOTALL
)
_READS = frozenset({"select", "with", "values", "from", "table"})
# What makes a transaction, or a connection, refuse to write; databases that are not here roll back.
_READ_ONLY = {
    "postgresql": "SET TRANSACTION READ ONLY",
    "cockroachdb": "SET TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}


def is_query(path: str) -> bool:
    """Whether *path* is a file with a query."""
    return path.lower().endswith(".sql") and "://" not in path


def run_query(path: str, target: Target, *, most_bytes: int) -> None:
    """Run the query in the file *path*, and write its rows to *target* as JSON Lines.

    Raises:
        SourceError: It is not one SELECT, or the database refuses it. No password is in the message.
        SettingsError: The database's URL is missing or wrong, or its driver is missing.
    """
    query = _query(path)
    with _connected(path) as connection:
        found = connection.exec_driver_sql(query, execution_options={"no_parameters": True})
        columns = _columns(found.keys(), path)
        size = 0
        while lines := found.fetchmany(_ROWS):
            text = "".join(_line(columns, values, path) for values in lines).encode()
            size += len(text)
            if size > most_bytes:
                raise SourceError(
                    Message(
                        "{path}: more than {most_bytes:,} bytes", path=path, most_bytes=most_bytes
                    ),
                    code="SOURCE_BOMB",
                )
            target.write(text)
    if not size:
        raise SourceError(Message("{path}: the query has no rows", path=path), code="SOURCE_EMPTY")


def _query(path: str) -> str:
    try:
        raw = Path(path).read_bytes()
        text = "" if len(raw) > _LONGEST else raw.decode("utf-8-sig").strip()
    except OSError as exc:
        raise SourceError(
            Message("{path}: cannot be read: {strerror}", path=path, strerror=exc.strerror or exc),
            code="SOURCE_UNREADABLE",
        ) from None
    except UnicodeDecodeError:
        raise SourceError(
            Message("{path}: not UTF-8; save it as UTF-8", path=path), code="ENCODING_WRONG"
        ) from None
    bare = _SKIPPED.sub(lambda found: " " if found[0][0] in "-/" else "''", text).strip()
    bare = bare.rstrip("; \n\t\r")
    word = re.match(r"[\s(]*(\w*)", bare)
    if ";" in bare or word is None or word[1].lower() not in _READS:
        raise SourceError(
            Message(
                "{path}: a query as a source is one SELECT; of a dump of a database, export "
                "the table as CSV",
                path=path,
            ),
            code="QUERY_REFUSED",
        )
    return text.rstrip("; \n\t\r")


@contextmanager
def _connected(path: str) -> Iterator[Any]:
    """Yield a connection whose transaction is rolled back; errors do not show the URL."""
    try:
        import sqlalchemy
    except ImportError:
        raise SettingsError(
            Message(
                "{path}: a query needs SQLAlchemy: pip install 'bulk_import[sql]', and your "
                "database's driver",
                path=path,
            )
        ) from None
    url = _url(path, sqlalchemy)
    try:
        options = {"connect_args": {"read_only": True}} if url.drivername == "duckdb" else {}
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool, **options)
        _refuse_missing(url)
        with engine.connect() as connection:
            statement = _READ_ONLY.get(url.get_backend_name())
            if statement is not None:
                connection.exec_driver_sql(statement)
            try:
                yield connection.execution_options(stream_results=True)
            finally:
                connection.rollback()
    except BulkImportError:
        raise
    except ModuleNotFoundError as exc:
        raise SettingsError(
            Message(
                "{database_variable}: the driver of {drivername} is missing ({name}); install it",
                database_variable=DATABASE_VARIABLE,
                drivername=url.drivername,
                name=exc.name,
            )
        ) from None
    except Exception as exc:  # noqa: BLE001 - every driver has errors of its own
        reason = str(getattr(exc, "orig", None) or exc).strip().splitlines()
        raise SourceError(
            Message(
                "{path}: {get_backend_name} refuses it: {hidden}",
                path=path,
                get_backend_name=url.get_backend_name(),
                hidden=_hidden(reason[0] if reason else "", url),
            ),
            code="QUERY_REFUSED",
        ) from None


def _url(path: str, sqlalchemy: Any) -> Any:
    text = variables(None, Path(".env")).get(DATABASE_VARIABLE, "").strip()
    if not text:
        raise SettingsError(
            Message(
                "{path}: a query needs a database: set {database_variable} in the "
                "environment or in .env, such as "
                "postgresql+psycopg://reader@db.example.org/crm",
                path=path,
                database_variable=DATABASE_VARIABLE,
            )
        )
    try:
        return sqlalchemy.make_url(text)
    except Exception:  # noqa: BLE001 - its message shows the URL, and with it the password
        raise SettingsError(
            Message(
                "{database_variable}: not a URL of SQLAlchemy, such as sqlite:///crm.db",
                database_variable=DATABASE_VARIABLE,
            )
        ) from None


def _refuse_missing(url: Any) -> None:
    """Refuse a file that is not there: SQLite would make an empty database of it."""
    is_file = url.get_backend_name() in ("sqlite", "duckdb")
    name = url.database or ":memory:"
    if is_file and name != ":memory:" and "file:" not in name and not Path(name).is_file():
        raise SettingsError(
            Message(
                "{database_variable}: no file {name}",
                database_variable=DATABASE_VARIABLE,
                name=name,
            )
        )


def _hidden(text: str, url: Any) -> str:
    return text.replace(url.password, "***") if url.password else text


def _columns(names: Sequence[str], path: str) -> list[str]:
    columns = [str(name) for name in names]
    twice = [name for name, times in Counter(columns).items() if times > 1]
    if twice:
        raise SourceError(
            Message(
                "{path}: two columns are called {twice!r}; name one of them with AS",
                path=path,
                twice=twice[0],
            ),
            code="QUERY_REFUSED",
        )
    return columns


def _line(columns: Sequence[str], values: Sequence[Any], path: str) -> str:
    cells = {name: _cell(value, name, path) for name, value in zip(columns, values, strict=True)}
    return json.dumps(cells, ensure_ascii=False) + "\n"


def _cell(value: object, column: str, path: str) -> object:
    """Return a value as JSON has it, or as the text that a spreadsheet would show."""
    from decimal import Decimal  # no other source needs it

    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | dict | tuple):
        return json.loads(json.dumps(value, default=str))
    if isinstance(value, bytes | bytearray | memoryview):
        raise SourceError(
            Message(
                "{path}: column {column!r} holds bytes; cast it to text", path=path, column=column
            ),
            code="QUERY_REFUSED",
        )
    return str(value)
