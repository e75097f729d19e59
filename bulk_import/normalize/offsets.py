"""UTC offset: everything that people and programs write, to ``+03`` or ``+05:30``.

A zone that changes its clocks has two offsets: ``dst`` says which is meant, and a note says which
was used. Abbreviations that several zones share (``IST``, ``CST``, ``BST``) are refused with the
candidates.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from functools import cache
from typing import Literal

from bulk_import.errors import Message
from bulk_import.normalize import offset_forms as forms
from bulk_import.normalize import zones
from bulk_import.normalize.folding import fold
from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.normalize.text import clean_line, remembered

LONGEST = 120
_WEST_MIN, _EAST_MIN = -12 * 60, 14 * 60  # the widest civil offsets in the tz database

_ADVICE = Message("write an offset such as +03 or a zone such as Europe/Moscow")
_STANDARD = Message("its standard (winter) offset")
_MOST_CHANGED = 60  # minutes by which the label of a zone can be out of date


@remembered
def normalize_utc_offset(
    text: str, *, dst: Literal["standard", "current"] = "standard", at: datetime | None = None
) -> Normalized:
    """Return the offset from UTC that *text* names.

    Args:
        text: ``UTC+3``, ``GMT -05:00``, ``+0300``, ``3``, ``Europe/Moscow``, a Windows zone, an
            Outlook display name, an abbreviation.
        dst: For zones that change their clocks: winter's offset, or the one in force at *at*.
        at: The moment for ``dst="current"``.

    Returns:
        ``+03``, ``-05``, ``+05:30``, ``+00``.

    Raises:
        NormalizeError: ``UTC_OFFSET_INVALID`` or ``UTC_OFFSET_AMBIGUOUS``.

    Source:
        IANA tz database; CLDR's table of Windows zones.
    """
    line = _tidied(clean_line(text))
    if not line or len(line) > LONGEST or line.count("(") != line.count(")"):
        raise _invalid(text)
    season = forms.SEASON.fullmatch(line) if "(" in line or "," in line else None
    if season:
        return _in_season(season[1].strip(), line, is_summer=bool(season[2]))
    line = _without_its_short_name(line, at)
    found = _zone_beside(line, at) or _moscow(line) or _explicit(line, at) or _abbreviation(line)
    found = found or (_winter_and_summer(line) if dst == "standard" else None)
    if found is not None:
        return found
    return _labelled(line, dst, at)


def _in_season(line: str, shown: str, *, is_summer: bool) -> Normalized:
    """``GMT+3 (summer)``: an offset that says when it is true. It is taken as written."""
    found = _moscow(line) or _explicit(line)
    if found is None:
        raise _invalid(shown)
    if not is_summer:
        return found
    note = Note(
        "UTC_OFFSET_SUMMER",
        Message(
            "{shown!r} is summer time: {value} is taken as written", shown=shown, value=found.value
        ),
    )
    return Normalized(found.value, found.rule, (*found.notes, note))


def _without_its_short_name(line: str, at: datetime | None) -> str:
    """``Europe/Moscow (MSK)`` without the abbreviation, where the zone has its offset."""
    match = forms.ZONE_AND_SHORT.fullmatch(line) if line.endswith(")") else None
    zone = _zone_named(match[1], at) if match else None
    if match is None or zone is None:
        return line
    shorts = [_minutes_of_short(short) for short in match.groups()[1:] if short]
    shown = {_minutes(value) for value in zones.both(zone, at)}
    return match[1] if all(shown & minutes for minutes in shorts) else line


def _winter_and_summer(line: str) -> Normalized | None:
    """``EET/EEST``, ``GMT/BST``: the abbreviations of a zone in winter and in summer."""
    match = forms.PAIR.fullmatch(line)
    if match is None:
        return None
    winter, summer = _minutes_of_short(match[1]), _minutes_of_short(match[2])
    pairs = [minutes for minutes in winter if minutes + 60 in summer]
    if len(pairs) != 1:
        return None
    value, other = zones.written(pairs[0]), zones.written(pairs[0] + 60)
    return Normalized(
        value, "utc_offset.pair", (_note_of_two(line, value, other, value, _STANDARD),)
    )


def _minutes_of_short(short: str) -> set[int]:
    """Every offset that an abbreviation can stand for."""
    upper = short.upper()
    if upper in forms.ABBREVIATIONS:
        return {forms.ABBREVIATIONS[upper]}
    return set(map(_minutes, _offsets_shared(upper))) if upper in forms.SHARED else set()


def _zone_beside(line: str, at: datetime | None) -> Normalized | None:
    """``Europe/Moscow +03:00``: a zone of the tz database and its offset."""
    match = forms.ZONE_BESIDE.fullmatch(line)
    if match is None:
        return None
    zone, offset = (match[1], match[2]) if match[1] else (match[4], match[3])
    is_zone = zone.lower() in zones.names() and zone.upper() not in forms.ABBREVIATIONS
    return _named_and_offset(zone, offset, line, at) if is_zone else None


def _labelled(line: str, dst: Literal["standard", "current"], at: datetime | None) -> Normalized:
    """A zone by its name, or ``(UTC+03:00) …`` as Windows and Outlook show it in any language.

    The offset in the label counts. A zone that is known by the name says whether it is another in
    summer, and is named in a warning where it has another one altogether.
    """
    label = forms.DISPLAY.fullmatch(line) or forms.AHEAD_OF_NAME.fullmatch(line)
    summer = None if label else _summer_named(line, at)
    if summer is not None:
        return _summer_time(line, summer, "utc_offset.clock_name")
    zone = _zone_named(label[4], at, is_label=True) if label else _zone_named(line, at)
    if label is None:
        if zone is None:
            raise _invalid(line)
        return _of_zone(zone, dst, at)
    stated = _checked(label[1] or "+", label[2] or "0", label[3], line)
    universal = forms.UNIVERSAL_BESIDE.fullmatch(label[4])
    if universal and universal[1] == stated.value:  # as Windows writes it
        return Normalized(stated.value, "utc_offset.label")
    if forms.HAS_OFFSET.search(label[4]) or not any(map(str.isalpha, label[4])):
        raise _invalid(line)
    if zone is None:
        return Normalized(stated.value, "utc_offset.label")
    if stated.value in zones.both(zone, at):
        return _of_zone(zone, dst, at)
    if abs(_minutes(stated.value) - _minutes(zones.both(zone, at)[0])) > _MOST_CHANGED:
        raise NormalizeError(
            "UTC_OFFSET_AMBIGUOUS",
            Message(
                "{line!r}: {zone} is not at {value}; leave one of the two",
                line=line,
                zone=zone,
                value=stated.value,
            ),
            candidates=sorted({stated.value, *zones.both(zone, at)}),
        )
    note = Note(
        "UTC_OFFSET_OTHER_ZONE",
        Message(
            "{line!r}: {zone} is at {both} now; {value}, as written, is used",
            line=line,
            zone=zone,
            both=zones.both(zone, at)[0],
            value=stated.value,
        ),
    )
    return Normalized(stated.value, "utc_offset.label", (note,))


def _tidied(line: str) -> str:
    """One way to write signs, digits, halves, quotes and the names of universal time."""
    if not line.isascii():
        line = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in line)
        line = line.translate(forms.DASHES).replace("½", ".5").replace("±", "+")
    line = line.strip("\"'`[]«»“”‘’").removesuffix(".").strip()
    if line.startswith("("):
        line = forms.IN_BRACKETS.sub(r"\1", line)
    if "_" in line:
        line = _in_words(line)
    if line[:1] in ("+", "-"):
        line = (
            forms.OFFSET_THEN_UTC.sub(r"UTC\1", line)
            if forms.OFFSET_THEN_UTC.fullmatch(line)
            else line
        )
    line = forms.BOTH_NAMES.sub("UTC", line)
    line = forms.IN_WORDS.sub(
        lambda match: match[1] + ("-" if match[2][0] in "mMмМ" else "+"), line
    )
    line = forms.OFFSET_BEHIND.sub(r"\1 \2", line)
    return forms.SECONDS.sub(r"\1", line)


def _in_words(line: str) -> str:
    """HubSpot's ``america_slash_new_york`` with its signs: ``america/new_york``."""
    for word, sign in forms.SIGNS_IN_WORDS.items():
        line = line.replace(word, sign)
    return line


