"""What a person gets who installs the wheel and has no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=PROJECT, check=True, capture_output=True,
    )  # fmt: skip
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_carries_the_mappings_a_sample_and_every_licence(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    mappings = {f"bulk_import/shipped/mappings/{p.name}" for p in (PROJECT / "mappings").iterdir()}
    assert mappings <= set(names)
    assert "bulk_import/shipped/sample_data/contacts.xlsx" in names
    licences = {name.rsplit("/", 1)[-1] for name in names if ".dist-info/licenses/" in name}
    texts = PROJECT / "bulk_import" / "normalize" / "data" / "licenses"
    assert licences == {"LICENSE", "NOTICE", *(path.name for path in texts.iterdir())}


@pytest.mark.slow
def test_the_demo_runs_from_an_installed_wheel(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bulk_import", "demo"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "the sandbox now holds 330 contacts, made by 330 requests" in done.stdout


def test_the_demo_replaces_no_folder_that_it_has_not_made(tmp_path):
    from bulk_import.errors import SetupError
    from bulk_import.sandbox.demo import demonstrate

    kept = tmp_path / "demo" / "kept.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    with pytest.raises(SetupError, match="not the folder of a demo"):
        demonstrate(tmp_path / "demo")
    assert kept.read_text() == "mine"
