"""How many lines of tests there are for each line of code, tables of data left out on both sides.

python -m benchmarks.proportion

A line counts when it holds more than a comment or a docstring. Left out: literals of four lines or more at the top of a
module and in the decorators of a test (case tables, lists of words), the texts of messages, the catalogue of codes, and
the lists in ``data`` folders with the scripts that make them.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
_TABLES = frozenset({"texts", "codes", "data"})  # folders of the package
_SHORTEST_TABLE = 4  # lines
_LAYOUT = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)  # fmt: skip
_LITERALS = (ast.Dict, ast.List, ast.Tuple, ast.Set, ast.Constant, ast.JoinedStr, ast.BinOp)


def main() -> None:
    code = [p for p in (ROOT / "bulk_import").rglob("*.py") if not _TABLES & set(p.parts)]
    tests = list((ROOT / "tests").rglob("*.py"))
    (of_tests, in_tables), (of_code, _) = _counted(tests), _counted(code)
    print(f"tests      {of_tests:8,} lines, and {in_tables:,} in tables")
    print(f"code       {of_code:8,} lines")
    print(f"proportion {of_tests / of_code:8.2f}")


def _counted(paths: list[Path]) -> tuple[int, int]:
    """Return the lines that count, and those in tables."""
    plain = in_tables = 0
    for path in paths:
        text = path.read_text("utf-8")
        tree = ast.parse(text)
        lines = _lines(text) - _spanned(_docstrings(tree))
        tables = lines & _spanned(_tables(tree))
        plain, in_tables = plain + len(lines - tables), in_tables + len(tables)
    return plain, in_tables


def _lines(text: str) -> set[int]:
    """Return the numbers of the lines with more than a comment."""
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _LAYOUT:
            found.update(range(token.start[0], token.end[0] + 1))
    return found


def _spanned(nodes: Iterator[ast.expr]) -> set[int]:
    return {line for node in nodes for line in range(node.lineno, (node.end_lineno or 0) + 1)}


def _docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def _tables(tree: ast.Module) -> Iterator[ast.expr]:
    """Literals at the top of the module and in decorators."""
    for node in tree.body:
        tops: list[ast.expr] = []
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            tops = [node.value]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            tops = node.decorator_list
        for top in tops:
            for part in ast.walk(top):
                if isinstance(part, _LITERALS) and _height(part) >= _SHORTEST_TABLE:
                    yield part


def _height(node: ast.expr) -> int:
    return (node.end_lineno or 0) - node.lineno + 1


if __name__ == "__main__":
    main()
