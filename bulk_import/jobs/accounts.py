"""An account, asked before anything is sent: does it let us in, and what lists does it have?"""

from __future__ import annotations

from bulk_import.api.client import Client
from bulk_import.api.preflight import Directory, preflight
from bulk_import.settings import Settings


async def ask_account(settings: Settings, *, patience_s: float = 5.0) -> Directory:
    """Return the account's lists and managers; changes nothing there.

    Args:
        patience_s: Seconds to keep trying while the host cannot be reached.

    Raises:
        SettingsError: The account does not let us in, or does not answer.
    """
    async with Client.connect(settings.ready_to_send()) as client:
        return await preflight(client, with_managers=True, patience_s=patience_s)
