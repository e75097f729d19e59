"""Named accounts in a file: what wins, what is refused and where, and whose key goes to which host."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from bulk_import.cli import cli
from bulk_import.errors import SettingsError
from bulk_import.settings import Settings
from tests.test_cli import exits

FILE = """\
[profiles.shop]
account = "shop"
api_key_file = "shop.key"
ca-file = "ca.pem"
rate = 5
daily-limit = 9000
quota_waits = [1, 2.5]
timeout = 12

[profiles.other]
endpoint = "https://other.example.com/api/addupdatelead"
api_key_env = "OTHER_KEY"
"""
ENVIRONMENT = {"INFLUENCERSOFT_API_KEY": "of-the-environment", "INFLUENCERSOFT_ACCOUNT": "env"}


@pytest.fixture
def config(tmp_path):
    """A file with the given text, and a key beside it, both for their owner alone."""

    def write(text=FILE, mode=0o600):
        path = tmp_path / "config.toml"
        path.write_text(text, "utf-8")
        path.chmod(mode)
        key = tmp_path / "shop.key"
        key.write_text("of-the-file\n", "utf-8")
        key.chmod(0o600)
        return path

    return write


def gather(profile, config, environ=ENVIRONMENT, **options):
    return Settings.from_env(
        profile=profile, config=config, environ=environ, dotenv=None, **options
    )


def test_the_command_line_wins_over_the_profile_and_the_profile_over_the_environment(config):
    found = gather("shop", config(), rate=1, window=None)
    assert (found.endpoint, found.api_key.reveal()) == (
        "https://shop.influencersoft.com",
        "of-the-file",
    )
    assert found.ca_file == config().parent / "ca.pem"
    limits, patience = found.limits, found.patience
    assert (limits.rate, limits.daily_limit, limits.window) == (1, 9000, "")
    assert (patience.timeout_s, patience.quota_waits_s) == (12, (1.0, 2.5))


def test_a_profile_may_name_the_variable_of_its_key(config):
    found = gather("other", config(), ENVIRONMENT | {"OTHER_KEY": "of-its-variable"})
    assert (found.endpoint, found.api_key.reveal()) == (
        "https://other.example.com",
        "of-its-variable",
    )
    with pytest.raises(SettingsError, match=r"config.toml:12: .*OTHER_KEY is not set"):
        gather("other", config())  # not with the key of another account


def test_the_key_of_a_profile_is_not_sent_to_another_account(config, tmp_path):
    with pytest.raises(SettingsError, match="is not sent there"):
        gather("shop", config(), account="else")
    assert gather("shop", config(), account="SHOP").endpoint == "https://shop.influencersoft.com"
    (tmp_path / "else.key").write_text("of-the-else")
    found = gather("shop", config(), account="else", api_key_file=tmp_path / "else.key")
    assert (found.endpoint, found.api_key.reveal(), found.limits.rate) == (
        "https://else.influencersoft.com",
        "of-the-else",
        5,
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[profiles.shop]\naccount = "shop"\nrat = 5\n', ":3: profiles.shop.rat: not known; did you mean rate?"),
        ('[profiles.shop]\naccount = "shop"\napi_key = "k"\n', ":3: profiles.shop.api_key: the key itself is not kept"),
        ('[profiles.shop]\naccount = "shop"\nrate = "5"\n', ":3: profiles.shop.rate: '5' is not what it takes: give a number"),
        ('[profiles.shop]\naccount = "shop"\nconcurrency = true\n', ":3: profiles.shop.concurrency: True is not"),
        ('[profiles.shop]\naccount = "shop"\n\nrate = -5\n', ":4: profiles.shop.rate: --rate -5"),
        ('[profiles.shop]\naccount = "shop"\nwindow = 7\n', ":3: profiles.shop.window: 7 is not"),
        ('[profiles.shop]\naccount = "no login"\n', ":2: profiles.shop.account: --account 'no login'"),
        ('[profiles.shop]\nendpoint = "http://x.example.com"\n', ":2: profiles.shop.endpoint: --endpoint"),
        ('[profiles.shop]\nrate = 5\n', ":1: profiles.shop: give one of account and endpoint"),
        ('[profiles.shop]\naccount = shop\n', ":2:11: Invalid value"),
        ('[shop]\naccount = "shop"\n', ":1: shop is not known here; accounts are tables such as [profiles.shop]"),
        ('[profiles.sho]\naccount = "shop"\n', "--profile shop: not in"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_refused_with_its_line(config, text, complaint):
    with pytest.raises(SettingsError) as caught:
        gather("shop", config(text))
    assert complaint in str(caught.value)
    assert "\nTraceback" not in str(caught.value)


def test_all_mistakes_of_a_profile_are_told_at_once(config):
    with pytest.raises(SettingsError) as caught:
        gather("shop", config("[profiles.shop]\nrat = 5\nwindow = 1\n"))
    assert len(str(caught.value).splitlines()) == 3


def test_what_other_users_could_change_or_read_is_refused(config, tmp_path):
    with pytest.raises(SettingsError, match="chmod go-w"):
        gather("shop", config(mode=0o620))
    readable = config(mode=0o644)
    assert gather("shop", readable).limits.rate == 5
    (tmp_path / "shop.key").chmod(0o644)
    with pytest.raises(SettingsError, match=r"can read .*shop.key; run: chmod o-rwx"):
        gather("shop", readable)
    told = config('[profiles.shop]\naccount = "shop"\nnotify = "https://h.example/t0ken"\n', 0o644)
    with pytest.raises(SettingsError, match=r":3: profiles.shop.notify: every user") as caught:
        gather("shop", told)
    assert "t0ken" not in str(caught.value)


def test_the_usual_place_follows_xdg(config, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    code, _, err = exits(capsys, "lists", "--profile", "shop")
    assert (code, f"{tmp_path}/xdg/bulk_import/config.toml: there is no such file" in err) == (
        2,
        True,
    )
    code, _, err = exits(capsys, "lists", "--config", config())
    assert (code, "give --profile NAME too; it has other, shop" in err) == (2, True)


@pytest.mark.parametrize("place", ["usual", "named"])
async def test_a_run_with_a_profile_needs_nothing_else(
    config, monkeypatch, sandbox, contacts_csv, mapping, tmp_path, place
):
    import asyncio

    text = f'[profiles.shop]\nendpoint = "{sandbox.url}"\napi_key_file = "shop.key"\nrate = 0\n'
    file = config(text + 'metrics_file = "shop.prom"\n')
    (tmp_path / "shop.key").write_text(sandbox.key)
    monkeypatch.chdir(tmp_path)
    # --profile before --config: the order of the options does not matter.
    arguments = ["sync", contacts_csv(3), "-m", mapping, "--state", "x.state", "--profile", "shop",
                 "--config", file, "--json"]  # fmt: skip
    if place == "usual":  # the profile gives defaults to options before --config is known
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
        usual = tmp_path / "xdg" / "bulk_import" / "config.toml"
        usual.parent.mkdir(parents=True)
        usual.write_text(file.read_text().replace('"shop.', f'"{tmp_path}/shop.'))
        usual.chmod(0o600)
        arguments.remove("--config")
        arguments.remove(file)
    done = await asyncio.to_thread(CliRunner().invoke, cli, list(map(str, arguments)))
    assert json.loads(done.stdout)["counts"]["success"] == len(sandbox.sent()) == 3
    assert "bulk_import_" in (tmp_path / "shop.prom").read_text()
    assert sandbox.key not in done.output


def test_a_night_without_key_and_account_says_both_at_once(capsys, contacts_csv, mapping, tmp_path):
    code, _, err = exits(
        capsys, "sync", contacts_csv(1), "-m", mapping, "--state", tmp_path / "x.state"
    )
    assert (code, "which account?" in err, "no API key" in err) == (2, True, True)
    assert not (tmp_path / "x.state").exists()
