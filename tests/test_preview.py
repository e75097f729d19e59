"""What `check`, a dry run and the run itself say of each row is the same."""

from __future__ import annotations

import asyncio
import csv
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bulk_import import check_file, import_file_async, load_mapping
from bulk_import.journal import Journal
from bulk_import.mapping.binding import NOT_IN_ACCOUNT
from bulk_import.models import Status, in_words
from bulk_import.run.folder import JOURNAL
from bulk_import.sandbox.app import Sandbox
from bulk_import.sandbox.contacts import Account
from bulk_import.settings import Settings
from tests.conftest import examples

EMAILS = ["anna@example.org", "ANNA@example.org", "bo@example.org", "cy@example.org", "out@example.org",
          "nobody", "", "Bo <bo@example.org>"]  # fmt: skip
PHONES = ["", "+14155550123", "12", "(415) 555-0123", "n/a"]
COUNTRIES = ["", "US", "Namibia", "Korea", "Atlantis"]
TAGS = ["", "vip", "vip; gold", "a,b", "VIP"]
OPTED = ["", "yes", "no"]
ACCOUNT = Account(
    lists={"super": "Super", "1473249885.2899961004": "News", "one": "Twice", "two": "Twice"},
    managers={"101": "Vera Lindqvist"},
)
LISTS = ["", "News", "super; 1473249885.2899961004", "Newz", "Twice", "News; Gone"]
MANAGERS = ["", "101", "Vera Lindqvist", "Nobody"]
ONLY_THE_ACCOUNT_KNOWS = ("Newz", "Twice", "Gone", "Nobody")

ROWS = st.lists(
    st.tuples(
        *(
            st.sampled_from(values)
            for values in (EMAILS, PHONES, COUNTRIES, TAGS, OPTED, LISTS, MANAGERS)
        )
    ),
    min_size=1, max_size=9,
)  # fmt: skip
WHENS = st.fixed_dictionaries(
    {
        "no_email": st.sampled_from(["refuse", "create"]),
        "duplicate": st.sampled_from(["send", "first", "last", "merge", "refuse"]),
        "blank": st.sampled_from(["omit", "clear"]),
        "bad_value": st.sampled_from(["refuse_row", "drop_field"]),
    }
)
SKIPS = st.sampled_from(["", "skip:\n  - {column: Out, values: ['yes'], because: unsubscribed}\n"])


def _write(folder: Path, rows, when, skip, *, is_suppressing):
    source, mapping = folder / "contacts.csv", folder / "mapping.yml"
    with source.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [("E-mail", "Phone", "Country", "Tags", "Out", "Lists", "Manager"), *rows]
        )
    (folder / "out.csv").write_text("E-mail\nout@example.org\n")
    policies = ", ".join(f"{name}: {value}" for name, value in when.items())
    mapping.write_text(
        "version: 1\ndefaults: {phone_region: US}\nsource: {header_row: 1, delimiter: ','}\nfields:\n"
        "  lead_email: E-mail\n  lead_phone: Phone\n  lead_shipping_country_code: Country\n"
        "  add_tags: {column: Tags, separator: ';', always: [import]}\n"
        "  add_to_lists: {column: Lists, separator: ';'}\n  lead_personal_manager: Manager\n"
        f"when: {{{policies}}}\n{skip}" + ("suppress: [out.csv]\n" if is_suppressing else "")
    )
    return source, load_mapping(mapping)


def _told(outcomes, *, sent):
    """(row, status, code, message, warnings) of each row; what is sent has no code and message.

    What only the account can say is no part of it where anything else is said.
    """
    told = []
    for o in outcomes:
        warnings = tuple(warning for warning in o.warnings if warning.code not in NOT_IN_ACCOUNT)
        reasons = tuple(p for p in o.reasons if p.code not in NOT_IN_ACCOUNT) or o.reasons
        ended = (
            ("to_send", "", "")
            if o.status is sent
            else (o.status.value, reasons[0].code, in_words(reasons))
        )
        told.append((o.row, *ended, warnings))
    return told


def _journal(summary):
    with Journal.open(Path(summary.run_dir) / JOURNAL) as journal:
        return list(journal.outcomes())


async def _all_three(source, mapping, folder):
    """What check, a dry run and a run say, each as ``_told``; and what the server was sent."""
    said = []
    checked = check_file(source, mapping, on_row=said.append)
    async with Sandbox(account=ACCOUNT) as sandbox:
        common = Settings(
            endpoint=sandbox.url, api_key=sandbox.key, rate=0, state_dir=folder / "state"
        )
        dry = await import_file_async(
            source, mapping, replace(common, dry_run=True, run_dir=folder / "dry")
        )
        run = await import_file_async(source, mapping, replace(common, run_dir=folder / "run"))
        sent = sandbox.sent()
    previews = [_told(said, sent=Status.NOT_SENT), _told(_journal(dry), sent=Status.NOT_SENT)]
    return checked, previews, _told(_journal(run), sent=Status.SUCCESS), sent


def _compare(rows, when, skip, is_suppressing):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, mapping = _write(folder, rows, when, skip, is_suppressing=is_suppressing)
        checked, (said, dry), ran, sent = asyncio.run(_all_three(source, mapping, folder))
    assert dry == said
    unknown = {at for at, row in enumerate(rows) if _is_of_account(row)}
    refused = 0
    for at, (told, ended) in enumerate(zip(said, ran, strict=True)):
        by_account = ended[2] in (*NOT_IN_ACCOUNT, "MERGE_INCOMPLETE")
        if by_account and (at in unknown or ended[2] == "MERGE_INCOMPLETE"):
            # The one thing that a check cannot know, and says that it does not.
            assert told[1] in ("to_send", "duplicate"), (told, ended)
            assert told[1] == "to_send" or when["duplicate"] == "merge"
            assert told[4] == ended[4]
            refused += told[1] == "to_send"
        else:
            assert told == ended
    assert checked.plan.to_send == len(sent) + refused
    if not unknown:
        tags = Counter(
            tag
            for request in sent
            for tag in filter(None, request.form.get("add_tags", "").split(","))
        )
        assert checked.plan.changes.get("add_tags", Counter()) == tags
    warned = {p.code for _, p in checked.plan.problems}
    assert "NAMES_UNVERIFIED" in warned or not refused or when["duplicate"] == "merge"


def _is_of_account(row):
    return any(name in cell.split("; ") for cell in row[5:] for name in ONLY_THE_ACCOUNT_KNOWS)


CASES = {"rows": ROWS, "when": WHENS, "skip": SKIPS, "is_suppressing": st.booleans()}
LIMITS = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow],
    "phases": [
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
        Phase.target,
    ],  # whole runs shrink slowly
}


@given(**CASES)
@settings(max_examples=examples(25), **LIMITS)
def test_the_preview_of_each_row_is_what_the_run_says(rows, when, skip, is_suppressing):
    _compare(rows, when, skip, is_suppressing)


@pytest.mark.slow
@pytest.mark.timeout(600)  # hundreds of whole runs
@given(**CASES)
@settings(max_examples=300, **LIMITS)
def test_hundreds_of_previews_are_what_the_run_says(rows, when, skip, is_suppressing):
    _compare(rows, when, skip, is_suppressing)
