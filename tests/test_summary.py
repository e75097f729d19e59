"""What a finished run says of itself: on the screen, for scripts, in a notebook, to a webhook and to Prometheus."""

from __future__ import annotations

import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bulk_import.models import Status, Summary
from bulk_import.report.metrics import Gauge, write_gauges, write_metrics
from bulk_import.report.notification import message
from bulk_import.report.summary import as_json, as_text, write_summary


def summary(counts, *, rows=None, **options):
    numbers = {Status(name): number for name, number in counts.items()}
    known = {
        "run_dir": "runs/1",
        "sources": ("a.csv",),
        "mapping": "m.yml",
        "endpoint": "https://x",
    }
    return Summary(
        counts=numbers,
        rows_read=sum(numbers.values()) if rows is None else rows,
        **(known | options),
    )


# -- on the screen -----------------------------------------------------------------------------------


def test_the_summary_names_each_way_to_end_and_says_that_the_rows_add_up():
    of = summary(
        {
            "success": 1200, "failed": 9, "unknown": 1, "invalid": 20, "duplicate": 3,
            "suppressed": 4, "skipped": 5, "unchanged": 6, "not_sent": 7,
        },
        requests=1234, elapsed_s=1234.56, by_code={"0": 1200, "EMAIL_INVALID": 20, "101": 9, "": 25},
        stopped="the limit of failures", notes=("a file was kept", "a second thing"),
    )  # fmt: skip
    assert as_text(of).splitlines() == [
        "1,255 rows read",
        "1,200 success    accepted",
        "    9 failed     refused by the API",
        "    1 unknown    sent, no trustworthy answer",
        "   20 invalid    cells that cannot be sent as they are",
        "    3 duplicate  gave way to another row of the contact",
        "    4 suppressed on the suppression list",
        "    5 skipped    a skip or only rule of the mapping",
        "    6 unchanged  nothing new since the last run",
        "    7 not_sent   not sent",
        "row counts add up; 1,234 requests in 1,234.6 s",
        "codes: EMAIL_INVALID x20, 101 x9",
        "stopped: the limit of failures",
        "note: a file was kept",
        "note: a second thing",
    ]


@pytest.mark.parametrize(
    ("counts", "options", "lines"),
    [
        (
            {"success": 0, "failed": 0},
            {},
            ["0 rows read", "0 success    accepted", "row counts add up; 0 requests in 0.0 s"],
        ),
        (
            {"not_sent": 2},
            {"dry_run": True},
            [
                "2 rows read",
                "0 success    accepted",
                "2 not_sent   would be sent",
                "row counts add up; 0 requests in 0.0 s",
            ],
        ),
        (
            {"success": 1},
            {"rows": 2},
            [
                "2 rows read",
                "1 success    accepted",
                "row counts DO NOT ADD UP: a bug, please report it; 0 requests in 0.0 s",
            ],
        ),
    ],
)
def test_a_summary_has_no_line_for_what_did_not_happen(counts, options, lines):
    assert as_text(summary(counts, **options)).splitlines() == lines


@pytest.mark.parametrize(
    ("number", "end"),
    [(5, "C4 x2, C5 x1"), (6, "C4 x3, C5 x2 and 1 more"), (8, "C5 x4 and 3 more")],
)
def test_the_five_most_frequent_codes_are_shown_and_the_others_counted(number, end):
    codes = {f"C{n}": number - n + 1 for n in range(1, number + 1)}
    (line,) = [line for line in as_text(summary({"failed": 9}, by_code=codes)).splitlines() if "codes" in line]  # fmt: skip
    assert line.startswith(f"codes: C1 x{number}, ")
    assert line.endswith(end)


# -- for scripts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "options", "code"),
    [
        ({"success": 1, "unchanged": 1, "duplicate": 1, "suppressed": 1, "skipped": 1}, {}, 0),
        ({}, {}, 0),
        ({"failed": 1}, {}, 1),
        ({"invalid": 1}, {}, 1),
        ({"unknown": 1}, {}, 1),
        ({"success": 1, "failed": 0}, {}, 0),
        ({"failed": 1, "not_sent": 1}, {"stop_code": 3}, 3),
        ({"not_sent": 1}, {"stop_code": 130}, 130),
        ({"success": 1}, {"rows": 2}, 70),
        ({"success": 1}, {"rows": 2, "stop_code": 3}, 70),
    ],
)
def test_the_exit_code_follows_from_the_counts(counts, options, code):
    assert summary(counts, **options).exit_code == code


