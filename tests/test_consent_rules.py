"""Which column speaks of consent, the rule that is proposed for it, and what is said where no rule looks: whole answers."""

from __future__ import annotations

import pytest

from bulk_import.mapping.consent import (
    ConsentRule,
    ConsentWatch,
    heard,
    keeps_refusals,
    propose_rule,
    refusing_cells,
    says_no,
    unheeded,
    words_say_no,
)
from bulk_import.mapping.consent_headers import Speaks, speaks_of
from bulk_import.models import Problem, Severity

NO = ("empty", "no", "false", "0")
YES = ("yes", "true", "1")
STATES = (
    "unsubscribed", "opted out", "do not contact", "bounced", "cleaned", "complained", "blocked",
)  # fmt: skip


@pytest.mark.parametrize(
    ("header", "speaks"),
    [
        ("", None),
        (" - ", None),
        ("Unsubscribe link", None),  # where, not whether
        ("Opt-out rate", None),
        ("SMS opt-out", None),
        ("Phone consent", None),
        ("SMS and e-mail opt-out", Speaks.OF_REFUSAL),
        ("Third party consent", None),
        ("Third party marketing consent", Speaks.OF_CONSENT),
        ("Photo consent", None),
        ("Images newsletter consent", Speaks.OF_CONSENT),
        ("Soft bounced", None),
        ("Bounced", Speaks.OF_REFUSAL),
        ("Number unsubscribed", Speaks.OF_REFUSAL),  # a count of bounces alone is no refusal
        ("Unsubscribed status", Speaks.OF_STATE),
        ("No newsletter", Speaks.OF_REFUSAL),
        ("Consent withdrawn", Speaks.OF_REFUSAL),
        ("Unsubscribed at", Speaks.OF_REFUSAL),  # a date of a refusal is one
        (
            "Opt-in date",
            Speaks.OF_DETAIL,
        ),  # a date of a consent is none, but a "no" may stand there
        ("Newsletter", Speaks.OF_CONSENT),
        ("NewsletterOptIn", Speaks.OF_CONSENT),
        ("newsletter_opt_in", Speaks.OF_CONSENT),
        ("hasOptedOut", Speaks.OF_REFUSAL),
        ("Comments", Speaks.OF_REMARKS),
        ("Notes about the newsletter", Speaks.OF_CONSENT),  # the plainer word decides
        ("Discount", None),
        ("Причина отказа", Speaks.OF_ANSWER),
        ("Отказ от рассылки", Speaks.OF_REFUSAL),
        ("Complaint", Speaks.OF_ANSWER),
        ("Spam complaint", Speaks.OF_REFUSAL),
        ("Complained", Speaks.OF_REFUSAL),
        ("Window cleaned", Speaks.OF_TERMS),
        ("Cleaned", Speaks.OF_REFUSAL),
        ("Bounced check", Speaks.OF_TERMS),
        ("Accepts insurance", Speaks.OF_TERMS),
        ("Accepts", Speaks.OF_CONSENT),
        ("Accepts e-mails about insurance", Speaks.OF_CONSENT),
        ("Uses email marketing", Speaks.OF_TERMS),
        ("Acme marketing", Speaks.OF_CONSENT),
        ("Delivery status", None),
        ("E-mail delivery status", Speaks.OF_STATE),
        ("YouTube subscriber", None),
        ("Consent withdrawal date", Speaks.OF_REFUSAL),
    ],
)
def test_a_header_says_how_its_column_speaks_of_consent(header, speaks):
    assert speaks_of(header) is speaks
    assert keeps_refusals(header) == (
        speaks in (Speaks.OF_REMARKS, Speaks.OF_DETAIL, Speaks.OF_CODE, Speaks.OF_TERMS)
    )


