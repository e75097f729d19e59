"""What holds for every text that a cell may have."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulk_import.normalize.addresses import (
    normalize_address,
    normalize_city,
    normalize_postal_code,
)
from bulk_import.normalize.countries import normalize_country
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.name_case import titled
from bulk_import.normalize.names import check_name, split_name
from bulk_import.normalize.offsets import normalize_utc_offset, offset_for_api
from bulk_import.normalize.phones import normalize_phone
from bulk_import.normalize.result import Normalized
from bulk_import.normalize.socials import Network, normalize_social
from bulk_import.normalize.tags import (
    normalize_list_ids,
    normalize_manager_id,
    normalize_tags,
)
from bulk_import.normalize.text import clean, clean_line

WORDS = st.sampled_from(
    "Germany Россия US Korea (US) / | - & and , ; : +1 415 555 2671 8 (916) 123-45-67 ext. x12 доб. "
    "UTC +3 GMT -05:00 MSK Europe/Berlin 5:30 ½ ± a@b.org <a@b.org> mailto: gmial.com Dr. van der "
    'Иванович Nguyễn Lee, Jr. "x" \' « » #N/A 1.5E+10 00704 SW1A 1AA CEDEX t.me/ @anna wa.me/7 é e\u0301 '
    "\u200b \u00a0 \u202e １２ ٣ 🇩🇪 \ud83d".split(" ")
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(), max_size=20),  # lone surrogates as well
    st.lists(WORDS, max_size=6).map(" ".join),
    st.lists(WORDS, max_size=4).map("".join),
    st.from_regex(r"[+\d ().,eE/;-]{1,24}", fullmatch=True),
    st.from_regex(
        r"(https?://)?(www\.)?(facebook\.com|t\.me|vk\.com|viber:)/[\w@.%/?=&#-]{0,24}",
        fullmatch=True,
    ),
)
SUMMER = datetime(2026, 7, 1, tzinfo=UTC)
PURE = {
    "country": normalize_country,
    "phone": normalize_phone,
    "phone_in_us": lambda text: normalize_phone(text, region="US"),
    "phone_in_russia": lambda text: normalize_phone(text, region="RU", several="refuse"),
    "phone_in_mexico": lambda text: normalize_phone(text, region="MX", strict=True),
    "utc_offset": normalize_utc_offset,
    "utc_offset_current": lambda text: normalize_utc_offset(text, dst="current", at=SUMMER),
    "utc_offset_for_api": lambda text: offset_for_api(
        normalize_utc_offset(text).value, half_hours="round"
    ),
    "email": normalize_email,
    "first_email": lambda text: normalize_email(text, several="first"),
    "email_of_a_person": lambda text: normalize_email(
        text, refuse_role=True, refuse_disposable=True
    ),
    "name": lambda text: Normalized(check_name(text), ""),
    "titled_name": lambda text: Normalized(titled(check_name(text)), ""),
    "manager": normalize_manager_id,
    "address": normalize_address,
    "city": normalize_city,
    "postal_code": normalize_postal_code,
    "postal_code_us": lambda text: normalize_postal_code(text, country="US"),
    "postal_code_jp": lambda text: normalize_postal_code(text, country="JP"),
    **{
        network: lambda text, network=network: normalize_social(text, network)
        for network in get_args(Network)
    },
}
SEVERAL = {
    "list_ids": normalize_list_ids,
    "list_ids_by_semicolon": lambda text: normalize_list_ids(text, separator=";"),
    "tags": normalize_tags,
    "tags_by_semicolon": lambda text: normalize_tags(text, separator=";"),
}


@pytest.mark.parametrize("name", PURE)
@given(text=TEXTS)
def test_no_text_raises_anything_but_valueerror_and_values_stay_themselves(name, text):
    try:
        found = PURE[name](text)
    except ValueError as exc:
        assert str(exc)  # noqa: PT017 - a refusal is one of two good ends
        assert exc.code  # noqa: PT017 - either outcome is right
        return
    assert PURE[name](found.value).value == found.value


@pytest.mark.parametrize("name", SEVERAL)
@given(text=TEXTS)
@example(text="- - vip")
def test_several_values_of_a_cell_stay_themselves_one_by_one(name, text):
    try:
        found = SEVERAL[name](text)
    except ValueError as exc:
        assert exc.code  # noqa: PT017 - either outcome is right
        return
    assert found.values == tuple(dict.fromkeys(found.values))
    for value in found.values:
        assert clean_line(value) == value
        if not value.startswith('"'):  # quotation marks around a value are another program's
            assert SEVERAL[name](value).values in ((value,), tuple(value.split(";")))


@given(text=TEXTS)
def test_parts_of_a_name_are_words_of_it(text):
    try:
        parts = split_name(text)
    except ValueError as exc:
        assert exc.code == "NAME_INVALID"  # noqa: PT017 - either outcome is right
        return
    for part in (parts.first, parts.middle, parts.last):
        assert clean_line(part) == part
        if part:
            assert all(word.strip(".") in check_name(text) for word in part.split())


@given(text=st.text(max_size=80))
def test_cleaning_twice_is_cleaning_once(text):
    assert clean(clean(text)) == clean(text)
    assert clean_line(clean_line(text)) == clean_line(text)
