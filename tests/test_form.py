"""The body of a request."""

from __future__ import annotations

from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from bulk_import.api.form import decode, encode


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_forms_read_back_and_plus_is_percent_2b(fields):
    body = encode(fields)
    assert decode(body) == fields
    assert body.count(b"%2B") >= sum(value.count("+") for _, value in fields)


@given(
    st.dictionaries(
        st.text(max_size=8), st.text(st.characters(codec="utf-8"), max_size=20), max_size=5
    )
)
def test_the_form_is_encoded_as_the_standard_library_does(fields):
    pairs = [(name.encode("utf-8", "ignore").decode(), value) for name, value in fields.items()]
    assert encode(pairs) == urlencode(pairs).encode()
