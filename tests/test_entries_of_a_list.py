"""Entries of a suppression list: where each that is not understood stands, and what a list is as a whole."""

from __future__ import annotations

import csv
import hashlib
import zipfile
from pathlib import Path

import pytest

from bulk_import.errors import MappingError
from bulk_import.mapping.lists import Entries, read_list
from bulk_import.mapping.schema import SuppressSpec
from bulk_import.mapping.suppression import SuppressionList

ANNA = "anna@example.com"
MD5 = hashlib.md5(ANNA.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
def listed(tmp_path):
    """A list of these lines, as it is read: (entries, report, problems)."""

    def made(*rows: list[str], **spec: object):
        path = tmp_path / "stop.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
        return read_list(path, SuppressSpec.model_validate({"file": "stop.csv", **spec}))

    return made


def problems(found) -> list[tuple[str, int, int]]:
    return [(problem.message, problem.line, problem.column) for problem in found[2]]


def named(found) -> list[tuple[int, int, str]]:
    return [(entry.row, entry.column, entry.text) for entry in found[1].unknown]


def test_what_is_understood_is_kept_by_its_kind(listed):
    entries, report, found = listed(
        ["E-mail", "Domain", "MD5"], ["Anna@Example.com", "Bad.example", MD5.upper()], ["@x.org", "", ""],
    )  # fmt: skip
    assert entries == Entries({ANNA}, set(), {"bad.example", "x.org"}, {MD5})
    assert (len(entries), report.understood, report.unknown, found) == (4, 4, (), [])


def test_gmails_spellings_are_kept_where_they_are_asked_for(listed):
    entries, *_ = listed(["E-mail"], ["Li.Am+x@gmail.com"], ["b.c@x.org"], gmail_dots=True)
    assert (entries.addresses, entries.gmail) == (
        {"li.am+x@gmail.com", "b.c@x.org"}, {"liam@gmail.com", "b.c@x.org"},
    )  # fmt: skip
    assert listed(["E-mail"], ["li.am@gmail.com"])[0].gmail == set()


def test_what_is_not_understood_is_named_in_the_order_of_the_list(listed):
    """Words without an ``@`` are known to be meant for addresses at the end of their column alone."""
    found = listed(
        ["E-mail", "E-mail 2"], [ANNA, "b@x.org"], ["ben.example.com", "y@"], ["c@x.org", "d@x.org"], ["x@", "eva.example.com"],
    )  # fmt: skip
    assert named(found) == [
        (3, 1, "ben.example.com"), (3, 2, "y@"), (5, 1, "x@"), (5, 2, "eva.example.com"),
    ]  # fmt: skip
    assert [str(entry) for entry in found[1].unknown][:2] == ["row 3 'ben.example.com'", "row 3 'y@'"]  # fmt: skip


def test_a_list_with_nothing_but_what_is_not_understood_is_refused(listed):
    found = listed(["x@"])
    assert (named(found), problems(found)) == (
        [(1, 1, "x@")], [("suppress: no e-mail address, domain or hash was found in it", 0, 0)],
    )  # fmt: skip


def test_a_header_alone_is_an_empty_list_and_two_lines_are_not(listed):
    assert problems(listed(["E-mail"])) == []
    assert problems(listed(["E-mail"], ["nobody yet"])) == [
        ("suppress: no e-mail address, domain or hash was found in it", 0, 0)
    ]


def test_a_public_provider_is_refused_at_its_cell_and_once(listed):
    found = listed(["Domain"], ["x.org"], ["gmail.com"])
    assert problems(found) == [
        (
            "suppress: gmail.com is a public mail provider: as a domain it would suppress everybody there; remove the "
            "line, or name the column of the addresses: suppress: [{file: stop.csv, columns: E-mail}]", 3, 1,
        )
    ]  # fmt: skip
    assert found[0].domains == {"x.org"}
    assert len(problems(listed(["Domain"], ["gmail.com"]))) == 1  # not also as an empty list
    bare = listed(["x.org"], ["gmail.com"])
    assert [(line, column) for _, line, column in problems(bare)] == [(2, 1)]


@pytest.mark.parametrize(
    ("rows", "entries"),
    [
        ([["bad.example"], ["worse.example"]], Entries(domains={"bad.example", "worse.example"})),
        ([["blocked"], ["bad.example"]], Entries(domains={"bad.example"})),
        ([[MD5], [MD5[::-1]]], Entries(hashes={MD5, MD5[::-1]})),
        ([["id"], [MD5]], Entries(hashes={MD5})),
        ([["bad.example", ""], ["worse.example", ""]], Entries(domains={"bad.example", "worse.example"})),
        ([["bad.example", "spam"], ["worse.example", "spam"]], Entries()),  # two columns
        ([["bad.example"], ["no more"]], Entries()),
        ([["blocked"], ["for ever"], ["bad.example"]], Entries()),
        ([["blocked"]], Entries()),
    ],
)  # fmt: skip
def test_a_list_of_one_column_may_be_of_domains_or_hashes_as_a_whole(listed, rows, entries):
    assert listed(*rows)[0] == entries


def test_a_list_with_one_address_is_not_of_domains_as_a_whole(listed):
    assert listed(["bad.example"], ["worse.example"], [ANNA])[0] == Entries({ANNA})


@pytest.mark.parametrize(
    ("header", "domains"),
    [
        ("Domain", {"bad.example"}),
        ("blocked_domain", {"bad.example"}),
        ("Domain " + "x" * 33, {"bad.example"}),  # 40 signs
        ("Domain " + "x" * 34, set()),
        ("domain.example", set()),  # is one itself
        ("Subdomaining", set()),
    ],
)
def test_a_header_says_that_its_column_is_of_domains(listed, header, domains):
    assert listed([header, "E-mail"], ["bad.example", ANNA])[0] == Entries({ANNA}, domains=domains)


def test_blank_lines_do_not_count_among_those_in_which_a_header_is_looked_for(listed):
    rows = [[""]] * 45
    assert listed(*rows, ["Boss", "Mail"], ["b@x.org", ANNA], columns="Mail")[0] == Entries({ANNA})


def test_what_stands_below_an_entry_is_no_header(listed):
    entries, *_ = listed([ANNA, ""], ["", "Domain"], ["", "bad.example"])
    assert entries == Entries({ANNA})


def test_a_column_that_is_named_is_read_whatever_its_case_and_no_other(listed):
    rows = [["Name", "E  MAIL", "Boss"], ["Anna", ANNA, "boss@example.com"], ["", "x@", "y@"]]
    found = listed(*rows, columns=["e mail"])
    assert (found[0], named(found), problems(found)) == (Entries({ANNA}), [(3, 2, "x@")], [])
    both = listed(*rows, columns=["e mail", "BOSS"])
    assert both[0].addresses == {ANNA, "boss@example.com"}
    missing = listed(*rows, columns=["e mail", "Chef"])
    assert problems(missing) == [("suppress: has no column 'Chef' in its first 40 rows", 0, 0)]


@pytest.mark.parametrize(
    ("rows", "unknown"),
    [
        ([["E-mail"], [ANNA], ["@anna"]], [(3, 1, "@anna")]),  # a column of addresses
        ([["Telegram", "E-mail"], ["@anna", ANNA], ["@ben", "b@x.org"]], []),
        ([["Telegram", "E-mail"], ["@an na", ANNA]], [(2, 1, "@an na")]),
        ([["E-mail"], [ANNA], ["1.23"], ["n/a"], ["None"]], []),
        ([["E-mail"], [ANNA], ["12.34"]], [(3, 1, "12.34")]),
    ],
)
def test_cells_that_are_no_addresses(listed, rows, unknown):
    assert named(listed(*rows)) == unknown


def test_a_wildcard_is_a_domain_in_any_column(listed):
    assert listed(["E-mail"], [ANNA], ["*.bad.example"])[0] == Entries({ANNA}, domains={"bad.example"})  # fmt: skip


def test_a_list_inside_an_archive_is_named_with_its_member(tmp_path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("in.csv", "E-mail\nben@example.com\n")
        archive.writestr("out.csv", "E-mail\nanna@example.com\n")
    entries, report, _ = read_list(path, SuppressSpec(file="all.zip", member="out.csv"))
    assert (entries, str(report)) == (
        Entries({ANNA}), f"suppression list {path} (out.csv): 1 entries understood",
    )  # fmt: skip


def test_a_list_that_cannot_be_read_names_the_reason():
    with pytest.raises(MappingError) as caught:
        read_list("nowhere/stop.csv", SuppressSpec(file="stop.csv"))
    assert str(caught.value).startswith("suppress: nowhere/stop.csv: ")
    assert str(caught.value).endswith("; nothing is sent while a list cannot be read to its end")


# -- who must not be sent -----------------------------------------------------------------------------


def loaded(tmp_path: Path, text: str, **spec: object) -> SuppressionList:
    path = tmp_path / "stop.csv"
    path.write_text(text, "utf-8")
    return SuppressionList.load([(path, SuppressSpec.model_validate({"file": "x", **spec}))])


def test_an_address_is_looked_up_before_its_domain_and_its_hash(tmp_path):
    stop = loaded(tmp_path, f"E-mail,Domain,MD5\nanna@bad.example,bad.example,{MD5}\n")
    assert stop.reason("Anna@bad.example") == "Anna@bad.example is on the suppression list"
    assert stop.reason("ben@bad.example") == "the domain bad.example is on the suppression list"
    assert stop.reason("ben@a.b.bad.example") == "the domain bad.example is on the suppression list"
    assert stop.reason(ANNA) == "the address's hash is on the suppression list"
    assert (stop.reason("ben@notbad.example"), stop.reason("ben@example"), stop.reason("")) == ("", "", "")  # fmt: skip


def test_a_hash_is_of_the_address_in_small_letters_or_of_its_key(tmp_path):
    typed = hashlib.sha256("анна@пример.рф".encode()).hexdigest()
    stop = loaded(tmp_path, f"SHA256\n{typed}\n")
    assert stop.reason("АННА@ПРИМЕР.РФ") == "the address's hash is on the suppression list"
    key = hashlib.sha1("анна@xn--e1afmkfd.xn--p1ai".encode(), usedforsecurity=False).hexdigest()
    assert bool(loaded(tmp_path, f"SHA1\n{key}\n").reason("анна@пример.рф")) != bool(
        loaded(tmp_path, f"SHA1\n{'0' * 40}\n").reason("анна@пример.рф")
    )


def test_with_several_lists_every_fault_of_each_is_told_at_once(tmp_path):
    for name, text in (("a.csv", "E-mail\nx@\nanna@example.com\n"), ("b.csv", "Domain\ngmail.com\n")):  # fmt: skip
        (tmp_path / name).write_text(text, "utf-8")
    lists = [(tmp_path / name, SuppressSpec(file=name)) for name in ("a.csv", "b.csv")]
    with pytest.raises(MappingError) as caught:
        SuppressionList.load(lists, is_strict=True)
    assert [(Path(p.file).name, p.line, p.column) for p in caught.value.problems] == [
        ("a.csv", 2, 1), ("b.csv", 2, 1),
    ]  # fmt: skip
    assert caught.value.problems[0].message == (
        "suppress: 'x@' is not understood as an address; correct it, or allow it with --no-strict-suppress (it would "
        "not be honoured)"
    )
    with pytest.raises(MappingError) as caught:
        SuppressionList.load(lists)
    assert [Path(p.file).name for p in caught.value.problems] == ["b.csv"]


def test_no_list_holds_nobody():
    stop = SuppressionList.load([])
    assert (len(stop), stop.reports, stop.reason(ANNA)) == (0, (), "")
