"""Re-tagging on the page has the rules of the command: brake, accepting, lists of people never sent."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.test_app_sending import sent_by_page
from tests.visitors import Visitor

PEOPLE = [f"p{n}@example.org" for n in range(10)]


async def _list(person: Visitor, *lines: str, name: str = "new.csv", kind: str = "") -> str:
    status, answer = await _try_list(person, *lines, name=name, kind=kind)
    assert status == 200, answer
    return str(answer["list"])


async def _try_list(person: Visitor, *lines: str, name: str, kind: str):
    status, text, _ = await person.ask(
        "POST", f"/retag/list{f'?as={kind}' if kind else ''}", headers={"X-File-Name": quote(name)},
        data="\n".join(["E-mail", *lines, ""]).encode(),
    )  # fmt: skip
    return status, json.loads(text)


async def _make(person: Visitor, **form: str) -> tuple[int, dict[str, str]]:
    status, text, _ = await person.ask("POST", "/retag/make", data={"add_tags": "vip"} | form)
    return status, json.loads(text)


async def test_the_brake_stops_a_list_that_would_take_the_tag_from_many(person):
    new = await _list(person, *PEOPLE[:6])
    form = {"new": new, "previous": await _list(person, *PEOPLE, name="old.csv")}

    shown = (await person.post("/retag/compare", add_tags="vip", **form))["html"]
    status, said = await _make(person, **form)

    assert "The brake: 4 of 10 would lose, more than 30 %." in shown
    assert "<button disabled>" in shown
    assert (status, said["error"]) == (
        409, "The brake: look at the new list, then accept it or choose another."
    )  # fmt: skip
    accepted = (await person.post("/retag/compare", add_tags="vip", accept="1", **form))["html"]
    assert "The brake" not in accepted
    status, said = await _make(person, accept="1", **form)
    assert (status, said["url"].split("/")[1]) == (200, "imports")
    assert 'title="vip">vip <span class="chip">re-tag</span>' in await person.get(said["url"])


async def test_who_said_no_is_named_with_the_file_as_the_person_knows_it(person):
    status, text, _ = await person.ask(
        "POST", "/retag/list", headers={"X-File-Name": "gold.csv"},
        data=b"E-mail,Unsubscribed\nann@example.org,\nbo@example.org,yes\n",
    )  # fmt: skip
    assert status == 200
    form = {"new": json.loads(text)["list"], "add_tags": "gold"}
    shown = (await person.post("/retag/compare", **form))["html"]
    assert "1 row says no and is left alone: gold.csv row 3 &#39;bo@example.org&#39;" in shown


async def test_a_page_in_russian_says_it_in_russian(person):
    old = await _list(person, *PEOPLE, name="old.csv")
    headers = {"Accept-Language": "ru"}
    for lines, text in (
        ((), "Тормоз: в новом списке нет адресов."),
        (PEOPLE[:3], "Тормоз: потеряли бы 7 из 10, больше 30 %."),
        ((*PEOPLE[:8], "x@@y"), "2 человек нет в новом списке, но сейчас они ничего не теряют"),
    ):
        form = {"new": await _list(person, *lines), "previous": old, "add_tags": "vip"}
        _, shown, _ = await person.ask("POST", "/retag/compare", headers=headers, data=form)
        assert text in shown
        _, said, _ = await person.ask("POST", "/retag/make", headers=headers, data=form)
        assert json.loads(said)["error"].startswith(("Тормоз: посмотрите", "Никто не получает"))


async def test_who_may_be_behind_a_damaged_cell_loses_only_when_the_list_is_accepted(person):
    await person.post("/account", kind="sandbox")
    new = await _list(person, *PEOPLE[:9], "p9@example,org")
    form = {"new": new, "previous": await _list(person, *PEOPLE, name="old.csv")}
    shown = (await person.post("/retag/compare", add_tags="vip", **form))["html"]
    assert "1 person is not on the new list and loses nothing now" in shown
    assert (await _make(person, **form))[0] == 409  # nobody gains and nobody loses
    _, made = await _make(person, accept="1", **form)
    sending = await sent_by_page(person, made["url"].removesuffix("/plan"))
    await sending.task
    sandbox = person.page.desk.sandbox
    assert [(r.email, r.form["remove_tags"]) for r in sandbox.sent()] == [("p9@example.org", "vip")]


async def test_who_must_not_be_written_to_is_not_sent_and_an_odd_entry_refuses_the_list(person):
    await person.post("/account", kind="sandbox")
    never = await _list(
        person,
        "Person One <P1@example.org>",
        "mailto:p2@example.org",
        name="out.csv",
        kind="suppress",
    )
    form = {"new": await _list(person, *PEOPLE), "suppress": never}
    shown = (await person.post("/retag/compare", add_tags="vip", **form))["html"]
    assert "<strong>8</strong> gain" in shown
    assert "2 people must not be written to and are left alone: p1@example.org, p2@" in shown
    assert 'vip <span class="soft">8</span>' in shown
    assert "Look at the plan for 8 contacts" in shown
    _, made = await _make(person, most="8", **form)
    sending = await sent_by_page(person, made["url"].removesuffix("/plan"))
    await sending.task
    sandbox = person.page.desk.sandbox
    assert sorted(r.email for r in sandbox.sent()) == sorted({*PEOPLE} - {PEOPLE[1], PEOPLE[2]})

    status, said = await _try_list(person, "p1@@example", name="out.csv", kind="suppress")
    assert status == 409
    assert "'p1@@example' is not understood as an address" in said["error"]


@pytest.mark.parametrize("most", ["9", "1"])
async def test_more_contacts_than_allowed_are_not_touched(person, most):
    new = await _list(person, *PEOPLE)
    status, said = await _make(person, new=new, most=most)
    assert (status, said["error"]) == (
        409, f"The brake: 10 contacts would be touched, {most} are allowed."
    )  # fmt: skip


async def test_a_limit_that_is_no_number_is_refused_not_ignored(person):
    new = await _list(person, *PEOPLE)
    status, said = await _make(person, new=new, most="ten")
    assert (status, said["error"]) == (409, "The brake: 'ten' is not a whole number.")


async def test_two_tags_on_one_line_are_refused_in_the_language_of_the_page(person):
    form = {"new": await _list(person, *PEOPLE), "add_tags": "vip, club"}
    headers = {"Accept-Language": "ru"}
    status, said, _ = await person.ask("POST", "/retag/compare", headers=headers, data=form)
    assert (status, json.loads(said)["error"]) == (
        409, "«vip, club»: пишите каждый тег и список в отдельной строке"
    )  # fmt: skip


async def test_it_is_said_that_whom_the_account_does_not_have_becomes_a_contact(person):
    form = {"new": await _list(person, *PEOPLE), "add_tags": "vip"}
    shown = (await person.post("/retag/compare", **form))["html"]
    assert "not in the account yet becomes a new contact there" in shown
    assert "Tags to add" in shown


async def test_the_columns_of_a_plan_are_not_guessed(person):
    form = {"new": await _list(person, *PEOPLE[:5]), "previous": await _list(person, *PEOPLE[2:6])}
    _, made = await _make(person, accept="1", **form)
    match = await person.get(made["url"].removesuffix("/plan") + "/match")
    assert ">remove_tags</h2>" in match
    assert ("Perhaps:" in match, "certain" in match) == (False, False)


async def test_nothing_is_sent_when_everybody_is_on_the_list_of_people_never_sent(person):
    never = await _list(person, *PEOPLE, name="out.csv", kind="suppress")
    form = {"new": await _list(person, *PEOPLE), "suppress": never, "add_tags": "vip"}
    shown = (await person.post("/retag/compare", **form))["html"]
    assert "<strong>0</strong> gain" in shown
    assert "<button disabled>" in shown
    assert (await _make(person, **form))[0] == 409


async def test_who_says_no_on_the_list_is_named_and_left_alone(person):
    await person.post("/account", kind="sandbox")
    status, text, _ = await person.ask(
        "POST", "/retag/list", headers={"X-File-Name": "n.csv"},
        data=b"E-mail,Unsubscribed\na@b.org,\nno@b.org,yes\n",
    )  # fmt: skip
    assert status == 200
    form = {"new": json.loads(text)["list"]}
    shown = (await person.post("/retag/compare", add_tags="vip", **form))["html"]
    assert "1 row says no and is left alone" in shown
    compared = {"add_tags": "vip", **form}
    _, russian, _ = await person.ask(
        "POST", "/retag/compare", headers={"Accept-Language": "ru"}, data=compared
    )
    assert ", строка 3: «no@b.org» (Unsubscribed: " in russian
    _, made = await _make(person, **form)
    sending = await sent_by_page(person, made["url"].removesuffix("/plan"))
    await sending.task
    assert [r.email for r in person.page.desk.sandbox.sent()] == ["a@b.org"]


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "The brake: everybody on the new list says no."),
     ("ru", "Тормоз: все в новом списке не хотят писем.")],
)  # fmt: skip
async def test_a_list_of_people_who_all_say_no_is_named_as_that(person, language, text):
    _, answer, _ = await person.ask(
        "POST", "/retag/list", headers={"X-File-Name": "no.csv"},
        data=b"E-mail,Unsubscribed\na@b.org,yes\nb@b.org,yes\n",
    )  # fmt: skip
    form = {"new": json.loads(answer)["list"], "add_tags": "vip"}
    headers = {"Accept-Language": language}
    _, shown, _ = await person.ask("POST", "/retag/compare", headers=headers, data=form)
    assert text in shown
    assert "<button disabled>" in shown
