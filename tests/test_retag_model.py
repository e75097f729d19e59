"""Plans of re-tagging, made by SQL on disk, are those of a plain model in memory, whatever the lists hold."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz, utils

from bulk_import.api.fields import OPPOSITE
from bulk_import.jobs import rosters
from bulk_import.jobs.segments import Segment, plan_retag
from bulk_import.normalize.mailboxes import email_key
from tests.conftest import examples

NAMES = [f"{name}@b.org" for name in ("anna", "anne", "hanna", "ben", "carla", "eva", "gro")]
SPELLINGS = ["ANNA@b.org", "ben@B.ORG", "zoe@bücher.example", "Zoe@xn--bcher-kva.example"]
ADDRESSES = st.sampled_from([*NAMES, *SPELLINGS])
DAMAGED = st.sampled_from(["annab.org", "hannab.org", "#N/A", "see notes", "ben@@b.org"])
SAID_NO = st.sampled_from([f"{name} (unsubscribed)" for name in NAMES[:4]])
BLANK = st.sampled_from(["", *NAMES])
CELLS = st.one_of(ADDRESSES, ADDRESSES, ADDRESSES, ADDRESSES, DAMAGED, SAID_NO, BLANK)
ROWS = st.lists(st.tuples(CELLS, st.sampled_from(["", "", "", "yes", "no"])), max_size=12)
TAGS = st.lists(st.sampled_from(["red", "green", "blue"]), unique=True, max_size=2)
KINDS = ("add_tags", "remove_tags", "add_to_lists", "remove_from_lists")


@st.composite
def segments(draw):
    """A segment: its new rows, its earlier rows or who is known of it, and what goes with it."""
    changes = {name: draw(TAGS) for name in KINDS}
    if not any(changes.values()):
        changes["add_tags"] = ["red"]
    has_previous = draw(st.booleans())
    return {
        "new": draw(ROWS),
        "old": draw(ROWS) if has_previous else None,
        "known": sorted(draw(st.sets(st.sampled_from(NAMES), min_size=2))),
        "blanks": draw(st.sampled_from([0, 9])),
        "changes": changes,
    }


# -- the model ---------------------------------------------------------------------------------------


class Listed:
    """Who is on a list: rows in memory."""

    def __init__(self, rows, path, *, ignores):
        self.first, self.places, self.no, self.unsure, self.blanks = {}, {}, {}, [], 0
        for number, (cell, unsubscribed) in enumerate(rows, 2):
            place = f"{path} row {number}"
            if cell == "":
                self.blanks += 1
            elif "(unsubscribed)" in cell:
                address = cell.partition(" ")[0]
                self.unsure.append((place, cell, [address]))
                self.no[email_key(address)] = None
            elif cell in [*NAMES, *SPELLINGS]:
                self.first.setdefault(email_key(cell), cell.lower())
                self.places.setdefault(email_key(cell), place)
                if unsubscribed == "yes" and not ignores:
                    self.no[email_key(cell)] = None
            else:
                candidates = []
                self.unsure.append((place, cell, candidates))

    def people(self, no):
        return {key: one for key, one in self.first.items() if key not in no}


def held_of(gone, unsure, blanks):
    """Key -> why it loses nothing."""
    if not gone:
        return {}
    if blanks > 0:
        return dict.fromkeys(gone, f"rows without an address: {blanks:,} more than before")
    held = {}
    for place, text, candidates in unsure:
        alike = {
            key: fuzz.ratio(utils.default_process(text), utils.default_process(key)) for key in gone
        }
        near = sorted((key for key in gone if alike[key] >= 75), key=lambda key: -alike[key])
        if candidates:
            near = [email_key(one) for one in candidates if email_key(one) in gone]
        for key in near if near or candidates else gone:
            held.setdefault(key, f"{place} {text!r} is not understood and may be one of them")
    return held


def model(drawn, paths, *, accept, ignores):
    """What a plan says: by segment, and the calls in order."""
    said, now, places = {}, {}, {}
    leaving, coming = [], []
    earlier_places = {}
    lists = {
        name: Listed(one["new"], paths[name][0], ignores=ignores) for name, one in drawn.items()
    }
    no = {key for new in lists.values() for key in new.no}  # on any list: nothing is sent to them
    for name, one in drawn.items():
        new, people = lists[name], lists[name].people(no)
        if one["old"] is None:
            old, blanks = {email_key(a): a for a in one["known"]}, one["blanks"]
        else:
            earlier = Listed(one["old"], paths[name][1], ignores=ignores)
            old, blanks = earlier.people(earlier.no), earlier.blanks
            earlier_places |= earlier.places
        places |= new.places
        gone = {k: a for k, a in old.items() if k not in people and k not in no}
        held = {} if accept else held_of(gone, new.unsure, new.blanks - blanks)
        gains = {k: a for k, a in people.items() if k not in old}
        now[name] = set(people) | (set(old) & no) | set(held)
        leaving += [(name, k, a) for k, a in gone.items() if k not in held]
        coming += [(name, k, a) for k, a in gains.items()]
        said[name] = {
            "gains": [*gains.values()],
            "loses": sorted(a for k, a in gone.items() if k not in held),
            "stays": sum(k in old for k in people),
            "before": len(old),
            "now": len(people),
            "held": [(gone[k], why) for k, why in held.items()],
            "unsure": [(place, text) for place, text, _ in new.unsure],
            "blanks": new.blanks,
        }
    calls, spelled = {}, {}
    for name, key, address in [*leaving, *coming]:
        changes = drawn[name]["changes"]
        comes = (name, key, address) in coming
        wanted = (
            changes if comes else {OPPOSITE[n]: changes[n] for n in ("add_tags", "add_to_lists")}
        )
        spelled.setdefault(key, address)
        for parameter, values in wanted.items():
            keeps = {
                value
                for other, members in now.items()
                if key in members and OPPOSITE[parameter] in ("add_tags", "add_to_lists")
                for value in drawn[other]["changes"][OPPOSITE[parameter]]
            }
            for value in values:
                if value not in keeps:
                    call = calls.setdefault(spelled[key], {})
                    call.setdefault(parameter, {})[value] = None
    where = earlier_places | places
    return said, [
        (email, {n: [*values] for n, values in call.items()}, where.get(email_key(email)))
        for email, call in calls.items()
    ]


# -- the plan ----------------------------------------------------------------------------------------


def written(path, rows):
    text = io.StringIO()
    csv.writer(text).writerows([["E-mail", "Unsubscribed", "Name"], *([*r, "x"] for r in rows)])
    path.write_text(text.getvalue(), "utf-8")
    return str(path)


def planned(drawn, paths, *, accept, ignores):
    made = {
        name: Segment.made(
            source=paths[name][0], previous=() if one["old"] is None else paths[name][1],
            column="E-mail", ignore_consent=ignores, **one["changes"],
        )
        for name, one in drawn.items()
    }  # fmt: skip
    blanks = {name: one["blanks"] for name, one in drawn.items()}
    with plan_retag(
        made, lambda name: drawn[name]["known"], blanks_before=blanks, accept=accept
    ) as plan:
        said = {
            name: {
                "gains": [*found.gains],
                "loses": [*found.loses],
                "stays": found.stays,
                "before": found.before,
                "now": found.now,
                "held": [*found.held.items()],
                "unsure": [(str(doubt.place), doubt.text) for doubt in found.unsure],
                "blanks": found.blanks,
            }
            for name, found in plan.differences.items()
        }
        for found in plan.differences.values():
            assert len(found.gains) == len([*found.gains])
            assert len(found.loses) == len([*found.loses])
            assert len(found.held) == len([*found.held])
            assert [*found.unsure[-2:]] == [*found.unsure][-2:]
        calls = [
            (email, {n: [*values] for n, values in call.items()}, place and str(place))
            for email, call, place in plan.calls.placed()
        ]
        assert len(plan.calls) == len(calls)
        counted: dict[str, Counter[str]] = {}
        for _, call, _ in calls:
            for parameter, values in call.items():
                counted.setdefault(parameter, Counter()).update(values)
        found = plan.calls.totals()
        assert [(n, [*c.items()]) for n, c in found.items()] == [
            (n, [*c.items()]) for n, c in counted.items()
        ]
        return said, calls


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lists")


@settings(max_examples=examples(200))
@given(
    drawn=st.lists(segments(), min_size=1, max_size=3), accept=st.booleans(), ignores=st.booleans(),
    at_a_time=st.sampled_from([1, 2, 5000]),
)  # fmt: skip
def test_a_plan_is_that_of_the_model(folder, drawn, accept, ignores, at_a_time):
    named = {f"s{number}": one for number, one in enumerate(drawn)}
    paths = {
        name: (
            written(folder / f"{name}-new.csv", one["new"]),
            written(folder / f"{name}-old.csv", one["old"] or []),
        )
        for name, one in named.items()
    }
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rosters, "AT_A_TIME", at_a_time)
        plan = planned(named, paths, accept=accept, ignores=ignores)
    assert plan == model(named, paths, accept=accept, ignores=ignores)
