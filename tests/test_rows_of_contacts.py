"""What the other rows of a contact do to a row: lists that the account does not have, who said no, corrections of a resume."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulk_import import import_file_async, resume_async
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.run.corrections import Correction, corrections_beside, write_corrections
from bulk_import.sandbox.app import Reply
from tests.conftest import SHORT_WAITS, report_of

LISTS = "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n  add_to_lists: List\n"
STOPS = """version: 1
defaults: {phone_region: US}
fields: {lead_email: E-mail, lead_phone: Phone}
skip: [{column: Stop, values: ["yes"]}]
"""


def ends(run_dir: str | Path) -> list[tuple[str, str]]:
    return [(line["status"], line["error_code"]) for line in report_of(Path(run_dir))]


def messages(run_dir: str | Path) -> list[str]:
    return [line["message"] for line in report_of(Path(run_dir))]


def corrected(source: Path, *cells: tuple[int, str, str, str]) -> None:
    path = corrections_beside(str(source))
    write_corrections(
        path, [Correction("", row, column, old, new, "", "") for row, column, old, new in cells]
    )


# -- lists that only the account knows -------------------------------------------------------------

UNKNOWN = ("invalid", "LIST_UNKNOWN")
TWICE = [
    ["E-mail", "Name", "List"],
    ["ann@x.org", "Ann", "super"],
    ["ann@x.org", "Anna", "nowhere"],
    ["bob@x.org", "Bob", "super"],
]


@pytest.mark.parametrize(
    ("policy", "ended", "names"),
    [
        ("send", [("success", "0"), UNKNOWN], ["Ann", "Bob"]),
        ("first", [("success", "0"), ("duplicate", "DUPLICATE")], ["Ann", "Bob"]),
        ("last", [("duplicate", "DUPLICATE"), UNKNOWN], ["Bob"]),
        ("refuse", [("invalid", "CONTACT_TWICE"), ("invalid", "CONTACT_TWICE")], ["Bob"]),
        ("merge", [("invalid", "MERGE_INCOMPLETE"), UNKNOWN], ["Bob"]),
    ],
)
async def test_a_row_whose_list_the_account_does_not_have_counts_among_the_rows_of_its_contact(
    sandbox, settings, write_csv, policy, ended, names
):
    mapping = parse_mapping(f"{LISTS}when: {{duplicate: {policy}}}\n", "m")
    summary = await import_file_async(write_csv(TWICE), mapping, settings(sandbox))
    assert ends(summary.run_dir) == [*ended, ("success", "0")]
    assert sorted(request.form["lead_first_name"] for request in sandbox.sent()) == names


async def test_half_of_a_merged_contact_is_not_sent_and_names_the_other_half(
    sandbox, settings, write_csv
):
    mapping = parse_mapping(f"{LISTS}when: {{duplicate: merge}}\n", "m")
    summary = await import_file_async(write_csv(TWICE), mapping, settings(sandbox))
    assert messages(summary.run_dir)[0] == (
        "row 3 of the same contact, with which it is merged, cannot be sent: List: the account has no list "
        "'nowhere'; `bulk-import lists` shows them"
    )


# -- who said no, after their row was sent ---------------------------------------------------------


async def test_a_row_without_an_answer_is_not_sent_again_once_another_row_says_no(
    sandbox, settings, write_csv
):
    source = write_csv(
        [
            ["E-mail", "Phone", "Stop"],
            ["ann@x.org", "+14155550123", ""],
            ["ann@x.org", "12", ""],
            ["bob@x.org", "+14155550124", ""],
        ]
    )
    sandbox.script = lambda _number, form: (
        Reply(lost=True) if form["lead_email"] == "ann@x.org" else None
    )
    options = settings(sandbox, **SHORT_WAITS, max_attempts=1)
    first = await import_file_async(source, parse_mapping(STOPS, "m"), options)
    assert [status for status, _ in ends(first.run_dir)] == ["unknown", "invalid", "success"]
    sandbox.script = None
    corrected(source, (3, "Stop", "", "yes"))
    again = await resume_async(first.run_dir, options)
    assert ends(again.run_dir) == [
        ("unknown", "CONTACT_SKIPPED"), ("skipped", "SKIPPED"), ("success", "0"),
    ]  # fmt: skip
    assert messages(again.run_dir)[0] == (
        f"row 3 of the same contact in {source}: Stop: 'yes' (skip); sent before without a "
        "trustworthy answer, not sent again"
    )
    assert [request.email for request in sandbox.sent()] == ["ann@x.org", "bob@x.org"]


# -- rows that the API refused ---------------------------------------------------------------------


async def test_a_row_that_the_api_refused_is_sent_again_when_its_own_cells_were_corrected(
    sandbox, settings, write_csv, mapping, tmp_path
):
    sources = []
    for name in ("one", "two"):
        rows = [[f"{name}{n}@x.org", "Ann", "", ""] for n in (1, 2)]
        sources.append(write_csv([["E-mail", "Name", "Phone", "Tags"], *rows], name=f"{name}.csv"))
    sandbox.script = lambda _number, _form: Reply(code=101, text="no", apply=False)
    first = await import_file_async(sources, mapping, settings(sandbox))
    assert first.counts[Status.FAILED] == 4
    sandbox.script = None
    # Of the second source, whose rows have the numbers of the first one's; one is as it was.
    corrected(sources[1], (2, "Name", "Ann", "Anna"), (3, "Name", "Ann", "Ann"))
    again = await resume_async(first.run_dir, settings(sandbox))
    assert (again.counts[Status.FAILED], again.counts[Status.SUCCESS]) == (3, 1)
    assert [request.form for request in sandbox.sent()[4:]] == [
        {"lead_email": "two1@x.org", "lead_first_name": "Anna"}
    ]
