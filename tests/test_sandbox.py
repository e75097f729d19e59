"""The stand-in behaves as the service does, ugly parts included."""

from __future__ import annotations

import hashlib
import json

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_import.errors import SettingsError
from bulk_import.sandbox.app import Sandbox
from bulk_import.sandbox.contacts import Forgetful, Store
from bulk_import.sandbox.faults import FaultPlan, Faults, PlannedFault


async def ask(sandbox: Sandbox, method: str = "addupdatelead", **form: str) -> tuple[int, str, str]:
    """Post a form with the key: (HTTP status, content type, body)."""
    form.setdefault("rpsKey", sandbox.key)
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sandbox.url}/api/{method}", data=form, allow_redirects=False) as answer,
    ):
        return answer.status, answer.content_type, await answer.text()


async def code(sandbox: Sandbox, method: str = "addupdatelead", **form: str) -> object:
    return json.loads((await ask(sandbox, method, **form))[2])["error_code"]


async def test_answers_are_json_called_html_with_a_hash_and_no_contact_id(sandbox):
    status, kind, text = await ask(sandbox, lead_email="a@b.org")
    digest = hashlib.md5(f"0::OK::{sandbox.key}".encode(), usedforsecurity=False).hexdigest()
    assert (status, kind) == (200, "text/html")
    assert json.loads(text) == {"error_code": 0, "error_text": "OK", "result": [], "hash": digest}


async def test_a_sandbox_that_keeps_nothing_answers_as_any_other(sandbox):
    forms: list[dict[str, str]] = [
        {"lead_email": "a@b.org"}, {"lead_email": "a@b.org"}, {"lead_email": "a"}, {"rpsKey": "x"}, {},
    ]  # fmt: skip
    async with Sandbox(store=Forgetful()) as forgetful:
        found = [await ask(forgetful, **form) for form in forms]
        assert (forgetful.contacts(), forgetful.sent(), forgetful.activity) == ([], [], 10)
    assert found == [await ask(sandbox, **form) for form in forms]


async def test_contacts_are_updated_by_email_whatever_its_case(sandbox):
    await code(
        sandbox,
        lead_email="A@b.org",
        lead_last_name="One",
        lead_phone="+1",
        add_tags="x,y",
        add_to_lists="super",
    )
    await code(
        sandbox,
        lead_email="a@B.org",
        lead_last_name="Two",
        lead_phone="",
        remove_tags="x",
        add_tags="z",
    )
    (contact,) = sandbox.contacts()
    assert (contact.email, contact.writes) == ("a@b.org", 2)
    assert contact.fields == {"lead_email": "a@B.org", "lead_last_name": "Two"}
    assert (contact.tags, contact.lists) == (("y", "z"), ("super",))


async def test_without_an_email_each_request_makes_a_contact(sandbox):
    await code(sandbox, lead_phone="+1")
    await code(sandbox, lead_phone="+1")
    assert len(sandbox.contacts()) == 2


async def test_refusals_have_status_200(sandbox):
    assert await code(sandbox, lead_email="a@b.org", rpsKey="wrong") == 4
    assert await code(sandbox) == 2
    assert await code(sandbox, lead_email="a@b.org", add_to_lists="nowhere") == 103
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sandbox.url}/api/addupdatelead", data={"x": "y"}) as answer,
    ):
        assert (answer.status, json.loads(await answer.text())["error_code"]) == (200, 1)
    assert sandbox.contacts() == []


# What is asked -> what the contact has afterwards -> what is answered. The mark is where the line
# comes from: [D] the vendor's documentation, [C] public clients, [A] our assumption.
METHODS = [
    ("[D]", "addtagtolead", {"add_tags": "new"}, ("old", "new"), ("super",), 0),
    ("[D]", "addtagtolead", {"add_tags": "new, newer"}, ("old", "new", "newer"), ("super",), 0),
    ("[D]", "removetagfromlead", {"remove_tags": "old"}, (), ("super",), 0),
    ("[D]", "removetagfromlead", {"remove_tags": "never had"}, ("old",), ("super",), 0),
    ("[D]", "removeleadfromlist", {"remove_from_lists": "super"}, ("old",), (), 0),
    ("[C]", "AddTagToLead", {"add_tags": "new"}, ("old", "new"), ("super",), 0),
    ("[A]", "addtagtolead", {"tag": "new"}, ("old",), ("super",), 3),
    ("[A]", "addtagtolead", {"add_tags": "new", "rid": "super"}, ("old",), ("super",), 3),
    ("[A]", "removetagfromlead", {"add_tags": "old"}, ("old",), ("super",), 3),
    ("[A]", "removeleadfromlist", {"rid": "super"}, ("old",), ("super",), 3),
    ("[A]", "addtagtolead", {}, ("old",), ("super",), 3),
    ("[D]", "addupdatelead", {"add_to_lists": "clients_1,\n1473249885.2899961004"},
     ("old",), ("super", "clients_1", "1473249885.2899961004"), 0),
    ("[D]", "addupdatelead", {"add_to_lists": "nowhere"}, ("old",), ("super",), 103),
    ("[A]", "addupdatelead", {"hash": "0123"}, ("old",), ("super",), 0),
]  # fmt: skip


