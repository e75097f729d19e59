"""The file of profiles: which one is read, what is wrong in it and where, what each entry becomes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bulk_import.errors import SettingsError
from bulk_import.settings import Settings
from bulk_import.system.profiles import (
    Profile,
    config_file,
    is_exposed,
    load_profile,
    profile_names,
)
from bulk_import.system.secrets import Secret

WHOLE = """\
# of the shop
[ profiles . "shop" ]  # its table
account = "shop"
"api-key-env" = "SHOP_KEY"
ca_file = "~/ca.pem"
proxy = "http://p.example"
notify = "https://h.example/t0ken"
metrics-file = "/var/m.prom"
window = "01:00-05:00"
max_failures = "5%"
concurrency = 3
rate = 1.5
connect-deadline = 7
retry_after_cap = 60
quota_waits = []

[profiles.other]
endpoint = "https://other.example"
api_key_file = "keys/other"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def load(config: Path, text: str, name: str = "shop", mode: int = 0o600) -> Profile:
    config.write_text(text, "utf-8")
    config.chmod(mode)
    return load_profile(name, config, {})


def complaint(config: Path, text: str, name: str = "shop", mode: int = 0o600) -> str:
    with pytest.raises(SettingsError) as caught:
        load(config, text, name, mode)
    return str(caught.value).replace(str(config), "FILE")


