"""Where people run it: containers, cron, other spellings of an address; and waits as options."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from bulk_import.sandbox.app import DEFAULT_KEY
from bulk_import.settings import Settings
from bulk_import.system.addresses import account_name
from bulk_import.system.environment import LAST_RESORT, lock_folder
from bulk_import.system.locks import hold
from tests.children import Served, finish, start
from tests.conftest import report_of

NOBODY = 64_321  # a uid without an entry in passwd
IS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
HOMES = pytest.mark.parametrize("home", [None, "/nonexistent/home", "/proc"], ids=str)


@HOMES
@pytest.mark.slow
def test_a_home_folder_that_is_unset_missing_or_read_only_is_no_obstacle(
    tmp_path, contacts_csv, mapping, home
):
    run_dir = tmp_path / "run"
    environment = {n: v for n, v in os.environ.items() if n not in ("XDG_STATE_HOME", "HOME")}
    environment |= {"INFLUENCERSOFT_API_KEY": DEFAULT_KEY} | ({"HOME": home} if home else {})
    with Served(tmp_path) as served:
        done = subprocess.run(
            [sys.executable, "-m", "bulk_import", "run", contacts_csv(5), "-m", mapping, "--run-dir", run_dir,
             "--endpoint", served.url, "--rate", "0", "--yes"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert len(served.sent()) == 5
    assert done.returncode == 0, done.stderr
    assert {line["status"] for line in report_of(run_dir)} == {"success"}


@IS_ROOT
@pytest.mark.slow
def test_a_user_whom_the_system_does_not_know_can_import(tmp_path, contacts_csv, mapping):
    """As in a container that is started with a number for its user."""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    place = tmp_path / "theirs"
    place.mkdir()
    os.chown(place, NOBODY, NOBODY)
    environment = {n: v for n, v in os.environ.items() if n not in ("XDG_STATE_HOME", "HOME")}
    environment |= {
        "INFLUENCERSOFT_API_KEY": DEFAULT_KEY,
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    environment.pop("BULK_IMPORT_LOCKS")
    if not _can_run(environment, place):
        pytest.skip("this interpreter cannot be started by others")
    with Served(tmp_path) as served:
        done = subprocess.run(
            [sys.executable, "-m", "bulk_import", "run", contacts_csv(5), "-m", mapping, "--run-dir", "run",
             "--endpoint", served.url, "--rate", "0", "--yes"],
            env=environment, capture_output=True, text=True, check=False, cwd=place, user=NOBODY, group=NOBODY,
        )  # fmt: skip
        assert len(served.sent()) == 5, done.stderr
    shutil.rmtree(f"/var/tmp/bulk_import-{NOBODY}", ignore_errors=True)  # noqa: S108 - made by the run
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def _can_run(environment: dict[str, str], place: Path) -> bool:
    try:
        done = subprocess.run(
            [sys.executable, "-c", "import bulk_import.cli, click"], env=environment, cwd=place,
            user=NOBODY, group=NOBODY, capture_output=True, check=False,
        )  # fmt: skip
    except PermissionError:  # it lies in somebody's home folder
        return False
    return done.returncode == 0


def test_a_user_without_an_entry_has_a_folder_for_locks(monkeypatch):
    """Whether the system knows the user must not matter: containers are started with a number."""
    monkeypatch.setattr(os, "getuid", lambda: NOBODY)
    monkeypatch.delenv("HOME", raising=False)
    found = lock_folder({})
    assert found.name in (f"bulk_import-{NOBODY}", LAST_RESORT)
    assert Settings.from_env(environ={}, dotenv=None).state_dir == found


def test_the_locks_are_where_they_can_be_whatever_home_says(tmp_path, monkeypatch):
    """A login and a cron job have other variables, and must find the same lock."""
    monkeypatch.delenv("HOME", raising=False)
    login = lock_folder({"HOME": "/home/x", "XDG_STATE_HOME": str(tmp_path / "a")})
    cron = lock_folder({})
    assert login == cron
    assert lock_folder({"BULK_IMPORT_LOCKS": str(tmp_path)}) == tmp_path
    assert cron.name.startswith("bulk_import") or cron.name == LAST_RESORT


@pytest.mark.parametrize(
    "spelling",
    ["https://SHOP.example.com", "https://shop.example.com.", "https://shop.example.com:443/", "shop.example.com",
     "https://shop.example.com/api/addupdatelead"],
)  # fmt: skip
def test_an_account_has_one_name_however_its_address_is_spelled(spelling):
    assert account_name(spelling) == account_name("https://shop.example.com")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST"])
@pytest.mark.slow
def test_a_run_waits_for_no_other_run_of_the_account_under_any_spelling(
    tmp_path, contacts_csv, mapping, host
):
    with Served(tmp_path) as served:
        port = served.url.rpartition(":")[2]
        name = account_name(served.url).replace(":", "_")
        (tmp_path / "state").mkdir()
        with hold(tmp_path / "state" / f"{name}.lock", "the account"):
            code, _, err = finish(
                "run", contacts_csv(3), "-m", mapping, "--run-dir", tmp_path / "run",
                url=f"http://{host}:{port}",
            )  # fmt: skip
        assert served.sent() == []
    assert (code, "in use by" in err) == (4, True), err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_waits_after_code_8_are_an_option(tmp_path, contacts_csv, mapping):
    with Served(tmp_path, quota_after=2, quota_burst=10_000) as served:
        args = (
            "run",
            contacts_csv(5),
            "-m",
            mapping,
            "--run-dir",
            tmp_path / "run",
            "--concurrency",
            "1",
        )
        code, _, err = finish(*args, "--no-preflight", "--quota-waits", "0.1,0.2", url=served.url)
        accepted, refused = (
            [r for r in served.sent() if (r.answer == "200") is is_good]
            for is_good in (True, False)
        )
    assert code == 3, err
    assert len(accepted) == 2
    assert len(refused) == 3, "at once, and after each wait"
    gaps = [later.at - earlier.ended for earlier, later in pairwise(refused)]
    assert gaps[0] >= 0.1
    assert gaps[1] >= 0.2


@pytest.mark.slow
@pytest.mark.parametrize(("cap", "code"), [("2", 3), ("5", 0)])
def test_how_long_a_server_may_ask_to_wait_is_an_option(tmp_path, contacts_csv, mapping, cap, code):
    with Served(tmp_path, throttle=1, retry_after_s=3) as served:
        args = (
            "run",
            contacts_csv(2),
            "-m",
            mapping,
            "--run-dir",
            tmp_path / "run",
            "--concurrency",
            "1",
        )
        ended, out, err = finish(*args, "--no-preflight", "--retry-after-cap", cap, url=served.url)
        accepted = [r for r in served.sent() if r.answer == "200"]
    assert ended == code, err
    assert len(accepted) == (2 if code == 0 else 1)
    assert ("asks to wait until" in out) == (code == 3)


@pytest.mark.slow
def test_how_long_a_connection_is_tried_is_an_option(tmp_path, contacts_csv, mapping):
    code, _, err = finish(
        "run", contacts_csv(2), "-m", mapping, "--run-dir", tmp_path / "run", "--no-preflight",
        "--connect-deadline", "0.3", url="http://127.0.0.1:9",
    )  # fmt: skip
    assert code == 3, err
    assert {line["status"] for line in report_of(tmp_path / "run")} == {"not_sent"}


@pytest.mark.parametrize("waits", ["x", "-1", "1,,y", "99999999"])
def test_waits_that_are_none_are_refused(tmp_path, contacts_csv, mapping, waits):
    code, _, err = finish(
        "run", contacts_csv(2), "-m", mapping, "--quota-waits", waits, url="http://127.0.0.1:9"
    )
    assert (code, "such as 60,300,900" in err) == (2, True), err
    assert Settings().patience.quota_waits_s == (60, 300, 900)


@pytest.mark.slow
def test_a_report_of_a_running_run_says_so(tmp_path, contacts_csv, mapping):
    run_dir = tmp_path / "run"
    with Served(tmp_path, latency_ms=300) as served:
        process = start("run", contacts_csv(40), "-m", mapping, "--run-dir", run_dir, "--concurrency", "1",
                        url=served.url)  # fmt: skip
        served.wait_for(2)
        done = subprocess.run(
            [sys.executable, "-m", "bulk_import", "report", run_dir],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        process.kill()
        process.communicate()
    assert "note: the run is going on" in done.stdout, done.stderr
