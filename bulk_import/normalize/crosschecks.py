"""Values of one contact that do not fit together: warnings, never refusals. People move."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from bulk_import.errors import Message
from bulk_import.normalize.country_names import country_name
from bulk_import.normalize.result import Note
from bulk_import.normalize.text import remembered

# Shapes of postal codes, for countries where they are strict. Digits: 9, letters: A.
_SHAPES = {
    "US": r"\d{5}(-\d{4})?", "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d", "RU": r"\d{6}", "DE": r"\d{5}",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "FR": r"\d{5}", "ES": r"\d{5}", "IT": r"\d{5}",
    "PL": r"\d{2}-?\d{3}", "UA": r"\d{5}", "KZ": r"(\d{6}|[A-Z]\d{2}[A-Z]\d[A-Z]\d)",
    "BY": r"\d{6}",
    "NL": r"\d{4} ?[A-Z]{2}", "BR": r"\d{5}-?\d{3}", "IN": r"\d{3} ?\d{3}", "AU": r"\d{4}",
    "JP": r"\d{3}-?\d{4}", "CN": r"\d{6}", "AT": r"\d{4}", "CH": r"\d{4}", "SE": r"\d{3} ?\d{2}",
    "PT": r"\d{4}-?\d{3}", "TR": r"\d{5}", "MX": r"\d{5}", "CZ": r"\d{3} ?\d{2}", "FI": r"\d{5}",
    "TH": r"\d{5}", "ID": r"\d{5}", "HR": r"\d{5}", "RS": r"\d{5,6}", "EE": r"\d{5}", "RO": r"\d{6}",
    "KR": r"\d{5}|\d{3}-\d{3}", "LT": r"(LT-)?\d{5}", "NO": r"\d{4}", "DK": r"(DK-)?\d{4}",
    "BE": r"(B-)?\d{4}", "HU": r"\d{4}", "BG": r"\d{4}", "GR": r"\d{3} ?\d{2}", "SK": r"\d{3} ?\d{2}",
    "IL": r"\d{5}(\d{2})?",
}  # fmt: skip


def cross_check(fields: Mapping[str, str]) -> tuple[tuple[str, Note], ...]:
    """Return (field, doubt) for normalized values that contradict each other.

    Args:
        fields: API parameters with canonical values; what is absent is not checked.
    """
    doubts: list[tuple[str, Note]] = []
    country = fields.get("lead_shipping_country_code") or fields.get("lead_billing_country_code")
    phone, offset = fields.get("lead_phone"), fields.get("lead_utc")
    if phone and country:
        # The country's own code says enough, and nothing needs to be parsed.
        at_home = () if begins_like(phone, country) else _regions_of_phone(phone)
        if at_home and country not in at_home:
            doubts.append(
                (
                    "lead_phone",
                    Note(
                        "PHONE_OTHER_COUNTRY",
                        Message(
                            "{phone} is a number of {at_home}, the country is {country}",
                            phone=phone,
                            at_home=at_home[0],
                            country=country,
                        ),
                    ),
                )
            )
    if offset and country and not is_offset_of(offset, country):
        doubts.append(
            (
                "lead_utc",
                Note(
                    "UTC_OFFSET_OTHER_COUNTRY",
                    Message(
                        "no clock in {country_name} shows {offset}",
                        country_name=country_name(country),
                        offset=offset,
                    ),
                ),
            )
        )
    for group in ("shipping", "billing"):
        doubts.extend(_postal(fields, group))
    return tuple(doubts)


def _postal(fields: Mapping[str, str], group: str) -> list[tuple[str, Note]]:
    name = f"lead_{group}_zip"
    code = fields.get(name)
    country = fields.get(f"lead_{group}_country_code", "")
    if not code or has_shape_of(country, code):
        return []
    return [
        (
            name,
            Note(
                "POSTAL_CODE_SHAPE",
                Message(
                    "{code!r} does not look like a postal code of {country}",
                    code=code,
                    country=country,
                ),
            ),
        )
    ]


def has_shape_of(country: str, code: str) -> bool:
    """Whether a postal code looks like those of *country*, as far as that is known."""
    shape = _SHAPES.get(country)
    return shape is None or re.fullmatch(shape, code) is not None


def begins_like(phone: str, country: str) -> bool:
    """Whether a number begins with the calling code of *country*."""
    return phone.startswith(_code_of(country))


def is_offset_of(offset: str, country: str) -> bool:
    """Whether clocks in *country* show an offset."""
    return offset in _offsets_of_country(country)


@cache
def _code_of(country: str) -> str:
    import phonenumbers

    # A country without a numbering plan has no code: nothing starts like that.
    return f"+{phonenumbers.country_code_for_region(country) or ' '}"


def country_of_phone(e164: str) -> str:
    """Return the alpha-2 code of a number's country; ``""`` where that is not certain."""
    regions = _regions_of_phone(e164) if e164 else ()
    return regions[0] if regions else ""


@remembered
def _regions_of_phone(e164: str) -> tuple[str, ...]:
    import phonenumbers

    number = phonenumbers.parse(e164)
    region = phonenumbers.region_code_for_number(number)
    if region is None or region == "001":
        return ()
    shared = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    # +7, +44, +1: neighbours in one plan; which of them is only certain for the number's own.
    return (region, *(other for other in shared if other != region))


@cache
def _offsets_of_country(alpha2: str) -> frozenset[str]:
    from bulk_import.normalize.zones import offsets_in_country

    whole = offsets_in_country(alpha2)
    # A half-hour offset that was rounded is not a contradiction.
    return whole | {offset[:3] for offset in whole} | {_next_hour(offset) for offset in whole}


def _next_hour(offset: str) -> str:
    return offset if ":" not in offset else f"{offset[0]}{int(offset[1:3]) + 1:02d}"
