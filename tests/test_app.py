"""The page in the browser: who may talk to it, and what its forms do. Driven by HTTP; no browser."""

from __future__ import annotations

import io
import json
import re
import stat
from urllib.parse import quote

import aiohttp
import pytest

from bulk_import.app.security import HEADERS
from bulk_import.app.server import Page
from bulk_import.jobs.projects import Project, safe_name
from bulk_import.sandbox.app import DEFAULT_KEY, Sandbox
from bulk_import.settings import Settings
from tests.visitors import CSV, Visitor, judged

# -- who may come in ------------------------------------------------------------------------------


async def test_the_link_works_once_and_leaves_a_cookie_that_scripts_cannot_read(stranger):
    path = stranger.link.removeprefix(stranger.url)
    status, _, headers = await stranger.ask("GET", path)
    assert (status, headers["Location"]) == (303, "/")
    port = stranger.url.rsplit(":", 1)[1]
    cookie = headers["Set-Cookie"]
    assert cookie.startswith(f"bulk_import_{port}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    stranger.session.cookie_jar.clear()
    status, text, _ = await stranger.ask("GET", path)
    assert status == 401
    assert "works once" in text


async def test_without_a_cookie_a_new_link_is_announced_once_and_only_for_the_page(tmp_path):
    announced: list[str] = []
    page = Page(tmp_path, Settings.from_env(environ={"HOME": str(tmp_path)}, dotenv=None))
    link = await page.start(announce=announced.append)
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            visitor = Visitor(page, session, link)
            # While a link is open nobody's knocking replaces it.
            assert (await visitor.ask("GET", "/"))[0] == 401
            assert announced == []
            await visitor.ask("GET", link.removeprefix(page.url))
            session.cookie_jar.clear()
            for path in ("/", "/", "/nights"):
                assert (await visitor.ask("GET", path))[0] == 401
            assert len(announced) == 1
            status, _, _ = await visitor.ask("GET", announced[0].removeprefix(page.url))
            assert status == 303
    finally:
        await page.stop()


HOSTS = [
    "evil.example", "evil.example:PORT", "127.0.0.1", "127.0.0.1:1", "localhost", "127.0.0.1.nip.io:PORT",
    "[::1]:PORT", "0.0.0.0:PORT", "127.0.0.1:PORT.evil.example", "127.1:PORT",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
async def test_another_host_is_refused_even_with_the_cookie(person, host):
    named = host.replace("PORT", person.url.rsplit(":", 1)[1])
    status, text, _ = await person.ask("GET", "/", headers={"Host": named})
    assert status == 421
    assert "spreadsheet" not in text


async def test_two_hosts_in_one_request_are_refused(person):
    import asyncio

    port = int(person.url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example\r\n\r\n".encode())
    answer = (await reader.read(200)).decode()
    writer.close()
    assert re.match(r"HTTP/1\.[01] 4\d\d", answer)


ELSEWHERE = [
    ("POST", "/account", {"Origin": "https://evil.example"}),
    ("POST", "/account", {"Origin": "null"}),
    ("POST", "/account", {"Origin": "-"}),
    ("POST", "/account", {"Origin": "http://127.0.0.1:1"}),
    ("POST", "/account", {"Origin": "http://localhost"}),
    ("POST", "/upload", {"Origin": "-"}),
    ("POST", "/account", {"Sec-Fetch-Site": "cross-site"}),
    ("POST", "/account", {"Sec-Fetch-Site": "same-site"}),
    ("GET", "/", {"Sec-Fetch-Site": "cross-site"}),
    ("GET", "/", {"Sec-Fetch-Site": "same-site"}),
    ("GET", "/", {"Origin": "https://evil.example"}),
    ("GET", "/static/app.js", {"Sec-Fetch-Site": "cross-site"}),
    ("OPTIONS", "/account", {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}),
    ("DELETE", "/account", {}),
    ("PUT", "/upload", {"Origin": "-"}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "headers"), ELSEWHERE)
async def test_a_request_from_elsewhere_is_refused_and_changes_nothing(
    person, method, path, headers
):
    status, _, answered = await person.ask(
        method, path, headers=headers, data=b"kind=sandbox" if method == "POST" else None
    )
    assert status == 403
    assert "Access-Control-Allow-Origin" not in answered
    assert person.page.desk.account is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("GET", "/static/app.js"), ("GET", "/imports/x/match"), ("POST", "/upload"),
        ("POST", "/account"), ("GET", "/runs/x/files/report.csv"), ("GET", "/?token=wrong"),
        ("POST", "/?token=wrong"), ("GET", "/imports/x/events"), ("GET", "/?token="),
    ],
)  # fmt: skip
async def test_without_the_cookie_nothing_is_shown(stranger, method, path):
    status, text, _ = await stranger.ask(method, path)
    assert status == 401
    assert "<html" not in text


async def test_a_cookie_of_another_session_is_refused(stranger):
    port = stranger.url.rsplit(":", 1)[1]
    for value in ("", "x", "é", "a" * 5000):
        status, _, _ = await stranger.ask(
            "GET", "/", headers={"Cookie": f"bulk_import_{port}={quote(value)}"}
        )
        assert status == 401


async def test_every_answer_forbids_frames_foreign_scripts_and_caches(person):
    base = await person.upload()
    for method, path in (("GET", "/"), ("GET", f"{base}/match"), ("GET", "/static/app.js"),
                         ("GET", "/nowhere"), ("POST", "/language")):  # fmt: skip
        _, _, headers = await person.ask(method, path)
        for name, value in HEADERS.items():
            assert headers[name] == value, (path, name)
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert HEADERS["Cache-Control"] == "no-store"


async def test_the_pages_have_no_script_style_or_handler_in_them(person):
    """The policy would not run them; a page that needs one would be broken."""
    base = await person.upload()
    for path in ("/", f"{base}/match", f"{base}/review", f"{base}/plan", "/retag", "/nights"):
        text = await person.get(path)
        assert re.findall(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|javascript:", text) == []
        assert re.findall(r"""(?:src|href|action)="(?:https?:)?//""", text) == []


async def test_cells_and_names_are_escaped_everywhere(person):
    hostile = "<script>alert(1)</script>"
    base = await person.upload(
        f'E-mail,"{hostile}"\n{hostile}@x.org,"{hostile}"\nann@example.com,"{hostile}"\n',
        f"{hostile}.csv",
    )
    await judged(person, base)
    for path in ("/", f"{base}/match", f"{base}/review", f"{base}/side", f"{base}/plan",
                 f"{base}/cell?seq=1&column=E-mail"):  # fmt: skip
        assert hostile not in await person.get(path)


# -- files and keys -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\a\\list.csv", "list.csv"),
        ("..", "contacts.csv"),
        ("", "contacts.csv"),
        (".htaccess", "htaccess"),
        ("a\0b\n\r.csv", "a_b_.csv"),
        ("список «новый».csv", "список _новый_.csv"),
        ("x" * 500 + ".csv", "x" * 76 + ".csv"),
        ("$(rm -rf).csv", "_(rm -rf).csv"),
    ],
)
def test_names_of_uploads_lead_nowhere(name, safe):
    assert safe_name(name) == safe