@pytest.mark.parametrize(("mark", "method", "form", "tags", "lists", "answer"), METHODS)
async def test_each_method_changes_what_it_says_or_nothing(
    sandbox, mark, method, form, tags, lists, answer
):
    known = {"lead_email": "a@b.org"}
    await code(sandbox, **known, add_tags="old", add_to_lists="super")
    assert await code(sandbox, method, **known, **form) == answer, mark
    (contact,) = sandbox.contacts()
    assert (contact.tags, contact.lists, contact.extra) == (tags, lists, {})


@pytest.mark.parametrize("method", ["addtagtolead", "removetagfromlead", "removeleadfromlist"])
async def test_methods_that_change_need_a_contact_that_is_there(sandbox, method):
    name = {"addtagtolead": "add_tags", "removetagfromlead": "remove_tags"}.get(
        method, "remove_from_lists"
    )
    assert await code(sandbox, method, **{name: "x"}) == 100
    assert await code(sandbox, method, lead_email="no@body.org", **{name: "x"}) == 801
    assert sandbox.contacts() == []


@pytest.mark.parametrize("email", ["anna", "a@b", "a b@c.org", "@b.org", "a@b@c.org"])
async def test_an_address_that_is_none_is_refused_with_101(sandbox, email):
    answer = json.loads((await ask(sandbox, lead_email=email))[2])
    assert answer["error_code"] == 101
    assert answer["error_text"].startswith("subscription error: ")
    assert sandbox.contacts() == []


async def test_lists_are_asked_by_one_name_and_answered_under_another(sandbox):
    url = f"{sandbox.url}/api/getalllists"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data={"rpsKey": sandbox.key}, allow_redirects=False) as answer,
    ):
        assert (answer.status, answer.headers["Location"]) == (307, "/api/GetAllGroups")


async def test_lists_and_managers_have_the_shape_of_the_service(sandbox):
    lists = json.loads((await ask(sandbox, "GetAllGroups"))[2])["result"]
    assert lists[0] == {
        "id": 7001,
        "rass_id": 7001,
        "rass_name": "1473249885.2899961004",
        "rass_title": "Newsletter",
    }
    managers = json.loads((await ask(sandbox, "GetPersonalManagers"))[2])["result"]
    assert managers[0] == {"id": 101, "manager_id": 101, "manager_name": "Vera Lindqvist"}


async def test_a_plan_befalls_the_same_contacts_and_attempts_each_time(tmp_path):
    plan = tmp_path / "plan.csv"
    plan.write_text(
        "contact,attempt,fault,latency_ms\n"
        "A@b.org,1,error_500,\nb@b.org,2,101,\nc@b.org,*,lost,\n*,4,html_200,5\n"
    )
    for _ in range(2):
        async with Sandbox(plan=FaultPlan.load(plan)) as sandbox:
            for email in ("a@b.org", "a@b.org", "b@b.org", "b@b.org", "b@b.org", "b@b.org"):
                await ask(sandbox, lead_email=email)
            with pytest.raises(aiohttp.ClientError):
                await ask(sandbox, lead_email="c@b.org")
            assert [r.answer for r in sandbox.sent()] == [
                "500", "200", "200", "101", "200", "200", "(lost)"
            ]  # fmt: skip
            assert [c.writes for c in sandbox.contacts()] == [1, 2, 1]


@pytest.mark.parametrize(
    "line",
    ["a@b.org,1,explode,", ",1,lost,", "a@b.org,first,lost,", "a@b.org,1,lost,soon", "#0,1,lost,",
     "a@b.org,1,lost,nan", "a@b.org,1,lost,-5", "a@b.org,1,lost,inf", "#x,1,lost,"],
)  # fmt: skip
def test_a_plan_that_cannot_be_used_is_refused_with_its_line(tmp_path, line):
    plan = tmp_path / "plan.csv"
    plan.write_text(f"contact,attempt,fault,latency_ms\n{line}\n")
    with pytest.raises(SettingsError, match="line 2"):
        FaultPlan.load(plan)


