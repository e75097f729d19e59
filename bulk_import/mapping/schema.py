"""The form of a mapping file: pydantic models, and the JSON Schema that editors use.

Short forms are unfolded before validation, so that one mistake gives one message.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from bulk_import.errors import Message

Names = tuple[str, ...]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


Columns = Annotated[Names, BeforeValidator(_as_list)]


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Separator = Annotated[str | tuple[str, ...], BeforeValidator(_as_tuple)]


class Part(BaseModel):
    """Base of all parts: frozen, nothing unknown allowed, no values in error messages."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, str_max_length=10_000
    )


class SourceSpec(Part):
    """Where in the file the table stands and how the file is written; detected when absent."""

    sheet: str | None = None
    header_row: Annotated[int, Field(ge=1)] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    member: str | None = Field(default=None, description="The file inside an archive.")
    sheets: Columns = Field(
        default=(), description="Several sheets as one source, by name; all: every visible one."
    )
    hidden_rows: Literal["read", "skip"] = Field(
        default="read", description="Rows that a filter of the workbook hides."
    )
    places: Columns = Field(
        default=(),
        description="Three columns, file, sheet and row, that say where each row came from.",
    )
    corrections: str | None = Field(
        default=None,
        description="Corrected cells; NAME.corrections.csv beside the source if not said.",
    )
    corrections_by: Literal["row", "contact"] = Field(
        default="row", description="How corrections find their rows: by contact in another export."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> SourceSpec:
        if self.sheet is not None and self.sheets:
            raise ValueError("sheet and sheets exclude each other")
        if len(self.places) not in (0, 3):
            raise ValueError("places: name three columns: file, sheet and row")
        return self


class Defaults(Part):
    """What holds for every row that does not say otherwise."""

    phone_region: str | None = Field(
        default=None, description="Two-letter country of numbers typed without a country code."
    )
    guess_utc_from_country: bool = Field(
        default=False,
        description="Send a country's offset where it has only one and the row has none.",
    )
    guess_utc_from_phone: bool = Field(
        default=False,
        description="Likewise for the country of the phone, where the row's country gives none.",
    )

    @field_validator("phone_region")
    @classmethod
    def _known_region(cls, value: str | None) -> str | None:
        from bulk_import.normalize.country_names import is_country

        if value is not None and not is_country(value.upper()):
            raise ValueError(
                Message("{value!r} is not a two-letter country code such as US", value=value)
            )
        return value.upper() if value else None


class FieldRule(Part):
    """How one field is made from a row."""

    column: Columns = Field(
        default=(), description="A column by its header; other spellings in a list."
    )
    columns: Columns = Field(
        default=(), description="Several columns: the first that is not empty."
    )
    value: str | None = Field(default=None, description="The same for every row.")
    template: str | None = Field(default=None, description="Text with {Column} in it.")
    part: Literal["first", "middle", "last"] | None = Field(
        default=None, description="Of a column with the whole name."
    )
    order: Literal["first_last", "last_first"] | None = Field(
        default=None,
        description="Of the whole names of a column with part: where it is always one.",
    )
    values: dict[str, str] = Field(
        default_factory=dict,
        description="What cells (of tags: a single tag, too) say -> what is meant, before anything else.",
    )
    region_from: Columns = Field(default=(), description="The column with the country of a phone.")
    case: Literal["keep", "title"] = Field(
        default="keep", description="Of a name in capitals or small letters: JOHN SMITH."
    )
    dst: Literal["standard", "current"] = Field(
        default="standard", description="Which offset of a zone that changes its clocks."
    )
    half_hours: Literal["omit", "round"] = Field(
        default="omit", description="What the field, which takes whole hours, gets of +05:30."
    )
    separator: Separator | None = Field(
        default=None, description="Between tags or lists of one cell; several in a list."
    )
    always: Columns = Field(default=(), description="Tags or lists that every contact gets.")
    mirror: bool = Field(
        default=False,
        description="Of tags or lists: sync takes back what a contact no longer has in the column.",
    )
    several: Literal["first", "refuse"] | None = Field(
        default=None,
        description="What is done about several numbers (first if not said) or addresses (refuse).",
    )
    extension: Literal["drop", "describe"] = Field(
        default="drop", description="Whether a phone's extension goes into the notes."
    )
    strict_phone: bool = Field(default=False, description="Refuse phone numbers that nobody uses.")
    refuse_role: bool = Field(default=False, description="Refuse info@, sales@ and the like.")
    refuse_disposable: bool = Field(default=False, description="Refuse hosts of throw-away mail.")
    deliverability: bool = Field(
        default=False, description="Ask the DNS whether the e-mail's domain takes mail at all."
    )
    blank: Literal["omit", "clear"] | None = Field(
        default=None, description="What an empty cell does, instead of when: blank."
    )
    bad_value: Literal["refuse_row", "drop_field"] | None = Field(
        default=None, description="What a refused value does, instead of when: bad_value."
    )

    @model_validator(mode="before")
    @classmethod
    def _unfold(cls, given: object) -> object:
        if isinstance(given, str | list):
            return {"column": given}
        if given is None:
            raise ValueError("name a column, or remove the line")
        return given

    @model_validator(mode="after")
    def _one_origin(self) -> FieldRule:
        given = [n for n in ("column", "columns", "value", "template") if getattr(self, n)]
        if len(given) > 1:
            raise ValueError(
                Message("{given} exclude each other; keep one", given=Message.all_of(given))
            )
        if not given and not self.always:
            raise ValueError("says nothing of where the value comes from; give column: NAME")
        return self


class When(Part):
    """What to do in the cases that need a decision."""

    no_email: Literal["refuse", "create"] = "refuse"
    duplicate: Literal["send", "first", "last", "merge", "refuse"] = "send"
    blank: Literal["omit", "clear"] = "omit"
    bad_value: Literal["refuse_row", "drop_field"] = "refuse_row"
    says_no: Literal["stop", "send"] = Field(
        default="stop",
        description="Where nobody is asked and rows would be sent of which a column of consent, or the "
        "name of another sheet, says no.",
    )


class OnMissing(Part):
    """What ``sync`` does to contacts of the last good run that are missing now."""

    add_tags: Columns = ()
    remove_tags: Columns = ()
    remove_from_lists: Columns = ()

    @model_validator(mode="after")
    def _something(self) -> OnMissing:
        if not (self.add_tags or self.remove_tags or self.remove_from_lists):
            raise ValueError("says nothing; give add_tags, remove_tags or remove_from_lists")
        return self


class SuppressSpec(Part):
    """A list of contacts that are never sent."""

    file: str = Field(description="A file, from the mapping's folder.")
    columns: Columns = Field(default=(), description="Read these columns only.")
    kind: Literal["addresses", "domains", "hashes"] = Field(
        default="addresses",
        description="What its cells are, where their column's name does not say it.",
    )
    gmail_dots: bool = Field(
        default=False, description="Of Gmail's addresses, ignore dots and what follows a plus."
    )
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    member: str | None = Field(default=None, description="The file inside an archive.")

    @model_validator(mode="before")
    @classmethod
    def _unfold(cls, given: object) -> object:
        return {"file": given} if isinstance(given, str) else given


class RowRule(Part):
    """Cells that keep a row from being sent (``skip``), or that it needs to be sent (``only``)."""

    column: Columns = Field(
        min_length=1,
        description="A column by its header; other spellings in a list. Of several columns that "
        "a file has, every filled cell is looked at.",
    )
    values: Columns = Field(
        min_length=1,
        description="Cells, without regard to case and blanks; `empty` is an empty cell, "
        "`says no` a text with words such as *please do not e-mail*, and in a column of consent "
        "(*Newsletter since*) a plain *no* as well, with or without a date.",
    )
    because: str = Field(default="", description="The reason, for the report.")
    optional: bool = Field(
        default=False, description="Ignore the rule in files that do not have the column."
    )


class Check(Part):
    """What a column's cells, or a field's values, have to be; a row that fails is refused."""

    column: Columns = Field(
        default=(), description="A column by its header; other spellings in a list."
    )
    field: str | None = Field(
        default=None, description="A field instead of a column: its value as it would be sent."
    )
    require: bool = Field(default=False, description="It must not be empty.")
    pattern: str | None = Field(
        default=None,
        min_length=1,
        description="A regular expression (of Rust's syntax) that the whole text must match.",
    )
    one_of: Columns = Field(
        default=(), description="What it may be, without regard to case and blanks."
    )
    unique: bool = Field(default=False, description="No other row that is sent may have it too.")
    because: str = Field(default="", description="The reason, for the report.")
    optional: bool = Field(
        default=False, description="Ignore the check in files that do not have the column."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Check:
        if bool(self.column) is bool(self.field):
            raise ValueError("name a column or a field")
        if not (self.require or self.pattern or self.one_of or self.unique):
            raise ValueError("demands nothing; give require, pattern, one_of or unique")
        return self


class MappingSpec(Part):
    """A mapping file: columns of a spreadsheet -> parameters of addupdatelead."""

    version: Literal["1"]
    source: SourceSpec = SourceSpec()
    defaults: Defaults = Defaults()
    fields: dict[str, FieldRule] = Field(min_length=1)
    extra: dict[str, FieldRule] = Field(default_factory=dict)
    when: When = When()
    suppress: Annotated[tuple[SuppressSpec, ...], BeforeValidator(_as_list)] = ()
    skip: tuple[RowRule, ...] = ()
    only: tuple[RowRule, ...] = ()
    checks: tuple[Check, ...] = ()
    min_rows: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Send nothing if the sources have fewer rows."
    )
    repair: Annotated[
        tuple[Literal["postal_zero", "mojibake", "html_entities", "placeholders"], ...],
        BeforeValidator(_as_list),
    ] = Field(
        default=(), description="Certain repairs of spoiled cells; each with a warning and a count."
    )
    on_missing: OnMissing | None = None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a mapping file, short forms included."""
    from bulk_import.api.fields import FIELDS

    schema = MappingSpec.model_json_schema()
    rule = {"$ref": "#/$defs/FieldRule"}
    short = {
        "anyOf": [
            {"type": "string", "description": "A column by its header."},
            {"type": "array", "items": {"type": "string"}, "description": "Spellings of a header."},
            rule,
        ]
    }
    text_or_list = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    properties = schema["properties"]
    properties["version"] = {"enum": [1, "1"], "description": "Of this form."}
    properties["fields"] = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            name: short | {"description": field.title} for name, field in FIELDS.items()
        },
        "description": "Parameters of addupdatelead.",
    }
    properties["extra"]["additionalProperties"] = short
    listed = {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/SuppressSpec"}]}
    properties["suppress"] = {
        "anyOf": [*listed["anyOf"], {"type": "array", "items": listed}],
        "description": "Files with contacts never to send.",
    }
    schema["$defs"]["SuppressSpec"]["properties"]["columns"] = text_or_list
    properties["skip"]["description"] = "Rows that are not sent: any of the rules applies."
    properties["only"]["description"] = "Rows that may be sent: all of the rules apply."
    properties["checks"]["description"] = "Demands on cells and values: rows that fail are refused."
    for part, names in (("RowRule", ("column", "values")), ("Check", ("column", "one_of"))):
        for name in names:
            described = schema["$defs"][part]["properties"][name]["description"]
            schema["$defs"][part]["properties"][name] = text_or_list | {"description": described}
    for name in ("column", "columns", "region_from", "always"):
        known = schema["$defs"]["FieldRule"]["properties"][name]
        known.pop("type", None), known.pop("items", None)
        schema["$defs"]["FieldRule"]["properties"][name] = text_or_list | known
    for name in ("add_tags", "remove_tags", "remove_from_lists"):
        schema["$defs"]["OnMissing"]["properties"][name] = text_or_list
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "bulk_import mapping",
        **{key: value for key, value in schema.items() if key != "title"},
    }
