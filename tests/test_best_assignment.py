"""Columns to fields: the best sum of scores as a whole, as trying every assignment finds it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import combinations, permutations

import pytest

from bulk_import.mapping.suggesting.assignment import assign

Scores = Mapping[tuple[str, str], float]


def every_assignment(fields: list[str], columns: list[str]) -> Iterator[dict[str, str]]:
    for number in range(min(len(fields), len(columns)) + 1):
        for chosen in combinations(fields, number):
            for taken in permutations(columns, number):
                yield dict(zip(chosen, taken, strict=True))


def total(scores: Scores, chosen: Mapping[str, str]) -> float:
    return sum(scores[pair] for pair in chosen.items())


def best_total(scores: Scores) -> float:
    fields = sorted({field for field, _ in scores})
    columns = sorted({column for _, column in scores})
    return max(
        total(scores, chosen)
        for chosen in every_assignment(fields, columns)
        if all(pair in scores for pair in chosen.items())
    )


def drawn(seed: int, *, grain: int) -> Scores:
    """Scores of up to four fields and five columns, some pairs left out; few different ones make ties."""
    chance = random.Random(seed)  # noqa: S311 - a sample that comes again
    fields, columns = "abcd"[: chance.randint(1, 4)], "uvwxy"[: chance.randint(1, 5)]
    return {
        (field, column): chance.randint(1, grain) / grain
        for field in fields
        for column in columns
        if chance.random() < 0.8
    } or {("a", "u"): 1.0}


@pytest.mark.parametrize("grain", [3, 1000])
@pytest.mark.parametrize("seed", range(40))
def test_no_other_assignment_has_a_larger_sum(seed, grain):
    scores = drawn(seed, grain=grain)
    chosen = assign(scores)
    assert all(pair in scores for pair in chosen.items())
    assert len({*chosen.values()}) == len(chosen)
    assert total(scores, chosen) == pytest.approx(best_total(scores))


@pytest.mark.parametrize(
    ("scores", "chosen"),
    [
        ({}, {}),
        ({("a", "x"): 0.1}, {"a": "x"}),
        ({("a", "x"): 0.0}, {}),  # nothing speaks for it
        ({("a", "x"): 0.9, ("b", "x"): 0.8}, {"a": "x"}),
        ({("a", "x"): 0.8, ("b", "x"): 0.9}, {"b": "x"}),
        ({("a", "x"): 0.5, ("a", "y"): 0.6}, {"a": "y"}),
        ({("a", "x"): 0.9, ("a", "y"): 0.8, ("b", "x"): 0.85}, {"a": "y", "b": "x"}),
        ({("a", "x"): 0.9, ("a", "y"): 0.1, ("b", "x"): 0.7}, {"a": "x"}),  # 0.9 is more than 0.1 + 0.7
        ({("a", "x"): 0.9, ("a", "y"): 0.3, ("b", "x"): 0.7}, {"a": "y", "b": "x"}),
        (
            {("a", "x"): 0.9, ("a", "y"): 0.8, ("b", "y"): 0.9, ("b", "z"): 0.8, ("c", "x"): 0.9, ("d", "y"): 0.1},
            {"a": "y", "b": "z", "c": "x"},
        ),
    ],
)  # fmt: skip
def test_a_chain_of_exchanges_makes_room_where_the_sum_gains(scores, chosen):
    assert assign(scores) == chosen


def test_more_fields_than_columns_and_more_columns_than_fields_are_no_trouble():
    fields = {(f"f{n}", "x"): n / 10 for n in range(1, 9)}
    assert assign(fields) == {"f8": "x"}
    columns = {("f", f"c{n}"): n / 10 for n in range(1, 9)}
    assert assign(columns) == {"f": "c8"}
