"""The README is what the program prints today."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulk_import.cli import COMMANDS
from bulk_import.codes import catalogue

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.slow
def test_every_output_in_the_readme_is_current():
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "-I", ".", "--check", "README.md", "docs/spreadsheets.md"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_names_every_command():
    for name in COMMANDS:
        assert f"`{name}" in README or f"bulk-import {name}" in README, name


def test_every_file_that_the_readme_names_is_there():
    for path in set(
        re.findall(r"`((?:mappings|sample_data|benchmarks|bulk_import)/[\w./]+)`", README)
    ):
        assert (ROOT / path).exists(), path


def test_the_python_in_the_readme_runs(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(ROOT)
    code = code.replace('"runs/from-python"', repr(str(tmp_path / "run")))
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own README


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_message_that_troubleshooting_quotes_is_one_of_the_program():
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    quoted = re.findall(r"^\| `([^`]+)` \|", page, flags=re.MULTILINE)
    said = "\n".join(text for path in (ROOT / "bulk_import").rglob("*.py") for text in _texts(path))
    # A number in a message is put in when it is said.
    said += "".join(f"\nthe server answered {code}" for code in catalogue())
    assert len(quoted) >= 20
    assert [message for message in quoted if message not in said] == []


def test_every_page_of_the_site_is_in_its_menu():
    menu = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert {name for name in pages if f": {name}\n" not in menu} == set()
