"""Files that are no table of contacts are called by their names; none is read as a strange table."""

from __future__ import annotations

import io
import json
import sqlite3
import tarfile
import zipfile

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources import open_source


def tar():
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = 7
        archive.addfile(info, io.BytesIO(b"E-mail\n"))
    return made.getvalue()


def zipped(**files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return made.getvalue()


ZEROS = b"\0\1" * 40
NAMED = {
    # Data of other programs.
    "a statistics program": [b"$FL2@(#) SPSS DATA FILE" + ZEROS, b"<stata_dta><header><release>118</release>" + ZEROS],
    "an ORC file": [b"ORC" + ZEROS], "an HDF5 file": [b"\x89HDF\r\n\x1a\n" + ZEROS], "an Arrow file": [b"FEA1" + ZEROS, b"ARROW1\0\0" + ZEROS],
    "Outlook": [b"!BDN" + ZEROS, b"\x78\x9f\x3e\x22" + ZEROS], "of the 1980s": [b"\0\0\x02\0\x06\x04" + ZEROS, b"\0\0\x1a\0\0\x10" + ZEROS],
    # Pictures, packed and secret things.
    "a picture": [b"II*\0" + ZEROS, b"MM\0*" + ZEROS, b"GIF89a" + ZEROS, b"RIFF\x10\0\0\0WEBPVP8 "], "a sound": [b"ID3\3\0" + ZEROS],
    "a TAR archive": [tar()], "unpack it first": [b"\x1f\x9d\x90" + ZEROS, b"\x04\x22\x4d\x18" + ZEROS, b"MSCF\0\0\0\0" + ZEROS],
    "decrypt it": [b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n", b"-----BEGIN CERTIFICATE-----\nMIIB\n"], "for a printer": [b"%!PS-Adobe-3.0\n%%Title"],
    # Tables as consoles and editors draw them.
    "drawn with lines": [
        b"| E-mail | Name |\n|---|---|\n| a@b.org | Ann |\n", b"E-mail | Name\n:-- | --:\na@b.org | Ann\n",
        b"+---------+\n| E-mail  |\n+---------+\n| a@b.org |\n", b" E-mail  | Name \n---------+------\n a@b.org | Ann\n(1 row)\n",
        b"*************************** 1. row ***************************\nemail: a@b.org\n", b"-[ RECORD 1 ]--\nemail | a@b.org\n",
        b"email       name\r\n----------- -----\r\na@b.org     Ann\r\n\r\n(1 rows affected)\r\n", "┌───────┐\n│ E-mail │\n".encode(),
    ],
    "a dump of a database": [
        b"CREATE TABLE c (email text);\nINSERT INTO c VALUES ('a');\n", b"SET NAMES utf8;\n", b"DROP TABLE IF EXISTS c;\n", b"-- MariaDB dump 10.19\n",
        b"BEGIN TRANSACTION;\nCREATE TABLE c (e);\n", b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", b"/*!40101 SET NAMES utf8 */;\n",
        b"-- phpMyAdmin SQL Dump\n", b"insert into c values (1);\n", "\n".join(sqlite3.connect(":memory:").iterdump()).encode() + b"\n",
    ],
    "only a link": [
        b"https://1drv.ms/x/s!abc\n", b"https://airtable.com/shr123", b"[Desktop Entry]\nType=Link\nURL=https://docs.google.com/x\n",
        b"[InternetShortcut]\r\nURL=https://docs.google.com/spreadsheets/d/1\r\n", json.dumps({"url": "https://docs.google.com/open?id=1", "doc_id": "1"}).encode(),
    ],
    "XML": [b'<svg xmlns="http://www.w3.org/2000/svg"/>', b"<opml><body/></opml>", b'<?xml version="1.0"?><contacts/>'],
}  # fmt: skip
CASES = [(what, content) for what, contents in NAMED.items() for content in contents]


@pytest.mark.parametrize(("what", "content"), CASES, ids=lambda value: str(value)[:30])
def test_a_file_that_is_no_table_is_called_by_its_name(tmp_path, what, content):
    path = tmp_path / "contacts.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=what) as caught, open_source(path):
        pass
    assert caught.value.code == "SOURCE_NOT_TABLE"


@pytest.mark.parametrize(
    ("content", "code", "what"),
    [
        (b'{"a@b.org": {"name": "Ann"}, "b@b.org": {"name": "Ben"}}', "JSON_WRONG", "an object of objects"), (b'{"response": {"data": [{"a": 1}]}}', "JSON_WRONG", "an object of objects"),
        (b'["a@b.org", "Ann"]\n["b@b.org", "Ben"]\n', "JSON_WRONG", "not an object"), (b'[{"a": 1}]\n[{"a": 2}]\n', "JSON_WRONG", "more after the end"), (b'[{"a": 1}]}', "JSON_WRONG", "more after the end"),
        (b'[{"a": 1}, {"a": 2}', "JSON_WRONG", "cut off"), (zipped(), "SOURCE_EMPTY", "the archive is empty"),
        # Zero bytes in every other place are no proof of UTF-16.
        (b"\x07\0\x03\0" * 40, "SOURCE_BINARY", "zero bytes"), (b"\x03Ann" + b" " * 50, "SOURCE_BINARY", "not a text file"), (b"E-mail,N\x0eame\na@b.org,x\n", "SOURCE_BINARY", "not a text file"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_a_damaged_or_strange_file_is_refused_and_never_half_read(tmp_path, content, code, what):
    path = tmp_path / "contacts.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=what) as caught, open_source(path) as source:
        list(source)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Name|Note\nAnn|---\nBen|x\n", [["Ann", "---"], ["Ben", "x"]]), ("Name;Note\n---;x\n", [["---", "x"]]), ("Create table;Name\n1;x\n", None),
        ("Tags,Name\n-----,Ann\n", [["-----", "Ann"]]), ("Link,Name\nhttps://x.org,Ann\n", [["https://x.org", "Ann"]]), ("ORCID,Name\n1,Ann\n", None), ("RIFF,Name\n1,Ann\n", None),
    ],
)  # fmt: skip
def test_a_table_that_begins_almost_so_is_read(tmp_path, text, rows):
    path = tmp_path / "contacts.csv"
    path.write_text(text, "utf-8")
    with open_source(path) as source:
        found = [list(row.cells.values()) for row in source]
    assert found == (rows or [text.split("\n")[1].split(text[text.index("Name") - 1])])
