"""The whole job in a real browser, counted on the server's side."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Running, drop, until, violations

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

expect.set_options(timeout=20_000)
SAMPLE = Path("sample_data/contacts.xlsx").absolute()


def use_sandbox(page: Page) -> None:
    page.get_by_role("button", name="Use the sandbox").click()
    expect(page.locator(".state.sandbox")).to_be_visible()


def dropped(page: Page, path: Path) -> str:
    """Drop a spreadsheet on the first page; return the address of its import."""
    drop(page, "#drop", path)
    page.wait_for_url("**/match")
    return page.url.removesuffix("/match")


def reviewed(page: Page, base: str) -> None:
    page.goto(f"{base}/review")
    expect(page.locator("#grid .line").first).to_be_visible()
    expect(page.locator("#side .filters").first).to_be_visible()


def correct(page: Page, cell: str, text: str) -> None:
    """Correct the first cell that shows *cell*, with the keyboard."""
    page.locator("#grid [role=gridcell]", has_text=re.compile(f"^{re.escape(cell)}$")).first.click()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    with page.expect_response("**/edit") as answered:
        page.keyboard.press("Enter")
    assert answered.value.ok


def confirm(page: Page, base: str, *, rate: str = "0", canary: str = "0") -> None:
    if page.url != f"{base}/plan":  # a page that waits for its rows reloads by itself
        page.goto(f"{base}/plan")
    expect(page.locator("#confirm")).to_be_visible()
    page.fill("[name=rate]", rate)
    page.fill("[name=canary]", canary)
    typed = page.locator("#typed")
    if typed.count():
        typed.fill(page.get_attribute("#confirm", "data-rows") or "")
    page.click("#go")
    page.wait_for_url("**/send")


def test_the_whole_way_of_the_sample(running: Running):
    page = running.open()
    use_sandbox(page)
    base = dropped(page, SAMPLE)
    # Match: the tags are off until somebody wants them.
    segments = page.locator(".column", has=page.locator("h2", has_text="Segments"))
    field = segments.get_by_role("combobox", name="is sent as")
    field.click()
    field.fill("add tag")
    with page.expect_response("**/mapping/assign"):
        page.keyboard.press("Enter")
    expect(segments.locator(".became li").first).to_be_visible()
    mapping = next((running.home / "imports").glob("*/mapping.yml"))
    assert "add_tags" in mapping.read_text("utf-8").split("# Columns that are not sent")[-1]
    # Review: a cell by hand, one fix for all of its rows.
    reviewed(page, base)
    page.locator("#only-problems").check()
    until(lambda: page.locator("#grid").get_attribute("aria-rowcount") != "341", "the filter")
    correct(page, "not an address", "oksana@example.org")
    expect(page.locator("#side .undo")).to_contain_text("1 cell corrected")
    before = int(page.locator("#grid").get_attribute("aria-rowcount") or 0)
    with page.expect_navigation():
        page.locator("#side [data-fix]").first.click()
    expect(page.locator("#grid .line").first).to_be_visible()
    corrections = mapping.with_name("contacts.corrections.csv")
    assert len(corrections.read_text("utf-8-sig").splitlines()) == 2
    # Plan, canary, send.
    confirm(page, base, rate="40", canary="5")
    expect(page.locator("#ask")).to_be_visible()
    until(lambda: running.sent() == 5, "the canary's five rows")
    page.get_by_role("button", name="Send the rest").click()
    page.wait_for_url("**/result")
    heading = page.locator("h1").inner_text()
    imported, needing = map(int, re.findall(r"\d+", re.sub(r" of \d+", "", heading))[:2])
    assert imported + needing == 340
    assert needing < before - 1, "the cell and the rows of the fix"
    until(lambda: running.sent() == imported, "every row, once")
    contacts = running.contacts()
    assert contacts["oksana@example.org"].fields["lead_first_name"] == "Оксана"
    tagged = [email for email, contact in contacts.items() if contact.tags]
    assert tagged
    # The way back: every tag that the run gave is taken away.
    page.get_by_role("button", name="Plan the way back").click()
    page.wait_for_url("**/plan")
    confirm(page, page.url.removesuffix("/plan"))
    page.wait_for_url("**/result")
    until(lambda: not any(one.tags for one in running.contacts().values()), "no tag left")
    assert len(running.contacts()) == len(contacts)


def test_axe_finds_nothing_on_any_page_in_either_language(running: Running):
    shutil.copy(SAMPLE, running.home)
    running.write_profiles('[profiles.shop]\naccount = "shop"\n')
    for locale in ("en-US", "ru-RU"):
        if locale == "ru-RU":
            running.stop()
            running.start()
        page = running.open(locale=locale)
        expect(page.locator("select[name=profile]")).to_be_visible()
        assert violations(page) == []
        if locale == "en-US":
            use_sandbox(page)
        base = dropped(page, SAMPLE)
        for one in page.locator("details").all():
            one.evaluate("(details) => { details.open = true; }")
        assert violations(page) == []
        reviewed(page, base)
        page.locator("#grid [role=gridcell]").nth(20).click()
        expect(page.locator("#cell h2")).to_be_visible()
        page.locator("#replacer summary").click()
        assert violations(page) == []
        for name in ("retag", "nights", "nowhere"):
            page.goto(f"{running.url}/{name}")
            assert violations(page) == []
        confirm(page, base, rate="30", canary="2")
        expect(page.locator("#ask")).to_be_visible()
        assert violations(page) == []
        page.locator("[data-do=yes]").click()
        page.wait_for_url("**/result")
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page) == []


def test_a_reload_and_a_second_tab_show_the_same_truth(running: Running):
    page = running.open()
    use_sandbox(page)
    base = dropped(page, SAMPLE)
    reviewed(page, base)
    confirm(page, base, rate="20")
    until(lambda: running.sent() > 20, "some rows")
    page.reload()
    until(lambda: int(page.locator("#done").inner_text()) > 20, "the count after a reload")
    other = running.tab(page.context)
    other.goto(f"{base}/send")
    until(lambda: int(other.locator("#done").inner_text()) > 20, "the count in the other tab")
    # One tab holds it, the other sees that and changes the pace.
    page.locator("#hold").click()
    expect(other.locator("#continue")).to_be_visible()
    held_at = until(lambda: int(other.locator("#done").inner_text()), "a count")
    other.wait_for_timeout(700)
    assert running.sent() <= held_at + 4
    other.fill("#pace", "0")
    other.locator("#set-pace").click()
    other.locator("#continue").click()
    page.wait_for_url("**/result")
    other.wait_for_url("**/result")
    status = page.request.post(
        f"{base}/send", headers={"Origin": running.url}, form={"typed": "337"}
    )
    assert status.status in (200, 409)
    until(lambda: running.sent() == 337, "every row, once")
    assert len(running.contacts()) == 337


def test_a_killed_server_goes_on_where_it_was(running: Running):
    page = running.open()
    use_sandbox(page)
    base = dropped(page, SAMPLE).removeprefix(running.url)
    reviewed(page, running.url + base)
    confirm(page, running.url + base, rate="40")
    until(lambda: running.sent() > 60, "some rows")
    running.kill()
    sent = running.sent()
    page.close()
    running.start()
    page = running.open()
    page.get_by_role("link", name="contacts.xlsx").click()
    page.goto(f"{running.url}{base}/result")
    expect(page.locator("h1")).to_contain_text("not sent yet")
    page.get_by_role("link", name="Continue sending").click()
    expect(page.locator("#go")).to_be_visible()
    page.fill("[name=canary]", "0")
    page.fill("[name=rate]", "0")
    page.click("#go")
    page.wait_for_url("**/send")
    expect(page.locator("#ask")).to_be_visible()
    page.locator("[data-do=yes]").click()
    page.wait_for_url("**/result")
    expect(page.locator("h1")).not_to_contain_text("not sent yet")
    imported = int(page.locator("h1").inner_text().split()[0])
    until(lambda: len(running.contacts()) == imported, "every contact")
    contacts = running.contacts()
    # At most the rows in flight went twice, and each contact is there once.
    assert 0 <= running.sent() - len(contacts) <= 8
    assert sent < len(contacts)
    assert f"{len(contacts)} of 340 imported" in page.locator("h1").inner_text()


def test_rows_that_did_not_make_it_are_corrected_and_sent_alone(running: Running, tmp_path: Path):
    source = tmp_path / "few.csv"
    source.write_text("E-mail,Name\nann@example.com,Ann\nnot an address,Bob\n", "utf-8")
    page = running.open()
    use_sandbox(page)
    base = dropped(page, source)
    reviewed(page, base)
    confirm(page, base)
    page.wait_for_url("**/result")
    expect(page.locator("h1")).to_have_text("1 of 2 imported; 1 needs you")
    page.get_by_role("link", name="Correct the rows that need you").click()
    expect(page.locator("#grid .line")).to_have_count(1)
    correct(page, "not an address", "bob@example.com")
    page.goto(f"{base}/plan")
    page.fill("[name=canary]", "0")
    page.click("#go")
    page.wait_for_url("**/send")
    expect(page.locator("#ask")).to_be_visible()
    page.locator("[data-do=yes]").click()
    page.wait_for_url("**/result")
    expect(page.locator("h1")).to_have_text("All 2 rows were imported")
    until(lambda: running.sent() == 2, "both rows")
    assert sorted(running.contacts()) == ["ann@example.com", "bob@example.com"]


def test_the_way_of_a_retag(running: Running, tmp_path: Path):
    new, old = tmp_path / "new.csv", tmp_path / "old.csv"
    new.write_text("E-mail\n" + "".join(f"p{n}@example.com\n" for n in range(10)), "utf-8")
    old.write_text("E-mail\n" + "".join(f"p{n}@example.com\n" for n in range(5, 12)), "utf-8")
    page = running.open()
    use_sandbox(page)
    page.get_by_role("link", name="Re-tag").click()
    drop(page, "[data-list=new]", new)
    drop(page, "[data-list=previous]", old)
    expect(page.locator("[data-list=new] li")).to_contain_text("people: 10 · E-mail")
    expect(page.locator("[data-list=previous] li")).to_contain_text("people: 7 · E-mail")
    drop(page, "[data-list=new]", old)  # the wrong file
    page.locator("[data-list=new]").get_by_role("button", name="Remove old.csv").click()
    expect(page.locator("[data-list=new] li")).to_have_count(1)
    page.fill("[name=add_tags]", "vip")
    page.fill("[name=most]", "3")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".three")).to_contain_text("5 gain")
    page.fill("[name=add_tags]", "VIP")  # what is shown is not what the form says any more
    expect(page.locator("#difference")).to_have_text("The form was changed: compare again.")
    page.fill("[name=add_tags]", "vip")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".three")).to_contain_text("2 lose")
    page.get_by_role("button", name="Look at the plan for 7 contacts").click()
    expect(page.locator("#message")).to_contain_text("7 contacts would be touched, 3 are allowed")
    page.fill("[name=most]", "")
    page.get_by_role("button", name="Compare").click()
    until(lambda: page.locator("#difference [name=most]").input_value() == "", "the new plan")
    page.get_by_role("button", name="Look at the plan for 7 contacts").click()
    page.wait_for_url("**/plan")
    confirm(page, page.url.removesuffix("/plan"))
    page.wait_for_url("**/result")
    until(lambda: running.sent() == 7, "seven calls")
    tagged = {email for email, contact in running.contacts().items() if "vip" in contact.tags}
    assert tagged == {f"p{n}@example.com" for n in range(5)}
