"""A night that recognizes rows by their cells comes to the same as one that judges every row."""

from __future__ import annotations

import asyncio
import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from bulk_import.jobs import fingerprints
from bulk_import.jobs.fingerprints import cells_of, digester
from bulk_import.jobs.night import SyncOptions
from bulk_import.jobs.nightly import sync_night
from bulk_import.jobs.sieve import Sieve
from bulk_import.jobs.state import Known, State
from bulk_import.journal import Journal
from bulk_import.mapping.binding import bind
from bulk_import.mapping.loading import load_mapping, parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.schema import SuppressSpec
from bulk_import.mapping.suppression import SuppressionList
from bulk_import.models import Problem, Row, Status
from bulk_import.progress import Silence
from bulk_import.run.judges import Judgement, judge
from bulk_import.sandbox.app import Reply, Sandbox
from bulk_import.settings import Settings
from bulk_import.sources.damage import DamageDetector
from bulk_import.system.secrets import Secret
from tests.conftest import report_of

SUMMER = datetime(2026, 7, 1, tzinfo=UTC)
WINTER = datetime(2026, 12, 1, tzinfo=UTC)
HEADER = (
    "E-mail",
    "Mobile",
    "Country",
    "Name",
    "Zone",
    "Tags",
    "Lists",
    "Manager",
    "Consent",
    "Id",
)
LISTS = {"Newsletter": ("1473249885.2899961004",), "Super": ("super",)}
MANAGERS = {"Vera": "101"}
MAPPING = """\
version: 1
defaults: {phone_region: US}
fields:
  lead_email: E-mail
  lead_phone: {column: Mobile, region_from: Country}
  lead_first_name: {column: Name, part: first}
  lead_description: {template: "{Name}, {Zone}"}
  lead_utc: {column: Zone, dst: current}
  add_tags: {column: Tags, separator: ";", always: [nightly]}
  add_to_lists: {column: Lists}
  lead_personal_manager: Manager
extra: {crm_id: Id}
skip:
  - {column: Consent, values: ["no"], because: said no}
"""
CELLS = (
    "ann@example.org", "415 555 2671", "US", "Ann Lee", "Europe/Berlin", "vip;new", "Newsletter",
    "Vera", "yes", "17",
)  # fmt: skip


def mapper(
    text: str = MAPPING,
    header: Sequence[str] = HEADER,
    *,
    lists: Mapping[str, Sequence[str]] = LISTS,
    managers: Mapping[str, str] = MANAGERS,
    at: datetime = SUMMER,
) -> RowMapper:
    mapping = parse_mapping(text, "m.yml")
    return RowMapper(bind(mapping, header, lists=lists, managers=managers, at=at))


def row(cells: Sequence[str] = CELLS, header: Sequence[str] = HEADER, **more: Any) -> Row:
    return Row("a.csv", "", more.pop("number", 2), dict(zip(header, cells, strict=True)), **more)


def digest_of(mapped: RowMapper, one: Row) -> bytes:
    digest = digester(mapped)
    assert digest is not None
    return digest.digests([one], cells_of([one], digest.columns))[0]


# -- everything that could change the payload changes the digest ---------------------------------


@pytest.mark.parametrize("column", HEADER)
def test_another_text_in_a_mapped_cell_is_another_row(column):
    cells = [
        f"{cell} " if name == column else cell for name, cell in zip(HEADER, CELLS, strict=True)
    ]
    assert digest_of(mapper(), row(cells)) != digest_of(mapper(), row())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("phone_region: US", "phone_region: GB"),
        ("part: first", "part: last"),
        ('"{Name}, {Zone}"', '"{Zone}, {Name}"'),
        ("dst: current", "dst: standard"),
        ("always: [nightly]", "always: [weekly]"),
        ('separator: ";"', 'separator: ","'),
        ("crm_id", "crm_no"),
        ('["no"]', '["no", "yes"]'),
        ("skip:", "only:"),
        ("version: 1", "version: 1\nwhen: {duplicate: merge}"),
        ("version: 1", "version: 1\nwhen: {blank: clear}"),
        ("version: 1", "version: 1\nwhen: {bad_value: drop_field}"),
        ("version: 1", "version: 1\nwhen: {no_email: create}"),
        ("version: 1", "version: 1\nrepair: [mojibake]"),
        ("column: Tags,", "column: Tags, mirror: true,"),
        ("column: Tags,", "column: Tags, values: {vip: gold},"),
        ("lead_email: E-mail", "lead_email: {column: E-mail, refuse_role: true}"),
    ],
)  # fmt: skip
def test_another_mapping_makes_other_rows(before, after):
    assert before in MAPPING
    other = mapper(MAPPING.replace(before, after, 1))
    assert digest_of(other, row()) != digest_of(mapper(), row())


