"""The normalizers on sets that nobody here put together, and each kind of wrong answer that they showed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.accuracy import independent, tally, tally_of_columns
from bulk_import.normalize import zones
from bulk_import.normalize.countries import normalize_country
from bulk_import.normalize.offsets import normalize_utc_offset
from bulk_import.normalize.result import NormalizeError
from tests.conftest import share

MOMENTS = [
    datetime(2024, 1, 15, 12, tzinfo=UTC),
    datetime(2025, 7, 15, 12, tzinfo=UTC),
    datetime(2026, 11, 26, 12, tzinfo=UTC),
    datetime(2028, 3, 20, 12, tzinfo=UTC),
    datetime(2030, 10, 28, 12, tzinfo=UTC),
]


def _read(offset: str) -> timedelta:
    hours, _, minutes = offset[1:].partition(":")
    east = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return -east if offset[0] == "-" else east


@pytest.mark.parametrize("at", MOMENTS, ids=str)
def test_every_zone_has_the_offset_that_zoneinfo_gives_it_at_that_moment(at):
    wrong = []
    for name in sorted({*zones.names().values(), *zones.windows_names().values()}):
        if "/" not in name and name.isupper():
            continue  # CET is an abbreviation before it is a zone
        now = at.astimezone(zones.load(name))
        current = normalize_utc_offset(name, dst="current", at=at).value
        standard = normalize_utc_offset(name, at=at).value
        # Ireland's law calls winter time the odd one; people mean it by standard.
        in_force = (
            now.utcoffset() - now.dst() if name not in ("Europe/Dublin", "Eire") else timedelta()
        )
        if (_read(current), _read(standard)) != (now.utcoffset(), in_force):
            wrong.append((name, current, standard, now.utcoffset(), in_force))
    assert wrong == []


@pytest.mark.parametrize("at", MOMENTS, ids=str)
def test_windows_zones_have_the_offset_of_their_iana_zone(at):
    wrong = []
    for shown, name in zones.windows_names().items():
        found = normalize_utc_offset(shown, dst="current", at=at).value
        if _read(found) != at.astimezone(zones.load(name)).utcoffset():
            wrong.append((shown, name, found))
    assert wrong == []


@pytest.mark.parametrize(
    ("normalizer", "fewest", "most_wrong"),
    [("phones", 0.999, 0), ("offsets", 0.995, 0), ("emails", 1.0, 0)],
)
def test_goals_on_independent_sets(normalizer, fewest, most_wrong):
    counts = tally(normalizer, share(independent(normalizer), parts=4))
    assert counts["wrong"] <= most_wrong
    assert counts["right"] >= fewest * sum(counts.values())


@pytest.mark.slow
@pytest.mark.timeout(900)  # 80,000 names, two minutes
def test_goals_of_countries_on_independent_sets():
    counts = tally("countries", independent("countries"))
    assert counts["right"] >= 0.97 * sum(counts.values())
    assert counts["wrong"] == 0


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("Kāta", ("QA", "TD")),
        ("Ao", ("AO", "AT")),
        ("My", ("MY", "US")),
        ("الكونغو", ("CD", "CG")),
        ("کانگو", ("CD", "CG")),
        ("غويانا", ("GF", "GY")),
        ("多米尼加", ("DM", "DO")),
        ("São Tomé", ("ST",)),
        ("St. Kitts", ("KN",)),
        ("Antígua", ("AG",)),
        ("Tahiti", ("PF",)),
        ("Belarusia", ("BY",)),
    ],
)
def test_a_name_that_sources_give_to_several_countries_is_refused_with_them(text, candidates):
    with pytest.raises(NormalizeError) as refused:
        normalize_country(text)
    assert refused.value.candidates == candidates


def test_no_name_is_read_wrong_in_silence():
    counts = tally("names", independent("names"))
    assert counts["wrong"] == 0
    assert counts["right"] >= 0.89 * sum(counts.values())


def test_names_of_a_column_are_read_in_the_order_that_it_shows():
    counts = tally_of_columns(independent("names"))
    assert counts["wrong"] == 0
    assert counts["right"] >= 0.99 * sum(counts.values())


@pytest.mark.parametrize(
    "spelled",
    [
        lambda name: name.replace("/", "_slash_").replace("+", "_plus_"),
        lambda name: name.replace("/", "_slash_").lower(),
        lambda name: name.replace("_", " "),
        lambda name: "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in name),
    ],
    ids=["HubSpot's, in words", "HubSpot's", "with blanks", "full-width"],
)
def test_zones_are_known_as_other_programs_spell_them(spelled):
    zones_with_an_area = [name for name in zones.names().values() if "/" in name]
    found = {name: normalize_utc_offset(spelled(name)).value for name in zones_with_an_area}
    assert found == {name: normalize_utc_offset(name).value for name in zones_with_an_area}


@pytest.mark.parametrize(
    "text", ["UTC+3 (лето)", "GMT+3 (летнее время)", "GMT+3 (DST)", "+3 (літній час)"]
)
def test_an_offset_that_is_said_to_be_of_summer_is_noted(text):
    found = normalize_utc_offset(text)
    assert (found.value, [note.code for note in found.notes]) == ("+03", ["UTC_OFFSET_SUMMER"])
