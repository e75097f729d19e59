"""One row of a contact at a time."""

from __future__ import annotations

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
