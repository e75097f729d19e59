"""Where the header is, and what surrounds it."""

from __future__ import annotations

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources import SourceOptions, open_source
from bulk_import.sources.header import choose_header

ROWS = [
    ["a@b.org", "+14155550123", "Boston"],
    ["b@b.org", "+14155550124", "Austin"],
    ["c@b.org", "+14155550125", "Dallas"],
]
HEAD = ["E-mail", "Phone", "City"]
ABOVE = {
    "nothing": [],
    "a title": [["Our contacts of May"]],
    "a title and a date": [["Contacts export"], ["2024-02-01"], []],
    "comments": [["# exported by tool 1.2"], ["# 2024-02-01"]],
    "notes of several sentences": [["Notes:"], ["You may notice that some of the addresses are missing, because of their settings."], []],
    "name and value pairs": [["Account", "Acme"], ["Exported", "2024-02-01"], []],
    "group headings": [["Contact", "", "Address"]],
    "one group heading at the right": [["", "", "Address"]],
    "blank lines": [[], ["", ""], []],
    "letters of the columns": [["A", "B", "C"]],
    "numbers of the columns": [["1", "2", "3"]],
}  # fmt: skip
BELOW = {
    "nothing": ([], 0),
    "units": ([["text", "digits", "free text"]], 1),
    "technical names": ([["email", "phone", "city"]], 1),
    "required or not": ([["(required)", "(optional)", "(optional)"]], 1),
    "numbers of the columns": ([["1", "2", "3"]], 1),
    "technical names and a translation": ([["email", "phone", "city"], ["Почта", "Телефон", "Город"]], 2),
}  # fmt: skip


@pytest.mark.parametrize("above", ABOVE)
@pytest.mark.parametrize("below", BELOW)
def test_the_header_is_the_line_that_names_the_columns_below_it(above, below):
    second, count = BELOW[below]
    choice = choose_header([*ABOVE[above], HEAD, *second, *ROWS])
    at = len(ABOVE[above])
    assert (choice.at, len(choice.second), choice.is_doubtful) == (at, count, False)


@pytest.mark.parametrize(
    "lines",
    [
        [["E-mail"], ["a@b.org"], ["c@b.org"]],
        [["Name", "City"], ["Ann", "Boston"], ["Bob", "Austin"]],
        [["Email", "Phone", "Phone", "Note", "Note", "Note", "Note"], ["a@b.org", "+14155550123", "", "x"], ["b@b.org", "+14155550124", "", "y"]],
        [["Name", "Code", "Code 2"], ["Ann", "", ""], ["Bob", "7", ""]],
        [["Name", "2023", "2024"], ["Ann", "yes", "no"], ["Bob", "no", "no"]],
    ],
)  # fmt: skip
def test_a_plain_header_is_the_first_line(lines):
    choice = choose_header(lines)
    assert (choice.at, choice.second) == (0, ())


def test_a_title_above_a_single_column_is_no_header():
    assert choose_header([["Subscribers"], ["E-mail"], ["a@b.org"], ["c@b.org"]]).at == 1


def test_the_line_that_has_the_mappings_columns_is_the_header():
    lines = [["Kontakt", "Ort", "Art"], ["E-mail", "Town", "Kind"], ["x", "y", "z"]]
    assert choose_header(lines, ["e-mail", "Town"]).at == 1


def test_a_row_of_data_as_header_is_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Ann,+14155550123,1\nBob,+14155550124,2\nCid,+14155550125,3\n", "utf-8")
    with open_source(path) as source:
        assert [problem.code for problem in source.problems] == ["HEADER_DOUBTFUL"]


def test_a_second_line_of_headings_is_no_row_and_is_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("E-mail,City\nemail,city\na@b.org,X\nb@b.org,Y\n", "utf-8")
    with open_source(path) as source:
        assert [row.number for row in source] == [3, 4]
        assert [problem.code for problem in source.problems] == ["HEADER_SECOND"]


@pytest.mark.parametrize("damaged", ["anna.example.com", "not an address", "anna at gmail", "n/a"])
def test_a_damaged_address_in_the_first_row_does_not_make_it_a_heading(tmp_path, damaged):
    path = tmp_path / "a.csv"
    path.write_text(f"E-mail,City\n{damaged},X\nb@b.org,Y\nc@b.org,Z\n", "utf-8")
    with open_source(path) as source:
        assert [row.number for row in source] == [2, 3, 4]
        assert not source.problems


def test_headings_of_groups_above_the_labels_are_not_the_header():
    lines = [["Contact", "Contact", "Address"], ["E-mail", "Name", "City"]]
    choice = choose_header([*lines, ["a@b.org", "Ann", "X"], ["b@b.org", "Bob", "Y"]])
    assert (choice.at, choice.second) == (1, ())


def test_a_row_with_a_word_for_an_address_further_down_stays_a_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("E-mail,City\na@b.org,X\nnone,Y\n", "utf-8")
    with open_source(path) as source:
        assert [row.number for row in source] == [2, 3]


