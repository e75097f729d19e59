"""``bulk-import fields``."""

from __future__ import annotations

import json

import click


@click.command("fields")
@click.option("--json", "as_json", is_flag=True, help="As JSON on stdout.")
@click.option("--schema", is_flag=True, help="The JSON Schema of a mapping file instead.")
def command(as_json: bool, schema: bool) -> int:
    """Show every field that the API takes, as named in a mapping."""
    from bulk_import.api.fields import FIELDS

    if schema:
        from bulk_import.mapping.schema import json_schema

        click.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))
    elif as_json:
        known = [{"name": f.name, "kind": f.kind, "title": f.title} for f in FIELDS.values()]
        click.echo(json.dumps(known, ensure_ascii=False, indent=2))
    else:
        for field in FIELDS.values():
            click.echo(f"{field.name:<28}  {field.title}")
        click.echo("Other parameters: under `extra:` of the mapping, passed through unverified.")
    return 0
