"""A mapping as it is read: what is text, where everything stood, what is near, and what changes of it are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bulk_import.errors import MappingError
from bulk_import.mapping.loading import ColumnMapping, closest, load_mapping, parse_mapping
from bulk_import.mapping.plain import tree_of
from bulk_import.mapping.schema import SuppressSpec
from bulk_import.mapping.yamltext import Document, parse

HEAD = "version: 1\nfields:\n  lead_email: E-mail\n"


def refused(text: str) -> str:
    with pytest.raises(MappingError) as caught:
        parse(text, "m")
    return str(caught.value)


# -- the text ------------------------------------------------------------------------------------------


def test_every_key_and_element_has_its_place():
    found = parse("a: 1\nb:\n  - x\n  -  {c: y, d: [z]}\n", "m")
    assert found.tree == {"a": "1", "b": ["x", {"c": "y", "d": ["z"]}]}
    assert found.places == {
        (): (1, 1), ("a",): (1, 1), ("b",): (2, 1), ("b", 0): (3, 5), ("b", 1): (4, 6), ("b", 1, "c"): (4, 7),
        ("b", 1, "d"): (4, 13), ("b", 1, "d", 0): (4, 17),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "at", "place"),
    [
        (("b", 1, "d"), None, (4, 13)), (("b", 1, "d", "zz", 3), None, (4, 13)), (("nowhere",), None, (1, 1)), ((), None, (1, 1)),
        (("nowhere",), ("a", "x"), (1, 1)), (("a",), ("b", 0), (3, 5)),
    ],
)  # fmt: skip
def test_a_problem_is_placed_at_its_key_or_the_nearest_above_it(path, at, place):
    found = parse("a: 1\nb:\n  - x\n  -  {c: y, d: [z]}\n", "m").problem("p", path, at=at)
    assert (found.file, found.message, (found.line, found.column)) == ("m", "p", place)
    assert found.path == ".".join(map(str, path))


def test_a_problem_of_what_was_never_a_text_has_no_place():
    found = Document("m", {"a": "x"}, {}).problem("p", ("a",))
    assert (found.line, found.column, str(found)) == (0, 0, "m: a: p")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None), ("# only a comment", None), ("~", None), ("x", "x"), ("[a, ~, 'null', \"\", null]", ["a", None, "null", "", None]),
        ("a: !!str 7", {"a": "7"}), ("a: &x b\nc: *x", {"a": "b", "c": "b"}), ("a: |\n  b\n  c\n", {"a": "b\nc\n"}),
        ("7: x\nNO: y", {"7": "x", "NO": "y"}), ("a: Null\nb: NULL\nc: none", {"a": None, "b": None, "c": "none"}),
    ],
)  # fmt: skip
def test_plain_scalars_are_texts_and_four_words_are_nothing(text, tree):
    assert parse(text, "m").tree == tree


NINETY_NINE = f"a: &a [{'x,' * 97}x]\n"  # nodes, counted again at each use


def nested(levels: int) -> str:
    return "".join(f"{'  ' * level}a:\n" for level in range(levels)) + "  " * levels + "x"


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("[" * 20 + "x" + "]" * 20, "[" * 21 + "x" + "]" * 21, "m:1:22: nested too deeply for a mapping"),
        (nested(20), nested(21), "m:22:43: nested too deeply for a mapping"),
        ("a: '" + "[" * 100 + "'", "a: '" + "[" * 101 + "'", "m:1:1: nested too deeply for a mapping"),
        ("a: '" + "[]" * 200 + "'", "- " * 100 + "x", "m:1:1: nested too deeply for a mapping"),
        (f"{NINETY_NINE}b: [{'*a, ' * 200}*a]", f"{NINETY_NINE}b: [{'*a, ' * 201}x]", "m:2:809: aliases make this too large for a mapping"),
    ],
    ids=["lists", "names", "brackets", "dashes", "nodes"],
)  # fmt: skip
def test_a_mapping_has_a_size_and_a_depth(good, bad, said):
    parse(good, "m")
    assert refused(bad) == said


def test_a_text_of_a_million_characters_is_looked_at_and_a_longer_one_is_not():
    text = "- " * 100 + "x" * 999_800
    assert refused(text) == "m:1:1: nested too deeply for a mapping"
    assert refused(f"{text}x") == "m: too long for a mapping (1,000,001 characters)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2", "m:2:1: a is here and in line 1; keep one"),
        ("x:\n  b: 1\n  c: 2\n  b: 3", "m:4:3: b is here and in line 2; keep one"),
        ("{a: 1}: b", "m:1:1: a name is expected before the colon"),
        ("a: !x y", "m:1:4: tags such as !x are not allowed; write the plain value"),
        ("a: !!python/name:os.system y", "m:1:4: tags such as !!python/name:os.system are not allowed; write the plain value"),
        ("a: 1\n\tb: 2", "m:2:1: not YAML: a tab; YAML wants blanks for indentation"),
        ("a: 1\n---\nb: 2", "m:2:1: not YAML: a second document (---) begins; a mapping is one"),
        ("a: b: c", 'm:1:5: not YAML: mapping values are not allowed here; put a value with a colon in it into "quotes"'),
        ("a: \x07", "m:1:1: not YAML: unacceptable character #x0007: special characters are not allowed"),
    ],
)  # fmt: skip
def test_what_is_no_mapping_is_refused_with_its_place(text, said):
    assert refused(text).startswith(said)


@pytest.mark.parametrize(("text", "found"), [("", "nothing"), ("[a]", "list"), ("a", "str")])
def test_what_is_no_mapping_at_all_is_told_how_one_begins(text, found):
    with pytest.raises(MappingError) as caught:
        parse_mapping(text, "m")
    assert str(caught.value).endswith(f": a mapping begins with `version: 1` and `fields:`; found {found}")  # fmt: skip


# -- names that are near -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("colum", ["column", "columns", "value"], " (did you mean column or columns?)"),
        ("colummn", ["column", "value"], " (did you mean column?)"),
        ("phone", ["lead_phone", "lead_utc"], " (did you mean lead_phone?)"),
        ("Zork", ["value"], ""),
        ("city", ["lead_shipping_city", "lead_billing_city", "a_city", "b_city"], " (did you mean a_city or b_city?)"),
        ("CITY", ["lead_shipping_city", "lead_billing_city", "x"], " (did you mean lead_shipping_city or lead_billing_city?)"),
        ("utc", ["lead_shipping_utc"], ""),  # three letters are in too many words
        ("tags", ["remove_all_the_tags", "one_of_the_tags_a", "one_of_the_tags_b", "one_of_the_tags_c"],
         " (did you mean remove_all_the_tags or one_of_the_tags_a or one_of_the_tags_b?)"),
        ("", ["value"], ""),
        ("value", [], ""),
    ],
)  # fmt: skip
def test_what_a_word_is_near_to(word, known, hint):
    assert closest(word, known) == hint


# -- from Python ---------------------------------------------------------------------------------------


def test_plain_values_become_the_texts_of_a_file():
    given = {"fields": {"a": 7, "b": True, "c": False, "d": None, "e": ["x", ("y", 8)], 9: ""}}
    tree, text = tree_of(given, "m")
    assert tree == {
        "version": "1",
        "fields": {"a": "7", "b": "true", "c": "false", "d": None, "e": ["x", ["y", "8"]], "9": ""},
    }
    assert parse(text, "m").tree == tree
    assert tree_of({"version": 2}, "m")[0] == {"version": "2"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1473249885.29, 'm: fields.add_to_lists.always.1: float 1473249885.29: give text, as "1473249885.29"'),
        (b"x", "m: fields.add_to_lists.always.1: bytes \"b'x'\": give text, as \"b'x'\""),
    ],
)  # fmt: skip
def test_what_would_lose_digits_is_refused_with_its_path(value, said):
    with pytest.raises(MappingError) as caught:
        tree_of({"fields": {"add_to_lists": {"always": ["x", value]}}}, "m")
    assert str(caught.value) == said


def test_a_mapping_is_loaded_from_a_path_a_dict_or_itself(tmp_path):
    path = tmp_path / "m.yml"
    path.write_text(f"\ufeff{HEAD}suppress: [a.csv, https://x.example/b.csv]\n", "utf-8")
    found = load_mapping(path)
    assert (found.name, found.folder, found.text.startswith("version")) == (str(path), tmp_path, True)  # fmt: skip
    assert load_mapping(found) is found
    assert load_mapping(str(path)).spec == found.spec
    assert [file for file, _ in found.suppress_files()] == [tmp_path / "a.csv", "https://x.example/b.csv"]  # fmt: skip
    given = load_mapping({"fields": {"lead_email": "E-mail"}})
    assert (given.name, given.folder, given.spec) == ("mapping", Path(), parse_mapping(HEAD).spec)
    with pytest.raises(MappingError) as caught:
        load_mapping({"fields": {"lead_emial": "E"}})
    assert str(caught.value) == (
        "mapping: fields.lead_emial: addupdatelead has no 'lead_emial' (did you mean lead_email?)"
    )


# -- changes that are tried ----------------------------------------------------------------------------


@pytest.fixture
def mapping() -> ColumnMapping:
    return parse_mapping(f"{HEAD}source: {{encoding: cp1251, corrections: a.csv}}\nsuppress: [stop.csv]\n", "m", folder=Path("home"))  # fmt: skip


def test_another_sheet_is_read_and_the_rest_stays(mapping):
    other = mapping.with_sheet("May")
    assert other.spec.source.model_dump(exclude_defaults=True) == {
        "sheet": "May", "encoding": "cp1251", "corrections": "a.csv",
    }  # fmt: skip
    assert (other.text, other.folder, other.spec.fields) == (mapping.text, mapping.folder, mapping.spec.fields)  # fmt: skip
    assert mapping.spec.source.sheet is None


@pytest.mark.parametrize(
    ("file", "by", "corrections", "found_by"),
    [
        (None, None, "a.csv", "row"), ("", "", "a.csv", "row"), ("b.csv", None, str(Path("b.csv").absolute()), "row"),
        (None, "contact", "a.csv", "contact"), (Path("/x/b.csv"), "contact", "/x/b.csv", "contact"),
    ],
)  # fmt: skip
def test_other_corrections_are_read_where_they_are_named(mapping, file, by, corrections, found_by):
    source = mapping.with_corrections(file, by).spec.source
    assert (source.corrections, source.corrections_by, source.encoding) == (corrections, found_by, "cp1251")  # fmt: skip


def test_lists_inside_the_sources_come_after_those_of_the_mapping_each_once(mapping):
    assert (mapping.exports, mapping.told_exports()) == (None, "[]")
    lists = [SuppressSpec(file="/x/all.zip", member="out.csv", columns=("E-mail",)), SuppressSpec(file="/x/all.zip", member="gone.csv")]  # fmt: skip
    more = mapping.with_exports(lists[:1]).with_exports(lists)
    assert more.exports == tuple(lists)
    assert [str(file) for file, _ in more.suppress_files()] == ["home/stop.csv", "/x/all.zip", "/x/all.zip"]  # fmt: skip
    assert json.loads(more.told_exports()) == [
        {"file": "/x/all.zip", "columns": ["E-mail"], "member": "out.csv"}, {"file": "/x/all.zip", "member": "gone.csv"},
    ]  # fmt: skip
    assert mapping.with_told_exports(more.told_exports()).exports == tuple(lists)
    assert mapping.with_told_exports("[]").exports == ()


def test_what_is_the_same_whatever_the_layout_has_one_fingerprint():
    one = parse_mapping(f"{HEAD}  lead_phone: {{column: P, several: first}}\nwhen: {{blank: clear}}\nskip: [{{column: A, values: [x]}}]\n")  # fmt: skip
    assert one.fingerprint() == {
        "version": '"1"',
        "fields.lead_email": '"E-mail"',
        "fields.lead_phone": '{"column": "P", "several": "first"}',
        "when.blank": '"clear"',
        "skip": '[{"column": "A", "values": ["x"]}]',
    }
