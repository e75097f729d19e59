"""What cells and remarks say of consent, word by word: who said no is found, and nobody else."""

from __future__ import annotations

import pytest

from bulk_import.normalize.consent import (
    folded_cell,
    folded_words,
    is_no,
    is_yes,
    listed,
    names_refusals,
    remark_of_refusal,
    says_subscribed,
    says_unsubscribed,
    strong_words,
    undated,
)
from bulk_import.normalize.remarks import refusal_in, refusals_in


@pytest.mark.parametrize(
    "cell",
    ["no", "No.", "NEIN", "нет", "0", "0.0", "0,00", "-0", "+0", "00", "0%", "0 %", " 0.0 % ", "✗", "✘", "☐", "❌", "✕", "✖", "✖\ufe0f", "×", "❎", "🚫", " - ", "–", "—", "false", "N/A", "none", "n", "f", "nunca",
     "いいえ", "否", "아니요", "ложь", "faux", "hayır"],
)  # fmt: skip
def test_a_plain_no_is_no_and_not_yes(cell):
    assert (is_no(cell), is_yes(cell), says_subscribed(cell)) == (True, False, False)


@pytest.mark.parametrize(
    "cell", ["yes", "JA", "да", "1", "x", "[x]", "✓", "✔", "✔\ufe0f", "☑", "☑\ufe0e", "✅", "☒", "+", "true", "sí", "oui", "はい", "是", "예", "истина", "evet"]
)  # fmt: skip
def test_a_plain_yes_is_yes_and_not_no(cell):
    assert (is_no(cell), is_yes(cell), says_unsubscribed(cell, also_weak=True)) == (False, True, False)  # fmt: skip


@pytest.mark.parametrize(
    "cell", ["", " ", "2", "10", "0.5", "0.0.0", "maybe", "\ufe0f", "✓✗", "0x", "no way"]
)
def test_what_is_neither_yes_nor_no_is_neither(cell):
    assert (is_no(cell), is_yes(cell)) == (False, False)


@pytest.mark.parametrize(
    ("cell", "subscribed", "unsubscribed", "also_weak"),
    [
        ("subscribed", True, False, False), ("Подписан", True, False, False), ("opted-in", True, False, False), ("unsubscribed", False, True, True), ("Opted Out", False, True, True),
        ("не подписан", False, True, True), ("Abgemeldet", False, True, True), ("désabonné", False, True, True), ("hard-bounce", False, True, True), ("配信停止", False, True, True),
        ("rejected", False, False, True), ("blocked", False, False, True), ("отказ", False, False, True), ("Widerspruch", False, False, True), ("inactive", False, False, True),
        ("customer", False, False, False), ("", False, False, False), ("unsubscribed 3 May", False, True, True), ("Rejected 2024", False, False, True), ("abgemeldet am 3.5.2024", False, True, True),
    ],
)  # fmt: skip
def test_states_of_a_subscription(cell, subscribed, unsubscribed, also_weak):
    assert says_subscribed(cell) is subscribed
    assert says_unsubscribed(cell) is unsubscribed
    assert says_unsubscribed(cell, also_weak=True) is also_weak


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("Unsubscribed 3 May", "unsubscribed"), ("opted out on 2024-05-03", "opted out"), ("отписан с 3.5.2024", "отписан"), ("Désabonné le 3/5/2024", "desabonne"), ("unsubscribed since 2024", "unsubscribed"),
        ("Opt-out 2024", "opt out"), ("active", "active"), ("12", "12"), ("on 12", "on"), ("", ""), ("2024-05-03 unsubscribed", "2024 05 03 unsubscribed"),
        ("angemeldet am Montag", "angemeldet am montag"),
    ],
)  # fmt: skip
def test_the_date_behind_a_state_is_left_out(cell, words):
    assert undated(cell) == words


@pytest.mark.parametrize(
    "name",
    ["Unsubscribed 2024", "Отписались", "Unsubs", "Blacklist", "black list", "Hard bounces", "Bounced", "DNC", "Bajas 2024", "Suppression", "Do not contact", "Liste noire", "Opt-out", "optouts", "Complaints",
     "Sperrliste", "Kara liste", "Чёрный список", "Не писать", "Стоп-лист", "Keine Mails", "No newsletter", "Robinsonliste", "Kontaktsperre"],
)  # fmt: skip
def test_a_sheet_of_people_who_said_no_is_known_by_its_name(name):
    assert names_refusals(name)


@pytest.mark.parametrize(
    "name",
    [
        "Contacts",
        "Subscribed",
        "Resubscribed",
        "Bajada",
        "Trampoline",
        "",
        "Options",
        "Blocks",
        "Список",
    ],
)
def test_a_sheet_of_other_people_is_none(name):
    assert not names_refusals(name)


@pytest.mark.parametrize(
    ("remark", "said"),
    [
        ("(unsubscribed 3 May)", "unsubscribed"), ("do not e-mail", "do not e mail"), ("blocked", "blocked"), ("spam", "spam"), ("off", "off"), ("rejected", "rejected"), ("ask Ann, bounced", "bounced"),
        ("не писать!", "не писать"), ("Anna Berg", ""), ("work", ""), ("", ""), ("active", ""), ("pending", ""), ("inactive", ""), ("archived", ""), ("not", ""), ("transactional", ""), ("unbounced", ""),
        ("blocked door", ""),
    ],
)  # fmt: skip
def test_a_remark_beside_an_address(remark, said):
    assert remark_of_refusal(remark) == said


