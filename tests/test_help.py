"""Help that can be copied: every command has examples that it understands, and its options in groups."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bulk_import.cli import COMMANDS, cli
from bulk_import.cli.helping import EXAMPLES, manual_page
from hatch_build import on_an_index

DOCS = Path(__file__).parents[1] / "docs"


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def test_every_command_has_an_example():
    groups = {name for name in COMMANDS if isinstance(command(name), click.Group)}
    assert set(EXAMPLES) | groups == set(COMMANDS)


@pytest.mark.parametrize("example", [line for lines in EXAMPLES.values() for line in lines])
def test_an_example_is_understood_by_its_command(example):
    program, name, *args = shlex.split(example.split("|")[0])
    assert program == "bulk-import"
    command(name).make_context(name, args)  # raises what a user would be told


def test_help_of_a_command_groups_its_options_and_ends_with_examples():
    shown = CliRunner().invoke(cli, ["help", "run"]).output
    sections = [line for line in shown.splitlines() if line.endswith(":") and line[0] != " "]
    assert sections == ["Options:", "Account:", "Pace:", "Safety:", "Output:", "Examples:"]
    assert shown.splitlines()[-1].strip().startswith("bulk-import run ")


def test_help_without_a_command_lists_them_all():
    shown = CliRunner().invoke(cli, ["help"]).output
    assert all(f"  {name} " in shown for name in COMMANDS)


def test_an_unknown_command_has_no_help_but_a_suggestion():
    done = CliRunner().invoke(cli, ["help", "chekc"])
    assert (done.exit_code, "Did you mean 'check'?" in done.output) == (2, True)


def test_a_manual_page_has_the_sections_of_one():
    page = CliRunner().invoke(cli, ["help", "check", "--man"]).output
    sections = [line.removeprefix(".SH ") for line in page.splitlines() if line.startswith(".SH")]
    assert sections == ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES"]
    assert "bulk\\-import check contacts.xlsx \\-m mapping.yml" in page


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_the_version_has_a_short_flag_too(flag):
    assert CliRunner().invoke(cli, [flag]).output.startswith("bulk-import ")


def test_every_guide_of_the_documentation_is_at_hand_without_a_checkout():
    guides = {path.name for path in DOCS.glob("*.md")} - {"index.md"}
    listed = CliRunner().invoke(cli, ["help"]).output.split("Guides", 1)[1].split()
    assert guides <= set(listed)
    for name in guides:
        shown = CliRunner().invoke(cli, ["help", name])
        assert (shown.exit_code, shown.output.strip()) == (0, (DOCS / name).read_text().strip())


@pytest.mark.parametrize(
    ("name", "begins"),
    [("agency", "# Many accounts"), ("app.md", "# In the browser"), ("app", "Usage:")],
)
def test_a_guide_is_found_without_its_ending_unless_a_command_has_the_name(name, begins):
    assert CliRunner().invoke(cli, ["help", name]).output.startswith(begins)


def test_a_package_index_shows_a_readme_whose_links_lead_somewhere():
    readme = (DOCS.parent / "README.md").read_text()
    linked = set(re.findall(r"\]\(docs/([a-z]+\.md)", readme))
    shown = on_an_index(readme)
    assert linked
    assert re.findall(r"\]\((?!https?:|#)[^)]*\)", shown) == []
    assert all(f"`bulk-import help {name}`" in shown for name in linked)


OF_A_BUNDLE = """\
Usage: bulk-import bundle [OPTIONS] RUN_DIR

  Write a support archive of a run: the same shapes, but nobody's names,
  addresses or numbers.

  Letters and digits are replaced by others, equal cells by equal ones. Look
  into it before you send it: headers and the mapping are as you wrote them,
  except for the mapping's comments.

Options:
  -o, --output FILE  The archive. [RUN_DIR/bundle.zip]
  -h, --help         Show this message and exit.

Examples:
  bulk-import bundle runs/may -o support.zip
"""
PAGE_OF_A_BUNDLE = r""".TH "BULK-IMPORT BUNDLE" "1"
.SH NAME
bulk-import bundle \- Write a support archive of a run: the same shapes, but nobody's names, addresses or numbers.
.SH SYNOPSIS
bulk\-import bundle [OPTIONS] RUN_DIR
.SH DESCRIPTION
Write a support archive of a run: the same shapes, but nobody's names, addresses or numbers.
.PP
Letters and digits are replaced by others, equal cells by equal ones. Look into it before you
send it: headers and the mapping are as you wrote them, except for the mapping's comments.
.PP
.SH OPTIONS
.TP
.B \-o, \-\-output FILE
The archive. [RUN_DIR/bundle.zip]
.TP
.B \-h, \-\-help
Show this message and exit.
.SH EXAMPLES
.nf
bulk\-import bundle runs/may \-o support.zip
.fi
"""


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["help", "bundle"], OF_A_BUNDLE),
        (["bundle", "-h"], OF_A_BUNDLE),
        (["help", "bundle", "--man"], PAGE_OF_A_BUNDLE),
    ],
)
def test_the_help_of_a_command_is_written_to_the_letter(words, shown):
    done = CliRunner().invoke(cli, words, prog_name="bulk-import")
    assert (done.exit_code, done.output) == (0, shown)


def test_a_manual_page_of_a_group_has_its_commands():
    page = CliRunner().invoke(cli, ["help", "state", "--man"]).output
    assert page.splitlines()[7:14] == [
        ".SH COMMANDS",
        ".TP",
        ".B forget",
        "Forget CONTACT… (e\\-mail addresses): the next sync sends them again.",
        ".TP",
        ".B show",
        "Show what STATE remembers: account, last good run, contacts.",
    ]
    assert ".SH EXAMPLES" not in page


def test_a_line_of_a_manual_page_that_troff_would_run_is_kept_from_it():
    @click.command(help=".de is a request\n\n'so is this\n\na\\b  c")
    def odd() -> None: ...

    page = manual_page(odd, click.Context(odd, info_name="odd"))
    assert page.splitlines()[6:11] == ["\\&.de is a request", ".PP", "\\&'so is this", ".PP", "a\\eb c"]  # fmt: skip
    assert page.splitlines()[2] == "odd \\- \\&.de is a request"


def test_the_program_shows_its_commands_guides_and_where_the_key_comes_from():
    shown = CliRunner().invoke(cli, ["help"], prog_name="bulk-import").output
    assert shown.startswith("Usage: bulk-import [OPTIONS] COMMAND [ARGS]...\n")
    assert "The API key comes from INFLUENCERSOFT_API_KEY" in shown
    assert shown.splitlines()[-2] == "Guides (bulk-import help GUIDE):"
    names = shown.splitlines()[-1].split()
    assert names == sorted(names)
    assert "index.md" not in names
    assert "Guides" not in CliRunner().invoke(cli, ["help", "run"]).output
