"""Refuses files that are not tables, and says what they are and what to do."""

from __future__ import annotations

import re
import struct

from bulk_import.errors import Message, SourceError

_PICTURE = Message("a picture")
_PACKED = Message("packed in a way that is not read here; unpack it first")
_STATISTICS = Message("a file of a statistics program; save it as CSV or XLSX there")
_OLD_SHEET = Message("a spreadsheet of the 1980s; open it in LibreOffice and save it as XLSX")
_SECRET = Message("encrypted or signed; decrypt it first")
_NOT_TABLES = {
    b"%PDF": Message("a PDF document"),
    b"%!PS": Message("a document for a printer"),
    b"\x89PNG": _PICTURE,
    b"\xff\xd8\xff": _PICTURE,
    b"GIF8": _PICTURE,
    b"II*\0": _PICTURE,
    b"MM\0*": _PICTURE,
    b"SQLite format 3\0": Message("a SQLite database"),
    b"Rar!": Message("a RAR archive; unpack it first"),
    b"7z\xbc\xaf": Message("a 7-Zip archive; unpack it first"),
    b"\x7fELF": Message("a program"),
    b"MZ\x90\x00": Message("a program"),
    b"PAR1": Message("a Parquet file; save it as CSV"),
    b"Obj\x01": Message("an Avro file; save it as CSV"),
    b"ARROW1": Message("an Arrow file; save it as CSV"),
    b"FEA1": Message("an Arrow file; save it as CSV"),
    b"\x89HDF": Message("an HDF5 file; save it as CSV"),
    b"$FL2": _STATISTICS,
    b"<stata_dta>": _STATISTICS,
    b"!BDN": Message("a data file of Outlook; in Outlook, export the contacts as CSV"),
    b"\x78\x9f\x3e\x22": Message(
        "an attachment of Outlook (winmail.dat); ask for the file as XLSX or CSV"
    ),
    b"\0\0\x02\0\x06\x04": _OLD_SHEET,
    b"\0\0\x1a\0\0\x10": _OLD_SHEET,
    b"\0\0\x02\0\x01\x10": _OLD_SHEET,
    b"\x1f\x9d": _PACKED,
    b"\x04\x22\x4d\x18": _PACKED,
    b"MSCF": _PACKED,
    b"\x28\xb5\x2f\xfd": Message("packed by zstd; unpack it first"),
    b"\0\1\0\0Standard Jet DB": Message(
        "a Microsoft Access database (export its table as XLSX or CSV)"
    ),
    b"\0\1\0\0Standard ACE DB": Message(
        "a Microsoft Access database (export its table as XLSX or CSV)"
    ),
}
_MAIL = Message("an e-mail message, not a table of contacts")
_DRAWN = Message("a table drawn with lines, as consoles show it; export it as CSV")
_DUMPS = (
    b"insert into", b"create table ", b"create database ", b"drop table ", b"set names ", b"lock tables ",
    b"pragma foreign_keys", b"begin transaction;", b"/*!40", b"-- mysql dump", b"-- mariadb dump",
    b"--\n-- postgresql database dump", b"-- phpmyadmin sql dump",
)  # fmt: skip
# How texts begin that hold contacts in another form, in small letters.
_OTHER_TEXTS = (
    (b"{\\rtf", Message("an RTF document; copy its table into a spreadsheet and save that")),
    (
        b"begin:vcard",
        Message("a vCard file; import it into an address book and export that as CSV"),
    ),
    (b"begin:vcalendar", Message("a calendar, not a table of contacts")),
    *((begin, Message("a dump of a database; export the table as CSV")) for begin in _DUMPS),
    (b"-----begin ", _SECRET),
    (b"return-path:", _MAIL),
    (b"received:", _MAIL),
    (b"delivered-to:", _MAIL),
    (b"+--", _DRAWN),
    (b"***************************", _DRAWN),  # mysql's \\G
    (b"-[ record 1 ]", _DRAWN),
    ("\u250c\u2500".encode(), _DRAWN),
    ("\u2554\u2550".encode(), _DRAWN),
    (
        b"table\r\n0,1\r\n",
        Message("a DIF file; open it in a spreadsheet program and save it as XLSX"),
    ),
    (b"table\n0,1\n", Message("a DIF file; open it in a spreadsheet program and save it as XLSX")),
    (b"socialcalc:version", Message("a SocialCalc sheet; export it as CSV or XLSX")),
    (b"id;p", Message("a SYLK file; open it in a spreadsheet program and save it as XLSX")),
)
_LDIF = re.compile(rb"(?:#[^\n]*\n|\s*\n)*(?:version: ?1\s*\n\s*)?dn::? ?\S")
_MBOX = re.compile(rb"from \S+ +(?:mon|tue|wed|thu|fri|sat|sun) [a-z]{3} ")
_BARE_XML = re.compile(rb"<[a-z][\w.-]*(?::[\w.-]+)?(?:\s[^<>]*)?(?:>\s*<|/>)|<svg\s")
_LINK = re.compile(
    rb"^(?:\[internetshortcut\]|\[desktop entry\]|\{\s*\"(?:url|doc_id)\"\s*:|<\?xml.{0,400}<key>url</key>)"
    rb".*?(?:docs\.google\.com|sharepoint|onedrive|doc_id|https?:)|^https?://\S+\s*$",
    re.DOTALL,
)
# A line of dashes below the names of columns: Markdown, psql, sqlcmd.
_RULED = re.compile(
    rb"[^\n]*\S[^\n]*\r?\n[ ]*"
    rb"(?:\|?[ ]*:?-+:?[ ]*(?:\|[ ]*:?-+:?[ ]*)+\|?|-+(?:\+-+)+|-{2,}(?: +-{2,})+)[ ]*\r?\n"
)
# Where the first letters could begin a table as well.
_FURTHER_IN = (
    (re.compile(rb".{257}ustar", re.DOTALL), Message("a TAR archive; unpack it first")),
    (
        re.compile(rb"RIFF.{4}(?:WEBP|WAVE|AVI )|\0.{3}ftyp", re.DOTALL),
        Message("a picture, a sound or a film"),
    ),
    (re.compile(rb"ORC[^\t\n\r -~]"), Message("an ORC file; save it as CSV")),
    (re.compile(rb"ID3[\2-\4]"), Message("a sound")),
)


