"""A dlt destination: batches become runs named by their contents, so dlt's own retry doubles nothing.

    from bulk_import import Settings
    from bulk_import.destinations.dlt import contacts

    pipeline = dlt.pipeline("crm", destination=contacts("mapping.yml", Settings.from_env(account="shop")))
    pipeline.run(my_source())

Needs ``pip install 'bulk_import[dlt]'``. Rows that are refused are in the batch's run folder and in the
log; they do not fail the load unless ``refused="fail"``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

try:
    import dlt
    from dlt.common.destination.exceptions import (
        DestinationTerminalException,
        DestinationTransientException,
    )
except ImportError:
    raise ImportError(
        "the destination needs dlt: pip install 'bulk_import[dlt]'", name="dlt"
    ) from None

from bulk_import.errors import BulkImportError, MappingError, SourceError
from bulk_import.jobs.batches import Sent, send_batch
from bulk_import.mapping.loading import AnyMapping, load_mapping
from bulk_import.settings import Settings

_log = logging.getLogger(__name__)
BATCH = 1000  # rows; each is a run with a journal of its own


def contacts(
    mapping: AnyMapping,
    settings: Settings,
    *,
    runs: str | Path = "runs/dlt",
    batch_size: int = BATCH,
    refused: Literal["warn", "fail"] = "warn",
    name: str = "bulk_import",
) -> Any:
    """Return a destination for ``dlt.pipeline(destination=…)``.

    Args:
        mapping: As of ``import_file``; it is read now.
        settings: The account, the pace and so on; ``run_dir`` is not looked at.
        runs: Folder of the batches' runs, on a local disk that outlives the pipeline: it is what tells
            a batch that comes again from a new one. A batch with the same rows is never sent twice;
            name another folder to send it once more.
        batch_size: Rows of a batch. A pipeline that is repeated must keep it.
        refused: Whether rows that cannot be sent, or that the API refuses, fail the load.
        name: What dlt calls the destination.

    Raises:
        SetupError: The mapping cannot be used, or the key or the account is missing.
    """
    loaded, ready = load_mapping(mapping), settings.ready_to_send()
    folder = Path(runs).absolute()

    def load(items: Any, table: Any) -> None:
        sent = _sent(lambda: send_batch(list(items), loaded, ready, folder))
        summary = sent.summary
        if not sent.is_settled:
            reason = summary.stopped or f"{sent.unknown:,} rows have no trustworthy answer yet"
            raise DestinationTransientException(f"{summary.run_dir}: {reason}")
        if summary.exit_code:
            said = f"{summary.run_dir}: {_left_out(sent)}"
            if refused == "fail":
                raise DestinationTerminalException(said)
            _log.warning("%s", said)

    # One batch at a time: an account takes one sender.
    made = dlt.destination(
        load, name=name, batch_size=batch_size, loader_file_format="typed-jsonl",
        max_parallel_load_jobs=1, loader_parallelism_strategy="sequential",
    )  # fmt: skip
    return made()


def _sent(send: Callable[[], Sent]) -> Sent:
    """Send a batch, with errors in dlt's terms.

    Raises:
        DestinationTerminalException: Repeating the batch as it is does not help.
        DestinationTransientException: It may: dlt hands the batch over again.
    """
    try:
        return send()
    except (MappingError, SourceError) as exc:
        raise DestinationTerminalException(str(exc)) from exc
    except BulkImportError as exc:  # a server that is away, a busy account, a full disk
        raise DestinationTransientException(str(exc)) from exc


def _left_out(sent: Sent) -> str:
    codes = ", ".join(
        f"{code} x{rows:,}" for code, rows in sent.summary.by_code.items() if code != "0"
    )
    unknown = f"{sent.unknown:,} rows may or may not have arrived; " if sent.unknown else ""
    return f"{unknown}rows that did not make it: {codes}; report.csv names them"
