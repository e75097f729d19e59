"""A proposal as a person reads it: the whole text of the mapping, what is decided by flags, what is added to a mapping."""

from __future__ import annotations

import pytest

from bulk_import.errors import SetupError
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.suggesting import as_yaml, suggest
from bulk_import.mapping.suggesting.choosing import (
    accept,
    choose_column,
    choose_region,
    drop_column,
)
from bulk_import.mapping.suggesting.regions import (
    Region,
    propose_region,
    regions_by_numbers,
    regions_of,
)
from bulk_import.mapping.suggesting.updating import updated
from bulk_import.mapping.suggesting.writing import scalar
from bulk_import.models import Row

NAMES = ["Anna", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gina", "Hugo", "Ines", "Jack"]
COLUMNS = {
    "Email": [f"p{n}@example.com" for n in range(10)],
    "Full name": [f"{name} Berg" for name in NAMES],
    "Phone": [f"(201) 555-42{n:02}" for n in range(10)],
    "Country": ["United States"] * 9 + [""],
    "Tags": ["vip;new"] * 10,
    "Unsubscribed": ["no", "yes"] * 5,
    "Zork first name": NAMES,
    "1": ["x\ty"] * 10,
}


def rows_of(columns: dict[str, list[str]]) -> list[Row]:
    cells = zip(*columns.values(), strict=True)
    return [
        Row("a", "", n, dict(zip(columns, line, strict=True))) for n, line in enumerate(cells, 2)
    ]


def proposed(columns=None):
    columns = COLUMNS if columns is None else columns
    return suggest(list(columns), rows_of(columns))


def fed(proposal) -> dict[str, list[str]]:
    return {name: [one.column for one in found] for name, found in proposal.fields.items()}


# -- the text ----------------------------------------------------------------------------------------

WRITTEN = """\
# A proposal for a b.csv. Read it, then: bulk-import check SOURCE -m THIS_FILE
# After each line: how certain it is, why, and two cells of the column.
version: 1

source:
  sheet: "1"

defaults:
  phone_region: US    # 100% of the numbers without a country code exist there; most rows with a country are there

fields:
  lead_email: Email    # 95%; the header says e-mail; 10 distinct values in 10 cells; e.g. p0@example.com | p1@example.com
  lead_first_name: {column: Full name, part: first}    # 95%; its header says whole name; 10 distinct values in 10 cells; e.g. Anna Berg | Ben Berg
  lead_middle_name: {column: Full name, part: middle}
  lead_last_name: {column: Full name, part: last}
  lead_phone: {column: Phone, region_from: Country}    # 95%; its header says phone; 100% of its cells are phone numbers; e.g. (201) 555-4200 | (201) 555-4201
  lead_shipping_country_code: Country    # 95%; its header says country; 100% of its cells are countries; e.g. United States

# Off, because tags and lists can start e-mail series. Remove the # of a line to send it.
#  add_tags: {column: Tags, separator: ";"}    # 65%; its header says tags; 1 distinct value in 10 cells; off, because it may start mailings; e.g. vip;new

# Columns that are not sent. To send one, remove the # of its line; for lead_… write a field (`bulk-import fields`).
#  lead_first_name: Zork first name    # 50%; its header says first name and 'zork', which is not known; 10 distinct values in 10 cells; e.g. Anna | Ben
#  lead_…: Unsubscribed    # e.g. no | yes
#  lead_…: "1"    # e.g. x y

# Rows that these rules keep back are not sent; `check` counts them. `only` keeps back every cell that it does not list.
only:
  - {column: Unsubscribed, values: ["empty", "no", "false", "0"],
     because: unsubscribed}
"""


def test_a_proposal_is_a_mapping_with_the_reason_of_each_line():
    assert as_yaml(proposed(), "a\nb.csv", {"sheet": "1"}) == WRITTEN
    assert parse_mapping(WRITTEN, "m.yml").spec.source.sheet == "1"


def test_what_is_not_certain_is_a_question_or_a_line_to_uncomment():
    found = as_yaml(proposed({"Shipping phone": ["612 34 56 78"] * 10}), "b.csv").splitlines()
    assert found[2:4] == [
        "# TO DECIDE: which column holds the e-mail address? None looks like it; without one only "
        "`when: no_email: create` sends rows",
        "version: 1",
    ]
    assert found[5:8] == [
        "# The country of numbers without a country code is not certain. Uncomment it if it is so.",
        "#defaults:",
        "#  phone_region: DE    # 100% of the numbers without a country code exist there; as many exist in FR, ES, UA, PL",
    ]
    empty = as_yaml(proposed({"A": ["", ""]}), "c.csv").splitlines()
    assert "  # no column was recognised; `bulk-import fields` lists what there is" in empty


def test_a_country_that_was_chosen_and_never_counted_has_no_share():
    found = proposed({"E-mail": ["a@b.org"], "Phone": ["12"]})
    choose_region(found, "de")
    assert "  phone_region: DE    # chosen" in as_yaml(found, "c.csv").splitlines()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Full name", "Full name"), ("a/b (c)", "a/b (c)"), ("O'Neil & Co", "O'Neil & Co"), ("", '""'), ("7", '"7"'), ("+1", '"+1"'),
        ("No", '"No"'), ("null", '"null"'), ("~", '"~"'), ("a: b", '"a: b"'), ("#x", '"#x"'), ("Имя", "Имя"), ("x ", '"x "'), ("No 7", "No 7"),
    ],
)  # fmt: skip
def test_a_header_is_written_so_that_it_stays_text(text, written):
    assert scalar(text) == written
    if text:
        read = parse_mapping(f"version: 1\nfields: {{lead_email: {written}}}\n", "m")
        assert read.spec.fields["lead_email"].column == (text,)


