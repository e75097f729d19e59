"""What the sandbox's account holds: contacts, tags and lists, and every request that was made.

Its own small SQLite store, so that a test or a person can look at it with any SQLite tool, also
after the process was killed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from bulk_import.api.fields import FIELDS, Kind
from bulk_import.errors import SetupError

_SETS = {
    "add_tags": ("tags", True),
    "remove_tags": ("tags", False),
    "add_to_lists": ("lists", True),
    "remove_from_lists": ("lists", False),
}
_VALUE_FIELDS = tuple(
    name for name, known in FIELDS.items() if known.kind not in (Kind.TAGS, Kind.LISTS)
)

_SCHEMA = """
create table if not exists contact (
    id integer primary key, email text, fields text not null, extra text not null,
    tags text not null, lists text not null, writes integer not null
);
create unique index if not exists contact_email on contact (email) where email <> '';
create table if not exists request (
    number integer primary key, at real not null, ended real, method text not null,
    form text not null, email text not null, applied integer not null, answer text not null
);
"""


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as the sandbox holds it.

    Attributes:
        fields: Parameters of ``addupdatelead``, without tags and lists.
        writes: How many requests were applied to it.
    """

    id: int
    email: str
    fields: Mapping[str, str]
    extra: Mapping[str, str]
    tags: tuple[str, ...]
    lists: tuple[str, ...]
    writes: int


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the sandbox saw it.

    Attributes:
        at, ended: Seconds on the server's monotonic clock.
        form: Without the key.
        applied: Whether a contact was changed by it.
        answer: What the client was told; ``(lost)`` when it was told nothing.
    """

    number: int
    at: float
    ended: float | None
    method: str
    form: Mapping[str, str]
    email: str
    applied: bool
    answer: str


@dataclass(slots=True)
class Account:
    """The lists and managers of the pretended account."""

    lists: dict[str, str] = field(
        default_factory=lambda: {
            "1473249885.2899961004": "Newsletter",
            "1502871133.0046201177": "Customers",
            "super": "Super",
            "clients_1": "Clients",
        }
    )
    managers: dict[str, str] = field(
        default_factory=lambda: {"101": "Vera Lindqvist", "102": "Omar Haddad"}
    )


class _AllOfThem(dict[str, str]):
    def __contains__(self, key: object) -> bool:
        return True


class EveryList(Account):
    """An account that has every list there can be, for rehearsals."""

    def __init__(self) -> None:
        super().__init__(lists=_AllOfThem())


class Store:
    """Contacts and requests in one SQLite file, or in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        if path is not None:
            self._refuse_foreign(path)
            # Survives a kill of this process, which is what harnesses do; not a power loss.
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = off")
        self._db.executescript(_SCHEMA)

    def _refuse_foreign(self, path: Path) -> None:
        """Refuse a file that is there and is not a sandbox's: tables would be added to it."""
        try:
            tables = {n for (n,) in self._db.execute("select name from sqlite_master")}
        except sqlite3.DatabaseError as exc:
            self._db.close()
            raise SetupError(f"{path}: not a database of a sandbox ({exc})") from None
        if tables and "request" not in tables:
            self._db.close()
            raise SetupError(f"{path}: is a database, but not a sandbox's; give another path")

    def close(self) -> None:
        self._db.close()

    def apply(self, form: Mapping[str, str]) -> int:
        """Create or update a contact; return its id.

        The e-mail is the key, compared lower-cased. Without one a new contact is made each time.
        A given field is replaced, an empty one cleared, an absent one left alone.
        """
        email = form.get("lead_email", "").strip()
        known = self._by_email(email) if email else None
        fields = dict(known.fields) if known else {}
        extra = dict(known.extra) if known else {}
        sets = {"tags": list(known.tags), "lists": list(known.lists)} if known else {}
        sets = {name: sets.get(name, []) for name in ("tags", "lists")}
        for name, value in form.items():
            if name in _SETS:
                _change(sets, *_SETS[name], value)
            elif name in FIELDS:
                _put(fields, name, value)
            elif name != "hash":  # of API 1.0: not a custom field
                _put(extra, name, value)
        packed = (
            email.lower(),
            _dump(fields),
            _dump(extra),
            _dump(sets["tags"]),
            _dump(sets["lists"]),
        )
        if known:
            self._db.execute(
                "update contact set email=?, fields=?, extra=?, tags=?, lists=?, writes=writes+1"
                " where id=?",
                (*packed, known.id),
            )
            return known.id
        cursor = self._db.execute(
            "insert into contact (email, fields, extra, tags, lists, writes) values (?,?,?,?,?,1)",
            packed,
        )
        return int(cursor.lastrowid or 0)

    def contacts(self, *, limit: int = -1, offset: int = 0) -> Iterator[Contact]:
        """Yield contacts in the order in which they were made."""
        query = "select * from contact order by id limit ? offset ?"
        for line in self._db.execute(query, (limit, offset)).fetchall():
            yield _contact(line)

    def contact(self, email: str) -> Contact | None:
        """Return the contact with that address."""
        return self._by_email(email)

    def note(self, request: Request) -> None:
        """Remember a request, or what became of it."""
        self._db.execute(
            "insert or replace into request values (?,?,?,?,?,?,?,?)",
            (
                request.number,
                request.at,
                request.ended,
                request.method,
                _dump(dict(request.form)),
                request.email,
                int(request.applied),
                request.answer,
            ),
        )

    def requests(self, method: str | None = None) -> list[Request]:
        """Return the requests so far, first to last; of one method if asked."""
        lines = self._db.execute(
            "select * from request where ? is null or method = ? order by number", (method, method)
        )
        return [_request(line) for line in lines]

    def count(self, table: str) -> int:
        """Number of rows of ``contact`` or ``request``."""
        query = {
            "contact": "select count(*) from contact",
            "request": "select count(*) from request",
        }
        return int(self._db.execute(query[table]).fetchone()[0])

    def members(self, what: str) -> dict[str, int]:
        """Return tag (or list) -> number of contacts, most frequent first."""
        column = {"tags": "tags", "lists": "lists"}[what]
        query = (
            f"select value, count(*) as n from contact, json_each({column})"  # noqa: S608 - ours
            " group by value order by n desc, value"
        )
        return dict(self._db.execute(query))

    def _by_email(self, email: str) -> Contact | None:
        line = self._db.execute(
            "select * from contact where email = ? and email <> ''", (email.strip().lower(),)
        ).fetchone()
        return _contact(line) if line else None


