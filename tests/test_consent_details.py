"""A detail of a consent ("Newsletter since") in whose place somebody wrote that the person said no."""

from __future__ import annotations

import html
from pathlib import Path

import pandas as pd
import pytest

from bulk_import.jobs.batches import send_batch_async
from bulk_import.jobs.checking import check_file
from bulk_import.jobs.importing import import_file_async, import_frame_async, resume_async
from bulk_import.jobs.nightly import sync_async
from bulk_import.jobs.proposing import proposed_text
from bulk_import.jobs.retagging import retag_async
from bulk_import.mapping.consent import (
    ConsentRule,
    heard,
    keeps_refusals,
    propose_rule,
    refusing_cells,
)
from bulk_import.mapping.consent_headers import Speaks, speaks_of
from bulk_import.mapping.loading import load_mapping, parse_mapping
from bulk_import.models import Status
from bulk_import.normalize.consent import answers_no, refuses
from tests.conftest import statuses
from tests.test_app_sending import sent_by_page
from tests.visitors import Visitor, judged

SAYS_NO = ("says no",)


@pytest.mark.parametrize(
    ("header", "no", "others"),
    [
        ("Newsletter seit", ["nein (2024-01-02)", "abgemeldet am 3.5.2024", "Nein. Will nicht"], ["2024-05-01", "Mai", "-", "keine Angabe"]),
        ("Newsletter since", ["no", "NO - by phone 3 May", "unsubscribed", "No, thanks", "false", "never"], ["2024", "none", "n/a", "0", "web"]),
        ("Opt-in date", ["no 12.05.2024", "2024-05-01; withdrawn 2024-06-01", "not confirmed", "❌"], ["2024-05-01T10:00:00Z", "–", "pending", "ok"]),
        ("Consent source", ["no", "refused", "No consent"], ["no source", "Oslo, NO", "web form", "Import (no 5)", "none"]),
        ("Consent form", ["no", "no (asked on 3 May)"], ["no. 5", "No 5", "NO 2024-7", "form 3", "№ 5", "0"]),
        ("Дата подписки", ["нет", "нет 12.05.2024", "отписался 5 мая", "02.01.2024 – нет"], ["12.05.2024", "нет данных", "не указана"]),
        ("Источник согласия", ["отказ", "нет, звонил 3 мая"], ["сайт", "выставка"]),
        ("Abonné depuis", ["non", "désabonné le 3.5.2024", "non merci"], ["2024", "inconnu"]),
        ("Fecha de suscripción", ["no", "dado de baja"], ["2024-05-01", "no consta"]),
        ("Data zgody", ["nie", "wycofana 2024-01-02"], ["nie dotyczy", "brak danych"]),
        ("Data iscrizione", ["no", "disiscritto"], ["01/02/2024"]),
        ("Data de inscrição", ["não", "descadastrado em 2024"], ["não informado"]),
        ("Abonelik tarihi", ["hayır", "abonelikten çıktı"], ["yok", "2024"]),
        ("Newsletter wording", ["no"], ["I agree to newsletters; no, really: " + "x" * 99, "You can unsubscribe, opt out, or withdraw at any time; see the page of our data protection for that."]),
        ("Consent URL", ["no"], ["https://x.example/no"]),
        ("Newsletter language", ["nein", "нет", "unsubscribed"], ["NO", "no", "nu", "NE", "DE"]),
        ("Consent country", ["opted out"], ["NO", "no", "SE"]),
        ("Subscription plan", ["unsubscribed"], ["none", "no", "cancelled", "free"]),
        ("Subscription type", ["opted out"], ["no", "declined", "monthly"]),
        ("Consent expires", ["opted out"], ["no", "never", "2030-01-01"]),
        ("Newsletter count", ["abgemeldet"], ["0", "no", "12"]),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)  # fmt: skip
def test_only_words_that_mean_nothing_else_say_no_in_a_detail(header, no, others):
    assert refusing_cells(header, dict.fromkeys([*no, *others, ""], 2)) == dict.fromkeys(no, 2)
    assert propose_rule(header, dict.fromkeys([*no, *others], 1)) == ConsentRule(
        "skip", header, SAYS_NO, "no consent"
    )
    assert propose_rule(header, dict.fromkeys(others, 1)) is None


@pytest.mark.parametrize(
    ("header", "speaks"),
    [
        ("Newsletter type", Speaks.OF_DETAIL), ("Subscription type", Speaks.OF_TERMS),
        ("Newsletter subscription type", Speaks.OF_DETAIL), ("Subscription date", Speaks.OF_DETAIL),
        ("Consent version language", Speaks.OF_CODE), ("Subscription rate", Speaks.OF_TERMS),
        # words of a detail that are none here: a 0 says no
        ("Consent to contact by e-mail", Speaks.OF_CONSENT), ("Consent to data processing", Speaks.OF_CONSENT),
        ("Consent given by", Speaks.OF_DETAIL), ("Einwilligung Art. 6", Speaks.OF_CONSENT),
        ("Unsubscribe date", Speaks.OF_REFUSAL), ("Newsletter status date", Speaks.OF_STATE),
        ("Unsubscribe URL", None), ("Status link", None), ("City", None), ("Start date", None),
    ],
)  # fmt: skip
def test_a_detail_is_known_by_its_header(header, speaks):
    assert speaks_of(header) is speaks


def test_of_a_detail_the_cells_that_say_no_are_kept():
    assert keeps_refusals("Newsletter since")
    assert heard("Newsletter since", " nein (2024-01-02)") == " nein (2024-01-02)"
    assert heard("Newsletter since", "2024-01-02") == ""
    assert heard("Newsletter language", "NO") == ""


@pytest.mark.parametrize(
    "cell",
    ["no", "No!", "нет", "nein, danke", "no: by phone", "2024-05-01 no", "no 2024-05-01", "✗", "FALSE"],
)  # fmt: skip
def test_a_no_with_its_date_or_a_remark_is_a_no_in_a_column_of_consent_too(cell):
    assert answers_no(cell)
    assert refusing_cells("Newsletter", {cell: 1, "yes": 1}) == {cell: 1}


@pytest.mark.parametrize(
    "cell", ["", "-", "—", "0", "none", "no idea", "no. 5", "no/yes", "no-reply"]
)
def test_what_may_be_nothing_or_a_number_is_no_answer(cell):
    assert not answers_no(cell)
    assert not refuses(cell)


# -- every route ----------------------------------------------------------------------------------

ROWS = [
    ["E-mail", "Newsletter seit", "Newsletter language", "Consent source"],
    *([f"p{n}@b.org", f"2024-05-0{n}", "NO", "none"] for n in range(1, 4)),
    ["x@b.org", "nein (2024-01-02)", "DE", "fair no. 5"],
]
STOPPED = (
    "nothing was sent: cells of 'Newsletter seit' say that people must not be written to, and no rule "
    "looks at them. Add a skip or only rule (`bulk-import init` proposes one), or write "
    "`when: {says_no: send}` if it means something else"
)
COUNTED = (
    "Newsletter seit: 1 of 4 rows say 'nein (2024-01-02)' and would be sent; a skip or only rule in "
    "the mapping keeps them back"
)
RULE = "skip: [{column: Newsletter seit, values: [says no], because: no consent}]\n"


@pytest.fixture
def mails(tmp_path):
    path = tmp_path / "mails.yml"
    path.write_text("version: 1\nfields: {lead_email: E-mail}\n", "utf-8")
    return path


@pytest.mark.usefixtures("reader_in_a_thread")
@pytest.mark.parametrize("ahead", [0, -1])
async def test_a_run_that_asks_nobody_stops_and_so_does_its_resume(
    sandbox, settings, write_csv, mails, ahead
):
    chosen = settings(sandbox, read_ahead_bytes=ahead)
    first = await import_file_async(write_csv(ROWS), mails, chosen)
    second = await resume_async(chosen.run_dir, chosen)
    for summary in (first, second):
        assert (summary.stop_code, summary.stopped) == (3, STOPPED)
        assert summary.counts[Status.NOT_SENT] == 4
    assert sandbox.sent() == []


async def test_a_batch_and_a_frame_and_a_night_stop(sandbox, settings, write_csv, mails, tmp_path):
    rows = [dict(zip(ROWS[0], cells, strict=True)) for cells in ROWS[1:]]
    batch = await send_batch_async(rows, mails, settings(sandbox), tmp_path / "batches")
    frame = await import_frame_async(
        pd.DataFrame(rows), mails, settings(sandbox, run_dir=tmp_path / "frame")
    )
    night = await sync_async(
        write_csv(ROWS), mails, settings(sandbox, run_dir=tmp_path / "night"), state=tmp_path / "s.db"
    )  # fmt: skip
    assert [batch.summary.stopped, frame.stopped, night.stopped] == [STOPPED] * 3
    assert [frame.stop_code, night.stop_code] == [3, 3]
    assert sandbox.sent() == []


async def test_check_and_the_plan_count_them_and_who_is_asked_may_send(
    sandbox, settings, write_csv, mails
):
    source, said = write_csv(ROWS), []

    def asked(plan):
        said.extend(str(problem) for _, problem in plan.problems)
        return True

    checked = check_file(source, load_mapping(mails))
    summary = await import_file_async(source, mails, settings(sandbox), confirm=asked)

    assert [str(p) for _, p in checked.plan.problems] == said == [COUNTED]
    assert (summary.stop_code, len(sandbox.sent())) == (0, 4)


async def test_the_rule_of_init_keeps_them_back_and_dates_that_come_later_too(
    sandbox, settings, write_csv, tmp_path
):
    mapping = tmp_path / "proposed.yml"
    mapping.write_text(proposed_text(write_csv(ROWS)), "utf-8")
    assert load_mapping(mapping).spec.skip[0].values == SAYS_NO

    later = write_csv([*ROWS, ["y@b.org", "nein (2024-09-09)", "DE", ""]], name="later.csv")
    summary = await import_file_async(later, mapping, settings(sandbox))

    assert statuses(Path(summary.run_dir)) == ["success"] * 3 + ["skipped"] * 2
    assert sorted(r.email for r in sandbox.sent()) == [f"p{n}@b.org" for n in range(1, 4)]
    assert check_file(later, parse_mapping(mapping.read_text("utf-8"))).plan.problems == []


async def test_a_tag_plan_leaves_them_alone(sandbox, settings, write_csv, tmp_path):
    await retag_async(
        str(write_csv(ROWS)), settings(sandbox, run_dir=tmp_path / "r"), add_tags=["vip"], accept=True
    )  # fmt: skip
    assert sorted(r.email for r in sandbox.sent()) == [f"p{n}@b.org" for n in range(1, 4)]


async def test_the_page_proposes_the_rule_and_counts_them_without_it(person: Visitor):
    await person.post("/account", kind="sandbox")
    base = await person.upload("\n".join(",".join(row) for row in ROWS) + "\n")
    project = person.page.desk.project(base.rsplit("/", 1)[1])
    assert load_mapping(project.mapping_path).spec.skip[0].values == SAYS_NO
    sending = await sent_by_page(person, base)
    await sending.task
    assert (sending.error, sending.summary.counts[Status.SKIPPED]) == ("", 1)

    base = await person.upload("\n".join(",".join(row) for row in ROWS) + "\n", name="again.csv")
    project = person.page.desk.project(base.rsplit("/", 1)[1])
    project.mapping_path.write_text("version: 1\nfields: {lead_email: E-mail}\n", "utf-8")
    await judged(person, base)
    await person.get(f"{base}/plan")
    await judged(person, base)
    assert "1 of 4 rows say 'nein (2024-01-02)'" in html.unescape(await person.get(f"{base}/plan"))
