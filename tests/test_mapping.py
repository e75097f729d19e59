"""Good mappings, each kind of bad one, rows to records."""

from __future__ import annotations

import pickle
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_import.errors import MappingError
from bulk_import.mapping.binding import bind
from bulk_import.mapping.loading import load_mapping, parse_mapping
from bulk_import.mapping.merging import merge_records
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.yamltext import parse
from bulk_import.models import Problem, Record, Row

HEAD = "version: 1\nfields:\n  lead_email: E-mail\n"


def record(
    text: str, cells: dict[str, str], *, problems: tuple[Problem, ...] = (), **options
) -> Record:
    """The record of one row under the mapping *text*."""
    mapping = parse_mapping(HEAD + text)
    row = Row("x.csv", "", 2, {"E-mail": "a@b.org", **cells}, problems)
    options.setdefault("at", datetime(2026, 1, 1, tzinfo=UTC))
    return RowMapper(bind(mapping, list(row.cells), **options)).record(row)


def fields(text: str, cells: dict[str, str], **options) -> dict[str, str]:
    made = record(text, cells, **options)
    assert made.is_valid, made.problems
    found = dict(made.fields)
    del found["lead_email"]
    return found


@pytest.mark.parametrize(
    "scalar",
    [
        "NO",
        "yes",
        "007",
        "+03",
        "1473249885.2899961004",
        "5:30",
        "1e5",
        "0x1F",
        "01234",
        "TRUE",
        ".inf",
        "2024-05-12",
    ],
)
def test_every_scalar_stays_text(scalar):
    assert parse(f"a: {scalar}", "m").tree == {"a": scalar}


@pytest.mark.parametrize("scalar", ["", "~", "null"])
def test_only_these_mean_nothing(scalar):
    assert parse(f"a: {scalar}", "m").tree == {"a": None}
    assert parse("a: 'null'", "m").tree == {"a": "null"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\nversion: 1\n", "m:2:1: version is here and in line 1"),
        (
            "a: !!python/object:os.system x\n",
            "m:1:4: tags such as !!python/object:os.system are not allowed; write the plain value",
        ),
        ("a: !x y\n", "m:1:4: tags such as !x are not allowed; write the plain value"),
        ("a: &a [x, x]\nb: &b [*a, *a]\n", None),
        ("a: {b: c\n", "m:2:1: not YAML"),
        ("a: b: c\n", 'into "quotes"'),
        ("? [a]\n: b\n", "a name is expected"),
        ("[" * 5000, "nested too deeply"),
        ("a: " + "[" * 30 + "]" * 30, "nested too deeply"),
    ],
)
def test_hostile_and_broken_yaml_is_refused_at_once(text, message):
    began = time.monotonic()
    if message is None:
        parse(text, "m")
    else:
        with pytest.raises(MappingError, match=message.replace("[", r"\[")):
            parse(text, "m")
    assert time.monotonic() - began < 2


def test_an_alias_bomb_is_refused():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")
    with pytest.raises(MappingError, match="aliases"):
        parse("\n".join(lines), "m")