def test_the_file_for_scripts_has_every_status_and_the_same_numbers(tmp_path):
    of = summary(
        {"success": 2, "failed": 1}, requests=5, by_code={"0": 2, "101": 1}, elapsed_s=1.23456,
        started_at="2026-03-10T11:05:00Z", finished_at="2026-03-10T11:05:02Z", notes=("Ünïcode",),
    )  # fmt: skip
    write_summary(tmp_path / "summary.json", of)
    text = (tmp_path / "summary.json").read_text("utf-8")
    assert "Ünïcode" in text
    assert text.endswith("}\n")
    assert json.loads(text) == {
        "run_dir": "runs/1",
        "sources": ["a.csv"],
        "mapping": "m.yml",
        "endpoint": "https://x",
        "dry_run": False,
        "started_at": "2026-03-10T11:05:00Z",
        "finished_at": "2026-03-10T11:05:02Z",
        "elapsed_s": 1.235,
        "rows_read": 3,
        "counts": {status.value: 0 for status in Status} | {"success": 2, "failed": 1},
        "balanced": True,
        "requests": 5,
        "by_code": {"0": 2, "101": 1},
        "stopped": "",
        "notes": ["Ünïcode"],
        "exit_code": 1,
    }


def test_a_notebook_shows_what_occurred_and_where_the_report_is():
    of = summary({"success": 1200, "failed": 0}, stopped="<b>", notes=("a note",))
    assert of._repr_html_() == (
        "<table><tr><td>success</td><td style='text-align:right'>1,200</td></tr>"
        "<tr><td>rows read</td><td style='text-align:right'>1,200</td></tr></table>"
        "<p>stopped: &lt;b&gt;<br>a note<br>report: runs/1/report.html</p>"
    )
    dry = summary({"not_sent": 1}, rows=2, dry_run=True, run_dir="")
    assert dry._repr_html_().endswith(
        "<p>a rehearsal: nothing was sent<br>"
        "the counts do not add up: please report this bug<br>nothing to send</p>"
    )
    assert dry.frame().empty


# -- to others ---------------------------------------------------------------------------------------


def test_a_message_has_the_summary_and_what_ended_the_command():
    of = summary({"success": 1}, stopped="the breaker", stop_code=3)
    said = message(of, command="sync", job="nightly", account="shop", exit_code=3)
    assert said == {
        **as_json(of), "command": "sync", "job": "nightly", "account": "shop", "exit_code": 3, "stopped": "the breaker",
    }  # fmt: skip
    other = message(of, command="sync", job="n", account="s", exit_code=5, reason="disk full")
    assert (other["stopped"], other["exit_code"]) == ("disk full", 5)


def test_a_message_of_a_command_that_did_not_come_to_a_run_counts_nothing():
    said = message(None, command="run", job="", account="", exit_code=2, reason="no mapping")
    assert said == {
        "run_dir": "", "counts": {status.value: 0 for status in Status}, "rows_read": 0, "requests": 0,
        "command": "run", "job": "", "account": "", "stopped": "no mapping", "exit_code": 2,
    }  # fmt: skip
    assert message(None, command="run", job="", account="", exit_code=2)["stopped"] == ""


def metrics_of(path):
    families = text_string_to_metric_families(path.read_text("utf-8"))
    return {
        (sample.name.removeprefix("bulk_import_"), sample.labels.get("status", "")): sample
        for family in families
        for sample in family.samples
    }


def write(path, of, code, **options):
    write_metrics(path, of, job="j", account="shop", exit_code=code, seconds=12.34567, **options)
    return metrics_of(path)


def test_metrics_have_the_counts_of_the_last_run(tmp_path):
    found = write(tmp_path / "m.prom", summary({"success": 7, "invalid": 2}, requests=9), 1)
    assert {status: sample.value for (name, status), sample in found.items() if name == "rows"} == {
        status.value: {"success": 7, "invalid": 2}.get(status.value, 0) for status in Status
    }
    assert found["rows", "success"].labels == {"job": "j", "account": "shop", "status": "success"}
    single = {name: found[name, ""].value for name in ("requests", "duration_seconds", "exit_code")}
    assert single == {"requests": 9, "duration_seconds": 12.346, "exit_code": 1}
    ended, succeeded = (
        found[name, ""].value
        for name in ("finished_timestamp_seconds", "last_success_timestamp_seconds")
    )
    assert ended == succeeded > 1_700_000_000
    assert (tmp_path / "m.prom").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(("code", "options"), [(2, {}), (3, {}), (70, {}), (0, {"is_dry": True})])
def test_the_time_of_the_last_success_outlives_what_brought_nothing_in(tmp_path, code, options):
    path, name = tmp_path / "m.prom", ("last_success_timestamp_seconds", "")
    assert write(path, None, code, **options)[name].value == 0
    good = write(path, summary({"success": 1}), 0)[name].value
    assert good > 0
    later = write(path, None, code, **options)
    assert later[name].value == good
    assert later["requests", ""].value == 0


def test_gauges_without_labels_and_without_samples_are_written_as_well(tmp_path):
    write_gauges(
        tmp_path / "m.prom",
        [Gauge("one", "A number.", [({}, 4)]), Gauge("none", "Nothing yet.", [])],
    )
    found = metrics_of(tmp_path / "m.prom")
    assert [sample.value for sample in found.values()] == [4, 0]
