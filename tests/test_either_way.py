"""By either way of sending the same rows end alike: row by row in the report, request by request at the server."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bulk_import import import_file_async
from bulk_import.jobs.importing import resume_async
from bulk_import.mapping.loading import parse_mapping
from bulk_import.sandbox.app import Reply
from tests.conftest import SHORT_WAITS, Ear, report_of

MAPPING = parse_mapping(
    "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n"
    "  lead_phone: {value: '+14155550123'}\nwhen: {no_email: create}\n",
    "m.yml",
)
CONTACTS = parse_mapping("version: 1\nfields:\n  lead_email: E-mail\n", "c.yml")
WAIT = Reply(status=429, raw=b"", headers={"Retry-After": "0"}, apply=False)
QUOTA = Reply(code=8, text="limit", apply=False)
REFUSED = Reply(code=101, text="no list", apply=False)
APPLIED = Reply(raw=b"<html>", apply=True)  # and no answer that can be trusted
LOST = Reply(raw=b"<html>", apply=False)
BUSY = Reply(status=503, raw=b"", apply=False)
OK = Reply()

# Name -> e-mail or none, what the server answers in turn, and what must come of it.
# The first ones let the pace know that the server takes many a second.
MANY = 60
ROWS = {
    **{f"plain {n}": (True, [OK], ("success", "0", "1")) for n in range(MANY)},
    "throttled twice": (True, [WAIT, WAIT, OK], ("success", "0", "3")),
    "quota, then throttled": (True, [QUOTA, WAIT, OK], ("success", "0", "3")),
    "refused": (True, [REFUSED], ("failed", "101", "1")),
    "refused as well": (True, [REFUSED], ("failed", "101", "1")),
    "known": (True, [Reply(code=102, text="is registered")], ("success", "102", "1")),
    "applied unheard": (True, [APPLIED, OK], ("success", "0", "2")),
    "lost, then refused": (True, [LOST, REFUSED], ("unknown", "101", "2")),
    "lost, throttled, taken": (True, [LOST, WAIT, OK], ("success", "0", "3")),
    "busy": (True, [BUSY, BUSY, OK], ("success", "0", "3")),
    "lost for good": (True, [LOST] * 3, ("unknown", "ANSWER_UNREADABLE", "3")),
    "bare": (False, [OK], ("success", "0", "1")),
    "bare, throttled": (False, [WAIT, QUOTA, OK], ("success", "0", "3")),
    "bare, refused": (False, [REFUSED], ("failed", "101", "1")),
    "bare, unheard": (False, [APPLIED], ("unknown", "ANSWER_UNREADABLE", "1")),
    "bare, busy": (False, [BUSY], ("unknown", "HTTP_503", "1")),
}  # fmt: skip


@pytest.fixture
def source(write_csv):
    lines = [
        [f"{name.replace(' ', '-').replace(',', '')}@example.org" if has_email else "", name]
        for name, (has_email, _, _) in ROWS.items()
    ]
    return write_csv([["E-mail", "Name"], *lines])


@pytest.mark.parametrize(
    ("way", "concurrency"),
    [
        ("direct", 12), ("session", 1),
        pytest.param("direct", 1, marks=pytest.mark.slow), pytest.param("session", 12, marks=pytest.mark.slow),
    ],
)  # fmt: skip
async def test_every_row_ends_as_its_answers_say_and_is_sent_no_oftener(
    sandbox, settings, source, way, concurrency
):
    left = {name: list(answers) for name, (_, answers, _) in ROWS.items()}
    sandbox.script = lambda _number, form: left[form["lead_first_name"]].pop(0)
    chosen = settings(
        sandbox, **SHORT_WAITS, send_by=way, concurrency=concurrency, max_attempts=3, quota_waits_s=(0.02,) * 9,
        breaker_s=60,
    )  # fmt: skip
    summary = await import_file_async(source, MAPPING, chosen)
    names = list(ROWS)
    found = {
        names[int(line["row"]) - 2]: (line["status"], line["error_code"], line["attempts"])
        for line in report_of(Path(summary.run_dir))
    }
    assert found == {name: end for name, (_, _, end) in ROWS.items()}
    sent = Counter(request.form["lead_first_name"] for request in sandbox.sent())
    assert sent == {name: len(answers) for name, (_, answers, _) in ROWS.items()}
    assert (summary.exit_code, summary.requests) == (1, sum(sent.values()))
    applied = Counter(contact.fields["lead_first_name"] for contact in sandbox.contacts())
    assert max(applied.values()) == 1, "nobody is there twice"


@pytest.mark.parametrize("way", ["direct", "session"])
async def test_what_a_resume_sends_again_by_the_other_way_is_what_is_safe(
    sandbox, settings, source, way
):
    """Rows in doubt with an e-mail are sent again, those without never."""
    other = {"direct": "session", "session": "direct"}[way]
    sandbox.script = lambda _number, _form: APPLIED
    chosen = settings(sandbox, **SHORT_WAITS, concurrency=4, max_attempts=1, breaker_s=60)
    await import_file_async(source, MAPPING, chosen)
    before = len(sandbox.sent())
    assert before == len(ROWS)
    sandbox.script = None
    again = await resume_async(chosen.run_dir, settings(sandbox, **SHORT_WAITS, send_by=other))
    names = Counter(request.form["lead_first_name"] for request in sandbox.sent()[before:])
    assert names == {name: 1 for name, (has_email, _, _) in ROWS.items() if has_email}
    assert again.counts == Counter(
        {**dict.fromkeys(again.counts, 0), "success": MANY + 10, "unknown": 5}
    )


@pytest.mark.parametrize("way", ["direct", "session"])
async def test_a_pause_is_told_once_for_all_in_flight_and_nobody_sends_in_it(
    sandbox, settings, contacts_csv, way
):
    """Two bursts: what was learned in the first pause does not spoil the second."""
    replies = [
        *[OK] * MANY,
        *[Reply(status=429, raw=b"", headers={"Retry-After": "1"}, apply=False)] * 3,
    ]
    sandbox.script = lambda _number, _form: replies.pop(0) if replies else None
    ear = Ear()
    chosen = settings(sandbox, send_by=way, concurrency=3)
    summary = await import_file_async(contacts_csv(MANY + 4), CONTACTS, chosen, progress=ear)
    assert (summary.exit_code, len(sandbox.sent())) == (0, MANY + 7)
    refused = [request for request in sandbox.sent() if request.answer == "429"]
    inside = [
        request
        for request in sandbox.sent()
        if any(one.ended + 0.2 < request.at < one.ended + 0.95 for one in refused)
    ]
    assert inside == []
    told = [text for text in ear.told if text.startswith("paused")]
    assert 1 <= len(told) <= len(refused) == 3
