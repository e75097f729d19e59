"""Detects the kind of a file from its content, and unpacks archives and standard input."""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import IO, cast

from bulk_import.errors import Message, SourceError
from bulk_import.sources import LOCK_PREFIX
from bulk_import.sources.exports import files_in, whole_export
from bulk_import.sources.kept import kept
from bulk_import.sources.no_tables import refuse_other_files, refuse_other_texts, refuse_other_xml
from bulk_import.sources.query import is_query, run_query
from bulk_import.sources.remote import MOST_UNPACKED, fetch, is_remote, shown
from bulk_import.sources.unpacking import DAMAGES, Unpacking
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
_XML_2003 = b"urn:schemas-microsoft-com:office:spreadsheet"  # its namespace
_PAGE_ARCHIVES = (
    b"mime-version:",
    b"from: <saved by",
    b"content-type: multipart/related",
    b"x-document-type: workbook",
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
    """Yield a regular file: *path* itself, or its content unpacked into a private folder.

    Args:
        path: A path, an address (``sftp://…``), or ``-`` for standard input.
        member: The file inside an archive, when there are several.
        may_take_subscribed: From a whole export, take the file of subscribed people.
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
    refuse_other_files(head, path.stat().st_size, name)
    return _kind_of_text(path, head, name)


def _kind_of_text(path: Path, head: bytes, name: str) -> str:
    from bulk_import.sources.text.objects import is_json

    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        start = head.decode("utf-16", "ignore").strip().lower().encode()
    refuse_other_texts(start, name)
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
    refuse_other_xml(start, name)
    return "text"


def _kind_of_xml(start: bytes) -> str | None:
    """The kind of a workbook that is one XML file; ``None`` if it is something else."""
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
    """The only file in a plain ZIP archive. A workbook is a ZIP archive too and is returned as it is."""
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
            if not names:
                raise SourceError(
                    Message("{name}: the archive is empty", name=name), code="SOURCE_EMPTY"
                )
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
            Message(
                "{name}: the file is damaged or incomplete ({exc}); download or save it again",
                name=name,
                exc=exc,
            ),
            code="SOURCE_BROKEN",
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
            begin = _first_bytes(archive, main) if main else b""
    except (*DAMAGES, RuntimeError) as exc:  # RuntimeError: a password is needed
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


def _first_bytes(archive: zipfile.ZipFile, part: str) -> bytes:
    with archive.open(part) as file:
        return file.read(4)


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
