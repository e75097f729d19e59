"""A mapping file -> ColumnMapping, or every mistake in it at once with its place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bulk_import.api.fields import FIELDS, OPPOSITES, RESERVED
from bulk_import.errors import MappingError, MappingProblem, Message, SetupError
from bulk_import.mapping.checks import Pattern
from bulk_import.mapping.plain import tree_of
from bulk_import.mapping.schema import (
    Check,
    Defaults,
    FieldRule,
    MappingSpec,
    OnMissing,
    Part,
    RowRule,
    SourceSpec,
    SuppressSpec,
    When,
)
from bulk_import.mapping.yamltext import Document, Tree, parse
from bulk_import.mapping.yamltext import Path as KeyPath
from bulk_import.sources.exports import address_column, export_in
from bulk_import.sources.kept import forget, keep, may_be_archive
from bulk_import.sources.remote import is_remote, shown

_PARTS: dict[str, type[Part]] = {
    "source": SourceSpec,
    "defaults": Defaults,
    "when": When,
    "on_missing": OnMissing,
}
_SHORTEST_PART = 4  # characters of a word that is looked for within names


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """A mapping that was read and found sound. ``bind`` it to a header to map rows.

    Attributes:
        name: The file's name as given.
        folder: What relative paths in it start from.
        spec: The validated contents.
        document: The text's tree and places, for later messages.
        text: As read: a run's journal keeps it, so that a resume needs nothing else.
        exports: Suppression lists inside the sources; ``None`` = nobody has looked for any.
    """

    name: str
    folder: Path
    spec: MappingSpec
    document: Document
    text: str
    exports: tuple[SuppressSpec, ...] | None = None

    def fingerprint(self) -> dict[str, str]:
        """Return key path -> canonical text; comments, order and layout do not matter."""
        return dict(_flat(self.document.tree, ""))

    def suppress_files(self) -> list[tuple[Path | str, SuppressSpec]]:
        """Return the lists of contacts that are never sent; as text those that are elsewhere."""
        return [
            (spec.file if is_remote(spec.file) else self.folder / spec.file, spec)
            for spec in (*self.spec.suppress, *(self.exports or ()))
        ]

    def for_sources(self, paths: Sequence[str]) -> ColumnMapping:
        """Return the mapping with the suppression lists that are inside *paths* (whole exports).

        Archives that are elsewhere are fetched, and kept for the readings that follow.

        Raises:
            SourceError: One cannot be fetched.
            SetupError: Two differ in nothing that may be written down.
        """
        found = []
        known: dict[str, str] = {}
        for path in paths:
            if may_be_archive(path):
                keep(path)
            export = export_in(path)
            if export is None and may_be_archive(path):
                forget(path)
            if export is None or self.spec.source.member not in (None, export.subscribed):
                continue
            if known.setdefault(shown(path), path) != path:
                raise SetupError(
                    Message(
                        "{path}: two of these addresses differ only in their tokens, which are never "
                        "written down, so their lists cannot be told apart; import one, then the other",
                        path=shown(path),
                    )
                )
            for member in export.never:
                column = address_column(path, member)
                columns = (column,) if column else ()
                file = shown(path) if is_remote(path) else str(Path(path).absolute())
                found.append(SuppressSpec(file=file, member=member, columns=columns))
        return self.with_exports(found)

    def with_exports(self, lists: Sequence[SuppressSpec]) -> ColumnMapping:
        """Return the mapping with *lists* besides those that it has from sources already."""
        return replace(self, exports=tuple(dict.fromkeys((*(self.exports or ()), *lists))))

    def told_exports(self) -> str:
        """Return the lists inside the sources as text, for a journal."""
        return json.dumps([spec.model_dump(exclude_defaults=True) for spec in self.exports or ()])

    def with_told_exports(self, text: str) -> ColumnMapping:
        """Return the mapping with lists that ``told_exports`` wrote."""
        return self.with_exports([SuppressSpec.model_validate(spec) for spec in json.loads(text)])

    def with_sheet(self, sheet: str) -> ColumnMapping:
        """Return the mapping, reading another sheet."""
        source = self.spec.source.model_copy(update={"sheet": sheet})
        return self.with_spec(self.spec.model_copy(update={"source": source}))

    def with_corrections(self, file: str | Path | None, by: str | None) -> ColumnMapping:
        """Return the mapping with another file of corrections, or another way to find their rows.

        Args:
            file: Empty or ``None`` = as the mapping says.
            by: ``row`` or ``contact``; ``None`` = as the mapping says.
        """
        changes = {
            "corrections": str(Path(file).absolute()) if file else None,
            "corrections_by": by,
        }
        given = {name: value for name, value in changes.items() if value}
        source = self.spec.source.model_copy(update=given)
        return self.with_spec(self.spec.model_copy(update={"source": source}))

    def with_spec(self, spec: MappingSpec) -> ColumnMapping:
        """Return the mapping with other contents, for trying a change."""
        return replace(self, spec=spec)


AnyMapping = str | Path | ColumnMapping | Mapping[str, Any]


def load_mapping(mapping: AnyMapping) -> ColumnMapping:
    """Return a mapping that was found sound.

    Args:
        mapping: A file's path; or what such a file says, as a dict; or a mapping that was loaded
            before, which is returned as it is.

    Raises:
        MappingError: It cannot be read or used; ``problems`` lists all that is wrong with it.
    """
    if isinstance(mapping, ColumnMapping):
        return mapping
    if isinstance(mapping, Mapping):
        tree, text = tree_of(mapping, "mapping")
        return _sound(Document("mapping", tree, {}), Path(), text)
    path = Path(mapping)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as exc:
        raise MappingError.of(
            Message("cannot be read: {strerror}", strerror=exc.strerror or exc), path
        ) from None
    except UnicodeDecodeError as exc:
        raise MappingError.of(
            Message("byte {start} is not UTF-8; save the mapping as UTF-8", start=exc.start), path
        ) from None
    return parse_mapping(text, str(path), folder=path.parent)


def parse_mapping(text: str, name: str = "mapping", *, folder: Path = Path()) -> ColumnMapping:
    """Read a mapping from *text*. Raises as ``load_mapping`` does."""
    return _sound(parse(text, name), folder, text)


def _sound(document: Document, folder: Path, text: str) -> ColumnMapping:
    if not isinstance(document.tree, dict):
        found = "nothing" if document.tree is None else type(document.tree).__name__
        message = Message(
            "a mapping begins with `version: 1` and `fields:`; found {found}", found=found
        )
        raise MappingError([document.problem(message)])
    problems = list(_misspelt(document))
    try:
        spec = MappingSpec.model_validate(document.tree)
    except ValidationError as exc:
        problems += _explained(exc, document)
    if problems:
        raise MappingError(problems)
    problems += _unsound(spec, document)
    if problems:
        raise MappingError(problems)
    return ColumnMapping(document.name, folder, spec, document, text)


def said_of(error: ErrorDetails, part: type[Part]) -> str:
    """Return what is wrong with a key or a value of another file of ours than a mapping.

    Args:
        part: What the key should belong to.
    """
    if error["type"] == "literal_error":
        return Message("must be {error}", error=error.get("ctx", {}).get("expected", ""))
    if error["type"] != "extra_forbidden":
        plain = MEANINGS.get(error["type"], error["msg"])
        return plain.removeprefix("Value error, ")
    known = list(part.model_fields)
    near = get_close_matches(str(error["loc"][-1]), known, 1)
    if near:
        return Message("not known; did you mean {near}?", near=near[0])
    return Message("not known; {known} are", known=", ".join(known))


def closest(word: str, known: Sequence[str]) -> str:
    """Return `` (did you mean …?)`` for what is close to *word* or has it as a part, else ``""``."""
    from rapidfuzz import fuzz, process, utils

    best = process.extract(
        word, known, scorer=fuzz.ratio, processor=utils.default_process, limit=3, score_cutoff=65
    )
    shown = [name for name, score, _ in best if score >= best[0][1] - 10]
    if not shown and len(word) >= _SHORTEST_PART:
        shown = [name for name in known if word.lower() in name][:3]
    return Message(" (did you mean {shown}?)", shown=Message.any_of(shown)) if shown else ""


def _misspelt(document: Document) -> Iterator[MappingProblem]:
    """Unknown names: with a suggestion instead of pydantic's "extra forbidden"."""
    tree = document.tree
    assert isinstance(tree, dict)  # noqa: S101 - the caller made sure
    yield from _unknown(document, (), tree, list(MappingSpec.model_fields), "a mapping")
    for key, model in _PARTS.items():
        part = tree.get(key)
        if isinstance(part, dict):
            yield from _unknown(document, (key,), part, list(model.model_fields), f"{key}:")
    yield from _misspelt_rules(document, tree)


