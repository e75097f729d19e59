"""The body of a request."""

from __future__ import annotations

from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_import.api.form import decode, encode, quoted, quoted_all


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


SIGNS = "".join(map(chr, range(128)))


def test_every_sign_is_escaped_as_in_a_form_alone_and_among_others():
    for sign in SIGNS:
        assert quoted(sign) == quote_plus(sign), repr(sign)
        assert quoted(f"a{sign}b") == quote_plus(f"a{sign}b"), repr(sign)
    assert quoted("") == ""
    assert quoted("azAZ09_.~-") == "azAZ09_.~-"
    assert quoted("Ж+é 😀") == "%D0%96%2B%C3%A9+%F0%9F%98%80"


@pytest.mark.parametrize(
    "texts",
    [
        [], [""], ["", ""], ["a"], ["a", "b c", "%2B", "+", "a&b=c", "100 %"], list(SIGNS), ["a\nb", "c"], ["a\n"], ["", "\n", ""],
        ["ж", "a b"], ["a b", "é+", ""], ["%0A", "%", "+%2B+"],
    ],
)  # fmt: skip
def test_many_texts_are_quoted_as_each_by_itself(texts):
    assert quoted_all(texts) == [quote_plus(text) for text in texts]


def test_fields_keep_their_order_and_a_name_is_quoted_as_well():
    body = encode([("b", "2"), ("a", ""), ("x y", "1&2"), ("b", "3")])
    assert body == b"b=2&a=&x+y=1%262&b=3"
    assert decode(body) == [("b", "2"), ("a", ""), ("x y", "1&2"), ("b", "3")]
    assert (encode([]), decode(b"")) == (b"", [])


@pytest.mark.parametrize("body", [b"a", b"a=b&", b"&", b"a=%FF", b"\xff=a"])
def test_what_is_no_form_is_not_read_as_one(body):
    with pytest.raises(ValueError):
        decode(body)
