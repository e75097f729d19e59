"""What ``check`` and ``explain`` print, line by line, and their JSON as a script reads it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import openpyxl
import pytest

from tests.test_cli import exits

HEAD = "version: 1\ndefaults: {phone_region: US}\n"
PLAIN = f"{HEAD}fields: {{lead_email: E-mail, lead_first_name: Name, add_tags: Tags}}\n"
FULL = f"""{HEAD}fields:
  lead_email: E-mail
  lead_first_name: Name
  lead_phone: Phone
  add_tags: {{column: [Tags, More], separator: ";", always: [imported]}}
  add_to_lists: {{always: [news]}}
when: {{duplicate: first}}
suppress: [out.csv]
"""


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """Call a command in a folder with a mapping: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    Path("m.yml").write_text(PLAIN)
    return lambda *args: exits(capsys, *args)


def write(name: str, *lines: str) -> str:
    Path(name).write_text("\n".join([*lines, ""]), "utf-8")
    return name


# -- check -----------------------------------------------------------------------------------------------


def lines_of_everything() -> list[str]:
    """Rows that are sent with 13 tags, 9 of one mistake, one of another, one suppressed, one repeated."""
    sent = [f"p{n}@x.org;Person {n};;tag{n:02}|vip;old" for n in range(1, 11)]
    sent.append("p11@x.org;Person 11;;;old")
    bad = [f"nobody{n};Ann;;;" for n in range(9)]
    return ["E-mail;Name;Phone;Tags;More", *sent, *bad, "q@x.org;Ann;12;;", "out@x.org;;;;", "p1@x.org;;;;"]  # fmt: skip


def test_a_check_names_what_is_sent_what_is_not_why_and_what_helps(told):
    write("out.csv", "E-mail", "out@x.org", "bad0@")
    write("m.yml", FULL.replace('";"', '"|"'))
    code, out, err = told("check", write("a.csv", *lines_of_everything()), "-m", "m.yml")
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        "a.csv: csv, utf-8, delimiter ';', header in row 1, 5 columns",
        "suppression list out.csv: 1 entries understood, 1 NOT understood and not honoured: row 3 'bad0@'",
        "a.csv: 1 row is a second row of a contact (1 contact has several); only the first row of each contact is "
        "sent (when: duplicate:)",
        "23 rows read; 11 would be sent",
        "  10 invalid",
        "  1 duplicate: DUPLICATE (1)",
        "  1 suppressed: SUPPRESSED (1)",
        "  lists to put the contact on, for every row: news (11)",
        "  tags to add, from columns Tags, More and for every row: imported (11), vip (10), tag01 (1), "
        "tag02 (1), tag03 (1), tag04 (1), tag05 (1), tag06 (1), tag07 (1), tag08 (1) and 3 more",
        "",
        "9 x EMAIL_INVALID (refused) in column E-mail: rows 13, 14, 15, 16, 17, 18, 19, 20 and 1 more",
        "  such as: 'nobody0' has no @; write one address such as anna@example.org",
        "  fix: Correct it.",
        "",
        "1 x PHONE_INVALID (refused) in column Phone: row 22",
        "  such as: '12' is too short for a phone number",
        "  fix: Correct it, or set bad_value: drop_field to send the rest of the row.",
        "",
        "changes of the mapping that were tried on these rows:",
        "  `fields.lead_phone.bad_value: drop_field` makes 1 of 1 rows with PHONE_INVALID valid (they go without 'Phone')",
    ]  # fmt: skip


