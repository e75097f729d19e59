"""The questions of ``init`` in this process: each question, each answer, and what the mapping becomes."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from bulk_import.cli import main
from bulk_import.cli.wizard import Wizard, choose, confirm, say, shown, titled
from bulk_import.jobs.proposing import Proposed
from bulk_import.mapping.loading import parse_mapping
from bulk_import.sources import SourceOptions

NO_ANSWERS: dict[str, str | None] = dict.fromkeys(("email_column", "region", "tags", "lists"))


@pytest.fixture(autouse=True)
def _narrow(monkeypatch, tmp_path):
    """A terminal of 80 columns, in the folder of the test."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


def said_to(typed: str, work: Any) -> tuple[Any, list[str]]:
    """Do *work* while somebody types: (its result, the lines that were shown)."""
    with CliRunner().isolation(input=typed) as (_, shown_there, _):
        result = work()
        assert shown_there is not None
        return result, shown_there.getvalue().decode().splitlines()


def ask(source: str, typed: str, preset: str | None = None, answers: dict[str, str] | None = None, **options: Any) -> tuple[Proposed, list[str]]:  # fmt: skip
    wizard = Wizard(source, SourceOptions(**options), NO_ANSWERS | (answers or {}), preset)
    found: tuple[Proposed, list[str]] = said_to(typed, wizard.proposed)
    return found


def people(*header: str, rows: int = 9) -> str:
    """A workbook with a sheet of notes and one of people."""
    book = Workbook()
    book.active.title = "Notes"
    book.active.append(["nothing here"])
    sheet = book.create_sheet("People")
    sheet.append(header or ["Work e-mail zork", "Blub e-mail", "Phone", "Tags", "Shipping City", "Unsubscribed"])  # fmt: skip
    for n in range(rows):
        sheet.append([f"a{n}@x.com", f"b{n}@x.org", f"612 34 56 {n:02}", "vip; new", "Lyon", "yes" if n < 2 else "no"])  # fmt: skip
    book.save("list.xlsx")
    return "list.xlsx"


QUESTIONS = """\
list.xlsx has 2 sheets.
   1  Notes
   2  People
Which one?: 2
What is certain enough to be sent (field <- column):
  Phone, sent as +14155550123 <- Phone
  Shipping address: city <- Shipping City
Only rows are sent where 'Unsubscribed' is one of: empty, no, false, 0.
which column holds the contacts' own e-mail address? It may be 'Work e-mail
zork' (the header says e-mail, and 'zork', which is not understood; 9 distinct
values in 9 cells), 'Blub e-mail' (the header says e-mail, and 'blub', which is
not understood; 9 distinct values in 9 cells)
   1  Work e-mail zork
   2  Blub e-mail
   3  none of them
Which column?: 2
Some phone numbers have no country code, and nothing says which country they
are of. 100% would exist in DE; as many exist in FR, ES, UA, PL.
Two letters of the country, or none? [none]: Spain
'Spain' is not a two-letter country code such as US
Two letters of the country, or none? [none]: ES
Column 'Tags': its header says tags; 1 distinct value in 9 cells; off, because
it may start mailings
  vip; new
New tags can start e-mail series.
Send this column as tags? [y/N]: y
9 rows read; 7 would be sent.
  2 skipped: Unsubscribed: 'yes' (only: unsubscribed) (2)
"""


def test_what_is_in_doubt_is_asked_in_order_and_the_answers_are_in_the_mapping():
    proposed, lines = ask(people(), "2\n2\nSpain\nES\ny\n")
    assert lines == QUESTIONS.splitlines()
    spec = parse_mapping(proposed.text(), "m").spec
    assert (spec.source.sheet, spec.defaults.phone_region) == ("People", "ES")
    assert spec.fields["lead_email"].column == ("Blub e-mail",)
    assert spec.fields["add_tags"].column == ("Tags",)
    assert [rule.column for rule in spec.only] == [("Unsubscribed",)]


