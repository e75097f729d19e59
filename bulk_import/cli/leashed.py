"""A command on a leash: it ends in good order when the process that started it is gone.

    python -m bulk_import.cli.leashed COMMAND …

The starter holds the other end of standard input. When that closes, however the starter ended, the
command gets SIGTERM: it finishes what is in flight, and its journal and reports are whole. It
notifies nobody: whoever started it does, once, when the job has ended.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

import click

from bulk_import.cli import cli, main

_GRACE_S = 90.0  # for requests in flight and the reports; then at once: the journal stays good


def _watch() -> None:
    leash = os.dup(0)
    while os.read(leash, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(_GRACE_S)
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def _quiet(arguments: list[str]) -> list[str]:
    """Return the arguments with the notification of a profile switched off."""
    command = cli.get_command(click.Context(cli), arguments[0])
    has_notify = command is not None and any(param.name == "notify" for param in command.params)
    return [*arguments, "--notify", ""] if has_notify else arguments


if __name__ == "__main__":
    threading.Thread(target=_watch, name="leash", daemon=True).start()
    main(_quiet(sys.argv[1:]))
