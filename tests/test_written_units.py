"""The units and lines that a schedule becomes, to the letter, and what is refused before any is written."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

import pytest

from bulk_import.errors import SettingsError
from bulk_import.jobs.scheduling import Schedule, as_text, cron, units
from tests.test_cli import exits

NIGHT = ("sync", "a.csv", "-m", "m.yml", "--state", "s")


def made(**changes: object) -> Schedule:
    given = {"name": "crm", "words": ["/bin/bulk-import", "sync", "a b.csv"], "folder": Path("/srv/100%"), "times": ["01:00"], "user": "crm"}  # fmt: skip
    return Schedule(**(given | changes))  # type: ignore[arg-type]


SERVICE = """[Unit]
Description=bulk-import (crm)
Wants=network-online.target
After=network-online.target
OnFailure=crm-failed.service

[Service]
Type=oneshot
User=crm
WorkingDirectory=/srv/100%%
# /var/lib/crm: where a bug leaves crash.txt.
StateDirectory=crm
Environment=XDG_STATE_HOME=%S/crm
{key}ExecStart=/bin/bulk-import sync "a b.csv"
# 1: some rows were refused, the report names them; the job itself did its work.
SuccessExitStatus=0 1
# A stop waits for the answers under way and writes the reports.
TimeoutStopSec={stop}
UMask=0077
"""
OWN = "# One line, INFLUENCERSOFT_API_KEY=…, readable by root alone (chmod 600).\nEnvironmentFile=/etc/crm.env\n"
JOBS = "# The variables that the jobs name as their key_env, if they do (chmod 600).\nEnvironmentFile=-/etc/crm.env\n"
TIMER = """[Unit]
Description=When crm runs

[Timer]
OnCalendar=*-*-* 01:00:00
OnCalendar=*-*-* 13:05:00
# A night that was missed, because the machine was off, is made up for.
Persistent=true

[Install]
WantedBy=timers.target
"""
FAILED = """[Unit]
Description=Tells that crm has failed

