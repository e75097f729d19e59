"""Columns and fields side by side: what a column holds, what it feeds, and what becomes of its cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bulk_import.api.fields import FIELDS, Field, Kind
from bulk_import.errors import MappingError, Message, SetupError
from bulk_import.jobs.keeping_back import never_sent
from bulk_import.jobs.projects import Project
from bulk_import.jobs.proposing import proposed_text
from bulk_import.mapping.binding import bind
from bulk_import.mapping.editing import Change, edited
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.schema import FieldRule
from bulk_import.mapping.suggesting import Proposal, Suggestion, suggest
from bulk_import.mapping.suggesting.contents import ROWS_LOOKED_AT, contents_of
from bulk_import.mapping.suggesting.naming import order_to_state
from bulk_import.mapping.suggesting.proposal import separator_in
from bulk_import.models import Problem, Row
from bulk_import.run.inputs import options_of
from bulk_import.sources import SourceOptions, open_source
from bulk_import.texts.fields import FIELD_NAMES

FULL_NAME = "full_name"
_PARTS = {"first": "lead_first_name", "middle": "lead_middle_name", "last": "lead_last_name"}
_READING = ("sheet", "header_row", "encoding", "delimiter", "member")
_ROWS = 500  # that are looked at
_SAMPLES = 6
_PREVIEWS = 8
_LONGEST = 120
GROUPS: Mapping[str, tuple[str, ...]] = {
    "contact": ("lead_email", FULL_NAME, "lead_first_name", "lead_middle_name", "lead_last_name",
                "lead_phone", "lead_utc", "lead_description", "lead_personal_manager"),
    "tags and lists": ("add_tags", "remove_tags", "add_to_lists", "remove_from_lists"),
    "shipping address": tuple(name for name in FIELDS if name.startswith("lead_shipping")),
    "billing address": tuple(name for name in FIELDS if name.startswith("lead_billing")),
    "social profiles": tuple(n for n, field in FIELDS.items() if field.kind is Kind.SOCIAL),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Became:
    """What becomes of one cell.

    Attributes:
        values: (field, value) of what is sent.
        problems: What is wrong or doubtful with it.
    """

    raw: str
    values: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]

    @property
    def is_refused(self) -> bool:
        return any(problem.is_error for problem in self.problems)


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column of the spreadsheet.

    Attributes:
        filled: Share of the rows looked at, 0 to 1.
        feeds: Fields that the mapping makes of it; ``full_name`` for its three parts.
        suggestion: What it probably is.
    """

    name: str
    filled: float
    samples: tuple[str, ...]
    feeds: tuple[str, ...]
    suggestion: Suggestion | None
    became: tuple[Became, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """Everything that the page of columns shows.

    Attributes:
        trouble: Why the mapping does not fit the spreadsheet; nothing when it does.
        rules: Field -> its rule, as the mapping has it.
    """

    columns: tuple[ColumnView, ...]
    rules: Mapping[str, FieldRule]
    mapping: ColumnMapping | None
    notes: tuple[Problem, ...]
    trouble: tuple[str, ...]
    rows: int
    questions: tuple[str, ...] = ()


def look(project: Project) -> Match:
    """Look at the first rows of a project's spreadsheet through its mapping.

    Raises:
        SourceError: The spreadsheet cannot be read.
    """
    mapping, trouble = _mapping(project)
    header, rows, notes = _first_rows(project.source, mapping)
    proposal = suggest(header, rows)
    suggested = {s.column: s for s in _suggestions(proposal)}
    mapper = None
    if mapping is not None:
        try:
            mapper = RowMapper(bind(mapping, header))
        except MappingError as exc:
            trouble = tuple(map(str, exc.problems))
    feeds = _feeds(mapping, header)
    columns = tuple(
        ColumnView(
            name,
            _filled(rows, name),
            _samples(rows, name),
            feeds.get(name, ()),
            suggested.get(name),
            _became(mapper, rows, name) if mapper is not None and feeds.get(name) else (),
        )
        for name in header
    )
    rules = mapping.spec.fields if mapping is not None else {}
    return Match(columns, rules, mapping, notes, trouble, len(rows), tuple(proposal.questions))


def assign(project: Project, column: str, field: str) -> None:
    """Let a column feed a field instead of what it fed; an empty *field*: nothing.

    Raises:
        SetupError: There is no such field, or the mapping would be left without any.
    """
    mapping = project.mapping()
    if field and field not in FIELDS and field != FULL_NAME:
        raise SetupError(Message("there is no field {field!r}", field=field))
    changes = [*_released(mapping, column, keep=field)]
    if field == FULL_NAME:
        changes += _whole_names(project.source, mapping, column)
    elif field:
        options = _options(project.source, mapping, column, field)
        changes += _taken(mapping, column, field, options)
    project.change_mapping(changes, _assigned(column, field))


def _assigned(column: str, field: str) -> Message:
    if not field:
        return Message("{column} is not sent", column=column)
    return Message("{column} is sent as {field}", column=column, field=Message(title_of(field)))


def set_option(project: Project, path: Sequence[str], value: str) -> None:
    """Set one option of the mapping, ``fields.lead_phone.region_from``; empty removes it.

    Lists are given one a line, several separators with a space between them.

    Raises:
        MappingError: It does not fit.
    """
    put = _put(path[-1], value)
    paths = _with_siblings(project.mapping(), tuple(path))
    label = Message("option {path}", path=".".join(path))
    project.change_mapping([Change(one, put) for one in paths], label)


def never_send(project: Project, file: Path) -> None:
    """Add a list of people who must not be written to.

    Raises:
        MappingError: It cannot be read, or an entry is not understood: it would not be honoured.
    """
    never_sent([file])
    known = [spec.file for spec in project.mapping().spec.suppress]
    label = Message("people of {name} are never sent", name=file.name)
    project.change_mapping([Change(("suppress",), [*known, str(file)])], label)


def _put(option: str, value: str) -> str | list[str] | None:
    if option in ("always", "suppress"):
        return [line.strip() for line in value.splitlines() if line.strip()] or None
    if option == "separator" and len(value.split()) > 1:
        return value.split()
    return value or None


def read_as(project: Project, answers: Mapping[str, str]) -> None:
    """Read the spreadsheet as a person says, and propose its columns again; it can be undone.

    Args:
        answers: ``encoding``, ``delimiter``, ``sheet``, ``header_row``, ``member``; empty = detected.

    Raises:
        SetupError: It cannot be read that way; the mapping stays.
    """
    given = {name: text.strip() for name, text in answers.items() if text.strip()}
    row = given.get("header_row", "")
    if row and not (row.isascii() and row.isdigit() and int(row)):
        raise SetupError("the row of the header is a number from 1")
    options = SourceOptions(
        sheet=given.get("sheet"),
        header_row=int(row) if row else None,
        encoding=given.get("encoding"),
        delimiter=given.get("delimiter"),
        member=given.get("member"),
    )
    text = proposed_text(project.source, options)
    changes = [Change(("source", name), given[name]) for name in _READING if name in given]
    project.write_mapping(edited(text, changes), Message("how the file is read"))


def set_value(project: Project, field: str, cell: str, meant: str) -> None:
    """Say what a cell's text means in a field; an empty *meant* forgets it."""
    if not cell:
        raise SetupError("say which text of a cell is meant")
    path = ("fields", field, "values", cell)
    label = Message("{cell} means {meant}", cell=cell, meant=meant)
    project.change_mapping([Change(path, meant or None)], label)


def set_rule(project: Project, section: str, column: str, values: Sequence[str]) -> None:
    """Set the rows that are left out (``skip``) or the only ones sent (``only``) by a column."""
    if section not in ("skip", "only"):
        raise SetupError(Message("there is no rule {section!r}", section=section))
    rules = [
        {"column": list(rule.column), "values": list(rule.values), "because": rule.because}
        for rule in getattr(project.mapping().spec, section)
        if column not in rule.column
    ]
    if values:
        rules.append({"column": [column], "values": list(values), "because": ""})
    slim = [{key: item for key, item in rule.items() if item} for rule in rules]
    label = Message("rule of {column}", column=column)
    project.change_mapping([Change((section,), slim or None)], label)  # type: ignore[arg-type]


def title_of(field: str) -> str:
    """Return what a field is called for people."""
    return FIELD_NAMES.get(field, field)


def kind_of(field: str) -> Kind:
    """Return what a field holds."""
    return FIELDS.get(field, Field(field, Kind.TEXT, field)).kind


def _mapping(project: Project) -> tuple[ColumnMapping | None, tuple[str, ...]]:
    try:
        return project.mapping(), ()
    except MappingError as exc:
        return None, tuple(map(str, exc.problems))


def _first_rows(
    source: Path, mapping: ColumnMapping | None, most: int = _ROWS
) -> tuple[tuple[str, ...], list[Row], tuple[Problem, ...]]:
    known = mapping.for_sources([str(source)]) if mapping is not None else None
    options = [options_of(known)] if known is not None else []
    with open_source(source, *options) as opened:
        rows = list(islice(opened, most))
        return opened.header, rows, tuple(opened.problems)


def _suggestions(proposal: Proposal) -> Iterator[Suggestion]:
    for found in proposal.fields.values():
        yield from found
    yield from proposal.unmapped


def _feeds(mapping: ColumnMapping | None, header: Iterable[str]) -> dict[str, tuple[str, ...]]:
    feeds: dict[str, list[str]] = {}
    for name, rule in mapping.spec.fields.items() if mapping is not None else ():
        for column in _columns_of(rule, tuple(header)):
            feeds.setdefault(column, []).append(name)
    parts = set(_PARTS.values())
    for column, names in feeds.items():
        if parts <= set(names):
            feeds[column] = [FULL_NAME, *(n for n in names if n not in parts)]
    return {column: tuple(names) for column, names in feeds.items()}


def _columns_of(rule: FieldRule, header: Sequence[str]) -> list[str]:
    if rule.template:
        return [column for column in header if f"{{{column}}}" in rule.template]
    folded = {_folded(column): column for column in header}
    found = [folded.get(_folded(name), "") for name in (*rule.column, *rule.columns)]
    return [column for column in dict.fromkeys(found) if column]


def _folded(column: str) -> str:
    return " ".join(column.casefold().split())


def _released(mapping: ColumnMapping, column: str, *, keep: str) -> Iterator[Change]:
    """Take a column away from the fields that it feeds."""
    for name, rule in mapping.spec.fields.items():
        if name == keep or column not in _columns_of(rule, [column]):
            continue
        for key in ("column", "columns"):
            named = list(getattr(rule, key))
            left = [one for one in named if _folded(one) != _folded(column)]
            if named and not left:
                path = ("fields", name) if not rule.always else ("fields", name, key)
                yield Change(path, None)
            elif named != left:
                yield Change(("fields", name, key), left)


def _options(source: Path, mapping: ColumnMapping, column: str, field: str) -> Mapping[str, str]:
    """What a proposal would say of the column besides its name: what separates the tags in a cell."""
    if field not in GROUPS["tags and lists"]:
        return {}
    header, rows, _ = _first_rows(source, mapping, ROWS_LOOKED_AT)
    if column not in header:
        return {}
    sign = separator_in(contents_of(header, rows)[column])
    return {"separator": sign} if sign not in ("", ",") else {}


def _taken(
    mapping: ColumnMapping, column: str, field: str, options: Mapping[str, str]
) -> Iterator[Change]:
    """Give a column to a field, behind those that feed it if it can have several."""
    rule = mapping.spec.fields.get(field)
    if rule is None:
        yield Change(("fields", field), {"column": column, **options} if options else column)
        return
    known = _columns_of(rule, [*rule.column, *rule.columns])
    if column in known:
        return
    for key in ("value", "template", "part"):
        if getattr(rule, key):
            yield Change(("fields", field, key), None)
    several = kind_of(field) in (Kind.EMAIL, Kind.PHONE) and known and not rule.part
    if several and rule.model_fields_set == {"column"}:  # perhaps in the short form
        yield Change(("fields", field), {"columns": [*known, column]})
    elif several:
        yield Change(("fields", field, "column"), None)
        yield Change(("fields", field, "columns"), [*known, column])
    else:
        yield Change(("fields", field, "columns"), None)
        yield Change(("fields", field, "column"), column)
        if rule.separator is None:
            yield from (Change(("fields", field, name), said) for name, said in options.items())


def _whole_names(source: Path, mapping: ColumnMapping, column: str) -> Iterator[Change]:
    """Let a column of whole names feed their parts, in the order that its names show."""
    header, rows, _ = _first_rows(source, mapping, ROWS_LOOKED_AT)
    names = contents_of(header, rows)[column].values if column in header else ()
    order = order_to_state(names)
    stated = {"order": order} if order else {}
    for part, name in _PARTS.items():
        yield Change(("fields", name), {"column": column, "part": part, **stated})


def _with_siblings(mapping: ColumnMapping, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """An option of one part of a name that all parts of the same column share: its order."""
    yield path
    rule = mapping.spec.fields.get(path[1]) if path[::2] == ("fields", "order") else None
    if rule is not None:
        for name, other in mapping.spec.fields.items():
            if name != path[1] and other.part and other.column == rule.column:
                yield ("fields", name, "order")


def _filled(rows: Sequence[Row], column: str) -> float:
    return sum(bool(row.cells[column].strip()) for row in rows) / len(rows) if rows else 0.0


def _samples(rows: Sequence[Row], column: str) -> tuple[str, ...]:
    texts = (row.cells[column].strip()[:_LONGEST] for row in rows)
    return tuple(islice(dict.fromkeys(text for text in texts if text), _SAMPLES))


def _became(mapper: RowMapper, rows: Sequence[Row], column: str) -> tuple[Became, ...]:
    """What becomes of a column's cells: those with problems first, then others, each text once."""
    found: dict[str, Became] = {}
    for row in rows:
        raw = row.cells[column].strip()
        if not raw or raw in found:
            continue
        _, steps = mapper.explain(row)
        own = [
            step
            for step in steps
            if (column in step.columns and step.raw.strip() == raw)
            or (column in step.columns and len(step.columns) == 1)
        ]
        if not own:
            continue
        values = tuple((step.field, step.value) for step in own if step.value)
        problems = tuple(problem for step in own for problem in step.problems)
        found[raw] = Became(raw, values, problems)
        if len(found) >= 200:
            break
    ordered = sorted(found.values(), key=lambda one: (not one.is_refused, not one.problems))
    odd = [one for one in ordered if one.problems][: _PREVIEWS // 2]
    plain = [one for one in ordered if not one.problems][: _PREVIEWS - len(odd)]
    return (*plain, *odd)
