"""Cells with e-mail addresses: the one that is meant, without what surrounds it, or why there is none."""

from __future__ import annotations

import pytest

from bulk_import.normalize.addresses import normalize_postal_code
from bulk_import.normalize.emails import (
    is_placeholder,
    is_plain_domain,
    normalize_email,
    refusing_remark,
)
from bulk_import.normalize.mailboxes import (
    Mailboxes,
    domain_in,
    domain_key,
    email_key,
    is_spoken,
    mailboxes,
)
from bulk_import.normalize.providers import is_public_provider
from bulk_import.normalize.result import NormalizeError

ADVICE = "write one address such as anna@example.org"


def _refused(text: str, **options) -> tuple[str, str, tuple[str, ...]]:
    with pytest.raises(NormalizeError) as caught:
        normalize_email(text, **options)
    return caught.value.code, str(caught.value), caught.value.candidates


@pytest.mark.parametrize(
    ("text", "value", "rule"),
    [
        ("a@b.org", "a@b.org", "plain"), ("A@B.ORG", "A@b.org", "checked"), ("a" * 58 + "@b.org", "a" * 58 + "@b.org", "plain"),
        ("a" * 59 + "@b.org", "a" * 59 + "@b.org", "checked"), ("a" * 64 + "@b.org", "a" * 64 + "@b.org", "checked"),
        # a name beside it
        ("Ann <a@b.org>", "a@b.org", "display_name"), ("Ann <a@b.org> (work)", "a@b.org", "display_name"), ("Ann <a@b.org> [x];", "a@b.org", "display_name"),
        ("a@b.org - work", "a@b.org", "display_name"), ("a@b.org (x)", "a@b.org", "display_name"), ("<mailto:a@b.org>", "a@b.org", "display_name"),
        ("a@b.org <A@b.org>", "A@b.org", "display_name"), ("→ Ann <a@b.org>", "a@b.org", "display_name"),
        # a label before it
        ("E-mail: a@b.org", "a@b.org", "checked"), ("email=a@b.org", "a@b.org", "checked"), ("Ann: a@b.org", "a@b.org", "checked"),
        ("почта: a@b.org", "a@b.org", "checked"), ("mail - a@b.org", "a@b.org", "checked"),
        # signs around it
        ('="a@b.org"', "a@b.org", "checked"), ("a@b.org/", "a@b.org", "checked"), ("a@b.org!", "a@b.org", "checked"), ("a@b.org?", "a@b.org", "checked"),
        ("'a@b.org'", "a@b.org", "checked"), ("“a@b.org”", "a@b.org", "checked"), ("|a@b.org|", "a@b.org", "checked"), ("a@b.org>", "a@b.org", "checked"),
        ("•a@b.org", "a@b.org", "checked"), ("✉ a@b.org", "a@b.org", "checked"), ("📧a@b.org", "a@b.org", "checked"), ("– a@b.org", "a@b.org", "checked"),
        ("a @ b.org", "a@b.org", "checked"), ("a@ b.org", "a@b.org", "checked"), ("a＠b。org", "a@b.org", "checked"), ("ａ@b.org", "a@b.org", "checked"),
        # links
        ("mailto:a@b.org?subject=x", "a@b.org", "mailto"), ("SMTP:a@b.org", "a@b.org", "mailto"), ("mailto:a@b.org/", "a@b.org", "mailto"),
        ('<a href="mailto:a@b.org">a@b.org</a>', "a@b.org", "html"), ("<a href='mailto:a@b.org?x=y'>mailto:A@B.org</a>", "A@b.org", "html"),
        # one address twice
        ("a@b.org; A@B.org", "a@b.org", "repeated"), ("a@b.org\na@b.org", "a@b.org", "repeated"),
        # other alphabets
        ("иван@пример.рф", "иван@пример.рф", "checked"), ("a@пример.рф", "a@пример.рф", "checked"), ("асе@пример.рф", "асе@пример.рф", "checked"),
        ("a@bücher.de", "a@bücher.de", "checked"), ("a@XN--BCHER-KVA.DE", "a@xn--bcher-kva.de", "checked"), ("müller@x.org", "müller@x.org", "checked"),
        ("दीपक@उदाहरण.भारत", "दीपक@उदाहरण.भारत", "checked"),
    ],
)  # fmt: skip
def test_the_one_address_of_a_cell_is_read(text, value, rule):
    found = normalize_email(text)
    assert (found.value, found.rule, found.notes) == (value, f"email.{rule}", ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("foo", "has no @"), ("{{email}}@x.org", "has a placeholder or a bracket in the address"), ("=jean@x.org", "is written as in a formula or a link"),
        ("jean%20@x.org", "is written as in a formula or a link"), ("jean%2Bnews@x.org", "is written as in a formula or a link"), ("%EMAIL%@x.org", "has a placeholder or a bracket in the address"),
        ("a}b@x.org", "has a placeholder or a bracket in the address"), ("a★b@c.org", ": '★' (U+2605) is in no address"),
        ("ab📧@c.org", ": '📧' (U+1F4E7) is in no address"), ("@b.org", ": There must be something before the @-sign"),
        ("a@", ": There must be something after the @-sign"), (".a@b.org", ": An email address cannot start with a period"),
        ("a.@b.org", ": An email address cannot have a period immediately before the @-sign"), ("a..b@c.org", ": An email address cannot have two periods in a row"),
        ("a@-b.org", ": An email address cannot have a hyphen immediately after the @-sign"), ("a@b-.org", ": An email address cannot have a period and a hyphen next to each other"),
        ("a@b", ": The part after the @-sign is not valid. It should have a period"), ("a@b.c", ": b.c is not a domain"),
        ("a@b.1", ": The part after the @-sign is not valid. It is not within a valid top-level domain"), ("a@b_c.org", ": The part after the @-sign contains invalid characters: '_'"),
        ("a b@c.org", ": The email address contains invalid characters before the @-sign: SPACE"),
        ("a" * 65 + "@b.org", ": The email address is too long before the @-sign (1 character too many)"),
        ("a@b.local", ": no mail is delivered to .local from outside"), ("a@b.test", ": no mail is delivered to .test from outside"),
        ("a@b.onion", ": no mail is delivered to .onion from outside"), ("a@b.invalid", ": no mail is delivered to .invalid from outside"),
        ("a@b.localhost", ": no mail is delivered to .localhost from outside"), ("a@b.arpa", ": no mail is delivered to .arpa from outside"),
    ],
)  # fmt: skip
def test_why_a_cell_has_no_address(text, why):
    joint = "" if why.startswith(":") else " "
    assert _refused(text) == ("EMAIL_INVALID", f"{text!r}{joint}{why}; {ADVICE}", ())


