"""What repeats in a column is normalized once, and comes to the same as each time again."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from bulk_import.mapping.binding import bind
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.memo import MOST, Memo
from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Problem, Row, Severity
from tests.conftest import examples

HEADER = ("E-mail", "Name", "Phone", "Country", "Zip", "Zone", "Tags", "Lists", "City")
MAPPING = parse_mapping(
    """version: 1
defaults: {phone_region: US, guess_utc_from_country: "true"}
fields:
  lead_email: E-mail
  lead_first_name: {column: Name, part: first}
  lead_last_name: {column: Name, part: last}
  lead_phone: {column: Phone, region_from: Country, extension: describe}
  lead_shipping_country_code: {column: Country, values: {Holland: NL}}
  lead_shipping_zip: Zip
  lead_shipping_city: {column: City, blank: clear}
  lead_utc: {column: Zone, bad_value: drop_field}
  add_tags: {column: Tags, separator: ";", always: [imported]}
  remove_tags: {column: Tags, separator: ";"}
  add_to_lists: Lists
when: {no_email: create}
"""
)
AT = datetime(2026, 1, 1, tzinfo=UTC)
CELLS = {
    "E-mail": ["a@b.org", "B@B.org", "", "nobody"],
    "Name": ["Ann Smith", "Ann", "", "x@y.org"],
    "Phone": ["(415) 555-0123", "030 123456", "030 123456 ext. 7", "12", ""],
    "Country": ["US", "Germany", "Holland", "Korea", "", "NA"],
    "Zip": ["94110", "10115", "1234", ""],
    "Zone": ["+3", "IST", "UTC+5:30", ""],
    "Tags": ["vip; new", "imported", "", "a,b"],
    "Lists": ["super", "1473249885.2899962", ""],
    "City": ["Berlin", "", " ,Town, "],
}
ROWS = st.lists(
    st.tuples(
        st.fixed_dictionaries({name: st.sampled_from(texts) for name, texts in CELLS.items()}),
        st.sampled_from([(), (Problem("X", "spoiled", "Zone"),), (Problem("Y", "odd", "City", severity=Severity.WARNING),)]),
    ),
    min_size=1,
    max_size=12,
)  # fmt: skip


def mapper() -> RowMapper:
    return RowMapper(bind(MAPPING, HEADER, at=AT))


@settings(deadline=None, max_examples=examples(60))
@given(ROWS)
def test_a_row_comes_to_the_same_whatever_stood_above_it(rows):
    kept = mapper()
    for number, (cells, problems) in enumerate(rows, 2):
        row = Row("c.csv", "", number, cells, problems)
        assert kept.record(row) == mapper().record(row)
        assert kept.explain(row) == mapper().explain(row)


def test_a_column_whose_values_hardly_repeat_is_given_up_and_one_whose_do_is_kept():
    unique: Memo[int] = Memo()
    repeated: Memo[int] = Memo()
    for n in range(4 * MOST):
        if unique.is_open:
            unique.tell(str(n), n, asked=n)
        if n % 4 == 0:  # three of four look-ups find what they look for
            repeated.tell(str(n), n, asked=n)
    assert (unique.is_open, unique.known) == (False, {})
    assert repeated.is_open
    assert len(repeated.known) <= MOST
