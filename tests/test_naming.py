"""The order of whole names is proposed by every route: init, check, the page."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from benchmarks.name_files import HEADER, PLAIN, ROUTES, columns, tally
from bulk_import import check_file
from bulk_import.cli import main
from bulk_import.errors import MappingError
from bulk_import.jobs.matching import FULL_NAME, assign, set_option
from bulk_import.jobs.projects import Project
from bulk_import.mapping.binding import bind
from bulk_import.mapping.loading import parse_mapping

TURNED = [
    "Иванова Мария", "Петров Иван", "Сидорова Анна", "Смирнова Ольга", "Шевченко Ольга",
    "Лютий Аврора",
]  # fmt: skip
WITHOUT_NAMES = "version: 1\nfields: {lead_email: E-mail}\n"
STATED = {f"lead_{part}_name": "last_first" for part in ("first", "middle", "last")}


def _file(write_csv, names):
    return write_csv([HEADER, *([f"p{n}@example.com", name] for n, name in enumerate(names))])


def _orders(mapping):
    return {name: rule.order for name, rule in mapping.spec.fields.items() if rule.part}


@pytest.mark.parametrize("route", ["init", "check's fix", "page, full name chosen"])
@pytest.mark.parametrize("column", ["it family first", "fr family first"])
def test_names_of_a_file_are_split_in_the_order_that_they_show_by_every_route(route, column):
    cases = columns()[column]
    before, counts = tally(ROUTES["no order stated"], cases), tally(ROUTES[route], cases)
    assert before["right"] < 0.6 * len(cases)
    assert (counts["wrong"], counts["warned"]) == (0, 0)
    assert counts["right"] > 0.9 * len(cases)


@pytest.mark.slow
@pytest.mark.parametrize("route", ["init", "check's fix", "page, full name chosen"])
def test_no_file_of_names_is_read_wrong_in_silence_by_any_route(route):
    counts = sum((tally(ROUTES[route], cases) for cases in columns().values()), Counter())
    assert counts["wrong"] == 0
    assert counts["right"] >= 0.99 * counts.total()


def test_check_proposes_the_order_for_all_parts_at_once_and_counts_the_names(
    write_csv, tmp_path, capsys
):
    path, mapping = _file(write_csv, TURNED), tmp_path / "m.yml"
    mapping.write_text(PLAIN)
    (fix,) = check_file(path, mapping).fixes
    assert (fix.code, fix.rows, fix.repaired) == ("NAME_NOT_SPLIT", 1, 1)
    with pytest.raises(SystemExit):
        main(["check", str(path), "-m", str(mapping)])
    assert (
        "`fields.lead_first_name.order: last_first; fields.lead_middle_name.order: last_first; "
        "fields.lead_last_name.order: last_first` splits 1 of 1 names with NAME_NOT_SPLIT"
    ) in capsys.readouterr().out
    mapping.write_text(PLAIN.replace("part:", "order: last_first, part:"))
    assert check_file(path, mapping).fixes == ()


@pytest.mark.parametrize(
    "names",
    [
        [*TURNED[:3], "Мария Иванова", "Анна Петрова", "Gabriel Anna"],  # both orders
        [f"Gabriel Ann{letter}" for letter in "aeioiu"],  # none that shows it
    ],
)
def test_no_order_is_proposed_that_the_names_do_not_show(write_csv, tmp_path, names):
    path, mapping = _file(write_csv, names), tmp_path / "m.yml"
    mapping.write_text(PLAIN)
    assert check_file(path, mapping).fixes == ()
    project = Project.create(tmp_path / "home", path, mapping=WITHOUT_NAMES)
    assign(project, HEADER[1], FULL_NAME)
    assert _orders(project.mapping()) == dict.fromkeys(STATED)


def test_a_full_name_chosen_in_the_page_is_cut_in_the_order_that_its_names_show(
    write_csv, tmp_path
):
    path = _file(write_csv, TURNED)
    project = Project.create(tmp_path / "home", path, mapping=WITHOUT_NAMES)
    assign(project, HEADER[1], FULL_NAME)
    assert _orders(project.mapping()) == STATED
    set_option(project, ("fields", "lead_last_name", "order"), "first_last")
    assert _orders(project.mapping()) == dict.fromkeys(STATED, "first_last")
    set_option(project, ("fields", "lead_last_name", "order"), "")
    assert _orders(project.mapping()) == dict.fromkeys(STATED)


def test_the_page_tries_the_order_on_the_names_left_whole_and_applies_it(write_csv, tmp_path):
    path = _file(write_csv, TURNED)
    project = Project.create(tmp_path / "home", path, mapping=PLAIN)
    project.judge()
    (fix,) = project.fixes()
    assert (fix.code, fix.rows, fix.repaired) == ("NAME_NOT_SPLIT", 1, 1)
    project.apply_fix(fix.change)
    assert _orders(project.mapping()) == STATED
    project.judge()
    assert project.fixes() == []
    project.close()


def test_the_parts_of_one_column_have_one_order():
    rules = {
        "lead_first_name": {"column": "Full name", "part": "first", "order": "last_first"},
        "lead_last_name": {"column": "Full name", "part": "last"},
    }
    text = json.dumps({"version": 1, "fields": {"lead_email": "E-mail", **rules}})
    with pytest.raises(MappingError) as refused:
        bind(parse_mapping(text, "m.yml"), HEADER)
    assert [problem.message for problem in refused.value.problems] == [
        "lead_last_name has the order of each name, and lead_first_name has last_first; the parts of one "
        "column are cut in one order"
    ]