@pytest.mark.parametrize(
    ("text", "letter", "said"),
    [
        ("аnna@x.org", "а", "Cyrillic letter (U+0430)"), ("anna@хn.org", "х", "Cyrillic letter (U+0445)"), ("анна@x.org", "а", "Cyrillic letter (U+0430)"),
        ("асе@x.org", "а", "Cyrillic letter (U+0430)"), ("annα@x.org", "α", "Greek letter (U+03B1)"), ("a@bоx.рф", "о", "Cyrillic letter (U+043E)"),
    ],
)  # fmt: skip
def test_a_letter_that_only_looks_latin_is_named(text, letter, said):
    assert _refused(text) == (
        "EMAIL_INVALID",
        f"{text!r}: {letter!r} is a {said} among Latin ones; type the address again in Latin letters",
        (),
    )


def test_an_empty_cell_and_one_of_a_thousand_characters():
    assert _refused(" ") == ("EMAIL_INVALID", f"empty; {ADVICE}", ())
    assert _refused("x" * 1001) == ("EMAIL_INVALID", f"too long; {ADVICE}", ())
    longest = "x" * 990 + " <a@b.org>"
    assert (len(longest), normalize_email(longest).value) == (1000, "a@b.org")


@pytest.mark.parametrize(
    "between", ["; ", ", ", " | ", " / ", "\n", " ", " and ", " or ", " или ", " и "]
)
def test_several_addresses_are_refused_or_the_first_is_used_and_said_so(between):
    text = f"a@b.org{between}c@d.org"
    shown = " ".join(text.split())
    assert _refused(text) == (
        "EMAIL_SEVERAL",
        f"{shown!r} holds 2 addresses; leave one, or set several: first",
        ("a@b.org", "c@d.org"),
    )
    found = normalize_email(text, several="first")
    assert (found.value, found.rule) == ("a@b.org", "email.first_of_several")
    assert [(note.code, note.message) for note in found.notes] == [
        ("EMAIL_FIRST_OF_SEVERAL", f"{shown!r} holds several addresses; the first is used")
    ]


