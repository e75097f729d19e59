"""Where settings come from."""

from __future__ import annotations

import pytest

from bulk_import.errors import SettingsError
from bulk_import.settings import Settings


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
    assert (flags.api_key.reveal(), flags.endpoint, flags.rate) == (
        "from-file",
        "https://shop.influencersoft.com",
        5,
    )
    with pytest.raises(SettingsError, match="which account") as caught:
        Settings.from_env(environ={}, dotenv=None).ready_to_send()
    assert "no API key" in str(caught.value)
