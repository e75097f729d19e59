"""``init`` on a terminal of 80 columns, in a pseudo-terminal, and by options alone."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

import pytest
from openpyxl import Workbook

from bulk_import.cli import main
from bulk_import.mapping.loading import load_mapping

COLUMNS = 80


class Terminal:
    """A child on a pseudo-terminal; ``expect`` waits for a text, ``answer`` types a line."""

    def __init__(self, *args: str, folder) -> None:
        self.fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self._child = subprocess.Popen(
            [sys.executable, "-m", "bulk_import", *args], stdin=slave, stdout=slave, stderr=slave,
            cwd=folder, env=env, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.seen = ""
        self._from = 0

    def expect(self, text: str) -> None:
        deadline = time.monotonic() + 60
        while text not in self.seen[self._from :]:
            assert time.monotonic() < deadline, self.seen
            if not self._read():
                break
        at = self.seen.find(text, self._from)
        assert at >= 0, self.seen
        self._from = at + len(text)

    def answer(self, text: str) -> None:
        self.seen += "\n"  # what is typed ends the line, whether the terminal echoes it or not
        os.write(self.fd, f"{text}\n".encode())

    def end(self) -> int:
        while self._read():
            pass
        os.close(self.fd)
        return self._child.wait(60)

    def _read(self) -> bool:
        if not select.select([self.fd], [], [], 60)[0]:
            return False
        try:
            data = os.read(self.fd, 4096)
        except OSError:  # how Linux says that the child has closed its side
            return False
        self.seen += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)


@pytest.mark.slow
def test_the_wizard_asks_what_is_in_doubt_and_writes_a_mapping(tmp_path):
    book = Workbook()
    book.active.title = "Notes"
    book.active.append(["nothing here"])
    sheet = book.create_sheet("People")
    sheet.append(
        ["Work e-mail zork", "Blub e-mail", "Phone", "Tags", "Shipping City", "Unsubscribed"]
    )
    for n in range(9):
        sheet.append(
            [f"a{n}@example.com", f"b{n}@example.org", f"612 34 56 {n:02}", "vip; new", "Lyon",
             "yes" if n < 2 else "no"]
        )  # fmt: skip
    book.save(tmp_path / "list.xlsx")
    terminal = Terminal("init", "list.xlsx", folder=tmp_path)
    terminal.expect("Which one?")
    terminal.answer("2")
    terminal.expect("which column holds the contacts' own e-mail address?")
    terminal.expect("Which column?")
    terminal.answer("2")
    terminal.expect("Two letters of the country, or none?")
    terminal.answer("Spain")
    terminal.expect("'Spain' is not a two-letter country code")
    terminal.expect("Two letters of the country, or none?")
    terminal.answer("ES")
    terminal.expect("Send this column as tags?")
    terminal.answer("y")
    terminal.expect("9 rows read; 7 would be sent.")
    terminal.expect("2 skipped")
    terminal.expect("  bulk-import check list.xlsx -m list.yml")
    assert terminal.end() == 0
    spec = load_mapping(tmp_path / "list.yml").spec
    assert spec.source.sheet == "People"
    assert spec.defaults.phone_region == "ES"
    assert spec.fields["lead_email"].column == ("Blub e-mail",)
    assert spec.fields["add_tags"].separator == ";"
    assert [rule.column for rule in spec.only] == [("Unsubscribed",)]
    too_long = [line for line in terminal.seen.split("\n") if len(line) > COLUMNS]
    assert [line for line in too_long if not re.search(r"^  bulk-import check", line)] == []


@pytest.mark.slow
def test_nothing_is_asked_when_nothing_is_in_doubt(tmp_path):
    (tmp_path / "plain.csv").write_text(
        "Email,First Name,Last Name\n" + "".join(f"p{n}@example.com,Ann,Smith\n" for n in range(4))
    )
    terminal = Terminal("init", "plain.csv", folder=tmp_path)
    terminal.expect("4 rows read; 4 would be sent.")
    assert terminal.end() == 0
    assert "?" not in terminal.seen
    again = Terminal("init", "plain.csv", folder=tmp_path)
    again.expect("plain.yml: is there already; --update adds what is new to it, --force replaces")
    assert again.end() == 2


def _run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["init", *args])
    return int(ended.value.code or 0)


@pytest.fixture
def doubtful(tmp_path):
    path = tmp_path / "doubtful.csv"
    rows = [f"a{n}@example.com;b{n}@example.org;612 34 56 {n:02};vip,new" for n in range(9)]
    path.write_text("Zork Email;Blub Email;Phone;Tags\n" + "\n".join(rows))
    return path


def test_every_answer_can_be_given_by_an_option(doubtful, tmp_path):
    out = tmp_path / "m.yml"
    assert _run(str(doubtful), "-o", str(out)) == 1  # something has to be decided
    answers = ["--email-column", "blub email", "--region", "es", "--tags", "Tags", "--delimiter", ";",
               "--encoding", "utf-8", "--header-row", "1"]  # fmt: skip
    assert _run(str(doubtful), "-o", str(out), "--force", *answers) == 0
    spec = load_mapping(out).spec
    assert spec.fields["lead_email"].column == ("Blub Email",)
    assert spec.defaults.phone_region == "ES"
    assert spec.fields["add_tags"].column == ("Tags",)
    assert (spec.source.delimiter, spec.source.encoding, spec.source.header_row) == (
        ";",
        "utf-8",
        1,
    )


def test_answers_that_cannot_be_are_refused(doubtful, capsys):
    assert _run(str(doubtful), "--email-column", "Mail") == 2
    assert "no column 'Mail'; the file has: 'Zork Email', 'Blub Email'" in capsys.readouterr().err
    assert _run(str(doubtful), "--region", "Spain") == 2
    assert _run(str(doubtful), "--update") == 2
    assert _run() == 2
    assert _run(str(doubtful), "--preset", "nobody") == 2
    assert _run(str(doubtful), "--preset", "getcourse") == 2
    assert "none of the columns of preset getcourse" in capsys.readouterr().err


def test_update_adds_what_is_new_and_keeps_comments(tmp_path, capsys):
    source = tmp_path / "list.csv"
    source.write_text(
        "Email,First Name,ZIP,Phone,Unsubscribed\n"
        + "".join(f"p{n}@example.com,Ann,0123{n},+1415555010{n},no\n" for n in range(4))
    )
    mapping = tmp_path / "mine.yml"
    text = (
        "# mine\nversion: 1\nfields:\n  lead_email: Email   # the one\n"
        "  lead_shipping_zip: {column: ZIP, values: {none: 00000}}\n"
        "extra:\n  crm_id: {value: 1473249885.2899961004}\n"
    )
    mapping.write_text(text)
    assert _run(str(source), "-o", str(mapping), "--update") == 0
    after = mapping.read_text()
    assert "# mine" in after
    assert "lead_email: Email   # the one" in after
    assert "{none: 00000}" in after
    assert "1473249885.2899961004" in after
    spec = load_mapping(mapping).spec
    assert spec.fields["lead_first_name"].column == ("First Name",)
    assert spec.fields["lead_phone"].column == ("Phone",)
    assert [rule.column for rule in spec.only] == [("Unsubscribed",)]
    assert "added fields.lead_phone: Phone" in capsys.readouterr().err
    assert _run(str(source), "-o", str(mapping), "--update") == 0
    assert mapping.read_text() == after
    assert "0 lines added" in capsys.readouterr().err


def test_a_preset_is_printed_or_applied_to_a_file(tmp_path, capsys):
    assert _run("--preset", "list") == 0
    assert "brevo" in capsys.readouterr().out
    out = tmp_path / "shop.yml"
    assert _run("--preset", "shopify", "-o", str(out)) == 0
    assert load_mapping(out).spec.fields["lead_phone"].column == ("Phone", "Default Address Phone")
    source = tmp_path / "short.csv"
    source.write_text("Email,Tags\np@example.com,vip\n")
    assert _run(str(source), "--preset", "shopify", "-o", str(out), "--force") == 0
    assert list(load_mapping(out).spec.fields) == ["lead_email"]
