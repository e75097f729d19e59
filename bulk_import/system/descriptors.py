"""The number of files and connections that this process may have open at once."""

from __future__ import annotations

from bulk_import.errors import SettingsError

_OWN = 32  # journal, log, locks, event loop, the other process: 28 to 30 in runs on Linux


def need_descriptors(connections: int) -> None:
    """Raise the limit as far as that many connections need it.

    Raises:
        SettingsError: The system does not allow as many.
    """
    try:
        import resource
    except ImportError:  # pragma: no cover - Windows has no such limit
        return
    needed = _OWN + connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard == resource.RLIM_INFINITY or hard >= needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
        return
    raise SettingsError(
        f"--concurrency {connections} needs {needed} open files and connections, and this process may "
        f"have {hard}; raise the limit (ulimit -n {needed}, LimitNOFILE={needed} in a systemd unit) "
        "or lower --concurrency"
    )