async def test_an_upload_is_readable_by_its_owner_alone(person):
    base = await person.upload(name="../../../../tmp/evil.csv")
    folder = person.page.desk.home / "imports" / base.rsplit("/", 1)[1]
    assert sorted(path.name for path in folder.iterdir()) == [
        "evil.csv", "mapping.yml", "project.json"
    ]  # fmt: skip
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    await judged(person, base)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}


async def test_an_upload_has_a_bound(person):
    assert person.page.desk.largest_upload == 2_147_483_648
    person.page.desk.largest_upload = 100
    status, text, _ = await person.ask("POST", "/upload", data=b"x" * 101)
    assert (status, "put the file into the folder" in text) == (409, True)

    async def drip():  # without Content-Length
        for _ in range(3):
            yield b"x" * 60

    status, text, _ = await person.ask("POST", "/upload", data=drip())
    assert status == 409
    assert not list((person.page.desk.home / "imports").glob(".upload-*"))


async def test_what_is_no_spreadsheet_leaves_nothing_behind(person):
    status, text, _ = await person.ask(
        "POST", "/upload", headers={"X-File-Name": "a.xlsx"}, data=b"\x89PNG\r\n\x1a\n" + bytes(900)
    )
    assert status == 409
    assert "a.xlsx" in json.loads(text)["error"] or "spreadsheet" in json.loads(text)["error"]
    assert [p for p in (person.page.desk.home / "imports").iterdir() if p.is_dir()] == []