@pytest.mark.parametrize(
    "address",
    [
        "example@example.com",
        "your.email@company.com",
        "Email@Example.org",
        "yourname@yourdomain.com",
    ],
)
def test_a_row_with_the_address_of_an_example_is_named(tmp_path, address):
    path = tmp_path / "a.csv"
    path.write_text(f"E-mail,Name\n{address},John Doe\nann@b.org,Ann\n{address},Jane\n", "utf-8")
    with open_source(path) as source:
        assert [[p.code for p in row.problems] for row in source] == [["ROW_EXAMPLE"], [], []]


def test_a_table_whose_columns_are_only_numbered_is_read():
    assert choose_header([["1", "2", "3"], *ROWS]).at == 0


def test_an_example_row_is_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Name,E-mail\ne.g. Anna,anna@example.com\nBob,b@b.org\n", "utf-8")
    with open_source(path) as source:
        assert [[p.code for p in row.problems] for row in source] == [["ROW_EXAMPLE"], []]


def test_a_file_without_header_can_be_read_when_that_is_said(tmp_path):
    from bulk_import.sources import SourceOptions

    path = tmp_path / "a.csv"
    path.write_text("a@b.org,Ann\nc@d.org,Cid\n", "utf-8")
    with open_source(path, SourceOptions(header_row=0)) as source:
        assert [dict(row.cells) for row in source] == [
            {"Column A": "a@b.org", "Column B": "Ann"},
            {"Column A": "c@d.org", "Column B": "Cid"},
        ]


def test_cells_beside_the_table_are_one_finding(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("E-mail,City,\n" + "a@b.org,X,\n" * 60 + "b@b.org,Y,call back\n", "utf-8")
    with open_source(path) as source:
        assert source.header == ("E-mail", "City")
        assert not any(row.problems for row in source)
        assert [problem.code for problem in source.findings()] == ["CELLS_BEYOND"]


def test_a_second_table_below_the_contacts_does_not_hide_them(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "E-mail,Name\na@example.com,Ann\n\nProduct,Price,Stock\nRose,1,2\nIris,3,4\n", "utf-8"
    )
    with open_source(path) as source:
        rows = [(row.number, list(row.cells.values()), len(row.problems)) for row in source]
    assert source.header == ("E-mail", "Name")
    assert rows[0] == (2, ["a@example.com", "Ann"], 0)
    assert all(problems for _, _, problems in rows[1:])


def test_addresses_above_the_named_header_are_said_not_to_be_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Mail,Who\na@example.com,Ann\nE-mail,Name\nb@example.com,Ben\n", "utf-8")
    with open_source(path, SourceOptions(header_row=3)) as source:
        assert [list(row.cells.values()) for row in source] == [["b@example.com", "Ben"]]
        assert [(problem.code, "row 2" in problem.message) for problem in source.problems] == [
            ("HEADER_DOUBTFUL", True)
        ]


@pytest.mark.parametrize("header_row", [0, None])
def test_a_file_of_empty_cells_has_no_rows_with_or_without_a_header(tmp_path, header_row):
    path = tmp_path / "a.csv"
    path.write_text(",,\n,,\n")
    with pytest.raises(SourceError) as caught, open_source(path, SourceOptions(header_row=header_row)):  # fmt: skip
        pass
    assert (caught.value.code, str(caught.value)) == ("SOURCE_EMPTY", f"{path}: no rows in it")


def test_a_no_to_the_right_of_the_named_columns_keeps_the_row_back(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    said = ["subscribed", "unsubscribed", "please do not mail", "call back", "отписан"]
    lines = [["Name", "E-mail"], *([f"P{n}", f"p{n}@b.org", word] for n, word in enumerate(said))]
    for line in lines:
        book.active.append(line)
    book.save(tmp_path / "a.xlsx")
    with open_source(tmp_path / "a.xlsx") as source:
        assert source.header == ("Name", "E-mail")
        kept = [row.number for row in source if any(p.is_error for p in row.problems)]
    assert kept == [3, 4, 6]


def test_nobody_whose_no_is_under_no_heading_is_sent(tmp_path):
    """A heading that is merged over two rows is above the row that is taken as the header."""
    from openpyxl import Workbook

    from bulk_import import check_file

    book = Workbook()
    sheet = book.active
    for line in [["Contact", None, "Mailing"], ["Name", "E-mail"]]:
        sheet.append(line)
    sheet.merge_cells("C1:C2")
    for n in range(9):
        sheet.append([f"P{n}", f"p{n}@b.org", "unsubscribed" if n % 3 == 1 else "subscribed"])
    book.save(tmp_path / "a.xlsx")
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "version: 1\nsource: {header_row: 2}\nfields: {lead_email: E-mail, lead_first_name: Name}\n"
    )
    checked = check_file(tmp_path / "a.xlsx", mapping)
    assert (checked.plan.rows_read, checked.plan.to_send) == (9, 6)
    assert {cause.code: cause.rows for cause in checked.causes if cause.is_error} == {
        "EMAIL_SAYS_NO": 3
    }
