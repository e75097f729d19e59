"""Where settings come from."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import get_type_hints

import pytest

from bulk_import.errors import SettingsError
from bulk_import.settings import GROUPS, Limits, Options, Policy, Settings
from bulk_import.system.secrets import Secret


def test_settings_come_from_flags_then_file_then_environment_then_dotenv(tmp_path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("INFLUENCERSOFT_API_KEY='a#$b'\nINFLUENCERSOFT_ACCOUNT=dot\n", "utf-8")
    key_file = tmp_path / "key"
    key_file.write_text("from-file\n", "utf-8")
    env = {
        "INFLUENCERSOFT_API_KEY": "from-env",
        "INFLUENCERSOFT_ENDPOINT": "https://x.example.com/api/addupdatelead",
    }

    from_dotenv = Settings.from_env(environ={}, dotenv=dotenv)
    assert (from_dotenv.api_key.reveal(), from_dotenv.endpoint) == (
        "a#$b",
        "https://dot.influencersoft.com",
    )
    from_env = Settings.from_env(environ=env, dotenv=dotenv)
    assert (from_env.api_key.reveal(), from_env.endpoint) == ("from-env", "https://x.example.com")
    flags = Settings.from_env(
        environ=env, dotenv=None, account="Shop", api_key_file=key_file, rate=5
    )
    assert (flags.api_key.reveal(), flags.endpoint, flags.limits.rate) == (
        "from-file",
        "https://shop.influencersoft.com",
        5,
    )
    with pytest.raises(SettingsError, match="which account") as caught:
        Settings.from_env(environ={}, dotenv=None).ready_to_send()
    assert "no API key" in str(caught.value)


def test_a_setting_may_be_given_by_its_own_name_or_in_its_group():
    assert Settings(rate=5, timeout_s=9) == replace(Settings(limits=Limits(rate=5)), timeout_s=9)
    kept = replace(
        Settings(limits=Limits(rate=5, concurrency=7), policy=Policy(preflight=False)), rate=1
    )
    assert (kept.limits, kept.policy) == (Limits(rate=1, concurrency=7), Policy(preflight=False))


def test_the_flat_names_that_are_typed_are_those_of_the_groups():
    of_groups = {
        name: kind for group in GROUPS.values() for name, kind in get_type_hints(group).items()
    }
    assert get_type_hints(Options) == of_groups
    own = {field.name for field in fields(Settings)}
    assert not own & of_groups.keys()
    assert own >= GROUPS.keys()


def test_a_setting_that_does_not_exist_is_refused_and_the_nearest_one_named():
    with pytest.raises(TypeError, match="'rte'; did you mean rate"):
        Settings(rte=5)
    with pytest.raises(SettingsError, match="--rate -1"):
        Settings(rate=-1)


def test_a_key_given_as_text_is_kept_as_a_secret_and_never_shown():
    settings = Settings(endpoint="https://shop.example.com", api_key="k#=%+;y")
    assert settings.api_key == Secret("k#=%+;y")
    assert "k#=" not in f"{settings} {settings!r} {replace(settings, rate=1)!r}"
