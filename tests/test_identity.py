"""Whether a folder's run is the one that is asked for: each difference by itself, in the words of the refusal."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bulk_import import __version__
from bulk_import.errors import SetupError, SourceError
from bulk_import.journal import Journal
from bulk_import.journal.entries import JudgedRow
from bulk_import.mapping.loading import ColumnMapping, parse_mapping
from bulk_import.models import VANISHED, Row, SourceInfo
from bulk_import.run.corrections import Correction, corrections_beside, write_corrections
from bulk_import.run.identity import (
    facts_of,
    refuse_other_job,
    refuse_other_run,
    refuse_rehearsal,
)
from bulk_import.run.inputs import changed_sources
from bulk_import.settings import Settings

TEXT = "version: 1\nfields:\n  lead_email: E-mail\n"
MAPPING = parse_mapping(TEXT, "m.yml")
SETTINGS = Settings(endpoint="https://shop.example.com", api_key="k", rate=3, concurrency=2)


def test_the_facts_of_a_run_are_all_that_its_resume_needs(tmp_path):
    text = f"{TEXT}source: {{sheet: People, corrections: c.csv, corrections_by: contact}}\n"
    mapping = parse_mapping(text, "mine.yml", folder=tmp_path)
    write_corrections(tmp_path / "c.csv", [Correction("", 2, "E-mail", "x", "a@b.org")])
    digest = sha256((tmp_path / "c.csv").read_bytes()).hexdigest()
    settings = replace(SETTINGS, daily_limit=100, window="01:00-05:00")
    facts = facts_of(mapping, settings, ["a.csv", "https://x.org/b.csv?token=secret"], {"Ж": "7"})
    assert facts.pop("started_at").endswith("Z")
    assert json.loads(facts.pop("mapping")) == mapping.fingerprint()
    assert facts == {
        "tool_version": __version__, "endpoint": "https://shop.example.com", "mapping_name": "mine.yml",
        "mapping_text": text, "mapping_folder": str(tmp_path), "sheet": "People",
        "pace": '{"rate": 3.0, "concurrency": 2, "daily_limit": 100, "window": "01:00-05:00"}',
        "exports": "[]", "corrections": "c.csv", "corrections_by": "contact",
        "corrected_with": json.dumps([digest, digest]),
        "paths": '["a.csv", "https://x.org/b.csv?token=***"]', "lists": '{"Ж": "7"}',
    }  # fmt: skip


def test_a_rehearsal_says_so_and_a_plain_mapping_names_neither_sheet_nor_corrections():
    facts = facts_of(MAPPING, replace(SETTINGS, dry_run=True), ["a.csv"], {})
    plain = [facts[name] for name in ("dry_run", "sheet", "corrections", "corrected_with")]
    assert plain == ["1", "", "", '[""]']
    assert "dry_run" not in facts_of(MAPPING, SETTINGS, ["a.csv"], {})


@pytest.mark.parametrize(
    ("facts", "is_dry", "said"),
    [
        ({}, False, ""), ({"dry_run": "1"}, True, ""),
        ({"dry_run": "1"}, False, "d holds a rehearsal (--dry-run); import into another folder"),
        ({}, True, "d holds a real run; rehearse (--dry-run) in another folder"),
    ],
)  # fmt: skip
def test_a_rehearsal_is_continued_as_one_and_a_run_as_a_run(facts, is_dry, said):
    assert refusal(refuse_rehearsal, "d", facts, replace(SETTINGS, dry_run=is_dry)) == said


@pytest.mark.parametrize(
    ("before", "now", "named"),
    [({}, {}, ""), ({"job": "sync"}, {"job": "sync"}, ""), ({"job": "sync"}, {}, "sync"), ({}, {"job": "sync"}, "run")],
)  # fmt: skip
def test_a_run_is_continued_as_the_job_that_it_was_started_as(before, now, named):
    said = refusal(refuse_other_job, "d", before, now)
    assert said == (
        f"d holds a run of `bulk-import {named}`; nothing was sent. `bulk-import resume d` continues "
        "it; for a new run give another folder"
        if named
        else ""
    )


def refusal(refuse: Any, *args: Any) -> str:
    """What it says; empty where it lets the run go on."""
    try:
        refuse(*args)
    except SetupError as exc:
        return str(exc)
    return ""


# -- all differences together ----------------------------------------------------------------------------


@pytest.fixture
def source(tmp_path) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(b"E-mail\r\na@b.org\r\nb@b.org\r\n")
    return path


def info_of(path: Path | str, content: bytes, **more: Any) -> SourceInfo:
    return SourceInfo(
        str(path), "csv", header=("E-mail",), labels=("E-mail",), sha256=sha256(content).hexdigest(), **more
    )  # fmt: skip


@pytest.fixture
def journal(tmp_path, source) -> Iterator[Journal]:
    """A judged run of that source."""
    facts = facts_of(MAPPING, SETTINGS, [str(source)], {}) | {"judged": "1"}
    with Journal.create(tmp_path / "journal.sqlite3", facts) as opened:
        opened.add_source(1, info_of(source, source.read_bytes()))
        opened.add(
            1,
            [
                JudgedRow(1, Row(str(source), "", n, {"E-mail": "x"}), "a@b.org", "a@b.org", (), b"lead_email=a")
                for n in (2, 3)
            ],
        )  # fmt: skip
        yield opened


def differences(
    journal: Journal, mapping: ColumnMapping = MAPPING, settings: Settings = SETTINGS, paths: Any = (), **facts: str
) -> str:  # fmt: skip
    """What the refusal says between its first and its last words; empty where there is none."""
    known = {name: text for name, text in (journal.facts() | facts).items() if text != "-"}
    said = refusal(refuse_other_run, "d", journal, known, mapping, settings, paths)
    if not said:
        return ""
    assert said.startswith("d holds a run that was started differently: ")
    assert said.endswith(
        ". Nothing was sent. Undo the change to continue it, or start a new run in another folder "
        "(rows that were accepted would be sent again)"
    )
    return said.removeprefix("d holds a run that was started differently: ").partition(". Nothing was sent")[0]  # fmt: skip


def test_nothing_differs_where_nothing_has_changed(journal, source):
    assert differences(journal, paths=[str(source)]) == ""
    assert differences(journal, paths=None) == ""


@pytest.mark.parametrize(
    ("paths", "finished", "is_named"),
    [(None, "", True), (None, "1", True), ("given", "", True), ("given", "1", False)],
)
def test_another_version_finishes_no_run_but_may_say_that_it_is_finished(
    journal, source, paths, finished, is_named
):
    said = differences(
        journal, paths=paths and [str(source)], tool_version="0.0.1", finished=finished
    )
    named = f"it was started by version 0.0.1 of this program, this is {__version__}"
    assert said == (named if is_named else "")


def test_every_difference_is_named_at_once(journal, source, tmp_path):
    other = parse_mapping(TEXT + "  lead_phone: E-mail\nwhen: {blank: clear}\n", "m.yml")
    source.write_bytes(b"E-mail\r\nc@b.org\r\n")
    said = differences(
        journal, other, replace(SETTINGS, endpoint="https://other.example.com"), [str(source)],
        tool_version="0",
    )  # fmt: skip
    assert said == (
        f"it was started by version 0 of this program, this is {__version__}; the account was "
        "https://shop.example.com, now it is https://other.example.com; the mapping differs in "
        f"fields.lead_phone, when.blank; {source} has changed (its contents differ; 2 rows then, 1 now)"
    )


def test_a_rule_that_is_gone_differs_as_one_that_is_new(journal, source):
    changed = parse_mapping("version: 1\nfields:\n  lead_phone: E-mail\n", "m.yml")
    said = differences(journal, changed, paths=[str(source)])
    assert said == "the mapping differs in fields.lead_email, fields.lead_phone"


@pytest.mark.parametrize(("judged", "is_named"), [("-", True), ("1", False)])
def test_corrections_that_have_changed_matter_until_all_rows_are_judged(
    journal, source, judged, is_named
):
    beside = corrections_beside(str(source))
    assert beside is not None
    write_corrections(beside, [Correction("", 2, "E-mail", "a@b.org", "c@b.org")])
    for paths in (None, [str(source)]):
        said = differences(journal, paths=paths, judged=judged)
        assert said == ("the corrections of its source have changed" if is_named else "")


# -- sources --------------------------------------------------------------------------------------------


def changed(journal: Journal, paths: Any, **options: Any) -> list[str]:
    return [*map(str, changed_sources(journal, paths, MAPPING, **({"has_stdin": False} | options)))]


def test_a_source_that_is_gone_is_missed_only_where_it_must_be_read_again(journal, source):
    source.unlink()
    assert changed(journal, None) == []
    assert changed(journal, [str(source)]) == []
    gone = [f"{source} is gone, and was not read completely"]
    assert changed(journal, None, begun_with=[str(source)]) == gone
    assert changed(journal, [str(source)], begun_with=[str(source)]) == gone


def test_rows_then_and_now_are_counted_unless_the_first_reading_ended_early(journal, source):
    source.write_bytes(b"E-mail\r\na@b.org\r\nc@b.org\r\n")
    said = f"{source} has changed (its contents differ"
    assert changed(journal, None) == [f"{said}; 2 rows then and now)"]
    assert changed(journal, None, begun_with=[str(source)]) == [f"{said})"]
    source.write_bytes(b"\xff\xfe\x00")
    (unreadable,) = changed(journal, None)
    assert unreadable.startswith(f"{said}: {source}: ")


def test_the_number_of_sources_is_compared_with_those_that_the_run_began_with(journal, source):
    two = [str(source), str(source)]
    assert changed(journal, two) == ["it had 1 sources, now there are 2"]
    assert changed(journal, two, begun_with=two) == []
    assert changed(journal, [str(source)], begun_with=two) == ["it had 2 sources, now there are 1"]


def test_contacts_that_have_vanished_came_from_no_source(journal, source):
    """A night that was killed before it noted that all is judged could not be resumed."""
    journal.add_source(2, SourceInfo("(vanished)", VANISHED))
    for begun_with in ([], [str(source)]):
        assert changed(journal, None, begun_with=begun_with) == []
        assert changed(journal, [str(source)], begun_with=begun_with) == []


@pytest.fixture
def stdin(monkeypatch):
    def give(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))

    return give


@pytest.mark.parametrize(
    ("has_stdin", "content", "said"),
    [
        (False, b"", []), (True, b"E-mail\na@b.org\n", []),
        (True, b"E-mail\nb@b.org\n", ["- has changed (its contents differ; 0 rows then, 1 now)"]),
    ],
)  # fmt: skip
def test_standard_input_is_compared_where_it_may_be_read(tmp_path, stdin, has_stdin, content, said):
    stdin(content)
    with Journal.create(tmp_path / "j", {}) as journal:
        journal.add_source(1, info_of("-", b"E-mail\na@b.org\n"))
        assert changed(journal, ["-"], has_stdin=has_stdin) == said


URL = "gopher://x.org/a.csv"  # nobody knows how


@pytest.mark.parametrize(
    ("paths", "begun_with", "is_needed"),
    [(None, [], False), ([URL], [], False), (None, [URL], True)],
)
def test_what_is_elsewhere_is_fetched_for_a_comparison_only_if_it_is_given_or_needed(
    tmp_path, paths, begun_with, is_needed
):
    """Where it need not be read again, that it cannot be fetched is no difference."""
    with Journal.create(tmp_path / "j", {}) as journal:
        journal.add_source(1, info_of(URL, b""))
        if is_needed:
            with pytest.raises(SourceError, match="Protocol not known"):
                changed(journal, paths, begun_with=begun_with)
        else:
            assert changed(journal, paths, begun_with=begun_with) == []


def frame_info(digest: str) -> SourceInfo:
    return SourceInfo("frame", "frame", header=("E-mail",), labels=("E-mail",), sha256=digest)


@pytest.mark.parametrize(
    ("known", "paths", "frame", "is_unread", "said"),
    [
        (frame_info("1"), [], frame_info("1"), False, []),
        (frame_info("1"), [], frame_info("1"), True, []),
        (frame_info("1"), None, None, False, []),
        (frame_info("1"), [], None, False, []),
        (frame_info("1"), [], frame_info("2"), False, ["the DataFrame has changed (its contents differ)"]),
        (frame_info("1"), ["a.csv"], None, False, ["its rows came from a DataFrame, now they come from files"]),
        (frame_info("1"), None, None, True, [
            "its DataFrame was not read completely and is not in the folder: call import_frame with the "
            "same frame and folder"]),
        (info_of("a.csv", b""), [], frame_info("1"), True, ["its rows came from files, now they come from a DataFrame"]),
    ],
)  # fmt: skip
def test_a_frame_continues_its_own_run_alone(tmp_path, known, paths, frame, is_unread, said):
    with Journal.create(tmp_path / "j", {}) as journal:
        journal.add_source(1, known)
        journal.add_source(2, SourceInfo("vanished", VANISHED))
        assert changed(journal, paths, frame=frame, is_unread=is_unread) == said


def test_a_query_is_asked_again_only_where_its_rows_must_be_read_again(tmp_path):
    query = tmp_path / "q.sql"
    query.write_text("delete from contacts")  # refused when it is run
    with Journal.create(tmp_path / "j", {}) as journal:
        journal.add_source(1, info_of(query, b""))
        assert changed(journal, None) == changed(journal, [str(query)]) == []
        (said,) = changed(journal, None, begun_with=[str(query)])
        assert said.startswith(f"{query} has changed (its contents differ: ")