@pytest.mark.parametrize(
    "text", ["b@c.org <a@b.org>", "a@b.org (c@d.org)", "<a@b.org> [c@d.org]", "a@b.org, a@b.org, c@d.org"]
)  # fmt: skip
def test_another_address_beside_one_makes_two(text):
    assert _refused(text)[0] == "EMAIL_SEVERAL"


def test_a_link_that_shows_another_address_than_it_leads_to_is_refused():
    assert _refused("<a href='mailto:a@b.org'>c@d.org</a>")[0] == "EMAIL_INVALID"


@pytest.mark.parametrize("text", ["a@b.org; foo@", "a@b.org; foo", "foo@; a@b.org"])
def test_an_address_beside_a_broken_one_is_refused_even_where_the_first_would_do(text):
    assert _refused(text, several="first")[0] == "EMAIL_INVALID"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a@b.org (unsubscribed)", "unsubscribed"),
        ("a@b.org отписан", "отписан"),
        ("Do not e-mail: a@b.org", "do not e mail"),
    ],
)
def test_a_remark_that_says_no_refuses_its_address(text, said):
    assert refusing_remark(text) == said
    assert _refused(text) == (
        "EMAIL_SAYS_NO",
        f"{text!r} says {said!r}: not sent; remove the remark if it is wrong, or the row",
        ("a@b.org",),
    )


def test_an_address_alone_says_no_by_none_of_its_words():
    for text in ("unsubscribed@b.org", "Unsubscribed@B.org", "a@b.org (work)", "a@b.org (12)", ""):
        assert refusing_remark(text) == ""


def test_shared_and_thrown_away_addresses_are_refused_on_request_only():
    for text in ("info@b.org", "INFO+x@b.org", "No-Reply@b.org"):
        assert normalize_email(text).notes == ()
        assert _refused(text, refuse_role=True) == (
            "EMAIL_ROLE",
            f"{normalize_email(text).value!r} is a shared mailbox, not a person",
            (),
        )
    for text in ("a@mailinator.com", "a@x.mailinator.com"):
        assert normalize_email(text).notes == ()
        assert _refused(text, refuse_disposable=True) == (
            "EMAIL_DISPOSABLE",
            f"{text!r} is a throw-away address",
            (),
        )
    kept = ("information@b.org", "a@mailinator-fans.example")
    for text in kept:
        assert normalize_email(text, refuse_role=True, refuse_disposable=True).value == text


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmial.com", "gmail.com"), ("gmail.comm", "gmail.com"), ("gmaio.com", "gmail.com"), ("hotmial.com", "hotmail.com"), ("yahho.com", "yahoo.com"),
        ("outllook.com", "outlook.com"), ("icould.com", "icloud.com"), ("mial.ru", "mail.ru"), ("yandx.ru", "yandex.ru"), ("ramler.ru", "rambler.ru"),
        ("aol.con", "aol.com"), ("wep.de", "web.de"), ("gmx.dee", "gmx.de"), ("protonmial.com", "protonmail.com"), ("t-onlin.de", "t-online.de"),
        ("hotmail.co.uc", "hotmail.co.uk"),
    ],
)  # fmt: skip
def test_a_host_that_is_a_slip_is_sent_as_it_stands_and_named(domain, meant):
    found = normalize_email(f"a@{domain}")
    assert (found.value, is_plain_domain(domain)) == (f"a@{domain}", False)
    assert [(note.code, note.message) for note in found.notes] == [
        ("EMAIL_TYPO", f"{domain} looks like a slip for {meant}; sent as it stands")
    ]


def test_a_top_level_domain_that_there_is_not_is_named():
    found = normalize_email("a@b.zzz")
    assert [(note.code, note.message) for note in found.notes] == [
        ("EMAIL_TOP_DOMAIN", "there is no top-level domain .zzz; sent as it stands")
    ]
    assert [is_plain_domain(one) for one in ("b.org", "b.example", "b.zzz", "b.local", "b.test")] == [True, True, False, False, False]  # fmt: skip


@pytest.mark.parametrize(
    ("email", "is_one"),
    [
        ("noemail@b.org", True), ("no-email@gmail.com", True), ("NONE@b.org", True), ("test1@b.org", True), ("x_x_x@b.org", True), ("нет@почта.рф", True),
        ("anna@noemail.com", True), ("anna@no-mail.org", True), ("anna@test.com", False), ("anna@example.com", False), ("anna@abc.com", False),
        ("anna@no.com", False), ("anna@na.de", False), ("anna@nett.de", False), ("nathan@b.org", False), ("testa@b.org", False), ("anna@b.none", False),
    ],
)  # fmt: skip
def test_what_people_type_where_there_is_no_address(email, is_one):
    assert is_placeholder(email) is is_one