[Service]
Type=oneshot
ExecStart=/bin/sh -c '{tell}'
"""


@pytest.mark.parametrize(
    ("changes", "key", "stop"),
    [
        ({}, "", "60"),
        ({"timeout_s": 45.4}, "", "75"),
        ({"needs_key": True}, OWN, "60"),
        ({"has_keys_of_jobs": True}, JOBS, "60"),
        ({"needs_key": True, "has_keys_of_jobs": True}, OWN, "60"),
    ],
)
def test_the_service_is_written_to_the_letter(changes, key, stop):
    assert units(made(**changes))["crm.service"] == SERVICE.format(key=key, stop=stop)


def test_the_timer_and_the_unit_of_a_failure_are_written_to_the_letter():
    found = units(made(times=["01:00", "13:05"]))
    assert list(found) == ["crm.service", "crm.timer", "crm-failed.service"]
    assert found["crm.timer"] == TIMER
    journal = 'echo "<2>crm has failed; see journalctl -u crm"'
    assert found["crm-failed.service"] == FAILED.format(tell=journal)
    mailed = units(made(mail="ops@x.org"))["crm-failed.service"]
    command = 'systemctl status --full --no-pager crm | mail -s "crm has failed" ops@x.org'
    assert mailed == FAILED.format(tell=command)


def test_printed_units_have_the_names_of_their_files_and_what_to_do_with_them():
    folder = "/etc/systemd/system"
    assert as_text({"a.service": "one\n", "a.timer": "two\n"}, "a") == (
        f"# {folder}/a.service\none\n\n# {folder}/a.timer\ntwo\n\n"
        f"# Save these as {folder}/… (or give -o {folder}), then:\n"
        "#   systemctl daemon-reload && systemctl enable --now a.timer\n"
        "#   systemctl start a.service      runs it now, to try\n"
    )


COMMAND = (
    "cd /srv/100\\% && /bin/bulk-import sync 'a b.csv' --quiet > /dev/null; code=$?; "
    '[ $code -le 1 ] || echo "crm: exit code $code"\n'
)


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, f"0 1 * * * {COMMAND}"),
        ({"times": ["1:00", "13:05"]}, f"0 1 * * * {COMMAND}5 13 * * * {COMMAND}"),
        ({"mail": "ops@x.org"}, f"MAILTO=ops@x.org\n0 1 * * * {COMMAND}"),
        (
            {"needs_key": True},
            "# cron has an environment of its own: the key belongs into /srv/100%/.env, or give --api-key-file or "
            f"--profile.\n0 1 * * * {COMMAND}",
        ),
    ],
)
def test_a_line_for_cron_is_written_to_the_letter(changes, lines):
    assert cron(made(**changes)) == lines


@pytest.mark.parametrize("flag", ["-q", "--quiet"])
def test_a_command_that_is_quiet_already_stays_as_it_is(flag):
    assert f"/bin/x {flag} > /dev/null; code=$?;" in cron(made(words=["/bin/x", flag]))


REFUSED = [
    ({"name": "a b"}, "--name 'a b': give letters, digits, - and _ alone"),
    ({"name": ""}, "--name '': give letters, digits, - and _ alone"),
    ({"name": "-a"}, "--name '-a': give letters, digits, - and _ alone"),
    ({"name": "a" * 102}, f"--name '{'a' * 102}': give letters, digits, - and _ alone"),
    ({"user": "a b"}, "--user 'a b': give the name of a user"),
    ({"user": ""}, "--user '': give the name of a user"),
    ({"times": ["01:00", "24:00"]}, "--at '24:00': give a time such as 01:00"),
    ({"times": ["1:60"]}, "--at '1:60': give a time such as 01:00"),
    ({"times": ["1"]}, "--at '1': give a time such as 01:00"),
    ({"mail": "a@b c"}, "--mail 'a@b c': give one address"),
    ({"mail": "a`id`@b"}, "--mail 'a`id`@b': give one address"),
    ({"mail": "nobody"}, "--mail 'nobody': give one address"),
    ({"folder": Path("/srv/a\nb")}, r"'/srv/a\nb': a unit cannot hold control characters"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_could_mean_something_else_in_a_unit_is_refused(changes, said):
    with pytest.raises(SettingsError) as caught:
        made(**changes)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "a" * 101}, {"name": "A.b_c-1"}, {"user": "svc$"}, {"user": "1000"}, {"times": ["00:00", "9:59", "23:59"]},
        {"mail": "a.b+c@x.org"}, {"mail": ""},
    ],
)  # fmt: skip
def test_what_is_an_ordinary_name_is_taken(changes):
    assert made(**changes).name


# -- the command -----------------------------------------------------------------------------------------


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """Call ``schedule`` in a folder with a mapping: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / "m.yml").write_text("")
    return lambda *args: exits(capsys, "schedule", *args)


def program() -> str:
    return f"{sys.executable} -m bulk_import"


def test_the_folder_the_program_and_the_user_are_those_of_now(told, tmp_path, monkeypatch):
    code, out, err = told(*NIGHT)
    assert (code, err) == (0, "")
    me = pwd.getpwuid(os.getuid()).pw_name
    lines = out.splitlines()
    for line in (
        "Description=bulk-import (bulk-import)", f"User={me}", f"WorkingDirectory={tmp_path}",
        "EnvironmentFile=/etc/bulk-import.env", "OnCalendar=*-*-* 01:00:00", "TimeoutStopSec=60",
        f"ExecStart={program()} sync a.csv -m m.yml --state s",
    ):  # fmt: skip
        assert line in lines
    (tmp_path / "bulk-import").touch()
    monkeypatch.setattr(sys, "argv", ["./bulk-import"])
    assert f"ExecStart={tmp_path}/bulk-import sync" in told(*NIGHT)[1]
    monkeypatch.setattr(sys, "argv", ["./other"])
    assert f"ExecStart={program()} sync" in told(*NIGHT)[1]


def test_a_user_without_a_name_is_its_number(told, monkeypatch):
    def unknown(_: int) -> object:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert f"\nUser={os.getuid()}\n" in told(*NIGHT)[1]


