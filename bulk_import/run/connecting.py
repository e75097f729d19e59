"""The account of a run: locked, connected, and asked what it has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from bulk_import.api.client import Client
from bulk_import.api.preflight import Directory, preflight
from bulk_import.errors import Message
from bulk_import.progress import Progress
from bulk_import.run.daily import account_file
from bulk_import.settings import Settings
from bulk_import.stopping import Stop
from bulk_import.system.environment import LAST_RESORT, LOCKS_VARIABLE
from bulk_import.system.files import made_folder
from bulk_import.system.locks import hold


@asynccontextmanager
async def connected(
    settings: Settings, progress: Progress, stop: Stop, *, with_managers: bool
) -> AsyncIterator[tuple[Client | None, Directory | None]]:
    """Lock the account, connect, run the preflight; in a dry run, yield nothing.

    Args:
        with_managers: Ask for the account's managers, too.
    """
    if settings.dry_run:
        yield None, None
        return
    with _account_lock(settings, progress):
        async with Client.connect(settings) as client:
            if client.note:
                progress.say(client.note)
            directory = None
            if settings.policy.preflight:
                directory = await stop.unless(
                    preflight(
                        client,
                        with_managers=with_managers,
                        patience=settings.patience,
                        is_paused=progress.paused,
                    )
                )
            yield client, directory


@contextmanager
def _account_lock(settings: Settings, progress: Progress) -> Iterator[None]:
    """Hold the account's lock: two runs would exceed its rate limit without noticing."""
    lock = account_file(settings, "lock")
    if lock is None:
        yield
        return
    folder = lock.parent
    if folder.name == LAST_RESORT:
        progress.say(
            Message(
                "the lock of the account is in {folder}: only runs that are started in "
                "this folder see it (set {locks_variable} to a folder that all runs "
                "share)",
                folder=folder,
                locks_variable=LOCKS_VARIABLE,
            )
        )
    made_folder(folder, is_private=True)
    with hold(lock, Message("the account {endpoint}", endpoint=settings.endpoint)):
        yield