@pytest.mark.parametrize(
    "other",
    [
        {"lists": {"Newsletter": ("super",), "Super": ("super",)}},
        {"lists": {"Newsletter": ("1473249885.2899961004",)}},
        {"managers": {"Vera": "102"}},
        {"at": WINTER},
    ],
    ids=["a list with another id", "a list is gone", "a manager with another id", "the clocks"],
)
def test_another_account_or_season_makes_other_rows(other):
    assert digest_of(mapper(**other), row()) != digest_of(mapper(), row())


@pytest.mark.parametrize("field", [
    "add_to_lists: {value: Newsletter}",
    "add_to_lists: {template: Newsletter}",
    "add_to_lists: {always: [Newsletter]}",
    "remove_from_lists: {value: Newsletter}",
    "lead_personal_manager: {value: Vera}",
    "lead_personal_manager: {template: Vera}",
])  # fmt: skip
def test_a_list_or_manager_that_every_row_gets_is_another_when_its_id_is(field):
    text = f"version: 1\nfields:\n  lead_email: E-mail\n  {field}\n"
    others = {"lists": {"Newsletter": ("super",)}, "managers": {"Vera": "102"}}
    mapped, other = mapper(text), mapper(text, **others)
    assert mapped.record(row()).fields != other.record(row()).fields
    assert digest_of(mapped, row()) != digest_of(other, row())


STANDARD = MAPPING.replace("dst: current", "dst: standard")
BEFORE_THE_LAW = datetime(2026, 10, 20, tzinfo=UTC)  # Vancouver then stays at -07 for good


@pytest.mark.parametrize("zone", ["{column: Zone}", "{value: America/Vancouver}"])
def test_a_zone_whose_law_changes_makes_other_rows_with_its_standard_offset_too(zone):
    text = MAPPING.replace("{column: Zone, dst: current}", zone)
    digests, offsets = [], []
    for moment in (BEFORE_THE_LAW, WINTER):
        mapped = mapper(text, at=moment)
        one = row([cell.replace("Europe/Berlin", "America/Vancouver") for cell in CELLS])
        digests.append(digest_of(mapped, one))
        offsets.append(dict(mapped.record(one).fields)["lead_utc"])
    assert offsets == ["-08", "-07"]
    assert digests[0] != digests[1]


def test_the_season_does_not_matter_to_standard_offsets():
    moments = (WINTER, datetime(2027, 7, 1, tzinfo=UTC))
    one, other = (digest_of(mapper(STANDARD, at=moment), row()) for moment in moments)
    assert one == other
    text = "version: 1\nfields: {lead_email: E-mail, lead_first_name: Name}\n"
    one, other = (digest_of(mapper(text, at=moment), row()) for moment in (SUMMER, WINTER))
    assert one == other


def test_the_moment_does_not_matter_while_no_clock_changes():
    later = SUMMER.replace(day=20)
    assert digest_of(mapper(at=later), row()) == digest_of(mapper(), row())


def test_what_reading_found_in_a_row_is_part_of_it():
    doubted = row(problems=(Problem("CELL_DATE", "a date", column="Mobile"),))
    assert digest_of(mapper(), doubted) != digest_of(mapper(), row())


def test_other_code_makes_other_rows(monkeypatch):
    before = digest_of(mapper(), row())
    monkeypatch.setattr(fingerprints, "code_version", lambda: "another")
    assert digest_of(mapper(), row()) != before


_VERSION = "from bulk_import.jobs import fingerprints; {}; print(fingerprints.code_version())"