@pytest.mark.parametrize(
    ("remark", "said"),
    [
        # English
        ("VIP; asked on 3 May: please do not e-mail!", "do not e mail"), ("do not contact", "do not contact"), ("opted out by phone", "opted out"), ("unsubscribed by SMS", "unsubscribed"),
        ("asked to be removed", "asked to be removed"), ("asked to be removed please", "asked to be removed"), ("no newsletter please", "no newsletter"), ("no marketing", "no marketing"), ("no emails", "no emails"),
        ("do not send newsletters", "do not send newsletters"), ("do not send him any offers", "do not send him any offers"), ("stop", "stop"), ("stop sending newsletters", "stop sending newsletters"),
        ("removed from the list", "removed from the list"), ("take her off the newsletter", "take her off the newsletter"), ("do not use this email", "not use this email"), ("wants no contact", "wants no contact"),
        ("not interested in newsletters", "not interested in newsletters"), ("withdrew her consent", "withdrew her consent"), ("right to be forgotten", "right to be forgotten"), ("marked us as spam", "marked us as spam"),
        ("delete his data", "delete his data"), ("doesn't want to hear from us", "doesnt want to hear from"), ("no e-mail please", "no e mail please"), ("do not contact on\nMonday", "do not contact"),
        ("do not contact before lunch", "do not contact"), ("newsletter, unsub", "unsub"), ("donotemail", "donotemail"),
        # questions with their answers
        ("Newsletter: no", "newsletter: no"), ("VIP; newsletter = nein; Berlin", "newsletter: nein"), ("newsletter? no", "newsletter: no"), ("Рассылка: нет", "рассылка: нет"), ("opt-in: 0", "opt in: 0"), ("newsletter: ✗", "newsletter: ✗"),
        ("Unsubscribed: yes", "unsubscribed"), ("Unsubscribed: no, opt-out: yes", "opt out"),
        # other languages
        ("отписался от рассылки", "отписался"), ("не пишите больше", "не пишите"), ("не отправлять писем", "не отправлять"), ("отозвал согласие", "отозвал согласие"), ("жалоба на спам", "жалоба на спам"),
        ("vom Newsletter abgemeldet", "vom newsletter abgemeldet"), ("möchte keine E-Mails erhalten", "keine e mails"), ("ne souhaite plus recevoir d'e-mails", "ne souhaite plus recevoir de mails"),
        ("ne pas contacter", "ne pas contacter"), ("dado de baja", "dado de baja"), ("no quiere recibir correos", "no quiere recibir correos"), ("não enviar mais", "nao enviar mais"), ("non inviare", "non inviare"),
        ("nie wysyłać", "nie wysylac"), ("uitgeschreven", "uitgeschreven"), ("配信停止", "配信停止"), ("відписався", "відписався"),
    ],
)  # fmt: skip
def test_a_remark_that_says_no_is_found_by_its_words(remark, said):
    assert refusal_in(remark) == said
    assert refusals_in(["", remark, "vip"]) == ["", said, ""]


@pytest.mark.parametrize(
    "remark",
    ["", "vip", "do not call", "do not call before 9", "do not contact by phone", "do not contact before 9 am", "do not contact after 18 uhr", "do not email on weekends", "opted out of SMS", "opted out from texts",
     "unsubscribed from SMS", "never unsubscribed", "hasn't unsubscribed", "did not unsubscribe", "has not yet unsubscribed", "did not ask to be removed", "never asked to be removed", "asked to be removed from the chat",
     "no marketing budget", "no marketing team", "no emails received", "no e-mails yet", "no mailing address", "keine E-Mails erhalten", "keine E-Mails vorhanden", "do not send invoices", "do not write him off",
     "stop sending invoices", "stop by the office", "Newsletter: yes", "Unsubscribed: no", "opted out: 0", "рассылка: да", "отписался в чате", "отписался по заявке", "отписалась что придет", "не отписался",
     "не писать в вотсап", "не писать отчество", "не отправлять счета", "complaint about delivery", "complaint", "жалоба", "Abmeldung", "no enviar facturas", "want to be contacted", "never mailed", "no email", "退会",
     "e-mail: no", "question: no"],
)  # fmt: skip
def test_a_remark_of_something_else_says_nothing(remark):
    assert refusal_in(remark) == ""


@pytest.mark.parametrize("number", [1, 4, 5, 8, 9, 31])
def test_one_refusal_among_any_number_of_remarks_is_found_at_its_place(number):
    for place in (0, number // 2, number - 1):
        texts = [f"order {n}" for n in range(number)]
        texts[place] = "do not e-mail"
        assert refusals_in(texts) == ["do not e mail" if n == place else "" for n in range(number)]


def test_cells_are_compared_without_case_blanks_accents_and_signs():
    assert folded_cell("  Opted\u00a0 OUT ") == "opted out"
    assert folded_cell("ＮＯ") == "no"
    assert folded_words(" Désabonné!\n(le 3) ") == "desabonne le 3"
    assert listed("\nDo not|no-mail|\nÀ|") == {"do not", "no mail", "a"}
    assert {"unsubscribed", "отписан", "abgemeldet"} <= strong_words()
    assert not {"rejected", "no", "", "subscribed"} & strong_words()
