"""Nothing is sent unasked: who is asked, over which streams, and what they see first."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections import Counter
from pathlib import Path

import pytest

from bulk_import.cli.asking import TYPED_ABOVE, counted, describe_plan, wrapped
from bulk_import.models import Problem, Status
from bulk_import.run.plan import Plan, Sample
from bulk_import.settings import Limits
from tests.children import Served, finish, start


class Terminal:
    """A terminal with the program in its foreground; the program's streams are pipes."""

    def __init__(self, *args: str | Path, url: str, **streams) -> None:
        self._ours, theirs = pty.openpty()
        self.said = ""

        def take_it() -> None:
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

        self.process = start(
            *args, url=url, asks=True, start_new_session=True, preexec_fn=take_it,
            pass_fds=[theirs], **({"stdin": subprocess.DEVNULL} | streams),
        )  # fmt: skip
        os.close(theirs)

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 60
        while text not in self.said:
            assert time.monotonic() < deadline, f"{text!r} was not said, but {self.said!r}"
            self._read()

    def types(self, text: str) -> None:
        self.said = ""
        os.write(self._ours, f"{text}\n".encode())

    def ends(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=60)
        with contextlib.suppress(OSError):
            self._read()
        os.close(self._ours)
        return self.process.returncode, out, err

    def _read(self) -> None:
        if select.select([self._ours], [], [], 0.05)[0]:
            with contextlib.suppress(OSError):  # EIO: the program has ended
                self.said += os.read(self._ours, 65_536).decode().replace("\r\n", "\n")


@pytest.fixture
def served(tmp_path):
    with Served(tmp_path) as running:
        yield running


@pytest.fixture
def run(tmp_path, contacts_csv, mapping):
    """The arguments of a run of that many rows."""
    return lambda rows, *more: (
        "run", contacts_csv(rows), "-m", mapping, "--run-dir", tmp_path / "run", *more
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "resume", "retag"])
def test_where_nobody_can_be_asked_nothing_is_sent(tmp_path, served, run, write_csv, command):
    finish(*run(9, "--limit", "3"), url=served.url)
    before = len(served.sent())
    args = {
        "run": (*run(9)[:-1], tmp_path / "another"),
        "resume": ("resume", tmp_path / "run"),
        "retag": ("retag", write_csv([["E-mail"], ["a@b.org"]], "new.csv"), "--add-tag", "x"),
    }[command]

    code, _, err = finish(
        *args, url=served.url, asks=True, stdin=subprocess.PIPE, start_new_session=True
    )

    assert code == 2
    assert "nobody can be asked here (there is no terminal), and --yes was not given" in err
    assert "Add --yes to send without being asked" in err
    assert len(served.sent()) == before
    assert not (tmp_path / "another").exists()


@pytest.mark.slow
def test_a_yes_on_a_pipe_is_no_answer(served, run):
    process = start(
        *run(3), url=served.url, asks=True, stdin=subprocess.PIPE, start_new_session=True
    )
    _, err = process.communicate("y\n", timeout=60)

    assert process.returncode == 2, err
    assert served.sent() == []


@pytest.mark.slow
def test_yes_and_dry_run_need_nobody(served, run):
    assert finish(*run(3, "--dry-run"), url=served.url, asks=True, start_new_session=True)[0] == 0
    assert served.sent() == []


def test_with_all_streams_piped_the_question_comes_over_the_terminal(served, run):
    terminal = Terminal(*run(3), url=served.url)
    terminal.wait_for("Send? [y/N]")
    assert "3 rows read; 3 will be sent to" in terminal.said
    assert served.sent() == []
    terminal.types("y")
    code, out, err = terminal.ends()

    assert (code, len(served.sent())) == (0, 3)
    assert "3 rows read" in out
    assert "Send?" not in out + err


@pytest.mark.parametrize("typed", ["", "n", "yess", "5"])
@pytest.mark.slow
def test_anything_but_a_yes_sends_nothing(served, run, typed):
    terminal = Terminal(*run(3), url=served.url)
    terminal.wait_for("Send? [y/N]")
    terminal.types(typed)
    code, out, _ = terminal.ends()

    assert (code, served.sent()) == (3, [])
    assert "not confirmed" in out


