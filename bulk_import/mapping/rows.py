"""Row -> Record: every field of a row, all of its problems at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from bulk_import.api.fields import FIELDS, OPPOSITES, Kind
from bulk_import.mapping.binding import (
    NOT_IN_ACCOUNT,
    Binding,
    BoundField,
    Lists,
    bind,
    resolve_list,
    spelled,
)
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.mapping.memo import Memo
from bulk_import.mapping.optional import guess_offset, normalize_email_by, normalize_name_by
from bulk_import.mapping.repairs import emptied, repaired, repairs, with_zero
from bulk_import.mapping.unverified import RememberedNames
from bulk_import.models import Problem, Record, Row, Severity
from bulk_import.normalize.addresses import (
    normalize_address,
    normalize_city,
    normalize_postal_code,
)
from bulk_import.normalize.countries import normalize_country
from bulk_import.normalize.crosschecks import cross_check
from bulk_import.normalize.emails import refusing_remark
from bulk_import.normalize.folding import fold
from bulk_import.normalize.offsets import normalize_utc_offset, offset_for_api
from bulk_import.normalize.phones import normalize_phone
from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.normalize.socials import normalize_social
from bulk_import.normalize.tags import (
    LookAlikes,
    conflicts,
    is_manager_name,
    join,
    look_alikes,
    normalize_list_ids,
    normalize_manager_id,
    normalize_tags,
)
from bulk_import.normalize.text import clean

Values = dict[str, str]
Normalizer = Callable[[str, Values, Mapping[str, str]], Normalized]

# A value that is right, and that the field cannot take: never sent, whatever bad_value says.
_FIELD_RULES = frozenset({"UTC_OFFSET_HALF_HOUR"})
_UNCERTAIN = frozenset({"name.whole", "name.no_person"})  # rules that are no reason to clear a name
_DEPENDENT = frozenset({Kind.PHONE, Kind.POSTAL_CODE})
# Fields that the row as a whole may add to those of the mapping.
_ADDED = frozenset({"lead_description", "lead_utc"})


@dataclass(frozen=True, slots=True)
class Step:
    """One field's journey, for ``explain``.

    Attributes:
        raw: The text that was picked from the cells.
        value: What is sent; ``""`` when nothing is.
        rule: Which rule decided.
    """

    field: str
    columns: tuple[str, ...]
    raw: str
    value: str
    rule: str
    problems: tuple[Problem, ...]


class _Found(NamedTuple):
    """The result for a field's text.

    Attributes:
        value: ``None`` = the field is not sent.
    """

    value: str | None
    rule: str
    problems: tuple[Problem, ...] = ()


class _Field:
    """One bound field on its way through many rows."""

    __slots__ = ("bound", "memo", "name", "normalize", "pick")

    def __init__(self, bound: BoundField, normalize: Normalizer) -> None:
        self.bound = bound
        self.name = bound.field.name
        self.pick = bound.pick
        self.normalize = normalize
        # A phone and a postal code depend on the row's country as well.
        self.memo: Memo[_Found] = Memo(is_open=bound.field.kind not in _DEPENDENT)


class RowMapper:
    """Maps rows by a binding. Made once per file; ``record`` is called for every row."""

    def __init__(self, binding: Binding) -> None:
        self.binding = self._binding = binding
        self._used = binding.used_columns
        self._places = {column: at for at, column in enumerate(binding.header)}
        self._fields = [_Field(bound, self._normalizer(bound)) for bound in binding.fields]
        used = {field.name for field in self._fields} | _ADDED
        self._order = [name for name in FIELDS if name in used]
        self._rows = 0
        self._opposites = [pair for pair in OPPOSITES if used.issuperset(pair)]
        defaults = binding.mapping.spec.defaults
        self._guesses = defaults.guess_utc_from_country or defaults.guess_utc_from_phone
        self._spec = binding.mapping.spec
        self._repairs = frozenset(self._spec.repair)
        self._tags_seen = LookAlikes()
        self._tags = [field for field in self._fields if field.bound.field.kind is Kind.TAGS]
        self._overheard: deque[tuple[int, Row]] = deque()
        self._rules = binding.rules
        self._checks = binding.checks
        self._unique = {b.number: b for b in binding.checks if b.check.unique}
        self._email = next((b for b in binding.fields if b.field.kind is Kind.EMAIL), None)
        self.roles = binding.roles()

    def __reduce__(self) -> tuple[Callable[..., RowMapper], tuple[object, ...]]:
        """Travel as what the binding is made of: functions do not travel."""
        bound = self._binding
        return _mapper, (bound.mapping, bound.header, bound.lists, bound.managers, bound.at)

    def has_email(self, cells: Mapping[str, str]) -> bool:
        """Whether the cells hold anything that is meant for an e-mail, or none is wanted."""
        if self._email is None:
            return self._spec.when.no_email != "refuse"
        return bool(self._email.pick(cells).strip()) or self._spec.when.no_email != "refuse"

    def email_text(self, cells: Mapping[str, str]) -> str:
        """Return what the cells hold for an e-mail, as it is; ``""`` when nothing is mapped to it."""
        return self._email.pick(cells) if self._email is not None else ""

    def says_no(self, cells: Mapping[str, str]) -> bool:
        """Whether the cell of the e-mail says that its address is not to be written to."""
        text = self.email_text(cells)
        return "@" in text and refusing_remark(text) != ""

    @property
    def email_columns(self) -> tuple[str, ...]:
        """The columns of which an e-mail is made; the first that is filled counts."""
        return self._email.columns if self._email is not None else ()

    def columns_of(self, field: str) -> tuple[str, ...]:
        """Return the columns that feed a field, as the file names them."""
        return next((b.columns for b in self._binding.fields if b.field.name == field), ())

    def first_column(self, field: str) -> str:
        """Return the first column that feeds a field; ``""`` for none."""
        bound = next((b for b in self._binding.fields if b.field.name == field), None)
        return bound.columns[0] if bound is not None and bound.columns else ""

    def keeps_back(self, cells: Mapping[str, str]) -> bool:
        """Whether a skip or only rule keeps the row from being sent."""
        return any(rule.refusal(cells) is not None for rule in self._rules)

    @property
    def unverified(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """(field, columns) whose cells may name lists or managers that the account was not asked for."""
        managers = self._binding.managers
        if managers is not None and not isinstance(managers, RememberedNames):
            return ()
        return tuple(
            (field.name, field.bound.columns)
            for field in self._fields
            if field.bound.columns and field.bound.field.kind in (Kind.LISTS, Kind.MANAGER)
        )

    def unverified_cells(self, field: str, cells: Mapping[str, int]) -> dict[str, int]:
        """Return those of a field's cells, with their rows, that name something not compared.

        Args:
            field: One of ``unverified``.
            cells: Cell -> rows.
        """
        bound = next(one.bound for one in self._fields if one.name == field)
        is_list = bound.field.kind is Kind.LISTS
        names = self._binding.lists if is_list else self._binding.managers
        if not isinstance(names, RememberedNames):
            return dict(cells)
        named = partial(self._names_in, bound)
        return {
            cell: rows
            for cell, rows in cells.items()
            if not all(names.knows(name) for name in named(cell))
        }

    def _names_in(self, bound: BoundField, cell: str) -> Sequence[str]:
        meant = self._meant(bound, cell)
        if bound.field.kind is not Kind.LISTS:
            return (clean(meant),)
        try:
            return normalize_list_ids(meant, separator=bound.rule.separator or ",").values
        except NormalizeError:
            return ()  # its row is refused for that

    @property
    def tag_columns(self) -> tuple[str, ...]:
        """The columns that tags come from."""
        return tuple(dict.fromkeys(c for field in self._tags for c in field.bound.columns))

    @property
    def overheard(self) -> int:
        """Rows of ``overhear`` that no row was judged after."""
        return len(self._overheard)

    def overhear(self, row: Row, judged: int) -> None:
        """Note the tags of a row that is not judged: those of later rows may look like them.

        Args:
            row: With the damage of its cells among its problems.
            judged: Rows before it that are judged, by then or later.
        """
        self._overheard.append((judged, row))

    def _catch_up(self) -> None:
        """Look at the tags of rows that come before the one which is judged next."""
        while self._overheard and self._overheard[0][0] <= self._rows:
            row = self._overheard.popleft()[1]
            spoiled = self._spoiled(row, []) if row.problems else {}
            for field in self._tags:
                if not (spoiled and self._refuse_spoiled(field.bound, spoiled, [])):
                    self._found(field, field.pick(row.cells), {}, row.cells)

    def record(self, row: Row) -> Record:
        """Return the record of a row, with every problem it has."""
        return self._map(row, None)

    def explain(self, row: Row) -> tuple[Record, list[Step]]:
        """Return the record and how each of its fields came about."""
        steps: list[Step] = []
        record = self._map(row, steps)
        guesses = tuple(p for p in record.problems if p.code == "UTC_OFFSET_GUESSED")
        if guesses:  # the one value that no column gives
            steps = [step for step in steps if step.field != "lead_utc"]
            offset = dict(record.fields)["lead_utc"]
            steps.append(Step("lead_utc", (), "", offset, "utc_offset.guessed", guesses))
        return record, steps

    def _map(self, row: Row, steps: list[Step] | None) -> Record:
        problems: list[Problem] = []
        spoiled = self._spoiled(row, problems) if row.problems else {}
        values: Values = {}
        cells = row.cells
        if self._overheard:
            self._catch_up()
        self._rows += 1
        for field in self._fields:
            known = len(problems)
            if spoiled and self._refuse_spoiled(field.bound, spoiled, problems):
                raw, rule = "", "spoiled"
            else:
                raw = field.pick(cells)
                found = field.memo.known.get(raw) or self._found(field, raw, values, cells)
                value, rule, _ = found
                if value is not None:
                    values[field.name] = value
                if found.problems:
                    problems.extend(_placed(field.bound, found.problems, cells))
            if steps is not None:
                steps.append(
                    Step(field.name, field.bound.columns, self._meant(field.bound, raw),
                         values.get(field.name, ""), rule, tuple(problems[known:]))
                )  # fmt: skip
        skipped = self._skipped(cells, spoiled, problems) if self._rules else None
        self._whole(values, problems)
        fields = [(name, values[name]) for name in self._order if name in values]
        if self._binding.extra:
            fields += self._extra(cells, spoiled, problems)
        if self._checks:
            self._check(cells, dict(fields), spoiled, problems)
        if len(problems) > 1:  # as the person reads the row: from left to right
            problems.sort(key=lambda problem: self._places.get(problem.column, -1))
        email = values.get("lead_email", "").lower()
        return Record(
            row=row,
            email=email,
            contact=email or values.get("lead_phone", ""),
            fields=tuple(fields),
            problems=tuple(problems),
            skipped=skipped,
        )

    def _spoiled(self, row: Row, problems: list[Problem]) -> dict[str, list[Problem]]:
        """Return column -> problems of its cell; those of the row as a whole go to *problems*."""
        spoiled: dict[str, list[Problem]] = {}
        for problem in row.problems:
            if not problem.column:
                problems.append(problem)
            elif problem.column in self._used:
                spoiled.setdefault(problem.column, []).append(problem)
        return spoiled

    # -- one field ----------------------------------------------------------------------------

    def _found(self, field: _Field, raw: str, values: Values, cells: Mapping[str, str]) -> _Found:
        """Return what a field's text comes to, and remember it if it may come again."""
        notes: tuple[Note, ...] = ()
        meant = self._meant(field.bound, raw)
        if self._repairs:
            meant, notes = repaired(meant, self._repairs)
        found = self._judged(field, meant, values, cells)
        if notes:
            warnings = tuple([_warning(field.bound, note, raw) for note in notes])
            found = found._replace(problems=(*warnings, *found.problems))
        if field.memo.is_open:
            field.memo.tell(raw, found, self._rows)
        return found

    def _meant(self, bound: BoundField, raw: str) -> str:
        return bound.values.get(fold(raw), raw) if bound.values and raw else raw

    def _judged(self, field: _Field, raw: str, values: Values, cells: Mapping[str, str]) -> _Found:
        bound = field.bound
        otherwise = join(bound.always) if bound.always else None
        if not raw or not raw.strip():
            if otherwise is None and bound.clears:
                otherwise = ""
            return _Found(otherwise, "blank")
        try:
            found = field.normalize(raw, values, cells)
        except NormalizeError as exc:
            return _Found(otherwise, "refused", (self._bad(bound, exc, raw),))
        problems = tuple([_warning(bound, note, raw) for note in found.notes])
        clears = bound.clears and found.rule not in _UNCERTAIN
        return _Found(found.value or ("" if clears else None), found.rule, problems)

    def _refuse_spoiled(
        self,
        bound: BoundField,
        spoiled: Mapping[str, Sequence[Problem]],
        problems: list[Problem],
    ) -> bool:
        """Report what reading found in the field's cells; return whether that refuses it."""
        refused = False
        for column in (*bound.columns, bound.region_column):
            for problem in spoiled.get(column, ()):
                if problem.code == "VALUE_PLACEHOLDER" and fold(problem.value) in bound.values:
                    continue  # the mapping says what it means
                if self._repairs and repairs(problem, self._repairs):
                    if problem.code == "VALUE_PLACEHOLDER":
                        problems.append(_warning(bound, emptied(problem), problem.value))
                        refused = True
                    continue
                named = replace(problem, field=bound.field.name)
                if named.is_error and bound.drops:
                    named = replace(
                        named,
                        severity=Severity.WARNING,
                        message=f"{named.message}; the field is not sent",
                    )
                problems.append(named)
                refused = refused or problem.is_error
        return refused

    def _bad(self, bound: BoundField, exc: NormalizeError, raw: str) -> Problem:
        drops = bound.drops or exc.code in _FIELD_RULES
        message = str(exc)
        if drops and exc.code not in _FIELD_RULES:
            message += "; the field is not sent"
        return Problem(
            code=exc.code,
            message=message,
            column=bound.columns[0] if bound.columns else "",
            field=bound.field.name,
            value=raw,
            severity=Severity.WARNING if drops else Severity.ERROR,
        )

    def _normalizer(self, bound: BoundField) -> Normalizer:
        """Return the field's normalizer: (raw, values so far, cells) -> Normalized."""
        rule, kind = bound.rule, bound.field.kind
        if kind is Kind.PHONE:
            return partial(self._phone, bound)
        if kind is Kind.POSTAL_CODE:
            country = f"lead_{bound.field.detail}_country_code"
            return lambda raw, values, _: self._postal_code(raw, values.get(country))
        if kind in (Kind.TAGS, Kind.LISTS):
            return partial(self._several, bound)
        simple: dict[Kind, Callable[[str], Normalized]] = {
            Kind.EMAIL: partial(normalize_email_by, rule),
            Kind.NAME: partial(normalize_name_by, rule, bound.field.name),
            Kind.UTC_OFFSET: lambda raw: self._offset(bound, raw),
            Kind.COUNTRY: normalize_country,
            Kind.CITY: normalize_city,
            Kind.ADDRESS: normalize_address,
            Kind.STATE: normalize_address,
            Kind.SOCIAL: lambda raw: normalize_social(raw, bound.field.detail),
            Kind.MANAGER: self._manager,
            Kind.TEXT: lambda raw: Normalized(clean(raw), "text"),
        }
        one = simple[kind]
        return lambda raw, _values, _cells: one(raw)

    def _postal_code(self, raw: str, country: str | None) -> Normalized:
        try:
            return normalize_postal_code(raw, country=country)
        except NormalizeError as exc:
            if exc.code == "POSTAL_CODE_ZERO_LOST" and "postal_zero" in self._repairs:
                return with_zero(exc, raw)
            raise

    def _phone(
        self, bound: BoundField, raw: str, values: Values, cells: Mapping[str, str]
    ) -> Normalized:
        rule = bound.rule
        found = normalize_phone(
            raw,
            region=self._region(bound, values, cells),
            strict=rule.strict_phone,
            several=rule.several or "first",
        )
        if not found.extension:
            return found
        if rule.extension == "describe":
            values["_extension"] = found.extension
            return found
        note = Note("PHONE_EXTENSION_DROPPED", f"the extension {found.extension} is not sent")
        return replace(found, notes=(*found.notes, note))

    def _region(self, bound: BoundField, values: Values, cells: Mapping[str, str]) -> str | None:
        """The row's country, from its own column or the address, else the mapping's default."""
        if bound.region_column:
            try:
                return normalize_country(cells[bound.region_column]).value
            except NormalizeError:
                pass
        return (
            values.get("lead_shipping_country_code")
            or values.get("lead_billing_country_code")
            or self._spec.defaults.phone_region
        )

    def _offset(self, bound: BoundField, raw: str) -> Normalized:
        found = normalize_utc_offset(raw, dst=bound.rule.dst, at=self._binding.at)
        sent = offset_for_api(found.value, half_hours=bound.rule.half_hours)
        return Normalized(sent.value, found.rule, (*found.notes, *sent.notes))

    def _several(
        self, bound: BoundField, raw: str, _values: Values, _cells: Mapping[str, str]
    ) -> Normalized:
        separator = bound.rule.separator or ","
        if bound.field.kind is Kind.TAGS:
            found = normalize_tags(raw, separator=separator)
            notes = found.notes
            values = [*bound.always, *self._joined(bound, raw, found.values)]
            if bound.always:
                others = (note for note in found.notes if note.code != "TAG_LOOK_ALIKE")
                notes = (*look_alikes(dict.fromkeys(values)), *others)
            notes = notes or self._tags_seen.of(values)
        else:
            found = normalize_list_ids(raw, separator=separator)
            notes = found.notes
            lists = self._binding.lists
            values = [*bound.always, *(resolve_list(value, lists) for value in found.values)]
        return Normalized(join(dict.fromkeys(values)), found.rule, notes)

    @staticmethod
    def _joined(bound: BoundField, raw: str, tags: Sequence[str]) -> Iterator[str]:
        """The tags of a cell as ``values:`` of the mapping means them, one by one."""
        meant = bound.tag_values
        for tag in tags:
            one = meant.get(tag, meant.get(spelled(tag))) if meant else None
            if one is None or raw in bound.rule.values.values():  # the cell as a whole was replaced
                yield tag
            else:
                yield from normalize_tags(one, separator=bound.rule.separator or ",").values

    def _manager(self, raw: str) -> Normalized:
        managers = self._binding.managers
        line = clean(raw)
        if managers and line in managers:
            return Normalized(managers[line], "manager.name")
        try:
            return normalize_manager_id(raw)
        except NormalizeError as exc:
            if not is_manager_name(line):
                raise
            if managers is None:
                return Normalized(line, "manager.unverified")
            raise NormalizeError("MANAGER_UNKNOWN", str(exc)) from None

    # -- the row as a whole -------------------------------------------------------------------

    def _skipped(
        self,
        cells: Mapping[str, str],
        spoiled: Mapping[str, Sequence[Problem]],
        problems: list[Problem],
    ) -> Problem | None:
        """Return which rule keeps the row from being sent. A damaged cell decides nothing."""
        for rule in self._rules:
            damage = [p for p in spoiled.get(rule.column, ()) if p.is_error]
            error = rule.damage(cells)
            if damage or error:
                problems.extend(damage or filter(None, [error]))
                problems.append(rule.unreadable())
                return None
            refusal = rule.refusal(cells)
            if refusal is not None:
                return refusal
        return None

    def _check(
        self,
        cells: Mapping[str, str],
        values: Values,
        spoiled: Mapping[str, Sequence[Problem]],
        problems: list[Problem],
    ) -> None:
        """Add what the mapping's checks find; what is refused already is not refused again."""
        refused = {problem.field for problem in problems if problem.is_error and problem.field}
        damaged = {problem.column for problem in problems if problem.is_error and not problem.field}
        for bound in self._checks:
            if bound.check.field:
                if bound.check.field not in refused:
                    problems.extend(bound.problems(cells, values))
                continue
            damage = [p for p in spoiled.get(bound.column, ()) if p.is_error]
            error = bound.damage(cells)
            if not damage and error is None:
                problems.extend(bound.problems(cells, values))
            elif bound.column not in damaged:
                damaged.add(bound.column)
                problems.extend(damage or filter(None, [error]))

    def unique_keys(
        self, cells: Mapping[str, str], values: Mapping[str, str]
    ) -> Iterator[tuple[int, str]]:
        """Yield (number of the check, what no other row may have) of a row.

        Args:
            values: The form that would be sent.
        """
        for number, bound in self._unique.items():
            if key := bound.key(cells, values):
                yield number, key

    def twice(
        self, number: int, rows: str, cells: Mapping[str, str], values: Mapping[str, str]
    ) -> Problem:
        """Return the problem of a row whose value for check *number* is in *rows* too."""
        return self._unique[number].twice(rows, cells, values)

    @property
    def has_unique(self) -> bool:
        """Whether a check needs all rows: one row's value may refuse another row."""
        return bool(self._unique)

    def _whole(self, values: Values, problems: list[Problem]) -> None:
        extension = values.pop("_extension", "")
        if extension:
            described = values.get("lead_description", "")
            values["lead_description"] = "\n".join(filter(None, (described, f"ext. {extension}")))
        if self._guesses and "lead_utc" not in values:
            problems.extend(guess_offset(self._spec.defaults, values))
        for add, remove in self._opposites:
            if add in values and remove in values:
                both = conflicts(values[add].split(","), values[remove].split(","))
                if both and both != ("",):
                    problems.append(
                        Problem(
                            "ADD_AND_REMOVE",
                            f"{', '.join(both)} would be added and removed at once",
                            field=remove,
                        )
                    )
        for name, note in cross_check(values) if len(values) > 2 else ():
            problems.append(Problem(note.code, note.message, field=name, severity=Severity.WARNING))
        if (
            not values.get("lead_email")
            and self._spec.when.no_email == "refuse"
            and not any(p.is_error and p.field == "lead_email" for p in problems)
        ):
            problems.append(
                Problem(
                    "EMAIL_MISSING",
                    "no e-mail; the server would make a new contact at every run "
                    "(when: no_email: create allows it)",
                    field="lead_email",
                )
            )
        if not values.get("lead_email") and self._spec.when.no_email == "create":
            problems.extend(_unreachable(values, problems))

    def _extra(
        self,
        cells: Mapping[str, str],
        spoiled: Mapping[str, Sequence[Problem]],
        problems: list[Problem],
    ) -> list[tuple[str, str]]:
        """Unverified parameters: passed through as they are."""
        found = []
        for bound in self._binding.extra:
            if spoiled and self._refuse_spoiled(bound, spoiled, problems):
                continue
            raw = bound.pick(cells)
            raw = bound.values.get(fold(raw), raw) if bound.values and raw else raw
            if raw.strip():
                found.append((bound.field.name, raw))
            elif bound.clears:
                found.append((bound.field.name, ""))
        return found


