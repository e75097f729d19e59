"""Whole runs against the sandbox over loopback, counted on the server's side."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from bulk_import.api.fields import FIELDS
from bulk_import.errors import SetupError, SourceError
from bulk_import.jobs.importing import import_file_async, import_frame, resume_async
from bulk_import.models import Status
from bulk_import.sandbox.app import Reply, Sandbox
from bulk_import.sandbox.faults import Faults
from tests.conftest import SHORT_WAITS, report_of, statuses


async def test_every_row_is_delivered_and_accounted_for(sandbox, settings, contacts_csv, mapping):
    summary = await import_file_async(contacts_csv(50), mapping, settings(sandbox))

    assert summary.exit_code == 0
    assert summary.counts[Status.SUCCESS] == summary.rows_read == 50
    assert summary.balanced
    assert sorted(c.email for c in sandbox.contacts()) == sorted(
        f"p{n}@example.org" for n in range(1, 51)
    )
    assert len(sandbox.sent()) == 50


async def test_all_fields_and_an_extra_one_arrive_byte_for_byte(
    sandbox, settings, write_csv, tmp_path
):
    hard = "a+b & 100% \"q\" 's' =x; é ё 漢字 عربي 🎂👨‍👩‍👧 <b>,\nline two"
    values = {
        "add_to_lists": "super,clients_1", "remove_from_lists": "1502871133.0046201177",
        "add_tags": "a+b,100%,Клиент,🎂", "remove_tags": "old & gone",
        "lead_email": "a+b@example.org", "lead_phone": "+14155550123", "lead_utc": "+03",
        "lead_personal_manager": "101", "lead_shipping_country_code": "NA",
        "lead_billing_country_code": "NO", "lead_shipping_zip": "007-01", "lead_billing_zip": "0150",
        "lead_description": hard,
    }  # fmt: skip
    for name, field in FIELDS.items():
        values.setdefault(name, f"{field.kind} + & % Ü 漢 🎂 عربي"[:40])
    values["lead_whatsapp"] = values["lead_viber"] = "+14155550124"
    source = write_csv([list(values), list(values.values())])
    lines = ["version: 1", "fields:"] + [f"  {name}: {name}" for name in FIELDS]
    path = tmp_path / "all.yml"
    path.write_text("\n".join([*lines, "extra: {crm_id: lead_description}"]), "utf-8")

    summary = await import_file_async(source, path, settings(sandbox))

    assert summary.exit_code == 0, report_of(Path(summary.run_dir))
    assert sandbox.sent()[0].form == {**values, "crm_id": hard}


async def test_rows_of_one_contact_keep_their_order_and_never_travel_together(
    sandbox, settings, write_csv, mapping
):
    rows = [["E-mail", "Name", "Phone", "Tags"]]
    rows += [[f"p{n % 5}@Example.org", f"Name {n}", "", ""] for n in range(60)]
    sandbox.use(Faults(latency_ms=3, jitter_ms=6))

    await import_file_async(write_csv(rows), mapping, settings(sandbox, concurrency=16))

    by_contact: dict[str, list] = {}
    for request in sandbox.sent():
        by_contact.setdefault(request.email, []).append(request)
    for number in range(5):
        sent = by_contact[f"p{number}@example.org"]
        names = [request.form["lead_first_name"] for request in sent]
        assert names == [f"Name {n}" for n in range(60) if n % 5 == number]
        assert all(a.ended <= b.at for a, b in pairwise(sent))
    assert sandbox.most_at_once > 1


async def test_invalid_rows_are_refused_with_all_their_reasons(
    sandbox, settings, write_csv, mapping
):
    source = write_csv(
        [
            ["E-mail", "Name", "Phone", "Tags"],
            ["nobody", "x", "12", "a,b"],
            ["a@b.org", "y", "", ""],
        ]
    )

    summary = await import_file_async(source, mapping, settings(sandbox))

    refused, accepted = report_of(Path(summary.run_dir))
    assert summary.exit_code == 1
    assert (refused["status"], refused["error_code"], refused["row"]) == (
        "invalid",
        "EMAIL_INVALID",
        "2",
    )
    assert "has no @" in refused["message"]
    assert "too short" in refused["message"]
    assert "comma" in refused["message"]
    assert accepted["status"] == "success"
    rejects = (Path(summary.run_dir) / "rejects.csv").read_text("utf-8-sig").splitlines()
    assert rejects[0] == "_row,_status,_reason,E-mail,Name,Phone,Tags"
    assert rejects[1].startswith("2,invalid,")
    assert rejects[1].endswith(',nobody,x,12,"a,b"')


async def test_rejects_can_be_fed_straight_back(sandbox, settings, write_csv, mapping, tmp_path):
    source = write_csv(
        [["E-mail", "Name", "Phone", "Tags"], ["nobody", "x", "", ""], ["a@b.org", "y", "", ""]]
    )
    summary = await import_file_async(source, mapping, settings(sandbox))
    rejects = Path(summary.run_dir) / "rejects.csv"
    rejects.write_text(
        rejects.read_text("utf-8-sig").replace("nobody", "some@body.org"), "utf-8-sig"
    )

    again = await import_file_async(
        rejects, mapping, settings(sandbox, run_dir=tmp_path / "second")
    )

    assert again.exit_code == 0
    assert [r.email for r in sandbox.sent()] == ["a@b.org", "some@body.org"]


async def test_lost_answers_are_repeated_for_contacts_with_an_email(
    sandbox, settings, contacts_csv, mapping
):
    sandbox.use(Faults(lost=0.15, error_500=0.1, dropped=0.1, html_200=0.05))

    summary = await import_file_async(
        contacts_csv(40), mapping, settings(sandbox, **SHORT_WAITS, concurrency=8, max_attempts=20)
    )

    assert summary.counts[Status.SUCCESS] == 40
    assert len(sandbox.contacts()) == 40
    assert any(int(line["attempts"]) > 1 for line in report_of(Path(summary.run_dir)))


async def test_a_row_without_email_is_sent_once_and_called_unknown_when_the_answer_is_lost(
    sandbox, settings, contacts_csv, bare_mapping
):
    sandbox.script = lambda _, form: Reply(lost=True) if "lead_email" not in form else None

    summary = await import_file_async(contacts_csv(10, bare=True), bare_mapping, settings(sandbox))

    assert summary.counts[Status.UNKNOWN] == 5
    assert summary.exit_code == 1
    assert Counter(r.form["lead_first_name"] for r in sandbox.sent()).most_common(1)[0][1] == 1
    unknown = [line for line in report_of(Path(summary.run_dir)) if line["status"] == "unknown"]
    assert all("sent once" in line["message"] for line in unknown)

    sandbox.script = None
    resumed = await resume_async(summary.run_dir, settings(sandbox))
    assert resumed.counts[Status.UNKNOWN] == 5
    assert len(sandbox.sent()) == 10

    resent = await resume_async(summary.run_dir, settings(sandbox, resend_unknown=True))
    assert resent.counts[Status.SUCCESS] == 10
    assert len(sandbox.sent()) == 15


async def test_a_refusal_after_a_lost_answer_proves_nothing(
    sandbox, settings, contacts_csv, mapping
):
    replies = iter([Reply(lost=True), Reply(code=101, text="subscription error", apply=False)])
    sandbox.script = lambda _number, _form: next(replies)

    summary = await import_file_async(contacts_csv(1), mapping, settings(sandbox, **SHORT_WAITS))

    (line,) = report_of(Path(summary.run_dir))
    assert (line["status"], line["error_code"], line["attempts"]) == ("unknown", "101", "2")


async def test_later_rows_of_a_contact_in_doubt_wait_for_the_resume(
    sandbox, settings, write_csv, mapping
):
    rows = [["E-mail", "Name", "Phone", "Tags"], ["a@b.org", "1", "", ""], ["a@b.org", "2", "", ""]]
    sandbox.script = lambda _number, _form: Reply(status=500, raw=b"oops", apply=False)

    summary = await import_file_async(write_csv(rows), mapping, settings(sandbox, max_attempts=1))

    assert statuses(Path(summary.run_dir)) == ["unknown", "not_sent"]
    assert report_of(Path(summary.run_dir))[1]["error_code"] == "LANE_HELD"

    sandbox.script = None
    resumed = await resume_async(summary.run_dir, settings(sandbox))
    assert resumed.counts[Status.SUCCESS] == 2
    assert sandbox.contact("a@b.org").fields["lead_first_name"] == "2"


async def test_a_307_to_the_same_host_is_followed_once(sandbox, settings, contacts_csv, mapping):
    sandbox.use(Faults(redirect=307))

    summary = await import_file_async(contacts_csv(20), mapping, settings(sandbox, concurrency=1))

    assert summary.counts[Status.SUCCESS] == 20
    assert sum(r.answer == "307" for r in sandbox.sent()) == 1


@pytest.mark.parametrize(
    "faults",
    [
        Faults(code_as_text=True), Faults(no_result=True), Faults(close_every=3),
        Faults(activation=True), Faults(wrong_hash=True),
    ],
)  # fmt: skip
async def test_ugly_answers_are_understood(sandbox, settings, contacts_csv, mapping, faults):
    sandbox.use(faults)

    summary = await import_file_async(
        contacts_csv(12), mapping, settings(sandbox, verify_hash="warn")
    )

    assert summary.counts[Status.SUCCESS] == 12


async def test_a_key_echoed_by_the_server_is_not_reported(sandbox, settings, contacts_csv, mapping):
    sandbox.use(Faults(refuse=0.5, key_echo=True))

    summary = await import_file_async(contacts_csv(10), mapping, settings(sandbox))

    for path in Path(summary.run_dir).iterdir():
        assert sandbox.key.encode() not in path.read_bytes(), path
    assert any("***" in line["message"] for line in report_of(Path(summary.run_dir)))


@pytest.mark.parametrize(
    ("policy", "expected", "name"),
    [
        ("send", ["success", "success", "success"], "third"),
        ("first", ["success", "duplicate", "duplicate"], "first"),
        ("last", ["duplicate", "duplicate", "success"], "third"),
        ("merge", ["duplicate", "duplicate", "success"], "third"),
        ("refuse", ["invalid", "invalid", "invalid"], None),
    ],
)
async def test_duplicates_follow_the_policy(
    sandbox, settings, write_csv, mapping, policy, expected, name
):
    source = write_csv(
        [
            ["E-mail", "Name", "Phone", "Tags"],
            ["a@b.org", "first", "415 555 0101", "one"],
            ["A@B.org", "", "", "two"],
            ["a@b.org", "third", "", "one;three"],
        ]
    )
    mapping.write_text(mapping.read_text("utf-8") + f"when: {{duplicate: {policy}}}\n", "utf-8")

    summary = await import_file_async(source, mapping, settings(sandbox))

    assert statuses(Path(summary.run_dir)) == expected
    assert summary.balanced
    if name:
        assert sandbox.contact("a@b.org").fields["lead_first_name"] == name
    if policy == "merge":
        assert sandbox.contact("a@b.org").tags == ("one", "two", "three")
        assert sandbox.contact("a@b.org").fields["lead_phone"] == "+14155550101"


async def test_suppressed_contacts_are_never_sent(
    sandbox, settings, contacts_csv, mapping, tmp_path
):
    (tmp_path / "stop.csv").write_text("email\np3@example.org\n", "utf-8")
    mapping.write_text(mapping.read_text("utf-8") + "suppress: stop.csv\n", "utf-8")

    summary = await import_file_async(contacts_csv(5), mapping, settings(sandbox))

    assert statuses(Path(summary.run_dir)) == [
        "success",
        "success",
        "suppressed",
        "success",
        "success",
    ]
    assert sandbox.contact("p3@example.org") is None


async def test_a_source_that_breaks_off_sends_nothing(sandbox, settings, contacts_csv, mapping):
    source = contacts_csv(50)
    source.write_text(source.read_text("utf-8") + '"never closed,x,,\n', "utf-8")

    with pytest.raises(SourceError, match="quotation mark"):
        await import_file_async(source, mapping, settings(sandbox))

    assert sandbox.sent() == []


async def test_an_email_column_that_is_mostly_empty_sends_nothing(
    sandbox, settings, write_csv, mapping
):
    rows = [["E-mail", "Name", "Phone", "Tags"]] + [["", f"n{n}", "", ""] for n in range(12)]

    with pytest.raises(SourceError, match="12 of 12 rows have no e-mail"):
        await import_file_async(write_csv(rows), mapping, settings(sandbox))


async def test_list_titles_are_resolved_and_unknown_ones_refused(
    sandbox, settings, contacts_csv, mapping
):
    text = mapping.read_text("utf-8")
    mapping.write_text(text + "  add_to_lists: {always: [Newsletter]}\n", "utf-8")
    await import_file_async(contacts_csv(2), mapping, settings(sandbox))
    assert sandbox.contact("p1@example.org").lists == ("1473249885.2899961004",)

    mapping.write_text(text + "  add_to_lists: {always: [Newsleter]}\n", "utf-8")
    with pytest.raises(SetupError, match="did you mean Newsletter"):
        await import_file_async(contacts_csv(2), mapping, settings(sandbox, run_dir=None))


def test_a_dataframe_is_imported_like_a_file(tmp_path, mapping, monkeypatch):
    import threading

    import pandas as pd

    from bulk_import.sandbox.faults import Faults as NoFaults
    from bulk_import.settings import Settings

    ready, done = threading.Event(), threading.Event()
    held: dict[str, object] = {}

    def serve() -> None:
        async def run() -> None:
            async with Sandbox(faults=NoFaults()) as sandbox:
                held["url"], held["key"] = sandbox.url, sandbox.key
                ready.set()
                while not done.is_set():
                    await asyncio.sleep(0.02)
                held["contacts"] = sandbox.contacts()

        asyncio.run(run())

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        assert ready.wait(10)
        monkeypatch.setenv("INFLUENCERSOFT_API_KEY", str(held["key"]))
        settings = Settings.from_env(endpoint=str(held["url"]), rate=0, run_dir=tmp_path / "r")
        frame = pd.DataFrame(
            {
                "E-mail": ["a@b.org", None],
                "Name": ["NA", "x"],
                "Phone": [4155550123.0, None],
                "Tags": ["", "y"],
            }
        )
        summary = import_frame(frame, mapping, settings)
    finally:
        done.set()
        thread.join()

    assert summary.counts == {**dict.fromkeys(Status, 0), Status.SUCCESS: 1, Status.INVALID: 1}
    (contact,) = held["contacts"]
    assert contact.fields["lead_first_name"] == "NA"
    assert contact.fields["lead_phone"] == "+14155550123"
    assert list(summary.frame()["status"]) == ["success", "invalid"]
