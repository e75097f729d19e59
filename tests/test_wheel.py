"""What a person gets who installs the wheel and has no checkout."""

from __future__ import annotations

import os
import shutil
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
    guides = {path.name for path in (PROJECT / "docs").glob("*.md")} - {"index.md"}
    assert {f"bulk_import/shipped/docs/{name}" for name in guides} <= set(names)
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


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("installer", ["uv", "pipx"])
def test_the_wheel_is_installed_as_people_install_programs_and_works(wheel, tmp_path, installer):
    """In an environment that holds nothing of this checkout: no variables, no home, its own tools."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed; it brings pipx, too")
    environment = {
        "HOME": str(tmp_path), "PATH": f"{Path(sys.base_prefix) / 'bin'}:/usr/bin:/bin",
        "UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_HOME": str(tmp_path / "pipx"), "PIPX_BIN_DIR": str(tmp_path / "bin"), "LANG": "C.UTF-8",
        **{name: text for name, text in os.environ.items() if name.startswith(("UV_", "PIP_", "SSL_"))},
    }  # fmt: skip
    tool = [uv, "tool"] if installer == "uv" else [uv, "tool", "run", "pipx"]
    made = subprocess.run(
        [*tool, "install", "--python", sys.executable, str(wheel)],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    done = subprocess.run(
        [tmp_path / "bin" / "bulk-import", "demo"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
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
