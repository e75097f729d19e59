"""The file of jobs: name -> account, source, mapping, kind, pace.

A ``Job`` is what a worker needs in order to run one. It holds no key: that is read on the worker,
from a file or an environment variable there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from bulk_import.api.webhook import check_webhook
from bulk_import.errors import MappingError, MappingProblem, SettingsError
from bulk_import.mapping.loading import said_of
from bulk_import.mapping.schema import Columns, Part
from bulk_import.mapping.yamltext import Document, parse
from bulk_import.system.addresses import account_endpoint, account_name, normalize_endpoint
from bulk_import.system.profiles import Profile, config_file, load_profile

Kind = Literal["run", "sync", "retag"]
Option = tuple[str, ...]  # a flag and its value, or a flag alone

_NAME = re.compile(r"[\w][\w.-]{0,63}")
_TAGS = ("add_tags", "remove_tags", "add_to_lists", "remove_from_lists")
_FLAGS = {
    "add_tags": "--add-tag", "remove_tags": "--remove-tag",
    "add_to_lists": "--add-to-list", "remove_from_lists": "--remove-from-list",
}  # fmt: skip
_ACCEPT: Option = ("--accept",)
_PACE = ("rate", "concurrency", "daily_limit", "window", "canary")
# What the fleet decides for its jobs.
_OURS = frozenset(
    """account api-key-file cluster config dry-run endpoint json log-file mapping metrics-file notify plan
    profile quiet run-dir state wait-lock yes""".split()
)


def _as_text(value: object) -> object:
    """Refuse tables where an option's value is meant; a flag alone is ``true``, or nothing."""
    if not isinstance(value, dict):
        return value
    found: dict[str, object] = {}
    for name, given in value.items():
        found[str(name).removeprefix("--").replace("_", "-")] = (
            tuple(given) if isinstance(given, list) else (given if given is not None else "true",)
        )
    return found


Options = Annotated[dict[str, tuple[str, ...]], BeforeValidator(_as_text)]