@pytest.mark.slow
def test_the_code_is_that_which_was_loaded_not_that_of_an_update_since(tmp_path):
    package = Path(fingerprints.__file__).parents[1]
    shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    updated = tmp_path / package.name / "normalize" / "phones.py"
    update = f"open({str(updated)!r}, 'a').write('# another')"
    before, during, after = (
        subprocess.run(
            [sys.executable, "-c", _VERSION.format(first)],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        ).stdout
        for first in ("pass", update, "pass")
    )  # fmt: skip
    assert before == during
    assert after != before


def test_the_code_is_that_of_all_rules_and_libraries():
    names = {path.relative_to(Path(fingerprints.__file__).parents[1]).as_posix()
             for path in fingerprints.rule_files()}  # fmt: skip
    assert {"mapping/rows.py", "normalize/phones.py", "normalize/data/names.tsv", "api/form.py",
            "run/judges.py", "models.py"} <= names  # fmt: skip
    made_with = {name for name, _ in fingerprints.libraries()}
    assert {"phonenumbers", "email-validator", "idna", "tzdata", "rapidfuzz"} <= made_with


def test_order_comments_and_unmapped_columns_do_not_matter():
    header = (*reversed(HEADER), "Notes")
    same = row((*reversed(CELLS), "whatever"), header, number=90)
    other = mapper(f"# a comment\n{MAPPING}", header)
    assert digest_of(other, same) == digest_of(mapper(), row())


def test_an_address_that_the_dns_is_asked_about_is_never_recognized():
    asking = MAPPING.replace(
        "lead_email: E-mail", "lead_email: {column: E-mail, deliverability: true}"
    )
    assert digester(mapper(asking)) is None


def test_cells_that_hold_what_stands_between_cells_are_not_taken_for_others():
    """Of a row of two columns, a zero byte can be within either: those are two different rows."""
    text = "version: 1\nfields: {lead_email: A, lead_first_name: B}\n"
    made = digester(RowMapper(bind(parse_mapping(text, "m"), ["A", "B"])))
    rows = [
        ("a", "b\0c"),
        ("a\0b", "c"),
        ("a", "bc"),
        ("a\0", "bc"),
        ("a", "\0bc"),
        ("a\0b\0c", ""),
    ]
    for others in ([], [("x", "y")]):  # alone, and among ordinary ones
        picked = [*others, *rows, *others]
        read = [Row("a.csv", "", 2, dict(zip("AB", cells, strict=True))) for cells in picked]
        assert len(set(made.digests(read, picked))) == len(set(picked))


TEXTS = st.one_of(
    st.sampled_from(["", " ", "a", "b", "a\0b", "\0", "(", "('a', ())", "ann@example.org", "no"]),
    st.text(max_size=4),
)
ROWS = st.tuples(*[TEXTS] * 3)
PROBLEMS = st.lists(
    st.builds(Problem, st.sampled_from(["A", "B"]), TEXTS, column=st.sampled_from(["", "E-mail"])),
    max_size=1,
).map(tuple)


@profile(deadline=None)
@given(st.tuples(ROWS, PROBLEMS), st.tuples(ROWS, PROBLEMS))
def test_no_two_rows_are_taken_for_one(one, other):
    header = ("E-mail", "Name", "Consent")
    text = "version: 1\nfields: {lead_email: E-mail, lead_first_name: Name}\n" + (
        'skip: [{column: Consent, values: ["no"]}]\n'
    )
    digests = [
        digest_of(mapper(text, header), row(cells, header, problems=problems))
        for cells, problems in (one, other)
    ]
    assert (digests[0] == digests[1]) is (one == other)


CHANGES = (
    ("phone_region: US", "phone_region: RU"),
    ("part: first", "part: last"),
    ("dst: current", "dst: standard"),
    ("always: [nightly]", "always: [weekly]"),
    ('separator: ";"', 'separator: ","'),
    ("skip:", "only:"),
    ("lead_personal_manager: Manager", "lead_personal_manager: {column: Manager, blank: clear}"),
    ("region_from: Country", "region_from: Country, bad_value: drop_field"),
)
MAPPED = st.lists(st.sampled_from(CHANGES), max_size=3, unique=True)
SOME_CELLS = st.tuples(
    st.sampled_from(["ann@example.org", "bob@example.org", "nobody", ""]),
    st.sampled_from(["415 555 2671", "+7 912 345 67 89", "12", ""]),
    st.sampled_from(["US", "RU", ""]),
    st.sampled_from(["Ann Lee", "Lee Ann", "", "#REF!"]),
    st.sampled_from(["Europe/Berlin", "+03", "x", ""]),
    st.sampled_from(["vip;new", "vip,new", ""]),
    st.sampled_from(["Newsletter", "Super", "Other", ""]),
    st.sampled_from(["Vera", "101", ""]),
    st.sampled_from(["yes", "no", ""]),
    st.sampled_from(["17", ""]),
)
ACCOUNTS = st.fixed_dictionaries(
    {
        "lists": st.sampled_from([LISTS, {**LISTS, "Newsletter": ("super",)}]),
        "managers": st.sampled_from([MANAGERS, {"Vera": "102"}]),
        "at": st.sampled_from([SUMMER, WINTER]),
    }
)
NIGHTS = st.tuples(MAPPED, ACCOUNTS, SOME_CELLS)


