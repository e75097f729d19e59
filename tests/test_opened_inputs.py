"""Sources, opened and bound: what a run, a check and a night read from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bulk_import.errors import SettingsError, SourceError
from bulk_import.mapping.loading import ColumnMapping, load_mapping
from bulk_import.models import Problem, Row
from bulk_import.run.corrections import Correction, corrections_beside, write_corrections
from bulk_import.run.inputs import (
    KnownNames,
    Surveyed,
    corrections_file,
    frame_input,
    mapping_for,
    opened_inputs,
    opened_sources,
    options_of,
    refuse_as_a_whole,
    remembered_names,
    row_mapper,
    survey,
    too_few,
)
from bulk_import.run.judging import BATCH, JudgingStoppedError
from bulk_import.sources import SourceOptions


def mapping(fields: dict[str, Any] | None = None, **sections: Any) -> ColumnMapping:
    return load_mapping({"version": 1, "fields": fields or {"lead_email": "E-mail"}, **sections})


def write(path: Path, *lines: str) -> str:
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


# -- opening -----------------------------------------------------------------------------------------


def test_all_sources_are_open_before_the_first_row_is_read(tmp_path):
    first, second = write(tmp_path / "a.csv", "E-mail", "a@b.org"), write(tmp_path / "b.csv", "Name", "x")  # fmt: skip
    with (
        pytest.raises(Exception, match="E-mail") as caught,
        opened_sources([first, second], mapping(), None),
    ):
        pytest.fail("the second does not fit the mapping")
    assert "E-mail" in str(caught.value)
    with opened_inputs([first, first], mapping(), None) as inputs:
        assert [[row.cells["E-mail"] for row in one.rows] for one in inputs] == [["a@b.org"]] * 2


def test_time_zones_are_read_by_one_moment(tmp_path):
    source = write(tmp_path / "a.csv", "E-mail,Zone", "a@b.org,Europe/Berlin")
    zoned = mapping({"lead_email": "E-mail", "lead_utc": {"column": "Zone", "dst": "current"}})
    offsets = []
    for month in (1, 7):
        moment = datetime(2026, month, 1, tzinfo=UTC)
        with opened_sources([source], zoned, None, at=moment) as ((opened, mapper, _),):
            offsets += [dict(mapper.record(row).fields)["lead_utc"] for row in opened]
    assert offsets == ["+01", "+02"]
    unmoved = row_mapper(zoned, ("E-mail", "Zone"), None)
    assert unmoved.record(Row("a", "", 2, {"E-mail": "a@b.org", "Zone": "UTC+3"})).fields[-1] == ("lead_utc", "+03")  # fmt: skip


def test_rows_stand_where_their_cells_say_and_the_source_remembers_that(tmp_path):
    source = write(
        tmp_path / "p.csv", "E-mail,_source,_sheet,_row", "a@b.org,old.xlsx,People,17", "b@b.org,,People,18",
        "c@b.org,old.xlsx,,x", "d@b.org,old.xlsx,,²", "e@b.org,old.xlsx,,19",
    )  # fmt: skip
    placed = mapping(source={"places": ["_source", "_sheet", "_row"]})
    with opened_inputs([source], placed, None) as inputs:
        (one,) = inputs
        assert [(row.source, row.sheet, row.number) for row in one.rows] == [
            ("old.xlsx", "People", 17), (source, "", 3), (source, "", 4), (source, "", 5), ("old.xlsx", "", 19),
        ]  # fmt: skip
        assert one.info.dialect["places"] == "1"
    with opened_inputs([source], mapping(), None) as inputs:
        assert "places" not in next(inputs).info.dialect


def test_corrections_beside_a_source_are_applied_said_and_missed_at_the_end(tmp_path):
    source = write(tmp_path / "a.csv", "E-mail", "x", "b@b.org")
    beside = corrections_beside(source)
    lines = [Correction("", 2, "E-mail", "x", "a@b.org"), Correction("", 9, "E-mail", "y", "z")]
    write_corrections(beside, lines)
    with opened_inputs([source], mapping(), None) as inputs:
        (one,) = inputs
        assert [row.cells["E-mail"] for row in one.rows] == ["a@b.org", "b@b.org"]
        assert [problem.code for problem in one.problems] == ["CORRECTIONS_APPLIED"]
        assert [problem.code for problem in one.findings()] == ["CORRECTIONS_UNUSED"]
    write_corrections(beside, [Correction("", 2, "Fone", "x", "y")])
    with pytest.raises(SourceError) as caught, opened_sources([source], mapping(), None):
        pytest.fail("there is no such column")
    assert str(caught.value) == f"{beside}: {source} has no column 'Fone'"


def test_several_sources_have_each_their_own_corrections_but_no_file_for_all(tmp_path):
    paths = [write(tmp_path / name, "E-mail", "x") for name in ("a.csv", "b.csv")]
    for path in paths:
        write_corrections(corrections_beside(path), [Correction("", 2, "E-mail", "x", f"{Path(path).stem}@b.org")])  # fmt: skip
    with opened_inputs(paths, mapping(), None) as inputs:
        assert [row.cells["E-mail"] for one in inputs for row in one.rows] == ["a@b.org", "b@b.org"]
    named = mapping(source={"corrections": str(corrections_beside(paths[0]))})
    with opened_sources(paths[:1], named, None) as opened:
        assert len(opened) == 1
    with pytest.raises(SettingsError, match="--corrections: give one source"), opened_sources(paths, named, None):  # fmt: skip
        pytest.fail("rows of both have the same numbers")


def test_corrections_are_the_file_that_is_named_else_the_one_beside_if_it_is_there(tmp_path):
    source = write(tmp_path / "a.csv", "E-mail")
    beside = corrections_beside(source)
    named = load_mapping(
        {"version": 1, "fields": {"lead_email": "E-mail"}, "source": {"corrections": "mine.csv"}}
    )
    assert corrections_file(source, replace(named, folder=tmp_path)) == tmp_path / "mine.csv"
    assert corrections_file(source, mapping()) is None
    assert corrections_file("-", mapping()) is None
    write_corrections(beside, [Correction("", 2, "E-mail", "x", "y")])
    assert corrections_file(source, mapping()) == beside
    beside.unlink()
    beside.mkdir()
    assert corrections_file(source, mapping()) is None


def test_corrections_by_contact_are_found_by_the_address(tmp_path):
    source = write(tmp_path / "a.csv", "E-mail,Name", "b@b.org,Bob", "a@b.org,Ann")
    line = Correction("", 2, "Name", "Ann", "Anna", contact="A@b.org")
    write_corrections(tmp_path / "c.csv", [line])
    by_contact = mapping(source={"corrections": str(tmp_path / "c.csv"), "corrections_by": "contact"})  # fmt: skip
    with opened_inputs([source], by_contact, None) as inputs:
        assert [row.cells["Name"] for one in inputs for row in one.rows] == ["Bob", "Anna"]


def test_a_source_is_opened_as_the_mapping_says():
    told = mapping(
        {"lead_email": {"columns": ["E-mail", "Mail"]}, "lead_first_name": "Name", "lead_last_name": "Name"},
        source={"sheets": ["A", "B"], "header_row": 3, "encoding": "cp1251", "delimiter": ";",
                "member": "m.csv", "hidden_rows": "skip"},
    )  # fmt: skip
    assert options_of(told) == SourceOptions(
        sheets=("A", "B"), header_row=3, encoding="cp1251", delimiter=";", member="m.csv",
        hidden_rows="skip", columns=("E-mail", "Mail", "Name"),
    )  # fmt: skip
    assert options_of(mapping()) == SourceOptions(columns=("E-mail",))
    assert options_of(mapping().with_sheet("S")).sheet == "S"
    from_export = replace(mapping(), exports=())
    assert options_of(from_export) == SourceOptions(columns=("E-mail",), may_take_subscribed=True)


# -- names -------------------------------------------------------------------------------------------

LISTED = {"lead_email": "E-mail", "add_to_lists": "List", "lead_personal_manager": "Manager"}


def made(names: Any, **cells: str) -> tuple[dict[str, str], list[str]]:
    """The form that a row gets, and the codes of what is wrong with it."""
    row = Row("a", "", 2, {"E-mail": "a@b.org", "List": "News", "Manager": "Ann"} | cells)
    record = row_mapper(mapping(LISTED), tuple(row.cells), names).record(row)
    return dict(record.fields), [problem.code for problem in record.errors]


def test_lists_and_managers_are_ids_as_far_as_the_account_was_asked():
    known = KnownNames({"News": ("7",)}, {"Ann": "101"})
    sent = {"lead_email": "a@b.org", "add_to_lists": "7", "lead_personal_manager": "101"}
    assert made(known) == (sent, [])
    assert made(remembered_names({"News": "7"}, {"Ann": "101"})) == (sent, [])
    assert made(KnownNames())[0]["add_to_lists"] == "News", "nobody was asked: as they are written"
    assert made(known, List="Nothing")[1] != []
    assert made(known, Manager="Bob")[1] != []


async def test_a_mapping_for_files_here_is_loaded_as_it_is(tmp_path):
    loaded = mapping()
    source = write(tmp_path / "a.csv", "E-mail", "a@b.org")
    assert (await mapping_for(loaded, [source])).spec == loaded.spec
    assert (await mapping_for({"version": 1, "fields": {"lead_email": "E-mail"}}, [source])).spec == loaded.spec  # fmt: skip


def test_a_frame_is_a_source_whose_rows_begin_in_row_2():
    frame = pd.DataFrame({"E-mail": ["a@b.org", None], "Age": [7.0, 8.5]})
    one = frame_input(frame, "people", mapping(), None)
    assert [(row.source, row.number, dict(row.cells)) for row in one.rows] == [
        ("people", 2, {"E-mail": "a@b.org", "Age": "7"}), ("people", 3, {"E-mail": "", "Age": "8.5"}),
    ]  # fmt: skip
    assert (one.info.name, one.info.kind, one.problems, one.detector) == ("people", "frame", (), None)  # fmt: skip


# -- the survey ----------------------------------------------------------------------------------------


class Opened:
    """A source of rows with those addresses."""

    header = ("E-mail", "Unsubscribed")

    def __init__(self, rows: Sequence[tuple[str, str]], name: str = "a.csv") -> None:
        self.name, self._rows, self.taken = name, rows, 0

    def __iter__(self) -> Iterator[Row]:
        for number, cells in enumerate(self._rows, 2):
            self.taken += 1
            yield Row(self.name, "", number, dict(zip(self.header, cells, strict=True)))


def surveyed(*sources: Opened, using: ColumnMapping | None = None, **options: Any) -> Surveyed:
    mapper = row_mapper(using or mapping(), Opened.header, None)
    return survey([(source, mapper, None) for source in sources], **options)  # type: ignore[list-item, misc]


def test_a_survey_counts_rows_and_blank_addresses_of_all_sources():
    first, second = Opened([("a@b.org", "no"), ("", "no"), (" ", "no")]), Opened([("b@b.org", "no")], "b.csv")  # fmt: skip
    assert surveyed(first, second) == Surveyed(rows=4, blank=2, findings=[])
    assert surveyed() == Surveyed(rows=0, blank=0, says_no=False, findings=[])


@pytest.mark.parametrize(
    ("cells", "says_no"),
    [(["a@b.org", "b@b.org"], False), (["a@b.org unsubscribed", "b@b.org"], True), (["a@b.org", "b@b.org unsubscribed"], True)],
)  # fmt: skip
def test_an_address_cell_that_says_no_is_noticed_wherever_it_is(cells, says_no):
    assert surveyed(Opened([(cell, "no") for cell in cells])).says_no is says_no


def test_consent_that_no_rule_looks_at_is_found_by_source_and_not_among_rows_that_are_kept_back():
    rows = [(f"p{n}@b.org", "yes" if n < 4 else "no") for n in range(10)]
    seen = surveyed(Opened(rows), Opened(rows[5:], "b.csv"))
    ((name, problem),) = seen.findings
    assert (name, problem.code, problem.column) == ("a.csv", "CONSENT_IGNORED", "Unsubscribed")
    assert dict(problem.message.values)["n"] == 4  # type: ignore[attr-defined]
    ruled = mapping(skip=[{"column": "Unsubscribed", "values": ["yes"]}])
    assert surveyed(Opened(rows), using=ruled).findings == []


def test_a_survey_stops_after_the_batch_in_which_it_is_asked_to():
    source = Opened([("a@b.org", "no")] * (2 * BATCH + 5))
    asked = iter([False, True])
    with pytest.raises(JudgingStoppedError):
        surveyed(source, is_stopping=lambda: next(asked))
    assert source.taken == 2 * BATCH
    few = Opened([("a@b.org", "no")] * (BATCH - 1))
    assert surveyed(few, is_stopping=lambda: True).rows == BATCH - 1


# -- refused as a whole ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "fewest", "is_too_few"), [(4, 5, True), (5, 5, False), (0, None, False), (0, 1, True)])  # fmt: skip
def test_fewer_rows_than_the_mapping_asks_for_are_too_few(rows, fewest, is_too_few):
    asking = mapping() if fewest is None else mapping(min_rows=fewest)
    said = f"{rows} rows, and the mapping asks for at least {fewest} (min_rows)"
    assert too_few(rows, asking) == (Problem("ROWS_TOO_FEW", said) if is_too_few else None)
    if not is_too_few:
        refuse_as_a_whole(rows, 0, asking)
        return
    with pytest.raises(SourceError) as caught:
        refuse_as_a_whole(rows, 0, asking)
    assert (str(caught.value), caught.value.code) == (f"{said}; nothing was sent", "ROWS_TOO_FEW")


@pytest.mark.parametrize(
    ("rows", "blank", "is_refused"),
    [(9, 9, False), (10, 5, False), (10, 6, True), (1000, 500, False), (1001, 501, True), (0, 0, False)],
)  # fmt: skip
def test_ten_rows_of_which_more_than_half_have_no_address_are_refused(rows, blank, is_refused):
    if not is_refused:
        refuse_as_a_whole(rows, blank, mapping())
        return
    with pytest.raises(SourceError) as caught:
        refuse_as_a_whole(rows, blank, mapping())
    assert caught.value.code == "EMAIL_MOSTLY_MISSING"
    assert str(caught.value) == (
        f"{blank} of {rows:,} rows have no e-mail: probably another column is meant by lead_email, or "
        "the wrong sheet is read; nothing was sent (when: no_email: create sends such rows)"
    )


def test_rows_of_a_source_can_be_looked_at_once_bare_or_watched_for_damage(tmp_path):
    source = write(tmp_path / "a.csv", "E-mail,Name", "a@b.org,M\ufffdller", "b@b.org,Ann")
    named = mapping({"lead_email": "E-mail", "lead_last_name": "Name"})
    found = {}
    for name in ("rows", "bare_rows"):
        with opened_inputs([source], named, None) as inputs:
            one = next(inputs)
            found[name] = [len(row.problems) for row in getattr(one, name)]
            assert one.detector is not None
    assert found == {"rows": [1, 0], "bare_rows": [0, 0]}
