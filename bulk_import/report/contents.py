"""What a report says of a run, in the order in which a person asks: ready for a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from bulk_import.models import Outcome, Problem, Status, Summary
from bulk_import.report.digest import Digest
from bulk_import.texts import Texts
from bulk_import.texts.fields import FIELD_NAMES

NEEDS_YOU = (Status.INVALID, Status.FAILED, Status.UNKNOWN)
# How rows end, for people; the order is that of the bar.
NAMES: Mapping[Status, str] = {
    Status.SUCCESS: "Imported",
    Status.UNCHANGED: "Unchanged since last time",
    Status.INVALID: "Cannot be sent as they are",
    Status.FAILED: "Refused by the account",
    Status.UNKNOWN: "Sent, without a clear answer",
    Status.NOT_SENT: "Not sent yet",
    Status.DUPLICATE: "Duplicates of another row",
    Status.SKIPPED: "Left out by a rule",
    Status.SUPPRESSED: "On the suppression list",
}
SET_NAMES: Mapping[str, str] = {
    "add_tags": "Tags added",
    "remove_tags": "Tags removed",
    "add_to_lists": "Added to lists",
    "remove_from_lists": "Taken off lists",
}
_MOST_NAMED = 30
_LEAST = 8.0  # per mille of the bar
_PLOT = (600, 150)  # width and height of a chart's field
_MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bar: rows that ended in one way; x and width in per mille."""

    status: str
    name: str
    rows: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Cause:
    """Why rows need somebody, and what to do.

    Attributes:
        columns: Of the source, in which the problem is.
        example: One cell and what was found, of this problem alone.
        place: Row of the example.
    """

    status: str
    code: str
    rows: int
    text: str
    fix: str
    columns: tuple[str, ...]
    example: str
    place: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A row that needs somebody: where it is, who, and each problem with its column."""

    source: str
    row: int
    contact: str
    status: str
    code: str
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart with its axes.

    Attributes:
        bars: (x, y, width, height, what it says), in a field of ``width`` x ``height``.
    """

    title: str
    unit: str
    width: int
    height: int
    bars: tuple[tuple[float, float, float, float, str], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A report, in the words of its reader."""

    headline: str
    sentence: str
    tone: str
    parts: tuple[Part, ...]
    causes: tuple[Cause, ...]
    listed: tuple[Listed, ...]
    needing: int
    several_sources: bool
    changes: tuple[tuple[str, str, tuple[tuple[str, int], ...], int], ...]
    warnings: tuple[tuple[str, int, str], ...]
    charts: tuple[Chart, ...]
    facts: tuple[tuple[str, str], ...]
    redact: bool


def contents(
    summary: Summary,
    digest: Digest,
    changes: Mapping[str, Mapping[str, int]],
    say: Texts,
    *,
    redact: bool = False,
) -> Report:
    """Return what the report of a run says.

    Args:
        changes: For tags and lists, parameter -> name -> contacts that it was sent for.
        redact: Leave out contacts and messages, which can hold what people typed.
    """
    headline, tone = _headline(summary, say)
    return Report(
        headline=headline,
        sentence=_sentence(summary, say),
        tone=tone,
        parts=tuple(_parts(summary, say)),
        causes=tuple(_causes(digest, say, redact=redact)),
        listed=tuple(_listed(outcome, say, redact=redact) for outcome in digest.listed),
        needing=sum(digest.causes.values()),
        several_sources=len(summary.sources) > 1
        or any(outcome.source not in summary.sources for outcome in digest.listed),
        changes=tuple(
            (name, say(SET_NAMES.get(name, name)), _top(values), max(0, len(values) - _MOST_NAMED))
            for name, values in changes.items()
        ),
        warnings=tuple(
            (column_name(column, say), rows, "" if redact else say.problem(digest.warned[column]))
            for column, rows in digest.warnings.most_common()
        ),
        charts=tuple(_charts(digest, summary, say)),
        facts=tuple(_facts(summary, say)),
        redact=redact,
    )


def column_name(place: str, say: Texts) -> str:
    """Return a column of the source as it is called there, a field as people call it."""
    if place in FIELD_NAMES:
        return say(FIELD_NAMES[place])
    return place or say("The row as a whole")


def _headline(summary: Summary, say: Texts) -> tuple[str, str]:
    counts, rows = summary.counts, summary.rows_read
    if not summary.balanced:
        return say("The counts do not add up: a bug, please report it"), "bad"
    if summary.dry_run:
        ready = counts.get(Status.NOT_SENT, 0)
        return (
            say("A rehearsal: {ready} of {rows} rows would be sent", ready=ready, rows=rows),
            "calm",
        )
    imported = counts.get(Status.SUCCESS, 0)
    yours = sum(counts.get(status, 0) for status in NEEDS_YOU)
    left = counts.get(Status.NOT_SENT, 0)
    if not rows:
        return say("There were no rows"), "calm"
    text = say("{imported} of {rows} imported", imported=imported, rows=rows)
    if imported == rows:
        text = say.count(rows, "The one row was imported", "All {n} rows were imported")
    if yours:
        text += "; " + say.count(yours, "{n} needs you", "{n} need you")
    if left:
        text += "; " + say.count(left, "{n} is not sent yet", "{n} are not sent yet")
    return text, "attention" if yours or left else "good"


def _sentence(summary: Summary, say: Texts) -> str:
    when = say.span(summary.started_at, summary.finished_at)
    if summary.dry_run:
        return say("{when}. Nothing was sent.", when=when)
    return say(
        "{when}, {duration}, into {account}.",
        when=when,
        duration=say.duration(summary.elapsed_s),
        account=summary.endpoint.rpartition("://")[2] or say("no account"),
    )


def _parts(summary: Summary, say: Texts) -> Sequence[Part]:
    """Parts of the bar, each wide enough to be seen."""
    found = [(status, summary.counts.get(status, 0)) for status in NAMES]
    found = [(status, rows) for status, rows in found if rows]
    whole = sum(rows for _, rows in found)
    widths = {status: max(_LEAST, 1000 * rows / whole) for status, rows in found}
    parts, x = [], 0.0
    for status, rows in found:
        name = (
            say("Would be sent") if status is Status.NOT_SENT and summary.dry_run else NAMES[status]
        )
        width = 1000 * widths[status] / sum(widths.values())
        parts.append(Part(status.value, say(name), rows, round(x, 2), round(width, 2)))
        x += width
    return parts


def _causes(digest: Digest, say: Texts, *, redact: bool) -> Sequence[Cause]:
    found = []
    for (status, code), rows in digest.causes.most_common():
        outcome = digest.examples[status, code]
        problem = _own_problem(outcome, code)
        example = ""
        if not redact:
            example = say.example(problem) if problem is not None else say.said(outcome.said)
        column = column_name(problem.column or problem.field, say) if problem is not None else ""
        found.append(
            Cause(
                status=status.value,
                code=code,
                rows=rows,
                text=say.cause(code) or say(NAMES[status]),
                fix=say.fix(code),
                columns=(column,) if column else (),
                example=example,
                place=str(outcome.row),
            )
        )
    return found


def _own_problem(outcome: Outcome, code: str) -> Problem | None:
    return next((problem for problem in outcome.reasons if problem.code == code), None)


def _listed(outcome: Outcome, say: Texts, *, redact: bool) -> Listed:
    # A cell that feeds several fields, such as a whole name, has its problem in each of them.
    problems: tuple[tuple[str, str], ...] = tuple(
        dict.fromkeys(
            (column_name(p.column or p.field, say), say.problem(p)) for p in outcome.reasons
        )
    ) or (("", say.said(outcome.said)),)
    if redact:
        problems = tuple((column, "") for column, _ in problems)
    contact = say("hidden") if redact and outcome.contact else outcome.contact
    return Listed(
        outcome.source, outcome.row, contact, outcome.status.value, outcome.error_code, problems
    )


def _top(values: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(values.items(), key=lambda item: -item[1])[:_MOST_NAMED])


def _facts(summary: Summary, say: Texts) -> Sequence[tuple[str, str]]:
    zone = say.zone(summary.started_at) if summary.started_at else ""
    return [
        (say("Spreadsheet"), ", ".join(summary.sources)),
        (say("Mapping"), summary.mapping),
        (say("Run folder"), summary.run_dir),
        (say("Requests"), say.number(summary.requests)),
        (say("Times are local"), zone),
        (say("Exit code"), str(summary.exit_code)),
        (
            say("Row counts"),
            say("add up: every row is accounted for once") if summary.balanced
            else say("DO NOT ADD UP: a bug, please report it"),
        ),
    ]  # fmt: skip


# -- charts ---------------------------------------------------------------------------------------


def _charts(digest: Digest, summary: Summary, say: Texts) -> Sequence[Chart]:
    if len(digest.buckets) < 2:
        return []
    rates = {n: bucket.rows / digest.seconds for n, bucket in digest.buckets.items()}
    waits = {n: bucket.elapsed_ms / bucket.rows for n, bucket in digest.buckets.items()}
    return [
        _chart(say("Rows per second"), say("rows/s"), rates, digest.seconds, say),
        _chart(say("Time of an answer"), say("ms"), waits, digest.seconds, say),
    ]


def _chart(title: str, unit: str, values: Mapping[int, float], seconds: int, say: Texts) -> Chart:
    width, height = _PLOT
    first, last = min(values), max(values)
    step = _nice(max(values.values()) / 3)
    marks = max(1, ceil(max(values.values()) / step))
    top = step * marks
    bar = width / (last - first + 1)
    bars = tuple(
        (
            round((n - first) * bar, 2),
            round(height * (1 - value / top), 2),
            round(bar - 0.6, 2),
            round(height * value / top, 2),
            f"{say.duration((n - first) * seconds)}: {_figure(value, say)} {unit}",
        )
        for n, value in sorted(values.items())
    )
    y_ticks = tuple(
        Tick(height * (marks - n) / marks, _short(n * step, say)) for n in range(marks + 1)
    )
    return Chart(
        title, unit, width, height, bars, _x_ticks(last - first + 1, seconds, say), y_ticks
    )


def _x_ticks(buckets: int, seconds: int, say: Texts) -> tuple[Tick, ...]:
    """Marks of the axis of time, from the run's beginning."""
    whole = buckets * seconds
    for step in (
        1,
        2,
        5,
        10,
        15,
        30,
        60,
        120,
        300,
        600,
        900,
        1800,
        3600,
        7200,
        14400,
        43200,
        86400,
    ):
        if whole / step <= _MOST_TICKS:
            break
    marks = range(0, whole + 1, step)
    return tuple(Tick(round(_PLOT[0] * at / whole, 2), _clock(at, step, say)) for at in marks)


def _clock(seconds: int, step: int, say: Texts) -> str:
    if step < 60:
        return f"{seconds} " + say("s")
    if step < 3600:
        return f"{seconds // 60} " + say("min")
    return f"{seconds // 3600} " + say("h")


def _nice(value: float) -> float:
    """The next of 1, 2, 5, 10, … that is not below *value*."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _figure(value: float, say: Texts) -> str:
    """To a tenth; below one to two digits, so that a slow run is not nothing."""
    return say.number(round(value, 1) if value >= 1 else float(f"{value:.2g}"))


def _short(value: float, say: Texts) -> str:
    """The mark of an axis: 1, 2 or 5 of some power of ten, times 1, 2 or 3."""
    return say.number(round(value) if value == round(value) else float(f"{value:.2g}"))
