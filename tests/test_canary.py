"""Which rows go first."""

from __future__ import annotations

from bulk_import.api.form import encode
from bulk_import.journal.entries import Pending
from bulk_import.run.canary import choose_canary


def test_the_canary_shows_as_many_shapes_as_it_can():
    rows = [Pending(n, "", "", "", encode([("add_tags", tag), ("lead_utc", utc)])) for n, (tag, utc) in enumerate(
        [("x", "+01"), ("x", "+01"), ("x", "+01"), ("y", "+01"), ("x", "+02")])]  # fmt: skip
    assert choose_canary(rows, 3) == {0, 3, 4}
