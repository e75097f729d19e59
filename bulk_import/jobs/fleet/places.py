"""Which machine has an account's journals: an account never moves by itself.

A journal on another disk does not know what was sent. So the machine of an account is remembered in
a file beside the file of jobs; if it is not among the workers, the account's jobs wait or fail.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from bulk_import.errors import SettingsError
from bulk_import.jobs.fleet.plan import Job
from bulk_import.system.files import replaced


class Places:
    """Account -> host name, kept in a file.

    Args:
        path: ``None`` = this machine alone, nothing to remember.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, str] = {}
        if path is not None and path.exists():
            try:
                self._known = dict(json.loads(path.read_text("utf-8")))
            except (OSError, ValueError, TypeError) as exc:
                raise SettingsError(
                    f"{path}: says which machine has the journals of an account, and cannot be read "
                    f"({exc}); restore it, or delete it and give each job its `worker:`"
                ) from None

    def __getitem__(self, account: str) -> str:
        return self._known[account]

    def settle(self, jobs: Sequence[Job], hosts: Mapping[str, AbstractSet[str]]) -> None:
        """Decide where each account is, and remember it before anything starts.

        Args:
            hosts: Host name of each machine with workers -> the folders of jobs on its disk.

        Raises:
            SettingsError: An account has folders on several machines, or a job names another one.
        """
        for job in jobs:
            self._refuse_other_place(job, hosts)
            place = self._known.get(job.account) or job.worker or _found(job, hosts)
            if place:
                self._known[job.account] = place
        load = Counter(self._known.values())
        for job in jobs:
            if job.account not in self._known:
                place = min(sorted(hosts), key=lambda host: load[host])
                self._known[job.account] = place
                load[place] += 1
        self._save()

    def _refuse_other_place(self, job: Job, hosts: Mapping[str, AbstractSet[str]]) -> None:
        if job.worker and self._known.get(job.account, job.worker) != job.worker:
            raise SettingsError(
                f"{job.name}: worker: {job.worker}, but the journals of {job.account} are on "
                f"{self._known[job.account]}; move the folder of the job and correct {self._path}"
            )
        if self._path is None and job.worker not in ("", *hosts):
            raise SettingsError(
                f"{job.name}: worker: {job.worker}, and this is {', '.join(hosts)}; give --cluster"
            )

    def _save(self) -> None:
        if self._path is None:
            return
        with replaced(self._path) as file:
            file.write(json.dumps(self._known, indent=2, sort_keys=True).encode() + b"\n")


def _found(job: Job, hosts: Mapping[str, AbstractSet[str]]) -> str:
    """Return the machine that has the job's folder; ``""`` if none has."""
    having = sorted(host for host, folders in hosts.items() if job.name in folders)
    if len(having) > 1:
        raise SettingsError(
            f"{job.name}: {' and '.join(having)} both have its folder; give the job `worker:`, the "
            "one with the journal that counts"
        )
    return having[0] if having else ""
