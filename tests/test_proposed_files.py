"""A proposal tried on the rows of its file, and the file that it is written to or merged into."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulk_import.errors import SettingsError, SourceError
from bulk_import.jobs.proposing import (
    preset_mapping,
    propose,
    proposed_or_asked,
    proposed_text,
    update_mapping,
    write_mapping,
)
from bulk_import.mapping.loading import parse_mapping
from bulk_import.sources import SourceOptions


@pytest.fixture
def proposed(write_csv):
    """The proposal for a table of these columns; ``Email`` is there unless it is given."""

    def made(**columns: list[str]):
        longest = max(map(len, columns.values()), default=1)
        table = {"Email": [f"p{n}@x.org" for n in range(longest)]} | columns
        names = [name.replace("_", " ") for name in table]
        return propose(str(write_csv([names, *map(list, zip(*table.values(), strict=True))])))

    return made


def fed(proposed) -> dict[str, list[str]]:
    return {name: [one.column for one in found] for name, found in proposed.proposal.fields.items()}


# -- what the rows say ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("bad", "is_fed"), [(3, True), (5, True), (6, False)])
def test_a_column_most_of_whose_cells_its_field_refuses_is_not_that_field(proposed, bad, is_fed):
    cells = ["soon, perhaps/never"] * bad + ["Europe/Berlin"] * (10 - bad)
    found = proposed(Time_zone=cells)
    assert ("lead_utc" in fed(found), found.proposal.dropped) == (is_fed, {"lead_utc": bad} if is_fed else {})  # fmt: skip
    if not is_fed:
        (remark,) = [one for one in found.proposal.unmapped if one.column == "Time zone"]
        assert (remark.field, remark.confidence) == ("lead_utc", 0.4)
        assert remark.why.endswith(", but most of its cells would be refused")


def test_blank_cells_do_not_count_among_those_of_a_column(proposed):
    found = proposed(Time_zone=["soon, perhaps/never"] * 2 + ["Europe/Berlin"] * 2 + [""] * 6)
    assert found.proposal.dropped == {"lead_utc": 2}


def test_numbers_without_a_country_are_numbers_all_the_same(proposed):
    found = proposed(Phone=["612 34 56 78"] * 6)
    assert fed(found)["lead_phone"] == ["Phone"]
    assert found.proposal.dropped == {"lead_phone": 6}
    assert "bad_value: drop_field}" in found.text()


def test_a_phone_is_a_small_loss_only_beside_an_address(proposed):
    found = proposed(Email=["p@x.org", "q@x.org", "", ""], Phone=["12 34 56", "+1 415 555 2671", "12 34 56", "+1 415 555 2671"])  # fmt: skip
    assert found.proposal.dropped == {"lead_phone": 1}


def test_a_field_whose_loss_is_no_small_one_is_never_dropped(proposed):
    found = proposed(First_name=["Anna", "Ben", "a@b.org", "Dan", "Eva", "Finn"])
    assert fed(found)["lead_first_name"] == ["First name"]
    assert found.proposal.dropped == {}


def test_what_was_said_of_the_file_goes_into_the_mapping(write_csv):
    source = write_csv([["title"], ["Email"], ["a@b.org"]])
    found = propose(str(source), SourceOptions(header_row=2, encoding="utf-8"))
    assert (found.header, found.header_row, len(found.rows), found.problems) == (
        ("Email",),
        2,
        1,
        [],
    )
    spec = parse_mapping(found.text()).spec
    assert spec.source.model_dump(exclude_defaults=True) == {"header_row": 2, "encoding": "utf-8"}
    assert parse_mapping(propose(str(write_csv([["Email"], ["a@b.org"]]))).text()).spec.source.header_row is None  # fmt: skip


# -- texts ---------------------------------------------------------------------------------------------


def test_a_file_in_which_nothing_is_recognised_gets_a_field_that_a_person_chooses(write_csv):
    source = write_csv([["Zork"], ["7"]])
    spec = parse_mapping(proposed_text(source)).spec
    assert {name: rule.value for name, rule in spec.fields.items()} == {"lead_description": "imported"}  # fmt: skip
    assert list(parse_mapping(proposed_text(write_csv([["Email"], ["a@b.org"]]))).spec.fields) == ["lead_email"]  # fmt: skip


def test_a_file_that_a_person_has_to_tell_more_about_gets_a_mapping_and_any_other_fault_is_told(
    tmp_path,
):
    path = tmp_path / "a.csv"
    path.write_bytes(b'Email,Name\na@b.org,"Anna\n')
    with pytest.raises(SourceError) as caught:
        proposed_text(path)
    assert caught.value.code == "QUOTE_UNCLOSED"
    assert list(parse_mapping(proposed_or_asked(path)).spec.fields) == ["lead_email"]
    with pytest.raises(SourceError):
        proposed_or_asked(tmp_path / "missing.csv")


def test_a_preset_is_the_shipped_mapping_or_made_of_the_known_columns():
    shipped = Path(__file__).parents[1] / "mappings" / "hubspot.yml"
    assert preset_mapping("hubspot") == shipped.read_text("utf-8")
    assert preset_mapping("ghost").startswith("# Ghost (members). ")


# -- files ---------------------------------------------------------------------------------------------


def test_a_mapping_is_written_for_its_owner_alone_and_over_another_only_by_force(tmp_path):
    path = tmp_path / "m.yml"
    write_mapping(path, "one\n", force=False)
    assert (path.read_text("utf-8"), path.stat().st_mode & 0o777) == ("one\n", 0o600)
    with pytest.raises(SettingsError) as caught:
        write_mapping(path, "two\n", force=False)
    assert str(caught.value) == (
        f"{path}: is there already; --update adds what is new to it, --force replaces it"
    )
    assert path.read_text("utf-8") == "one\n"
    write_mapping(path, "two\n", force=True)
    assert path.read_text("utf-8") == "two\n"
    write_mapping(tmp_path / "new.yml", "three\n", force=True)
    assert (tmp_path / "new.yml").read_text("utf-8") == "three\n"


def test_a_mapping_gets_what_is_new_and_is_left_alone_where_nothing_is(tmp_path, proposed):
    path = tmp_path / "m.yml"
    path.write_text("\ufeffversion: 1\nfields:\n  lead_email: Email # mine\n", "utf-8")
    proposal = proposed(City=["Rome", "Lyon"]).proposal
    assert update_mapping(path, proposal) == ["fields.lead_shipping_city: City"]
    after = "version: 1\nfields:\n  lead_email: Email # mine\n  lead_shipping_city: City\n"
    assert path.read_text("utf-8") == after
    before = path.stat().st_mtime_ns
    assert update_mapping(path, proposal) == []
    assert (path.read_text("utf-8"), path.stat().st_mtime_ns) == (after, before)
