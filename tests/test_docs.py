"""The README is what the program prints today."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bulk_import.cli import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.slow
def test_every_output_in_the_readme_is_current():
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "-I", ".", "--check", "README.md"],
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
