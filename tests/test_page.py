"""report.html and the rejects workbook, as people see them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from bulk_import import import_file_async
from bulk_import.api.fields import FIELDS
from bulk_import.cli import main
from bulk_import.jobs.history import rewrite_reports
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Outcome, Problem, Row, Severity, SourceInfo, Status, Summary
from bulk_import.report.digest import Digest
from bulk_import.report.page import render
from bulk_import.report.rejects import write_rejects
from bulk_import.run.changes import SET_FIELDS, SetCounter

MAPPING = parse_mapping(
    "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n  lead_phone: Phone\n  add_tags: {always: [vip]}\n",
    "m.yml",
)


def _workbook(path: Path) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("People")
        head = book.add_format({"bold": True, "bg_color": "#DDEEFF"})
        sheet.set_column(0, 0, 33)
        sheet.write_row(0, 0, ["E-mail", "Name", "Phone", "Unused"], head)
        sheet.write_row(1, 0, ["ann@example.com", "Ann", "+14155550123", "x"])
        sheet.write_row(2, 0, ["bob@example.com", "<script>alert(1)</script>", "12", "007"])
        sheet.write_row(3, 0, ["not an address", "Cat", "+14155550124", "y"])
        sheet.write_string(3, 1, "=1+1")
    return path


async def test_rejects_of_a_workbook_keep_its_looks_and_mark_what_is_wrong(
    tmp_path, sandbox, settings
):
    source = _workbook(tmp_path / "a.xlsx")
    summary = await import_file_async(source, MAPPING, settings(sandbox))
    rejects = Path(summary.run_dir) / "rejects.xlsx"
    sheet = openpyxl.load_workbook(rejects)["People"]
    assert [cell.value for cell in sheet[1]] == [
        "_row",
        "_status",
        "_reason",
        "E-mail",
        "Name",
        "Phone",
        "Unused",
    ]
    assert sheet["D1"].font.bold
    assert sheet["D1"].fill.fgColor.rgb == "FFDDEEFF"
    assert round(sheet.column_dimensions["D"].width) == 34
    assert sheet["F2"].fill.fgColor.rgb == "FFFFC7CE"
    assert "12" in sheet["F2"].comment.text
    assert sheet["D2"].comment is None
    assert sheet["D3"].fill.fgColor.rgb == "FFFFC7CE"
    assert sheet["G2"].value == "007"
    assert (sheet["E3"].value, sheet["E3"].data_type) == ("=1+1", "s")
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:G3")
    # Mended and fed back: exactly those rows are sent.
    book = openpyxl.load_workbook(rejects)
    book["People"]["F2"], book["People"]["D3"] = "+14155550125", "cat@example.com"
    book.save(tmp_path / "corrected.xlsx")
    before = len(sandbox.sent())
    again = await import_file_async(
        tmp_path / "corrected.xlsx", MAPPING, settings(sandbox, run_dir=tmp_path / "again")
    )
    assert again.counts[Status.SUCCESS] == 2
    assert len(sandbox.sent()) - before == 2
    assert sandbox.contact("cat@example.com").fields["lead_first_name"] == "=1+1"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
async def test_libreoffice_shows_the_rejects_without_a_live_formula(tmp_path, sandbox, settings):
    summary = await import_file_async(_workbook(tmp_path / "a.xlsx"), MAPPING, settings(sandbox))
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/lo", "--headless", "--convert-to", "fods", "--outdir",
         str(tmp_path), str(Path(summary.run_dir) / "rejects.xlsx")], check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    text = (tmp_path / "rejects.fods").read_text("utf-8")
    assert "table:formula" not in text
    assert text.count("<office:annotation ") == 2
    assert "#ffc7ce" in text


async def test_the_page_says_what_ran_and_what_to_do_and_hides_people_when_asked(
    tmp_path, sandbox, settings
):
    summary = await import_file_async(_workbook(tmp_path / "a.xlsx"), MAPPING, settings(sandbox))
    path = Path(summary.run_dir) / "report.html"
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text("utf-8")
    assert "bob@example.com" in text
    assert "<script>alert" not in text
    assert "PHONE_INVALID" in text
    assert re.search(r"vip <span[^>]*>1</span>", text)
    assert "1 of 3 imported; 2 need you" in text
    assert re.findall(r"""(?:src|href)="[^"]*"|url\(|https?://(?!127|www\.w3\.org)\S*""", text) == [
        'href="rejects.xlsx"'
    ]
    rewrite_reports(Path(summary.run_dir), redact=True)
    hidden = path.read_text("utf-8")
    assert "example.com" not in hidden
    assert "not an address" not in hidden
    assert "PHONE_INVALID" in hidden


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="Chromium is not installed")
async def test_a_browser_renders_the_page(tmp_path, sandbox, settings):
    summary = await import_file_async(_workbook(tmp_path / "a.xlsx"), MAPPING, settings(sandbox))
    page = Path(summary.run_dir) / "report.html"
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
         f"--user-data-dir={tmp_path}/chromium", "--virtual-time-budget=2000", "--dump-dom", f"file://{page}"],
        check=True, capture_output=True, timeout=90,
    )  # fmt: skip
    dom = done.stdout.decode()
    assert "add up: every row is accounted for once" in dom
    assert "&lt;script&gt;alert(1)" not in dom  # names are not on the page
    assert dom.count("<tr data-cause=") == summary.counts[Status.INVALID] > 0