# -- decisions ---------------------------------------------------------------------------------------


def test_a_chosen_column_feeds_its_field_alone_and_whatever_it_fed_before_no_more():
    proposal = proposed()
    choose_column(proposal, "lead_first_name", "full  NAME", list(COLUMNS))
    assert fed(proposal) == {
        "lead_email": ["Email"], "lead_phone": ["Phone"], "lead_shipping_country_code": ["Country"],
        "lead_first_name": ["Full name"],
    }  # fmt: skip
    (chosen,) = proposal.fields["lead_first_name"]
    assert (chosen.field, chosen.confidence, chosen.why, chosen.samples) == (
        "lead_first_name", 1.0, "chosen", ("Anna Berg", "Ben Berg"),
    )  # fmt: skip
    choose_column(proposal, "lead_first_name", "Zork first name", list(COLUMNS))
    assert fed(proposal)["lead_first_name"] == ["Zork first name"]
    assert "Full name" in [one.column for one in proposal.unmapped]


def test_a_field_is_left_out_by_none_unless_a_column_is_called_so():
    proposal = proposed()
    choose_column(proposal, "lead_phone", "None", list(COLUMNS))
    assert "lead_phone" not in proposal.fields
    assert [(one.column, one.why) for one in proposal.unmapped if one.field == "lead_phone"] == [("Phone", "chosen")]  # fmt: skip
    choose_column(proposal, "lead_phone", "none", [*COLUMNS, "none"])
    assert fed(proposal)["lead_phone"] == ["none"]


def test_a_chosen_address_answers_the_question():
    people = COLUMNS["Email"]
    proposal = proposed({"Zork Email": people, "Blub Email": people})
    (question,) = proposal.questions
    choose_column(proposal, "lead_phone", "Zork Email", ["Zork Email", "Blub Email"])
    assert proposal.questions == [question]
    choose_column(proposal, "lead_email", "Blub Email", ["Zork Email", "Blub Email"])
    assert (proposal.questions, fed(proposal)["lead_email"]) == ([], ["Blub Email"])


def test_a_column_that_is_not_there_or_there_twice_cannot_be_chosen():
    for header in (["A", "B"], ["x y", "X  Y"]):
        with pytest.raises(SetupError) as caught:
            choose_column(proposed(), "lead_email", "X y", header)
        assert str(caught.value) == f"no column 'X y'; the file has: {', '.join(map(repr, header))}"


def test_a_remark_that_is_accepted_feeds_its_field_beside_what_does_already():
    proposal = proposed()
    (tags,) = proposal.off
    accept(proposal, tags)
    (one,) = proposal.fields["add_tags"]
    assert (one.column, one.confidence, one.why, proposal.off) == ("Tags", 1.0, "chosen", [])


def test_a_dropped_column_feeds_nothing():
    proposal = proposed()
    drop_column(proposal, "Phone")
    drop_column(proposal, "Tags")
    assert "lead_phone" not in proposal.fields
    assert "Tags" not in [one.column for one in proposal.unmapped]


def test_the_country_of_numbers_is_chosen_by_its_code():
    proposal = proposed()
    choose_region(proposal, "us")
    assert proposal.region == Region("US", 1.0, is_active=True, why="chosen")
    choose_region(proposal, "de")
    assert proposal.region == Region("DE", 0.0, is_active=True, why="chosen")
    with pytest.raises(SetupError, match="'USA' is not a two-letter country code such as US"):
        choose_region(proposal, "USA")
    choose_region(proposal, "NONE")
    assert proposal.region is None
    choose_region(proposal, "PL")
    assert proposal.region == Region("PL", 0.0, is_active=True, why="chosen")


