"""A night of contacts as an Airflow 3 task: the command in a process of its own, no provider package.

The run continues from its journal, so a retry of Airflow doubles nothing; it must find the same
disk. Pin the task to the worker that has it (`queue=`), or use a fleet.
"""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime, timedelta

from airflow.sdk import dag, task

HOME = os.environ.get("CONTACTS_HOME", "/var/lib/bulk_import")  # on a disk of the worker


@dag(
    dag_id="contacts",
    schedule="0 1 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,  # one night at a time; the account's lock would make the second wait anyway
)
def contacts() -> None:
    @task(retries=2, retry_delay=timedelta(minutes=5), execution_timeout=timedelta(hours=12))
    def sync() -> dict[str, int]:
        """Send what changed since the last good night; return the rows by how they ended."""
        done = subprocess.run(
            ["bulk-import", "sync", f"{HOME}/export.csv", "--mapping", f"{HOME}/mapping.yml",
             "--state", f"{HOME}/contacts.state", "--json", "--quiet"],
            cwd=HOME, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode not in (0, 1):  # 1: some rows need a person, and rejects.* has them
            raise RuntimeError(f"bulk-import ended with exit code {done.returncode}; see the log")
        counts: dict[str, int] = json.loads(done.stdout)["counts"]
        return counts

    sync()


dag_object = contacts()
