"""Look-alike tags over a whole file: what is one is proposed, nothing is joined by itself."""

from __future__ import annotations

import json

import pytest

from bulk_import import check_file
from bulk_import.cli import main
from bulk_import.errors import SetupError
from bulk_import.jobs.tagging import Tags, look_at_tags
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.yamltext import parse
from bulk_import.normalize.alike import clusters

HEAD = (
    'version: 1\nfields:\n  lead_email: E-mail\n  add_tags:\n    column: Tags\n    separator: ";"\n'
)


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("VIP client", "vip Client", "case"),
        ("VIP client", "VIP-client", "blanks or hyphens"),
        ("VIP client", "vip_client", "blanks or hyphens"),
        ("vip client", "vipclient", "blanks or hyphens"),
        ("café", "cafe", "accents"),
        ("klient", "клиент", "alphabet"),
        ("vebinar", "вебинар", "alphabet"),
        ("podpischiki", "подписчики", "alphabet"),
        ("yuzhny", "южный", "alphabet"),
        ("BCE", "ВСЕ", "alphabet"),  # Cyrillic letters that look Latin
    ],
)
def test_spellings_of_one_tag_are_a_group(one, other, how):
    (found,) = clusters({other: 2, one: 5})
    assert (found.tag, found.rows, found.others, found.slips) == (one, 5, ((other, 2, how),), ())


@pytest.mark.parametrize(
    ("one", "other"), [("newsletter", "newsleter"), ("webinar", "webniar"), ("клиент", "клинт")]
)
def test_one_slip_is_a_question(one, other):
    (found,) = clusters({other: 1, one: 9})
    assert (found.tag, found.others, found.slips) == (one, (), ((other, 1, "one letter"),))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("webinar 2024", "webinar 2025"), ("step1", "step2"), ("sale", "male"), ("C++", "C#"),
        ("client", "patient"), ("7", "8"), ("a-1", "a-11"),
    ],
)  # fmt: skip
def test_other_tags_stay_apart(one, other):
    assert clusters({one: 5, other: 5}) == []


def test_a_slip_of_a_slip_is_no_slip_of_the_first():
    (found,) = clusters({"clients": 9, "clientes": 3, "clienttes": 1})
    assert (found.tag, [tag for tag, _, _ in found.slips]) == ("clients", ["clientes"])


ROWS = [
    ["E-mail", "Tags"],
    ["a@x.org", "VIP client;news"], ["b@x.org", "VIP client"], ["c@x.org", "vip-client;News"],
    ["d@x.org", "news; вебинар"], ["e@x.org", "vebinar;VIP cliemt;vebinar"],
]  # fmt: skip


def test_the_values_join_the_tags_when_they_are_put_into_the_mapping(tmp_path, write_csv):
    source = write_csv(ROWS)
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(HEAD)
    found = look_at_tags(source, mapping)
    values = parse(found.yaml(), "values").tree
    assert values == {"values": {"vip-client": "VIP client", "News": "news", "вебинар": "vebinar"}}
    assert "# VIP cliemt: VIP client  # one letter differs; 1 rows" in found.yaml()
    assert dict(check_file(source, mapping).plan.changes["add_tags"]) == {
        "VIP client": 2, "news": 2, "vip-client": 1, "News": 1, "вебинар": 1, "vebinar": 1, "VIP cliemt": 1
    }  # fmt: skip
    mapping.write_text(HEAD + "".join(f"    {line}\n" for line in found.yaml().splitlines()))
    assert dict(check_file(source, mapping).plan.changes["add_tags"]) == {
        "VIP client": 3, "news": 3, "vebinar": 2, "VIP cliemt": 1
    }  # fmt: skip
    assert [one.tag for one in look_at_tags(source, mapping).clusters] == ["VIP client"]


