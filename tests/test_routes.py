"""The same rows give the same requests, by whatever route they travel: whole bodies, counted on the server's side."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bulk_import.api.form import decode
from bulk_import.jobs.importing import import_file_async, import_frame_async
from bulk_import.journal import Journal
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status

HEADER = ["E-mail", "Name", "Phone", "Tags", "Lists", "Text", "CRM"]
NOTHING = "\u200b"  # not blank, and nothing is left of it
ROWS = [
    ["ann@example.org", "Ann", "", "vip; new", "Newsletter; super", "hi", "7"],
    ["blank@example.org", "", "", "", "", "", ""],
    ["nothing@example.org", NOTHING, "", ";;", NOTHING, NOTHING, " "],
    ["", "Bare", "(415) 555-0101", "vip", "Newsletter", "", "8"],
    ["", "Bare", "(415) 555-0102", "", "", "", ""],
    ["twice@example.org", "Dee", "", "x", "super", "first", "1"],
    ["TWICE@example.org", "", "", "y;x", "Newsletter", "", ""],
]
NEWS = "1473249885.2899961004"
ANN = {
    "add_to_lists": f"{NEWS},super", "add_tags": "vip,new", "lead_email": "ann@example.org", "lead_first_name": "Ann",
    "lead_description": "hi", "crm_id": "7",
}  # fmt: skip
FIRST = {
    "add_to_lists": NEWS, "add_tags": "vip", "lead_first_name": "Bare", "lead_phone": "+14155550101",
    "crm_id": "8",
}  # fmt: skip
SECOND = {"lead_first_name": "Bare", "lead_phone": "+14155550102"}
MERGED = {
    "add_to_lists": f"super,{NEWS}", "add_tags": "x,y", "lead_email": "TWICE@example.org", "lead_first_name": "Dee",
    "lead_description": "first", "crm_id": "1",
}  # fmt: skip
CLEARED = dict.fromkeys(
    ("add_to_lists", "add_tags", "lead_first_name", "lead_phone", "lead_description", "crm_id"), ""
)
OMITTED = [ANN, {"lead_email": "blank@example.org"}, {"lead_email": "nothing@example.org"}, FIRST, SECOND, MERGED]  # fmt: skip
ROUTES = {
    "first": {"read_ahead_bytes": -1, "workers": 1},
    "read ahead": {"read_ahead_bytes": 0},
    "two interpreters": {"read_ahead_bytes": -1, "workers": 2},
}


@pytest.fixture(params=[*ROUTES, pytest.param("cluster", marks=pytest.mark.slow)])
def route(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings by which rows take a route."""
    if request.param != "cluster":
        return ROUTES[request.param]
    cluster = request.getfixturevalue("cluster")
    return {"read_ahead_bytes": -1, "cluster": cluster.scheduler_address}


def mapping(blank: str, duplicate: str = "merge"):
    return parse_mapping(
        "version: 1\ndefaults: {phone_region: US}\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n"
        "  lead_phone: Phone\n  add_tags: {column: Tags, separator: ';'}\n"
        "  add_to_lists: {column: Lists, separator: ';'}\n  lead_description: Text\n"
        f"extra: {{crm_id: CRM}}\nwhen: {{no_email: create, blank: {blank}, duplicate: {duplicate}}}\n",
        "m.yml",
    )


@pytest.mark.filterwarnings("ignore")  # dask's own, about its sockets and loops
@pytest.mark.parametrize(
    ("blank", "expected"),
    [("omit", OMITTED), ("clear", [{"lead_email": ""} | CLEARED | one for one in OMITTED])],
)
async def test_blank_and_cleared_cells_and_titles_of_lists_arrive_the_same_by_every_route(
    sandbox, settings, write_csv, route, blank, expected
):
    source = write_csv([HEADER, *ROWS])
    chosen = settings(sandbox, concurrency=1, **route)
    summary = await import_file_async(source, mapping(blank), chosen)
    assert summary.counts[Status.SUCCESS] == 6
    assert summary.counts[Status.DUPLICATE] == 1
    sent = [request.form for request in sandbox.sent()]
    assert sent == expected
    # The same command once more, as after a kill: nothing is left to be sent.
    await import_file_async(source, mapping(blank), chosen)
    assert len(sandbox.sent()) == len(expected)


async def test_a_frame_gives_the_same_requests_as_a_file(sandbox, settings):
    import pandas as pd

    frame = pd.DataFrame(ROWS, columns=HEADER, dtype=str)
    await import_frame_async(frame, mapping("omit"), settings(sandbox, concurrency=1))
    assert [request.form for request in sandbox.sent()] == OMITTED


async def test_no_parameter_is_twice_in_a_request(sandbox, settings, write_csv, tmp_path):
    """Of two values for one parameter the server would take whichever it likes."""
    chosen = settings(sandbox, dry_run=True)
    await import_file_async(write_csv([HEADER, *ROWS]), mapping("clear"), chosen)
    with Journal.open(tmp_path / "run" / "journal.sqlite3") as journal:
        bodies = [decode(row.body) for row in journal.pending()]
    assert len(bodies) == len(OMITTED)
    for pairs in bodies:
        assert max(Counter(name for name, _ in pairs).values()) == 1
