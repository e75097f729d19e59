"""Lists and managers by title, id and name: which one is meant, and what is refused before anybody is added to another."""

from __future__ import annotations

import pytest

from bulk_import.errors import MappingError
from bulk_import.mapping.binding import bind, resolve_list, spelled
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.unverified import RememberedNames, unverified_names
from bulk_import.models import Problem, Record, Row, Severity
from bulk_import.normalize.result import NormalizeError

ID = "1473249885.2899961004"
OTHER = "1473249886.1234567890"
LISTS = {"News": [ID], "Twins": [ID, OTHER], "Bare": [], ID: [ID], "super": ["super"]}
HEAD = "version: 1\nfields:\n  lead_email: E-mail\n"


def mapper(text: str, lists=LISTS, managers=None) -> RowMapper:
    header = ["E-mail", "L", "R", "M"]
    return RowMapper(bind(parse_mapping(HEAD + text, "m"), header, lists=lists, managers=managers))


def record(one: RowMapper, **cells: str) -> Record:
    return one.record(Row("a.csv", "", 2, {"E-mail": "a@b.org", "L": "", "R": "", "M": ""} | cells))


def refused(value: str, lists=LISTS) -> tuple[str, str]:
    with pytest.raises(NormalizeError) as caught:
        resolve_list(value, lists)
    return caught.value.code, str(caught.value)


@pytest.mark.parametrize(("value", "meant"), [("News", ID), (ID, ID), ("super", "super")])
def test_a_list_is_meant_by_its_title_or_its_id(value, meant):
    assert resolve_list(value, LISTS) == meant


def test_before_the_account_was_asked_every_name_stays_as_it_is():
    assert resolve_list("Newsletter", None) == "Newsletter"
    assert refused("Newsletter", {})[0] == "LIST_UNKNOWN"


def test_a_title_is_compared_exactly_and_the_nearest_is_named():
    assert refused("news") == (
        "LIST_UNKNOWN",
        "the account has no list 'news' (did you mean News?); `bulk-import lists` shows them",
    )
    assert refused("zzzzzz") == (
        "LIST_UNKNOWN",
        "the account has no list 'zzzzzz'; `bulk-import lists` shows them",
    )


def test_a_title_that_two_lists_have_is_refused_with_their_ids():
    assert refused("Twins") == (
        "LIST_AMBIGUOUS",
        f"2 lists are called 'Twins'; write the id of the one that is meant: {ID} or {OTHER}",
    )


def test_a_list_whose_id_the_account_does_not_say_is_refused():
    assert refused("Bare") == (
        "LIST_WITHOUT_ID",
        "the account's answer has no API id for the list 'Bare'; write the id that the list's settings show",
    )


# -- in a mapping ------------------------------------------------------------------------------------


def test_constant_lists_come_first_each_once_and_cells_after_them():
    one = mapper("  add_to_lists: {column: L, always: [News, super]}\n")
    assert dict(record(one).fields)["add_to_lists"] == f"{ID},super"
    assert dict(record(one, L=f"{ID}, super").fields)["add_to_lists"] == f"{ID},super"
    bad = record(one, L="News, Zork")
    assert [(p.code, p.column, p.field, p.value) for p in bad.errors] == [
        ("LIST_UNKNOWN", "L", "add_to_lists", "News, Zork")
    ]
    assert dict(bad.fields)["add_to_lists"] == f"{ID},super"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  add_to_lists: {always: [Nwes]}\n", "m:4:18: fields.add_to_lists: the account has no list 'Nwes' (did you mean News?); `bulk-import lists` shows them"),
        ("  add_to_lists: {always: [News, Twins]}\n", f"m:4:18: fields.add_to_lists: 2 lists are called 'Twins'; write the id of the one that is meant: {ID} or {OTHER}"),
        ("  remove_from_lists: {always: ['1473249885.28']}\n", "m:4:23: fields.remove_from_lists: the list id '1473249885.28' was turned into a number and lost digits; copy it again from the account as text (in Excel: format the column as text first)"),
        ("  add_tags: {always: ['a,b']}\n", "m:4:14: fields.add_tags: 'a,b' has a comma in it"),
        ("on_missing: {remove_from_lists: [Zork]}\n", "m:4:14: on_missing.remove_from_lists: the account has no list 'Zork'; `bulk-import lists` shows them"),
        ("on_missing: {add_tags: ['a,b']}\n", "m:4:14: on_missing.add_tags: 'a,b' has a comma in it"),
        ("on_missing: {remove_tags: ['a,b']}\n", "m:4:14: on_missing.remove_tags: 'a,b' has a comma in it"),
    ],
)  # fmt: skip
def test_a_constant_that_names_no_list_is_refused_before_any_row_with_its_place(text, said):
    with pytest.raises(MappingError) as caught:
        mapper(text)
    assert str(caught.value) == said


