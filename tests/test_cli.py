"""The command line: exit codes, what is on stdout and what on stderr, messages for mistakes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bulk_import.cli import COMMANDS, cli, main


def exits(capsys: pytest.CaptureFixture[str], *args: str | Path) -> tuple[int, str, str]:
    """Call the command line in this process: (exit code, stdout, stderr)."""
    with pytest.raises(SystemExit) as caught:
        main([str(arg) for arg in args])
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), out, err


HEAVY = (
    "pandas", "openpyxl", "aiohttp", "pydantic", "phonenumbers", "tqdm", "ruamel", "asyncio", "json", "pathlib", "tempfile",
)  # fmt: skip


def test_help_imports_nothing_heavy_and_a_check_nothing_that_sends():
    code = (
        "import sys; before = set(sys.modules); from contextlib import suppress\n"
        "from bulk_import.cli import main\n"
        "with suppress(SystemExit): main(['--help'])\n"
        f"print('HEAVY', sorted(set({HEAVY}) & (set(sys.modules) - before)))\n"
        "with suppress(SystemExit): main(['check', 'sample_data/outlook.csv', '-m', 'mappings/outlook.yml'])\n"
        "print('SENDS', sorted({'aiohttp', 'uvloop', 'tenacity'} & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "HEAVY []" in out
    assert "would be sent" in out
    assert "SENDS []" in out
    for name in COMMANDS:
        assert f"  {name} " in out


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself(name):
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
    assert "--api-key " not in result.output


def test_a_misspelt_command_is_corrected(capsys):
    code, _, err = exits(capsys, "chek")
    assert code == 2
    assert "Did you mean 'check'" in err


def test_check_groups_problems_and_exits_1(capsys, write_csv, mapping):
    source = write_csv(
        [["E-mail", "Name", "Phone", "Tags"], ["x", "", "", ""], ["a@b.org", "", "12", ""]]
    )
    code, out, _ = exits(capsys, "check", source, "-m", mapping)
    assert code == 1
    assert "1 x EMAIL_INVALID (refused) in column E-mail: row 2\n" in out
    assert "fix: " in out

    code, out, _ = exits(capsys, "check", source, "-m", mapping, "--json")
    found = json.loads(out)
    assert [(row["row"], row["status"], row["error_code"]) for row in found["rows"]] == [
        (2, "invalid", "EMAIL_INVALID"), (3, "invalid", "PHONE_INVALID")
    ]  # fmt: skip
    assert [cause["code"] for cause in found["causes"]] == ["EMAIL_INVALID", "PHONE_INVALID"]
    assert found["sources"][0]["delimiter"] == ","


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "no API key"),
        (["--endpoint", "http://shop.example.com"], "plain http would show your API key"),
        (["--endpoint", "https://shop.example.com/x/y"], "the address of the account is enough"),
        (["--account", "a b"], "give the login alone"),
        (["--account", "a", "--endpoint", "https://b.c"], "give one of them"),
        (["--rate", "-1"], "--rate"),
        (["--rate", "inf"], "--rate"),
        (["--max-failures", "many"], "--max-failures"),
        (["--api-key-file", "no-such-file"], "cannot be read"),
    ],
)
def test_wrong_settings_give_one_message_and_exit_2(capsys, contacts_csv, mapping, args, message):
    code, _, err = exits(capsys, "run", contacts_csv(2), "-m", mapping, "--yes", *args)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "version: 1\nfields: {lead_email: Mail}\n",
            "mapping.yml:2:10: fields.lead_email: no column 'Mail'",
        ),
        ("version: 1\nfields:\n  lead_emial: E-mail\n", "mapping.yml:3:3: fields.lead_emial"),
        ("version: 1\nfields:\n  lead_email: {column: E-mail, part: whole}\n", "mapping.yml:3:32"),
        ("version: 1\nfields: [a, b\n", "mapping.yml:3:1: not YAML"),
        ("version: 1\nfields:\n\tlead_email: E-mail\n", "a tab; YAML wants blanks"),
        ("- a\n- b\n", "a mapping begins with"),
        ("", "a mapping begins with"),
        ("version: 1\n---\nversion: 1\n", "a second document"),
    ],
)
def test_mapping_mistakes_name_file_line_and_column(capsys, contacts_csv, mapping, text, message):
    mapping.write_text(text, "utf-8")
    code, _, err = exits(capsys, "check", contacts_csv(2), "-m", mapping)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: None, "no such file"),
        (lambda p: p.mkdir(), "a folder"),
        (lambda p: p.write_bytes(b""), "empty"),
        (lambda p: p.write_bytes(b"%PDF-1.7"), "PDF"),
        (lambda p: p.write_bytes(b"<html><p>log in</p>"), "web page"),
        (lambda p: p.write_bytes(b"PK\x03\x04broken"), "damaged"),
    ],
)
def test_source_mistakes_give_one_message_and_exit_2(capsys, tmp_path, mapping, make, message):
    path = tmp_path / "contacts.xls"
    make(path)
    code, _, err = exits(capsys, "check", path, "-m", mapping)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_fields_lists_all_31(capsys):
    code, out, _ = exits(capsys, "fields")
    assert code == 0
    assert sum(line.startswith(("lead_", "add_", "remove_")) for line in out.splitlines()) == 31


def test_the_schema_that_ships_is_the_one_of_the_models(capsys):
    _, out, _ = exits(capsys, "fields", "--schema")
    shipped = Path(__file__).parent.parent / "bulk_import" / "mapping" / "mapping.schema.json"
    assert json.loads(out) == json.loads(shipped.read_text("utf-8"))


def test_errors_explains_a_code(capsys):
    code, out, _ = exits(capsys, "errors", "phone_invalid")
    assert code == 0
    assert "cause:" in out
    assert "fix:" in out
    assert exits(capsys, "errors", "PHONE_INVLID")[0] == 2


@pytest.mark.parametrize(
    "code", [*map(str, range(9)), *"100 101 102 103 104 400 500 501 801".split()]
)
def test_every_code_of_the_api_has_cause_fix_and_example(code, capsys):
    """The codes of the vendor's table, and what its articles show beside it (API.md)."""
    ended, out, _ = exits(capsys, "errors", code)
    assert ended == 0
    first = out.splitlines()[:4]
    assert first[0] == code
    assert [line.split(":")[0].strip() for line in first[1:]] == ["cause", "fix", "example"]


