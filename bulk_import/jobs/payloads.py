"""What is remembered of a payload: its digest, also without the time offset, and mirrored values."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bulk_import.api.fields import FIELDS, OPPOSITE
from bulk_import.api.form import decode, encode
from bulk_import.mapping.loading import ColumnMapping

_OFFSET = re.compile(rb"(?:^|&)lead_utc=[^&]*")


class Remembered(NamedTuple):
    """What is remembered of one row's form.

    Attributes:
        sha: Its digest.
        rest: Its digest without the time offset; ``None`` if payloads have none.
        mirrored: What it holds in mirrored parameters, as JSON; ``None`` if none is mirrored.
    """

    sha: bytes
    rest: bytes | None
    mirrored: str | None


def remembered(
    body: bytes, mirrors: Mapping[str, Collection[str]], *, has_offset: bool
) -> Remembered:
    """Return what is remembered of a form.

    Args:
        mirrors: Parameter -> the values that all contacts get, which are left out.
    """
    return Remembered(
        sha(body),
        joined([without_offset(body)]) if has_offset else None,
        mirrored(body, mirrors) if mirrors else None,
    )


def sha(body: bytes) -> bytes:
    """Return the digest of one row's form."""
    return hashlib.sha256(body).digest()


def digest_of(rows: Iterable[bytes]) -> str:
    """Return the digest of a contact's payload, from those of its rows' forms in file order."""
    return hashlib.sha256(b"".join(rows)).hexdigest()


def digest_alone(row: bytes) -> str:
    """Return the digest of the payload of a contact that has one row."""
    return hashlib.sha256(row).hexdigest()


def mirrored(body: bytes, mirrors: Mapping[str, Collection[str]]) -> str:
    """Return what a form holds in mirrored parameters, as JSON.

    Args:
        mirrors: Parameter -> the values that all contacts get, which are left out.
    """
    values = dict(decode(body))
    return json.dumps(
        {
            name: [
                value
                for value in dict.fromkeys(values.get(name, "").split(","))
                if value and value not in always
            ]
            for name, always in mirrors.items()
        },
        ensure_ascii=False,
    )


def mirrors_of(mapping: ColumnMapping, ids: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Return mirrored parameter -> the values that every contact gets, which are not the column's.

    Args:
        ids: Title of a list -> its id.
    """
    return {
        name: frozenset(list_id(value, ids) for value in rule.always)
        for name, rule in mapping.spec.fields.items()
        if rule.mirror
    }


def list_id(value: str, ids: Mapping[str, str]) -> str:
    """Return the id of a list given by title or id; the mapping's binding has checked it."""
    return value if value in ids.values() else ids.get(value, value)


def has_offset(mapping: ColumnMapping) -> bool:
    """Whether payloads change when clocks do."""
    return "lead_utc" in mapping.spec.fields


def without_offset(body: bytes) -> bytes:
    """Return a digest of a form without its time offset."""
    return hashlib.sha256(_OFFSET.sub(b"", body).removeprefix(b"&")).digest()[:16]


def joined(parts: Iterable[bytes | None]) -> bytes:
    """Return the ``rest`` of a contact from those of its rows."""
    return hashlib.sha256(b"".join(part or b"" for part in parts)).digest()[:16]


def union(parts: Iterator[str | None]) -> str:
    """Return what several rows hold in mirrored columns, together."""
    found: dict[str, dict[str, None]] = {}
    for part in parts:
        for name, values in json.loads(part or "{}").items():
            found.setdefault(name, {}).update(dict.fromkeys(filter(None, values)))
    return json.dumps({name: list(values) for name, values in found.items()}, ensure_ascii=False)


def removing(body: bytes, gone: Mapping[str, Sequence[str]]) -> bytes:
    """Return a form that also removes values: tags under ``remove_tags``, lists likewise."""
    fields = dict(decode(body))
    for name, values in gone.items():
        opposite = OPPOSITE[name]
        given = [value for value in fields.get(opposite, "").split(",") if value]
        fields[opposite] = ",".join(dict.fromkeys([*given, *values]))
    places = {name: at for at, name in enumerate(FIELDS)}
    return encode(
        (name, value)
        for name, value in sorted(fields.items(), key=lambda one: places.get(one[0], len(places)))
        if value or name not in OPPOSITE
    )
