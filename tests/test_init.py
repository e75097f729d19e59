"""From a strange spreadsheet to a mapping: proposed, checked and run without editing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bulk_import import check_file, import_file_async, load_mapping
from bulk_import.cli import main
from bulk_import.errors import SettingsError
from bulk_import.jobs.proposing import update_mapping, write_mapping
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.suggesting import as_yaml, suggest
from bulk_import.models import Status
from bulk_import.sources import open_source

ROOT = Path(__file__).parents[1]

# What the hand-written mappings say; the share that is found without them is printed and bounded.
SAMPLES = {
    "contacts.xlsx": {"lead_email": "E-mail", "full_name": "Full name", "lead_phone": "Mobile",
                      "lead_utc": "Time zone", "lead_shipping_country_code": "Country",
                      "lead_shipping_city": "City", "lead_shipping_address_1": "Street",
                      "lead_shipping_zip": "Postal code", "add_tags": "Segments", "lead_telegram": "Telegram"},
    "google_contacts.csv": {"lead_email": "E-mail 1 - Value", "lead_first_name": "First Name",
                            "lead_last_name": "Last Name", "lead_phone": "Phone 1 - Value",
                            "lead_shipping_city": "Address 1 - City", "add_tags": "Labels",
                            "lead_shipping_country_code": "Address 1 - Country"},
    "hubspot.csv": {"lead_email": "Email", "lead_first_name": "First Name", "lead_last_name": "Last Name",
                    "lead_phone": "Phone Number", "lead_utc": "Time Zone",
                    "lead_shipping_country_code": "Country/Region", "lead_in": "LinkedIn URL"},
    "mailchimp.csv": {"lead_email": "Email Address", "lead_first_name": "First Name",
                      "lead_phone": "Phone Number", "add_tags": "TAGS", "lead_utc": "TIMEZONE"},
    "outlook.csv": {"lead_email": "E-mail Address", "lead_first_name": "First Name",
                    "lead_last_name": "Last Name", "lead_phone": "Business Phone", "add_tags": "Categories"},
    "russian_crm.csv": {"lead_email": "Рабочий e-mail", "lead_first_name": "Имя", "lead_last_name": "Фамилия",
                        "lead_middle_name": "Отчество", "lead_shipping_country_code": "Страна",
                        "lead_telegram": "Telegram", "lead_shipping_city": "Город"},
}  # fmt: skip


def _propose(path: Path):
    with open_source(path) as source:
        return suggest(source.header, source)


@pytest.mark.parametrize("name", SAMPLES)
def test_known_exports_are_recognised(name):
    proposal = _propose(ROOT / "sample_data" / name)
    found = {field: [s.column for s in columns] for field, columns in proposal.fields.items()}
    found |= {s.field: [s.column] for s in proposal.off}
    assert "add_tags" not in proposal.fields  # tags may start mailings: a person switches them on
    missing = {f: c for f, c in SAMPLES[name].items() if c not in found.get(f, ())}
    assert missing == {}


@pytest.mark.parametrize("name", SAMPLES)
async def test_a_proposal_passes_check_and_runs_unedited(name, tmp_path, sandbox, settings):
    path = ROOT / "sample_data" / name
    mapping = parse_mapping(as_yaml(_propose(path), name), "proposed.yml", folder=tmp_path)
    checked = check_file(path, mapping)
    assert checked.plan.to_send >= 0.8 * checked.plan.rows_read
    summary = await import_file_async(path, mapping, settings(sandbox))
    assert summary.counts[Status.SUCCESS] == checked.plan.to_send


STRANGE = {
    "german.csv": ("Kd-Nr;Vorname;Nachname;E-Mail-Adresse;Handy;PLZ;Ort;Land\n"
                   "1;Jürgen;Müller;j@example.de;0151 12345678;50667;Köln;Deutschland\n"
                   "2;Anna;Groß;a@example.de;0171/2345678;10115;Berlin;Österreich\n"),
    "no_names.csv": ("c1;c2;c3\nann@example.com;+1 415 555 0123;Germany\nbob@example.com;+1 415 555 0124;France\n"
                     "cat@example.com;+1 415 555 0125;Norway\n"),
    "spanish.csv": ("Nombre completo,Correo electrónico,Teléfono,País,Etiquetas\n"
                    "José Núñez,jose@example.es,612 34 56 78,España,\"vip;nuevo\"\n"
                    "María León,maria@example.es,612 34 56 79,España,vip\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", STRANGE)
async def test_spreadsheets_nobody_has_seen_run_unedited(name, tmp_path, sandbox, settings):
    path = tmp_path / name
    path.write_text(STRANGE[name], "utf-8")
    proposal = _propose(path)
    assert proposal.questions == []
    mapping = parse_mapping(as_yaml(proposal, name), "proposed.yml", folder=tmp_path)
    checked = check_file(path, mapping)
    assert checked.plan.counts == {}
    assert checked.plan.to_send == checked.plan.rows_read
    assert "lead_phone" in proposal.fields
    summary = await import_file_async(path, mapping, settings(sandbox))
    assert summary.exit_code == 0
    assert len(sandbox.contacts()) == summary.rows_read


def test_without_an_email_the_one_question_is_asked(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("Item,Price\nx,1\ny,2\n")
    with pytest.raises(SystemExit) as exit_:
        main(["init", str(path)])
    assert exit_.value.code == 1
    assert "to decide: which column holds the e-mail address?" in capsys.readouterr().err


def test_a_header_that_lies_is_not_believed(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Email,Contact\nx,ann@example.com\ny,bob@example.com\n")
    found = _propose(path).fields
    assert [s.column for s in found["lead_email"]] == ["Contact"]


def test_a_column_of_whole_names_is_not_taken_for_first_names(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "Email,Vorname komplett\nann@example.com,Ann Smith\nbob@example.com,Bob van Dyk\n"
    )
    assert "full_name" in _propose(path).fields


def test_the_file_is_never_overwritten_and_private(tmp_path, capsys):
    path = tmp_path / "m.yml"
    source = str(ROOT / "sample_data" / "hubspot.csv")
    with pytest.raises(SystemExit) as first:
        main(["init", source, "-o", str(path)])
    assert first.value.code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_mapping(path)
    with pytest.raises(SystemExit) as second:
        main(["init", source, "-o", str(path)])
    assert second.value.code == 2
    assert "is there already" in capsys.readouterr().err


def test_explain_shows_each_step_of_a_row(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(
            [
                "explain",
                str(ROOT / "sample_data/hubspot.csv"),
                "-m",
                str(ROOT / "mappings/hubspot.yml"),
                "--row",
                "2",
            ]
        )
    out = capsys.readouterr().out
    assert exit_.value.code == 0
    assert "[country.name." in out
    assert "would be sent as:" in out


async def test_explain_of_a_run_shows_what_was_sent_and_answered(
    write_csv, sandbox, settings, capsys
):
    path = write_csv([["E-mail", "Name"], ["ann@example.com", "Ann"], ["bad", "Bob"]])
    mapping = parse_mapping(
        "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n", "m.yml"
    )
    summary = await import_file_async(path, mapping, settings(sandbox))
    assert summary.counts[Status.SUCCESS] == 1
    with pytest.raises(SystemExit):
        main(["explain", str(summary.run_dir), "--row", "2", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["form"] == {"lead_email": "ann@example.com", "lead_first_name": "Ann"}
    assert told["outcome"].startswith("success")
    assert len(told["attempts"]) == 1
    with pytest.raises(SystemExit) as refused:
        main(["explain", str(summary.run_dir), "--row", "3"])
    assert refused.value.code == 1
    with pytest.raises(SystemExit) as missing:
        main(["explain", str(summary.run_dir), "--row", "9"])
    assert missing.value.code == 2


def test_a_fix_repairs_exactly_the_rows_that_were_promised(tmp_path, write_csv, capsys):
    rows = [["E-mail", "Phone", "Other"]]
    rows += [[f"p{n}@example.pl", f"601 234 {n:03}", ""] for n in range(30)]
    rows += [["", "+48601234567", f"q{n}@example.pl"] for n in range(4)]
    rows += [["x@example.pl", "12", ""], ["a@b.org, c@d.org", "+48601234567", ""]]
    path = write_csv(rows)
    text = "version: 1\nfields:\n  lead_email: E-mail\n  lead_phone: Phone\n"
    mapping = tmp_path / "m.yml"
    mapping.write_text(text)
    checked = check_file(path, mapping)
    fixes = {fix.change: fix for fix in checked.fixes}
    region = fixes["defaults.phone_region: PL"]
    assert (region.rows, region.repaired) == (30, 30)
    email = fixes["fields.lead_email.columns: [E-mail, Other]"]
    assert (email.rows, email.repaired) == (4, 4)
    assert fixes["fields.lead_email.several: first"].repaired == 1
    before = checked.plan.to_send
    mapping.write_text(text.replace("fields:", "defaults: {phone_region: PL}\nfields:"))
    assert check_file(path, mapping).plan.to_send == before + region.repaired
    mapping.write_text(text.replace("lead_email: E-mail", "lead_email: {columns: [E-mail, Other]}"))
    assert check_file(path, mapping).plan.to_send == before + email.repaired
    with pytest.raises(SystemExit):
        main(["check", str(path), "-m", str(mapping)])
    assert (
        "`defaults.phone_region: PL` makes 30 of 30 rows with PHONE_NO_COUNTRY valid"
        in capsys.readouterr().out
    )


def test_a_mapping_that_is_there_is_neither_replaced_nor_updated_without_being_asked(
    tmp_path, write_csv
):
    path = tmp_path / "m.yml"
    path.write_text("mine")
    with pytest.raises(SettingsError) as caught:
        write_mapping(path, "new", force=False)
    assert str(caught.value) == (
        f"{path}: is there already; --update adds what is new to it, --force replaces it"
    )
    assert path.read_text() == "mine"
    write_mapping(path, "new", force=True)
    assert path.read_text() == "new"
    path.write_bytes(b"version: 1 # \xff")
    proposal = _propose(write_csv([["E-mail"], ["a@b.org"]]))
    for wrong, why in ((path, "'utf-8' codec can't decode"), (tmp_path / "none.yml", "[Errno 2]")):
        with pytest.raises(SettingsError) as caught:
            update_mapping(wrong, proposal)
        assert str(caught.value).startswith(f"{wrong}: cannot be read: {why}")
