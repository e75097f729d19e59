"""A rehearsal touches no account, and says how long the real run takes and why."""

from __future__ import annotations

import json

import pytest

from bulk_import.cli import main
from bulk_import.models import Status, Summary
from bulk_import.sandbox.rehearsal import as_duration, estimate

MAPPING = "version: 1\nfields:\n  lead_email: E-mail\n  add_to_lists: {always: [Newsletter]}\n"


def test_a_rehearsal_needs_no_account_and_no_key(tmp_path, write_csv, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INFLUENCERSOFT_API_KEY", raising=False)
    path = write_csv([["E-mail"], *[[f"p{n}@example.org"] for n in range(120)], ["bad"]])
    (tmp_path / "m.yml").write_text(MAPPING)
    with pytest.raises(SystemExit) as exit_:
        main(
            [
                "rehearse",
                str(path),
                "-m",
                "m.yml",
                "--latency-ms",
                "1",
                "--run-dir",
                "r",
                "--daily-limit",
                "5",
                "--json",
            ]
        )
    out, err = capsys.readouterr()
    assert exit_.value.code == 1
    told = json.loads(out)
    assert (told["counts"]["success"], told["counts"]["invalid"]) == (120, 1)
    assert "about 60 s (bound by --rate 2)" in err
    assert (tmp_path / "r" / "report.html").exists()


@pytest.mark.parametrize(
    ("options", "seconds", "why"),
    [
        ({"rate": 2, "concurrency": 4, "latency_ms": 100, "throttle": 0}, 500, "--rate 2"),
        ({"rate": 0, "concurrency": 4, "latency_ms": 400, "throttle": 0}, 100, "--concurrency 4"),
        (
            {"rate": 50, "concurrency": 40, "latency_ms": 100, "throttle": 5},
            200,
            "the server's limit of 5",
        ),
        ({"rate": 0, "concurrency": 40, "latency_ms": 1, "throttle": 0}, 3, "this machine"),
    ],
)
def test_the_estimate_names_what_binds(options, seconds, why):
    summary = Summary("", (), "", "", {Status.SUCCESS: 1000}, 1000, requests=1000, elapsed_s=3)
    found = estimate(summary, **options)
    assert found.seconds == seconds
    assert why in found.bound_by


def test_an_interrupted_rehearsal_estimates_the_whole_file():
    counts = {Status.SUCCESS: 900, Status.INVALID: 100, Status.NOT_SENT: 1000}
    summary = Summary("", (), "", "", counts, 2000, requests=900, elapsed_s=3, rows_unread=7000)
    found = estimate(summary, rate=2, concurrency=4, latency_ms=100, throttle=0)
    # 1,900 of the 2,000 rows read are to be sent, and so are 95 % of the 7,000 others.
    assert (round(found.seconds), found.bound_by) == ((1900 + 6650) / 2, "--rate 2")


def test_rows_that_were_refused_are_no_progress_of_an_interrupted_rehearsal():
    counts = {Status.SUCCESS: 64, Status.INVALID: 1000, Status.NOT_SENT: 2936}
    summary = Summary("", (), "", "", counts, 4000, requests=64, elapsed_s=5)
    found = estimate(summary, rate=0.25, concurrency=4, latency_ms=300, throttle=0)
    assert found.seconds == 3000 / 0.25


def test_durations_for_people():
    assert [as_duration(s) for s in (5, 89, 600, 11_100)] == ["5 s", "89 s", "10 min", "3 h 05 min"]
