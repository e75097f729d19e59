"""Running an import from the command line: signals, progress, summary, exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulk_import.cli.asking import NOBODY, ask_about, can_ask
from bulk_import.cli.continuing import continuing
from bulk_import.cli.heartbeat import EVERY_S, Heartbeat, in_words
from bulk_import.cli.logfile import LogFile
from bulk_import.cli.telling import remember
from bulk_import.cli.terminal import Bars, mute, plain
from bulk_import.errors import (
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    BugError,
    BulkImportError,
    SettingsError,
    StorageError,
)
from bulk_import.progress import Progress
from bulk_import.system import crash

if TYPE_CHECKING:
    from bulk_import.models import Summary
    from bulk_import.run.plan import Answer, Plan
    from bulk_import.run.sending import Confirm
    from bulk_import.stopping import Stop

Work = Callable[["Confirm | None", Progress, "Stop"], Awaitable["Summary"]]

_NAMES = {
    signal.SIGINT: ("Ctrl-C", EXIT_INTERRUPTED),
    signal.SIGTERM: ("SIGTERM", EXIT_TERMINATED),
}


def run_and_tell(
    work: Work,
    *,
    yes: bool,
    as_json: bool,
    quiet: bool,
    log_file: Path | None = None,
    after: Callable[[Summary], None] | None = None,
    every_s: float = EVERY_S,
) -> int:
    """Do *work*, tell the summary, do what comes *after*, return the exit code.

    Args:
        yes: Send without asking. Otherwise a person is asked.
        every_s: Seconds between two lines where no terminal shows a bar.

    Raises:
        SettingsError: Nobody can be asked.
    """
    from bulk_import.system.loop import run

    if not yes and not can_ask():
        raise SettingsError(NOBODY)

    bars = Bars(quiet=quiet)
    log = LogFile(log_file, bars) if log_file is not None else None

    async def main() -> Summary:
        from bulk_import.stopping import Stop

        stop = Stop()
        _listen(stop, bars)
        confirm = None if yes else partial(_ask, bars=bars, stop=stop)
        return await work(confirm, heartbeat or log or bars, stop)

    heartbeat = _heartbeat(bars, log, every_s)
    try:
        summary = run(main())
    except BulkImportError as exc:
        if log is not None:
            log.failed(str(exc))
        raise
    finally:
        if heartbeat is not None:
            heartbeat.close()
        bars.close()
    remember(summary=summary)
    if log is not None:
        log.ended(summary)
    untold = _told(summary, as_json=as_json, quiet=quiet)
    if summary.run_dir and not summary.dry_run and (hint := _to_continue(summary)):
        click.echo(hint, err=True)
    if after is not None:
        after(summary)
    if untold:
        raise StorageError(
            f"standard output: {untold}; the run has ended, its summary is in {summary.run_dir}"
        )
    return exit_code(summary)


def _to_continue(summary: Summary) -> str:
    """How the rest is sent; empty if nothing is left, ``--limit`` included."""
    from bulk_import.models import Status

    if not summary.stop_code and not summary.counts.get(Status.NOT_SENT):
        return ""
    command = continuing(summary.run_dir)
    if summary.stopped.startswith("the brake"):
        return f"if it is meant: {command} --accept"
    return f"to continue: {command}"


def _told(summary: Summary, *, as_json: bool, quiet: bool) -> str:
    """Print the summary; return why it could not be printed, or ``""``."""
    try:
        tell(summary, as_json=as_json, quiet=quiet)
        sys.stdout.flush()
    except BrokenPipeError:  # nobody reads it; the exit code still says how the run ended
        mute(sys.stdout)
    except OSError as exc:
        mute(sys.stdout)
        return exc.strerror or str(exc)
    return ""


def _heartbeat(bars: Bars, log: LogFile | None, every_s: float) -> Heartbeat | None:
    """Return what tells once a minute how far a run is; ``None`` where a bar shows it."""
    if bars.shows:
        return None

    def beat(line: dict[str, Any]) -> None:
        if log is not None:
            log.beat(line)
        bars.say(in_words(line))

    return Heartbeat(log or bars, beat, every_s=every_s)


def exit_code(summary: Summary) -> int:
    """Return the exit code of a run.

    Raises:
        BugError: Its row counts do not add up.
    """
    if summary.balanced:
        return summary.exit_code
    accounted = sum(summary.counts.values())
    raise BugError(
        f"a bug in bulk_import: {summary.rows_read:,} rows were read, {accounted:,} are accounted "
        f"for; check {summary.run_dir} before you use it"
    )


def tell(summary: Summary, *, as_json: bool, quiet: bool) -> None:
    """Print the summary: JSON on stdout if asked, else lines for people."""
    from bulk_import.report.summary import as_json as to_json
    from bulk_import.report.summary import as_text

    if as_json:
        import json

        click.echo(json.dumps(to_json(summary), ensure_ascii=False, indent=2))
    elif not quiet:
        click.echo(plain(as_text(summary)))
        for path in sorted(Path(summary.run_dir).iterdir()):
            if path.name.startswith(("report.", "rejects")) or path.name == "summary.json":
                click.echo(f"  {path}")


def _listen(stop: Stop, bars: Bars) -> None:
    """First signal: finish what is in flight. Second: leave at once; the journal stays good."""
    loop = asyncio.get_running_loop()

    def heard(number: signal.Signals) -> None:
        name, code = _NAMES[number]
        if stop.is_set:
            bars.close()
            run_dir = crash.folder()
            how = (
                f"to continue: {continuing(run_dir)}" if run_dir else "run the same command again."
            )
            sys.stderr.write(f"Stopped at once. Nothing is lost; {how}\n")
            sys.stderr.flush()
            # The loop may be inside a file or a slow read; nothing needs to be tidied up: what was
            # promised is on the disk already.
            os._exit(code)
        stop.request(f"interrupted by {name}", code)
        bars.say(f"{name}: finishing what is in flight (again: leave at once)")

    for number in _NAMES:
        with suppress(NotImplementedError, ValueError):  # Windows; not the main thread
            loop.add_signal_handler(number, heard, number)


def _ask(plan: Plan, *, bars: Bars, stop: Stop) -> Answer:
    """Ask; the event loop is blocked meanwhile, so signals are handled here."""

    def heard(number: int, _frame: object) -> None:
        name, code = _NAMES[signal.Signals(number)]
        stop.request(f"interrupted by {name}", code)
        raise KeyboardInterrupt

    bars.close()
    if threading.current_thread() is not threading.main_thread():
        return ask_about(plan)
    wakeup = signal.set_wakeup_fd(-1)  # or the loop would handle the signal once more afterwards
    before = {number: signal.signal(number, heard) for number in _NAMES}
    try:
        return ask_about(plan)
    except KeyboardInterrupt:  # a signal
        bars.say("")
        return False
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
