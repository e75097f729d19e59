"""What all commands have in common: grouped options and examples in `--help`, outputs that are safe."""

from __future__ import annotations

import click

from bulk_import.cli.telling import is_telling

# Group -> names of the parameters in it; what is in none is the command's own.
GROUPS: dict[str, frozenset[str]] = {
    "Account": frozenset(
        {"account", "endpoint", "api_key_file", "ca_file", "proxy", "profile", "config"}
    ),
    "Pace": frozenset(
        {"rate", "concurrency", "timeout_s", "max_attempts", "daily_limit", "window", "quota_waits_s",
         "workers", "cluster"}
    ),
    "Safety": frozenset(
        {"yes", "dry_run", "canary", "limit", "max_failures", "preflight", "strict_suppress", "accept",
         "max_rows_fewer", "max_rows_more", "max_changed", "max_vanished", "max_blanked", "max_contacts",
         "max_lose", "fewer_files", "judge_all",
         "verify_hash", "trust_503", "read_ahead_bytes", "suppress"}
    ),
    "Output": frozenset(
        {"run_dir", "as_json", "quiet", "log_file", "report_safe", "report_all", "metrics_file", "notify",
         "keep_runs", "redact", "job"}
    ),
}  # fmt: skip

EXAMPLES: dict[str, tuple[str, ...]] = {
    "app": ("bulk-import app", "bulk-import app ~/imports"),
    "run": (
        "bulk-import run contacts.xlsx -m mapping.yml --account shop --canary 5",
        "bulk-import run 'export-*.csv' -m mapping.yml --account shop --rate 5 --run-dir runs/may",
    ),
    "resume": (
        "bulk-import resume runs/may",
        "bulk-import resume runs/may --retry-failed",
    ),
    "rehearse": ("bulk-import rehearse contacts.xlsx -m mapping.yml --rate 5",),
    "init": (
        "bulk-import init export.xlsx -o mapping.yml",
        "bulk-import init export.csv -o mapping.yml --preset hubspot",
    ),
    "check": (
        "bulk-import check contacts.xlsx -m mapping.yml",
        "bulk-import check contacts.xlsx -m mapping.yml --json",
    ),
    "explain": (
        "bulk-import explain contacts.xlsx -m mapping.yml --row 12",
        "bulk-import explain runs/may --row 12",
    ),
    "sync": (
        "bulk-import sync 'export-*.csv' --newest -m mapping.yml --state crm.state --account shop",
        "bulk-import sync export.csv -m mapping.yml --state crm.state --account shop --accept",
    ),
    "retag": (
        "bulk-import retag vip.xlsx --previous vip-may.xlsx --add-tag vip --account shop",
        "bulk-import retag vip.xlsx --state vip.state --add-tag vip --account shop --dry-run",
    ),
    "singer": ("bulk-import singer -m mapping.yml --account shop --stream contacts",),
    "tags": ("bulk-import tags contacts.xlsx -m mapping.yml",),
    "fleet": (
        "bulk-import fleet jobs.yml --plan",
        "bulk-import fleet jobs.yml --notify https://hooks.example.com/imports",
        "bulk-import fleet jobs.yml --only shop-nightly --accept",
        "bulk-import fleet jobs.yml --cluster tls://scheduler:8786 --home /var/lib/bulk_import",
    ),
    "undo": ("bulk-import undo runs/may",),
    "report": ("bulk-import report runs/may", "bulk-import report runs/may --redact"),
    "runs": ("bulk-import runs", "bulk-import runs --json"),
    "bundle": ("bulk-import bundle runs/may -o support.zip",),
    "schedule": (
        "bulk-import schedule --at 01:00 -- sync export.csv -m crm.yml --state crm.state --profile shop",
        "bulk-import schedule --cron sync export.csv -m crm.yml --state crm.state --profile shop",
    ),
    "doctor": (
        "bulk-import doctor --account shop",
        "bulk-import doctor -m mapping.yml --state crm.state --profile shop --json",
    ),
    "lists": ("bulk-import lists --account shop",),
    "managers": ("bulk-import managers --account shop",),
    "fields": ("bulk-import fields", "bulk-import fields --schema"),
    "errors": ("bulk-import errors PHONE_NO_COUNTRY", "bulk-import errors 103"),
    "sandbox": (
        "bulk-import sandbox",
        "bulk-import sandbox --throttle 5 --lost 0.1",
    ),
    "demo": ("bulk-import demo",),
    "help": ("bulk-import help run", "bulk-import help run --man | man -l -"),
}


class HelpfulCommand(click.Command):
    """A command whose help groups the options and ends with examples, and which spares its inputs."""

    @classmethod
    def of(cls, name: str, command: click.Command) -> click.Command:
        """Return *command* with the better help; a group of commands stays as it is."""
        if isinstance(command, click.Group):
            return command
        return cls(
            name,
            context_settings=command.context_settings,
            callback=command.callback,
            params=command.params,
            help=command.help,
            epilog=command.epilog,
        )

    def invoke(self, ctx: click.Context) -> object:
        """Call the command, unless one of its outputs is an input."""
        from bulk_import.cli.outputs import refuse_inputs

        if not is_telling(self.callback):  # such a command refuses them where its end is reported
            refuse_inputs(ctx.params)
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of the command itself, then each group."""
        groups: dict[str, list[tuple[str, str]]] = {"Options": [], **{name: [] for name in GROUPS}}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                groups[_group_of(param)].append(record)
        for name, records in groups.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, each on a line of its own that can be copied."""
        super().format_epilog(ctx, formatter)
        examples = EXAMPLES.get(self.name or "", ())
        if examples:
            with formatter.section("Examples"):
                for example in examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


def _group_of(param: click.Parameter) -> str:
    return next((group for group, names in GROUPS.items() if param.name in names), "Options")


def manual_page(command: click.Command, ctx: click.Context) -> str:
    """Return the help of *command* as a manual page in section 1 (troff with man macros)."""
    path = ctx.command_path
    lines = [
        f'.TH "{path.upper()}" "1"',
        ".SH NAME",
        f"{path} \\- {_escaped(command.get_short_help_str(limit=100))}",
        ".SH SYNOPSIS",
        _escaped(" ".join([path, *command.collect_usage_pieces(ctx)])),
        ".SH DESCRIPTION",
        *(_escaped(line) or ".PP" for line in (command.help or "").splitlines()),
    ]
    if isinstance(command, click.Group):
        lines.append(".SH COMMANDS")
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            about = found.get_short_help_str(limit=200) if found else ""
            lines += [".TP", f".B {_escaped(name)}", _escaped(about)]
    lines.append(".SH OPTIONS")
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is not None and isinstance(param, click.Option):
            lines += [".TP", f".B {_escaped(record[0])}", _escaped(record[1])]
    if EXAMPLES.get(command.name or ""):
        lines += [".SH EXAMPLES", ".nf", *map(_escaped, EXAMPLES[command.name or ""]), ".fi"]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Return *text* so that troff prints it as it stands."""
    text = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text
