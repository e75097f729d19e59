"""One row of a contact at a time."""

from __future__ import annotations

from bulk_import.delivery.claims import Claims
from bulk_import.delivery.lanes import Lanes
from bulk_import.journal.entries import Pending


def pending(seq: int, contact: str = "") -> Pending:
    return Pending(seq, contact, contact, f"row {seq}", f"lead_email={contact}".encode())


def test_lanes_hand_out_one_row_of_a_contact_at_a_time():
    rows = [pending(1, "a"), pending(2, "a"), pending(3, "b"), pending(4), pending(5)]
    lanes = Lanes(iter(rows))
    assert [lanes.take().seq for _ in range(4)] == [1, 3, 4, 5]
    assert lanes.take() is None
    lanes.release(rows[0])
    assert lanes.take().seq == 2
    for at in (1, 2, 3, 4):
        lanes.release(rows[at])
    assert lanes.is_done


def test_a_row_in_doubt_holds_its_lane():
    rows = [pending(1, "a"), pending(2, "a"), pending(3, "b")]
    lanes = Lanes(iter(rows))
    lanes.release(lanes.take(), in_doubt=True)
    assert [lanes.held_by(row) for row in rows[1:]] == ["row 1", ""]


def test_rows_without_a_contact_have_nothing_in_common_and_never_wait_for_each_other():
    lanes = Lanes(iter([pending(1), pending(2), pending(3)]))
    assert [lanes.take().seq for _ in range(3)] == [1, 2, 3]
    assert not lanes.is_done
    assert lanes.take() is None


def test_a_release_says_whether_another_row_may_go_now():
    rows = [pending(1, "a"), pending(2, "b"), pending(3, "a")]
    lanes = Lanes(iter(rows))
    first, second = lanes.take(), lanes.take()
    assert lanes.take() is None
    assert lanes.release(second) is False
    assert lanes.release(first) is True
    third = lanes.take()
    assert third.seq == 3
    assert lanes.release(third) is False
    assert lanes.is_done


def test_rows_of_one_contact_that_are_parked_come_in_their_order():
    rows = [pending(n, "a") for n in range(1, 6)]
    lanes = Lanes(iter(rows))
    found = []
    while (row := lanes.take()) is not None:
        assert lanes.take() is None
        found.append(row.seq)
        lanes.release(row)
    assert found == [1, 2, 3, 4, 5]


def test_the_first_row_in_doubt_of_a_lane_is_the_one_that_is_named():
    rows = [pending(1, "a"), pending(2, "a"), pending(3, "a"), pending(4)]
    lanes = Lanes(iter(rows))
    assert not lanes.is_holding
    lanes.release(lanes.take(), in_doubt=True)
    lanes.release(lanes.take(), in_doubt=True)
    assert lanes.is_holding
    assert [lanes.held_by(row) for row in rows] == ["row 1", "row 1", "row 1", ""]


def test_a_supply_that_may_have_more_later_is_asked_again():
    rows: list[Pending | None] = [pending(1, "a"), None, pending(2, "b"), None]
    done = iter([False, False, False, True])
    lanes = Lanes(_WithGaps(rows), is_complete=lambda: next(done))
    one = lanes.take()
    assert lanes.take() is None
    lanes.release(one)
    assert not lanes.is_done, "more may come"
    two = lanes.take()
    assert two.seq == 2
    assert lanes.take() is None
    lanes.release(two)
    assert lanes.is_done


class _WithGaps:
    """A supply that is empty for a moment at each ``None``."""

    def __init__(self, rows) -> None:
        self._rows = iter(rows)

    def __iter__(self):
        return self

    def __next__(self):
        row = next(self._rows, None)
        if row is None:
            raise StopIteration
        return row


class Intents:
    """Claims as a journal does that another process locks now and then."""

    def __init__(self) -> None:
        self.is_locked = False

    def claim(self, shipments) -> None:
        for shipment in [] if self.is_locked else shipments:
            assert not shipment.claimed
            shipment.claimed = 1

    def withdraw(self, shipments) -> None:
        self.withdrawn = [shipment.row.seq for shipment in shipments if shipment.claimed]


def test_rows_are_claimed_before_the_last_claimed_ones_are_handed_out():
    journal = Intents()
    lanes = Lanes(iter([pending(seq, f"{seq}@b.org") for seq in range(1, 41)]))
    claims = Claims(lanes, journal, 8, lambda row: False)  # type: ignore[arg-type]
    taken = []
    for at in range(30):
        journal.is_locked = at % 6 < 3  # unlocked again before the claimed ones are used up
        shipment = claims.take()
        taken.append((shipment.row.seq, bool(shipment.claimed)))
    assert [seq for seq, _ in taken] == list(range(1, 31))
    assert [seq for seq, is_claimed in taken if not is_claimed] == [1, 2, 3], "locked at the start"
    claims.give_back()
    assert journal.withdrawn == list(range(31, 31 + len(journal.withdrawn)))
    assert 2 <= len(journal.withdrawn) <= 8


def test_rows_without_an_e_mail_claim_for_themselves_when_they_are_due():
    journal = Intents()
    lanes = Lanes(iter([pending(1), pending(2, "a@b.org"), pending(3)]))
    claims = Claims(lanes, journal, 8, lambda row: False)  # type: ignore[arg-type]
    taken = [claims.take() for _ in range(3)]
    assert [(each.row.seq, each.claimed) for each in taken] == [(1, 0), (2, 1), (3, 0)]
    assert claims.take() is None
