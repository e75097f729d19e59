"""What each setting is when nobody gives it, which values it takes, and how an address is written."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bulk_import.errors import SettingsError
from bulk_import.settings import Limits, Patience, Policy, Safeguards, Settings, parse_limit
from bulk_import.system.addresses import (
    account_endpoint,
    account_name,
    normalize_endpoint,
    normalize_proxy,
)
from bulk_import.system.secrets import Secret


def test_the_defaults_are_those_of_the_documentation(monkeypatch):
    monkeypatch.delenv("BULK_IMPORT_SENDING", raising=False)
    assert asdict(Limits()) == {
        "rate": 2.0, "concurrency": 4, "daily_limit": 0, "window": "", "ends_when_closed": False,
        "first_limit": 1.0,
    }  # fmt: skip
    assert asdict(Patience()) == {
        "timeout_s": 30.0, "max_attempts": 5, "connect_deadline_s": 60.0, "throttles": 20, "quota_waits_s": (60.0, 300.0, 900.0),
        "retry_after_cap_s": 600.0, "backoff_s": 1.0, "throttle_wait_s": 1.0,
    }  # fmt: skip
    assert asdict(Safeguards()) == {
        "limit": None, "canary": 0, "max_failures": "", "breaker_failures": 25, "breaker_s": 10.0, "equal_refusals": 10, "strict_suppress": None,
    }  # fmt: skip
    assert asdict(Policy()) == {
        "preflight": True, "verify_hash": "off", "trust_503": False, "retry_failed": False, "resend_unknown": False, "report_safe": False,
        "read_ahead_bytes": 1_048_576, "workers": 0, "cluster": "", "heeds_no": True, "send_by": "direct",
    }  # fmt: skip
    plain = Settings()
    assert (plain.endpoint, plain.api_key, plain.proxy, plain.dry_run) == ("", Secret(""), Secret(""), False)  # fmt: skip
    assert (plain.ca_file, plain.run_dir, plain.state_dir) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "good", "bad", "said"),
    [
        ("rate", (0, 0.001, 1e9), (-0.001, math.inf, math.nan), "--rate {}: give requests per second, 0 for no limit"),
        ("concurrency", (1, 1000), (0, 1001), "--concurrency {}: give 1 to 1000"),
        ("daily_limit", (0, 1), (-1,), "--daily-limit {}: give a number of requests"),
        ("timeout_s", (0.001, 3600), (0, 3600.5), "--timeout {}: give 1 to 3600 seconds"),
        ("max_attempts", (1, 100), (0, 101), "--max-attempts {}: give 1 to 100"),
        ("limit", (None, 0, 1), (-1,), "--limit {}: give a number of rows"),
        ("canary", (0, 1), (-1,), "--canary {}: give a number of rows"),
        ("workers", (0, 1000), (-1, 1001), "--workers {}: give a number of processes"),
        ("verify_hash", ("off", "warn", "require"), ("on",), "--verify-hash {}: give off, warn or require"),
        ("send_by", ("direct", "session"), ("pigeon",), "BULK_IMPORT_SENDING {}: give direct or session"),
    ],
)  # fmt: skip
def test_a_setting_takes_the_values_up_to_its_limits(name, good, bad, said):
    for value in good:
        Settings(**{name: value})
    for value in bad:
        with pytest.raises(SettingsError) as caught:
            Settings(**{name: value})
        assert str(caught.value) == said.format(value)


@pytest.mark.parametrize(
    ("text", "limit"),
    [("20", (20.0, False)), ("0", (0.0, False)), (" 5% ", (5.0, True)), ("0.5%", (0.5, True)), ("100%", (100.0, True)), ("101", (101.0, False))],
)  # fmt: skip
def test_a_limit_of_failures_is_a_number_or_a_share(text, limit):
    assert parse_limit(text) == limit
    assert Safeguards(max_failures=text).max_failures == text


@pytest.mark.parametrize("text", ["x", "-1", "5 %", "0.5", "1e3", "%"])
def test_a_limit_that_is_neither_is_refused(text):
    with pytest.raises(SettingsError) as caught:
        Settings(max_failures=text)
    assert str(caught.value) == f"--max-failures {text!r}: a number of rows (20) or a share (5%)"


@pytest.mark.parametrize("text", ["101%", "100.5%"])
def test_a_share_is_at_most_everything(text):
    with pytest.raises(SettingsError) as caught:
        Settings(max_failures=text)
    assert str(caught.value) == f"--max-failures {text!r}: a share is at most 100%"


def test_strict_lists_are_a_default_that_a_decision_overrides():
    assert Settings().with_strict_lists().safeguards.strict_suppress is True
    assert Settings(strict_suppress=False).with_strict_lists().safeguards.strict_suppress is False
    kept = Settings(strict_suppress=True, canary=3)
    assert kept.with_strict_lists() is kept
    assert Settings(canary=3).with_strict_lists().safeguards.canary == 3


def test_what_is_missing_before_sending_is_said_at_once():
    account = (
        "which account? give --account LOGIN or --profile NAME, or set INFLUENCERSOFT_ACCOUNT "
        "(or --endpoint URL, INFLUENCERSOFT_ENDPOINT)"
    )
    key = "no API key: set INFLUENCERSOFT_API_KEY in the environment or in .env, or give --api-key-file FILE"
    for settings, said in (
        (Settings(), f"{account}\n{key}"),
        (Settings(endpoint="https://h.example"), key),
        (Settings(api_key="k"), account),
    ):
        with pytest.raises(SettingsError) as caught:
            settings.ready_to_send()
        assert str(caught.value) == said
    ready = Settings(endpoint="H.example/api/", api_key="k", rate=7).ready_to_send()
    assert ready == Settings(endpoint="https://h.example", api_key="k", rate=7)


def test_a_name_that_is_far_from_every_setting_gets_no_hint():
    with pytest.raises(TypeError) as caught:
        Settings(zzzzzz=1)  # type: ignore[call-arg]
    assert str(caught.value) == "no setting is called 'zzzzzz'"
    with pytest.raises(TypeError, match=r"no setting is called 'endpont'; did you mean endpoint\?"):
        replace(Settings(), endpont="x")


# -- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("login", "url"),
    [
        ("shop", "https://shop.influencersoft.com"), (" Shop-2_a ", "https://shop-2_a.influencersoft.com"), ("", ""), ("  ", ""),
        ("a", "https://a.influencersoft.com"), ("a" * 63, f"https://{'a' * 63}.influencersoft.com"),
    ],
)  # fmt: skip
def test_the_address_of_an_account_follows_from_its_login(login, url):
    assert account_endpoint(login) == url


@pytest.mark.parametrize("login", ["a" * 64, "-a", "a-", "_a", "a.b", "a b", "https://a", "ä"])
def test_what_is_no_login_is_refused(login):
    with pytest.raises(SettingsError) as caught:
        account_endpoint(login)
    assert str(caught.value) == (
        f"--account {login!r}: give the login alone, as in LOGIN.influencersoft.com; an account on another "
        "domain is named by --endpoint https://…"
    )


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://shop.example.com", "https://shop.example.com"), (" Shop.example.com ", "https://shop.example.com"), ("https://h.example/", "https://h.example"),
        ("https://h.example/api", "https://h.example"), ("https://h.example/API/AddUpdateLead/", "https://h.example"),
        ("https://h.example/getalllists", "https://h.example"), ("https://h.example/api/getpersonalmanagers", "https://h.example"),
        ("https://h.example:443", "https://h.example"), ("https://h.example:80", "https://h.example:80"), ("https://h.example:8443/", "https://h.example:8443"),
        ("http://localhost", "http://localhost"), ("http://localhost:80", "http://localhost"), ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/api", "http://[::1]:8000"), ("https://h.example.", "https://h.example"),
    ],
)  # fmt: skip
def test_an_address_is_cut_to_its_base(url, base):
    assert normalize_endpoint(url) == base
    assert normalize_endpoint(base) == base


URL = "--endpoint {!r}: give a URL such as https://shop.example.com"
ALONE = "--endpoint: give the address alone, without user, password, ? or #; the key has a place of its own"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://h.example", URL), ("https://", URL), ("a b", URL), ("", URL), ("https://u@h.example", ALONE), ("https://:p@h.example", ALONE),
        ("https://h.example?k=1", ALONE), ("https://h.example#k", ALONE),
        ("http://h.example", "--endpoint {!r}: plain http would show your API key to everybody on the way; use https://h.example"),
        ("https://h.example/shop", "--endpoint {!r}: the address of the account is enough: https://h.example"),
        ("https://h.example/api/other", "--endpoint {!r}: the address of the account is enough: https://h.example"),
        ("https://h.example:99999", "--endpoint {!r}: not a URL (Port out of range 0-65535)"),
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_with_what_to_give(url, said):
    with pytest.raises(SettingsError) as caught:
        normalize_endpoint(url)
    assert str(caught.value) == said.format(url)


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        ("https://Shop.example.com/api", "shop.example.com:443"), ("https://h.example:8443", "h.example:8443"), ("http://localhost:8000", "localhost:8000"),
        ("http://127.0.0.1:8000", "localhost:8000"), ("http://[::1]", "localhost:80"), ("https://127.0.0.1", "localhost:443"),
    ],
)  # fmt: skip
def test_an_account_has_one_name_for_all_spellings_of_its_address(endpoint, name):
    assert account_name(endpoint) == name


PROXY = "--proxy, BULK_IMPORT_PROXY: give a URL such as http://proxy.example.com:3128"


@pytest.mark.parametrize("url", ["http://p.example:3128", " https://u:pw@p.example ", Secret("http://p.example")])  # fmt: skip
def test_a_proxy_is_kept_as_a_secret(url):
    expected = url if isinstance(url, Secret) else Secret(url.strip())
    assert normalize_proxy(url) == expected
    assert Settings(proxy=url).proxy == expected


@pytest.mark.parametrize("url", ["p.example:3128", "socks5://p.example", "http://", "http://p.example:0", "http://p.example:99999", "http://[p"])  # fmt: skip
def test_what_is_no_proxy_is_refused_and_not_shown(url):
    with pytest.raises(SettingsError) as caught:
        normalize_proxy(url)
    assert str(caught.value) == PROXY
    assert normalize_proxy("  ") == Secret("") == normalize_proxy(Secret(""))


def gathered(environ: dict[str, str], **options: object) -> Settings:
    return Settings.from_env(environ=environ, dotenv=None, **options)  # type: ignore[arg-type]


def test_a_proxy_of_the_command_line_wins_and_holds_no_password():
    known = {"BULK_IMPORT_PROXY": "http://u:pw@env.example"}
    assert gathered(known).proxy.reveal() == "http://u:pw@env.example"
    assert gathered(known, proxy="http://p.example").proxy.reveal() == "http://p.example"
    assert gathered({}, proxy=None).proxy == Secret("")
    assert (
        gathered({}, proxy=Secret("http://u:pw@p.example")).proxy.reveal()
        == "http://u:pw@p.example"
    )
    with pytest.raises(SettingsError) as caught:
        gathered({}, proxy="http://u:pw@p.example")
    assert str(caught.value) == (
        "--proxy: every program on this computer can read user and password in a command line; set "
        "BULK_IMPORT_PROXY to http://user:password@host:port instead"
    )


def test_account_and_endpoint_are_not_given_both_and_the_endpoint_of_the_environment_wins():
    both = {"INFLUENCERSOFT_ACCOUNT": "env", "INFLUENCERSOFT_ENDPOINT": "https://e.example"}
    assert gathered(both).endpoint == "https://e.example"
    assert gathered(both, account="shop").endpoint == "https://shop.influencersoft.com"
    assert gathered({"INFLUENCERSOFT_ACCOUNT": "env"}).endpoint == "https://env.influencersoft.com"
    assert gathered({}).endpoint == ""
    with pytest.raises(SettingsError, match=r"^--account and --endpoint: give one of them, they say the same$"):  # fmt: skip
        gathered({}, account="a", endpoint="https://b.example")


def test_what_is_none_is_as_by_default_and_locks_have_their_folder(tmp_path):
    found = gathered({"BULK_IMPORT_LOCKS": str(tmp_path)}, rate=None, limit=0, dry_run=True)
    assert (found.limits.rate, found.safeguards.limit, found.dry_run) == (2.0, 0, True)
    assert found.state_dir == tmp_path
    assert gathered({}, state_dir=Path("x")).state_dir == Path("x")
    assert gathered({}, state_dir=None).state_dir is None