def test_the_json_of_a_check_has_the_same_and_every_row(told):
    write("out.csv", "E-mail", "out@x.org", "bad0@")
    write("m.yml", FULL.replace('";"', '"|"'))
    code, out, _ = told("check", write("a.csv", *lines_of_everything()), "-m", "m.yml", "--json")
    found = json.loads(out)
    rows = found.pop("rows")
    assert (code, found) == (
        1,
        {
            "sources": [{
                "source": "a.csv", "kind": "csv", "sheet": "", "encoding": "utf-8", "delimiter": ";", "header_row": 1,
                "header": ["E-mail", "Name", "Phone", "Tags", "More"], "rows": 23,
                "problems": [{
                    "code": "CONTACT_ROWS", "severity": "warning", "column": "",
                    "message": "1 row is a second row of a contact (1 contact has several); only the first row of "
                    "each contact is sent (when: duplicate:)",
                }],
            }],
            "suppression_lists": [{
                "file": "out.csv", "entries": 1, "not_understood": [{"place": "row 3", "text": "bad0@"}],
            }],
            "rows_read": 23, "to_send": 11, "counts": {"invalid": 10, "duplicate": 1, "suppressed": 1},
            "changes": {
                "add_to_lists": {"news": 11},
                "add_tags": {"imported": 11, "vip": 10, "old": 1} | {f"tag{n:02}": 1 for n in range(1, 11)},
            },
            "columns": {"add_to_lists": [], "add_tags": ["Tags", "More"]}, "refusal": "",
            "causes": [
                {"code": "EMAIL_INVALID", "severity": "error", "column": "E-mail", "rows": 9, "first": "row 13"},
                {"code": "PHONE_INVALID", "severity": "error", "column": "Phone", "rows": 1, "first": "row 22"},
            ],
            "fixes": [{
                "change": "fields.lead_phone.bad_value: drop_field", "code": "PHONE_INVALID", "rows": 1,
                "repaired": 1, "costs": "they go without 'Phone'",
            }],
            "exit_code": 1,
        },
    )  # fmt: skip
    assert [row["status"] for row in rows] == [
        *["to_send"] * 11, *["invalid"] * 10, "suppressed", "duplicate"
    ]  # fmt: skip
    place = {"source": "a.csv", "sheet": ""}
    assert rows[0] == place | {
        "row": 2, "contact": "p1@x.org", "status": "to_send", "error_code": "", "message": "", "problems": [],
    }  # fmt: skip
    assert rows[20] == place | {
        "row": 22, "contact": "q@x.org", "status": "invalid", "error_code": "PHONE_INVALID",
        "message": "Phone: '12' is too short for a phone number",
        "problems": [{
            "code": "PHONE_INVALID", "severity": "error", "column": "Phone", "field": "lead_phone",
            "message": "'12' is too short for a phone number", "value": "12",
        }],
    }  # fmt: skip


def test_rows_come_first_in_the_json_one_a_line_and_of_no_rows_it_is_json_too(told):
    _, out, _ = told("check", write("a.csv", "E-mail,Name,Tags", "a@b.org,,", "b@b.org,,"), "-m", "m.yml", "--json")  # fmt: skip
    assert out.splitlines()[:2] == ["{", '  "rows": [']
    assert [line[-1] for line in out.splitlines()[2:4]] == [",", "}"]
    assert [row["row"] for row in json.loads(out)["rows"]] == [2, 3]
    code, out, _ = told("check", write("a.csv", "E-mail,Name,Tags"), "-m", "m.yml", "--json")
    found = json.loads(out)
    assert (code, found["rows"], found["rows_read"], found["exit_code"]) == (0, [], 0, 0)


def test_names_are_written_as_they_are_and_numbers_of_a_json_are_below_each_other(told):
    write("m.yml", f"{HEAD}fields: {{lead_email: E-mail, add_tags: Теги}}\n")
    out = told("check", write("a.csv", "E-mail,Теги", "нет,новый"), "-m", "m.yml", "--json")[1]
    assert "'нет' has no @" in out.splitlines()[2]
    assert '\n  "sources": [\n    {\n      "source": "a.csv",\n' in out
    assert '"Теги"' in out


def test_the_newest_of_several_files_is_checked(told):
    for name, age in ("a1.csv", 100), ("a2.csv", 50):
        os.utime(write(name, "E-mail,Name,Tags", "a@b.org,,"), (age, age))
    newest = told("check", "a*.csv", "--newest", "-m", "m.yml")[1].splitlines()
    assert [line.partition(":")[0] for line in newest] == ["a1.csv", "1 rows read; 1 would be sent"]
    assert "2 rows read" in told("check", "a*.csv", "-m", "m.yml")[1]