class Forgetful(Store):
    """Keeps nothing, for whoever looks at nothing: memory does not grow with the requests."""

    def apply(self, form: Mapping[str, str]) -> int:
        return 0

    def note(self, request: Request) -> None:
        pass


def read_contacts(path: Path) -> list[Contact]:
    """Return the contacts in a store's file, also of a sandbox that is still running."""
    store = Store(path)
    try:
        return list(store.contacts())
    finally:
        store.close()


def read_requests(path: Path) -> list[Request]:
    """Return the requests in a store's file."""
    store = Store(path)
    try:
        return store.requests()
    finally:
        store.close()


def _change(sets: dict[str, list[str]], which: str, add: bool, value: str) -> None:  # noqa: FBT001 - from a table
    members = sets[which]
    for name in filter(None, (part.strip() for part in value.split(","))):
        if add and name not in members:
            members.append(name)
        elif not add and name in members:
            members.remove(name)


def _put(known: dict[str, str], name: str, value: str) -> None:
    if value:
        known[name] = value
    else:
        known.pop(name, None)


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _contact(line: tuple[Any, ...]) -> Contact:
    number, email, fields, extra, tags, lists, writes = line
    return Contact(
        number,
        email,
        json.loads(fields),
        json.loads(extra),
        tuple(json.loads(tags)),
        tuple(json.loads(lists)),
        writes,
    )


@lru_cache(maxsize=4096)  # who waits for a request reads those before it again and again
def _request(line: tuple[Any, ...]) -> Request:
    number, at, ended, method, form, email, applied, answer = line
    return Request(number, at, ended, method, json.loads(form), email, bool(applied), answer)
