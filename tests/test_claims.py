"""Rows that are claimed ahead: when more are taken, and which are held back."""

from __future__ import annotations

import pytest

from bulk_import.delivery.claims import Claims
from bulk_import.delivery.lanes import Lanes
from tests.deliveries import row


class Claimer:
    """Notes which rows are claimed together."""

    def __init__(self) -> None:
        self.together: list[list[int]] = []
        self.withdrawn: list[int] = []
        self.is_locked = False

    def claim(self, shipments) -> None:
        self.together.append([shipment.row.seq for shipment in shipments])
        for shipment in [] if self.is_locked else shipments:
            shipment.claimed = 1

    def withdraw(self, shipments) -> None:
        self.withdrawn += [shipment.row.seq for shipment in shipments]


def rows(count: int):
    return (row(n, f"{n}@b.org") for n in range(1, count + 1))


def test_rows_that_are_due_one_by_one_are_not_claimed_ahead():
    claimer = Claimer()
    claims = Claims(Lanes(rows(2)), claimer, 0, lambda _: False)  # type: ignore[arg-type]
    taken = [claims.take(), claims.take()]
    assert [(shipment.row.seq, shipment.claimed) for shipment in taken] == [(1, 0), (2, 0)]
    assert (claims.take(), claimer.together) == (None, [])


def test_more_are_claimed_when_a_quarter_is_left():
    claimer = Claimer()
    claims = Claims(Lanes(rows(30)), claimer, 8, lambda _: False)  # type: ignore[arg-type]
    assert [claims.take().row.seq for _ in range(6)] == [1, 2, 3, 4, 5, 6]
    assert claimer.together == [[1, 2, 3, 4, 5, 6, 7, 8]]
    claims.take()  # two are left
    assert claimer.together[1:] == [[9, 10, 11, 12, 13, 14]]
    claims.give_back()
    assert claimer.withdrawn == [8, 9, 10, 11, 12, 13, 14]
    claims.give_back()
    assert len(claimer.withdrawn) == 7, "once"


def test_while_another_process_writes_claiming_is_tried_again_for_each_row():
    claimer = Claimer()
    claimer.is_locked = True
    claims = Claims(Lanes(rows(4)), claimer, 4, lambda _: False)  # type: ignore[arg-type]
    assert [claims.take().claimed for _ in range(2)] == [0, 0]
    assert claimer.together == [[1, 2, 3, 4], [2, 3, 4]]
    claimer.is_locked = False
    assert [claims.take().claimed for _ in range(2)] == [1, 1]
    assert claimer.together[2:] == [[3, 4]]
    assert claims.take() is None


def test_rows_without_an_email_are_never_claimed_ahead():
    claimer = Claimer()
    given = iter([row(1, ""), row(2, "b@b.org"), row(3, "")])
    claims = Claims(Lanes(given), claimer, 8, lambda _: False)  # type: ignore[arg-type]
    assert [claims.take().claimed for _ in range(3)] == [0, 1, 0]
    assert claimer.together == [[2]]


def test_rows_without_an_email_are_read_ahead_as_rarely_as_others():
    read: list[int] = []

    def supply():
        for n in range(1, 31):
            read.append(n)
            yield row(n, "")

    claims = Claims(Lanes(supply()), Claimer(), 8, lambda _: False)  # type: ignore[arg-type]
    found = []
    for _ in range(8):
        claims.take()
        found.append(len(read))
    assert found == [8, 8, 8, 8, 8, 8, 14, 14]


@pytest.mark.parametrize("at_once", [0, 8])
def test_only_while_a_lane_is_held_rows_are_asked_about_and_left_out(at_once):
    given = [row(1), row(2, "c@d.org"), row(3), row(4, "c@d.org"), row(5, "e@f.org")]
    asked: list[int] = []
    lanes = Lanes(iter(given))

    def hold_back(pending) -> bool:
        asked.append(pending.seq)
        is_held = bool(lanes.held_by(pending))
        if is_held:
            lanes.release(pending)
        return is_held

    claims = Claims(lanes, Claimer(), at_once, hold_back)  # type: ignore[arg-type]
    first = claims.take()
    assert (first.row.seq, asked) == (1, [])
    lanes.release(first.row, in_doubt=True)
    taken = [claims.take().row.seq for _ in range(2)]
    assert sorted(taken) == [2, 5]
    assert claims.take() is None
    assert 3 in asked


def test_no_more_rows_are_read_than_can_be_parked():
    read: list[int] = []

    def supply():
        for n in range(1, 9):
            read.append(n)
            yield row(n)

    lanes = Lanes(supply(), most_parked=3)
    first = lanes.take()
    assert lanes.take() is None
    assert read == [1, 2, 3, 4], "one is out, three are parked"
    assert lanes.release(first) is True
    second = lanes.take()
    assert (second.seq, lanes.take()) == (2, None)
    assert read == [1, 2, 3, 4, 5]
    found = [1]
    while second is not None:
        found.append(second.seq)
        lanes.release(second)
        second = lanes.take()
    assert (found, lanes.is_done) == ([1, 2, 3, 4, 5, 6, 7, 8], True)


def test_a_supply_that_is_drained_is_not_asked_again():
    asked = []

    def supply():
        asked.append(1)
        yield from ()

    lanes = Lanes(supply())
    assert not lanes.is_done, "nobody has looked yet"
    assert (lanes.take(), lanes.take(), lanes.is_done, asked) == (None, None, True, [1])


def test_a_row_of_an_email_and_one_of_the_same_number_have_lanes_of_their_own():
    lanes = Lanes(iter([row(7, "", contact=""), row(8, "#7@b.org"), row(9, "", contact="")]))
    taken = [lanes.take() for _ in range(3)]
    assert [pending.seq for pending in taken] == [7, 8, 9]
    lanes.release(taken[0], in_doubt=True)
    assert [lanes.held_by(pending) for pending in taken] == ["row 7", "", ""]
