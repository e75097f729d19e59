"""What happens to e-mails, names and absent offsets only because a mapping asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bulk_import.errors import Message
from bulk_import.mapping.deliverability import checked_domain
from bulk_import.mapping.schema import Defaults, FieldRule
from bulk_import.models import Problem, Severity
from bulk_import.normalize.crosschecks import country_of_phone
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.name_case import titled
from bulk_import.normalize.names import check_name, name_part
from bulk_import.normalize.result import Normalized
from bulk_import.normalize.zones import offset_of_country


def normalize_email_by(rule: FieldRule, raw: str) -> Normalized:
    """Return the address in *raw*. Raises as ``normalize_email`` and ``checked_domain`` do."""
    found = normalize_email(
        raw,
        several=rule.several or "refuse",
        refuse_role=rule.refuse_role,
        refuse_disposable=rule.refuse_disposable,
    )
    return checked_domain(found) if rule.deliverability else found


def normalize_name_by(rule: FieldRule, field: str, raw: str) -> Normalized:
    """Return the name, or the part of it that *rule* names. Raises as ``name_part`` does."""
    found = (
        name_part(raw, rule.part, order=rule.order)
        if rule.part
        else Normalized(check_name(raw), "name.line")
    )
    if rule.case == "keep":
        return found
    return replace(found, value=titled(found.value, is_family=field == "lead_last_name"))


def guess_offset(defaults: Defaults, values: dict[str, str]) -> Iterator[Problem]:
    """Put the offset of the row's country, or its phone's, into *values*, and warn of it."""
    country = phone_country = ""
    if defaults.guess_utc_from_country:
        country = values.get("lead_shipping_country_code") or values.get(
            "lead_billing_country_code", ""
        )
    if defaults.guess_utc_from_phone and not country:
        phone_country = country_of_phone(values.get("lead_phone", ""))
    offset = offset_of_country(country or phone_country)
    if offset and ":" not in offset:
        values["lead_utc"] = offset
        source = (
            Message("the country {country}", country=country)
            if country
            else Message("a phone of {phone_country}", phone_country=phone_country)
        )
        yield Problem(
            "UTC_OFFSET_GUESSED",
            Message("{offset} is guessed from {source}", offset=offset, source=source),
            field="lead_utc",
            severity=Severity.WARNING,
        )
