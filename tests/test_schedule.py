"""What is printed for systemd and cron works: systemd's own verdict, and words that come back as they were."""

from __future__ import annotations

import configparser
import getpass
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bulk_import.errors import SettingsError
from bulk_import.jobs.scheduling import Schedule, cron, units
from tests.test_cli import exits

SYNC = ("sync", "export 100%.csv", "-m", "m.yml", "--state", "crm.state", "--api-key-file", "key")
ODD = [
    "a b",
    'say "hi"',
    "it's",
    "100%",
    "$HOME",
    "back\\slash",
    "semi;colon",
    ";",
    "Имя",
    "*.csv",
    "~",
    "#",
    "",
]


def made(**changes):
    given = {
        "name": "crm",
        "words": ["/bin/echo"],
        "folder": Path("/srv/crm"),
        "times": ["01:00"],
        "user": "root",
    }
    return Schedule(**(given | changes))


def read(text):
    """A unit as a table; keys that are given twice are lists."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str
    parser.read_string(text)
    return {section: dict(parser[section]) for section in parser.sections()}


def split(text):
    """The words of an ExecStart as systemd.syntax(7) and systemd.service(5) describe it."""
    words, at = [], 0
    pattern = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))')
    while found := pattern.match(text, at):
        quoted, bare = found.groups()
        word = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
        words.append(word.replace("%%", "%").replace("$$", "$"))
        at = found.end()
    return words


def test_the_printed_units_say_what_a_night_needs(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yml").write_text("")
    (tmp_path / "key").write_text("")
    code, out, err = exits(
        capsys, "schedule", "--at", "02:30", "--name", "crm", "--user", "crm", "--", *SYNC
    )
    assert (code, err) == (0, "")
    parts = re.split(r"^# /etc/systemd/system/(\S+)\n", out, flags=re.MULTILINE)
    files = dict(zip(parts[1::2], map(read, parts[2::2]), strict=True))
    assert list(files) == ["crm.service", "crm.timer", "crm-failed.service"]
    service = files["crm.service"]
    assert split(service["Service"].pop("ExecStart"))[-len(SYNC) :] == list(SYNC)
    assert service["Unit"]["OnFailure"] == "crm-failed.service"
    assert service["Service"] == {
        "Type": "oneshot", "User": "crm", "WorkingDirectory": str(tmp_path), "StateDirectory": "crm",
        "Environment": "XDG_STATE_HOME=%S/crm", "SuccessExitStatus": "0 1", "TimeoutStopSec": "60", "UMask": "0077",
    }  # fmt: skip
    assert files["crm.timer"]["Timer"] == {"OnCalendar": "*-*-* 02:30:00", "Persistent": "true"}
    assert "systemctl enable --now crm.timer" in out


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("mail", ["", "ops@example.com"])
def test_systemd_finds_nothing_to_complain_about(tmp_path, mail):
    schedule = made(
        words=["/bin/echo", *ODD],
        folder=tmp_path,
        times=["01:00", "13:05"],
        user=getpass.getuser(),
        mail=mail,
    )
    for name, text in units(schedule).items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in units(schedule))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "crm" in line or str(tmp_path) in line]
    assert ours == []


def test_odd_words_come_back_from_a_unit_as_they_were():
    text = read(units(made(words=["/bin/echo", *ODD]))["crm.service"])["Service"]["ExecStart"]
    assert split(text) == ["/bin/echo", *ODD]


def test_a_cron_line_runs_the_command_where_it_was_written_and_tells_of_a_failure(tmp_path):
    folder = tmp_path / "it's 100% here"
    folder.mkdir()
    show = [
        sys.executable,
        "-c",
        "import sys, os, json; json.dump([os.getcwd(), sys.argv[1:]], sys.stderr); sys.exit(3)",
    ]
    line = cron(made(words=[*show, *ODD], folder=folder, times=["02:05"]))
    minute, hour, *_, command = line.rstrip("\n").split(" ", 5)
    assert (minute, hour, command.count("\n")) == ("5", "2", 0)
    assert not re.search(r"(?<!\\)%", command), "a bare percent sign ends a command of cron"
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("\\%", "%")], capture_output=True, text=True, check=False
    )
    assert json.loads(done.stderr) == [str(folder), [*ODD, "--quiet"]]
    assert done.stdout == "crm: exit code 3\n"
    fine = (
        cron(made(words=["/bin/sh", "-c", "echo result; exit 1"]))
        .split("* * * ", 1)[1]
        .replace("/srv/crm", "/")
    )
    assert (
        subprocess.run(["/bin/sh", "-c", fine], capture_output=True, text=True, check=False).stdout
        == ""
    )


def test_a_cron_line_for_a_mailed_job_without_a_key(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, out, _ = exits(capsys, "schedule", "--cron", "--mail", "ops@example.com", "--at", "1:00", "--at", "13:00",
                         "sync", "e.csv", "-m", "m.yml", "--state", "s")  # fmt: skip
    lines = out.splitlines()
    assert (code, lines[0], lines[1][0]) == (0, "MAILTO=ops@example.com", "#")
    assert [line[:5] for line in lines[2:]] == ["0 1 *", "0 13 "]
    assert shlex.quote(str(tmp_path)) in lines[2]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["sync", "e.csv", "-m", "m.yml"], "Missing option '--state'"),
        (["sync", "e.csv", "-m", "m.yml", "--state", "s", "--rat", "5"], "No such option"),
        (["check", "e.csv"], "give a command that sends: sync"),
        (["run", "e.csv", "-m", "m.yml"], "add --yes"),
        (["--at", "25:00", *SYNC], "--at '25:00'"),
        (["--name", "a/b", *SYNC], "--name 'a/b'"),
        (["--mail", "x y@z", *SYNC], "--mail"),
        (["--user", "crm\nExecStart=/bin/true", *SYNC], "--user"),
    ],
)  # fmt: skip
def test_a_command_that_would_not_run_is_refused_now(
    capsys, monkeypatch, tmp_path, words, complaint
):
    monkeypatch.chdir(tmp_path)
    code, out, err = exits(capsys, "schedule", *words)
    assert (code, out, complaint in err) == (2, "", True), err


def test_units_can_be_written_and_never_replace_others(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, out, _ = exits(capsys, "schedule", "-o", tmp_path / "units", "--name", "crm", *SYNC)
    assert (code, out.split()) == (0, [str(tmp_path / "units" / name) for name in units(made())])
    code, _, err = exits(capsys, "schedule", "-o", tmp_path / "units", "--name", "crm", *SYNC)
    assert (code, "is there already" in err) == (2, True)


def test_a_key_in_the_environment_needs_a_file_of_its_own(monkeypatch, tmp_path):
    assert "EnvironmentFile=/etc/crm.env" in units(made(needs_key=True))["crm.service"]
    assert "EnvironmentFile" not in units(made())["crm.service"]


def test_control_characters_are_refused():
    with pytest.raises(SettingsError, match="control characters"):
        made(words=["/bin/echo", "a\nExecStart=/bin/rm"])


def test_what_would_not_work_there_is_noted(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    url = "https://h.example/e.csv?sig=t0ken"
    code, _, err = exits(capsys, "schedule", "sync", url, "-m", "m.yml", "--state", "s")
    assert (code, "note: m.yml: not here now" in err, "holds a token" in err) == (0, True, True)
    assert "t0ken" not in err


@pytest.mark.parametrize(
    ("words", "how"),
    [
        (["sync", "a.csv", "-m", "m.yml", "--state", "s", "--profile", "shop"], "--config FILE"),
        (["fleet", "jobs.yml"], "config: FILE in the file of jobs"),
    ],
)
def test_profiles_that_only_this_terminal_finds_are_noted(
    capsys, monkeypatch, tmp_path, words, how
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "bulk_import").mkdir()
    profiles = tmp_path / "bulk_import" / "config.toml"
    profiles.write_text('[profiles.shop]\naccount = "shop"\n')
    profiles.chmod(0o600)
    for name in ("m.yml", "jobs.yml"):
        (tmp_path / name).write_text("")
    assert exits(capsys, "schedule", *words)[::2] == (
        0,
        f"note: XDG_CONFIG_HOME is {tmp_path} here and not where the command will run: if the profiles "
        f"are there, name their file ({how})\n",
    )
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    config = ["--config", str(profiles)] if "--profile" in words else []
    assert exits(capsys, "schedule", *words, *config)[::2] == (0, "")


def test_a_fleet_names_its_keys_itself(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / "jobs.yml").write_text("")
    code, out, err = exits(capsys, "schedule", "fleet", "jobs.yml")
    assert (code, err, "EnvironmentFile=-/etc/bulk-import.env" in out) == (0, "", True)
