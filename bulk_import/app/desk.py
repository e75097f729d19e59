"""What the page works on: the folder, the account, open projects, running work."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from bulk_import.api.preflight import Directory
from bulk_import.app.live import Judging, Sending
from bulk_import.errors import BulkImportError, SettingsError
from bulk_import.jobs.accounts import ask_account
from bulk_import.jobs.importing import import_file_async, resume_async
from bulk_import.jobs.projects import IMPORTS, RETAG, Project
from bulk_import.run.folder import JOURNAL, new_run_dir
from bulk_import.sandbox.app import Sandbox
from bulk_import.sandbox.faults import Faults
from bulk_import.settings import Settings
from bulk_import.system.files import replaced
from bulk_import.system.profiles import profile_names
from bulk_import.system.secrets import Secret

_FACTS = "app.json"
_SANDBOX = "sandbox.sqlite3"
_SANDBOX_LATENCY_MS = 40  # enough to see how a run goes


@dataclass(slots=True)
class Account:
    """Where rows go.

    Attributes:
        profile: Its name in the file of profiles; empty for one that was entered.
        trouble: Why the account refuses the key; empty when it accepts it, or was not asked.
    """

    settings: Settings
    is_sandbox: bool = False
    profile: str = ""
    directory: Directory | None = None
    trouble: str = ""

    @property
    def endpoint(self) -> str:
        return self.settings.endpoint

    @property
    def titles(self) -> dict[str, str]:
        """List id -> title."""
        entries = self.directory.lists if self.directory else ()
        return {entry.id: entry.title for entry in entries if entry.title}


@dataclass(slots=True)
class Desk:
    """Everything that handlers share. For one event loop.

    Attributes:
        home: The folder with spreadsheets and runs.
        base: Settings of the start: of a profile, or of the environment.
        profile: The profile that they are of; empty for none.
        config: The file with the profiles; ``None`` = the usual one.
        largest_upload: Bytes; larger files are opened where they are.
    """

    home: Path
    base: Settings
    profile: str = ""
    config: Path | None = None
    largest_upload: int = 2 * 2**30
    account: Account | None = None
    language: str = ""
    projects: dict[str, Project] = field(default_factory=dict)
    judging: dict[str, Judging] = field(default_factory=dict)
    sending: dict[str, Sending] = field(default_factory=dict)
    _judged_from: dict[str, str] = field(default_factory=dict)
    sandbox: Sandbox | None = None
    _asking: asyncio.Task[None] | None = None

    # -- the folder -------------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """Return what the page remembers between starts."""
        path = self.home / IMPORTS / _FACTS
        with suppress(OSError, ValueError):
            found = json.loads(path.read_text("utf-8"))
            if isinstance(found, dict):
                return found
        return {}

    def remember(self, **facts: Any) -> None:
        """Remember something between starts; never a key."""
        (self.home / IMPORTS).mkdir(mode=0o700, parents=True, exist_ok=True)
        with replaced(self.home / IMPORTS / _FACTS) as file:
            file.write(json.dumps(self.facts() | facts, indent=2).encode())

    # -- the account ------------------------------------------------------------------------------

    async def use_sandbox(self) -> None:
        """Use the built-in sandbox as the account; it keeps its contacts between starts."""
        if self.sandbox is None:
            (self.home / IMPORTS).mkdir(mode=0o700, parents=True, exist_ok=True)
            sandbox = Sandbox(
                faults=Faults(latency_ms=_SANDBOX_LATENCY_MS),
                database=self.home / IMPORTS / _SANDBOX,
            )
            # The same address as last time: a run continues only with the account that it began with.
            try:
                await sandbox.start(_free_port(int(self.facts().get("sandbox_port", 0))))
            except BaseException:
                await sandbox.stop()
                raise
            self.remember(sandbox_port=int(sandbox.url.rsplit(":", 1)[1]))
            self.sandbox = sandbox
        settings = Settings.from_env(
            endpoint=self.sandbox.url, environ={}, dotenv=None, state_dir=self.base.state_dir,
        )  # fmt: skip
        await self._take(Account(_with_key(settings, self.sandbox.key), is_sandbox=True))
        self.remember(sandbox=True)

    async def use_account(self, *, login: str, endpoint: str, key: str, key_file: str) -> None:
        """Take an account of the service; the key stays in this process.

        Raises:
            SettingsError: It is not one, or it refuses the key; the account stays as it was.
        """
        settings = Settings.from_env(
            account=login.strip(),
            endpoint=endpoint.strip(),
            api_key_file=_path(key_file),
            environ={},
            dotenv=None,
            state_dir=self.base.state_dir,
        )
        if key.strip():
            settings = _with_key(settings, key.strip())
        elif not settings.api_key and settings.endpoint == self.base.endpoint:
            settings = self.base  # the key of the environment
        account = Account(settings)
        await self._take(account)
        if account.trouble:
            raise SettingsError(account.trouble)
        self.remember(sandbox=False)

    def profiles(self) -> tuple[str, ...]:
        """Return the names of the accounts in the file of profiles.

        Raises:
            SettingsError: The file cannot be used.
        """
        return profile_names(self.config, os.environ)

    async def use_profile(self, name: str) -> None:
        """Take an account of the file of profiles; its key stays in this process.

        Raises:
            SettingsError: There is no such profile, or it refuses the key; the account stays as it was.
        """
        if not name:
            raise SettingsError("choose an account first")
        settings = Settings.from_env(
            profile=name, config=self.config, dotenv=None, state_dir=self.base.state_dir
        )
        account = Account(settings, profile=name)
        await self._take(account)
        if account.trouble:
            raise SettingsError(account.trouble)
        self.remember(sandbox=False)

    async def use_what_is_there(self) -> None:
        """At the start: the account of the profile or environment, else the sandbox if used last."""
        if self.base.endpoint and self.base.api_key:
            self.account = Account(self.base, profile=self.profile)
            self._asking = asyncio.create_task(self._ask(self.account))
        elif self.facts().get("sandbox"):
            await self.use_sandbox()

    async def _take(self, account: Account) -> None:
        await self._ask(account)
        if not account.trouble:
            self.account = account
            for name in list(self.projects):
                self._judged_from.pop(name, None)  # the names of lists have changed

    async def _ask(self, account: Account) -> None:
        try:
            account.directory = await ask_account(account.settings)
        except BulkImportError as exc:
            account.trouble = str(exc)

    # -- projects ---------------------------------------------------------------------------------

    def project(self, name: str) -> Project:
        """Return a project; it stays open.

        Raises:
            web.HTTPNotFound: There is none.
        """
        if name not in self.projects:
            try:
                self.projects[name] = Project.open(self.home, name)
            except BulkImportError as exc:
                raise web.HTTPNotFound(text=str(exc)) from exc
        return self.projects[name]

    def adopt(self, project: Project) -> Project:
        """Keep a new project open."""
        self.projects[project.id] = project
        return project

    def judge(self, project: Project) -> Judging:
        """Have the rows judged, if they are not, or something has changed since."""
        known = self.judging.get(project.id)
        if known is not None and not known.is_done:
            return known
        wanted = project.judged_from() + (self.account.endpoint if self.account else "")
        if project.review is not None and self._judged_from.get(project.id) == wanted:
            return known or Judging()
        names = self.account.directory if self.account else None
        self.judging[project.id] = judging = Judging.start(project, names)
        self._judged_from[project.id] = wanted
        if judging.task is not None:
            judging.task.add_done_callback(lambda _: self._check_judged(project, judging))
        return judging

    def edited(self, project: Project) -> None:
        """Note that the judged rows include an edit already."""
        wanted = project.judged_from() + (self.account.endpoint if self.account else "")
        self._judged_from[project.id] = wanted

    def _check_judged(self, project: Project, judging: Judging) -> None:
        if judging.error:
            self._judged_from.pop(project.id, None)

    def forget(self, project: Project) -> None:
        """Close a project that is about to be removed."""
        self.projects.pop(project.id, None)
        self.judging.pop(project.id, None)
        self.sending.pop(project.id, None)
        self._judged_from.pop(project.id, None)

    # -- sending ----------------------------------------------------------------------------------

    def send(self, project: Project, expected: int | None, *, canary: int, rate: float) -> Sending:
        """Start the run of a project, or continue it.

        Raises:
            SettingsError: There is no account, or a run of this project is going on.
        """
        running = self.sending.get(project.id)
        if running is not None and not running.is_over:
            raise SettingsError("this import is being sent already")
        if self.account is None:
            raise SettingsError("choose an account first")
        settings = replace(
            self.account.settings,
            limits=replace(self.account.settings.limits, rate=rate),
            safeguards=replace(self.account.settings.safeguards, canary=canary),
        )
        if project.facts.note == RETAG:
            settings = settings.with_strict_lists()
        project.remember(canary=canary, rate=rate)
        run_dir = project.run_dir
        if run_dir is not None and project.has_run:
            folder = run_dir
            sending = Sending.start(
                folder,
                expected,
                lambda confirm, progress, stop, steer: resume_async(
                    folder, settings, confirm=confirm, progress=progress, stop=stop, steer=steer
                ),
            )
        else:
            folder = new_run_dir(str(project.source), self.home)
            project.remember(run_dir=str(folder))
            fresh = replace(settings, run_dir=folder)
            sending = Sending.start(
                folder,
                expected,
                lambda confirm, progress, stop, steer: import_file_async(
                    project.source,
                    project.mapping(),
                    fresh,
                    confirm=confirm,
                    progress=progress,
                    stop=stop,
                    steer=steer,
                ),
            )
        self.sending[project.id] = sending
        if sending.task is not None:
            sending.task.add_done_callback(lambda _: self._after_run(project))
        return sending

    def _after_run(self, project: Project) -> None:
        if project.review is not None and project.run_dir is not None:
            project.review.overlay(project.run_dir / JOURNAL)

    async def close(self) -> None:
        """Stop running work: rows in flight are finished, journals are good."""
        if self._asking is not None:
            self._asking.cancel()
        for judging in self.judging.values():
            judging.is_stopping = True
        for sending in self.sending.values():
            sending.end()
        going_on = [work.task for work in self.judging.values()]
        going_on += [work.task for work in self.sending.values()]
        tasks = [task for task in going_on if task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
        for project in self.projects.values():
            project.close()
        if self.sandbox is not None:
            await self.sandbox.stop()


def _with_key(settings: Settings, key: str) -> Settings:
    return replace(settings, api_key=Secret(key))


def _path(typed: str) -> Path | None:
    return Path(typed.strip()).expanduser() if typed.strip() else None


def _free_port(wanted: int) -> int:
    """Return *wanted* if it can be had, else 0."""
    with socket.socket() as probe:
        if os.name == "posix":  # connections of the process before linger for a minute
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted
