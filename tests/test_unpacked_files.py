"""What a file is by its content, and what comes out of archives: which member, how much, how it is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources.container import kind_of, regular_file
from bulk_import.sources.unpacking import Unpacking
from tests.test_apart import HEADER, full, ods, table, wide, xlsb
from tests.test_package import package

CSV = b"E-mail,Name\na@b.org,Ann\n"


def refused(path: Path | str, member: str | None = None, **options: object) -> tuple[str, str]:
    with pytest.raises(SourceError) as caught, regular_file(str(path), member, **options):  # type: ignore[arg-type]
        pass
    return caught.value.code, str(caught.value).replace(str(path), "FILE")


def unpacked(path: Path | str, member: str | None = None, **options: object) -> bytes:
    with regular_file(str(path), member, **options) as found:  # type: ignore[arg-type]
        return found.read_bytes()


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


PACKERS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}  # fmt: skip


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_packed_file_is_unpacked_whatever_its_name(tmp_path, suffix):
    path = tmp_path / "a.csv"
    path.write_bytes(PACKERS[suffix](CSV))
    with regular_file(str(path), None) as found:
        copy = found
        assert (found.read_bytes(), found.name, found.stat().st_mode & 0o777) == (CSV, "unpacked", 0o600)  # fmt: skip
    assert not copy.exists()
    whole = path.read_bytes()
    for content in (whole[:-3], whole[:8] + b"\xff" * 20):
        path.write_bytes(content)
        code, said = refused(path)
        assert (code, said.startswith("FILE: cannot be unpacked: ")) == ("SOURCE_BROKEN", True)


@pytest.mark.parametrize("suffix", [*PACKERS, "zip"])
@pytest.mark.parametrize("most", [len(CSV), len(CSV) - 1])
def test_a_file_may_unpack_to_its_limit_and_no_further(tmp_path, suffix, most):
    path = tmp_path / "a"
    if suffix == "zip":
        zipped(path, {"a.csv": CSV})
    else:
        path.write_bytes(PACKERS[suffix](CSV))
    limits = Unpacking(most, ratio=1)
    if most == len(CSV):
        assert unpacked(path, limits=limits) == CSV
        return
    code, said = refused(path, limits=limits)
    assert code == "SOURCE_BOMB"
    assert said.endswith(f" bytes unpack to more than {len(CSV)}: this looks like a bomb, not a spreadsheet")  # fmt: skip


@pytest.mark.parametrize(
    ("packed", "unpacked_to", "is_bomb"),
    [(50, 101, True), (50, 100, False), (10, 100, False), (9, 100, True), (5, 50, False), (1, 50, False), (5, 51, True), (6, 51, False)],
)  # fmt: skip
def test_a_bomb_is_larger_than_any_file_or_large_and_packed_too_well(packed, unpacked_to, is_bomb):
    limits = Unpacking(100, ratio=10, suspicious_bytes=50)
    assert limits.exceeded(packed, unpacked_to) is is_bomb


def test_the_only_file_of_an_archive_is_meant(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.csv": CSV, "__MACOSX/._a.csv": b"x", "b/": b""})
    assert unpacked(path) == CSV


def test_of_several_files_one_has_to_be_named(tmp_path):
    names = {f"f{n:02}.csv": CSV for n in range(12)}
    path = zipped(tmp_path / "a.zip", names)
    listed = ", ".join(f"f{n:02}.csv" for n in range(10))
    said = (
        f"FILE: the archive holds 12 files ({listed}); name one by source: member: in the mapping"
    )
    assert refused(path) == ("ARCHIVE_SEVERAL", said)
    assert refused(path, "none.csv") == ("ARCHIVE_SEVERAL", said)
    assert unpacked(path, "f11.csv") == CSV


def test_an_archive_that_is_empty_protected_or_broken_is_refused(tmp_path):
    assert refused(zipped(tmp_path / "a.zip", {})) == ("SOURCE_EMPTY", "FILE: the archive is empty")
    path = zipped(tmp_path / "b.zip", {"a.csv": CSV})
    raw = bytearray(path.read_bytes())
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    assert refused(path) == ("SOURCE_ENCRYPTED", "FILE: the archive is protected by a password")
    path.write_bytes(zipped(tmp_path / "c.zip", {"a.csv": CSV}).read_bytes()[:-5])
    code, said = refused(path)
    assert code == "SOURCE_BROKEN"
    assert (
        said
        == "FILE: the file is damaged or incomplete (File is not a zip file); download or save it again"
    )


def test_of_a_whole_export_the_subscribed_are_taken_where_that_is_allowed(tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (
            "subscribed_members_1.csv",
            "unsubscribed_members_1.csv",
            "cleaned_members_1.csv",
        ):
            archive.writestr(name, f"Email Address\n{name[:3]}@b.org\n")
    assert unpacked(path, may_take_subscribed=True) == b"Email Address\nsub@b.org\n"
    assert refused(path)[0] == "ARCHIVE_SEVERAL"
    assert (
        unpacked(path, "cleaned_members_1.csv", may_take_subscribed=True)
        == b"Email Address\ncle@b.org\n"
    )


def test_a_workbook_is_an_archive_that_stays_as_it_is(tmp_path):
    for path in (package(tmp_path / "a.xlsx"), ods(tmp_path / "a.ods", table(HEADER))):
        with regular_file(str(path), None) as found:
            assert found == path


# -- what is no regular file -----------------------------------------------------------------------


def test_what_is_no_file_is_refused_with_what_to_do(tmp_path):
    assert refused(tmp_path / "none.csv") == ("SOURCE_MISSING", "FILE: no such file")
    assert refused(tmp_path) == ("SOURCE_NOT_FILE", "FILE: a folder; name a file")
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe") == ("SOURCE_NOT_FILE", "FILE: not a regular file; pipe it in and name - as the source")  # fmt: skip
    (tmp_path / "file").write_text("x")
    assert refused(tmp_path / "file" / "a.csv") == ("SOURCE_UNREADABLE", "FILE: cannot be read: Not a directory")  # fmt: skip


class Stdin:
    """Standard input that gives its bytes in pieces, or fails."""

    def __init__(self, *pieces: bytes | OSError) -> None:
        self.pieces = list(pieces)
        self.buffer = self

    def read(self, size: int) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, OSError):
            raise piece
        return piece


def test_standard_input_is_copied_to_its_end(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Stdin(CSV[:5], CSV[5:]))
    with regular_file("-", None) as found:
        assert (found.read_bytes(), found.name) == (CSV, "stdin")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(CSV))))
    assert unpacked("-") == CSV


@pytest.mark.parametrize(
    ("stdin", "said"),
    [(None, "-: standard input is closed"), (Stdin(b"a", OSError(5, "Input/output error")), "-: standard input cannot be read: Input/output error"),
     (Stdin(OSError("odd")), "-: standard input cannot be read: odd")],
)  # fmt: skip
def test_standard_input_that_cannot_be_read_is_refused(monkeypatch, stdin, said):
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(SourceError) as caught:
        unpacked("-")
    assert (caught.value.code, str(caught.value)) == ("SOURCE_UNREADABLE", said)


# -- kinds -----------------------------------------------------------------------------------------

HTML = b"<html><table><tr><td>A</table></html>"
FLAT = b'<?xml version="1.0"?><office:document office:mimetype="application/vnd.oasis.opendocument.spreadsheet"/>'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (CSV, "text"), (b"\xef\xbb\xbf \n" + CSV, "text"), (b'[{"a": 1}]', "json"), (b'\xef\xbb\xbf\n {"a": 1}\n', "json"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "xml"),
        (b'<?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "xml"), (FLAT, "fods"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related\n", "mht"), (b"From: <Saved by Blink>\n", "mht"), (b"X-Document-Type: Workbook\n", "mht"),
        (b"Content-Type: multipart/related; boundary=x\n", "mht"), (HTML, "html"), (HTML.decode().encode("utf-16"), "html"), (b"<meta charset=utf-8>" + HTML, "html"),
        (b"<TABLE><tr><td>A</TABLE>", "html"), (b"<!-- x --><table><tr><td>A</table>", "html"), (b"title\n<table><tr><td>A</table>", "html"),
        (b"\x09\x08\x08\0\0\x05\x10\0", "xls"), (b"\x09\0\x04\0\x02\0\x10\0", "xls"), (b"\x09\x02\x06\0", "xls"), (b"\x09\x04\x06\0", "xls"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "xls"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[:24],
)  # fmt: skip
def test_the_content_says_what_a_file_is(tmp_path, content, kind):
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    assert kind_of(path, "a.pdf") == kind


def test_an_archive_is_the_kind_of_workbook_that_its_main_part_is(tmp_path):
    cells = [[full(6, 0, wide("A"))]]
    found = {kind_of(path, "a") for path in (package(tmp_path / "a"),)}
    assert found == {"xlsx"}
    assert kind_of(xlsb(tmp_path / "b", cells), "b") == "xlsb"
    assert kind_of(ods(tmp_path / "c", table(HEADER)), "c") == "ods"


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        ({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b""}, "SOURCE_NOT_TABLE", "a: this is an OpenDocument text or drawing, not a spreadsheet"),
        ({"Index/Document.iwa": b""}, "SOURCE_NOT_TABLE", "a: this is a document of Apple's iWork; in Numbers, export it as Excel or CSV"),
        ({"a.csv": b""}, "SOURCE_NOT_TABLE", "a: this is an archive without a spreadsheet"),
    ],
)  # fmt: skip
def test_an_archive_that_holds_no_spreadsheet_is_called_by_its_name(tmp_path, files, code, said):
    path = zipped(tmp_path / "a", files)
    with pytest.raises(SourceError) as caught:
        kind_of(path, "a")
    assert (caught.value.code, str(caught.value)) == (code, said)


@pytest.mark.parametrize(
    ("part", "said"),
    [("word/document.xml", "a Word document; save its table as XLSX or CSV"), ("ppt/presentation.xml", "a presentation; save its table as XLSX or CSV")],
)  # fmt: skip
def test_another_document_of_an_office_is_called_by_its_name(tmp_path, part, said):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_rels/.rels", f'<Relationships><Relationship Id="r" Type="x/officeDocument" Target="{part}"/></Relationships>')  # fmt: skip
        archive.writestr(part, "<x/>")
    with pytest.raises(SourceError) as caught:
        kind_of(path, "a.xlsx")
    assert str(caught.value) == f"a.xlsx: this is {said}"


@pytest.mark.parametrize(
    ("name", "content", "code", "said"),
    [
        ("a.csv", b"", "SOURCE_EMPTY", "a.csv: the file is empty"),
        ("x/~$a.xlsx", b"\x05Ann" + b" " * 160, "SOURCE_NOT_TABLE", "x/~$a.xlsx: this only says that a spreadsheet program has the file open; name a.xlsx instead"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9000) + "EncryptedPackage".encode("utf-16-le"), "SOURCE_ENCRYPTED", "a.xls: protected by a password; save it without"),
        ("a.htm", b"<html><p>Log in</p></html>", "SOURCE_HTML", "a.htm: this is a web page without a table; export the contacts as CSV or XLSX"),
    ],
    ids=["empty", "lock", "password", "page"],
)  # fmt: skip
def test_what_is_no_spreadsheet_is_refused_by_what_it_is(tmp_path, name, content, code, said):
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        kind_of(path, name)
    assert (caught.value.code, str(caught.value)) == (code, said)


def test_a_whole_file_whose_name_begins_like_a_lock_is_read(tmp_path):
    path = tmp_path / "a"
    for size, is_read in ((4096, True), (4095, False)):
        path.write_bytes(CSV + b"x" * (size - len(CSV)))
        if is_read:
            assert kind_of(path, "~$a.csv") == "text"
        else:
            with pytest.raises(SourceError, match=r"name a\.csv instead"):
                kind_of(path, "~$a.csv")
