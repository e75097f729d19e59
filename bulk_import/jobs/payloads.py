"""What two payloads of a contact have in common: apart from its time offset, and in mirrored columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from bulk_import.api.fields import FIELDS, OPPOSITE
from bulk_import.api.form import decode, encode


def mirrored(body: bytes, mirrors: Mapping[str, Collection[str]]) -> str:
    """Return what a form holds in mirrored parameters, as JSON.

    Args:
        mirrors: Parameter -> the values that all contacts get, which are left out.
    """
    values = dict(decode(body))
    return json.dumps(
        {
            name: [value for value in values.get(name, "").split(",") if value not in always]
            for name, always in mirrors.items()
        },
        ensure_ascii=False,
    )


def without_offset(body: bytes) -> bytes:
    """Return a digest of a form without its time offset."""
    parts = [part for part in body.split(b"&") if not part.startswith(b"lead_utc=")]
    return hashlib.sha256(b"&".join(parts)).digest()[:16]


def joined(parts: Iterator[bytes | None]) -> bytes:
    """Return one digest of several."""
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
