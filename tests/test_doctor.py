"""What a job needs is said before it is needed: what is missing, what to do, and never the key."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import tomllib
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from click.testing import CliRunner

from bulk_import.cli import cli
from bulk_import.jobs.doctor import BAD, NOTE, OK, PARTS, examine, is_well
from bulk_import.jobs.state import State
from bulk_import.sandbox.app import DEFAULT_KEY
from bulk_import.settings import Settings
from tests.test_cli import exits


@pytest.fixture
def doctor(monkeypatch, tmp_path):
    """The command as a person calls it, in a folder of its own; its exit code and its checks."""
    monkeypatch.chdir(tmp_path)

    async def look(*args, key=DEFAULT_KEY):
        monkeypatch.setenv("INFLUENCERSOFT_API_KEY", key)
        called = ["doctor", "--json", *map(str, args)]
        done = await asyncio.to_thread(CliRunner().invoke, cli, called, standalone_mode=False)
        assert not key or key not in done.output
        found = json.loads(done.stdout)
        assert found["well"] == (done.return_value == 0)
        return done.return_value, {check["name"]: check for check in found["checks"]}

    return look


async def test_where_nothing_is_missing_a_job_would_run(doctor, sandbox, mapping, tmp_path):
    with State.open(tmp_path / "crm.state"):
        pass
    code, checks = await doctor(
        "--endpoint", sandbox.url, "-m", mapping, "--state", tmp_path / "crm.state"
    )
    assert (code, [c for c in checks.values() if c["verdict"] == BAD]) == (0, [])
    assert checks["login"]["found"] == "the key is accepted; 4 lists, 2 managers"
    assert checks["state"]["found"].endswith("crm.state: 0 contacts")
    assert {"account", "key", "proxy", "address", "TLS", "clock", "mapping", "runs", "locks",
            "temporary files", "workbooks", "paramiko", "apprise"} <= checks.keys()  # fmt: skip
    assert sandbox.sent() == []


@pytest.mark.parametrize(
    ("options", "key", "name", "found"),
    [
        (["--account", "shop"], "", "key", "no API key"),
        ([], "zq-none-7", "account", "no account"),
        (["--endpoint", "http://127.0.0.1:1"], "zq-none-7", "address", "no connection"),
        (["--endpoint", "https://no-such-host.invalid"], "zq-none-7", "address", "no such host"),
        (["--profile", "shop"], "zq-none-7", "settings", "there is no such file"),
        (["-m", "missing.yml"], "zq-none-7", "mapping", "No such file"),
        (["--run-dir", "taken/here"], "zq-none-7", "runs", "cannot be written"),
    ],
)  # fmt: skip
async def test_what_is_missing_is_named_and_the_exit_code_says_so(
    doctor, tmp_path, monkeypatch, options, key, name, found
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "taken").write_text("")
    code, checks = await doctor(*options, key=key)
    assert (code, checks[name]["verdict"], found in checks[name]["found"]) == (2, BAD, True)


async def test_a_key_that_the_account_refuses_is_bad(doctor, sandbox):
    code, checks = await doctor("--endpoint", sandbox.url, key="wrong-key-0815")
    assert (code, checks["address"]["verdict"], checks["login"]["verdict"]) == (2, OK, BAD)
    assert "incorrect hash" in checks["login"]["found"]


async def test_lists_that_the_account_does_not_have_are_bad(doctor, sandbox, tmp_path):
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "version: 1\nfields:\n  lead_email: E\n  add_to_lists: {always: [Newslettre]}\n"
    )
    code, checks = await doctor("--endpoint", sandbox.url, "-m", mapping)
    assert (code, checks["lists"]["verdict"]) == (2, BAD)
    assert "no list 'Newslettre' (did you mean Newsletter?)" in checks["lists"]["found"]


async def test_a_suppression_list_with_doubts_is_noted_and_one_that_is_missing_bad(
    doctor, sandbox, tmp_path
):
    mapping = tmp_path / "m.yml"
    mapping.write_text("version: 1\nfields:\n  lead_email: E\nsuppress: [no.csv]\n")
    _, checks = await doctor("--endpoint", sandbox.url, "-m", mapping)
    assert checks["suppression"]["verdict"] == BAD
    (tmp_path / "no.csv").write_text("E-mail\nann@example.org\nbob(at)example\n")
    code, checks = await doctor("--endpoint", sandbox.url, "-m", mapping)
    assert (code, checks["suppression"]["verdict"]) == (0, NOTE)


async def test_a_state_of_another_account_is_bad(doctor, sandbox, tmp_path):
    with State.open(tmp_path / "crm.state") as state:
        state.put(endpoint="https://other.example.com")
    code, checks = await doctor("--endpoint", sandbox.url, "--state", tmp_path / "crm.state")
    assert (code, checks["state"]["verdict"]) == (2, BAD)


async def test_a_key_file_that_everybody_can_read_is_noted(doctor, sandbox, tmp_path):
    file = tmp_path / "key"
    file.write_text(sandbox.key)
    file.chmod(0o644)
    code, checks = await doctor("--endpoint", sandbox.url, "--api-key-file", file)
    assert (code, checks["key"]["verdict"], checks["key"]["advice"]) == (
        0, NOTE, f"chmod o-rwx {file}",
    )  # fmt: skip


async def test_a_proxy_of_other_programs_is_noted(doctor, sandbox, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    _, checks = await doctor("--endpoint", sandbox.url)
    assert (checks["proxy"]["verdict"], "--proxy URL" in checks["proxy"]["advice"]) == (NOTE, True)


@pytest.mark.parametrize(
    ("off", "verdict", "said"),
    [(timedelta(minutes=-10), NOTE, "ahead of"), (timedelta(hours=2), BAD, "behind"),
     (timedelta(0), OK, "as the account's")],
)  # fmt: skip
@pytest.mark.parametrize("days", [5, 300])
async def test_the_clock_and_the_certificate_are_compared(tmp_path, off, verdict, said, days):
    """A server over TLS whose clock is off and whose certificate ends soon, or late."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    ends = datetime.now(UTC) + timedelta(days=days, hours=1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", not_after=ends).configure_cert(context)

    async def answer(_request):
        date = datetime.now(UTC) + off
        return web.Response(headers={"Date": f"{date:%a, %d %b %Y %H:%M:%S GMT}"})

    async def serve():
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        return runner, runner.addresses[0][1]

    app = web.Application()
    app.router.add_get("/", answer)
    runner, port = await serve()
    settings = Settings(endpoint=f"https://127.0.0.1:{port}", ca_file=tmp_path / "ca.pem")
    checks = {check.name: check for check in await examine(settings, home=tmp_path)}
    await runner.cleanup()
    assert (checks["clock"].verdict, said in checks["clock"].found) == (verdict, True)
    assert (checks["TLS"].verdict, f"{ends:%Y-%m-%d}" in checks["TLS"].found) == (
        NOTE if days < 14 else OK, True,
    )  # fmt: skip
    assert not is_well(list(checks.values()))  # there is no key


def test_for_people_each_line_says_what_to_do(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, out, _ = exits(capsys, "doctor", "--endpoint", "http://127.0.0.1:1")
    assert code == 2
    assert "bad   key              no API key\n                       -> give --api-key-file" in out
    assert out.endswith("2 to be corrected before a job can run\n")


def test_every_part_that_is_not_always_installed_is_named_with_its_extra():
    """One that is forgotten here is found missing in the middle of a job."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    promised = {
        re.match(r"[\w-]+", needed)[0]: extra
        for extra, all_ in project["optional-dependencies"].items()
        for needed in all_
    }
    assert {name: extra for name, (_, extra) in PARTS.items()} == promised


async def test_a_part_that_is_missing_is_named_with_what_to_install(doctor, monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    _, checks = await doctor("--endpoint", "http://127.0.0.1:1")
    assert (checks["sqlalchemy"]["found"], checks["sqlalchemy"]["advice"]) == (
        "not installed; only needed for --query, a database query as a source",
        "pip install 'bulk_import[sql]'",
    )
