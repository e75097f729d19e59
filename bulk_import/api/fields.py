"""The field catalogue: every parameter that ``addupdatelead`` documents, as data.

Which normalizer a field gets, how it is shown to people and in which order it is sent follow from
this table. A rule about one field (an offset that depends on the country, an e-mail as the key)
names that field where the rule is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a field holds; decides the normalizer."""

    TAGS = "tags"
    LISTS = "lists"
    EMAIL = "email"
    NAME = "name"
    PHONE = "phone"
    UTC_OFFSET = "utc_offset"
    TEXT = "text"
    MANAGER = "manager"
    ADDRESS = "address"
    CITY = "city"
    POSTAL_CODE = "postal_code"
    STATE = "state"
    COUNTRY = "country"
    SOCIAL = "social"


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter of ``addupdatelead``.

    Attributes:
        name: As sent.
        kind: What it holds.
        title: For people.
        detail: Of a social field the network, of an address the group (shipping, billing).
    """

    name: str
    kind: Kind
    title: str
    detail: str = ""


def _address(group: str, title: str) -> tuple[Field, ...]:
    prefix = f"lead_{group}_"
    return (
        Field(f"{prefix}address_1", Kind.ADDRESS, f"{title}: street", group),
        Field(f"{prefix}address_2", Kind.ADDRESS, f"{title}: second line", group),
        Field(f"{prefix}city", Kind.CITY, f"{title}: city", group),
        Field(f"{prefix}zip", Kind.POSTAL_CODE, f"{title}: postal code", group),
        Field(f"{prefix}country_code", Kind.COUNTRY, f"{title}: country, two letters", group),
        Field(f"{prefix}state", Kind.STATE, f"{title}: state or region", group),
    )


_ALL = (
    Field("add_to_lists", Kind.LISTS, "Lists to put the contact on"),
    Field("remove_from_lists", Kind.LISTS, "Lists to take the contact off"),
    Field("add_tags", Kind.TAGS, "Tags to add"),
    Field("remove_tags", Kind.TAGS, "Tags to remove"),
    Field("lead_email", Kind.EMAIL, "E-mail: the contact's key"),
    Field("lead_first_name", Kind.NAME, "First name"),
    Field("lead_middle_name", Kind.NAME, "Middle name, patronymic"),
    Field("lead_last_name", Kind.NAME, "Last name"),
    Field("lead_phone", Kind.PHONE, "Phone, sent as +14155550123"),
    Field("lead_utc", Kind.UTC_OFFSET, "Offset from UTC in whole hours, sent as +03"),
    Field("lead_description", Kind.TEXT, "Notes"),
    Field("lead_personal_manager", Kind.MANAGER, "Personal manager: id or name"),
    *_address("shipping", "Shipping address"),
    *_address("billing", "Billing address"),
    Field("lead_facebook", Kind.SOCIAL, "Facebook", "facebook"),
    Field("lead_instagram", Kind.SOCIAL, "Instagram", "instagram"),
    Field("lead_whatsapp", Kind.SOCIAL, "WhatsApp", "whatsapp"),
    Field("lead_telegram", Kind.SOCIAL, "Telegram", "telegram"),
    Field("lead_viber", Kind.SOCIAL, "Viber", "viber"),
    Field("lead_vkontakte", Kind.SOCIAL, "VK", "vkontakte"),
    Field("lead_in", Kind.SOCIAL, "LinkedIn", "linkedin"),
)

FIELDS: Mapping[str, Field] = {field.name: field for field in _ALL}

# Fields that hold several names, and which of them undoes which.
SET_FIELDS = tuple(field.name for field in _ALL if field.kind in (Kind.TAGS, Kind.LISTS))
OPPOSITES = (("add_tags", "remove_tags"), ("add_to_lists", "remove_from_lists"))
OPPOSITE: Mapping[str, str] = {
    name: other for pair in OPPOSITES for name, other in (pair, reversed(pair))
}

# Parameters that carry something else than a contact's field; never free for `extra`.
RESERVED = frozenset({"rpsKey", "rps_key", "hash"})
