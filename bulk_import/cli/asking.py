"""Questions to the person at the terminal, wherever stdout and stderr go; and the plan they see first.

As ssh and sudo do, questions go to ``/dev/tty`` when the standard streams are piped.
"""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from bulk_import.cli.terminal import is_interactive, plain, wait_for_input
from bulk_import.models import in_words

if TYPE_CHECKING:
    from bulk_import.run.plan import Answer, Plan, Sample

NOBODY = (
    "nobody can be asked here (there is no terminal), and --yes was not given; nothing was sent. "
    "Add --yes to send without being asked"
)
TYPED_ABOVE = 500  # contacts: a number is typed, not a letter
_CANARY = 5
_WORTH_A_CANARY = 20
_NAMES_SHOWN = 8
_REASONS_SHOWN = 6
_NARROWEST = 40  # columns


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a terminal.

    Attributes:
        sees_messages: stderr goes to the terminal: what was said there need not be repeated.
    """

    _reads: TextIO
    _writes: TextIO
    sees_messages: bool

    @property
    def columns(self) -> int:
        """Width of the terminal; 0 where what is said goes elsewhere."""
        try:
            return os.get_terminal_size(self._writes.fileno()).columns
        except (OSError, ValueError):
            return 0

    def say(self, text: str) -> None:
        self._writes.write(f"{text}\n")
        self._writes.flush()

    def ask(self, question: str) -> str:
        """Return what is typed, without outer blanks; ``""`` for an empty line or the end of input."""
        self._writes.write(f"{question} ")
        self._writes.flush()
        wait_for_input(self._reads)
        return self._reads.readline().strip()

    def confirms(self, question: str) -> bool:
        """Ask for a yes."""
        return self.ask(f"{question} [y/N]").lower() in ("y", "yes")

    def chooses(self, question: str, options: Sequence[str]) -> int | None:
        """Let one of *options* be chosen; return its position, or ``None``."""
        for number, option in enumerate(options, 1):
            self.say(f"  {number}  {plain(option)}")
        typed = self.ask(f"{question} [1-{len(options)}, Enter to stop]")
        return int(typed) - 1 if typed.isdecimal() and 1 <= int(typed) <= len(options) else None


@contextlib.contextmanager
def person() -> Iterator[Person | None]:
    """The person at the terminal; ``None`` when there is none, or this is a job in the background."""
    if is_interactive():
        yield Person(sys.stdin, sys.stderr, sees_messages=True)
        return
    try:
        handle = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        yield None
        return
    with open(handle) as reads, open(os.dup(handle), "w") as writes:  # noqa: PTH123 - handles
        if os.tcgetpgrp(handle) != os.getpgrp():  # reading would stop a job in the background
            yield None
        else:
            yield Person(reads, writes, sees_messages=sys.stderr.isatty())


def can_ask() -> bool:
    """Whether somebody is there to be asked."""
    with person() as found:
        return found is not None


def ask_about(plan: Plan) -> Answer:
    """Show the plan and ask; after the canary show its results and ask for the rest."""
    with person() as somebody:
        if somebody is None:
            return False
        if plan.accepted:
            return _ask_for_the_rest(somebody, plan)
        if not somebody.sees_messages:
            for name, problem in plan.problems:
                somebody.say(f"{name}: {plain(str(problem))}")
        somebody.say(wrapped(describe_plan(plan), somebody.columns))
        if 0 < plan.canary < plan.to_send:
            return somebody.confirms(
                f"Send {plan.canary:,} rows of different shapes first? You are asked again before the rest."
            )
        return _ask_for_all(somebody, plan)


def _ask_for_all(somebody: Person, plan: Plan) -> Answer:
    from bulk_import.run.plan import Approval

    if plan.to_send <= _WORTH_A_CANARY:
        return somebody.confirms("Send?")
    offer = f"c to send {_CANARY} of different shapes first"
    if plan.to_send > TYPED_ABOVE:
        typed = somebody.ask(f"Send? Type {plan.to_send} to send all, {offer}, Enter to stop:")
    else:
        typed = somebody.ask(f"Send? y to send all, {offer}, Enter to stop:")
    if typed.lower() in ("c", "canary"):
        return Approval(canary=_CANARY)
    if plan.to_send > TYPED_ABOVE:
        return _is_number(typed, plan.to_send)
    return typed.lower() in ("y", "yes")


def _ask_for_the_rest(somebody: Person, plan: Plan) -> bool:
    if not somebody.sees_messages:
        for result in plan.canary_results:
            somebody.say(plain(result))
    rest = plan.to_send - plan.accepted
    question = f"The canary's {plan.accepted} rows were accepted. Send the other {rest:,}?"
    if rest > TYPED_ABOVE:
        return _is_number(somebody.ask(f"{question} Type {rest}, or Enter to stop:"), rest)
    return somebody.confirms(question)


def _is_number(typed: str, wanted: int) -> bool:
    """Whether the number was typed, with or without marks between thousands."""
    return "".join(char for char in typed if char not in " ,.'_\u00a0\u202f") == str(wanted)


# -- the plan -------------------------------------------------------------------------------------


def describe_plan(plan: Plan) -> str:
    """What a run is about to do, and what it leaves out."""
    lines = [f"{plan.rows_read:,} rows read; {plan.to_send:,} will be sent to {plan.endpoint}"]
    for status, number in plan.counts.items():
        why = counted(plan.reasons.get(status, {}), _REASONS_SHOWN)
        lines.append(f"  {number:,} {status.value}" + (f": {why}" if why else ""))
    if plan.fields:
        lines.append(f"  fields: {counted(plan.fields, len(plan.fields))}")
    for name, counter in plan.changes.items():
        titled = {plan.titles.get(value, value): n for value, n in counter.most_common()}
        lines.append(f"  {name}: {counted(titled, _NAMES_SHOWN)}")
    if any(name.startswith("add") for name in plan.changes):
        lines.append(
            "  tags and lists can start e-mail series; the service cannot undo an import in bulk"
        )
    lines.append(f"  {_duration(plan)}")
    if plan.samples:
        lines.append("  the first of them:")
        lines += [f"    {_sample(sample)}" for sample in plan.samples]
    if plan.examples:
        lines.append("  refused, for instance:")
        lines += [f"    {place}: {plain(in_words(why))}" for place, why in plan.examples[:3]]
    return "\n".join(lines)


def wrapped(text: str, columns: int) -> str:
    """Break lines of more than *columns* between words, with the rest indented; 0 = break none."""
    if not columns:
        return text
    width = max(columns - 1, _NARROWEST)
    lines = []
    for line in text.split("\n"):
        indent = " " * (len(line) - len(line.lstrip(" ")))
        lines += textwrap.wrap(
            line, width, subsequent_indent=f"{indent}  ", break_long_words=False, break_on_hyphens=False,
        ) or [line]  # fmt: skip
    return "\n".join(lines)


# Beside rules, which are said in words.
_SAID = {"CONTACT_SKIPPED": "another row of the contact is kept back"}


def counted(counts: Mapping[str, int], number: int) -> str:
    """The most frequent names with their numbers, then how many more there are."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{plain(_SAID.get(name, name))} ({n:,})" for name, n in ordered[:number])
    more = len(ordered) - number
    return shown + (f", and {more:,} more" if more > 0 else "")


def _duration(plan: Plan) -> str:
    from bulk_import.sandbox.rehearsal import as_duration

    if not plan.limits.rate:
        return "without a limit of requests a second, as --rate 0 asks"
    pace = f"{plan.limits.rate:g} requests a second"
    daily = f", at most {plan.limits.daily_limit:,} a day" if plan.limits.daily_limit else ""
    return f"takes about {as_duration(plan.seconds)} at {pace}{daily}"


def _sample(sample: Sample) -> str:
    values = ", ".join(
        f"{name.removeprefix('lead_')}: {plain(value)[:40]}"
        for name, value in sample.fields
        if value and name != "lead_email"
    )
    who = sample.contact or "no e-mail"
    return f"{sample.place}: {plain(who)}; {values}" if values else f"{sample.place}: {plain(who)}"
