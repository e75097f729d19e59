"""Accounts of the file of profiles, chosen on the page by name: what it shows, and what it never does."""

from __future__ import annotations

import json

import aiohttp
import pytest

from bulk_import.app.server import Page
from bulk_import.sandbox.app import Sandbox
from bulk_import.settings import Settings
from tests.test_cli import exits
from tests.visitors import Visitor

KEY = "a-key-that-nobody-sees"


@pytest.fixture
async def shop():
    """The account of the profile."""
    sandbox = Sandbox(key=KEY)
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
def config(tmp_path, shop):
    path = tmp_path / "profiles" / "config.toml"
    path.parent.mkdir()
    (path.parent / "shop.key").write_text(f"{KEY}\n", "utf-8")
    (path.parent / "wrong.key").write_text("another-key\n", "utf-8")
    for file in path.parent.iterdir():
        file.chmod(0o600)
    path.write_text(
        f'[profiles.shop]\nendpoint = "{shop.url}"\napi_key_file = "shop.key"\nrate = 7\n'
        f'[profiles.wrong]\nendpoint = "{shop.url}"\napi_key_file = "wrong.key"\n'
        '[profiles."<b>x</b>"]\naccount = "x"\napi_key_env = "NOT_SET"\n',
        "utf-8",
    )
    path.chmod(0o600)
    return path


@pytest.fixture
async def person(tmp_path, config):
    """A running page that knows the profiles, and somebody before it."""
    settings = Settings.from_env(environ={"XDG_STATE_HOME": str(tmp_path / "state")}, dotenv=None)
    home = tmp_path / "home"
    home.mkdir()
    page = Page(home, settings, config=config)
    link = await page.start()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        visitor = Visitor(page, session, link)
        await visitor.ask("GET", link.removeprefix(page.url))
        yield visitor
    await page.stop()


async def test_an_account_is_chosen_by_its_name_and_its_key_is_never_shown(person, shop):
    start = await person.get("/")
    assert ">shop</option>" in start
    assert "&lt;b&gt;x&lt;/b&gt;</option>" in start
    answer = await person.post("/account", kind="profile", profile="shop")
    assert answer == {"reload": True}
    shown = await person.get("/")
    assert shop.url.split("://")[1] in shown
    assert "<option selected>shop</option>" in shown
    base = await person.upload("E-mail,Name\nann@example.com,Ann\n")
    pages = [shown] + [await person.get(f"{base}/{step}") for step in ("match", "plan", "review")]
    kept = [p.read_bytes().decode("utf-8", "replace")
            for p in person.page.desk.home.rglob("*") if p.is_file()]  # fmt: skip
    assert [text for text in (*pages, *kept, json.dumps(answer)) if KEY in text] == []
    assert person.page.desk.account.settings.api_key.reveal() == KEY


async def test_the_pace_of_the_profile_is_proposed(person):
    await person.post("/account", kind="profile", profile="shop")
    base = await person.upload("E-mail,Name\nann@example.com,Ann\n")
    await person.get(f"{base}/plan")
    while person.page.desk.judging[base.rsplit("/", 1)[1]].task.done() is False:
        await person.get(f"{base}/judging")
    assert 'id="rate" inputmode="decimal" value="7"' in await person.get(f"{base}/plan")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "there is no profile nobody in"),
        ("../../etc/passwd", "there is no profile ../../etc/passwd in"),
        ("shop\0", "there is no profile shop"),
        ("", "choose an account first"),
        ("<b>x</b>", "the environment variable NOT_SET is not set"),
        ("wrong", "the server answered"),
    ],
)
async def test_another_name_is_refused_and_the_account_stays(person, name, said):
    await person.post("/account", kind="profile", profile="shop")
    status, text, _ = await person.ask(
        "POST", "/account", data={"kind": "profile", "profile": name}
    )
    assert (status, said in json.loads(text)["error"]) == (409, True), text
    assert KEY not in text
    assert "another-key" not in text
    assert person.page.desk.account.profile == "shop"


async def test_a_file_that_others_can_change_is_refused_with_what_to_do(person, config):
    config.chmod(0o622)
    start = await person.get("/")
    assert "chmod go-w" in start
    assert ">shop</option>" not in start
    russian = await person.get("/", headers={"Accept-Language": "ru"})
    assert "файл могут менять другие пользователи" in russian
    status, _, _ = await person.ask("POST", "/account", data={"kind": "profile", "profile": "shop"})
    assert status == 409


async def test_nobody_without_the_cookie_chooses_an_account(person):
    person.session.cookie_jar.clear()
    status, _, _ = await person.ask("POST", "/account", data={"kind": "profile", "profile": "shop"})
    assert (status, person.page.desk.account) == (401, None)


def test_an_unknown_profile_ends_the_command_before_anything_is_served(tmp_path, capsys):
    config = tmp_path / "config.toml"
    config.write_text('[profiles.shop]\naccount = "shop"\n', "utf-8")
    config.chmod(0o600)
    code, _, err = exits(
        capsys, "app", tmp_path, "--profile", "nobody", "--config", config, "--no-browser"
    )
    assert (code, f"--profile nobody: not in {config}; it has shop" in err) == (2, True), err
