"""What a person at a terminal is shown and asked, in this process: every answer that they can type."""

from __future__ import annotations

import io
import os
import pty
import sys
import termios
from collections import Counter
from dataclasses import replace

import pytest

from bulk_import.cli.asking import Person, ask_about, can_ask, counted, describe_plan
from bulk_import.models import Problem, Status
from bulk_import.run.plan import Approval, Plan, Sample
from bulk_import.settings import Limits

PLAN = Plan(endpoint="https://shop.example.com", rows_read=3, to_send=3, limits=Limits(rate=2))
HEAD = "3 rows read; 3 will be sent to https://shop.example.com\n  takes about 2 s at 2 requests a second\n"


class Screen(io.StringIO):
    """Standard error of somebody who sits at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def ask(monkeypatch):
    """Ask about a plan at a terminal, or beside one: (the answer, what was said there)."""

    def asked(plan: Plan, typed: str = "") -> tuple[object, str]:
        ours, theirs = pty.openpty()
        os.write(ours, f"{typed}\n".encode())
        screen = Screen()
        with open(theirs) as keyboard:  # noqa: PTH123 - a handle
            monkeypatch.setattr(sys, "stdin", keyboard)
            monkeypatch.setattr(sys, "stderr", screen)
            assert can_ask()
            answer = ask_about(plan)
        os.close(ours)
        return answer, screen.getvalue()

    return asked


# -- the question --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("y", True), ("yes", True), ("Y", True), ("YES", True), (" y ", True), ("", False), ("n", False),
        ("yess", False), ("3", False), ("c", False),
    ],
)  # fmt: skip
def test_a_few_rows_are_sent_after_a_letter(ask, typed, answer):
    assert ask(PLAN, typed) == (answer, f"{HEAD}Send? [y/N] ")


@pytest.mark.parametrize(
    ("to_send", "question"),
    [
        (1, "Send? [y/N] "),
        (20, "Send? [y/N] "),
        (21, "Send? y to send all, c to send 5 of different shapes first, Enter to stop: "),
        (500, "Send? y to send all, c to send 5 of different shapes first, Enter to stop: "),
        (
            501,
            "Send? Type 501 to send all, c to send 5 of different shapes first, Enter to stop: ",
        ),
    ],
)
def test_the_more_rows_the_more_is_asked(ask, to_send, question):
    answer, said = ask(replace(PLAN, to_send=to_send, rows_read=to_send))
    assert (answer, said.splitlines()[-1]) == (False, question)


@pytest.mark.parametrize(
    ("to_send", "typed", "answer"),
    [
        (21, "y", True),
        (21, "YES", True),
        (21, "21", False),
        (21, "c", Approval(canary=5)),
        (21, "Canary", Approval(canary=5)),
        (21, "", False),
        (500, "y", True),
        (500, "500", False),
        (501, "501", True),
        (501, "y", False),
        (501, "yes", False),
        (501, "50", False),
        (501, "5011", False),
        (501, "c", Approval(canary=5)),
        (501, "", False),
        (12_345, "12,345", True),
        (12_345, "12 345", True),
        (12_345, "12.345", True),
        (12_345, "12'345", True),
        (12_345, "12_345", True),
        (12_345, "12\u00a0345", True),
        (12_345, "12\u202f345", True),
        (12_345, "12-345", False),
    ],
)
def test_many_rows_are_sent_after_their_number_a_canary_after_a_c(ask, to_send, typed, answer):
    assert ask(replace(PLAN, to_send=to_send, rows_read=to_send), typed)[0] == answer


@pytest.mark.parametrize(
    ("canary", "is_offered"), [(0, False), (1, True), (29, True), (30, False), (31, False)]
)
def test_a_canary_that_was_asked_for_comes_first_if_it_leaves_something(ask, canary, is_offered):
    plan = replace(PLAN, to_send=30, rows_read=30, canary=canary)
    answer, said = ask(plan, "y")
    question = (
        f"Send {canary} rows of different shapes first? You are asked again before the rest. [y/N] "
    )
    assert (answer, said.endswith(question)) == (True, is_offered)


# -- after the canary ------------------------------------------------------------------------------------

BESIDE = replace(PLAN, accepted=5, canary_results=("row 2: success", "row 3:\x1b[2J success"))


@pytest.mark.parametrize(
    ("to_send", "question", "typed", "answer"),
    [
        (505, "Send the other 500? [y/N] ", "y", True),
        (505, "Send the other 500? [y/N] ", "500", False),
        (506, "Send the other 501? Type 501, or Enter to stop: ", "501", True),
        (506, "Send the other 501? Type 501, or Enter to stop: ", "y", False),
        (2005, "Send the other 2,000? Type 2000, or Enter to stop: ", "2,000", True),
    ],
)
def test_the_rest_is_sent_after_a_letter_or_its_number(ask, to_send, question, typed, answer):
    assert ask(replace(BESIDE, to_send=to_send), typed) == (
        answer,
        f"The canary's 5 rows were accepted. {question}",
    )


def test_results_of_the_canary_are_shown_to_whom_the_messages_do_not_reach(monkeypatch):
    """Standard error goes into a file, and the questions to the terminal of the session."""
    ours, theirs = pty.openpty()
    attributes = termios.tcgetattr(theirs)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
    monkeypatch.setattr(os, "open", lambda *_: os.dup(theirs))
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    problem = Problem("CODES", "odd\x1b[2J")
    plans = {
        "the rest": replace(BESIDE, to_send=7),
        "all": replace(PLAN, problems=(("a.csv", problem),)),
    }
    said = {}
    for name, plan in plans.items():
        os.write(ours, b"y\n")
        assert ask_about(plan) is True
        said[name] = ""
        while not said[name].endswith("[y/N] "):
            said[name] += os.read(ours, 65_536).decode().replace("\r\n", "\n")
    assert said == {
        "the rest": "row 2: success\nrow 3: [2J success\n"
        "The canary's 5 rows were accepted. Send the other 2? [y/N] ",
        "all": f"a.csv: odd [2J\n{HEAD}Send? [y/N] ",
    }
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
    assert (ask_about(PLAN), can_ask()) == (False, False)  # a job in the background
    for handle in ours, theirs:
        os.close(handle)


def test_without_a_terminal_the_answer_is_no(monkeypatch):
    def open_(*_: object) -> int:
        raise OSError

    monkeypatch.setattr(os, "open", open_)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    for stdin in (sys.stdin, None):
        monkeypatch.setattr(sys, "stdin", stdin)
        assert (can_ask(), ask_about(PLAN)) == (False, False)


# -- a choice --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [("1", 0), ("2", 1), (" 2 ", 1), ("0", None), ("3", None), ("", None), ("-1", None), ("B", None)],
)  # fmt: skip
def test_one_of_several_is_chosen_by_its_number(typed, chosen):
    near, far = os.pipe()
    os.write(far, f"{typed}\n".encode())
    screen = io.StringIO()
    with open(near) as keyboard, open(far, "w"):  # noqa: PTH123 - handles
        person = Person(keyboard, screen, sees_messages=True)
        assert person.chooses("Which?", ["A", "B\x07"]) == chosen
    assert screen.getvalue() == "  1  A\n  2  B \nWhich? [1-2, Enter to stop] "


def test_a_question_is_on_the_screen_before_it_is_answered():
    (keys, typing), (seen, shown) = os.pipe(), os.pipe()
    os.set_blocking(seen, False)
    os.write(typing, b" an answer \n")
    with open(keys) as keyboard, open(shown, "w") as screen:  # noqa: PTH123 - handles
        person = Person(keyboard, screen, sees_messages=True)
        person.say("said")
        assert os.read(seen, 100) == b"said\n"
        assert person.ask("Which?") == "an answer"
        assert os.read(seen, 100) == b"Which? "
    for handle in typing, seen:
        os.close(handle)


# -- the plan --------------------------------------------------------------------------------------------


def test_a_plan_without_anything_to_tell_has_two_lines():
    assert describe_plan(PLAN) == HEAD.rstrip("\n")
    bare = replace(PLAN, to_send=0, limits=Limits(rate=0))
    assert describe_plan(bare).splitlines() == [
        "3 rows read; 0 will be sent to https://shop.example.com",
        "  without a limit of requests a second, as --rate 0 asks",
    ]


@pytest.mark.parametrize(
    ("rate", "daily", "to_send", "line"),
    [
        (0.5, 0, 3, "takes about 6 s at 0.5 requests a second"),
        (2, 0, 178, "takes about 89 s at 2 requests a second"),
        (2, 0, 180, "takes about 2 min at 2 requests a second"),
        (1, 0, 5340, "takes about 89 min at 1 requests a second"),
        (1, 0, 5400, "takes about 1 h 30 min at 1 requests a second"),
        (2, 500, 3, "takes about 2 s at 2 requests a second, at most 500 a day"),
    ],
)
def test_how_long_it_takes_is_said_in_the_unit_of_a_person(rate, daily, to_send, line):
    plan = replace(PLAN, to_send=to_send, limits=Limits(rate=rate, daily_limit=daily))
    assert describe_plan(plan).splitlines()[-1].strip() == line


@pytest.mark.parametrize(
    ("change", "warns"),
    [("add_tags", True), ("add_to_lists", True), ("remove_tags", False), ("remove_from_lists", False)],
)  # fmt: skip
def test_series_are_warned_of_where_something_is_added(change, warns):
    text = describe_plan(replace(PLAN, changes={change: Counter({"a": 1})}))
    assert ("can start e-mail series" in text) == warns


def test_names_of_tags_reasons_and_examples_are_cut_at_their_limits():
    nine = Counter({f"t{n}": 10 - n for n in range(9)})
    examples = [
        (f"row {n}", (Problem("X", f"why {n}", "Phone"), Problem("Y", "more"))) for n in range(5)
    ]
    plan = replace(
        PLAN, changes={"add_tags": nine, "add_to_lists": Counter({"147": 2, "x": 1})}, titles={"147": "News"},
        counts={Status.INVALID: 7, Status.SKIPPED: 1}, reasons={Status.INVALID: {f"C{n}": 1 for n in range(7)}},
        examples=examples, fields={f"f{n}": n for n in range(9)},
    )  # fmt: skip
    assert describe_plan(plan).splitlines()[1:] == [
        "  7 invalid: C0 (1), C1 (1), C2 (1), C3 (1), C4 (1), C5 (1), and 1 more",
        "  1 skipped",
        "  fields: f8 (8), f7 (7), f6 (6), f5 (5), f4 (4), f3 (3), f2 (2), f1 (1), f0 (0)",
        "  add_tags: t0 (10), t1 (9), t2 (8), t3 (7), t4 (6), t5 (5), t6 (4), t7 (3), and 1 more",
        "  add_to_lists: News (2), x (1)",
        "  tags and lists can start e-mail series; the service cannot undo an import in bulk",
        "  takes about 2 s at 2 requests a second",
        "  refused, for instance:",
        *(f"    row {n}: Phone: why {n}; more" for n in range(3)),
    ]


def test_a_sample_names_the_contact_and_what_is_filled():
    values = (("lead_email", "a@b.org"), ("lead_city", ""), ("lead_description", "x" * 41), ("add_tags", "a\x1bb"))  # fmt: skip
    samples = (
        Sample("row 2", "a@b.org", values),
        Sample("row 3", "", (("lead_phone", "+1415"),)),
        Sample("row 4", "c@d.org", (("lead_email", "c@d.org"),)),
    )
    assert describe_plan(replace(PLAN, samples=samples)).splitlines()[2:] == [
        "  the first of them:",
        f"    row 2: a@b.org; description: {'x' * 40}, add_tags: a b",
        "    row 3: no e-mail; phone: +1415",
        "    row 4: c@d.org",
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "b (1,200), and 2 more"), (2, "b (1,200), a (3), and 1 more"), (3, "b (1,200), a (3), c (1)"), (0, ", and 3 more")],
)  # fmt: skip
def test_the_most_frequent_are_named_and_the_others_counted(number, text):
    assert counted({"a": 3, "b": 1200, "c": 1}, number) == text
    assert counted({}, number) == ""
