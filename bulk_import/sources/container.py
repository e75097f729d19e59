"""What a file really is, whatever it is called; and the file inside an archive or a pipe."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import stat
import struct
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import IO, cast

from bulk_import.errors import Message, SourceError
from bulk_import.sources import LOCK_PREFIX
from bulk_import.sources.exports import DAMAGES, files_in, whole_export
from bulk_import.sources.kept import kept
from bulk_import.sources.query import is_query, run_query
from bulk_import.sources.remote import MOST_UNPACKED, fetch, is_remote, shown
from bulk_import.sources.unpacking import Unpacking
from bulk_import.system.files import private_file, temporary_folder

_BLOCK = 1 << 20
ARCHIVE = Unpacking(MOST_UNPACKED, ratio=1000)  # text rarely packs better than 50 to 1

# Opened here, closed by the caller.
_PACKERS: dict[bytes, Callable[[Path], IO[bytes]]] = {
    b"\x1f\x8b": lambda path: cast("IO[bytes]", gzip.open(path)),
    b"BZh": lambda path: cast("IO[bytes]", bz2.open(path)),
    b"\xfd7zXZ\x00": lambda path: cast("IO[bytes]", lzma.open(path)),
}
_XLSB = b"\x83\x01"  # BrtBeginBook
# Excel 2 to 5 without a container, which scripts still write: the first record, of its version.
_BARE_XLS = (b"\x09\0\x04\0", b"\x09\x02\x06\0", b"\x09\x04\x06\0", b"\x09\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NOT_TABLES = {
    b"%PDF": Message("a PDF document"),
    b"\x89PNG": Message("a picture"),
    b"\xff\xd8\xff": Message("a picture"),
    b"GIF8": Message("a picture"),
    b"SQLite format 3\0": Message("a SQLite database"),
    b"Rar!": Message("a RAR archive; unpack it first"),
    b"7z\xbc\xaf": Message("a 7-Zip archive; unpack it first"),
    b"\x7fELF": Message("a program"),
    b"MZ\x90\x00": Message("a program"),
    b"PAR1": Message("a Parquet file; save it as CSV"),
    b"Obj\x01": Message("an Avro file; save it as CSV"),
    b"ARROW1": Message("an Arrow file; save it as CSV"),
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
# How texts begin that hold contacts in another form, in small letters.
_OTHER_TEXTS = (
    (b"{\\rtf", Message("an RTF document; copy its table into a spreadsheet and save that")),
    (
        b"begin:vcard",
        Message("a vCard file; import it into an address book and export that as CSV"),
    ),
    (b"begin:vcalendar", Message("a calendar, not a table of contacts")),
    (b"insert into", Message("a dump of a database; export the table as CSV")),
    (b"-- mysql dump", Message("a dump of a database; export the table as CSV")),
    (b"--\n-- postgresql database dump", Message("a dump of a database; export the table as CSV")),
    (b"return-path:", _MAIL),
    (b"received:", _MAIL),
    (b"delivered-to:", _MAIL),
    (b"+--", _DRAWN),
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
_XML_2003 = b"urn:schemas-microsoft-com:office:spreadsheet"  # its namespace
_PAGE_ARCHIVES = (
    b"mime-version:",
    b"from: <saved by",
    b"content-type: multipart/related",
    b"x-document-type: workbook",
)
_LDIF = re.compile(rb"(?:#[^\n]*\n|\s*\n)*(?:version: ?1\s*\n\s*)?dn::? ?\S")
_MBOX = re.compile(rb"from \S+ +(?:mon|tue|wed|thu|fri|sat|sun) [a-z]{3} ")
_BARE_XML = re.compile(rb"<[a-z][\w.-]*(?::[\w.-]+)?(?:\s[^<>]*)?>\s*<")
_LINK = re.compile(
    rb"^(?:\[internetshortcut\]|\{\s*\"(?:url|doc_id)\"\s*:|<\?xml.{0,400}<key>url</key>)"
    rb".*?(?:docs\.google\.com|sharepoint|onedrive|doc_id|https?:)|^https?://docs\.google\.com/\S+\s*$",
    re.DOTALL,
)
_PAGES = (
    b"<html",
    b"<!doctype html",
    b"<table",
    b"<!--",
    b"<meta",
    b"<head",
    b"<style",
    b"<div",
    b"<body",
)


@contextmanager
def regular_file(
    path: str,
    member: str | None,
    *,
    may_take_subscribed: bool = False,
    limits: Unpacking = ARCHIVE,
) -> Iterator[Path]:
    """Give a plain file to read: *path* itself, or what is in it, unpacked to a private folder.

    Args:
        path: A path, an address (``sftp://…``), or ``-`` for standard input.
        member: The file inside an archive, when there are several.
        may_take_subscribed: Of a whole export, take the file of those to import.
        limits: How much it may unpack to.

    Raises:
        SourceError: It cannot be read, or unpacks to something that no spreadsheet is.
    """
    with ExitStack() as stack:
        # Most files need no folder: it is made when something has to be written to it.
        folder = cache(lambda: stack.enter_context(temporary_folder()))
        if path == "-":
            source = folder() / "stdin"
            _copy_stdin(source)
        elif is_remote(path):
            copy = kept(path) if may_take_subscribed or member else None
            source = copy or folder() / "fetched"
            if copy is None:
                with private_file(source) as file:
                    fetch(path, file, most_bytes=MOST_UNPACKED)
        elif is_query(path):
            _refuse_specials(Path(path))
            source = folder() / "rows"
            with private_file(source) as file:
                run_query(path, file, most_bytes=MOST_UNPACKED)
        else:
            source = Path(path)
            _refuse_specials(source)
        yield _unpacked(
            source,
            shown(path),
            folder,
            member,
            may_take_subscribed=may_take_subscribed,
            limits=limits,
        )


def _copy_stdin(target: Path) -> None:
    if sys.stdin is None:
        raise SourceError("-: standard input is closed", code="SOURCE_UNREADABLE")
    # Not through the buffer: its lock would be held by a thread that hangs in a read.
    stdin = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
    with private_file(target) as file:
        try:
            while block := stdin.read(_BLOCK):
                file.write(block)
        except OSError as exc:
            raise SourceError(
                Message(
                    "-: standard input cannot be read: {strerror}", strerror=exc.strerror or exc
                ),
                code="SOURCE_UNREADABLE",
            ) from None


def kind_of(path: Path, name: str) -> str:
    """Return what a file is: ``xlsx``, ``xlsb``, ``ods``, ``fods``, ``xls``, ``xml``, ``mht``, …

    The content decides, not the name; ``json``, ``html`` and ``text`` are the others.

    Raises:
        SourceError: It is something else; the message says what.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if Path(name).name.startswith(LOCK_PREFIX) and len(head) < 4096:
        raise SourceError(
            Message(
                "{name}: this only says that a spreadsheet program has the file open; name "
                "{meant} instead",
                name=name,
                meant=Path(name).name.removeprefix(LOCK_PREFIX),
            ),
            code="SOURCE_NOT_TABLE",
        )
    if not head:
        raise SourceError(Message("{name}: the file is empty", name=name), code="SOURCE_EMPTY")
    if head.startswith(b"PK"):
        return _kind_of_zip(path, name)
    if head.startswith(_OLE):
        if _is_encrypted_ole(path):
            raise SourceError(
                Message("{name}: protected by a password; save it without", name=name),
                code="SOURCE_ENCRYPTED",
            )
        return "xls"
    if head.startswith(_BARE_XLS):
        return "xls"
    if _is_dbase(head, path.stat().st_size):
        what = Message("a dBASE file; open it in a spreadsheet program and save it as XLSX")
        raise SourceError(
            Message("{name}: this is {what}", name=name, what=what), code="SOURCE_NOT_TABLE"
        )
    for magic, what in _NOT_TABLES.items():
        if head.startswith(magic):
            raise SourceError(
                Message("{name}: this is {what}, not a spreadsheet", name=name, what=what),
                code="SOURCE_NOT_TABLE",
            )
    return _kind_of_text(path, head, name)


def _is_dbase(head: bytes, size: int) -> bool:
    """By its version, the date in its header, and the size that it gives."""
    if len(head) < 32 or head[0] not in b"\x03\x30\x83\x8b\xf5" or not 1 <= head[2] <= 12:
        return False
    rows, header, row = struct.unpack("<IHH", head[4:12])
    return 1 <= head[3] <= 31 and 0 <= size - header - rows * row <= 2


def _kind_of_text(path: Path, head: bytes, name: str) -> str:
    from bulk_import.sources.text.objects import is_json

    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        start = head.decode("utf-16", "ignore").strip().lower().encode()
    _refuse_other_texts(start, name)
    if is_json(start):
        return "json"
    if (kind := _kind_of_xml(start)) is not None:
        return kind
    if start.startswith(_PAGE_ARCHIVES):
        return "mht"
    if start.startswith(_PAGES) or b"<table" in start:
        from bulk_import.sources.text.page import has_table

        if (
            has_table(path)
            or start.startswith(b"<meta")
            or head.startswith((b"\xff\xfe", b"\xfe\xff"))
        ):
            return "html"
        raise SourceError(
            Message(
                "{name}: this is a web page without a table; export the contacts as CSV or XLSX",
                name=name,
            ),
            code="SOURCE_HTML",
        )
    if start.startswith(b"<?xml") or _BARE_XML.match(start):
        raise SourceError(
            Message(
                "{name}: this is XML; open it in a spreadsheet program and save it as XLSX or CSV",
                name=name,
            ),
            code="SOURCE_NOT_TABLE",
        )
    return "text"


def _refuse_other_texts(start: bytes, name: str) -> None:
    for begin, what in _OTHER_TEXTS:
        if start.startswith(begin):
            raise SourceError(
                Message("{name}: this is {what}", name=name, what=what), code="SOURCE_NOT_TABLE"
            )
    if _LDIF.match(start):
        what = Message("an LDIF file; export the directory as CSV")
        raise SourceError(
            Message("{name}: this is {what}", name=name, what=what), code="SOURCE_NOT_TABLE"
        )
    if _MBOX.match(start):
        raise SourceError(
            Message("{name}: this is {what}", name=name, what=_MAIL), code="SOURCE_NOT_TABLE"
        )
    if _LINK.search(start):
        raise SourceError(
            Message(
                "{name}: this is only a link to an online spreadsheet; open it there and "
                "download it as XLSX or CSV",
                name=name,
            ),
            code="SOURCE_NOT_TABLE",
        )


def _kind_of_xml(start: bytes) -> str | None:
    """A workbook that is one XML file; ``None`` if it is none."""
    if not start.startswith((b"<?xml", b"<?mso-application", b"<workbook", b"<office:document")):
        return None
    if _XML_2003 in start:
        return "xml"
    is_flat = b"<office:document" in start and b"opendocument.spreadsheet" in start
    return "fods" if is_flat else None


def _refuse_specials(path: Path) -> None:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise SourceError(
                Message("{path}: a folder; name a file", path=path), code="SOURCE_NOT_FILE"
            )
        if not stat.S_ISREG(mode):
            raise SourceError(
                Message(
                    "{path}: not a regular file; pipe it in and name - as the source", path=path
                ),
                code="SOURCE_NOT_FILE",
            )
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise SourceError(
            Message("{path}: no such file", path=path), code="SOURCE_MISSING"
        ) from None
    except OSError as exc:
        raise SourceError(
            Message("{path}: cannot be read: {strerror}", path=path, strerror=exc.strerror),
            code="SOURCE_UNREADABLE",
        ) from None


def _unpacked(
    source: Path,
    name: str,
    folder: Callable[[], Path],
    member: str | None,
    *,
    may_take_subscribed: bool,
    limits: Unpacking,
) -> Path:
    with source.open("rb") as file:
        head = file.read(8)
    for magic, opener in _PACKERS.items():
        if head.startswith(magic):
            target = folder() / "unpacked"
            try:
                with opener(source) as packed:
                    _copy(packed, target, name, source.stat().st_size, limits)
            except DAMAGES as exc:
                raise SourceError(
                    Message("{name}: cannot be unpacked: {exc}", name=name, exc=exc),
                    code="SOURCE_BROKEN",
                ) from None
            return target
    if head.startswith(b"PK"):
        return _member(
            source, name, folder, member, may_take_subscribed=may_take_subscribed, limits=limits
        )
    return source


def _member(
    source: Path,
    name: str,
    folder: Callable[[], Path],
    member: str | None,
    *,
    may_take_subscribed: bool,
    limits: Unpacking,
) -> Path:
    """The one file of a plain ZIP archive; a workbook, which is a ZIP too, stays as it is."""
    try:
        with zipfile.ZipFile(source) as archive:
            names = files_in(archive)
            if _is_document(archive.namelist()):
                return source
            if member is None and may_take_subscribed and (export := whole_export(names)):
                member = export.subscribed
            chosen = [
                info
                for info in archive.infolist()
                if info.filename == member or (member is None and info.filename in names)
            ]
            if len(chosen) != 1:
                shown = ", ".join(names[:10])
                raise SourceError(
                    Message(
                        "{name}: the archive holds {n} files ({shown}); name one by source: "
                        "member: in the mapping",
                        name=name,
                        n=len(names),
                        shown=shown,
                    ),
                    code="ARCHIVE_SEVERAL",
                )
            if chosen[0].flag_bits & 1:
                raise SourceError(
                    Message("{name}: the archive is protected by a password", name=name),
                    code="SOURCE_ENCRYPTED",
                )
            target = folder() / "member"
            with archive.open(chosen[0]) as packed:
                _copy(packed, target, name, max(chosen[0].compress_size, 1), limits)
            return target
    except DAMAGES as exc:
        raise SourceError(
            Message("{name}: a damaged archive ({exc})", name=name, exc=exc), code="SOURCE_BROKEN"
        ) from None


def _is_document(names: Iterable[str]) -> bool:
    """Whether an archive is one document: a workbook, or one of Apple's."""
    folded = {name.lower() for name in names}
    return bool(
        folded & {"[content_types].xml", "_rels/.rels", "mimetype", "xl/workbook.xml"}
    ) or any(name.endswith(".iwa") for name in folded)


def _copy(packed: IO[bytes], target: Path, name: str, packed_bytes: int, limits: Unpacking) -> None:
    size = 0
    with private_file(target) as file:
        while block := packed.read(_BLOCK):
            size += len(block)
            if limits.exceeded(packed_bytes, size):
                raise SourceError(
                    Message(
                        "{name}: {packed_bytes:,} bytes unpack to more than {size:,}: this "
                        "looks like a bomb, not a spreadsheet",
                        name=name,
                        packed_bytes=packed_bytes,
                        size=size,
                    ),
                    code="SOURCE_BOMB",
                )
            file.write(block)


def _kind_of_zip(path: Path, name: str) -> str:
    from bulk_import.sources.xlsx.package import Package

    try:
        with zipfile.ZipFile(path) as archive:
            package = Package(archive)
            main = package.workbook()
            if package.find("mimetype") and package.find("content.xml"):
                return _kind_of_odf(archive.read(package.find("mimetype"))[:100], name)
            is_numbers = any(info.filename.endswith(".iwa") for info in archive.infolist())
            begin = archive.open(main).read(4) if main else b""
    # zipfile raises NotImplementedError for a compression it lacks, RuntimeError for a password.
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as exc:
        raise SourceError(
            Message("{name}: a damaged workbook ({exc})", name=name, exc=exc), code="SOURCE_BROKEN"
        ) from None
    if is_numbers:
        what = Message("a document of Apple's iWork; in Numbers, export it as Excel or CSV")
    elif "word" in main.casefold():
        what = Message("a Word document; save its table as XLSX or CSV")
    elif "ppt" in main.casefold():
        what = Message("a presentation; save its table as XLSX or CSV")
    elif main:
        return "xlsb" if begin.startswith(_XLSB) else "xlsx"
    else:
        what = Message("an archive without a spreadsheet")
    raise SourceError(
        Message("{name}: this is {what}", name=name, what=what), code="SOURCE_NOT_TABLE"
    )


def _kind_of_odf(mimetype: bytes, name: str) -> str:
    if b"opendocument" in mimetype and b"spreadsheet" not in mimetype:
        raise SourceError(
            Message(
                "{name}: this is an OpenDocument text or drawing, not a spreadsheet", name=name
            ),
            code="SOURCE_NOT_TABLE",
        )
    return "ods"


def _is_encrypted_ole(path: Path) -> bool:
    """A password-protected XLSX is an OLE file with a stream of that name."""
    with path.open("rb") as file:
        return "EncryptedPackage".encode("utf-16-le") in file.read(1 << 20)
