"""Changes to the mapping that repair refused rows or keep fields; each is tried before it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from bulk_import.api.fields import FIELDS
from bulk_import.errors import Message
from bulk_import.mapping.binding import bind
from bulk_import.mapping.editing import Change
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.mapping.repairs import repair_for
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.schema import FieldRule, MappingSpec
from bulk_import.mapping.suggesting.contents import contents_of
from bulk_import.mapping.suggesting.own_address import own_address
from bulk_import.mapping.suggesting.regions import REGIONS, regions_by_numbers, regions_of
from bulk_import.mapping.suggesting.writing import scalar
from bulk_import.models import Problem, Record, Row

JOINED = "TAG_SEPARATOR"  # the warning of a tag that looks like several
_EMAIL = "lead_email"
_DROP = "drop_field"
_SEPARATOR = "separator"
_WITH_SEPARATOR = frozenset({"add_tags", "remove_tags", "add_to_lists", "remove_from_lists"})
_SEPARATORS = (",", ";", "|", ":::", "/", "\n")
_COUNTRIES = 300  # spellings: a column with more is not of countries, and is not asked about
_MOSTLY = 0.9  # of the cells of a column of countries are countries
_TOGETHER = 1000  # rows that are mapped together
_WITHOUT_FIELD = frozenset({"EMAIL_MISSING", "ROW_RAGGED", "ROW_TOTALS"})


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that was tried.

    Attributes:
        edit: The change of the mapping.
        code: Of the problem that it is meant for.
        rows: Rows refused with that problem; of a warning, rows that have it.
        repaired: How many of them the change makes valid, or rids of the warning.
        costs: What the change loses, if anything.
        also: Changes that belong to it, in other fields.
        looked_at: Set where the rows are sent without the field: rows of the file that it was tried on.
    """

    edit: Change
    code: str
    rows: int
    repaired: int
    costs: str = ""
    also: tuple[Change, ...] = ()
    looked_at: int = 0

    @property
    def change(self) -> str:
        """What to write into the mapping, as ``path: value``, several separated by ``; ``."""
        return "; ".join(map(_as_text, (self.edit, *self.also)))

    @property
    def effect(self) -> str:
        """What it does to the rows, with their numbers."""
        if self.code == "NAME_NOT_SPLIT":
            return f"splits {self.repaired:,} of {self.rows:,} names with {self.code}"
        if self.looked_at:
            return (
                f"keeps the field in {self.repaired:,} of {self.rows:,} rows with {self.code} "
                f"(of the first {self.looked_at:,} rows)"
            )
        return f"makes {self.repaired:,} of {self.rows:,} rows with {self.code} valid"


def _as_text(edit: Change) -> str:
    value = edit.value
    shown = scalar(value) if isinstance(value, str) else f"[{', '.join(map(scalar, value or ()))}]"
    return f"{'.'.join(edit.path)}: {shown}"


@dataclass(frozen=True, slots=True)
class _Candidate:
    edit: Change
    code: str
    mapping: ColumnMapping
    costs: str = ""


def tested_fixes(
    mapping: ColumnMapping,
    header: Sequence[str],
    refused: Sequence[Record],
    joined: Sequence[Record],
) -> list[Fix]:
    """Return what repairs some of the *refused* rows of a file, the most useful first.

    Args:
        header: Of the file, as bound.
        refused: Records with errors.
        joined: Records that would be sent with a tag that looks like several (``JOINED``).
    """
    tried = [(one, refused) for one in _candidates(mapping, header, refused)]
    tried += [(one, joined) for one in _splits(mapping, joined)]
    fixes = []
    for candidate, records in tried:
        if candidate.mapping.spec == mapping.spec:
            continue  # the mapping says so already
        concerned = [
            record.row
            for record in records
            if any(problem.code == candidate.code for problem in record.problems)
        ]
        mapper = RowMapper(bind(candidate.mapping, header))
        is_split = candidate.edit.path[-1] == _SEPARATOR
        repaired = sum(_are_well(mapper, concerned, is_split=is_split))
        if repaired:
            fixes.append(
                Fix(candidate.edit, candidate.code, len(concerned), repaired, candidate.costs)
            )
    fixes.sort(key=lambda fix: (bool(fix.costs), -fix.repaired))
    return [fix for fix in fixes if not _is_surpassed(fix, fixes)]


def drops_fields(mapping: ColumnMapping) -> bool:
    """Whether a row may be sent without a field whose cell is not understood."""
    return mapping.spec.when.bad_value == _DROP or any(
        rule.bad_value == _DROP for rule in mapping.spec.fields.values()
    )