@pytest.mark.parametrize(
    ("speaks", "no", "may_be_sent"),
    [
        (Speaks.OF_REFUSAL, ["yes", "2024-05-01", "maybe", "unsubscribed"], ["", " ", "no", "0", "-", "subscribed"]),
        (Speaks.OF_CONSENT, ["no", "nein (2024-05-03)", "withdrawn", "opted out", "please do not e-mail"], ["", "yes", "2024-05-01", "vip"]),
        (Speaks.OF_STATE, ["unsubscribed", "opted out"], ["", "no", "withdrawn", "please do not e-mail", "new"]),
        (Speaks.OF_REMARKS, ["please do not e-mail"], ["", "no", "withdrawn", "vip"]),
        (Speaks.OF_ANSWER, ["yes", "x", "unsubscribed", "refused", "please do not e-mail"], ["", "no", "broken heel", "2024-05-01", "3"]),
        (Speaks.OF_DETAIL, ["no", "withdrawn on 3 May", "refused by phone"], ["", "none", "0", "-", "please do not e-mail", "yes", "2024-05-01"]),
        (Speaks.OF_CODE, ["nein", "no thanks", "opted out"], ["", "no", "NO", "ne", "nu (NU)", "en"]),
        (Speaks.OF_TERMS, ["unsubscribed", "opted out"], ["", "no", "withdrawn", "refused", "0"]),
    ],
)  # fmt: skip
def test_a_cell_says_no_by_what_its_column_speaks_of(speaks, no, may_be_sent):
    assert [cell for cell in no if not says_no(speaks, cell)] == []
    assert [cell for cell in may_be_sent if says_no(speaks, cell)] == []


@pytest.mark.parametrize(
    ("header", "cells", "rule"),
    [
        # refusals: whatever is no plain "no" keeps back, and what was seen of those is listed
        ("Unsubscribed", {"no": 1, "N/A": 2, "subscribed": 1, "yes": 3}, ("only", (*NO, "N/A", "subscribed"), "unsubscribed")),
        ("Blacklisted", {"yes": 1}, ("only", NO, "blocked")),
        ("Spam complaint", {"x": 1}, ("only", NO, "complained")),
        ("Do not mail", {"x": 1}, ("only", NO, "asked not to be contacted")),
        ("No newsletter", {"x": 1}, ("only", NO, "no consent")),
        ("Unsubscribed", {"": 1}, None),
        # consent: what says yes, if all is understood; else what says no
        ("Opted in", {"yes": 3, "no": 1}, ("only", YES, "no consent")),
        ("Opted in", {"yes": 3, "withdrawn": 1}, ("only", YES, "no consent")),
        ("Opted in", {"Yes": 1, "granted": 2, "": 9}, ("only", (*YES, "granted"), "no consent")),
        ("Opted in", {"yes": 3, "zork": 1, "no": 1, "withdrawn": 1}, ("skip", (*NO, "withdrawn"), "no consent")),
        # of nine in ten that are understood, the rest is no consent
        ("Opted in", {"yes": 9, "zork": 1}, ("only", YES, "no consent")),
        ("Opted in", {"yes": 8, "zork": 1}, ("skip", NO, "no consent")),
        ("Opted in", {"yes": 8, "please stop": 1, "not sure": 1}, ("only", YES, "no consent")),
        # states
        ("Status", {"unsubscribed": 3, "new": 2}, ("skip", STATES, "unsubscribed")),
        ("Status", {"bounced": 1, "active": 3}, ("skip", STATES, "unsubscribed")),
        ("Bounce status", {"hard bounce": 1}, ("skip", (*STATES, "hard bounce"), "bounced")),
        ("Status", {"subscribed": 3}, ("only", ("subscribed",), "not subscribed")),
        ("Status", {"subscribed": 3, "active": 2, "cleaned": 1, "new": 1}, ("only", ("subscribed", "active"), "not subscribed")),
        ("Status", {"active": 3, "new": 1}, None),
        ("Email status", {"active": 3, "valid": 1}, None),
        # answers, and what most cells of a column are about
        ("Complaint", {"yes": 1, "spam": 1, "late": 3}, ("skip", (*YES, "spam"), "complained")),
        ("Complaint", {"late": 3}, None),
        ("Newsletter", {"weekly": 5, "no": 1, "Nein, danke": 1}, ("skip", ("no", "Nein, danke"), "no consent")),
        ("Subscription", {"weekly": 5, "no": 1, "unsubscribed": 1}, ("skip", ("unsubscribed",), "no consent")),
        ("Subscription", {"weekly": 5, "no": 1}, None),
        ("Opt-in", {"1": 5, "2": 1}, ("skip", ("2",), "no consent")),
        ("Bounced", {"1": 5, "2": 1}, ("only", NO, "bounced")),
        # remarks
        ("Notes", {"vip, do not email": 1, "vip": 3}, ("skip", ("says no",), "asked not to be contacted")),
        ("Notes", {"vip": 1}, None),
        ("City", {"no": 1}, None),
    ],
)  # fmt: skip
def test_the_rule_for_a_column(header, cells, rule):
    found = propose_rule(header, cells)
    assert found == (rule and ConsentRule(rule[0], header, rule[1], rule[2]))


