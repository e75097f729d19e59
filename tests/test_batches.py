"""Batches: their names, their files, and until when rows without an answer are sent again."""

from __future__ import annotations

import hashlib
import json
import stat
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from bulk_import.errors import SetupError
from bulk_import.jobs.batches import send_batch, send_batch_async
from bulk_import.mapping.loading import load_mapping
from bulk_import.models import Status
from bulk_import.sandbox.app import Reply
from bulk_import.system.addresses import account_name

MAPPING = {
    "version": "1",
    "fields": {
        "lead_email": "email",
        "lead_first_name": "name",
        "lead_phone": {"value": "+14155550123"},
    },
    "when": {"no_email": "create"},
}
GARBAGE = Reply(raw=b"<html>", apply=True)


def people(names):
    return [{"email": f"{name}@x.org", "name": None} for name in names]


def answering(sandbox, *replies):
    """Let the sandbox answer so, then as ever."""
    left = list(replies)
    sandbox.script = lambda _number, _form: left.pop(0) if left else None


@pytest.fixture
def account(sandbox, settings):
    return settings(sandbox, concurrency=1, max_attempts=1)


async def test_a_batch_is_named_by_account_rules_and_rows_as_every_version_named_it(
    tmp_path, sandbox, account
):
    """After an update a batch that comes again has to find its run."""
    rows = [{"email": "ж@x.org", "name": "Ann"}, {"name": None, 7: 1.5}]
    text = '{"email": "ж@x.org", "name": "Ann"}\n{"name": null, "7": 1.5}\n'.encode()
    rules = json.dumps(load_mapping(MAPPING).fingerprint(), sort_keys=True).encode()
    digest = hashlib.sha256()
    for part in (account_name(sandbox.url).encode(), rules, text):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    sent = await send_batch_async(rows, MAPPING, account, tmp_path / "runs")
    run_dir = Path(sent.summary.run_dir)
    assert run_dir == tmp_path / "runs" / digest.hexdigest()[:24]
    assert run_dir.with_name(f"{run_dir.name}.jsonl").read_bytes() == text
    assert stat.S_IMODE((tmp_path / "runs").stat().st_mode) == 0o700


async def test_a_batch_that_was_cut_off_while_its_file_was_written_is_written_again(
    tmp_path, sandbox, account
):
    rows = [{"email": "a@x.org", "name": "Ann"}]
    first = await send_batch_async(rows, MAPPING, account, tmp_path)
    source = Path(f"{first.summary.run_dir}.jsonl")
    before = source.stat().st_mtime_ns
    await send_batch_async(rows, MAPPING, account, tmp_path)
    assert source.stat().st_mtime_ns == before, "it is there"
    source.unlink()
    again = await send_batch_async(rows, MAPPING, account, tmp_path)
    assert source.read_text() == '{"email": "a@x.org", "name": "Ann"}\n'
    assert (again.is_settled, len(sandbox.sent())) == (True, 1)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (datetime(2026, 3, 1, 9, 30, 5), "2026-03-01 09:30:05"), (date(2026, 3, 1), "2026-03-01"), (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.10"), (time(9, 30), "09:30:00"), (UUID(int=5), "00000000-0000-0000-0000-000000000005"), (7, "7"), (None, None),
    ],
)  # fmt: skip
async def test_values_that_json_has_no_word_for_are_written_as_text(
    tmp_path, sandbox, account, value, sent
):
    mapping = {"version": "1", "fields": {"lead_email": "email", "lead_description": "note"}}
    await send_batch_async([{"email": "a@x.org", "note": value}], mapping, account, tmp_path)
    assert [request.form.get("lead_description") for request in sandbox.sent()] == [sent]


async def test_a_set_of_tags_is_the_same_batch_in_every_process(tmp_path, sandbox, account):
    mapping = {"version": "1", "fields": {"lead_email": "email", "add_tags": "tags"}}
    for tags in ({"new", "vip", "a b"}, frozenset(["vip", "a b", "new"]), ["a b", "new", "vip"]):
        await send_batch_async([{"email": "a@x.org", "tags": tags}], mapping, account, tmp_path)
    assert [request.form["add_tags"] for request in sandbox.sent()] == ["a b,new,vip"]


