"""ColumnMapping + header -> Binding: which columns each field is made of, checked against the file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bulk_import.api.fields import FIELDS, Field, Kind
from bulk_import.errors import MappingError, MappingProblem, Message
from bulk_import.mapping.checks import BoundCheck
from bulk_import.mapping.loading import ColumnMapping, closest
from bulk_import.mapping.rules import BoundRule
from bulk_import.mapping.schema import Check, FieldRule, OnMissing, RowRule
from bulk_import.mapping.yamltext import Path as KeyPath
from bulk_import.normalize.folding import fold
from bulk_import.normalize.result import NormalizeError
from bulk_import.normalize.tags import list_id

Cells = Mapping[str, str]
Pick = Callable[[Cells], str]

_SEPARATORS = " \t\n,;:-–—/|"
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")

ROLES = {
    Kind.EMAIL: "email",
    Kind.PHONE: "phone",
    Kind.NAME: "name",
    Kind.COUNTRY: "country",
    Kind.POSTAL_CODE: "postal_code",
    Kind.LISTS: "list_ids",
    Kind.TAGS: "tags",
    Kind.UTC_OFFSET: "utc_offset",
    Kind.MANAGER: "manager",
    Kind.ADDRESS: "address",
    Kind.CITY: "city",
    Kind.STATE: "state",
    Kind.SOCIAL: "social",
}


Lists = Mapping[str, Sequence[str]]  # title or id of a list -> the ids that it may mean
# What a cell is refused with although only the account's answer shows that it is wrong.
NOT_IN_ACCOUNT = ("LIST_UNKNOWN", "LIST_AMBIGUOUS", "LIST_WITHOUT_ID", "MANAGER_UNKNOWN")


@dataclass(frozen=True, slots=True)
class BoundField:
    """One field, bound to the columns of a file.

    Attributes:
        pick: Cells -> the raw text, ``""`` when there is none.
        columns: What it is picked from; the first is named in messages.
        region_column: Of a phone: where its country stands; may be empty.
        always: Constant tags or lists, ids resolved.
        values: Folded cell text -> what is meant.
        tag_values: Likewise for single tags of a cell, exactly and by ``spelled``.
    """

    field: Field
    rule: FieldRule
    pick: Pick
    columns: tuple[str, ...]
    region_column: str
    always: tuple[str, ...]
    values: Mapping[str, str]
    clears: bool
    drops: bool
    tag_values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Binding:
    """A mapping bound to one header.

    Attributes:
        fields: In the order in which they are evaluated: countries before phones.
        rules: What keeps rows from being sent.
        checks: What rows have to fulfil.
        lists: List title or id -> the ids that it may mean; ``None`` while the account has not been asked.
        at: The moment by which time zones are read.
    """

    mapping: ColumnMapping
    header: tuple[str, ...]
    fields: tuple[BoundField, ...]
    extra: tuple[BoundField, ...]
    lists: Lists | None
    managers: Mapping[str, str] | None
    at: datetime | None
    rules: tuple[BoundRule, ...] = ()
    checks: tuple[BoundCheck, ...] = ()

    @property
    def used_columns(self) -> frozenset[str]:
        """Columns whose cells reach the server or decide about it."""
        bound = (*self.fields, *self.extra)
        return (
            frozenset(
                column
                for field in bound
                for column in (*field.columns, field.region_column)
                if column
            )
            | {column for rule in self.rules for column in rule.columns}
            | self._checked_columns
        )

    @property
    def _checked_columns(self) -> frozenset[str]:
        return frozenset(bound.column for bound in self.checks if not bound.check.field)

    def roles(self) -> dict[str, str]:
        """Return column -> what it holds, for the damage detector."""
        roles = dict.fromkeys(self.header, "")
        for bound in (*self.fields, *self.extra):
            for column in bound.columns:
                roles[column] = ROLES.get(bound.field.kind, "text")
            if bound.region_column:
                roles[bound.region_column] = "country"
        for column in (column for rule in self.rules for column in rule.columns):
            roles[column] = roles[column] or "rule"
        for column in self._checked_columns:
            roles[column] = roles[column] or "rule"
        return roles


def bind(
    mapping: ColumnMapping,
    header: Sequence[str],
    *,
    lists: Lists | None = None,
    managers: Mapping[str, str] | None = None,
    at: datetime | None = None,
) -> Binding:
    """Bind *mapping* to a file's header.

    Args:
        lists: List title or id -> the ids that it may mean; ``None`` = not asked yet.
        managers: Manager's name -> id; ``None`` = not asked yet, a name passes.
        at: The moment by which time zones are read.

    Raises:
        MappingError: Columns or lists that do not exist; all of them at once.
    """
    binder = _Binder(mapping, tuple(header), lists)
    fields = [
        bound
        for name, rule in mapping.spec.fields.items()
        if (bound := binder.field(FIELDS[name], rule, ("fields", name))) is not None
    ]
    extra = [
        bound
        for name, rule in mapping.spec.extra.items()
        if (bound := binder.field(Field(name, Kind.TEXT, name), rule, ("extra", name))) is not None
    ]
    spec = mapping.spec
    rules = [
        bound_rule
        for section, given in (("skip", spec.skip), ("only", spec.only))
        for at_, row_rule in enumerate(given)
        if (bound_rule := binder.rule(section, row_rule, at_)) is not None
    ]
    fed_by = {bound.field.name: bound.columns for bound in (*fields, *extra)}
    checks = [
        bound_check
        for at_, check in enumerate(spec.checks)
        if (bound_check := binder.check(check, at_, fed_by)) is not None
    ]
    if spec.on_missing is not None:
        binder.on_missing(spec.on_missing)
    binder.check_shared_columns()
    binder.check_orders()
    if binder.problems:
        raise MappingError(binder.problems)
    order = {name: at for at, name in enumerate(FIELDS)}
    fields.sort(key=lambda b: (b.field.kind is not Kind.COUNTRY, order[b.field.name]))
    return Binding(
        mapping, tuple(header), tuple(fields), tuple(extra), lists, managers, at, tuple(rules),
        tuple(checks),
    )  # fmt: skip


class _Binder:
    def __init__(
        self, mapping: ColumnMapping, header: tuple[str, ...], lists: Lists | None
    ) -> None:
        self.problems: list[MappingProblem] = []
        self._mapping = mapping
        self._header = header
        self._lists = lists
        self._folded: dict[str, list[str]] = defaultdict(list)
        for column in header:
            self._folded[" ".join(column.casefold().split())].append(column)
        self._users: dict[str, list[str]] = defaultdict(list)

    def field(self, field: Field, rule: FieldRule, path: KeyPath) -> BoundField | None:
        known = len(self.problems)
        columns, pick = self._origin(rule, path)
        region = self._any_of(rule.region_from, (*path, "region_from")) if rule.region_from else ""
        always = self._constants(rule.always, (*path, "always"), lists=field.kind is Kind.LISTS)
        if len(self.problems) > known:
            return None
        for column in columns if not rule.template else ():
            self._users[column].append(field.name)
        when = self._mapping.spec.when
        return BoundField(
            field=field,
            rule=rule,
            pick=pick,
            columns=columns,
            region_column=region,
            always=always,
            values={fold(cell): meant for cell, meant in rule.values.items()},
            clears=(rule.blank or when.blank) == "clear",
            drops=(rule.bad_value or when.bad_value) == "drop_field",
            tag_values=_tag_values(rule) if field.kind is Kind.TAGS else {},
        )

    def rule(self, section: str, rule: RowRule, number: int) -> BoundRule | None:
        if rule.optional and not any(map(self._find, rule.column)):
            return None
        columns = self._all_of(rule.column, (section, number, "column"))
        return BoundRule.bind(section, rule, columns) if columns else None

    def check(
        self, check: Check, number: int, fed_by: Mapping[str, tuple[str, ...]]
    ) -> BoundCheck | None:
        if check.field:
            return BoundCheck.bind(number, check, next(iter(fed_by.get(check.field, ())), ""))
        if check.optional and not any(map(self._find, check.column)):
            return None
        column = self._any_of(check.column, ("checks", number, "column"))
        return BoundCheck.bind(number, check, column) if column else None

    def check_shared_columns(self) -> None:
        """One column for several fields is a slip, except for parts of names and addresses."""
        for column, users in self._users.items():
            same_kind = {FIELDS[name].kind for name in users if name in FIELDS}
            plain = [
                name
                for name in users
                if name in self._mapping.spec.fields and not self._mapping.spec.fields[name].part
            ]
            if len(plain) > 1 and len(same_kind) == 1 and same_kind <= {Kind.NAME, Kind.EMAIL}:
                self._refuse(
                    Message(
                        "column {column!r} is mapped to {plain}; keep one, or split it with part:",
                        column=column,
                        plain=Message.all_of(plain),
                    ),
                    ("fields", plain[1]),
                )

    def check_orders(self) -> None:
        """The parts of one column of whole names are cut in one order."""
        first: dict[tuple[str, ...], tuple[str, FieldRule]] = {}
        for name, rule in self._mapping.spec.fields.items():
            if not rule.part:
                continue
            known, other = first.setdefault((*rule.column, *rule.columns), (name, rule))
            if other.order != rule.order:
                self._refuse(
                    Message(
                        "{name} has the order {order}, and {known} has {other}; the parts of one "
                        "column are cut in one order",
                        name=name,
                        order=rule.order or Message("of each name"),
                        known=known,
                        other=other.order or Message("of each name"),
                    ),
                    ("fields", name, "order" if rule.order else "part"),
                )

    def _refuse(self, message: str, path: KeyPath) -> None:
        """Note a problem of a field, placed at the option of it that is meant."""
        self.problems.append(self._mapping.document.problem(message, path[:2], at=path))

    def _origin(self, rule: FieldRule, path: KeyPath) -> tuple[tuple[str, ...], Pick]:
        if rule.value is not None:
            constant = rule.value
            return (), lambda _cells: constant
        if rule.template is not None:
            return self._template(rule.template, path)
        if rule.columns:
            found = tuple(self._one(name, (*path, "columns")) for name in rule.columns)
            return found, _first_of(found)
        if rule.column:
            aliases = self._all_of(rule.column, (*path, "column"))
            return aliases, _first_of(aliases)
        return (), lambda _cells: ""

    def _template(self, template: str, path: KeyPath) -> tuple[tuple[str, ...], Pick]:
        parts = _PLACEHOLDER.split(template)
        columns = tuple(self._one(name.strip(), (*path, "template")) for name in parts[1::2])
        if not columns:
            return (), lambda _cells: template
        return columns, _Template(parts[0::2], columns)

    def _all_of(self, aliases: Sequence[str], path: KeyPath) -> tuple[str, ...]:
        found = tuple(c for alias in aliases if (c := self._find(alias)))
        if not found:
            self._missing(aliases, path)
        return tuple(dict.fromkeys(found))

    def _any_of(self, aliases: Sequence[str], path: KeyPath) -> str:
        return next(iter(self._all_of(aliases, path)), "")

    def _one(self, name: str, path: KeyPath) -> str:
        return self._any_of([name], path)

    def _find(self, name: str) -> str:
        if name in self._header:
            return name
        alike = self._folded.get(" ".join(name.casefold().split()), [])
        return alike[0] if len(alike) == 1 else ""

    def _missing(self, names: Sequence[str], path: KeyPath) -> None:
        wanted = Message.any_of(repr(name) for name in names)
        hint = closest(names[0], self._header)
        headers = ", ".join(self._header[:20]) + (", …" if len(self._header) > 20 else "")
        self._refuse(
            Message(
                "no column {wanted}{hint}",
                wanted=wanted,
                hint=hint or Message("; the file has: {headers}", headers=headers),
            ),
            path,
        )

    def on_missing(self, action: OnMissing) -> None:
        """Check the tags and lists of an action on contacts that are missing."""
        for name in ("add_tags", "remove_tags", "remove_from_lists"):
            is_lists = FIELDS[name].kind is Kind.LISTS
            self._constants(getattr(action, name), ("on_missing", name), lists=is_lists)

    def _constants(self, values: Sequence[str], path: KeyPath, *, lists: bool) -> tuple[str, ...]:
        found = []
        for value in values:
            try:
                checked = list_id(value) if lists else value
                if "," in checked:
                    raise NormalizeError(
                        "TAG_COMMA", Message("{value!r} has a comma in it", value=value)
                    )
                found.append(resolve_list(checked, self._lists) if lists else checked)
            except NormalizeError as exc:
                self._refuse(str(exc), path)
        return tuple(dict.fromkeys(found))


def spelled(tag: str) -> str:
    """Return a tag as ``values:`` compares it: without regard to case and blanks."""
    return " ".join(tag.casefold().split())


def _tag_values(rule: FieldRule) -> dict[str, str]:
    return {spelled(tag): meant for tag, meant in rule.values.items()} | dict(rule.values)


def resolve_list(value: str, lists: Lists | None) -> str:
    """Return the id of a list given by id or title; unchanged while the account is not asked.

    Raises:
        NormalizeError: ``LIST_UNKNOWN``, ``LIST_AMBIGUOUS`` or ``LIST_WITHOUT_ID``.
    """
    if lists is None:
        return value
    ids = lists.get(value)
    if ids is None:
        raise NormalizeError(
            "LIST_UNKNOWN",
            Message(
                "the account has no list {value!r}{hint}; `bulk-import lists` shows them",
                value=value,
                hint=closest(value, [*lists]),
            ),
        )
    if not ids:
        raise NormalizeError(
            "LIST_WITHOUT_ID",
            Message(
                "the account's answer has no API id for the list {value!r}; write the id "
                "that the list's settings show",
                value=value,
            ),
        )
    if len(ids) > 1:
        raise NormalizeError(
            "LIST_AMBIGUOUS",
            Message(
                "{n} lists are called {value!r}; write the id of the one that is meant: {ids}",
                n=len(ids),
                value=value,
                ids=Message.any_of(ids),
            ),
        )
    return ids[0]


def _first_of(columns: tuple[str, ...]) -> Pick:
    if len(columns) == 1:
        column = columns[0]
        return lambda cells: cells[column]

    def pick(cells: Cells) -> str:
        for column in columns:
            if cells[column].strip():
                return cells[column]
        return ""

    return pick


class _Template:
    """Text with cells in it. The text before a cell belongs to it and goes when it is empty."""

    def __init__(self, texts: Sequence[str], columns: Sequence[str]) -> None:
        self._labels = texts[:-1]
        self._end = texts[-1]
        self._columns = columns

    def __call__(self, cells: Cells) -> str:
        made = ""
        value = ""
        for label, column in zip(self._labels, self._columns, strict=True):
            value = cells[column].strip()
            if value:
                made += (label if made else label.lstrip(_SEPARATORS)) + value
        return made + self._end if value else made