@given(st.text(max_size=200))
def test_no_text_is_a_traceback(text):
    try:
        parse_mapping(text, "m.yml")
    except MappingError as exc:
        assert all(str(problem).startswith("m.yml") for problem in exc.problems)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 2\nfields: {lead_email: x}\n", "m:1:1: version: must be '1'"),
        ("fields: {lead_email: x}\n", "begin the mapping with `version: 1`"),
        ("version: 1\n", "fields: is missing"),
        (HEAD + "  lead_phon: Phone\n", "m:4:3: fields.lead_phon: addupdatelead has no 'lead_phon' .did you mean lead_phone"),
        (HEAD + "  country: Country\n", "did you mean lead_shipping_country_code or lead_billing_country_code"),
        (HEAD + "wen: {}\n", "did you mean when"),
        (HEAD + "when: {duplicate: frist}\n", "when.duplicate: must be 'send'"),
        (HEAD + "when: {duplcate: first}\n", "did you mean duplicate"),
        (HEAD + "  lead_phone: {colum: Phone}\n", "did you mean column"),
        (HEAD + "  lead_phone: {column: A, template: B}\n", "exclude each other"),
        (HEAD + "  lead_phone: {strict_phone: true}\n", "where the value comes from"),
        (HEAD + "  lead_phone:\n", "name a column"),
        (HEAD + "  lead_phone: {column: P, always: [x]}\n", "always: is for tags"),
        (HEAD + "  lead_phone: {column: P, part: first}\n", "^m:4:27: fields.lead_phone.part: is for names$"),
        (HEAD + "  lead_last_name: {column: P, region_from: C}\n", "^m:4:31: fields.lead_last_name.region_from: is for phones$"),
        (HEAD + "source: {sheet: a, sheets: all}\n", "^m:4:1: source: sheet and sheets exclude each other$"),
        (HEAD + "source: {places: [a, b]}\n", "^m:4:1: source: places: name three columns: file, sheet and row$"),
        (HEAD + "on_missing: {}\n", "^m:4:1: on_missing: says nothing; give add_tags, remove_tags or remove_from_lists$"),
        (HEAD + "extra: {lead_phone: P}\n", "put it under fields"),
        (HEAD + "extra: {rpsKey: P}\n", "carries the key"),
        (HEAD + "extra: {'a b': P}\n", "letters, digits"),
        (HEAD + "defaults: {phone_region: Russia}\n", "two-letter country code"),
        (HEAD + "source: {header_row: zero}\n", "source.header_row"),
        (HEAD + "  add_tags: {always: [x]}\n  remove_tags: {always: [x]}\n", "'x' is added by add_tags and removed here"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_their_place(text, message):
    with pytest.raises(MappingError, match=message):
        parse_mapping(text, "m")


def test_a_mapping_of_more_than_a_million_characters_is_not_read():
    with pytest.raises(MappingError) as caught:
        parse("a: " + "x" * 999_998, "m")
    assert str(caught.value) == "m: too long for a mapping (1,000,001 characters)"


def test_a_file_that_is_no_mapping_is_named_with_what_is_wrong(tmp_path):
    path = tmp_path / "m.yml"
    wrong = {"cannot be read: No such file or directory": None,
             "byte 33 is not UTF-8; save the mapping as UTF-8": b'version: 1\nfields: {lead_email: "\xff"}'}  # fmt: skip
    for message, content in wrong.items():
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(MappingError) as caught:
            load_mapping(path)
        assert str(caught.value) == f"{path}: {message}"


def test_a_mapping_of_python_is_twenty_levels_deep_at_most():
    deepest: dict[str, object] = {}
    for _ in range(25):
        deepest = {"a": deepest}
    with pytest.raises(MappingError) as caught:
        load_mapping(deepest)
    assert str(caught.value) == f"mapping: {'.'.join('a' * 21)}: nested too deeply for a mapping"


def test_all_mistakes_are_reported_at_once():
    with pytest.raises(MappingError) as caught:
        parse_mapping(HEAD + "  lead_phon: P\n  lead_utc: {dst: now}\nwhen: {blank: x}\n", "m")
    assert [(p.line, p.column, p.path) for p in caught.value.problems] == [
        (4, 3, "fields.lead_phon"),
        (5, 14, "fields.lead_utc.dst"),
        (6, 8, "when.blank"),
    ]


def test_places_are_numbers_whatever_the_file_is_called():
    """They were once read out of the message, where a file's name could hold digits and colons."""
    with pytest.raises(MappingError) as caught:
        parse_mapping(
            HEAD + "  lead_zip: Z\n" * 1 + "wen: {}\n" + "when: {blank: x}\n", "a:7: 9:1.yml"
        )
    assert [(p.file, p.line) for p in caught.value.problems] == [
        ("a:7: 9:1.yml", 4),
        ("a:7: 9:1.yml", 5),
        ("a:7: 9:1.yml", 6),
    ]


def test_a_mapping_error_survives_the_way_to_another_process():
    with pytest.raises(MappingError) as caught:
        parse_mapping("version: 1\nfields: {lead_emial: E}\n", "m.yml")
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (again.problems, str(again)) == (caught.value.problems, str(caught.value))


def test_missing_columns_are_named_all_at_once_with_suggestions():
    mapping = parse_mapping(HEAD + "  lead_phone: Fone\n  lead_description: '{column}'\n", "m")
    with pytest.raises(MappingError) as caught:
        bind(mapping, ["E-mail", "Phone", "Name"])
    assert [(p.file, p.line, p.column, p.path) for p in caught.value.problems] == [
        ("m", 4, 3, "fields.lead_phone"),
        ("m", 5, 3, "fields.lead_description"),
    ]
    assert "did you mean Phone" in caught.value.problems[0].message


def test_columns_are_found_whatever_their_case_and_blanks():
    assert fields("  lead_first_name: [Vorname, first  NAME]\n", {"First Name": "A"}) == {
        "lead_first_name": "A"
    }


@pytest.mark.parametrize(
    ("mobile", "phone", "column"), [("", "12", "Phone"), ("12", "", "Mobile"), (" ", "12", "Phone")]
)
def test_a_problem_names_the_column_that_its_text_was_picked_from(mobile, phone, column):
    text = "  lead_phone: {columns: [Mobile, Phone]}\n"
    (problem,) = record(text, {"Mobile": mobile, "Phone": phone}).problems
    assert (problem.code, problem.column, problem.value) == ("PHONE_INVALID", column, "12")


def test_the_first_column_that_is_not_empty_is_used():
    text = "  lead_phone: {columns: [Mobile, Phone], region_from: Country}\n"
    cells = {"Mobile": " ", "Phone": "0171 1234567", "Country": "Germany"}
    assert fields(text, cells) == {"lead_phone": "+491711234567"}


def test_a_phone_takes_its_country_from_the_address_then_from_the_default():
    text = "  lead_phone: Phone\n  lead_shipping_country_code: Land\ndefaults: {phone_region: us}\n"
    assert fields(text, {"Phone": "0171 1234567", "Land": "DE"})["lead_phone"] == "+491711234567"
    assert fields(text, {"Phone": "415 555 2671", "Land": ""})["lead_phone"] == "+14155552671"


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [
        ("Acme", "CEO", "Acme, CEO (x)"),
        ("", "CEO", "CEO (x)"),
        ("Acme", "", "Acme"),
        ("", "", None),
    ],
)
def test_templates_leave_no_stray_separators(a, b, value):
    found = fields('  lead_description: {template: "{A}, {B} (x)"}\n', {"A": a, "B": b})
    assert found.get("lead_description") == value