class JobSpec(Part):
    """One job of the file."""

    kind: Kind
    source: Columns
    mapping: str | None = None
    profile: str | None = Field(default=None, description="An account of the file of profiles.")
    account: str | None = Field(default=None, description="The account's login.")
    endpoint: str | None = Field(default=None, description="Instead: the account's address.")
    key_file: str | None = Field(default=None, description="A file that holds the API key alone.")
    key_env: str | None = Field(default=None, description="Instead: the variable with the key.")
    rate: float | None = None
    concurrency: int | None = None
    daily_limit: int | None = None
    window: str | None = None
    canary: int | None = None
    notify: str | None = Field(default=None, description="Told how this job ended.")
    worker: str | None = Field(default=None, description="The host name of its machine.")
    segments: str | None = Field(default=None, description="retag: a plan file.")
    column: str | None = Field(default=None, description="retag: the column with the addresses.")
    sheet: str | None = None
    add_tags: Columns = ()
    remove_tags: Columns = ()
    add_to_lists: Columns = ()
    remove_from_lists: Columns = ()
    options: Options = Field(default={}, description="Other options of the command.")

    @field_validator("notify")
    @classmethod
    def _known_address(cls, url: str | None) -> str | None:
        if url is not None:
            try:
                check_webhook(url)
            except SettingsError as exc:
                raise ValueError(str(exc).removeprefix("--notify").lstrip(": ")) from None
        return url

    @field_validator("options")
    @classmethod
    def _not_ours(cls, options: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        taken = sorted(options.keys() & _OURS)
        if taken:
            raise ValueError(f"{', '.join(taken)}: the fleet sets this itself; leave it out")
        return options

    @model_validator(mode="after")
    def _is_whole(self) -> JobSpec:
        if [self.profile, self.account, self.endpoint].count(None) != 2:
            raise ValueError(
                "give one of profile (a name), account (a login), endpoint (an address)"
            )
        keys = 2 - [self.key_file, self.key_env].count(None)
        if keys > 1 or (keys == 0 and self.profile is None):
            raise ValueError(
                "give one of key_file (a file that holds the API key alone) and key_env (the "
                "variable that holds it)"
            )
        if keys and self.profile is not None:
            raise ValueError("the profile says where the key is: api_key_file or api_key_env")
        if self.kind == "retag":
            self._check_retag()
        else:
            self._check_import()
        return self

    def _check_retag(self) -> None:
        if self.mapping is not None:
            raise ValueError("retag has no mapping: it finds the column with the addresses")
        is_told = any(getattr(self, name) for name in _TAGS)
        if (self.segments is None) == (not self.source):
            raise ValueError("retag: give source and tags or lists, or segments (a plan file)")
        if is_told == (self.segments is not None):
            raise ValueError(f"retag: give {', '.join(_TAGS)}, or segments (a plan file)")

    def _check_import(self) -> None:
        if self.mapping is None:
            raise ValueError(f"{self.kind}: give mapping (a file)")
        if not self.source:
            raise ValueError(f"{self.kind}: give source (a file, or several)")
        wrong = [name for name in (*_TAGS, "segments", "column") if getattr(self, name)]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: only for retag; a mapping says it otherwise")
        if "-" in self.source:
            raise ValueError("source: a job reads files, not standard input")
        if self.sheet is not None and self.kind != "run":
            raise ValueError("sheet: only for run and retag; the mapping's source says it for sync")

    def address(self, profile: Profile | None) -> str:
        """Return the account's base URL.

        Raises:
            SettingsError: The login or the address does not make sense.
        """
        account = self.account or (profile.account if profile else "")
        if account:
            return account_endpoint(account)
        return normalize_endpoint(self.endpoint or (profile.endpoint if profile else ""))


@dataclass(frozen=True, slots=True)
class Job:
    """One job, as a worker runs it.

    Attributes:
        account: One name for all spellings of its address; jobs of one account never overlap.
        arguments: Sources and mapping, as the command takes them.
        shared: Options that every command takes: account, pace.
        options: Options of this command alone.
        key_variable: The variable of the worker's environment that holds the key; empty = a file.
        worker: Host name of the machine that it must run on; empty = any.
    """

    name: str
    kind: Kind
    account: str
    arguments: tuple[str, ...]
    shared: tuple[Option, ...]
    options: tuple[Option, ...] = ()
    key_variable: str = ""
    worker: str = ""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The jobs of a file, in its order.

    Attributes:
        notify: Job -> address that gets how it ended; stays with whoever started the fleet.
    """

    path: Path
    jobs: tuple[Job, ...]
    notify: Mapping[str, str]

    def only(self, names: tuple[str, ...]) -> Fleet:
        """Return the fleet of these jobs alone; all of them if there is no name.

        Raises:
            SettingsError: A job is not in the file.
        """
        known = [job.name for job in self.jobs]
        unknown = [name for name in names if name not in known]
        if unknown:
            raise SettingsError(
                f"--only {', '.join(unknown)}: no such job in {self.path}; it has {', '.join(known)}"
            )
        kept = tuple(job for job in self.jobs if not names or job.name in names)
        return replace(self, jobs=kept)

    def accepting(self) -> Fleet:
        """Return the fleet with the brakes of its syncs and retags released."""
        return replace(
            self,
            jobs=tuple(
                job
                if job.kind == "run"
                else replace(job, options=(*(set(job.options) - {_ACCEPT}), _ACCEPT))
                for job in self.jobs
            ),
        )


def load_fleet(path: Path) -> Fleet:
    """Read a file of jobs. Relative paths in it start at its own folder.

    Raises:
        MappingError: It cannot be used; every problem with its line and column.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not UTF-8"
        raise MappingError.of(f"cannot be read: {reason}", path) from None
    document = parse(text, str(path))
    problems = [*_problems_of_form(document)]
    if problems:
        raise MappingError(problems)
    specs, problems = _specs(document)
    config = _config(document)
    written: Any = document.tree
    jobs: list[Job] = []
    notify: dict[str, str] = {}
    for name, spec in specs.items():
        try:
            profile = load_profile(spec.profile, config, os.environ) if spec.profile else None
            own = written["jobs"][name]
            jobs.append(_job(name, _paced(spec, own, profile), path.resolve().parent, profile))
        except SettingsError as exc:
            key = next(key for key in ("profile", "account", "endpoint") if getattr(spec, key))
            problems.append(document.problem(str(exc), ("jobs", name, key)))
            continue
        told = spec.notify or (profile.notify if profile else "")
        if told:
            notify[name] = told
    if problems:
        raise MappingError(problems)
    return Fleet(path, tuple(jobs), notify)


def _paced(spec: JobSpec, own: Mapping[str, Any], profile: Profile | None) -> JobSpec:
    """Return *spec* without the defaults of the file for which its account's profile has its own."""
    options = profile.options if profile is not None else {}
    return spec.model_copy(update={key: None for key in _PACE if key in options and key not in own})


def _config(document: Document) -> Path:
    """Return the file of profiles."""
    tree: Any = document.tree
    if tree.get("config"):
        return Path(document.name).resolve().parent / Path(tree["config"]).expanduser()
    return config_file(os.environ)


def _problems_of_form(document: Document) -> Iterator[MappingProblem]:
    tree: Any = document.tree
    if not isinstance(tree, dict) or not isinstance(tree.get("jobs"), dict) or not tree["jobs"]:
        yield document.problem(
            "a file of jobs has `version: 1` and `jobs:`, name -> job", ("jobs",)
        )
        return
    for key in tree.keys() - {"version", "config", "defaults", "jobs"}:
        yield document.problem(
            "unknown; a file of jobs has version, config, defaults and jobs", (key,)
        )
    if tree.get("version") != "1":
        yield document.problem("write `version: 1`", ("version",))
    if not isinstance(tree.get("config", ""), str):
        yield document.problem("the file with the profiles, a path", ("config",))
    if not isinstance(tree.get("defaults", {}), dict):
        yield document.problem("settings that hold for every job, name: value", ("defaults",))
    yield from _problems_of_names(document, tree["jobs"])


def _problems_of_names(document: Document, jobs: Mapping[str, Any]) -> Iterator[MappingProblem]:
    for name, job in jobs.items():
        if not _NAME.fullmatch(name):
            yield document.problem(
                "a job's name becomes a folder: letters, digits, _ . -, at most 64", ("jobs", name)
            )
        if not isinstance(job, dict):
            yield document.problem("a job has kind, account, source, …", ("jobs", name))
    folded = [name.casefold() for name in jobs]
    for name in jobs:
        if folded.count(name.casefold()) > 1:
            yield document.problem(
                "two jobs differ only in case; their folders may be one", ("jobs", name)
            )


def _specs(document: Document) -> tuple[dict[str, JobSpec], list[MappingProblem]]:
    tree: Any = document.tree
    defaults = tree.get("defaults") or {}
    specs: dict[str, JobSpec] = {}
    problems: list[MappingProblem] = []
    for name, job in tree["jobs"].items():
        try:
            specs[name] = JobSpec.model_validate(_with_defaults(defaults, job))
        except ValidationError as exc:
            for error in exc.errors():
                message = said_of(error, JobSpec)
                place = ("jobs", name, *error["loc"])
                is_default = error["loc"][:1] and error["loc"][0] not in job
                is_default = is_default and error["loc"][0] in defaults
                at = ("defaults", *error["loc"]) if is_default else None
                problems.append(document.problem(message, place, at=at))
    return specs, problems


def _with_defaults(defaults: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    """Return *job* over *defaults*; of two ways to say one thing, the job's own counts."""
    base = dict(defaults)
    for keys in (("profile", "account", "endpoint"), ("key_file", "key_env")):
        if any(key in job for key in keys):
            base = {key: value for key, value in base.items() if key not in keys}
    if "profile" in job:
        base = {key: value for key, value in base.items() if key not in ("key_file", "key_env")}
    if job.get("kind", base.get("kind")) == "retag":
        base.pop("mapping", None)
    return base | job


def _job(name: str, spec: JobSpec, folder: Path, profile: Profile | None) -> Job:
    def placed(path: str) -> str:
        return path if "://" in path else str(folder / Path(path).expanduser())

    arguments = [placed(path) for path in spec.source]
    if spec.mapping is not None:
        arguments += ["--mapping", placed(spec.mapping)]
    if spec.segments is not None:
        arguments += ["--plan", placed(spec.segments)]
    for key in ("column", "sheet"):
        if getattr(spec, key) is not None:
            arguments += [f"--{key}", getattr(spec, key)]
    for key, flag in _FLAGS.items():
        for value in getattr(spec, key):
            arguments += [flag, value]
    address = spec.address(profile)
    shared: list[Option] = [("--endpoint", address)]
    if profile is not None:
        shared = [("--profile", profile.name), ("--config", str(profile.file.resolve()))]
    if spec.key_file is not None:
        shared.append(("--api-key-file", placed(spec.key_file)))
    shared += [
        (f"--{key.replace('_', '-')}", _shown(getattr(spec, key)))
        for key in _PACE
        if getattr(spec, key) is not None
    ]
    return Job(
        name, spec.kind, account_name(address), tuple(arguments), tuple(shared),
        tuple(_options(spec.options)), spec.key_env or "", spec.worker or "",
    )  # fmt: skip


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _options(options: Mapping[str, tuple[str, ...]]) -> Iterator[Option]:
    for name, values in options.items():
        for value in values:
            yield (f"--{name}",) if value == "true" else (f"--{name}", value)
