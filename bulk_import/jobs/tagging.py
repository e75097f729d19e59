"""Look-alike tags over whole files, and the ``values:`` that would join them. Nothing is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bulk_import.errors import SetupError
from bulk_import.jobs.proposing import propose
from bulk_import.mapping.loading import AnyMapping, ColumnMapping, load_mapping, parse_mapping
from bulk_import.mapping.suggesting.writing import scalar
from bulk_import.normalize.alike import MOST_TAGS, Cluster, clusters
from bulk_import.run.inputs import opened_inputs
from bulk_import.sources import Sources, expand_sources

_FIELDS = ("add_tags", "remove_tags")


@dataclass(frozen=True, slots=True)
class Tags:
    """What tags a source has.

    Attributes:
        columns: Where they stand.
        counts: Tag -> rows, in the order in which they came.
        clusters: Groups of look-alikes, the largest first.
    """

    columns: tuple[str, ...]
    counts: Mapping[str, int]
    clusters: Sequence[Cluster]

    @property
    def left_out(self) -> int:
        """Different tags that were not compared: the rarest of too many."""
        return max(len(self.counts) - MOST_TAGS, 0)

    def yaml(self) -> str:
        """Return the ``values:`` that join them, to be put below the field of the tags.

        A tag of which one letter differs is a comment: a person has to look at it.
        """
        return "".join(f"{line}\n" for line in _lines(self.clusters))


def look_at_tags(source: Sources, mapping: AnyMapping | None = None, *, column: str = "") -> Tags:
    """Find look-alikes among the tags of *source*.

    Args:
        mapping: Says where the tags are; what its ``values:`` join already is joined. ``None`` = the
            column of tags is found as ``init`` does.
        column: The column of the tags, instead of a mapping.

    Raises:
        SetupError: The source or the mapping cannot be used, or no column of tags is known.
    """
    paths = expand_sources(source)
    loaded = load_mapping(mapping) if mapping is not None else _proposed(paths[0], column)
    loaded = loaded.for_sources(paths)
    if not any(field in loaded.spec.fields for field in _FIELDS):
        raise SetupError(f"{loaded.name}: maps no column to add_tags or remove_tags")
    counts: Counter[str] = Counter()
    with opened_inputs(paths, loaded, None) as inputs:
        for opened in inputs:
            for row in opened.rows:
                record = opened.mapper.record(row)
                for name, value in record.fields:
                    if name in _FIELDS and value:
                        counts.update(value.split(","))
    constant = {tag for field in _FIELDS if field in loaded.spec.fields
                for tag in loaded.spec.fields[field].always}  # fmt: skip
    found = [one for one in clusters(counts) if not _is_constant(one, constant)]
    columns = (name for field in _FIELDS if field in loaded.spec.fields
               for name in loaded.spec.fields[field].column)  # fmt: skip
    return Tags(tuple(dict.fromkeys(columns)), dict(counts), found)


def _is_constant(cluster: Cluster, constant: set[str]) -> bool:
    """Whether all tags of a cluster come from the mapping, not from cells."""
    return {cluster.tag, *(tag for tag, _, _ in (*cluster.others, *cluster.slips))} <= constant


def _proposed(path: str, column: str) -> ColumnMapping:
    """A mapping of the tags alone, from a column that is named or found."""
    proposal = propose(path).proposal
    found = column or next((s.column for s in proposal.unmapped if s.field == "add_tags"), "")
    if not found:
        raise SetupError(
            f"{path}: no column looks like tags; name it with --column, or give --mapping"
        )
    rule = f"{{column: {scalar(found)}, separator: {scalar(proposal.separator)}}}"
    return parse_mapping(f"version: 1\nfields:\n  add_tags: {rule}\n", "the proposal")


def _lines(found: Sequence[Cluster]) -> Iterator[str]:
    if not found:
        return
    yield "values:"
    for cluster in found:
        for tag, rows, how in cluster.others:
            yield f"  {scalar(tag)}: {scalar(cluster.tag)}  # {how} differ; {rows:,} rows"
        for tag, rows, _ in cluster.slips:
            yield f"  # {scalar(tag)}: {scalar(cluster.tag)}  # one letter differs; {rows:,} rows"