def test_a_no_or_an_empty_line_leaves_out_what_was_asked_for():
    proposed, lines = ask(people(), "2\n1\n\n\n")
    spec = parse_mapping(proposed.text(), "m").spec
    assert "add_tags" not in spec.fields
    assert spec.fields["lead_email"].column == ("Work e-mail zork",)
    assert spec.defaults.phone_region is None
    assert spec.fields["lead_phone"].bad_value == "drop_field"
    assert lines[-2:] == QUESTIONS.splitlines()[-2:]


def test_doubtful_columns_are_offered_with_their_samples_where_no_address_is_chosen():
    proposed, lines = ask(people(), "2\n3\nn\n\nnone\nn\n")
    offers = [lines[at : at + 2] for at, line in enumerate(lines) if line.startswith(("  a0@", "  b0@"))]  # fmt: skip
    assert offers == [["  a0@x.com", "  a1@x.com"], ["  b0@x.org", "  b1@x.org"]]
    assert lines.count("Send it as E-mail: the contact's key? [y/N]: n") == 1
    assert lines[-5:] == [
        "9 rows read; 0 would be sent.",
        "  7 invalid",
        "  2 skipped: Unsubscribed: 'yes' (only: unsubscribed) (2)",
        "  7 x EMAIL_MISSING",
        "  7 x PHONE_NO_COUNTRY in column Phone",
    ]
    assert "lead_email" not in parse_mapping(proposed.text(), "m").spec.fields
    accepted, lines = ask(people(), "2\n3\ny\nES\nn\n")
    assert parse_mapping(accepted.text(), "m").spec.fields["lead_email"].column == ("Work e-mail zork",)  # fmt: skip
    assert not any(line.startswith("  b0@") for line in lines)  # the field is taken


def test_what_an_option_has_answered_is_not_asked():
    answers = {"email_column": "Blub e-mail", "region": "ES", "tags": "Tags", "lists": "none"}
    proposed, lines = ask(people(), "", answers=answers, sheet="People")
    assert not any("?" in line for line in lines)
    spec = parse_mapping(proposed.text(), "m").spec
    assert spec.fields["lead_email"].column == ("Blub e-mail",)
    assert spec.fields["add_tags"].column == ("Tags",)
    assert lines[-2:] == QUESTIONS.splitlines()[-2:]


# -- the file --------------------------------------------------------------------------------------------


def exported(encoding: str) -> str:
    text = "Export of 2024\n\nE-mail,Имя\n" + "".join(f"p{n}@x.org,Анна Иванова\n" for n in range(5))  # fmt: skip
    Path("c.csv").write_bytes(text.encode(encoding))
    return "c.csv"


RIGHT = "The file is not UTF-8; it was read as cp1251. Is that right? [Y/n]: "
WHICH = "Which encoding (such as cp1251, cp1252, mac_roman)?: "
ROW = "In which row are the columns' names? [3]: "


@pytest.mark.parametrize(
    ("typed", "questions", "options"),
    [
        ("\n\n", ["  Анна Иванова", RIGHT, "The header is in row 3: E-mail, Имя", ROW], {}),
        ("n\ncp1251\n", ["  Анна Иванова", f"{RIGHT}n", f"{WHICH}cp1251"], {}),
        ("3\n", ["The header is in row 3: E-mail, Имя", f"{ROW}3"], {"encoding": "cp1251"}),
        ("y\n", ["  Анна Иванова", f"{RIGHT}y"], {"header_row": 3}),
        ("", [], {"encoding": "cp1251", "header_row": 3}),
    ],
)
def test_an_encoding_and_a_header_are_asked_for_where_they_were_guessed(typed, questions, options):
    proposed, lines = ask(exported("cp1251"), typed, **options)
    asked = lines[: len(questions)]
    assert [line.rstrip() for line in asked] == [line.rstrip() for line in questions]
    assert lines[len(questions) :][-1] == "5 rows read; 5 would be sent."
    assert parse_mapping(proposed.text(), "m").spec.fields["lead_first_name"].column == ("Имя",)


