"""The ways beside the straight one: odd files, tomorrow's export, nights."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from html import unescape
from urllib.parse import quote

import pytest

from bulk_import.app.pages import without_folder
from bulk_import.jobs.history import list_jobs
from bulk_import.jobs.nightly import sync_async
from tests.visitors import judged


async def test_a_file_that_cannot_be_read_by_itself_is_read_as_the_person_says(person):
    text = "E-mail,氏名\n" + "".join(f"p{n}@example.org,ｱﾝﾅ山田\n" for n in range(3))
    status, answer, _ = await person.ask(
        "POST", "/upload", headers={"X-File-Name": quote("名簿.csv")}, data=text.encode("cp932")
    )
    assert status == 200, answer
    base = json.loads(answer)["url"].removesuffix("/match")
    page = await person.get(f"{base}/match")
    if "How is the file read?" in page:  # the encoding was not clear
        assert "/imports/" not in page.split('class="notice"')[1].split("</p>")[0]
    page = (await person.post(f"{base}/mapping/source", encoding="cp932"))["html"]
    assert "ｱﾝﾅ山田" in page
    mapping = (person.page.desk.home / base[1:] / "mapping.yml").read_text("utf-8")
    assert "encoding: cp932" in mapping
    status, answer, _ = await person.ask(
        "POST", f"{base}/mapping/source", data={"header_row": "zero"}
    )
    assert (status, "number from 1" in answer) == (409, True)
    await judged(person, base)


async def test_corrections_are_taken_over_by_tomorrows_export(person):
    header = "E-mail,Name,Phone\n"
    base = await person.upload(
        header + "ann@example.com,Ann,12\nbob@example.com,Bob,13\n", "mon.csv"
    )
    await judged(person, base)
    await person.post(f"{base}/edit", seq="1", column="Phone", text="+14155550123")
    await person.post(f"{base}/edit", seq="2", column="Phone", text="+14155550124")
    other = await person.upload("E-mail,Phone\nzed@example.com,12\n", "other.csv")
    await judged(person, other)
    assert "corrections of mon.csv" not in await person.get(f"{other}/side")
    # Tomorrow Bob comes first, with another number, and Ann as she was.
    later = await person.upload(
        header + "bob@example.com,Bob,14\nANN@example.com,Ann,12\n", "tue.csv"
    )
    await judged(person, later)
    assert "Use the corrections of mon.csv" in await person.get(f"{later}/side")
    answer = await person.post(f"{later}/takeover", **{"from": base.rsplit("/", 1)[1]})
    assert answer["changed"] == 1
    rows = json.loads(await person.get(f"{later}/rows?rows=5"))["rows"]
    assert [row["cells"][2] for row in rows] == ["14", "+14155550123"]
    await person.post(f"{later}/undo")
    rows = json.loads(await person.get(f"{later}/rows?rows=5"))["rows"]
    assert [row["cells"][2] for row in rows] == ["14", "12"]


LOOSE = "version: 1\nfields:\n  lead_email: E-mail\n  lead_phone: {column: Phone, bad_value: drop_field}\n"


async def test_the_page_says_whether_a_row_stays_or_only_a_cell(person):
    base = await person.upload("E-mail,Phone\na@example.org,12\nnobody,+14155550123\n")
    match = (await person.post(f"{base}/mapping/file", text=LOOSE))["html"]
    assert (
        'class="raw">12</span> <span aria-hidden="true">→</span> <span class="value">sent without it'
        in match
    )
    assert (
        'class="raw">nobody</span> <span aria-hidden="true">→</span> <span class="value">the row is not sent'
        in match
    )


async def test_the_plan_names_what_is_remarked_of_the_rows_that_are_sent_alone(person):
    base = await person.upload("E-mail,Phone\na@example.org,12\nnobody,12\nb@example.org,\n")
    await person.post(f"{base}/mapping/file", text=LOOSE)
    await judged(person, base)
    plan = await person.get(f"{base}/plan")
    remarks = plan.split("Sent with a remark")[1].split("</ul>")[0]
    assert "<strong>1</strong> No such number can exist in its country." in remarks
    assert "<strong>2</strong>" not in remarks


async def test_a_page_in_russian_has_no_english_reasons(person):
    russian = {"Accept-Language": "ru"}
    text = "E-mail,Отказ,Комментарий\na b@mail.ru,,\nc@mail.ru,да,\nd@mail.ru,,просил не писать\n"
    base = await person.upload(text)
    match = await person.get(f"{base}/match", headers=russian)
    assert "слова отказа" in match
    await judged(person, base)
    rows = json.loads(await person.get(f"{base}/rows?rows=5", headers=russian))["rows"]
    assert [row["why"] for row in rows] == [
        "«a b@mail.ru»: перед @ есть недопустимые знаки: пробел; напишите один адрес, например anna@example.org",
        "«да» (правило пропуска: отписался)",
        "«просил не писать» (правило пропуска: просил не писать)",
    ]
    for path, said in (
        ("/imports/nowhere/match", "импорта «nowhere» здесь нет"),
        ("/nothing", "Такой страницы нет."),
    ):
        _, page, _ = await person.ask("GET", path, headers=russian | {"Accept": "text/html"})
        assert said in page


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "2 corrections of /home/Anna Berg/imports/c-1a2b/a b.csv applied",
            "2 corrections of a b.csv applied",
        ),
        (r"read 'C:\Users\Anna Berg\imports\c-1a2b\a.csv'", "read 'a.csv'"),
        ("list /imports/c-1a2b/never-0123abcd/out.txt: 2 entries", "list out.txt: 2 entries"),
        ("/srv/imports/lists/0123abcd/vip.csv row 3", "vip.csv row 3"),
        ("and/or imports/ of 1/2 a year", "and/or imports/ of 1/2 a year"),
    ],
)
def test_a_folder_of_the_page_is_left_out_of_what_it_says(said, shown):
    assert without_folder(said) == shown


async def _never(person, base, text, name="out.txt"):
    return await person.ask(
        "POST", f"{base}/mapping/suppress", headers={"X-File-Name": quote(name)}, data=text.encode()
    )


async def test_a_list_of_people_never_written_to_is_dropped_and_removed(person):
    base = await person.upload("E-mail\na@example.org\nb@example.org\n")
    status, said, _ = await _never(person, base, "b@@example\n")
    assert (status, "'b@@example' is not understood" in said) == (409, True)
    folder = person.page.desk.home / base[1:]
    assert list(folder.glob("never-*")) == []
    assert (await _never(person, base, "B@Example.org\n", "отписались.txt"))[0] == 200
    await judged(person, base)
    assert "<strong>1</strong> of 2 rows" in await person.get(f"{base}/plan")
    assert "<li>отписались.txt " in await person.get(f"{base}/match")
    await person.post(f"{base}/mapping/option", path="suppress", value="")
    await judged(person, base)
    assert "<strong>2</strong> of 2 rows" in await person.get(f"{base}/plan")


async def test_a_braked_night_is_shown_and_accepted_once(person):
    await person.post("/account", kind="sandbox")
    desk = person.page.desk
    source, mapping, state = (desk.home / name for name in ("c.csv", "m.yml", "c.sqlite3"))
    mapping.write_text("version: 1\nfields: {lead_email: E-mail}\n")

    async def night(people: int) -> None:
        source.write_text(
            "E-mail\n" + "".join(f"p{n}@example.com\n" for n in range(people)), "utf-8"
        )
        settings = replace(
            desk.account.settings,
            limits=replace(desk.account.settings.limits, rate=0),
            run_dir=desk.home / "runs" / f"night{people}",
        )
        await sync_async(source, mapping, settings, state=state)

    await night(60)
    await night(10)
    page = await person.get("/nights")
    assert "The brake stopped the last night." in page
    assert "60 contacts are known" in page
    assert "The brake stopped the last night." in await person.get("/")
    await person.post("/nights/accept", job="c.sqlite3")
    sending = desk.sending["night:c.sqlite3"]
    await asyncio.wait_for(sending.task, 30)
    assert sending.error == ""
    (job,) = list_jobs(desk.home)
    assert not job.is_braked
    assert len(job.nights) == 3
    status, text, _ = await person.ask("POST", "/nights/accept", data={"job": "other.sqlite3"})
    assert (status, "no such job" in text) == (409, True)


async def test_the_account_is_chosen_on_the_plan_too(person):
    base = await person.upload()
    await judged(person, base)
    await person.get(f"{base}/plan")
    assert "Use the sandbox" in await person.get(f"{base}/plan")
    await person.post("/account", kind="sandbox")
    await person.get(f"{base}/plan")
    await judged(person, base)
    assert 'id="confirm"' in await person.get(f"{base}/plan")


async def test_a_project_goes_and_runs_stay(person):
    base = await person.upload()
    folder = person.page.desk.home / base[1:]
    assert folder.is_dir()
    await person.post(f"{base}/delete")
    assert not folder.exists()
    assert (await person.ask("GET", f"{base}/match"))[0] == 404


async def test_a_new_start_finds_everything_where_it_was(person, tmp_path):
    base = await person.upload()
    await judged(person, base)
    await person.post(f"{base}/edit", seq="2", column="E-mail", text="bob@example.com")
    desk = person.page.desk
    desk.projects.pop(base.rsplit("/", 1)[1]).close()
    desk.judging.clear()
    await judged(person, base)
    side = await person.get(f"{base}/side")
    assert "1 cell corrected" in side
    await person.post(f"{base}/undo")
    assert not (desk.home / base[1:] / "contacts.corrections.csv").exists()


async def test_two_tabs_that_edit_at_once_lose_nothing(person):
    base = await person.upload(
        "E-mail,Name\n" + "".join(f"p{n}@example.org,Name {n}\n" for n in range(30))
    )
    await judged(person, base)
    await asyncio.gather(
        *(
            person.post(f"{base}/edit", seq=str(n), column="Name", text=f"N{n}")
            for n in range(1, 31)
        )
    )
    path = person.page.desk.home / base[1:] / "contacts.corrections.csv"
    assert len(path.read_text("utf-8-sig").splitlines()) == 31
    for _ in range(30):
        await person.post(f"{base}/undo")
    assert not path.exists()


async def test_whoever_asks_while_rows_are_judged_again_is_told(person):
    base = await person.upload()
    await judged(person, base)
    project = person.page.desk.project(base.rsplit("/", 1)[1])
    project.review.close()
    status, text, _ = await person.ask("GET", f"{base}/rows")
    assert (status, "judged again" in text) == (409, True)


async def test_how_a_row_stands_is_said_in_the_language_of_the_page(person):
    base = await person.upload("E-mail\na@example.org\n")
    await judged(person, base)
    review = await person.get(f"{base}/review", headers={"Accept-Language": "ru"})
    statuses = json.loads(unescape(re.search(r'data-statuses="([^"]*)"', review)[1]))
    assert statuses["ready"] == "Готовы"
    assert [text for text in statuses.values() if text.isascii()] == []