@pytest.mark.parametrize(
    ("header", "cells", "refused"),
    [
        ("Email status", {"active": 1, "blocked": 2, "Inactive": 1}, {"blocked": 2, "Inactive": 1}),
        ("Subscription state", {"confirmed": 4, "pending": 3}, {"pending": 3}),
        ("Newsletter status", {"active": 1, "declined": 1}, {"declined": 1}),
        ("Status", {"active": 1, "blocked": 2}, {}),  # of customers, as far as anybody can tell
        ("Status", {"blocked": 2, "complained": 1}, {"blocked": 2, "complained": 1}),
        ("Status", {"subscribed": 2, "rejected": 1}, {"rejected": 1}),
        ("Order status", {"rejected": 1, "new": 1}, {}),
        ("Subscription status", {"active": 1, "expired": 2}, {"expired": 2}),
        (
            "Subscription status",
            {"trial": 1, "expired": 2, "unsubscribed": 1},
            {"expired": 2, "unsubscribed": 1},
        ),
        ("Subscription status", {"trial": 1, "expired": 2}, {}),  # paid for
        ("Newsletter status", {"free": 1, "expired": 2}, {"expired": 2}),
        ("Unsubscribed", {"off": 2, "yes": 1}, {"yes": 1}),  # "off" answers the header
    ],
)
def test_weak_words_of_a_status_count_where_it_is_plainly_one_of_subscriptions(
    header, cells, refused
):
    """A column "Email status" with "blocked" and no plainer word was once no refusal of anybody."""
    assert refusing_cells(header, cells) == refused


def test_the_rule_for_a_status_of_subscriptions_names_its_weak_words():
    rule = propose_rule("Email status", {"active": 1, "blocked": 2, "Inactive": 1})
    assert rule == ConsentRule("skip", "Email status", (*STATES, "Inactive"), "unsubscribed")


def test_answers_with_a_date_are_answers():
    """A column in which every answer has its date was once taken for one of something else."""
    cells = {"ja (2024-05-04)": 3, "nein (2024-05-03)": 2, "nein am 4.5.2024": 1}
    assert refusing_cells("Newsletter", cells) == {"nein (2024-05-03)": 2, "nein am 4.5.2024": 1}
    assert propose_rule("Newsletter", cells) == ConsentRule(
        "skip", "Newsletter", (*NO, "nein (2024-05-03)", "nein am 4.5.2024"), "no consent"
    )
    assert refusing_cells("Newsletter", {"Monthly since 2024": 3, "0": 2}) == {}


def test_empty_cells_are_no_refusals_whatever_their_number():
    assert refusing_cells("Unsubscribed", {"": 9, " ": 2, "yes": 1}) == {"yes": 1}
    assert refusing_cells("Unsubscribed", {"": 9}) == {}


@pytest.mark.parametrize(
    ("header", "cells", "is_refusal"),
    [
        ("Bounces", {"0": 3, "1": 1}, True),  # an answer
        ("Bounces", {"0": 3, "2": 1}, False),  # how often
        ("Bounces", {"999": 1}, False),
        ("Bounces", {"1000": 1}, True),
        ("Bounces", {"3": 1, "yes": 1}, True),
        ("Bounced", {"3": 1}, True),
    ],
)
def test_a_column_of_bounces_may_count_them(header, cells, is_refusal):
    assert bool(refusing_cells(header, cells)) == is_refusal
    assert (propose_rule(header, cells) is not None) == is_refusal