def judged(changes: Iterable[tuple[str, str]], account: Any, cells: Any) -> tuple[bytes, Judgement]:
    text = MAPPING
    for before, after in changes:
        text = text.replace(before, after, 1)
    mapped = mapper(text, **account)
    return digest_of(mapped, row(cells)), judge(mapped.record(row(cells)), SuppressionList())


@profile(deadline=None)
@given(NIGHTS, NIGHTS, st.booleans(), st.booleans())
def test_rows_with_one_digest_have_one_payload(one, other, same_mapping, same_cells):
    other = (one[0] if same_mapping else other[0], other[1], one[2] if same_cells else other[2])
    (digest, first), (other_digest, second) = judged(*one), judged(*other)
    if digest == other_digest:
        assert first == second
    if first != second:
        assert digest != other_digest


# -- whole nights ---------------------------------------------------------------------------------

COLUMNS = ("E-mail", "Name", "Tags", "Zone", "Consent", "City")
PEOPLE = st.tuples(
    st.sampled_from(["a@example.org", "b@example.org", "B@Example.org", "c@example.org",
                     "d.d@gmail.com", "dd@gmail.com", "nobody", ""]),
    st.sampled_from(["Ann", "Bob", "", "#REF!", "None", "None", "Null "]),  # a word, or missing
    st.sampled_from(["vip", "vip;new", "new", "VIP", "New", "None", "#REF!", ""]),  # look-alikes
    st.sampled_from(["+03", "Europe/Berlin", "x", ""]),
    st.sampled_from(["yes", "yes", "yes", "no", ""]),
    st.sampled_from(["Rome", "", "", "None", "M\u00c3\u00bcnchen"]),
)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """What a night is like besides its rows."""

    duplicate: str = "send"
    no_email: str = "refuse"
    bad_value: str = "refuse_row"
    blank: str = "omit"
    skips: bool = True
    mirror: bool = False
    dst: str = "standard"
    on_missing: bool = True
    always: str = "Newsletter"
    suppressed: frozenset[str] = frozenset()
    corrected: bool = False
    encoding: str = "utf-8"
    delimiter: str = ","
    reversed_columns: bool = False
    newsletter: str = "1473249885.2899961004"
    refused: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    full: bool = False
    report_all: bool = False

    def mapping(self) -> str:
        return "\n".join(
            filter(
                None,
                [
                    "version: 1",
                    "fields:",
                    "  lead_email: E-mail",
                    "  lead_first_name: Name",
                    "  lead_shipping_city: City",
                    f"  lead_utc: {{column: Zone, dst: {self.dst}}}",
                    f'  add_tags: {{column: Tags, separator: ";", mirror: {str(self.mirror).lower()}}}',
                    f"  add_to_lists: {{always: [{self.always}]}}",
                    f"when: {{duplicate: {self.duplicate}, no_email: {self.no_email}, "
                    f"bad_value: {self.bad_value}, blank: {self.blank}}}",
                    'skip: [{column: Consent, values: ["no"]}]' if self.skips else "",
                    "on_missing: {add_tags: [gone]}" if self.on_missing else "",
                    "suppress: [stop.csv]" if self.suppressed else "",
                ],
            )
        )