# Without one of these nobody can be reached, whatever else is known of them.
_REACHED_BY = (
    "lead_phone", "lead_whatsapp", "lead_telegram", "lead_viber", "lead_facebook",
    "lead_instagram", "lead_vkontakte", "lead_in", "lead_shipping_address_1", "lead_billing_address_1",
)  # fmt: skip


def _unreachable(values: Values, problems: Sequence[Problem]) -> Iterator[Problem]:
    """Refuse a row without e-mail that no other way leads to, unless its cells are refused anyway."""
    is_refused = any(p.is_error and p.code not in NOT_IN_ACCOUNT for p in problems)
    if is_refused or any(values.get(name) for name in _REACHED_BY):
        return
    yield Problem(
        "CONTACT_UNREACHABLE",
        "no e-mail, no phone and no other way to reach the person; the server would make a new "
        "contact of it at every run",
        field="lead_email",
    )


def _placed(
    bound: BoundField, problems: Sequence[Problem], cells: Mapping[str, str]
) -> Sequence[Problem]:
    """Return *problems* with the column that the text was picked from, where a field has several."""
    if len(bound.columns) < 2:
        return problems
    column = next((name for name in bound.columns if cells[name].strip()), bound.columns[0])
    return [
        replace(problem, column=column) if problem.column == bound.columns[0] else problem
        for problem in problems
    ]


def _warning(bound: BoundField, note: Note, raw: str) -> Problem:
    return Problem(
        code=note.code,
        message=note.message,
        column=bound.columns[0] if bound.columns else "",
        field=bound.field.name,
        value=raw,
        severity=Severity.WARNING,
    )


def _mapper(
    mapping: ColumnMapping,
    header: tuple[str, ...],
    lists: Lists | None,
    managers: Mapping[str, str] | None,
    at: datetime | None,
) -> RowMapper:
    """Return a mapper that travelled."""
    return RowMapper(bind(mapping, header, lists=lists, managers=managers, at=at))