@pytest.mark.parametrize("path", ["../secret.csv", "/etc/passwd", "", ".", "nowhere.csv", "a\0b"])
async def test_only_files_of_the_folder_are_opened(person, path):
    (person.page.desk.home.parent / "secret.csv").write_text(CSV)
    status, text, _ = await person.ask("POST", "/open", data={"path": path})
    assert status == 409, text


@pytest.mark.parametrize(
    "path",
    [
        "/imports/..%2F..%2Fetc/match", "/imports/%2e%2e/match", "/imports/a%00b/match", "/imports/A/match",
        "/runs/..%2F..%2Fetc/files/report.csv", "/runs/x/files/..%2Fjournal.sqlite3",
        "/runs/x/files/journal.sqlite3", "/static/..%2Fserver.py", "/static/desk.py", "/static/",
    ],
)  # fmt: skip
async def test_no_path_leads_out_of_the_folder(person, path):
    status, text, _ = await person.ask("GET", path)
    assert status in (404, 400), text


async def test_the_key_never_comes_back(person, tmp_path):
    key = "SECRET#key=1%+;2"
    async with Sandbox(key=key) as account:
        answer = await person.post("/account", kind="account", endpoint=account.url, key=key)
        assert answer == {"reload": True}
        base = await person.upload()
        await judged(person, base)
        for path in ("/", f"{base}/match", f"{base}/plan", "/nights", "/retag"):
            text = await person.get(path)
            assert key not in text
            assert quote(key) not in text
        assert person.page.desk.account.settings.api_key.reveal() == key
    kept = [
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and (b"SECRET#key" in path.read_bytes())
    ]
    assert kept == []


async def test_a_wrong_key_is_said_and_the_account_before_stays(person):
    async with Sandbox() as account:
        await person.post("/account", kind="sandbox")
        before = person.page.desk.account
        status, text, _ = await person.ask(
            "POST", "/account", data={"kind": "account", "endpoint": account.url, "key": "wrong"}
        )
        assert status == 409
        assert "incorrect hash" in json.loads(text)["error"]
        assert person.page.desk.account is before


