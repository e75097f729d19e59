"""What the difference of lists comes to: who gains, loses and stays, what is held, and when it is stopped."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from bulk_import.errors import MappingError, SettingsError, StoppedError
from bulk_import.jobs.holding import Doubt, Place, held_back
from bulk_import.jobs.retagging import similar_name
from bulk_import.jobs.segments import Difference, Segment, brake, braked, load_plan


def people(*names: str) -> list[str]:
    return [f"{name}@b.org" for name in names]


@pytest.fixture
def segment(write_csv):
    """A segment of lists, each written as a file."""

    numbers = itertools.count()

    def made(new, previous=None, **changes):
        lists = {"source": new} | ({} if previous is None else {"previous": previous})
        paths = {
            name: str(write_csv([["E-mail"], *([one] for one in cells)], name=f"{name}{next(numbers)}.csv"))
            for name, cells in lists.items()
        }  # fmt: skip
        return Segment.made(**paths, **changes)

    return made


# -- the difference ----------------------------------------------------------------------------------


def test_a_difference_counts_who_was_who_is_and_who_moves(plan_retag, segment):
    one = segment(people("b", "c", "d", "e", "f"), people("a", "b", "c", "d"), add_tags="vip")
    found = plan_retag({"s": one}).differences["s"]
    assert (found.gains, found.loses) == (("e@b.org", "f@b.org"), ("a@b.org",))
    assert (found.stays, found.before, found.now, found.leaving, found.held) == (3, 4, 5, 1, {})


def test_what_somebody_loses_is_what_the_segment_adds_and_what_it_takes_is_not_given_back(
    plan_retag, segment
):
    one = segment(
        people("new"), people("old"), add_tags=["vip", "x"], add_to_lists="l1", remove_tags="lead",
        remove_from_lists="l2",
    )  # fmt: skip
    calls = plan_retag({"s": one}).calls
    assert list(calls) == ["old@b.org", "new@b.org"]
    assert calls["old@b.org"] == {
        "remove_tags": {"vip": None, "x": None},
        "remove_from_lists": {"l1": None},
    }
    assert calls["new@b.org"] == {
        "add_tags": {"vip": None, "x": None},
        "remove_tags": {"lead": None},
        "add_to_lists": {"l1": None},
        "remove_from_lists": {"l2": None},
    }


def test_who_comes_into_a_segment_keeps_what_another_one_gives(plan_retag, segment):
    plan = plan_retag(
        {
            "client": segment(people("a"), [], add_tags="client", remove_tags="lead"),
            "lead": segment(people("a", "b"), people("a", "b"), add_tags="lead"),
        }
    )
    assert plan.calls == {"a@b.org": {"add_tags": {"client": None}}}


@pytest.mark.parametrize("order", list(itertools.permutations(["gives", "takes", "had", "drops"])))
def test_nothing_is_given_and_taken_in_one_call_whatever_the_order_of_the_segments(
    plan_retag, segment, order
):
    segments = {
        "gives": segment(people("a", "b"), people("b"), add_tags="x", add_to_lists="l"),
        "takes": segment(people("a", "b", "c"), [], remove_tags=["x", "y"], remove_from_lists="l"),
        "had": segment(people("k"), people("a", "c", "k"), add_tags=["x", "z"]),
        "drops": segment(people("c"), people("a", "c"), add_to_lists=["l", "m"]),
    }
    calls = plan_retag({name: segments[name] for name in order}).calls
    plain = {
        email: {name: set(values) for name, values in call.items()} for email, call in calls.items()
    }
    assert plain == {
        "a@b.org": {
            "add_tags": {"x"},
            "add_to_lists": {"l"},
            "remove_tags": {"y", "z"},
            "remove_from_lists": {"m"},
        },
        "b@b.org": {"remove_tags": {"y"}},
        "c@b.org": {"remove_tags": {"x", "y", "z"}},
    }


def test_one_contact_of_two_spellings_gets_one_call(plan_retag, segment):
    plan = plan_retag(
        {
            "old": segment([], ["A@bücher.example"], add_tags="old"),
            "new": segment(["a@xn--bcher-kva.example"], [], add_tags="new"),
        }
    )
    (changes,) = plan.calls.values()
    assert changes == {"remove_tags": {"old": None}, "add_tags": {"new": None}}


def test_without_an_earlier_list_what_is_known_of_earlier_runs_counts(plan_retag, segment):
    one = segment(people("a", "b"), add_tags="vip")
    known = {"s": ["a@b.org", "Z@b.org"], "other": ["b@b.org"]}
    found = plan_retag({"s": one}, known.__getitem__).differences["s"]
    assert (found.gains, found.loses, found.stays, found.before) == (
        ("b@b.org",),
        ("Z@b.org",),
        1,
        2,
    )


def test_a_person_has_the_place_of_the_new_list_else_that_of_the_earlier_one(plan_retag, segment):
    one = segment(people("x", "a"), people("a", "gone"), add_tags="vip")
    other = segment(people("x", "gone"), people("x"), add_tags="all")
    calls = plan_retag({"s": one, "other": other}).calls
    assert {email: (place.source, place.row) for email, _, place in calls.placed()} == {
        "x@b.org": (other.source[0], 2),
        "gone@b.org": (other.source[0], 3),
    }
    (gone, come) = plan_retag({"s": one}).calls.placed()
    assert (gone[2], come[2]) == (Place(one.previous[0], "", 3), Place(one.source[0], "", 2))


def test_totals_count_contacts_by_parameter_and_value(plan_retag, segment):
    one = segment(people("b", "c"), people("a"), add_tags=["vip", "x"])
    assert plan_retag({"s": one}).calls.totals() == {
        "add_tags": {"vip": 2, "x": 2},
        "remove_tags": {"vip": 1, "x": 1},
    }


# -- who is held back --------------------------------------------------------------------------------


def test_a_damaged_cell_holds_whom_it_resembles_and_says_why(plan_retag, segment):
    one = segment(["b@b.org", "anna.bergb.org"], people("anna.berg", "zoe", "b"), add_tags="vip")
    plan = plan_retag({"s": one})
    found = plan.differences["s"]
    said = f"{one.source[0]} row 3 'anna.bergb.org' is not understood and may be one of them"
    assert (found.loses, found.held, found.leaving) == (
        ("zoe@b.org",),
        {"anna.berg@b.org": said},
        2,
    )
    assert [doubt.text for doubt in plan.doubts] == ["anna.bergb.org"]
    assert found.unsure == plan.doubts
    accepted = plan_retag({"s": one}, accept=True).differences["s"]
    assert (accepted.loses, accepted.held) == (("anna.berg@b.org", "zoe@b.org"), {})


def test_who_is_held_in_one_segment_keeps_its_tag_although_another_one_ends(plan_retag, segment):
    plan = plan_retag(
        {
            "one": segment(
                ["k@b.org", "anna.bergb.org"], people("k", "anna.berg"), add_tags="both"
            ),
            "two": segment(people("x"), people("anna.berg", "x"), add_tags="both"),
        }
    )
    assert plan.calls == {}


def test_why_somebody_is_held_is_known_of_those_alone(plan_retag, segment):
    one = segment(["b@b.org", "anna.bergb.org"], people("anna.berg", "zoe", "b"), add_tags="vip")
    held = plan_retag({"s": one}).differences["s"].held
    assert "row 3 'anna.bergb.org'" in held["anna.berg@b.org"]
    for other in ("zoe@b.org", "b@b.org", "nobody@b.org"):
        with pytest.raises(KeyError):
            held[other]


DOUBTS = {
    "resembles one": (Doubt("here", "anna.bergb.org"), ["anna.berg@b.org"]),
    "resembles nobody": (Doubt("here", "#N/A"), ["anna.berg@b.org", "zoe@c.org"]),
    "one of two known": (Doubt("here", "a", ("zoe@c.org", "x@y.org")), ["zoe@c.org"]),
    "somebody who stays": (Doubt("here", "a", ("x@y.org",)), []),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_a_doubt_holds_whom_it_may_be(name):
    doubt, expected = DOUBTS[name]
    assert sorted(held_back(["anna.berg@b.org", "zoe@c.org"], [doubt])) == expected
    assert held_back([], [doubt], 5) == {}


@pytest.mark.parametrize(("blanks", "held"), [(-1, 0), (0, 0), (1, 2), (1200, 2)])
def test_more_rows_without_an_address_hold_everybody(blanks, held):
    found = held_back(["a", "b"], [], blanks)
    assert len(found) == held
    assert set(found.values()) <= {f"rows without an address: {blanks:,} more than before"}


def test_rows_without_an_address_are_compared_with_those_of_the_earlier_list(plan_retag, write_csv):
    def listed(name, blanks, *names):
        rows = [["E-mail", "Name"], *([one, "x"] for one in people(*names)), *[["", "x"]] * blanks]
        return str(write_csv(rows, name=name))

    def held(now, before, **options):
        one = Segment.made(
            source=listed("new.csv", now, "a"), previous=listed("old.csv", before, "a", "b"),
            add_tags="vip",
        )  # fmt: skip
        found = plan_retag({"s": one}, **options).differences["s"]
        assert found.blanks == now
        return list(found.held)

    assert held(2, 2) == held(1, 2) == []
    assert held(2, 1) == ["b@b.org"]
    one = Segment.made(source=listed("new.csv", 1, "a"), add_tags="vip")
    known = {"s": ["b@b.org"]}.get
    assert plan_retag({"s": one}, known).differences["s"].held
    assert plan_retag({"s": one}, known, blanks_before={"t": 1}).differences["s"].held
    assert not plan_retag({"s": one}, known, blanks_before={"s": 1}).differences["s"].held


def test_a_doubt_is_told_with_its_place():
    assert str(Doubt(Place("a.csv", "", 3), "x" * 70)) == f"a.csv row 3 '{'x' * 60}'"
    assert str(Doubt(Place("a.xlsx", "S", 3), "x", said_no="Opt: 'no'")) == (
        "a.xlsx sheet 'S' row 3 'x' (Opt: 'no')"
    )


# -- the brake ---------------------------------------------------------------------------------------


def changed(
    before: int, leaving: int, now: int = 5, held: int = 0, calls: int = 0
) -> SimpleNamespace:
    loses = tuple(f"p{n}" for n in range(leaving - held))
    found = Difference(
        (), loses, 0, before=before, now=now, held={f"h{n}": "" for n in range(held)}
    )
    return SimpleNamespace(differences={"s": found}, calls=[f"p{n}" for n in range(calls)])


@pytest.mark.parametrize(
    ("plan", "max_lose", "is_braked"),
    [
        (changed(10, 3), 0.3, False), (changed(10, 4), 0.3, True), (changed(10, 4, held=4), 0.3, True),
        (changed(10, 5), 0.5, False), (changed(0, 0), 0.3, False), (changed(0, 0, now=0), 0.3, True),
        (changed(10, 0, now=0), 1.0, True), (changed(10, 10), 1.0, False), (changed(10, 1), 0.0, True),
    ],
)  # fmt: skip
def test_the_brake_is_for_lists_that_lose_many_or_have_nobody(plan, max_lose, is_braked):
    assert (list(braked(plan, max_lose=max_lose)) == ["s"]) == is_braked
    brake(plan, max_lose=max_lose, accept=True)
    if not is_braked:
        brake(plan, max_lose=max_lose)


def test_the_brake_says_what_it_saw():
    with pytest.raises(StoppedError) as few:
        brake(changed(1200, 1100))
    assert str(few.value) == (
        "the brake: 1,100 of the 1,200 in 's' would lose, more than 30%; nothing was sent "
        "(--accept for once, or --max-lose)"
    )
    with pytest.raises(StoppedError) as empty:
        brake(changed(1200, 1200, now=0))
    assert str(empty.value) == (
        "the brake: the new list of 's' has no addresses, 1,200 were in the segment; nothing was "
        "sent (--accept if that is meant)"
    )


def test_the_brake_names_somebody_where_everybody_says_no():
    doubt = Doubt(Place("a.csv", "", 2), "a@b.org", said_no="Opt-in: 'no'")
    found = Difference((), (), 0, said_no=[doubt], before=3)
    with pytest.raises(StoppedError) as everybody:
        brake(SimpleNamespace(differences={"s": found}, calls=[]))
    assert str(everybody.value) == (
        "the brake: everybody on the new list of 's' says no, such as a.csv row 2 'a@b.org' (Opt-in: 'no'); "
        "nothing was sent (--ignore-consent takes them anyway)"
    )


def test_no_more_contacts_are_touched_than_allowed_whatever_else_is_accepted():
    plan = changed(10, 0, calls=6)
    brake(plan, max_contacts=6)
    brake(plan, max_contacts=None)
    with pytest.raises(StoppedError) as many:
        brake(plan, max_contacts=5, accept=True)
    assert str(many.value) == "6 contacts would be touched, max_contacts allows 5; nothing was sent"


# -- plan files and names ----------------------------------------------------------------------------


def test_every_mistake_of_a_segment_is_named():
    with pytest.raises(SettingsError) as caught:
        Segment.made(source=["x.csv"], add_tags=["a,b"], remove_tags=[" "])
    assert str(caught.value).splitlines() == [
        "add_tags: TAG_COMMA: 'a,b' has a comma in it, which the API takes for a separator; give "
        "each tag or list by itself",
        "remove_tags: a tag or list without a name",
    ]


def test_a_plan_file_gives_its_segments_in_order(tmp_path):
    path = tmp_path / "p.yml"
    path.write_text(
        "version: 1\nsegments:\n  b: {source: [x.csv, y.csv], column: M, sheet: S, add_tags: 007, ignore_consent: yes}\n"
        "  a: {source: z.csv, previous: w.csv, remove_from_lists: [l1]}\n",
        "utf-8-sig",
    )
    found = load_plan(path)
    assert list(found) == ["b", "a"]
    one = found["b"]
    assert (one.source, one.column, one.sheet, one.add_tags, one.ignore_consent) == (
        ("x.csv", "y.csv"), "M", "S", ("007",), True,
    )  # fmt: skip
    assert found["a"].changes() == {"remove_from_lists": ("l1",)}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"), (b"\xff\xfe", "cannot be read"), (b"version: 1\nsegments: {}\n", "segments"),
        (b"version: 1\nsegments: {a: {source: x, add_tags: 'a,b'}}\n", "p.yml:2:27: segments.a.add_tags: TAG_COMMA"),
        (b"version: 1\nsegments: {a: {source: x}}\n", "p.yml:2:12: segments.a: names no tag and no list"),
    ],
)  # fmt: skip
def test_a_plan_file_that_cannot_be_used_is_refused_with_the_place(tmp_path, content, said):
    path = tmp_path / "p.yml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MappingError) as caught:
        load_plan(path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "near"),
    [("VIP", ""), ("vip", "VIP"), (" v i p ", ""), ("Big  Spenders", "big spenders"), ("Vips", "")],
)
def test_a_segment_that_is_new_is_not_called_like_a_known_one(name, near):
    assert similar_name(name, {"VIP": 1, "big spenders": 2}) == near