def test_values_translate_cells_before_anything_else():
    text = "  lead_shipping_country_code: {column: C, values: {Heimat: DE, 'n. a.': ''}}\n"
    assert fields(text, {"C": "HEIMAT"}) == {"lead_shipping_country_code": "DE"}
    assert fields(text, {"C": "N. A."}) == {}


def test_constants_tags_and_lists():
    text = (
        "  add_tags: {column: T, separator: ';', always: [import]}\n"
        "  add_to_lists: {column: L, always: [Newsletter]}\n  lead_description: {value: hello}\n"
    )
    lists = {"Newsletter": ["1473249885.2899961004"], "Super": ["super"]}
    found = fields(text, {"T": "a; b ;a", "L": "Super"}, lists=lists)
    assert found["add_tags"] == "import,a,b"
    assert found["add_to_lists"] == "1473249885.2899961004,super"
    assert found["lead_description"] == "hello"
    assert fields(text, {"T": "", "L": ""}, lists=lists)["add_tags"] == "import"


def test_an_empty_cell_is_left_out_unless_the_mapping_clears_it():
    assert fields("  lead_description: D\n", {"D": " "}) == {}
    assert fields("  lead_description: {column: D, blank: clear}\n", {"D": ""}) == {
        "lead_description": ""
    }
    assert fields("  lead_description: D\nwhen: {blank: clear}\n", {"D": ""}) == {
        "lead_description": ""
    }


def test_bad_values_refuse_the_row_or_drop_the_field():
    bad = {"P": "12", "C": "Narnia"}
    refused = record(
        "  lead_phone: P\n  lead_shipping_country_code: C\ndefaults: {phone_region: US}\n", bad
    )
    assert [p.code for p in refused.errors] == ["PHONE_INVALID", "COUNTRY_UNKNOWN"]
    dropped = record(
        "  lead_phone: {column: P, bad_value: drop_field}\n  lead_shipping_country_code: C\n"
        "when: {bad_value: drop_field}\ndefaults: {phone_region: US}\n", bad,
    )  # fmt: skip
    assert dropped.is_valid
    assert [p.code for p in dropped.warnings] == ["PHONE_INVALID", "COUNTRY_UNKNOWN"]
    assert all("not sent" in p.message for p in dropped.warnings)


