"""The demo: the sample contacts into the sandbox by the real program, and what came of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import click

from bulk_import.errors import SetupError
from bulk_import.sandbox.app import DEFAULT_KEY
from bulk_import.sandbox.contacts import read_contacts, read_requests
from bulk_import.system.interpreters import own_command
from bulk_import.system.shipped import shipped

SOURCE = "sample_data/contacts.xlsx"
MAPPING = "mappings/contacts.yml"
DATABASE = "sandbox.sqlite3"
RATE = 60  # requests a second: quick enough to watch


def demonstrate(folder: Path) -> int:
    """Run the demo in a new *folder*; return 0 when all went as it should.

    Raises:
        SetupError: The folder holds something that no demo has written.
    """
    if folder.exists() and not (folder / DATABASE).is_file():
        raise SetupError(f"{folder}: is not the folder of a demo; name another one")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source, mapping = _shown(shipped(SOURCE)), _shown(shipped(MAPPING))
    database = folder / DATABASE
    environment = os.environ | {
        "INFLUENCERSOFT_API_KEY": DEFAULT_KEY,
        "XDG_STATE_HOME": str(folder / "state"),
    }
    server = subprocess.Popen(  # noqa: S603 - our own program
        [*own_command(), "sandbox", "--port", "0", "--database", str(database)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        url = server.stdout.readline().strip() if server.stdout else ""
        command = [
            "run", source, "-m", mapping, "--endpoint", url,
            "--rate", str(RATE), "--run-dir", str(folder / "run"), "--yes",
        ]  # fmt: skip
        click.echo(f"$ bulk-import {' '.join(command)}", err=True)
        run = subprocess.run(  # noqa: S603 - our own program
            [*own_command(), *command], env=environment, check=False
        )
    finally:
        server.terminate()
        with server:  # closes the pipe
            server.wait(10)
    if run.returncode not in (0, 1):  # it has said why
        return run.returncode
    return _show(run.returncode, folder)


def _shown(path: Path) -> str:
    """Return *path* as a person in this folder would type it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _show(code: int, folder: Path) -> int:
    database = folder / DATABASE
    contacts, requests = read_contacts(database), read_requests(database)
    sent = sum(request.method == "addupdatelead" for request in requests)
    click.echo(f"\nthe sandbox now holds {len(contacts)} contacts, made by {sent} requests")
    click.echo(f"some rows that did not make it ({folder / 'run' / 'rejects.xlsx'} has them all):")
    lines = (folder / "run" / "report.csv").read_text("utf-8").splitlines()
    for line in [line for line in lines if ",invalid," in line][:4]:
        click.echo(f"  {line[:150]}")
    # Some rows of the sample are wrong on purpose, so a good run ends with 1.
    return 0 if code == 1 and contacts else 1
