"""What a mapper says of cells without mapping their row, and what it explains of one: addresses, columns, steps."""

from __future__ import annotations

import pytest

from bulk_import.mapping.binding import bind
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.normalizers import by_column
from bulk_import.mapping.rows import RowMapper, Step
from bulk_import.models import Problem, Row, Severity

HEADER = ("E-mail", "Work", "Phone", "Mobile", "Tags", "Old tags", "Country", "Zone")
BOTH = "lead_email: {columns: [E-mail, Work], several: first}\n"


def mapper(lines: str = "lead_email: E-mail\n", more: str = "") -> RowMapper:
    fields = "".join(f"  {line}\n" for line in lines.splitlines())
    return RowMapper(bind(parse_mapping(f"version: 1\nfields:\n{fields}{more}"), HEADER))


def cells(**filled: str) -> dict[str, str]:
    return dict.fromkeys(HEADER, "") | {("E-mail" if k == "mail" else k): v for k, v in filled.items()}  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "no_email", "mail", "has"),
    [
        ("lead_email: E-mail\n", "refuse", "a@b.org", True), ("lead_email: E-mail\n", "refuse", "nobody", True),
        ("lead_email: E-mail\n", "refuse", " ", False), ("lead_email: E-mail\n", "create", " ", True),
        ("lead_phone: Phone\n", "refuse", "a@b.org", False), ("lead_phone: Phone\n", "create", "", True),
    ],
)  # fmt: skip
def test_a_row_has_an_address_or_needs_none(lines, no_email, mail, has):
    one = mapper(lines, f"when: {{no_email: {no_email}}}\n")
    assert one.has_email(cells(mail=mail)) is has
    assert one.email_text(cells(mail=mail)) == (mail if "lead_email" in lines else "")


@pytest.mark.parametrize(
    ("mail", "says_no"),
    [("a@b.org (unsubscribed)", True), ("a@b.org", False), ("unsubscribed", False), ("", False), ("a@b.org (work)", False)],
)  # fmt: skip
def test_a_cell_of_an_address_may_say_no(mail, says_no):
    assert mapper().says_no(cells(mail=mail)) is says_no
    assert mapper("lead_phone: Phone\n").says_no(cells(mail=mail)) is False


@pytest.mark.parametrize(
    ("mail", "work", "addresses"),
    [
        ("a@b.org", "", ()),  # one address is no other
        ("a@b.org", "c@d.org", ("a@b.org", "c@d.org")),
        ("a@b.org; e@f.org", "", ("a@b.org", "e@f.org")),
        ("a@b.org", "a@b.org", ("a@b.org",)),
        ("a@b.org", "@anna", ("a@b.org",)),
        ("", "", ()),
    ],
)
def test_all_addresses_of_a_person_are_those_of_all_columns(mail, work, addresses):
    one = mapper(BOTH)
    assert one.addresses(cells(mail=mail, Work=work)) == addresses
    assert one.email_columns == ("E-mail", "Work")
    none = mapper("lead_phone: Phone\n")
    assert (none.addresses(cells(mail=mail, Work=work)), none.email_columns) == ((), ())


def test_the_others_of_a_record_are_the_addresses_to_which_it_is_not_sent():
    def others(mail: str, work: str = "") -> tuple[str, tuple[str, ...]]:
        record = mapper(BOTH).record(Row("a", "", 2, cells(mail=mail, Work=work)))
        return record.email, record.others

    assert others("a@b.org", "C@d.org") == ("a@b.org", ("C@d.org",))
    assert others("a@b.org; A@B.org; c@d.org") == ("a@b.org", ("c@d.org",))
    assert others("a@b.org") == ("a@b.org", ())
    assert others("", "C@d.org") == ("c@d.org", ())


def test_which_columns_feed_a_field():
    one = mapper("lead_email: E-mail\nlead_phone: {columns: [mobile, Phone]}\nadd_tags: {column: Tags, always: [x]}\nremove_tags: {column: Old tags}\nadd_to_lists: {always: [super]}\n")  # fmt: skip
    assert one.columns_of("lead_phone") == ("Mobile", "Phone")
    assert (one.first_column("lead_phone"), one.first_column("lead_email")) == ("Mobile", "E-mail")
    assert (one.columns_of("add_to_lists"), one.first_column("add_to_lists")) == ((), "")
    assert (one.columns_of("lead_utc"), one.first_column("lead_utc")) == ((), "")
    assert one.tag_columns == ("Tags", "Old tags")
    assert mapper().tag_columns == ()
    twice = mapper("lead_email: E-mail\nadd_tags: Tags\nremove_tags: Tags\n")
    assert twice.tag_columns == ("Tags",)