ADDRESSES = ["a@example.org", "b@example.org", "c@example.org", "d.d@gmail.com"]
SOME = st.frozensets(st.sampled_from(ADDRESSES), max_size=2)
SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "duplicate": st.sampled_from(["send", "first", "last", "merge", "refuse"]),
    "no_email": st.sampled_from(["refuse", "create"]),
    "bad_value": st.sampled_from(["refuse_row", "drop_field"]),
    "blank": st.sampled_from(["omit", "clear"]),
    "skips": st.booleans(),
    "mirror": st.booleans(),
    "dst": st.sampled_from(["standard", "current"]),
    "on_missing": st.booleans(),
    "always": st.sampled_from(["Newsletter", "Super"]),
    "suppressed": SOME,
    "corrected": st.booleans(),
    "encoding": st.sampled_from(["utf-8", "utf-16"]),
    "delimiter": st.sampled_from([",", ";"]),
    "reversed_columns": st.booleans(),
    "newsletter": st.sampled_from(["1473249885.2899961004", "1600000000.1"]),
    "refused": SOME,
    "lost": SOME,
    "full": st.booleans(),
    "report_all": st.booleans(),
}


@dataclass
class Night:
    rows: list[tuple[str, ...]]
    setting: Setting
    corrections: list[tuple[int, str, str, str]] = field(default_factory=list)


@st.composite
def _some_nights(draw: st.DrawFn) -> list[Night]:
    """Three or four nights; each is the one before it with a few changes."""
    rows = draw(st.lists(PEOPLE, min_size=1, max_size=8))
    setting = Setting(
        **{name: draw(SETTINGS[name]) for name in draw(st.sets(st.sampled_from(sorted(SETTINGS)), max_size=5))}
    )  # fmt: skip
    found = [_night(draw, rows, setting)]
    for _ in range(draw(st.integers(2, 3))):
        rows = list(rows)
        for _ in range(draw(st.integers(0, 2))):
            at = draw(st.integers(0, len(rows)))
            match draw(st.sampled_from(["change", "change", "add", "remove", "again"])):
                case "change" if at < len(rows):
                    cell = draw(st.integers(0, len(COLUMNS) - 1))
                    rows[at] = (*rows[at][:cell], draw(PEOPLE)[cell], *rows[at][cell + 1 :])
                case "remove" if at < len(rows) > 1:
                    del rows[at]
                case "again" if at < len(rows):
                    rows.append(rows[at])
                case _:
                    rows.insert(at, draw(PEOPLE))
        changed = draw(st.sets(st.sampled_from(sorted(SETTINGS)), max_size=2))
        setting = replace(setting, **{name: draw(SETTINGS[name]) for name in sorted(changed)})
        found.append(_night(draw, rows, setting))
    return found


def _night(draw: st.DrawFn, rows: list[tuple[str, ...]], setting: Setting) -> Night:
    if not setting.corrected:
        return Night(rows, setting)
    at = draw(st.integers(0, len(rows) - 1))
    column = draw(st.integers(0, len(COLUMNS) - 1))
    return Night(rows, setting, [(at + 2, COLUMNS[column], rows[at][column], draw(PEOPLE)[column])])


def _write(folder: Path, night: Night, at: int) -> Path:
    setting = night.setting
    source = folder / "export.csv"
    places = range(len(COLUMNS))
    order = list(reversed(places)) if setting.reversed_columns else list(places)
    with source.open("w", encoding=setting.encoding, newline="") as file:
        writer = csv.writer(file, delimiter=setting.delimiter)
        writer.writerows([[line[place] for place in order] for line in (COLUMNS, *night.rows)])
    os.utime(source, (1_800_000_000 + at,) * 2)
    edits = folder / "export.corrections.csv"
    edits.unlink(missing_ok=True)
    if night.corrections:
        with edits.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["sheet", "row", "column", "before", "after"])
            writer.writerows(["", *edit] for edit in night.corrections)
    if setting.suppressed:
        (folder / "stop.csv").write_text("\n".join(["E-mail", *sorted(setting.suppressed)]) + "\n")
    (folder / "m.yml").write_text(setting.mapping(), "utf-8")
    return source


