"""Each field at most one column, each column at most one field, and the best sum of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_INFINITE = float("inf")


def assign(scores: Mapping[tuple[str, str], float]) -> dict[str, str]:
    """Return field -> column so that the sum of the scores is the largest possible.

    Args:
        scores: (field, column) -> score above 0; pairs that are not named cannot be chosen.

    The Hungarian method with potentials, as ``scipy.optimize.linear_sum_assignment`` has it, for
    some thirty fields: O(fields² · columns). Leaving a field without a column costs as much as a
    pair with score 0, so that a field never takes a column only because nothing else is left.
    """
    fields = list(dict.fromkeys(field for field, _ in scores))
    columns = list(dict.fromkeys(column for _, column in scores))
    # One dummy column per field stands for "no column".
    costs = [
        [-scores.get((field, column), 0.0) for column in columns] + [0.0] * len(fields)
        for field in fields
    ]
    return {
        fields[row]: columns[at]
        for row, at in enumerate(_solved(costs))
        if at < len(columns) and scores.get((fields[row], columns[at]), 0.0) > 0
    }


def _solved(costs: Sequence[Sequence[float]]) -> list[int]:
    """Return for each row the column that it gets; there are at least as many columns as rows.

    Rows are added one after the other; for each the cheapest chain of exchanges is looked for, as a
    shortest path over costs that the potentials keep from being negative. Column 0 is a stand-in.
    """
    height, width = len(costs), len(costs[0]) if costs else 0
    row_potential = [0.0] * (height + 1)
    column_potential = [0.0] * (width + 1)
    owner = [0] * (width + 1)  # column -> row, from 1; 0 = free
    for row in range(1, height + 1):
        owner[0] = row
        _augment(costs, row_potential, column_potential, owner)
    chosen = [0] * height
    for column in range(1, width + 1):
        if owner[column]:
            chosen[owner[column] - 1] = column - 1
    return chosen


def _augment(
    costs: Sequence[Sequence[float]],
    row_potential: list[float],
    column_potential: list[float],
    owner: list[int],
) -> None:
    """Find a free column for the row that column 0 stands for, and shift the others along the way."""
    width = len(owner) - 1
    distance = [_INFINITE] * (width + 1)
    came_from = [0] * (width + 1)
    is_done = [False] * (width + 1)
    at = 0
    while owner[at]:
        is_done[at] = True
        row, step, nearest = owner[at], _INFINITE, 0
        for column in range(1, width + 1):
            if is_done[column]:
                continue
            reduced = costs[row - 1][column - 1] - row_potential[row] - column_potential[column]
            if reduced < distance[column]:
                distance[column], came_from[column] = reduced, at
            if distance[column] < step:
                step, nearest = distance[column], column
        for column in range(width + 1):
            if is_done[column]:
                row_potential[owner[column]] += step
                column_potential[column] -= step
            else:
                distance[column] -= step
        at = nearest
    while at:
        owner[at] = owner[came_from[at]]
        at = came_from[at]
