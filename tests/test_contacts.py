"""What check and the plan say of contacts as a whole, and rows that reach nobody."""

from __future__ import annotations

import json

import pytest

from bulk_import import check_file, import_file_async
from bulk_import.cli import main
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Status
from bulk_import.normalize.emails import is_placeholder

MAPPING = "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n"
CREATE = MAPPING + "  lead_phone: Phone\n  lead_telegram: Telegram\nwhen: {no_email: create}\n"


def _findings(path, text=MAPPING) -> dict[str, str]:
    checked = check_file(path, parse_mapping(text, "m.yml"))
    return {problem.code: problem.message for _, problem in checked.plan.problems}


def test_many_rows_with_one_address_are_named(write_csv):
    rows = [["E-mail", "Name"], *([f"p{n}@example.com", "Ann"] for n in range(4))]
    rows += [["office@example.com", f"Person {n}"] for n in range(15)]
    found = _findings(write_csv(rows))
    assert found["ADDRESS_SHARED"].startswith("15 rows share office@example.com (probably not")
    assert found["CONTACT_ROWS"].startswith(
        "14 rows are second rows of a contact (1 contact has several); they are sent in file order"
    )


def test_a_placeholder_is_named_as_such_from_two_rows_on(write_csv):
    rows = [["E-mail", "Name"], ["noemail@example.com", "A"], ["noemail@example.com", "B"]]
    rows += [["twice@example.com", "C"], ["twice@example.com", "D"]]
    found = _findings(write_csv(rows))
    assert (
        "2 rows share noemail@example.com (a placeholder, nobody's address)"
        in found["ADDRESS_SHARED"]
    )
    assert found["CONTACT_ROWS"].startswith("2 rows are second rows of a contact (2 contacts have")


def test_nothing_is_said_where_every_contact_has_one_row(write_csv):
    assert _findings(write_csv([["E-mail", "Name"], ["a@example.com", "A"]])) == {}


@pytest.mark.parametrize(
    ("email", "expected"),
    [("noemail@example.com", True), ("no-email@x.org", True), ("test@test.com", True),
     ("n/a@x.org", True), ("sinemail@x.es", True), ("anna@example.com", False),
     ("info@acme.com", False), ("anna@test.com", False), ("nona@example.com", False)],
)  # fmt: skip
def test_what_a_placeholder_is(email, expected):
    assert is_placeholder(email) is expected


async def test_the_plan_of_a_run_says_it_before_anybody_confirms(write_csv, sandbox, settings):
    rows = [["E-mail", "Name"], *(["office@example.com", f"P{n}"] for n in range(6))]
    shown = []

    def confirm(plan) -> bool:
        shown.extend(problem.code for _, problem in plan.problems)
        return False

    path = write_csv(rows)
    await import_file_async(
        path, parse_mapping(MAPPING, "m.yml"), settings(sandbox), confirm=confirm
    )
    assert shown == ["ADDRESS_SHARED", "CONTACT_ROWS"]
    assert len(sandbox.contacts()) == 0


async def test_a_row_that_reaches_nobody_is_refused(write_csv, sandbox, settings):
    path = write_csv(
        [["E-mail", "Name", "Phone", "Telegram"], ["", "Nobody", "", ""], ["", "Phone", "+14155550123", ""],
         ["", "Chat", "", "@person_1"], ["a@example.com", "Mail", "", ""], ["", "", "", ""]]
    )  # fmt: skip
    summary = await import_file_async(path, parse_mapping(CREATE, "m.yml"), settings(sandbox))
    assert summary.counts[Status.SUCCESS] == 3
    assert summary.counts[Status.INVALID] == 1
    assert summary.by_code["CONTACT_UNREACHABLE"] == 1
    assert len(sandbox.contacts()) == 3


def test_several_separators_are_tried_together_and_a_tag_that_looks_like_several_is_named(
    write_csv, tmp_path, capsys
):
    cells = ["vip, new; old", "vip, new", "vip; old", "vip | gold"]
    path = write_csv([["E-mail", "Segments"], *([f"a{n}@x.org", c] for n, c in enumerate(cells))])
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "version: 1\nfields:\n  lead_email: E-mail\n"
        '  add_tags: {column: Segments, separator: ";", always: [import]}\n'
    )
    checked = check_file(path, mapping)
    assert [(fix.change, fix.repaired) for fix in checked.fixes if not fix.costs] == [
        ('fields.add_tags.separator: [";", ","]', 2),
    ]
    assert {cause.code: cause.rows for cause in checked.causes} == {
        "TAG_COMMA": 2, "TAG_SEPARATOR": 1
    }  # fmt: skip
    with pytest.raises(SystemExit):
        main(["check", str(path), "-m", str(mapping)])
    printed = capsys.readouterr().out
    assert "  tags to add, from column Segments and for every row: import (2), " in printed


def test_a_check_says_why_rows_are_left_out(write_csv, tmp_path, capsys):
    path = write_csv([["E-mail", "Unsubscribed"], ["a@x.org", "no"], ["b@x.org", "yes"]])
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "version: 1\nfields:\n  lead_email: E-mail\n"
        "skip:\n- {column: Unsubscribed, values: ['yes'], because: unsubscribed}\n"
    )
    with pytest.raises(SystemExit):
        main(["check", str(path), "-m", str(mapping)])
    assert "  1 skipped: Unsubscribed: 'yes' (skip: unsubscribed) (1)" in capsys.readouterr().out


