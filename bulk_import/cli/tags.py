"""``bulk-import tags``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulk_import.cli.options import source_argument
from bulk_import.cli.terminal import plain

if TYPE_CHECKING:
    from bulk_import.jobs.tagging import Tags


@click.command("tags")
@source_argument()
@click.option("--mapping", "-m", type=click.Path(path_type=Path),
              help="The mapping file: where the tags are. [found as by init]")  # fmt: skip
@click.option("--column", default="", help="The column of the tags, instead of a mapping.")
@click.option("--json", "as_json", is_flag=True, help="As JSON on stdout.")
def command(source: tuple[str, ...], mapping: Path | None, column: str, as_json: bool) -> int:
    """Show tags that are probably one, over all rows of SOURCE…, and the `values:` that join them.

    Compared without case, blanks, hyphens and accents, across alphabets, and with one slip of the
    finger. The values go to standard output, for the field of the tags in your mapping; nothing is
    changed. Where one letter differs the line is a comment: remove its # if both mean the same.
    """
    from bulk_import.errors import SettingsError
    from bulk_import.jobs.tagging import look_at_tags

    if mapping is not None and column:
        raise SettingsError(
            "--mapping and --column exclude each other: the mapping names the column"
        )
    found = look_at_tags(source, mapping, column=column)
    if as_json:
        click.echo(json.dumps(_as_json(found), ensure_ascii=False, indent=2))
        return 0
    columns = f" of {plain(', '.join(found.columns))}" if found.columns else ""
    click.echo(
        f"{len(found.counts):,} different tags{columns}; groups that look alike: "
        f"{len(found.clusters):,}",
        err=True,
    )
    if found.left_out:
        click.echo(f"the {found.left_out:,} rarest were not compared", err=True)
    for line in found.yaml().splitlines():
        click.echo(plain(line))
    return 0


def _as_json(found: Tags) -> dict[str, Any]:
    return {
        "columns": found.columns,
        "tags": len(found.counts),
        "left_out": found.left_out,
        "clusters": [
            {
                "tag": one.tag,
                "rows": one.rows,
                "others": [_one(*other) for other in one.others],
                "slips": [_one(*other) for other in one.slips],
            }
            for one in found.clusters
        ],
    }


def _one(tag: str, rows: int, how: str) -> dict[str, Any]:
    return {"tag": tag, "rows": rows, "differs": how}