def test_half_hours_are_not_sent_and_said_so():
    made = record("  lead_utc: Z\n", {"Z": "+05:30"})
    assert made.is_valid
    assert dict(made.fields) == {"lead_email": "a@b.org"}
    assert made.warnings[0].code == "UTC_OFFSET_HALF_HOUR"
    assert fields("  lead_utc: {column: Z, half_hours: round}\n", {"Z": "+05:30"}) == {
        "lead_utc": "+06"
    }


def test_a_row_without_email_is_refused_unless_allowed():
    assert record("", {"E-mail": ""}).errors[0].code == "EMAIL_MISSING"
    assert record(
        "  lead_phone: P\nwhen: {no_email: create}\n", {"E-mail": "", "P": "+14155550123"}
    ).is_valid


def test_problems_of_reading_count_only_in_mapped_columns():
    broken = (
        Problem("CELL_ERROR", "#N/A", column="D"),
        Problem("CELL_ERROR", "#N/A", column="Other"),
    )
    assert [
        p.field
        for p in record(
            "  lead_description: D\n", {"D": "#N/A", "Other": ""}, problems=broken
        ).errors
    ] == ["lead_description"]
    assert record("", {"D": "#N/A", "Other": ""}, problems=broken).is_valid
    assert not record("", {}, problems=(Problem("ROW_RAGGED", "x"),)).is_valid


def test_a_placeholder_that_the_mapping_has_a_value_for_is_that_value():
    said = (Problem("VALUE_PLACEHOLDER", "m", column="D", value="N/A"),)
    text = "  lead_description: {column: D, values: {n/a: none given}}\n"
    made = record(text, {"D": "N/A"}, problems=said)
    assert (made.fields[1:], made.problems) == ((("lead_description", "none given"),), ())
    made = record("  lead_description: D\n", {"D": "N/A"}, problems=said)
    assert [(p.code, p.field) for p in made.errors] == [("VALUE_PLACEHOLDER", "lead_description")]


def test_a_damaged_cell_of_an_extra_parameter_refuses_the_row_and_names_the_parameter():
    broken = (Problem("CELL_ERROR", "#N/A", column="C", value="#N/A"),)
    made = record("extra: {crm_id: C, city: D}\n", {"C": "#N/A", "D": "Bonn"}, problems=broken)
    assert [(p.code, p.column, p.field) for p in made.errors] == [("CELL_ERROR", "C", "crm_id")]
    assert made.fields == (("lead_email", "a@b.org"), ("city", "Bonn"))


def test_adding_and_removing_one_tag_is_refused():
    made = record("  add_tags: A\n  remove_tags: R\n", {"A": "x,y", "R": "y"})
    assert made.errors[0].code == "ADD_AND_REMOVE"


def test_extensions_go_into_the_notes_if_asked():
    text = "  lead_phone: {column: P, extension: describe}\n  lead_description: D\n"
    assert (
        fields(text, {"P": "+1 415 555 2671 x7", "D": "note"})["lead_description"] == "note\next. 7"
    )


def test_managers_by_name():
    text, known = "  lead_personal_manager: M\n", {"Vera": "101"}
    assert fields(text, {"M": "Vera"}, managers=known) == {"lead_personal_manager": "101"}
    assert fields(text, {"M": "Bob"}) == {"lead_personal_manager": "Bob"}  # nobody was asked yet
    for cell, managers, code in [
        ("Bob", known, "MANAGER_UNKNOWN"),
        ("??", known, "MANAGER_INVALID"),  # no name either
        ("??", None, "MANAGER_INVALID"),
    ]:
        made = record(text, {"M": cell}, managers=managers)
        assert [(p.code, p.value) for p in made.errors] == [(code, cell)]


