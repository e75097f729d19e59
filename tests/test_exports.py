"""Mailchimp's whole zip: one file is the source, and nobody of the others is written to."""

from __future__ import annotations

import io
import json
import os
import shutil
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bulk_import import check_file, import_file_async, read_rows, resume_async, sync_async
from bulk_import.errors import MappingError, SetupError, SourceError
from bulk_import.jobs.proposing import propose
from bulk_import.jobs.reviewing import Review
from bulk_import.jobs.undoing import undo_async
from bulk_import.models import Status
from bulk_import.progress import Silence
from bulk_import.sources import kept
from bulk_import.sources.exports import whole_export
from bulk_import.system.files import remove_leftovers

MAPPING = "version: 1\nfields:\n  lead_email: Email Address\n  add_tags: {always: [moved]}\n"


def _table(*emails: str, note: str = "") -> str:
    return "Email Address,First Name,NOTES\n" + "".join(f"{email},P,{note}\n" for email in emails)


FILES = {
    "subscribed_email_audience_export_0a1b2c.csv": _table(
        *(f"p{n}@example.org" for n in range(6)), "friend@example.org"
    ),
    # The note names somebody who said nothing.
    "unsubscribed_email_audience_export_0a1b2c.csv": _table(
        "P1@example.org", "gone@example.org", note="sent by friend@example.org"
    ),
    "cleaned_email_audience_export_0a1b2c.csv": _table("p2@example.org"),
    "nonsubscribed_email_audience_export_0a1b2c.csv": _table("buyer@example.org"),
}


@pytest.fixture
def archive(tmp_path):
    return _written(tmp_path / "audience.zip", FILES)


@pytest.fixture
def mapping(tmp_path):
    path = tmp_path / "mapping.yml"
    path.write_text(MAPPING)
    return path