class Told(Silence):
    """Keeps what a night says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, message: str) -> None:
        self.lines.append(message)


async def _outcome(folder: Path, sandbox: Sandbox, night: Night, at: int, *, slow: bool) -> Any:
    """Everything that anybody can see of a night."""
    setting = night.setting
    bad = {address: Reply(code=3, text="no") for address in setting.refused} | {
        address: Reply(status=502) for address in setting.lost
    }
    sandbox.script = lambda _number, form: bad.get(form.get("lead_email", "").lower())
    lists = dict(sandbox.account.lists)
    sandbox.account.lists = {  # the newsletter may have become another list
        (setting.newsletter if title == "Newsletter" else number): title
        for number, title in lists.items()
    }
    source = _write(folder, night, at)
    before = len(sandbox.sent())
    options = SyncOptions(
        folder / "job.state", full=setting.full, report_all=setting.report_all, judge_all=slow
    )
    settings = Settings(
        endpoint=sandbox.url, api_key=Secret(sandbox.key), rate=0, concurrency=1, max_attempts=1,
        run_dir=folder / f"run{at}", state_dir=folder / "locks",
    )  # fmt: skip
    told = Told()
    try:
        summary = await sync_night(
            source, load_mapping(folder / "m.yml"), settings, options, progress=told
        )
    except Exception as exc:  # noqa: BLE001 - both must end alike
        return type(exc).__name__, str(exc).replace(str(folder), "")
    assert summary.balanced
    with State.open(folder / "job.state") as state:
        known = state.db.execute(
            "select key, digest, presence from contact order by key"
        ).fetchall()
    return {
        "sent": [request.form for request in sandbox.sent()[before:]],
        "said": [line.replace(str(folder), "") for line in told.lines],
        "counts": summary.counts,
        "exit": (summary.exit_code, summary.stopped),
        "report": [
            [
                line[name].replace(str(folder), "")
                for name in ("row", "contact", "status", "error_code", "message", "warnings")
            ]
            for line in report_of(folder / f"run{at}")
        ],
        "state": known,
    }


async def _both(nights: Sequence[Night]) -> None:
    async with AsyncExitStack() as stack:
        worlds = []
        for name in ("fast", "slow"):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"night-{name}-")))
            worlds.append((folder, await stack.enter_async_context(Sandbox())))
        for at, night in enumerate(nights):
            fast, slow = [
                await _outcome(folder, sandbox, night, at, slow=is_slow)
                for (folder, sandbox), is_slow in zip(worlds, (False, True), strict=True)
            ]
            assert fast == slow


def _checked(examples: int) -> Callable[[Any], Any]:
    """Check a number of examples; one that fails is shown as it was found: shrinking takes minutes."""
    return profile(
        max_examples=examples,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


def _people(*changes: tuple[int, str, str], number: int = 12) -> list[tuple[str, ...]]:
    """Contacts of whom nothing is remarkable; then (row, column, text)."""
    people = [
        [f"p{at}@example.org", "Ann", "vip", "+03", "yes", "Rome"] for at in range(number)
    ]  # fmt: skip
    for at, column, text in changes:
        people[at][COLUMNS.index(column)] = text
    return [tuple(one) for one in people]


# Rows of the first night, and what changes in the second: its verdict depends on rows that do not.
NEIGHBOURS = {
    "a name in few rows, then in a row more": (
        [(1, "Name", "None"), (2, "Name", "None"), (3, "Name", "None")],
        [(11, "Name", "None")],
    ),
    "a name in many rows, then in a row less": (
        [(at, "Name", "Null") for at in (1, 2, 3, 4, 11)],
        [(2, "Name", "Ann")],
    ),
    "a name, then in another column of its row too": (
        [(1, "Name", "None"), (2, "Name", "None")],
        [(2, "City", "None")],
    ),
    "a tag that is written otherwise in a row before": (
        [(1, "Tags", "VIP"), (5, "Tags", "new")],
        [(7, "Tags", "New;Vip")],
    ),
    "a tag that is written otherwise only in a row after": (
        [(9, "Tags", "New")],
        [(7, "Tags", "new"), (8, "Name", "Bob")],
    ),
    "a tag of a row before that was dropped as damaged": (
        [(3, "Tags", "new;#REF!"), (4, "Tags", "#REF!")],
        [(7, "Tags", "New")],
    ),
    "a contact that is in two rows": ([(5, "E-mail", "p1@example.org")], [(5, "Name", "Bob")]),
    "a contact that comes into a second row": ([], [(11, "E-mail", "p1@example.org")]),
    "a contact that says no in a second row": (
        [],
        [(11, "E-mail", "p1@example.org"), (11, "Consent", "no")],
    ),
    "a contact that says no in a second row, under another spelling": (
        [(1, "E-mail", "p1@b\u00fccher.example")],
        [(11, "E-mail", "p1@xn--bcher-kva.example"), (11, "Consent", "no")],
    ),
    "a contact that says no in a cell that is refused": (
        [],
        [(11, "E-mail", "p1@example.org (unsubscribed)")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_a_row_is_judged_with_those_beside_it_that_are_recognized(name):
    before, after = NEIGHBOURS[name]
    setting = Setting(bad_value="drop_field" if "dropped" in name else "refuse_row")
    first, second = _people(*before), _people(*before, *after)
    asyncio.run(_both([Night(one, setting) for one in (first, second, first)]))


async def test_what_a_column_shows_is_said_though_its_rows_are_recognized(
    tmp_path, sandbox, settings
):
    source = tmp_path / "export.csv"
    zips = ["1000" if at == 7 else f"{10_000 + at}" for at in range(30)]
    lines = [f"p{at}@example.org,{code}" for at, code in enumerate(zips)]
    source.write_text("\n".join(["E-mail,Zip", *lines, ""]))
    mapping = parse_mapping(
        "version: 1\nfields: {lead_email: E-mail, lead_shipping_zip: Zip}", "m.yml"
    )
    for at in range(2):
        told = Told()
        summary = await sync_night(
            str(source), mapping, settings(sandbox, run_dir=tmp_path / f"run{at}"),
            SyncOptions(tmp_path / "job.state"), progress=told,
        )  # fmt: skip
        assert any("1 codes have 4 digits, 29 others have 5" in line for line in told.lines)
    assert summary.counts[Status.UNCHANGED] == 30


MIRRORED = """version: 1
fields:
  lead_email: E-mail
  lead_utc: Zone
  add_tags: {column: Tags, always: [nightly], mirror: true}