def _moscow(line: str) -> Normalized | None:
    """``MSK``, ``МСК+2``: offsets as Russian programs write them, counted from Moscow."""
    match = forms.MOSCOW.fullmatch(line)
    if match is None:
        return None
    hours = int((match[1] or "+") + (match[2] or "0"))
    if not -1 <= hours <= 9:
        raise _invalid(line)
    return Normalized(zones.written(180 + hours * 60), "utc_offset.moscow")


def _minutes(value: str) -> int:
    hours, _, minutes = value[1:].partition(":")
    east = int(hours) * 60 + int(minutes or 0)
    return -east if value[0] == "-" else east


def _explicit(line: str, at: datetime | None = None) -> Normalized | None:
    if forms.THREE_DIGITS.fullmatch(line):
        raise NormalizeError(
            "UTC_OFFSET_AMBIGUOUS",
            Message(
                "{line!r} can be hours and minutes or minutes alone; {advice}",
                line=line,
                advice=_ADVICE,
            ),
        )
    return _signed(line) or _beside_a_name(line, at) or _unsigned(line)


def _signed(line: str) -> Normalized | None:
    for pattern in (forms.CLOCK, forms.SIGNED, forms.PREFIXED):
        match = pattern.fullmatch(line)
        if match:
            return _checked(match[1] or "+", match[2] or "0", match[3], line)
    hours = forms.HOURS.fullmatch(line)
    return _checked("+", hours[1], None, line) if hours else None


