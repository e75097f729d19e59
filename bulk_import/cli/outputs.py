"""Refuses an output that is an input, or another kind of file: before anything is opened to be written."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bulk_import.errors import BulkImportError, SettingsError

# Parameter -> option, of what a command writes; every other path of a command is read.
OUTPUTS = {
    "log_file": "--log-file",
    "metrics_file": "--metrics-file",
    "output": "-o",
    "database": "--database",
    "state": "--state",
}
_OWN_STATE = "the state of the run"
_SOURCES = ("source", "new", "previous")


def refuse_inputs(params: Mapping[str, Any]) -> None:
    """Refuse outputs of a command that would change what it reads, or a file of somebody else.

    Args:
        params: The command's parameters by name.

    Raises:
        SettingsError: Nothing was written; the message names both files.
    """
    outputs = {option: params[name] for name, option in OUTPUTS.items() if params.get(name)}
    outputs = {option: path for option, path in outputs.items() if isinstance(path, Path)}
    if not outputs:
        return
    inputs = list(_inputs(params))
    taken: list[tuple[str, Path]] = []
    for option, path in outputs.items():
        for what, other in [*inputs, *taken]:
            is_own = option == "--state" and what == _OWN_STATE  # the same command again
            if not is_own and _is_same(path, other):
                raise SettingsError(
                    f"{option} {path}: is {what}, and would be written over; nothing was done. "
                    "Give another path"
                )
        taken.append((f"the file of {option}", path))
        if option != "-o" or "run_dir" in params:  # `init` has its own word about its output
            _refuse_foreign(option, path)


def may_write_metrics(params: Mapping[str, Any]) -> bool:
    """Whether nothing that a command reads or otherwise writes is lost by writing its metrics."""
    others = {name if name == "metrics_file" else f"{name} " if name in OUTPUTS else name: value
              for name, value in params.items()}  # fmt: skip
    with suppress(SettingsError):
        refuse_inputs(others)
        return True
    return False


def _inputs(params: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """Yield (what it is, path) of everything that the command reads, as far as it can be known."""
    for name, value in params.items():
        if name in _SOURCES and value:
            yield from _sources(value)
        elif name not in OUTPUTS:
            for path in value if isinstance(value, tuple) else (value,):
                if isinstance(path, Path):
                    yield "an input of this command", path
    if isinstance(run_dir := params.get("run_dir"), Path):
        yield from _of_run(run_dir)
    if isinstance(plan := params.get("plan_file"), Path):
        yield from _of_plan(plan)
    mapping = params.get("mapping")
    yield from _of_mapping(mapping if isinstance(mapping, Path) else None, params.get("source"))
    yield "the file with settings", Path(".env")


def _sources(value: str | Sequence[str]) -> Iterator[tuple[str, Path]]:
    from bulk_import.sources import expand_sources

    with suppress(BulkImportError):  # the command itself says what is wrong
        for path in expand_sources(value):
            yield "a source", Path(path)


def _of_mapping(mapping: Path | None, sources: Any) -> Iterator[tuple[str, Path]]:
    from bulk_import.mapping.loading import load_mapping
    from bulk_import.run.inputs import corrections_file

    if mapping is None or not mapping.is_file():
        return
    with suppress(BulkImportError):
        loaded = load_mapping(mapping)
        for path, _ in loaded.suppress_files():
            if isinstance(path, Path):
                yield "a suppression list", path
        for _, path in _sources(sources or ()):
            if corrections := corrections_file(str(path), loaded):
                yield "the corrections of a source", corrections


def _of_run(run_dir: Path) -> Iterator[tuple[str, Path]]:
    """The files of a run folder, and what its run has read."""
    from bulk_import.journal import Journal
    from bulk_import.run.folder import FILES, JOURNAL

    for name in FILES:
        yield "a file of the run", run_dir / name
    if not (run_dir / JOURNAL).is_file():
        return
    with suppress(BulkImportError), Journal.open(run_dir / JOURNAL) as journal:
        facts = journal.facts()
        for path in json.loads(facts.get("paths", "[]")):
            yield "a source of the run", Path(path)
        yield "the mapping of the run", Path(facts.get("mapping_name", ""))
        if facts.get("state"):
            yield _OWN_STATE, Path(facts["state"])


def _of_plan(path: Path) -> Iterator[tuple[str, Path]]:
    from bulk_import.jobs.segments import load_plan

    with suppress(BulkImportError):
        for segment in load_plan(path).values():
            yield from _sources([*segment.source, *segment.previous])


def _is_same(path: Path, other: Path) -> bool:
    with suppress(OSError):
        return path.samefile(other)
    return path.resolve() == other.resolve()


def _refuse_foreign(option: str, path: Path) -> None:
    """Refuse a file that this option cannot have written: a wrong name must not cost its content."""
    if option not in _IS_OURS:
        return
    with suppress(OSError):
        if path.is_file() and path.stat().st_size and not _IS_OURS[option](path):
            raise SettingsError(
                f"{option} {path}: is there already and is not {_WHAT[option]}; nothing was done. "
                "Give another path, or move that file"
            )


def _begins(*starts: bytes) -> Callable[[Path], bool]:
    def begins(path: Path) -> bool:
        with path.open("rb") as file:
            return file.read(32).startswith(starts)

    return begins


def _is_bundle(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist()) == {"summary.json", "mapping.yml", "rows.csv"}
    except (OSError, zipfile.BadZipFile):
        return False


_IS_OURS: dict[str, Callable[[Path], bool]] = {
    "--log-file": _begins(b'{"'),
    "--metrics-file": _begins(b"# HELP ", b"# TYPE ", b"bulk_import_"),
    "-o": _is_bundle,
    "--state": _begins(b"SQLite format 3\0"),
}
_WHAT = {
    "--log-file": "a log of JSON lines",
    "--metrics-file": "a file of metrics",
    "-o": "an archive of this command",
    "--state": "a state file",
}
