"""What the README shows is run when it is made and when it is checked: used by its cog blocks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from click.testing import CliRunner

from bulk_import.cli import cli
from bulk_import.sandbox.app import DEFAULT_KEY

ROOT = Path(__file__).parent.parent


def help_of(command: str) -> str:
    """The help of a command, as a code block."""
    args = [command, "--help"] if command else ["--help"]
    result = CliRunner().invoke(cli, args, prog_name="bulk-import", terminal_width=92)
    return f"```\n{result.output}```"


def shown(*commands: str, lines: int = 40) -> str:
    """Run commands in a copy of the samples, beside a sandbox; show them and what they print.

    What differs from run to run (port, seconds) is replaced by what a person would type or see.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("sample_data", "mappings"):
            shutil.copytree(ROOT / part, folder / part)
        server = subprocess.Popen(
            [sys.executable, "-m", "bulk_import", "sandbox", "--port", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder,
        )  # fmt: skip
        assert server.stdout
        url = server.stdout.readline().strip()
        environment = os.environ | {"INFLUENCERSOFT_API_KEY": DEFAULT_KEY, "XDG_STATE_HOME": name}
        made = []
        try:
            for command in commands:
                ran = subprocess.run(
                    command.replace("bulk-import", f"{sys.executable} -m bulk_import").replace("http://127.0.0.1:8017", url),
                    shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False,
                )  # fmt: skip
                out = (ran.stdout + ran.stderr).replace(url, "http://127.0.0.1:8017")
                out = re.sub(r"in [\d.,]+ s$", "in 1.4 s", out, flags=re.MULTILINE)
                out = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z,\d+", "2026-11-24T06:12:08.402Z,3", out)
                kept = out.splitlines()[:lines]
                made.append("\n".join([f"$ {command}", *(line[:118].rstrip() for line in kept)]))
        finally:
            server.terminate()
            server.wait(10)
            server.stdout.close()
    return "```console\n" + "\n".join(made) + "\n```"


def fields_table() -> str:
    """The field catalogue as a table."""
    from bulk_import.api.fields import FIELDS

    lines = ["| field | holds |", "|---|---|"]
    return "\n".join(lines + [f"| `{f.name}` | {f.title} |" for f in FIELDS.values()])


def normalizer_table() -> str:
    """What goes in, what comes out."""
    from bulk_import import normalize

    cases = (
        ("phone", ("8 (916) 123-45-67", "RU")), ("phone", ("7.9161E+10", "RU")),
        ("country", ("Korea, Republic of",)), ("country", ("Korea",)),
        ("utc_offset", ("(UTC-05:00) Eastern Time (US & Canada)",)), ("utc_offset", ("IST",)),
        ("email", ("Ivan <mailto:Ivan@X.org>",)), ("email", ("a@b.org, c@d.org",)),
    )  # fmt: skip
    lines = ["| in | out |", "|---|---|"]
    for name, args in cases:
        try:
            out = f"`{getattr(normalize, name)(*args)}`"
        except ValueError as exc:
            out = f"refused: {exc}"
        lines.append(f"| {name} `{', '.join(args)}` | {out} |")
    return "\n".join(lines)


def commands_table() -> str:
    """Every command and what it does."""
    from bulk_import.cli import COMMANDS

    lines = [f"| `{name}` | {text} |" for name, text in COMMANDS.items()]
    return "\n".join(["| command | does |", "|---|---|", *lines])


def options_table() -> str:
    """Every option of a field, from the models."""
    from bulk_import.mapping.schema import FieldRule

    lines = []
    for name, option in FieldRule.model_fields.items():
        values = re.findall(r"'([a-z_]+)'", str(option.annotation))
        what = option.description or ""
        shown = " or ".join(f"`{value}`" for value in values if value not in name)
        lines.append(f"| `{name}` | {' '.join(filter(None, (what, shown)))} |")
    return "\n".join(["| option | means |", "|---|---|", *lines])


def codes_table() -> str:
    """The error catalogue."""
    from bulk_import.codes import catalogue

    def cell(text: str) -> str:
        return text.replace("|", "\\|")

    lines = [
        f"| `{code.name}` | {cell(code.cause)} | {cell(code.fix)} |"
        for code in catalogue().values()
    ]
    return "\n".join(["| code | cause | fix |", "|---|---|---|", *lines])
