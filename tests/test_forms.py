"""Forms made by column: each row comes to what mapping it field by field comes to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from urllib.parse import parse_qsl

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_import.api.form import quoted, quoted_all
from bulk_import.mapping.binding import Binding, bind
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Problem, Row, Severity
from bulk_import.normalize.phones import normalize_phone, plain_phone
from bulk_import.run.judges import Judge, Judgement, judge
from tests.cases import load
from tests.conftest import share

HEADER = (
    "E-mail", "First", "Last", "Phone", "Country", "Billing", "City", "Street", "Zip", "Zone", "Tags", "Gone",
    "Note", "Telegram", "Id", "Stop",
)  # fmt: skip
FIELDS = """version: 1
fields:
  lead_email: E-mail
  lead_first_name: First
  lead_last_name: Last
  lead_phone: {column: Phone, region_from: Country}
  lead_shipping_country_code: Country
  lead_billing_country_code: Billing
  lead_shipping_city: City
  lead_shipping_address_1: Street
  lead_shipping_zip: Zip
  lead_utc: Zone
  add_tags: {column: Tags, separator: ";"}
  remove_tags: {column: Gone, separator: ";"}
  lead_description: Note
  lead_telegram: Telegram
extra: {crm_id: Id}
"""
OTHER = """version: 1
defaults: {phone_region: RU, guess_utc_from_country: "true"}
fields:
  lead_email: {columns: [E-mail, Note], several: first}
  lead_first_name: {column: First, part: first, case: title}
  lead_last_name: {column: First, part: last}
  lead_phone: {columns: [Phone, Note], extension: describe, bad_value: drop_field, values: {none: ""}}
  lead_shipping_country_code: {column: Country, values: {Holland: NL}, bad_value: drop_field}
  lead_shipping_city: {column: City, blank: clear}
  lead_billing_zip: Zip
  lead_description: {template: "{Street}, {Note}"}
  lead_utc: {column: Zone, half_hours: round}
  add_tags: {column: Tags, separator: ";", always: [imported], values: {VIP: vip}}
extra: {crm_id: {column: Id, blank: clear}}
repair: [postal_zero, mojibake, html_entities, placeholders]
when: {no_email: create, bad_value: drop_field}
skip:
  - {column: Stop, values: [yes], because: unsubscribed}
