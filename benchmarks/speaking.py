"""Which tests speak of a place in the code: those that share its rarer words.

A line of a night is reached by every test of a night; the one that is about it names the same things: the option, the column,
the function. Words are the identifiers of the code and their parts, and those of texts.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property
from math import log
from pathlib import Path

_WORD = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)*")
_SHORTEST = 3


def words_of(text: str) -> set[str]:
    """Return the identifiers of a text and the parts of each, in small letters."""
    found = set()
    for word in _WORD.findall(text):
        found |= {word.lower(), *word.lower().split("_")}
    return {word for word in found if len(word) >= _SHORTEST}


def function_around(source: str, line: int) -> str:
    """Return the innermost function that holds a line (1-based); the line alone where none does."""
    around = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    lines = source.splitlines()
    if not around:
        return lines[line - 1]
    inner = max(around, key=lambda node: node.lineno)
    return "\n".join(lines[inner.lineno - 1 : inner.end_lineno])


class Speaking:
    """The words of every test of a project, by ``tests/file.py::function``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def nearest(
        self, tests: Iterable[str], words: Set[str], most_telling: Set[str] = frozenset()
    ) -> list[str]:
        """Return tests by how much they speak of *words*; those of *most_telling* count three times.

        The cases of one function come one at a time, each in a round with one of every other function.
        """
        weights = {word: self._rarity.get(word, 0.0) * (3 if word in most_telling else 1) for word in words | most_telling}  # fmt: skip
        cases: dict[str, list[str]] = {}
        for test in tests:
            cases.setdefault(test.partition("[")[0], []).append(test)
        scores = {name: _score(self._words.get(name, set()), weights) for name in cases}
        first_to_last = sorted(cases, key=lambda name: (-scores[name], name))
        rounds = max(map(len, cases.values()), default=0)
        return [
            cases[name][at]
            for at in range(rounds)
            for name in first_to_last
            if at < len(cases[name])
        ]

    @cached_property
    def _words(self) -> Mapping[str, set[str]]:
        return {
            f"tests/{path.name}::{name}": words
            for path in sorted((self._root / "tests").glob("test_*.py"))
            for name, words in _functions(path)
        }

    @cached_property
    def _rarity(self) -> Mapping[str, float]:
        """How much a word says: the fewer tests have it, the more."""
        number = Counter(word for words in self._words.values() for word in words)
        return {word: log(len(self._words) / n) for word, n in number.items()}


def _score(words: Set[str], weights: Mapping[str, float]) -> float:
    shared = sum(weights[word] for word in words & weights.keys())
    return shared / (len(words) or 1) ** 0.5


def _functions(path: Path) -> Sequence[tuple[str, set[str]]]:
    """Return (function, words) of each test of a file: its name, its cases, its body, the file's name."""
    source = path.read_text("utf-8")
    lines = source.splitlines()
    file = words_of(path.stem.removeprefix("test_"))
    return [
        (node.name, file | words_of("\n".join(lines[_first(node) - 1 : node.end_lineno])))
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]


def _first(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])