# -- explained -----------------------------------------------------------------------------------------


def explained(one: RowMapper, problems: tuple[Problem, ...] = (), **filled: str) -> dict[str, Step]:
    _, steps = one.explain(Row("a", "", 2, cells(mail="a@b.org", **filled), problems))
    assert len({step.field for step in steps}) == len(steps)
    return {step.field: step for step in steps}


def test_each_field_has_a_step_with_its_own_problems():
    one = mapper("lead_email: E-mail\nlead_phone: {columns: [Mobile, Phone]}\nadd_tags: {column: Tags, values: {v: vip}}\nlead_utc: Zone\n")  # fmt: skip
    steps = explained(one, Phone="12", Tags="V", Zone="")
    assert steps["add_tags"] == Step("add_tags", ("Tags",), "vip", "vip", "tags.split", ())
    assert steps["lead_utc"] == Step("lead_utc", ("Zone",), "", "", "blank", ())
    phone = steps["lead_phone"]
    assert (phone.columns, phone.raw, phone.value, phone.rule) == (("Mobile", "Phone"), "12", "", "refused")  # fmt: skip
    assert [(p.code, p.column) for p in phone.problems] == [("PHONE_INVALID", "Phone")]


def test_a_spoiled_cell_is_shown_as_it_is():
    torn = (Problem("CELL_ERROR", "m", column="Zone", value="#N/A"), Problem("ROW_RAGGED", "r"))
    step = explained(mapper("lead_email: E-mail\nlead_utc: Zone\n"), torn, Zone="#N/A")["lead_utc"]
    assert (step.raw, step.value, step.rule) == ("#N/A", "", "spoiled")
    assert [(p.code, p.field) for p in step.problems] == [("CELL_ERROR", "lead_utc")]


def test_an_offset_that_is_guessed_is_the_last_step_in_place_of_the_blank_one():
    lines = "lead_email: E-mail\nlead_utc: Zone\nlead_shipping_country_code: Country\n"
    one = mapper(lines, "defaults: {guess_utc_from_country: true}\n")
    _, steps = one.explain(Row("a", "", 2, cells(mail="a@b.org", Country="JP")))
    assert [step.field for step in steps] == [
        "lead_shipping_country_code",
        "lead_email",
        "lead_utc",
    ]
    last = steps[-1]
    assert (last.columns, last.raw, last.value, last.rule) == ((), "", "+09", "utc_offset.guessed")
    assert [problem.code for problem in last.problems] == ["UTC_OFFSET_GUESSED"]
    assert explained(one, Country="JP", Zone="+3")["lead_utc"].rule != "utc_offset.guessed"


def test_a_row_is_told_from_left_to_right_and_of_the_row_as_a_whole_first():
    one = mapper("lead_email: E-mail\nlead_utc: Zone\nlead_phone: Phone\n")
    torn = (Problem("ROW_RAGGED", "r"),)
    record = one.record(Row("a", "", 2, cells(mail="nobody", Zone="lunch", Phone="12"), torn))
    assert [(p.code, p.column) for p in record.problems] == [
        ("ROW_RAGGED", ""), ("EMAIL_INVALID", "E-mail"), ("PHONE_INVALID", "Phone"), ("UTC_OFFSET_INVALID", "Zone"),
    ]  # fmt: skip


def test_a_record_is_of_its_address_in_small_letters_or_else_of_its_phone():
    one = mapper("lead_email: E-mail\nlead_phone: Phone\n", "when: {no_email: create}\n")
    found = [
        (record.email, record.contact)
        for mail, phone in (("Anna@B.org", "+1 415 555 2671"), ("", "+1 415 555 2671"), ("", ""))
        if (record := one.record(Row("a", "", 2, cells(mail=mail, Phone=phone))))
    ]
    assert found == [("anna@b.org", "anna@b.org"), ("", "+14155552671"), ("", "")]


def test_problems_are_sorted_to_their_columns():
    a, b = Problem("X", "m", column="A"), Problem("Y", "m", column="B", severity=Severity.WARNING)
    assert by_column([a, Problem("Z", "of the row"), b, a]) == {"A": [a, a], "B": [b]}
