"""What an answer of the API means for its row."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bulk_import.api.answers import hash_matches, parse_retry_after, understand


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
        *[(status, b"", "refused", f"HTTP_{status}") for status in (400, 413, 422)],
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


def test_a_success_that_is_more_than_ok_is_noted():
    answer = understand(
        200, {}, b'{"error_code":0,"error_text":"activation email sent to subscriber"}'
    )
    assert answer.note == "activation email sent to subscriber"


def test_retry_after_is_read_in_both_forms_and_junk_is_ignored():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert parse_retry_after("7", now) == 7
    assert parse_retry_after(format_datetime(now + timedelta(seconds=90), usegmt=True), now) == 90
    for junk in (
        "",
        "soon",
        "-5",
        "1e9",
        "٧",
        format_datetime(now - timedelta(days=1), usegmt=True),
    ):
        assert parse_retry_after(junk, now) is None


def test_an_unreadable_answer_is_quoted_on_one_clean_line():
    text = understand(200, {}, b"<html>\x1b[31m\n" + b"x" * 1000).text
    assert len(text) < 250
    assert text.isprintable()


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
    assert not hash_matches(told, 101, "Ошибка", "other")
