"""Everything that a job needs, checked before it is needed: what is missing, and what to do.

Nothing is sent but the account's own questions (its front page, its lists), and nothing is changed.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from bulk_import.api.preflight import Directory
from bulk_import.api.probing import Probe, probe
from bulk_import.api.unsent import NotSentError
from bulk_import.errors import BulkImportError, SettingsError
from bulk_import.jobs.accounts import ask_account
from bulk_import.jobs.state import State, refuse_other_account
from bulk_import.mapping.binding import resolve_list
from bulk_import.mapping.loading import ColumnMapping, load_mapping
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.normalize.result import NormalizeError
from bulk_import.settings import Settings
from bulk_import.system.environment import (
    LAST_RESORT,
    LOCKS_VARIABLE,
    proxy_hint,
    state_folder,
)
from bulk_import.system.profiles import is_exposed

OK, NOTE, BAD = "ok", "note", "bad"

_CLOCK_NOTE_S, _CLOCK_BAD_S = 60.0, 3600.0
_CERTIFICATE_DAYS = 14
_DISK_NOTE, _DISK_BAD = 2**30, 50 * 2**20
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ceph"})
_LIST_FIELDS = ("add_to_lists", "remove_from_lists")
# Distribution -> (what it is for, the extra that has it).
PARTS = {
    "fsspec": ("sources elsewhere: s3://, gs://, ftp://, …", "remote"),
    "paramiko": ("sources over sftp://", "remote"),
    "sqlalchemy": ("--query, a database query as a source", "sql"),
    "dlt": ("bulk_import.destinations.dlt", "dlt"),
    "apprise": ("--notify by mail, Slack, Telegram, …", "notify"),
    "distributed": ("fleet, and --cluster", "cluster"),
    "cryptography": ("fleet: TLS between its processes", "cluster"),
}
_READERS = {"openpyxl": "openpyxl", "python_calamine": "python-calamine", "xlrd": "xlrd"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: ``key``, ``address``, ``clock``, …
        verdict: ``ok``, ``note`` (it works, and somebody should know), ``bad`` (a job would fail).
        found: What there is, in a few words; never the key.
        advice: What to do about it; empty where there is nothing to do.
    """

    name: str
    verdict: str
    found: str
    advice: str = ""


async def examine(
    settings: Settings | SettingsError,
    *,
    key_from: str = "",
    mapping: Path | None = None,
    state: Path | None = None,
    home: Path = Path(),
) -> list[Check]:
    """Return what was found, in the order in which a run needs it.

    Args:
        settings: Or why there are none.
        key_from: Where the key comes from, for people.
        mapping, state: The files of the job, if they are to be looked at.
        home: The folder in which the job will run.
    """
    directory: Directory | None = None
    if isinstance(settings, SettingsError):
        checks = [Check("settings", BAD, str(settings))]
        known = Settings()
    else:
        known = settings
        checks, directory = await _account(settings, key_from)
    if mapping is not None:
        checks += await asyncio.to_thread(lambda: list(_mapping(mapping, directory)))
    if state is not None:
        checks.append(await asyncio.to_thread(_state, state, known))
    checks += await asyncio.to_thread(lambda: [*_folders(known, home), *_parts()])
    return [_without_key(check, known) for check in checks]


def _without_key(check: Check, settings: Settings) -> Check:
    hide = settings.api_key.redact
    return Check(check.name, check.verdict, hide(check.found), hide(check.advice))


# -- the account ------------------------------------------------------------------------------------


async def _account(settings: Settings, key_from: str) -> tuple[list[Check], Directory | None]:
    checks = [_key(settings, key_from), _named_proxy(settings)]
    if not settings.endpoint:
        missing = "no account"
        advice = "give --account LOGIN, --profile NAME or --endpoint URL"
        return [Check("account", BAD, missing, advice), *checks], None
    checks.insert(0, Check("account", OK, settings.endpoint))
    try:
        answer = await probe(settings)
    except (NotSentError, SettingsError) as exc:
        return [*checks, Check("address", BAD, str(exc), "check address, network and proxy")], None
    checks += reached(settings, answer)
    if not settings.api_key:
        return checks, None
    try:
        directory = await ask_account(settings)
    except SettingsError as exc:
        return [*checks, Check("login", BAD, str(exc).removeprefix("nothing was sent: "))], None
    found = (
        f"the key is accepted; {len(directory.lists):,} lists, {len(directory.managers):,} managers"
    )
    return [*checks, Check("login", OK, found)], directory