class Unknown:
    """What has no text of its own: its address, which changes, would be sent."""


async def test_a_value_without_a_text_of_its_own_is_refused(tmp_path, account):
    for value, kind in ((b"x", "bytes"), (Unknown(), "Unknown"), ([Unknown()], "Unknown")):
        with pytest.raises(SetupError) as found:
            await send_batch_async([{"email": value}], MAPPING, account, tmp_path)
        assert str(found.value) == (
            f"a batch has a value of {kind}; contacts are texts and numbers"
        )


async def test_half_a_character_refuses_its_row_and_no_other(tmp_path, sandbox, account):
    rows = [{"email": "a@x.org", "name": "Ann \ud83d"}, {"email": "b@x.org", "name": "Bo 😀"}]
    sent = await send_batch_async(rows, MAPPING, account, tmp_path)
    assert sent.summary.by_code == {"0": 1, "CELL_BROKEN": 1}
    assert [request.form["lead_first_name"] for request in sandbox.sent()] == ["Bo 😀"]


async def test_a_batch_of_nothing_or_of_bytes_leaves_nothing_behind(tmp_path, account):
    for rows, said in (
        ([], "a batch without rows"),
        ([{"email": b"a@x.org"}], "a batch has a value of bytes; contacts are texts and numbers"),
    ):
        with pytest.raises(SetupError) as found:
            await send_batch_async(rows, MAPPING, account, tmp_path / "runs")
        assert str(found.value) == said
    assert not (tmp_path / "runs").exists()


# -- rows without an answer ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("garbage", "requests", "unknown", "is_settled"),
    [(0, 1, 0, True), (1, 2, 0, True), (3, 4, 0, True), (4, 4, 1, False), (9, 4, 1, False)],
)
async def test_a_row_without_an_answer_is_sent_again_in_up_to_three_more_rounds(
    tmp_path, sandbox, account, garbage, requests, unknown, is_settled
):
    answering(sandbox, *[GARBAGE] * garbage)
    sent = await send_batch_async(people("a"), MAPPING, account, tmp_path)
    assert (len(sandbox.sent()), sent.unknown, sent.is_settled) == (requests, unknown, is_settled)
    assert len(sandbox.contacts()) == 1


async def test_a_row_without_an_email_and_without_an_answer_is_settled_and_never_sent_again(
    tmp_path, sandbox, account
):
    rows = [{"email": "", "name": "Bare"}, *people("a")]
    answering(sandbox, GARBAGE)
    for _ in range(2):
        sent = await send_batch_async(rows, MAPPING, account, tmp_path)
        assert (sent.unknown, sent.is_settled) == (1, True)
        assert len(sandbox.sent()) == 2
    assert sent.summary.counts[Status.SUCCESS] == 1


async def test_what_stops_the_run_is_not_settled_and_is_not_tried_in_rounds(
    tmp_path, sandbox, account
):
    answering(sandbox, GARBAGE, Reply(code=7, apply=False))
    rows = people("abcd")
    sent = await send_batch_async(rows, MAPPING, account, tmp_path)
    assert (sent.is_settled, sent.summary.stop_code, sent.unknown) == (False, 3, 1)
    assert len(sandbox.sent()) == 2
    done = await send_batch_async(rows, MAPPING, account, tmp_path)
    assert (done.is_settled, done.unknown, done.summary.exit_code) == (True, 0, 0)
    assert len(sandbox.contacts()) == 4


async def test_refused_rows_are_settled(tmp_path, sandbox, account):
    answering(sandbox, Reply(code=101, text="no", apply=False))
    rows = [*people("a"), {"email": "nobody"}, *people("b")]
    sent = await send_batch_async(rows, MAPPING, account, tmp_path)
    assert (sent.is_settled, sent.unknown, sent.summary.exit_code) == (True, 0, 1)
    assert sent.summary.by_code == {"101": 1, "EMAIL_INVALID": 1, "0": 1}


async def test_within_an_event_loop_the_other_one_is_named(tmp_path, account):
    with pytest.raises(SetupError, match="use `await send_batch_async"):
        send_batch([{"email": "a@x.org"}], MAPPING, account, tmp_path)