def test_another_row_of_the_header_is_read_anew():
    Path("c.csv").write_text("Export\n\nE-mail,Name\nMail,Who\n" + "".join(f"p{n}@x.org,Ann\n" for n in range(5)))  # fmt: skip
    _, lines = ask("c.csv", "0\n4\n")
    assert [line for line in lines if "row" in line][:2] == [
        "The header is in row 3: E-mail, Name", "In which row are the columns' names? [3]: 0"
    ]  # fmt: skip
    assert "  E-mail: the contact's key <- Mail" in lines


# -- products --------------------------------------------------------------------------------------------


def test_an_export_of_a_product_is_named_unless_it_was_said():
    Path("h.csv").write_text(
        "Record ID,First Name,Last Name,Email,Phone Number,Contact owner\n"
        + "".join(f"{n},Ann,Smith,p{n}@x.org,+1415555010{n},Bob\n" for n in range(4))
    )
    assert ask("h.csv", "")[1] == [
        "This is an export from HubSpot.",
        "What is certain enough to be sent (field <- column):",
        "  E-mail: the contact's key <- Email",
        "  First name <- First Name",
        "  Last name <- Last Name",
        "  Phone, sent as +14155550123 <- Phone Number",
        "4 rows read; 4 would be sent.",
    ]
    assert "HubSpot" not in "".join(ask("h.csv", "", preset="hubspot")[1])


# -- words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "width", "line"),
    [
        ("a b", 3, "a b"), ("a  b\nc", 9, "a b c"), ("word word word", 9, "word…"), ("x" * 12, 5, "…"),
        ("a\x1b[2Jb", 20, "a [2Jb"), ("", 5, ""),
    ],
)  # fmt: skip
def test_a_text_is_shown_on_one_line(text, width, line):
    assert shown(text, width) == line


@pytest.mark.parametrize(
    ("field", "title"),
    [("lead_email", "E-mail: the contact's key"), ("full_name", "whole name, split into its parts")],
)  # fmt: skip
def test_fields_are_called_as_people_call_them(field, title):
    from bulk_import.mapping.suggesting import FULL_NAME

    assert titled(FULL_NAME if field == "full_name" else field) == title


@pytest.mark.parametrize(("columns", "width"), [("40", 39), ("80", 79), ("100", 99), ("200", 99)])
def test_lines_are_wrapped_to_the_terminal_and_indented_like_the_first(monkeypatch, columns, width):  # fmt: skip
    monkeypatch.setenv("COLUMNS", columns)
    _, lines = said_to("", lambda: say("  " + "word " * 60))
    assert {line[:2] for line in lines} == {"  "}
    assert width - 5 < max(map(len, lines)) <= width
    assert said_to("", lambda: say(""))[1] == [""]


@pytest.mark.parametrize(
    ("typed", "default", "answer"),
    [("y\n", False, True), ("n\n", True, False), ("\n", True, True), ("\n", False, False)],
)
def test_a_long_question_is_asked_on_its_last_line(typed, default, answer):
    found, lines = said_to(typed, lambda: confirm("word " * 30 + "?", default=default))
    assert found == answer
    assert len(lines) == 3
    assert max(map(len, lines[:2])) <= 80 - 1 - len(" [Y/n]: ")
    assert lines[2].startswith("word ")
    assert f"? [{'Y/n' if default else 'y/N'}]: " in lines[2]


@pytest.mark.parametrize(
    ("number", "typed", "chosen"),
    [(3, "1\n", 0), (3, "3\n", 2), (3, "4\n0\n2\n", 1), (25, "20\n", 19), (25, "21\n20\n", 19)],
)
def test_one_of_at_most_twenty_is_chosen_by_its_number(number, typed, chosen):
    names = [f"column {n}" for n in range(1, number + 1)]
    found, lines = said_to(typed, lambda: choose("Which?", names))
    offered = min(number, 20)
    assert found == chosen
    assert lines[:offered] == [f"  {n:2}  column {n}" for n in range(1, offered + 1)]
    assert lines[offered].startswith("Which?: ")


