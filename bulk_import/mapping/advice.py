"""Whether a mapping already has the option that the catalogue recommends for a code."""

from __future__ import annotations

from bulk_import.codes import look_up
from bulk_import.mapping.schema import MappingSpec


def follows_advice(spec: MappingSpec, field: str, code: str) -> bool:
    """Whether the rule of *field* has the option that ``fix`` of *code* recommends.

    Args:
        field: A parameter of the API; may be one that the mapping does not feed.
    """
    known, rule = look_up(code), spec.fields.get(field) or spec.extra.get(field)
    if known is None or not known.option or rule is None:
        return False
    option, _, value = known.option.partition(": ")
    given = getattr(rule, option) or getattr(spec.when, option, None)
    return given == value if value else given is not None