# -- added to a mapping ------------------------------------------------------------------------------


def test_a_mapping_gets_what_is_new_below_what_it_has():
    text = '# mine\nversion: 1\nfields:\n  lead_email: Email\n  lead_description: "x"\n'
    assert updated(text, "m.yml", proposed()) == (
        text
        + "  lead_first_name: {column: Full name, part: first}\n"
        "  lead_middle_name: {column: Full name, part: middle}\n"
        "  lead_last_name: {column: Full name, part: last}\n"
        "  lead_phone: {column: Phone, region_from: Country}\n"
        "  lead_shipping_country_code: Country\n"
        "only:\n  - {column: Unsubscribed, values: [empty, no, false, 0], because: unsubscribed}\n",
        [
            "fields.lead_first_name: Full name", "fields.lead_middle_name: Full name", "fields.lead_last_name: Full name",
            "fields.lead_phone: Phone", "fields.lead_shipping_country_code: Country", "only: Unsubscribed",
        ],
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "fields: {lead_email: Email, lead_phone: Mobile, lead_last_name: Last, lead_shipping_country_code: {value: US}}\nskip: [{column: Unsubscribed, values: [yes]}]\n",
        "fields: {lead_email: Email, lead_billing_city: Country, lead_description: {template: '{Full name}: {Phone}'}}\nonly: [{column: Unsubscribed, values: [no]}]\n",
        "fields: {lead_email: Email, lead_phone: Phone, lead_state: x}\nextra: {a: Country, b: {columns: [x, Full name]}}\nonly: [{column: [x, Unsubscribed], values: [no]}]\n",
    ],
)  # fmt: skip
def test_fields_and_columns_that_a_mapping_uses_already_stay_as_they_are(text):
    text = f"version: 1\n{text.replace('lead_state', 'lead_shipping_state')}"
    assert updated(text, "m.yml", proposed()) == (text, [])


# -- regions -----------------------------------------------------------------------------------------

GERMAN = ["0171 1234567"] * 10
HEADER = ["E-mail", "Phone", "Country"]


def region(numbers, countries=None, header=HEADER, emails=()):
    countries = countries or [""] * len(numbers)
    lines = zip(numbers, countries, strict=True)
    rows = [
        Row("a", "", n, dict(zip(header, ("", *line), strict=True)))
        for n, line in enumerate(lines, 2)
    ]
    found = propose_region(header, rows, [header[1]], header[2], emails)
    return found and (found.code, round(found.share, 2), found.is_active, found.why)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"numbers": [*GERMAN, "0171 1234567"], "countries": ["Germany"] * 10 + [""]}, ("DE", 1.0, True, "most rows with a country are there")),
        ({"numbers": [*GERMAN[:6], *["1"] * 4, ""], "countries": [""] * 10 + ["Germany"]}, ("DE", 0.6, True, "most rows with a country are there")),
        ({"numbers": [*GERMAN[:5], *["1"] * 5, ""], "countries": [""] * 10 + ["Germany"]}, None),
        ({"numbers": GERMAN, "header": ["Vorname", "Telefon", "PLZ"]}, ("DE", 1.0, True, "the header is in its language")),
        ({"numbers": [*GERMAN, "+49 171 1234567", "+1 202 555 0100", "0049 171 1234568"]}, ("DE", 1.0, True, "its numbers with a country code are there")),
        ({"numbers": GERMAN, "emails": ["a@x.de", "b@x.de", "c@x.com", "d@x.uk"]}, ("DE", 1.0, True, "the addresses' domains are there")),
        ({"numbers": ["(201) 555-4285"] * 8 + ["201 555 4285"] * 2}, ("US", 1.0, True, "the numbers are written as there")),
        ({"numbers": ["(201) 555-4285"] * 7 + ["201 555 4285"] * 3}, ("US", 1.0, False, "as many exist in DE, GB, MX, CA")),
        ({"numbers": ["+49 171 1234567"] * 3}, None),
        ({"numbers": ["1"] * 10}, None),
    ],
)  # fmt: skip
def test_the_region_is_what_the_file_says_of_itself_in_a_fixed_order(given, found):
    assert region(**given) == found


def test_regions_are_counted_by_the_numbers_that_exist_there():
    assert regions_by_numbers(["0171 1234567", "1"], ["US", "DE", "DE"]) == [("DE", 0.5)]
    assert regions_by_numbers(["1"], ["DE"]) == []
    assert regions_by_numbers(["0171 1234567"] * 200 + ["1"] * 99, ["DE"]) == [("DE", 1.0)]