def test_every_entry_becomes_what_it_says(config, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    found = load(config, WHOLE)
    assert found == Profile(
        name="shop", file=config, account="shop", api_key_env="SHOP_KEY", ca_file=Path("/home/ann/ca.pem"), proxy=Secret("http://p.example"),
        notify="https://h.example/t0ken", metrics_file=Path("/var/m.prom"), lines=found.lines,
        options={"window": "01:00-05:00", "max_failures": "5%", "concurrency": 3, "rate": 1.5, "connect_deadline_s": 7,
                 "retry_after_cap_s": 60, "quota_waits_s": ()},
    )  # fmt: skip
    assert found.lines == {
        "": 2, "account": 3, "api_key_env": 4, "ca_file": 5, "proxy": 6, "notify": 7, "metrics_file": 8, "window": 9, "max_failures": 10,
        "concurrency": 11, "rate": 12, "connect_deadline_s": 13, "retry_after_cap_s": 14, "quota_waits_s": 15,
    }  # fmt: skip
    other = load(config, WHOLE, "other")
    assert (other.endpoint, other.api_key_file) == ("https://other.example", config.parent / "keys/other")  # fmt: skip
    assert (other.account, other.options, other.proxy, other.ca_file) == ("", {}, Secret(""), None)


def test_the_key_is_that_of_the_variable_that_is_named(config):
    found = load(config, WHOLE)
    assert found.key({"SHOP_KEY": " k \n"}) == "k"
    for known in ({}, {"SHOP_KEY": " "}):
        with pytest.raises(SettingsError) as caught:
            found.key(known)
        assert str(caught.value) == (
            f"{config}:4: profiles.shop.api_key_env: the environment variable SHOP_KEY is not set"
        )
    assert load(config, WHOLE, "other").key({"SHOP_KEY": "k"}) == ""


def test_a_place_is_file_line_and_name_as_far_as_they_are_known(config):
    found = load(config, WHOLE)
    assert found.place("rate") == f"{config}:12: profiles.shop.rate"
    assert found.place("timeout_s") == f"{config}: profiles.shop.timeout_s"
    inline = load(config, 'profiles.shop = {account = "shop", rate = 1}')
    assert (inline.lines, inline.place("rate")) == ({}, f"{config}: profiles.shop.rate")


ACCOUNT = '[profiles.shop]\naccount = "shop"\n'
TAKES = "is not what it takes: give"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{ACCOUNT}rpskey = 'k'", "FILE:3: profiles.shop.rpskey: the key itself is not kept here; give api_key_file or api_key_env"),
        (f"{ACCOUNT}key = 'k'", "FILE:3: profiles.shop.key: the key itself is not kept here; give api_key_file or api_key_env"),
        (f"{ACCOUNT}zzz = 1", "FILE:3: profiles.shop.zzz: not known; account, endpoint, api_key_file, api_key_env, ca_file, proxy, notify, "
         "metrics_file, window, max_failures, concurrency, daily_limit, max_attempts, rate, timeout, connect_deadline, retry_after_cap, quota_waits are"),
        (f"{ACCOUNT}window = ' '", f"FILE:3: profiles.shop.window: ' ' {TAKES} text in quotation marks"),
        (f"{ACCOUNT}daily_limit = 1.5", f"FILE:3: profiles.shop.daily_limit: 1.5 {TAKES} a whole number"),
        (f"{ACCOUNT}timeout = true", f"FILE:3: profiles.shop.timeout: True {TAKES} a number"),
        (f"{ACCOUNT}quota_waits = 60", f"FILE:3: profiles.shop.quota_waits: 60 {TAKES} numbers in brackets, such as [60, 300]"),
        (f"{ACCOUNT}quota_waits = [60, '5']", f"FILE:3: profiles.shop.quota_waits: [60, '5'] {TAKES} numbers in brackets, such as [60, 300]"),
        (f"{ACCOUNT}daily_limit = 1\ndaily-limit = 2", "FILE:4: profiles.shop.daily-limit: given twice, with - and with _"),
        (f"{ACCOUNT}endpoint = 'https://h'", "FILE:1: profiles.shop: give one of account and endpoint"),
        (f"{ACCOUNT}api_key_file = 'a'\napi_key_env = 'B'", "FILE:1: profiles.shop: give one of api_key_file and api_key_env"),
        (f"{ACCOUNT}\nother = 1\n[more]\n", "FILE:5: more is not known here; accounts are tables such as [profiles.more]"),
        ("[profiles]\nshop = 1", "FILE: profiles must hold tables, such as [profiles.shop]"), ("profiles = 1", "FILE: profiles must hold tables, such as [profiles.shop]"),
        ("rate = 1\n" + ACCOUNT, "FILE:1: rate is not known here; accounts are tables such as [profiles.shop]"),
        (f"{ACCOUNT}\n[ shops.one ]\nrate = 1", "FILE:4: shops is not known here; accounts are tables such as [profiles.shops]"),
        ("", "--profile shop: not in FILE; it has no table [profiles.NAME]"), ("[profiles.b]\n[profiles.a]", "--profile shop: not in FILE; it has a, b"),
        ("[profiles.shop]\naccount = \n", "FILE:2:11: Invalid value; the file is TOML: text in quotation marks"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(config, text, said):
    assert complaint(config, text).splitlines()[0] == said


def test_all_mistakes_are_named_and_the_account_last(config):
    text = "[profiles.shop]\nrate = '1'\nzone = 1\napi_key_file = 'a'\napi_key_env = 'B'\n"
    assert [line.partition(": ")[2].partition(":")[0] for line in complaint(config, text).splitlines()] == [
        "profiles.shop.rate", "profiles.shop.zone", "profiles.shop", "profiles.shop",
    ]  # fmt: skip


def test_a_file_without_a_name_of_a_profile_asks_for_one(config):
    assert (
        complaint(config, WHOLE, name="")
        == "--config FILE: give --profile NAME too; it has other, shop"
    )
    assert (
        complaint(config, "", name="")
        == "--config FILE: give --profile NAME too; it has no table [profiles.NAME]"
    )


def test_a_file_that_cannot_be_read_says_why(config):
    with pytest.raises(SettingsError) as caught:
        load_profile("shop", config, {})
    assert str(caught.value) == (
        f"{config}: there is no such file; make it with a table [profiles.NAME], or name another with "
        "--config FILE (in a file of jobs: config)"
    )
    config.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"config\.toml: cannot be read: not UTF-8$"):
        load_profile("shop", config, {})
    with pytest.raises(SettingsError, match=r"cannot be read: Is a directory$"):
        load_profile("shop", config.parent, {})
    config.write_bytes(b"\xef\xbb\xbf" + ACCOUNT.encode())
    assert load_profile("shop", config, {}).account == "shop"


@pytest.mark.parametrize(("mode", "is_refused"), [(0o620, True), (0o602, True), (0o644, False), (0o600, False), (0o655, False)])  # fmt: skip
def test_a_file_that_others_can_change_is_refused(config, mode, is_refused):
    if is_refused:
        assert complaint(config, ACCOUNT, mode=mode) == (
            "FILE: other users can change it, and with it the host that receives the key; run: chmod go-w FILE"
        )
    else:
        assert load(config, ACCOUNT, mode=mode).account == "shop"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(config):
    config.write_text(ACCOUNT)
    config.chmod(0o600)
    os.chown(config, 12345, -1)
    with pytest.raises(SettingsError, match="belongs to another user, who could change it"):
        load_profile("shop", config, {})


@pytest.mark.parametrize(
    ("entry", "mode", "is_refused"),
    [
        ("notify = 'https://h.example/t0ken'", 0o644, True), ("notify = 'https://h.example/t0ken'", 0o640, False), ("proxy = 'http://u:pw@p.example'", 0o604, True),
        ("proxy = 'http://p.example'", 0o644, False), ("proxy = 'http://u:pw@p.example'", 0o600, False),
    ],
)  # fmt: skip
def test_a_secret_that_everybody_can_read_is_refused(config, entry, mode, is_refused):
    if is_refused:
        name = entry.partition(" ")[0]
        said = complaint(config, f"{ACCOUNT}{entry}", mode=mode)
        assert said == (
            f"FILE:3: profiles.shop.{name}: every user of this machine can read it, and it may hold a password; run: chmod o-rwx FILE"
        )
    else:
        load(config, f"{ACCOUNT}{entry}", mode=mode)


def test_a_key_that_everybody_can_read_is_refused(config):
    key = config.parent / "shop.key"
    key.write_text("k")
    key.chmod(0o604)
    assert is_exposed(key)
    assert complaint(config, f"{ACCOUNT}api_key_file = 'shop.key'") == (
        f"FILE:3: profiles.shop.api_key_file: every user of this machine can read {key}; run: chmod o-rwx {key}"
    )
    key.chmod(0o660)
    assert (is_exposed(key), is_exposed(key.with_name("none"))) == (False, False)
    assert load(config, f"{ACCOUNT}api_key_file = 'shop.key'").api_key_file == key


def test_the_usual_file_is_below_the_folder_of_configurations(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config_file({"XDG_CONFIG_HOME": "/etc/x"}) == Path("/etc/x/bulk_import/config.toml")
    usual = tmp_path / ".config" / "bulk_import" / "config.toml"
    assert config_file({"XDG_CONFIG_HOME": "", "APPDATA": "C:\\x"}) == usual
    assert profile_names(None, {}) == ()
    usual.parent.mkdir(parents=True)
    usual.write_text(WHOLE)
    usual.chmod(0o600)
    assert profile_names(None, {}) == ("other", "shop")
    assert load_profile("other", None, {}).file == usual
    assert profile_names(usual, {"XDG_CONFIG_HOME": "/none"}) == ("other", "shop")
    with pytest.raises(SettingsError, match="there is no such file"):
        profile_names(tmp_path / "none.toml", {})


# -- what a profile makes of settings --------------------------------------------------------------


def gather(config: Path, text: str, environ: dict[str, str], **options: object) -> Settings:
    config.write_text(text, "utf-8")
    config.chmod(0o600)
    return Settings.from_env(profile="shop", config=config, environ=environ, dotenv=None, **options)  # type: ignore[arg-type]


def test_what_is_given_wins_over_the_profile_and_blanks_do_not(config):
    known = {"SHOP_KEY": "k"}
    found = gather(
        config,
        WHOLE,
        known,
        rate=0,
        window="",
        concurrency=None,
        ca_file=Path("x"),
        proxy="http://mine.example",
    )
    assert (found.limits.rate, found.limits.window, found.limits.concurrency) == (
        0,
        "01:00-05:00",
        3,
    )
    assert (found.ca_file, found.proxy.reveal()) == (Path("x"), "http://mine.example")
    assert gather(config, WHOLE, known).proxy.reveal() == "http://p.example"
    assert (
        gather(config, ACCOUNT, {"BULK_IMPORT_PROXY": "http://env.example"}).proxy.reveal()
        == "http://env.example"
    )


def test_the_key_of_a_profile_goes_to_its_own_account_alone(config, tmp_path):
    known = {"SHOP_KEY": "k", "INFLUENCERSOFT_API_KEY": "env"}
    assert gather(config, WHOLE, known, account="SHOP").api_key == Secret("k")
    same = gather(config, WHOLE, known, endpoint="shop.influencersoft.com/api")
    assert (same.api_key, same.endpoint) == (Secret("k"), "https://shop.influencersoft.com")
    for other in ({"account": "else"}, {"endpoint": "https://else.example"}):
        with pytest.raises(
            SettingsError,
            match=r"^--profile shop is for https://shop\.influencersoft\.com, and https://else",
        ):
            gather(config, WHOLE, known, **other)
    # Without a key of its own, the environment's is meant.
    found = gather(config, ACCOUNT, known, account="else")
    assert (found.endpoint, found.api_key) == ("https://else.influencersoft.com", Secret("env"))
    assert gather(config, ACCOUNT, known).api_key == Secret("env")
    key = tmp_path / "else.key"
    key.write_text("mine")
    found = gather(config, WHOLE, known, endpoint="https://else.example", api_key_file=key)
    assert (found.endpoint, found.api_key) == ("https://else.example", Secret("mine"))
    assert gather(config, WHOLE, {}, api_key_file=key).endpoint == "https://shop.influencersoft.com"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("rate = -1", ":3: profiles.shop.rate: --rate -1: give requests"), ("timeout = 0", ":3: profiles.shop.timeout_s: --timeout 0: give"),
        ("max_failures = 'x'", ":3: profiles.shop.max_failures: --max-failures 'x': a number"), ("proxy = 'x'", ":3: profiles.shop.proxy: --proxy, BULK_IMPORT_PROXY: give"),
    ],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_named_with_its_line(config, entry, said):
    with pytest.raises(SettingsError) as caught:
        gather(config, f"{ACCOUNT}{entry}", {})
    assert str(caught.value).startswith(f"{config}{said}")