def _beside_a_name(line: str, at: datetime | None) -> Normalized | None:
    """``Moscow (UTC+3)``, ``+03 (MSK)``, ``UTC+3 Moscow``, ``Moscow UTC+3``."""
    behind, ahead = forms.BEHIND.fullmatch(line), forms.AHEAD.fullmatch(line)
    if behind and not line.startswith("("):
        return _named_and_offset(behind[1], behind[2], line, at)
    if ahead:
        return _named_and_offset(ahead[2], ahead[1], line, at)
    beside, name_first = forms.BESIDE.fullmatch(line), forms.BESIDE_NAME.fullmatch(line)
    if beside and _meant(beside[2], line, at):
        return _named_and_offset(beside[2], beside[1], line, at)
    if name_first and _meant(name_first[1], line, at):
        return _named_and_offset(name_first[1], name_first[2], line, at)
    return None


def _unsigned(line: str) -> Normalized | None:
    match = forms.UNSIGNED.fullmatch(line)
    if match:
        return _checked(match[1] or "+", match[2], match[3], line)
    match = forms.FRACTION.fullmatch(line)
    if match:
        minutes = {"5": "30", "50": "30", "25": "15", "75": "45"}[match[3]]
        return _checked(match[1] or "+", match[2], minutes, line)
    return None


def _named_and_offset(name: str, offset: str, line: str, at: datetime | None) -> Normalized | None:
    """``Moscow (UTC+3)``, ``+03 (MSK)``: the offset is what was stated, unless the name differs."""
    stated = _explicit(offset.strip())
    if stated is None:
        return None
    meant = _meant(name, line, at) or (stated.value,)  # a name that is no zone says nothing
    if stated.value not in meant:
        raise NormalizeError(
            "UTC_OFFSET_AMBIGUOUS",
            Message(
                "{line!r}: {name} is not at {value}; leave one of the two",
                line=line,
                name=name,
                value=stated.value,
            ),
            candidates=sorted({stated.value, *meant}),
        )
    return Normalized(stated.value, "utc_offset.stated")