@pytest.mark.parametrize(
    ("more", "has_file"),
    [((), True), (("--api-key-file", "m.yml"), False), (("--profile", "shop", "--config", "c.toml"), False)],
)  # fmt: skip
def test_a_key_that_the_command_finds_itself_needs_no_file_of_the_unit(told, tmp_path, more, has_file):  # fmt: skip
    (tmp_path / "c.toml").write_text('[profiles.shop]\naccount = "shop"\n')
    (tmp_path / "c.toml").chmod(0o600)
    assert ("EnvironmentFile" in told(*NIGHT, *more)[1]) == has_file
    (tmp_path / ".env").touch()
    assert "EnvironmentFile" not in told(*NIGHT, *more)[1]


def test_a_stop_waits_as_long_as_a_request_of_the_command_may_take(told):
    assert "\nTimeoutStopSec=120\n" in told(*NIGHT, "--timeout", "90")[1]


def test_units_are_written_for_everybody_to_read_and_one_that_is_there_stays(told, tmp_path):
    folder = tmp_path / "units"
    names = [f"crm{end}" for end in (".service", ".timer", "-failed.service")]
    words = ("-o", folder, "--name", "crm", *NIGHT)
    assert told(*words) == (0, "".join(f"{folder / name}\n" for name in names), "")
    assert {(folder / name).stat().st_mode & 0o777 for name in names} == {0o644}
    (folder / "crm.service").unlink()
    (folder / "crm.timer").write_text("mine")
    assert told(*words) == (
        2, "", f"error: {folder}/crm.timer: is there already; delete it, or give another --name\n"
    )  # fmt: skip
    assert ((folder / "crm.timer").read_text(), (folder / "crm.service").exists()) == ("mine", False)  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cron", "-o", "units", *NIGHT), "error: --cron and -o: a cron line is for `crontab -e`; leave -o out\n"),
        (("check", "a.csv"), "error: schedule check: give a command that sends: sync, fleet, run, retag\n"),
        (("run", "a.csv", "-m", "m.yml"), "error: schedule run: nobody will be there to be asked; add --yes\n"),
        (("retag", "a.csv", "--add-tag", "x"), "error: schedule retag: nobody will be there to be asked; add --yes\n"),
    ],
)  # fmt: skip
def test_a_command_that_cannot_run_at_night_is_refused(told, tmp_path, words, said):
    (tmp_path / "a.csv").write_text("E-mail\n")
    assert told(*words) == (2, "", said)
    assert not (tmp_path / "units").exists()


def test_units_are_written_into_a_folder_alone(told):
    code, out, err = told("-o", "m.yml", *NIGHT)
    assert (code, out, "Directory 'm.yml' is a file." in err) == (2, "", True)
    code, out, err = told("--cron")
    assert (code, out, "Missing argument 'COMMAND_LINE...'" in err) == (2, "", True)


@pytest.mark.parametrize(
    "words", [("run", "a.csv", "-m", "m.yml", "--yes"), ("retag", "a.csv", "--add-tag", "x", "-y")]
)
def test_with_a_yes_it_can_run_at_night(told, tmp_path, words):
    (tmp_path / "a.csv").write_text("E-mail\n")
    code, out, err = told("--cron", *words)
    assert (code, err, f"{program()} {' '.join(words)} --quiet" in out) == (0, "", True)


def test_what_is_not_there_or_should_not_be_written_down_is_noted(told, tmp_path):
    words = ("sync", "https://u@x.org/e.csv?token=s3cret", "-m", "none.yml", "--state", "s", "--api-key-file", "k")  # fmt: skip
    code, _, err = told(*words)
    missing = f"not here now; the command runs in this folder, {tmp_path}\n"
    notes = err.splitlines(keepends=True)
    assert (code, notes[:2]) == (0, [f"note: none.yml: {missing}", f"note: k: {missing}"])
    (token,) = notes[2:]
    assert token.endswith(
        ": holds a token that everybody can read in a unit; a bearer token goes into BULK_IMPORT_SOURCE_TOKEN\n"
    )
    assert "s3cret" not in err
    assert told("sync", "https://x.org/e.csv", "-m", "m.yml", "--state", "s")[2] == ""
