"""Nobody who said no is written to: consent in the columns of a source, and the rules for it."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import zip_longest
from pathlib import Path

import pandas as pd
import pytest

from bulk_import.errors import MappingError
from bulk_import.jobs.batches import send_batch_async
from bulk_import.jobs.checking import check_file
from bulk_import.jobs.explaining import explain_row
from bulk_import.jobs.importing import import_file_async, import_frame_async, resume_async
from bulk_import.jobs.nightly import sync_async
from bulk_import.jobs.rehearsing import Rehearsal
from bulk_import.mapping.binding import bind
from bulk_import.mapping.consent import propose_rule, refusing_cells
from bulk_import.mapping.consent_headers import Speaks, speaks_of
from bulk_import.mapping.loading import load_mapping, parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.models import Row, Status
from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.remarks import refusal_in, refusals_in
from bulk_import.normalize.result import NormalizeError
from bulk_import.stopping import Stop
from tests.conftest import Ear, report_of, statuses

CASES = Path(__file__).parent / "cases" / "consent"

# header, cells that may be written to, cells that may not: nine languages, and what products write
COLUMNS = [
    ("Unsubscribed", ["", "no", "FALSE", "0", "0.0", "N/A"], ["yes", "1", "x", "2024-05-01", "maybe"]),
    ("Unsubscribed from all email", ["false", ""], ["true", "TRUE"]),
    ("UNSUB_TIME", [""], ["2024-05-01 10:00:00"]),
    ("HasOptedOutOfEmail", ["false", "0"], ["true", "1"]),
    ("E-mail Opt Out", ["No"], ["Yes", "✓"]),
    ("Do not contact", ["no", "-"], ["yes", "since May"]),
    ("Email hard bounce reason", [""], ["UNKNOWN_USER", "OTHER"]),
    ("Can be emailed?", ["yes"], ["no"]),
    ("Stop mail", ["", "no"], ["yes", "x"]),
    ("Cancelled newsletter", ["no", ""], ["yes"]),
    ("Newsletter subscription", ["Active"], ["Cancelled"]),
    ("Cancelado newsletter", ["no", ""], ["sí"]),
    ("Iscrizione annullata", ["no", ""], ["sì"]),
    ("Newsletter gekündigt", ["nein", ""], ["ja"]),
    ("Подписка отменена", ["нет", ""], ["да"]),
    ("Werbesperre", ["nein", ""], ["ja"]),
    ("Nie wysyłać", ["nie", ""], ["tak"]),
    ("İletişime geçme", ["hayır", ""], ["evet"]),
    ("Bounced", ["0", "false"], ["3", "true", "hard"]),
    ("Marked as spam", ["no"], ["yes"]),
    ("Blacklisted", ["No"], ["Yes"]),
    ("Opted in", ["Yes", "TRUE", "1", "opted in"], ["No", "0", "unsubscribed", "-"]),
    ("Marketing consent", ["granted", "yes"], ["denied", "withdrawn", "no"]),
    ("Accepts Email Marketing", ["yes"], ["no"]),
    ("Newsletter", ["x", "ja", "yes"], ["nein", "no", "abgemeldet", "abgemeldet am 3.5.", "nein (2024-05-03)"]),
    ("Mailing", ["ja"], ["gesperrt"]), ("Mailsperre", ["nein", ""], ["ja"]), ("May we e-mail you?", ["Yes"], ["No"]),
    ("Рассылки", ["вкл"], ["откл"]), ("Получать письма", ["да"], ["нет"]),
    ("Marketing contact status", ["Marketing contact"], ["Non-marketing contact"]),
    ("Status", ["subscribed", "active"], ["unsubscribed", "cleaned", "Bounced"]),
    ("Subscription status", ["Subscribed"], ["Unsubscribed", "blocked", "unconfirmed"]),
    ("EMAIL_STATUS", ["valid", "active"], ["hard bounce", "invalid", "complained"]),
    ("Отписан", ["", "нет", "0"], ["да", "1", "12.05.2024"]),
    ("Подписка", ["да", "подписан", "активен"], ["нет", "отписан", "отказ"]),
    ("Согласие на рассылку", ["есть", "да", "дано"], ["нет", "отозвано", "не дано"]),
    ("Статус подписки", ["Подписан"], ["Отписан", "Заблокирован"]),
    ("Abgemeldet", ["nein", ""], ["ja", "am 3. Mai"]),
    ("Newsletter-Einwilligung", ["erteilt", "ja"], ["widerrufen", "nein"]),
    ("Désabonné", ["non", "faux", "0"], ["oui", "vrai"]),
    ("Consentement marketing", ["oui", "accordé"], ["non", "refusé"]),
    ("Dado de baja", ["no", ""], ["sí", "2024-01-01"]),
    ("Acepta publicidad", ["sí", "aceptado"], ["no", "rechazado"]),
    ("Descadastrado", ["não", "falso"], ["sim", "verdadeiro"]),
    ("Aceita receber e-mails", ["sim"], ["não", "recusado"]),
    ("Disiscritto", ["no", "falso"], ["sì", "vero"]),
    ("Consenso marketing", ["sì", "concesso"], ["no", "revocato"]),
    ("Wypisany", ["nie", ""], ["tak"]),
    ("Відписаний", ["ні", ""], ["так"]),
    ("Odhlášen", ["ne"], ["ano"]),
    ("Avregistrerad", ["nej"], ["ja"]),
    ("Dezabonat", ["nu", ""], ["da", "2024-05-01"]),
    ("Hírlevél", ["igen"], ["nem", "leiratkozott"]),
    ("メルマガ購読", ["希望する", "はい"], ["希望しない", "配信停止"]),
    ("订阅状态", ["是"], ["否", "已退订"]),
    ("이메일 수신동의", ["동의", "예"], ["거부", "아니오"]),
    ("Promotional Emails", ["Yes"], ["No"]),
    ("Join Mailing List?", ["Yes"], ["No"]),
    ("Zgoda na newsletter", ["tak", "wyrażona"], ["nie", "wycofana", "brak"]),
    ("Abonelikten çıktı", ["hayır", "0"], ["evet", "doğru"]),
    ("E-posta izni", ["var", "evet", "onaylandı"], ["yok", "hayır", "reddedildi"]),
]  # fmt: skip
OTHERS = [
    ("City", ["Berlin"]), ("State", ["CA", "NY"]), ("Lead Status", ["New", "Open", "Rejected"]),
    ("Order status", ["paid", "cancelled", "refused"]), ("Subscription", ["Monthly", "Yearly"]),
    ("Consent date", ["2024-05-01"]), ("Unsubscribe link", ["https://x.example/u?1"]),
    ("Do Not Call", ["yes", "no"]), ("Opt-in IP", ["10.0.0.1"]), ("Bounce rate", ["12 %"]),
    ("Newsletter", ["Weekly", "Monthly"]), ("Mailing Street", ["1 High Street"]),
    ("Marketing manager", ["Anna Berg"]), ("Tags", ["vip"]), ("Notes", ["said yes"]),
    ("Bounces", ["0", "3", "12"]), ("Bounces", ["2", "0", "1"]), ("Bounced Soft Count", ["0", "1"]), ("Consenso profilazione", ["SI", "NO"]),
    ("Wywołanie zwrotne", ["+48 12 345 67 89"]), ("Cookie consent", ["yes", "no"]),
    ("Mailing City", ["Berlin"]), ("Groups", ["VIP", "Friends"]), ("Segments", ["paid"]), ("Reason", ["wants a call"]),
]  # fmt: skip


REMARKS_THAT_SAY_NO = [
    "VIP; asked on 3 May: please do not e-mail!", "Please don't email me again", "DO NOT CONTACT",
    "don't write to her any more", "wants no newsletter", "asked for no more emails",
    "removed from mailing list", "take me off your list", "unsubscribed 12.3.2024", "opted out by phone",
    "stop sending newsletters", "Does not want to be contacted", "doesn't want to receive e-mails",
    "no longer wishes to receive our offers", "Prefers not to receive newsletters", "Email bounced in March",
    "mail only, do not send e-mails", "vip, unsubscribed", "vip|bounced|2023", "SMS opt-out",
    "Не писать!", "просил больше не присылать письма", "отписался 5 мая", "Удалить из рассылки",
    "клиент отказался от рассылки", "vip; не писать", "не хочет получать рассылку", "Відписався",
    "bitte keine E-Mails mehr", "nicht mehr anschreiben", "Newsletter abbestellt", "hat sich vom Newsletter abgemeldet", "vip, abgemeldet vom Newsletter", "Ausgetragen aus dem Verteiler",
    "ne plus contacter", "ne souhaite plus recevoir d'e-mails", "s'est désabonnée", "De\u0301sinscrit",
    "no quiere recibir correos", "se dio de baja", "não enviar mais", "descadastrado em maio",
    "non contattare", "disiscritta", "nie wysyłać", "wypisana z listy", "e-posta göndermeyin", "退订",
    "did not pay, unsubscribed", "don't phone, do not email", "Never paid. Do not contact!", "donotemail", "vip, STOP",
    "Newsletter: no", "рассылка: нет, VIP", "Unsubscribed reason: none", "consent withdrawn in 2023",
    "marked us as spam", "GDPR deletion request", "delete her data", "doesn't want to hear from us",
    "not interested in our newsletters", "requested removal from all communications", "asked to be removed",
    "please do not send any promotional emails", "do not contact until further notice", "не писать до 2030",
    "просит удалить из базы", "пожаловался на спам", "согласия на рассылку нет", "отписался по ссылке",
    "Einwilligung widerrufen", "Widerspruch gegen Werbung", "aus dem Verteiler nehmen", "möchte keine Mails erhalten",
    "ne souhaite plus recevoir nos emails", "ne souhaite pas être contacté", "pas de newsletter",
    "quiere darse de baja", "solicita baja", "remover da lista", "cancellato dalla newsletter",
    "usunąć z listy mailingowej", "rezygnacja z newslettera", "brak zgody na mailing", "niet mailen",
]  # fmt: skip
REMARKS_OF_OTHER_THINGS = [
    "", "vip", "said yes", "do not call before 9", "do not contact by phone", "never contact on WhatsApp",
    "не беспокоить по телефону", "Звонить, не писать в вотсап", "not unsubscribed", "did not unsubscribe",
    "no email", "vegan, likes hiking", "Do not send invoice by post", "never sent anything", "Stop by on Monday",
    "met at a newsletters conference", "no budget yet", "did not email yet", "doesn't write English",
    "never contacted us", "likes newsletters", "please email only", "opted out of SMS", "unsubscribed from SMS",
    "complaint about delivery", "Жалоба", "не подписан договор", "ne parle pas français", "no habla inglés",
    "nicht vergessen", "keine Zeit", "non disponibile", "nie ma", "Reklamation, Widerruf", "take away",
    "wants a call", "remove the old phone", "list price", "plus one guest", "option B", "hard to reach",
    "Unsubscribed: no", "opt-out: false; vip", "отписан: нет", "Do not contact: No", "Newsletter: yes",
    "Newsletter? no idea", "do not contact before 9 am", "не беспокоить до 10 утра", "не беспокоить по выходным",
    "do not send invoices in May", "не отправлять заказ без предоплаты", "no enviar factura", "nie wysyłać kurierem",
    "no marketing budget", "no mailing address", "no emails received", "keine Mails erhalten", "keine E-Mail vorhanden",
    "отписался в чате: всё ок", "отписалась что придёт", "не хочет получать скидку", "не звонить, не беспокоить звонками",
    "vom Newsletter abgeholt", "Kontakt aus Newsletter", "not interested in our offer", "ne pas contacter par téléphone", "do not write him off", "Don't stop emailing me",
]  # fmt: skip


def _mapper(rules: str, header: list[str]) -> RowMapper:
    text = f"version: 1\nfields: {{lead_email: E-mail}}\n{rules}"
    return RowMapper(bind(parse_mapping(text), header))


def _skipped(mapper: RowMapper, **cells: str) -> str:
    refusal = mapper.record(Row("x.csv", "", 2, {"E-mail": "a@b.org", **cells})).skipped
    return str(refusal or "")


@pytest.mark.parametrize(("header", "agreed", "refused"), COLUMNS, ids=[c[0] for c in COLUMNS])
def test_a_consent_column_is_counted_and_its_proposed_rule_keeps_back_who_said_no(
    header, agreed, refused
):
    counts = Counter([*agreed, *refused])

    assert set(refusing_cells(header, counts)) == set(refused)
    rule = propose_rule(header, counts)
    assert rule is not None
    values = ", ".join(f"{value!r}" for value in rule.values)
    mapper = _mapper(
        f"{rule.section}:\n- {{column: {header!r}, values: [{values}]}}\n", ["E-mail", header]
    )
    kept = {cell for cell in counts if not _skipped(mapper, **{header: cell})}
    assert not kept & set(refused)
    assert {cell for cell in agreed if cell} <= kept


@pytest.mark.parametrize(("header", "cells"), OTHERS, ids=[f"{h}: {c[0]}" for h, c in OTHERS])
def test_other_columns_are_no_consent(header, cells):
    assert propose_rule(header, Counter(cells)) is None
    assert refusing_cells(header, Counter(cells)) == {}


@pytest.mark.parametrize("header", ["Newsletter", "Opt-in"])
@pytest.mark.parametrize(
    ("cells", "refusing"),
    [
        ({"0": 1, "zzz": 1}, {"0": 1}), ({"0": 1, "zzz": 2}, {}),
        ({"0": 1, "yes": 1, "zzz": 2}, {"0": 1}), ({"0": 1, "yes": 1, "zzz": 3}, {}),
        # "weekly, monthly, no": whatever the others answer, a plain no is one
        ({"no": 1, "zzz": 2}, {"no": 1}), ({"unsubscribed": 1, "none": 1, "zzz": 9}, {"unsubscribed": 1}),
    ],
)  # fmt: skip
def test_a_column_is_of_consent_if_half_of_its_cells_say_yes_or_no(header, cells, refusing):
    assert refusing_cells(header, cells) == refusing
    assert (propose_rule(header, cells) is not None) == bool(refusing)


def test_a_rule_of_refusals_does_not_send_a_value_that_was_never_seen():
    rule = propose_rule("Unsubscribed", {"no": 5, "yes": 2})

    assert (rule.section, rule.values) == ("only", ("empty", "no", "false", "0"))
    mapper = _mapper("only:\n- {column: Unsubscribed, values: [empty, no, false, 0]}\n",
                     ["E-mail", "Unsubscribed"])  # fmt: skip
    assert _skipped(mapper, Unsubscribed="Y") == "Unsubscribed: 'Y' (only)"


def test_exports_of_products_have_their_columns_recognised():
    found = {}
    for name in ("mailchimp_all.csv", "hubspot_all.csv"):
        with (CASES / name).open(encoding="utf-8") as file:
            header = next(csv.reader(file))
        found |= {column: speaks_of(column) for column in header if speaks_of(column)}

    assert found == {
        "Status": Speaks.OF_STATE,
        "UNSUB_TIME": Speaks.OF_REFUSAL,
        "TAGS": Speaks.OF_REMARKS,
        "UNSUB_REASON": Speaks.OF_REFUSAL,
        "Lead Status": Speaks.OF_STATE,
        "Unsubscribed from all email": Speaks.OF_REFUSAL,
        "Marketing contact status": Speaks.OF_STATE,
        "Email hard bounce reason": Speaks.OF_REFUSAL,
    }


# -- rules ----------------------------------------------------------------------------------------


def test_values_fold_case_and_blanks_and_empty_is_named():
    mapper = _mapper(
        "skip:\n- {column: Opt, values: [Opted out, empty], because: said no}\n", ["E-mail", "Opt"]
    )

    assert _skipped(mapper, Opt="  OPTED\u00a0 out ") == "Opt: 'OPTED out' (skip: said no)"
    assert _skipped(mapper, Opt=" ") == "Opt: empty (skip: said no)"
    assert _skipped(mapper, Opt="in") == ""


def test_any_skip_and_every_only_rule_decides():
    mapper = _mapper(
        "skip: [{column: A, values: x}, {column: B, values: x}]\n"
        "only: [{column: C, values: yes}, {column: D, values: yes}]\n",
        ["E-mail", "A", "B", "C", "D"],
    )

    assert _skipped(mapper, A="", B="", C="yes", D="yes") == ""
    assert _skipped(mapper, A="", B="x", C="yes", D="yes") == "B: 'x' (skip)"
    assert _skipped(mapper, A="", B="", C="yes", D="") == "D: empty (only)"


def test_a_rule_without_its_column_is_refused_unless_it_is_optional():
    text = "skip:\n- {{column: [Unsub, Opt-out], values: yes{}}}\n"

    with pytest.raises(MappingError, match=r"mapping:4:4: skip\.0: no column 'Unsub' or 'Opt-out'"):
        _mapper(text.format(""), ["E-mail"])
    assert _skipped(_mapper(text.format(", optional: yes"), ["E-mail"])) == ""


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("skip: Unsubscribed", "skip: must be a list, such as"),
        ("skip:\n- {colum: A, values: x}", "a rule has no 'colum' (did you mean column?)"),
        ("skip:\n- {column: A}", "skip.0.values: is missing"),
        ("only:\n- {column: A, values: []}", "only.0.values: must name at least one"),
    ],
)
def test_mistakes_in_rules_are_named(rules, message):
    with pytest.raises(MappingError) as caught:
        parse_mapping(f"version: 1\nfields: {{lead_email: E}}\n{rules}\n")

    assert message in str(caught.value)


# -- runs -----------------------------------------------------------------------------------------


async def test_skipped_rows_have_no_request_and_end_well(sandbox, settings, write_csv, tmp_path):
    source = write_csv(
        [["E-mail", "Phone", "Unsubscribed"], ["a@b.org", "", "no"], ["b@b.org", "bad", "YES"]]
    )
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "version: 1\nfields: {lead_email: E-mail, lead_phone: Phone}\n"
        "skip: [{column: Unsubscribed, values: [yes], because: unsubscribed}]\n",
        "utf-8",
    )

    summary = await import_file_async(source, mapping, settings(sandbox))

    assert statuses(Path(summary.run_dir)) == ["success", "skipped"]
    assert (summary.exit_code, summary.balanced) == (0, True)
    line = report_of(Path(summary.run_dir))[1]
    assert (line["contact"], line["error_code"]) == ("b@b.org", "SKIPPED")
    assert line["message"] == "Unsubscribed: 'YES' (skip: unsubscribed)"
    assert [request.email for request in sandbox.sent()] == ["a@b.org"]
    assert not list(Path(summary.run_dir).glob("rejects*"))

    again = await resume_async(Path(summary.run_dir), settings(sandbox))

    assert again.counts == summary.counts
    assert len(sandbox.sent()) == 1


async def test_a_damaged_consent_cell_refuses_the_row(sandbox, settings, write_csv, tmp_path):
    source = write_csv([["E-mail", "Unsubscribed"], ["a@b.org", "#REF!"], ["b@b.org", "no"]])
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "version: 1\nfields: {lead_email: E-mail}\n"
        "skip: [{column: Unsubscribed, values: [yes]}]\n", "utf-8",
    )  # fmt: skip

    summary = await import_file_async(source, mapping, settings(sandbox))

    assert statuses(Path(summary.run_dir)) == ["invalid", "success"]
    assert [request.email for request in sandbox.sent()] == ["b@b.org"]


# -- what nobody asked for is said ----------------------------------------------------------------

PLAIN = "version: 1\nfields: {lead_email: [Email, Email Address]}\n"
TOLD = (
    "hubspot_all.csv: Unsubscribed from all email: 2 of 9 rows say 'true' and would be sent; "
    "a skip or only rule in the mapping keeps them back"
)


def test_check_counts_who_said_no_in_columns_that_no_rule_looks_at(tmp_path):
    checked = check_file(CASES / "hubspot_all.csv", parse_mapping(PLAIN))

    assert [(problem.column, problem.message.split(" and would")[0])
            for _, problem in checked.plan.problems] == [
        ("Unsubscribed from all email", "2 of 9 rows say 'true'"),
        ("Marketing contact status", "1 of 9 rows say 'Non-marketing contact'"),
        ("Email hard bounce reason", "1 of 9 rows say 'UNKNOWN_USER'"),
    ]  # fmt: skip


def test_a_rule_that_keeps_them_back_says_no_more_and_one_with_a_gap_does():
    def told(rule: str) -> list[str]:
        mapping = parse_mapping(f"{PLAIN}skip: [{{column: Status, values: {rule}}}]\n")
        checked = check_file(CASES / "mailchimp_all.csv", mapping)
        return [p.message for _, p in checked.plan.problems if p.column == "Status"]

    assert told("[unsubscribed, cleaned]") == []
    assert told("[unsubscribed]")[0].startswith("3 of 6 rows say 'cleaned' and would be sent")


@pytest.mark.usefixtures("reader_in_a_thread")
@pytest.mark.parametrize("ahead", [-1, 0])
async def test_a_run_tells_it_before_the_first_row_is_sent(sandbox, settings, ahead):
    ear = Ear()
    sent_before: list[int] = []
    say = ear.say
    ear.say = lambda message: (sent_before.append(len(sandbox.sent())), say(message))

    await import_file_async(
        CASES / "hubspot_all.csv", parse_mapping(PLAIN),
        settings(sandbox, read_ahead_bytes=ahead), progress=ear,
    )  # fmt: skip

    assert sum(told.endswith(TOLD) for told in ear.told) == 1
    assert sent_before[0] == 0


@pytest.mark.parametrize(
    "cell",
    [
        "a@b.org (unsubscribed)", "a@b.org - bounced", "a@b.org UNSUBSCRIBED", "unsub: a@b.org",
        "(opted out) a@b.org", "a@b.org [do not contact]", "DO NOT EMAIL a@b.org", "a@b.org, opt-out",
        "a@b.org (bounce)", "a@b.org (спам)", "a@b.org (отписался)", "a@b.org - не писать",
        "a@b.org (abgemeldet)", "a@b.org (désabonné)", "a@b.org (dado de baja)", "a@b.org - descadastrado",
        "a@b.org (disiscritto)", "a@b.org (wypisany)", "a@b.org (abonelikten çıktı)",
        "Anna <a@b.org> (unsubscribed 3 May)", "Anna (unsubscribed) <a@b.org>", "a@b.org; unsubscribed",
    ],
)  # fmt: skip
def test_a_remark_beside_an_address_that_says_no_refuses_it(cell):
    with pytest.raises(NormalizeError) as caught:
        normalize_email(cell, several="first")

    assert (caught.value.code, caught.value.candidates) == ("EMAIL_SAYS_NO", ("a@b.org",))


@pytest.mark.parametrize(
    "cell",
    [
        "unsubscribe@b.org", "Anna Berg <a@b.org>", "a@b.org (work)", "a@b.org (private, since May)",
        "E-mail: a@b.org", "Bouncer Ltd <a@b.org>", "a@b.org (active)", "a@b.org (подписан)",
    ],
)  # fmt: skip
def test_other_remarks_are_left_off_as_before(cell):
    assert normalize_email(cell).value.endswith("@b.org")


@pytest.mark.parametrize(
    ("product", "cells", "is_sent"),
    [
        ("mailchimp", {"Status": "subscribed", "UNSUB_TIME": ""}, True),
        ("mailchimp", {"Status": "Cleaned", "UNSUB_TIME": ""}, False),
        ("mailchimp", {"Status": "subscribed", "UNSUB_TIME": "2024-05-01"}, False),
        ("hubspot", {"Unsubscribed from all email": "false"}, True),
        ("hubspot", {"Unsubscribed from all email": "true"}, False),
        ("hubspot", {"Marketing contact status": "Non-marketing contact"}, False),
        ("hubspot", {"Email hard bounce reason": "UNKNOWN_USER"}, False),
        ("russian_crm", {"Отписан": "нет"}, True),
        ("russian_crm", {"Отписан": "да"}, False),
        ("russian_crm", {"Согласие на рассылку": "нет"}, False),
    ],
)
def test_the_mappings_that_ship_keep_back_who_said_no(product, cells, is_sent):
    root = Path(__file__).parent.parent
    mapping = load_mapping(root / "mappings" / f"{product}.yml")
    encoding = "cp1251" if product == "russian_crm" else "utf-8"
    with (root / "sample_data" / f"{product}.csv").open(encoding=encoding) as file:
        header = next(csv.reader(file, delimiter=";" if product == "russian_crm" else ","))
    mapper = RowMapper(bind(mapping, [*header, *cells]))
    row = Row("x.csv", "", 2, dict.fromkeys(header, "") | cells)

    assert (mapper.record(row).skipped is None) is is_sent


def test_explain_says_what_keeps_a_row_back(tmp_path, write_csv):
    source = write_csv(
        [["E-mail", "Unsub"], ["a@b.org", "yes"], ["b@b.org", "no"], ["c@b.org", "no"]]
    )
    (tmp_path / "stop.txt").write_text("C@b.org\n", "utf-8")
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "version: 1\nfields: {lead_email: E-mail}\nsuppress: stop.txt\n"
        "skip: [{column: Unsub, values: yes, because: said no}]\n", "utf-8",
    )  # fmt: skip

    assert [explain_row(str(source), mapping, number).kept_back for number in (2, 3, 4)] == [
        "Unsub: 'yes' (skip: said no)", "", "c@b.org is on the suppression list"
    ]  # fmt: skip


async def test_what_was_refused_for_consent_stays_refused_when_it_is_fed_back(
    sandbox, settings, write_csv, tmp_path
):
    source = write_csv(
        [
            ["E-mail", "Unsub"], ["ok@b.org", "no"], ["a@b.org (unsubscribed)", "no"],
            ["b@b.org", "#REF!"], ["c@b.org - bounced", ""], ["skipped@b.org", "yes"],
            ["DO NOT EMAIL d@b.org", "no"], ["e@b.org", "#ССЫЛКА!"],
        ]
    )  # fmt: skip
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "version: 1\nfields: {lead_email: E-mail}\n"
        "skip: [{column: Unsub, values: yes, because: said no}]\n", "utf-8",
    )  # fmt: skip
    first = await import_file_async(source, mapping, settings(sandbox))
    assert [request.email for request in sandbox.sent()] == ["ok@b.org"]
    assert statuses(Path(first.run_dir))[1:] == ["invalid"] * 3 + ["skipped"] + ["invalid"] * 2

    rejects = Path(first.run_dir) / "rejects.csv"
    again = await import_file_async(rejects, mapping, settings(sandbox, run_dir=tmp_path / "again"))

    assert len(sandbox.sent()) == 1
    assert statuses(Path(again.run_dir)) == ["invalid"] * 5


@pytest.mark.parametrize("policy", ["send", "first", "last", "merge", "refuse"])
@pytest.mark.parametrize("at", [0, 1, 2])
async def test_who_said_no_in_one_row_is_not_written_to_by_another(
    sandbox, settings, write_csv, tmp_path, policy, at
):
    rows = [["a@b.org", "no"], ["A@b.org", ""]]
    rows.insert(at, ["a@B.org", "yes"])
    source = write_csv([["E-mail", "Unsub"], *rows, ["ok@b.org", "no"]])
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        f"version: 1\nfields: {{lead_email: E-mail}}\nwhen: {{duplicate: {policy}}}\n"
        "skip: [{column: Unsub, values: yes, because: said no}]\n", "utf-8",
    )  # fmt: skip

    summary = await import_file_async(source, mapping, settings(sandbox, read_ahead_bytes=0))
    await resume_async(summary.run_dir, settings(sandbox))

    assert [request.email for request in sandbox.sent()] == ["ok@b.org"]
    report = report_of(Path(summary.run_dir))
    assert [line["status"] for line in report] == ["skipped"] * 3 + ["success"]
    others = [line["message"] for n, line in enumerate(report[:3]) if n != at]
    said = f"row {at + 2} of the same contact in {source}: Unsub: 'yes' (skip: said no)"
    assert others == [said, said]


MAY_BE_NO = [
    pytest.param("a@B.org (unsubscribed)", "no", "'a@B.org (unsubscribed)' says 'unsubscribed'", id="remark"),
    pytest.param("c@d.org; A@b.org - bounced", "no", "says 'bounced'", id="remark beside two"),
    pytest.param("a@b.org", "#REF!", "#REF! stands where the skip rule looks", id="damaged rule cell"),
]  # fmt: skip


@pytest.mark.parametrize(("email", "unsub", "because"), MAY_BE_NO)
@pytest.mark.parametrize("ahead", [-1, 0])
async def test_a_row_that_may_say_no_keeps_back_the_others_of_its_contact(
    sandbox, settings, write_csv, tmp_path, email, unsub, because, ahead
):
    """Row 2 is good by itself; row 3 is of the same person, who asked not to be written to."""
    source = write_csv([["E-mail", "Unsub"], ["a@b.org", "no"], [email, unsub], ["ok@b.org", "no"]])
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "version: 1\nfields: {lead_email: E-mail}\n"
        "skip: [{column: Unsub, values: yes, because: said no}]\n", "utf-8",
    )  # fmt: skip

    summary = await import_file_async(source, mapping, settings(sandbox, read_ahead_bytes=ahead))
    await resume_async(summary.run_dir, settings(sandbox))

    assert [request.email for request in sandbox.sent()] == ["ok@b.org"]
    report = report_of(Path(summary.run_dir))
    assert [line["status"] for line in report] == ["skipped", "invalid", "success"]
    assert report[0]["error_code"] == "CONTACT_SKIPPED"
    assert f"row 3 of the same contact in {source}: " in report[0]["message"]
    assert because in report[0]["message"]


SEVERAL = {
    "columns": ("{columns: [E-mail, Work]}", ["a@b.org", "A@work.org"], ["", "a@work.org"]),
    "one cell": (
        "{column: E-mail, several: first}",
        ["a@b.org; a@work.org", ""],
        ["a@work.org", ""],
    ),
}


@pytest.mark.parametrize("kind", SEVERAL)
@pytest.mark.parametrize("unsub", ["yes", "#REF!"])
@pytest.mark.parametrize("at", [0, 1])
async def test_who_said_no_and_has_two_addresses_is_written_to_at_neither(
    sandbox, settings, write_csv, tmp_path, kind, unsub, at
):
    field, both, other = SEVERAL[kind]
    rows = [[*other, "no"]]
    rows.insert(at, [*both, unsub])
    source = write_csv([["E-mail", "Work", "Unsub"], *rows, ["ok@b.org", "", "no"]])
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        f"version: 1\nfields: {{lead_email: {field}}}\n"
        "skip: [{column: Unsub, values: yes, because: said no}]\n", "utf-8",
    )  # fmt: skip

    summary = await import_file_async(source, mapping, settings(sandbox, read_ahead_bytes=0))
    await resume_async(summary.run_dir, settings(sandbox))

    assert [request.email for request in sandbox.sent()] == ["ok@b.org"]


@pytest.mark.parametrize("kind", SEVERAL)
async def test_who_is_suppressed_at_one_of_two_addresses_is_written_to_at_neither(
    sandbox, settings, write_csv, tmp_path, kind
):
    field, both, _ = SEVERAL[kind]
    source = write_csv([["E-mail", "Work"], both, ["ok@b.org", "fine@b.org"]])
    (tmp_path / "no.txt").write_text("a@work.org\n", "utf-8")
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        f"version: 1\nfields: {{lead_email: {field}}}\nsuppress: [no.txt]\n", "utf-8"
    )

    summary = await import_file_async(source, mapping, settings(sandbox))
    await resume_async(summary.run_dir, settings(sandbox))

    assert [request.email for request in sandbox.sent()] == ["ok@b.org"]
    assert statuses(Path(summary.run_dir)) == ["suppressed", "success"]
    assert report_of(Path(summary.run_dir))[0]["message"] == (
        f"{both[1] or 'a@work.org'} is on the suppression list"
    )


@pytest.mark.usefixtures("reader_in_a_thread")
async def test_a_remark_at_the_end_of_a_long_file_holds_a_row_at_its_beginning(
    sandbox, settings, write_csv, tmp_path
):
    """Rows are sent while others are read, unless an e-mail cell says no."""
    people = [[f"p{n}@b.org"] for n in range(300)]
    source = write_csv([["E-mail"], ["a@b.org"], *people, ["a@b.org (unsubscribed)"]])
    mapping = tmp_path / "m.yml"
    mapping.write_text("version: 1\nfields: {lead_email: E-mail}\n", "utf-8")

    summary = await import_file_async(source, mapping, settings(sandbox, read_ahead_bytes=0))

    assert "a@b.org" not in {request.email for request in sandbox.sent()}
    assert summary.counts[Status.SUCCESS] == 300
    assert summary.counts[Status.SKIPPED] == summary.counts[Status.INVALID] == 1


async def test_the_domain_of_who_said_no_may_be_spelled_in_another_way(
    sandbox, settings, write_csv, tmp_path
):
    source = write_csv(
        [["E-mail", "Unsub"], ["a@bücher.example", "no"], ["A@xn--bcher-kva.example", "yes"]]
    )
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "version: 1\nfields: {lead_email: E-mail}\nskip: [{column: Unsub, values: yes}]\n", "utf-8"
    )

    summary = await import_file_async(source, mapping, settings(sandbox))

    assert sandbox.sent() == []
    assert statuses(Path(summary.run_dir)) == ["skipped", "skipped"]


def test_the_count_of_consent_is_of_the_rows_that_would_be_sent(write_csv):
    """Second rows of a contact that gave way, and suppressed ones, are not written to anyway."""
    source = write_csv([
        ["E-mail", "Unsubscribed"], ["a@b.org", "yes"], ["a@b.org", "yes"], ["b@b.org", "yes"],
        ["c@b.org (unsubscribed)", "yes"], ["c@b.org", "yes"], ["d@b.org", "no"],
    ])  # fmt: skip
    mapping = parse_mapping(
        "version: 1\nfields: {lead_email: E-mail}\nwhen: {duplicate: last}\n", "m.yml"
    )

    checked = check_file(source, mapping)

    said = [str(p) for _, p in checked.plan.problems if p.code == "CONSENT_IGNORED"]
    assert said == [
        "Unsubscribed: 2 of 3 rows say 'yes' and would be sent; a skip or only rule in the mapping "
        "keeps them back"
    ]


@pytest.mark.parametrize("remark", REMARKS_THAT_SAY_NO)
def test_a_remark_that_says_no_is_counted_and_kept_back_by_the_proposed_rule(remark):
    assert refusal_in(refusal_in(remark)) == refusal_in(
        remark
    )  # what is kept of it says no as well
    assert refusing_cells("Notes", {remark: 2, "vip": 7}) == {remark: 2}
    rule = propose_rule("Notes", {remark: 1, "vip": 7})
    assert (rule.section, rule.values) == ("skip", ("says no",))
    mapper = _mapper("skip:\n- {column: Notes, values: [says no]}\n", ["E-mail", "Notes"])
    assert _skipped(mapper, Notes=remark).startswith("Notes: ")


def test_many_remarks_looked_at_together_say_what_each_says_alone():
    remarks = []
    for no, other in zip_longest(REMARKS_THAT_SAY_NO, REMARKS_OF_OTHER_THINGS, fillvalue="vip"):
        remarks += [no, other, "", *("Ann came\nin May" for _ in range(30)), no]
    assert refusals_in(remarks) == [refusal_in(remark) for remark in remarks]
    assert refusals_in(["unsub", "scribed", ""]) == ["unsub", "", ""]  # no word of two cells
    assert refusals_in([]) == []


@pytest.mark.parametrize("remark", REMARKS_OF_OTHER_THINGS)
def test_a_remark_about_other_things_keeps_nobody_back(remark):
    assert refusal_in(remark) == ""
    mapper = _mapper("skip:\n- {column: Notes, values: [says no]}\n", ["E-mail", "Notes"])
    assert _skipped(mapper, Notes=remark) == ""


@pytest.mark.parametrize(
    "header",
    [
        "Notes", "Comment", "TAGS", "Примечание", "Bemerkungen", "Observaciones", "Uwagi", "Groups", "Segments",
        "Contact preference", "Lifecycle stage", "Kategorie", "Группа", "Reason",
    ],
)  # fmt: skip
def test_columns_of_remarks_are_recognised(header):
    assert speaks_of(header) is Speaks.OF_REMARKS


UNHEEDED = [
    ["E-mail", "Unsubscribed"],
    *([f"p{n}@b.org", "no"] for n in range(3)),
    ["x@b.org", "yes"],
]
STOPPED = (
    "nothing was sent: cells of 'Unsubscribed' say that people must not be written to, and no rule looks "
    "at them. Add a skip or only rule (`bulk-import init` proposes one), or write `when: {says_no: send}` "
    "if it means something else"
)


@pytest.fixture
def mails(tmp_path):
    path = tmp_path / "mails.yml"
    path.write_text("version: 1\nfields: {lead_email: E-mail}\n", "utf-8")
    return path


@pytest.mark.usefixtures("reader_in_a_thread")
@pytest.mark.parametrize(
    "ahead", [pytest.param(0, id="read ahead"), pytest.param(-1, id="read first")]
)
async def test_where_nobody_is_asked_a_no_that_no_rule_looks_at_stops_the_run_and_its_resume(
    sandbox, settings, write_csv, mails, ahead
):
    chosen = settings(sandbox, read_ahead_bytes=ahead)

    first = await import_file_async(write_csv(UNHEEDED), mails, chosen)
    second = await resume_async(chosen.run_dir, chosen)

    for summary in (first, second):
        assert (summary.stop_code, summary.stopped) == (3, STOPPED)
        assert summary.counts[Status.NOT_SENT] == 4
    assert sandbox.sent() == []


async def test_a_batch_of_a_pipeline_and_a_frame_stop_there_as_well(
    sandbox, settings, mails, tmp_path
):
    rows = [dict(zip(UNHEEDED[0], cells, strict=True)) for cells in UNHEEDED[1:]]
    batch = await send_batch_async(rows, mails, settings(sandbox), tmp_path / "batches")
    frame = await import_frame_async(
        pd.DataFrame(rows), mails, settings(sandbox, run_dir=tmp_path / "frame")
    )
    assert (batch.is_settled, batch.summary.stopped, frame.stopped) == (False, STOPPED, STOPPED)
    assert sandbox.sent() == []

    meant = {**load_mapping(mails).document.tree, "when": {"says_no": "send"}}
    again = await send_batch_async(rows, meant, settings(sandbox), tmp_path / "batches")
    assert (again.is_settled, again.summary.counts[Status.SUCCESS]) == (True, 4)


async def test_a_rehearsal_goes_on_and_warns(settings, sandbox, write_csv, mails, tmp_path):
    """It shows what the run would do; nobody is written to."""
    ear = Ear()
    rehearsal = Rehearsal(
        [str(write_csv(UNHEEDED))], load_mapping(mails), settings(sandbox), latency_ms=1
    )
    summary = await rehearsal.run(ear, Stop())
    assert (summary.stop_code, summary.counts[Status.SUCCESS]) == (0, 4)
    assert any("Unsubscribed: 1 of 4 rows say 'yes' and would be sent" in told for told in ear.told)
    assert sandbox.sent() == []


async def test_a_night_stops_at_a_column_that_says_no_and_is_new_in_the_export(
    sandbox, settings, write_csv, mails, tmp_path
):
    nights = [settings(sandbox, run_dir=tmp_path / name) for name in ("first", "second", "third")]
    source = write_csv([["E-mail"], *([f"p{n}@b.org"] for n in range(4))])
    state = tmp_path / "state.db"
    await sync_async(source, mails, nights[0], state=state)

    write_csv(
        [["E-mail", "Unsubscribed"], *([f"p{n}@b.org", "no"] for n in range(4)), ["x@b.org", "yes"]]
    )
    stopped = await sync_async(source, mails, nights[1], state=state)
    write_csv([["E-mail", "Unsubscribed"], *([f"p{n}@b.org", "yes"] for n in range(4))])
    unchanged = await sync_async(source, mails, nights[2], state=state)

    assert (stopped.stop_code, stopped.stopped) == (3, STOPPED)
    assert (unchanged.stop_code, unchanged.counts[Status.UNCHANGED]) == (
        0,
        4,
    )  # nobody is written to
    assert len(sandbox.sent()) == 4


async def test_a_person_who_is_asked_may_send_and_so_may_a_mapping_that_says_so(
    sandbox, settings, write_csv, mails, tmp_path
):
    source = write_csv(UNHEEDED)
    said = []

    def asked(plan):
        said.append([str(problem) for _, problem in plan.problems])
        return True

    confirmed = await import_file_async(
        source, mails, settings(sandbox, run_dir=tmp_path / "asked"), confirm=asked
    )
    meant = tmp_path / "meant.yml"
    meant.write_text(f"{mails.read_text('utf-8')}when: {{says_no: send}}\n", "utf-8")
    told = await import_file_async(source, meant, settings(sandbox, run_dir=tmp_path / "told"))

    assert said == [[
        "Unsubscribed: 1 of 4 rows say 'yes' and would be sent; a skip or only rule in the mapping "
        "keeps them back"
    ]]  # fmt: skip
    for summary in (confirmed, told):
        assert (summary.stop_code, summary.counts[Status.SUCCESS]) == (0, 4)


async def test_remarks_that_say_no_are_reported_by_check_and_by_the_run(
    sandbox, settings, write_csv, tmp_path
):
    source = write_csv([
        ["E-mail", "Notes"], ["a@b.org", "Met in May, please do not e-mail"], ["b@b.org", "Unsubscribed!"],
        ["c@b.org", "likes blue"],
    ])  # fmt: skip
    mapping = tmp_path / "m.yml"
    mapping.write_text("version: 1\nfields: {lead_email: E-mail}\n", "utf-8")
    expected = (
        "Notes: 2 of 3 rows have a remark such as 'do not e mail', 'unsubscribed' and would be sent; a "
        "skip rule with the value `says no` keeps them back"
    )

    checked = check_file(source, load_mapping(mapping))
    ear = Ear()
    await import_file_async(source, mapping, settings(sandbox), progress=ear)

    assert [str(p) for _, p in checked.plan.problems] == [expected]
    assert sum(told.endswith(expected) for told in ear.told) == 1
    mapping.write_text(
        "version: 1\nfields: {lead_email: E-mail}\nskip: [{column: Notes, values: [says no]}]\n",
        "utf-8",
    )
    second = await import_file_async(
        source, mapping, settings(sandbox, run_dir=tmp_path / "second")
    )
    assert check_file(source, load_mapping(mapping)).plan.problems == []
    assert statuses(Path(second.run_dir)) == ["skipped", "skipped", "success"]


def test_only_with_says_no_sends_to_those_alone_who_said_it():
    mapper = _mapper("only:\n- {column: Notes, values: [says no]}\n", ["E-mail", "Notes"])
    assert _skipped(mapper, Notes="do not email") == ""
    assert _skipped(mapper, Notes="vip") == "Notes: 'vip' (only)"