"""


async def test_a_night_after_an_update_keeps_only_the_rows_that_have_changed(
    tmp_path, sandbox, settings, monkeypatch
):
    source = tmp_path / "export.csv"

    async def night(at: int, changed: str) -> tuple[dict[Status, int], int]:
        lines = [f"p{at}@example.org,vip,+03" for at in range(20)]
        source.write_text("\n".join(["E-mail,Tags,Zone", *lines, changed, ""]))
        summary = await sync_night(
            str(source), parse_mapping(MIRRORED, "m.yml"),
            settings(sandbox, run_dir=tmp_path / f"run{at}"), SyncOptions(tmp_path / "job.state"),
        )  # fmt: skip
        with Journal.open(tmp_path / f"run{at}" / "journal.sqlite3") as journal:
            return {
                key: rows for key, rows in summary.counts.items() if rows
            }, journal.count_records()

    assert await night(1, "ann@example.org,new,+03") == ({Status.SUCCESS: 21}, 21)
    monkeypatch.setattr(fingerprints, "code_version", lambda: "another")
    changed = "ann@example.org,old,+03"
    assert await night(2, changed) == ({Status.SUCCESS: 1, Status.UNCHANGED: 20}, 1)
    assert sandbox.sent()[-1].form["remove_tags"] == "new"
    assert await night(3, changed) == ({Status.UNCHANGED: 21}, 0)


def test_contacts_with_several_rows_are_found_without_comparing_all_rows_with_all_others(tmp_path):
    with (
        State.open(tmp_path / "job.state") as state,
        Journal.create(tmp_path / "journal.sqlite3") as journal,
    ):
        state.confirm(Known(f"p{at}@example.org", "x", 1, "") for at in range(2000))
        sieve = Sieve(state)
        state.db.execute("insert into temp.seen (id) select id from contact")
        state.db.execute(
            "insert into temp.kept (seq, key)"
            " select id, case id when 7 then key else 'new' || key end from contact"
        )
        thousands_of_steps = []
        state.db.set_progress_handler(lambda: thousands_of_steps.append(1), 1000)
        assert sieve.needs_another_reading(journal)
        state.db.set_progress_handler(None, 0)
        assert state.db.execute("select id from temp.contested").fetchall() == [(7,)]
    assert len(thousands_of_steps) < 200  # 2,000 times 2,000 would be 4,000 of them at least


ALL = frozenset(range(40))
MOST = st.frozensets(st.sampled_from(sorted(ALL)), max_size=8).map(ALL.difference)
ANY_ORDER = st.lists(st.sampled_from(sorted(ALL)), max_size=40)
IN_ORDER = st.tuples(MOST, st.lists(st.sampled_from(sorted(ALL)), max_size=2)).map(
    lambda drawn: sorted([*drawn[0], *drawn[1]])
)


@profile(deadline=None)
@given(MOST | ANY_ORDER.map(frozenset), IN_ORDER | ANY_ORDER, st.integers(1, 12), st.booleans())
def test_the_same_rows_are_recognized_in_whatever_order_they_come(known, lines, size, is_listed):
    header = ("E-mail", "Name")
    text = "version: 1\nfields: {lead_email: E-mail, lead_first_name: Name}\n"
    rows = [
        row((f"p{one}@example.org", "Ann"), header, number=at + 2) for at, one in enumerate(lines)
    ]
    with tempfile.TemporaryDirectory() as name, State.open(Path(name) / "job.state") as state:
        mapped = mapper(text, header)
        state.confirm(
            Known(one.cells["E-mail"], "x", 1, "", cells=digest_of(mapped, one))
            for number in sorted(known)
            for one in [row((f"p{number}@example.org", "Ann"), header)]
        )
        stop = Path(name) / "stop.csv"
        stop.write_text("E-mail\np3@example.org\n")
        listed = SuppressionList.load([(stop, SuppressSpec(file="stop.csv"))] if is_listed else [])
        sieve, detector = Sieve(state), DamageDetector(mapped.roles)
        left: list[Row] = []
        for at in range(0, len(rows), size):
            left += sieve.unknown(1, mapped, detector, rows[at : at + size], listed)
        seen = state.db.execute(
            "select key, twice from temp.seen join contact using (id)"
        ).fetchall()
    let_go = Counter(one for one in lines if one in known and not (is_listed and one == 3))
    assert [one.number for one in left] == [
        at + 2 for at, one in enumerate(lines) if one not in let_go
    ]
    assert dict(seen) == {f"p{one}@example.org": int(times > 1) for one, times in let_go.items()}


SPELLINGS = st.sampled_from(["vip", "VIP", "Vip;new", "new", "NEW", "old", "Old", "", "#REF!"])


def _detector() -> DamageDetector:
    return DamageDetector(mapper().roles)


@profile(deadline=None)
@given(st.lists(st.tuples(SPELLINGS, st.booleans()), max_size=30), st.integers(1, 4))
def test_tags_are_compared_with_those_of_rows_before_whether_judged_or_not(lines, most):
    rows = [
        row((f"p{at}@example.org", *CELLS[1:5], tags, *CELLS[6:]), number=at + 2)
        for at, (tags, _) in enumerate(lines)
    ]
    of_all = mapper()
    slow = [judge(of_all.record(one), SuppressionList()) for one in _detector().watched(rows)]
    with tempfile.TemporaryDirectory() as name, State.open(Path(name) / "job.state") as state:
        state.confirm(
            Known(f"p{at}@example.org", "x", 1, "", cells=digest_of(of_all, one))
            for at, (one, (_, is_known)) in enumerate(zip(rows, lines, strict=True))
            if is_known
        )
        sieve, of_some, detector = Sieve(state, most_told=most), mapper(), _detector()
        left: list[Row] = []
        for at in range(0, len(rows), 10):
            chunk = rows[at : at + 10]
            left += sieve.unknown(1, of_some, detector, chunk, SuppressionList())
    assert {one.number for one in left} >= {
        one.number for one, (_, is_known) in zip(rows, lines, strict=True) if not is_known
    }
    for one in left:
        assert judge(of_some.record(one), SuppressionList()) == slow[one.number - 2]


@pytest.mark.timeout(600)
@_checked(4)
@given(_some_nights())
def test_a_night_that_recognizes_rows_comes_to_what_a_slow_one_comes_to(nights):
    asyncio.run(_both(nights))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@_checked(60)
@given(_some_nights())
def test_many_nights_that_recognize_rows_come_to_what_slow_ones_come_to(nights):
    asyncio.run(_both(nights))