def refuse_other_files(head: bytes, size: int, name: str) -> None:
    """Refuse a file that its first bytes show to be something else.

    Raises:
        SourceError: The message says what it is.
    """
    if _is_dbase(head, size):
        raise _other(
            name, Message("a dBASE file; open it in a spreadsheet program and save it as XLSX")
        )
    signs = (what for magic, what in _NOT_TABLES.items() if head.startswith(magic))
    further = (what for pattern, what in _FURTHER_IN if pattern.match(head))
    found = next(signs, None) or next(further, None)
    if found is not None and ";" in found:  # says what to do
        raise _other(name, found)
    if found is not None:
        raise SourceError(
            Message("{name}: this is {what}, not a spreadsheet", name=name, what=found),
            code="SOURCE_NOT_TABLE",
        )


def refuse_other_texts(start: bytes, name: str) -> None:
    """Refuse a text that holds contacts in another form, or none.

    Args:
        start: In small letters, without a byte order mark.

    Raises:
        SourceError: The message says what it is.
    """
    for begin, what in _OTHER_TEXTS:
        if start.startswith(begin):
            raise _other(name, what)
    if _RULED.match(start):
        raise _other(name, _DRAWN)
    if _LDIF.match(start):
        raise _other(name, Message("an LDIF file; export the directory as CSV"))
    if _MBOX.match(start):
        raise _other(name, _MAIL)
    if _LINK.search(start):
        raise SourceError(
            Message(
                "{name}: this is only a link to an online spreadsheet; open it there and "
                "download it as XLSX or CSV",
                name=name,
            ),
            code="SOURCE_NOT_TABLE",
        )


def refuse_other_xml(start: bytes, name: str) -> None:
    """Refuse XML that is no workbook and no page.

    Raises:
        SourceError: It is.
    """
    if start.startswith(b"<?xml") or _BARE_XML.match(start):
        raise _other(
            name, Message("XML; open it in a spreadsheet program and save it as XLSX or CSV")
        )


def _is_dbase(head: bytes, size: int) -> bool:
    """By its version, the date in its header, and the size that it gives."""
    if len(head) < 32 or head[0] not in b"\x03\x30\x83\x8b\xf5" or not 1 <= head[2] <= 12:
        return False
    rows, header, row = struct.unpack("<IHH", head[4:12])
    return 1 <= head[3] <= 31 and 0 <= size - header - rows * row <= 2


def _other(name: str, what: Message) -> SourceError:
    return SourceError(
        Message("{name}: this is {what}", name=name, what=what), code="SOURCE_NOT_TABLE"
    )
