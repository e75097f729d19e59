"""``--notify`` and ``--metrics-file``: every end of a command is reported, however early."""

from __future__ import annotations

import functools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulk_import.cli.outputs import may_write_metrics, refuse_inputs
from bulk_import.errors import EXIT_TERMINATED, BulkImportError, StorageError

if TYPE_CHECKING:
    from bulk_import.models import Summary

Command = Callable[..., Any]


@dataclass(slots=True)
class End:
    """How a command ended, as far as it is known.

    Attributes:
        command: ``sync``, ``run``, …
        job: What tells the job from others in metrics.
        account: Host of the account; empty before the settings are read.
        summary: Of the run; ``None`` when there was none.
        exit_code, reason: Of the end itself.
        is_dry: Nothing was to be sent.
    """

    command: str
    job: str
    account: str = ""
    summary: Summary | None = None
    exit_code: int = 0
    reason: str = ""
    began: float = 0.0
    is_dry: bool = False


_END: ContextVar[End | None] = ContextVar("end", default=None)


def remember(*, summary: Summary | None = None, account: str = "", is_dry: bool = False) -> None:
    """Note what is known of the command that is at work, for the message about its end."""
    end = _END.get()
    if end is None:
        return
    if summary is not None:
        end.summary = summary
        end.is_dry |= summary.dry_run
    end.is_dry |= is_dry
    if account:
        end.account = account.split("://", 1)[-1]


def telling(command: str) -> Callable[[Command], Command]:
    """Give a command ``--notify``, ``--metrics-file`` and ``--job``, and tell how it ends."""

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def told(
            *args: Any,
            notify: str | None,
            metrics_file: Path | None,
            job: str | None,
            **options: Any,
        ) -> Any:
            account = options.get("endpoint") or options.get("account") or ""
            end = End(command, job or _job_of(command, options), began=time.monotonic())
            params = {**options, "metrics_file": metrics_file}
            if metrics_file is not None and not may_write_metrics(params):
                refuse_inputs(params)
            with _watched(end, notify, metrics_file):
                remember(account=account)
                refuse_inputs(params)
                _refuse_unwritable(metrics_file)
                result = function(*args, **options)
                end.exit_code = result if isinstance(result, int) else 0
            return result

        wrapped: Command = told
        told.is_telling = True  # type: ignore[attr-defined]
        for option in _options():
            wrapped = option(wrapped)
        return wrapped

    return decorate


def is_telling(command: Command | None) -> bool:
    """Whether a command tells how it ends."""
    return getattr(command, "is_telling", False)


def _refuse_unwritable(metrics_file: Path | None) -> None:
    """Refuse metrics that will not be written, before anything is sent.

    Raises:
        StorageError: Their folder is not there, or nothing can be written into it.
    """
    if metrics_file is None:
        return
    folder = metrics_file.absolute().parent
    if not folder.is_dir():
        raise StorageError(f"--metrics-file {metrics_file}: the folder {folder} does not exist")
    if not os.access(folder, os.W_OK):
        raise StorageError(f"--metrics-file {metrics_file}: the folder {folder} cannot be written")


def _options() -> list[Callable[[Command], Command]]:
    return [
        click.option(
            "--notify", metavar="URL",
            help="Tell that address how it ended: a webhook, or a service of Apprise.",
        ),
        click.option(
            "--metrics-file", type=click.Path(dir_okay=False, path_type=Path),
            help="Write the outcome for Prometheus' textfile collector.",
        ),
        click.option("--job", metavar="NAME", help="The job's name in metrics and messages."),
    ]  # fmt: skip


def _job_of(command: str, options: dict[str, Any]) -> str:
    """Return what a job is called that has no name: after its state, its mapping, or its command."""
    named = options.get("state") or options.get("mapping")
    return Path(named).stem if named else command


@contextmanager
def _watched(end: End, notify: str | None, metrics_file: Path | None) -> Iterator[None]:
    if not notify and metrics_file is None:
        yield
        return
    token = _END.set(end)
    url = ""
    try:
        with terminable():
            url = _checked(notify) if notify else ""
            yield
    except BaseException as exc:
        end.exit_code, end.reason = _how(exc)
        raise
    finally:
        _END.reset(token)
        _tell(end, url, metrics_file)


def _checked(url: str) -> str:
    from bulk_import.api.webhook import check_webhook

    return check_webhook(url)


def _how(exc: BaseException) -> tuple[int, str]:
    """Return the exit code that *exc* ends in, and why."""
    from bulk_import.cli.boundary import end_of

    return end_of(exc)


def _tell(end: End, url: str, metrics_file: Path | None) -> None:
    """Tell how the command ended; what cannot be told is said, and changes nothing."""
    from bulk_import.api.webhook import notify
    from bulk_import.report.metrics import write_metrics
    from bulk_import.report.notification import message

    seconds = time.monotonic() - end.began
    if metrics_file is not None:
        try:
            write_metrics(
                metrics_file, end.summary, job=end.job, account=end.account,
                exit_code=end.exit_code, seconds=seconds, is_dry=end.is_dry,
            )  # fmt: skip
        except (BulkImportError, OSError) as exc:
            _say(f"--metrics-file: not written: {exc}")
    if url:
        trouble = notify(
            url,
            message(
                end.summary, command=end.command, job=end.job, account=end.account,
                exit_code=end.exit_code, reason=end.reason,
            ),
        )  # fmt: skip
        if trouble:
            _say(f"--notify: not delivered: {trouble}")


def _say(text: str) -> None:
    with suppress(OSError):
        click.echo(text, err=True)


@contextmanager
def terminable() -> Iterator[None]:
    """Let a SIGTERM that comes before a run listens end the command with its exit code."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(_number: int, _frame: object) -> None:
        raise SystemExit(EXIT_TERMINATED)

    before = signal.signal(signal.SIGTERM, heard)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