async def test_a_form_has_a_bound(person):
    base = await person.upload()
    status, _, _ = await person.ask(
        "POST",
        f"{base}/mapping/file",
        data=io.BytesIO(b"text=" + b"x" * (3 * 2**20)),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert status == 413


# -- what the forms do ----------------------------------------------------------------------------


async def test_every_click_of_the_columns_edits_the_mapping_file(person):
    base = await person.upload()
    path = person.page.desk.home / base[1:] / "mapping.yml"
    path.write_text("# Mine.\n" + path.read_text("utf-8"), "utf-8")
    await person.post(f"{base}/mapping/assign", column="Name", field="lead_description")
    await person.post(f"{base}/mapping/option", path="defaults/phone_region", value="DE")
    await person.post(f"{base}/mapping/value", field="lead_description", cell="Ann", meant="Anna")
    await person.post(f"{base}/mapping/rule", section="skip", column="Name", values="x\ny")
    await person.post(f"{base}/mapping/constant", field="lead_shipping_city", value="NO")
    (path.parent / "never.txt").write_text("nobody@example.com\n")
    await person.post(f"{base}/mapping/option", path="suppress", value="never.txt")
    text = path.read_text("utf-8")
    assert text.startswith("# Mine.\n")
    spec = Project.open(person.page.desk.home, base.rsplit("/", 1)[1]).mapping().spec
    assert spec.fields["lead_description"].column == ("Name",)
    assert spec.fields["lead_description"].values == {"Ann": "Anna"}
    assert "lead_first_name" not in spec.fields
    assert spec.defaults.phone_region == "DE"
    assert spec.fields["lead_shipping_city"].value == "NO"
    assert [one.file for one in spec.suppress] == ["never.txt"]
    assert spec.skip[0].values == ("x", "y")
    # Edited by hand, it is what the page shows.
    path.write_text(text.replace("DE", "FR"), "utf-8")
    assert 'value="FR"' in await person.get(f"{base}/match")
    status, answer, _ = await person.ask(
        "POST", f"{base}/mapping/file", data={"text": "version: 1\nfields: {lead_mail: X}\n"}
    )
    assert status == 409
    assert "lead_email" in json.loads(answer)["error"]
    assert "FR" in path.read_text("utf-8")


async def test_a_cell_is_explained_corrected_replaced_undone_and_redone(person):
    base = await person.upload()
    await judged(person, base)
    folder = person.page.desk.home / base[1:]
    rows = json.loads(await person.get(f"{base}/rows?problems=1&first=0&rows=10"))
    assert rows["total"] == 1
    assert rows["rows"][0]["marks"] == {"E-mail": "error", "Phone": "error"}
    cell = await person.get(f"{base}/cell?seq=2&column=Phone")
    assert ("PHONE_INVALID" in cell, "What would be sent" in cell) == (True, True)
    # The panel of another cell says why none of the row goes.
    cell = await person.get(f"{base}/cell?seq=2&column=Name")
    assert re.search(r"<strong>This row is not sent.</strong> &#39;[^<]*has no @", cell)
    assert "This row" not in await person.get(f"{base}/cell?seq=1&column=Name")
    await person.post(f"{base}/edit", seq="2", column="E-mail", text="bob@example.com")
    found = await person.post(
        f"{base}/replace", column="Phone", find="12", by="+14155550124", whole="1", preview="1"
    )
    assert found == {"changed": 1, "examples": [["12", "+14155550124"]]}
    await person.post(f"{base}/replace", column="Phone", find="12", by="+14155550124", whole="1")
    corrections = folder / "contacts.corrections.csv"
    assert len(corrections.read_text("utf-8-sig").splitlines()) == 3
    rows = json.loads(await person.get(f"{base}/rows?problems=1&first=0&rows=10"))
    assert rows["total"] == 0
    await person.post(f"{base}/undo")
    await person.post(f"{base}/undo")
    assert not corrections.exists()
    await person.post(f"{base}/redo")
    assert "bob@example.com" in corrections.read_text("utf-8-sig")
    assert (folder / "contacts.csv").read_text() == CSV


async def test_the_cells_of_a_row_that_a_rule_keeps_back_say_so_and_which_rule(person):
    base = await person.upload(
        "E-mail,Name,Notes\nann@example.com,Ann,please do not e-mail\nbo@example.com,Bo,\n"
    )
    text = (
        "version: 1\nfields: {lead_email: E-mail, lead_description: Notes}\n"
        "skip: [{column: Notes, values: [says no], because: asked}]\n"
    )
    await person.post(f"{base}/mapping/file", text=text)
    await judged(person, base)
    cell = await person.get(f"{base}/cell?seq=1&column=Notes")
    assert "This row is not sent." in cell
    assert "(skip: asked)" in cell
    assert "What would be sent" in cell
    side = await person.get(f"{base}/side")
    assert ("What is left out" in side, "What is wrong" in side) == (True, False)


async def test_an_edit_of_a_cell_that_changed_meanwhile_is_refused(person):
    base = await person.upload()
    await judged(person, base)
    project = person.page.desk.project(base.rsplit("/", 1)[1])
    await person.post(f"{base}/edit", seq="1", column="Name", text="Anna")
    project.review.put({1: {"Name": "Somebody"}})
    status, text, _ = await person.ask("POST", f"{base}/undo")
    assert (status, "changed meanwhile" in text) == (409, True)


async def test_a_fix_that_was_tried_is_applied_with_one_click(person):
    base = await person.upload("E-mail,Phone\nann@example.com,12\nbob@example.com,13\n")
    text = "version: 1\nfields: {lead_email: E-mail, lead_phone: Phone}\n"
    await person.post(f"{base}/mapping/file", text=text)
    await judged(person, base)
    assert "Repair 2 rows" in await person.get(f"{base}/side")
    assert await person.post(f"{base}/fix", change="fields.lead_phone.bad_value: drop_field") == {
        "reload": True
    }
    await judged(person, base)
    assert json.loads(await person.get(f"{base}/rows?problems=1"))["total"] == 0
    status, text, _ = await person.ask("POST", f"{base}/fix", data={"change": "made: up"})
    assert (status, "does not help" in text) == (409, True)


async def test_sending_needs_the_number_and_an_account(person):
    base = await person.upload()
    await judged(person, base)
    status, text, _ = await person.ask("POST", f"{base}/send", data={"typed": "1"})
    assert (status, "choose an account" in text) == (409, True)
    await person.post("/account", kind="sandbox")
    await person.get(f"{base}/plan")
    await judged(person, base)
    for typed in ("", "2", "yes"):
        status, text, _ = await person.ask("POST", f"{base}/send", data={"typed": typed})
        assert (status, "to confirm" in text) == (409, True)


async def test_the_languages_of_the_page(person):
    assert "Which spreadsheet" in await person.get("/", headers={"Accept-Language": "de"})
    assert "Какую таблицу" in await person.get("/", headers={"Accept-Language": "ru-RU,ru;q=0.9"})
    await person.post("/language", language="ru")
    assert "Какую таблицу" in await person.get("/", headers={"Accept-Language": "en"})
    assert (await person.ask("POST", "/language", data={"language": "xx"}))[0] == 400


def test_the_sandbox_key_is_no_secret_of_anybody():
    assert DEFAULT_KEY == "sandbox#key=1%+;2"


async def test_what_the_importer_says_is_in_the_language_of_the_person(person):
    russian = {"Accept-Language": "ru"}
    status, text, _ = await person.ask(
        "POST", "/upload", headers={"X-File-Name": "note.csv", **russian}, data=b"%PDF-1.7"
    )
    assert (status, json.loads(text)) == (
        409,
        {"error": "note.csv: это документ PDF, а не таблица"},
    )
    base = await person.upload("E-mail,Phone\nann@example.com,+14155550123\nnot an address,12\n")
    status, _, _ = await person.ask(
        "POST", f"{base}/mapping/option", data={"path": "defaults/phone_region", "value": "US"}
    )
    assert status == 200
    match = await person.get(f"{base}/match", headers=russian)
    assert "заголовок говорит: e-mail; разных значений 2 в ячейках: 2" in match
    await judged(person, base)
    cell = await person.get(f"{base}/cell?seq=2&column=Phone", headers=russian)
    assert "«12» — слишком коротко для телефона" in cell
    rows = json.loads(await person.get(f"{base}/rows?first=1&rows=1", headers=russian))
    assert rows["rows"][0]["why"] == (
        "в «not an address» нет знака @; напишите один адрес, например anna@example.org"
    )
    assert (
        "has no @" in json.loads(await person.get(f"{base}/rows?first=1&rows=1"))["rows"][0]["why"]
    )


async def test_why_a_run_stopped_is_kept_as_a_message(tmp_path):
    from bulk_import.errors import Message
    from bulk_import.run.reporting import stop_facts, stop_reason
    from bulk_import.texts import texts

    reason = Message.joined("; ", (Message("not confirmed; nothing was sent"), "2"))
    facts = json.loads(json.dumps(stop_facts(reason)))
    assert facts["stopped"] == "not confirmed; nothing was sent; 2"
    assert texts("ru").said(stop_reason(facts)) == "не подтверждено; ничего не отправлено; 2"
    assert stop_reason({"stopped": "said by an earlier version"}) == "said by an earlier version"
