"""Tests: one file per module, whole runs, documentation, the page in a browser."""

import os
import sys
from pathlib import Path

# Tests start the program hundreds of times. Compiled once, it starts in half the time, also on
# machines that forbid compiled files beside the sources. First of all: what conftest imports counts too.
if "PYTHONPYCACHEPREFIX" not in os.environ:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.pycache_prefix = str(Path(__file__).parents[1] / ".cache" / "pycache")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    sys.dont_write_bytecode = False
