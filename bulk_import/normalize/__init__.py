"""Text in, canonical value out, ``ValueError`` with the reason otherwise. Pure: no files but the
package's own data, no clock, no locale, no network.

What is ambiguous is refused: the API gives no way to read a contact back, so a wrong value is
silent and permanent, and a refusal costs a minute. The modules beside this one offer the same with
the rule that decided and the doubts that remain.
"""

from __future__ import annotations


def phone(text: str, region: str | None = None) -> str:
    """Return the number in *text* as E.164, ``+14155550123``.

    Args:
        region: Alpha-2 of the country in which a number without country code is dialled.

    Raises:
        ValueError: Not one certain number; the message says why.
    """
    from bulk_import.normalize.phones import normalize_phone

    return normalize_phone(text, region=region).value


def utc_offset(text: str) -> str:
    """Return the offset from UTC in *text* as ``+03`` or ``+05:30``; of a zone, the standard one.

    Raises:
        ValueError: Not one certain offset; the message says why.
    """
    from bulk_import.normalize.offsets import normalize_utc_offset

    return normalize_utc_offset(text).value


def country(text: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of the country in *text*, ``US``.

    Raises:
        ValueError: Not one certain country; the message says why.
    """
    from bulk_import.normalize.countries import normalize_country

    return normalize_country(text).value


def email(text: str) -> str:
    """Return the one e-mail address in *text*, ``a@b.org``.

    Raises:
        ValueError: Not one valid address; the message says why.
    """
    from bulk_import.normalize.emails import normalize_email

    return normalize_email(text).value


__all__ = ["country", "email", "phone", "utc_offset"]