def test_tags_of_an_action_on_missing_contacts_are_no_lists():
    mapper("on_missing: {add_tags: [Zork], remove_tags: [Twins], remove_from_lists: [News]}\n")


# -- managers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "managers", "value", "code"),
    [
        ("Vera", {"Vera": "101"}, "101", ""),
        (" Vera ", {"Vera": "101"}, "101", ""),
        ("101", {"Vera": "101"}, "101", ""),
        ("101.0", None, "101", ""),
        ("Bob", None, "Bob", ""),
        ("Bob", {}, None, "MANAGER_UNKNOWN"),
        ("Bob", {"Vera": "101"}, None, "MANAGER_UNKNOWN"),
        ("#1", None, None, "MANAGER_INVALID"),
        ("#1", {"#1": "7"}, "7", ""),
    ],
)
def test_a_manager_is_meant_by_name_or_number(cell, managers, value, code):
    made = record(mapper("  lead_personal_manager: M\n", managers=managers), M=cell)
    assert dict(made.fields).get("lead_personal_manager") == value
    assert [problem.code for problem in made.errors] == ([code] if code else [])


# -- names that the account was not asked for --------------------------------------------------------

NAMED = "  add_to_lists: {column: L, always: [super]}\n  remove_from_lists: {always: [News]}\n  lead_personal_manager: M\n"


def test_fields_whose_cells_may_name_something_not_compared():
    fields = (("add_to_lists", ("L",)), ("lead_personal_manager", ("M",)))
    assert mapper(NAMED, managers=None).unverified == fields
    assert mapper(NAMED, managers={}).unverified == ()
    known: RememberedNames[str] = RememberedNames({"Vera": "101"}, str, bool)
    assert mapper(NAMED, managers=known).unverified == tuple(sorted(fields))
    assert mapper("  add_tags: L\n").unverified == ()


def test_of_remembered_names_only_those_that_are_new_count():
    lists: RememberedNames[list[str]] = RememberedNames({"News": [ID], "super": ["super"]}, lambda name: [name], bool)  # fmt: skip
    managers: RememberedNames[str] = RememberedNames({"Vera": "101"}, str, bool)
    one = mapper(NAMED, lists=lists, managers=managers)
    cells = {"News": 3, "News, super": 2, "News, Later": 5, "": 9, "1473249885.28": 1}
    assert one.unverified_cells("add_to_lists", cells) == {"News, Later": 5}
    assert one.unverified_cells("lead_personal_manager", {" Vera ": 1, "Bob": 2}) == {"Bob": 2}
    plain = mapper(NAMED)
    assert plain.unverified_cells("add_to_lists", cells) == cells


def test_names_that_were_known_once_stand_for_what_they_were_and_others_for_themselves():
    names = RememberedNames({"Vera": "101"}, str.upper, str.isalpha)
    assert (names["Vera"], names["bob"], names.get("7"), "7" in names) == (
        "101",
        "BOB",
        None,
        False,
    )
    with pytest.raises(KeyError, match="7"):
        names["7"]
    assert (list(names), len(names), names.knows("Vera"), names.knows("bob")) == (["Vera"], 1, True, False)  # fmt: skip
    empty: RememberedNames[str] = RememberedNames({}, str, bool)
    assert (bool(empty), len(empty)) == (True, 0)  # "nothing is known" is not "nobody was asked"


def said(field: str, cells: dict[str, int]) -> str:
    found = unverified_names(field, "L", cells)
    if found is None:
        return ""
    assert found == Problem("NAMES_UNVERIFIED", found.message, "L", field, severity=Severity.WARNING)  # fmt: skip
    return found.message.partition(" that were not")[0]


def test_what_was_not_compared_is_said_with_the_commonest_names():
    assert said("add_to_lists", {"News": 1}) == "1 row names lists ('News')"
    assert said("add_to_lists", {"A": 1, " B ": 3, "C": 2}) == "6 rows name lists ('B', 'C', 'A')"
    assert said("add_to_lists", {"A": 1, "B": 3, "C": 2, "D": 1}) == "7 rows name lists ('B', 'C', 'A' and 1 more)"  # fmt: skip
    assert said("lead_personal_manager", {"x" * 41: 1}) == f"1 row names managers ('{'x' * 40}')"
    for cells in ({}, {"": 4}, {ID: 2, "101; 102": 1, "7|8 9": 1}):
        assert said("add_to_lists", cells) == ""
    whole = unverified_names("lead_personal_manager", "L", {"Bob": 2})
    assert whole is not None
    assert whole.message.endswith(
        "the run refuses rows with a name that the account does not have (`bulk-import managers` shows them)"
    )


def test_tags_are_compared_without_regard_to_case_and_blanks():
    assert spelled("  VIP \t Club ") == "vip club"
