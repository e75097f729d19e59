"""Nights where cron and containers run them: without a home, a name, a terminal or an open stream.

The exit code is all that a scheduler sees, and the state all that the next night has.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

import pytest

from bulk_import.jobs.state import State
from tests.children import ENVIRONMENT, Served

PROGRAM = f"{shlex.quote(sys.executable)} -m bulk_import"
# A uid that the system has no name and no home for. It may read everything: the interpreter is root's.
STRANGER = (
    "setpriv --reuid 12345 --regid 12345 --clear-groups --inh-caps +dac_read_search "
    "--ambient-caps +dac_read_search"
)
MAY_CHANGE = os.name == "posix" and os.getuid() == 0 and shutil.which("setpriv") is not None
needs_root = pytest.mark.skipif(
    not MAY_CHANGE, reason="another user's rights need root and setpriv"
)


@pytest.fixture
def shell(tmp_path):
    """Run a line of the shell in a folder that everybody may write: (exit code, what it printed)."""
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    rows = ["ann@example.org,Ann", "no address,Bob", "cy@example.org,Cy"]
    (tmp_path / "c.csv").write_text("\n".join(["E-mail,Name", *rows, ""]))
    (tmp_path / "m.yml").write_text("version: 1\nfields:\n  lead_email: E-mail\n")

    def run(line: str) -> tuple[int, str]:
        environment = {
            k: v
            for k, v in os.environ.items()
            if k not in ("HOME", "BULK_IMPORT_LOCKS", "XDG_STATE_HOME")
        }
        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd=tmp_path, env=environment | ENVIRONMENT, timeout=120,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.slow
def test_the_library_is_imported_where_the_output_is_no_file():
    """A notebook's and pythonw's ``sys.stdout`` has no bytes beneath it."""
    code = (
        "import io, sys; sys.stdout = io.StringIO(); import bulk_import; "
        "[getattr(bulk_import, name) for name in bulk_import.__all__]; "
        "import bulk_import.run.ahead"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "{sync}",
        "HOME=/nonexistent {sync}",
        "{sync} 2>&-",
        "{sync} >&- 2>&-",
        "{sync} <&- >&- 2>&-",
        "{sync} 2>/dev/full",
        pytest.param("{stranger} {sync}", marks=needs_root),
        pytest.param("HOME=/root {stranger} {sync} 2>&-", marks=needs_root),
    ],
)
def test_a_night_in_odd_surroundings_ends_with_its_own_code_and_a_whole_state(
    tmp_path, shell, line
):
    with Served(tmp_path) as served:
        sync = f"{PROGRAM} sync c.csv -m m.yml --state crm.state --rate 0 --endpoint {served.url}"
        code, said = shell(line.format(sync=sync, stranger=STRANGER))
        assert (code, len(served.sent()), "Traceback" in said) == (1, 2, False), said
    with State.open(tmp_path / "crm.state", create=False) as state:
        assert state.count() == 2
    assert not list(tmp_path.rglob("crash.txt"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{program} sync c.csv -m m.yml --state s --account shop --rat 5 2>&-", 2),
        ("{program} sync gone.csv -m m.yml --state s --account shop 2>&-", 2),
        ("{program} lists --profile shop", 2),
        ("{program} sync c.csv -m m.yml --state s --dry-run > /dev/full", 5),
        pytest.param("{stranger} {program} lists --profile shop", 2, marks=needs_root),
        pytest.param("{stranger} {program} schedule sync c.csv -m m.yml --state s", 0, marks=needs_root),
        pytest.param("{stranger} {program} sync c.csv -m m.yml --state /s --account shop", 5, marks=needs_root),
    ],
)  # fmt: skip
def test_a_mistake_in_odd_surroundings_keeps_its_code(shell, line, code):
    found, said = shell(line.format(program=PROGRAM, stranger=STRANGER))
    assert (found, "a bug in bulk_import" in said) == (code, False), said