"""
CHECKED = FIELDS + 'checks:\n  - {column: Id, pattern: "[0-9]+"}\n'
MAPPINGS = {"fields": FIELDS, "other": OTHER, "checked": CHECKED}
AT = datetime(2026, 7, 1, tzinfo=UTC)
PLAIN = dict.fromkeys(HEADER, "") | {
    "E-mail": "anna@example.org", "First": "Anna", "Country": "Germany", "Zone": "+1", "Zip": "10115",
}  # fmt: skip
COLUMNS = {
    "emails": "E-mail", "names": "First", "phones": "Phone", "countries": "Country", "cities": "City",
    "addresses": "Street", "postal_codes": "Zip", "offsets": "Zone", "tags": "Tags", "socials": "Telegram",
}  # fmt: skip
NOTHING = SuppressionList.load([])


@cache
def _binding(mapping: str) -> Binding:
    return bind(parse_mapping(mapping), HEADER, at=AT)


def _mapper(mapping: str) -> RowMapper:
    return RowMapper(_binding(mapping))


def _row(number: int, cells: dict[str, str], problems: tuple[Problem, ...] = ()) -> Row:
    return Row("a.csv", "", number, PLAIN | cells, problems)


def _by_column(mapping: str, rows: Sequence[Row], chunk: int = 50) -> list[Judgement]:
    one = Judge("a.csv", HEADER, _mapper(mapping), NOTHING)
    return [found for at in range(0, len(rows), chunk) for found in one.rows(rows[at : at + chunk])]


def _field_by_field(mapping: str, rows: Sequence[Row]) -> list[Judgement]:
    mapper = _mapper(mapping)
    return [judge(mapper.record(row), NOTHING) for row in rows]


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("mapping", MAPPINGS)
def test_every_case_of_the_normalizers_comes_to_the_same(kind, mapping):
    """By each of the mappings in CI; among the quick tests by one of them each."""
    cases = share(load(kind), list(MAPPINGS).index(mapping), parts=len(MAPPINGS))
    rows = [
        _row(at, {COLUMNS[kind]: case.text, **({"Country": case.region} if case.region else {})})
        for at, case in enumerate(cases, 2)
    ]
    text = MAPPINGS[mapping]
    assert _by_column(text, rows) == _field_by_field(text, rows)


_WRITTEN = {
    "E-mail": ["a@b.org", "B@B.org", "", "nobody", "p_1@x.org", "a@gmial.com", "a@b.onion", "a@x.zzzz", "i@x.org, j@x.org"],
    "First": ["Ann", "Ann Smith", "ANN", "", "x@y.org", "12345", "www.x.org", "Åsa-Märta", "O'Neil", "  Ann ", "e1"],
    "Last": ["Smith", "", "Müller", "\u200bSmith", "von  Berg", "1e5"],
    "Phone": ["(415) 555-0123", "030 123456", "030 123456 ext. 7", "12", "", "+49 30 123456", "8 (916) 123-45-67",
              "+14155550123", "4155550123", "00491511234567", "+8 (916) 1234567", "+44 (0)20 7946 0958", "415.555",
              "+49 49 151 12345678", "0000000000", "1234567890", "+39 06 1234567", "06 12345678"],
    "Country": ["US", "Germany", "Holland", "Korea", "", "RU", "IT", "GB", "FR", "KZ"],
    "Billing": ["", "US", "DE", "nowhere"],
    "City": ["Bonn", "", "123", ", Bonn,", "Saint-Denis", "Köln"],
    "Street": ["12 Main St", "", ",", "Main St., 5", "Straße 7"],
    "Zip": ["10115", "", "1015", "2138", "00000", "SW1A 1AA", "101000", "10115.0", "١٢٣٤٥"],
    "Zone": ["", "+1", "-8", "Europe/Berlin", "+05:30", "lunch", "UTC+3", "EST"],
    "Tags": ["", "vip", "VIP", "vip; VIP", "a, b", "new;vip"],
    "Gone": ["", "vip", "old"],
    "Note": ["", "note", " note ", "two\nlines", "a@c.org", "x\ty", "20% & more", "Привет"],
    "Telegram": ["", "@anna_1", "https://t.me/anna", "???"],
    "Id": ["", "7", "a=b&c", "\ud800", " "],
    "Stop": ["", "yes", "no", "#N/A"],
}  # fmt: skip
_PROBLEMS = [
    Problem("TEXT_MOJIBAKE", "m", column="Tags", value="VIP"),
    Problem("VALUE_IS_DATE", "d", column="Tags", severity=Severity.WARNING),
    Problem("ROW_RAGGED", "r"),
]
_CELLS = st.fixed_dictionaries(
    {}, optional={column: st.sampled_from(texts) for column, texts in _WRITTEN.items()}
)
_ROWS = st.lists(
    st.tuples(_CELLS, st.just(()) | st.sampled_from(_PROBLEMS).map(lambda one: (one,))), max_size=25
)


@given(mapping=st.sampled_from(list(MAPPINGS.values())), rows=_ROWS, chunk=st.sampled_from([3, 50]))
def test_any_rows_come_to_the_same(mapping, rows, chunk):
    made = [_row(number, cells, problems) for number, (cells, problems) in enumerate(rows, 2)]
    assert _by_column(mapping, made, chunk) == _field_by_field(mapping, made)


def test_rows_without_errors_get_their_form_by_column():
    mapper = _mapper(FIELDS)
    rows = [
        _row(number, {"E-mail": f"p{number}@example.org", "Phone": "030 123456", "Zone": zone})
        for number, zone in enumerate(["+1", "Europe/Berlin"] * 50, 2)
    ]
    forms = mapper.forms(rows)
    assert all(form is not None for form in forms)
    assert {warning.code for form in forms if form for warning in form.warnings} == {
        "UTC_OFFSET_DST"
    }


@pytest.mark.parametrize(
    "cells",
    [
        {"E-mail": "nobody"},
        {"Phone": "+44 20 7946 0958"},
        {"Zone": "+9"},
        {"Tags": "vip", "Gone": "vip"},
        {"Zip": "101"},
    ],
)
def test_rows_with_errors_and_contradictions_are_left_to_the_mapper(cells):
    assert _mapper(FIELDS).forms([_row(2, cells)]) == [None]


def test_a_source_full_of_damage_is_not_looked_at_by_column():
    """Damage decides what a field may use, so nothing that is found by column would be of use."""
    mapper = _mapper(FIELDS)
    torn = (Problem("ROW_RAGGED", "too few cells"),)
    wrong = [_row(number, {}, torn) for number in range(2, 12)]
    assert mapper.forms(wrong) == [None] * 10
    assert mapper.forms([_row(12, {})]) == [None]  # for some chunks
    assert [mapper.forms([_row(13, {})]) for _ in range(10)][-1] != [None]


def test_what_was_found_of_a_refused_row_is_not_found_again(monkeypatch):
    """A refused phone takes longer than the rest of its row, and has to be read once."""
    read = []

    def counted(text, **options):
        read.append(text)
        return normalize_phone(text, **options)

    monkeypatch.setattr("bulk_import.mapping.normalizers.normalize_phone", counted)
    mapper = _mapper(FIELDS)
    rows = [_row(number, {"Phone": f"{number}"}) for number in range(2, 12)]
    assert mapper.forms(rows) == [None] * 10
    found = [mapper.record(row) for row in rows]
    assert read == [row.cells["Phone"] for row in rows]
    assert found == [_mapper(FIELDS).record(row) for row in rows]


_REGIONS = (
    "US CA RU KZ DE FR GB IT ES MX BR AR UA CN IN JP AU TR NL CI GG".split()
)  # and their habits


@pytest.mark.parametrize("region", _REGIONS)
def test_plain_numbers_are_read_as_any_number(region):
    written = set()
    for kind in (0, 1, 2, 3, 4):
        number = phonenumbers.example_number_for_type(region, kind)
        if number is None:
            continue
        for form in (0, 1, 2):  # E.164, international, national
            text = phonenumbers.format_number(number, form)
            written |= {text, text.replace("-", " "), text.replace(" ", ""), text[:-1], f"{text}0"}
            written |= {f"0{text}", f"8{text}", f"({text[:3]}) {text[3:]}", f"+{text}"}
    for text in written:
        for dialled_in in (region, ""):
            quick = plain_phone(text, dialled_in)
            if quick is None:
                continue
            found = normalize_phone(text, region=dialled_in or None)
            assert (found.value, found.notes, found.extension) == (quick, (), ""), text


@pytest.mark.parametrize(
    ("country", "billing", "number"),
    [("DE", "IT", "+4930123456"), ("", "IT", "+39030123456"), ("DE", "", "+4930123456")],
)
def test_a_phone_is_of_the_country_that_the_mapper_takes_first(country, billing, number):
    text = (
        "version: 1\nfields:\n  lead_email: E-mail\n  lead_phone: Phone\n"
        "  lead_billing_country_code: Billing\n  lead_shipping_country_code: Country\n"
    )
    rows = [_row(2, {"Phone": "030 123456", "Country": country, "Billing": billing})]
    [found] = _by_column(text, rows)
    assert [found] == _field_by_field(text, rows)
    assert found.body is not None
    assert dict(parse_qsl(found.body.decode()))["lead_phone"] == number


def test_a_phone_with_a_trunk_prefix_is_plain():
    numbers = [("030 123456", "DE"), ("8 (916) 123-45-67", "RU"), ("06 12 34 56 78", "FR")]
    assert [plain_phone(*number) for number in numbers] == [
        "+4930123456", "+79161234567", "+33612345678",
    ]  # fmt: skip


@given(st.lists(st.text(), min_size=1))
def test_texts_are_quoted_together_as_one_by_one(texts):
    assert quoted_all(texts) == [quoted(text) for text in texts]


def test_every_ascii_sign_is_quoted_together_as_by_itself():
    texts = [f"a{chr(code)}%2{chr(code)}+" for code in range(128)]
    texts.remove("a\n%2\n+")
    assert quoted_all(texts) == [quoted(text) for text in texts]


def test_no_texts_are_quoted_to_none():
    assert quoted_all([]) == []