# -- the command -----------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A stream of somebody who sits at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def init(monkeypatch):
    """Call ``init`` at a terminal: (exit code, standard output, what was said there)."""

    def call(typed: str, *args: str) -> tuple[int, str, str]:
        screen, out = Terminal(), io.StringIO()
        for name, stream in (("stdin", Terminal(typed)), ("stdout", out), ("stderr", screen)):
            monkeypatch.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as ended:
            main(["init", *args])
        return int(ended.value.code or 0), out.getvalue(), screen.getvalue()

    return call


def test_the_fields_that_rows_would_go_without_are_named(init):
    zones = ["Europe/Berlin"] * 8 + ["soon", "later"]
    lines = [f"p{n}@x.org,{zone}\n" for n, zone in enumerate(zones)]
    Path("zones.csv").write_text("Email,Time Zone\n" + "".join(lines))
    code, _, said = init("", "zones.csv", "-o", "m.yml")
    assert (code, said.splitlines()[-3:]) == (
        0,
        [
            "Time Zone: 2 of the 10 rows looked at would go without lead_utc; check says why, and what keeps it",
            "m.yml is written. Next:",
            "  bulk-import check zones.csv -m m.yml",
        ],
    )


def test_at_a_terminal_the_mapping_is_written_beside_and_never_over_another(init):
    Path("plain list.csv").write_text("Email,Zork\n" + "".join(f"p{n}@x.org,{n}\n" for n in range(4)))  # fmt: skip
    code, out, said = init("", "plain list.csv")
    assert (code, out) == (0, "")
    assert said.endswith(
        "plain list.yml is written. Next:\n  bulk-import check 'plain list.csv' -m 'plain list.yml'\n"
    )
    before = Path("plain list.yml").read_text()
    assert parse_mapping(before, "m").spec.fields["lead_email"].column == ("Email",)
    taken = "error: plain list.yml: is there already; --update adds what is new to it, --force replaces it\n"  # fmt: skip
    code, _, said = init("", "plain list.csv")
    assert (code, said.endswith(taken)) == (2, True)
    assert init("", "plain list.csv", "-o", "plain list.yml") == (
        2,
        "",
        taken,
    )  # before any question
    Path("plain list.yml").write_text("# mine\n" + before)
    assert init("", "plain list.csv", "--force", "--yes", "-o", "plain list.yml")[0] == 0
    assert Path("plain list.yml").read_text() == before


def test_with_yes_nothing_is_asked_and_what_is_to_be_decided_is_said(init):
    code, out, said = init("", people(), "--sheet", "People", "--yes")
    assert code == 1
    assert out.startswith("# A proposal for list.xlsx.")
    assert said.startswith("to decide: which column holds the contacts' own e-mail address?")
    answers = ("--email-column", "Blub e-mail", "--region", "none", "--tags", "none")
    code, out, said = init("", people(), "--sheet", "People", "-y", *answers)
    assert (code, said) == (0, "")
    assert "lead_email: Blub e-mail" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a.csv", "--update"), "--update needs the mapping that it adds to: -o FILE"),
        (("a.csv", "-o", "m.yml", "--update", "--force"), "--update adds to the mapping, --force replaces it: give one of them"),
        ((), "name the spreadsheet, or a product with --preset NAME"),
    ],
)  # fmt: skip
def test_options_that_say_nothing_together_are_refused(init, words, said):
    Path("a.csv").write_text("E-mail\na@b.org\n")
    assert init("", *words) == (2, "", f"error: {said}\n")


def test_presets_are_listed_printed_and_written_once(init):
    code, out, _ = init("", "--preset", "list")
    lines = out.splitlines()
    assert (code, lines) == (0, sorted(lines))
    assert f"{'hubspot':22}HubSpot" in lines
    code, text, _ = init("", "--preset", "hubspot")
    assert (code, "lead_email" in text) == (0, True)
    assert init("", "--preset", "hubspot", "-o", "h.yml") == (0, "", "h.yml is written\n")
    assert Path("h.yml").read_text() == text
    assert init("", "--preset", "hubspot", "-o", "h.yml")[0] == 2
    assert init("", "--preset", "hubspot", "-o", "h.yml", "--force")[0] == 0


def test_an_end_of_input_ends_the_conversation():
    with pytest.raises(click.Abort):
        ask(people(), "2\n")