def test_an_offset_is_guessed_only_when_asked():
    text = "  lead_shipping_country_code: C\n"
    assert "lead_utc" not in fields(text, {"C": "JP"})
    text += "defaults: {guess_utc_from_country: true}\n"
    assert fields(text, {"C": "JP"})["lead_utc"] == "+09"
    assert "lead_utc" not in fields(text, {"C": "US"})


def test_an_offset_is_guessed_from_the_phone_only_when_asked_and_only_where_there_is_one():
    text = "  lead_phone: P\n"
    assert "lead_utc" not in fields(text, {"P": "+81 90 1234 5678"})
    text += "defaults: {guess_utc_from_phone: true}\n"
    made = record(text, {"P": "+81 90 1234 5678"})
    assert dict(made.fields)["lead_utc"] == "+09"
    assert made.warnings[0].code == "UTC_OFFSET_GUESSED"
    assert "lead_utc" not in fields(text, {"P": "+1 415 555 2671"})
    assert "lead_utc" not in fields(text, {"P": "+7 916 123-45-67"})


def test_the_case_of_names_is_touched_only_when_asked():
    assert fields("  lead_first_name: N\n", {"N": "JOHN"}) == {"lead_first_name": "JOHN"}
    text = (
        "  lead_first_name: {column: N, part: first, case: title, order: first_last}\n"
        "  lead_last_name: {column: N, part: last, case: title, order: first_last}\n"
    )
    for typed, first, last in [
        ("LUDWIG VAN BEETHOVEN", "Ludwig", "van Beethoven"),
        ("иван петров-водкин", "Иван", "Петров-Водкин"),
        ("Ronald McDonald", "Ronald", "McDonald"),
        ("CONAN O'BRIEN", "Conan", "O'Brien"),
        ("İBRAHİM IŞIK", "İBRAHİM", "IŞIK"),
    ]:
        assert fields(text, {"N": typed}) == {"lead_first_name": first, "lead_last_name": last}


def test_strict_phones_are_refused_where_others_are_warned_of():
    number = {"P": "+1 555 555 5555"}
    assert record("  lead_phone: P\n", number).warnings[0].code == "PHONE_UNASSIGNED"
    strict = record("  lead_phone: {column: P, strict_phone: true}\n", number)
    assert strict.errors[0].code == "PHONE_INVALID"


def test_several_numbers_and_addresses_by_option():
    numbers = {"P": "+1 415 555 2671; +1 415 555 2672"}
    first = record("  lead_phone: P\n", numbers)
    assert dict(first.fields)["lead_phone"] == "+14155552671"
    assert first.warnings[0].code == "PHONE_FIRST_OF_SEVERAL"
    refused = record("  lead_phone: {column: P, several: refuse}\n", numbers)
    assert refused.errors[0].code == "PHONE_SEVERAL"
    mapping = "version: 1\nfields:\n  lead_email: {column: E-mail, several: first}\n"
    row = Row("x.csv", "", 2, {"E-mail": "a@b.org, c@d.org"})
    made = RowMapper(bind(parse_mapping(mapping), list(row.cells))).record(row)
    assert made.email == "a@b.org"
    assert made.warnings[0].code == "EMAIL_FIRST_OF_SEVERAL"


@pytest.mark.parametrize(
    ("option", "address", "code"),
    [
        ("refuse_role", "info@example.org", "EMAIL_ROLE"),
        ("refuse_disposable", "anna@mailinator.com", "EMAIL_DISPOSABLE"),
    ],
)
def test_shared_and_throw_away_mailboxes_are_refused_only_when_asked(option, address, code):
    def made(rule: str) -> Record:
        text = f"version: 1\nfields:\n  lead_email: {rule}\n"
        row = Row("x.csv", "", 2, {"E-mail": address})
        return RowMapper(bind(parse_mapping(text), list(row.cells))).record(row)

    assert made("E-mail").is_valid
    assert made(f"{{column: E-mail, {option}: true}}").errors[0].code == code


def test_dst_decides_for_zones_that_change_and_the_answer_says_which_was_used():
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    zone = {"Z": "America/New_York"}
    for option, value, said in [("standard", "-05", "standard"), ("current", "-04", "2026-07-01")]:
        made = record(f"  lead_utc: {{column: Z, dst: {option}}}\n", zone, at=summer)
        assert dict(made.fields)["lead_utc"] == value
        assert said in made.warnings[0].message


