"""Rosters: who is on which list, who comes, leaves or is held, and what that comes to for each contact."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bulk_import.jobs.calls import CALLS, Calls, Line, packed
from bulk_import.jobs.deciding import Contact, Effect, calls_of
from bulk_import.jobs.holding import SHEET_SAYS_NO, Doubt, Place, Resembling
from bulk_import.jobs.rosters import (
    COMES,
    HELD,
    LEAVES,
    DoubtRow,
    PersonRow,
    Rosters,
    new_of,
    old_of,
)
from bulk_import.jobs.scratch import Scratch


@pytest.fixture
def rosters() -> Iterator[Rosters]:
    with Rosters() as opened:
        yield opened


def put(rosters: Rosters, roster: int, *names: str, source: str = "", first: int = 2) -> None:
    """Put people on a list, each on a line of its own; a name in capitals is another spelling."""
    place = rosters.place(source or f"{roster}.csv", "")
    rosters.add(
        roster,
        (
            PersonRow(f"{name.lower()}@b.org", "" if name.islower() else f"{name}@b.org", place, row, None)
            for row, name in enumerate(names, first)
        ),
    )  # fmt: skip


def names(found: Iterator[str]) -> list[str]:
    return [address.removesuffix("@b.org") for address in found]


# -- one roster --------------------------------------------------------------------------------------


def test_rosters_of_new_and_earlier_lists_have_numbers_of_their_own():
    assert [(new_of(segment), old_of(segment)) for segment in range(3)] == [(0, 1), (2, 3), (4, 5)]


def test_a_file_and_its_sheet_have_one_number(rosters):
    places = [("a.csv", ""), ("a.csv", "One"), ("b.csv", ""), ("a.csv", "One"), ("\ud800.csv", "")]
    assert [rosters.place(*place) for place in places] == [0, 1, 2, 1, 3]
    assert [*rosters.lines("select * from place")][3] == (3, "\ufffd.csv", "")


def test_people_are_listed_once_as_they_were_written_first_without_those_who_said_no(rosters):
    put(rosters, 0, "B", "a", "b", "c", "no")
    put(rosters, 1, "x")
    rosters.refuse(0, ["no@b.org", "no@b.org"])
    rosters.index()
    assert names(rosters.people(0)) == ["B", "a", "c"]
    assert (len(rosters.people(0)), rosters.count(0), rosters.count(1), rosters.count(2)) == (3, 3, 1, 0)  # fmt: skip
    assert rosters.last_person() == 6


def test_who_is_known_from_earlier_runs_has_a_spelling_and_no_place(rosters):
    rosters.add_known(1, ["a@b.org", "A@bücher.example"])
    assert names(rosters.people(1)) == ["a", "A@bücher.example"]
    assert [*rosters.lines("select key, address, place from person")] == [
        ("a@b.org", "", None), ("a@xn--bcher-kva.example", "A@bücher.example", None),
    ]  # fmt: skip


def test_doubtful_cells_are_told_with_their_place_and_what_they_may_mean(rosters):
    place = rosters.place("a.xlsx", "One")
    rosters.add_doubts(0, [DoubtRow(place, 7, "a@@b.org"), DoubtRow(place, 8, "x\ud800", ("a@b.org",))])  # fmt: skip
    rosters.add_doubts(2, [DoubtRow(place, 9, "n@b.org", ("n@b.org",), SHEET_SAYS_NO)])
    rosters.add_doubts(1, [DoubtRow(place, 10, "old")])
    first = Doubt(Place("a.xlsx", "One", 7), "a@@b.org")
    second = Doubt(Place("a.xlsx", "One", 8), "x\ufffd", ("a@b.org",))
    third = Doubt(Place("a.xlsx", "One", 9), "n@b.org", ("n@b.org",), SHEET_SAYS_NO)
    assert [*rosters.doubts(0, 2)] == [first, second, third]
    assert [*rosters.doubts(0, 2, said_no=False)] == [first, second]
    assert [*rosters.doubts(0, 2, said_no=True)] == [third]
    assert [*rosters.doubts(2)] == [third]
    assert [len(rosters.doubts(0, 2, said_no=said)) for said in (None, False, True)] == [3, 2, 1]


def test_who_says_no_in_a_cell_beside_the_address_is_refused_on_that_list(rosters):
    place = rosters.place("a.csv", "")
    for roster in (0, 2):
        after = rosters.last_person()
        rosters.add(roster, [PersonRow(f"{n}@b.org", "N@b.org" if n == 5 else "", place, n, n % 3) for n in (4, 5, 6)])  # fmt: skip
        rosters.refuse_heard(roster, after, {2: f"Opt-in: 'no' {roster}"} if roster else {})
    assert names(rosters.people(0)) == ["4", "N", "6"]
    assert names(rosters.people(2)) == ["4", "6"]
    why = "Opt-in: 'no' 2"
    assert [*rosters.doubts(0, 2)] == [Doubt(Place("a.csv", "", 5), "N@b.org", ("N@b.org",), why)]
    after = rosters.last_person()
    rosters.add(4, [PersonRow("9@b.org", "", place, 9, 2)])
    rosters.refuse_heard(4, after, {2: "another reason"})  # the numbers are those of each list
    assert [doubt.said_no for doubt in rosters.doubts(4)] == ["another reason"]
    assert len(rosters.doubts(2)) == 1


def test_who_says_no_on_one_new_list_says_no_on_all_of_them(rosters):
    for roster in range(4):
        put(rosters, roster, "a", "b", "c")
    rosters.refuse(new_of(0), ["a@b.org"])
    rosters.refuse(old_of(0), ["b@b.org"])
    rosters.refuse(new_of(1), ["c@b.org"])
    rosters.share_refusals(2)
    assert [names(rosters.people(roster)) for roster in range(4)] == [
        ["b"], ["a", "c"], ["b"], ["a", "b", "c"],
    ]  # fmt: skip


# -- comparing ---------------------------------------------------------------------------------------


def compared(rosters: Rosters, blanks: int = 0, *, accept: bool = False) -> tuple[list[str], ...]:
    rosters.index()
    rosters.compare(0, blanks, accept=accept)
    return (
        names(rosters.changes(COMES, 0)),
        names(rosters.changes(LEAVES, 0)),
        names(rosters.held(0, blanks)),
    )


def test_who_comes_is_in_the_order_of_the_list_and_who_leaves_by_address(rosters):
    put(rosters, 0, "z", "stays", "Y", "y", "c")
    put(rosters, 1, "q", "stays", "b", "B")
    assert compared(rosters) == (["z", "Y", "c"], ["b", "q"], [])
    assert len(rosters.changes(COMES, 0)) == 3
    assert len(rosters.changes(LEAVES, 1)) == 0


@pytest.mark.parametrize(
    ("new_says_no", "old_says_no", "moves"),
    [
        (False, False, ([], [])),
        (True, False, ([], [])),  # keeps what the segment gave
        (False, True, (["a"], [])),  # had never got it
        (True, True, ([], [])),
    ],
)
def test_who_said_no_on_a_list_was_not_on_it_and_loses_nothing(
    rosters, new_says_no, old_says_no, moves
):
    put(rosters, 0, "a")
    put(rosters, 1, "a")
    rosters.refuse(0, ["a@b.org"] if new_says_no else [])
    rosters.refuse(1, ["a@b.org"] if old_says_no else [])
    assert compared(rosters)[:2] == moves


def test_who_said_no_on_the_earlier_list_alone_does_not_leave(rosters):
    put(rosters, 1, "a", "b")
    rosters.refuse(1, ["a@b.org"])
    rosters.refuse(0, ["b@b.org"])
    assert compared(rosters) == ([], [], [])


@pytest.mark.parametrize(
    ("blanks", "accept", "held"), [(0, False, []), (1, False, ["a", "b"]), (1, True, []), (-1, False, [])]
)  # fmt: skip
def test_more_rows_without_an_address_hold_all_who_would_leave(rosters, blanks, accept, held):
    put(rosters, 0, "new")
    put(rosters, 1, "b", "a")
    comes, leaves, found = compared(rosters, blanks, accept=accept)
    assert (comes, leaves, sorted(found)) == (["new"], [] if held else ["a", "b"], held)
    assert {*rosters.held(0, blanks).values()} == (
        {f"rows without an address: {blanks} more than before"} if held else set()
    )
    with pytest.raises(KeyError):
        rosters.held(0, blanks)["new@b.org"]


def may_be(row: int, text: str) -> str:
    return f"0.csv row {row} {text!r} is not understood and may be one of them"


@pytest.mark.parametrize(
    ("doubts", "why"),
    [
        # The likeliest first; a cell holds whom it resembles.
        (["anna.bergb.org"], {"anna.berg": 50}),
        (["anna.brgb.org", "zoeb.org"], {"anna.berg": 50, "zoe": 51}),
        # One that resembles nobody holds all whom no earlier one holds.
        (["anna.bergb.org", "#N/A"], {"anna.berg": 50, "ben": 51, "zoe": 51}),
        (["#N/A", "anna.bergb.org"], {"anna.berg": 50, "ben": 50, "zoe": 50}),
        # Equal cells are one.
        (["#N/A", "#N/A"], {"anna.berg": 50, "ben": 50, "zoe": 50}),
    ],
)
def test_a_doubtful_cell_holds_whom_it_resembles_or_everybody(rosters, doubts, why):
    put(rosters, 1, "ben", "anna.berg", "zoe")
    place = rosters.place("0.csv", "")
    rosters.add_doubts(0, [DoubtRow(place, row, text) for row, text in enumerate(doubts, 50)])
    _, leaves, held = compared(rosters)
    assert sorted([*leaves, *held]) == ["anna.berg", "ben", "zoe"]
    assert {name: rosters.held(0, 0)[f"{name}@b.org"] for name in held} == {
        name: may_be(row, doubts[row - 50]) for name, row in why.items()
    }


@pytest.mark.parametrize(
    ("most", "why"),
    [
        (
            3,
            dict.fromkeys(
                ("anna.berg", "ben"), "2 cells are not understood and may be any of them"
            ),
        ),
        (4, {"anna.berg": may_be(50, "anna.bergb.org"), "ben": may_be(51, "zoe")}),
    ],
)
def test_more_doubtful_cells_than_can_be_compared_hold_everybody(most, why):
    """As when a wrong column is read: each of a million cells may be each of a million people."""
    with Rosters(most_compared=most) as rosters:
        put(rosters, 0, "x", "y", "z")
        put(rosters, 1, "anna.berg", "ben", "x")
        place = rosters.place("0.csv", "")
        rosters.add_doubts(0, [DoubtRow(place, 50, "anna.bergb.org"), DoubtRow(place, 51, "zoe")])
        assert compared(rosters) == (["y", "z"], [], [*why])
        assert {name: rosters.held(0, 0)[f"{name}@b.org"] for name in why} == why


def test_a_cell_that_names_somebody_else_holds_nobody(rosters):
    put(rosters, 1, "ben")
    rosters.add_doubts(0, [DoubtRow(rosters.place("0.csv", ""), 5, "x", ("q@b.org",))])
    assert compared(rosters) == ([], ["ben"], [])


def test_a_cell_that_says_no_holds_nobody(rosters):
    put(rosters, 1, "ben")
    rosters.add_doubts(0, [DoubtRow(rosters.place("0.csv", ""), 5, "x", (), "stop")])
    assert compared(rosters) == ([], ["ben"], [])


@pytest.mark.parametrize(
    ("text", "candidates", "near"),
    [
        ("anna.bergb.org", (), ["anna.berg@b.org"]),
        ("nobody at all", (), []),
        ("", ("zoe@c.org", "q@q.org", "anna.berg@b.org"), ["zoe@c.org", "anna.berg@b.org"]),
    ],
)
def test_who_may_be_behind_a_cell_is_ranked(text, candidates, near):
    found = Resembling(["anna.berg@b.org", "zoe@c.org"]).near(Doubt("here", text, candidates))
    assert [key for key, _ in found] == near
    assert [rank for _, rank in found] == sorted(rank for _, rank in found)
    if candidates:
        assert [rank for _, rank in found] == [0.0, 2.0]


# -- the call of each contact ------------------------------------------------------------------------


def contacts_of(rosters: Rosters, segments: int, event: int = 0) -> tuple[dict[str, Contact], list[Line]]:  # fmt: skip
    """Compare all segments; what is known of whom, and the calls if each is changed by one event."""
    rosters.index()
    rosters.share_refusals(segments)
    for segment in range(segments):
        rosters.compare(segment, 0, accept=False)
    asked: list[Contact] = []

    def effect_of(contact: Contact) -> Effect:
        asked.append(contact)
        return Effect(min(event, len(contact.events) - 1), f"{len(asked)}")

    lines = [*calls_of(rosters, segments, effect_of)]
    by_change = {line.changes: line for line in lines}
    return {names([by_change[f"{n}"].email])[0]: one for n, one in enumerate(asked, 1)}, lines


def test_the_calls_of_one_segment_are_first_of_who_leaves_then_of_who_comes(rosters):
    put(rosters, 0, "d", "C", source="new.csv")
    put(rosters, 1, "B", "a", source="old.csv", first=7)
    asked, lines = contacts_of(rosters, 1)
    assert [(line.email, line.place, line.row) for line in lines] == [
        ("B@b.org", 1, 7), ("a@b.org", 1, 8), ("d@b.org", 0, 2), ("C@b.org", 0, 3),
    ]  # fmt: skip
    assert asked == {
        "B": Contact(((LEAVES, 0),), frozenset()), "a": Contact(((LEAVES, 0),), frozenset()),
        "d": Contact(((COMES, 0),), frozenset({0})), "C": Contact(((COMES, 0),), frozenset({0})),
    }  # fmt: skip
    assert [line.position for line in lines] == sorted(line.position for line in lines)
    assert [*calls_of(rosters, 1, lambda _contact: None)] == []


def test_what_happens_to_a_contact_in_each_segment_is_brought_together(rosters):
    put(rosters, new_of(0), "both", "comes")
    put(rosters, old_of(0), "out", "moves")
    put(rosters, new_of(1), "both", "moves", "comes", "out")
    put(rosters, old_of(1), "out", "comes")
    asked, lines = contacts_of(rosters, 2)
    assert asked == {
        "both": Contact(((COMES, 0), (COMES, 1)), frozenset({0, 1})),
        "comes": Contact(((COMES, 0),), frozenset({0, 1})),
        "moves": Contact(((LEAVES, 0), (COMES, 1)), frozenset({1})),
        "out": Contact(((LEAVES, 0),), frozenset({1})),
    }
    assert names(line.email for line in lines) == ["out", "moves", "both", "comes"]


@pytest.mark.parametrize(
    ("lists", "is_in"),
    [
        ({}, False),
        ({"new": "", "old": ""}, True),
        ({"old": "no"}, False),
        ({"new": "no", "old": ""}, True),  # keeps what the segment gave
        ({"new": "no", "old": "no"}, False),
        ({"new": "no"}, False),
    ],
)
def test_where_nothing_happens_to_a_contact_the_lists_say_whether_it_is_in_the_segment(
    rosters, lists, is_in
):
    # Who is refused on a new list comes nowhere: this one leaves the first segment.
    put(rosters, old_of(0), "k")
    for name, roster in (("new", new_of(1)), ("old", old_of(1))):
        if name in lists:
            put(rosters, roster, "k")
            if lists[name]:
                rosters.refuse(roster, ["k@b.org"])
    rosters.index()
    rosters.compare(0, 0, accept=False)
    rosters.compare(1, 0, accept=False)
    asked: list[Contact] = []
    assert [*calls_of(rosters, 2, lambda contact: asked.append(contact))] == []  # type: ignore[func-returns-value]
    assert asked == [Contact(((LEAVES, 0),), frozenset({1} if is_in else ()))]


def test_who_is_held_in_a_segment_is_in_it_and_gets_no_call_for_that(rosters):
    put(rosters, new_of(0), "x", "k")
    put(rosters, old_of(1), "k", "alone")
    rosters.add_doubts(new_of(1), [DoubtRow(rosters.place("2.csv", ""), 9, "#N/A")])
    asked, lines = contacts_of(rosters, 2)
    assert asked == {
        "x": Contact(((COMES, 0),), frozenset({0})),
        "k": Contact(((COMES, 0),), frozenset({0, 1})),
    }
    assert names(line.email for line in lines) == ["x", "k"]
    assert HELD == 2


@pytest.mark.parametrize(("event", "order"), [(0, ["M", "z", "a"]), (1, ["z", "a", "M"])])
def test_a_call_comes_where_the_first_event_comes_that_changes_something(rosters, event, order):
    """Its address is written as where anything happens to the contact at first."""
    put(rosters, old_of(0), "M")
    put(rosters, new_of(1), "a", "m")
    put(rosters, old_of(1), "z")
    _, lines = contacts_of(rosters, 2, event)
    assert names(line.email for line in lines) == order


@pytest.mark.parametrize(
    ("on", "place"),
    [
        ({new_of(0): "x", new_of(1): "x"}, ("2.csv", 2)),
        ({new_of(0): "x", old_of(1): "x"}, ("0.csv", 2)),
        ({old_of(0): "x", old_of(1): "x"}, ("3.csv", 2)),
        ({old_of(0): "x", new_of(1): "x", old_of(1): "x"}, ("2.csv", 2)),
        ({new_of(0): "x", old_of(0): "x", old_of(1): "x"}, ("0.csv", 2)),
    ],
)
def test_a_contact_has_the_place_on_the_last_new_list_else_on_the_last_earlier_one(
    rosters, on, place
):
    for roster, name in on.items():
        put(rosters, roster, name)
    _, (line,) = contacts_of(rosters, 2)
    assert line.place is not None
    (source,) = rosters.line("select source from place where id = ?", (line.place,)) or ("",)
    assert (source, line.row) == place


def test_who_is_on_no_list_has_no_place(rosters):
    rosters.add_known(old_of(0), ["k@b.org"])
    rosters.add_known(old_of(1), ["k@b.org"])
    _, (line,) = contacts_of(rosters, 2)
    assert (line.email, line.place, line.row) == ("k@b.org", None, None)


# -- calls -------------------------------------------------------------------------------------------


def test_calls_are_read_in_the_order_of_their_positions():
    vip, both = packed({"add_tags": {"vip": None}, "remove_tags": {}}), packed({"remove_tags": ["x", "y"], "add_tags": ["vip"]})  # fmt: skip
    assert vip == '[["add_tags", ["vip"]]]'
    with Scratch(CALLS) as scratch:
        scratch.write("insert into place values (4, 'a.xlsx', 'One')")
        calls = Calls(
            scratch,
            [Line(9, "a@b.org", None, None, vip), Line(2, "b@b.org", 4, 7, both), Line(5, "c@b.org", None, 3, vip)],
        )  # fmt: skip
        has_vip = {"add_tags": {"vip": None}}
        has_both = {"remove_tags": {"x": None, "y": None}, "add_tags": {"vip": None}}
        assert [*calls.placed()] == [
            ("b@b.org", has_both, Place("a.xlsx", "One", 7)), ("c@b.org", has_vip, None),
            ("a@b.org", has_vip, None),
        ]  # fmt: skip
        assert (len(calls), [*calls]) == (3, ["b@b.org", "c@b.org", "a@b.org"])
        assert [*calls.items()] == [
            ("b@b.org", has_both),
            ("c@b.org", has_vip),
            ("a@b.org", has_vip),
        ]
        assert calls["a@b.org"] == has_vip
        with pytest.raises(KeyError, match="z@b"):
            calls["z@b.org"]
        assert calls.used == ["add_tags", "remove_tags"]
        assert [(name, [*counts.items()]) for name, counts in calls.totals().items()] == [
            ("remove_tags", [("x", 1), ("y", 1)]), ("add_tags", [("vip", 3)]),
        ]  # fmt: skip
        back = calls.reversed()
        assert back["b@b.org"] == {"add_tags": {"x": None, "y": None}, "remove_tags": {"vip": None}}
        assert back.used == ["add_tags", "remove_tags"]
        assert calls["b@b.org"] == has_both
        assert len(Calls(scratch, [])) == 3