def test_a_rule_lists_each_cell_once_as_it_was_typed_first_and_forty_at_most():
    rule = propose_rule("Opted in", {" Granted ": 1, "GRANTED": 2, "yes": 1, "YES": 1})
    assert rule == ConsentRule("only", "Opted in", (*YES, "Granted"), "no consent")
    dates = {f"no (2024-05-{day:02})": 1 for day in range(1, 32)}
    more = {f"nein (2023-05-{day:02})": 1 for day in range(1, 32)}
    rule = propose_rule("Opted in", {"zork": 9, **dates, **more})
    assert rule is not None
    assert (rule.section, len(rule.values)) == ("skip", 40)
    assert rule.values == ("says no", *NO, *dates, *list(more)[:4])
    unheard = [cell for cell in more if not words_say_no("Opted in", cell)]
    assert unheard == []


def test_of_a_remark_the_words_that_say_no_are_kept_and_of_any_other_column_the_cell():
    assert heard("Notes", "VIP, please do not e-mail her in May") == "do not e mail"
    assert heard("Notes", "VIP") == ""
    assert heard("Unsubscribed", " Yes, in May ") == " Yes, in May "


# -- what would be sent although a column says no -----------------------------------------------------


def watched(*rows: tuple[str, str], times: int = 1) -> ConsentWatch:
    watch = ConsentWatch(["E-mail", "Unsubscribed", "Notes"])
    for unsubscribed, notes in rows:
        watch.see({"E-mail": "a@b.org", "Unsubscribed": unsubscribed, "Notes": notes}, times)
    return watch


def test_only_columns_that_may_speak_of_consent_are_watched():
    watch = ConsentWatch(["E-mail", "Unsubscribed", "Notes", "City"])
    assert (watch.is_watching, watch.columns) == (True, ("Unsubscribed", "Notes"))
    other = ConsentWatch(["E-mail", "City"])
    assert (other.is_watching, other.columns, other.findings()) == (False, (), [])


def test_rows_that_a_column_says_no_of_are_counted_with_their_commonest_cells():
    rows = [("yes", ""), ("1", ""), ("x", ""), ("no", "vip"), ("", "")]
    assert watched(*rows, *[("yes", "")] * 2, times=2).findings() == [
        Problem(
            "CONSENT_IGNORED",
            "10 of 14 rows say 'yes', '1', 'x' and would be sent; a skip or only rule in the mapping keeps them back",
            column="Unsubscribed",
            severity=Severity.WARNING,
        )
    ]
    (more,) = watched(*rows, ("y", ""), ("maybe ", "")).findings()
    assert more.message.startswith("5 of 7 rows say 'yes', '1', 'x' and 2 other ways and would")
    (four,) = watched(*rows, ("maybe ", "")).findings()
    assert four.message.startswith("4 of 6 rows say 'yes', '1', 'x' and 1 other ways and would")
    assert watched(("no", "vip"), ("", "")).findings() == []


def test_remarks_are_counted_by_what_they_say():
    found = watched(("no", "do not email, vip"), ("no", "met in May; do not email"), ("no", "")).findings()  # fmt: skip
    assert found == [
        Problem(
            "CONSENT_IGNORED",
            "2 of 3 rows have a remark such as 'do not email' and would be sent; a skip rule with "
            "the value `says no` keeps them back",
            column="Notes",
            severity=Severity.WARNING,
        )
    ]


def test_a_plain_no_that_nobody_heeds_is_named_once_and_a_remark_is_not():
    def found(code: str, column: str) -> tuple[str, Problem]:
        return "a.csv", Problem(code, "m", column=column)

    assert unheeded(
        [
            found("CONSENT_IGNORED", "Opt-out"), found("CONSENT_IGNORED", "Notes"), found("OTHER", "Unsubscribed"),
            found("CONSENT_IGNORED", "Newsletter"), found("CONSENT_IGNORED", "Opt-out"),
        ]
    ) == ["Opt-out", "Newsletter"]  # fmt: skip
    assert unheeded([]) == []
