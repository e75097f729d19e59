"""Nobody on a suppression list is sent: every entry is honoured, or named with its place."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest
from openpyxl import Workbook

from bulk_import.errors import MappingError
from bulk_import.jobs.importing import import_file_async, resume_async
from bulk_import.jobs.nightly import sync_async
from bulk_import.jobs.undoing import undo
from bulk_import.mapping.schema import SuppressSpec
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Status
from bulk_import.sandbox.app import Reply
from bulk_import.sandbox.faults import Faults
from tests.conftest import Ear, report_of, statuses

CASES = Path(__file__).parent / "cases" / "suppress"
ANNA = "anna@example.com"

# cell -> the addresses that it must keep from being sent
HONOURED = [
    (ANNA, [ANNA]),
    ("ANNA@EXAMPLE.COM", [ANNA]),
    ("Anna@Example.Com", [ANNA]),
    ("  anna@example.com\t", [ANNA]),
    ("\u00a0anna@example.com\u00a0", [ANNA]),
    ("anna@example.com\u200b", [ANNA]),
    ("\ufeffanna@example.com", [ANNA]),
    ("anna\u00ad@example.com", [ANNA]),
    ("anna@\u2060example.com", [ANNA]),
    ("\u202aanna@example.com\u202c", [ANNA]),
    ("anna@example.com.", [ANNA]),
    ("anna@example.com!", [ANNA]),
    ("anna@example.com,", [ANNA]),
    ("anna@example.com;", [ANNA]),
    ("'anna@example.com", [ANNA]),
    ("'anna@example.com'", [ANNA]),
    ('"anna@example.com"', [ANNA]),
    ("“anna@example.com”", [ANNA]),
    ("«anna@example.com»", [ANNA]),
    ('="anna@example.com"', [ANNA]),
    ("<anna@example.com>", [ANNA]),
    ("(anna@example.com)", [ANNA]),
    ("[anna@example.com]", [ANNA]),
    ("*anna@example.com*", [ANNA]),
    ("• anna@example.com", [ANNA]),
    ("•anna@example.com", [ANNA]),
    ("- anna@example.com", [ANNA]),
    ("-anna@example.com", [ANNA]),
    ("1) anna@example.com", [ANNA]),
    ("Block <anna@example.com>", [ANNA]),
    ("Anna Berg <Anna@example.com>", [ANNA]),
    ('"Berg, Anna" <anna@example.com>', [ANNA]),
    ("Berg, Anna (anna@example.com)", [ANNA]),
    ("anna@example.com (by phone 3 May)", [ANNA]),
    ("anna@example.com (unsubscribed)", [ANNA]),
    ("anna@example.com - bounced", [ANNA]),
    ("anna@example.com – отписалась", [ANNA]),
    ("anna@example.com—bounced", [ANNA]),
    ("unsubscribed: anna@example.com", [ANNA]),
    ("mailto:anna@example.com", [ANNA]),
    ("mailto:anna%40example.com?subject=stop", [ANNA]),
    ("MAILTO:Anna@Example.com", [ANNA]),
    ("E-mail: anna@example.com", [ANNA]),
    ("email=anna@example.com", [ANNA]),
    ("Почта: anna@example.com", [ANNA]),
    ('<a href="mailto:anna@example.com">anna@example.com</a>', [ANNA]),
    ("[anna@example.com](mailto:anna@example.com)", [ANNA]),
    ("Anna &lt;anna@example.com&gt;", [ANNA]),
    ("anna&#64;example.com", [ANNA]),
    ("anna (at) example (dot) com", [ANNA]),
    ("anna[at]example.com", [ANNA]),
    ("anna at example dot com", [ANNA]),
    ("Anna AT Example DOT com", [ANNA]),
    ("anna (a) example.com", [ANNA]),
    ("SMTP:anna@example.com", [ANNA]),
    ("1. anna@example.com", [ANNA]),
    ("anna@example.com:hard bounce", [ANNA]),
    ("anna@example.com→ben@example.com", [ANNA, "ben@example.com"]),
    ("User anna@example.com unsubscribed on 1/2/24", [ANNA]),
    ("`anna@example.com`", [ANNA]),
    ("anna@example.com - bounced 550 5.1.1", [ANNA]),
    ("http://anna@example.com", [ANNA]),
    ("anna @ example.com", [ANNA]),
    ("anna@ example.com", [ANNA]),
    ("anna＠example.com", [ANNA]),
    ("ａnna@example.com", [ANNA]),
    ("anna@ｅxample.com", [ANNA]),
    ("anna@example．com", [ANNA]),
    ("anna@example.com / ben@example.com", [ANNA, "ben@example.com"]),
    ("anna@example.com ben@example.com", [ANNA, "ben@example.com"]),
    ("anna@example.com|ben@example.com", [ANNA, "ben@example.com"]),
    ("anna@example.com;ben@example.com", [ANNA, "ben@example.com"]),
    ("anna@example.com, ben@example.com", [ANNA, "ben@example.com"]),
    ("anna@example.com\nben@example.com", [ANNA, "ben@example.com"]),
    ("anna@example.com and ben@example.com", [ANNA, "ben@example.com"]),
    ("anna@example.com & ben@example.com", [ANNA, "ben@example.com"]),
    ("Anna <anna@example.com>, Ben <ben@example.com>", [ANNA, "ben@example.com"]),
    ("mona@bücher.example", ["mona@bücher.example", "Mona@xn--bcher-kva.example"]),
    ("Mona@XN--BCHER-KVA.example", ["mona@bücher.example", "mona@BÜCHER.example"]),
    ("анна@пример.рф", ["анна@пример.рф", "АННА@xn--e1afmkfd.xn--p1ai"]),
    ("o'brien@example.com", ["O'Brien@example.com"]),
    ("anna+news@example.com", ["anna+NEWS@example.com"]),
    ("@bad.example", ["x@bad.example", "x@sub.bad.example"]),
    ("*@bad.example", ["x@bad.example"]),
    ("*.bad.example", ["x@sub.bad.example"]),
]  # fmt: skip
# cell -> the addresses in it that are honoured all the same; the cell is named
NAMED = [
    ("anna@example,com", []),
    ("anna@localhost", []),
    ("anna@", []),
    ("anna@exam ple.com", []),
    ("anna@@example.com", []),
    ("https://social.example/@anna", []),
    ("anna@example..com", []),
    ("anna@example.comben@example.com", []),
    ("anna@example.com, ben@", [ANNA]),
    ("anna.example.com", []),
    ("+4915112345678", []),
    ("0800fc577294c34e0b28ad2839435945", []),
    ("anna at example.com and ben@example.com and eva@", ["ben@example.com"]),
]


def load(path: Path, *, is_strict: bool = False, **spec: object) -> SuppressionList:
    given = SuppressSpec.model_validate({"file": str(path), **spec})
    return SuppressionList.load([(path, given)], is_strict=is_strict)


def written(folder: Path, *rows: list[str]) -> Path:
    with (folder / "stop.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    return folder / "stop.csv"


def workbook(path: Path, *rows: list[object]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize(("cell", "addresses"), HONOURED, ids=[repr(c) for c, _ in HONOURED])
def test_a_spelling_is_honoured(tmp_path, cell, addresses):
    path = written(tmp_path, ["E-mail", "Reason"], ["zoe@example.com", "x"], [cell, "y"])

    stop = load(path, is_strict=True)

    assert stop.reports[0].unknown == ()
    assert all(map(stop.reason, [*addresses, "zoe@example.com"]))
    assert not stop.reason("somebody@example.com")


@pytest.mark.parametrize(("cell", "addresses"), NAMED, ids=[repr(c) for c, _ in NAMED])
def test_what_is_not_understood_is_named_and_refused_when_strict(tmp_path, cell, addresses):
    path = written(tmp_path, ["E-mail"], ["zoe@example.com"], ["yan@example.com"], [cell])

    stop = load(path)

    assert [(entry.row, entry.text) for entry in stop.reports[0].unknown] == [(4, cell)]
    assert f"1 NOT understood and not honoured: row 4 {cell[:80]!r}" in str(stop.reports[0])
    assert all(map(stop.reason, [*addresses, "zoe@example.com"]))
    with pytest.raises(MappingError) as caught:
        load(path, is_strict=True)
    assert [(p.line, p.file) for p in caught.value.problems] == [(4, str(path))]


@pytest.mark.parametrize("name", ["unsub.csv", "unsub.xlsx"])
def test_an_ordinary_list_is_understood_whole(name):
    stop = load(CASES / name)

    named = {text for entry in stop.reports[0].unknown for text in [entry.text]}
    people = "anna ben cleo dan dan2 eva finn gina hugo ines jack kira nora otto"
    if name == "unsub.csv":
        assert named == set()
        assert all(stop.reason(f"{person}@example.com") for person in people.split())
        assert stop.reason("mona@bücher.example")
    else:
        assert stop.reason("anna@example.com")
        assert not named


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("E-mail;Причина\r\nanna@example.com;спам\r\n".encode("cp1251"), id="cp1251"),
        pytest.param("E-mail\tReason\r\nanna@example.com\tx\r\n".encode("utf-16"), id="UTF-16"),
        pytest.param(b"E-mail,x\ranna@example.com,y\rben@example.com,z\r", id="old Mac line ends"),
        pytest.param("\ufeffanna@example.com\n".encode(), id="BOM, no header"),
        pytest.param(b"anna@example.com", id="one line without an end"),
        pytest.param(b"sep=;\r\nE-mail;x\r\nanna@example.com;y\r\n", id="sep="),
        pytest.param(
            b"Unsubscribed people, May\n\nName,E-mail\nAnna,anna@example.com\n", id="title"
        ),
        pytest.param(b"# opted out\nanna@example.com\n\n\n", id="comment"),
        pytest.param(b"Name,Name,E-mail\nA,B,anna@example.com\n", id="headers twice"),
        pytest.param(b'[{"email": "anna@example.com"}]', id="JSON"),
        pytest.param(
            b"<html><body><table><tr><td>E-mail</td></tr><tr><td>anna@example.com</td></tr></table></body></html>",
            id="a web page",
        ),
        pytest.param(b"E-mail,Note\nanna@example.com\nben@example.com,a,b\n", id="ragged"),
    ],
)
def test_lists_in_any_encoding_and_shape_are_read(tmp_path, data):
    path = tmp_path / "stop.txt"
    path.write_bytes(data)

    stop = load(path, is_strict=True)

    assert stop.reason(ANNA)
    assert ("ben@example.com" in data.decode("latin-1")) is bool(stop.reason("ben@example.com"))


def test_every_sheet_of_a_workbook_counts(tmp_path):
    book = Workbook()
    book.active.append(["E-mail"])
    book.active.append([ANNA])
    book.create_sheet("More").append(["ben@example.com"])
    book.create_sheet("Old").append(["eva@example.com"])
    book["Old"].sheet_state = "hidden"
    book.save(tmp_path / "stop.xlsx")

    stop = load(tmp_path / "stop.xlsx")

    assert all(map(stop.reason, [ANNA, "ben@example.com", "eva@example.com"]))


@pytest.mark.parametrize("name", ["unsub_quote.csv", "missing.csv"])
def test_a_list_that_cannot_be_read_to_its_end_is_refused(name):
    with pytest.raises(MappingError, match="nothing is sent while a list cannot be read"):
        load(CASES / name)


def test_a_list_without_any_entry_is_refused_and_an_empty_one_is_not(tmp_path):
    path = tmp_path / "stop.txt"
    path.write_text("nobody\nis on\nthis list\n", "utf-8")
    with pytest.raises(MappingError, match="no e-mail address, domain or hash was found in it"):
        load(path)
    for text in ("", "E-mail\n"):
        path.write_text(text, "utf-8")
        assert load(path, is_strict=True).reports[0].understood == 0


# -- domains and hashes ---------------------------------------------------------------------------


def test_a_public_provider_as_a_domain_is_refused_with_the_reason():
    with pytest.raises(MappingError) as caught:
        load(CASES / "unsub_domain.csv")

    assert "unsub_domain.csv:2:2: suppress: gmail.com is a public mail provider" in str(
        caught.value
    )
    stop = load(CASES / "unsub_domain.csv", columns="Email")
    assert stop.reason("zed@gmail.com")
    assert not stop.reason("liam@gmail.com")
    assert not stop.reason("x@www.example.com")


@pytest.mark.parametrize(
    ("text", "spec", "is_domain"),
    [
        ("Domain\nbad.example\n", {}, True),
        ("E-mail,Blocked domain\nzoe@example.com,bad.example\n", {}, True),
        ("Домен;Причина\nbad.example;спам\n", {}, True),
        ("bad.example\nworse.example\n", {}, True),  # the whole file is of that kind
        ("www\nbad.example\n", {"kind": "domains"}, True),
        ("E-mail,Website\nzoe@example.com,bad.example\n", {}, False),
        ("E-mail,File\nzoe@example.com,export.csv\n", {}, False),
        ("zoe@example.com\nyan@example.com\nbad.example\n", {}, False),
    ],
)
def test_domains_count_only_where_the_list_says_so(tmp_path, text, spec, is_domain):
    path = tmp_path / "stop.csv"
    path.write_text(text, "utf-8")

    assert bool(load(path, **spec).reason("x@bad.example")) is is_domain


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize("header", ["", "Hash\n", "email_sha256\n", "id,MD5\n"])
def test_hashes_of_addresses_are_honoured_where_the_list_says_so(tmp_path, algorithm, header):
    digest = hashlib.new(algorithm, b"anna@example.com", usedforsecurity=False).hexdigest()
    path = tmp_path / "stop.csv"
    path.write_text(f"{header}{'7,' if ',' in header else ''}{digest.upper()}\n", "utf-8")

    stop = load(path, is_strict=True)

    assert stop.reason("Anna@Example.com")
    assert not stop.reason("ben@example.com")


def test_a_column_of_hashes_names_what_is_none(tmp_path):
    path = tmp_path / "stop.csv"
    path.write_text("md5\n0800fc577294c34e0b28ad2839435945\nnot-a-hash\n", "utf-8")

    assert [entry.row for entry in load(path).reports[0].unknown] == [3]


@pytest.mark.parametrize(
    ("text", "kind", "named"),
    [
        ("blocked\nbad.example\n", "domains", []),  # a header that says nothing of its own
        ("bad.example\nnot a domain\n", "domains", [2]),
        ("value\n0800fc577294c34e0b28ad2839435945\n", "hashes", []),
        ("0800fc577294c34e0b28ad2839435945\nnone\n", "hashes", [2]),
    ],
)
def test_the_first_line_of_a_list_of_one_kind_may_be_a_header_and_no_other_line(
    tmp_path, text, kind, named
):
    path = tmp_path / "stop.csv"
    path.write_text(text, "utf-8")
    assert [entry.row for entry in load(path, kind=kind).reports[0].unknown] == named


def test_gmail_dots_count_unless_the_mapping_says_otherwise(tmp_path):
    path = tmp_path / "stop.csv"
    path.write_text("li.am+x@gmail.com\n", "utf-8")

    assert not load(path).reason("liam@googlemail.com")
    assert load(path, gmail_dots="yes").reason("liam@googlemail.com")


def test_a_column_that_is_not_there_is_refused(tmp_path):
    path = tmp_path / "stop.csv"
    path.write_text("E-mail,Partner\nanna@example.com,ben@example.com\n", "utf-8")

    stop = load(path, columns=["e-mail"])
    assert stop.reason(ANNA)
    assert not stop.reason("ben@example.com")
    with pytest.raises(MappingError, match="has no column 'Mail' in its first 40 rows"):
        load(path, columns="Mail")


def test_an_error_in_a_cell_is_named(tmp_path):
    path = workbook(tmp_path / "stop.xlsx", ["E-mail"], [ANNA], ["=A1&A9"])

    assert [entry.row for entry in load(path).reports[0].unknown] == [3]


# -- both sides of what decides ----------------------------------------------------------------------


def test_twenty_entries_that_are_not_understood_are_named_and_the_others_counted(tmp_path):
    for bad, rest in ((20, ""), (21, " and 1 more"), (22, " and 2 more")):
        path = written(tmp_path, ["E-mail"], [ANNA], *[[f"bad{n}@"] for n in range(bad)])
        report = load(path).reports[0]
        said = str(report)
        assert said.startswith(
            f"suppression list {path}: 1 entries understood, {bad} NOT understood and not honoured: row 3 'bad0@', "
        )
        assert said.endswith(f"row 22 'bad19@'{rest}")
        assert len(report.unknown) == bad


def test_a_long_cell_is_named_by_its_beginning_and_its_sheet(tmp_path):
    book = Workbook()
    book.active.title = "Out"
    for cell in ("E-mail", ANNA, "x" * 90 + "@"):
        book.active.append([cell])
    book.save(tmp_path / "stop.xlsx")
    (entry,) = load(tmp_path / "stop.xlsx").reports[0].unknown
    assert str(entry) == f"sheet 'Out' row 3 '{'x' * 80}'"
    assert (entry.row, entry.column, entry.text) == (3, 1, "x" * 90 + "@")


@pytest.mark.parametrize(("above", "is_found"), [(39, True), (40, False)])
def test_a_header_is_looked_for_in_forty_rows(tmp_path, above, is_found):
    path = written(tmp_path, *[["title"]] * above, ["x", "E-mail"], ["y", ANNA])
    if is_found:
        assert load(path, columns="E-mail").reason(ANNA)
    else:
        with pytest.raises(MappingError, match="has no column 'E-mail' in its first 40 rows"):
            load(path, columns="E-mail")


@pytest.mark.parametrize(
    ("header", "is_of_hashes"),
    [("MD5 " + "x" * 36, True), ("MD5 " + "x" * 37, False), ("md5.example", False), ("hashtag", True), ("ash", False)],
)  # fmt: skip
def test_a_header_says_that_its_column_is_of_hashes(tmp_path, header, is_of_hashes):
    digest = hashlib.md5(ANNA.encode(), usedforsecurity=False).hexdigest()
    path = written(tmp_path, [header, "E-mail"], [digest, "zoe@example.com"])
    assert bool(load(path).reason(ANNA)) == is_of_hashes


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ([ANNA, "ben.example.com"], [3]),  # half of them, without the first, which may be a header
        ([ANNA, "ben.example.com", "cleo.example.com"], []),
        ([ANNA, "eva@x.org", "zoe@x.org", "a.bc", "n/a", "1.2.3"], [7]),  # four signs are no address
        ([ANNA, "eva@x.org", "zoe@x.org", "two words.", "nothing", "12345"], [7]),
    ],
)  # fmt: skip
def test_cells_without_an_at_count_in_a_column_that_is_of_addresses(tmp_path, cells, named):
    path = written(tmp_path, ["E-mail"], *([cell] for cell in cells))
    assert [entry.row for entry in load(path).reports[0].unknown] == named


@pytest.mark.parametrize("form", ["{}", "md5:{}", "MD5={}", "md5: {}", "{}  "])
def test_a_hash_may_say_what_it_is(tmp_path, form):
    digest = hashlib.md5(ANNA.encode(), usedforsecurity=False).hexdigest()
    assert load(written(tmp_path, ["Hash"], [form.format(digest)]), is_strict=True).reason(ANNA)


def test_an_entry_counts_once_and_lists_are_joined(tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("anna@example.com\nANNA@example.com\n@bad.example\n")
    two.write_text("li.am@gmail.com\n")
    lists = [
        (one, SuppressSpec(file="one.csv")),
        (two, SuppressSpec(file="two.csv", gmail_dots=True)),
    ]
    stop = SuppressionList.load(lists)
    assert [report.understood for report in stop.reports] == [2, 1]
    assert len(stop) == 3
    assert stop.reason(ANNA) == "anna@example.com is on the suppression list"
    assert (
        stop.reason("liam@gmail.com")
        == "liam@gmail.com is on the suppression list (Gmail's dots left out)"
    )
    assert stop.reason("x@sub.bad.example") == "the domain bad.example is on the suppression list"
    assert (stop.reason(""), stop.reason("x@example"), SuppressionList().reason(ANNA)) == (
        "",
        "",
        "",
    )


# -- in every command -----------------------------------------------------------------------------

MAPPING = "version: 1\nfields: {lead_email: E-mail, add_tags: {always: [x]}}\nsuppress: stop.csv\n"


@pytest.fixture
def job(tmp_path, write_csv):
    """A source of a, b and c, and an empty list beside its mapping: (source, mapping, list)."""
    (tmp_path / "m.yml").write_text(MAPPING, "utf-8")
    (tmp_path / "stop.csv").write_text("E-mail\n", "utf-8")
    people = [["E-mail"], *([f"{name}@b.org"] for name in "abc")]
    return write_csv(people), tmp_path / "m.yml", tmp_path / "stop.csv"


def sent(sandbox) -> list[str]:
    return [request.email for request in sandbox.sent()]


async def test_an_ordinary_list_keeps_all_of_its_people_from_being_sent(
    sandbox, settings, tmp_path
):
    summary = await import_file_async(
        CASES / "list.csv", CASES / "map.yml", settings(sandbox, run_dir=tmp_path / "run")
    )

    assert sent(sandbox) == ["liam@gmail.com"]
    assert (summary.counts[Status.SUPPRESSED], summary.exit_code) == (14, 0)


async def test_a_list_with_an_open_quotation_mark_sends_nothing(sandbox, settings):
    with pytest.raises(MappingError, match="cannot be read to its end"):
        await import_file_async(CASES / "list.csv", CASES / "m.yml", settings(sandbox))

    assert sent(sandbox) == []


async def test_a_run_names_what_it_does_not_understand_and_a_strict_one_refuses(
    sandbox, settings, job
):
    source, mapping, stop = job
    stop.write_text("E-mail\na@b.org\nb@b,org\n", "utf-8")

    with pytest.raises(MappingError, match=r"stop\.csv:3:1: suppress: 'b@b' is not understood"):
        await import_file_async(source, mapping, settings(sandbox, strict_suppress=True))
    assert sent(sandbox) == []
    ear = Ear()
    await import_file_async(source, mapping, settings(sandbox), progress=ear)

    assert sent(sandbox) == ["b@b.org", "c@b.org"]
    assert "1 entries understood, 1 NOT understood and not honoured: row 3 'b@b'" in " ".join(
        ear.told
    )


async def test_a_resume_honours_a_list_that_has_grown(sandbox, settings, job):
    source, mapping, stop = job
    first = await import_file_async(source, mapping, settings(sandbox, limit=1))
    stop.write_text("B@b.org\n", "utf-8")

    again = await resume_async(first.run_dir, settings(sandbox))

    assert sent(sandbox) == ["a@b.org", "c@b.org"]
    assert statuses(Path(again.run_dir)) == ["success", "suppressed", "success"]
    assert (again.exit_code, again.balanced) == (0, True)


@pytest.mark.parametrize("entry", ["a.home@b.org", "b.home@b.org", "c@home.org"])
@pytest.mark.parametrize("retries", [False, True])
async def test_a_resume_holds_a_person_whose_other_address_is_on_the_list_now(
    sandbox, settings, tmp_path, write_csv, entry, retries
):
    """As an ordinary run does: somebody who said no under one address is not written to at another."""
    source = write_csv(
        [["Work", "Home"], ["x@b.org", ""], ["a@b.org", "A.Home@b.org"],
         ["b@b.org", "B <b.home@b.org>"], ["c@b.org; c@home.org", ""], ["d@b.org", ""]]
    )  # fmt: skip
    mapping, stop = tmp_path / "map.yml", tmp_path / "stop.csv"
    mapping.write_text(
        "version: 1\nfields: {lead_email: {columns: [Work, Home], several: first}}\n"
        "suppress: [stop.csv]\n",
        "utf-8",
    )
    stop.write_text("nobody@b.org\n", "utf-8")
    if retries:  # all were sent, and refused
        sandbox.script = lambda number, form: Reply(3, apply=False)
    first = await import_file_async(
        source, mapping, settings(sandbox, limit=None if retries else 1)
    )
    sandbox.script = None
    before = len(sent(sandbox))
    stop.write_text(f"{entry}\n", "utf-8")

    again = await resume_async(first.run_dir, settings(sandbox, retry_failed=retries))

    kept = f"{entry[0]}@b.org"
    expected = [
        one for one in ("x@b.org", "a@b.org", "b@b.org", "c@b.org", "d@b.org") if one != kept
    ]
    assert sent(sandbox)[before:] == expected[0 if retries else 1 :]
    (line,) = [line for line in report_of(Path(again.run_dir)) if line["status"] == "suppressed"]
    assert line["contact"] == kept
    assert line["message"].lower() == f"{entry} is on the suppression list"
    assert again.balanced


async def test_a_contact_in_doubt_that_is_suppressed_now_is_not_sent_again(sandbox, settings, job):
    source, mapping, stop = job
    sandbox.use(Faults(lost=1.0))
    first = await import_file_async(source, mapping, settings(sandbox, limit=1, max_attempts=1))
    sandbox.use(Faults())
    before = len(sent(sandbox))
    stop.write_text("a@b.org\n", "utf-8")

    again = await resume_async(first.run_dir, settings(sandbox))

    assert sent(sandbox)[before:] == ["b@b.org", "c@b.org"]
    line = report_of(Path(again.run_dir))[0]
    assert (line["status"], line["error_code"], line["attempts"]) == ("unknown", "SUPPRESSED", "1")


async def test_the_action_for_vanished_contacts_spares_who_said_no(
    sandbox, settings, job, tmp_path
):
    source, mapping, stop = job
    mapping.write_text(MAPPING + "on_missing: {add_tags: gone}\n", "utf-8")
    for name, rows in (("one", "abc"), ("two", "a")):
        source.write_text("E-mail\n" + "".join(f"{one}@b.org\n" for one in rows), "utf-8")
        summary = await sync_async(
            source,
            mapping,
            settings(sandbox, run_dir=tmp_path / name),
            state=tmp_path / "job.state",
            accept=True,
        )
        stop.write_text("b@b.org\n", "utf-8")

    assert sent(sandbox)[3:] == ["c@b.org"]
    assert statuses(Path(summary.run_dir)) == ["suppressed", "success"]
    assert summary.counts[Status.UNCHANGED] == 1
    assert summary.balanced


async def test_sync_refuses_a_doubtful_list_by_itself(sandbox, settings, job, tmp_path):
    source, mapping, stop = job
    stop.write_text("a@b.org\nb@b,org\n", "utf-8")

    with pytest.raises(MappingError, match="--no-strict-suppress"):
        await sync_async(source, mapping, settings(sandbox), state=tmp_path / "s")
    assert sent(sandbox) == []
    await sync_async(
        source, mapping, settings(sandbox, strict_suppress=False), state=tmp_path / "s"
    )
    assert sent(sandbox) == ["b@b.org", "c@b.org"]


async def test_an_undo_spares_who_said_no_since(sandbox, settings, job, tmp_path):
    source, mapping, stop = job
    first = await import_file_async(source, mapping, settings(sandbox))
    stop.write_text("b@b.org\n", "utf-8")
    plan = undo(first.run_dir)

    await import_file_async(plan.source, plan.mapping, settings(sandbox, run_dir=tmp_path / "undo"))

    assert sent(sandbox)[3:] == ["a@b.org", "c@b.org"]


async def test_rejects_that_are_fed_back_meet_the_list(sandbox, settings, job, tmp_path):
    source, mapping, stop = job
    sandbox.use(Faults(refuse=1.0))
    first = await import_file_async(source, mapping, settings(sandbox))
    stop.write_text("b@b.org\n", "utf-8")
    sandbox.use(Faults())

    await import_file_async(
        Path(first.run_dir) / "rejects.csv", mapping, settings(sandbox, run_dir=tmp_path / "again")
    )

    assert sent(sandbox)[3:] == ["a@b.org", "c@b.org"]
