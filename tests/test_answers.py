"""What an answer of the API means for its row."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bulk_import.api.answers import hash_matches, parse_retry_after, quote, understand


@pytest.mark.parametrize(
    ("status", "body", "verdict", "code"),
    [
        (200, b'{"error_code":0,"error_text":"OK","result":[]}', "success", "0"),
        (200, b'{"error_code":"0","error_text":"ok"}', "success", "0"),
        (200, b'\xef\xbb\xbf {"error_code":0.0}', "success", "0"),
        (302, b'{"error_code":0}', "success", "0"),
        (200, b'{"error_code":102,"error_text":"registered"}', "success", "102"),
        *[(200, b'{"error_code":%d}' % code, "fatal", str(code)) for code in (1, 4, 5, 6, 7)],
        *[(200, b'{"error_code":%d}' % code, "refused", str(code)) for code in (2, 3, 100, 101, 103, 104, 400, 500, 801, 9999)],
        (200, b'{"error_code":8}', "throttled", "8"), (429, b"", "throttled", ""), (503, b"", "unreadable", "HTTP_503"),
        *[(status, b"<h1>x</h1>", "unreadable", f"HTTP_{status}") for status in (408, 500, 502, 504, 520, 530)],
        *[(status, b"", "refused", f"HTTP_{status}") for status in (400, 413, 414, 415, 422)],
        *[(status, b"", "unreadable", f"HTTP_{status}") for status in (402, 406, 411, 416, 421, 423)],
        # The status counts where the body is an envelope as well.
        (400, b'{"error_code":0}', "refused", "HTTP_400"), (500, b'{"error_code":0}', "unreadable", "HTTP_500"),
        (399, b'{"error_code":0}', "success", "0"), (199, b'{"error_code":0}', "unreadable", "ANSWER_UNREADABLE"),
        (300, b"", "fatal", "REDIRECTED"), (399, b"", "fatal", "REDIRECTED"), (308, b"", "moved", ""),
        *[(200, b'{"error_code":"%s"}' % text, "refused", code) for text, code in ((b" 3 ", "3"), (b"-3", "-3"), (b"999999999", "999999999"))],
        (200, '{"error_code":"٧"}'.encode(), "unreadable", "ANSWER_UNREADABLE"), (200, b'{"error_code":-3}', "refused", "-3"), (200, b'{"error_code":3.0}', "refused", "3"),
        *[(200, b'{"error_code":%s}' % code, "unreadable", "ANSWER_UNREADABLE") for code in (b'"1234567890"', b'"--3"', b'"3-"', b'""', b"[3]", b"1e999", b"false")],
        *[(status, b"", "forbidden", f"HTTP_{status}") for status in (401, 403, 404, 405, 410)],
        *[(200, body, "unreadable", "ANSWER_UNREADABLE") for body in (
            b"", b"null", b"[]", b"[0]", b"0", b'{"error_code":null}', b'{"error_code":true}', b'{"error_code":0.5}',
            b'{"error_code":NaN}', b'{"error_code":"x"}', b'{"error_text":"OK"}', b"<html>OK</html>", b'{"error_code":0', b"{" * 5000, b"\xff\xfe")],
        (301, b"", "fatal", "REDIRECTED"), (303, b"x", "fatal", "REDIRECTED"), (307, b"", "moved", ""),
    ],
)  # fmt: skip
def test_answers(status, body, verdict, code):
    answer = understand(status, {}, body)
    assert (answer.verdict, answer.code) == (verdict, code)


@pytest.mark.parametrize(
    ("body", "text", "note"),
    [
        (b'{"error_code":0,"error_text":"activation email sent"}', "activation email sent", "activation email sent"),
        (b'{"error_code":102,"error_text":"is registered"}', "is registered", "is registered"),
        (b'{"error_code":0,"error_text":"OK"}', "OK", ""), (b'{"error_code":0,"error_text":" ok\\n"}', "ok", ""),
        (b'{"error_code":0}', "", ""), (b'{"error_code":0,"error_text":7}', "", ""),
        (b'{"error_code":3,"error_text":"no name"}', "no name", ""), (b'{"error_code":8,"error_text":"wait"}', "wait", ""),
    ],
)  # fmt: skip
def test_a_success_that_is_more_than_ok_is_noted(body, text, note):
    answer = understand(200, {}, body)
    assert (answer.text, answer.note) == (text, note)


def test_the_result_of_a_method_is_handed_on():
    assert understand(200, {}, b'{"error_code":0,"result":[{"a":1}]}').result == [{"a": 1}]
    assert understand(200, {}, b'{"error_code":3,"result":[2]}').result == [2]


@pytest.mark.parametrize(
    ("status", "headers", "body", "trust_503", "verdict", "seconds", "is_quota"),
    [
        (429, {}, b"", False, "throttled", None, False),
        (429, {"Retry-After": "7"}, b"", False, "throttled", 7.0, False),
        (503, {}, b"", False, "unreadable", None, False),
        (503, {}, b"", True, "throttled", None, False),
        (503, {"Retry-After": "7"}, b"", False, "throttled", 7.0, False),
        (502, {"Retry-After": "7"}, b"", True, "unreadable", None, False),
        (200, {}, b'{"error_code":8}', False, "throttled", None, True),
        (200, {"Retry-After": "7"}, b'{"error_code":8}', False, "throttled", 7.0, True),
        (200, {"Retry-After": "7"}, b'{"error_code":0}', False, "success", None, False),
    ],
)
def test_how_long_to_wait_is_what_the_answer_asks_for(
    status, headers, body, trust_503, verdict, seconds, is_quota
):
    answer = understand(status, headers, body, trust_503=trust_503)
    assert (answer.verdict, answer.retry_after_s, answer.is_quota) == (verdict, seconds, is_quota)


@pytest.mark.parametrize(
    ("status", "headers", "body", "text"),
    [
        (429, {}, b"", "HTTP 429: the server asks to slow down"),
        (429, {"Retry-After": "7"}, b"", "HTTP 429: the server asks to slow down"),
        (429, {"Retry-After": "soon\t"}, b"", "HTTP 429: the server asks to slow down (Retry-After 'soon' says no time)"),
        (307, {"Location": "/a"}, b"", "redirect 307"),
        (301, {"Location": "/a"}, b"", "redirect 301 to /a, not followed: it would carry the key elsewhere; check --endpoint"),
        (302, {}, b"<html>", "redirect 302 to nowhere, not followed: it would carry the key elsewhere; check --endpoint"),
        (502, {}, b" \n", "HTTP 502, empty"), (413, {}, b"too long", "HTTP 413: too long"), (403, {}, b"no", "HTTP 403: no"),
        (500, {"Content-Type": "text/html; charset=cp1251"}, "Нет".encode("cp1251"), "HTTP 500: Нет"),
    ],
)  # fmt: skip
def test_what_came_instead_of_an_answer_is_described(status, headers, body, text):
    assert understand(status, headers, body).text == text


def test_a_redirect_that_may_be_followed_says_where_to():
    assert understand(308, {"Location": "/b"}, b"").location == "/b"


def test_retry_after_is_read_in_both_forms_and_junk_is_ignored():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert parse_retry_after("7", now) == 7
    assert parse_retry_after(" 0 ", now) == 0
    assert parse_retry_after("9" * 400, now) == 999_999_999_999
    assert parse_retry_after("Thu, 01 Jan 2026 00:01:30 -0000", now) == 90  # without a zone: UTC
    assert parse_retry_after(format_datetime(now + timedelta(seconds=90), usegmt=True), now) == 90
    for junk in (
        format_datetime(now, usegmt=True),  # nothing is left to wait for
        "",
        "soon",
        "-5",
        "1e9",
        "٧",
        "Thu, 01 Jan 2026 00:01:99999999999999999999 GMT",
        "Thu, 01 Jan 2026 00:01:30 +9999999999999",
        format_datetime(now - timedelta(days=1), usegmt=True),
    ):
        assert parse_retry_after(junk, now) is None


def test_an_unreadable_answer_is_quoted_on_one_clean_line():
    assert quote(b"<html>\x1b[31m\n a") == "<html> [31m a"
    assert quote(b"x" * 200) == "x" * 200
    assert quote(b"x" * 201) == "x" * 199 + "…"


def test_a_secret_is_taken_out_before_a_quote_is_cut():
    assert (
        quote(b"x" * 195 + b"secret", lambda text: text.replace("secret", "*")) == "x" * 195 + "*"
    )


REFUSAL = '{"error_code":101,"error_text":"Ошибка: адрес запрещён"}'


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (REFUSAL.encode("cp1251"), "", "Ошибка: адрес запрещён"),
        (REFUSAL.encode("cp1251"), "text/html; charset=windows-1251", "Ошибка: адрес запрещён"),
        (REFUSAL.encode("cp1251"), "text/html; charset=utf-8", "Ошибка: адрес запрещён"),
        (REFUSAL.encode("koi8-r"), 'application/json; charset="KOI8-R"', "Ошибка: адрес запрещён"),
        (REFUSAL.encode("utf-16"), "application/json; charset=utf-16", "Ошибка: адрес запрещён"),
        (REFUSAL.encode("cp1251"), "text/html; charset=x-unknown", "Ошибка: адрес запрещён"),
        (REFUSAL.encode("cp1251"), "text/html; charset=unicode_escape", "Ошибка: адрес запрещён"),
        (REFUSAL.encode("utf-8"), "text/html; charset=windows-1251", "Ошибка: адрес запрещён"),
        (b'{"error_code":101,"error_text":"half \xd0\x98 \x98"}', "", "half Р\ufffd \ufffd"),
        (b'{"error_code":101,"error_text":"half \\ud83d"}', "", "half"),
        (b'{"error_code":101,"error_text":"two\nlines"}', "", "two lines"),
    ],
)  # fmt: skip
def test_a_code_is_understood_in_whatever_charset_its_text_comes(body, content_type, text):
    answer = understand(200, {"Content-Type": content_type}, body)
    assert (answer.verdict, answer.code, answer.text) == ("refused", "101", text)


def test_the_hash_of_an_answer_in_an_old_charset_is_checked_over_its_bytes():
    told = hashlib.md5("101::Ошибка::k".encode("cp1251"), usedforsecurity=False).hexdigest()
    assert hash_matches(told, 101, "Ошибка", "k")
    assert hash_matches(f" {told.upper()}\n", 101, "Ошибка", "k")
    assert not hash_matches(told, 101, "Ошибка", "other")
    assert not hash_matches(None, 101, "Ошибка", "k")
    assert not hash_matches("жé\ud800", 101, "Ошибка", "k")


def test_a_date_is_turned_into_seconds_by_the_clock_of_the_moment():
    now = datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    for second, seconds in ((0, None), (1, 0.5), (31, 30.5)):
        until = {"Retry-After": f"Thu, 01 Jan 2026 00:00:{second:02} GMT"}
        assert understand(429, until, b"", now=now).retry_after_s == seconds
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert 3500 < understand(503, {"Retry-After": later}, b"").retry_after_s <= 3600


def test_a_date_may_name_its_zone_and_is_utc_without_one():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for text in ("Thu, 01 Jan 2026 01:01:30 +0100", "Wed, 31 Dec 2025 19:01:30 EST"):
        assert parse_retry_after(text, now) == 90
    assert parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now) > 1e11
