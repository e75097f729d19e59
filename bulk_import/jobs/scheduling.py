"""A command that is to run every night -> a systemd unit and its timer, or a line for cron."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bulk_import.errors import SettingsError

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,100}")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\$?")
_PLAIN = re.compile(r"[\w@+=:,./-]+")
_TIDY_UP_S = 30  # a stop waits for answers under way, then writes the reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What runs when, where and as whom.

    Attributes:
        name: Of the unit.
        words: The command, program first.
        folder: Where it runs: relative paths of the command start from there.
        times: ``HH:MM`` of the local clock.
        needs_key: The key comes from the environment, which a timer does not have by itself.
        has_keys_of_jobs: The command's own file says where keys are, in the environment perhaps.
        mail: Who gets the message of a failure; empty = the system's log.
        timeout_s: Of one request.
    """

    name: str
    words: Sequence[str]
    folder: Path
    times: Sequence[str]
    user: str
    needs_key: bool = False
    has_keys_of_jobs: bool = False
    mail: str = ""
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise SettingsError(f"--name {self.name!r}: give letters, digits, - and _ alone")
        if not _USER.fullmatch(self.user):
            raise SettingsError(f"--user {self.user!r}: give the name of a user")
        for time in self.times:
            if not _TIME.fullmatch(time):
                raise SettingsError(f"--at {time!r}: give a time such as 01:00")
        if self.mail and not re.fullmatch(r"[^\s'\"@$`\\%]+@[^\s'\"@$`\\%]+", self.mail):
            raise SettingsError(f"--mail {self.mail!r}: give one address")
        for word in (*self.words, str(self.folder)):
            if not word.isprintable():
                raise SettingsError(f"{word!r}: a unit cannot hold control characters")


def units(schedule: Schedule) -> dict[str, str]:
    """Return the unit, its timer and the unit that tells of a failure: name of the file -> text."""
    name = schedule.name
    return {
        f"{name}.service": _service(schedule),
        f"{name}.timer": _timer(schedule),
        f"{name}-failed.service": _failed(schedule),
    }


def _service(schedule: Schedule) -> str:
    name = schedule.name
    key = []
    if schedule.needs_key:
        key = [
            "# One line, INFLUENCERSOFT_API_KEY=…, readable by root alone (chmod 600).",
            f"EnvironmentFile=/etc/{name}.env",
        ]
    elif schedule.has_keys_of_jobs:
        key = [
            "# The variables that the jobs name as their key_env, if they do (chmod 600).",
            f"EnvironmentFile=-/etc/{name}.env",
        ]
    lines = [
        "[Unit]",
        f"Description=bulk-import ({name})",
        "Wants=network-online.target",
        "After=network-online.target",
        f"OnFailure={name}-failed.service",
        "",
        "[Service]",
        "Type=oneshot",
        f"User={schedule.user}",
        f"WorkingDirectory={str(schedule.folder).replace('%', '%%')}",
        f"# /var/lib/{name}: where a bug leaves crash.txt.",
        f"StateDirectory={name}",
        f"Environment=XDG_STATE_HOME=%S/{name}",
        *key,
        f"ExecStart={' '.join(map(_quoted, schedule.words))}",
        "# 1: some rows were refused, the report names them; the job itself did its work.",
        "SuccessExitStatus=0 1",
        "# A stop waits for the answers under way and writes the reports.",
        f"TimeoutStopSec={schedule.timeout_s + _TIDY_UP_S:.0f}",
        "UMask=0077",
    ]
    return "\n".join(lines) + "\n"


def _timer(schedule: Schedule) -> str:
    lines = [
        "[Unit]",
        f"Description=When {schedule.name} runs",
        "",
        "[Timer]",
        *(f"OnCalendar=*-*-* {time}:00" for time in schedule.times),
        "# A night that was missed, because the machine was off, is made up for.",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return "\n".join(lines) + "\n"


def _failed(schedule: Schedule) -> str:
    name = schedule.name
    # <2>: critical, for the journal.
    tell = f'echo "<2>{name} has failed; see journalctl -u {name}"'
    if schedule.mail:
        tell = f'systemctl status --full --no-pager {name} | mail -s "{name} has failed" {schedule.mail}'
    lines = [
        "[Unit]",
        f"Description=Tells that {name} has failed",
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart=/bin/sh -c '{tell}'",
    ]
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    """Return *word* as systemd reads it back: no specifier, no variable, one word."""
    text = word.replace("%", "%%").replace("$", "$$")
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def cron(schedule: Schedule) -> str:
    """Return lines for a crontab: what is printed on the error stream is mailed, and a failure is."""
    words = list(schedule.words)
    if not {"-q", "--quiet"} & set(words):
        words.append("--quiet")
    command = (
        f"cd {shlex.quote(str(schedule.folder))} && {shlex.join(words)} > /dev/null; code=$?; "
        f'[ $code -le 1 ] || echo "{schedule.name}: exit code $code"'
    ).replace("%", "\\%")
    lines = [f"MAILTO={schedule.mail}"] if schedule.mail else []
    if schedule.needs_key:
        lines.append(
            f"# cron has an environment of its own: the key belongs into {schedule.folder / '.env'}, "
            "or give --api-key-file or --profile."
        )
    for time in schedule.times:
        hour, minute = time.split(":")
        lines.append(f"{int(minute)} {int(hour)} * * * {command}")
    return "\n".join(lines) + "\n"


def as_text(files: Mapping[str, str], name: str) -> str:
    """Return units as they are printed: each below the name of its file, then what to do with them."""
    folder = "/etc/systemd/system"
    parts = [f"# {folder}/{file}\n{text}" for file, text in files.items()]
    todo = (
        f"# Save these as {folder}/… (or give -o {folder}), then:\n"
        f"#   systemctl daemon-reload && systemctl enable --now {name}.timer\n"
        f"#   systemctl start {name}.service      runs it now, to try\n"
    )
    return "\n".join([*parts, todo])
