"""libphonenumber's example of every region and kind, in every form that people and programs write."""

from __future__ import annotations

from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from benchmarks.independent import REFUSED, Case, case

_KINDS = {
    "fixed line": PhoneNumberType.FIXED_LINE,
    "mobile": PhoneNumberType.MOBILE,
    "toll free": PhoneNumberType.TOLL_FREE,
    "premium": PhoneNumberType.PREMIUM_RATE,
    "shared cost": PhoneNumberType.SHARED_COST,
    "VoIP": PhoneNumberType.VOIP,
    "personal": PhoneNumberType.PERSONAL_NUMBER,
    "pager": PhoneNumberType.PAGER,
    "company": PhoneNumberType.UAN,
    "voicemail": PhoneNumberType.VOICEMAIL,
}
_DIGITS_LOST = 1
_LONGEST_AS_TYPED = 11  # digits after the code; beyond, two codes are what was typed


def cases() -> Iterator[Case]:
    """Yield cases; what two countries' plans both have, or none, is to be refused."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind, number_type in _KINDS.items():
            number = phonenumbers.example_number_for_type(region, number_type)
            if number is None or not phonenumbers.is_valid_number(number):
                continue
            for form, text, dialled_in in _written(number, region):
                expected = _expected(text, dialled_in, number)
                yield case(f"{form}, {kind}" if kind in ("fixed line", "mobile") else form,
                           text, expected, dialled_in)  # fmt: skip
            yield from _cut(number, region)


def _expected(text: str, region: str | None, number: PhoneNumber) -> str:
    """The number, unless its digits are another number of *region* as well."""
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    digits = text.removesuffix(".0")
    if region is None or not digits.isdigit() or digits.startswith("0"):
        return e164
    readings = set()
    for attempt in (digits, f"+{digits}"):
        try:
            parsed = phonenumbers.parse(attempt, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            readings.add(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))
    return e164 if readings <= {e164} else f"{e164} or refused"


def _written(number: PhoneNumber, region: str) -> Iterator[tuple[str, str, str | None]]:
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    abroad = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    significant = phonenumbers.national_significant_number(number)
    code = str(number.country_code)
    digits = code + significant
    yield "national, region known", national, region
    yield "national, digits only", "".join(filter(str.isdigit, national)), region
    yield "international", abroad, None
    yield "international, another region", abroad, "DE" if region != "DE" else "US"
    yield "international, digits only", f"+{digits}", None
    yield "RFC 3966", phonenumbers.format_number(number, PhoneNumberFormat.RFC3966), None
    yield "00 and country code", f"00{digits}", "DE"
    yield "country code without plus", digits, region
    yield "country code without plus, as a float", f"{digits}.0", region
    yield "wa.me", f"https://wa.me/{digits}", None
    yield "doubled code, plus twice", f"+{code} +{digits}", None
    if not _is_valid(f"+{code}{digits}") or len(significant) + len(code) > _LONGEST_AS_TYPED:
        yield "doubled code, glued", f"+{code} {digits}", None
    yield "remark in brackets", f"{abroad} (Anna)", None
    yield "label", f"Tel.: {national}", region
    yield "trailing mark", f"{abroad}!", None
    yield "hard blanks and dashes", abroad.replace(" ", "\u00a0").replace("-", "\u2011"), None
    if significant.startswith("0"):
        yield "+CC (0), a zero that belongs", f"+{code} (0){significant[1:]}", None
    elif national.startswith("0") or "(0" in national:
        yield "+CC (0), a zero that does not belong", f"+{code} (0){significant}", None


def _is_valid(text: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        return False


def _cut(number: PhoneNumber, region: str) -> Iterator[Case]:
    """A digit lost at the end: refused, unless the plan has the shorter number too."""
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)[:-_DIGITS_LOST]
    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return
    if not phonenumbers.is_valid_number(parsed):
        yield case("a digit lost", e164, REFUSED, region)
