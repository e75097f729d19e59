"""What the environment says: variables, ``.env``, a key file, the folder for state."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bulk_import.errors import Message, SettingsError

KEY_VARIABLE = "INFLUENCERSOFT_API_KEY"
ACCOUNT_VARIABLE = "INFLUENCERSOFT_ACCOUNT"
ENDPOINT_VARIABLE = "INFLUENCERSOFT_ENDPOINT"
PROXY_VARIABLE = "BULK_IMPORT_PROXY"
LOCKS_VARIABLE = "BULK_IMPORT_LOCKS"
# For sources at web addresses: a bearer token, headers as JSON, and the one host that gets them.
TOKEN_VARIABLE = "BULK_IMPORT_SOURCE_TOKEN"  # noqa: S105 - the name of one
HEADERS_VARIABLE = "BULK_IMPORT_SOURCE_HEADERS"
SOURCE_HOST_VARIABLE = "BULK_IMPORT_SOURCE_HOST"
DATABASE_VARIABLE = "BULK_IMPORT_DATABASE"  # SQLAlchemy's URL, for queries as sources
LAST_RESORT = ".state"  # the folder beside the runs, where there is no other
SENDING_VARIABLE = "BULK_IMPORT_SENDING"


def variables(environ: Mapping[str, str] | None, dotenv: Path | None) -> dict[str, str]:
    """Return the variables of the environment and of a ``.env`` file; the environment wins.

    Args:
        environ: Instead of ``os.environ``.
        dotenv: ``None`` = do not look; a file that is missing is no error.

    Raises:
        SettingsError: The file is there and cannot be read.
    """
    return _dotenv(dotenv) | dict(os.environ if environ is None else environ)


def proxy_hint() -> str:
    """Return what to say where there is no way out and a proxy is set that is not used by itself.

    A request carries the API key, so the variables of other programs do not decide who sees it.
    """
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        if os.environ.get(name):
            return Message(
                "; {name} is set and is not used by itself: if the way out leads through "
                "that proxy, give --proxy URL or set {proxy_variable}",
                name=name,
                proxy_variable=PROXY_VARIABLE,
            )
    return ""


def sending() -> str:
    """Return by which way requests are sent where nobody chose one: ``direct`` unless it says so."""
    return os.environ.get(SENDING_VARIABLE, "direct")


def without_key() -> dict[str, str]:
    """Return the environment for a child process that needs no key."""
    return {name: text for name, text in os.environ.items() if name != KEY_VARIABLE}


def api_key(known: Mapping[str, str], file: Path | None) -> str:
    """Return the API key: from *file* if one is named, else from the variables; may be empty.

    Raises:
        SettingsError: The file cannot be read, or holds anything but a key.
    """
    if file:
        return _key_from(file)
    key = known.get(KEY_VARIABLE, "").strip()
    if not key.isprintable():
        raise SettingsError(
            Message(
                "{key_variable}: holds a byte that is not UTF-8, or a control character",
                key_variable=KEY_VARIABLE,
            )
        )
    return key


def locale() -> str:
    """Return the locale of the person, such as ``ru_RU.UTF-8``; empty when nothing names it."""
    names = ("BULK_IMPORT_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def state_folder(known: Mapping[str, str]) -> Path:
    """Return the user's own folder for what programs remember between runs.

    A user without a home folder (a container) gets one beside the runs.
    """
    base = known.get("XDG_STATE_HOME") or known.get("LOCALAPPDATA")
    if base:
        return Path(base) / "bulk_import"
    try:
        return Path.home() / ".local" / "state" / "bulk_import"
    except RuntimeError:
        return Path("runs") / LAST_RESORT


def lock_folder(known: Mapping[str, str]) -> Path:
    """Return the folder of the locks of accounts: one for each user and machine.

    It does not depend on ``HOME`` or ``XDG_STATE_HOME``, which differ between a login and a cron
    job: two runs of one user would not see each other. ``BULK_IMPORT_LOCKS`` names another folder,
    for example one that several containers share. Where the user has no home folder that can be
    written, it is in ``/var/tmp``, else beside the runs.
    """
    if known.get(LOCKS_VARIABLE):
        return Path(known[LOCKS_VARIABLE])
    if os.name == "nt":  # pragma: no cover - Windows has one folder for each user
        return state_folder(known)
    found = _home_of_user() / ".local" / "state" / "bulk_import"
    shared = Path("/var/tmp") / f"bulk_import-{os.getuid()}"  # noqa: S108 - checked to be the user's own
    for folder in (found, shared):
        if _is_usable(folder):
            return folder
    return Path("runs") / LAST_RESORT


def _home_of_user() -> Path:
    """Return the home folder as the system knows it; one that does not exist for an unknown user."""
    import pwd

    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path("/nonexistent")


def _is_usable(folder: Path) -> bool:
    """Whether *folder* is the user's own and can be written, or can be made."""
    if folder.exists():
        return folder.stat().st_uid == os.getuid() and os.access(folder, os.W_OK)
    parent = next(path for path in folder.parents if path.exists())
    is_own_home = parent.stat().st_uid == os.getuid() or parent == folder.parent
    return parent != Path("/") and is_own_home and os.access(parent, os.W_OK)


def _key_from(path: Path) -> str:
    try:
        text = path.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not a text file"
        raise SettingsError(
            Message("--api-key-file {path}: cannot be read: {reason}", path=path, reason=reason)
        ) from None
    if not text or "\n" in text:
        raise SettingsError(
            Message("--api-key-file {path}: it must hold the key alone, on one line", path=path)
        )
    return text


def _dotenv(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        # Without interpolation: a key may contain a dollar sign.
        found = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(Message("{path}: cannot be read: {exc}", path=path, exc=exc)) from None
    return {name: value for name, value in found.items() if value is not None}
