"""Normalizers know no locale, no time zone, no clock and no network."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

NORMALIZE = Path(__file__).parent.parent / "bulk_import" / "normalize"
ANSWERS = """
import hashlib, logging, socket
logging.disable()
def refuse(*args, **kwargs): raise AssertionError("the network was asked")
socket.socket.connect = socket.getaddrinfo = refuse
from benchmarks.accuracy import ours
from tests.cases import NORMALIZERS, load
told = hashlib.sha256()
for normalizer in NORMALIZERS:
    for case in load(normalizer):
        try:
            answer = ours(normalizer)(case)
        except ValueError as refusal:
            answer = f"{refusal.code} {refusal}"
        told.update(answer.encode("utf-8", "surrogatepass") + b"\\0")
print(told.hexdigest())
"""


def answers(**environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", ANSWERS],
        env={**os.environ, "PYTHONPATH": str(NORMALIZE.parent.parent), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


@pytest.mark.slow
def test_every_case_has_the_same_answer_wherever_and_whenever():
    here = answers(PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C")
    assert len(here) == 64
    assert here == answers(PYTHONHASHSEED="2", TZ="Asia/Kathmandu", LC_ALL="tr_TR.UTF-8")
    assert here == answers(PYTHONHASHSEED="3", TZ="America/St_Johns", LC_ALL="de_DE.ISO-8859-1")


@pytest.mark.parametrize("path", sorted(NORMALIZE.glob("*.py")), ids=lambda path: path.name)
def test_no_normalizer_can_ask_for_the_time_the_place_or_the_network(path):
    tree = ast.parse(path.read_text("utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported.isdisjoint({"time", "locale", "os", "random", "socket", "tzlocal", "requests"})
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert called.isdisjoint({"now", "utcnow", "today", "fromtimestamp", "getlocale"})