def _misspelt_rules(document: Document, tree: dict[str, Tree]) -> Iterator[MappingProblem]:
    for section, entry, what in (
        ("skip", RowRule, "a rule"),
        ("only", RowRule, "a rule"),
        ("checks", Check, "a check"),
        ("suppress", SuppressSpec, "a suppression list"),
    ):
        given = tree.get(section)
        items = given if isinstance(given, list) else [given]
        for number, item in enumerate(items):
            if isinstance(item, dict):
                options = list(entry.model_fields)
                yield from _unknown(document, (section, number), item, options, what)
    for section in ("fields", "extra"):
        rules = tree.get(section)
        if not isinstance(rules, dict):
            continue
        if section == "fields":
            yield from _unknown(document, (section,), rules, list(FIELDS), "addupdatelead")
        for name, rule in rules.items():
            if isinstance(rule, dict):
                options = list(FieldRule.model_fields)
                yield from _unknown(document, (section, name), rule, options, "a field")


def _unknown(
    document: Document, path: KeyPath, tree: dict[str, Tree], known: list[str], of: str
) -> Iterator[MappingProblem]:
    for name in tree:
        if name not in known:
            hint = closest(name, known) or Message("; it has {known}", known=", ".join(known[:12]))
            yield document.problem(
                Message("{of} has no {name!r}{hint}", of=of, name=name, hint=hint), (*path, name)
            )