def test_a_check_and_an_explanation_ask_for_what_they_need(told):
    source = write("a.csv", "E-mail,Name,Tags", "a@b.org,,")
    for words, missing in (("check", source), "'--mapping'"), (("explain", source, "-m", "m.yml"), "'--row'"):  # fmt: skip
        code, out, err = told(*words)
        assert (code, out, f"Missing option {missing}" in err) == (2, "", True)


def test_several_reasons_of_a_status_are_counted_the_sixth_as_another(told):
    rules = "".join(f"  - {{column: Name, values: [n{n}]}}\n" for n in range(6))
    write("m.yml", f"{PLAIN}skip:\n{rules}")
    rows = [f"p{n}@x.org,n{n}," for n in range(6)]
    out = told("check", write("a.csv", "E-mail,Name,Tags", *rows), "-m", "m.yml")[1]
    whys = ", ".join(f"Name: 'n{n}' (skip) (1)" for n in range(5))
    assert out.splitlines()[2] == f"  6 skipped: {whys}, and 1 more"


def test_ten_tags_and_eight_rows_are_all_named(told):
    rows = [f"p{n}@x.org,,t{n}" for n in range(10)] + [f"no{n},," for n in range(8)]
    out = told("check", write("a.csv", "E-mail,Name,Tags", *rows), "-m", "m.yml")[1]
    assert f"from column Tags: {', '.join(f't{n} (1)' for n in range(10))}\n" in out
    assert "in column E-mail: rows 12, 13, 14, 15, 16, 17, 18, 19\n" in out


def make_workbook(name: str) -> str:
    book = openpyxl.Workbook()
    book.active.title = "People"
    for line in ["Our people"], [], ["E-mail", "Name", "Tags"], ["a@b.org", "Ann", "vip"]:
        book.active.append(line)
    book.save(name)
    return name


@pytest.mark.parametrize(
    ("make", "seen"),
    [
        (lambda: write("a.tsv", "E-mail\tName\tTags", "a@b.org\t\t"), "a.tsv: csv, utf-8, delimiter tab, header in row 1, 3 columns"),
        (lambda: write("a.csv", "E-mail|Name|Tags", "a@b.org||"), "a.csv: csv, utf-8, delimiter '|', header in row 1, 3 columns"),
        (lambda: write("a.jsonl", '{"E-mail": "a@b.org", "Name": "", "Tags": ""}'), "a.jsonl: json, utf-8-sig, 3 columns"),
        (lambda: make_workbook("b.xlsx"), "b.xlsx: xlsx, sheet 'People', header in row 3, 3 columns"),
    ],
)  # fmt: skip
def test_a_check_says_how_each_kind_of_file_was_read(told, make, seen):
    code, out, _ = told("check", make(), "-m", "m.yml")
    assert (code, out.splitlines()[:2]) == (0, [seen, "1 rows read; 1 would be sent"])


def test_rows_of_several_files_are_named_with_their_file(told):
    one = write("one.csv", "E-mail,Name,Tags", "x,Ann,", "a@b.org,Ann,")
    two = write("two.csv", "E-mail,Name,Tags", "y,Ann,")
    out = told("check", one, two, "-m", "m.yml")[1]
    assert out.splitlines()[2:6] == [
        "3 rows read; 1 would be sent",
        "  2 invalid",
        "",
        "2 x EMAIL_INVALID (refused) in column E-mail: one.csv: row 2, two.csv: row 2",
    ]


def test_doubts_come_after_mistakes_and_are_called_warnings(told):
    write("m.yml", "version: 1\nfields: {lead_email: E-mail, lead_first_name: {column: Name, part: first}}\n")  # fmt: skip
    source = write("a.csv", "E-mail,Name", "a@b.org,Acme Ltd", "b@b.org,Acme Inc")
    code, out, _ = told("check", source, "-m", "m.yml")
    assert (code, out.splitlines()[1:]) == (
        0,
        [
            "2 rows read; 2 would be sent",
            "",
            "2 x NAME_NOT_A_PERSON (warning) in column Name: rows 2, 3",
            "  such as: 'Acme Ltd' looks like the name of a company; no part of it is sent",
            "  fix: Map another field to the column if the company matters.",
        ],
    )
    (cause,) = json.loads(told("check", source, "-m", "m.yml", "--json")[1])["causes"]
    assert (cause["severity"], cause["rows"]) == ("warning", 2)