@pytest.mark.parametrize(
    ("typed", "sent"), [("y", 0), ("yes", 0), ("50", 0), (f"{TYPED_ABOVE + 1}", TYPED_ABOVE + 1)]
)
@pytest.mark.slow
def test_above_500_contacts_the_number_is_typed(served, run, typed, sent):
    terminal = Terminal(*run(TYPED_ABOVE + 1), url=served.url)
    terminal.wait_for(f"Type {TYPED_ABOVE + 1} to send all")
    terminal.types(typed)
    code, _, _ = terminal.ends()

    assert len(served.sent()) == sent
    assert code == (0 if sent else 3)


@pytest.mark.slow
def test_the_canary_is_proposed_and_its_result_names_who_got_what(served, run):
    terminal = Terminal(*run(30), url=served.url)
    terminal.wait_for("c to send 5 of different shapes first")
    terminal.types("c")
    terminal.wait_for("Send the other 25? [y/N]")
    assert len(served.sent()) == 5
    assert "canary: row 2, p1@example.org: success; got " in terminal.said
    terminal.types("y")
    terminal.ends()

    assert len(served.sent()) == 30


@pytest.mark.slow
def test_a_canary_that_was_asked_for_is_confirmed_with_a_letter_and_the_rest_with_the_number(
    served, run
):
    terminal = Terminal(*run(TYPED_ABOVE + 10, "--canary", "3"), url=served.url)
    terminal.wait_for("Send 3 rows of different shapes first?")
    terminal.types("y")
    rest = TYPED_ABOVE + 7
    terminal.wait_for(f"Type {rest}, or Enter to stop")
    terminal.types("y")
    code, _, _ = terminal.ends()

    assert (code, len(served.sent())) == (3, 3)


@pytest.mark.slow
def test_a_job_in_the_background_is_not_asked(served, run):
    """Reading the terminal would stop it for good."""
    ours, theirs = pty.openpty()

    def take_it_and_leave_the_foreground() -> None:
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
        shell = os.fork()
        if shell:  # the session's leader stays in the foreground until the job has ended
            os._exit(os.waitstatus_to_exitcode(os.waitpid(shell, 0)[1]))
        os.setpgid(0, 0)

    process = start(
        *run(3), url=served.url, asks=True, stdin=subprocess.DEVNULL, start_new_session=True,
        preexec_fn=take_it_and_leave_the_foreground, pass_fds=[theirs],
    )  # fmt: skip
    os.close(theirs)
    _, err = process.communicate(timeout=60)
    os.close(ours)

    assert process.returncode == 2, err
    assert "nobody can be asked here" in err
    assert served.sent() == []


@pytest.mark.slow
def test_retag_asks_which_column_and_which_segment_is_meant(served, tmp_path, write_csv):
    source = write_csv([["Work e-mail", "Home e-mail"], ["a@b.org", "a@home.org"]], "new.csv")
    args = ("retag", source, "--add-tag", "x", "--state", tmp_path / "tags.state")
    first = write_csv([["E-mail"], ["b@b.org"]], "first.csv")
    finish(*args[:1], first, *args[2:], "--segment", "VIP", "--run-dir", tmp_path / "one",
           url=served.url)  # fmt: skip

    terminal = Terminal(
        *args, "--segment", "vip", "--accept", "--run-dir", tmp_path / "two", url=served.url
    )
    terminal.wait_for("Is 'VIP' meant? [y/N]")
    terminal.types("y")
    terminal.wait_for("Which column? [1-2, Enter to stop]")
    assert "  2  Home e-mail" in terminal.said
    terminal.types("2")
    terminal.wait_for("Send? [y/N]")
    terminal.types("y")
    code, _, err = terminal.ends()

    assert (code, [(r.email, r.form.get("add_tags")) for r in served.sent()]) == (
        0, [("b@b.org", "x"), ("b@b.org", None), ("a@home.org", "x")]
    )  # fmt: skip
    assert "VIP: read" in err
    assert "column 'Home e-mail'" in err


@pytest.mark.slow
def test_sync_is_made_for_nobody_watching(served, tmp_path, contacts_csv, mapping):
    code, _, err = finish(
        "sync", contacts_csv(3), "-m", mapping, "--state", tmp_path / "job.state",
        "--run-dir", tmp_path / "run", url=served.url, asks=True, start_new_session=True,
    )  # fmt: skip

    assert (code, len(served.sent())) == (0, 3), err


