"""The demo: the sample contacts into the sandbox, for real, with the report at the end.

python -m bulk_import.sandbox.demo
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from bulk_import.sandbox.app import DEFAULT_KEY
from bulk_import.sandbox.contacts import read_contacts, read_requests

FOLDER = Path("demo")
SOURCE = Path("sample_data/contacts.xlsx")
MAPPING = Path("mappings/contacts.yml")
RATE = 60  # requests a second: quick enough to watch


def main() -> int:
    """Run the demo in the project's folder; return 0 when all went as it should."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    database = FOLDER / "sandbox.sqlite3"
    environment = os.environ | {
        "INFLUENCERSOFT_API_KEY": DEFAULT_KEY,
        "XDG_STATE_HOME": str(FOLDER / "state"),
    }
    server = subprocess.Popen(  # noqa: S603 - our own program
        [
            sys.executable,
            "-m",
            "bulk_import",
            "sandbox",
            "--port",
            "0",
            "--database",
            str(database),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        url = server.stdout.readline().strip() if server.stdout else ""
        command = [
            "run", str(SOURCE), "-m", str(MAPPING), "--endpoint", url,
            "--rate", str(RATE), "--run-dir", str(FOLDER / "run"), "--yes",
        ]  # fmt: skip
        click.echo(f"$ bulk-import {' '.join(command)}", err=True)
        run = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "bulk_import", *command], env=environment, check=False
        )
    finally:
        server.terminate()
        server.wait(10)
    return _show(run.returncode, database)


def _show(code: int, database: Path) -> int:
    contacts, requests = read_contacts(database), read_requests(database)
    sent = sum(request.method == "addupdatelead" for request in requests)
    click.echo(f"\nthe sandbox now holds {len(contacts)} contacts, made by {sent} requests")
    click.echo("some rows that did not make it (demo/run/rejects.xlsx has them all):")
    lines = (FOLDER / "run" / "report.csv").read_text("utf-8").splitlines()
    for line in [line for line in lines if ",invalid," in line][:4]:
        click.echo(f"  {line[:150]}")
    # Some rows of the sample are mistakes on purpose, so 1 is what a good run ends with.
    return 0 if code == 1 and contacts else 1


if __name__ == "__main__":
    sys.exit(main())