def test_a_check_says_that_a_run_would_send_nothing(told):
    write("m.yml", PLAIN + "min_rows: 3\n")
    source = write("a.csv", "E-mail,Name,Tags", "a@b.org,,")
    code, out, _ = told("check", source, "-m", "m.yml")
    assert (code, out.splitlines()[1]) == (
        1,
        "a run would send nothing: 1 rows, and the mapping asks for at least 3 (min_rows); nothing was sent",
    )


# -- explain ---------------------------------------------------------------------------------------------


def test_a_row_is_explained_field_by_field_with_the_form_that_is_sent(told):
    source = write("a.csv", "E-mail,Name,Tags", "A@B.org ,ann,", "x,Ann,vip")
    assert told("explain", source, "-m", "m.yml", "--row", 2) == (
        0,
        "a.csv, row 2: a@b.org\n"
        "  add_tags: nothing in Tags\n"
        "  lead_email: E-mail 'A@B.org ' -> 'A@b.org'  [email.checked]\n"
        "  lead_first_name: Name 'ann' -> 'ann'  [name.line]\n"
        "would be sent as:\n  lead_email = A@b.org\n  lead_first_name = ann\n",
        "",
    )
    assert told("explain", source, "-m", "m.yml", "--row", 3) == (
        1,
        "a.csv, row 3: no contact\n"
        "  add_tags: Tags 'vip' -> 'vip'  [tags.split]\n"
        "  lead_email: E-mail 'x' -> not sent  [refused]\n"
        "      error: EMAIL_INVALID: 'x' has no @; write one address such as anna@example.org\n"
        "  lead_first_name: Name 'Ann' -> 'Ann'  [name.line]\n",
        "",
    )


def test_the_json_of_an_explanation_has_cells_steps_problems_and_form(told):
    source = write("a.csv", "E-mail,Name,Tags", "x,,vip")
    found = json.loads(told("explain", source, "-m", "m.yml", "--row", 2, "--json")[1])
    assert found == {
        "source": "a.csv", "sheet": "", "row": 2, "cells": {"E-mail": "x", "Name": "", "Tags": "vip"}, "contact": "",
        "steps": [
            {"field": "add_tags", "columns": ["Tags"], "raw": "vip", "value": "vip", "rule": "tags.split"},
            {"field": "lead_email", "columns": ["E-mail"], "raw": "x", "value": "", "rule": "refused"},
            {"field": "lead_first_name", "columns": ["Name"], "raw": "", "value": "", "rule": "blank"},
        ],
        "problems": [{
            "code": "EMAIL_INVALID", "severity": "error", "column": "E-mail", "field": "lead_email",
            "message": "'x' has no @; write one address such as anna@example.org",
        }],
        "kept_back": "", "form": {"add_tags": "vip"}, "outcome": "", "attempts": [],
    }  # fmt: skip


def test_constants_are_the_mappings_and_problems_of_whole_rows_are_told_at_the_end(told):
    write("m.yml", f"{HEAD}fields: {{lead_email: E-mail, add_tags: {{always: [new]}}}}\n")
    source = write("a.csv", "E-mail,Name", "a@b.org,Ann,beyond,more")
    code, out, _ = told("explain", source, "-m", "m.yml", "--row", 2)
    assert (code, out.splitlines()[1:4]) == (
        1,
        [
            "  add_tags: the mapping '' -> 'new'  [blank]",
            "  lead_email: E-mail 'a@b.org' -> 'a@b.org'  [email.plain]",
            "  error: ROW_RAGGED: the row has 4 cells, more than the 2 columns of the header; cells may be in the wrong "
            "column (a delimiter or a quotation mark too many or few)",
        ],
    )


def test_an_explanation_needs_a_mapping_and_a_row_that_is_there(told):
    source = write("a.csv", "E-mail,Name,Tags", "a@b.org,,")
    assert told("explain", source, "--row", 2) == (
        2, "", "error: --mapping is missing: which file maps the columns?\n"
    )  # fmt: skip
    assert told("explain", source, "-m", "m.yml", "--row", 3) == (
        2, "", "error: a.csv: no row 3: it is blank, the header, or after the last row (2)\n"
    )  # fmt: skip