def fixes_of_dropped(
    mapping: ColumnMapping, header: Sequence[str], rows: Sequence[Row]
) -> list[Fix]:
    """Return what keeps fields that some *rows* are sent without, the most useful first.

    Args:
        header: Of the file, as bound.
        rows: The first rows of the file.
    """
    spec = mapping.spec
    fields = {
        name: rule.model_copy(update={"bad_value": "refuse_row"})
        if rule.bad_value == _DROP
        else rule
        for name, rule in spec.fields.items()
    }
    when = spec.when.model_copy(update={"bad_value": "refuse_row"})
    strict = mapping.with_spec(spec.model_copy(update={"fields": fields, "when": when}))
    lenient, severe = RowMapper(bind(mapping, header)), RowMapper(bind(strict, header))
    records = [severe.record(row) for row in rows]
    dropped = [one for one in records if not one.is_valid and lenient.record(one.row).is_valid]
    if not dropped:
        return []
    return [
        replace(fix, looked_at=len(rows))
        for fix in tested_fixes(strict, header, dropped, ())
        if fix.edit.path[-1] != "bad_value"
    ]


def _is_surpassed(fix: Fix, fixes: Iterable[Fix]) -> bool:
    """Whether a further sign repairs as many rows as putting another sign in place of the known one."""
    return fix.edit.path[-1] == _SEPARATOR and any(
        other.edit.path == fix.edit.path
        and other.code == fix.code
        and not other.costs
        and bool(fix.costs)
        and other.repaired >= fix.repaired
        for other in fixes
    )


def _are_well(mapper: RowMapper, rows: Iterable[Row], *, is_split: bool) -> Iterator[bool]:
    """Yield for each row whether it would be sent; *is_split*: and no tag of it looks like several."""
    supply = iter(rows)
    while chunk := list(islice(supply, _TOGETHER)):
        for row, form in zip(chunk, mapper.forms(chunk), strict=True):
            found = form or mapper.record(row)
            is_valid = not isinstance(found, Record) or found.is_valid
            yield is_valid and not (is_split and any(w.code == JOINED for w in found.warnings))


def _candidates(
    mapping: ColumnMapping, header: Sequence[str], refused: Sequence[Record]
) -> Iterator[_Candidate]:
    found: dict[tuple[str, str], list[Problem]] = {}
    for record in refused:
        for problem in record.errors:
            found.setdefault((problem.code, problem.field), []).append(problem)
    codes = {code for code, _ in found}
    if "PHONE_NO_COUNTRY" in codes:
        yield from _regions(mapping, found, [record.email for record in refused])
        yield from _columns_of_countries(mapping, header, found, [record.row for record in refused])
    if "EMAIL_MISSING" in codes:
        yield from _other_emails(mapping, header, [record.row for record in refused])
    yield from _repairs(mapping, codes)
    for code, name in found:
        if name in _WITH_SEPARATOR and name in mapping.spec.fields:
            yield from _separators(mapping, code, name, found[code, name])
        if code in ("EMAIL_SEVERAL", "PHONE_SEVERAL"):
            yield _Candidate(
                Change(("fields", name, "several"), "first"), code,
                _with_rule(mapping, name, several="first"),
                Message("only the first one is used"),
            )  # fmt: skip
        elif name and name != _EMAIL and code not in _WITHOUT_FIELD and name in mapping.spec.fields:
            yield _Candidate(
                Change(("fields", name, "bad_value"), _DROP), code,
                _with_rule(mapping, name, bad_value=_DROP),
                Message("they go without {title!r}", title=FIELDS[name].title.partition(", ")[0]),
            )  # fmt: skip


def _splits(mapping: ColumnMapping, joined: Sequence[Record]) -> Iterator[_Candidate]:
    """Further signs for the tags that look like several."""
    found: dict[str, list[Problem]] = {}
    for record in joined:
        for problem in record.warnings:
            if problem.code == JOINED and problem.field in mapping.spec.fields:
                found.setdefault(problem.field, []).append(problem)
    for name, problems in found.items():
        for candidate in _separators(mapping, JOINED, name, problems):
            if not candidate.costs:
                yield candidate


