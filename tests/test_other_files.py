"""What is no table is refused in the words of a person; a table that begins nearly so is not."""

from __future__ import annotations

import struct

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources.no_tables import refuse_other_files, refuse_other_texts, refuse_other_xml

NOT = "a: this is {}, not a spreadsheet"
IS = "a: this is {}"


def of_bytes(head: bytes, size: int = 9999) -> str:
    """What is said of a file, "" if nothing."""
    try:
        refuse_other_files(head, size, "a")
    except SourceError as exc:
        return str(exc) if exc.code == "SOURCE_NOT_TABLE" else exc.code
    return ""


def of_text(start: str) -> str:
    try:
        refuse_other_texts(start.lower().encode(), "a")
    except SourceError as exc:
        return str(exc) if exc.code == "SOURCE_NOT_TABLE" else exc.code
    return ""


def test_what_has_nothing_to_do_with_tables_is_not_a_spreadsheet():
    assert of_bytes(b"%PDF-1.7") == NOT.format("a PDF document")
    assert of_bytes(b"SQLite format 3\0") == NOT.format("a SQLite database")
    assert of_bytes(b"\0\1\0\0Standard ACE DB") == NOT.format(
        "a Microsoft Access database (export its table as XLSX or CSV)"
    )
    assert of_bytes(b"MZ\x90\0") == of_bytes(b"\x7fELF\2") == NOT.format("a program")


def test_what_can_become_a_table_is_said_how():
    assert of_bytes(b"PAR1\x15") == IS.format("a Parquet file; save it as CSV")
    assert of_bytes(b"Rar!\x1a") == IS.format("a RAR archive; unpack it first")
    assert of_bytes(b"\x28\xb5\x2f\xfd\0") == IS.format("packed by zstd; unpack it first")
    assert of_bytes(b"a.csv".ljust(257, b"\0") + b"ustar") == IS.format(
        "a TAR archive; unpack it first"
    )


def test_letters_that_may_begin_a_table_need_more_evidence():
    assert of_bytes(b"ORC\x08") == IS.format("an ORC file; save it as CSV")
    assert of_bytes(b"ORC") == of_bytes(b"ORC,Name") == of_bytes(b"ORC\tx") == ""
    assert of_bytes(b"ID3\x03\0") == NOT.format("a sound")
    assert of_bytes(b"ID3,Name") == of_bytes(b"ID3\x05") == ""
    assert of_bytes(b"RIFF\x10\n\0\0WAVE") == NOT.format("a picture, a sound or a film")
    assert of_bytes(b"RIFFxxxxMEAL") == ""
    assert of_bytes(b"\0\0\0\x18ftypmp42") == NOT.format("a picture, a sound or a film")
    assert of_bytes(b"a".ljust(256, b"\0") + b"ustar") == ""


def dbase(version: int = 3, month: int = 5, day: int = 12, rows: int = 4, row: int = 10) -> bytes:
    return bytes([version, 124, month, day]) + struct.pack("<IHH", rows, 65, row) + bytes(20)


def test_a_dbase_file_has_a_version_a_date_and_its_size():
    said = IS.format("a dBASE file; open it in a spreadsheet program and save it as XLSX")
    size = 65 + 4 * 10
    for version in (0x03, 0x30, 0x83, 0x8B, 0xF5):
        assert of_bytes(dbase(version), size) == said
    assert of_bytes(dbase(4), size) == ""
    # An end mark or two may follow the rows.
    found = [bool(of_bytes(dbase(), size + more)) for more in (-1, 0, 1, 2, 3)]
    assert found == [False, True, True, True, False]
    assert [bool(of_bytes(dbase(month=month), size)) for month in (0, 1, 12, 13)] == [
        False,
        True,
        True,
        False,
    ]
    assert [bool(of_bytes(dbase(day=day), size)) for day in (0, 1, 31, 32)] == [
        False,
        True,
        True,
        False,
    ]
    assert of_bytes(dbase()[:31], size) == ""


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{\\rtf1", "an RTF document; copy its table into a spreadsheet and save that"), ("BEGIN:VCARD", "a vCard file; import it into an address book and export that as CSV"),
        ("BEGIN:VCALENDAR", "a calendar, not a table of contacts"), ("Lock Tables x", "a dump of a database; export the table as CSV"),
        ("--\n-- PostgreSQL database dump", "a dump of a database; export the table as CSV"), ("-----BEGIN PGP", "encrypted or signed; decrypt it first"),
        ("Received: x", "an e-mail message, not a table of contacts"), ("Delivered-To: x", "an e-mail message, not a table of contacts"),
        ("From a@b.org  Mon Jan  1", "an e-mail message, not a table of contacts"), ("╔═══", "a table drawn with lines, as consoles show it; export it as CSV"),
        ("A | B\n--|--\n", "a table drawn with lines, as consoles show it; export it as CSV"), ("A  B\n-- --\n", "a table drawn with lines, as consoles show it; export it as CSV"),
        ("dn: cn=x", "an LDIF file; export the directory as CSV"), ("# x\n\nversion: 1\ndn:: eA==", "an LDIF file; export the directory as CSV"),
    ],
)  # fmt: skip
def test_texts_in_another_form_are_called_by_their_names(text, what):
    assert of_text(text) == IS.format(what)


@pytest.mark.parametrize(
    "text",
    [
        "From,To\n", "From a@b.org Someday Jan 1", "dn,mail\n", "dn: \n", "A\n--\n", "A,B\n--,--\n", "Received,Sent\n", "Begin,End\n", "Name\n- -\n", "+1 202\n",
        "https://x.org\nhttps://y.org\n", "{\"url\": \"ftp://x\"}",
    ],
)  # fmt: skip
def test_tables_that_begin_nearly_so_are_tables(text):
    assert of_text(text) == ""


def test_a_link_to_a_sheet_is_no_sheet():
    said = "a: this is only a link to an online spreadsheet; open it there and download it as XLSX or CSV"
    for text in (
        "https://docs.google.com/x\n",
        "[InternetShortcut]\nURL=https://x.org\n",
        '{ "url" : "https://docs.google.com/x"}',
        '{"doc_id": "1", "x": "https://x.org"}',
        "<?xml?><plist><key>URL</key><string>https://x.org</string>",
    ):
        assert of_text(text) == said, text


def test_xml_that_is_no_workbook_is_called_so():
    def said(start: bytes) -> str:
        try:
            refuse_other_xml(start, "a")
        except SourceError as exc:
            return str(exc) if exc.code == "SOURCE_NOT_TABLE" else exc.code
        return ""

    xml = IS.format("XML; open it in a spreadsheet program and save it as XLSX or CSV")
    for start in (b"<?xml?>x", b"<a> <b>", b"<x:a b='c'><d>", b"<a/>", b"<svg x", b"<a-b.c>\n<d>"):
        assert said(start) == xml, start
    for start in (b"<ann>,<ben>", b"<a", b"< a><b>", b"<1><b>", b"<ann@b.org>,x", b"x<a/>"):
        assert said(start) == "", start