def _written(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    return path


SENT = {*(f"p{n}@example.org" for n in (0, 3, 4, 5)), "friend@example.org"}


async def test_subscribed_people_are_sent_and_nobody_of_the_other_files(
    archive, mapping, sandbox, settings, tmp_path
):
    said = []
    summary = await import_file_async(
        archive, mapping, settings(sandbox, run_dir=tmp_path / "run"), progress=_Telling(said)
    )
    assert {contact.email for contact in sandbox.contacts()} == SENT
    assert summary.counts[Status.SUPPRESSED] == 2
    assert (
        f"suppression list {archive} (unsubscribed_email_audience_export_0a1b2c.csv): 2 entries understood"
        in said
    )
    assert (
        f"suppression list {archive} (cleaned_email_audience_export_0a1b2c.csv): 1 entries understood"
        in said
    )


class _Telling(Silence):
    def __init__(self, said):
        self.say = said.append


def test_a_check_says_what_each_file_is_taken_for(archive, mapping):
    checked = check_file(archive, mapping)
    assert (checked.plan.to_send, checked.plan.counts) == (5, {Status.SUPPRESSED: 2})
    assert [report.understood for report in checked.lists] == [2, 1]
    (note,) = (p for _, p in checked.plan.problems if p.code == "ARCHIVE_EXPORT")
    assert note.message == (
        "a whole export: subscribed_email_audience_export_0a1b2c.csv is read; "
        "unsubscribed_email_audience_export_0a1b2c.csv and cleaned_email_audience_export_0a1b2c.csv "
        "hold people who are never sent; not read: nonsubscribed_email_audience_export_0a1b2c.csv"
    )


async def test_a_night_a_review_and_a_proposal_read_the_same_file(
    read_members, archive, mapping, sandbox, settings, tmp_path
):
    from bulk_import.mapping.loading import load_mapping

    await sync_async(
        archive, mapping, settings(sandbox, run_dir=tmp_path / "run"), state=tmp_path / "night.db"
    )
    assert {contact.email for contact in sandbox.contacts()} == SENT
    (tmp_path / "review").mkdir()
    review = Review.judge(tmp_path / "review", str(archive), load_mapping(mapping))
    assert review.plan("", {}).counts == {Status.SUPPRESSED: 2}
    review.close()
    assert len(propose(str(archive)).rows) == 7
    members = read_members([str(archive)])
    assert len(members.emails) == 7
    assert "subscribed_email_audience_export_0a1b2c.csv is read" in members.read[0]


async def test_who_unsubscribed_after_a_run_stopped_is_not_sent_by_its_resume(
    archive, mapping, sandbox, settings, tmp_path
):
    run = settings(sandbox, run_dir=tmp_path / "run", limit=1)
    await import_file_async(archive, mapping, run)
    assert len(sandbox.sent()) == 1
    grown = FILES | {
        "unsubscribed_email_audience_export_0a1b2c.csv": _table("p1@example.org", "p5@example.org")
    }
    _written(archive, grown)
    await resume_async(tmp_path / "run", settings(sandbox))
    assert {contact.email for contact in sandbox.contacts()} == SENT - {"p5@example.org"}


async def test_nothing_is_sent_while_the_archive_with_the_unsubscribed_is_gone(
    archive, mapping, sandbox, settings, tmp_path
):
    await import_file_async(archive, mapping, settings(sandbox, run_dir=tmp_path / "run", limit=1))
    archive.rename(tmp_path / "moved.zip")
    with pytest.raises(MappingError, match=r"audience\.zip: no such file"):
        await resume_async(tmp_path / "run", settings(sandbox))
    with pytest.raises(MappingError, match=r"audience\.zip: no such file"):
        await import_file_async(archive, mapping, settings(sandbox, run_dir=tmp_path / "run"))
    assert len(sandbox.sent()) == 1


async def test_undoing_writes_to_nobody_who_unsubscribed(
    archive, mapping, sandbox, settings, tmp_path
):
    await import_file_async(archive, mapping, settings(sandbox, run_dir=tmp_path / "run"))
    undo = await undo_async(tmp_path / "run")
    lists = [
        json.loads(line[4:])
        for line in undo.mapping.read_text().splitlines()
        if line.startswith("  - {")
    ]
    assert [entry["member"] for entry in lists] == [*FILES][1:3]


@pytest.mark.slow
async def test_rows_that_a_second_process_judges_are_held_back_too(
    mapping, sandbox, settings, tmp_path
):
    people = [f"p{n}@example.org" for n in range(3000)]
    files = {"subscribed_a.csv": _table(*people), "unsubscribed_a.csv": _table(*people[::2])}
    archive = _written(tmp_path / "a.zip", files)
    await import_file_async(
        archive, mapping, settings(sandbox, run_dir=tmp_path / "run", read_ahead_bytes=1)
    )
    assert sorted(contact.email for contact in sandbox.contacts()) == sorted(people[1::2])


def test_a_named_file_of_the_archive_is_read_as_it_is(archive, tmp_path):
    name = "cleaned_email_audience_export_0a1b2c.csv"
    assert [row.cells["Email Address"] for row in read_rows(archive, member=name)] == [
        "p2@example.org"
    ]
    with pytest.raises(SourceError, match="the archive holds 4 files"):
        list(read_rows(archive))  # a reader alone suppresses nobody


@pytest.mark.parametrize(
    "names",
    [
        ["subscribed_a.csv"],
        ["subscribed_a.csv", "subscribed_b.csv", "cleaned_a.csv"],
        ["subscribed_a.csv", "cleaned_a.csv", "readme.txt"],
        ["contacts.csv", "unsubscribed_a.csv"],
        ["subscribed_a.csv", "subscribed_a.csv", "cleaned_a.csv"],
    ],
)
def test_what_is_not_certainly_a_whole_export_is_not_taken_for_one(names):
    assert whole_export(names) is None


def test_a_bomb_among_the_unsubscribed_sends_nothing(mapping, tmp_path):
    files = FILES | {"unsubscribed_email_audience_export_0a1b2c.csv": "x" * (60 * 2**20)}
    with pytest.raises(MappingError, match="looks like a bomb"):
        check_file(_written(tmp_path / "bomb.zip", files), mapping)


def test_a_damaged_list_of_the_archive_sends_nothing(archive, mapping):
    raw = bytearray(archive.read_bytes())
    with zipfile.ZipFile(io.BytesIO(raw)) as zipped:
        info = zipped.getinfo("unsubscribed_email_audience_export_0a1b2c.csv")
    at = info.header_offset + 30 + len(info.filename)
    raw[at : at + 8] = b"\xff" * 8
    archive.write_bytes(raw)
    with pytest.raises(
        MappingError, match="nothing is sent while a list cannot be read to its end"
    ):
        check_file(archive, mapping)


class Archives(BaseHTTPRequestHandler):
    """Serves one archive at every address; counts who asks."""

    def do_GET(self):
        self.server.asked.append(self.path)
        body = self.server.archive.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def web(archive):
    with ThreadingHTTPServer(("127.0.0.1", 0), Archives) as server:
        server.asked, server.archive = [], archive
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


async def test_an_archive_from_the_web_is_read_as_one_from_the_disk(
    web, mapping, sandbox, settings, tmp_path
):
    """Its source and its lists are of one reading: nobody can unsubscribe in between."""
    url = f"{web.url}/audience.zip"
    said = []
    summary = await import_file_async(
        url, mapping, settings(sandbox, run_dir=tmp_path / "run"), progress=_Telling(said)
    )
    assert {contact.email for contact in sandbox.contacts()} == SENT
    assert summary.counts[Status.SUPPRESSED] == 2
    assert len(web.asked) == 1
    assert (
        f"suppression list {url} (cleaned_email_audience_export_0a1b2c.csv): 1 entries understood"
        in said
    )
    checked = check_file(url, mapping)
    assert (checked.plan.to_send, checked.plan.counts) == (5, {Status.SUPPRESSED: 2})
    assert any(p.code == "ARCHIVE_EXPORT" for _, p in checked.plan.problems)
    await sync_async(
        url, mapping, settings(sandbox, run_dir=tmp_path / "n"), state=tmp_path / "n.db"
    )
    assert {contact.email for contact in sandbox.contacts()} == SENT


async def test_an_archive_over_sftp_is_read_as_one_from_the_disk(
    archive, mapping, sandbox, settings, tmp_path, sftp
):
    await import_file_async(
        f"{sftp}{archive}", mapping, settings(sandbox, run_dir=tmp_path / "run")
    )
    assert {contact.email for contact in sandbox.contacts()} == SENT


async def test_a_resume_asks_the_web_who_has_unsubscribed_since(
    web, archive, mapping, sandbox, settings, tmp_path
):
    url = f"{web.url}/audience.zip"
    await import_file_async(url, mapping, settings(sandbox, run_dir=tmp_path / "run", limit=1))
    grown = FILES | {
        "unsubscribed_email_audience_export_0a1b2c.csv": _table("p1@example.org", "p5@example.org")
    }
    _written(archive, grown)
    await resume_async(tmp_path / "run", settings(sandbox))
    assert {contact.email for contact in sandbox.contacts()} == SENT - {"p5@example.org"}


async def test_a_resume_without_the_token_of_the_archive_sends_nothing(
    web, archive, mapping, sandbox, settings, tmp_path
):
    """The lists cannot be read again; the first command has the token, and honours what is new."""
    url = f"{web.url}/audience.zip?sig=s1gn4ture"
    run = settings(sandbox, run_dir=tmp_path / "run", limit=1)
    await import_file_async(url, mapping, run)
    for path in (tmp_path / "run").iterdir():
        assert b"s1gn4ture" not in path.read_bytes()
    with pytest.raises(MappingError, match="the token of this address was not kept"):
        await resume_async(tmp_path / "run", settings(sandbox))
    assert len(sandbox.sent()) == 1
    grown = FILES | {"unsubscribed_email_audience_export_0a1b2c.csv": _table("p5@example.org")}
    _written(archive, grown)
    await import_file_async(url, mapping, settings(sandbox, run_dir=tmp_path / "run"))
    assert "p5@example.org" not in {contact.email for contact in sandbox.contacts()}


async def test_copies_are_forgotten_and_their_folder_still_belongs_to_this_process(
    web, mapping, sandbox, settings, tmp_path
):
    """Another process takes a folder without its lock for a leftover, and removes it."""
    url = f"{web.url}/audience.zip"
    run_dir = tmp_path / "run"
    await import_file_async(url, mapping, settings(sandbox, run_dir=run_dir, limit=2))
    folder = kept.kept(url).parent
    await resume_async(run_dir, settings(sandbox))
    os.utime(folder, (0, 0))
    remove_leftovers()
    assert folder.is_dir()
    assert {contact.email for contact in sandbox.contacts()} == SENT
    shutil.rmtree(folder)  # as a cleaner of old temporary files may do
    kept.keep(url)
    assert kept.kept(url).parent.is_dir()
    assert kept.kept(url).parent != folder


def test_two_archives_whose_addresses_differ_in_tokens_alone_are_not_mixed_up(web, mapping):
    """The second would be read in the place of the first, and its lists would hold for both."""
    urls = [f"{web.url}/audience.zip?id={number}" for number in (1, 2)]
    with pytest.raises(SetupError, match="differ only in their tokens") as caught:
        check_file(urls, mapping)
    assert "id=1" not in str(caught.value)
    assert check_file([urls[0], urls[0]], mapping).plan.to_send == 5


async def test_another_archive_from_the_web_is_read_as_before(
    web, archive, mapping, sandbox, settings, tmp_path
):
    _written(archive, {"contacts.csv": _table("one@example.org")})
    url = f"{web.url}/contacts.zip"
    await import_file_async(url, mapping, settings(sandbox, run_dir=tmp_path / "run"))
    assert [contact.email for contact in sandbox.contacts()] == ["one@example.org"]