# -- the plan -------------------------------------------------------------------------------------


def test_the_plan_says_how_many_of_what_why_not_how_long_and_shows_rows():
    plan = Plan(
        endpoint="https://shop.example.com",
        rows_read=5_000,
        to_send=4_800,
        counts={Status.SKIPPED: 150, Status.INVALID: 50},
        changes={"add_tags": Counter({"vip": 4_800, "new": 12})},
        titles={"1473249885.28": "Newsletter"},
        examples=[("row 9", (Problem("PHONE_INVALID", "too short", column="Phone"),))],
        fields={"lead_email": 4_800, "add_tags": 4_800},
        reasons={
            Status.SKIPPED: {"Unsubscribed: 'yes' (skip: unsubscribed)": 150},
            Status.INVALID: {"EMAIL_INVALID": 30, "PHONE_INVALID": 20},
        },
        samples=[
            Sample("row 2", "a@b.org", (("lead_email", "a@b.org"), ("lead_first_name", "Ann"),
                                        ("add_tags", "vip"))),
        ],
        limits=Limits(rate=2, daily_limit=2_000),
    )  # fmt: skip

    assert describe_plan(plan).splitlines() == [
        "5,000 rows read; 4,800 will be sent to https://shop.example.com",
        "  150 skipped: Unsubscribed: 'yes' (skip: unsubscribed) (150)",
        "  50 invalid: EMAIL_INVALID (30), PHONE_INVALID (20)",
        "  fields: lead_email (4,800), add_tags (4,800)",
        "  add_tags: vip (4,800), new (12)",
        "  tags and lists can start e-mail series; the service cannot undo an import in bulk",
        "  takes about 48 h 00 min at 2 requests a second, at most 2,000 a day",
        "  the first of them:",
        "    row 2: a@b.org; first_name: Ann, add_tags: vip",
        "  refused, for instance:",
        "    row 9: Phone: too short",
    ]


@pytest.mark.slow
def test_a_real_plan_has_ten_rows_and_the_reasons(served, tmp_path, write_csv):
    rows = [["E-mail", "Unsubscribed"], *([f"p{n}@b.org", "no"] for n in range(12))]
    rows += [["x@b.org", "yes"], ["nonsense", "no"]]
    (tmp_path / "m.yml").write_text(
        "version: 1\nfields: {lead_email: E-mail, add_tags: {always: [vip]}}\n"
        "skip: [{column: Unsubscribed, values: yes, because: said no}]\n", "utf-8",
    )  # fmt: skip
    terminal = Terminal(
        "run", write_csv(rows), "-m", tmp_path / "m.yml", "--run-dir", tmp_path / "run",
        url=served.url,
    )  # fmt: skip
    terminal.wait_for("Send? [y/N]")
    said = terminal.said
    terminal.types("n")
    terminal.ends()

    assert "14 rows read; 12 will be sent" in said
    assert "1 skipped: Unsubscribed: 'yes' (skip: said no) (1)" in said
    assert "1 invalid: EMAIL_INVALID (1)" in said
    assert "fields: add_tags (12), lead_email (12)" in said
    assert [line.strip() for line in said.splitlines() if line.startswith("    row ")] == [
        *(f"row {n + 2}: p{n}@b.org; add_tags: vip" for n in range(10)),
        "row 15: E-mail: 'nonsense' has no @; write one address such as anna@example.org",
    ]


def test_rows_that_another_row_keeps_back_are_counted_in_words_as_those_of_rules_are():
    rule = "Unsubscribed: 'yes' (skip: unsubscribed)"
    assert counted({"CONTACT_SKIPPED": 2, rule: 3}, 5) == (
        f"{rule} (3), another row of the contact is kept back (2)"
    )


def test_a_plan_is_broken_between_words_and_its_lines_stay_indented():
    text = "340 rows read\n  fields: lead_email (1,827), lead_first_name (1,827), lead_phone (12)\n\nend"
    assert wrapped(text, 40).splitlines() == wrapped(text, 41).splitlines() == [
        "340 rows read", "  fields: lead_email (1,827),", "    lead_first_name (1,827), lead_phone", "    (12)", "", "end",
    ]  # fmt: skip
    assert wrapped(text, 0) == text == wrapped(text, 100)
    address = "https://" + "x" * 50
    assert wrapped(address, 41) == address  # it is copied in one piece
