"""What is known of the work under way, and what is written down when a bug ends it.

``crash.txt`` is made to be sent to the maintainers: it says where the program failed, with which
versions and arguments. It holds no key and nobody's data: local variables are left out, and so is
every message of an exception that may quote a value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from bulk_import.errors import BugError, StorageError

# Every command loads this module, `--help` too: what only a crash needs is imported when there is one.
if TYPE_CHECKING:
    from pathlib import Path

    from bulk_import.system.secrets import Secret

CRASH = "crash.txt"
_PACKAGES = (
    "aiohttp",
    "click",
    "filelock",
    "openpyxl",
    "pydantic",
    "python-calamine",
    "ruamel.yaml",
    "tenacity",
    "uvloop",
)
# Their messages come from the interpreter and name types, attributes and modules, never a value.
_HARMLESS = (AttributeError, ImportError, NameError, RecursionError, TypeError, BugError)
_ADDRESS = re.compile(r"[^\s@=,;]+@[^\s@,;]+")
_URL = re.compile(r"([\w+.-]+://)(?:[^/@\s]*@)?([^/?#\s]*)(?:[/?#]\S*)?")


@dataclass(slots=True)
class Scene:
    """What the work under way has made known.

    Attributes:
        folder: The folder of the run, once it is there.
        secrets: Keys that must not be written down.
    """

    folder: Path | None = None
    secrets: list[Secret] = field(default_factory=list)


_SCENE: ContextVar[Scene | None] = ContextVar("scene", default=None)


@contextmanager
def watched_scene() -> Iterator[Scene]:
    """Yield a scene that the work inside of the block fills in, other threads and tasks included."""
    scene = Scene()
    token = _SCENE.set(scene)
    try:
        yield scene
    finally:
        _SCENE.reset(token)


def working_in(folder: Path) -> None:
    """Make the run's folder known: a crash is written there."""
    scene = _SCENE.get()
    if scene is not None:
        scene.folder = folder


def folder() -> Path | None:
    """Return the run's folder, if it is known."""
    scene = _SCENE.get()
    return scene.folder if scene is not None else None


def conceal(secret: Secret) -> None:
    """Make a key known that a crash must not show."""
    scene = _SCENE.get()
    if scene is not None:
        scene.secrets.append(secret)


def described(exc: BaseException) -> str:
    """Return the traceback of *exc* and of what it came from, without anybody's data."""
    import traceback

    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = exc
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines = traceback.format_tb(current.__traceback__)
        text = f"Traceback (most recent call last):\n{''.join(lines)}{summary_of(current)}\n"
        if isinstance(current, BaseExceptionGroup):
            inner = "\n".join(described(each) for each in current.exceptions)
            text += "".join(f"  | {line}\n" for line in inner.splitlines())
        if isinstance(current, BugError) and current.report:
            text += f"\nin another process of ours:\n{current.report}"
        parts.append(text)
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return "\nled to:\n\n".join(reversed(parts))


def summary_of(exc: BaseException) -> str:
    """Return the type of *exc*, and its message if that cannot hold anybody's data."""
    kind = type(exc).__qualname__
    if isinstance(exc, OSError) and exc.errno is not None:
        return f"{kind}: [Errno {exc.errno}] {os.strerror(exc.errno)}"
    if isinstance(exc, _HARMLESS) and str(exc):
        return f"{kind}: {exc}"
    return f"{kind}: (message left out)" if str(exc) else kind


def place_of(exc: BaseException) -> str:
    """Return where *exc* was raised, as ``file.py:line``: the last place in our own code."""
    import traceback
    from pathlib import Path

    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    package = str(Path(__file__).parents[1])
    frames = traceback.extract_tb(exc.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(package)]
    if not ours:
        return ""
    name = Path(ours[-1].filename).relative_to(package).as_posix()
    return f"{name}:{ours[-1].lineno}"


def write_crash(exc: BaseException, scene: Scene, arguments: Sequence[str]) -> Path:
    """Write ``crash.txt`` into the run's folder, else into the folder for state; return its path.

    Raises:
        StorageError: It can be written to neither.
    """
    from bulk_import.system.environment import state_folder

    text = _report(exc, scene, arguments)
    try:
        if scene.folder is not None and scene.folder.is_dir():
            return _write(scene.folder / CRASH, text)
    except (StorageError, OSError):
        pass  # the other folder may have room
    try:
        folder = state_folder(os.environ)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as failure:
        raise StorageError(f"{failure.filename}: {failure.strerror}") from failure
    return _write(folder / CRASH, text)


def _write(path: Path, text: str) -> Path:
    from bulk_import.system.files import replaced

    with replaced(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
    return path


def _report(exc: BaseException, scene: Scene, arguments: Sequence[str]) -> str:
    import platform
    import sys

    from bulk_import import __version__
    from bulk_import.system.clock import now
    from bulk_import.system.environment import KEY_VARIABLE
    from bulk_import.system.secrets import Secret

    lines = [
        "bulk_import stopped because of a bug. Please send this file to the maintainers.",
        "It holds no key and no contacts; look through it before you send it.",
        "",
        f"time       {now()}",
        f"version    {__version__}",
        f"python     {platform.python_implementation()} {platform.python_version()}",
        f"system     {platform.platform()}",
        f"packages   {', '.join(_versions())}",
        f"terminal   stdin {_is_terminal(sys.stdin)}, stderr {_is_terminal(sys.stderr)}",
        f"arguments  {' '.join(_argument(text) for text in arguments)}",
        "",
        described(exc),
    ]
    text = "\n".join(lines)
    for secret in (*scene.secrets, Secret(os.environ.get(KEY_VARIABLE, "").strip())):
        text = secret.redact(text)
    home = os.environ.get("HOME", "")
    return text.replace(home, "~") if len(home) > 1 else text


@cache
def _versions() -> tuple[str, ...]:
    """Name and version of each package that matters, or that it is missing."""
    return tuple(map(_version, _PACKAGES))


def _version(package: str) -> str:
    from importlib import metadata

    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package} missing"


def _is_terminal(stream: object) -> str:
    isatty = getattr(stream, "isatty", None)
    return "yes" if isatty is not None and isatty() else "no"


def _argument(text: str) -> str:
    """Return an argument without addresses of people; of a URL, whose path may be a secret, the host."""
    from bulk_import.system.secrets import MASK

    masked = _ADDRESS.sub(MASK, _URL.sub(rf"\1\2/{MASK}", text))
    return masked if masked and " " not in masked else repr(masked)