def _key(settings: Settings, key_from: str) -> Check:
    if not settings.api_key:
        return Check(
            "key", BAD, "no API key",
            "give --api-key-file FILE, or set INFLUENCERSOFT_API_KEY in the environment or in .env",
        )  # fmt: skip
    path = Path(key_from)
    if key_from and is_exposed(path):
        found = f"from {key_from}, which every user of this machine can read"
        return Check("key", NOTE, found, f"chmod o-rwx {key_from}")
    return Check("key", OK, f"from {key_from or 'the environment'}")


def _named_proxy(settings: Settings) -> Check:
    if settings.proxy:
        return Check("proxy", OK, "requests go through the proxy that is named")
    hint = proxy_hint().removeprefix("; ")
    return Check("proxy", NOTE, "none is used", hint) if hint else Check("proxy", OK, "none")


def reached(settings: Settings, answer: Probe) -> Iterator[Check]:
    """Yield what an answer of the account's address shows: its speed, its certificate, its clock."""
    yield Check(
        "address", OK, f"answers in {answer.elapsed_s * 1000:.0f} ms (HTTP {answer.http_status})"
    )
    if answer.tls:
        yield _encrypted(answer)
    elif settings.endpoint.startswith("http:"):
        yield Check("TLS", OK, "none: the address is this machine")
    else:
        yield Check("TLS", OK, "encrypted")
    yield _clock(answer)


def _encrypted(answer: Probe) -> Check:
    if answer.expires is None:
        return Check("TLS", OK, answer.tls)
    days = (answer.expires - datetime.now(UTC)).days
    found = f"{answer.tls}, the certificate is valid until {answer.expires:%Y-%m-%d}"
    if days < _CERTIFICATE_DAYS:
        return Check(
            "TLS", NOTE, found, f"it ends in {days} days: whoever runs the server renews it"
        )
    return Check("TLS", OK, found)


def _clock(answer: Probe) -> Check:
    zone = datetime.now().astimezone().tzname() or "unknown"
    if answer.ahead_s is None:
        return Check("clock", OK, f"time zone {zone}; the account's answer has no date to compare")
    off_s = abs(answer.ahead_s)
    if off_s <= _CLOCK_NOTE_S:
        return Check("clock", OK, f"as the account's, to {max(1.0, off_s):.0f} s; time zone {zone}")
    behind = "behind" if answer.ahead_s > 0 else "ahead of"
    return Check(
        "clock", BAD if off_s > _CLOCK_BAD_S else NOTE,
        f"{off_s:,.0f} s {behind} the account's; time zone {zone}",
        "set it (timedatectl set-ntp true): --window, --daily-limit and dst: current depend on it",
    )  # fmt: skip


# -- the job's files --------------------------------------------------------------------------------


def _mapping(path: Path, directory: Directory | None) -> Iterator[Check]:
    try:
        mapping = load_mapping(path)
    except BulkImportError as exc:
        yield Check("mapping", BAD, str(exc))
        return
    yield Check("mapping", OK, f"{path}: {len(mapping.spec.fields)} fields")
    yield from _lists(mapping, directory)
    try:
        reports = SuppressionList.load(mapping.suppress_files()).reports
    except BulkImportError as exc:
        yield Check("suppression", BAD, str(exc))
        return
    for report in reports:
        if report.unknown:
            yield Check(
                "suppression", NOTE, str(report),
                "correct these cells: sync and retag refuse the list as it is",
            )  # fmt: skip
        else:
            yield Check("suppression", OK, str(report))