def test_a_plan_may_have_semicolons_and_says_which_columns_it_wants(tmp_path):
    plan = tmp_path / "plan.csv"
    plan.write_text("contact;attempt;fault\nA@b.org;1;lost\n\n")
    assert FaultPlan.load(plan).faults == (PlannedFault("a@b.org", 1, "lost", line=2),)
    plan.write_text("email,error\na@b.org,lost\n")
    with pytest.raises(SettingsError, match="line 1: found email, error; the columns are contact,"):
        FaultPlan.load(plan)


def test_a_place_in_a_plan_is_a_contact_of_the_source(tmp_path):
    plan = FaultPlan((PlannedFault("#2", 1, "lost", line=2), PlannedFault("*", line=3)), "p.csv")
    assert plan.has_places
    found = plan.for_contacts(["a@b.org", "A@B.org", "c@b.org"])
    assert [planned.contact for planned in found.faults] == ["c@b.org", "*"]
    for wrong in ("#3", "nobody@b.org"):
        with pytest.raises(SettingsError, match=f"p.csv: line 7: {wrong}: the source has 2"):
            FaultPlan((PlannedFault(wrong, line=7),), "p.csv").for_contacts(["a@b.org", "c@b.org"])


async def test_faults_are_what_they_say(sandbox):
    sandbox.use(Faults(redirect=307))
    assert (await ask(sandbox, lead_email="a@b.org"))[0] == 307
    assert (await ask(sandbox, "AddUpdateLead", lead_email="a@b.org"))[0] == 200
    sandbox.use(Faults(code_as_text=True, no_result=True))
    assert set(json.loads((await ask(sandbox, lead_email="a@b.org"))[2])) == {
        "error_code",
        "error_text",
        "hash",
    }
    sandbox.use(Faults(html_200=1))
    assert "<html>" in (await ask(sandbox, lead_email="new@b.org"))[2]
    sandbox.use(Faults(lost=1))
    with pytest.raises(aiohttp.ClientError):
        await ask(sandbox, lead_email="lost@b.org")
    assert {c.email for c in sandbox.contacts()} == {"a@b.org", "lost@b.org"}
    sandbox.use(Faults(throttle=1))
    answers = [(await ask(sandbox, lead_email="a@b.org"))[0] for _ in range(3)]
    assert answers == [200, 429, 429]


async def test_every_request_is_counted_without_the_key(sandbox):
    await ask(sandbox, lead_email="a@b.org", crm_id="7")
    await ask(sandbox, lead_email="a@b.org", rpsKey="wrong")
    first, second = sandbox.sent()
    assert (first.number, first.form, first.applied, first.answer) == (
        1,
        {"lead_email": "a@b.org", "crm_id": "7"},
        True,
        "200",
    )
    assert (second.applied, second.answer) == (False, "4")


async def test_the_page_shows_contacts_and_escapes_them(sandbox):
    await code(
        sandbox,
        lead_email="a@b.org",
        lead_last_name="<script>alert(1)</script>",
        add_tags="vip",
        add_to_lists="super",
    )
    async with aiohttp.ClientSession() as session:
        async with session.get(sandbox.url) as answer:
            html = await answer.text()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        async with session.get(f"{sandbox.url}/contacts.json") as answer:
            assert (await answer.json())[0]["tags"] == ["vip"]
        async with session.get(sandbox.url, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403
        async with session.get(f"{sandbox.url}/?page=x") as answer:
            assert answer.status == 200
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert "Super · 1" in html
    assert "#vip" in html
    assert "a@b.org" in html


@given(
    st.dictionaries(
        st.from_regex(r"lead_[a-z]{1,6}|crm_[a-z]{1,4}", fullmatch=True),
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
        max_size=6,
    )
)
def test_values_are_kept_as_they_came(form):
    store = Store()
    try:
        store.apply({**form, "lead_email": "a@b.org"})
        (contact,) = store.contacts()
    finally:
        store.close()
    assert {**contact.fields, **contact.extra} == {**form, "lead_email": "a@b.org"}


@pytest.mark.parametrize(
    "headers",
    [{"Accept-Language": "ru"}, {"Accept-Language": "en", "Cookie": "bulk_import_language=ru"}],
    ids=["of the browser", "chosen on the importer's page"],
)
async def test_the_page_is_in_the_language_of_the_person(sandbox, headers):
    await code(sandbox, lead_email="a@b.org", lead_phone="+14155550123")
    async with (
        aiohttp.ClientSession() as session,
        session.get(sandbox.url, headers=headers) as answer,
    ):
        html = await answer.text()
    assert "<h1>1 контакт</h1>" in html
    assert '<dt title="lead_phone">Телефон</dt><dd>+14155550123</dd>' in html
    assert "Тегов пока нет." in html