def test_values_that_change_places_are_applied_once(tmp_path, write_csv):
    source = write_csv(
        [["E-mail", "Tags"], ["a@x.org", "old"], ["b@x.org", "new;x"], ["c@x.org", "old;y"]]
    )
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(HEAD + '    values: {old: new, New: old, y: ""}\n')
    found = check_file(source, mapping).plan.changes["add_tags"]
    assert dict(found) == {"new": 2, "old": 1, "x": 1}


def test_the_column_of_tags_is_found_or_named(write_csv, capsys):
    rows = [
        ["E-mail", "Tags", "Labels here"],
        *([f"p{n}@x.org", "vip,news", "Red;red"] for n in range(4)),
    ]
    source = str(write_csv(rows))
    assert look_at_tags(source).columns == ("Tags",)
    with pytest.raises(SystemExit) as caught:
        main(["tags", source, "--column", "Labels here", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (caught.value.code, told["columns"]) == (0, ["Labels here"])
    with pytest.raises(SetupError, match="no column looks like tags"):
        look_at_tags(write_csv([["E-mail"], ["a@x.org"]], name="bare.csv"))


def test_the_command_prints_lines_for_the_mapping(tmp_path, write_csv, capsys):
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(HEAD)
    with pytest.raises(SystemExit) as caught:
        main(["tags", str(write_csv(ROWS)), "-m", str(mapping)])
    said = capsys.readouterr()
    assert caught.value.code == 0
    assert said.err == "7 different tags of Tags; groups that look alike: 3\n"
    assert said.out.splitlines()[0] == "values:"


def test_the_values_say_what_differs_and_of_how_many_rows():
    rows = {"a b": 5, "a-b": 1200}, {"newsletter": 7, "newsleter": 1}
    found = Tags((), {}, [cluster for counts in rows for cluster in clusters(counts)])
    assert found.yaml().splitlines() == [
        "values:",
        "  a b: a-b  # blanks or hyphens differ; 5 rows",
        "  # newsleter: newsletter  # one letter differs; 1 rows",
    ]
    assert Tags((), {}, []).yaml() == ""


def test_how_many_rare_tags_were_not_compared_is_known():
    assert [Tags((), dict.fromkeys(range(n), 1), []).left_out for n in (0, 20_000, 20_003)] == [0, 0, 3]  # fmt: skip


def test_tags_that_are_removed_are_looked_at_as_those_that_are_added(write_csv):
    text = "version: 1\nfields:\n  lead_email: E-mail\n  add_tags: {column: [Tags, More]}\n  remove_tags: {column: Tags}\n"
    source = write_csv(
        [["E-mail", "Tags", "More"], ["a@b.org", "VIP", "x"], ["c@d.org", "vip", ""]]
    )
    found = look_at_tags(
        source, parse_mapping(text.replace("  add_tags: {column: [Tags, More]}\n", ""), "m")
    )
    assert (found.columns, found.counts) == (("Tags",), {"VIP": 1, "vip": 1})
    assert [(one.tag, one.others) for one in found.clusters] == [("VIP", (("vip", 1, "case"),))]


def test_a_mapping_without_tags_has_none_to_look_at(write_csv):
    source = write_csv([["E-mail", "Tags"], ["a@b.org", "VIP"]])
    mapping = parse_mapping("version: 1\nfields: {lead_email: E-mail}\n", "m.yml")
    with pytest.raises(SetupError, match=r"m.yml: maps no column to add_tags or remove_tags"):
        look_at_tags(source, mapping)


def test_constants_that_look_alike_are_no_find_and_one_that_looks_like_a_cell_is(write_csv):
    source = write_csv([["E-mail", "Tags"], ["a@b.org", "new"], ["c@d.org", "new"]])

    def found(*always):
        text = f"version: 1\nfields: {{lead_email: E-mail, add_tags: {{column: Tags, always: [{', '.join(always)}]}}}}\n"
        return [
            (one.tag, one.others) for one in look_at_tags(source, parse_mapping(text, "m")).clusters
        ]

    assert found("VIP", "vip") == []
    assert found("VIP", "New") == [("New", (("new", 2, "case"),))]