OPTIONS = {
    "lead_phone": {"column": "Phone", "bad_value": "drop_field"},
    "lead_first_name": {"column": "Name", "part": "first", "order": "last_first"},
    "lead_utc": {"column": "Zone", "dst": "current", "half_hours": "round"},
    "lead_description": {"column": "Notes", "bad_value": "drop_field"},
}
DOUBTFUL = [
    ["E-mail", "Phone", "Name", "Zone", "Notes"],
    ["ann@example.com", "12", "Ann and Ben Lee", "Europe/Berlin", "NULL"],
]


def _advice(capsys, path, mapping) -> dict[str, str]:
    """Code -> the line with what to do about it."""
    with pytest.raises(SystemExit):
        main(["check", str(path), "-m", str(mapping)])
    lines = capsys.readouterr().out.splitlines()
    found = [line.split(" x ")[1].split()[0] for line in lines if " x " in line]
    return dict(zip(found, [line for line in lines if line.startswith("  fix: ")], strict=True))


def test_check_recommends_no_option_that_the_mapping_already_has(write_csv, tmp_path, capsys):
    path, mapping = write_csv(DOUBTFUL), tmp_path / "m.yml"
    mapping.write_text(json.dumps({"version": 1, "fields": {"lead_email": "E-mail", **OPTIONS}}))
    found = _advice(capsys, path, mapping)
    assert found == {
        "PHONE_INVALID": "  fix: Correct it if it is wanted.",
        "NAME_NOT_SPLIT": "  fix: Give columns for first and last name, or correct the cell.",
        "UTC_OFFSET_DST": "  fix: Nothing, if the one in force is wanted.",
        "VALUE_PLACEHOLDER": "  fix: Clear the cell, or give its meaning by values: in the mapping.",
    }
    for_all = {name: {**rule, "bad_value": None} for name, rule in OPTIONS.items()}
    slim = {n: {k: v for k, v in rule.items() if v} for n, rule in for_all.items()}
    text = {"fields": {"lead_email": "E-mail", **slim}, "when": {"bad_value": "drop_field"}}
    mapping.write_text(json.dumps({"version": 1, **text}))
    assert _advice(capsys, path, mapping) == found


def test_check_recommends_an_option_that_the_mapping_lacks(write_csv, tmp_path, capsys):
    path, mapping = write_csv(DOUBTFUL), tmp_path / "m.yml"
    plain = {name: {"column": rule["column"]} for name, rule in OPTIONS.items()}
    plain["lead_first_name"]["part"] = "first"
    mapping.write_text(json.dumps({"version": 1, "fields": {"lead_email": "E-mail", **plain}}))
    found = _advice(capsys, path, mapping)
    recommended = {"PHONE_INVALID": "bad_value: drop_field", "NAME_NOT_SPLIT": "order: last_first",
                   "UTC_OFFSET_DST": "dst: current", "VALUE_PLACEHOLDER": "bad_value: drop_field"}  # fmt: skip
    assert {code: option in found[code] for code, option in recommended.items()} == dict.fromkeys(
        recommended, True
    )


def test_another_separator_is_tried_and_another_persons_address_is_not(write_csv, tmp_path, capsys):
    rows = [["E-mail", "Tags", "Owner Email", "Other e-mail"]]
    rows += [[f"a{n}@example.com", "vip, new", "sam@example.org", ""] for n in range(3)]
    rows += [["", "old", "sam@example.org", f"b{n}@example.com"] for n in range(2)]
    path = write_csv(rows)
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        'version: 1\nfields:\n  lead_email: E-mail\n  add_tags: {column: Tags, separator: ";"}\n'
    )
    checked = check_file(path, mapping)
    fixes = {fix.change: (fix.rows, fix.repaired, fix.costs) for fix in checked.fixes}
    assert fixes['fields.add_tags.separator: [";", ","]'] == (3, 3, "")
    assert fixes["fields.lead_email.columns: [E-mail, Other e-mail]"] == (2, 2, "")
    assert not any("Owner" in change for change in fixes)
    with pytest.raises(SystemExit):
        main(["check", str(path), "-m", str(mapping), "--json"])
    causes = {
        cause["code"]: cause["rows"] for cause in json.loads(capsys.readouterr().out)["causes"]
    }
    assert causes == {"TAG_COMMA": 3, "EMAIL_MISSING": 2}


def test_what_a_fix_loses_is_said_by_the_name_of_the_field_alone(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("E-mail,Zone,Phone\na@b.org,CST,+4930901820\nb@b.org,+01,12\n", "utf-8")
    fields = {"lead_email": "E-mail", "lead_utc": "Zone", "lead_phone": "Phone"}
    checked = check_file(path, {"version": "1", "fields": fields})
    assert {fix.edit.path[1]: fix.costs for fix in checked.fixes} == {
        "lead_utc": "they go without 'Offset from UTC in whole hours'",
        "lead_phone": "they go without 'Phone'",
    }