def test_a_number_that_no_table_has_is_explained_as_far_as_it_can_be(capsys):
    """The vendor's table grows, and servers between answer with statuses of their own."""
    for code in ("9999", "HTTP_418", "HTTP_522", "HTTP_402"):
        ended, out, _ = exits(capsys, "errors", code)
        assert (ended, out.splitlines()[0]) == (0, code)
    out = exits(capsys, "errors", "500")[1]
    assert "HTTP_500" in out.splitlines()  # which of the two is meant, the reader knows


def test_stdin_is_a_source_and_stdout_has_the_json_alone(
    contacts_csv, mapping, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(contacts_csv(3).read_bytes())))
    code, out, err = exits(
        capsys, "run", "-", "-m", mapping, "--dry-run", "--json", "--run-dir", tmp_path / "run"
    )
    assert code == 0, err
    assert json.loads(out)["counts"]["not_sent"] == 3


@pytest.mark.slow
def test_a_closed_stdout_harms_nobody(contacts_csv, mapping):
    source = contacts_csv(200)
    done = subprocess.run(
        f"{sys.executable} -m bulk_import check {source} -m {mapping} --json | head -1",
        shell=True, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "{\n"
    assert "Traceback" not in done.stderr


def test_a_log_file_has_what_happened_as_json_lines_without_people(
    tmp_path, write_csv, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    path = write_csv([["E-mail"], ["ann@example.org"], ["bad one"]])
    (tmp_path / "m.yml").write_text("version: 1\nfields: {lead_email: E-mail}\n")
    code, _, _ = exits(
        capsys,
        "rehearse",
        str(path),
        "-m",
        "m.yml",
        "--latency-ms",
        "0",
        "--log-file",
        "log.jsonl",
        "-q",
    )
    assert code == 1
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines if line["event"] != "said"] == [
        "begun",
        "sending",
        "ended",
    ]
    assert lines[-1]["counts"] == {"success": 1, "invalid": 1}
    assert "example.org" not in (tmp_path / "log.jsonl").read_text()
    assert (tmp_path / "log.jsonl").stat().st_mode & 0o777 == 0o600
    exits(capsys, "rehearse", "missing.csv", "-m", "m.yml", "--log-file", "log.jsonl", "-q")
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])["event"] == "failed"