def _separators(
    mapping: ColumnMapping, code: str, name: str, problems: Sequence[Problem]
) -> Iterator[_Candidate]:
    """Further signs between tags or lists, those that the cells have, one by one and together.

    Rows that are well are split at the signs that are known already: without those signs their
    tags would run together. A sign *instead of* the known one is tried too, and says what it costs.
    """
    said = mapping.spec.fields[name].separator or ","
    now = (said,) if isinstance(said, str) else said
    found = [
        sign
        for sign in _SEPARATORS
        if sign not in now and any(sign in problem.value for problem in problems)
    ]
    sure = [sign for sign in found if sign != "/"]  # which is in words, too
    more: list[str | tuple[str, ...]] = [(*now, sign) for sign in sure]
    if len(sure) > 1:
        more.append((*now, *sure))
    instead = found if len(now) == 1 else []
    for choice in [*more, *instead]:
        lost = "" if isinstance(choice, tuple) else now[0]
        yield _Candidate(
            Change(("fields", name, _SEPARATOR), choice), code,
            _with_rule(mapping, name, separator=choice),
            Message("cells are no longer split at {sign}", sign=lost) if lost else "",
        )  # fmt: skip


def _repairs(mapping: ColumnMapping, codes: Iterable[str]) -> Iterator[_Candidate]:
    """``repair:``, one at a time: each puts right what is certain."""
    named = mapping.spec.repair
    for code in sorted(codes):
        repair = repair_for(code)
        if repair is not None and repair not in named:
            spec = mapping.spec.model_copy(update={"repair": (*named, repair)})
            yield _Candidate(Change(("repair",), (*named, repair)), code, mapping.with_spec(spec))


def _regions(
    mapping: ColumnMapping, found: dict[tuple[str, str], list[Problem]], emails: Sequence[str]
) -> Iterator[_Candidate]:
    numbers = [
        problem.value
        for (code, _), problems in found.items()
        if code == "PHONE_NO_COUNTRY"
        for problem in problems
    ]
    regions = regions_by_numbers(numbers, (*regions_of(emails), *REGIONS))
    if not regions:
        return
    (best, share), *others = regions
    rivals = [region for region, their in others if their >= share - 0.02]
    costs = (
        Message(
            "they exist in {rivals} as well: be sure of {best}",
            rivals=", ".join(rivals[:4]),
            best=best,
        )
        if rivals
        else ""
    )
    spec = mapping.spec
    defaults = spec.defaults.model_copy(update={"phone_region": best})
    yield _Candidate(
        Change(("defaults", "phone_region"), best), "PHONE_NO_COUNTRY",
        mapping.with_spec(spec.model_copy(update={"defaults": defaults})), costs,
    )  # fmt: skip


def _columns_of_countries(
    mapping: ColumnMapping,
    header: Sequence[str],
    found: dict[tuple[str, str], list[Problem]],
    rows: Sequence[Row],
) -> Iterator[_Candidate]:
    """``region_from:`` for the phones, from each column whose cells are countries."""
    fields = [name for code, name in found if code == "PHONE_NO_COUNTRY"]
    for column, content in contents_of(header, rows).items():
        is_of_countries = content.distinct <= _COUNTRIES and content.countries >= _MOSTLY
        for name in fields if is_of_countries else ():
            yield _Candidate(
                Change(("fields", name, "region_from"), column), "PHONE_NO_COUNTRY",
                _with_rule(mapping, name, region_from=(column,)),
            )  # fmt: skip


def _other_emails(
    mapping: ColumnMapping, header: Sequence[str], rows: Sequence[Row]
) -> Iterator[_Candidate]:
    """Another column with addresses, for the rows whose own is empty."""
    rule = mapping.spec.fields.get(_EMAIL)
    if rule is None:
        return
    bound = next(b for b in bind(mapping, header).fields if b.field.name == _EMAIL)
    address = own_address(header, contents_of(header, rows))
    # Another person's address, or one that many rows share, is never taken for the contact's own.
    found = (*address.own, *address.rivals, *address.foreign)
    foreign = {one.column for one in found if one.whose or one.is_shared}
    for column in header:
        if (
            column in bound.columns
            or column in foreign
            or sum("@" in row.cells[column] for row in rows) == 0
        ):
            continue
        columns = (*bound.columns, column)
        changed = rule.model_copy(update={"column": (), "columns": columns})
        yield _Candidate(
            Change(("fields", _EMAIL, "columns"), columns), "EMAIL_MISSING",
            _with_field(mapping, _EMAIL, changed),
        )  # fmt: skip


def _with_rule(
    mapping: ColumnMapping, name: str, **changes: str | tuple[str, ...]
) -> ColumnMapping:
    return _with_field(mapping, name, mapping.spec.fields[name].model_copy(update=changes))


def _with_field(mapping: ColumnMapping, name: str, rule: FieldRule) -> ColumnMapping:
    spec: MappingSpec = mapping.spec
    fields = {**spec.fields, name: rule}
    return mapping.with_spec(spec.model_copy(update={"fields": fields}))