@pytest.mark.parametrize(
    ("text", "addresses", "domains"),
    [
        ("a@b.org", "a@b.org", ""), ("Ann <A@b.org>, c@d.org", "A@b.org c@d.org", ""), ("a@b.org a@b.org", "a@b.org", ""), ("a&#64;b.org", "a@b.org", ""),
        ("a%40b.org", "a@b.org", ""), ("a (at) b.org", "a@b.org", ""), ("a [at] b [dot] org", "a@b.org", ""), ("a{@}b.org", "a@b.org", ""),
        ("anna at example dot org", "anna@example.org", ""), ("anna AT example DOT co DOT uk", "anna@example.co.uk", ""), ("a (a) b.org", "a@b.org", ""),
        ("a (собака) b (точка) org", "a@b.org", ""), ("a @ b.org", "a@b.org", ""), ("*@b.org", "", "b.org"), ("x, @c.org", "", "c.org"), ("@B.org; %@c.org", "", "b.org c.org"),
        ("x=a@b.org", "x=a@b.org a@b.org", ""), ("mail=a@b.org", "a@b.org", ""), ("-a@b.org", "-a@b.org a@b.org", ""), ("ａ＠b.org", "a@b.org", ""), ("a@b.org.", "a@b.org", ""), ("see a@b.org!", "a@b.org", ""),
    ],
)  # fmt: skip
def test_all_addresses_and_domains_of_a_text_are_found(text, addresses, domains):
    assert mailboxes(text) == Mailboxes(tuple(addresses.split()), tuple(domains.split()), True)


@pytest.mark.parametrize(
    ("text", "addresses"),
    [("a@b.org, c@", "a@b.org"), ("a@b@c.org", ""), ("a@b.org@c.org", ""), ("x@y, a@b.org", "a@b.org"), ("a@b..org", ""), ("@twitter", "")],
)  # fmt: skip
def test_a_text_with_a_sign_that_is_no_address_is_not_understood_whole(text, addresses):
    found = mailboxes(text)
    assert (found.addresses, found.domains, found.is_whole) == (tuple(addresses.split()), (), False)


def test_a_text_without_the_sign_has_no_address():
    for text in ("", "anna", "anna at home", "dot org", "at dot", "AT&T"):
        assert mailboxes(text) == Mailboxes()
        assert not is_spoken(text)
    assert is_spoken("anna at example dot org")
    assert is_spoken("anna (a) example.org")
    assert not is_spoken("anna at example.org")


@pytest.mark.parametrize(
    ("one", "other", "dots", "equal"),
    [
        ("A@B.org", "a@b.ORG", False, True), ("Mona@Bücher.example", "mona@xn--bcher-kva.example", False, True), ("ａ@b.org", "a@b.org", False, True),
        ("a.b@gmail.com", "ab@gmail.com", False, False), ("a.b+x@googlemail.com", "ab@gmail.com", True, True), ("a.b@x.org", "ab@x.org", True, False),
        ("a+x@x.org", "a@x.org", True, False), ("a@gmail.com", "a@googlemail.com", False, False),
    ],
)  # fmt: skip
def test_two_spellings_of_one_mailbox_have_one_key(one, other, dots, equal):
    assert (email_key(one, gmail_dots=dots) == email_key(other, gmail_dots=dots)) is equal


def test_a_domain_is_known_by_its_letters_whatever_surrounds_them():
    assert [domain_in(text) for text in ("@B.org", "<b.org>;", '"Bücher.de"', "b.org.")] == ["b.org", "b.org", "xn--bcher-kva.de", "b.org"]  # fmt: skip
    assert [domain_in(text) for text in ("", "b", "a@b.org", "b org", "b.1")] == [""] * 5
    assert [domain_key(text) for text in ("B.Org", "Bücher.de")] == ["b.org", "xn--bcher-kva.de"]
    assert domain_key("é..x") == "é..x"  # no domain: compared as it is


def test_hosts_of_everybody_are_no_firms():
    assert [is_public_provider(one) for one in ("gmail.com", "mail.ru", "x.gmail.com", "firm.example", "")] == [True, True, False, False, False]  # fmt: skip


def test_the_letters_of_bermuda_are_a_postal_code_there_alone():
    assert normalize_postal_code("hm gx", country="BM").value == "HM GX"
    with pytest.raises(NormalizeError):
        normalize_postal_code("hm gx", country="US")