def test_every_step_names_the_rule_that_produced_the_value():
    text = "  lead_phone: P\n  lead_shipping_country_code: C\n  lead_utc: Z\n  add_tags: T\n"
    cells = {"P": "8 916 123-45-67", "C": "Россия", "Z": "MSK", "T": "a,b"}
    mapping = parse_mapping(HEAD + text)
    row = Row("x.csv", "", 2, {"E-mail": "Ann <a@b.org>", **cells})
    _, steps = RowMapper(bind(mapping, list(row.cells))).explain(row)
    assert {step.field: step.rule for step in steps} == {
        "lead_email": "email.display_name",
        "lead_shipping_country_code": "country.name.known",
        "lead_phone": "phone.national",
        "lead_utc": "utc_offset.moscow",
        "add_tags": "tags.split",
    }


def test_a_guessed_offset_has_a_step_and_a_rule_as_well():
    text = "  lead_phone: P\n  lead_utc: Z\ndefaults: {guess_utc_from_phone: true}\n"
    row = Row("x.csv", "", 2, {"E-mail": "a@b.org", "P": "+81 90 1234 5678", "Z": ""})
    _, steps = RowMapper(bind(parse_mapping(HEAD + text), list(row.cells))).explain(row)
    found = [(step.value, step.rule) for step in steps if step.field == "lead_utc"]
    assert found == [("+09", "utc_offset.guessed")]


def test_merging_unites_sets_and_lets_later_values_win():
    def made(**values: str) -> Record:
        return Record(Row("x", "", 2, {}), "a@b.org", "a@b.org", tuple(values.items()))

    merged = merge_records(
        [
            made(lead_last_name="A", add_tags="x,y"),
            made(lead_last_name="B", lead_phone="+1", add_tags="y,z"),
        ]
    )
    assert dict(merged.fields) == {"add_tags": "x,y,z", "lead_last_name": "B", "lead_phone": "+1"}


def merged(*rows: dict[str, str]) -> Record:
    records = [
        Record(Row("x", "", 2 + n, {}), "a@b.org", "a@b.org", tuple(row.items()))
        for n, row in enumerate(rows)
    ]
    return merge_records(records)


@pytest.mark.parametrize(
    ("rows", "fields"),
    [
        ([{"lead_email": "a@b.org", "crm": "1"}], [("lead_email", "a@b.org"), ("crm", "1")]),
        ([{"lead_phone": "+1"}, {"lead_phone": ""}], [("lead_phone", "+1")]),
        ([{"lead_phone": ""}, {"lead_phone": "+1"}], [("lead_phone", "+1")]),
        ([{"lead_phone": ""}, {"lead_phone": ""}], [("lead_phone", "")]),
        ([{"crm": "1"}, {"lead_phone": "+1"}, {"crm": "2", "add_tags": "x"}], [("add_tags", "x"), ("lead_phone", "+1"), ("crm", "2")]),
        ([{"add_tags": "x"}, {"add_tags": ""}, {"add_tags": "x,y"}], [("add_tags", "x,y")]),
        ([{"add_tags": ""}, {"add_tags": "y"}], [("add_tags", "y")]),
    ],
)  # fmt: skip
def test_a_merged_row_has_each_field_once_in_the_order_of_the_form(rows, fields):
    assert list(merged(*rows).fields) == fields


def test_what_one_row_adds_and_another_removes_is_said_and_sent():
    found = merged({"add_tags": "x,y"}, {"remove_tags": "y,z", "add_to_lists": "a"}, {"remove_from_lists": "b"})  # fmt: skip
    assert [(p.code, p.field, p.message, p.is_error) for p in found.problems] == [
        ("MERGE_CONFLICT", "remove_tags", "y is added by one row of the contact and removed by another", False)
    ]  # fmt: skip


def test_fingerprints_ignore_comments_and_order():
    one = parse_mapping("version: 1\nfields: {lead_email: A, lead_phone: B}\n")
    two = parse_mapping("# hi\nfields:\n  lead_phone: B\n  lead_email: A\nversion: 1\n")
    assert one.fingerprint() == two.fingerprint()