def test_only_the_cells_that_a_problem_names_are_coloured(tmp_path):
    """A text of the server, or of a cell, can look like a header with a colon after it."""
    names = ("E-mail", "Note", "Phone: mobile")
    info = SourceInfo("a.xlsx", "xlsx", "People", header=names, labels=names)
    row = Row("a.xlsx", "People", 2, dict.fromkeys(names, "x"))
    failed = Outcome("a.xlsx", "People", 2, "x", Status.FAILED, "100", "no; Note: call us")
    refused = Outcome(
        "a.xlsx", "People", 3, "", Status.INVALID, "PHONE_INVALID",
        reasons=(
            Problem("PHONE_INVALID", "'5; Note: 7' is too short", "Phone: mobile", "lead_phone", "5; Note: 7"),
            Problem("ROW_RAGGED", "Note: the row is longer than the header"),
        ),
    )  # fmt: skip
    (path,) = write_rejects(tmp_path, {1: info}, [(1, row, failed), (1, row, refused)])
    sheet = openpyxl.load_workbook(path).active
    marked = {
        cell.coordinate: cell.comment.text
        for line in sheet
        for cell in line
        if cell.fill.fgColor.rgb == "FFFFC7CE"
    }
    assert marked == {"F3": "'5; Note: 7' is too short"}
    assert sheet["C3"].value == (
        "Phone: mobile: '5; Note: 7' is too short; Note: the row is longer than the header"
    )


def test_a_header_with_a_colon_stays_whole_on_the_page():
    doubt = Problem(
        "PHONE_UNASSIGNED", "odd: 7", "Phone: mobile", "lead_phone", "7", Severity.WARNING
    )
    whole = Problem("ROW", "Note: of the row", severity=Severity.WARNING)
    digest = Digest()
    outcome = Outcome("a", "", 2, "a@b.org", Status.SUCCESS, "0", warnings=(doubt, whole))
    assert list(digest.watched([outcome, outcome])) == [outcome, outcome]
    assert digest.warnings == {"Phone: mobile": 2, "": 2}
    assert digest.warned == {"Phone: mobile": doubt, "": whole}
    page = render(
        digest=digest,
        changes={},
        summary=Summary("r", (), "", "", {Status.SUCCESS: 2}, 2),
        redact=False,
    )
    assert "<td>Phone: mobile</td>" in page


def test_a_hundred_thousand_rows_make_a_light_page():
    digest = Digest()
    outcomes = (
        Outcome("a.csv", "", n, f"p{n}@example.com", Status.FAILED if n % 3 == 0 else Status.SUCCESS, "101" if n % 3 == 0 else "0",
                "no such list", (), (Problem("P", "odd", "Phone"),), 1, 200, f"2026-01-01T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}.000Z", 50)
        for n in range(100_000)
    )  # fmt: skip
    assert sum(1 for _ in digest.watched(outcomes)) == 100_000
    summary = Summary(
        "r",
        ("a.csv",),
        "m.yml",
        "https://x",
        {Status.SUCCESS: 66_666, Status.FAILED: 33_334},
        100_000,
    )
    page = render(summary, digest, {"add_tags": {"vip": 5}}, redact=False)
    assert len(page) < 250_000
    assert "The first 500 of 33,334" in page
    assert page.count('class="plot"') <= 240


async def test_a_bundle_keeps_shapes_and_equalities_and_nobodys_data(
    tmp_path, write_csv, sandbox, settings
):
    import csv
    import io
    import zipfile

    rows = [["E-mail", "Name", "Phone"], ["ann@example.com", "Ünal Иванов", "+14155550123"],
            ["bob@example.com", "Ünal Иванов", "12"], ["cat@example.com", "NA", ""]]  # fmt: skip
    summary = await import_file_async(write_csv(rows), MAPPING, settings(sandbox))
    with pytest.raises(SystemExit) as exit_:
        main(["bundle", str(summary.run_dir)])
    assert exit_.value.code == 0
    path = Path(summary.run_dir) / "bundle.zip"
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist())
        lines = list(csv.DictReader(io.StringIO(archive.read("rows.csv").decode())))
    for secret in (
        "ann@",
        "bob",
        "Иванов",
        "Ünal",
        "4155550123",
        sandbox.key,
        str(tmp_path),
        sandbox.url,
    ):
        assert secret.encode() not in whole
    assert [line["status"] for line in lines] == ["success", "invalid", "success"]
    assert lines[0]["Name"] == lines[1]["Name"]
    assert lines[2]["Name"] == "NA"
    assert [line["problems"] for line in lines] == [
        "",
        "PHONE_INVALID (Phone)",
        "VALUE_PLACEHOLDER (Name)",
    ]
    assert re.fullmatch(r"\+\d{11}", lines[0]["Phone"])
    assert re.fullmatch(r"[a-z]{3}@[a-z]{7}\.[a-z]{3}", lines[0]["E-mail"])


def test_tags_and_lists_are_counted_wherever_they_stand_in_a_form():
    changes = SetCounter()
    for body in (
        b"add_to_lists=super&add_tags=vip%2Cnew&lead_email=a%40b.org",
        b"add_tags=vip&lead_email=lead_%26lead_x",
        b"lead_email=c%40b.org",
        b"add_tags=lead_1&crm_id=7",
        b"remove_tags=old",
    ):
        changes.add(body)
    assert {name: dict(counter) for name, counter in changes.names().items()} == {
        "add_to_lists": {"super": 1},
        "add_tags": {"vip": 2, "new": 1, "lead_1": 1},
        "remove_tags": {"old": 1},
    }


def test_fields_of_tags_and_lists_are_the_first_of_the_catalogue():
    """The report takes what stands before the first other field."""
    names = list(FIELDS)
    assert tuple(names[: len(SET_FIELDS)]) == SET_FIELDS
    assert all(name.startswith("lead_") for name in names[len(SET_FIELDS) :])
