"""A rehearsal touches no account, and says how long the real run takes and why."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from bulk_import.cli import main
from bulk_import.models import Status, Summary
from bulk_import.sandbox.rehearsal import SimulatedTime, as_duration, estimate
from bulk_import.stopping import Stop, StoppingError
from tests.conftest import report_of

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


@pytest.mark.parametrize("concurrency", ["1", "16"])
def test_a_plan_by_places_repeats_whatever_is_in_flight(
    tmp_path, write_csv, monkeypatch, capsys, concurrency
):
    """Requests arrive in another order at each run; the third contact of the source does not change."""
    monkeypatch.chdir(tmp_path)
    people = [[f"p{n}@example.org"] for n in range(1, 41)]
    path = write_csv([["E-mail"], ["bad"], *people])
    (tmp_path / "m.yml").write_text(MAPPING)
    (tmp_path / "plan.csv").write_text("contact,attempt,fault\n#3,1,101\n#17,*,3\n")
    with pytest.raises(SystemExit):
        main(["rehearse", str(path), "-m", "m.yml", "--plan", "plan.csv", "--run-dir", "r",
              "--concurrency", concurrency])  # fmt: skip
    failed = [line["contact"] for line in report_of(tmp_path / "r") if line["status"] == "failed"]
    assert failed == ["p3@example.org", "p17@example.org"]


@pytest.mark.parametrize("contact", ["#41", "nobody@example.org"])
def test_a_contact_of_a_plan_that_no_row_has_is_refused(
    tmp_path, write_csv, monkeypatch, capsys, contact
):
    monkeypatch.chdir(tmp_path)
    path = write_csv([["E-mail"], *[[f"p{n}@example.org"] for n in range(3)]])
    (tmp_path / "m.yml").write_text(MAPPING)
    (tmp_path / "plan.csv").write_text(f"contact,attempt,fault\n{contact},1,101\n")
    with pytest.raises(SystemExit) as ended:
        main(["rehearse", str(path), "-m", "m.yml", "--plan", "plan.csv", "--run-dir", "r"])
    assert ended.value.code == 2
    assert f"line 2: {contact}: the source has 3 contacts" in capsys.readouterr().err


def test_a_sandbox_by_itself_knows_no_places(tmp_path, capsys):
    (tmp_path / "plan.csv").write_text("contact,attempt,fault\n#3,1,101\n")
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", "--port", "0", "--plan", str(tmp_path / "plan.csv")])
    assert ended.value.code == 2
    assert "#3 is a place in a source" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "seconds", "why"),
    [
        ({"rate": 2, "concurrency": 4, "latency_ms": 100}, 500, "--rate 2"),
        ({"rate": 0, "concurrency": 4, "latency_ms": 400}, 100, "--concurrency 4"),
        (
            {"rate": 50, "concurrency": 40, "latency_ms": 100, "throttle": 5, "simulated_s": 210},
            210,
            "the server's limit of 5",
        ),
        (
            {"rate": 2, "concurrency": 4, "latency_ms": 100, "throttle": 9, "simulated_s": 505},
            505,
            "--rate 2",
        ),
        (
            {"rate": 2, "concurrency": 4, "latency_ms": 100, "simulated_s": 900},
            900,
            "pauses and repeated",
        ),
        ({"rate": 0, "concurrency": 40, "latency_ms": 1}, 3, "this machine"),
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


def test_the_time_of_answers_is_reckoned_and_not_waited_for(
    contacts_csv, mapping, tmp_path, capsys
):
    """Waited for, it would take a quarter of an hour: a test that hangs is stopped as failed."""
    with pytest.raises(SystemExit) as caught:
        main(["rehearse", str(contacts_csv(60)), "-m", str(mapping), "--latency-ms", "60000", "--rate", "0",
              "--run-dir", str(tmp_path / "run")])  # fmt: skip
    assert caught.value.code == 0
    said = capsys.readouterr().err
    assert "about 15 min (bound by --concurrency 4 at 60000 ms an answer)" in said


def _rehearsed(capsys, source, mapping, tmp_path, *options):
    """Return what a rehearsal says of the real run. Waited for, it would be stopped as hanging."""
    with pytest.raises(SystemExit) as caught:
        main(
            [
                "rehearse",
                str(source),
                "-m",
                str(mapping),
                "--run-dir",
                str(tmp_path / "run"),
                *options,
            ]
        )
    assert caught.value.code == 0
    return capsys.readouterr().err


def test_pauses_of_a_throttle_are_simulated_and_in_the_estimate(
    contacts_csv, mapping, tmp_path, capsys
):
    """90 rows at a request every four seconds take at least six minutes, and more with the pauses."""
    said = _rehearsed(
        capsys, contacts_csv(90), mapping, tmp_path, "--rate", "0", "--throttle", "0.25",
        "--latency-ms", "10",
    )  # fmt: skip
    minutes = int(re.search(r"about (\d+) min", said)[1])
    assert 6 <= minutes <= 10
    assert "bound by the server's limit of 0.25 requests/s, with its pauses" in said


def test_pauses_after_the_quota_are_simulated_and_in_the_estimate(
    contacts_csv, mapping, tmp_path, capsys
):
    """The only row in flight gets code 8 twice: pauses of one and of five minutes."""
    (tmp_path / "plan.csv").write_text("contact,attempt,fault\n#1,1,8\n#1,2,8\n")
    said = _rehearsed(
        capsys, contacts_csv(1), mapping, tmp_path, "--rate", "0", "--concurrency", "1",
        "--plan", str(tmp_path / "plan.csv"),
    )  # fmt: skip
    assert int(re.search(r"about (\d+) min", said)[1]) == 6
    assert "bound by pauses and repeated requests" in said


async def test_simulated_time_jumps_to_the_next_moment_and_stops_at_once():
    passing, stop = SimulatedTime(), Stop()
    stop.time = passing
    began = passing.now()
    ended = []

    async def nap(seconds):
        await stop.nap(seconds)
        ended.append(round((passing.now() - began) / 3600))

    await asyncio.gather(nap(7200), nap(3600), nap(10800))
    assert ended == [1, 2, 3]
    assert round(passing.skipped_s / 3600) == 3
    stop.request("enough", 3)
    with pytest.raises(StoppingError):
        await stop.nap(3600)
