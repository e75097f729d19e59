"""Profiles: accounts with a name, in one TOML file.

::

    # ~/.config/bulk_import/config.toml
    [profiles.shop]
    account = "shop"               # or endpoint = "https://shop.example.com"
    api_key_file = "shop.key"      # or api_key_env = "SHOP_API_KEY"
    rate = 5
    notify = "https://hooks.example.com/imports"

Paths are relative to the folder of the file. A profile decides which host receives a key, so the
file and the key files are refused when other users of the machine could change or read them.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bulk_import.errors import Message, SettingsError
from bulk_import.system.secrets import Secret

_NONE = Secret("")
_TABLE = "profiles"
_TEXTS = ("account", "endpoint", "api_key_file", "api_key_env", "ca_file", "proxy", "notify",
          "metrics_file", "window", "max_failures")  # fmt: skip
_WHOLE = ("concurrency", "daily_limit", "max_attempts")
_NUMBERS = ("rate", "timeout", "connect_deadline", "retry_after_cap")
_LISTS = ("quota_waits",)
_KNOWN = (*_TEXTS, *_WHOLE, *_NUMBERS, *_LISTS)
# Names of a profile -> names of Settings, where they differ.
_SETTINGS = {
    "timeout": "timeout_s",
    "connect_deadline": "connect_deadline_s",
    "retry_after_cap": "retry_after_cap_s",
    "quota_waits": "quota_waits_s",
}
_OF_SETTINGS = frozenset({*_WHOLE, *_NUMBERS, *_LISTS, "window", "max_failures"})
_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One account of the file.

    Attributes:
        file: The file that it is in.
        account, endpoint: One of them is given.
        api_key_env: Name of the environment variable that holds the key.
        options: Settings by their own names: ``rate``, ``timeout_s``, …
        notify: As of ``--notify``; may hold a token.
        lines: Name of a setting -> its line in the file.
    """

    name: str
    file: Path
    account: str = ""
    endpoint: str = ""
    api_key_file: Path | None = None
    api_key_env: str = ""
    ca_file: Path | None = None
    proxy: Secret = _NONE
    options: Mapping[str, Any] = field(default_factory=dict)
    notify: str = ""
    metrics_file: Path | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, name: str) -> str:
        """Return ``file:line: profiles.shop.rate`` for the setting *name*."""
        return _place(self.file, self.lines.get(name, 0), self.name, name)

    def key(self, known: Mapping[str, str]) -> str:
        """Return the key that ``api_key_env`` names; empty where the profile names no variable.

        Args:
            known: Variables.

        Raises:
            SettingsError: The variable is not set.
        """
        if not self.api_key_env:
            return ""
        found = known.get(self.api_key_env, "").strip()
        if not found:
            raise SettingsError(
                Message(
                    "{place}: the environment variable {api_key_env} is not set",
                    place=self.place("api_key_env"),
                    api_key_env=self.api_key_env,
                )
            )
        return found


def config_file(known: Mapping[str, str]) -> Path:
    """Return where the file with the profiles is, if nobody names another."""
    base = known.get("XDG_CONFIG_HOME") or (known.get("APPDATA") if os.name == "nt" else "")
    if base:
        return Path(base) / "bulk_import" / "config.toml"
    try:
        return Path.home() / ".config" / "bulk_import" / "config.toml"
    except RuntimeError:
        raise SettingsError(
            "--profile: this user has no home folder; name the file with --config FILE"
        ) from None