def _lists(mapping: ColumnMapping, directory: Directory | None) -> Iterator[Check]:
    """Whether the account has the lists that the mapping names; lists in cells are not known yet."""
    if directory is None:
        return
    named = [
        value
        for name in _LIST_FIELDS
        if name in mapping.spec.fields
        for value in mapping.spec.fields[name].always
    ]
    if mapping.spec.on_missing is not None:
        named += mapping.spec.on_missing.remove_from_lists
    for value in named:
        try:
            resolve_list(value, directory.known_lists)
        except NormalizeError as exc:
            yield Check("lists", BAD, str(exc))
        else:
            yield Check("lists", OK, f"the account has {value!r}")


def _state(path: Path, settings: Settings) -> Check:
    if not path.exists():
        return Check("state", NOTE, f"{path}: not there yet; the first night makes it")
    try:
        with State.open(path, create=False, read_only=True) as state:
            if settings.endpoint:
                refuse_other_account(state, settings)
            return Check("state", OK, f"{path}: {state.count():,} contacts")
    except BulkImportError as exc:
        return Check("state", BAD, str(exc))


# -- the machine ------------------------------------------------------------------------------------


def _folders(settings: Settings, home: Path) -> Iterator[Check]:
    run_dir = Path(settings.run_dir) if settings.run_dir else home / "runs"
    places = [("runs", run_dir), ("temporary files", Path(tempfile.gettempdir()))]
    if settings.state_dir is not None:
        places.insert(1, ("locks", settings.state_dir))
    for name, path in places:
        yield _folder(name, path.absolute())
    crash = state_folder(os.environ)
    if not os.environ.get("HOME"):
        yield Check("HOME", NOTE, f"not set; what a bug leaves behind is written to {crash}")
    if settings.state_dir is not None and settings.state_dir.name == LAST_RESORT:
        yield Check(
            "locks", NOTE, "no folder of this user can be written, so they are beside the runs",
            f"set {LOCKS_VARIABLE} to a folder that all runs of the account share",
        )  # fmt: skip


def _folder(name: str, path: Path) -> Check:
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Check(
            name, BAD, f"{path}: cannot be written", f"chown or chmod {there}, or name another"
        )
    free = shutil.disk_usage(there).free
    found = f"{path}: {free / 2**30:,.1f} GB free"
    kind = filesystem(there, _mounts())
    if kind in _NETWORK and name != "temporary files":
        return Check(
            name, NOTE, f"{found}, on a network drive ({kind})",
            "use a local disk: locks of SQLite cannot be trusted there",
        )  # fmt: skip
    if free < _DISK_NOTE:
        advice = "free some space: a run of 100,000 rows takes about 100 MB"
        return Check(name, BAD if free < _DISK_BAD else NOTE, found, advice)
    return Check(name, OK, found)


def _mounts() -> list[str]:
    try:
        return Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def filesystem(path: Path, mounts: Sequence[str]) -> str:
    """Return the kind of file system that *path* is on; empty where no mount says it.

    Args:
        mounts: Lines of ``/proc/self/mounts``: device, mount point, kind, options.
    """
    best, kind = "", ""
    real = f"{path.resolve()}/"
    for line in mounts:
        _, point, name, *_ = line.split(" ")
        if real.startswith(f"{point.rstrip('/')}/") and len(point) >= len(best):
            best, kind = point, name
    return kind


def _parts() -> Iterator[Check]:
    broken = [name for module, name in _READERS.items() if not _loads(module)]
    if broken:
        yield Check(
            "workbooks", BAD, f"{', '.join(broken)} cannot be loaded",
            f"pip install --force-reinstall {' '.join(broken)}",
        )  # fmt: skip
    else:
        yield Check("workbooks", OK, "xlsx, xlsb, xls and ods can be read")
    for name, (purpose, extra) in PARTS.items():
        version = _version(name)
        if version:
            yield Check(name, OK, f"{version}: {purpose}")
        else:
            yield Check(
                name, NOTE, f"not installed; only needed for {purpose}",
                f"pip install 'bulk_import[{extra}]'",
            )  # fmt: skip


def _loads(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def is_well(checks: Sequence[Check]) -> bool:
    """Whether a job would run."""
    return all(check.verdict != BAD for check in checks)
