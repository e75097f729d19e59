"""Text of a field -> its value, as the mapping wants it: the normalizer of each bound field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from bulk_import.api.fields import Kind
from bulk_import.errors import Message
from bulk_import.mapping.binding import Binding, BoundField, resolve_list, spelled
from bulk_import.mapping.memo import Memo
from bulk_import.mapping.optional import normalize_email_by, normalize_name_by
from bulk_import.mapping.repairs import emptied, repaired, repairs, with_zero
from bulk_import.models import Problem, Severity
from bulk_import.normalize.addresses import (
    normalize_address,
    normalize_city,
    normalize_postal_code,
)
from bulk_import.normalize.countries import normalize_country
from bulk_import.normalize.folding import fold
from bulk_import.normalize.offsets import normalize_utc_offset, offset_for_api
from bulk_import.normalize.phones import normalize_phone
from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.normalize.socials import normalize_social
from bulk_import.normalize.tags import (
    LookAlikes,
    is_manager_name,
    join,
    look_alikes,
    normalize_list_ids,
    normalize_manager_id,
    normalize_tags,
)
from bulk_import.normalize.text import clean
from bulk_import.sources.rows import Rows

Values = dict[str, str]
Normalizer = Callable[[str, Values, Mapping[str, str]], Normalized]

# A value that is right, and that the field cannot take: never sent, whatever bad_value says.
_FIELD_RULES = frozenset({"UTC_OFFSET_HALF_HOUR"})
_UNCERTAIN = frozenset({"name.whole", "name.no_person"})  # rules that are no reason to clear a name
DEPENDENT = frozenset({Kind.PHONE, Kind.POSTAL_CODE})  # on the country of the row as well


class Found(NamedTuple):
    """The result for a field's text.

    Attributes:
        value: ``None`` = the field is not sent.
    """

    value: str | None
    rule: str
    problems: tuple[Problem, ...] = ()


class FieldMapper:
    """One bound field on its way through many rows."""

    def __init__(self, bound: BoundField, normalizers: Normalizers) -> None:
        self.bound = bound
        self.name = bound.field.name
        self.pick = bound.pick
        self.memo: Memo[Found] = Memo(is_open=bound.field.kind not in DEPENDENT)
        self._normalize = normalizers.of(bound)
        self._normalizers = normalizers
        self._repairs = normalizers.repairs

    @property
    def takes_text_as_it_is(self) -> bool:
        """Whether the mapping says nothing that changes texts before they are judged."""
        return not self.bound.values and not self._repairs

    def picked(self, rows: Rows) -> list[str]:
        """Return the texts of rows, as ``pick`` returns that of one."""
        columns, pick = self.bound.columns, self.pick
        if len(columns) == 1 and self.bound.rule.template is None:
            return rows.column(columns[0])
        if not columns:
            return [pick({})] * len(rows)
        every = zip(*map(rows.column, columns), strict=True)
        return [pick(dict(zip(columns, cells, strict=True))) for cells in every]

    def looked_up(self, raw: str, values: Values, cells: Mapping[str, str]) -> Found:
        """As ``found``; remembered results are used."""
        return self.memo.known.get(raw) or self.found(raw, values, cells)

    def found(self, raw: str, values: Values, cells: Mapping[str, str]) -> Found:
        """Return the result for a text, and remember it if the text may come again.

        Args:
            values: Of the fields of the row that come first: countries.
        """
        notes: tuple[Note, ...] = ()
        meant = self.meant(raw)
        if self._repairs:
            meant, notes = repaired(meant, self._repairs)
        found = self._judged(meant, values, cells)
        if notes:
            warnings = tuple([_warning(self.bound, note, raw) for note in notes])
            found = found._replace(problems=(*warnings, *found.problems))
        if self.memo.is_open:
            self.memo.tell(raw, found, self._normalizers.rows)
        return found

    def meant(self, raw: str) -> str:
        """Return what ``values:`` of the mapping makes of a text."""
        values = self.bound.values
        return values.get(fold(raw), raw) if values and raw else raw

    def _judged(self, raw: str, values: Values, cells: Mapping[str, str]) -> Found:
        bound = self.bound
        otherwise = join(bound.always) if bound.always else None
        if not raw or not raw.strip():
            if otherwise is None and bound.clears:
                otherwise = ""
            return Found(otherwise, "blank")
        try:
            found = self._normalize(raw, values, cells)
        except NormalizeError as exc:
            return Found(otherwise, "refused", (_bad(bound, exc, raw),))
        problems = tuple([_warning(bound, note, raw) for note in found.notes])
        clears = bound.clears and found.rule not in _UNCERTAIN
        return Found(found.value or ("" if clears else None), found.rule, problems)

    def is_refused_as_spoiled(
        self,
        spoiled: Mapping[str, Sequence[Problem]],
        problems: list[Problem],
    ) -> bool:
        """Report what reading found in the field's cells; return whether that refuses it."""
        bound = self.bound
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
                        message=Message(
                            "{message}; the field is not sent", message=Message.of(named.message)
                        ),
                    )
                problems.append(named)
                refused = refused or problem.is_error
        return refused


def names_in(field: FieldMapper, cell: str) -> Sequence[str]:
    """Return the lists or managers that a cell names."""
    meant = field.meant(cell)
    if field.bound.field.kind is not Kind.LISTS:
        return (clean(meant),)
    try:
        return normalize_list_ids(meant, separator=field.bound.rule.separator or ",").values
    except NormalizeError:
        return ()  # its row is refused for that


class Normalizers:
    """The normalizers of one binding."""

    def __init__(self, binding: Binding) -> None:
        self._binding = binding
        self._spec = binding.mapping.spec
        self.repairs = frozenset(self._spec.repair)
        self.rows = 0  # that were mapped so far
        self._tags_seen = LookAlikes()

    def of(self, bound: BoundField) -> Normalizer:
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
            if exc.code == "POSTAL_CODE_ZERO_LOST" and "postal_zero" in self.repairs:
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
        note = Note(
            "PHONE_EXTENSION_DROPPED",
            Message("the extension {extension} is not sent", extension=found.extension),
        )
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


def by_column(problems: Iterable[Problem]) -> dict[str, list[Problem]]:
    """Return column -> problems of its cell."""
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.column:
            found.setdefault(problem.column, []).append(problem)
    return found


def placed(
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


def _bad(bound: BoundField, exc: NormalizeError, raw: str) -> Problem:
    drops = bound.drops or exc.code in _FIELD_RULES
    message = str(exc)
    if drops and exc.code not in _FIELD_RULES:
        message = Message("{message}; the field is not sent", message=Message.of(exc))
    return Problem(
        code=exc.code,
        message=message,
        column=bound.columns[0] if bound.columns else "",
        field=bound.field.name,
        value=raw,
        severity=Severity.WARNING if drops else Severity.ERROR,
    )
