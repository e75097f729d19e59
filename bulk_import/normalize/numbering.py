"""The numbering plans of the world: reading a number and whether it can exist, at little cost.

The plans are libphonenumber's, and so is every answer; but its own check walks ten patterns of
each region one by one, twice. Here the patterns of a region become one, made when it is first
needed, and a number that has no prefix to be taken off is not parsed at all. That both ways agree
is what the tests are for.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from bulk_import.normalize.text import remembered

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_TYPES = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip",
    "personal_number", "pager", "uan", "voicemail",
)  # fmt: skip
_NEVER = re.compile(r"(?!)")


class Number(NamedTuple):
    """A number as a country's plan reads it.

    Attributes:
        code: The country calling code.
        national: The national significant number, with its leading zeros.
        is_assigned: The plan has such a number.
    """

    code: int
    national: str
    is_assigned: bool

    @property
    def e164(self) -> str:
        return f"+{self.code}{self.national}"


def read(digits: str, region: str | None = None) -> Number | None:
    """Read *digits* as dialled in *region*, or with the country code in front.

    Returns:
        ``None`` for what is in no plan: no such length, a local number without its area code, or
        digits that no number of the plan begins with.
    """
    return as_it_stands(digits, region) or _parsed(digits, region)


def is_assigned(code: int, national: str) -> bool:
    """Whether the plan of *code* has the number; what ``phonenumbers.is_valid_number`` says."""
    plans = _plans(code)
    if len(plans) == 1:
        return plans[0][1].fullmatch(national) is not None
    for leading, whole in plans:
        if leading is None:
            if whole.fullmatch(national):
                return True
        elif leading.match(national):  # the region is certain, whether the number exists or not
            return whole.fullmatch(national) is not None
    return False


def is_cut(number: Number) -> bool:
    """Whether a number that is not assigned would be with a digit more or less at its end."""
    longer = (number.national + digit for digit in "0123456789")
    return any(is_assigned(number.code, one) for one in (number.national[:-1], *longer))


def _is_in_plan(code: int, national: str) -> bool:
    """Whether any number of *code* looks so, assigned or not: ``+1 000…`` does not."""
    return any(general.fullmatch(national) for general in _shapes(code))


def to_library(number: Number) -> PhoneNumber:
    """Return the number as an object of the library, for its explanations."""
    import phonenumbers

    zeros = len(number.national[:-1]) - len(number.national[:-1].lstrip("0"))
    return phonenumbers.PhoneNumber(
        country_code=number.code,
        national_number=int(number.national),
        italian_leading_zero=zeros > 0 or None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )


def as_it_stands(digits: str, region: str | None) -> Number | None:
    """Return the number, if it exists and nothing but a trunk prefix has to be taken off it."""
    if region is None:
        code, national = split(digits)
    else:
        code, national = calling_code(region), digits
        if _international_prefix(region).match(digits) or digits.startswith(str(code)):
            return None
    prefix = _national_prefix(region or main_region(code), code).match(national)
    if prefix:
        trunk = _trunk_prefix(region, code) if region else ""
        if not trunk or prefix[0] != trunk:
            return None
        national = national[len(trunk) :]
        if not _own_shape(region or "", code).fullmatch(national):
            return None  # else the library takes it off as well
    return Number(code, national, is_assigned=True) if is_assigned(code, national) else None


@remembered
def _parsed(digits: str, region: str | None) -> Number | None:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(digits if region else "+" + digits, region)
    except phonenumbers.NumberParseException:
        return None
    national = phonenumbers.national_significant_number(parsed)
    code = parsed.country_code or 0
    if is_assigned(code, national):
        return Number(code, national, is_assigned=True)
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE or not _is_in_plan(code, national):
        return None
    return Number(code, national, is_assigned=False)


def split(digits: str) -> tuple[int, str]:
    """Return (country code, the rest) of an international number; (0, "") when there is no such code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    if not digits or digits[0] == "0":
        return 0, ""
    for length in (1, 2, 3):
        code = int(digits[:length])
        if code in COUNTRY_CODE_TO_REGION_CODE:
            return code, digits[length:]
    return 0, ""


# -- the library's data, made ready once for each region -------------------------------------------


@cache
def calling_code(region: str) -> int:
    """Return the country calling code of *region*; 0 when there is none."""
    import phonenumbers

    return int(phonenumbers.country_code_for_region(region))


@cache
def has_trunk_zero(code: int) -> bool:
    """Whether a 0 is dialled in front of national numbers that is not a part of them."""
    metadata = _metadata(main_region(code), code)
    return metadata is not None and metadata.national_prefix == "0"


@cache
def main_region(code: int) -> str:
    """Return the region that a country code belongs to, the main one where several share it."""
    import phonenumbers

    return str(phonenumbers.region_code_for_country_code(code))


def _metadata(region: str, code: int) -> Any:
    from phonenumbers import PhoneMetadata

    return PhoneMetadata.metadata_for_region_or_calling_code(code, region)


@cache
def _national_prefix(region: str, code: int) -> re.Pattern[str]:
    """What is dialled in front of national numbers: digits that parsing might take away."""
    metadata = _metadata(region, code)
    prefix = metadata.national_prefix_for_parsing if metadata else None
    return re.compile(prefix) if prefix else _NEVER


@cache
def _own_shape(region: str, code: int) -> re.Pattern[str]:
    """What all numbers of a region look like."""
    metadata = _metadata(region, code)
    return re.compile((_of_type(metadata.general_desc) if metadata else "") or r"(?!)")


@cache
def _trunk_prefix(region: str, code: int) -> str:
    """Digits in front of national numbers that are no part of them; empty where that depends on more."""
    metadata = _metadata(region, code)
    prefix = (metadata.national_prefix_for_parsing if metadata else None) or ""
    is_plain = prefix.isdigit() and not metadata.national_prefix_transform_rule
    return prefix if is_plain else ""


@cache
def _international_prefix(region: str) -> re.Pattern[str]:
    metadata = _metadata(region, calling_code(region))
    prefix = metadata.international_prefix if metadata else None
    return re.compile(prefix) if prefix else _NEVER


@cache
def _plans(code: int) -> tuple[tuple[re.Pattern[str] | None, re.Pattern[str]], ...]:
    """For each region of *code*, main one first: (its leading digits, all its numbers)."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    plans = []
    for region in COUNTRY_CODE_TO_REGION_CODE.get(code, ()):
        metadata = _metadata(region, code)
        if metadata is not None:
            leading = metadata.leading_digits
            plans.append((re.compile(leading) if leading else None, _all_numbers(metadata)))
    return tuple(plans)


@cache
def _shapes(code: int) -> tuple[re.Pattern[str], ...]:
    """For each region of *code*, what all its numbers look like."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    regions = (_metadata(region, code) for region in COUNTRY_CODE_TO_REGION_CODE.get(code, ()))
    return tuple(
        re.compile(_of_type(metadata.general_desc) or r"(?!)") for metadata in regions if metadata
    )


def _all_numbers(metadata: Any) -> re.Pattern[str]:
    """One pattern for what is a number of any type by *metadata*."""
    general = _of_type(metadata.general_desc)
    types = filter(None, (_of_type(getattr(metadata, name)) for name in _TYPES))
    return re.compile(rf"(?={general}\Z)(?:{'|'.join(types)})") if general else _NEVER


def _of_type(description: Any) -> str:
    """A type's numbers as a pattern; empty when it has none."""
    pattern = description.national_number_pattern if description else None
    return f"(?:{pattern})" if pattern else ""
