"""JSON as a table: which documents are lists of objects, where each row begins, and what is said of the others."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources import open_source
from bulk_import.sources.table import LONGEST_CELL, MOST_COLUMNS, Line
from bulk_import.sources.text.objects import is_json, read_objects

HINT = "JSON is read as a list of flat objects, or one object a line"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.json"


def lines(file: Path, text: str | bytes, encoding: str | None = None) -> tuple[Any, list[Line]]:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    _, header, found = read_objects(file, "a.json", encoding)
    return header, list(found)


def cells(file: Path, text: str) -> list[str]:
    (line,) = lines(file, text)[1]
    return list(line.cells)


def refusal(file: Path, text: str | bytes) -> tuple[str, str]:
    with pytest.raises(SourceError) as caught:
        lines(file, text)
    return caught.value.code, str(caught.value)


def wrong(line: int, why: str) -> tuple[str, str]:
    return "JSON_WRONG", f"a.json: line {line}: {why}; {HINT}"


@pytest.mark.parametrize(
    ("head", "begins"),
    [
        (b'{"a": 1}', True), (b" \r\n\t{ \n }", True), (b"\xef\xbb\xbf[{", True), (b"[]", True), (b"[ [", True), (b'["a"', True), (b"{}", True),
        (b"{a: 1}", False), (b"[a]", False), (b"{\\rtf1", False), (b"{\\rtf1 }", False), (b"", False), (b"[", False), (b"{", False), (b'a{"', False), (b"{[", False),
        (b"[1]", False), (b'"a"', False),
    ],
)  # fmt: skip
def test_what_begins_as_json_begins_with_a_list_or_an_object(head, begins):
    assert is_json(head) is begins


def test_columns_are_in_the_order_in_which_they_first_occur(file):
    header, found = lines(file, '{"b": 1, "a": 2}\n{"c": 3, "a": 4}\n')
    assert header == ("b", "a", "c")
    assert found == [Line(1, ["1", "2", ""]), Line(2, ["", "4", "3"])]


def test_every_kind_of_value_has_one_text(file):
    text = '{"a": null, "b": true, "c": false, "d": "x\\ny", "e": ["ä", 1, null], "f": {"g": 1.50}}'
    assert cells(file, text) == ["", "TRUE", "FALSE", "x\ny", '["ä", "1", null]', '{"g": "1.50"}']


def test_numbers_keep_the_digits_that_are_written(file):
    text = '{"a": 007.5}'.replace("007.5", "7.50")
    assert cells(file, text) == ["7.50"]
    assert cells(file, '{"a": 7.9E10, "b": -1e-7, "c": 12e+2, "d": 79161234567}') == [
        "79000000000",
        "-0.0000001",
        "1200",
        "79161234567",
    ]
    # What is no number of JSON is passed on as it is written.
    assert cells(file, '{"a": NaN, "b": Infinity, "c": -Infinity}') == [
        "NaN",
        "Infinity",
        "-Infinity",
    ]
    assert cells(file, '{"a": 1e999999999}') == ["1e999999999"]


def test_objects_in_an_answer_of_an_api_are_found_under_each_usual_name(file):
    usual = "data results items records rows contacts subscribers leads value".split()
    for name in usual:
        found = lines(
            file, json.dumps({"next": None, name: [{"a": "1"}, {"a": "2"}], "tags": ["x"]})
        )
        assert found == (("a",), [Line(1, ["1"]), Line(2, ["2"])])
    assert lines(file, '{"data": [], "page": "1"}')[0] == ("data", "page")
    assert lines(file, '{"data": ["x"], "page": "1"}')[0] == ("data", "page")
    assert lines(file, '{"people": [{"a": 1}], "page": 1}')[0] == ("people", "page")
    # Which of two lists is meant nobody knows: a row with both.
    assert lines(file, '{"data": [{"a": 1}], "items": [{"b": 1}], "n": 1}')[0] == (
        "data",
        "items",
        "n",
    )
    # In a list an object is a row, whatever is in it.
    assert lines(file, '[{"data": [{"a": 1}], "n": 1}]')[0] == ("data", "n")


def test_rows_have_the_lines_of_the_file_unless_two_begin_on_one(file):
    def numbers(text: str) -> list[int]:
        return [line.number for line in lines(file, text)[1]]

    assert numbers('{"a": 1}\n\n{"a":\n"x\\ny"}\r\n{"a": 3}') == [1, 3, 5]
    assert numbers('{"a": 1} {"a": 2}\n{"a": 3}') == [1, 2, 3]
    assert numbers('[\n{"a": 1},\n\n{"a": 2}]') == [2, 4]
    assert numbers('[{"a": 1},\n{"a": 2}, {"a": 3}]') == [1, 2, 3]


def test_an_object_may_be_longer_than_a_block(file):
    long = "x" * 30_000
    rows = [{"a": long, "b": long, "c": long, "d": str(n)} for n in range(3)]
    header, found = lines(file, "\n".join(map(json.dumps, rows)))
    assert header == ("a", "b", "c", "d")
    assert [(line.number, line.cells[3]) for line in found] == [(1, "0"), (2, "1"), (3, "2")]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('[{"a": 1},\n 5]', 2, "not an object with the names of the columns"),
        ('{"a": 1}\n["x"]', 2, "not an object with the names of the columns"),
        ('{"a": 1}]', 1, "not an object with the names of the columns"),
        ('{"a": 1},\n{"a": 2}', 1, "not an object with the names of the columns"),
        ('[{"a": 1}', 1, "the array is not closed: the file is cut off"),
        ('[\n{"a": 1}\n,\n', 4, "the array is not closed: the file is cut off"),
        ('[{"a": 1}]\n\n{"a": 2}', 3, "there is more after the end of the array"),
        ('{"ann": {"a": 1},\n"ben": {"a": 2}}', 1, "an object of objects"),
        ('[{"a": 1},\n\n{"a": 1, "a": 2}]', 3, "an object has the name 'a' twice"),
        ('{"a": 1}\n{"a": 2', 2, "Expecting ',' delimiter"),
        ('{"a": ' + "[" * 100_000 + "}", 1, "lists in lists without end"),
    ],
)  # fmt: skip
def test_a_document_that_is_no_list_of_objects_is_refused_with_the_line(file, text, line, why):
    assert refusal(file, text) == wrong(line, why)


def test_a_name_that_is_there_twice_is_said_up_to_its_fortieth_letter(file):
    name = "n" * 45
    assert refusal(file, f'{{"{name}": 1, "b": 2, "{name}": 3}}') == wrong(
        1, f"an object has the name {'n' * 40!r} twice"
    )


def test_an_object_without_names_is_a_blank_row(file):
    assert lines(file, '{"a": 1}\n{}\n') == (("a",), [Line(1, ["1"]), Line(2, [""])])


def test_a_document_without_objects_is_empty(file):
    for text in ("[]", "[ ]\n", ""):
        assert refusal(file, text) == ("SOURCE_EMPTY", "a.json: no objects in it")


def test_a_text_may_be_as_long_as_a_cell_of_a_spreadsheet(file):
    assert cells(file, json.dumps({"a": "x" * LONGEST_CELL})) == ["x" * LONGEST_CELL]
    assert refusal(
        file, json.dumps({"a": "1"}) + "\n" + json.dumps({"a": "x" * (LONGEST_CELL + 1)})
    ) == (
        "CELL_TOO_LONG",
        "a.json: line 2: a text of more than 32,767 characters",
    )


def test_there_may_be_as_many_names_as_a_spreadsheet_has_columns(file):
    names = {f"c{n}": "" for n in range(MOST_COLUMNS)}
    assert len(lines(file, json.dumps([names]))[0]) == 16_384
    assert refusal(file, json.dumps([names, {"d": ""}])) == (
        "SOURCE_TOO_WIDE",
        "a.json: more than 16,384 different names in its objects",
    )


def test_the_encoding_is_utf_8_unless_a_mark_or_somebody_says_otherwise(file):
    text = '{"a": "Zoë"}'
    for raw in (text.encode(), codecs.BOM_UTF8 + text.encode(), text.encode("utf-16")):
        assert lines(file, raw)[1] == [Line(1, ["Zoë"])]
    assert lines(file, codecs.BOM_UTF16_BE + text.encode("utf-16-be"))[1] == [Line(1, ["Zoë"])]
    assert lines(file, text.encode("cp1252"), "cp1252")[1] == [Line(1, ["Zoë"])]
    assert refusal(file, text.encode("cp1252")) == (
        "ENCODING_WRONG",
        "a.json: a byte that is not utf-8-sig (invalid continuation byte); save the file as UTF-8",
    )


def test_what_a_source_of_json_says_of_itself(file):
    file.write_text('[{"a": "\'007", "b": "Total"}, {"a": "2"}]', "utf-8")
    with open_source(file) as source:
        assert (source.kind, source.header, source.labels, source.header_row) == (
            "json",
            ("a", "b"),
            ("a", "b"),
            0,
        )
        assert (source.encoding, source.evidence, source.problems) == ("utf-8-sig", "JSON", [])
        # An apostrophe is part of the text: JSON needs no guards.
        assert [dict(row.cells) for row in source] == [
            {"a": "'007", "b": "Total"},
            {"a": "2", "b": ""},
        ]
        assert source.findings() == []