def test_the_countries_of_domains_come_by_their_number():
    emails = ["a@x.uk", "b@x.co.uk", "c@x.de", "d@x.com", "e@x.com", "f@x.com ", "g"]
    assert regions_of(emails) == ["GB", "DE"]


# -- the proposal as a whole ---------------------------------------------------------------------------

MAIL = COLUMNS["Email"]
PHONES = [f"+1 202 555 01{n:02}" for n in range(10)]


def left(proposal) -> list[tuple[str, str, float, str]]:
    return [(one.column, one.field, one.confidence, one.why) for one in proposal.unmapped]


@pytest.mark.parametrize(
    ("columns", "order"),
    [
        (["Phone", "Mobile"], ["Mobile", "Phone"]),
        (["Phone 2", "Phone", "Mobile 2"], ["Phone", "Mobile 2", "Phone 2"]),
        (["Home phone", "Work phone", "Other phone"], ["Home phone", "Work phone"]),
        (["Shipping phone", "Billing phone"], ["Shipping phone"]),
        (["Phone", "Billing phone"], ["Phone"]),
    ],
)
def test_phones_come_first_by_rank_then_mobile_then_as_in_the_file(columns, order):
    found = proposed({"Email": MAIL} | dict.fromkeys(columns, PHONES))
    assert fed(found)["lead_phone"] == order


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["a;b", "c"], ";"), (["a", "b"], ","), (["a,b", "c;d", "e;f"], ";"), (["a,b", "c,d", "e;f"], ","), (["a|b", "c"], "|"),
        (["a:::b", "c"], ":::"), (["a/b", "c"], "/"), (["a,b;c", "d"], ";"),
    ],
)  # fmt: skip
def test_tags_are_separated_by_the_sign_that_most_cells_have(cells, separator):
    found = proposed({"Email": MAIL[: len(cells)], "Tags": cells})
    assert found.separator == separator


def test_every_column_that_feeds_nothing_is_listed_with_the_best_idea_of_it():
    found = proposed(
        {
            "Email": MAIL, "Owner email": [f"o{n}@x.org" for n in range(10)], "Zork email": [f"z{n}@x.org" for n in range(10)],
            "City": NAMES, "Work city": NAMES, "Empty": [""] * 10, "Any": ["7"] * 10,
        }
    )  # fmt: skip
    assert fed(found) == {"lead_email": ["Email"], "lead_shipping_city": ["City"]}
    ten = "10 distinct values in 10 cells"
    assert left(found) == [
        ("Owner email", "", 0.0, f"the header names the record's owner; {ten}"),
        ("Zork email", "", 0.0, ""),
        ("Work city", "lead_shipping_city", 0.45, f"its header says city; {ten}; of another address than the one that is sent"),
        ("Empty", "", 0.0, "empty"),
        ("Any", "", 0.0, ""),
    ]  # fmt: skip
    assert found.rows == 10


def test_a_second_column_of_a_field_is_left_with_less_than_is_certain():
    found = proposed({"Email": MAIL, "Notes": NAMES, "Remarks": ["call later"] * 10})
    assert fed(found)["lead_description"] == ["Notes"]
    assert left(found) == [("Remarks", "lead_description", 0.65, "its header says notes; 1 distinct value in 10 cells")]  # fmt: skip


def test_a_field_that_is_switched_off_becomes_a_remark_with_its_reason():
    found = proposed()
    found.dropped["lead_phone"] = 3
    assert found.filled_rows("lead_phone", rows_of(COLUMNS)) == 10
    found.switch_off("lead_phone", "but nobody wants it")
    one = found.unmapped[-1]
    assert (one.column, one.field, one.confidence) == ("Phone", "lead_phone", 0.4)
    assert (
        one.why == "its header says phone; 100% of its cells are phone numbers, but nobody wants it"
    )
    assert ("lead_phone" in found.fields, found.dropped, found.region) == (False, {}, None)
    assert found.filled_rows("lead_phone", rows_of(COLUMNS)) == 0


def test_a_phone_takes_its_region_from_the_country_of_its_own_address():
    """A French number beside a German shipping address would be read as a German one."""
    columns = {
        "user_email": COLUMNS["Email"],
        "billing_phone": COLUMNS["Phone"],
        "billing_country": ["United States"] * 10,
        "shipping_country": ["Canada"] * 10,
        "shipping_city": ["Toronto"] * 10,
        "billing_city": ["Boston"] * 10,
    }
    assert "region_from: billing_country" in as_yaml(proposed(columns), "a.csv")