def _meant(name: str, line: str, at: datetime | None) -> tuple[str, ...]:
    """Every offset that *name* can stand for; empty for what is no zone."""
    zone, upper = _zone_named(name, at), name.upper()
    if zone is not None:
        return zones.both(zone, at)
    summer = _summer_named(name, at)
    if summer is not None:
        return (summer,)
    if upper in forms.ABBREVIATIONS:
        return (zones.written(forms.ABBREVIATIONS[upper]),)
    if upper in forms.SHARED:
        return tuple(_offsets_shared(upper))
    moscow = _moscow(name) or (Normalized("+03", "") if name.lower() in forms.MOSCOW_TIME else None)
    if moscow is None and any(char.isdigit() for char in name):
        moscow = _explicit(name)  # "+3 (UTC+4)"
        if moscow is None:
            raise _invalid(line)
    return (moscow.value,) if moscow else ()


def _offsets_shared(upper: str) -> list[str]:
    return re.findall(r"[+-]\d\d(?::\d\d)?", forms.SHARED[upper])


def _checked(sign: str, hours: str, minutes: str | None, line: str) -> Normalized:
    total = int(hours) * 60 + int(minutes or 0)
    total = -total if sign == "-" else total
    if not _WEST_MIN <= total <= _EAST_MIN or total % 15:
        raise NormalizeError(
            "UTC_OFFSET_INVALID",
            Message(
                "{line!r} is no offset in use (-12 to +14); {advice}", line=line, advice=_ADVICE
            ),
        )
    return Normalized(zones.written(total), "utc_offset.number")


def _abbreviation(line: str) -> Normalized | None:
    upper = line.upper()
    if line.lower() in forms.UNIVERSAL:
        return Normalized("+00", "utc_offset.abbreviation")
    if line.lower() in forms.MOSCOW_TIME:
        return Normalized("+03", "utc_offset.moscow")
    if upper in forms.SHARED:
        raise NormalizeError(
            "UTC_OFFSET_AMBIGUOUS",
            Message(
                "{line!r} can mean {shared}; {advice}",
                line=line,
                shared=forms.SHARED[upper],
                advice=_ADVICE,
            ),
            candidates=_offsets_shared(upper),
        )
    if upper not in forms.ABBREVIATIONS:
        return None
    if upper in forms.WORDS and line != upper:
        raise _invalid(line)
    value = zones.written(forms.ABBREVIATIONS[upper])
    if upper in forms.DST_NAMES:
        return _summer_time(line, value, "utc_offset.abbreviation")
    return Normalized(value, "utc_offset.abbreviation")


def _summer_time(line: str, value: str, rule: str) -> Normalized:
    note = Note(
        "UTC_OFFSET_SUMMER",
        Message("{line!r} is summer time: {value} is taken as written", line=line, value=value),
    )
    return Normalized(value, rule, (note,))


def _summer_named(line: str, at: datetime | None) -> str | None:
    """The offset of ``Central European Summer Time``, a clock time that is summer's by its name."""
    zone, kind = zones.clock_names().get(fold(line), ("", ""))
    return zones.both(zone, at)[1] if kind == "daylight" else None


def _zone_named(line: str, at: datetime | None, *, is_label: bool = False) -> str | None:
    """The IANA zone that a name of a zone, of Windows, of a clock time or of a city stands for."""
    key = line.strip().lower()
    known = zones.names()
    iana = known.get(key.replace(" ", "_"))
    if iana or "/" in key:
        return iana or zones.spelled_otherwise().get(zones.letters_of(key))
    windows = zones.windows_names()
    known_to_windows = windows.get(key) or windows.get(f"{key}.")
    if known_to_windows:
        return known_to_windows
    clock, kind = zones.clock_names().get(fold(key), ("", ""))
    if clock and fold(key) not in forms.NAMESAKES:
        return clock if kind == "standard" else None
    return _city(key, at, is_label=is_label)


