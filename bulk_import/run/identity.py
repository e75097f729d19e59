"""What identifies a run: stored in the journal when it starts, compared when it is continued."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from bulk_import import __version__
from bulk_import.errors import Message, SetupError
from bulk_import.journal import Journal
from bulk_import.mapping.loading import ColumnMapping
from bulk_import.models import SourceInfo
from bulk_import.run.corrections import digest_of
from bulk_import.run.inputs import changed_sources, corrections_file
from bulk_import.settings import Settings
from bulk_import.sources.remote import shown
from bulk_import.system.addresses import account_name
from bulk_import.system.clock import now


def facts_of(
    mapping: ColumnMapping,
    settings: Settings,
    paths: Sequence[str],
    list_ids: Mapping[str, str],
) -> dict[str, str]:
    """Return the facts that a journal stores about a run when it is created.

    Args:
        list_ids: Titles of the account's lists -> ids.
    """
    return {
        "tool_version": __version__,
        "started_at": now(),
        "endpoint": settings.endpoint,
        "mapping_name": mapping.name,
        "mapping_text": mapping.text,
        "mapping_folder": str(mapping.folder.resolve()),
        "mapping": json.dumps(mapping.fingerprint(), ensure_ascii=False),
        "sheet": mapping.spec.source.sheet or "",
        "pace": json.dumps(_pace(settings)),
        "exports": mapping.told_exports(),
        "corrections": mapping.spec.source.corrections or "",
        "corrections_by": mapping.spec.source.corrections_by,
        "corrected_with": json.dumps(_corrected_with(mapping, paths)),
        "paths": json.dumps([shown(path) for path in paths]),
        **({"dry_run": "1"} if settings.dry_run else {}),
        "lists": json.dumps(dict(list_ids), ensure_ascii=False),
    }


def _pace(settings: Settings) -> dict[str, object]:
    """The pace of a run, for its resume."""
    limits = settings.limits
    return {
        "rate": float(limits.rate),
        "concurrency": limits.concurrency,
        "daily_limit": limits.daily_limit,
        "window": limits.window,
    }


def refuse_rehearsal(run_dir: object, facts: Mapping[str, str], settings: Settings) -> None:
    """Refuse to continue a rehearsal as a real run, or the reverse.

    A rehearsal never asked the account for its lists, so its rows must not be sent.

    Raises:
        SetupError: Only one of the two is a rehearsal.
    """
    if ("dry_run" in facts) == settings.dry_run:
        return
    raise SetupError(
        Message(
            "{run_dir} holds a rehearsal (--dry-run); import into another folder", run_dir=run_dir
        )
        if "dry_run" in facts
        else Message(
            "{run_dir} holds a real run; rehearse (--dry-run) in another folder", run_dir=run_dir
        )
    )


def refuse_other_job(run_dir: object, facts: Mapping[str, str], job: Mapping[str, str]) -> None:
    """Refuse to continue a run as another kind of job: a night compares before it sends.

    Raises:
        SetupError: The folder belongs to another kind of job.
    """
    before, now_ = facts.get("job", ""), job.get("job", "")
    if before != now_:
        raise SetupError(
            Message(
                "{run_dir} holds a run of `bulk-import {before}`; nothing was sent. "
                "`bulk-import resume {run_dir}` continues it; for a new run give another "
                "folder",
                run_dir=run_dir,
                before=before or "run",
            )
        )


def _other_version_or_account(
    facts: Mapping[str, str], settings: Settings, *, is_resumed: bool
) -> list[str]:
    differences: list[str] = []
    version = facts.get("tool_version", __version__)
    if version != __version__ and not (not is_resumed and facts.get("finished")):
        differences.append(
            Message(
                "it was started by version {version} of this program, this is {now}",
                version=version,
                now=__version__,
            )
        )
    if account_name(facts["endpoint"]) != account_name(settings.endpoint):
        differences.append(
            Message(
                "the account was {before}, now it is {endpoint}",
                before=facts["endpoint"],
                endpoint=settings.endpoint,
            )
        )
    return differences


def refuse_other_run(
    run_dir: object,
    journal: Journal,
    facts: Mapping[str, str],
    mapping: ColumnMapping,
    settings: Settings,
    paths: Sequence[str] | None,
    frame: SourceInfo | None = None,
) -> None:
    """Refuse to continue with another source, mapping or account; name every difference.

    Args:
        paths: The sources of this invocation; ``None`` for ``resume``, which compares what the
            journal names.
        frame: The DataFrame of this invocation.

    Raises:
        SetupError: Something differs.
    """
    differences = _other_version_or_account(facts, settings, is_resumed=paths is None)
    before, after = json.loads(facts["mapping"]), mapping.fingerprint()
    changed = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
    if changed:
        differences.append(Message("the mapping differs in {changed}", changed=", ".join(changed)))
    begun_with = () if facts.get("judged") else json.loads(facts["paths"])
    # When all rows are judged already, corrections apply again to the rows judged again.
    if begun_with and facts.get("corrected_with") != json.dumps(
        _corrected_with(mapping, paths or begun_with)
    ):
        differences.append(Message("the corrections of its source have changed"))
    differences += changed_sources(
        journal,
        paths,
        mapping,
        has_stdin="judged" in facts and paths is not None,
        begun_with=begun_with,
        frame=frame,
        is_unread="judged" not in facts,
    )
    if differences:
        raise SetupError(
            Message(
                "{run_dir} holds a run that was started differently: {differences}. Nothing "
                "was sent. Undo the change to continue it, or start a new run in another "
                "folder (rows that were accepted would be sent again)",
                run_dir=run_dir,
                differences=Message.joined("; ", differences),
            )
        )


def _corrected_with(mapping: ColumnMapping, paths: Sequence[str]) -> list[str]:
    """Return the digest of each source's corrections; empty for a source without any."""
    return [digest_of(corrections_file(path, mapping)) for path in paths]