def profile_names(config: Path | None, known: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of all profiles, sorted; none where nobody made the usual file.

    Args:
        config: The file; ``None`` = the usual one, which may be missing.
        known: Environment variables, for the usual place.

    Raises:
        SettingsError: The file cannot be used, or other users could change it.
    """
    if config is None:
        try:
            config = config_file(known)
        except SettingsError:
            return ()  # a user without a home
        if not config.is_file():
            return ()
    return tuple(sorted(_profiles(config, _read(config))))


def load_profile(name: str, config: Path | None, known: Mapping[str, str]) -> Profile:
    """Return the profile *name*.

    Args:
        config: The file; ``None`` = the usual one.
        known: Environment variables, for the usual place.

    Raises:
        SettingsError: There is no such profile, the file has mistakes, or other users could change
            it or read the secrets in it. All mistakes of the profile at once, each with its line.
    """
    file = config or config_file(known)
    text = _read(file)
    profiles = _profiles(file, text)
    if not name:
        raise SettingsError(
            Message(
                "--config {file}: give --profile NAME too; it has {profiles}",
                file=file,
                profiles=_listed(profiles),
            )
        )
    if name not in profiles:
        raise SettingsError(
            Message(
                "--profile {name}: not in {file}; it has {profiles}",
                name=name,
                file=file,
                profiles=_listed(profiles),
            )
        )
    lines = dict(_lines_of(text, name))
    values, problems = _checked(file, name, profiles[name], lines)
    if problems:
        raise SettingsError(Message.joined("\n", problems))
    profile = _profile(file, name, values, lines)
    _refuse_exposed(profile)
    return profile


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            found = os.fstat(opened.fileno())
            text = opened.read().decode("utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(
            Message(
                "{file}: there is no such file; make it with a table [{table}.NAME], or name "
                "another with --config FILE (in a file of jobs: config)",
                file=file,
                table=_TABLE,
            )
        ) from None
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not UTF-8"
        raise SettingsError(
            Message("{file}: cannot be read: {reason}", file=file, reason=reason)
        ) from None
    if os.name != "nt" and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SettingsError(
            Message(
                "{file}: other users can change it, and with it the host that receives the "
                "key; run: chmod go-w {file}",
                file=file,
            )
        )
    if os.name != "nt" and found.st_uid not in (0, os.getuid()):
        raise SettingsError(
            Message("{file}: belongs to another user, who could change it", file=file)
        )
    return text


def _profiles(file: Path, text: str) -> dict[str, dict[str, Any]]:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        match = re.search(r"(.*) \(at line (\d+), column (\d+)\)", str(exc))
        what = f"{file}:{match[2]}:{match[3]}: {match[1]}" if match else f"{file}: {exc}"
        raise SettingsError(
            Message("{what}; the file is TOML: text in quotation marks", what=what)
        ) from None
    unknown = [key for key in found if key != _TABLE]
    if unknown:
        raise SettingsError(
            Message(
                "{file}:{line_of}: {unknown} is not known here; accounts are tables such as "
                "[{table}.{unknown2}]",
                file=file,
                line_of=_line_of(text, unknown[0]),
                unknown=unknown[0],
                table=_TABLE,
                unknown2=unknown[0] if isinstance(found[unknown[0]], dict) else "shop",
            )
        )
    profiles = found.get(_TABLE, {})
    if not isinstance(profiles, dict) or not all(isinstance(p, dict) for p in profiles.values()):
        raise SettingsError(
            Message(
                "{file}: {table} must hold tables, such as [{table}.shop]", file=file, table=_TABLE
            )
        )
    return profiles


def _listed(profiles: Mapping[str, object]) -> str:
    return ", ".join(sorted(profiles)) or Message("no table [{table}.NAME]", table=_TABLE)


def _checked(
    file: Path, profile: str, table: Mapping[str, Any], lines: Mapping[str, int]
) -> tuple[dict[str, Any], list[str]]:
    """Return the values by their names, and what is wrong with them."""
    values: dict[str, Any] = {}
    problems = []
    for written, value in table.items():
        name = written.replace("-", "_")
        trouble = "given twice, with - and with _" if name in values else _trouble(name, value)
        if trouble:
            place = _place(file, lines.get(name, 0), profile, written)
            problems.append(f"{place}: {trouble}")
        values[name] = value
    where = _place(file, lines.get("", 0), profile, "")
    if ("account" in values) == ("endpoint" in values):
        problems.append(Message("{where}: give one of account and endpoint", where=where))
    if "api_key_file" in values and "api_key_env" in values:
        problems.append(Message("{where}: give one of api_key_file and api_key_env", where=where))
    return values, problems


def _trouble(name: str, value: object) -> str:
    if name in ("api_key", "key", "rpskey"):
        return "the key itself is not kept here; give api_key_file or api_key_env"
    if name not in _KNOWN:
        near = get_close_matches(name, _KNOWN, 1)
        return (
            Message("not known; did you mean {near}?", near=near[0])
            if near
            else Message("not known; {known} are", known=", ".join(_KNOWN))
        )
    if name in _TEXTS:
        good, wanted = isinstance(value, str) and bool(value.strip()), "text in quotation marks"
    elif name in _WHOLE:
        good, wanted = type(value) is int, "a whole number"
    elif name in _NUMBERS:
        good, wanted = type(value) in (int, float), "a number"
    else:
        good = isinstance(value, list) and all(type(each) in (int, float) for each in value)
        wanted = "numbers in brackets, such as [60, 300]"
    return (
        ""
        if good
        else Message(
            "{value} is not what it takes: give {wanted}", value=repr(value), wanted=wanted
        )
    )


def _profile(file: Path, name: str, values: Mapping[str, Any], lines: Mapping[str, int]) -> Profile:
    def path(key: str) -> Path | None:
        return file.parent / Path(values[key]).expanduser() if key in values else None

    options = {_SETTINGS.get(key, key): values[key] for key in values if key in _OF_SETTINGS}
    if "quota_waits_s" in options:
        options["quota_waits_s"] = tuple(map(float, options["quota_waits_s"]))
    return Profile(
        name=name,
        file=file,
        account=values.get("account", ""),
        endpoint=values.get("endpoint", ""),
        api_key_file=path("api_key_file"),
        api_key_env=values.get("api_key_env", ""),
        ca_file=path("ca_file"),
        proxy=Secret(values.get("proxy", "")),
        options=options,
        notify=values.get("notify", ""),
        metrics_file=path("metrics_file"),
        lines={_SETTINGS.get(key, key): line for key, line in lines.items()},
    )


def _refuse_exposed(profile: Profile) -> None:
    """Refuse secrets that every user of the machine can read."""
    if profile.api_key_file is not None and is_exposed(profile.api_key_file):
        raise SettingsError(
            Message(
                "{place}: every user of this machine can read {api_key_file}; run: chmod "
                "o-rwx {api_key_file}",
                place=profile.place("api_key_file"),
                api_key_file=profile.api_key_file,
            )
        )
    for name, text in (("notify", profile.notify), ("proxy", profile.proxy.reveal())):
        is_secret = "@" in text or name == "notify"
        if text and is_secret and is_exposed(profile.file):
            raise SettingsError(
                Message(
                    "{place}: every user of this machine can read it, and it may hold a "
                    "password; run: chmod o-rwx {file}",
                    place=profile.place(name),
                    file=profile.file,
                )
            )


def is_exposed(file: Path) -> bool:
    """Whether every user of the machine can read *file*, as far as its own permissions say."""
    try:
        return os.name != "nt" and bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False  # whoever reads it says what is wrong


def _place(file: Path, line: int, profile: str, name: str) -> str:
    where = f"{file}:{line}" if line else str(file)
    return f"{where}: {'.'.join(filter(None, (_TABLE, profile, name)))}"


def _line_of(text: str, key: str) -> int:
    """Return the line on which *key* is, as a table or as a name; 1 when it is not found."""
    pattern = re.compile(rf'\s*\[*\s*"?{re.escape(key)}"?\s*[.=\]]')
    lines = text.splitlines()
    return next((at for at, line in enumerate(lines, 1) if pattern.match(line)), 1)


def _lines_of(text: str, profile: str) -> Iterator[tuple[str, int]]:
    """Yield (name of a setting, line) of a profile's table; the table itself is ``""``.

    A profile that is written in another way (inline, with dots) has no lines.
    """
    is_inside = False
    for at, line in enumerate(text.splitlines(), 1):
        header = _HEADER.fullmatch(line)
        if header is not None:
            parts = [part.strip().strip("\"'") for part in header[1].split(".", 1)]
            is_inside = parts == [_TABLE, profile]
            if is_inside:
                yield "", at
        elif is_inside and (found := re.match(r"\s*[\"']?([\w-]+)[\"']?\s*=", line)):
            yield found[1].replace("-", "_"), at
