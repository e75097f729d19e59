"""The stand-in behaves as the service does, ugly parts included."""

from __future__ import annotations

import hashlib
import json

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_import.sandbox.app import Sandbox
from bulk_import.sandbox.contacts import Store
from bulk_import.sandbox.faults import Faults


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
    assert await code(sandbox, "addtagtolead", tag="x") == 100
    assert await code(sandbox, "addtagtolead", lead_email="no@body.org", tag="x") == 801
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sandbox.url}/api/addupdatelead", data={"x": "y"}) as answer,
    ):
        assert (answer.status, json.loads(await answer.text())["error_code"]) == (200, 1)
    assert sandbox.contacts() == []


async def test_lists_and_managers_have_the_shape_of_the_service(sandbox):
    lists = json.loads((await ask(sandbox, "getalllists"))[2])["result"]
    assert lists[0] == {
        "id": "1",
        "rass_id": "7001",
        "rass_name": "1473249885.2899961004",
        "rass_title": "Newsletter",
    }
    managers = json.loads((await ask(sandbox, "GetPersonalManagers"))[2])["result"]
    assert managers[0] == {"id": "1", "manager_id": "101", "manager_name": "Vera Lindqvist"}


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
