"""Row -> Record: every field of a row, all of its problems at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bulk_import.api.fields import FIELDS, Kind
from bulk_import.mapping.binding import Binding, Lists, bind
from bulk_import.mapping.forms import Form, FormMaker
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.mapping.normalizers import FieldMapper, Normalizers, Values, names_in, placed
from bulk_import.mapping.unverified import RememberedNames
from bulk_import.mapping.whole import ADDED, WholeRow
from bulk_import.models import Problem, Record, Row
from bulk_import.normalize.emails import refusing_remark
from bulk_import.normalize.mailboxes import email_key, mailboxes
from bulk_import.sources.rows import Rows


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


def addresses_in(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses in the e-mail cells of a row where there are several."""
    if sum(text.count("@") for text in texts) < 2:
        return ()
    return tuple(dict.fromkeys(one for text in texts for one in mailboxes(text).addresses))


class RowMapper:
    """Maps rows by a binding. Made once per file; ``record`` is called for every row."""

    def __init__(self, binding: Binding) -> None:
        self.binding = self._binding = binding
        self._used = binding.used_columns
        self._places = {column: at for at, column in enumerate(binding.header)}
        self._normalizers = normalizers = Normalizers(binding)
        self._fields = [FieldMapper(bound, normalizers) for bound in binding.fields]
        self._extras = [FieldMapper(bound, normalizers) for bound in binding.extra]
        used = {field.name for field in self._fields}
        self._order = [name for name in FIELDS if name in used | ADDED]
        self._spec = binding.mapping.spec
        self._whole = WholeRow(binding, used)
        self._forms = FormMaker(binding, self._fields, self._extras, self._whole)
        self._tags = [field for field in self._fields if field.bound.field.kind is Kind.TAGS]
        self._overheard: deque[tuple[int, Row]] = deque()
        self._came = self._next = 0  # rows that came to be judged; those before the next one
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

    def addresses(self, cells: Mapping[str, str]) -> tuple[str, ...]:
        """Return the person's addresses where the row has several; it is sent to one of them alone."""
        return addresses_in([cells[column] for column in self.email_columns])

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
        one = next(one for one in self._fields if one.name == field)
        is_list = one.bound.field.kind is Kind.LISTS
        names = self._binding.lists if is_list else self._binding.managers
        if not isinstance(names, RememberedNames):
            return dict(cells)
        return {
            cell: rows
            for cell, rows in cells.items()
            if not all(names.knows(name) for name in names_in(one, cell))
        }

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

    def _catch_up(self, judged: int) -> None:
        """Look at the tags of rows that come before the one which is judged next."""
        while self._overheard and self._overheard[0][0] <= judged:
            row = self._overheard.popleft()[1]
            spoiled = self._spoiled(row, []) if row.problems else {}
            for field in self._tags:
                if not (spoiled and field.is_refused_as_spoiled(spoiled, [])):
                    field.found(field.pick(row.cells), {}, row.cells)

    def forms(self, rows: Sequence[Row]) -> list[Form | None]:
        """Return the forms of rows without errors; ``None`` for any other, and for some of them.

        It is what ``record`` comes to, at a quarter of its cost. Rows with ``None`` are given to
        ``record`` before other rows come.
        """
        self._next = self._came
        self._came += len(rows)
        self._catch_up(self._next)
        self._normalizers.rows += len(rows)
        if self._overheard and self._overheard[0][0] < self._came:
            return [None] * len(rows)  # tags of other rows are to be looked at between these
        return self._forms.forms(Rows.of(rows))

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
        # Without the rules, which only the steps name.
        found_before = self._forms.known(row) if steps is None else {}
        self._catch_up(self._next)
        self._next += 1
        self._normalizers.rows += 1
        for field in self._fields:
            known = len(problems)
            if spoiled and field.is_refused_as_spoiled(spoiled, problems):
                raw, rule = field.pick(cells) if steps is not None else "", "spoiled"
            else:
                raw = field.pick(cells)
                found = (
                    found_before.get(field.name)
                    or field.memo.known.get(raw)
                    or field.found(raw, values, cells)
                )
                value, rule, _ = found
                if value is not None:
                    values[field.name] = value
                if found.problems:
                    problems.extend(placed(field.bound, found.problems, cells))
            if steps is not None:
                steps.append(
                    Step(field.name, field.bound.columns, field.meant(raw),
                         values.get(field.name, ""), rule, tuple(problems[known:]))
                )  # fmt: skip
        skipped = self._skipped(cells, spoiled, problems) if self._rules else None
        problems += self._whole.problems(values, problems)
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
            others=self._others(email, cells),
        )

    def _others(self, email: str, cells: Mapping[str, str]) -> tuple[str, ...]:
        found = self.addresses(cells)
        return tuple(one for one in found if email_key(one) != email_key(email)) if found else ()

    def _spoiled(self, row: Row, problems: list[Problem]) -> dict[str, list[Problem]]:
        """Return column -> problems of its cell; those of the row as a whole go to *problems*."""
        spoiled: dict[str, list[Problem]] = {}
        for problem in row.problems:
            if not problem.column:
                problems.append(problem)
            elif problem.column in self._used:
                spoiled.setdefault(problem.column, []).append(problem)
        return spoiled

    # -- the row as a whole -------------------------------------------------------------------

    def _skipped(
        self,
        cells: Mapping[str, str],
        spoiled: Mapping[str, Sequence[Problem]],
        problems: list[Problem],
    ) -> Problem | None:
        """Return which rule keeps the row from being sent. A damaged cell decides nothing."""
        for rule in self._rules:
            damage = [p for name in rule.columns for p in spoiled.get(name, ()) if p.is_error]
            error = rule.damage(cells)
            if damage or error:
                problems.extend(damage or filter(None, [error]))
                problems.append(self._of_person(rule.unreadable(), cells))
                return None
            refusal = rule.refusal(cells)
            if refusal is not None:
                return self._of_person(refusal, cells)
        return None

    def _of_person(self, refusal: Problem, cells: Mapping[str, str]) -> Problem:
        """A refusal holds for all addresses of the person: other rows may be sent to another one."""
        return replace(refusal, value="; ".join(self.addresses(cells)))

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

    def _extra(
        self,
        cells: Mapping[str, str],
        spoiled: Mapping[str, Sequence[Problem]],
        problems: list[Problem],
    ) -> list[tuple[str, str]]:
        """Unverified parameters: passed through as they are."""
        found = []
        for extra in self._extras:
            if spoiled and extra.is_refused_as_spoiled(spoiled, problems):
                continue
            raw = extra.meant(extra.pick(cells))
            if raw.strip():
                found.append((extra.name, raw))
            elif extra.bound.clears:
                found.append((extra.name, ""))
        return found


def _mapper(
    mapping: ColumnMapping,
    header: tuple[str, ...],
    lists: Lists | None,
    managers: Mapping[str, str] | None,
    at: datetime | None,
) -> RowMapper:
    """Return a mapper that travelled."""
    return RowMapper(bind(mapping, header, lists=lists, managers=managers, at=at))