def _city(key: str, at: datetime | None, *, is_label: bool) -> str | None:
    """A city that is a zone of its own, in any language; of a list, what its cities agree on.

    Behind an offset those that are known count; alone, ``Paris, Texas`` is not Paris.
    """
    cities = [_zones_of_city(city.strip()) for city in key.split(",")]
    known = [zone for zones_of_one in cities for zone in zones_of_one]
    is_certain = len({zones.both(zone, at) for zone in known}) == 1 and (is_label or all(cities))
    return known[0] if is_certain else None


def _zones_of_city(city: str) -> list[str]:
    """The zones in whose names a lower-cased city comes last; else the one of its name in any language."""
    if fold(city) in forms.NAMESAKES:
        return []
    found = _zones_by_ending().get(city.replace(" ", "_"))
    if found:
        return found
    other = zones.cities().get(fold(city))
    return [other] if other else []


@cache
def _zones_by_ending() -> dict[str, list[str]]:
    """What follows a slash in the lower-cased name of a zone -> the zones."""
    found: dict[str, list[str]] = {}
    for key, zone in zones.names().items():
        if not zone.startswith(forms.NOT_OF_CITIES):
            parts = key.split("/")
            for at in range(1, len(parts)):
                found.setdefault("/".join(parts[at:]), []).append(zone)
    return found


def _of_zone(zone: str, dst: str, at: datetime | None) -> Normalized:
    standard, summer = zones.both(zone, at)
    if dst == "current":
        if at is None and standard != summer:
            raise NormalizeError("UTC_OFFSET_INVALID", "dst: current needs to know the moment")
        moment = at or zones.reference()
        value = zones.written(zones.minutes_east(moment.astimezone(zones.load(zone)).utcoffset()))
        used = Message("the offset in force on {day}", day=f"{moment:%Y-%m-%d}")
    else:
        value, used = standard, _STANDARD
    if standard == summer:
        return Normalized(value, "utc_offset.zone")
    note = _note_of_two(zone, standard, summer, value, used)
    return Normalized(value, f"utc_offset.zone.{dst}", (note,))


def _note_of_two(zone: str, standard: str, summer: str, value: str, used: Message) -> Note:
    return Note(
        "UTC_OFFSET_DST",
        Message(
            "{zone} changes between {standard} and {summer}; {value}, {used}, is used",
            zone=zone,
            standard=standard,
            summer=summer,
            value=value,
            used=used,
        ),
    )


def offset_for_api(value: str, *, half_hours: Literal["omit", "round"] = "omit") -> Normalized:
    """Return a canonical offset as the field takes it: whole hours.

    Raises:
        NormalizeError: ``UTC_OFFSET_HALF_HOUR`` for any other, unless rounding is asked for.
    """
    if ":" not in value:
        return Normalized(value, "utc_offset.whole")
    if half_hours == "omit":
        raise NormalizeError(
            "UTC_OFFSET_HALF_HOUR",
            Message(
                "{value} is right, but the field takes whole hours only, so it is not sent; "
                "half_hours: round sends the nearest",
                value=value,
            ),
        )
    hours, minutes = int(value[1:3]), int(value[4:])
    rounded = hours + (minutes >= 30)
    sent = f"{value[0]}{rounded:02d}"
    return Normalized(
        sent,
        "utc_offset.rounded",
        (Note("UTC_OFFSET_ROUNDED", Message("{value} is sent as {sent}", value=value, sent=sent)),),
    )


def _invalid(text: str) -> NormalizeError:
    shown = text if len(text) <= 60 else text[:59] + "…"
    return NormalizeError(
        "UTC_OFFSET_INVALID",
        Message("{shown!r} is not an offset from UTC; {advice}", shown=shown, advice=_ADVICE),
    )