# What pydantic's types of errors mean to somebody who writes YAML.
MEANINGS = {
    "missing": "is missing",
    "model_type": "needs names and values below it (indented), not a single value",
    "dict_type": "needs names and values below it (indented), not a single value",
    "model_attributes_type": "needs names and values below it (indented), not a single value",
    "tuple_type": "must be a text or a list of texts",
    "list_type": "must be a text or a list of texts",
    "too_short": "must name at least one",
    "string_type": "must be a text",
    "float_parsing": "must be a number",
    "int_parsing": "must be a whole number",
}


def _explained(exc: ValidationError, document: Document) -> Iterator[MappingProblem]:
    for error in exc.errors(include_url=False, include_input=False):
        if error["type"] == "extra_forbidden":
            continue  # said better by _misspelt
        path = tuple(error["loc"])
        yield document.problem(_meaning(error, path), path)


def _meaning(error: ErrorDetails, path: KeyPath) -> str:
    if path[:1] in (("skip",), ("only",)) and len(path) == 1:
        return Message("must be a list, such as `- {{column: Unsubscribed, values: [yes, 1]}}`")
    if path == ("checks",):
        return Message("must be a list, such as `- {{column: Customer no, require: yes}}`")
    if error["type"] == "missing" and path == ("version",):
        return Message("is missing; begin the mapping with `version: 1`")
    context = error.get("ctx", {})
    if error["type"] == "literal_error" and "expected" in context:
        return Message("must be {error}", error=context["expected"])
    if isinstance(raised := context.get("error"), ValueError):
        return str(raised)  # our own
    said = error["msg"]
    return MEANINGS.get(error["type"], f"{said[:1].lower()}{said[1:]}")


def _unsound(spec: MappingSpec, document: Document) -> Iterator[MappingProblem]:
    """Report what is well-formed but makes no sense."""
    for name in spec.extra:
        path: KeyPath = ("extra", name)
        if name in FIELDS:
            yield document.problem("is a known field; put it under fields:", path)
        elif name in RESERVED:
            yield document.problem("this parameter carries the key; choose another name", path)
        elif not name.isidentifier() and not name.replace("[", "").replace("]", "").isidentifier():
            yield document.problem("a parameter's name has letters, digits and _ only", path)
    for name, rule in spec.fields.items():
        kind = FIELDS[name].kind
        if rule.always and kind not in ("tags", "lists"):
            message = "is for tags and lists; a constant is value: …"
            yield document.problem(message, ("fields", name, "always"))
        if rule.part and kind != "name":
            yield document.problem("is for names", ("fields", name, "part"))
        if rule.region_from and kind != "phone":
            yield document.problem("is for phones", ("fields", name, "region_from"))
    yield from _both_ways(spec, document)
    yield from _unsound_checks(spec, document)


def _unsound_checks(spec: MappingSpec, document: Document) -> Iterator[MappingProblem]:
    known = [*spec.fields, *spec.extra]
    for number, check in enumerate(spec.checks):
        path: KeyPath = ("checks", number)
        if check.field and check.field not in known:
            hint = closest(check.field, known) or "; it is under neither fields: nor extra:"
            yield document.problem(
                Message("no field {field!r}{hint}", field=check.field, hint=hint), (*path, "field")
            )
        if check.field and check.unique and FIELDS.get(check.field) is FIELDS["lead_email"]:
            message = "is what when: duplicate: is for; use duplicate: refuse"
            yield document.problem(message, (*path, "unique"))
        try:
            Pattern(check.pattern or "")
        except ValueError as exc:
            yield document.problem(str(exc), (*path, "pattern"))


def _both_ways(spec: MappingSpec, document: Document) -> Iterator[MappingProblem]:
    for add, remove in OPPOSITES:
        if add in spec.fields and remove in spec.fields:
            both = set(spec.fields[add].always) & set(spec.fields[remove].always)
            for value in sorted(both):
                message = Message(
                    "{value!r} is added by {add} and removed here; keep one", value=value, add=add
                )
                yield document.problem(message, ("fields", remove))


def _flat(tree: Tree, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        for name, value in sorted(tree.items()):
            # One problem per field is enough for a person.
            if path in ("fields", "extra"):
                yield f"{path}.{name}", json.dumps(value, ensure_ascii=False, sort_keys=True)
            else:
                yield from _flat(value, f"{path}.{name}" if path else name)
    else:
        yield path, json.dumps(tree, ensure_ascii=False)
