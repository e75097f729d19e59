"""The catalogue of fields is what the API documents: names, order, kinds, and which undoes which."""

from __future__ import annotations

from bulk_import.api.fields import FIELDS, OPPOSITE, OPPOSITES, RESERVED, SET_FIELDS, Field, Kind

ADDRESS = [
    ("address_1", "address", "street"), ("address_2", "address", "second line"), ("city", "city", "city"),
    ("zip", "postal_code", "postal code"), ("country_code", "country", "country, two letters"), ("state", "state", "state or region"),
]  # fmt: skip
NETWORKS = ["facebook", "instagram", "whatsapp", "telegram", "viber", "vkontakte"]


def test_the_fields_are_those_of_the_api_in_the_order_in_which_they_are_sent():
    assert [(field.name, field.kind.value) for field in FIELDS.values()] == [
        ("add_to_lists", "lists"), ("remove_from_lists", "lists"), ("add_tags", "tags"), ("remove_tags", "tags"),
        ("lead_email", "email"), ("lead_first_name", "name"), ("lead_middle_name", "name"), ("lead_last_name", "name"),
        ("lead_phone", "phone"), ("lead_utc", "utc_offset"), ("lead_description", "text"), ("lead_personal_manager", "manager"),
        *[(f"lead_{group}_{part}", kind) for group in ("shipping", "billing") for part, kind, _ in ADDRESS],
        *[(f"lead_{network}", "social") for network in NETWORKS], ("lead_in", "social"),
    ]  # fmt: skip
    assert [name for name, field in FIELDS.items() if name != field.name] == []


def test_an_address_knows_its_group_and_a_network_its_name():
    for group, title in (("shipping", "Shipping address"), ("billing", "Billing address")):
        for part, kind, said in ADDRESS:
            name = f"lead_{group}_{part}"
            assert FIELDS[name] == Field(name, Kind(kind), f"{title}: {said}", group)
    social = {field.detail: name for name, field in FIELDS.items() if field.kind is Kind.SOCIAL}
    assert social == {network: f"lead_{network}" for network in NETWORKS} | {"linkedin": "lead_in"}
    others = [
        field.detail
        for field in FIELDS.values()
        if field.kind in (Kind.TAGS, Kind.LISTS, Kind.EMAIL)
    ]
    assert set(others) == {""}


def test_tags_and_lists_hold_several_names_and_each_has_its_opposite():
    assert SET_FIELDS == ("add_to_lists", "remove_from_lists", "add_tags", "remove_tags")
    assert dict(OPPOSITES) == {"add_tags": "remove_tags", "add_to_lists": "remove_from_lists"}
    assert set(OPPOSITE) == set(SET_FIELDS)
    assert all(OPPOSITE[OPPOSITE[name]] == name != OPPOSITE[name] for name in SET_FIELDS)


def test_parameters_of_the_protocol_are_no_fields_and_never_free():
    assert {"rpsKey", "rps_key", "hash"} == RESERVED
    assert not RESERVED & set(FIELDS)
